"""Surveys: stations as files have them."""

import numpy as np
import pandas as pd
import pytest
from tests.real_data import DATA

from geobfdt import geometry
from geobfdt.io.tables.surveys import read_survey
from geobfdt.runtime.findings import InputError
from geobfdt.wells.survey import Survey

real_data = pytest.mark.skipif(not DATA.exists(), reason="needs ../shared/data")


def survey(tmp_path, text):
    """Read a survey of this text."""
    path = tmp_path / "survey.csv"
    path.write_text(text, encoding="utf-8")
    return read_survey(path)


def kinds(findings):
    """Kinds of findings, in order."""
    return [finding.kind for finding in findings]


def test_between_stations_the_hole_turns_evenly():
    """Halfway from vertical to horizontal the hole is at 45 degrees; beyond the ends the end stations hold."""
    stations = Survey(np.array([0.0, 100.0]), np.array([0.0, 90.0]), np.array([30.0, 30.0]))
    deviation, azimuth = stations.at([-10.0, 50.0, 200.0])
    assert deviation == pytest.approx([0.0, 45.0, 90.0])
    assert azimuth[1:] == pytest.approx([30.0, 30.0])


@pytest.mark.parametrize(
    "header",
    ["DEPTH,DEVI,AZIM", "MD,INCL,HAZI", "depth_mMDRF,inclination_deg,azimuth_deg", "Measured Depth (m),Inc,Azi [deg]"],
)
def test_columns_by_their_names(tmp_path, header):
    """Depth, deviation and azimuth go by many names, units in the name or not, other columns between them."""
    stations, _ = survey(tmp_path, f"TVD,{header}\n5,10,1,350\n6,20,2,10\n")
    assert stations.depth.tolist() == [10, 20]
    assert stations.deviation.tolist() == [1, 2]
    assert stations.azimuth.tolist() == [350, 10]


def test_units_row_and_feet(tmp_path):
    """A row of units is no station; feet become metres."""
    stations, findings = survey(tmp_path, "MD;INCL;AZIM\nft;deg;deg\n0;0;0\n1000,5;1,5;20\n")
    assert stations.depth == pytest.approx([0, 304.9524])
    assert stations.deviation.tolist() == [0, 1.5]
    assert kinds(findings) == ["decimal-comma"]


def test_asked_unit_wins_and_is_noted(tmp_path):
    """A unit that the user gives overrules the file's, and a finding says so; no unit at all is taken as metres."""
    path = tmp_path / "s.csv"
    path.write_text("MD [m],INCL,AZIM\n100,0,0\n")
    stations, findings = read_survey(path, "ft")
    assert stations.depth == pytest.approx([30.48])
    assert kinds(findings) == ["depth-unit-overruled"]
    path.write_text("MD,INCL,AZIM\n100,0,0\n")
    assert kinds(read_survey(path)[1]) == ["depth-unit-assumed"]
    assert kinds(read_survey(path, "m")[1]) == []


def test_disorder_is_repaired_and_noted(tmp_path):
    """Azimuths over 360, repeated, unsorted, empty and unreadable stations: each repaired, each a finding."""
    stations, findings = survey(
        tmp_path, "MD (m),INCL,AZIM\n0,0,0\n20,5,370\n10,2,355\n10,2,-5\n30,-999.25,1\n40,x,1\n"
    )
    assert stations.depth.tolist() == [0, 10, 20]
    assert stations.azimuth.tolist() == [0, 355, 10]
    assert set(kinds(findings)) == {
        "rows-unreadable", "stations-empty", "azimuth-wrapped", "stations-unsorted", "stations-repeated",
    }  # fmt: skip
    assert any(f.kind == "rows-unreadable" and "line 7" in f.observed for f in findings)


