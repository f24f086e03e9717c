"""The ``detr`` network: the published system, a detection transformer that predicts depth, dip and azimuth."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from geobfdt.geometry import amplitude_azimuth, apparent_dip, trace_from_dip, trace_rms
from geobfdt.model.curve.detection import with_rows_below
from geobfdt.model.curve.network import channels
from geobfdt.model.network_settings import DetrSettings
from geobfdt.model.planes import Planes
from geobfdt.model.precision import full_precision
from geobfdt.wells.picks import CLASSES

__all__ = [
    "DetrLayerOutput",
    "DetrNetwork",
    "detect_windows",
    "fuse",
    "parameters_from_traces",
    "sine_positions",
    "traces_from_parameters",
]

# Residual blocks by stage, for each depth.
_BLOCKS = {10: (1, 1, 1, 1), 14: (1, 2, 2, 1), 18: (2, 2, 2, 2), 34: (3, 4, 6, 3)}
_WIDTHS = (64, 128, 256, 512)  # Channels of the stages at width 1.
_STEEPEST_DEG = 89.5  # Larger apparent dips are taken for this one: the trace of a vertical plane has no end.
_MIN_PLANE_SPACING_M = 0.05  # Planes of two windows closer than this (trace RMS) are one plane.
# Names of the parts of a transformer layer in weights files.
_STORED_NAMES = {"self_attention": "among", "cross_attention": "image", "feed_forward": "forth"}
_WINDOWS_AT_ONCE = 4  # Windows that are computed together.

Array = npt.NDArray[np.float64]


class DetrLayerOutput(NamedTuple):
    """
    Output of one decoder layer.

    Parameters
    ----------
    logits : Tensor (batch, queries, classes)
        Log odds of each class; a query without a plane has low ones only.
    parameters : Tensor (batch, queries, 3)
        Depth as a share of the window's height, apparent dip / 90 deg, apparent azimuth / 360 deg; each 0 to 1.
    """

    logits: Tensor
    parameters: Tensor


def parameters_from_traces(traces: Array, radius: float, height: float) -> Array:
    """
    Convert traces to the parameters that the published system regresses.

    Parameters
    ----------
    traces : array (n, 3)
        ``(z0, a, b)`` (m), z0 from the first row of the window.
    radius : float
        Hole radius (m).
    height : float
        Height of the window (m).

    Returns
    -------
    array (n, 3)
        Depth as a share of the height, apparent dip / 90 deg, azimuth of the deepest point / 360 deg.

    Examples
    --------
    >>> parameters_from_traces(np.array([[0.5, 0.0, 0.1]]), 0.1, 2.0)
    array([[0.25, 0.5 , 0.25]])
    """
    amplitude, azimuth = amplitude_azimuth(traces)
    return np.stack([traces[:, 0] / height, apparent_dip(amplitude, 2 * radius) / 90, azimuth / 360], axis=-1)


def traces_from_parameters(parameters: Array, radius: float, height: float) -> Array:
    """
    Convert the parameters that the published system regresses to traces.

    Parameters
    ----------
    parameters : array (n, 3)
        Depth as a share of the height, apparent dip / 90 deg, azimuth of the deepest point / 360 deg.
    radius : float
        Hole radius (m).
    height : float
        Height of the window (m).

    Returns
    -------
    array (n, 3)
        ``(z0, a, b)`` (m), z0 from the first row of the window. Dips above 89.5 deg are taken for 89.5 deg.

    Examples
    --------
    >>> traces_from_parameters(np.array([[0.25, 0.5, 0.25]]), 0.1, 2.0).round(3)
    array([[0.5, 0. , 0.1]])
    """
    dip = np.minimum(90 * parameters[:, 1], _STEEPEST_DEG)
    return trace_from_dip(height * parameters[:, 0], dip, 360 * parameters[:, 2], 2 * radius)


def fuse(traces: Array, scores: Array, window: npt.NDArray[np.int64], distance: float) -> npt.NDArray[np.int64]:
    """
    Keep the most confident of the planes that different windows predict for one plane.

    The published system has no rule for windows that overlap; this one is ours. Planes of one window are not
    compared, since the network separates them there.

    Parameters
    ----------
    traces : array (n, 3)
        ``(z0, a, b)`` (m), z0 from one datum for all windows.
    scores : array (n,)
        Confidence.
    window : array (n,)
        Window of each.
    distance : float
        Trace RMS within which predictions of two windows are one plane (m).

    Returns
    -------
    array (m,)
        Indices of the kept planes, best first.

    Examples
    --------
    >>> traces = np.array([[1.0, 0, 0], [1.01, 0, 0], [1.02, 0, 0]])
    >>> fuse(traces, np.array([0.5, 0.9, 0.7]), np.array([0, 1, 1]), 0.05)
    array([1, 2])
    """
    chosen: list[int] = []
    for i in np.argsort(-scores, kind="stable"):
        others = [j for j in chosen if window[j] != window[i]]
        if (trace_rms(traces[others], traces[i]) >= distance).all():
            chosen.append(int(i))
    return np.array(chosen, dtype=np.int64)


def sine_positions(
    rows: int, columns: int, channels: int, wave: float | None = None, temperature: float = 10000
) -> Tensor:
    """
    Encode places in an image by sines and cosines (Carion et al. 2020), half of the channels for each axis.

    Parameters
    ----------
    rows, columns : int
        Of the image.
    channels : int
        A multiple of 4.
    wave : float, optional
        Length of the fastest wave down the image (rows). Default: all rows.
    temperature : float
        Ratio of the slowest wave to the fastest.

    Returns
    -------
    Tensor (rows * columns, channels)
        Place (i, j) counts from (1, 1); the fastest wave across the image is as long as all columns, the hole's turn.

    Examples
    --------
    >>> sine_positions(2, 4, 4)[0].round(decimals=3).abs()  # Half a turn down, a quarter across.
    tensor([0., 1., 1., 0.])
    """
    half = channels // 2
    # The positions have values even in a network without any, on the device meta: no weights file holds them.
    slower = temperature ** (torch.arange(0, half, 2, device="cpu") / half)

    def axis(count: int, fastest: float) -> Tensor:
        turn = 2 * math.pi * torch.arange(1, count + 1, device="cpu")[:, None] / fastest / slower
        return torch.stack([turn.sin(), turn.cos()], dim=2).flatten(1)

    down, across = axis(rows, wave or rows)[:, None], axis(columns, columns)[None]
    return torch.cat([down.expand(-1, columns, -1), across.expand(rows, -1, -1)], dim=2).flatten(0, 1)


class DetrNetwork(nn.Module):
    """
    A detection transformer (Carion et al. 2020) over a small residual network, as published.

    Parameters
    ----------
    settings : DetrSettings
        Sizes.

    Examples
    --------
    >>> network = DetrNetwork(DetrSettings(rows=64, columns=48, width=0.125)).eval()
    >>> guesses = network(torch.zeros(2, 1, 64, 48))
    >>> len(guesses), guesses[-1].logits.shape, guesses[-1].parameters.shape
    (4, torch.Size([2, 100, 2]), torch.Size([2, 100, 3]))
    """

    positions: Tensor

    def __init__(self, settings: DetrSettings) -> None:
        super().__init__()
        self.settings = settings
        channels = settings.scaled(settings.channels)
        self.backbone = _backbone(settings, channels)
        positions = sine_positions(*settings.map, channels, settings.position_wave, settings.temperature)
        self.register_buffer("positions", positions, persistent=False)
        self.queries = nn.Embedding(settings.queries, channels)
        self.encoder = nn.ModuleList(_EncoderLayer(settings, channels) for _ in range(settings.encoder))
        self.decoder = nn.ModuleList(_DecoderLayer(settings, channels) for _ in range(settings.decoder))
        for part in (*self.encoder.parameters(), *self.decoder.parameters()):
            if part.ndim > 1:
                nn.init.xavier_uniform_(part)
        self.norm = nn.LayerNorm(channels)
        self.classes = nn.Linear(channels, len(CLASSES))
        # Begin near a probability of 0.01, so that the many queries without a plane do not dominate the loss (Lin et
        # al. 2017).
        nn.init.constant_(self.classes.bias, -math.log(99))
        self.place = nn.Sequential(
            nn.Linear(channels, channels), nn.ReLU(), nn.Linear(channels, channels), nn.ReLU(), nn.Linear(channels, 3)
        )

    def forward(self, image: Tensor) -> list[DetrLayerOutput]:
        """
        Predict the planes of windows.

        Parameters
        ----------
        image : Tensor (batch, images, rows, columns)
            Standard deviations about the mean of the rock around, 0 where nothing was measured.

        Returns
        -------
        list of DetrLayerOutput
            One a decoder layer; the last is the prediction.

        Raises
        ------
        ValueError
            If the windows are not of the size in the settings, which depth counts as a share of.
        """
        size = (self.settings.rows, self.settings.columns)
        if tuple(image.shape[2:]) != size:
            raise ValueError(f"windows of {tuple(image.shape[2:])} pixels, where the network takes {size}")
        memory = self.settings.feature_scale * self.backbone(image).flatten(2).transpose(1, 2)
        if self.settings.input_positions:
            memory = memory + self.positions
        for layer in self.encoder:
            memory = layer(memory, self.positions)
        query_embedding = self.queries.weight
        hidden = torch.zeros_like(query_embedding).expand(len(image), -1, -1)
        outputs = []
        for layer in self.decoder:
            hidden = layer(hidden, query_embedding, memory, self.positions)
            with full_precision(image.device):
                normalised = self.norm(hidden.float())
                outputs.append(DetrLayerOutput(self.classes(normalised), self.place(normalised).sigmoid()))
        return outputs


def detect_windows(network: DetrNetwork, grid: npt.NDArray[np.uint8], radius: float) -> Planes:
    """
    Find planes window by window.

    Windows overlap by half. A plane counts where its depth lies in the middle half of its window, or beyond it
    towards an end of the strip; :func:`fuse` removes duplicates on the line between two windows.

    Parameters
    ----------
    network : DetrNetwork
        In evaluation mode.
    grid : array (rows, columns)
        Strip of a :class:`geobfdt.preparation.network_grid.NetworkGrid`, of any length.
    radius : float
        Hole radius (m).

    Returns
    -------
    Planes
        Those at least as probable as the settings' ``confidence``; evidence is 1, since the network gives none.

    Examples
    --------
    >>> network = DetrNetwork(DetrSettings(rows=64, columns=48, width=0.125)).eval()
    >>> len(detect_windows(network, np.zeros((40, 48), np.uint8), 0.1).traces)
    0
    """
    settings = network.settings
    device = next(network.parameters()).device
    last = max(len(grid) - settings.rows, 0)
    starts = np.append(np.arange(0, last, settings.rows // 2), last)
    padded = with_rows_below(grid, max(settings.rows - len(grid), 0))
    logits, parameters = [], []
    with torch.inference_mode():
        for batch in np.split(starts, np.arange(_WINDOWS_AT_ONCE, starts.size, _WINDOWS_AT_ONCE)):
            windows = np.stack([padded[first : first + settings.rows] for first in batch])
            image = channels(torch.from_numpy(windows).to(device))[:, :-1]
            output = network(image)[-1]
            logits.append(output.logits.cpu().numpy().astype(np.float64))
            parameters.append(output.parameters.cpu().numpy().astype(np.float64))
    all_logits, all_parameters = np.concatenate(logits), np.concatenate(parameters)
    share = all_parameters[..., 0]
    inside = (share >= 0.25) & (share < 0.75)
    inside[0] |= share[0] < 0.25
    inside[-1] |= share[-1] >= 0.75
    inside &= share * settings.rows < len(grid)
    probability = 1 / (1 + np.exp(-all_logits.max(axis=2)))
    window, query = np.nonzero(inside & (probability >= settings.confidence))
    traces = traces_from_parameters(all_parameters[window, query], radius, settings.height)
    traces[:, 0] += starts[window] * settings.step
    chosen = fuse(traces, probability[window, query], window, _MIN_PLANE_SPACING_M)
    return Planes(traces[chosen], all_logits[window, query][chosen], np.ones((chosen.size, 1)))


def _backbone(settings: DetrSettings, channels: int) -> nn.Sequential:
    """Residual network, He et al. 2016: (batch, images, rows, columns) to (batch, channels, *settings.map)."""
    stages = 4 if settings.cut == "four" else 3
    widths = [settings.scaled(width) for width in _WIDTHS[:stages]]
    parts: list[nn.Module] = [
        nn.Conv2d(settings.image_count, widths[0], 7, 2, 3, bias=False),
        nn.BatchNorm2d(widths[0]),
        nn.ReLU(),
        nn.MaxPool2d(3, 2, 1),
    ]
    below = widths[0]
    for width, count, stride in zip(widths, _BLOCKS[settings.depth], settings.strides, strict=False):
        parts.append(_Block(below, width, stride))
        parts += [_Block(width, width) for _ in range(count - 1)]
        below = width
    parts.append(nn.Conv2d(below, channels, 1))
    backbone = nn.Sequential(*parts)
    for part in backbone.modules():
        if isinstance(part, nn.Conv2d):
            nn.init.kaiming_normal_(part.weight, mode="fan_out", nonlinearity="relu")
    return backbone


class _Block(nn.Module):
    """Two 3 x 3 convolutions and a short cut, padded with 0 on all sides as published: not a cylinder's."""

    def __init__(self, inputs: int, outputs: int, stride: tuple[int, int] = (1, 1)) -> None:
        super().__init__()
        self.first = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.second = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.norm1, self.norm2 = nn.BatchNorm2d(outputs), nn.BatchNorm2d(outputs)
        self.short = (
            nn.Identity()
            if inputs == outputs and stride == (1, 1)
            else nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))
        )

    def forward(self, image: Tensor) -> Tensor:
        """Map (batch, inputs, rows, columns) to (batch, outputs, rows / stride, columns / stride), rounded up."""
        inner = functional.relu(self.norm1(self.first(image)))
        return functional.relu(self.norm2(self.second(inner)) + self.short(image))


