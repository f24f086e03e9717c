"""Positions along holes whose shape has a closed form."""

import numpy as np
import pytest

from geobfdt.wells.position import Collar, positions
from geobfdt.wells.survey import Survey


def test_an_arc():
    """A hole on a quarter of a circle, surveyed at 10 stations: minimum curvature is exact between them too."""
    radius = 300.0
    station = np.linspace(0, radius * np.pi / 2, 10)
    survey = Survey(station, np.degrees(station / radius), np.full(10, 30.0))
    depth = np.linspace(0, station[-1], 77)
    out = positions(Collar(1000.0, 2000.0, 50.0), survey, depth)
    aside, down = radius * (1 - np.cos(depth / radius)), radius * np.sin(depth / radius)
    assert np.allclose(out["x_m"], 1000 + aside * 0.5, atol=1e-6)
    assert np.allclose(out["y_m"], 2000 + aside * np.sqrt(0.75), atol=1e-6)
    assert np.allclose(out["z_m"], 50 - down, atol=1e-6)
    assert np.allclose(out["tvd_m"], down, atol=1e-6)


def test_a_survey_that_begins_below_the_collar():
    """Above the first station the hole goes straight on: 30 degrees from the collar."""
    survey = Survey(np.array([100.0, 200.0]), np.array([30.0, 30.0]), np.array([90.0, 90.0]))
    out = positions(Collar(0.0, 0.0, 0.0), survey, [200.0])
    assert out.iloc[0].tolist() == pytest.approx([100.0, 0.0, -200 * np.sqrt(0.75), 200 * np.sqrt(0.75)])


def test_azimuths_are_turned_to_the_grid():
    """A horizontal hole to 80 degrees, 10 degrees short of grid East."""
    survey = Survey(np.zeros(1), np.array([90.0]), np.array([80.0]))
    out = positions(Collar(0.0, 0.0, 0.0, azimuth_to_grid=10.0), survey, [5.0])
    assert out.iloc[0].tolist() == pytest.approx([5.0, 0.0, 0.0, 0.0])
