"""The north of azimuths, and the declination, as the header of a file states them outside of its table."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from geobfdt.io.file_findings import FileFindings
from geobfdt.io.names import names_of, pattern

__all__ = ["StatedNorth", "north_word", "read_stated_north", "remark"]

Remark = tuple[str, str]  # What an entry or a line of a title is about, and what it says.

_DEGREES = re.compile(r"([-+]?\d+(?:[.,]\d+)?)\s*(?:deg\w*|°)?\s*([EW])?(?:ast|est)?", re.IGNORECASE)
_REFERENCES = {"north": "north", "pseudonorth": "pseudo_north"} | dict.fromkeys(
    ("highside", "topofhole", "hs"), "high_side"
)
_YES = ("yes", "y", "1", "applied", "corrected")


@dataclass(frozen=True)
class StatedNorth:
    """
    What a header says of azimuths.

    Parameters
    ----------
    norths : tuple of str
        Norths that it names: true, grid, magnetic; each once.
    reference : str
        Where apparent azimuth 0 points: north, high_side or pseudo_north; an empty string where it does not say it.
    declination : float
        What to add to magnetic azimuths (deg); NaN where it does not say it.
    """

    norths: tuple[str, ...] = ()
    reference: str = ""
    declination: float = np.nan


def remark(line: str) -> Remark:
    """
    Split a line of a title at its first colon or equals sign.

    Examples
    --------
    >>> remark("# North reference: grid"), remark("Azimuths from true north")
    (('# North reference', 'grid'), ('', 'Azimuths from true north'))
    """
    first, *rest = re.split("[:=]", line, maxsplit=1)
    return (first.strip(), rest[0].strip()) if rest else ("", first.strip())


def north_word(text: str) -> set[str]:
    """
    Return the norths that a text names.

    Examples
    --------
    >>> north_word("Geographic"), north_word("TN"), sorted(north_word("magnetic to grid north")), north_word("north")
    ({'true'}, {'true'}, ['grid', 'magnetic'], set())
    """
    words = re.findall(r"[a-z]+", text.lower())
    names = {north: str(spellings).split() for north, spellings in names_of("norths").items()}
    whole = {north for north, spellings in names.items() if "".join(words) in spellings}
    # Letters such as T or GN are certain where they are all that stands there.
    return whole or {north for north, spellings in names.items() if {w for w in spellings if len(w) > 2} & set(words)}


def read_stated_north(remarks: Iterable[Remark], findings: FileFindings) -> StatedNorth:
    """
    Read what a header says of azimuths.

    Parameters
    ----------
    remarks : iterable of (str, str)
        Entries of the header: name with description, and value; of a line that has no name, an empty string.
    findings : FileFindings
        Grows by what is about north and is not understood.

    Examples
    --------
    >>> from pathlib import Path
    >>> entries = [("AZIM_REF azimuth reference", "MAGNETIC NORTH"), ("DECL magnetic declination", "4.5 W")]
    >>> read_stated_north(entries, FileFindings(Path("a.las")))
    StatedNorth(norths=('magnetic',), reference='', declination=-4.5)
    """
    norths: dict[str, None] = {}
    reference, declinations, unread = "", set[float](), list[str]()
    for name, value in remarks:
        if not value or pattern("no_value").fullmatch(value) or value.lower() in ("unknown", "unkn"):
            continue
        spoken = name.replace("_", " ")
        if pattern("of_declination").search(spoken):
            degrees = _degrees(value)
            declinations |= set() if degrees is None else {degrees}
            understood = degrees is not None
        elif pattern("of_north").search(spoken):
            named, other = north_word(value), _reference(value)
            reference = reference or ("" if named else other)
            understood = len(named) == 1 or bool(other and not named)
            norths |= dict.fromkeys(named) if understood else {}
        elif pattern("north_phrase").search(spoken if name else value):
            # A switch such as TRUE_NORTH, or a line of text.
            named = north_word(" ".join(match[0] for match in pattern("north_phrase").finditer(spoken or value)))
            understood = len(named) == 1 and (not name or value.lower() in _YES)
            norths |= dict.fromkeys(named) if understood else {}
        else:
            understood = not pattern("of_correction").search(spoken)
        if not understood:
            unread.append(f"{name}: {value}" if name else value)
    if len(declinations) > 1:
        unread.append(f"declinations of {' and '.join(f'{value:g}' for value in sorted(declinations))} deg")
    if unread:
        observed = f"the header says {'; '.join(text[:80] for text in unread[:5])}"
        action = "not used; check from which north its azimuths are, and give --north"
        findings.major("north-unread", observed, action)
    return StatedNorth(tuple(norths), reference, declinations.pop() if len(declinations) == 1 else np.nan)


def _degrees(text: str) -> float | None:
    """Degrees, east is positive; None where a text is no such number."""
    match = _DEGREES.fullmatch(text.strip())
    if match is None:
        return None
    value = float(match[1].replace(",", "."))
    return -abs(value) if (match[2] or "").upper() == "W" else value


def _reference(value: str) -> str:
    """Direction of apparent azimuth 0 that a text names."""
    key = "".join(re.findall(r"[a-z]+", value.lower()))
    return _REFERENCES.get(key, "")
