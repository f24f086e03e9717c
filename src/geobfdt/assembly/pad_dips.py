"""Dips by the correlation of pads, as dipmeters have them, and whether the buttons within pads agree."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import numpy.typing as npt

from geobfdt.assembly.gains import Buttons
from geobfdt.assembly.residual_offsets import slope_correlation
from geobfdt.geometry import parabola_peak

__all__ = ["button_order", "pad_planes"]

Array = npt.NDArray[np.float64]

# Windows of the correlation are so tall (m), and no trace reaches further (m) from one pad to another.
_WINDOW_M, _REACH_M = 2.0, 0.4
# Pads that correlate less show no plane, and lags that close no better than this (m) are of no one plane.
_MIN_CORRELATION, _MAX_CLOSURE_M = 0.4, 0.01
# Beds within a pad lie within so much (m) of each other.
_PAD_REACH_M = 0.08


def pad_planes(curves: Array, angles: Array, grid: Array) -> Array:
    """
    Find the plane that the beds of each window follow from pad to pad.

    Parameters
    ----------
    curves : array (rows, pads)
        One curve a pad on rows of even depth.
    angles : array (rows, pads)
        Image angle of each pad (deg).
    grid : array (rows,)
        Depths (m).

    Returns
    -------
    array (planes, 3)
        Depth (m) and the coefficients a and b of the trace z = depth + a cos t + b sin t (m). Windows without a plane
        are left out.

    Notes
    -----
    The classical correlation of dipmeters: the lag of each pair of pads is where their curves correlate best, and a
    plane is fitted to all lags. Lags that do not close, as those of a repeated bed, have no plane.

    Examples
    --------
    >>> rows = np.arange(1600); angles = np.tile([45.0, 135.0, 225.0, 315.0], (1600, 1))
    >>> bed = np.random.default_rng(0).normal(size=1800)
    >>> shifts = np.rint(10 * np.sqrt(2) * np.cos(np.radians(angles[0]))).astype(int)  # a dip to angle 0
    >>> curves = np.stack([bed[rows + 100 - shift] for shift in shifts], axis=1)
    >>> pad_planes(curves, angles, 0.0025 * rows)[0].round(3) + 0
    array([0.999, 0.035, 0.   ])
    """
    step = float(grid[1] - grid[0])
    size, lags = max(int(_WINDOW_M / step), 16), int(_REACH_M / step)
    pairs = list(combinations(range(curves.shape[1]), 2))
    planes = []
    for top in range(0, grid.size - size + 1, size):
        window = slice(top, top + size)
        if not (np.isfinite(angles[window]).all() and np.isfinite(curves[window]).any(axis=0).all()):
            continue
        t = np.angle(np.exp(1j * np.radians(angles[window])).mean(axis=0))
        found_lags = np.array([_lag(curves[window, i], curves[window, j], lags) for i, j in pairs])
        shift, weight = found_lags[:, 0] * step, np.where(found_lags[:, 1] > _MIN_CORRELATION, found_lags[:, 1], 0.0)
        if np.count_nonzero(weight) < 3:
            continue
        design = np.array([[np.cos(t[j]) - np.cos(t[i]), np.sin(t[j]) - np.sin(t[i])] for i, j in pairs])
        plane = np.linalg.lstsq(design * weight[:, None], shift * weight, rcond=None)[0]
        closure = np.sqrt(np.sum(weight * (design @ plane - shift) ** 2) / weight.sum())
        if closure < _MAX_CLOSURE_M:
            planes.append([float(grid[window].mean()), *plane])
    return np.array(planes).reshape(-1, 3)


def button_order(part: Buttons, pads: int, grid: Array, radius: Array) -> float:
    """
    Compare how beds run within pads with how they run from pad to pad.

    Parameters
    ----------
    part : Buttons
        Buttons of all pads.
    pads : int
        Number of pads.
    grid : array (rows,)
        Depths (m).
    radius : array (rows,)
        Radius of the hole (m).

    Returns
    -------
    float
        About 1 where the buttons are numbered as the geometry says, about -1 where they run the other way round, NaN
        where beds are too flat or too few to tell.
    """
    count = part.across.size
    if count < 2 or pads < 3:
        return float("nan")
    angles = part.turn[:, None] + 360 * np.arange(pads) / pads
    planes = pad_planes(_mean(part.values), angles, grid)
    halves = (part.values[:, :, : count // 2], part.values[:, :, count - count // 2 :])
    one, other = (_mean(half) for half in halves)
    apart = float(part.across[count - count // 2 :].mean() - part.across[: count // 2].mean())
    step = float(grid[1] - grid[0])
    lags = int(_PAD_REACH_M / step)
    measured, expected = [], []
    for depth, a, b in planes:
        first = int(np.searchsorted(grid, depth - _WINDOW_M / 2))
        window = slice(first, first + int(_WINDOW_M / step))
        turn = np.exp(1j * np.radians(part.turn[window]))
        for pad in range(pads):
            t = float(np.angle(turn.mean())) + 2 * np.pi * pad / pads
            lag, correlation = _lag(one[window, pad], other[window, pad], lags)
            if correlation > _MIN_CORRELATION:
                measured.append(lag * step)
                expected.append((b * np.cos(t) - a * np.sin(t)) * apart / float(np.median(radius[window])))
    if len(expected) < pads or float(np.sqrt(np.mean(np.square(expected)))) < step / 2:
        return float("nan")
    return float(np.dot(measured, expected) / np.dot(expected, expected))


def _lag(first: Array, second: Array, lags: int) -> tuple[float, float]:
    """By how many rows the second curve lies deeper, and the correlation of the slopes there."""
    curve = slope_correlation(first[:, None], second[:, None], lags)
    peak = int(np.clip(np.argmax(curve), 1, curve.size - 2))
    return float(peak - lags + parabola_peak(*curve[peak - 1 : peak + 2])), float(curve[peak])


def _mean(values: npt.NDArray[np.float32]) -> Array:
    """Mean of the buttons of each pad, of what was measured."""
    measured = np.isfinite(values)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(measured, values, 0.0).sum(axis=2, dtype=np.float64) / measured.sum(axis=2))
