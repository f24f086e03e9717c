"""Gains: voltage and amplifier undone, buttons brought to one response, dead buttons masked or filled."""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.ndimage import median_filter, uniform_filter1d

from geobfdt.wells.pads import PadRecording

__all__ = ["Buttons", "brightness", "equalise", "remove_jumps", "repair_dead", "undo_gains"]

Array = npt.NDArray[np.float64]
Grey = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

# Below this share of the usual current, the brightness turns from a logarithm into a straight line through zero.
_LINEAR_SHARE = 0.02
# All buttons together jump by this much (a share of the current, nearly) only where a gain does.
_MIN_JUMP = 0.15
# A button is dead where it scatters by less than this share of what buttons usually do.
_DEAD_SHARE = 0.15
# The response of a button is stretched or shrunk by this factor at most: beyond it, something else is wrong with it.
_MAX_STRETCH = 3.0
# The rock's level round the hole has so many waves.
_ROCK_WAVES = 3
# Waves that hardly any button tells are held at nothing.
_RIDGE = 0.003
# Rounds of the fit of these waves, in which buttons that are far off lose their say.
_FIT_ROUNDS = 4
# Buttons whose scatter is compared.
_NEIGHBOURS = 9
# Rows whose jumps are found at a time, which bounds the memory.
_BLOCK_ROWS = 1024
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


def undo_gains(recording: PadRecording) -> tuple[dict[str, Grey], list[str]]:
    """
    Divide the currents by voltage and gain.

    Returns
    -------
    arrays : dict of str to array
        Currents as a voltage and a gain of 1 would give them; NaN where one of them is missing.
    undone : list of str
        Which of EMEX and gain there were.
    """
    undone = []
    factor = np.ones(recording.rows)
    for name in ("emex", "gain"):
        values = recording.logs.get(name)
        if values is not None and np.any(values > 0):
            undone.append(name)
            factor = factor * np.where(values > 0, values, np.nan)
    if not undone:
        return recording.arrays, undone
    scale = (1 / factor).astype(np.float32)[:, None]
    return {name: values * scale for name, values in recording.arrays.items()}, undone


