"""Girdles: the axis of a fold from the poles of its beds, with a test that they are a girdle and no cluster."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from geobfdt.geometry import pole

__all__ = ["Girdle", "find_girdle"]

# From fewer poles no axis is claimed.
_MIN_POLES = 12
# Of 100 clusters, so many at most pass as elongated.
_SIGNIFICANCE = 0.05
# The scatter along a girdle is at least this many times the scatter across it, and at least so wide (deg).
_MIN_ELONGATION, _MIN_ALONG_DEG = 2.5, 7.0
# An axis that is less certain (deg, half-angle of its cone) is not claimed.
_MAX_CONE_DEG = 30.0
# Bootstrap samples of the cone.
_DRAWS = 500

Array = npt.NDArray[np.float64]


class Girdle(NamedTuple):
    """
    Shape of a distribution of poles, and the axis of their girdle.

    Parameters
    ----------
    trend, plunge : float
        Direction of the axis, downwards (deg); NaN where no axis is claimed.
    cone : float
        Half-angle of the cone that holds the true axis in 95 of 100 cases (deg); NaN where no axis is claimed.
    shape, strength : float
        K and C of Woodcock (1977): below 1 poles resemble a girdle, above 1 a cluster; C grows as they gather.
    along, across : float
        Root mean square angles along the girdle and across it (deg), from the mean pole.
    probability : float
        Probability that a cluster without any elongation looks as elongated; NaN for too few poles.
    poles : int
        Number of poles.
    """

    trend: float
    plunge: float
    cone: float
    shape: float
    strength: float
    along: float
    across: float
    probability: float
    poles: int

    @property
    def claimed(self) -> bool:
        """Whether the poles are a girdle, so that it has an axis."""
        return bool(np.isfinite(self.trend))


def find_girdle(
    dip: npt.ArrayLike, azimuth: npt.ArrayLike, weight: npt.ArrayLike | None = None, seed: int = 0
) -> Girdle | None:
    """
    Find the axis about which beds are folded.

    Parameters
    ----------
    dip, azimuth : array (n,)
        True dips and dip azimuths of beds (deg).
    weight : array (n,), optional
        Weight of each bed.
    seed : int
        Seed of the bootstrap.

    Returns
    -------
    Girdle or None
        Shape, and the axis where the poles are a girdle; None with fewer than three poles.

    Notes
    -----
    Eigenvectors of the orientation tensor: the first one is the mean pole, the last one is perpendicular to the girdle
    that fits the poles best, which is the axis of a cylindrical fold. K is ``ln(S1/S2) / ln(S2/S3)`` and C
    is ``ln(S1/S3)`` (N. H. Woodcock 1977, Specification of fabric shapes using an eigenvalue method, Geological Society
    of America Bulletin 88, 1231-1236).

    An axis is claimed if three conditions hold. (1) A cluster, whose poles lie evenly round their mean, is rejected:
    with ``r`` the sine of the angle of a pole from the mean and ``p`` its bearing there, ``R = |sum r^2 exp(2 i p)|``
    is a random walk for a cluster, so that R is exceeded with probability ``exp(-R^2 / sum r^4)``. (2) The scatter
    along the girdle is at least 7 degrees and 2.5 times that across it, because azimuths of flat beds may scatter more
    than their dips, and cross-beds dip one way. (3) The cone of the axis is at most 30 degrees. The cone is the 95th
    percentile of the angles between the axis and those of bootstrap samples, widened by ``sqrt(n / (n - 2))`` for the
    two angles of a girdle.

    Examples
    --------
    >>> limb = np.linspace(0.0, 40.0, 21)
    >>> fold = find_girdle(np.r_[limb, limb], np.r_[np.full(21, 90.0), np.full(21, 270.0)])
    >>> round(fold.trend % 180), round(fold.plunge), fold.claimed
    (0, 0, True)
    """
    normals = pole(dip, azimuth).reshape(-1, 3)
    share = np.ones(len(normals)) if weight is None else np.asarray(weight, dtype=float)
    normals, share = normals[share > 0], share[share > 0]
    if len(normals) < 3:
        return None
    values, vectors = _tensor(normals, share)
    least, middle, most = np.maximum(values, 1e-12)
    # Exactly equal eigenvalues have no shape.
    with np.errstate(divide="ignore", invalid="ignore"):
        shape = float(np.log(most / middle) / np.log(middle / least))
    along, across = (float(np.degrees(np.arcsin(np.sqrt(value)))) for value in (middle, least))
    nothing = float("nan")
    probability = cone = trend = plunge = nothing
    if len(normals) >= _MIN_POLES:
        probability = _cluster_probability(normals, share, vectors)
        if probability <= _SIGNIFICANCE and along >= max(_MIN_ELONGATION * across, _MIN_ALONG_DEG):
            cone = _cone(normals, share, vectors[:, 0], seed)
    if cone <= _MAX_CONE_DEG:
        east, north, up = vectors[:, 0] * (-1 if vectors[2, 0] > 0 else 1)
        trend, plunge = float(np.degrees(np.arctan2(east, north)) % 360), float(np.degrees(np.arcsin(min(-up, 1.0))))
    else:
        cone = nothing
    strength = float(np.log(most / least))
    return Girdle(trend, plunge, cone, shape, strength, along, across, probability, len(normals))


def _tensor(normals: Array, share: Array) -> tuple[Array, Array]:
    """Ascending eigenvalues (..., 3) and eigenvectors of the orientation tensor; weights are (..., n)."""
    # BLAS makes the six sums of all samples at once.
    products = np.einsum("ni,nj->nij", normals, normals).reshape(len(normals), 9)
    tensor = (share @ products / share.sum(axis=-1, keepdims=True)).reshape(*share.shape[:-1], 3, 3)
    values, vectors = np.linalg.eigh(tensor)
    return values, vectors


def _cluster_probability(normals: Array, share: Array, vectors: Array) -> float:
    """Probability that poles evenly round their mean are as elongated."""
    offset = normals @ vectors[:, 1] + 1j * (normals @ vectors[:, 0])
    walk = float(abs((share * offset**2).sum()))
    total = float((share**2 * np.abs(offset) ** 4).sum())
    return float(np.exp(-(walk**2) / total)) if total > 0 else 1.0


def _cone(normals: Array, share: Array, axis: Array, seed: int) -> float:
    """Half-angle (deg) of the cone that holds the true axis in 95 of 100 cases."""
    count = len(normals)
    times = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), _DRAWS)
    axes = _tensor(normals, times * share)[1][..., 0]
    angles = np.degrees(np.arccos(np.clip(np.abs(axes @ axis), 0, 1)))
    return float(np.percentile(angles, 95) * np.sqrt(count / (count - 2)))
