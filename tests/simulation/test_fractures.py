"""Fractures: drawn on their traces, with the dips and the spacing of real ones."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geobfdt import geometry
from geobfdt.simulation.fractures import draw_fractures, paint, spacings
from geobfdt.simulation.geology import FractureSet, Geology, draw_geology
from geobfdt.simulation.hole import draw_hole
from geobfdt.simulation.strata import build_strata
from geobfdt.simulation.well_settings import WellSettings

STEP = 0.0025


def _break(geology, seed=0, rows=8000, columns=72, roughness=0.0, **well):
    rng = np.random.default_rng(seed)
    hole = draw_hole(WellSettings(**well), 1000 + STEP * np.arange(rows), columns, rng)
    return hole, draw_fractures(geology, hole, build_strata(geology, hole, rng), roughness, rng)


@pytest.mark.parametrize("deviation", [0.0, 40.0, 85.0])
def test_a_lone_fracture_lies_on_its_trace(deviation):
    """In each column the centre of what was painted is on the trace, to half a row; nothing is painted elsewhere."""
    geology = Geology(fracture_density=0.8, spacing_cv=1.0, sets=(FractureSet(dip=55, azimuth=130),))
    hole, bands = _break(geology, deviation=deviation, hole_azimuth=20.0, reference="high_side", diameter=0.25)
    checked = 0
    for band in bands:
        wall = np.zeros((8000, 72), np.float32)
        paint(wall, 0, hole, [band])
        expected = (geometry.trace_depth(band.trace, hole.angle) - 1000) / STEP
        rise = np.abs(np.diff(expected, append=expected[0])).max()  # from column to column
        reach = max(max(4 * float(band.half_width.max()), 3.2 * band.halo[0]) / STEP, 1.6 * rise) + 4
        if expected.min() < reach or expected.max() > 8000 - reach:
            continue
        weight = np.abs(wall).astype(float)
        painted = weight.max(0) > 0.02
        rows = np.arange(8000)[:, None]
        centre = (weight * rows).sum(0)[painted] / weight.sum(0)[painted]
        assert np.abs(centre - expected[painted]).max() < 0.5
        assert not weight[np.abs(rows - expected) > reach].any()
        checked += 1
    assert checked >= 5


@pytest.mark.parametrize("columns", [36, 72, 180])
def test_a_steep_thin_line_is_no_row_of_dots(columns):
    """However few the columns: what is painted in one begins no lower than what is painted in the next ends."""
    hole, bands = _break(Geology(fracture_density=0.5, sets=(FractureSet(dip=70, azimuth=130),)), columns=columns)
    band = next(band for band in bands if 1005 < band.trace[0] < 1015)
    whole = {"half_width": np.full(columns, 0.002), "there": np.ones(columns), "halo": (0.0, 0.0)}
    thin = band._replace(opacity=1.0, level=-3.0, sharpness=4.0, **whole)
    wall = np.zeros((8000, columns), np.float32)
    paint(wall, 0, hole, [thin])
    painted = wall < 0.2 * wall.min(axis=0)
    first, last = painted.argmax(0), 7999 - painted[::-1].argmax(0)
    assert (np.maximum(first, np.roll(first, 1)) <= np.minimum(last, np.roll(last, 1)) + 1).all()
    # Its contrast, summed down each column, is what it would be on the crest.
    np.testing.assert_allclose(wall.sum(axis=0), wall.sum(axis=0).mean(), rtol=0.15)


def test_true_attitude_and_trace_agree():
    """The trace, read as a dip, gives back the band's true attitude."""
    geology = Geology(fracture_density=2.0, sets=(FractureSet(dip=60, azimuth=300, concentration=20),))
    _, bands = _break(geology, deviation=50.0, hole_azimuth=100.0, reference="pseudo_north", diameter=0.2)
    trace = np.array([band.trace for band in bands])
    amplitude, azimuth = geometry.amplitude_azimuth(trace)
    dip, direction = geometry.true_from_apparent(
        geometry.apparent_dip(amplitude, 0.2), azimuth, 50.0, 100.0, "pseudo_north"
    )
    apart = geometry.pole_angle(dip, direction, [b.dip for b in bands], [b.azimuth for b in bands])
    assert len(bands) > 20
    assert np.max(apart) < 1e-6


