"""The north of a table of picks or breakouts: a further column, so that no table is turned twice."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import pandas as pd

from geobfdt.runtime.findings import InputError
from geobfdt.wells.well_names import well_key

__all__ = ["NORTH_COLUMN", "check_one_north", "check_same_north", "norths_of", "with_north"]

_Table = TypeVar("_Table", bound=pd.DataFrame)

# It says from which north the azimuths of each row are; it is missing where nothing says it.
NORTH_COLUMN = "north_reference"
_NORTHS = ("true", "grid", "magnetic")


def with_north(table: _Table, north: str) -> _Table:
    """
    Return a table with its north; as it is where that is not known.

    Examples
    --------
    >>> with_north(pd.DataFrame({"depth_m": [1.0]}), "true")["north_reference"].tolist()
    ['true']
    """
    return table.assign(**{NORTH_COLUMN: north}) if north in _NORTHS else table


def norths_of(table: pd.DataFrame) -> list[str]:
    """
    Return the norths that rows with an azimuth from north are from, sorted; nothing where no row says it.

    Examples
    --------
    >>> from geobfdt.wells.picks import new_picks
    >>> norths_of(with_north(new_picks(depth_m=[1.0], class_="bedding", azimuth_true_deg=5.0), "grid"))
    ['grid']
    """
    return sorted(set(_words(table)) - {""})


def _words(table: pd.DataFrame) -> list[str]:
    """North of each row with an azimuth from north, an empty string where it names none."""
    apparent = table["azimuth_app_deg"].notna() & (table["reference"] != "high_side")
    rows = (table["azimuth_true_deg"].notna() | apparent).to_numpy(bool)
    if NORTH_COLUMN not in table:
        return [""] * int(rows.sum())
    words = table[NORTH_COLUMN][rows].fillna("").astype(str).str.strip().str.lower()
    return ["" if word == "unknown" else word for word in words]


def check_one_north(table: pd.DataFrame, file: Path) -> str:
    """
    Return the one north of a table, ``unknown`` where it names none.

    Raises
    ------
    InputError
        If its rows are from several norths, or some name one and others do not, or a word is no north.
    """
    norths = norths_of(table)
    if not norths:
        return "unknown"
    cure = f"write one of {', '.join(_NORTHS)} in every row of the column {NORTH_COLUMN}, or turn the rows to one north"
    if len(norths) > 1 or norths[0] not in _NORTHS:
        raise InputError(file, f"its column {NORTH_COLUMN} holds {', '.join(norths[:5])}", cure)
    words = _words(table)
    if "" in words:
        observed = f"{words.count('')} of {len(words)} rows name no north in {NORTH_COLUMN}, others {norths[0]}"
        raise InputError(file, observed, cure)
    return norths[0]


def check_same_north(first: pd.DataFrame, second: pd.DataFrame, file: Path) -> None:
    """
    Refuse two tables that hold azimuths of one well from two norths; one that names none is not refused.

    Parameters
    ----------
    first, second : DataFrame
        Tables of picks.
    file : Path
        The second one, for the error.

    Raises
    ------
    InputError
        If a well has azimuths from one north in the first table, and from another in the second.

    Examples
    --------
    >>> from geobfdt.wells.picks import new_picks
    >>> rows = new_picks(well="A", depth_m=[1.0], class_="bedding", azimuth_true_deg=5.0)
    >>> check_same_north(with_north(rows, "true"), rows, Path("a.csv"))
    """
    for key, mine in first.groupby(first["well"].map(well_key)):
        norths = norths_of(mine), norths_of(second[second["well"].map(well_key) == key])
        if all(norths) and norths[0] != norths[1]:
            well = str(mine["well"].iloc[0]) or "the well"
            observed = f"azimuths of {well} are from {' and '.join(norths[1])} north, those compared with them from "
            observed += f"{' and '.join(norths[0])} north"
            raise InputError(file, observed, "turn one of the tables with geobfdt convert --to-north")
