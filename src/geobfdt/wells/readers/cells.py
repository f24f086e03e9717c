"""Tables as cells of text: delimited files and Excel sheets, before anybody asks what a column means."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from geobfdt.wells.findings import Finding, InputError, Severity
from geobfdt.wells.readers.excel import read_excel

__all__ = ["Cells", "arrange", "read_cells", "read_text"]

MAX_BYTES = 1 << 29  # a table of half a gigabyte is an image, or an attack
MAX_COLUMNS = 2000
MAX_ROWS = 5_000_000
MAX_HEADER = 1 << 16  # characters in the first lines

_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eEdD][-+]?\d+)?")
_COMMA_NUMBER = re.compile(r"[-+]?\d*,\d+([eEdD][-+]?\d+)?")
_NO_NUMBER = ("", "nan", "null", "n/a", "na", "-", "none", "absent")
_UNIT = re.compile(
    r"|m|metres?|meters?|f|ft|feet|foot|in|inch(es)?|0?\.1 ?in|[cm]m|deg(rees?)?|dega|rad|dd|°|text|unitless|none|%",
    re.I,
)
_CURE = "give a CSV, XLSX or LAS table with one header row"


@dataclass(frozen=True)
class Cells:
    """
    A table as text.

    Parameters
    ----------
    path : Path
        The file.
    header : tuple of str
        Column names as in the file.
    units : tuple of str
        Units as in the file, of a units row; empty where there is none.
    rows : array (rows, columns) of object
        Cells, stripped.
    lines : array (rows,)
        Line of the file that each row is on, from 1.
    decimal_comma : bool
        Numbers are written ``1,5``.
    parameters : dict
        What the file says outside the table, by lower-case name.
    findings : list of Finding
        What was seen on the way.
    """

    path: Path
    header: tuple[str, ...]
    units: tuple[str, ...]
    rows: npt.NDArray[np.object_]
    lines: npt.NDArray[np.int64]
    decimal_comma: bool = False
    parameters: dict[str, str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def numbers(
        self, column: int, nulls: Iterable[float] = ()
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
        """
        Numbers of a column, and which cells should have been one and are not.

        Parameters
        ----------
        column : int
            Column.
        nulls : iterable of float
            Values that stand for "not measured".

        Returns
        -------
        values : array (rows,)
            NaN where empty, null or unreadable.
        unreadable : array (rows,) of bool
            Where the cell holds text that is no number.
        """
        cells = self.rows[:, column]
        values = np.full(len(cells), np.nan)
        unreadable = np.zeros(len(cells), dtype=bool)
        for row, cell in enumerate(cells):
            text = cell.replace(",", ".") if self.decimal_comma and _COMMA_NUMBER.fullmatch(cell) else cell
            if _NUMBER.fullmatch(text):
                values[row] = float(text.replace("d", "e").replace("D", "e"))
            elif text.lower() not in _NO_NUMBER:
                unreadable[row] = True
        values[np.isin(values, list(nulls)) | np.isinf(values)] = np.nan
        return values, unreadable


def read_text(path: Path) -> tuple[str, list[Finding]]:
    """
    Read a text file of unknown encoding.

    Raises
    ------
    InputError
        If it cannot be opened, is too large, or is not text.
    """
    try:
        if path.is_dir():
            raise InputError(path, "is a folder", "name one table")
        if path.stat().st_size > MAX_BYTES:
            raise InputError(path, f"{path.stat().st_size:,} bytes are too many for a table", _CURE)
        data = path.read_bytes()
    except OSError as error:
        raise InputError(
            path, f"cannot be opened: {(error.strerror or str(error)).lower()}", "check its name"
        ) from error
    findings: list[Finding] = []
    try:
        if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
            text = data.decode("utf-16")
        elif b"\0" in data:
            raise InputError(path, "is not text", _CURE)
        else:
            text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        # Every byte is a letter in Latin-1: names with accents may come out wrong, numbers never do.
        text = data.decode("latin-1")
        findings.append(
            Finding(Severity.MINOR, "encoding", path.name, "not UTF-8", "read as Latin-1; check names with accents")
        )
    odd = sum(1 for c in text[: 1 << 16] if ord(c) < 32 and c not in "\t\r\n\f\x1a")
    if odd > 0.001 * min(len(text), 1 << 16):
        raise InputError(path, "is not text", _CURE)
    return text, findings


def read_cells(path: Path) -> Cells:
    r"""
    Read a delimited text file or the first visible sheet of an Excel file that holds a table.

    Separator, decimal comma, byte-order mark and a row of units are found out; lines before the header that hold less
    than two cells, and lines that start with ``#``, are passed over.

    Raises
    ------
    InputError
        If the file is no table: not text, no header, too many columns, a cell without end.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "a.csv"
    >>> _ = file.write_text("Depth;Dip\nm;deg\n1,5;30\n")
    >>> cells = read_cells(file)
    >>> cells.header, cells.units, cells.numbers(0)[0]
    (('Depth', 'Dip'), ('m', 'deg'), array([1.5]))
    """
    magic = b""
    if path.is_file():
        with path.open("rb") as stream:
            magic = stream.read(8)
    if magic[:4] == b"\xd0\xcf\x11\xe0":
        raise InputError(path, "is an Excel file of the old kind", "save it as XLSX or CSV")
    if magic[:4] == b"PK\x03\x04":
        lines, findings = read_excel(path, MAX_BYTES, MAX_ROWS, MAX_COLUMNS)
        return arrange(path, lines, findings)
    text, findings = read_text(path)
    separator = _separator(path, text)
    cells = arrange(path, _split(path, text, separator), findings)
    return cells if separator == "," else _with_decimal(cells)


def arrange(path: Path, lines: Iterable[tuple[int, list[str]]], findings: list[Finding]) -> Cells:
    """
    Make a table of numbered lines of cells: header, units row if there is one, rows.

    Raises
    ------
    InputError
        If there is no header or the table is too large.
    """
    header: list[str] = []
    units: list[str] = []
    rows: list[list[str]] = []
    numbers: list[int] = []
    long: list[int] = []
    for number, row in lines:
        cells = [cell.strip() for cell in row]
        filled = sum(1 for cell in cells if cell)
        if not filled or (not header and (filled < 2 or cells[0].startswith("#"))):
            continue
        if not header:
            header = cells
            while not header[-1]:
                header.pop()
            if len(header) > MAX_COLUMNS:
                raise InputError(path, f"{len(header):,} columns are too many for a table", _CURE)
            if sum(1 for cell in header if _NUMBER.fullmatch(cell)) > len(header) / 2:
                raise InputError(path, f"line {number} holds numbers where column names should be", _CURE)
            continue
        if not rows and not units and _is_units(cells):
            units = [*cells, *[""] * len(header)][: len(header)]
            continue
        if any(cells[len(header) :]):
            long.append(number)
            continue
        rows.append([*cells, *[""] * (len(header) - len(cells))][: len(header)])
        numbers.append(number)
        if len(rows) > MAX_ROWS:
            raise InputError(path, f"over {MAX_ROWS:,} rows are too many for a table", _CURE)
    if not header:
        raise InputError(path, "holds no table", _CURE)
    if long and not rows:
        raise InputError(path, f"line {long[0]} has more cells than the header", "repair that line or the header")
    if long:
        seen = f"{len(long)} lines have more cells than the header, the first is line {long[0]}"
        findings = [*findings, Finding(Severity.MAJOR, "rows-unreadable", path.name, seen, "left out")]
    table = np.empty((len(rows), len(header)), dtype=object)
    for index, row in enumerate(rows):
        table[index] = row
    return Cells(
        path, tuple(header), tuple(units) or ("",) * len(header), table, np.array(numbers, dtype=np.int64),
        findings=findings,
    )  # fmt: skip


def _is_units(cells: list[str]) -> bool:
    words = [cell for cell in cells if cell]
    return bool(words) and all(_UNIT.fullmatch(word) for word in words) and any(len(word) < 8 for word in words)


def _with_decimal(cells: Cells) -> Cells:
    """Decide about decimal commas from the whole table: only where no cell writes a decimal point."""
    commas = points = 0
    for cell in cells.rows.ravel().tolist():
        commas += bool(_COMMA_NUMBER.fullmatch(cell))
        points += "." in cell and bool(_NUMBER.fullmatch(cell))
    if not commas or points:
        return cells
    seen = f"{commas} numbers are written with a comma"
    found = Finding(Severity.INFO, "decimal-comma", cells.path.name, seen, "read as decimal commas")
    return Cells(
        cells.path, cells.header, cells.units, cells.rows, cells.lines, True, cells.parameters,
        [*cells.findings, found],
    )  # fmt: skip


def _separator(path: Path, text: str) -> str:
    """The separator that cuts the first lines into equally many cells, the more the better; a blank if none does."""
    first = [line for line in text[:MAX_HEADER].splitlines() if line.strip()][:30]
    if not first:
        raise InputError(path, "is empty", _CURE)
    if len(first) == 1 and len(text) > MAX_HEADER and "\n" not in text[:MAX_HEADER]:
        raise InputError(path, f"its first line is over {MAX_HEADER:,} characters long", _CURE)
    best, score = " ", 0.0
    for separator in ",;\t|":
        widths = [len(row) for row in csv.reader(first, delimiter=separator)]
        usual = max(set(widths), key=widths.count)
        evenness = widths.count(usual) / len(widths)
        if usual > 1 and evenness * evenness * usual > score:
            best, score = separator, evenness * evenness * usual
    return best


def _split(path: Path, text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    lines = text.splitlines()
    if separator == " ":
        yield from ((number, line.split()) for number, line in enumerate(lines, 1))
        return
    reader = csv.reader(lines, delimiter=separator, skipinitialspace=True)
    try:
        for row in reader:
            yield reader.line_num, row
    except csv.Error as error:
        raise InputError(path, f"line {reader.line_num}: {error}", "repair that line") from error
