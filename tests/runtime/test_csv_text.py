"""Tables that a spreadsheet opens: no text of a file becomes a formula, and none is lost on the way back."""

import csv

import pytest

from geobfdt.io.write.tables import FORMATS
from geobfdt.wells.intervals import new_intervals, read_intervals, write_intervals
from geobfdt.wells.picks import new_picks, read_picks, write_picks

NAMES = [
    "=cmd|' /C calc'!A0",
    "+1+1",
    "@SUM(A1)",
    "-2+3",
    "'=quoted",
    "NA",
    "None",
    "A-1",
    "15/9-F-1",
    "-",
    "'t Zand-1",
]
HARMLESS = ("-",)


@pytest.mark.parametrize("well", NAMES)
def test_a_well_of_any_name_comes_back(tmp_path, well):
    """Picks and intervals hold the same name after writing and reading; in the file it is no formula."""
    write_picks(new_picks(depth_m=[5.0], class_="bedding", well=well, source=well), tmp_path / "a.csv")
    write_intervals(new_intervals([(well, "interpreted", "bedding", 1.0, 2.0)]), tmp_path / "b.csv")
    read = read_picks(tmp_path / "a.csv")
    assert (read["well"][0], read["source"][0]) == (well, well)
    assert read_intervals(tmp_path / "b.csv")["well"][0] == well
    for file in tmp_path.iterdir():
        with file.open(newline="") as stream:
            cell = next(csv.DictReader(stream))["well"]
        assert cell in HARMLESS or cell[0] not in "=+-@"


@pytest.mark.parametrize("kind", ["techlog", "wellcad", "geolog"])
def test_labels_in_other_programs_tables_are_no_formulas(tmp_path, kind):
    """A label that the user's own vocabulary kept may be anything."""
    picks = new_picks(depth_m=[5.0], class_="fracture", well="=1+1", dip_true_deg=10.0, azimuth_true_deg=20.0)
    FORMATS[kind](picks.assign(class_source="=HYPERLINK(1)"), tmp_path / "a.csv")
    with (tmp_path / "a.csv").open(newline="", encoding="utf-8-sig") as stream:
        cells = [cell for row in csv.reader(stream) for cell in row]
    assert any("HYPERLINK" in cell for cell in cells)
    assert not [
        cell for cell in cells if cell[:1] in ("=", "+", "@") or (cell.startswith("-") and not cell[1:2].isdigit())
    ]
