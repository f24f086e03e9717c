"""The examples run as they stand."""

import subprocess
import sys
from pathlib import Path

import pytest

# The year at an operator's takes minutes as it stands; tests/operation lives through it at a smaller scale.
EXAMPLES = [
    file for file in sorted((Path(__file__).parents[1] / "examples").glob("*.py")) if file.stem != "operator_year"
]


@pytest.mark.process
@pytest.mark.parametrize("script", EXAMPLES, ids=lambda path: path.stem)
def test_example(script, tmp_path):
    """Each ends well and prints something."""
    run = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, cwd=tmp_path, timeout=120, check=False
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout
