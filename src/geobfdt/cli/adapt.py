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
    unseen: Annotated[
        list[str] | None,
        typer.Option("--blind", help="Well to exclude, for judging the model later; repeat for more."),
    ] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Optimiser steps; default: enough for most fields.")] = None,
    as_json: AsJson = False,
) -> None:
    """
    Adapt a model to the image style of unpicked wells of a field.

    It learns from planes that it finds again in every view of a well (turned, mirrored, upside down, inverted, odd and
    even sectors alone, rows evened), beside simulated wells. Wells with picks are left alone. It refuses where odd and
    even sectors are picked alike no better than by chance, or where simulated wells would suffer. Whether it helped,
    geobfdt gate tells on wells with picks.
    """
    from geobfdt.training.adapt import ADAPTING, AdaptOptions
    from geobfdt.training.adapt import adapt as teach

    options = AdaptOptions(model=start, blind=tuple(unseen or ()), training=ADAPTING.of_steps(steps))
    with progress(f"adapting to {field}") as advance:
        bundle = teach(field, out, options, progress=advance)
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
