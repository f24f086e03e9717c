"""Windows in which pads end at different rows keep the planes that are left, and no others."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from geobfdt.training.augmentation import Window
from geobfdt.training.pad_ends import end_pads

SEEDS = range(60)


def share_on_pixels(window: Window, plane: np.ndarray) -> float:
    """Share of a trace that lies on measured pixels, column by column."""
    rows, columns = window.grid.shape
    on = 0
    for column in range(columns):
        turn = 2 * np.pi * column / columns
        row = round((plane[0] + plane[1] * np.cos(turn) + plane[2] * np.sin(turn)) / window.step)
        on += 0 <= row < rows and window.grid[row, column] > 0
    return on / columns


def test_only_the_ends_of_columns_are_cut(make_window: Any) -> None:
    """What is left of a column is one piece with the pixels that it had; columns end at different rows."""
    window = make_window()
    uneven = 0
    for seed in SEEDS:
        changed = end_pads(window, np.random.default_rng(seed))
        measured = changed.grid > 0
        assert measured.any()
        np.testing.assert_array_equal(changed.grid[measured], window.grid[measured])
        ends = np.abs(np.diff(np.pad(measured.astype(int), ((1, 1), (0, 0))), axis=0)).sum(axis=0)
        assert ends.max() <= 2
        uneven += len(set(measured.sum(axis=0))) > 1
    assert uneven > 40


def test_planes_without_a_trace_are_gone(make_window: Any) -> None:
    """A plane stays asked for as long as most of its trace shows; it is dropped when nothing does."""
    window = make_window()
    before = {plane.tobytes(): share_on_pixels(window, plane) for plane in window.targets.traces}
    dropped = optional = 0
    for seed in SEEDS:
        changed = end_pads(window, np.random.default_rng(seed))
        remaining = {plane.tobytes() for plane in changed.targets.traces}
        assert remaining <= before.keys()
        for plane in window.targets.traces:
            if plane.tobytes() not in remaining:
                assert share_on_pixels(changed, plane) < 0.12
                dropped += 1
        for plane, may_miss in zip(changed.targets.traces, changed.targets.optional, strict=True):
            share = share_on_pixels(changed, plane) / before[plane.tobytes()]
            if share < 0.5:
                assert may_miss
            optional += bool(may_miss)
    assert dropped
    assert optional


@pytest.mark.parametrize("images", [1, 2])
def test_two_images_are_cut_alike(make_window: Any, images: int) -> None:
    """A window of several images of the same rock has the same rows in all of them."""
    window = make_window()
    stacked = Window(np.stack([window.grid] * images, axis=-1), window.targets, window.step)
    changed = end_pads(stacked, np.random.default_rng(3))
    flat = end_pads(window, np.random.default_rng(3))
    for image in range(images):
        np.testing.assert_array_equal(changed.grid[..., image], flat.grid)
