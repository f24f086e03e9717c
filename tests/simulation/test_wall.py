"""The wall with and without its fractures."""

import numpy as np

from geobfdt.simulation.geology import FractureSet, Geology
from geobfdt.simulation.hole import draw_hole
from geobfdt.simulation.wall import Wall
from geobfdt.simulation.well_settings import WellSettings


def test_without_fractures_it_is_the_same_rock():
    """Drawn beside the wall, the unbroken rock is what is drawn where there are no fractures to draw."""
    geology = Geology(fracture_density=2.0, sets=(FractureSet(dip=60, azimuth=90),))
    settings = WellSettings(geology=geology, breakouts=100.0)
    rng = np.random.default_rng(0)
    wall = Wall(settings, draw_hole(settings, 1000 + 0.005 * np.arange(2000), 90, rng), rng)
    broken, whole = wall.block(0, 2000)
    wall.bands, wall._shallowest, wall._deepest = [], np.zeros(0), np.zeros(0)
    alone, same = wall.block(0, 2000)
    assert alone is same
    np.testing.assert_array_equal(alone, whole)
    assert 0.005 < (broken != whole).mean() < 0.5
