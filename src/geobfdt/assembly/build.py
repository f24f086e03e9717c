"""Build the image of a recording: each step after the other, with what it found and did."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from geobfdt.assembly.brightness import Brightness, brightness_of, undo_gains
from geobfdt.assembly.checks import check_bearings, check_inclinometer, north_of_bearings
from geobfdt.assembly.gains import Buttons, equalise, repair_dead
from geobfdt.assembly.mosaic import Rows, lay_out, measured_rows, part_buttons
from geobfdt.assembly.orientation import Orientation, Target, orient
from geobfdt.assembly.pad_dips import button_order
from geobfdt.assembly.residual_offsets import Offset, residual_offsets
from geobfdt.assembly.speed import ToolDepth, follow_tool
from geobfdt.assembly.tool_geometry import ToolGeometry
from geobfdt.geometry import signed_angle
from geobfdt.runtime.findings import Finding, InputError, Severity
from geobfdt.runtime.progress import Progress, no_progress, part_of
from geobfdt.wells.pads import PadRecording

__all__ = ["STEPS", "Assembled", "PlacedButtons", "Plan", "build", "lay_out_buttons", "place_buttons"]

Array = npt.NDArray[np.float64]
Grey = npt.NDArray[np.float32]

#: Steps that can be left out.
STEPS = ("speed", "offsets", "gains", "buttons")

# Buttons are brought to one response over such a length (m): much more than the traces of most planes are tall.
_EQUAL_M = 10.0
# A button is dead or not over such a length (m).
_DEAD_M = 1.0
# Share of its rows for which a button counts as dead, or a pad as dead, in the findings.
_DEAD_ROWS = 0.5
# Slopes of beds within pads, over those from pad to pad, are below this only where buttons are reversed.
_REVERSED = -0.5
# A pad is dead if more than this share of its buttons are.
_DEAD_PAD = 0.8
# Gaps of the accelerometer up to this share of the rows are bridged.
_MAX_ABSENT = 0.05
# The motion of the tool is computed from this many rows on.
_MIN_ROWS = 50
# A tool that is further from the depth of its cable (m) is the accelerometer's mistake.
_MAX_SHIFT_M = 3.0
# So many places where the tool sticks are listed.
_MOST_STUCK = 5
# Holes that deviate less (deg) have no high side.
_VERTICAL_DEG = 3.0
# An image has no more rows.
_MOST_ROWS = 4_000_000


@dataclass(frozen=True)
class Plan:
    """
    How an image is built.

    Parameters
    ----------
    reference : {"north", "high_side"}
        Where image angle 0 points.
    columns : int
        Columns of the image.
    north : str or None
        North of the azimuths of the file, as the user states it; None: as the magnetometers show it.
    declination : float
        What to add to magnetic azimuths (deg); NaN if not known.
    diameter : float or None
        Diameter of the hole (m), instead of the caliper.
    without : collection of str
        Steps of :data:`STEPS` to leave out.
    """

    reference: Target = "north"
    columns: int = 360
    north: str | None = None
    declination: float = float("nan")
    diameter: float | None = None
    without: Collection[str] = ()


@dataclass(frozen=True)
class Assembled:
    """
    An image, still without a scale, and how it came to be.

    Parameters
    ----------
    image : array (rows, columns)
        Logarithm of the resistivity up to a level; NaN where no button passed.
    depth : array (rows,)
        Depths (m).
    diameter : array (rows,)
        Diameter of the hole (m).
    deviation, hole_azimuth : array (rows,)
        Direction of the hole (deg).
    turn : array (rows,)
        Image angle of pad 1 (deg).
    north : str
        Which north azimuths are from.
    tool : ToolDepth or None
        Depth of the tool on the rows of the recording; None without speed correction.
    offsets : list of Offset
        Residual offsets that were taken off.
    findings : list of Finding
        What was found on the way.
    steps : list of str
        What was done, in order.
    """

    image: Grey
    depth: Array
    diameter: Array
    deviation: Array
    hole_azimuth: Array
    turn: Array
    north: str
    tool: ToolDepth | None
    offsets: list[Offset]
    findings: list[Finding]
    steps: list[str] = field(default_factory=list)


class _Log:
    """Findings and steps of one recording."""

    def __init__(self, place: str) -> None:
        self.place = place
        self.findings: list[Finding] = []
        self.steps: list[str] = []

    def add(self, severity: Severity, kind: str, observed: str, action: str) -> None:
        self.findings.append(Finding(severity, kind, self.place, observed, action))

    def step(self, name: str, action: str) -> None:
        self.steps.append(f"{name}: {action}")


@dataclass(frozen=True)
class PlacedButtons:
    """
    Buttons of a recording on the rows of the image, with their directions; the recording itself is needed no more.

    Parameters
    ----------
    parts : list of Buttons
        Pads, flaps.
    grid, radius : array (rows,)
        Depths of the image, and radius of the hole (m).
    deviation, hole_azimuth, turn : array (rows,)
        Direction of the hole and image angle of pad 1 (deg).
    north : str
        Which north azimuths are from.
    tool : ToolDepth or None
        Depth of the tool on the rows of the recording.
    offsets : list of Offset
        Residual offsets that were taken off.
    log : _Log
        Findings and steps so far.
    """

    parts: list[Buttons]
    grid: Array
    radius: Array
    deviation: Array
    hole_azimuth: Array
    turn: Array
    north: str
    tool: ToolDepth | None
    offsets: list[Offset]
    log: _Log


def build(recording: PadRecording, geometry: ToolGeometry, plan: Plan, progress: Progress = no_progress) -> Assembled:
    """
    Build the image of a recording.

    Parameters
    ----------
    recording : PadRecording
        What the tool recorded.
    geometry : ToolGeometry
        Where its buttons lie.
    plan : Plan
        How.
    progress : callable
        Called with the share done, 0 to 1.

    Returns
    -------
    Assembled
        The image on even depths.

    Raises
    ------
    InputError
        If no array of the tool is there, nothing says how the tool is turned, or the hole's diameter is not known.
    """
    placed = place_buttons(recording, geometry, plan, part_of(progress, 0.0, 0.5))
    return lay_out_buttons(placed, geometry, plan, part_of(progress, 0.5, 1.0))


def place_buttons(
    recording: PadRecording, geometry: ToolGeometry, plan: Plan, progress: Progress = no_progress
) -> PlacedButtons:
    """
    Bring the buttons of a recording to the rows of its image: the first half of :func:`build`, with its parameters.

    A caller that drops the recording between both halves has it in memory no longer than it is needed.
    """
    log = _Log(recording.place)
    _check_arrays(recording, geometry, log)
    orientation = _orientation(recording, plan, log)
    diameter = _diameter(recording, plan, log)
    tool = _follow(recording, orientation, plan, log)
    depth = recording.depth if tool is None else tool.depth
    progress(0.4)
    bright = _brightness(recording, geometry, plan, log)
    grid = _grid(recording)
    along = {name: np.full(recording.rows, row.along_m) for row in geometry.rows for name in row.arrays}
    log.step("geometry", f"{geometry.name}; {geometry.source}")
    for assumption in geometry.assumed:
        log.add(Severity.INFO, "geometry-assumed", assumption, "no source says so: look at edges of pads and flaps")
    offsets: list[Offset] = []
    if "offsets" not in plan.without:
        # A jump of the gain stands in the same row of all arrays, and would pull them together there.
        even = bright.without_jumps()[0]

        def placed(name: str) -> Grey | None:
            return Rows(depth + along[name], grid).at(even.of(name)) if name in even.currents else None

        offsets = residual_offsets(
            geometry, placed, grid, _sideways(geometry, depth, orientation.angle, diameter, grid)
        )
        along = _moved(depth, along, offsets, geometry, log)
    progress(0.8)

    def place(name: str) -> Rows:
        return Rows(depth + along[name], grid)

    built = [part_buttons(geometry, name, bright, orientation.angle, place) for name in ("pad", "flap")]
    parts = [part for part in built if part is not None]
    rows = Rows(depth, grid)
    if rows.skipped:
        observed = (
            f"the tool slipped past {rows.skipped} rows ({100 * rows.skipped / grid.size:.1f} %) without a sample"
        )
        log.add(Severity.MINOR, "rows-skipped", observed, "left empty")
    bearings = orientation.bearings
    return PlacedButtons(
        parts, grid, _even(rows, diameter) / 2,
        deviation=_even(rows, bearings.deviation),
        hole_azimuth=_even_angle(rows, bearings.hole_azimuth),
        turn=_even_angle(rows, orientation.angle),
        north=orientation.north, tool=tool, offsets=offsets, log=log,
    )  # fmt: skip


def lay_out_buttons(
    placed: PlacedButtons, geometry: ToolGeometry, plan: Plan, progress: Progress = no_progress
) -> Assembled:
    """
    Lay out buttons as an image: the second half of :func:`build`, with its parameters.

    The buttons are brought to one response in place.
    """
    log, grid, radius, parts = placed.log, placed.grid, placed.radius, placed.parts
    _respond(parts, grid, radius, geometry, plan, log)
    _check_order(parts[0], grid, radius, geometry, log)
    progress(0.4)
    image = lay_out(parts, geometry.pads, radius, plan.columns)
    filled = np.flatnonzero(measured_rows(image))
    if not filled.size:
        raise InputError(log.place, "no button measured anything", "check the channels with geobfdt inspect")
    kept = slice(int(filled[0]), int(filled[-1]) + 1)
    spacing = f"{1000 * float(grid[1] - grid[0]):.2f} mm"
    log.step("mosaic", f"{plan.columns} columns from {plan.reference.replace('_', ' ')}, rows {spacing} apart")
    return Assembled(
        image[kept], grid[kept], 2 * radius[kept],
        deviation=placed.deviation[kept], hole_azimuth=placed.hole_azimuth[kept], turn=placed.turn[kept],
        north=placed.north, tool=placed.tool, offsets=placed.offsets, findings=log.findings, steps=log.steps,
    )  # fmt: skip


def _check_arrays(recording: PadRecording, geometry: ToolGeometry, log: _Log) -> None:
    """Refuse a recording without arrays of the tool, and note those that are missing or have another size."""
    missing = [name for name in geometry.arrays if name not in recording.arrays]
    if len(missing) == len(geometry.arrays):
        observed = f"none of the arrays of {geometry.name} is there"
        raise InputError(recording.place, observed, "give --geometry for the tool of the file")
    if missing:
        observed = f"{', '.join(missing)} of {len(geometry.arrays)} arrays are missing"
        log.add(Severity.MAJOR, "pad-arrays-missing", observed, "left empty")
    for row in geometry.rows:
        for name in row.arrays:
            buttons = recording.arrays[name].shape[1] if name in recording.arrays else row.buttons
            if buttons != row.buttons:
                observed = f"{name} has {buttons} buttons, where {geometry.name} has {row.buttons}"
                raise InputError(recording.place, observed, "give --geometry for the tool of the file")
    there = [recording.arrays[name] for name in geometry.arrays if name in recording.arrays]
    if not any(np.isfinite(values).any() for values in there):
        raise InputError(recording.place, "no button measured anything", "check the channels with geobfdt inspect")
    signs = [np.sign(values[np.isfinite(values)]).mean() for values in there if np.isfinite(values).any()]
    if float(np.mean(signs)) < 0:
        observed = "most currents of the buttons are negative"
        log.add(Severity.MAJOR, "currents-negative", observed, "kept; if dark is resistive now, give --dark high")
    unused = [name for name in recording.arrays if name not in geometry.arrays]
    if unused:
        log.add(Severity.MAJOR, "pad-arrays-unused", f"{', '.join(unused)} are no arrays of the tool", "left out")


def _orientation(recording: PadRecording, plan: Plan, log: _Log) -> Orientation:
    """Orientation of the tool, with the checks of its inclinometer."""
    check = check_inclinometer(recording)
    log.findings += check.findings
    notes = check_bearings(recording, check.sensors)
    log.findings += notes
    if check.mirrored and {note.kind for note in notes} & {"bearings-mirrored", "bearings-contradict-sensors"}:
        observed = "azimuths of the file follow the mirrored magnetometer"
        log.add(Severity.MAJOR, "bearings-replaced", observed, "computed anew from the sensors with its sign turned")
        azimuths = ("pad1_azimuth", "pad1_azimuth_normal", "hole_azimuth")
        kept = {name: values for name, values in recording.logs.items() if name not in azimuths}
        recording = replace(recording, logs=kept)
    north, notes = north_of_bearings(recording, check.sensors, plan.declination)
    if plan.north is None:
        log.findings += notes
    elif north not in (plan.north, "unknown"):
        observed = f"by the magnetometers, azimuths of the file are from {north} north"
        log.add(Severity.MAJOR, "north-stated", observed, f"{plan.north!r} taken, as --north says")
    north = plan.north or north
    result = orient(recording, plan.reference, north, plan.declination, check.sensors)
    log.step("orientation", f"pad 1 by {result.source}, azimuths from {result.north} north")
    if result.north == "true" and north == "magnetic":
        log.step("declination", f"{plan.declination:+.2f} deg added to azimuths")
    if result.north == "unknown" and plan.reference == "north":
        observed = "nothing says from which north the azimuths are"
        log.add(Severity.MAJOR, "north-unknown", observed, "give --north magnetic with --declination, or --north true")
    elif result.north == "magnetic":
        observed = "azimuths are from magnetic north, and the declination is not known"
        log.add(Severity.MAJOR, "declination-unknown", observed, "kept from magnetic north; give --declination")
    measured = np.isfinite(result.angle)
    if not measured.all():
        observed = f"the direction of pad 1 is not known in {100 * (1 - measured.mean()):.1f} % of the rows"
        log.add(Severity.MAJOR, "orientation-missing", observed, "left empty there")
    vertical = np.nanmedian(result.bearings.deviation) < _VERTICAL_DEG
    if plan.reference == "high_side" and vertical:
        observed = "the hole is vertical, where no side is high"
        log.add(Severity.MAJOR, "high-side-undefined", observed, "give --reference north")
    return result


def _diameter(recording: PadRecording, plan: Plan, log: _Log) -> Array:
    """Diameter of the hole on the rows of the recording (m)."""
    logs = recording.logs
    if plan.diameter is not None:
        return np.full(recording.rows, plan.diameter)
    names = [name for name in ("caliper_1", "caliper_2", "diameter") if name in logs]
    calipers = [np.where((logs[name] > 0.05) & (logs[name] < 1.5), logs[name], np.nan) for name in names]
    measured = [caliper for caliper in calipers if np.isfinite(caliper).any()]
    if not measured:
        cure = "give --diameter, or --caliper if a curve is one"
        raise InputError(recording.place, "no caliper says how far the pads are apart", cure)
    counts = np.sum([np.isfinite(caliper) for caliper in measured], axis=0)
    sums = np.sum([np.nan_to_num(caliper) for caliper in measured], axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(counts > 0, sums / counts, np.nan)
    if np.isnan(mean).any():
        observed = f"no caliper in {100 * np.isnan(mean).mean():.1f} % of the rows"
        log.add(Severity.MINOR, "caliper-gap", observed, "interpolated linearly, held at the ends")
    at = np.arange(mean.size)
    return np.asarray(np.interp(at, at[np.isfinite(mean)], mean[np.isfinite(mean)]))


def _follow(recording: PadRecording, orientation: Orientation, plan: Plan, log: _Log) -> ToolDepth | None:
    """Depth of the tool by its accelerometer; None, with a finding, where it is not possible."""
    if "speed" in plan.without:
        log.step("speed", "left out, as asked")
        return None
    time, acceleration = recording.logs.get("time"), recording.logs.get("acceleration_z")
    lacking = [
        name
        for name, values in (("time of the frames", time), ("accelerometer along the tool", acceleration))
        if values is None or np.isfinite(values).mean() < 1 - _MAX_ABSENT
    ]
    if lacking or time is None or acceleration is None:
        observed = f"the file has no {' and no '.join(lacking)}"
        log.add(Severity.MAJOR, "speed-not-corrected", observed, "depths are those of the cable: stick and slip stay")
        log.step("speed", f"not possible: {observed}")
        return None
    if recording.rows < _MIN_ROWS:
        log.add(Severity.MINOR, "speed-not-corrected", f"{recording.rows} rows are too few", "depths are the cable's")
        return None
    at = np.arange(recording.rows)
    measured = np.isfinite(acceleration)
    along = np.interp(at, at[measured], acceleration[measured])
    if np.median(along) < 0 and not np.nanmedian(orientation.bearings.deviation) > 90:
        if not any(finding.kind == "accelerometer-sign" for finding in log.findings):
            observed = "the accelerometer along the tool reads the gravity with the other sign"
            log.add(Severity.MINOR, "accelerometer-sign", observed, "its sign turned")
        along = -along
    tool = follow_tool(recording.depth, time, along, orientation.bearings.deviation)
    shift = tool.depth - recording.depth
    if np.ptp(along) < 1e-6:
        observed = "the accelerometer along the tool reads one value throughout"
        log.add(Severity.MAJOR, "speed-not-corrected", observed, "depths are those of the cable: stick and slip stay")
        return None
    if np.abs(shift).max() > _MAX_SHIFT_M:
        observed = f"the accelerometer moves rows by up to {np.abs(shift).max():.2f} m"
        action = "not used: check its channel and unit; depths are those of the cable"
        log.add(Severity.MAJOR, "speed-not-corrected", observed, action)
        return None
    observed = f"the tool is up to {100 * np.abs(shift).max():.1f} cm from the cable, {1000 * np.std(shift):.1f} mm RMS"
    log.add(Severity.INFO, "speed-corrected", observed, "rows moved to the depth of the tool")
    log.step("speed", f"Kalman smoother of cable depth and accelerometer; {observed}")
    _report_stuck(recording, tool, log)
    return tool


def _report_stuck(recording: PadRecording, tool: ToolDepth, log: _Log) -> None:
    """Note where the tool sticks, the longest first."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], tool.stuck.astype(int), [0]])))
    tops, bases = edges[::2], edges[1::2] - 1
    if not tops.size:
        return
    lengths = recording.depth[bases] - recording.depth[tops]
    order = np.argsort(-lengths)[:_MOST_STUCK]
    listed = ", ".join(f"{tool.depth[tops[i]]:.2f} m ({100 * lengths[i]:.0f} cm)" for i in order)
    observed = f"the tool sticks {tops.size} times, for {lengths.sum():.2f} m of cable: {listed}"
    log.add(Severity.INFO, "tool-stuck", observed, "the wall above them is seen at the speed of the slip")


