"""Gains: voltage and amplifier undone, buttons brought to one response, dead buttons masked or filled."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.ndimage import uniform_filter1d

from geobfdt.wells.pads import PadRecording

__all__ = ["Buttons", "brightness", "equalise", "repair_dead", "undo_gains"]

Array = npt.NDArray[np.float64]
Grey = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

# Below this share of the usual current, the brightness turns from a logarithm into a straight line through zero.
_LINEAR_SHARE = 0.02
# A button is dead where it scatters by less than this share of what buttons usually do.
_DEAD_SHARE = 0.15
# The response of a button is stretched or shrunk by this factor at most: beyond it, something else is wrong with it.
_MAX_STRETCH = 3.0
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


def equalise(parts: list[Buttons], window: int) -> list[Buttons]:
    """
    Give all buttons the mean and the scatter that buttons have on average, over a sliding window.

    Parameters
    ----------
    parts : list of Buttons
        Pads, flaps.
    window : int
        Rows of the window; it has to be much taller than the traces of planes.

    Returns
    -------
    list of Buttons
        The same with one response.

    Notes
    -----
    The level of a button follows the window, since drifts are common; its scatter is taken over the whole recording,
    where it is known best.
    """
    levels = [_moving_mean(part.values, window) for part in parts]
    spreads = [_spread(part.values, level) for part, level in zip(parts, levels, strict=True)]
    everything = np.concatenate([level.reshape(len(level), -1) for level in levels], axis=1)
    usual_level = _mean(everything)[:, None, None].astype(np.float32)
    usual_spread = float(np.nanmedian(np.concatenate([spread.ravel() for spread in spreads])))
    out = []
    for part, level, spread in zip(parts, levels, spreads, strict=True):
        with np.errstate(invalid="ignore", divide="ignore"):
            stretch = np.clip(usual_spread / spread, 1 / _MAX_STRETCH, _MAX_STRETCH).astype(np.float32)
        out.append(part._replace(values=(part.values - level) * stretch[None] + usual_level))
    return out


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
        deviation = part.values - _moving_mean(part.values, window)
        scatters.append(np.sqrt(_moving_mean(deviation * deviation, window)))
    together = np.concatenate([scatter.reshape(len(scatter), -1) for scatter in scatters], axis=1)
    with np.errstate(all="ignore"):
        # A few rows tell the usual scatter as well as all of them.
        step = max(len(together) // 2000, 1)
        typical = np.float32(np.nanmedian(together[::step]))
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


def _spread(values: Grey, level: Grey) -> Array:
    """Return the scatter of each button about its level: array (pads, buttons)."""
    step = max(len(values) // 20_000, 1)
    deviation = values[::step] - level[::step]
    measured = np.isfinite(deviation)
    count = measured.sum(axis=0)
    square = np.where(measured, deviation, 0.0).astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(count > 1, np.sqrt((square * square).sum(axis=0) / count), np.nan)


def _mean(values: Grey) -> Array:
    """Mean of each row, of what was measured."""
    measured = np.isfinite(values)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(measured, values, 0.0).sum(axis=1, dtype=np.float64) / measured.sum(axis=1))
