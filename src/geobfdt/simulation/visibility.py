"""Visibility of the planes of a simulated well in its image; it decides which planes are optional."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from geobfdt import geometry
from geobfdt.wells.image import WellImage

__all__ = ["BAND_M", "COARSE_ROW_M", "RowNoise", "Visibility", "line_contrast", "measure_visibility"]

Array = npt.NDArray[np.float64]
ANGLES = 96  # Number of columns that are compared; more would not change a mean.
BAND_M = 0.02  # Height of the rock that is compared on either side of a boundary.
# Row height from which one row on either side is compared; rows of 2 cm, which rounding makes higher, are not coarse.
COARSE_ROW_M = 0.03
_MAX_BAND_ROWS = 20  # Largest number of rows that are compared on either side.
# Wall beside a crack along the hole, on either side of it (deg), and least share of the crack that has to be measured.
_BESIDE_DEG = (8.0, 18.0)
_MIN_MEASURED = 1 / 3
FAINT_CONTRAST = 0.12  # Contrast, relative to the variation of the rock over a metre, at which a plane is hard to see.


class Visibility(NamedTuple):
    """
    Visibility of a plane.

    Parameters
    ----------
    visible : float
        0 (nothing there) to 1; contrast against its own scatter and against the local variation.
    coverage : float
        Share of the turn that was measured along it.
    continuity : float
        Share of the measured trace where the plane is.
    """

    visible: float
    coverage: float
    continuity: float


class RowNoise(NamedTuple):
    """
    Noise that the columns of a row share.

    Parameters
    ----------
    white : float
        Standard deviation of what each row has of its own.
    offset, correlation : float
        Standard deviation of offsets by row, and correlation of those of neighbouring rows.
    """

    white: float
    offset: float = 0.0
    correlation: float = 0.0

    def deviation(self, rows: npt.NDArray[np.int64], weight: Array, count: float) -> float:
        """Standard deviation of the mean of `count` sums over rows, each with these weights."""
        own = self.white * float(np.sqrt(float((weight**2).sum()) / count))
        if not self.offset:
            return own
        together = self.correlation ** np.abs(rows[:, None] - rows)
        return float(np.hypot(own, self.offset * np.sqrt(weight @ together @ weight / count)))


# Arrays of one computation.
def measure_visibility(  # noqa: PLR0913
    image: npt.NDArray[np.float32], top: float, step: float, trace: Array, half_width: float, gap: float,
    where_present: npt.NDArray[np.bool_], variation: npt.NDArray[np.float32], row_noise: RowNoise,
    noise_free: npt.NDArray[np.float32] | None = None, band: float = BAND_M,
) -> Visibility:  # fmt: skip
    """
    Measure the visibility of a plane in an image.

    Parameters
    ----------
    image : array (rows, columns)
        Recorded image, NaN in gaps.
    top, step : float
        Depth of the first row and distance between rows (m).
    trace : array (3,)
        ``(z0, a, b)`` (m).
    half_width : float
        Half the height of a line (m); 0 for a boundary between two beds.
    gap : float
        Distance to the next boundary (m).
    where_present : array (columns,) of bool
        Where round the hole the plane is.
    variation : array (rows,)
        Standard deviation of the image nearby.
    row_noise : RowNoise
        Noise that the columns of a row share.
    noise_free : array (rows, columns), optional
        Image of such planes alone, without noise; contrast is taken from it. Default: from the image.
    band : float
        Rock compared on either side of a boundary (m), if the next boundary is not nearer.

    Returns
    -------
    Sight
        Visibility of the plane.

    Examples
    --------
    >>> image = np.zeros((100, 36), np.float32)
    >>> image[50:] = 1
    >>> image += 0.1 * np.random.default_rng(0).standard_normal(image.shape)
    >>> args = {"half_width": 0.0, "gap": 1.0, "where_present": np.ones(36, bool), "row_noise": RowNoise(0.0)}
    >>> args["variation"] = np.full(100, 0.5)
    >>> traces = np.array([[0.495, 0.0, 0.0], [0.2, 0.0, 0.0]])
    >>> clear, absent = (measure_visibility(image, 0.0, 0.01, trace, **args).visible for trace in traces)
    >>> clear > 0.8, absent < 0.2
    (True, True)
    """
    rows, columns = image.shape
    column = np.arange(0, columns, max(columns // ANGLES, 1))
    angle = (column + 0.5) * 360 / columns
    centre = (geometry.trace_depth(trace, angle) - top) / step
    min_rows = 1 if step > COARSE_ROW_M else 2  # rows
    if half_width > 0:
        core = max(int(np.ceil(half_width / step)), min_rows - 1)
        last_outer = core + 1 + max(core, 3)
        inner, outer = np.arange(-core, core + 1), np.arange(core + 2, last_outer + 1)
        above, below = -outer, outer
        offsets = np.concatenate([above[::-1], inner, below])
        weight = np.where(np.abs(offsets) <= core, 1.0 / inner.size, -0.5 / outer.size)
    else:
        side = int(np.clip(min(0.6 * gap, band) / step, min_rows, _MAX_BAND_ROWS))
        offsets = np.concatenate([np.arange(-side, 0), np.arange(1, side + 1)])
        weight = np.sign(offsets) / side
    at = np.rint(centre).astype(int)[:, None] + offsets
    inside = (at >= 0) & (at < rows)
    values = image[at.clip(0, rows - 1), column[:, None]]
    good = inside & np.isfinite(values)
    # A column counts where most of its band was measured.
    measured = good.mean(1) > 0.7
    on = measured & where_present[column]
    coverage = float(measured.mean())
    if on.sum() < 3:
        return Visibility(0.0, coverage, 0.0)
    positive, negative = weight > 0, weight < 0
    counts = good[on]
    parts = [(side, np.maximum(counts[:, side].sum(1), 1)) for side in (positive, negative)]
    both = counts[:, positive].any(1) & counts[:, negative].any(1)
    if both.sum() < 3:
        return Visibility(0.0, coverage, 0.0)

    def differences(of: npt.NDArray[np.float32]) -> Array:
        """Difference between the middle, or one side, of the band and the rest, column by column."""
        filled = np.where(good, of[at.clip(0, rows - 1), column[:, None]], 0.0)[on]
        high, low = (filled[:, side].sum(1) / count for side, count in parts)
        return np.asarray((high - low)[both], dtype=np.float64)

    difference = differences(image)
    contrast = abs(float((difference if noise_free is None or noise_free is image else differences(noise_free)).mean()))
    # Noise shared by a row looks like a flat boundary; a trace that spans many rows averages it.
    crossed = 1 + 2 * float(np.hypot(trace[1], trace[2])) / step
    shared = row_noise.deviation(offsets, weight, crossed)
    against_scatter = contrast / (float(np.hypot(difference.std(), 2 * shared)) + 1e-6)
    row = int(np.clip((trace[0] - top) / step, 0, rows - 1))
    against_rock = contrast / (float(variation[row]) + 1e-6)
    visible = against_scatter / (against_scatter + 0.6) * against_rock / (against_rock + FAINT_CONTRAST)
    return Visibility(visible, coverage, float(on.sum() / max(measured.sum(), 1)))


def line_contrast(image: WellImage, path: Array) -> float:
    """
    Tell how much darker cracks along the hole are than the wall beside them.

    Parameters
    ----------
    image : WellImage
        The well, dark for low.
    path : array (points, 2)
        Depths (m, MD) and angles (deg) of the cracks.

    Returns
    -------
    float
        Mean difference as a share of the contrast of the image (1st to 99th percentile); NaN without a path, and where
        less than a third of it was measured.

    Examples
    --------
    >>> from geobfdt.wells.image import well_image
    >>> pixels = np.full((50, 72), 100.0)
    >>> pixels[:, 20] = 0.0
    >>> well = well_image(pixels, 0.01 * np.arange(50))
    >>> line_contrast(well, np.stack([0.01 * np.arange(50), np.full(50, 102.5)], axis=1))
    1.0
    """
    depth, angle, values = image["depth"].values, image["azimuth"].values, image["image"].values
    inside = (path[:, 0] >= depth[0]) & (path[:, 0] <= depth[-1])
    if not inside.any():
        return float("nan")
    # No more points than rows are needed.
    points = path[inside][:: max(1, len(path) // (4 * depth.size) + 1)]
    row = np.abs(np.searchsorted(depth, points[:, 0])).clip(0, depth.size - 1)
    away = geometry.signed_angle(angle - points[:, 1:])
    width = 360 / angle.size
    on = np.abs(away) <= max(width / 2, 1.5)
    beside = (np.abs(away) >= _BESIDE_DEG[0]) & (np.abs(away) <= _BESIDE_DEG[1] + width / 2)
    means, measured = [], np.isfinite(values[row])
    for part in (on, beside):
        count = (part & measured).sum(axis=1)
        with np.errstate(invalid="ignore"):
            means.append(np.where(part & measured, values[row], 0.0).sum(axis=1) / count)
    both = np.isfinite(means[0]) & np.isfinite(means[1])
    if both.mean() < _MIN_MEASURED:
        return float("nan")
    low, high = np.nanpercentile(values, [1, 99])
    return float((means[1] - means[0])[both].mean() / (high - low)) if high > low else 0.0