def brightness(arrays: dict[str, Grey]) -> dict[str, Grey]:
    """
    Turn currents into the brightness of an image: the logarithm of the resistivity, so that conductive is dark.

    Notes
    -----
    A gain becomes a shift. The inverse hyperbolic sine is the logarithm for usual currents, and stays defined for
    those about zero.

    Examples
    --------
    >>> bright = brightness({"A": np.array([[1.0, 10.0]], np.float32)})["A"]
    >>> bool(np.isclose(bright[0, 0] - bright[0, 1], np.log(10), atol=0.01))
    True
    """
    sizes = [np.abs(values[:: max(len(values) // 2000, 1)]) for values in arrays.values()]
    typical = float(np.nanmedian(np.concatenate([size.ravel() for size in sizes])))
    linear = np.float32(_LINEAR_SHARE * typical or 1.0)
    return {name: -np.arcsinh(values / linear) for name, values in arrays.items()}


def remove_jumps(arrays: dict[str, Grey]) -> tuple[dict[str, Grey], int]:
    """
    Take off jumps that all buttons make in the same row, as those of a voltage or a gain are.

    Parameters
    ----------
    arrays : dict of str to array (rows, buttons)
        Brightness, in which a gain is a shift.

    Returns
    -------
    arrays : dict of str to array
        The same on one level.
    jumps : int
        How many there were.

    Notes
    -----
    Rows of buttons lie apart along the tool, so that a bed meets a part of the buttons at a time and hardly moves the
    median of all. A jump moves it by as much as itself.

    Examples
    --------
    >>> level = np.zeros((9, 8), np.float32); level[4:] += 1
    >>> remove_jumps({"A": level})[1]
    1
    """
    rows = len(next(iter(arrays.values())))
    middle = np.zeros(max(rows - 1, 0), np.float32)
    for top in range(0, middle.size, _BLOCK_ROWS):
        block = slice(top, top + _BLOCK_ROWS + 1)
        together = np.concatenate([np.diff(values[block], axis=0) for values in arrays.values()], axis=1)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # rows without a value have no jump
            middle[top : top + _BLOCK_ROWS] = np.nan_to_num(np.nanmedian(together, axis=1))
    jumps = np.where(np.abs(middle) > _MIN_JUMP, middle, 0.0)
    level = np.concatenate([[0.0], np.cumsum(jumps)]).astype(np.float32)[:, None]
    return {name: values - level for name, values in arrays.items()}, int(np.count_nonzero(jumps))


def equalise(parts: list[Buttons], window: int, radius: Array) -> list[Buttons]:
    """
    Bring all buttons to one response over a sliding window.

    Parameters
    ----------
    parts : list of Buttons
        Pads, flaps.
    window : int
        Rows of the window; it has to be much taller than the traces of planes.
    radius : array (rows,)
        Radius of the hole (m).

    Returns
    -------
    list of Buttons
        The same with one response.

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
    out, start = [], 0
    for part in parts:
        size = pads * part.across.size
        level = _between_blocks(own[:, start : start + size], middles, rows).reshape(part.values.shape)
        start += size
        values = part.values - level
        stretch = _stretch(_spread(values))
        # A stretch leaves the level of the button as it is.
        centre = _block_means(values, np.array([0, rows])).reshape(1, pads, -1)
        out.append(part._replace(values=(values - centre) * stretch[None] + centre))
    return out


def _block_means(values: Grey, ends: npt.NDArray[np.int64]) -> Grey:
    """Mean of each button in blocks of rows: array (blocks, buttons)."""
    flat = values.reshape(len(values), -1)
    measured = np.isfinite(flat)
    sums = np.add.reduceat(np.where(measured, flat, np.float32(0)), ends[:-1], axis=0, dtype=np.float64)
    counts = np.add.reduceat(measured, ends[:-1], axis=0, dtype=np.int64)
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
            # Buttons far off have little say in what the rock is.
            weight = np.where(measured, 1 / np.maximum(np.abs(np.nan_to_num(rest)) / (2 * size), 1), 0.0)
        own[block] = np.nan_to_num(rest)
    return own


def _between_blocks(values: Grey, middles: Array, rows: int) -> Grey:
    """Values of blocks at every row, straight between the middles of blocks."""
    at = np.clip(np.interp(np.arange(rows), middles, np.arange(middles.size)), 0, middles.size - 1)
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


def repair_dead(parts: list[Buttons], window: int, *, fill: bool) -> tuple[list[Buttons], list[Mask]]:
    """
    Mask dead buttons, and fill single ones from their neighbours.

    Parameters
    ----------
    parts : list of Buttons
        Pads, flaps.
    window : int
        Rows of the window in which a button is dead or not.
    fill : bool
        Whether up to two dead buttons side by side are filled in from both neighbours.

    Returns
    -------
    parts : list of Buttons
        NaN where a button is dead.
    dead : list of array (rows, pads, buttons)
        Where.
    """
    scatters = []
    for part in parts:
        scatter = np.empty_like(part.values)
        for pad in range(part.values.shape[1]):
            deviation = part.values[:, pad] - _moving_mean(part.values[:, pad], window)
            scatter[:, pad] = np.sqrt(_moving_mean(deviation * deviation, window))
        scatters.append(scatter)
    # A few rows tell the usual scatter as well as all of them.
    step = max(len(scatters[0]) // 2000, 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # dead pads have no scatter
        typical = np.float32(np.nanmedian(np.concatenate([scatter[::step].ravel() for scatter in scatters])))
    out, dead = [], []
    for part, scatter in zip(parts, scatters, strict=True):
        mask = np.isfinite(part.values) & ~(scatter > _DEAD_SHARE * typical)
        values = np.where(mask, np.float32(np.nan), part.values)
        if fill and mask.any():
            values = _filled(values, mask)
        out.append(part._replace(values=values))
        dead.append(mask)
    return out, dead


def _filled(values: Grey, dead: Mask) -> Grey:
    """Fill up to two dead buttons side by side, straight between those beside them."""
    out = values.copy()
    last = values.shape[2] - 1
    for width in range(1, _MAX_FILLED + 1):
        for first in range(1, last - width + 1):
            run = dead[:, :, first : first + width].all(axis=2)
            lower, right = values[:, :, first - 1], values[:, :, first + width]
            run &= np.isfinite(lower) & np.isfinite(right)
            for k in range(width):
                share = np.float32((k + 1) / (width + 1))
                between = (1 - share) * lower + share * right
                out[:, :, first + k] = np.where(run, between, out[:, :, first + k])
    return out


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
