"""Fields on disk: complete, repeatable, each well independent of the others."""

import hashlib

import numpy as np
import pytest
import yaml

import geobfdt
from geobfdt.runtime.findings import InputError
from geobfdt.simulation.field import SimulateOptions, simulate
from geobfdt.simulation.well_settings import WellSettings
from geobfdt.wells.intervals import read_intervals
from geobfdt.wells.picks import read_picks


def _digests(folder):
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in folder.iterdir()}


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    """A field of two wells, and the progress it told."""
    out, shares = tmp_path_factory.mktemp("field"), []
    files = simulate(out, SimulateOptions(wells=2, length=2.0, seed=4, tool="lwd56"), progress=shares.append)
    return out, files, shares


def test_everything_is_written(two):
    """Four files a well and the settings; tables read back; progress ends at 1."""
    out, files, shares = two
    assert sorted(files) == sorted(out.iterdir())
    assert len(files) == 9
    assert shares == [0.5, 1.0]
    truth = read_picks(out / "W01.truth.csv")
    assert {"visible", "optional"} <= set(truth.columns)
    assert set(read_picks(out / "W01.picks.csv")["well"]) <= {"W01"}
    assert set(read_intervals(out / "W02.intervals.csv")["well"]) == {"W02"}


def test_the_dlis_reads_back(two):
    """Rows, columns, diameter and reference survive the file."""
    out, _, _ = two
    card = yaml.safe_load((out / "simulation.yaml").read_text())
    settings = WellSettings(**card["wells"][0])
    image = geobfdt.read(out / "W01.dlis")
    assert image.attrs["reference"] == settings.reference
    assert image.sizes["azimuth"] == settings.grid()[1]
    assert float(image.diameter.median()) == pytest.approx(settings.diameter, rel=0.1)
    assert float(np.diff(image.depth.values).mean()) == pytest.approx(settings.grid()[0], rel=1e-4)


def test_a_well_does_not_depend_on_its_neighbours(two, tmp_path):
    """The first well of one is the first well of two, byte for byte."""
    out, _, _ = two
    simulate(tmp_path, SimulateOptions(wells=1, length=2.0, seed=4, tool="lwd56"))
    alone, both = _digests(tmp_path), _digests(out)
    for name in ("W01.dlis", "W01.picks.csv", "W01.truth.csv", "W01.intervals.csv"):
        assert alone[name] == both[name]


def test_wells_of_a_field_share_their_rock(two):
    """Same rock and sets, another tool position, name and hole."""
    card = yaml.safe_load((two[0] / "simulation.yaml").read_text())
    first, second = card["wells"]
    assert first["geology"]["rock"] == second["geology"]["rock"] == card["geology"]["rock"]
    assert len(first["geology"]["sets"]) == len(second["geology"]["sets"])
    assert first["diameter"] != second["diameter"]
    assert card["seed"] == 4


@pytest.mark.parametrize(
    "bad", [{"tool": "ouija"}, {"deviation": 200.0}, {"wells": 0}, {"length": -1.0}, {"seed": -1}, {"like": "nothing"}]
)
def test_bad_requests_get_one_line(bad):
    """The line names the option and the cure."""
    with pytest.raises(InputError) as error:
        SimulateOptions(**bad)
    assert error.value.file == f"--{next(iter(bad))}"
    assert "\n" not in str(error.value)
    assert "give" in error.value.cure or "ask" in error.value.cure


def test_one_interpreter_for_all(tmp_path):
    """An interpreter of beds picks no fracture and says so; one that does not exist is refused with the list."""
    simulate(tmp_path, SimulateOptions(wells=2, length=4.0, seed=3, interpreter="beds"))
    for number in (1, 2):
        assert "fracture" not in set(read_picks(tmp_path / f"W0{number}.picks.csv")["class"])
        rows = read_intervals(tmp_path / f"W0{number}.intervals.csv").query("`class` == 'fracture'")
        assert (rows["top_m"] == rows["base_m"]).all()
    with pytest.raises(InputError, match=r"dense, sparse, fractures, beds"):
        SimulateOptions(wells=1, length=4.0, interpreter="nobody")


def test_a_field_like_the_published_one(tmp_path):
    """Vertical wells of one carbonate, two tools, one style, 40 to 60 m unless a length is given."""
    simulate(tmp_path / "own", SimulateOptions(wells=2, seed=1, like="published"))
    simulate(tmp_path / "short", SimulateOptions(wells=14, seed=1, like="published", length=3.0))
    card = yaml.safe_load((tmp_path / "own" / "simulation.yaml").read_text())
    assert card["like"] == "published"
    assert all(40 <= well["length"] <= 60 for well in card["wells"])
    assert card["wells"][0]["length"] != card["wells"][1]["length"]
    wells = yaml.safe_load((tmp_path / "short" / "simulation.yaml").read_text())["wells"]
    assert {well["length"] for well in wells} == {3.0}
    assert {well["tool"] for well in wells} == {"fmi", "cmi"}
    assert {(well["deviation"], well["geology"]["rock"], well["style"]) for well in wells} == {
        (0.0, "carbonate", "dense")
    }
    metres, picks = 0.0, {"bedding": 0, "fracture": 0}
    for number in (1, 2):
        metres += card["wells"][number - 1]["length"]
        table = read_picks(tmp_path / "own" / f"W0{number}.picks.csv")["class"].value_counts()
        picks = {name: count + int(table[name]) for name, count in picks.items()}
    # Two wells vary about the three beds and two fractures a metre that the field has.
    assert 2 < picks["bedding"] / metres < 4.5
    assert 1 < picks["fracture"] / metres < 3.5
