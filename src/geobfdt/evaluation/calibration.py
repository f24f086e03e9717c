"""Calibration of picks: whether their confidences and standard deviations agree with their errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from geobfdt.evaluation.counts import pick_outcomes, possible_pairs
from geobfdt.evaluation.errors import matched_rows, pair_errors
from geobfdt.evaluation.scope import ALL_CLASSES, Group, gather
from geobfdt.evaluation.wording import records
from geobfdt.wells.intervals import IntervalTable
from geobfdt.wells.picks import PickTable, validate

__all__ = [
    "BINS",
    "COVERAGE_TOLERANCE_M",
    "LEVELS",
    "Calibration",
    "brier",
    "calibrate",
    "coverage",
    "expected_calibration_error",
    "reliability",
]

Floats = npt.NDArray[np.float64]

# A reliability diagram has this many bins.
BINS = 10
# Share of errors, and the sigmas that hold it. Errors follow no normal law, whose 90 % lie within 1.64: where a pick is
# on the other edge of a bed, or on the plane beside, it is off by several of the sigmas that are right for most.
LEVELS = {0.68: 1.0, 0.90: 2.5}
# Coverage needs a wide gate: a narrow one would hide the large errors.
COVERAGE_TOLERANCE_M = 0.09


def reliability(confidence: npt.ArrayLike, right: npt.ArrayLike, bins: int = BINS) -> pd.DataFrame:
    """
    Share of right picks against confidence, in bins of about equally many picks.

    Parameters
    ----------
    confidence : array (n,)
        Confidence, 0 to 1.
    right : array (n,)
        1 right, 0 wrong.
    bins : int
        Number of bins; picks of equal confidence stay together, so there may be fewer.

    Returns
    -------
    DataFrame
        ``low, high`` (least and greatest confidence in the bin), ``confidence`` (mean), ``right`` (share) and ``n``.

    Examples
    --------
    >>> reliability([0.2, 0.3, 0.8, 0.9], [0, 1, 1, 1], bins=2)[["confidence", "right", "n"]].to_numpy()
    array([[0.25, 0.5 , 2.  ],
           [0.85, 1.  , 2.  ]])
    """
    order = np.argsort(confidence, kind="stable")
    score, hit = np.asarray(confidence, dtype=float)[order], np.asarray(right, dtype=float)[order]
    # A bin starts at the first pick of the confidence found at each equal share of the picks.
    starts = np.unique(np.searchsorted(score, score[len(score) * np.arange(bins * bool(len(score))) // bins]))
    rows = [
        (part.min(), part.max(), part.mean(), share.mean(), len(part))
        for part, share in zip(np.split(score, starts[1:]), np.split(hit, starts[1:]), strict=True)
        if len(part)
    ]
    return pd.DataFrame(rows, columns=["low", "high", "confidence", "right", "n"])


def expected_calibration_error(confidence: npt.ArrayLike, right: npt.ArrayLike, bins: int = BINS) -> float:
    """
    Return the mean distance between confidence and share of right picks over the bins, weighted by their picks.

    Notes
    -----
    With n picks even a perfect picker has about ``sqrt(bins p (1 - p) 2 / (pi n))``: compare tables of equal size.

    Examples
    --------
    >>> expected_calibration_error([0.2, 0.3, 0.8, 0.9], [0, 1, 1, 1], bins=2)
    0.2
    """
    table = reliability(confidence, right, bins)
    if table.empty:
        return float("nan")
    return float(np.average(np.abs(table["confidence"] - table["right"]), weights=table["n"]))


def brier(confidence: npt.ArrayLike, right: npt.ArrayLike) -> float:
    """
    Mean squared difference between confidence and outcome: 0 is best, 0.25 is always saying one half.

    Notes
    -----
    Brier (1950), Monthly Weather Review 78, 1-3.

    Examples
    --------
    >>> brier([1.0, 0.5], [1, 0])
    0.125
    """
    difference = np.asarray(confidence, dtype=float) - np.asarray(right, dtype=float)
    return float(np.mean(difference**2)) if len(difference) else float("nan")


def coverage(error: npt.ArrayLike, sigma: npt.ArrayLike, level: float) -> tuple[float, int]:
    """
    Return the share of errors within their own interval, whose width in sigmas is in ``LEVELS``.

    Parameters
    ----------
    error, sigma : array (n,)
        Errors, wrapped if they are angles, and their sigmas; pairs with NaN are left out.
    level : {0.68, 0.90}
        Share that should be inside.

    Returns
    -------
    share : float
        Measured share: less than `level` means that the sigmas are too small.
    n : int
        Number of errors.

    Raises
    ------
    KeyError
        If ``LEVELS`` does not have that level.

    Examples
    --------
    >>> coverage([0.0, 1.5, -3.0, 0.5], [1.0, 1.0, 1.0, np.nan], 0.90)
    (0.6667, 3)
    """
    error, sigma = np.asarray(error, dtype=float), np.asarray(sigma, dtype=float)
    measured = np.isfinite(error) & np.isfinite(sigma)
    inside = np.abs(error[measured]) <= LEVELS[level] * sigma[measured]
    return (float(inside.mean()) if measured.any() else float("nan")), int(measured.sum())


@dataclass(frozen=True)
class Calibration:
    """
    Result of :func:`calibrate`.

    Parameters
    ----------
    summary : DataFrame
        ``class, n, confidence`` (mean), ``right`` (share), ``ece, brier``.
    bins : DataFrame
        :func:`reliability` by ``class``.
    intervals : DataFrame
        ``class, quantity`` (depth, dip, azimuth), ``level, covered`` (share), ``n``.
    """

    summary: pd.DataFrame
    bins: pd.DataFrame
    intervals: pd.DataFrame

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values for JSON; what is not defined is None."""
        return {
            "summary": records(self.summary),
            "bins": records(self.bins),
            "intervals": records(self.intervals),
        }


