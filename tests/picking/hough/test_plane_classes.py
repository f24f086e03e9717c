"""Bedding against fracture by looks and company."""

from __future__ import annotations

import numpy as np
import pytest

from geobfdt.geometry import apparent_from_true, trace_from_dip
from geobfdt.picking.hough.plane_classes import bedding_probability, plane_angles


def test_angles_are_those_between_normals() -> None:
    """Against angles written out with dot products."""
    rng = np.random.default_rng(0)
    traces = rng.normal(0, 0.2, (6, 3))
    angles = plane_angles(traces, 0.1)
    for i in range(6):
        for j in range(6):
            one, other = (np.array([-traces[k, 1] / 0.1, -traces[k, 2] / 0.1, 1.0]) for k in (i, j))
            cosine = abs(one @ other) / np.linalg.norm(one) / np.linalg.norm(other)
            assert np.cos(np.radians(angles[i, j])) == pytest.approx(cosine, abs=1e-9)


@pytest.mark.parametrize("deviation", [0.0, 60.0, 85.0])
def test_rule_holds_in_deviated_holes(deviation: float) -> None:
    """The same rock gives the same classes from a vertical and from a steep hole."""
    rng = np.random.default_rng(1)
    dip = np.concatenate([rng.normal(6, 1.5, 20), rng.normal(65, 5, 10)])
    azimuth = np.concatenate([rng.normal(40, 10, 20), rng.normal(200, 15, 10)])
    depth = np.sort(rng.uniform(0, 4, 30))[rng.permutation(30)]
    dip_app, azimuth_app = apparent_from_true(dip, azimuth, deviation, 90.0, "high_side")
    traces = trace_from_dip(depth, dip_app, azimuth_app, 0.2)
    # A third of the beds are thin and look like lines.
    step = np.concatenate([np.where(np.arange(20) % 3 == 0, 0.1, 0.9), np.full(10, 0.15)])
    bedding = bedding_probability(traces, step, np.ones(30), 0.1)
    assert (bedding[:20] > 0.5).mean() >= 0.9
    assert (bedding[20:] < 0.5).mean() >= 0.9


def test_alone_looks_decide() -> None:
    """Without neighbours a step is bedding and a line a fracture; no planes are no trouble."""
    for step, expected in ((0.95, True), (0.05, False)):
        assert (bedding_probability(np.zeros((1, 3)), np.array([step]), np.ones(1), 0.1)[0] > 0.5) == expected
    assert bedding_probability(np.empty((0, 3)), np.empty(0), np.empty(0), 0.1).shape == (0,)
