"""The command-line application and its verbs, in the order of a geologist's day."""

from __future__ import annotations

from typing import Annotated

import typer

from geobfdt._version import __version__
from geobfdt.cli import (
    adapt,
    agree,
    assemble,
    audit,
    caliper,
    convert,
    demo,
    drift,
    evaluate,
    field,
    gate,
    ingest,
    inspect,
    merge,
    models,
    pick,
    report,
    retrain,
    search,
    serve,
    simulate,
    study,
    track,
    train,
    vugs,
)
from geobfdt.cli import open as open_verb
from geobfdt.cli.verbatim import verbatim

__all__ = ["app"]

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(show: bool) -> None:
    if show:
        typer.echo(f"geobfdt {__version__}")
        raise typer.Exit


@app.callback()
def geobfdt(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """
    Pick fractures and bedding planes on borehole image logs, and score picks beside their chance level.

    Start with [bold]geobfdt open FILE[/]: picks on a screen. [bold]geobfdt pick FILE --out DIR[/] writes files.
    No file at hand? [bold]geobfdt demo[/]
    """


for verb in (
    inspect,
    open_verb,
    pick,
    vugs,
    serve,
    report,
    field,
    evaluate,
    agree,
    audit,
    ingest,
    train,
    adapt,
    study,
    search,
    gate,
    drift,
    retrain,
    models,
    track,
    assemble,
    convert,
    merge,
    caliper,
    simulate,
    demo,
):
    verb.register(app)
verbatim(app)
