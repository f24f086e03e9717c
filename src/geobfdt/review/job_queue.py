"""Work that takes longer than a request: a queue that outlives the server, worked off one piece at a time."""

from __future__ import annotations

import errno
import json
import logging
import multiprocessing
import multiprocessing.connection
import multiprocessing.process
import os
import resource
import shutil
import signal
import sqlite3
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from geobfdt.runtime.database import opened, prepare, writing
from geobfdt.runtime.findings import InputError
from geobfdt.runtime.locks import held

__all__ = ["ENDED", "LEAST", "FullError", "Job", "Jobs", "Kind", "Parameters", "Report"]

LEAST = 200 << 20  # Bytes that stay free on the field's disk.
ENDED = ("done", "failed", "cancelled")  # States that a job does not leave.

_KEPT = 100  # Ended jobs that the queue remembers.
_TRIES = 3  # Times that a job may be under way when the server ends.
_MOST = 500  # Jobs that may wait.
_WORK = "work"  # Folder of what jobs under way leave.
_PAUSE_S = 2.0  # Seconds between looks for work that another server of this field queued, or left behind.
_WATCH_S = 0.5  # Seconds between looks at a job under way: its time, its memory, whether it is cancelled.
_OVERRUN_S = 60.0  # Seconds that a job may take beyond its limit, which counts processor time where it can.
_GIVE_UP_S = 600.0  # Seconds of failures without an end after which the server leaves.
_LONGEST_PAUSE_S = 60.0  # Seconds between two tries after failures.
_PASSING = (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN, errno.EINTR)  # Of this moment, not of the job.

_log = logging.getLogger(__name__)

_SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs (
  number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE NOT NULL, at REAL NOT NULL, kind TEXT NOT NULL,
  what TEXT NOT NULL, parameters TEXT NOT NULL, state TEXT NOT NULL, tries INTEGER NOT NULL, message TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS jobs_by_state ON jobs (state, number);
"""

Parameters = dict[str, Any]
Report = Callable[[float], None]


class FullError(Exception):
    """So much waits, or is being computed, that no more is taken."""


@dataclass(frozen=True)
class Kind:
    """
    What a kind of job does.

    Parameters
    ----------
    function : callable
        Of a module, so that another process finds it; takes `given`, the job's parameters, a folder to work in that
        is gone afterwards, and a callable for its progress.
    given : tuple
        What is the same for all jobs of this kind.
    then : callable
        Called in the server when it is done, with the job's id, its parameters and that folder.
    after : callable
        Called in the server in the end, with the parameters, whatever happened.
    seconds : callable
        Seconds that it may take, by its parameters.
    untrusted : bool
        Whether it reads what a stranger sent. Then the kernel limits its processor time, its memory and what it
        writes, and what libraries print is dropped. Otherwise the server watches time and memory.
    """

    function: Callable[..., None]
    given: tuple[Any, ...] = ()
    then: Callable[[str, Parameters, Path], None] = lambda _id, _parameters, _folder: None
    after: Callable[[Parameters], None] = lambda _parameters: None
    seconds: Callable[[Parameters], float] = lambda _parameters: 3600.0
    untrusted: bool = False


@dataclass(frozen=True)
class Job:
    """
    One piece of work.

    Parameters
    ----------
    id, kind, what : str
        Its name, what it does, and the same for people to read.
    parameters : dict
        Of what.
    state : str
        ``waiting``, ``running``, ``done``, ``failed`` or ``cancelled``.
    share : float
        Share that is finished, 0 to 1.
    message : str
        What went wrong, in one line.
    """

    id: str
    kind: str
    what: str
    parameters: Parameters
    state: str
    share: float
    message: str

    def as_json(self) -> dict[str, Any]:
        """Return what the API says of a job."""
        return {"id": self.id, "what": self.what, "state": self.state, "share": self.share, "message": self.message}


class Jobs:
    """
    A queue of jobs on disk.

    Parameters
    ----------
    folder : Path
        Of the queue; made if missing. Of several servers with one folder, one works.
    kinds : mapping of str to Kind
        What jobs can be asked for.
    preload : sequence of str
        Modules that most jobs need.
    seconds : float
        Processor time that a job on a stranger's file may use at most.
    memory : int
        Bytes of memory that a job may use.
    on_fatal : callable, optional
        Called when jobs cannot be worked off, and trying again has not helped for ten minutes.

    Notes
    -----
    A job that was under way when a server was killed is begun anew by the next one; after the third time it has failed.

    Raises
    ------
    InputError
        If the queue cannot be written.
    """

    def __init__(
        self,
        folder: Path,
        kinds: Mapping[str, Kind],
        preload: Sequence[str] = (),
        *,
        seconds: float = 1200.0,
        memory: int = 8 << 30,
        on_fatal: Callable[[], None] = lambda: None,
    ) -> None:
        self.folder, self.kinds, self.seconds, self.memory = folder, kinds, seconds, memory
        self.on_fatal = on_fatal
        self.problem = ""  # why jobs are not worked off just now
        self.file = folder / "jobs.sqlite"
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(folder, f"cannot be made: {error.strerror}", "make the field writable") from error
        prepare(self.file, _SCHEMA)
        # A process that has read the libraries and does nothing else: children are copies of it, there at once.
        self._processes = multiprocessing.get_context("forkserver")
        self._processes.set_forkserver_preload(list(preload))
        self._shares: dict[str, float] = {}
        self._child: multiprocessing.process.BaseProcess | None = None
        self._woken, self._closed = threading.Event(), threading.Event()
        self._worker = threading.Thread(target=self._work, daemon=True)
        self._worker.start()

    def add(self, kind: str, what: str, parameters: Parameters) -> Job:
        """
        Queue a job; it is on the disk when this returns.

        Raises
        ------
        KeyError
            If there is no such kind.
        FullError
            If too many wait.
        InputError
            If the disk does not take it.
        """
        _ = self.kinds[kind]
        if len(self.waiting()) >= _MOST:
            raise FullError(f"{_MOST} jobs wait already; ask again when some are done")
        name = uuid.uuid4().hex[:12]
        with writing(self.file) as db:
            db.execute(
                "INSERT INTO jobs (id, at, kind, what, parameters, state, tries, message) "
                "VALUES (?, ?, ?, ?, ?, 'waiting', 0, '')",
                (name, time.time(), kind, what, json.dumps(parameters)),
            )
            db.execute(
                f"DELETE FROM jobs WHERE state IN {ENDED} AND number NOT IN "  # noqa: S608
                f"(SELECT number FROM jobs WHERE state IN {ENDED} ORDER BY number DESC LIMIT ?)",
                (_KEPT,),
            )
        self._woken.set()
        return self.get(name)

    def get(self, job: str) -> Job:
        """
        Job of an id.

        Raises
        ------
        KeyError
            If there is none.
        """
        for found in self._read("WHERE id=?", job):
            return found
        raise KeyError(job)

    def all(self) -> list[Job]:
        """Jobs, the last one last."""
        return self._read("ORDER BY number")

    def waiting(self) -> list[Job]:
        """Jobs that have not ended."""
        return self._read(f"WHERE state NOT IN {ENDED}")

    def cancel(self, job: str) -> Job:
        """
        End a job that waits or is under way; of one that has ended, or whose result is being kept, nothing changes.

        Raises
        ------
        KeyError
            If there is none.
        InputError
            If the disk does not take it.
        """
        found = self.get(job)
        if self._move(job, "waiting", "cancelled"):
            if found.kind in self.kinds:
                self.kinds[found.kind].after(found.parameters)
        else:
            self._move(job, "running", "cancelled")  # The server that works ends it, and cleans up.
        return self.get(job)

    def working(self) -> bool:
        """Return whether the thread that works jobs off is alive in this process."""
        return self._worker.is_alive()

    def close(self) -> None:
        """Stop; a job that is under way waits for the next server, and this try does not count against it."""
        self._closed.set()
        self._woken.set()
        if (child := self._child) is not None:
            child.kill()
        self._worker.join()

    def _read(self, where: str, *values: Any) -> list[Job]:
        with opened(self.file) as db:
            query = f"SELECT id, kind, what, parameters, state, message FROM jobs {where}"  # noqa: S608
            rows = db.execute(query, values).fetchall()
        return [
            Job(name, kind, what, json.loads(text), _public(state), self._share(name, state), message)
            for name, kind, what, text, state, message in rows
        ]

    def _share(self, name: str, state: str) -> float:
        return 1.0 if state == "done" else self._shares.get(name, 0.0)

    def _work(self) -> None:
        failing_since: float | None = None
        pause = _PAUSE_S
        while not self._closed.is_set():
            try:
                with held(self.folder, by="server"):
                    self._recover()
                    while not self._closed.is_set():
                        job = self._next()
                        failing_since, pause, self.problem = None, _PAUSE_S, ""
                        if job is None:
                            self._woken.wait(_PAUSE_S)
                            self._woken.clear()
                        else:
                            self._do(job)
            except Exception as error:  # Whatever it is, it may pass; if the thread ended, no job ran ever again.
                if isinstance(error, InputError) and self._is_locked(error):
                    failing_since, self.problem = None, ""
                    self._closed.wait(_PAUSE_S)
                    continue
                now = time.monotonic()
                failing_since = now if failing_since is None else failing_since
                self.problem = _line(error)
                _log.warning("jobs are not worked off: %s; trying again in %.0f s", self.problem, pause)
                if now - failing_since > _GIVE_UP_S:
                    _log.error("jobs have not been worked off for %.0f s: the server ends", now - failing_since)
                    self.on_fatal()
                    return
                self._closed.wait(pause)
                pause = min(2 * pause, _LONGEST_PAUSE_S)

    @staticmethod
    def _is_locked(error: InputError) -> bool:
        """Return whether another server works on this field, which is as it should be."""
        return isinstance(error.__cause__, BlockingIOError)

    def _recover(self) -> None:
        """What was under way when a server was killed waits again, unless it seems to be what kills it."""
        shutil.rmtree(self.folder / _WORK, ignore_errors=True)
        with writing(self.file) as db:
            db.execute(
                "UPDATE jobs SET state='failed', message='the server ended during it, three times' "
                "WHERE state IN ('running', 'keeping') AND tries>=?",
                (_TRIES,),
            )
            db.execute("UPDATE jobs SET state='waiting' WHERE state IN ('running', 'keeping')")

    def _next(self) -> Job | None:
        waiting = self._read("WHERE state='waiting' ORDER BY number LIMIT 1")
        if not waiting or not self._move(waiting[0].id, "waiting", "running", "tries=tries+1"):
            return None
        return waiting[0]

    def _move(self, job: str, before: str, after: str, also: str = "tries=tries") -> bool:
        """Bring a job from one state to another; returns whether it was in the first."""
        with writing(self.file) as db:
            query = f"UPDATE jobs SET state=?, {also} WHERE id=? AND state=?"  # noqa: S608
            return db.execute(query, (after, job, before)).rowcount == 1

    def _do(self, job: Job) -> None:
        folder = self.folder / _WORK / job.id
        state, message = "done", ""
        kind = self.kinds.get(job.kind)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if kind is None:
                raise ValueError(f"this version does not know jobs of kind {job.kind!r}")
            self._run(job, kind, folder)
            if self._move(job.id, "running", "keeping"):  # From here on it cannot be cancelled.
                kind.then(job.id, job.parameters, folder)
        except Exception as error:  # Whatever it was: the next job has to run, and this one's line to be read.
            if isinstance(error, OSError) and error.errno in _PASSING and not self._closed.is_set():
                self._end(job, "waiting", "", "tries=tries-1")
                raise
            state, message = "failed", _line(error)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        if state == "failed" and self._closed.is_set():
            self._end(job, "waiting", "", "tries=tries-1")
            return
        if kind is not None:
            kind.after(job.parameters)
        self._end(job, state, message)

    def _end(self, job: Job, state: str, message: str, also: str = "tries=tries") -> None:
        """Write down how a job ended, as often as it takes: unwritten, it would be done again."""
        query = f"UPDATE jobs SET state=?, message=?, {also} WHERE id=? AND state IN ('running', 'keeping')"  # noqa: S608
        until = time.monotonic() + _LONGEST_PAUSE_S
        while True:
            try:
                with writing(self.file) as db:
                    db.execute(query, (state, message, job.id))
                return
            except (InputError, OSError, sqlite3.Error) as error:
                if self._closed.is_set() or time.monotonic() > until:
                    raise
                _log.warning("the end of %s cannot be written: %s", job.what, _line(error))
                self._closed.wait(_PAUSE_S)

    def _run(self, job: Job, kind: Kind, folder: Path) -> None:
        size = shutil.disk_usage(self.folder).free - LEAST
        seconds = kind.seconds(job.parameters)
        limits = None
        if kind.untrusted:
            if size < 0:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            seconds = min(seconds, self.seconds)
            limits = (max(int(seconds), 1), self.memory, size)
        ours, theirs = self._processes.Pipe(duplex=False)
        arguments = (*kind.given, job.parameters, str(folder))
        child = self._processes.Process(target=_child, args=(theirs, kind.function, arguments, limits), daemon=True)
        try:
            child.start()
            self._child = child
            theirs.close()
            self._watch(job, child, ours, seconds, limits is not None)
        finally:
            ours.close()
            theirs.close()
            with suppress(AssertionError, ValueError):  # It never started.
                child.join(0.1)
                if child.is_alive():
                    child.kill()
                child.join()
            self._child = None

    def _watch(
        self,
        job: Job,
        child: multiprocessing.process.BaseProcess,
        pipe: multiprocessing.connection.Connection,
        seconds: float,
        counted: bool,
    ) -> None:
        """Follow a job to its end; one that is cancelled, or takes too much, is ended."""
        until = time.monotonic() + seconds + (_OVERRUN_S if counted else 0.0)
        checked = -_WATCH_S
        while True:
            if (now := time.monotonic()) - checked >= _WATCH_S:
                checked = now
                if now > until:
                    raise RuntimeError(f"{job.what}: took more time than it may")
                if _resident(child.pid) > self.memory:
                    raise RuntimeError(f"{job.what}: took more memory than it may")
                if self._is_cancelled(job):
                    raise RuntimeError("cancelled")
            if not pipe.poll(_WATCH_S):
                continue
            try:
                event, value = pipe.recv()
            except EOFError as error:
                child.join()
                slow = counted and child.exitcode in (-signal.SIGXCPU, -signal.SIGKILL)
                cause = "took more time than it may" if slow else f"ended without a word (status {child.exitcode})"
                raise RuntimeError(f"{job.what}: {cause}") from error
            if event == "progress":
                self._shares[job.id] = float(value)
            elif event == "failed":
                raise RuntimeError(value)
            else:
                return

    def _is_cancelled(self, job: Job) -> bool:
        """Return whether somebody, perhaps by another server, has cancelled a job; if that cannot be read, no."""
        with suppress(InputError, sqlite3.Error, OSError), opened(self.file) as db:
            row = db.execute("SELECT state FROM jobs WHERE id=?", (job.id,)).fetchone()
            return row is not None and row[0] == "cancelled"
        return False


def _child(
    pipe: multiprocessing.connection.Connection,
    function: Callable[..., None],
    arguments: tuple[Any, ...],
    limits: tuple[int, int, int] | None,
) -> None:
    try:
        if limits is not None:
            # What libraries say of a stranger's file, in the stranger's own words, is not for the server's log.
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            seconds, memory, size = limits
            _bound(resource.RLIMIT_CPU, seconds, seconds + 5)
            _bound(resource.RLIMIT_AS, memory, memory)
            _bound(resource.RLIMIT_FSIZE, size, size)
        function(*arguments, lambda share: pipe.send(("progress", share)))
        pipe.send(("done", None))
    except MemoryError:
        pipe.send(("failed", "took more memory than it may"))
    except Exception as error:  # a fault of ours, too: told to whoever asked, not printed where nobody looks
        pipe.send(("failed", _line(error)))


def _public(state: str) -> str:
    """State that the API names: whose result is being kept still runs."""
    return "running" if state == "keeping" else state


def _resident(process: int | None) -> int:
    """Bytes of memory that a process has in use; 0 where the system does not say."""
    try:
        pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return 0
    return pages * resource.getpagesize()


def _bound(what: int, soft: int, hard: int) -> None:
    """Limit this process, never beyond what it is limited to already."""
    most = resource.getrlimit(what)[1]
    if most != resource.RLIM_INFINITY:
        soft, hard = min(soft, most), min(hard, most)
    resource.setrlimit(what, (soft, hard))


def _line(error: Exception) -> str:
    """An error in a line; without folders, which who asks from elsewhere need not know."""
    if isinstance(error, InputError):
        return error.apart()
    if isinstance(error, RuntimeError | TimeoutError):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
