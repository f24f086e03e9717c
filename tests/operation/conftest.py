"""Models made in seconds on the shared field."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.conftest import Once
from tests.small import QUICK, TINY

import geobfdt
from geobfdt.model.bundle import save_bundle


@pytest.fixture(scope="session")
def field(simulated: Path) -> Path:
    """Five simulated wells, W01 to W05, with their picks."""
    return simulated / "field"


@pytest.fixture(scope="session")
def champion(field: Path, once: Once) -> Path:
    """A model trained on three of them."""

    def make(folder: Path) -> None:
        geobfdt.train(field, folder / "model", geobfdt.TrainOptions(blind=["W01", "W02"], training=QUICK, network=TINY))

    return once("champion", make) / "model"


@pytest.fixture(scope="session")
def challenger(field: Path, champion: Path, once: Once) -> Path:
    """One tuned from it on W03 and W04, but for 2 m of W03; through the champion it has seen W05, and W03 whole."""

    def make(folder: Path) -> None:
        bundle = geobfdt.train(
            field,
            folder / "tuned",
            geobfdt.TrainOptions(
                model=champion,
                blind=["W01", "W02", "W05"],
                masked={"W03": (2.0, 4.0)},
                training=QUICK.model_copy(update={"seed": 1}),
            ),
        )
        # A few steps may find nothing better than what they began with: moved a little, it is another model for sure.
        next(bundle.network.parameters()).data += 1e-3
        save_bundle(bundle, folder / "model")

    return once("challenger", make) / "model"
