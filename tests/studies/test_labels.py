"""Labels made worse and windows that leak: what is changed is what is said, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from geobfdt.studies.label_noise import LabelNoise, worsen_labels
from geobfdt.studies.leaking import leaking_windows
from geobfdt.training.prepared_wells import PreparedWell

STEP, ROWS = 0.01, 3000


def well(name: str = "A", planes: int = 300) -> PreparedWell:
    """A well whose rows are numbered in their pixels, with planes at random."""
    rng = np.random.default_rng(0)
    grid = np.zeros((ROWS, 32), np.uint8)
    grid[:, 0], grid[:, 1] = 1 + np.arange(ROWS) % 200, 1 + np.arange(ROWS) // 200
    traces = np.column_stack([rng.uniform(0, ROWS * STEP, planes), rng.normal(0, 0.1, (planes, 2))])
    return PreparedWell(
        name, grid, 100.0, STEP, np.full(ROWS, 0.1, np.float32), traces, rng.integers(0, 2, planes),
        np.zeros(planes, bool), np.ones((2, ROWS), bool),
    )  # fmt: skip


def test_nothing_wrong_changes_nothing() -> None:
    """As picked."""
    (worse,) = worsen_labels([well()], LabelNoise(), 0)
    np.testing.assert_array_equal(worse.traces, well().traces)
    np.testing.assert_array_equal(worse.classes, well().classes)


def test_jitter_and_misses() -> None:
    """So many metres off, so many missing; who misses more misses the same ones too."""
    (off,) = worsen_labels([well()], LabelNoise(jitter=0.03), 1)
    assert (off.traces - well().traces).std() == pytest.approx(0.03, rel=0.1)
    few, fewer = (worsen_labels([well()], LabelNoise(missed=share), 1)[0] for share in (0.3, 0.6))
    assert len(few.traces) / 300 == pytest.approx(0.7, abs=0.08)
    assert len(fewer.traces) / 300 == pytest.approx(0.4, abs=0.08)
    assert {tuple(row) for row in fewer.traces} < {tuple(row) for row in few.traces}


def test_another_style_is_of_so_many_wells() -> None:
    """Every third plane, its class its dip's; the other wells stay as picked."""
    wells = [well("A"), well("B"), well("C")]
    worse = worsen_labels(wells, LabelNoise(styled=1), 2)
    counts = [len(one.traces) for one in worse]
    assert sorted(counts) == [100, 300, 300]
    styled = worse[int(np.argmin(counts))]
    np.testing.assert_array_equal(styled.classes == 1, np.hypot(styled.traces[:, 1], styled.traces[:, 2]) > 0.1)
    depths = np.sort(wells[0].traces[:, 0])
    np.testing.assert_allclose(np.sort(styled.traces[:, 0]), depths[::3])


def test_leaking_windows_leak() -> None:
    """A fifth is held out; most of its rock is in other windows; planes are where they were."""
    trained, validated = leaking_windows([well("A"), well("B")], 384, 0)
    assert len(validated) / (len(validated) + len(trained)) == pytest.approx(0.2, abs=0.05)

    def rows(piece: PreparedWell) -> set[tuple[str, int]]:
        return {
            (piece.name.split()[0], row) for row in (piece.grid[:, 0] - 1 + 200 * (piece.grid[:, 1].astype(int) - 1))
        }

    training_rows = set().union(*(rows(piece) for piece in trained))
    validation_rows = set().union(*(rows(piece) for piece in validated))
    assert len(validation_rows & training_rows) > 0.5 * len(validation_rows)
    for piece in validated:
        first = min(row for _, row in rows(piece))
        assert piece.top == pytest.approx(100 + first * STEP)
        depths = piece.traces[~piece.optional, 0] + first * STEP
        assert np.isin(depths.round(6), well().traces[:, 0].round(6)).all()
    pieces = [*trained, *validated]
    assert len({piece.name for piece in pieces}) == len(pieces)
