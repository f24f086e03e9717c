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
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from geobfdt.review import job_queue as jobs_module
from geobfdt.review.job_queue import FINAL_STATES, Job, JobKind, JobQueue, QueueLimits
from geobfdt.runtime.findings import InputError

WORK = """
import os
import time
from pathlib import Path

import numpy as np

from geobfdt.runtime.findings import InputError


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
def opened(tmp_path: Path) -> Iterator[list[JobQueue]]:
    """Queues to close in the end."""
    queues: list[JobQueue] = []
    yield queues
    for queue in queues:
        queue.close()


def ended(queue: JobQueue, *jobs: Job) -> list[Job]:
    """The same when all have ended."""
    for _ in range(600):
        now = [queue.get(job.id) for job in jobs]
        if all(job.state in FINAL_STATES for job in now):
            return now
        time.sleep(0.1)
    raise AssertionError([job.state for job in now])


def test_a_job_that_takes_too_much_is_ended_and_the_next_one_runs(
    work: Any, tmp_path: Path, opened: list[JobQueue]
) -> None:
    """Memory, then time; what stands behind them in the queue has its turn."""
    got: list[str] = []
    kinds = {
        "hungry": JobKind(work.hungry, time_limit_s=lambda _: 4.0, untrusted=True),
        "spinning": JobKind(work.spinning, time_limit_s=lambda _: 4.0, untrusted=True),
        "small": JobKind(
            work.small, on_success=lambda _id, _parameters, folder: got.append((folder / "out").read_text())
        ),
    }
    queue = JobQueue(tmp_path / "q", kinds, limits=QueueLimits(job_bytes=4 << 30))
    opened.append(queue)
    jobs = [queue.add(kind, kind, {"text": "seven"}) for kind in kinds]
    first, second, third = ended(queue, *jobs)
    assert (first.state, first.message, first.share) == ("failed", "took more memory than it may", 0.1)
    assert (second.state, second.message, second.share) == ("failed", "spinning: took more time than it may", 0.1)
    assert (third.state, third.message, third.share) == ("done", "", 1.0)
    assert got == ["seven"]


def test_every_job_has_an_end(
    work: Any, tmp_path: Path, opened: list[JobQueue], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that reads nothing of a stranger's, too: the server watches its time and its memory."""
    kinds = {
        "spinning": JobKind(work.spinning, time_limit_s=lambda _: 1.0),
        "swelling": JobKind(work.swelling, time_limit_s=lambda _: 60.0),
        "small": JobKind(work.small),
    }
    queue = JobQueue(tmp_path / "q", kinds, limits=QueueLimits(job_bytes=300 << 20))
    opened.append(queue)
    first, second, third = ended(queue, *(queue.add(kind, kind, {"text": "x"}) for kind in kinds))
    assert (first.state, first.message) == ("failed", "spinning: took more time than it may")
    assert (second.state, second.message) == ("failed", "swelling: took more memory than it may")
    assert third.state == "done"


def test_jobs_can_be_cancelled(work: Any, tmp_path: Path, opened: list[JobQueue]) -> None:
    """One under way, one that waits; what they were given is taken away, and one that has ended stays as it is."""
    ended_names: list[str] = []
    kinds = {
        "slow": JobKind(work.slow, on_end=lambda p: ended_names.append(p["name"])),
        "small": JobKind(
            work.small, on_end=lambda p: ended_names.append(p["name"]), on_success=lambda *_: ended_names.append("kept")
        ),
    }
    queue = JobQueue(tmp_path / "q", kinds)
    opened.append(queue)
    started, until = tmp_path / "begun", tmp_path / "until"
    slow = queue.add("slow", "slow", {"begun": str(started), "until": str(until), "name": "slow"})
    waits = queue.add("small", "small", {"text": "x", "name": "waits"})
    while not started.exists():
        time.sleep(0.02)
    assert queue.cancel(waits.id).state == "cancelled"
    assert queue.cancel(slow.id).state == "cancelled"
    last = queue.add("small", "small", {"text": "x", "name": "last"})
    assert ended(queue, last)[0].state == "done"
    assert [queue.get(job.id).state for job in (slow, waits)] == ["cancelled", "cancelled"]
    assert ended_names == ["waits", "slow", "kept", "last"]
    assert queue.cancel(last.id).state == "done"
    with pytest.raises(KeyError):
        queue.cancel("nothing")


