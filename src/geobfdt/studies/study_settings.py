"""Settings of a study: axes, base settings, folds and seeds."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from geobfdt.model.presets import NetworkSettings, parse_settings
from geobfdt.runtime.settings_files import read_settings
from geobfdt.studies.label_noise import LabelNoise
from geobfdt.training.training_settings import TrainingSettings

__all__ = ["CellSettings", "Fold", "StudySettings", "read_study"]


class Fold(BaseModel):
    """Wells that a fold is scored on, and those that stop training and set thresholds; the rest is trained on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    test: tuple[str, ...] = Field(min_length=1, description="wells that scores are of")
    validate_on: tuple[str, ...] = Field(min_length=1, description="wells that choose weights and thresholds")


class CellSettings(BaseModel):
    """
    Everything that one training run of a study is made with, but for its wells.

    Examples
    --------
    >>> CellSettings.of({"network.preset": "detr", "training.steps": 5}).network.depth
    10
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    network: NetworkSettings = Field(description="sizes of the network")
    training: TrainingSettings = Field(description="how it is trained")
    wells: int = Field(0, ge=0, description="wells trained on, drawn by the seed; 0: all of the fold")
    start: str = Field("", description="bundle to begin with, whose sizes count then; default: the shipped one")
    split: Literal["by well", "leaking windows"] = Field(
        "by well", description="how training and validation are split; scores are of other wells"
    )
    labels: LabelNoise = Field(default_factory=LabelNoise, description="errors that are added to the training labels")
    rates: tuple[float, ...] = Field((), description="rates tried for a quarter of the steps first; the best is taken")
    minutes: float = Field(0, ge=0, description="of one core that training may take, instead of so many steps; 0: any")
    metres: float = Field(0, ge=0, description="metres of each well trained on, from its top; 0: all")
    tolerance: float = Field(0.03, gt=0, le=0.5, description="trace RMS of a match (m)")
    look_shifts: bool = Field(False, description="whether it is also scored on images that are changed step by step")
    weights_seed: int = Field(
        0, ge=0, description="of a new network's weights; training.seed is of windows and augmentation"
    )

    @model_validator(mode="after")
    def _equal_steps(self) -> CellSettings:
        if self.training.turns:
            raise ValueError("training.turns would give cells unequal steps; set training.steps")
        return self

    @classmethod
    def of(cls, flat: dict[str, Any]) -> CellSettings:
        """Make them of dotted names, ``network.depth``, ``network.voting.slopes``, ``training.rate``, ``wells``."""
        parts: dict[str, dict[str, Any]] = {"network": {"preset": "curve"}, "training": {}, "labels": {}}
        rest = {}
        for name, value in flat.items():
            first, *groups = name.split(".")
            if not groups or first not in parts:
                rest[name] = value
                continue
            *groups, last = groups
            part = parts[first]
            for group in groups:
                # A group of settings may be named as a whole, and single settings of it afterwards.
                part[group] = dict(part.get(group, {}))
                part = part[group]
            part[last] = value
        training = TrainingSettings.model_validate(parts["training"])
        network = parse_settings(parts["network"])
        return cls.model_validate({"network": network, "training": training, "labels": parts["labels"], **rest})


class StudySettings(BaseModel):
    """
    A study.

    Notes
    -----
    Everything but the axes is equal in all cells: wells, windows, augmentation draws, steps, stopping rule.

    Examples
    --------
    >>> study = StudySettings(
    ...     name="rate", question="Which rate?", axes={"rate": {"low": {"training.rate": 1e-4}, "high": {}}}
    ... )
    >>> [levels for levels, settings in study.cells()]
    [{'rate': 'low'}, {'rate': 'high'}]
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[\w-]+$", description="of the study")
    question: str = Field(description="question that the study answers")
    axes: dict[str, dict[str, dict[str, Any]]] = Field(
        min_length=1, description="axis, level, settings that differ; levels from the lightest, the last axis is judged"
    )
    base: dict[str, Any] = Field(default_factory=dict, description="settings that all cells share")
    folds: int | tuple[Fold, ...] = Field(3, description="how many, or which wells each")
    seeds: int = Field(3, ge=1, description="runs of each cell, which differ in what `varied` lists")
    varied: tuple[Literal["initialisation", "order", "folds"], ...] = Field(
        ("initialisation", "order"),
        min_length=1,
        description="what the seed changes: weights of a new network; windows and augmentation; wells of the folds",
    )

    @model_validator(mode="after")
    def _complete(self) -> StudySettings:
        if not all(self.axes.values()):
            raise ValueError("an axis without levels")
        if "folds" in self.varied and not isinstance(self.folds, int):
            raise ValueError("folds named by their wells cannot vary with the seed; give their number")
        self.cells()
        return self

    def cells(self) -> list[tuple[dict[str, str], CellSettings]]:
        """Levels and settings of each combination of levels."""
        cells = []
        for names in product(*self.axes.values()):
            levels = dict(zip(self.axes, names, strict=True))
            differ = [self.axes[axis][name] for axis, name in levels.items()]
            flat = {name: value for part in (self.base, *differ) for name, value in part.items()}
            cells.append((levels, CellSettings.of(flat)))
        return cells


def read_study(file: Path) -> StudySettings:
    """
    Read a study from YAML.

    Raises
    ------
    InputError
        If it cannot be read, or a name or value in it is unknown; one line names it.
    """
    cure = "name a preset or a YAML file of a study"
    return read_settings(StudySettings, file, "study", cure, "docs/studies.md")
