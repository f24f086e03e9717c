"""Random wells: valid, wide, repeatable, and obedient to what is fixed."""

import re
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from geobfdt.simulation.geology import Geology, draw_geology, vary_geology
from geobfdt.simulation.tools import TOOLS
from geobfdt.simulation.well_settings import WellSettings, draw


def _many(n=150, **fixed):
    return [draw(np.random.default_rng(seed), **fixed) for seed in range(n)]


def test_the_same_seed_draws_the_same_well():
    """Settings depend on the generator only."""
    assert _many(3) == _many(3)
    assert len({settings.model_dump_json() for settings in _many(20)}) == 20


def test_draws_cover_tools_holes_and_rocks():
    """Every tool, rock and reference comes up, holes from vertical to horizontal, narrow to wide."""
    wells = _many()
    assert {w.tool for w in wells} == set(TOOLS)
    assert {w.geology.rock for w in wells} == {"layered", "laminated", "crossbedded", "massive", "carbonate"}
    assert {w.reference for w in wells} == {"north", "high_side", "pseudo_north"}
    assert min(w.deviation for w in wells) < 2
    assert max(w.deviation for w in wells) > 88
    assert min(w.diameter for w in wells) < 0.12
    assert max(w.diameter for w in wells) > 0.3
    assert {bool(w.geology.fracture_density) for w in wells} == {True, False}


def _grids_in_the_docs():
    """Columns and row spacings (m) of each tool, as docs/simulation.md has them, the usual ones first."""
    page = (Path(__file__).parents[2] / "docs" / "simulation.md").read_text()
    unit = {"in": 0.0254, "mm": 0.001, "m": 1.0}
    for names, columns, rows in re.findall(r"^\| (`[a-z].*?) \|.*?\| ([\d, ]+) \| (.*?) \|$", page, re.MULTILINE):
        spacings = [float(number) * unit[name] for number, name in re.findall(r"([\d.]+) (in|mm|m)\b", rows)]
        yield names.strip("`"), [int(number) for number in columns.split(",")], spacings


def test_grids_are_those_of_the_docs():
    """A random well has one of the documented grids, each comes up, and the first is the tool's usual one."""
    grids = list(_grids_in_the_docs())
    assert [name for name, *_ in grids] == list(TOOLS)
    for name, columns, rows in grids:
        wells = _many(60, tool=name)
        assert {w.columns for w in wells} == set(columns)
        assert sorted({w.row_spacing for w in wells}) == pytest.approx(sorted(rows))
        assert WellSettings(tool=name).grid() == pytest.approx((rows[0], columns[0]))


def test_vertical_holes_are_oriented_to_north():
    """High side is undefined there."""
    assert {w.reference for w in _many(40, deviation=0.0)} == {"north"}


def test_fixing_one_setting_leaves_the_rest():
    """The rock does not change with the tool."""
    free, fixed = draw(np.random.default_rng(3)), draw(np.random.default_rng(3), tool="lwd16", deviation=10.0)
    assert fixed.tool == "lwd16"
    assert fixed.geology == free.geology
    assert fixed.roughness == free.roughness


NORTHWARD = {"deviation": 90.0, "hole_azimuth": 180.0}


def test_holes_along_north_are_not_oriented_to_it():
    """Such a hole has no north side; it is drawn from the high side instead."""
    assert {w.reference for w in _many(20, **NORTHWARD)} <= {"high_side"}


@pytest.mark.parametrize("bad", [NORTHWARD, {"tool": "crystal ball"}, {"length": 0}, {"deviation": 200}, {"rocks": 1}])
def test_nonsense_is_refused(bad):
    """Unknown names and numbers out of range do not pass."""
    with pytest.raises(ValidationError):
        WellSettings(**bad)


def test_wells_of_a_field_are_alike():
    """Neighbouring wells keep rock and sets; bedding turns by a degree or two."""
    geology = draw_geology(np.random.default_rng(1)).model_copy(update={"bedding_dip": 8.0})
    near = [vary_geology(geology, np.random.default_rng(seed)) for seed in range(30)]
    assert {n.rock for n in near} == {geology.rock}
    assert {len(n.sets) for n in near} == {len(geology.sets)}
    assert 0.2 < np.std([n.bedding_dip for n in near]) < 3
    assert isinstance(near[0], Geology)
