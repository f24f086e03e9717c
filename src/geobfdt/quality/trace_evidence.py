"""Evidence of an image for a trace: how strongly and how evenly around the hole the wall changes along it.

The response to a pixel's surroundings is a quadrature pair along depth: the first and second derivative of a Gaussian.
Its size peaks on the middle of a line and on a step alike, so fractures and beds are measured by the same rule and
neither is pulled to an edge. Summed along a trace with its sign, what runs all round adds up and texture cancels.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter1d, uniform_filter1d

from geobfdt.geometry import trace_depth
from geobfdt.runtime.progress import Progress, no_progress
from geobfdt.wells.image import WellImage, row_spacing

__all__ = ["line_width", "quadrature_response", "trace_coverage", "trace_evidence"]

Array = npt.NDArray[np.float64]

# Half width of the features that count as evidence: a fracture of 1 cm, the edge of a bed.
FEATURE_HALF_WIDTH_M = 0.010
# The response is cut off at this multiple of its local mean, so that one strong boundary does not dominate a well.
MAX_RESPONSE = 3.0
# The contrast is equalised over this depth.
CONTRAST_WINDOW_M = 1.0
# At most this much depth of the image is in memory.
MAX_GROUP_M = 12.0
# A wider image is thinned to this many columns, because buttons are as wide.
MAX_COLUMNS = 90
# At least this share of a trace must be measured.
MIN_TRACE_SHARE = 0.25


def line_width(image: WellImage) -> float:
    """
    Return the half width (m) of the features that count as evidence: 1 cm, or one and a half rows if that is more.

    Examples
    --------
    >>> from geobfdt.wells.image import well_image
    >>> line_width(well_image(np.zeros((3, 2)), [0.0, 0.1, 0.2])), line_width(well_image(np.zeros((2, 2)), [0, 0.0025]))
    (0.15, 0.01)
    """
    return max(FEATURE_HALF_WIDTH_M, 1.5 * row_spacing(image))


def quadrature_response(values: npt.NDArray[np.float32], sigma: float, local: int) -> npt.NDArray[np.complex64]:
    """
    Compute the quadrature response of pixels along depth, with equalised contrast.

    Parameters
    ----------
    values : array (rows, columns)
        Pixels, NaN where unmeasured.
    sigma : float
        Half width of the features (rows).
    local : int
        Rows over which the contrast is equalised.

    Returns
    -------
    array (rows, columns), complex
        First (real) and second (imaginary) derivative over the mean modulus nearby, at most 3 in modulus; NaN where
        too little around a pixel was measured.

    Notes
    -----
    Gaussian derivatives of first and second order respond to edges and to lines. Missing pixels are handled by
    normalised convolution (Knutsson & Westin 1993, Normalized and differential convolution): the weighted mean is
    subtracted before differentiation, so that the rim of a gap gives no edge. The modulus is divided by its mean over
    `local` rows and cut off at :data:`MAX_RESPONSE`, so that strong and weak rock count alike.

    Examples
    --------
    >>> step = np.repeat(np.float32([[0.0], [1.0]]), 50, axis=0)
    >>> int(np.abs(quadrature_response(step, 4.0, 30)).argmax()) in (49, 50)
    True
    """
    measured = np.isfinite(values)
    centred = np.where(measured, values - np.float32(np.nanmedian(values) if measured.any() else 0), np.float32(0))
    # Callers add a margin, because the response is not valid at the ends of the block.
    smooth, first, second = _derivatives(centred, sigma)
    if not measured.all():
        mask = measured.astype(np.float32)
        weight, slope, curve = _derivatives(mask, sigma)
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = smooth / weight
            first, second = (first - mean * slope) / weight, (second - mean * curve) / weight
        usable = measured & (weight > 0.6)
    else:
        usable = measured
    pair = np.where(usable, sigma * first + 1j * np.float32(sigma**2) * second, np.complex64(0))
    size = np.abs(pair)
    count: Array = uniform_filter1d(usable.mean(1, dtype=np.float64), local, mode="nearest")
    typical = uniform_filter1d(size.mean(1, dtype=np.float64), local, mode="nearest") / np.maximum(count, 1e-9)
    with np.errstate(invalid="ignore", divide="ignore"):
        relative = size / typical[:, None]
        even = pair / typical[:, None] / np.maximum(relative / MAX_RESPONSE, 1)
    return np.where(usable & (typical[:, None] > 0), even, np.nan).astype(np.complex64)


def _derivatives(values: npt.NDArray[np.float32], sigma: float) -> list[npt.NDArray[Any]]:
    """Return the values blurred down the hole, and their first and second derivative."""
    return [gaussian_filter1d(values, sigma, axis=0, order=order, mode="nearest") for order in range(3)]


def trace_evidence(image: WellImage, traces: Array, shifts: Array, progress: Progress = no_progress) -> Array:
    """
    Compute the evidence for many versions of the same picks, each at many depth shifts.

    Parameters
    ----------
    image : WellImage
        The well; only the rows around the traces are read, some metres at a time.
    traces : array (versions, picks, 3)
        Traces ``(z0, a, b)`` (m); NaN gives NaN.
    shifts : array (shifts,)
        Depth shifts (m), added to ``z0``.
    progress : callable, optional
        Called with the finished share.

    Returns
    -------
    array (versions, picks, shifts)
        Root of the unbiased mean product of two columns' responses (with its sign): about 0 on texture, up to 3; NaN
        where less than a quarter of the turn is measured.

    Examples
    --------
    >>> from geobfdt.wells.image import well_image
    >>> pixels = np.random.default_rng(0).normal(0, 1, (400, 36)) + 5.0 * (np.arange(400) > 199)[:, None]
    >>> well = well_image(pixels, 10 + 0.005 * np.arange(400))
    >>> evidence = trace_evidence(well, np.array([[[10.9975, 0.0, 0.0]]]), np.array([-0.3, 0.0, 0.3]))
    >>> int(evidence[0, 0].argmax())
    1
    """
    sigma = line_width(image)
    step = max(row_spacing(image), FEATURE_HALF_WIDTH_M / 2.5)
    columns = _sample_columns(image)
    angles = np.asarray(image.azimuth.values[columns], dtype=np.float64)
    reach = np.abs(shifts).max() + step
    out = np.full((traces.shape[0], traces.shape[1], shifts.size), np.nan)
    for members, top, base in _group_by_depth(traces, reach):
        rows = _row_slice(image, top - CONTRAST_WINDOW_M - 4 * sigma, base + CONTRAST_WINDOW_M + 4 * sigma)
        if rows.stop - rows.start < 3:
            continue
        depth, values = _resample_rows(image, rows, columns, step)
        pixels = quadrature_response(values, sigma / step, max(3, round(CONTRAST_WINDOW_M / step)))
        for member in members:
            out[:, member] = _evidence_along_traces(pixels, depth[0], step, angles, traces[:, member], shifts)
        progress((members[-1] + 1) / traces.shape[1])
    return out


def trace_coverage(image: WellImage, traces: Array) -> Array:
    """
    Return the measured share of the turn along traces; 0 outside the image.

    Parameters
    ----------
    image : WellImage
        The well.
    traces : array (n, 3)
        Traces ``(z0, a, b)`` (m).

    Returns
    -------
    array (n,)
        Shares, NaN for a trace with NaN.

    Examples
    --------
    >>> from geobfdt.wells.image import well_image
    >>> pixels = np.where(np.arange(4) < 2, np.nan, 1.0) * np.ones((10, 1))
    >>> trace_coverage(well_image(pixels, np.arange(10.0)), np.array([[4.0, 1.0, 0.0], [40.0, 0.0, 0.0]]))
    array([0.5, 0. ])
    """
    columns, half = _sample_columns(image), 0.5 * row_spacing(image)
    at = image.depth.values
    out = np.full(len(traces), np.nan)
    for members, top, base in _group_by_depth(traces[None], half):
        rows = _row_slice(image, top, base)
        chosen = traces[members]
        curve = trace_depth(chosen, image.azimuth.values[columns])
        if rows.stop == rows.start:
            out[members] = 0.0
            continue
        measured = np.isfinite(np.asarray(image["image"].isel(depth=rows, azimuth=columns).values))
        nearest = np.clip(np.searchsorted(at[rows], curve - half), 0, measured.shape[0] - 1)
        # The tolerance allows for unevenly spaced rows; the image ends half a row beyond its first and last row.
        close = np.abs(at[rows][nearest] - curve) <= 1.5 * half + 1e-9
        close &= (curve >= at[0] - half - 1e-9) & (curve <= at[-1] + half + 1e-9)
        out[members] = (close & measured[nearest, np.arange(columns.size)]).mean(1)
    return out


def _sample_columns(image: WellImage) -> npt.NDArray[np.intp]:
    """Choose columns evenly if there are many, because neighbours show the same button."""
    there = image.sizes["azimuth"]
    return np.linspace(0, there, min(there, MAX_COLUMNS), endpoint=False).astype(np.intp)


def _group_by_depth(traces: Array, reach: float) -> Iterator[tuple[npt.NDArray[np.intp], float, float]]:
    """Group picks by depth into spans of some metres, with the depths that all their versions cover."""
    amplitude = np.hypot(traces[..., 1], traces[..., 2])
    top = (traces[..., 0] - amplitude).min(0, initial=np.inf, where=np.isfinite(amplitude)) - reach
    base = (traces[..., 0] + amplitude).max(0, initial=-np.inf, where=np.isfinite(amplitude)) + reach
    order = np.argsort(top, kind="stable")
    order = order[np.isfinite(top[order])]
    start = 0
    while start < order.size:
        stop = start + 1
        while stop < order.size and base[order[start : stop + 1]].max() - top[order[start]] <= MAX_GROUP_M:
            stop += 1
        members = order[start:stop]
        yield members, float(top[members].min()), float(base[members].max())
        start = stop


def _row_slice(image: WellImage, top: float, base: float) -> slice:
    depth = image.depth.values
    return slice(int(np.searchsorted(depth, top)), int(np.searchsorted(depth, base, side="right")))


def _resample_rows(
    image: WellImage, rows: slice, columns: npt.NDArray[np.intp], step: float
) -> tuple[Array, npt.NDArray[np.float32]]:
    """Resample pixels to evenly spaced depths by the nearest row; NaN where rows are missing."""
    at = image.depth.values[rows]
    values = np.asarray(image["image"].isel(depth=rows, azimuth=columns).values, dtype=np.float32)
    depth = at[0] + step * np.arange(int((at[-1] - at[0]) / step + 1.5))
    nearest = np.clip(np.searchsorted((at[1:] + at[:-1]) / 2, depth), 0, at.size - 1)
    even = values[nearest]
    even[np.abs(at[nearest] - depth) > 1.5 * max(step, row_spacing(image))] = np.nan
    return depth, np.where(np.isfinite(even), even, np.float32(np.nan))


def _evidence_along_traces(
    pixels: npt.NDArray[np.complex64], start: float, step: float, angles: Array, traces: Array, shifts: Array
) -> Array:
    """Return the evidence of the versions (v, 3) of one pick at all shifts (s): array (v, s)."""
    depth = trace_depth(traces, angles)[:, None, :] + shifts[:, None]
    measured = np.isfinite(depth)
    rows = np.rint((np.where(measured, depth, start) - start) / step).astype(np.intp)
    measured &= (rows >= 0) & (rows < len(pixels))
    samples = pixels[np.where(measured, rows, 0), np.arange(angles.size)]
    measured &= np.isfinite(samples)
    samples = np.where(measured, samples, np.complex64(0))
    count = measured.sum(-1)
    # Sum of the products of different columns: |sum|^2 less the squares, which are positive on any texture.
    pairs = np.abs(samples.sum(-1)) ** 2 - (samples.real**2 + samples.imag**2).sum(-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = pairs / (count * (count - 1))
    return np.where(count >= max(2, MIN_TRACE_SHARE * angles.size), np.sign(mean) * np.sqrt(np.abs(mean)), np.nan)
