"""Induced fractures are found where they are, and planes, streaks of the tool and breakouts are none."""

import numpy as np
import pytest
import xarray as xr

from geobfdt.geometry import trace_depth
from geobfdt.picking.breakouts.find import BreakoutStream, find_breakouts
from geobfdt.picking.breakouts.lines import find_line_pairs
from geobfdt.picking.hough.hough_detector import HoughDetector
from geobfdt.picking.picker import pick_well
from geobfdt.simulation.travel_time import TravelTimeSettings, simulate_travel_time
from geobfdt.wells.image import well_image

HOLE = {"diameter": 0.2, "deviation": 0.0, "hole_azimuth": 0.0, "reference": "north", "well": "A"}
DEPTH = 100 + 0.005 * np.arange(1600)
ANGLES = (np.arange(144) + 0.5) * 2.5


def noise(seed=0):
    """A wall without anything."""
    return np.random.default_rng(seed).normal(100, 10, (DEPTH.size, ANGLES.size))


def with_line(pixels, angle, top=103.0, base=104.5, slope=0.0, width=3.0):
    """The wall with a dark line; its angle changes by `slope` degrees a metre."""
    middle = angle + slope * (DEPTH - top)
    away = np.abs((ANGLES - middle[:, None] + 180) % 360 - 180)
    return pixels - 60 * ((away < width) & ((top <= DEPTH) & (base >= DEPTH))[:, None])


def with_rows(pixels, angle, slopes, top=103.0, base=105.0, pitch=0.15):
    """The wall with two rows of short inclined pieces opposite each other; slopes of the sides in rad per m."""
    for side, slope in zip((angle, angle + 180), slopes, strict=True):
        for middle in np.arange(top, base, pitch):
            part = {"top": middle - 0.6 * pitch, "base": middle + 0.6 * pitch, "slope": np.degrees(slope)}
            pixels = with_line(pixels, side - part["slope"] * 0.6 * pitch, width=2.5, **part)
    return pixels


def apart(first, second):
    """Angle between directions (deg)."""
    return np.abs((np.asarray(first) - np.asarray(second) + 180) % 360 - 180)


@pytest.mark.parametrize("angle", [2.0, 75.0, 178.0])
@pytest.mark.parametrize("slope", [0.0, 12.0])
def test_a_pair_of_lines_is_a_pair_of_induced_fractures(angle, slope):
    """Depths, both azimuths and tilt, also across north."""
    pixels = with_line(with_line(noise(), angle, slope=slope), angle + 180, slope=slope)
    table = find_breakouts(well_image(pixels, DEPTH, ANGLES, **HOLE))
    assert table["class"].tolist() == ["induced", "induced"]
    assert table[["top_m", "base_m"]].to_numpy() == pytest.approx(np.tile([103.0, 104.5], (2, 1)), abs=0.3)
    middle = angle + slope * 0.75
    azimuth = table["azimuth_true_deg"].to_numpy()
    assert max(apart(azimuth, side).min() for side in (middle, middle + 180)) < 5
    # The radius is 0.1 m.
    tilt = np.degrees(np.arctan(np.radians(slope) * 0.1))
    assert table["tilt_deg"].to_numpy() == pytest.approx(np.full(2, tilt), abs=3)
    assert table["width_deg"].isna().all()


def without_gaps(pixels, pads, share):
    """The wall as pads see it that cover a share of the turn; the first one begins at 0."""
    return np.where(ANGLES % (360 / pads) < share * 360 / pads, pixels, np.nan)


@pytest.mark.parametrize("slope", [-3.0, 2.0])
@pytest.mark.parametrize("pads", [0, 8])
def test_rows_of_inclined_pieces_are_induced_fractures_and_no_breakouts(slope, pads):
    """Close together they are dark sides of the hole as well."""
    pixels = with_rows(noise(), 75.0, (slope, slope))
    pixels = without_gaps(pixels, pads, 0.7) if pads else pixels
    table = find_breakouts(well_image(pixels, DEPTH, ANGLES, **HOLE))
    assert table["class"].tolist() == ["induced", "induced"]
    assert max(apart(table["azimuth_true_deg"], side).min() for side in (75.0, 255.0)) < 8
    assert table[["top_m", "base_m"]].to_numpy() == pytest.approx(np.tile([103.0, 105.0], (2, 1)), abs=0.4)
    assert (np.sign(table["tilt_deg"]) == np.sign(slope)).all()


def test_rows_that_slope_against_each_other_are_none():
    """Parallel steep planes cross opposite sides of the hole so."""
    pixels = with_rows(noise(), 75.0, (2.5, -2.5))
    assert find_line_pairs(well_image(pixels, DEPTH, ANGLES, **HOLE)) == []


@pytest.mark.parametrize("angle", [4.0, 29.0])
def test_lines_along_the_edge_of_a_pad_are_no_breakouts(angle):
    """They may go on in the gap, but what shows of them is too narrow for a lobe."""
    pixels = without_gaps(with_line(with_line(noise(), angle), angle + 180), 8, 0.75)
    assert "breakout" not in set(find_breakouts(well_image(pixels, DEPTH, ANGLES, **HOLE))["class"])


