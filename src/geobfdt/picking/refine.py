"""Refinement: traces moved onto the image's own pixels, with what is left uncertain about them.

The image is read along each candidate trace, so that the plane becomes a straight band. The band's mean profile is a
template that needs no knowledge of what the plane looks like (a line, a step, a gradation); each piece of the turn is
compared with it, which gives a local offset, and the offsets are fitted by ``dz0 + da cos t + db sin t``, robustly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geobfdt.geometry import trace_depth, trace_rms

__all__ = ["Refined", "centre_energy", "local_energy", "mean_agreement", "refine"]

_REACH = 0.025  # how far from a candidate its plane is looked for (m, square to the trace)
_BAND = 0.03  # half-height of the template (m, square to the trace)
_WIDTHS = (0.005, 0.010, 0.015)  # of the lines and steps looked for in the mean profile (m)
_UNDERSTATED = 1.6  # by how much residuals alone understate sigmas, measured on simulated wells (docs/hough.md)
_MEANING = 0.004  # how well "the depth of a plane" is defined for features that have a thickness (m, the same source)
_PIECES = 72  # pieces of a turn, at most
_PASSES = 3
_BATCH = 48  # traces refined at a time, which bounds the memory

Array = npt.NDArray[np.float64]


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
        Mean profile across the trace, downwards, in units of the image, its own mean removed.
    offsets : array (n, samples)
        Depths of the profile below the trace (m).
    scatter : array (n,)
        Standard deviation of single pixels about the mean profile.
    """

    traces: Array
    covariance: Array
    coverage: Array
    agreement: Array
    profile: Array
    offsets: Array
    scatter: Array


