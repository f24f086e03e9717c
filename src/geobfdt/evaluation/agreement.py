"""How far two interpreters agree, neither of them taken as truth."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from geobfdt.evaluation.bootstrap import Units, interval
from geobfdt.evaluation.counts import moved_pairs
from geobfdt.evaluation.errors import ERROR_TOLERANCE_M, matched_rows
from geobfdt.evaluation.nulls import z_score
from geobfdt.evaluation.scope import ALL_CLASSES, Group, Span, gather
from geobfdt.evaluation.scores import Scores, evaluate
from geobfdt.evaluation.wording import describe_agreement, records
from geobfdt.runtime.findings import Finding
from geobfdt.wells.intervals import IntervalTable
from geobfdt.wells.picks import PickTable

__all__ = ["SHIFTS_M", "Agreement", "agree", "cohen_kappa", "depth_scan"]

Floats = npt.NDArray[np.float64]

# Shifts of one table against the other that are scanned.
SHIFTS_M = np.round(np.arange(-100, 101) * 0.005, 3)
# Shifts further from the best one than this show how high chance reaches.
_PEAK_HALF_WIDTH_M = 0.1
# Agreement along depth is counted in intervals of this length.
_INTERVAL_M = 10.0


@dataclass(frozen=True)
class Agreement:
    """
    Result of :func:`agree`. Signed differences are b minus a.

    Parameters
    ----------
    scores : Scores
        b scored against a. F1 is the same the other way round; precision is the share of b's picks that a has,
        recall the share of a's that b has.
    confusion : DataFrame
        Numbers of planes both picked, by class of a (rows) and of b (columns); empty if compared class-blind.
    kappa, kappa_lo, kappa_hi : float
        Cohen's kappa of the classes of these planes, with its 95 % interval.
    shifts : DataFrame
        Each well's and the pooled best depth shift: ``well, shift_m`` (how much deeper b lies than a), ``agreement``
        there and ``agreement_now``, ``z`` of the peak against the rest of the scan; NaN where no planes pair at any.
    stretches : DataFrame
        Counts of both along depth: ``well, class, top_m, base_m, n_a, n_b, z``; z is ``(n_b - n_a) / sqrt(n_a + n_b)``,
        about standard normal where both pick equally many.
    """

    scores: Scores
    confusion: pd.DataFrame
    kappa: float
    kappa_lo: float
    kappa_hi: float
    shifts: pd.DataFrame
    stretches: pd.DataFrame

    def table(self) -> pd.DataFrame:
        """Agreement by class, kind and tolerance: the table of the scores of b against a."""
        columns = {
            "n_truth": "n_a",
            "n_picks": "n_b",
            "n_found": "n_both",
            "n_missed": "n_only_a",
            "n_wrong": "n_only_b",
        }
        return self.scores.table().rename(columns=columns).drop(columns=["ap", "n_optional"])

    def differences(self) -> pd.DataFrame:
        """Differences b minus a of the planes both picked: the errors of b against a."""
        return self.scores.errors()

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values for JSON; what is not defined is None."""
        kappa = records(pd.DataFrame([{"value": self.kappa, "lo": self.kappa_lo, "hi": self.kappa_hi}]))[0]
        return {
            **self.scores.to_dict(),
            "kappa": kappa,
            "confusion": self.confusion.to_dict("index"),
            "shifts": records(self.shifts),
            "stretches": records(self.stretches),
        }

    def with_findings(self, findings: Iterable[Finding]) -> Agreement:
        """Return the same with more findings, before its own."""
        return replace(self, scores=self.scores.with_findings(findings))

    def __str__(self) -> str:
        return describe_agreement(self)


# Two tables and independent keywords, which a notebook gives one by one.
def agree(  # noqa: PLR0913
    a: PickTable,
    b: PickTable,
    intervals: IntervalTable | None = None,
    *,
    span: Span | None = None,
    shifts: int = 50,
    seed: int = 0,
    by_class: bool = True,
) -> Agreement:
    """
    Compare two interpreters of the same wells.

    Parameters
    ----------
    a, b : PickTable
        Pick tables.
    intervals : IntervalTable, optional
        Where both interpreted each class, and what to ignore.
    span : mapping of well to (top, base), optional
        Logged depths (m, MD).
    shifts, seed : int
        Number of copies of the null picker, and seed of the null picker and the intervals.
    by_class : bool
        Whether a plane that both picked must have the same class; see :func:`geobfdt.evaluation.scores.evaluate`.

    Returns
    -------
    Agreement
        Symmetric F1 beside its chance level, classes, depth shift, differences.

    Raises
    ------
    InputError
        If a table breaks its contract or the two have no well in common.

    Examples
    --------
    >>> from geobfdt.wells.picks import new_picks
    >>> depth = np.cumsum(np.random.default_rng(0).exponential(0.5, 80))
    >>> a, b = (new_picks(well="A", depth_m=depth + s, class_="bedding", amplitude_m=0.0) for s in (0.0, 0.12))
    >>> agree(a, b).shifts[["well", "shift_m"]].to_numpy().tolist()
    [['A', 0.12], ['all', 0.12]]
    """
    # Neither table is truth: optional planes and a ranking by confidence have no meaning.
    a, b = (table.drop(columns="optional", errors="ignore").assign(confidence=np.nan) for table in (a, b))
    scores = evaluate(b, a, intervals, span=span, shifts=shifts, seed=seed, by_class=by_class)
    groups, _ = gather(b, a, intervals, span, by_class)
    joint, _ = gather(b, a, intervals, span, by_class=False)
    classes = sorted({group.class_ for group in groups} - {ALL_CLASSES})
    tables = _confusion(joint if by_class else [], classes, scores.units)
    low, high = interval(cohen_kappa(np.tensordot(scores.resamples(), tables, 1)))
    confusion = tables.sum(0).astype(int)
    return Agreement(
        scores=scores,
        confusion=pd.DataFrame(confusion, index=classes, columns=classes),
        kappa=float(cohen_kappa(confusion)),
        kappa_lo=low,
        kappa_hi=high,
        shifts=_find_best_shifts(groups),
        stretches=_count_by_interval(groups),
    )


