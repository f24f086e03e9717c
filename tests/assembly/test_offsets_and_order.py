"""Residual offsets, order of buttons, and dips by correlation, against the simulation."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from geobfdt.assembly.build import Assembled, Plan, build
from geobfdt.assembly.pad_dips import pad_planes
from geobfdt.assembly.tool_geometry import ToolGeometry, geometry_of
from geobfdt.geometry import trace_rms
from geobfdt.simulation.pads import PadFlaws, SimulatedPads, simulate_pads
from geobfdt.simulation.well_settings import WellSettings

FMI = geometry_of("FMI")
INCLINED = WellSettings(length=8.0, deviation=30.0, hole_azimuth=40.0, rotation=0.05)


@pytest.fixture(scope="module")
def pads() -> SimulatedPads:
    """A tool whose flaps and rows hang millimetres off."""
    return simulate_pads(INCLINED, np.random.default_rng(2), PadFlaws(stick_slip=0.0))


def kinds(image: Assembled) -> set[str]:
    """Kinds of the findings."""
    return {finding.kind for finding in image.findings}


def geometry_with(along: float) -> ToolGeometry:
    """An FMI whose flaps lie elsewhere."""
    rows = [row.model_copy(update={"along": row.along + along * (row.part == "flap")}) for row in FMI.rows]
    return FMI.model_copy(update={"rows": tuple(rows)})


def test_residual_offsets_are_measured(pads):
    """Flaps hang up to a centimetre off; what is taken off leaves a millimetre, whatever the dip."""
    image = build(pads.recording, FMI, Plan(north="true"))
    moved = {offset.array: float(offset.shift.mean()) for offset in image.offsets}
    before, after = [], []
    for name, shift in pads.shifts.items():
        links = [name, f"{name[:3]}3"] if name.endswith("4") else [name]
        before.append(shift)
        after.append(shift + sum(moved.get(link, 0.0) for link in links))
    assert np.sqrt(np.mean(np.square(before))) > 0.003
    assert np.sqrt(np.mean(np.square(after))) < 0.0015
    assert "offset-contradicts-geometry" not in kinds(image)


@pytest.mark.parametrize("along", [-11.4, -5.7])
def test_a_flap_on_the_other_side_is_found(pads, along):
    """A geometry with the flaps above the pads, or beside them, contradicts the image, which decides."""
    image = build(pads.recording, geometry_with(along), Plan(north="true"))
    assert "offset-contradicts-geometry" in kinds(image)
    right = build(pads.recording, FMI, Plan(north="true"))
    both = np.isfinite(image.image[400:2400]) & np.isfinite(right.image[400:2400])
    assert np.corrcoef(image.image[400:2400][both], right.image[400:2400][both])[0, 1] > 0.97


def test_reversed_buttons_are_found(pads):
    """Within a reversed pad beds run against the dip that the pads show together."""
    assert "button-order-confirmed" in kinds(build(pads.recording, FMI, Plan(north="true")))
    arrays = {name: values[:, ::-1].copy() for name, values in pads.recording.arrays.items()}
    image = build(replace(pads.recording, arrays=arrays), FMI, Plan(north="true"))
    assert "buttons-reversed" in kinds(image)
    assert "button-order-confirmed" not in kinds(image)


def test_four_arms_show_the_dips_of_the_beds():
    """A dipmeter of four electrodes: planes by correlation are those of the beds of the simulation."""
    row = {"part": "pad", "along": 0, "across": 0, "pitch": 1, "buttons": 1, "arrays": ["F1", "F2", "F3", "F4"]}
    arms = ToolGeometry.model_validate({"name": "four arms", "pads": 4, "source": "test", "rows": [row]})
    settings = INCLINED.model_copy(update={"length": 20.0})
    pads = simulate_pads(settings, np.random.default_rng(4), PadFlaws.none(), geometry=arms, fractured=False)
    curves = np.concatenate([-np.log(pads.recording.arrays[name]) for name in arms.arrays], axis=1)
    depth = pads.recording.depth
    order = np.argsort(pads.tool, kind="stable")
    curves = np.stack([np.interp(depth, pads.tool[order], curve[order]) for curve in curves.T], axis=1)
    turn = np.interp(depth, pads.tool[order], np.unwrap(pads.turn[order], period=360))
    radius = np.full(depth.size, settings.diameter / 2)
    planes = [plane.trace for plane in pad_planes(curves, turn[:, None] + np.arange(0, 360, 90), depth, radius)]
    beds = np.array([bed.trace for bed in pads.wall.strata.planes])
    beds = beds[np.isfinite(beds).all(axis=1)]
    assert len(planes) >= 5
    apart, mirrored = [], []
    for plane in planes:
        near = beds[np.abs(beds[:, 0] - plane[0]) < 1.0] * [0, 1, 1]
        # Slopes are compared: a window shows the dip of several beds, and the depth of none.
        apart.append(np.median(trace_rms(near, plane * [0, 1, 1])))
        mirrored.append(np.median(trace_rms(near, plane * [0, 1, -1])))
    assert np.median(apart) < 0.015
    assert np.median(mirrored) > 0.03
