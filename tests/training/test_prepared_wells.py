"""Prepared wells: where planes and intervals are in the pixels, on disk and in windows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from geobfdt.preparation.network_grid import GridSettings
from geobfdt.training.prepared_wells import PreparedWell, load, prepare, save
from geobfdt.wells.image import WellImage, well_image
from geobfdt.wells.intervals import new_intervals
from geobfdt.wells.picks import new_picks

STEP, TOP, LENGTH = 0.005, 503.217, 4.0
GRID = GridSettings(STEP, 64)


def image(diameter: Any = 0.2) -> WellImage:
    """Four metres with a bright line along the plane of :func:`picks`."""
    depth = TOP + 0.0025 * np.arange(round(LENGTH / 0.0025))
    turn = np.radians((np.arange(90) + 0.5) * 4)
    at = TOP + 2.0 + 0.06 * np.cos(turn - np.radians(40))
    pixels = np.exp(-(((depth[:, None] - at) / 0.006) ** 2) / 2)
    pixels += 0.05 * np.random.default_rng(0).normal(size=pixels.shape)
    return well_image(pixels, depth, well="A-1", diameter=diameter)


def picks(**more: Any) -> pd.DataFrame:
    """A fracture 2 m down, and a bed half a metre above it."""
    return new_picks(
        well="A-1", depth_m=[TOP + 1.5, TOP + 2.0], class_=["bedding", "fracture"], amplitude_m=[0.01, 0.06],
        azimuth_app_deg=[200.0, 40.0], diameter_m=0.2, **more,
    )  # fmt: skip


def test_planes_lie_on_their_pixels() -> None:
    """The prepared trace runs through the line, within a row; classes and options follow their planes."""
    prepared = prepare(image(), picks(optional=[True, False]), new_intervals(), GRID)
    assert prepared.name == "A-1"
    assert prepared.classes.tolist() == [0, 1]
    assert prepared.optional.tolist() == [True, False]
    assert prepared.label_mask.all()
    turn = 2 * np.pi * np.arange(64) / 64
    z0, a, b = prepared.traces[1]
    at = (z0 + a * np.cos(turn) + b * np.sin(turn)) / STEP
    rows = np.arange(len(prepared.grid))[:, None]
    bright = (prepared.grid >= 240) & (np.abs(rows - at) < 15)
    assert np.abs((bright * rows).sum(0) / bright.sum(0) - at).max() <= 1
    assert prepared.top + z0 == pytest.approx(TOP + 2.0)
    assert len(prepared.grid) % 16 == 0
    assert len(prepared.radius) == len(prepared.grid) == prepared.label_mask.shape[1]


def test_round_trip(tmp_path: Path) -> None:
    """What is opened is what was written; pixels are mapped, not loaded, and nobody can change them."""
    prepared = prepare(image(), picks(), new_intervals(), GRID, "other")
    save(prepared, tmp_path / "deep" / "other")
    read = load(tmp_path / "deep" / "other")
    assert isinstance(read.grid, np.memmap)
    assert not read.grid.flags.writeable
    for name in vars(prepared):
        np.testing.assert_array_equal(getattr(read, name), getattr(prepared, name), strict=True)
    assert sorted(file.name for file in (tmp_path / "deep").iterdir()) == ["other.npy", "other.npz"]
    assert not isinstance(read.window(0, 96).grid, np.memmap)


def test_no_pickles(tmp_path: Path) -> None:
    """Arrays of objects are refused."""
    np.save(tmp_path / "a.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match="object"):
        load(tmp_path / "a")


def test_radius_is_half_the_diameter() -> None:
    """Row by row, between the rows where it is known, and a usual one where it never is."""
    diameter = np.linspace(0.2, 0.3, round(LENGTH / 0.0025))
    diameter[300:700] = np.nan
    prepared = prepare(image(diameter), picks(), new_intervals(), GRID)
    for depth in (0.5, 1.3, 3.0):
        assert prepared.radius[round(depth / STEP)] == pytest.approx(0.1 + 0.05 * depth / LENGTH, abs=1e-4)
    assert set(prepare(image(np.nan), picks(), new_intervals(), GRID).radius.tolist()) == {np.float32(0.1)}


def test_what_cannot_be_learnt_is_left_out() -> None:
    """Planes of classes that nobody learns, and without a trace; that nothing is where these are is not taught."""
    table = picks()
    table.loc[0, ["amplitude_m", "dip_app_deg", "azimuth_app_deg"]] = np.nan
    prepared = prepare(image(), table, new_intervals(), GRID)
    assert prepared.classes.tolist() == [1]
    at = prepared.top + STEP * np.arange(len(prepared.grid))
    assert not prepared.label_mask[0, np.abs(at - TOP - 1.5) < 0.4].any()
    assert prepared.label_mask[0, np.abs(at - TOP - 1.5) > 0.6].all()
    assert prepared.label_mask[1].all()


def test_only_what_is_marked_is_optional() -> None:
    """A table read from a file has True, False and empty cells."""
    table = picks().assign(optional=np.array([np.nan, True], object))
    assert prepare(image(), table, new_intervals(), GRID).optional.tolist() == [False, True]


def test_intervals() -> None:
    """Known where a class was interpreted and nothing is ignored, row by row."""
    intervals = new_intervals([
        ("A-1", "interpreted", "bedding", TOP, TOP + 1.0), ("A-1", "ignored", "breakout", TOP + 3.0, TOP + 3.5),
        ("B-2", "ignored", "breakout", TOP, TOP + 4.0),
    ])  # fmt: skip
    prepared = prepare(image(), picks(), intervals, GRID)
    at = np.arange(len(prepared.grid)) * STEP
    edge = np.abs(at[:, None] - [1.0, 3.0, 3.5]).min(1) < STEP
    expected = np.array([at <= 1.0, (at < 3.0) | (at > 3.5)])
    np.testing.assert_array_equal(prepared.label_mask[:, ~edge], expected[:, ~edge])
    # The bed lies where beds were not looked for: it may be found or missed.
    window = prepared.window(0, len(prepared.grid))
    assert window.targets.optional.tolist() == [True, False]
    np.testing.assert_array_equal(window.targets.label_mask, prepared.label_mask)


def test_windows_are_pieces(well: Any) -> None:
    """Pixels, planes, radius and what is known, all counted from the window's first row."""
    prepared = well()
    prepared = replace(prepared, radius=np.linspace(0.1, 0.2, 640).astype(np.float32))
    prepared.label_mask[1, 300:330] = False
    window = prepared.window(256, 128)
    np.testing.assert_array_equal(window.grid, prepared.grid[256:384])
    np.testing.assert_array_equal(window.targets.label_mask, prepared.label_mask[:, 256:384])
    assert window.targets.radius == pytest.approx(prepared.radius[320], rel=1e-6)
    assert window.step == STEP
    inside = [i for i, z0 in enumerate(prepared.traces[:, 0]) if 256 * STEP <= z0 <= 383 * STEP]
    got = window.targets
    here = (got.traces[:, 0] >= 0) & (got.traces[:, 0] <= 127 * STEP)
    np.testing.assert_allclose(got.traces[here, 0], prepared.traces[inside, 0] - 256 * STEP)
    np.testing.assert_array_equal(got.traces[here, 1:], prepared.traces[inside, 1:])
    np.testing.assert_array_equal(got.classes[here], prepared.classes[inside])
    assert got.optional[~here].all()


