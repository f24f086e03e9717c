"""Bootstrap: units, resamples, and intervals that hold what they say."""

import numpy as np
import pandas as pd
import pytest

from geobfdt.evaluation.bootstrap import Units, interval, resamples
from geobfdt.evaluation.scope import gather
from geobfdt.wells.picks import new_picks


def field(wells, depth):
    """Flat beds at the same depths in several wells."""
    return pd.concat([new_picks(well=f"W{k}", depth_m=depth, class_="bedding", amplitude_m=0.0) for k in range(wells)])


def test_units_are_wells_when_there_are_five():
    """Five wells are five units, four are cut into blocks of at most 5 m."""
    depth = np.arange(100.0, 130.0, 0.5)
    many, _ = gather(field(5, depth), field(5, depth))
    assert Units.of(many).keys == tuple((f"W{k}", 0) for k in range(5))
    few, _ = gather(field(4, depth), field(4, depth))
    units = Units.of(few)
    assert units.block == 5.0
    assert len(units) == 24
    for key, unit in zip(units.keys, range(len(units)), strict=True):
        assert units.of_depths(key[0], np.array([key[1] * 5.0, key[1] * 5.0 + 4.99])).tolist() == [unit, unit]


def test_short_wells_have_shorter_blocks():
    """Three metres make ten blocks, not one; false picks do not change the blocks."""
    truth = field(1, np.linspace(33, 36, 40))
    plain, _ = gather(truth, truth)
    odd, _ = gather(pd.concat([truth, field(1, [80.0])]), truth)
    assert Units.of(plain).block == Units.of(odd).block == pytest.approx(0.3)
    assert len(Units.of(odd)) == len(Units.of(plain)) + 1


def test_resamples_draw_every_unit_alike():
    """Each row draws as many as there are, each unit once on average, equal seeds alike."""
    weights = resamples(7, 4000, 1)
    assert (weights.sum(1) == 7).all()
    assert np.allclose(weights.mean(0), 1, atol=0.06)
    assert np.array_equal(weights, resamples(7, 4000, 1))
    assert resamples(1, 0, 0).shape == (0, 1)


def test_interval_of_a_mean_covers_as_often_as_it_says():
    """Of 300 samples of 40 units, about 95 % have the true mean in their interval."""
    rng = np.random.default_rng(0)
    weights = resamples(40, 400, 0) / 40
    covered = [low <= 0.0 <= high for low, high in (interval(weights @ rng.normal(size=40)) for _ in range(300))]
    assert 0.90 <= np.mean(covered) <= 0.98


def test_interval_of_nothing_is_nan():
    """No resample, no interval."""
    assert np.isnan(interval([])).all()
    assert np.isnan(interval([np.nan, np.nan])).all()
