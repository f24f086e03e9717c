"""Dip directions and strikes: as written, or refused; never one for the other."""

import numpy as np
import pytest

from geobfdt.io.tables.pick_tables import read_pick_table
from geobfdt.runtime.findings import InputError, Severity

DIPS, DIRECTIONS = (30, 35, 40), (100, 200, 300)
RHR = tuple((direction - 90) % 360 for direction in DIRECTIONS)
LHR = tuple((direction + 90) % 360 for direction in DIRECTIONS)
PLANES = list(zip(DIPS, DIRECTIONS, RHR, strict=True))


def write(tmp_path, header, columns, name="dips.csv"):
    """A table of planes at 1000.5 m and each metre below, by columns."""
    rows = [",".join([str(1000.5 + i), *map(str, row), "Fracture"]) for i, row in enumerate(zip(*columns, strict=True))]
    path = tmp_path / name
    path.write_text("\n".join([f"Depth (m),{header},Type", *rows]) + "\n", encoding="utf-8")
    return path


def mapping(tmp_path, text):
    """A mapping file."""
    path = tmp_path / "mapping.yaml"
    path.write_text(text)
    return path


def kinds(read):
    """Kinds of findings."""
    return {finding.kind for finding in read.findings}


@pytest.mark.parametrize("rule", ["", "azimuth: strike_rhr\n"])
@pytest.mark.parametrize(
    ("direction", "strike", "strikes"),
    [
        ("True azimuth", "Strike_RHR", RHR),
        ("True azimuth", "Strike", RHR),
        ("True azimuth", "Strike", LHR),
        ("True azimuth", "Strike", [s % 180 for s in RHR]),
        ("True azimuth", "Strike (RHR)", RHR),
        ("True azimuth", "Strike (right-hand rule) [deg]", RHR),
        ("True dip direction", "RHR strike", RHR),
        ("Dip azimuth (true)", "strike_rhr_deg", RHR),
        ("azimuth_true_deg", "strike_rhr", RHR),
        ("AZIM_TRU", "STRIKE_TRU", RHR),
        ("Dip direction", "Strike_RHR", RHR),
        ("DipDir", "Strike", RHR),
        ("Azimuth", "Strike azimuth", RHR),
        ("True azimuth", "Strike_RHR", [s + 1.9 for s in RHR]),
        ("True azimuth", "Strike", ["N10E", "N70W", "N30E"]),
    ],
)
def test_a_strike_beside_a_dip_direction_changes_nothing(tmp_path, direction, strike, strikes, rule):
    """Whatever the two are called, the direction is the direction, also where a mapping speaks of strikes."""
    if rule and list(strikes) != list(RHR):
        rule = ""
    path = write(tmp_path, f"True dip,{direction},{strike}", (DIPS, DIRECTIONS, strikes))
    read = read_pick_table(path, mapping=mapping(tmp_path, rule) if rule else None)
    assert read.picks["azimuth_true_deg"].tolist() == list(DIRECTIONS)
    assert "strike-beside-direction" in kinds(read)


def test_left_hand_strikes(tmp_path):
    """A plane dips to the left of a strike by the left-hand rule, beside its direction or without it."""
    path = write(tmp_path, "True dip,Strike (LHR)", (DIPS, LHR))
    assert read_pick_table(path).picks["azimuth_true_deg"].tolist() == list(DIRECTIONS)
    path = write(tmp_path, "True dip,True azimuth,Strike_LHR", (DIPS, DIRECTIONS, LHR))
    assert read_pick_table(path).picks["azimuth_true_deg"].tolist() == list(DIRECTIONS)


