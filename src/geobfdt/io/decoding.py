"""The line between a decoding library and the rest: whatever a broken file makes it raise leaves as one clear line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from geobfdt.wells.findings import InputError

__all__ = ["decoding"]


@contextmanager
def decoding(path: Path, what: str, cure: str) -> Iterator[None]:
    """
    Turn any error of the body into an InputError; an InputError passes unchanged.

    Parameters
    ----------
    path : Path
        The file being decoded.
    what : str
        What it should have been, with an article: ``a PNG image``.
    cure : str
        What the user can do.

    Raises
    ------
    InputError
        If the body raises.

    Examples
    --------
    >>> with decoding(Path("a.png"), "a PNG image", "export it again"):
    ...     raise OSError("truncated")
    Traceback (most recent call last):
    geobfdt.wells.findings.InputError: a.png: not a sound PNG image: truncated; export it again
    """
    try:
        yield
    except InputError:
        raise
    # Decoders fed with damaged bytes raise whatever their parsers trip over (IndexError, struct.error, zlib.error,
    # SyntaxError, ...); none of the libraries documents a list that could be named here.
    except Exception as error:
        article, noun = what.split(" ", 1)
        reason = str(error).replace(str(path), path.name) or type(error).__name__
        raise InputError(path, f"not {article} sound {noun}: {reason[:200]}", cure) from error
