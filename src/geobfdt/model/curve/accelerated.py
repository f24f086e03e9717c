"""The ``curve`` network with compiled kernels: a runtime that takes the same weights to the same planes, faster.

PyTorch stays the reference: it trains, it runs where Numba is missing, and tests hold the two equal.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from geobfdt.model.curve import kernels
from geobfdt.model.curve.backbone import BasicBlock, CylinderConv, Pyramid, measured_rows, zero_unmeasured
from geobfdt.model.curve.decoder import _ColumnMix, _Layer
from geobfdt.model.curve.network import CurveNetwork, Tier, channels
from geobfdt.model.curve.votes import VoteHead
from geobfdt.model.network_settings import CurveSettings
from geobfdt.model.planes import Planes
from geobfdt.wells.picks import CLASSES

__all__ = ["AcceleratedNetwork"]

_STRIDES = (1, 2, 4, 8, 16)  # Strides of the feature maps.
_ROWS_AT_ONCE = 1536  # Rows of the image whose features at strides 2 and 4 are computed at a time.

Array = npt.NDArray[np.float64]
Single = npt.NDArray[np.float32]
Packed = tuple[Single, Single, int]  # Packed weights, bias, width of a panel.


def _numbers(tensor: Tensor | None) -> Single:
    assert tensor is not None  # noqa: S101
    return np.ascontiguousarray(tensor.detach().numpy(), dtype=np.float32)


def _zeros(*shape: int) -> Single:
    """Array of zeros whose first number lies on a line of the cache, which NumPy's own do not."""
    zeros: Single = torch.zeros(shape).numpy()
    return zeros


