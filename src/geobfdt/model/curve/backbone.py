"""Residual convolutions on a cylinder: the image's last column touches its first."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

from geobfdt.preparation.network_grid import SHORT_GAP

__all__ = [
    "BasicBlock",
    "CylinderConv",
    "Pyramid",
    "fuse_batch_norm",
    "measured_rows",
    "needs_whole_input",
    "wrap",
    "zero_unmeasured",
]

_STRIDES = (1, 2, 4, 8, 16)  # Strides of the feature maps of a pyramid.
_BLOCK_ROWS = 4  # Rows of the image in one feature; an image ends on a whole one.
_ROWS_AT_ONCE = 1536  # Rows of the image whose features at strides 2 and 4 are computed at a time.

Part = TypeVar("Part", bound=nn.Module)


def needs_whole_input() -> bool:
    """Return whether a network must take its input whole: for gradients, or while a graph is exported."""
    return torch.is_grad_enabled() or torch.onnx.is_in_onnx_export()


def wrap(image: Tensor, columns: int, dim: int = -1) -> Tensor:
    """
    Pad an image with its own columns from the other side: the hole is round.

    Parameters
    ----------
    image : Tensor
        Image or features.
    columns : int
        Number of columns to add on each side.
    dim : int
        Dimension of the angle.

    Examples
    --------
    >>> wrap(torch.arange(4.0), 1).tolist()
    [3.0, 0.0, 1.0, 2.0, 3.0, 0.0]
    """
    if not columns:
        return image
    last = image.narrow(dim, image.shape[dim] - columns, columns)
    return torch.cat([last, image, image.narrow(dim, 0, columns)], dim=dim)


def measured_rows(mask: Tensor) -> dict[int, Tensor] | None:
    """
    Find the rows that belong to the image at every stride of a pyramid.

    Parameters
    ----------
    mask : Tensor (batch, 1, rows, columns)
        1 where a pixel was measured; rows are a multiple of 16.

    Returns
    -------
    dict of int to Tensor (batch, 1, rows / stride, 1), or None
        By stride, 1 in rows that belong to the image and 0 elsewhere. None if all rows do, which saves the products.

    Notes
    -----
    Training windows end inside of wells, where convolutions are padded with zeros. Rows without a single measured pixel
    are no such padding: biases and normalisations make features of them, and their edge looks like a flat bed. Features
    there are therefore set to zero after each convolution, so that the end of a well looks as the end of a window does.
    A gap shorter than four rows is no end: grids hold interpolated values there. Ends are moved inwards to a whole
    feature of four rows, by 15 mm at most, since windows end on whole features too.

    Examples
    --------
    >>> mask = torch.ones(1, 1, 16, 8)
    >>> mask[:, :, 9:] = 0
    >>> measured_rows(mask)[2].flatten().tolist()
    [1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0]
    """
    empty = 1 - mask.amax(dim=3)
    # Morphological opening: only runs of so many empty rows stay, and beyond both ends all is empty.
    around = functional.pad(empty, (SHORT_GAP, SHORT_GAP), value=1.0)
    runs = -functional.max_pool1d(-around, SHORT_GAP, 1)
    opened = functional.max_pool1d(runs, SHORT_GAP, 1)[:, :, 1:-1]
    block = 1 - functional.max_pool1d(opened, _BLOCK_ROWS)
    if not needs_whole_input() and bool(block.all()):
        return None
    rows = {
        stride: block.repeat_interleave(_BLOCK_ROWS // stride, dim=2) for stride in _STRIDES if stride < _BLOCK_ROWS
    }
    rows |= {
        stride: functional.max_pool1d(block, stride // _BLOCK_ROWS) for stride in _STRIDES if stride >= _BLOCK_ROWS
    }
    return {stride: part[..., None] for stride, part in rows.items()}


def zero_unmeasured(features: Tensor, rows: Tensor | None) -> Tensor:
    """Set features (batch, channels, rows, columns) to zero in rows that do not belong to the image."""
    return features if rows is None else features * rows


class CylinderConv(nn.Module):
    """
    Convolution, batch normalisation and optional ReLU; it wraps round the hole and is padded with 0 along it.

    Parameters
    ----------
    inputs, outputs : int
        Channels.
    size : int
        Odd size of the kernel.
    stride : int
        Stride along both axes.
    relu : bool
        Whether negative values become 0.
    """

    def __init__(self, inputs: int, outputs: int, size: int, stride: int = 1, relu: bool = True) -> None:
        super().__init__()
        self.pad = size // 2
        self.conv = nn.Conv2d(inputs, outputs, size, stride, padding=(self.pad, 0), bias=False)
        self.norm = nn.BatchNorm2d(outputs)
        self.relu = relu

    def forward(self, image: Tensor, rows: Tensor | None = None) -> Tensor:
        """Map (batch, inputs, rows, columns) to (batch, outputs, rows / stride, columns / stride), 0 beyond `rows`."""
        out: Tensor = self.norm(self.conv(wrap(image, self.pad)))
        return zero_unmeasured(out.relu_() if self.relu else out, rows)


class BasicBlock(nn.Module):
    """
    Two 3 x 3 convolutions and a short cut (He et al. 2016, Deep residual learning).

    Parameters
    ----------
    inputs, outputs : int
        Channels.
    stride : int
        Stride of the first convolution.
    """

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.first = CylinderConv(inputs, outputs, 3, stride)
        self.second = CylinderConv(outputs, outputs, 3, relu=False)
        same = inputs == outputs and stride == 1
        self.short = nn.Identity() if same else CylinderConv(inputs, outputs, 1, stride, relu=False)
        if same:  # Such a block begins as the identity (Goyal et al. 2017).
            nn.init.zeros_(self.second.norm.weight)

    def forward(self, image: Tensor, rows: Tensor | None = None) -> Tensor:
        """Map (batch, inputs, rows, columns) to (batch, outputs, rows / stride, columns / stride), 0 beyond `rows`."""
        out: Tensor = self.second(self.first(image, rows)) + self.short(image)
        return zero_unmeasured(out.relu_(), rows)


class Pyramid(nn.Module):
    """
    Feature pyramid (Lin et al. 2017): features at a quarter of the resolution with context down to a sixteenth.

    A few channels at half the resolution locate lines and edges to a centimetre.

    Parameters
    ----------
    inputs : int
        Channels of the image.
    widths : sequence of int
        Channels at strides 2, 4, 8, 16.
    blocks : sequence of int
        Residual blocks at each.
    features, fine : int
        Channels of the result at a quarter and at half of the resolution.
    """

    def __init__(self, inputs: int, widths: Sequence[int], blocks: Sequence[int], features: int, fine: int) -> None:
        super().__init__()
        self.stem = CylinderConv(inputs, widths[0], 5, 2)
        stages = []
        for i, (width, count) in enumerate(zip(widths, blocks, strict=True)):
            below = widths[max(i - 1, 0)]
            first = BasicBlock(below, width, 1 if i == 0 else 2)
            stages.append(nn.Sequential(first, *(BasicBlock(width, width) for _ in range(count - 1))))
        self.stages = nn.ModuleList(stages)
        # Rows of the image above and below that what lies at a quarter of the resolution depends on, in fours.
        self.context_rows = -(-(2 + 4 * blocks[0] + 8 * blocks[1]) // 4) * 4
        self.lateral = nn.ModuleList(nn.Conv2d(width, features, 1) for width in widths[1:])
        self.smooth = CylinderConv(features, features, 3)
        self.near = nn.Conv2d(widths[0], fine, 1)
        self.context = nn.Conv2d(features, fine, 1)
        self.fine = CylinderConv(fine, fine, 3)

    def forward(self, image: Tensor, rows: dict[int, Tensor] | None = None) -> tuple[Tensor, Tensor]:
        """
        Compute the features of images.

        Parameters
        ----------
        image : Tensor (batch, inputs, rows, columns)
            Rows and columns are multiples of 16.
        rows : dict of int to Tensor, optional
            From :func:`measured_rows`; None if all rows belong to the image.

        Returns
        -------
        features : Tensor (batch, features, rows / 4, columns / 4)
            Features for votes and for the first decoder layers.
        fine : Tensor (batch, fine, rows / 2, columns / 2)
            Features for the last decoder layers.
        """
        row_masks: dict[int, Tensor | None] = dict.fromkeys(_STRIDES) if rows is None else {**rows}
        half_features, image = self._early_features(image, row_masks)
        levels = [image]
        for stage, stride in zip(list(self.stages)[2:], (8, 16), strict=True):
            image = _through(stage, image, row_masks[stride])
            levels.append(image)
        out = self.lateral[-1](levels[-1])
        for lateral, level in zip(list(self.lateral)[-2::-1], levels[-2::-1], strict=True):
            out = functional.interpolate(out, scale_factor=2.0, mode="nearest") + lateral(level)
        features = self.smooth(zero_unmeasured(out.relu_(), row_masks[4]), row_masks[4])
        context = functional.interpolate(self.context(features), scale_factor=2.0, mode="nearest")
        return features, self.fine(zero_unmeasured((half_features + context).relu_(), row_masks[2]), row_masks[2])

    def _early_features(self, image: Tensor, row_masks: dict[int, Tensor | None]) -> tuple[Tensor, Tensor]:
        """Features at half and at a quarter of the resolution; piece by piece where no gradients are needed."""
        rows = image.shape[2]
        if self.training or needs_whole_input() or rows <= _ROWS_AT_ONCE:
            return self._stem_and_first_stage(image, row_masks)
        parts = []
        for first in range(0, rows, _ROWS_AT_ONCE):
            start, stop = max(first - self.context_rows, 0), first + _ROWS_AT_ONCE + self.context_rows
            inside = {
                n: part if part is None else part[:, :, start // n : -(-stop // n)] for n, part in row_masks.items()
            }
            outputs = zip(self._stem_and_first_stage(image[:, :, start:stop], inside), (2, 4), strict=True)
            parts.append(
                [part[:, :, (first - start) // stride :][:, :, : _ROWS_AT_ONCE // stride] for part, stride in outputs]
            )
        half_features, quarter_features = (torch.cat(part, dim=2) for part in zip(*parts, strict=True))
        return half_features, quarter_features

    def _stem_and_first_stage(self, image: Tensor, row_masks: dict[int, Tensor | None]) -> tuple[Tensor, Tensor]:
        half_features = _through(self.stages[0], self.stem(image, row_masks[2]), row_masks[2])
        return self.near(half_features), _through(self.stages[1], half_features, row_masks[4])


def _through(stage: nn.Module, image: Tensor, rows: Tensor | None) -> Tensor:
    """Pass an image through the blocks of a stage."""
    for block in stage.children():
        image = block(image, rows)
    return image


def fuse_batch_norm(network: Part) -> Part:
    """
    Fuse batch normalisations with the convolutions before them.

    Parameters
    ----------
    network : Module
        In evaluation mode; it stays as it is.

    Returns
    -------
    Module
        A copy with the same output up to rounding, a little faster, that cannot be trained; the network itself if
        it has no such convolutions.

    Examples
    --------
    >>> type(fuse_batch_norm(CylinderConv(1, 2, 3).eval()).norm).__name__
    'Identity'
    """
    if not any(isinstance(part, CylinderConv) for part in network.modules()):
        return network
    copied = copy.deepcopy(network)
    for part in copied.modules():
        if isinstance(part, CylinderConv):
            part.conv = fuse_conv_bn_eval(part.conv, part.norm)
            part.norm = nn.Identity()  # type: ignore[assignment]
    return copied.to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]
