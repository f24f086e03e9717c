"""Tables as cells of text: delimited files and Excel sheets, before anybody asks what a column means."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import numpy as np

from geobfdt.io import text as grammar
from geobfdt.io.arrays import Array, Lines, Mask, Words
from geobfdt.io.file_findings import FileFindings
from geobfdt.io.nulls import is_null
from geobfdt.io.tables.excel import SheetKind, read_excel
from geobfdt.io.tables.stated_north import remark
from geobfdt.io.text import Decimal, Notation
from geobfdt.runtime.findings import InputError
from geobfdt.wells.well_names import check_headings

__all__ = ["Cells", "arrange", "read_cells", "read_text", "sheet_kind"]

MAX_BYTES = 1 << 29  # A table of half a gigabyte is an image, or an attack.
MAX_COLUMNS = 2000
MAX_ROWS = 5_000_000
MAX_HEADER_CHARACTERS = 1 << 16  # A longer first line is no header.

Row = tuple[int, list[str]]  # The number of a line, and its cells.

_MOST_TITLES = 60  # So many lines above the header are read for what they say.
_SAMPLE_ROWS = 60  # The first rows show the separator and the header.
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
    notation : Notation
        How numbers are written.
    findings : FileFindings
        What was found on the way.
    parameters : dict
        Entries of the file outside the table, by lower-case name.
    remarks : tuple of (str, str)
        What stands outside the table: what it is about, and what it says.
    """

    path: Path
    header: tuple[str, ...]
    units: tuple[str, ...]
    rows: Words
    lines: Lines
    notation: Notation
    findings: FileFindings
    parameters: dict[str, str] = field(default_factory=dict)
    remarks: tuple[tuple[str, str], ...] = ()

    def numbers(self, column: int, nulls: Iterable[float] = ()) -> tuple[Array, Mask]:
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
        read = [self.notation.number(cell) for cell in self.rows[:, column]]
        unreadable = np.array([value is None for value in read], dtype=bool)
        values = np.array([np.nan if value is None else value for value in read], dtype=np.float64)
        values[is_null(values, nulls)] = np.nan
        return values, unreadable

    def words(self, column: int) -> Words:
        """Text of a column, empty where a cell holds a null, as a word or a number."""
        words = self.rows[:, column].copy()
        numbers = self.numbers(column)[0]
        nothing = np.array([grammar.is_null_word(word) for word in words], dtype=bool)
        words[nothing | np.array([grammar.is_number_like(word) for word in words], dtype=bool) & np.isnan(numbers)] = ""
        return words


def read_text(path: Path) -> tuple[str, FileFindings]:
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
        observed = f"cannot be opened: {(error.strerror or str(error)).lower()}"
        raise InputError(path, observed, "check its name") from error
    findings = FileFindings(path)
    try:
        encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else grammar.encoding_of(data + b"\n")
        if encoding != "utf-16" and b"\0" in data:
            raise InputError(path, "is not text", _CURE)
        text, is_mixed = _decoded(data, encoding)
    except UnicodeDecodeError as error:
        raise InputError(path, "is not text", _CURE) from error
    if is_mixed:
        observed = "some lines are UTF-8 and others are not"
        findings.major("encoding-mixed", observed, "the others read as Latin-1; check names with accents")
    elif encoding == "latin-1":
        findings.minor("encoding", "not UTF-8", "read as Latin-1; check names with accents")
    odd = sum(1 for c in text[: 1 << 16] if ord(c) < 32 and c not in "\t\r\n\f\x1a")
    if odd > 0.001 * min(len(text), 1 << 16):
        raise InputError(path, "is not text", _CURE)
    return text, findings


