"""Imaging tools: coverage of the wall and resolution of each."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

__all__ = ["TOOLS", "Tool", "ToolName"]

ToolName = Literal["fmi", "fms", "cmi", "lwd56", "lwd16", "atv", "otv"]


@dataclass(frozen=True)
class Tool:
    """
    A tool preset.

    Parameters
    ----------
    name : str
        Name in :data:`TOOLS`.
    share : float
        How often random wells have it.
    columns, row_spacing : int, float
        Its usual image grid (row spacing in m).
    column_counts, row_spacings : tuple
        Grids that random wells have.
    pads, buttons, segments, pitch : int, int, int, float
        Pads round the hole, buttons on each, electronic segments (pad, flap) of each, distance between buttons (m).
        No pads: the tool covers the whole turn.
    blur : float
        Standard deviation of the point spread (m).
    row_noise, noise, streaks, shading : float
        Noise shared by a row; white noise, times the well's; vertical streaks; bands along the hole from a tool that
        is off centre.
    beds : float
        Contrast of beds in its image, against that of fractures.
    oversampling : int, int
        Rows and columns of the wall behind each pixel.

    Examples
    --------
    >>> TOOLS["fmi"].coverage(0.2032)
    0.796
    """

    name: ToolName
    share: float
    columns: int
    row_spacing: float
    column_counts: tuple[int, ...]
    row_spacings: tuple[float, ...]
    pads: int = 0
    buttons: int = 0
    segments: int = 1
    pitch: float = 0.0
    blur: float = 0.003
    row_noise: float = 0.03
    noise: float = 1.0
    streaks: float = 0.0
    shading: float = 0.0
    beds: float = 1.0
    oversampling: tuple[int, int] = (1, 1)

    def coverage(self, diameter: float) -> float:
        """Share of the wall that the tool covers in a hole of that diameter (m)."""
        return min(self.pads * self.buttons * self.pitch / (math.pi * diameter), 1.0) if self.pads else 1.0


_INCH_M = 0.0254  # Length of an inch.

# Buttons and coverage as in the open descriptions of these tools; blur, noise and shading by eye against real images.
TOOLS: dict[str, Tool] = {
    tool.name: tool
    for tool in (
        Tool("fmi", 0.3, 360, 0.1 * _INCH_M, (360, 360, 270, 192), (0.1 * _INCH_M,), 4, 48, 2, 0.002647, 0.0025),
        Tool("fms", 0.1, 360, 0.1 * _INCH_M, (360, 256), (0.1 * _INCH_M,), 4, 16, 1, 0.0035, 0.003),
        Tool("cmi", 0.15, 360, 0.1 * _INCH_M, (360, 176), (0.1 * _INCH_M, 0.005), 8, 22, 1, 0.0025, 0.0025),
        Tool(
            "lwd56", 0.14, 56, 0.3 * _INCH_M, (56, 56, 120), (0.3 * _INCH_M, 0.01, 0.02),
            blur=0.011, row_noise=0.25, streaks=0.1, shading=0.35, oversampling=(2, 3),
        ),
        Tool(
            "lwd16", 0.03, 16, 0.1, (16,), (0.1, 0.05),
            blur=0.04, row_noise=0.4, streaks=0.1, shading=0.5, oversampling=(10, 6),
        ),
        Tool(
            "atv", 0.14, 144, 0.004, (72, 144, 180, 288), (0.0025, 0.004, 0.00667),
            blur=0.0025, row_noise=0.15, noise=0.7, streaks=0.25, shading=0.7, beds=0.45,
        ),
        Tool(
            "otv", 0.14, 360, 0.002, (180, 360), (0.001, 0.002, 0.004),
            blur=0.0008, row_noise=0.03, noise=0.4, streaks=0.4, shading=0.4, beds=0.6,
        ),
    )
}  # fmt: skip
