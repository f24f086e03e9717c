"""Layers are what their edits say; no edit is lost, none is done twice."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing.synchronize import Barrier
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geobfdt.runtime import database
from geobfdt.runtime.findings import InputError
from geobfdt.wells.layers import DATABASE, ConflictError, LayerLog
from geobfdt.wells.picks import validate

PICK = {"depth_m": 5.0, "class": "bedding", "amplitude_m": 0.1, "azimuth_app_deg": 90.0, "status": "proposed"}


@pytest.fixture
def log(tmp_path: Path) -> LayerLog:
    """Log."""
    log = LayerLog(tmp_path)
    log.add("A", "anna", "anna", "join", {"p1": PICK, "p2": PICK | {"depth_m": 6.0}})
    return log


def test_fields_add_up_and_none_takes_away(log: LayerLog) -> None:
    """Fields add up and none takes away."""
    log.add("A", "anna", "anna", "accept", {"p1": {"status": "accepted"}})
    log.add("A", "anna", "anna", "delete", {"p2": None})
    assert log.layer("A", "anna").items == {"p1": PICK | {"status": "accepted"}}
    assert log.layer("A", "ben").items == {}
    assert log.layers("A") == ["anna"]


def test_undo_goes_back_to_the_start_and_redo_to_the_end(log: LayerLog) -> None:
    """Undo goes back to the start and redo to the end."""
    states = [dict(log.layer("A", "anna").items)]
    for n in range(20):
        log.add("A", "anna", "anna", "move", {"p1": {"depth_m": float(n)}})
        states.append(dict(log.layer("A", "anna").items))
    for state in reversed(states[:-1]):
        log.undo("A", "anna", "anna")
        assert log.layer("A", "anna").items == state
    for state in states[1:]:
        log.undo("A", "anna", "anna", again=True)
        assert log.layer("A", "anna").items == state
    assert log.undo("A", "anna", "anna", again=True) is None


def test_undo_is_of_ones_own_edits_and_keeps_the_others(log: LayerLog) -> None:
    """Undo is of ones own edits and keeps the others."""
    log.add("A", "anna", "anna", "move", {"p1": {"depth_m": 1.0}})
    log.add("A", "anna", "ben", "class", {"p1": {"class": "fracture"}})
    log.add("A", "anna", "anna", "move", {"p2": {"depth_m": 9.0}})
    log.undo("A", "anna", "anna")
    assert log.layer("A", "anna").items["p1"] == PICK | {"depth_m": 1.0, "class": "fracture"}
    assert log.layer("A", "anna").items["p2"]["depth_m"] == 6.0
    assert log.undo("A", "anna", "carl") is None


def test_undo_does_not_tear_what_somebody_else_has_decided(log: LayerLog) -> None:
    """Anna adds, Ben accepts, Anna undoes: refused, as is a redo over a later change; Ben's own undo frees it."""
    log.add("A", "anna", "anna", "add", {"p9": PICK})
    log.add("A", "anna", "ben", "accept", {"p9": {"status": "accepted"}})
    with pytest.raises(ConflictError, match="ben"):
        log.undo("A", "anna", "anna")
    assert log.layer("A", "anna").items["p9"] == PICK | {"status": "accepted"}
    log.undo("A", "anna", "ben")
    assert log.undo("A", "anna", "anna") is not None
    assert "p9" not in log.layer("A", "anna").items
    with pytest.raises(ConflictError, match="anna"):
        log.undo("A", "anna", "ben", again=True)  # there is nothing left to accept
    log.undo("A", "anna", "anna", again=True)
    log.add("A", "anna", "ben", "accept", {"p9": {"status": "rejected"}})
    assert log.layer("A", "anna").items["p9"]["status"] == "rejected"


def test_a_log_that_is_torn_already_heals(log: LayerLog) -> None:
    """A pick whose edits that count give no depth and class is not there, in table, picks and intervals."""
    with sqlite3.connect(log.file) as db:
        row = "INSERT INTO edits (at, well, layer, person, kind, items, target) VALUES (0, 'A', 'anna', ?, ?, ?, ?)"
        added = db.execute(row, ("anna", "add", json.dumps({"p9": PICK}), None)).lastrowid
        db.execute(row, ("ben", "accept", json.dumps({"p9": {"status": "accepted"}}), None))
        db.execute(row, ("anna", "undo", "{}", added))
        db.execute(row, ("ben", "edit", json.dumps({"i9": {"top_m": 3.0}}), None))
    layer = log.layer("A", "anna")
    assert set(layer.items) == {"p1", "p2"}
    validate(layer.picks("A"), "layer")
    assert len(layer.intervals("A")) == 0
    log.undo("A", "anna", "anna", again=True)
    assert log.layer("A", "anna").items["p9"] == PICK | {"status": "accepted"}


