"""Delivered images: range, saturation, local equalisation."""

import numpy as np
import pytest

from geobfdt.simulation.image_scaling import moving, scale_images
from geobfdt.simulation.well_settings import WellSettings


def _recorded():
    rng = np.random.default_rng(0)
    image = rng.standard_normal((3000, 40)).astype(np.float32) + np.linspace(0, 20, 3000, dtype=np.float32)[:, None]
    image[:, 5:12] = np.nan
    return image


@pytest.mark.parametrize("static", ["linear", "equalised"])
def test_values_run_from_0_to_255_and_gaps_stay(static):
    """Dark for low, NaN where nothing was measured."""
    recorded = _recorded()
    images = scale_images(recorded, 0.01, WellSettings(static=static, clip=1.0))
    for image in images:
        assert np.array_equal(np.isnan(image), np.isnan(recorded))
        assert np.nanmin(image) >= 0
        assert np.nanmax(image) <= 255
    assert np.nanmean(images[0][-100:]) > np.nanmean(images[0][:100]) + 150
    assert (images[0] == 255).sum() / np.isfinite(recorded).sum() == pytest.approx(0.01, abs=0.004)


def test_the_dynamic_image_has_no_trend():
    """Every metre fills the scale about its middle."""
    _, dynamic = scale_images(_recorded(), 0.01, WellSettings(dynamic_window=1.0))
    means = [np.nanmean(part) for part in np.array_split(dynamic[100:-100], 20)]
    assert np.ptp(means) < 15
    assert np.nanstd(dynamic[500:600]) > 50


def test_equalised_means_equally_common():
    """Each quarter of the range holds a quarter of the values."""
    image, _ = scale_images(_recorded(), 0.01, WellSettings(static="equalised"))
    counts = np.histogram(image[np.isfinite(image)], 4, (0, 255))[0]
    assert np.allclose(counts / counts.sum(), 0.25, atol=0.02)


def test_quantised_and_wrong_range():
    """Whole numbers from 0 to 15."""
    image, dynamic = scale_images(_recorded(), 0.01, WellSettings(quantised=True, wrong_range=True))
    assert set(np.unique(image[np.isfinite(image)])) == set(range(16))
    assert np.nanmax(dynamic) <= 15


def test_moving_statistics_against_a_slow_oracle():
    """Mean and deviation over 5 rows, gaps left out."""
    recorded = _recorded()[:50]
    mean, deviation = moving(recorded, 5)
    for row in (2, 20, 47):
        part = recorded[row - 2 : row + 3]
        assert mean[row] == pytest.approx(np.nanmean(part), abs=1e-4)
        assert deviation[row] == pytest.approx(np.nanstd(part), abs=1e-3)


def test_an_image_of_nothing_is_delivered_as_nothing():
    """All gaps in, all gaps out."""
    static, dynamic = scale_images(np.full((20, 8), np.nan, np.float32), 0.01, WellSettings())
    assert np.isnan(static).all()
    assert np.isnan(dynamic).all()
