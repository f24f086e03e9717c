"""From the buttons of a simulated pad tool to an image, through a DLIS file; the truth is the simulator's."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from geobfdt.cli import app
from geobfdt.io.images.files import has_pads_only, inspect, read
from geobfdt.io.write.pads import write_pads
from geobfdt.review.opening import OpenOptions, open_wells
from geobfdt.runtime.findings import InputError, Severity
from geobfdt.simulation.pads import PadFlaws, SimulatedPads, simulate_pads
from geobfdt.simulation.well_settings import WellSettings
from geobfdt.wells.options import ReadingOptions
from geobfdt.wells.pads import PadRecording
from geobfdt.wells.picks import read_picks
from geobfdt.workflows.assemble import AssembleOptions, assemble, assemble_image, read_or_assemble
from geobfdt.workflows.ingest import ingest

HOLE = WellSettings(length=4.0, deviation=12.0, hole_azimuth=40.0, rotation=0.06)
RUNNER = CliRunner()


@pytest.fixture(scope="module")
def flawed() -> SimulatedPads:
    """A recording with all flaws."""
    return simulate_pads(HOLE, np.random.default_rng(3))


@pytest.fixture(scope="module")
def sound() -> SimulatedPads:
    """The same rock and the same turning tool without flaws."""
    return simulate_pads(HOLE, np.random.default_rng(3), PadFlaws.none())


def written(recording: PadRecording, folder: Path, *, upward: bool = True) -> Path:
    """Write a recording as DLIS."""
    file = folder / "W01.dlis"
    write_pads(recording, file, upward=upward)
    return file


def kinds(image) -> set[str]:
    """Kinds of the findings of an image."""
    return {finding.kind for finding in image.attrs["findings"]}


def without(recording: PadRecording, *names: str) -> PadRecording:
    """Leave out logs."""
    return replace(recording, logs={name: log for name, log in recording.logs.items() if name not in names})


def likeness(one, other) -> float:
    """Correlation of the pixels of two images at their common depths."""
    depth = np.intersect1d(np.round(one.depth.values, 6), np.round(other.depth.values, 6))
    first, second = (
        image["image"].values[np.isin(np.round(image.depth.values, 6), depth)].ravel() for image in (one, other)
    )
    both = np.isfinite(first) & np.isfinite(second)
    return float(np.corrcoef(first[both], second[both])[0, 1])


def test_an_undisturbed_recording_shows_the_wall(sound, tmp_path):
    """Pixels lie where the wall of the simulation has them: at their depth and their angle from north."""
    options = AssembleOptions(without=("speed", "offsets", "gains", "buttons"))
    image = assemble_image(written(sound.recording, tmp_path), options)
    wall = sound.wall.block(0, sound.wall.hole.depth.size)[0]
    at = np.searchsorted(sound.wall.hole.depth, image.depth.values)
    pixels = image["image"].values
    both = np.isfinite(pixels)
    assert 0.6 < both.mean() < 0.8
    likenesses = {
        (turn, shift): np.corrcoef(pixels[both], np.roll(wall[at + shift], turn, axis=1)[both])[0, 1]
        for turn in (-2, -1, 0, 1, 2)
        for shift in (-2, 0, 2)
    }
    assert max(likenesses, key=lambda place: likenesses[place]) == (0, 0)
    assert likenesses[0, 0] > 0.99
    assert np.corrcoef(pixels[both], wall[at][:, ::-1][both])[0, 1] < likenesses[0, 0] - 0.01


def test_flaws_are_undone(flawed, sound, tmp_path):
    """An image with all steps is like the undisturbed one; without them it is not."""
    bare = AssembleOptions(without=("speed", "offsets", "gains", "buttons"))
    undisturbed = assemble_image(written(sound.recording, tmp_path), bare)
    file = written(flawed.recording, tmp_path)
    image = assemble_image(file)
    assert likeness(image, undisturbed) > 0.97
    assert likeness(assemble_image(file, bare), undisturbed) < 0.9
    assert {"speed-corrected", "buttons-dead", "north-found"} <= kinds(image)
    assert image.attrs["north"] == "true"
    assert image.attrs["reference"] == "north"


def test_the_file_holds_each_step(flawed, tmp_path):
    """Every step stands in the attributes, and a second run does not write over the first."""
    file, target = written(flawed.recording, tmp_path), tmp_path / "W01.nc"
    findings = assemble(file, target)
    image = read(target)
    steps = [step.split(":")[0] for step in json.loads(image.attrs["processing"])["steps"]]
    assert steps == ["orientation", "speed", "gains", "geometry", "offsets", "buttons", "mosaic"]
    assert [finding.kind for finding in findings] == [finding.kind for finding in image.attrs["findings"]]
    assert image.attrs["source_sha256"]
    with pytest.raises(InputError):
        assemble(file, target)


def test_the_order_of_rows_does_not_matter(flawed, tmp_path):
    """A file that was turned round gives the same image, and a finding where rows were turned."""
    up = assemble_image(written(flawed.recording, tmp_path))
    down = assemble_image(written(flawed.recording, tmp_path, upward=False))
    assert likeness(up, down) > 0.999
    assert ("depth-flipped" in kinds(up)) != ("depth-flipped" in kinds(down))


def test_depths_that_run_up_and_down_are_refused(flawed, tmp_path):
    """Rows without order make no image."""
    depth = flawed.recording.depth.copy()
    depth[::2] = depth[::2][::-1]
    with pytest.raises(InputError) as refused:
        assemble_image(written(replace(flawed.recording, depth=depth), tmp_path))
    assert "W01.dlis" in str(refused.value)


@pytest.mark.parametrize("missing", ["time", "acceleration_z"])
def test_without_accelerometer_or_time_depths_stay(flawed, tmp_path, missing):
    """The speed correction abstains with a finding; nothing is guessed from the image."""
    image = assemble_image(written(without(flawed.recording, missing), tmp_path))
    assert "speed-not-corrected" in kinds(image)
    assert "speed-corrected" not in kinds(image)


def test_no_orientation_is_refused(flawed, tmp_path):
    """Nothing is drawn at a guessed angle."""
    names = ("pad1_azimuth", "relative_bearing", "magnetic_x")
    with pytest.raises(InputError) as refused:
        assemble_image(written(without(flawed.recording, *names), tmp_path))
    assert "P1AZ" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_no_direction_of_the_hole_is_refused_until_it_is_stated(flawed, tmp_path):
    """The sensors would give a direction; without them the user has to."""
    file = written(without(flawed.recording, "deviation", "hole_azimuth", "magnetic_x"), tmp_path)
    with pytest.raises(InputError):
        assemble_image(file)
    reading = ReadingOptions(deviation=12.0, hole_azimuth=40.0, north="true")
    image = assemble_image(file, AssembleOptions(reading=reading))
    assert {"deviation-stated", "hole-azimuth-stated"} <= kinds(image)


def test_no_caliper_is_refused_until_it_is_stated(flawed, tmp_path):
    """The diameter says how far pads are apart."""
    file = written(without(flawed.recording, "caliper_1", "caliper_2"), tmp_path)
    with pytest.raises(InputError):
        assemble_image(file)
    image = assemble_image(file, AssembleOptions(reading=ReadingOptions(diameter=0.2159)))
    assert np.allclose(image.diameter.values, 0.2159)


def test_a_dead_pad_is_left_empty(tmp_path):
    """A quarter of the measured columns is missing."""
    pads = simulate_pads(HOLE, np.random.default_rng(3), PadFlaws(dead_pads=(1,)))
    image = assemble_image(written(pads.recording, tmp_path))
    [finding] = [f for f in image.attrs["findings"] if f.kind == "pad-dead"]
    assert finding.severity is Severity.MAJOR
    whole = assemble_image(written(simulate_pads(HOLE, np.random.default_rng(3)).recording, tmp_path))
    share = np.isfinite(image["image"].values).mean() / np.isfinite(whole["image"].values).mean()
    assert share == pytest.approx(0.75, abs=0.03)


def test_missing_arrays_are_left_empty(flawed, tmp_path):
    """The other arrays are assembled."""
    arrays = {name: values for name, values in flawed.recording.arrays.items() if name != "FCB3"}
    image = assemble_image(written(replace(flawed.recording, arrays=arrays), tmp_path))
    assert "pad-arrays-missing" in kinds(image)


def test_arrays_of_another_size_are_refused(flawed, tmp_path):
    """A tool of another layout is no FMI."""
    arrays = {**flawed.recording.arrays, "FCA1": flawed.recording.arrays["FCA1"][:, :8]}
    with pytest.raises(InputError):
        assemble_image(written(replace(flawed.recording, arrays=arrays), tmp_path))


def test_a_tool_without_known_geometry_needs_one(flawed, tmp_path):
    """Arrays of an unknown tool are refused; with a geometry of the user they are assembled."""
    arrays = {f"PAD{k + 1}": flawed.recording.arrays[name] for k, name in enumerate(("FCA1", "FCB1", "FCC1", "FCD1"))}
    file = written(replace(flawed.recording, arrays=arrays), tmp_path)
    with pytest.raises(InputError) as refused:
        assemble_image(file)
    assert "--geometry" in str(refused.value)
    own = tmp_path / "mine.yaml"
    row = "{part: pad, along: 0, across: -1.15, pitch: 0.2, buttons: 12, arrays: [PAD1, PAD2, PAD3, PAD4]}"
    own.write_text(f"name: Mine\npads: 4\nsource: a drawing\nrows:\n  - {row}\n")
    image = assemble_image(file, AssembleOptions(geometry=own))
    assert 0.25 < np.isfinite(image["image"].values).mean() < 0.5


def test_jumps_of_the_gain_are_found_without_channels(flawed, sound, tmp_path):
    """All buttons jump together only where a gain does."""
    image = assemble_image(written(without(flawed.recording, "emex", "gain"), tmp_path))
    assert "gain-channels-missing" in kinds(image)
    undisturbed = assemble_image(written(sound.recording, tmp_path))
    assert likeness(image, undisturbed) > 0.95


def test_reading_a_file_of_pads_points_to_assembly(flawed, tmp_path):
    """Reading refuses, picking assembles."""
    file = written(flawed.recording, tmp_path)
    with pytest.raises(InputError) as refused:
        read(file)
    assert "assemble" in str(refused.value)
    assert {item["role"] for item in inspect(file).items if item["name"].startswith("FCA1")} == {"pad"}
    image = read_or_assemble(file, ReadingOptions())
    assert "pads-assembled" in kinds(image)


def test_the_simulate_verb_writes_pads_to_try(tmp_path):
    """Its file is assembled to an image on which the planes of its truth lie; another tool is refused."""
    words = ["simulate", str(tmp_path), "--wells", "1", "--length", "4", "--seed", "2", "--pads"]
    assert RUNNER.invoke(app, [*words, "--deviation", "20"]).exit_code == 0
    file = tmp_path / "W01.dlis"
    assert has_pads_only(file)
    image = assemble_image(file)
    truth = read_picks(tmp_path / "W01.truth.csv")
    assert image.attrs["well"] == "W01"
    assert set(truth["reference"]) == {"north"}
    clear = truth[~truth["optional"].astype(bool)]
    assert len(clear) > 3
    # Slopes along the hole are steeper on the traces of planes than a hand's breadth beside them.
    pixels, depth = image["image"].values, image.depth.values
    angle = np.radians(image.azimuth.values)
    on, beside = [], []
    for plane in clear.itertuples():
        trace = plane.depth_m + plane.amplitude_m * np.cos(angle - np.radians(plane.azimuth_app_deg))
        for lift, sums in ((0.0, on), (0.1, beside), (-0.1, beside)):
            rows = np.rint((trace + lift - depth[0]) / (depth[1] - depth[0])).astype(int)
            inside = (rows > 3) & (rows < len(depth) - 3)
            columns = np.flatnonzero(inside)
            sums.append(abs(np.nanmean(pixels[rows[inside] + 3, columns] - pixels[rows[inside] - 3, columns])))
    assert np.nanmean(on) > 1.5 * np.nanmean(beside)
    assert RUNNER.invoke(app, [*words, "--tool", "otv"]).exit_code == 1


def test_every_verb_that_takes_an_image_assembles_pads(flawed, tmp_path):
    """A field, a review and another format get the image that ``assemble`` writes, and the finding."""
    file, field = written(flawed.recording, tmp_path), tmp_path / "field"
    whole = assemble_image(file)
    [(stem, findings)] = ingest([file], field).items()
    assert "pads-assembled" in {finding.kind for finding in findings}
    assert likeness(read(field / f"{stem}.nc"), whole) == pytest.approx(1.0)
    run = RUNNER.invoke(app, ["convert", str(file), str(tmp_path / "a.nc"), "--json"])
    assert run.exit_code == 0
    assert "pads-assembled" in {finding["kind"] for finding in json.loads(run.stdout)["findings"]}
    assert likeness(read(tmp_path / "a.nc"), whole) == pytest.approx(1.0)
    opening = OpenOptions(name="anna", method="hough")
    [well] = open_wells([file], tmp_path / "opened", opening)
    assert "pads-assembled" in {finding.kind for finding in well.findings}
    assert well.proposals is not None
    # The second call knows the well by its recording, and neither assembles nor picks again.
    [again] = open_wells([file], tmp_path / "opened", opening)
    assert (again.findings, again.proposals) == ([], None)


@pytest.mark.parametrize("verb", ["ingest", "convert", "open"])
def test_every_verb_refuses_pads_without_orientation(flawed, tmp_path, verb):
    """The refusal is that of the assembly, and nothing is written."""
    names = ("pad1_azimuth", "relative_bearing", "magnetic_x")
    file = written(without(flawed.recording, *names), tmp_path)
    target = tmp_path / ("a.nc" if verb == "convert" else "field")
    options = [str(target)] if verb == "convert" else ["--field", str(target)]
    run = RUNNER.invoke(app, [verb, str(file), *options])
    assert run.exit_code == 1
    assert not target.exists()


def test_reading_options_reach_the_assembled_image(flawed, tmp_path):
    """Rows are evened on request, and an option of other formats is reported."""
    file = written(flawed.recording, tmp_path)
    image = assemble_image(file, AssembleOptions(reading=ReadingOptions(even_rows=True, top=5.0)))
    assert {"rows-evened", "option-unused"} <= kinds(image)


def test_the_verb_writes_an_image_and_refuses_what_is_none(flawed, tmp_path):
    """Status 0 with a file, 2 for wrong usage, 1 for a file without pads."""
    file, target = written(flawed.recording, tmp_path), tmp_path / "W01.nc"
    run = RUNNER.invoke(app, ["assemble", str(file), "--out", str(target), "--columns", "180", "--json"])
    assert run.exit_code == 0
    assert json.loads(run.stdout)["file"] == str(target)
    assert read(target).sizes["azimuth"] == 180
    assert (
        RUNNER.invoke(app, ["assemble", str(file), "--out", str(tmp_path / "a.nc"), "--without", "luck"]).exit_code == 2
    )
    assert RUNNER.invoke(app, ["assemble", str(target), "--out", str(tmp_path / "b.nc")]).exit_code == 1
    assert not (tmp_path / "b.nc").exists()


@pytest.mark.parametrize("rows", [1, 2, 40])
def test_a_few_rows_are_an_image_or_refused(flawed, tmp_path, rows):
    """No length of a recording ends in anything but an image or one line."""
    recording = flawed.recording
    arrays = {name: values[:rows] for name, values in recording.arrays.items()}
    logs = {name: log[:rows] for name, log in recording.logs.items()}
    file = written(replace(recording, depth=recording.depth[:rows], arrays=arrays, logs=logs), tmp_path)
    if rows < 3:
        with pytest.raises(InputError, match=r"W01\.dlis"):
            assemble_image(file)
    else:
        assert "speed-not-corrected" in kinds(assemble_image(file))


@pytest.mark.parametrize("value", [np.nan, 0.0])
def test_buttons_without_a_signal_are_refused(flawed, tmp_path, value):
    """An image of nothing is none."""
    arrays = {name: np.full_like(values, value) for name, values in flawed.recording.arrays.items()}
    with pytest.raises(InputError):
        assemble_image(written(replace(flawed.recording, arrays=arrays), tmp_path))


def test_currents_below_zero_are_a_finding(flawed, tmp_path):
    """Nothing is turned in silence: dark may be resistive."""
    arrays = {name: -values for name, values in flawed.recording.arrays.items()}
    assert "currents-negative" in kinds(assemble_image(written(replace(flawed.recording, arrays=arrays), tmp_path)))


def test_a_north_that_the_magnetometers_contradict_is_a_finding(flawed, tmp_path):
    """What the user states is taken, and doubted."""
    reading = ReadingOptions(north="magnetic", declination=4.0)
    image = assemble_image(written(flawed.recording, tmp_path), AssembleOptions(reading=reading))
    assert "north-stated" in kinds(image)
