"""Scores of a picker, each beside its chance level: the score of null pickers that look at no image."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from geobfdt.evaluation.bootstrap import Units, interval, resamples
from geobfdt.evaluation.counts import Counts, Pairs, count, f1, possible_pairs, precision, recall
from geobfdt.evaluation.errors import MEASURES, error_means, error_sums, matched_rows, pair_errors
from geobfdt.evaluation.matching import KINDS, Kind
from geobfdt.evaluation.nulls import NULL_KINDS, NullKind, null_counts, z_score
from geobfdt.evaluation.ranking import average_precision, ranked_outcomes
from geobfdt.evaluation.scope import ALL_CLASSES, Group, Span, gather
from geobfdt.evaluation.wording import describe_scores, records
from geobfdt.runtime.findings import Finding
from geobfdt.wells.intervals import IntervalTable
from geobfdt.wells.picks import PickTable, validate, without_rejected

__all__ = ["N_RESAMPLES", "TOLERANCES_M", "Key", "Scores", "evaluate"]

Floats = npt.NDArray[np.float64]

# Tolerances in depth or trace RMS for which scores are computed.
TOLERANCES_M = (0.01, 0.02, 0.03, 0.05)
# A 95 % interval is computed from this many resamples.
N_RESAMPLES = 1000


class Key(NamedTuple):
    """Key of a score: class (or ``all``), kind of distance, tolerance (m)."""

    class_: str
    kind: Kind
    tolerance: float


@dataclass(frozen=True)
class Scores:
    """
    Result of :func:`evaluate`. ``print`` it, or take :meth:`table`, :meth:`nulls`, :meth:`errors`, :meth:`to_dict`.

    Parameters
    ----------
    units : Units
        Wells or depth blocks.
    counts : mapping of Key to Counts
        Counts by unit. Matches of ``all`` need equal classes, too, unless they were scored class-blind.
    null_f1 : mapping of (str, Key) to array (shifts,)
        F1 of the copies of each null picker.
    ranking : mapping of Key to float
        Average precision over confidence.
    sums : mapping of str to array (units, 2, measures)
        Sums of errors of matched pairs, by class.
    classes_wrong : array (units, 2)
        Number of pairs of different classes and of all pairs, matched whatever their class; 0 if scored class-blind.
    wells : tuple of str
        Wells that were scored.
    seed, shifts : int
        Seed and number of copies of the null pickers; the intervals use the same seed.
    findings : tuple of Finding
        What could not be compared, and why.
    optional : mapping of Key to int
        Picks that are matched to an optional plane.
    row_counts : mapping of str to (int, int)
        Number of rows of the pick table, and of rejected rows, by class.
    by_class : bool
        Whether matches of ``all`` need equal classes.
    """

    units: Units
    counts: Mapping[Key, Counts]
    null_f1: Mapping[tuple[NullKind, Key], Floats]
    ranking: Mapping[Key, float]
    sums: Mapping[str, Floats]
    classes_wrong: Floats
    wells: tuple[str, ...]
    seed: int
    shifts: int
    findings: tuple[Finding, ...]
    optional: Mapping[Key, int]
    row_counts: Mapping[str, tuple[int, int]]
    by_class: bool = True

    def table(self) -> pd.DataFrame:
        """
        Scores, one row a class, kind and tolerance.

        Returns
        -------
        DataFrame
            ``class, kind, tolerance_m, f1, f1_lo, f1_hi`` (95 % interval), ``precision, recall, ap, null_f1`` (mean
            over the shifted copies), ``z, n_truth`` and ``n_picks`` (those that were judged), ``n_found, n_wrong,
            n_missed``; and of the picks that were not judged ``n_optional`` (matched to an optional plane),
            ``n_outside`` (in other wells, where the class was not interpreted or is ignored, or where the truth lacks
            what this kind needs) and ``n_rejected``. ``n_given``, the rows of the pick table, are ``n_found + n_wrong +
            n_optional + n_outside + n_rejected``. What cannot be computed is NaN: scores without a true plane to
            judge by, and the chance level and the ranking of no picks.
        """
        weights = self.resamples()
        rows = []
        for key, counts in self.counts.items():
            total, shifted = counts.total(), self.null_f1["shift", key]
            low, high = interval(f1(counts.over(weights)))
            n_given, n_rejected = self.row_counts[key.class_]
            truth, picks = int(np.add(total.hits, total.missed)), int(np.add(total.hits, total.wrong))
            rows.append(
                {
                    **_key_columns(key),
                    **_or_nan(bool(truth), f1=float(f1(total)), f1_lo=low, f1_hi=high),
                    "precision": float(precision(total)),
                    "recall": float(recall(total)),
                    **_or_nan(
                        bool(truth and picks),
                        ap=self.ranking[key], null_f1=float(shifted.mean()), z=z_score(float(f1(total)), shifted),
                    ),
                    "n_truth": truth,
                    "n_picks": picks,
                    "n_found": int(np.sum(total.hits)),
                    "n_wrong": int(np.sum(total.wrong)),
                    "n_missed": int(np.sum(total.missed)),
                    "n_optional": self.optional[key],
                    "n_outside": n_given - n_rejected - picks - self.optional[key],
                    "n_rejected": n_rejected,
                    "n_given": n_given,
                }
            )  # fmt: skip
        return pd.DataFrame(rows)

    @property
    def copies(self) -> int:
        """Number of shifted copies of the picks."""
        return next((len(values) for values in self.null_f1.values()), 0)

    def best(self) -> pd.DataFrame:
        """Return the rows of :meth:`table` by trace where the truth of a class has traces, else by depth."""
        table = self.table()
        traced = set(table.loc[(table["kind"] == "trace") & (table["n_truth"] > 0), "class"])
        best_kind = table["class"].map(lambda name: "trace" if name in traced else "depth")
        return table[table["kind"] == best_kind].reset_index(drop=True)

    def nulls(self) -> pd.DataFrame:
        """
        Scores of all null pickers, one row for each class, kind and tolerance.

        Returns
        -------
        DataFrame
            ``class, kind, tolerance_m, null, f1`` (the picker's), ``null_f1, null_std, z``.
        """
        rows = []
        for (null, key), values in self.null_f1.items():
            total = self.counts[key].total()
            score, truth = float(f1(total)), int(np.add(total.hits, total.missed))
            rows.append(
                {
                    **_key_columns(key),
                    "null": null,
                    **_or_nan(bool(truth), f1=score),
                    **_or_nan(
                        bool(truth and np.add(total.hits, total.wrong)),
                        null_f1=float(values.mean()),
                        null_std=float(values.std(ddof=1)) if len(values) > 1 else float("nan"),
                        z=z_score(score, values),
                    ),
                }
            )
        return pd.DataFrame(rows)

    def errors(self) -> pd.DataFrame:
        """
        Errors of the picks matched within 5 cm, one row a class and measure.

        Returns
        -------
        DataFrame
            ``class, measure, value, lo, hi`` (95 % interval), ``n``. The measures are those of
            :mod:`geobfdt.evaluation.errors`, and ``class_error_pct`` of ``all``: the share of pairs, matched whatever
            their class, that differ in class. It does not count misses and false picks.
        """
        weights = self.resamples()
        rows = []
        for name, sums in self.sums.items():
            means, resampled = error_means(sums.sum(0)), error_means(np.tensordot(weights, sums, 1))
            n_measured = dict(zip(MEASURES, sums.sum(0)[1], strict=True))
            n_measured["azimuth_bias_deg"] = n_measured["azimuth_error_deg"]
            for measure, value in means.items():
                low, high = interval(resampled[measure])
                rows.append((name, measure, float(value), low, high, int(n_measured[measure])))
        (wrong, pairs), resampled_wrong = self.classes_wrong.sum(0), weights @ self.classes_wrong
        with np.errstate(invalid="ignore"):
            low, high = interval(100 * resampled_wrong[:, 0] / resampled_wrong[:, 1])
        share = 100 * wrong / pairs if pairs else float("nan")
        rows.append((ALL_CLASSES, "class_error_pct", share, low, high, int(pairs)))
        return pd.DataFrame(rows, columns=["class", "measure", "value", "lo", "hi", "n"])

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON, with None for what is not defined."""
        return {
            "wells": list(self.wells),
            "units": len(self.units),
            "unit_m": self.units.block,
            "shifts": self.shifts,
            "seed": self.seed,
            "by_class": self.by_class,
            "scores": records(self.table()),
            "nulls": records(self.nulls()),
            "errors": records(self.errors()),
            "findings": [finding.to_dict() for finding in self.findings],
        }

    def with_findings(self, findings: Iterable[Finding]) -> Scores:
        """Return the same with more findings, before its own."""
        return replace(self, findings=(*findings, *self.findings))

    def __str__(self) -> str:
        return describe_scores(self)

    def resamples(self) -> Floats:
        """Return how often each resample draws each unit (draws, units)."""
        # A single unit cannot vary. Without resamples there is no interval, instead of an interval of no width.
        return resamples(len(self.units), N_RESAMPLES if len(self.units) > 1 else 0, self.seed)


# Two tables and independent keywords, which a notebook gives one by one.
def evaluate(  # noqa: PLR0913
    picks: PickTable,
    truth: PickTable,
    intervals: IntervalTable | None = None,
    *,
    span: Span | None = None,
    shifts: int = 50,
    seed: int = 0,
    tolerances: tuple[float, ...] = TOLERANCES_M,
    by_class: bool = True,
) -> Scores:
    """
    Score picks against truth, beside the chance level.

    Parameters
    ----------
    picks : PickTable
        Pick table to score; rejected rows are left out.
    truth : PickTable
        Pick table of what should have been found. A boolean column ``optional`` marks planes that may be missed.
    intervals : IntervalTable, optional
        Where each class was interpreted, and what to ignore; without it, everywhere.
    span : mapping of well to (top, base), optional
        Logged depths (m, MD), within which the shifted copies lie; else the extent of the rows.
    shifts : int
        Number of copies of the null pickers; at least 50 for a result to quote.
    seed : int
        Seed of the null pickers and of the bootstrap.
    tolerances : tuple of float
        Gates (m).
    by_class : bool
        Whether the class of a pair must match. If not, only ``all`` is scored, whatever the class; see
        :func:`geobfdt.evaluation.scope.classes_comparable`.

    Returns
    -------
    Scores
        F1 by class, kind and tolerance with intervals, chance levels, errors of matched picks.

    Raises
    ------
    InputError
        If a table breaks its contract, there is nothing to score against, or the tables have no well in common.
    ValueError
        If there are fewer than two shifts, or a tolerance is not positive.

    Examples
    --------
    >>> from geobfdt.wells.picks import new_picks
    >>> truth = new_picks(well="A", depth_m=np.arange(1.0, 9.0), class_="bedding", amplitude_m=0.0)
    >>> scores = evaluate(truth.iloc[:6], truth)
    >>> scores.table().query("`class` == 'all' and kind == 'trace'")[["f1", "precision", "recall"]].iloc[0].tolist()
    [0.8571, 1.0, 0.75]
    """
    if shifts < 2 or not tolerances or min(tolerances) <= 0:
        raise ValueError("at least two shifts and one positive tolerance are needed")
    picks, truth = validate(picks, "picks"), validate(truth, "truth")
    groups, findings = gather(picks, truth, intervals, span)
    joint = gather(picks, truth, intervals, span, by_class=False)[0]
    units = Units.of(groups)
    if not by_class:
        findings = [finding for finding in findings if finding.kind != "class-without-truth"]
        groups = joint
    classes = sorted({group.class_ for group in groups} - {ALL_CLASSES})

    keys = [
        Key(name, kind, tolerance) for name in [*classes, ALL_CLASSES] for kind in KINDS for tolerance in tolerances
    ]
    zero = np.zeros(len(units), dtype=np.int64)
    counts = {key: Counts(zero, zero, zero) for key in keys}
    optional = dict.fromkeys(keys, 0)
    null_totals = {(null, key): Counts() for key in keys for null in NULL_KINDS}
    outcomes: dict[Key, list[tuple[Floats, Floats]]] = {key: [] for key in keys}
    sums = {name: np.zeros((len(units), 2, len(MEASURES))) for name in [*classes, ALL_CLASSES]}

    for group in groups:
        names = (group.class_, ALL_CLASSES) if by_class else (group.class_,)
        for kind in group.kinds:
            pairs = possible_pairs(group, kind, max(tolerances))
            for tolerance in tolerances:
                chosen = pairs.matched(tolerance)
                matched = _count_by_unit(group, pairs, chosen, units)
                ranked = group.confidence, ranked_outcomes(group, pairs, tolerance)
                for key in (Key(name, kind, tolerance) for name in names):
                    counts[key] += matched
                    optional[key] += int(group.optional[pairs.second[chosen]].sum())
                    outcomes[key].append(ranked)
            for null in NULL_KINDS:
                for tolerance, copies in null_counts(group, null, kind, tolerances, shifts, seed).items():
                    for name in names:
                        null_totals[null, Key(name, kind, tolerance)] += copies
        for name in names:
            sums[name] = sums[name] + _error_sums(group, units)

    return Scores(
        units=units,
        counts=counts,
        null_f1={at: _null_f1(matched, 1 if at[0] == "constant" else shifts) for at, matched in null_totals.items()},
        ranking={key: _average_precision(some, counts[key].total()) for key, some in outcomes.items()},
        sums=sums,
        classes_wrong=sum(
            (_class_confusions(group, units) for group in joint if by_class), start=np.zeros((len(units), 2))
        ),
        wells=tuple(sorted({group.well for group in joint})),
        seed=seed,
        shifts=shifts,
        findings=tuple(findings),
        optional=optional,
        row_counts={
            name: _count_rows(picks if name == ALL_CLASSES else picks[picks["class"] == name])
            for name in [*classes, ALL_CLASSES]
        },
        by_class=by_class,
    )


def _count_rows(picks: PickTable) -> tuple[int, int]:
    """Count the rows of a pick table, and the rejected ones among them."""
    return len(picks), len(picks) - len(without_rejected(picks))


def _or_nan(defined: bool, **values: float) -> dict[str, float]:
    """Return the values, or NaN where they are not defined."""
    return {name: value if defined else float("nan") for name, value in values.items()}


def _count_by_unit(group: Group, pairs: Pairs, chosen: npt.NDArray[np.int64], units: Units) -> Counts:
    at = [units.of_depths(group.well, planes.depth) for planes in (group.picks, group.truth)]
    return count(group, pairs, chosen, at[0], at[1], len(units))


def _error_sums(group: Group, units: Units) -> Floats:
    first, second = matched_rows(group)
    truth = group.truth.take(second)
    return error_sums(pair_errors(group.picks.take(first), truth), units.of_depths(group.well, truth.depth), len(units))


def _class_confusions(group: Group, units: Units) -> Floats:
    first, second = matched_rows(group)
    unit = units.of_depths(group.well, group.truth.depth[second])
    wrong = group.pick_class[first] != group.truth_class[second]
    pairs = (np.bincount(unit, weights=values, minlength=len(units)) for values in (wrong, np.ones(len(unit))))
    return np.column_stack(list(pairs))


def _null_f1(counts: Counts, copies: int) -> Floats:
    return np.broadcast_to(f1(counts), (len(np.atleast_1d(counts.hits)),))[:copies]


def _average_precision(some: list[tuple[Floats, Floats]], total: Counts) -> float:
    if not some:
        return float("nan")
    confidence, outcome = (np.concatenate(parts) for parts in zip(*some, strict=True))
    return average_precision(confidence, outcome, int(np.add(total.hits, total.missed)))


def _key_columns(key: Key) -> dict[str, Any]:
    return {"class": key.class_, "kind": key.kind, "tolerance_m": key.tolerance}
