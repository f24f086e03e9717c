"""``geobfdt study``: which setting is better, with everything else equal."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from geobfdt.cli.console import AsJson, console, print_json, progress
from geobfdt.cli.workers import Address, EngineName, Workers, engine_of


def study(
    what: Annotated[str, typer.Argument(help="backbone, wells, ... (docs/studies.md lists them), or a YAML file.")],
    field: Annotated[Path, typer.Argument(help="Folder of interpreted wells that geobfdt ingest made.")],
    out: Annotated[Path, typer.Option("--out", help="Folder of the study; finished cells in it are not run again.")],
    network: Annotated[Literal["curve", "detr", "detr-small"], typer.Option(help="Network of the preset.")] = "curve",
    folds: Annotated[int | None, typer.Option(min=1, help="Number of folds of wells. [default: 3]")] = None,
    seeds: Annotated[int | None, typer.Option(min=1, help="Runs of each cell. [default: 3]")] = None,
    change: Annotated[
        list[str] | None, typer.Option("--set", help="Setting of all cells, as training.steps=400; repeat for more.")
    ] = None,
    workers: Workers = 2,
    engine: EngineName = "local",
    address: Address = None,
    page_only: Annotated[
        bool, typer.Option("--page-only", help="Run nothing; write the page of the cells that are finished.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """
    Run a controlled study on the wells of a field: axes x folds x seeds, with all other settings equal.

    Writes study.html and study.md: question, design, scores with intervals, verdict on every step, the choice, and the
    command that repeats it. A killed study resumes.
    """
    from geobfdt.studies.page import write_pages
    from geobfdt.studies.study import run_study, study_of

    settings = study_of(what, network, folds, seeds, change or [])

    def show(count: int, every: int) -> None:
        advance(count / max(every, 1), f"{count} of {every} cells")

    with progress(
        f"study {settings.name} on {field}", on_interrupt="finished cells stay; the same command goes on"
    ) as advance:
        run_by = None if page_only else engine_of(engine, workers, address)
        plan, results = run_study(settings, field, out, run_by, show)
    page = write_pages(plan, results, out, field)
    if as_json:
        print_json(page)
    else:
        _show(out)
    if not any(section.lines for section in results):
        raise typer.Exit(1)


def _show(out: Path) -> None:
    console().print((out / "study.md").read_text().split("\n## Design", 1)[0].rstrip(), markup=False)
    console().print(f"  {out / 'study.html'}", markup=False)


def register(app: typer.Typer) -> None:
    """Add the verb to the application."""
    app.command()(study)
