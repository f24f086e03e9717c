"""Fit the hole of each row: where its axis lies from the tool, its radius, and how oval it is."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["HoleFit", "fit_holes", "fitted_distance"]

Array = npt.NDArray[np.float64]

# Rows that are fitted at a time, so that memory does not grow with the length of the well.
_BLOCK_ROWS = 2048
# Rounds with weights of least absolute residuals, which need no good start, and then with Tukey's biweight.
_ABSOLUTE_ROUNDS, _BIWEIGHT_ROUNDS = 8, 8
# Tukey's constant: residuals beyond so many standard deviations count nothing.
_BIWEIGHT_SIGMAS = 4.685
# Standard deviation of a normal distribution over its median absolute deviation.
_SIGMA_OF_MAD = 1.4826
# A smaller scatter of a row is that of the last digit of its times (m).
_MIN_SCATTER_M = 5e-5
# A row is fitted if so much of its turn agrees with the fit, and no gap between such columns is wider.
_MIN_SHARE = 0.5
_MAX_GAP_DEG = 120.0
# A row that scatters by more than this share of its radius is noise.
_MAX_SCATTER = 0.1


class HoleFit(NamedTuple):
    """
    The hole of each row, in the frame of the tool; NaN where a row cannot be fitted.

    Parameters
    ----------
    radius : array (rows,)
        Mean radius about the hole axis (m).
    axis : array (rows, 2)
        Position of the hole axis seen from the tool axis (m): towards image angle 0, and towards 90 degrees.
    oval : array (rows, 2)
        Cosine and sine part of the second harmonic of the radius (m), over twice the angle about the hole axis.
    scatter : array (rows,)
        Robust standard deviation of the distances about the fit (m).
    """

    radius: Array
    axis: Array
    oval: Array
    scatter: Array


def fit_holes(distance: npt.ArrayLike, angle: npt.ArrayLike) -> HoleFit:
    """
    Fit the hole of each row.

    Parameters
    ----------
    distance : array (rows, columns)
        Distances from the tool axis to the wall (m); NaN where nothing was measured.
    angle : array (columns,)
        Image angles (deg).

    Returns
    -------
    HoleFit
        The holes; NaN in rows of which less than half agrees with a fit, that have a gap of over 120 degrees, or are
        noise.

    Notes
    -----
    Seen from the tool, the wall is at ``d(t) (cos t, sin t)``. About a centre it has the radius ``r(p)`` at the angle
    ``p``, and ``r(p) = R + x cos p + y sin p + a cos 2p + b sin 2p`` to first order in what the centre is off by,
    ``(x, y)``. Each round solves this by weighted least squares and moves the centre by ``(x, y)``, until none is left
    (Gauss-Newton). The second harmonic takes up an oval hole or a pair of breakouts. The weights are those of least
    absolute residuals first, without that harmonic, which would bend towards a cavity on one side. Then they are
    Tukey's biweight (Beaton and Tukey 1974, Technometrics 16, 147-185). So a quarter of a row may be cavities,
    cycle skips or lost echoes.

    Examples
    --------
    >>> angle = np.arange(2.5, 360, 5)
    >>> away = np.radians(angle - 30)
    >>> circle = 0.005 * np.cos(away) + np.sqrt(0.05**2 - (0.005 * np.sin(away)) ** 2)
    >>> fit = fit_holes(circle[None], angle)
    >>> bool(np.allclose([fit.radius[0], *fit.axis[0]], [0.05, 0.005 * 3**0.5 / 2, 0.0025]))
    True
    """
    values, t = np.asarray(distance, dtype=np.float64), np.radians(np.asarray(angle, dtype=np.float64))
    parts = [_fit_block(values[first : first + _BLOCK_ROWS], t) for first in range(0, len(values), _BLOCK_ROWS)]
    return HoleFit(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))


def fitted_distance(fit: HoleFit, angle: npt.ArrayLike) -> Array:
    """
    Distance from the tool axis to the fitted hole.

    Parameters
    ----------
    fit : HoleFit
        The holes.
    angle : array (columns,)
        Image angles (deg).

    Returns
    -------
    array (rows, columns)
        Distances (m).

    Notes
    -----
    The ray from the tool meets the circle at ``d``; there, the radius is corrected for the oval, twice.
    """
    t = np.radians(np.asarray(angle, dtype=np.float64))
    x, y = fit.axis[:, :1], fit.axis[:, 1:]
    along, across = x * np.cos(t) + y * np.sin(t), x * np.sin(t) - y * np.cos(t)
    radius: Array = np.broadcast_to(fit.radius[:, None], along.shape)
    distance = along
    for _ in range(3):
        distance = along + np.sqrt(np.clip(radius**2 - across**2, 0, None))
        p = np.arctan2(distance * np.sin(t) - y, distance * np.cos(t) - x)
        radius = fit.radius[:, None] + fit.oval[:, :1] * np.cos(2 * p) + fit.oval[:, 1:] * np.sin(2 * p)
    return np.asarray(distance)


def _fit_block(distance: Array, t: Array) -> HoleFit:
    measured = np.isfinite(distance)
    values = np.where(measured, distance, 0.0)
    wall_x, wall_y = values * np.cos(t), values * np.sin(t)
    rows = len(distance)
    axis, weight = np.zeros((rows, 2)), measured.astype(float)
    solution, scatter = np.full((rows, 5), np.nan), np.full(rows, np.nan)
    residual = np.zeros(distance.shape)
    # Rows with few pixels stay as they are, and are refused below.
    for number in range(_ABSOLUTE_ROUNDS + _BIWEIGHT_ROUNDS):
        x, y = wall_x - axis[:, :1], wall_y - axis[:, 1:]
        r, p = np.hypot(x, y), np.arctan2(y, x)
        round_hole = number < _ABSOLUTE_ROUNDS
        terms = [np.ones_like(p), np.cos(p), np.sin(p), np.cos(2 * p), np.sin(2 * p)][: 3 if round_hole else 5]
        design = np.stack(terms, axis=2)
        solution = _solve(design, weight, r)
        residual = np.where(measured, r - np.matmul(design, solution[:, :, None])[:, :, 0], np.nan)
        axis = axis + solution[:, 1:3]
        scatter = np.maximum(_SIGMA_OF_MAD * _median_of_rows(np.abs(residual)), _MIN_SCATTER_M)
        size = np.abs(np.nan_to_num(residual)) / scatter[:, None]
        if round_hole:
            weight = measured / np.maximum(size, 0.1)
        else:
            weight = measured * np.clip(1 - (size / _BIWEIGHT_SIGMAS) ** 2, 0, None) ** 2
    agrees = measured & (np.abs(np.nan_to_num(residual)) < _BIWEIGHT_SIGMAS * scatter[:, None])
    radius = solution[:, 0]
    good = (
        (agrees.mean(axis=1) >= _MIN_SHARE)
        & (_widest_gap(agrees, t) <= np.radians(_MAX_GAP_DEG))
        & (radius > 0)
        & (scatter < _MAX_SCATTER * radius)
        & (np.hypot(axis[:, 0], axis[:, 1]) < radius)
    )
    lost = ~good
    radius[lost], axis[lost], scatter[lost], solution[lost] = np.nan, np.nan, np.nan, np.nan
    return HoleFit(radius, axis, solution[:, 3:], scatter)


def _solve(design: Array, weight: Array, values: Array) -> Array:
    """Weighted least squares of each row: array (rows, terms)."""
    weighted = design * weight[:, :, None]
    normal = np.matmul(weighted.transpose(0, 2, 1), design)
    # A row without enough pixels has no solution; a little damping makes it finite, and it is refused later.
    normal += 1e-9 * np.eye(normal.shape[1]) * np.maximum(np.trace(normal, axis1=1, axis2=2), 1e-12)[:, None, None]
    right = np.matmul(weighted.transpose(0, 2, 1), values[:, :, None])
    return np.asarray(np.linalg.solve(normal, right)[:, :, 0])


def _median_of_rows(values: Array) -> Array:
    """Median of the values of each row that are not NaN; 0 where there is none."""
    ordered = np.sort(values, axis=1)
    count = np.isfinite(values).sum(axis=1)
    rows = np.arange(len(values))
    middle = (ordered[rows, np.maximum(count - 1, 0) // 2] + ordered[rows, np.minimum(count // 2, count.max() - 1)]) / 2
    return np.where(count > 0, np.nan_to_num(middle), 0.0)


def _widest_gap(agrees: npt.NDArray[np.bool_], t: Array) -> Array:
    """Widest angle between neighbouring columns that agree with the fit (rad), of each row."""
    turn = 2 * np.pi
    last = np.where(agrees, t, -np.inf)
    before = np.maximum.accumulate(last, axis=1)
    highest = before[:, -1:]
    previous = np.concatenate([highest - turn, np.maximum(before[:, :-1], highest - turn)], axis=1)
    gaps = np.where(agrees, t - np.where(np.isfinite(previous), previous, 0.0), 0.0)
    return np.where(agrees.any(axis=1), gaps.max(axis=1), turn)
