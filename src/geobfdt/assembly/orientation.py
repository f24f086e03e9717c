"""Where pad 1 points: bearings of the file, or those of its accelerometers and magnetometers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from geobfdt.geometry import convert_azimuth
from geobfdt.runtime.findings import InputError
from geobfdt.wells.pads import PadRecording

__all__ = ["Bearings", "Orientation", "bearings_of_sensors", "orient", "sensors_of", "smoothed"]

Array = npt.NDArray[np.float64]
Target = Literal["north", "high_side"]

# Accelerometers also measure the motion of the tool, which averages out over this length (m).
_SENSOR_SMOOTHING_M = 0.5
_TURN_SMOOTHING_M = 0.05
# Where less of the gravity than this share lies across the tool, its angle there says little.
_MIN_GRAVITY_ACROSS = 0.1
# In holes that deviate more (deg) the relative bearing is better than P1AZ, which a horizontal hole leaves undefined.
_INCLINED_DEG = 20.0


@dataclass(frozen=True)
class Bearings:
    """
    Directions of the hole, and of pad 1 round it.

    Parameters
    ----------
    deviation, hole_azimuth : array (rows,)
        Of the hole (deg); NaN where not known.
    relative_bearing : array (rows,)
        Angle of pad 1 from the high side, clockwise looking down-hole (deg).
    """

    deviation: Array
    hole_azimuth: Array
    relative_bearing: Array

    @property
    def pad1_azimuth(self) -> Array:
        """Azimuth of pad 1 in the horizontal plane (deg)."""
        rb, i = np.radians(self.relative_bearing), np.radians(self.deviation)
        return np.asarray(np.mod(self.hole_azimuth + np.degrees(np.arctan2(np.sin(rb), np.cos(rb) * np.cos(i))), 360.0))


@dataclass(frozen=True)
class Orientation:
    """
    How the tool hangs in the hole.

    Parameters
    ----------
    angle : array (rows,)
        Image angle of pad 1 from `reference` (deg).
    bearings : Bearings
        The same as directions, azimuths from `north`.
    reference : str
        ``north`` or ``high_side``.
    north : str
        Which north azimuths are from: true, magnetic or unknown.
    source : str
        What it was computed from.
    """

    angle: Array
    bearings: Bearings
    reference: Target
    north: str
    source: str


def sensors_of(recording: PadRecording) -> tuple[Array, Array] | None:
    """Acceleration and magnetic field in the frame of the tool: arrays (rows, 3); None if a component is missing."""
    names = [f"{kind}_{axis}" for kind in ("acceleration", "magnetic") for axis in "xyz"]
    if not all(name in recording.logs and np.isfinite(recording.logs[name]).any() for name in names):
        return None
    parts = np.stack([recording.logs[name] for name in names], axis=1)
    return parts[:, :3], parts[:, 3:]


def smoothed(gravity: Array, field: Array, depth: Array) -> tuple[Array, Array]:
    """
    Average sensors over the length in which the motion of the tool averages out.

    Parameters
    ----------
    gravity, field : array (rows, 3)
        Components in the frame of the tool.
    depth : array (rows,)
        Depths of the rows (m), increasing.

    Returns
    -------
    gravity, field : array (rows, 3)
        Averages, in the frame of the tool at each row.

    Notes
    -----
    The tool turns while it moves, and averages of turning components would shrink. So both are turned back by the
    angle of the gravity across the tool, or of the field in a hole that is nearly vertical; they are averaged in that
    frame, which hardly turns, and turned again.
    """
    across = np.hypot(gravity[:, 0], gravity[:, 1]) / np.linalg.norm(gravity, axis=1)
    lead = gravity if np.nanmedian(across) > _MIN_GRAVITY_ACROSS else field
    step = float(np.median(np.diff(depth))) if depth.size > 1 else 1.0

    def mean(values: npt.NDArray[Any], reach: float = _SENSOR_SMOOTHING_M) -> npt.NDArray[Any]:
        window = np.ones(min(2 * max(int(reach / step), 1) + 1, depth.size))
        measured = np.isfinite(values)
        sums = np.convolve(np.where(measured, values, 0.0), window, mode="same")
        counts = np.convolve(measured.astype(float), window, mode="same")
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(sums / counts)

    # The angle itself is smoothed over a length in which no tool turns by much.
    turn = np.exp(1j * np.angle(mean(lead[:, 0] + 1j * lead[:, 1], _TURN_SMOOTHING_M)))
    out = []
    for sensor in (gravity, field):
        flat = mean((sensor[:, 0] + 1j * sensor[:, 1]) / turn) * turn
        out.append(np.stack([flat.real, flat.imag, mean(sensor[:, 2])], axis=1))
    return out[0], out[1]


def bearings_of_sensors(gravity: Array, field: Array) -> Bearings:
    """
    Directions by the gravity and the magnetic field in the frame of the tool.

    Parameters
    ----------
    gravity, field : array (rows, 3)
        Components along x (pad 1), y (90 deg clockwise of it looking down-hole) and z (down-hole).

    Returns
    -------
    Bearings
        Azimuths are from magnetic north.

    Notes
    -----
    The gravity is the direction down, the part of the field across it is magnetic north, and their cross product is
    east. The axis z of the tool in these three is the direction of the hole; the part of gravity across z points to the
    low side, 180 deg from the high side.

    Examples
    --------
    >>> s = np.sin(np.radians(30)); c = np.cos(np.radians(30))
    >>> down = np.array([[-9.81 * s, 0.0, 9.81 * c]])  # pad 1 on the high side of a hole that deviates by 30 deg
    >>> found = bearings_of_sensors(down, np.array([[c, 0.0, s + 1e-12]]))  # and its magnetic azimuth is 0
    >>> found.deviation.round(3), found.relative_bearing.round(3), found.hole_azimuth.round(3)
    (array([30.]), array([0.]), array([0.]))
    """
    down = gravity / np.linalg.norm(gravity, axis=1, keepdims=True)
    north = field - (field * down).sum(axis=1, keepdims=True) * down
    north = north / np.linalg.norm(north, axis=1, keepdims=True)
    east = np.cross(down, north)
    deviation = np.degrees(np.arctan2(np.hypot(down[:, 0], down[:, 1]), down[:, 2]))
    azimuth = np.mod(np.degrees(np.arctan2(east[:, 2], north[:, 2])), 360.0)
    bearing = np.mod(np.degrees(np.arctan2(down[:, 1], -down[:, 0])), 360.0)
    return Bearings(deviation, azimuth, bearing)


def orient(
    recording: PadRecording, reference: Target, north: str, declination: float, sensors: Bearings | None
) -> Orientation:
    """
    Find where pad 1 points, row by row.

    Parameters
    ----------
    recording : PadRecording
        With the bearings of the file, if it has them.
    reference : {"north", "high_side"}
        Where image angle 0 shall point.
    north : str
        Which north the azimuths of the file are from: true, grid, magnetic or unknown.
    declination : float
        What to add to magnetic azimuths (deg); NaN if not known.
    sensors : Bearings or None
        Bearings by the sensors, from magnetic north, which are used where the file has none of its own.

    Returns
    -------
    Orientation
        Azimuths are from true north where the file's are magnetic and the declination is known.

    Raises
    ------
    InputError
        If nothing says how the tool is turned, or where the hole goes.

    Notes
    -----
    With d = P1AZ - HAZI, the relative bearing is atan2(sin d cos i, cos d) for the hole's inclination i, since P1AZ is
    the azimuth of pad 1 as seen on a map. In a vertical hole it is d itself, and HAZI, which is nothing but noise
    there, cancels.
    """
    logs = recording.logs
    measured = {name for name, values in logs.items() if np.isfinite(values).any()}
    deviation, azimuth = logs.get("deviation"), logs.get("hole_azimuth")
    hole = {"deviation", "hole_azimuth"} <= measured
    if "pad1_azimuth" in measured and hole:
        difference, i = np.radians(logs["pad1_azimuth"] - logs["hole_azimuth"]), np.radians(logs["deviation"])
        bearing = np.mod(np.degrees(np.arctan2(np.sin(difference) * np.cos(i), np.cos(difference))), 360.0)
        source = "P1AZ, DEVI and HAZI"
        if "relative_bearing" in measured:
            inclined = (logs["deviation"] > _INCLINED_DEG) & np.isfinite(logs["relative_bearing"])
            bearing = np.where(inclined, logs["relative_bearing"], bearing)
            source = "P1AZ, RB, DEVI and HAZI"
        result = Bearings(logs["deviation"], logs["hole_azimuth"], bearing)
    elif "pad1_azimuth_normal" in measured and hole:
        angle = logs["pad1_azimuth_normal"]
        bearing = convert_azimuth(angle, logs["deviation"], logs["hole_azimuth"], "north", "high_side")
        result, source = Bearings(logs["deviation"], logs["hole_azimuth"], bearing), "P1NO, DEVI and HAZI"
    elif "relative_bearing" in measured and (hole or reference == "high_side"):
        unknown = np.full(recording.rows, np.nan)
        directions = (unknown if deviation is None else deviation, unknown if azimuth is None else azimuth)
        result, source = Bearings(*directions, logs["relative_bearing"]), "RB" + (", DEVI and HAZI" if hole else "")
    elif sensors is not None:
        result, source, north = sensors, "accelerometers and magnetometers", "magnetic"
    elif measured & {"pad1_azimuth", "pad1_azimuth_normal", "relative_bearing"}:
        cure = "give --survey, or --deviation and --hole-azimuth (--deviation 0 for a vertical hole)"
        raise InputError(recording.place, "pads have bearings, and the direction of the hole is not known", cure)
    else:
        observed = "nothing says how the tool is turned: no P1AZ, P1NO, RB, nor accelerometers and magnetometers"
        raise InputError(recording.place, observed, "ask for the file with the channels of the inclinometer")
    if north == "magnetic" and np.isfinite(declination):
        result = Bearings(result.deviation, np.mod(result.hole_azimuth + declination, 360.0), result.relative_bearing)
        north = "true"
    angle = result.relative_bearing
    if reference == "north":
        angle = convert_azimuth(angle, result.deviation, result.hole_azimuth, "high_side", "north")
    return Orientation(angle, result, reference, north, source)
