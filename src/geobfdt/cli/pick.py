"""``geobfdt pick``: an image in, a dip table and a picture out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from geobfdt.cli.console import AsJson, console, print_findings, print_json, progress
from geobfdt.cli.reading import with_reading_options
from geobfdt.wells.options import ReadingOptions


def pick(
    inputs: Annotated[
        list[Path], typer.Argument(help="Image files, wells of a field, or whole fields.", metavar="INPUT...")
    ],
    out: Annotated[Path, typer.Option("--out", help="Folder for tables, findings and pictures; made if missing.")],
    reading: ReadingOptions,
    model: Annotated[str, typer.Option(help="Folder of a model bundle; default: the shipped one.")] = "default",
    method: Annotated[
        Literal["network", "hough"], typer.Option(help="The picker: a network, or the classical one.")
    ] = "network",
    runtime: Annotated[
        Literal["torch", "onnx"], typer.Option(help="What computes the network; onnx needs geobfdt[onnx].")
    ] = "torch",
    min_confidence: Annotated[
        float | None, typer.Option(min=0, max=1, help="Keep picks at least this sure; default: the picker's own.")
    ] = None,
    picture: Annotated[bool, typer.Option(help="Draw the image with its traces and tadpoles.")] = True,
    explain: Annotated[
        list[int] | None,
        typer.Option(min=1, help="Also draw why the N-th pick was made; repeat for more.", metavar="N"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """
    Pick the planes on borehole images.

    Leaves in the folder, for each well: WELL.picks.csv (the dip table), WELL.findings.json (what was repaired or
    doubted) and WELL.png (image, traces, tadpoles; a long well has numbered pages beside it).
    """
    from geobfdt.reports.delivery import deliver, sources

    delivered = []
    for source in sources(inputs):
        with progress(f"picking {source.name}") as advance:
            delivered.append(
                deliver(
                    source,
                    out,
                    reading,
                    model=model,
                    method=method,
                    runtime=runtime,
                    explained=explain or (),
                    min_confidence=min_confidence,
                    picture=picture,
                    progress=advance,
                )
            )
    if as_json:
        print_json([delivery.to_dict() for delivery in delivered])
        return
    for delivery in delivered:
        print_findings(f for f in delivery.findings if f.severity != "info")
        counts = ", ".join(f"{count} {name}" for name, count in delivery.counts.items()) or "no planes"
        console().print(f"{delivery.well}: {counts} in {delivery.length_m:.1f} m", markup=False)
        for file in delivery.files:
            console().print(f"  {file}", markup=False)


def register(app: typer.Typer) -> None:
    """Add the verb to the application."""
    app.command()(with_reading_options(pick))
