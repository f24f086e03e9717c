"""Wells come into a field whole, each under its own name, with the picks that are theirs."""

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import openpyxl
import pytest

from geobfdt.io.images.netcdf import read
from geobfdt.io.write.dlis import write_dlis
from geobfdt.runtime.findings import InputError
from geobfdt.wells.breakouts import new_breakouts, write_breakouts
from geobfdt.wells.field import Field
from geobfdt.wells.image import well_image
from geobfdt.wells.layers import LayerLog
from geobfdt.wells.options import ReadingOptions
from geobfdt.wells.picks import new_picks, write_picks
from geobfdt.workflows.ingest import IngestOptions, ingest


def dlis(folder, well, seed=0):
    """A DLIS of a well with noise for rock."""
    pixels = np.random.default_rng(seed).normal(100, 20, (200, 16)).astype(np.float32)
    image = well_image(
        pixels, 500 + 0.01 * np.arange(200), diameter=0.2, deviation=0, hole_azimuth=0, well=well, reference="north"
    )
    write_dlis(image, folder / f"{well}.dlis")
    return folder / f"{well}.dlis"


def table(folder, wells):
    """A pick table of some wells, one bed each."""
    write_picks(
        new_picks(well=wells, depth_m=[501.0] * len(wells), class_="bedding", dip_app_deg=45.0, azimuth_app_deg=90.0,
                  reference="north"),
        folder / "picks.csv",
    )  # fmt: skip
    return folder / "picks.csv"


def test_each_well_gets_its_own_picks(tmp_path):
    """One table of two wells is dealt out, and completed from each hole."""
    files = [dlis(tmp_path, "A"), dlis(tmp_path, "B")]
    findings = ingest(files, tmp_path / "field", IngestOptions(picks=table(tmp_path, ["A", "B"])))
    field = Field(tmp_path / "field")
    assert field.wells() == ["A", "B"] == list(findings)
    for well in ("A", "B"):
        picks = field.picks(well)
        assert picks["well"].tolist() == [well]
        assert picks["amplitude_m"].tolist() == pytest.approx([0.1])
        kept = json.loads(field.file(well, ".findings.json").read_text())
        assert {f["kind"] for f in kept} >= {"depth-unit", "depth-flipped"}
        assert read(field.file(well, ".nc")).sizes["depth"] == 200


def test_picks_without_a_well_name_need_a_single_file(tmp_path):
    """A table that names no well belongs to the one file given, and to none of several."""
    files = [dlis(tmp_path, "A"), dlis(tmp_path, "B")]
    picks = table(tmp_path, [""])
    with pytest.raises(InputError, match="name no well"):
        ingest(files, tmp_path / "field", IngestOptions(picks=picks))
    ingest(files[:1], tmp_path / "field", IngestOptions(picks=picks))
    assert len(Field(tmp_path / "field").picks("A")) == 1


def test_picks_of_another_well_are_told(tmp_path):
    """A table without a row for the well is a finding, not a silence."""
    findings = ingest([dlis(tmp_path, "A")], tmp_path / "field", IngestOptions(picks=table(tmp_path, ["Z"])))
    assert "no-picks" in {f.kind for f in findings["A"]}


def test_two_files_of_one_well_are_refused(tmp_path):
    """The second would replace the first in silence."""
    (tmp_path / "other").mkdir()
    files = [dlis(tmp_path, "A"), dlis(tmp_path / "other", "A", seed=1)]
    with pytest.raises(InputError, match="--well"):
        ingest(files, tmp_path / "field")


def test_bad_table_leaves_the_field_untouched(tmp_path):
    """Nothing is written before the pick table is read."""
    (tmp_path / "picks.csv").write_text("a,b\n1,2\n")
    with pytest.raises(InputError):
        ingest([dlis(tmp_path, "A")], tmp_path / "field", IngestOptions(picks=tmp_path / "picks.csv"))
    assert not (tmp_path / "field").exists()


