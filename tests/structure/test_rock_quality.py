"""Image RQD: Deere's rule on planes whose pieces are known, and the law of planes at random."""

import numpy as np
import pytest

from geobfdt.structure.rock_quality import rock_quality, rqd_of_frequency


@pytest.mark.parametrize("frequency", [1.0, 3.0, 8.0, 16.0, 30.0])
def test_planes_at_random_follow_the_law(frequency):
    """Poisson planes over 20 km: within 1 % of Priest and Hudson (1976), whose law is written out here."""
    rng = np.random.default_rng(round(frequency))
    depth = rng.uniform(0, 20_000, rng.poisson(frequency * 20_000))
    (all_of_it,) = rock_quality(depth, [[0.0, 20_000.0]], [0.0, 20_000.0])
    law = 100 * np.exp(-0.1 * frequency) * (1 + 0.1 * frequency)
    assert all_of_it.image_rqd == pytest.approx(law, rel=0.01)
    assert all_of_it.rqd_of_frequency == pytest.approx(law, rel=0.01)
    assert all_of_it.frequency == pytest.approx(frequency, rel=0.01)
    assert all_of_it.spacing_mean == pytest.approx(1 / frequency, rel=0.01)
    # Half of the exponential distribution lies below its median.
    assert all_of_it.spacing_median == pytest.approx(np.log(2) / frequency, rel=0.02)
    windows = rock_quality(depth, [[0.0, 20_000.0]], np.arange(0, 20_001, 4.0))
    assert np.mean([window.image_rqd for window in windows]) == pytest.approx(all_of_it.image_rqd, abs=0.01)


def test_against_a_ruler():
    """Every millimetre of a short hole is asked for the piece that it lies in."""
    rng = np.random.default_rng(3)
    depth = np.sort(rng.integers(1, 12_000, 80)) / 1000
    stretches = np.array([[0.0, 5.0], [6.0, 12.0]])
    ends = np.unique(np.concatenate([depth, stretches.ravel()]))
    millimetre = np.arange(12_000) / 1000 + 0.0005
    piece = np.searchsorted(ends, millimetre)
    length, first, last = ends[piece] - ends[piece - 1], ends[piece - 1], ends[piece]
    measured = (millimetre < 5) | (millimetre > 6)
    open_ = np.isin(first, stretches) | np.isin(last, stretches)
    sound, judged = length >= 0.1 - 1e-9, measured & ~(open_ & (length < 0.1 - 1e-9))
    for i, window in enumerate(rock_quality(depth, stretches, np.arange(0, 13.0, 3.0))):
        mine = (millimetre > 3 * i) & (millimetre < 3 * i + 3)
        assert window.image_rqd == pytest.approx(100 * sound[mine & judged].mean(), abs=1e-6)
        assert window.metres == pytest.approx(measured[mine].sum() / 1000)
        assert window.planes == np.sum((depth >= 3 * i) & (depth < 3 * i + 3) & ((depth <= 5) | (depth >= 6)))


def test_a_piece_of_ten_centimetres_is_sound():
    """Deere's rule has 10 cm in it; 9.9 cm are not."""
    for spacing, rqd in ((0.1, 100.0), (0.099, 0.0)):
        depth = 1 + spacing * np.arange(41)
        (window,) = rock_quality(depth, [[0.0, 10.0]], [depth[0], depth[-1]])
        assert window.image_rqd == pytest.approx(rqd)


def test_what_is_not_known_is_missing():
    """A window that is mostly not measured has no rates; ends of the image that may be short pieces count nowhere."""
    unmeasured, edge = rock_quality([5.02], [[0.0, 0.4], [5.0, 10.0]], [0.0, 1.0, 10.0])
    assert np.isnan([unmeasured.frequency, unmeasured.image_rqd, unmeasured.rqd_of_frequency]).all()
    assert (edge.planes, edge.image_rqd) == (1, 100.0)
    assert np.isnan(edge.spacing_mean)
    assert rock_quality([], np.empty((0, 2)), [0.0, 1.0])[0].metres == 0


def test_the_law_at_its_ends():
    """No plane, all sound; very many, none."""
    assert rqd_of_frequency([0.0, 1e4]).tolist() == [100.0, pytest.approx(0.0, abs=1e-9)]
