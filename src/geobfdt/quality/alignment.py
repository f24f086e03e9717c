"""Depth shift between picks and image: constant, drifting with depth, or with a step at one depth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

__all__ = ["Alignment", "align"]

Array = npt.NDArray[np.float64]
Verdict = Literal["aligned", "shifted", "drifting", "stepped", "unclear"]

# A shift is estimated from at least this many picks.
MIN_PICKS = 10
# A peak is certain above this multiple of the scatter of the other shifts, of which there are hundreds.
MIN_SHIFT_Z = 6.0
# The same limit over thousands of pairs of shift and drift.
MIN_DRIFT_Z = 8.0
# A drift or a step differs from zero by at least this many standard errors.
MIN_STANDARD_ERRORS = 4.0
# Nobody corrects a smaller shift.
MIN_SHIFT_M = 0.01
# Drifts from end to end of the well that are tried one by one.
DRIFTS_M = np.arange(-0.5, 0.5001, 0.025)


@dataclass(frozen=True)
class Alignment:
    """
    Alignment of picks and image in depth.

    Parameters
    ----------
    shifts, evidence : array (shifts,)
        The scan: mean evidence of all picks, moved down by each shift (m), over their own average.
    verdict : str
        ``aligned``, ``shifted``, ``drifting``, ``stepped`` or ``unclear``.
    z : float
        Height of the best peak in robust standard deviations of the scan away from it.
    shift, sigma : float
        Correction of the depths of the picks (m) and its standard error; for a drift, at the middle of the picks.
    drift, drift_sigma : float
        Change of the shift from the first pick to the last (m).
    step_depth, step : float
        Depth (m, MD) where the shift steps and by how much (m) below; NaN where it does not.
    middle, length : float
        Middle and length (m) of the picked interval, which the drift refers to.
    """

    shifts: Array
    evidence: Array
    verdict: Verdict
    z: float = 0.0
    shift: float = np.nan
    sigma: float = np.nan
    drift: float = 0.0
    drift_sigma: float = np.nan
    step_depth: float = np.nan
    step: float = 0.0
    middle: float = np.nan
    length: float = np.nan

    @property
    def slope(self) -> float:
        """Drift (m per 100 m of hole)."""
        return 100 * self.drift / self.length if self.length > 0 else 0.0

    def at(self, depth: npt.ArrayLike) -> Array:
        """
        Return the correction (m) for picks at depths (m, MD); 0 where no shift is certain.

        Examples
        --------
        >>> drifting = Alignment(np.zeros(1), np.zeros(1), "drifting", shift=0.1, drift=0.2, middle=50.0, length=100.0)
        >>> drifting.at([0, 100])
        array([0. , 0.2])
        """
        z = np.asarray(depth, dtype=float)
        if self.verdict == "drifting":
            return np.asarray(self.shift + self.drift * (z - self.middle) / self.length)
        if self.verdict == "stepped":
            return np.where(z < self.step_depth, self.shift, self.shift + self.step)
        return np.full(z.shape, self.shift if self.verdict != "unclear" else 0.0)


def align(curves: Array, shifts: Array, depth: Array, smallest: float = MIN_SHIFT_M) -> Alignment:
    """
    Find the shift with the most evidence of all picks together, and whether it changes along the well.

    Parameters
    ----------
    curves : array (picks, shifts)
        Evidence of each pick at each shift; NaN where unmeasured.
    shifts : array (shifts,)
        Evenly spaced shifts (m).
    depth : array (picks,)
        Depths of the picks (m, MD).
    smallest : float
        Shift (m) below which picks count as aligned.

    Returns
    -------
    Alignment
        The scan and its verdict.

    Notes
    -----
    The evidence of every pick, less its own mean, is averaged over the picks for each constant shift and for each
    drift in :data:`DRIFTS_M`. The peak is compared with the robust scatter of the other shifts. A drift is accepted
    only if its peak clearly exceeds that of the best constant shift, and a step only if it exceeds both. Newton steps
    then refine shift and drift on a parabola fitted to the neighbourhood of the peak. The standard errors are those
    of an M-estimator (Huber 1967): the scatter of the slopes of single picks at the peak over the curvature of the
    summed evidence.

    Examples
    --------
    >>> shifts = np.arange(-100, 101) * 0.005
    >>> noise = np.random.default_rng(0).normal(0, 0.1, (60, 201))
    >>> result = align(np.exp(-((shifts - 0.12) ** 2) / 2e-4) + noise, shifts, np.arange(60.0))
    >>> result.verdict, round(result.shift, 2)
    ('shifted', 0.12)
    """
    usable = np.isfinite(curves).mean(1) > 0.5
    own = np.where(usable[:, None], curves, 0.0)
    with np.errstate(invalid="ignore"):
        own = np.nan_to_num(own - np.nanmean(own, axis=1, keepdims=True))
    own, at = own[usable], depth[usable]
    mean = own.mean(0) if len(own) else np.zeros(shifts.size)
    if len(own) < MIN_PICKS:
        return Alignment(shifts, mean, "unclear")
    # Places run from -1/2 to 1/2, so that a drift leaves the shift at the middle as it is.
    middle, length = float(at.max() + at.min()) / 2, float(np.ptp(at))
    x = (at - middle) / length if length > 0 else np.zeros(at.size)
    step = float(shifts[1] - shifts[0])
    sheared = np.array([_shift_curves(own, drift * x / step).mean(0) for drift in DRIFTS_M])

    # The constant shift is kept unless the best drift has clearly more evidence.
    none = int(np.abs(DRIFTS_M).argmin())
    best = int(sheared.max(1).argmax()) if length > 0 else none
    z_constant, z_drift = _peak_z(sheared[none], shifts), _peak_z(sheared[best], shifts)
    if z_constant < MIN_SHIFT_Z and z_drift < MIN_DRIFT_Z:
        return Alignment(shifts, mean, "unclear", z_constant, middle=middle, length=length)
    if z_drift < MIN_DRIFT_Z or (sheared[none].max() > 0.95 * sheared[best].max() and z_constant >= MIN_SHIFT_Z):
        best = none
    start = np.array([shifts[int(sheared[best].argmax())], DRIFTS_M[best]])
    (shift, drift), spread = _refine(own, shifts, x, start)
    drift_sigma = float(np.sqrt(spread[1, 1]))
    drifting = abs(drift) > max(smallest, MIN_STANDARD_ERRORS * drift_sigma)

    stepped = _find_step(own, shifts, at, smallest)
    level = (
        own[np.arange(len(own)), _nearest_shift(shifts, shift + drift * x)].mean() if drifting else sheared[none].max()
    )
    common = {"z": max(z_constant, z_drift), "middle": middle, "length": length}
    if stepped is not None and stepped[0] > 1.1 * level:
        _, where, upper, lower, sigma = stepped
        return Alignment(
            shifts, mean, "stepped", shift=upper, sigma=sigma, step_depth=where, step=lower - upper, **common
        )
    if drifting:
        sigma = float(np.sqrt(spread[0, 0]))
        return Alignment(
            shifts, mean, "drifting", shift=shift, sigma=sigma, drift=drift, drift_sigma=drift_sigma, **common
        )
    if z_constant < MIN_SHIFT_Z:
        return Alignment(shifts, mean, "unclear", z_constant, middle=middle, length=length)
    (shift, _), spread = _refine(own, shifts, 0 * x, np.array([shifts[int(mean.argmax())], 0.0]))
    sigma = float(np.sqrt(spread[0, 0]))
    verdict: Verdict = "shifted" if abs(shift) > max(smallest, 3 * sigma) else "aligned"
    return Alignment(shifts, mean, verdict, shift=shift, sigma=sigma, drift_sigma=drift_sigma, **common)


def _peak_z(curve: Array, shifts: Array) -> float:
    """Return the height of the peak over the robust scatter of the scan beyond 5 cm (or five steps) from it."""
    away = np.abs(shifts - shifts[int(curve.argmax())]) > max(0.05, 5 * (shifts[1] - shifts[0]))
    rest = curve[away]
    scatter = 1.4826 * float(np.median(np.abs(rest - np.median(rest))))
    return float((curve.max() - np.median(rest)) / scatter) if scatter > 0 else 0.0


def _nearest_shift(shifts: Array, shift: Array) -> npt.NDArray[np.intp]:
    step = shifts[1] - shifts[0]
    return np.asarray(np.clip(np.rint((shift - shifts[0]) / step), 0, shifts.size - 1), dtype=np.intp)


def _shift_curves(own: Array, by: Array) -> Array:
    """Read each curve `by` steps further on; beyond the scan the evidence is 0."""
    at = np.arange(own.shape[1]) + np.rint(by).astype(int)[:, None]
    inside = (at >= 0) & (at < own.shape[1])
    return np.where(inside, np.take_along_axis(own, np.clip(at, 0, own.shape[1] - 1), 1), 0.0)


def _refine(own: Array, shifts: Array, x: Array, start: Array) -> tuple[tuple[float, float], Array]:
    """Maximise the summed evidence over (shift, drift) by Newton steps, and return the covariance there."""
    step = float(shifts[1] - shifts[0])
    # A parabola over a neighbourhood as wide as the peak: derivatives of raw curves are mostly noise.
    reach = max(2, round(0.02 / step))
    offsets = np.arange(-reach, reach + 1) * step
    fit = np.linalg.pinv(np.stack([np.ones_like(offsets), offsets, offsets**2], 1))
    design = np.stack([np.ones_like(x), x], 1)
    unknown = design[:, :1] if not x.any() else design
    place = start.astype(float)
    covariance = np.zeros((2, 2))
    for _ in range(4):
        fitted = place[0] + place[1] * x
        centre = np.clip(_nearest_shift(shifts, fitted), reach, shifts.size - 1 - reach)
        near = own[np.arange(len(own))[:, None], centre[:, None] + np.arange(-reach, reach + 1)]
        _, slope, curve = fit @ near.T
        slope = slope + 2 * curve * (fitted - shifts[centre])
        hessian = (unknown * (2 * curve)[:, None]).T @ unknown
        if np.linalg.eigvalsh(hessian).max() >= 0:
            break
        inverse = np.linalg.inv(hessian)
        move = -inverse @ (unknown * slope[:, None]).sum(0)
        scores = unknown * slope[:, None]
        covariance[: len(move), : len(move)] = inverse @ (scores.T @ scores) @ inverse
        place[: len(move)] += np.clip(move, -2 * step, 2 * step)
    else:
        return (float(place[0]), float(place[1])), covariance
    return (float(start[0]), float(start[1])), np.full((2, 2), np.inf)


def _find_step(
    own: Array, shifts: Array, depth: Array, smallest: float
) -> tuple[float, float, float, float, float] | None:
    """Split into two constant shifts: evidence, depth, upper and lower shift, standard error; None if unclear."""
    order = np.argsort(depth, kind="stable")
    total = np.cumsum(own[order], axis=0)
    edge = max(MIN_PICKS, len(own) // 10)
    if len(own) < 2 * edge:
        return None
    upper, lower = total[edge - 1 : len(own) - edge], total[-1] - total[edge - 1 : len(own) - edge]
    best = int((upper.max(1) + lower.max(1)).argmax())
    count = edge + best
    parts = (own[order[:count]], own[order[count:]])
    if min(_peak_z(part.mean(0), shifts) for part in parts) < MIN_SHIFT_Z:
        return None
    parts_fit = [_refine(p, shifts, np.zeros(len(p)), np.array([shifts[int(p.mean(0).argmax())], 0.0])) for p in parts]
    (first, _), (second, _) = parts_fit[0][0], parts_fit[1][0]
    upper_sigma, lower_sigma = (float(np.sqrt(spread[0, 0])) for _, spread in parts_fit)
    if abs(second - first) <= max(2 * smallest, MIN_STANDARD_ERRORS * float(np.hypot(upper_sigma, lower_sigma))):
        return None
    evidence = float(upper[best].max() + lower[best].max()) / len(own)
    where = float(depth[order[count - 1 : count + 1]].mean())
    return evidence, where, first, second, upper_sigma