def refine(
    values: npt.NDArray[np.float32], depth: Array, angles: Array, traces: npt.ArrayLike, radius: float = 0.1
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

    Returns
    -------
    Refined
        Traces in the order given. One that finds nothing to hold on to stays where it was.

    Notes
    -----
    Neighbouring pieces err alike: the covariance is that of independent residuals times ``(1 + r) / (1 - r)``, with r
    the correlation of residuals of neighbours; a factor and a floor measured on simulated wells make up for the rest.

    Examples
    --------
    >>> depth, angles = 0.01 * np.arange(100), np.arange(5.0, 360, 10)
    >>> plane = trace_depth([0.5, 0.1, 0.0], angles)
    >>> image = np.exp(-(((depth[:, None] - plane) / 0.01) ** 2)).astype(np.float32)
    >>> refine(image, depth, angles, [[0.51, 0.09, 0.01]]).traces.round(2) + 0
    array([[0.5, 0.1, 0. ]])
    """
    start = np.asarray(traces, dtype=np.float64).reshape(-1, 3)
    spacing = float(np.median(np.diff(depth))) if depth.size > 1 else 1.0
    band = _Band.of(values, depth, angles, spacing, radius)
    parts = [_refine(band, start[i : i + _BATCH]) for i in range(0, len(start), _BATCH)] or [_refine(band, start)]
    names = Refined.__dataclass_fields__
    return Refined(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})


@dataclass(frozen=True)
class _Band:
    """An image and how to read it along traces."""

    values: npt.NDArray[np.float32]
    depth: Array
    angles: Array
    piece: npt.NDArray[np.int64]  # piece of the turn that each column belongs to
    turn: Array  # centre of each piece (rad)
    spacing: float  # of rows, and of profile samples square to the trace (m)
    half: int  # samples on either side of the template
    reach: int  # samples that the template is moved up and down
    radius: float

    @classmethod
    def of(cls, values: npt.NDArray[np.float32], depth: Array, angles: Array, spacing: float, radius: float) -> _Band:
        together = -(-angles.size // _PIECES)
        piece = np.arange(angles.size) // together
        turn = np.radians([angles[piece == i].mean() for i in range(piece[-1] + 1)])
        half, reach = max(round(_BAND / spacing), 5), max(round(_REACH / spacing), 3)
        return cls(values, depth, angles, piece, turn, spacing, half, reach, max(radius, 4 * spacing))

    def stretch(self, traces: Array) -> Array:
        """How much taller in depth than across itself a plane's band is, averaged over the turn."""
        return np.asarray(np.sqrt(1 + (np.hypot(traces[:, 1], traces[:, 2]) / self.radius) ** 2 / 2))

    def read(self, traces: Array) -> tuple[Array, npt.NDArray[np.bool_], Array]:
        """
        Profiles across traces.

        Returns
        -------
        profiles : array (n, pieces, samples)
            Means over the columns of a piece.
        measured : array (n, pieces, samples)
            Where any of them was measured.
        coverage : array (n,)
            Share of columns measured where the trace itself runs.
        """
        rows = self.depth.size
        at = np.interp(trace_depth(traces, self.angles), self.depth, np.arange(rows), left=-np.inf, right=np.inf)
        across = np.arange(-self.half - self.reach, self.half + self.reach + 1)
        row = at[:, :, None] + across * self.stretch(traces)[:, None, None]
        with np.errstate(invalid="ignore"):
            inside = (row >= 0) & (row <= rows - 1)
            upper = np.clip(np.where(inside, row, 0), 0, max(rows - 2, 0)).astype(np.int64)
        part = np.where(inside, row - upper, 0).astype(np.float32)
        column = np.arange(self.angles.size)[:, None]
        first, second = self.values[upper, column], self.values[np.minimum(upper + 1, rows - 1), column]
        # A sample between a measured and a missing row is not measured, unless it lies on the measured one.
        pixel = np.where(part == 0, first, np.where(part == 1, second, first + part * (second - first)))
        seen = inside & np.isfinite(pixel)
        starts = np.flatnonzero(np.diff(self.piece, prepend=-1))
        count = np.add.reduceat(seen, starts, axis=1, dtype=np.float64)
        total = np.add.reduceat(np.where(seen, pixel, 0), starts, axis=1, dtype=np.float64)
        return total / np.maximum(count, 1), count > 0, seen[:, :, self.half + self.reach].mean(axis=1)


def _refine(band: _Band, start: Array) -> Refined:
    traces = start.copy()
    n, pieces = len(start), band.turn.size
    trust = np.ones((n, pieces))
    for _ in range(_PASSES):
        profiles, measured, _ = band.read(traces)
        template = _template(profiles, measured, trust, band.reach)
        lag, match = _offsets(profiles, measured, template, band)
        change, trust, _ = _fit(band, traces, lag, match)
        change[:, 0] += _centre(_template(profiles, measured, trust, 0), band) * band.spacing * band.stretch(traces)
        traces = traces + change
    # A trace that wandered off has locked on to something else: it stays where it was put.
    lost = ~(trace_rms(traces, start) <= 1.5 * _REACH * band.stretch(start) + 2 * band.spacing)
    traces[lost] = start[lost]
    profiles, measured, coverage = band.read(traces)
    template = _template(profiles, measured, trust, band.reach)
    lag, match = _offsets(profiles, measured, template, band)
    _, _, covariance = _fit(band, traces, lag, match)
    inner = slice(band.reach, profiles.shape[2] - band.reach)
    agreement = _correlation(profiles[:, :, inner], measured[:, :, inner], template)
    level = _mean(profiles[:, :, inner], measured[:, :, inner])
    rest = (profiles[:, :, inner] - level - template[:, None]) * measured[:, :, inner]
    scatter = np.sqrt((rest**2).sum((1, 2)) / np.maximum(measured[:, :, inner].sum((1, 2)), 1))
    offsets = np.arange(-band.half, band.half + 1) * band.spacing * band.stretch(traces)[:, None]
    return Refined(traces, covariance, coverage, agreement, template, offsets, scatter)


def _mean(profiles: Array, measured: npt.NDArray[np.bool_]) -> Array:
    """Mean of each profile's measured samples."""
    return np.asarray((profiles * measured).sum(-1, keepdims=True) / np.maximum(measured.sum(-1, keepdims=True), 1))


def _template(profiles: Array, measured: npt.NDArray[np.bool_], trust: Array, cut: int) -> Array:
    """Mean profile of the trusted pieces (n, samples), with `cut` samples left out at either end."""
    inner = slice(cut, profiles.shape[2] - cut)
    level = _mean(profiles[:, :, inner], measured[:, :, inner])
    weight = measured[:, :, inner] * np.maximum(trust, 1e-3)[:, :, None]
    mean = ((profiles[:, :, inner] - level) * weight).sum(1) / np.maximum(weight.sum(1), 1e-9)
    return np.asarray(mean - mean.mean(-1, keepdims=True))


def _correlation(profiles: Array, measured: npt.NDArray[np.bool_], template: Array) -> Array:
    """Correlation of each profile with the template; NaN where less than 3/4 of it was measured."""
    centred = (profiles - _mean(profiles, measured)) * measured
    cross = np.einsum("ngu,nu->ng", centred, template)
    norm = np.sqrt((centred**2).sum(-1) * (template**2).sum(-1)[:, None])
    enough = measured.mean(-1) >= 0.75
    return np.where(enough, cross / np.maximum(norm, 1e-12), np.nan)


def _offsets(profiles: Array, measured: npt.NDArray[np.bool_], template: Array, band: _Band) -> tuple[Array, Array]:
    """
    How far down each piece has to look to match the template best.

    Returns
    -------
    lag : array (n, pieces)
        Offset (samples), between samples by a parabola.
    match : array (n, pieces)
        Correlation there, 0 where it is not positive or too little was measured.
    """
    size = template.shape[1]
    lags = np.arange(-band.reach, band.reach + 1)
    curve = np.stack(
        [_correlation(profiles[:, :, i : i + size], measured[:, :, i : i + size], template) for i in range(lags.size)],
        axis=-1,
    )
    known = np.isfinite(curve)
    # Of two equal matches the nearer one is meant; a far one has to be clearly better.
    pull = np.where(known, curve, -1.0) - 0.3 * (lags / band.reach) ** 2
    best = np.argmax(pull, axis=-1)
    middle = np.clip(best, 1, lags.size - 2)[..., None]
    before, here, after = (np.take_along_axis(pull, middle + i, -1)[..., 0] for i in (-1, 0, 1))
    bend = before - 2 * here + after
    inside = (best == middle[..., 0]) & (bend < 0)
    shift = np.where(inside, 0.5 * (before - after) / np.where(inside, bend, -1.0), 0.0)
    match = np.take_along_axis(np.where(known, curve, 0.0), best[..., None], -1)[..., 0]
    at_end = (best == 0) | (best == lags.size - 1)
    return lags[best] + np.clip(shift, -1, 1), np.where(at_end, 0.0, np.maximum(match, 0.0))


def _fit(band: _Band, traces: Array, lag: Array, match: Array) -> tuple[Array, Array, Array]:
    """
    Robust least squares of offsets by a trace.

    Returns
    -------
    change : array (n, 3)
        What to add to the traces (m); 0 where fewer than a fifth of the pieces say anything.
    trust : array (n, pieces)
        Final weight of each piece.
    covariance : array (n, 3, 3)
        Of the fitted traces (m^2).
    """
    turn = band.turn
    design = np.stack([np.ones_like(turn), np.cos(turn), np.sin(turn)], axis=1)
    offset = lag * (band.spacing * band.stretch(traces))[:, None]
    weight = base = match**2
    floor = 0.3 * band.spacing
    for _ in range(8):
        normal = np.einsum("gi,ng,gj->nij", design, weight, design) + 1e-9 * np.eye(3)
        change = np.linalg.solve(normal, np.einsum("gi,ng,ng->ni", design, weight, offset)[..., None])[..., 0]
        rest = offset - change @ design.T
        spread = _weighted_median(np.abs(rest), base)
        scale = np.maximum(1.4826 * spread, floor)[:, None]
        # Tukey's biweight: pieces that sit on another feature stop counting at all.
        weight = base * np.maximum(1 - (rest / (4.685 * scale)) ** 2, 0) ** 2
    enough = (base > 0.04).mean(axis=1) >= 0.2
    change[~enough] = 0
    total = np.maximum(weight.sum(axis=1), 1e-9)
    effective = np.maximum(total**2 / np.maximum((weight**2).sum(axis=1), 1e-9), 3.5)
    variance = (weight * rest**2).sum(axis=1) / total * effective / (effective - 3) + floor**2
    pair = weight * np.roll(weight, -1, axis=1)
    link = (pair * rest * np.roll(rest, -1, axis=1)).sum(axis=1) / np.maximum((pair * rest**2).sum(axis=1), 1e-12)
    link = np.clip(link, 0, 0.9)
    inflation = variance * (1 + link) / (1 - link)
    normal = np.einsum("gi,ng,gj->nij", design, weight, design) * (effective / total)[:, None, None]
    covariance = np.linalg.inv(normal + 1e-6 * np.eye(3)) * (_UNDERSTATED**2 * inflation)[:, None, None]
    covariance[:, 0, 0] += _MEANING**2
    covariance[~enough] = np.inf
    return change, weight, covariance


def _weighted_median(values: Array, weight: Array) -> Array:
    """Weighted median along the last axis; 0 where nothing weighs."""
    order = np.argsort(values, axis=-1)
    running = np.cumsum(np.take_along_axis(weight, order, -1), axis=-1)
    middle = np.argmax(running >= running[:, -1:] / 2, axis=-1)
    return np.asarray(np.take_along_axis(values, np.take_along_axis(order, middle[:, None], -1), -1)[:, 0])


def _centre(profile: Array, band: _Band) -> Array:
    """Samples from the middle of a profile down to its line or step (n,): the nearest strong peak of local energy."""
    size = profile.shape[1]
    across = np.arange(size) - size // 2
    each = np.arange(len(profile))
    best, centre = np.zeros(len(profile)), np.zeros(len(profile))
    for width in _WIDTHS:
        energy = np.abs(local_energy(profile, width / band.spacing))
        peak = np.zeros(energy.shape, dtype=bool)
        peak[:, 1:-1] = (energy[:, 1:-1] >= energy[:, :-2]) & (energy[:, 1:-1] >= energy[:, 2:])
        # Nearness chooses among peaks; it must not draw the chosen one towards the middle.
        top = np.argmax(energy * peak * np.exp(-((across / band.half) ** 2)), axis=1)
        top = np.clip(top, 1, size - 2)
        before, here, after = (energy[each, top + i] for i in (-1, 0, 1))
        bend = before - 2 * here + after
        shift = np.where(bend < 0, 0.5 * (before - after) / np.where(bend < 0, bend, -1.0), 0.0)
        strength = here * np.exp(-((across[top] / band.half) ** 2)) * peak[each, top]
        stronger = strength > best
        best = np.where(stronger, strength, best)
        centre = np.where(stronger, across[top] + np.clip(shift, -0.5, 0.5), centre)
    return centre


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


def local_energy(profile: Array, sigma: float) -> npt.NDArray[np.complex128]:
    """
    Local energy of profiles: real part a line (bright +, dark -), imaginary part a step (up +, down -), downwards.

    Parameters
    ----------
    profile : array (n, samples)
        Profiles.
    sigma : float
        Width of the filters (samples).

    Returns
    -------
    array (n, samples)
        Complex responses, with the filters of ``evidence`` in their closed form of Freeman and Adelson.

    Examples
    --------
    >>> int(np.abs(local_energy(np.eye(21)[10:11], 2.0)).argmax())
    10
    """
    size = profile.shape[1]
    x = (np.arange(size)[:, None] - np.arange(size)) / (np.sqrt(2) * max(sigma, 0.7))
    bell = np.exp(-(x**2))
    even, odd = 0.9213 * (1 - 2 * x**2) * bell, 0.9780 * (2.254 * x - x**3) * bell
    # Cut at the profile's ends, a filter would see its level as a line.
    even = even - even.mean(axis=0)
    return np.asarray((profile @ even + 1j * (profile @ odd)) / max(sigma, 0.7))
