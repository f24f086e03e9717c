"""Asking a ``curve`` network for the planes of a strip."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from geobfdt.model.curve.network import Tier, choose
from geobfdt.model.matching import thin_by_distance
from geobfdt.model.network_settings import CurveSettings
from geobfdt.model.planes import Planes
from geobfdt.wells.picks import CLASSES

__all__ = ["Runtime", "answers", "detect", "proposals", "with_rows_below"]

_LEAST = 0.03  # vote below which a cell is not looked at
_PER_METRE = 45  # cells looked at, at most
_THIN = 0.022  # between queries, and
_SAME = 0.015  # between answers (m, scaled trace RMS)
_BESIDE = 2.0  # how far beyond what is wanted queries are asked too (m): twice as far as they see each other

Array = npt.NDArray[np.float64]
Seen = TypeVar("Seen")


class Runtime(Protocol[Seen]):
    """What runs a ``curve`` network: PyTorch, by :class:`geobfdt.model.curve.network.CurveNetwork` itself, or another."""

    @property
    def settings(self) -> CurveSettings:
        """Sizes of the network."""
        ...

    @property
    def tiers(self) -> Sequence[Tier]:
        """What the cells of its votes stand for."""
        ...

    def see(self, grid: npt.NDArray[np.uint8]) -> tuple[Seen, Sequence[npt.NDArray[np.float32]]]:
        """
        Look at a strip.

        Parameters
        ----------
        grid : array (rows, columns)
            Both multiples of 16.

        Returns
        -------
        seen : anything
            What :meth:`ask` needs.
        scores : sequence of array (shapes, cells)
            Votes of each tier, above 0 at peaks only.
        """
        ...

    def ask(self, seen: Seen, traces: Array, content: Array | None, radius: float, stage: int) -> tuple[Planes, Array]:
        """
        Ask queries.

        Parameters
        ----------
        seen : anything
            From :meth:`see`.
        traces : array (n, 3)
            ``(z0, a, b)`` (m), sorted by z0.
        content : array (n, content), optional
            What the stage before knew of them; of the first there is none.
        radius : float
            Hole radius (m).
        stage : int
            Which of the settings' stages.

        Returns
        -------
        planes : Planes
            One for each query.
        content : array (n, content)
            What the queries know now.
        """
        ...


def detect(
    network: Runtime[Seen],
    grid: npt.NDArray[np.uint8],
    radius: float,
    top: float = -np.inf,
    base: float = np.inf,
) -> Planes:
    """
    Find planes.

    Parameters
    ----------
    network : Runtime
        A ``CurveNetwork`` in evaluation mode, or another runtime.
    grid : array (rows, columns)
        Strip of a :class:`geobfdt.preparation.network_grid.NetworkGrid`; rows a multiple of 16.
    radius : float
        Hole radius (m).
    top, base : float
        Planes that do not lie between these may be left out (m from the first row).

    Examples
    --------
    >>> from geobfdt.model.curve.network import CurveNetwork
    >>> network = CurveNetwork(CurveSettings()).eval()
    >>> len(detect(network, np.zeros((64, 128), np.uint8), 0.1).traces)
    0
    """
    seen, scores = network.see(_tall_enough(grid, network.settings))
    planes = answers(network, seen, proposals(network, scores, radius, top, base), radius)
    single = thin_by_distance(planes.traces, planes.logits.max(axis=1, initial=-np.inf), _SAME, radius)
    return Planes(*(part[single] for part in planes))


def proposals(
    network: Runtime[Seen], scores: Sequence[npt.NDArray[np.float32]], radius: float, top: float, base: float
) -> Array:
    """
    Choose the cells of votes that are asked about.

    Parameters
    ----------
    network : Runtime
        Whose votes they are.
    scores : sequence of array (shapes, cells)
        From its ``see``.
    radius : float
        Hole radius (m).
    top, base : float
        Between which planes are wanted (m from the first row).

    Returns
    -------
    array (n, 3)
        ``(z0, a, b)`` (m), sorted by z0.
    """
    tiers = network.tiers
    height = max(score.shape[1] * tier.cell for score, tier in zip(scores, tiers, strict=True))
    first, last = max(top - _BESIDE, 0.0), min(base + _BESIDE, height)
    traces, votes = choose(scores, tiers, 6 * int(np.ceil(_PER_METRE * height)))
    likely = (votes >= _LEAST) & (traces[:, 0] >= first) & (traces[:, 0] <= last)
    traces, votes = traces[likely], votes[likely]
    most = int(np.ceil(_PER_METRE * max(last - first, 0.0)))
    kept = thin_by_distance(traces, votes, _THIN, radius, most)
    chosen: Array = traces[kept[np.argsort(traces[kept, 0], kind="stable")]]
    return chosen


def answers(network: Runtime[Seen], seen: Seen, traces: Array, radius: float) -> Planes:
    """
    Ask about traces, stage by stage; those that a stage doubts are dropped.

    Parameters
    ----------
    network : Runtime
        What is asked.
    seen : anything
        From its ``see``.
    traces : array (n, 3)
        ``(z0, a, b)`` (m), sorted by z0.
    radius : float
        Hole radius (m).

    Returns
    -------
    Planes
        Those left, in the order of the traces.
    """
    columns = network.settings.columns // network.settings.layers[-1][0]
    nothing = Planes(np.empty((0, 3)), np.empty((0, len(CLASSES))), np.empty((0, columns)))
    if not len(traces):
        return nothing
    planes, content = network.ask(seen, traces, None, radius, 0)
    for i, stage in enumerate(network.settings.stages[1:], start=1):
        worth = planes.logits.max(axis=1) >= stage.least
        if not worth.any():
            return nothing
        planes, content = network.ask(seen, planes.traces[worth], content[worth], radius, i)
    return planes


def _tall_enough(grid: npt.NDArray[np.uint8], settings: CurveSettings) -> npt.NDArray[np.uint8]:
    """The grid, and below it as many rows that were not measured as the coarsest vote needs for its first cell."""
    least = 4 * max(pool for _, pool in settings.tiers)
    return with_rows_below(grid, -(-max(least - len(grid), 0) // 16) * 16)


def with_rows_below(grid: npt.NDArray[np.uint8], rows: int) -> npt.NDArray[np.uint8]:
    """The grid, and below it rows that were not measured."""
    return np.concatenate([grid, np.zeros((rows, *grid.shape[1:]), np.uint8)])
