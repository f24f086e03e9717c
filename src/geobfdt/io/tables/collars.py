"""Read tables of collars: where the holes of a field begin."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from geobfdt.io.file_findings import FileFindings
from geobfdt.io.names import column_names, names_of
from geobfdt.io.tables.cells import Cells, read_cells, sheet_kind
from geobfdt.io.tables.mapping import column_key
from geobfdt.io.text import Decimal
from geobfdt.io.units import angle_factor, length_factor
from geobfdt.runtime.findings import InputError
from geobfdt.wells.position import Collar
from geobfdt.wells.well_names import check_names, rows_of

__all__ = ["read_collar"]

_CURE = "a table of collars has columns well, x, y, z: map coordinates and the elevation where depth is 0, in metres"


def read_collar(path: str | Path, well: str, decimal: Decimal | None = None) -> tuple[Collar, FileFindings]:
    r"""
    Read the collar of a well from a CSV or Excel table with columns of x, y and z.

    Parameters
    ----------
    path : str or Path
        The file; columns are known by their names (``X``, ``Easting``, ``Elevation (ft)``, ...). A column
        ``azimuth_to_grid`` holds the degrees that turn azimuths to the North of the coordinates.
    well : str
        Well whose collar is read; may be empty where the table holds one collar.
    decimal : {"point", "comma"}, optional
        Decimal mark, where the cells do not show it.

    Returns
    -------
    collar : Collar
        Where the well begins.
    findings : FileFindings
        What was assumed.

    Raises
    ------
    InputError
        If the file is no such table, or does not hold one collar of the well.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "collars.csv"
    >>> _ = file.write_text("Hole,East (m),North (m),Elev (ft)\nA-1,1000,2000,100\nA-2,1500,2000,110\n")
    >>> read_collar(file, "A-1")[0]
    Collar(x=1000.0, y=2000.0, z=30.48, azimuth_to_grid=None)
    """
    path = Path(path)
    cells = read_cells(path, decimal, sheet_kind("a table of collars", _is_collar_header))
    row = _row_of(cells, well)
    values = {role: _length(cells, role, row) for role in ("x", "y", "z")}
    unnamed = [role for role, (_, unit) in values.items() if not unit]
    if unnamed:
        observed = f"the file names no unit of {', '.join(unnamed)}"
        cells.findings.major("collar-unit-assumed", observed, "taken as metres")
    turn = None
    index = _column(cells, "azimuth_to_grid")
    if index is not None and cells.rows[row, index]:
        factor = angle_factor(cells.units[index] or column_key(cells.header[index])[1])
        turn = _number(cells, index, row) * (factor if factor is not None else np.nan)
        if not abs(turn) <= 180:
            raise InputError(path, f"azimuth_to_grid is {cells.rows[row, index]!r}", "give degrees from -180 to 180")
    (x, _), (y, _), (z, _) = values.values()
    return Collar(x, y, z, turn), cells.findings


def _is_collar_header(header: list[str]) -> bool:
    """Whether there are columns of all three coordinates."""
    keys = {column_key(name)[0] for name in header}
    return all(not keys.isdisjoint(str(names_of("collar")[role]).split()) for role in ("x", "y", "z"))


def _row_of(cells: Cells, well: str) -> int:
    """Return the only row of a well."""
    keys = [column_key(name)[0] for name in cells.header]
    column = next((keys.index(alias) for alias in column_names()["well"] if alias in keys), None)
    names = np.full(len(cells.rows), "", dtype=object) if column is None else cells.rows[:, column].copy()
    own = check_names(cells.path, names, cells.lines, cells.findings)
    named = rows_of(cells.path, names, well, cells.findings) if well else None
    rows = np.flatnonzero(own if named is None else named)
    if len(rows) == 1:
        if named is None and (well or names[rows[0]]):
            observed = f"the collar is of {names[rows[0]] or 'no named well'}, the picks of {well or 'no named well'}"
            cells.findings.major("collar-well-assumed", observed, "taken as that of the picks")
        return int(rows[0])
    observed = f"holds {len(rows)} collars of {f'well {well!r}' if well else 'a well without a name'}"
    raise InputError(cells.path, observed, "leave one row for each well, and name the wells of picks and collars")


def _column(cells: Cells, role: str) -> int | None:
    """Return the column of a role, by its names; two of them are refused, for either may be meant."""
    names = str(names_of("collar")[role]).split()
    columns = [i for i, name in enumerate(cells.header) if column_key(name)[0] in names]
    if len(columns) > 1:
        both = " and ".join(repr(cells.header[i]) for i in columns[:2])
        raise InputError(cells.path, f"columns {both} may both be {role}", "leave one of them out")
    return columns[0] if columns else None


def _length(cells: Cells, role: str, row: int) -> tuple[float, str]:
    """Return a coordinate (m) of a row, and the unit that the file names for it."""
    index = _column(cells, role)
    if index is None:
        raise InputError(cells.path, f"no column of {role} among {', '.join(cells.header[:20])}", _CURE)
    unit = cells.units[index] or column_key(cells.header[index])[1]
    factor = length_factor(unit) if unit else 1.0
    if factor is None:
        raise InputError(cells.path, f"{cells.header[index]} is in {unit!r}", "give coordinates in m or ft")
    return _number(cells, index, row) * factor, unit


def _number(cells: Cells, index: int, row: int) -> float:
    value = float(cells.numbers(index)[0][row])
    if not np.isfinite(value):
        observed = f"line {cells.lines[row]}, {cells.header[index]}: {cells.rows[row, index]!r} is no number"
        raise InputError(cells.path, observed, _CURE)
    return value
