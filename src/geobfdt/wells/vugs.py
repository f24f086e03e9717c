"""VugTable and its tracks: one row for each dark object on the wall, and six curves along the hole. Experimental.

A VugTable is a :class:`pandas.DataFrame` that starts with the columns of :data:`COLUMNS`, in that order and always
present. What is not known is NaN or an empty string; further columns may follow.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NewType

import numpy as np
import pandas as pd

from geobfdt.wells.image import REFERENCES
from geobfdt.wells.table_contract import TableContract

__all__ = [
    "COLUMNS",
    "TRACKS",
    "VugTable",
    "VugTracks",
    "new_vugs",
    "read_vug_tracks",
    "read_vugs",
    "vug_tracks",
    "write_vug_tracks",
    "write_vugs",
]

VugTable = NewType("VugTable", pd.DataFrame)
VugTracks = NewType("VugTracks", pd.DataFrame)

COLUMNS: dict[str, type] = {
    "well": str,
    # Depth of the centre of area (m, MD).
    "depth_m": float,
    # Its image angle, and its direction from north seen from the axis of the hole.
    "azimuth_app_deg": float,
    "azimuth_true_deg": float,
    "reference": str,
    # Area on the wall.
    "area_mm2": float,
    # Diameter of the disc of this area.
    "diameter_mm": float,
    # Extent along the hole and around it.
    "height_mm": float,
    "width_mm": float,
    # Long axis over short axis, by second moments.
    "aspect": float,
    # Angle between the long axis and the axis of the hole; positive where the deeper end lies clockwise (-90 to 90).
    "orientation_deg": float,
    # Difference to the wall around it, in standard deviations of the wall.
    "contrast": float,
    # Method and its state.
    "source": str,
    "status": str,
}

# Six curves in windows along the hole, after the window and its area that is measured and near no plane or edge.
TRACKS: dict[str, type] = {
    "well": str,
    "top_m": float,
    "base_m": float,
    "searched_m2": float,
    "count_per_m2": float,
    "area_share_pct": float,
    "mean_diameter_mm": float,
    "largest_diameter_mm": float,
    "mean_aspect": float,
    # Share of the turn, in sectors of 10 degrees, with a vug.
    "turn_share_pct": float,
}

# Width of the sectors of the last curve (deg).
_SECTOR_DEG = 10.0
_ANY = (0.0, np.finfo(float).max)
_STATES = ("", "proposed", "accepted", "edited", "rejected")
_VUGS = TableContract(
    name="a vug table",
    page="docs/vugs.md",
    columns=COLUMNS,
    required=("depth_m", "area_mm2"),
    words={"reference": ("", *REFERENCES), "status": _STATES},
    ranges={
        "depth_m": (-1e5, 1e5),
        **dict.fromkeys(("azimuth_app_deg", "azimuth_true_deg"), (0.0, 360.0)),
        **dict.fromkeys(("area_mm2", "diameter_mm", "height_mm", "width_mm", "contrast"), _ANY),
        "aspect": (1.0, np.finfo(float).max),
        "orientation_deg": (-90.0, 90.0),
    },
)
_TRACKS = TableContract(
    name="a table of vug tracks",
    page="docs/vugs.md",
    columns=TRACKS,
    required=("top_m", "base_m", "searched_m2"),
    words={},
    ranges={
        **dict.fromkeys(("top_m", "base_m"), (-1e5, 1e5)),
        **dict.fromkeys(("searched_m2", "count_per_m2", "mean_diameter_mm", "largest_diameter_mm"), _ANY),
        **dict.fromkeys(("area_share_pct", "turn_share_pct"), (0.0, 100.0)),
        "mean_aspect": (1.0, np.finfo(float).max),
    },
)


def new_vugs(**columns: Any) -> VugTable:
    """
    Make a vug table from some of its columns; the others are there and empty.

    Examples
    --------
    >>> new_vugs(well="A", depth_m=[2.0, 1.0], area_mm2=[30.0, 50.0])["area_mm2"].tolist()
    [50.0, 30.0]
    """
    return VugTable(_VUGS.build(columns, ["well", "depth_m", "azimuth_app_deg"]))


def vug_tracks(vugs: VugTable, windows: pd.DataFrame) -> VugTracks:
    """
    Count and measure vugs in windows along the hole; rejected ones do not count.

    Parameters
    ----------
    vugs : VugTable
        Vugs of a well.
    windows : DataFrame
        Columns ``well``, ``top_m``, ``base_m`` and ``searched_m2`` of the tracks; others are ignored.

    Returns
    -------
    VugTracks
        A row for each window.

    Examples
    --------
    >>> windows = pd.DataFrame({"well": "A", "top_m": [0.0, 2.0], "base_m": [2.0, 4.0], "searched_m2": 0.5})
    >>> vugs = new_vugs(depth_m=[1.0, 3.0], area_mm2=50.0, azimuth_app_deg=9.0, status=["accepted", "rejected"])
    >>> vug_tracks(vugs, windows)[["count_per_m2", "area_share_pct"]].to_numpy().tolist()
    [[2.0, 0.01], [0.0, 0.0]]
    """
    kept = vugs[vugs["status"] != "rejected"]
    depth, out = kept["depth_m"].to_numpy(float), []
    for well, top, base, area in windows[["well", "top_m", "base_m", "searched_m2"]].itertuples(index=False):
        inside = kept[(depth >= top) & (depth < base)]
        some, wide = len(inside) > 0, area > 0
        sectors = inside["azimuth_app_deg"].floordiv(_SECTOR_DEG).nunique()
        share = 100 * float(inside["area_mm2"].sum()) * 1e-6 / area if wide else np.nan
        out.append((
            well, top, base, area, len(inside) / area if wide else np.nan, min(share, 100.0),
            inside["diameter_mm"].mean() if some else np.nan, inside["diameter_mm"].max() if some else np.nan,
            inside["aspect"].mean() if some else np.nan, 100 * sectors / (360 / _SECTOR_DEG) if wide else np.nan,
        ))  # fmt: skip
    return VugTracks(pd.DataFrame(out, columns=list(TRACKS)).astype(TRACKS))


def write_vugs(vugs: VugTable, path: str | Path) -> None:
    """Write a vug table as CSV, whole or not at all."""
    _VUGS.write(vugs, path)


def read_vugs(path: str | Path) -> VugTable:
    """
    Read a vug table that :func:`write_vugs` wrote.

    Raises
    ------
    InputError
        If the file cannot be read or breaks the contract.
    """
    return VugTable(_VUGS.read(path))


def write_vug_tracks(tracks: VugTracks, path: str | Path) -> None:
    """Write tracks as CSV, whole or not at all."""
    _TRACKS.write(tracks, path)


def read_vug_tracks(path: str | Path) -> VugTracks:
    """
    Read tracks that :func:`write_vug_tracks` wrote.

    Raises
    ------
    InputError
        If the file cannot be read or breaks the contract.
    """
    return VugTracks(_TRACKS.read(path))