@pytest.mark.parametrize(("first", "rows"), [(-40, 128), (560, 128), (-100, 900)])
def test_windows_beyond_the_ends(well: Any, first: int, rows: int) -> None:
    """Beyond the well nothing is measured and nothing known; planes are where they were."""
    prepared = well()
    window = prepared.window(first, rows)
    assert window.grid.shape == (rows, 32)
    for row in range(rows):
        if 0 <= row + first < 640:
            np.testing.assert_array_equal(window.grid[row], prepared.grid[row + first])
            assert window.targets.label_mask[:, row].all()
        else:
            assert not window.grid[row].any()
            assert not window.targets.label_mask[:, row].any()
    depth = window.targets.traces[:, 0] + first * STEP
    assert np.isin(depth.round(9), prepared.traces[:, 0].round(9)).all()
    ends = first * STEP - 1e-9, (first + rows - 1) * STEP + 1e-9
    inside = [((part >= ends[0]) & (part <= ends[1])).sum() for part in (depth, prepared.traces[:, 0])]
    assert inside[0] == inside[1]


def plane(z0: float, tall: float) -> PreparedWell:
    """Eight metres with one plane."""
    label_mask = np.ones((2, 1600), bool)
    return PreparedWell(
        "A", np.full((1600, 32), 128, np.uint8), 0.0, STEP, np.full(1600, 0.1, np.float32),
        np.array([[z0, 0.0, tall]]), np.array([1]), np.array([False]), label_mask,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("z0", "tall", "optional"),
    [(4.5, 0.3, False), (4.5, 0.49, False), (4.05, 0.3, True), (4.15, 0.3, False), (4.98, 0.4, True), (4.5, 3.0, True)],
)
def test_cut_planes_are_optional(z0: float, tall: float, optional: bool) -> None:
    """A plane of which less than three fifths lie in the window may be found or missed."""
    turn = np.linspace(0, 2 * np.pi, 10_000)
    depth_on_turn = z0 + tall * np.sin(turn)
    share = ((depth_on_turn >= 4.0) & (depth_on_turn <= 5.0 - STEP)).mean()
    assert (share < 0.6) == optional
    window = plane(z0, tall).window(800, 200)
    assert window.targets.optional.tolist() == [optional]


