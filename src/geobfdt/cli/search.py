"""``geobfdt search``: settings proposed, tried and ranked."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from geobfdt.cli.console import AsJson, console, print_json, progress
from geobfdt.cli.workers import Address, EngineName, Workers, engine_of


def search(
    space: Annotated[Path, typer.Argument(help="YAML file of the settings to search; docs/studies.md has one.")],
    field: Annotated[Path, typer.Argument(help="Folder of interpreted wells that geobfdt ingest made.")],
    out: Annotated[Path, typer.Option("--out", help="Folder of the search; trials in it are not run again.")],
    trials: Annotated[int, typer.Option(min=1, help="Number of trials, with those of earlier runs.")] = 30,
    workers: Workers = 2,
    engine: EngineName = "local",
    address: Address = None,
    storage: Annotated[
        str | None,
        typer.Option(help="Database that several machines share, as postgresql://... [default: a file in --out]"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """
    Search for better settings of a network and its training (needs geobfdt[search]).

    Trials are scored on validation wells; those behind the median after a fold are stopped. Writes search.html, and
    found.yaml: a study that scores the best settings on wells that took no part in the search. The exit status is 1 if
    no trial is above chance level.
    """
    from geobfdt.studies.search import SearchOptions, read_search, run_search
    from geobfdt.studies.search_page import write_search_pages

    settings = read_search(space)
    run_by = engine_of(engine, workers, address)

    def show(count: int, every: int) -> None:
        advance(count / every, f"{count} of {every} trials")

    with progress(
        f"search {settings.name} on {field}", on_interrupt="finished trials stay; the same command goes on"
    ) as advance:
        options = SearchOptions(trials=trials, storage=storage)
        outcome = run_search(settings, field, out, options, engine=run_by, progress=show)
    page = write_search_pages(settings, outcome, out, field)
    if as_json:
        print_json(page)
    else:
        console().print((out / "search.md").read_text().split("\n## Trials", 1)[0].rstrip(), markup=False)
        console().print(f"  {out / 'search.html'}", markup=False)
    if outcome.best is None or not outcome.best.beats_null:
        raise typer.Exit(1)


def register(app: typer.Typer) -> None:
    """Add the verb to the application."""
    app.command()(search)
