"""Apertures, vugs, caliper and breakouts in the log and the report; numbers against those of the test's own tables."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from geobfdt.io.write.netcdf import write_netcdf
from geobfdt.reports.exports import write_log_svg
from geobfdt.reports.page import draw_well
from geobfdt.reports.well_curves import NO_CURVES, WellCurves, curves_section, has_apertures, read_well_curves
from geobfdt.runtime.findings import InputError
from geobfdt.wells.breakouts import new_breakouts, write_breakouts
from geobfdt.wells.caliper import new_caliper, write_caliper
from geobfdt.wells.image import WellImage, well_image
from geobfdt.wells.intervals import new_intervals
from geobfdt.wells.picks import new_picks, write_picks
from geobfdt.wells.vugs import VugTable, new_vugs, write_vugs
from geobfdt.workflows.report import ReportOptions, report_field

# The colour of breakouts, as SVG writes it.
STRESS = "#cc79a7"
# That of vugs.
VUG = "#2ee6e6"


def noisy_well() -> WellImage:
    """Four metres of noise round a vertical hole."""
    values = np.random.default_rng(0).normal(size=(401, 16)).astype(np.float32)
    return well_image(
        values, 100 + 0.01 * np.arange(401), well="A-1", diameter=0.2, deviation=0.0, hole_azimuth=0.0,
        reference="north",
    )  # fmt: skip


def aperture_rows() -> pd.DataFrame:
    """A window every 10 cm; apertures of 0.05 to 0.4 mm between 101 and 102 m, none elsewhere."""
    depth = np.round(np.arange(100, 104.05, 0.1), 1)
    inside = (depth >= 101) & (depth <= 102)
    hydraulic = np.where(inside, 0.05 + 0.35 * (depth - 101), np.nan)
    return pd.DataFrame({
        "depth_m": depth, "count": inside.astype(int), "aperture_mean_mm": 0.9 * hydraulic,
        "aperture_hydraulic_mm": hydraulic,
    })  # fmt: skip


def write_curves(folder: Path) -> None:
    """Write all three files as another program might, with pandas."""
    aperture_rows().to_csv(folder / "A-1.apertures.csv", index=False)
    pd.DataFrame({
        "well": "A-1", "top_m": [100.0, 102.0], "base_m": [102.0, 104.0], "searched_m2": [1.0, 0.5],
        "count_per_m2": [6.0, 0.0], "area_share_pct": [3.0, 0.0], "mean_diameter_mm": [5.0, np.nan],
        "largest_diameter_mm": [12.5, np.nan], "mean_aspect": [1.5, np.nan], "turn_share_pct": [20.0, 0.0],
    }).to_csv(folder / "A-1.vug-tracks.csv", index=False)  # fmt: skip
    depth = np.arange(100, 104, 0.01)
    caliper = {"diameter_m": 0.2, "diameter_min_m": 0.195, "diameter_max_m": 0.21, "offset_m": 0.004}
    axes = {"long_axis_m": 0.206, "short_axis_m": 0.194}
    write_caliper(new_caliper(well="A-1", depth_m=depth, **caliper, **axes), folder / "A-1.caliper.csv")


def cells(text: str) -> list[str]:
    """Cells of all tables of a page."""
    return re.findall(r"<td>([^<]*)</td>", text)


def test_the_section_has_the_numbers_of_the_files(tmp_path: Path) -> None:
    """Medians and totals; shares are weighted by the wall that was searched; what is not there has no part."""
    write_curves(tmp_path)
    text = curves_section(read_well_curves((tmp_path,), "A-1"), 100, 104)
    numbers = cells(text)
    # Hydraulic: 0.05 to 0.40 mm, widest at 102 m. Vugs: 6 in 1.5 m2 with 3 % of two thirds of the wall.
    for number in ("0.225", "0.400", "102.00", "1.50", "4.0", "2.00", "12.5", "100.0 to 102.0", "200.0", "12.0"):
        assert number in numbers
    assert text.count("<img") == 1
    assert curves_section(NO_CURVES, 100, 104) == ""
    (tmp_path / "A-1.vug-tracks.csv").unlink()
    assert len(cells(curves_section(read_well_curves((tmp_path,), "A-1"), 100, 104))) < len(numbers)


def test_a_file_beside_the_picks_comes_first(tmp_path: Path) -> None:
    """The field's is read where there is none; a damaged file is an error, not a missing curve."""
    picks, field = tmp_path / "picks", tmp_path / "field"
    for folder, factor in ((picks, 2.0), (field, 1.0)):
        folder.mkdir()
        rows = aperture_rows()
        rows["aperture_hydraulic_mm"] *= factor
        rows.to_csv(folder / "A-1.apertures.csv", index=False)
    curves = read_well_curves((picks, field), "A-1").apertures
    assert curves is not None
    assert curves["aperture_hydraulic_mm"].max() == pytest.approx(0.8)
    (picks / "A-1.apertures.csv").write_text("depth\n1\n")
    with pytest.raises(InputError):
        read_well_curves((picks, field), "A-1")


