"""Right, wrong and missed: counts that add over wells and depth blocks.

The rule, the same for both ends of a pair: a matched pair counts once if either end lies where the class was
interpreted, unless the true plane is optional. Unmatched, a pick counts as wrong and a required true plane as missed
only inside. Everything else is neither.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geobfdt.evaluation.matching import Kind, Planes, assign, distances, near
from geobfdt.evaluation.scope import Group

__all__ = ["Counts", "Pairs", "count", "f1", "moved_pairs", "pick_outcomes", "possible_pairs", "precision", "recall"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# At most this many picks are matched at once, which limits memory.
_BATCH_PICKS = 200_000


@dataclass(frozen=True)
class Counts:
    """
    Numbers of planes found, picks that are wrong, and planes missed; they add.

    Parameters
    ----------
    hits, wrong, missed : array (...)
        Counts of one shape: by depth block, by copy of a null picker, or one number.

    Examples
    --------
    >>> Counts(8, 2, 2) + Counts(1, 0, 1)
    Counts(hits=9, wrong=2, missed=3)
    """

    hits: npt.ArrayLike = 0
    wrong: npt.ArrayLike = 0
    missed: npt.ArrayLike = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            *(
                np.add(mine, theirs)[()]
                for mine, theirs in zip(
                    (self.hits, self.wrong, self.missed), (other.hits, other.wrong, other.missed), strict=True
                )
            )
        )

    def over(self, weights: npt.ArrayLike) -> Counts:
        """Return counts summed over their only axis with weights (..., n)."""
        w = np.asarray(weights, dtype=float)
        return Counts(w @ np.asarray(self.hits), w @ np.asarray(self.wrong), w @ np.asarray(self.missed))

    def total(self) -> Counts:
        """Return counts summed over everything."""
        return Counts(int(np.sum(self.hits)), int(np.sum(self.wrong)), int(np.sum(self.missed)))


def _ratio(part: npt.ArrayLike, whole: npt.ArrayLike) -> Floats:
    part, whole = np.asarray(part, dtype=float), np.asarray(whole, dtype=float)
    return np.asarray(np.divide(part, whole, out=np.full(np.shape(whole), np.nan), where=whole > 0))[()]


def precision(counts: Counts) -> Floats:
    """
    Share of the judged picks that are right; NaN if there are none.

    Examples
    --------
    >>> precision(Counts(hits=6, wrong=2, missed=4))
    0.75
    """
    return _ratio(counts.hits, np.add(counts.hits, counts.wrong))


def recall(counts: Counts) -> Floats:
    """
    Share of the required true planes that were found; NaN if there are none.

    Examples
    --------
    >>> recall(Counts(hits=6, wrong=2, missed=4))
    0.6
    """
    return _ratio(counts.hits, np.add(counts.hits, counts.missed))


def f1(counts: Counts) -> Floats:
    """
    Harmonic mean of precision and recall, ``2 hits / (2 hits + wrong + missed)``; NaN if there is nothing.

    Examples
    --------
    >>> f1(Counts(hits=6, wrong=2, missed=4))
    0.6667
    """
    double = 2 * np.asarray(counts.hits)
    return _ratio(double, double + np.asarray(counts.wrong) + np.asarray(counts.missed))


@dataclass(frozen=True)
class Pairs:
    """
    Pairs of a pick and a true plane that may match.

    Parameters
    ----------
    first, second : array (k,) of int
        Node of the pick and of the true plane. Copy c of pick i is node ``c n + i``; likewise of true planes.
    distance : array (k,)
        Their distance (m).
    handicap : array (k,) of int
        Number of ends to use only if nothing else is possible: optional, or outside the interpreted intervals.
    """

    first: Ints
    second: Ints
    distance: Floats
    handicap: Ints

    def matched(self, tolerance: float) -> Ints:
        """Positions of the best one-to-one pairs within a tolerance (m)."""
        return assign(self.first, self.second, self.distance, tolerance, self.handicap)


def possible_pairs(group: Group, kind: Kind, reach: float, picks: Planes | None = None, copies: int = 1) -> Pairs:
    """
    List the pairs of a group, or of copies of its picks by a null picker.

    Parameters
    ----------
    group : Group
        Picks and truth.
    kind : {"depth", "pole", "trace"}
        Which distance.
    reach : float
        Largest tolerance that will be used (m).
    picks : Planes (copies * n), optional
        What to match with the truth in place of the group's picks: copies one after another.
    copies : int
        Number of copies.

    Returns
    -------
    Pairs
        Pairs; those of different copies share no node, so that one matching serves all copies.
    """
    planes = group.picks if picks is None else picks
    first, second = near(planes, group.truth, reach)
    distance = distances(kind, planes, group.truth, first, second)
    possible = distance < np.inf
    first, second, distance = first[possible], second[possible], distance[possible]
    size = max(len(planes) // copies, 1)
    last = group.optional | ~group.truth_inside
    handicap = last[second].astype(np.int64)
    # Picks of null pickers are always inside.
    if picks is None:
        handicap += ~group.pick_inside[first]
    return Pairs(first, second + first // size * len(group.truth), distance, handicap)


def moved_pairs(group: Group, planes: Planes, depth: Floats, kind: Kind, reach: float) -> Iterator[tuple[Pairs, int]]:
    """
    List the pairs of copies of planes at other depths, a batch of copies at a time.

    Parameters
    ----------
    group : Group
        Its truth is matched.
    planes : Planes
        What is copied (n).
    depth : array (copies, n)
        Depths of the copies (m, MD).
    kind : {"depth", "pole", "trace"}
        Which distance.
    reach : float
        Largest tolerance that will be used (m).

    Yields
    ------
    Pairs, int
        Pairs of the next copies, and how many copies they are of.
    """
    for some in np.array_split(depth, max(1, round(depth.size / _BATCH_PICKS))):
        tiled = planes.take(np.tile(np.arange(len(planes)), len(some))).at(some.ravel())
        yield possible_pairs(group, kind, reach, tiled, len(some)), len(some)


def count(group: Group, pairs: Pairs, chosen: Ints, pick_unit: Ints, truth_unit: Ints, units: int) -> Counts:
    """
    Count a matching by unit: depth block, well or copy of a null picker.

    Parameters
    ----------
    group : Group
        Picks and truth; copies of a null picker must be of picks inside.
    pairs : Pairs
        Possible pairs.
    chosen : array of int
        The matched ones.
    pick_unit, truth_unit : array of int
        Unit of each node. A match belongs to the unit of its true plane.
    units : int
        Number of units.

    Returns
    -------
    Counts
        Arrays (units,).
    """
    n, m = max(len(group.picks), 1), max(len(group.truth), 1)
    i, j = pairs.first[chosen], pairs.second[chosen]
    right = _right(group, i % n, j % m)
    free_pick = np.tile(group.pick_inside, len(pick_unit) // n)
    free_pick[i] = False
    free_truth = np.tile(group.truth_inside & ~group.optional, len(truth_unit) // m)
    free_truth[j] = False
    return Counts(
        np.bincount(truth_unit[j[right]], minlength=units),
        np.bincount(pick_unit[free_pick], minlength=units),
        np.bincount(truth_unit[free_truth], minlength=units),
    )


def pick_outcomes(group: Group, pairs: Pairs, chosen: Ints) -> Floats:
    """
    Outcome of each pick in a matching: 1 right, 0 wrong, NaN neither.

    Parameters
    ----------
    group : Group
        Picks (n) and truth.
    pairs : Pairs
        Possible pairs of the group.
    chosen : array of int
        The matched ones.

    Returns
    -------
    array (n,)
        Outcomes.
    """
    outcome = np.where(group.pick_inside, 0.0, np.nan)
    i, j = pairs.first[chosen], pairs.second[chosen]
    outcome[i] = np.where(_right(group, i, j), 1.0, np.nan)
    return outcome


def _right(group: Group, pick: Ints, plane: Ints) -> npt.NDArray[np.bool_]:
    return ~group.optional[plane] & (group.pick_inside[pick] | group.truth_inside[plane])
