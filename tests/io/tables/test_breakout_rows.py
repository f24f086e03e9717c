"""Breakouts and sticks in tables of other programs keep azimuth, width and tilt."""

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from geobfdt.io.tables.mapping import TableMapping
from geobfdt.io.tables.pick_tables import read_pick_table
from geobfdt.io.write.breakout_tables import BREAKOUT_FORMATS, write_geolog_sticks
from geobfdt.runtime.findings import InputError
from geobfdt.wells.breakouts import new_breakouts, write_breakouts

DATA = Path(__file__).parents[2] / "data"


def test_geolog_sticks_keep_all_that_is_in_the_file():
    """Azimuths, width, tilt, height and label are those of the file; the diameter follows from a tilted stick."""
    rows = read_pick_table(DATA / "picks-vendor-pairs" / "test_sticks.csv", well="V").breakouts
    assert rows["class"].tolist() == ["induced", "breakout", "induced"]
    assert rows["class_source"].tolist() == ["DITF_Axial", "Breakout", "DITF_En_Echelon"]
    assert rows["azimuth_true_deg"].tolist() == [135.969, 150.165, 120.166]
    assert rows["azimuth_app_deg"].tolist() == [135.969, 150.165, 120.166]
    assert rows["width_deg"].fillna(-1).tolist() == [-1, 25.1775, -1]
    assert rows["tilt_deg"].fillna(-1).tolist() == [-1.24349, -1, -23.182]
    assert (rows["base_m"] - rows["top_m"]).tolist() == pytest.approx([0.195527, 0.305344, 0.131244])
    assert rows["diameter_m"].iloc[0] == pytest.approx(0.2269, abs=5e-4)


def test_wellcad_breakouts_keep_all_that_is_in_the_file():
    """A breakout log has apparent azimuths, tilts and openings."""
    read = read_pick_table(DATA / "atv" / "atv_breakout_picks.csv", mapping=TableMapping(label="breakout"), well="atv")
    assert len(read.breakouts) == 14
    first = read.breakouts.iloc[0]
    assert first[["azimuth_app_deg", "tilt_deg", "width_deg"]].tolist() == pytest.approx(
        [285.80798, 0.58545, 16.861846]
    )
    assert read.breakouts["azimuth_true_deg"].isna().all()


def test_a_wellcad_breakout_log_has_lengths(tmp_path):
    """Depth is the middle of the length."""
    (tmp_path / "b.csv").write_text(
        "Depth,Azimuth,Tilt,Length,Opening,Type\nm,deg,deg,m,deg,\n10,280,2,0.5,30,Breakout\n"
    )
    row = read_pick_table(tmp_path / "b.csv").breakouts.iloc[0]
    assert row[["top_m", "base_m", "azimuth_app_deg", "tilt_deg", "width_deg"]].tolist() == [9.75, 10.25, 280, 2, 30]


def test_the_granite_well_keeps_azimuths_and_widths(tmp_path):
    """Azimuths are those of the column, and not worked out as if a breakout were a plane."""
    file = DATA / "picks-ud1" / "UD1_Borehole_Imaging_Interpretation.csv.gz"
    (tmp_path / "ud1.csv").write_bytes(gzip.decompress(file.read_bytes()))
    rows = read_pick_table(tmp_path / "ud1.csv", well="UD-1").breakouts
    assert rows["class"].value_counts().to_dict() == {"breakout": 75, "induced": 2}
    first = rows.iloc[0]
    assert first[["azimuth_true_deg", "width_deg"]].tolist() == [229.1861, 54.70573]
    assert rows.loc[rows["class"] == "breakout", "width_deg"].notna().all()


def test_a_washout_is_no_breakout(tmp_path):
    """What is ignored for another reason is in no table of breakouts."""
    words = tmp_path / "words.yaml"
    words.write_text("labels: {washout: ignored}\n")
    (tmp_path / "b.csv").write_text(
        "Depth,True dip,True azimuth,Type\nm,deg,deg,\n10,20,30,Washout\n11,20,30,Fracture\n"
    )
    read = read_pick_table(tmp_path / "b.csv", vocabulary=words)
    assert (len(read.intervals), len(read.breakouts)) == (1, 0)


def test_geolog_sticks_are_written_as_they_were_read(tmp_path):
    """Every cell of the vendor's own file comes back, but for the hole diameter that the file lacks."""
    source = DATA / "picks-vendor-pairs" / "test_sticks.csv"
    write_geolog_sticks(read_pick_table(source, well="V").breakouts, tmp_path / "again.csv")
    before, after = (pd.read_csv(file, skiprows=[1], encoding="utf-8-sig") for file in (source, tmp_path / "again.csv"))
    assert list(before) == list(after)
    for name in set(before) - {"DIA_HOLE", "NOTES", "CATEGORY"}:
        assert after[name].tolist() == pytest.approx(before[name].tolist(), abs=2e-5), name
    assert after["CATEGORY"].tolist() == before["CATEGORY"].tolist()


@pytest.mark.parametrize("name", ["geolog", "wellcad", "techlog"])
def test_a_table_goes_through_each_format(tmp_path, name):
    """What a format has a place for comes back."""
    table = new_breakouts(
        well="V", top_m=[10.0, 12.0, 13.0], base_m=[11.0, 12.4, 13.0], class_=["breakout", "induced", "breakout"],
        azimuth_app_deg=[359.5, 12.25, 180.0], width_deg=[40.5, np.nan, 3.0], tilt_deg=[np.nan, -12.5, 0.0],
        diameter_m=0.2159, confidence=[0.95, np.nan, 0.5],
    )  # fmt: skip
    if name != "wellcad":
        table = table.assign(azimuth_true_deg=[2.5, 15.0, 183.0])
    BREAKOUT_FORMATS[name](table, tmp_path / "t.csv")
    back = read_pick_table(tmp_path / "t.csv", well="V").breakouts
    kept = ["top_m", "base_m", "azimuth_app_deg", "azimuth_true_deg", "width_deg", "tilt_deg"]
    kept += ["diameter_m"] if name != "wellcad" else []
    kept += ["confidence"] if name == "techlog" else []
    np.testing.assert_allclose(back[kept].to_numpy(float), table[kept].to_numpy(float), atol=2e-6)
    assert back["class"].tolist() == table["class"].tolist()


def test_our_own_table_is_read_as_breakouts(tmp_path):
    """Every column comes back, and there is no pick."""
    table = new_breakouts(well="V", top_m=10.0, base_m=11.0, class_="induced", tilt_deg=3.0, who="Ann", source="Bob")
    write_breakouts(table, tmp_path / "V.breakouts.csv")
    read = read_pick_table(tmp_path / "V.breakouts.csv")
    assert read.breakouts.equals(table)
    assert read.picks.empty


def test_an_opening_of_planes_is_not_dropped_without_a_word(tmp_path):
    """A column that only breakouts have a place for is reported as not used."""
    (tmp_path / "p.csv").write_text("MD,True dip,True azimuth,Opening,Type\nm,deg,deg,mm,\n10,20,30,2,Fracture\n")
    (finding,) = [one for one in read_pick_table(tmp_path / "p.csv").findings if one.kind == "columns-unused"]
    assert "Opening" in finding.observed


def test_a_tilt_is_not_taken_for_a_breakout_log(tmp_path):
    """Without an opening or a length the table may hold planes: it is refused as before."""
    (tmp_path / "p.csv").write_text("Depth,Azimuth,Tilt,Type\nm,deg,deg,\n10,30,20,Fracture\n")
    with pytest.raises(InputError):
        read_pick_table(tmp_path / "p.csv")