def calibrate(
    picks: PickTable,
    truth: PickTable,
    intervals: IntervalTable | None = None,
    *,
    tolerance: float = 0.05,
    bins: int = BINS,
) -> Calibration:
    """
    Check confidences and sigmas of picks against truth.

    Parameters
    ----------
    picks, truth : PickTable
        Pick tables; picks without a confidence are left out.
    intervals : IntervalTable, optional
        Where each class was interpreted, and what to ignore.
    tolerance : float
        A pick is right when matched within it (m), by trace where the truth allows it, else by depth.
    bins : int
        Bins of the reliability table.

    Returns
    -------
    Calibration
        By class and for ``all``. Sigmas are checked on pairs within 9 cm. Larger errors never match, so that the
        coverage of large sigmas is too optimistic.

    Raises
    ------
    InputError
        If a table breaks its contract, there is nothing to score against, or the tables have no well in common.
    """
    picks, truth = validate(picks, "picks"), validate(truth, "truth")
    sigmas = picks[["sigma_depth_m", "sigma_dip_deg", "sigma_azimuth_deg"]].to_numpy(float)
    scored, errors = [], []
    for group in gather(picks, truth, intervals)[0]:
        scored.append(_outcomes(group, tolerance))
        errors.append(_errors(group, sigmas))
    outcome = pd.concat(scored, ignore_index=True).dropna()
    error = pd.concat(errors, ignore_index=True)

    summary, tables, rows = [], [], []
    for name in [*sorted(set(outcome["class"]) | set(error["class"])), ALL_CLASSES]:
        mine = outcome[(outcome["class"] == name) | (name == ALL_CLASSES)]
        confidence, right = mine["confidence"].to_numpy(float), mine["right"].to_numpy(float)
        summary.append(
            (
                name,
                len(mine),
                float(confidence.mean()) if len(confidence) else float("nan"),
                float(right.mean()) if len(confidence) else float("nan"),
                expected_calibration_error(confidence, right, bins),
                brier(confidence, right),
            )
        )
        tables.append(reliability(confidence, right, bins).assign(**{"class": name}))
        pairs = error[(error["class"] == name) | (name == ALL_CLASSES)]
        for quantity in ("depth", "dip", "azimuth"):
            for level in LEVELS:
                share, n = coverage(pairs[quantity], pairs[f"sigma_{quantity}"], level)
                rows.append((name, quantity, level, share, n))
    return Calibration(
        pd.DataFrame(summary, columns=["class", "n", "confidence", "right", "ece", "brier"]),
        pd.concat(tables, ignore_index=True)[["class", "low", "high", "confidence", "right", "n"]],
        pd.DataFrame(rows, columns=["class", "quantity", "level", "covered", "n"]),
    )


def _outcomes(group: Group, tolerance: float) -> pd.DataFrame:
    pairs = possible_pairs(group, group.best_kind, tolerance)
    right = pick_outcomes(group, pairs, pairs.matched(tolerance))
    return pd.DataFrame({"class": group.pick_class, "confidence": group.confidence, "right": right})


def _errors(group: Group, sigmas: Floats) -> pd.DataFrame:
    first, second = matched_rows(group, COVERAGE_TOLERANCE_M)
    error = pair_errors(group.picks.take(first), group.truth.take(second))
    own = sigmas[group.pick_rows[first]]
    table: dict[str, Any] = {"class": group.pick_class[first]}
    for k, quantity in enumerate(("depth", "dip", "azimuth")):
        unit = "m" if quantity == "depth" else "deg"
        table |= {quantity: error[f"{quantity}_{unit}"], f"sigma_{quantity}": own[:, k]}
    return pd.DataFrame(table)
