"""Snapping: the plane at a point that an interpreter clicks, or through three points."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from geobfdt.geometry import amplitude_azimuth, trace_depth, trace_rms
from geobfdt.picking.attributes import describe
from geobfdt.picking.detector import Detector
from geobfdt.picking.refinement import mean_agreement, refine
from geobfdt.quality.trace_evidence import CONTRAST_WINDOW_M, trace_evidence
from geobfdt.wells.image import WellImage, hole_radius, log_at, row_spacing, without_colour
from geobfdt.wells.picks import complete, new_picks

__all__ = ["describe_traces", "snap", "through"]

_CLICK_SIGMA_M = 0.03  # Distance from a click at which a detector's candidate counts for 1/e of its confidence.
_MIN_SCORE = 0.02  # Confidence, lowered by that distance, from which the detector's candidate is taken.
_MAX_CLICK_DISTANCE_M = 0.02  # Largest distance of a click from a trace that is searched without a detector.
_MIN_ROWS = 3  # Rows around a point from which anything is searched there.
_MIN_SPACING_M = 0.03  # A trace closer than this (trace RMS) to a picked one is that one.
_AZIMUTHS = 36  # Azimuths of the trial planes through a point.
_DIPS_DEG = np.r_[0.0, 4.0, 8.0, 12.0, np.arange(17.0, 80.0, 3.0), 81.0]  # Apparent dips of the trial planes.
_CANDIDATES = 6  # Number of the best trial planes that are refined.
_DIP_PENALTY = 0.05  # Evidence that a plane ten degrees steeper needs in addition, since there are more steep planes.
_TRIAL_ERROR_M = 0.02  # Typical error of the trial planes.
_MIN_STEP_M = 0.004  # Smallest step in depth between trial planes.

Array = npt.NDArray[np.float64]


def through(depth: npt.ArrayLike, angle: npt.ArrayLike) -> Array:
    """
    Trace through three points.

    Parameters
    ----------
    depth : array (3,)
        Depths (m, MD).
    angle : array (3,)
        Image angles (deg).

    Returns
    -------
    array (3,)
        ``(z0, a, b)`` (m).

    Raises
    ------
    ValueError
        If two of the angles are the same, within a degree: then no single plane goes through them.

    Examples
    --------
    >>> through([1.1, 1.0, 0.9], [0.0, 90.0, 180.0]).round(6) + 0
    array([1. , 0.1, 0. ])
    """
    t = np.radians(np.asarray(angle, dtype=float))
    angle_between = np.degrees(np.abs(np.angle(np.exp(1j * (t - np.roll(t, 1))))))
    if angle_between.min() < 1:
        raise ValueError("the three points have to lie at different angles")
    design = np.stack([np.ones(3), np.cos(t), np.sin(t)], axis=1)
    return np.asarray(np.linalg.solve(design, np.asarray(depth, dtype=float)))


def snap(
    image: WellImage, depth: float, angle: float, detector: Detector | None = None, picked: npt.ArrayLike = ()
) -> tuple[Array, str]:
    """
    Trace of the plane that a point most likely lies on.

    Parameters
    ----------
    image : WellImage
        The well; some metres around the point are read.
    depth : float
        Depth of the point (m, MD).
    angle : float
        Its image angle (deg).
    detector : Detector, optional
        Made for this well. Its candidates are tried first, including those below its thresholds.
    picked_traces : array (n, 3), optional
        Traces that are picked already: the plane at the point is another one.

    Returns
    -------
    trace : array (3,)
        ``(z0, a, b)`` (m), refined on the image; level, through the point, where no plane is found.
    name : str
        Class, if a detector found the plane; else empty.

    Notes
    -----
    Without a candidate nearby, planes of all dips and azimuths through the point are compared by the evidence of the
    image along them (:func:`geobfdt.quality.trace_evidence.trace_evidence`). Steeper ones have a penalty, since there
    are more of them. The best few are refined on the pixels, and the one whose pieces agree most is returned.

    Examples
    --------
    >>> from geobfdt.geometry import trace_depth
    >>> from geobfdt.wells.image import well_image
    >>> z, angles = 0.005 * np.arange(400), np.arange(2.5, 360, 5)
    >>> plane = trace_depth([1.0, 0.1, 0.0], angles)
    >>> pixels = np.random.default_rng(0).normal(size=(400, 72)) - 5 * np.exp(-(((z[:, None] - plane) / 0.01) ** 2))
    >>> snap(well_image(pixels, z, angles, diameter=0.2), 1.1, 0.0)[0].round(2) + 0
    array([1. , 0.1, 0. ])
    """
    picked_traces = np.asarray(picked, dtype=np.float64).reshape(-1, 3)
    if detector is not None:
        rows_around = _around(image, depth, detector.overlap)
        if rows_around.sizes["depth"] >= _MIN_ROWS:
            candidates = detector.detect(rows_around)
            depth_offset = trace_depth(candidates.traces, np.array([angle])).reshape(-1) - depth
            score = (
                candidates.confidence
                * np.exp(-((depth_offset / _CLICK_SIGMA_M) ** 2))
                * _new(candidates.traces, picked_traces)
            )
            if score.size and score.max() >= _MIN_SCORE:
                best = int(score.argmax())
                refined = refine(
                    *_pixels(rows_around), candidates.traces[best], hole_radius(image), detector.typical_error_m
                )
                return refined.traces[0], str(candidates.classes[best])
    return _most_visible(image, depth, angle, picked_traces), ""


def _new(traces: Array, picked: Array) -> npt.NDArray[np.bool_]:
    """Return True for traces (n,) that are none of the picked ones."""
    return np.asarray((trace_rms(traces[:, None], picked) > _MIN_SPACING_M).all(axis=1))


def _most_visible(image: WellImage, depth: float, angle: float, picked: Array) -> Array:
    """Return the trace through a point with the most evidence in the image."""
    radius = hole_radius(image)
    amplitude = radius * np.tan(np.radians(_DIPS_DEG))
    azimuth = np.radians(np.arange(0, 360, 360 / _AZIMUTHS))
    shape = np.stack([np.outer(amplitude, np.cos(azimuth)), np.outer(amplitude, np.sin(azimuth))], -1).reshape(-1, 2)
    shape = shape[_AZIMUTHS - 1 :]  # A level plane has no azimuth: it is tried once.
    t = np.radians(angle)
    start = np.column_stack([depth - shape @ [np.cos(t), np.sin(t)], shape])
    level = np.array([depth, 0.0, 0.0])
    rows_around = _around(image, depth, 2 * float(amplitude.max()) + 2 * CONTRAST_WINDOW_M)
    if rows_around.sizes["depth"] < _MIN_ROWS:
        return level
    step = max(row_spacing(image), _MIN_STEP_M)
    shifts = (
        np.arange(-round(_MAX_CLICK_DISTANCE_M / step), round(_MAX_CLICK_DISTANCE_M / step) + 1, dtype=np.float64)
        * step
    )
    start = start[_new(start, picked)]
    dip = np.degrees(np.arctan(np.hypot(start[:, 1], start[:, 2]) / radius))
    evidence = np.nan_to_num(
        trace_evidence(rows_around, start[None], shifts)[0] - _DIP_PENALTY * dip[:, None] / 10, nan=-np.inf
    )
    order = np.argsort(-evidence.max(axis=1), kind="stable")[:_CANDIDATES]
    if not np.isfinite(evidence[order[0]].max()):
        return level
    candidates = start[order]
    candidates[:, 0] += shifts[evidence[order].argmax(axis=1)]
    refined = refine(*_pixels(rows_around), candidates, radius, _TRIAL_ERROR_M)
    missed = np.abs(trace_depth(refined.traces, np.array([angle])).reshape(-1) - depth) > 2 * _MAX_CLICK_DISTANCE_M
    missed |= ~_new(refined.traces, picked)
    if missed.all():
        return np.asarray(candidates[0])
    return np.asarray(refined.traces[int(np.argmax(np.where(missed, -1.0, mean_agreement(refined))))])


def _around(image: WellImage, depth: float, reach: float) -> WellImage:
    first, last = np.searchsorted(image["depth"].values, [depth - reach, depth + reach])
    return without_colour(image).isel(depth=slice(int(first), int(last))).load()


def _pixels(image: WellImage) -> tuple[npt.NDArray[np.float32], Array, Array]:
    return image["image"].values, image["depth"].values, image["azimuth"].values


def describe_traces(image: WellImage, trace: npt.ArrayLike, *, snapped: bool) -> pd.DataFrame:
    """
    Pick table of one trace, or of several near each other, with their attributes in the image.

    Parameters
    ----------
    image : WellImage
        The well; the rows around the traces are read.
    trace : array (3,) or (n, 3)
        ``(z0, a, b)`` (m), in order of depth.
    snapped : bool
        Whether the trace was refined on the pixels, so that the fit gives its sigmas. A trace drawn by hand has none.

    Returns
    -------
    DataFrame
        Pick table of one row a trace; class (``fracture`` for now), confidence, source and status are set by the
        caller.

    Examples
    --------
    >>> from geobfdt.wells.image import well_image
    >>> hole = {"diameter": 0.2, "deviation": 0, "hole_azimuth": 0, "reference": "north"}
    >>> well = well_image(np.eye(90), 0.01 * np.arange(90), **hole)
    >>> describe_traces(well, [0.4, 0.1, 0.0], snapped=False)[["depth_m", "dip_true_deg", "coverage"]].to_numpy()
    array([[ 0.4, 45. ,  1. ]])
    """
    at = np.asarray(trace, dtype=np.float64).reshape(-1, 3)
    size, azimuth = amplitude_azimuth(at)
    picks = new_picks(
        well=image.attrs["well"],
        depth_m=at[:, 0],
        class_="fracture",
        amplitude_m=size,
        azimuth_app_deg=azimuth,
        reference=image.attrs["reference"],
    )
    rows_around = _around(image, float(at[:, 0].mean()), float(np.ptp(at[:, 0])) + float(size.max()) + 1.0)
    if rows_around.sizes["depth"] >= _MIN_ROWS:
        # An interpreter set it, so its confidence is 1.
        refined = refine(*_pixels(rows_around), at, hole_radius(image), _TRIAL_ERROR_M, confidence=1.0)
        notes = describe(refined, np.asarray(log_at(image, "diameter", at[:, 0])), image.attrs["dark"])._asdict()
        for name in notes if snapped else ("coverage", "polarity", "continuity"):
            picks[name] = notes[name]
    return complete(picks, image)[0]
