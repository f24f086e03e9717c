"""PickTable: one row for each plane, as in the CSV file that ``geobfdt pick`` writes.

A PickTable is a :class:`pandas.DataFrame` that starts with the columns of :data:`COLUMNS`, in that order and always
present; :func:`validate` makes one of a DataFrame. What is not known is NaN or an empty string. Further columns may
follow (``optional`` marks truth that may be missed without harm). ``depth_m`` is where the plane meets the hole axis
(m, MD, the mid-depth of its trace).
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, NewType, cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from geobfdt import geometry
from geobfdt.geometry import Reference
from geobfdt.runtime.findings import Finding, InputError, Severity
from geobfdt.wells.image import REFERENCES, WellImage, log_at, place_of
from geobfdt.wells.pick_contradictions import amplitude_contradictions, true_dip_contradictions
from geobfdt.wells.table_contract import TableContract
from geobfdt.wells.table_north import norths_of, with_north

__all__ = [
    "CLASSES",
    "COLUMNS",
    "PickTable",
    "complete",
    "join_picks",
    "new_picks",
    "read_picks",
    "traces",
    "validate",
    "with_attitude",
    "without_rejected",
    "write_picks",
]

PickTable = NewType("PickTable", pd.DataFrame)

CLASSES = ("bedding", "fracture")

COLUMNS: dict[str, type] = {
    "well": str,
    "depth_m": float,
    # One of CLASSES.
    "class": str,
    "dip_app_deg": float,
    "azimuth_app_deg": float,
    "dip_true_deg": float,
    "azimuth_true_deg": float,
    # Half the height of the trace.
    "amplitude_m": float,
    # Hole diameter, which relates dip and amplitude.
    "diameter_m": float,
    # Direction of apparent azimuth 0.
    "reference": str,
    # Probability that the pick is a plane, 0 to 1.
    "confidence": float,
    "sigma_depth_m": float,
    "sigma_dip_deg": float,
    "sigma_azimuth_deg": float,
    # Measured share of the turn.
    "coverage": float,
    # Conductive or resistive.
    "polarity": str,
    # Visible share of the measured trace.
    "continuity": float,
    # Quality from A (best) to D.
    "quality": str,
    # Id and digest of a model, or a person.
    "source": str,
    # Proposed, accepted, edited, rejected.
    "status": str,
}

_CONTRACT = TableContract(
    name="a pick table",
    page="docs/pick-tables.md",
    columns=COLUMNS,
    required=("depth_m",),
    words={
        "class": CLASSES,
        "reference": ("", *REFERENCES),
        "polarity": ("", "conductive", "resistive"),
        "quality": ("", "A", "B", "C", "D"),
        "status": ("", "proposed", "accepted", "edited", "rejected"),
    },
    ranges={
        "depth_m": (-1e5, 1e5),
        **dict.fromkeys(("dip_app_deg", "dip_true_deg"), (0.0, 90.0)),
        **dict.fromkeys(("azimuth_app_deg", "azimuth_true_deg"), (0.0, 360.0)),
        **dict.fromkeys(("confidence", "coverage", "continuity"), (0.0, 1.0)),
        **dict.fromkeys(("amplitude_m", "diameter_m"), (0.0, np.finfo(float).max)),
        **dict.fromkeys(("sigma_depth_m", "sigma_dip_deg", "sigma_azimuth_deg"), (0.0, np.finfo(float).max)),
    },
)


def new_picks(**columns: Any) -> PickTable:
    """
    Make a pick table from some of its columns; the others are there and empty.

    Parameters
    ----------
    **columns
        Values by column name, arrays of one length or scalars; ``class_`` stands for ``class``.

    Returns
    -------
    PickTable
        A valid pick table, sorted by well and depth.

    Examples
    --------
    >>> new_picks(well="A-1", depth_m=[2.0, 1.0], class_="bedding")["depth_m"].tolist()
    [1.0, 2.0]
    """
    return PickTable(_CONTRACT.build(columns, ["well", "depth_m"]))


def validate(picks: pd.DataFrame, file: str | Path = "pick table") -> PickTable:
    """
    Check a pick table against the contract.

    Parameters
    ----------
    picks : PickTable
        The table; columns of :data:`COLUMNS` first, in order.
    file : str or Path
        Name for the error.

    Returns
    -------
    PickTable
        The same rows with the contract's types.

    Raises
    ------
    InputError
        If a column is missing or out of order, or a value out of its range; the first such row is named.

    Examples
    --------
    >>> len(validate(new_picks(depth_m=[1.0], class_="fracture")))
    1
    """
    return PickTable(_CONTRACT.validate(picks, file))


def join_picks(tables: Iterable[PickTable]) -> PickTable:
    """
    Put pick tables one under the other.

    Examples
    --------
    >>> picks = new_picks(depth_m=[1.0], class_="bedding")
    >>> join_picks([picks, picks]).index.tolist()
    [0, 1]
    """
    return PickTable(pd.concat(list(tables), ignore_index=True))


def without_rejected(picks: PickTable) -> PickTable:
    """
    Leave out picks that somebody rejected.

    Examples
    --------
    >>> picks = new_picks(depth_m=[1.0, 2.0, 3.0], class_="bedding", status=["proposed", "rejected", ""])
    >>> without_rejected(picks)["depth_m"].tolist()
    [1.0, 3.0]
    """
    return picks[picks["status"] != "rejected"]


def with_attitude(picks: PickTable) -> PickTable:
    """
    Return the picks whose true attitude is known: a true dip, and a true azimuth unless they are level.

    Examples
    --------
    >>> picks = new_picks(
    ...     depth_m=[1.0, 2.0, 3.0, 4.0], class_="bedding", dip_true_deg=[0.0, 20.0, 20.0, np.nan],
    ...     azimuth_true_deg=[np.nan, np.nan, 90.0, 90.0],
    ... )
    >>> with_attitude(picks)[["depth_m", "azimuth_true_deg"]].to_numpy().tolist()
    [[1.0, 0.0], [3.0, 90.0]]
    """
    level = picks["dip_true_deg"] == 0
    filled = picks.assign(
        azimuth_true_deg=picks["azimuth_true_deg"].where(~level, picks["azimuth_true_deg"].fillna(0.0))
    )
    return PickTable(filled[filled["dip_true_deg"].notna() & filled["azimuth_true_deg"].notna()])


def traces(picks: PickTable) -> npt.NDArray[np.float64]:
    """
    Traces ``(z0, a, b)`` of picks.

    Parameters
    ----------
    picks : PickTable
        Pick table with amplitudes and apparent azimuths.

    Returns
    -------
    array (n, 3)
        Traces (m); NaN where a pick has no amplitude. The azimuth of a flat pick may be missing.

    Examples
    --------
    >>> traces(new_picks(depth_m=[5.0], class_="bedding", amplitude_m=0.1, azimuth_app_deg=180.0)).round(6)
    array([[ 5. , -0.1,  0. ]])
    """
    amplitude = picks["amplitude_m"].to_numpy(float)
    azimuth = np.where(amplitude == 0, 0.0, np.radians(picks["azimuth_app_deg"].to_numpy(float)))
    return np.stack([picks["depth_m"].to_numpy(float), amplitude * np.cos(azimuth), amplitude * np.sin(azimuth)], -1)


def complete(picks: PickTable, image: WellImage) -> tuple[PickTable, list[Finding]]:
    """
    Fill what a pick table lacks from the well's own hole: diameter, amplitude, apparent and true dip.

    What a row has is kept; apparent azimuths are turned to the image's reference.

    Parameters
    ----------
    picks : PickTable
        Pick table of this well with, in each row, an amplitude, an apparent dip or a true dip.
    image : WellImage
        The well.

    Returns
    -------
    picks : PickTable
        The completed table.
    findings : list of Finding
        What could not be filled and why, and values of a row that contradict each other.

    Raises
    ------
    InputError
        If picks and image are from two norths.

    Examples
    --------
    >>> from geobfdt.wells.image import well_image
    >>> pixels, hole = np.zeros((3, 4)), {"diameter": 0.2, "deviation": 0, "hole_azimuth": 0}
    >>> well = well_image(pixels, [0.0, 1.0, 2.0], reference="north", **hole)
    >>> rows, _ = complete(new_picks(depth_m=[1.0], class_="bedding", dip_app_deg=45.0, azimuth_app_deg=90.0), well)
    >>> rows[["amplitude_m", "dip_true_deg", "azimuth_true_deg"]].to_numpy()
    array([[ 0.1, 45. , 90. ]])
    """
    place, north = place_of(image), image.attrs["north"]
    others = [other for other in norths_of(picks) if north not in (other, "unknown")]
    if others:
        observed = f"true azimuths of its picks are from {others[0]} north, and the well is from {north} north"
        cure = "turn one of them with --to-north of geobfdt convert or geobfdt ingest"
        raise InputError(place, observed, cure)
    out, findings = picks.copy(), amplitude_contradictions(picks, place)
    column = {name: out[name].to_numpy(float).copy() for name, kind in COLUMNS.items() if kind is float}
    deviation, hole_azimuth = (log_at(image, name, column["depth_m"]) for name in ("deviation", "hole_azimuth"))
    reference = image.attrs["reference"]

    _fill(column["diameter_m"], log_at(image, "diameter", column["depth_m"]))
    _fill(column["dip_app_deg"], geometry.apparent_dip(column["amplitude_m"], column["diameter_m"]))
    if reference != "unknown":
        target = cast(Reference, reference)
        for source in set(out["reference"]) - {"", "unknown", reference}:
            rows = (out["reference"] == source).to_numpy()
            column["azimuth_app_deg"][rows] = geometry.convert_azimuth(
                column["azimuth_app_deg"][rows], deviation[rows], hole_azimuth[rows], cast(Reference, source), target
            )
        turned_picks = out.assign(azimuth_app_deg=column["azimuth_app_deg"])
        findings += true_dip_contradictions(turned_picks, image)
        dip, azimuth = geometry.apparent_from_true(
            column["dip_true_deg"], column["azimuth_true_deg"], deviation, hole_azimuth, target
        )
        # Dip and azimuth are filled together, because parts of two different readings give no plane.
        missing = np.isnan(column["dip_app_deg"]) | (np.isnan(column["azimuth_app_deg"]) & (column["dip_app_deg"] > 0))
        # An azimuth is kept where the dip is unknown because there is no diameter.
        missing &= np.isfinite(dip)
        column["dip_app_deg"][missing], column["azimuth_app_deg"][missing] = dip[missing], azimuth[missing]
        turned = np.where(column["dip_app_deg"] == 0, 0.0, column["azimuth_app_deg"])
        dip, azimuth = geometry.true_from_apparent(column["dip_app_deg"], turned, deviation, hole_azimuth, target)
        missing = np.isnan(column["dip_true_deg"])
        column["dip_true_deg"][missing], column["azimuth_true_deg"][missing] = dip[missing], azimuth[missing]
    _fill(column["amplitude_m"], geometry.amplitude_from_dip(column["dip_app_deg"], column["diameter_m"]))

    flat, tilted = np.isnan(column["amplitude_m"]), np.isnan(column["dip_true_deg"])
    bare = tilted & np.isnan(column["dip_app_deg"]) & np.isnan(column["diameter_m"])
    if reference == "unknown":
        orient = "azimuth reference unknown", "give --azimuth-reference"
    else:
        orient = "hole deviation unknown", "give --deviation and --hole-azimuth or --survey"
    for kind, rows, why, cure in (
        ("no-diameter", bare & ~flat, "hole diameter unknown: they have amplitudes, but no dips", "give --diameter"),
        ("no-dip", tilted & ~bare, *orient),
        ("no-amplitude", flat, "hole diameter unknown", "give --diameter"),
    ):
        if rows.any():
            observed = f"{rows.sum()} of {len(out)} picks: {why}"
            findings.append(Finding(Severity.MAJOR, kind, place, observed, cure))
    for name, values in column.items():
        out[name] = values
    out["reference"] = reference
    return with_north(out, north), findings


def _fill(values: npt.NDArray[np.float64], better: npt.NDArray[np.float64]) -> None:
    missing = np.isnan(values)
    values[missing] = np.broadcast_to(better, values.shape)[missing]


def write_picks(picks: PickTable, path: str | Path) -> None:
    """
    Write a pick table as CSV, whole or not at all; equal tables give equal bytes.

    Raises
    ------
    InputError
        If the table breaks the contract or the place cannot be written.
    """
    _CONTRACT.write(picks, path)


def read_picks(path: str | Path) -> PickTable:
    """
    Read a pick table that :func:`write_picks` wrote. For anybody else's table use ``io.tables``.

    Returns
    -------
    PickTable
        The table.

    Raises
    ------
    InputError
        If the file cannot be read or breaks the contract.
    """
    return PickTable(_CONTRACT.read(path))
