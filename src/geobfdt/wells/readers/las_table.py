"""Pick tables in LAS files: the curves of LAS 2.0, a user-defined section of LAS 3.0."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from geobfdt.wells.findings import InputError
from geobfdt.wells.readers.cells import Cells, arrange, read_text
from geobfdt.wells.readers.table_columns import ALIASES, column_key

__all__ = ["is_las", "read_las_cells"]

_DELIMITERS = {"": " ", "SPACE": " ", "COMMA": ",", "TAB": "\t"}
_DIPS = {alias for role in ("dip", "dip_true", "dip_app") for alias in ALIASES[role]}
_ENTRY = re.compile(r"\s*([^.:]+?)\s*\.(\S*)(.*)")

Lines = list[tuple[int, str]]


def is_las(path: Path) -> bool:
    """Tell a LAS file by its first line that is no comment."""
    try:
        with path.open("rb") as stream:
            for line in stream.read(1 << 12).removeprefix(b"\xef\xbb\xbf").splitlines():
                if line.strip() and not line.startswith(b"#"):
                    return line[:2].upper() == b"~V"
    except OSError:
        return False  # whoever reads it next says why
    return False


def read_las_cells(path: Path) -> Cells:
    """
    Read the table of dips in a LAS file: the section whose definition names a dip.

    Parameters
    ----------
    path : Path
        LAS 2.0 or 3.0.

    Returns
    -------
    Cells
        The table; entries of the other sections (``WELL``, ``NULL``, ``REFERENCE``, ...) are its parameters.

    Raises
    ------
    InputError
        If no section holds dips, or the data are wrapped.
    """
    text, findings = read_text(path)
    sections = list(_sections(text))
    parameters: dict[str, str] = {}
    for title, lines in sections:
        if not title.startswith(("a", "c")) and "data" not in title:
            parameters |= {name.lower(): value for name, _, value in _entries(lines)}
    if parameters.get("wrap", "").upper() == "YES":
        raise InputError(path, "its rows are wrapped over several lines", "write it unwrapped (WRAP. NO)")
    delimiter = _DELIMITERS.get(parameters.get("dlm", "").upper())
    if delimiter is None:
        raise InputError(path, f"delimiter {parameters['dlm']!r} is not of LAS", "write it with DLM. COMMA")
    for title, lines in sections:
        definition = list(_entries(_definition(title, sections)))
        if not any(column_key(name)[0] in _DIPS for name, _, _ in definition):
            continue
        header = [name for name, _, _ in definition]
        rows = _rows(path, lines, delimiter)
        cells = arrange(path, [(0, header), *rows], findings)
        return replace(cells, units=tuple(unit for _, unit, _ in definition), parameters=parameters)
    raise InputError(path, "no section defines a column of dips", "export the dips as CSV, or name the column DIP_TRUE")


def _sections(text: str) -> Iterator[tuple[str, Lines]]:
    """Title in lower case and numbered lines, comments and blanks left out."""
    title, lines = "", Lines()
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("~"):
            if title:
                yield title, lines
            title, lines = line[1:].strip().lower(), []
        elif line.strip() and not line.lstrip().startswith("#"):
            lines.append((number, line))
    if title:
        yield title, lines


def _definition(title: str, sections: list[tuple[str, Lines]]) -> Lines:
    """Lines that define the columns of a data section; none for any other section."""
    if "|" in title:
        wanted = title.split("|")[1].strip()
    elif re.match(r"a(\s|$|scii)", title):
        wanted = "c"
    elif re.match(r"\w+_data\b", title):
        wanted = title.split("_data")[0] + "_definition"
    else:
        return []
    whole = wanted != "c"
    return next((lines for t, lines in sections if (t == wanted if whole else t[:1] == "c" and "_" not in t)), [])


def _entries(lines: Lines) -> Iterator[tuple[str, str, str]]:
    """Name, unit and value of ``NAME.UNIT  VALUE : DESCRIPTION`` lines."""
    for _, line in lines:
        if match := _ENTRY.match(line.rpartition(":")[0] or line):
            yield match[1], match[2], match[3].strip()


def _rows(path: Path, lines: Lines, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader((line.strip() for _, line in lines), delimiter=delimiter, skipinitialspace=True)
    try:
        for row in reader:
            yield lines[reader.line_num - 1][0], row
    except csv.Error as error:
        raise InputError(path, f"line {lines[reader.line_num - 1][0]}: {error}", "repair that line") from error