@pytest.mark.parametrize(
    "error",
    [sqlite3.OperationalError("unable to open database file"), OSError(24, "too many open files"), MemoryError()],
    ids=["database", "handles", "memory"],
)
def test_the_worker_outlives_what_passes(
    work: Any, tmp_path: Path, opened: list[JobQueue], monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """The database cannot be opened for a while, in the worker's thread: it says so, waits, and goes on."""
    queue = JobQueue(tmp_path / "q", {"small": JobKind(work.small)}, limits=QueueLimits(poll_s=0.1))
    opened.append(queue)
    failing, open_normally = threading.Event(), jobs_module.open_database
    failing.set()

    def fails(file: Path) -> Any:
        if failing.is_set() and threading.current_thread() is not threading.main_thread():
            raise error
        return open_normally(file)

    monkeypatch.setattr("geobfdt.review.job_queue.open_database", fails)
    job = queue.add("small", "small", {"text": "x"})
    while not queue.problem:
        time.sleep(0.02)
    assert queue.working()
    assert queue.get(job.id).state == "waiting"
    failing.clear()
    assert ended(queue, job)[0].state == "done"
    assert not queue.problem


def test_a_job_waits_while_the_machine_has_no_handles(
    work: Any, tmp_path: Path, opened: list[JobQueue], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No child can be started for a moment: the job is not to blame, and is done afterwards."""
    disk_usage, tries = shutil.disk_usage, iter([True, True])

    def fails(path: Path) -> Any:
        if next(tries, False):
            raise OSError(errno.EMFILE, "too many open files")
        return disk_usage(path)

    monkeypatch.setattr("geobfdt.review.job_queue.shutil.disk_usage", fails)
    queue = JobQueue(tmp_path / "q", {"small": JobKind(work.small)}, limits=QueueLimits(poll_s=0.1))
    opened.append(queue)
    assert ended(queue, queue.add("small", "small", {"text": "x"}))[0].state == "done"


def test_a_worker_that_cannot_go_on_says_so(work: Any, tmp_path: Path, opened: list[JobQueue]) -> None:
    """After so long without success the server is told to leave, so that a supervisor starts it anew."""
    (tmp_path / "q").mkdir()
    with closing(sqlite3.connect(tmp_path / "q" / "jobs.sqlite")) as db, db:  # A foreign table: nothing can be read.
        db.execute("CREATE TABLE jobs (number INTEGER PRIMARY KEY, state TEXT)")
    gave_up = threading.Event()
    limits = QueueLimits(poll_s=0.05, give_up_s=0.5)
    queue = JobQueue(tmp_path / "q", {"small": JobKind(work.small)}, limits=limits, on_fatal=gave_up.set)
    opened.append(queue)
    assert gave_up.wait(20)
    while queue.working():
        time.sleep(0.02)


def test_what_goes_wrong_is_a_line_without_folders(work: Any, tmp_path: Path, opened: list[JobQueue]) -> None:
    """Bad input, a fault of ours, a failure after the work; and in the end is called each time."""
    over: list[dict[str, Any]] = []

    def full(*_: Any) -> None:
        raise OSError("no space")

    kinds = {
        "wrong": JobKind(work.wrong, on_end=over.append), "faulty": JobKind(work.faulty, on_end=over.append),
        "full": JobKind(work.small, on_success=full, on_end=over.append),
    }  # fmt: skip
    queue = JobQueue(tmp_path / "q", kinds)
    opened.append(queue)
    jobs = ended(queue, *(queue.add(kind, kind, {"text": kind}) for kind in kinds))
    assert [job.message for job in jobs] == ["a.dlis: bent; mend it", "KeyError: 'ours'", "OSError: no space"]
    assert [one["text"] for one in over] == list(kinds)
    with pytest.raises(KeyError):
        queue.add("unknown", "", {})
    with pytest.raises(KeyError):
        queue.get("nothing")


def test_stopped_and_started_it_goes_on(work: Any, tmp_path: Path, opened: list[JobQueue]) -> None:
    """A clean stop does not wait for a long job, and does not count against it: three times, and it is still done."""
    started, until = tmp_path / "begun", tmp_path / "until"
    kinds = {"slow": JobKind(work.slow), "small": JobKind(work.small)}
    queue = JobQueue(tmp_path / "q", kinds)
    slow = queue.add("slow", "slow", {"begun": str(started), "until": str(until)})
    small = queue.add("small", "small", {"text": "x"})
    for count in range(1, 5):
        while not started.exists() or len(started.read_text()) < count:
            time.sleep(0.02)
        end = threading.Thread(target=queue.close, daemon=True)
        end.start()
        end.join(30)
        assert not end.is_alive()  # The job itself goes on until the file is there, for ever that is.
        assert [job.state for job in queue.all()] == ["waiting", "waiting"]
        queue = JobQueue(tmp_path / "q", kinds)
    opened.append(queue)
    until.touch()
    assert [job.state for job in ended(queue, slow, small)] == ["done", "done"]


@pytest.mark.process
def test_a_killed_server_loses_nothing(work: Any, tmp_path: Path, opened: list[JobQueue]) -> None:
    """Kill -9 with a job under way and one waiting: the next does both; killed three times, the first is given up."""
    started, until = tmp_path / "begun", tmp_path / "until"
    script = f"""
    import sys, time
    sys.path.insert(0, {str(tmp_path)!r})
    from pathlib import Path
    import drawn_work
    from geobfdt.review.job_queue import JobKind, JobQueue
    if __name__ == "__main__":
        kinds = {{"slow": JobKind(drawn_work.slow), "small": JobKind(drawn_work.small)}}
        queue = JobQueue(Path({str(tmp_path / "q")!r}), kinds)
        if not queue.all():
            queue.add("slow", "slow", {{"begun": {str(started)!r}, "until": {str(until)!r}}})
            queue.add("small", "small", {{"text": "x"}})
        time.sleep(60)
    """
    (tmp_path / "server.py").write_text(textwrap.dedent(script))
    for count in (1, 2, 3):
        server = subprocess.Popen([sys.executable, str(tmp_path / "server.py")], start_new_session=True)
        while not started.exists() or len(started.read_text()) < count:
            time.sleep(0.02)
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()
    queue = JobQueue(tmp_path / "q", {"slow": JobKind(work.slow), "small": JobKind(work.small)})
    opened.append(queue)
    slow, small = ended(queue, *queue.all())
    assert (slow.state, slow.message) == ("failed", "the server ended during it, three times")
    assert small.state == "done"
    assert len(started.read_text()) == 3


def test_one_server_works_and_the_next_takes_over(work: Any, tmp_path: Path, opened: list[JobQueue]) -> None:
    """Two on one folder: both take orders, one works, and when it stops the other goes on."""
    started, until = tmp_path / "begun", tmp_path / "until"
    kinds = {"slow": JobKind(work.slow), "small": JobKind(work.small)}
    first = JobQueue(tmp_path / "q", kinds)
    slow = first.add("slow", "slow", {"begun": str(started), "until": str(until)})
    while not started.exists():
        time.sleep(0.02)
    second = JobQueue(tmp_path / "q", kinds)
    opened.append(second)
    small = second.add("small", "small", {"text": "x"})
    assert second.get(slow.id).state == "running"  # and not begun a second time
    time.sleep(0.5)
    assert started.read_text() == "x"
    first.close()
    until.touch()
    assert [job.state for job in ended(second, slow, small)] == ["done", "done"]


def test_a_queue_that_is_none(tmp_path: Path) -> None:
    """A damaged file, and a folder that cannot be made: one line."""
    (tmp_path / "q").mkdir()
    (tmp_path / "q" / "jobs.sqlite").write_bytes(b"not a database, but long enough to look like one" * 40)
    with pytest.raises(InputError, match="not a database"):
        JobQueue(tmp_path / "q", {})
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot be made"):
        JobQueue(tmp_path / "file" / "q", {})


def test_a_hundred_finished_jobs_are_remembered(work: Any, tmp_path: Path, opened: list[JobQueue]) -> None:
    """The queue does not grow for ever."""
    queue = JobQueue(tmp_path / "q", {"small": JobKind(work.small)})
    opened.append(queue)
    with sqlite3.connect(queue.file) as db:
        rows = [(f"old{n}",) for n in range(150)]
        db.executemany("INSERT INTO jobs VALUES (NULL, ?, 0, 'small', 'old', '{}', 'done', 1, '')", rows)
    queue.add("small", "new", {"text": "x"})
    assert len([job for job in queue.all() if job.what == "old"]) == 100
    assert queue.get("old149").state == "done"


def test_a_clock_that_goes_back_changes_no_turn(
    work: Any, tmp_path: Path, opened: list[JobQueue], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Jobs are done in the order in which they were asked for."""
    order: list[str] = []
    kinds = {"small": JobKind(work.small, on_success=lambda _id, parameters, _folder: order.append(parameters["text"]))}
    waiting = JobQueue(tmp_path / "q", kinds, runs_jobs=False)
    for hour, name in enumerate("abc"):
        monkeypatch.setattr("geobfdt.review.job_queue.time.time", lambda hour=hour: 1e9 - 3600 * hour)
        waiting.add("small", name, {"text": name})
    waiting.close()
    monkeypatch.undo()
    monkeypatch.syspath_prepend(tmp_path)
    queue = JobQueue(tmp_path / "q", kinds)
    opened.append(queue)
    ended(queue, *queue.all())
    assert order == ["a", "b", "c"]
