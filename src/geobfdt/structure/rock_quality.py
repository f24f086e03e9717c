"""Fracture frequency, spacing, and rock quality designation (RQD) along a hole, of planes on an image."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["SOUND_PIECE_M", "RockQuality", "rock_quality", "rqd_of_frequency"]

# A piece of rock between two planes counts as sound from this length on (m): the 10 cm of Deere.
SOUND_PIECE_M = 0.1
# Lengths are compared with this tolerance (m), so that a piece of exactly 10 cm is sound.
_TOLERANCE_M = 1e-9
# A window of which less was measured has counts, but no rates.
_MIN_MEASURED_SHARE = 0.5

Array = npt.NDArray[np.float64]


class RockQuality(NamedTuple):
    """
    Rock quality in one window of depth.

    Parameters
    ----------
    top, base : float
        The window (m, MD).
    metres : float
        Length of it that was measured and interpreted (m).
    planes : int
        Planes on that length.
    frequency : float
        Planes a metre.
    spacing_mean, spacing_median : float
        Of the distances along the hole between neighbouring planes (m) whose middle lies in the window.
    image_rqd : float
        Share of the length that lies in pieces of at least 10 cm (%).
    rqd_of_frequency : float
        RQD that the frequency gives by Priest and Hudson's law (%).
    """

    top: float
    base: float
    metres: float
    planes: int
    frequency: float
    spacing_mean: float
    spacing_median: float
    image_rqd: float
    rqd_of_frequency: float


def rqd_of_frequency(frequency: npt.ArrayLike) -> Array:
    """
    Return the RQD (%) of planes that lie at random, by their frequency (1/m).

    Notes
    -----
    ``100 exp(-0.1 f) (1 + 0.1 f)``: S. D. Priest and J. A. Hudson (1976), Discontinuity spacings in rock, International
    Journal of Rock Mechanics and Mining Sciences 13, 135-148, for spacings with a negative exponential distribution.

    Examples
    --------
    >>> rqd_of_frequency([0.0, 10.0]).round(2)
    array([100.  ,  73.58])
    """
    pieces = SOUND_PIECE_M * np.asarray(frequency, dtype=float)
    return np.asarray(100 * np.exp(-pieces) * (1 + pieces))


def rock_quality(depth: npt.ArrayLike, stretches: npt.ArrayLike, edges: npt.ArrayLike) -> list[RockQuality]:
    """
    Measure frequency, spacing and image RQD in windows of depth.

    Parameters
    ----------
    depth : array (n,)
        Depths of the planes (m, MD); those outside of the stretches do not count.
    stretches : array (m, 2)
        Top and base of each stretch of hole that was measured and interpreted without a gap (m, MD), ascending.
    edges : array (k + 1,)
        Edges of the windows (m, MD), ascending.

    Returns
    -------
    list of RockQuality
        One for each window. Rates are NaN where less than half of a window was measured.

    Notes
    -----
    D. U. Deere (1964) defined RQD on drill core: the share of a run in sound pieces of at least 10 cm (4 inches). On an
    image, a piece is the rock between two neighbouring planes along the hole axis. A piece across the edge of two
    windows is judged by its whole length, and each window gets its part, so that windows add up. A piece that ends
    where the image ends has an unknown length: it is sound if it is long enough already, and counts nowhere if it is
    not. An image does not show breaks of handling. It shows healed fractures, along which core does not part.
    Therefore image RQD is no core RQD.

    Examples
    --------
    >>> (window,) = rock_quality([1.0, 1.05, 1.5], [[0.0, 2.0]], [0.0, 2.0])
    >>> window.planes, window.frequency, round(window.image_rqd, 6)
    (3, 1.5, 97.5)
    """
    at, limits = np.sort(np.asarray(depth, dtype=float)), np.asarray(stretches, dtype=float).reshape(-1, 2)
    windows = np.asarray(edges, dtype=float)
    pieces, closed, planes = [], [], []
    for top, base in limits:
        inside = at[(at >= top) & (at <= base)]
        ends = np.concatenate([[top], inside, [base]])
        pieces.append(np.column_stack([ends[:-1], ends[1:]]))
        closed.append(np.concatenate([[False], np.ones(max(len(inside) - 1, 0), dtype=bool), [False]])[: len(ends) - 1])
        planes.append(inside)
    empty = np.empty((0, 2))
    piece = np.concatenate([empty, *pieces])
    whole = np.concatenate([np.empty(0, dtype=bool), *closed])
    met = np.concatenate([np.empty(0), *planes])
    length = piece[:, 1] - piece[:, 0]
    sound = length >= SOUND_PIECE_M - _TOLERANCE_M
    metres = _length_between(limits, windows)
    sound_metres, judged_metres = (_length_between(piece[rows], windows) for rows in (sound, sound | whole))
    counts = np.histogram(met, windows)[0] if len(windows) > 1 else np.empty(0, dtype=int)
    middle, spacing = piece[whole].mean(axis=1), length[whole]
    low = np.searchsorted(middle, windows)
    results = []
    for i, (top, base) in enumerate(pairwise(windows)):
        here = spacing[low[i] : low[i + 1]]
        enough = metres[i] >= _MIN_MEASURED_SHARE * (base - top)
        frequency = float(counts[i] / metres[i]) if enough else np.nan
        rqd = float(100 * sound_metres[i] / judged_metres[i]) if enough and judged_metres[i] > 0 else np.nan
        mean, median = (float(of(here)) if here.size else np.nan for of in (np.mean, np.median))
        law = float(rqd_of_frequency(frequency))
        count, length_m = int(counts[i]), float(metres[i])
        results.append(RockQuality(float(top), float(base), length_m, count, frequency, mean, median, rqd, law))
    return results


def _length_between(parts: Array, edges: Array) -> Array:
    """Return the length (m) of parts of the hole (n, 2), ascending and apart, between each edge and the next."""
    if not len(parts):
        return np.zeros(max(len(edges) - 1, 0))
    total = np.cumsum(np.column_stack([np.zeros(len(parts)), parts[:, 1] - parts[:, 0]]).ravel())
    return np.diff(np.interp(edges, parts.ravel(), total))
