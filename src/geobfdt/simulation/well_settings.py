"""Settings of a simulated well, and how a random one is drawn."""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from geobfdt.geometry import Reference
from geobfdt.simulation.flaws import Flaws
from geobfdt.simulation.geology import Geology, draw_geology
from geobfdt.simulation.tools import TOOLS, ToolName

__all__ = ["WellSettings", "draw"]


class WellSettings(BaseModel):
    """
    Everything that a simulated well depends on, besides the random generator.

    Contrasts and noise are in units of rock property, where a clear bed boundary is 1.

    Examples
    --------
    >>> WellSettings(tool="fms", deviation=35).reference
    'north'
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    well: str = Field("W01", description="name of the well")
    tool: ToolName = Field("fmi", description="preset of geobfdt.simulation.tools")
    top: float = Field(1000.0, ge=0, description="depth of the first row (m, MD)")
    length: float = Field(60.0, gt=0, le=20_000, description="logged length (m)")
    row_spacing: float | None = Field(None, gt=0, le=0.5, description="distance between rows (m); None: the tool's")
    columns: int | None = Field(None, ge=4, le=1440, description="columns of the image; None: the tool's")
    diameter: float = Field(0.2159, ge=0.05, le=1, description="bit diameter (m)")
    deviation: float = Field(0.0, ge=0, le=120, description="hole inclination from vertical at the top (deg)")
    hole_azimuth: float = Field(0.0, ge=0, lt=360, description="hole azimuth at the top (deg)")
    deviation_drift: float = Field(0.0, description="change of inclination (deg per m)")
    azimuth_drift: float = Field(0.0, description="change of hole azimuth (deg per m)")
    reference: Reference = Field("north", description="where image angle 0 points")
    geology: Geology = Field(Geology(), description="beds and fractures")

    roughness: float = Field(0.001, ge=0, le=0.05, description="deviation of fractures from the ideal trace (m)")
    washouts: float = Field(0.0, ge=0, description="washouts per 100 m")
    breakouts: float = Field(0.0, ge=0, description="stretches of breakout per 100 m")
    induced: float = Field(0.0, ge=0, description="stretches of drilling-induced fractures per 100 m")
    spiral: float = Field(0.0, ge=0, description="contrast of a spiral hole")
    caliper_error: float = Field(0.0, ge=0, le=0.2, description="slow relative variation of the diameter")

    noise: float = Field(0.15, ge=0, description="white noise of the measurement")
    row_noise: float = Field(1.0, ge=0, description="noise shared by a row, times the tool's own")
    blur: float = Field(1.0, ge=0, le=10, description="point spread, times the tool's own")
    rotation: float = Field(0.05, description="tool rotation (turns per m)")
    gain_spread: float = Field(0.08, ge=0, le=1, description="scatter of gains and offsets between buttons and pads")
    dead_buttons: float = Field(0.0, ge=0, le=0.5, description="share of buttons that are dead")
    pad_offset: float = Field(0.0, ge=0, le=0.1, description="residual depth error between pads (m)")
    stick_slip: float = Field(0.0, ge=0, le=0.1, description="residual depth error of stick and slip (m)")
    streaks: float = Field(1.0, ge=0, description="vertical streaks and shading, times the tool's own")

    flaws: Flaws = Field(Flaws(), description="flaws of the recorded image that real bedding shows together")
    broad_contrast: bool = Field(
        False, description="whether beds are judged over all that sectors and smoothing spread their boundaries over"
    )

    static: Literal["linear", "equalised"] = Field("linear", description="how the static image was scaled")
    clip: float = Field(0.5, ge=0, lt=20, description="values saturated at each end of the static image (%)")
    dynamic_window: float = Field(1.0, gt=0, description="window of the dynamic image (m)")
    quantised: bool = Field(False, description="whether values are whole numbers")
    wrong_range: bool = Field(False, description="whether values run 0 to 15 instead of 0 to 255")

    style: Literal["dense", "sparse", "fractures", "beds"] = Field("dense", description="what the interpreter picks")
    misses: float = Field(0.05, ge=0, le=1, description="share of clear planes that the interpreter misses")
    jitter: float = Field(0.003, ge=0, description="interpreter's error in depth and trace amplitude (m)")
    unpicked: float = Field(0.0, ge=0, le=1, description="share of the well that was not interpreted")
    depth_shift: float = Field(0.0, description="shift of all picks against the image (m)")

    @model_validator(mode="after")
    def _oriented(self) -> WellSettings:
        if self.reference == "north" and _along_north(self.deviation, self.hole_azimuth) > 0.9995:
            raise ValueError("a hole that points north has no north side; use the high_side reference")
        return self

    def grid(self) -> tuple[float, int]:
        """Row spacing (m) and number of columns of the image."""
        tool = TOOLS[self.tool]
        return self.row_spacing or tool.row_spacing, self.columns or tool.columns


def draw(rng: np.random.Generator, **fixed: Any) -> WellSettings:
    """
    Draw a random well, wide enough to cover tools and rocks that were never seen.

    Parameters
    ----------
    rng : Generator
        Source of randomness; how much of it is used does not depend on `fixed`.
    **fixed
        Settings to hold, such as ``tool="fmi"``.

    Returns
    -------
    WellSettings
        The well.

    Examples
    --------
    >>> settings = draw(np.random.default_rng(0), tool="fmi", length=5.0)
    >>> settings.tool, settings.length, settings == draw(np.random.default_rng(0), tool="fmi", length=5.0)
    ('fmi', 5.0, True)
    """
    hole_rng, tool_rng, wall_rng, interpreter_rng, rock_rng = rng.spawn(5)
    settings: dict[str, Any] = {"geology": draw_geology(rock_rng)}
    settings |= _draw_hole(hole_rng, fixed) | _draw_tool(tool_rng, fixed)
    settings |= _draw_wall(wall_rng) | _draw_interpreter(interpreter_rng)
    return WellSettings(**(settings | fixed))


def _along_north(deviation: float, hole_azimuth: float) -> float:
    """Cosine of the angle between a hole and the north-south line."""
    return abs(math.sin(math.radians(deviation)) * math.cos(math.radians(hole_azimuth)))


def _draw_hole(rng: np.random.Generator, fixed: dict[str, Any]) -> dict[str, Any]:
    kind = rng.choice(4, p=[0.45, 0.3, 0.1, 0.15])
    ranges = ((0, 6), (6, 60), (60, 80), (80, 95))
    random_deviation = float(rng.uniform(*ranges[kind]))
    deviation = float(fixed.get("deviation", random_deviation))
    # High side is undefined in a vertical hole; north is the exception in a steeply deviated one.
    weights = (1.0, 0.0, 0.0) if deviation < 3 else (0.5, 0.3, 0.2) if deviation < 30 else (0.2, 0.55, 0.25)
    random_azimuth = rng.uniform(0, 359.9)
    azimuth = round(float(fixed.get("hole_azimuth", random_azimuth)), 2)
    reference = rng.choice(["north", "high_side", "pseudo_north"], p=weights)
    return {
        "top": round(float(rng.uniform(100, 4000)), 1),
        "diameter": round(float(np.exp(rng.normal(np.log(0.2), 0.3)).clip(0.1, 0.44)), 4),
        "deviation": round(deviation, 2),
        "hole_azimuth": azimuth,
        "deviation_drift": round(float(rng.normal(0, 0.03)), 4),
        "azimuth_drift": round(float(rng.normal(0, 0.05)), 4),
        "reference": "high_side" if _along_north(deviation, azimuth) > 0.95 else str(reference),
        "caliper_error": round(float(rng.uniform(0, 0.012)), 4),
    }


def _draw_tool(rng: np.random.Generator, fixed: dict[str, Any]) -> dict[str, Any]:
    names = list(TOOLS)
    random_tool = str(rng.choice(names, p=[TOOLS[name].share for name in names]))
    tool = TOOLS[str(fixed.get("tool", random_tool))]
    return {
        "tool": tool.name,
        "row_spacing": float(rng.choice(tool.row_spacings)),
        "columns": int(rng.choice(tool.column_counts)),
        "noise": round(float(np.exp(rng.normal(np.log(0.14), 0.6))), 3),
        "row_noise": round(float(np.exp(rng.normal(0, 0.5))), 3),
        "blur": round(float(np.exp(rng.normal(0, 0.3))), 3),
        "rotation": round(float(rng.normal(0, 0.06)), 4),
        "gain_spread": round(float(rng.uniform(0, 0.2)), 3),
        "dead_buttons": round(float(rng.choice([0, rng.uniform(0, 0.04)], p=[0.4, 0.6])), 4),
        "pad_offset": round(float(rng.choice([0, rng.uniform(0, 0.005)], p=[0.3, 0.7])), 4),
        "stick_slip": round(float(rng.choice([0, rng.uniform(0.002, 0.02)], p=[0.5, 0.5])), 4),
        "streaks": round(float(np.exp(rng.normal(0, 0.5))), 3),
        "static": str(rng.choice(["linear", "equalised"], p=[0.7, 0.3])),
        "clip": round(float(rng.uniform(0.1, 3)), 2),
        "dynamic_window": round(float(rng.uniform(0.5, 3)), 2),
        "quantised": bool(rng.random() < 0.5),
    }


def _draw_wall(rng: np.random.Generator) -> dict[str, Any]:
    def sometimes(share: float, low: float, high: float) -> float:
        amount = float(rng.uniform(low, high))
        return round(amount, 3) if rng.random() < share else 0.0

    return {
        "roughness": round(float(np.exp(rng.normal(np.log(0.0018), 0.6)).clip(0, 0.008)), 5),
        "washouts": sometimes(0.4, 0.5, 8),
        "breakouts": sometimes(0.25, 1, 10),
        "induced": sometimes(0.2, 1, 10),
        "spiral": sometimes(0.12, 0.05, 0.4),
    }


def _draw_interpreter(rng: np.random.Generator) -> dict[str, Any]:
    unpicked = float(rng.uniform(0.05, 0.4))
    return {
        "style": str(rng.choice(["dense", "sparse", "fractures", "beds"], p=[0.5, 0.3, 0.12, 0.08])),
        "misses": round(float(rng.uniform(0.01, 0.15)), 3),
        "jitter": round(float(np.exp(rng.normal(np.log(0.003), 0.5))), 4),
        "unpicked": round(unpicked, 3) if rng.random() < 0.3 else 0.0,
    }
