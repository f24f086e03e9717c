"""The notebooks of the tutorials run from their first cell to their last, and leave what their pages say."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).parents[2]
nbclient = pytest.importorskip("nbclient")
pytest.importorskip("jupytext")
pytest.importorskip("ipykernel")


def run_notebook(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Execute the notebook of a tutorial in a folder that holds what a clone holds of data."""
    monkeypatch.syspath_prepend(str(ROOT / "docs" / "_extensions"))
    from notebooks import notebook_of

    (folder / "tests").mkdir()
    (folder / "tests" / "data").symlink_to(ROOT / "tests" / "data")
    monkeypatch.setenv("PATH", os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    notebook = notebook_of(ROOT / "docs" / "tutorials" / f"{name}.md")
    client = nbclient.NotebookClient(
        notebook, timeout=180, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
    )
    client.execute()


@pytest.mark.process
def test_the_optical_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fractures of the wall are picked, some are rejected, and the report is of the layer."""
    run_notebook("optical-log", tmp_path, monkeypatch)
    picks = pd.read_csv(tmp_path / "granite" / "picks" / "granite.picks.csv")
    assert len(picks) >= 20
    assert picks["depth_m"].between(33.0, 36.0).all()
    assert (tmp_path / "granite" / "reports" / "granite.report.html").stat().st_size > 100_000


@pytest.mark.process
def test_the_dlis(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Picks survive the way to another program and back."""
    run_notebook("dlis", tmp_path, monkeypatch)
    picks, back = (pd.read_csv(tmp_path / "pads" / name) for name in ("picks/W01.picks.csv", "back.csv"))
    assert len(back) == len(picks) > 0
    assert (back["depth_m"] - picks["depth_m"]).abs().max() < 0.001
    assert (tmp_path / "pads" / "W01.las").exists()
    assert (tmp_path / "pads" / "reports" / "W01.report.html").exists()
