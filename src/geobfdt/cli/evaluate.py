"""``geobfdt evaluate``: picks against truth, beside what a blind picker would score."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from geobfdt.cli.console import AsJson, console, print_findings, print_json, progress
from geobfdt.cli.tables import Mapping, Vocabulary, read_interpretation


def evaluate(
    picks: Annotated[Path, typer.Argument(help="Picks to score: a table, or a folder of WELL.picks.csv.")],
    truth: Annotated[
        Path, typer.Argument(help="What they should be: a table, or a folder of WELL.truth.csv or WELL.picks.csv.")
    ],
    intervals: Annotated[
        Path | None, typer.Option(help="CSV of interpreted and ignored intervals; a folder of truth brings its own.")
    ] = None,
    mapping: Mapping = None,
    vocabulary: Vocabulary = None,
    shifts: Annotated[int, typer.Option(min=50, max=10_000, help="Blind depth shifts to compare with.")] = 50,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the blind pickers and the intervals.")] = 0,
    as_json: AsJson = False,
) -> None:
    """
    Score picks against truth.

    F1 by class, kind and tolerance stands beside the F1 of blind pickers with the same number of picks: read z (how
    far above them, in their standard deviations) before you read F1.
    """
    from geobfdt.evaluation import scores
    from geobfdt.wells.intervals import read_intervals

    with progress("scoring"):
        ours = read_interpretation(picks, mapping=mapping, vocabulary=vocabulary)
        theirs = read_interpretation(truth, (".truth.csv", ".picks.csv"), mapping, vocabulary)
        where = theirs.intervals if intervals is None else read_intervals(intervals)
        result = scores.evaluate(ours.picks, theirs.picks, where, shifts=shifts, seed=seed)
    if as_json:
        print_json(result.to_dict())
    else:
        print_findings([*ours.findings, *theirs.findings])
        console().print(str(result), markup=False)


def register(app: typer.Typer) -> None:
    """Add the verb to the application."""
    app.command()(evaluate)
