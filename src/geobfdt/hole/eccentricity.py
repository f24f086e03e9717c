"""Amplitudes without the effect of a tool that hangs off the axis of the hole."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from geobfdt.hole.circle_fit import HoleFit

__all__ = ["EccentricityLoss", "correct_amplitude", "eccentricity_terms"]

Array = npt.NDArray[np.float64]

# Height of a stretch that has coefficients of its own: fluid and tool change slowly.
_STRETCH_M = 5.0
# Pixels of a stretch that are fitted.
_MAX_PIXELS = 200_000
_ROUNDS = 8
# Huber's constant, and the standard deviation of a normal distribution over its median absolute deviation.
_HUBER_SIGMAS, _SIGMA_OF_MAD = 1.345, 1.4826
# A tool that is closer to the axis than this on half of the rows leaves nothing to fit (m).
_MIN_OFFSET_M = 3e-4
# No correction is larger than this factor, either way: a weaker echo is noise.
_MAX_FACTOR = 20.0


class EccentricityLoss(NamedTuple):
    """
    How amplitudes fall with the position of the tool in a stretch of the hole.

    Parameters
    ----------
    top, base : float
        Depths (m, MD).
    offset : float
        Median distance between tool and hole axis (m).
    attenuation : float
        Loss along the way in the fluid (1/m, natural logarithm); 0 where the amplitudes do not fall with it.
    incidence : float
        Loss with the square of the angle between ray and wall (1/rad2, natural logarithm); 0 where they do not fall.
    explained : float
        Share of the variance along rows that these two take away.
    """

    top: float
    base: float
    offset: float
    attenuation: float
    incidence: float
    explained: float


def eccentricity_terms(fit: HoleFit, angle: npt.ArrayLike) -> tuple[Array, Array]:
    """
    Way through the fluid, and square of the angle of incidence, that the position of the tool makes.

    Parameters
    ----------
    fit : HoleFit
        The hole of each row.
    angle : array (columns,)
        Image angles (deg).

    Returns
    -------
    way : array (rows, columns)
        Distance to a round wall less the radius (m).
    incidence : array (rows, columns)
        Square of the angle between ray and radius (rad2).

    Notes
    -----
    A tool ``e`` off the axis meets a wall of radius ``R`` at the angle ``asin(e sin(p) / R)``, where ``p`` is the angle
    between the ray and the direction of the axis.
    """
    t = np.radians(np.asarray(angle, dtype=np.float64))
    x, y = fit.axis[:, :1], fit.axis[:, 1:]
    along, across = x * np.cos(t) + y * np.sin(t), x * np.sin(t) - y * np.cos(t)
    radius = fit.radius[:, None]
    way = along + np.sqrt(np.clip(radius**2 - across**2, 0, None)) - radius
    return way, np.arcsin(np.clip(across / radius, -1, 1)) ** 2


def correct_amplitude(
    amplitude: npt.ArrayLike, depth: npt.ArrayLike, angle: npt.ArrayLike, fit: HoleFit, *, logarithmic: bool = False
) -> tuple[Array, list[EccentricityLoss]]:
    """
    Take the effect of the tool's position out of amplitudes.

    Parameters
    ----------
    amplitude : array (rows, columns)
        Amplitudes at the angles seen from the tool; NaN where nothing was measured.
    depth : array (rows,)
        Depths (m, MD).
    angle : array (columns,)
        Image angles (deg).
    fit : HoleFit
        The hole of each row.
    logarithmic : bool
        Whether the amplitudes are decibels. Others have to be positive; those that are not stay as they are.

    Returns
    -------
    corrected : array (rows, columns)
        Amplitudes that a tool on the axis would record.
    losses : list of EccentricityLoss
        What was taken out, by stretches of 5 m.

    Notes
    -----
    In each stretch ``ln A = level of the row - k1 way - k2 incidence`` is fitted by Huber's robust regression. Way and
    angle follow from the travel times of each row; only ``k1`` and ``k2`` are free, and both may only be losses. One
    row by itself cannot part them from its rock: a bed that dips has a first harmonic, too, and breakouts have a second
    one. Over a stretch, what does not follow the tool averages out. What does follow it, such as breakouts across the
    direction in which the tool lies, cannot be separated, and part of its contrast is taken away with it.
    """
    values, at = np.array(amplitude, dtype=np.float64), np.asarray(depth, dtype=np.float64)
    unit = 20 / np.log(10)
    with np.errstate(invalid="ignore", divide="ignore"):
        logs = values / unit if logarithmic else np.log(np.where(values > 0, values, np.nan))
    way, incidence = eccentricity_terms(fit, angle)
    offset = np.hypot(fit.axis[:, 0], fit.axis[:, 1])
    count = max(round(float(at[-1] - at[0]) / _STRETCH_M), 1)
    edges = np.searchsorted(at, np.linspace(at[0], at[-1], count + 1))
    edges[-1] = at.size
    losses = []
    for first, last in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        rows = slice(first, last)
        here = offset[rows]
        middle = float(np.nanmedian(here)) if np.isfinite(here).any() else np.nan
        if not middle >= _MIN_OFFSET_M:
            continue
        k1, k2, explained = _fit_losses(logs[rows], way[rows], incidence[rows])
        gain = np.nan_to_num(k1 * way[rows] + k2 * incidence[rows]).clip(-np.log(_MAX_FACTOR), np.log(_MAX_FACTOR))
        values[rows] = np.where(
            np.isfinite(logs[rows]), values[rows] + unit * gain if logarithmic else values[rows] * np.exp(gain),
            values[rows],
        )  # fmt: skip
        losses.append(EccentricityLoss(float(at[first]), float(at[last - 1]), middle, k1, k2, explained))
    return values, losses


def _fit_losses(logs: Array, way: Array, incidence: Array) -> tuple[float, float, float]:
    """Loss with way and with incidence, neither negative, and the share of the variance that they explain."""
    step = max(1, int(np.ceil(logs.size / _MAX_PIXELS)))
    logs, way, incidence = logs[::step], way[::step], incidence[::step]
    measured = np.isfinite(logs) & np.isfinite(way)
    terms = [np.where(measured, -term, 0.0) for term in (way, incidence)]
    weight = measured.astype(float)
    values = np.where(measured, logs, 0.0)
    coefficients = np.zeros(2)
    residual = values
    for _ in range(_ROUNDS):
        # Each row has its own level, which its weighted mean takes away.
        centred = [_centred(term, weight) for term in (*terms, values)]
        coefficients = _without_gains(centred[0], centred[1], centred[2], weight)
        residual = centred[2] - coefficients[0] * centred[0] - coefficients[1] * centred[1]
        scatter = _SIGMA_OF_MAD * float(np.median(np.abs(residual[measured]))) if measured.any() else 0.0
        weight = measured * np.minimum(1.0, _HUBER_SIGMAS * scatter / np.maximum(np.abs(residual), 1e-12))
    before = float((measured * _centred(values, measured.astype(float)) ** 2).sum())
    after = float((measured * _centred(residual, measured.astype(float)) ** 2).sum())
    explained = 1 - after / before if before > 0 else 0.0
    return float(coefficients[0]), float(coefficients[1]), max(explained, 0.0)


def _centred(values: Array, weight: Array) -> Array:
    """Values less the weighted mean of their row."""
    total = weight.sum(axis=1, keepdims=True)
    mean = (weight * values).sum(axis=1, keepdims=True) / np.maximum(total, 1e-12)
    return np.asarray(values - mean)


def _without_gains(first: Array, second: Array, values: Array, weight: Array) -> Array:
    """Weighted least squares of two coefficients that may not be negative."""
    aa, bb, ab = ((weight * x * y).sum() for x, y in ((first, first), (second, second), (first, second)))
    av, bv = ((weight * x * values).sum() for x in (first, second))
    determinant = aa * bb - ab**2
    if determinant > 1e-9 * aa * bb:
        both = np.array([bb * av - ab * bv, aa * bv - ab * av]) / determinant
        if (both >= 0).all():
            return np.asarray(both)
    alone = np.array([av / aa if aa > 0 else 0.0, bv / bb if bb > 0 else 0.0]).clip(0)
    # Of the two alone, the one that explains more.
    better = int(alone[1] * bv > alone[0] * av)
    return np.where(np.arange(2) == better, alone, 0.0)
