"""Pick tables in the dialects of other programs: what is written comes back."""

import lasio
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geobfdt.io.tables.pick_tables import read_pick_table
from geobfdt.io.write.tables import FORMATS, write_las
from geobfdt.runtime.findings import InputError
from geobfdt.wells.picks import COLUMNS, new_picks
from geobfdt.wells.table_north import with_north

TRUE = ["depth_m", "class", "dip_true_deg", "azimuth_true_deg"]
BOTH = [*TRUE, "dip_app_deg", "azimuth_app_deg", "amplitude_m", "diameter_m"]
KEPT = {
    "picks": list(COLUMNS),
    "las": list(COLUMNS),
    "techlog": ["well", *BOTH, "confidence"],
    "geolog": BOTH,
    "wellcad": TRUE,
}
STEP = {"picks": 1e-6, "las": 1e-6, "techlog": 1e-6, "geolog": 1e-6, "wellcad": 1e-4}
MANY = ("picks", "techlog")


def some_picks(rng, rows, wells=("Süd-Ø 4",), gaps=False):
    """Planes that keep tan(dip) = 2 A / D, with every column filled, or with holes in all that may have them."""
    dip, diameter = rng.uniform(6, 85, rows), rng.uniform(0.1, 0.4, rows)
    picks = new_picks(
        well=rng.choice(wells, rows),
        depth_m=rng.uniform(500, 5000, rows),
        class_=rng.choice(["bedding", "fracture"], rows),
        dip_app_deg=dip,
        azimuth_app_deg=rng.uniform(0, 360, rows),
        dip_true_deg=rng.uniform(0, 90, rows),
        azimuth_true_deg=rng.uniform(0, 360, rows),
        amplitude_m=diameter / 2 * np.tan(np.radians(dip)),
        diameter_m=diameter,
        reference="high_side",
        confidence=rng.uniform(0, 1, rows),
        sigma_depth_m=rng.uniform(0, 1, rows),
        sigma_dip_deg=rng.uniform(0, 9, rows),
        sigma_azimuth_deg=rng.uniform(0, 9, rows),
        coverage=rng.uniform(0, 1, rows),
        polarity=rng.choice(["", "conductive", "resistive"], rows),
        continuity=rng.uniform(0, 1, rows),
        quality=rng.choice(["", "A", "D"], rows),
        source='a "b", c',
        status="accepted",
    )
    if gaps:
        for name in ("dip_app_deg", "azimuth_true_deg", "confidence", "sigma_dip_deg", "coverage", "continuity"):
            picks.loc[rng.random(rows) < 0.5, name] = np.nan
        # Heights alone cannot be told from diameters alone once the dip is gone, so these go together.
        gone = picks["dip_app_deg"].isna()
        picks.loc[gone, ["amplitude_m", "diameter_m", "azimuth_app_deg"]] = np.nan
        picks.loc[picks["azimuth_true_deg"].isna(), "dip_true_deg"] = np.nan
    return picks


def assert_same(back, picks, name):
    """Every column that the format keeps, to half of the last digit written (which conversions may double)."""
    assert len(back) == len(picks)
    for column in KEPT[name]:
        if COLUMNS[column] is float:
            step = STEP[name] * (20 if name == "geolog" and column == "diameter_m" else 1)
            np.testing.assert_allclose(back[column].to_numpy(float), picks[column].to_numpy(float), rtol=0, atol=step)
        else:
            assert back[column].tolist() == picks[column].tolist(), column


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("gaps", [False, True])
def test_round_trip(tmp_path, name, gaps):
    """Written and read again, the picks are the same in all that the format keeps, gaps included."""
    picks = some_picks(np.random.default_rng(1), 40, gaps=gaps)
    path = tmp_path / "dips.txt"
    FORMATS[name](picks, path)
    assert_same(read_pick_table(path).picks, picks, name)


