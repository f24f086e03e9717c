"""The grid of networks: things stay where they are, whatever the tool, and gaps stay gaps."""

from __future__ import annotations

import numpy as np
import pytest

from geobfdt.preparation.network_grid import GapsAs, GridSettings, column_angles, network_grid, well_span
from geobfdt.wells.image import WellImage, well_image

STEP = 0.005


def line(row: float, columns: int, trace: tuple[float, float, float], first: float | None = None) -> WellImage:
    """A bright line with soft sides, 3 cm thick, on 2 m of faint noise."""
    depth = 50 + row * np.arange(round(2 / row))
    angles = (np.arange(columns) + (0.5 if first is None else first)) * 360 / columns
    turn = np.radians(angles)
    at = trace[0] + trace[1] * np.cos(turn) + trace[2] * np.sin(turn)
    pixels = np.exp(-(((depth[:, None] - at) / 0.03) ** 2) / 2)
    pixels += 0.01 * np.random.default_rng(0).normal(size=pixels.shape)
    return well_image(pixels, depth, angles)


@pytest.mark.parametrize("columns", [360, 56, 16])
@pytest.mark.parametrize("row", [0.0025, 0.005, 0.01])
@pytest.mark.parametrize("wide", [128, 32])
def test_a_sinusoid_stays_in_place(columns: int, row: float, wide: int) -> None:
    """In every column the middle of a line lies within 0.6 rows of the line drawn, on average within 0.1."""
    trace = (51.003, 0.03, -0.04)
    grid = network_grid(line(row, columns, trace), GridSettings(STEP, wide), 50.0)
    turn = 2 * np.pi * np.arange(wide) / wide
    at = (trace[0] + trace[1] * np.cos(turn) + trace[2] * np.sin(turn) - grid.top) / STEP
    values = grid.values.astype(float)
    rows = np.arange(len(values))[:, None]
    near = np.abs(rows - at) < 30
    excess = np.where(near, np.maximum(values - 140, 0), 0)
    middle = (excess * rows).sum(0) / excess.sum(0)
    assert np.abs(middle - at).max() < 0.6
    assert np.abs((middle - at).mean()) < 0.1


@pytest.mark.parametrize(("columns", "row"), [(360, 0.0025), (16, 0.01), (56, 0.00254)])
def test_a_constant_image_is_mid_grey(columns: int, row: float) -> None:
    """128 wherever it is measured, that is everywhere but beyond its ends."""
    depth = 20 + row * np.arange(400)
    image = well_image(np.full((400, columns), 77.0), depth)
    grid = network_grid(image, GridSettings(STEP, 64), 20.0, 16)
    at = grid.top + STEP * np.arange(len(grid.values))
    inside = (at >= depth[0]) & (at <= depth[-1])
    assert set(np.unique(grid.values[inside])) == {128}
    assert set(np.unique(grid.values[~inside])) <= {0}


@pytest.mark.parametrize(("columns", "row"), [(360, 0.0025), (64, 0.005), (16, 0.01)])
def test_gaps_stay_gaps(columns: int, row: float) -> None:
    """0 well inside a gap, along the hole and round it, and nowhere well outside."""
    rng = np.random.default_rng(0)
    count = round(2 / row)
    depth, angles = row * np.arange(count), (np.arange(columns) + 0.5) * 360 / columns
    pixels = rng.normal(size=(count, columns))
    pad = (angles > 90) & (angles < 180)
    pixels[:, pad] = np.nan
    pixels[(depth > 1.2) & (depth < 1.5)] = np.nan
    grid = network_grid(well_image(pixels, depth), GridSettings(STEP, 64), 0.0)
    at, turn = STEP * np.arange(len(grid.values))[:, None], column_angles(64)
    reach, wide = max(STEP, row), 360 / min(columns, 64)
    gap = ((at > 1.2 + reach) & (at < 1.5 - reach)) | ((turn > 90 + wide) & (turn < 180 - wide))
    clear = ((at < 1.2 - reach) | (at > 1.5 + reach)) & ((turn < 90 - wide) | (turn > 180 + wide))
    assert gap.any()
    assert clear.any()
    assert (grid.values[gap] == 0).all()
    assert (grid.values[clear] > 0).all()


