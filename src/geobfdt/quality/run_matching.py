"""Match two runs of one well in depth by the pixels of their overlap."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.fft import fft2, ifft2, next_fast_len
from scipy.ndimage import uniform_filter1d

from geobfdt.geometry import parabola_peak, signed_angle
from geobfdt.wells.image import WellImage, row_spacing

__all__ = ["RunMatch", "match_runs"]

Array = npt.NDArray[np.float64]

# Depths of two runs differ by this much at most, or by a third of their overlap.
MAX_SHIFT_M = 2.0
# At most this much of the overlap is compared; more gives the same shift.
_MAX_COMPARED_M = 30.0
# Changes that are longer than this (or seven rows) are no detail: they look alike at many shifts.
_DETAIL_M = 0.1
# A wider image is thinned to this many columns.
_MAX_COLUMNS = 90
# Peaks nearer than this to the best one are its flank.
_FLANK_M = 0.05
# Number of parts of the overlap; the scatter of their shifts gives the uncertainty.
_PARTS = 6
# A parabola through three rows is no better than this part of a row.
_MIN_SIGMA_ROWS = 0.05
# Each part looks for its own shift so far around that of the whole.
_PART_REACH_M = 0.10


@dataclass(frozen=True)
class RunMatch:
    """
    How a run lies against another one.

    Parameters
    ----------
    shift, sigma : float
        What to add to the depths of the second run (m), and its standard error by the scatter of parts of the overlap.
    turn : float
        What to add to the angles of the second run (deg), to a column.
    correlation : float
        Correlation of the two images in the overlap after the shift.
    z : float
        Height of the peak over the robust scatter of all other shifts and turns.
    rival : float
        The best correlation at another depth or turn, as a share of the peak.
    spread : float
        Standard deviation of the shifts of the parts (m).
    """

    shift: float
    sigma: float
    turn: float
    correlation: float
    z: float
    rival: float
    spread: float


def match_runs(first: WellImage, second: WellImage, top: float, base: float) -> RunMatch:
    """
    Find the shift in depth between two runs, and whether their angles agree.

    Parameters
    ----------
    first, second : WellImage
        Two runs with the same, evenly spaced columns.
    top, base : float
        Nominal overlap (m, MD).

    Returns
    -------
    RunMatch
        The shift with the best correlation.

    Notes
    -----
    Both images are resampled to even depths, and what changes slowly along the hole is taken out. Their correlation is
    computed for all shifts along depth and all turns about the hole at once by Fourier transforms, with unmeasured
    pixels left out (Padfield 2012, masked normalised cross-correlation). A parabola through the peak gives the shift to
    a fraction of a row.

    Examples
    --------
    >>> from geobfdt.wells.image import well_image
    >>> pixels, depth = np.random.default_rng(0).normal(size=(3000, 16)), 0.005 * np.arange(3000)
    >>> runs = well_image(pixels[:2000], depth[:2000]), well_image(pixels[1000:], depth[1000:] + 0.3)
    >>> round(match_runs(*runs, 5.3, 9.995).shift, 3)
    -0.3
    """
    reach = min(MAX_SHIFT_M, (base - top) / 3)
    middle, half = (top + base) / 2, min((base - top) / 2, _MAX_COMPARED_M / 2)
    step = max(row_spacing(first), row_spacing(second))
    depth = np.arange(middle - half, middle + half, step)
    one, other = (_detail(image, depth, step) for image in (first, second))
    width = 360.0 / one.shape[1]
    correlation, lags = _correlate(one, other, round(reach / step))
    row, column = np.unravel_index(int(np.nanargmax(correlation)), correlation.shape)
    peak = float(correlation[row, column])
    flank = np.abs(lags - lags[row]) * step <= max(_FLANK_M, 3 * step)
    turns = signed_angle(np.arange(one.shape[1]) * width)
    near = np.abs(signed_angle(turns - turns[column])) <= max(15.0, 1.5 * width)
    rest = correlation[~(flank[:, None] & near[None, :])]
    scatter = 1.4826 * float(np.nanmedian(np.abs(rest - np.nanmedian(rest))))
    shift = _vertex(correlation[:, column], lags, int(row)) * step
    parts = _part_shifts(one, other, shift, step, int(column))
    spread = float(np.std(parts, ddof=1)) if len(parts) > 1 else np.nan
    return RunMatch(
        shift=shift,
        sigma=float(np.hypot(spread / np.sqrt(len(parts)), _MIN_SIGMA_ROWS * step)) if len(parts) > 1 else np.nan,
        turn=float(turns[column]),
        correlation=peak,
        z=float((peak - np.nanmedian(rest)) / scatter) if scatter > 0 else 0.0,
        rival=float(np.nanmax(rest)) / peak if peak > 0 else np.inf,
        spread=spread,
    )


def _detail(image: WellImage, depth: Array, step: float) -> Array:
    """Pixels at even depths less their slow change, in units of their scatter; NaN where unmeasured."""
    rows = image.depth.values
    first, last = np.searchsorted(rows, [depth[0] - 2 * step, depth[-1] + 2 * step])
    part = image["image"].isel(depth=slice(int(first), int(last)))
    columns = image.sizes["azimuth"]
    every = next(k for k in range(1, columns + 1) if columns % k == 0 and columns // k <= _MAX_COLUMNS)
    pixels = np.asarray(part.values, dtype=float).reshape(part.shape[0], -1, every)
    measured = np.isfinite(pixels)
    with np.errstate(invalid="ignore", divide="ignore"):
        pixels = np.where(measured, pixels, 0).sum(-1) / measured.sum(-1)
    at = rows[int(first) : int(last)]
    if at.size < 2:
        return np.full((depth.size, columns // every), np.nan)
    below = np.clip(np.searchsorted(at, depth), 1, at.size - 1)
    share = ((depth - at[below - 1]) / (at[below] - at[below - 1]))[:, None]
    even = (1 - share) * pixels[below - 1] + share * pixels[below]
    even[(share[:, 0] < -0.5) | (share[:, 0] > 1.5) | (at[below] - at[below - 1] > 2.5 * step)] = np.nan
    measured = np.isfinite(even)
    size = max(7, round(_DETAIL_M / step))
    weight: Array = uniform_filter1d(measured.astype(float), size, axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        even = even - uniform_filter1d(np.where(measured, even, 0.0), size, axis=0) / weight
    scale = float(np.nanstd(even)) if measured.any() else 0.0
    # Single strong lines do not decide.
    return np.clip(even / scale, -3, 3) if scale > 0 else np.full_like(even, np.nan)


def _correlate(one: Array, other: Array, reach: int) -> tuple[Array, npt.NDArray[np.intp]]:
    """Correlation at shifts up to `reach` rows (down is +) and all turns by columns; NaN where too little is common."""
    rows = next_fast_len(one.shape[0] + reach)
    shape = (rows, one.shape[1])
    masks = [np.isfinite(pixels) for pixels in (one, other)]
    values = [np.where(mask, pixels, 0.0) for mask, pixels in zip(masks, (one, other), strict=True)]
    spectra = [[fft2(part, shape) for part in (mask.astype(float), value, value**2)]
               for mask, value in zip(masks, values, strict=True)]  # fmt: skip

    def product(one_part: int, other_part: int) -> Array:
        return np.asarray(ifft2(spectra[0][one_part] * np.conj(spectra[1][other_part])).real)

    common = np.maximum(np.rint(product(0, 0)), 1e-9)
    sums = product(1, 0), product(0, 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        covariance = product(1, 1) - sums[0] * sums[1] / common
        variances = product(2, 0) - sums[0] ** 2 / common, product(0, 2) - sums[1] ** 2 / common
        correlation = covariance / np.sqrt(np.maximum(variances[0], 1e-12) * np.maximum(variances[1], 1e-12))
    correlation[common < 0.2 * common.max()] = np.nan
    lags = np.arange(-reach, reach + 1)
    return correlation[lags % rows], lags


def _vertex(curve: Array, lags: npt.NDArray[np.intp], best: int) -> float:
    """Place of the peak between rows by a parabola through its neighbours."""
    if not 0 < best < curve.size - 1:
        return float(lags[best])
    return float(lags[best] + parabola_peak(*curve[best - 1 : best + 2]))


def _part_shifts(one: Array, other: Array, shift: float, step: float, turn: int) -> list[float]:
    """Shifts (m) of parts of the overlap, each near the shift of the whole."""
    reach = max(3, round(_PART_REACH_M / step))
    moved = np.roll(other, turn, axis=1)
    lag = round(shift / step)
    # Row k of the second run lies at row k + lag of the first one.
    rows = np.arange(max(0, -lag), min(len(other), len(one) - lag))
    shifts = []
    for part in np.array_split(rows, _PARTS):
        if part.size < 4 * reach:
            continue
        correlation, lags = _correlate(one[part + lag], moved[part], reach)
        curve = correlation[:, 0]
        if np.isfinite(curve).any():
            shifts.append((lag + _vertex(curve, lags, int(np.nanargmax(curve)))) * step)
    return shifts
