"""Simulated fractures against the pick table of a real well (11,953 of them), where that is at hand."""

import numpy as np
import pytest
from tests.real_data import granite_table

from geobfdt import geometry
from geobfdt.io.tables.pick_tables import read_pick_table
from geobfdt.simulation.fractures import draw_fractures, spacings
from geobfdt.simulation.geology import draw_geology
from geobfdt.simulation.hole import draw_hole
from geobfdt.simulation.strata import build_strata
from geobfdt.simulation.well_settings import WellSettings

SHARES = [5, 25, 50, 75, 95]


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """Fractures of the real well."""
    table = granite_table(tmp_path_factory.mktemp("granite"))
    if table is None:
        pytest.skip("the real pick table is not here")
    picks = read_pick_table(table).picks
    return picks[picks["class"] == "fracture"]


@pytest.fixture(scope="module")
def simulated():
    """True dip and azimuth (deg) of fractures of 200 simulated geologies, in vertical holes."""
    planes = []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        geology = draw_geology(rng)
        if geology.fracture_density:
            plain = geology.model_copy(
                update={
                    "fracture_density": 2.0,
                    "bed_thickness": 1.0,
                    "stylolites": 0.0,
                    "faults": 0.0,
                    "crossbedding": 0.0,
                }
            )
            hole = draw_hole(WellSettings(), 1000 + 0.0025 * np.arange(2000), 8, rng)
            planes += [
                (b.dip, b.azimuth) for b in draw_fractures(plain, hole, build_strata(plain, hole, rng), 0.0, rng)
            ]
    return np.array(planes)


def test_true_dips(real, simulated):
    """The five percentiles agree within 5 deg."""
    theirs, ours = np.percentile(real["dip_true_deg"], SHARES), np.percentile(simulated[:, 0], SHARES)
    assert np.abs(theirs - ours).max() < 5


def test_trace_heights(real, simulated):
    """In a vertical hole of the real well's width, trace heights agree within a quarter up to the upper quartile."""
    diameter = float(real["diameter_m"].median())
    theirs = np.percentile(2 * real["amplitude_m"], SHARES[:4])
    ours = np.percentile(2 * geometry.amplitude_from_dip(simulated[:, 0], diameter), SHARES[:4])
    assert np.allclose(ours, theirs, rtol=0.25)


def test_spacing(real):
    """The law of spacings, asked for the real mean and variation, has its quartiles within a factor of two."""
    gaps = np.diff(np.sort(real["depth_m"]))
    gaps = gaps[gaps > 0]
    variation = gaps.std() / gaps.mean()
    assert 1.2 < variation < 3.5  # within what geologies are drawn with
    ours = spacings(100_000, gaps.mean(), variation, np.random.default_rng(0))
    ratio = np.percentile(ours, [25, 50, 75]) / np.percentile(gaps, [25, 50, 75])
    assert np.all((ratio > 0.5) & (ratio < 2))
