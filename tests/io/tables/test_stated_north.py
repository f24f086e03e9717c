"""The north that the header of a table of picks states: honoured, or reported; never passed over."""

import numpy as np
import pytest

from geobfdt.io.tables.pick_tables import read_pick_table
from geobfdt.io.tables.surveys import read_survey
from geobfdt.runtime.findings import InputError


def las(tmp_path, *entries, section="Parameter", description="Dip azimuth"):
    """A LAS file of one tadpole, with entries of its header."""
    lines = [
        "~Version", "VERS. 2.0 :", "WRAP. NO :", "~Well", "STRT.M 10 :", "STOP.M 20 :", "STEP.M 0 :", "NULL. -999.25 :",
        "WELL. A :", f"~{section}" if section != "Well" else "#", *entries, "~Curve", "DEPT.M : Depth",
        "DIP_TRUE.DEG : True dip", f"AZIM_TRUE.DEG : {description}", "TYPE. : Type",
        "~ASCII", "15.0 30.0 100.0 Fracture",
    ]  # fmt: skip
    (tmp_path / "dips.las").write_text("\n".join(lines) + "\n")
    return tmp_path / "dips.las"


def kinds(read):
    """Kinds of findings."""
    return {finding.kind for finding in read.findings}


@pytest.mark.parametrize("section", ["Parameter", "Well"])
@pytest.mark.parametrize(
    ("entry", "north"),
    [
        ("AZIM_REF. MAGNETIC : azimuth reference", "magnetic"),
        ("AZIM_REF. TRUE NORTH :", "true"),
        ("AZREF. TN : Azimuth reference", "true"),
        ("NREF. G : North reference", "grid"),
        ("NORTH_REF. Grid North : ", "grid"),
        ("NORTH. mag : north of azimuths", "magnetic"),
        ("XYZ1. geographic : Reference of dip azimuths", "true"),
        ("MAGNETIC_NORTH. YES :", "magnetic"),
    ],
)
def test_a_header_names_the_north(tmp_path, section, entry, north):
    """Whatever the entry is called; rows keep it."""
    read = read_pick_table(las(tmp_path, entry, section=section))
    assert read.north == north
    assert read.picks["north_reference"].tolist() == [north]
    assert read.picks["azimuth_true_deg"].tolist() == [100.0]


def test_a_description_names_the_north(tmp_path):
    """That of the curve of azimuths; it may contradict an entry."""
    assert read_pick_table(las(tmp_path, description="Dip azimuth from magnetic north")).north == "magnetic"
    with pytest.raises(InputError, match="grid and true"):
        read_pick_table(las(tmp_path, "NREF. GRID : North reference", description="Azimuth, true north"))


@pytest.mark.parametrize(
    "entry",
    [
        "AZIM_REF. LH : azimuth reference",
        "NREF. magnetic to true : North reference",
        "TRUE_NORTH. NO : azimuths",
        "GRID_CORR.deg -1.2 : Grid correction",
        "CONV.deg 1.2 : Grid convergence",
        "MDEC.deg applied : Magnetic declination",
    ],
)
def test_what_is_not_understood_is_reported(tmp_path, entry):
    """The finding is major, quotes it, and no north is claimed."""
    read = read_pick_table(las(tmp_path, entry))
    assert read.north == "unknown"
    (finding,) = [finding for finding in read.findings if finding.kind == "north-unread"]
    assert finding.severity == "major"
    assert entry.split(".")[0].split("_")[0] in finding.observed


@pytest.mark.parametrize(
    ("entry", "degrees"),
    [
        ("MDEC.deg 4.5 : Magnetic declination", 4.5),
        ("DECL. 4.5W : ", -4.5),
        ("MAGDEC. 4,5 deg E : declination", 4.5),
        ("DECLINATION.deg -4.5 : ", -4.5),
    ],
)
def test_declinations(tmp_path, entry, degrees):
    """East is positive; two of them that differ are reported."""
    assert read_pick_table(las(tmp_path, entry)).declination == degrees
    read = read_pick_table(las(tmp_path, entry, "DECL2.deg 9 : declination"))
    assert np.isnan(read.declination)
    assert "north-unread" in kinds(read)


@pytest.mark.parametrize("entry", ["FLD. North Sea : Field", "LATI. 61 N : Latitude", "NORTHING.m 6.5e6 : y", "GR. : "])
def test_other_entries_say_nothing_of_north(tmp_path, entry):
    """No false alarm."""
    read = read_pick_table(las(tmp_path, entry))
    assert (read.north, "north-unread" in kinds(read)) == ("unknown", False)


def test_a_reference_of_apparent_azimuths(tmp_path):
    """The high side is no north."""
    file = las(tmp_path, "AZIM_REF. TOP OF HOLE : azimuth reference")
    file.write_text(file.read_text().replace("_TRUE", "_APP"))
    read = read_pick_table(file)
    assert read.picks["reference"].tolist() == ["high_side"]
    assert read.north == "unknown"


TITLES = [
    ("North reference: Grid\n", "grid"),
    ("# Azimuths from magnetic north\n", "magnetic"),
    ("Field,North Sea,\nAzimuth reference = True,,\n", "true"),
]


@pytest.mark.parametrize(("title", "north"), TITLES)
def test_lines_above_a_table(tmp_path, title, north):
    """Of picks and of surveys alike."""
    (tmp_path / "p.csv").write_text(f"{title}MD (m),True dip,True azimuth,Type\n10,30,100,Fracture\n")
    assert read_pick_table(tmp_path / "p.csv").north == north
    (tmp_path / "s.csv").write_text(f"{title}MD (m),Inc,Azi\n0,1,100\n10,1,100\n")
    assert read_survey(tmp_path / "s.csv")[0].north == north


def test_a_column_of_norths(tmp_path):
    """Each row names it; rows from two norths are refused, and one against the header."""
    text = "{}MD (m),True dip,True azimuth,Type,North reference\n10,30,100,Fracture,True\n12,30,100,Fracture,{}\n"
    path = tmp_path / "p.csv"
    path.write_text(text.format("", "true north"))
    assert read_pick_table(path).north == "true"
    for bad in (text.format("", "Grid"), text.format("North reference: magnetic\n", "True"), text.format("", "left")):
        path.write_text(bad)
        with pytest.raises(InputError):
            read_pick_table(path)
