"""What a delivery leaves in its folder."""

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from geobfdt.io.write.netcdf import write_netcdf
from geobfdt.io.write.pads import write_pads
from geobfdt.quality.image_checks import with_image_findings
from geobfdt.runtime.findings import Finding, InputError, Severity
from geobfdt.simulation.pads import simulate_pads
from geobfdt.simulation.well_settings import WellSettings
from geobfdt.wells.breakouts import read_breakouts, write_breakouts
from geobfdt.wells.image import well_image
from geobfdt.wells.intervals import new_intervals, write_intervals
from geobfdt.wells.picks import new_picks, read_picks, write_picks
from geobfdt.workflows.ingest import ingest
from geobfdt.workflows.pick import PickOptions, image_files, pick_file, pick_files
from geobfdt.workflows.report import report_field


def field(folder, wells=("A",)):
    """A field of wells with one dark plane each, at 51 m, 45 deg to the east."""
    depth, angle = 50 + 0.005 * np.arange(400), np.arange(2.5, 360, 5)
    for seed, well in enumerate(wells):
        plane = 51 + 0.1 * np.cos(np.radians(angle - 90))
        pixels = np.random.default_rng(seed).normal(size=(400, 72)) - 6 * np.exp(
            -(((depth[:, None] - plane) / 0.008) ** 2)
        )
        image = well_image(
            pixels, depth, angle, diameter=0.2, deviation=0, hole_azimuth=0, well=well, reference="north"
        )
        write_netcdf(image, folder / f"{well}.nc")
    return folder


def test_table_findings_and_picture(tmp_path):
    """The files are there and hold the plane that the image was made with."""
    delivery = pick_file(field(tmp_path) / "A.nc", tmp_path / "out")
    assert {f.name for f in delivery.files} == {"A.picks.csv", "A.findings.json", "A.drift.csv", "A.png"}
    picks = read_picks(tmp_path / "out" / "A.picks.csv")
    best = picks.loc[picks.confidence.idxmax()]
    assert best.depth_m == pytest.approx(51, abs=0.005)
    assert (best.dip_true_deg, best.azimuth_true_deg) == pytest.approx((45, 90), abs=1)
    assert isinstance(json.loads((tmp_path / "out" / "A.findings.json").read_text()), list)
    assert delivery.counts == picks["class"].value_counts().to_dict()
    assert delivery.length_m == pytest.approx(1.995)


def test_only_an_interval_table_says_what_was_interpreted(tmp_path, monkeypatch):
    """A file that nobody interpreted has no bars; one with a table beside it has them where the table says."""
    drawn = []

    def spy(ax, image, picks, page, bars, *_more):
        drawn.append({bar.label: bar.spans.tolist() for bar in bars})

    monkeypatch.setattr("geobfdt.reports.page.draw_header", spy)
    file = field(tmp_path) / "A.nc"
    pick_file(file, tmp_path / "out", PickOptions(method="hough"))
    write_intervals(new_intervals([("A", "interpreted", "fracture", 50.5, 51.5)]), tmp_path / "A.intervals.csv")
    pick_file(file, tmp_path / "out", PickOptions(method="hough"))
    observed = [{label: spans for label, spans in bars.items() if "interpreted" in label} for bars in drawn]
    assert observed == [{}, {"fracture interpreted": [[50.5, 51.5]]}]


@pytest.mark.parametrize("status", ["", "accepted", "edited", "rejected"])
def test_a_persons_picks_are_never_written_over(tmp_path, status):
    """Neither an interpreter's own, as a field holds them, nor what somebody decided on: not even after the picking."""
    file = field(tmp_path) / "A.nc"
    write_picks(new_picks(well="A", depth_m=[51.0], class_="fracture", status=status), tmp_path / "A.picks.csv")
    before = (tmp_path / "A.picks.csv").read_bytes()
    with pytest.raises(InputError) as caught:
        pick_file(file, tmp_path, PickOptions(method="hough", picture=False))
    assert caught.value.file == str(tmp_path / "A.picks.csv")
    assert (tmp_path / "A.picks.csv").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["A.nc", "A.picks.csv"]


def test_an_earlier_run_is_replaced_and_named(tmp_path):
    """A second run into the same folder replaces the first one's files, and says which."""
    file, out = field(tmp_path) / "A.nc", tmp_path / "out"
    assert pick_file(file, out, PickOptions(method="hough", picture=False)).replaced == ()
    again = pick_file(file, out, PickOptions(method="hough", picture=False))
    assert again.replaced == again.files
    assert type(again).from_dict(again.to_dict()) == again


