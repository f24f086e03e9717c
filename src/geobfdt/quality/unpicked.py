"""Intervals that an interpreter left out, in contrast to ordinary gaps between picks."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from geobfdt.runtime.findings import Finding, Severity
from geobfdt.wells.image import WellImage
from geobfdt.wells.intervals import IntervalTable, covered, new_intervals
from geobfdt.wells.picks import CLASSES, PickTable

__all__ = ["Gap", "propose_intervals", "unpicked_gaps"]

Array = npt.NDArray[np.float64]

# A shorter gap needs no interval of its own.
MIN_GAP_M = 5.0
# A gap is at least this many median spacings long.
MIN_GAP_SPACINGS = 10.0
# A gap is reported if the longest ordinary gap of the well is as long with at most this probability.
MAX_CHANCE = 0.01
# The tail of the spacings is made heavier by this many of its standard errors.
TAIL_STANDARD_ERRORS = 0.7
# The spread is estimated from at least this many spacings.
MIN_SPACINGS = 10


class Gap(NamedTuple):
    """An interval without picks (m, MD), and the probability that the spacing alone makes one so long in this well."""

    top: float
    base: float
    chance: float


def unpicked_gaps(depth: Array, top: float, base: float) -> list[Gap]:
    """
    Find gaps between picks that are far longer than their spacing explains.

    Fractures cluster, so that long gaps are common: the tail is fitted, not assumed. A generalised Pareto distribution,
    made heavier by most of a standard error of its shape, is fitted to those spacings, from about the median up, that
    are well under the gap in question. The gap counts if it is longer than 5 m and than ten medians, and if a well with
    so many spacings has one as long with less than 1 % chance.

    Parameters
    ----------
    depth : array (n,)
        Depths of the picks of one class (m, MD).
    top, base : float
        The interval that was to be interpreted (m, MD).

    Returns
    -------
    list of Gap
        In depth order; empty if there are fewer than ten spacings.

    Notes
    -----
    Shape and scale come from probability-weighted moments (Hosking & Wallis 1987, Technometrics 29, 339-349).

    Examples
    --------
    >>> [(g.top, g.base) for g in unpicked_gaps(np.r_[np.arange(20.0), 60 + np.arange(20.0)], 0.0, 80.0)]
    [(19.0, 60.0)]
    """
    edges = np.concatenate([[top], np.sort(depth), [base]])
    length = np.diff(edges)
    spacing = np.sort(length[1:-1])
    if spacing.size < MIN_SPACINGS:
        return []
    candidates = np.flatnonzero((length > MIN_GAP_M) & (length > MIN_GAP_SPACINGS * np.median(spacing)))
    chances = [_gap_probability(float(length[i]), spacing) for i in candidates]
    return [
        Gap(float(edges[i]), float(edges[i + 1]), chance)
        for i, chance in zip(candidates, chances, strict=True)
        if chance < MAX_CHANCE
    ]


def _gap_probability(gap: float, spacing: Array) -> float:
    """Return the probability that one of the spacings is as long as the gap, from the tail of the shorter ones."""
    ordinary = spacing[spacing < 0.6 * gap]
    # The threshold lies below the median, so that an even spacing has some excess.
    threshold = 0.8 * float(np.median(ordinary))
    excess = ordinary[ordinary > threshold] - threshold
    n = excess.size
    if n < MIN_SPACINGS // 2:
        return 1.0
    mean = float(excess.mean())
    weighted = float((excess * np.arange(n)[::-1]).sum() / (n * (n - 1)))
    # Shape k of Hosking and Wallis; infinite for an even spacing.
    bend = mean / (mean - 2 * weighted) - 2 if mean > 2 * weighted * (1 + 1e-9) else np.inf
    heavy = max(-bend, 0.0)
    shape = heavy + TAIL_STANDARD_ERRORS * (1 + heavy) / np.sqrt(n)
    scale = mean * max(1 + bend, 0.2) if np.isfinite(bend) else mean
    return min(1.0, float(n * (1 + shape * (gap - threshold) / scale) ** (-1 / shape)))


def propose_intervals(
    picks: PickTable, image: WellImage, intervals: IntervalTable
) -> tuple[IntervalTable, list[Finding]]:
    """
    Propose where each class was interpreted.

    Parameters
    ----------
    picks : PickTable
        Picks of the well.
    image : WellImage
        The well.
    intervals : IntervalTable
        Interpreted and ignored intervals so far.

    Returns
    -------
    proposed : IntervalTable
        Interval table that may replace `intervals` once a person agrees. A class that was not interpreted at all has
        one interval without length, at the top.
    findings : list of Finding
        ``unpicked-stretch`` and ``class-not-interpreted``.

    Examples
    --------
    >>> from geobfdt.wells.image import well_image
    >>> from geobfdt.wells.picks import new_picks
    >>> rows = new_picks(depth_m=np.r_[np.arange(20.0), 60 + np.arange(20.0)], class_="fracture", well="A")
    >>> table, _ = propose_intervals(rows, well_image(np.zeros((81, 4)), np.arange(81.0), well="A"), new_intervals())
    >>> table[["class", "top_m", "base_m"]].to_numpy().tolist()
    [['bedding', 0.0, 0.0], ['fracture', 0.0, 20.0], ['fracture', 59.0, 80.0]]
    """
    well = image.attrs["well"]
    top, base = float(image.depth.values[0]), float(image.depth.values[-1])
    mine = intervals[intervals["well"] == well]
    rows = [tuple(row) for row in intervals[intervals["well"] != well].itertuples(index=False)]
    rows += [tuple(row) for row in mine[mine["kind"] == "ignored"].itertuples(index=False)]
    findings: list[Finding] = []
    for name in CLASSES:
        present = mine[(mine["kind"] == "interpreted") & (mine["class"] == name)]
        spans = list(zip(present["top_m"].tolist(), present["base_m"].tolist(), strict=True)) or [(top, base)]
        depth = picks.loc[picks["class"] == name, "depth_m"].to_numpy(float)
        depth = depth[covered(mine, well, name, depth) & (depth >= top) & (depth <= base)]
        if not depth.size and any(low < high for low, high in spans):
            observed, action = (
                f"not one {name} pick",
                f"read as: {name} was not interpreted here, so that a place without a pick may have a plane",
            )
            findings.append(
                Finding(Severity.MINOR, "class-not-interpreted", f"{top:.2f}-{base:.2f} m", observed, action)
            )
            rows.append((well, "interpreted", name, top, top))
            continue
        pieces, gaps = _without_gaps(depth, spans, mine[mine["kind"] == "ignored"])
        for gap in gaps:
            observed = (
                f"no {name} pick for {gap.base - gap.top:.1f} m (chance {gap.chance:.1g} at the spacing of this well)"
            )
            action = "looks left out: see the proposed intervals, and confirm or draw your own"
            findings.append(
                Finding(Severity.MINOR, "unpicked-stretch", f"{gap.top:.2f}-{gap.base:.2f} m", observed, action)
            )
        if gaps or len(present):
            rows += [(well, "interpreted", name, low, high) for low, high in pieces]
    return new_intervals(rows), findings


def _without_gaps(
    depth: Array, spans: list[tuple[float, float]], ignored: IntervalTable
) -> tuple[list[tuple[float, float]], list[Gap]]:
    """Cut unpicked gaps out of the interpreted spans, with a margin of one median spacing around the picks."""
    holes = list(zip(ignored["top_m"].tolist(), ignored["base_m"].tolist(), strict=True))
    pieces: list[tuple[float, float]] = []
    all_gaps: list[Gap] = []
    for low, high in spans:
        inside = np.sort(depth[(depth >= low) & (depth <= high)])
        gaps = [gap for gap in unpicked_gaps(inside, low, high) if _counted(gap, holes) > MIN_GAP_M]
        margin = float(np.median(np.diff(inside))) if gaps else 0.0
        start = low
        for gap in gaps:
            if gap.top > low:
                pieces.append((start, gap.top + margin))
            start = gap.base - margin if gap.base < high else high
        if start < high:
            pieces.append((start, high))
        all_gaps += gaps
    return pieces, all_gaps


def _counted(gap: Gap, holes: list[tuple[float, float]]) -> float:
    """Length of a gap that no ignored interval explains."""
    return gap.base - gap.top - sum(max(0.0, min(gap.base, b) - max(gap.top, t)) for t, b in holes)
