"""Reading options: values that the user gives where the file does not hold them."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

__all__ = ["ReadingOptions"]

# No wider hole is logged.
_MAX_DIAMETER_M = 1.5


class ReadingOptions(BaseModel):
    """
    Values for what the file does not state. Each one that is used is recorded as a finding.

    Where an option contradicts the file, the option takes precedence, with a ``major`` finding.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    image: str | None = Field(None, description="mnemonic or name of the image, where a file holds several")
    well: str | None = Field(None, description="name of the well")
    depth_unit: Literal["m", "cm", "mm", "ft", "in", "0.1 in"] | None = Field(None, description="unit of the depths")
    decimal: Literal["point", "comma"] | None = Field(
        None, description="decimal mark of numbers in text, where 1,234 may be either"
    )
    top: float | None = Field(None, description="depth of the first row's upper edge (m, MD), for rasters")
    bottom: float | None = Field(None, description="depth of the last row's lower edge (m, MD), for rasters")
    diameter: float | None = Field(None, gt=0, description="hole diameter (m)")
    caliper: str | None = Field(None, description="mnemonic of the caliper curve, where no name identifies it")
    azimuth_reference: Literal["north", "high_side", "pseudo_north"] | None = Field(
        None, description="where image angle 0 points"
    )
    deviation: float | None = Field(None, ge=0, le=180, description="hole inclination from vertical (deg)")
    hole_azimuth: float | None = Field(None, ge=0, le=360, description="hole azimuth from north (deg)")
    north: Literal["true", "grid", "magnetic"] | None = Field(None, description="north that azimuths are measured from")
    declination: float | None = Field(
        None, ge=-180, le=180, description="degrees to add to magnetic azimuths to get true ones; east is positive"
    )
    survey: Path | None = Field(None, description="CSV or XLSX of stations: depth, deviation, azimuth")
    null: float | None = Field(None, description="value of pixels that stands for not measured")
    even_rows: bool | None = Field(None, description="remove the offset of each row")
    even_sectors: bool | None = Field(None, description="remove the offset of each sector over metres of depth")
    dark: Literal["low", "high"] | None = Field(None, description="which values are conductive and drawn dark")

    @field_validator("null")
    @classmethod
    def _finite(cls, null: float | None) -> float | None:
        """Refuse NaN and infinity, which no pixel can hold besides those that are not measured already."""
        if null is not None and not math.isfinite(null):
            raise ValueError("a number is needed")
        return null

    @field_validator("diameter")
    @classmethod
    def _in_metres(cls, diameter: float | None) -> float | None:
        """Refuse a diameter that is not in metres, and propose its value in metres."""
        if diameter is not None and diameter > _MAX_DIAMETER_M:
            units = {"millimetres": 0.001, "centimetres": 0.01, "inches": 0.0254}
            guesses = [f"{diameter * f:.4g} for {unit}" for unit, f in units.items() if 0.07 <= diameter * f <= 0.7]
            more = f"; give {' or '.join(guesses)}" if guesses else ""
            raise ValueError(f"the diameter is in metres, and no hole is {diameter:g} m wide{more}")
        return diameter
