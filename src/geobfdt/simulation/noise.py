"""Smooth random series and textures, fast enough for kilometres of image."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter1d

__all__ = ["Texture", "smooth_series"]

_NODES_PER_LENGTH = 2.0  # Number of nodes per correlation length; the smoothing kernel is as wide.
# Factor that brings white noise smoothed by a Gaussian of that width back to unit variance.
_NORM = math.sqrt(2 * math.sqrt(math.pi) * _NODES_PER_LENGTH)


def smooth_series(rng: np.random.Generator, at: npt.NDArray[np.float64], scale: float) -> npt.NDArray[np.float64]:
    """
    Gaussian series of zero mean and unit variance.

    Parameters
    ----------
    rng : Generator
        Source of randomness.
    at : array (n,)
        Positions (m).
    scale : float
        Correlation length (m).

    Returns
    -------
    array (n,)
        Values.

    Examples
    --------
    >>> smooth_series(np.random.default_rng(0), np.array([0.0, 1e-9]), 5.0).round(6)
    array([-0.44716, -0.44716])
    """
    low, step = float(at.min()), scale / _NODES_PER_LENGTH
    count = int((float(at.max()) - low) / step) + 2
    margin = int(4 * _NODES_PER_LENGTH)
    nodes = gaussian_filter1d(rng.standard_normal(count + 2 * margin), _NODES_PER_LENGTH)[margin:-margin] * _NORM
    return np.asarray(np.interp(at, low + step * np.arange(count), nodes))


class Texture:
    """
    Gaussian texture of zero mean and unit variance on the wall of a hole, periodic in azimuth.

    Only the coarse nodes are kept; blocks of rows are interpolated from them, so neighbouring blocks fit.

    Parameters
    ----------
    rng : Generator
        Source of randomness.
    rows, columns : int
        Size of the wall.
    tall, wide : float
        Correlation lengths (rows, columns).

    Examples
    --------
    >>> texture = Texture(np.random.default_rng(0), 100, 36, 10.0, 6.0)
    >>> bool(np.array_equal(texture.block(0, 60)[40:], texture.block(40, 60)))
    True
    """

    def __init__(self, rng: np.random.Generator, rows: int, columns: int, tall: float, wide: float) -> None:
        self._step = max(tall / _NODES_PER_LENGTH, 1.0)
        row_sigma = tall / self._step
        count = max(int(columns / max(wide / _NODES_PER_LENGTH, 1.0)), 3)
        column_sigma = min(wide * count / columns, count / 4)
        height = int(rows / self._step) + 2
        nodes = rng.standard_normal((height, count), dtype=np.float32)
        nodes = gaussian_filter1d(gaussian_filter1d(nodes, row_sigma, axis=0), column_sigma, axis=1, mode="wrap")
        norm = math.sqrt(math.sqrt(4 * math.pi * row_sigma**2 + 1) * math.sqrt(4 * math.pi * column_sigma**2 + 1))
        at = np.arange(columns) * count / columns
        left_index = at.astype(int) % count
        weight = (at - at.astype(int)).astype(np.float32)
        self._nodes = nodes * np.float32(norm)
        self._lower, self._upper, self._weight = left_index, (left_index + 1) % count, weight

    def block(self, first: int, last: int) -> npt.NDArray[np.float32]:
        """Rows `first` to `last` (excluded) of the texture: array (last - first, columns)."""
        at = np.arange(first, last) / self._step
        upper = at.astype(int)
        low = int(upper[0])
        nodes = self._nodes[low : int(upper[-1]) + 2]
        wide = nodes[:, self._lower] * (1 - self._weight) + nodes[:, self._upper] * self._weight
        weight = (at - upper).astype(np.float32)[:, None]
        above = wide[upper - low]
        below = wide[upper - low + 1]
        below -= above
        below *= weight
        below += above
        return np.asarray(below)
