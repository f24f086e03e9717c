"""Breakouts and induced fractures of a pick table: azimuth, width and tilt of the rows that are no planes."""

from __future__ import annotations

from typing import Any

import numpy as np

from geobfdt.io.arrays import Mask, Words
from geobfdt.io.tables.planes import Planes
from geobfdt.io.tables.values import TableValues
from geobfdt.wells.breakouts import BreakoutTable, new_breakouts
from geobfdt.wells.image import REFERENCES

__all__ = ["read_breakout_rows"]


def read_breakout_rows(
    values: TableValues, planes: Planes, rows: Mask, features: Words, columns: dict[str, Any]
) -> BreakoutTable:
    """
    Read the rows of a table that are breakouts or induced fractures.

    Parameters
    ----------
    values : TableValues
        The table.
    planes : Planes
        Its depths and heights, as :func:`geobfdt.io.tables.planes.read_planes` reads them.
    rows : array (rows,) of bool
        Which rows they are.
    features : array (rows,)
        ``breakout`` or ``induced``.
    columns : dict
        What stands beside the rows: wells, labels, people, confidences.

    Returns
    -------
    DataFrame
        Breakout table. Azimuths are those that the table states: a breakout is no plane, so that none is worked out
        from a dip.
    """
    if not rows.any():
        return new_breakouts()
    middle, half = planes[1], np.nan_to_num(planes[2])
    azimuths = {frame: values.azimuth(f"azimuth_{frame}") for frame in ("true", "app")}
    width, tilt = values.angle("width", 0, 360), values.angle("tilt", -90, 90)
    diameter = np.asarray(planes[0]["diameter_m"], dtype=float)
    # Geolog: a tilted stick runs over a range of azimuths, which gives the diameter where no column does.
    start, end = values.azimuth("visible_start"), values.azimuth("visible_end")
    with np.errstate(divide="ignore", invalid="ignore"):
        turned = 2 * 2 * half * np.tan(np.radians(np.abs(tilt))) / np.radians((end - start) % 360)
    diameter = np.where(np.isnan(diameter) & np.isfinite(turned), turned, diameter)
    measures = {
        "top_m": middle - half,
        "base_m": middle + half,
        "class": features,
        "azimuth_true_deg": azimuths["true"],
        "azimuth_app_deg": azimuths["app"],
        "reference": values.choice("reference", REFERENCES),
        "width_deg": width,
        "tilt_deg": tilt,
        "diameter_m": diameter,
    }
    beside = {name: columns[name] for name in ("well", "confidence", "source", "status", "class_source")}
    return new_breakouts(**{name: np.asarray(column)[rows] for name, column in (measures | beside).items()})
