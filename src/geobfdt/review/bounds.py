"""Limits of what the server opens: regular files, tables and images that fit into memory and onto a screen."""

from __future__ import annotations

import stat
from pathlib import Path

import h5py

from geobfdt.io.decoding import decoding
from geobfdt.runtime.findings import InputError
from geobfdt.wells.field import file_stem

__all__ = ["MAX_TABLE_BYTES", "check_image_size", "check_regular_file", "list_wells"]

# A table or a list of findings that is read at once has at most this many bytes.
MAX_TABLE_BYTES = 256 << 20

# An image has at most this many columns: ten times the widest optical televiewer.
_MAX_COLUMNS = 20_000
# An image has at most this many rows: 20 km at a millimetre, whose depths take 160 MB.
_MAX_ROWS = 20_000_000
# With lower rows than this, a window of one metre does not fit into memory.
_MIN_ROW_HEIGHT_M = 1e-4


def check_regular_file(file: Path, largest: int | None = None) -> None:
    """
    Refuse what is not a regular file, before it is opened: a named pipe would block the server for good.

    Parameters
    ----------
    file : Path
        The file; a link is followed.
    largest : int, optional
        Bytes that it may have at most.

    Raises
    ------
    InputError
        If it is a folder, a pipe, a device or a link to nothing, or too large.

    Examples
    --------
    >>> check_regular_file(Path("/dev/null"))
    Traceback (most recent call last):
    geobfdt.runtime.findings.InputError: /dev/null: not a regular file; move it out of the field
    """
    try:
        status = file.stat()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InputError(file, f"cannot be opened: {reason}", "move it out of the field") from error
    if not stat.S_ISREG(status.st_mode):
        raise InputError(file, "not a regular file", "move it out of the field")
    if largest is not None and status.st_size > largest:
        raise InputError(file, f"{status.st_size >> 20} MiB, more than {largest >> 20}", "make a smaller table")


def list_wells(field: Path) -> dict[str, str | None]:
    """
    List the wells of a field: file stem, and why it cannot be opened.

    The reason is None where name and kind of the file are right. Hidden files are left out, such as those that are
    being written.
    """
    wells: dict[str, str | None] = {}
    for file in sorted(field.glob("*.nc")):
        if file.name.startswith("."):
            continue
        problem = None
        if file_stem(file.stem) != file.stem:
            problem = f"not a file name of a well; rename it to {file_stem(file.stem)}.nc"
        else:
            try:
                check_regular_file(file)
            except InputError as error:
                problem = f"{error.observed}; {error.cure}"
        wells[file.stem] = problem
    return wells


def check_image_size(file: Path) -> None:
    """
    Refuse an image that is too large for the screen, before any of it is loaded.

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
    if columns > _MAX_COLUMNS or rows > _MAX_ROWS:
        most = f"the screen takes {_MAX_ROWS} x {_MAX_COLUMNS}"
        raise InputError(file, f"an image of {rows} rows and {columns} columns; {most}", cure)
    if rows > 1 and span / (rows - 1) < _MIN_ROW_HEIGHT_M:
        raise InputError(file, f"rows of {span / (rows - 1):.1g} m; the screen takes {_MIN_ROW_HEIGHT_M:g} m", cure)
