"""Read deviation surveys: tables of depth, deviation and azimuth."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from geobfdt import geometry
from geobfdt.io.arrays import Array, Lines
from geobfdt.io.azimuths import within_turn
from geobfdt.io.file_findings import FileFindings
from geobfdt.io.names import column_names, hole_names, names_of
from geobfdt.io.tables.cells import Cells, read_cells, sheet_kind
from geobfdt.io.tables.mapping import column_key, split_north
from geobfdt.io.tables.stated_north import read_stated_north
from geobfdt.io.text import Decimal
from geobfdt.io.units import agreed_unit, angle_factor, length_factor
from geobfdt.runtime.findings import Finding, InputError
from geobfdt.wells.bearings import read_azimuth
from geobfdt.wells.survey import Survey
from geobfdt.wells.well_names import check_names, rows_of, well_key

__all__ = ["read_survey"]


_STEEPEST_COLLAR_DEG = 60.0  # A hole that begins flatter is drilled under ground, or its angles are from horizontal.
_NEAR_COLLAR_M = 50.0  # A first station above this depth (MD) shows how the hole begins.
_MAX_AZIMUTH_DEG = 720.0  # Azimuths that are counted on over north go no further.
_ROLES = {"depth": "depth", "deviation": "deviation", "azimuth": "hole_azimuth"}


def read_survey(
    path: str | Path, depth_unit: str | None = None, well: str | None = None, decimal: Decimal | None = None
) -> tuple[Survey, list[Finding]]:
    r"""
    Read a survey from a CSV or Excel table with columns of depth, deviation and azimuth.

    Parameters
    ----------
    path : str or Path
        The file; columns are known by their names (``DEPTH``, ``MD``, ``DEVI``, ``inclination_deg``, ``AZIM``, ...).
    depth_unit : str, optional
        Unit of the depths; it wins over that of the file. A survey without a unit is taken to be in metres.
    well : str, optional
        Well whose stations are read, where the table names wells.

    decimal : {"point", "comma"}, optional
        Decimal mark, where the cells do not show it.

    Returns
    -------
    survey : Survey
        The stations, sorted, without nulls and repetitions.
    findings : FileFindings
        What was repaired or assumed.

    Raises
    ------
    InputError
        If the file is no such table, two stations at one depth disagree, or no station is of the well.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "survey.csv"
    >>> _ = file.write_text("MD (ft),INCL,AZIM\n0,0,0\n1000,10,370\n")
    >>> survey, findings = read_survey(file)
    >>> survey.depth, survey.azimuth, [f.kind for f in findings]
    (array([  0. , 304.8]), array([ 0., 10.]), ['azimuth-wrapped'])
    """
    path = Path(path)
    cells = read_cells(path, decimal, sheet_kind("a survey", _is_survey_header))
    findings = cells.findings
    cells = _of_well(cells, well, findings)
    keys = [column_key(name) for name in cells.header]
    columns: dict[str, Array] = {}
    bad = np.zeros(len(cells.rows), dtype=bool)
    north = ""
    for role in _ROLES:
        index = next((i for alias in _names(role) for i, (key, _) in enumerate(keys) if key == alias), None)
        if index is None and role == "azimuth":
            index, north = _from_north(path, cells, keys)
        if index is None:
            observed = f"no column of {role} among {', '.join(cells.header[:20])}"
            raise InputError(path, observed, f"name it {role}: a survey has depth, deviation and azimuth")
        values, unreadable = cells.numbers(index)
        for row in np.flatnonzero(unreadable) if role == "azimuth" else ():
            bearing = read_azimuth(cells.rows[row, index])
            if bearing is not None:
                values[row], unreadable[row] = bearing, False
        unit = cells.units[index] or keys[index][1]
        if role == "depth":
            units = {"the header": keys[index][1], "the row of units": cells.units[index]}
            unit = agreed_unit(units, depth_unit, findings)
            columns[role] = values * _depth_factor(unit, depth_unit, findings)
        else:
            factor = angle_factor(unit)
            if factor is None:
                raise InputError(path, f"{cells.header[index]} is in {unit!r}", "give angles in degrees")
            columns[role] = values * factor
            # A station with a wilder azimuth is refused, as written, once all columns are read.
            if role == "azimuth" and not np.any(np.abs(columns[role]) > _MAX_AZIMUTH_DEG):
                columns[role] = within_turn(columns[role], cells.header[index], unit, findings)
        bad |= unreadable
    stated = {north, *read_stated_north(cells.remarks, findings).norths} - {""}
    if len(stated) > 1:
        observed = f"its azimuths are from {' and '.join(sorted(stated))} north, by header and names of columns"
        raise InputError(path, observed, "correct what is wrong")
    north = next(iter(stated), "")
    if north:
        findings.info("survey-north", f"azimuths are from {north} north", "kept as such")
    if bad.any():
        observed = f"{int(bad.sum())} stations are no numbers, the first is line {cells.lines[bad][0]}"
        findings.major("rows-unreadable", observed, "left out")
    stations = np.stack([columns[role] for role in _ROLES], axis=-1)
    # A vertical station has no azimuth; some programs leave it empty.
    stations[(stations[:, 1] == 0) & np.isnan(stations[:, 2]), 2] = 0.0
    empty = ~np.isfinite(stations).all(axis=-1)
    if (empty & ~bad).any():
        findings.minor("stations-empty", f"{int((empty & ~bad).sum())} stations lack a value", "left out")
    stations, lines = stations[~empty], cells.lines[~empty]
    if not len(stations):
        raise InputError(path, "no station can be read", "give rows of depth, deviation and azimuth")
    return replace(_tidy(stations, lines, findings), north=north or "unknown"), findings


def _is_survey_header(header: list[str]) -> bool:
    """Whether there are columns of depth, deviation and azimuth, from any north."""
    keys = [column_key(name)[0] for name in header]
    keys += [split_north(key, _names("azimuth"))[0] for key in keys]
    return all(not set(keys).isdisjoint(_names(role)) for role in _ROLES)


def _names(role: str) -> tuple[str, ...]:
    """Names of a column, more than anywhere else: in a survey they can mean nothing else."""
    return (*hole_names(_ROLES[role], logs=True), *names_of("survey").get(role, "").split())


def _of_well(cells: Cells, well: str | None, findings: FileFindings) -> Cells:
    """Rows of a well; a table of one well serves an image that names none."""
    keys = [column_key(name)[0] for name in cells.header]
    column = next((keys.index(alias) for alias in column_names()["well"] if alias in keys), None)
    default = cells.parameters.get("well", "")
    names = np.full(len(cells.rows), default, dtype=object) if column is None else cells.rows[:, column].copy()
    if (names == "").all():
        names[:] = default
    own = check_names(cells.path, names, cells.lines, findings)
    wells = sorted({well_key(name): name for name in names[own]}.values())
    if not well and len(wells) > 1:
        observed = f"holds stations of {len(wells)} wells: {', '.join(wells)[:300]}"
        raise InputError(cells.path, observed, "say with --well which of them the image is of")
    if well:
        mine = rows_of(cells.path, names, well, findings)
        own = own if mine is None else mine
    elif wells != [""] and len(wells):
        observed = f"the survey is of well {wells[0]!r}, and the image names none"
        findings.major("survey-well-assumed", observed, "taken as that of the image")
    return replace(cells, rows=cells.rows[own], lines=cells.lines[own])


def _from_north(path: Path, cells: Cells, keys: list[tuple[str, str]]) -> tuple[int | None, str]:
    """Column of azimuths whose name holds the north: true before grid before magnetic; and that north."""
    norths = [split_north(key, _names("azimuth"))[1] for key, _ in keys]
    for north in ("true", "grid", "magnetic"):
        columns = [i for i, named in enumerate(norths) if named == north]
        if len(columns) > 1:
            both = " and ".join(repr(cells.header[i]) for i in columns[:2])
            raise InputError(path, f"columns {both} may both be azimuth", "leave one of them out")
        if columns:
            return columns[0], north
    return None, ""


def _depth_factor(unit: str, stated: str | None, findings: FileFindings) -> float:
    file_factor = length_factor(unit)
    if stated is None:
        if unit and file_factor is None:
            raise findings.refusal(f"depths are in {unit!r}, which is no known unit", "give them in m or ft")
        if not unit:
            findings.major("depth-unit-assumed", "the file names no unit of depth", "taken as metres")
        return file_factor or 1.0
    factor = length_factor(stated)
    if factor is None:
        raise findings.refusal(f"{stated!r} is no known unit of depth", "give m, cm, mm, ft, in or 0.1 in")
    if file_factor is not None and file_factor != factor:
        findings.major("depth-unit-overruled", f"depths are in {unit} by the file", f"read as {stated}, as asked")
    return factor


def _tidy(stations: Array, lines: Lines, findings: FileFindings) -> Survey:
    """Sort and merge repeated stations of (depth, deviation, azimuth)."""
    out = (stations[:, 1] < 0) | (stations[:, 1] > 180) | (np.abs(stations[:, 2]) > _MAX_AZIMUTH_DEG)
    if out.any():
        observed = f"line {lines[out][0]}: deviation {stations[out][0, 1]:g}, azimuth {stations[out][0, 2]:g} deg"
        raise InputError(findings.path, observed, "correct that station; deviations are 0 to 180")
    stations[:, 2] %= 360.0
    if np.any(np.diff(stations[:, 0]) < 0):
        observed = f"{int((np.diff(stations[:, 0]) < 0).sum())} stations lie above the one before"
        findings.minor("stations-unsorted", observed, "sorted by depth")
        order = np.argsort(stations[:, 0], kind="stable")
        stations, lines = stations[order], lines[order]
    if stations[0, 0] < _NEAR_COLLAR_M and stations[0, 1] > _STEEPEST_COLLAR_DEG:
        observed = f"the hole begins at {stations[0, 1]:g} deg of deviation at {stations[0, 0]:g} m"
        action = "read as from vertical; if the angles are from horizontal, write 90 deg minus them"
        findings.major("survey-flat-collar", observed, action)
    repeated = np.r_[False, np.diff(stations[:, 0]) == 0]
    if repeated.any():
        # Of two vertical stations the azimuths mean nothing, so they cannot disagree.
        at = np.flatnonzero(repeated)
        same = geometry.pole_angle(stations[at, 1], stations[at, 2], stations[at - 1, 1], stations[at - 1, 2]) < 1e-6
        if not same.all():
            worst = at[~same][0]
            observed = f"lines {lines[worst - 1]} and {lines[worst]} give two directions at {stations[worst, 0]:g} m"
            raise InputError(findings.path, observed, "keep the right one")
        findings.minor("stations-repeated", f"{int(repeated.sum())} stations are repeated", "left out")
        stations = stations[~repeated]
    return Survey(*np.ascontiguousarray(stations.T))
