"""Header of a LAS file: its sections of numbers, and their entries.

lasio parses the lines; which belong together is decided here, for lasio does not know the many sections of LAS 3.0.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import lasio

from geobfdt.io.decoding import decoding, log_messages
from geobfdt.io.file_findings import FileFindings
from geobfdt.io.text import Notation, encoding_of
from geobfdt.io.text_rows import TextRows, open_lines
from geobfdt.runtime.findings import Finding, InputError, Severity

__all__ = ["Table", "header_tables"]

_MOST_CHARACTERS = 4 << 20  # No header, and no line, takes more characters.
_CURE = "export the file again as LAS 2.0"
_NUMBERS = r"A(SCII|\s|\||$)|Log_Data"
_DATA = rf"{_NUMBERS}|\w+_Data"
_CURVES = r"C(urve|\s|$)|Log_Definition"
_DEFINITION = rf"{_CURVES}|\w+_Definition"
_DELIMITER = re.compile(r"\s*DLM\s*\.\s*(\w*)", re.IGNORECASE)
_ENTRY = re.compile(r"\s*([^.:]+?)\s*\.\S*\s+(\S+)\s*(?::|$)")
_DELIMITERS = {"SPACE": " ", "COMMA": ",", "TAB": "\t", "": " "}


@dataclass(frozen=True)
class _Section:
    """Lines of a section of the header; of one of data only where they begin."""

    title: str
    first: int  # line number of what follows the title, from 0
    lines: list[str]

    def titled(self, pattern: str) -> bool:
        return re.match(rf"~({pattern})", self.title, re.IGNORECASE) is not None


@dataclass(frozen=True)
class Table:
    """
    A section of numbers and its entries in the header.

    Parameters
    ----------
    version : str
        Of LAS.
    title : str
        Of the section; with a number where several have the same.
    units, descriptions : list of str
        One a curve.
    well, parameters : dict
        Entries of the well section, and of that and all further ones, by mnemonic in upper case; empty ones left out.
    remarks : dict
        Descriptions of these entries, by the same mnemonics.
    index_units : dict
        Units of ``STRT``, ``STOP`` and ``STEP``.
    wrapped : bool
        Whether a row takes several lines.
    rows : TextRows
        Where the rows are.
    """

    version: str
    title: str
    units: list[str]
    descriptions: list[str]
    well: dict[str, str]
    parameters: dict[str, str]
    remarks: dict[str, str]
    index_units: dict[str, str]
    wrapped: bool
    rows: TextRows

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the curves."""
        return self.rows.names


