"""Rows that can be read and may be wrong: reported, and not changed."""

import numpy as np
import pytest

from geobfdt.io.tables.pick_tables import read_pick_table
from geobfdt.io.tables.surveys import read_survey
from geobfdt.quality.hole_checks import check_depth
from geobfdt.wells.image import well_image
from geobfdt.wells.picks import new_picks, write_picks

HEAD = "Well,MD (m),True dip,True azimuth,Type\n"


def read_rows(tmp_path, rows, head=HEAD):
    """Picks of a table, and the severity of each kind of finding."""
    text = head + "".join(",".join(map(str, row)) + "\n" for row in rows)
    (tmp_path / "t.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    read = read_pick_table(tmp_path / "t.csv")
    return read.picks, {finding.kind: finding.severity.value for finding in read.findings}


def planes(dips, azimuths):
    """Rows of fractures of well A."""
    return [
        ("A", 100 + k, dip, azimuth, "Fracture") for k, (dip, azimuth) in enumerate(zip(dips, azimuths, strict=True))
    ]


SMALL, TURN = [0.1 + 0.1 * k for k in range(12)], [0.05 + 0.5 * k for k in range(12)]
STEEP, WIDE = [20 + 5 * k for k in range(12)], [30 * k for k in range(12)]


@pytest.mark.parametrize(
    ("dips", "azimuths", "severity"),
    [(SMALL, TURN, "major"), (STEEP, TURN, "major"), (SMALL, WIDE, "minor"), (STEEP, WIDE, None)],
)
def test_radians_without_a_unit(tmp_path, dips, azimuths, severity):
    """Many angles, all of them small: reported, and read as degrees."""
    picks, kinds = read_rows(tmp_path, planes(dips, azimuths))
    assert kinds.get("angles-may-be-radians") == severity
    assert picks["dip_true_deg"].tolist() == pytest.approx(dips)
    _, named = read_rows(
        tmp_path, planes(dips, azimuths), HEAD.replace("dip", "dip (deg)").replace("muth", "muth (deg)")
    )
    assert "angles-may-be-radians" not in named


def test_a_survey_in_radians(tmp_path):
    """Hole azimuths of a survey and of a log are read by the same rule."""
    rows = "".join(f"{10 * k},{0.05 * k:.3f},{0.4 * k:.3f}\n" for k in range(12))
    for unit, expected in (("", True), (" (deg)", False)):
        (tmp_path / "s.csv").write_text(f"MD (m),Inc{unit},Azi{unit}\n{rows}")
        assert ("angles-may-be-radians" in {finding.kind for finding in read_survey(tmp_path / "s.csv")[1]}) == expected


def test_negative_depths(tmp_path):
    """Elevations are no depths."""
    assert read_rows(tmp_path, [("A", -100, 30, 100, "Fracture")])[1]["depth-negative"] == "major"
    assert "depth-negative" not in read_rows(tmp_path, [("A", 100, 30, 100, "Fracture")])[1]
    for top, expected in ((-5.0, True), (0.0, False)):
        image = well_image(np.zeros((5, 4)), top + np.arange(5.0))
        assert ("depth-negative" in {finding.kind for finding in check_depth(image)}) == expected


def test_zeros_for_nothing(tmp_path):
    """Some level planes to the north may be rows without a value; one of them, or all, are no sign of it."""
    assert read_rows(tmp_path, planes([0, 0, 35], [0, 0, 120]))[1]["level-planes"] == "minor"
    for dips, azimuths in (([0, 20, 35], [0, 30, 120]), ([0, 0, 0], [0, 0, 0]), ([0, 0, 35], [10, 20, 120])):
        assert "level-planes" not in read_rows(tmp_path, planes(dips, azimuths))[1]


def test_minus_one_for_nothing(tmp_path):
    """Azimuths of -1 are rather nulls than 359 degrees; one of -1 among others below zero is not."""
    assert read_rows(tmp_path, planes([30, 30, 30], [-1, 100, -1]))[1]["azimuth-wrapped"] == "major"
    assert read_rows(tmp_path, planes([30, 30, 30], [-1, 100, -20]))[1]["azimuth-wrapped"] == "minor"


def test_repeated_rows(tmp_path):
    """In any table; rows that differ in a cell are no repetition."""
    row = ("A", 100, 30, 100, "Fracture")
    picks, kinds = read_rows(tmp_path, [row, row, ("A", 100, 30, 101, "Fracture")])
    assert (len(picks), kinds["repeated-picks"]) == (3, "major")
    own = new_picks(well="A", depth_m=[1.0, 1.0], class_="bedding", dip_true_deg=5.0, azimuth_true_deg=[3.0, 3.0])
    write_picks(own, tmp_path / "own.csv")
    assert [finding.kind for finding in read_pick_table(tmp_path / "own.csv").findings] == ["repeated-picks"]


def test_lines_of_two_encodings(tmp_path):
    """One well stays one well where its name is written in two encodings."""
    rows = ["Bør-1,101,30,100,Fracture\n".encode(encoding) for encoding in ("latin-1", "utf-8")]
    (tmp_path / "t.csv").write_bytes(HEAD.encode() + b"".join(rows))
    read = read_pick_table(tmp_path / "t.csv")
    assert read.picks["well"].tolist() == ["Bør-1", "Bør-1"]
    assert "encoding-mixed" in {finding.kind for finding in read.findings}