def test_a_vertical_station_needs_no_azimuth(tmp_path):
    """An empty azimuth of a vertical station counts as 0."""
    assert survey(tmp_path, "MD (m),INCL,AZIM\n0,0,\n10,1,5\n")[0].azimuth.tolist() == [0, 5]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("MD,INCL,AZIM\n10,2,5\n10,3,5\n", "lines 2 and 3 give two directions at 10 m"),
        ("MD,INCL\n10,2\n", "no column of azimuth"),
        ("MD,INCL,AZIM\n", "no station"),
        ("MD,INCL,AZIM\n10,200,5\n", "line 2: deviation 200"),
        ("MD (furlong),INCL,AZIM\n1,2,5\n", "'furlong'"),
        ("MD,INCL (grad),AZIM\n1,2,5\n", "'grad'"),
        ("", "empty"),
        ("10,2,5\n20,3,5\n", "numbers where column names should be"),
    ],
)
def test_what_cannot_be_read_says_why(tmp_path, text, says):
    """One line that names file, place and cure."""
    with pytest.raises(InputError, match=says) as error:
        survey(tmp_path, text)
    assert "survey.csv" in str(error.value)


@real_data
def test_real_path_by_minimum_curvature():
    """Positions computed from a published survey match its own columns to their rounding of 0.01 m.

    Its azimuths were turned by 80 degrees (440 on the first, vertical stations) when it was made anonymous;
    eastings and northings were not.
    """
    file = DATA / "picks-geothermal" / "testdata-survey.csv"
    stations, findings = read_survey(file)
    assert kinds(findings) == ["azimuth-wrapped"]
    table = pd.read_csv(file)
    path = geometry.well_path(stations.depth, stations.deviation, stations.azimuth - 80, stations.depth)
    assert np.abs(path - table[["easting_m", "northing_m", "TVD_mRF"]].to_numpy()).max() < 0.0051


@real_data
def test_real_survey_of_a_horizontal_well():
    """Every station of a real LWD survey is read."""
    stations, _ = read_survey(DATA / "lwd-las" / "P11-A-02_SURV.csv")
    assert len(stations.depth) == 91
    assert stations.at([111.99])[0] == pytest.approx([3.79])
    assert stations.deviation.max() == 89.72


TWO_WELLS = "Well,MD (m),Inc,Azi\nW-1,0,0,0\nW-1,950,2,40\nW-2,0,0,0\nW-2,990,60,250\n"


def of_well(tmp_path, text, well):
    """Read the survey of a well."""
    path = tmp_path / "survey.csv"
    path.write_text(text, encoding="utf-8")
    return read_survey(path, well=well)


@pytest.mark.parametrize("name", ["Well", "Borehole", "HOLEID", "Hole ID", "BHID", "UWI", "Well Name", "wellbore"])
@pytest.mark.parametrize("well", ["W-1", "w-1", " W-1 "])
def test_stations_of_the_image_well_alone(tmp_path, name, well):
    """Of a table of several wells, only the rows of the image's well count, by any name of the column."""
    stations, findings = of_well(tmp_path, TWO_WELLS.replace("Well", name, 1), well)
    assert (stations.depth.tolist(), stations.deviation.tolist()) == ([0, 950], [0, 2])
    assert kinds(findings) == ["other-wells"]


@pytest.mark.parametrize("well", ["W-3", "W-11", "W", "", None])
def test_a_survey_without_the_image_well_is_refused(tmp_path, well):
    """No match, or an image without a name before a table of several: the wells are named."""
    with pytest.raises(InputError, match=r"W-1, W-2"):
        of_well(tmp_path, TWO_WELLS, well)


def test_a_survey_of_one_other_well_is_refused(tmp_path):
    """A lone other well is another well; before an image that names none it is a major finding."""
    text = "Well,MD (m),Inc,Azi\nW-2,0,0,0\nW-2,990,60,250\n"
    with pytest.raises(InputError, match="W-2"):
        of_well(tmp_path, text, "W-1")
    stations, findings = of_well(tmp_path, text, "")
    assert (len(stations.depth), kinds(findings)) == (2, ["survey-well-assumed"])


