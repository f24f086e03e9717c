"""Geology of a field: beds, cross-beds, texture and fracture sets."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from geobfdt import geometry

__all__ = ["FractureSet", "Geology", "draw_geology", "vary_geology"]

# Percentiles of the mean dips of sets. Scattered about them, fractures have the percentiles of 12,000 picks in a
# geothermal granite well: p5/25/50/75/95 = 36/54/67/76/84 deg.
_DIP_SHARES = (0.0, 0.04, 0.25, 0.5, 0.75, 0.95, 1.0)
_DIPS = (8.0, 41.0, 56.5, 68.0, 75.0, 79.0, 83.0)


class FractureSet(BaseModel):
    """
    Fractures of about one attitude.

    Examples
    --------
    >>> FractureSet(dip=70, azimuth=120).conductive
    0.75
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    dip: float = Field(ge=0, le=90, description="dip of the mean plane (deg)")
    azimuth: float = Field(ge=0, lt=360, description="dip azimuth of the mean plane (deg)")
    concentration: float = Field(60.0, gt=1, description="Fisher concentration of the poles")
    weight: float = Field(1.0, gt=0, description="relative number of fractures")
    conductive: float = Field(0.75, ge=0, le=1, description="share of conductive fractures")


class Geology(BaseModel):
    """
    Beds and fractures. Contrasts are in units of rock property, where a clear bed boundary is 1.

    Examples
    --------
    >>> Geology(bedding_dip=12.0).sets
    ()
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rock: Literal["layered", "laminated", "crossbedded", "massive", "carbonate"] = Field(
        "layered", description="name of the rock style; the numbers below say what it means"
    )
    bedding_dip: float = Field(5.0, ge=0, le=90, description="dip of the mean bedding (deg)")
    bedding_azimuth: float = Field(0.0, ge=0, lt=360, description="dip azimuth of the mean bedding (deg)")
    dip_scatter: float = Field(2.0, ge=0, le=30, description="scatter of bedding poles along the section (deg)")
    bed_thickness: float = Field(0.15, gt=0, description="median bed thickness (m)")
    thickness_spread: float = Field(0.9, ge=0, le=3, description="standard deviation of the log of thickness")
    bed_contrast: float = Field(0.8, ge=0, description="median contrast at a bed boundary")
    contrast_spread: float = Field(0.8, ge=0, le=3, description="standard deviation of the log of contrast")
    thin_layers: float = Field(0.15, ge=0, le=1, description="share of boundaries that are a thin layer")
    massive: float = Field(0.05, ge=0, le=1, description="share of beds that are massive and many times thicker")
    lamination: float = Field(0.12, ge=0, description="contrast of laminae, too faint to pick")
    lamina: float = Field(0.008, gt=0, description="thickness of laminae (m)")
    crossbedding: float = Field(0.0, ge=0, le=1, description="share of the section in cross-bed sets")
    current_azimuth: float = Field(0.0, ge=0, lt=360, description="dip azimuth of the cross-beds (deg)")
    gradation: float = Field(0.008, gt=0, le=0.1, description="median half thickness of graded bed boundaries (m)")
    undulation: float = Field(
        0.0, ge=0, le=0.5, description="departure of bed boundaries from a plane, as a share of the trace's amplitude"
    )
    nodules: float = Field(0.0, ge=0, description="nodules that beds bend round, per m across bedding")
    unconformities: float = Field(0.0, ge=0, description="unconformities per 100 m")
    faults: float = Field(0.0, ge=0, description="faults that offset bedding, per 100 m")
    texture: float = Field(0.15, ge=0, description="contrast of textures that follow no plane")
    patch: float = Field(0.08, gt=0, description="size of the larger textures (m)")
    spots: float = Field(0.0, ge=0, description="vugs, nodules or pebbles per m")
    spot_level: float = Field(-2.0, description="mean contrast of spots; dark below 0")
    stylolites: float = Field(0.0, ge=0, description="stylolites per m")
    fracture_density: float = Field(0.0, ge=0, description="fractures per m, on average")
    spacing_cv: float = Field(2.0, gt=0, description="coefficient of variation of fracture spacing; 1 is random")
    thick_fractures: float = Field(0.0, ge=0, le=1, description="share of fractures centimetres thick, with two edges")
    sets: tuple[FractureSet, ...] = Field((), description="fracture sets")


def draw_geology(rng: np.random.Generator) -> Geology:
    """
    Draw a random geology.

    Parameters
    ----------
    rng : Generator
        Source of randomness.

    Returns
    -------
    Geology
        The rock.

    Examples
    --------
    >>> draw_geology(np.random.default_rng(0)) == draw_geology(np.random.default_rng(0))
    True
    """
    rock = str(
        rng.choice(["layered", "laminated", "crossbedded", "massive", "carbonate"], p=[0.36, 0.16, 0.18, 0.14, 0.16])
    )
    tectonic = rng.random() < 0.1  # In folded rock beds may dip at any angle.
    numbers: dict[str, Any] = {
        "bedding_dip": rng.uniform(15, 75) if tectonic else min(rng.gamma(2.0, 2.2), 40),
        "bedding_azimuth": rng.uniform(0, 359.9),
        "dip_scatter": rng.uniform(0.7, 4.0),
        "bed_thickness": np.exp(rng.normal(np.log(0.1), 0.45)),
        "thickness_spread": rng.uniform(0.5, 1.0),
        "bed_contrast": np.exp(rng.normal(np.log(0.7), 0.45)),
        "contrast_spread": rng.uniform(0.5, 1.1),
        "thin_layers": rng.uniform(0.03, 0.35),
        "massive": rng.choice([0, rng.uniform(0.005, 0.05)]),
        "lamination": np.exp(rng.normal(np.log(0.1), 0.6)),
        "lamina": np.exp(rng.normal(np.log(0.008), 0.5)),
        "current_azimuth": rng.uniform(0, 359.9),
        "unconformities": rng.choice([0, rng.uniform(0.5, 5)], p=[0.6, 0.4]),
        "faults": rng.choice([0, rng.uniform(0.5, 5)], p=[0.7, 0.3]),
        "texture": np.exp(rng.normal(np.log(0.13), 0.6)).clip(0, 0.5),
        "patch": np.exp(rng.normal(np.log(0.08), 0.7)),
        "spots": rng.choice([0, np.exp(rng.normal(np.log(3), 1.0))], p=[0.6, 0.4]),
        "spot_level": rng.normal(-1.0, 2.0),
    }
    by_rock: dict[str, dict[str, Any]] = {
        "layered": {"crossbedding": rng.choice([0, rng.uniform(0.02, 0.2)])},
        "laminated": {"lamination": rng.uniform(0.2, 0.6), "bed_thickness": rng.uniform(0.05, 0.12)},
        "crossbedded": {"crossbedding": rng.uniform(0.3, 0.85)},
        "massive": {
            "massive": rng.uniform(0.5, 1.0),
            "bed_contrast": rng.uniform(0.05, 0.5),
            "lamination": rng.uniform(0, 0.08),
            "texture": rng.uniform(0.15, 0.5),
        },
        "carbonate": {
            "spots": np.exp(rng.normal(np.log(12), 0.8)),
            "spot_level": rng.normal(-2.0, 1.2),
            "stylolites": rng.choice([0, rng.uniform(0.2, 2.5)], p=[0.3, 0.7]),
            "texture": rng.uniform(0.1, 0.5),
        },
    }
    numbers |= by_rock[rock] | _draw_fractures(rng)
    rounded = {name: round(float(value), 4) if name != "sets" else value for name, value in numbers.items()}
    return Geology(rock=rock, **rounded)


def _draw_fractures(rng: np.random.Generator) -> dict[str, Any]:
    amount = rng.choice(4, p=[0.12, 0.38, 0.38, 0.12])
    density = (0.0, rng.uniform(0.1, 1.0), np.exp(rng.normal(np.log(2.8), 0.35)), rng.uniform(4, 9))[amount]
    count = int(rng.integers(1, 5))
    dips = np.interp(rng.random(count), _DIP_SHARES, _DIPS)
    sets = tuple(
        FractureSet(
            dip=round(float(dip), 2),
            azimuth=round(float(rng.uniform(0, 359.9)), 2),
            concentration=round(float(np.exp(rng.normal(np.log(60), 0.6)).clip(8, 400)), 1),
            weight=round(float(rng.uniform(0.2, 1)), 3),
            conductive=round(float(rng.choice([rng.uniform(0.7, 1), rng.uniform(0, 0.7)], p=[0.75, 0.25])), 3),
        )
        for dip in dips
    )
    return {"fracture_density": density, "spacing_cv": rng.uniform(1.8, 4.0), "sets": sets}


def vary_geology(geology: Geology, rng: np.random.Generator) -> Geology:
    """
    Vary a geology as it varies between the wells of a field: same sets and rock, attitudes and amounts a little off.

    Parameters
    ----------
    geology : Geology
        The field's.
    rng : Generator
        The well's source of randomness.

    Returns
    -------
    Geology
        The well's.

    Examples
    --------
    >>> near = vary_geology(Geology(bedding_dip=10.0, bed_contrast=1.0), np.random.default_rng(0))
    >>> near.rock, 0 < near.bedding_dip < 25
    ('layered', True)
    """

    def turned(dip: float, azimuth: float, spread: float) -> tuple[float, float]:
        normal = geometry.pole(dip, azimuth) + np.radians(spread) * rng.normal(size=3)
        east, north, up = normal if normal[2] >= 0 else -normal
        azimuth = float(np.degrees(np.arctan2(east, north)) % 360)
        return round(float(np.degrees(np.arctan2(np.hypot(east, north), up))), 2), round(azimuth, 2) % 360

    dip, azimuth = turned(geology.bedding_dip, geology.bedding_azimuth, 1.0)
    sets = []
    for one in geology.sets:
        set_dip, set_azimuth = turned(one.dip, one.azimuth, 4.0)
        sets.append(one.model_copy(update={"dip": set_dip, "azimuth": set_azimuth}))
    scaled = {
        name: round(float(getattr(geology, name) * np.exp(rng.normal(0, spread))), 4)
        for name, spread in (
            ("bed_thickness", 0.15),
            ("bed_contrast", 0.2),
            ("lamination", 0.2),
            ("texture", 0.2),
            ("spots", 0.4),
            ("fracture_density", 0.5),
        )
    }
    return geology.model_copy(update={"bedding_dip": dip, "bedding_azimuth": azimuth, "sets": tuple(sets), **scaled})
