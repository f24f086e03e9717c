"""Dip patterns are found where they were drawn, and seldom in beds without any."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from tests.structure.test_girdle import planes, shake

from geobfdt.structure.dip_patterns import DipPattern, find_dip_patterns


def ramps(patterns: list[DipPattern]) -> list[DipPattern]:
    """Red and blue patterns alone."""
    return [one for one in patterns if one.name in ("red", "blue")]


def beds(dip: np.ndarray, azimuth: float, scatter: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Dips and azimuths of beds that are shaken; a negative dip leans the other way."""
    d, t = np.radians(dip), np.radians(azimuth)
    normals = np.column_stack([np.sin(d) * np.sin(t), np.sin(d) * np.cos(t), np.cos(d)])
    return planes(shake(normals, scatter, rng))


@pytest.mark.parametrize("kind", ["independent", "alike", "sets", "step"])
def test_beds_without_a_pattern_show_none(kind: str) -> None:
    """In 95 of 100 wells: of independent beds, where neighbours are alike, in sets, and across an unconformity."""
    rng = np.random.default_rng(1)
    shown = 0
    for _ in range(6 if kind == "step" else 12):
        depth = np.sort(rng.uniform(0, 100, 60))
        dips = np.full(60, rng.uniform(2, 40))
        if kind == "alike":
            walk = np.zeros(60)
            for number in range(1, 60):
                walk[number] = 0.6 * walk[number - 1] + rng.normal(0, 4)
            dips = dips + walk
        elif kind == "sets":
            dips = np.repeat(rng.uniform(5, 30, 12), 5)
        elif kind == "step":
            dips = np.where(np.arange(60) < 30, 8.0, 30.0)
        shown += bool(ramps(find_dip_patterns(depth, *beds(dips, 70.0, 4.0, rng))))
    assert shown <= 1


def test_drag_along_a_fault_is_red_over_blue() -> None:
    """Dips of 10 degrees grow to 45 and shrink again: two ramps that meet within three beds of the peak."""
    rng = np.random.default_rng(2)
    dips = np.r_[np.full(40, 10.0), np.linspace(10, 45, 24), np.linspace(45, 10, 24), np.full(40, 10.0)]
    patterns = find_dip_patterns(np.arange(128.0), *beds(dips, 250.0, 2.0, rng))
    red, blue = ramps(patterns)
    assert (red.name, blue.name) == ("red", "blue")
    assert red.base == pytest.approx(63.5, abs=3)
    assert (red.candidate, blue.candidate) == ("fault", "fault")
    assert red.azimuth == pytest.approx(250, abs=5)
    assert max(red.probability, blue.probability) <= 0.05
    assert all(above.base < below.top for above, below in pairwise(patterns))
    assert [patterns[0].name, patterns[-1].name] == ["green", "green"]


def test_a_crest_is_blue_over_red() -> None:
    """Beds flatten downwards and then steepen to the other side."""
    rng = np.random.default_rng(3)
    patterns = ramps(find_dip_patterns(np.arange(100.0), *beds(np.linspace(-40, 40, 100), 90.0, 3.0, rng)))
    assert [(one.name, one.candidate) for one in patterns] == [("blue", "fold"), ("red", "fold")]


def test_the_rest_is_green_or_a_bag() -> None:
    """Steady beds are green, beds of all attitudes a bag; no bed and equal depths are no error."""
    rng = np.random.default_rng(4)
    (steady,) = find_dip_patterns(np.arange(30.0), *beds(np.full(30, 12.0), 90.0, 2.0, rng))
    assert steady.name == "green"
    assert steady.dip_base == pytest.approx(12, abs=1)
    (chaos,) = find_dip_patterns(np.arange(30.0), rng.uniform(0, 60, 30), rng.uniform(0, 360, 30))
    assert chaos.name == "bag"
    assert find_dip_patterns([], [], []) == []
    assert [one.beds for one in find_dip_patterns([5.0] * 9, [10.0] * 9, [20.0] * 9)] == [9]
