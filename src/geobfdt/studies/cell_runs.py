"""Run the cells of a study that are not finished."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from geobfdt.runtime.engine import Engine, run_jobs
from geobfdt.runtime.findings import InputError
from geobfdt.runtime.storage import write_text
from geobfdt.studies.cell import RESULT

__all__ = ["FAILED", "run_cells"]

FAILED = "failed.txt"


def run_cells(folders: list[Path], engine: Engine, progress: Callable[[int, int], None]) -> list[Path]:
    """
    Run cells that are not finished.

    Parameters
    ----------
    folders : list of Path
        Of the cells.
    engine : Engine
        What runs them; the numbers are the same.
    progress : callable
        Called with the number of finished cells and of all.

    Returns
    -------
    list of Path
        Those that failed; ``failed.txt`` in each gives the reason. The others were run.

    Raises
    ------
    InputError
        If the engine is Ray and it is not installed, or no cluster answers.
    """
    unique = list(dict.fromkeys(folder.absolute() for folder in folders))
    waiting = [folder for folder in unique if not (folder / RESULT).exists()]
    finished, failed = len(unique) - len(waiting), []
    progress(finished, len(unique))
    for folder in waiting:
        (folder / FAILED).unlink(missing_ok=True)
    for job, _, why in run_jobs([["-m", "geobfdt.studies.cell", str(folder)] for folder in waiting], engine):
        if why is not None:
            failed.append(waiting[job])
            _fail(waiting[job], why)
        finished += 1
        progress(finished, len(unique))
    return sorted(failed)


def _fail(folder: Path, why: str) -> None:
    """Write the reason why a cell failed, if the disk has room for it."""
    try:
        write_text(folder / FAILED, why + "\n")
    except InputError:
        return
