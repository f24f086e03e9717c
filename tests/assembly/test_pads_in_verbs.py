"""A file that holds pads only, given to the verbs that take an image: assembled on the way, or one line."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from geobfdt.cli import app
from geobfdt.io.images.files import read
from geobfdt.io.write.pads import write_pads
from geobfdt.simulation.pads import PadFlaws, simulate_pads
from geobfdt.simulation.well_settings import WellSettings
from geobfdt.wells.pads import PadRecording

RUNNER = CliRunner()
HOLE = WellSettings(length=4.0, deviation=12.0, hole_azimuth=40.0, rotation=0.06)


@pytest.fixture(scope="module")
def recording() -> PadRecording:
    """Four metres of a tool that turns."""
    return simulate_pads(HOLE, np.random.default_rng(3), PadFlaws.none()).recording


@pytest.fixture(scope="module")
def file(recording, tmp_path_factory) -> Path:
    """The same as a DLIS file."""
    path = tmp_path_factory.mktemp("pads") / "W01.dlis"
    write_pads(recording, path)
    return path


def run(*words: object) -> dict:
    """Call a verb that has to succeed, and return its JSON."""
    result = RUNNER.invoke(app, [*map(str, words), "--json"])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def part(recording: PadRecording, rows: slice) -> PadRecording:
    """Some rows of a recording."""
    arrays = {name: values[rows] for name, values in recording.arrays.items()}
    logs = {name: log[rows] for name, log in recording.logs.items()}
    return replace(recording, depth=recording.depth[rows], arrays=arrays, logs=logs)


def test_inspect_shows_the_image_that_is_assembled(file):
    """Its channels stay those of the file; rows, columns and reference are those of the image."""
    shown = run("inspect", file)
    assert {"pad"} <= {item["role"] for item in shown["items"]}
    assert (shown["reads_as"]["columns"], shown["reads_as"]["reference"]) == (360, "north")
    assert "pads-assembled" in {finding["kind"] for finding in shown["findings"]}


def test_runs_of_pads_are_merged(tmp_path):
    """Two recordings that overlap by six metres, the lower one 12 cm too deep, become one image."""
    recording = simulate_pads(
        HOLE.model_copy(update={"length": 8.0}), np.random.default_rng(3), PadFlaws.none()
    ).recording
    upper, lower = part(recording, slice(0, -400)), part(recording, slice(400, None))
    write_pads(upper, tmp_path / "upper.dlis")
    write_pads(replace(lower, depth=lower.depth + 0.12), tmp_path / "lower.dlis")
    merged = run("merge", tmp_path / "upper.dlis", tmp_path / "lower.dlis", "--out", tmp_path / "m.nc")
    assert {"pads-assembled", "runs-merged"} <= {finding["kind"] for finding in merged["findings"]}
    depth = read(tmp_path / "m.nc").depth.values
    assert depth[-1] == pytest.approx(recording.depth[-1], abs=0.01)


@pytest.fixture(scope="module")
def picks(file) -> Path:
    """A table of three planes."""
    table = file.with_name("picks.csv")
    table.write_text("well,depth_m,dip_app_deg,azimuth_app_deg,reference,class,status\n")
    with table.open("a") as stream:
        for depth in (1001.0, 1002.0, 1003.0):
            stream.write(f"W01,{depth},20,90,north,bed,accepted\n")
    return table


def test_vugs_and_drift_assemble(file, picks, tmp_path):
    """Both read pixels, and say where these come from."""
    result = run("vugs", file, "--out", tmp_path / "vugs", "--picks", picks)
    assert "pads-assembled" in {finding["kind"] for finding in result["findings"]}
    [zones] = run("drift", file).values()
    assert zones[0]["top_m"] == pytest.approx(read_depths(tmp_path, file)[0], abs=0.5)


def read_depths(folder: Path, file: Path) -> np.ndarray:
    """Depths of the image that ``assemble`` writes."""
    run("assemble", file, "--out", folder / "W01.nc")
    return read(folder / "W01.nc").depth.values


@pytest.mark.parametrize("words", [["caliper", "--out"], ["report", "--out"], ["audit"], ["serve", "--port"]])
def test_verbs_that_take_no_pads_say_so_in_one_line(file, tmp_path, words):
    """A caliper needs an acoustic image; reports, audits and the server take a field. Nothing is written."""
    verb, *option = words
    value = {"--out": str(tmp_path / "out"), "--port": "0"}
    result = RUNNER.invoke(app, [verb, str(file), *option, *(value[name] for name in option)])
    assert result.exit_code == 1
    assert not (tmp_path / "out").exists()
    assert str(result.exception).count("\n") == 0
    assert "W01.dlis" in f"{result.output}{result.exception}"
    assert "geobfdt assemble" not in f"{result.output}{result.exception}"


def test_a_field_of_pads_is_audited_and_reported(file, picks, tmp_path):
    """Ingesting assembles; the verbs of fields then take the well as any other."""
    field = tmp_path / "field"
    [stem] = run("ingest", file, "--field", field, "--picks", picks)
    assert stem in run("audit", field)
    run("report", field, "--out", tmp_path / "reports")
    assert (tmp_path / "reports" / f"{stem}.report.html").stat().st_size > 10_000
