"""Evidence for thin dark lines along the hole: how clearly pieces of each direction stand out round each place."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.ndimage import maximum_filter1d, median_filter, uniform_filter1d

from geobfdt.geometry import parabola_peak
from geobfdt.picking.breakouts.darkness import column_medians, wall_cells
from geobfdt.preparation.normalisation import contrast_span
from geobfdt.wells.image import WellImage

__all__ = ["AXIAL", "SLOPES", "LineEvidence", "line_evidence"]

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

# Cells in which lines are looked for; an image with fewer columns does not resolve them.
_ROW_M = 0.02
_COLUMNS = 180
# Directions of a piece that are tried (rad per m along the hole), and those of lines along the hole among them.
SLOPES = np.array([-4.2, -3.0, -1.8, -0.8, 0.0, 0.8, 1.8, 3.0, 4.2])
AXIAL = slice(3, 6)
# Length of a piece of a line, along which cells are averaged.
_PIECE_M = 0.14
# Half the width of a line, and where the wall beside it begins and ends (deg).
_HALF_DEG, _BESIDE_DEG = 1.5, (4.0, 11.0)
# Contrasts count between these shares of the contrast of the strip.
_CONTRASTS = (-0.4, 0.6)
# What is wider than this is no line.
_BROAD_DEG = 20.0
# Pieces wander by this angle round a place, and inclined ones sweep an angle that grows with their slope.
_WANDER_DEG, _SWEEP_M = 4.0, 0.1
# The scatter of contrasts is taken over this height, and is no smaller than this share of the strip's contrast.
_SCATTER_M, _MIN_SCATTER = 1.0, 0.01
# A piece counts up to so many scatters: one that is very dark is no proof of a row of them.
_MAX_SCATTERS = 5.0
# Pieces are averaged over this height, of which so much has to be measured.
_WINDOW_M, _MIN_ROWS = 0.6, 0.35
# Height of a block of rows by which the turn of the tool is followed, and its largest turn from one to the next.
_PATH_BLOCK_M = 0.5
_MAX_TURN_DEG = 20.0
# What a pixel between pads counts, in shares of the contrast: the edges of pads show how a tool turns.
_GAP_MARK = -1.0
# A line that goes on over half of this height along the path of the tool is one of the tool: a dead button.
_TOOL_LINE_M = 8.0
# Height over which cells are averaged in order to find dead buttons, and their least contrast.
_BUTTON_M, _MIN_BUTTON = 0.3, 0.08
# A mean needs so much of its cells.
_MIN_MEASURED = 0.5


class LineEvidence(NamedTuple):
    """
    Evidence for lines.

    Parameters
    ----------
    contrast : array (slopes, rows, columns)
        How much darker a piece is than the wall beside it, as a share of the strip's contrast; NaN where that is not
        measured.
    strength : array (slopes, rows, columns)
        Mean over 0.6 m of the clearest piece of each row within reach, in scatters, above the median round the hole.
    turn : array (rows,)
        How far the tool is turned against the first row (rad).
    depth : array (rows,)
        Middles of the rows (m, MD).
    step : float
        Height of a row (m).
    """

    contrast: Array
    strength: Array
    turn: Array
    depth: Array
    step: float


def _band_reach(slope: float) -> float:
    """Angle on either side of a place over which pieces of a slope count for it (deg)."""
    return _WANDER_DEG + float(np.degrees(abs(slope) * _SWEEP_M))


def line_evidence(image: WellImage) -> LineEvidence:
    """
    Measure the evidence for lines on a strip.

    Parameters
    ----------
    image : WellImage
        The strip, in memory.

    Notes
    -----
    What follows the tool for metres is taken out, and the cells of dead buttons count as not measured. Cells are then
    averaged along short pieces of nine directions and compared with the wall beside them, the darker side of the two;
    at the edge of a pad the one that is measured. These contrasts are divided by their scatter on the rows nearby, so
    that a faint line of a quiet image counts, and one speck among many does not. Round each place the clearest piece of
    each row counts, within an angle that grows with the slope: short inclined pieces lie side by side, not on a line.
    """
    cells = wall_cells(image, _ROW_M, min(_COLUMNS, image.sizes["azimuth"] // 2 * 2))
    step = cells.step
    values, measured, path = _without_tool(cells.mean, step)
    columns = values.shape[1]
    contrast = np.array([_piece_contrast(values, measured, float(slope), step) for slope in SLOPES])
    strength = np.array([_strength(part, float(slope), step) for part, slope in zip(contrast, SLOPES, strict=True)])
    return LineEvidence(contrast, strength, path * 2 * np.pi / columns, cells.depth, step)


def _without_tool(mean: Array, step: float) -> tuple[Array, Mask, Array]:
    """Contrast of cells above the wall round them, which cells are measured, and the path of the tool (columns)."""
    columns = mean.shape[1]
    measured = np.isfinite(mean) & (np.isfinite(mean).sum(axis=1, keepdims=True) >= columns // 8)
    low, high = contrast_span(np.where(measured, mean, np.nan))
    values = np.where(measured, mean, np.nan)
    # Rows without a pixel have no median, and keep 0.
    there = measured.any(axis=1, keepdims=True)
    values = values - np.nanmedian(np.where(there, values, 0.0), axis=1, keepdims=True)
    values = np.where(measured, np.clip(np.nan_to_num(values) / (high - low), *_CONTRASTS), 0.0)
    path = _tool_path(values, measured, step)
    # In the frame of the tool, lines that follow it are columns.
    row, place = np.arange(len(values))[:, None], (np.arange(columns) + np.rint(path).astype(int)[:, None]) % columns
    straight = np.where(measured[row, place], values[row, place], np.nan)
    lines, dead = np.zeros(values.shape), np.zeros(values.shape, dtype=bool)
    lines[row, place] = column_medians(straight, _window(_TOOL_LINE_M, step), _MIN_MEASURED)
    dead[row, place] = _dead_buttons(straight, step)
    values, measured = values - lines, measured & ~dead
    # Dark sides, which are many times wider than a line, are the median round them.
    broad = _median_round(values, round(_BROAD_DEG / 360 * columns))
    return np.where(measured, values - broad, 0.0), measured, path


def _window(height: float, step: float) -> int:
    """Rows of a height, at least one."""
    return max(round(height / step), 1)


def _tool_path(values: Array, measured: Mask, step: float) -> Array:
    """Turn of the tool in columns: how blocks of rows, with the gaps between their pads, are turned to the next."""
    rows, columns = values.shape
    size = _window(_PATH_BLOCK_M, step)
    starts = np.arange(0, max(rows - size, 0) + 1, size)
    blocks = np.add.reduceat(np.where(measured, values, _GAP_MARK), starts, axis=0)
    spectra = np.fft.rfft(blocks - blocks.mean(axis=1, keepdims=True), axis=1)
    match = np.fft.irfft(np.conj(spectra[:-1]) * spectra[1:], columns, axis=1)
    reach = max(round(_MAX_TURN_DEG / 360 * columns), 1)
    shifts = np.arange(-reach, reach + 1)
    turns = _peak(match[:, shifts % columns]) + shifts[0] if len(match) else np.zeros(0)
    return np.asarray(np.interp(np.arange(rows), starts + size / 2, np.concatenate([[0.0], np.cumsum(turns)])))


def _peak(match: Array) -> Array:
    """Place of the highest value of each row, between columns by a parabola."""
    best = match.argmax(axis=1).clip(1, match.shape[1] - 2)
    rows = np.arange(len(match))
    offset = parabola_peak(*(match[rows, best + shift] for shift in (-1, 0, 1)))
    return np.asarray(best + np.clip(offset, -0.5, 0.5))


def _dead_buttons(straight: Array, step: float) -> Mask:
    """
    Which cells, in the frame of the tool, lie on thin lines that go on for metres.

    A dead button changes from one cell to the next while the tool turns, so the darkest of three cells counts.
    """
    window, there = _window(_BUTTON_M, step), np.isfinite(straight)
    total, count = (
        uniform_filter1d(part, window, axis=0, mode="nearest")
        for part in (np.nan_to_num(straight), there.astype(float))
    )
    mean = np.where(count > 0.3, total / np.maximum(count, 0.01), np.nan)
    on = np.fmax.reduce([np.roll(mean, shift, axis=1) for shift in (-1, 0, 1)])
    sides = [_mean_of([np.roll(mean, sign * shift, axis=1) for shift in (3, 4, 5)]) for sign in (-1, 1)]
    line = on - np.fmax(*sides)
    return np.asarray(column_medians(line, _window(_TOOL_LINE_M, step), _MIN_MEASURED) > _MIN_BUTTON)


def _mean_of(parts: list[Array]) -> Array:
    """Mean of arrays where one of them at least is measured."""
    count = np.sum([np.isfinite(part) for part in parts], axis=0)
    return np.where(count > 0, np.sum([np.nan_to_num(part) for part in parts], axis=0) / np.maximum(count, 1), np.nan)


def _median_round(values: Array, reach: int) -> Array:
    """Median round the hole over `reach` columns on both sides of each place."""
    turned = np.pad(values, ((0, 0), (reach, reach)), mode="wrap")
    # A filter of one dimension is several times faster; what it mixes at the ends of rows is cut off.
    flat: Array = median_filter(turned.ravel(), size=2 * reach + 1, mode="nearest")
    return flat.reshape(turned.shape)[:, reach : reach + values.shape[1]]


def _piece_contrast(values: Array, measured: Mask, slope: float, step: float) -> Array:
    """Mean along a piece through each place less the darker one of the walls beside it that are measured."""
    columns = values.shape[1]
    cell, reach = 360 / columns, max(round(_PIECE_M / 2 / step), 0)
    padded = [np.pad(array, ((reach, reach), (0, 0))) for array in (values, measured.astype(float))]
    sums = [np.zeros(values.shape), np.zeros(values.shape)]
    for down in range(-reach, reach + 1):
        along = round(float(np.degrees(slope * down * step)) / cell)
        for total, array in zip(sums, padded, strict=True):
            total += np.roll(array[reach + down : reach + down + len(values)], -along, axis=1)
    half = round(_HALF_DEG / cell)
    begin = max(round(_BESIDE_DEG[0] / cell), half + 1)
    end = max(round(_BESIDE_DEG[1] / cell), begin + 1)
    turned = np.arange(-end - 1, columns + end + 1) % columns
    added = [np.cumsum(part[:, turned], axis=1) for part in sums]

    def mean(first: int, last: int) -> Array:
        value, number = (
            part[:, end + last : end + last + columns] - part[:, end + first : end + first + columns] for part in added
        )
        enough = number >= _MIN_MEASURED * (2 * reach + 1) * (last - first)
        return np.where(enough, value / np.maximum(number, 1), np.nan)

    beside = np.fmax(mean(-end, -begin), mean(begin + 1, end + 1))
    return np.asarray(mean(-half, half + 1) - beside)


def _strength(contrast: Array, slope: float, step: float) -> Array:
    """Mean over a window of the clearest piece of each row, in scatters, above the median round the hole."""
    columns = contrast.shape[1]
    measured = np.isfinite(contrast)
    there = measured.any(axis=1)
    scatter = np.zeros(len(contrast))
    scatter[there] = 1.4826 * np.nanmedian(np.abs(contrast[there]), axis=1)
    height = _window(_SCATTER_M, step)
    near = uniform_filter1d(there.astype(float), height, mode="nearest")
    scatter = uniform_filter1d(scatter, height, mode="nearest") / np.maximum(near, 1e-3)
    scaled = np.clip(contrast / np.maximum(scatter, _MIN_SCATTER)[:, None], 0, _MAX_SCATTERS)
    reach = 2 * round(_band_reach(slope) / 360 * columns) + 1
    clearest = maximum_filter1d(np.where(measured, scaled, -1.0), reach, axis=1, mode="wrap")
    window = _window(_WINDOW_M, step)
    total, count = (
        uniform_filter1d(part, window, axis=0, mode="constant")
        for part in (np.maximum(clearest, 0.0), (clearest >= 0).astype(float))
    )
    mean = np.where(count > _MIN_ROWS, total / np.maximum(count, 1e-6), np.nan)
    some = np.isfinite(mean).any(axis=1, keepdims=True)
    return np.asarray(np.nan_to_num(mean - np.nanmedian(np.where(some, mean, 0.0), axis=1, keepdims=True)))
