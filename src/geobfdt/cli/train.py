"""``geobfdt train``: a network taught on interpreted wells."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

import typer

from geobfdt.cli.console import AsJson, console, print_json, progress


def train(
    field: Annotated[Path, typer.Argument(help="Folder of wells that geobfdt ingest made.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for the model; a killed run continues.")],
    preset: Annotated[
        Literal["curve", "detr", "detr-small"] | None,
        typer.Option(help="Network, when training from scratch. [default: curve]"),
    ] = None,
    start: Annotated[
        str | None, typer.Option("--from", help="Model to fine-tune: a folder, or default for the shipped one.")
    ] = None,
    choice: Annotated[
        Path | None,
        typer.Option(help="Study whose chosen network and settings are trained. [default: the preset's]"),
    ] = None,
    holdout: Annotated[list[str] | None, typer.Option(help="Well to hold out; repeat for more.")] = None,
    layer: Annotated[
        str | None, typer.Option(help="Layer of the review for training. [default: the field's pick tables]")
    ] = None,
    blind: Annotated[
        list[str] | None,
        typer.Option("--blind", help="Well to exclude, for judging the model later; repeat for more."),
    ] = None,
    mask: Annotated[list[str] | None, typer.Option(help="Interval to exclude.", metavar="WELL:TOP-BASE")] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Optimiser steps; default: enough for most fields.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of weights, windows and augmentation.")] = 0,
    as_json: AsJson = False,
) -> None:
    """
    Train on the interpreted wells of a field, or fine-tune a model on them.

    Scores are of wells held out: a fifth of them, or of fewer than four the deepest fifth of each one's picks. Writes
    the model (weights.safetensors, settings.yaml, card.json) and run/learning.png.
    """
    from geobfdt.runtime.findings import InputError

    if choice is not None and (start is not None or preset is not None):
        other = "--from" if start is not None else "--preset"
        raise InputError("--choice", f"the study chooses the network, and {other} does too", f"leave {other} out")
    from geobfdt.reports.learning_figure import draw_learning, learning_verdict
    from geobfdt.studies.choice import study_choice
    from geobfdt.training.distributed import is_first, leave
    from geobfdt.training.train import TrainOptions
    from geobfdt.training.train import train as train_model

    sizes = record = training = None
    if choice is not None:
        chosen = study_choice(choice)
        start, sizes, record = chosen.settings.start or None, chosen.settings.network, chosen.record
        training = chosen.training
    options = TrainOptions(
        preset=preset, model=start, holdout=None if holdout is None else tuple(holdout), layer=layer,
        blind=tuple(blind or ()), masked=parse_masks(mask), training=training, network=sizes, study=record,
    )  # fmt: skip
    scheme = options.scheme.model_copy(update={"seed": seed}).of_steps(steps)
    options = options.model_copy(update={"training": scheme})
    resume_hint = f"the same command goes on from the last of every {scheme.every} steps"
    with progress(f"training on {field}", resume_hint) as advance:
        bundle = train_model(field, out, options, progress=advance)
    first = is_first()
    leave()
    if not first:
        return
    card, scored = bundle.card, bundle.card["validation"]
    draw_learning(out / "run" / "metrics.jsonl", card["split"], scored, out / "run" / "learning.png")
    if as_json:
        # The drift reference has hundreds of quantiles.
        print_json({name: value for name, value in card.items() if name != "drift"})
        return
    console().print(
        f"{bundle.source}: {card['planes_trained']} planes in {card['metres_trained']:.1f} m interpreted, "
        f"{card['steps']} steps, {card['minutes']:.1f} min; held out {card['split']}",
        markup=False,
    )
    console().print(f"  {learning_verdict(scored)}", markup=False)
    if start is not None and not scored["step"]:
        console().print(f"  the weights of {card['from']} stay; confidences are fitted to these wells", markup=False)
    console().print(f"  {out}", markup=False)


def parse_masks(texts: list[str] | None) -> dict[str, tuple[float, float]]:
    """Parse ``WELL:TOP-BASE`` into intervals by well."""
    intervals = {}
    for text in texts or []:
        match = re.fullmatch(r"(.+):([\d.]+)-([\d.]+)", text)
        try:
            well, top, base = (match[1], float(match[2]), float(match[3])) if match else ("", 0.0, 0.0)
        except ValueError:
            well = ""
        if not well or not top < base:
            raise typer.BadParameter(f"{text!r} is not WELL:TOP-BASE", param_hint="--mask")
        intervals[well] = (top, base)
    return intervals


def register(app: typer.Typer) -> None:
    """Add the verb to the application."""
    app.command()(train)
