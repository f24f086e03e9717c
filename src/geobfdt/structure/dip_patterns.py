"""Dip patterns: stretches where beds grow steeper or flatter with depth towards one azimuth, with a test."""

from __future__ import annotations

from itertools import pairwise
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from geobfdt.geometry import signed_angle

__all__ = ["DipPattern", "find_dip_patterns"]

Array = npt.NDArray[np.float64]
Name = Literal["red", "blue", "green", "bag"]

# Lengths of the windows that are searched (beds).
_WINDOW_BEDS = (6, 8, 11, 16, 22, 32, 45, 64, 90, 128)
# A pattern changes the dip by this much at least (deg).
_MIN_CHANGE_DEG = 10.0
# Standard deviation of azimuths that count as steady (deg); beds weigh by their dip, as a flat bed has no azimuth.
_MAX_AZIMUTH_SCATTER_DEG = 25.0
# Of 100 wells without any pattern, so many at most show one.
_SIGNIFICANCE = 0.05
# Orders of the beds, drawn at random.
_DRAWS = 199
# Beds that stay together in a random order: sets of beds are as long as this or shorter.
_BLOCK_BEDS = 8
# Beds that scatter less about their mean are a green pattern, others a bag (deg).
_MAX_GREEN_SCATTER_DEG = 10.0
# Patterns closer than this part of their mean length meet.
_MAX_GAP_SHARE = 0.5
# Azimuths of two patterns that differ by less are one direction (deg).
_SAME_AZIMUTH_DEG = 45.0


class DipPattern(NamedTuple):
    """
    A stretch of beds with one dip pattern.

    Parameters
    ----------
    name : {"red", "blue", "green", "bag"}
        Dips that grow with depth, dips that shrink with depth, steady dips, dips without order.
    top, base : float
        Depths of its first and last bed (m, MD).
    beds : int
        Number of beds.
    azimuth : float
        Mean azimuth (deg).
    dip_top, dip_base : float
        Dips of its regression line at top and base (deg), negative towards the other side; mean dip of green patterns
        and bags.
    probability : float
        Probability that the best stretch of the same beds in random orders fits as well; NaN of green patterns and
        bags.
    candidate : {"fault", "fold", ""}
        What it may be together with its neighbour.
    """

    name: Name
    top: float
    base: float
    beds: int
    azimuth: float
    dip_top: float
    dip_base: float
    probability: float
    candidate: str = ""


class _Fits(NamedTuple):
    """Regression of dip on depth in windows of equal length: an array for each number, one entry a window."""

    gain: Array
    change: Array
    azimuth: Array


def find_dip_patterns(
    depth: npt.ArrayLike, dip: npt.ArrayLike, azimuth: npt.ArrayLike, seed: int = 0
) -> list[DipPattern]:
    """
    Find dip patterns along a hole.

    Parameters
    ----------
    depth : array (n,)
        Depths of beds (m, MD).
    dip, azimuth : array (n,)
        True dips and dip azimuths (deg).
    seed : int
        Seed of the random orders.

    Returns
    -------
    list of DipPattern
        Downwards, without overlap. Stretches of fewer than six beds between two patterns have none.

    Notes
    -----
    Colours are those of dipmeter interpretation: red where dips grow with depth, blue where they shrink, both towards
    one azimuth; green where they are steady; a bag where they follow no order.

    Windows of 6 to 128 beds are searched. In each, the dip along the common azimuth is regressed on depth. A window
    counts if its azimuths are steady, its dip changes by at least 10 degrees, and a line fits better than a step, as at
    an unconformity. Its gain is ``-n/2 log(1 - r^2)``, the log of the likelihood ratio against a constant dip. The
    same beds in 199 random orders give the distribution of the largest gain of the whole well, so that the number of
    windows is allowed for. A pattern has a gain that at most 5 of 100 random orders reach anywhere. Its beds are then
    left out of the random orders, and the next pattern is tested.

    Neighbouring beds are often alike without any pattern, as in a set of cross-beds. So the random orders keep blocks
    of eight neighbours together, cut at a random place. Whatever makes neighbours alike, scatter beside it or not, is
    in them as well. Short patterns are, too: one of fewer than some 15 beds has to be very clear.

    A blue pattern above a red one towards another side, as across a crest or a trough, is a candidate of a fold. A red
    pattern above a blue one towards the same azimuth, as of beds that are dragged along a plane, is a candidate of a
    fault, or of the limb of a fold if one of them is part of its crest or trough.

    Examples
    --------
    >>> dips = np.r_[np.full(20, 10.0), np.linspace(10.0, 40.0, 20)] + np.tile([0.5, -0.5], 20)
    >>> patterns = find_dip_patterns(np.arange(40.0), dips, np.full(40, 90.0))
    >>> [(one.name, round(one.dip_base, -1)) for one in patterns]
    [('green', 10.0), ('red', 40.0)]
    """
    order = np.argsort(np.asarray(depth, dtype=float), kind="stable")
    z, d, t = (np.asarray(part, dtype=float)[order] for part in (depth, dip, azimuth))
    usable = np.isfinite(z) & np.isfinite(d) & (np.isfinite(t) | (d == 0))
    z, d, t = z[usable], d[usable], np.nan_to_num(t[usable])
    vectors = d[:, None] * np.column_stack([np.sin(np.radians(t)), np.cos(np.radians(t))])
    windows = _significant_windows(z, vectors, np.random.default_rng(seed))
    patterns, start = list[DipPattern](), 0
    for first, last, probability in [*sorted(windows), (len(z), len(z), np.nan)]:
        if first - start >= _WINDOW_BEDS[0]:
            patterns.append(_steady_or_bag(z[start:first], vectors[start:first]))
        if last > first:
            patterns.append(_ramp(z[first:last], vectors[first:last], probability))
        start = last
    return _with_candidates(patterns)


