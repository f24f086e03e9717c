"""Picks with positions: collars and surveys become map coordinates, and the formats that need them are written."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from geobfdt.io.tables.collars import read_collar
from geobfdt.io.tables.pick_tables import Interpretation
from geobfdt.io.tables.surveys import read_survey
from geobfdt.io.write.planes3d import DISC_FORMATS, FRACTURE_FORMATS, POINT_FORMATS, local_origin
from geobfdt.runtime.findings import Finding, InputError, Severity
from geobfdt.wells.options import ReadingOptions
from geobfdt.wells.picks import PickTable, without_rejected
from geobfdt.wells.position import POSITION_COLUMNS, Collar, positions
from geobfdt.wells.survey import Survey
from geobfdt.wells.well_names import well_key

__all__ = ["check_north", "outside_survey", "place", "write_placed"]

# A hole that a survey leaves unmeasured may lie so far to the side (m) before the finding is a major one.
_LARGE_DISPLACEMENT_M = 1.0
# Column with the true azimuth from the North of the coordinates; the pick table's own stays as it is.
_AZIMUTH = "azimuth_grid_deg"


def place(table: Interpretation, source: Path, collars: Path, reading: ReadingOptions) -> Interpretation:
    """
    Give picks their positions.

    Parameters
    ----------
    table : Interpretation
        Picks of any number of wells.
    source, collars : Path
        Where the picks are from, for errors; the table of collars.
    reading : ReadingOptions
        The survey, or deviation and hole azimuth where the hole is straight.

    Returns
    -------
    Interpretation
        The same with further columns: ``x_m``, ``y_m``, ``z_m``, ``tvd_m``, and ``azimuth_grid_deg``, the true azimuth
        counted from the North of the coordinates.

    Raises
    ------
    InputError
        If a well has no collar or no direction, or azimuths are known to count from another north than coordinates.
    """
    picks, findings = table.picks.reset_index(drop=True), list(table.findings)
    parts, turn = [], np.zeros(len(picks))
    for rows in picks.groupby(picks["well"].map(well_key), sort=False).indices.values():
        well, depth = str(picks["well"].iloc[rows[0]]), picks["depth_m"].to_numpy(float)[rows]
        collar, notes = read_collar(collars, well, reading.decimal)
        survey, more = _survey_of(well, source, reading)
        norths = {"survey": survey.north, "picks": table.north}
        north = check_north(well or source.name, collars, collar, norths)
        for finding in (*notes, *more, *north, *outside_survey(well or source.name, survey, depth)):
            if finding not in findings:
                findings.append(finding)
        parts.append(positions(collar, survey, depth).set_axis(rows, axis=0))
        turn[rows] = collar.azimuth_to_grid or 0.0
    at = pd.concat(parts).sort_index() if parts else pd.DataFrame(columns=list(POSITION_COLUMNS), dtype=float)
    out = pd.concat([picks.drop(columns=[name for name in POSITION_COLUMNS if name in picks]), at], axis=1)
    out[_AZIMUTH] = (out["azimuth_true_deg"] + turn) % 360.0
    return replace(table, picks=PickTable(out), findings=findings)


def write_placed(picks: PickTable, target: Path, name: str, radius: float) -> list[Finding]:
    """
    Write picks with positions in a format of another program.

    Parameters
    ----------
    picks : DataFrame
        Picks as :func:`place` leaves them.
    target : Path
        File to write.
    name : str
        A key of ``DISC_FORMATS`` or ``POINT_FORMATS``.
    radius : float
        Radius of discs (m).

    Returns
    -------
    list of Finding
        What is left out, and what the format cannot say.

    Raises
    ------
    InputError
        If no pick is left, or the place cannot be written.
    """
    place_ = target.name
    findings: list[Finding] = []
    kept = without_rejected(picks)
    if len(kept) < len(picks):
        observed = f"{len(picks) - len(kept)} of {len(picks)} picks are rejected"
        findings.append(Finding(Severity.INFO, "rejected-left-out", place_, observed, "left out"))
    level = kept["dip_true_deg"] == 0
    oriented = kept["dip_true_deg"].notna() & (kept[_AZIMUTH].notna() | level)
    if not oriented.all():
        observed = f"{int((~oriented).sum())} of {len(kept)} picks have no true dip and azimuth"
        action = "left out; geobfdt ingest with --survey computes them"
        findings.append(Finding(Severity.MAJOR, "no-dip", place_, observed, action))
    # A level plane has no azimuth, but the formats need a number.
    kept = kept.assign(azimuth_true_deg=kept[_AZIMUTH].where(~level, kept[_AZIMUTH].fillna(0.0)))[oriented]
    if name in FRACTURE_FORMATS:
        beds = kept["class"] != "fracture"
        if beds.any():
            observed = f"{int(beds.sum())} of {len(kept)} picks are bedding planes"
            action = f"left out: a {name} file holds fractures"
            findings.append(Finding(Severity.INFO, "bedding-left-out", place_, observed, action))
        kept = kept[~beds]
    if not len(kept):
        raise InputError(target, "no pick is left to write", "; ".join(str(finding) for finding in findings) or "pick")
    kept = kept.reset_index(drop=True)
    if name in POINT_FORMATS:
        POINT_FORMATS[name](kept, target)
    else:
        DISC_FORMATS[name](kept, target, radius)
        action = f"all are discs of {radius:g} m; --radius changes it"
        findings.append(
            Finding(Severity.INFO, "disc-radius", place_, "a hole does not show the size of planes", action)
        )
    if name == "dfnworks":
        x, y, z = local_origin(kept)
        observed = "the domain of dfnWorks is centred on its origin"
        action = f"centres are relative to x {x:.0f}, y {y:.0f}, z {z:.0f} m"
        findings.append(Finding(Severity.MINOR, "coordinates-shifted", place_, observed, action))
    if name.startswith("gempy"):
        action = "keep one name for each surface, and leave out fractures, before a model is made"
        observed = "the formation of a pick is its label, and GemPy takes all points of a formation as one surface"
        findings.append(Finding(Severity.MINOR, "formation-by-label", place_, observed, action))
    return findings


def _survey_of(well: str, source: Path, reading: ReadingOptions) -> tuple[Survey, list[Finding]]:
    """Return the stations of a well: those of the survey, or one of a straight hole."""
    if reading.survey is not None:
        if reading.deviation is not None or reading.hole_azimuth is not None:
            observed = "both a survey and a direction of the hole are given"
            raise InputError(reading.survey, observed, "leave out --deviation and --hole-azimuth, or --survey")
        return read_survey(reading.survey, well=well or None, decimal=reading.decimal)
    if reading.deviation is None or (reading.deviation > 0 and reading.hole_azimuth is None):
        cure = "give --survey, or --deviation and --hole-azimuth of a straight hole (--deviation 0 if it is vertical)"
        raise InputError(source, f"the direction of well {well!r} is not known", cure)
    straight = Survey(np.zeros(1), np.array([reading.deviation]), np.array([reading.hole_azimuth or 0.0]))
    observed = f"a straight hole, deviation {reading.deviation:g}, azimuth {reading.hole_azimuth or 0:g} deg"
    return straight, [Finding(Severity.INFO, "hole-direction", well or source.name, observed, "as stated")]


def check_north(well: str, collars: Path, collar: Collar, norths: dict[str, str]) -> list[Finding]:
    """Compare the norths of survey and picks with each other, and with the North of the coordinates."""
    named = {whose: north for whose, north in norths.items() if north not in ("", "unknown")}
    listed = ", ".join(f"{whose} from {north} north" for whose, north in named.items())
    if len(set(named.values())) > 1:
        observed = f"well {well!r}: azimuths of {listed}"
        raise InputError(collars, observed, "turn both to one north first")
    if collar.azimuth_to_grid is not None:
        action = (
            f"turned by {collar.azimuth_to_grid:+g} deg to the North of the coordinates, as the table of collars says"
        )
        return [Finding(Severity.INFO, "azimuth-to-grid", well, f"azimuths of {listed or 'an unnamed north'}", action)]
    if set(named.values()) - {"grid"}:
        observed = f"well {well!r}: azimuths of {listed}, and nothing tells how the North of the coordinates lies to it"
        cure = "add a column azimuth_to_grid: degrees to add to such azimuths to count them from the North of x and y"
        raise InputError(collars, observed, cure)
    if len(named) == len(norths):
        return []
    unnamed = " and ".join(whose for whose in norths if whose not in named)
    observed = f"nothing tells which north azimuths of {unnamed} are from"
    action = "taken as the North of the coordinates; a column azimuth_to_grid in the table of collars turns them"
    return [Finding(Severity.MAJOR, "north-assumed", well, observed, action)]


def outside_survey(well: str, survey: Survey, depth: np.ndarray) -> list[Finding]:
    """Say how far positions rest on a direction that is not measured: above the first station, below the last."""
    if len(survey.depth) == 1 and survey.depth[0] == 0:
        return []  # A straight hole, as the user states.
    findings = []
    gaps = {
        "above the first station": (float(survey.depth[0]), float(survey.deviation[0])),
        "below the last station": (float(depth.max() - survey.depth[-1]), float(survey.deviation[-1])),
    }
    for where, (length, deviation) in gaps.items():
        if length <= 0:
            continue
        # Between a vertical hole and one that goes straight on.
        aside = length * float(np.sin(np.radians(deviation)))
        severity = Severity.MAJOR if aside > _LARGE_DISPLACEMENT_M else Severity.MINOR
        observed = f"{length:.1f} m of hole {where} have no survey"
        action = f"taken as straight on; were they vertical, positions would lie {aside:.1f} m aside"
        findings.append(Finding(severity, "survey-too-short", well, observed, action))
    return findings