def header_tables(findings: FileFindings, *, every: bool = False) -> list[Table]:
    """
    Read the header of a LAS file, passing over its numbers.

    Parameters
    ----------
    findings : FileFindings
        Grows by lines that cannot be read.
    every : bool
        Whether to list all sections of data, not only those of logs.

    Returns
    -------
    list of Table
        One a section of numbers; LAS 2.0 has one.

    Raises
    ------
    InputError
        If the header is damaged, or defines no curve or no numbers.
    """

    def complain(message: str) -> None:
        # Units of the index are compared by the reader, which knows the file and the cure.
        line = " ".join(message.split())[:200]
        finding = Finding(Severity.MINOR, "header-line", findings.path.name, line, "read past")
        if not line.startswith("Conflicting index units") and finding not in findings:
            findings.append(finding)

    with decoding(findings.path, "a LAS file", _CURE):
        with findings.path.open("rb") as stream:
            encoding = encoding_of(stream.read(_MOST_CHARACTERS))
        sections = _sections(findings.path, encoding)
        # Taken out of what lasio reads: it stops at a delimiter that it does not know.
        stated = [match for s in sections for line in s.lines if s.titled("V|W") and (match := _DELIMITER.match(line))]
        delimiter = stated[0][1].upper() if stated else ""
        if delimiter not in _DELIMITERS:
            raise findings.refusal(f"delimiter {delimiter!r} is not of LAS", "write it with DLM. COMMA")
        separator = _DELIMITERS[delimiter]
        first = [s for s in sections if s.titled("V|W")]
        header = [line for s in first for line in (s.title, *s.lines) if not _DELIMITER.match(line)]
        others = [s for s in sections if s.titled(r"P|\w+_Parameter") or (every and not s.titled(f"O|{_DEFINITION}"))]
        further = [line for s in others if s not in first for line in s.lines]
        written = {match[1].upper(): match[2] for line in (*header, *further) if (match := _ENTRY.match(line))}
        tables = []
        for at, numbers in enumerate(sections):
            if not numbers.titled(_DATA if every else _NUMBERS):
                continue
            # LAS 3.0 names the definition after a bar: ~Log_Data[2] | Log_Definition[2].
            bar = numbers.title.partition("|")[2].strip()
            if not bar and (own := re.match(r"~(\w+_)Data", numbers.title, re.IGNORECASE)):
                bar = f"{own[1]}Definition"
            named = [s for s in sections if bar and s.titled(re.escape(bar) + r"\s*$")]
            curves = named or [s for s in sections[:at] if s.titled(_CURVES)][-1:]
            if not curves:
                raise findings.refusal("no curve is defined (~C)", _CURE)
            text = "\n".join([*header, "~Parameter", *further, "~Curve", *curves[0].lines, "~ASCII", ""])
            with log_messages("lasio", complain):
                parsed = lasio.read(text, ignore_data=True, ignore_header_errors=True, mnemonic_case="preserve")
            if not len(parsed.curves):
                raise findings.refusal("no curve is defined (~C)", _CURE)
            names = tuple(str(curve.original_mnemonic).strip() for curve in parsed.curves)
            rows = TextRows(findings.path, numbers.first, names, len(names), separator, encoding, "~C", sections=True)
            tables.append(_table(parsed, numbers.title, rows, written))
        if not tables:
            raise findings.refusal("no section of log data (~A)", _CURE)
        titles = [table.title for table in tables]
        for at, table in enumerate(tables):
            if titles.count(table.title) > 1:
                tables[at] = replace(table, title=f"{table.title}[{titles[:at].count(table.title) + 1}]")
        return tables


def _table(parsed: lasio.LASFile, title: str, rows: TextRows, written: dict[str, str]) -> Table:
    """A section of numbers, by its title and the header that lasio parsed."""

    def entries(part: Any) -> dict[str, str]:
        texts = {str(item.mnemonic).upper(): item.value for item in part}
        texts = {name: _as_written(value, written.get(name, "")) for name, value in texts.items() if name}
        return {name: text for name, text in texts.items() if text}

    version, well = parsed.version, entries(parsed.well)
    return Table(
        str(version["VERS"].value) if "VERS" in version else "2.0",
        title.removeprefix("~").partition("|")[0].strip(),
        [str(curve.unit).strip() for curve in parsed.curves],
        [str(curve.descr).strip() for curve in parsed.curves],
        well,
        entries(parsed.params) | well,
        {str(item.mnemonic).upper(): str(item.descr).strip() for part in (parsed.params, parsed.well) for item in part},
        {name: str(parsed.well[name].unit).strip() for name in ("STRT", "STOP", "STEP") if name in parsed.well},
        "WRAP" in version and str(version["WRAP"].value).strip().upper().startswith("Y"),
        rows,
    )


def _as_written(value: object, written: str) -> str:
    """Text of an entry; of a number as it is written, for lasio makes 7 of a well named 007."""
    return written if isinstance(value, int | float) and Notation().number(written) == value else str(value).strip()


def _sections(path: Path, encoding: str) -> list[_Section]:
    """All sections of a file; the lines of data are passed over."""
    sections: list[_Section] = []
    size = 0
    inside = False
    with open_lines(path) as stream:
        for number, raw in enumerate(iter(lambda: stream.readline(_MOST_CHARACTERS), b"")):
            if inside and raw[:1] != b"~" and len(raw) < _MOST_CHARACTERS:
                continue
            line = raw.decode(encoding, "replace").rstrip("\r\n")
            if line.lstrip().startswith("~"):
                sections.append(_Section(line.strip(), number + 1, []))
                inside = sections[-1].titled(_DATA)
            elif sections:
                size += len(line)
                sections[-1].lines.append(line)
            if size > _MOST_CHARACTERS or len(raw) == _MOST_CHARACTERS:
                raise InputError(path, f"its header or a line is over {_MOST_CHARACTERS:,} characters long", _CURE)
    return sections
