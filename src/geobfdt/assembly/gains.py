"""Response of buttons: dead ones masked or filled, all brought to one response."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.ndimage import median_filter, uniform_filter1d

__all__ = ["Buttons", "equalise", "repair_dead"]

Array = npt.NDArray[np.float64]
Grey = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

# A button is dead where it scatters by less than this share of what buttons usually do.
_DEAD_SHARE = 0.15
# The response of a button is stretched or shrunk by this factor at most: beyond it, something else is wrong with it.
_MAX_STRETCH = 3.0
# The rock's level round the hole has so many waves.
_ROCK_WAVES = 3
# Waves that hardly any button determines are damped towards zero.
_RIDGE = 0.003
# Iterations of the robust fit of these waves, which lower the weight of buttons that are far off.
_FIT_ROUNDS = 4
# Buttons whose scatter is compared.
_NEIGHBOURS = 9
# Rows that are changed at a time, which bounds the memory besides the buttons themselves.
_BLOCK_ROWS = 4096
# So many dead buttons side by side are filled in from their neighbours.
_MAX_FILLED = 2


class Buttons(NamedTuple):
    """
    Buttons of one part of the tool, brought to the rows of the image.

    Parameters
    ----------
    values : array (rows, pads, buttons)
        Brightness, in order round each pad.
    across : array (buttons,)
        Distance from the middle of the pad (m), clockwise looking down-hole, increasing.
    turn : array (rows,)
        Image angle of pad 1 when this part passed (deg).
    """

    values: Grey
    across: Array
    turn: Array


def equalise(parts: list[Buttons], window: int, radius: Array) -> None:
    """
    Bring all buttons to one response over a sliding window.

    Parameters
    ----------
    parts : list of Buttons
        Pads, flaps; their values are changed in place.
    window : int
        Rows of the window; it has to be much taller than the traces of planes.
    radius : array (rows,)
        Radius of the hole (m).

    Notes
    -----
    The level of a button is its own plus that of the rock where it passes. In a window the rock is a smooth function
    of the angle round the hole: three waves, each averaged over the angles that a button passes. What these waves do
    not explain is the button's own, and taken off. Where the tool turns over the window the averages vanish, so that
    whole pads are evened as well; where it does not, as in a horizontal hole along the beds, the rock keeps its
    contrast round the hole. The scatter of a button is brought to that of its neighbours.
    """
    rows, pads = parts[0].values.shape[:2]
    blocks = max(round(2 * rows / window), 1)
    ends = np.linspace(0, rows, blocks + 1).astype(int)
    middles = (ends[:-1] + ends[1:]) / 2
    levels = np.concatenate([_block_means(part.values, ends) for part in parts], axis=1)
    waves = [np.ones_like(levels)]
    for order in range(1, _ROCK_WAVES + 1):
        turns = [_passed(part, order, pads, radius, ends) for part in parts]
        together = np.concatenate(turns, axis=1)
        waves += [together.real, together.imag]
    own = _own_levels(levels, np.stack(waves, axis=2))
    start = 0
    for part in parts:
        size = pads * part.across.size
        flat = part.values.reshape(rows, size)
        for block in _blocks(0, rows):
            flat[block] -= _between_blocks(own[:, start : start + size], middles, block)
        start += size
        stretch = _stretch(_spread(part.values)).ravel()
        # A stretch leaves the level of the button as it is.
        centre = _block_means(part.values, np.array([0, rows]))
        for block in _blocks(0, rows):
            flat[block] = (flat[block] - centre) * stretch + centre


def _blocks(top: int, base: int) -> Iterator[slice]:
    """Rows from top to base, a block at a time."""
    return (slice(first, min(first + _BLOCK_ROWS, base)) for first in range(top, base, _BLOCK_ROWS))


def _block_means(values: Grey, ends: npt.NDArray[np.int64]) -> Grey:
    """Mean of each button in blocks of rows: array (blocks, buttons)."""
    flat = values.reshape(len(values), -1)
    sums = np.zeros((ends.size - 1, flat.shape[1]))
    counts = np.zeros(sums.shape, np.int64)
    for row, (top, base) in enumerate(pairwise(ends.tolist())):
        for block in _blocks(top, base):
            measured = np.isfinite(flat[block])
            sums[row] += np.where(measured, flat[block], np.float32(0)).sum(axis=0, dtype=np.float64)
            counts[row] += measured.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(counts > 0, sums / counts, np.nan), dtype=np.float32)


def _passed(part: Buttons, order: int, pads: int, radius: Array, ends: npt.NDArray[np.int64]) -> npt.NDArray[Any]:
    """Mean of a wave of the rock over the angles that each button passes in a block: array (blocks, buttons)."""
    turn = np.exp(1j * order * np.radians(np.nan_to_num(part.turn)))
    middle = float(part.across.mean())
    step = np.exp(1j * order * middle / radius)
    passed = np.add.reduceat(turn * step, ends[:-1]) / np.diff(ends)
    across = np.exp(1j * order * (part.across - middle) / float(np.median(radius)))
    sector = np.exp(2j * np.pi * order * np.arange(pads) / pads)
    return np.asarray((passed[:, None, None] * sector[:, None] * across).reshape(len(passed), -1))


def _own_levels(levels: Grey, waves: npt.NDArray[Any]) -> Grey:
    """Levels of buttons that no wave of the rock explains: array (blocks, buttons)."""
    own = np.zeros(levels.shape, np.float32)
    for block, (level, design) in enumerate(zip(levels.astype(np.float64), waves, strict=True)):
        measured = np.isfinite(level)
        if measured.sum() <= design.shape[1]:
            continue
        weight = measured.astype(np.float64)
        rest = np.zeros_like(level)
        for _ in range(_FIT_ROUNDS):
            scaled = design * weight[:, None]
            normal = scaled.T @ design + _RIDGE * measured.sum() * np.diag([0.0] + [1.0] * (design.shape[1] - 1))
            rest = level - design @ np.linalg.solve(normal, scaled.T @ np.where(measured, level, 0.0))
            size = np.nanmedian(np.abs(rest)) + 1e-9
            # Buttons that are far off have a low weight in the level of the rock.
            weight = np.where(measured, 1 / np.maximum(np.abs(np.nan_to_num(rest)) / (2 * size), 1), 0.0)
        own[block] = np.nan_to_num(rest)
    return own


def _between_blocks(values: Grey, middles: Array, rows: slice) -> Grey:
    """Values of blocks at some rows, straight between the middles of blocks."""
    at = np.interp(np.arange(rows.start, rows.stop), middles, np.arange(middles.size))
    lower = np.minimum(at.astype(np.int64), max(middles.size - 2, 0))
    upper = np.minimum(lower + 1, middles.size - 1)
    share = (at - lower).astype(np.float32)[:, None]
    return np.asarray(values[lower] * (1 - share) + values[upper] * share, dtype=np.float32)


def _stretch(spread: Array) -> Grey:
    """What brings the scatter of each button to that of its neighbours: array (pads, buttons)."""
    # Dead buttons take the place of the median; a pad of dead ones is left empty anyway.
    whole = np.where(np.isfinite(spread), spread, np.nanmedian(spread) if np.isfinite(spread).any() else 1.0)
    typical: Array = median_filter(whole, (1, min(_NEIGHBOURS, spread.shape[1])), mode="nearest")
    with np.errstate(invalid="ignore", divide="ignore"):
        stretch = np.clip(typical / spread, 1 / _MAX_STRETCH, _MAX_STRETCH)
    return np.where(np.isfinite(stretch), stretch, 1.0).astype(np.float32)


def repair_dead(parts: list[Buttons], window: int, *, fill: bool) -> list[Mask]:
    """
    Mask dead buttons, and fill single ones from their neighbours.

    Parameters
    ----------
    parts : list of Buttons
        Pads, flaps; NaN is put where a button is dead and not filled.
    window : int
        Rows of the window in which a button is dead or not.
    fill : bool
        Whether up to two dead buttons side by side are filled in from both neighbours.

    Returns
    -------
    list of array (rows, pads, buttons)
        Where buttons are dead.
    """
    scatters = []
    for part in parts:
        scatter = np.empty_like(part.values)
        for pad in range(part.values.shape[1]):
            deviation = part.values[:, pad] - _moving_mean(part.values[:, pad], window)
            scatter[:, pad] = np.sqrt(_moving_mean(deviation * deviation, window))
        scatters.append(scatter)
    # The typical scatter follows from a few rows as well as from all of them.
    step = max(len(scatters[0]) // 2000, 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # dead pads have no scatter
        typical = np.float32(np.nanmedian(np.concatenate([scatter[::step].ravel() for scatter in scatters])))
    dead = []
    for part in parts:
        scatter = scatters.pop(0)
        mask = np.isfinite(part.values) & ~(scatter > _DEAD_SHARE * typical)
        part.values[mask] = np.nan
        if fill and mask.any():
            _fill(part.values, mask)
        dead.append(mask)
    return dead


def _fill(values: Grey, dead: Mask) -> None:
    """Fill up to two dead buttons side by side, straight between those beside them."""
    last = values.shape[2] - 1
    for width in range(1, _MAX_FILLED + 1):
        for first in range(1, last - width + 1):
            run = dead[:, :, first : first + width].all(axis=2)
            lower, right = values[:, :, first - 1], values[:, :, first + width]
            # A button that is filled already lies between two live ones, so that no run of dead ones begins beside it.
            run &= np.isfinite(lower) & np.isfinite(right)
            for k in range(width):
                share = np.float32((k + 1) / (width + 1))
                values[:, :, first + k][run] = ((1 - share) * lower + share * right)[run]


def _moving_mean(values: Grey, window: int) -> Grey:
    """Mean over a window of rows, of what was measured; NaN where nothing was."""
    measured = np.isfinite(values)
    size = min(window, len(values))
    if measured.all():
        return np.asarray(uniform_filter1d(values, size, axis=0, mode="nearest"))
    sums: Grey = uniform_filter1d(np.where(measured, values, np.float32(0)), size, axis=0, mode="nearest")
    counts: Grey = uniform_filter1d(measured.astype(np.float32), size, axis=0, mode="nearest")
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(counts > 0.5 / size, sums / counts, np.float32(np.nan))


def _spread(values: Grey) -> Array:
    """Return the scatter of each button about its mean: array (pads, buttons)."""
    part = values[:: max(len(values) // 20_000, 1)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a dead button has no scatter
        return np.asarray(np.nanstd(part, axis=0, dtype=np.float64))
