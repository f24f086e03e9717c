"""Planes, traces and frames against commercial golden rows and vector algebra done by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geobfdt import geometry as g

angles = st.floats(0, 359.999)
dips = st.floats(0.5, 88)
references = st.sampled_from(["north", "high_side", "pseudo_north"])

# Commercial export of a horizontal well: HAZI, HDEV, apparent azimuth, apparent dip, true dip, true azimuth (deg).
GOLDEN = [
    (131.8563, 88.68559, 315.2664, 60.36961, 51.04794, 3.732219),
    (131.834, 88.68343, 313.7079, 72.29819, 48.31168, 19.07801),
    (131.8306, 88.6831, 319.4951, 64.5787, 45.86001, 6.659541),
]


@pytest.mark.parametrize(("hazi", "hdev", "t0", "d", "dip", "azimuth"), GOLDEN)
def test_golden_rows(hazi, hdev, t0, d, dip, azimuth):
    """True dips equal a commercial package's to 0.001 deg, both ways."""
    got = g.true_from_apparent(d, t0, hdev, hazi, "high_side")
    assert np.allclose(got, (dip, azimuth), atol=1e-3)
    assert np.allclose(g.apparent_from_true(dip, azimuth, hdev, hazi, "high_side"), (d, t0), atol=1e-3)


def test_golden_trace_height():
    """Height of the first golden trace (ft, 8.5 in hole) gives its apparent dip."""
    assert g.apparent_dip(1.24535366 * 0.3048 / 2, 8.5 * 0.0254) == pytest.approx(60.36961, abs=1e-4)


@pytest.mark.parametrize("reference", ["north", "pseudo_north"])
def test_vertical_hole_shows_true_dip(reference):
    """In a vertical hole apparent and true are the same when angle 0 is north."""
    assert np.allclose(g.true_from_apparent(35.0, 200.0, 0.0, 123.0, reference), (35.0, 200.0))


def test_deviated_hole_by_hand():
    """A horizontal bed in a hole 30 deg from vertical to the east is deepest along the hole on its low side."""
    dip, t0 = g.apparent_from_true(0.0, 0.0, 30.0, 90.0, "high_side")
    # Going along the hole, the high side reaches a horizontal plane last.
    assert (float(dip), float(t0)) == pytest.approx((30.0, 0.0), abs=1e-9)


def _points_on_plane(dip, azimuth, deviation, hole_azimuth, diameter, angle, reference):
    """Depths along the hole at which a wall line meets a plane, by solving n . (s h + R e) = 0 from scratch."""
    i, a = np.radians(deviation), np.radians(hole_azimuth)
    h = np.array([np.sin(i) * np.sin(a), np.sin(i) * np.cos(a), -np.cos(i)])
    zero = {"north": np.array([0.0, 1.0, 0.0]), "high_side": np.array([0.0, 0.0, 1.0])}[reference]
    u = zero - (zero @ h) * h
    u /= np.linalg.norm(u)
    e = np.cos(np.radians(angle)) * u + np.sin(np.radians(angle)) * np.cross(h, u)
    d, z = np.radians(dip), np.radians(azimuth)
    n = np.array([np.sin(d) * np.sin(z), np.sin(d) * np.cos(z), np.cos(d)])
    return -(diameter / 2) * (n @ e) / (n @ h)


@settings(max_examples=200, deadline=None)
@given(dips, angles, st.floats(2, 88), angles, st.sampled_from(["north", "high_side"]))
def test_trace_is_the_plane_cut_by_the_wall(dip, azimuth, deviation, hole_azimuth, reference):
    """The trace of a true plane equals the plane intersected with wall lines, solved directly."""
    d, t0 = g.apparent_from_true(dip, azimuth, deviation, hole_azimuth, reference)
    if d > 89:
        return
    trace = g.trace_from_dip(0.0, d, t0, 0.2)
    for angle in (0.0, 77.0, 190.0, 300.0):
        expected = _points_on_plane(dip, azimuth, deviation, hole_azimuth, 0.2, angle, reference)
        assert g.trace_depth(trace, [angle])[0] == pytest.approx(expected, abs=1e-6 + 1e-6 * abs(expected))


@settings(max_examples=200, deadline=None)
@given(dips, angles, st.floats(1, 89), angles, references)
def test_round_trip_true_apparent(dip, azimuth, deviation, hole_azimuth, reference):
    """Apparent from true and back is the same plane, in every frame."""
    if reference == "north" and deviation > 85 and abs(np.sin(np.radians(hole_azimuth))) < 0.1:
        return  # north is ill-conditioned there
    d, t = g.apparent_from_true(dip, azimuth, deviation, hole_azimuth, reference)
    back = g.true_from_apparent(d, t, deviation, hole_azimuth, reference)
    assert g.pole_angle(dip, azimuth, *back) < 1e-6


@settings(max_examples=100, deadline=None)
@given(angles, st.floats(1, 80), angles, references, references)
def test_converted_azimuth_names_the_same_plane(t0, deviation, hole_azimuth, source, target):
    """A plane keeps its true dip when its azimuth is told from another reference."""
    there = g.convert_azimuth(t0, deviation, hole_azimuth, source, target)
    first = g.true_from_apparent(40.0, t0, deviation, hole_azimuth, source)
    second = g.true_from_apparent(40.0, there, deviation, hole_azimuth, target)
    assert g.pole_angle(*first, *second) < 1e-6
    back = g.convert_azimuth(there, deviation, hole_azimuth, target, source)
    assert abs((back - t0 + 180) % 360 - 180) < 1e-9


