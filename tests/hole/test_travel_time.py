"""The scale of travel times: what tells it, and what does not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from geobfdt.hole.travel_time import KnownDiameter, ToolConstants, settle_scale
from geobfdt.runtime.findings import InputError
from geobfdt.simulation.travel_time import TravelTimeSettings, simulate_travel_time

TRUE_OFFSET = 0.02 - 1480 * 15e-6 / 2
STATED = ToolConstants(1480.0, 0.02, 15e-6)


@pytest.fixture(scope="module")
def hole() -> Any:
    """Make a hole that grows wider."""
    settings = TravelTimeSettings(growth=0.015, offset=0.004, no_echo=0.05)
    return simulate_travel_time(settings, np.random.default_rng(5))


def settle(hole: Any, stated: ToolConstants, *stretches: KnownDiameter) -> Any:
    """Settle the scale of the hole's times."""
    times = hole.times["image"].values.astype(float) * 1e-6
    times[times > 2.9e-4] = np.nan
    return settle_scale(times, hole.times.depth.values, hole.times.azimuth.values, "a.dlis", stated, stretches)


def stretch_of(hole: Any, top: float, base: float) -> KnownDiameter:
    """A stretch with its true diameter."""
    depth = hole.times.depth.values
    rows = (depth >= top) & (depth <= base)
    return KnownDiameter(top, base, 2 * float(np.median(hole.radius[rows].mean(axis=1))))


def test_stated_constants_give_the_scale(hole: Any) -> None:
    """What is stated is used as it is."""
    scale = settle(hole, STATED)
    assert (scale.velocity, scale.offset) == pytest.approx((1480.0, TRUE_OFFSET))


def test_a_known_diameter_stands_for_the_tool_or_for_the_fluid(hole: Any) -> None:
    """Each known diameter finds one of velocity and offset; two find both."""
    upper, lower = stretch_of(hole, 100.0, 100.3), stretch_of(hole, 101.6, 101.9)
    assert settle(hole, ToolConstants(1480.0), upper).offset == pytest.approx(TRUE_OFFSET, abs=2e-4)
    assert settle(hole, ToolConstants(None, 0.02, 15e-6), upper).velocity == pytest.approx(1480, abs=10)
    both = settle(hole, ToolConstants(), upper, lower)
    assert both.velocity == pytest.approx(1480, abs=20)
    assert both.offset == pytest.approx(TRUE_OFFSET, abs=1e-3)


@pytest.mark.parametrize(
    ("stated", "stretches"),
    [
        (ToolConstants(), ()),
        (ToolConstants(1480.0), ()),
        (ToolConstants(1480.0, tool_radius=0.02), ()),
        (ToolConstants(tool_radius=0.02, delay=15e-6), ()),
        (ToolConstants(), ((100.0, 100.3),)),
        (ToolConstants(), ((100.0, 100.3), (100.3, 100.6))),
        (ToolConstants(1480.0), ((90.0, 91.0),)),
        (ToolConstants(5000.0, 0.02, 15e-6), ()),
    ],
)
def test_what_does_not_tell_the_scale_is_refused(
    hole: Any, stated: ToolConstants, stretches: tuple[tuple[float, float], ...]
) -> None:
    """Without enough to go on there is no radius."""
    with pytest.raises(InputError):
        settle(hole, stated, *(KnownDiameter(top, base, 0.105) for top, base in stretches))


def test_a_contradiction_is_refused(hole: Any) -> None:
    """Constants and known diameters have to agree."""
    right = stretch_of(hole, 100.0, 100.3)
    assert settle(hole, STATED, right).misfit < 5e-4
    with pytest.raises(InputError):
        settle(hole, STATED, right._replace(diameter=right.diameter + 0.004))
    # A unit that is wrong by a factor of ten asks for a fluid that does not exist.
    with pytest.raises(InputError):
        settle(hole, ToolConstants(None, 0.02, 15e-5), right)