@pytest.mark.parametrize(("second", "expected"), [(85.0, 2), (135.0, 1)])
def test_pairs_of_a_strip_share_one_axis(second, expected):
    """Of two axes the one of the taller pair counts."""
    pixels = with_line(with_line(noise(), 75.0, base=105.0), 255.0, base=105.0)
    pixels = with_line(with_line(pixels, second, top=106.0, base=107.0), second + 180, top=106.0, base=107.0)
    pairs = find_line_pairs(well_image(pixels, DEPTH, ANGLES, **HOLE))
    assert len(pairs) == expected
    assert apart(pairs[0].azimuths, 75.0).min() < 5


def test_seventy_two_columns_show_lines():
    """A cell of five degrees is as wide as a line."""
    pixels = with_line(with_line(noise(), 75.0), 255.0).reshape(DEPTH.size, 72, 2).mean(axis=2)
    assert len(find_line_pairs(well_image(pixels, DEPTH, **HOLE))) == 1


@pytest.mark.parametrize("second", [None, 75 + 90, 75 + 140])
def test_one_line_is_none_and_two_that_are_not_opposite_are_none(second):
    """A pair lies 180 degrees apart."""
    pixels = with_line(noise(), 75.0)
    pixels = pixels if second is None else with_line(pixels, second)
    assert find_line_pairs(well_image(pixels, DEPTH, ANGLES, **HOLE)) == []


@pytest.mark.parametrize("amplitude", [0.3, 0.8, 1.5])
def test_the_flanks_of_a_steep_plane_are_none(amplitude):
    """They lie opposite each other, and slope against each other."""
    plane = trace_depth([104.0, amplitude, 0.1], ANGLES)
    pixels = noise() - 60 * (np.abs(DEPTH[:, None] - plane) < 0.03)
    assert find_line_pairs(well_image(pixels, DEPTH, ANGLES, **HOLE)) == []


@pytest.mark.parametrize("turn", [0.0, 15.0])
def test_lines_of_the_tool_are_none(turn):
    """Dead buttons opposite each other follow the tool over the whole image."""
    pixels = noise()
    for angle in (40.0, 220.0):
        pixels = with_line(pixels, angle, top=DEPTH[0], base=DEPTH[-1], slope=turn)
    assert find_line_pairs(well_image(pixels, DEPTH, ANGLES, **HOLE)) == []


def test_coarse_and_sparse_images_have_none():
    """Columns of ten degrees, and pads that cover a third of the turn."""
    pixels = with_line(with_line(noise(), 75.0), 255.0)
    coarse = well_image(pixels.reshape(DEPTH.size, 36, 4).mean(axis=2), DEPTH, **HOLE)
    sparse = well_image(np.where((ANGLES - 75) % 90 < 30, pixels, np.nan), DEPTH, ANGLES, **HOLE)
    assert find_line_pairs(coarse) == find_line_pairs(sparse) == []


def test_lines_along_breakouts_are_no_induced_fractures():
    """Both follow one stress, and lie 90 degrees apart."""
    pixels = noise()
    away = np.abs((ANGLES - 75 + 90) % 180 - 90)
    pixels -= 60 * (away < 20) * ((DEPTH > 106.0) & (DEPTH < 107.0))[:, None]

    def classes(angle):
        lines = with_line(with_line(pixels, angle), angle + 180)
        return set(find_breakouts(well_image(lines, DEPTH, ANGLES, **HOLE))["class"])

    assert classes(165.0) == {"breakout", "induced"}
    assert classes(75.0) == {"breakout"}


def test_rows_that_pass_by_in_any_pieces_give_the_same_table():
    """A stream of odd blocks, and the one pass of the picker."""
    pixels = with_line(with_line(noise(), 75.0), 255.0)
    away = np.abs((ANGLES - 165 + 90) % 180 - 90)
    pixels -= 60 * (away < 20) * ((DEPTH > 101.0) & (DEPTH < 102.0))[:, None]
    image = well_image(pixels, DEPTH, ANGLES, **HOLE)
    whole = find_breakouts(image)
    stream = BreakoutStream(image)
    for first in range(0, DEPTH.size, 333):
        stream.add(image.isel(depth=slice(first, first + 333)))
    picked = pick_well(image, HoughDetector.of(image), check=True)
    assert len(whole) == 4
    assert whole.equals(stream.table())
    assert whole.equals(picked.breakouts)
    assert pick_well(image, HoughDetector.of(image)).breakouts.empty


def lobes_of_tool(**settings):
    """Amplitudes of a tool off centre, with the radius that was simulated."""
    well = simulate_travel_time(TravelTimeSettings(length=3.0, offset=0.005, **settings), np.random.default_rng(4))
    radius = xr.DataArray(well.radius.astype(np.float32), dims=("depth", "azimuth"))
    return well.amplitude, well.amplitude.assign(radius=radius)


@pytest.mark.parametrize("number", [0, 1])
def test_the_dark_sides_of_a_tool_off_centre_are_none(number):
    """They are dark all along (amplitude alone), and the wall there is round (with the radius)."""
    table = find_breakouts(lobes_of_tool()[number])
    assert "breakout" not in set(table["class"])


def test_breakouts_are_found_by_the_radius():
    """Lobes 6 mm deep, where the amplitude shows none."""
    _, image = lobes_of_tool(breakout_depth=0.006, breakout_azimuth=40.0, breakout_span=(1.0, 2.0))
    lobes = find_breakouts(image)
    lobes = lobes[(lobes["class"] == "breakout") & lobes["top_m"].between(100.8, 101.2)]
    assert len(lobes) == 2
    assert max(apart(lobes["azimuth_app_deg"], side).min() for side in (40.0, 220.0)) < 10
