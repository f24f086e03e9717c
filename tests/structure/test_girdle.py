"""Axes of folds whose truth is drawn here, and none of beds that are tilted and flat."""

from __future__ import annotations

import numpy as np
import pytest

from geobfdt.structure.girdle import find_girdle


def line(trend: float, plunge: float) -> np.ndarray:
    """Unit vector (East, North, Up) of a line that plunges."""
    t, p = np.radians([trend, plunge])
    return np.array([np.cos(p) * np.sin(t), np.cos(p) * np.cos(t), -np.sin(p)])


def planes(normals: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Dip and azimuth of normals."""
    upward = normals * np.where(normals[:, 2:] < 0, -1, 1) / np.linalg.norm(normals, axis=1, keepdims=True)
    return np.degrees(np.arccos(upward[:, 2])), np.degrees(np.arctan2(upward[:, 0], upward[:, 1])) % 360


def shake(normals: np.ndarray, scatter: float, rng: np.random.Generator) -> np.ndarray:
    """Normals that are off by so many degrees in each direction."""
    return normals + np.radians(scatter) * rng.normal(size=normals.shape)


def fold(axis: np.ndarray, limb: float, count: int, rng: np.random.Generator) -> np.ndarray:
    """Normals of beds through a fold with limbs of that dip about its axis."""
    upright = np.array([0.0, 0.0, 1.0]) - axis * axis[2]
    upright /= np.linalg.norm(upright)
    turn = np.radians(limb) * np.sin(np.linspace(0, 2 * np.pi, count) + rng.uniform(0, 2 * np.pi))
    return np.cos(turn)[:, None] * upright + np.sin(turn)[:, None] * np.cross(axis, upright)


def test_the_axis_of_a_fold_lies_within_3_degrees() -> None:
    """In 95 of 100 folds of any direction, and within its cone in about as many."""
    rng = np.random.default_rng(0)
    near = inside = 0
    for _ in range(100):
        trend, plunge = rng.uniform(0, 360), rng.uniform(0, 60)
        axis = line(trend, plunge)
        girdle = find_girdle(*planes(shake(fold(axis, rng.uniform(25, 60), 80, rng), 3.0, rng)))
        assert girdle is not None
        off = np.degrees(np.arccos(np.clip(abs(line(girdle.trend, girdle.plunge) @ axis), 0, 1)))
        near += bool(girdle.claimed and off <= 3)
        inside += bool(off <= girdle.cone)
    assert near >= 95
    assert 88 <= inside <= 99


@pytest.mark.parametrize("count", [15, 60, 300])
def test_tilted_flat_beds_have_no_axis(count: int) -> None:
    """In 95 of 100 wells, for any tilt and scatter, and where azimuths scatter more than dips."""
    rng = np.random.default_rng(count)
    claims = 0
    for number in range(100):
        tilt, scatter = rng.uniform(0, 70), rng.uniform(0.5, 10)
        if number % 2:
            normals = np.tile([np.sin(np.radians(tilt)), 0.0, np.cos(np.radians(tilt))], (count, 1))
            dip, azimuth = planes(shake(normals, scatter, rng))
        else:
            dip = np.abs(rng.uniform(2, 40) + rng.normal(0, 3, count))
            azimuth = (rng.uniform(0, 360) + rng.normal(0, 10, count)) % 360
        girdle = find_girdle(dip, azimuth)
        assert girdle is not None
        claims += girdle.claimed
    assert claims <= 5


def test_the_shape_is_that_of_woodcock() -> None:
    """Six poles on three axes: eigenvalues 3/6, 2/6, 1/6 give K and C by hand."""
    girdle = find_girdle([0.0, 0.0, 0.0, 90.0, 90.0, 90.0], [0.0, 0.0, 0.0, 0.0, 0.0, 90.0])
    assert girdle is not None
    assert girdle.shape == pytest.approx(np.log(3 / 2) / np.log(2))
    assert girdle.strength == pytest.approx(np.log(3))
    assert not girdle.claimed


def test_weights_count_and_few_poles_claim_nothing() -> None:
    """Poles without weight are no poles; two have no tensor; eleven make no claim."""
    rng = np.random.default_rng(1)
    dip, azimuth = planes(fold(line(30.0, 10.0), 40.0, 40, rng))
    whole = find_girdle(dip, azimuth)
    assert whole is not None
    assert whole.claimed
    noise = planes(rng.normal(size=(40, 3)))
    mixed = find_girdle(np.r_[dip, noise[0]], np.r_[azimuth, noise[1]], np.r_[np.ones(40), np.zeros(40)])
    assert mixed is not None
    assert mixed.trend == pytest.approx(whole.trend)
    few = find_girdle(dip[:11], azimuth[:11])
    assert few is not None
    assert not few.claimed
    assert find_girdle([1.0, 2.0], [3.0, 4.0]) is None
