"""Layers: what interpreters decided on a field's wells, as a log in ``review.sqlite`` that only ever grows.

A layer is one interpreter's version of a well: picks, and intervals interpreted or ignored. Each is an item with an
id (picks ``p...``, intervals ``i...``) and fields. An edit gives items new fields, or takes items away; who made it
and when is kept. Undoing is an edit, too: it names the one that no longer counts. What a layer holds is what its edits
that count say, one after the other.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from geobfdt.wells.database import opened, prepare, writing
from geobfdt.wells.findings import InputError
from geobfdt.wells.intervals import new_intervals
from geobfdt.wells.picks import CLASSES, COLUMNS, new_picks

__all__ = ["DATABASE", "Edit", "Layer", "LayerLog", "StaleError", "named_layers"]

DATABASE = "review.sqlite"

Fields = dict[str, Any]
Items = Mapping[str, Fields | None]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS edits (
  id INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, well TEXT NOT NULL, layer TEXT NOT NULL,
  person TEXT NOT NULL, kind TEXT NOT NULL, items TEXT NOT NULL, target INTEGER, key TEXT UNIQUE);
CREATE INDEX IF NOT EXISTS edits_of_layer ON edits (well, layer, id);
CREATE TRIGGER IF NOT EXISTS edits_stay BEFORE UPDATE ON edits BEGIN SELECT RAISE(ABORT, 'edits stay'); END;
CREATE TRIGGER IF NOT EXISTS edits_remain BEFORE DELETE ON edits BEGIN SELECT RAISE(ABORT, 'edits stay'); END;
"""
_COLUMNS = "id, at, person, kind, items, target"


class StaleError(Exception):
    """An item was changed by somebody else since the one who edits it looked."""


@dataclass(frozen=True)
class Edit:
    """
    One entry of the log.

    Parameters
    ----------
    id : int
        Its number; numbers grow.
    at : float
        When (s since 1970, UTC).
    person : str
        Who.
    kind : str
        ``join``, ``add``, ``accept``, ``move``, ...; ``undo`` and ``redo`` name another edit.
    items : mapping of item to fields
        New values of fields, by item; None takes the item away.
    target : int, optional
        The edit that is undone or done again.
    """

    id: int
    at: float
    person: str
    kind: str
    items: Items
    target: int | None = None


