"""What a model has to show before it picks: demands that the chief interpreter signs."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from geobfdt.runtime.findings import InputError
from geobfdt.runtime.settings_files import read_settings

__all__ = ["EACH", "LEAST", "MOST", "UNSIGNED", "WHOLE", "GateSettings", "read_gate"]

# Class that blind wells have.
EACH = "each"

# Of a class; those of `all` are listed apart.
LEAST: dict[str, str] = {
    **{f"precision_{cm}cm": f"precision, trace RMS {cm} cm" for cm in (2, 3, 5)},
    **{f"recall_{cm}cm": f"recall, trace RMS {cm} cm" for cm in (2, 3, 5)},
    **{f"f1_{cm}cm": f"F1, trace RMS {cm} cm" for cm in (2, 3, 5)},
    "z_5cm": "skill over blind pickers (z of F1), trace RMS 5 cm",
}
MOST: dict[str, str] = {
    "calibration_error": "expected error of confidences",
    "depth_bias_mm": "depth bias, either way (mm)",
    "depth_error_mm": "mean depth error (mm)",
    "pole_error_deg": "mean angle between poles (deg)",
}
WHOLE: dict[str, str] = {
    "repeatability": "F1 of a second look, at 3 cm: top cut off, 5 % noise",
    "metres_per_second": "metres picked a second, on this machine",
    "cites_study": "whether the card names the study that chose its settings: 1 or 0",
}

Classes = Literal["each", "bedding", "fracture", "all"]


class GateSettings(BaseModel):
    """
    Demands, and what they are put to.

    Examples
    --------
    >>> GateSettings(least={"fracture": {"recall_3cm": 0.6}}).least["fracture"]
    {'recall_3cm': 0.6}
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    signed_by: str = Field("", description="who stands up for these numbers")
    signed_on: date | None = Field(None, description="since when")
    blind: tuple[str, ...] = Field((), description="wells that no model may see; empty: all that it has not seen")
    planes: int = Field(20, ge=1, description="held-out planes of a class under which it cannot be judged")
    least: dict[Classes, dict[str, float]] = Field(
        {}, description="class, measure, least value; each: every class of the blind wells; all: the model as a whole"
    )
    most: dict[Classes, dict[str, float]] = Field({}, description="class, measure, largest value")
    margin: float | None = Field(
        None, gt=0, description="F1 at 3 cm that a class may lose against the champion, surely; None: not asked"
    )

    @model_validator(mode="after")
    def _known(self) -> GateSettings:
        for name, asked, known in (("least", self.least, LEAST), ("most", self.most, MOST)):
            for kind, measures in asked.items():
                there = WHOLE if kind == "all" and name == "least" else {} if kind == "all" else known
                if stray := sorted(set(measures) - set(there)):
                    raise ValueError(f"{name} of {kind} knows {', '.join(there) or 'nothing'}, not {stray[0]}")
        return self


# What is asked where nobody has written demands.
UNSIGNED = GateSettings(
    least={"each": {"z_5cm": 5.0}, "all": {"repeatability": 0.8, "metres_per_second": 1.0}},
    most={"each": {"calibration_error": 0.2, "depth_bias_mm": 5.0}},
    margin=0.03,
)


def read_gate(file: Path) -> GateSettings:
    """
    Read demands from YAML. What the file does not ask is not asked.

    Raises
    ------
    InputError
        If it cannot be read, a name or value in it is not known, or it asks for nothing; one line says which.
    """
    settings = read_settings(GateSettings, file, "gate", "name a YAML file of demands", "docs/gate.md")
    if not (any(settings.least.values()) or any(settings.most.values()) or settings.margin is not None):
        raise InputError(file, "asks for nothing", "write demands under least, most or margin; docs/gate.md lists them")
    return settings
