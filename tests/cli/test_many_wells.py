"""Many wells picked at a time, by processes of this machine and by Ray: the same bytes, and one that fails alone."""

from __future__ import annotations

import hashlib
import importlib.util
import json
from pathlib import Path

import pytest
from tests.command import run_command, run_process

import geobfdt
from geobfdt.runtime.locks import folder_lock


def digests(folder: Path) -> dict[str, str]:
    """SHA-256 of all that lies in a folder."""
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in folder.iterdir()}


@pytest.fixture(scope="module")
def field(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three wells of 3 m, the second damaged."""
    folder = tmp_path_factory.mktemp("many")
    geobfdt.simulate(folder / "sim", geobfdt.SimulateOptions(wells=3, length=3, seed=5, tool="atv"))
    geobfdt.ingest(sorted((folder / "sim").glob("*.dlis")), folder / "field")
    damaged = folder / "field" / "W02.nc"
    damaged.write_bytes(damaged.read_bytes()[:999])
    return folder / "field"


@pytest.fixture(scope="module")
def one_by_one(field: Path) -> Path:
    """What comes out without workers."""
    out = field.with_name("one-by-one")
    run = run_command(
        "pick", field, "--out", out, "--method", "hough", "--deviation", 12, "--min-confidence", 0.3, "--json"
    )
    assert run.returncode == 1  # one of three failed, two are there
    output = json.loads(run.stdout)
    assert [one.get("well") for one in output] == ["W01", "W03", None]
    assert output[2]["file"].endswith("W02.nc")
    assert "not a sound netCDF-4 file" in output[2]["failed"]
    return out


@pytest.mark.parametrize(
    "engine", [pytest.param("local", marks=pytest.mark.process), pytest.param("ray", marks=pytest.mark.ray)]
)
def test_same_bytes(engine: str, field: Path, one_by_one: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Tables, findings and pictures are those of one process, options and failures included."""
    if engine == "ray" and importlib.util.find_spec("ray") is None:
        pytest.skip("Ray is not installed")
    out = field.with_name(engine)
    words = ("--method", "hough", "--deviation", 12, "--min-confidence", 0.3, "--workers", 2, "--engine", engine)
    with folder_lock(tmp_path_factory.getbasetemp().parent / "ray", wait=True):  # one cluster at a time
        run = run_process("pick", field, "--out", out, *words)
    assert run.returncode == 1
    # Lines of progress may stand above it, if it takes long.
    errors = [line for line in run.stderr.splitlines() if not line.startswith("picking ")]
    assert [line.startswith("geobfdt: ") and "W02.nc" in line for line in errors] == [True]
    assert digests(out) == digests(one_by_one)


def test_one_well_fails_in_one_line_as_ever(field: Path, tmp_path: Path) -> None:
    """Not as a list of one."""
    run = run_command("pick", field / "W02.nc", "--out", tmp_path, "--json")
    assert run.returncode == 1
    assert json.loads(run.stdout)["error"]["place"].endswith("W02.nc")
