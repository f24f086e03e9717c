"""The azimuth of the largest horizontal stress from breakouts and drilling-induced fractures."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from geobfdt.geometry import signed_angle

__all__ = ["MAX_DEVIATION_DEG", "StressAzimuth", "angle_to_axis", "axial_mean", "stress_azimuth"]

Array = npt.NDArray[np.float64]
Rank = Literal["A", "B", "C", "D", "E"]

# In a hole that deviates more, breakouts and induced fractures depend on the vertical stress as well.
MAX_DEVIATION_DEG = 16.0
# Ranks of the World Stress Map for breakouts and for induced fractures of one well on image logs: least number of
# distinct zones, least combined length (m), largest standard deviation (deg).
_RANKS: tuple[tuple[Rank, int, float, float], ...] = (
    ("A", 10, 100.0, 12.0),
    ("B", 6, 40.0, 20.0),
    ("C", 4, 20.0, 25.0),
    ("D", 1, 0.0, 40.0),
)
# Breakouts lie where the hole is squeezed along the smallest stress, induced fractures along the largest.
_TURN_DEG = {"breakout": 90.0, "induced": 0.0}


class StressAzimuth(NamedTuple):
    """
    Azimuth of the largest horizontal stress by the rows of one class.

    Parameters
    ----------
    shmax : float
        Azimuth (deg, 0 to 180); NaN without a row of known azimuth and length.
    deviation : float
        Axial standard deviation (deg).
    rows : int
        Rows that it is made of.
    zones : int
        Depth ranges that they make: rows that overlap in depth are one zone.
    length : float
        Combined length of the zones (m).
    deviated : int
        Rows where the hole deviates more than :data:`MAX_DEVIATION_DEG`, or its deviation is unknown.
    rank : {"A", "B", "C", "D", "E"} or None
        Quality of the World Stress Map; None where a row is deviated.
    """

    shmax: float
    deviation: float
    rows: int
    zones: int
    length: float
    deviated: int
    rank: Rank | None


def axial_mean(azimuth: npt.ArrayLike, weight: npt.ArrayLike) -> tuple[float, float]:
    """
    Mean and standard deviation of axes, which have no sign.

    Parameters
    ----------
    azimuth, weight : array (n,)
        Azimuths (deg) and weights.

    Returns
    -------
    mean, deviation : float
        In degrees, the mean in [0, 180); NaN without weight.

    Notes
    -----
    Angles are doubled, so that 10 and 190 degrees are one axis; the mean is that of the unit vectors. The deviation is
    that of Mardia and Jupp (2000), ``sqrt(-2 ln R) / 2`` for the mean resultant length ``R`` of the doubled angles.

    Examples
    --------
    >>> [round(value, 1) for value in axial_mean([10, 190, 20, 180], [1, 1, 1, 1])]
    [10.0, 7.1]
    """
    w = np.asarray(weight, dtype=float)
    if not w.sum() > 0:
        return float("nan"), float("nan")
    mean = complex((w * np.exp(2j * np.radians(np.asarray(azimuth, dtype=float)))).sum() / w.sum())
    length = min(abs(mean), 1.0)
    deviation = np.degrees(np.sqrt(-2 * np.log(length))) / 2 if length > 0 else np.inf
    return float(np.degrees(np.angle(mean)) / 2 % 180), float(deviation)


def angle_to_axis(azimuth: npt.ArrayLike, axis: float) -> npt.NDArray[np.float64]:
    """
    Angles between azimuths and an axis (deg, 0 to 90).

    Examples
    --------
    >>> angle_to_axis([10.0, 175.0, 270.0], 0.0).tolist()
    [10.0, 5.0, 90.0]
    """
    return np.asarray(np.abs(signed_angle(2 * (np.asarray(azimuth, dtype=float) - axis))) / 2)


def stress_azimuth(
    kind: Literal["breakout", "induced"],
    top: npt.ArrayLike,
    base: npt.ArrayLike,
    azimuth: npt.ArrayLike,
    deviation: npt.ArrayLike,
) -> StressAzimuth:
    """
    Azimuth of the largest horizontal stress, and its quality rank.

    Parameters
    ----------
    kind : {"breakout", "induced"}
        Class of the rows.
    top, base : array (n,)
        Depth ranges (m, MD).
    azimuth : array (n,)
        True azimuths (deg); rows without one are left out.
    deviation : array (n,)
        Inclination of the hole at the rows (deg).

    Returns
    -------
    StressAzimuth
        The azimuth, with its scatter and rank.

    Notes
    -----
    The mean is weighted by length. Breakouts of a near-vertical hole are 90 degrees off the largest horizontal stress,
    induced fractures along it. The rank follows the quality ranking scheme of the World Stress Map for breakouts and
    drilling-induced fractures on image logs of one well (Heidbach, Barth, Mueller, Reinecker, Stephansson, Tingay and
    Zang 2016, World Stress Map Technical Report 16-01, doi:10.2312/wsm.2016.001, with the guideline of Tingay,
    Reinecker and Mueller in it): A needs 10 zones, 100 m and 12 degrees; B for 6, 40 m and 20; C for 4, 20 m and
    25; D for 40 degrees; all else is E.

    Examples
    --------
    >>> top = np.arange(0.0, 80.0, 10.0)
    >>> result = stress_azimuth("breakout", top, top + 6, np.tile([50.0, 230.0], 4), np.full(8, 2.0))
    >>> result.shmax, result.zones, result.rank
    (140.0, 8, 'B')
    """
    columns = [np.asarray(values, dtype=float) for values in (top, base, azimuth, deviation)]
    usable = np.isfinite(columns[0]) & np.isfinite(columns[1]) & np.isfinite(columns[2])
    z0, z1, direction, tilt = (values[usable] for values in columns)
    mean, scatter = axial_mean(direction + _TURN_DEG[kind], z1 - z0)
    zones, length = _zones(z0, z1)
    deviated = int((~(tilt <= MAX_DEVIATION_DEG)).sum())
    rank = None if deviated else _rank(zones, length, scatter)
    return StressAzimuth(mean, scatter, int(usable.sum()), zones, length, deviated, rank)


def _zones(top: Array, base: Array) -> tuple[int, float]:
    """Number and combined length of the depth ranges that rows cover."""
    zones, length, end = 0, 0.0, -np.inf
    for z0, z1 in sorted(zip(top.tolist(), base.tolist(), strict=True)):
        zones += z0 >= end
        length += max(z1 - max(z0, end), 0.0)
        end = max(end, z1)
    return zones, length


def _rank(zones: int, length: float, scatter: float) -> Rank:
    for rank, least_zones, least_length, most in _RANKS:
        if zones >= least_zones and length >= least_length and scatter <= most:
            return rank
    return "E"
