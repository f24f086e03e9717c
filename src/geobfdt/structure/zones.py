"""Zones: stretches of a well whose beds lie alike; and the plots by which eyes find them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from geobfdt.geometry import pole
from geobfdt.structure.orientation import MeanPlane, mean_plane

__all__ = ["Zone", "find_zones", "vector_walk"]

# A zone has at least this many beds.
MIN_ZONE_BEDS = 8
# A zone is at least this long; a shorter one is a set of cross-beds.
MIN_ZONE_M = 5.0
# A further zone has to raise twice the log likelihood by this times the logarithm of the number of beds.
_PENALTY = 5.0
# Mean square angle from the mean, below which beds are not distinguished.
_MIN_VARIANCE_RAD2 = np.radians(1.0) ** 2

Array = npt.NDArray[np.float64]


class Zone(NamedTuple):
    """
    A depth interval with beds of similar orientation.

    Parameters
    ----------
    top, base : float
        Depths (m, MD); midway between the last bed of one zone and the first of the next.
    beds : MeanPlane
        Mean of its beds.
    """

    top: float
    base: float
    beds: MeanPlane


def find_zones(depth: npt.ArrayLike, dip: npt.ArrayLike, azimuth: npt.ArrayLike, weight: npt.ArrayLike) -> list[Zone]:
    """
    Split a well at depths where the orientation of its beds changes.

    Parameters
    ----------
    depth : array (n,)
        Depths of beds (m, MD).
    dip, azimuth : array (n,)
        True dips and dip azimuths (deg).
    weight : array (n,)
        Probability of each (0 to 1).

    Returns
    -------
    list of Zone
        From top to base; one zone if no split is significant, none without beds.

    Notes
    -----
    Binary segmentation: an interval is split where two mean poles explain its beds best. The split is kept if twice
    the log likelihood (poles with isotropic scatter about their mean) gains more than five times the logarithm of the
    number of beds. For beds of one orientation and any scatter, that happens in fewer than 5 of 100 wells
    (``tests/structure/test_zones.py``). A zone has at least eight beds and 5 m; a shorter one, as a set of cross-beds,
    belongs to the zone around it.

    Examples
    --------
    >>> zones = find_zones(np.arange(40.0), np.r_[np.full(20, 10.0), np.full(20, 30.0)], np.full(40, 90.0), np.ones(40))
    >>> [(zone.top, zone.base, zone.beds.dip) for zone in zones]
    [(0.0, 19.5, 10.0), (19.5, 39.0, 30.0)]
    """
    order = np.argsort(np.asarray(depth, dtype=float), kind="stable")
    z, d, t, w = (np.asarray(part, dtype=float)[order] for part in (depth, dip, azimuth, weight))
    if not len(z) or not w.sum() > 0:
        return []
    normals = pole(d, t)
    # Poles have no sign: all are turned to the side of their common axis, so that steep beds do not cancel.
    axis = np.linalg.eigh((w[:, None] * normals).T @ normals)[1][:, -1]
    normals *= np.where(normals @ axis < 0, -1.0, 1.0)[:, None]
    cuts = sorted(_cuts(z, normals, w, 0, len(z), _PENALTY * np.log(max(len(z), 2))))
    zones = []
    for first, last in zip([0, *cuts], [*cuts, len(z)], strict=True):
        top = z[0] if first == 0 else (z[first - 1] + z[first]) / 2
        base = z[-1] if last == len(z) else (z[last - 1] + z[last]) / 2
        part = slice(first, last)
        if w[part].sum() > 0:
            zones.append(Zone(float(top), float(base), mean_plane(d[part], t[part], w[part])))
    return zones


def _cuts(depth: Array, normals: Array, weight: Array, first: int, last: int, penalty: float) -> list[int]:
    """Return the splits of ``first:last``; each is the best of its interval."""
    at = np.arange(MIN_ZONE_BEDS, last - first - MIN_ZONE_BEDS + 1)
    edge = (depth[first + at - 1] + depth[first + at]) / 2 if at.size else depth[:0]
    at = at[(edge - depth[first] >= MIN_ZONE_M) & (depth[last - 1] - edge >= MIN_ZONE_M)]
    if not at.size:
        return []
    part = slice(first, last)
    total = np.cumsum(np.column_stack([weight[part], weight[part, None] * normals[part]]), axis=0)
    upper, lower = total[at - 1], total[-1] - total[at - 1]
    gain = _negative_log_likelihood(total[-1:]) - _negative_log_likelihood(upper) - _negative_log_likelihood(lower)
    best = int(gain.argmax())
    if not gain[best] > penalty:
        return []
    cut = first + int(at[best])
    above, below = ((first, cut), (cut, last))
    return [*_cuts(depth, normals, weight, *above, penalty), cut, *_cuts(depth, normals, weight, *below, penalty)]


def _negative_log_likelihood(sums: Array) -> Array:
    """Twice the negative log likelihood of stretches, from their sums of weights and of weighted poles."""
    count, length = sums[:, 0], np.linalg.norm(sums[:, 1:], axis=1)
    # 2 (1 - mean resultant) is the mean square angle of poles from their mean; two directions make n log of it.
    spread = 2 * np.maximum(1 - length / np.maximum(count, 1e-9), 0)
    return np.asarray(2 * count * np.log(np.maximum(spread, _MIN_VARIANCE_RAD2)))


def vector_walk(azimuth: npt.ArrayLike) -> Array:
    """
    Walk of a vector plot: a step of one towards each plane's dip azimuth, downwards through the well.

    Parameters
    ----------
    azimuth : array (n,)
        Dip azimuths (deg), in order of depth.

    Returns
    -------
    array (n + 1, 2)
        East and north, from the start. Straight stretches are zones of one azimuth; bends are where to look.

    Examples
    --------
    >>> vector_walk([0.0, 90.0]).round(6) + 0
    array([[0., 0.],
           [0., 1.],
           [1., 1.]])
    """
    t = np.radians(np.asarray(azimuth, dtype=float))
    return np.concatenate([np.zeros((1, 2)), np.cumsum(np.column_stack([np.sin(t), np.cos(t)]), axis=0)])