def _brightness(recording: PadRecording, geometry: ToolGeometry, plan: Plan, log: _Log) -> Brightness:
    """Brightness of the buttons, with EMEX and gain undone."""
    currents = {name: recording.arrays[name] for name in geometry.arrays if name in recording.arrays}
    if "gains" in plan.without:
        log.step("gains", "left out, as asked")
        return brightness_of(currents, None)
    scale, undone = undo_gains(recording)
    bright = brightness_of(currents, scale)
    if undone:
        log.step("gains", f"{' and '.join(name.upper() for name in undone)} divided out")
        return bright
    bright, jumps = bright.without_jumps(sudden=geometry.dipmeter)
    observed = "the file has no channel of EMEX voltage or gain"
    action = f"{jumps} jumps that all buttons make together taken off" if jumps else "currents taken as they are"
    log.add(Severity.MAJOR if jumps else Severity.MINOR, "gain-channels-missing", observed, action)
    log.step("gains", f"{observed}; {action}")
    return bright


def _grid(recording: PadRecording) -> Array:
    """Depths of the rows of the image: as far apart as those of the recording, at whole multiples."""
    step = float(np.median(np.diff(recording.depth))) if recording.rows > 1 else 0.0
    if recording.rows < 2 or not 0 < step < 1:
        raise InputError(recording.place, f"{recording.rows} rows make no image", "export a longer interval")
    first = np.ceil(recording.depth[0] / step)
    count = int(np.floor(recording.depth[-1] / step) - first) + 1
    if count > _MOST_ROWS:
        raise InputError(recording.place, f"{count:,} rows are too many for one image", "export a shorter interval")
    return np.asarray((first + np.arange(count)) * step)


