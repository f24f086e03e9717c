"""The circle of each row, against the simulated hole."""

from __future__ import annotations

import numpy as np
import pytest

from geobfdt.hole.circle_fit import fit_holes, fitted_distance
from geobfdt.simulation.travel_time import TravelTimeSettings, simulate_travel_time

SCALE = 1480e-6 / 2


def seen_from_tool(**settings: object) -> tuple[np.ndarray, object]:
    """Distances from the tool (m), NaN where no echo came, and the simulated hole."""
    simulated = simulate_travel_time(TravelTimeSettings(length=0.5, **settings), np.random.default_rng(3))
    times = simulated.times["image"].values.astype(float)
    distance = 0.02 + SCALE * (times - 15.0)
    return np.where(times == 300.0, np.nan, distance), simulated


@pytest.mark.parametrize("offset", [0.0, 0.002, 0.01])
def test_radius_and_axis_of_a_tool_off_centre(offset: float) -> None:
    """Radius and axis are those of the simulated hole, wherever the tool hangs."""
    distance, simulated = seen_from_tool(offset=offset)
    fit = fit_holes(distance, simulated.times.azimuth.values)
    assert np.abs(fit.radius - 0.052).max() < 1e-4
    assert np.abs(fit.axis + simulated.tool).max() < 2e-4


def test_a_quarter_of_a_row_may_be_no_wall() -> None:
    """A cavity on one side and lost echoes do not move the fit."""
    distance, simulated = seen_from_tool(offset=0.004, no_echo=0.15)
    distance[:, 20:40] += 0.012
    fit = fit_holes(distance, simulated.times.azimuth.values)
    assert np.nanmax(np.abs(fit.radius - 0.052)) < 2e-4
    assert np.isfinite(fit.radius).mean() > 0.9


def test_the_oval_of_a_hole_is_found() -> None:
    """Half axes and direction of an oval hole come out."""
    distance, simulated = seen_from_tool(offset=0.003, oval=0.002, oval_azimuth=70.0)
    fit = fit_holes(distance, simulated.times.azimuth.values)
    assert np.hypot(*fit.oval.T) == pytest.approx(np.full(100, 0.002), abs=1e-4)
    assert np.degrees(np.arctan2(fit.oval[:, 1], fit.oval[:, 0])) / 2 == pytest.approx(np.full(100, 70.0), abs=2)


def test_rows_that_are_no_hole_have_no_radius() -> None:
    """Nothing measured, a gap of most of the turn, and noise have no fit."""
    distance, simulated = seen_from_tool()
    angle = simulated.times.azimuth.values
    distance[3] = np.nan
    distance[5, angle > 100] = np.nan  # A gap of 260 degrees.
    distance[7] = np.random.default_rng(0).uniform(0.01, 0.4, angle.size)
    lost = np.flatnonzero(np.isnan(fit_holes(distance, angle).radius))
    assert {3, 5} <= set(lost.tolist()) <= {3, 5, 7}


def test_the_fitted_distance_is_that_of_the_wall() -> None:
    """The fit tells the distance that the tool measures."""
    distance, simulated = seen_from_tool(offset=0.005, oval=0.002, roughness=0.0, jitter=0.0)
    angle = simulated.times.azimuth.values
    assert np.abs(fitted_distance(fit_holes(distance, angle), angle) - distance).max() < 1e-4
