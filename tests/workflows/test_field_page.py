"""The page of a field: numbers of wells side by side, a map where collars are known, curves only where they gain."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.command import run_command

from geobfdt.io.write.netcdf import write_netcdf
from geobfdt.runtime.findings import InputError
from geobfdt.wells.breakouts import new_breakouts, write_breakouts
from geobfdt.wells.caliper import new_caliper, write_caliper
from geobfdt.wells.image import well_image
from geobfdt.wells.picks import new_picks, write_picks
from geobfdt.workflows.field_page import FieldOptions, field_page

# West to East, of a square field.
PLACES = {"A-1": (0, 0), "A-2": (250, 100), "A-3": (500, 30), "A-4": (750, 80), "A-5": (1000, 10), "A-6": (1250, 60)}


def write_field(
    folder: Path, per_metre: dict[str, float], well_of: dict[str, str] | None = None, **hole: float
) -> Path:
    """Vertical wells of 40 m with level fractures of that density; and a table of collars beside the folder."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    rows = ["well,x (m),y (m),z (m)"]
    for stem, density in per_metre.items():
        name = (well_of or {}).get(stem, stem)
        direction = {"deviation": 0.0, "hole_azimuth": 0.0} | hole
        image = well_image(
            np.zeros((401, 16), np.float32), 0.1 * np.arange(401), well=name, diameter=0.2, reference="north",
            north="grid", **direction,
        )  # fmt: skip
        depth = rng.uniform(0, 40, round(40 * density))
        picks = new_picks(
            well=name, depth_m=depth, class_="fracture", dip_true_deg=rng.uniform(0, 2, depth.size),
            azimuth_true_deg=rng.uniform(0, 360, depth.size), reference="north",
        )  # fmt: skip
        write_netcdf(image, folder / f"{stem}.nc")
        write_picks(picks, folder / f"{stem}.picks.csv")
        x, y = PLACES[stem]
        rows.append(f"{name},{x},{y},100")
    collars = folder.with_name("collars.csv")
    collars.write_text("\n".join(rows) + "\n")
    return collars


