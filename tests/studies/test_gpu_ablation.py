"""The ablation on a GPU, tried for twenty steps on the CPU."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

import geobfdt
from geobfdt.training.prepared_wells import PreparedWell

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "gpu_ablation.py"
SPEC = importlib.util.spec_from_file_location("gpu_ablation", SCRIPT)
assert SPEC is not None
assert SPEC.loader is not None
ablation = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(ablation)


def well_of(rows: int, seed: int) -> PreparedWell:
    """A well whose pixels hold their row, and one plane a metre."""
    grid = np.repeat((np.arange(rows) % 200 + 1).astype(np.uint8)[:, None], 8, axis=1)
    z0 = np.arange(0.5, rows * 0.01 - 0.5)
    traces = np.column_stack([z0, np.zeros((z0.size, 2))])
    none, label_mask = np.zeros(z0.size, bool), np.ones((2, rows), bool)
    radius = np.full(rows, 0.1, np.float32)
    return PreparedWell(f"W{seed}", grid, 0.0, 0.01, radius, traces, np.zeros(z0.size, np.int64), none, label_mask)


def test_windows_on_the_device_match_their_targets() -> None:
    """Pixels of a window are those of its rows, and its planes lie where they lie in the well."""
    wells = [well_of(400, 0), well_of(260, 1)]
    source = ablation.DeviceWells(wells, 100, torch.device("cpu"))
    grids, targets = source.windows(30, np.random.default_rng(0))
    for grid, target in zip(grids, targets, strict=True):
        first = int(grid[0, 0]) - 1
        assert (grid[:, 0].long() == (first + torch.arange(100)) % 200 + 1).all()
        # A plane at every half metre of the well: in the window it is that far from the first row.
        assert np.allclose((target.traces[:, 0] + 0.01 * first + 1e-9) % 1, 0.5, atol=1e-6)


def test_looks_change_and_gaps_stay() -> None:
    """Most windows change, what was not measured stays so, and nothing measured is lost."""
    grids = torch.randint(1, 256, (16, 40, 24), dtype=torch.uint8)
    grids[:, :, ::4] = 0
    changed = ablation.changed_look(grids, torch.Generator().manual_seed(0))
    assert ((changed > 0) == (grids > 0)).all()
    assert (changed != grids).flatten(1).any(dim=1).sum() > 8


@pytest.mark.training
def test_twenty_steps_on_the_cpu(tmp_path: Path) -> None:
    """Rows come as it goes; a finished cell is not run again. Short wells stand in for the field."""
    geobfdt.simulate(tmp_path / "simulated", geobfdt.SimulateOptions(like="published", wells=12, length=2.0))
    geobfdt.ingest(
        sorted((tmp_path / "simulated").glob("*.dlis")),
        tmp_path / "field",
        geobfdt.IngestOptions(picks=tmp_path / "simulated"),
    )
    words = [
        "--size", "tiny", "--device", "cpu", "--depths", "10", "--seeds", "1", "--windows", "160", "--batch", "8",
        "--checks", "2",
    ]  # fmt: skip
    for _ in range(2):
        run = subprocess.run(
            [sys.executable, str(SCRIPT), str(tmp_path), *words],
            capture_output=True, text=True, check=False, env={**os.environ, "OMP_NUM_THREADS": "1"},
        )  # fmt: skip
        assert run.returncode == 0, run.stderr
    rows = pd.read_csv(tmp_path / "rows.csv")
    assert rows["windows"].tolist() == [80, 160]
    assert (rows["all_windows"] == 160).all()
    assert rows["loss"].notna().all()
    assert rows["class_error_0_pct"].between(0, 100).all()
