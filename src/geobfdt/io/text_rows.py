"""Rows of numbers in a text file: each is proved to have a value for every column, or is left out."""

from __future__ import annotations

import csv
import io
import re
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from itertools import islice, repeat
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pandas as pd

from geobfdt.io.arrays import Array, Grey
from geobfdt.io.file_findings import FileFindings
from geobfdt.io.text import POINT, Decimal, Notation, NotationVote, fit_cells, is_null_word, is_number_like, split
from geobfdt.runtime.findings import InputError

__all__ = [
    "Losses", "TextRows", "collect", "drop_rows_without_depth", "numbered_lines", "open_lines", "read_rows",
    "settle_notation", "values_of",
]  # fmt: skip

_PARSED_CELLS = 2_000_000  # So many cells are parsed at a time.
_SEARCHED_BYTES = 1 << 24  # So many bytes are searched for decimal marks at a time.
_MOST_NULL_SPELLINGS = 12  # A file with more spellings of nulls is parsed row by row.
_SAMPLE_LINES = 50  # The first lines show how numbers are written in a file without commas.
_DECIMALS = re.compile(rb"[.,](\d+)\s*$")
_HEAD_BYTES = 1 << 16  # The first bytes show how lines end.

Piece = tuple[Array, dict[int, "pd.Categorical[str]"]]


@dataclass(frozen=True)
class TextRows:
    """
    Where the rows of numbers are in a text file, and how they are written.

    Parameters
    ----------
    path : Path
        The file.
    first : int
        Index of the first line of numbers, from 0.
    names : tuple of str
        Of the columns.
    width : int
        Cells in each row: one for each column, and one more where a separator ends every line.
    separator : str
        Between cells; a blank stands for any white space.
    encoding : str
        Of the text.
    definition : str
        What defines the count of columns, for messages: ``~C``, ``the header``.
    sections : bool
        Whether a line that starts with ``~`` ends the rows, as in LAS.
    notation : Notation
        Of the numbers.
    """

    path: Path
    first: int
    names: tuple[str, ...]
    width: int
    separator: str
    encoding: str
    definition: str
    sections: bool = False
    notation: Notation = POINT


@dataclass
class Losses:
    """What was left out of a file's rows so far, and what was split."""

    rows: int = 0
    misaligned: list[tuple[int, int]] = field(default_factory=list)  # line, cells
    split: list[tuple[int, str]] = field(default_factory=list)  # line, row
    cut: int = 0  # the line on which the file ends inside a number
    unreadable: list[tuple[int, str, str]] = field(default_factory=list)  # line, column, cell

    def settle(self, rows: TextRows, findings: FileFindings, cure: str) -> None:
        """
        Write the losses down as findings.

        Raises
        ------
        InputError
            If most of the rows do not have the columns that the file defines.
        """
        if self.misaligned:
            line, cells = self.misaligned[0]
            observed = f"{len(self.misaligned)} of {self.rows} rows do not have the {len(rows.names)} values"
            observed += f" that {rows.definition} defines: line {line} has {cells}"
            if 2 * len(self.misaligned) > self.rows:
                raise InputError(rows.path, observed, cure)
            findings.major("rows-misaligned", observed, "left out whole")
        if self.cut:
            observed = f"the file ends inside the last number of line {self.cut}"
            findings.major("file-truncated", observed, "that row left out; copy or export the file again")
        if self.split:
            observed = f"values of {len(self.split)} rows touch each other, the first on line {self.split[0][0]}"
            findings.minor("values-run-on", observed, "split at the sign, which fits the count of columns")
        if self.unreadable:
            line, name, cell = self.unreadable[0]
            observed = f"{len(self.unreadable)} cells are no numbers, the first {cell[:40]!r} of {name} on line {line}"
            findings.major("cells-unreadable", observed, "taken as not measured")


@contextmanager
def open_lines(path: Path) -> Iterator[BinaryIO]:
    """Open a text file whose lines end with a line feed; a carriage return ends one only where no line feed does."""
    with path.open("rb") as stream:
        head = stream.read(_HEAD_BYTES)
        stream.seek(0)
        yield io.BytesIO(stream.read().replace(b"\r", b"\n")) if b"\r" in head and b"\n" not in head else stream


