"""The report of a well: its numbers are those of the table it was made from, and nothing in it comes from outside."""

from __future__ import annotations

import base64
import io
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from geobfdt.geometry import pole_angle
from geobfdt.io.write.netcdf import write_netcdf
from geobfdt.reports.class_plots import class_rows, draw_rows
from geobfdt.reports.structure_section import analyse_structure
from geobfdt.reports.well_report import write_report
from geobfdt.runtime.findings import InputError
from geobfdt.wells.image import WellImage, well_image
from geobfdt.wells.intervals import new_intervals
from geobfdt.wells.layers import LayerLog
from geobfdt.wells.picks import new_picks
from geobfdt.workflows.report import ReportOptions, report_field


def well(**attributes: Any) -> WellImage:
    """Twenty metres of noise round a hole that leans by 5 degrees."""
    values = np.random.default_rng(0).normal(size=(2001, 24)).astype(np.float32)
    hole = {"diameter": 0.2, "deviation": 5.0, "hole_azimuth": 40.0, "reference": "north", "well": "A-1"}
    return well_image(values, 100 + 0.01 * np.arange(2001), **(hole | attributes))


def planes(count: int = 40, **more: Any) -> pd.DataFrame:
    """Steep fractures towards the east, half of them sure; and ten beds that dip by 20 degrees to the south."""
    rng = np.random.default_rng(1)
    kinds = ["fracture"] * count + ["bedding"] * 10
    dip = np.concatenate([rng.normal(70, 3, count), rng.normal(20, 1, 10)])
    azimuth = np.concatenate([rng.normal(90, 4, count), rng.normal(180, 2, 10)])
    columns = {
        "well": "A-1", "depth_m": rng.uniform(100, 120, count + 10), "class_": kinds, "dip_true_deg": dip,
        "azimuth_true_deg": azimuth, "confidence": np.resize([0.9, 0.5], count + 10), "reference": "north",
    }  # fmt: skip
    return new_picks(**(columns | more))


def plots(file: Path) -> list[str]:
    """What the pictures of a report show, but for those of the log."""
    names = re.findall(r'<img alt="([^"]*)"', file.read_text())
    return [name for name in names if name != "the whole well" and not name.startswith("page")]


def test_numbers_are_those_of_the_picks() -> None:
    """Probabilities add up; metres that were not looked at do not count; the mean bed and the set are those drawn."""
    picks = planes()
    looked = new_intervals([("A-1", "interpreted", "fracture", 100.0, 110.0), ("A-1", "ignored", "x", 104.0, 105.0)])
    structure = analyse_structure(well(), picks, looked)
    assert structure.length["fracture"] == pytest.approx(9, abs=0.05)
    assert structure.length["bedding"] == pytest.approx(19, abs=0.05)
    mine = picks[(picks["class"] == "fracture") & (picks["depth_m"] <= 110) & ~picks["depth_m"].between(104, 105)]
    assert structure.intensities["fracture"].planes == pytest.approx(mine["confidence"].sum())
    assert structure.intensities["fracture"].p10 == pytest.approx(mine["confidence"].sum() / 9, rel=0.01)
    assert structure.beds is not None
    assert pole_angle(structure.beds.dip, structure.beds.azimuth, 20, 180) < 1.5
    (line,) = structure.sets
    assert pole_angle(line.part.mean.dip, line.part.mean.azimuth, 70, 90) < 2
    assert structure.wrong == pytest.approx((1 - picks["confidence"]).sum())
    assert structure.hole == pytest.approx((5, 40), abs=0.01)


def masked(image: WellImage, kind: str) -> WellImage:
    """The same with only the upper ten of its twenty metres measured, or one with that much and no row below."""
    pixels = image["image"].values.copy()
    if kind == "depth gap":  # one row stands far below
        return image.isel(depth=np.r_[0:1001, 2000])
    pixels[1001:] = np.nan
    if kind == "one stuck column":
        pixels[1001:, 3] = 7.0
    elif kind == "every second row":
        pixels = image["image"].values.copy()
        pixels[1::2] = np.nan
    return image.assign(image=(("depth", "azimuth"), pixels))


@pytest.mark.parametrize("kind", ["masked rows", "depth gap", "one stuck column", "every second row"])
def test_only_measured_metres_count(kind: str) -> None:
    """Two planes a metre where there are pixels are two a metre, however long the image is that surrounds them."""
    image = masked(well(), kind)
    at = image["depth"].values
    there = np.arange(100.02, 120 if kind == "every second row" else 109.9, 0.5)
    assert at[-1] == 120
    picks = new_picks(
        well="A-1", depth_m=there, class_=np.resize(["bedding", "fracture"], there.size), dip_true_deg=60.0,
        azimuth_true_deg=90.0, reference="north",
    )  # fmt: skip
    structure = analyse_structure(image, picks, new_intervals())
    assert structure.length["fracture"] == pytest.approx(10.0, abs=0.02)
    each = 2.0 if kind == "every second row" else 1.0
    for name in ("bedding", "fracture"):
        assert structure.intensities[name].p10 == pytest.approx(each, rel=0.03)
    (line,) = structure.sets
    assert line.intensity is not None
    assert line.intensity.p32 == pytest.approx(structure.intensities["fracture"].p32)
    assert line.spacing == pytest.approx(10 / (10 * each) * np.cos(np.radians(line.part.mean.dip)), rel=0.2)
    (zone,) = structure.zones
    # The zone goes from its first bed to its last: ten beds stand on nine of their spacings.
    assert zone.intensities["bedding"].p10 == pytest.approx(each, rel=0.15)


