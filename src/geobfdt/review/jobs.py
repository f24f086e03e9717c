"""Work that takes longer than a request: each piece in a process of its own, one at a time, with its progress."""

from __future__ import annotations

import multiprocessing
import multiprocessing.connection
import queue
import resource
import signal
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from geobfdt.wells.findings import InputError
from geobfdt.wells.picks import write_picks

__all__ = ["Job", "Jobs", "bring_in", "pick_well"]

_KEPT = 100  # finished jobs that are still told of
_GRACE = 60.0  # s beyond its processor time that a job may take

Report = Callable[[float], None]


@dataclass
class Job:
    """
    One piece of work.

    Parameters
    ----------
    what : str
        For people to read.
    state : str
        ``waiting``, ``running``, ``done`` or ``failed``.
    share : float
        Done so far, 0 to 1.
    message : str
        What went wrong, in one line.
    result : any
        What came out.
    """

    what: str
    id: str = field(default_factory=lambda: uuid.uuid4().hex[:12])
    state: str = "waiting"
    share: float = 0.0
    message: str = ""
    result: Any = None

    def told(self) -> dict[str, Any]:
        """What the screen is told."""
        return {"id": self.id, "what": self.what, "state": self.state, "share": self.share, "message": self.message}


class Jobs:
    """
    A queue of jobs, worked off one after the other.

    Parameters
    ----------
    seconds : float
        Processor time that a limited job may use.
    memory : int
        Bytes of memory that a limited job may use.
    """

    def __init__(self, seconds: float = 600.0, memory: int = 8 << 30) -> None:
        self.seconds, self.memory = seconds, memory
        self._jobs: dict[str, Job] = {}
        self._waiting: queue.Queue[
            tuple[Job, Callable[..., Any], tuple[Any, ...], Callable[[Any], Any], Callable[[], Any], bool]
        ]
        self._waiting = queue.Queue()
        threading.Thread(target=self._work, daemon=True).start()

    def add(
        self,
        what: str,
        function: Callable[..., Any],
        *arguments: Any,
        then: Callable[[Any], Any] = lambda result: result,
        always: Callable[[], Any] = lambda: None,
        limited: bool = False,
    ) -> Job:
        """
        Queue a job.

        Parameters
        ----------
        what : str
            For people to read.
        function : callable
            Of a module, so that another process finds it; takes the arguments and a callable for its progress.
        *arguments
            For the function.
        then : callable
            Called here with what it returned.
        always : callable
            Called here in the end, whatever happened.
        limited : bool
            Whether its time and memory are limited: it reads what a stranger sent.
        """
        job = Job(what)
        self._jobs[job.id] = job
        for old in [j for j in self._jobs.values() if j.state in ("done", "failed")][:-_KEPT]:
            del self._jobs[old.id]
        self._waiting.put((job, function, arguments, then, always, limited))
        return job

    def get(self, job: str) -> Job:
        """
        Job of an id.

        Raises
        ------
        KeyError
            If there is none.
        """
        return self._jobs[job]

    def all(self) -> list[Job]:
        """Jobs, the last one last."""
        return list(self._jobs.values())

    def _work(self) -> None:
        while True:
            job, function, arguments, then, always, limited = self._waiting.get()
            job.state = "running"
            try:
                job.result = then(self._run(job, function, arguments, limited))
                job.share, job.state = 1.0, "done"
            except Exception as error:  # whatever it was: the next job has to run, and this one's line to be read
                job.message, job.state = str(error) or type(error).__name__, "failed"
            always()

    def _run(self, job: Job, function: Callable[..., Any], arguments: tuple[Any, ...], limited: bool) -> Any:
        spawn = multiprocessing.get_context("spawn")
        ours, theirs = spawn.Pipe(duplex=False)
        limits = (self.seconds, self.memory) if limited else None
        child = spawn.Process(target=_child, args=(theirs, function, arguments, limits), daemon=True)
        child.start()
        theirs.close()
        try:
            while True:
                if not ours.poll(self.seconds + _GRACE if limited else None):
                    raise TimeoutError("took too long")
                kind, value = ours.recv()
                if kind == "progress":
                    job.share = float(value)
                elif kind == "failed":
                    raise RuntimeError(value)
                else:
                    return value
        except EOFError as error:
            child.join()
            slow = limited and child.exitcode in (-signal.SIGXCPU, -signal.SIGKILL)
            cause = "took more time than it may" if slow else f"ended without a word (status {child.exitcode})"
            raise RuntimeError(f"{job.what}: {cause}") from error
        finally:
            ours.close()
            child.join(0.1)
            if child.is_alive():
                child.kill()
            child.join()


def _child(
    pipe: multiprocessing.connection.Connection,
    function: Callable[..., Any],
    arguments: tuple[Any, ...],
    limits: tuple[float, int] | None,
) -> None:
    try:
        if limits is not None:
            seconds, memory = limits
            resource.setrlimit(resource.RLIMIT_CPU, (int(seconds), int(seconds) + 5))
            resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        pipe.send(("done", function(*arguments, lambda share: pipe.send(("progress", share)))))
    except MemoryError:
        pipe.send(("failed", "took more memory than it may"))
    except InputError as error:
        pipe.send(("failed", str(error)))
    except Exception as error:  # a fault of ours: told to whoever asked, not printed where nobody looks
        pipe.send(("failed", f"{type(error).__name__}: {error}"))


def pick_well(file: str, out: str, model: str, method: str, report: Report) -> None:
    """Pick a well, and leave its pick table in a file, and beside the well how far it is from what the model knows."""
    from geobfdt.picking.drift import marked, write_zones
    from geobfdt.picking.picker import detector_of, pick_with_findings
    from geobfdt.wells.readers.netcdf import read

    image = read(Path(file))
    detector = detector_of(image, model, method)
    picks, _ = pick_with_findings(image, detector, progress=report)
    write_picks(picks, out)
    drift = Path(file).with_suffix(".drift.csv")
    if detector.usual is not None:
        write_zones(marked(image, picks, detector.usual)[1], drift)
    else:
        drift.unlink(missing_ok=True)  # it spoke of another picker


def bring_in(file: str, field: str, report: Report) -> list[str]:
    """Bring a file into a field; the wells that came."""
    from geobfdt.wells.ingest import ingest

    return sorted(ingest([Path(file)], Path(field), progress=report))
