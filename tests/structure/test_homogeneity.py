"""Wells of one rock seldom seem to differ, also where planes lie in swarms; wells of different rocks do."""

from __future__ import annotations

import numpy as np
import pytest

from geobfdt.structure.homogeneity import compare_wells, holm


def blocks(rates: list[float], swarms: bool, rng: np.random.Generator) -> list[list[np.ndarray]]:
    """Metres, sums of weights and sums of their squares in ten blocks of 8 m of each well."""
    table: list[list[np.ndarray]] = [[], [], []]
    for rate in rates:
        shape = 0.25 if swarms else 1.0
        depth = np.cumsum(rng.gamma(shape, 1 / (shape * rate), int(80 * rate * 4) + 80)) - rng.exponential(10)
        depth = depth[(depth > 0) & (depth < 80)]
        weight, number = rng.uniform(1, 5, depth.size), (depth // 8).astype(int)
        table[0].append(np.full(10, 8.0))
        table[1].append(np.bincount(number, weight, minlength=10))
        table[2].append(np.bincount(number, weight**2, minlength=10))
    return table


@pytest.mark.parametrize("swarms", [False, True])
def test_wells_of_one_rock_seldom_differ(swarms: bool) -> None:
    """In about 5 of 100 fields; swarms show in the dispersion instead."""
    rng = np.random.default_rng(0)
    results = [compare_wells(*blocks([2.0] * 4, swarms, rng)) for _ in range(20)]
    assert sum(one.probability <= 0.05 for one in results) <= 3
    assert (np.median([one.dispersion for one in results]) > 1.8) is np.bool_(swarms)


def test_wells_of_different_rocks_differ() -> None:
    """Three times the planes in one of four wells, with swarms."""
    rng = np.random.default_rng(1)
    results = [compare_wells(*blocks([2.0, 2.0, 2.0, 6.0], True, rng)) for _ in range(10)]
    assert sum(one.probability <= 0.05 for one in results) >= 9


def test_the_variance_ratio_is_that_of_an_analysis_of_variance() -> None:
    """Equal blocks: F of scipy on the rates."""
    from scipy.stats import f_oneway

    rng = np.random.default_rng(2)
    area = [rng.uniform(1, 9, 6) for _ in range(3)]
    result = compare_wells([np.full(6, 2.0)] * 3, area, area)
    assert result.statistic == pytest.approx(f_oneway(*(one / 2 for one in area)).statistic)


def test_too_few_blocks_and_no_planes_tell_nothing() -> None:
    """One well, two blocks a well, blocks without metres, and wells without a plane have no probability."""
    ten = np.ones(10)
    for metres, area in (
        ([ten], [ten]), ([ten[:2]] * 3, [ten[:2]] * 3), ([ten, 0 * ten], [ten, ten]), ([ten] * 2, [0 * ten] * 2)
    ):  # fmt: skip
        assert np.isnan(compare_wells(metres, area, area).probability)


def test_holm_is_the_step_down_rule() -> None:
    """By hand: 3 x 0.01, 2 x 0.02, and no value below the one before."""
    assert holm([0.02, 0.01, 0.03]) == pytest.approx([0.04, 0.03, 0.04])
    assert holm([0.9, 0.8]) == pytest.approx([1.0, 1.0])
    assert np.isnan(holm([np.nan])).all()
