"""Intervals, breakouts and picks as striplogs, for programs that rest on the library striplog."""

from __future__ import annotations

from typing import Any

import pandas as pd

from geobfdt.io.units import length_factor
from geobfdt.runtime.extras import import_extra
from geobfdt.runtime.findings import InputError
from geobfdt.wells.intervals import IntervalTable, new_intervals

__all__ = ["from_striplog", "to_striplog"]

_KINDS = ("interpreted", "ignored")


def to_striplog(table: pd.DataFrame) -> Any:
    """
    Make a striplog of a table of one well.

    Parameters
    ----------
    table : IntervalTable, BreakoutTable or PickTable
        Its rows have ``top_m`` and ``base_m``, or ``depth_m`` and become points.

    Returns
    -------
    striplog.Striplog
        Depths in metres, MD. The class of a row is its component and its description; all other values that are known
        are its ``data``.

    Raises
    ------
    InputError
        If striplog is not installed, the table is empty or of another kind, or holds rows of several wells.
    """
    striplog = import_extra("striplog", "welly")
    if not len(table):
        raise InputError("striplog", "the table holds no rows, and a striplog cannot be empty", "leave it out")
    if "top_m" not in table and "depth_m" not in table:
        raise InputError("striplog", "the table has no depths", "give intervals, breakouts or picks")
    wells = sorted(set(table["well"]))
    if len(wells) > 1:
        raise InputError("striplog", f"the table is of {len(wells)} wells: {', '.join(wells)[:200]}", "choose one")
    rows = []
    for row in table.to_dict("records"):
        top = float(row.pop("top_m" if "top_m" in row else "depth_m"))
        base = float(row.pop("base_m", top))
        data = {str(name): value for name, value in row.items() if value != "" and not pd.isna(value)}
        component = striplog.Component({"class": row["class"]})
        rows.append(striplog.Interval(top, base, description=row["class"], components=[component], data=data))
    return striplog.Striplog(rows)


def from_striplog(log: Any, well: str | None = None, kind: str | None = None) -> IntervalTable:
    """
    Make an interval table of a striplog.

    Parameters
    ----------
    log : striplog.Striplog
        Intervals downwards; each has its class in its data, its description or its first component.
    well : str, optional
        Name of the well, where the intervals do not hold it.
    kind : {"interpreted", "ignored"}, optional
        What the intervals mean, where they do not hold it.

    Returns
    -------
    IntervalTable
        Depths in metres.

    Raises
    ------
    InputError
        If depths are elevations or in an unknown unit, or a class, a kind or the well is not known.
    """
    if log.order not in ("depth", "none"):
        raise InputError("striplog", "its intervals are ordered by elevation", "give measured depths, downwards")
    rows = []
    for number, interval in enumerate(log, start=1):
        place = f"striplog, interval {number}"
        name, own_kind = interval.data.get("well", well), interval.data.get("kind", kind)
        if name is None or (well is not None and name != well):
            observed = "names no well" if name is None else f"is of well {name!r}, not of {well!r}"
            raise InputError(place, observed, "say with well=... which one it is of")
        if own_kind not in _KINDS:
            raise InputError(place, f"its kind is {own_kind!r}", f"give kind= one of {', '.join(_KINDS)}")
        label = interval.data.get("class") or interval.description or _component_name(interval)
        if not label:
            raise InputError(place, "it has no description and no component", "name what it is")
        top, base = (_metres(position, place) for position in (interval.top, interval.base))
        rows.append((str(name), str(own_kind), str(label), top, base))
    return new_intervals(rows)


def _component_name(interval: Any) -> str:
    """Return the words of the first component."""
    return str(interval.primary.summary() or "") if interval.components else ""


def _metres(position: Any, place: str) -> float:
    factor = length_factor(str(position.units))
    if factor is None:
        raise InputError(place, f"its depths are in {position.units!r}", "give them in m or ft")
    return float(position.z) * factor
