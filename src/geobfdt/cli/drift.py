"""``geobfdt drift``: whether wells are like those that a model was made with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from geobfdt.cli.console import AsJson, console, print_json, print_table, progress
from geobfdt.cli.reading import with_reading_options
from geobfdt.wells.options import ReadingOptions


def drift(
    inputs: Annotated[
        list[Path], typer.Argument(help="Image files, wells of a field, or whole fields.", metavar="INPUT...")
    ],
    reading: ReadingOptions,
    model: Annotated[str, typer.Option(help="The model: a folder, default, or REGISTRY@NAME.")] = "default",
    as_json: AsJson = False,
) -> None:
    """
    Compare wells with those that a model was trained on, in zones of 10 m, and give the reason of a difference.

    Uses the image and the picks of the model on it. geobfdt pick does the same for the wells that it picks.
    """
    from geobfdt.workflows.drift import drift as measure_drift

    with progress("comparing wells with the model's") as advance:
        wells = dict(measure_drift(inputs, model, reading, progress=advance))
    if as_json:
        print_json({well: zones.to_dict("records") for well, zones in wells.items()})
        return
    for well, zones in wells.items():
        counts = zones["state"].value_counts()
        title = f"{well}: " + ", ".join(
            f"{counts[state]} {state}" for state in ("ok", "watch", "abstain") if state in counts
        )
        rows = [
            {
                "depth": f"{row['top_m']:.1f}-{row['base_m']:.1f} m", "state": row["state"],
                "distance": f"{row['distance']:.1f}", "reason": row["reason"],
            }
            for row in zones.to_dict("records")
            if row["state"] != "ok"
        ]  # fmt: skip
        if rows:
            print_table(title, rows)
        else:
            console().print(title, markup=False)


def register(app: typer.Typer) -> None:
    """Add the verb to the application."""
    app.command()(with_reading_options(drift))
