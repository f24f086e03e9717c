"""Units of length and angle, in the spellings that files have for them, and the one that a file agrees on."""

from __future__ import annotations

import math
import re
from functools import cache

from geobfdt.io.file_findings import FileFindings
from geobfdt.io.names import names_of

__all__ = ["FOOT", "METRES", "agreed_unit", "angle_factor", "length_factor", "time_factor"]

METRES = {"m": 1.0, "cm": 0.01, "mm": 0.001, "ft": 0.3048, "in": 0.0254, "0.1 in": 0.00254}
FOOT = METRES["ft"]

_DEGREES = {"deg": 1.0, "rad": math.degrees(1), "gon": 0.9}
# Seconds in a unit of travel time, and how many of it a file counts as one: "0.1 us", "100ns", "1/10 us".
_SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "usec": 1e-6, "microseconds": 1e-6, "ns": 1e-9, "nsec": 1e-9}
_TIME = re.compile(r"(?:(\d+(?:\.\d+)?|\.\d+)(?:/(\d+))?)? ?([a-z]+)\.?")
_TENTH = re.compile(r"0?\.1 ?(in|inch|inches)")


@cache
def _factors(kind: str) -> dict[str, float]:
    """Factors to metres or degrees, by every spelling of a unit."""
    factors = METRES if kind == "lengths" else _DEGREES
    return factors | {word: factors[unit] for unit, words in names_of(kind).items() for word in words.split()}


def length_factor(unit: str) -> float | None:
    """
    Metres in a unit of length, None if the unit is not known.

    Examples
    --------
    >>> length_factor("Feet"), length_factor(".1IN"), length_factor("furlong")
    (0.3048, 0.00254, None)
    """
    word = " ".join(unit.lower().split())
    return METRES["0.1 in"] if _TENTH.fullmatch(word) else _factors("lengths").get(word)


def angle_factor(unit: str) -> float | None:
    """
    Degrees in a unit of angle, None if the unit is not known; no unit means degrees.

    Examples
    --------
    A grad is a gradian in English and a degree in German.

    >>> angle_factor("dega"), angle_factor("gon"), angle_factor("grad")
    (1.0, 0.9, None)
    """
    return _factors("angles").get(unit.strip().lower() or "deg")


def time_factor(unit: str) -> float | None:
    """
    Seconds in a unit of travel time, None if the unit is not known.

    Examples
    --------
    >>> time_factor("us"), time_factor("0.1 \N{MICRO SIGN}s"), time_factor("100NS"), time_factor("mm")
    (1e-06, 1e-07, 1e-07, None)
    """
    word = " ".join(unit.lower().replace("\N{MICRO SIGN}", "u").replace("\N{GREEK SMALL LETTER MU}", "u").split())
    match = _TIME.fullmatch(word)
    if match is None or match[3] not in _SECONDS:
        return None
    count = float(match[1] or 1) / float(match[2] or 1) if float(match[2] or 1) else 0.0
    return round(count * _SECONDS[match[3]], 15) or None


def agreed_unit(units: dict[str, str], stated: str | None, findings: FileFindings) -> str:
    """
    Return the unit of depths that all places of a file agree on.

    Parameters
    ----------
    units : dict
        Unit by the place that names it (``STRT``, ``DEPT``, ``the units row``); empty ones are passed over.
    stated : str or None
        The user's ``--depth-unit``, which decides where they differ.
    findings : FileFindings
        Grows by these.

    Raises
    ------
    InputError
        If two places name different units and the user none.

    Examples
    --------
    >>> from pathlib import Path
    >>> agreed_unit({"STRT": "F", "DEPT": "ft"}, None, FileFindings(Path("a.las")))
    'F'
    """
    lengths = {place: unit for place, unit in units.items() if length_factor(unit) is not None}
    if len({length_factor(unit) for unit in lengths.values()}) > 1:
        observed = f"the unit of depths is {', '.join(f'{unit} in {place}' for place, unit in lengths.items())}"
        if stated is None:
            raise findings.refusal(observed, "give the right one as --depth-unit (in a mapping file: depth_unit)")
        findings.major("depth-unit-conflict", observed, f"read as {stated}, as stated")
        return stated
    return next(iter(lengths.values()), "") or next((unit for unit in units.values() if unit), "")
