"""Orientation and intensity of planes whose truth is made here: drawn on the sphere, or met by a hole in rock."""

from __future__ import annotations

import numpy as np
import pytest

from geobfdt.geometry import pole_angle
from geobfdt.structure.intensity import intensity
from geobfdt.structure.orientation import mean_plane, plane_of_pole, remove_dip
from geobfdt.structure.sets import find_sets, set_spacing


def fisher(axis: np.ndarray, kappa: float, count: int, rng: np.random.Generator) -> np.ndarray:
    """Unit vectors about an axis, half of them turned round (Fisher; drawn by inverting its distribution)."""
    cosine = 1 + np.log(rng.random(count) * (1 - np.exp(-2 * kappa)) + np.exp(-2 * kappa)) / kappa
    turn = rng.uniform(0, 2 * np.pi, count)
    sine = np.sqrt(1 - cosine**2)
    local = np.column_stack([sine * np.cos(turn), sine * np.sin(turn), cosine])
    third = axis / np.linalg.norm(axis)
    first = np.cross(third, [0.3, -0.5, 0.8])
    first /= np.linalg.norm(first)
    return local @ np.array([first, np.cross(third, first), third]) * rng.choice([-1, 1], (count, 1))


@pytest.mark.parametrize("axis", [(0, 0, 1), (1, 0, 0.01), (-0.5, 0.7, 0.6)], ids=["level", "upright", "oblique"])
def test_the_mean_and_its_cone(axis: tuple[float, float, float]) -> None:
    """The true mean lies in the cone in 95 of 100 cases, kappa comes out; poles may point either way."""
    rng = np.random.default_rng(1)
    truth = plane_of_pole(np.array(axis, dtype=float))
    inside, kappas = 0, []
    for _ in range(400):
        mean = mean_plane(*plane_of_pole(fisher(np.array(axis, dtype=float), 30, 25, rng)))
        inside += pole_angle(mean.dip, mean.azimuth, *truth) <= mean.cone
        kappas.append(mean.kappa)
    assert 0.92 <= inside / 400 <= 0.98
    assert np.median(kappas) == pytest.approx(30, rel=0.12)


def test_weights_count() -> None:
    """A plane of weight 3 counts as three do; one of weight 0 not at all."""
    heavy = mean_plane([10, 40, 70], [0, 0, 0], [3, 1, 0])
    plain = mean_plane([10, 10, 10, 40], [0, 0, 0, 0])
    assert heavy.dip == pytest.approx(plain.dip)
    assert heavy.planes == pytest.approx(16 / 10)
    one = mean_plane([33.0], [12.0])
    assert (one.dip, one.azimuth) == pytest.approx((33, 12))
    assert np.isnan(one.kappa)
    with pytest.raises(ValueError, match="no planes"):
        mean_plane([], [])


def test_structural_dip_is_taken_away() -> None:
    """Mean beds lie level after it; angles between planes stay; a level plane gets the dip the other way."""
    rng = np.random.default_rng(0)
    dip, azimuth = rng.uniform(0, 90, 50), rng.uniform(0, 360, 50)
    for tilt, towards in ((25.0, 130.0), (70.0, 300.0)):
        assert remove_dip(tilt, towards, tilt, towards)[0] == pytest.approx(0, abs=1e-6)
        level = remove_dip(0.0, 0.0, tilt, towards)
        assert level[0] == pytest.approx(tilt)
        assert level[1] == pytest.approx((towards + 180) % 360)
        turned = remove_dip(dip, azimuth, tilt, towards)
        np.testing.assert_allclose(
            pole_angle(turned[0][:-1], turned[1][:-1], turned[0][1:], turned[1][1:]),
            pole_angle(dip[:-1], azimuth[:-1], dip[1:], azimuth[1:]), atol=1e-6,
        )  # fmt: skip


