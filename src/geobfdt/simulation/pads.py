"""A pad tool on its way up a simulated hole: what its buttons and its inclinometer record, and the truth of each."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field
from scipy.ndimage import gaussian_filter1d, map_coordinates

from geobfdt.assembly.tool_geometry import ToolGeometry, geometry_of
from geobfdt.geometry import hole_frame
from geobfdt.simulation.hole import Hole, draw_hole
from geobfdt.simulation.noise import smooth_series
from geobfdt.simulation.tool_motion import ToolMotion, pull_up
from geobfdt.simulation.wall import Wall
from geobfdt.simulation.well_settings import WellSettings
from geobfdt.wells.pads import PadRecording

__all__ = ["CONTRAST", "PadFlaws", "SimulatedPads", "simulate_pads"]

Array = npt.NDArray[np.float64]
Grey = npt.NDArray[np.float32]

_ROW_M = 0.00254  # Distance between the rows that a tool records.
_WALL_ROWS = 2  # Rows of wall for each of them.
_COLUMNS = 360  # Columns of the wall.
_SPEED = 0.15  # Of the cable (m/s).
_BLUR_M = 0.0025  # Point spread of a button.
#: Logarithm of the resistivity for a rock property of 1.
CONTRAST = 0.7
_GRAVITY = 9.80665
_REACH_M = 2.5  # The wall goes so far beyond the cable's depths: a tool that slips, and its flaps.
_BLOCK_ROWS = 1024  # Rows of wall that are drawn at a time.


class PadFlaws(BaseModel):
    """
    What disturbs a recording.

    Examples
    --------
    >>> PadFlaws(stick_slip=0.0).dead_buttons
    0.02
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    stick_slip: float = Field(0.06, ge=0, description="how far the cable stretches before the tool slips (m)")
    stick_spacing: float = Field(3.0, gt=0, description="distance between places where the tool sticks (m)")
    row_offset: float = Field(0.0015, ge=0, description="residual offsets between rows of buttons (m)")
    flap_offset: float = Field(0.006, ge=0, description="residual offsets between pads and flaps (m)")
    gain_spread: float = Field(0.15, ge=0, description="scatter of the gains of buttons, as a logarithm")
    dead_buttons: float = Field(0.02, ge=0, le=1, description="share of buttons that are dead")
    dead_pads: tuple[int, ...] = Field((), description="pads, from 0, all buttons of which are dead")
    emex_steps: float = Field(0.3, ge=0, description="steps of the voltage a metre")
    noise: float = Field(0.02, ge=0, description="noise of a button, as a share of its current")
    accelerometer_noise: float = Field(0.01, ge=0, description="of each axis (m/s2)")
    accelerometer_zero: float = Field(0.03, description="of each axis (m/s2)")
    bearing_noise: float = Field(0.1, ge=0, description="of the bearings in the file (deg)")
    mirrored: str = Field("", description="axes of the magnetometer that are mirrored: x, y, z")

    @classmethod
    def none(cls) -> PadFlaws:
        """Return no flaw at all."""
        return cls(
            stick_slip=0, row_offset=0, flap_offset=0, gain_spread=0, dead_buttons=0, emex_steps=0, noise=0,
            accelerometer_noise=0, accelerometer_zero=0, bearing_noise=0,
        )  # fmt: skip


@dataclass(frozen=True)
class SimulatedPads:
    """
    A recording and its truth, rows downwards.

    Parameters
    ----------
    recording : PadRecording
        What the tool recorded.
    hole : Hole
        On the rows of the recording, in the reference of the image.
    wall : Wall
        What it recorded.
    motion : ToolMotion
        How it moved, upwards.
    tool : array (rows,)
        Depth of the first row of buttons at each row (m).
    turn : array (rows,)
        Image angle of pad 1 from north (deg).
    shifts : dict of str to float
        Residual offset of each array (m, down is +).
    gains : dict of str to array (buttons,)
        Gain of each button; 0 for a dead one.
    """

    recording: PadRecording
    hole: Hole
    wall: Wall
    motion: ToolMotion
    tool: Array
    turn: Array
    shifts: dict[str, float]
    gains: dict[str, Array]