def test_a_folder_stands_for_its_wells(tmp_path):
    """A field is picked well by well, a file as itself; an empty folder is refused."""
    folder = field(tmp_path, ("A", "B"))
    assert [p.name for p in image_files([folder, folder / "A.nc"])] == ["A.nc", "B.nc"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no well here"):
        image_files([tmp_path / "empty"])


def test_two_files_of_one_well(tmp_path):
    """The second does not write over the first."""
    folder = field(tmp_path)
    with pytest.raises(InputError, match=r"A\.nc: holds the well of first\.dlis.*--well"):
        pick_file(folder / "A.nc", tmp_path / "out", PickOptions(method="hough"), earlier={"A": Path("first.dlis")})
    assert not (tmp_path / "out").exists()


def test_a_pick_that_is_not_there_is_not_explained(tmp_path):
    """The table and the others are delivered all the same, and a finding says so."""
    delivery = pick_file(
        field(tmp_path) / "A.nc", tmp_path / "out", PickOptions(method="hough", picture=False, explain=(1, 400, 0))
    )
    files = {file.name for file in delivery.files}
    assert {"A.picks.csv", "A.pick-1.png"} <= files
    assert "A.pick-0.png" not in files
    observed = [finding.observed for finding in delivery.findings if finding.kind == "no-such-pick"]
    assert [kinds.split(":")[0] for kinds in observed] == [f"pick {row} cannot be explained" for row in (400, 0)]


def test_a_folder_that_cannot_be_written_is_told_before_picking(tmp_path, monkeypatch):
    """Not after minutes of work."""
    (tmp_path / "out").write_text("a file")
    monkeypatch.setattr("geobfdt.workflows.pick.pick_well", lambda *_, **__: pytest.fail("it picked"))
    with pytest.raises(InputError, match="out"):
        pick_file(field(tmp_path) / "A.nc", tmp_path / "out", PickOptions(method="hough"))


@pytest.mark.process
def test_what_was_found_on_the_way_in_is_said_once(tmp_path):
    """One stretch without pixels is one finding: of a file, of a well of a field, in its report and in inspect."""
    depth = 50 + 0.005 * np.arange(400)
    pixels = np.random.default_rng(0).normal(size=(400, 72))
    pixels[100:200] = np.nan
    image = well_image(pixels, depth, diameter=0.2, deviation=0, hole_azimuth=0, well="A", reference="north")
    write_netcdf(image, tmp_path / "raw.nc")
    ingest([tmp_path / "raw.nc"], tmp_path / "field")
    observed = {}
    for name, file in {"file": tmp_path / "raw.nc", "well": tmp_path / "field" / "A.nc"}.items():
        out = tmp_path / name
        delivery = pick_file(file, out, PickOptions(method="hough", picture=False))
        observed[name] = json.loads((out / "A.findings.json").read_text())
        assert [one.kind for one in delivery.findings] == [one["kind"] for one in observed[name]]
        assert Counter(one["kind"] for one in observed[name])["missing-rows"] == 1
    assert observed["file"] == observed["well"]

    bed = new_picks(well="A", depth_m=[51.5], class_="bedding", dip_app_deg=20.0, azimuth_app_deg=90.0,
                    dip_true_deg=20.0, azimuth_true_deg=90.0, diameter_m=0.2, reference="north")  # fmt: skip
    write_picks(bed, tmp_path / "field" / "A.picks.csv")
    report_field(tmp_path / "field", tmp_path / "report")
    assert (tmp_path / "report" / "A.report.html").read_text().count("without a single measured pixel") == 1

    command = [sys.executable, "-c", "from geobfdt.cli import main; main()", "inspect", "field/A.nc", "--json"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True, env=dict(os.environ))
    assert Counter(one["kind"] for one in json.loads(run.stdout)["findings"])["missing-rows"] == 1


def test_other_words_for_a_place_are_not_said_beside_the_first(tmp_path):
    """A field that an older version checked keeps what that one said of a stretch, and gets what it did not know."""
    depth = 50 + 0.005 * np.arange(400)
    pixels = np.random.default_rng(0).normal(size=(400, 72))
    pixels[100:200] = pixels[300:350] = np.nan
    older = Finding(Severity.MAJOR, "missing-rows", "50.50-50.99 m", "no pixels", "not picked")
    image = well_image(
        pixels, depth, diameter=0.2, deviation=0, hole_azimuth=0, well="A", reference="north", findings=[older]
    )
    findings = [one for one in with_image_findings(image).attrs["findings"] if one.kind == "missing-rows"]
    assert findings[0] == older
    assert [one.place for one in findings] == ["50.50-50.99 m", "51.50-51.74 m"]


def test_files_one_by_one(tmp_path):
    """A file that fails does not stop the others, and says why."""
    folder = field(tmp_path)
    shutil.copy(folder / "A.nc", folder / "B.nc")  # the same well again
    (folder / "C.nc").write_bytes(b"no image")
    outcomes = {
        outcome.file.name: outcome
        for outcome in pick_files([folder], tmp_path / "out", PickOptions(method="hough", picture=False))
    }
    assert [name for name, outcome in outcomes.items() if outcome.delivery is None] == ["B.nc", "C.nc"]
    assert all((outcome.problem is None) == (outcome.delivery is not None) for outcome in outcomes.values())
    delivery = outcomes["A.nc"].delivery
    assert delivery is not None
    assert (tmp_path / "out" / "A.picks.csv") in delivery.files


@pytest.mark.parametrize("options", [{"model": "models@champion"}, {"runtime": "onnx"}])
def test_the_classical_picker_takes_no_network(options):
    """An option that would do nothing is an error."""
    with pytest.raises(InputError):
        PickOptions(method="hough", **options)


def broken(folder, lobes):
    """A well of noise with a pair of lobes at 51 m, or without."""
    depth, angle = 50 + 0.005 * np.arange(400), np.arange(2.5, 360, 5)
    opposite = (np.abs((angle - 100 + 90) % 180 - 90) < 20) & (np.abs(depth[:, None] - 51) < 0.4)
    pixels = np.random.default_rng(0).normal(10, 1, (400, 72)) - 8 * (opposite & lobes)
    image = well_image(pixels, depth, angle, diameter=0.2, deviation=0, hole_azimuth=0, well="A", reference="north")
    write_netcdf(image, folder / "A.nc")
    return folder / "A.nc"


def test_breakouts_are_left_beside_the_picks(tmp_path):
    """Both lobes; a later run that finds none leaves an empty table in its place."""
    options = PickOptions(method="hough", picture=False)
    delivery = pick_file(broken(tmp_path, True), tmp_path / "out", options)
    file = tmp_path / "out" / "A.breakouts.csv"
    assert file in delivery.files
    assert "breakouts" in {finding.kind for finding in delivery.findings}
    assert sorted(read_breakouts(file)["azimuth_true_deg"].round(-1)) == [100, 280]
    pick_file(broken(tmp_path, False), tmp_path / "out", options)
    assert read_breakouts(file).empty


def test_breakouts_of_a_person_are_not_written_over(tmp_path):
    """A decision of a person stays."""
    out, options = tmp_path / "out", PickOptions(method="hough", picture=False)
    pick_file(broken(tmp_path, True), out, options)
    table = read_breakouts(out / "A.breakouts.csv")
    write_breakouts(table.assign(status="accepted", who="Ann"), out / "A.breakouts.csv")
    before = (out / "A.breakouts.csv").read_bytes()
    with pytest.raises(InputError) as raised:
        pick_file(tmp_path / "A.nc", out, options)
    assert Path(raised.value.file) == out / "A.breakouts.csv"
    assert (out / "A.breakouts.csv").read_bytes() == before


def test_without_breakouts_there_is_no_such_file(tmp_path):
    """Picks, findings and nothing else."""
    delivery = pick_file(broken(tmp_path, False), tmp_path / "out", PickOptions(method="hough", picture=False))
    assert {f.name for f in delivery.files} == {"A.picks.csv", "A.findings.json"}


def test_a_file_of_pads_is_assembled_and_picked(tmp_path):
    """A recording without an image is picked on the image that it makes, and a finding says so."""
    recording = simulate_pads(WellSettings(length=3.0, deviation=8.0), np.random.default_rng(1)).recording
    write_pads(recording, tmp_path / "W01.dlis")
    delivery = pick_file(tmp_path / "W01.dlis", tmp_path / "out", PickOptions(method="hough", picture=False))
    assert "pads-assembled" in {finding.kind for finding in delivery.findings}
    assert (tmp_path / "out" / "W01.picks.csv").exists()
