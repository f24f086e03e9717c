"""What an image looks like in numbers: each changes when, and only when, the thing that it is named after does."""

from __future__ import annotations

import numpy as np
import pytest

from geobfdt.preparation.fingerprint import IMAGE_FEATURES, image_features
from geobfdt.wells.image import WellImage, well_image

ROWS, COLUMNS, STEP = 800, 90, 0.01


def image_of(pixels: np.ndarray, step: float = STEP) -> WellImage:
    """A well of these pixels."""
    return well_image(pixels.astype(np.float32), 100 + step * np.arange(len(pixels)), well="A")


@pytest.fixture
def noise() -> np.ndarray:
    """White noise: pixels have nothing to do with each other."""
    return np.random.default_rng(0).normal(100, 20, (ROWS, COLUMNS))


def test_known_numbers(noise: np.ndarray) -> None:
    """Spacing, columns, coverage, gaps, dead buttons and range of an image made so."""
    noise[:, 10:20], noise[:, 50:55] = np.nan, np.nan
    noise[:, [30, 31, 70]] = 100.0
    features = image_features(image_of(noise))
    assert features["spacing"] == pytest.approx(np.log2(10), abs=1e-3)
    assert features["columns"] == pytest.approx(np.log2(COLUMNS))
    assert features["measured"] == pytest.approx(75 / 90)
    assert features["gaps"] == 2
    assert features["dead"] == pytest.approx(3 / 75)
    assert 2 ** features["range"] == pytest.approx(2 * 1.645 * 20, rel=0.03)
    assert features["skew"] == pytest.approx(0, abs=0.05)
    assert set(features) == set(IMAGE_FEATURES)


def test_texture(noise: np.ndarray) -> None:
    """Layers change with depth and not around the hole; stripes the other way round; noise both, fully."""
    layers = np.repeat(np.random.default_rng(1).normal(size=(ROWS // 20, 1)), 20, axis=0) + np.zeros((1, COLUMNS))
    stripes = np.random.default_rng(2).normal(size=(1, COLUMNS)) + np.zeros((ROWS, 1))
    bare, laid, striped = (image_features(image_of(x)) for x in (noise, layers, stripes))
    assert bare["down_4"] == pytest.approx(0, abs=0.1)
    assert laid["across_4"] < -6
    assert laid["down_1"] < laid["down_4"] < laid["down_16"]
    assert laid["stripes"] == pytest.approx(0, abs=0.05)
    assert striped["stripes"] > 0.9
    assert striped["down_1"] < -6


def test_units_and_polarity(noise: np.ndarray) -> None:
    """Ten times the values: another range, no other texture. Exchanged bright and dark: the skew turns round."""
    skewed = np.exp(noise / 30)
    plain, larger, inverted = (image_features(image_of(x)) for x in (skewed, 10 * skewed, skewed.max() - skewed))
    assert larger["range"] - plain["range"] == pytest.approx(np.log2(10), abs=0.02)
    assert larger["down_4"] == pytest.approx(plain["down_4"], abs=0.02)
    assert inverted["skew"] == pytest.approx(-plain["skew"], abs=0.02)
    assert plain["skew"] > 0.2
    few = image_features(image_of(np.round(15 * (noise - noise.min()) / np.ptp(noise))))
    assert 2 ** few["values"] <= 16


def test_nothing_measured() -> None:
    """A stretch without a pixel, and one of a single value: what cannot be known is NaN, nothing fails."""
    empty = image_features(image_of(np.full((50, 36), np.nan)))
    assert empty["measured"] == 0
    assert np.isnan(empty["down_4"])
    flat = image_features(image_of(np.full((50, 36), 7.0)))
    assert np.isnan(flat["range"])
