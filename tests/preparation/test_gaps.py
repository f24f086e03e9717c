"""Gap filling around the hole against numpy's periodic interpolation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geobfdt.preparation.gaps import fill_gaps, fill_gaps_from_nearest


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([2, 3, 16, 41, 360]), st.floats(0, 0.95))
def test_matches_periodic_interpolation(seed: int, columns: int, missing: float) -> None:
    """Each row equals a periodic piecewise-linear interpolation of its measured pixels."""
    rng = np.random.default_rng(seed)
    angles = np.sort(rng.choice(3600, size=columns, replace=False)) / 10
    image = rng.normal(size=(12, columns)).astype(np.float32)
    image[rng.random(image.shape) < missing] = np.nan
    filled = fill_gaps(image, angles)
    for row, out in zip(image, filled, strict=True):
        finite = np.isfinite(row)
        if finite.any():
            np.testing.assert_allclose(out, np.interp(angles, angles[finite], row[finite], period=360), atol=1e-5)
        else:
            assert np.isnan(out).all()


def test_measured_pixels_are_untouched_and_input_kept() -> None:
    """Filling changes no measured pixel and leaves the given array alone."""
    image = np.array([[1, np.nan, np.inf, 4], [5, 6, 7, 8]], dtype=np.float32)
    before = image.copy()
    filled = fill_gaps(image, [45, 135, 225, 315])
    np.testing.assert_array_equal(image, before)
    np.testing.assert_array_equal(filled, [[1, 2, 3, 4], [5, 6, 7, 8]])


def test_many_rows_at_once() -> None:
    """Rows beyond one block are filled like the others."""
    image = np.full((9000, 3), 2.0, dtype=np.float32)
    image[:, 1] = np.nan
    image[::2, 2] = 6.0
    filled = fill_gaps(image, [0, 120, 240])
    np.testing.assert_array_equal(filled[:, 1], np.where(np.arange(9000) % 2, 2.0, 4.0))


def test_angles_must_fit() -> None:
    """One angle a column, or an error."""
    with pytest.raises(ValueError, match="do not fit"):
        fill_gaps(np.zeros((2, 3)), [0, 180])


def test_nearest_against_a_search_of_all_pixels() -> None:
    """Five nearest measured pixels round the hole, found by looking at every one."""
    rng = np.random.default_rng(0)
    image = rng.normal(size=(14, 18)).astype(np.float32)
    gap = np.zeros(image.shape, bool)
    for row in range(14):
        gap[row, (np.arange(5) + row // 2 + 14) % 18] = True
    gap |= rng.random(image.shape) < 0.1
    values = np.where(gap, np.nan, image)
    rows, columns = np.nonzero(~gap)
    filled = fill_gaps_from_nearest(values)
    np.testing.assert_array_equal(filled[~gap], image[~gap])
    for row, column in np.argwhere(gap):
        across = np.abs(columns - column)
        apart = np.hypot(rows - row, np.minimum(across, 18 - across))
        five = np.sort(apart)[4]
        surely = apart < five  # of those as far as the fifth, any may be chosen
        nearest_values = image[rows[surely], columns[surely]]
        choice = image[rows[apart == five], columns[apart == five]]
        weights = np.concatenate([1 / apart[surely], np.full(5 - surely.sum(), 1 / five)])
        low, high = (
            (np.concatenate([nearest_values, np.sort(choice)[::turn][: 5 - surely.sum()]]) * weights).sum()
            / weights.sum()
            for turn in (1, -1)
        )
        assert low - 1e-5 <= filled[row, column] <= high + 1e-5


def test_nearest_leaves_what_nobody_measured() -> None:
    """A row without a pixel stays empty, and so does an image."""
    values = np.ones((5, 8))
    values[2] = np.nan
    values[0, 3] = np.nan
    filled = fill_gaps_from_nearest(values)
    assert np.isnan(filled[2]).all()
    assert (np.delete(filled, 2, axis=0) == 1).all()
    assert np.isnan(fill_gaps_from_nearest(np.full((3, 4), np.nan))).all()
