"""The magnetic field of the earth at a place and a date, by the International Geomagnetic Reference Field (IGRF)."""

from __future__ import annotations

import datetime
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from geobfdt.geometry import signed_angle
from geobfdt.runtime.extras import import_extra
from geobfdt.runtime.findings import Finding, Severity
from geobfdt.wells.pads import PadRecording

__all__ = ["EarthField", "earth_field", "with_earth_field"]

# The file and the model agree within so much: the error of the model and of the crust (deg).
_DECLINATION_DEG, _DIP_DEG = 1.0, 1.5
# What a field in nanotesla is in the units that magnetometers are recorded in: nT, uT, and gauss or oersted.
_UNITS = (1.0, 1e-3, 1e-5)
# A unit follows from a strength that is at most so many times that of the model, or so many times below it.
_MOST_TIMES = 2.0


class EarthField(NamedTuple):
    """
    Field of the earth.

    Parameters
    ----------
    declination : float
        Angle of the field east of true north (deg).
    dip : float
        Angle below the horizontal (deg).
    strength : float
        In nanotesla.
    """

    declination: float
    dip: float
    strength: float


def earth_field(latitude: float, longitude: float, date: datetime.date) -> EarthField:
    """
    Compute the field at sea level.

    Parameters
    ----------
    latitude, longitude : float
        Geodetic (deg), north and east are +.
    date : date
        Day of the recording.

    Raises
    ------
    InputError
        If the package ``ppigrf`` is not installed.
    """
    model = import_extra("ppigrf", "magnetic")
    noon = datetime.datetime.combine(date, datetime.time(12))
    east, north, up = (float(np.ravel(part)[0]) for part in model.igrf(longitude, latitude, 0.0, noon))
    level = float(np.hypot(east, north))
    declination, dip = np.degrees(np.arctan2(east, north)), np.degrees(np.arctan2(-up, level))
    return EarthField(float(declination), float(dip), float(np.hypot(level, up)))


def with_earth_field(recording: PadRecording, earth: EarthField) -> PadRecording:
    """
    Give a recording the field of a model where its file says nothing of it, and compare both where it does.

    Parameters
    ----------
    recording : PadRecording
        As read.
    earth : EarthField
        From :func:`earth_field`.

    Returns
    -------
    PadRecording
        With declination, ``field_dip`` and ``field_strength``; what the file says stays, with a finding where it
        differs.

    Examples
    --------
    >>> import numpy as np
    >>> recording = PadRecording("a.dlis", np.array([1.0, 2.0]), {}, constants={"field_dip": 60.0})
    >>> filled = with_earth_field(recording, EarthField(2.0, 70.0, 50_000.0))
    >>> filled.attributes["declination"], filled.constants["field_dip"], [f.kind for f in filled.findings]
    (2.0, 60.0, ['declination-from-model', 'field-model-differs'])
    """
    findings = list(recording.findings)
    attributes, constants = dict(recording.attributes), dict(recording.constants)

    def add(severity: Severity, kind: str, observed: str, action: str) -> None:
        findings.append(Finding(severity, kind, recording.place, observed, action))

    own = float(attributes.get("declination", np.nan))
    if not np.isfinite(own):
        attributes["declination"] = earth.declination
        action = f"{earth.declination:+.2f} deg by the IGRF taken"
        add(Severity.INFO, "declination-from-model", "the file does not say its declination", action)
    elif abs(signed_angle(own - earth.declination)) > _DECLINATION_DEG:
        observed = f"the file says declination {own:+.2f} deg, the IGRF {earth.declination:+.2f} deg"
        add(Severity.MAJOR, "declination-differs-from-model", observed, "that of the file kept: check place and date")
    dip = constants.setdefault("field_dip", earth.dip)
    # A file may give the size of the dip only.
    if min(abs(dip - earth.dip), abs(dip + earth.dip)) > _DIP_DEG:
        observed = f"the file says that the field dips by {dip:.1f} deg, the IGRF {earth.dip:.1f} deg"
        add(Severity.MAJOR, "field-model-differs", observed, "that of the file kept: check place and date")
    if "field_strength" not in constants and (strength := _in_unit_of(recording, earth.strength)) is not None:
        constants["field_strength"] = strength
    return replace(recording, attributes=attributes, constants=constants, findings=findings)


def _in_unit_of(recording: PadRecording, strength: float) -> float | None:
    """Strength (nT) in the unit of the magnetometers; None where no unit fits."""
    axes = [recording.logs.get(f"magnetic_{axis}") for axis in "xyz"]
    if any(axis is None for axis in axes):
        return None
    measured = float(np.nanmedian(np.linalg.norm(np.stack([axis for axis in axes if axis is not None]), axis=0)))
    scaled = [strength * unit for unit in _UNITS]
    return next((size for size in scaled if size / _MOST_TIMES < measured < size * _MOST_TIMES), None)
