"""The title block: what stands in report.yaml is on the report, and nothing else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from geobfdt.io.write.netcdf import write_netcdf
from geobfdt.reports.exports import write_log_svg
from geobfdt.reports.title_block import TitleBlock, read_titles
from geobfdt.runtime.findings import InputError
from geobfdt.wells.image import well_image
from geobfdt.wells.intervals import new_intervals
from geobfdt.wells.picks import new_picks, write_picks
from geobfdt.workflows.report import ReportOptions, report_field

ALL = """
company: Rock & <b>Sons</b>
field: Test site
location: 47.1 N, 8.2 E
datum: ground level, 431.2 m
declination: 2.5
tool_string: OBI40
logging_date: 2026-03-01
interpreter: A. Person
version: 2
remarks: |
  First line
  second line
"""


def field_of(folder: Path, *wells: str, **attributes: object) -> Path:
    """A field of small wells with one pick each."""
    rng = np.random.default_rng(0)
    for name in wells:
        image = well_image(rng.normal(size=(401, 24)), 100 + 0.01 * np.arange(401), well=name, **attributes)
        write_netcdf(image, folder / f"{name}.nc")
        picks = new_picks(well=name, depth_m=[101.0], class_="fracture", amplitude_m=0.1, azimuth_app_deg=10.0)
        write_picks(picks, folder / f"{name}.picks.csv")
    return folder


def test_entries_are_on_the_report_and_the_sheets(tmp_path: Path) -> None:
    """Each entry once, as text; a number and a date as they are written; entries that are not given are not there."""
    field = field_of(tmp_path / "field", "A-1")
    (field / "report.yaml").write_text(ALL)
    (report,) = report_field(field, tmp_path / "out", ReportOptions(beside=("svg", "pdf"))).values()
    page = report.file.read_text()
    assert "<tr><th>Company</th><td>Rock &amp; &lt;b&gt;Sons&lt;/b&gt;</td></tr>" in page
    assert "<th>Logging date</th><td>2026-03-01</td>" in page
    assert "<th>Version</th><td>2</td>" in page
    assert "<th>Declination</th><td>+2.5 deg</td>" in page
    assert "<b>Sons</b>" not in page
    assert "<th>Well</th>" not in page
    assert "<b>A. Person</b>" in page
    sheets = [file.name for file in report.beside if file.suffix == ".svg"]
    assert sheets[:2] == ["A-1.log-00.svg", "A-1.log-01.svg"]
    (tmp_path / "other.yaml").write_text("{}")
    options = ReportOptions(beside=("svg",), title=tmp_path / "other.yaml")
    (plain,) = report_field(field, tmp_path / "plain", options).values()
    assert "Company" not in plain.file.read_text()
    assert plain.beside[0].name == "A-1.log-01.svg"


@pytest.mark.parametrize(
    "text",
    [
        "companie: x", "declination: 200", "declination: east", "company: [a]", 'company: "a\\u0007b"', "- a",
        "wells: {A-1: {x: 1}}", f"company: {'x' * 300}", 'datum: "a\\nb"',
    ],
)  # fmt: skip
def test_what_is_not_a_title_block_is_refused(text: str, tmp_path: Path) -> None:
    """One line that names the file; nothing is written."""
    field = field_of(tmp_path / "field", "A-1")
    (field / "report.yaml").write_text(text)
    with pytest.raises(InputError) as caught:
        report_field(field, tmp_path / "out")
    assert "report.yaml" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_wells_have_their_own_entries(tmp_path: Path) -> None:
    """An entry of a well stands in place of that of the field; one name for two wells is refused."""
    file = tmp_path / "report.yaml"
    file.write_text("{company: C, datum: KB, wells: {A 1: {datum: DF, well: Alpha}}}")
    titles = read_titles(file, ["A_1", "B"])
    assert titles.of("A_1") == TitleBlock(company="C", datum="DF", well="Alpha")
    assert titles.of("B") == TitleBlock(company="C", datum="KB")
    file.write_text("well: Alpha")
    assert read_titles(file, ["A_1"]).of("A_1").well == "Alpha"
    with pytest.raises(InputError):
        read_titles(file, ["A_1", "B"])


def test_a_declination_that_contradicts_the_file_is_a_finding(tmp_path: Path) -> None:
    """The file's stays in use."""
    field = field_of(tmp_path / "field", "A-1", declination=-1.0)
    (field / "report.yaml").write_text("declination: 2.5")
    (report,) = report_field(field, tmp_path / "out").values()
    assert "<b>major</b> report.yaml" in report.file.read_text()


def test_a_well_has_the_name_of_its_title_block(tmp_path: Path) -> None:
    """In the head, in the title and on sheets; its picks stay its own."""
    image = well_image(np.eye(400, 24), 100 + 0.01 * np.arange(400), well="A-1", diameter=0.2)
    picks = new_picks(well="A-1", depth_m=[101.0], class_="fracture", amplitude_m=0.1, azimuth_app_deg=10.0)
    looked = new_intervals([("A-1", "interpreted", "fracture", 100.0, 104.0)])
    for title in (TitleBlock(), TitleBlock(well="Alpha 7")):
        named, own, intervals = title.rename(image, picks, looked)
        assert named.attrs["well"] == (title.well or "A-1")
        assert set(own["well"]) == set(intervals["well"]) == {named.attrs["well"]}
        write_log_svg(image, picks, looked, tmp_path / "a.svg", 50, title=title)
        assert "not drawn" not in (tmp_path / "a-01.svg").read_text()
        assert (tmp_path / "a-00.svg").exists() is bool(title.well)
