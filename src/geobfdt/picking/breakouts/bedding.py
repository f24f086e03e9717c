"""Level of the wall along the bedding: what is left beside it is no bed."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.ndimage import uniform_filter1d

__all__ = ["bedding_level", "column_levels", "first_harmonic"]

Array = npt.NDArray[np.float64]

# Cells in which the bedding is searched.
_ROW_M, _COLUMNS = 0.08, 36
# Largest amplitude of a bed's trace (m); steeper beds are hardly crests any more.
_MAX_AMPLITUDE_M = 2.0
# A window of one bedding, and the distance from one to the next.
_WINDOW_M, _HOP_M = 2.0, 1.0
# Pixels count up to this many standard deviations, so that lobes do not decide.
_CLIP = 1.5
# A plane counts if it explains this share of the variance more than level beds.
_MIN_GAIN = 0.05
# A trace needs so much of its cells.
_MIN_MEASURED = 0.3


def bedding_level(mean: Array, step: float) -> Array:
    """
    Median of the wall along the bedding through each cell.

    Parameters
    ----------
    mean : array (rows, columns)
        A wall; NaN where nothing was measured.
    step : float
        Height of a row (m).

    Returns
    -------
    array (rows, columns)
        The level; NaN where a trace has too few measured cells.

    Notes
    -----
    In windows of 2 m the plane is searched along whose traces the wall varies least: the one that explains the largest
    sum of squares, ``S^2 / N`` over traces, of the amplitudes of its cosine and sine part. The search goes from cells
    of 8 cm to the rows of the wall. A median along a trace is not moved by lobes, which take less than half of it.
    """
    rows, columns = mean.shape
    t = np.radians((np.arange(columns) + 0.5) * 360 / columns)
    parts = np.column_stack([np.cos(t), np.sin(t)])
    centred = mean - column_levels(mean)
    scaled = _scaled(centred)
    factor = max(round(_ROW_M / step), 1)
    middles = np.arange(0, rows, max(round(_HOP_M / step), 1))
    half = max(round(_WINDOW_M / 2 / step), 1)
    planes = _coarse(scaled, parts, step, factor)[np.minimum(middles // factor, -(-rows // factor) - 1)]
    level = np.full(mean.shape, np.nan)
    nearest = np.abs(np.arange(rows)[:, None] - middles).argmin(axis=1)
    for number, (middle, plane) in enumerate(zip(middles.tolist(), planes, strict=True)):
        window = np.arange(middle - half, middle + half)
        fine = _refine(scaled, parts, step, window, plane, factor * step)
        shift = np.rint(parts @ fine / step).astype(int)
        mine = np.flatnonzero(nearest == number)
        first, last = mine[0] - shift.max(), mine[-1] - shift.min() + 1
        traces = _gather(centred, np.arange(first, last), shift)
        measured = np.isfinite(traces)
        enough = measured.mean(axis=1) >= _MIN_MEASURED
        median = np.full(len(traces), np.nan)
        median[enough] = np.nanmedian(traces[enough], axis=1)
        level[mine] = median[mine[:, None] - shift - first]
    return level


def _scaled(centred: Array) -> Array:
    """A wall without the level of its columns in standard deviations, clipped; NaN where nothing was measured."""
    measured = np.isfinite(centred)
    deviation = 1.4826 * float(np.median(np.abs(centred[measured]))) if measured.any() else 0.0
    return np.clip(centred / (deviation or 1.0), -_CLIP, _CLIP)


def column_levels(mean: Array) -> Array:
    """Median of each column; 0 of one without a measured cell."""
    there = np.isfinite(mean).any(axis=0)
    return np.where(there, np.nanmedian(np.where(there, mean, 0.0), axis=0), 0.0)


def first_harmonic(levels: Array) -> Array:
    """First harmonic round the hole of values by column (..., columns): one dark side, which no pair of lobes makes."""
    columns = levels.shape[-1]
    angle = 2 * np.pi * (np.arange(columns) + 0.5) / columns
    waves = np.column_stack([np.cos(angle), np.sin(angle)])
    return np.asarray(levels @ waves @ waves.T * 2 / columns)


def _coarse(scaled: Array, parts: Array, step: float, factor: int) -> Array:
    """Best plane of each coarse row: array (coarse rows, 2) of cosine and sine amplitude (m)."""
    rows, columns = scaled.shape
    padded = np.pad(scaled, ((0, -rows % factor), (0, 0)), constant_values=np.nan)
    blocks = padded.reshape(-1, factor, columns)
    count = np.isfinite(blocks).sum(axis=1)
    coarse = np.where(count > 0, np.nansum(blocks, axis=1) / np.maximum(count, 1), np.nan)
    few = _few_columns(columns)
    coarse, here = coarse[:, few], parts[few]
    height = factor * step
    reach = int(_MAX_AMPLITUDE_M / height)
    grid = np.stack(np.meshgrid(*[np.arange(-reach, reach + 1)] * 2, indexing="ij"), -1).reshape(-1, 2)
    grid = grid[np.hypot(*grid.T) <= reach]
    window = max(round(_WINDOW_M / height), 1)
    best, plane = np.full(len(coarse), -np.inf), np.zeros((len(coarse), 2))
    total = uniform_filter1d(np.nansum(coarse**2, axis=1), window, mode="constant")
    flat = uniform_filter1d(_explained(coarse), window, mode="constant")
    # Column, shift, row: a shifted column is a stretch of memory, and most of the time of the search is spent here.
    ends = ((reach, reach), (0, 0))
    shifted = [
        np.lib.stride_tricks.sliding_window_view(np.pad(part, ends).T.copy(), len(coarse), axis=1)
        for part in (np.nan_to_num(coarse), np.isfinite(coarse).astype(float))
    ]
    each = np.arange(few.size)
    for one in grid:
        total_of, count_of = (part[each, reach + np.rint(here @ one).astype(int)].sum(axis=0) for part in shifted)
        power = uniform_filter1d(total_of**2 / np.maximum(count_of, 1), window, mode="constant")
        better = power > best
        best[better], plane[better] = power[better], one * height
    return np.where((best > flat + _MIN_GAIN * total)[:, None], plane, 0.0)


def _refine(
    scaled: Array, parts: Array, step: float, window: npt.NDArray[np.intp], plane: Array, height: float
) -> Array:
    """Move a plane to ever closer neighbours for as long as it explains more of a window."""
    few = _few_columns(scaled.shape[1])
    scaled, parts = scaled[:, few], parts[few]
    while height > 1.5 * step:
        height /= 2
        tries = [plane + height * np.array([a, b]) for a in (-1, 0, 1) for b in (-1, 0, 1)]
        powers = [
            float(_explained(_gather(scaled, window, np.rint(parts @ one / step).astype(int))).sum()) for one in tries
        ]
        plane = tries[int(np.argmax(powers))]
    return plane


def _few_columns(columns: int) -> npt.NDArray[np.intp]:
    """Columns in which a plane is searched: a trace is smooth, and so many tell it."""
    every = max(columns // _COLUMNS, 1)
    return np.arange(every // 2, columns, every)


def _gather(wall: Array, rows: npt.NDArray[np.intp], shift: npt.NDArray[np.intp]) -> Array:
    """Rows of a wall whose columns are moved along the hole; NaN beyond its ends."""
    place = rows[:, None] + shift
    inside = (place >= 0) & (place < len(wall))
    return np.where(inside, wall[place.clip(0, len(wall) - 1), np.arange(wall.shape[1])], np.nan)


def _explained(traces: Array) -> Array:
    """Sum of squares that the mean of each trace explains."""
    count = np.isfinite(traces).sum(axis=1)
    return np.asarray(np.nansum(traces, axis=1) ** 2 / np.maximum(count, 1))