@pytest.mark.parametrize("item", [{"p9": {"status": "accepted"}}, {"i9": {"kind": "ignored"}}])
def test_an_item_that_lacks_what_makes_it_one_is_refused(log: LayerLog, item: dict) -> None:
    """And one that somebody took away cannot be accepted any more; nothing is written."""
    with pytest.raises(ValueError, match="new"):
        log.add("A", "anna", "anna", "edit", item)
    log.add("A", "anna", "ben", "delete", {"p1": None})
    with pytest.raises(ConflictError, match="ben"):
        log.add("A", "anna", "anna", "accept", {"p1": {"status": "accepted"}})
    assert len(log.edits("A", "anna")) == 2


PEOPLE, IDS = ("anna", "ben", "carl"), ("p1", "p2", "i1")
CHANGES = {
    "p": [PICK, {"status": "accepted"}, {"status": "rejected"}, {"depth_m": 7.0, "amplitude_m": 0.2}, None],
    "i": [{"kind": "interpreted", "class": "bedding", "top_m": 1.0, "base_m": 2.0}, {"top_m": 1.5}, None],
}
STEP = st.tuples(
    st.sampled_from(PEOPLE), st.sampled_from(["undo", "redo", "edit"]), st.sets(st.sampled_from(IDS), min_size=1),
    st.integers(0, 4), st.booleans(),
)  # fmt: skip


@pytest.mark.parametrize("examples", [30, pytest.param(150, marks=pytest.mark.fuzz)])
def test_any_order_of_edits_undos_and_redos_leaves_a_valid_table(
    tmp_path_factory: pytest.TempPathFactory, examples: int
) -> None:
    """Three people, three items: what counts is never torn, each undo takes back its own edit and nothing else."""

    @settings(max_examples=examples, deadline=None)
    @given(st.lists(STEP, max_size=30))
    def check(steps: list) -> None:
        edit_in_order(LayerLog(tmp_path_factory.mktemp("log")), steps)

    check()


def edit_in_order(log: LayerLog, steps: list) -> None:
    """Edit, undo and redo; look at the layer after each step."""
    for person, what, items, change, looked in steps:
        before = log.layer("A", "x")
        state, viewed_version = dict(before.items), before.version if looked else None
        changes = {item: CHANGES[item[0]][change % len(CHANGES[item[0]])] for item in items}
        try:
            if what == "edit":
                log.add("A", "x", person, "edit", changes, viewed_version=viewed_version)
            else:
                edit = log.undo("A", "x", person, again=what == "redo")
                touched = set() if edit is None else set(before.edits[edit.target].items)
                now = log.layer("A", "x").items
                assert {i: f for i, f in now.items() if i not in touched} == {
                    i: f for i, f in state.items() if i not in touched
                }
        except (ConflictError, ValueError):
            assert log.layer("A", "x").items == state
        layer = log.layer("A", "x")
        table = validate(layer.picks("A"), "layer")
        assert len(table) == sum(item[0] == "p" for item in layer.items)
        assert np.isfinite(table["depth_m"]).all()
        assert not layer.fragments
        layer.intervals("A")
        layer.reviewed("A")
    assert LayerLog(log.file.parent).layer("A", "x").items == log.layer("A", "x").items


def test_what_somebody_else_changed_meanwhile_is_not_overwritten(log: LayerLog) -> None:
    """What somebody else changed meanwhile is not overwritten."""
    viewed_version = log.layer("A", "anna").version
    log.add("A", "anna", "ben", "move", {"p1": {"depth_m": 1.0}}, viewed_version=viewed_version)
    with pytest.raises(ConflictError, match="ben"):
        log.add("A", "anna", "anna", "move", {"p1": {"depth_m": 2.0}}, viewed_version=viewed_version)
    log.add("A", "anna", "anna", "move", {"p2": {"depth_m": 2.0}}, viewed_version=viewed_version)
    assert {k: v["depth_m"] for k, v in log.layer("A", "anna").items.items()} == {"p1": 1.0, "p2": 2.0}


