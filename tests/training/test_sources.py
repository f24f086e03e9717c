"""Streams give the same windows for the same step, whatever came before."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from geobfdt.preparation.network_grid import GridSettings
from geobfdt.training.augmentation import Window
from geobfdt.training.sources import FixedWells, MixedSource, SimulatedStream, draw_well, simulated_well
from geobfdt.training.training_settings import TrainingSettings


def assert_same(one: list[Window], other: list[Window]) -> None:
    """The same windows to the bit."""
    assert len(one) == len(other)
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a.grid, b.grid)
        for name in a.targets._fields:
            np.testing.assert_array_equal(getattr(a.targets, name), getattr(b.targets, name))


def stream() -> SimulatedStream:
    """Three short wells at hand."""
    return SimulatedStream(7, GridSettings(0.01, 32), length=3.0, wells_at_hand=3, steps_a_well=2, tool="atv")


def windows_of(source: Any, step: int) -> list[Window]:
    """The windows of a step, as the loop asks for them."""
    return source.windows(step, 4, 128, np.random.default_rng([0, step]))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_stream_does_not_depend_on_what_was_asked() -> None:
    """One that ran up to step 5, one that starts there, and one that was asked for other steps before."""
    before = set(multiprocessing.active_children())
    with stream() as running:
        windows = [windows_of(running, step) for step in range(6)]
        workers = set(multiprocessing.active_children()) - before
        assert workers
        assert min(running.pending) == 2  # the oldest made room
    with stream() as fresh:
        assert_same(windows_of(fresh, 5), windows[5])
        assert_same(windows_of(fresh, 5), windows[5])
    assert not np.array_equal(windows[4][0].grid, windows[5][0].grid)
    assert all(window.grid.shape == (128, 32) and window.grid.any() for window in windows[0])
    assert any(len(window.targets.traces) for window in windows[0])
    # Nothing is left running once the streams are left.
    until = time.monotonic() + 20
    while set(multiprocessing.active_children()) - before and time.monotonic() < until:
        time.sleep(0.05)
    assert not set(multiprocessing.active_children()) - before
    with pytest.raises(RuntimeError, match="shutdown"):
        running.pool.submit(int)


class Cuts:
    """A well whose windows have a fracture or none by turns."""

    class Targets(NamedTuple):
        """What of a truth is asked for here."""

        classes: np.ndarray
        optional: np.ndarray

    def cut(self, rows: int, rng: np.random.Generator) -> Any:
        """Nine fractures, or as many beds and optional fractures."""
        some = int(rng.integers(2))
        optional = np.arange(18) >= 9
        return Window(np.zeros((rows, 4), np.uint8), self.Targets(np.where(optional, 1, some), optional), 0.01)  # type: ignore[arg-type]


def test_windows_with_fractures_are_taken_more_often() -> None:
    """Of windows with nine fractures that are asked for or none, half each: ten times as likely, two for each taken."""
    with stream() as source:
        future: Future[Any] = Future()
        future.set_result(Cuts())
        source.pending = dict.fromkeys(range(200), future)
        windows = [window for step in range(100) for window in source.windows(step, 4, 16, np.random.default_rng(step))]
    share = np.mean([window.targets.classes[0] for window in windows])
    assert 0.7 < share < 0.9


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_tool_that_is_asked_for_comes_up_more_often() -> None:
    """Every third well has sixteen sectors; the others are those that come without being asked."""
    settings = GridSettings(0.05, 32)
    with SimulatedStream(7, settings, length=3.0, wells_at_hand=6, more=("lwd16", 3), tool="atv") as source:
        windows_of(source, 0)
        for index in range(6):
            tool = "atv" if index % 3 else "lwd16"
            alone = simulated_well(7, index, 3.0, settings, {"tool": tool})
            np.testing.assert_array_equal(source.pending[index].result().grid, alone.grid)


def test_fixed_wells(well: Any) -> None:
    """The generator alone decides; long wells are asked more often, in proportion."""
    wells = FixedWells([well(rows=160, seed=0), well(rows=640, seed=1)])
    assert_same(windows_of(wells, 3), windows_of(wells, 3))
    windows = wells.windows(0, 400, 16, np.random.default_rng(0))
    long = sum(any(np.array_equal(w.grid[0], row) for row in wells.wells[1].grid) for w in windows)
    assert 0.73 < long / 400 < 0.87


def test_wells_of_a_stream_have_names_of_their_own() -> None:
    """Or their picks and planes would be matched across wells."""
    wells = [draw_well(7, index, 2.0, {"tool": "atv"}) for index in range(3)]
    names = [well.image.attrs["well"] for well in wells]
    assert len(set(names)) == 3
    for name, well in zip(names, wells, strict=True):
        assert set(well.picks["well"]) | set(well.intervals["well"]) <= {name}


def test_a_share_of_the_windows_is_simulated(well: Any) -> None:
    """Of four windows one, of one none; and the others are those of the wells given."""
    own, simulated = (replace(well(), name=name) for name in ("own", "simulated"))
    simulated = replace(simulated, grid=np.full_like(simulated.grid, 7))
    mixed = MixedSource(FixedWells([own]), FixedWells([simulated]), TrainingSettings(simulated=0.25))
    for count, others in ((4, 1), (8, 2), (1, 0)):
        windows = mixed.windows(0, count, 128, np.random.default_rng(0))
        assert len(windows) == count
        assert sum(bool((window.grid == 7).all()) for window in windows) == others


def test_wells_are_drawn_by_what_they_teach(well: Any) -> None:
    """A well in which nothing is interpreted gives no window."""
    mute = replace(well(), label_mask=np.zeros_like(well().label_mask), grid=np.full_like(well().grid, 7))
    windows = FixedWells([mute, well()]).windows(0, 20, 64, np.random.default_rng(0))
    assert not any(bool((window.grid == 7).all()) for window in windows)


def test_layered_wells_and_windows_come_up_as_often_as_asked() -> None:
    """Three wells of five, and the same windows for the same step and generator."""
    settings = GridSettings(0.02, 32)
    with SimulatedStream(7, settings, length=2.0, wells_at_hand=10, layered=(3, 5)) as source:
        layered = [index for index in range(20) if source._is_layered(index)]
        assert len(layered) == 12
        windows = source.windows(40, 6, 96, np.random.default_rng(0))
        again = source.windows(40, 6, 96, np.random.default_rng(0))
    assert len(windows) == 6
    assert all(np.array_equal(a.grid, b.grid) for a, b in zip(windows, again, strict=True))
    ordinary = simulated_well(7, layered[0], 2.0, settings, {})
    layered_well = simulated_well(7, layered[0], 2.0, settings, {}, "mixture")
    assert not np.array_equal(ordinary.grid[:64], layered_well.grid[:64])


@pytest.mark.process
@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_a_worker_ends_when_the_process_that_trains_is_killed() -> None:
    """Whoever is killed cannot shut down its pool."""
    code = (
        "import sys, time\n"
        "from geobfdt.preparation.network_grid import GridSettings\n"
        "from geobfdt.training.sources import SimulatedStream\n"
        "stream = SimulatedStream(7, GridSettings(0.05, 32), length=2.0, wells_at_hand=2, tool='atv')\n"
        "print(stream.pool.submit(__import__('os').getpid).result(), flush=True)\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        worker = int(process.stdout.readline())
        process.kill()
    for _ in range(100):
        if not _runs(worker):
            return
        time.sleep(0.1)
    os.kill(worker, signal.SIGKILL)
    pytest.fail("the worker still runs after 10 s")


def _runs(process: int) -> bool:
    """Whether a process exists and has not ended: one that nobody has waited for is a zombie."""
    status = Path(f"/proc/{process}/stat")
    if status.parent.parent.joinpath("self").exists():
        return status.exists() and status.read_text().rsplit(")", 1)[1].split()[0] != "Z"
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True
