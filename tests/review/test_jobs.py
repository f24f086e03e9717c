"""The queue outlives its server: what waited is done, what was under way is begun anew, what kills it is given up."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from geobfdt.review import jobs as jobs_module
from geobfdt.review.jobs import ENDED, Job, Jobs, Kind
from geobfdt.wells.findings import InputError

WORK = """
import os
import time
from pathlib import Path

import numpy as np

from geobfdt.wells.findings import InputError


def hungry(parameters, folder, report):
    report(0.1)
    np.ones((1 << 34) // 8)  # 16 GiB


def spinning(parameters, folder, report):
    report(0.1)
    while True:
        pass


def swelling(parameters, folder, report):
    kept = []
    while True:
        kept.append(np.ones(1 << 20))  # 8 MiB
        time.sleep(0.01)


def small(parameters, folder, report):
    report(0.5)
    (Path(folder) / "out").write_text(parameters["text"])


def wrong(parameters, folder, report):
    raise InputError("/secret/place/a.dlis", "bent", "mend it")


def faulty(parameters, folder, report):
    raise KeyError("ours")


def slow(parameters, folder, report):
    with open(parameters["begun"], "a") as stream:
        stream.write("x")
    while not os.path.exists(parameters["until"]):
        time.sleep(0.02)
"""


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Functions for jobs, where child processes find them."""
    (tmp_path / "drawn_work.py").write_text(WORK)
    monkeypatch.syspath_prepend(tmp_path)  # children look where we do
    sys.modules.pop("drawn_work", None)
    import drawn_work  # type: ignore[import-not-found]

    return drawn_work


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[list[Jobs]]:
    """Queues to close in the end."""
    queues: list[Jobs] = []
    yield queues
    for queue in queues:
        queue.close()


def ended(queue: Jobs, *jobs: Job) -> list[Job]:
    """The same when all have ended."""
    for _ in range(600):
        now = [queue.get(job.id) for job in jobs]
        if all(job.state in ENDED for job in now):
            return now
        time.sleep(0.1)
    raise AssertionError([job.state for job in now])


def test_a_job_that_takes_too_much_is_ended_and_the_next_one_runs(
    work: Any, tmp_path: Path, opened: list[Jobs]
) -> None:
    """Memory, then time; what stands behind them in the queue has its turn."""
    got: list[str] = []
    kinds = {
        "hungry": Kind(work.hungry, seconds=lambda _: 4.0, untrusted=True),
        "spinning": Kind(work.spinning, seconds=lambda _: 4.0, untrusted=True),
        "small": Kind(work.small, then=lambda _id, _parameters, folder: got.append((folder / "out").read_text())),
    }
    queue = Jobs(tmp_path / "q", kinds, memory=4 << 30)
    opened.append(queue)
    asked = [queue.add(kind, kind, {"text": "seven"}) for kind in kinds]
    first, second, third = ended(queue, *asked)
    assert (first.state, first.message, first.share) == ("failed", "took more memory than it may", 0.1)
    assert (second.state, second.message, second.share) == ("failed", "spinning: took more time than it may", 0.1)
    assert (third.state, third.message, third.share) == ("done", "", 1.0)
    assert got == ["seven"]


def test_every_job_has_an_end(work: Any, tmp_path: Path, opened: list[Jobs], monkeypatch: pytest.MonkeyPatch) -> None:
    """One that reads nothing of a stranger's, too: the server watches its time and its memory."""
    kinds = {
        "spinning": Kind(work.spinning, seconds=lambda _: 1.0),
        "swelling": Kind(work.swelling, seconds=lambda _: 60.0),
        "small": Kind(work.small),
    }
    queue = Jobs(tmp_path / "q", kinds, memory=300 << 20)
    opened.append(queue)
    first, second, third = ended(queue, *(queue.add(kind, kind, {"text": "x"}) for kind in kinds))
    assert (first.state, first.message) == ("failed", "spinning: took more time than it may")
    assert (second.state, second.message) == ("failed", "swelling: took more memory than it may")
    assert third.state == "done"


def test_jobs_can_be_cancelled(work: Any, tmp_path: Path, opened: list[Jobs]) -> None:
    """One under way, one that waits; what they were given is taken away, and one that has ended stays as it is."""
    taken: list[str] = []
    kinds = {
        "slow": Kind(work.slow, after=lambda p: taken.append(p["name"])),
        "small": Kind(work.small, after=lambda p: taken.append(p["name"]), then=lambda *_: taken.append("kept")),
    }
    queue = Jobs(tmp_path / "q", kinds)
    opened.append(queue)
    begun, until = tmp_path / "begun", tmp_path / "until"
    slow = queue.add("slow", "slow", {"begun": str(begun), "until": str(until), "name": "slow"})
    waits = queue.add("small", "small", {"text": "x", "name": "waits"})
    while not begun.exists():
        time.sleep(0.02)
    assert queue.cancel(waits.id).state == "cancelled"
    assert queue.cancel(slow.id).state == "cancelled"
    last = queue.add("small", "small", {"text": "x", "name": "last"})
    assert ended(queue, last)[0].state == "done"
    assert [queue.get(job.id).state for job in (slow, waits)] == ["cancelled", "cancelled"]
    assert taken == ["waits", "slow", "kept", "last"]
    assert queue.cancel(last.id).state == "done"
    with pytest.raises(KeyError):
        queue.cancel("nothing")


@pytest.mark.parametrize(
    "error",
    [sqlite3.OperationalError("unable to open database file"), OSError(24, "too many open files"), MemoryError()],
    ids=["database", "handles", "memory"],
)
def test_the_worker_outlives_what_passes(
    work: Any, tmp_path: Path, opened: list[Jobs], monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """The database cannot be opened for a while, in the worker's thread: it says so, waits, and goes on."""
    monkeypatch.setattr("geobfdt.review.jobs._PAUSE_S", 0.1)
    queue = Jobs(tmp_path / "q", {"small": Kind(work.small)})
    opened.append(queue)
    failing, usual = threading.Event(), jobs_module.opened
    failing.set()

    def fails(file: Path) -> Any:
        if failing.is_set() and threading.current_thread() is not threading.main_thread():
            raise error
        return usual(file)

    monkeypatch.setattr("geobfdt.review.jobs.opened", fails)
    job = queue.add("small", "small", {"text": "x"})
    while not queue.problem:
        time.sleep(0.02)
    assert queue.working()
    assert queue.get(job.id).state == "waiting"
    failing.clear()
    assert ended(queue, job)[0].state == "done"
    assert not queue.problem


def test_a_job_waits_while_the_machine_has_no_handles(
    work: Any, tmp_path: Path, opened: list[Jobs], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No child can be started for a moment: the job is not to blame, and is done afterwards."""
    monkeypatch.setattr("geobfdt.review.jobs._PAUSE_S", 0.1)
    usual, tries = shutil.disk_usage, iter([True, True])

    def fails(path: Path) -> Any:
        if next(tries, False):
            raise OSError(errno.EMFILE, "too many open files")
        return usual(path)

    monkeypatch.setattr("geobfdt.review.jobs.shutil.disk_usage", fails)
    queue = Jobs(tmp_path / "q", {"small": Kind(work.small)})
    opened.append(queue)
    assert ended(queue, queue.add("small", "small", {"text": "x"}))[0].state == "done"


def test_a_worker_that_cannot_go_on_says_so(
    work: Any, tmp_path: Path, opened: list[Jobs], monkeypatch: pytest.MonkeyPatch
) -> None:
    """After so long without success the server is told to leave, so that a supervisor starts it anew."""
    monkeypatch.setattr("geobfdt.review.jobs._PAUSE_S", 0.05)
    monkeypatch.setattr("geobfdt.review.jobs._GIVE_UP_S", 0.5)
    monkeypatch.setattr(Jobs, "_recover", lambda self: (_ for _ in ()).throw(sqlite3.DatabaseError("malformed")))
    left = threading.Event()
    queue = Jobs(tmp_path / "q", {"small": Kind(work.small)}, on_fatal=left.set)
    opened.append(queue)
    assert left.wait(20)
    queue._worker.join()
    assert not queue.working()


def test_what_goes_wrong_is_a_line_without_folders(work: Any, tmp_path: Path, opened: list[Jobs]) -> None:
    """Bad input, a fault of ours, a failure after the work; and in the end is called each time."""
    over: list[dict[str, Any]] = []

    def full(*_: Any) -> None:
        raise OSError("no space")

    kinds = {
        "wrong": Kind(work.wrong, after=over.append), "faulty": Kind(work.faulty, after=over.append),
        "full": Kind(work.small, then=full, after=over.append),
    }  # fmt: skip
    queue = Jobs(tmp_path / "q", kinds)
    opened.append(queue)
    told = ended(queue, *(queue.add(kind, kind, {"text": kind}) for kind in kinds))
    assert [job.message for job in told] == ["a.dlis: bent; mend it", "KeyError: 'ours'", "OSError: no space"]
    assert [one["text"] for one in over] == list(kinds)
    with pytest.raises(KeyError):
        queue.add("unknown", "", {})
    with pytest.raises(KeyError):
        queue.get("nothing")


def test_stopped_and_started_it_goes_on(work: Any, tmp_path: Path, opened: list[Jobs]) -> None:
    """A clean stop does not wait for a long job, and does not count against it: three times, and it is still done."""
    begun, until = tmp_path / "begun", tmp_path / "until"
    kinds = {"slow": Kind(work.slow), "small": Kind(work.small)}
    queue = Jobs(tmp_path / "q", kinds)
    slow = queue.add("slow", "slow", {"begun": str(begun), "until": str(until)})
    small = queue.add("small", "small", {"text": "x"})
    for count in range(1, 5):
        while not begun.exists() or len(begun.read_text()) < count:
            time.sleep(0.02)
        end = threading.Thread(target=queue.close, daemon=True)
        end.start()
        end.join(30)
        assert not end.is_alive()  # The job itself goes on until the file is there, for ever that is.
        assert [job.state for job in queue.all()] == ["waiting", "waiting"]
        queue = Jobs(tmp_path / "q", kinds)
    opened.append(queue)
    until.touch()
    assert [job.state for job in ended(queue, slow, small)] == ["done", "done"]


@pytest.mark.process
def test_a_killed_server_loses_nothing(work: Any, tmp_path: Path, opened: list[Jobs]) -> None:
    """Kill -9 with a job under way and one waiting: the next does both; killed three times, the first is given up."""
    begun, until = tmp_path / "begun", tmp_path / "until"
    script = f"""
    import sys, time
    sys.path.insert(0, {str(tmp_path)!r})
    from pathlib import Path
    import drawn_work
    from geobfdt.review.jobs import Jobs, Kind
    if __name__ == "__main__":
        queue = Jobs(Path({str(tmp_path / "q")!r}), {{"slow": Kind(drawn_work.slow), "small": Kind(drawn_work.small)}})
        if not queue.all():
            queue.add("slow", "slow", {{"begun": {str(begun)!r}, "until": {str(until)!r}}})
            queue.add("small", "small", {{"text": "x"}})
        time.sleep(60)
    """
    (tmp_path / "server.py").write_text(textwrap.dedent(script))
    for count in (1, 2, 3):
        server = subprocess.Popen([sys.executable, str(tmp_path / "server.py")], start_new_session=True)
        while not begun.exists() or len(begun.read_text()) < count:
            time.sleep(0.02)
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()
    queue = Jobs(tmp_path / "q", {"slow": Kind(work.slow), "small": Kind(work.small)})
    opened.append(queue)
    slow, small = ended(queue, *queue.all())
    assert (slow.state, slow.message) == ("failed", "the server ended during it, three times")
    assert small.state == "done"
    assert len(begun.read_text()) == 3


def test_one_server_works_and_the_next_takes_over(work: Any, tmp_path: Path, opened: list[Jobs]) -> None:
    """Two on one folder: both take orders, one works, and when it stops the other goes on."""
    begun, until = tmp_path / "begun", tmp_path / "until"
    kinds = {"slow": Kind(work.slow), "small": Kind(work.small)}
    first = Jobs(tmp_path / "q", kinds)
    slow = first.add("slow", "slow", {"begun": str(begun), "until": str(until)})
    while not begun.exists():
        time.sleep(0.02)
    second = Jobs(tmp_path / "q", kinds)
    opened.append(second)
    small = second.add("small", "small", {"text": "x"})
    assert second.get(slow.id).state == "running"  # and not begun a second time
    time.sleep(0.5)
    assert begun.read_text() == "x"
    first.close()
    until.touch()
    assert [job.state for job in ended(second, slow, small)] == ["done", "done"]


def test_a_queue_that_is_none(tmp_path: Path) -> None:
    """A damaged file, and a folder that cannot be made: one line."""
    (tmp_path / "q").mkdir()
    (tmp_path / "q" / "jobs.sqlite").write_bytes(b"not a database, but long enough to look like one" * 40)
    with pytest.raises(InputError, match="not a database"):
        Jobs(tmp_path / "q", {})
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot be made"):
        Jobs(tmp_path / "file" / "q", {})


def test_a_hundred_finished_jobs_are_remembered(work: Any, tmp_path: Path, opened: list[Jobs]) -> None:
    """The queue does not grow for ever."""
    queue = Jobs(tmp_path / "q", {"small": Kind(work.small)})
    opened.append(queue)
    with sqlite3.connect(queue.file) as db:
        rows = [(f"old{n}",) for n in range(150)]
        db.executemany("INSERT INTO jobs VALUES (NULL, ?, 0, 'small', 'old', '{}', 'done', 1, '')", rows)
    queue.add("small", "new", {"text": "x"})
    assert len([job for job in queue.all() if job.what == "old"]) == 100
    assert queue.get("old149").state == "done"


def test_a_clock_that_goes_back_changes_no_turn(
    work: Any, tmp_path: Path, opened: list[Jobs], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Jobs are done in the order in which they were asked for."""
    done: list[str] = []
    kinds = {"small": Kind(work.small, then=lambda _id, parameters, _folder: done.append(parameters["text"]))}
    monkeypatch.setattr(Jobs, "_work", lambda self: None)  # nobody works yet
    waiting = Jobs(tmp_path / "q", kinds)
    for hour, name in enumerate("abc"):
        monkeypatch.setattr("geobfdt.review.jobs.time.time", lambda hour=hour: 1e9 - 3600 * hour)
        waiting.add("small", name, {"text": name})
    waiting.close()
    monkeypatch.undo()
    monkeypatch.syspath_prepend(tmp_path)
    queue = Jobs(tmp_path / "q", kinds)
    opened.append(queue)
    ended(queue, *queue.all())
    assert done == ["a", "b", "c"]
