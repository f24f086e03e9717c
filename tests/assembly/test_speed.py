"""Speed correction against the simulated motion of a tool on its cable."""

from __future__ import annotations

import numpy as np
import pytest

from geobfdt.assembly.speed import GRAVITY, ToolDepth, follow_tool
from geobfdt.simulation.tool_motion import ToolMotion, pull_up

CABLE = 1010.0 - 0.00254 * np.arange(3500)


def rms(values) -> float:
    """Root mean square (mm)."""
    return 1000 * float(np.sqrt(np.mean(np.square(values))))


def follow(motion: ToolMotion, deviation: float = 0.0, zero: float = 0.0, noise: float = 0.01) -> ToolDepth:
    """Follow a motion by what its accelerometer reads in an inclined hole."""
    read = GRAVITY * np.cos(np.radians(deviation)) - motion.acceleration + zero
    read = read + noise * np.random.default_rng(1).standard_normal(read.size)
    return follow_tool(motion.cable[::-1], motion.time, read[::-1], np.full(read.size, deviation))


@pytest.mark.parametrize(("seed", "deviation", "zero"), [(0, 0.0, 0.0), (1, 40.0, 0.05), (2, 89.0, -0.1)])
def test_stick_and_slip_are_followed(seed, deviation, zero):
    """Rows are centimetres off before, and within 2.5 mm after, whatever the zero of the accelerometer."""
    motion = pull_up(CABLE, 0.15, 0.07, np.random.default_rng(seed))
    result = follow(motion, deviation, zero)
    assert rms(motion.tool - motion.cable) > 8
    assert rms(result.depth[::-1] - motion.tool) < 2.5


def test_places_where_the_tool_sticks_are_flagged():
    """Flags are right nearly always, and miss little of the time that the tool sticks."""
    motion = pull_up(CABLE, 0.15, 0.07, np.random.default_rng(0))
    stuck = follow(motion).stuck[::-1]
    assert motion.stuck.sum() > 50
    assert motion.stuck[stuck].mean() > 0.9
    assert stuck[motion.stuck].mean() > 0.6


def test_a_steady_tool_stays_where_it_is():
    """A correction that has nothing to correct moves rows by less than a millimetre."""
    motion = pull_up(CABLE, 0.15, 0.0, np.random.default_rng(0))
    result = follow(motion)
    assert rms(result.depth[::-1] - motion.cable) < 1.5
    assert not result.stuck.any()


def test_the_speed_of_the_cable_may_change():
    """A cable that is pulled faster and faster, up to twice the speed, is no stick and slip."""
    depth = CABLE[::-1]
    time = np.concatenate([[0.0], np.cumsum(1 / (60 + 60 * np.linspace(0, 1, 3499)))])
    acceleration = np.gradient(np.gradient(depth, time), time)
    result = follow_tool(depth, time, GRAVITY - acceleration, np.zeros(3500))
    assert rms(result.depth - depth) < 2
