"""Drilling-induced fractures: pairs of thin dark lines along the hole, on opposite sides of it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.ndimage import label, maximum_filter1d, median_filter, uniform_filter1d

from geobfdt.geometry import parabola_peak, signed_angle
from geobfdt.picking.breakouts.darkness import column_medians, wall_cells
from geobfdt.preparation.normalisation import contrast_span
from geobfdt.wells.image import WellImage

__all__ = ["LinePair", "find_line_pairs"]

Array = npt.NDArray[np.float64]

# Cells in which lines are looked for; an image with fewer columns does not resolve them.
_ROW_M = 0.02
_COLUMNS = 180
_MIN_COLUMNS = 90
# Where less of the turn is measured, both sides of a pair are seldom seen.
_MIN_COVERAGE = 0.5
# Directions of a line that are tried (rad per m along the hole): induced fractures may be short and inclined, in rows.
_SLOPES = np.array([-4.0, -2.4, -1.2, -0.6, 0.0, 0.6, 1.2, 2.4, 4.0])
# Length of a piece of a line, along which cells are averaged.
_PIECE_M = 0.15
# Half the width of a line, and where the wall beside it begins and ends (deg).
_HALF_DEG, _BESIDE_DEG = 1.5, (4.0, 12.0)
# Contrasts count between these shares of the contrast of the strip.
_CONTRASTS = (-0.4, 0.6)
# What is wider than this is no line.
_BROAD_DEG = 20.0
# Pieces of a line wander by this angle, and are averaged over this height.
_WANDER_DEG = 6.0
_WINDOW_M = 0.5
# Two lines are 180 degrees apart within this.
_OPPOSITE_DEG = 10.0
# Height of a block of rows by which the turn of the tool is followed, and its largest turn from one to the next.
_PATH_BLOCK_M = 0.5
_MAX_TURN_DEG = 20.0
# What a pixel between pads counts, in shares of the contrast: the edges of pads show how a tool turns.
_GAP_MARK = -1.0
# Least contrast of a pair at its clearest place, and the share of it at which the pair ends.
_MIN_CONTRAST = 0.1
_END_SHARE = 0.5
_MIN_HEIGHT_M = 0.5
# A longer pair, or one beside another pair of another axis, is made by the tool.
_MAX_HEIGHT_M = 8.0
_SAME_AXIS_DEG = 25.0
# A line is as wide as its contrast is above this share of the greatest.
_PLATEAU = 0.7
# Opposite sides of a plane slope against each other; two lines differ by less (rad per m).
_MAX_SLOPE_DIFFERENCE = 0.9
# A line that goes on so far beyond the pair, at this share of its contrast, is one of the tool: a dead button.
_TOOL_LINE_M = 8.0
_TOOL_LINE_SHARE = 0.35
_TOOL_LINE_ROWS = 0.7
# A line moves by no more than this along the hole (deg per m) while it is followed.
_FOLLOW_DEG_M = 60.0
# A mean needs so much of its cells.
_MIN_MEASURED = 0.5


class LinePair(NamedTuple):
    """
    Two lines opposite each other.

    Parameters
    ----------
    top, base : float
        Depths (m, MD).
    azimuths : (float, float)
        Their middles on the image (deg).
    slope : float
        Direction of their pieces (rad per m along the hole).
    contrast : float
        How much darker than the wall beside them the fainter one is, as a share of the strip's contrast.
    """

    top: float
    base: float
    azimuths: tuple[float, float]
    slope: float
    contrast: float


def find_line_pairs(image: WellImage) -> list[LinePair]:
    """
    Find pairs of dark lines along the hole on a strip.

    Parameters
    ----------
    image : WellImage
        The strip, in memory.

    Returns
    -------
    list of LinePair
        From top to base; none on an image whose columns are too wide for them, or that covers less than half of the
        turn.

    Notes
    -----
    Lines that follow the tool for metres, such as dead buttons, are taken out first. Cells are then averaged along
    short pieces of nine directions and compared with the wall on both sides. What is left is averaged over half a
    metre, and the fainter one of two opposite places is the contrast of a pair. The flanks of a steep plane lie
    opposite each other, too, but slope against each other. Lines that can be followed for metres beyond their pair, and
    pairs of several axes at one depth, are those of a tool. The thresholds are set on simulated wells
    (``benchmarks/breakouts.py`` measures others).
    """
    if image.sizes["azimuth"] < _MIN_COLUMNS or np.isfinite(image["image"].values).mean() < _MIN_COVERAGE:
        return []
    strength, depth, step = _line_strength(image)
    opposite = _opposite(strength)
    clearest = np.minimum(strength, opposite).max(axis=0)
    half = clearest.shape[1] // 2
    numbers = _label_half_turns(clearest > _END_SHARE * _MIN_CONTRAST)
    pairs = []
    for number in range(1, int(numbers.max(initial=0)) + 1):
        rows, columns = np.nonzero(numbers[:, :half] == number)
        if rows.size and clearest[rows, columns].max() >= _MIN_CONTRAST:
            pair = _measure(strength, clearest, depth, step, rows, columns)
            if pair is not None:
                pairs.append(pair)
    return sorted(pair for pair in pairs if not any(_of_another_axis(pair, other) for other in pairs))


def _of_another_axis(pair: LinePair, other: LinePair) -> bool:
    """Whether two pairs share depths, but no axis: induced fractures follow one stress."""
    shared = min(pair.base, other.base) - max(pair.top, other.top)
    off = abs(signed_angle(2 * (pair.azimuths[0] - other.azimuths[0]))) / 2
    return shared > 0 and off > _SAME_AXIS_DEG


def _line_strength(image: WellImage) -> tuple[Array, Array, float]:
    """Contrast of lines by direction, above the median of the row: array (slopes, rows, columns); depths and step."""
    cells = wall_cells(image, _ROW_M, min(_COLUMNS, image.sizes["azimuth"] // 2 * 2))
    mean, step = cells.mean, cells.step
    columns = mean.shape[1]
    measured = np.isfinite(mean) & (np.isfinite(mean).sum(axis=1, keepdims=True) >= columns // 8)
    low, high = contrast_span(np.where(measured, mean, np.nan))
    values = np.where(measured, mean, np.nan)
    # Medians of nothing are not asked for: rows without a pixel keep 0.
    there = measured.any(axis=1, keepdims=True)
    values = values - np.nanmedian(np.where(there, values, 0.0), axis=1, keepdims=True)
    values = np.where(measured, np.clip(np.nan_to_num(values) / (high - low), *_CONTRASTS), 0.0)
    values = values - _tool_lines(values, measured, step)
    # Dark sides, which are many times wider than a line, are the median round them.
    values = np.where(measured, values - _median_round(values, round(_BROAD_DEG / 360 * columns)), 0.0)
    cell, reach = 360 / columns, max(round(_PIECE_M / 2 / step), 0)
    wander = 2 * round(_WANDER_DEG / cell) + 1
    window = max(round(_WINDOW_M / step), 1)
    padded = [np.pad(array, ((reach, reach), (0, 0))) for array in (values, measured.astype(float))]
    out = []
    for slope in _SLOPES:
        sums = [np.zeros(values.shape), np.zeros(values.shape)]
        for down in range(-reach, reach + 1):
            along = round(float(np.degrees(slope * down * step)) / cell)
            for total, array in zip(sums, padded, strict=True):
                total += np.roll(array[reach + down : reach + down + len(values)], -along, axis=1)
        ridge = _ridge(sums[0], sums[1], 2 * reach + 1)
        smooth: Array = uniform_filter1d(
            maximum_filter1d(ridge, wander, axis=1, mode="wrap"), window, axis=0, mode="nearest"
        )
        out.append(smooth - np.median(smooth, axis=1, keepdims=True))
    return np.array(out), cells.depth, step


def _median_round(values: Array, reach: int) -> Array:
    """Median round the hole over `reach` columns on both sides of each place."""
    turned = np.pad(values, ((0, 0), (reach, reach)), mode="wrap")
    # A filter of one dimension is several times faster; what it mixes at the ends of rows is cut off.
    flat: Array = median_filter(turned.ravel(), size=2 * reach + 1, mode="nearest")
    return flat.reshape(turned.shape)[:, reach : reach + values.shape[1]]


def _tool_lines(values: Array, measured: npt.NDArray[np.bool_], step: float) -> Array:
    """
    Contrast of lines that go on for metres along the path of the tool: dead buttons, and its position in the hole.

    The path is how blocks of rows, with the gaps between their pads, are turned against the next ones. In the frame of
    the tool these lines are columns, and the median over 8 m is theirs.
    """
    rows, columns = values.shape
    size = max(round(_PATH_BLOCK_M / step), 1)
    starts = np.arange(0, max(rows - size, 0) + 1, size)
    marked = np.where(measured, values, _GAP_MARK)
    blocks = np.add.reduceat(marked, starts, axis=0)
    spectra = np.fft.rfft(blocks - blocks.mean(axis=1, keepdims=True), axis=1)
    match = np.fft.irfft(np.conj(spectra[:-1]) * spectra[1:], columns, axis=1)
    reach = max(round(_MAX_TURN_DEG / 360 * columns), 1)
    shifts = np.arange(-reach, reach + 1)
    turns = _peak(match[:, shifts % columns]) + shifts[0] if len(match) else np.zeros(0)
    path = np.interp(np.arange(rows), starts + size / 2, np.concatenate([[0.0], np.cumsum(turns)]))
    place = (np.arange(columns) + np.rint(path).astype(int)[:, None]) % columns
    row = np.arange(rows)[:, None]
    straight = np.where(measured[row, place], values[row, place], np.nan)
    out = np.zeros(values.shape)
    out[row, place] = column_medians(straight, max(round(_TOOL_LINE_M / step), 1), _MIN_MEASURED)
    return out


def _peak(match: Array) -> Array:
    """Place of the highest value of each row, between columns by a parabola."""
    best = match.argmax(axis=1).clip(1, match.shape[1] - 2)
    rows = np.arange(len(match))
    offset = parabola_peak(*(match[rows, best + shift] for shift in (-1, 0, 1)))
    return np.asarray(best + np.clip(offset, -0.5, 0.5))


def _ridge(total: Array, count: Array, rows: int) -> Array:
    """Mean of each place less the darker one of the walls beside it; 0 where one of the three is not measured."""
    columns = total.shape[1]
    cell = 360 / columns
    half = round(_HALF_DEG / cell)
    begin, end = max(round(_BESIDE_DEG[0] / cell), half + 1), max(round(_BESIDE_DEG[1] / cell), half + 2)
    turned = np.concatenate([np.arange(columns - end - 1, columns), np.arange(columns), np.arange(end + 1)])
    sums = [np.cumsum(part[:, turned], axis=1) for part in (total, count)]

    def mean(first: int, last: int) -> Array:
        value, number = (
            part[:, end + last : end + last + columns] - part[:, end + first : end + first + columns] for part in sums
        )
        enough = number >= _MIN_MEASURED * rows * (last - first)
        return np.where(enough, value / np.maximum(number, 1), np.nan)

    beside = np.maximum(mean(-end, -begin), mean(begin + 1, end + 1))
    return np.nan_to_num(mean(-half, half + 1) - beside).clip(0)


def _opposite(strength: Array) -> Array:
    """Strength of the clearest line opposite each place, of the same direction or one next to it."""
    columns = strength.shape[2]
    near = np.maximum.reduce(
        [strength, strength[[*range(1, len(strength)), -1]], strength[[0, *range(len(strength) - 1)]]]
    )
    reach = 2 * round(_OPPOSITE_DEG / 360 * columns) + 1
    turned: Array = maximum_filter1d(np.roll(near, columns // 2, axis=2), reach, axis=2, mode="wrap")
    return turned


def _label_half_turns(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.intp]:
    """Number connected places of pairs; a pair is counted once, in the half turn where its first line lies."""
    half = mask.shape[1] // 2
    either = mask[:, :half] | mask[:, half:]
    numbers, _ = label(np.concatenate([either, either], axis=1))
    # A region across the end of the half turn is whole in the doubled array: the second copy of it is dropped.
    out = numbers[:, :half].copy()
    for number in np.unique(out[:, 0]):
        twin = numbers[:, half][numbers[:, 0] == number]
        if number and twin.size and twin[0] != number:
            out[out == number] = twin[0]
    return np.asarray(np.concatenate([out, out], axis=1))


def _measure(
    strength: Array, clearest: Array, depth: Array, step: float,
    rows: npt.NDArray[np.intp], columns: npt.NDArray[np.intp],
) -> LinePair | None:  # fmt: skip
    """Measure a pair; None where it is too short, a plane, or made by the tool."""
    width = clearest.shape[1]
    half, cell = width // 2, 360 / width
    pair = np.maximum(clearest[:, :half], clearest[:, half:])
    peak = float(pair[rows, columns].max())
    keep = pair[rows, columns] >= _END_SHARE * peak
    rows, columns = rows[keep], columns[keep]
    top, base = float(depth[rows.min()] - step / 2), float(depth[rows.max()] + step / 2)
    if not _MIN_HEIGHT_M <= base - top <= _MAX_HEIGHT_M:
        return None
    weight = pair[rows, columns]
    axis = float(np.degrees(np.angle((weight * np.exp(1j * np.radians(2 * (columns + 0.5) * cell))).sum())) / 2 % 180)
    every = np.unique(rows)
    azimuths, slopes = [], []
    for middle in (axis, axis + 180):
        reach = round((_OPPOSITE_DEG + _WANDER_DEG) / cell)
        near = int(middle / cell) + np.arange(-reach, reach + 1)
        places = near % width
        side = strength[:, every[:, None], places]
        along = side.max(axis=0).mean(axis=0)
        # A line that wanders is a plateau: its middle counts.
        weight = np.clip(along - _PLATEAU * along.max(), 0, None)
        azimuths.append(float(((weight * (near + 0.5)).sum() / max(float(weight.sum()), 1e-12) * cell) % 360))
        # The direction of a side is that of the mean over its directions, weighted by how clear they are.
        clear = side.max(axis=2).mean(axis=1) ** 4
        slopes.append(float((clear * _SLOPES).sum() / max(clear.sum(), 1e-12)))
    off = abs((azimuths[0] - azimuths[1]) % 360 - 180)
    if abs(slopes[0] - slopes[1]) > _MAX_SLOPE_DIFFERENCE or off > _OPPOSITE_DEG:
        return None
    level = _TOOL_LINE_SHARE * peak
    anywhere = strength.max(axis=0)
    if any(_goes_on(anywhere, azimuth, every, step, level) for azimuth in azimuths):
        return None
    return LinePair(top, base, (azimuths[0], azimuths[1]), float(np.mean(slopes)), peak)


def _goes_on(strength: Array, azimuth: float, rows: npt.NDArray[np.intp], step: float, level: float) -> bool:
    """Whether a line can be followed far beyond its pair, upwards and downwards together."""
    width = strength.shape[1]
    reach = max(round(_FOLLOW_DEG_M * step / 360 * width), 1)
    length, count, clear = round(_TOOL_LINE_M / step), 0, 0
    for start, direction in ((int(rows.min()), -1), (int(rows.max()), 1)):
        column = int(azimuth / 360 * width)
        for row in range(start + direction, start + direction * (length + 1), direction):
            if not 0 <= row < len(strength):
                break
            near = (column + np.arange(-reach, reach + 1)) % width
            column = int(near[strength[row, near].argmax()])
            clear += bool(strength[row, column] >= level)
            count += 1
    return count > 0 and clear >= _TOOL_LINE_ROWS * count