def test_pseudo_north_draws_high_side_at_the_hole_azimuth():
    """High side (angle 0 from itself) is at HAZI in a pseudo-north image, and at north in a vertical hole's limit."""
    assert g.convert_azimuth(0.0, 20.0, 137.0, "high_side", "pseudo_north") == pytest.approx(137.0)
    assert g.convert_azimuth(10.0, 1e-6, 137.0, "pseudo_north", "north") == pytest.approx(10.0, abs=1e-4)


def test_north_undefined_along_north():
    """A horizontal hole that points north has no north reference: NaN, not a number that looks right."""
    dip, _ = g.true_from_apparent(30.0, 10.0, 90.0, 0.0, "north")
    assert np.isnan(dip)


def test_unknown_reference_is_refused():
    """An image of unknown reference cannot be turned."""
    with pytest.raises(ValueError, match="unknown"):
        g.hole_frame(10.0, 20.0, "unknown")


@settings(max_examples=100, deadline=None)
@given(st.floats(0, 1), angles, angles)
def test_roll(amplitude, t0, shift):
    """Rolling the image by s moves t0 by s and nothing else."""
    trace = [3.0, amplitude * np.cos(np.radians(t0)), amplitude * np.sin(np.radians(t0))]
    rolled = [3.0, amplitude * np.cos(np.radians(t0 + shift)), amplitude * np.sin(np.radians(t0 + shift))]
    t = np.arange(0, 360, 7.0)
    assert np.allclose(g.trace_depth(trace, t), g.trace_depth(rolled, t + shift))


def test_flip_and_mirror():
    """A vertical flip sends t0 to t0 + 180, a horizontal one to -t0."""
    t = np.arange(0, 360, 5.0)
    z = g.trace_depth(g.trace_from_dip(0.0, 50.0, 70.0, 0.2), t)
    assert np.allclose(-z, g.trace_depth(g.trace_from_dip(0.0, 50.0, 250.0, 0.2), t))
    assert np.allclose(z, g.trace_depth(g.trace_from_dip(0.0, 50.0, 290.0, 0.2), -t))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(-1, 1), min_size=6, max_size=6))
def test_trace_rms_is_the_mean_over_the_turn(values):
    """The closed form equals the average over many angles."""
    p, q = np.array(values[:3]), np.array(values[3:])
    t = np.arange(0, 360, 0.5)
    sampled = np.sqrt(np.mean((g.trace_depth(p, t) - g.trace_depth(q, t)) ** 2))
    assert g.trace_rms(p, q) == pytest.approx(sampled, abs=1e-12)


def test_limits():
    """Flat traces have azimuth 0, planes along the hole have apparent dip 90, and both survive the round trip."""
    assert g.amplitude_azimuth([1.0, 0.0, 0.0]) == (0.0, 0.0)
    dip, t0 = g.apparent_from_true(90.0, 40.0, 0.0, 0.0, "north")
    assert (float(dip), float(t0)) == pytest.approx((90.0, 40.0))
    assert np.allclose(g.true_from_apparent(90.0, 40.0, 0.0, 0.0, "north"), (90.0, 40.0))
    assert g.true_from_apparent(0.0, 0.0, 0.0, 0.0, "north") == (0.0, 0.0)
    assert 0 <= g.amplitude_azimuth([0.0, 1.0, -1e-20])[1] < 360


def test_survey_interpolation_turns_evenly():
    """Between two stations the direction turns at a constant rate in one plane."""
    at = np.linspace(0, 30, 4)
    deviation, azimuth = g.interpolate_survey([0.0, 30.0], [0.0, 30.0], [0.0, 90.0], at)
    assert np.allclose(deviation, [0, 10, 20, 30])
    assert np.allclose(azimuth[1:], 90)


def test_survey_holds_its_ends_and_wraps():
    """Outside the survey the end station is held; azimuths over 360 are angles like any other."""
    deviation, azimuth = g.interpolate_survey([10, 20], [5, 5], [440, 80], [0.0, 15.0, 99.0])
    assert np.allclose(deviation, 5)
    assert np.allclose(azimuth, 80)


def test_well_path_of_a_circle():
    """A quarter turn of radius 100 m ends 100 m out and 100 m down, whatever the stations between."""
    length = np.pi / 2 * 100
    stations = np.linspace(0, length, 7)
    path = g.well_path(stations, np.degrees(stations / 100), np.full(7, 90.0), [length / 3, length])
    assert np.allclose(path[1], [100, 0, 100], atol=1e-6)
    assert np.allclose(path[0], [100 * (1 - np.cos(np.pi / 6)), 0, 100 * np.sin(np.pi / 6)], atol=1e-6)


def test_survey_must_go_down():
    """Stations out of order are refused."""
    with pytest.raises(ValueError, match="increasing"):
        g.interpolate_survey([10, 10], [0, 0], [0, 0], [10.0])


def test_stretch_is_the_mean_slope_of_a_trace():
    """Root mean square of the length of trace above a small piece of circumference, over the turn."""
    radius, a, b = 0.11, 0.4, -0.2
    turn = np.linspace(0, 2 * np.pi, 3600, endpoint=False)
    slope = (-a * np.sin(turn) + b * np.cos(turn)) / radius
    assert g.stretch([7.0, a, b], radius) == pytest.approx(np.sqrt((1 + slope**2).mean()), rel=1e-9)
    assert g.stretch([[7.0, a, b], [1.0, 0, 0]], np.inf).tolist() == [1, 1]
