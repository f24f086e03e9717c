"""Both levels of the published network learn eight windows by heart: network, matching and loss work together."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from geobfdt.geometry import trace_rms
from geobfdt.model.curve.criterion import Targets
from geobfdt.model.curve.network import channels
from geobfdt.model.detr.criterion import detr_loss
from geobfdt.model.detr.network import DetrNetwork, traces_from_parameters
from geobfdt.model.network_settings import DETR_SMALL, DetrSettings

WINDOWS, PLANES, RADIUS = 8, 2, 0.1
PUBLISHED = DetrSettings(step=0.015, columns=64, rows=96, width=0.25, dropout=0.0, queries=30)


def drawn_windows(sizes: DetrSettings) -> tuple[torch.Tensor, list[Targets]]:
    """Windows with bright flat beds and dark steep fractures, drawn from their traces."""
    rng = np.random.default_rng(0)
    turn = 2 * np.pi * np.arange(sizes.columns) / sizes.columns
    depth = sizes.step * np.arange(sizes.rows)[:, None]
    grids = np.full((WINDOWS, sizes.rows, sizes.columns), 128, np.uint8)
    truth = []
    for grid in grids:
        classes = rng.integers(0, 2, PLANES)
        amplitude = np.where(classes == 1, rng.uniform(0.1, 0.25, PLANES), rng.uniform(0.01, 0.04, PLANES))
        azimuth = rng.uniform(0, 2 * np.pi, PLANES)
        z0 = sizes.height * rng.uniform(0.15, 0.85, PLANES)
        traces = np.column_stack([z0, amplitude * np.cos(azimuth), amplitude * np.sin(azimuth)])
        for (middle, a, b), kind in zip(traces, classes, strict=True):
            line = middle + a * np.cos(turn) + b * np.sin(turn)
            grid[np.abs(depth - line) < 1.5 * sizes.step] = 30 if kind else 220
        truth.append(Targets(traces, classes, np.zeros(PLANES, bool), RADIUS, np.ones((2, sizes.rows), bool)))
    return torch.from_numpy(grids), truth


def f1_of(network: DetrNetwork, grids: torch.Tensor, truth: list[Targets]) -> float:
    """F1 of the answers of probability 0.5 or more that have the class and lie within a trace RMS of 5 cm."""
    with torch.no_grad():
        guess = network(channels(grids)[:, :-1])[-1]
    right = wrong = 0
    for logits, parameters, target in zip(guess.logits, guess.parameters, truth, strict=True):
        open_planes = list(range(PLANES))
        traces = traces_from_parameters(parameters.double().numpy(), RADIUS, network.settings.height)
        probability = torch.sigmoid(logits).numpy()
        for query in np.flatnonzero(probability.max(axis=1) >= 0.5):
            near = [
                plane
                for plane in open_planes
                if target.classes[plane] == probability[query].argmax()
                and trace_rms(target.traces[plane], traces[query]) < 0.05
            ]
            right, wrong = right + bool(near), wrong + (not near)
            if near:
                open_planes.remove(near[0])
    return 2 * right / (right + wrong + WINDOWS * PLANES)


@pytest.mark.training
@pytest.mark.parametrize(("sizes", "steps"), [(PUBLISHED, 300), (DETR_SMALL, 200)], ids=["published", "detr-small"])
def test_learns_eight_windows_by_heart(sizes: DetrSettings, steps: int) -> None:
    """F1 rises from nothing to over 0.9 on the windows that it is trained on."""
    torch.manual_seed(0)
    network = DetrNetwork(sizes)
    grids, truth = drawn_windows(sizes)
    # Left in training mode: statistics of the batch, since running ones lag behind so short a run.
    assert f1_of(network, grids, truth) < 0.1
    optimiser = torch.optim.AdamW(network.parameters(), 1e-3)
    schedule = torch.optim.lr_scheduler.LinearLR(optimiser, 1 / 30, total_iters=30)
    for _ in range(steps):
        optimiser.zero_grad()
        detr_loss(network, grids, truth, np.random.default_rng(0)).total.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        schedule.step()
    assert f1_of(network, grids, truth) > 0.9
