"""What a picture does not hold itself: a small YAML file beside it, with the same stem.

::

    well: A-1
    top: 33.0            # upper edge of the first row
    bottom: 36.0         # lower edge of the last row
    depth_unit: m        # the default
    diameter: 0.101      # m
    azimuth_reference: north
    azimuth_first: 180   # angle of the left edge: this picture has north in its centre
    deviation: [[33.0, 2.1], [36.0, 2.3]]    # a number, or stations of depth and value
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError

from geobfdt.runtime.findings import InputError
from geobfdt.runtime.settings_files import read_yaml

__all__ = ["MAX_PIXELS", "Sidecar", "find_sidecar", "read_sidecar"]

Log = FiniteFloat | Annotated[list[tuple[FiniteFloat, FiniteFloat]], Field(min_length=1)]

MAX_PIXELS = 1_000_000_000  # 7 km of hole at 2.54 mm and 360 columns have so many.

_CURE = "see docs/reading.md for what may stand in it"


class Sidecar(BaseModel):
    """Depths, angles and hole of a picture. Logs are one number, or stations of depth (in `depth_unit`) and value."""

    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)

    well: str = Field("", description="name of the well")
    run: str = Field("", description="run")
    tool: str = Field("", description="tool")
    top: FiniteFloat | None = Field(None, description="depth of the first row's upper edge, in depth_unit")
    bottom: FiniteFloat | None = Field(None, description="depth of the last row's lower edge, in depth_unit")
    depth_unit: Literal["m", "cm", "mm", "ft", "in", "0.1 in"] = Field("m", description="unit of all depths here")
    columns: tuple[int, int] | None = Field(None, description="pixel columns to keep, first and one past the last")
    azimuth_first: FiniteFloat = Field(0.0, description="image angle of the left edge (deg)")
    clockwise: bool = Field(True, description="whether angles grow from left to right, looking down-hole")
    azimuth_reference: Literal["north", "high_side", "pseudo_north", "unknown"] | None = Field(
        None, description="where image angle 0 points"
    )
    north: Literal["true", "grid", "magnetic", "unknown"] | None = Field(None, description="which north")
    declination: FiniteFloat | None = Field(None, description="added to magnetic azimuths to get true ones (deg)")
    diameter: Log | None = Field(None, description="hole diameter (m)")
    deviation: Log | None = Field(None, description="hole inclination from vertical (deg)")
    hole_azimuth: Log | None = Field(None, description="hole azimuth from north (deg)")
    dark: Literal["low", "high"] | None = Field(None, description="which values are drawn dark")
    normalisation: Literal["none", "static", "dynamic"] | None = Field(None, description="what was done to the image")
    values: tuple[FiniteFloat, FiniteFloat] | None = Field(None, description="values that black and white stand for")
    units: str = Field("", description="unit of those values")
    nodata: FiniteFloat | tuple[FiniteFloat, FiniteFloat, FiniteFloat] | None = Field(
        None, description="grey value, or red, green and blue, of what was not measured, as in the picture"
    )


def find_sidecar(path: Path) -> Path | None:
    """
    Path of the YAML file beside a picture, if there is one.

    Examples
    --------
    >>> find_sidecar(Path("nowhere.png"))
    """
    for suffix in (".yaml", ".yml"):
        beside = path.with_suffix(suffix)
        if beside.is_file():
            return beside
    return None


def read_sidecar(path: Path) -> Sidecar:
    """
    Read a sidecar.

    Parameters
    ----------
    path : Path
        The YAML file.

    Returns
    -------
    Sidecar
        Its settings.

    Raises
    ------
    InputError
        If it is not YAML, or a key or a value is not one of :class:`Sidecar`.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "a.yaml"
    >>> _ = file.write_text("{top: 33.0, bottom: 36.0}")
    >>> read_sidecar(file).bottom
    36.0
    """
    try:
        return Sidecar.model_validate(read_yaml(path, "sidecar", _CURE) or {})
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"][:1]) or "the whole"
        raise InputError(path, f"{place}: {first['msg'].lower()}", _CURE) from error
