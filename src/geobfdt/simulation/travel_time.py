"""Travel times of an acoustic televiewer that hangs off the axis of its hole."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

from geobfdt.simulation.noise import smooth_series
from geobfdt.wells.image import WellImage, well_image

__all__ = ["SimulatedTravelTime", "TravelTimeSettings", "simulate_travel_time"]

Array = npt.NDArray[np.float64]

_BISECTIONS = 28  # Halvings of the distance to the wall: it is then exact to a nanometre.


class TravelTimeSettings(BaseModel):
    """
    Everything that simulated travel times depend on, besides the random generator.

    Examples
    --------
    >>> TravelTimeSettings(offset=0.004).columns
    144
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    top: float = Field(100.0, description="depth of the first row (m, MD)")
    length: float = Field(2.0, gt=0, description="logged length (m)")
    row_spacing: float = Field(0.005, gt=0, description="distance between rows (m)")
    columns: int = Field(144, ge=8, description="columns of the image")
    radius: float = Field(0.052, gt=0, description="mean radius of the hole (m)")
    growth: float = Field(0.0, description="change of the radius along the hole (m per m)")
    oval: float = Field(0.0005, ge=0, description="half the difference of the long and the short half axis (m)")
    oval_azimuth: float = Field(70.0, description="azimuth of the long axis (deg)")
    roughness: float = Field(0.0001, ge=0, description="standard deviation of the wall (m)")
    breakout_depth: float = Field(0.0, ge=0, description="greatest depth of a pair of lobes (m)")
    breakout_azimuth: float = Field(100.0, description="azimuth of one of the lobes (deg)")
    breakout_width: float = Field(40.0, gt=0, description="width of each lobe (deg)")
    breakout_span: tuple[float, float] = Field((0.0, 0.0), description="depths of the lobes below the top (m)")
    offset: float = Field(0.003, ge=0, description="mean distance of the tool from the hole axis (m)")
    offset_azimuth: float = Field(200.0, description="where the tool lies, seen from the axis (deg)")
    offset_wander: float = Field(0.2, ge=0, description="change of that distance along the hole, as a share of it")
    fluid_velocity: float = Field(1480.0, gt=0, description="speed of sound in the fluid (m/s)")
    tool_radius: float = Field(0.02, ge=0, description="distance at which the way through the fluid begins (m)")
    delay: float = Field(15e-6, ge=0, description="travel time of an echo from there (s)")
    resolution: float = Field(1e-7, ge=0, description="last digit of the times (s)")
    jitter: float = Field(1e-7, ge=0, description="standard deviation of the times (s)")
    no_echo: float = Field(0.0, ge=0, le=1, description="share of pixels without an echo, in patches")
    gate: float = Field(3e-4, gt=0, description="time that is recorded where no echo comes (s)")
    skips: float = Field(0.0, ge=0, le=1, description="share of pixels that are one cycle late or early")
    cycle: float = Field(3e-6, gt=0, description="length of a cycle (s)")
    attenuation: float = Field(30.0, ge=0, description="loss of amplitude along the way in the fluid (1/m)")
    beam: float = Field(0.12, gt=0, description="angle of incidence at which the amplitude falls to 1/e (rad)")


class SimulatedTravelTime(NamedTuple):
    """
    Travel times, amplitudes, and the hole behind them.

    Parameters
    ----------
    times : WellImage
        Two-way travel times (us), as the tool records them.
    amplitude : WellImage
        Amplitudes on the same pixels.
    radius : array (rows, columns)
        True radius about the hole axis at the image angles (m).
    rock : array (rows, columns)
        Amplitude that a tool on the axis would record.
    tool : array (rows, 2)
        True position of the tool seen from the hole axis (m): towards image angle 0, and towards 90 degrees.
    echo : array (rows, columns) of bool
        Whether the recorded time is that of the wall.
    """

    times: WellImage
    amplitude: WellImage
    radius: Array
    rock: Array
    tool: Array
    echo: npt.NDArray[np.bool_]


