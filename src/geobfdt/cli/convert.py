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
            "las. With --osdu: osdu-log (image), osdu-picks (pick table). Pick tables with --collar: fracman, "
            "dfnworks, vtk, petrel, leapfrog, dips, gempy-orientations, gempy-points. Default: what the suffix of the "
            "target says (.nc, .dlis, .png, .fab, .vtk)."
        ),
    ] = None,
    mapping: Mapping = None,
    vocabulary: Vocabulary = None,
    collar: Annotated[
        Path | None,
        typer.Option(help="Table of collars (well, x, y, z): picks get positions along --survey or --deviation."),
    ] = None,
    osdu: Annotated[
        Path | None,
        typer.Option(help="YAML with partition, wellbore, access and legal tags, for --to osdu-log and osdu-picks."),
    ] = None,
    radius: Annotated[
        float, typer.Option(min=0.001, max=1e5, help="Radius of the discs of fracman, dfnworks and vtk (m).")
    ] = 1.0,
    to_north: ToNorth = None,
    convergence: Convergence = None,
    as_json: AsJson = False,
) -> None:
    """
    Convert an image or a pick table.

    Examples: geobfdt convert well.dlis well.nc; geobfdt convert techlog.csv picks.csv --to picks. Rows that are no
    planes then go to picks.intervals.csv; other formats leave them out, with a finding. Breakouts and induced fractures
    go to picks.breakouts.csv, in the format of the target.
    """
    from geobfdt.workflows import convert as conversion

    options = conversion.ConvertOptions(
        to=to,
        reading=reading,
        mapping=mapping,
        vocabulary=vocabulary,
        collar=collar,
        osdu=osdu,
        radius=radius,
        to_north=to_north,
        convergence=convergence,
    )
    with progress(f"converting {source.name}"):
        findings = conversion.convert(source, target, options)
    places = {finding.kind: finding.place for finding in findings}
    intervals, breakouts = (places.get(f"{part}-written") for part in ("intervals", "breakouts"))
    if as_json:
        output = {"file": str(target), "intervals": intervals, "breakouts": breakouts}
        print_json({**output, "findings": [finding.to_dict() for finding in findings]})
        return
    print_findings(findings)
    for file in (str(target), intervals, breakouts):
        if file is not None:
            console().print(file, markup=False)


def register(app: typer.Typer) -> None:
    """Add the verb to the application."""
    app.command()(with_reading_options(convert))
