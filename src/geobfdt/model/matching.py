"""Matching of queries with true planes, one to one, by trace RMS and class; and suppression of duplicates."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from geobfdt.geometry import stretch, trace_rms
from geobfdt.model.curve_settings import MatchingSettings

__all__ = ["match", "penalise_duplicates", "scaled_rms", "thin_by_distance"]

_NO_PAIR_COST = 1e3  # Cost of a pair that is too far apart: higher than any other.
_PENALTY_REACH = 2.5  # Number of distances up to which a duplicate is penalised; beyond, the penalty is under 0.2 %.

Array = npt.NDArray[np.float64]


def scaled_rms(first: Array, second: Array, radius: float) -> Array:
    """
    Trace RMS between two sets, scaled to distances perpendicular to the traces.

    Parameters
    ----------
    first : array (n, 3)
        ``(z0, a, b)`` (m).
    second : array (m, 3)
        ``(z0, a, b)`` (m).
    radius : float
        Hole radius (m).

    Returns
    -------
    array (n, m)
        Metres.

    Examples
    --------
    >>> scaled_rms(np.array([[0.0, 0.2, 0.2]]), np.array([[0.1, 0.2, 0.2], [0.1, 0.2, 0.2]]), 0.1).round(3)
    array([[0.045, 0.045]])
    """
    stretching = stretch(first, radius)[:, None] * stretch(second, radius)
    return np.asarray(trace_rms(first[:, None], second) / np.sqrt(stretching))


def match(
    traces: Array,
    probability: Array,
    truth: Array,
    classes: npt.NDArray[np.int64],
    radius: float,
    settings: MatchingSettings,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """
    Match queries with planes, one to one, at least total cost (Kuhn 1955; Carion et al. 2020).

    Parameters
    ----------
    traces : array (queries, 3)
        ``(z0, a, b)`` (m).
    probability : array (queries, classes)
        Probability of each class.
    truth : array (planes, 3)
        ``(z0, a, b)`` (m).
    classes : array (planes,)
        Class of each.
    radius : float
        Hole radius (m).
    settings : MatchingSettings
        Costs, and the largest distance of a pair.

    Returns
    -------
    query, plane : array (pairs,)
        Indices.

    Notes
    -----
    The cost of a pair is ``min(d / distance_scale, max_distance_cost) + class_cost (1 - p)``, with the scaled trace RMS
    ``d`` and the probability ``p`` of the plane's class. The assignment of least total cost is found by the Hungarian
    algorithm; pairs beyond `max_distance` are dropped afterwards.

    Examples
    --------
    >>> planes = np.array([[0.0, 0.1, 0.0], [1.0, 0.0, 0.0]])
    >>> match(planes[::-1], np.full((2, 2), 0.5), planes, np.array([0, 1]), 0.1, MatchingSettings())
    (array([0, 1]), array([1, 0]))
    """
    if not len(traces) or not len(truth):
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    distance = scaled_rms(traces, truth, radius)
    # 1 - p rather than its logarithm: it is commensurable with the distance (Carion et al. 2020).
    class_cost = settings.class_cost * (1 - probability[:, classes])
    cost = np.minimum(distance / settings.distance_scale, settings.max_distance_cost) + class_cost
    # A finite cost: scipy refuses a table that has no complete assignment of finite cost.
    cost = np.where(distance > settings.max_distance, _NO_PAIR_COST, cost)
    query, plane = linear_sum_assignment(cost)
    within = distance[query, plane] <= settings.max_distance
    return query[within], plane[within]


def thin_by_distance(
    traces: Array, scores: Array, distance: float, radius: float = math.inf, max_count: int | None = None
) -> npt.NDArray[np.int64]:
    """
    Greedy non-maximum suppression by trace RMS.

    Parameters
    ----------
    traces : array (n, 3)
        ``(z0, a, b)`` (m).
    scores : array (n,)
        Scores; the highest is kept first.
    distance : float
        Traces nearer than this to a kept one are dropped (m).
    radius : float, optional
        Hole radius (m); with it, distance is scaled as by :func:`scaled_rms`.
    max_count : int, optional
        Largest number of traces to keep.

    Returns
    -------
    array (m,)
        Indices of the kept traces, best first.

    Notes
    -----
    Traces are taken from the highest score down; each that is still free is kept, and all free ones nearer to it than
    `distance` are dropped. The trace RMS of two traces is at least their difference in depth, so that only those within
    reach in depth are compared, which takes time with the number of traces and not with its square. With a radius, the
    limit of a pair is ``distance sqrt(s1 s2)``, where ``s`` is the stretch of each trace.

    Examples
    --------
    >>> thin_by_distance(np.array([[1.0, 0, 0], [1.01, 0, 0], [2.0, 0, 0]]), np.array([0.5, 0.9, 0.7]), 0.02)
    array([1, 2])
    """
    # In order of depth, so that only what lies near a kept trace is compared with it.
    by_depth = np.argsort(traces[:, 0], kind="stable")
    deep, root_stretch = traces[by_depth], np.sqrt(stretch(traces[by_depth], radius))
    # No trace RMS is below the difference in depth, so a trace outside of these rows cannot be a duplicate.
    reach = distance * root_stretch * root_stretch.max(initial=0)
    first = np.searchsorted(deep[:, 0], deep[:, 0] - reach)
    last = np.searchsorted(deep[:, 0], deep[:, 0] + reach, side="right")
    free = np.ones(len(deep), bool)
    chosen: list[int] = []
    place = np.empty(len(deep), dtype=np.int64)
    place[by_depth] = np.arange(len(deep))
    # Best first: what is dropped is always a neighbour of a trace of a higher score.
    for best in np.argsort(-scores, kind="stable").tolist():
        if len(chosen) == max_count:
            break
        i = place[best]
        if free[i]:
            chosen.append(best)
            near = slice(first[i], last[i])
            free[near] &= trace_rms(deep[near], deep[i]) >= distance * root_stretch[near] * root_stretch[i]
    return np.array(chosen, dtype=np.int64)


def penalise_duplicates(
    traces: Array, logits: Array, penalties: Sequence[float], distance: float, radius: float
) -> Array:
    """
    Lower the log odds of planes that lie beside a more probable plane of their class.

    Parameters
    ----------
    traces : array (n, 3)
        ``(z0, a, b)`` (m).
    logits : array (n, classes)
        Log odds of each class.
    penalties : sequence of float
        Log odds that a plane loses that coincides with a more probable one, by class.
    distance : float
        Distance at which the penalty is a third of that (m, scaled as by :func:`scaled_rms`).
    radius : float
        Hole radius (m).

    Returns
    -------
    array (n, classes)
        New log odds.

    Notes
    -----
    Where a contact is blurred, the network proposes two or three planes for it, a few centimetres apart, each with a
    middling probability. Dropping every plane within such a distance of another would also drop one of two contacts of
    a thin bed. Instead the log odds of a plane are lowered by ``penalty exp(-(d / distance)^2)``, with the distance
    ``d`` to the nearest plane that has higher log odds and the same most probable class. A thin bed with two clear
    contacts keeps both. This is Soft-NMS (Bodla et al. 2017) in log odds; it uses the log odds before any penalty, so
    that the result does not depend on the order.

    Examples
    --------
    >>> traces = np.array([[1.0, 0.0, 0.0], [1.02, 0.0, 0.0], [2.0, 0.0, 0.0]])
    >>> logits = np.array([[1.0, -3.0], [0.5, -3.0], [0.2, -3.0]])
    >>> penalise_duplicates(traces, logits, (1.0, 1.0), 0.04, 0.1)[:, 0].round(2)
    array([ 1.  , -0.28,  0.2 ])
    """
    by_depth = np.argsort(traces[:, 0], kind="stable")
    deep, score, kind = traces[by_depth], logits.max(axis=1, initial=-np.inf)[by_depth], logits.argmax(axis=1)[by_depth]
    root_stretch = np.sqrt(stretch(deep, radius))
    # No trace RMS is below the difference in depth.
    reach = _PENALTY_REACH * distance * root_stretch * root_stretch.max(initial=0)
    first = np.searchsorted(deep[:, 0], deep[:, 0] - reach)
    last = np.searchsorted(deep[:, 0], deep[:, 0] + reach, side="right")
    lost = np.zeros(len(deep))
    for i in range(len(deep)):
        near = np.arange(first[i], last[i])
        near = near[(score[near] > score[i]) & (kind[near] == kind[i])]
        if near.size:
            apart = trace_rms(deep[near], deep[i]) / (root_stretch[near] * root_stretch[i])
            lost[i] = penalties[kind[i]] * np.exp(-((apart.min() / distance) ** 2))
    out = np.array(logits, dtype=np.float64)
    out[by_depth] -= lost[:, None]
    return out
