"""Scores as text for a terminal of 80 columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from geobfdt.evaluation.scope import ALL_CLASSES
from geobfdt.runtime.findings import Finding

if TYPE_CHECKING:
    from geobfdt.evaluation.agreement import Agreement
    from geobfdt.evaluation.scores import Scores

__all__ = [
    "columns",
    "describe_agreement",
    "describe_scores",
    "error_lines",
    "findings_lines",
    "number",
    "records",
    "span_words",
    "unit_words",
    "verdict_of_agreement",
    "verdict_of_scores",
]


def unit_words(wells: int, units: int, block: float | None) -> str:
    """
    Name the units of the resampling.

    Examples
    --------
    >>> unit_words(1, 12, 5.0)
    '12 depth blocks of 5 m'
    """
    return f"{wells} wells" if block is None else f"{units} depth blocks of {block:.3g} m"


def columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """
    Set rows of words in columns, the first two to the left and the others to the right.

    Examples
    --------
    >>> columns([("class", "kind", "F1"), ("bedding", "trace", "0.50")])
    ['class    kind     F1', 'bedding  trace  0.50']
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            word.ljust(width) if k < 2 else word.rjust(width)
            for k, (word, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def findings_lines(findings: Sequence[Finding]) -> list[str]:
    """Findings, each on its line, under a heading; nothing if there are none."""
    return ["", "findings", *(f"  {finding}" for finding in findings)] if findings else []


def number(value: float, form: str = ".2f") -> str:
    """
    Write a number, or nothing where it cannot be computed.

    Examples
    --------
    >>> number(0.125), number(float("nan"))
    ('0.12', '')
    """
    return "" if value != value else format(value, form)


def span_words(low: float, high: float, form: str = ".2f", between: str = "-") -> str:
    """
    Write an interval, or nothing where it cannot be computed.

    Examples
    --------
    >>> span_words(0.1, 0.25), span_words(float("nan"), 0.25)
    ('0.10-0.25', '')
    """
    return "" if low != low or high != high else f"{low:{form}}{between}{high:{form}}"


def verdict_of_scores(scores: Scores) -> list[str]:
    """
    Write scores out in four lines: where the picks went, F1 beside its chance level, what it is made of, by class.

    Parameters
    ----------
    scores : Scores
        What to describe, at its widest tolerance.

    Returns
    -------
    list of str
        The lines.
    """
    rows = _rows_at_widest_tolerance(scores)
    pooled = next(row for row in rows if row["class"] == ALL_CLASSES)
    judged, true = pooled["n_picks"], pooled["n_truth"]
    return [
        f"{_well_count(scores)}: {_outcome_words(pooled)}.",
        _compare_with_chance(scores, pooled),
        (f"{pooled['n_found']} of {judged} judged picks are right. " if judged else "No pick was judged. ")
        + (f"{pooled['n_found']} of {true} true planes were found." if true else "There is no true plane to find."),
        _by_class(scores, rows),
    ]


def verdict_of_agreement(agreement: Agreement) -> list[str]:
    """
    Write an agreement out in four lines: what both have, F1 beside its chance level, classes, depth shift.

    Parameters
    ----------
    agreement : Agreement
        What to describe, at the widest tolerance.

    Returns
    -------
    list of str
        The lines.
    """
    scores = agreement.scores
    row = next(row for row in _rows_at_widest_tolerance(scores) if row["class"] == ALL_CLASSES)
    pooled = agreement.shifts.iloc[-1]
    both, same = int(agreement.confusion.to_numpy().sum()), int(np.trace(agreement.confusion.to_numpy()))
    classes = f"Of {both} planes that both picked {same} have the same class"
    if agreement.kappa == agreement.kappa:
        classes += f" (kappa {agreement.kappa:.2f}; 0 is the chance level)"
    classes = f"{classes}." if scores.by_class else _NO_CLASSES
    shift = "No depth shift was measured: no planes pair at any."
    if pooled["shift_m"] == pooled["shift_m"]:
        believed = pooled["z"] >= _BELIEVED_SHIFT_Z
        where = f"b lies {abs(pooled['shift_m']):.3f} m {'deeper' if pooled['shift_m'] > 0 else 'shallower'} than a"
        if not pooled["shift_m"]:
            where = "b lies no deeper than a"
        shift = f"{where}, where they agree best{'' if believed else ', which may be chance'}."
    return [
        f"{_well_count(scores)}: both have {row['n_found']} planes, a alone {row['n_missed']}, b alone {row['n_wrong']}"
        + (f"; {row['n_outside']} of b's were not judged" if row["n_outside"] else "") + ".",
        _compare_with_chance(scores, row),
        classes,
        shift,
    ]  # fmt: skip


_NO_CLASSES = "Classes are not compared: one of the tables has a single class."
# A score this many standard deviations above the chance level is more than chance.
_ABOVE_CHANCE_Z = 3.0
# The best of 201 shifts is itself a choice, so that it needs a higher limit.
_BELIEVED_SHIFT_Z = 5.0


def _rows_at_widest_tolerance(scores: Scores) -> list[dict[str, Any]]:
    """Return the rows at the widest tolerance, each class by its most complete distance."""
    best = scores.best()
    rows: list[dict[str, Any]] = best[best["tolerance_m"] == best["tolerance_m"].max()].to_dict("records")
    return rows


def _well_count(scores: Scores) -> str:
    return f"{len(scores.wells)} well{'s'[: len(scores.wells) != 1]}"


def _outcome_words(row: dict[str, Any]) -> str:
    """Count the outcomes of the picks of a row; the parts add up to the picks."""
    parts = [f"{row['n_found']} right", f"{row['n_wrong']} wrong"]
    parts += [f"{row[name]} {words}" for name, words in _UNJUDGED.items() if row[name]]
    return f"{row['n_given']} picks = {' + '.join(parts)}"


_UNJUDGED = {
    "n_optional": "on optional planes",
    "n_outside": "outside of what was judged",
    "n_rejected": "rejected",
}


def _compare_with_chance(scores: Scores, row: dict[str, Any]) -> str:
    if row["f1"] != row["f1"]:
        return "F1 cannot be computed: there is no true plane to judge by."
    text = f"F1 {row['f1']:.2f}"
    if spread := span_words(row["f1_lo"], row["f1_hi"]):
        text += f" ({spread})"
    text += f" by {row['kind']} within {100 * row['tolerance_m']:g} cm"
    text += "" if scores.by_class else ", whatever the class"
    if row["null_f1"] != row["null_f1"]:
        return f"{text}; without picks there is no chance level."
    if row["z"] != row["z"]:
        beside = "its chance level does not vary, so nothing tells them apart"
    else:
        beside = f"{'above' if row['z'] >= _ABOVE_CHANCE_Z else 'no better than'} chance (z {row['z']:.1f})"
    return f"{text}; chance level {row['null_f1']:.2f}: {beside}."


def _by_class(scores: Scores, rows: Sequence[dict[str, Any]]) -> str:
    parts = [
        f"{row['class']} F1 {number(row['f1'])} (chance level {number(row['null_f1']) or 'unknown'})"
        for row in rows
        if row["class"] != ALL_CLASSES and row["f1"] == row["f1"]
    ]
    if not scores.by_class:
        return _NO_CLASSES
    return f"By class: {', '.join(parts)}." if parts else "No class can be scored by itself."


def describe_scores(scores: Scores) -> str:
    """
    Write scores out: the verdict, trace F1 at every tolerance, depth and pole at the widest, the errors, the findings.

    Parameters
    ----------
    scores : Scores
        What to describe.

    Returns
    -------
    str
        Lines of about 80 characters; findings are longer.
    """
    return "\n".join(
        [*verdict_of_scores(scores), "", *_table_lines(scores, _OUTCOME_COLUMNS), *findings_lines(scores.findings)]
    )


def _table_lines(scores: Scores, outcomes: Mapping[str, str]) -> list[str]:
    """Return the tables of a score; `outcomes` names the columns of counts that add up to all picks."""
    table = scores.table()
    widest = table["tolerance_m"].max()
    fence = scores.nulls().query("null == 'fence' and tolerance_m == @widest and `class` == 'all' and kind == 'depth'")
    # A kind of distance that the truth does not allow has no rows; the findings say why.
    measured = table["n_truth"] + table["n_picks"] > 0
    rows = table[measured & ((table["kind"] == "trace") | (table["tolerance_m"] == widest))]
    last = rows[rows["tolerance_m"] == widest].to_dict("records")
    errors = scores.errors()
    # With one class, the rows of all classes would repeat it.
    if table["class"].nunique() == 2 and scores.by_class:
        rows, errors = rows[rows["class"] != ALL_CLASSES], errors[(errors["class"] != ALL_CLASSES)]
    lines = [
        f"95 % intervals over {unit_words(len(scores.wells), len(scores.units), scores.units.block)}",
        f"chance: chance level, the mean F1 of the same picks after {scores.shifts} depth shifts",
        "z: how far above it F1 is, in standard deviations; empty: cannot be computed",
        "",
        *columns([_SCORE_HEADS, *map(_score_row, rows.to_dict("records"))]),
        "",
        f"where the picks went at {100 * widest:g} cm: {' + '.join(list(outcomes)[:-1])} = {list(outcomes)[-1]}",
        *columns([("class", "match", *outcomes), *(_outcome_row(row, outcomes) for row in last)]),
        "",
    ]
    if (level := number(fence["null_f1"].iloc[0])) != "":
        lines += [f"An even fence of as many picks has depth F1 {level} at {100 * widest:g} cm.", ""]
    return [*lines, *error_lines(errors)]


_SCORE_HEADS = ("class", "match", "cm", "F1", "95 %", "chance", "z", "P", "R", "AP", "true", "judged")
_OUTCOME_COLUMNS = {
    "right": "n_found", "wrong": "n_wrong", "optional": "n_optional", "outside": "n_outside", "rejected": "n_rejected",
    "picks": "n_given",
}  # fmt: skip
_OUTCOME_COLUMNS_OF_B = {
    "both": "n_found", "b alone": "n_wrong", "outside": "n_outside", "rejected": "n_rejected", "b": "n_given",
}  # fmt: skip


def _score_row(row: dict[str, Any]) -> tuple[str, ...]:
    return (
        row["class"],
        row["kind"],
        f"{100 * row['tolerance_m']:g}",
        number(row["f1"]),
        span_words(row["f1_lo"], row["f1_hi"]),
        number(row["null_f1"]),
        number(row["z"], ".1f"),
        *(number(row[name]) for name in ("precision", "recall", "ap")),
        str(row["n_truth"]),
        str(row["n_picks"]),
    )


def _outcome_row(row: dict[str, Any], outcomes: Mapping[str, str]) -> tuple[str, ...]:
    return (row["class"], row["kind"], *(str(row[name]) for name in outcomes.values()))


def error_lines(errors: pd.DataFrame) -> list[str]:
    """Return the measured errors of matched picks, in columns."""
    rows = [
        (
            row["class"],
            row["measure"],
            number(row["value"], ".3g"),
            span_words(row["lo"], row["hi"], ".2g", " to "),
            str(row["n"]),
        )
        for row in errors.to_dict("records")
        if row["n"]
    ]
    return columns([("class", "of the matched within 5 cm", "value", "95 %", "n"), *rows])


def describe_agreement(agreement: Agreement) -> str:
    """
    Write an agreement out: the verdict, F1 beside its chance level, classes, depth shifts, who picks more where.

    Parameters
    ----------
    agreement : Agreement
        What to describe.

    Returns
    -------
    str
        Lines of about 80 characters; findings are longer.
    """
    scores, confusion = agreement.scores, agreement.confusion
    classes = [["", *confusion.columns], *([str(name), *map(str, confusion.loc[name])] for name in confusion.index)]
    shifts = [
        [row["well"], "", *(number(row[name], ".3f") for name in ("shift_m", "agreement", "agreement_now")),
         number(row["z"], ".1f")]
        for row in agreement.shifts.to_dict("records")
    ]  # fmt: skip
    uneven = agreement.stretches.reindex(agreement.stretches["z"].abs().sort_values(ascending=False).index).head(5)
    stretches = [
        [row["well"], row["class"], f"{row['top_m']:g} to {row['base_m']:g}", str(row["n_a"]), str(row["n_b"]),
         number(row["z"], ".1f")]
        for row in uneven.to_dict("records")
    ]  # fmt: skip
    kappa = f"kappa {agreement.kappa:.2f}" if agreement.kappa == agreement.kappa else "no kappa, of a single class"
    if spread := span_words(agreement.kappa_lo, agreement.kappa_hi, between=" to "):
        kappa += f", {spread}"
    lines = [
        *verdict_of_agreement(agreement),
        "",
        "b against a, neither taken as truth: P is the share of b's picks that a has,",
        "R the share of a's that b has, true and judged are a's and b's; errors are b minus a.",
        *_table_lines(scores, _OUTCOME_COLUMNS_OF_B),
        "",
        *([f"classes of the planes both picked (rows a, columns b): {kappa}", *columns(classes), ""] * scores.by_class),
        "best depth shift: how much deeper b lies (m)",
        *columns([["well", "", "shift", "agreement", "unshifted", "z"], *shifts]),
        "",
        "where one picks more than the other (m, MD)",
        *columns([["well", "class", "stretch", "a", "b", "z"], *stretches]),
        *findings_lines(scores.findings),
    ]
    return "\n".join(lines)


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows of a table as plain values for JSON; what is not defined is None."""
    return [
        {str(name): None if isinstance(v, float) and not np.isfinite(v) else v for name, v in row.items()}
        for row in frame.to_dict("records")
    ]
