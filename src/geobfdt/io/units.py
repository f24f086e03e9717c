"""Units of length and angle, in the spellings that files have for them."""

from __future__ import annotations

import math
import re
from functools import cache

from geobfdt.io.names import names_of

__all__ = ["FOOT", "METRES", "angle_factor", "length_factor"]

METRES = {"m": 1.0, "cm": 0.01, "mm": 0.001, "ft": 0.3048, "in": 0.0254, "0.1 in": 0.00254}
FOOT = METRES["ft"]

_DEGREES = {"deg": 1.0, "rad": math.degrees(1)}
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
    >>> angle_factor("dega"), angle_factor("gon")
    (1.0, None)
    """
    return _factors("angles").get(unit.strip().lower() or "deg")
