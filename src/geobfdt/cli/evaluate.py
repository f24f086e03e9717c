"""``geobfdt evaluate``: picks against truth, beside their chance level."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from geobfdt.cli.console import AsJson, console, print_findings, print_json, progress
from geobfdt.cli.tables import Mapping, Vocabulary


def evaluate(
    picks: Annotated[Path, typer.Argument(help="Picks to score: a table, or a folder of WELL.picks.csv.")],
    truth: Annotated[
        Path, typer.Argument(help="True planes: a table, or a folder of WELL.truth.csv or WELL.picks.csv.")
    ],
    intervals: Annotated[
        Path | None, typer.Option(help="CSV of interpreted and ignored intervals; a folder of truth has its own.")
    ] = None,
    mapping: Mapping = None,
    vocabulary: Vocabulary = None,
    shifts: Annotated[int, typer.Option(min=50, max=10_000, help="Depth shifts for the chance level.")] = 50,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the chance level and the intervals.")] = 0,
    whole: Annotated[bool, typer.Option("--all", help="Print also the whole table of classes and tolerances.")] = False,
    as_json: AsJson = False,
) -> None:
    """
    Score picks against truth: a verdict in four lines, and with --all the whole table.

    F1 stands beside its chance level, the F1 of the same picks at wrong depths: read z (how far above it, in standard
    deviations) before you read F1. Where a table has one class alone, classes are left out of the comparison.
    """
    from geobfdt.evaluation import scores
    from geobfdt.evaluation.scope import classes_comparable
    from geobfdt.evaluation.wording import verdict_of_scores
    from geobfdt.wells.intervals import read_intervals
    from geobfdt.wells.table_north import check_same_north
    from geobfdt.workflows.interpretation import read_interpretation

    with progress("scoring"):
        ours = read_interpretation(picks, mapping=mapping, vocabulary=vocabulary)
        theirs = read_interpretation(truth, (".truth.csv", ".picks.csv"), mapping, vocabulary)
        check_same_north(ours.picks, theirs.picks, truth)
        where = theirs.intervals if intervals is None else read_intervals(intervals)
        apart = classes_comparable(ours.picks, theirs.picks, where)
        result = scores.evaluate(ours.picks, theirs.picks, where, shifts=shifts, seed=seed, by_class=not apart)
        result = result.with_findings(apart)
    if as_json:
        print_json(result.to_dict())
        return
    console().print(str(result) if whole else "\n".join(verdict_of_scores(result)), markup=False)
    print_findings([*ours.findings, *theirs.findings, *(() if whole else result.findings)])


def register(app: typer.Typer) -> None:
    """Add the verb to the application."""
    app.command()(evaluate)
