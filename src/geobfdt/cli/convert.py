"""``geobfdt convert``: images and pick tables from one format to another."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from geobfdt.cli.console import AsJson, console, print_findings, print_json, progress
from geobfdt.cli.reading import with_reading_options
from geobfdt.cli.tables import Convergence, Mapping, ToNorth, Vocabulary
from geobfdt.wells.options import ReadingOptions


def convert(
    source: Annotated[Path, typer.Argument(help="An image file or a pick table.")],
    target: Annotated[Path, typer.Argument(help="The file to write.")],
    reading: ReadingOptions,
    to: Annotated[
        str | None,
        typer.Option(
            help="Image formats: netcdf, dlis, png, csv, techlog-image. Pick tables: picks, techlog, wellcad, geolog, "
            "las. Default: what the target's suffix says (.nc, .dlis, .png)."
        ),
    ] = None,
    mapping: Mapping = None,
    vocabulary: Vocabulary = None,
    to_north: ToNorth = None,
    convergence: Convergence = None,
    as_json: AsJson = False,
) -> None:
    """
    Convert an image or a pick table.

    Examples: geobfdt convert well.dlis well.nc; geobfdt convert techlog.csv picks.csv --to picks. Rows that are no
    planes (breakouts, induced fractures) are then left in picks.intervals.csv; others leave them out, and say so.
    """
    from geobfdt.workflows import convert as conversion

    options = conversion.ConvertOptions(
        to=to, reading=reading, mapping=mapping, vocabulary=vocabulary, to_north=to_north, convergence=convergence
    )
    with progress(f"converting {source.name}"):
        findings = conversion.convert(source, target, options)
    beside = next((finding.place for finding in findings if finding.kind == "intervals-written"), None)
    if as_json:
        print_json({"file": str(target), "intervals": beside, "findings": [finding.to_dict() for finding in findings]})
        return
    print_findings(findings)
    for file in (str(target), beside):
        if file is not None:
            console().print(file, markup=False)


def register(app: typer.Typer) -> None:
    """Add the verb to the application."""
    app.command()(with_reading_options(convert))