def _sideways(geometry: ToolGeometry, depth: Array, angle: Array, diameter: Array, grid: Array) -> Array:
    """How far a flap passes clockwise of where it would with its pad (m), as the tool turns in between."""
    flap = next((row.along_m for row in geometry.rows if row.part == "flap"), 0.0)
    apart = _even_angle(Rows(depth + flap, grid), angle) - _even_angle(Rows(depth, grid), angle)
    return np.asarray(np.radians(signed_angle(apart)) * _even(Rows(depth, grid), diameter) / 2)


def _moved(
    depth: Array, along: dict[str, Array], offsets: list[Offset], geometry: ToolGeometry, log: _Log
) -> dict[str, Array]:
    """Distances of the arrays along the tool, less their residual offsets."""
    moved = dict(along)
    by_array = {offset.array: offset for offset in offsets}
    flaps = [row for row in geometry.rows if row.part == "flap"]
    for row in geometry.rows:
        for pad, name in enumerate(row.arrays):
            chain = [name]
            if row in flaps and row is not flaps[0]:
                chain.append(flaps[0].arrays[pad])
            for link in chain:
                if link in by_array and name in moved:
                    offset = by_array[link]
                    moved[name] = moved[name] - np.interp(depth, offset.depth, offset.shift)
    sizes = [float(np.abs(offset.shift).max()) for offset in offsets]
    if sizes:
        log.step("offsets", f"{len(offsets)} arrays moved by up to {1000 * max(sizes):.1f} mm")
    wrong = [offset for offset in offsets if offset.contradicts]
    if wrong:
        listed = ", ".join(f"{offset.array} by {1000 * np.mean(offset.shift):+.0f} mm" for offset in wrong)
        observed = f"arrays fit their neighbours elsewhere than the geometry says: {listed}"
        log.add(Severity.MAJOR, "offset-contradicts-geometry", observed, "moved to where they fit")
    return moved


