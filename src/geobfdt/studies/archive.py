"""Results of finished cells in one file, so that a study resumes after its folder is lost."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from geobfdt.runtime.storage import write_text
from geobfdt.studies.cell import RESULT

__all__ = ["ARCHIVE", "archive_results", "restore_results"]

ARCHIVE = "results.jsonl"  # A line for each finished cell: its digest and its result.


def archive_results(folders: Sequence[Path], out: Path) -> None:
    """
    Write the results of the finished cells into the archive; lines of other cells stay.

    Parameters
    ----------
    folders : sequence of Path
        Of the cells; named by their digests.
    out : Path
        Folder of the study.

    Raises
    ------
    InputError
        If it cannot be written.
    """
    results = _archived(out)
    for folder in folders:
        if folder.name not in results and (folder / RESULT).exists():
            results[folder.name] = json.loads((folder / RESULT).read_text())
    lines = (json.dumps({"cell": name, "result": result}) + "\n" for name, result in sorted(results.items()))
    write_text(out / ARCHIVE, "".join(lines))


def restore_results(folders: Sequence[Path], out: Path) -> int:
    """
    Give cells that are not finished the result that the archive has of them.

    Parameters
    ----------
    folders : sequence of Path
        Of the cells, as laid out.
    out : Path
        Folder of the study.

    Returns
    -------
    int
        How many cells are spared.

    Raises
    ------
    InputError
        If a result cannot be written.

    Notes
    -----
    A cell's digest is of its settings, its wells' pixels and its labels. A line therefore serves the same study on the
    same field and no other.
    """
    results = _archived(out)
    spared = [folder for folder in dict.fromkeys(folders) if folder.name in results and not (folder / RESULT).exists()]
    for folder in spared:
        write_text(folder / RESULT, json.dumps(results[folder.name], indent=1))
    return len(spared)


def _archived(out: Path) -> dict[str, dict[str, Any]]:
    """Results by digest; a line that is cut short counts as none, and its cell is run."""
    results: dict[str, dict[str, Any]] = {}
    file = out / ARCHIVE
    for line in file.read_text(encoding="utf-8").splitlines() if file.exists() else []:
        with suppress(ValueError, KeyError, TypeError):
            row = json.loads(line)
            results[str(row["cell"])] = dict(row["result"])
    return results
