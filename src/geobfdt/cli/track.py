"""``geobfdt track``: models, studies and registries shown in MLflow."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from geobfdt.cli.console import AsJson, console, print_json, progress


def track(
    what: Annotated[list[Path], typer.Argument(help="Folders that geobfdt train, study or models made.")],
    to: Annotated[
        str | None,
        typer.Option("--to", help="Address of MLflow. [default: MLFLOW_TRACKING_URI, else mlflow.db here]"),
    ] = None,
    experiment: Annotated[str, typer.Option(help="Experiment of the runs.")] = "geobfdt",
    name: Annotated[
        str | None, typer.Option(help="Name of a registered model. [default: name of the registry's folder]")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """
    Copy models with their training, studies and registries to MLflow.

    Existing entries do not change; the names of a registry become aliases. Needs the extra mlflow.
    """
    from geobfdt.operation.tracking import track as track_folder
    from geobfdt.operation.tracking import tracking_address

    results: dict[str, list[str]] = {}
    with progress(f"copying to {tracking_address(to)}") as advance:
        for number, folder in enumerate(what, start=1):
            results[str(folder)] = track_folder(folder, to, experiment=experiment, name=name)
            advance(number / len(what))
    if as_json:
        print_json(results)
        return
    for lines in results.values():
        for line in lines:
            console().print(line, markup=False)


def register(app: typer.Typer) -> None:
    """Add the verb to the application."""
    app.command()(track)
