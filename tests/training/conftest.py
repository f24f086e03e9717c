"""A network small enough for tests, and wells whose planes are drawn pixel by pixel here."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from tests.small import TINY

from geobfdt.model.curve.criterion import Targets
from geobfdt.model.network_settings import CurveSettings
from geobfdt.training.augmentation import Window
from geobfdt.training.prepared_wells import PreparedWell

STEP = 0.005


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def sizes() -> CurveSettings:
    """Settings of the small network."""
    return TINY


def draw(traces: np.ndarray, rows: int, columns: int, seed: int = 0) -> np.ndarray:
    """Bright traces, two rows thick, on a dark and noisy wall."""
    grid = np.random.default_rng(seed).integers(40, 90, (rows, columns)).astype(np.uint8)
    turn = 2 * np.pi * np.arange(columns) / columns
    for z0, a, b in traces:
        at = (z0 + a * np.cos(turn) + b * np.sin(turn)) / STEP
        grid[np.abs(np.arange(rows)[:, None] - at) <= 1] = 250
    return grid


@pytest.fixture(scope="session")
def make_window() -> Callable[..., Window]:
    """Draw a window with known planes."""

    def make(rows: int = 160, columns: int = 48, seed: int = 0) -> Window:
        rng = np.random.default_rng(seed)
        traces = np.column_stack([[0.25, 0.55], rng.uniform(-0.08, 0.08, (2, 2))])
        label_mask = rng.random((2, rows)) < 0.5
        targets = Targets(traces, np.array([0, 1]), np.array([False, True]), 0.1, label_mask)
        return Window(draw(traces, rows, columns, seed), targets, STEP)

    return make


@pytest.fixture(scope="session")
def well() -> Callable[..., PreparedWell]:
    """Draw a prepared well with beds and fractures in turn."""

    def make(rows: int = 640, columns: int = 32, seed: int = 0) -> PreparedWell:
        rng = np.random.default_rng(seed)
        depth = np.arange(0.15, rows * STEP - 0.1, 0.23)
        traces = np.column_stack([depth, rng.uniform(-0.06, 0.06, (len(depth), 2))])
        grid = draw(traces, rows, columns, seed)
        nothing = np.zeros(len(depth), bool)
        return PreparedWell(
            f"W{seed}", grid, 100.0, STEP, np.full(rows, 0.1, np.float32), traces, np.arange(len(depth)) % 2, nothing,
            np.ones((2, rows), bool),
        )  # fmt: skip

    return make
