"""Layers that are tables of the field: rows as items of the log, and the file that follows each edit."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from geobfdt.review.bounds import MAX_TABLE_BYTES
from geobfdt.review.items import ItemLetter, new_id
from geobfdt.review.tiles import OpenWells
from geobfdt.wells.layers import Fields, Items, Layer, LayerLog, OutdatedError

__all__ = ["TableFiles", "TableKind", "row_items", "table_of_rows"]

# Values are rounded to the decimals of the CSV, so that a row of the file equals its item.
_DIGITS = 6
# The file is read anew this many times when somebody writes it at the same moment.
_RETRIES = 5

_Stamp = tuple[int, int, int] | None


@dataclass(frozen=True)
class TableKind:
    """
    A kind of table that a well has once, whoever reviews it.

    Parameters
    ----------
    layer : str
        Name of the layer. It belongs to the field, and to no person.
    letter : str
        First letter of the ids of its rows.
    suffix : str
        End of the file name, after the well.
    columns : mapping of str to type
        Columns of the contract.
    new, read, write : callable
        Make a table of columns, read it from a file, and write it to one; each checks the contract.
    """

    layer: str
    letter: ItemLetter
    suffix: str
    columns: Mapping[str, type]
    new: Callable[..., pd.DataFrame]
    read: Callable[[Path], pd.DataFrame]
    write: Callable[[Any, Path], None]


def row_items(table: pd.DataFrame, kind: TableKind) -> dict[str, Fields]:
    """
    Convert a table to items, each with a new id; a cell without a value has no field.

    Examples
    --------
    >>> from geobfdt.review.breakout_layer import BREAKOUTS
    >>> from geobfdt.wells.breakouts import new_breakouts
    >>> list(row_items(new_breakouts(top_m=1.0, base_m=2.0, class_="induced", tool="X"), BREAKOUTS).values())
    [{'top_m': 1.0, 'base_m': 2.0, 'class': 'induced', 'tool': 'X'}]
    """
    items: dict[str, Fields] = {}
    for row in table.to_dict("records"):
        fields: Fields = {}
        for name, value in row.items():
            if isinstance(value, str):
                # A further column keeps its empty cells, so that the column itself is kept.
                if value or name not in kind.columns:
                    fields[str(name)] = value
            elif isinstance(value, bool):
                fields[str(name)] = value
            elif np.isfinite(value):
                fields[str(name)] = round(float(value), _DIGITS)
        items[new_id(kind.letter)] = fields
    return items


def table_of_rows(rows: Iterable[Mapping[str, Any]], kind: TableKind) -> pd.DataFrame:
    """
    Convert the fields of items to a table, sorted; the inverse of :func:`row_items`.

    Raises
    ------
    InputError
        If a row breaks the contract of the table.
    """
    rows = list(rows)
    further = dict.fromkeys(name for row in rows for name in row if name not in kind.columns)
    columns: dict[str, Any] = {}
    for name, type_ in (dict(kind.columns) | dict.fromkeys(further, object)).items():
        missing = np.nan if type_ is float else ""
        cells = [row.get(name) for row in rows]
        columns[name] = pd.Series([missing if cell is None else cell for cell in cells], dtype=type_)
        if type_ is object:
            columns[name] = columns[name].infer_objects()
    return kind.new(**columns) if rows else kind.new()


class TableFiles:
    """
    The tables of one kind of a field, each kept equal to its layer.

    The file is what everybody else reads and writes. Before a layer is shown or edited, rows that somebody changed in
    the file are joined to it. An edit writes the file within the transaction of the log, so that both have it or none.

    Parameters
    ----------
    wells : OpenWells
        The wells of the field.
    log : LayerLog
        The log of its layers.
    kind : TableKind
        The kind.
    """

    def __init__(self, wells: OpenWells, log: LayerLog, kind: TableKind) -> None:
        self.wells, self.log, self.kind = wells, log, kind
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
            If the file cannot be read, or breaks the contract of the table.
        """
        file = self.wells.field.file(well, self.kind.suffix)
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
            self.kind.write(table_of_rows(_rows(layer, self.kind), self.kind), file)

        return write

    def propose(self, well: str, table: pd.DataFrame) -> None:
        """Write the proposals of a picker as the first table of a well; a well that has or had a table keeps it."""
        file = self.wells.field.file(well, self.kind.suffix)
        if not len(table) or file.exists() or self.log.layer(well, self.kind.layer).version:
            return
        # Somebody may draw the first row meanwhile, which then stays alone.
        with contextlib.suppress(OutdatedError):
            write = self.read(well)
            if self._equal[well] == (None, 0):
                items = row_items(table, self.kind)
                self.log.add(well, self.kind.layer, file.name, "join", items, before_commit=write)

    def _join(self, well: str) -> _Stamp:
        stamp, now = self._stamp(well), self.log.layer(well, self.kind.layer)
        if self._equal.get(well) == (stamp, now.version):
            return stamp
        file = self.wells.field.file(well, self.kind.suffix)
        rows = {} if stamp is None else row_items(self.kind.read(file), self.kind)
        changes = _differences(now, rows, self.kind)
        expected = Counter(map(_key, rows.values()))

        def check(layer: Layer) -> None:
            if Counter(map(_key, _rows(layer, self.kind))) != expected:
                raise OutdatedError(f"{file.name} was read by another process meanwhile")

        if changes:
            self.log.add(well, self.kind.layer, file.name, "join", changes, before_commit=check)
        self._equal[well] = (stamp, self.log.layer(well, self.kind.layer).version)
        return stamp

    def _stamp(self, well: str) -> _Stamp:
        """Return what changes whenever the file is replaced or written; None if there is no file."""
        file: Path | None = self.wells.file(well, self.kind.suffix, MAX_TABLE_BYTES)
        if file is None:
            return None
        state = file.stat()
        return state.st_mtime_ns, state.st_size, state.st_ino


def _rows(layer: Layer, kind: TableKind) -> list[Fields]:
    return [fields for item, fields in layer.items.items() if item.startswith(kind.letter)]


def _key(fields: Fields) -> tuple[tuple[str, Any], ...]:
    """Return what two equal rows have in common, whatever the order of their fields: all that is not empty."""
    return tuple(sorted((name, value) for name, value in fields.items() if value is not None and value != ""))


def _differences(layer: Layer, rows: Mapping[str, Fields], kind: TableKind) -> Items:
    """Return the edit that makes a layer equal to the rows of a file; equal rows keep their items."""
    new = dict(rows)
    by_key: dict[tuple[tuple[str, Any], ...], list[str]] = {}
    for item, fields in rows.items():
        by_key.setdefault(_key(fields), []).append(item)
    removed: dict[str, Fields | None] = {}
    for item, fields in layer.items.items():
        if not item.startswith(kind.letter):
            continue
        same = by_key.get(_key(fields))
        if same:
            del new[same.pop()]
        else:
            removed[item] = None
    return {**removed, **new}
