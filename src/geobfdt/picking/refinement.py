"""Refinement: traces moved onto the image's own pixels, with what is left uncertain about them.

The image is read along each candidate trace, so that the plane becomes a straight band. The band's mean profile is a
template that needs no knowledge of what the plane looks like (a line, a step, a gradation); each piece of the turn is
compared with it, which gives a local offset square to the trace, and the offsets are fitted by
``dz0 + da cos t + db sin t``, robustly. What the image does not tell, as where a plane shows on a part of the turn
only, stays as the candidate has it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from geobfdt.geometry import stretch, trace_rms
from geobfdt.picking.band import Band, mean_level
from geobfdt.picking.local_energy import local_energy, nearest_centre
from geobfdt.picking.uncertainty import laws, widened

__all__ = ["Refined", "centre_energy", "mean_agreement", "refine"]

_REACH = 0.025  # how far from a candidate its plane is looked for (m, square to the trace)
_BAND = 0.03  # half-height of the template (m, square to the trace)
_WIDTHS = (0.005, 0.010, 0.015)  # of the lines and steps looked for in the mean profile (m)
_UNDERSTATED = 2.2  # how much less than residuals say pixels count against the candidate
_CENTRED = 0.015  # how far candidates go astray above which a mean profile knows the middle of a line better (m)
_PASSES = 3  # of candidates that go so far astray; from nearer ones the first finds the plane, and more lead away
_ROUNDING = 3e-6  # share of a sum of squares below which a spread is rounding, in single precision
_BATCH = 80  # traces refined at a time, which bounds the memory

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
        Covariance of ``(z0, a, b)`` (m^2); infinite where too little was measured to tell.
    coverage : array (n,)
        Share of the turn measured along the trace.
    agreement : array (n, pieces)
        Correlation of each piece of the turn with the mean profile, at the trace; NaN where not measured.
    profile : array (n, samples)
        Mean profile square to the trace, downwards, in units of the image, its own mean removed.
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
    astray: float = 0.03,
    classes: npt.ArrayLike = "bedding",
    confidence: npt.ArrayLike = 0.0,
) -> Refined:
    """
    Move traces onto what they run along and tell how well they are known.

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
    astray : float
        How far off candidates typically are (m, square to the trace): the prior that pixels are weighed against.
    classes : array (n,) of str, optional
        Their classes. What depth a bed has is less well defined than that of a fracture.
    confidence : array (n,), optional
        How sure it is that they are planes (0 to 1): what is doubted is less well placed, too.

    Returns
    -------
    Refined
        Traces in the order given. One that finds nothing to hold on to stays where it was.

    Notes
    -----
    Neighbouring pieces err alike: their covariance is that of independent residuals times ``(1 + r) / (1 - r)``, with r
    the correlation of residuals of neighbours. What that leaves out :mod:`geobfdt.picking.uncertainty` adds.

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
    band = Band.of(values, depth, angles, radius, _BAND, _REACH)
    batches = range(0, max(len(start), 1), _BATCH)
    parts = [_refine(band, start[i : i + _BATCH], astray) for i in batches]
    fit = Refined(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in Refined.__annotations__})
    moved, sure = trace_rms(fit.traces, start) / astray, np.broadcast_to(confidence, len(start))
    law = laws(classes, len(start), astray > _CENTRED)
    return replace(fit, covariance=widened(fit.covariance, fit.traces, moved, sure, law))


def _refine(band: Band, start: Array, astray: float) -> Refined:
    """Refined traces, with the covariance that their fits tell."""
    traces = start.copy()
    trust = np.ones((len(start), band.turn.size))
    for _ in range(_PASSES if astray > _CENTRED else 1):
        profiles, measured, _ = band.read(traces)
        lag, match, _ = _offsets(profiles, measured, _template(profiles, measured, trust, band.reach), band.reach)
        change, trust, _ = _fit(band, traces, start, astray, lag, match)
        if astray > _CENTRED:
            widths, near = [w / band.spacing for w in _WIDTHS], astray / band.spacing
            centre = nearest_centre(_template(profiles, measured, trust, 0), widths, near).clip(-near / 2, near / 2)
            slope = band.slope(traces)
            change[:, 0] += centre * band.spacing * (1 / slope).sum(axis=1) / (1 / slope**2).sum(axis=1)
        traces = traces + change
    # A trace that wandered off has locked on to something else: it stays where it was put.
    lost = ~(trace_rms(traces, start) <= 1.5 * _REACH * stretch(start, band.radius) + 2 * band.spacing)
    traces[lost] = start[lost]
    profiles, measured, coverage = band.read(traces)
    template = _template(profiles, measured, trust, band.reach)
    lag, match, curve = _offsets(profiles, measured, template, band.reach)
    _, _, covariance = _fit(band, traces, start, astray, lag, match)
    inner = slice(band.reach, profiles.shape[2] - band.reach)
    profiles, measured = profiles[:, :, inner], measured[:, :, inner]
    rest = profiles - mean_level(profiles, measured)[:, :, None] - template[:, None]
    count = np.maximum(measured.sum((1, 2), dtype=np.float64), 1)
    scatter = np.sqrt((measured * rest**2).sum((1, 2), dtype=np.float64) / count)
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
    Correlation (n, pieces, lags) of each profile with the template, moved from the farthest up to the farthest down.

    NaN where less than 3/4 of the template's length was measured.
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
    # Where nothing varies, rounding is all that is left of both.
    known = spread > _ROUNDING * power
    norm = np.sqrt(np.where(known, spread, 1) * (template**2).sum(-1)[:, None, None])
    curve = np.clip(known * cross / np.maximum(norm, 1e-12), -1, 1)
    return np.where(count >= 0.75 * size, curve, np.float32(np.nan))


