"""Consensus of two interpreters: the planes that both picked, and those that they still have to settle."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from geobfdt.evaluation.matching import Planes, assign, distances, near
from geobfdt.geometry import signed_angle
from geobfdt.picking.snapping import describe_traces
from geobfdt.wells.image import WellImage
from geobfdt.wells.intervals import IntervalTable, new_intervals
from geobfdt.wells.picks import PickTable, traces

__all__ = ["AGREEMENT_M", "DECIDED_STATUSES", "common_intervals", "common_planes", "matching_rows"]

# Two interpreters mean the same plane if their traces are at most this far apart (RMS).
AGREEMENT_M = 0.03
# A pick with one of these statuses was confirmed by its interpreter.
DECIDED_STATUSES = ("accepted", "edited")

# Traces closer than this (RMS) are identical, because tables keep six digits.
_IDENTICAL_M = 1e-5
# At most this many traces are described from one piece of the image.
_BATCH_TRACES = 64
# Such a piece spans at most this much depth, so that little of a long well is in memory.
_MAX_BATCH_SPAN_M = 5.0
# These columns are measured along a trace on the image.
_MEASURED_COLUMNS = (
    "sigma_depth_m",
    "sigma_dip_deg",
    "sigma_azimuth_deg",
    "coverage",
    "polarity",
    "continuity",
    "quality",
)
# Each standard deviation belongs to one of these columns.
_VALUE_OF_SIGMA = {"sigma_depth_m": "depth_m", "sigma_dip_deg": "dip_app_deg", "sigma_azimuth_deg": "azimuth_app_deg"}


def matching_rows(first: PickTable, second: PickTable) -> list[tuple[int, int]]:
    """
    Match the planes of two tables, one to one, class by class.

    Parameters
    ----------
    first, second : PickTable
        Pick tables of one well.

    Returns
    -------
    list of (int, int)
        Row numbers of planes within :data:`AGREEMENT_M` of each other.

    Examples
    --------
    >>> from geobfdt.wells.picks import new_picks
    >>> plane = {"class_": "bedding", "amplitude_m": 0.0, "azimuth_app_deg": 0.0}
    >>> matching_rows(new_picks(depth_m=[1.0, 2.0], **plane), new_picks(depth_m=[2.01, 3.0], **plane))
    [(1, 0)]
    """
    p, q = Planes.of(first), Planes.of(second)
    i, j = near(p, q, AGREEMENT_M)
    same = first["class"].to_numpy()[i] == second["class"].to_numpy()[j]
    i, j = i[same], j[same]
    return [(int(i[k]), int(j[k])) for k in assign(i, j, distances("trace", p, q, i, j), AGREEMENT_M)]


def common_planes(
    first: PickTable, second: PickTable, pairs: list[tuple[int, int]], image: WellImage, names: tuple[str, str]
) -> PickTable:
    """
    Merge the planes that both interpreters picked: accepted where both have decided, proposed otherwise.

    Parameters
    ----------
    first, second : PickTable
        Pick tables of the two layers, with ``note``.
    pairs : list of (int, int)
        Rows that are the same plane.
    image : WellImage
        The well.
    names : (str, str)
        Names of the two layers.

    Returns
    -------
    PickTable
        Pick table with ``note``, one row a pair.

    Notes
    -----
    If both traces of a plane are the same, the plane keeps it, and every value that the two picks agree on or that
    only one of them has. Two different traces are replaced by their mean. The attributes are then measured anew on
    the image, and each sigma is combined with half the difference of the two picks:
    ``sqrt(fit^2 + (difference / 2)^2)``. A sigma or a confidence that one of the two lacks, because it was drawn by
    hand, stays empty. Two confidences are averaged.
    """
    one, two = (
        table.iloc[[pair[side] for pair in pairs]].reset_index(drop=True) for side, table in enumerate((first, second))
    )
    where, there = traces(one), traces(two)
    middle = (where + there) / 2
    moved = np.sqrt((where - there) ** 2 @ [1.0, 0.5, 0.5]) > _IDENTICAL_M
    differs = {name: moved | ~_is_consistent(one[name], two[name]) for name in (*_MEASURED_COLUMNS, "confidence")}
    out = one.copy()
    for name in differs:
        out[name] = one[name].where(_has_value(one[name]), two[name])
    rows = np.flatnonzero(moved | np.any([differs[name] for name in _MEASURED_COLUMNS], axis=0))
    for batch in _split_by_depth(middle, rows):
        new = describe_traces(image, middle[batch], snapped=True)
        for name in ("depth_m", "amplitude_m", "azimuth_app_deg", "dip_app_deg", "dip_true_deg", "azimuth_true_deg"):
            out.loc[batch, name] = np.where(moved[batch], new[name], out.loc[batch, name])
        for name in _MEASURED_COLUMNS:
            values = new[name].to_numpy()
            if name in _VALUE_OF_SIGMA:
                apart = _absolute_difference(_VALUE_OF_SIGMA[name], one.loc[batch], two.loc[batch])
                both = _has_value(one[name])[batch] & _has_value(two[name])[batch]
                values = np.where(both, np.hypot(values.astype(float), apart / 2), np.nan)
            out.loc[batch, name] = np.where(differs[name][batch], values, out.loc[batch, name])
    mean = (one["confidence"] + two["confidence"]) / 2
    out["confidence"] = out["confidence"].where(~differs["confidence"], mean)
    decided = one["status"].isin(DECIDED_STATUSES) & two["status"].isin(DECIDED_STATUSES)
    out["status"] = np.where(decided, "accepted", "proposed")
    both_names = f"{names[0]} and {names[1]}"
    out["source"] = np.where((one["source"] == two["source"]) & ~moved, one["source"], both_names)
    out["note"] = [_merge_notes(a, b, names) for a, b in zip(one["note"], two["note"], strict=True)]
    return out.drop(columns="id", errors="ignore")


def common_intervals(first: IntervalTable, second: IntervalTable) -> IntervalTable:
    """
    Intersect two interval tables, kind by kind and class by class.

    Examples
    --------
    >>> one = new_intervals([("A", "interpreted", "bedding", 1.0, 5.0), ("A", "ignored", "breakout", 2.0, 3.0)])
    >>> two = new_intervals([("A", "interpreted", "bedding", 4.0, 9.0), ("A", "ignored", "bad image", 2.0, 3.0)])
    >>> common_intervals(one, two).to_numpy().tolist()
    [['A', 'interpreted', 'bedding', 4.0, 5.0]]
    """
    pairs = first.merge(second, on=["well", "kind", "class"], suffixes=("", "_other"))
    top = np.maximum(pairs["top_m"], pairs["top_m_other"])
    base = np.minimum(pairs["base_m"], pairs["base_m_other"])
    common = pairs.assign(top_m=top, base_m=base)[list(first.columns)][base > top].drop_duplicates()
    return common.reset_index(drop=True) if len(common) else new_intervals()


def _has_value(values: pd.Series) -> npt.NDArray[np.bool_]:
    return np.asarray((values != "") & values.notna())


def _is_consistent(one: pd.Series, two: pd.Series) -> npt.NDArray[np.bool_]:
    """Return where two columns do not contradict each other: the same value, or only one value."""
    lacking = ~_has_value(one) | ~_has_value(two)
    if one.dtype == float:
        return np.asarray(lacking | np.isclose(one, two, rtol=0, atol=1e-6))
    return np.asarray(lacking | (one == two))


def _absolute_difference(name: str, one: PickTable, two: PickTable) -> npt.NDArray[np.float64]:
    apart = np.nan_to_num((one[name] - two[name]).to_numpy(float))
    return np.asarray(np.abs(signed_angle(apart)) if name.startswith("azimuth") else np.abs(apart))


def _split_by_depth(middle: npt.NDArray[np.float64], rows: npt.NDArray[np.intp]) -> list[npt.NDArray[np.intp]]:
    """Sort rows by depth, and split them into batches of neighbours."""
    rows = rows[np.argsort(middle[rows, 0], kind="stable")]
    batches: list[list[int]] = []
    for row in rows.tolist():
        if (
            not batches
            or len(batches[-1]) == _BATCH_TRACES
            or middle[row, 0] - middle[batches[-1][0], 0] > _MAX_BATCH_SPAN_M
        ):
            batches.append([])
        batches[-1].append(row)
    return [np.array(batch, dtype=np.intp) for batch in batches]


def _merge_notes(one: str, two: str, names: tuple[str, str]) -> str:
    notes = [(name, note) for name, note in zip(names, (one, two), strict=True) if note]
    if len(notes) == 2 and one != two:
        return "; ".join(f"{name}: {note}" for name, note in notes)
    return notes[0][1] if notes else ""
