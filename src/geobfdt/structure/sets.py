"""Sets of planes that lie alike, and how far apart the planes of a set are."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from geobfdt.geometry import pole
from geobfdt.structure.orientation import MeanPlane, mean_plane

__all__ = ["PlaneSet", "find_sets", "set_spacing"]

# The means of two sets are at least this far apart.
_MIN_SEPARATION_DEG = 35.0
# Of all planes, and planes, that make a set.
_SHARE, _FEWEST = 0.1, 5
# Sets are made from at most this many planes; the others join the nearest set.
_MAX_PLANES = 2000

Ints = npt.NDArray[np.int64]


class PlaneSet(NamedTuple):
    """
    Planes of similar orientation.

    Parameters
    ----------
    mean : MeanPlane
        Mean of its planes.
    members : array of int
        Their rows.
    """

    mean: MeanPlane
    members: Ints


def find_sets(
    dip: npt.ArrayLike, azimuth: npt.ArrayLike, weight: npt.ArrayLike | None = None, apart: float = _MIN_SEPARATION_DEG
) -> list[PlaneSet]:
    """
    Find sets by the angles between poles (average linkage); planes outside all sets are left out.

    Parameters
    ----------
    dip, azimuth : array (n,)
        Dip and dip azimuth (deg).
    weight : array (n,), optional
        Weight of each plane in means.
    apart : float
        Smallest mean angle between the poles of two sets (deg).

    Returns
    -------
    list of PlaneSet
        The largest set first; each holds at least a tenth of the planes, and at least five.

    Examples
    --------
    >>> sets = find_sets([30, 31, 29, 30, 30, 80, 80, 81, 79, 80], [90, 91, 89, 90, 90, 10, 11, 9, 10, 10.0])
    >>> [(round(part.mean.dip), len(part.members)) for part in sets]
    [(30, 5), (80, 5)]
    """
    normals = pole(dip, azimuth).reshape(-1, 3)
    share = np.ones(len(normals)) if weight is None else np.asarray(weight, dtype=float)
    if len(normals) < _FEWEST:
        return []
    chosen = np.arange(len(normals))
    if len(normals) > _MAX_PLANES:
        chosen = np.sort(np.random.default_rng(0).choice(len(normals), _MAX_PLANES, replace=False))
    angle = np.degrees(np.arccos(np.clip(np.abs(normals[chosen] @ normals[chosen].T), 0, 1)))
    np.fill_diagonal(angle, 0)
    tree = linkage(squareform((angle + angle.T) / 2, checks=False), "average")
    label = fcluster(tree, apart, "distance")
    least = max(_SHARE * len(chosen), _FEWEST)
    steep, towards = np.asarray(dip, dtype=float), np.asarray(azimuth, dtype=float)
    groups = [chosen[label == one] for one in np.unique(label) if (label == one).sum() >= least]
    if len(normals) > _MAX_PLANES and groups:
        means = np.array([pole(*mean_plane(steep[g], towards[g], share[g])[:2]) for g in groups])
        near = np.abs(normals @ means.T)
        best = near.argmax(axis=1)
        inside = near.max(axis=1) >= np.cos(np.radians(apart))
        groups = [np.flatnonzero(inside & (best == index)) for index in range(len(groups))]
    sets = [PlaneSet(mean_plane(steep[g], towards[g], share[g]), g) for g in groups]
    return sorted(sets, key=lambda part: -len(part.members))


def set_spacing(count: float, dip_app: float, length: float) -> float:
    """
    Return the mean spacing of the planes of a set, perpendicular to them.

    The lengths above the first and below the last plane are censored spacings. For exponential spacings the maximum
    likelihood estimate is the measured length over the count.

    Parameters
    ----------
    count : float
        Number of planes in the hole.
    dip_app : float
        Angle between the set's mean normal and the hole (deg).
    length : float
        Length of hole that was measured and interpreted (m).

    Examples
    --------
    >>> round(set_spacing(10, 60.0, 50.0), 6)
    2.5
    """
    return float(length * np.cos(np.radians(dip_app)) / count) if count > 0 else float("nan")
