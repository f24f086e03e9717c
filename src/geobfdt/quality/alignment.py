"""The depth shift that brings picks onto their image: constant, drifting with depth, or stepping at one depth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

__all__ = ["Alignment", "align"]

Array = npt.NDArray[np.float64]
Verdict = Literal["aligned", "shifted", "drifting", "stepped", "unclear"]

# Picks that a shift is read from.
FEWEST = 10
# Peak over the scatter of the other shifts, of which there are hundreds.
CLEAR = 6.0
# The same over thousands of pairs of shift and drift.
CLEAR_DRIFT = 8.0
# Standard errors that a drift or a step has to be off zero.
CERTAIN = 4.0
# m: what nobody corrects.
SMALLEST = 0.01
# m from end to end of the well, tried one by one.
DRIFTS = np.arange(-0.5, 0.5001, 0.025)


@dataclass(frozen=True)
class Alignment:
    """
    How picks sit on the image in depth.

    Parameters
    ----------
    shifts, evidence : array (shifts,)
        The scan: mean evidence of all picks, moved down by each shift (m), over their own average.
    verdict : str
        ``aligned``, ``shifted``, ``drifting``, ``stepped`` or ``unclear``.
    z : float
        Height of the best peak in robust standard deviations of the scan away from it.
    shift, sigma : float
        What to add to the picks' depths (m) and its standard error; for a drift, at the middle of the picks.
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
        What to add to picks at depths (m, MD); 0 where no shift could be told.

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


def align(curves: Array, shifts: Array, depth: Array, smallest: float = SMALLEST) -> Alignment:
    """
    Find the shift at which picks together find most evidence, and whether it changes along the well.

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
        The scan and what it says. The standard errors are those of an M-estimator (Huber 1967): the scatter of the
        picks' own slopes at the peak over the curvature of their sum.

    Examples
    --------
    >>> shifts = np.arange(-100, 101) * 0.005
    >>> noise = np.random.default_rng(0).normal(0, 0.1, (60, 201))
    >>> found = align(np.exp(-((shifts - 0.12) ** 2) / 2e-4) + noise, shifts, np.arange(60.0))
    >>> found.verdict, round(found.shift, 2)
    ('shifted', 0.12)
    """
    seen = np.isfinite(curves).mean(1) > 0.5
    own = np.where(seen[:, None], curves, 0.0)
    with np.errstate(invalid="ignore"):
        own = np.nan_to_num(own - np.nanmean(own, axis=1, keepdims=True))
    own, at = own[seen], depth[seen]
    mean = own.mean(0) if len(own) else np.zeros(shifts.size)
    if len(own) < FEWEST:
        return Alignment(shifts, mean, "unclear")
    middle, length = float(at.max() + at.min()) / 2, float(np.ptp(at))
    x = (at - middle) / length if length > 0 else np.zeros(at.size)
    step = float(shifts[1] - shifts[0])
    moved = np.array([_moved(own, drift * x / step).mean(0) for drift in DRIFTS])

    # A drift has to earn its place: the constant shift stands unless the best drift beats it clearly.
    none = int(np.abs(DRIFTS).argmin())
    best = int(moved.max(1).argmax()) if length > 0 else none
    z_constant, z_drift = _height(moved[none], shifts), _height(moved[best], shifts)
    if z_constant < CLEAR and z_drift < CLEAR_DRIFT:
        return Alignment(shifts, mean, "unclear", z_constant, middle=middle, length=length)
    if z_drift < CLEAR_DRIFT or (moved[none].max() > 0.95 * moved[best].max() and z_constant >= CLEAR):
        best = none
    start = np.array([shifts[int(moved[best].argmax())], DRIFTS[best]])
    (shift, drift), spread = _refine(own, shifts, x, start)
    drift_sigma = float(np.sqrt(spread[1, 1]))
    drifting = abs(drift) > max(smallest, CERTAIN * drift_sigma)

    stepped = _step(own, shifts, at, smallest)
    level = own[np.arange(len(own)), _index(shifts, shift + drift * x)].mean() if drifting else moved[none].max()
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
    if z_constant < CLEAR:
        return Alignment(shifts, mean, "unclear", z_constant, middle=middle, length=length)
    (shift, _), spread = _refine(own, shifts, 0 * x, np.array([shifts[int(mean.argmax())], 0.0]))
    sigma = float(np.sqrt(spread[0, 0]))
    verdict: Verdict = "shifted" if abs(shift) > max(smallest, 3 * sigma) else "aligned"
    return Alignment(shifts, mean, verdict, shift=shift, sigma=sigma, drift_sigma=drift_sigma, **common)


