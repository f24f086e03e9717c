"""A network small enough for tests, and grids made pixel by pixel here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from tests.small import TINY

from geobfdt.model.curve.network import CurveNetwork, channels
from geobfdt.model.network_settings import CurveSettings


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def sizes() -> CurveSettings:
    """Settings of the small network."""
    return TINY


@pytest.fixture(scope="session")
def noise() -> Callable[..., np.ndarray]:
    """Make a grid of noise, smooth enough for a network to tell places apart."""

    def make(rows: int, columns: int, seed: int = 0) -> np.ndarray:
        white = np.random.default_rng(seed).normal(size=(rows, columns))
        smooth = sum(np.roll(white, (i, j), (0, 1)) for i in range(3) for j in range(3)) / 3
        return np.clip(np.rint(128 + 50 * smooth), 1, 255).astype(np.uint8)

    return make


@pytest.fixture(scope="session")
def awake() -> Callable[..., CurveNetwork]:
    """Make a network of random weights, as they are before training but for what would silence it."""

    def make(
        settings: CurveSettings = TINY, seed: int = 0, few: np.ndarray | None = None, share: float = 0.01
    ) -> CurveNetwork:
        """With `few`, only so large a share of that grid's cells is above the least vote that is looked at."""
        torch.manual_seed(seed)
        network = CurveNetwork(settings).eval()
        weights: Any
        for vote in network.votes:
            torch.nn.init.zeros_(vote.last.bias)
        # Fresh layers hardly move or tell queries apart: louder ones make errors show.
        for layer in network.decoder.layers:
            for weights in (layer.local.weight, layer.classes.weight, layer.out.weight, layer.relation.weight):
                weights.data *= 3
            torch.nn.init.constant_(layer.classes.bias, 1.5)  # else most are left out at first glance
            for part in layer.along:
                torch.nn.init.normal_(part.mix.weight, std=0.1)
        for name, weights in network.pyramid.named_parameters():
            if name.endswith("second.norm.weight"):  # else blocks that may be left out are
                torch.nn.init.ones_(weights)
        if few is not None:
            with torch.inference_mode():
                features = network.encode(channels(torch.from_numpy(few)[None]))
            for vote, ballot in zip(network.votes, features.votes, strict=True):
                best = ballot.logits.amax(1)
                spread = float(best.std())
                edge = float(torch.quantile((best / spread).flatten()[:1_000_000], 1 - share))
                vote.last.weight.data /= spread
                vote.last.bias.data[:] = float(np.log(0.03 / 0.97)) - edge
        return network

    return make
