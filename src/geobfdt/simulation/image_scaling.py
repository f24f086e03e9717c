"""The images as a contractor delivers them: one scale for the well, and a locally equalised companion."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.ndimage import uniform_filter1d
from scipy.special import ndtr

from geobfdt.simulation.well_settings import WellSettings

__all__ = ["moving", "scale_images"]

Image = npt.NDArray[np.float32]
ROWS_AT_ONCE = 4096  # Rows that are scaled at a time: intermediate results fit into the cache.
SAMPLE_PIXELS = 400_000  # Number of pixels that the scale of a well is taken from.


def scale_images(recorded: Image, step: float, settings: WellSettings) -> tuple[Image, Image]:
    """
    Scale a recorded image to 0-255, dark for low values.

    Parameters
    ----------
    recorded : array (rows, columns)
        What the tool recorded; NaN in gaps.
    step : float
        Distance between rows (m).
    settings : WellSettings
        How it is scaled.

    Returns
    -------
    static, dynamic : array (rows, columns)
        The images, NaN in gaps.

    Examples
    --------
    >>> static, dynamic = scale_images(np.linspace(-1, 1, 600, dtype=np.float32).reshape(100, 6), 0.01, WellSettings())
    >>> static.min(), static.max(), bool(np.ptp(dynamic[50]) > np.ptp(static[50]))
    (0.0, 255.0, True)
    """
    values = recorded[np.isfinite(recorded)]
    values = values[:: max(values.size // SAMPLE_PIXELS, 1)]
    shares = np.linspace(settings.clip, 100 - settings.clip, 65)
    quantiles = np.percentile(values, shares) if values.size else np.zeros(65)
    top = 15.0 if settings.wrong_range else 255.0
    low, high = quantiles[0], max(quantiles[-1], quantiles[0] + 1e-6)
    mean, deviation = moving(recorded, max(int(settings.dynamic_window / step), 3))
    static, dynamic = np.empty_like(recorded), np.empty_like(recorded)
    for first in range(0, recorded.shape[0], ROWS_AT_ONCE):
        rows = slice(first, first + ROWS_AT_ONCE)
        if settings.static == "linear":
            static[rows] = ((recorded[rows] - low) * np.float32(top / (high - low))).clip(0, top)
        else:
            equal = np.interp(recorded[rows], quantiles + 1e-9 * np.arange(65), np.linspace(0, top, 65))
            static[rows] = np.where(np.isfinite(recorded[rows]), equal, np.nan)
        dynamic[rows] = ndtr((recorded[rows] - mean[rows, None]) / deviation[rows, None]) * np.float32(top)
        if settings.quantised:
            np.rint(static[rows], out=static[rows])
            np.rint(dynamic[rows], out=dynamic[rows])
    return static, dynamic


def moving(recorded: Image, window: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """
    Mean and standard deviation over a moving window of rows, all round the hole.

    Parameters
    ----------
    recorded : array (rows, columns)
        Image, NaN in gaps.
    window : int
        Rows.

    Returns
    -------
    mean, deviation : array (rows,)
        One of each a row.

    Examples
    --------
    >>> moving(np.array([[0, 2], [0, 2], [0, np.nan]], dtype=np.float32), 3)[0]
    array([1. , 0.8, 0.5], dtype=float32)
    """
    sums = np.empty((3, recorded.shape[0]))
    for first in range(0, recorded.shape[0], ROWS_AT_ONCE):
        rows = slice(first, first + ROWS_AT_ONCE)
        measured = np.isfinite(recorded[rows])
        block = np.where(measured, recorded[rows], np.float32(0))
        sums[:, rows] = measured.sum(1), block.sum(1, dtype=float), (block * block).sum(1, dtype=float)
    count, total, square = uniform_filter1d(sums, window, axis=1, mode="nearest")
    count = np.maximum(count, 1e-9)
    mean = total / count
    deviation = np.sqrt(np.maximum(square / count - mean**2, 1e-6))
    return mean.astype(np.float32), deviation.astype(np.float32)