def kinds(findings):
    """Kinds of findings."""
    return {finding.kind for finding in findings}


def contents(field):
    """Files of a field and what is in them."""
    return {path.name: path.read_bytes() for path in field.iterdir() if path.is_file()}


def second_run(folder, well="A"):
    """Another image of the same well."""
    (folder / "run2").mkdir(exist_ok=True)
    return dlis(folder / "run2", well, seed=1)


def test_a_well_is_not_replaced_unasked(tmp_path):
    """A second run of a well is refused with what is there, and nothing of the first is touched."""
    field = tmp_path / "field"
    ingest([dlis(tmp_path, "A")], field, IngestOptions(picks=table(tmp_path, ["A"])))
    edited = field / "A.picks.csv"
    edited.write_text(edited.read_text().replace("bedding", "fracture"))
    LayerLog(field).add("A", "anna", "anna", "add", {"p1": {"depth_m": 500.5, "class": "bedding"}})
    before = contents(field)
    for picks in (None, tmp_path / "picks.csv"):
        with pytest.raises(InputError, match="--replace") as error:
            ingest([second_run(tmp_path)], field, IngestOptions(picks=picks))
        for thing in ("A.dlis", "1 picks, edited since", "anna", "--well"):
            assert thing in str(error.value)
        assert contents(field) == before


def test_what_is_replaced_is_told(tmp_path):
    """With replace the image goes; picks go for new picks of the well alone; each is a finding."""
    field = tmp_path / "field"
    ingest([dlis(tmp_path, "A")], field, IngestOptions(picks=table(tmp_path, ["A"])))
    before = contents(field)
    for picks in (None, table(tmp_path, ["Z"])):
        findings = ingest([second_run(tmp_path)], field, IngestOptions(picks=picks, replace=True))["A"]
        assert "well-replaced" in kinds(findings)
        assert contents(field)["A.picks.csv"] == before["A.picks.csv"]
        assert contents(field)["A.nc"] != before["A.nc"]
    findings = ingest([second_run(tmp_path)], field, IngestOptions(picks=table(tmp_path, ["A", "A"]), replace=True))[
        "A"
    ]
    assert len(Field(field).picks("A")) == 2
    assert "well-replaced" in kinds(findings)


def test_picks_edited_by_hand_outlive_a_replacement(tmp_path):
    """What ingest did not write itself is copied before new picks take its place, each time."""
    field = tmp_path / "field"
    ingest([dlis(tmp_path, "A")], field, IngestOptions(picks=table(tmp_path, ["A"])))
    copies = []
    for depth in ("501.5", "501.7"):
        text = (field / "A.picks.csv").read_text().replace("501.000000", depth)
        (field / "A.picks.csv").write_text(text)
        copies.append(text)
        ingest([dlis(tmp_path, "A")], field, IngestOptions(picks=table(tmp_path, ["A"]), replace=True))
    kept = [path.read_text() for path in field.glob("A.picks.*.csv")]
    assert sorted(kept) == sorted(copies)
    assert Field(field).wells() == ["A"]
    assert Field(field).picks("A")["depth_m"].tolist() == [501]


def test_two_runs_under_two_names(tmp_path):
    """As the refusal says, another run comes in under a name of its own."""
    field = tmp_path / "field"
    ingest([dlis(tmp_path, "A")], field)
    ingest([second_run(tmp_path)], field, IngestOptions(reading=ReadingOptions(well="A run 2")))
    assert Field(field).wells() == ["A", "A_run_2"]


@pytest.mark.parametrize("replace", [False, True])
@pytest.mark.parametrize("name", ["B 1", "b/1"])
@pytest.mark.parametrize("manifest", [True, False])
def test_wells_of_one_file_name_are_refused(tmp_path, name, replace, manifest):
    """One would take the place of the other, on some disks also where case alone differs; --replace changes nothing."""
    field = tmp_path / "field"
    ingest([dlis(tmp_path, "B")], field, IngestOptions(reading=ReadingOptions(well="B/1")))
    if not manifest:
        (field / "manifest.json").unlink()
    before = contents(field)
    with pytest.raises(InputError, match="one file name"):
        ingest([second_run(tmp_path, "B")], field, IngestOptions(reading=ReadingOptions(well=name), replace=replace))
    assert contents(field) == before


