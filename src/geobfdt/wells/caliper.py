"""CaliperTable: the size and shape of a hole row by row, as in ``WELL.caliper.csv``.

A CaliperTable is a :class:`pandas.DataFrame` that starts with the columns of :data:`COLUMNS`, in that order and always
present. What was not measured is NaN.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NewType

import numpy as np
import pandas as pd

from geobfdt.wells.image import REFERENCES
from geobfdt.wells.table_contract import TableContract

__all__ = ["COLUMNS", "CaliperTable", "new_caliper", "read_caliper", "validate_caliper", "write_caliper"]

# A checked caliper table (a pandas DataFrame): what :func:`new_caliper` and :func:`read_caliper` return.
CaliperTable = NewType("CaliperTable", pd.DataFrame)

COLUMNS: dict[str, type] = {
    "well": str,
    # Depth (m, MD).
    "depth_m": float,
    # Twice the mean radius about the hole axis.
    "diameter_m": float,
    # Least and greatest diameter, each over 15 degrees, as the pads of a mechanical caliper measure them.
    "diameter_min_m": float,
    "diameter_max_m": float,
    # Axes of the ellipse, and the direction of the long one, on the image and from north, 0 to 180.
    "long_axis_m": float,
    "short_axis_m": float,
    "long_axis_azimuth_app_deg": float,
    "long_axis_azimuth_true_deg": float,
    "reference": str,
    # Distance between hole axis and tool axis, and the direction in which the tool lies.
    "offset_m": float,
    "offset_azimuth_app_deg": float,
    # Share of the turn that was measured.
    "coverage": float,
    # Standard deviation of the distances along the row as the tool sees them, and of the radii about the hole axis.
    "scatter_tool_m": float,
    "scatter_axis_m": float,
}

_LENGTHS = [name for name in COLUMNS if name.endswith("_m") and name != "depth_m"]

_CONTRACT = TableContract(
    name="a caliper table",
    page="docs/travel-time.md",
    columns=COLUMNS,
    required=("depth_m",),
    words={"reference": ("", *REFERENCES)},
    ranges={
        "depth_m": (-1e5, 1e5),
        **dict.fromkeys(_LENGTHS, (0.0, np.finfo(float).max)),
        **dict.fromkeys(("long_axis_azimuth_app_deg", "long_axis_azimuth_true_deg"), (0.0, 180.0)),
        "offset_azimuth_app_deg": (0.0, 360.0),
        "coverage": (0.0, 1.0),
    },
)


def new_caliper(**columns: Any) -> CaliperTable:
    """
    Make a caliper table from some of its columns; the others are there and empty.

    Parameters
    ----------
    **columns
        Values by column name, arrays of one length or scalars.

    Returns
    -------
    DataFrame
        A valid caliper table, sorted by well and depth.

    Examples
    --------
    >>> new_caliper(depth_m=[2.0, 1.0], diameter_m=[0.21, 0.2])["diameter_m"].tolist()
    [0.2, 0.21]
    """
    return CaliperTable(_CONTRACT.build(columns, ["well", "depth_m"]))


def validate_caliper(table: pd.DataFrame, file: str | Path = "caliper table") -> CaliperTable:
    """
    Check a caliper table against the contract, and return the same rows with the contract's types.

    Raises
    ------
    InputError
        If a column is missing or out of order, or a value is out of its range; the first such row is named.
    """
    return CaliperTable(_CONTRACT.validate(table, file))


def write_caliper(table: pd.DataFrame, path: str | Path) -> None:
    """
    Write a caliper table as CSV, whole or not at all; equal tables give equal bytes.

    Raises
    ------
    InputError
        If the table breaks the contract or the place cannot be written.
    """
    _CONTRACT.write(table, path)


def read_caliper(path: str | Path) -> CaliperTable:
    """
    Read a caliper table that :func:`write_caliper` wrote.

    Raises
    ------
    InputError
        If the file cannot be read or breaks the contract.
    """
    return validate_caliper(_CONTRACT.read(path), path)
