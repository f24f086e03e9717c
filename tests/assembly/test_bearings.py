"""Orientation and its checks, against vectors of the simulation."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from geobfdt.assembly.build import Plan, build
from geobfdt.assembly.checks import check_bearings, check_inclinometer, north_of_bearings
from geobfdt.assembly.orientation import bearings_of_sensors, orient
from geobfdt.assembly.tool_geometry import geometry_of
from geobfdt.geometry import convert_azimuth
from geobfdt.simulation.pads import PadFlaws, SimulatedPads, simulate_pads
from geobfdt.simulation.well_settings import WellSettings

EARTH_DECLINATION_DEG = 4.0


def recorded(deviation: float, rotation: float = 0.3, flaws: PadFlaws | None = None) -> SimulatedPads:
    """A short recording of a tool that turns fast."""
    settings = WellSettings(length=4.0, deviation=deviation, hole_azimuth=70.0, rotation=rotation)
    return simulate_pads(settings, np.random.default_rng(5), flaws or PadFlaws(stick_slip=0.0, accelerometer_zero=0.01))


def without(pads: SimulatedPads, *names: str):
    """The recording without these logs."""
    logs = {name: log for name, log in pads.recording.logs.items() if name not in names}
    return replace(pads.recording, logs=logs)


def apart(one, other) -> float:
    """Largest angle between two sets of directions but for the worst hundredth (deg)."""
    return float(np.percentile(np.abs((one - other + 180) % 360 - 180), 99))


def kinds(findings) -> set[str]:
    """Kinds of findings."""
    return {finding.kind for finding in findings}


@pytest.mark.parametrize("deviation", [0.3, 12.0, 50.0, 88.0])
@pytest.mark.parametrize("source", ["bearings", "P1AZ alone", "RB alone", "sensors"])
def test_pad_1_points_where_it_does(deviation, source):
    """Angles from north and from the high side are within a degree, by any of the sources."""
    pads = recorded(deviation)
    lacking = {
        "bearings": (), "P1AZ alone": ("relative_bearing",), "RB alone": ("pad1_azimuth",),
        "sensors": ("pad1_azimuth", "relative_bearing", "deviation", "hole_azimuth"),
    }[source]  # fmt: skip
    if source == "P1AZ alone" and deviation > 80:
        pytest.skip("the azimuth on a map says little of a pad in a horizontal hole")
    recording = without(pads, *lacking)
    sensors = check_inclinometer(recording).sensors
    north = "magnetic" if source == "sensors" else "true"
    result = orient(recording, "north", north, EARTH_DECLINATION_DEG, sensors)
    middle = slice(200, -200)  # averages of sensors are one-sided at the ends
    assert apart(result.angle[middle], pads.turn[middle]) < 1.0
    assert result.north == "true"
    if deviation > 5:
        hole = pads.hole
        there = [np.interp(pads.tool, hole.depth, log) for log in (hole.deviation, hole.azimuth)]
        expected = convert_azimuth(pads.turn, *there, "north", "high_side")
        high = orient(recording, "high_side", north, EARTH_DECLINATION_DEG, sensors)
        assert apart(high.angle[middle], expected[middle]) < 1.0


@pytest.mark.parametrize("axes", ["x", "y", "z"])
def test_a_mirrored_magnetometer_is_found_in_an_inclined_hole(axes):
    """The dip of the field swings with the tool; the axis is turned back, and bearings by the sensors are right."""
    pads = recorded(30.0, flaws=PadFlaws(stick_slip=0.0, mirrored=axes))
    check = check_inclinometer(pads.recording)
    assert check.mirrored
    assert "magnetometer-mirrored" in kinds(check.findings)
    assert check.sensors is not None
    azimuth = pads.recording.logs["pad1_azimuth"]
    assert apart(check.sensors.pad1_azimuth[200:-200] + EARTH_DECLINATION_DEG, azimuth[200:-200]) < 3


def test_a_mirrored_magnetometer_is_found_by_bearings_in_a_vertical_hole():
    """Nothing swings there; but the tool turns one way, and its magnetometer the other."""
    pads = recorded(0.2, flaws=PadFlaws(stick_slip=0.0, mirrored="y"))
    check = check_inclinometer(pads.recording)
    assert not check.mirrored
    assert "bearings-mirrored" in kinds(check_bearings(pads.recording, check.sensors))


def test_a_sound_inclinometer_has_no_findings():
    """Neither sizes nor bearings are doubted, but for a tool that turns fast."""
    for deviation in (0.2, 30.0, 85.0):
        pads = recorded(deviation, rotation=0.05)
        check = check_inclinometer(pads.recording)
        assert check.findings == []
        assert check_bearings(pads.recording, check.sensors) == []


def test_sensors_of_another_gain_are_found():
    """Gravity and field have a size, and the field an angle."""
    recording = recorded(20.0).recording
    logs = dict(recording.logs)
    logs |= {f"acceleration_{axis}": 1.05 * logs[f"acceleration_{axis}"] for axis in "xyz"}
    assert "gravity-differs" in kinds(check_inclinometer(replace(recording, logs=logs)).findings)
    logs = dict(recording.logs)
    logs["magnetic_z"] = logs["magnetic_z"] * (1 + 0.1 * np.linspace(0, 1, recording.rows))
    assert "field-disturbed" in kinds(check_inclinometer(replace(recording, logs=logs)).findings)
    constants = {"field_dip": 40.0, "field_strength": 0.60}
    found_kinds = kinds(check_inclinometer(replace(recording, constants=constants)).findings)
    assert {"field-dip-differs", "field-strength-differs"} <= found_kinds


def test_bearings_that_contradict_each_other_are_found():
    """A relative bearing that counts the other way round, and a P1AZ of another tool."""
    recording = recorded(30.0).recording
    sensors = check_inclinometer(recording).sensors
    logs = {**recording.logs, "relative_bearing": 360 - recording.logs["relative_bearing"]}
    assert "bearings-disagree" in kinds(check_bearings(replace(recording, logs=logs), sensors))
    wild = np.mod(np.linspace(0, 900, recording.rows), 360)
    logs = {**recording.logs, "pad1_azimuth": wild}
    assert "bearings-contradict-sensors" in kinds(check_bearings(replace(recording, logs=logs), sensors))


@pytest.mark.parametrize(("offset", "north"), [(0.0, "true"), (-EARTH_DECLINATION_DEG, "magnetic"), (11.0, "unknown")])
def test_the_north_of_bearings_is_found_by_the_magnetometers(offset, north):
    """P1AZ is from magnetic north where it is what the magnetometers give, from true north by the declination more."""
    recording = recorded(10.0).recording
    logs = {**recording.logs, "pad1_azimuth": np.mod(recording.logs["pad1_azimuth"] + offset, 360)}
    recording = replace(recording, logs=logs)
    sensors = check_inclinometer(recording).sensors
    assert north_of_bearings(recording, sensors, EARTH_DECLINATION_DEG)[0] == north


def test_a_declination_that_is_not_known_is_a_finding():
    """Azimuths stay from magnetic north, and the image says so."""
    pads = recorded(10.0, rotation=0.05)
    recording = replace(without(pads, "pad1_azimuth", "relative_bearing"), attributes={"well": "W01"})
    image = build(recording, geometry_of("FMI"), Plan())
    assert image.north == "magnetic"
    assert "declination-unknown" in kinds(image.findings)


def test_azimuths_that_follow_a_mirrored_magnetometer_are_computed_anew():
    """The dip of the field proves the mirror, so that the image is right although the file's azimuths are not."""
    pads = recorded(30.0, rotation=0.1, flaws=PadFlaws(stick_slip=0.0, accelerometer_zero=0.01, mirrored="y"))
    gravity, field = (
        np.stack([pads.recording.logs[f"{kind}_{axis}"] for axis in "xyz"], axis=1)
        for kind in ("acceleration", "magnetic")
    )
    wrong = bearings_of_sensors(gravity, field)
    logs = {**pads.recording.logs, "pad1_azimuth": wrong.pad1_azimuth, "hole_azimuth": wrong.hole_azimuth}
    image = build(replace(pads.recording, logs=logs), geometry_of("FMI"), Plan(declination=EARTH_DECLINATION_DEG))
    assert "bearings-replaced" in kinds(image.findings)
    assert image.north == "true"
    truth = np.interp(image.depth, pads.tool, np.unwrap(pads.turn, period=360))
    assert apart(image.turn[200:-200], truth[200:-200]) < 1.0


@pytest.mark.parametrize("axes", ["z", "xyz"])
def test_accelerometers_of_the_other_sign_are_turned_by_the_relative_bearing(axes):
    """A sign of the accelerometers is no mirrored magnetometer; what nothing proves is not used."""
    pads = recorded(30.0, rotation=0.1)
    logs = dict(pads.recording.logs)
    logs |= {f"acceleration_{axis}": -logs[f"acceleration_{axis}"] for axis in axes}
    check = check_inclinometer(replace(pads.recording, logs=logs))
    assert kinds(check.findings) == {"accelerometer-sign"}
    assert check.sensors is not None
    expected = check_inclinometer(pads.recording).sensors
    assert apart(check.sensors.pad1_azimuth, expected.pad1_azimuth) < 0.5
    logs.pop("relative_bearing")
    assert check_inclinometer(replace(pads.recording, logs=logs)).sensors is None
