"""Running cells: each in a process of its own, on one thread, some at a time, on this machine or by Ray."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from geobfdt.studies.cell import RESULT
from geobfdt.wells.extras import needed
from geobfdt.wells.findings import InputError
from geobfdt.wells.storage import write_text

__all__ = ["FAILED", "Engine", "run_cells"]

FAILED = "failed.txt"
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")


class Engine(BaseModel):
    """
    What runs cells.

    Examples
    --------
    >>> Engine(workers=1).ray
    False
    """

    model_config = ConfigDict(frozen=True)

    workers: int = Field(2, ge=1, description="cells at a time; of a cluster by address, as many as it has cores")
    ray: bool = Field(False, description="whether Ray runs them")
    address: str = Field("", description="of a Ray cluster that sees the same folders; empty: one is started here")


def run_cells(folders: list[Path], engine: Engine, progress: Callable[[int, int], None]) -> list[Path]:
    """
    Run cells that are not finished.

    Parameters
    ----------
    folders : list of Path
        Of the cells.
    engine : Engine
        What runs them; the numbers are the same.
    progress : callable
        Told how many are finished, of how many.

    Returns
    -------
    list of Path
        Those that failed; ``failed.txt`` in each says why. The rest went on.

    Raises
    ------
    InputError
        If Ray is asked for and not installed, or no cluster answers.
    """
    unique = list(dict.fromkeys(folder.absolute() for folder in folders))
    waiting = [folder for folder in unique if not (folder / RESULT).exists()]
    done, failed = len(unique) - len(waiting), []
    progress(done, len(unique))
    for folder, well in _by_ray(waiting, engine) if engine.ray else _here(waiting, engine.workers):
        failed += [] if well else [folder]
        done += 1
        progress(done, len(unique))
    return sorted(failed)


def _here(folders: list[Path], workers: int) -> Iterator[tuple[Path, bool]]:
    with ThreadPoolExecutor(workers) as pool:
        running = {pool.submit(_run, folder): folder for folder in folders}
        try:
            for future in as_completed(running):
                yield running[future], future.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _by_ray(folders: list[Path], engine: Engine) -> Iterator[tuple[Path, bool]]:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    if engine.address:
        _knock(engine.address)
        # `ray start` asks for this user's token once there is one; who connects is not told so.
        if (Path.home() / ".ray" / "auth_token").exists():
            os.environ.setdefault("RAY_AUTH_MODE", "token")
    ray = needed("ray", "ray")
    quiet = {"log_to_driver": False, "logging_level": "error"}
    try:
        if engine.address:
            ray.init(engine.address, **quiet)
        else:  # its own, even where another runs
            ray.init("local", num_cpus=engine.workers, include_dashboard=False, **quiet)
    except (ConnectionError, RuntimeError) as error:
        seen = f"no Ray cluster to be had: {str(error).strip().splitlines()[-1]}"
        raise InputError(
            engine.address or "ray", seen, "see that ray status works here; or use --engine local"
        ) from error
    try:
        run = ray.remote(num_cpus=1, max_retries=0)(_run)
        running = {run.remote(folder): folder for folder in folders}
        waiting = list(running)
        while waiting:
            (ready,), waiting = ray.wait(waiting)
            try:
                yield running[ready], bool(ray.get(ready))
            except ray.exceptions.RayError as error:  # its node went, or does not see the folder
                _fail(running[ready], str(error).strip().splitlines()[-1])
                yield running[ready], False
    finally:
        ray.shutdown()


def _knock(address: str) -> None:
    """Ask whether anybody answers; Ray itself waits for minutes where nobody does."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=10).close()
    except (OSError, ValueError) as error:
        cure = "start it with ray start --head; or leave the address out to have one started here"
        raise InputError(address, f"no Ray cluster answers at HOST:PORT: {error}", cure) from error


def _run(folder: Path) -> bool:
    """Run one cell; whether it went well."""
    (folder / FAILED).unlink(missing_ok=True)
    words = [sys.executable, "-m", "geobfdt.studies.cell", str(folder)]
    one = {**os.environ, **_ONE_THREAD}
    done = subprocess.run(words, capture_output=True, text=True, env=one, check=False)  # noqa: S603
    if done.returncode:
        why = done.stderr.strip().splitlines()[-1:] or [f"ended with status {done.returncode}"]
        _fail(folder, why[0])
    return done.returncode == 0


def _fail(folder: Path, why: str) -> None:
    """Note why a cell failed, where there is room for it."""
    try:
        write_text(folder / FAILED, why + "\n")
    except InputError:
        return