@dataclass
class Layer:
    """
    A layer as its edits made it.

    Parameters
    ----------
    items : dict of item to fields
        What is there now.
    version : int
        Number of the last edit.
    """

    items: dict[str, Fields] = field(default_factory=dict)
    version: int = 0
    edits: dict[int, Edit] = field(default_factory=dict)
    history: dict[str, list[int]] = field(default_factory=dict)  # edits of each item, in order
    undone: set[int] = field(default_factory=set)
    done_by: dict[str, list[int]] = field(default_factory=dict)  # edits a person can undo, the last one last
    undone_by: dict[str, list[int]] = field(default_factory=dict)

    def apply(self, edit: Edit) -> set[str]:
        """Take one more edit in; returns the items it touched."""
        self.version = edit.id
        done, undone = self.done_by.setdefault(edit.person, []), self.undone_by.setdefault(edit.person, [])
        if edit.target is not None:
            back = edit.kind == "undo"
            (self.undone.add if back else self.undone.discard)(edit.target)
            source, sink = (done, undone) if back else (undone, done)
            source.remove(edit.target)
            sink.append(edit.target)
            touched = set(self.edits[edit.target].items)
        else:
            self.edits[edit.id] = edit
            done.append(edit.id)
            undone.clear()
            touched = set(edit.items)
        for item in touched:
            self.history.setdefault(item, []).append(edit.id)
            self._fold(item, edit)
        return touched

    def _fold(self, item: str, edit: Edit) -> None:
        numbers = self.history[item]
        live = [edit] if edit.target is None else [self.edits[n] for n in numbers if n in self.edits]
        now = self.items.get(item) if edit.target is None else None
        for one in live:
            if one.id not in self.undone:
                fields = one.items[item]
                now = None if fields is None else {**(now or {}), **fields}
        if now is None:
            self.items.pop(item, None)
        else:
            self.items[item] = now

    def picks(self, well: str = "", status: Iterable[str] | None = None) -> pd.DataFrame:
        """
        Pick table of the layer, with the columns ``id`` and ``note`` added.

        Parameters
        ----------
        well : str
            Name for the column ``well``.
        status : iterable of str, optional
            Only picks of these; all if not given.

        Examples
        --------
        >>> layer = Layer()
        >>> _ = layer.apply(Edit(1, 0.0, "anna", "add", {"p1": {"depth_m": 5.0, "class": "bedding"}}))
        >>> layer.picks("A-1")[["well", "depth_m", "class", "id"]].to_numpy().tolist()
        [['A-1', 5.0, 'bedding', 'p1']]
        """
        wanted = None if status is None else set(status)
        rows = [
            {**fields, "id": item}
            for item, fields in self.items.items()
            if item.startswith("p") and (wanted is None or fields.get("status", "") in wanted)
        ]
        if not rows:
            return new_picks().assign(id="", note="")
        columns: dict[str, Any] = {}
        for name, kind in COLUMNS.items():
            values = [row.get(name) for row in rows]
            columns[name] = ["" if v is None else v for v in values] if kind is str else pd.array(values, "Float64")
            if kind is not str:
                columns[name] = columns[name].to_numpy(float, na_value=float("nan"))
        columns |= {"well": well, "id": [row["id"] for row in rows], "note": [row.get("note", "") for row in rows]}
        return new_picks(**columns)

    def intervals(self, well: str = "") -> pd.DataFrame:
        """Interval table of the layer, as drawn."""
        rows = [fields for item, fields in self.items.items() if item.startswith("i")]
        return new_intervals([(well, r["kind"], r["class"], r["top_m"], r["base_m"]) for r in rows])

    def reviewed(self, well: str) -> tuple[pd.DataFrame, pd.DataFrame]:
        """
        What a network may learn from: picks that somebody stood up for, and where nothing else is.

        Returns
        -------
        picks : DataFrame
            Accepted and edited picks.
        intervals : DataFrame
            Intervals. A class that was nowhere called complete counts as not interpreted: there, silence teaches
            nothing.
        """
        intervals = self.intervals(well)
        complete = set(intervals.loc[intervals["kind"] == "interpreted", "class"])
        none = new_intervals([(well, "interpreted", name, 0.0, 0.0) for name in CLASSES if name not in complete])
        picks = self.picks(well, ("accepted", "edited")).drop(columns=["id", "note"])
        return picks, pd.concat([intervals, none], ignore_index=True) if len(intervals) else none


def named_layers(folder: Path, layer: str) -> dict[str, Layer]:
    """
    Layers of one name, by well.

    Parameters
    ----------
    folder : Path
        The field.
    layer : str
        Name, mostly a person's.

    Raises
    ------
    InputError
        If no well has such a layer.
    """
    told = {}
    if (folder / DATABASE).exists():
        log = LayerLog(folder)
        told = {well: log.layer(well, layer) for well in log.wells() if layer in log.layers(well)}
    if not told:
        raise InputError(folder, f"no layer {layer!r} here", "review wells with geobfdt serve, or name another layer")
    return told