def test_the_log_has_a_track_of_apertures_where_they_are_measured() -> None:
    """Its line has the values of the page's depths, and a gap where there is none; without any there is no track."""
    rows = aperture_rows()
    page = draw_well(noisy_well(), new_picks(), curves=WellCurves(rows), top=100.0, base=103.0)
    (ax,) = [ax for ax in page.axes if ax.get_label() == "apertures"]
    line = next(line for line in ax.lines if line.get_label() == "aperture_hydraulic_mm")
    on_page = rows[rows["depth_m"] <= 103]
    np.testing.assert_array_equal(line.get_xdata(), on_page["aperture_hydraulic_mm"])
    np.testing.assert_array_equal(line.get_ydata(), on_page["depth_m"])
    low, high = ax.get_xlim()
    assert low <= 0.045 < 0.4 <= high
    none = rows.assign(aperture_hydraulic_mm=np.nan)
    assert not has_apertures(none)
    for nothing in (none, None):
        labels = [ax.get_label() for ax in draw_well(noisy_well(), new_picks(), curves=WellCurves(nothing)).axes]
        assert "apertures" not in labels


def lobes(status: str) -> pd.DataFrame:
    """A breakout with two sides."""
    return new_breakouts(
        well="A-1", top_m=101.0, base_m=101.8, class_="breakout", azimuth_app_deg=[80.0, 260.0],
        azimuth_true_deg=[80.0, 260.0], width_deg=40.0, reference="north", status=status,
    )  # fmt: skip


@pytest.mark.parametrize(("status", "drawn"), [("accepted", True), ("rejected", False)])
def test_the_log_on_paper_has_breakouts(tmp_path: Path, status: str, drawn: bool) -> None:
    """As boxes in their colour, but for rejected ones."""
    (file,) = write_log_svg(
        noisy_well(), new_picks(), new_intervals(), tmp_path / "a.svg", 50.0, breakouts=lobes(status)
    )
    assert (STRESS in file.read_text(encoding="utf-8")) == drawn


def vug_rows(status: str) -> VugTable:
    """A vug of 5 cm2."""
    return new_vugs(
        well="A-1", depth_m=101.0, azimuth_app_deg=80.0, area_mm2=500.0, reference="north", status=status
    )  # fmt: skip


def head(page: Figure) -> str:
    """All text of the head of a page."""
    (ax,) = [ax for ax in page.axes if ax.get_label() == "header"]
    return " ".join(text.get_text() for text in ax.texts)


def test_the_key_counts_what_is_drawn() -> None:
    """Lobes and vugs of the page stand in its head, but for rejected ones, those of other depths, and on overviews."""
    well, vugs = noisy_well(), WellCurves(vug_table=vug_rows("proposed"))
    text = head(draw_well(well, new_picks(), breakouts=lobes("accepted"), curves=vugs))
    assert "breakout 2" in text
    assert "(experimental) 1" in text
    none = WellCurves(vug_table=vug_rows("rejected"))
    text = head(draw_well(well, new_picks(), breakouts=lobes("rejected"), curves=none))
    assert "breakout" not in text
    assert "experimental" not in text
    text = head(draw_well(well, new_picks(), breakouts=lobes("accepted"), curves=vugs, top=102.0, base=104.0))
    assert "breakout" not in text
    assert "experimental" not in text
    assert "experimental" not in head(draw_well(well, new_picks(), curves=vugs, scale=200))


def test_the_hole_has_the_caliper() -> None:
    """A band from the least to the greatest diameter, which sets the scale; without a table there is none."""
    depth = np.arange(100, 104, 0.01)
    caliper = new_caliper(
        well="A-1", depth_m=depth, diameter_m=0.21, diameter_min_m=0.20, diameter_max_m=0.24, offset_m=0.0
    )  # fmt: skip
    page = draw_well(noisy_well(), new_picks(), curves=WellCurves(caliper=caliper))
    (ax,) = [ax for ax in page.axes if ax.get_label() == "hole"]
    one, other = (c.get_paths()[0].get_extents() for c in ax.collections if c.get_label() == "caliper")
    widest = 0.20 / (2 * (other.x0 - 0.5))
    assert other.x1 - 0.5 == pytest.approx(0.12 / widest)
    assert one.x0 == pytest.approx(1 - other.x1)
    assert 0.24 < widest < 0.5
    (ax,) = [ax for ax in draw_well(noisy_well(), new_picks()).axes if ax.get_label() == "hole"]
    assert "caliper" not in [c.get_label() for c in ax.collections]


def test_report_and_log_on_paper_have_what_the_files_have(tmp_path: Path) -> None:
    """Curves in the report; breakouts and apertures on the log."""
    field, out = tmp_path / "field", tmp_path / "out"
    field.mkdir()
    write_netcdf(noisy_well(), field / "A-1.nc")
    planes = {"amplitude_m": 0.1, "azimuth_app_deg": 20.0, "dip_true_deg": 45.0, "azimuth_true_deg": 200.0}
    write_picks(
        new_picks(well="A-1", depth_m=[101.5], class_="fracture", reference="north", **planes), field / "A-1.picks.csv"
    )
    write_breakouts(lobes("accepted"), field / "A-1.breakouts.csv")
    write_curves(field)
    write_vugs(vug_rows("accepted"), field / "A-1.vugs.csv")
    reported = report_field(field, out, ReportOptions(beside=("svg",), scale=50.0))["A-1"]
    assert 'alt="curves along the hole"' in reported.file.read_text(encoding="utf-8")
    drawing = reported.beside[0].read_text(encoding="utf-8")
    assert STRESS in drawing
    assert VUG in drawing
    # Titles of tracks are text, or outlines with the text as a comment.
    assert "Aperture" in drawing
