"""Values of a travel-time image that are no echo of the wall."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.ndimage import label, median_filter

__all__ = ["gate_values", "spikes"]

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

# An end of the values is that of the gate if at least so many pixels have it, ...
_MIN_GATE_PIXELS = 10
# ... and it has so many times more pixels than its neighbours, or lies so many usual steps away from them.
_GATE_RATIO = 5.0
_GATE_STEPS = 20.0
# Values next to an end that it is compared with.
_NEIGHBOURS = 10
# A pixel stands out from its neighbours by this many standard deviations of its row, and by this much (m).
_SPIKE_SIGMAS = 6.0
_MIN_SPIKE_M = 0.001
# Rows and columns of the neighbourhood.
_WINDOW = (7, 7)
# More pixels together are a cavity, a fracture or a breakout.
_MAX_SPIKE_PIXELS = 12


def gate_values(times: npt.ArrayLike) -> list[float]:
    """
    Ends of the recording gate: the least or greatest value, where it stands for no echo.

    Parameters
    ----------
    times : array
        Travel times; NaN where nothing was measured.

    Returns
    -------
    list of float
        Values of pixels without an echo: none, one or two.

    Notes
    -----
    Where no echo comes, a tool records the end of its gate; where its own ringing is taken for one, the beginning. Then
    one value has far more pixels than those next to it, or stands alone.

    Examples
    --------
    >>> gate_values([*range(100, 150), *[200] * 40])
    [200.0]
    """
    values, counts = np.unique(np.asarray(times, dtype=np.float64)[np.isfinite(times)], return_counts=True)
    gates = []
    for end, others in ((0, slice(1, 1 + _NEIGHBOURS)), (-1, slice(-1 - _NEIGHBOURS, -1))):
        if values.size <= _NEIGHBOURS or counts[end] < _MIN_GATE_PIXELS:
            continue
        steps = np.abs(np.diff(values))
        alone = steps[end] >= _GATE_STEPS * np.median(steps)
        if alone or counts[end] >= _GATE_RATIO * counts[others].mean():
            gates.append(float(values[end]))
    return gates


def spikes(deviation: npt.ArrayLike, scatter: npt.ArrayLike) -> Mask:
    """
    Find single pixels and small groups that stand out from all their neighbours, such as cycle skips.

    Parameters
    ----------
    deviation : array (rows, columns)
        Distances less those of the fitted hole (m); NaN where nothing was measured.
    scatter : array (rows,)
        Standard deviation of the deviations of each row (m); NaN in rows without a fit.

    Returns
    -------
    array (rows, columns) of bool
        True where a pixel is one.

    Notes
    -----
    A pixel is compared with the median of its neighbourhood of 7 rows and 7 columns. Groups of more than 12 pixels
    stay: they are cavities, fractures or breakouts, and cycle skips of such a size cannot be distinguished.

    Examples
    --------
    >>> wall = np.zeros((20, 36))
    >>> wall[5, 7] = 0.004
    >>> np.argwhere(spikes(wall, np.full(20, 0.0002))).tolist()
    [[5, 7]]
    """
    values = np.asarray(deviation, dtype=np.float64)
    # Half a turn is repeated on either side, so that a group across the ends of the turn is whole.
    columns, half = values.shape[1], (values.shape[1] + 1) // 2
    wide = np.pad(values, ((0, 0), (half, half)), mode="wrap")
    measured = np.isfinite(wide)
    # Pixels that were not measured have the height of the fit, so that they are no neighbours that stand out.
    smooth: Array = median_filter(np.where(measured, wide, 0.0), size=_WINDOW, mode="nearest")
    limit = np.maximum(_SPIKE_SIGMAS * np.asarray(scatter, dtype=np.float64), _MIN_SPIKE_M)[:, None]
    with np.errstate(invalid="ignore"):
        out = measured & (np.abs(wide - smooth) > limit)
    numbers, count = label(out, structure=np.ones((3, 3)))
    # A corner of a cavity stands out from its neighbourhood, but is as deep as the cavity beside it.
    chosen = (np.bincount(numbers.ravel(), minlength=count + 1) <= _MAX_SPIKE_PIXELS) & (
        np.bincount(numbers.ravel(), _like_a_neighbour(wide, out, limit).ravel(), minlength=count + 1) == 0
    )
    chosen[0] = False
    return np.asarray(chosen[numbers][:, half : half + columns])


def _like_a_neighbour(values: Array, out: Mask, limit: Array) -> Mask:
    """Which pixels that stand out are as high as a neighbour that does not."""
    inner = np.pad(np.where(out, np.nan, values), 1, constant_values=np.nan)
    rows, columns = values.shape
    like = np.zeros(values.shape, dtype=bool)
    with np.errstate(invalid="ignore"):
        for down in range(3):
            for along in range(3):
                like |= np.abs(inner[down : down + rows, along : along + columns] - values) <= limit
    return out & like
