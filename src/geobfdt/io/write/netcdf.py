"""Write a WellImage as netCDF-4, the format GeoBFDT keeps wells in."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5netcdf
import h5py
import numpy as np

from geobfdt.runtime.findings import findings_to_json
from geobfdt.runtime.storage import atomic_path
from geobfdt.wells.image import LOGS, WellImage

__all__ = ["FORMAT", "write_netcdf"]

FORMAT = "GeoBFDT well image 1"

_CHUNK_BYTES = 2**20  # Pixels are compressed in chunks of this size: a window of a few metres touches two or three.
_BLOCK_CHUNKS = 16  # So many chunks are written at a time.


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
    >>> from geobfdt.io.images.netcdf import read
    >>> file = Path(tempfile.mkdtemp()) / "a.nc"
    >>> write_netcdf(well_image(np.ones((3, 8)), [10.0, 10.1, 10.2], well="A-1"), file)
    >>> read(file).attrs["well"]
    'A-1'
    """
    rows, columns = image["image"].shape
    chunk = min(rows, max(1, _CHUNK_BYTES // (4 * columns)))
    with (
        atomic_path(path) as part,
        _sink(part) as sink,
        h5py.File(sink, "w") as store,
        h5netcdf.File(store, "w") as file,
    ):
        file.dimensions = {"depth": rows, "azimuth": columns}
        file.attrs["format"] = FORMAT
        for name, value in image.attrs.items():
            file.attrs[name] = findings_to_json(value) if name == "findings" else value
        for name in ("depth", "azimuth", *LOGS):
            variable = file.create_variable(name, image[name].dims, np.float64, fletcher32=True)
            variable[...] = image[name].values
            for key, value in image[name].attrs.items():
                variable.attrs[key] = value
        if "colour" in image:
            file.dimensions["channel"] = 3
        for name in ("image", "dynamic", "colour", "radius"):
            if name not in image:
                continue
            # Checksums make a damaged file an error rather than a wrong picture.
            variable = file.create_variable(
                name,
                image[name].dims,
                image[name].dtype,
                chunks=(chunk, *image[name].shape[1:]),
                compression="gzip",
                compression_opts=1,
                shuffle=True,
                fletcher32=True,
            )
            for start in range(0, rows, _BLOCK_CHUNKS * chunk):
                block = slice(start, start + _BLOCK_CHUNKS * chunk)
                variable[block] = image[name][block].values
            for key, value in image[name].attrs.items():
                variable.attrs[key] = value


class _Sink(io.RawIOBase):
    """
    A file that HDF5 can always write to: what the disk refuses is dropped, and the refusal kept.

    HDF5 does not survive a write that fails: it tries again while its objects are torn down, prints what goes wrong
    there, and may crash. So it gets no error, and the opener of the sink raises it afterwards.
    """

    def __init__(self, stream: io.FileIO) -> None:
        self.stream = stream
        self.refusal: OSError | None = None

    def write(self, data: Any) -> int:
        if self.refusal is None:
            try:
                # A disk may take less than it was given, and refuse only the rest.
                rest = memoryview(data)
                while rest:
                    rest = rest[self.stream.write(rest) :]
            except OSError as error:
                self.refusal = error
        return len(data)

    def readinto(self, buffer: Any) -> int:
        count = self.stream.readinto(buffer) or 0
        if self.refusal is not None and count < len(buffer):
            buffer[count:] = bytes(len(buffer) - count)  # what was dropped reads as zeros
            return len(buffer)
        return count

    def seek(self, offset: int, whence: int = 0) -> int:
        return self.stream.seek(offset, whence)

    def tell(self) -> int:
        return self.stream.tell()

    def truncate(self, size: int | None = None) -> int:
        if self.refusal is None:
            try:
                return self.stream.truncate(size)
            except OSError as error:
                self.refusal = error
        return size or 0


@contextmanager
def _sink(path: Path) -> Iterator[_Sink]:
    with io.FileIO(path, "w+") as stream:
        sink = _Sink(stream)
        yield sink
        if sink.refusal is not None:
            raise sink.refusal