@pytest.mark.parametrize(
    ("strike", "strikes", "wrong"),
    [
        ("Strike_RHR", (10, 110, 30), 2),
        ("Strike_RHR", LHR, 0),
        ("Strike (LHR)", RHR, 0),
        ("Strike", (10, 120, 30), 1),
        ("Strike", ("N10E", "N70W", "N60W"), 2),
        ("Strike_RHR", [s + 3 for s in RHR], 0),
    ],
)
def test_a_contradiction_is_refused_with_both_values(tmp_path, strike, strikes, wrong):
    """A strike that cannot be of the dip direction beside it: the line and both cells are named."""
    path = write(tmp_path, f"True dip,True azimuth,{strike}", (DIPS, DIRECTIONS, strikes))
    with pytest.raises(InputError, match=f"line {2 + wrong}") as error:
        read_pick_table(path)
    assert f"'{DIRECTIONS[wrong]}'" in str(error.value)
    assert f"'{strikes[wrong]}'" in str(error.value)


def test_level_planes_contradict_nothing(tmp_path):
    """The direction of a plane that does not dip is noise."""
    path = write(tmp_path, "True dip,True azimuth,Strike_RHR", ((0, 0.5, 40), DIRECTIONS, (0, 0, 210)))
    assert read_pick_table(path).picks["azimuth_true_deg"].tolist() == list(DIRECTIONS)


def test_a_strike_beside_apparent_directions(tmp_path):
    """It may be of the true plane: it is compared, never refused, and never replaces the apparent direction."""
    header = "Apparent dip,Apparent azimuth,Strike_RHR"
    read = read_pick_table(write(tmp_path, header, (DIPS, DIRECTIONS, RHR)))
    assert read.picks["azimuth_app_deg"].tolist() == list(DIRECTIONS)
    assert "strike-direction-disagree" not in kinds(read)
    read = read_pick_table(write(tmp_path, header, (DIPS, DIRECTIONS, (0, 0, 0))))
    assert read.picks["azimuth_app_deg"].tolist() == list(DIRECTIONS)
    assert "strike-direction-disagree" in kinds(read)
    # Beside a true dip it is the strike of that.
    path = write(tmp_path, "Apparent dip,Apparent azimuth,True dip,Strike_RHR", ((20, 25, 30), (1, 2, 3), DIPS, RHR))
    picks = read_pick_table(path).picks
    assert picks["azimuth_app_deg"].tolist() == [1, 2, 3]
    assert picks["azimuth_true_deg"].tolist() == list(DIRECTIONS)


def test_a_row_without_direction_is_filled_from_its_strike(tmp_path):
    """Where a rule says the side, a strike gives the direction that the row lacks; where none does, it is missing."""
    columns = (DIPS, (100, "", 300), RHR)
    read = read_pick_table(write(tmp_path, "True dip,True azimuth,Strike_RHR", columns))
    assert read.picks["azimuth_true_deg"].tolist() == list(DIRECTIONS)
    read = read_pick_table(write(tmp_path, "True dip,True azimuth,Strike", columns))
    assert np.isnan(read.picks["azimuth_true_deg"].iloc[1])
    assert "no-azimuth" in kinds(read)


@pytest.mark.parametrize(("name", "severity"), [("Azimuth", None), ("Dip direction", Severity.MAJOR)])
def test_a_mapping_that_turns_a_column_is_told(tmp_path, name, severity):
    """Strikes in a column that calls itself a dip direction are read as the user says, with a major finding."""
    path = write(tmp_path, f"Dip,{name}", (DIPS, RHR))
    read = read_pick_table(path, mapping=mapping(tmp_path, "dip: true\nazimuth: strike_rhr\n"))
    assert read.picks["azimuth_true_deg"].tolist() == list(DIRECTIONS)
    assert {f.severity for f in read.findings if f.kind == "azimuth-overruled"} == ({severity} if severity else set())


