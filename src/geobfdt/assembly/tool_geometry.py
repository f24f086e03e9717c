"""Where the buttons of a pad tool lie: tables of tools with their sources, and the geometry that a user gives."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, model_validator

from geobfdt.runtime.findings import InputError
from geobfdt.runtime.settings_files import parse_yaml, read_settings

__all__ = ["DIPMETER_ELECTRODES", "ButtonRow", "ToolGeometry", "geometry_of", "known_tools", "read_geometry"]

_INCH_M = 0.0254  # Length of an inch.
#: A pad of more electrodes is that of an imaging tool.
DIPMETER_ELECTRODES = 2


class ButtonRow(BaseModel):
    """
    One row of buttons, which all pads of a tool have alike.

    Examples
    --------
    >>> row = ButtonRow(part="pad", along=0.3, across=-0.1, pitch=0.2, buttons=2, arrays=("P1", "P2"))
    >>> row.along_m, row.across_m
    (0.00762, array([-0.00254, 0.00254]))
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    part: str = Field(description="pad or flap")
    along: float = Field(description="inches down-hole from the first row")
    across: float = Field(description="inches from the middle of the pad to the first button, clockwise is +")
    pitch: float = Field(description="inches from one button to the next")
    buttons: int = Field(ge=1, description="how many")
    arrays: tuple[str, ...] = Field(description="channel of each pad")

    @property
    def along_m(self) -> float:
        """Distance down-hole from the first row (m)."""
        return self.along * _INCH_M

    @property
    def across_m(self) -> npt.NDArray[np.float64]:
        """Distances of the buttons from the middle of the pad (m), clockwise looking down-hole."""
        return np.asarray((self.across + self.pitch * np.arange(self.buttons)) * _INCH_M)


class ToolGeometry(BaseModel):
    """
    Geometry of a pad tool.

    Examples
    --------
    >>> geometry_of("FMI").pads, len(geometry_of("FMI").rows), geometry_of("STAR").rows
    (4, 4, ())
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(description="name of the tool")
    pads: int = Field(ge=1, le=16, description="arms at even angles, clockwise looking down-hole")
    source: str = Field(description="where the numbers are from")
    assumed: tuple[str, ...] = Field((), description="what no source says")
    rows: tuple[ButtonRow, ...] = Field(description="rows of buttons")

    @model_validator(mode="after")
    def _one_array_a_pad(self) -> ToolGeometry:
        for row in self.rows:
            if len(row.arrays) != self.pads:
                raise ValueError(f"row of {row.arrays[:1]} has {len(row.arrays)} arrays for {self.pads} pads")
        if len(set(self.arrays)) < len(self.arrays):
            raise ValueError("an array stands in two rows")
        return self

    @property
    def arrays(self) -> tuple[str, ...]:
        """Names of all arrays."""
        return tuple(name for row in self.rows for name in row.arrays)

    @property
    def dipmeter(self) -> bool:
        """Whether pads have one electrode or two, which make no image."""
        return bool(self.rows) and sum(row.buttons for row in self.rows) <= DIPMETER_ELECTRODES


@cache
def known_tools() -> dict[str, ToolGeometry]:
    """Tools of the table by name; one without rows needs a geometry of the user."""
    text = files("geobfdt.assembly").joinpath("tool_geometry.yaml").read_text("utf-8")
    return {name: ToolGeometry(**entry) for name, entry in dict(parse_yaml(text)).items()}


def geometry_of(tool: str) -> ToolGeometry:
    """
    Return the geometry of a tool of the table.

    Raises
    ------
    KeyError
        If the table lacks it.
    """
    return known_tools()[tool]


def read_geometry(path: Path) -> ToolGeometry:
    r"""
    Read the geometry of a tool from a YAML file that is laid out like an entry of the table.

    Raises
    ------
    InputError
        If the file cannot be read or is no such geometry.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "mine.yaml"
    >>> row = "{part: pad, along: 0, across: -0.5, pitch: 0.1, buttons: 11, arrays: [P1, P2]}"
    >>> _ = file.write_text("name: Mine\npads: 2\nsource: drawing 7\nrows: [" + row + "]\n")
    >>> read_geometry(file).arrays
    ('P1', 'P2')
    """
    geometry = read_settings(ToolGeometry, path, "tool geometry", "give a YAML file", "the guide on assembly")
    if not geometry.rows:
        raise InputError(path, "holds no rows of buttons", "see the guide on assembly")
    return geometry
