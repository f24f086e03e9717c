"""The working grid against a loop over pixels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geobfdt.picking.hough.working_grid import working_grid
from geobfdt.wells.image import well_image


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 999), st.sampled_from([3, 16, 72, 100, 180, 360]), st.sampled_from([0.001, 0.0021, 0.005, 0.1]))
def test_matches_loop_over_pixels(seed: int, columns: int, row: float) -> None:
    """Each cell is the mean of the measured pixels whose centre it holds, and its weight their share."""
    rng = np.random.default_rng(seed)
    step = max(round(0.005 / row), 1) * row
    depth = 1234.5 + row * np.arange(40)
    pixels = rng.normal(size=(40, columns)).astype(np.float32)
    pixels[rng.random(pixels.shape) < 0.3] = np.nan
    grid = working_grid(well_image(pixels, depth), step, depth[0])
    per_cell = -(-columns // 72)
    cells: dict[tuple[int, int], list[float]] = {}
    for i in range(40):
        for j in range(columns):
            cells.setdefault((j * grid.angles.size // columns, i // round(step / row)), []).append(pixels[i, j])
    for (column, line), values in cells.items():
        finite = np.array(values)[np.isfinite(values)]
        assert grid.weight[column, line] == pytest.approx(finite.size / len(values))
        assert grid.values[column, line] == pytest.approx(finite.mean() if finite.size else 0.0, abs=1e-5)
    assert grid.values.shape[0] == round(columns / per_cell)


def test_cells_lie_where_their_pixels_do() -> None:
    """A ramp in depth, or around the hole, is read back at the cell's own depth and angle."""
    depth = 10 + 0.0025 * np.arange(100)
    well = well_image(np.broadcast_to(depth[:, None] - 10, (100, 144)), depth)
    grid = working_grid(well, 0.005, 10.0)
    np.testing.assert_allclose(grid.values[3], grid.top - 10 + grid.step * np.arange(50), atol=1e-6)
    angles = np.arange(0, 360, 2.5)
    turn = working_grid(well_image(np.broadcast_to(angles, (4, 144)), depth[:4], angles), 0.005, 10.0)
    np.testing.assert_allclose(turn.values[:, 0], turn.angles, atol=1e-4)


def test_strips_share_one_grid() -> None:
    """Cells of a strip are the cells of the whole well."""
    depth = 7 + 0.0021 * np.arange(200)
    pixels = np.random.default_rng(0).normal(size=(200, 8))
    whole = working_grid(well_image(pixels, depth), 0.0042, depth[0])
    part = working_grid(well_image(pixels[80:160], depth[80:160]), 0.0042, depth[0])
    np.testing.assert_array_equal(part.values, whole.values[:, 40:80])
    assert part.top == pytest.approx(whole.top + 40 * 0.0042)


def test_hole_in_the_depths_is_not_measured() -> None:
    """Rows that are missing from the file have no weight."""
    depth = np.concatenate([np.arange(10) * 0.01, 0.5 + np.arange(10) * 0.01])
    grid = working_grid(well_image(np.ones((20, 4)), depth), 0.01, 0.0)
    assert grid.weight.shape[1] == 60
    assert grid.weight.sum() == 80