def sheet_kind(name: str, has_columns: Callable[[list[str]], bool]) -> SheetKind:
    """
    Return a kind of table by the names of its columns.

    Examples
    --------
    >>> kind = sheet_kind("a survey", lambda header: "Inc" in header)
    >>> kind.holds([(1, ["MD", "Inc"]), (2, ["0", "1"])]), kind.holds([(1, ["Author", "Date"]), (2, ["x", "y"])])
    (True, False)
    """

    def holds(lines: list[Row]) -> bool:
        filled = [row for row in ([cell.strip() for cell in cells] for _, cells in lines) if any(row)][:_SAMPLE_ROWS]
        at = grammar.find_header(filled)
        return at is not None and has_columns([cell for cell in filled[at] if cell])

    return SheetKind(name, holds)


# Any table that has a header; a workbook with two of them is refused.
_ANY = sheet_kind("a table", lambda _: True)


def _decoded(data: bytes, encoding: str) -> tuple[str, bool]:
    """Return the text, and whether lines of UTF-8 stand among lines of Latin-1, as where files were put together."""
    text = data.decode(encoding)
    if encoding != "latin-1":
        return text, False
    lines, is_mixed = [], False
    for line in data.splitlines(keepends=True):
        try:
            lines.append(line.decode("utf-8"))
            is_mixed = is_mixed or not line.isascii()
        except UnicodeDecodeError:
            lines.append(line.decode(encoding))
    return ("".join(lines), True) if is_mixed else (text, False)


