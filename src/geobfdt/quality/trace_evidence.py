"""What an image says for a trace: how strongly, and how alike all round, the wall changes along it.

The response to a pixel's surroundings is a quadrature pair along depth: the first and second derivative of a Gaussian.
Its size peaks on the middle of a line and on a step alike, so fractures and beds are measured by the same rule and
neither is pulled to an edge. Summed along a trace with its sign, what runs all round adds up and texture cancels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter1d, uniform_filter1d

from geobfdt.geometry import trace_depth
from geobfdt.wells.image import WellImage, row_spacing

__all__ = ["line_width", "response", "trace_coverage", "trace_evidence"]

Array = npt.NDArray[np.float64]

# m: half width of the features looked for; a fracture of 1 cm, the edge of a bed.
FINEST = 0.010
# Times the usual response: one strong boundary shall not speak for a whole well.
CLIP = 3.0
# m over which the contrast is made even.
LOCAL = 1.0
# m of image held at once.
GROUP = 12.0
# Columns used of an image that has more: buttons are as wide.
COLUMNS = 90
# Share of these that must be measured along a trace.
FEWEST = 0.25


def line_width(image: WellImage) -> float:
    """
    Half width (m) of the features that evidence responds to: 1 cm, or one and a half rows where these are coarser.

    Examples
    --------
    >>> from geobfdt.wells.image import well_image
    >>> line_width(well_image(np.zeros((3, 2)), [0.0, 0.1, 0.2])), line_width(well_image(np.zeros((2, 2)), [0, 0.0025]))
    (0.15, 0.01)
    """
    return max(FINEST, 1.5 * row_spacing(image))


def response(values: npt.NDArray[np.float32], sigma: float, local: int) -> npt.NDArray[np.complex64]:
    """
    Quadrature response of pixels along depth, the contrast made even.

    Parameters
    ----------
    values : array (rows, columns)
        Pixels, NaN where unmeasured.
    sigma : float
        Half width of the features (rows).
    local : int
        Rows over which the contrast is made even.

    Returns
    -------
    array (rows, columns), complex
        First (real) and second (imaginary) derivative in units of the usual size nearby, at most 3 in modulus;
        NaN where too little around a pixel was measured.

    Notes
    -----
    Derivatives are normalised for what is missing as in Knutsson & Westin (1993), Normalized and differential
    convolution: the weighted mean is taken out before differentiating, so that the rim of a gap gives no edge.

    Examples
    --------
    >>> step = np.repeat(np.float32([[0.0], [1.0]]), 50, axis=0)
    >>> int(np.abs(response(step, 4.0, 30)).argmax()) in (49, 50)
    True
    """
    measured = np.isfinite(values)
    known = np.where(measured, values - np.float32(np.nanmedian(values) if measured.any() else 0), np.float32(0))
    # Beyond the ends of the block nothing is known; callers bring a margin.
    smooth, first, second = (gaussian_filter1d(known, sigma, axis=0, order=n, mode="nearest") for n in range(3))
    if not measured.all():
        mask = measured.astype(np.float32)
        weight, slope, curve = (gaussian_filter1d(mask, sigma, axis=0, order=n, mode="nearest") for n in range(3))
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = smooth / weight
            first, second = (first - mean * slope) / weight, (second - mean * curve) / weight
        usable = measured & (weight > 0.6)
    else:
        usable = measured
    pair = np.where(usable, sigma * first + 1j * np.float32(sigma**2) * second, np.complex64(0))
    size = np.abs(pair)
    count = uniform_filter1d(usable.mean(1, dtype=np.float64), local, mode="nearest")
    usual = uniform_filter1d(size.mean(1, dtype=np.float64), local, mode="nearest") / np.maximum(count, 1e-9)
    with np.errstate(invalid="ignore", divide="ignore"):
        relative = size / usual[:, None]
        even = pair / usual[:, None] / np.maximum(relative / CLIP, 1)
    return np.where(usable & (usual[:, None] > 0), even, np.nan).astype(np.complex64)


def trace_evidence(
    image: WellImage, traces: Array, shifts: Array, progress: Callable[[float], None] | None = None
) -> Array:
    """
    Evidence for many versions of the same picks, each slid along depth.

    Parameters
    ----------
    image : WellImage
        The well; only the rows around the traces are read, some metres at a time.
    traces : array (versions, picks, 3)
        Traces ``(z0, a, b)`` (m); NaN gives NaN.
    shifts : array (shifts,)
        Depth shifts (m), added to ``z0``.
    progress : callable, optional
        Told the share done.

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
    step = max(row_spacing(image), FINEST / 2.5)
    columns = _columns(image)
    angles = np.asarray(image.azimuth.values[columns], dtype=np.float64)
    reach = np.abs(shifts).max() + step
    out = np.full((traces.shape[0], traces.shape[1], shifts.size), np.nan)
    for members, top, base in _groups(traces, reach):
        rows = _rows(image, top - LOCAL - 4 * sigma, base + LOCAL + 4 * sigma)
        if rows.stop - rows.start < 3:
            continue
        depth, values = _even_rows(image, rows, columns, step)
        pixels = response(values, sigma / step, max(3, round(LOCAL / step)))
        for member in members:
            out[:, member] = _along(pixels, depth[0], step, angles, traces[:, member], shifts)
        if progress:
            progress((members[-1] + 1) / traces.shape[1])
    return out


