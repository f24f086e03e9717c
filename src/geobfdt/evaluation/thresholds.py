"""The confidence at which a picker does best."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit

from geobfdt.evaluation.counts import possible_pairs
from geobfdt.evaluation.ranking import average_precision, ranked_outcomes
from geobfdt.evaluation.scope import ALL_CLASSES, gather
from geobfdt.wells.intervals import IntervalTable
from geobfdt.wells.picks import PickTable

__all__ = ["OperatingPoint", "operating_points"]


# An operating point from fewer planes is uncertain.
_MIN_PLANES = 60


class OperatingPoint(NamedTuple):
    """
    Threshold with the best F1 of a picker on one class.

    Parameters
    ----------
    threshold : float
        Smallest confidence; 1 where there is nothing to find.
    f1 : float
        F1 at that threshold; NaN where there is nothing to find.
    precision, recall : float
        Precision and recall at that threshold.
    average_precision : float
        Average precision over all thresholds.
    planes : int
        Number of planes to find.
    """

    threshold: float
    f1: float
    precision: float
    recall: float
    average_precision: float
    planes: int

    @property
    def weight(self) -> float:
        """Weight of these numbers, 0 to 1: those of few planes are mostly chance."""
        return self.planes / (self.planes + _MIN_PLANES)


def operating_points(
    picks: PickTable,
    truth: PickTable,
    intervals: IntervalTable | None = None,
    tolerance: float = 0.03,
    start: Mapping[str, float] | None = None,
) -> dict[str, OperatingPoint]:
    """
    Find the confidence of best F1 by class.

    Parameters
    ----------
    picks, truth : PickTable
        Pick tables.
    intervals : IntervalTable, optional
        Interpreted and ignored intervals.
    tolerance : float
        Distance of a match (m): trace RMS where the truth allows it, else depth.
    start : mapping of str to float, optional
        Former thresholds by class. The best threshold is a mean of the two, weighted by the number of planes, because
        the best threshold of few planes fits no others.

    Returns
    -------
    dict of str to OperatingPoint
        By class.

    Examples
    --------
    >>> from geobfdt.wells.picks import new_picks
    >>> flat = {"class_": "bedding", "azimuth_app_deg": 0.0, "amplitude_m": 0.0, "diameter_m": 0.2}
    >>> truth = new_picks(well="A", depth_m=[1.0, 2.0], **flat)
    >>> picks = new_picks(well="A", depth_m=[1.0, 1.5, 2.0], confidence=[0.9, 0.2, 0.6], **flat)
    >>> operating_points(picks, truth)["bedding"]
    OperatingPoint(threshold=0.6, f1=1.0, precision=1.0, recall=1.0, average_precision=1.0, planes=2)
    """
    groups, _ = gather(picks, truth, intervals)
    points = {}
    for name in sorted({group.class_ for group in groups} - {ALL_CLASSES}):
        confidence, outcome, planes = [], [], 0
        for group in groups:
            if group.class_ != name:
                continue
            pairs = possible_pairs(group, group.best_kind, tolerance)
            outcome.append(ranked_outcomes(group, pairs, tolerance))
            confidence.append(group.confidence)
            planes += int((group.truth_inside & ~group.optional).sum())
        used = None if start is None else start[name]
        points[name] = _best_threshold(np.concatenate(confidence), np.concatenate(outcome), planes, used)
    return points


def _best_threshold(
    confidence: npt.NDArray[np.float64], outcome: npt.NDArray[np.float64], planes: int, start: float | None = None
) -> OperatingPoint:
    judged = np.isfinite(outcome)
    order = np.argsort(-confidence[judged], kind="stable")
    score, right = confidence[judged][order], outcome[judged][order]
    if not planes or not score.size:
        nothing = 0.0 if planes else float("nan")
        return OperatingPoint(1.0, nothing, float("nan"), 0.0, nothing, planes)
    hits = np.cumsum(right)
    # Picks of equal confidence pass a threshold together.
    ends = np.append(np.flatnonzero(np.diff(score)), score.size - 1)
    f1 = 2 * hits[ends] / (ends + 1 + np.maximum(planes, hits[ends]))
    index = int(np.argmax(f1))
    threshold = float(score[ends[index]])
    if start is not None:
        weight = planes / (planes + _MIN_PLANES)
        # A margin for rounding keeps the picks that lie on the threshold.
        best_logit, start_logit = logit(np.clip([threshold, start], 1e-9, 1 - 1e-9))
        threshold = float(expit(weight * best_logit + (1 - weight) * start_logit))
        index = int(np.searchsorted(-score[ends], -threshold + 1e-9, side="right")) - 1
        if index < 0:
            return OperatingPoint(threshold, 0.0, float("nan"), 0.0, average_precision(score, right, planes), planes)
    best = ends[index]
    return OperatingPoint(
        threshold,
        float(f1[index]),
        float(hits[best] / (best + 1)),
        float(hits[best] / max(planes, hits[best])),
        average_precision(confidence[judged], outcome[judged], planes),
        planes,
    )
