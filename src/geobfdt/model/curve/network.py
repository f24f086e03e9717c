"""The ``curve`` network: features on a cylinder, votes for candidate planes, and a decoder that refines the best."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from geobfdt.model.curve.backbone import Pyramid, measured_rows, zero_unmeasured
from geobfdt.model.curve.decoder import CurveDecoder, LayerOutput, SampledFeatures
from geobfdt.model.curve.votes import VoteHead, Votes, trace_shapes
from geobfdt.model.network_settings import CurveSettings
from geobfdt.model.planes import Planes
from geobfdt.preparation.network_grid import MIDDLE_VALUE, VALUES_PER_DEVIATION
from geobfdt.wells.picks import CLASSES

__all__ = [
    "CurveNetwork",
    "Features",
    "Tier",
    "best_cells",
    "channels",
]

Array = npt.NDArray[np.float64]
Scores = npt.NDArray[np.float32]


class Features(NamedTuple):
    """
    Encoded images of a batch: all that the decoder needs.

    Parameters
    ----------
    sampled : SampledFeatures
        Features laid out for sampling along traces.
    votes : list of Votes
        Votes of each tier, those for flat traces first.
    """

    sampled: SampledFeatures
    votes: list[Votes]


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
    Turn grid values into image channels and a mask.

    Parameters
    ----------
    grid : Tensor (batch, rows, columns) or (batch, rows, columns, images) of uint8
        As in :class:`geobfdt.preparation.network_grid.NetworkGrid`.

    Returns
    -------
    Tensor (batch, images + 1, rows, columns)
        Standard deviations about the mean of the rock around, 0 where nothing was measured; the mask comes last.
    """
    images = grid.unbind(dim=3) if grid.dim() == 4 else (grid,)
    mask = (images[0] > 0).float()
    return torch.stack(
        [*((image.float() - MIDDLE_VALUE) / VALUES_PER_DEVIATION * mask for image in images), mask], dim=1
    )


def best_cells(scores: Sequence[Scores], tiers: Sequence[Tier], max_cells: int) -> tuple[Array, Array]:
    """
    Select the cells of an image with the highest scores.

    Parameters
    ----------
    scores : sequence of array (shapes, cells)
        One for each tier; cells that are not above 0 are no peaks.
    tiers : sequence of Tier
        Candidate planes that the cells stand for.
    max_cells : int
        Largest number of cells of a tier.

    Returns
    -------
    traces : array (n, 3)
        ``(z0, a, b)`` (m), z0 from the first row of the image; best first in each tier.
    scores : array (n,)
        Their scores.

    Examples
    --------
    >>> tier = Tier(np.array([[0.0, 0.0], [0.1, 0.0]]), 0.0, 0.02)
    >>> traces, scores = best_cells([np.array([[0.0, 0.25, -np.inf], [0.75, 0.0, 0.125]], np.float32)], [tier], 2)
    >>> traces.tolist(), scores.tolist()
    ([[0.0, 0.1, 0.0], [0.02, 0.0, 0.0]], [0.75, 0.25])
    """
    traces, values = [], []
    for score, tier in zip(scores, tiers, strict=True):
        shape, cell = np.nonzero(score > 0)
        value = score[shape, cell].astype(np.float64)
        best = np.argsort(-value, kind="stable")[:max_cells]
        traces.append(np.column_stack([tier.first + tier.cell * cell[best], tier.curves[shape[best]]]))
        values.append(value[best])
    return np.concatenate(traces), np.concatenate(values)


