"""Dips of a dipmeter, or of the pads of an imaging tool, by the classical correlation of their electrodes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from geobfdt.assembly.build import PlacedButtons, Plan, place_buttons
from geobfdt.assembly.gains import Buttons
from geobfdt.assembly.pad_dips import PadPlane, Search, live_electrodes, pad_means, pad_planes
from geobfdt.assembly.tool_geometry import DIPMETER_ELECTRODES, ToolGeometry
from geobfdt.geometry import amplitude_azimuth
from geobfdt.runtime.findings import Finding, InputError, Severity
from geobfdt.runtime.progress import Progress, no_progress, part_of
from geobfdt.wells.image import WellImage, well_image
from geobfdt.wells.pads import PadRecording
from geobfdt.wells.picks import PickTable, new_picks

__all__ = ["Dips", "dips_of"]

Array = npt.NDArray[np.float64]

# A plane needs the directions of three arms.
_FEWEST_ARMS = 3
# An arm is dead in the findings if it is in more than this share of the windows.
_DEAD_WINDOWS = 0.5
# A dip rests on this share of the pairs of live electrodes at least: fewer close by chance.
_LEAST_PAIRS = 0.8
# Closure of the lags below this (m), and their correlation above this, for a dip and for one of quality A. Three arms
# hardly check each other, and need those of quality A for a dip of quality C.
_ANY, _BEST = (0.005, 0.6), (0.002, 0.7)
# The columns of the image without pixels that carries the hole of the dips.
_COLUMNS = 8


@dataclass(frozen=True)
class Dips:
    """
    Dips by correlation.

    Parameters
    ----------
    picks : PickTable
        Depth, amplitude and apparent azimuth of each plane, its quality, and ``closure_m``, ``correlation``, ``pairs``.
    hole : WellImage
        Depths, diameter and direction of the hole, without a pixel.
    findings : list of Finding
        What was found on the way.
    length_m : float
        Length in which three arms or more measured (m).
    """

    picks: PickTable
    hole: WellImage
    findings: list[Finding]
    length_m: float


def dips_of(
    recording: PadRecording, geometry: ToolGeometry, plan: Plan, search: Search, progress: Progress = no_progress
) -> Dips:
    """
    Correlate the electrodes of a recording.

    Parameters
    ----------
    recording : PadRecording
        What the tool recorded.
    geometry : ToolGeometry
        Where its electrodes lie. A pad of more than two buttons counts as one electrode, their mean.
    plan : Plan
        Orientation, diameter, and steps to leave out.
    search : Search
        Windows and steepest dip.
    progress : callable
        Called with the share done, 0 to 1.

    Raises
    ------
    InputError
        If fewer than three arms measured, nothing says how the tool is turned, or the diameter is not known.
    """
    if geometry.dipmeter:
        # An electrode for the speed is none of those that are correlated.
        arrays = {name: values for name, values in recording.arrays.items() if name in geometry.arrays}
        recording = replace(recording, arrays=arrays)
    plan = replace(plan, without={*plan.without, "offsets"})
    placed = place_buttons(recording, geometry, plan, part_of(progress, 0.0, 0.5))
    curves, angles = _electrodes(placed.parts[0], placed.radius, geometry.pads)
    size = max(int(search.window / float(placed.grid[1] - placed.grid[0])), 1)
    if placed.grid.size < size:
        observed = f"it is shorter than a window of {search.window:g} m"
        raise InputError(recording.place, observed, "export a longer interval, or give a lower --window")
    findings = [*placed.log.findings]
    measured = _measured_windows(curves, size, geometry.pads)
    findings += _dead_arms(measured, recording.place)
    alive = float((measured.sum(axis=1) >= _FEWEST_ARMS).mean())
    if geometry.assumed and geometry.dipmeter:
        observed = "; ".join(geometry.assumed)
        action = "no source says so: compare some dips with another survey"
        findings.append(Finding(Severity.MAJOR, "electrodes-assumed", recording.place, observed, action))
    planes = [p for p in pad_planes(curves, angles, placed.grid, placed.radius, search) if _quality(p) is not None]
    progress(0.9)
    observed = f"{len(planes)} of {len(search.windows(placed.grid))} windows of {search.window:g} m show a plane"
    action = "the others correlate too little, or their lags do not close"
    severity = Severity.INFO if planes else Severity.MAJOR
    findings.append(Finding(severity, "dips-correlated", recording.place, observed, action))
    length = alive * float(placed.grid[-1] - placed.grid[0])
    return Dips(_table(planes, recording), _hole(placed, recording, plan), findings, length)


def _electrodes(part: Buttons, radius: Array, pads: int) -> tuple[Array, Array]:
    """Curves of the electrodes and their image angles, pad by pad: two arrays (rows, electrodes)."""
    if part.across.size > DIPMETER_ELECTRODES:
        values, across = pad_means(part.values)[:, :, None], part.across.mean(keepdims=True)
    else:
        values, across = part.values.astype(np.float64), part.across
    pad = part.turn[:, None, None] + (360 * np.arange(pads) / pads)[:, None]
    angles = pad + np.degrees(across / radius[:, None, None])
    return values.reshape(len(values), -1), angles.reshape(len(values), -1)


def _measured_windows(curves: Array, size: int, pads: int) -> npt.NDArray[np.bool_]:
    """Arms of which an electrode is alive, window by window: array (windows, pads)."""
    tops = range(0, len(curves) - size + 1, size)
    alive = np.array([live_electrodes(curves[top : top + size]) for top in tops])
    return np.asarray(alive.reshape(len(alive), pads, -1).any(axis=2))


def _dead_arms(measured: npt.NDArray[np.bool_], place: str) -> list[Finding]:
    """Name dead arms; refuse a recording in which fewer than three live."""
    dead = np.flatnonzero((~measured).mean(axis=0) > _DEAD_WINDOWS)
    if not dead.size:
        return []
    listed = ", ".join(f"pad {arm + 1}" for arm in dead)
    observed = f"{listed} gave no signal that changes"
    if measured.shape[1] - dead.size < _FEWEST_ARMS:
        raise InputError(place, observed, "a plane needs three arms: no dip can be computed")
    return [Finding(Severity.MAJOR, "pad-dead", place, observed, "dips rest on the other arms, and have quality C")]


def _table(planes: list[PadPlane], recording: PadRecording) -> PickTable:
    traces = np.array([plane.trace for plane in planes]).reshape(-1, 3)
    amplitude, azimuth = amplitude_azimuth(traces)
    return new_picks(
        well=str(recording.attributes.get("well", "")),
        depth_m=traces[:, 0],
        class_="bedding",
        amplitude_m=amplitude,
        azimuth_app_deg=azimuth,
        quality=[_quality(plane) for plane in planes],
        source="correlation",
        status="proposed",
        closure_m=[plane.closure for plane in planes],
        correlation=[plane.correlation for plane in planes],
        pairs=[plane.pairs for plane in planes],
    )


def _quality(plane: PadPlane) -> str | None:
    """Return the quality of a plane, A to C; None where it is no dip."""
    possible = plane.electrodes * (plane.electrodes - 1) // 2
    if plane.pairs < _LEAST_PAIRS * possible or not _within(plane, _ANY):
        return None
    if plane.electrodes <= _FEWEST_ARMS:
        return "C" if _within(plane, _BEST) else None
    return "A" if _within(plane, _BEST) and plane.pairs == possible else "B"


def _within(plane: PadPlane, limits: tuple[float, float]) -> bool:
    closure, correlation = limits
    return plane.closure < closure and plane.correlation > correlation


def _hole(placed: PlacedButtons, recording: PadRecording, plan: Plan) -> WellImage:
    pixels = np.broadcast_to(np.float32(np.nan), (placed.grid.size, _COLUMNS))
    attributes: dict[str, Any] = {name: str(recording.attributes.get(name, "")) for name in ("well", "run", "tool")}
    return well_image(
        pixels, placed.grid, diameter=2 * placed.radius, deviation=placed.deviation, hole_azimuth=placed.hole_azimuth,
        reference=plan.reference, north=placed.north, declination=plan.declination,
        **attributes,
    )  # fmt: skip
