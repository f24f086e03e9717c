"""A field of five short wells, and sizes that train in a second."""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

from pathlib import Path
from typing import Any

import pytest

import geobfdt

TINY = {
    "network.columns": 32, "network.step": 0.01, "network.widths": [8, 8, 8, 8], "network.features": 8,
    "network.votes": 2, "network.head": 8, "network.content": 16, "network.sampled": 4, "network.fine": 4,
    "network.layers": [[4, 0.08, 3, 16], [2, 0.03, 3, 16]], "network.doubts": [[1, -1.75]],
    "network.tiers": [[0.13, 1], [0.4, 2]], "network.queries": 12,
    "training.steps": 4, "training.batch": 1, "training.rows": 128, "training.warmup": 1, "training.every": 2,
}  # fmt: skip


@pytest.fixture(scope="session")
def tiny() -> dict[str, Any]:
    """What makes a cell of the ``curve`` network quick."""
    return dict(TINY)


TINY_DETR = {
    "network.columns": 32, "network.step": 0.02, "network.rows": 64, "network.width": 0.125, "network.queries": 8,
    "training.steps": 4, "training.batch": 1, "training.rows": 64, "training.warmup": 1, "training.every": 2,
}  # fmt: skip


@pytest.fixture(scope="session")
def tiny_detr() -> dict[str, Any]:
    """What makes a cell of the ``detr`` network quick."""
    return dict(TINY_DETR)


@pytest.fixture(scope="session")
def field(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five simulated wells of 4 m, brought in with their picks."""
    folder = tmp_path_factory.mktemp("studies")
    geobfdt.simulate(folder / "sim", wells=5, length=4, seed=3, tool="atv", interpreter="dense")
    geobfdt.ingest(sorted((folder / "sim").glob("*.dlis")), folder / "field", picks=folder / "sim")
    return folder / "field"