@pytest.mark.parametrize("name", FORMATS)
def test_no_rows(tmp_path, name):
    """A table without rows is a table."""
    FORMATS[name](new_picks(), tmp_path / "dips.txt")
    back = read_pick_table(tmp_path / "dips.txt").picks
    assert len(back) == 0
    assert list(back.columns[: len(COLUMNS)]) == list(COLUMNS)


@pytest.mark.parametrize("name", FORMATS)
def test_several_wells(tmp_path, name):
    """Formats that hold several wells keep them apart; the others refuse and leave nothing behind."""
    picks = some_picks(np.random.default_rng(2), 20, wells=("A", "井 2"))
    path = tmp_path / "dips.txt"
    if name in MANY:
        FORMATS[name](picks, path)
        assert_same(read_pick_table(path).picks, picks, name)
    else:
        with pytest.raises(InputError, match="holds one well"):
            FORMATS[name](picks, path)
        assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", FORMATS)
def test_equal_tables_give_equal_bytes(tmp_path, name):
    """Writing twice gives the same bytes, in a folder made on the way."""
    picks = some_picks(np.random.default_rng(3), 10)
    FORMATS[name](picks, tmp_path / "new" / "a.txt")
    FORMATS[name](picks, tmp_path / "b.txt")
    assert (tmp_path / "new" / "a.txt").read_bytes() == (tmp_path / "b.txt").read_bytes()


@pytest.mark.parametrize("name", ["techlog", "wellcad", "geolog"])
def test_vendor_labels(tmp_path, name):
    """A label goes back as it came, an own word included; a pick whose class was changed gets the new one."""
    picks = new_picks(
        depth_m=[1.0, 2.0, 3.0, 4.0],
        class_=["fracture", "fracture", "bedding", "fracture"],
        polarity=["conductive", "resistive", "", ""],
        class_source=["CCF", "CCF", "Conductive fracture", "Kluft"],
    )
    FORMATS[name](picks, tmp_path / "dips.csv")
    words = tmp_path / "words.yaml"
    words.write_text("labels: {Kluft: fracture}\n")
    back = read_pick_table(tmp_path / "dips.csv", vocabulary=words).picks
    assert back["class_source"].tolist() == ["CCF", "Resistive fracture", "Bedding", "Kluft"]
    assert back["polarity"].tolist() == ["conductive", "resistive", "", ""]


def test_las_keeps_what_north_is(tmp_path):
    """North and declination are parameters of the LAS file, and a LAS library reads its header."""
    path = tmp_path / "dips.las"
    picks = with_north(some_picks(np.random.default_rng(4), 5, wells=("15/9-F: 1",)), "magnetic")
    write_las(picks, path, declination=-3.25)
    read = read_pick_table(path)
    assert "magnetic north, declination -3.25 deg" in next(f.observed for f in read.findings if f.kind == "north")
    assert read.picks["well"].unique().tolist() == ["15/9-F: 1"]
    header = lasio.read(path, ignore_data=True)
    assert header.version["VERS"].value == 3.0
    assert header.well["NULL"].value == -9999


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), rows=st.integers(0, 6), name=st.sampled_from(sorted(FORMATS)))
def test_round_trip_of_any_table(tmp_path_factory, seed, rows, name):
    """No table of planes, however short, changes on its way."""
    picks = some_picks(np.random.default_rng(seed), rows, gaps=bool(seed % 2))
    path = tmp_path_factory.mktemp("any") / "dips.txt"
    FORMATS[name](picks, path)
    assert_same(read_pick_table(path).picks, picks, name)


def test_bad_tables_and_places(tmp_path):
    """A table that breaks the contract, or a place that cannot be written, is one line."""
    for write in FORMATS.values():
        with pytest.raises(InputError):
            write(pd.DataFrame({"depth_m": [1.0]}), tmp_path / "a.csv")
        (tmp_path / "file").write_text("")
        with pytest.raises(InputError, match="cannot be written"):
            write(new_picks(depth_m=[1.0], class_="bedding"), tmp_path / "file" / "a.csv")
