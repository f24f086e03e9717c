"""Evidence of lines and steps at every pixel of a working grid, for every slope a trace may have there.

A pair of filters in quadrature is applied along depth: the even one responds to lines (a fracture, a thin bed), the odd
one to steps (a bed boundary). Their complex sum has its largest modulus in the middle of either, and its phase tells
which it is [1]_. Along a steep trace a feature is stretched in depth, so filters widen with slope, and each pixel is
averaged with its neighbours along that slope, so that texture, which has no direction, drops out.

References
----------
.. [1] M. C. Morrone and R. A. Owens, "Feature detection from local energy", Pattern Recognition Letters 6 (1987).
   The filters are the second derivative of a Gaussian and its Hilbert partner of W. T. Freeman and E. H. Adelson,
   "The design and use of steerable filters", IEEE PAMI 13 (1991).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import fft

from geobfdt.picking.hough.working_grid import WorkingGrid
from geobfdt.preparation.normalisation import window_sum

__all__ = ["Evidence", "oriented_evidence"]

_TILT_STEP_RAD = np.radians(12.0)  # Angle between two neighbouring slopes, on the wall.
_STEEPEST_RAD = np.radians(78.0)  # Steepest slope that evidence is made for, on the wall.
_AVERAGE_LENGTH_M = 0.01  # Standard deviation of the average along a slope.
_BACKGROUND_HEIGHT_M = 1.0  # Height over which the usual strength of a response is taken.
_MIN_BACKGROUND_ROWS = 9  # Rows of that height at least, where rows are coarse.


@dataclass(frozen=True)
class Evidence:
    """
    Signed evidence on a working grid.

    Parameters
    ----------
    response : array (slopes, columns, rows)
        complex64. Modulus 0 to 1: strength against the usual strength; real part: bright (+) or dark (-) line;
        imaginary part: step up (+) or down (-), downwards. Times the measured share of the filter's support.
    weight : array (slopes, columns, rows)
        float32 measured share of the filter's support, 0 where it is too small.
    tilts : array (slopes,)
        ``atan(slope / radius)`` of each slope (rad).
    radius : float
        Radius of the hole (m), or the larger one below which the grid is too coarse to resolve a slope.
    width : float
        Standard deviation of the filters perpendicular to a trace (m).
    alike : float
        Number of neighbouring columns whose noise is correlated, because each was averaged with the others.
    grid : WorkingGrid
        Where the rows and columns lie.
    """

    response: npt.NDArray[np.complex64]
    weight: npt.NDArray[np.float32]
    tilts: npt.NDArray[np.float64]
    radius: float
    width: float
    alike: float
    grid: WorkingGrid

    def slope_index(self, slope: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
        """Index of the nearest slope (m/rad) that evidence was made for."""
        nearest = np.rint((np.arctan(slope / self.radius) - self.tilts[0]) / _TILT_STEP_RAD)
        return np.asarray(np.clip(nearest, 0, self.tilts.size - 1).astype(np.int64))

    def stretch(self, slope: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Ratio of the width in depth to the width perpendicular to itself of a feature of this slope (m/rad)."""
        return np.asarray(np.hypot(1, slope / self.radius))