def _respond(parts: list[Buttons], grid: Array, radius: Array, geometry: ToolGeometry, plan: Plan, log: _Log) -> None:
    """Mask or fill dead buttons, and bring all to one response."""
    if "buttons" in plan.without:
        log.step("buttons", "left out, as asked")
        return
    step = float(grid[1] - grid[0])
    dead = repair_dead(parts, max(int(_DEAD_M / step), 3), fill=True)
    count, listed = 0, []
    for name, part, mask in zip(("pad", "flap"), parts, dead, strict=False):
        share = mask.mean(axis=0)
        count += int((share > _DEAD_ROWS).sum())
        for pad in np.flatnonzero((share > _DEAD_ROWS).mean(axis=1) > _DEAD_PAD):
            listed.append(f"{name} {pad + 1}")
            part.values[:, pad] = np.nan
    total = sum(part.across.size for part in parts) * geometry.pads
    if listed:
        observed = f"{', '.join(listed)} gave no signal"
        log.add(Severity.MAJOR, "pad-dead", observed, "left empty: fewer columns are measured")
    if count:
        observed = f"{count} of {total} buttons are dead"
        log.add(Severity.MINOR, "buttons-dead", observed, "one or two side by side filled, others left empty")
    log.step("buttons", f"one response over {_EQUAL_M:g} m; {count} of {total} dead")
    equalise(parts, max(int(_EQUAL_M / step), 3), radius)


