"""Locks of folders, for one process at a time."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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
        lock = (folder / "lock").open("w")
    except OSError as error:
        observed = f"cannot be written: {(error.strerror or str(error)).lower()}"
        raise InputError(folder, observed, "choose another folder") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError as error:
            cure = "wait until it is done, or choose another folder with --out"
            raise InputError(folder, f"another {by} is running here", cure) from error
        except OSError as error:
            # Some network disks know no locks.
            observed = f"the disk gives no locks: {(error.strerror or str(error)).lower()}"
            raise InputError(folder, observed, "use a folder on another disk") from error
        yield
