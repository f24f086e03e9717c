"""Average precision: whether confidence ranks the right picks first."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from geobfdt.evaluation.counts import Pairs
from geobfdt.evaluation.scope import Group

__all__ = ["average_precision", "ranked_outcomes"]

Floats = npt.NDArray[np.float64]


def ranked_outcomes(group: Group, pairs: Pairs, tolerance: float) -> Floats:
    """
    Match picks in the order of their confidence, and return the outcome of each.

    Each pick is matched to the nearest free true plane within the tolerance, required planes before optional ones, and
    keeps it. So the outcome of a pick does not depend on picks of lower confidence, and one ranking holds for every
    threshold, as in the usual definition of average precision for detectors.

    Parameters
    ----------
    group : Group
        Picks (n) and truth.
    pairs : Pairs
        Possible pairs.
    tolerance : float
        The gate (m).

    Returns
    -------
    array (n,)
        1 right, 0 wrong, NaN neither (matched to an optional plane, or outside the interpreted intervals).
    """
    near = np.flatnonzero(pairs.distance <= tolerance + 1e-9)
    order = near[np.lexsort((pairs.second[near], pairs.distance[near], pairs.handicap[near], pairs.first[near]))]
    starts = np.searchsorted(pairs.first[order], np.arange(len(group.picks) + 1))
    matched = np.zeros(len(group.truth), dtype=bool)
    outcome = np.where(group.pick_inside, 0.0, np.nan)
    for pick in np.argsort(-group.confidence, kind="stable"):
        for plane in pairs.second[order[starts[pick] : starts[pick + 1]]]:
            if not matched[plane]:
                matched[plane] = True
                right = not group.optional[plane] and (group.pick_inside[pick] or group.truth_inside[plane])
                outcome[pick] = 1.0 if right else np.nan
                break
    return outcome


def average_precision(confidence: npt.ArrayLike, outcome: npt.ArrayLike, planes: int) -> float:
    """
    Area under precision against recall, every point used, precision made non-increasing in recall.

    Parameters
    ----------
    confidence : array (n,)
        Confidence of picks.
    outcome : array (n,)
        1 right, 0 wrong, NaN neither.
    planes : int
        Number of true planes that should be found.

    Returns
    -------
    float
        0 to 1; NaN if there are no planes or a confidence is missing.

    Notes
    -----
    Picks of equal confidence pass a threshold together, so their order cannot matter.

    Examples
    --------
    >>> average_precision([0.9, 0.8, 0.7], [1, 0, 1], planes=2)
    0.8333
    """
    score, hit = np.asarray(confidence, dtype=float), np.asarray(outcome, dtype=float)
    if planes == 0 or np.isnan(score).any():
        return float("nan")
    score, hit = score[~np.isnan(hit)], hit[~np.isnan(hit)]
    if not len(score):
        return 0.0
    order = np.argsort(-score, kind="stable")
    cumulative_hits = np.cumsum(hit[order])
    ends = np.append(np.flatnonzero(np.diff(score[order])), len(score) - 1)
    exact = cumulative_hits[ends] / (ends + 1)
    envelope = np.maximum.accumulate(exact[::-1])[::-1]
    # Planes just outside an interval may be found without having been required.
    return float(np.sum(np.diff(cumulative_hits[ends], prepend=0.0) * envelope) / max(planes, cumulative_hits[-1]))
