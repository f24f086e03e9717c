"""Quartiles of rows, which the check for offsets of rows and sectors compares."""

from __future__ import annotations

import numpy as np
import pytest

from geobfdt.quality.offset_checks import row_quartiles


@pytest.mark.parametrize("columns", [1, 2, 3, 8, 16, 56, 144])
@pytest.mark.parametrize("scale", [1e-6, 1.0, 300.0, 1e30])
def test_quartiles_are_those_of_numpy_to_the_bit(columns: int, scale: float) -> None:
    """Whatever is missing from a row; numpy goes row by row."""
    rng = np.random.default_rng(columns)
    values = (scale * rng.normal(size=(300, columns))).astype(np.float32)
    values[rng.random(values.shape) < rng.random((300, 1))] = np.nan
    some = np.isfinite(values).any(axis=1)
    expected = np.nanpercentile(values[some], [25, 50, 75], axis=1).T
    np.testing.assert_array_equal(row_quartiles(values)[some], expected)
    assert not row_quartiles(values)[~some].any()
