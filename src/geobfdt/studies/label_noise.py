"""Label noise: errors added to training labels, to measure how robust a network is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from geobfdt.training.prepared_wells import PreparedWell
from geobfdt.wells.picks import CLASSES

__all__ = ["LabelNoise", "worsen_labels"]


class LabelNoise(BaseModel):
    """
    Errors of the training labels.

    Examples
    --------
    >>> LabelNoise(missed=0.3).jitter
    0.0
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    jitter: float = Field(0.0, ge=0, description="standard deviation of depth and of both amplitudes (m)")
    missed: float = Field(0.0, ge=0, lt=1, description="share of planes that nobody drew")
    styled: int = Field(0, ge=0, description="wells picked in another style: every third plane, classed by its dip")


def worsen_labels(wells: Sequence[PreparedWell], noise: LabelNoise, seed: int) -> list[PreparedWell]:
    """
    Worsen the labels of wells; pixels stay.

    Parameters
    ----------
    wells : sequence of PreparedWell
        As picked.
    noise : LabelNoise
        Errors that are added.
    seed : int
        Seed; a plane missed at a share of 0.3 is missed at 0.6, too.

    Returns
    -------
    list of PreparedWell
        In the same order. In another style every third plane is drawn, and called a fracture if it dips by more than
        45 degrees within the hole, whatever its appearance.
    """
    styled = np.random.default_rng(seed).permutation(len(wells))[: noise.styled].tolist()
    result = []
    for index, well in enumerate(wells):
        rng = np.random.default_rng((seed, index))
        picked = rng.random(len(well.traces)) >= noise.missed
        moved = well.traces + noise.jitter * rng.standard_normal(well.traces.shape)
        classes = well.classes
        if index in styled:
            order = np.argsort(np.argsort(moved[:, 0], kind="stable"), kind="stable")
            picked &= order % 3 == 0
            row = np.clip(moved[:, 0] / well.step, 0, len(well.radius) - 1).astype(int)
            steep = np.hypot(moved[:, 1], moved[:, 2]) > well.radius[row]
            classes = np.where(steep, CLASSES.index("fracture"), CLASSES.index("bedding"))
        result.append(replace(well, traces=moved[picked], classes=classes[picked], optional=well.optional[picked]))
    return result
