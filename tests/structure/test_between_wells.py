"""Curves between wells: kriging by a second way of the same equations, gains where there is a trend, none without."""

from __future__ import annotations

import numpy as np
import pytest

from geobfdt.structure.between_wells import LevelCurves, krige_curves, leave_one_out

pytest.importorskip("pykrige")


def field(trend: float, rng: np.random.Generator, wells: int = 8) -> LevelCurves:
    """Wells in a square of 1 km; their mean grows by so much from West to East; 100 levels with noise."""
    place = rng.uniform(0, 1000, (2, wells))
    x, y = (np.repeat(one[:, None], 100, axis=1) for one in place)
    return LevelCurves(
        x, y, 2 + trend * (x / 1000 - 0.5) + rng.normal(0, 0.5, x.shape) + rng.normal(0, 0.2, (wells, 1))
    )


def test_a_trend_is_gained() -> None:
    """Kriging beats the mean of the others in most fields with a trend, and mostly that is claimed."""
    rng = np.random.default_rng(0)
    results = [leave_one_out(field(3.0, rng)) for _ in range(6)]
    assert sum(one.error < one.error_of_mean for one in results) >= 5
    assert sum(one.gained for one in results) >= 4
    assert np.mean([one.error / one.error_of_mean for one in results]) < 0.8


def test_nothing_is_gained_without_one() -> None:
    """In 19 of 20 fields; wells differ there, but not by their place."""
    rng = np.random.default_rng(1)
    assert sum(leave_one_out(field(0.0, rng)).gained for _ in range(8)) <= 1


def test_weights_are_those_of_the_kriging_equations() -> None:
    """The curve at a place, from the matrix of the equations of ordinary kriging."""
    rng = np.random.default_rng(2)
    curves = field(3.0, rng, 6)
    gain = leave_one_out(curves)
    values, sigma = krige_curves(curves, [[400.0, 600.0]], gain)
    place = np.column_stack([curves.x[:, 0], curves.y[:, 0]])
    h = np.linalg.norm(place[:, None] - place[None], axis=2)
    matrix, target = np.ones((7, 7)), np.ones(7)
    matrix[:6, :6] = gain.slope * h + gain.nugget * (1 - np.eye(6))
    matrix[6, 6] = 0
    target[:6] = gain.slope * np.linalg.norm(place - [400.0, 600.0], axis=1) + gain.nugget
    solution = np.linalg.solve(matrix, target)
    assert values[0] == pytest.approx(solution[:6] @ curves.values)
    assert sigma[0] == pytest.approx(np.sqrt(solution @ target))


def test_gaps_and_wells_that_move() -> None:
    """Levels that some wells do not reach use the others; one with two wells has no value; a well may drift."""
    rng = np.random.default_rng(3)
    x, y, values = field(2.0, rng, 5)
    x = x + np.linspace(0, 300, 100) * (np.arange(5) == 0)[:, None]
    values = values.copy()
    values[0, :30] = np.nan
    values[2:, 90:] = np.nan
    curves = LevelCurves(x, y, values)
    gain = leave_one_out(curves)
    assert np.isfinite(gain.by_well).all()
    kriged, sigma = krige_curves(curves, [[500.0, 500.0], [100.0, 100.0]], gain)
    assert np.isfinite(kriged[:, :90]).all()
    assert np.isnan(kriged[:, 90:]).all()
    assert np.isnan(sigma[:, 90:]).all()


def test_twin_wells_and_equal_curves() -> None:
    """Wells in one place, and curves without any difference, are no error and no gain."""
    ones = np.ones((4, 20))
    same = leave_one_out(LevelCurves(0 * ones, 0 * ones, ones))
    assert not same.gained
    assert (same.error, same.error_of_mean) == pytest.approx((0, 0), abs=1e-6)
    three = leave_one_out(LevelCurves(*(part[:3] for part in field(3.0, np.random.default_rng(4)))))
    assert not three.gained
    assert np.isnan(three.probability)
