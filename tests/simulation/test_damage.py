"""Breakouts, induced fractures, washouts: drawn opposite each other, and marked as intervals."""

import numpy as np

from geobfdt.simulation.damage import damage
from geobfdt.simulation.geology import Geology
from geobfdt.simulation.hole import draw_hole
from geobfdt.simulation.well_settings import WellSettings


def _damage(rows=6000, **numbers):
    settings, rng = WellSettings(**numbers), np.random.default_rng(0)
    hole = draw_hole(settings, 1000 + 0.005 * np.arange(rows), 90, rng)
    damaged = damage(settings, hole, rng)
    wall = np.zeros((rows, 90), np.float32)
    damaged.draw_spots(wall, 0)
    damaged.draw_damage(wall, 0)
    return hole, damaged, wall


def test_a_sound_hole_is_left_alone():
    """Nothing asked, nothing drawn."""
    _, damaged, wall = _damage()
    assert not wall.any()
    assert damaged.intervals == []


def test_breakouts_are_dark_twice_a_turn_inside_their_intervals():
    """Opposite sides are dark together; outside the intervals the wall is whole."""
    hole, damaged, wall = _damage(breakouts=20.0)
    inside = np.zeros(hole.depth.size, bool)
    for name, top, base in damaged.intervals:
        assert name == "breakout"
        inside |= (hole.depth >= top) & (hole.depth <= base)
    assert not wall[~inside].any()
    dark = (wall < -1).mean(0)
    assert dark.max() > 0.05
    assert np.corrcoef(dark, np.roll(dark, 45))[0, 1] > 0.6
    assert np.corrcoef(dark, np.roll(dark, 22))[0, 1] < 0


def test_induced_fractures_are_thin_and_opposite():
    """Less than a tenth of the wall, on two sides."""
    _, damaged, wall = _damage(induced=20.0)
    assert {name for name, _, _ in damaged.intervals} == {"induced"}
    rows = (wall < -0.5).any(1)
    assert 0 < (wall[rows] < -0.5).mean() < 0.15
    turn = 2 * np.radians((np.arange(90) + 0.5) * 4)
    share = (wall < -0.5).mean(0)
    assert abs((share * np.exp(1j * turn)).sum()) > 0.5 * share.sum()


def test_lobes_say_where_the_wall_is_dark():
    """Inside a lobe of the truth the wall is dark in its middle; beside all of them it is whole."""
    for kind in ("breakouts", "induced"):
        hole, damaged, wall = _damage(**{kind: 20.0})
        assert {lobe.name for lobe in damaged.lobes} == {kind.removesuffix("s")}
        outside = np.ones(wall.shape, bool)
        for lobe in damaged.lobes:
            rows = (hole.depth >= lobe.top) & (hole.depth <= lobe.base)
            away = np.abs((hole.angle - lobe.angle + 180) % 360 - 180)
            if kind == "breakouts" and lobe.base - lobe.top > 0.1:
                assert wall[rows][:, away <= 4].mean() < -1
            outside[np.ix_((hole.depth >= lobe.top - 0.06) & (hole.depth <= lobe.base + 0.06), away < 75)] = False
        assert (wall[outside] < -1).mean() < 0.001


def test_washed_out_rock_is_lost():
    """Where the caliper opens wide the image darkens all round, and the interval is marked."""
    hole, damaged, wall = _damage(washouts=30.0)
    lost = [row for row in damaged.intervals if row[0] == "washout"]
    assert lost
    for _, top, base in lost:
        rows = (hole.depth >= top) & (hole.depth <= base)
        assert (wall[rows] < -0.5).all()
        assert hole.diameter[rows].min() > 1.1 * 0.2159


def test_spots_are_as_many_as_asked_and_do_not_depend_on_the_cut():
    """Vugs per metre on average; blocks show the same ones."""
    geology = Geology(spots=10.0, spot_level=-2.0)
    _, damaged, wall = _damage(rows=40_000, geology=geology)
    assert 7 < len(damaged.spots) / 200 < 13
    part = np.zeros((500, 90), np.float32)
    damaged.draw_spots(part, 2000)
    assert np.array_equal(part, wall[2000:2500])


def test_lobes_of_stretches_that_overlap_are_one():
    """No two lobes of a class lie on each other, and together they cover what is dark."""
    hole, damaged, wall = _damage(breakouts=60.0)
    lobes = damaged.lobes
    for number, lobe in enumerate(lobes):
        for other in lobes[:number]:
            apart = abs((lobe.angle - other.angle + 180) % 360 - 180)
            shared = min(lobe.base, other.base) - max(lobe.top, other.top)
            assert shared <= 0 or apart >= (lobe.width + other.width) / 2
    for row in np.flatnonzero((wall < -1).sum(axis=1) > 8)[::50]:
        assert any(lobe.top <= hole.depth[row] <= lobe.base for lobe in lobes)
