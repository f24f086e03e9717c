"""What users run does without modules that only some systems have."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HIDDEN = "import sys; sys.modules.update(dict.fromkeys(('fcntl', 'resource', 'pwd', 'grp', 'termios')))\n"
WORK = """
from pathlib import Path
import numpy as np
import geobfdt
from geobfdt.model.registry import Registry
from geobfdt.review.server import create_app
from geobfdt.runtime.locks import folder_lock
from geobfdt.studies.study import run_study, study_of
from geobfdt.training.train import train

folder = Path(sys.argv[1])
geobfdt.simulate(folder / "sim", geobfdt.SimulateOptions(wells=1, length=2, seed=5, tool="atv"))
geobfdt.ingest([folder / "sim" / "W01.dlis"], folder / "field")
options = geobfdt.PickOptions(method="hough", picture=False)
(outcome,) = geobfdt.pick_files([folder / "field"], folder / "picks", options)
assert outcome.problem is None, outcome.problem
Registry(folder / "models").add("default")
with folder_lock(folder / "locked"):
    pass
create_app(folder / "field")
study_of("backbone")
"""


@pytest.mark.process
def test_without_modules_of_unix(tmp_path: Path) -> None:
    """Pick, train, serve, models and study import, and pick, models and locks work, without fcntl and resource."""
    command = [sys.executable, "-c", HIDDEN + WORK, str(tmp_path)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert run.returncode == 0, run.stderr
    assert (tmp_path / "picks" / "W01.picks.csv").exists()
