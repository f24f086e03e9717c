"""The curve decoder: each query reads the features along its own trace and moves the trace on to the plane there.

The first layers sample a wide band of coarse features, the last ones a narrow band of fine features.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from geobfdt.model.curve.backbone import needs_whole_input, wrap, zero_unmeasured
from geobfdt.model.network_settings import CurveSettings

__all__ = ["CurveDecoder", "LayerOutput", "SampledFeatures", "fit_trace_update", "stretch"]

# So many queries are decoded together outside of training: their features fit into the cache of a core.
_QUERY_BATCH = 128
# Queries are attended to in blocks of so many; the queries of a block share one set of neighbours.
_BLOCK_QUERIES = 16


class SampledFeatures(NamedTuple):
    """
    Feature maps laid out for sampling along traces: columns first, rows downwards, the measured share as last channel.

    Parameters
    ----------
    coarse : Tensor (batch, columns / 4, rows / 4, sampled + 1)
        At a quarter of the image's resolution.
    fine : Tensor (batch, columns / 2, rows / 2, fine + 1)
        At half of it.
    """

    coarse: Tensor
    fine: Tensor


class LayerOutput(NamedTuple):
    """
    Output of one decoder layer.

    Parameters
    ----------
    logits : Tensor (batch, queries, classes)
        Log odds of each class.
    traces : Tensor (batch, queries, 3)
        ``(z0, a, b)`` (m), z0 from the first row of the image.
    evidence : Tensor (batch, queries, columns)
        Weight of each sampled feature column in the fit of the trace, 0 to 1.
    hidden : Tensor (batch, queries, hidden)
        Hidden state of each query, for the next layer.
    """

    logits: Tensor
    traces: Tensor
    evidence: Tensor
    hidden: Tensor


def stretch(traces: Tensor, radius: Tensor) -> Tensor:
    """
    Ratio of a band's height along depth to its height perpendicular to the trace, root mean square over the turn.

    Parameters
    ----------
    traces : Tensor (..., 3)
        ``(z0, a, b)`` (m).
    radius : Tensor
        Hole radius (m), of a shape that broadcasts with the traces'.

    Examples
    --------
    >>> stretch(torch.tensor([0.0, 0.1, 0.1]), torch.tensor(0.1)).item()
    1.414
    """
    return torch.sqrt(1 + (traces[..., 1] ** 2 + traces[..., 2] ** 2) / radius**2 / 2)


def fit_trace_update(offsets: Tensor, weights: Tensor, waves: Tensor, ridge: float | Tensor) -> Tensor:
    """
    Fit ``dz0 + da cos t + db sin t`` to offsets round the hole by weighted ridge regression.

    Parameters
    ----------
    offsets, weights : Tensor (..., columns)
        Offset in depth (m) and weight of each column.
    waves : Tensor (columns, 3)
        1, cos t and sin t of the columns.
    ridge : float or Tensor (...)
        Weight of the prior that the update is 0.

    Returns
    -------
    Tensor (..., 3)
        The update (m).

    Notes
    -----
    With the design matrix ``W`` of the waves and the weights ``w`` divided by the number of columns, the update solves
    ``(W' w W + ridge I) x = W' w offsets``. The three normal equations are solved by Cramer's rule: it needs sums and
    products only, which every ONNX runtime has, and its gradient is exact. The ridge keeps the matrix regular where
    few columns have a weight, and shrinks the update to 0 where their weights are small.

    Examples
    --------
    >>> t = 2 * torch.pi * torch.arange(8) / 8
    >>> waves = torch.stack([torch.ones(8), t.cos(), t.sin()], 1)
    >>> fit_trace_update(0.1 - 0.2 * t.cos(), torch.ones(8), waves, 1e-6)
    tensor([ 0.1000, -0.2000,  0.0000])
    """
    share = weights / waves.shape[0]
    pairs = torch.stack([waves[:, i] * waves[:, j] for i, j in ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))], 1)
    # Elements of the symmetric normal matrix, and its right-hand side.
    n00, n01, n02, n11, n12, n22 = (share @ pairs).unbind(-1)
    n00, n11, n22 = n00 + ridge, n11 + ridge, n22 + ridge
    r0, r1, r2 = ((share * offsets) @ waves).unbind(-1)
    # Cofactors; the inverse is the matrix of cofactors divided by the determinant.
    c00, c01, c02 = n11 * n22 - n12 * n12, n02 * n12 - n01 * n22, n01 * n12 - n02 * n11
    c11, c12, c22 = n00 * n22 - n02 * n02, n01 * n02 - n00 * n12, n00 * n11 - n01 * n01
    determinant = n00 * c00 + n01 * c01 + n02 * c02
    solution = torch.stack(
        [c00 * r0 + c01 * r1 + c02 * r2, c01 * r0 + c11 * r1 + c12 * r2, c02 * r0 + c12 * r1 + c22 * r2], -1
    )
    return solution / determinant[..., None]


class CurveDecoder(nn.Module):
    """
    Refine queries layer by layer.

    Parameters
    ----------
    settings : CurveSettings
        Sizes.
    classes : int
        Number of classes.

    Notes
    -----
    A query is a candidate plane: a trace ``(z0, a, b)`` and a hidden state. Each layer samples features in a band along
    the trace, lets every column estimate how far the plane lies from the trace, and fits the offsets by a sinusoid
    (:func:`fit_trace_update`). Attention between neighbours in depth then suppresses duplicates of a plane, and a
    feed-forward block follows. The layout is that of a DETR decoder with iterative refinement (Carion et al. 2020;
    Zhu et al. 2021), whose cross-attention is replaced by the band along the trace.
    Traces are detached between layers, so that each layer learns its own step.
    """

    def __init__(self, settings: CurveSettings, classes: int) -> None:
        super().__init__()
        self.beside = settings.beside
        self.max_neighbour_distance_m = settings.company
        self.depth_scale_m, self.rms_floor_m = settings.decoder.depth_scale, settings.decoder.rms_floor
        # Attributes that hold weights are keys of the weights file, here and below: they keep the names they have
        # there.
        self.sampled = nn.Conv2d(settings.features, settings.sampled, 1)
        self.start = nn.Parameter(torch.zeros(settings.content))
        self.strides = [stride for stride, *_ in settings.layers]
        self.layers = nn.ModuleList(
            _Layer(settings, *layer, settings.sampled if layer[0] == 4 else settings.fine, classes)
            for layer in settings.layers
        )

    def sample_features(
        self, features: Tensor, mask: Tensor, fine: Tensor, fine_mask: Tensor, rows: dict[int, Tensor] | None = None
    ) -> SampledFeatures:
        """
        Lay out the features of a ``Pyramid`` for sampling along traces.

        Parameters
        ----------
        features, fine : Tensor (batch, channels, rows, columns)
            From the pyramid.
        mask, fine_mask : Tensor (batch, 1, rows, columns)
            Measured share of each feature.
        rows : dict of int to Tensor, optional
            As in :func:`geobfdt.model.curve.backbone.measured_rows`.
        """
        sampled = zero_unmeasured(self.sampled(features), None if rows is None else rows[4])
        levels = ((sampled, mask), (fine, fine_mask))
        return SampledFeatures(*(torch.cat([part.permute(0, 3, 2, 1) for part in level], dim=3) for level in levels))

    def forward(
        self,
        features: SampledFeatures,
        traces: Tensor,
        radius: Tensor,
        group: Tensor,
        hidden: Tensor | None = None,
        layers: slice = slice(None),
    ) -> list[LayerOutput]:
        """
        Decode queries.

        A query attends to the queries next to it in depth only, so that the cost grows with the length of a strip and
        not with its square.

        Parameters
        ----------
        features : SampledFeatures
            From :meth:`sample_features`.
        traces : Tensor (batch, queries, 3)
            ``(z0, a, b)`` (m), z0 from the first row of the image; sorted by group, then by z0.
        radius : Tensor (batch,)
            Hole radius (m).
        group : Tensor (batch, queries)
            Queries of different groups do not attend to each other.
        hidden : Tensor (batch, queries, hidden), optional
            Hidden states from the layers before these. Default: the learned first state.
        layers : slice
            Layers to run.

        Returns
        -------
        list of LayerOutput
            One a layer.
        """
        chosen = list(zip(self.layers, self.strides, strict=True))[layers]
        maps = {4: features.coarse, 2: features.fine}
        if hidden is None:
            hidden = self.start.expand(*traces.shape[:2], -1)
        radius = radius[:, None]
        blocks = _query_blocks(traces.shape[1], self.beside, traces.device)
        other_group = group[:, blocks.own][..., None] != group[:, blocks.near][:, :, None]
        blocked = torch.maximum(blocks.blocked, other_group.to(traces.dtype))
        outputs = []
        for layer, stride in chosen:
            relation = self._pair_features(traces, radius, blocks)
            too_far = torch.maximum(blocked, relation[..., 4])
            outputs.append(layer(hidden, maps[stride], traces, radius, relation, blocks, too_far))
            traces, hidden = outputs[-1].traces.detach(), outputs[-1].hidden
        return outputs

    def _pair_features(self, traces: Tensor, radius: Tensor, blocks: _QueryBlocks) -> Tensor:
        """
        Geometry of pairs of neighbours (batch, blocks, own, near, 5); turning the hole leaves it unchanged.

        The five values are the logarithm of the scaled trace RMS, two powers of the cosine between the planes, how
        close the two are in depth, and 1 where they are too far apart to attend to each other.
        """
        change = traces[:, blocks.own][:, :, :, None] - traces[:, blocks.near][:, :, None]
        rms = torch.sqrt(change[..., 0] ** 2 + (change[..., 1] ** 2 + change[..., 2] ** 2) / 2 + 1e-8)
        stretching = stretch(traces, radius)
        scaled = rms / torch.sqrt(stretching[:, blocks.own][..., None] * stretching[:, blocks.near][:, :, None])
        # Poles are those of apparent dip, in the axes of the hole, whose tangent is the amplitude over the radius.
        pole = torch.cat([traces[..., 1:] / radius[..., None], torch.ones_like(traces[..., :1])], dim=-1)
        pole = pole / torch.sqrt((pole**2).sum(-1, keepdim=True))
        cosine = (pole[:, blocks.own] @ pole[:, blocks.near].transpose(-1, -2)).abs()
        close = torch.exp(-((change[..., 0] / self.depth_scale_m) ** 2))
        too_far = (change[..., 0].abs() > self.max_neighbour_distance_m).to(traces.dtype)
        return torch.stack([torch.log(scaled + self.rms_floor_m) + 3, cosine**2, cosine**16, close, too_far], dim=-1)


class _QueryBlocks(NamedTuple):
    """
    Blocks of queries that share their neighbours, so that attention is a product of matrices.

    Parameters
    ----------
    own : Tensor (blocks, own)
        Queries of each block; the last query is repeated to fill the last block.
    near : Tensor (blocks, near)
        Queries that a block may attend to.
    blocked : Tensor (blocks, own, near)
        1 where two queries are too many places apart or one of them does not exist, else 0.
    """

    own: Tensor
    near: Tensor
    blocked: Tensor


def _query_blocks(queries: int, beside: int, device: torch.device) -> _QueryBlocks:
    """Cut so many queries into blocks; each attends to `beside` queries above and below it."""
    count = (queries + _BLOCK_QUERIES - 1) // _BLOCK_QUERIES
    first = _BLOCK_QUERIES * torch.arange(count, device=device)[:, None]
    own = first + torch.arange(_BLOCK_QUERIES, device=device)
    near = first + torch.arange(-beside, _BLOCK_QUERIES + beside, device=device)
    too_many_apart = (own[:, :, None] - near[:, None]).abs() > beside
    missing = (near < 0) | (near >= queries)
    return _QueryBlocks(
        own.clamp(max=queries - 1), near.clamp(0, queries - 1), (too_many_apart | missing[:, None]).float()
    )


class _Layer(nn.Module):
    """
    A decoder layer: attention along the trace, attention between neighbours, a feed-forward block.

    The weights are named after their file keys: ``look`` embeds the samples of a column and ``tell`` the query's hidden
    state; ``again`` and ``along`` mix columns; ``local`` gives each column's offset and weight; ``mean`` turns the
    pooled columns into the query's update. ``bias`` and ``relation`` serve the attention between neighbours, ``wide``
    and ``back`` are the feed-forward block.
    """

    waves: Tensor
    across: Tensor

    def __init__(
        self, settings: CurveSettings, stride: int, band: float, samples: int, local: int, channels: int, classes: int
    ) -> None:
        super().__init__()
        size, columns = settings.content, settings.columns // stride
        # The geometry has values even in a network without any, on the device meta: no weights file holds it.
        turn = 2 * math.pi * torch.arange(columns, device="cpu") / columns
        waves = torch.stack([torch.ones_like(turn), turn.cos(), turn.sin()], 1)
        self.register_buffer("waves", waves, persistent=False)
        self.register_buffer("across", band * torch.linspace(-1, 1, samples, device="cpu"), persistent=False)
        self.row = stride * settings.step
        self.heads = settings.decoder.heads
        self.limit = band
        self.ridge = settings.decoder.ridge
        self.look = nn.Linear(samples * (channels + 1), local)
        self.tell = nn.Linear(size, local)
        self.again = nn.Linear(3 * local, local)
        # Reaches up to a quarter of the turn together span it: a larger one wraps to columns that are mixed already.
        self.along = nn.ModuleList(
            _ColumnMix(local, reach) for reach in settings.decoder.reaches if 4 * reach <= columns
        )
        self.local = nn.Linear(local, 2)
        self.mean = nn.Linear(2 * local, size)
        self.norm1, self.norm2, self.norm3 = (nn.LayerNorm(size) for _ in range(3))
        self.bias = nn.Sequential(nn.Linear(5, 16), nn.ReLU(), nn.Linear(16, 2 * self.heads))
        self.project = nn.Linear(size, 3 * size)
        self.relation = nn.Linear(self.heads, size)
        self.out = nn.Linear(size, size)
        self.wide, self.back = nn.Linear(size, 2 * size), nn.Linear(2 * size, size)
        self.classes = nn.Linear(size, classes)
        nn.init.constant_(self.classes.bias, -2.0)

    def forward(
        self, hidden: Tensor, field: Tensor, traces: Tensor, radius: Tensor, relation: Tensor, blocks: _QueryBlocks,
        blocked: Tensor,
    ) -> LayerOutput:  # fmt: skip
        """Update hidden states and traces; `relation` and `blocked` are pairs of neighbours, `field` a feature map."""
        parts = [
            self.attend_along_trace(hidden[:, batch], field, traces[:, batch], radius)
            for batch in _query_batches(hidden.shape[1])
        ]
        attended, update, weight = (torch.cat(part, dim=1) for part in zip(*parts, strict=True))
        hidden = self.norm1(hidden + attended)
        hidden = self.norm2(hidden + self.attend_to_neighbours(hidden, relation, blocks, blocked))
        hidden = self.norm3(hidden + self.back(functional.relu(self.wide(hidden))))
        return LayerOutput(self.classes(hidden), traces + update, weight, hidden)

    def attend_along_trace(
        self, hidden: Tensor, field: Tensor, traces: Tensor, radius: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """
        Read the features in a band along each trace.

        Returns
        -------
        update : Tensor (batch, queries, hidden)
            What is added to the hidden states.
        change : Tensor (batch, queries, 3)
            What is added to the traces (m).
        weight : Tensor (batch, queries, columns)
            Weight of each column in the fit of the change, 0 to 1.

        Notes
        -----
        Every column of the band is embedded together with the query's hidden state. Columns exchange features with
        their neighbours on the trace, first with the next ones, then at the distances ``reaches``: a line too faint for
        one column adds up over the part of the turn where it shows. Each column then predicts an offset perpendicular
        to the trace, at most the band's half-width, and a weight. The offsets are fitted by a sinusoid, and the
        weighted and the plain mean of the columns update the hidden state.
        """
        band, slope = self.sample_band(field, traces, radius)
        columns = self.look(band).add_(self.tell(hidden)[:, :, None]).relu_()
        # A convolution over three columns: as a product of matrices it would first write each column three times.
        around = wrap(columns, 1, dim=2).flatten(0, 1).transpose(1, 2)
        kernel = self.again.weight.reshape(columns.shape[3], 3, -1).transpose(1, 2)
        mixed = functional.conv2d(around[:, :, None], kernel[:, :, None], self.again.bias)[:, :, 0]
        columns = mixed.transpose(1, 2).reshape(columns.shape)
        for part in self.along:
            columns = part(columns)
        columns = columns.relu_()
        offset, weight = self.local(columns).unbind(-1)
        # What lies beyond the band was not sampled: a tanh keeps offsets within it.
        offset, weight = self.limit * torch.tanh(offset), torch.sigmoid(weight)
        # The small number makes the pooled features fade where no column has a weight.
        share = weight / (weight.sum(-1, keepdim=True) + 1e-3)
        pooled = torch.cat([(columns * share[..., None]).sum(2), columns.mean(2)], dim=-1)
        # Offsets are perpendicular to the trace. In depth they are `slope` times as large, and so are their errors:
        # weights are divided by its square, and the ridge by the square of its mean, so that steep traces are not held
        # back.
        ridge = self.ridge / stretch(traces, radius) ** 2
        return self.mean(pooled), fit_trace_update(offset * slope, weight / slope**2, self.waves, ridge), weight

    def sample_band(self, field: Tensor, traces: Tensor, radius: Tensor) -> tuple[Tensor, Tensor]:
        """
        Sample a feature map in a band along each trace, linear between rows.

        Returns
        -------
        band : Tensor (batch, queries, columns, samples x channels)
            Samples across the trace, evenly spaced perpendicular to it; 0 beyond the ends of the map.
        slope : Tensor (batch, queries, columns)
            Ratio of depth to distance perpendicular to the trace, column by column.
        """
        batch, columns, rows, channels = field.shape
        depth = traces @ self.waves.T
        rise = traces[..., 2:] * self.waves[:, 1] - traces[..., 1:2] * self.waves[:, 2]
        slope = torch.sqrt(1 + (rise / radius[..., None]) ** 2)
        at = (depth[..., None] + slope[..., None] * self.across) / self.row
        # Half a row beyond the ends counts: queries often begin on the last row itself, where rounding would decide.
        inside = ((at > -0.5) & (at < rows - 0.5)).to(field.dtype)
        at = at.clamp(0, rows - 1)
        low = at.floor().clamp(max=max(rows - 2, 0))
        part = at - low
        # Indices into the flat map: embedding is the fastest gather that PyTorch and ONNX both have.
        first_line = torch.arange(batch, device=field.device)[:, None] * columns
        line = (first_line + torch.arange(columns, device=field.device))[:, None, :, None] * rows
        index = low.long() + line
        flat = field.reshape(-1, channels)
        first = functional.embedding(index, flat)
        second = functional.embedding((index + 1).clamp(max=flat.shape[0] - 1), flat)
        band = first.mul_(((1 - part) * inside)[..., None]).addcmul_(second, (part * inside)[..., None])
        return band.flatten(-2), slope

    def attend_to_neighbours(self, hidden: Tensor, relation: Tensor, blocks: _QueryBlocks, blocked: Tensor) -> Tensor:
        """
        Update of hidden states (batch, queries, hidden) by attention between queries that lie near in depth.

        Scores are those of multi-head attention (Vaswani et al. 2017) plus a bias that a small network makes of the
        pair's geometry, so that duplicates and parallel beds are recognised at any depth.
        """
        query, key, value = self.project(hidden).unflatten(-1, (3, self.heads, -1)).unbind(2)
        query, key, value = (
            part.movedim(3, 2) for part in (query[:, blocks.own], key[:, blocks.near], value[:, blocks.near])
        )
        bias, gate = self.bias(relation).chunk(2, dim=-1)
        score = query @ key.transpose(-1, -2) / math.sqrt(query.shape[-1]) + bias.movedim(4, 2)
        # A large number, not infinity: where every neighbour of a filler query is blocked, its softmax would be NaN.
        attention = torch.softmax(score - 1e4 * blocked[:, :, None], dim=-1)
        # Softmax cannot count: how many neighbours there are, and of what kind, is summed beside it.
        count = (torch.sigmoid(gate) * (1 - blocked[..., None])).sum(3)
        update: Tensor = self.out((attention @ value).movedim(2, 3).flatten(3)) + self.relation(torch.log1p(count))
        return update.flatten(1, 2)[:, : hidden.shape[1]]


def _query_batches(queries: int) -> list[slice]:
    """Slices of so many queries as the cache of a core holds; one slice where gradients or a graph are made."""
    if needs_whole_input() or queries <= _QUERY_BATCH:
        return [slice(None)]
    return [slice(first, first + _QUERY_BATCH) for first in range(0, queries, _QUERY_BATCH)]


class _ColumnMix(nn.Module):
    """
    Residual exchange between columns that lie `reach` columns apart on a trace.

    A depthwise convolution of three taps (before, here, after) is followed by a linear map that begins at 0, so that a
    new layer changes nothing.
    """

    def __init__(self, channels: int, reach: int) -> None:
        super().__init__()
        self.reach = reach
        self.shares = nn.Parameter(torch.full((3, channels), 1 / 3))
        self.mix = nn.Linear(channels, channels)
        nn.init.zeros_(self.mix.weight)
        nn.init.zeros_(self.mix.bias)

    def forward(self, columns: Tensor) -> Tensor:
        """Add what columns gather from each other (batch, queries, columns, channels), in place where that is safe."""
        before, here, after = self.shares
        active = functional.relu(columns)
        if needs_whole_input():
            around = wrap(active, self.reach, dim=2)
            gathered = (active * here).addcmul_(around[:, :, : columns.shape[2]], before)
            mixed: Tensor = self.mix(gathered.addcmul_(around[:, :, 2 * self.reach :], after))
            return mixed.add_(columns)
        # The same without copies of the wrapped columns: memory traffic decides the speed here.
        gathered = active * here
        for share, reach in ((before, self.reach), (after, -self.reach)):
            gathered[:, :, reach:].addcmul_(active[:, :, :-reach], share)
            gathered[:, :, :reach].addcmul_(active[:, :, -reach:], share)
        size = columns.shape[3]
        columns.add_(self.mix.bias).view(-1, size).addmm_(gathered.view(-1, size), self.mix.weight.T)
        return columns
