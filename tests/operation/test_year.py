"""The year at the operator's, as its example tells it, at small scale."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.process
def test_a_year(tmp_path: Path) -> None:
    """It goes the way it should (the script stops where it does not), and the record tells the story."""
    script = [sys.executable, str(ROOT / "examples" / "operator_year.py"), "--steps", "4", "--length", "10"]
    run = subprocess.run(
        [*script, "--keep", str(tmp_path)], capture_output=True, text=True, timeout=900, check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1", "COLUMNS": "200"},
    )  # fmt: skip
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-3000:]
    lines = [json.loads(line) for line in (tmp_path / "models" / "record.jsonl").read_text().splitlines()]
    entries = [(line["action"], line["name"]) for line in lines]
    assert entries == [
        ("add", ""), ("pass", ""), ("sign", ""), ("name", "champion"),
        ("add", ""), ("name", "challenger"), ("pass", ""), ("name", "champion"),
        ("name", "champion"),
    ]  # fmt: skip
    assert lines[-1]["bundle"] == lines[0]["bundle"]
    assert "nothing is new since the champion was made" in run.stdout
    assert "as many bedding planes as the others would" in run.stdout
    assert "values from 0 to 15" in run.stdout
    assert "true-for-apparent" in run.stdout
    assert "unlike anything the model was made with" in run.stdout
