"""Breakouts are found where they are, on real and simulated images, and nowhere else."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from geobfdt.geometry import trace_depth
from geobfdt.picking.breakouts.find import find_breakouts
from geobfdt.picking.breakouts.lobe_picks import downgrade_picks_on_breakouts
from geobfdt.wells.breakouts import greatest_width
from geobfdt.wells.image import well_image
from geobfdt.wells.picks import new_picks

DATA = Path(__file__).parents[2] / "data"
HOLE = {"diameter": 0.2, "deviation": 0.0, "hole_azimuth": 0.0, "reference": "north", "well": "A"}
DEPTH = 100 + 0.005 * np.arange(1200)
ANGLES = (np.arange(144) + 0.5) * 2.5


def noise(seed=0):
    """A wall without anything."""
    return np.random.default_rng(seed).normal(100, 8, (DEPTH.size, ANGLES.size))


def with_lobes(pixels, middle, half=15.0, top=102.0, base=102.8, depth=60.0):
    """The wall with two dark lobes on opposite sides."""
    away = np.abs((ANGLES - middle + 90) % 180 - 90)
    rows = (DEPTH[:, None] >= top) & (base >= DEPTH[:, None])
    return pixels - depth * (rows & (away < half))


def apart(first, second):
    """Angle between directions (deg)."""
    return np.abs((np.asarray(first) - np.asarray(second) + 180) % 360 - 180)


@pytest.mark.parametrize("middle", [1.0, 60.0, 179.0])
@pytest.mark.parametrize("dark", ["low", "high"])
def test_a_pair_of_lobes_is_found_on_every_side(middle, dark):
    """Depths, azimuths and widths of both lobes, also across north."""
    pixels = with_lobes(noise(), middle)
    lobes = find_breakouts(well_image(pixels if dark == "low" else -pixels, DEPTH, ANGLES, dark=dark, **HOLE))
    assert len(lobes) == 2
    assert set(lobes["status"]) == {"proposed"}
    azimuth = lobes["azimuth_true_deg"].to_numpy()
    assert max(min(apart(azimuth, side)) for side in (middle, middle + 180)) < 4
    assert lobes[["top_m", "base_m"]].to_numpy() == pytest.approx(np.tile([102.0, 102.8], (2, 1)), abs=0.05)
    assert lobes["width_deg"].to_numpy() == pytest.approx([30, 30], abs=10)


def test_gaps_between_pads_do_not_hide_them():
    """Eight pads, 10 degrees of gap between them."""
    pixels = with_lobes(noise(), 60.0, half=25.0)
    pixels[:, ANGLES % 45 > 35] = np.nan
    assert len(find_breakouts(well_image(pixels, DEPTH, ANGLES, **HOLE))) == 2


@pytest.mark.parametrize(("middle", "has_width"), [(30.0, True), (55.0, False)])
def test_a_side_in_a_gap_between_pads_leaves_bounds_of_the_width(middle, has_width):
    """Four pads of 60 degrees: a lobe of 40 degrees lies on one, or 15 degrees of it in the gap beside."""
    pixels = with_lobes(noise(), middle, half=20.0)
    pixels[:, ANGLES % 90 > 60] = np.nan
    lobes = find_breakouts(well_image(pixels, DEPTH, ANGLES, **HOLE))
    assert len(lobes) == 2
    assert max(min(apart(lobes["azimuth_true_deg"].to_numpy(), side)) for side in (middle, middle + 180)) < 10
    if has_width:
        assert lobes["width_deg"].to_numpy() == pytest.approx([40, 40], abs=10)
        assert "width_most_deg" not in lobes
    else:
        assert lobes["width_deg"].isna().all()
        assert (lobes["width_least_deg"] <= 35).all()
        assert lobes["width_most_deg"].between(40, 70).all()
        assert greatest_width(lobes).tolist() == lobes["width_most_deg"].tolist()


@pytest.mark.parametrize(("depth", "expected"), [(24.0, 2), (0.0, 0)])
def test_a_fainter_lobe_opposite_a_very_dark_one_is_enough(depth, expected):
    """The dark side of a tool off the axis hides half of a pair; a dark spot alone is none."""
    pixels = noise()
    for side, contrast in ((60.0, 80.0), (240.0, depth)):
        rows = (DEPTH[:, None] >= 102.0) & (DEPTH[:, None] <= 102.6)
        pixels = pixels - contrast * (rows & (apart(ANGLES, side) < 15))
    assert len(find_breakouts(well_image(pixels, DEPTH, ANGLES, **HOLE))) == expected


@pytest.mark.parametrize("seed", range(3))
def test_bare_walls_and_planes_have_none(seed):
    """Noise alone, and a thick steep fracture, which is dark at two opposite points as well."""
    bare = well_image(noise(seed), DEPTH, ANGLES, **HOLE)
    assert find_breakouts(bare).empty
    plane = trace_depth([103.0, 0.4 + 0.2 * seed, 0.1], ANGLES)
    dark = noise(seed) - 60 * (np.abs(DEPTH[:, None] - plane) < 0.06)
    assert find_breakouts(well_image(dark, DEPTH, ANGLES, **HOLE)).empty


@pytest.mark.parametrize(("depth", "expected"), [(10.0, 0), (60.0, 2)])
def test_faint_sides_of_the_whole_log_are_none_and_a_long_breakout_is_one(depth, expected):
    """A tool off the axis makes faint dark sides all along; clear lobes are lobes however long they are."""
    pixels = with_lobes(noise(), 60.0, half=20.0, top=0.0, base=200.0, depth=depth)
    assert len(find_breakouts(well_image(pixels, DEPTH, ANGLES, **HOLE))) == expected


@pytest.mark.parametrize(("seed", "amplitude"), [(0, 0.3), (1, 1.0), (3, 0.6)])
def test_crests_of_steep_beds_are_no_lobes_and_lobes_among_them_are(seed, amplitude):
    """Sets of beds that dip steeply are dark at crests and troughs, which lie opposite each other."""
    rng = np.random.default_rng(seed)
    along = DEPTH[:, None] - amplitude * np.cos(np.radians(ANGLES - 70))
    beds = rng.normal(0, 25, 41)[np.searchsorted(np.sort(rng.uniform(97, 109, 40)), along)]
    assert find_breakouts(well_image(noise(seed) + beds, DEPTH, ANGLES, **HOLE)).empty
    pixels = with_lobes(noise(seed) + beds, 30.0, half=20.0, base=103.0, depth=100.0)
    lobes = find_breakouts(well_image(pixels, DEPTH, ANGLES, **HOLE))
    assert sorted(lobes["azimuth_true_deg"]) == pytest.approx([30, 210], abs=8)


@pytest.mark.parametrize(("gap", "expected"), [(-0.1, 2), (0.5, 2), (2.0, 0)])
def test_clear_lobes_above_each_other_on_opposite_sides_are_a_pair(gap, expected):
    """The lobes of one stress need not lie at one depth, but near each other."""
    pixels = noise()
    for side, top in ((60.0, 102.0), (240.0, 102.6 + gap)):
        rows = (DEPTH[:, None] >= top) & (top + 0.6 >= DEPTH[:, None])
        pixels = pixels - 80 * (rows & (apart(ANGLES, side) < 20))
    assert len(find_breakouts(well_image(pixels, DEPTH, ANGLES, **HOLE))) == expected


@pytest.mark.parametrize(("middle", "expected"), [(60.0, 4), (105.0, 2)])
def test_a_faint_pair_counts_on_the_axis_of_a_clear_one(middle, expected):
    """One stress makes all breakouts of a well."""
    faint = with_lobes(noise(), 60.0, half=10.0, top=104.5, base=104.8, depth=18.0)
    clear = with_lobes(faint, middle, depth=60.0)
    assert len(find_breakouts(well_image(clear, DEPTH, ANGLES, **HOLE))) == expected


def test_a_lobe_that_runs_into_something_faint_is_found():
    """Both lobes end in a faint dark band that leads away from them."""
    pixels = with_lobes(noise(), 60.0)
    away = (ANGLES - 60 + 90) % 180 - 90
    faint = (np.abs(away - 18) < 14) & (DEPTH[:, None] > 102.8) & (DEPTH[:, None] < 103.1)
    lobes = find_breakouts(well_image(pixels - 14 * faint, DEPTH, ANGLES, **HOLE))
    assert len(lobes) == 2
    assert max(min(apart(lobes["azimuth_true_deg"].to_numpy(), side)) for side in (60, 240)) < 8


def test_an_image_without_values_has_none():
    """Nothing measured, and one value everywhere."""
    for value in (np.nan, 5.0):
        blank = well_image(np.full((DEPTH.size, ANGLES.size), value), DEPTH, ANGLES, **HOLE)
        assert find_breakouts(blank).empty


def test_sixteen_sectors_are_too_few():
    """A sector is as wide as a lobe."""
    pixels = with_lobes(noise(), 60.0).reshape(DEPTH.size, 16, 9).mean(axis=2)
    assert find_breakouts(well_image(pixels, DEPTH, ANGLES.reshape(16, 9).mean(axis=1), **HOLE)).empty


def test_the_real_acoustic_image():
    """Of 13 human picks 11 within 15 degrees and 10 cm, at most 3 false lobes, axis within 5 degrees."""
    with np.load(DATA / "atv" / "atv_breakout_amp.npz") as file:
        image = well_image(file["amp"], file["depth_m"], **HOLE | {"diameter": 0.1047, "well": "atv"})
    human = pd.read_csv(DATA / "atv" / "atv_breakout_picks.csv")
    human = human[human["opening_deg"] > 0]
    lobes = find_breakouts(image)
    top, base, azimuth = (lobes[n].to_numpy()[:, None] for n in ("top_m", "base_m", "azimuth_app_deg"))
    at, angle = human["depth_m"].to_numpy(), human["azimuth_deg"].to_numpy()
    near = (at >= top - 0.1) & (at <= base + 0.1)
    hits = near & (apart(azimuth, angle) <= 15)
    assert len(human) == 13
    assert hits.any(axis=0).sum() >= 11
    assert (~hits.any(axis=1)).sum() <= 3
    axes = [np.angle((w * np.exp(2j * np.radians(a))).sum()) for w, a in (((base - top), azimuth), (1.0, angle))]
    assert abs(np.degrees(np.angle(np.exp(1j * (axes[0] - axes[1]))))) / 2 < 5
    # Chance: each human pick turned by itself meets lobes of these heights and widths.
    rng = np.random.default_rng(0)
    turned = [
        (near & (apart(azimuth, rng.uniform(0, 360, angle.size)) <= 15)).any(axis=0).sum() for _ in range(500)
    ]  # fmt: skip
    assert hits.any(axis=0).sum() - np.mean(turned) > 5 * np.std(turned)


def test_the_real_optical_image_has_none():
    """Dark fractures and cavities are no breakouts, whatever the tool is called."""
    with np.load(DATA / "otv" / "otv_fractured_rgb.npz") as file:
        pixels, depth = file["rgb"].astype(float), file["depth_m"].astype(float)
    pixels = pixels.mean(axis=2) if pixels.ndim == 3 else pixels
    order = np.argsort(depth)
    assert find_breakouts(well_image(pixels[order], depth[order], **HOLE)).empty


def picks_at(traces):
    """Picks of traces."""
    z, a, b = np.array(traces).T
    return new_picks(
        well="A", depth_m=z, class_="bedding", amplitude_m=np.hypot(a, b), quality="B",
        azimuth_app_deg=np.degrees(np.arctan2(b, a)) % 360, status="proposed",
    )  # fmt: skip


def test_picks_on_breakouts_alone_get_quality_d():
    """The edge of the lobes is no bed; a bed through the lobes is."""
    bed = trace_depth([102.4, 0.05, 0.0], ANGLES)
    pixels = with_lobes(noise() - 50 * (np.abs(DEPTH[:, None] - bed) < 0.01), 60.0)
    image = well_image(pixels, DEPTH, ANGLES, **HOLE)
    lobes = find_breakouts(image)
    picks, findings = downgrade_picks_on_breakouts(picks_at([[102.0, 0.0, 0.0], [102.4, 0.05, 0.0]]), lobes, image)
    assert picks["quality"].tolist() == ["D", "B"]
    assert [finding.kind for finding in findings] == ["picks-on-breakouts"]


def test_without_breakouts_picks_stay_as_they_are():
    """The very same table."""
    image = well_image(noise(), DEPTH, ANGLES, **HOLE)
    picks = picks_at([[102.0, 0.0, 0.0]])
    assert downgrade_picks_on_breakouts(picks, find_breakouts(image), image)[0] is picks
