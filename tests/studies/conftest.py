"""Sizes that train in a second."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.small import QUICK, TINY, as_changes


@pytest.fixture(scope="session")
def tiny() -> dict[str, Any]:
    """What makes a cell of the ``curve`` network quick."""
    return as_changes(TINY.model_copy(update={"step": 0.01}), QUICK)


TINY_DETR = {
    "network.columns": 32, "network.step": 0.02, "network.rows": 64, "network.width": 0.125, "network.queries": 8,
    "training.steps": 4, "training.batch": 1, "training.rows": 64, "training.warmup": 1, "training.every": 2,
}  # fmt: skip


@pytest.fixture(scope="session")
def tiny_detr() -> dict[str, Any]:
    """What makes a cell of the ``detr`` network quick."""
    return dict(TINY_DETR)


@pytest.fixture(scope="session")
def field(simulated: Path) -> Path:
    """Five simulated wells with their picks."""
    return simulated / "field"
