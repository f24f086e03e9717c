"""Looks that shift step by step: pixels change, planes and gaps stay."""

from __future__ import annotations

import numpy as np
import pytest

from geobfdt.studies.look_shifts import LOOK_SHIFTS, shift_look


def grid_of(seed: int = 0) -> np.ndarray:
    """A noisy image with a gap and a bright row."""
    grid = np.random.default_rng(seed).integers(90, 160, (60, 40)).astype(np.uint8)
    grid[30] = 250
    grid[:, 10:14] = 0
    return grid


@pytest.mark.parametrize("kind", list(LOOK_SHIFTS))
def test_further_steps_change_more(kind: str) -> None:
    """Each step is further from the image as it is; gaps stay gaps, and only coverage makes new ones."""
    grid = grid_of()
    measured = grid > 0
    changes = []
    for amount in LOOK_SHIFTS[kind]:
        shifted = shift_look(grid, kind, amount)
        assert not shifted[~measured].any()
        assert kind == "coverage" or (shifted[measured] > 0).all()
        changes.append(np.abs(shifted.astype(float) - grid)[measured].mean())
    assert changes == sorted(changes)
    assert changes[0] > 0


def test_amounts_are_what_they_say() -> None:
    """Half the contrast, so much noise, such a share of the turn; the same seed gives the same noise."""
    flat = np.full((400, 400), 128, np.uint8)
    assert shift_look(flat, "noise", 20.0).std() == pytest.approx(20, rel=0.02)
    assert (shift_look(flat, "noise", 20.0) == shift_look(flat, "noise", 20.0)).all()
    assert (shift_look(flat, "coverage", 0.4) == 0).mean() == pytest.approx(0.4)
    row = np.tile(np.uint8([28, 228]), (4, 2))
    assert shift_look(row, "contrast", 0.5)[0].tolist() == [78, 178, 78, 178]
    line = np.full((41, 8), 100, np.uint8)
    line[20] = 200
    soft = shift_look(line, "blur", 1.4)[:, 0].astype(float) - 100
    # A line that is blurred by 1.4 rows is 100 / (1.4 sqrt(2 pi)) high.
    assert soft[20] == pytest.approx(28.5, abs=1.5)


def test_two_images_shift_alike() -> None:
    """The static and the dynamic image of a rock keep their gaps and get the same noise."""
    grid = np.stack([grid_of(), grid_of()], axis=-1)
    for kind, amounts in LOOK_SHIFTS.items():
        shifted = shift_look(grid, kind, amounts[0])
        assert shifted.shape == grid.shape
        assert (shifted[..., 0] == shifted[..., 1]).all()
