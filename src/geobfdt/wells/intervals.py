"""Intervals of a well: where each class was interpreted, and what to ignore.

An IntervalTable is a :class:`pandas.DataFrame` with the columns of :data:`COLUMNS`. ``kind`` is ``interpreted``
(every plane of ``class`` between ``top_m`` and ``base_m`` was looked for, so a place without a pick has none) or
``ignored`` (breakouts, induced fractures, bad image: neither picks nor their absence count there; ``class`` says
what it is).
A well without an ``interpreted`` row for a class was interpreted throughout for it; one whose only such row has no
length was not interpreted for it at all.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NewType

import numpy as np
import numpy.typing as npt
import pandas as pd

from geobfdt.runtime.csv_text import mark_text_columns, unmark_text
from geobfdt.runtime.findings import InputError
from geobfdt.runtime.storage import atomic_path

__all__ = [
    "COLUMNS",
    "IntervalTable",
    "covered",
    "join_intervals",
    "new_intervals",
    "read_intervals",
    "write_intervals",
]

IntervalTable = NewType("IntervalTable", pd.DataFrame)

COLUMNS = ("well", "kind", "class", "top_m", "base_m")


def new_intervals(rows: list[tuple[str, str, str, float, float]] | None = None) -> IntervalTable:
    """
    Make an interval table.

    Parameters
    ----------
    rows : list of (well, kind, class, top, base)
        Depths in m, MD.

    Returns
    -------
    IntervalTable
        The table, possibly empty.

    Examples
    --------
    >>> new_intervals([("A-1", "ignored", "breakout", 10.0, 12.0)])["base_m"].tolist()
    [12.0]
    """
    frame = pd.DataFrame(rows or [], columns=list(COLUMNS))
    return IntervalTable(frame.astype({"well": str, "kind": str, "class": str, "top_m": float, "base_m": float}))


def join_intervals(tables: Iterable[IntervalTable]) -> IntervalTable:
    """Put interval tables one under the other."""
    return IntervalTable(pd.concat(list(tables), ignore_index=True))


def covered(intervals: IntervalTable, well: str, name: str, depth: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """
    Tell where picks of a class, and their absence, count.

    Parameters
    ----------
    intervals : IntervalTable
        Interval table.
    well, name : str
        Well and class.
    depth : array (n,)
        Depths (m, MD).

    Returns
    -------
    array (n,) of bool
        True inside the interpreted intervals of the class (anywhere, if it has none) and outside every ignored one.

    Examples
    --------
    >>> table = new_intervals([("A", "interpreted", "bedding", 0.0, 9.0), ("A", "ignored", "breakout", 2.0, 3.0)])
    >>> covered(table, "A", "bedding", [1.0, 2.5, 10.0])
    array([ True, False, False])
    """
    at = np.asarray(depth, dtype=float)
    mine = intervals[intervals["well"] == well]
    interpreted = mine[(mine["kind"] == "interpreted") & (mine["class"] == name)]
    inside = _inside(interpreted, at) if len(interpreted) else np.ones(at.shape, dtype=bool)
    return inside & ~_inside(mine[mine["kind"] == "ignored"], at)


def _inside(rows: IntervalTable, depth: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    top, base = rows["top_m"].to_numpy(float), rows["base_m"].to_numpy(float)
    return np.asarray(((depth[..., None] >= top) & (depth[..., None] <= base)).any(-1))


def write_intervals(intervals: IntervalTable, path: str | Path) -> None:
    """
    Write an interval table as CSV, whole or not at all.

    Raises
    ------
    InputError
        If the place cannot be written.
    """
    with atomic_path(path) as part:
        mark_text_columns(intervals).to_csv(
            part, index=False, float_format="%.4f", lineterminator="\n", columns=list(COLUMNS)
        )


def read_intervals(path: str | Path) -> IntervalTable:
    """
    Read an interval table.

    Raises
    ------
    InputError
        If the file cannot be read, a column is missing, a kind is unknown or an interval ends above its top.
    """
    try:
        # A well may have the name NA.
        frame = pd.read_csv(path, dtype={"well": str, "kind": str, "class": str}, keep_default_na=False)
        frame = frame.assign(well=[unmark_text(name) for name in frame["well"]])
        frame = frame[list(COLUMNS)].astype({"top_m": float, "base_m": float})
    except (OSError, ValueError, KeyError) as error:
        raise InputError(path, f"not an interval table: {error}", f"give a CSV with {', '.join(COLUMNS)}") from error
    bad = ~frame["kind"].isin(["interpreted", "ignored"]) | ~(frame["base_m"] >= frame["top_m"])
    if bad.any():
        raise InputError(
            path,
            f"row {int(np.flatnonzero(bad)[0]) + 2}: kind is not interpreted or ignored, or base_m is above top_m",
            "correct that row",
        )
    return IntervalTable(frame)