def test_a_strike_mapped_to_an_azimuth(tmp_path):
    """A mapping that takes a strike for a dip direction has to say so in words."""
    path = write(tmp_path, "True dip,Strike", (DIPS, RHR))
    columns = "columns: {azimuth_true: Strike}\n"
    with pytest.raises(InputError, match="azimuth: dip_direction"):
        read_pick_table(path, mapping=mapping(tmp_path, columns))
    read = read_pick_table(path, mapping=mapping(tmp_path, columns + "azimuth: dip_direction\n"))
    assert read.picks["azimuth_true_deg"].tolist() == list(RHR)
    read = read_pick_table(path, mapping=mapping(tmp_path, columns + "azimuth: strike_rhr\n"))
    assert read.picks["azimuth_true_deg"].tolist() == list(DIRECTIONS)


def test_techlog_wellcad_and_las(tmp_path):
    """The same in the dialects of other programs."""
    tables = {
        "techlog.csv": "wellName,TDEP,DIP_TRU,AZIMUTH,STRIKE_RHR,Hole_Azimuth,Dip_Classification\n,m,deg,deg,deg,deg,\n"
        + "".join(f"A,{i},{d},{a},{s},77,Fracture\n" for i, (d, a, s) in enumerate(PLANES)),
        "wellcad.csv": "Feature Depth [m],Depth [m],Azimuth [deg],Dip [deg],Strike_RHR [deg],Type\n"
        + "".join(f"{i},{i},{a},{d},{s},Fracture\n" for i, (d, a, s) in enumerate(PLANES)),
        "v.las": "~V\nVERS. 2.0 :\nWRAP. NO :\n~W\nNULL. -999.25 :\n~C\nDEPTH.M :\nDIP_TRUE.DEG :\nAZIMUTH_TRUE.DEG :\n"
        "STRIKE_RHR.DEG :\nTYPE. :\n~A\n"
        + "".join(f"{i} {d} {a} {s} Fracture\n" for i, (d, a, s) in enumerate(PLANES)),
    }
    for name, text in tables.items():
        (tmp_path / name).write_text(text)
        picks = read_pick_table(tmp_path / name).picks
        assert picks["azimuth_true_deg"].tolist() == list(DIRECTIONS), name
        assert picks["azimuth_app_deg"].isna().all(), name


TRUE = "dip: true\n"


@pytest.mark.parametrize(
    ("header", "columns", "directions"),
    [
        ("Strike,Dip", (("N45E", "N10W", "S80E"), ("30SE", "60NE", "20S")), (135, 80, 190)),
        ("Strike,Dip", (("N45E", "N10W", "S80E"), ("30NW", "60 W", "20N")), (315, 260, 10)),
        ("Strike,Dip", (("N 45° E", "N 10 W", "s80e"), ("30° SE", "60 ne", "20-S")), (135, 80, 190)),
        ("Strike,Dip", ((45, 350, 100), ("30SE", "60NE", "20S")), (135, 80, 190)),
        ("Strike,Dip", ((225, 170, 280), ("30SE", "60NE", "20S")), (135, 80, 190)),
        ("Strike,Dip,Dip direction", ((40, 350, 100), (30, 60, 20), ("SE", "E", "SSW")), (130, 80, 190)),
        ("Dip,Azimuth", ((30, 60, 20), ("N45E", "N10W", "S80E")), (45, 350, 100)),
        ("Dip,Azimuth", (("30°", "60°", "20°"), ("135°", "80 deg", "S45°30'W")), (135, 80, 225.5)),
        ("Dip,Dip direction", ((30, 60, 20), ("SE", "north-north-west", "W")), (135, 337.5, 270)),
        ("Dip/DipDir", (("30/135", "60/080", "20 / 190"),), (135, 80, 190)),
        ("DipDir/Dip", (("135/30", "080/60", "190/20"),), (135, 80, 190)),
        ("Strike/Dip", (("N45E/30SE", "350/60NE", "S80E/20S"),), (135, 80, 190)),
    ],
)
def test_orientations_as_geologists_write_them(tmp_path, header, columns, directions):
    """Quadrant bearings, sides, degree signs, compass words and pairs in one cell."""
    read = read_pick_table(write(tmp_path, header, columns), mapping=mapping(tmp_path, TRUE))
    assert read.picks["dip_true_deg"].tolist() == [30, 60, 20]
    assert read.picks["azimuth_true_deg"].tolist() == list(directions)
    words = any(cell in ("SE", "W") for cell in columns[-1]) and "Strike" not in header
    assert ("azimuth-coarse" in kinds(read)) == words


