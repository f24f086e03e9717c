"""Filling the gaps between pads, for the eye and for filters that need a value everywhere.

A filled pixel is not a measurement: the mask stays ``isfinite`` of the image before it was filled.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.spatial import KDTree

__all__ = ["fill_gaps", "fill_gaps_from_nearest"]

_ROWS_AT_ONCE = 4096  # Rows that are filled at a time; it bounds the memory.
_TIE_OFFSET_PIXELS = (1e-6, 1.618e-6)  # Offset of missing pixels, so that no two measured pixels are equally near.
_NEIGHBOURS = 5  # Number of measured pixels that a missing one is filled from.


def fill_gaps(values: npt.ArrayLike, angles: npt.ArrayLike) -> npt.NDArray[np.float32]:
    """
    Fill missing pixels by linear interpolation around the hole, row by row.

    Parameters
    ----------
    values : array (rows, columns)
        Image; NaN where nothing was measured.
    angles : array (columns,)
        Column centres (deg), increasing in [0, 360). The row closes at 360 degrees.

    Returns
    -------
    array (rows, columns)
        float32 image; a row without any measured pixel stays NaN.

    Raises
    ------
    ValueError
        If there is not one angle a column.

    Examples
    --------
    >>> fill_gaps([[np.nan, 1.0, np.nan, 3.0]], [0, 90, 180, 270])
    array([[2., 1., 2., 3.]], dtype=float32)
    """
    image = np.array(values, dtype=np.float32)
    turn = np.asarray(angles, dtype=np.float64)
    if image.ndim != 2 or turn.shape != image.shape[1:]:
        raise ValueError(f"image {image.shape} and angles {turn.shape} do not fit")
    gappy = np.flatnonzero(~np.isfinite(image).all(axis=1) & np.isfinite(image).any(axis=1))
    for top in range(0, gappy.size, _ROWS_AT_ONCE):
        rows = gappy[top : top + _ROWS_AT_ONCE]
        image[rows] = _filled(image[rows], turn)
    image[~np.isfinite(image)] = np.nan
    return image


def fill_gaps_from_nearest(values: npt.ArrayLike) -> npt.NDArray[np.float32]:
    """
    Fill missing pixels with the mean of the nearest measured ones, weighted by the inverse of their distance.

    Parameters
    ----------
    values : array (rows, columns)
        Image on square pixels around the hole, the last column beside the first; NaN where nothing was measured.

    Returns
    -------
    array (rows, columns)
        float32 image; a row without any measured pixel stays NaN.

    Notes
    -----
    A k-nearest-neighbour fill (k = 5) as in the published preparation, made affordable: only measured pixels beside a
    missing one can be nearest to any.

    Examples
    --------
    >>> fill_gaps_from_nearest([[2.0, np.nan, 4.0, 3.0]]).round(2)
    array([[2., 3., 4., 3.]], dtype=float32)
    """
    image = np.array(values, dtype=np.float32)
    measured = np.isfinite(image)
    missing = ~measured & measured.any(axis=1, keepdims=True)
    rim = measured & _beside(~measured)
    if not missing.any() or not rim.any():
        return image
    # A hair off: of pixels equally far, the same ones are nearest wherever the image begins.
    places, targets = np.argwhere(rim), np.argwhere(missing) + _TIE_OFFSET_PIXELS
    # The tree goes round the hole, not along it.
    tree = KDTree(places, boxsize=np.array([0.0, image.shape[1]]))
    distance, nearest = tree.query(targets, k=range(1, min(_NEIGHBOURS, len(places)) + 1))
    weight = 1 / np.asarray(distance)
    image[missing] = (weight * image[rim][nearest]).sum(axis=1) / weight.sum(axis=1)
    return image


def _beside(chosen: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Pixels at most three steps from a chosen one: five nearest lie no deeper, even at an end of the image."""
    near = chosen.copy()
    for _ in range(3):
        grown = near | np.roll(near, 1, axis=1) | np.roll(near, -1, axis=1)
        grown[1:] |= near[:-1]
        grown[:-1] |= near[1:]
        near = grown
    return near


def _filled(image: npt.NDArray[np.float32], turn: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    n = turn.size
    column = np.arange(n)
    measured = np.isfinite(image)
    # Column of the nearest measured neighbour on either side. Where the turn has none left, the one across 360 degrees
    # takes over: it is the last (or first) of the same row, a turn away.
    before = np.maximum.accumulate(np.where(measured, column, -1), axis=1)
    before = np.where(before < 0, before[:, -1:] - n, before)
    after = np.minimum.accumulate(np.where(measured, column, 2 * n)[:, ::-1], axis=1)[:, ::-1]
    after = np.where(after == 2 * n, after[:, :1] + n, after)
    row = np.arange(image.shape[0])[:, None]
    # A negative index already names the same column, a turn earlier.
    start = turn[before] - 360.0 * (before < 0)
    span = turn[after % n] + 360.0 * (after >= n) - start
    weight = np.where(span > 0, (turn - start) / np.where(span > 0, span, 1), 0).astype(np.float32)
    before_value, after_value = image[row, before], image[row, after % n]
    return np.asarray(np.where(measured, image, before_value + weight * (after_value - before_value)))
