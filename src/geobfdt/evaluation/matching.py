"""One-to-one matching of picks and true planes within a tolerance.

A pick and a true plane may be paired when their distance is within the tolerance. There are three distances
(:data:`Kind`): ``depth``, the difference of depths alone, comparable with the literature and independent of
orientation; ``pole``, the same with poles no more than :data:`POLE_GATE_DEG` apart; ``trace``, the RMS distance of the
traces on the hole wall, which joins depth, dip and azimuth in one number and decides rankings.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components, min_weight_full_bipartite_matching

from geobfdt import geometry
from geobfdt.wells.image import REFERENCES
from geobfdt.wells.picks import PickTable, traces

__all__ = [
    "KINDS",
    "POLE_GATE_DEG",
    "UNKNOWN",
    "Kind",
    "Planes",
    "assign",
    "distances",
    "near",
    "pole_angles",
    "same_reference",
]

Kind = Literal["depth", "pole", "trace"]
KINDS: tuple[Kind, ...] = ("depth", "pole", "trace")
# Planes can match only if the angle between their poles is at most this.
POLE_GATE_DEG = 10.0

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

# With this slack a pair exactly at the gate matches, whatever the rounding of its depths.
_SLACK_M = 1e-9
# The solver gets this many rows in a call; its set-up grows with the square of them.
_BATCH_ROWS = 1000
UNKNOWN = -1


@dataclass(frozen=True)
class Planes:
    """
    What matching needs of a pick table, as arrays.

    Parameters
    ----------
    trace : array (n, 3)
        ``(z0, a, b)`` (m); depth is always known, ``a`` and ``b`` may be NaN.
    true, apparent : array (n, 2)
        Dip and azimuth (deg), NaN where unknown.
    reference : array (n,) of int
        Where apparent azimuth 0 points: index into the known references, -1 if it is unknown.
    """

    trace: Floats
    true: Floats
    apparent: Floats
    reference: Ints

    @classmethod
    def of(cls, picks: PickTable) -> Planes:
        """Take the planes of a pick table, in its order."""

        def dips(frame: str) -> Floats:
            pair = picks[[f"dip_{frame}_deg", f"azimuth_{frame}_deg"]].to_numpy(float)
            # A flat plane dips nowhere, so its azimuth may be missing without harm.
            return np.where((pair[:, :1] == 0) & [False, True], 0.0, pair)

        number_of = {name: code for code, name in enumerate(sorted(set(REFERENCES) - {"unknown"}))}
        codes = np.array([number_of.get(name, UNKNOWN) for name in picks["reference"]], dtype=np.int64)
        return cls(traces(picks), dips("true"), dips("app"), codes)

    def __len__(self) -> int:
        return len(self.trace)

    @property
    def depth(self) -> Floats:
        """Depths (n,) (m, MD)."""
        return self.trace[:, 0]

    def take(self, rows: Ints | Bools) -> Planes:
        """Return the planes of some rows."""
        return Planes(self.trace[rows], self.true[rows], self.apparent[rows], self.reference[rows])

    def at(self, depth: Floats) -> Planes:
        """Return the same planes at other depths (n,) (m, MD)."""
        return replace(self, trace=np.column_stack([depth, self.trace[:, 1:]]))


def near(picks: Planes, truth: Planes, reach: float) -> tuple[Ints, Ints]:
    """
    All pairs whose depths are within reach of each other.

    Parameters
    ----------
    picks, truth : Planes
        Planes of one well, in any order.
    reach : float
        Greatest depth difference (m). No distance of :func:`distances` is below the depth difference.

    Returns
    -------
    first, second : array (k,) of int
        Rows of `picks` and of `truth`.
    """
    order = np.argsort(truth.depth, kind="stable")
    low = np.searchsorted(truth.depth[order], picks.depth - reach - _SLACK_M, side="left")
    high = np.searchsorted(truth.depth[order], picks.depth + reach + _SLACK_M, side="right")
    first = np.repeat(np.arange(len(picks)), high - low)
    start = np.repeat(low - (np.cumsum(high - low) - (high - low)), high - low)
    return first, order[start + np.arange(len(first))]


def distances(kind: Kind, picks: Planes, truth: Planes, first: Ints, second: Ints) -> Floats:
    """
    Distance of pairs, in metres.

    Parameters
    ----------
    kind : {"depth", "pole", "trace"}
        Which distance.
    picks, truth : Planes
        Planes.
    first, second : array (k,) of int
        Rows of the pairs.

    Returns
    -------
    array (k,)
        Distances (m); infinite where the poles are too far apart, or where what the distance needs is unknown.
        Poles are of true dips where both planes have them, else apparent; apparent ones and traces are compared
        only in the same azimuth reference (an unknown one is taken to be the other's).
    """
    if kind == "depth":
        return np.abs(picks.depth[first] - truth.depth[second])
    p, q = picks.take(first), truth.take(second)
    if kind == "trace":
        rms = np.asarray(geometry.trace_rms(p.trace, q.trace))
        return np.where(same_reference(p, q) & np.isfinite(rms), rms, np.inf)
    pole = pole_angles(p, q)
    with np.errstate(invalid="ignore"):
        return np.where(pole <= POLE_GATE_DEG, np.abs(p.depth - q.depth), np.inf)


def same_reference(first: Planes, second: Planes) -> Bools:
    """Return which pairs (n,) may be compared by apparent azimuth; an unknown reference is taken to be the other's."""
    unsaid = (first.reference == UNKNOWN) | (second.reference == UNKNOWN)
    return np.asarray(unsaid | (first.reference == second.reference))


def pole_angles(first: Planes, second: Planes) -> Floats:
    """Return the angle between the poles of pairs (n,) (deg): of true dips, else of apparent ones, else NaN."""

    def angle(p: Floats, q: Floats) -> Floats:
        return np.asarray(geometry.pole_angle(p[:, 0], p[:, 1], q[:, 0], q[:, 1]))

    true, apparent = angle(first.true, second.true), angle(first.apparent, second.apparent)
    return np.where(np.isfinite(true), true, np.where(same_reference(first, second), apparent, np.nan))


def assign(
    first: npt.ArrayLike,
    second: npt.ArrayLike,
    distance: npt.ArrayLike,
    tolerance: float,
    handicap: npt.ArrayLike = 0,
) -> Ints:
    """
    Match one to one: as many pairs as possible, then with the least total handicap, then the least total distance.

    Parameters
    ----------
    first, second : array (k,) of int
        The two ends of every possible pair.
    distance : array (k,)
        Distance of each pair (m); those over the tolerance are left out.
    tolerance : float
        The gate (m), positive.
    handicap : array (k,) of int, 0 to 2
        Number of ends of the pair to use only if nothing else is possible.

    Returns
    -------
    array of int
        Positions of the chosen pairs, ascending.

    Notes
    -----
    Each pick has a private dummy partner, so that a minimum-weight full matching of the sparse graph exists. A dummy
    pair costs more than any set of real pairs, so that one more real match always lowers the cost. The graph consists
    of separate parts where depths lie further apart than the gate. The parts are solved in batches, and no matrix of
    all picks and all truth is made. The solver is the sparse Jonker-Volgenant algorithm of scipy.

    Examples
    --------
    The nearest pair (1, 0) would leave pick 0 alone; two matches are better than one.

    >>> chosen = assign([0, 1, 1], [0, 0, 1], [0.04, 0.01, 0.03], 0.05)
    >>> chosen
    array([0, 2])
    """
    distance = np.asarray(distance, dtype=float)
    within = np.flatnonzero(distance <= tolerance + _SLACK_M)
    _, i = np.unique(np.asarray(first)[within], return_inverse=True)
    _, j = np.unique(np.asarray(second)[within], return_inverse=True)
    if not len(within):
        return within
    rank = np.broadcast_to(np.asarray(handicap), distance.shape)[within]
    scaled = distance[within] / tolerance

    n, nodes = int(i.max()) + 1, int(i.max() + j.max()) + 2
    # Graph routines of SciPy before 1.15 take indices of 32 bits only.
    ends = (i.astype(np.int32), (j + n).astype(np.int32))
    graph = coo_array((np.ones(len(within)), ends), shape=(nodes, nodes))
    _, label = connected_components(graph, directed=False)
    part = label[i]
    order = np.argsort(part, kind="stable")
    # Whole parts are put together until a batch has enough rows.
    rows_before = np.concatenate([[0], np.cumsum(np.bincount(label[:n]))[:-1]])
    batch = rows_before[part[order]] // _BATCH_ROWS
    cuts = np.flatnonzero(np.diff(batch)) + 1
    chosen = [at[_solve_batch(i[at], j[at], scaled[at], rank[at])] for at in np.split(order, cuts)]
    return np.sort(within[np.concatenate(chosen)])


def _solve_batch(i: Ints, j: Ints, distance: Floats, rank: Ints) -> Ints:
    picks, i = np.unique(i, return_inverse=True)
    truth, j = np.unique(j, return_inverse=True)
    n, m = len(picks), len(truth)
    most = min(n, m)
    # One step of handicap costs more than the distances of any matching together.
    step = most * (1.0 + _SLACK_M) + 1.0
    # An offset of 1 is needed, because a stored zero would not be an edge.
    pair = 1.0 + distance + step * rank
    # A dummy pair costs more than any matching of real pairs.
    alone = (most + 1) * (3.0 + 2 * step)
    ends = (np.concatenate([i, np.arange(n)]), np.concatenate([j, m + np.arange(n)]))
    rows, columns = (end.astype(np.int32) for end in ends)
    cost = csr_array((np.concatenate([pair, np.full(n, alone)]), (rows, columns)), shape=(n, m + n))
    row, column = min_weight_full_bipartite_matching(cost)
    real = column < m
    keys = i * m + j
    by_key = np.argsort(keys)
    return np.asarray(by_key[np.searchsorted(keys[by_key], row[real] * m + column[real])])
