"""Rows of a pick table that can be read and may be wrong: radians, elevations, nulls written as 0, repetitions."""

from __future__ import annotations

import numpy as np
import pandas as pd

from geobfdt.io.arrays import Array, Mask
from geobfdt.io.azimuths import may_be_radians
from geobfdt.io.file_findings import FileFindings
from geobfdt.io.tables.planes import Planes
from geobfdt.io.tables.values import TableValues

__all__ = ["check_repetitions", "check_rows"]


def check_rows(values: TableValues, planes: Planes, rows: Mask) -> None:
    """
    Add findings of values that are suspicious; none is changed.

    Parameters
    ----------
    values : TableValues
        The table; its findings grow by ``depth-negative``, ``angles-may-be-radians``, ``level-planes`` and
        ``repeated-picks``.
    planes : tuple
        What was read of it.
    rows : array (rows,) of bool
        Rows that are planes.
    """
    columns, findings = planes[0], values.findings
    above = rows & (columns["depth_m"] < 0)
    if above.any():
        first = values.cells.lines[above][0]
        observed = f"{int(above.sum())} of {int(rows.sum())} depths are negative, the first on line {first}"
        findings.major("depth-negative", observed, "kept as they are; elevations are no depths: check the sign")
    for role in ("dip_true", "dip_app"):
        if role in values.roles and not values.unit(role):
            _check_radians(columns[f"{role}_deg"][rows], findings)
    level = rows & (columns["dip_true_deg"] == 0) & (columns["azimuth_true_deg"] == 0)
    if 1 < level.sum() < rows.sum():
        first = values.cells.lines[level][0]
        observed = f"{int(level.sum())} of {int(rows.sum())} planes have dip 0 and azimuth 0, the first on line {first}"
        findings.minor("level-planes", observed, "read as level; if 0 stands for no value, empty those cells")
    check_repetitions(pd.DataFrame(values.cells.rows[rows]), findings)


def check_repetitions(rows: pd.DataFrame, findings: FileFindings) -> None:
    """Add a finding of rows that are equal in every cell to one above them."""
    repeated = int(rows.duplicated().sum())
    if repeated:
        observed = f"{repeated} of {len(rows)} rows repeat another one exactly"
        findings.major("repeated-picks", observed, "kept; drop them: they count twice in every score")


def _check_radians(angles: Array, findings: FileFindings) -> None:
    """Add a finding where dips of many planes are as small as radians, and fractional; level beds have such dips."""
    dips = angles[np.isfinite(angles)]
    if any(finding.kind == "angles-may-be-radians" for finding in findings):
        return
    if may_be_radians(dips, np.pi / 2):
        observed = f"no dip exceeds {dips.max():.3g}, and the column names no unit"
        findings.minor("angles-may-be-radians", observed, "read as degrees; if they are radians, name the unit rad")
