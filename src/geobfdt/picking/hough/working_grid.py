"""The working grid: an image averaged to the coarsest pixels that still resolve a trace."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geobfdt.wells.image import WellImage, row_spacing

__all__ = ["STEP", "WorkingGrid", "working_grid"]

# Row height (m) of the grid: finer images are averaged to about this, coarser ones keep their own rows.
STEP = 0.005
_MAX_COLUMNS = 72  # Largest number of columns; of a finer image whole numbers of columns are averaged.


@dataclass(frozen=True)
class WorkingGrid:
    """
    An image on equal rows and equal columns, columns first.

    Parameters
    ----------
    values : array (columns, rows)
        float32; 0 where nothing was measured.
    weight : array (columns, rows)
        float32 share of each cell that was measured, 0 to 1.
    angles : array (columns,)
        Column centres (deg), equally spaced.
    top : float
        Depth of the centre of the first row (m, MD).
    step : float
        Row height (m).
    """

    values: npt.NDArray[np.float32]
    weight: npt.NDArray[np.float32]
    angles: npt.NDArray[np.float64]
    top: float
    step: float


def working_grid(image: WellImage, step: float, origin: float) -> WorkingGrid:
    """
    Average an image to the working grid.

    Parameters
    ----------
    image : WellImage
        A strip of a well, or a whole one.
    step : float
        Row height (m); rows lie at whole multiples of it from `origin`.
    origin : float
        Depth that all strips of a well count from (m, MD), so that they share one grid.

    Returns
    -------
    WorkingGrid
        The averaged image. A measured pixel counts in the cell that holds its centre.

    Examples
    --------
    >>> from geobfdt.wells.image import well_image
    >>> well = well_image(np.arange(8.0).reshape(4, 2), [10.0, 10.1, 10.2, 10.3])
    >>> working_grid(well, 0.2, 10.0).values
    array([[1., 5.],
           [2., 6.]], dtype=float32)
    """
    depth, azimuth = image["depth"].values, image["azimuth"].values
    values = image["image"].values
    columns_per_cell = -(-azimuth.size // _MAX_COLUMNS)
    columns = round(azimuth.size / columns_per_cell)
    # A quarter of a row: depths that are whole multiples of the step up to rounding stay in one cell.
    nudge = row_spacing(image) / 4
    row = np.floor((depth - origin + nudge) / step).astype(np.int64)
    first = int(row[0])
    row -= first
    width, start = 360 / columns, azimuth[0] - 180 / azimuth.size
    column = np.minimum(((azimuth - azimuth[0] + 90 / azimuth.size) / width).astype(np.int64), columns - 1)
    measured = np.isfinite(values)
    filled = np.where(measured, values, np.float32(0))
    shape = (int(row[-1]) + 1, columns)
    total, count, cells = (_binned(part, row, column, shape) for part in (filled, measured, np.ones_like(filled)))
    mean = np.where(count > 0, total / np.maximum(count, 1), 0)
    measured_share = count / np.maximum(cells, 1)
    rows_in_cell = max(step / row_spacing(image), 1) if row_spacing(image) > 0 else 1
    return WorkingGrid(
        np.ascontiguousarray(mean.T, dtype=np.float32),
        np.ascontiguousarray(measured_share.T, dtype=np.float32),
        start + (np.arange(columns) + 0.5) * width,
        origin + (first + 0.5 - 0.5 / rows_in_cell) * step,
        step,
    )


def _binned(
    part: npt.NDArray[np.generic], row: npt.NDArray[np.int64], column: npt.NDArray[np.int64], shape: tuple[int, int]
) -> npt.NDArray[np.float64]:
    """Sum pixels into cells; both index lists increase, so runs of equal ones are summed where they lie."""
    starts = np.flatnonzero(np.diff(column, prepend=-1))
    narrow = np.add.reduceat(part, starts, axis=1, dtype=np.float64)
    tops = np.flatnonzero(np.diff(row, prepend=-1))
    out = np.zeros(shape)
    out[np.ix_(row[tops], column[starts])] = np.add.reduceat(narrow, tops, axis=0)
    return out
