"""``geobfdt agree``: how far two interpreters agree."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from geobfdt.cli.console import AsJson, console, print_findings, print_json, progress
from geobfdt.cli.tables import Mapping, Vocabulary


def agree(
    first: Annotated[Path, typer.Argument(metavar="A", help="One interpreter's picks: a table or a folder.")],
    second: Annotated[Path, typer.Argument(metavar="B", help="The other's.")],
    mapping: Mapping = None,
    vocabulary: Vocabulary = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the chance level and the intervals.")] = 0,
    whole: Annotated[bool, typer.Option("--all", help="Print also the whole table, and where one picks more.")] = False,
    as_json: AsJson = False,
) -> None:
    """
    Compare two interpreters of the same wells, neither of them taken as truth.

    Prints four lines: the planes that both have, beside the chance level of their agreement, the agreement of classes,
    and the depth shift between the tables; with --all the whole table.
    """
    from geobfdt.evaluation import agreement
    from geobfdt.evaluation.scope import classes_comparable
    from geobfdt.evaluation.wording import verdict_of_agreement
    from geobfdt.wells.table_north import check_same_north
    from geobfdt.workflows.interpretation import read_interpretation

    with progress("comparing"):
        ours, theirs = (read_interpretation(path, mapping=mapping, vocabulary=vocabulary) for path in (first, second))
        check_same_north(ours.picks, theirs.picks, second)
        apart = classes_comparable(ours.picks, theirs.picks)
        result = agreement.agree(ours.picks, theirs.picks, seed=seed, by_class=not apart).with_findings(apart)
    if as_json:
        print_json(result.to_dict())
        return
    console().print(str(result) if whole else "\n".join(verdict_of_agreement(result)), markup=False)
    print_findings([*ours.findings, *theirs.findings, *(() if whole else result.scores.findings)])


def register(app: typer.Typer) -> None:
    """Add the verb to the application."""
    app.command()(agree)