def test_picks_without_pixels_are_counted_apart() -> None:
    """Ten beds drawn where nothing was measured: no intensity, and no set, rests on them; the report says how many."""
    image = masked(well(), "masked rows")
    depth = np.r_[np.arange(100.5, 110), np.arange(110.5, 120)]
    picks = new_picks(
        well="A-1", depth_m=depth, class_="fracture", dip_true_deg=60.0, azimuth_true_deg=90.0, reference="north"
    )
    structure = analyse_structure(image, picks, new_intervals())
    assert structure.intensities["fracture"].planes == 10
    assert structure.unmeasured == structure.to_dict()["picks_unmeasured"] == 10
    (line,) = structure.sets
    assert line.intensity is not None
    assert line.intensity.planes == 10
    assert len(line.part.members) == 20


def test_a_well_without_a_pixel_has_no_intensity(tmp_path: Path) -> None:
    """It has picks of a person: orientation and sets are theirs, and no number claims a metre."""
    image = well()
    blank = image.assign(image=(("depth", "azimuth"), np.full_like(image["image"].values, np.nan)))
    structure = write_report(blank, planes(), new_intervals(), [], tmp_path / "a.html")
    assert structure.length == {"bedding": 0.0, "fracture": 0.0}
    assert structure.intensities == {}
    assert structure.beds is not None
    assert [line.intensity for line in structure.sets] == [None]


@pytest.mark.parametrize(("flat", "beds"), [(True, True), (False, False)])
def test_plots_of_nothing_are_left_out(flat: bool, beds: bool, tmp_path: Path) -> None:
    """Without beds no cumulative dip, without a direction no rose: neither is named among the pictures."""
    columns = {"dip_true_deg": 1.0} if flat else {}
    file = tmp_path / "a.html"
    picks = planes(**columns)
    write_report(well(), picks[(picks["class"] != "bedding") | beds], new_intervals(), [], file)
    names = plots(file)
    assert len(names) == 3
    assert ("roses" in names[0]) is not flat
    assert ("vector plot" in names[1]) is beds
    assert names[2] == ("by class: bedding; fracture" if beds else "by class: fracture")


@pytest.mark.parametrize("flat", [True, False])
def test_rows_of_plots_count_their_planes(flat: bool) -> None:
    """Bars add up to the planes of a class; without a direction there is no histogram of azimuths."""
    picks = planes(**({"dip_true_deg": 1.0} if flat else {}))
    structure = analyse_structure(well(), picks, new_intervals())
    rows = class_rows(structure)
    assert [(row.title, len(row.picks)) for row in rows] == [("bedding", 10), ("fracture", 40)]
    ((_, figure),) = draw_rows(rows, structure)
    bars = {"True dip (deg)": [], "Dip azimuth (deg)": []}
    for ax in figure.axes:
        if ax.get_xlabel() in bars:
            bars[ax.get_xlabel()].append(sum(bar.get_height() for bar in ax.patches))
    assert bars == {"True dip (deg)": [10, 40], "Dip azimuth (deg)": [] if flat else [10, 40]}


def test_rejected_and_others_picks_are_left_out() -> None:
    """Another well's picks and rejected ones say nothing of this one."""
    picks = planes(status=["rejected"] * 20 + ["accepted"] * 30)
    other = planes(well="B-2")
    structure = analyse_structure(well(), pd.concat([picks, other], ignore_index=True), new_intervals())
    assert len(structure.picks) == 30


def test_one_file_with_all_in_it(tmp_path: Path) -> None:
    """
    No address, script or file from outside; pictures and table inside; a hostile name is only text.

    It ends neither a string of the style nor the style itself.
    """
    name = 'a"; } </style><script>alert(1)</script> \\'
    picks = planes(well=name, source="model <b>x</b>")
    file = tmp_path / "a.report.html"
    write_report(well(well=name), picks, new_intervals(), [], file)
    page = file.read_text()
    style, body = page.split("</style>")
    assert "<" not in style.split("<style>")[1]
    assert body.startswith("</head><body>")
    assert "<script" not in page
    assert "model &lt;b&gt;x" in page
    assert not re.search(r"(?:src|href)=[\"'](?!data:)", page)
    assert "http" not in re.sub(r"base64,[^\"]*", "", page)
    assert page.count('src="data:image/png;base64,') >= 2
    for text in (
        "m² in a cubic metre",
        "The mean bed dips 20 degrees towards",
        "one set",
        "Of 50 picks some 15 are wrong",
    ):
        assert text in page
    data = re.search(r'href="data:text/csv;base64,([^"]*)"', page)
    assert data is not None
    table = pd.read_csv(io.BytesIO(base64.b64decode(data.group(1))))
    assert len(table) == len(picks)
    np.testing.assert_allclose(table["depth_m"], picks["depth_m"])


