"""Excel files as lines of text: the visible sheet that holds the table."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from geobfdt.io.decoding import decoding
from geobfdt.io.file_findings import FileFindings
from geobfdt.runtime.findings import InputError

__all__ = ["SheetKind", "read_excel"]

Lines = list[tuple[int, list[str]]]

_SAVE = "save it again as XLSX or CSV"
_NUMBER = re.compile(r"[-+]?[\d.,' ]*\d[\d.,' ]*(e[-+]?\d+)?", re.I)
_ERROR = re.compile(r"#(REF!|N/A|DIV/0!|VALUE!|NAME\?|NUM!|NULL!|SPILL!|CALC!)")
# A program that leaves all calculating to Excel writes 0, or nothing, as the value of each formula.
_UNCALCULATED = re.compile(rb"<[^>]*calcPr[^>]*fullCalcOnLoad=[\"'](1|true)")


@dataclass(frozen=True)
class SheetKind:
    """
    The kind of table that a workbook is read for.

    Parameters
    ----------
    name : str
        What it is called, with its article.
    holds : callable
        Whether the lines of a sheet hold such a table.
    """

    name: str
    holds: Callable[[Lines], bool]


@dataclass
class _Marks:
    """Marks in the XML of a sheet beside the values of its cells."""

    merged: list[str] = field(default_factory=list)
    formulas: list[str] = field(default_factory=list)
    unstored: list[str] = field(default_factory=list)
    hidden_rows: int = 0
    hidden_columns: int = 0


def read_excel(
    path: Path, kind: SheetKind, *, max_bytes: int, max_rows: int, max_columns: int
) -> tuple[Lines, FileFindings]:
    """
    Read the visible sheet that holds a table of a kind; a merged cell holds for all its rows.

    Parameters
    ----------
    path : Path
        XLSX file.
    kind : SheetKind
        The table to read, where several sheets hold one.
    max_bytes, max_rows, max_columns : int
        Largest table that is read.

    Returns
    -------
    lines : list of (int, list of str)
        Number and cells of each row.
    findings : FileFindings
        Other and hidden sheets, hidden rows, cells with errors.

    Raises
    ------
    InputError
        If the file is not sound or too large, several sheets hold a table of the kind, or none of several, or formulas
        have no value.
    """
    import openpyxl

    with decoding(path, "an Excel file", _SAVE):
        with zipfile.ZipFile(path) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > max_bytes:
                raise InputError(path, "unpacks to more than a table can hold", "give a smaller one, or CSV")
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        try:
            filled: list[tuple[Any, Lines]] = []
            for sheet in book.worksheets:
                # The size that a sheet claims may be wrong both ways; without it the rows themselves are counted.
                sheet.reset_dimensions()
                rows: Lines = []
                for number, row in enumerate(sheet.iter_rows(values_only=True), 1):
                    if len(row) > max_columns or number > max_rows:
                        raise InputError(path, f"sheet {sheet.title!r} is too large for a table", "give it as CSV")
                    rows.append((number, ["" if cell is None else str(cell) for cell in row]))
                if sum(1 for _, cells in rows if any(cells)) > 1:
                    filled.append((sheet, rows))
        finally:
            book.close()
        visible = [(sheet, rows) for sheet, rows in filled if sheet.sheet_state == "visible"]
        hidden = [sheet.title for sheet, _ in filled if sheet.sheet_state != "visible"]
        if not visible and hidden:
            observed = f"its only table is on the hidden sheet {hidden[0]!r}"
            raise InputError(path, observed, "unhide it, or save it as CSV")
        if not visible:
            raise InputError(path, "no sheet holds a table", _SAVE)
        sheet, lines = _chosen(path, visible, kind)
        marks = _marks(path, sheet._worksheet_path)
        _fill_merged(path, lines, marks.merged)
    findings = FileFindings(path)

    if len(visible) > 1:
        observed = f"{len(visible)} sheets hold tables: {', '.join(other.title for other, _ in visible[:8])}"
        findings.info("several-sheets", observed, f"read {sheet.title!r}, the only one with {kind.name}")
    if hidden:
        findings.minor("sheets-hidden", f"hidden sheets: {', '.join(hidden[:8])}", "not read")
    if marks.unstored:
        observed = f"{len(marks.unstored)} cells of sheet {sheet.title!r} are formulas without a calculated value"
        cure = "open the file in Excel or LibreOffice and save it"
        raise findings.refusal(f"{observed}, the first is {marks.unstored[0]}", cure)
    if marks.hidden_rows or marks.hidden_columns:
        observed = f"{marks.hidden_rows} rows and {marks.hidden_columns} columns of sheet {sheet.title!r} are hidden"
        findings.major("rows-hidden", observed, "read like the others; delete them if they are not meant")
    errors = [(number, i) for number, cells in lines for i, cell in enumerate(cells) if _ERROR.fullmatch(cell)]
    for number, column in errors:
        lines[number - 1][1][column] = ""
    if errors:
        observed = f"{len(errors)} cells of sheet {sheet.title!r} hold errors such as #REF!"
        findings.major("cells-with-errors", f"{observed}, the first on line {errors[0][0]}", "taken as empty")
    return lines, findings


def _chosen(path: Path, visible: list[tuple[Any, Lines]], kind: SheetKind) -> tuple[Any, Lines]:
    """Return the only sheet, or the only one of several that holds a table of the kind."""
    meant = visible if len(visible) == 1 else [(sheet, rows) for sheet, rows in visible if kind.holds(rows)]
    if len(meant) == 1:
        return meant[0]
    names = ", ".join(repr(sheet.title) for sheet, _ in (meant or visible)[:8])
    cure = "save the sheet that you mean as a file of its own"
    if meant:
        raise InputError(path, f"sheets {names} each hold {kind.name}", f"{cure}, or put them on one sheet")
    raise InputError(path, f"no column names of {kind.name} on any of the sheets {names}", cure)


def _marks(path: Path, part: str) -> _Marks:
    from openpyxl.xml.functions import iterparse

    marks, book = _Marks(), "xl/workbook.xml"
    with zipfile.ZipFile(path) as archive, archive.open(part) as stream:
        for _, element in iterparse(stream):
            tag = element.tag.rpartition("}")[2]
            if tag == "c" and element.find("{*}f") is not None:
                value = element.find("{*}v")
                marks.formulas.append(element.get("r", ""))
                # The text that a formula gives may be empty; a number may not.
                if value is None or (not value.text and element.get("t") != "str"):
                    marks.unstored.append(element.get("r", ""))
            elif tag == "row":
                marks.hidden_rows += element.get("hidden") in ("1", "true")
                element.clear()
            elif tag == "col" and element.get("hidden") in ("1", "true"):
                marks.hidden_columns += int(element.get("max", 0)) - int(element.get("min", 0)) + 1
            elif tag == "mergeCell":
                marks.merged.append(element.get("ref", ""))
        if book in archive.namelist() and _UNCALCULATED.search(archive.read(book)):
            marks.unstored = marks.formulas
    return marks


def _fill_merged(path: Path, lines: Lines, merged: list[str]) -> None:
    """Write the value of each merged cell into all its rows; merged titles and headers stay as they are."""
    from openpyxl.utils.cell import range_boundaries

    filled = 0
    for reference in merged:
        column, top, _, bottom = range_boundaries(reference)
        rows = [cells for _, cells in lines[top - 1 : bottom]]
        # A row of the table holds a number, of its depth at the least; a title or a header does not.
        if len(rows) < 2 or len(rows[0]) < column or not any(_NUMBER.fullmatch(cell) for cell in rows[0]):
            continue
        filled += len(rows)
        if filled > 100 * len(lines):
            raise InputError(path, "its merged cells lie over each other", _SAVE)
        for cells in rows[1:]:
            cells += [""] * (column - len(cells))
            cells[column - 1] = rows[0][column - 1]
