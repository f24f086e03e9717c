"""Breakout tables in the dialects of other programs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from geobfdt.io.write.tables import INCH_M, one_well, to_text, write_columns
from geobfdt.wells.breakouts import validate_breakouts, write_breakouts

__all__ = ["BREAKOUT_FORMATS", "write_geolog_sticks", "write_techlog_breakouts", "write_wellcad_breakouts"]


def write_geolog_sticks(table: pd.DataFrame, path: str | Path) -> None:
    """
    Write the stick table of Geolog: byte-order mark, row of units, null -999.25; one well.

    It holds depths, both azimuths, width, tilt, height, diameter and label; not confidence, reference or people. A
    tilted stick also gets the range of azimuths that it runs over, where the diameter is known.

    Parameters
    ----------
    table : DataFrame
        Breakout table of one well.
    path : str or Path
        File to write, whole or not at all.

    Raises
    ------
    InputError
        If the table breaks the contract or holds several wells, or the place cannot be written.
    """
    table = one_well(validate_breakouts(table, path), path, "Geolog's table")
    null = "-999.25"
    height, middle = table["base_m"] - table["top_m"], (table["top_m"] + table["base_m"]) / 2
    stated = table["azimuth_app_deg"].fillna(table["azimuth_true_deg"])
    turned = np.degrees(2 * height * np.tan(np.radians(table["tilt_deg"].abs())) / table["diameter_m"])
    # A breakout has a width, a stick a range of azimuths.
    turned = turned.where(table["width_deg"].isna())
    start, end = (stated - turned / 2) % 360, (stated + turned / 2) % 360
    write_columns(
        path,
        {
            "DEPTH": ("METRES", to_text(middle, 7, null)),
            "AWIDTH": ("DEGREES", to_text(table["width_deg"], 6, null)),
            "AZIMUTH": ("DEGREES", to_text(table["azimuth_true_deg"], 6, null)),
            "AZIM_APP": ("DEGREES", to_text(table["azimuth_app_deg"], 6, null)),
            "AZI_END": ("DEGREES", to_text(end, 6, null)),
            "AZI_START": ("DEGREES", to_text(start, 6, null)),
            "CATEGORY": ("", breakout_labels(table)),
            "DEPTH_PLANE": ("METRES", [null] * len(table)),
            "DIA_HOLE": ("MM", to_text(table["diameter_m"] * 1000, 4, null)),
            "DIP": ("DEGREES", [null] * len(table)),
            "DIP_APP": ("DEGREES", [null] * len(table)),
            "HEIGHT": ("METRES", to_text(height, 7, null)),
            "NOTES": ("", [""] * len(table)),
            "QUALITY": ("", [null] * len(table)),
            "TILT": ("DEGREES", to_text(table["tilt_deg"], 6, null)),
        },
        encoding="utf-8-sig",
    )


def write_wellcad_breakouts(table: pd.DataFrame, path: str | Path) -> None:
    """
    Write the breakout log of WellCAD: depth of the middle, apparent azimuth, tilt, length, opening, label; one well.

    It holds neither true azimuths nor diameter, confidence or people: WellCAD works out true azimuths from its own
    deviation logs.

    Parameters
    ----------
    table : DataFrame
        Breakout table of one well.
    path : str or Path
        File to write, whole or not at all.

    Raises
    ------
    InputError
        If the table breaks the contract or holds several wells, or the place cannot be written.
    """
    table = one_well(validate_breakouts(table, path), path, "WellCAD's table")
    write_columns(
        path,
        {
            "Depth": ("m", to_text((table["top_m"] + table["base_m"]) / 2, 6, "")),
            "Azimuth": ("deg", to_text(table["azimuth_app_deg"], 6, "")),
            "Tilt": ("deg", to_text(table["tilt_deg"], 6, "")),
            "Length": ("m", to_text(table["base_m"] - table["top_m"], 6, "")),
            "Opening": ("deg", to_text(table["width_deg"], 6, "")),
            "Type": ("", breakout_labels(table)),
        },
    )


def write_techlog_breakouts(table: pd.DataFrame, path: str | Path) -> None:
    """
    Write the flat CSV of Techlog: one row a breakout, a line of units, null -9999, confidence as ``Quality``.

    Parameters
    ----------
    table : DataFrame
        Breakout table of any number of wells.
    path : str or Path
        File to write, whole or not at all.

    Raises
    ------
    InputError
        If the table breaks the contract or the place cannot be written.
    """
    table = validate_breakouts(table, path)
    write_columns(
        path,
        {
            "wellName": ("", table["well"].tolist()),
            "datasetName": ("", ["Breakouts"] * len(table)),
            "TDEP": ("m", to_text((table["top_m"] + table["base_m"]) / 2, 6)),
            "AvgCali": ("in", to_text(table["diameter_m"] / INCH_M, 6)),
            "Azimuth": ("dega", to_text(table["azimuth_true_deg"], 6)),
            "Image_Azimuth": ("dega", to_text(table["azimuth_app_deg"], 6)),
            "Breakout_Height": ("m", to_text(table["base_m"] - table["top_m"], 6)),
            "Breakout_Width": ("dega", to_text(table["width_deg"], 6)),
            "Tilt": ("dega", to_text(table["tilt_deg"], 6)),
            "Quality": ("", to_text(table["confidence"], 6)),
            "Type": ("", breakout_labels(table)),
        },
    )


def breakout_labels(table: pd.DataFrame) -> list[str]:
    """The label that each row came with, else what its class is called."""
    names = {"breakout": "Breakout", "induced": "Induced fracture"}
    return [
        " ".join(source.split()) or names[name]
        for source, name in zip(table["class_source"], table["class"], strict=True)
    ]


BREAKOUT_FORMATS: dict[str, Callable[[pd.DataFrame, Path], None]] = {
    "picks": write_breakouts,
    "techlog": write_techlog_breakouts,
    "wellcad": write_wellcad_breakouts,
    "geolog": write_geolog_sticks,
}
