"""Writing files so that nobody ever sees half of one."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from geobfdt.wells.findings import InputError

__all__ = ["atomic_files", "atomic_path", "sha256", "write_text"]


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
    part = path.with_name(f".{path.stem}.{os.getpid()}.part{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield part
        part.replace(path)
    except OSError as error:
        raise InputError(path, f"cannot be written: {(error.strerror or str(error)).lower()}", _cure(error)) from error
    finally:
        with suppress(OSError):  # never made, or the disk is gone: the error above says what matters
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
    part = folder / f".{os.getpid()}.part"
    fresh = not folder.exists()
    try:
        part.mkdir(parents=True)
        yield part
        for file in sorted(part.iterdir()):
            file.replace(folder / file.name)
    except InputError as error:
        if Path(error.file).parent != part:
            raise
        raise InputError(folder / Path(error.file).name, error.seen, error.cure) from error
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


def _cure(error: OSError) -> str:
    if error.errno == errno.ENOSPC:
        return "free some space, or write to another disk"
    return "check that the folder exists and that you may write there, or name another one"
