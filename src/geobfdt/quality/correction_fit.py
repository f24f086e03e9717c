"""How far corrected picks still lie from the image, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geobfdt.geometry import trace_rms
from geobfdt.quality.orientation_errors import turn_traces
from geobfdt.quality.trace_evidence import line_width, trace_evidence
from geobfdt.wells.image import WellImage

__all__ = ["Peak", "beats_others", "fit_peak", "fit_shift", "fit_turn"]

Array = npt.NDArray[np.float64]

# Errors of an image are alike over this depth, as where a tool sticks and slips: picks in it count as one.
CLUSTER_M = 2.0
# The remaining turn is looked for this far to either side, in steps of so much.
_TURNS_DEG = np.arange(-15.0, 15.1, 1.5)
# A peak is fitted with a parabola over this much to either side: about the width of a line on a steep trace.
_TURN_REACH_DEG = 6.0
_SHIFT_REACH_M = 0.02
# The remaining shift is looked for this far to either side.
_MAX_SHIFT_M = 0.06
# Another version of the picks is another answer if it lies so many steps of the scan away in depth, or is turned by so
# much (deg), or, where dips are at stake, if its traces lie a line's width away.
_OTHER_ANSWER_STEPS = 1.5
_OTHER_ANSWER_DEG = 5.0
# The correction has to beat every other answer by so many standard errors.
_MIN_STANDARD_ERRORS = 3.0


@dataclass(frozen=True)
class Peak:
    """
    Place of the peak of the evidence and its standard error, in the unit of the scan.

    Parameters
    ----------
    place, sigma : float
        Peak and standard error; both NaN where there is no peak.
    """

    place: float
    sigma: float


def fit_peak(curves: Array, scan: Array, reach: float, depth: Array) -> Peak:
    """
    Fit the peak of the evidence of all picks together.

    Parameters
    ----------
    curves : array (picks, steps)
        Evidence of each pick along the scan; picks with NaN are left out.
    scan : array (steps,)
        Evenly spaced places.
    reach : float
        Length of the parabola to either side of the highest step.
    depth : array (picks,)
        Depths of the picks (m, MD).

    Returns
    -------
    Peak
        Vertex of the parabola and its standard error.

    Notes
    -----
    The standard error is the sandwich of an M-estimator (Huber 1967) whose slopes are summed over stretches of
    :data:`CLUSTER_M`, so that errors which neighbours share are not averaged away.

    Examples
    --------
    >>> scan = np.arange(-10.0, 11.0)
    >>> noise = np.random.default_rng(0).normal(0, 0.05, (50, 21))
    >>> peak = fit_peak(np.exp(-((scan - 1.5) ** 2) / 40) + noise, scan, 4.0, np.arange(50.0))
    >>> abs(peak.place - 1.5) < 0.2
    True
    """
    usable = np.isfinite(curves).all(1)
    own, at = curves[usable], depth[usable]
    step = float(scan[1] - scan[0])
    half = max(2, round(reach / step))
    if len(own) < 2 or scan.size < 2 * half + 1:
        return Peak(np.nan, np.nan)
    centre = int(np.clip(own.mean(0).argmax(), half, scan.size - 1 - half))
    offsets = scan[centre - half : centre + half + 1] - scan[centre]
    design = np.stack([np.ones_like(offsets), offsets, offsets**2], 1)
    _, slope, bend = np.linalg.pinv(design) @ own[:, centre - half : centre + half + 1].T
    if bend.sum() >= 0:
        return Peak(np.nan, np.nan)
    vertex = -slope.sum() / (2 * bend.sum())
    if abs(vertex) > reach:
        return Peak(np.nan, np.nan)
    clusters = np.floor(at / CLUSTER_M).astype(int)
    scores = np.bincount(clusters - clusters.min(), weights=slope + 2 * bend * vertex)
    return Peak(float(scan[centre] + vertex), float(np.sqrt((scores**2).sum()) / abs(2 * bend.sum())))


def _differ(one: Array, other: Array, tolerance: float) -> bool:
    """Whether traces lie at other depths or dip in other directions."""
    angle = np.angle((one[:, 1] + 1j * one[:, 2]) * (other[:, 1] - 1j * other[:, 2]), deg=True)
    return bool(np.median(np.abs(one[:, 0] - other[:, 0])) > tolerance or np.median(np.abs(angle)) > _OTHER_ANSWER_DEG)


def fit_shift(image: WellImage, trace: Array) -> Peak:
    """Return the shift (m) that traces still lack, with its standard error."""
    shifts: Array = np.arange(-24.0, 25.0) * (_MAX_SHIFT_M / 24)
    reach = max(_SHIFT_REACH_M, 2 * line_width(image))
    shifts *= max(1.0, reach / _SHIFT_REACH_M)
    return fit_peak(trace_evidence(image, trace[None], shifts)[0], shifts, reach, trace[:, 0])


def fit_turn(image: WellImage, trace: Array) -> Peak:
    """Return the turn (deg) that steep traces still lack, with its standard error."""
    versions = turn_traces(trace, _TURNS_DEG[:, None])
    curves = trace_evidence(image, versions, np.zeros(1))[..., 0].T
    return fit_peak(curves, _TURNS_DEG, _TURN_REACH_DEG, trace[:, 0])


def beats_others(image: WellImage, corrected: Array, versions: Array, *, dips: bool) -> bool:
    """
    Whether corrected traces fit the image better than every other reading of the picks.

    Parameters
    ----------
    image : WellImage
        The well.
    corrected : array (picks, 3)
        Traces after the correction.
    versions : array (versions, picks, 3)
        The same picks in other readings, each of which is tried at its own best shift.
    dips : bool
        Whether the correction changes dips. If not, readings that differ in their amplitude alone are no others.

    Returns
    -------
    bool
        False where one that lies elsewhere fits as well.
    """
    step = max(0.01, line_width(image) / 2)
    shifts = np.asarray(step * np.arange(-round(1.0 / step), round(1.0 / step) + 1), dtype=np.float64)
    chosen = trace_evidence(image, corrected[None], np.zeros(1))[0, :, 0]
    for version, curves in zip(versions, trace_evidence(image, versions, shifts), strict=True):
        measured = np.isfinite(curves).all(1) & np.isfinite(chosen)
        if measured.sum() < 2:
            continue
        best = int(curves[measured].mean(0).argmax())
        moved = version + np.array([shifts[best], 0.0, 0.0])
        others = _differ(moved[measured], corrected[measured], _OTHER_ANSWER_STEPS * step)
        far = np.median(trace_rms(moved[measured], corrected[measured])) >= line_width(image)
        if not (others or (dips and far)):
            continue
        difference = chosen[measured] - curves[measured, best]
        error = difference.std(ddof=1) / np.sqrt(difference.size)
        if difference.mean() < _MIN_STANDARD_ERRORS * error:
            return False
    return True
