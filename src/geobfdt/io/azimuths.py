"""Azimuths as files have them: within one turn, over it, or in gradians that no file names."""

from __future__ import annotations

import numpy as np

from geobfdt.io.arrays import Array
from geobfdt.io.file_findings import FileFindings
from geobfdt.runtime.findings import Severity

__all__ = ["within_turn"]

_GRADIANS = 400.0  # A turn in gradians.


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
        some lie over 360, and none lies outside of 0 to 400.

    Examples
    --------
    >>> from pathlib import Path
    >>> found = FileFindings(Path("a.csv"))
    >>> within_turn(np.array([10.0, 360.0, 399.0]), "Azimuth", "", found)
    array([ 10., 360.,  39.])
    >>> found[0].severity.value
    'major'
    """
    out = (azimuth < 0) | (azimuth > 360)
    if not out.any():
        return azimuth
    gradians = not unit and bool(np.nanmin(azimuth) >= 0 and np.nanmax(azimuth) <= _GRADIANS)
    action = "taken as degrees, modulo 360"
    if gradians:
        action += "; if they are gradians, give the column the unit gon"
    observed = f"{int(out.sum())} azimuths of {name!r} lie outside 0 to 360"
    findings.add(Severity.MAJOR if gradians else Severity.MINOR, "azimuth-wrapped", observed, action)
    return np.where(out, azimuth % 360.0, azimuth)
