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
    turns: float = Field(
        0, ge=0, description="largest number of times that a metre is trained on, on average; 0: no limit"
    )
    fewest: int = Field(1, gt=0, description="least number of steps, for few metres")
    batch: int = Field(4, gt=0, description="windows a step")
    rows: int = Field(768, multiple_of=16, gt=0, description="rows of a window")
    optimiser: Literal["adamw", "adam", "sgd"] = "adamw"
    rate: float = Field(1e-3, gt=0, description="learning rate after the warm-up")
    decay: float = Field(0.02, ge=0, description="weight decay")
    warmup: int = Field(200, ge=0, description="steps over which the rate rises, a fifth of all at most")
    cooling: float = Field(0.5, ge=0, le=1, description="share of the steps, at the end, over which the rate falls")
    clip: float = Field(5.0, gt=0, description="largest norm of a gradient")
    average: float = Field(0.998, ge=0, lt=1, description="decay of the running average of weights; 0: none")
    augmentation: Augmentation = "both"
    looks: float = Field(1.0, ge=0, le=1, description="share of windows whose pixel values augmentation may change")
    pad_ends: float = Field(0.0, ge=0, le=1, description="share of windows in which pads end at different rows")
    simulated: float = Field(0, ge=0, lt=1, description="share of windows from simulated wells, against forgetting")
    frozen_norm: bool = Field(False, description="whether batch statistics stay as they are")
    seed: int = Field(0, ge=0, description="of weights, windows and augmentation")
    every: int = Field(500, gt=0, description="steps between validations and checkpoints")
    doubt: float = Field(
        0, ge=0, description="standard errors by which a score must exceed that of the first weights to replace them"
    )
    patience: int = Field(0, ge=0, description="validations without a better score before it stops; 0: never")

    def for_metres(self, metres: float, step: float, windows: int | None = None) -> TrainingSettings:
        """
        Return the same settings with a number of steps that suits so many interpreted metres.

        Parameters
        ----------
        metres : float
            Length on which a class is interpreted and pixels were measured (m).
        step : float
            Row height (m).
        windows : int, optional
            Windows a step, of all processes that train together. Default: those of `batch`.

        Examples
        --------
        >>> settings = TrainingSettings(steps=400, fewest=100, turns=12, batch=4, rows=512)
        >>> [settings.for_metres(metres, 0.005).steps for metres in (10.0, 200.0, 1000.0)]
        [100, 234, 400]
        """
        if not self.turns:
            return self
        count = self.batch if windows is None else windows
        own_metres = (count - self.simulated_windows(count)) * self.rows * step
        enough = round(self.turns * metres / own_metres)
        return self.model_copy(update={"steps": min(max(enough, self.fewest), self.steps)})

    def simulated_windows(self, count: int) -> int:
        """Number of `count` windows of a step that are of simulated wells."""
        return min(round(self.simulated * count), count - 1)

    def of_steps(self, steps: int | None) -> TrainingSettings:
        """Return the same settings with so many steps, whatever the number of metres; None: unchanged."""
        if steps is None:
            return self
        return self.model_copy(update={"steps": steps, "turns": 0, "every": min(self.every, steps)})
