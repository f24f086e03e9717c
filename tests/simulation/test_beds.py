"""Stratigraphic columns: boundaries where the rock changes, spacing as in real picks."""

import numpy as np

from geobfdt.simulation.beds import STEP_M, THIN_BED_M, deposit
from geobfdt.simulation.geology import Geology


def _quiet(**changes):
    numbers = {"lamination": 0.0, "contrast_spread": 0.1, "massive": 0.0} | changes
    return Geology(**numbers)


def test_the_rock_changes_at_boundaries_and_nowhere_else():
    """All of the steep change of the profile is within a graded width of a boundary or thin layer."""
    column = deposit(_quiet(), 0.0, 30.0, np.random.default_rng(0))
    change = np.abs(np.diff(column.tables[0]))
    at = column.origin + STEP_M * (np.arange(change.size) + 0.5)
    steep = at[(change > 0.1) & (at > column.position[0]) & (at < column.position[-1])]
    nearest = np.abs(steep[:, None] - column.position).min(1)
    assert steep.size > 100
    assert nearest.max() < THIN_BED_M


def test_spacing_is_that_of_bed_picks():
    """Mean spacing of boundaries with the default geology is within 0.06 to 0.3 m, heavy-tailed."""
    gaps = np.diff(deposit(Geology(massive=0.0), 0.0, 300.0, np.random.default_rng(1)).position)
    assert 0.06 < np.median(gaps) < 0.3
    assert gaps.max() > 6 * np.median(gaps)


def test_massive_rock_has_few_boundaries():
    """A massive section has many times fewer of them."""
    count = [deposit(Geology(massive=m), 0.0, 100.0, np.random.default_rng(2)).position.size for m in (0.0, 0.8)]
    assert count[0] > 4 * count[1]


def test_contrasts_run_from_obvious_to_hidden():
    """Some steps are several times the median, some a small part of it."""
    column = deposit(_quiet(contrast_spread=0.8, thin_layers=0.0), 0.0, 200.0, np.random.default_rng(3))
    k = ((column.position - column.origin) / STEP_M).astype(int)
    k = k[(k > 12) & (k < column.tables.shape[1] - 12)]
    steps = np.abs(column.tables[0][k + 8] - column.tables[0][k - 8])
    assert np.percentile(steps, 95) > 3 * np.median(steps)
    assert np.percentile(steps, 10) < 0.25 * np.median(steps)


def test_thin_layers_are_one_pick():
    """They have a width; no boundary lies within it."""
    column = deposit(_quiet(thin_layers=0.4), 0.0, 50.0, np.random.default_rng(4))
    thin = column.half_width > 0
    assert 0.1 < thin.mean() < 0.8
    assert (column.half_width <= THIN_BED_M / 2).all()
    assert (column.gap[thin] > column.half_width[thin]).all()