def _confusion(groups: Sequence[Group], classes: list[str], units: Units) -> Floats:
    """Count the pairs that match whatever their class: (units, class of a, class of b)."""
    number = {name: k for k, name in enumerate(classes)}
    out = np.zeros((len(units), len(classes), len(classes)))
    for group in groups:
        first, second = matched_rows(group)
        unit = units.of_depths(group.well, group.truth.depth[second])
        ours = [number[name] for name in group.truth_class[second]]
        theirs = [number[name] for name in group.pick_class[first]]
        np.add.at(out, (unit, np.array(ours, dtype=int), np.array(theirs, dtype=int)), 1)
    return out


def cohen_kappa(confusion: npt.ArrayLike) -> Floats:
    """
    Agreement on classes beyond chance: ``(p_o - p_e) / (1 - p_e)``.

    Parameters
    ----------
    confusion : array (..., classes, classes)
        Counts by class of the one and of the other.

    Returns
    -------
    array (...)
        1 for full agreement, 0 for chance; NaN where both use a single class, the same.

    Notes
    -----
    Cohen (1960), Educational and Psychological Measurement 20, 37-46.

    Examples
    --------
    >>> cohen_kappa([[20, 5], [10, 15]])
    0.4
    """
    table = np.asarray(confusion, dtype=float)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = table / table.sum((-2, -1), keepdims=True)
        observed = np.trace(share, axis1=-2, axis2=-1)
        chance = (share.sum(-1) * share.sum(-2)).sum(-1)
        kappa = (observed - chance) / (1 - chance)
    return np.asarray(np.where(np.isfinite(kappa), kappa, np.nan))[()]


def depth_scan(groups: Sequence[Group], shifts: npt.ArrayLike = SHIFTS_M) -> Floats:
    """
    Agreement of picks and truth against a depth shift taken off the picks.

    Parameters
    ----------
    groups : list of Group
        Truth is a, picks are b.
    shifts : array (s,)
        Shifts (m) to take off b.

    Returns
    -------
    array (s,)
        ``2 sum(1 - d / tolerance) / (n_a + n_b)`` over the matched pairs with distance d: an F1 in which distant
        pairs have less weight, so that its peak is sharp.
    """
    steps = np.asarray(shifts, dtype=float)
    close, planes = np.zeros(len(steps)), 0
    for group in groups:
        planes += len(group.picks) + len(group.truth)
        depth = group.picks.depth - steps[:, None]
        n_copies = 0
        for pairs, size in moved_pairs(group, group.picks, depth, group.best_kind, ERROR_TOLERANCE_M):
            chosen = pairs.matched(ERROR_TOLERANCE_M)
            copy = n_copies + pairs.first[chosen] // max(len(group.picks), 1)
            close += np.bincount(copy, 1 - pairs.distance[chosen] / ERROR_TOLERANCE_M, len(steps))
            n_copies += size
    return 2 * close / max(planes, 1)


def _find_best_shifts(groups: Sequence[Group]) -> pd.DataFrame:
    rows = []
    wells = sorted({group.well for group in groups})
    for well in [*wells, ALL_CLASSES]:
        scan = depth_scan([group for group in groups if well in (group.well, ALL_CLASSES)])
        # Among equally good shifts the smallest is chosen.
        best = int(np.lexsort((np.abs(SHIFTS_M), -np.round(scan, 12)))[0])
        # Without a pair at any shift there is no best shift.
        if not scan[best] > 0:
            rows.append((well, *[float("nan")] * 4))
            continue
        away = scan[np.abs(SHIFTS_M - SHIFTS_M[best]) > _PEAK_HALF_WIDTH_M]
        now = scan[int(np.argmin(np.abs(SHIFTS_M)))]
        rows.append((well, float(SHIFTS_M[best]), float(scan[best]), float(now), z_score(float(scan[best]), away)))
    return pd.DataFrame(rows, columns=["well", "shift_m", "agreement", "agreement_now", "z"])


def _count_by_interval(groups: Sequence[Group]) -> pd.DataFrame:
    rows = []
    for group in groups:
        ours = np.floor(group.truth.depth[group.truth_inside] / _INTERVAL_M)
        theirs = np.floor(group.picks.depth[group.pick_inside] / _INTERVAL_M)
        for number in np.unique(np.concatenate([ours, theirs])):
            n_a, n_b = int((ours == number).sum()), int((theirs == number).sum())
            top = float(number) * _INTERVAL_M
            z = (n_b - n_a) / float(np.sqrt(n_a + n_b))
            rows.append((group.well, group.class_, top, top + _INTERVAL_M, n_a, n_b, z))
    return pd.DataFrame(rows, columns=["well", "class", "top_m", "base_m", "n_a", "n_b", "z"])
