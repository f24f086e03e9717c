"""``geobfdt agree``: how far two interpreters agree."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from geobfdt.cli.console import AsJson, console, print_findings, print_json, progress
from geobfdt.cli.tables import Mapping, Vocabulary, read_interpretation


def agree(
    first: Annotated[Path, typer.Argument(metavar="A", help="One interpreter's picks: a table or a folder.")],
    second: Annotated[Path, typer.Argument(metavar="B", help="The other's.")],
    mapping: Mapping = None,
    vocabulary: Vocabulary = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the blind picker and the intervals.")] = 0,
    as_json: AsJson = False,
) -> None:
    """
    Compare two interpreters of the same wells, neither of them taken as truth.

    Tells how many planes both have, how much two blind pickers would share, and whether one table is shifted.
    """
    from geobfdt.evaluation import agreement

    with progress("comparing"):
        ours, theirs = (read_interpretation(path, mapping=mapping, vocabulary=vocabulary) for path in (first, second))
        result = agreement.agree(ours.picks, theirs.picks, seed=seed)
    if as_json:
        print_json(result.to_dict())
    else:
        print_findings([*ours.findings, *theirs.findings])
        console().print(str(result), markup=False)


def register(app: typer.Typer) -> None:
    """Add the verb to the application."""
    app.command()(agree)
