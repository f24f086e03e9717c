"""Sources of training windows: given wells, or an endless stream of simulated ones."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from types import TracebackType
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from geobfdt.preparation.network_grid import GridSettings
from geobfdt.simulation.layered import LayeredAppearance, draw_layered
from geobfdt.simulation.tools import ToolName
from geobfdt.simulation.well import simulate_well
from geobfdt.simulation.well_settings import draw
from geobfdt.training.augmentation import Window
from geobfdt.training.confidence_calibration import InterpretedWell
from geobfdt.training.prepared_wells import PreparedWell, prepare
from geobfdt.training.training_settings import TrainingSettings

__all__ = ["FixedWells", "MixedSource", "SimulatedStream", "Source", "draw_well", "simulated_well"]


_CUT_PER_WINDOW = 2  # Number of windows that are cut for each one that is used.


def _begin_worker() -> None:
    """Lower the priority of this worker process, where the system has priorities, and end it with its parent."""
    if hasattr(os, "nice"):
        os.nice(5)
    # A killed process cannot shut its pool down, and a worker would wait for work for ever.
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


class Source(Protocol):
    """Source of the windows of a training step; the same step and generator give the same windows."""

    def windows(self, step: int, count: int, rows: int, rng: np.random.Generator) -> list[Window]:
        """Cut windows."""
        ...


class FixedWells:
    """
    Windows of given wells, in proportion to their lengths with pixels and labels.

    Parameters
    ----------
    wells : sequence of PreparedWell
        The wells.
    """

    def __init__(self, wells: Sequence[PreparedWell]) -> None:
        self.wells = list(wells)
        lengths = np.array([well.metres for well in self.wells])
        self.share = lengths / lengths.sum()

    def windows(self, step: int, count: int, rows: int, rng: np.random.Generator) -> list[Window]:  # noqa: ARG002
        """Cut windows."""
        return [self.wells[i].cut(rows, rng) for i in rng.choice(len(self.wells), count, p=self.share)]


class MixedSource:
    """
    Windows of given wells and of simulated ones, so that training on the first does not forget the others.

    Parameters
    ----------
    own, simulated : Source
        Where they come from.
    settings : TrainingSettings
        How many windows of a step are of simulated wells.
    """

    def __init__(self, own: Source, simulated: Source, settings: TrainingSettings) -> None:
        self.own, self.simulated, self.settings = own, simulated, settings

    def windows(self, step: int, count: int, rows: int, rng: np.random.Generator) -> list[Window]:
        """Cut windows."""
        others = self.settings.simulated_windows(count)
        parts = ((self.own, count - others), (self.simulated, others))
        return [window for source, part in parts if part for window in source.windows(step, part, rows, rng)]


class SimulatedStream:
    """
    Windows of simulated wells; a few dozen wells are at hand at a time, and the oldest is replaced by the next.

    Most planes are beds: of the windows that are cut, those with fractures are taken more often.

    Parameters
    ----------
    seed : int
        Of the stream; well i of it is always the same.
    settings : GridSettings
        Settings of the network's grid.
    length : float
        Of a well (m).
    held : int
        Wells at hand.
    steps_a_well : int
        Training steps between new wells.
    workers : int
        Processes that simulate; they give way to training.
    more : (str, int), optional
        A tool that random wells hardly ever have, and how many wells there are to one that is made with it.
    layered : (int, int)
        How many wells, and windows on average, of how many are of layered rock as real images show it; see
        :func:`geobfdt.simulation.layered.draw_layered`.
    **fixed
        Settings of the simulation to hold.
    """

    # Seeds and numbers of one stream; each caller gives others of them.
    def __init__(  # noqa: PLR0913
        self, seed: int, settings: GridSettings, length: float = 20.0, wells_at_hand: int = 90, steps_a_well: int = 3,
        workers: int = 1, more: tuple[ToolName, int] | None = None, layered: tuple[int, int] = (0, 1), **fixed: Any,
    ) -> None:  # fmt: skip
        self.seed, self.length, self.settings, self.fixed, self.more = seed, length, settings, fixed, more
        self.wells_at_hand, self.steps_a_well, self.layered = wells_at_hand, steps_a_well, layered
        self.pool = ProcessPoolExecutor(workers, initializer=_begin_worker)
        self.pending: dict[int, Future[PreparedWell]] = {}

    def __enter__(self) -> SimulatedStream:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.pool.shutdown(wait=False, cancel_futures=True)

    def windows(self, step: int, count: int, rows: int, rng: np.random.Generator) -> list[Window]:
        """Cut windows from the wells that are at hand at a step."""
        first = step // self.steps_a_well
        for old in [index for index in self.pending if index < first]:
            del self.pending[old]
        for index in range(first, first + self.wells_at_hand + 8):
            if index not in self.pending:
                self.pending[index] = self._make(index)
        # In the first steps not all of them are ready, and training does not wait for them.
        at_hand = np.arange(first, first + min(self.wells_at_hand, 8 + step // 2))
        if not self.layered[0]:
            return self._choose(at_hand, count, rows, rng)
        layered = np.array([self._is_layered(index) for index in at_hand.tolist()])
        many = int(rng.binomial(count, self.layered[0] / self.layered[1]))
        # Each kind is chosen by itself: layered rock has few fractures, and would hardly be taken beside other rock.
        kinds = ((layered, many), (~layered, count - many))
        parts = [self._choose(at_hand[kind], share, rows, rng) for kind, share in kinds if share]
        return [window for part in parts for window in part]

    def _is_layered(self, index: int) -> bool:
        """Whether a well is of layered rock; such wells are spread evenly over the stream."""
        share, of = self.layered
        return index * share % of < share

    def _make(self, index: int) -> Future[PreparedWell]:
        """Start a process that makes a well."""
        appearance: LayeredAppearance | None = "mixture" if self._is_layered(index) else None
        fixed = self.fixed
        if appearance is None and self.more and index % self.more[1] == 0:
            fixed = {**fixed, "tool": self.more[0]}
        return self.pool.submit(simulated_well, self.seed, index, self.length, self.settings, fixed, appearance)

    def _choose(self, at_hand: npt.NDArray[np.int64], count: int, rows: int, rng: np.random.Generator) -> list[Window]:
        """Cut windows of some of the wells; windows with more fractures are more probable."""
        indices = at_hand[rng.integers(0, at_hand.size, _CUT_PER_WINDOW * count)]
        offered = [self.pending[int(index)].result().cut(rows, rng) for index in indices]
        fractures = np.array([np.sum(window.targets.classes[~window.targets.optional] == 1) for window in offered])
        chosen_windows = rng.choice(len(offered), count, replace=False, p=(1 + fractures) / (1 + fractures).sum())
        return [offered[i] for i in chosen_windows]


def simulated_well(
    seed: int,
    index: int,
    length: float,
    settings: GridSettings,
    fixed: dict[str, Any],
    appearance: LayeredAppearance | None = None,
) -> PreparedWell:
    """Make well `index` of a stream, prepared."""
    return prepare(*draw_well(seed, index, length, fixed, appearance), settings, f"{seed}-{index}")


def draw_well(
    seed: int, index: int, length: float, fixed: dict[str, Any], appearance: LayeredAppearance | None = None
) -> InterpretedWell:
    """
    Make well `index` of a stream at its own resolution, with every plane that crosses it.

    Without a `style`, it is any well; with one, a well of layered rock.
    """
    rng = np.random.default_rng([seed, index])
    settings = {"well": f"W{index:03d}", "length": length, **fixed}
    well = simulate_well(
        draw(rng, **settings) if appearance is None else draw_layered(rng, appearance, **settings), rng
    )
    ignored = well.intervals[well.intervals["kind"] == "ignored"]  # Labels are complete everywhere else.
    return InterpretedWell(well.image, well.truth, ignored)