@pytest.fixture
def without_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures take most of the time."""
    monkeypatch.setattr("geobfdt.reports.field_page.field_pictures", lambda field: iter(()))


def kinds(page) -> set[str]:
    """Kinds of its findings."""
    return {finding.kind for finding in page.findings}


def test_without_collars_wells_are_compared_and_not_placed(tmp_path: Path) -> None:
    """P32 of level fractures in a vertical hole is their number a metre; three wells differ by a factor of four."""
    write_field(tmp_path / "field", {"A-1": 1.0, "A-2": 1.0, "A-3": 4.0})
    page = field_page(tmp_path / "field", tmp_path / "out")
    assert kinds(page) == {"no-collars"}
    assert page.files[0] == tmp_path / "out" / "field.html"
    names = {file.name for file in page.files}
    assert {"field.wells.csv", "field.sets.csv", "field-stereonets-1.png"} <= names
    assert not {"field.curves.csv", "field-map.png"} & names
    table = pd.read_csv(tmp_path / "out" / "field.wells.csv")
    fractures = table[table["class"] == "fracture"].set_index("well")
    assert fractures["p32"].to_dict() == pytest.approx({"A-1": 1.0, "A-2": 1.0, "A-3": 4.0}, rel=0.01)
    assert page.structure.homogeneity["fracture"].probability <= 0.05
    (line,) = page.structure.sets
    assert len(line.part.members) == 240
    assert line.wells["A-3"].planes == 160
    assert (tmp_path / "out" / "field.html").read_text().count("<img ") == len(names) - 4


def test_a_trend_gives_curves_between_wells(tmp_path: Path) -> None:
    """Six wells whose density grows to the East: a curve every 10 cm between neighbours, and at a place of the user."""
    pytest.importorskip("pykrige")
    collars = write_field(tmp_path / "field", {name: 1.0 + 1.2 * number for number, name in enumerate(PLACES)})
    options = FieldOptions(collar=collars, at=((625.0, 50.0),))
    page = field_page(tmp_path / "field", tmp_path / "out", options)
    assert page.structure.between.gain.gained
    assert not kinds(page)
    table = pd.read_csv(tmp_path / "out" / "field.curves.csv")
    kriged = table[table["curve"] == "kriged"]
    assert kriged["place"].nunique() == 6
    mine = kriged[kriged["place"] == "x 625, y 50"]
    assert np.diff(mine["z_m"]) == pytest.approx(0.1)
    assert mine["p32"].mean() == pytest.approx(4.0, abs=0.5)
    assert (mine["sigma"] > 0).all()
    assert (tmp_path / "out" / "field-map.png").exists()


def test_without_a_trend_nothing_is_drawn_between(tmp_path: Path, without_pictures: None) -> None:
    """The finding says so, the errors are there, and no kriged curve is written."""
    pytest.importorskip("pykrige")
    collars = write_field(tmp_path / "field", dict.fromkeys(list(PLACES)[:5], 2.0))
    run = run_command("field", tmp_path / "field", "--out", tmp_path / "out", "--collar", collars, "--json")
    assert run.returncode == 0
    printed = json.loads(run.stdout)
    assert [finding["kind"] for finding in printed["findings"]] == ["nothing-gained"]
    assert not printed["between_wells"]["gained"]
    assert printed["between_wells"]["error_of_mean"] > 0
    assert set(printed["wells"]) == set(list(PLACES)[:5])
    assert not (tmp_path / "out" / "field.curves.csv").exists()


def test_wells_at_other_elevations_have_no_level_in_common(tmp_path: Path, without_pictures: None) -> None:
    """Collars that lie 500 m above each other: there is nothing to leave out and predict."""
    pytest.importorskip("pykrige")
    collars = write_field(tmp_path / "field", dict.fromkeys(list(PLACES)[:4], 0.4))
    lines = collars.read_text().splitlines()
    places = [line.replace(",100", f",{500 * number}") for number, line in enumerate(lines)]
    collars.write_text("\n".join(places) + "\n")
    page = field_page(tmp_path / "field", tmp_path / "out", FieldOptions(collar=collars))
    assert kinds(page) == {"no-common-level"}


def test_three_wells_are_too_few(tmp_path: Path) -> None:
    """They are on the map, and nothing is kriged."""
    collars = write_field(tmp_path / "field", {"A-1": 0.3, "A-2": 0.4, "A-3": 0.2})
    page = field_page(tmp_path / "field", tmp_path / "out", FieldOptions(collar=collars))
    assert kinds(page) == {"too-few-wells"}
    assert page.structure.between is None
    assert (tmp_path / "out" / "field-map.png").exists()


def test_a_hole_without_a_direction_has_no_place(tmp_path: Path, without_pictures: None) -> None:
    """It is compared and not placed; a survey gives it a path of its own."""
    collars = write_field(tmp_path / "field", {"A-1": 0.4, "A-2": 0.4}, deviation=np.nan, hole_azimuth=np.nan)
    page = field_page(tmp_path / "field", tmp_path / "out", FieldOptions(collar=collars))
    assert "no-direction" in kinds(page)
    assert [well.track for well in page.structure.wells] == [None, None]
    survey = tmp_path / "survey.csv"
    lines = [f"{name},{depth},90,90" for name in ("A-1", "A-2") for depth in (0, 40)]
    survey.write_text("\n".join(["well,MD (m),deviation (deg),azimuth (deg)", *lines]) + "\n")
    page = field_page(tmp_path / "field", tmp_path / "out", FieldOptions(collar=collars, survey=survey))
    for well in page.structure.wells:
        x, y = PLACES[well.name]
        assert well.track.at([40.0])[0] == pytest.approx([x + 40, y, 100])


def test_what_is_refused(tmp_path: Path) -> None:
    """Two files of one well, a well without a collar, a survey without collars, and places that are none."""
    collars = write_field(tmp_path / "field", {"A-1": 1.0, "A-2": 1.0}, {"A-2": "A-1"})
    with pytest.raises(InputError):
        field_page(tmp_path / "field", tmp_path / "out")
    write_field(tmp_path / "other", {"A-1": 1.0, "A-3": 1.0})
    collars.write_text("well,x (m),y (m),z (m)\nA-1,0,0,100\n")
    with pytest.raises(InputError):
        field_page(tmp_path / "other", tmp_path / "out", FieldOptions(collar=collars))
    assert not (tmp_path / "out").exists()
    with pytest.raises(InputError):
        FieldOptions(survey=collars)
    with pytest.raises(InputError):
        FieldOptions(collar=collars, at=((np.nan, 1.0),))
    run = run_command("field", tmp_path / "other", "--out", tmp_path / "out", "--collar", collars, "--at", "12")
    assert run.returncode == 1


def cells(folder: Path, heading: str) -> list[list[str]]:
    """Rows of the table of a section of the page, without its head."""
    section = (folder / "field.md").read_text().split(f"## {heading}")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


@pytest.mark.usefixtures("without_pictures")
def test_stress_and_what_was_measured_stand_side_by_side(tmp_path: Path) -> None:
    """Breakouts towards 30 degrees are SHmax 120; files of one well leave a dash in the other's row."""
    field, out = tmp_path / "field", tmp_path / "out"
    write_field(field, {"A-1": 1.0, "A-2": 1.0})
    lobes = {
        "well": "A-1", "top_m": [5.0, 5.0, 9.0], "base_m": [7.0, 7.0, 10.0], "class_": ["breakout"] * 2 + ["induced"],
        "azimuth_true_deg": [30.0, 210.0, 122.0], "status": "accepted", "reference": "north",
    }  # fmt: skip
    write_breakouts(new_breakouts(**lobes), field / "A-1.breakouts.csv")
    hydraulic = [0.1, 0.2, 0.4, np.nan]
    pd.DataFrame({
        "depth_m": [1.0, 2.0, 3.0, 4.0], "count": [1, 1, 1, 0], "aperture_mean_mm": hydraulic,
        "aperture_hydraulic_mm": hydraulic,
    }).to_csv(field / "A-2.apertures.csv", index=False)  # fmt: skip
    pd.DataFrame({
        "well": "A-2", "top_m": [0.0, 2.0], "base_m": [2.0, 4.0], "searched_m2": [1.0, 3.0],
        "count_per_m2": [8.0, 0.0], "area_share_pct": [2.0, 0.0], "mean_diameter_mm": [5.0, np.nan],
        "largest_diameter_mm": [9.0, np.nan], "mean_aspect": [1.5, np.nan], "turn_share_pct": [20.0, 0.0],
    }).to_csv(field / "A-2.vug-tracks.csv", index=False)  # fmt: skip
    depth = np.arange(0.0, 10.0, 0.1)
    write_caliper(new_caliper(well="A-2", depth_m=depth, diameter_m=0.21, offset_m=0.0), field / "A-2.caliper.csv")
    page = field_page(field, out)
    stress = pd.read_csv(out / "field.stress.csv").set_index("class")
    assert stress["shmax_deg"].to_dict() == pytest.approx({"breakout": 120.0, "induced": 122.0})
    assert stress["length_m"].to_dict() == {"breakout": 2.0, "induced": 1.0}
    assert set(stress["well"]) == {"A-1"}
    assert set(stress["north"]) == {"grid"}
    assert page.structure.to_dict()["stress"]["A-1"]["breakout"]["shmax"] == pytest.approx(120.0)
    assert [row[0] for row in cells(out, "Breakouts and stress")] == ["A-1", "A-1"]
    first, second = cells(out, "Along the wells")
    assert first == ["A-1", *["-"] * 6]
    # Eight vugs with 2 percent in a quarter of the searched wall.
    assert second == ["A-2", "0.200", "0.400", "2.0", "0.50", "210.0", "210.0 to 210.0"]


@pytest.mark.usefixtures("without_pictures")
def test_without_them_the_page_has_no_such_part(tmp_path: Path) -> None:
    """No empty table, and no file of stress."""
    write_field(tmp_path / "field", {"A-1": 1.0})
    page = field_page(tmp_path / "field", tmp_path / "out")
    assert "field.stress.csv" not in {file.name for file in page.files}
    text = (tmp_path / "out" / "field.md").read_text()
    assert "Along the wells" not in text
    assert "stress" not in text