class LayerLog:
    """
    The log of a field's layers.

    Parameters
    ----------
    folder : Path
        The field.

    Notes
    -----
    Several threads and processes may use one log. An edit is on the disk (SQLite, write-ahead log, synchronous) before
    :meth:`add` returns.

    Examples
    --------
    >>> import tempfile
    >>> log = LayerLog(Path(tempfile.mkdtemp()))
    >>> _ = log.add("A-1", "anna", "anna", "add", {"p1": {"depth_m": 5.0, "class": "bedding"}})
    >>> _ = log.add("A-1", "anna", "anna", "accept", {"p1": {"status": "accepted"}})
    >>> _ = log.undo("A-1", "anna", "anna")
    >>> log.layer("A-1", "anna").items
    {'p1': {'depth_m': 5.0, 'class': 'bedding'}}
    """

    def __init__(self, folder: Path) -> None:
        self.file = folder / DATABASE
        self.lock = threading.RLock()  # to be held while a layer that was asked for is read
        self._layers: dict[tuple[str, str], Layer] = {}
        prepare(self.file, _SCHEMA)

    def wells(self) -> list[str]:
        """Wells that have layers."""
        with self.lock, opened(self.file) as db:
            return [row[0] for row in db.execute("SELECT DISTINCT well FROM edits ORDER BY 1")]

    def layers(self, well: str) -> list[str]:
        """Names of a well's layers."""
        with self.lock, opened(self.file) as db:
            return [row[0] for row in db.execute("SELECT DISTINCT layer FROM edits WHERE well=? ORDER BY 1", (well,))]

    def layer(self, well: str, layer: str) -> Layer:
        """
        Layer as it is now; empty if nobody edited it yet. The caller must not change it.

        Raises
        ------
        InputError
            If the log cannot be read.
        """
        with self.lock, opened(self.file) as db:
            return self._current(db, well, layer)

    def edits(self, well: str, layer: str, after: int = 0) -> list[Edit]:
        """Edits of a layer that are later than one, in order."""
        with self.lock, opened(self.file) as db:
            return self._read(db, well, layer, after)

    def _read(self, db: sqlite3.Connection, well: str, layer: str, after: int) -> list[Edit]:
        query = f"SELECT {_COLUMNS} FROM edits WHERE well=? AND layer=? AND id>? ORDER BY id"  # noqa: S608
        rows = db.execute(query, (well, layer, after))
        return [Edit(n, at, person, kind, json.loads(items), target) for n, at, person, kind, items, target in rows]

    def _current(self, db: sqlite3.Connection, well: str, layer: str) -> Layer:
        known = self._layers.get((well, layer)) or Layer()
        for edit in self._read(db, well, layer, known.version):
            known.apply(edit)
        if known.version:  # whoever asks for a million layers that are not there leaves nothing
            self._layers[well, layer] = known
        return known

    def add(
        self,
        well: str,
        layer: str,
        person: str,
        kind: str,
        items: Items,
        *,
        seen: int | None = None,
        key: str | None = None,
    ) -> Edit:
        """
        Append an edit.

        Parameters
        ----------
        well, layer, person, kind, items
            As in :class:`Edit`.
        seen : int, optional
            Version of the layer that the person looked at.
        key : str, optional
            Of this edit, made by who asks: the same key again is the same edit, and not done twice.

        Returns
        -------
        Edit
            As it was written.

        Raises
        ------
        StaleError
            If one of the items was changed after `seen`.
        InputError
            If the disk does not take it.
        """
        with self.lock, writing(self.file) as db:
            before = db.execute(f"SELECT {_COLUMNS} FROM edits WHERE key=?", (key,)).fetchone() if key else None  # noqa: S608
            if before:
                number, at, who, what, text, target = before
                return Edit(number, at, who, what, json.loads(text), target)
            now = self._current(db, well, layer)
            late = [item for item in items if seen is not None and now.history.get(item, [0])[-1] > seen]
            if late:
                raise StaleError(f"{late[0]} was changed by {self._who(db, now.history[late[0]][-1])} meanwhile")
            return self._append(db, well, layer, person, kind, items, None, key)

    def undo(self, well: str, layer: str, person: str, *, again: bool = False) -> Edit | None:
        """
        Undo the last edit of a person that counts, or with `again` redo the last one undone; None if there is none.

        Raises
        ------
        InputError
            If the disk does not take it.
        """
        with self.lock, writing(self.file) as db:
            now = self._current(db, well, layer)
            stack = (now.undone_by if again else now.done_by).get(person)
            if not stack:
                return None
            return self._append(db, well, layer, person, "redo" if again else "undo", {}, stack[-1], None)

    def _append(
        self,
        db: sqlite3.Connection,
        well: str,
        layer: str,
        person: str,
        kind: str,
        items: Items,
        target: int | None,
        key: str | None,
    ) -> Edit:
        at = time.time()
        text = json.dumps(items, separators=(",", ":"), allow_nan=False)
        row = db.execute(
            "INSERT INTO edits (at, well, layer, person, kind, items, target, key) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (at, well, layer, person, kind, text, target, key),
        )
        return Edit(int(row.lastrowid or 0), at, person, kind, json.loads(text), target)

    @staticmethod
    def _who(db: sqlite3.Connection, number: int) -> str:
        return str(db.execute("SELECT person FROM edits WHERE id=?", (number,)).fetchone()[0])
