"""Augmented planes lie where they are in the augmented image."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from geobfdt.training.augmentation import Window, augment, flip, invert, mirror, roll
from geobfdt.training.published_augmentation import change_values_as_published

STEP = 0.005


def assert_on_the_bright(window: Window) -> None:
    """In each column, each trace is within a row of a bright pixel, and all bright pixels lie on traces."""
    rows, columns = window.grid.shape
    turn = 2 * np.pi * np.arange(columns) / columns
    z0, a, b = window.targets.traces.T[..., None]
    at = (z0 + a * np.cos(turn) + b * np.sin(turn)) / STEP
    bright = window.grid == 250
    off = np.abs(np.arange(rows)[:, None] - at[:, None])
    assert bright.any(0).all()
    assert np.where(bright, off, np.inf).min(1).max() <= 1
    assert off.min(0)[bright].max() <= 1 + 1e-9


@pytest.mark.parametrize("columns", [0, 1, 7, 47, 100, -5])
def test_roll(make_window: Any, columns: int) -> None:
    """Turned by any number of columns; back again it is as it was."""
    window = make_window()
    turned = roll(window, columns)
    assert_on_the_bright(turned)
    if columns % 48:
        assert not np.array_equal(turned.grid, window.grid)
    back = roll(turned, -columns)
    np.testing.assert_array_equal(back.grid, window.grid)
    np.testing.assert_allclose(back.targets.traces, window.targets.traces, atol=1e-12)


@pytest.mark.parametrize("change", [mirror, flip])
def test_mirror_and_flip(make_window: Any, change: Callable[[Window], Window]) -> None:
    """Planes follow; twice is nothing; class, radius and what is optional stay."""
    window = make_window()
    changed = change(window)
    assert_on_the_bright(changed)
    assert not np.array_equal(changed.grid, window.grid)
    np.testing.assert_array_equal(changed.targets.classes, window.targets.classes)
    np.testing.assert_array_equal(changed.targets.optional, window.targets.optional)
    assert changed.targets.radius == window.targets.radius
    again = change(changed)
    np.testing.assert_array_equal(again.grid, window.grid)
    np.testing.assert_allclose(again.targets.traces, window.targets.traces, atol=1e-12)
    np.testing.assert_array_equal(again.targets.label_mask, window.targets.label_mask)


def test_known_follows_depth(make_window: Any) -> None:
    """What is known of a row goes where the row goes: upside down with a flip, nowhere with the others."""
    window = make_window()
    label_mask = window.targets.label_mask
    np.testing.assert_array_equal(flip(window).targets.label_mask, label_mask[:, ::-1])
    for same in (roll(window, 5), mirror(window)):
        np.testing.assert_array_equal(same.targets.label_mask, label_mask)


@pytest.mark.parametrize("columns", [32, 33])
def test_geometric(make_window: Any, columns: int) -> None:
    """Whatever is drawn of turns, mirrors and flips; all of them are drawn."""
    window = make_window(columns=columns)
    upside, measured = set(), set()
    for seed in range(40):
        changed = augment(window, "geometric", np.random.default_rng(seed))
        assert_on_the_bright(changed)
        assert np.array_equal(np.sort(changed.grid, axis=None), np.sort(window.grid, axis=None))
        upside.add(bool(changed.targets.traces[0, 0] > changed.targets.traces[1, 0]))
        measured.add(changed.grid.tobytes())
    assert upside == {True, False}
    assert len(measured) > 20


def test_photometric(make_window: Any) -> None:
    """Planes stay as they are, and what was not measured stays so; the look changes."""
    window = make_window()
    grid = window.grid.copy()
    grid[20:30], grid[:, 40:44] = 0, 0
    window = Window(grid, window.targets, STEP)
    changed = 0
    for seed in range(60):
        after = augment(window, "photometric", np.random.default_rng(seed))
        assert after.targets is window.targets
        assert after.grid.dtype == np.uint8
        assert after.grid.shape == grid.shape
        assert (after.grid[grid == 0] == 0).all()
        changed += not np.array_equal(after.grid, grid)
    assert changed > 45


def test_looks_do_not_shift(make_window: Any) -> None:
    """Over many draws the middle of a line stays where its label is, along the hole and round it."""
    grid = np.full((64, 64), 100, np.uint8)
    grid[32], grid[:, 32] = 250, 250
    window = Window(grid, make_window().targets, STEP)
    off = []
    for seed in range(400):
        after = augment(window, "photometric", np.random.default_rng(seed)).grid.astype(float)
        if (after > 0).all():
            for line in (after[:, 4:24].mean(axis=1), after[4:24].mean(axis=0)):
                bright = np.abs(line - np.median(line))[20:45]
                off.append(float(bright**2 @ np.arange(-12, 13) / (bright**2).sum()))
    assert len(off) > 400
    assert abs(np.mean(off)) < 0.01


def test_a_seen_pixel_goes_only_in_stripes(make_window: Any) -> None:
    """Contrast, noise and blur leave what was measured above 0; only gaps, whole columns of a row, take pixels away."""
    window = make_window()
    for seed in range(60):
        lost = augment(window, "photometric", np.random.default_rng(seed)).grid == 0
        assert lost.mean() < 0.6
        assert not lost.any() or lost.any(1).mean() > 0.9


def test_invert() -> None:
    """Dark becomes bright about the middle, 128; 0 stays 0, and nothing becomes 0."""
    grid = np.arange(256, dtype=np.uint8)[None]
    got = invert(grid)[0]
    assert got[0] == 0
    assert got[128] == 128
    np.testing.assert_array_equal(got[1:], np.clip(256 - np.arange(1, 256), 1, 255))


def test_none_and_both(make_window: Any) -> None:
    """No augmentation is none; both change look and place; the same generator makes the same window."""
    window = make_window()
    assert augment(window, "none", np.random.default_rng(0)) is window
    one, other = (augment(window, "both", np.random.default_rng(3)) for _ in range(2))
    np.testing.assert_array_equal(one.grid, other.grid)
    np.testing.assert_array_equal(one.targets.traces, other.targets.traces)
    assert not np.allclose(one.targets.traces, window.targets.traces)


@pytest.mark.parametrize("kind", ["photometric", "both", "published"])
def test_so_many_looks_change(make_window: Any, kind: Any) -> None:
    """Of windows that are not turned, so large a share has another look; place changes as ever."""
    window, same = make_window(), 0
    for seed in range(200):
        placed = augment(window, "geometric" if kind == "both" else "none", np.random.default_rng(seed))
        same += np.array_equal(augment(window, kind, np.random.default_rng(seed), 0.25).grid, placed.grid)
    assert 140 <= same < 180  # 150 on average, and a few that change nothing


def test_published_changes_the_look_alone(make_window: Any) -> None:
    """As the published kinds of change do; planes stay where they are."""
    window = make_window()
    changed = [augment(window, "published", np.random.default_rng(seed)) for seed in range(6)]
    np.testing.assert_array_equal(changed[0].grid, change_values_as_published(window.grid, np.random.default_rng(0)))
    assert any((one.grid != window.grid).any() for one in changed)
    assert all(one.targets is window.targets for one in changed)