def oriented_evidence(grid: WorkingGrid, radius: float, width: float) -> Evidence:
    """
    Evidence of lines and steps for every slope.

    Parameters
    ----------
    grid : WorkingGrid
        The image.
    radius : float
        Hole radius (m).
    width : float
        Standard deviation of the filters perpendicular to a trace (m).

    Returns
    -------
    Evidence
        Responses and weights.

    Examples
    --------
    A dark bedding-parallel line has a response with a negative real part at its own row.

    >>> values = np.ones((8, 101), np.float32)
    >>> values[:, 50] = 0
    >>> grid = WorkingGrid(values, np.ones_like(values), np.arange(22.5, 360, 45), 0.0, 0.005)
    >>> evidence = oriented_evidence(grid, 0.1, 0.006)
    >>> flat = evidence.response[evidence.slope_index(np.array(0.0)), 0]
    >>> int(np.abs(flat).argmax()), bool(flat[50].real < -0.9)
    (50, True)
    """
    radius = max(radius, 4 * width)
    count = int(2 * np.floor(_STEEPEST_RAD / _TILT_STEP_RAD) + 1)
    tilts = (np.arange(count) - count // 2) * _TILT_STEP_RAD
    columns, rows = grid.values.shape
    turn = 2 * np.pi / columns

    longest = int(np.ceil(4 * width / np.cos(tilts[-1]) / grid.step))
    size = fft.next_fast_len(rows + longest, real=True)
    # Filters ignore the level, but the edge of a gap would be a step: the level is subtracted first.
    level = _level(grid, 2 * longest + 1)
    spectrum = fft.rfft((grid.values - level) * grid.weight, size, axis=1)
    share = fft.rfft(grid.weight, size, axis=1)
    frequency = 2 * np.pi * np.arange(size // 2 + 1) / (size * grid.step)

    response = np.empty((count, columns, rows), np.complex64)
    weight = np.empty((count, columns, rows), np.float32)
    window = max(int(_BACKGROUND_HEIGHT_M / grid.step), _MIN_BACKGROUND_ROWS)
    for k, tilt in enumerate(tilts):
        sigma = width / np.cos(tilt)
        even = _even_filter(frequency * sigma)
        signal = np.empty((columns, rows), np.complex64)
        signal.real = fft.irfft(spectrum * even, size, axis=1)[:, :rows]
        signal.imag = fft.irfft(spectrum * (1j * even), size, axis=1)[:, :rows]
        measured = fft.irfft(share * np.exp(-((frequency * sigma) ** 2) / 2).astype(np.float32), size, axis=1)[:, :rows]
        # Where less than half of the support was measured there is no evidence.
        measured = np.clip(2 * measured - 1, 0, 1)
        signal, measured = _along(
            signal, measured, radius * np.tan(tilt) * turn / grid.step, _AVERAGE_LENGTH_M * np.cos(tilt) / radius / turn
        )
        strength = np.abs(signal)
        total_weight = window_sum(measured.sum(axis=0, dtype=np.float64), window)
        mean_strength = window_sum((strength * measured).sum(axis=0, dtype=np.float64), window) / np.maximum(
            total_weight, 1e-9
        )
        mean_strength = np.maximum(mean_strength, 1e-12).astype(np.float32)
        response[k] = signal * (measured / (strength + mean_strength))
        weight[k] = measured
    alike = max(1.0, 2 * np.sqrt(np.pi) * _AVERAGE_LENGTH_M / radius / turn)
    return Evidence(response, weight, tilts, radius, width, alike, grid)


def _level(grid: WorkingGrid, rows: int) -> npt.NDArray[np.float32]:
    """Running mean of each column over its measured pixels."""
    weight = grid.weight.T.astype(np.float64)
    total, count = window_sum(grid.values.T * weight, rows), window_sum(weight, rows)
    return np.asarray((total / np.maximum(count, 1e-9)).T, dtype=np.float32)


def _even_filter(scaled: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    """Spectrum of minus the second derivative of a Gaussian, at frequency times standard deviation."""
    return np.asarray(scaled**2 * np.exp(-(scaled**2) / 2), dtype=np.float32)


def _along(
    signal: npt.NDArray[np.complex64], measured: npt.NDArray[np.float32], shift: float, reach: float
) -> tuple[npt.NDArray[np.complex64], npt.NDArray[np.float32]]:
    """Average pixels with their neighbours along a slope of `shift` rows a column, over `reach` columns."""
    farthest = int(2 * reach)
    if farthest == 0:
        return signal, measured
    total, share = signal * measured, measured.copy()
    norm = 1.0
    rows = signal.shape[1]
    for j in range(1, farthest + 1):
        kernel = np.float32(np.exp(-((j / reach) ** 2) / 2))
        norm += 2 * float(kernel)
        for side in (j, -j):
            # Column c + side is read `side * shift` rows further down.
            down = round(side * shift)
            into = slice(max(-down, 0), rows - max(down, 0))
            source = slice(max(down, 0), rows - max(-down, 0))
            if into.start >= into.stop:
                continue
            near, near_measured = np.roll(signal, -side, axis=0), np.roll(measured, -side, axis=0)
            total[:, into] += kernel * (near * near_measured)[:, source]
            share[:, into] += kernel * near_measured[:, source]
    # A pixel that was not measured gets no evidence from its neighbours: coverage stays the measured share.
    weight = measured * np.minimum(share / np.float32(0.5 * norm), 1)
    return np.asarray(total / np.maximum(share, np.float32(1e-6)), np.complex64), np.asarray(weight, np.float32)
