"""The line to decoding libraries: what they raise leaves as one clear line, what they log as findings."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from geobfdt.runtime.findings import InputError

__all__ = ["decoding", "log_messages"]


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
    geobfdt.runtime.findings.InputError: a.png: not a sound PNG image: truncated; export it again
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


class _Handler(logging.Handler):
    def __init__(self, record: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self._record = record

    def emit(self, record: logging.LogRecord) -> None:
        self._record(record.getMessage())


@contextmanager
def log_messages(library: str, record: Callable[[str], None]) -> Iterator[None]:
    """
    Hand the warnings that a library logs to a function alone.

    Examples
    --------
    >>> messages: list[str] = []
    >>> with log_messages("lasio", messages.append):
    ...     logging.getLogger("lasio").warning("odd")
    >>> messages
    ['odd']
    """
    logger, handler = logging.getLogger(library), _Handler(record)
    propagates, logger.propagate = logger.propagate, False
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.propagate = propagates
