"""Scores as text for a terminal of 80 columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from geobfdt.evaluation.scope import ALL
from geobfdt.wells.findings import Finding

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
    "unit_words",
]


def unit_words(wells: int, units: int, block: float | None) -> str:
    """
    Say what was resampled.

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
    Write a number, or a dash where it is not defined.

    Examples
    --------
    >>> number(0.125), number(float("nan"))
    ('0.12', '-')
    """
    return "-" if value != value else format(value, form)


def describe_scores(scores: Scores) -> str:
    """
    Write scores out: trace F1 at every tolerance, depth and pole at the widest, the errors, the findings.

    Parameters
    ----------
    scores : Scores
        What to describe.

    Returns
    -------
    str
        Lines of about 80 characters; findings are longer.
    """
    table = scores.table()
    widest = table["tolerance_m"].max()
    fence = scores.nulls().query("null == 'fence' and tolerance_m == @widest and `class` == 'all' and kind == 'depth'")
    shown = table[(table["kind"] == "trace") | (table["tolerance_m"] == widest)]
    errors = scores.errors()
    if table["class"].nunique() == 2:  # all is the one class again
        shown, errors = shown[shown["class"] != ALL], errors[(errors["class"] != ALL)]
    lines = [
        f"{len(scores.wells)} well{'s'[: len(scores.wells) != 1]}; 95 % intervals over "
        + unit_words(len(scores.wells), len(scores.units), scores.units.block),
        f"blind: mean F1 of the same picks after {scores.shifts} circular depth shifts; z: how far above",
        "",
        *columns([_SCORE_HEADS, *map(_score_row, shown.to_dict("records"))]),
        "",
        f"An even fence of as many picks has depth F1 {number(fence['null_f1'].iloc[0])} at {100 * widest:g} cm.",
        "",
        *error_lines(errors),
        *findings_lines(scores.findings),
    ]
    return "\n".join(lines)


_SCORE_HEADS = ("class", "match", "cm", "F1", "95 %", "blind", "z", "P", "R", "AP", "true", "picks")


def _score_row(row: dict[str, Any]) -> tuple[str, ...]:
    return (
        row["class"],
        row["kind"],
        f"{100 * row['tolerance_m']:g}",
        number(row["f1"]),
        f"{number(row['f1_lo'])}-{number(row['f1_hi'])}",
        number(row["null_f1"]),
        number(row["z"], ".1f"),
        *(number(row[name]) for name in ("precision", "recall", "ap")),
        str(row["n_truth"]),
        str(row["n_picks"]),
    )


def error_lines(errors: pd.DataFrame) -> list[str]:
    """Errors of the matched, in columns, those that were measured."""
    rows = [
        (
            row["class"],
            row["measure"],
            number(row["value"], ".3g"),
            f"{number(row['lo'], '.2g')} to {number(row['hi'], '.2g')}",
            str(row["n"]),
        )
        for row in errors.to_dict("records")
        if row["n"]
    ]
    return columns([("class", "of the matched within 5 cm", "value", "95 %", "n"), *rows])


def describe_agreement(agreement: Agreement) -> str:
    """
    Write an agreement out: F1 beside blind, classes, depth shifts, differences, who picks more where.

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
    classes = [[str(name), *map(str, confusion.loc[name])] for name in confusion.index]
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
    kappa = f"{number(agreement.kappa_lo)} to {number(agreement.kappa_hi)}"
    body = describe_scores(scores).split("\n")
    lines = [
        "b against a, neither taken as truth: P is the share of b's picks that a has,",
        "R the share of a's that b has, true and picks are a's and b's; errors are b minus a.",
        *body[: len(body) - len(findings_lines(scores.findings))],
        "",
        f"classes of the planes both picked (rows a, columns b): kappa {number(agreement.kappa)}, {kappa}",
        *columns([["", *confusion.columns], *classes]),
        "",
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
    rows: list[dict[str, Any]] = frame.to_dict("records")
    return [
        {name: None if isinstance(v, float) and not np.isfinite(v) else v for name, v in row.items()} for row in rows
    ]
