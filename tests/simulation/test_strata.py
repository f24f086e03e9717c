"""Layered rock round a hole: the drawn boundaries against the planes that are reported."""

import numpy as np
import pytest

from geobfdt import geometry
from geobfdt.simulation.geology import FractureSet, Geology, draw_geology
from geobfdt.simulation.hole import draw_hole
from geobfdt.simulation.strata import build_strata
from geobfdt.simulation.well_settings import WellSettings

STEP = 0.0025
QUIET = {"lamination": 0.0, "contrast_spread": 0.2, "thin_layers": 0.0, "bed_contrast": 1.0, "massive": 0.0}


def _lay(rows=6000, seed=0, columns=72, well=None, **geology):
    rng = np.random.default_rng(seed)
    settings = WellSettings(**({"caliper_error": 0.005} | (well or {})))
    hole = draw_hole(settings, 1000 + STEP * np.arange(rows), columns, rng)
    strata = build_strata(Geology(**(QUIET | geology)), hole, rng)
    return hole, strata, strata.block(0, rows, np.zeros((rows, columns), np.float32))


@pytest.mark.parametrize("deviation", [0.0, 35.0, 65.0])
def test_boundaries_are_drawn_where_they_are_reported(deviation):
    """The sharpest change of each column lies on the trace, to a row, for most beds."""
    well = {"deviation": deviation, "hole_azimuth": 200.0, "reference": "north", "deviation_drift": 0.02}
    hole, strata, image = _lay(well=well, bedding_dip=7.0, bedding_azimuth=40.0)
    change = np.abs(np.diff(image, axis=0))
    misfits = []
    for plane in strata.planes:
        amplitude = np.hypot(*plane.trace[1:])
        if not 1000.5 + amplitude < plane.trace[0] < 1014.5 - amplitude or plane.gap < 0.06:
            continue
        at = (geometry.trace_depth(plane.trace, hole.angle) - 1000) / STEP
        band = np.arange(-8, 9)
        rows = np.floor(at).astype(int)[:, None] + band
        steps = change[rows, np.arange(hole.angle.size)[:, None]]
        if (steps.max(1) < 0.3).any():
            continue  # a graded or faint boundary has no sharpest row
        misfits.append(np.median(np.abs(rows[np.arange(len(rows)), steps.argmax(1)] + 0.5 - at)))
    assert len(misfits) >= 5
    assert np.median(misfits) < 0.8  # rows
    assert np.percentile(misfits, 85) < 2.0


def test_bedding_dips_scatter_about_the_mean_as_in_real_wells():
    """Median 3 to 8 deg and a 95th percentile of 9 to 19 over fields of gentle bedding."""
    dips = []
    for seed in range(40):
        geology = draw_geology(np.random.default_rng(seed))
        if geology.bedding_dip < 15:
            attitude = {name: getattr(geology, name) for name in ("bedding_dip", "bedding_azimuth", "dip_scatter")}
            _, strata, _ = _lay(rows=4000, seed=seed, columns=8, **attitude)
            dips += [plane.dip for plane in strata.planes]
    assert 3 < np.median(dips) < 8
    assert 9 < np.percentile(dips, 95) < 19


def test_cross_beds_dip_steeper_and_lie_inside_their_sets():
    """Foresets dip 22 to 27 deg on the mean in flat rock, and end at the set's bounds."""
    hole, strata, _ = _lay(rows=20_000, crossbedding=0.7, bedding_dip=0.0, dip_scatter=0.5)
    steep = [plane for plane in strata.planes if plane.dip > 12]
    assert len(steep) > 30
    assert 21 < np.mean([plane.dip for plane in steep]) < 28
    ends = []
    for plane in steep:
        z, top, base = (geometry.trace_depth(trace, hole.angle) for trace in (plane.trace, plane.top, plane.base))
        ends.append(((z < top) | (z > base)).any())
    assert 0.05 < np.mean(ends) < 0.95


def test_turning_the_bedding_rolls_the_image():
    """In a vertical hole a quarter turn of all attitudes is a quarter turn of the picture."""
    well = {"caliper_error": 0.0}
    _, strata, image = _lay(rows=3000, bedding_dip=12.0, bedding_azimuth=30.0, well=well)
    _, turned, rolled = _lay(rows=3000, bedding_dip=12.0, bedding_azimuth=120.0, well=well)
    assert np.allclose([p.trace[0] for p in strata.planes], [p.trace[0] for p in turned.planes], atol=1e-6)
    assert (np.abs(np.roll(image, 18, axis=1) - rolled) < 1e-3).mean() > 0.999


def test_blocks_fit_each_other():
    """The rock does not depend on how it is cut."""
    _, strata, image = _lay(rows=2000, crossbedding=0.5, unconformities=20.0)
    parts = [strata.block(a, b, np.zeros((b - a, 72), np.float32)) for a, b in ((0, 700), (700, 1300), (1300, 2000))]
    assert (np.concatenate(parts) == image).mean() > 0.9999


def test_faults_are_reported_once_and_tear_the_beds():
    """Each fault has an attitude of a fracture set, and there are units on both its sides."""
    _, strata, _ = _lay(rows=20_000, faults=12.0, sets=(FractureSet(dip=60, azimuth=90),))
    assert 2 <= len(strata.faults) <= 14
    assert np.allclose(strata.faults[:, 3], 60, atol=20)
    assert len(strata.units) == len(strata.faults) + 1


def test_horizontal_hole_crosses_beds_both_ways():
    """A hole that turns up goes back through beds that it has crossed."""
    well = {"deviation": 86.0, "deviation_drift": 0.4, "hole_azimuth": 0.0, "reference": "high_side"}
    _, strata, image = _lay(rows=8000, bedding_dip=0.0, dip_scatter=0.0, bed_thickness=0.05, well=well)
    assert np.isfinite(image).all()
    a = np.array([plane.trace[1] for plane in strata.planes])
    assert (a > 0).any()
    assert (a < 0).any()