def _significant_windows(depth: Array, vectors: Array, rng: np.random.Generator) -> list[tuple[int, int, float]]:
    """First row, row after the last one, and probability of the patterns; they do not overlap."""
    if len(depth) < _WINDOW_BEDS[0] or np.ptp(depth) <= 0:
        return []
    fits = {size: _fit_windows(depth, vectors, size).gain for size in _WINDOW_BEDS if size <= len(depth)}
    rows = [(float(gain), at, size) for size, gains in fits.items() for at, gain in enumerate(gains) if gain > 0]
    chosen: list[tuple[int, int, float]] = []
    random_gains: list[float] = []
    for gain, at, size in sorted(rows, reverse=True):
        if any(first < at + size and last > at for first, last, _ in chosen):
            continue
        if not random_gains:
            free = np.ones(len(depth), dtype=bool)
            for first, last, _ in chosen:
                free[first:last] = False
            random_gains = _random_gains(depth[free], vectors[free], rng)
        probability = (1 + sum(other >= gain for other in random_gains)) / (1 + _DRAWS)
        if probability > _SIGNIFICANCE:
            break
        limits = (
            max((last for _, last, _ in chosen if last <= at), default=0),
            min((first for first, _, _ in chosen if first >= at + size), default=len(depth)),
        )
        first, last = _grow(depth, vectors, (at, at + size), limits)
        if _line_beats_step(depth[first:last], vectors[first:last]):
            chosen.append((first, last, probability))
            # The beds of a pattern are no example of beds without one.
            random_gains = []
    return chosen


def _random_gains(depth: Array, vectors: Array, rng: np.random.Generator) -> list[float]:
    """Largest gain of the beds in each of many random orders."""
    sizes = [size for size in _WINDOW_BEDS if size <= len(depth)]
    return [
        max(float(_fit_windows(depth, shuffled, size).gain.max()) for size in sizes)
        for shuffled in (_shuffle(vectors, rng) for _ in range(_DRAWS))
    ]


def _shuffle(vectors: Array, rng: np.random.Generator) -> Array:
    """Put beds in a random order, in blocks of neighbours."""
    starts = np.arange(int(rng.integers(_BLOCK_BEDS)), len(vectors), _BLOCK_BEDS)
    blocks = np.split(vectors, starts)
    return np.concatenate([blocks[number] for number in rng.permutation(len(blocks))])


def _fit_windows(depth: Array, vectors: Array, size: int) -> _Fits:
    """Fit every window of so many beds; the gain is 0 where a window has no pattern."""
    columns = np.column_stack([vectors, vectors**2, vectors[:, :1] * vectors[:, 1:]])
    # Depths from the middle of the well, so that squares of large depths do not lose digits.
    z = depth - depth.mean()
    sums = np.cumsum(np.column_stack([columns, columns[:, :2] * z[:, None], z, z**2, np.hypot(*vectors.T)]), axis=0)
    sums = np.concatenate([np.zeros((1, sums.shape[1])), sums])
    e, n, ee, nn, en, ze, zn, s, ss, total = (sums[size:] - sums[:-size]).T
    # The common azimuth is that of the longest sum of dip vectors.
    length = np.hypot(e, n)
    with np.errstate(divide="ignore", invalid="ignore"):
        u, v = e / length, n / length
        dips, squares, products = length, u * u * ee + v * v * nn + 2 * u * v * en, u * ze + v * zn
        of_z, of_dip = ss - s * s / size, squares - dips * dips / size
        both = products - s * dips / size
        share = np.clip(both**2 / (of_z * of_dip), 0, 1 - 1e-12)
        gain = -size / 2 * np.log1p(-share)
        slope = both / of_z
        resultant = np.clip(length / total, 1e-9, 1)
        scatter = np.degrees(np.sqrt(-2 * np.log(resultant)))
    change = slope * (depth[size - 1 :] - depth[: len(depth) - size + 1])
    keep = (np.abs(change) >= _MIN_CHANGE_DEG) & (scatter <= _MAX_AZIMUTH_SCATTER_DEG) & (of_z > 0)
    return _Fits(np.where(keep, gain, 0.0), change, np.degrees(np.arctan2(u, v)) % 360)