def simulate_pads(
    settings: WellSettings,
    rng: np.random.Generator,
    flaws: PadFlaws | None = None,
    *,
    geometry: ToolGeometry | None = None,
    fractured: bool = True,
) -> SimulatedPads:
    """
    Simulate the recording of a pad tool.

    Parameters
    ----------
    settings : WellSettings
        The hole and its rock; its tool is not used.
    rng : Generator
        Source of randomness; the same state gives the same rock, whatever the flaws.
    flaws : PadFlaws, optional
        What disturbs the recording.
    geometry : ToolGeometry, optional
        The tool; default: FMI.
    fractured : bool
        Whether the rock has its fractures.

    Returns
    -------
    SimulatedPads
        The recording and its truth. Currents are conductivities times voltage, gain and response.

    Examples
    --------
    >>> pads = simulate_pads(WellSettings(length=1.0), np.random.default_rng(0))
    >>> pads.recording.arrays["FCA1"].shape[1], sorted(pads.recording.logs)[:2]
    (12, ['acceleration_x', 'acceleration_y'])
    """
    flaws, geometry = flaws or PadFlaws(), geometry or geometry_of("FMI")
    hole_rng, wall_rng, motion_rng, turn_rng, gain_rng, noise_rng = rng.spawn(6)
    rows = max(round(settings.length / _ROW_M), 100)
    cable: Array = np.asarray(settings.top + _ROW_M * np.arange(rows))
    count = int((settings.length + 2 * _REACH_M) / _ROW_M) * _WALL_ROWS
    depth: Array = np.asarray(settings.top - _REACH_M + _ROW_M / _WALL_ROWS * np.arange(count))
    hole = draw_hole(settings, depth, _COLUMNS, hole_rng)
    wall = Wall(settings, hole, wall_rng)
    picture = _draw(wall, fractured=fractured)
    motion = pull_up(cable[::-1], _SPEED, flaws.stick_slip, motion_rng, flaws.stick_spacing)
    tool = motion.tool[::-1]
    turn_log = 360 * turn_rng.random() + 360 * settings.rotation * (depth - depth[0])
    turn_log = turn_log + 8 * smooth_series(turn_rng, depth, 3.0)
    turn = np.interp(tool, depth, turn_log)
    emex = _voltage(cable, flaws, gain_rng)
    arrays, shifts, gains = {}, {}, {}
    radius = np.interp(tool, depth, hole.diameter) / 2
    flap_shifts = gain_rng.normal(0, flaws.flap_offset, geometry.pads)
    for row in geometry.rows:
        for pad, name in enumerate(row.arrays):
            # The rows of a flap move together, those of a part hardly.
            shifts[name] = float(gain_rng.normal(0, flaws.row_offset)) if row.along else 0.0
            shifts[name] += float(flap_shifts[pad]) if row.part == "flap" else 0.0
            response = np.exp(flaws.gain_spread * gain_rng.standard_normal(row.buttons))
            response[gain_rng.random(row.buttons) < flaws.dead_buttons] = 0.0
            gains[name] = response * (pad not in flaws.dead_pads)
            at = (tool + row.along_m + shifts[name] - depth[0]) * _WALL_ROWS / _ROW_M
            angle = turn[:, None] + 360 * pad / geometry.pads + np.degrees(row.across_m / radius[:, None])
            column = np.mod(angle * _COLUMNS / 360 - 0.5, _COLUMNS)
            place = [np.broadcast_to(at[:, None], column.shape), column]
            current = map_coordinates(picture, place, order=1, mode="grid-wrap", prefilter=False)
            # A dead button has a little noise of its own.
            noise = flaws.noise * noise_rng.standard_normal(current.shape) * (gains[name] > 0)
            current = current * (1 + noise) * gains[name] * emex["emex"][:, None] * emex["gain"][:, None]
            current += 1e-3 * noise_rng.standard_normal(current.shape) * (gains[name] == 0)
            arrays[name] = current.astype(np.float32)
    logs = {"time": motion.time, **emex, **_inclinometer(settings, hole, depth, tool, turn, motion, flaws, noise_rng)}
    size = np.interp(tool, depth, hole.diameter)
    logs |= {"caliper_1": size, "caliper_2": size.copy()}
    attributes = {"well": settings.well, "tool": "FMI", "declination": _DECLINATION_DEG}
    recording = PadRecording(
        f"{settings.well}.dlis", cable, arrays, logs, attributes, {"field_dip": _FIELD_DIP_DEG, "gravity": _GRAVITY}
    )
    return SimulatedPads(recording, hole, wall, motion, tool, np.mod(turn, 360), shifts, gains)


