"""Demands on a model before it is used: the chief interpreter signs them."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from geobfdt.runtime.findings import InputError
from geobfdt.runtime.settings_files import read_settings

__all__ = [
    "DEFAULT_DEMANDS",
    "EACH_CLASS",
    "MAX_MEASURES",
    "MIN_MEASURES",
    "MODEL_MEASURES",
    "GateSettings",
    "read_gate",
]

# Demands under this name hold for every class that the unseen wells have.
EACH_CLASS = "each"

# Measures of a class with a smallest value; measures of the whole model are listed below.
MIN_MEASURES: dict[str, str] = {
    **{f"precision_{cm}cm": f"precision, trace RMS {cm} cm" for cm in (2, 3, 5)},
    **{f"recall_{cm}cm": f"recall, trace RMS {cm} cm" for cm in (2, 3, 5)},
    **{f"f1_{cm}cm": f"F1, trace RMS {cm} cm" for cm in (2, 3, 5)},
    "z_5cm": "F1 above its chance level (z), trace RMS 5 cm",
}
# Measures of a class with a largest value.
MAX_MEASURES: dict[str, str] = {
    "calibration_error": "expected error of confidences",
    "depth_bias_mm": "depth bias, either way (mm)",
    "depth_error_mm": "mean depth error (mm)",
    "pole_error_deg": "mean angle between poles (deg)",
}
# Measures of the whole model with a smallest value.
MODEL_MEASURES: dict[str, str] = {
    "repeatability": "F1 of a second run, at 3 cm: top cut off, 5 % noise",
    "metres_per_second": "metres picked a second, on this machine",
    "cites_study": "whether the card names the study that chose its settings: 1 or 0",
}

Classes = Literal["each", "bedding", "fracture", "all"]


class GateSettings(BaseModel):
    """
    Demands, and the wells and limits that they are judged by.

    Examples
    --------
    >>> GateSettings(least={"fracture": {"recall_3cm": 0.6}}).least["fracture"]
    {'recall_3cm': 0.6}
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    signed_by: str = Field("", description="person who signed these numbers")
    signed_on: date | None = Field(None, description="date of the signature")
    blind: tuple[str, ...] = Field((), description="wells that no model may train on; empty: all unseen wells")
    planes: int = Field(20, ge=1, description="a class with fewer held-out planes cannot be judged")
    least: dict[Classes, dict[str, float]] = Field(
        {},
        description="class, measure, smallest value; each: every class of the unseen wells; all: the whole model",
    )
    most: dict[Classes, dict[str, float]] = Field({}, description="class, measure, largest value")
    margin: float | None = Field(
        None,
        gt=0,
        description="F1 at 3 cm that a class may lose (end of its 95 % interval); None: no demand",
    )

    @model_validator(mode="after")
    def _check_names(self) -> GateSettings:
        for name, demands, allowed in (("least", self.least, MIN_MEASURES), ("most", self.most, MAX_MEASURES)):
            for kind, measures in demands.items():
                there = MODEL_MEASURES if kind == "all" and name == "least" else {} if kind == "all" else allowed
                if stray := sorted(set(measures) - set(there)):
                    raise ValueError(f"{name} of {kind} knows {', '.join(there) or 'nothing'}, not {stray[0]}")
        return self


# These demands hold where nobody has written any.
DEFAULT_DEMANDS = GateSettings(
    least={"each": {"z_5cm": 5.0}, "all": {"repeatability": 0.8, "metres_per_second": 1.0}},
    most={"each": {"calibration_error": 0.2, "depth_bias_mm": 5.0}},
    margin=0.03,
)


def read_gate(file: Path) -> GateSettings:
    """
    Read demands from YAML; only demands in the file hold.

    Raises
    ------
    InputError
        If it cannot be read, a name or value in it is unknown, or it holds no demand; one line says which.
    """
    settings = read_settings(GateSettings, file, "gate", "name a YAML file of demands", "docs/gate.md")
    if not (any(settings.least.values()) or any(settings.most.values()) or settings.margin is not None):
        raise InputError(file, "holds no demand", "write demands under least, most or margin; docs/gate.md lists them")
    return settings
