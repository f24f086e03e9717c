"""Curve voting: a deep Hough transform in which each cell is one candidate plane.

A narrow feature map is averaged along every trace of a fixed set of shapes at every depth: over the whole turn, and
over the half turn with the highest mean. The map has channels for several slopes, and each piece of a trace reads the
channels of its own slope. Along depth this is a convolution with a sparse kernel that holds the trace, so it is exact,
fast, and runs on strips of any length.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from geobfdt.model.curve.backbone import needs_whole_input
from geobfdt.model.curve_settings import VotingSettings

__all__ = ["Shapes", "VoteHead", "Votes", "trace_shapes"]

_CELLS_AT_ONCE = 128  # Cells whose sums are computed together outside of training: they fit into the cache of a core.
_FINE = 16  # Points at which a trace is drawn in each column of the kernel.
_FIRST_BIAS = -5.0  # Log odds of every cell before training: hardly any cell holds a plane.

Array = npt.NDArray[np.float64]


class Shapes(NamedTuple):
    """
    Trace shapes of the candidate planes.

    Parameters
    ----------
    curves : array (shapes, 2)
        ``(a, b)`` (m).
    ring : array (shapes,)
        Rank of each shape's amplitude.
    neighbours : array (shapes, neighbours)
        The shapes nearest to each (itself, where there are fewer).
    """

    curves: Array
    ring: npt.NDArray[np.int64]
    neighbours: npt.NDArray[np.int64]


class Votes(NamedTuple):
    """
    Votes for the candidate planes of a batch.

    Parameters
    ----------
    logits : Tensor (batch, classes, shapes, cells)
        Log odds that a plane of a class lies in a cell.
    coverage : Tensor (batch, shapes, cells)
        Share of the turn that was measured along the cell's trace.
    """

    logits: Tensor
    coverage: Tensor


def trace_shapes(lowest: float, tallest: float, columns: int, voting: VotingSettings) -> Shapes:
    """
    Spread trace shapes over amplitudes and azimuths, ever sparser as they get steeper.

    Parameters
    ----------
    lowest, tallest : float
        Amplitudes (m); the lower one is included, the upper one is not.
    columns : int
        Columns of the features; the numbers of azimuths divide it, so that the set stays the same when the hole is
        turned by a few columns.
    voting : VotingSettings
        Spacing of the shapes.

    Notes
    -----
    :meth:`geobfdt.model.curve_settings.VotingSettings.rings` gives the amplitudes and the numbers of azimuths. Two
    shapes are neighbours if the distance ``hypot(da, db)``, divided by the spacing of shapes at the higher of the two
    amplitudes, is below a limit: then their traces share evidence, and the peak of one hides the flank of the other.

    Examples
    --------
    >>> shapes = trace_shapes(0.0, 0.13, 32, VotingSettings())
    >>> len(shapes.curves), shapes.curves[0].tolist()
    (25, [0.0, 0.0])
    """
    curves, ring = [], []
    for i, (amplitude, count) in enumerate(voting.rings(lowest, tallest, columns)):
        turn = 2 * np.pi * np.arange(count) / count
        curves.append(amplitude * np.stack([np.cos(turn), np.sin(turn)], axis=1))
        ring += [i] * count
    all_curves = np.concatenate(curves)
    distance = np.hypot(*(all_curves[:, None] - all_curves).transpose(2, 0, 1))
    higher = np.maximum(*np.meshgrid(*2 * [np.hypot(*all_curves.T)]))
    scaled = distance / (voting.ring_spacing + voting.shape_growth * higher)
    # The first of each row is the shape itself.
    nearest = np.argsort(scaled, axis=1, kind="stable")[:, 1 : voting.neighbours + 1]
    here = np.arange(len(all_curves))[:, None]
    is_neighbour = np.take_along_axis(scaled, nearest, 1) < voting.neighbour_distance
    # A shape without so many neighbours is a neighbour of itself, which changes no maximum over the neighbours.
    neighbours = np.where(is_neighbour, nearest, here)
    missing = voting.neighbours - neighbours.shape[1]
    return Shapes(all_curves, np.array(ring), np.pad(neighbours, ((0, 0), (0, missing)), mode="edge"))


class VoteHead(nn.Module):
    """
    Average features along candidate traces and score the means.

    Parameters
    ----------
    features, votes, hidden, classes : int
        Channels: of the features, of the map that is averaged, of the scoring layers, of the result.
    shapes : Shapes
        Shapes of the candidate traces.
    columns : int
        Columns of the features.
    row : float
        Height of a row of the features (m).
    pool : int
        Rows averaged into one cell.
    voting : VotingSettings
        Slopes, prior of the means, and what a peak is.

    Notes
    -----
    A Hough transform votes for every shape at every depth. Here the votes are learned features (Zhao et al. 2021, Deep
    Hough transform), and what is summed is a mean ``sum(f m) / (sum(m) + 0.02 columns)`` over the columns of a trace,
    with the measured share ``m`` as weight: gaps neither add votes nor lower them, and few columns make no high mean.
    The half turn with the highest mean is kept beside the whole turn, since many fractures show on one side only.
    A piece of a trace that rises reads the channels of its slope, so that features that lie flat do not vote for steep
    traces. Two small convolutions turn the means into log odds; an offset for each amplitude lets the network learn how
    frequent it is.
    """

    kernel: Tensor
    measured: Tensor
    neighbours: Tensor
    ring: Tensor

    def __init__(
        self, features: int, votes: int, hidden: int, classes: int, shapes: Shapes, columns: int, row: float, pool: int,
        voting: VotingSettings,
    ) -> None:  # fmt: skip
        super().__init__()
        self.shapes, self.row, self.pool, self.voting = shapes, row, pool, voting
        self.cell = row * pool
        # Columns are grouped into arcs of four: turning the image by four columns turns one arc into the next, and
        # half turns are sums of arcs.
        self.arcs = columns // 4
        arcs = torch.from_numpy(_kernel(shapes, columns, self.cell, voting)).chunk(self.arcs, dim=2)
        self.votes = votes
        kernel = torch.cat([arc.flatten(1, 2) for arc in arcs])[..., None]
        measured = torch.cat([arc.sum(dim=1) for arc in arcs])[..., None]
        self.register_buffer("kernel", kernel.to(memory_format=torch.channels_last), persistent=False)
        self.register_buffer("measured", measured.to(memory_format=torch.channels_last), persistent=False)
        self.register_buffer("neighbours", torch.from_numpy(shapes.neighbours), persistent=False)
        self.register_buffer("ring", torch.from_numpy(shapes.ring), persistent=False)
        self.narrow = nn.Conv2d(features, votes * voting.slopes, 1)
        self.first = nn.Conv2d(2 * votes + 1, hidden, (1, 3), padding=(0, 1))
        self.rings = nn.Parameter(torch.zeros(hidden, int(shapes.ring.max()) + 1))
        self.second = nn.Conv2d(hidden, hidden, 1)
        self.last = nn.Conv2d(hidden, classes, 1)
        nn.init.constant_(self.last.bias, _FIRST_BIAS)  # type: ignore[arg-type]

    def forward(self, features: Tensor, mask: Tensor) -> Votes:
        """
        Vote for all candidate planes.

        Parameters
        ----------
        features : Tensor (batch, features, rows, columns)
            From the pyramid, at a quarter of the resolution.
        mask : Tensor (batch, 1, rows, columns)
            Measured share of each feature.
        """
        narrow = self.narrow(features) * mask
        if self.pool > 1:
            narrow, mask = (functional.avg_pool2d(part, (self.pool, 1)) for part in (narrow, mask))
        # Beyond the ends of the image nothing is measured: zeros there add to no sum and to no weight.
        cells, reach = narrow.shape[2], self.kernel.shape[2] // 2
        narrow, mask = (functional.pad(part, (0, 0, reach, reach)) for part in (narrow, mask))
        piece = cells if needs_whole_input() else _CELLS_AT_ONCE
        pieces = [slice(first, first + piece + 2 * reach) for first in range(0, cells, piece)]
        means = torch.cat([self._average_along_traces(narrow[:, :, part], mask[:, :, part]) for part in pieces], dim=1)
        hidden = self.first(means.permute(0, 2, 3, 1)) + self.rings[:, self.ring][:, :, None]
        logits = self.last(functional.relu(self.second(functional.relu(hidden))))
        return Votes(logits, means[:, :, self.votes].transpose(1, 2))

    def _average_along_traces(self, narrow: Tensor, mask: Tensor) -> Tensor:
        """
        Average a map along all candidate traces (batch, cells, 2 x votes + 1, shapes).

        The channels are means over the turn, the share measured, and means over the half turn where they are highest.
        """
        columns, prior = narrow.shape[3], self.voting.mean_prior * narrow.shape[3]
        total = self._sum_along_traces(narrow, self.votes, self.kernel)
        weight = self._sum_along_traces(mask, 1, self.measured)
        turn_weight = weight.sum(dim=3)
        mean = total.sum(dim=3) / (turn_weight + prior)
        # Half turns are divided by their own weights; the prior gives a half that is mostly a gap a low mean.
        half = (_halves(total) / (_halves(weight) + prior)).amax(dim=3)
        return torch.cat([mean, turn_weight / columns, half], dim=2)

    def _sum_along_traces(self, maps: Tensor, votes: int, kernel: Tensor) -> Tensor:
        """Sum (batch, votes x slopes, rows, columns) along the traces: (batch, cells, votes, arcs, shapes)."""
        batch, _, rows, columns = maps.shape
        lines = maps.reshape(batch, votes, -1, rows, self.arcs, columns // self.arcs)
        # Votes lie side by side and channels innermost: the fastest that a convolution with so few channels gets.
        lines = lines.permute(0, 4, 2, 5, 3, 1).flatten(1, 3).contiguous(memory_format=torch.channels_last)
        total = functional.conv2d(lines, kernel, groups=self.arcs).permute(0, 2, 3, 1)
        return total.reshape(batch, -1, votes, self.arcs, kernel.shape[0] // self.arcs)

    def peaks(self, score: Tensor) -> Tensor:
        """
        Suppress cells whose score is less than a share of a neighbour's, in depth or in shape.

        A cell beside a clear peak may belong to a faint plane of its own, so a share of the peak's score (half of it by
        default) is enough to be kept; the decoder decides later.

        Parameters
        ----------
        score : Tensor (batch, shapes, cells)
            Scores.

        Returns
        -------
        Tensor (batch, shapes, cells)
            The same; minus infinity where a neighbour is so much higher.
        """
        high = functional.max_pool1d(score, 3, 1, 1)
        highest = torch.maximum(high, high[:, self.neighbours].amax(dim=2))
        return torch.where(score >= self.voting.peak_ratio * highest, score, torch.full_like(score, -torch.inf))

    def depth(self, cells: int) -> Array:
        """Depths of cells below the first row of the image (m); a feature lies at the first of its rows."""
        return np.asarray((np.arange(cells) * self.pool + (self.pool - 1) / 2) * self.row)


def _halves(arcs: Tensor) -> Tensor:
    """Sums over half of the turn, rounded down to whole arcs, from each arc on (dimension 3)."""
    total, summed = arcs, 1
    # Sums by doubling: each binary digit of the number of arcs doubles the sum, and a 1 adds one more arc.
    for digit in f"{arcs.shape[3] // 2:b}"[1:]:
        total, summed = total + torch.roll(total, -summed, 3), 2 * summed
        if digit == "1":
            total, summed = arcs + torch.roll(total, -1, 3), summed + 1
    return total


def _kernel(shapes: Shapes, columns: int, cell: float, voting: VotingSettings) -> npt.NDArray[np.float32]:
    """
    Convolution kernels (shapes, slopes, columns, cells) of trace shapes.

    Each value is the share of a column that a trace spends in a cell above or below its mid-depth, split linearly
    between the two cells and the two slopes nearest to it.
    """
    # A column is an arc, and a steep trace crosses many cells on it: the trace is drawn at many points of each column.
    turn = 2 * np.pi * (np.arange(columns * _FINE) + 0.5 - _FINE / 2) / columns / _FINE
    at = shapes.curves @ np.stack([np.cos(turn), np.sin(turn)]) / cell
    rise = np.arcsinh(shapes.curves @ np.stack([-np.sin(turn), np.cos(turn)]) / voting.slope_scale)
    # Slopes from the steepest fall to the steepest rise of this tier, as places 0 to slopes - 1.
    slope = (rise / max(np.abs(rise).max(), 1e-9) + 1) / 2 * (voting.slopes - 1)
    half = int(np.ceil(np.abs(at).max() + 0.5))
    # The last slope has no next one: it is reached with share 1 from the one before.
    low, flat = np.floor(at).astype(int), np.minimum(np.floor(slope).astype(int), voting.slopes - 2)
    kernel = np.zeros((len(at), voting.slopes, columns, 2 * half + 3))
    shape, column = np.arange(len(at))[:, None], np.arange(columns * _FINE) // _FINE
    for i in range(2):
        for j in range(2):
            share = np.abs(1 - i - (slope - flat)) * np.abs(1 - j - (at - low)) / _FINE
            np.add.at(kernel, (shape, flat + i, column, low + half + 1 + j), share)
    return kernel.astype(np.float32)