def met(p32: float, kappa: float, axis: np.ndarray, length: float, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """
    Depth and apparent dip of endless planes that a hole down the z axis meets.

    In a box of half-width R about the hole's middle, planes of normal n lie at offsets d along it, evenly: as many as
    give the area a volume that is asked for.
    """
    reach = 2 * length
    count = rng.poisson(p32 * 2 * reach)  # offsets from -reach to reach: an area of one a volume each 1 / p32
    normal = fisher(axis, kappa, count, rng)
    offset = rng.uniform(-reach, reach, count)
    depth = offset / normal[:, 2] + length / 2
    inside = (depth >= 0) & (depth <= length)
    return depth[inside], np.degrees(np.arccos(np.abs(normal[inside, 2])))


def test_p32_of_a_rock_that_is_known() -> None:
    """Whatever way planes lie, the estimate is that of the rock on average, and its interval holds it."""
    rng = np.random.default_rng(3)
    for axis in ([0, 0, 1.0], [0, 1.0, 1.0], [1.0, 0.0, 0.6]):
        intensities = []
        for _ in range(150):
            depth, dip = met(3.0, 60, np.array(axis), 60.0, rng)
            intensities.append(intensity(depth, dip, 60.0))
        assert np.mean([one.p32 for one in intensities]) == pytest.approx(3.0, rel=0.03)
        coverage = np.mean([one.p32_low <= 3.0 <= one.p32_high for one in intensities])
        assert 0.85 <= coverage <= 0.99
        assert all(one.p10_low <= one.p10 <= one.p10_high for one in intensities)


def test_planes_along_the_hole_are_said_to_be_hardly_met() -> None:
    """Half of the planes nearly along the hole: most of P32 rests on them, and the cap is told."""
    result = intensity(np.arange(20.0), np.tile([10.0, 87.0], 10), 20.0)
    assert result.capped == pytest.approx(0.5)
    assert result.blind_share == pytest.approx(10 / (10 + 1 / np.cos(np.radians(10))), rel=1e-6)
    none = intensity([], [], 30.0)
    assert (none.p10, none.p10_high) == pytest.approx((0, 0.1))
    with pytest.raises(ValueError):  # noqa: PT011
        intensity([], [], 0)


def test_probabilities_count() -> None:
    """Twenty planes of even odds count as ten, and are less sure than ten certain ones."""
    doubted = intensity(np.arange(20.0), np.zeros(20), 20.0, np.full(20, 0.5), block=1.0)
    assert doubted.planes == pytest.approx(10)
    certain = intensity(np.arange(20.0), np.zeros(20), 20.0, block=1.0)
    assert doubted.p10_high - doubted.p10_low > 0
    assert doubted.p10_high / doubted.p10 > certain.p10_high / certain.p10


def test_sets_are_found() -> None:
    """Two sets and a scatter: their means come out, their members are those drawn; many planes are as few."""
    rng = np.random.default_rng(5)
    for times in (1, 40):
        parts = [fisher(np.array(a), 50, 60 * times, rng) for a in ([0, 0, 1.0], [1.0, 0.2, 0.1])]
        noise = rng.normal(size=(8 * times, 3))
        dip, azimuth = plane_of_pole(np.concatenate([*parts, noise / np.linalg.norm(noise, axis=1, keepdims=True)]))
        sets = find_sets(dip, azimuth)
        assert len(sets) == 2
        for axis, first in (([0, 0, 1.0], 0), ([1.0, 0.2, 0.1], 60 * times)):
            expected = np.arange(first, first + 60 * times)
            best = max(sets, key=lambda part: np.isin(part.members, expected).sum())
            assert np.isin(expected, best.members).mean() > 0.95
            assert np.isin(best.members, expected).mean() > 0.9
            assert pole_angle(best.mean.dip, best.mean.azimuth, *plane_of_pole(np.array(axis))) < 4
    assert find_sets([1, 2], [3, 4]) == []


def test_spacing_square_to_the_planes() -> None:
    """Planes 0.5 m apart, at 60 degrees to the hole's square: met every metre."""
    assert set_spacing(40, 60.0, 40.0) == pytest.approx(0.5)
    assert np.isnan(set_spacing(0, 60.0, 40.0))