def _check_order(part: Buttons, grid: Array, radius: Array, geometry: ToolGeometry, log: _Log) -> None:
    """Compare beds within pads with beds from pad to pad, which run the other way where buttons are reversed."""
    order = button_order(part, geometry.pads, grid, radius)
    if order < _REVERSED:
        observed = "beds run within the pads against how they run from pad to pad"
        action = "pads or buttons are numbered the other way round: give --geometry with their order"
        log.add(Severity.MAJOR, "buttons-reversed", observed, action)
    elif order > -_REVERSED:
        observed = "beds run within the pads as they run from pad to pad"
        log.add(Severity.INFO, "button-order-confirmed", observed, "pads and buttons are numbered as the geometry says")


def _even(rows: Rows, values: Array) -> Array:
    """Values on the rows of the image, straight across gaps and held at the ends."""
    # Differences from the middle keep the precision of float32.
    middle = float(np.nanmedian(values)) if np.isfinite(values).any() else 0.0
    out = rows.at((values - middle).astype(np.float32)[:, None]).ravel().astype(np.float64) + middle
    measured = np.isfinite(out)
    at = np.arange(out.size)
    return np.asarray(np.interp(at, at[measured], out[measured])) if measured.any() else out


def _even_angle(rows: Rows, angle: Array) -> Array:
    """Angles on the rows of the image (deg)."""
    radians = np.radians(angle)
    return np.asarray(np.mod(np.degrees(np.arctan2(_even(rows, np.sin(radians)), _even(rows, np.cos(radians)))), 360.0))
