"""Evidence of lines and steps on hand-made patterns."""

from __future__ import annotations

import numpy as np
import pytest

from geobfdt.picking.hough.oriented_evidence import Evidence, oriented_evidence
from geobfdt.picking.hough.working_grid import WorkingGrid

ANGLES = np.arange(2.5, 360, 5)


def evidence_of(values: np.ndarray, weight: np.ndarray | None = None) -> Evidence:
    """Evidence with 6 mm filters in a 20 cm hole."""
    image = np.asarray(values, dtype=np.float32)
    share = np.ones_like(image) if weight is None else np.asarray(weight, dtype=np.float32)
    return oriented_evidence(WorkingGrid(image * share, share, ANGLES, 0.0, 0.005), 0.1, 0.006)


def at(evidence: Evidence, slope: float) -> np.ndarray:
    """Responses (columns, rows) for one slope."""
    return evidence.response[int(evidence.slope_index(np.array(slope)))]


@pytest.mark.parametrize("sign", [1, -1])
def test_line_is_real_and_step_imaginary(sign: int) -> None:
    """Bright lines are positive real, steps up positive imaginary, both at their own place."""
    line, step = np.zeros((72, 200)), np.zeros((72, 200))
    line[:, 100], step[:, 100:] = sign, sign
    flat = at(evidence_of(line), 0.0)[10]
    assert np.abs(flat).argmax() == 100
    assert flat[100].real * sign > 0.9
    assert abs(flat[100].imag) < 0.1
    flat = at(evidence_of(step), 0.0)[10]
    assert np.abs(flat).argmax() in (99, 100)
    assert flat[99:101].imag.min() * sign > 0.7 if sign > 0 else flat[99:101].imag.max() < -0.7


def test_the_right_slope_answers_most() -> None:
    """A slanting line in noise stands out at its own slope, little across it."""
    rng = np.random.default_rng(1)
    slope = 0.12
    rows = np.arange(400) * 0.005
    line = 1.0 + slope * np.radians(ANGLES - 180)
    values = 3 * np.exp(-(((rows - line[:, None]) / 0.01) ** 2)) + rng.normal(size=(72, 400))
    evidence = evidence_of(values)
    inner = np.arange(10, 62)
    on_line = {s: at(evidence, s)[inner, np.rint(line[inner] / 0.005).astype(int)].real.mean() for s in (slope, -slope)}
    assert on_line[slope] > 0.6
    assert on_line[-slope] < 0.7 * on_line[slope]


def test_gain_does_not_matter() -> None:
    """Evidence is relative: another gain and level leave it alone."""
    values = np.random.default_rng(2).normal(size=(72, 300))
    one, other = evidence_of(values), evidence_of(50 * values + 1000)
    np.testing.assert_allclose(one.response, other.response, atol=2e-3)


def test_nothing_is_said_where_nothing_was_measured() -> None:
    """Gaps have no weight and no response, and their edges are no steps."""
    weight = np.ones((72, 300))
    weight[20:30] = 0
    weight[:, 100:140] = 0
    level = np.full((72, 300), 500.0) + np.random.default_rng(3).normal(size=(72, 300))
    evidence = evidence_of(level, weight)
    gap = weight == 0
    assert np.abs(evidence.response[:, gap]).max() == 0
    assert evidence.weight[:, gap].max() == 0
    measured = np.flatnonzero(weight[:, 0])
    assert np.abs(at(evidence, 0.0)[measured, 80:100].mean(axis=0)).max() < 0.3
