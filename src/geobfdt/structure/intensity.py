"""Intensity of planes along the hole (P10) and in the rock (P32), with the share that the hole cannot show."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["BLIND_ZONE_SINE", "MAX_WEIGHT", "Intensity", "intensity", "terzaghi_weight"]

# The Terzaghi weight is limited to that of planes within 6 degrees of the axis of the hole.
MAX_WEIGHT = 10.0
# Planes at a smaller angle (its sine) to the hole are hardly ever met: the blind zone of the correction.
BLIND_ZONE_SINE = 0.3
# Resamples, and blocks at least.
_DRAWS, _BLOCKS = 2000, 10
# At most this many numbers are in memory at a time.
_MAX_NUMBERS = 4_000_000

Array = npt.NDArray[np.float64]


class Intensity(NamedTuple):
    """
    Intensity of planes in an interval.

    Parameters
    ----------
    planes : float
        Expected number: the sum of the probabilities.
    p10, p10_low, p10_high : float
        Planes per metre of hole, and the 95 % interval.
    p32, p32_low, p32_high : float
        Area of planes in a volume of rock (m2/m3), and its 95 % interval, for planes that the hole can meet.
    blind_share : float
        Share of P32 from planes in the blind zone: nearly parallel to the hole, which hardly ever meets them.
    capped : float
        Share of planes whose weight is limited by the cap; P32 is too low if there are any.
    """

    planes: float
    p10: float
    p10_low: float
    p10_high: float
    p32: float
    p32_low: float
    p32_high: float
    blind_share: float
    capped: float

    def to_dict(self) -> dict[str, float]:
        """Return plain values for JSON, under the names of version 0.1."""
        return {{"blind_share": "blind"}.get(name, name): value for name, value in self._asdict().items()}


def terzaghi_weight(dip_app: npt.ArrayLike) -> Array:
    """
    Return the Terzaghi (1965) weight of planes: how many lie in the rock for each that the hole meets.

    Parameters
    ----------
    dip_app : array (n,)
        Apparent dip (deg): the angle between a plane's normal and the hole.

    Returns
    -------
    array (n,)
        ``1 / cos``, no more than the cap.

    Examples
    --------
    >>> terzaghi_weight([0.0, 60.0, 89.0]).round(3)
    array([ 1.,  2., 10.])
    """
    return np.asarray(1 / np.maximum(np.cos(np.radians(dip_app)), 1 / MAX_WEIGHT))


def intensity(
    depth: npt.ArrayLike, dip_app: npt.ArrayLike, length: float, probability: npt.ArrayLike | None = None,
    block: float = 2.0, seed: int = 0,
) -> Intensity:  # fmt: skip
    """
    Measure the intensity of planes in an interval.

    Parameters
    ----------
    depth : array (n,)
        Depths of planes (m, MD).
    dip_app : array (n,)
        Apparent dip (deg); NaN counts for P10 alone.
    length : float
        Length of hole that was measured and interpreted (m).
    probability : array (n,), optional
        Probability that each is a plane; default 1.
    block : float
        Length of the resampled blocks (m), because planes occur in swarms.
    seed : int
        Seed of the resampling.

    Raises
    ------
    ValueError
        If the length is not positive.

    Examples
    --------
    >>> result = intensity([1.0, 3.0, 7.0], [0.0, 60.0, 60.0], 10.0)
    >>> round(result.p10, 6), round(result.p32, 6)
    (0.3, 0.5)
    """
    if not length > 0:
        raise ValueError(f"the length of hole must be positive, not {length} m")
    at, dip = np.asarray(depth, dtype=float), np.asarray(dip_app, dtype=float)
    probabilities = np.ones(at.size) if probability is None else np.asarray(probability, dtype=float)
    rng = np.random.default_rng(seed)
    sides = np.nan_to_num(terzaghi_weight(dip))
    total10, total32 = float(probabilities.sum()), float((probabilities * sides).sum())
    along = np.sin(np.radians(90 - dip))
    capped = float(probabilities[along < 1 / MAX_WEIGHT].sum()) / total10 if total10 else 0.0
    blind_share = float((probabilities * sides)[along <= BLIND_ZONE_SINE].sum()) / total32 if total32 else 0.0
    samples10, samples32 = _resample_totals(at, probabilities, sides, length, block, rng)
    bounds = [np.percentile(part, [2.5, 97.5]) / length for part in (samples10, samples32)]
    # Without any plane the upper bound is three planes (the rule of three).
    if not at.size:
        bounds = [np.array([0.0, 3 / length])] * 2
    (low10, high10), (low32, high32) = (part.tolist() for part in bounds)
    return Intensity(total10, total10 / length, low10, high10, total32 / length, low32, high32, blind_share, capped)


def _resample_totals(
    at: Array, probabilities: Array, sides: Array, length: float, block: float, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Resample blocks of depth, with empty ones, and draw each plane by its probability; return the totals."""
    width = min(block, length / _BLOCKS)
    occupied, which = np.unique(np.floor(at / width), return_inverse=True)
    blocks = max(round(length / width), occupied.size)
    counts, areas = np.zeros(_DRAWS), np.zeros(_DRAWS)
    for some in np.array_split(np.arange(_DRAWS), max(_DRAWS * at.size // _MAX_NUMBERS, 1)):
        times = rng.multinomial(blocks, np.full(blocks, 1 / blocks), some.size)[:, : occupied.size]
        counted = (rng.random((some.size, at.size)) < probabilities) * times[:, which]
        counts[some], areas[some] = counted.sum(axis=1), counted @ sides
    return counts, areas