@pytest.mark.parametrize(
    ("header", "columns", "cell"),
    [
        ("Dip,Azimuth", ((30, -30), ("N45E", "10")), "'-30'"),
        ("Dip,Azimuth", ((30, 120), ("N45E", "10")), "'120'"),
        ("Dip,Azimuth", ((30, 30), ("N45E", "N95E")), "'N95E'"),
        ("Dip,Azimuth", ((30, 30), ("N45E", "E45N")), "'E45N'"),
        ("Dip,Azimuth", ((30, 30), ("N45E", "10-20")), "'10-20'"),
        ("Dip,Azimuth", ((30, 30), ("N45E", "10 20")), "'10 20'"),
        ("Dip,Azimuth", ((30, "steep"), ("N45E", "10")), "'steep'"),
        ("Dip,Azimuth", ((30, "30SX"), ("N45E", "10")), "'30SX'"),
        ("Dip,Azimuth", ((30, "30/135"), ("N45E", "10")), "'30/135'"),
        ("Dip/DipDir", (("30/135", "60"),), None),
    ],
)
def test_a_cell_that_is_no_orientation_is_named(tmp_path, header, columns, cell):
    """The row is left out, or all of them refused, and the message shows line, column and cell."""
    read = read_pick_table(write(tmp_path, header, columns), mapping=mapping(tmp_path, TRUE))
    if cell is None:
        assert "no-azimuth" in kinds(read)
        return
    assert len(read.picks) == 1
    observed = next(f.observed for f in read.findings if f.kind == "rows-unreadable")
    assert "line 3" in observed
    assert cell in observed
    bad = [column[1:] for column in columns]
    with pytest.raises(InputError, match="line 2") as error:
        read_pick_table(write(tmp_path, header, bad), mapping=mapping(tmp_path, TRUE))
    assert cell in str(error.value)


def test_a_side_that_contradicts_is_refused(tmp_path):
    """A dip to the north-east of a strike to the north-east, or behind another dip direction, is no plane."""
    for header, row, rule in (
        ("Strike,Dip", ("N45E", "30NE"), ""),
        ("Strike,Dip", ("N45E", "30NW"), "azimuth: strike_rhr\n"),
        ("Azimuth,Dip", ("135", "30NW"), ""),
    ):
        path = write(tmp_path, header, [[cell] for cell in row])
        with pytest.raises(InputError, match="line 2") as error:
            read_pick_table(path, mapping=mapping(tmp_path, TRUE + rule))
        assert all(f"'{cell}'" in str(error.value) for cell in row)


def test_blank_azimuths_are_told(tmp_path):
    """A dip without a direction is a finding, as a plane without a dip is."""
    read = read_pick_table(write(tmp_path, "True dip,True azimuth", ((30, 0, 40), ("", "", 300))))
    assert "no-azimuth" in kinds(read)
    assert "1 of 3" in next(f.observed for f in read.findings if f.kind == "no-azimuth")


def test_which_north_a_table_names(tmp_path):
    """A column of azimuths from grid north is read, and the north is kept as a finding."""
    for name, north in (("Dip azimuth (grid)", "grid"), ("Azimuth (magnetic north)", "magnetic"), ("DIPAZ_TN", "true")):
        read = read_pick_table(write(tmp_path, f"True dip,{name}", (DIPS, DIRECTIONS)))
        assert read.picks["azimuth_true_deg"].tolist() == list(DIRECTIONS)
        assert north in next(f.observed for f in read.findings if f.kind == "north")
