"""Layers: the decisions of interpreters on the wells of a field, as an append-only log in ``review.sqlite``.

A layer is the version of a well by one interpreter: picks, and intervals interpreted or ignored. Two layers of a well
are its tables of breakouts and of vugs, which all interpreters share. Each of these is an item with an id (picks
``p...``, intervals ``i...``, breakouts and induced fractures ``b...``, vugs ``v...``) and fields. An edit gives items
new fields or removes items; its author and time are stored. An undo is an edit, too: it names the edit that no longer
counts. The content of a layer follows from the edits that count, in order. An item without its required fields (depth
and class of a pick) does not exist, whatever other fields its edits give it.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd

from geobfdt.runtime.database import create_database, open_database, transaction
from geobfdt.runtime.findings import InputError
from geobfdt.wells.intervals import IntervalTable, join_intervals, new_intervals
from geobfdt.wells.picks import CLASSES, COLUMNS, PickTable, new_picks

__all__ = ["DATABASE", "ConflictError", "Edit", "Layer", "LayerLog", "OutdatedError", "named_layers"]

# Name of the database in the folder of the field.
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
# Columns that an edit is read from.
_EDIT_COLUMNS = "id, at, person, kind, items, target"

# An item exists only if it has these fields, by the first letter of its id.
_REQUIRED_FIELDS = {
    "p": ("depth_m", "class"),
    "i": ("kind", "class", "top_m", "base_m"),
    "b": ("class", "top_m", "base_m"),
    "v": ("depth_m", "area_mm2"),
}


class ConflictError(Exception):
    """The edit does not fit the layer: another person changed the item, or the key of the edit is in use."""


class OutdatedError(ConflictError):
    """The layer changed while an edit was computed from it; computed again, it may fit."""


@dataclass(frozen=True)
class Edit:
    """
    An entry of the log.

    Parameters
    ----------
    id : int
        Its number; later edits have larger numbers.
    at : float
        Time (s since 1970, UTC).
    person : str
        Author.
    kind : str
        ``join``, ``add``, ``accept``, ``move``, ...; ``undo`` and ``redo`` name another edit.
    items : mapping of item to fields
        New values of fields, by item; None removes the item.
    target : int, optional
        The edit that is undone or redone.
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
    A layer as computed from its edits.

    Parameters
    ----------
    items : dict of item to fields
        The current items.
    version : int
        Number of the last edit.
    """

    items: dict[str, Fields] = field(default_factory=dict)
    version: int = 0
    # Entries of the log; of undo and redo, too.
    edits: dict[int, Edit] = field(default_factory=dict)
    # Entries that touched each item, in order.
    history: dict[str, list[int]] = field(default_factory=dict)
    undone: set[int] = field(default_factory=set)
    # Edits a person can undo, the last one last.
    done_by: dict[str, list[int]] = field(default_factory=dict)
    undone_by: dict[str, list[int]] = field(default_factory=dict)
    # Last entry that made or undid an edit, by edit.
    latest: dict[int, int] = field(default_factory=dict)
    # Items that lack a field that they need.
    fragments: dict[str, Fields] = field(default_factory=dict)

    def apply(self, edit: Edit) -> set[str]:
        """Apply one more edit, and return the items that it changed."""
        self.version = edit.id
        self.edits[edit.id] = edit
        self.latest[edit.id if edit.target is None else edit.target] = edit.id
        undo_stack, redo_stack = self.done_by.setdefault(edit.person, []), self.undone_by.setdefault(edit.person, [])
        if edit.target is not None:
            back = edit.kind == "undo"
            (self.undone.add if back else self.undone.discard)(edit.target)
            source, sink = (undo_stack, redo_stack) if back else (redo_stack, undo_stack)
            source.remove(edit.target)
            sink.append(edit.target)
            touched = set(self.edits[edit.target].items)
        else:
            undo_stack.append(edit.id)
            redo_stack.clear()
            touched = set(edit.items)
        for item in touched:
            self.history.setdefault(item, []).append(edit.id)
            self._update_item(item, edit)
        return touched

    def _update_item(self, item: str, edit: Edit) -> None:
        # A new edit adds to the current fields; after an undo or a redo, all edits that count are applied again.
        live = [edit.id] if edit.target is None else self.live(item)
        now = self.items.get(item, self.fragments.get(item)) if edit.target is None else None
        for number in live:
            fields = self.edits[number].items[item]
            now = None if fields is None else {**(now or {}), **fields}
        whole = now is not None and _is_complete(item, now)
        for fields_of, belongs in ((self.items, whole), (self.fragments, not whole)):
            if now is not None and belongs:
                fields_of[item] = now
            else:
                fields_of.pop(item, None)

    def live(self, item: str, until: int | None = None) -> list[int]:
        """
        Return the numbers of the edits of an item that count, in order.

        Parameters
        ----------
        item : str
            Id of the item.
        until : int, optional
            As they were after this entry of the log; now, if not given.

        Examples
        --------
        >>> layer = Layer()
        >>> _ = layer.apply(Edit(1, 0.0, "anna", "add", {"p1": {"depth_m": 5.0, "class": "bedding"}}))
        >>> _ = layer.apply(Edit(2, 0.0, "anna", "undo", {}, target=1))
        >>> layer.live("p1", until=1), layer.live("p1")
        ([1], [])
        """
        numbers, undone = [], set()
        for number in self.history.get(item, ()):
            if until is not None and number > until:
                break
            entry = self.edits[number]
            if entry.target is None:
                numbers.append(number)
            elif entry.kind == "undo":
                undone.add(entry.target)
            else:
                undone.discard(entry.target)
        return [number for number in numbers if number not in undone]

    def blocker(self, target: int) -> tuple[str, str] | None:
        """
        Return an item of an edit that was changed since the edit was made, undone or redone last, and by whom.

        None if there is no such item: then the edit can be undone or redone without a loss for anybody.
        """
        since = self.latest[target]
        for item in self.edits[target].items:
            if self.live(item, since) != self.live(item):
                return item, self.last_person(item)
        return None

    def title(self, item: str) -> str:
        """
        Describe an item for people, who know its depth and not its id.

        Examples
        --------
        >>> Layer({"p1": {"depth_m": 5.0, "class": "bedding"}}).title("p1")
        'the pick at 5.00 m'
        """
        fields: Fields = {}
        for number in self.history.get(item, ()):
            fields = {**fields, **(self.edits[number].items.get(item) or {})}
        fields = self.items.get(item, fields)
        if fields.get("depth_m") is not None:
            return f"the {'vug' if item.startswith('v') else 'pick'} at {fields['depth_m']:.2f} m"
        if fields.get("top_m") is not None and fields.get("base_m") is not None:
            name = "breakout" if item.startswith("b") else "interval"
            return f"the {name} from {fields['top_m']:.2f} to {fields['base_m']:.2f} m"
        return item

    def removed_by_people(self) -> list[str]:
        """
        Return the items that a person removed; those that went with a row of a file (``join``) do not count.

        Examples
        --------
        >>> layer = Layer()
        >>> _ = layer.apply(Edit(1, 0.0, "a.csv", "join", {"v1": {"depth_m": 5.0, "area_mm2": 9.0}}))
        >>> _ = layer.apply(Edit(2, 0.0, "anna", "delete", {"v1": None}))
        >>> layer.removed_by_people()
        ['v1']
        """
        last = {item: (self.live(item) or [0])[-1] for item in self.history if item not in self.items}
        return [
            item
            for item, number in last.items()
            if number and self.edits[number].items[item] is None and self.edits[number].kind != "join"
        ]

    def changed_by_others(self, item: str, person: str, after: int) -> str | None:
        """Return another person who changed an item after an entry of the log; None if there is none."""
        for number in reversed(self.history.get(item, ())):
            if number <= after:
                return None
            if self.edits[number].person != person:
                return self.edits[number].person
        return None

    def last_person(self, item: str) -> str:
        """Return the person whose entry in the log changed an item last."""
        return self.edits[self.history[item][-1]].person

    def made_by(self, item: str, kind: str) -> bool:
        """Return whether all edits of an item that count are of one kind, so that nobody has decided on it since."""
        return all(self.edits[number].kind == kind for number in self.live(item))

    def picks(self, well: str = "", status: Iterable[str] | None = None) -> PickTable:
        """
        Return the pick table of the layer, with the columns ``id`` and ``note`` added.

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
        statuses = None if status is None else set(status)
        rows = [
            {**fields, "id": item}
            for item, fields in self.items.items()
            if item.startswith("p") and (statuses is None or fields.get("status", "") in statuses)
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

    def intervals(self, well: str = "") -> IntervalTable:
        """Return the interval table of the layer."""
        rows = [fields for item, fields in self.items.items() if item.startswith("i")]
        return new_intervals([(well, r["kind"], r["class"], r["top_m"], r["base_m"]) for r in rows])

    def reviewed(self, well: str) -> tuple[PickTable, IntervalTable]:
        """
        Return the picks and intervals for training: confirmed picks, and where there are no others.

        Returns
        -------
        picks : PickTable
            Accepted and edited picks.
        intervals : IntervalTable
            Intervals. A class without an interval that is marked as complete counts as not interpreted: there, the
            absence of picks has no meaning.
        """
        intervals = self.intervals(well)
        complete = set(intervals.loc[intervals["kind"] == "interpreted", "class"])
        none = new_intervals([(well, "interpreted", name, 0.0, 0.0) for name in CLASSES if name not in complete])
        picks = self.picks(well, ("accepted", "edited")).drop(columns=["id", "note"])
        return picks, join_intervals([intervals, none]) if len(intervals) else none


def named_layers(folder: Path, layer: str) -> dict[str, Layer]:
    """
    Return the layers of one name, by well.

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
    layers = {}
    if (folder / DATABASE).exists():
        log = LayerLog(folder)
        layers = {well: log.layer(well, layer) for well in log.wells() if layer in log.layers(well)}
    if not layers:
        raise InputError(folder, f"no layer {layer!r} here", "review wells with geobfdt serve, or name another layer")
    return layers


class LayerLog:
    """
    The log of the layers of a field.

    Parameters
    ----------
    folder : Path
        The field.

    Notes
    -----
    Several threads and processes may use one log. An edit is on the disk (SQLite, synchronous write-ahead log) when
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
        # Held while a requested layer is read.
        self.lock = threading.RLock()
        self._layers: dict[tuple[str, str], Layer] = {}
        create_database(self.file, _SCHEMA)

    def wells(self) -> list[str]:
        """Return the wells that have layers."""
        with self.lock, open_database(self.file) as db:
            return [row[0] for row in db.execute("SELECT DISTINCT well FROM edits ORDER BY 1")]

    def layers(self, well: str) -> list[str]:
        """Return the names of the layers of a well."""
        with self.lock, open_database(self.file) as db:
            return [row[0] for row in db.execute("SELECT DISTINCT layer FROM edits WHERE well=? ORDER BY 1", (well,))]

    def layer(self, well: str, layer: str) -> Layer:
        """
        Return the current layer; empty if nobody has edited it. The caller must not change it.

        Raises
        ------
        InputError
            If the log cannot be read.
        """
        with self.lock, open_database(self.file) as db:
            return self._current(db, well, layer)

    def edits(self, well: str, layer: str, after: int = 0) -> list[Edit]:
        """Return the edits of a layer after a version, in order."""
        with self.lock, open_database(self.file) as db:
            return self._read(db, well, layer, after)

    def _read(self, db: sqlite3.Connection, well: str, layer: str, after: int) -> list[Edit]:
        query = f"SELECT {_EDIT_COLUMNS} FROM edits WHERE well=? AND layer=? AND id>? ORDER BY id"  # noqa: S608
        return [_edit_from_row(row) for row in db.execute(query, (well, layer, after))]

    def _current(self, db: sqlite3.Connection, well: str, layer: str) -> Layer:
        current = self._layers.get((well, layer)) or Layer()
        for edit in self._read(db, well, layer, current.version):
            current.apply(edit)
        # Empty layers are not kept: a client that requests a million of them must not fill the memory.
        if current.version:
            self._layers[well, layer] = current
        return current

    # An edit as a client sends it; an Edit has a number and a time as well.
    def add(  # noqa: PLR0913
        self,
        well: str,
        layer: str,
        person: str,
        kind: str,
        items: Items,
        *,
        viewed_version: int | None = None,
        version: int | None = None,
        key: str | None = None,
        before_commit: Callable[[Layer], None] | None = None,
    ) -> Edit:
        """
        Append an edit.

        Parameters
        ----------
        well, layer, person, kind, items
            As in :class:`Edit`.
        viewed_version : int, optional
            Version of the layer on the screen of the person: later changes by others are not overwritten.
        version : int, optional
            Version of the layer that the new fields were computed from: the items must not have changed since.
        key : str, optional
            Unique key of this edit by the caller: a second edit with the same key is the same edit, written once.
        before_commit : callable, optional
            Called with the layer as the edit leaves it, before the edit is on the disk. If it raises, there is no edit.

        Returns
        -------
        Edit
            The edit as it was written.

        Raises
        ------
        ConflictError
            If another person changed one of the items after `viewed_version`, or it is no longer there, or the key
            belongs to another edit.
        OutdatedError
            If one of the items was changed after `version`.
        ValueError
            If a new pick or interval lacks a field that it needs.
        InputError
            If it cannot be written to the disk.
        """
        with self.lock, transaction(self.file) as db:
            if key and (row := self._find_row(db, key)):
                first = _edit_from_row(row[2:])
                if (*row[:2], first.person, first.kind, set(first.items)) != (well, layer, person, kind, set(items)):
                    raise ConflictError(f"the key {key!r} belongs to another edit; give each edit a key of its own")
                return first
            now = self._current(db, well, layer)
            for item in items:
                if viewed_version is not None and (other := now.changed_by_others(item, person, viewed_version)):
                    raise ConflictError(f"{now.title(item)} was changed by {other} meanwhile")
                if version is not None and now.history.get(item, [0])[-1] > version:
                    raise OutdatedError(f"{now.title(item)} was changed by {now.last_person(item)} meanwhile")
            for item, fields in items.items():
                if fields is not None and item not in now.items and not _is_complete(item, fields):
                    if item in now.history:
                        raise ConflictError(
                            f"{now.title(item)} is not there any more; {now.last_person(item)} changed it last"
                        )
                    raise ValueError(f"{item} is new: give it {' and '.join(_REQUIRED_FIELDS[item[0]])}")
            return self._append(db, well, layer, Edit(0, time.time(), person, kind, items), key, before_commit)

    def find(self, key: str | None, well: str, layer: str) -> Edit | None:
        """
        Return the edit of a key in a layer; None if there is none.

        Raises
        ------
        ConflictError
            If the key belongs to an edit of another layer or well.
        """
        with self.lock, open_database(self.file) as db:
            row = self._find_row(db, key)
        if row is None:
            return None
        if row[:2] != (well, layer):
            raise ConflictError(f"the key {key!r} belongs to another edit; give each edit a key of its own")
        return _edit_from_row(row[2:])

    @staticmethod
    def _find_row(db: sqlite3.Connection, key: str | None) -> Sequence[Any] | None:
        """Return well, layer and columns of the edit of a key."""
        query = f"SELECT well, layer, {_EDIT_COLUMNS} FROM edits WHERE key=?"  # noqa: S608
        row: Sequence[Any] | None = db.execute(query, (key,)).fetchone()
        return row

    def undo(
        self,
        well: str,
        layer: str,
        person: str,
        *,
        again: bool = False,
        before_commit: Callable[[Layer], None] | None = None,
    ) -> Edit | None:
        """
        Undo the last edit of a person that counts, or with `again` redo the last undone one; None if there is none.

        `before_commit` is as in :meth:`add`.

        Raises
        ------
        ConflictError
            If somebody else has changed one of its items since.
        InputError
            If it cannot be written to the disk.
        """
        with self.lock, transaction(self.file) as db:
            now = self._current(db, well, layer)
            stack = (now.undone_by if again else now.done_by).get(person)
            if not stack:
                return None
            if (blocker := now.blocker(stack[-1])) is not None:
                item, other = blocker
                raise ConflictError(f"{now.title(item)} was changed by {other} since; edit it instead")
            edit = Edit(0, time.time(), person, "redo" if again else "undo", {}, stack[-1])
            return self._append(db, well, layer, edit, None, before_commit)

    # The parts of an edit that is written within a transaction.
    def _append(
        self,
        db: sqlite3.Connection,
        well: str,
        layer: str,
        edit: Edit,
        key: str | None,
        before_commit: Callable[[Layer], None] | None,
    ) -> Edit:
        """Write an edit that has no number yet, and return it with its number and its items as they were written."""
        text = json.dumps(edit.items, separators=(",", ":"), allow_nan=False)
        row = db.execute(
            "INSERT INTO edits (at, well, layer, person, kind, items, target, key) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (edit.at, well, layer, edit.person, edit.kind, text, edit.target, key),
        )
        if before_commit is not None:
            # The layer in memory must not have the edit before it is on the disk.
            ahead = Layer()
            for entry in self._read(db, well, layer, 0):
                ahead.apply(entry)
            before_commit(ahead)
        return replace(edit, id=int(row.lastrowid or 0), items=json.loads(text))


def _is_complete(item: str, fields: Fields) -> bool:
    """Return whether an item has all required fields."""
    return all(fields.get(name) is not None for name in _REQUIRED_FIELDS.get(item[:1], ()))


def _edit_from_row(row: Sequence[Any]) -> Edit:
    number, at, person, kind, items, target = row
    return Edit(number, at, person, kind, json.loads(items), target)
