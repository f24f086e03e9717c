"""Pick tables: contract, completion from the hole, storage."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geobfdt.runtime.findings import InputError
from geobfdt.wells.image import well_image
from geobfdt.wells.picks import COLUMNS, complete, new_picks, read_picks, traces, validate, write_picks


def hole(**logs):
    """A 100 m hole with constant logs."""
    return well_image(np.zeros((101, 8)), np.arange(101.0), **{"well": "A", "reference": "high_side", **logs})


def test_columns_in_order_even_when_empty():
    """An empty table has every column, in the order of the contract."""
    assert list(new_picks().columns) == list(COLUMNS)
    assert len(new_picks()) == 0


def test_golden_row_completes_both_ways():
    """A commercial export's row: true dip from the height of its trace, and the height from its true dip."""
    image = hole(diameter=8.5 * 0.0254, deviation=88.68559, hole_azimuth=131.8563)
    amplitude = 1.24535366 * 0.3048 / 2
    pick = new_picks(depth_m=[50.0], class_="fracture", amplitude_m=amplitude, azimuth_app_deg=315.2664)
    full, findings = complete(pick, image)
    assert findings == []
    assert full.dip_true_deg[0] == pytest.approx(51.04794, abs=1e-3)
    assert full.azimuth_true_deg[0] == pytest.approx(3.732219, abs=1e-3)
    truth = new_picks(depth_m=[50.0], class_="fracture", dip_true_deg=51.04794, azimuth_true_deg=3.732219)
    full, _ = complete(truth, image)
    assert full.amplitude_m[0] == pytest.approx(amplitude, abs=1e-4)
    assert full.reference[0] == "high_side"


def test_azimuths_turn_to_the_image():
    """A table told from the high side is turned, not relabelled, for a pseudo-north image; its true dip stays."""
    image = hole(diameter=0.2, deviation=30.0, hole_azimuth=100.0, reference="pseudo_north")
    picks = new_picks(
        depth_m=[1.0, 2.0], class_="bedding", dip_app_deg=40.0, azimuth_app_deg=20.0, reference="high_side"
    )
    full, _ = complete(picks, image)
    assert full.azimuth_app_deg.tolist() == pytest.approx([120.0, 120.0])
    same, _ = complete(picks, hole(diameter=0.2, deviation=30.0, hole_azimuth=100.0))
    assert full.dip_true_deg.tolist() == pytest.approx(same.dip_true_deg.tolist())


def test_unknown_hole_is_a_finding_not_a_number():
    """Without deviation and diameter, true dip and amplitude stay empty, and each says how to mend it."""
    picks = new_picks(depth_m=[1.0], class_="bedding", dip_app_deg=40.0, azimuth_app_deg=20.0)
    full, findings = complete(picks, hole())
    assert np.isnan(full.dip_true_deg[0])
    assert np.isnan(full.amplitude_m[0])
    assert {f.kind for f in findings} == {"no-dip", "no-amplitude"}
    assert any("--survey" in f.action for f in findings)
    bearings = hole(diameter=0.2, deviation=30.0, hole_azimuth=100.0, reference="unknown")
    (finding,) = complete(picks, bearings)[1]
    assert (finding.kind, finding.action) == ("no-dip", "give --azimuth-reference")


def test_a_hole_partly_without_diameter_asks_for_it():
    """Where it is known dips are told; where it is not the finding says so, and does not blame the deviation."""
    image = hole(diameter=np.where(np.arange(101) < 50, 0.2, np.nan), deviation=30.0, hole_azimuth=100.0)
    full, findings = complete(
        new_picks(depth_m=[10.0, 90.0], class_="bedding", amplitude_m=0.1, azimuth_app_deg=20.0), image
    )
    assert np.isfinite(full.dip_true_deg[0])
    assert np.isnan(full.dip_true_deg[1])
    (finding,) = findings
    assert (finding.kind, finding.action) == ("no-diameter", "give --diameter")
    assert finding.observed.startswith("1 of 2 picks")


