"""The confidence at which a picker does best."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from geobfdt.evaluation.counts import possible_pairs
from geobfdt.evaluation.ranking import average_precision, ranked_outcomes
from geobfdt.evaluation.scope import ALL, gather

__all__ = ["Operating", "operating_points"]


_FEW = 60  # planes to find after which an operating point tells half of what it can


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
    picks: pd.DataFrame, truth: pd.DataFrame, intervals: pd.DataFrame | None = None, tolerance: float = 0.03
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
        points[name] = _best(np.concatenate(confidence), np.concatenate(outcome), planes)
    return points


def _best(confidence: npt.NDArray[np.float64], outcome: npt.NDArray[np.float64], planes: int) -> Operating:
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
    best = ends[int(np.argmax(f1))]
    return Operating(
        float(score[best]),
        float(f1.max()),
        float(found[best] / (best + 1)),
        float(found[best] / max(planes, found[best])),
        average_precision(confidence[judged], outcome[judged], planes),
        planes,
    )
