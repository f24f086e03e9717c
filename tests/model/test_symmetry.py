"""The network knows no place of its own: a turned, slid or cut image gives turned, slid or cut planes.

The period of turning is 16 columns, the largest stride. That of sliding is the larger of 16 rows and of the rows of the
largest cell that votes are counted in, 4 for each row that a tier averages: 16 rows for the small network, 32 for the
full one.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from geobfdt.model.curve.detection import Planes, detect
from geobfdt.model.network_settings import CurveSettings

FULL = CurveSettings()


def turned(traces: np.ndarray, angle: float) -> np.ndarray:
    """Traces with azimuths larger by an angle (rad)."""
    wave = (traces[:, 1] + 1j * traces[:, 2]) * np.exp(1j * angle)
    return np.column_stack([traces[:, 0], wave.real, wave.imag])


def assert_same(one: Planes, other: Planes, atol: float = 1e-4) -> None:
    """The same planes in whatever order: rounding may swap neighbours of one score."""
    assert len(one.traces) == len(other.traces) > 0
    apart = np.abs(one.traces[:, None] - other.traces).max(-1) + np.abs(one.logits[:, None] - other.logits).max(-1)
    partner = apart.argmin(axis=1)
    assert sorted(partner) == list(range(len(partner)))
    np.testing.assert_allclose(one.traces, other.traces[partner], rtol=0, atol=atol)
    np.testing.assert_allclose(one.logits, other.logits[partner], rtol=0, atol=10 * atol)
    np.testing.assert_allclose(one.evidence, other.evidence[partner], rtol=0, atol=10 * atol)


def test_turning_by_half_a_turn(awake: Any, noise: Any) -> None:
    """16 columns of 32: the same planes on the other side, the same logits, evidence in turned columns."""
    network, grid = awake(), noise(256, 32)
    grid[100:110, :9] = 0
    still, moved = detect(network, grid, 0.1), detect(network, np.roll(grid, 16, axis=1), 0.1)
    expected = Planes(turned(still.traces, np.pi), still.logits, np.roll(still.evidence, 8, axis=1))
    assert len(still.traces) > 5
    assert np.ptp(still.logits) > 0.1
    assert_same(moved, expected)


@pytest.mark.parametrize("turns", [1, 3])
def test_turning_by_a_quarter(awake: Any, noise: Any, sizes: CurveSettings, turns: int) -> None:
    """16 columns of 64."""
    network, grid = awake(sizes.model_copy(update={"columns": 64})), noise(128, 64)
    still, moved = detect(network, grid, 0.1), detect(network, np.roll(grid, 16 * turns, axis=1), 0.1)
    expected = Planes(turned(still.traces, turns * np.pi / 2), still.logits, np.roll(still.evidence, 8 * turns, axis=1))
    assert_same(moved, expected)


def test_turning_by_a_third(awake: Any, noise: Any, sizes: CurveSettings) -> None:
    """16 columns of 48: not only powers of two."""
    network, grid = awake(sizes.model_copy(update={"columns": 48})), noise(128, 48)
    still, moved = detect(network, grid, 0.1), detect(network, np.roll(grid, 16, axis=1), 0.1)
    expected = Planes(turned(still.traces, 2 * np.pi / 3), still.logits, np.roll(still.evidence, 8, axis=1))
    assert_same(moved, expected)


def test_turning_the_full_size(awake: Any, noise: Any) -> None:
    """48 columns of 128 by the network that is shipped, with random weights."""
    grid = noise(256, 128)
    network = awake(FULL, seed=1, few=grid, share=1e-3)
    still, moved = detect(network, grid, 0.11), detect(network, np.roll(grid, 48, axis=1), 0.11)
    expected = Planes(turned(still.traces, 2 * np.pi * 48 / 128), still.logits, np.roll(still.evidence, 24, axis=1))
    assert len(still.traces) > 5
    assert_same(moved, expected)


@pytest.mark.parametrize("periods", [1, 3])
def test_sliding(awake: Any, noise: Any, periods: int) -> None:
    """An image amid unmeasured ground, 16 rows lower or 48: the same planes as much lower."""
    grid = np.zeros((768, 32), np.uint8)
    grid[256:448] = noise(192, 32)
    network = awake()
    still, moved = detect(network, grid, 0.1), detect(network, np.roll(grid, 16 * periods, axis=0), 0.1)
    assert len(still.traces) > 5
    assert_same(moved, Planes(still.traces + [16 * periods * 0.005, 0, 0], still.logits, still.evidence))


def test_sliding_with_wider_cells(awake: Any, noise: Any, sizes: CurveSettings) -> None:
    """Where the steep are voted for on eight rows at once, the period is 32 rows."""
    network = awake(sizes.model_copy(update={"tiers": ((0.13, 1), (0.4, 8))}))
    grid = np.zeros((768, 32), np.uint8)
    grid[256:448] = noise(192, 32)
    still, moved = detect(network, grid, 0.1), detect(network, np.roll(grid, 32, axis=0), 0.1)
    assert_same(moved, Planes(still.traces + [32 * 0.005, 0, 0], still.logits, still.evidence))


def test_a_piece_is_as_the_whole(awake: Any, noise: Any) -> None:
    """Deep in a piece of a strip the planes are those of the strip.

    A margin of 4 m is enough for the small network: receptive field, tallest trace, and the neighbours of two layers.
    """
    grid = noise(2560, 32)
    network = awake(few=grid, share=0.01)
    first, last, margin = 320, 2240, 800
    whole, piece = detect(network, grid, 0.1), detect(network, grid[first:last], 0.1)
    parts = []
    for planes, top in ((whole, 0.0), (piece, first * 0.005)):
        at = planes.traces[:, 0] + top
        inner = (at > (first + margin) * 0.005) & (at < (last - margin) * 0.005)
        parts.append(Planes((planes.traces + [top, 0, 0])[inner], planes.logits[inner], planes.evidence[inner]))
    parts = [Planes(*(part[np.argsort(p.traces[:, 0])] for part in p)) for p in parts]
    assert len(whole.traces) < 15 * 0.005 * len(grid)  # no more than it may look at
    assert_same(parts[1], parts[0])
