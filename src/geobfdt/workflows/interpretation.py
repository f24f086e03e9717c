"""Picks and intervals as the verbs take them: a table of any known format, or a folder with one for each well."""

from __future__ import annotations

from pathlib import Path

from geobfdt.io.tables.pick_tables import Interpretation, read_pick_table
from geobfdt.runtime.findings import InputError
from geobfdt.wells.intervals import join_intervals, new_intervals, read_intervals
from geobfdt.wells.picks import join_picks, new_picks

__all__ = ["read_interpretation"]


def read_interpretation(
    path: Path,
    suffixes: tuple[str, ...] = (".picks.csv",),
    mapping: Path | None = None,
    vocabulary: Path | None = None,
) -> Interpretation:
    """
    Read picks and intervals.

    Parameters
    ----------
    path : Path
        A pick table, or a folder of ``WELL<suffix>`` with their ``WELL.intervals.csv``.
    suffixes : tuple of str
        In a folder, the first of these that any file has is read.
    mapping, vocabulary : Path, optional
        What a table's columns and labels mean.

    Raises
    ------
    InputError
        If there is no table, or one cannot be read.
    """
    if not path.is_dir():
        return read_pick_table(path, mapping=mapping, vocabulary=vocabulary)
    for suffix in suffixes:
        files = sorted(path.glob(f"*{suffix}"))
        if files:
            break
    else:
        raise InputError(
            path, f"no file ends in {' or '.join(suffixes)}", "name a pick table, or a folder that has some"
        )
    tables = [read_pick_table(file) for file in files]
    intervals = [read_intervals(file) for file in sorted(path.glob("*.intervals.csv"))]
    if suffix == ".truth.csv":
        # A simulated truth is complete, also outside the intervals of the simulated interpreter.
        intervals = [table[table["kind"] == "ignored"] for table in intervals]
    return Interpretation(
        join_picks([new_picks(), *(t.picks for t in tables if len(t.picks))]),
        join_intervals([new_intervals(), *(t.intervals for t in tables), *intervals]),
        [finding for table in tables for finding in table.findings],
    )
