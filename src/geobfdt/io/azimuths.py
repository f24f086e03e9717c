"""Azimuths as files have them: within one turn, over it, or in gradians that no file names."""

from __future__ import annotations

import numpy as np

from geobfdt.io.arrays import Array
from geobfdt.io.file_findings import FileFindings
from geobfdt.runtime.findings import Severity

__all__ = ["may_be_radians", "within_turn"]

_GRADIANS = 400.0  # A turn in gradians.
_MIN_ANGLES = 10  # Fewer azimuths may all be near north, and fewer dips nearly level.


def within_turn(azimuth: Array, name: str, unit: str, findings: FileFindings) -> Array:
    """
    Azimuths brought into 0 to 360; a finding counts those that lie outside.

    Parameters
    ----------
    azimuth : array (n,)
        Azimuths (deg), NaN where there is none.
    name : str
        Their column or curve, for the finding.
    unit : str
        As the file spells it; an empty string where it names none.
    findings : FileFindings
        Grows by ``azimuth-wrapped``. It is a major finding where the azimuths may be gradians: the file names no unit,
        some lie over 360, and none lies outside of 0 to 400. So it is where all that lie outside are -1.
        It grows by ``angles-may-be-radians`` where the file names no unit and no azimuth exceeds a turn in radians.

    Examples
    --------
    >>> from pathlib import Path
    >>> found = FileFindings(Path("a.csv"))
    >>> within_turn(np.array([10.0, 360.0, 399.0]), "Azimuth", "", found)
    array([ 10., 360.,  39.])
    >>> found[0].severity.value
    'major'
    """
    if not unit:
        _check_radians(azimuth, name, findings)
    out = (azimuth < 0) | (azimuth > 360)
    if not out.any():
        return azimuth
    gradians = not unit and bool(np.nanmin(azimuth) >= 0 and np.nanmax(azimuth) <= _GRADIANS)
    action = "taken as degrees, modulo 360"
    # One value that stands alone below zero is rather a null than a direction.
    one_value = int(out.sum()) > 1 and np.unique(azimuth[out]).tolist() == [-1.0]
    if one_value:
        action += "; if -1 stands for no value, say so (nulls: [-1] in a mapping file) or empty those cells"
    if gradians:
        action += "; if they are gradians, give the column the unit gon"
    observed = f"{int(out.sum())} azimuths of {name!r} lie outside 0 to 360"
    findings.add(Severity.MAJOR if gradians or one_value else Severity.MINOR, "azimuth-wrapped", observed, action)
    return np.where(out, azimuth % 360.0, azimuth)


def may_be_radians(angles: Array, largest: float) -> bool:
    """
    Say whether angles without a unit may be radians: many, none above the largest one (rad), and some fractional.

    Examples
    --------
    >>> may_be_radians(np.linspace(0.1, 1.5, 12), np.pi / 2), may_be_radians(np.arange(12.0), np.pi / 2)
    (True, False)
    """
    return len(angles) >= _MIN_ANGLES and bool(angles.max() <= largest + 1e-3 and (angles % 1 > 0).any())


def _check_radians(azimuth: Array, name: str, findings: FileFindings) -> None:
    """Add a finding where many azimuths without a unit are as small as radians, and differ by fractions."""
    values = azimuth[np.isfinite(azimuth)]
    if may_be_radians(np.abs(values), 2 * np.pi) and np.ptp(values) >= 1:
        observed = f"no azimuth of {name!r} exceeds {np.abs(values).max():.3g}, and nothing names its unit"
        findings.major("angles-may-be-radians", observed, "read as degrees; if they are radians, name the unit rad")
