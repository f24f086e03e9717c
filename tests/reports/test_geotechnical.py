"""The geotechnical table knows where the wall was measured and interpreted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from geobfdt.io.write.netcdf import write_netcdf
from geobfdt.reports.geotechnical import rock_quality_table
from geobfdt.wells.image import WellImage, well_image
from geobfdt.wells.intervals import new_intervals
from geobfdt.wells.picks import new_picks, write_picks
from geobfdt.workflows.report import ReportOptions, report_field


def logged() -> WellImage:
    """From 100 to 112 m, without pixels from 106 to 112 m."""
    pixels = np.random.default_rng(1).normal(size=(1201, 12)).astype(np.float32)
    pixels[600:] = np.nan
    hole = {"deviation": 0.0, "hole_azimuth": 0.0, "diameter": 0.2}
    return well_image(pixels, 100 + 0.01 * np.arange(1201), well="A", reference="north", **hole)


def test_windows_of_fractures_and_of_all_planes() -> None:
    """Three fractures 5 cm apart leave 10 cm of 3 m unsound; a bed between others makes one more short piece."""
    picks = new_picks(
        well="A", depth_m=[103.0, 103.05, 103.1, 103.15, 110.0],
        class_=["fracture", "fracture", "fracture", "bedding", "fracture"],
    )  # fmt: skip
    table = rock_quality_table(logged(), picks, new_intervals()).set_index(["planes", "top_m"])
    assert set(table["well"]) == {"A"}
    assert table.loc[("fracture", 102.0), "count"] == 3
    assert table.loc[("fracture", 102.0), "image_rqd_pct"] == pytest.approx(100 * 2.9 / 3, abs=0.01)
    assert table.loc[("all", 102.0), "image_rqd_pct"] == pytest.approx(100 * 2.85 / 3, abs=0.01)
    assert table.loc[("fracture", 102.0), "spacing_mean_m"] == pytest.approx(0.05)
    # Nothing was measured there, so the pick at 110 m counts nowhere.
    empty = table.loc[("fracture", 108.0)]
    assert (empty["count"], empty["measured_m"]) == (0, 0)
    assert np.isnan(empty["image_rqd_pct"])


def test_what_nobody_interpreted_does_not_count() -> None:
    """Where fractures were not interpreted there is no rock quality."""
    intervals = new_intervals([("A", "interpreted", "fracture", 100.0, 103.0)])
    table = rock_quality_table(logged(), new_picks(well="A", depth_m=[105.0], class_="fracture"), intervals)
    below = table[(table["planes"] == "fracture") & (table["top_m"] >= 105)]
    assert (below["count"] == 0).all()
    assert below["image_rqd_pct"].isna().all()


def test_the_report_writes_it(tmp_path: Path) -> None:
    """As a file beside the report."""
    write_netcdf(logged(), tmp_path / "A.nc")
    picks = new_picks(
        well="A", depth_m=[102.0, 103.0], class_="fracture", dip_app_deg=10.0, azimuth_app_deg=5.0, reference="north",
        status=["", "rejected"],
    )  # fmt: skip
    write_picks(picks, tmp_path / "A.picks.csv")
    report_field(tmp_path, tmp_path / "out", ReportOptions(beside=("rqd",)))
    table = pd.read_csv(tmp_path / "out" / "A.rqd.csv")
    assert table.loc[table["planes"] == "fracture", "count"].sum() == 1
