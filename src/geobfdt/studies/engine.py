"""Running cells: each in a process of its own, on one thread, some at a time."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from geobfdt.studies.cell import RESULT
from geobfdt.wells.storage import write_text

__all__ = ["FAILED", "run_cells"]

FAILED = "failed.txt"
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")


def run_cells(folders: list[Path], workers: int, progress: Callable[[int, int], None]) -> list[Path]:
    """
    Run cells that are not finished.

    Parameters
    ----------
    folders : list of Path
        Of the cells.
    workers : int
        How many run at a time.
    progress : callable
        Told how many are finished, of how many.

    Returns
    -------
    list of Path
        Those that failed; ``failed.txt`` in each says why. The rest went on.
    """
    unique = list(dict.fromkeys(folders))
    waiting = [folder for folder in unique if not (folder / RESULT).exists()]
    done = len(unique) - len(waiting)
    progress(done, len(unique))
    failed = []
    with ThreadPoolExecutor(workers) as pool:
        running = {pool.submit(_run, folder): folder for folder in waiting}
        try:
            for future in as_completed(running):
                if not future.result():
                    failed.append(running[future])
                done += 1
                progress(done, len(unique))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return sorted(failed)


def _run(folder: Path) -> bool:
    """Run one cell; whether it went well."""
    (folder / FAILED).unlink(missing_ok=True)
    words = [sys.executable, "-m", "geobfdt.studies.cell", str(folder)]
    one = {**os.environ, **_ONE_THREAD}
    done = subprocess.run(words, capture_output=True, text=True, env=one, check=False)  # noqa: S603
    if done.returncode == 0:
        return True
    why = done.stderr.strip().splitlines()[-1:] or [f"ended with status {done.returncode}"]
    write_text(folder / FAILED, why[0] + "\n")
    return False