def test_manifest(tmp_path):
    """What each well was made of: files by name and SHA-256, options, and the digests of what was written."""
    field = tmp_path / "field"
    survey = tmp_path / "survey.csv"
    survey.write_text("MD (m),INCL,AZIM\n0,1,2\n900,1,2\n")
    files = [dlis(tmp_path, "A"), dlis(tmp_path, "B")]
    ingest(files, field, IngestOptions(reading=ReadingOptions(survey=survey), picks=table(tmp_path, ["A", "B"])))
    text = (field / "manifest.json").read_text()
    assert str(tmp_path) not in text
    wells = json.loads(text)["wells"]
    assert list(wells) == ["A", "B"]
    digest = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in tmp_path.glob("*.*")}
    entry = wells["B"]
    assert entry["image"] == {"file": "B.dlis", "sha256": digest["B.dlis"]}
    assert entry["picks"] == [{"file": "picks.csv", "sha256": digest["picks.csv"]}]
    assert entry["survey"] == {"file": "survey.csv", "sha256": digest["survey.csv"]}
    assert entry["options"] == {"survey": "survey.csv"}
    for source in entry["written"]:
        assert source["sha256"] == hashlib.sha256((field / source["file"]).read_bytes()).hexdigest()
    assert {source["file"] for source in entry["written"]} == {"B.nc", "B.picks.csv"}
    again = tmp_path / "again"
    ingest(files, again, IngestOptions(reading=ReadingOptions(survey=survey), picks=tmp_path / "picks.csv"))
    assert (again / "manifest.json").read_text() == text


@pytest.mark.parametrize("text", ["", "{}", "[]", "{", '{"wells": {"A": 1}}', '{"wells": 3}', "\xff"])
def test_a_broken_manifest_stops_the_ingest(tmp_path, text):
    """Nothing is written beside a manifest that cannot be read."""
    field = tmp_path / "field"
    field.mkdir()
    (field / "manifest.json").write_text(text, encoding="latin-1")
    with pytest.raises(InputError, match=r"manifest\.json"):
        ingest([dlis(tmp_path, "A")], field)
    assert not (field / "A.nc").exists()


def test_a_field_of_before_has_no_manifest(tmp_path):
    """Its wells are not replaced unasked either, and wells that come later are in the manifest."""
    field = tmp_path / "field"
    ingest([dlis(tmp_path, "A")], field)
    (field / "manifest.json").unlink()
    with pytest.raises(InputError, match="--replace"):
        ingest([dlis(tmp_path, "A")], field)
    ingest([dlis(tmp_path, "B")], field)
    assert list(json.loads((field / "manifest.json").read_text())["wells"]) == ["B"]


def test_two_ingests_at_a_time(tmp_path):
    """All wells come in, and are in the manifest; of four ingests of one well one comes in, three are refused."""
    files = [dlis(tmp_path, name) for name in "ABCD"]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda file: ingest([file], tmp_path / "field"), files))
    assert sorted(json.loads((tmp_path / "field" / "manifest.json").read_text())["wells"]) == list("ABCD")

    def attempt(file):
        try:
            return bool(ingest([file], tmp_path / "one"))
        except InputError:
            return False

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(attempt, files[:1] * 4)) == 1


