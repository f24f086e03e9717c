"""The confidence at which a picker does best."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import expit, logit

from geobfdt.evaluation.counts import possible_pairs
from geobfdt.evaluation.ranking import average_precision, ranked_outcomes
from geobfdt.evaluation.scope import ALL, gather

__all__ = ["Operating", "operating_points"]


# Planes to find after which an operating point tells half of what it can.
_FEW = 60


class Operating(NamedTuple):
    """
    Where a picker does best on one class.

    Parameters
    ----------
    threshold : float
        Least confidence; 1 where there is nothing to find.
    f1 : float
        What it scores there; NaN where there is nothing to find.
    precision, recall : float
        Of what, at that threshold.
    average_precision : float
        Over all thresholds.
    planes : int
        How many there are to find.
    """

    threshold: float
    f1: float
    precision: float
    recall: float
    average_precision: float
    planes: int

    @property
    def weight(self) -> float:
        """How much these numbers tell, 0 to 1: those of few planes are mostly chance."""
        return self.planes / (self.planes + _FEW)


def operating_points(
    picks: pd.DataFrame,
    truth: pd.DataFrame,
    intervals: pd.DataFrame | None = None,
    tolerance: float = 0.03,
    start: Mapping[str, float] | None = None,
) -> dict[str, Operating]:
    """
    Find the confidence of best F1 by class.

    Parameters
    ----------
    picks, truth : DataFrame
        Pick tables.
    intervals : DataFrame, optional
        Interpreted and ignored intervals.
    tolerance : float
        Distance of a match (m): trace RMS where the truth allows it, else depth.
    start : mapping of str to float, optional
        Thresholds that were in use, by class. The best one is drawn towards them, the more so the fewer planes there
        are: the best threshold of four planes promises what no other planes keep.

    Returns
    -------
    dict of str to Operating
        By class.

    Examples
    --------
    >>> from geobfdt.wells.picks import new_picks
    >>> flat = {"class_": "bedding", "azimuth_app_deg": 0.0, "amplitude_m": 0.0, "diameter_m": 0.2}
    >>> truth = new_picks(well="A", depth_m=[1.0, 2.0], **flat)
    >>> picks = new_picks(well="A", depth_m=[1.0, 1.5, 2.0], confidence=[0.9, 0.2, 0.6], **flat)
    >>> operating_points(picks, truth)["bedding"]
    Operating(threshold=0.6, f1=1.0, precision=1.0, recall=1.0, average_precision=1.0, planes=2)
    """
    groups, _ = gather(picks, truth, intervals)
    points = {}
    for name in sorted({group.class_ for group in groups} - {ALL}):
        confidence, outcome, planes = [], [], 0
        for group in groups:
            if group.class_ != name:
                continue
            pairs = possible_pairs(group, group.best_kind, tolerance)
            outcome.append(ranked_outcomes(group, pairs, tolerance))
            confidence.append(group.confidence)
            planes += int((group.truth_inside & ~group.optional).sum())
        used = None if start is None else start[name]
        points[name] = _best(np.concatenate(confidence), np.concatenate(outcome), planes, used)
    return points


def _best(
    confidence: npt.NDArray[np.float64], outcome: npt.NDArray[np.float64], planes: int, start: float | None = None
) -> Operating:
    judged = np.isfinite(outcome)
    order = np.argsort(-confidence[judged], kind="stable")
    score, right = confidence[judged][order], outcome[judged][order]
    if not planes or not score.size:
        nothing = 0.0 if planes else float("nan")
        return Operating(1.0, nothing, float("nan"), 0.0, nothing, planes)
    found = np.cumsum(right)
    # Picks of one confidence pass together.
    ends = np.append(np.flatnonzero(np.diff(score)), score.size - 1)
    f1 = 2 * found[ends] / (ends + 1 + np.maximum(planes, found[ends]))
    index = int(np.argmax(f1))
    threshold = float(score[ends[index]])
    if start is not None:
        weight = planes / (planes + _FEW)
        # A margin for rounding keeps the picks that lie on a threshold which does not move.
        best_logit, start_logit = logit(np.clip([threshold, start], 1e-9, 1 - 1e-9))
        threshold = float(expit(weight * best_logit + (1 - weight) * start_logit))
        index = int(np.searchsorted(-score[ends], -threshold + 1e-9, side="right")) - 1
        if index < 0:
            return Operating(threshold, 0.0, float("nan"), 0.0, average_precision(score, right, planes), planes)
    best = ends[index]
    return Operating(
        threshold,
        float(f1[index]),
        float(found[best] / (best + 1)),
        float(found[best] / max(planes, found[best])),
        average_precision(confidence[judged], outcome[judged], planes),
        planes,
    )
