"""Tiles: the image of a well in pieces that a screen can fetch as it scrolls."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from geobfdt.io.decoding import decoding
from geobfdt.io.images.netcdf import read
from geobfdt.reports.image_raster import Variable, contrast, depth_range, tone
from geobfdt.review.bounds import check_image_size, check_ordinary, well_files
from geobfdt.wells.field import Field, file_stem
from geobfdt.wells.image import WellImage, row_spacing

__all__ = ["LEVELS", "MARGIN", "ROWS", "OpenWells", "even_columns", "tile"]

ROWS = 128  # of a tile
LEVELS = 6  # each of twice the row height of the one before
MARGIN = 0.25  # of the span between the 1st and 99th percentile, beyond which a static image is cut off
_COLUMNS = 720  # at most
_OPEN = 4  # wells held open
_KEPT = 512  # tiles

Bytes = npt.NDArray[np.uint8]


def even_columns(angles: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.bool_]]:
    """
    Columns of an image for a picture whose columns are even.

    Parameters
    ----------
    angles : array (columns,)
        Column centres (deg), increasing in [0, 360).

    Returns
    -------
    nearest : array (n,) of int
        Column to show; n is that of the image, at most 720.
    held : array (n,) of bool
        Whether there is one near enough.

    Examples
    --------
    >>> [part.tolist() for part in even_columns(np.array([45.0, 135.0, 315.0]))]
    [[0, 1, 2], [True, True, True]]
    """
    count = min(angles.size, _COLUMNS)
    centre = (np.arange(count) + 0.5) * 360 / count
    # The nearest column is one of the two on either side; the last and the first are neighbours.
    above = np.searchsorted(angles, centre) % angles.size
    sides = np.stack([above - 1, above]) % angles.size
    apart = np.abs((centre - angles[sides] + 180) % 360 - 180)
    nearest = np.where(apart[0] <= apart[1], sides[0], sides[1])
    spacing = float(np.median(np.diff(angles))) if angles.size > 1 else 360.0
    return nearest, apart.min(axis=0) <= max(spacing, 360 / count)


def tile(
    image: WellImage, variable: Variable, level: int, number: int, limits: dict[str, tuple[float, float]]
) -> Bytes:
    """
    Cut one tile.

    Parameters
    ----------
    image : WellImage
        The well; only the tile's rows, and for a dynamic image those around it, are read.
    variable : {"static", "dynamic"}
        Which image.
    level : int
        Rows are ``2 ** level`` times as high as the image's own; they are averaged.
    number : int
        Tiles count downwards from the top of the well.
    limits : dict
        Values at the ends of the ramp, by variable of the image.

    Returns
    -------
    array (ROWS, columns) of uint8
        0 where nothing was measured, else 1 (black) to 255 (white).

    Examples
    --------
    >>> from geobfdt.wells.image import well_image
    >>> well = well_image([[0.0, np.nan], [1.0, 1.0]], [0.0, 1.0])
    >>> tile(well, "static", 0, 0, {"image": (0.0, 1.0)})[:3].tolist()
    [[1, 0], [255, 255], [0, 0]]
    """
    height = (row_spacing(image) or 0.01) * 2**level
    top = depth_range(image)[0] + number * ROWS * height
    bounds = limits.get("image" if variable == "static" else "dynamic")
    tones = tone(image, variable, top, top + ROWS * height, ROWS, bounds)
    nearest, held = even_columns(image["azimuth"].values)
    shown = np.where(held, tones[:, nearest], np.nan)
    return np.where(np.isfinite(shown), 1 + np.round(254 * np.nan_to_num(shown)), 0).astype(np.uint8)


class OpenWells:
    """
    Wells of a field, opened when they are asked for.

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
        """File stems of the wells that are there now and can be opened, as far as their names and kinds go."""
        return [well for well, problem in well_files(self.field.path).items() if problem is None]

    def file(self, well: str, suffix: str, largest: int | None = None) -> Path | None:
        """
        One of a well's files, None if it has none.

        Raises
        ------
        InputError
            If what has its name is no ordinary file, or larger than `largest` bytes.
        """
        file = self.field.file(well, suffix)
        if not os.path.lexists(file):
            return None
        check_ordinary(file, largest)
        return file

    def image(self, well: str) -> WellImage:
        """
        Well of a name; its pixels stay in the file.

        Raises
        ------
        KeyError
            If the field has no well of that name.
        InputError
            If its file is damaged.
        """
        if well != file_stem(well) or (file := self.file(well, ".nc")) is None:
            raise KeyError(well)
        written = file.stat().st_mtime_ns
        with self._lock:
            if well in self._wells and self._wells[well][0] != written:  # brought in anew
                self._forget(well)
            if well not in self._wells:
                check_image_size(file)
                self._wells[well] = (written, read(file))
                if len(self._wells) > _OPEN:
                    self._wells.popitem(last=False)
            self._wells.move_to_end(well)
            return self._wells[well][1]

    def summary(self, well: str) -> dict[str, Any]:
        """
        Name, tool and depths of a well, without opening it for good: a field may have hundreds.

        Raises
        ------
        InputError
            If its file is damaged.
        """
        file = self.field.file(well, ".nc")
        written = file.stat().st_mtime_ns
        if self._summaries.get(well, (0, {}))[0] != written:
            check_image_size(file)
            with decoding(file, "a WellImage", "make it anew with geobfdt ingest"), h5py.File(file, "r") as opened:
                depth = opened["depth"]
                name, tool = (str(opened.attrs.get(key, "")) for key in ("well", "tool"))
                summary = {"name": name or well, "tool": tool, "top": float(depth[0]), "base": float(depth[-1])}
            self._summaries[well] = (written, summary)
        return self._summaries[well][1]

    def _forget(self, well: str) -> None:
        del self._wells[well]
        self._limits.pop(well, None)
        for key in [key for key in self._tiles if key[0] == well]:
            del self._tiles[key]

    def limits(self, well: str) -> dict[str, tuple[float, float]]:
        """Values that tiles show as black and white, by variable of the image: a little beyond its contrast."""
        image = self.image(well)
        with self._lock:
            if well not in self._limits:
                limits = {}
                for name in ("image", "dynamic"):
                    if name in image:
                        low, high = contrast(image, name)
                        limits[name] = (low - MARGIN * (high - low), high + MARGIN * (high - low))
                self._limits[well] = limits
            return self._limits[well]

    def tile(self, well: str, variable: Variable, level: int, number: int) -> bytes:
        """Bytes of a tile, row by row; see :func:`tile`."""
        key = (well, variable, level, number)
        image, limits = self.image(well), self.limits(well)
        with self._lock:
            if key in self._tiles:
                self._tiles.move_to_end(key)
                return self._tiles[key]
        cut = tile(image, variable, level, number, limits).tobytes()
        with self._lock:
            self._tiles[key] = cut
            if len(self._tiles) > _KEPT:
                self._tiles.popitem(last=False)
        return cut