def test_the_same_key_is_the_same_edit(log: LayerLog) -> None:
    """The same key is the same edit."""
    first = log.add("A", "anna", "anna", "move", {"p1": {"depth_m": 1.0}}, key="k")
    assert log.add("A", "anna", "anna", "move", {"p1": {"depth_m": 1.0}}, key="k") == first
    assert len(log.edits("A", "anna")) == 2


@pytest.mark.parametrize(
    ("well", "layer", "person", "kind", "item"),
    [("B", "anna", "anna", "move", "p1"), ("A", "ben", "anna", "move", "p1"), ("A", "anna", "ben", "move", "p1"),
     ("A", "anna", "anna", "accept", "p1"), ("A", "anna", "anna", "move", "p2")],
)  # fmt: skip
def test_a_key_of_another_edit_is_refused(
    log: LayerLog, well: str, layer: str, person: str, kind: str, item: str
) -> None:
    """Of another well, layer, person, kind or item: it would be acknowledged and lost."""
    log.add("A", "anna", "anna", "move", {"p1": {"depth_m": 1.0}}, key="k")
    with pytest.raises(ConflictError, match="key"):
        log.add(well, layer, person, kind, {item: PICK}, key="k")
    assert log.find("k", "A", "anna") is not None
    assert log.find("none", "A", "anna") is None


def test_edits_cannot_be_changed_or_taken_away(log: LayerLog) -> None:
    """Edits cannot be changed or taken away."""
    with sqlite3.connect(log.file) as db:
        for statement in ("DELETE FROM edits", "UPDATE edits SET person='x'"):
            with pytest.raises(sqlite3.IntegrityError, match="stay"):
                db.execute(statement)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from("ab"), st.sampled_from(["undo", "redo", "p1", "p2", "p3"]), st.integers(0, 9)),
        max_size=25,
    )
)
def test_a_layer_is_the_same_however_it_is_read(tmp_path_factory: pytest.TempPathFactory, steps: list) -> None:
    """A layer is the same however it is read."""
    folder = tmp_path_factory.mktemp("log")
    log = LayerLog(folder)
    for person, what, value in steps:
        if what in ("undo", "redo"):
            with suppress(ConflictError):
                log.undo("A", "x", person, again=what == "redo")
        else:
            log.add("A", "x", person, "set", {what: PICK | {"depth_m": value} if value else None})
        log.layer("A", "x")  # read at every step, against once at the end
    # A plain fold, written for the test: edits that count, one after the other.
    out = {e.target for e in log.edits("A", "x") if e.kind == "undo"}
    last = {e.target: e.kind for e in log.edits("A", "x") if e.target is not None}
    undone = {n for n in out if last[n] == "undo"}
    truth: dict = {}
    for edit in log.edits("A", "x"):
        if edit.target is None and edit.id not in undone:
            for item, fields in edit.items.items():
                truth.pop(item, None) if fields is None else truth.setdefault(item, {}).update(fields)
    assert log.layer("A", "x").items == truth
    assert LayerLog(folder).layer("A", "x").items == truth


def test_tables(log: LayerLog) -> None:
    """Tables."""
    log.add("A", "anna", "anna", "accept", {"p2": {"status": "accepted", "note": "clear"}})
    span = {"kind": "interpreted", "class": "bedding", "top_m": 0.0, "base_m": 9.0}
    log.add("A", "anna", "anna", "complete", {"i1": span})
    layer = log.layer("A", "anna")
    table = layer.picks("A-1")
    assert table[["well", "depth_m", "status", "id", "note"]].to_numpy().tolist() == [
        ["A-1", 5.0, "proposed", "p1", ""],
        ["A-1", 6.0, "accepted", "p2", "clear"],
    ]
    picks, intervals = layer.reviewed("A-1")
    assert picks["depth_m"].tolist() == [6.0]
    # Beds are complete; nobody said so of fractures, so nothing is learnt from there being none.
    assert intervals.to_numpy().tolist() == [
        ["A-1", "interpreted", "bedding", 0.0, 9.0],
        ["A-1", "interpreted", "fracture", 0.0, 0.0],
    ]


def _edit(folder: str, person: str, count: int) -> None:
    log = LayerLog(Path(folder))
    for n in range(count):
        log.add("A", "x", person, "add", {f"p{person}{n}": PICK | {"depth_m": float(n)}})


