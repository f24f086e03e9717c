"""Dips by the correlation of pads, as dipmeters have them, and whether the buttons within pads agree."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from geobfdt.assembly.gains import Buttons
from geobfdt.assembly.residual_offsets import slope_correlation
from geobfdt.geometry import parabola_peak

__all__ = ["PadPlane", "Search", "button_order", "live_electrodes", "pad_means", "pad_planes"]

Array = npt.NDArray[np.float64]

# Pads that correlate less show no plane, and lags that close no better than this (m) are of no one plane.
_MIN_CORRELATION, _MAX_CLOSURE_M = 0.4, 0.01
# So many lags at least are fitted; of more, this share may be left out where it does not close.
_MIN_PAIRS, _MAX_LEFT_OUT = 3, 0.34
# A window has so many rows at least.
_MIN_ROWS = 16
# Electrodes of a window that scatter by less than this share of the typical one are dead.
_DEAD_SHARE = 0.1
# A plane whose lags hang on directions that are this lopsided rests on two arms, or on one.
_MAX_CONDITION = 8.0
# Beds within a pad lie within so much (m) of each other.
_PAD_REACH_M = 0.08


@dataclass(frozen=True)
class Search:
    """
    How planes are looked for.

    Parameters
    ----------
    window, step : float
        Height of a window, and from one to the next (m).
    dip : float
        Steepest apparent dip (deg).
    """

    window: float = 2.0
    step: float = 2.0
    dip: float = 60.0

    def windows(self, grid: Array) -> list[slice]:
        """Return the rows of each window on even depths."""
        spacing = float(grid[1] - grid[0])
        size, stride = max(int(self.window / spacing), _MIN_ROWS), max(int(self.step / spacing), 1)
        return [slice(top, top + size) for top in range(0, grid.size - size + 1, stride)]


class PadPlane(NamedTuple):
    """
    Plane of a window.

    Parameters
    ----------
    trace : array (3,)
        Depth (m) and the coefficients a and b of z = depth + a cos t + b sin t (m).
    closure : float
        RMS distance of the lags from the plane (m).
    correlation : float
        Mean correlation of the pairs.
    electrodes, pairs, left_out : int
        Live electrodes, pairs that the plane rests on, and pairs that did not close.
    """

    trace: Array
    closure: float
    correlation: float
    electrodes: int
    pairs: int
    left_out: int


class _Lag(NamedTuple):
    first: int
    second: int
    shift: float
    correlation: float


def pad_planes(
    curves: Array, angles: Array, grid: Array, radius: Array, search: Search | None = None
) -> list[PadPlane]:
    """
    Find the plane that the beds of each window follow from electrode to electrode.

    Parameters
    ----------
    curves : array (rows, electrodes)
        One curve an electrode on rows of even depth.
    angles : array (rows, electrodes)
        Image angle of each electrode (deg).
    grid : array (rows,)
        Depths (m).
    radius : array (rows,)
        Radius of the hole (m).
    search : Search, optional
        Windows and steepest dip.

    Returns
    -------
    list of PadPlane
        Windows without a plane are left out.

    Notes
    -----
    The classical correlation of dipmeters: the lag of each pair of electrodes is where their curves correlate best,
    within what the steepest dip allows, and a plane is fitted to all lags by least squares. The lag furthest from the
    plane is left out while lags do not close and enough are there. Lags that do not close, as those of a repeated bed,
    have no plane. Electrodes that do not scatter are dead and take no part; fewer than three arms show no plane.

    Examples
    --------
    >>> rows = np.arange(1600); angles = np.tile([45.0, 135.0, 225.0, 315.0], (1600, 1))
    >>> bed = np.random.default_rng(0).normal(size=1800)
    >>> shifts = np.rint(10 * np.sqrt(2) * np.cos(np.radians(angles[0]))).astype(int)  # a dip to angle 0
    >>> curves = np.stack([bed[rows + 100 - shift] for shift in shifts], axis=1)
    >>> pad_planes(curves, angles, 0.0025 * rows, np.full(1600, 0.1))[0].trace.round(3) + 0
    array([0.999, 0.035, 0.   ])
    """
    search = search or Search()
    step = float(grid[1] - grid[0])
    planes = []
    for window in search.windows(grid):
        if not np.isfinite(angles[window]).all():
            continue
        live = live_electrodes(curves[window])
        t = _angle_of_edges(curves[window], angles[window])
        reach = 2 * float(np.median(radius[window])) * np.tan(np.radians(search.dip))
        lags = []
        for i, j in combinations(np.flatnonzero(live).tolist(), 2):
            rows = max(int(np.ceil(reach * abs(np.sin((t[j] - t[i]) / 2)) / step)), 3)
            size = window.stop - window.start
            shift, correlation = _lag(curves[window, i], curves[window, j], min(rows, size // 2))
            if correlation > _MIN_CORRELATION:
                lags.append(_Lag(i, j, shift * step, correlation))
        plane = _plane_of(lags, t)
        if plane is not None:
            a, b, closure, kept = plane
            trace = np.array([float(grid[window].mean()), a, b])
            correlation = float(np.mean([lag.correlation for lag in kept]))
            count = (int(live.sum()), len(kept), len(lags) - len(kept))
            planes.append(PadPlane(trace, closure, correlation, *count))
    return planes


def live_electrodes(curves: Array) -> npt.NDArray[np.bool_]:
    """
    Return which electrodes of a window scatter as electrodes do.

    Examples
    --------
    >>> rock = np.random.default_rng(0).normal(size=(50, 1))
    >>> live_electrodes(np.hstack([rock, 0 * rock, rock, rock, np.nan * rock])).tolist()
    [True, False, True, True, False]
    """
    measured = np.isfinite(curves)
    count = np.maximum(measured.sum(axis=0), 1)
    filled = np.where(measured, curves, 0.0)
    mean = filled.sum(axis=0) / count
    scatter = np.sqrt((np.where(measured, curves - mean, 0.0) ** 2).sum(axis=0) / count)
    scatter[count < len(curves) / 2] = 0.0
    typical = np.median(scatter[scatter > 0]) if (scatter > 0).any() else np.inf
    return np.asarray(scatter > _DEAD_SHARE * typical)


def _angle_of_edges(curves: Array, angles: Array) -> Array:
    """Angle (rad) of each electrode where its edges are: a tool turns in a window, and its strongest bed decides."""
    energy = np.nan_to_num(np.diff(curves, axis=0, prepend=curves[:1])) ** 2 + 1e-12
    return np.asarray(np.angle((energy * np.exp(1j * np.radians(angles))).sum(axis=0)))


def _plane_of(lags: list[_Lag], t: Array) -> tuple[float, float, float, list[_Lag]] | None:
    """Coefficients a and b, closure (m) and the lags that close; None where they show no plane."""
    fewest = max(_MIN_PAIRS, int(np.ceil(len(lags) * (1 - _MAX_LEFT_OUT))))
    while len(lags) >= _MIN_PAIRS:
        design = np.array([[np.cos(t[j]) - np.cos(t[i]), np.sin(t[j]) - np.sin(t[i])] for i, j, _, _ in lags])
        weight = np.array([lag.correlation for lag in lags])
        shift = np.array([lag.shift for lag in lags])
        if np.linalg.cond(design * weight[:, None]) > _MAX_CONDITION:
            return None
        plane = np.linalg.lstsq(design * weight[:, None], shift * weight, rcond=None)[0]
        apart = design @ plane - shift
        closure = float(np.sqrt(np.sum(weight * apart**2) / weight.sum()))
        if closure < _MAX_CLOSURE_M:
            return float(plane[0]), float(plane[1]), closure, lags
        if len(lags) <= fewest:
            return None
        worst = int(np.argmax(np.abs(apart)))
        lags = [lag for k, lag in enumerate(lags) if k != worst]
    return None


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
        where beds are too flat or too few.
    """
    count = part.across.size
    if count < 2 or pads < 3:
        return float("nan")
    angles = part.turn[:, None] + 360 * np.arange(pads) / pads
    search = Search()
    planes = pad_planes(pad_means(part.values), angles, grid, radius, search)
    halves = (part.values[:, :, : count // 2], part.values[:, :, count - count // 2 :])
    one, other = (pad_means(half) for half in halves)
    apart = float(part.across[count - count // 2 :].mean() - part.across[: count // 2].mean())
    step = float(grid[1] - grid[0])
    lags = int(_PAD_REACH_M / step)
    measured, expected = [], []
    for plane in planes:
        depth, a, b = plane.trace
        first = int(np.searchsorted(grid, depth - search.window / 2))
        window = slice(first, first + int(search.window / step))
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


def pad_means(values: npt.NDArray[np.float32]) -> Array:
    """Mean of the buttons of each pad, of what was measured."""
    measured = np.isfinite(values)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(measured, values, 0.0).sum(axis=2, dtype=np.float64) / measured.sum(axis=2))