def simulate_travel_time(settings: TravelTimeSettings, rng: np.random.Generator) -> SimulatedTravelTime:
    """
    Simulate travel times and amplitudes.

    Parameters
    ----------
    settings : TravelTimeSettings
        Hole, tool and flaws.
    rng : Generator
        Source of randomness.

    Returns
    -------
    SimulatedTravelTime
        The images and their truth.

    Notes
    -----
    A ray leaves the tool at each image angle and meets the wall where its distance from the hole axis is that of the
    wall in that direction; bisection finds it. Amplitudes fall with the way through the fluid and with the angle
    between ray and wall.

    Examples
    --------
    >>> simulated = simulate_travel_time(TravelTimeSettings(), np.random.default_rng(0))
    >>> simulated.times["image"].shape
    (400, 144)
    """
    rows = max(round(settings.length / settings.row_spacing), 2)
    along = np.asarray(settings.row_spacing * np.arange(rows), dtype=np.float64)
    angle = (np.arange(settings.columns) + 0.5) * 360 / settings.columns
    waves = [
        (int(order), rng.uniform(0, 2 * np.pi), smooth_series(rng, along, 0.1) / order) for order in range(3, 12)
    ]  # fmt: skip
    size = np.sqrt(sum(np.var(series) / 2 for _, _, series in waves))

    def wall(turn: Array) -> Array:
        """Radius about the axis at angles (rad): array (rows, columns)."""
        radius = settings.radius + settings.growth * along[:, None]
        radius = radius + settings.oval * np.cos(2 * (turn - np.radians(settings.oval_azimuth)))
        for order, phase, series in waves:
            radius = radius + settings.roughness / size * series[:, None] * np.cos(order * turn + phase)
        first, last = settings.breakout_span
        inside = ((along >= first) & (along < last))[:, None]
        away = (np.degrees(turn) - settings.breakout_azimuth + 90) % 180 - 90
        lobe = np.clip(1 - (2 * away / settings.breakout_width) ** 2, 0, None)
        return np.asarray(radius + settings.breakout_depth * inside * lobe)

    size_of_offset = settings.offset * (1 + settings.offset_wander * smooth_series(rng, along, 0.7))
    where = np.radians(settings.offset_azimuth) + settings.offset_wander * smooth_series(rng, along, 0.7)
    tool = np.stack([size_of_offset * np.cos(where), size_of_offset * np.sin(where)], axis=1)
    t = np.radians(angle)
    low, high = np.zeros((rows, angle.size)), np.full((rows, angle.size), 3 * settings.radius)
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        x, y = tool[:, :1] + middle * np.cos(t), tool[:, 1:] + middle * np.sin(t)
        inside = np.hypot(x, y) < wall(np.arctan2(y, x))
        low, high = np.where(inside, middle, low), np.where(inside, high, middle)
    distance = (low + high) / 2
    x, y = tool[:, :1] + distance * np.cos(t), tool[:, 1:] + distance * np.sin(t)
    turn = np.arctan2(y, x)
    incidence = np.abs((np.broadcast_to(t, turn.shape) - turn + np.pi) % (2 * np.pi) - np.pi)

    def rock_at(turn: Array) -> Array:
        """Amplitude of the wall at angles (rad): beds, and a patch of another rock."""
        beds = 1 + 0.2 * bed_series[:, None] + 0.05 * np.cos(turn - 1.0) * patch_series[:, None]
        return np.asarray(1000 * beds.clip(0.2))

    bed_series, patch_series = smooth_series(rng, along, 0.1), smooth_series(rng, along, 0.2)
    loss = np.exp(-settings.attenuation * (distance - settings.radius) - (incidence / settings.beam) ** 2)
    amplitude = rock_at(turn) * loss * np.exp(0.03 * rng.standard_normal(turn.shape))
    seconds = settings.delay + 2 * (distance - settings.tool_radius) / settings.fluid_velocity
    seconds = seconds + settings.jitter * rng.standard_normal(seconds.shape)
    late = rng.random(seconds.shape) < settings.skips
    seconds = np.where(late, seconds + settings.cycle * rng.choice([-1, 1], seconds.shape), seconds)
    if settings.resolution:
        seconds = np.round(seconds / settings.resolution) * settings.resolution
    lost = _patches(seconds.shape, settings.no_echo, rng)
    seconds = np.where(lost, settings.gate, seconds)
    depth = settings.top + along
    common: dict[str, Any] = {"well": "W01", "tool": "ATV", "reference": "north", "north": "true"}
    hole: dict[str, Any] = {"deviation": 0.0, "hole_azimuth": 0.0}
    return SimulatedTravelTime(
        well_image(1e6 * seconds, depth, angle, units="us", dark="high", **hole, **common),
        well_image(amplitude, depth, angle, units="mV", **hole, **common),
        wall(np.broadcast_to(t, turn.shape)),
        rock_at(np.broadcast_to(t, turn.shape)),
        tool,
        ~(late | lost),
    )


def _patches(shape: tuple[int, ...], share: float, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    """Boxes of random place and size that cover about a share of an image."""
    out = np.zeros(shape, dtype=bool)
    rows, columns = shape
    while out.mean() < share:
        first, column = int(rng.integers(rows)), int(rng.integers(columns))
        high, wide = int(rng.integers(1, 12)), int(rng.integers(1, 1 + columns // 12))
        out[first : first + high, (column + np.arange(wide)) % columns] = True
    return out
