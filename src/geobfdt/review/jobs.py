"""Work that takes longer than a request: a queue that outlives the server, worked off one piece at a time."""

from __future__ import annotations

import errno
import json
import multiprocessing
import multiprocessing.connection
import multiprocessing.process
import os
import resource
import shutil
import signal
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from geobfdt.wells.database import opened, prepare, writing
from geobfdt.wells.findings import InputError
from geobfdt.wells.lock import held

__all__ = ["LEAST", "FullError", "Job", "Jobs", "Kind", "Parameters", "Report"]

LEAST = 200 << 20  # bytes that stay free on the field's disk

_KEPT = 100  # finished jobs that are still told of
_GRACE = 60.0  # s beyond its processor time that a job may take
_TRIES = 3  # times that a job may be under way when the server ends
_MOST = 500  # jobs that may wait
_WORK = "work"  # folder of what jobs under way leave
_PAUSE = 2.0  # s between looks for work that another server of this field queued, or left behind

_SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs (
  number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE NOT NULL, at REAL NOT NULL, kind TEXT NOT NULL,
  what TEXT NOT NULL, parameters TEXT NOT NULL, state TEXT NOT NULL, tries INTEGER NOT NULL, message TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS jobs_by_state ON jobs (state, number);
"""

Parameters = dict[str, Any]
Report = Callable[[float], None]


class FullError(Exception):
    """So many jobs wait that no more are taken."""


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
    limited : callable, optional
        For what reads what a stranger sent: seconds of processor time that it may take, by its parameters. Its
        memory, and what it writes, are limited, too.
    """

    function: Callable[..., None]
    given: tuple[Any, ...] = ()
    then: Callable[[str, Parameters, Path], None] = lambda _id, _parameters, _folder: None
    after: Callable[[Parameters], None] = lambda _parameters: None
    limited: Callable[[Parameters], float] | None = None


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
        ``waiting``, ``running``, ``done`` or ``failed``.
    share : float
        Done so far, 0 to 1.
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

    def told(self) -> dict[str, Any]:
        """What the screen is told."""
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
        Processor time that a limited job may use at most.
    memory : int
        Bytes of memory that a limited job may use.

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
    ) -> None:
        self.folder, self.kinds, self.seconds, self.memory = folder, kinds, seconds, memory
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
                "DELETE FROM jobs WHERE state IN ('done', 'failed') AND number NOT IN "
                "(SELECT number FROM jobs WHERE state IN ('done', 'failed') ORDER BY number DESC LIMIT ?)",
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
        return self._read("WHERE state IN ('waiting', 'running')")

    def working(self) -> bool:
        """Whether what works them off is alive, here."""
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
            Job(name, kind, what, json.loads(text), state, self._share(name, state), message)
            for name, kind, what, text, state, message in rows
        ]

    def _share(self, name: str, state: str) -> float:
        return 1.0 if state == "done" else self._shares.get(name, 0.0)

    def _work(self) -> None:
        while not self._closed.is_set():
            try:
                with held(self.folder, by="server"):
                    self._recover()
                    while not self._closed.is_set():
                        if (job := self._next()) is None:
                            self._woken.wait(_PAUSE)
                            self._woken.clear()
                        else:
                            self._do(job)
            except InputError:  # another server works, or the disk is full: look again
                self._closed.wait(_PAUSE)

    def _recover(self) -> None:
        """What was under way when a server was killed waits again, unless it seems to be what kills it."""
        shutil.rmtree(self.folder / _WORK, ignore_errors=True)
        with writing(self.file) as db:
            db.execute(
                "UPDATE jobs SET state='failed', message='the server ended during it, three times' "
                "WHERE state='running' AND tries>=?",
                (_TRIES,),
            )
            db.execute("UPDATE jobs SET state='waiting' WHERE state='running'")

    def _next(self) -> Job | None:
        waiting = self._read("WHERE state='waiting' ORDER BY number LIMIT 1")
        if not waiting:
            return None
        with writing(self.file) as db:
            db.execute("UPDATE jobs SET state='running', tries=tries+1 WHERE id=?", (waiting[0].id,))
        return waiting[0]

    def _do(self, job: Job) -> None:
        folder = self.folder / _WORK / job.id
        state, message = "done", ""
        kind = self.kinds.get(job.kind)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if kind is None:
                raise ValueError(f"this version does not know jobs of kind {job.kind!r}")
            self._run(job, kind, folder)
            kind.then(job.id, job.parameters, folder)
        except Exception as error:  # whatever it was: the next job has to run, and this one's line to be read
            state, message = "failed", _line(error)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            if kind is not None and not self._closed.is_set():
                kind.after(job.parameters)
        with writing(self.file) as db:
            if state == "failed" and self._closed.is_set():
                db.execute("UPDATE jobs SET state='waiting', tries=tries-1 WHERE id=?", (job.id,))
            else:
                db.execute("UPDATE jobs SET state=?, message=? WHERE id=?", (state, message, job.id))

    def _run(self, job: Job, kind: Kind, folder: Path) -> None:
        ours, theirs = self._processes.Pipe(duplex=False)
        size = shutil.disk_usage(self.folder).free - LEAST
        limits = None
        if kind.limited is not None:
            if size < 0:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            limits = (int(min(self.seconds, kind.limited(job.parameters))), self.memory, size)
        arguments = (*kind.given, job.parameters, str(folder))
        child = self._processes.Process(target=_child, args=(theirs, kind.function, arguments, limits), daemon=True)
        child.start()
        self._child = child
        theirs.close()
        try:
            while True:
                if not ours.poll(limits[0] + _GRACE if limits else None):
                    raise TimeoutError("took too long")
                said, value = ours.recv()
                if said == "progress":
                    self._shares[job.id] = float(value)
                elif said == "failed":
                    raise RuntimeError(value)
                else:
                    return
        except EOFError as error:
            child.join()
            slow = limits is not None and child.exitcode in (-signal.SIGXCPU, -signal.SIGKILL)
            cause = "took more time than it may" if slow else f"ended without a word (status {child.exitcode})"
            raise RuntimeError(f"{job.what}: {cause}") from error
        finally:
            ours.close()
            child.join(0.1)
            if child.is_alive():
                child.kill()
            child.join()
            self._child = None


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
