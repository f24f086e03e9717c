"""The level of the wall along the bedding is what was drawn, whatever the dip, also below lobes."""

import numpy as np
import pytest

from geobfdt.picking.breakouts.bedding import bedding_level

STEP, ROWS, COLUMNS = 0.01, 600, 72
ANGLES = np.radians((np.arange(COLUMNS) + 0.5) * 360 / COLUMNS)


@pytest.mark.parametrize("amplitude", [0.0, 0.2, 0.8])
def test_beds_of_any_dip_are_the_level(amplitude):
    """A sine of 50 cm along the hole, tilted; two lobes and a gap between pads do not move it."""
    along = STEP * np.arange(ROWS)[:, None] - amplitude * np.cos(ANGLES - 1.2)
    beds = 10 * np.sin(2 * np.pi * along / 0.5)
    wall = beds + np.random.default_rng(0).normal(0, 1, beds.shape)
    wall[250:350, 10:16] += 30
    wall[250:350, 46:52] += 30
    wall[:, 30:33] = np.nan
    middle = slice(150, 450)
    error = (bedding_level(wall, STEP) - beds)[middle]
    assert np.isfinite(error).all()
    assert np.sqrt((error**2).mean()) < 2


def test_a_wall_without_values_has_no_level():
    """Nothing measured, in one row or many."""
    for rows in (1, 300):
        assert np.isnan(bedding_level(np.full((rows, COLUMNS), np.nan), STEP)).all()
