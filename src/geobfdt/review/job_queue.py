"""A queue of jobs on disk, for work that takes longer than a request; one job runs at a time."""

from __future__ import annotations

import errno
import json
import logging
import mmap
import multiprocessing
import multiprocessing.connection
import multiprocessing.process
import os
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

from geobfdt.runtime.database import create_database, open_database, transaction
from geobfdt.runtime.findings import InputError
from geobfdt.runtime.locks import folder_lock

try:
    import resource
except ImportError:
    # Windows has no limits for a process.
    resource = None  # type: ignore[assignment]

__all__ = [
    "DEFAULT_LIMITS",
    "FINAL_STATES",
    "MIN_FREE_BYTES",
    "BusyError",
    "Job",
    "JobKind",
    "JobQueue",
    "Parameters",
    "QueueLimits",
]

# This many bytes stay free on the disk of the field.
MIN_FREE_BYTES = 200 << 20
# A job does not leave these states.
FINAL_STATES = ("done", "failed", "cancelled")

# The queue remembers this many ended jobs.
_MAX_ENDED_JOBS = 100
# A job that was running this many times when the server ended has failed.
_MAX_TRIES = 3
# Name of the folder in which running jobs write.
_WORK_FOLDER = "work"
# The worker checks this often whether a running job is cancelled, or uses too much time or memory.
_WATCH_POLL_S = 0.5
# A job may run this much longer than its limit, which counts processor time where it can.
_OVERRUN_S = 60.0
# The pause between two tries after failures grows up to this.
_MAX_PAUSE_S = 60.0
# These errors come from the state of the machine, not from the job.
_TRANSIENT_ERRORS = (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN, errno.EINTR)

# A process that the system ends at one of its limits leaves such an exit code.
_LIMIT_EXIT_CODES = tuple(-getattr(signal, name) for name in ("SIGXCPU", "SIGKILL") if hasattr(signal, name))

_log = logging.getLogger(__name__)

_SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs (
  number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE NOT NULL, at REAL NOT NULL, kind TEXT NOT NULL,
  what TEXT NOT NULL, parameters TEXT NOT NULL, state TEXT NOT NULL, tries INTEGER NOT NULL, message TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS jobs_by_state ON jobs (state, number);
"""

Parameters = dict[str, Any]


class BusyError(Exception):
    """Too many jobs wait, or too many requests compute at the same time."""


@dataclass(frozen=True)
class JobKind:
    """
    A kind of job.

    Parameters
    ----------
    function : callable
        Does the work in another process, which imports it from its module. It takes `common_arguments`, the parameters
        of the job, a working folder that is deleted afterwards, and a callable for its progress.
    common_arguments : tuple
        Arguments of all jobs of this kind.
    on_success : callable
        Called in the server when the job has succeeded, with its id, its parameters and its working folder.
    on_end : callable
        Called in the server at the end of every job, with its parameters.
    time_limit_s : callable
        Returns the seconds that a job may take, from its parameters.
    untrusted : bool
        Whether the job reads an uploaded file. Then the kernel limits its processor time, its memory and what it
        writes, and the output of libraries is dropped. Otherwise the server watches time and memory.
    """

    function: Callable[..., None]
    common_arguments: tuple[Any, ...] = ()
    on_success: Callable[[str, Parameters, Path], None] = lambda _id, _parameters, _folder: None
    on_end: Callable[[Parameters], None] = lambda _parameters: None
    time_limit_s: Callable[[Parameters], float] = lambda _parameters: 3600.0
    untrusted: bool = False


@dataclass(frozen=True)
class Job:
    """
    One job.

    Parameters
    ----------
    id, kind, what : str
        Its name, its kind, and a description for people.
    parameters : dict
        Arguments of this job.
    state : str
        ``waiting``, ``running``, ``done``, ``failed`` or ``cancelled``.
    share : float
        Finished share, 0 to 1.
    message : str
        Why it failed, in one line.
    """

    id: str
    kind: str
    what: str
    parameters: Parameters
    state: str
    share: float
    message: str

    def as_json(self) -> dict[str, Any]:
        """Return the job as the API describes it."""
        return {"id": self.id, "what": self.what, "state": self.state, "share": self.share, "message": self.message}


@dataclass(frozen=True)
class QueueLimits:
    """
    Limits of a queue.

    Parameters
    ----------
    job_s : float
        Processor time that an untrusted job of no limit of its own may use (s).
    job_bytes : int
        Memory that a job may use.
    waiting_jobs : int
        Number of jobs that may wait.
    poll_s : float
        The worker looks this often for jobs that another server of the folder queued or left behind (s).
    give_up_s : float
        The worker ends after failures without a success for this long (s).
    """

    job_s: float = 1200.0
    job_bytes: int = 8 << 30
    waiting_jobs: int = 500
    poll_s: float = 2.0
    give_up_s: float = 600.0


DEFAULT_LIMITS = QueueLimits()


class JobQueue:
    """
    A queue of jobs on disk.

    Parameters
    ----------
    folder : Path
        Folder of the queue; it is made if missing. If several servers share a folder, one of them runs the jobs.
    kinds : mapping of str to Kind
        The kinds of jobs.
    preload : sequence of str
        Modules that most jobs need.
    limits : QueueLimits
        Time, memory and number of jobs.
    runs_jobs : bool
        Whether this process may run the jobs; if not, it leaves them to another server that shares the folder.
    on_fatal : callable, optional
        Called when the worker gives up.

    Notes
    -----
    A job that was running when a server was killed starts again with the next server; after the third time it has
    failed.

    Raises
    ------
    InputError
        If the queue cannot be written.
    """

    def __init__(
        self,
        folder: Path,
        kinds: Mapping[str, JobKind],
        preload: Sequence[str] = (),
        *,
        limits: QueueLimits = DEFAULT_LIMITS,
        runs_jobs: bool = True,
        on_fatal: Callable[[], None] = lambda: None,
    ) -> None:
        self.folder, self.kinds, self.limits, self.on_fatal = folder, kinds, limits, on_fatal
        # Why jobs are not processed at the moment; None if they are.
        self.problem: str | None = None
        self.file = folder / "jobs.sqlite"
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(folder, f"cannot be made: {error.strerror}", "make the field writable") from error
        create_database(self.file, _SCHEMA)
        # The fork server has imported the libraries and does nothing else, so that its copies start at once.
        self._processes: Any = multiprocessing.get_context(_start_method())
        self._processes.set_forkserver_preload(list(preload))
        self._shares: dict[str, float] = {}
        self._child: multiprocessing.process.BaseProcess | None = None
        self._woken, self._closed = threading.Event(), threading.Event()
        self._worker = threading.Thread(target=self._work, daemon=True) if runs_jobs else None
        if self._worker is not None:
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
            If it cannot be written to the disk.
        """
        _ = self.kinds[kind]
        if len(self.waiting()) >= self.limits.waiting_jobs:
            raise BusyError(f"{self.limits.waiting_jobs} jobs wait already; ask again when some are done")
        name = uuid.uuid4().hex[:12]
        with transaction(self.file) as db:
            db.execute(
                "INSERT INTO jobs (id, at, kind, what, parameters, state, tries, message) "
                "VALUES (?, ?, ?, ?, ?, 'waiting', 0, '')",
                (name, time.time(), kind, what, json.dumps(parameters)),
            )
            db.execute(
                f"DELETE FROM jobs WHERE state IN {FINAL_STATES} AND number NOT IN "  # noqa: S608
                f"(SELECT number FROM jobs WHERE state IN {FINAL_STATES} ORDER BY number DESC LIMIT ?)",
                (_MAX_ENDED_JOBS,),
            )
        self._woken.set()
        return self.get(name)

    def get(self, job: str) -> Job:
        """
        Return a job.

        Raises
        ------
        KeyError
            If there is none.
        """
        for match in self._read("WHERE id=?", job):
            return match
        raise KeyError(job)

    def all(self) -> list[Job]:
        """Return all jobs; the newest is the last."""
        return self._read("ORDER BY number")

    def waiting(self) -> list[Job]:
        """Return the jobs that have not ended."""
        return self._read(f"WHERE state NOT IN {FINAL_STATES}")

    def cancel(self, job: str) -> Job:
        """
        End a job that waits or runs; a job that has ended, or whose result is being stored, does not change.

        Raises
        ------
        KeyError
            If there is none.
        InputError
            If it cannot be written to the disk.
        """
        entry = self.get(job)
        if self._move(job, "waiting", "cancelled"):
            if entry.kind in self.kinds:
                self.kinds[entry.kind].on_end(entry.parameters)
        else:
            # The server that runs the job ends it, and cleans up.
            self._move(job, "running", "cancelled")
        return self.get(job)

    def working(self) -> bool:
        """Return whether the worker thread of this process is alive."""
        return self._worker is not None and self._worker.is_alive()

    def close(self) -> None:
        """Stop; a running job waits for the next server, and this try does not count."""
        self._closed.set()
        self._woken.set()
        if (child := self._child) is not None:
            child.kill()
        if self._worker is not None:
            self._worker.join()

    def _read(self, where: str, *values: Any) -> list[Job]:
        with open_database(self.file) as db:
            query = f"SELECT id, kind, what, parameters, state, message FROM jobs {where}"  # noqa: S608
            rows = db.execute(query, values).fetchall()
        return [
            Job(name, kind, what, json.loads(text), _public_state(state), self._share(name, state), message)
            for name, kind, what, text, state, message in rows
        ]

    def _share(self, name: str, state: str) -> float:
        return 1.0 if state == "done" else self._shares.get(name, 0.0)

    def _work(self) -> None:
        failing_since: float | None = None
        pause = self.limits.poll_s
        while not self._closed.is_set():
            try:
                with folder_lock(self.folder, by="server"):
                    self._recover()
                    while not self._closed.is_set():
                        job = self._next()
                        failing_since, pause, self.problem = None, self.limits.poll_s, None
                        if job is None:
                            self._woken.wait(self.limits.poll_s)
                            self._woken.clear()
                        else:
                            self._process(job)
            except Exception as error:
                # Any error may be temporary; if the thread ended, no job would run again.
                if isinstance(error, InputError) and self._is_locked(error):
                    failing_since, self.problem = None, None
                    self._closed.wait(self.limits.poll_s)
                    continue
                now = time.monotonic()
                failing_since = now if failing_since is None else failing_since
                self.problem = _error_line(error)
                _log.warning("jobs are not processed: %s; trying again in %.0f s", self.problem, pause)
                if now - failing_since > self.limits.give_up_s:
                    _log.error("jobs have not been processed for %.0f s: the server ends", now - failing_since)
                    self.on_fatal()
                    return
                self._closed.wait(pause)
                pause = min(2 * pause, _MAX_PAUSE_S)

    @staticmethod
    def _is_locked(error: InputError) -> bool:
        """Return whether another server runs the jobs of this field, which is no error."""
        return isinstance(error.__cause__, BlockingIOError)

    def _recover(self) -> None:
        """Let jobs wait again that were running when a server was killed; after three times they have failed."""
        shutil.rmtree(self.folder / _WORK_FOLDER, ignore_errors=True)
        with transaction(self.file) as db:
            db.execute(
                "UPDATE jobs SET state='failed', message='the server ended during it, three times' "
                "WHERE state IN ('running', 'keeping') AND tries>=?",
                (_MAX_TRIES,),
            )
            db.execute("UPDATE jobs SET state='waiting' WHERE state IN ('running', 'keeping')")

    def _next(self) -> Job | None:
        waiting = self._read("WHERE state='waiting' ORDER BY number LIMIT 1")
        if not waiting or not self._move(waiting[0].id, "waiting", "running", "tries=tries+1"):
            return None
        return waiting[0]

    def _move(self, job: str, before: str, after: str, also: str = "tries=tries") -> bool:
        """Move a job from one state to another, and return whether it was in the first."""
        with transaction(self.file) as db:
            query = f"UPDATE jobs SET state=?, {also} WHERE id=? AND state=?"  # noqa: S608
            return db.execute(query, (after, job, before)).rowcount == 1

    def _process(self, job: Job) -> None:
        work_folder = self.folder / _WORK_FOLDER / job.id
        state, message = "done", ""
        kind = self.kinds.get(job.kind)
        try:
            work_folder.mkdir(parents=True, exist_ok=True)
            if kind is None:
                raise ValueError(f"this version does not know jobs of kind {job.kind!r}")
            self._run(job, kind, work_folder)
            # From this state on the job cannot be cancelled.
            if self._move(job.id, "running", "keeping"):
                kind.on_success(job.id, job.parameters, work_folder)
        except Exception as error:
            # Any error ends this job with a message, so that the next job runs.
            if isinstance(error, OSError) and error.errno in _TRANSIENT_ERRORS and not self._closed.is_set():
                self._end(job, "waiting", "", "tries=tries-1")
                raise
            state, message = "failed", _error_line(error)
        finally:
            shutil.rmtree(work_folder, ignore_errors=True)
        if state == "failed" and self._closed.is_set():
            self._end(job, "waiting", "", "tries=tries-1")
            return
        if kind is not None:
            kind.on_end(job.parameters)
        self._end(job, state, message)

    def _end(self, job: Job, state: str, message: str, also: str = "tries=tries") -> None:
        """Store how a job ended, and try again after errors: without that record the job would run again."""
        query = f"UPDATE jobs SET state=?, message=?, {also} WHERE id=? AND state IN ('running', 'keeping')"  # noqa: S608
        until = time.monotonic() + _MAX_PAUSE_S
        while True:
            try:
                with transaction(self.file) as db:
                    db.execute(query, (state, message, job.id))
                return
            except (InputError, OSError, sqlite3.Error) as error:
                if self._closed.is_set() or time.monotonic() > until:
                    raise
                _log.warning("the end of %s cannot be written: %s", job.what, _error_line(error))
                self._closed.wait(self.limits.poll_s)

    def _run(self, job: Job, kind: JobKind, folder: Path) -> None:
        size = shutil.disk_usage(self.folder).free - MIN_FREE_BYTES
        seconds = kind.time_limit_s(job.parameters)
        limits = None
        if kind.untrusted:
            if size < 0:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            seconds = min(seconds, self.limits.job_s)
            limits = (max(int(seconds), 1), self.limits.job_bytes, size)
        ours, theirs = self._processes.Pipe(duplex=False)
        arguments = (*kind.common_arguments, job.parameters, str(folder))
        child = self._processes.Process(
            target=_run_in_child, args=(theirs, kind.function, arguments, limits), daemon=True
        )
        try:
            child.start()
            self._child = child
            theirs.close()
            self._watch(job, child, ours, seconds, limits is not None)
        finally:
            ours.close()
            theirs.close()
            # A process that never started raises these errors.
            with suppress(AssertionError, ValueError):
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
        """Wait for the end of a job, and kill it if it is cancelled or uses too much time or memory."""
        until = time.monotonic() + seconds + (_OVERRUN_S if counted else 0.0)
        checked = -_WATCH_POLL_S
        while True:
            if (now := time.monotonic()) - checked >= _WATCH_POLL_S:
                checked = now
                if now > until:
                    raise RuntimeError(f"{job.what}: took more time than it may")
                if _memory_in_use(child.pid) > self.limits.job_bytes:
                    raise RuntimeError(f"{job.what}: took more memory than it may")
                if self._is_cancelled(job):
                    raise RuntimeError("cancelled")
            if not pipe.poll(_WATCH_POLL_S):
                continue
            try:
                event, value = pipe.recv()
            except EOFError as error:
                child.join()
                slow = counted and child.exitcode in _LIMIT_EXIT_CODES
                cause = "took more time than it may" if slow else f"ended without a message (status {child.exitcode})"
                raise RuntimeError(f"{job.what}: {cause}") from error
            if event == "progress":
                self._shares[job.id] = float(value)
            elif event == "failed":
                raise RuntimeError(value)
            else:
                return

    def _is_cancelled(self, job: Job) -> bool:
        """Return whether a job was cancelled, here or in another server; False if the database cannot be read."""
        with suppress(InputError, sqlite3.Error, OSError), open_database(self.file) as db:
            row = db.execute("SELECT state FROM jobs WHERE id=?", (job.id,)).fetchone()
            return row is not None and row[0] == "cancelled"
        return False


def _run_in_child(
    pipe: multiprocessing.connection.Connection,
    function: Callable[..., None],
    arguments: tuple[Any, ...],
    limits: tuple[int, int, int] | None,
) -> None:
    try:
        if limits is not None and resource is None:
            pipe.send(("failed", "this system cannot limit a process; read the file with geobfdt ingest"))
            return
        if limits is not None:
            # Libraries print text from uploaded files, which does not belong in the log of the server.
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            seconds, memory, size = limits
            _set_limit(resource.RLIMIT_CPU, seconds, seconds + 5)
            _set_limit(resource.RLIMIT_AS, memory, memory)
            _set_limit(resource.RLIMIT_FSIZE, size, size)
        function(*arguments, lambda share, _text="": pipe.send(("progress", share)))
        pipe.send(("done", None))
    except MemoryError:
        pipe.send(("failed", "took more memory than it may"))
    except Exception as error:
        # The message of any error goes to the person who queued the job.
        pipe.send(("failed", _error_line(error)))


def _start_method() -> str:
    """Return how processes are started: by a fork server, or anew, which takes longer, where there is none."""
    return "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"


def _public_state(state: str) -> str:
    """Return the state for the API, where a job whose result is being stored still runs."""
    return "running" if state == "keeping" else state


def _memory_in_use(process: int | None) -> int:
    """Return the memory of a process in bytes; 0 if the system does not say."""
    try:
        pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return 0
    return pages * int(mmap.PAGESIZE)


def _set_limit(what: int, soft: int, hard: int) -> None:
    """Limit a resource of this process, never above a limit that it has already."""
    most = resource.getrlimit(what)[1]
    if most != resource.RLIM_INFINITY:
        soft, hard = min(soft, most), min(hard, most)
    resource.setrlimit(what, (soft, hard))


def _error_line(error: Exception) -> str:
    """Describe an error in one line, without folders of this machine, which a client must not learn."""
    if isinstance(error, InputError):
        return error.apart()
    if isinstance(error, RuntimeError | TimeoutError):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
