"""Refinement: candidate traces moved onto the image's own pixels, with their uncertainty.

The image is read along each candidate trace, so that its plane becomes a straight band. The mean profile of the band is
a template, whatever the plane looks like: a line, a step, a gradation. Each piece of the turn is compared with it,
which gives a local offset perpendicular to the trace; a robust fit of ``dz0 + da cos t + db sin t`` to the offsets
moves the trace. Where a plane shows on a part of the turn only, the candidate is the prior for the rest.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from geobfdt.geometry import parabola_peak, stretch, trace_rms
from geobfdt.picking.band import Band, mean_level
from geobfdt.picking.local_energy import local_energy, nearest_centre
from geobfdt.picking.uncertainty import inflate_covariance, sigma_coefficients

__all__ = ["Refined", "centre_energy", "mean_agreement", "refine"]

_MAX_OFFSET_M = 0.025  # Largest searched offset between a candidate and its plane (perpendicular to the trace).
_TEMPLATE_HALF_HEIGHT_M = 0.03  # Half-height of the template (perpendicular to the trace).
_LINE_WIDTHS_M = (0.005, 0.010, 0.015)  # Widths of the filters that find lines and steps in the mean profile.
_MODEL_ERROR = 2.2  # Factor by which residuals are enlarged before they are weighed against the candidate.
# Candidates with a larger typical error are moved to the middle of the line or step in the mean profile; the others
# know that middle better than a profile does.
_CENTRE_ABOVE_M = 0.015
_PASSES = 3  # Passes for candidates with such an error. For closer ones one pass finds the plane, and more lead away.
_ROUNDING = 3e-6  # Share of a sum of squares below which a spread is rounding, in single precision.
_BATCH_TRACES = 80  # Traces refined together; it bounds the memory.
_MIN_TEMPLATE_SHARE = 0.75  # Share of the template that has to be measured for a correlation.
_DISTANCE_PENALTY = 0.3  # Correlation that a match at the largest offset has to be better by than one at offset 0.
_FIT_ITERATIONS = 8  # Iterations of reweighting in the robust fit.
_TUKEY_SCALE = 4.685  # Residuals beyond so many robust standard deviations have no weight (Tukey's biweight).
_MAD_TO_SIGMA = 1.4826  # Ratio of the standard deviation of a normal distribution to its median absolute deviation.
_MIN_PIECES_SHARE = 0.2  # Share of pieces that have to match the template for a trace to be moved.
_MIN_WEIGHT = 0.04  # Weight (squared correlation) from which a piece matches the template.

Array = npt.NDArray[np.float64]
Single = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Refined:
    """
    Refined traces.

    Parameters
    ----------
    traces : array (n, 3)
        ``(z0, a, b)`` (m).
    covariance : array (n, 3, 3)
        Covariance of ``(z0, a, b)`` (m^2); infinite where too little was measured.
    coverage : array (n,)
        Share of the turn measured along the trace.
    agreement : array (n, pieces)
        Correlation of each piece of the turn with the mean profile, at the trace; NaN where not measured.
    profile : array (n, samples)
        Mean profile perpendicular to the trace, downwards, in units of the image, its own mean removed.
    scatter : array (n,)
        Standard deviation of single pixels about the mean profile.
    """

    traces: Array
    covariance: Array
    coverage: Array
    agreement: Array
    profile: Array
    scatter: Array


def refine(
    values: npt.NDArray[np.float32],
    depth: Array,
    angles: Array,
    traces: npt.ArrayLike,
    radius: float = 0.1,
    typical_error_m: float = 0.03,
    classes: npt.ArrayLike = "bedding",
    confidence: npt.ArrayLike = 0.0,
) -> Refined:
    """
    Move candidate traces onto the planes that they run along, and estimate their uncertainty.

    Parameters
    ----------
    values : array (rows, columns)
        Image at its own resolution; NaN where nothing was measured.
    depth : array (rows,)
        Depths (m, MD), increasing.
    angles : array (columns,)
        Column centres (deg).
    traces : array (n, 3)
        Candidates ``(z0, a, b)`` (m), a few centimetres off at most.
    radius : float
        Hole radius (m); it only sets how much taller than on flat traces the band is on steep ones.
    typical_error_m : float
        Typical error of the candidates (m, perpendicular to the trace): the width of the prior around each candidate.
    classes : array (n,) of str, optional
        Classes of the candidates. The depth of a bed is less well defined than that of a fracture.
    confidence : array (n,), optional
        Confidence that they are planes (0 to 1): planes of low confidence lie less well, too.

    Returns
    -------
    Refined
        Traces in the given order. A trace without enough matching pieces stays where it was.

    Notes
    -----
    Pieces of the turn are columns, or means of neighbouring columns. The offset of a piece is the lag of its highest
    correlation with the template, between samples by a parabola, and its weight is the squared correlation. The fit is
    least squares with iterative reweighting by Tukey's biweight (Holland and Welsch 1977), so that pieces on another
    feature drop out, and with a Gaussian prior of width `typical_error_m` around the candidate. Residuals of
    neighbouring pieces are correlated: their variance is that of independent residuals times ``(1 + r) / (1 - r)``,
    with ``r`` the correlation of neighbours. :mod:`geobfdt.picking.uncertainty` adds the errors that a fit cannot show.

    Examples
    --------
    >>> from geobfdt.geometry import trace_depth
    >>> depth, angles = 0.01 * np.arange(100), np.arange(5.0, 360, 10)
    >>> plane = trace_depth([0.5, 0.1, 0.0], angles)
    >>> image = np.exp(-(((depth[:, None] - plane) / 0.01) ** 2)).astype(np.float32)
    >>> refine(image, depth, angles, [[0.51, 0.09, 0.01]]).traces.round(2) + 0
    array([[0.5, 0.1, 0. ]])
    """
    start = np.asarray(traces, dtype=np.float64).reshape(-1, 3)
    band = Band.of(values, depth, angles, radius, _TEMPLATE_HALF_HEIGHT_M, _MAX_OFFSET_M)
    batches = range(0, max(len(start), 1), _BATCH_TRACES)
    parts = [_refine(band, start[i : i + _BATCH_TRACES], typical_error_m) for i in batches]
    fit = Refined(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in Refined.__annotations__})
    moved, confidences = trace_rms(fit.traces, start) / typical_error_m, np.broadcast_to(confidence, len(start))
    coefficients = sigma_coefficients(classes, len(start), typical_error_m > _CENTRE_ABOVE_M)
    return replace(fit, covariance=inflate_covariance(fit.covariance, fit.traces, moved, confidences, coefficients))


def _refine(band: Band, start: Array, typical_error_m: float) -> Refined:
    """Refine one batch of traces; covariances are those of the fits."""
    traces = start.copy()
    # Pieces that a fit gives no weight lie on another feature: they hardly count in the template of the next pass.
    trust = np.ones((len(start), band.turn.size))
    for _ in range(_PASSES if typical_error_m > _CENTRE_ABOVE_M else 1):
        profiles, measured, _ = band.read(traces)
        lag, match, _ = _offsets(profiles, measured, _template(profiles, measured, trust, band.reach), band.reach)
        change, trust, _ = _fit(band, traces, start, typical_error_m, lag, match)
        if typical_error_m > _CENTRE_ABOVE_M:
            widths, near_rows = [w / band.spacing for w in _LINE_WIDTHS_M], typical_error_m / band.spacing
            centre = nearest_centre(_template(profiles, measured, trust, 0), widths, near_rows).clip(
                -near_rows / 2, near_rows / 2
            )
            slope = band.slope(traces)
            change[:, 0] += centre * band.spacing * (1 / slope).sum(axis=1) / (1 / slope**2).sum(axis=1)
        traces = traces + change
    # A trace that moved too far has locked on to another feature: it goes back to its candidate.
    lost = ~(trace_rms(traces, start) <= 1.5 * _MAX_OFFSET_M * stretch(start, band.radius) + 2 * band.spacing)
    traces[lost] = start[lost]
    profiles, measured, coverage = band.read(traces)
    template = _template(profiles, measured, trust, band.reach)
    lag, match, curve = _offsets(profiles, measured, template, band.reach)
    _, _, covariance = _fit(band, traces, start, typical_error_m, lag, match)
    # The scatter is that of the pixels which the template covers at lag 0.
    inner = slice(band.reach, profiles.shape[2] - band.reach)
    profiles, measured = profiles[:, :, inner], measured[:, :, inner]
    residual = profiles - mean_level(profiles, measured)[:, :, None] - template[:, None]
    count = np.maximum(measured.sum((1, 2), dtype=np.float64), 1)
    scatter = np.sqrt((measured * residual**2).sum((1, 2), dtype=np.float64) / count)
    agreement = curve[:, :, band.reach].astype(np.float64)
    return Refined(traces, covariance, coverage, agreement, template.astype(np.float64), scatter)


def _template(profiles: Single, measured: Single, trust: Array, cut: int) -> Single:
    """Mean profile of the trusted pieces (n, samples), with `cut` samples left out at either end."""
    inner = slice(cut, profiles.shape[2] - cut)
    profiles, measured = profiles[:, :, inner], measured[:, :, inner]
    weight = np.maximum(trust, 1e-3).astype(np.float32)[:, None]
    level = mean_level(profiles, measured)[:, None]
    total = (weight @ profiles - (weight * level) @ measured)[:, 0]
    mean = total / np.maximum((weight @ measured)[:, 0], 1e-9)
    return np.asarray(mean - mean.mean(-1, keepdims=True))


def _correlation(profiles: Single, measured: Single, template: Single) -> Single:
    """
    Correlation (n, pieces, lags) of each profile with the template, at lags from the farthest up to the farthest down.

    It is NaN where less than three quarters of the template were measured.
    """
    size = template.shape[1]
    lags = profiles.shape[2] - size + 1
    # Row u, column l holds template[u - l]: every sum that the lags need is a product of matrices.
    padded = np.pad(template, ((0, 0), (lags - 1, lags - 1)))
    moved = np.ascontiguousarray(sliding_window_view(padded, lags, axis=1)[:, :, ::-1])
    window = np.pad(np.ones((1, size), dtype=np.float32), ((0, 0), (lags - 1, lags - 1)))
    window = np.ascontiguousarray(sliding_window_view(window[0], lags)[:, ::-1])
    count = measured @ window
    level = (profiles @ window) / np.maximum(count, 1)
    cross = profiles @ moved - level * (measured @ moved)
    power = profiles**2 @ window
    spread = power - count * level**2
    # Where a profile does not vary, both sums are rounding errors: its correlation is 0.
    varies = spread > _ROUNDING * power
    norm = np.sqrt(np.where(varies, spread, 1) * (template**2).sum(-1)[:, None, None])
    curve = np.clip(varies * cross / np.maximum(norm, 1e-12), -1, 1)
    return np.where(count >= _MIN_TEMPLATE_SHARE * size, curve, np.float32(np.nan))


def _offsets(profiles: Single, measured: Single, template: Single, reach: int) -> tuple[Array, Array, Single]:
    """
    Find the lag of the best match of each piece with the template.

    Returns
    -------
    lag : array (n, pieces)
        Lag downwards (samples), between samples by a parabola.
    match : array (n, pieces)
        Correlation there; 0 where it is negative, at the last lag, or too little was measured.
    curve : array (n, pieces, lags)
        Correlation at all lags.
    """
    curve = _correlation(profiles, measured, template)
    lags = np.arange(-reach, reach + 1)
    measured_lags = np.isfinite(curve)
    # Of two equal matches the nearer one is taken; a far one has to be clearly better.
    penalised = np.where(measured_lags, curve, np.float32(-1)) - (_DISTANCE_PENALTY * (lags / reach) ** 2).astype(
        np.float32
    )
    best = np.argmax(penalised, axis=-1)
    # A parabola through the best lag and its neighbours places the peak between samples.
    middle = np.clip(best, 1, lags.size - 2)[..., None]
    before, here, after = (np.take_along_axis(penalised, middle + i, -1)[..., 0].astype(np.float64) for i in (-1, 0, 1))
    shift = np.where(best == middle[..., 0], parabola_peak(before, here, after), 0.0)
    match = np.nan_to_num(np.take_along_axis(curve, best[..., None], -1)[..., 0].astype(np.float64))
    # A best match at the last lag is no peak: the plane of that piece lies farther away, or is another one.
    at_end = (best == 0) | (best == lags.size - 1)
    return lags[best] + np.clip(shift, -1, 1), np.where(at_end, 0.0, np.maximum(match, 0.0)), curve


def _fit(
    band: Band, traces: Array, start: Array, typical_error_m: float, lag: Array, match: Array
) -> tuple[Array, Array, Array]:
    """
    Fit the offsets by a change of the trace, by robust least squares with the candidate as prior.

    Returns
    -------
    change : array (n, 3)
        To add to the traces (m); 0 where fewer than a fifth of the pieces match the template.
    weight : array (n, pieces)
        Final weight of each piece.
    covariance : array (n, 3, 3)
        Of the traces (m^2); infinite where the change is 0 for that reason.
    """
    turn, slope = band.turn, band.slope(traces)
    design = np.stack([np.ones_like(turn), np.cos(turn), np.sin(turn)], axis=1)
    products = (design[:, :, None] * design[:, None]).reshape(-1, 9)
    # Offsets are perpendicular to the trace; in depth they are `slope` times as large.
    offset = lag * band.spacing
    # An error e of one amplitude is a trace RMS of e / sqrt(2): the variances of amplitudes are twice that of depth.
    prior = np.eye(3) / [1, 2, 2] / (typical_error_m * stretch(start, band.radius))[:, None, None] ** 2
    pull = (prior @ (start - traces)[..., None])[..., 0]
    floor = 0.3 * band.spacing
    base, change = match**2, np.zeros_like(traces)
    weight, spread = base, np.full(len(traces), _MAX_OFFSET_M / 2)
    for _ in range(_FIT_ITERATIONS):
        total = np.maximum(weight.sum(axis=1), 1e-9)
        # Number of pieces of equal weight that carry as much (Kish 1965); above 3, as three values are fitted.
        effective = np.maximum(total**2 / np.maximum((weight**2).sum(axis=1), 1e-9), 3.5)
        precision = weight * (effective / total / spread**2)[:, None]
        normal = ((precision / slope**2) @ products).reshape(-1, 3, 3) + prior
        change = np.linalg.solve(normal, ((precision * offset / slope) @ design + pull)[..., None])[..., 0]
        residual = offset - change @ design.T / slope
        scale = np.maximum(_MAD_TO_SIGMA * _weighted_median(np.abs(residual), base), floor)[:, None]
        # Tukey's biweight gives pieces that lie on another feature no weight at all.
        weight = base * np.maximum(1 - (residual / (_TUKEY_SCALE * scale)) ** 2, 0) ** 2
        spread = np.sqrt(_variance(residual, weight, effective, floor))
    enough = (base > _MIN_WEIGHT).mean(axis=1) >= _MIN_PIECES_SHARE
    change[~enough] = 0
    covariance = np.linalg.inv(normal)
    covariance[~enough] = np.inf
    return change, weight, covariance


def _variance(residual: Array, weight: Array, effective: Array, floor: float) -> Array:
    """Variance (n,) of independent pieces that carry as much information as these correlated ones."""
    total = np.maximum(weight.sum(axis=1), 1e-9)
    variance = (weight * residual**2).sum(axis=1) / total * effective / (effective - 3) + floor**2
    pair = weight * np.roll(weight, -1, axis=1)
    correlation = (pair * residual * np.roll(residual, -1, axis=1)).sum(axis=1) / np.maximum(
        (pair * residual**2).sum(axis=1), 1e-12
    )
    # Negative correlation would promise an accuracy beyond that of independent pieces.
    correlation = np.clip(correlation, 0, 0.9)
    return np.asarray(_MODEL_ERROR**2 * variance * (1 + correlation) / (1 - correlation))


def _weighted_median(values: Array, weight: Array) -> Array:
    """Weighted median along the last axis; 0 where all weights are 0."""
    order = np.argsort(values, axis=-1)
    running = np.cumsum(np.take_along_axis(weight, order, -1), axis=-1)
    middle = np.argmax(running >= running[:, -1:] / 2, axis=-1)
    return np.asarray(np.take_along_axis(values, np.take_along_axis(order, middle[:, None], -1), -1)[:, 0])


def mean_agreement(refined: Refined) -> Array:
    """Mean correlation of the measured pieces of each turn with the mean profile (n,); 0 where none was measured."""
    measured = np.isfinite(refined.agreement)
    return np.asarray(np.where(measured, refined.agreement, 0).sum(axis=1) / np.maximum(measured.sum(axis=1), 1))


def centre_energy(refined: Refined) -> npt.NDArray[np.complex128]:
    """Local energy (n,) of mean profiles at the traces, at the filter width with the highest response."""
    middle = refined.profile.shape[1] // 2
    per_width = [
        local_energy(refined.profile, middle * width / _TEMPLATE_HALF_HEIGHT_M)[:, middle] for width in _LINE_WIDTHS_M
    ]
    best = np.argmax(np.abs(per_width), axis=0)
    return np.asarray(np.take_along_axis(np.array(per_width), best[None], axis=0)[0])
