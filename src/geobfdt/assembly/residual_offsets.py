"""Residual depth offsets between rows of buttons, and between pads and their flaps, by correlation."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.fft import irfft, next_fast_len, rfft
from scipy.ndimage import uniform_filter1d

from geobfdt.assembly.tool_geometry import ButtonRow, ToolGeometry
from geobfdt.geometry import parabola_peak

__all__ = ["Offset", "residual_offsets", "slope_correlation"]

Array = npt.NDArray[np.float64]
Grey = npt.NDArray[np.float32]

_INCH_M = 0.0254  # Length of an inch.
# Offsets are estimated in blocks of this height (m), and straight between their middles.
_BLOCK_M = 25.0
# An offset this far (m) from the geometry is looked for, since a source may leave the sign of a distance open.
_REACH_M = {"row": 0.02, "flap": 0.32, "slope": 0.04}
# Offsets within so much (m) are residuals of the tool; larger ones contradict the geometry and need a proof.
_RESIDUAL_M = {"row": 0.005, "flap": 0.02, "slope": 0.04}
# By so much a contradicting offset has to correlate better.
_CONTRADICTION_MARGIN = 0.15
# Neighbours that correlate less do not determine an offset.
_MIN_CORRELATION = 0.3
# So many buttons at the edges of pad and flap are compared.
_EDGE_BUTTONS = 4


class Offset(NamedTuple):
    """
    Offset of an array against what it is compared with.

    Parameters
    ----------
    array : str
        Its channel.
    depth : array (blocks,)
        Middles of the blocks (m).
    shift : array (blocks,)
        How much too deep the array lies (m).
    correlation : array (blocks,)
        With its neighbour, at that shift.
    contradicts : bool
        Whether it is further from the geometry than a residual of the tool.
    """

    array: str
    depth: Array
    shift: Array
    correlation: Array
    contradicts: bool


def residual_offsets(
    geometry: ToolGeometry, placed: Callable[[str], Grey | None], grid: Array, sideways: Array
) -> list[Offset]:
    """
    Find by how much arrays lie too deep beside their neighbours.

    Parameters
    ----------
    geometry : ToolGeometry
        The tool.
    placed : callable
        Brightness (rows, buttons) of an array by its name, on the rows of the image and placed by the geometry; None
        where the recording lacks it.
    grid : array (rows,)
        Depths of the image (m).
    sideways : array (rows,)
        How far a flap passes clockwise of where it would with its pad (m), since the tool turns in between.

    Returns
    -------
    list of Offset
        For each array but those of the first row of pads. An array without a clear correlation is left out.

    Notes
    -----
    Rows of one part lie between each other, so that a row is compared with the other one, interpolated to its buttons.
    A flap is compared with the edge of its pad. There a dip shifts beds as well: by as much as from the last but four
    buttons of the pad to its last four, and within the flap likewise, so that the mean of both is taken off, times the
    distance of the edges at one depth. Curves are
    differentiated along the hole, so that edges count and levels do not.
    """
    out: list[Offset] = []
    pads = _rows_of(geometry, "pad")
    flaps = _rows_of(geometry, "flap")
    for pad in range(geometry.pads):
        # The arrays of one pad at a time are in memory.
        arrays = {row.arrays[pad]: values for row in geometry.rows if (values := placed(row.arrays[pad])) is not None}
        for rows in (pads, flaps):
            first = rows[0] if rows else None
            for row in rows[1:]:
                one, other = (arrays.get(each.arrays[pad]) for each in (first, row) if each is not None)
                if one is None or other is None or first is None:
                    continue
                beside, chosen = _between(first, one, row, other)
                result = _offset(row.arrays[pad], (beside, chosen), grid, "row")
                out += [result] if result is not None else []
        if pads and flaps and all(row.arrays[pad] in arrays for row in (pads[0], flaps[0])):
            one, other = arrays[pads[0].arrays[pad]], arrays[flaps[0].arrays[pad]]
            edge = _EDGE_BUTTONS // 2
            last, before = one[:, -edge:], one[:, -2 * edge : -edge]
            head, after = other[:, :edge], other[:, edge : 2 * edge]
            curves = [part.mean(axis=1, keepdims=True) for part in (last, before, head, after)]
            result = _offset(flaps[0].arrays[pad], (curves[0], curves[2]), grid, "flap")
            if result is None:
                continue
            within = [_offset("", pair, grid, "slope") for pair in ((curves[1], curves[0]), (curves[2], curves[3]))]
            slopes = [part.shift for part in within if part is not None]
            if slopes:
                apart = _EDGE_BUTTONS // 2 * pads[0].pitch * _INCH_M
                gap = flaps[0].across_m[:edge].mean() - pads[0].across_m[-edge:].mean()
                drift = np.interp(result.depth, grid, uniform_filter1d(sideways, _block_rows(grid), mode="nearest"))
                result = result._replace(shift=result.shift - np.mean(slopes, axis=0) * (gap + drift) / apart)
            out.append(result)
    return out


def _block_rows(grid: Array) -> int:
    """Rows of a block: about as tall as wished, a whole number of them in the image."""
    blocks = max(round(float(grid[-1] - grid[0]) / _BLOCK_M), 1)
    return grid.size // blocks


def _rows_of(geometry: ToolGeometry, part: str) -> list[ButtonRow]:
    return [row for row in geometry.rows if row.part == part]


def _between(first: ButtonRow, one: Grey, row: ButtonRow, other: Grey) -> tuple[Grey, Grey]:
    """Interpolate one row of buttons to those of another that lie between its own."""
    order = np.argsort(first.across_m)
    one = one[:, order]
    index = np.interp(row.across_m, first.across_m[order], np.arange(first.buttons), left=np.nan, right=np.nan)
    inside = np.flatnonzero(np.isfinite(index))
    lower = np.minimum(index[inside].astype(int), first.buttons - 2)
    share = (index[inside] - lower).astype(np.float32)
    return one[:, lower] * (1 - share) + one[:, lower + 1] * share, other[:, inside]


def _offset(array: str, pair: tuple[Grey, Grey], grid: Array, kind: str) -> Offset | None:
    """Return the offset of one array in blocks of depth; None where nothing correlates."""
    step = float(grid[1] - grid[0])
    lags = int(np.ceil(_REACH_M[kind] / step))
    ends = np.linspace(0, grid.size, round(grid.size / _block_rows(grid)) + 1).astype(int)
    depth, curves = [], []
    for top, base in pairwise(ends):
        if base - top > 4 * lags:
            depth.append(float(grid[top:base].mean()))
            curves.append(slope_correlation(pair[0][top:base], pair[1][top:base], lags))
    if not curves:
        return None
    near = int(np.ceil(_RESIDUAL_M[kind] / step))
    together = np.mean(curves, axis=0)
    centre = lags + int(np.argmax(together[lags - near : lags + near + 1])) - near
    best = int(np.argmax(together))
    contradicts = abs(best - lags) > near and together[best] > together[centre] + _CONTRADICTION_MARGIN
    if contradicts:
        centre = best
    if together[centre] < _MIN_CORRELATION:
        return None
    shifts, strengths = [], []
    for curve in curves:
        low = max(centre - near, 1)
        peak = low + int(np.argmax(curve[low : centre + near + 1]))
        peak = min(peak, curve.size - 2)
        fraction = parabola_peak(*curve[peak - 1 : peak + 2])
        shifts.append((peak - lags + float(np.clip(fraction, -1, 1))) * step)
        strengths.append(float(curve[peak]))
    return Offset(array, np.array(depth), np.array(shifts), np.array(strengths), contradicts)


def slope_correlation(first: Grey | Array, second: Grey | Array, lags: int) -> Array:
    """
    Correlation of the slopes of two sets of curves.

    Parameters
    ----------
    first, second : array (rows, curves)
        Curves; a row that is not measured has no slope.
    lags : int
        Largest shift (rows).

    Returns
    -------
    array (2 lags + 1,)
        By how many rows the second set lies deeper: -lags to lags.
    """
    one, other = (np.nan_to_num(np.diff(part.astype(np.float64), axis=0)) for part in (first, second))
    size = next_fast_len(len(one) + lags)
    around = irfft((np.conj(rfft(one, size, axis=0)) * rfft(other, size, axis=0)).sum(axis=1), size)
    energy = float(np.sqrt((one**2).sum() * (other**2).sum()))
    return np.concatenate([around[-lags:], around[: lags + 1]]) / max(energy, 1e-30)