def test_rows_of_another_well_never_come_in(tmp_path):
    """Of a workbook whose well is a merged cell, and of a table with blanks, each image gets its own rows."""
    rows = [("A", 501.0), ("", 501.1), ("B", 500.9), ("", 501.2)]
    book = openpyxl.Workbook()
    book.active.append(["Well", "Depth (m)", "True dip", "True azimuth", "Type"])
    for well, depth in rows:
        book.active.append([well or None, depth, 30, 100, "Fracture"])
    book.active.merge_cells("A2:A3")
    book.active.merge_cells("A4:A5")
    book.save(tmp_path / "merged.xlsx")
    ingest([dlis(tmp_path, "A")], tmp_path / "merged", IngestOptions(picks=tmp_path / "merged.xlsx"))
    assert Field(tmp_path / "merged").picks("A")["depth_m"].tolist() == [501.0, 501.1]
    text = "".join(f"{well},{depth},30,100,Fracture\n" for well, depth in rows)
    (tmp_path / "blank.csv").write_text("Well,Depth (m),True dip,True azimuth,Type\n" + text)
    findings = ingest([dlis(tmp_path, "A")], tmp_path / "blank", IngestOptions(picks=tmp_path / "blank.csv"))
    assert Field(tmp_path / "blank").picks("A")["depth_m"].tolist() == [501.0]
    assert "rows-without-well" in kinds(findings["A"])


STICKS = "Well;MD;Azimuth true;Azimuth app;Height;AWidth;Tilt;Type\n;m;deg;deg;m;deg;deg;\n"


def test_breakouts_of_a_table_are_kept_in_the_field(tmp_path):
    """A table of breakouts alone: what it lacks comes from the hole, and no empty pick table is left."""
    rows = STICKS + "A;501;;100;0.4;30;2;Breakout\nB;501;;280;0.4;30;2;Breakout\nA;501.5;;190;0.2;;-9;DITF\n"
    (tmp_path / "sticks.csv").write_text(rows)
    findings = ingest([dlis(tmp_path, "A")], tmp_path / "field", IngestOptions(picks=tmp_path / "sticks.csv"))
    field = Field(tmp_path / "field")
    kept = field.breakouts("A")
    assert kept["class"].tolist() == ["breakout", "induced"]
    assert kept["azimuth_true_deg"].tolist() == pytest.approx([100, 190])
    assert kept["width_deg"].iloc[0] == 30
    assert kept["tilt_deg"].tolist() == [2, -9]
    assert kept["diameter_m"].tolist() == pytest.approx([0.2, 0.2])
    assert not field.file("A", ".picks.csv").exists()
    assert "no-picks" not in {finding.kind for finding in findings["A"]}


def test_breakouts_of_no_named_well_need_a_single_file(tmp_path):
    """Of several wells nobody knows whose they are."""
    (tmp_path / "sticks.csv").write_text(STICKS + ";501;;100;0.4;30;2;Breakout\n")
    with pytest.raises(InputError):
        ingest(
            [dlis(tmp_path, "A"), dlis(tmp_path, "B")], tmp_path / "field", IngestOptions(picks=tmp_path / "sticks.csv")
        )
    ingest([dlis(tmp_path, "A")], tmp_path / "field", IngestOptions(picks=tmp_path / "sticks.csv"))
    assert Field(tmp_path / "field").breakouts("A")["well"].tolist() == ["A"]


def test_a_folder_may_hold_breakouts_alone(tmp_path):
    """As geobfdt pick and geobfdt simulate leave them."""
    folder = tmp_path / "tables"
    folder.mkdir()
    lobe = {"azimuth_app_deg": 30.0, "reference": "north"}
    write_breakouts(
        new_breakouts(well="A", top_m=501.0, base_m=501.5, class_="breakout", **lobe), folder / "A.breakouts.csv"
    )
    ingest([dlis(tmp_path, "A")], tmp_path / "field", IngestOptions(picks=folder))
    assert Field(tmp_path / "field").breakouts("A")["azimuth_true_deg"].tolist() == pytest.approx([30])
    manifest = json.loads((tmp_path / "field" / "manifest.json").read_text())
    assert "A.breakouts.csv" in json.dumps(manifest)