def test_stations_without_a_well_are_nobodys(tmp_path):
    """Blank cells in a table of several wells are left out; in a table of one they are its own."""
    stations, findings = of_well(tmp_path, TWO_WELLS + ",1500,60,250\n", "W-1")
    assert (stations.depth.tolist(), "rows-without-well" in kinds(findings)) == ([0, 950], True)
    stations, findings = of_well(tmp_path, "Well,MD (m),Inc,Azi\nW-1,0,0,0\n,950,2,40\n", "W-1")
    assert (stations.depth.tolist(), kinds(findings)) == ([0, 950], ["well-filled"])


@pytest.mark.parametrize(
    ("header", "north"),
    [
        ("MD (m),Inc (deg),Azi (deg)", "unknown"),
        ("MD (m),Inc (°),Azi Grid (°)", "grid"),
        ("MD (m),Inclination (°),Azimuth (grid)", "grid"),
        ("MD[m],Inc[deg],AziT[deg]", "true"),
        ("Measured Depth (m),Inclination,Azimuth True", "true"),
        ("MD (m),INCL,AZIM_TN", "true"),
        ("MD (m),INCL,AZIM_GN", "grid"),
        ("MD (m),INCL,AZIM_MN", "magnetic"),
        ("MD (m),Inc.,Azi.", "unknown"),
        ("Depth MD (m),Drift,Direction", "unknown"),
        ("MD (m),Incl,Azim (true north)", "true"),
        ("MD (m),Incl,Azimuth (deg magnetic)", "magnetic"),
        ("MD (m),Incl,Grid azimuth", "grid"),
        ("MD (m MDRT),Incl,Mag. Azi", "magnetic"),
        ("MD (m),Incl,True North Azimuth [deg]", "true"),
        ("MD (m),INC,AZ", "unknown"),
    ],
)
def test_headers_and_their_north(tmp_path, header, north):
    """Names with units and norths are read, and the north is kept as a finding."""
    stations, findings = survey(tmp_path, f"{header}\n0,12,250\n2000,12,250\n")
    assert (stations.deviation.tolist(), stations.azimuth.tolist()) == ([12, 12], [250, 250])
    assert stations.north == north
    assert kinds(findings) == (["survey-north"] if north != "unknown" else [])


def test_true_north_goes_before_grid(tmp_path):
    """Of azimuths from several norths the true one is taken; two of one north are refused."""
    stations, _ = survey(tmp_path, "MD (m),Inc,Azi Grid,Azi True\n0,12,250,248\n")
    assert (stations.azimuth.tolist(), stations.north) == ([248], "true")
    with pytest.raises(InputError, match="both"):
        survey(tmp_path, "MD (m),Inc,Azimuth True,Azi TN\n0,12,250,248\n")


@pytest.mark.parametrize("header", ["DEPTH (m TVD),INC,AZ", "TVD (m),INC,AZ", "Depth TVDSS [m],INC,AZ"])
def test_a_survey_by_vertical_depth_is_refused(tmp_path, header):
    """True vertical depth is no measured depth."""
    with pytest.raises(InputError, match="no column of depth"):
        survey(tmp_path, f"{header}\n0,12,250\n")


def test_bearings_in_a_survey(tmp_path):
    """Old surveys give quadrants; what is no azimuth is counted with its line."""
    stations, findings = survey(tmp_path, "MD (m),INC,AZ\n0,12,N45E\n10,12,S30W\n20,12,east-ish\n")
    assert stations.azimuth.tolist() == [45, 210]
    assert kinds(findings) == ["rows-unreadable"]


def test_wells_named_between_the_stations_are_refused(tmp_path):
    """A report of several wells one below the other."""
    with pytest.raises(InputError, match=r"A-1.*B-2"):
        survey(tmp_path, "MD (m),INC,AZ\nWell: A-1,,\n0,1,2\nWell: B-2,,\n0,60,250\n")
