"""Refinement: traces moved onto the image's own pixels, with what is left uncertain about them.

The image is read along each candidate trace, so that the plane becomes a straight band. The band's mean profile is a
template that needs no knowledge of what the plane looks like (a line, a step, a gradation); each piece of the turn is
compared with it, which gives a local offset, and the offsets are fitted by ``dz0 + da cos t + db sin t``, robustly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from geobfdt.geometry import trace_depth, trace_rms
from geobfdt.picking.local_energy import local_energy, nearest_centre

__all__ = ["Refined", "centre_energy", "mean_agreement", "refine"]

_REACH = 0.025  # how far from a candidate its plane is looked for (m, square to the trace)
_BAND = 0.03  # half-height of the template (m, square to the trace)
_WIDTHS = (0.005, 0.010, 0.015)  # of the lines and steps looked for in the mean profile (m)
_UNDERSTATED = 1.6  # by how much residuals alone understate sigmas, measured on simulated wells (docs/hough.md)
_MEANING = 0.004  # how well "the depth of a plane" is defined for features that have a thickness (m, the same source)
_PIECES = 72  # pieces of a turn, at most
_PASSES = 3
_ROUNDING = 3e-6  # share of a sum of squares below which a spread is rounding, in single precision
_FAR = -1e9  # row of what lies above or below the image
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

    pairs: npt.NDArray[np.complex64]  # pixels by column, each with the step to the one below it as imaginary part
    depth: Array
    angles: Array
    together: int  # columns in a piece of the turn
    turn: Array  # centre of each piece (rad)
    spacing: float  # of rows, and of profile samples square to the trace (m)
    half: int  # samples on either side of the template
    reach: int  # samples that the template is moved up and down
    radius: float

    @classmethod
    def of(cls, values: npt.NDArray[np.float32], depth: Array, angles: Array, spacing: float, radius: float) -> _Band:
        rows, columns = values.shape
        together = -(-columns // _PIECES)
        turn = np.radians([angles[i : i + together].mean() for i in range(0, columns, together)])
        # Rows and columns never measured, so that what lies outside the image needs no case of its own.
        pairs = np.full((turn.size * together, rows + 2), complex(np.nan, np.nan), dtype=np.complex64)
        pairs.real[:columns, 1:-1] = values.T
        np.subtract(pairs.real[:, 1:], pairs.real[:, :-1], out=pairs.imag[:, :-1])
        half, reach = max(round(_BAND / spacing), 5), max(round(_REACH / spacing), 3)
        return cls(pairs, depth, angles, together, turn, spacing, half, reach, max(radius, 4 * spacing))

    def stretch(self, traces: Array) -> Array:
        """How much taller in depth than across itself a plane's band is, averaged over the turn."""
        return np.asarray(np.sqrt(1 + (np.hypot(traces[:, 1], traces[:, 2]) / self.radius) ** 2 / 2))

    def read(self, traces: Array) -> tuple[Single, Single, Array]:
        """
        Profiles across traces, their own means removed; where they were measured (1 or 0); share of columns measured.

        The first two are arrays (n, pieces, samples) of means over the columns of a piece, 0 where none was measured.
        The last (n,) is counted where the trace itself runs.
        """
        size = self.pairs.shape[1]
        at = np.full((len(traces), len(self.pairs)), _FAR)
        at[:, : self.angles.size] = np.interp(
            trace_depth(traces, self.angles), self.depth, np.arange(self.depth.size), left=_FAR, right=_FAR
        )
        whole = np.floor(at)
        # Single precision is enough for what is left once whole rows are taken off.
        rest = (at - whole).astype(np.float32)
        row = whole.astype(np.intp) + 1
        across = np.arange(-self.half - self.reach, self.half + self.reach + 1)
        step = (across * self.stretch(traces)[:, None]).astype(np.float32)[:, None]
        total = np.zeros((len(traces), self.turn.size, across.size), dtype=np.float32)
        count = np.zeros(total.shape, dtype=np.uint16)
        # One column of every piece at a time, which fits into a processor's cache.
        for first in range(self.together):
            column = slice(first, None, self.together)
            part = rest[:, column, None] + step
            down = np.floor(part)
            part -= down
            index = down.astype(np.intp)
            index += row[:, column, None]
            np.clip(index, 0, size - 1, out=index)
            index += np.arange(first, len(self.pairs), self.together)[:, None] * size
            pair = self.pairs.ravel().take(index)
            # A sample between a measured and a missing row is not measured, unless it lies on the measured one.
            pixel = np.where(part == 0, pair.real, pair.real + part * pair.imag)
            seen = np.isfinite(pixel)
            count += seen
            np.add(total, np.where(seen, pixel, np.float32(0)), out=total)
        middle = count[:, :, self.half + self.reach]
        measured = (count > 0).astype(np.float32)
        profiles: Single = np.asarray(total / np.maximum(count, 1), dtype=np.float32)
        profiles -= _level(profiles, measured)[:, :, None] * measured
        return profiles, measured, middle.sum(axis=1) / self.angles.size


