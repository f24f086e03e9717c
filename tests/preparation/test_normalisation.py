"""Static and dynamic normalisation against slow oracles."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geobfdt.preparation.normalisation import dynamic, normalise_dynamic, normalise_static, window_sum
from geobfdt.wells.image import well_image


def noisy(rows: int, columns: int, seed: int, missing: float = 0.2) -> np.ndarray:
    """Noise with a drift along depth and holes."""
    rng = np.random.default_rng(seed)
    image = rng.normal(size=(rows, columns)) * rng.uniform(1, 20, (rows, 1)) + np.linspace(50, 200, rows)[:, None]
    image[rng.random(image.shape) < missing] = np.nan
    return image.astype(np.float32)


def slow_dynamic(image: np.ndarray, rows: int) -> np.ndarray:
    """Two passes of mean and standard deviation, one window at a time."""
    half = rows // 2

    def statistics(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        windows = [values[max(i - half, 0) : i + half + 1].astype(float) for i in range(len(values))]
        return np.array([np.nanmean(w) for w in windows])[:, None], np.array([np.nanstd(w) for w in windows])[:, None]

    mean, deviation = statistics(image)
    mean, deviation = statistics(np.clip(image, mean - 2.5 * deviation, mean + 2.5 * deviation))
    return np.clip(0.5 + (image - mean) / (5 * deviation), 0, 1)


@pytest.mark.parametrize("rows", [1, 2, 3, 8, 31, 64, 200])
def test_window_sum_matches_loop(rows: int) -> None:
    """Every window height gives the plain sum of the rows it covers."""
    values = np.random.default_rng(rows).normal(size=(50, 2))
    half = rows // 2
    slow = np.array([values[max(i - half, 0) : i + half + 1].sum(axis=0) for i in range(50)])
    np.testing.assert_allclose(window_sum(values, rows), slow, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("rows", [5, 20, 301])
def test_dynamic_matches_slow_oracle(rows: int) -> None:
    """Sliding statistics equal the ones taken window by window."""
    image = noisy(120, 9, seed=rows)
    np.testing.assert_allclose(normalise_dynamic(image, rows), slow_dynamic(image, rows), atol=2e-5)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 99), st.integers(3, 40), st.integers(0, 150), st.integers(20, 120))
def test_strip_with_margin_equals_whole(seed: int, rows: int, top: int, length: int) -> None:
    """A strip with `rows` rows of margin is normalised as the whole well is, to the last bit."""
    image = noisy(300, 37, seed)
    start, stop = max(top - rows, 0), min(top + length + rows, 300)
    strip = normalise_dynamic(image[start:stop], rows)[top - start : top - start + length]
    np.testing.assert_array_equal(strip, normalise_dynamic(image, rows)[top : top + length])


def test_gain_and_offset_drop_out() -> None:
    """Another gain and offset of the tool give the same picture."""
    image = noisy(80, 12, seed=1)
    np.testing.assert_allclose(normalise_dynamic(3 * image + 40, 21), normalise_dynamic(image, 21), atol=1e-4)
    np.testing.assert_allclose(normalise_static(3 * image + 40), normalise_static(image), atol=1e-5)


def test_cavity_leaves_its_neighbourhood_some_contrast() -> None:
    """A very dark cavity does not flatten the texture beside it."""
    texture = np.random.default_rng(2).normal(100, 1, size=(200, 30)).astype(np.float32)
    cavity = texture.copy()
    cavity[100:102, :10] = -20.0
    assert normalise_dynamic(cavity, 201)[:50].std() > 0.5 * normalise_dynamic(texture, 201)[:50].std()


def test_mask_is_kept_and_range_is_unit() -> None:
    """NaN stays NaN, infinity counts as not measured, everything else lies in [0, 1]."""
    image = noisy(60, 8, seed=3)
    image[5, 5] = np.inf
    for out in (normalise_static(image), normalise_dynamic(image, 15)):
        assert out.dtype == np.float32
        np.testing.assert_array_equal(np.isnan(out), ~np.isfinite(image))
        assert np.nanmin(out) >= 0
        assert np.nanmax(out) <= 1


@pytest.mark.parametrize("value", [0.0, 7.5, -1e5])
def test_no_contrast_is_mid_grey(value: float) -> None:
    """A constant image, or one without a measured pixel, is handled without a warning."""
    image = np.full((10, 4), value, dtype=np.float32)
    image[3] = np.nan
    for out in (normalise_static(image), normalise_dynamic(image, 5)):
        assert set(out[np.isfinite(out)].tolist()) == {0.5}
    assert np.isnan(normalise_static(np.full((3, 3), np.nan))).all()
    assert np.isnan(normalise_dynamic(np.full((3, 3), np.nan), 3)).all()


def test_static_percentiles() -> None:
    """The 1st and 99th percentiles go to 0 and 1, in a straight line."""
    image = np.arange(1001, dtype=np.float32).reshape(7, 143)
    np.testing.assert_allclose(normalise_static(image), np.clip((image - 10) / 980, 0, 1), atol=1e-6)


def test_dynamic_window_is_in_metres() -> None:
    """The window of a well follows its row spacing."""
    image = noisy(100, 6, seed=4)
    well = well_image(image, 10 + 0.02 * np.arange(100))
    np.testing.assert_array_equal(dynamic(well, window=0.5), normalise_dynamic(image, 25))
