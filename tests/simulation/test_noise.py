"""Random series and textures: variance, correlation, continuity."""

import numpy as np
import pytest

from geobfdt.simulation.noise import Texture, smooth_series


def test_series_have_unit_variance_and_the_scale_asked_for():
    """Far apart they are independent, near by they are the same."""
    at = np.arange(0, 400, 0.1)
    series = np.stack([smooth_series(np.random.default_rng(seed), at, 3.0) for seed in range(20)])
    assert series.std() == pytest.approx(1, abs=0.07)
    assert abs(series.mean()) < 0.1

    def correlation(lag):
        return (series[:, lag:] * series[:, :-lag]).mean() / series.var()

    assert correlation(3) > 0.95
    assert abs(correlation(150)) < 0.1


@pytest.mark.parametrize("scale", [(1, 1), (3, 3), (40, 5), (5, 60)])
def test_textures_have_unit_variance_and_close_round_the_hole(scale):
    """The first column is as close to the last as to the second."""
    texture = Texture(np.random.default_rng(0), 4000, 360, *scale).block(0, 3000)
    assert texture.std() == pytest.approx(1, abs=0.1)
    across = np.abs(texture[:, 0] - texture[:, -1]).mean()
    assert across == pytest.approx(np.abs(texture[:, 1] - texture[:, 0]).mean(), rel=0.6)


def test_blocks_fit_each_other():
    """A texture does not depend on how it is cut."""
    texture = Texture(np.random.default_rng(0), 1000, 90, 12.0, 9.0)
    parts = np.concatenate([texture.block(0, 333), texture.block(333, 700)])
    assert np.array_equal(parts, texture.block(0, 700))
