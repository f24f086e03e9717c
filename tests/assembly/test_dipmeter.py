"""Dips of simulated dipmeters by correlation; the truth is the beds of their walls."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from geobfdt.assembly.build import Plan
from geobfdt.assembly.dipmeter import dips_of
from geobfdt.assembly.pad_dips import Search
from geobfdt.assembly.tool_geometry import ToolGeometry
from geobfdt.cli import app
from geobfdt.io.write.pads import write_pads
from geobfdt.runtime.findings import InputError
from geobfdt.simulation.geology import Geology
from geobfdt.simulation.pads import PadFlaws, SimulatedPads, simulate_pads
from geobfdt.simulation.well_settings import WellSettings
from geobfdt.wells.pads import PadRecording
from geobfdt.wells.picks import PickTable, read_picks

# Beds of one true dip (deg) and azimuth (deg), so that every window has to show them.
DIP, AZIMUTH = 25.0, 110.0
BEDS = Geology(bedding_dip=DIP, bedding_azimuth=AZIMUTH, dip_scatter=0.5, bed_thickness=0.05)
HOLE = WellSettings(length=16.0, deviation=20.0, hole_azimuth=40.0, rotation=0.05, geology=BEDS)
PLAN, SEARCH = Plan(north="true"), Search(1.2, 0.6)
RUNNER = CliRunner()


def tool_of(arms: int, across: tuple[float, ...] = (0.0,)) -> dict:
    """A dipmeter of so many arms, as a geometry file has it; electrodes lie so far (in) from the middle of a pad."""
    rows = [
        {
            "part": "pad", "along": 0.0, "across": at, "pitch": 0.0, "buttons": 1,
            "arrays": [f"P{arm + 1}{'AB'[k]}" for arm in range(arms)],
        }
        for k, at in enumerate(across)
    ]  # fmt: skip
    return {"name": "dipmeter", "pads": arms, "source": "test", "rows": rows}


def simulated(tool: dict, settings: WellSettings = HOLE) -> SimulatedPads:
    """A recording with stick and slip and noise."""
    geometry = ToolGeometry.model_validate(tool)
    return simulate_pads(settings, np.random.default_rng(6), PadFlaws(dead_buttons=0.0), geometry=geometry)


@pytest.fixture(scope="module")
def four() -> PadRecording:
    """Four arms."""
    return simulated(tool_of(4)).recording


def written(folder: Path, recording: PadRecording, tool: dict) -> list[str]:
    """Write recording and geometry, and return the words of the command."""
    write_pads(recording, folder / "W01.dlis")
    (folder / "tool.yaml").write_text(json.dumps(tool))
    words = [
        "pick",
        folder / "W01.dlis",
        "--method",
        "correlation",
        "--geometry",
        folder / "tool.yaml",
        "--north",
        "true",
    ]
    return [str(word) for word in [*words, "--out", folder / "out", "--json"]]


def angles_from_truth(picks: PickTable) -> np.ndarray:
    """Angles between the poles of picks and that of the beds (deg)."""

    def pole(dip, azimuth):
        dip, azimuth = np.radians(dip), np.radians(azimuth)
        return np.array([np.sin(dip) * np.sin(azimuth), np.sin(dip) * np.cos(azimuth), np.cos(dip)])

    poles = pole(picks["dip_true_deg"].to_numpy(), picks["azimuth_true_deg"].to_numpy())
    return np.degrees(np.arccos(np.clip(pole(DIP, AZIMUTH) @ poles, -1, 1)))


@pytest.mark.parametrize("tool", [tool_of(4), tool_of(6), tool_of(4, (-0.59, 0.59))])
def test_dips_are_those_of_the_beds(tool, tmp_path):
    """From file to table with four, six and eight electrodes: nine dips of ten within 3 degrees."""
    run = RUNNER.invoke(app, [*written(tmp_path, simulated(tool).recording, tool), "--top", "900"])
    assert run.exit_code == 0, run.output
    picks = read_picks(tmp_path / "out" / "W01.picks.csv")
    assert len(picks) > 8
    assert np.mean(angles_from_truth(picks) < 3) >= 0.9
    assert {"closure_m", "correlation", "pairs"} <= set(picks.columns)
    assert set(picks["class"]) == {"bedding"}
    # The mirrored dips would be elsewhere.
    mirrored = picks.assign(azimuth_true_deg=(2 * 40.0 - picks["azimuth_true_deg"]) % 360)
    assert np.mean(angles_from_truth(PickTable(mirrored)) < 3) < 0.1
    [well] = json.loads(run.stdout)
    assert well["counts"] == {"bedding": len(picks)}
    assert "option-unused" in {finding["kind"] for finding in well["findings"]}


def test_arms_that_share_no_bed_show_no_plane(four):
    """Arms that are metres off each other correlate by chance only."""
    arrays = {name: np.roll(values, 1300 * k, axis=0) for k, (name, values) in enumerate(four.arrays.items())}
    tool = ToolGeometry.model_validate(tool_of(4))
    assert len(dips_of(replace(four, arrays=arrays), tool, PLAN, SEARCH).picks) <= 1


def test_flat_beds_are_no_jumps_of_the_gain():
    """Without channels of voltage and gain, beds square to the hole stay, and steps of the voltage show no plane."""
    flat = HOLE.model_copy(update={"deviation": 0.0, "geology": BEDS.model_copy(update={"bedding_dip": 0.0})})
    tool = ToolGeometry.model_validate(tool_of(4))
    planes = {}
    for name, hole in (("flat", flat), ("inclined", HOLE)):
        recording = simulated(tool_of(4), hole).recording
        logs = {log: values for log, values in recording.logs.items() if log not in ("emex", "gain")}
        picks = dips_of(replace(recording, logs=logs), tool, PLAN, SEARCH).picks
        planes[name] = picks["amplitude_m"].to_numpy()
    assert len(planes["flat"]) > 5
    assert planes["flat"].max() < 0.01
    assert len(planes["inclined"]) > 3
    assert planes["inclined"].min() > 0.02


@pytest.mark.parametrize("value", [0.0, 1.0, np.nan])
def test_a_dead_arm_is_named_and_left_out(four, value):
    """Three arms still show dips, of quality C; two show none."""
    tool = ToolGeometry.model_validate(tool_of(4))
    arrays = {**four.arrays, "P2A": np.full_like(four.arrays["P2A"], value)}
    dips = dips_of(replace(four, arrays=arrays), tool, PLAN, SEARCH)
    [finding] = [f for f in dips.findings if f.kind == "pad-dead"]
    assert "2" in finding.observed
    assert len(dips.picks) > 3
    assert set(dips.picks["quality"]) == {"C"}
    with pytest.raises(InputError):
        dips_of(replace(four, arrays=arrays | {"P3A": arrays["P2A"]}), tool, PLAN, SEARCH)


def test_a_missing_arm_is_left_out(four):
    """The file lacks the channel of one arm, which is a finding as well."""
    arrays = {name: values for name, values in four.arrays.items() if name != "P4A"}
    dips = dips_of(replace(four, arrays=arrays), ToolGeometry.model_validate(tool_of(4)), PLAN, SEARCH)
    assert {"pad-arrays-missing", "pad-dead"} <= {finding.kind for finding in dips.findings}


def test_the_pads_of_an_imaging_tool_have_dips(tmp_path):
    """A file of FMI pads needs no geometry; each pad counts as one electrode."""
    settings = HOLE.model_copy(update={"length": 8.0})
    write_pads(simulate_pads(settings, np.random.default_rng(6)).recording, tmp_path / "W01.dlis")
    words = ["pick", str(tmp_path / "W01.dlis"), "--method", "correlation", "--out", str(tmp_path / "out")]
    assert RUNNER.invoke(app, words).exit_code == 0
    picks = read_picks(tmp_path / "out" / "W01.picks.csv")
    assert np.mean(angles_from_truth(picks) < 3) >= 0.9


def test_a_dipmeter_makes_no_image(four, tmp_path):
    """``assemble`` points to the correlation; options of other methods and nonsense are refused."""
    words = written(tmp_path, four, tool_of(4))
    geometry = ["--geometry", str(tmp_path / "tool.yaml")]
    refused = RUNNER.invoke(app, ["assemble", words[1], *geometry, "--out", str(tmp_path / "a.nc")])
    assert refused.exit_code == 1
    assert "correlation" in str(refused.exception)
    assert not (tmp_path / "a.nc").exists()
    assert RUNNER.invoke(app, [*words, "--model", "mine"]).exit_code == 1
    assert RUNNER.invoke(app, [*words, "--window", "0:1:60"]).exit_code == 1
    assert RUNNER.invoke(app, [*words, "--window", "wide"]).exit_code == 2
    assert RUNNER.invoke(app, ["pick", words[1], *geometry, "--out", str(tmp_path / "out")]).exit_code == 1
    short = replace(
        four, depth=four.depth[:300], arrays={name: values[:300] for name, values in four.arrays.items()},
        logs={name: log[:300] for name, log in four.logs.items()},
    )  # fmt: skip
    with pytest.raises(InputError):
        dips_of(short, ToolGeometry.model_validate(tool_of(4)), PLAN, SEARCH)
