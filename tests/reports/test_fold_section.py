"""Folds, dip patterns, sections and restored planes in the report of a well, and their tables."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from tests.command import run_command
from tests.structure.test_girdle import fold, line, planes, shake

from geobfdt.geometry import pole_angle
from geobfdt.io.write.netcdf import write_netcdf
from geobfdt.reports.fold_section import fold_section, restored_picks
from geobfdt.reports.stick_plot import draw_stick_plot
from geobfdt.reports.structure_section import StructureView, analyse_structure
from geobfdt.reports.well_report import write_report
from geobfdt.runtime.findings import InputError
from geobfdt.wells.image import WellImage, well_image
from geobfdt.wells.intervals import new_intervals
from geobfdt.wells.picks import PickTable, new_picks, write_picks
from geobfdt.workflows.report import ReportOptions, report_field


def well(deviation: float = 0.0) -> WellImage:
    """Forty metres of a hole towards the north-east."""
    hole = {"diameter": 0.2, "deviation": deviation, "hole_azimuth": 45.0, "reference": "north", "well": "A-1"}
    return well_image(np.zeros((401, 16), np.float32), 100 + 0.1 * np.arange(401), **hole)


@pytest.fixture
def without_log(monkeypatch: pytest.MonkeyPatch) -> None:
    """The log takes most of the time of a report."""

    def write_nothing(image: WellImage, table: PickTable, path: Path, **options: object) -> list[Path]:
        path.write_bytes(b"")
        return [path]

    monkeypatch.setattr("geobfdt.reports.well_report.write_pictures", write_nothing)


def picks(kind: str) -> PickTable:
    """Sixty beds: folded about 030/15, or tilted 20 degrees towards 120."""
    rng = np.random.default_rng(1)
    if kind == "folded":
        dip, azimuth = planes(shake(fold(line(30.0, 15.0), 40.0, 60, rng), 2.5, rng))
    else:
        normal = [np.sin(np.radians(20)) * np.sin(np.radians(120)), np.sin(np.radians(20)) * np.cos(np.radians(120))]
        dip, azimuth = planes(shake(np.tile([*normal, np.cos(np.radians(20))], (60, 1)), 2.5, rng))
    depth = np.linspace(100.5, 139.5, 60)
    return new_picks(
        well="A-1", depth_m=depth, class_="bedding", dip_true_deg=dip, azimuth_true_deg=azimuth, reference="north"
    )


def test_a_fold_has_an_axis_and_a_section_square_to_it() -> None:
    """The axis lies within 3 degrees; without a wish, the section is square to its trend."""
    structure = analyse_structure(well(), picks("folded"), new_intervals())
    assert structure.girdle is not None
    assert structure.girdle.trend == pytest.approx(30, abs=3)
    assert structure.girdle.plunge == pytest.approx(15, abs=3)
    assert structure.sections == (pytest.approx(120, abs=3),)
    plain = structure.to_dict()
    assert plain["fold"]["claimed"]
    assert plain["dip_patterns"]


def test_tilted_beds_have_none_and_lie_level_without_their_dip() -> None:
    """The section goes down the dip; restored beds scatter about level."""
    structure = analyse_structure(well(), picks("tilted"), new_intervals())
    assert structure.girdle is not None
    assert not structure.girdle.claimed
    assert structure.sections == (pytest.approx(120, abs=3),)
    assert structure.removed_dip == pytest.approx((20, 120), abs=3)
    restored = restored_picks(structure.picks, structure.removed_dip)
    assert restored["dip_true_deg"].median() < 5
    names = re.findall(r'<img alt="([^"]*)"', fold_section(well(), structure))
    assert names == ["stick plot", "restored: stereonet and roses"]


@pytest.mark.parametrize("deviation", [0.0, 60.0])
def test_sticks_have_the_dip_in_the_section(deviation: float) -> None:
    """On paper a bed that dips 45 degrees to the east goes down to the right at 45, and is level in a section north."""
    one = new_picks(
        well="A-1", depth_m=[120.0], class_="bedding", dip_true_deg=45.0, azimuth_true_deg=90.0, reference="north"
    )
    for section, angle in ((90.0, -45.0), (270.0, 45.0), (0.0, 0.0), (30.0, -np.degrees(np.arctan(0.5)))):
        figure = Figure()
        assert draw_stick_plot(figure, well(deviation), one, [section]) == 1
        (quiver,) = [part for part in figure.axes[0].collections if hasattr(part, "angles")]
        assert quiver.angles == pytest.approx([angle], abs=1e-6)
    assert draw_stick_plot(Figure(), well(), one, []) == 0


def test_sections_and_dip_of_the_user(tmp_path: Path, without_log: None) -> None:
    """Tables have a column for each section, the stated dip is removed, and other angles are refused."""
    write_netcdf(well(), tmp_path / "A-1.nc")
    write_picks(picks("tilted"), tmp_path / "A-1.picks.csv")
    options = ReportOptions(beside=("structure",), sections=(90.0, 37.5), structural_dip=(10.0, 120.0))
    report = report_field(tmp_path, tmp_path / "out", options)["A-1"]
    assert [file.name for file in report.beside] == ["A-1.structure.csv", "A-1.patterns.csv", "A-1.fold.csv"]
    table = pd.read_csv(report.beside[0])
    assert list(table.columns[-2:]) == ["dip_090_deg", "dip_37.5_deg"]
    slope = np.tan(np.radians(table["dip_true_deg"])) * np.cos(np.radians(table["azimuth_true_deg"] - 90))
    assert table["dip_090_deg"].to_numpy() == pytest.approx(np.degrees(np.arctan(slope)), abs=1e-3)
    assert table["dip_restored_deg"].median() == pytest.approx(10, abs=1)
    assert np.isnan(pd.read_csv(report.beside[2])["trend_deg"][0])
    command = ("report", tmp_path, "--out", tmp_path / "other")
    for words in (("--structural-dip", "12"), ("--structural-dip", "95/10"), ("--section", "-5")):
        assert run_command(*command, *words).returncode == 1
    assert not (tmp_path / "other").exists()
    for wrong in ({"sections": (400.0,)}, {"sections": (np.nan,)}, {"structural_dip": (95.0, 10.0)}):
        with pytest.raises(InputError):
            ReportOptions(**wrong)


def test_planes_without_a_true_dip_have_no_section() -> None:
    """There is nothing to say."""
    bare = new_picks(well="A-1", depth_m=[120.0], class_="bedding")
    image = well_image(np.zeros((401, 16), np.float32), 100 + 0.1 * np.arange(401), well="A-1")
    assert fold_section(image, analyse_structure(image, bare, new_intervals(), StructureView((90.0,)))) == ""


def test_a_dip_without_an_azimuth_is_no_attitude(tmp_path: Path, without_log: None) -> None:
    """A level bed has none and counts; a dipping one does not, and the report is written."""
    table = picks("tilted")
    table.loc[0, ["dip_true_deg", "azimuth_true_deg"]] = (0.0, np.nan)
    table.loc[1, "azimuth_true_deg"] = np.nan
    image = well_image(np.zeros((401, 16), np.float32), 100 + 0.1 * np.arange(401), well="A-1")
    structure = write_report(image, table, new_intervals(), [], tmp_path / "a.html")
    assert structure.beds is not None
    assert structure.beds.planes == 59
    assert pole_angle(structure.beds.dip, structure.beds.azimuth, 20, 120) < 2
    assert structure.girdle is not None
    assert structure.girdle.poles == 59
