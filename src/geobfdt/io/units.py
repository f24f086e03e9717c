"""Units of length and angle, in the spellings that files have for them."""

from __future__ import annotations

import math
import re

__all__ = ["FOOT", "METRES", "angle_factor", "length_factor"]

METRES = {"m": 1.0, "cm": 0.01, "mm": 0.001, "ft": 0.3048, "in": 0.0254, "0.1 in": 0.00254}
FOOT = METRES["ft"]

_SPELLINGS = {
    "metre": "m", "metres": "m", "meter": "m", "meters": "m", "f": "ft", "feet": "ft", "foot": "ft", "inch": "in",
    "inches": "in", "centimetre": "cm", "centimetres": "cm", "centimeter": "cm", "centimeters": "cm",
    "millimetre": "mm", "millimetres": "mm", "millimeter": "mm", "millimeters": "mm",
}  # fmt: skip
_TENTH = re.compile(r"0?\.1 ?(in|inch|inches)")
_ANGLES = {
    "": 1.0, "deg": 1.0, "dega": 1.0, "degree": 1.0, "degrees": 1.0, "dd": 1.0, "°": 1.0,
    "rad": math.degrees(1), "radian": math.degrees(1), "radians": math.degrees(1),
}  # fmt: skip


def length_factor(unit: str) -> float | None:
    """
    Metres in a unit of length, None if the unit is not known.

    Examples
    --------
    >>> length_factor("Feet"), length_factor(".1IN"), length_factor("furlong")
    (0.3048, 0.00254, None)
    """
    word = " ".join(unit.lower().split())
    if _TENTH.fullmatch(word):
        return METRES["0.1 in"]
    return METRES.get(_SPELLINGS.get(word, word))


def angle_factor(unit: str) -> float | None:
    """
    Degrees in a unit of angle, None if the unit is not known; no unit means degrees.

    Examples
    --------
    >>> angle_factor("dega"), angle_factor("gon")
    (1.0, None)
    """
    return _ANGLES.get(unit.strip().lower())
