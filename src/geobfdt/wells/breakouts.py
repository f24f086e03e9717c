"""BreakoutTable: one row for each lobe of a breakout or each drilling-induced fracture, as in ``WELL.breakouts.csv``.

A BreakoutTable is a :class:`pandas.DataFrame` that starts with the columns of :data:`COLUMNS`, in that order and always
present. What is not known is NaN or an empty string; further columns may follow. A breakout has two lobes on opposite
sides of the hole: each is a row, and an interpreter may have drawn one of them alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, NewType, cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from geobfdt.geometry import Reference, convert_azimuth, hole_frame
from geobfdt.runtime.findings import Finding, InputError, Severity
from geobfdt.wells.image import REFERENCES, WellImage, log_at, place_of
from geobfdt.wells.table_contract import TableContract
from geobfdt.wells.table_north import norths_of, with_north

__all__ = [
    "CLASSES",
    "COLUMNS",
    "BreakoutTable",
    "apparent_azimuth",
    "complete_breakouts",
    "greatest_width",
    "join_breakouts",
    "new_breakouts",
    "read_breakouts",
    "true_azimuth",
    "validate_breakouts",
    "write_breakouts",
]

# A checked breakout table (a pandas DataFrame): what :func:`new_breakouts` and :func:`read_breakouts` return.
BreakoutTable = NewType("BreakoutTable", pd.DataFrame)

Array = npt.NDArray[np.float64]

CLASSES = ("breakout", "induced")

COLUMNS: dict[str, type] = {
    "well": str,
    # Depth range (m, MD); both are equal where a table has no height.
    "top_m": float,
    "base_m": float,
    # One of CLASSES.
    "class": str,
    # Middle on the image, clockwise from the direction that `reference` names.
    "azimuth_app_deg": float,
    # Direction from north of that point of the wall, seen from the axis of the hole.
    "azimuth_true_deg": float,
    "reference": str,
    # Angle that it takes of the turn.
    "width_deg": float,
    # Angle between its axis and the axis of the hole.
    "tilt_deg": float,
    # Hole diameter.
    "diameter_m": float,
    # Probability that it is one, 0 to 1.
    "confidence": float,
    # Method and version of a program, or a person.
    "source": str,
    # Proposed, accepted, edited, rejected.
    "status": str,
    # The person who looked at it last.
    "who": str,
    # The label that it came with.
    "class_source": str,
}

_ORDER = ["well", "top_m", "azimuth_app_deg", "azimuth_true_deg"]

_CONTRACT = TableContract(
    name="a breakout table",
    page="docs/breakouts.md",
    columns=COLUMNS,
    required=("top_m", "base_m"),
    words={
        "class": CLASSES,
        "reference": ("", *REFERENCES),
        "status": ("", "proposed", "accepted", "edited", "rejected"),
    },
    ranges={
        **dict.fromkeys(("top_m", "base_m"), (-1e5, 1e5)),
        **dict.fromkeys(("azimuth_app_deg", "azimuth_true_deg", "width_deg"), (0.0, 360.0)),
        "tilt_deg": (-90.0, 90.0),
        "diameter_m": (0.0, np.finfo(float).max),
        "confidence": (0.0, 1.0),
    },
)


def new_breakouts(**columns: Any) -> BreakoutTable:
    """
    Make a breakout table from some of its columns; the others are there and empty.

    Parameters
    ----------
    **columns
        Values by column name, arrays of one length or scalars; ``class_`` stands for ``class``.

    Returns
    -------
    DataFrame
        A valid breakout table, sorted by well, top and azimuth.

    Examples
    --------
    >>> table = new_breakouts(top_m=[5.0, 2.0], base_m=[6.0, 3.0], class_="breakout", azimuth_app_deg=[280.0, 100.0])
    >>> table[["top_m", "azimuth_app_deg"]].to_numpy().tolist()
    [[2.0, 100.0], [5.0, 280.0]]
    """
    return validate_breakouts(_CONTRACT.build(columns, _ORDER), "breakout table")


def join_breakouts(tables: Iterable[BreakoutTable]) -> BreakoutTable:
    """
    Join breakout tables, sorted by well, top and azimuth.

    Examples
    --------
    >>> len(join_breakouts([new_breakouts(top_m=1.0, base_m=2.0, class_="induced"), new_breakouts()]))
    1
    """
    filled = [table for table in tables if len(table)]
    if not filled:
        return new_breakouts()
    joined = pd.concat(filled, ignore_index=True)
    return validate_breakouts(joined.sort_values(_ORDER, kind="stable", ignore_index=True))


def validate_breakouts(table: pd.DataFrame, file: str | Path = "breakout table") -> BreakoutTable:
    """
    Check a breakout table against the contract, and return the same rows with the contract's types.

    Raises
    ------
    InputError
        If a column is missing or out of order, a value is out of its range, or a base lies above its top; the first
        such row is named.
    """
    checked = _CONTRACT.validate(table, file)
    upside_down = checked["base_m"] < checked["top_m"]
    if upside_down.any():
        row = checked[upside_down].iloc[0]
        observed = f"row {checked.index[upside_down][0]}: base_m {row['base_m']:g} lies above top_m {row['top_m']:g}"
        raise InputError(file, observed, "correct that row")
    return BreakoutTable(checked)


def write_breakouts(table: pd.DataFrame, path: str | Path) -> None:
    """
    Write a breakout table as CSV, whole or not at all; equal tables give equal bytes.

    Raises
    ------
    InputError
        If the table breaks the contract or the place cannot be written.
    """
    _CONTRACT.write(validate_breakouts(table, path), path)


def read_breakouts(path: str | Path) -> BreakoutTable:
    """
    Read a breakout table that :func:`write_breakouts` wrote. For anybody else's table use ``io.tables``.

    Raises
    ------
    InputError
        If the file cannot be read or breaks the contract.
    """
    return validate_breakouts(_CONTRACT.read(path), path)


def true_azimuth(
    azimuth_app: npt.ArrayLike, deviation: npt.ArrayLike, hole_azimuth: npt.ArrayLike, reference: Reference
) -> Array:
    """
    Direction from north of points of the wall, seen from the axis of the hole.

    Parameters
    ----------
    azimuth_app : array (n,)
        Image angles (deg).
    deviation, hole_azimuth : array (n,)
        Hole inclination and azimuth (deg).
    reference : {"north", "high_side", "pseudo_north"}
        Where image angle 0 points.

    Returns
    -------
    array (n,)
        Azimuths (deg, 0 to 360) of the horizontal part of that direction.

    Examples
    --------
    >>> true_azimuth([10.0], [0.0], [40.0], "high_side").round(6)
    array([50.])
    """
    _, line, right = hole_frame(deviation, hole_azimuth, reference)
    t = np.radians(np.asarray(azimuth_app, dtype=float))[..., None]
    towards = np.cos(t) * line + np.sin(t) * right
    return np.asarray(np.degrees(np.arctan2(towards[..., 0], towards[..., 1])) % 360)


def greatest_width(table: pd.DataFrame) -> Array:
    """
    Angle that each lobe may take of the turn (deg): its width, or the greatest one where only bounds are known.

    Parameters
    ----------
    table : DataFrame
        Breakout table; ``width_most_deg`` is there if a side of a lobe lies in a gap between pads.

    Returns
    -------
    array (n,)
        Angles; NaN where nothing is known.

    Examples
    --------
    >>> lobes = {"top_m": [1.0, 2.0], "base_m": 3.0, "class_": "breakout"}
    >>> greatest_width(new_breakouts(**lobes, width_deg=[30.0, np.nan], width_most_deg=[np.nan, 70.0])).tolist()
    [30.0, 70.0]
    """
    width = table["width_deg"].to_numpy(float)
    if "width_most_deg" not in table:
        return width
    # A further column of a file is text where cells are empty.
    most = pd.to_numeric(table["width_most_deg"], errors="coerce").to_numpy(float)
    return np.where(np.isnan(width), most, width)


def apparent_azimuth(
    azimuth_true: npt.ArrayLike, deviation: npt.ArrayLike, hole_azimuth: npt.ArrayLike, reference: Reference
) -> Array:
    """
    Image angles of points of the wall; the inverse of :func:`true_azimuth`.

    Examples
    --------
    >>> apparent_azimuth([50.0], [0.0], [40.0], "high_side").round(6)
    array([10.])
    """
    _, line, right = hole_frame(deviation, hole_azimuth, reference)
    azimuth = np.radians(np.asarray(azimuth_true, dtype=float))
    north, east = np.cos(azimuth), np.sin(azimuth)
    # The horizontal part of cos(t) line + sin(t) right is parallel to the azimuth where its cross product with it is 0.
    t = np.arctan2(
        line[..., 1] * east - line[..., 0] * north,
        right[..., 0] * north - right[..., 1] * east,
    )
    along = (np.cos(t) * line[..., 0] + np.sin(t) * right[..., 0]) * east
    along += (np.cos(t) * line[..., 1] + np.sin(t) * right[..., 1]) * north
    return np.asarray(np.degrees(np.where(along < 0, t + np.pi, t)) % 360)


def complete_breakouts(table: BreakoutTable, image: WellImage) -> tuple[BreakoutTable, list[Finding]]:
    """
    Fill what a breakout table lacks from the well's own hole: true or apparent azimuth, and diameter.

    What a row has is kept; apparent azimuths are turned to the image's reference. Apparent azimuths of no stated
    reference are taken for those of the image, which is a finding.

    Parameters
    ----------
    table : DataFrame
        Breakout table of this well.
    image : WellImage
        The well.

    Returns
    -------
    table : DataFrame
        The completed table.
    findings : list of Finding
        What was assumed, and what could not be filled.

    Examples
    --------
    >>> from geobfdt.wells.image import well_image
    >>> hole = {"diameter": 0.2, "deviation": 0.0, "hole_azimuth": 0.0}
    >>> well = well_image(np.zeros((3, 4)), [0.0, 1.0, 2.0], reference="north", **hole)
    >>> lobe = new_breakouts(top_m=0.5, base_m=1.5, class_="breakout", azimuth_app_deg=90.0)
    >>> rows, _ = complete_breakouts(lobe, well)
    >>> rows[["azimuth_true_deg", "diameter_m"]].to_numpy().tolist()
    [[90.0, 0.2]]
    """
    out, findings, place, north = table.copy(), [], place_of(image), image.attrs["north"]
    others = [other for other in norths_of(table) if north not in (other, "unknown")]
    if others:
        observed = f"true azimuths of its breakouts are from {others[0]} north, and the well is from {north} north"
        cure = "turn one of them with --to-north of geobfdt convert or geobfdt ingest"
        raise InputError(place, observed, cure)
    middle = out[["top_m", "base_m"]].mean(axis=1).to_numpy(float)
    deviation, hole_azimuth = (log_at(image, name, middle) for name in ("deviation", "hole_azimuth"))
    diameter, stated = out["diameter_m"].to_numpy(float).copy(), out["reference"].to_numpy(object)
    lacks = np.isnan(diameter)
    diameter[lacks] = log_at(image, "diameter", middle)[lacks]
    out["diameter_m"] = diameter
    apparent, true = (out[name].to_numpy(float).copy() for name in ("azimuth_app_deg", "azimuth_true_deg"))
    reference = image.attrs["reference"]
    assumed = np.isin(stated, ["", "unknown"]) & np.isfinite(apparent)
    if reference != "unknown":
        target = cast(Reference, reference)
        if assumed.any():
            observed = f"nothing says where the apparent azimuths of {int(assumed.sum())} breakouts are counted from"
            action = f"read as those of the image, from {reference}"
            findings.append(Finding(Severity.MINOR, "breakout-reference-assumed", place, observed, action))
        for source in set(stated) - {"", "unknown", reference}:
            rows = stated == source
            apparent[rows] = convert_azimuth(
                apparent[rows], deviation[rows], hole_azimuth[rows], cast(Reference, source), target
            )
        lacks = np.isnan(true)
        true[lacks] = true_azimuth(apparent, deviation, hole_azimuth, target)[lacks]
        lacks = np.isnan(apparent)
        apparent[lacks] = apparent_azimuth(true, deviation, hole_azimuth, target)[lacks]
        out["reference"] = reference
    out["azimuth_app_deg"], out["azimuth_true_deg"] = apparent, true
    without = np.isnan(true)
    if without.any():
        why = "azimuth reference" if reference == "unknown" else "hole deviation"
        cure = "--azimuth-reference" if reference == "unknown" else "--deviation and --hole-azimuth or --survey"
        observed = f"{int(without.sum())} of {len(out)} breakouts have no true azimuth: {why} unknown"
        findings.append(Finding(Severity.MAJOR, "no-breakout-azimuth", place, observed, f"give {cure}"))
    return validate_breakouts(with_north(out, north), place), findings
