"""``geobfdt retrain``: a champion taught what has come since."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from geobfdt.cli.console import AsJson, console, print_json, progress

# Exit status of a challenger that the gate refused.
_REFUSED_STATUS = 3


def retrain(
    field: Annotated[Path, typer.Option("--field", help="Folder of interpreted wells.")],
    registry: Annotated[Path, typer.Option("--models", help="Registry whose champion is retrained.")],
    demands: Annotated[Path, typer.Option(help="YAML file of the gate, which names the blind wells.")],
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder of runs. [default: retraining, in the field]")
    ] = None,
    layer: Annotated[str | None, typer.Option(help="Layer of the review for training and judging.")] = None,
    include: Annotated[
        list[str] | None,
        typer.Option(help="Well to train on even if the admission check finds problems; repeat for more."),
    ] = None,
    promote: Annotated[bool, typer.Option("--promote", help="Make a challenger that passes the champion.")] = False,
    who: Annotated[str | None, typer.Option(help="Name for the record. [default: the user of this machine]")] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Optimiser steps; default: enough for most fields.")] = None,
    as_json: AsJson = False,
) -> None:
    """
    Retrain on the wells that are new, or newly reviewed, since the champion was made.

    Each well is checked first. A well whose picks do not fit its image, or have another style, is held back with the
    reason. The gate judges the challenger. The exit status is 0 if it passed or there is no new well, 3 if it was
    refused.
    """
    from geobfdt.operation.gate_settings import read_gate
    from geobfdt.operation.retraining import RetrainOptions
    from geobfdt.operation.retraining import retrain as retrain_champion
    from geobfdt.training.train import TUNING

    settings = read_gate(demands)
    options = RetrainOptions(
        out=out, layer=layer, include=tuple(include or ()), promote=promote, who=who, training=TUNING.of_steps(steps)
    )
    with progress(
        f"retraining on {field}", on_interrupt="the champion is as it was; the same command goes on"
    ) as advance:
        result = retrain_champion(field, registry, settings, options, progress=advance)
    if as_json:
        print_json(result.to_dict())
    else:
        for well, what in result.news.items():
            console().print(f"{well}: {what}" + (", held back" if well in result.held_back else ""), markup=False)
            for why in result.held_back.get(well, ()):
                console().print(f"  {why}", markup=False)
        if not result.news:
            console().print("nothing is new since the champion was made", markup=False)
        elif result.challenger is None:
            console().print("nothing to learn from", markup=False)
        else:
            state = "passed" if result.passed else "refused"
            more = ", champion now" if result.promoted else ""
            console().print(f"challenger {result.challenger[:12]}: {state}{more}\n  {result.verdict}", markup=False)
            if result.same_weights:
                console().print("  its weights are the champion's: no step of the tuning was better on wells held out")
            for failure in result.failures:
                console().print(f"  {failure}", markup=False)
    if result.challenger is not None and not result.passed:
        raise typer.Exit(_REFUSED_STATUS)


def register(app: typer.Typer) -> None:
    """Add the verb to the application."""
    app.command()(retrain)
