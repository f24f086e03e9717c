"""Engine that runs jobs, each in a process with one thread, several at a time, on this machine or by Ray.

A process that is killed, or eats all memory, takes its own job with it and no other.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from geobfdt.runtime.extras import import_extra
from geobfdt.runtime.findings import InputError

__all__ = ["Engine", "JobResult", "run_jobs"]

# Each worker process computes with one thread, because there is a process for each core.
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")


class Engine(BaseModel):
    """
    What runs jobs: cells of a study, wells to pick.

    Examples
    --------
    >>> Engine(workers=1).ray
    False
    """

    model_config = ConfigDict(frozen=True)

    workers: int = Field(2, ge=1, description="jobs at a time; of a cluster by address, as many as it has cores")
    ray: bool = Field(False, description="whether Ray runs them")
    address: str | None = Field(
        None, description="of a Ray cluster that sees the same folders; None: one is started here"
    )


class JobResult(NamedTuple):
    """
    A job that has ended.

    Parameters
    ----------
    job : int
        Which one.
    output : str
        What it printed.
    error : str or None
        Why it failed, in a line; None if it did not.
    """

    job: int
    output: str
    error: str | None


def run_jobs(jobs: Sequence[Sequence[str]], engine: Engine) -> Iterator[JobResult]:
    r"""
    Run Python programs, each as ``python WORDS``, and yield each result when its job has ended.

    Parameters
    ----------
    jobs : sequence of sequence of str
        The words of each.
    engine : Engine
        What runs them; what comes out is the same.

    Yields
    ------
    JobResult
        In the order in which they end. One that fails does not stop the rest.

    Raises
    ------
    InputError
        If the engine is Ray and it is not installed, or no cluster answers.

    Examples
    --------
    >>> list(run_jobs([["-c", "print(6 * 7)"]], Engine(workers=1)))
    [JobResult(job=0, output='42\n', error=None)]
    """
    return _by_ray(jobs, engine) if engine.ray else _here(jobs, engine.workers)


def _here(jobs: Sequence[Sequence[str]], workers: int) -> Iterator[JobResult]:
    with ThreadPoolExecutor(workers) as pool:
        running = {pool.submit(_run, words): job for job, words in enumerate(jobs)}
        try:
            for future in as_completed(running):
                yield JobResult(running[future], *future.result())
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _by_ray(jobs: Sequence[Sequence[str]], engine: Engine) -> Iterator[JobResult]:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    if engine.address:
        _knock(engine.address)
        # `ray start` needs the token of this user once there is one, and gives a client no message without it.
        if (Path.home() / ".ray" / "auth_token").exists():
            os.environ.setdefault("RAY_AUTH_MODE", "token")
    ray = import_extra("ray", "ray")
    quiet = {"log_to_driver": False, "logging_level": "error"}
    try:
        if engine.address:
            ray.init(engine.address, **quiet)
        else:
            # A cluster of its own is started, even where another one runs.
            ray.init("local", num_cpus=engine.workers, include_dashboard=False, **quiet)
    except (ConnectionError, RuntimeError) as error:
        observed = f"no Ray cluster to be had: {str(error).strip().splitlines()[-1]}"
        raise InputError(
            engine.address or "ray", observed, "see that ray status works here; or use --engine local"
        ) from error
    try:
        run = ray.remote(num_cpus=1, max_retries=0)(_run)
        running = {run.remote(words): job for job, words in enumerate(jobs)}
        waiting = list(running)
        while waiting:
            (ready,), waiting = ray.wait(waiting)
            try:
                yield JobResult(running[ready], *ray.get(ready))
            except ray.exceptions.RayError as error:
                # The node of the job ended, or does not have the folder.
                yield JobResult(running[ready], "", str(error).strip().splitlines()[-1])
    finally:
        ray.shutdown()


def _knock(address: str) -> None:
    """Check the address first, because Ray waits for minutes if nobody answers."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=10).close()
    except (OSError, ValueError) as error:
        cure = "start it with ray start --head; or leave the address out to have one started here"
        raise InputError(address, f"no Ray cluster answers at HOST:PORT: {error}", cure) from error


def _run(words: Sequence[str]) -> tuple[str, str | None]:
    """Run one job, and return its output and why it failed, or None."""
    one = {**os.environ, **_ONE_THREAD}
    process = subprocess.run([sys.executable, *words], capture_output=True, text=True, env=one, check=False)  # noqa: S603
    if not process.returncode:
        return process.stdout, None
    lines = process.stderr.strip().splitlines()
    return process.stdout, lines[-1] if lines else f"ended with status {process.returncode}"
