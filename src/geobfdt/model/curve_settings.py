"""Settings of the parts of the ``curve`` network: voting, decoder, detection, matching and loss."""

from __future__ import annotations

import math
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["DecoderSettings", "DetectionSettings", "LossSettings", "MatchingSettings", "VotingSettings"]

_Distance = Annotated[float, Field(gt=0, le=10)]  # m
_Share = Annotated[float, Field(ge=0, le=1)]
_Weight = Annotated[float, Field(ge=0, le=100)]
_Penalty = Annotated[float, Field(ge=0, le=20)]


class _Part(BaseModel):
    """Settings of one part; names of fields are keys of settings files and stay as they are."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class VotingSettings(_Part):
    """
    Settings of the votes: which trace shapes are voted for, and how.

    Examples
    --------
    >>> [count for _, count in VotingSettings().rings(0.0, 0.13, 32)]
    [1, 8, 16]
    """

    slopes: int = Field(5, ge=2, le=16, description="slopes that have feature channels of their own")
    slope_scale: float = Field(
        0.1, gt=0, le=10, description="slope at which their spacing turns from even to logarithmic (m/rad)"
    )
    ring_spacing: float = Field(0.045, ge=0.001, le=1, description="spacing of trace shapes at amplitude 0 (m)")
    ring_growth: float = Field(
        0.22, ge=0, le=10, description="share of its amplitude by which the next ring of shapes is higher still"
    )
    shape_growth: float = Field(
        0.1, ge=0, le=10, description="share of the amplitude by which shapes of a ring lie further apart"
    )
    min_azimuths: float = Field(
        0.81, gt=0, le=1, description="share of the ideal number of azimuths with which a ring may do"
    )
    neighbours: int = Field(6, ge=1, le=64, description="largest number of neighbours of a shape")
    neighbour_distance: float = Field(
        2.5, gt=0, le=100, description="scaled distance below which two shapes are neighbours; rings are about 1 apart"
    )
    mean_prior: float = Field(
        0.02,
        gt=0,
        le=1,
        description="share of the columns added to the measured weight, so that few columns make no high mean",
    )
    min_coverage: _Share = Field(
        0.05, description="share of the turn that has to be measured along a trace for its vote to count"
    )
    peak_ratio: _Share = Field(
        0.5, description="share of the highest neighbour's score from which a cell is a peak, too"
    )

    def rings(self, lowest: float, tallest: float, columns: int) -> list[tuple[float, int]]:
        """
        Amplitudes (m) of the rings of shapes from `lowest` to below `tallest`, with the azimuths of each.

        Parameters
        ----------
        lowest, tallest : float
            Amplitudes (m).
        columns : int
            Columns of the features; numbers of azimuths divide it.

        Notes
        -----
        Ring ``n + 1`` has the amplitude ``a + ring_spacing + ring_growth a``, where ``a`` is that of ring ``n``: steep
        planes are rarer, and their depths are less certain. A ring ideally has one shape in every ``ring_spacing +
        shape_growth a`` of its circumference ``2 pi a``. Of the numbers that divide the columns and are multiples of a
        quarter of them, the first that reaches the share ``min_azimuths`` of this ideal is taken.
        """
        # A turn of the hole by one arc of four columns maps such a set of shapes to itself, so that a network does not
        # prefer a side of the hole.
        counts = [n for n in range(1, columns + 1) if columns % n == 0 and n % max(columns // 4, 1) == 0]
        rings, amplitude = [], 0.0
        while amplitude < tallest:
            if amplitude >= lowest:
                ideal = max(2 * math.pi * amplitude / self.shape_spacing(amplitude), 1)
                enough = (n for n in counts if n >= self.min_azimuths * ideal)
                rings.append((amplitude, next(enough, columns) if amplitude > 0 else 1))
            amplitude += self.ring_spacing + self.ring_growth * amplitude
        return rings

    def shape_spacing(self, amplitude: float) -> float:
        """Distance (m) between neighbours of a ring."""
        return self.ring_spacing + self.shape_growth * amplitude


class DecoderSettings(_Part):
    """
    Settings of the decoder that all layers share.

    Examples
    --------
    >>> DecoderSettings().heads
    4
    """

    ridge: float = Field(
        0.01,
        gt=0,
        le=1,
        description="mean weight of the columns at which half of their update is applied: the prior that a trace stays",
    )
    reaches: tuple[Annotated[int, Field(gt=0, le=1024)], ...] = Field(
        (2, 4, 8, 16), max_length=16, description="distances at which columns are mixed (columns)"
    )
    heads: int = Field(4, gt=0, le=64, description="attention heads")
    depth_scale: _Distance = Field(0.3, description="difference in depth at which two queries stop to be close (m)")
    rms_floor: _Distance = Field(
        0.002, description="scaled trace RMS below which two queries are as good as equal to each other (m)"
    )


class DetectionSettings(_Part):
    """
    Settings of the choice of queries and planes.

    Examples
    --------
    >>> DetectionSettings().query_spacing < VotingSettings().ring_spacing
    True
    """

    cells_per_query: int = Field(
        6,
        gt=0,
        le=100,
        description="cells of each tier taken for each query; most are neighbours of one plane, and thinned later",
    )
    query_spacing: _Distance = Field(
        0.022, description="two queries closer than this (scaled trace RMS) are one query (m)"
    )
    min_vote: _Share = Field(0.03, description="cells with a lower vote are not decoded")
    queries_per_metre: float = Field(45, gt=0, le=1000, description="largest number of queries per metre of strip")
    plane_spacing: _Distance = Field(
        0.015, description="two decoded planes closer than this (scaled trace RMS) are one plane (m)"
    )
    duplicate_penalties: tuple[_Penalty, _Penalty] = Field(
        (0.0, 0.0), description="log odds that a bed or a fracture loses which coincides with a more probable one"
    )
    duplicate_distance: _Distance = Field(
        0.04, description="distance of two planes (scaled trace RMS) at which that penalty is down to a third (m)"
    )
    margin: float = Field(
        2.0,
        ge=0,
        le=100,
        description="distance beyond the interval of interest up to which queries are decoded (m): a plane's "
        "neighbours attend over 1 m, and their neighbours again over 1 m",
    )


class MatchingSettings(_Part):
    """
    Settings of the costs by which queries and true planes are paired.

    Examples
    --------
    >>> MatchingSettings().max_distance
    0.12
    """

    max_distance: _Distance = Field(
        0.12, description="a query and a plane farther apart (scaled trace RMS) are no pair (m)"
    )
    distance_scale: _Distance = Field(0.03, description="distance that costs 1 (m)")
    max_distance_cost: _Weight = Field(10, description="largest cost of a distance")
    class_cost: _Weight = Field(2, description="cost of a pair whose class has probability 0")


class LossSettings(_Part):
    """
    Settings of the loss; distances are scaled trace RMS unless stated otherwise.

    Examples
    --------
    >>> LossSettings().class_weights
    (1.0, 2.0)
    """

    class_weights: tuple[_Weight, _Weight] = Field(
        (1.0, 2.0), description="weights of bedding and of fractures, which are fewer"
    )
    alpha: _Share = Field(0.35, description="weight of ones in the focal loss; zeros weigh 1 - alpha")
    gamma: float = Field(2.0, ge=0, le=10, description="exponent of the focal loss")
    class_weight: _Weight = Field(2.0, description="weight of the class loss of each decoder layer")
    distance_scale: _Distance = Field(
        0.02, description="distance (half scaled) that adds as much to the loss as a class loss of 1 (m)"
    )
    half_score_distance: _Distance = Field(
        0.025, description="distance from its plane (half scaled) at which a query's target probability is half (m)"
    )
    optional_distance: _Distance = Field(
        0.03, description="cells and queries as near to an optional plane have no class loss (m)"
    )
    heat_sigma: _Distance = Field(0.02, description="width of the Gaussians in the soft map of the truth (m)")
    min_heat: _Share = Field(
        0.3, description="height of the soft map from which the cell nearest to a plane becomes its positive cell"
    )
    jitter: _Distance = Field(0.05, description="distance by which planes are moved to make denoising queries (m)")
    denoising_layers: int = Field(
        2, ge=0, le=32, description="number of the first decoder layers that get denoising queries"
    )
    denoising_weight: _Weight = Field(
        0.3, description="weight of a denoising query in the class loss, where a proposed query weighs 1"
    )
