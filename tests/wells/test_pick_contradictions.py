"""Edited columns: amplitudes that do not fit their dips, true dips that do not follow from apparent ones."""

import numpy as np
import pytest

from geobfdt.io.tables.pick_tables import read_pick_table
from geobfdt.wells.image import well_image
from geobfdt.wells.picks import complete, new_picks, write_picks

# In a hole of 0.2 m, a dip of 45 deg has an amplitude of 0.1 m.
SOUND = {
    "depth_m": [1.0, 2.0, 3.0], "class_": "bedding", "amplitude_m": 0.1, "diameter_m": 0.2,
    "dip_app_deg": 45.0, "azimuth_app_deg": 90.0, "dip_true_deg": 45.0, "azimuth_true_deg": 90.0,
}  # fmt: skip


def hole(**changes):
    """A vertical hole of 5 m, image angles from north."""
    attributes = {"reference": "north", "deviation": 0.0, "hole_azimuth": 0.0, "diameter": 0.2}
    return well_image(np.zeros((51, 8)), 0.1 * np.arange(51), **{**attributes, **changes})


def kinds(findings):
    """Kinds of findings."""
    return [finding.kind for finding in findings]


@pytest.mark.parametrize(
    ("column", "wrong"), [("amplitude_m", 0.12), ("diameter_m", 8.5), ("dip_app_deg", 46.0), ("amplitude_m", 0.0)]
)
def test_an_edited_column_is_reported_with_its_rows(tmp_path, column, wrong):
    """By reading the table, and by completing it; the row is named and no value changes."""
    picks = new_picks(**SOUND)
    picks.loc[1, column] = wrong
    write_picks(picks, tmp_path / "a.csv")
    read = read_pick_table(tmp_path / "a.csv")
    (finding,) = read.findings
    assert finding.kind == "amplitude-dip-disagree"
    assert "2.000 m" in finding.observed
    assert "3.000 m" not in finding.observed
    assert read.picks[column].tolist() == picks[column].tolist()
    assert "amplitude-dip-disagree" in kinds(complete(picks, hole())[1])


@pytest.mark.parametrize(("column", "wrong"), [("dip_true_deg", 50.0), ("azimuth_true_deg", 95.0)])
def test_true_dips_that_do_not_follow_from_the_hole(column, wrong):
    """The hole tells; in an unknown hole nothing does."""
    picks = new_picks(**SOUND)
    picks.loc[1, column] = wrong
    (finding,) = complete(picks, hole())[1]
    assert finding.kind == "true-and-apparent-disagree"
    assert "2.000 m" in finding.observed
    assert kinds(complete(picks, hole(reference="unknown"))[1]) == []


def test_sound_picks_give_no_finding(tmp_path):
    """Nor do level planes without azimuth, rounded dips, and values that are missing."""
    rows = new_picks(**SOUND)
    flat = dict.fromkeys(("dip_app_deg", "dip_true_deg", "amplitude_m"), 0.0)
    level = new_picks(**{**SOUND, **flat, "azimuth_app_deg": np.nan})
    rounded = new_picks(**{**SOUND, "amplitude_m": 0.1003, "dip_app_deg": 45.1, "dip_true_deg": np.nan})
    bare = new_picks(depth_m=[1.0], class_="fracture", amplitude_m=0.3, azimuth_app_deg=10.0)
    for picks in (rows, level, rounded, bare):
        assert kinds(complete(picks, hole())[1]) == []
        write_picks(picks, tmp_path / "a.csv")
        assert read_pick_table(tmp_path / "a.csv").findings == []