def _offsets(profiles: Single, measured: Single, template: Single, reach: int) -> tuple[Array, Array, Single]:
    """
    How far down each piece has to look to match the template best (samples), the correlation there, and at all lags.

    Between samples by a parabola; the correlation is 0 where it is not positive or too little was measured.
    """
    curve = _correlation(profiles, measured, template)
    lags = np.arange(-reach, reach + 1)
    known = np.isfinite(curve)
    # Of two equal matches the nearer one is meant; a far one has to be clearly better.
    pull = np.where(known, curve, np.float32(-1)) - (0.3 * (lags / reach) ** 2).astype(np.float32)
    best = np.argmax(pull, axis=-1)
    middle = np.clip(best, 1, lags.size - 2)[..., None]
    before, here, after = (np.take_along_axis(pull, middle + i, -1)[..., 0].astype(np.float64) for i in (-1, 0, 1))
    bend = before - 2 * here + after
    inside = (best == middle[..., 0]) & (bend < 0)
    shift = np.where(inside, 0.5 * (before - after) / np.where(inside, bend, -1.0), 0.0)
    match = np.nan_to_num(np.take_along_axis(curve, best[..., None], -1)[..., 0].astype(np.float64))
    at_end = (best == 0) | (best == lags.size - 1)
    return lags[best] + np.clip(shift, -1, 1), np.where(at_end, 0.0, np.maximum(match, 0.0)), curve


def _fit(
    band: Band, traces: Array, start: Array, astray: float, lag: Array, match: Array
) -> tuple[Array, Array, Array]:
    """
    Robust least squares of offsets by a trace: what to add to it (m), final weight of each piece, covariance (m^2).

    Nothing is added where fewer than a fifth of the pieces say anything.
    """
    turn, slope = band.turn, band.slope(traces)
    design = np.stack([np.ones_like(turn), np.cos(turn), np.sin(turn)], axis=1)
    products = (design[:, :, None] * design[:, None]).reshape(-1, 9)
    offset = lag * band.spacing  # square to the trace; in depth it is slope times that
    prior = np.eye(3) / [1, 2, 2] / (astray * stretch(start, band.radius))[:, None, None] ** 2
    pull = (prior @ (start - traces)[..., None])[..., 0]
    floor = 0.3 * band.spacing
    base, change = match**2, np.zeros_like(traces)
    weight, spread = base, np.full(len(traces), _REACH / 2)
    for _ in range(8):
        total = np.maximum(weight.sum(axis=1), 1e-9)
        effective = np.maximum(total**2 / np.maximum((weight**2).sum(axis=1), 1e-9), 3.5)
        known = weight * (effective / total / spread**2)[:, None]
        normal = ((known / slope**2) @ products).reshape(-1, 3, 3) + prior
        change = np.linalg.solve(normal, ((known * offset / slope) @ design + pull)[..., None])[..., 0]
        rest = offset - change @ design.T / slope
        scale = np.maximum(1.4826 * _weighted_median(np.abs(rest), base), floor)[:, None]
        # Tukey's biweight: pieces that sit on another feature stop counting at all.
        weight = base * np.maximum(1 - (rest / (4.685 * scale)) ** 2, 0) ** 2
        spread = np.sqrt(_variance(rest, weight, effective, floor))
    enough = (base > 0.04).mean(axis=1) >= 0.2
    change[~enough] = 0
    covariance = np.linalg.inv(normal)
    covariance[~enough] = np.inf
    return change, weight, covariance


def _variance(rest: Array, weight: Array, effective: Array, floor: float) -> Array:
    """Variance (n,) that pieces would have if they erred independently and told as much as they do."""
    total = np.maximum(weight.sum(axis=1), 1e-9)
    variance = (weight * rest**2).sum(axis=1) / total * effective / (effective - 3) + floor**2
    pair = weight * np.roll(weight, -1, axis=1)
    link = (pair * rest * np.roll(rest, -1, axis=1)).sum(axis=1) / np.maximum((pair * rest**2).sum(axis=1), 1e-12)
    link = np.clip(link, 0, 0.9)
    return np.asarray(_UNDERSTATED**2 * variance * (1 + link) / (1 - link))


def _weighted_median(values: Array, weight: Array) -> Array:
    """Weighted median along the last axis; 0 where nothing weighs."""
    order = np.argsort(values, axis=-1)
    running = np.cumsum(np.take_along_axis(weight, order, -1), axis=-1)
    middle = np.argmax(running >= running[:, -1:] / 2, axis=-1)
    return np.asarray(np.take_along_axis(values, np.take_along_axis(order, middle[:, None], -1), -1)[:, 0])


def mean_agreement(refined: Refined) -> Array:
    """Mean correlation of the measured pieces of each turn with the mean profile (n,); 0 where none was measured."""
    seen = np.isfinite(refined.agreement)
    return np.asarray(np.where(seen, refined.agreement, 0).sum(axis=1) / np.maximum(seen.sum(axis=1), 1))


def centre_energy(refined: Refined) -> npt.NDArray[np.complex128]:
    """Local energy (n,) of mean profiles at the traces, at the filter width that answers most."""
    middle = refined.profile.shape[1] // 2
    per_width = [local_energy(refined.profile, middle * width / _BAND)[:, middle] for width in _WIDTHS]
    best = np.argmax(np.abs(per_width), axis=0)
    return np.asarray(np.take_along_axis(np.array(per_width), best[None], axis=0)[0])