@pytest.mark.process
def test_processes_write_beside_each_other(tmp_path: Path) -> None:
    """Processes write beside each other."""
    spawn = multiprocessing.get_context("spawn")
    writers = [spawn.Process(target=_edit, args=(str(tmp_path), person, 40)) for person in "abc"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
        assert writer.exitcode == 0
    assert len(LayerLog(tmp_path).layer("A", "x").items) == 120


@pytest.mark.process
def test_what_was_acknowledged_survives_a_kill(tmp_path: Path) -> None:
    """What was acknowledged survives a kill."""
    program = """
        import sys
        from pathlib import Path
        from geobfdt.wells.layers import LayerLog
        log = LayerLog(Path(sys.argv[1]))
        for n in range(10**6):
            log.add("A", "x", "anna", "add", {f"p{n}": {"depth_m": float(n), "class": "bedding"}})
            print(n, flush=True)
    """
    command = [sys.executable, "-c", textwrap.dedent(program), str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        for line in process.stdout:
            if int(line) == 50:
                os.kill(process.pid, signal.SIGKILL)
        last = int(line)
    assert set(LayerLog(tmp_path).layer("A", "x").items) >= {f"p{n}" for n in range(last + 1)}


def test_a_full_disk_is_told_in_one_line_and_loses_nothing(log: LayerLog, monkeypatch: pytest.MonkeyPatch) -> None:
    """The database is not let grow: the edit is refused, what was there stays, and later there is room again."""
    opened = database.open_database

    @contextmanager
    def full(file: Path) -> Iterator[sqlite3.Connection]:
        with opened(file) as db:
            (pages,) = db.execute("PRAGMA page_count").fetchone()
            db.execute(f"PRAGMA max_page_count={pages}")
            yield db

    before = dict(log.layer("A", "anna").items)
    large = {f"p{n}": PICK for n in range(1000)}
    with monkeypatch.context() as patch:
        patch.setattr(database, "open_database", full)
        with pytest.raises(InputError, match=r"full.*free some space"):
            log.add("A", "anna", "anna", "join", large)
        assert log.layer("A", "anna").items == before
    log.add("A", "anna", "anna", "join", large)
    assert len(LayerLog(log.file.parent).layer("A", "anna").items) == 1000


def _open_all(folders: list[str], together: Barrier) -> None:
    for folder in folders:
        together.wait()
        LayerLog(Path(folder))


@pytest.mark.process
def test_a_new_log_may_be_opened_by_several_at_once(tmp_path: Path) -> None:
    """SQLite refuses one of two that switch its journal at once, without waiting: 100 logs, four processes each."""
    folders = [tmp_path / str(n) for n in range(100)]
    for folder in folders:
        folder.mkdir()
    spawn = multiprocessing.get_context("spawn")
    together = spawn.Barrier(4, timeout=60)
    people = [spawn.Process(target=_open_all, args=([str(f) for f in folders], together)) for _ in range(4)]
    for person in people:
        person.start()
    for person in people:
        person.join()
    assert [person.exitcode for person in people] == [0] * 4


def test_a_file_that_is_no_log_is_refused_in_one_line(tmp_path: Path) -> None:
    """A file that is no log is refused in one line."""
    (tmp_path / DATABASE).write_bytes(b"not a database, but long enough to look like one" * 40)
    with pytest.raises(InputError, match="not a database"):
        LayerLog(tmp_path)


def test_a_clock_that_goes_back_changes_nothing(log: LayerLog, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was written last counts, and is undone first, whatever the time is said to be."""
    for hour, depth in enumerate((1.0, 2.0, 3.0)):
        monkeypatch.setattr("geobfdt.wells.layers.time.time", lambda hour=hour: 1e9 - 3600 * hour)
        log.add("A", "x", "anna", "edit", {"p1": PICK | {"depth_m": depth}})
    assert log.layer("A", "x").items["p1"]["depth_m"] == 3.0
    assert log.undo("A", "x", "anna") is not None
    assert log.layer("A", "x").items["p1"]["depth_m"] == 2.0


def test_names_that_nobody_used_are_not_kept(log: LayerLog) -> None:
    """Who asks for a million layers that are not there does not fill the memory."""
    for number in range(50):
        assert not log.layer("A", f"none {number}").items
    assert len(log._layers) <= 1