def read_cells(path: Path, decimal: Decimal | None = None, kind: SheetKind = _ANY) -> Cells:
    r"""
    Read a delimited text file, or the visible sheet of an Excel file that holds the table.

    Separator, decimal mark, byte-order mark, lines of a title and a row of units are found out.

    Parameters
    ----------
    path : Path
        The file.
    decimal : {"point", "comma"}, optional
        Decimal mark, where the cells do not show it.
    kind : SheetKind
        The table that is meant, where a workbook has several sheets.

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
        lines, findings = read_excel(path, kind, max_bytes=MAX_BYTES, max_rows=MAX_ROWS, max_columns=MAX_COLUMNS)
        return arrange(lines, findings, separator=None, decimal=decimal)
    text, findings = read_text(path)
    numbered = text.splitlines()
    first = [line for line in text[:MAX_HEADER_CHARACTERS].splitlines() if line.strip()][:_SAMPLE_ROWS]
    if not first:
        raise InputError(path, "is empty", _CURE)
    if len(first) == 1 and len(text) > MAX_HEADER_CHARACTERS and "\n" not in text[:MAX_HEADER_CHARACTERS]:
        raise InputError(path, f"its first line is over {MAX_HEADER_CHARACTERS:,} characters long", _CURE)
    separator = grammar.find_separator(first)
    rows = ((number, grammar.split(line, separator)) for number, line in enumerate(numbered, 1))
    return arrange(rows, findings, separator=separator, decimal=decimal)


def arrange(
    lines: Iterable[Row],
    findings: FileFindings,
    *,
    separator: str | None,
    decimal: Decimal | None = None,
    header: Sequence[str] | None = None,
) -> Cells:
    """
    Make a table of numbered lines of cells: header, units row if there is one, rows.

    A row that has not one cell for each column is left out whole. A short one is kept where it ends with a word that
    stands in that column of other rows, and in none behind it: then the cells that it lacks are the last ones.

    Parameters
    ----------
    lines : iterable of (int, list of str)
        Numbered lines, cut into cells.
    findings : FileFindings
        Those of the file; grows by what is left out.
    separator : str or None
        Between cells in the file; None where each cell has its place, as in a sheet.
    decimal : {"point", "comma"}, optional
        Decimal mark that the user states.
    header : sequence of str, optional
        Names of the columns, where they do not stand above the rows.

    Raises
    ------
    InputError
        If there is no header, most rows do not fit it, or the table is too large.
    """
    filled: list[Row] = []
    for number, row in lines:
        cells = [cell.strip() for cell in row]
        if any(cells):
            filled.append((number, cells))
        if len(filled) > MAX_ROWS:
            raise findings.refusal(f"over {MAX_ROWS:,} rows are too many for a table", _CURE)
    check_headings(findings.path, filled)
    titles: list[Row] = []
    if header is None:
        at = grammar.find_header([cells for _, cells in islice(filled, _SAMPLE_ROWS)])
        if at is None:
            if any(sum(map(bool, cells)) > 1 for _, cells in filled):
                raise findings.refusal(f"line {filled[0][0]} holds numbers where column names should be", _CURE)
            raise findings.refusal("holds no table", _CURE)
        header = filled[at][1]
        while not header[-1]:
            header = header[:-1]
        titles, filled = filled[:at], filled[at + 1 :]
    if len(header) > MAX_COLUMNS:
        raise findings.refusal(f"{len(header):,} columns are too many for a table", _CURE)
    units: list[str] = []
    if filled and grammar.is_units_row(filled[0][1]):
        units = [unit.strip("()[] ") for unit in filled.pop(0)[1]]
    columns, width = len(header), grammar.row_width([cells for _, cells in filled], len(header))
    rows, misaligned = _aligned(filled, columns, width, separator)
    if misaligned:
        number, cells = misaligned[0]
        observed = f"{len(misaligned)} of {len(filled)} rows do not have {columns} cells as the header has: "
        observed += f"line {number} has {len(cells)}"
        if 2 * len(misaligned) > len(filled):
            raise findings.refusal(observed, "repair those lines or the header")
        findings.major("rows-misaligned", observed, "left out whole")
    table = np.empty((len(rows), columns), dtype=object)
    for index, (_, row) in enumerate(rows):
        table[index] = [*row, *[""] * columns][:columns]
    notation = _notation(table, decimal, separator, findings)
    numbers = np.array([number for number, _ in rows], dtype=np.int64)
    units = [*units, *[""] * columns][:columns]
    remarks = tuple(remark(" ".join(filter(None, cells))) for _, cells in titles[:_MOST_TITLES])
    return Cells(findings.path, tuple(header), tuple(units), table, numbers, notation, findings, remarks=remarks)


def _aligned(lines: list[Row], columns: int, width: int, separator: str | None) -> tuple[list[Row], list[Row]]:
    """Rows whose cells belong to the columns for certain, and the others."""
    whole = [cells for _, cells in lines if len(cells) == width and not any(cells[columns:])]
    words = [Counter(cells[column].casefold() for cells in whole) for column in range(columns)]
    good, bad = [], []
    for number, cells in lines:
        fitted = grammar.fit_cells(cells, width) if separator == " " else cells
        in_place = separator is None or len(fitted or ()) == width
        in_place = in_place or (separator != " " and _is_pinned(cells, width, words))
        if fitted is not None and in_place and not any(fitted[columns:]):
            good.append((number, fitted))
        else:
            bad.append((number, cells))
    return good, bad


def _is_pinned(cells: list[str], width: int, words: list[Counter[str]]) -> bool:
    """Whether a short row ends with a word that stands in that column of whole rows, and in none behind it."""
    last = max((k for k, cell in enumerate(cells) if cell), default=0)
    word, behind = cells[last].casefold(), len(words) - last - 1
    if len(cells) >= width or behind < 0 or grammar.is_number_like(word) or grammar.is_null_word(word):
        return False
    return [word in column for column in words[last:]] == [True] + [False] * behind


def _notation(table: Words, decimal: Decimal | None, separator: str | None, findings: FileFindings) -> Notation:
    """Decide how numbers are written, from the columns that mostly hold some."""
    vote = grammar.NotationVote(findings)
    for column in table.T:
        cells = [cell for cell in column if cell]
        numbers = list(filter(grammar.is_number_like, cells))
        if 2 * len(numbers) >= len(cells):
            vote.add(numbers)
    return vote.settle(decimal, points_decide=separator not in (";", "\t", "|"))
