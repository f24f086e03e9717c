"""``geobfdt adapt``: a model adapted to wells that nobody has picked."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from geobfdt.cli.console import AsJson, console, print_json, progress


def adapt(
    field: Annotated[Path, typer.Argument(help="Folder of wells that geobfdt ingest made.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for the model; a killed run continues.")],
    start: Annotated[str, typer.Option("--from", help="Model to start from; default: the shipped one.")] = "default",
    blind: Annotated[
        list[str] | None,
        typer.Option("--blind", help="Well to exclude, for judging the model later; repeat for more."),
    ] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Optimiser steps; default: enough for most fields.")] = None,
    as_json: AsJson = False,
) -> None:
    """
    Adapt a model to the images of the unpicked wells of a field.

    It is trained on planes that it finds in most views of a well (turned, mirrored, upside down, inverted, odd and even
    sectors alone, rows evened) and on simulated wells. Wells with picks take no part. It refuses where picks of odd and
    even sectors agree no better than by chance, or where F1 of simulated wells falls. Judge the result with
    geobfdt gate on wells with picks.
    """
    from geobfdt.training.adapt import ADAPTING, AdaptOptions
    from geobfdt.training.adapt import adapt as adapt_model

    options = AdaptOptions(model=start, blind=tuple(blind or ()), training=ADAPTING.of_steps(steps))
    with progress(f"adapting to {field}") as advance:
        bundle = adapt_model(field, out, options, progress=advance)
    card = bundle.card
    if as_json:
        print_json({name: value for name, value in card.items() if name != "drift"})
        return
    scores = card["simulated_f1"]
    console().print(
        f"{bundle.source}: {card['planes_trained']} planes of {len(card['trained_on'])} wells, "
        f"{card['share_of_change']:.0%} of the change kept; F1 of simulated wells {scores['before']:.2f} before, "
        f"{scores['after']:.2f} after",
        markup=False,
    )
    console().print(f"  {out}", markup=False)


def register(app: typer.Typer) -> None:
    """Add the verb to the application."""
    app.command()(adapt)
