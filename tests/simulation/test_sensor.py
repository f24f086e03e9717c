"""Tools: how much each sees, how its pads turn, what its faults do."""

import math

import numpy as np
import pytest

from geobfdt.simulation.hole import draw_hole
from geobfdt.simulation.sensor import Sensor
from geobfdt.simulation.tools import TOOLS
from geobfdt.simulation.well_settings import WellSettings

QUIET = {"noise": 0.0, "row_noise": 0.0, "streaks": 0.0, "gain_spread": 0.0}


def _record(wall, seed=0, rows=None, **numbers):
    settings = WellSettings(**(QUIET | numbers))
    down, round_ = TOOLS[settings.tool].oversampling
    spacing, columns = settings.grid()
    rows = rows or wall.shape[0] // down
    depth = 1000 + np.arange(rows * down) * spacing / down
    rng = np.random.default_rng(seed)
    hole = draw_hole(settings, depth, columns * round_, rng)
    if wall is None:
        wall = np.zeros((rows * down, columns * round_), np.float32)
    return Sensor(settings, hole, rng).measure(wall, 0, 0, rows)


@pytest.mark.parametrize(("tool", "low", "high"), [
    ("fmi", 0.72, 0.82), ("fms", 0.25, 0.4), ("cmi", 0.6, 0.75),
    ("lwd56", 1, 1), ("lwd16", 1, 1), ("atv", 1, 1), ("otv", 1, 1),
])  # fmt: skip
def test_coverage_of_an_8_inch_hole(tool, low, high):
    """Share of measured pixels, as the tool's makers state it; the preset's own number agrees."""
    image = _record(None, rows=600, tool=tool, diameter=0.2032)
    share = np.isfinite(image).mean()
    assert low <= share <= high
    assert share == pytest.approx(TOOLS[tool].coverage(0.2032), abs=0.02)


def test_gaps_grow_with_the_hole():
    """The same pads see less of a wider hole."""
    shares = [np.isfinite(_record(None, rows=100, tool="fmi", diameter=d)).mean() for d in (0.12, 0.2, 0.3, 0.4)]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] == 1


def test_pads_turn_with_depth():
    """Over 100 m at 0.05 turns a metre, a gap passes each column five times four."""
    image = _record(None, rows=2000, tool="fms", row_spacing=0.05, rotation=0.05, columns=90)
    entries = np.diff(np.isnan(image).astype(int), axis=0) == 1
    assert entries.sum(0).mean() == pytest.approx(20, abs=2)


def test_sector_tools_average_the_wall():
    """A pixel is the mean of the wall behind it."""
    wall = np.random.default_rng(0).standard_normal((100, 96)).astype(np.float32)
    image = _record(wall, tool="lwd16", blur=0.0)
    assert image.shape == (10, 16)
    assert np.allclose(image, wall.reshape(10, 10, 16, 6).mean((1, 3)), atol=1e-5)


def test_dead_buttons_are_dark_stripes():
    """About the share asked for reads a constant, far below the rock."""
    image = _record(None, rows=50, tool="cmi", dead_buttons=0.2, rotation=0.0)
    assert 0.08 < (image == -2.5).sum() / np.isfinite(image).sum() < 0.35


def test_gains_differ_between_buttons_not_along_them():
    """On even rock a column of a tool that does not turn varies less than the row."""
    image = _record(None, rows=300, tool="fmi", gain_spread=0.2, rotation=0.0)
    image = image[:, np.isfinite(image).all(0)]
    assert image[0].std() > 2 * np.median(image.std(axis=0))


def test_point_spread_blurs_an_edge():
    """A sharp edge is spread over about its standard deviation."""
    wall = np.zeros((200, 360), np.float32)
    wall[100:] = 1
    image = _record(wall, tool="otv", row_spacing=0.002, blur=5.0)
    profile = image[:, 0]
    width = 0.002 * np.count_nonzero((profile > 0.159) & (profile < 0.841)) / 2
    assert width == pytest.approx(5 * TOOLS["otv"].blur, abs=0.0015)


@pytest.mark.parametrize("fault", ["stick_slip", "pad_offset"])
def test_depth_errors_stay_small_and_even_out(fault):
    """A flat bed is displaced by no more than a few centimetres, and by nothing on the mean."""
    beds = np.zeros((4000, 360), np.float32)
    beds[::40] = 1
    image = np.nan_to_num(_record(beds, tool="cmi", row_spacing=0.00254, blur=0.0, **{fault: 0.01}))
    rows = np.arange(20, 3980) % 40
    turn = np.exp(2j * math.pi * rows / 40)
    mean = (turn[:, None] * image[20:3980]).sum()
    assert abs(mean) > 0.2 * image[20:3980].sum()
    assert abs(np.angle(mean)) * 40 / (2 * math.pi) * 2.54 < 2  # mm


def test_noise_has_the_size_asked_for():
    """White noise alone."""
    image = _record(None, rows=200, tool="cmi", noise=0.3)
    assert np.nanstd(image) == pytest.approx(0.3, rel=0.05)