def trace_coverage(image: WellImage, traces: Array) -> Array:
    """
    Share of the turn that is measured along traces; 0 outside the image.

    Parameters
    ----------
    image : WellImage
        The well.
    traces : array (n, 3)
        Traces ``(z0, a, b)`` (m).

    Returns
    -------
    array (n,)
        Shares, NaN for a trace that is not known.

    Examples
    --------
    >>> from geobfdt.wells.image import well_image
    >>> pixels = np.where(np.arange(4) < 2, np.nan, 1.0) * np.ones((10, 1))
    >>> trace_coverage(well_image(pixels, np.arange(10.0)), np.array([[4.0, 1.0, 0.0], [40.0, 0.0, 0.0]]))
    array([0.5, 0. ])
    """
    columns, half = _columns(image), 0.5 * row_spacing(image)
    at = image.depth.values
    out = np.full(len(traces), np.nan)
    for members, top, base in _groups(traces[None], half):
        rows = _rows(image, top, base)
        chosen = traces[members]
        curve = trace_depth(chosen, image.azimuth.values[columns])
        if rows.stop == rows.start:
            out[members] = 0.0
            continue
        measured = np.isfinite(np.asarray(image["image"].isel(depth=rows, azimuth=columns).values))
        nearest = np.clip(np.searchsorted(at[rows], curve - half), 0, measured.shape[0] - 1)
        # The slack is for rows unevenly spaced; the image itself ends half a row beyond its first and last row.
        close = np.abs(at[rows][nearest] - curve) <= 1.5 * half + 1e-9
        close &= (curve >= at[0] - half - 1e-9) & (curve <= at[-1] + half + 1e-9)
        out[members] = (close & measured[nearest, np.arange(columns.size)]).mean(1)
    return out


def _columns(image: WellImage) -> npt.NDArray[np.intp]:
    """Columns used: evenly chosen where there are many, for neighbours share their button."""
    there = image.sizes["azimuth"]
    return np.linspace(0, there, min(there, COLUMNS), endpoint=False).astype(np.intp)


def _groups(traces: Array, reach: float) -> Iterator[tuple[npt.NDArray[np.intp], float, float]]:
    """Picks by depth in groups that span some metres, with the depths that all versions of theirs touch."""
    amplitude = np.hypot(traces[..., 1], traces[..., 2])
    top = (traces[..., 0] - amplitude).min(0, initial=np.inf, where=np.isfinite(amplitude)) - reach
    base = (traces[..., 0] + amplitude).max(0, initial=-np.inf, where=np.isfinite(amplitude)) + reach
    order = np.argsort(top, kind="stable")
    order = order[np.isfinite(top[order])]
    start = 0
    while start < order.size:
        stop = start + 1
        while stop < order.size and base[order[start : stop + 1]].max() - top[order[start]] <= GROUP:
            stop += 1
        members = order[start:stop]
        yield members, float(top[members].min()), float(base[members].max())
        start = stop


def _rows(image: WellImage, top: float, base: float) -> slice:
    depth = image.depth.values
    return slice(int(np.searchsorted(depth, top)), int(np.searchsorted(depth, base, side="right")))


def _even_rows(
    image: WellImage, rows: slice, columns: npt.NDArray[np.intp], step: float
) -> tuple[Array, npt.NDArray[np.float32]]:
    """Pixels on evenly spaced depths, the nearest row for each; NaN where rows are missing."""
    at = image.depth.values[rows]
    values = np.asarray(image["image"].isel(depth=rows, azimuth=columns).values, dtype=np.float32)
    depth = at[0] + step * np.arange(int((at[-1] - at[0]) / step + 1.5))
    nearest = np.clip(np.searchsorted((at[1:] + at[:-1]) / 2, depth), 0, at.size - 1)
    even = values[nearest]
    even[np.abs(at[nearest] - depth) > 1.5 * max(step, row_spacing(image))] = np.nan
    return depth, np.where(np.isfinite(even), even, np.float32(np.nan))


def _along(
    pixels: npt.NDArray[np.complex64], start: float, step: float, angles: Array, traces: Array, shifts: Array
) -> Array:
    """Evidence of the versions (v, 3) of one pick at all shifts (s): array (v, s)."""
    depth = trace_depth(traces, angles)[:, None, :] + shifts[:, None]
    known = np.isfinite(depth)
    rows = np.rint((np.where(known, depth, start) - start) / step).astype(np.intp)
    known &= (rows >= 0) & (rows < len(pixels))
    samples = pixels[np.where(known, rows, 0), np.arange(angles.size)]
    known &= np.isfinite(samples)
    samples = np.where(known, samples, np.complex64(0))
    count = known.sum(-1)
    # The product of each pair of different columns: |sum|^2 without the squares, which are there on any texture.
    pairs = np.abs(samples.sum(-1)) ** 2 - (samples.real**2 + samples.imag**2).sum(-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = pairs / (count * (count - 1))
    return np.where(count >= max(2, FEWEST * angles.size), np.sign(mean) * np.sqrt(np.abs(mean)), np.nan)
