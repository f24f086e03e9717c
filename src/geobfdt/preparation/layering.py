"""Layered texture: coherence of an image around the hole along the best plane."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from geobfdt.preparation.network_grid import GridSettings, column_angles, network_grid
from geobfdt.wells.image import WellImage, row_spacing

__all__ = ["layer_coherence"]

_STEPS_M = (0.02, 0.08)  # Row heights at which traces of up to about half a metre and two metres are tried.
_COLUMNS = 32  # Columns of the grid at most; an image of fewer keeps its own.
_WINDOW_ROWS = 100  # Rows of a window.
_CYCLES = np.arange(2, 13)  # Cycles a window: wavelengths of 50 down to 8 rows.
_MAX_AMPLITUDE_ROWS = 25  # Largest amplitude of the trial traces.
_AMPLITUDE_STEP_ROWS = 2.0  # Distance between trial traces: a quarter of the shortest wavelength.
_MIN_MEASURED_ROWS = 0.5  # Share of measured rows from which a column takes part in a window.
_MIN_COLUMNS = 6  # Number of such columns from which the coherence of a window is defined.
_MIN_TURN_SHARE = 0.2  # Share of the turn that these columns have to cover.

Array = npt.NDArray[np.float64]
Spectra = npt.NDArray[np.complex128]


def layer_coherence(image: WellImage) -> float:
    """
    Measure the share of an image's change with depth that is common to all azimuths along some plane.

    Parameters
    ----------
    image : WellImage
        Some metres, in memory.

    Returns
    -------
    float
        Median over windows of depth: 1 where all columns are the same but for a sinusoidal shift, near 0 where they
        have nothing to do with each other; NaN where too little was measured.

    Notes
    -----
    A window of depth is cut into columns, each is brought to unit energy within a band of wavelengths, and ``S`` is
    the energy of their mean after column ``c`` was moved up by ``a cos(c) + b sin(c)``: the semblance of seismic
    velocity analysis (Neidell and Taner 1971). The largest ``S`` of a grid of traces ``(a, b)`` is kept. Noise has a
    largest ``S`` above zero, too, so the same is done with each column moved by a random depth, and the result is
    ``(S - S0) / (1 - S0)``. It is done on two row heights, for flat and for tall traces, and the better one counts.

    Examples
    --------
    >>> from geobfdt.wells.image import well_image
    >>> rng = np.random.default_rng(0)
    >>> layers, noise = rng.normal(size=(1000, 1)).repeat(60, axis=1), rng.normal(size=(1000, 60))
    >>> [round(layer_coherence(well_image(pixels, 0.01 * np.arange(1000))), 1) for pixels in (layers, noise)]
    [1.0, 0.0]
    """
    if image.sizes["depth"] < 2:
        return float("nan")
    steps = sorted({max(step, row_spacing(image)) for step in _STEPS_M})
    values = [_coherence_at(image, step) for step in steps]
    finite = [value for value in values if np.isfinite(value)]
    return max(finite) if finite else float("nan")


def _coherence_at(image: WellImage, step: float) -> float:
    columns = min(_COLUMNS, image.sizes["azimuth"])
    settings = GridSettings(step, columns, "static")
    grid = network_grid(image, settings, float(image["depth"].values[0])).values.astype(float)
    measured = grid > 0
    rng = np.random.default_rng(0)
    values = []
    length = min(_WINDOW_ROWS, len(grid))
    if length < _WINDOW_ROWS // 2:
        return float("nan")
    for first in range(0, len(grid) - length + 1, length):
        rows = slice(first, first + length)
        spectra, used = _unit_spectra(grid[rows], measured[rows])
        if used.sum() < max(_MIN_COLUMNS, _MIN_TURN_SHARE * columns):
            continue
        angles = column_angles(columns)[used]
        shifts = rng.uniform(0, length, used.sum())
        scattered = spectra * np.exp(2j * np.pi * _CYCLES[:, None] * shifts / length)
        most, chance = (_best_semblance(part, angles, length) for part in (spectra, scattered))
        values.append((most - chance) / (1 - chance))
    return float(np.median(values)) if values else float("nan")


def _unit_spectra(values: Array, measured: npt.NDArray[np.bool_]) -> tuple[Spectra, npt.NDArray[np.bool_]]:
    """Spectra (cycles, used columns) of unit energy each, and which columns are used: those measured for the most."""
    count = measured.sum(axis=0)
    mean = np.where(measured, values, 0.0).sum(axis=0) / np.maximum(count, 1)
    tapered = np.where(measured, values - mean, 0.0) * np.hanning(len(values))[:, None]
    spectra = np.fft.rfft(tapered, axis=0)[_CYCLES]
    energy = np.sqrt((np.abs(spectra) ** 2).sum(axis=0))
    used = (count > _MIN_MEASURED_ROWS * len(values)) & (energy > 0)
    return spectra[:, used] / energy[used], used


def _best_semblance(spectra: Spectra, angles: Array, length: int) -> float:
    """Largest share of the energy that the mean of the columns keeps, over traces of all amplitudes and azimuths."""
    turns = np.radians(angles)
    up = _amplitudes() @ np.stack([np.cos(turns), np.sin(turns)])
    total = np.zeros(len(up))
    for cycles, part in zip(_CYCLES, spectra, strict=False):
        total += np.abs(np.exp(2j * np.pi * cycles / length * up) @ part) ** 2
    return float(total.max()) / angles.size**2


@cache
def _amplitudes() -> Array:
    """Traces ``(a, b)`` (rows) that are tried: a square grid within the largest amplitude."""
    line = np.arange(-_MAX_AMPLITUDE_ROWS, _MAX_AMPLITUDE_ROWS + 1, _AMPLITUDE_STEP_ROWS)
    line = line - line[line.size // 2]
    a, b = (axis.ravel() for axis in np.meshgrid(line, line))
    inside = np.hypot(a, b) <= _MAX_AMPLITUDE_ROWS
    return np.column_stack([a[inside], b[inside]])