def test_what_was_not_measured_has_no_say() -> None:
    """Beside a gap, the mean is of the measured pixels only: a constant stays mid-grey to its edge."""
    pixels = np.full((400, 180), 5.0)
    pixels[150:170, 30:60] = np.inf
    grid = network_grid(well_image(pixels, 0.0025 * np.arange(400)), GridSettings(STEP, 64), 0.0)
    assert set(np.unique(grid.values)) == {0, 128}


def test_nothing_measured() -> None:
    """All zeros, of the shape it would have."""
    grid = network_grid(
        well_image(np.full((400, 90), np.nan), 0.0025 * np.arange(400)), GridSettings(STEP, 64), 0.0, 16
    )
    assert grid.values.shape == (208, 64)
    assert grid.values.dtype == np.uint8
    assert not grid.values.any()


@pytest.mark.parametrize("row", [0.0025, 0.00254, 0.01])
def test_strips_are_as_the_whole(row: float) -> None:
    """A strip's rows, but for the metre of the dynamic window at its ends, are the whole well's to the bit."""
    rng = np.random.default_rng(0)
    count = round(12 / row)
    depth = 1234.567 + row * np.arange(count)
    pixels = rng.normal(size=(count, 60)).cumsum(0)
    pixels[rng.random(pixels.shape) < 0.1] = np.nan
    image = well_image(pixels, depth)
    whole = network_grid(image, GridSettings(STEP, 32), float(depth[0]), 16)
    for seed in range(6):
        first, length = np.random.default_rng(seed).integers(0, count // 2, 2) + [0, round(3 / row)]
        strip = network_grid(
            image.isel(depth=slice(first, first + length)), GridSettings(STEP, 32), float(depth[0]), 16
        )
        offset = round((strip.top - whole.top) / STEP)
        assert offset % 16 == 0
        assert strip.top == pytest.approx(whole.top + offset * STEP, abs=1e-9)
        margin = round(1.0 / STEP) + 20
        inner = strip.values[margin : len(strip.values) - margin]
        assert len(inner) > 100
        np.testing.assert_array_equal(inner, whole.values[offset + margin : offset + margin + len(inner)])


@pytest.mark.parametrize(("top", "origin", "multiple"), [(100.0, 100.0, 1), (103.3, 100.0, 16), (98.73, 100.0, 32)])
def test_rows_count_from_the_origin(top: float, origin: float, multiple: int) -> None:
    """The first row is at or above the image's and a multiple from the origin; so is the number of rows."""
    depth = top + 0.0025 * np.arange(777)
    grid = network_grid(well_image(np.zeros((777, 16)), depth), GridSettings(STEP, 16), origin, multiple)
    first = (grid.top - origin) / STEP
    assert first == pytest.approx(round(first), abs=1e-6)
    assert round(first) % multiple == 0
    assert len(grid.values) % multiple == 0
    assert depth[0] - multiple * STEP < grid.top <= depth[0] + 1e-9
    bottom = grid.top + STEP * (len(grid.values) - 1)
    assert depth[-1] - STEP - 1e-9 < bottom < depth[-1] + multiple * STEP


def test_columns_have_angles() -> None:
    """A bright column at 90.5 deg lies half in the grid's column at 90 and half in that at 91; 359.5 deg wraps."""
    angles = np.arange(360) + 0.5
    for bright, pair in ((90, (90, 91)), (359, (359, 0)), (0, (0, 1))):
        pixels = np.random.default_rng(0).normal(size=(400, 1)) * np.ones((1, 360))
        pixels[:, bright] += 3
        grid = network_grid(well_image(pixels, 0.005 * np.arange(400), angles), GridSettings(STEP, 360), 0.0)
        mean = grid.values.astype(float).mean(0)
        assert mean[pair[0]] == pytest.approx(mean[pair[1]], abs=0.5)
        others = np.delete(mean, pair)
        assert others.max() < mean[pair[0]] - 10


def test_angles_that_start_anywhere() -> None:
    """The same wall in columns at 0.5, 1.5, ... and at 0, 1, ... deg gives the same grid, but for rounding."""
    turn = column_angles(48)
    for first in (0.0, 0.5, 0.9):
        grid = network_grid(line(0.005, 360, (51.0, 0.05, 0.02), first), GridSettings(STEP, 48), 50.0)
        wave = np.exp(1j * np.radians(turn))
        at = (grid.values.astype(float)[100:300] - 128).clip(0)
        middle = (at * np.arange(100, 300)[:, None]).sum(0) / at.sum(0) * STEP
        assert (2 * (middle * wave).mean()).real == pytest.approx(0.05, abs=0.0012)
        assert (2 * (middle * wave).mean()).imag == pytest.approx(0.02, abs=0.0012)


def test_contrast_is_evened_out() -> None:
    """Gain and offset do not show; 1 and 255 are as far as it goes."""
    pixels = np.random.default_rng(0).normal(size=(600, 64))
    pixels[100, 10], pixels[400, 30] = 50, -50
    depth = STEP * np.arange(600)
    one, other = (
        network_grid(well_image(p, depth), GridSettings(STEP, 64), 0.0).values for p in (pixels, 20 * pixels + 900)
    )
    assert np.abs(one.astype(int) - other).max() <= 1
    assert one.min() == 1
    assert one.max() == 255


def test_the_static_image_has_one_contrast_for_the_well() -> None:
    """Rock twice as bright stays brighter: values are shares of the well's 1st to 99th percentile, strip or whole."""
    rng = np.random.default_rng(2)
    pixels = rng.normal(10, 1, (1000, 64))
    pixels[500:] += 20
    image = well_image(pixels, STEP * np.arange(1000))
    low, high = np.percentile(pixels.astype(np.float32), [1, 99])
    span = well_span(image)
    assert span == pytest.approx((low, high), abs=1e-4)
    settings = GridSettings(STEP, 64, image="static")
    whole = network_grid(image, settings, 0.0, span=span).values
    assert np.median(whole[100:400]) == pytest.approx(1 + 254 * (10 - low) / (high - low), abs=3)
    assert np.median(whole[600:900]) == pytest.approx(1 + 254 * (30 - low) / (high - low), abs=3)
    strip = network_grid(image.isel(depth=slice(200, 400)), settings, 0.0, span=span).values
    np.testing.assert_array_equal(strip[1:-1], whole[201:399])


def test_both_images_are_the_two_beside_each_other() -> None:
    """The dynamic one first; each is what it is alone."""
    pixels = np.random.default_rng(4).normal(size=(300, 64)).cumsum(axis=0)
    pixels[:, 10:20] = np.nan
    image = well_image(pixels, STEP * np.arange(300))
    both = network_grid(image, GridSettings(STEP, 64, image="both"), 0.0).values
    for index, kind in enumerate(("dynamic", "static")):
        alone = network_grid(image, GridSettings(STEP, 64, image=kind), 0.0).values  # type: ignore[arg-type]
        np.testing.assert_array_equal(both[..., index], alone)


@pytest.mark.parametrize("gaps", ["linear", "nearest"])
def test_filled_gaps_look_measured(gaps: GapsAs) -> None:
    """Between two pads of one brightness the gap gets it too; the measured stays; empty rows stay out."""
    pixels = np.random.default_rng(1).normal(size=(400, 64))
    pixels[:, 5:9] = np.nan
    pixels[100:120] = np.nan
    image = well_image(pixels, STEP * np.arange(400), np.arange(64) * 360 / 64)
    masked = network_grid(image, GridSettings(STEP, 64), 0.0).values
    filled = network_grid(image, GridSettings(STEP, 64, gaps=gaps), 0.0).values
    np.testing.assert_array_equal(filled[masked > 0], masked[masked > 0])
    assert (filled[:98] > 0).all()
    assert (filled[102:118] == 0).all()


def test_a_coarse_image_is_taken_at_a_smaller_scale() -> None:
    """Rows of 10 cm give the pixels that the same rows give as rows of 2.5 cm; finer rows are left as they are."""
    pixels = np.random.default_rng(2).normal(size=(120, 16))
    settings = GridSettings(STEP, 64, coarsest_row=0.025)
    coarse = network_grid(well_image(pixels, 80 + 0.1 * np.arange(120)), settings, 80.0, 16)
    fine = network_grid(well_image(pixels, 20 + 0.025 * np.arange(120)), settings, 20.0, 16)
    np.testing.assert_array_equal(coarse.values, fine.values)
    assert (coarse.scale, fine.scale) == (pytest.approx(0.25), 1.0)
    assert (coarse.step, fine.step) == (pytest.approx(0.02), STEP)
    assert (coarse.top, fine.top) == (80.0, 20.0)
