"""Learning curves: F1 by class, and answers moved to other windows."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from geobfdt.model.planes import Planes
from geobfdt.training.learning_curve import learning_point, move_to_other_windows
from geobfdt.training.prepared_wells import PreparedWell
from geobfdt.training.validation import true_planes

STEP, ROWS, COLUMNS = 0.01, 1200, 16
HALF = {"bedding": 0.5, "fracture": 0.5}


def well_of(name: str, seed: int) -> PreparedWell:
    """A well of 12 m whose flat planes stand in the first column of its image: 100 for a bed, 200 for a fracture."""
    rng = np.random.default_rng(seed)
    rows = np.sort(rng.choice(np.arange(20, ROWS - 20, 7), 30, replace=False))
    classes = rng.integers(0, 2, rows.size)
    grid = np.ones((ROWS, COLUMNS), np.uint8)
    grid[rows, 0] = 100 * (classes + 1)
    traces = np.column_stack([STEP * rows, np.zeros((rows.size, 2))])
    label_mask = np.ones((2, ROWS), bool)
    radius = np.full(ROWS, 0.1, np.float32)
    return PreparedWell(name, grid, 50.0, STEP, radius, traces, classes, np.zeros(rows.size, bool), label_mask)


def reads_the_image(grid: npt.NDArray[np.uint8], _: float) -> Planes:
    """Find what stands in the image."""
    rows = np.flatnonzero(grid[:, 0] > 1)
    logits = np.where(grid[rows, :1] == [[100]], [[5.0, -5.0]], [[-5.0, 5.0]])
    return Planes(np.column_stack([STEP * rows, np.zeros((rows.size, 2))]), logits, np.ones((rows.size, 1)))


def ignores_the_image(grid: npt.NDArray[np.uint8], _: float) -> Planes:
    """Find a bed every 40 cm, the same in all windows of 1.2 m."""
    z0 = 0.2 + 0.4 * np.arange(round(len(grid) * STEP / 0.4))
    traces = np.column_stack([z0, np.zeros((z0.size, 2))])
    return Planes(traces, np.tile([5.0, -5.0], (z0.size, 1)), np.ones((z0.size, 1)))


def test_a_reader_of_images_loses_without_its_own() -> None:
    """It is perfect on its own image and near chance on another's; who ignores the image loses nothing."""
    trained, held_out = [well_of("A", 0)], [well_of("B", 1), well_of("C", 2)]
    point = learning_point(reads_the_image, HALF, trained, held_out, 1.2, 0.03)
    assert point.trained == point.held_out == {"bedding": 1.0, "fracture": 1.0}
    assert max(point.other_image.values()) < 0.5
    without_image = learning_point(ignores_the_image, HALF, trained, held_out, 1.2, 0.03)
    assert without_image.held_out["bedding"] == pytest.approx(without_image.other_image["bedding"])
    assert without_image.held_out["fracture"] == 0


def test_answers_stay_in_their_wells() -> None:
    """Each is moved by the same whole number of windows, round the end of the well, and none is lost."""
    well = well_of("A", 0)
    picks = true_planes(well)
    moved = move_to_other_windows(picks, [well], 1.2)
    apart = np.mod(moved["depth_m"] - picks["depth_m"], 12.0)
    assert np.allclose(apart, 3.6)
    assert moved["depth_m"].between(50.0, 62.0).all()
    assert moved["class"].tolist() == picks["class"].tolist()
