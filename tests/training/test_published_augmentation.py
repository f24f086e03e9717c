"""The published augmentation changes looks, not places."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from geobfdt.training import published_augmentation
from geobfdt.training.published_augmentation import change_values_as_published


def scene(seed: int) -> np.ndarray:
    """Smooth texture with gaps."""
    rng = np.random.default_rng(seed)
    texture = ndimage.gaussian_filter(rng.normal(size=(60, 48)), 2)
    grid = np.clip(np.rint(128 + 40 * texture / texture.std()), 1, 255).astype(np.uint8)
    grid[:, 10:14] = 0
    return grid


@pytest.mark.parametrize("seed", range(20))
def test_mask_and_type_stay(seed: int) -> None:
    """Measured stays measured and the rest 0; the given grid is left alone."""
    grid = scene(seed)
    before = grid.copy()
    changed = change_values_as_published(grid, np.random.default_rng(seed))
    np.testing.assert_array_equal(grid, before)
    np.testing.assert_array_equal(changed > 0, grid > 0)
    assert changed.dtype == np.uint8


def test_same_generator_same_look() -> None:
    """All randomness comes from the generator, and there is some."""
    grid = scene(0)
    looks = [change_values_as_published(grid, np.random.default_rng(seed)) for seed in (3, 3, *range(30))]
    np.testing.assert_array_equal(looks[0], looks[1])
    assert len({image.tobytes() for image in looks}) > 20


def test_places_stay() -> None:
    """Over many looks, the middle of a bright line moves by less than a row, which emboss alone does."""
    grid = np.full((40, 600), 110, np.uint8)
    grid[17:20] = 180
    for seed in range(40):
        rows = change_values_as_published(grid, np.random.default_rng(seed))[:, 2:-2].mean(axis=1)
        excess = (rows - rows[[5, -6]].mean())[10:27]
        assert np.average(np.arange(10, 27), weights=excess) == pytest.approx(18, abs=1)


@pytest.mark.parametrize(
    ("name", "grows"), [("_blurred", False), ("_median", False), ("_sharpened", True), ("_noisy", True)]
)
def test_each_change_does_what_it_says(name: str, grows: bool) -> None:
    """Neighbouring pixels differ less after blur and median, more after sharpening and noise."""
    image = np.random.default_rng(0).normal(128, 20, (60, 48))
    changed = getattr(published_augmentation, name)(image, np.random.default_rng(1))
    rough = [np.abs(np.diff(x, axis=0)).mean() for x in (image, changed)]
    assert (rough[1] > rough[0]) == grows


def test_emboss_lights_slopes() -> None:
    """A flat image stays as it is; one that rises towards the lower right becomes brighter by its slope."""
    rng = np.random.default_rng(0)
    flat = np.full((9, 9), 100.0)
    np.testing.assert_allclose(published_augmentation._embossed(flat, rng), flat)
    ramp = np.add.outer(np.arange(9.0), np.arange(9.0))
    lit = (published_augmentation._embossed(ramp, rng) - ramp)[1:-1, 1:-1]
    assert lit.min() > 0
    assert np.ptp(lit) == pytest.approx(0, abs=1e-9)


def test_gaps_do_not_bleed() -> None:
    """At the mean, filters leave the rim of a gap at the mean."""
    grid = np.full((1000, 30), 128, np.uint8)
    grid[:, 12:15] = 0
    for seed in range(40):
        changed = change_values_as_published(grid, np.random.default_rng(seed))
        rim, far = changed[:, [11, 15]].mean(), changed[:, [5, 22]].mean()
        assert rim == pytest.approx(far, abs=3)
