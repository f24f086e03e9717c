"""The hole's traces against vector algebra, its washouts against the caliper."""

import numpy as np
import pytest

from geobfdt import geometry
from geobfdt.simulation.hole import draw_hole
from geobfdt.simulation.well_settings import WellSettings


def _bore(**settings):
    return draw_hole(WellSettings(**settings), 1000 + 0.01 * np.arange(2000), 36, np.random.default_rng(0))


@pytest.mark.parametrize("reference", ["north", "high_side", "pseudo_north"])
@pytest.mark.parametrize("deviation", [5.0, 50.0, 88.0])
def test_points_of_a_trace_lie_on_the_plane(deviation, reference):
    """Every point of the trace, put into space, fulfils the plane's equation."""
    hole = _bore(deviation=deviation, hole_azimuth=60.0, reference=reference, diameter=0.3)
    z0, a, b = hole.traces([1005.0], [50.0], [170.0])[0]
    t = np.radians(hole.angle)
    axis, line, right = hole.frame(500, 501)
    z = z0 + a * np.cos(t) + b * np.sin(t)
    points = (z - z0)[:, None] * axis + 0.15 * (np.cos(t)[:, None] * line + np.sin(t)[:, None] * right)
    assert np.abs(points @ geometry.pole(50.0, 170.0)).max() < 1e-9


def test_a_plane_along_the_hole_has_no_trace():
    """It would be metres long."""
    assert np.isnan(_bore().traces([1005.0], [89.9], [0.0])[0, 1:]).all()


def test_washouts_only_widen():
    """In gauge elsewhere."""
    hole = _bore(washouts=20.0, diameter=0.2)
    assert hole.diameter.min() == pytest.approx(0.2)
    assert 0.205 < hole.diameter.max() < 0.5


def test_direction_drifts_as_set():
    """Degrees per metre, along the whole log."""
    hole = _bore(deviation=30.0, deviation_drift=0.5, hole_azimuth=359.0, azimuth_drift=0.2)
    assert hole.deviation[-1] - hole.deviation[0] == pytest.approx(0.5 * 19.99)
    assert hole.azimuth[-1] == pytest.approx(359 + 0.2 * 19.99 - 360)
