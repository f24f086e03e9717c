"""``geobfdt train``: help, errors and refusals."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.command import run_command as geobfdt


def test_help() -> None:
    """It names its options."""
    run = geobfdt("train", "--help")
    assert run.returncode == 0
    for option in ("--out", "--preset", "--from", "--holdout", "--steps", "--seed", "--json"):
        assert option in run.stdout


@pytest.mark.process
def test_help_loads_no_torch() -> None:
    """Help is quick."""
    code = (
        "import sys\nfrom geobfdt.cli import main\nsys.argv=['geobfdt','train','--help']\n"
        "try: main()\nexcept SystemExit: pass\nprint('torch' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.rstrip().endswith("False")


def test_errors_are_one_line(tmp_path: Path) -> None:
    """No well to train on: exit status 1, one line on stderr, no traceback, nothing written."""
    run = geobfdt("train", tmp_path, "--out", tmp_path / "model")
    assert run.returncode == 1
    assert run.stderr.startswith(f"geobfdt: {tmp_path}: ")
    assert run.stderr.count("\n") == 1
    assert not (tmp_path / "model").exists()


def test_errors_for_machines(tmp_path: Path) -> None:
    """With --json the error is a JSON object; a model that is not there names the folder."""
    run = geobfdt("train", tmp_path, "--out", tmp_path / "model", "--from", tmp_path / "none", "--json")
    assert run.returncode == 1
    assert json.loads(run.stdout)["error"]["place"] == str(tmp_path / "none")


def test_options_that_would_do_nothing(tmp_path: Path) -> None:
    """A model brings its network; a picker without one has none to run; a cluster is called by one engine only."""
    train = ["train", tmp_path, "--out", tmp_path / "out", "--from", "default", "--preset"]
    pick = ["pick", tmp_path / "a.nc", "--out", tmp_path / "out", "--method", "hough"]
    study = ["study", "backbone", tmp_path, "--out", tmp_path / "out"]
    chosen = ["train", tmp_path, "--out", tmp_path / "out", "--preset", "detr", "--choice", tmp_path / "study"]
    assert geobfdt(*chosen).stderr.startswith("geobfdt: --choice: ")
    nothing = [[*train, "detr"], [*train, "curve"], [*pick, "--model", "tuned"], [*pick, "--runtime", "onnx"]]
    for words in (*nothing, [*pick, "--address", "head:6379"], [*study, "--address", "head:6379"]):
        run = geobfdt(*words)
        assert run.returncode == 1
        assert run.stderr.startswith(f"geobfdt: {words[-2]}: ")
        assert run.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
    for words in ([*train[:-1]], pick):  # neither is refused for that
        assert str(tmp_path) in geobfdt(*words).stderr


def test_wrong_options(tmp_path: Path) -> None:
    """What typer refuses: no folder for the model, a preset that is none, no steps."""
    for words in ([], ["--out", tmp_path, "--preset", "other"], ["--out", tmp_path, "--steps", "0"]):
        run = geobfdt("train", tmp_path, *words)
        assert run.returncode == 2
        assert "Traceback" not in run.stderr
