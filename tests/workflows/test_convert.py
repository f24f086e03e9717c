"""Conversion goes by the name of a format, or by the suffix where that tells it."""

from pathlib import Path

import numpy as np
import pytest

from geobfdt.io.images.files import read
from geobfdt.io.tables.pick_tables import read_pick_table
from geobfdt.io.write.netcdf import write_netcdf
from geobfdt.runtime.findings import InputError
from geobfdt.wells.breakouts import read_breakouts
from geobfdt.wells.image import well_image
from geobfdt.wells.intervals import new_intervals, read_intervals, write_intervals
from geobfdt.wells.picks import new_picks, write_picks
from geobfdt.workflows.convert import ConvertOptions, convert


def test_image_by_suffix(tmp_path):
    """A netCDF becomes a DLIS of the same pixels and depths."""
    pixels = np.random.default_rng(0).normal(size=(50, 16)).astype(np.float32)
    image = well_image(pixels, 10 + 0.01 * np.arange(50), well="A", reference="north", diameter=0.2)
    write_netcdf(image, tmp_path / "a.nc")
    convert(tmp_path / "a.nc", tmp_path / "b.dlis")
    back = read(tmp_path / "b.dlis")
    assert np.array_equal(back.image.values, pixels)
    assert np.allclose(back.depth.values, image.depth.values)


def test_table_by_name(tmp_path):
    """A pick table becomes Techlog's and is read back with its planes."""
    picks = new_picks(
        well="A", depth_m=[5.0], class_="fracture", dip_app_deg=60.0, azimuth_app_deg=10.0, dip_true_deg=61.0,
        azimuth_true_deg=12.0, amplitude_m=0.17, diameter_m=0.2, reference="north",
    )  # fmt: skip
    write_picks(picks, tmp_path / "a.picks.csv")
    convert(tmp_path / "a.picks.csv", tmp_path / "t.csv", ConvertOptions(to="techlog"))
    back = read_pick_table(tmp_path / "t.csv").picks
    assert back["dip_true_deg"].tolist() == pytest.approx([61.0])
    assert back["class"].tolist() == ["fracture"]


@pytest.mark.parametrize(("target", "to"), [("a.xyz", None), ("a.csv", None), ("a.nc", "parchment")])
def test_unknown_format_lists_the_known(tmp_path, target, to):
    """Where nothing tells the format, the error lists them all."""
    with pytest.raises(InputError, match=r"netcdf.*techlog"):
        convert(tmp_path / "a.nc", tmp_path / target, ConvertOptions(to=to))


BREAKOUTS = (
    "Well;MD;True dip;True azimuth;Height;Type\n;m;deg;deg;m;\nA;1000;30;370;0.1;CCF\n"
    "A;1010;80;90;2;Breakout\nA;1020;80;90;1;Induced fracture\n"
)


@pytest.mark.parametrize(("target", "beside"), [("p.csv", "p.intervals.csv"), ("A.picks.csv", "A.intervals.csv")])
def test_rows_that_are_no_planes_are_written_beside(tmp_path, target, beside):
    """Two of three rows are intervals, as high as the table says, about where it says; the third is the pick."""
    (tmp_path / "t.csv").write_text(BREAKOUTS)
    for _ in range(2):  # again over itself is no harm
        findings = convert(tmp_path / "t.csv", tmp_path / target, ConvertOptions(to="picks"))
    damage = beside.replace("intervals", "breakouts")
    assert {file.name for file in tmp_path.iterdir()} == {"t.csv", target, beside, damage}
    assert read_breakouts(tmp_path / damage)["class"].tolist() == ["breakout", "induced"]
    assert len(read_pick_table(tmp_path / target).picks) == 1
    kept = read_intervals(tmp_path / beside)
    assert kept.to_numpy().tolist() == [
        ["A", "ignored", "Breakout", 1009.0, 1011.0], ["A", "ignored", "Induced fracture", 1019.5, 1020.5]
    ]  # fmt: skip
    (finding,) = [one for one in findings if one.kind == "intervals-written"]
    assert finding.place == str(tmp_path / beside)


def test_other_intervals_are_not_written_over(tmp_path):
    """What an interpreter left beside the target stays, and so does the target."""
    (tmp_path / "t.csv").write_text(BREAKOUTS)
    (tmp_path / "A.picks.csv").write_text("mine")
    write_intervals(new_intervals([("A", "interpreted", "bedding", 900.0, 1100.0)]), tmp_path / "A.intervals.csv")
    before = (tmp_path / "A.intervals.csv").read_bytes()
    with pytest.raises(InputError, match="other intervals"):
        convert(tmp_path / "t.csv", tmp_path / "A.picks.csv", ConvertOptions(to="picks"))
    assert (tmp_path / "A.intervals.csv").read_bytes() == before
    assert (tmp_path / "A.picks.csv").read_text() == "mine"


@pytest.mark.parametrize("to", ["techlog", "wellcad", "geolog"])
def test_formats_with_a_table_of_breakouts_keep_them(tmp_path, to):
    """Depths, true azimuths and labels are read back; WellCAD has no true azimuth."""
    (tmp_path / "t.csv").write_text(BREAKOUTS)
    findings = convert(tmp_path / "t.csv", tmp_path / "out.csv", ConvertOptions(to=to))
    assert "intervals-left-out" not in {one.kind for one in findings}
    (finding,) = [one for one in findings if one.kind == "breakouts-written"]
    back = read_pick_table(Path(finding.place), well="A").breakouts
    assert back[["top_m", "base_m"]].to_numpy().tolist() == [[1009.0, 1011.0], [1019.5, 1020.5]]
    assert back["class"].tolist() == ["breakout", "induced"]
    assert back["class_source"].tolist() == ["Breakout", "Induced fracture"]
    assert to == "wellcad" or back["azimuth_true_deg"].tolist() == [90.0, 90.0]


def test_other_breakouts_are_not_written_over(tmp_path):
    """What lies beside the target stays, and so does the target."""
    (tmp_path / "t.csv").write_text(BREAKOUTS)
    (tmp_path / "out.breakouts.csv").write_text("mine")
    with pytest.raises(InputError, match="other breakouts"):
        convert(tmp_path / "t.csv", tmp_path / "out.csv", ConvertOptions(to="techlog"))
    assert (tmp_path / "out.breakouts.csv").read_text() == "mine"
    assert not (tmp_path / "out.csv").exists()


def test_formats_without_a_place_for_intervals_say_so(tmp_path):
    """Nothing is said to be kept that is not."""
    (tmp_path / "t.csv").write_text(BREAKOUTS)
    findings = convert(tmp_path / "t.csv", tmp_path / "out", ConvertOptions(to="las"))
    assert {file.name for file in tmp_path.iterdir()} == {"t.csv", "out"}
    (finding,) = [one for one in findings if "no planes" in one.observed]
    assert (finding.kind, finding.severity) == ("intervals-left-out", "major")
    assert finding.observed.startswith("2 rows")
    assert "left out" in finding.action
    assert not any("kept as intervals" in one.action for one in findings)
