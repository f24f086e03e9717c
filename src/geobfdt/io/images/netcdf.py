"""Read the netCDF-4 files that :mod:`geobfdt.io.write.netcdf` writes; pixels stay on disk until they are used."""

from __future__ import annotations

import errno
import os
from functools import partial
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import xarray as xr

from geobfdt.io.arrays import AnyArray
from geobfdt.io.decoding import decoding
from geobfdt.io.images.assemble import state
from geobfdt.io.images.raw import Contents, item
from geobfdt.io.write.netcdf import FORMAT
from geobfdt.runtime.findings import InputError, findings_from_json
from geobfdt.wells.image import LOGS, WellImage, well_image
from geobfdt.wells.lazy_pixels import lazy_pixels
from geobfdt.wells.options import ReadingOptions

__all__ = ["UNUSED_OPTIONS", "contents", "read"]

UNUSED_OPTIONS = ("image", "depth_unit", "caliper", "top", "bottom", "decimal")

_CURE = "make it anew with geobfdt ingest or geobfdt convert"
_LOCK_ERRORS = (errno.EAGAIN, errno.EACCES)  # The system answers so where another program holds the lock.
# Dimensions and type of the variables that hold pixels.
_PIXELS: dict[str, tuple[tuple[str, ...], type[np.generic]]] = {
    "image": (("depth", "azimuth"), np.float32),
    "dynamic": (("depth", "azimuth"), np.float32),
    "colour": (("depth", "azimuth", "channel"), np.uint8),
    "radius": (("depth", "azimuth"), np.float32),
}
_MOST_DEFLATION = 2000  # No deflated file holds more than 1,030 times its size; a larger claim is a trap.


def read(path: Path, options: ReadingOptions | None = None) -> WellImage:
    """
    Open a WellImage.

    Depths, angles and hole logs are loaded. ``image``, ``dynamic``, ``colour`` and ``radius`` are read from the file
    when they are sliced, only the rows that are needed; asking for the whole array loads it.

    Parameters
    ----------
    path : Path
        A file from :func:`geobfdt.io.write.netcdf.write_netcdf`.
    options : ReadingOptions, optional
        What the user states beside the file.

    Returns
    -------
    WellImage
        The well; call its ``close()`` to release the file.

    Raises
    ------
    InputError
        If the file is damaged or is not such a file.

    Examples
    --------
    >>> import tempfile
    >>> from geobfdt.io.write.netcdf import write_netcdf
    >>> file = Path(tempfile.mkdtemp()) / "a.nc"
    >>> write_netcdf(well_image(np.eye(3, 8), [10.0, 10.1, 10.2]), file)
    >>> read(file)["image"][1:2].values[0, :3]
    array([0., 1., 0.], dtype=float32)
    """
    if options is not None and options.null is not None:
        observed = "--null is for the original of an image: a netCDF file marks what was not measured"
        raise InputError(path, observed, "give it to geobfdt ingest or geobfdt convert with the original")
    with decoding(path, "a netCDF-4 file", _CURE):
        opened = _open(path)
        try:
            well = _well(opened, path)
        except BaseException:
            opened.close()
            raise
    return well if options is None else state(well, path, options)


def contents(path: Path) -> Contents:
    """
    List what a netCDF file holds.

    Parameters
    ----------
    path : Path
        A netCDF-4 file, ours or not.

    Returns
    -------
    Contents
        Its variables and text attributes.

    Raises
    ------
    InputError
        If the file is damaged.
    """
    with decoding(path, "a netCDF-4 file", _CURE), _open(path) as opened:
        own = {name: name for name in ("image", "colour", "depth", *LOGS)}
        roles = {**own, "dynamic": "image"}
        items = [
            item(str(name), roles.get(str(name), "other"), variable.shape, str(variable.attrs.get("units", "")))
            for name, variable in opened.variables.items()
        ]
        header = {name: str(value) for name, value in opened.attrs.items() if name not in ("findings", "format")}
        return Contents("netCDF-4", items, header)


class _OpenVariable:
    """
    Pixels on disk by their key; damage in a slice of them is one clear line, as on opening.

    The variable stays open between slices: HDF5 keeps the chunks of an open variable that it has unpacked last, and
    neighbouring slices share a chunk.
    """

    def __init__(self, path: Path, name: str) -> None:
        self.path, self.name = path, name
        self._open()

    def _open(self) -> None:
        self.file = h5py.File(self.path, "r")
        self.pixels = self.file[self.name]

    def __reduce__(self) -> Any:
        # A copy, and one in another process, opens the file anew.
        return _OpenVariable, (self.path, self.name)

    def __call__(self, key: tuple[Any, ...]) -> AnyArray:
        with decoding(self.path, "a netCDF-4 file", _CURE):
            if not self.pixels:  # The well is closed: a later slice opens it again, as xarray does with its own.
                self._open()
            return np.asarray(self.pixels[key])


