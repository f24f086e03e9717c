"""Image files that are bytes or open files: readers take paths, so their bytes lie in a temporary file meanwhile."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from geobfdt.runtime.findings import InputError

__all__ = ["FileLike", "Source", "is_path", "stored"]

# A larger file is given by its path.
_MAX_BYTES = 4 << 30
_PIECE_BYTES = 1 << 20
# Name of bytes that come without one.
_UNNAMED = "image"


class FileLike(Protocol):
    """An open file in binary mode: a file, a ``BytesIO``, the answer of a server."""

    def read(self, size: int, /) -> bytes:
        """Return at most so many of the next bytes, and none at the end."""


Source = str | os.PathLike[str] | bytes | bytearray | memoryview | FileLike


def is_path(source: Source) -> bool:
    """
    Tell the name of a file from its content.

    Examples
    --------
    >>> is_path("well.dlis"), is_path(b"depth_m")
    (True, False)
    """
    return isinstance(source, str | os.PathLike)


@contextmanager
def stored(source: Source, name: str | None = None) -> Iterator[Path]:
    """
    Yield the path of a file that holds the bytes of a source; a temporary one is removed at the end.

    Parameters
    ----------
    source : path, bytes or file object
        A path is yielded as it is. A file object is read from where it stands to its end, and is left open.
    name : str, optional
        Name of the bytes in findings, and of the well if they name none. Default: the file object's own name.

    Yields
    ------
    Path
        The file.

    Raises
    ------
    InputError
        If the source is none of these, is open as text, is a pipe or a device, or holds over 4 GiB, or if a path has
        another name besides; an error of the body about the temporary file names the source in its place.

    Examples
    --------
    >>> with stored(b"depth_m,image") as path:
    ...     path.read_bytes()
    b'depth_m,image'
    >>> path.exists()
    False
    """
    if isinstance(source, str | os.PathLike):
        if name is not None:
            raise InputError(Path(source), f"is a path, and the name {name!r} is given besides", "leave out the name")
        yield Path(source)
        return
    label = _name(source, name)
    with tempfile.TemporaryDirectory(prefix="geobfdt-") as folder:
        path = Path(folder) / label
        _copy(source, path, label)
        try:
            yield path
        except InputError as error:
            if error.file != str(path):
                raise
            raise InputError(label, error.observed.replace(str(path), label), error.cure) from error


def _name(source: Source, name: str | None) -> str:
    """Return the last part of a name, which is that of the temporary file, too."""
    own = name if name is not None else getattr(source, "name", None)
    label = os.path.basename(own.replace("\\", "/")) if isinstance(own, str) else _UNNAMED  # noqa: PTH119
    if label in ("", ".", "..") or "\0" in label or len(label.encode("utf-8", "replace")) > 200:
        raise InputError(repr(own)[:200], "is no name of a file", "give another name")
    return label


def _copy(source: Source, path: Path, label: str) -> None:
    """Write the bytes of a source to a file, piece by piece."""
    if isinstance(source, bytes | bytearray | memoryview):
        path.write_bytes(source)
        return
    read = getattr(source, "read", None)
    if not callable(read):
        observed = f"a {type(source).__name__} is neither a path nor bytes nor a file object"
        raise InputError(label, observed, "give one of these")
    _check_ordinary(source, label)
    total = 0
    try:
        with path.open("wb") as target:
            while piece := _piece(read, label):
                total += len(piece)
                if total > _MAX_BYTES:
                    raise InputError(
                        label, f"holds over {_MAX_BYTES >> 30} GiB", "save it to a file, and give its path"
                    )
                target.write(piece)
    except (OSError, ValueError) as error:  # ValueError: the file object is closed.
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(label, f"cannot be read: {reason.lower()}", "open it again") from error


def _piece(read: Callable[[int], object], label: str) -> bytes:
    """Return the next bytes of a file object."""
    piece = read(_PIECE_BYTES)
    if piece is None:
        raise InputError(label, "gives no bytes yet: it does not wait for them", "open it so that reading waits")
    if not isinstance(piece, bytes | bytearray | memoryview):
        raise InputError(label, "is open as text", "open it in binary mode, 'rb'")
    return bytes(piece)


def _check_ordinary(source: object, label: str) -> None:
    """Refuse pipes and devices, as they are by their path; an object without a descriptor is in memory."""
    try:
        mode = os.fstat(source.fileno()).st_mode  # type: ignore[attr-defined]
    except (AttributeError, OSError, ValueError, TypeError):
        return
    if not (stat.S_ISREG(mode) or stat.S_ISSOCK(mode)):
        raise InputError(label, "is no ordinary file", "save what it gives to a file first")