def _refine(band: _Band, start: Array) -> Refined:
    traces = start.copy()
    trust = np.ones((len(start), band.turn.size))
    for _ in range(_PASSES):
        profiles, measured, _ = band.read(traces)
        curve = _correlation(profiles, measured, _template(profiles, measured, trust, band.reach))
        lag, match = _offsets(curve, band.reach)
        change, trust, _ = _fit(band, traces, lag, match)
        centre = nearest_centre(_template(profiles, measured, trust, 0), [w / band.spacing for w in _WIDTHS], band.half)
        change[:, 0] += centre * band.spacing * band.stretch(traces)
        traces = traces + change
    # A trace that wandered off has locked on to something else: it stays where it was put.
    lost = ~(trace_rms(traces, start) <= 1.5 * _REACH * band.stretch(start) + 2 * band.spacing)
    traces[lost] = start[lost]
    profiles, measured, coverage = band.read(traces)
    template = _template(profiles, measured, trust, band.reach)
    curve = _correlation(profiles, measured, template)
    lag, match = _offsets(curve, band.reach)
    _, _, covariance = _fit(band, traces, lag, match)
    inner = slice(band.reach, profiles.shape[2] - band.reach)
    profiles, measured = profiles[:, :, inner], measured[:, :, inner]
    rest = profiles - _level(profiles, measured)[:, :, None] - template[:, None]
    count = np.maximum(measured.sum((1, 2), dtype=np.float64), 1)
    scatter = np.sqrt((measured * rest**2).sum((1, 2), dtype=np.float64) / count)
    offsets = np.arange(-band.half, band.half + 1) * band.spacing * band.stretch(traces)[:, None]
    agreement = curve[:, :, band.reach].astype(np.float64)
    return Refined(traces, covariance, coverage, agreement, template.astype(np.float64), offsets, scatter)


def _level(profiles: Single, measured: Single) -> Single:
    """Mean of each profile's measured samples (n, pieces); the others are 0."""
    return np.asarray(profiles.sum(-1) / np.maximum(measured.sum(-1), 1))


def _template(profiles: Single, measured: Single, trust: Array, cut: int) -> Single:
    """Mean profile of the trusted pieces (n, samples), with `cut` samples left out at either end."""
    inner = slice(cut, profiles.shape[2] - cut)
    profiles, measured = profiles[:, :, inner], measured[:, :, inner]
    weight = np.maximum(trust, 1e-3).astype(np.float32)[:, None]
    level = _level(profiles, measured)[:, None]
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


def _offsets(curve: Single, reach: int) -> tuple[Array, Array]:
    """
    How far down each piece has to look to match the template best (samples), and the correlation there.

    Between samples by a parabola; the correlation is 0 where it is not positive or too little was measured.
    """
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
    return lags[best] + np.clip(shift, -1, 1), np.where(at_end, 0.0, np.maximum(match, 0.0))


def _fit(band: _Band, traces: Array, lag: Array, match: Array) -> tuple[Array, Array, Array]:
    """
    Robust least squares of offsets by a trace: what to add to it (m), final weight of each piece, covariance (m^2).

    Nothing is added where fewer than a fifth of the pieces say anything.
    """
    turn = band.turn
    design = np.stack([np.ones_like(turn), np.cos(turn), np.sin(turn)], axis=1)
    products = (design[:, :, None] * design[:, None]).reshape(-1, 9)
    offset = lag * (band.spacing * band.stretch(traces))[:, None]
    weight = base = match**2
    floor = 0.3 * band.spacing
    for _ in range(8):
        normal = (weight @ products).reshape(-1, 3, 3) + 1e-9 * np.eye(3)
        change = np.linalg.solve(normal, ((weight * offset) @ design)[..., None])[..., 0]
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
    normal = (weight @ products).reshape(-1, 3, 3) * (effective / total)[:, None, None]
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