def _open(path: Path) -> xr.Dataset:
    # Where these fail, h5netcdf leaves a half-made object whose end prints a traceback; h5py only raises.
    try:
        with h5py.File(path, "r") as file:
            dict(file.attrs)
            _whole(file, path)
        # Nothing is decoded: no fill value or time unit of a foreign file may change what we wrote.
        return xr.open_dataset(path, engine="h5netcdf", decode_cf=False)
    except OSError as error:
        _refuse_locked(path, error)
        raise


def _refuse_locked(path: Path, error: OSError) -> None:
    """Refuse a file that is sound, but that another program or the disk does not let be opened."""
    text = str(error)
    if "unable to lock file" in text and error.errno not in _LOCK_ERRORS:
        cure = "set HDF5_USE_FILE_LOCKING=FALSE in the environment, and let no other program write the file meanwhile"
        raise InputError(path, f"its disk gives no locks ({os.strerror(error.errno or errno.ENOLCK)})", cure) from error
    if "unable to lock file" in text or "already open for" in text:
        raise InputError(path, "is in use: another program has it open", "close it there, then try again") from error


def _whole(file: h5py.File, path: Path) -> None:
    """Refuse data that lie in another file: HDF5 would fetch them from wherever this process may read."""
    away: list[str] = []

    def link(name: str, kind: object) -> None:
        if not isinstance(kind, h5py.HardLink | h5py.SoftLink):
            away.append(name)

    def item(name: str, kind: object) -> None:
        if isinstance(kind, h5py.Dataset) and (kind.external or kind.is_virtual):
            away.append(name)

    file.visititems_links(link)
    file.visititems(item)
    if away:
        raise InputError(path, f"{away[0]!r} lies in another file, which is not followed", _CURE)


def _well(opened: xr.Dataset, path: Path) -> WellImage:
    if opened.attrs.get("format") != FORMAT:
        raise InputError(path, f"a netCDF file, but not a {FORMAT!r}", _CURE)
    missing = [name for name in ("depth", "azimuth", "image", *LOGS) if name not in opened.variables]
    if missing:
        raise InputError(path, f"no variable {', '.join(missing)}", _CURE)
    claimed = sum(variable.nbytes for variable in opened.variables.values())
    if claimed > _MOST_DEFLATION * path.stat().st_size:
        raise InputError(path, f"claims {claimed:,} bytes of data, more than a file of its size can hold", _CURE)
    pictures = {name: opened[name] for name in _PIXELS if name in opened.variables}
    for name, picture in pictures.items():
        dims, dtype = _PIXELS[name]
        channels = picture.sizes.get("channel", 3)
        if picture.dims != dims or picture.dtype != dtype or channels != 3:
            raise InputError(path, f"{name} is {picture.dtype} over {picture.dims}", _CURE)
    attributes: dict[str, Any] = {name: value for name, value in opened.attrs.items() if name != "format"}
    if stray := sorted(set(attributes) & {"depth", "azimuth", *_PIXELS, *LOGS}):
        raise InputError(path, f"an attribute has the name of a variable, {stray[0]}", _CURE)
    attributes["findings"] = findings_from_json(attributes.get("findings", "[]"))
    # The contract is checked on an image of no size; the real pixels take its place unread.
    empty = np.broadcast_to(np.float32(0), opened["image"].shape)
    depth, azimuth, *logs = (opened[name].values for name in ("depth", "azimuth", *LOGS))
    bare = well_image(empty, depth, azimuth, **dict(zip(LOGS, logs, strict=True)), **attributes)
    pixels = {name: _OpenVariable(path, name) for name in pictures}
    lazy = {
        name: (picture.dims, lazy_pixels(picture.shape, picture.dtype, pixels[name]), picture.attrs)
        for name, picture in pictures.items()
    }
    well = bare.assign(lazy)
    well.set_close(partial(_close, opened, list(pixels.values())))
    return well


def _close(opened: xr.Dataset, pixels: list[_OpenVariable]) -> None:
    opened.close()
    for variable in pixels:
        variable.file.close()
