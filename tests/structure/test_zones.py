"""Zones are found where beds were drawn to change, and seldom where they were not."""

from __future__ import annotations

import numpy as np
import pytest

from geobfdt.geometry import pole_angle
from geobfdt.structure.zones import find_zones, vector_walk


def beds(count: int, dip: float, azimuth: float, scatter: float, rng: np.random.Generator) -> tuple:
    """Beds about a mean: its upward normal, shaken in both directions square to it by so many degrees."""
    d, t = np.radians([dip, azimuth])
    mean = np.array([np.sin(d) * np.sin(t), np.sin(d) * np.cos(t), np.cos(d)])
    down = np.array([np.cos(d) * np.sin(t), np.cos(d) * np.cos(t), -np.sin(d)])
    shake = np.radians(rng.normal(0, scatter, (2, count)))
    normals = mean + shake[0][:, None] * down + shake[1][:, None] * np.cross(mean, down)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    normals *= np.where(normals[:, 2:] < 0, -1, 1)
    return np.degrees(np.arccos(normals[:, 2])), np.degrees(np.arctan2(normals[:, 0], normals[:, 1])) % 360


@pytest.mark.parametrize("scatter", [0.5, 3.0, 12.0])
@pytest.mark.parametrize("count", [20, 60, 300])
def test_beds_of_one_lie_are_seldom_cut(scatter: float, count: int) -> None:
    """In fewer than 5 of 100 wells, whatever their number and scatter; steep ones that lean both ways included."""
    rng = np.random.default_rng(0)
    cut = 0
    for number in range(200):
        dip, azimuth = beds(count, 88.0 if number % 4 == 0 else 20.0, 70.0, scatter, rng)
        cut += len(find_zones(np.sort(rng.uniform(0, 100, count)), dip, azimuth, np.ones(count))) > 1
    assert cut < 0.05 * 200


def test_a_change_is_found_where_it_is() -> None:
    """Two changes, of 15 degrees of dip and of 60 of azimuth: within two beds, and means within 2 degrees."""
    rng = np.random.default_rng(1)
    means = [(10.0, 90.0), (25.0, 90.0), (25.0, 150.0)]
    right = 0
    for _ in range(50):
        parts = [beds(40, dip, azimuth, 4.0, rng) for dip, azimuth in means]
        depth = np.arange(120.0)
        zones = find_zones(depth, *(np.concatenate(part) for part in zip(*parts, strict=True)), np.ones(120))
        ends = [zone.base for zone in zones[:-1]]
        if len(zones) == 3 and np.abs(np.array(ends) - [39.5, 79.5]).max() <= 2:
            right += 1
            for zone, (dip, azimuth) in zip(zones, means, strict=True):
                assert pole_angle(zone.beds.dip, zone.beds.azimuth, dip, azimuth) < 3
    assert right >= 48


def test_doubtful_beds_do_not_make_a_zone() -> None:
    """Ten wrong picks of little confidence amid a hundred beds change nothing; without a weight there are no zones."""
    rng = np.random.default_rng(2)
    dip, azimuth = beds(110, 15.0, 200.0, 3.0, rng)
    dip[50:60], azimuth[50:60] = beds(10, 60.0, 20.0, 3.0, rng)
    weight = np.ones(110)
    weight[50:60] = 0.02
    assert len(find_zones(np.arange(110.0), dip, azimuth, weight)) == 1
    assert find_zones([], [], [], []) == []
    assert find_zones([1.0], [10.0], [20.0], [0.0]) == []


def test_the_walk_goes_where_beds_dip() -> None:
    """A hundred steps to the south-west end a hundred away, in that direction."""
    end = vector_walk(np.full(100, 225.0))[-1]
    assert end == pytest.approx([-100 * np.sqrt(0.5)] * 2)
