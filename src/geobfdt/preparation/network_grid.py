"""The input of a network: an image on a grid of one pixel size, whatever the tool, with its contrast evened out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from geobfdt.geometry import signed_angle
from geobfdt.preparation.gaps import fill_gaps, fill_gaps_from_nearest
from geobfdt.preparation.normalisation import contrast_span, normalise_dynamic, normalise_static
from geobfdt.wells.image import WellImage, row_spacing

__all__ = [
    "MIDDLE_VALUE",
    "SHORT_GAP",
    "VALUES_PER_DEVIATION",
    "GapsAs",
    "GridSettings",
    "ImageAs",
    "NetworkGrid",
    "column_angles",
    "image_scale",
    "network_grid",
    "well_span",
]

SHORT_GAP = 4  # A gap of fewer rows is interpolated; a gap of so many rows or more interrupts the image.
MIDDLE_VALUE = 128  # Grid value of the local mean.
VALUES_PER_DEVIATION = 50.8  # Grid values per standard deviation: 1 to 255 are -2.5 to 2.5 standard deviations.
_WINDOW_M = 1.0  # Height of the window of the dynamic normalisation.
_MIN_MEASURED_SHARE = 0.3  # Share of a pixel's footprint that has to be measured for the pixel to have a value.
_CONTRAST_ROWS = 4000  # A well's contrast is taken from about so many rows, evenly spread over it.

Array = npt.NDArray[np.float64]
ImageAs = Literal["dynamic", "static", "both"]
GapsAs = Literal["mask", "linear", "nearest"]


@dataclass(frozen=True)
class GridSettings:
    """
    Settings of the grid that a network takes.

    Parameters
    ----------
    step : float
        Row height (m).
    columns : int
        Columns; the first lies at angle 0.
    image : {"dynamic", "static", "both"}
        Contrast evened out over a metre, over the whole well, or both images beside each other.
    gaps : {"mask", "linear", "nearest"}
        What was not measured is left out, or filled: row by row, or from the nearest measured pixels.
    coarsest_row : float
        An image whose rows are higher than this (m) is taken at a smaller scale, in which they have this height.
    """

    step: float
    columns: int
    image: ImageAs = "dynamic"
    gaps: GapsAs = "mask"
    coarsest_row: float = math.inf


@dataclass(frozen=True)
class NetworkGrid:
    """
    An image as networks take it.

    Parameters
    ----------
    values : array (rows, columns) or (rows, columns, 2)
        uint8: 0 where nothing was measured or filled, else 1 to 255. Of the dynamic image that is -2.5 to 2.5 standard
        deviations about the mean of the rock around, of the static one the 1st to 99th percentile of the well. Of both,
        the dynamic one comes first.
    top : float
        Depth of the first row (m, MD).
    step : float
        Row height (m of rock).
    scale : float
        Metres of the network per metre of rock, of depths and of the hole radius alike; 1 for all but coarse images.
    """

    values: npt.NDArray[np.uint8]
    top: float
    step: float
    scale: float = 1.0


def column_angles(columns: int) -> Array:
    """
    Angles of a network grid's columns.

    Examples
    --------
    >>> column_angles(4)
    array([  0.,  90., 180., 270.])
    """
    return np.arange(columns) * 360.0 / columns


def well_span(image: WellImage) -> tuple[float, float]:
    """Range of values that a well's static image shows, from rows evenly spread over it; pixels may lie in a file."""
    rows = slice(None, None, max(image.sizes["depth"] // _CONTRAST_ROWS, 1))
    return contrast_span(image["image"].isel(depth=rows).values)


def image_scale(image: WellImage, settings: GridSettings) -> float:
    """
    Scale at which a network takes an image: metres of the network per metre of rock.

    Notes
    -----
    A plane crosses a hole in the same sinusoid at every scale, if depths and the radius are scaled together. A network
    that is trained on rows of millimetres to centimetres takes rows of a decimetre for a stack of flat beds. It reads
    them at a scale in which they have the height of the coarsest rows that it reads well.

    Examples
    --------
    >>> from geobfdt.wells.image import well_image
    >>> image = well_image(np.zeros((30, 16)), 10 + 0.1 * np.arange(30))
    >>> round(image_scale(image, GridSettings(0.005, 128, coarsest_row=0.025)), 3)
    0.25
    """
    return min(1.0, settings.coarsest_row / row_spacing(image))


def network_grid(
    image: WellImage,
    settings: GridSettings,
    origin: float,
    multiple: int = 1,
    span: tuple[float, float] | None = None,
    scale: float | None = None,
) -> NetworkGrid:
    """
    Bring a strip of a well to the grid of a network.

    Parameters
    ----------
    image : WellImage
        A strip of a well, or a whole one.
    settings : GridSettings
        Settings of the network's grid.
    origin : float
        Depth that all strips of a well count rows from (m, MD), so that they share one grid.
    multiple : int
        The first row is a whole multiple of this many rows from the origin, and so is the number of rows.
    span : (float, float), optional
        Range of the well's values, for the static image; see :func:`well_span`. Default: of this strip.
    scale : float, optional
        Scale of the well, which its strips share; see :func:`image_scale`. Default: of this strip.

    Returns
    -------
    NetworkGrid
        Finer images are averaged, coarser ones interpolated, both by a tent over the wider of two pixels. Up to three
        rows without any measured pixel are interpolated in depth: a network takes the edges of a gap for flat beds.

    Examples
    --------
    >>> from geobfdt.wells.image import well_image
    >>> well = well_image(np.random.default_rng(0).normal(size=(400, 90)), 10 + 0.0025 * np.arange(400))
    >>> network_grid(well, GridSettings(0.005, 64), 10.0, multiple=16).values.shape
    (208, 64)
    """
    scale = image_scale(image, settings) if scale is None else scale
    # Rows of the network are `settings.step` high in its own metres, and so many metres of rock.
    step, columns = settings.step / scale, settings.columns
    depth, angle = image["depth"].values, image["azimuth"].values
    first = int(np.floor((depth[0] - origin) / step / multiple + 1e-6)) * multiple
    rows = -(-int(np.floor((depth[-1] - origin) / step + 1e-6) + 1 - first) // multiple) * multiple
    top = origin + first * step
    down = _tent_rows(np.asarray(top + step * np.arange(rows), dtype=np.float64), depth, max(step, row_spacing(image)))
    across = _tent_columns(column_angles(columns), angle)
    measured = np.isfinite(image["image"].values)
    filled = np.where(measured, image["image"].values, np.float32(0))
    # Columns first: it leaves less for the rows.
    measured_share = down @ (measured.astype(np.float32) @ across)
    total = down @ (filled @ across)
    values = np.where(measured_share >= _MIN_MEASURED_SHARE, total / np.maximum(measured_share, 1e-6), np.nan).astype(
        np.float32
    )
    _interpolate_short_gaps(values)
    images = []
    if settings.image != "static":
        images.append(normalise_dynamic(values, max(round(_WINDOW_M / settings.step), 3)))
    if settings.image != "dynamic":
        images.append(normalise_static(values, span if span is not None else well_span(image)))
    if settings.gaps == "linear":
        images = [fill_gaps(image_values, column_angles(columns)) for image_values in images]
    elif settings.gaps == "nearest":
        images = [fill_gaps_from_nearest(image_values) for image_values in images]
    even = [np.nan_to_num(np.round(image_values * 254) + 1, nan=0).astype(np.uint8) for image_values in images]
    return NetworkGrid(even[0] if len(even) == 1 else np.stack(even, axis=-1), top, step, scale)


def _interpolate_short_gaps(values: npt.NDArray[np.float32]) -> None:
    """Interpolate in depth, in place, the rows of short gaps between measured ones."""
    measured = np.flatnonzero(np.isfinite(values).any(axis=1))
    steps = np.diff(measured)
    for index in np.flatnonzero((steps > 1) & (steps <= SHORT_GAP)):
        above, below = measured[index], measured[index + 1]
        share = np.arange(1, below - above, dtype=np.float32)[:, None] / np.float32(below - above)
        values[above + 1 : below] = (1 - share) * values[above] + share * values[below]


def _tent_rows(grid_depth: Array, depth: Array, reach: float) -> csr_matrix:
    """Weights (grid rows, image rows) of a tent of half-width `reach`; they sum to 1 between the outermost rows."""
    low, high = np.searchsorted(depth, grid_depth - reach), np.searchsorted(depth, grid_depth + reach, side="right")
    count = high - low
    row = np.repeat(np.arange(grid_depth.size), count)
    column = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count) + np.repeat(low, count)
    weight = np.maximum(1 - np.abs(depth[column] - grid_depth[row]) / reach, 0)
    full = np.bincount(row, weight, minlength=grid_depth.size)
    beyond = (grid_depth < depth[0]) | (grid_depth > depth[-1])
    share = np.where(beyond | (full <= 0), 0, 1 / np.where(full > 0, full, 1))
    return csr_matrix((weight * share[row], (row, column)), shape=(grid_depth.size, depth.size), dtype=np.float32)


def _tent_columns(grid_angle: Array, angle: Array) -> npt.NDArray[np.float32]:
    """Weights (image columns, grid columns) of a tent around the hole; each grid column sums to 1."""
    reach = max(360 / grid_angle.size, 360 / angle.size)
    angle_between = np.abs(signed_angle(angle[:, None] - grid_angle))
    weight = np.maximum(1 - angle_between / reach, 0)
    return np.asarray(weight / np.maximum(weight.sum(axis=0), 1e-9), dtype=np.float32)