@pytest.mark.parametrize("count", [0, 1])
def test_of_a_well_with_hardly_a_pick(count: int, tmp_path: Path) -> None:
    """Nothing or one: it says so, and what that can tell."""
    file = tmp_path / "a.report.html"
    picks = new_picks() if not count else planes().iloc[:1].reset_index(drop=True)
    structure = write_report(well(), picks, new_intervals(), [], file)
    assert structure.intensities["bedding"].p10 == 0
    assert structure.length["bedding"] == pytest.approx(20.0)
    assert len(plots(file)) == (3 if count else 0)


def test_without_true_dips_it_says_why(tmp_path: Path) -> None:
    """Of a hole whose direction nobody knows there is no stereonet; P32 needs none."""
    apparent = {"dip_true_deg": np.nan, "azimuth_true_deg": np.nan, "dip_app_deg": 60.0, "azimuth_app_deg": 10.0}
    unknown = well(deviation=np.nan, hole_azimuth=np.nan, reference="unknown")
    file = tmp_path / "a.report.html"
    structure = write_report(unknown, planes(reference="unknown", **apparent), new_intervals(), [], file)
    assert "True dips are not known" in file.read_text()
    fractures = structure.intensities["fracture"]
    assert fractures.p32 == pytest.approx(2 * fractures.p10)
    assert structure.sets == []


def test_a_field(two_wells: Path, tmp_path: Path) -> None:
    """A report for each picked well; of a field without picks, one line."""
    shares: list[float] = []
    reports = report_field(two_wells, tmp_path / "out", ReportOptions(beside=["las", "svg"]), progress=shares.append)
    assert sorted(reports) == ["W01", "W02"]
    there = {file for one in reports.values() for file in (one.file, *one.beside)}
    assert there == set((tmp_path / "out").iterdir())
    assert len(there) > 4
    assert shares == sorted(shares)
    assert shares[-1] == 1
    with pytest.raises(InputError, match="no pick table"):
        report_field(two_wells, tmp_path / "out", ReportOptions(picks=tmp_path))


def test_a_reviewed_layer_is_reported(tmp_path: Path) -> None:
    """What was rejected in review is not counted; a layer that is not there is named."""
    image = well()
    write_netcdf(image, tmp_path / "A-1.nc")
    plane = {"amplitude_m": 0.1, "azimuth_app_deg": 10.0, "reference": "north", "class": "fracture"}
    states = ["accepted", "edited", "rejected", "proposed"]
    items = {f"p{i}": {"depth_m": 101.0 + i, "status": state, **plane} for i, state in enumerate(states)}
    LayerLog(tmp_path).add("A-1", "anna", "anna", "join", items)
    reports = report_field(tmp_path, tmp_path / "out", ReportOptions(layer="anna"))
    assert reports["A-1"].structure.picks["depth_m"].tolist() == [101.0, 102.0, 104.0]
    with pytest.raises(InputError, match="no layer 'ben'"):
        report_field(tmp_path, tmp_path / "out", ReportOptions(layer="ben"))


def test_zones_and_sets_with_beds_laid_level(tmp_path: Path) -> None:
    """Beds that dip by 5 degrees above 110 m and by 40 below: two zones, each with its own planes a metre."""
    rng = np.random.default_rng(4)
    beds = rng.uniform(100, 120, 80)
    fractures = np.r_[rng.uniform(100, 110, 30), rng.uniform(110, 120, 10)]
    dip = np.r_[np.where(beds < 110, 5.0, 40.0) + rng.normal(0, 1, 80), np.full(40, 70.0)]
    picks = new_picks(
        well="A-1", depth_m=np.r_[beds, fractures], class_=["bedding"] * 80 + ["fracture"] * 40, dip_true_deg=dip,
        azimuth_true_deg=np.r_[rng.normal(90, 5, 80) % 360, np.full(40, 90.0)], reference="north",
    )  # fmt: skip
    structure = analyse_structure(well(), picks, new_intervals())
    assert [round(line.zone.base) for line in structure.zones] == [110, 120]
    assert structure.zones[0].intensities["fracture"].p10 == pytest.approx(3, rel=0.1)
    assert structure.zones[1].intensities["fracture"].p10 == pytest.approx(1, rel=0.1)
    (line,) = structure.sets
    assert structure.beds is not None
    # Same azimuth: laying beds level takes their dip off the fractures'.
    assert line.level[0] == pytest.approx(70 - structure.beds.dip, abs=0.5)
    assert line.intensity.p32 == pytest.approx(structure.intensities["fracture"].p32)  # all fractures are of one set
    file = tmp_path / "z.html"
    write_report(well(), picks, new_intervals(), [], file)
    assert "<h2>Zones</h2>" in file.read_text()
    (by_zone,) = (name for name in plots(file) if name.startswith("by zone"))
    assert [part.split(",")[0] for part in by_zone.removeprefix("by zone: ").split("; ")] == ["zone 1", "zone 2"]
    assert len(structure.to_dict()["zones"]) == 2
