"""Settings of a training run; each default stands here and nowhere else."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["Augmentation", "TrainingSettings"]

Augmentation = Literal["none", "published", "photometric", "geometric", "both"]


class TrainingSettings(BaseModel):
    """
    Settings of a training run.

    Examples
    --------
    >>> TrainingSettings(steps=100).optimiser
    'adamw'
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    steps: int = Field(2000, gt=0, description="optimiser steps")
    turns: float = Field(0, ge=0, description="times that each metre is seen at most, on average; 0: no limit")
    batch: int = Field(4, gt=0, description="windows a step")
    rows: int = Field(768, multiple_of=16, gt=0, description="rows of a window")
    optimiser: Literal["adamw", "adam", "sgd"] = "adamw"
    rate: float = Field(1e-3, gt=0, description="learning rate after the warm-up")
    decay: float = Field(0.02, ge=0, description="weight decay")
    warmup: int = Field(200, ge=0, description="steps over which the rate rises")
    cooling: float = Field(0.5, ge=0, le=1, description="share of the steps, at the end, over which the rate falls")
    clip: float = Field(5.0, gt=0, description="largest norm of a gradient")
    average: float = Field(0.998, ge=0, lt=1, description="decay of the running average of weights; 0: none")
    augmentation: Augmentation = "both"
    looks: float = Field(1.0, ge=0, le=1, description="share of windows whose look augmentation may change")
    frozen_norm: bool = Field(False, description="whether batch statistics stay as they are")
    seed: int = Field(0, ge=0, description="of weights, windows and augmentation")
    every: int = Field(500, gt=0, description="steps between validations and checkpoints")
    doubt: float = Field(
        0, ge=0, description="standard errors of its score by which what it begins with must be beaten"
    )
    patience: int = Field(0, ge=0, description="validations without a better score before it stops; 0: never")

    def of_steps(self, steps: int | None) -> TrainingSettings:
        """The same for so many steps, however few the metres; None: as it is."""
        if steps is None:
            return self
        return self.model_copy(update={"steps": steps, "turns": 0, "every": min(self.every, steps)})