class CurveNetwork(nn.Module):
    """
    A set predictor for planes on a cylinder.

    It has no absolute position: turning or sliding the image turns or slides the planes that it predicts.

    Parameters
    ----------
    settings : CurveSettings
        Sizes.

    Examples
    --------
    >>> network = CurveNetwork(CurveSettings()).eval()
    >>> network.encode(torch.zeros(1, 2, 64, 128)).sampled.coarse.shape
    torch.Size([1, 32, 16, 25])
    """

    votes: Sequence[VoteHead]

    def __init__(self, settings: CurveSettings) -> None:
        super().__init__()
        self.settings = settings
        columns, row = settings.columns // 4, 4 * settings.step
        self.pyramid = Pyramid(
            settings.image_count + 1, settings.widths, settings.blocks, settings.features, settings.fine
        )
        sizes = (settings.features, settings.votes, settings.head, len(CLASSES))
        lowest = 0.0
        votes = []
        for tallest, pool in settings.tiers:
            shapes = trace_shapes(lowest, tallest, columns, settings.voting)
            votes.append(VoteHead(*sizes, shapes, columns, row, pool, settings.voting))
            lowest = tallest
        self.votes = nn.ModuleList(votes)  # type: ignore[assignment]
        self.decoder = CurveDecoder(settings, len(CLASSES))

    def encode(self, image: Tensor) -> Features:
        """Encode images (batch, images + 1, rows, columns); rows and columns are multiples of 16."""
        rows = measured_rows(image[:, -1:])
        image = image if rows is None else zero_unmeasured(image, rows[1])
        features, fine = self.pyramid(image, rows)
        mask, fine_mask = (functional.avg_pool2d(image[:, -1:], stride) for stride in (4, 2))
        sampled = self.decoder.sample_features(features, mask, fine, fine_mask, rows)
        return Features(sampled, [vote(features, mask) for vote in self.votes])

    def decode(
        self,
        features: Features,
        traces: Tensor,
        radius: Tensor,
        group: Tensor,
        hidden: Tensor | None = None,
        layers: slice = slice(None),
    ) -> list[LayerOutput]:
        """Decode queries; see :meth:`geobfdt.model.curve.decoder.CurveDecoder.forward`."""
        outputs: list[LayerOutput] = self.decoder(features.sampled, traces, radius, group, hidden, layers)
        return outputs

    def peaks(self, features: Features) -> list[Tensor]:
        """Scores (batch, shapes, cells) of each tier: minus infinity off the peaks, 0 where little was measured."""
        parts = zip(self.votes, features.votes, strict=True)
        least = self.settings.voting.min_coverage
        return [vote.peaks(part.logits.amax(dim=1).sigmoid() * (part.coverage > least)) for vote, part in parts]

    @property
    def tiers(self) -> list[Tier]:
        """Candidate planes of each vote."""
        tiers = []
        for vote in self.votes:
            first, second = vote.depth(2)
            tiers.append(Tier(vote.shapes.curves, float(first), float(second - first)))
        return tiers

    @torch.no_grad()
    def propose_queries(self, features: Features, max_cells: int) -> list[tuple[Array, Array]]:
        """
        Propose queries: the cells of the votes that are local maxima, best first.

        Parameters
        ----------
        features : Features
            From :meth:`encode`.
        max_cells : int
            Largest number of cells per image and tier.

        Returns
        -------
        list of (traces (n, 3), scores (n,))
            One for each image; see :func:`best_cells`.
        """
        scores = [part.cpu().numpy() for part in self.peaks(features)]
        return [
            best_cells([part[item] for part in scores], self.tiers, max_cells)
            for item in range(len(features.sampled.coarse))
        ]

    @torch.inference_mode()
    def encode_strip(self, grid: npt.NDArray[np.uint8]) -> tuple[Features, list[Scores]]:
        """Encode one strip; see :class:`geobfdt.model.curve.detection.Runtime`."""
        image = channels(torch.from_numpy(grid)[None].to(self._device)).to(memory_format=torch.channels_last)
        features = self.encode(image)
        return features, [part[0].cpu().numpy() for part in self.peaks(features)]

    @torch.inference_mode()
    def decode_strip(
        self, features: Features, traces: Array, hidden: Array | None, radius: float, stage: int
    ) -> tuple[Planes, Array]:
        """Decode queries of one strip; see :class:`geobfdt.model.curve.detection.Runtime`."""
        queries = torch.from_numpy(traces).float()[None].to(self._device)
        hidden_before = None if hidden is None else torch.from_numpy(hidden).float()[None].to(self._device)
        group = torch.zeros(1, len(traces), dtype=torch.int64, device=self._device)
        width = torch.tensor([radius], dtype=torch.float32, device=self._device)
        last = self.decode(features, queries, width, group, hidden_before, self.settings.stages[stage].layers)[-1]
        parts = (last.traces, last.logits, last.evidence, last.hidden)
        *values, hidden = (part[0].cpu().numpy().astype(np.float64) for part in parts)
        return Planes(*values), hidden

    @property
    def _device(self) -> torch.device:
        return next(self.parameters()).device
