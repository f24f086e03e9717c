"""What tests of several packages share: one simulated field a run, whichever worker needs it first.

What takes long to import is imported where it is needed: a test of one module starts at once.
"""

from __future__ import annotations

import os
import shutil

os.environ.setdefault("OMP_NUM_THREADS", "1")  # PyTorch and NumPy read it when they are imported.

from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

Once = Callable[[str, Callable[[Path], object]], Path]


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Once:
    """Make a folder once a run: the first worker that asks makes it, others wait. Tests only read what is in it."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def folder(name: str, make: Callable[[Path], object]) -> Path:
        place = shared / f"once-{name}"
        with FileLock(place.with_suffix(".lock")):
            if not (place / "made").exists():
                place.mkdir(exist_ok=True)
                make(place)
                (place / "made").touch()
        return place

    return folder


@pytest.fixture(scope="session")
def simulated(once: Once) -> Path:
    """Five simulated wells of 6 m as files, W01 to W05: ``sim``, and ``field``, where they are with their picks."""

    def make(folder: Path) -> None:
        import geobfdt

        geobfdt.simulate(
            folder / "sim", geobfdt.SimulateOptions(wells=5, length=6, seed=3, tool="atv", interpreter="dense")
        )
        geobfdt.ingest(
            sorted((folder / "sim").glob("*.dlis")), folder / "field", geobfdt.IngestOptions(picks=folder / "sim")
        )

    return once("simulated", make)


@pytest.fixture(scope="session")
def two_wells(simulated: Path, once: Once) -> Path:
    """A field of the first two of them."""

    def make(folder: Path) -> None:
        (folder / "field").mkdir()
        for file in (simulated / "field").iterdir():
            if file.name.startswith(("W01.", "W02.")):
                shutil.copy(file, folder / "field")

    return once("two-wells", make) / "field"


@pytest.fixture(scope="session")
def rates(simulated: Path, once: Once) -> Path:
    """A study of two rates, two folds and one seed, ``rates.yaml``, and ``out``, its four cells run in this process."""

    def make(folder: Path) -> None:
        import yaml
        from tests.small import QUICK, TINY, as_changes
        from tests.study_runs import run_in_process

        from geobfdt.studies.study import study_of

        axes = {"rate": {"low": {"training.rate": 1e-4}, "high": {"training.rate": 1e-2}}}
        base = as_changes(TINY.model_copy(update={"step": 0.01}), QUICK)
        settings = {"name": "rates", "question": "Which rate?", "axes": axes, "base": base, "folds": 2, "seeds": 1}
        file = folder / "rates.yaml"
        file.write_text(yaml.safe_dump(settings, sort_keys=False))
        run_in_process(study_of(str(file)), simulated / "field", folder / "out")

    return once("rates", make)
