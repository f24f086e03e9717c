"""``geobfdt ingest``: bring wells into a field."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from geobfdt.cli.console import AsJson, console, print_findings, print_json, progress
from geobfdt.cli.reading import with_reading_options
from geobfdt.cli.tables import Convergence, Mapping, ToNorth, Vocabulary
from geobfdt.wells.options import ReadingOptions


def ingest(
    files: Annotated[list[Path], typer.Argument(help="Image files, one a well.", metavar="FILE...")],
    field: Annotated[Path, typer.Option("--field", help="Folder that holds the wells; made if missing.")],
    reading: ReadingOptions,
    picks: Annotated[
        Path | None, typer.Option(help="Interpreter's picks: a table, or a folder of WELL.picks.csv.")
    ] = None,
    mapping: Mapping = None,
    vocabulary: Vocabulary = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace the images of wells that are there, and their picks by new ones.")
    ] = False,
    to_north: ToNorth = None,
    convergence: Convergence = None,
    as_json: AsJson = False,
) -> None:
    """
    Read image files, and the picks made on them, into a field: a folder for picking, scoring and training.

    Every repair and every uncertain value is printed and stored in WELL.findings.json.
    """
    from geobfdt.workflows.ingest import IngestOptions
    from geobfdt.workflows.ingest import ingest as ingest_files

    options = IngestOptions(
        reading=reading, picks=picks, mapping=mapping, vocabulary=vocabulary, replace=replace, to_north=to_north,
        convergence=convergence,
    )  # fmt: skip
    with progress(f"ingesting {len(files)} files") as advance:
        wells = ingest_files(files, field, options, progress=advance)
    if as_json:
        print_json({stem: [f.to_dict() for f in findings] for stem, findings in wells.items()})
        return
    for stem, findings in wells.items():
        console().print(f"{stem}: {field / stem}.nc", markup=False)
        print_findings(findings)


def register(app: typer.Typer) -> None:
    """Add the verb to the application."""
    app.command()(with_reading_options(ingest))