def _draw(wall: Wall, *, fractured: bool) -> Grey:
    """Conductivity of a wall as a button sees it."""
    rows, columns = wall.hole.depth.size, wall.hole.angle.size
    picture = np.empty((rows, columns), np.float32)
    for first in range(0, rows, _BLOCK_ROWS):
        last = min(first + _BLOCK_ROWS, rows)
        picture[first:last] = wall.block(first, last)[0 if fractured else 1]
    arc = math.pi * float(np.median(wall.hole.diameter)) / columns
    picture = gaussian_filter1d(picture, _BLUR_M / wall.hole.step, axis=0)
    picture = gaussian_filter1d(picture, _BLUR_M / arc, axis=1, mode="wrap")
    return np.asarray(np.exp(-CONTRAST * picture), dtype=np.float32)


def _voltage(cable: Array, flaws: PadFlaws, rng: np.random.Generator) -> dict[str, Array]:
    """Voltage and gain, which change in steps."""
    length = float(cable[-1] - cable[0])
    out = {}
    for name, size in (("emex", 2.0), ("gain", 10.0)):
        count = rng.poisson(flaws.emex_steps * length)
        edges = np.sort(rng.uniform(cable[0], cable[-1], count))
        levels = size * 2.0 ** rng.integers(-2, 3, count + 1) if count else np.full(1, size)
        out[name] = np.asarray(levels[np.searchsorted(edges, cable)], dtype=np.float64)
    return out


_DECLINATION_DEG = 4.0  # Of the field that the magnetometer measures.
_FIELD_DIP_DEG = 60.0


def _inclinometer(  # noqa: PLR0913 - the parts of one simulation
    settings: WellSettings, hole: Hole, depth: Array, tool: Array, turn: Array, motion: ToolMotion,
    flaws: PadFlaws, rng: np.random.Generator,
) -> dict[str, Array]:  # fmt: skip
    """Sensors in the frame of the tool, and the bearings that a contractor computes, from true north."""
    deviation = np.interp(tool, depth, hole.deviation)
    azimuth = np.interp(tool, depth, np.unwrap(hole.azimuth, period=360.0))
    axis, line, right = hole_frame(deviation, azimuth, settings.reference)
    radians = np.radians(turn)[:, None]
    forward = np.cos(radians) * line + np.sin(radians) * right  # where pad 1 points
    side = np.cross(axis, forward)
    gravity = np.array([0.0, 0.0, -_GRAVITY])
    dip, declination = math.radians(_FIELD_DIP_DEG), math.radians(_DECLINATION_DEG)
    level = math.cos(dip)
    field = 0.48 * np.array([level * math.sin(declination), level * math.cos(declination), -math.sin(dip)])
    logs: dict[str, Array] = {}
    moving = {"x": 0.0, "y": 0.0, "z": motion.acceleration[::-1]}
    for letter, unit in zip("xyz", (forward, side, axis), strict=True):
        noise = flaws.accelerometer_noise * rng.standard_normal(tool.size) + flaws.accelerometer_zero
        logs[f"acceleration_{letter}"] = unit @ gravity - moving[letter] + noise
        sign = -1.0 if letter in flaws.mirrored else 1.0
        logs[f"magnetic_{letter}"] = sign * (unit @ field)
    _, high, beside = hole_frame(deviation, azimuth, "high_side")
    bearing = np.degrees(np.arctan2((forward * beside).sum(axis=1), (forward * high).sum(axis=1)))

    def read(angle: Array) -> Array:
        return np.asarray(np.mod(angle + flaws.bearing_noise * rng.standard_normal(angle.size), 360.0))

    logs["deviation"] = np.abs(deviation + 0.3 * flaws.bearing_noise * rng.standard_normal(tool.size))
    logs["hole_azimuth"] = read(azimuth)
    logs["pad1_azimuth"] = read(np.degrees(np.arctan2(forward[:, 0], forward[:, 1])))
    logs["relative_bearing"] = read(bearing)
    return logs