def settle_notation(rows: TextRows, stated: Decimal | None, findings: FileFindings) -> tuple[TextRows, int]:
    """
    Decide how the numbers of a file are written, from all of its lines; return that and the count of lines.

    Only lines that hold a comma in a cell can say more than the first ones, or a point where commas are decimal.

    Raises
    ------
    InputError
        If the cells contradict each other or leave it open.
    """
    vote, count, comma = NotationVote(findings), 0, b'"' if rows.separator == "," else b","
    with open_lines(rows.path) as stream:
        deque(islice(stream, rows.first), maxlen=0)
        while block := stream.read(_SEARCHED_BYTES) + stream.readline():
            lines: list[bytes] = []
            if (b"." if vote.has_comma else comma) in block:
                lines = block.split(b"\n")
            elif not count:  # The first lines are looked at whatever they hold; without a mark the others say nothing.
                lines = block.split(b"\n", _SAMPLE_LINES)[:_SAMPLE_LINES]
            for at, line in enumerate(lines, count):
                if at < _SAMPLE_LINES or (b"." if vote.has_comma else comma) in line:
                    vote.add(filter(is_number_like, split(line.decode(rows.encoding, "replace"), rows.separator)))
            count += block.count(b"\n") + (block[-1:] != b"\n")
    return replace(rows, notation=vote.settle(stated)), count


def numbered_lines(rows: TextRows) -> Iterator[tuple[int, str]]:
    """Lines of the rows with their numbers; comments and blank lines are passed over."""
    with open_lines(rows.path) as stream:
        for number, raw in enumerate(islice(stream, rows.first, None), rows.first + 1):
            if rows.sections and raw[:1] == b"~":
                return
            line = raw.decode(rows.encoding, "replace").strip("\r\n ")
            if line and raw[:1] != b"#":
                yield number, line


def collect(pieces: Iterable[Array], most: int, scalars: int, sectors: int) -> tuple[Grey, Array]:
    """
    Put pieces of rows together, each in its place as it comes.

    Parameters
    ----------
    pieces : iterable of array (rows, scalars + sectors)
        Depths, other scalar columns, then the sectors of an image.
    most, scalars, sectors : int
        Rows that there are at the most, scalar columns and sectors of each.

    Returns
    -------
    image : array (rows, sectors)
        The sectors.
    columns : array (rows, scalars)
        The scalar columns.
    """
    image, columns, filled = np.empty((most, sectors), dtype=np.float32), np.empty((most, scalars)), 0
    for piece in pieces:
        part = slice(filled, filled + len(piece))
        image[part], columns[part] = piece[:, scalars:], piece[:, :scalars]
        filled = part.stop
    return image[:filled], columns[:filled]


def drop_rows_without_depth(image: Grey, columns: Array, findings: FileFindings) -> tuple[Grey, Array]:
    """Leave rows out whose first scalar column, their depth, is no number; a finding counts them."""
    has_depth = np.isfinite(columns[:, 0])
    if has_depth.all():
        return image, columns
    findings.major("rows-unreadable", f"{int((~has_depth).sum())} rows have no depth", "left out")
    return image[has_depth], columns[has_depth]


def read_rows(rows: TextRows, columns: list[int], words: list[int], losses: Losses) -> Iterator[Piece]:
    """
    Read columns of a file, a piece at a time.

    Parameters
    ----------
    rows : TextRows
        The file.
    columns, words : list of int
        Columns to read as numbers, and as words.
    losses : Losses
        Grows by what is left out.

    Yields
    ------
    numbers : array (rows, columns)
        NaN where nothing was measured, or a cell is no number.
    words : dict
        WordColumns by column.
    """
    number, nulls = rows.first, {"", "nan"}
    with open_lines(rows.path) as stream:
        deque(islice(stream, number), maxlen=0)
        while block := list(islice(stream, max(_PARSED_CELLS // rows.width, 1))):
            text, end = b"".join(block), None
            if rows.sections and b"~" in text:
                end = next((k for k, line in enumerate(block) if line[:1] == b"~"), None)
                block = block[:end]
                text = b"".join(block)
            if len(block) > 1 and _ends_in_a_number(block):
                losses.cut = number + len(block)
                text = b"".join(block := block[:-1])
            frame = _parse(rows, text, columns, words, nulls) if _is_sound(rows, block, text) else None
            if frame is not None and len(frame) == len(block):
                losses.rows += len(block)
                yield frame[columns].to_numpy(np.float64), {column: frame[column].array for column in words}
            elif block:
                yield _parse_slowly(rows, block, number, columns, words, losses)
            number += len(block)
            if end is not None:
                return


def _ends_in_a_number(block: list[bytes]) -> bool:
    """Whether a file was cut off inside its last number: the rows above it all end with more decimals."""
    decimals = [len(match[1]) if (match := _DECIMALS.search(line)) else 0 for line in block[-_SAMPLE_LINES:]]
    return block[-1][-1:] not in b"\r\n" and len(set(decimals[:-1])) == 1 and decimals[-1] < decimals[0]


def _is_sound(rows: TextRows, block: list[bytes], text: bytes) -> bool:
    """Whether every line has as many cells as there are columns, and no quotes that hide a separator."""
    if b'"' in text or (b"\r" in text and text.count(b"\r") != text.count(b"\r\n")):
        return False
    if rows.separator == " ":
        return all(len(line.split()) == rows.width for line in block)
    separator, last = rows.separator.encode(), rows.separator.encode() * (rows.width - len(rows.names))
    if set(map(bytes.count, block, repeat(separator))) != {rows.width - 1}:
        return False
    return not last or all(line.rstrip(b"\r\n ").endswith(last) for line in block)


def _parse(rows: TextRows, text: bytes, columns: list[int], words: list[int], nulls: set[str]) -> pd.DataFrame | None:
    """Parse rows that are sound, all at once; None where a cell is no plain number. `nulls` grows by new spellings."""
    kinds = dict.fromkeys(columns, "float64") | dict.fromkeys(words, "category")
    while True:
        # Columns have numbers for names, which pandas takes and its stubs do not know.
        missing: dict[Any, list[str]] = {column: sorted(nulls) for column in columns}
        try:
            return pd.read_csv(
                io.BytesIO(text),
                sep=r"\s+" if rows.separator == " " else rows.separator,
                decimal=rows.notation.decimal,
                header=None,
                names=range(rows.width),
                index_col=False,
                usecols=sorted({*columns, *words}),
                dtype=kinds,
                encoding=rows.encoding,
                encoding_errors="replace",
                na_values=missing,
                keep_default_na=False,
                skipinitialspace=True,
                quoting=csv.QUOTE_NONE,
            )
        except ValueError as error:
            # pandas names the first cell that is no number; where it is a null, the next try knows it.
            cell = re.search(r"'(.+)'$", str(error))
            if cell is None or cell[1] in nulls or not is_null_word(cell[1]) or len(nulls) > _MOST_NULL_SPELLINGS:
                return None
            nulls.add(cell[1])


def _parse_slowly(
    rows: TextRows, block: list[bytes], number: int, columns: list[int], words: list[int], losses: Losses
) -> Piece:
    """Parse rows one by one, by the whole grammar."""
    numbers: list[list[float]] = []
    texts: list[list[str]] = []
    for line, raw in enumerate(block, number + 1):
        plain = None if words else _plain_row(rows, raw, columns)
        if plain is not None:
            losses.rows += 1
            numbers.append(plain)
            texts.append([])
            continue
        text = raw.decode(rows.encoding, "replace").rstrip("\r\n")
        if not text.strip() or text.lstrip().startswith("#"):
            continue
        losses.rows += 1
        cells = split(text, rows.separator)
        fitted = _fit(rows, text, cells, line, losses)
        if fitted is None:
            losses.misaligned.append((line, len(cells)))
            continue
        numbers.append(values_of(rows, fitted, columns, line, losses))
        texts.append([fitted[column] for column in words])
    values = np.array(numbers, dtype=np.float64).reshape(-1, len(columns))
    return values, {column: pd.Categorical([row[k] for row in texts]) for k, column in enumerate(words)}


def _plain_row(rows: TextRows, raw: bytes, columns: list[int]) -> list[float] | None:
    """Numbers of a row whose every cell is a plain number."""
    if rows.notation.decimal != "." or b"_" in raw or b"\r" in raw.rstrip() or rows.width != len(rows.names):
        return None
    cells = raw.split() if rows.separator == " " else raw.split(rows.separator.encode())
    with suppress(ValueError):
        values = list(map(float, cells))
        return [values[column] for column in columns] if len(values) == rows.width else None
    return None


def _fit(rows: TextRows, text: str, cells: list[str], line: int, losses: Losses) -> list[str] | None:
    """Cells of a row, one a column; None where they are not certain."""
    if "\r" in text:
        return None
    if rows.separator != " ":
        return cells if len(cells) == rows.width and not any(cells[len(rows.names) :]) else None
    comment = next((k for k, cell in enumerate(cells) if cell[0] == "#" and rows.notation.number(cell) is None), None)
    cells = cells[:comment]
    fitted = fit_cells(cells, rows.width)
    if fitted is not None and len(fitted) > len(cells):
        losses.split.append((line, text))
    return fitted


def values_of(rows: TextRows, cells: list[str], columns: list[int], line: int, losses: Losses) -> list[float]:
    """Numbers of a row's columns; cells that are none are written down."""
    values = []
    for column in columns:
        value = rows.notation.number(cells[column])
        if value is None:
            losses.unreadable.append((line, rows.names[column], cells[column]))
            value = np.nan
        values.append(value)
    return values
