"""The layer of a well's breakout table: its rows as items of the log, and the file that follows each edit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from geobfdt.review.bounds import MAX_TABLE_BYTES
from geobfdt.review.items import BreakoutFields, new_id
from geobfdt.review.tiles import OpenWells
from geobfdt.wells.breakouts import (
    COLUMNS,
    BreakoutTable,
    complete_breakouts,
    new_breakouts,
    read_breakouts,
    write_breakouts,
)
from geobfdt.wells.image import WellImage
from geobfdt.wells.layers import Fields, Items, Layer, LayerLog, OutdatedError

__all__ = ["BREAKOUTS", "BreakoutFiles", "breakout_items", "breakout_table", "changed_breakout"]

# Name of the layer that is the breakout table of a well. It belongs to the field, and to no person.
BREAKOUTS = "breakouts"

_SUFFIX = ".breakouts.csv"
# Values are rounded to the decimals of the CSV, so that a row of the file equals its item.
_DIGITS = 6
# The file is read anew this many times when somebody writes it at the same moment.
_RETRIES = 5

_Stamp = tuple[int, int, int] | None


def breakout_items(table: BreakoutTable) -> dict[str, Fields]:
    """
    Convert a breakout table to items, each with a new id; a cell without a value has no field.

    Examples
    --------
    >>> list(breakout_items(new_breakouts(top_m=1.0, base_m=2.0, class_="induced", tool="X")).values())
    [{'top_m': 1.0, 'base_m': 2.0, 'class': 'induced', 'tool': 'X'}]
    """
    items: dict[str, Fields] = {}
    for row in table.to_dict("records"):
        fields: Fields = {}
        for name, value in row.items():
            if isinstance(value, str):
                # A further column keeps its empty cells, so that the column itself is kept.
                if value or name not in COLUMNS:
                    fields[str(name)] = value
            elif isinstance(value, bool):
                fields[str(name)] = value
            elif np.isfinite(value):
                fields[str(name)] = round(float(value), _DIGITS)
        items[new_id("b")] = fields
    return items


def breakout_table(rows: Iterable[Mapping[str, Any]]) -> BreakoutTable:
    """
    Convert the fields of items to a breakout table, sorted; the inverse of :func:`breakout_items`.

    Raises
    ------
    InputError
        If a row breaks the contract of breakout tables.
    """
    rows = list(rows)
    further = dict.fromkeys(name for row in rows for name in row if name not in COLUMNS)
    columns: dict[str, Any] = {}
    for name, kind in (COLUMNS | dict.fromkeys(further, object)).items():
        missing = np.nan if kind is float else ""
        cells = [row.get(name) for row in rows]
        columns[name] = pd.Series([missing if cell is None else cell for cell in cells], dtype=kind)
        if kind is object:
            columns[name] = columns[name].infer_objects()
    return new_breakouts(**columns) if rows else new_breakouts()


def changed_breakout(image: WellImage, before: Fields | None, change: BreakoutFields, person: str) -> Fields:
    """
    Return the new fields of a row that a person changes.

    A moved box is the person's: its status is ``edited``, what followed from the old box is computed anew for the new
    one, and what a program measured on the old box is dropped.

    Parameters
    ----------
    image : WellImage
        The well.
    before : mapping
        Fields of the row; None for a new one.
    change : BreakoutFields
        What the person changes.
    person : str
        Who changes it.

    Raises
    ------
    ValueError
        If the base would lie above the top.
    """
    edited = change.model_dump(by_alias=True, exclude_none=True)
    fields: Fields = {"who": person, **edited}
    if change.moves or change.class_ is not None:
        fields = {"status": "edited", **fields}
    old = {"well": str(image.attrs["well"])} if before is None else before
    if not change.moves or any({**old, **edited}.get(name) is None for name in ("top_m", "base_m", "class")):
        # The log refuses a new row without its depths or its class.
        return fields
    if before is not None:
        # An azimuth that is counted from another direction than the image's is turned before it is changed.
        old = _only_row(image, before)
    stale: Fields = {"confidence": None}
    if change.azimuth_app_deg is not None:
        stale |= {"azimuth_true_deg": None, "reference": str(image.attrs["reference"])}
    if change.top_m is not None or change.base_m is not None:
        stale["diameter_m"] = None
    new = {**old, **stale, **fields, "source": person}
    if new["base_m"] < new["top_m"]:
        raise ValueError(f"the base at {new['base_m']:.3f} m lies above the top at {new['top_m']:.3f} m")
    measured = _only_row(image, new)
    # The direction of the hole changes along it, so that a row of another depth has another true azimuth.
    if "diameter_m" in stale and measured.get("azimuth_app_deg") is not None:
        anew = _only_row(image, {**measured, "azimuth_true_deg": None})
        measured = anew if anew.get("azimuth_true_deg") is not None else measured
    return {**stale, **measured}


def _only_row(image: WellImage, fields: Fields) -> Fields:
    """Complete the fields of one row from the hole of the well."""
    table, _ = complete_breakouts(breakout_table([fields]), image)
    return next(iter(breakout_items(table).values()))


class BreakoutFiles:
    """
    The breakout tables of a field, each kept equal to its layer.

    The file is what everybody else reads and writes. Before a layer is shown or edited, rows that somebody changed in
    the file are joined to it. An edit writes the file within the transaction of the log, so that both have it or none.

    Parameters
    ----------
    wells : OpenWells
        The wells of the field.
    log : LayerLog
        The log of its layers.
    """

    def __init__(self, wells: OpenWells, log: LayerLog) -> None:
        self.wells, self.log = wells, log
        # State of the file and version of the layer that are known to be equal, by well.
        self._equal: dict[str, tuple[_Stamp, int]] = {}

    def read(self, well: str) -> Callable[[Layer], None]:
        """
        Join to the layer what changed in the file.

        Returns
        -------
        callable
            Writes a layer to the file; give it to the log with the edit. It raises :class:`OutdatedError` if the file
            changed after this call.

        Raises
        ------
        InputError
            If the file cannot be read, or is no breakout table.
        """
        file = self.wells.field.file(well, _SUFFIX)
        for retry in range(_RETRIES):
            try:
                with self.log.lock:
                    stamp = self._join(well)
                break
            except OutdatedError:
                # Another process joined the same rows: they are in the layer now.
                if retry == _RETRIES - 1:
                    raise

        def write(layer: Layer) -> None:
            if self._stamp(well) != stamp:
                raise OutdatedError(f"{file.name} was changed by another program meanwhile")
            write_breakouts(breakout_table(_rows(layer)), file)

        return write

    def _join(self, well: str) -> _Stamp:
        stamp, now = self._stamp(well), self.log.layer(well, BREAKOUTS)
        if self._equal.get(well) == (stamp, now.version):
            return stamp
        file = self.wells.field.file(well, _SUFFIX)
        rows = {} if stamp is None else breakout_items(read_breakouts(file))
        changes = _differences(now, rows)
        expected = Counter(map(_key, rows.values()))

        def check(layer: Layer) -> None:
            if Counter(map(_key, _rows(layer))) != expected:
                raise OutdatedError(f"{file.name} was read by another process meanwhile")

        if changes:
            self.log.add(well, BREAKOUTS, file.name, "join", changes, before_commit=check)
        self._equal[well] = (stamp, self.log.layer(well, BREAKOUTS).version)
        return stamp

    def _stamp(self, well: str) -> _Stamp:
        """Return what changes whenever the file is replaced or written; None if there is no file."""
        file: Path | None = self.wells.file(well, _SUFFIX, MAX_TABLE_BYTES)
        if file is None:
            return None
        state = file.stat()
        return state.st_mtime_ns, state.st_size, state.st_ino


def _rows(layer: Layer) -> list[Fields]:
    return [fields for item, fields in layer.items.items() if item.startswith("b")]


def _key(fields: Fields) -> tuple[tuple[str, Any], ...]:
    """Return what two equal rows have in common, whatever the order of their fields."""
    return tuple(sorted((name, value) for name, value in fields.items() if value is not None))


def _differences(layer: Layer, rows: Mapping[str, Fields]) -> Items:
    """Return the edit that makes a layer equal to the rows of a file; equal rows keep their items."""
    new = dict(rows)
    by_key: dict[tuple[tuple[str, Any], ...], list[str]] = {}
    for item, fields in rows.items():
        by_key.setdefault(_key(fields), []).append(item)
    removed: dict[str, Fields | None] = {}
    for item, fields in layer.items.items():
        if not item.startswith("b"):
            continue
        same = by_key.get(_key(fields))
        if same:
            del new[same.pop()]
        else:
            removed[item] = None
    return {**removed, **new}