class _Attention(nn.Module):
    """Attention, dropout, short cut and normalisation after it."""

    def __init__(self, settings: DetrSettings, channels: int) -> None:
        super().__init__()
        self.attend = nn.MultiheadAttention(channels, settings.heads, batch_first=True)
        self.drop = nn.Dropout(settings.dropout)
        self.norm = nn.LayerNorm(channels)

    def forward(self, hidden: Tensor, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        """Update (batch, n, channels) by attention; keys and values are (batch, m, channels)."""
        attended, _ = self.attend(query, key, value, need_weights=False)
        out: Tensor = self.norm(hidden + self.drop(attended))
        return out


class _FeedForward(nn.Module):
    """Two linear maps, dropout, short cut and normalisation after it."""

    def __init__(self, settings: DetrSettings, channels: int) -> None:
        super().__init__()
        hidden = settings.scaled(settings.feed_forward)
        drop = nn.Dropout(settings.dropout)
        self.inner = nn.Sequential(nn.Linear(channels, hidden), nn.ReLU(), drop, nn.Linear(hidden, channels), drop)
        self.norm = nn.LayerNorm(channels)

    def forward(self, hidden: Tensor) -> Tensor:
        """Change (batch, n, channels)."""
        out: Tensor = self.norm(hidden + self.inner(hidden))
        return out


def _keep_stored_names(layer: nn.Module) -> None:
    """Let a layer read and write its weights by the names that its parts have in weights files."""
    layer.register_state_dict_post_hook(_to_stored_names)  # type: ignore[no-untyped-call]
    layer.register_load_state_dict_pre_hook(_from_stored_names)  # type: ignore[no-untyped-call]


def _to_stored_names(_layer: nn.Module, state: dict[str, Tensor], prefix: str, _metadata: dict[str, Any]) -> None:
    # The layer's own keys are the last ones: taken out and put back in turn, they keep their order.
    for key in [key for key in state if key.startswith(prefix)]:
        part, dot, rest = key.removeprefix(prefix).partition(".")
        state[f"{prefix}{_STORED_NAMES.get(part, part)}{dot}{rest}"] = state.pop(key)


def _from_stored_names(_layer: nn.Module, state: dict[str, Tensor], prefix: str, *_: Any) -> None:
    for name, stored in _STORED_NAMES.items():
        for key in [key for key in state if key.startswith(f"{prefix}{stored}.")]:
            state[f"{prefix}{name}.{key.removeprefix(f'{prefix}{stored}.')}"] = state.pop(key)


# Layers of PyTorch add positions only once, at the bottom. Here queries and keys, but not values, get them in every
# attention, as Carion et al. found to be best.
class _EncoderLayer(nn.Module):
    """Self-attention between all places of the feature map, then a feed-forward block."""

    def __init__(self, settings: DetrSettings, channels: int) -> None:
        super().__init__()
        self.self_attention = _Attention(settings, channels)
        self.feed_forward = _FeedForward(settings, channels)
        _keep_stored_names(self)

    def forward(self, memory: Tensor, positions: Tensor) -> Tensor:
        """Change (batch, places, channels)."""
        placed = memory + positions
        out: Tensor = self.feed_forward(self.self_attention(memory, placed, placed, memory))
        return out


class _DecoderLayer(nn.Module):
    """Self-attention between queries, cross-attention to the feature map, then a feed-forward block."""

    def __init__(self, settings: DetrSettings, channels: int) -> None:
        super().__init__()
        self.self_attention = _Attention(settings, channels)
        self.cross_attention = _Attention(settings, channels)
        self.feed_forward = _FeedForward(settings, channels)
        _keep_stored_names(self)

    def forward(self, hidden: Tensor, query_embedding: Tensor, memory: Tensor, positions: Tensor) -> Tensor:
        """Update hidden states (batch, queries, channels) by the features (batch, places, channels)."""
        query = hidden + query_embedding
        hidden = self.self_attention(hidden, query, query, hidden)
        out: Tensor = self.feed_forward(
            self.cross_attention(hidden, hidden + query_embedding, memory + positions, memory)
        )
        return out
