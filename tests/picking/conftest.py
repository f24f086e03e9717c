"""Synthetic images with known planes, made pixel by pixel here and by nothing under test."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from geobfdt.wells.image import WellImage, well_image


def trace(at: tuple[float, float, float], angles: np.ndarray) -> np.ndarray:
    """Depth of a trace, written out once more."""
    t = np.radians(angles)
    return at[0] + at[1] * np.cos(t) + at[2] * np.sin(t)


@dataclass(frozen=True)
class Scene:
    """An image and the planes drawn on it."""

    image: WellImage
    fractures: np.ndarray
    beds: np.ndarray


def draw(
    fractures: list[tuple[float, float, float]],
    beds: list[tuple[float, float, float]],
    *,
    top: float = 100.0,
    length: float = 6.0,
    row: float = 0.005,
    columns: int = 72,
    diameter: float = 0.2,
    noise: float = 0.4,
    contrast: float = 2.0,
    thick: float = 0.008,
    pads: int = 0,
    seed: int = 0,
    **attributes: object,
) -> Scene:
    """Dark lines for fractures, alternating steps for beds, white noise, and gaps between slowly turning pads."""
    rng = np.random.default_rng(seed)
    depth = top + row * np.arange(round(length / row))
    angles = (np.arange(columns) + 0.5) * 360 / columns
    pixels = noise * rng.normal(size=(depth.size, columns))
    for i, bed in enumerate(beds):
        pixels += (-1) ** i * contrast * (depth[:, None] > trace(bed, angles))
    for fracture in fractures:
        pixels -= 1.5 * contrast * np.exp(-(((depth[:, None] - trace(fracture, angles)) / thick) ** 2) / 2)
    if pads:
        phase = (angles + 15 * (depth[:, None] - top)) % (360 / pads)
        pixels[phase > 0.75 * 360 / pads] = np.nan
    hole = {"diameter": diameter, "deviation": 0.0, "hole_azimuth": 0.0}
    properties = {"well": "S-1", "reference": "north", **hole, **attributes}
    return Scene(well_image(pixels, depth, angles, **properties), np.array(fractures), np.array(beds))


@pytest.fixture(scope="session")
def make_scene() -> Callable[..., Scene]:
    """Draw a scene; see :func:`draw`."""
    return draw


@pytest.fixture(scope="session")
def scene() -> Scene:
    """Six metres: nine gently dipping beds, four fractures that cut them, four pads."""
    beds = [(100.3 + 0.6 * i, 0.010 + 0.002 * (i % 3), -0.012) for i in range(9)]
    fractures = [(100.9, 0.12, 0.05), (102.15, -0.10, 0.21), (103.6, 0.02, -0.28), (104.8, -0.14, -0.03)]
    return draw(fractures, beds, pads=4)
