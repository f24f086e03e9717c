"""Curve voting: a deep Hough transform whose every cell is one candidate plane.

A narrow feature map is averaged along every trace of a fixed set of shapes at every depth, all round and over the half
of the turn that says most; where a trace rises, only what rises like it is asked. Along depth this is a convolution
with a sparse kernel that holds the trace, so it is exact, fast, and runs on strips of any length.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from geobfdt.model.curve.backbone import at_once

__all__ = ["Ballot", "Shapes", "Vote", "trace_shapes"]

_SLOPES = 5  # slopes told apart, evenly in asinh(slope / _GENTLE)
_GENTLE = 0.1  # m per rad
_PIECE = 128  # cells whose sums are held at a time: what the cache of a core holds
_FLANK = 0.5  # of the highest neighbour's score, from which a cell is looked at too

Array = npt.NDArray[np.float64]


class Shapes(NamedTuple):
    """
    Trace shapes that are voted for.

    Parameters
    ----------
    curves : array (shapes, 2)
        ``(a, b)`` (m).
    ring : array (shapes,)
        Which amplitude each has, by rank.
    neighbours : array (shapes, 6)
        The shapes nearest to each (itself, where there are fewer).
    """

    curves: Array
    ring: npt.NDArray[np.int64]
    neighbours: npt.NDArray[np.int64]


class Ballot(NamedTuple):
    """
    Votes of a batch.

    Parameters
    ----------
    logits : Tensor (batch, classes, shapes, cells)
        How much each cell looks like a plane of each class.
    coverage : Tensor (batch, shapes, cells)
        Share of the turn that was measured along it.
    """

    logits: Tensor
    coverage: Tensor


def trace_shapes(lowest: float, tallest: float, columns: int) -> Shapes:
    """
    Spread trace shapes over amplitudes and azimuths, ever sparser as they get steeper.

    Parameters
    ----------
    lowest, tallest : float
        Amplitudes (m); the lower one is included, the upper one is not.
    columns : int
        Columns of the features; the numbers of azimuths divide it, so that the set stays the same when the hole is
        turned by a few columns.

    Examples
    --------
    >>> shapes = trace_shapes(0.0, 0.13, 32)
    >>> len(shapes.curves), shapes.curves[0].tolist()
    (25, [0.0, 0.0])
    """
    amplitudes, amplitude = [], 0.0
    while amplitude < tallest:
        if amplitude >= lowest:
            amplitudes.append(amplitude)
        amplitude += 0.045 + 0.22 * amplitude
    curves, ring = [], []
    for i, amplitude in enumerate(amplitudes):
        wanted = max(2 * np.pi * amplitude / (0.045 + 0.1 * amplitude), 1)
        # Whole parts of the columns, so many that a turn by four of them leads from one to another.
        counts = [n for n in range(1, columns + 1) if columns % n == 0 and n % max(columns // 4, 1) == 0]
        count = next((n for n in counts if n >= 0.81 * wanted), columns) if amplitude > 0 else 1
        turn = 2 * np.pi * np.arange(count) / count
        curves.append(amplitude * np.stack([np.cos(turn), np.sin(turn)], axis=1))
        ring += [i] * count
    flat = np.concatenate(curves)
    apart = np.hypot(*(flat[:, None] - flat).transpose(2, 0, 1))
    scaled = apart / (0.045 + 0.1 * np.maximum(*np.meshgrid(*2 * [np.hypot(*flat.T)])))
    nearest = np.argsort(scaled, axis=1, kind="stable")[:, 1:7]
    here = np.arange(len(flat))[:, None]
    near = np.take_along_axis(scaled, nearest, 1) < 2.5
    neighbours = np.where(near, nearest, here)
    return Shapes(flat, np.array(ring), np.pad(neighbours, ((0, 0), (0, 6 - neighbours.shape[1])), mode="edge"))


class Vote(nn.Module):
    """
    Average features along candidate traces and score them.

    Parameters
    ----------
    features, votes, hidden, classes : int
        Channels: of the features, of what is averaged, of the head, of the answer.
    shapes : Shapes
        Candidate traces.
    columns : int
        Columns of the features.
    row : float
        Height of a row of the features (m).
    pool : int
        Rows averaged into one cell.
    """

    kernel: Tensor
    measured: Tensor
    neighbours: Tensor
    ring: Tensor

    def __init__(
        self, features: int, votes: int, hidden: int, classes: int, shapes: Shapes, columns: int, row: float, pool: int
    ) -> None:
        super().__init__()
        self.shapes, self.row, self.pool = shapes, row, pool
        self.cell = row * pool
        # Turning the hole by four columns turns the features; of an arc of four it makes the next.
        self.arcs = columns // 4
        arcs = torch.from_numpy(_kernel(shapes, columns, self.cell)).chunk(self.arcs, dim=2)
        self.votes = votes
        whole = torch.cat([arc.flatten(1, 2) for arc in arcs])[..., None]
        measured = torch.cat([arc.sum(dim=1) for arc in arcs])[..., None]
        self.register_buffer("kernel", whole.to(memory_format=torch.channels_last), persistent=False)
        self.register_buffer("measured", measured.to(memory_format=torch.channels_last), persistent=False)
        self.register_buffer("neighbours", torch.from_numpy(shapes.neighbours), persistent=False)
        self.register_buffer("ring", torch.from_numpy(shapes.ring), persistent=False)
        self.narrow = nn.Conv2d(features, votes * _SLOPES, 1)
        self.first = nn.Conv2d(2 * votes + 1, hidden, (1, 3), padding=(0, 1))
        self.rings = nn.Parameter(torch.zeros(hidden, int(shapes.ring.max()) + 1))
        self.second = nn.Conv2d(hidden, hidden, 1)
        self.last = nn.Conv2d(hidden, classes, 1)
        nn.init.constant_(self.last.bias, -5.0)  # type: ignore[arg-type]

    def forward(self, features: Tensor, mask: Tensor) -> Ballot:
        """
        Vote.

        Parameters
        ----------
        features : Tensor (batch, features, rows, columns)
            What was seen.
        mask : Tensor (batch, 1, rows, columns)
            Share of each that was measured.
        """
        seen = self.narrow(features) * mask
        if self.pool > 1:
            seen, mask = (functional.avg_pool2d(part, (self.pool, 1)) for part in (seen, mask))
        cells, reach = seen.shape[2], self.kernel.shape[2] // 2
        seen, mask = (functional.pad(part, (0, 0, reach, reach)) for part in (seen, mask))
        piece = cells if at_once() else _PIECE
        pieces = [slice(first, first + piece + 2 * reach) for first in range(0, cells, piece)]
        heard = torch.cat([self._heard(seen[:, :, part], mask[:, :, part]) for part in pieces], dim=1)
        hidden = self.first(heard.permute(0, 2, 3, 1)) + self.rings[:, self.ring][:, :, None]
        logits = self.last(functional.relu(self.second(functional.relu(hidden))))
        return Ballot(logits, heard[:, :, self.votes].transpose(1, 2))

    def _heard(self, seen: Tensor, mask: Tensor) -> Tensor:
        """Means round the hole, the share measured, and means of the half that says most (batch, cells, _, shapes)."""
        columns, little = seen.shape[3], 0.02 * seen.shape[3]
        total = self._along(seen, self.votes, self.kernel)
        weight = self._along(mask, 1, self.measured)
        whole = weight.sum(dim=3)
        mean = total.sum(dim=3) / (whole + little)
        half = (_halves(total) / (_halves(weight) + little)).amax(dim=3)
        return torch.cat([mean, whole / columns, half], dim=2)

    def _along(self, seen: Tensor, votes: int, kernel: Tensor) -> Tensor:
        """Sums (batch, cells, votes, arcs, shapes) along the traces, of (batch, votes x slopes, rows, columns)."""
        batch, _, rows, columns = seen.shape
        lines = seen.reshape(batch, votes, -1, rows, self.arcs, columns // self.arcs)
        # Votes lie side by side and channels innermost: the fastest that a convolution with so few channels gets.
        lines = lines.permute(0, 4, 2, 5, 3, 1).flatten(1, 3).contiguous(memory_format=torch.channels_last)
        total = functional.conv2d(lines, kernel, groups=self.arcs).permute(0, 2, 3, 1)
        return total.reshape(batch, -1, votes, self.arcs, kernel.shape[0] // self.arcs)

    def peaks(self, score: Tensor) -> Tensor:
        """
        Tell the cells that no neighbour in depth or shape beats by far.

        The flank of a clear plane may be the peak of a faint one beside it; which it is the decoder tells.

        Parameters
        ----------
        score : Tensor (batch, shapes, cells)
            Scores.

        Returns
        -------
        Tensor (batch, shapes, cells)
            The same, minus infinity where a neighbour is over twice as high.
        """
        high = functional.max_pool1d(score, 3, 1, 1)
        beaten = torch.maximum(high, high[:, self.neighbours].amax(dim=2))
        return torch.where(score >= _FLANK * beaten, score, torch.full_like(score, -torch.inf))

    def depth(self, cells: int) -> Array:
        """Depths of cells below the first row of the image (m); a feature lies at the first of its rows."""
        return np.asarray((np.arange(cells) * self.pool + (self.pool - 1) / 2) * self.row)


def _halves(arcs: Tensor) -> Tensor:
    """Sums over half of the turn, or an arc less than that where they are odd, from each arc on (dimension 3)."""
    total, summed = arcs, 1
    for digit in f"{arcs.shape[3] // 2:b}"[1:]:  # twice as many arcs for each, and one more for a 1
        total, summed = total + torch.roll(total, -summed, 3), 2 * summed
        if digit == "1":
            total, summed = arcs + torch.roll(total, -1, 3), summed + 1
    return total


def _kernel(shapes: Shapes, columns: int, cell: float) -> npt.NDArray[np.float32]:
    """
    Draw traces (shapes, slopes, columns, cells).

    Each value is the share of a column's turn that a trace spends in a cell below or above its depth, dealt out to the
    two slopes nearest to its own.
    """
    fine = 16
    turn = 2 * np.pi * (np.arange(columns * fine) + 0.5 - fine / 2) / columns / fine
    at = shapes.curves @ np.stack([np.cos(turn), np.sin(turn)]) / cell
    rise = np.arcsinh(shapes.curves @ np.stack([-np.sin(turn), np.cos(turn)]) / _GENTLE)
    slope = (rise / max(np.abs(rise).max(), 1e-9) + 1) / 2 * (_SLOPES - 1)
    half = int(np.ceil(np.abs(at).max() + 0.5))
    low, flat = np.floor(at).astype(int), np.minimum(np.floor(slope).astype(int), _SLOPES - 2)
    kernel = np.zeros((len(at), _SLOPES, columns, 2 * half + 3))
    shape, column = np.arange(len(at))[:, None], np.arange(columns * fine) // fine
    for i in range(2):
        for j in range(2):
            share = np.abs(1 - i - (slope - flat)) * np.abs(1 - j - (at - low)) / fine
            np.add.at(kernel, (shape, flat + i, column, low + half + 1 + j), share)
    return kernel.astype(np.float32)
