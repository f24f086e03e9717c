"""Checks of an inclinometer: gravity, magnetic field, turning, and bearings against sensors."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt

from geobfdt.assembly.orientation import Bearings, bearings_of_sensors, sensors_of, smoothed
from geobfdt.assembly.speed import GRAVITY
from geobfdt.geometry import signed_angle
from geobfdt.runtime.findings import Finding, Severity
from geobfdt.wells.pads import PadRecording

__all__ = ["InclinometerCheck", "check_bearings", "check_inclinometer", "north_of_bearings"]

Array = npt.NDArray[np.float64]

# Gravity, and strength of the field, agree within this share; the dip of the field and bearings within so much (deg).
_GRAVITY_SHARE, _FIELD_SHARE, _DIP_DEG, _BEARING_DEG = 0.01, 0.02, 1.5, 3.0
# A field whose strength scatters by more of its size is disturbed by steel or by magnetic rock.
_FIELD_SCATTER = 0.03
# A tool that turns faster (turns a metre) smears the image and strains the cable: one turn in 10 m is the usual limit.
_MAX_TURNS_A_METRE = 0.1
# Other signs of the magnetometer have to explain the field better by this factor, and by so much (deg).
_MIRROR_FACTOR, _MIRROR_DEG = 3.0, 1.0
# With the right signs of the accelerometers, relative bearings agree so far (deg).
_SIGN_DEG = 20.0
# Bearings of a hole that deviates less (deg) say nothing of its high side.
_VERTICAL_DEG = 3.0


@dataclass(frozen=True)
class InclinometerCheck:
    """
    What the sensors of a recording say.

    Parameters
    ----------
    sensors : Bearings or None
        Bearings by the sensors, from magnetic north, after a mirrored axis is turned back; None without sensors.
    mirrored : bool
        Whether the magnetometer was mirrored, so that bearings of the file that agree with it are wrong.
    findings : list of Finding
        What disagrees.
    """

    sensors: Bearings | None
    mirrored: bool
    findings: list[Finding]


def check_inclinometer(recording: PadRecording) -> InclinometerCheck:
    """
    Check accelerometers and magnetometers against the earth and against each other.

    Notes
    -----
    Gravity has one size, and the field one size and one angle from it, however the tool turns. With one axis of the
    magnetometer mirrored the size stays and the angle swings with every turn of a tool in an inclined hole: the signs
    that hold the angle still are the right ones. With the axis along the tool mirrored the angle is still and wrong,
    which shows where the file says how the field dips. In a vertical hole nothing swings, and only bearings of the
    file can show it (see :func:`check_bearings`).
    """
    parts = sensors_of(recording)
    if parts is None:
        observed = "the file lacks components of accelerometer or magnetometer"
        note = Finding(Severity.INFO, "sensors-missing", recording.place, observed, "bearings are not checked by them")
        return InclinometerCheck(None, False, [note])
    findings = _FindingsOf(recording.place)
    upright = _upright(parts[0], recording, findings)
    if upright is None:
        return InclinometerCheck(None, False, findings)
    parts = (upright, parts[1])
    stated = recording.constants.get("field_dip")
    signs = _signs(*parts, stated)
    mirrored = -1 in signs
    gravity, field = smoothed(parts[0], parts[1] * np.array(signs), recording.depth)
    _check_sizes(gravity, field, recording.constants, findings)
    if mirrored:
        axes = ", ".join(axis for axis, sign in zip("XYZ", signs, strict=True) if sign < 0)
        before, after = (_in_words(_dip(parts[0], parts[1] * np.array(trial))) for trial in ((1, 1, 1), signs))
        observed = f"the magnetic field dips by {before} as the tool turns, by {after} with the sign of {axes} turned"
        findings.add(Severity.MAJOR, "magnetometer-mirrored", observed, f"{axes} of the magnetometer turned")
    dip = _dip(gravity, field)
    if stated is not None and abs(abs(np.nanmedian(dip)) - abs(stated)) > _DIP_DEG:
        observed = f"the magnetic field dips by {np.nanmedian(dip):.1f} deg, where the file says {stated:.1f}"
        findings.add(Severity.MAJOR, "field-dip-differs", observed, "check the magnetometer, or the place of the well")
    return InclinometerCheck(bearings_of_sensors(gravity, field), mirrored, findings)


def check_bearings(recording: PadRecording, sensors: Bearings | None) -> list[Finding]:
    """
    Check the bearings of the file against each other and against those of the sensors.

    Parameters
    ----------
    recording : PadRecording
        With the bearings of the file.
    sensors : Bearings or None
        Bearings by the sensors.

    Returns
    -------
    list of Finding
        What disagrees, and a tool that turns fast.
    """
    findings = _FindingsOf(recording.place)
    logs = recording.logs
    have = {name for name in logs if np.isfinite(logs[name]).any()}
    if {"pad1_azimuth", "relative_bearing", "deviation", "hole_azimuth"} <= have:
        own = Bearings(logs["deviation"], logs["hole_azimuth"], logs["relative_bearing"])
        apart = signed_angle(own.pad1_azimuth - logs["pad1_azimuth"])[logs["deviation"] > _VERTICAL_DEG]
        if apart.size and np.nanmedian(np.abs(apart)) > _BEARING_DEG:
            observed = f"P1AZ differs from what RB, DEVI and HAZI give by {np.nanmedian(np.abs(apart)):.1f} deg"
            findings.add(Severity.MAJOR, "bearings-disagree", observed, "one of them is of another tool or sign")
    if sensors is not None and "pad1_azimuth" in have:
        apart = signed_angle(sensors.pad1_azimuth - logs["pad1_azimuth"])
        scatter, middle = _circular_scatter(apart)
        turned = _circular_scatter(signed_angle(sensors.pad1_azimuth + logs["pad1_azimuth"]))[0]
        if scatter > _BEARING_DEG and turned < scatter / _MIRROR_FACTOR:
            observed = "P1AZ turns one way while the sensors turn the other"
            action = "one of both is mirrored: compare dips with another survey before using azimuths"
            findings.add(Severity.MAJOR, "bearings-mirrored", observed, action)
        elif scatter > _BEARING_DEG:
            observed = f"P1AZ and the bearings of the sensors scatter by {scatter:.1f} deg about {middle:.1f} deg"
            findings.add(Severity.MAJOR, "bearings-contradict-sensors", observed, "the bearings of the file are taken")
    angle = logs.get("pad1_azimuth", logs.get("relative_bearing"))
    if angle is not None and recording.rows > 1:
        measured = np.isfinite(angle)
        turns = np.unwrap(angle[measured], period=360.0) / 360.0
        at = recording.depth[measured]
        whole = np.abs(np.interp(at + 10.0, at, turns) - turns)[at <= at[-1] - 10.0] / 10.0 if at.size else np.empty(0)
        if whole.size and whole.max() > _MAX_TURNS_A_METRE:
            where = at[int(np.argmax(whole))]
            observed = f"the tool turns by {10 * whole.max():.1f} turns in 10 m at {where:.0f} m"
            findings.add(Severity.MINOR, "tool-turns-fast", observed, "look at the image there")
    return findings


def north_of_bearings(
    recording: PadRecording, sensors: Bearings | None, declination: float
) -> tuple[str, list[Finding]]:
    """
    Find which north the azimuths of the file are from, by how they differ from those of the magnetometers.

    Returns
    -------
    north : str
        ``magnetic``, ``true``, or ``unknown``.
    findings : list of Finding
        How it was found.
    """
    azimuth = recording.logs.get("pad1_azimuth")
    if sensors is None or azimuth is None:
        return "unknown", []
    scatter, middle = _circular_scatter(signed_angle(azimuth - sensors.pad1_azimuth))
    if not scatter < _BEARING_DEG:
        return "unknown", []
    fits = {"magnetic": abs(middle)}
    if np.isfinite(declination):
        fits["true"] = abs(float(signed_angle(np.array(middle - declination))))
    north = min(fits, key=lambda name: float(fits[name]))
    apart = sorted(float(value) for value in fits.values())
    if apart[0] > _DIP_DEG or (len(apart) > 1 and apart[1] - apart[0] < 0.5):
        return "unknown", []
    observed = f"P1AZ is {middle:+.1f} deg from the azimuth of the magnetometers"
    return north, [Finding(Severity.INFO, "north-found", recording.place, observed, f"taken as from {north} north")]


class _FindingsOf(list[Finding]):
    def __init__(self, place: str) -> None:
        super().__init__()
        self.place = place

    def add(self, severity: Severity, kind: str, observed: str, action: str) -> None:
        self.append(Finding(severity, kind, self.place, observed, action))


def _upright(gravity: Array, recording: PadRecording, findings: _FindingsOf) -> Array | None:
    """Turn accelerometers that read the gravity upwards, by signs that the relative bearing proves; None without it."""
    deviation = recording.logs.get("deviation", np.zeros(1))
    if not np.nanmedian(gravity[:, 2]) < 0 or np.nanmedian(np.nan_to_num(deviation)) > 90:
        return gravity
    bearing = recording.logs.get("relative_bearing")
    observed = "the accelerometer along the tool reads the gravity upwards"
    for signs, what in (((1, 1, -1), "its sign"), ((-1, -1, -1), "the signs of all three")):
        trial = gravity * np.array(signs)
        own = np.degrees(np.arctan2(trial[:, 1], -trial[:, 0]))
        if bearing is not None and np.nanmedian(np.abs(signed_angle(own - bearing))) < _SIGN_DEG:
            action = f"{what} turned, as the relative bearing proves"
            findings.add(Severity.MINOR, "accelerometer-sign", observed, action)
            return np.asarray(trial)
    findings.add(
        Severity.MAJOR, "accelerometer-sign", observed, "sensors not used: nothing says which signs are turned"
    )
    return None


def _check_sizes(gravity: Array, field: Array, constants: dict[str, float], findings: _FindingsOf) -> None:
    size = float(np.nanmedian(np.linalg.norm(gravity, axis=1)))
    expected = constants.get("gravity", GRAVITY)
    # A file may give the gravity in other units, or nonsense.
    expected = expected if 9.7 < expected < 9.9 else GRAVITY
    if abs(size / expected - 1) > _GRAVITY_SHARE:
        observed = f"the accelerometers measure a gravity of {size:.2f} m/s2 instead of {expected:.2f}"
        findings.add(Severity.MAJOR, "gravity-differs", observed, "check gains and units of the accelerometers")
    strength = np.linalg.norm(field, axis=1)
    middle = float(np.nanmedian(strength))
    stated = constants.get("field_strength")
    if stated and 0.2 < middle / stated < 5 and abs(middle / stated - 1) > _FIELD_SHARE:
        observed = f"the magnetic field is {middle / stated:.3f} times as strong as the file says"
        findings.add(Severity.MAJOR, "field-strength-differs", observed, "check the magnetometer, or look for steel")
    scatter = float(np.nanpercentile(np.abs(strength / middle - 1), 95)) if middle > 0 else 0.0
    if scatter > _FIELD_SCATTER:
        observed = f"the strength of the magnetic field varies by {100 * scatter:.0f} %"
        findings.add(Severity.MAJOR, "field-disturbed", observed, "azimuths near casing or magnetic rock are wrong")


def _dip(gravity: Array, field: Array) -> Array:
    """Angle of the field below the horizontal (deg)."""
    across = (gravity * field).sum(axis=1) / np.linalg.norm(gravity, axis=1) / np.linalg.norm(field, axis=1)
    return np.asarray(np.degrees(np.arcsin(np.clip(across, -1, 1))))


def _in_words(angle: Array) -> str:
    return f"{np.nanmedian(angle):.1f} +- {_scatter(angle):.1f} deg"


def _scatter(angle: Array) -> float:
    """Return the usual distance from the middle (deg), which the slips of the tool hardly move."""
    return float(1.48 * np.nanmedian(np.abs(angle - np.nanmedian(angle))))


def _signs(gravity: Array, field: Array, stated: float | None) -> tuple[int, ...]:
    """Signs of the magnetometer that hold the dip still, and at what the file says; those as recorded, if they do."""
    trials = sorted(product((1, -1), repeat=3), key=lambda signs: signs.count(-1))
    dips = {signs: _dip(gravity, field * np.array(signs)) for signs in trials}
    scatters = {signs: _scatter(dip) for signs, dip in dips.items()}
    best = min(scatters.values())
    steady = [signs for signs in trials if scatters[signs] <= _MIRROR_FACTOR * best + _MIRROR_DEG]
    if stated is not None:
        near = [signs for signs in steady if abs(abs(np.nanmedian(dips[signs])) - abs(stated)) <= _DIP_DEG]
        steady = near or steady
    # Those as recorded come first, then those with one sign turned.
    return steady[0]


def _circular_scatter(angle: Array) -> tuple[float, float]:
    """Median distance from the circular middle, and that middle (deg)."""
    measured = angle[np.isfinite(angle)]
    if not measured.size:
        return np.inf, np.nan
    middle = float(np.degrees(np.angle(np.exp(1j * np.radians(measured)).mean())))
    return float(np.median(np.abs(signed_angle(measured - middle)))), middle