def test_a_plane_whose_middle_is_just_outside_is_no_false_alarm() -> None:
    """Half of a tall plane is seen though its middle is a row above the window: it may be found, at least."""
    window = plane(4.0 - STEP, 0.3).window(800, 200)
    assert window.targets.optional.tolist() == [True]
    assert window.targets.traces[0, 0] == pytest.approx(-STEP)


def test_cuts(well: Any) -> None:
    """Anywhere in the well, to both ends; a well shorter than the window lies in its middle."""
    prepared = well(rows=100)
    rng = np.random.default_rng(0)
    starts = set()
    for _ in range(200):
        window = prepared.cut(90, rng)
        starts.add(next(i for i in range(11) if np.array_equal(window.grid, prepared.grid[i : i + 90])))
    assert starts == set(range(11))
    short = prepared.cut(140, rng)
    np.testing.assert_array_equal(short.grid[20:120], prepared.grid)
    assert not short.grid[:20].any()
    assert not short.grid[120:].any()


def test_windows_lie_where_something_is_interpreted() -> None:
    """Of a long well with a metre interpreted, half of it without pixels, every window holds rows that teach."""
    depth = TOP + STEP * np.arange(4000)
    pixels = np.random.default_rng(0).normal(size=(4000, 64))
    pixels[3100:3200] = np.nan
    rows = [("A-1", "interpreted", kind, depth[3000], depth[3200]) for kind in ("bedding", "fracture")]
    intervals = new_intervals([*rows, ("A-1", "ignored", "masked", depth[3000], depth[3020])])
    table = new_picks(
        well="A-1", depth_m=[TOP + 1.0, depth[3010], depth[3060], depth[3080]], class_="bedding", amplitude_m=0.01,
        azimuth_app_deg=0.0, diameter_m=0.2, optional=[False, False, False, True],
    )  # fmt: skip
    well = prepare(well_image(pixels, depth, well="A-1", diameter=0.2), table, intervals, GRID)
    assert well.metres == pytest.approx(0.4, abs=0.02)
    assert well.planes == 1
    rng = np.random.default_rng(0)
    for _ in range(50):
        window = well.cut(256, rng)
        teaching = window.targets.label_mask.any(axis=0) & (window.grid > 0).any(axis=1)
        assert teaching.any()


def test_planes_of_a_coarse_image_shrink_with_it() -> None:
    """Traces and radius are scaled as the rows are, so that planes stay on their pixels; labels keep their depths."""
    depth = TOP + 0.1 * np.arange(80)
    coarse = well_image(np.zeros((80, 16)), depth, well="A-1", diameter=0.2)
    settings = GridSettings(STEP, 64, coarsest_row=0.025)
    intervals = new_intervals([("A-1", "interpreted", "bedding", TOP, TOP + 4.0)])
    prepared = prepare(coarse, picks(), intervals, settings)
    np.testing.assert_allclose(prepared.traces[:, 0], [1.5 / 4, 2.0 / 4], atol=1e-6)
    np.testing.assert_allclose(np.hypot(*prepared.traces[:, 1:].T), [0.01 / 4, 0.06 / 4])
    np.testing.assert_allclose(prepared.radius, 0.1 / 4, rtol=1e-6)
    assert prepared.step == STEP
    assert prepared.label_mask[0].sum() == pytest.approx(4.0 / 0.02, abs=1)
