"""Gap filling around the hole against numpy's periodic interpolation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geobfdt.preparation.gaps import fill_gaps


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
        seen = np.isfinite(row)
        if seen.any():
            np.testing.assert_allclose(out, np.interp(angles, angles[seen], row[seen], period=360), atol=1e-5)
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
