"""What the server opens of a field: ordinary files of a bearable size, images that a screen can show."""

from __future__ import annotations

import stat
from pathlib import Path

import h5py

from geobfdt.io.decoding import decoding
from geobfdt.runtime.findings import InputError
from geobfdt.wells.field import file_stem

__all__ = ["LARGEST_TABLE", "check_image_size", "check_ordinary", "well_files"]

LARGEST_TABLE = 256 << 20  # Bytes of a pick table, an interval table or a list of findings that is read at once.

_MOST_COLUMNS = 20_000  # Columns of an image: ten times the widest optical televiewer.
_MOST_ROWS = 20_000_000  # Rows of an image: 20 km at a millimetre; their depths take 160 MB.
_LEAST_ROW_M = 1e-4  # Row height below which a window of a metre no longer fits into memory.


def check_ordinary(file: Path, largest: int | None = None) -> None:
    """
    Refuse what is no ordinary file, before it is opened: a named pipe would block the server for good.

    Parameters
    ----------
    file : Path
        The file; a link is followed.
    largest : int, optional
        Bytes that it may have.

    Raises
    ------
    InputError
        If it is a folder, a pipe, a device or a link to nothing, or too large.

    Examples
    --------
    >>> check_ordinary(Path("/dev/null"))
    Traceback (most recent call last):
    geobfdt.runtime.findings.InputError: /dev/null: not an ordinary file; move it out of the field
    """
    try:
        status = file.stat()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InputError(file, f"cannot be opened: {reason}", "move it out of the field") from error
    if not stat.S_ISREG(status.st_mode):
        raise InputError(file, "not an ordinary file", "move it out of the field")
    if largest is not None and status.st_size > largest:
        raise InputError(file, f"{status.st_size >> 20} MiB, more than {largest >> 20}", "make a smaller table")


def well_files(field: Path) -> dict[str, str | None]:
    """
    Wells of a field: file stem, and why it cannot be opened (None: it can, as far as its name and kind go).

    Hidden files, such as those that are being written, are left out.
    """
    wells: dict[str, str | None] = {}
    for file in sorted(field.glob("*.nc")):
        if file.name.startswith("."):
            continue
        problem = None
        if file_stem(file.stem) != file.stem:
            problem = f"no file name of a well; rename it to {file_stem(file.stem)}.nc"
        else:
            try:
                check_ordinary(file)
            except InputError as error:
                problem = f"{error.observed}; {error.cure}"
        wells[file.stem] = problem
    return wells


def check_image_size(file: Path) -> None:
    """
    Refuse an image that no screen can show, before any of it is loaded.

    Raises
    ------
    InputError
        If it has too many rows or columns, or its rows are too thin, or the file is damaged.
    """
    with decoding(file, "a WellImage", "make it anew with geobfdt ingest"), h5py.File(file, "r") as opened:
        rows, columns = opened["image"].shape
        depth = opened["depth"]
        span = abs(float(depth[-1]) - float(depth[0])) if depth.shape == (rows,) and rows > 1 else 1.0
    cure = "cut or resample it with geobfdt convert"
    if columns > _MOST_COLUMNS or rows > _MOST_ROWS:
        most = f"the screen takes {_MOST_ROWS} x {_MOST_COLUMNS}"
        raise InputError(file, f"an image of {rows} rows and {columns} columns; {most}", cure)
    if rows > 1 and span / (rows - 1) < _LEAST_ROW_M:
        raise InputError(file, f"rows of {span / (rows - 1):.1g} m; the screen takes {_LEAST_ROW_M:g} m", cure)
