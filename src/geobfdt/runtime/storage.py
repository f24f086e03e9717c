"""Atomic writing of files: another process sees the whole file or none."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import secrets
import shutil
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from geobfdt.runtime.findings import InputError

__all__ = ["atomic_files", "atomic_path", "read_ordinary", "sha256", "write_text"]

# A temporary file that nobody has written to for this long belongs to a process that was killed.
_ABANDONED_AFTER_S = 86_400.0
# Digits alone: parts of versions before 0.2.
_PART = re.compile(r"\.(.*\.)?([0-9a-f]{16}|\d+)\.part(\..*)?")


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """
    Yield a temporary name beside `path`; rename it to `path` on success, delete it on failure.

    Parameters
    ----------
    path : str or Path
        The file to write; its folder is made if missing.

    Yields
    ------
    Path
        The name to write to. It keeps the suffix, for writers that look at it.

    Raises
    ------
    InputError
        If the place cannot be written: no permission, a full disk, a folder of that name.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> with atomic_path(folder / "a.txt") as part:
    ...     _ = part.write_text("whole")
    >>> [p.name for p in folder.iterdir()]
    ['a.txt']
    """
    path = Path(path)
    # The name is random, because processes in two containers that share a disk may have the same id.
    part = path.with_name(f".{path.stem}.{secrets.token_hex(8)}.part{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _sweep(path.parent)
        yield part
        part.replace(path)
    except OSError as error:
        raise InputError(path, f"cannot be written: {(error.strerror or str(error)).lower()}", _cure(error)) from error
    finally:
        # The file was never made, or the disk is gone; the error above describes the cause.
        with suppress(OSError):
            part.unlink()


@contextmanager
def atomic_files(folder: str | Path) -> Iterator[Path]:
    """
    Yield an empty folder to write several files in; on success they move to `folder` together, else none stays.

    Parameters
    ----------
    folder : str or Path
        Where the files belong; made if missing.

    Yields
    ------
    Path
        A temporary folder on the same disk.

    Raises
    ------
    InputError
        If the place cannot be written: no permission, a full disk, a file of that name.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp()) / "out"
    >>> with atomic_files(folder) as part:
    ...     _ = (part / "a.txt").write_text("whole")
    >>> [p.name for p in folder.iterdir()]
    ['a.txt']
    """
    folder = Path(folder)
    part = folder / f".{secrets.token_hex(8)}.part"
    fresh = not folder.exists()
    try:
        part.mkdir(parents=True)
        _sweep(folder)
        yield part
        for file in sorted(part.iterdir()):
            file.replace(folder / file.name)
    except InputError as error:
        if Path(error.file).parent != part:
            raise
        raise InputError(folder / Path(error.file).name, error.observed, error.cure) from error
    except OSError as error:
        raise InputError(
            folder, f"cannot be written: {(error.strerror or str(error)).lower()}", _cure(error)
        ) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
        if fresh and folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()


def write_text(path: str | Path, text: str) -> None:
    """
    Write a text file whole or not at all.

    Raises
    ------
    InputError
        If the place cannot be written.
    """
    with atomic_path(path) as part:
        part.write_text(text, encoding="utf-8")


def sha256(path: str | Path) -> str:
    """
    SHA-256 of a file, read in pieces of 1 MiB.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "empty"
    >>> file.touch()
    >>> sha256(file)[:8]
    'e3b0c442'
    """
    digest = hashlib.sha256()
    with Path(path).open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def read_ordinary(path: str | Path, limit_bytes: int, cure: str) -> bytes:
    """
    Bytes of an ordinary file: no device that never ends, no pipe that never begins.

    Parameters
    ----------
    path : str or Path
        The file.
    limit_bytes : int
        Most that it may hold.
    cure : str
        What the user can do if it is another kind of file, or too large.

    Raises
    ------
    InputError
        If it cannot be opened, is a folder, a pipe, a socket or a device, or is too large.

    Examples
    --------
    >>> read_ordinary("/dev/zero", 100, "name a table")
    Traceback (most recent call last):
    geobfdt.runtime.findings.InputError: /dev/zero: is not an ordinary file; name a table
    """
    path = Path(path)
    try:
        # Without O_NONBLOCK, opening a pipe waits for a writer.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with os.fdopen(descriptor, "rb") as stream:
            status = os.fstat(stream.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise InputError(path, "is not an ordinary file", cure)
            # One byte above the limit shows that the file has grown since its size was read.
            data = stream.read(limit_bytes + 1)
    except OSError as error:
        raise InputError(path, f"cannot be opened: {(error.strerror or str(error)).lower()}", cure) from error
    if len(data) > limit_bytes:
        raise InputError(path, f"holds over {limit_bytes:,} bytes", cure)
    return data


def _sweep(folder: Path) -> None:
    """Remove temporary files and folders of processes that were killed long ago."""
    oldest = time.time() - _ABANDONED_AFTER_S
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if _PART.fullmatch(entry.name):
                # Another process may clean the same folder, so that a missing file is no error.
                with suppress(OSError):
                    if _last_written(Path(entry.path)) < oldest:
                        shutil.rmtree(entry.path) if entry.is_dir(follow_symlinks=False) else os.unlink(entry.path)  # noqa: PTH108


def _last_written(path: Path) -> float:
    """Return the time (s since 1970) of the last change of a file, or of the newest file in a folder."""
    inside = path.iterdir() if path.is_dir() and not path.is_symlink() else ()
    return max([path.lstat().st_mtime, *(file.lstat().st_mtime for file in inside)])


def _cure(error: OSError) -> str:
    if error.errno == errno.ENOSPC:
        return "free some space, or write to another disk"
    return "check that the folder exists and that you may write there, or name another one"
