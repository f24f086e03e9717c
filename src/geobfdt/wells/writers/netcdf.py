"""Write a WellImage as netCDF-4, the format GeoBFDT keeps wells in."""

from __future__ import annotations

from pathlib import Path

import h5netcdf
import numpy as np

from geobfdt.wells.findings import findings_to_json
from geobfdt.wells.image import LOGS, WellImage
from geobfdt.wells.storage import atomic_path

__all__ = ["FORMAT", "write_netcdf"]

FORMAT = "GeoBFDT well image 1"

_CHUNK = 2**20  # bytes of pixels compressed together: a window of a few metres touches two or three of them
_BLOCK = 16  # chunks written at a time


def write_netcdf(image: WellImage, path: str | Path) -> None:
    """
    Write a WellImage to a netCDF-4 file, exactly: reading it back gives the same bits.

    Pixels go out in blocks of rows, so that an image which is itself read lazily from a file is never whole in memory.

    Parameters
    ----------
    image : WellImage
        The well.
    path : str or Path
        The file to write.

    Raises
    ------
    InputError
        If the place cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from geobfdt.wells.image import well_image
    >>> from geobfdt.wells.readers.netcdf import read
    >>> file = Path(tempfile.mkdtemp()) / "a.nc"
    >>> write_netcdf(well_image(np.ones((3, 8)), [10.0, 10.1, 10.2], well="A-1"), file)
    >>> read(file).attrs["well"]
    'A-1'
    """
    rows, columns = image["image"].shape
    chunk = min(rows, max(1, _CHUNK // (4 * columns)))
    with atomic_path(path) as part, h5netcdf.File(part, "w") as file:
        file.dimensions = {"depth": rows, "azimuth": columns}
        file.attrs["format"] = FORMAT
        for name, value in image.attrs.items():
            file.attrs[name] = findings_to_json(value) if name == "findings" else value
        for name in ("depth", "azimuth", *LOGS):
            variable = file.create_variable(name, image[name].dims, np.float64, fletcher32=True)
            variable[...] = image[name].values
            for key, value in image[name].attrs.items():
                variable.attrs[key] = value
        for name in ("image", "dynamic"):
            if name not in image:
                continue
            # Checksums make a damaged file an error rather than a wrong picture.
            variable = file.create_variable(
                name,
                ("depth", "azimuth"),
                np.float32,
                chunks=(chunk, columns),
                compression="gzip",
                compression_opts=1,
                shuffle=True,
                fletcher32=True,
            )
            for start in range(0, rows, _BLOCK * chunk):
                block = slice(start, start + _BLOCK * chunk)
                variable[block] = image[name][block].values
            for key, value in image[name].attrs.items():
                variable.attrs[key] = value
