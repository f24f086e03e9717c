"""Names of wells in tables, and whose rows are whose: no row is ever another well's."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from geobfdt.runtime.findings import Finding, InputError, Severity

__all__ = ["check_headings", "check_names", "rows_of", "well_key"]

Words = npt.NDArray[np.object_]
Mask = npt.NDArray[np.bool_]

_HEADING = re.compile(r"(?:well|well ?bore|bore ?hole|drill ?hole|hole|uwi)(?: ?(?:name|id))?\s*[:=#]?\s+(\S.*)", re.I)
_NO_NAME = ("", "-", "?", "nan", "null", "none", "n/a", "#n/a", "na", "-999", "-999.25", "-9999")


def well_key(name: str) -> str:
    """
    Name of a well for comparison: case and blanks do not matter.

    Examples
    --------
    >>> well_key("15/9-F-1  A") == well_key(" 15/9-f-1 a")
    True
    """
    return " ".join(name.split()).casefold()


def check_headings(path: Path, lines: Iterable[tuple[int, list[str]]]) -> None:
    """
    Refuse a table whose wells are named by lines of their own between the rows, such as ``Well: B-2``.

    Raises
    ------
    InputError
        If there are headings of several wells.
    """
    names_by_key: dict[str, str] = {}
    for line, cells in lines:
        filled = [cell for cell in cells if cell]
        if len(filled) <= 2 and (match := _HEADING.fullmatch(" ".join(filled))):
            names_by_key.setdefault(well_key(match[1]), f"line {line} {match[1]!r}")
    if len(names_by_key) > 1:
        observed = f"names {len(names_by_key)} wells on lines of their own: {', '.join(names_by_key.values())[:300]}"
        raise InputError(path, observed, "give each row its well in a column Well, or save a table for each well")


def check_names(path: Path, names: Words, lines: npt.NDArray[np.int64], findings: list[Finding]) -> Mask:
    """
    Tell the rows that belong to a well; fill in the name of the only one.

    Parameters
    ----------
    path : Path
        The table.
    names : array (rows,) of str
        Well of each row as written, changed in place: where only one well is named, blank rows are of it.
    lines : array (rows,)
        Line of each row, for findings.
    findings : list of Finding
        Grows by what was found.

    Returns
    -------
    array (rows,) of bool
        False for rows without a name in a table of several wells: they may be of any.
    """
    blank = np.array([name.strip().lower() in _NO_NAME for name in names], dtype=bool)
    names[blank] = ""
    wells = {well_key(name): name for name in names[~blank]}
    if not wells or not blank.any():
        return np.ones(len(names), dtype=bool)
    observed = f"{int(blank.sum())} rows name no well, the first is line {lines[blank][0]}"
    if len(wells) > 1:
        observed = f"{observed}, in a table of {len(wells)} wells"
        findings.append(
            Finding(Severity.MAJOR, "rows-without-well", path.name, observed, "left out; fill in their wells")
        )
        return np.asarray(~blank)
    (well,) = wells.values()
    findings.append(
        Finding(Severity.MINOR, "well-filled", path.name, f"{observed}; all others {well!r}", "taken as its rows")
    )
    names[blank] = well
    return np.ones(len(names), dtype=bool)


def rows_of(path: Path, names: Words, well: str, findings: list[Finding]) -> Mask | None:
    """
    Rows of a well, by its name without regard to case and blanks; None where the table names no well at all.

    Raises
    ------
    InputError
        If the table names several wells, and not this one.
    """
    names_by_key = {well_key(name): name for name in names if name}
    if not names_by_key:
        return None
    own = np.array([well_key(name) == well_key(well) for name in names], dtype=bool)
    others = sorted(name for key, name in names_by_key.items() if key != well_key(well))
    if not own.any():
        listed = ", ".join(others)[:300]
        raise InputError(path, f"no row of well {well!r}, but of {listed}", "give one of them as --well")
    if others:
        observed = f"{int((~own & (names != '')).sum())} rows are of other wells: {', '.join(others)[:200]}"
        findings.append(Finding(Severity.INFO, "other-wells", path.name, observed, "left out"))
    return own