def test_completion_keeps_what_a_row_says():
    """A true dip that the table states is not overwritten by the computed one."""
    image = hole(diameter=0.2, deviation=0.0, hole_azimuth=0.0)
    picks = new_picks(
        depth_m=[1.0],
        class_="bedding",
        dip_app_deg=40.0,
        azimuth_app_deg=20.0,
        dip_true_deg=41.0,
        azimuth_true_deg=22.0,
    )
    full, _ = complete(picks, image)
    assert full.dip_true_deg[0] == 41.0


@pytest.mark.parametrize(
    ("column", "value"),
    [("class", "breakout"), ("dip_app_deg", 91.0), ("azimuth_true_deg", -1.0), ("confidence", 1.2),
     ("depth_m", np.nan), ("status", "maybe"), ("quality", "E"), ("reference", "south")],
)  # fmt: skip
def test_values_out_of_range_name_row_and_column(column, value):
    """The error names the row, the column and the value."""
    picks = new_picks(depth_m=[1.0, 2.0], class_="bedding")
    picks[column] = picks[column].astype(object)
    picks.loc[1, column] = value
    with pytest.raises(InputError, match=f"row 1, {column}"):
        validate(picks)


def test_missing_or_misplaced_column():
    """A column missing or out of order is refused."""
    picks = new_picks(depth_m=[1.0], class_="bedding")
    for broken in (picks.drop(columns="quality"), picks[list(reversed(picks.columns))]):
        with pytest.raises(InputError):
            validate(broken)


finite = st.floats(0, 1000)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(finite, st.sampled_from(["bedding", "fracture"]), st.floats(0, 90)), max_size=5))
def test_csv_round_trip(tmp_path_factory, rows):
    """What is written is read back within the digits written, empty tables and commas included."""
    file = tmp_path_factory.mktemp("picks") / "a.picks.csv"
    picks = new_picks(
        well='Øst, "7"', depth_m=[r[0] for r in rows], class_=[r[1] for r in rows], dip_app_deg=[r[2] for r in rows]
    )
    write_picks(picks, file)
    pd.testing.assert_frame_equal(read_picks(file), picks, check_dtype=False, atol=1e-6)


def test_foreign_csv(tmp_path):
    """A CSV of something else, binary, or nothing at all: one line each."""
    for content in (b"", b"a,b\n1,2\n", bytes(range(256)), b'"'):
        (tmp_path / "a.csv").write_bytes(content)
        with pytest.raises(InputError, match=r"a\.csv"):
            read_picks(tmp_path / "a.csv")


def test_traces_by_hand():
    """Trace parameters come from amplitude and azimuth; a flat pick needs no azimuth."""
    picks = new_picks(depth_m=[1.0, 2.0], class_="bedding", amplitude_m=[0.5, 0.0], azimuth_app_deg=[90.0, np.nan])
    assert np.allclose(traces(picks), [[1, 0, 0.5], [2, 0, 0]])


def test_apparent_azimuth_survives_an_unknown_diameter():
    """Without a diameter there is no dip, but the trace that was measured on the image stays whole."""
    picks = new_picks(depth_m=[1.0], class_="fracture", amplitude_m=0.3, azimuth_app_deg=200.0)
    full, _ = complete(picks, hole(deviation=10.0, hole_azimuth=20.0))
    assert full.azimuth_app_deg[0] == 200.0
    assert np.allclose(traces(full), traces(picks))


def test_unknown_azimuth_is_not_north():
    """A dipping pick without an azimuth has no true dip; a flat one needs none."""
    picks = new_picks(depth_m=[1.0, 2.0], class_="bedding", dip_app_deg=[30.0, 0.0])
    full, _ = complete(picks, hole(diameter=0.2, deviation=20.0, hole_azimuth=90.0))
    assert np.isnan(full.dip_true_deg[0])
    assert full.dip_true_deg[1] == pytest.approx(20.0)
