"""Contrast: images brought to [0, 1] over a whole well (static) or over a sliding window (dynamic).

Both keep NaN where nothing was measured, so the mask stays ``isfinite``.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from geobfdt.wells.image import WellImage, row_spacing

__all__ = ["contrast_span", "dynamic", "normalise_dynamic", "normalise_static", "window_sum"]

Image = npt.NDArray[np.float32]

_SPAN_DEVIATIONS = 2.5  # Number of standard deviations from mid-grey to black or white.
_ROWS_AT_ONCE = 1024  # Rows that are converted to float64 at a time.


def contrast_span(values: npt.ArrayLike) -> tuple[float, float]:
    """
    Values that a static image shows as black and as white: the 1st and 99th percentiles.

    Parameters
    ----------
    values : array
        Image; NaN where nothing was measured.

    Returns
    -------
    low, high : float
        High is above low, whatever the image.

    Examples
    --------
    >>> contrast_span([[0.0, 50.0, 100.0, np.nan]])
    (1.0, 99.0)
    """
    image = np.asarray(values, dtype=np.float32)
    measured = image[np.isfinite(image)]
    low, high = np.percentile(measured, [1, 99]).tolist() if measured.size else (0.0, 0.0)
    return (low, high) if high > low else (low - 0.5, low + 0.5)


def normalise_static(values: npt.ArrayLike, span: tuple[float, float] | None = None) -> Image:
    """
    Stretch an image so that its 1st and 99th percentiles become 0 and 1; what lies beyond is clipped.

    Parameters
    ----------
    values : array (rows, columns)
        Image; NaN where nothing was measured.
    span : (float, float), optional
        What becomes 0 and 1, if not these percentiles.

    Returns
    -------
    array (rows, columns)
        float32 in [0, 1], NaN kept; 0.5 throughout where the image has no contrast.

    Examples
    --------
    >>> normalise_static([[0.0, 50.0, 100.0, np.nan]])
    array([[0. , 0.5, 1. , nan]], dtype=float32)
    """
    image = np.asarray(values, dtype=np.float32)
    low, high = span if span is not None else contrast_span(image)
    out = np.clip((image - np.float32(low)) / np.float32(high - low), 0, 1)
    return np.where(np.isfinite(image), out, np.nan).astype(np.float32)


def normalise_dynamic(values: npt.ArrayLike, rows: int) -> Image:
    """
    Equalise an image over a sliding window of `rows` rows and all columns.

    The window's mean becomes 0.5 and 2.5 of its standard deviations reach 0 and 1. Both are taken twice, the second
    time with the values beyond 2.5 deviations drawn in, so that a cavity or a dead button does not grey out its
    neighbours. At the ends the window is cut short.

    Parameters
    ----------
    values : array (n, columns)
        Image; NaN where nothing was measured.
    rows : int
        Height of the window (rows); even heights are raised by one.

    Returns
    -------
    array (n, columns)
        float32 in [0, 1], NaN kept. A row depends on at most `rows` rows above and below it, to the last bit: a strip
        with that margin is normalised exactly as the whole well is.

    Notes
    -----
    The cost grows with the pixels, not with the window.

    Examples
    --------
    >>> normalise_dynamic([[1.0, 3.0], [11.0, np.nan], [5.0, 9.0]], 1)
    array([[0.3, 0.7],
           [0.5, nan],
           [0.3, 0.7]], dtype=float32)
    """
    image = np.asarray(values, dtype=np.float32)
    measured = np.isfinite(image)
    mean, deviation = _window_statistics(image, measured, rows)
    clipped = np.clip(
        image, (mean - _SPAN_DEVIATIONS * deviation)[:, None], (mean + _SPAN_DEVIATIONS * deviation)[:, None]
    )
    mean, deviation = _window_statistics(clipped, measured, rows)
    # Below float32's own resolution there is no contrast, only rounding.
    flat = ~(deviation > np.maximum(1e-6 * np.abs(mean), 1e-30))
    scale = np.where(flat, 0.0, 1 / (2 * _SPAN_DEVIATIONS * np.where(flat, 1.0, deviation)))
    out = (image - mean.astype(np.float32)[:, None]) * scale.astype(np.float32)[:, None]
    out += np.float32(0.5)
    np.clip(out, 0, 1, out=out)
    out[~measured] = np.nan
    return np.asarray(out, dtype=np.float32)


def dynamic(image: WellImage, window: float = 1.0) -> Image:
    """
    Equalise a well's image over a sliding window; always ours, whatever companion the file brought.

    Parameters
    ----------
    image : WellImage
        The well.
    window : float
        Height of the window (m).

    Returns
    -------
    array (rows, columns)
        float32 in [0, 1], NaN kept.

    Examples
    --------
    >>> from geobfdt.wells.image import well_image
    >>> dynamic(well_image([[0.0, 2.0]] * 4, [0.0, 0.1, 0.2, 0.3]), window=0.3)[0]
    array([0.3, 0.7], dtype=float32)
    """
    spacing = row_spacing(image)
    rows = round(window / spacing) if spacing > 0 else 1
    return normalise_dynamic(image["image"].values, max(rows, 3))


def window_sum(values: npt.NDArray[np.float64], rows: int) -> npt.NDArray[np.float64]:
    """
    Sum over a centred window along the first axis, cut short at the ends.

    Parameters
    ----------
    values : array (n, ...)
        Finite values.
    rows : int
        Height of the window; even heights are raised by one.

    Returns
    -------
    array (n, ...)
        Sums. Windows are added up pairwise by doubling, never as differences of a running total, so that a sum depends
        on nothing outside its window, rounding included.

    Examples
    --------
    >>> window_sum(np.array([1.0, 2.0, 3.0, 4.0]), 3)
    array([3., 6., 9., 7.])
    """
    half = rows // 2
    size = 2 * half + 1
    pad = np.zeros((half, *values.shape[1:]))
    power, span = np.concatenate([pad, values, pad]), 1
    total, summed = np.zeros(values.shape), 0
    n = values.shape[0]
    while summed < size:
        if size & span:
            total = total + power[summed : summed + n]
            summed += span
        if 2 * span <= size:
            power = power[:-span] + power[span:]
        span *= 2
    return total


def _window_statistics(
    image: Image, measured: npt.NDArray[np.bool_], rows: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Mean and standard deviation of the measured pixels around each row; 0 where there are none."""
    sums = np.empty((image.shape[0], 3))
    for top in range(0, image.shape[0], _ROWS_AT_ONCE):
        block = slice(top, top + _ROWS_AT_ONCE)
        # float64 before summing: numpy's cast while summing cuts rows at its buffer's edge, which moves the last bit.
        filled = np.where(measured[block], image[block], 0).astype(np.float64)
        sums[block] = np.stack([measured[block].sum(axis=1), filled.sum(axis=1), (filled * filled).sum(axis=1)], axis=1)
    count, total, square = window_sum(sums, rows).T
    count = np.maximum(count, 1)
    mean = total / count
    return mean, np.sqrt(np.maximum(square / count - mean**2, 0))
