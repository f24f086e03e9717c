"""Calibration: confidences become probabilities, and thresholds are those of best F1, on held-out wells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from geobfdt.evaluation.counts import possible_pairs
from geobfdt.evaluation.ranking import ranked_outcomes
from geobfdt.evaluation.scope import gather
from geobfdt.evaluation.thresholds import operating_points
from geobfdt.model.bundle import Bundle, Calibration
from geobfdt.picking.network_detector import NetworkDetector
from geobfdt.picking.picker import pick_with_findings
from geobfdt.runtime.progress import Progress, no_progress
from geobfdt.wells.image import WellImage
from geobfdt.wells.intervals import IntervalTable, join_intervals
from geobfdt.wells.picks import CLASSES, PickTable, join_picks

__all__ = ["InterpretedWell", "calibrate_bundle", "pick_all", "platt"]

# A pick is right if a plane lies within this trace RMS: confidences are calibrated to it.
_CALIBRATION_TOLERANCE_M = 0.05
_THRESHOLD_TOLERANCE_M = 0.03  # Trace RMS of a match where the threshold of best F1 is chosen.
# Share of the threshold of best F1 at which picks are made. F1 of beds hardly changes down to there, more of them are
# found, and an interpreter deletes a pick in less time than it takes to draw one.
_THRESHOLD_SHARES = {"bedding": 0.85, "fracture": 1.0}
# Standard deviations of the prior of slope and intercept around those of the bundle: without a prior, few held-out
# picks would leave them undetermined.
_SLOPE_SIGMA, _INTERCEPT_SIGMA = 1.0, 1.0

Array = npt.NDArray[np.float64]


class InterpretedWell(NamedTuple):
    """
    A well with its interpretation.

    Parameters
    ----------
    image : WellImage
        The well.
    picks : PickTable
        Its planes.
    intervals : IntervalTable
        The intervals in which planes were picked.
    """

    image: WellImage
    picks: PickTable
    intervals: IntervalTable


def pick_all(
    bundle: Bundle,
    wells: Sequence[InterpretedWell],
    min_confidence: float | None = None,
    tall: bool | None = None,
) -> PickTable:
    """Pick several wells with one bundle, into one table."""
    parts = []
    for well in wells:
        detector = NetworkDetector.of(bundle, well.image)
        parts.append(pick_with_findings(well.image, detector, min_confidence=min_confidence, tall=tall)[0])
    return join_picks(parts)


def calibrate_bundle(bundle: Bundle, wells: Sequence[InterpretedWell], progress: Progress = no_progress) -> Bundle:
    """
    Fit the calibration of a bundle.

    Parameters
    ----------
    bundle : Bundle
        The fewer planes the wells have, the less its calibration changes.
    wells : sequence of InterpretedWell
        Wells that the network was not trained on.
    progress : callable, optional
        Called with the finished share.
    """
    plain = replace(bundle, calibration={name: Calibration() for name in CLASSES})
    parts = []
    for i, well in enumerate(wells):
        # Confidences of tall traces follow from those of the image itself.
        parts.append(pick_all(plain, [well], 0.05, tall=False))
        progress((i + 1) / len(wells))
    picks = join_picks(parts)
    truth = join_picks([well.picks for well in wells])
    intervals = join_intervals([well.intervals for well in wells])
    fitted = dict(bundle.calibration)
    groups, _ = gather(picks, truth, intervals)
    for name in CLASSES:
        chances, outcomes = [np.empty(0)], [np.empty(0)]
        for group in groups:
            if group.class_ == name:
                chances.append(group.confidence)
                outcomes.append(
                    ranked_outcomes(
                        group,
                        possible_pairs(group, group.best_kind, _CALIBRATION_TOLERANCE_M),
                        _CALIBRATION_TOLERANCE_M,
                    )
                )
        chance, outcome = np.concatenate(chances), np.concatenate(outcomes)
        judged = np.isfinite(outcome)
        if not outcome[judged].any():
            continue  # Without planes or without picks the calibration stays as it is.
        current = bundle.calibration[name]
        logits = np.log(chance[judged]) - np.log1p(-chance[judged])
        slope, intercept = platt(logits, outcome[judged], (current.slope, current.intercept))
        fitted[name] = current.model_copy(update={"slope": slope, "intercept": intercept})
        of_class = (picks["class"] == name).to_numpy()
        old = picks.loc[of_class, "confidence"].to_numpy(float)
        picks.loc[of_class, "confidence"] = fitted[name].probability(np.log(old) - np.log1p(-old))
    for name, point in operating_points(picks, truth, intervals, _THRESHOLD_TOLERANCE_M).items():
        if np.isfinite(point.f1) and point.f1 > 0:
            # The threshold of best F1 is half of that F1, if confidences are probabilities (Lipton et al. 2014). The
            # threshold at the highest point of the curve is mostly chance, since the curve is flat there.
            best = _THRESHOLD_SHARES[name] * point.f1 / 2
            # Both thresholds are compared as log odds of the network, since the calibration has just changed.
            new, current = fitted[name], bundle.calibration[name]
            cut = point.weight * new.logits(best) + (1 - point.weight) * current.logits(current.threshold)
            fitted[name] = new.model_copy(update={"threshold": round(float(new.probability(np.array(cut))), 4)})
    return replace(bundle, calibration=fitted)


def platt(logits: Array, right: Array, prior: tuple[float, float] = (1.0, 0.0)) -> tuple[float, float]:
    """
    Fit ``p = 1 / (1 + exp(-(slope x + intercept)))`` to outcomes (Platt 1999), with a normal prior.

    Parameters
    ----------
    logits, right : array (n,)
        Log odds, and 0 or 1.
    prior : tuple of float
        Slope and intercept at the mean of the prior, from which few outcomes hardly move the fit.

    Returns
    -------
    slope, intercept : float
        The slope is at least 0.05, so that order is kept.

    Examples
    --------
    >>> x = np.repeat([-1.0, 1.0], 100)
    >>> slope, intercept = platt(x, np.tile([0, 0, 0, 1], 50) ^ (x > 0))
    >>> round(slope, 1), round(abs(intercept), 1)
    (1.1, 0.0)
    """

    def cost(parameters: Array) -> float:
        slope, intercept = parameters
        x = slope * logits + intercept
        penalty = ((slope - prior[0]) / _SLOPE_SIGMA) ** 2 + ((intercept - prior[1]) / _INTERCEPT_SIGMA) ** 2
        return float((np.logaddexp(0, x) - right * x).sum() + penalty / 2)

    best = minimize(cost, np.array(prior), method="L-BFGS-B", bounds=[(0.05, 20.0), (-20.0, 20.0)]).x
    return float(best[0]), float(best[1])
