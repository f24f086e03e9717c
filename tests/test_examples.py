"""The examples run as they stand."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# The year at an operator's takes minutes as it stands; tests/operation lives through it at a smaller scale.
EXAMPLES = [file for file in sorted((ROOT / "examples").glob("*.py")) if file.stem != "operator_year"]


@pytest.mark.process
@pytest.mark.parametrize("script", EXAMPLES, ids=lambda path: path.stem)
def test_example(script):
    """Each ends well and prints something."""
    run = subprocess.run([sys.executable, script], capture_output=True, text=True, cwd=ROOT, timeout=300, check=False)
    assert run.returncode == 0, run.stderr
    assert run.stdout
