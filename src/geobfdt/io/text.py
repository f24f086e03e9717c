"""The grammar of text: one for LAS files, images in delimited text, pick tables and surveys."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from geobfdt.io.file_findings import FileFindings
from geobfdt.io.names import pattern
from geobfdt.io.units import angle_factor, length_factor

__all__ = [
    "POINT", "Decimal", "Notation", "NotationVote", "encoding_of", "find_header", "find_separator", "fit_cells",
    "is_las", "is_null_word", "is_number_like", "is_units_row", "row_width", "split",
]  # fmt: skip

Decimal = Literal["point", "comma"]

# Characters that look like a minus, a blank or an apostrophe.
_ALIKE = str.maketrans("\u2212\u2013\u2011\uff0d\u00a0\u202f\u2009\u2007\u2019\u02bc", "----    ''")
_EXPONENT = r"[eEdD][-+]?\d{1,3}"
_NUMBER_LIKE = re.compile(rf"[-+]?(?=[.,]?\d)\d*(?:[.,' ]\d+)*[.,]?(?:{_EXPONENT})?")
_DATE = re.compile(r"\d{1,2}\.\d{1,2}\.\d{2,4}")
# A sign starts the next value unless it belongs to an exponent; so does the first asterisk of a field that overflowed.
_RUN_ON = re.compile(r"(?<=[\d.*])(?=[-+](?!0\d)[\d.])|(?<=[\d.])(?=\*)|(?<=\*)(?=[\d.])")
_PART = re.compile(rf"[-+]?(\d+\.?\d*|\.\d+)({_EXPONENT})?|\*+")


def _numbers(decimal: str, other: str) -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    """Patterns of a number, of a Fortran number without the letter of its exponent, and of one written so for sure."""
    grouped = rf"[1-9]\d{{0,2}}(?:([ '{other}])\d{{3}}(?:\1\d{{3}})*)(?:{decimal}\d*)?"
    sure = (
        rf"(?![1-9]\d{{0,2}}{decimal}\d{{3}}$)(?:\d*{decimal}\d+|\d+{decimal})(?:{_EXPONENT})?"
        rf"|[1-9]\d{{0,2}}(?:[ '{other}]\d{{3}})+{decimal}\d*|[1-9]\d{{0,2}}(?:{other}\d{{3}}){{2,}}"
    )
    return (
        re.compile(rf"[-+]?(?:{grouped}|\d+{decimal}?\d*|{decimal}\d+)(?:{_EXPONENT})?"),
        re.compile(rf"([-+]?\d?{decimal}\d+)([-+](?:\d\d|[0-3]\d\d))"),
        re.compile(rf"[-+]?(?:{sure})"),
    )


_PATTERNS = {".": _numbers(r"\.", ","), ",": _numbers(",", r"\.")}
_AMBIGUOUS = {mark: re.compile(rf"[-+]?[1-9]\d{{0,2}}\{mark}\d{{3}}") for mark in ".,"}


@dataclass(frozen=True)
class Notation:
    """
    How numbers are written in a file.

    Parameters
    ----------
    decimal : {".", ","}
        Decimal mark. The other one, a blank and an apostrophe part groups of three digits.

    Examples
    --------
    >>> [Notation().number(cell) for cell in ("1,000.5", "1.5D+03", "0.15+04", "****", "x")]
    [1000.5, 1500.0, 1500.0, nan, None]
    >>> Notation(",").number("1.000,5"), Notation(",").number("30.5")
    (1000.5, None)
    """

    decimal: str = "."

    def number(self, cell: str) -> float | None:
        """Return the value of a cell: NaN where it is a null, None where it is no number."""
        if "_" not in cell and (self.decimal == "." or ("." not in cell and cell.count(",") < 2)):
            try:
                return float(cell.replace(",", ".") if self.decimal == "," else cell)
            except ValueError:
                pass
        text = cell.translate(_ALIKE).strip()
        if pattern("no_value").fullmatch(text):
            return float("nan")
        whole, bare, _ = _PATTERNS[self.decimal]
        if match := bare.fullmatch(text):
            text = f"{match[1]}e{match[2]}"
        elif not whole.fullmatch(text):
            return None
        text = re.sub(r"[.,' ]", lambda mark: "." if mark[0] == self.decimal else "", text)
        return float(text.replace("d", "e").replace("D", "e"))


POINT = Notation()


class NotationVote:
    """
    Decide on one notation for a file from all of its cells.

    Parameters
    ----------
    findings : FileFindings
        Those of the file; grows by what is decided.

    Examples
    --------
    >>> from pathlib import Path
    >>> vote = NotationVote(FileFindings(Path("a.csv")))
    >>> vote.add(["998,5", "1.000"])
    >>> vote.settle(None)
    Notation(decimal=',')
    """

    def __init__(self, findings: FileFindings) -> None:
        self._findings = findings
        self._sure: dict[str, str] = {}  # the first cell that proves a decimal mark
        self._unsure: dict[str, str] = {}  # the first cell in which a mark may part thousands or decimals
        self._grouped = ""

    @property
    def has_comma(self) -> bool:
        """Whether a cell so far proves a decimal comma."""
        return "," in self._sure

    def add(self, cells: Iterable[str]) -> None:
        """Count cells of columns that hold numbers."""
        for cell in cells:
            if cell.isdigit():
                continue
            text = cell.translate(_ALIKE).strip()
            for mark, (_, _, sure) in _PATTERNS.items():
                if sure.fullmatch(text):
                    self._sure.setdefault(mark, cell)
                elif _AMBIGUOUS[mark].fullmatch(text):
                    self._unsure.setdefault(mark, cell)
            if " " in text or "'" in text:
                self._grouped = self._grouped or cell

    def settle(self, stated: Decimal | None, *, points_decide: bool = True) -> Notation:
        """
        Return the notation.

        Parameters
        ----------
        stated : {"point", "comma"} or None
            What the user states; it decides.
        points_decide : bool
            Whether ``1.234`` alone is certainly a decimal point.

        Raises
        ------
        InputError
            If the cells contradict each other, or ``1,234`` is all there is.
        """
        cure = "give --decimal comma or --decimal point (in a mapping file: decimal: comma)"
        if stated is None and len(self._sure) > 1:
            observed = f"writes {self._sure[',']!r} with a decimal comma and {self._sure['.']!r} with a decimal point"
            raise self._findings.refusal(observed, f"correct the file, or {cure}")
        if stated is None and not self._sure and "," in self._unsure:
            problem = "may be a decimal number or thousands: every comma has three digits behind it"
            observed = f"{self._unsure[',']!r} {problem}"
            raise self._findings.refusal(observed, cure)
        decimal = {"comma": ",", "point": "."}[stated] if stated else "," if "," in self._sure else "."
        other = "." if decimal == "," else ","
        if decimal == ",":
            example = self._sure.get(",") or self._unsure.get(",") or "none"
            self._findings.info("decimal-comma", f"numbers such as {example}", "read as decimal commas")
        elif not stated and not self._sure and "." in self._unsure and not points_decide:
            observed = f"every point has three digits behind it, as in {self._unsure['.']}"
            action = f"read as decimal points; if they part thousands, give {cure.removeprefix('give ')}"
            self._findings.major("decimal-assumed", observed, action)
        if other in self._unsure:
            beside = self._sure.get(decimal, "what the option says")
            observed = f"numbers such as {self._unsure[other]}, beside {beside}"
            self._findings.major("thousands-assumed", observed, f"read as thousands; if not, {cure}")
        elif self._grouped:
            self._findings.info("thousands", f"numbers such as {self._grouped}", "read as thousands")
        return Notation(decimal)


def fit_cells(cells: list[str], width: int) -> list[str] | None:
    """
    Cells of a row that blanks part, values that run on into each other apart; None where that is not certain.

    Examples
    --------
    >>> fit_cells("1000.0 42.00-999.250 7".split(), 4)
    ['1000.0', '42.00', '-999.250', '7']
    >>> fit_cells("1000.0 42.00-999.250 7".split(), 3) is None
    True
    """
    certain, possible = [], []
    for cell in cells:
        parts = [cell]
        if not cell.isdigit():
            split_at_signs = _RUN_ON.split(cell)
            if len(split_at_signs) > 1 and all(_PART.fullmatch(part) for part in split_at_signs):
                parts = split_at_signs
            elif cell.count(".") > 1 and _NUMBER_LIKE.fullmatch(cell) and not _DATE.fullmatch(cell):
                return None  # values without a sign between them: it is not certain where one ends
        # Two decimal points, or asterisks, are never one value; a date may be 2020-11-15, and 1.5-103 a number.
        several = sum("." in part or "*" in part for part in parts) > 1
        certain.append(parts if several else [cell])
        possible.append(parts)
    for pieces in (certain, possible):
        if sum(map(len, pieces)) == width:
            return [part for parts in pieces for part in parts]
    return None


def split(line: str, separator: str) -> list[str]:
    """
    Cells of a line, stripped; a blank as separator stands for any white space.

    Examples
    --------
    >>> split('1; "a;b" ;3', ";")
    ['1', 'a;b', '3']
    """
    if separator == " ":
        if '"' not in line or not re.search(r'(^|\s)"', line):
            return line.split()
        line = " ".join(line.split())
    if '"' in line:
        try:
            return [cell.strip() for cell in next(csv.reader([line], delimiter=separator, skipinitialspace=True))]
        except csv.Error:  # a cell without end
            return [line]
    return [cell.strip() for cell in line.rstrip("\r\n").split(separator)]


def row_width(rows: Sequence[Sequence[str]], columns: int) -> int:
    """
    Return how many cells the rows of a table have: more than columns where empty ones end every line.

    Examples
    --------
    >>> row_width([["1", "2", ""], ["3", "4", ""], ["5", "6"]], 2)
    3
    """
    widths = [len(row) for row in rows]
    common_width = max(set(widths), key=widths.count, default=columns)
    padded = common_width > columns and not any(any(row[columns:]) for row in rows if len(row) == common_width)
    return common_width if padded else columns


def find_separator(lines: Sequence[str]) -> str:
    """
    Return the separator that cuts lines into equally many cells, the more the better; a blank if none does.

    A decimal comma cuts numbers too, but not the names above them.

    Examples
    --------
    >>> find_separator(["Depth;A;B", "1,5;2,5;3,5", "1,6;2,5;3,5"])
    ';'
    """
    lines = [line for line in lines if line.strip()]
    best, score = " ", 0.0
    for separator in "\t;|,":
        widths = [len(split(line, separator)) for line in lines]
        common_width = max(set(widths), key=widths.count)
        first = lines[widths.index(common_width)]
        even = widths.count(common_width) / len(widths)
        fit = even * even * common_width * (1.0 if re.search(r"[^\W\d_eEdD]", first) else 0.5)
        if common_width > 1 and fit > score:
            best, score = separator, fit
    return best


def is_units_row(cells: Sequence[str]) -> bool:
    """
    Whether the cells under a header are units: at least one is a unit, and none is a number or a null.

    Examples
    --------
    >>> is_units_row(["M", "DEG", "", "gAPI"]), is_units_row(["m", "30", "", ""]), is_units_row(["", "x", "", ""])
    (True, False, False)
    """
    words = [" ".join(cell.lower().strip("()[] ").split()) for cell in cells]
    words = [word for word in words if word.strip("-")]
    units = [
        pattern("unit").fullmatch(word) is not None or length_factor(word) is not None or angle_factor(word) is not None
        for word in words
    ]
    others = [word for word, unit in zip(words, units, strict=True) if not unit]
    return any(units) and not any(_counts(word) for word in others if word != "none")


def find_header(rows: Sequence[Sequence[str]]) -> int | None:
    """
    Return which of the first rows of a table names its columns: the last row of names above the first row of numbers.

    Lines of a title may stand above it, padded to the width of the table or not. A row of units below it is passed
    over. None where numbers have no names above them.

    Examples
    --------
    >>> find_header([["Well:", "A-1", ""], ["Depth", "Dip", "Type"], ["m", "deg", ""], ["1000.5", "30", "Fracture"]])
    1
    """
    counts = [sum(map(_counts, row)) for row in rows]
    filled = [sum(1 for cell in row if cell) for row in rows]
    some = sorted(count for count in counts if count)
    enough = max(1.0, some[len(some) // 2] / 2) if some else 1.0
    names: list[int] = []
    for at, row in enumerate(rows):
        if counts[at] >= enough and names:
            # A line such as ``Well: B-2`` below the header names fewer columns than the rows fill.
            return next((name for name in reversed(names) if filled[name] >= filled[at]), names[-1])
        named = filled[at] > 1 and 2 * counts[at] < filled[at] and not row[0].startswith("#")
        if named and not (names and is_units_row(row)):
            names.append(at)
    return names[0] if names and not any(count >= enough for count in counts) else None


def is_number_like(cell: str) -> bool:
    """Whether a cell holds digits and marks alone, a number in any notation."""
    return _NUMBER_LIKE.fullmatch(cell.translate(_ALIKE)) is not None


def is_null_word(cell: str) -> bool:
    """
    Whether a cell is a null in words.

    Examples
    --------
    >>> [is_null_word(cell) for cell in ("", "N/A", "****", "-1.#IND", "0", "x")]
    [True, True, True, True, False, False]
    """
    return pattern("no_value").fullmatch(cell.translate(_ALIKE).strip()) is not None


def _counts(cell: str) -> bool:
    """Whether a cell holds a number, or a null."""
    return bool(cell) and (is_number_like(cell) or is_null_word(cell))


def encoding_of(head: bytes) -> str:
    """
    Return the encoding of a text from its first bytes: UTF-8 with or without byte-order mark, else Latin-1.

    Every byte is a letter in Latin-1: names with accents may come out wrong, numbers never do.
    """
    try:
        head[: head.rfind(b"\n") + 1].decode("utf-8")
    except UnicodeDecodeError:
        return "latin-1"
    return "utf-8-sig"


def is_las(head: bytes) -> bool:
    r"""
    Tell a LAS file by its first line that is no comment.

    Examples
    --------
    >>> is_las(b"# a comment\n~Version\n")
    True
    """
    lines = (line.strip() for line in head.removeprefix(b"\xef\xbb\xbf").splitlines())
    return next((line for line in lines if line and not line.startswith(b"#")), b"")[:2].upper() == b"~V"
