"""The Hough vote against direct sums along traces."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from geobfdt.geometry import trace_rms
from geobfdt.picking.hough.accumulator import evidence_along, peaks, polish, trace_shapes
from geobfdt.picking.hough.oriented_evidence import Evidence, oriented_evidence
from geobfdt.picking.hough.working_grid import working_grid


@pytest.fixture(scope="module")
def evidence(scene: Any) -> Evidence:
    """Evidence of the common scene."""
    return oriented_evidence(working_grid(scene.image, 0.005, 100.0), 0.1, 0.006)


@pytest.mark.parametrize(("radius", "amplitude"), [(0.05, 0.36), (0.1, 0.71), (0.22, 1.5), (0.48, 2.0)])
def test_no_shape_is_far_from_the_grid(radius: float, amplitude: float) -> None:
    """Random planes up to the searched amplitude lie within the spacing of some shape."""
    width = 0.006 if radius < 0.4 else 0.12
    shapes = trace_shapes(radius, width, amplitude)
    rng = np.random.default_rng(0)
    reach, turn = amplitude * np.sqrt(rng.random(500)), rng.uniform(0, 2 * np.pi, 500)
    targets = np.stack([reach * np.cos(turn), reach * np.sin(turn)], axis=1)
    nearest = np.hypot(*(targets[:, None] - shapes[None]).transpose(2, 0, 1)).min(axis=1)
    assert (nearest <= 2 * width * np.sqrt(1 + (reach / radius) ** 2 / 2)).all()
    assert np.hypot(*shapes.T).max() <= amplitude


def test_sampling_matches_a_loop(evidence: Evidence) -> None:
    """Evidence along a trace is the map's value at its slope, column and depth, linear between rows."""
    traces = np.array([[101.0, 0.1, -0.05], [99.99, 0.0, 0.3], [103.0, -0.4, 0.2]])
    along = evidence_along(evidence, traces)
    grid = evidence.grid
    for n, (z0, a, b) in enumerate(traces):
        for c, t in enumerate(np.radians(grid.angles)):
            z, slope = z0 + a * np.cos(t) + b * np.sin(t), b * np.cos(t) - a * np.sin(t)
            k = int(np.abs(np.arctan(slope / 0.1) - evidence.tilts).argmin())
            row = (z - grid.top) / grid.step
            if 0 <= row <= grid.values.shape[1] - 1:
                i = int(row)
                pair = evidence.response[k, c, i : i + 2]
                expected = pair[0] + (row - i) * (pair[-1] - pair[0])
            else:
                expected = 0
            assert along.response[n, c] == pytest.approx(expected, abs=1e-5)


def test_peaks_are_the_highest_scores(evidence: Evidence) -> None:
    """The score of a peak is the plain sum along its trace; around it none is higher."""
    shapes = trace_shapes(0.1, 0.006, 0.3)
    traces, scores = peaks(evidence, shapes, 0.15)
    grid = evidence.grid
    turn = np.radians(grid.angles)

    def slow(z0: float, a: float, b: float) -> float:
        row = np.rint((z0 - grid.top) / grid.step) + np.rint((a * np.cos(turn) + b * np.sin(turn)) / grid.step)
        total, weight = 0j, 0.0
        for c in np.flatnonzero((row >= 0) & (row < grid.values.shape[1])):
            slope = b * np.cos(turn[c]) - a * np.sin(turn[c])
            k = int(np.abs(np.arctan(slope / 0.1) - evidence.tilts).argmin())
            total += evidence.response[k, c, int(row[c])]
            weight += evidence.weight[k, c, int(row[c])]
        return abs(total) / (weight + 0.05 * 72) - 0.52 * np.sqrt(evidence.alike / weight) if weight >= 7.2 else -1.0

    for i in range(0, len(traces), 7):
        assert scores[i] == pytest.approx(slow(*traces[i]), abs=1e-4)
        for move in (-0.005, 0.005) if 100.01 < traces[i, 0] < 105.98 else ():
            assert slow(traces[i, 0] + move, *traces[i, 1:]) <= scores[i] + 1e-4


def test_true_planes_are_peaks(scene: Any, evidence: Evidence) -> None:
    """Each plane of the scene has a peak within 3 cm, and nearer once polished, and scores above all noise."""
    traces, scores = peaks(evidence, trace_shapes(0.1, 0.006, 0.7), 0.15)
    better, higher = polish(evidence, traces)
    assert higher.mean() > scores.mean()
    for plane in [*scene.fractures, *scene.beds]:
        assert trace_rms(traces, plane).min() < 0.03
        assert trace_rms(better, plane).min() < 0.012 + 0.05 * np.hypot(*plane[1:])
