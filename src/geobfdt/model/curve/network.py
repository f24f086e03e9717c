"""The ``curve`` network: features on a cylinder, votes for planes, a decoder that moves the best on to the image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from geobfdt.model.curve.backbone import Pyramid, measured_rows, only_measured
from geobfdt.model.curve.decoder import CurveDecoder, Guess, Sight
from geobfdt.model.curve.votes import Ballot, Vote, trace_shapes
from geobfdt.model.network_settings import CurveSettings
from geobfdt.model.planes import Planes
from geobfdt.wells.picks import CLASSES

__all__ = ["CurveNetwork", "Look", "Tier", "channels", "choose"]

Array = npt.NDArray[np.float64]
Scores = npt.NDArray[np.float32]


class Look(NamedTuple):
    """
    What the network sees in a batch before it asks its queries.

    Parameters
    ----------
    sight : Sight
        What was seen.
    ballots : list of Ballot
        Votes, those for flat traces first.
    """

    sight: Sight
    ballots: list[Ballot]


class Tier(NamedTuple):
    """
    The candidate planes of one vote.

    Parameters
    ----------
    curves : array (shapes, 2)
        ``(a, b)`` (m).
    first : float
        Depth of its first cell below the first row of the image (m).
    cell : float
        Height of a cell (m).
    """

    curves: Array
    first: float
    cell: float


def channels(grid: Tensor) -> Tensor:
    """
    Turn grid values into image and mask.

    Parameters
    ----------
    grid : Tensor (batch, rows, columns) or (batch, rows, columns, looks) of uint8
        As in :class:`geobfdt.preparation.network_grid.NetworkGrid`.

    Returns
    -------
    Tensor (batch, looks + 1, rows, columns)
        Standard deviations about the mean of the rock around, 0 where nothing was measured; and last the mask.
    """
    looks = grid.unbind(dim=3) if grid.dim() == 4 else (grid,)
    mask = (looks[0] > 0).float()
    return torch.stack([*((look.float() - 128) / 50.8 * mask for look in looks), mask], dim=1)


def choose(scores: Sequence[Scores], tiers: Sequence[Tier], most: int) -> tuple[Array, Array]:
    """
    Choose the cells of an image that scored best.

    Parameters
    ----------
    scores : sequence of array (shapes, cells)
        One for each tier; cells that are not above 0 are no peaks.
    tiers : sequence of Tier
        What the cells stand for.
    most : int
        Cells of a tier, at most.

    Returns
    -------
    traces : array (n, 3)
        ``(z0, a, b)`` (m), z0 from the first row of the image; best first in each tier.
    scores : array (n,)
        Theirs.

    Examples
    --------
    >>> tier = Tier(np.array([[0.0, 0.0], [0.1, 0.0]]), 0.0, 0.02)
    >>> traces, scores = choose([np.array([[0.0, 0.25, -np.inf], [0.75, 0.0, 0.125]], np.float32)], [tier], 2)
    >>> traces.tolist(), scores.tolist()
    ([[0.0, 0.1, 0.0], [0.02, 0.0, 0.0]], [0.75, 0.25])
    """
    traces, values = [], []
    for score, tier in zip(scores, tiers, strict=True):
        shape, cell = np.nonzero(score > 0)
        value = score[shape, cell].astype(np.float64)
        best = np.argsort(-value, kind="stable")[:most]
        traces.append(np.column_stack([tier.first + tier.cell * cell[best], tier.curves[shape[best]]]))
        values.append(value[best])
    return np.concatenate(traces), np.concatenate(values)


class CurveNetwork(nn.Module):
    """
    A set predictor that knows what a plane looks like on a cylinder.

    It has no absolute position: turning or sliding the image turns or slides the answer.

    Parameters
    ----------
    settings : CurveSettings
        Sizes.

    Examples
    --------
    >>> network = CurveNetwork(CurveSettings()).eval()
    >>> look = network.look(torch.zeros(1, 2, 64, 128))
    >>> look.sight.coarse.shape
    torch.Size([1, 32, 16, 25])
    """

    votes: Sequence[Vote]

    def __init__(self, settings: CurveSettings) -> None:
        super().__init__()
        self.settings = settings
        columns, row = settings.columns // 4, 4 * settings.step
        self.pyramid = Pyramid(settings.looks + 1, settings.widths, settings.blocks, settings.features, settings.fine)
        sizes = (settings.features, settings.votes, settings.head, len(CLASSES))
        lowest = 0.0
        votes = []
        for tallest, pool in settings.tiers:
            votes.append(Vote(*sizes, trace_shapes(lowest, tallest, columns), columns, row, pool))
            lowest = tallest
        self.votes = nn.ModuleList(votes)  # type: ignore[assignment]
        self.decoder = CurveDecoder(settings, len(CLASSES))

    def look(self, image: Tensor) -> Look:
        """Look at images (batch, looks + 1, rows, columns), both multiples of 16."""
        rows = measured_rows(image[:, -1:])
        image = image if rows is None else only_measured(image, rows[1])
        features, fine = self.pyramid(image, rows)
        mask, fine_mask = (functional.avg_pool2d(image[:, -1:], stride) for stride in (4, 2))
        sight = self.decoder.sight(features, mask, fine, fine_mask, rows)
        return Look(sight, [vote(features, mask) for vote in self.votes])

    def decode(
        self,
        look: Look,
        traces: Tensor,
        radius: Tensor,
        group: Tensor,
        content: Tensor | None = None,
        rounds: slice = slice(None),
    ) -> list[Guess]:
        """Ask queries; see :class:`geobfdt.model.curve.decoder.CurveDecoder`."""
        guesses: list[Guess] = self.decoder(look.sight, traces, radius, group, content, rounds)
        return guesses

    def peaks(self, look: Look) -> list[Tensor]:
        """Scores (batch, shapes, cells) of each tier; minus infinity but for the peaks, 0 where little was measured."""
        parts = zip(self.votes, look.ballots, strict=True)
        return [vote.peaks(part.logits.amax(dim=1).sigmoid() * (part.coverage > 0.05)) for vote, part in parts]

    @property
    def tiers(self) -> list[Tier]:
        """What the cells of its votes stand for."""
        tiers = []
        for vote in self.votes:
            first, second = vote.depth(2)
            tiers.append(Tier(vote.shapes.curves, float(first), float(second - first)))
        return tiers

    @torch.no_grad()
    def elect(self, look: Look, most: int) -> list[tuple[Array, Array]]:
        """
        Choose the cells that are local maxima, best first.

        Parameters
        ----------
        look : Look
            What was seen.
        most : int
            Cells per image and vote.

        Returns
        -------
        list of (traces (n, 3), scores (n,))
            One for each image; see :func:`choose`.
        """
        scores = [part.cpu().numpy() for part in self.peaks(look)]
        return [choose([part[item] for part in scores], self.tiers, most) for item in range(len(look.sight.coarse))]

    @torch.inference_mode()
    def see(self, grid: npt.NDArray[np.uint8]) -> tuple[Look, list[Scores]]:
        """Look at one strip; see :class:`geobfdt.model.curve.detection.Runtime`."""
        image = channels(torch.from_numpy(grid)[None].to(self._device)).to(memory_format=torch.channels_last)
        look = self.look(image)
        return look, [part[0].cpu().numpy() for part in self.peaks(look)]

    @torch.inference_mode()
    def ask(self, seen: Look, traces: Array, content: Array | None, radius: float, stage: int) -> tuple[Planes, Array]:
        """Ask queries of one strip; see :class:`geobfdt.model.curve.detection.Runtime`."""
        queries = torch.from_numpy(traces).float()[None].to(self._device)
        known = None if content is None else torch.from_numpy(content).float()[None].to(self._device)
        group = torch.zeros(1, len(traces), dtype=torch.int64, device=self._device)
        width = torch.tensor([radius], dtype=torch.float32, device=self._device)
        last = self.decode(seen, queries, width, group, known, self.settings.stages[stage].layers)[-1]
        parts = (last.traces, last.logits, last.evidence, last.content)
        *told, content = (part[0].cpu().numpy().astype(np.float64) for part in parts)
        return Planes(*told), content

    @property
    def _device(self) -> torch.device:
        return next(self.parameters()).device
