"""``geobfdt vugs``: dark objects on the wall that are no planes. Experimental."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from geobfdt.cli.console import AsJson, console, print_findings, print_json, progress
from geobfdt.cli.reading import with_reading_options
from geobfdt.wells.options import ReadingOptions


def vugs(
    source: Annotated[Path, typer.Argument(help="An image file, or a well of a field.", metavar="FILE")],
    out: Annotated[Path, typer.Option("--out", help="Folder for table and tracks; made if missing.")],
    reading: ReadingOptions,
    picks: Annotated[
        Path | None, typer.Option(help="Pick table of the well: its planes are no vugs. [default: pick the image]")
    ] = None,
    model: Annotated[str, typer.Option(help="Folder of a model bundle that picks; default: the shipped one.")] = (
        "default"
    ),
    method: Annotated[
        Literal["network", "hough"], typer.Option(help="The picker: a network, or the classical one.")
    ] = "network",
    as_json: AsJson = False,
) -> None:
    """
    Find vugs on an image: count, size and shape, and six curves every 2 m. Experimental.

    Writes WELL.vugs.csv (one row a vug), WELL.vug-tracks.csv (curves) and WELL.vug-findings.json.
    """
    from geobfdt.workflows import vugs as workflow

    options = workflow.VugOptions(reading=reading, picks=picks, model=model, method=method)
    with progress(f"finding vugs in {source.name}") as advance:
        result, files, findings = workflow.vugs(source, out, options, progress=advance)
    if as_json:
        output = {"vugs": len(result.table), "files": [str(file) for file in files]}
        print_json({**output, "findings": [finding.to_dict() for finding in findings]})
        return
    print_findings(finding for finding in findings if finding.severity != "info")
    console().print(f"{len(result.table)} vugs", markup=False)
    for file in files:
        console().print(f"  {file}", markup=False)


def register(app: typer.Typer) -> None:
    """Add the verb to the application."""
    app.command()(with_reading_options(vugs))
