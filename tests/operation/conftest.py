"""A field of five short wells and models made in seconds."""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

from pathlib import Path

import pytest

import geobfdt
from geobfdt.model.bundle import save_bundle
from geobfdt.model.network_settings import CurveSettings
from geobfdt.training.training_settings import TrainingSettings

TINY = CurveSettings(
    columns=32, widths=(8, 8, 8, 8), features=8, votes=2, head=8, content=16, sampled=4, fine=4,
    layers=((4, 0.08, 3, 16), (2, 0.03, 3, 16)), doubts=((1, -1.75),), tiers=((0.13, 1), (0.4, 2)), queries=12,
)  # fmt: skip
QUICK = TrainingSettings(steps=4, batch=1, rows=128, warmup=1, every=2)


@pytest.fixture(scope="session")
def field(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five simulated wells of 6 m, W01 to W05, brought in with their picks."""
    folder = tmp_path_factory.mktemp("operation")
    geobfdt.simulate(folder / "sim", wells=5, length=6, seed=3, tool="atv", interpreter="dense")
    geobfdt.ingest(sorted((folder / "sim").glob("*.dlis")), folder / "field", picks=folder / "sim")
    return folder / "field"


@pytest.fixture(scope="session")
def champion(field: Path) -> Path:
    """A model trained on three of them."""
    out = field.with_name("champion")
    geobfdt.train(field, out, blind=["W01", "W02"], settings=QUICK, network=TINY)
    return out


@pytest.fixture(scope="session")
def challenger(field: Path, champion: Path) -> Path:
    """One tuned from it on W03 and W04, but for 2 m of W03; through the champion it has seen W05, and W03 whole."""
    out = field.with_name("challenger")
    top = 2.0
    bundle = geobfdt.train(
        field,
        out.with_name("tuned"),
        model=champion,
        blind=["W01", "W02", "W05"],
        masked={"W03": (top, top + 2)},
        settings=QUICK.model_copy(update={"seed": 1}),
    )
    # A few steps may find nothing better than what they began with: moved a little, it is another model for sure.
    next(bundle.network.parameters()).data += 1e-3
    save_bundle(bundle, out)
    return out
