"""Pick tables in LAS files: the curves of LAS 2.0, a user-defined section of LAS 3.0."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from geobfdt.io.file_findings import FileFindings
from geobfdt.io.las_header import header_tables
from geobfdt.io.tables.cells import Cells, arrange
from geobfdt.io.tables.mapping import plane_angle
from geobfdt.io.text import Decimal, split
from geobfdt.io.text_rows import numbered_lines
from geobfdt.wells.findings import InputError

__all__ = ["read_las_cells"]


def read_las_cells(path: Path, decimal: Decimal | None = None) -> Cells:
    """
    Read the table of dips in a LAS file: the section whose definition names a dip.

    Parameters
    ----------
    path : Path
        LAS 2.0 or 3.0.
    decimal : {"point", "comma"}, optional
        Decimal mark, where the cells do not show it.

    Returns
    -------
    Cells
        The table; entries of the other sections (``WELL``, ``NULL``, ``REFERENCE``, ...) are its parameters.

    Raises
    ------
    InputError
        If no section holds dips, or the data are wrapped.
    """
    findings = FileFindings(path)
    for table in header_tables(findings, every=True):
        if not any(plane_angle(name) == "dip" for name in table.names):
            continue
        if table.wrapped:
            raise InputError(path, "its rows are wrapped over several lines", "write it unwrapped (WRAP. NO)")
        lines = numbered_lines(table.rows)
        rows = ((number, split(line, table.rows.separator)) for number, line in lines if not line.startswith("#"))
        cells = arrange(rows, findings, separator=table.rows.separator, decimal=decimal, header=table.names)
        parameters = {name.lower(): value for name, value in table.parameters.items()}
        return replace(cells, units=tuple(table.units), parameters=parameters)
    raise InputError(path, "no section defines a column of dips", "export the dips as CSV, or name the column DIP_TRUE")