def test_dips_are_those_of_real_fractures():
    """Percentiles over many fields are within 4 deg of those of 12,000 picks in a granite well."""
    dips = []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        geology = draw_geology(rng)
        if geology.fracture_density:
            flat = geology.model_copy(update={"fracture_density": 2.0, "bed_thickness": 1.0, "stylolites": 0.0,
                                              "faults": 0.0, "crossbedding": 0.0})  # fmt: skip
            dips += [band.dip for band in _break(flat, seed, rows=2000, columns=8)[1]]
    assert len(dips) > 1200
    assert np.abs(np.percentile(dips, [5, 25, 50, 75, 95]) - [36, 54, 67, 76, 84]).max() < 4


@settings(max_examples=20, deadline=None)
@given(cv=st.floats(1.0, 3.0), seed=st.integers(0, 99))
def test_spacing_is_clustered_as_asked(cv, seed):
    """Mean and coefficient of variation of many distances."""
    gaps = spacings(200_000, 0.36, cv, np.random.default_rng(seed))
    assert gaps.mean() == pytest.approx(0.36, rel=0.1)
    assert gaps.std() / gaps.mean() == pytest.approx(cv, rel=0.35)


def test_fractures_of_a_well_are_clustered():
    """Depths of a fractured well: 2.8 a metre asked, and more variable than random spacing."""
    geology = Geology(fracture_density=2.8, spacing_cv=2.0, bed_thickness=1.0, sets=(FractureSet(dip=60, azimuth=0),))
    counts, gaps = [], []
    for seed in range(8):
        depth = np.array([band.trace[0] for band in _break(geology, seed, rows=40_000, columns=8)[1]])
        counts.append(depth.size / 102)
        gaps.append(np.diff(depth))
    pooled = np.concatenate(gaps)
    assert np.mean(counts) == pytest.approx(2.8, rel=0.15)
    assert 1.6 < pooled.std() / pooled.mean() < 2.6


def test_looks_vary():
    """Conductive and resistive, thin and wide, whole and partial ones, low-angle ones too."""
    sets = (FractureSet(dip=65, azimuth=0, conductive=0.7), FractureSet(dip=12, azimuth=90, conductive=0.7))
    _, bands = _break(Geology(fracture_density=15.0, spacing_cv=1.0, sets=sets))
    level = np.array([band.level for band in bands])
    shares = np.array([(band.there > 0.5).mean() for band in bands])
    assert 0.55 < (level < 0).mean() < 0.85
    assert 0.4 < (shares > 0.95).mean() < 0.9
    assert (shares < 0.5).mean() > 0.05
    assert (np.array([band.dip for band in bands]) < 20).mean() > 0.3


def test_roughness_is_what_was_asked():
    """Rough traces stray by about the roughness and keep to the plane on the mean."""
    geology = Geology(fracture_density=5.0, sets=(FractureSet(dip=50, azimuth=0),))
    _, bands = _break(geology, roughness=0.003)
    offset = np.array([band.offset for band in bands])
    assert 0.002 < offset.std() < 0.006
    assert np.abs(offset.mean(1)).max() < 0.002


def test_stylolites_follow_the_bedding():
    """They are seams along the beds, not fractures."""
    _, bands = _break(Geology(stylolites=2.0, bedding_dip=20.0, bedding_azimuth=80.0))
    assert {band.kind for band in bands} == {"stylolite"}
    assert max(geometry.pole_angle(20.0, 80.0, band.dip, band.azimuth) for band in bands) < 12
