"""Locks of folders, for one process at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from geobfdt.runtime.findings import InputError

__all__ = ["folder_lock"]


@contextmanager
def folder_lock(folder: Path, wait: bool = False, by: str = "study") -> Iterator[None]:
    """
    Lock a folder; the lock is released at the end of the block, or when the process ends in any way.

    Parameters
    ----------
    folder : Path
        The folder; it is made if missing.
    wait : bool
        Whether to wait for another process to release it.
    by : str
        Name of the task that locks it, for the message.

    Raises
    ------
    InputError
        If another process has locked it and `wait` is False, or it cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / "lock", timeout=-1 if wait else 0)
        lock.acquire()
    except Timeout as error:
        cure = "wait until it is done, or choose another folder with --out"
        raise InputError(folder, f"another {by} is running here", cure) from error
    except NotImplementedError as error:
        # Some network disks know no locks.
        raise InputError(folder, "the disk gives no locks", "use a folder on another disk") from error
    except OSError as error:
        observed = f"cannot be written: {(error.strerror or str(error)).lower()}"
        raise InputError(folder, observed, "choose another folder") from error
    try:
        yield
    finally:
        lock.release()
