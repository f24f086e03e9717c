"""Earlier tables in the place of new ones: those that hold a person's work are not written over."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from geobfdt.runtime.findings import InputError
from geobfdt.wells.layers import DATABASE, LayerLog

__all__ = ["replaces_table"]


def replaces_table(file: Path, read_table: Callable[[Path], pd.DataFrame], what: str, layer: str | None = None) -> bool:
    """
    Return whether there is an earlier table, which may be replaced.

    Parameters
    ----------
    file : Path
        ``WELL.SUFFIX.csv``.
    read_table : callable
        Reads it.
    what : str
        Name of its rows in an error.
    layer : str, optional
        Layer of the review that the table follows: rows that a person removed there are work, too.

    Raises
    ------
    InputError
        If it holds a person's work or decisions, or is no such table.
    """
    if not file.exists():
        return False
    # A program only proposes: any other status is a person's work.
    persons = int((read_table(file)["status"] != "proposed").sum())
    if layer is not None and (file.parent / DATABASE).exists():
        well = file.name.removesuffix(f".{layer}.csv")
        persons += len(LayerLog(file.parent).layer(well, layer).removed_by_people())
    if persons:
        raise InputError(file, f"holds the work of a person on {persons} {what}", "move it, or name another --out")
    return True