def _grow(depth: Array, vectors: Array, rows: tuple[int, int], limits: tuple[int, int]) -> tuple[int, int]:
    """Move the ends of a window bed by bed for as long as its gain grows."""
    best, (first, last) = _gain_of(depth, vectors, *rows), rows
    while True:
        tries = [(first - 1, last), (first + 1, last), (first, last - 1), (first, last + 1)]
        tries = [(a, b) for a, b in tries if a >= limits[0] and b <= limits[1] and b - a >= _WINDOW_BEDS[0]]
        gains = [_gain_of(depth, vectors, *one) for one in tries]
        if not gains or max(gains) <= best:
            return first, last
        best, (first, last) = max(gains), tries[int(np.argmax(gains))]


def _gain_of(depth: Array, vectors: Array, first: int, last: int) -> float:
    return float(_fit_windows(depth[first:last], vectors[first:last], last - first).gain[0])


def _along(vectors: Array) -> tuple[Array, float]:
    """Dips along the common azimuth of beds, and that azimuth (deg)."""
    east, north = vectors.sum(axis=0)
    azimuth = float(np.degrees(np.arctan2(east, north)) % 360)
    return vectors @ [np.sin(np.radians(azimuth)), np.cos(np.radians(azimuth))], azimuth


def _line_beats_step(depth: Array, vectors: Array) -> bool:
    """Tell whether a line of dip by depth fits better than two constant dips."""
    y = _along(vectors)[0]
    line = float(((y - np.polyval(np.polyfit(depth - depth[0], y, 1), depth - depth[0])) ** 2).sum())
    step = min(
        float(((y[:cut] - y[:cut].mean()) ** 2).sum() + ((y[cut:] - y[cut:].mean()) ** 2).sum())
        for cut in range(2, len(y) - 1)
    )
    return line < step


def _ramp(depth: Array, vectors: Array, probability: float) -> DipPattern:
    y, azimuth = _along(vectors)
    slope, top = np.polyfit(depth - depth[0], y, 1)
    base = top + slope * (depth[-1] - depth[0])
    name: Name = "red" if slope > 0 else "blue"
    return DipPattern(
        name, float(depth[0]), float(depth[-1]), len(depth), azimuth, float(top), float(base), probability
    )


def _steady_or_bag(depth: Array, vectors: Array) -> DipPattern:
    middle = vectors.mean(axis=0)
    scatter = float(np.sqrt(((vectors - middle) ** 2).sum(axis=1).mean()))
    dip, azimuth = float(np.hypot(*middle)), _along(vectors)[1]
    name: Name = "green" if scatter <= _MAX_GREEN_SCATTER_DEG else "bag"
    return DipPattern(name, float(depth[0]), float(depth[-1]), len(depth), azimuth, dip, dip, float("nan"))


def _with_candidates(patterns: list[DipPattern]) -> list[DipPattern]:
    """Name what two ramps may be that meet."""
    ramps = [index for index, one in enumerate(patterns) if one.name in ("red", "blue")]
    folds, faults = set[int](), set[int]()
    for above, below in pairwise(ramps):
        upper, lower = patterns[above], patterns[below]
        mean_length = (upper.base - upper.top + lower.base - lower.top) / 2
        same_side = abs(signed_angle(upper.azimuth - lower.azimuth)) <= _SAME_AZIMUTH_DEG
        if lower.top - upper.base > _MAX_GAP_SHARE * mean_length:
            continue
        if (upper.name, lower.name) == ("blue", "red") and not same_side:
            folds |= {above, below}
        elif (upper.name, lower.name) == ("red", "blue") and same_side:
            faults |= {above, below}
    # The limb between a crest and a trough is red over blue as well.
    kinds = {index: "fold" if index in folds else "fault" for index in folds | faults}
    for above, below in pairwise(ramps):
        if {above, below} <= faults and {above, below} & folds:
            kinds |= {above: "fold", below: "fold"}
    return [one._replace(candidate=kinds.get(index, "")) for index, one in enumerate(patterns)]
