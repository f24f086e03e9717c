"""The planes of a pick table: depth, dips, azimuths, amplitude and diameter, each filled from the others."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from geobfdt import geometry
from geobfdt.geometry import Reference
from geobfdt.io.arrays import Array, Mask, Words
from geobfdt.io.names import role as log_role
from geobfdt.io.tables.directions import STRIKES, read_directions
from geobfdt.io.tables.mapping import Format, column_key
from geobfdt.io.tables.values import TableValues
from geobfdt.runtime.findings import InputError
from geobfdt.wells.image import MIN_ANGLE_TO_NORTH_DEG, REFERENCES

__all__ = ["Planes", "read_planes"]


Planes = tuple[dict[str, Any], Array, Array]  # columns of a pick table, middle and half extent of each plane (m)
Pair = tuple[Array, Array]  # dips and azimuths, or deviations and hole azimuths

FIT_DEG = 0.2  # Poles that are rounded to 0.1 deg stay within it; those of a wrong reference line do not.
_RANGE = re.compile(r"(\d+(?:\.\d+)?)\s*-\s*(\d+(?:\.\d+)?)")
_FRAMES: tuple[Reference, ...] = ("north", "high_side", "pseudo_north")


def read_planes(values: TableValues, format_: Format, plane: Mask, depth_unit: str | None) -> Planes:
    """
    Read the planes, and fill apparent and true dip, amplitude and diameter from each other where the table allows it.

    Parameters
    ----------
    values : TableValues
        The table.
    format_ : Format
        Its format.
    plane : array (rows,) of bool
        Rows that are planes; checks count these alone.
    depth_unit : str or None
        Unit of the depths that the user gives.

    Returns
    -------
    columns : dict
        Columns of a pick table.
    middle : array (rows,)
        Middle of what was visible of each plane (m, MD).
    half_extent : array (rows,)
        Half the depth range that it takes (m); NaN where unknown.

    Raises
    ------
    InputError
        If there is no depth, no unit of depths, or no statement whether dips are true or apparent.
    """
    if "depth" not in values.roles and "depth_plane" not in values.roles:
        observed = f"no column of depth among {', '.join(values.cells.header[:40])}"
        raise InputError(values.cells.path, observed, "say it in a mapping file: columns: {depth: <column>}")
    strikes_of = _name_frame(values, format_)
    middle, depth = values.depth("depth", depth_unit), values.depth("depth_plane", depth_unit)
    dip_true, dip_app = values.angle("dip_true", 0, 90), values.angle("dip_app", 0, 90)
    azimuth_true, azimuth_app = read_directions(values, plane, strikes_of)
    deviation, hole_azimuth = values.angle("deviation", 0, 180), values.azimuth("hole_azimuth")
    diameter = _diameter(values)
    visible, low, high = _visible(values, azimuth_app)

    height = values.length("height", 0, 1e4)
    amplitude = values.length("amplitude", 0, 1e4)
    # A height of part of a trace is that of the part: it spans high - low of the amplitude, not 2.
    amplitude = np.where(np.isnan(amplitude), height / np.where(visible < 1, high - low, 2.0), amplitude)
    _check_heights(values, plane & ~(visible < 1), amplitude, dip_app, diameter)

    reference = _reference(values, plane, (dip_app, azimuth_app), (dip_true, azimuth_true), (deviation, hole_azimuth))
    for frame in _FRAMES:
        rows = reference == frame
        app = geometry.apparent_from_true(dip_true, azimuth_true, deviation, hole_azimuth, frame)
        # A pair is filled as a pair: half of one reading with half of another is no plane.
        lack = rows & np.isnan(dip_app) & ~np.isnan(app[0])
        dip_app[lack], azimuth_app[lack] = app[0][lack], app[1][lack]
        true = geometry.true_from_apparent(dip_app, azimuth_app, deviation, hole_azimuth, frame)
        lack = rows & np.isnan(dip_true) & ~np.isnan(true[0])
        dip_true[lack], azimuth_true[lack] = true[0][lack], true[1][lack]
    with np.errstate(divide="ignore", invalid="ignore"):
        # Under some degrees of dip the ratio is that of two rounding errors.
        ratio = 2 * amplitude / np.tan(np.radians(dip_app))
        diameter = np.where(np.isnan(diameter) & (dip_app > 5), ratio, diameter)
    dip_app = np.where(np.isnan(dip_app), geometry.apparent_dip(amplitude, diameter), dip_app)
    full = geometry.amplitude_from_dip(np.where(dip_app < 90, dip_app, np.nan), diameter)
    amplitude = np.where(np.isnan(amplitude), full, amplitude)

    # Geolog: DEPTH is the middle of what is visible, DEPTH_PLANE the axis crossing, empty where both are one. In the
    # known export they differ by 0.12982 m, as a trace of its dip and diameter visible from 99 to 309 deg must.
    shift = np.where(visible < 1, amplitude * (low + high) / 2, 0.0)
    axis = middle - (np.nan_to_num(shift) if "depth_plane" in values.roles else 0.0)
    depth = np.where(np.isnan(depth), axis, depth)
    middle = np.where(np.isnan(middle), depth, middle)
    values.fail(np.isnan(depth), lambda _: "it has no depth")
    _check_angles(values, plane, (dip_true, dip_app), (azimuth_true, azimuth_app))
    event = values.length("event_height", 0, 1e4)
    half = np.where(np.isnan(event), np.where(np.isnan(height), 2 * amplitude, height), event) / 2
    continuity = values.share("continuity")
    columns = {
        "depth_m": depth,
        "dip_true_deg": dip_true,
        "azimuth_true_deg": azimuth_true,
        "dip_app_deg": dip_app,
        "azimuth_app_deg": azimuth_app,
        "amplitude_m": amplitude,
        "diameter_m": diameter,
        "reference": reference,
        "continuity": np.where(np.isnan(continuity), visible, continuity),
    }
    return columns, middle, half


def _name_frame(values: TableValues, format_: Format) -> str:
    """Move the plain columns dip and azimuth to the frame that is stated; return the frame of strikes, if any."""
    roles, path = values.roles, values.cells.path
    directions = [role for role in ("azimuth", "azimuth_true", "azimuth_app") if role in roles]
    if values.mapping.azimuth == "strike_rhr" and "strike_rhr" not in roles:
        # Beside a dip direction the mapping means the strike; alone, a column of azimuths holds strikes.
        column = next((role for role in ("strike", "strike_lhr", *directions) if role in roles), None)
        if column is not None:
            name = values.cells.header[roles[column]]
            if column != "strike" and column_key(name)[0] not in ("azimuth", "azim", "azi"):
                observed = f"column {name!r} is not called a strike by the right-hand rule"
                values.findings.major("azimuth-overruled", observed, "read as such, as the mapping file says")
            roles["strike_rhr"] = roles.pop(column)
            directions = [role for role in directions if role in roles]
    elif values.mapping.azimuth is None:
        named = next((roles[r] for r in directions if "strike" in column_key(values.cells.header[roles[r]])[0]), None)
        if named is not None:
            observed = f"the mapping file takes the column {values.cells.header[named]!r} for a dip direction"
            raise InputError(path, observed, "write azimuth: dip_direction in it if it is one, or azimuth: strike_rhr")
    strikes = [role for role in STRIKES if role in roles]
    if not {"dip", "azimuth"} & set(roles) and (directions or not strikes):
        return "" if directions == ["azimuth_app"] and "dip_true" not in roles else "true"
    true, apparent = ({f"dip_{f}", f"azimuth_{f}"} & set(roles) for f in ("true", "app"))
    frame = {"apparent": "app", None: None}.get(values.mapping.dip, values.mapping.dip) or format_.dip
    if not frame and "dip" in roles and bool(true) != bool(apparent):
        # Beside a pair that is named apparent, the plain pair is the true one, and the other way round.
        frame = "true" if apparent else "app"
    if not frame and "dip" not in roles and bool("dip_true" in roles) != bool("dip_app" in roles):
        frame = "true" if "dip_true" in roles else "app"
    if not frame:
        held = {"dip": "dip", "azimuth": "azimuth" if directions or not strikes else strikes[0]}
        dip, azimuth = (values.cells.header[roles[r]] if r in roles else r for r in held.values())
        columns = f"dip: {dip}, {held['azimuth']}: {azimuth}"
        kind = "dip_direction" if directions or not strikes else "strike_rhr"
        cure = f"write a mapping file such as {{columns: {{{columns}}}, dip: true, azimuth: {kind}}} "
        cure += "(dip: true or apparent, azimuth: dip_direction or strike_rhr)"
        raise InputError(path, f"nothing says whether {dip!r} and {azimuth!r} are true or apparent", cure)
    header = [column_key(name)[0] for name in values.cells.header]
    logs = [log_role(name) for name in header]
    for plain in ("dip", "azimuth"):
        if plain not in roles:
            continue
        framed = f"{plain}_{frame}"
        stated = {plain, framed} & set(values.mapping.columns)
        if framed in roles and logs[roles[plain]] == "hole_azimuth" and "deviation" in logs:
            continue  # Beside the inclination of the hole, it is the azimuth of the hole.
        if framed in roles and len(stated) != 1:
            both = " and ".join(repr(values.cells.header[roles[role]]) for role in (plain, framed))
            kind = "true" if frame == "true" else "apparent"
            observed = f"columns {both} may both be the {plain} of the {kind} plane"
            cure = f"leave one of them out, or say which in a mapping file: columns: {{{framed}: ...}}"
            raise InputError(path, observed, cure)
        index = roles.pop(plain)
        if stated != {framed}:
            roles[framed] = index
    return frame if "azimuth_true" not in roles else "true"


def _diameter(values: TableValues) -> Array:
    diameter = values.length("diameter", -np.inf, np.inf)
    odd = (diameter <= 0.02) | (diameter > 5)
    if odd.any():
        observed = f"{int(odd.sum())} hole diameters are not 0.02 to 5 m, such as {diameter[odd][0]:.4g} m"
        values.findings.major("diameter-implausible", observed, "left out; check the unit")
        diameter = np.where(odd, np.nan, diameter)
    if values.mapping.diameter is not None:
        diameter = np.where(np.isnan(diameter), values.mapping.diameter, diameter)
    return diameter


def _visible(values: TableValues, azimuth_app: Array) -> tuple[Array, Array, Array]:
    """
    Share of the turn on which a trace is visible (NaN where unknown), and the range of its cosine there.

    The visible range runs clockwise from its start to its end.
    """
    start, end = values.azimuth("visible_start"), values.azimuth("visible_end")
    width = (end - start) % 360.0
    share = np.where(width == 0, 1.0, width / 360.0)
    for row, text in enumerate(values.words("visible_ranges")):
        if ranges := _RANGE.findall(text):
            share[row] = min(sum((float(to) - float(since)) % 360.0 for since, to in ranges) / 360.0, 1.0)
    first, last = (np.cos(np.radians(angle - azimuth_app)) for angle in (start, end))
    high = np.where((azimuth_app - start) % 360.0 <= width, 1.0, np.fmax(first, last))
    low = np.where((azimuth_app + 180.0 - start) % 360.0 <= width, -1.0, np.fmin(first, last))
    return share, low, high


def _reference(values: TableValues, plane: Mask, app: Pair, true: Pair, hole: Pair) -> Words:
    """Where apparent azimuth 0 points: as stated, else as the table proves, else as chosen for true dips alone."""
    reference = values.choice("reference", REFERENCES)
    default = values.mapping.reference or values.cells.parameters.get("reference", "").lower()
    reference[reference == ""] = default if default in REFERENCES else ""
    both = plane & np.isfinite(np.stack([*app, *true, *hole])).all(axis=0)
    errors = {f: geometry.pole_angle(*geometry.true_from_apparent(*app, *hole, f), *true) for f in _FRAMES}
    open_ = plane & (reference == "") & np.isfinite(app[1])
    if (both & open_).any():
        # Of lines that fit equally, as north and pseudo-north do in a vertical hole, the first one counts.
        median = {frame: float(np.nanmedian(np.nan_to_num(errors[frame][both], nan=180.0))) for frame in _FRAMES}
        best = min(_FRAMES, key=lambda frame: round(median[frame], 2))
        if median[best] < FIT_DEG:
            reference[open_] = best
            observed = f"apparent and true dips of {int(both.sum())} picks agree"
            observed += f" to {median[best]:.3g} deg (median) with it"
            values.findings.info("reference-found", observed, f"apparent azimuths are from {best}")
    for frame in _FRAMES:
        off = both & (reference == frame) & ~(errors[frame] < FIT_DEG)
        if off.any():
            count = int((both & (reference == frame)).sum())
            observed = f"{int(off.sum())} of {count} true dips are over {FIT_DEG} deg off"
            observed += f" what apparent dips from {frame} give, the first on line {values.cells.lines[off][0]}"
            values.findings.major("true-and-apparent-disagree", observed, "kept as they are; check the reference")
    open_ = plane & (reference == "") & np.isfinite(app[1])
    if open_.any():
        reference[open_] = "unknown"
        observed = f"nothing says where the apparent azimuths of {int(open_.sum())} picks are counted from"
        values.findings.major("reference-unknown", observed, "write reference: north or high_side in a mapping file")
    free = (reference == "") & np.isfinite(np.stack([*true, *hole])).all(axis=0)
    if free.any():
        deviation, azimuth = np.radians(hole)
        along = np.abs(np.sin(deviation) * np.cos(azimuth)) > np.cos(np.radians(MIN_ANGLE_TO_NORTH_DEG))
        reference[free] = np.where(along[free], "high_side", "north")
        observed = f"apparent dips of {int((free & plane).sum())} picks are worked out from true dip and hole direction"
        chosen = " and ".join(sorted(set(reference[free])))
        values.findings.info("apparent-from-true", observed, f"apparent azimuths are from {chosen}")
    return reference


def _check_heights(values: TableValues, rows: Mask, amplitude: Array, dip_app: Array, diameter: Array) -> None:
    expected = geometry.amplitude_from_dip(np.where(dip_app < 89, dip_app, np.nan), diameter)
    rows = rows & np.isfinite(amplitude) & np.isfinite(expected)
    off = rows & (np.abs(amplitude - expected) > 0.02 * expected + 0.002)
    if off.any():
        observed = f"{int(off.sum())} of {int(rows.sum())} trace heights are over 2 % off"
        observed += f" diameter times tangent of the dip, the first on line {values.cells.lines[off][0]}"
        values.findings.major("height-dip-disagree", observed, "heights kept; check the diameters")


def _check_angles(values: TableValues, plane: Mask, dips: Pair, azimuths: Pair) -> None:
    rows = plane & ~values.unreadable
    without = rows & np.isnan(dips).all(axis=0)
    # A level plane has no dip direction.
    undirected = rows & (np.nan_to_num(np.fmax(*dips)) > 0) & np.isnan(azimuths).all(axis=0)
    for lacking, kind, what in ((without, "no-dip", "dip"), (undirected, "no-azimuth", "dip direction")):
        if lacking.any():
            first = values.cells.lines[lacking][0]
            observed = f"{int(lacking.sum())} of {int(plane.sum())} planes have no {what}, the first is line {first}"
            values.findings.major(kind, observed, "kept with what they have")
