"""Detection: the planes that a ``curve`` network finds in a strip."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from geobfdt.model.curve.network import Tier, best_cells
from geobfdt.model.matching import penalise_duplicates, thin_by_distance
from geobfdt.model.network_settings import CurveSettings
from geobfdt.model.planes import Planes
from geobfdt.wells.picks import CLASSES

__all__ = ["Runtime", "choose_queries", "decode_queries", "detect", "with_rows_below"]

Array = npt.NDArray[np.float64]
Encoded = TypeVar("Encoded")


class Runtime(Protocol[Encoded]):
    """A runtime of a ``curve`` network: :class:`geobfdt.model.curve.network.CurveNetwork` itself, or ONNX Runtime."""

    @property
    def settings(self) -> CurveSettings:
        """Sizes of the network."""
        ...

    @property
    def tiers(self) -> Sequence[Tier]:
        """Candidate planes of each vote."""
        ...

    def encode_strip(self, grid: npt.NDArray[np.uint8]) -> tuple[Encoded, Sequence[npt.NDArray[np.float32]]]:
        """
        Encode a strip.

        Parameters
        ----------
        grid : array (rows, columns)
            Both multiples of 16.

        Returns
        -------
        encoded : Encoded
            What :meth:`decode_strip` needs.
        scores : sequence of array (shapes, cells)
            Votes of each tier, above 0 at peaks only.
        """
        ...

    def decode_strip(
        self, encoded: Encoded, traces: Array, hidden: Array | None, radius: float, stage: int
    ) -> tuple[Planes, Array]:
        """
        Decode queries with the layers of one stage.

        Parameters
        ----------
        encoded : Encoded
            From :meth:`encode_strip`.
        traces : array (n, 3)
            ``(z0, a, b)`` (m), sorted by z0.
        hidden : array (n, hidden), optional
            Hidden states from the stage before; None for the first stage.
        radius : float
            Hole radius (m).
        stage : int
            Number of the stage in the settings.

        Returns
        -------
        planes : Planes
            One for each query.
        hidden : array (n, hidden)
            Hidden states after the stage.
        """
        ...


def detect(
    network: Runtime[Encoded],
    grid: npt.NDArray[np.uint8],
    radius: float,
    top: float = -np.inf,
    base: float = np.inf,
) -> Planes:
    """
    Find the planes of a strip.

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

    Notes
    -----
    The strip is encoded once. The best cells of the votes, thinned by distance, are the queries of the first stage of
    the decoder. After each stage the queries whose class probability falls below the next stage's threshold are
    dropped, so that most layers run on few queries. Of decoded planes closer than ``detection.plane_spacing`` (scaled
    trace RMS) the most probable one is kept, and those a little farther apart lose some of their log odds
    (:func:`geobfdt.model.matching.penalise_duplicates`).

    Examples
    --------
    >>> from geobfdt.model.curve.network import CurveNetwork
    >>> network = CurveNetwork(CurveSettings()).eval()
    >>> len(detect(network, np.zeros((64, 128), np.uint8), 0.1).traces)
    0
    """
    encoded, scores = network.encode_strip(_tall_enough(grid, network.settings))
    planes = decode_queries(network, encoded, choose_queries(network, scores, radius, top, base), radius)
    # Attention between queries suppresses most duplicates; what is left of them has the same place and a lower score.
    settings = network.settings.detection
    single = thin_by_distance(planes.traces, planes.logits.max(axis=1, initial=-np.inf), settings.plane_spacing, radius)
    planes = Planes(*(part[single] for part in planes))
    if not any(settings.duplicate_penalties):
        return planes
    logits = penalise_duplicates(
        planes.traces, planes.logits, settings.duplicate_penalties, settings.duplicate_distance, radius
    )
    return planes._replace(logits=logits)


def choose_queries(
    network: Runtime[Encoded], scores: Sequence[npt.NDArray[np.float32]], radius: float, top: float, base: float
) -> Array:
    """
    Choose the cells of the votes that become queries.

    Parameters
    ----------
    network : Runtime
        The network that voted.
    scores : sequence of array (shapes, cells)
        From its ``encode_strip``.
    radius : float
        Hole radius (m).
    top, base : float
        Interval of interest (m from the first row).

    Returns
    -------
    array (n, 3)
        ``(z0, a, b)`` (m), sorted by z0.
    """
    tiers, settings = network.tiers, network.settings.detection
    height = max(score.shape[1] * tier.cell for score, tier in zip(scores, tiers, strict=True))
    # A plane at the edge of the interval needs its neighbours on both sides, as in the middle of a strip.
    first, last = max(top - settings.margin, 0.0), min(base + settings.margin, height)
    max_cells = settings.cells_per_query * int(np.ceil(settings.queries_per_metre * height))
    traces, votes = best_cells(scores, tiers, max_cells)
    eligible = (votes >= settings.min_vote) & (traces[:, 0] >= first) & (traces[:, 0] <= last)
    traces, votes = traces[eligible], votes[eligible]
    # The number follows the length that is decoded, so that a query's rank does not depend on how a well is cut.
    max_queries = int(np.ceil(settings.queries_per_metre * max(last - first, 0.0)))
    chosen = thin_by_distance(traces, votes, settings.query_spacing, radius, max_queries)
    # Attention between queries takes them in order of depth.
    queries: Array = traces[chosen[np.argsort(traces[chosen, 0], kind="stable")]]
    return queries


def decode_queries(network: Runtime[Encoded], encoded: Encoded, traces: Array, radius: float) -> Planes:
    """
    Decode queries stage by stage.

    Queries whose class probability falls below a stage's threshold are dropped before that stage.

    Parameters
    ----------
    network : Runtime
        The network that voted for them.
    encoded : Encoded
        From its ``encode_strip``.
    traces : array (n, 3)
        ``(z0, a, b)`` (m), sorted by z0.
    radius : float
        Hole radius (m).

    Returns
    -------
    Planes
        Planes of the queries that are left, in the order of the traces.
    """
    columns = network.settings.columns // network.settings.layers[-1][0]
    no_planes = Planes(np.empty((0, 3)), np.empty((0, len(CLASSES))), np.empty((0, columns)))
    if not len(traces):
        return no_planes
    planes, hidden = network.decode_strip(encoded, traces, None, radius, 0)
    for i, stage in enumerate(network.settings.stages[1:], start=1):
        # A query goes on if any class is probable enough; a later layer may still change its class.
        probable = planes.logits.max(axis=1) >= stage.least
        if not probable.any():
            return no_planes
        planes, hidden = network.decode_strip(encoded, planes.traces[probable], hidden[probable], radius, i)
    return planes


def _tall_enough(grid: npt.NDArray[np.uint8], settings: CurveSettings) -> npt.NDArray[np.uint8]:
    """Return the grid, extended by unmeasured rows until the coarsest vote has a cell."""
    # Votes are at a quarter of the resolution, and the tier of the steepest traces averages `pool` rows of them.
    min_rows = 4 * max(pool for _, pool in settings.tiers)
    return with_rows_below(grid, -(-max(min_rows - len(grid), 0) // 16) * 16)


def with_rows_below(grid: npt.NDArray[np.uint8], rows: int) -> npt.NDArray[np.uint8]:
    """Return the grid with so many unmeasured rows below it."""
    return np.concatenate([grid, np.zeros((rows, *grid.shape[1:]), np.uint8)])
