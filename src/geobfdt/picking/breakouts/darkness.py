"""How dark each cell of a wall is against its row, on a grid of fixed cells."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from geobfdt.picking.breakouts.bedding import bedding_level, column_levels, first_harmonic
from geobfdt.preparation.normalisation import contrast_span
from geobfdt.wells.image import WellImage, row_spacing

__all__ = ["Cells", "Darkness", "column_medians", "darkness", "wall_cells"]

Array = npt.NDArray[np.float64]

# Gaps between pads are bridged up to this angle; a lobe is wider.
_MAX_BRIDGE_DEG = 25.0


class Cells(NamedTuple):
    """
    Means of a wall over cells.

    Parameters
    ----------
    mean : array (rows, columns)
        Mean of the pixels, high for dark; NaN where nothing was measured.
    depth : array (rows,)
        Middles of the rows (m, MD).
    step : float
        Height of a row (m).
    """

    mean: Array
    depth: Array
    step: float


class Darkness(NamedTuple):
    """
    Darkness of a wall.

    Parameters
    ----------
    values : array (rows, columns)
        How much darker than the wall along the bedding, as a share of the strip's contrast (1st to 99th percentile,
        without one dark side), -1 to 1; 0 where nothing was measured.
    measured : array (rows, columns) of bool
        Where pixels, or pixels beside a bridged gap, say so.
    imaged : array (rows, columns) of bool
        Where pixels say so.
    depth : array (rows,)
        Middles of the rows (m, MD).
    step : float
        Height of a row (m).
    """

    values: Array
    measured: npt.NDArray[np.bool_]
    imaged: npt.NDArray[np.bool_]
    depth: Array
    step: float


def wall_cells(image: WellImage, row_m: float, columns: int, variable: str = "image") -> Cells:
    """
    Average the pixels of a strip over cells.

    Parameters
    ----------
    image, row_m, columns
        As for :func:`darkness`.
    variable : str
        What is averaged: ``image``, turned so that high is dark, or ``radius``.
    """
    pixels = np.asarray(image[variable].values, dtype=np.float64)
    if variable == "image" and image.attrs["dark"] == "low":
        pixels = -pixels
    depth, angles = image["depth"].values, image["azimuth"].values
    step = max(row_m, row_spacing(image))
    count = min(columns, angles.size)
    rows = np.floor((depth - depth[0]) / step + 1e-6).astype(int)
    cells = np.floor(angles / 360 * count).astype(int).clip(0, count - 1)
    shape = (int(rows[-1]) + 1, count)
    flat = (rows[:, None] * count + cells).ravel()
    good = np.isfinite(pixels).ravel()
    number = np.bincount(flat[good], minlength=shape[0] * count).reshape(shape)
    total = np.bincount(flat[good], pixels.ravel()[good], minlength=shape[0] * count).reshape(shape)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(number > 0, total / number, np.nan)
    return Cells(mean, depth[0] + step * (np.arange(shape[0]) + 0.5), step)


def darkness(image: WellImage, row_m: float, columns: int) -> Darkness:
    """
    Measure the darkness of a strip.

    Parameters
    ----------
    image : WellImage
        The strip, in memory.
    row_m : float
        Height of a cell (m); rows of the image that are coarser stay as they are.
    columns : int
        Cells of a turn, at most; an image with fewer columns keeps its own.

    Notes
    -----
    Pixels are averaged into cells. From each cell the level of the wall along the bedding is taken, which removes beds
    of any dip, and then the median of its row, which removes noise that a row shares. The contrast of the strip is the
    unit, not the scatter of a row: two lobes may take a third of a turn, and would raise the scatter that they are
    compared with.
    """
    cells = wall_cells(image, row_m, columns)
    mean = _bridge(cells.mean, _MAX_BRIDGE_DEG)
    count = mean.shape[1]
    measured = np.isfinite(mean)
    enough = measured.sum(axis=1) >= max(count // 8, 4)
    mean[~enough] = np.nan
    level = bedding_level(mean, cells.step)
    beside = mean - np.where(np.isfinite(level), level, 0.0)
    centred = np.full(mean.shape, np.nan)
    centred[enough] = beside[enough] - np.nanmedian(beside[enough], axis=1, keepdims=True)
    low, high = contrast_span(mean - first_harmonic(column_levels(mean)))
    values = np.clip(np.nan_to_num(centred / (high - low)), -1.0, 1.0)
    measured[~enough] = False
    imaged = measured & np.isfinite(cells.mean)
    return Darkness(np.where(measured, values, 0.0), measured, imaged, cells.depth, cells.step)


def column_medians(values: Array, window: int, least: float) -> Array:
    """
    Running median of each column.

    Parameters
    ----------
    values : array (rows, columns)
        A wall; NaN where nothing was measured.
    window : int
        Rows of the median. It is taken every quarter of it; a window at an end is as long as any other.
    least : float
        Share of the window that has to be measured; the median is 0 otherwise.
    """
    rows, hop = len(values), max(window // 4, 1)
    middles = np.arange(0, rows, hop)
    medians = []
    for middle in middles:
        first = int(np.clip(middle - window // 2, 0, max(rows - window, 0)))
        part = values[first : first + window]
        enough = np.isfinite(part).mean(axis=0) >= least
        medians.append(np.where(enough, np.nanmedian(np.where(enough, part, 0.0), axis=0), 0.0))
    nearest = np.rint(np.arange(rows) / hop).astype(int).clip(0, len(middles) - 1)
    return np.asarray(np.array(medians)[nearest])


def _bridge(mean: Array, most_deg: float) -> Array:
    """Fill gaps round the hole that are narrower than `most_deg`, linearly between the cells beside them."""
    columns = mean.shape[1]
    out = mean.copy()
    holes = np.flatnonzero(np.isnan(mean).any(axis=1) & np.isfinite(mean).any(axis=1))
    part = mean[holes]
    # Places of the nearest measured cells before and after each cell; a second turn holds those beyond the end.
    place = np.where(np.isfinite(np.tile(part, 3)), np.arange(3 * columns), -1)
    before = np.maximum.accumulate(place, axis=1)[:, columns : 2 * columns]
    place[place < 0] = 3 * columns
    after = np.minimum.accumulate(place[:, ::-1], axis=1)[:, ::-1][:, columns : 2 * columns]
    size = after - before
    row, column = np.nonzero(np.isnan(part) & (size - 1 <= most_deg / 360 * columns))
    low, high = (part[row, place[row, column] % columns] for place in (before, after))
    inside = column + columns - before[row, column]
    out[holes[row], column] = low + (high - low) * inside / size[row, column]
    return out
