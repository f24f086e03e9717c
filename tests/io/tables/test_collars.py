"""Collars are read in the units of the file, one for each well, or refused."""

import pytest

from geobfdt.io.tables.collars import read_collar
from geobfdt.runtime.findings import InputError
from geobfdt.wells.position import Collar


def table(folder, text):
    """Write a table of collars."""
    file = folder / "collars.csv"
    file.write_text(text)
    return file


def kinds(findings):
    """Kinds of findings."""
    return {finding.kind for finding in findings}


def test_the_row_of_a_well_in_the_units_of_the_file(tmp_path):
    """Feet become metres, case of the well's name does not matter, and nothing is assumed."""
    text = "BHID;Easting (m);Northing (m);RL (ft);azimuth_to_grid\nA-1;500000,5;6700000;100;\nB-1;1;2;0;-1,5\n"
    file = table(tmp_path, text)
    collar, findings = read_collar(file, "a-1")
    assert collar == Collar(500000.5, 6700000.0, pytest.approx(30.48))
    assert not {"collar-unit-assumed", "collar-well-assumed"} & kinds(findings)
    assert read_collar(file, "B-1")[0].azimuth_to_grid == -1.5


def test_a_row_of_units(tmp_path):
    """Units may stand below the names."""
    collar, findings = read_collar(table(tmp_path, "well,x,y,z\n,ft,ft,ft\nA,1000,0,10\n"), "A")
    assert (collar.x, collar.z) == pytest.approx((304.8, 3.048))
    assert "collar-unit-assumed" not in kinds(findings)


def test_no_unit_is_metres_and_is_reported(tmp_path):
    """A table without units, as most are."""
    collar, findings = read_collar(table(tmp_path, "well,x,y,z\nA,1,2,3\n"), "A")
    assert collar == Collar(1.0, 2.0, 3.0)
    assert kinds(findings) == {"collar-unit-assumed"}


@pytest.mark.parametrize(("well", "row"), [("", "A"), ("A", ""), ("", "")])
def test_one_collar_and_no_name(tmp_path, well, row):
    """The only collar serves picks where one of the two has no name; two different names are another matter."""
    file = table(tmp_path, f"well,x (m),y (m),z (m)\n{row},1,2,3\n")
    collar, findings = read_collar(file, well)
    assert collar.x == 1.0
    assert ("collar-well-assumed" in kinds(findings)) == bool(well or row)


@pytest.mark.parametrize(
    ("text", "well"),
    [
        ("well,x,y,z\nA,1,2,3\n", "B"),  # another well
        ("well,x,y,z\nA,1,2,3\nA,1,2,4\n", "A"),  # two collars of a well
        ("well,x,y,z\nA,1,2,3\nB,1,2,4\n", ""),  # which one is meant?
        ("well,x,y\nA,1,2\n", "A"),  # no elevation
        ("well,x,y,z,kb\nA,1,2,3,4\n", "A"),  # two elevations
        ("well,x,y,z\nA,1,,3\n", "A"),  # no number
        ("well,x,y,z\nA,1,n/a,3\n", "A"),
        ("well,x (furlong),y,z\nA,1,2,3\n", "A"),
        ("well,x,y,z,azimuth_to_grid\nA,1,2,3,400\n", "A"),
    ],
)
def test_refused(tmp_path, text, well):
    """What does not say where the one hole begins is refused."""
    with pytest.raises(InputError):
        read_collar(table(tmp_path, text), well)
