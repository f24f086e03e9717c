"""Header of a LAS file: its sections of numbers, and what it says of each.

lasio parses the lines; which belong together is told here, for lasio does not know the many sections of LAS 3.0.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import lasio

from geobfdt.wells.findings import InputError
from geobfdt.wells.readers.boundary import decoding

__all__ = ["Table", "header_tables"]

_HEADER = 4 << 20  # characters a header, or a line, may take
_CURE = "export the file again as LAS 2.0"
_NUMBERS = r"A(SCII|\s|\||$)|Log_Data"
_CURVES = r"C(urve|\s|$)|Log_Definition"
_GENERAL = r"V|W"
_DELIMITER = re.compile(r"\s*DLM\s*\.\s*(\w*)", re.IGNORECASE)
_DELIMITERS = {"SPACE": r"\s+", "COMMA": ",", "TAB": "\t", "": r"\s+"}


@dataclass(frozen=True)
class _Section:
    """Lines of a section of the header; of one of numbers only where they begin."""

    title: str
    first: int  # line number of what follows the title, from 0
    lines: list[str]

    def titled(self, pattern: str) -> bool:
        return re.match(rf"~({pattern})", self.title, re.IGNORECASE) is not None


@dataclass(frozen=True)
class Table:
    """
    A section of numbers and what the header says of it.

    Parameters
    ----------
    version : str
        Of LAS.
    title : str
        Of the section.
    names, units, descriptions : list of str
        One a curve.
    well : dict
        Entries of the well section by mnemonic in upper case, empty ones left out.
    wrapped : bool
        Whether a row takes several lines.
    separator : str
        Pattern between numbers.
    first : int
        Line number of the first row, from 0.
    encoding : str
        Of the file.
    """

    version: str
    title: str
    names: list[str]
    units: list[str]
    descriptions: list[str]
    well: dict[str, str]
    wrapped: bool
    separator: str
    first: int
    encoding: str


def header_tables(path: Path) -> list[Table]:
    """
    Read the header of a LAS file, passing over its numbers.

    Parameters
    ----------
    path : Path
        A LAS file.

    Returns
    -------
    list of Table
        One a section of numbers; LAS 2.0 has one.

    Raises
    ------
    InputError
        If the header is damaged, or defines no curve or no numbers.
    """
    with decoding(path, "a LAS file", _CURE):
        with path.open("rb") as stream:
            encoding = "utf-8-sig" if _is_utf8(stream.read(_HEADER)) else "latin-1"
        sections = _sections(path, encoding)
        header = [line for s in sections if s.titled(_GENERAL) for line in (s.title, *s.lines)]
        # Taken out of what lasio reads: it stops at a delimiter that it does not know.
        said = next((match for line in header if (match := _DELIMITER.match(line))), None)
        header = [line for line in header if not _DELIMITER.match(line)]
        delimiter = said[1].upper() if said else ""
        if delimiter not in _DELIMITERS:
            raise InputError(path, f"delimiter {delimiter!r} is not of LAS", "write it with DLM. COMMA")
        tables = []
        for at, numbers in enumerate(sections):
            if not numbers.titled(_NUMBERS):
                continue
            # LAS 3.0 names the definition after a bar: ~Log_Data[2] | Log_Definition[2].
            bar = numbers.title.partition("|")[2].strip()
            named = [s for s in sections if bar and s.titled(re.escape(bar) + r"\s*$")]
            curves = named or [s for s in sections[:at] if s.titled(_CURVES)][-1:]
            if not curves:
                raise InputError(path, "no curve is defined (~C)", _CURE)
            parsed = lasio.read(
                "\n".join([*header, "~Curve", *curves[0].lines, "~ASCII", ""]),
                ignore_data=True, ignore_header_errors=True, mnemonic_case="preserve",
            )  # fmt: skip
            version = parsed.version
            if not len(parsed.curves):
                raise InputError(path, "no curve is defined (~C)", _CURE)
            table = Table(
                str(version["VERS"].value) if "VERS" in version else "2.0",
                numbers.title.removeprefix("~").partition("|")[0].strip(),
                [str(curve.original_mnemonic).strip() for curve in parsed.curves],
                [str(curve.unit).strip() for curve in parsed.curves],
                [str(curve.descr).strip() for curve in parsed.curves],
                {
                    str(item.mnemonic).upper(): str(item.value).strip()
                    for item in parsed.well
                    if str(item.value).strip()
                },
                "WRAP" in version and str(version["WRAP"].value).strip().upper().startswith("Y"),
                _DELIMITERS[delimiter],
                numbers.first,
                encoding,
            )
            tables.append(table)
        if not tables:
            raise InputError(path, "no section of log data (~A)", _CURE)
        return tables


def _sections(path: Path, encoding: str) -> list[_Section]:
    """All sections of a file; the lines of numbers are passed over."""
    sections: list[_Section] = []
    size = 0
    with path.open(encoding=encoding, errors="replace") as stream:
        for number, line in enumerate(iter(lambda: stream.readline(_HEADER), "")):
            if line.lstrip().startswith("~"):
                sections.append(_Section(line.strip(), number + 1, []))
            elif sections and not sections[-1].titled(_NUMBERS):
                size += len(line)
                sections[-1].lines.append(line.rstrip("\n"))
            if size > _HEADER or len(line) == _HEADER:
                raise InputError(path, f"its header or a line is over {_HEADER:,} characters long", _CURE)
    return sections


def _is_utf8(head: bytes) -> bool:
    try:
        head[: head.rfind(b"\n") + 1].decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
