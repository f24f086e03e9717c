"""Write a WellImage as delimited text: one column a sector, or one line a sector as Techlog does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from geobfdt.io.units import FOOT
from geobfdt.runtime.findings import InputError
from geobfdt.runtime.storage import atomic_path
from geobfdt.wells.image import LOGS, WellImage

__all__ = ["write_csv", "write_techlog_image"]

BLOCK_CELLS = 1_000_000  # So many cells are written at a time.
_STATED = ("well", "run", "tool", "reference", "north", "declination", "dark", "normalisation", "units")
_UNITS = {"diameter": "m", "deviation": "deg", "hole_azimuth": "deg"}


def write_csv(image: WellImage, path: str | Path, block_cells: int = BLOCK_CELLS) -> None:
    """
    Write a WellImage as a wide CSV: depth (m), hole logs, then one column a sector, named by its angle (deg).

    What the table has no column for (well, azimuth reference, ...) stands above it in lines ``# name: value``. Cells
    that were not measured are empty. Our reader gives back the same depths, angles and values.

    Parameters
    ----------
    image : WellImage
        The well.
    path : str or Path
        The file to write.
    block_cells : int
        Number of cells that are held in memory at a time.

    Raises
    ------
    InputError
        If the place cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from geobfdt.wells.image import well_image
    >>> file = Path(tempfile.mkdtemp()) / "a.csv"
    >>> write_csv(well_image(np.ones((2, 4)), [10.0, 10.5], well="A-1", diameter=0.2), file)
    >>> file.read_text().splitlines()[-3:-1]
    ['depth_m,diameter_m,deviation_deg,hole_azimuth_deg,45.0,135.0,225.0,315.0', '10.0,0.2,,,1.0,1.0,1.0,1.0']
    """
    attributes = {name: image.attrs[name] for name in _STATED}
    header = ["depth_m", *(f"{name}_{_UNITS[name]}" for name in LOGS), *map(str, image.azimuth.values.tolist())]
    with atomic_path(path) as part, part.open("w", encoding="utf-8", newline="\n") as stream:
        for name, value in attributes.items():
            if value not in ("", "unknown") and value == value:  # NaN differs from itself
                stream.write(f"# {name}: {' '.join(str(value).split())}\n")
        stream.write(",".join(header) + "\n")
        for rows in _blocks(image, block_cells):
            scalars = pd.DataFrame({name: image[name].values[rows] for name in ("depth", *LOGS)})
            table = pd.concat([scalars, pd.DataFrame(image["image"][rows].values)], axis=1)
            # Infinite is "not measured" too, by the contract of a WellImage.
            table.replace([np.inf, -np.inf], np.nan).to_csv(stream, header=False, index=False, lineterminator="\n")


def write_techlog_image(image: WellImage, path: str | Path, block_cells: int = BLOCK_CELLS) -> None:
    """
    Write a WellImage as Techlog's flat CSV: one line a depth and sector, depth in feet, null -9999.

    The format has no angles: sectors are equal, and the first one starts at the reference line.

    Parameters
    ----------
    image : WellImage
        The well.
    path : str or Path
        The file to write.
    block_cells : int
        Number of cells that are held in memory at a time.

    Raises
    ------
    InputError
        If the image's columns are not as the format implies, or the place cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from geobfdt.wells.image import well_image
    >>> file = Path(tempfile.mkdtemp()) / "a.csv"
    >>> write_techlog_image(well_image(np.ones((2, 4)), [3.048, 6.096], well="A-1", tool="FMI"), file)
    >>> file.read_text().splitlines()[:3]
    ['wellName,datasetName,TDEP,FMI_IMG', ',,ft,', 'A-1,FMI,10.00000,1.0']
    """
    sectors = image.azimuth.size
    implied = (np.arange(sectors) + 0.5) * 360 / sectors
    if np.abs(image.azimuth.values - implied).max() > 0.01:
        observed = f"the first column is at {image.azimuth.values[0]:g} deg, Techlog's order implies {implied[0]:g}"
        raise InputError(path, observed, "write it as CSV, DLIS or netCDF, which say the angles")
    tool = re.sub(r"\W+", "_", image.attrs["tool"]).strip("_") or "IMAGE"
    well = re.sub(r'[\s,"]+', " ", image.attrs["well"]).strip() or "WELL"
    units = re.sub(r'[\s,"]+', " ", image.attrs["units"]).strip()
    with atomic_path(path) as part, part.open("w", encoding="utf-8", newline="\n") as stream:
        stream.write(f"wellName,datasetName,TDEP,{tool}_IMG\n,,ft,{units}\n")
        for rows in _blocks(image, block_cells):
            depth = np.char.mod("%.5f", image.depth.values[rows] / FOOT)
            values = image["image"][rows].values
            table = pd.DataFrame(
                {
                    "well": well,
                    "dataset": tool,
                    "depth": np.repeat(depth, sectors),
                    "value": np.where(np.isfinite(values), values, np.float32(-9999)).ravel(),
                }
            )
            table.to_csv(stream, header=False, index=False, lineterminator="\n")


def _blocks(image: WellImage, cells: int) -> Iterator[slice]:
    rows = max(1, cells // image.azimuth.size)
    for start in range(0, image.depth.size, rows):
        yield slice(start, start + rows)