def _height(curve: Array, shifts: Array) -> float:
    """Peak over the robust scatter of the scan more than 5 cm (or five steps) from it."""
    away = np.abs(shifts - shifts[int(curve.argmax())]) > max(0.05, 5 * (shifts[1] - shifts[0]))
    rest = curve[away]
    scatter = 1.4826 * float(np.median(np.abs(rest - np.median(rest))))
    return float((curve.max() - np.median(rest)) / scatter) if scatter > 0 else 0.0


def _index(shifts: Array, wanted: Array) -> npt.NDArray[np.intp]:
    step = shifts[1] - shifts[0]
    return np.asarray(np.clip(np.rint((wanted - shifts[0]) / step), 0, shifts.size - 1), dtype=np.intp)


def _moved(own: Array, by: Array) -> Array:
    """Curves read `by` steps further on, each its own; what lies beyond the scan says nothing."""
    at = np.arange(own.shape[1]) + np.rint(by).astype(int)[:, None]
    inside = (at >= 0) & (at < own.shape[1])
    return np.where(inside, np.take_along_axis(own, np.clip(at, 0, own.shape[1] - 1), 1), 0.0)


def _refine(own: Array, shifts: Array, x: Array, start: Array) -> tuple[tuple[float, float], Array]:
    """Newton steps to the top of the summed evidence in (shift, drift), and the covariance there."""
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
        wanted = place[0] + place[1] * x
        centre = np.clip(_index(shifts, wanted), reach, shifts.size - 1 - reach)
        near = own[np.arange(len(own))[:, None], centre[:, None] + np.arange(-reach, reach + 1)]
        _, slope, curve = fit @ near.T
        slope = slope + 2 * curve * (wanted - shifts[centre])
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


def _step(own: Array, shifts: Array, depth: Array, smallest: float) -> tuple[float, float, float, float, float] | None:
    """Best split into two constant shifts: evidence, depth, upper and lower shift, standard error; None if unclear."""
    order = np.argsort(depth, kind="stable")
    total = np.cumsum(own[order], axis=0)
    edge = max(FEWEST, len(own) // 10)
    if len(own) < 2 * edge:
        return None
    upper, lower = total[edge - 1 : len(own) - edge], total[-1] - total[edge - 1 : len(own) - edge]
    best = int((upper.max(1) + lower.max(1)).argmax())
    count = edge + best
    parts = (own[order[:count]], own[order[count:]])
    if min(_height(part.mean(0), shifts) for part in parts) < CLEAR:
        return None
    found = [_refine(p, shifts, np.zeros(len(p)), np.array([shifts[int(p.mean(0).argmax())], 0.0])) for p in parts]
    (first, _), (second, _) = found[0][0], found[1][0]
    upper_sigma, lower_sigma = (float(np.sqrt(spread[0, 0])) for _, spread in found)
    if abs(second - first) <= max(2 * smallest, CERTAIN * float(np.hypot(upper_sigma, lower_sigma))):
        return None
    evidence = float(upper[best].max() + lower[best].max()) / len(own)
    where = float(depth[order[count - 1 : count + 1]].mean())
    return evidence, where, first, second, upper_sigma
