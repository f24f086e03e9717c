"""Directions and dips as geologists write them: ``N45E``, ``NNW``, ``30°``, ``30SE``."""

from __future__ import annotations

import re

__all__ = ["compass_point", "read_azimuth", "read_dip"]

_POINTS = ("N", "NNE", "NE", "ENE", "E", "ESE", "SE", "SSE", "S", "SSW", "SW", "WSW", "W", "WNW", "NW", "NNW")
_WORDS = re.compile(r"(NORTH|SOUTH|EAST|WEST)(ERLY)?[\s-]*")
_ANGLE = r"(\d+(?:[.,]\d+)?)\s*(?:[°º˚]|DEG(?:REES?)?\.?)?(?:\s*(\d+(?:[.,]\d+)?)\s*['\u2032])?"
_QUADRANT = re.compile(rf"([NS])[\s-]*{_ANGLE}[\s-]*([EW])")
_DIP = re.compile(rf"{_ANGLE}[\s-]*([NSEW]{{0,3}})")


def compass_point(text: str) -> float | None:
    """
    Direction of a compass word (deg), None if it is none.

    Examples
    --------
    >>> compass_point("NNW"), compass_point("south-east"), compass_point("N45E")
    (337.5, 135.0, None)
    """
    word = _upper(text)
    return 22.5 * _POINTS.index(word) if word in _POINTS else None


def read_azimuth(text: str) -> float | None:
    """
    Azimuth of a quadrant bearing, a compass word or a number with its sign (deg); None if the text is none of them.

    Examples
    --------
    >>> read_azimuth("N45E"), read_azimuth("S 30° W"), read_azimuth("NE"), read_azimuth("135°"), read_azimuth("N95E")
    (45.0, 210.0, 45.0, 135.0, None)
    """
    word = _upper(text)
    if word in _POINTS:
        return compass_point(text)
    if match := _QUADRANT.fullmatch(word):
        angle = _degrees(match[2], match[3])
        if angle is None or angle > 90:
            return None
        east = angle if match[1] == "N" else 180 - angle
        return east if match[4] == "E" else (360 - east) % 360
    side = read_dip(text)
    return side[0] if side is not None and side[1] is None else None


def read_dip(text: str) -> tuple[float, float | None] | None:
    """
    Dip (deg), and the direction of the side that stands behind it, if any; None if the text is no dip.

    Examples
    --------
    >>> read_dip("30SE"), read_dip("60°"), read_dip("12° 30'"), read_dip("steep")
    ((30.0, 135.0), (60.0, None), (12.5, None), None)
    """
    match = _DIP.fullmatch(_upper(text))
    angle = _degrees(match[1], match[2]) if match else None
    if match is None or angle is None or (match[3] and match[3] not in _POINTS):
        return None
    return angle, compass_point(match[3])


def _upper(text: str) -> str:
    return _WORDS.sub(lambda match: match[1][0], text.strip().upper()).strip()


def _degrees(degrees: str, minutes: str | None) -> float | None:
    part = float((minutes or "0").replace(",", "."))
    return float(degrees.replace(",", ".")) + part / 60 if part < 60 else None
