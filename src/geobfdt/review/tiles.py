"""Tiles: pieces of the image of a well that the screen fetches as it scrolls."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from pathlib import Path
from typing import Any, Literal

import h5py
import numpy as np
import numpy.typing as npt

from geobfdt.geometry import signed_angle
from geobfdt.io.decoding import decoding
from geobfdt.io.images.netcdf import read
from geobfdt.reports.image_raster import contrast_limits, depth_range, image_colours, image_tones
from geobfdt.review.bounds import check_image_size, check_regular_file, list_wells
from geobfdt.wells.field import Field, file_stem
from geobfdt.wells.image import WellImage, row_spacing

__all__ = ["CONTRAST_MARGIN", "LEVELS", "TILE_ROWS", "OpenWells", "TileVariable", "resample_columns", "tile"]

TileVariable = Literal["static", "dynamic", "colour"]

# A tile has this many rows.
TILE_ROWS = 128
# There are this many levels, each with twice the row height of the one before.
LEVELS = 6
# A static image is cut off beyond its contrast by this share of the span between the 1st and 99th percentile.
CONTRAST_MARGIN = 0.25
# A tile has at most this many columns.
_MAX_COLUMNS = 720
# At most this many wells are open at once.
_MAX_OPEN_WELLS = 4
# At most this many tiles stay in memory.
_MAX_TILES = 512

Bytes = npt.NDArray[np.uint8]


def resample_columns(angles: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.bool_]]:
    """
    Find, for columns at equal angles, the columns of an image to show.

    Parameters
    ----------
    angles : array (columns,)
        Column centres (deg), increasing in [0, 360).

    Returns
    -------
    nearest : array (n,) of int
        Column to show; n is the number of columns of the image, at most 720.
    near_enough : array (n,) of bool
        Whether the nearest column lies within one column spacing.

    Examples
    --------
    >>> [part.tolist() for part in resample_columns(np.array([45.0, 135.0, 315.0]))]
    [[0, 1, 2], [True, True, True]]
    """
    count = min(angles.size, _MAX_COLUMNS)
    centre = (np.arange(count) + 0.5) * 360 / count
    # The nearest column is one of the two on either side; the last and the first are neighbours.
    above = np.searchsorted(angles, centre) % angles.size
    sides = np.stack([above - 1, above]) % angles.size
    distance = np.abs(signed_angle(centre - angles[sides]))
    nearest = np.where(distance[0] <= distance[1], sides[0], sides[1])
    spacing = float(np.median(np.diff(angles))) if angles.size > 1 else 360.0
    return nearest, distance.min(axis=0) <= max(spacing, 360 / count)


def tile(
    image: WellImage, variable: TileVariable, level: int, number: int, limits: dict[str, tuple[float, float]]
) -> Bytes:
    """
    Render one tile.

    Parameters
    ----------
    image : WellImage
        The well; only the tile's rows, and for a dynamic image those around it, are read.
    variable : {"static", "dynamic", "colour"}
        Which image; ``colour`` only of a well that has it.
    level : int
        Rows are ``2 ** level`` times as high as the image's own; they are averaged.
    number : int
        Tiles count downwards from the top of the well.
    limits : dict
        Values that are shown black and white, by variable of the image.

    Returns
    -------
    array (TILE_ROWS, columns) of uint8
        0 where nothing was measured, else 1 (black) to 255 (white). For ``colour`` (TILE_ROWS, columns, 4): red, green,
        blue, and 255 where there was a measurement, else 0.

    Examples
    --------
    >>> from geobfdt.wells.image import well_image
    >>> well = well_image([[0.0, np.nan], [1.0, 1.0]], [0.0, 1.0])
    >>> tile(well, "static", 0, 0, {"image": (0.0, 1.0)})[:3].tolist()
    [[1, 0], [255, 255], [0, 0]]
    """
    height = (row_spacing(image) or 0.01) * 2**level
    top = depth_range(image)[0] + number * TILE_ROWS * height
    nearest, near_enough = resample_columns(image["azimuth"].values)
    if variable == "colour":
        colours = image_colours(image, top, top + TILE_ROWS * height, TILE_ROWS)[:, nearest]
        colours[:, ~near_enough] = 0
        return colours
    bounds = limits.get("image" if variable == "static" else "dynamic")
    grey = image_tones(image, variable, top, top + TILE_ROWS * height, TILE_ROWS, bounds)
    visible = np.where(near_enough, grey[:, nearest], np.nan)
    return np.where(np.isfinite(visible), 1 + np.round(254 * np.nan_to_num(visible)), 0).astype(np.uint8)


class OpenWells:
    """
    Wells of a field, which are opened when they are needed.

    Parameters
    ----------
    field : Path
        The field.
    """

    def __init__(self, field: Path) -> None:
        self.field = Field(field)
        self._lock = threading.RLock()
        self._wells: OrderedDict[str, tuple[int, WellImage]] = OrderedDict()
        self._limits: dict[str, dict[str, tuple[float, float]]] = {}
        self._summaries: dict[str, tuple[int, dict[str, Any]]] = {}
        self._tiles: OrderedDict[tuple[str, str, int, int], bytes] = OrderedDict()

    def names(self) -> list[str]:
        """Return the file stems of the wells whose files have the right name and kind."""
        return [well for well, problem in list_wells(self.field.path).items() if problem is None]

    def file(self, well: str, suffix: str, largest: int | None = None) -> Path | None:
        """
        Return a file of a well, None if there is none.

        Raises
        ------
        InputError
            If it is not a regular file, or larger than `largest` bytes.
        """
        file = self.field.file(well, suffix)
        if not os.path.lexists(file):
            return None
        check_regular_file(file, largest)
        return file

    def image(self, well: str) -> WellImage:
        """
        Return the image of a well; its pixels stay in the file.

        Raises
        ------
        KeyError
            If the field has no well of that name.
        InputError
            If its file is damaged.
        """
        if well != file_stem(well) or (file := self.file(well, ".nc")) is None:
            raise KeyError(well)
        modified_ns = file.stat().st_mtime_ns
        with self._lock:
            # Brought in anew.
            if well in self._wells and self._wells[well][0] != modified_ns:
                self._forget(well)
            if well not in self._wells:
                check_image_size(file)
                self._wells[well] = (modified_ns, read(file))
                if len(self._wells) > _MAX_OPEN_WELLS:
                    self._wells.popitem(last=False)
            self._wells.move_to_end(well)
            return self._wells[well][1]

    def summary(self, well: str) -> dict[str, Any]:
        """
        Return name, tool and depths of a well without keeping it open, because a field may have hundreds.

        Raises
        ------
        InputError
            If its file is damaged.
        """
        file = self.field.file(well, ".nc")
        modified_ns = file.stat().st_mtime_ns
        if self._summaries.get(well, (0, {}))[0] != modified_ns:
            check_image_size(file)
            with decoding(file, "a WellImage", "make it anew with geobfdt ingest"), h5py.File(file, "r") as opened:
                depth = opened["depth"]
                name, tool = (str(opened.attrs.get(key, "")) for key in ("well", "tool"))
                summary = {"name": name or well, "tool": tool, "top": float(depth[0]), "base": float(depth[-1])}
            self._summaries[well] = (modified_ns, summary)
        return self._summaries[well][1]

    def _forget(self, well: str) -> None:
        del self._wells[well]
        self._limits.pop(well, None)
        for key in [key for key in self._tiles if key[0] == well]:
            del self._tiles[key]

    def limits(self, well: str) -> dict[str, tuple[float, float]]:
        """Return the values that tiles show as black and white, a margin beyond the contrast of the image."""
        image = self.image(well)
        with self._lock:
            if well not in self._limits:
                limits = {}
                for name in ("image", "dynamic"):
                    if name in image:
                        low, high = contrast_limits(image, name)
                        limits[name] = (low - CONTRAST_MARGIN * (high - low), high + CONTRAST_MARGIN * (high - low))
                self._limits[well] = limits
            return self._limits[well]

    def tile(self, well: str, variable: TileVariable, level: int, number: int) -> bytes:
        """
        Return the bytes of a tile, row by row; see :func:`tile`.

        Raises
        ------
        KeyError
            If the well has no colours, and a tile of them is asked for.
        """
        key = (well, variable, level, number)
        image, limits = self.image(well), self.limits(well)
        if variable == "colour" and variable not in image:
            raise KeyError(variable)
        with self._lock:
            if key in self._tiles:
                self._tiles.move_to_end(key)
                return self._tiles[key]
        pixels = tile(image, variable, level, number, limits).tobytes()
        with self._lock:
            self._tiles[key] = pixels
            if len(self._tiles) > _MAX_TILES:
                self._tiles.popitem(last=False)
        return pixels