def _padded(count: int, multiple: int) -> int:
    return -(-count // multiple) * multiple


def pack(weight: Single, bias: Single | None, filler: float = 0.0) -> Packed:
    """
    Lay a layer out for the kernels: channels in panels that lie one after the other.

    Parameters
    ----------
    weight : array (inputs, outputs)
        Its weights.
    bias : array (outputs,), optional
        Its bias. Default: 0.
    filler : float
        Bias of the channels that fill the last panel.
    """
    inputs, outputs = weight.shape
    width = kernels.panel_width(outputs)
    wide = _padded(outputs, width)
    even = np.zeros((inputs, wide), np.float32)
    even[:, :outputs] = weight
    packed, full_bias = _zeros(inputs * wide), _zeros(wide)
    packed[:] = even.reshape(inputs, -1, width).transpose(1, 0, 2).ravel()
    full_bias[outputs:] = filler
    full_bias[:outputs] = 0 if bias is None else bias
    return packed, full_bias, width


def _linear(*layers: nn.Linear) -> Packed:
    """Pack a layer; several ones take inputs that lie side by side, and their results are added."""
    weight = np.concatenate([_numbers(layer.weight.T) for layer in layers])
    return pack(weight, np.sum([_numbers(layer.bias) for layer in layers], axis=0))


def _in_parallel(work: Callable[[int, int], object], count: int, least: int = 1) -> None:
    """Divide ``work(begin, end)`` on so many items between PyTorch's threads; each gets at least so many."""
    threads = max(min(torch.get_num_threads(), count // least), 1)
    if threads == 1:
        work(0, count)
        return
    ends = np.linspace(0, count, threads + 1).astype(int)
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, ends[:-1], ends[1:]))


def _convolution(layer: nn.Conv2d, channels: int) -> Packed:
    """Pack a convolution whose input has so many channels, padding included."""
    outputs, inputs, tall, wide = layer.weight.shape
    weight = np.zeros((tall, wide, channels, outputs), np.float32)
    weight[:, :, :inputs] = _numbers(layer.weight.permute(2, 3, 1, 0))
    bias = None if layer.bias is None else _numbers(layer.bias)
    return pack(weight.reshape(-1, outputs), bias)


def _convolved(
    image: Single,
    layer: Packed,
    size: int,
    stride: int = 1,
    relu: bool = False,
    measured: Single | None = None,
    other: Single | None = None,
) -> Single:
    """Apply a convolution to an image within a margin; the result has a margin of 1. See :func:`kernels.convolve`."""
    margin = max(size // 2, 1)
    rows, columns = ((part - 2 * margin) // stride for part in image.shape[:2])
    # The kernel reads as many weights as the image has channels.
    assert layer[0].size == size * size * image.shape[2] * layer[1].size  # noqa: S101
    out = _blank_map(rows, columns, layer[1].size)
    measured = np.ones(rows, np.float32) if measured is None else measured
    _in_parallel(
        lambda begin, end: kernels.convolve(
            image, size, stride, layer, out if other is None else other, out, other is not None, relu, measured, begin,
            end,
        ),
        rows,
        # Where a row is no whole number of tiles, it writes into the next one, which must come after it.
        least=rows if columns % kernels.TILE_ROWS else 16,
    )  # fmt: skip
    return out


def _blank_map(rows: int, columns: int, channels: int) -> Single:
    """Map within a margin of 1 whose rows above and below are 0; the others hold nothing yet."""
    shape = (rows + 2, columns + 2, channels)
    # The last tile of a row may reach beyond it.
    line: Single = torch.empty(math.prod(shape) + kernels.TILE_ROWS * channels * 2).numpy()
    blank = line[: math.prod(shape)].reshape(shape)
    blank[0] = blank[-1] = 0
    return blank


class _FastBlock:
    """A residual block; see :class:`geobfdt.model.curve.backbone.BasicBlock`."""

    def __init__(self, block: BasicBlock, channels: int) -> None:
        self.stride = int(block.first.conv.stride[0])
        self.first = _convolution(block.first.conv, channels)
        self.second = _convolution(block.second.conv, self.first[1].size)
        short = block.short
        self.short = _convolution(short.conv, channels) if isinstance(short, CylinderConv) else None
        self.outputs = self.second[1].size

    def __call__(self, image: Single, measured: Single) -> Single:
        inner = _convolved(image, self.first, 3, self.stride, True, measured)
        short = image if self.short is None else _convolved(image, self.short, 1, self.stride, False, measured)
        return _convolved(inner, self.second, 3, 1, True, measured, short)


class _FastPyramid:
    """Features of an image; see :class:`geobfdt.model.curve.backbone.Pyramid`."""

    def __init__(self, pyramid: Pyramid, sampled: nn.Conv2d) -> None:
        self.context_rows = pyramid.context_rows
        self.stem = _convolution(pyramid.stem.conv, pyramid.stem.conv.in_channels)
        channels, self.stages, self.lateral = self.stem[1].size, [], []
        for stage in pyramid.stages:
            blocks = []
            for block in stage.children():
                assert isinstance(block, BasicBlock)  # noqa: S101
                blocks.append(_FastBlock(block, channels))
                channels = blocks[-1].outputs
            self.stages.append(blocks)
        widths = [stage[-1].outputs for stage in self.stages]
        laterals: list[nn.Conv2d] = list(pyramid.lateral)  # type: ignore[arg-type]
        self.lateral = [_convolution(part, width) for part, width in zip(laterals, widths[1:], strict=True)]
        self.features = features = self.lateral[0][1].size
        self.smooth = _convolution(pyramid.smooth.conv, features)
        self.near, self.context = _convolution(pyramid.near, widths[0]), _convolution(pyramid.context, features)
        self.fine = _convolution(pyramid.fine.conv, self.near[1].size)
        self.sampled, self.channels = _convolution(sampled, features), (sampled.out_channels, pyramid.near.out_channels)

    def __call__(self, image: Single, measured: dict[int, Single]) -> tuple[Single, Single, Single]:
        """
        Compute features of an image (rows, columns, channels).

        Returns
        -------
        features : array (rows / 4 + 2, columns / 4 + 2, padded)
            What votes read.
        sampled : array like it
            What the decoder samples at a quarter of the resolution.
        fine : array (rows / 2 + 2, columns / 2 + 2, padded)
            What it samples at half of it.
        """
        half, level = self._early_features(image, measured)
        levels = [level]
        for blocks, stride in zip(self.stages[2:], (8, 16), strict=True):
            for block in blocks:
                level = block(level, measured[stride])
            levels.append(level)
        out = _convolved(levels[-1], self.lateral[-1], 1)
        for i in (1, 0):
            finer = _convolved(levels[i], self.lateral[i], 1)
            everywhere = np.ones(len(finer) - 2, np.float32)
            kernels.add_upsampled(out, finer, i == 0, measured[4] if i == 0 else everywhere)
            out = finer
        features = _convolved(out, self.smooth, 3, 1, True, measured[4])
        # Each map is as large as the strip is long: what is used up makes room for the next ones.
        del level, levels, out, finer
        kernels.add_upsampled(_convolved(features, self.context, 1), half, True, measured[2])
        fine = _convolved(half, self.fine, 3, 1, True, measured[2])
        del half
        return features, _convolved(features, self.sampled, 1, measured=measured[4]), fine

    def _early_features(self, image: Single, measured: dict[int, Single]) -> tuple[Single, Single]:
        """Features at half and at a quarter of the resolution, piece by piece: a piece stays in cache."""
        rows, columns = image.shape[:2]
        half, quarter = (
            _blank_map(rows // stride, columns // stride, size)
            for stride, size in ((2, self.near[1].size), (4, self.stages[1][-1].outputs))
        )
        for first in range(0, rows, _ROWS_AT_ONCE):
            start, stop = max(first - self.context_rows, 0), min(first + _ROWS_AT_ONCE + self.context_rows, rows)
            inside = {stride: part[start // stride : stop // stride] for stride, part in measured.items()}
            padded = np.pad(image[start:stop], ((2, 2), (0, 0), (0, 0)))
            padded = np.concatenate([padded[:, -2:], padded, padded[:, :2]], axis=1)
            level = _convolved(padded, self.stem, 5, 2, True, inside[2])
            for block in self.stages[0]:
                level = block(level, inside[2])
            near = _convolved(level, self.near, 1)
            for block in self.stages[1]:
                level = block(level, inside[4])
            for out, part, stride in ((half, near, 2), (quarter, level, 4)):
                begin, count = (first - start) // stride, min(_ROWS_AT_ONCE, rows - first) // stride
                out[first // stride + 1 :][:count] = part[begin + 1 :][:count]
        return half, quarter


class _FastLayer:
    """Weights of a decoder layer, packed for the kernels; see :class:`geobfdt.model.curve.decoder._Layer`."""

    def __init__(self, layer: _Layer, settings: CurveSettings) -> None:
        local, size = layer.look.out_features, settings.content
        self.waves, self.across = _numbers(layer.waves), _numbers(layer.across)
        self.row_height, self.limit, self.ridge = layer.row, layer.limit, layer.ridge
        self.heads, self.size, self.settings = layer.heads, size, settings
        self.look = pack(_numbers(layer.look.weight.T), None)
        wide = self.look[1].size
        # The embedded hidden state is the bias of the embedded samples.
        self.tell = pack(_numbers(layer.tell.weight.T), _numbers(layer.tell.bias + layer.look.bias))
        around = np.zeros((3, wide, local), np.float32)
        around[:, :local] = _numbers(layer.again.weight).reshape(local, 3, local).transpose(1, 2, 0)
        self.again = pack(around.reshape(3 * wide, local), _numbers(layer.again.bias))
        mixes: list[_ColumnMix] = list(layer.along)  # type: ignore[arg-type]
        self.reaches = np.array([mix.reach for mix in mixes], np.int64)
        self.shares = _zeros(3 * wide * len(mixes) + kernels.SPARE)
        taps = self.shares[: 3 * wide * len(mixes)].reshape(len(mixes), 3, wide)
        for i, mix in enumerate(mixes):
            taps[i, :, :local] = _numbers(mix.shares)
        packed = [pack(_numbers(mix.mix.weight.T), _numbers(mix.mix.bias)) for mix in mixes]
        # The last row of biases is 0, for means.
        weights, biases = _zeros(local * wide * len(mixes)), _zeros(wide * (len(mixes) + 1))
        for i, (weight, bias, _) in enumerate(packed):
            weights[i * weight.size : (i + 1) * weight.size] = weight
            biases[i * wide : (i + 1) * wide] = bias
        self.mixes: Packed = (weights, biases, self.look[2])
        self.local = _linear(layer.local)
        mean = np.zeros((2, wide, size), np.float32)
        mean[:, :local] = _numbers(layer.mean.weight.T).reshape(2, local, size)
        self.mean = pack(mean.reshape(2 * wide, size), _numbers(layer.mean.bias))
        self.norms = [(_numbers(norm.weight), _numbers(norm.bias)) for norm in (layer.norm1, layer.norm2, layer.norm3)]
        self.project, self.out = _linear(layer.project), _linear(layer.out, layer.relation)
        self.wide, self.back, self.classes = _linear(layer.wide), _linear(layer.back), _linear(layer.classes)
        inner, outer = layer.bias[0], layer.bias[2]
        assert isinstance(inner, nn.Linear) and isinstance(outer, nn.Linear)  # noqa: S101, PT018
        self.pair = tuple(_numbers(part) for part in (inner.weight, inner.bias, outer.weight, outer.bias))
        tall, depth = _padded(len(self.waves), kernels.TILE_ROWS), self.look[0].size // wide
        # Band, columns with their neighbours, columns, taps, offsets, weights of means, means, slopes.
        self.scratch_size = tall * (depth + 3 * wide + 16) + (kernels.TILE_ROWS + 2) * (wide + len(self.waves))
        self.scratch_size += len(self.waves) + 12 * kernels.SPARE

    def __call__(
        self, hidden: Single, field: Single, traces: Single, radius: float
    ) -> tuple[Single, Single, Single, Single]:
        """Return logits, traces, weights of columns and hidden states."""
        count, rows = len(traces), len(hidden)
        columns = len(self.waves)
        size = self.look[1].size
        channels_of_band = self.look[0].size // size // len(self.across)
        pooled, change, weight = _zeros(rows, 2 * size), _zeros(count, 3), _zeros(count, columns)
        embedded = _applied(hidden, self.tell)
        _in_parallel(
            lambda begin, end: kernels.attend_along_traces(
                field, columns, (field.size - kernels.SPARE) // columns // channels_of_band, channels_of_band,
                traces[begin:end], radius, self.waves, self.across, self.row_height, embedded[begin:end], self.look,
                self.again, self.shares, self.reaches, self.mixes, self.local, self.limit, self.ridge,
                _zeros(self.scratch_size), pooled[begin:end], change[begin:end], weight[begin:end],
            ),
            count,
            least=16,
        )  # fmt: skip
        hidden = self._next(pooled, self.mean, hidden, 0)
        attended = _zeros(rows, self.size + self.heads)
        decoder = self.settings.decoder
        inner, inner_bias, outer, outer_bias = self.pair
        kernels.attend_to_neighbours(
            traces, _applied(hidden, self.project), radius, self.settings.beside, self.settings.company,
            decoder.depth_scale, decoder.rms_floor, self.heads, self.size, inner, inner_bias, outer, outer_bias,
            attended,
        )  # fmt: skip
        hidden = self._next(attended, self.out, hidden, 1)
        hidden = self._next(_applied(hidden, self.wide, relu=True), self.back, hidden, 2)
        return _applied(hidden, self.classes), traces + change, weight, hidden

    def _next(self, values: Single, layer: Packed, hidden: Single, norm: int) -> Single:
        """Hidden states after a layer whose result is added to them."""
        out = hidden.copy()
        kernels.linear(values, layer, out, True, False)
        kernels.normalise(out, *self.norms[norm])
        return out


def _applied(values: Single, layer: Packed, relu: bool = False) -> Single:
    out = _zeros(len(values), layer[1].size)
    kernels.linear(values, layer, out, False, relu)
    return out


class _FastVote:
    """Weights of a vote and what is not zero of its kernels; see :class:`geobfdt.model.curve.votes.VoteHead`."""

    def __init__(self, vote: VoteHead, features: int, least: float) -> None:
        self.vote, self.least = vote, least
        shapes, slopes = len(vote.shapes.curves), vote.voting.slopes
        self.reach = vote.kernel.shape[2] // 2
        # (arcs x shapes, channels, cells, 1), with channels of columns x slopes; and the same without slopes.
        self.narrow = _convolution(vote.narrow, features)
        self.sums = _Entries.of(_numbers(vote.kernel)[..., 0], vote.arcs, shapes, slopes, vote.votes)
        self.mask_sums = _Entries.of(_numbers(vote.measured)[..., 0], vote.arcs, shapes, 1, 1)
        self.width = kernels.VOTE_CELLS + _padded(2 * self.reach, 16)
        # The taps of three cells lie one after the other, each with all channels.
        self.first = pack(
            _numbers(vote.first.weight[:, :, 0].permute(2, 1, 0).flatten(0, 1)), _numbers(vote.first.bias)
        )
        self.second, self.last = (
            pack(_numbers(part.weight[:, :, 0, 0].T), _numbers(part.bias), filler)
            for part, filler in ((vote.second, 0.0), (vote.last, -1e30))
        )
        self.ring_bias = _zeros(shapes, self.first[1].size)
        self.ring_bias += self.first[1]
        self.ring_bias[:, : vote.first.out_channels] += _numbers(vote.rings.T)[vote.shapes.ring]

    def __call__(self, features: Single, mask: Single) -> Tensor:
        """Scores (1, shapes, cells) of all candidate planes; features lie within a margin of 1."""
        vote = self.vote
        columns, count = mask.shape[1], vote.narrow.out_channels
        narrow = _convolved(features, self.narrow, 1)[1:-1, 1:-1, :count] * mask[:, :, None]
        cells = len(mask) // vote.pool
        if vote.pool > 1:
            whole = cells * vote.pool
            narrow = narrow[:whole].reshape(cells, vote.pool, columns, count).mean(axis=1)
            mask = mask[:whole].reshape(cells, vote.pool, columns).mean(axis=1)
        score = torch.zeros(1, len(vote.shapes.curves), cells)
        sums = (*self.sums.at(self.width), *self.mask_sums.at(self.width))
        _in_parallel(
            lambda begin, end: kernels.score_votes(
                narrow.reshape(cells, -1), mask, self.reach, vote.arcs, vote.votes, vote.voting.slopes, self.width,
                vote.voting.mean_prior * columns, *sums, self.ring_bias, self.first, self.second, self.last, self.least,
                begin, end, score[0].numpy(),
            ),
            -(-cells // (kernels.VOTE_CELLS - 2)),
        )  # fmt: skip
        return score


@dataclass(frozen=True)
class _Entries:
    """What is not zero of kernels, by shape and arc."""

    starts: npt.NDArray[np.int64]
    lines: npt.NDArray[np.int64]
    taps: npt.NDArray[np.int64]
    weights: Single

    @classmethod
    def of(cls, kernel: Single, arcs: int, shapes: int, slopes: int, votes: int) -> _Entries:
        """Take the non-zero values of kernels (arcs x shapes, columns of an arc x slopes, cells)."""
        # The vote's kernels are (shapes, slopes, columns of the arc, cells): slopes before columns.
        by_shape = kernel.reshape(arcs, shapes, slopes, -1, kernel.shape[-1]).transpose(1, 0, 3, 2, 4)
        shape, arc, column, slope, tap = np.nonzero(by_shape)
        counts = np.bincount(shape * arcs + arc, minlength=shapes * arcs)
        lines = (arc * by_shape.shape[2] + column) * votes * slopes + slope
        starts = np.concatenate([[0], np.cumsum(counts)])
        return cls(starts, lines, tap, np.ascontiguousarray(by_shape[shape, arc, column, slope, tap]))

    def at(self, width: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], Single]:
        """Starts, offsets and weights for lines of so many numbers."""
        return self.starts, self.lines * width + self.taps, self.weights


class AcceleratedNetwork:
    """
    A ``curve`` network that compiled kernels run: a :class:`geobfdt.model.curve.detection.Runtime`.

    Parameters
    ----------
    network : CurveNetwork
        In evaluation mode; better with fused batch normalisations.
    """

    def __init__(self, network: CurveNetwork) -> None:
        self.network, self.settings = network, network.settings
        self._pyramid = _FastPyramid(network.pyramid, network.decoder.sampled)
        self.tiers: Sequence[Tier] = network.tiers
        self._layers = [_FastLayer(layer, network.settings) for layer in network.decoder.layers]  # type: ignore[arg-type]
        least = network.settings.voting.min_coverage
        self._votes = [_FastVote(vote, self._pyramid.features, least) for vote in network.votes]
        self._start = _numbers(network.decoder.start)

    @torch.inference_mode()
    def encode_strip(self, grid: npt.NDArray[np.uint8]) -> tuple[dict[int, Single], list[Single]]:
        """Encode one strip; see :class:`geobfdt.model.curve.detection.Runtime`."""
        image = channels(torch.from_numpy(grid)[None])
        rows = measured_rows(image[:, -1:])
        measured = (
            {stride: np.ones(image.shape[2] // stride, np.float32) for stride in _STRIDES}
            if rows is None
            else {stride: _numbers(part[0, 0, :, 0]) for stride, part in rows.items()}
        )
        image = image if rows is None else zero_unmeasured(image, rows[1])
        masks = {stride: _numbers(functional.avg_pool2d(image[0, -1:], stride)[0]) for stride in (4, 2)}
        pixels = _numbers(image[0].permute(1, 2, 0))
        del image
        features, *maps = self._pyramid(pixels, measured)
        del pixels
        fields = {}
        for (stride, mask), size in zip(masks.items(), self._pyramid.channels, strict=True):
            fields[stride] = _zeros(mask.size * (size + 1) + kernels.SPARE)
            kernels.lay_out(maps.pop(0), mask, size, fields[stride])
        scores = [
            head.peaks(vote(features, masks[4]))[0].numpy()
            for head, vote in zip(self.network.votes, self._votes, strict=True)
        ]
        return fields, scores

    def decode_strip(
        self, encoded: dict[int, Single], traces: Array, hidden: Array | None, radius: float, stage: int
    ) -> tuple[Planes, Array]:
        """Decode queries of one strip; see :class:`geobfdt.model.curve.detection.Runtime`."""
        layers, strides = self.settings.stages[stage].layers, self.network.decoder.strides
        count, size = len(traces), self.settings.content
        # Rows are whole tiles, and hidden states are as wide as the layers that add to them.
        states = _zeros(_padded(count, kernels.TILE_ROWS), self._layers[0].mean[1].size)
        states[:count, :size] = self._start if hidden is None else hidden
        places = np.ascontiguousarray(traces, dtype=np.float32)
        for layer, stride in zip(self._layers[layers], strides[layers], strict=True):
            logits, places, weight, states = layer(states, encoded[stride], places, radius)
        classes = logits[:count, : len(CLASSES)]
        planes = Planes(*(part.astype(np.float64) for part in (places, classes, weight)))
        return planes, states[:count, :size].astype(np.float64)
