"""Where silence means something."""

import pytest

from geobfdt.runtime.findings import InputError
from geobfdt.wells.intervals import covered, new_intervals, read_intervals, write_intervals

TABLE = new_intervals(
    [
        ("A", "interpreted", "bedding", 10.0, 20.0),
        ("A", "interpreted", "bedding", 30.0, 40.0),
        ("A", "ignored", "breakout", 15.0, 16.0),
    ]
)


def test_covered():
    """Inside any interpreted interval of the class and outside every ignored one; other classes everywhere else."""
    depth = [5.0, 10.0, 15.5, 25.0, 40.0]
    assert covered(TABLE, "A", "bedding", depth).tolist() == [False, True, False, False, True]
    assert covered(TABLE, "A", "fracture", depth).tolist() == [True, True, False, True, True]
    assert covered(TABLE, "B", "bedding", depth).all()
    assert covered(new_intervals(), "A", "bedding", depth).all()


def test_round_trip(tmp_path):
    """Written and read back equal."""
    write_intervals(TABLE, tmp_path / "a.csv")
    assert read_intervals(tmp_path / "a.csv").equals(TABLE)


@pytest.mark.parametrize(
    "text",
    ["", "well,kind\nA,ignored\n", "well,kind,class,top_m,base_m\nA,maybe,,1,2\n",
     "well,kind,class,top_m,base_m\nA,ignored,,2,1\n", "well,kind,class,top_m,base_m\nA,ignored,,x,1\n"],
)  # fmt: skip
def test_bad_tables(tmp_path, text):
    """Each bad table is one line that names the file."""
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(InputError, match=r"a\.csv"):
        read_intervals(tmp_path / "a.csv")
