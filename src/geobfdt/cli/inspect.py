"""``geobfdt inspect``: what is in a file and how it will be read."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from geobfdt.cli.console import AsJson, console, print_findings, print_json, print_table, progress
from geobfdt.cli.reading import with_reading_options
from geobfdt.wells.options import ReadingOptions


def inspect(
    file: Annotated[Path, typer.Argument(help="Any readable file: DLIS, LIS, LAS, CSV, PNG, TIFF, npz, netCDF.")],
    reading: ReadingOptions,
    as_json: AsJson = False,
) -> None:
    """
    Show the contents of a file, how it will be read, and what is doubtful about it.

    Nothing is written. Try the reading options here before you pick.
    """
    from geobfdt.io.images import files
    from geobfdt.quality.image_checks import with_image_findings
    from geobfdt.runtime.findings import InputError
    from geobfdt.wells.image import row_spacing

    contents = files.inspect(file)
    image, refusal = None, None
    with progress(f"reading {file.name}"):
        try:
            image = with_image_findings(files.read(file, reading))
            findings = image.attrs["findings"]
        except InputError as error:
            # The contents help most when the file cannot be read without an option.
            refusal, findings = error, [error.finding]
    summary = {}
    if image is not None:
        depth = image.depth.values
        summary = {
            "well": image.attrs["well"],
            "tool": image.attrs["tool"],
            "top_m": float(depth[0]),
            "bottom_m": float(depth[-1]),
            "rows": image.sizes["depth"],
            "columns": image.sizes["azimuth"],
            "row_spacing_m": row_spacing(image),
            "reference": image.attrs["reference"],
            "north": image.attrs["north"],
            "dynamic": "dynamic" in image,
            "diameter_m": float(image.diameter.median()),
            "deviation_deg": float(image.deviation.median()),
        }
    if as_json:
        print_json({**asdict(contents), "reads_as": summary, "findings": [f.to_dict() for f in findings]})
    else:
        print_table(f"{file.name}: {contents.format}", contents.items)
        for name, value in contents.header.items():
            console().print(f"{name}: {value}", markup=False)
        if summary:
            north = "unknown" if summary["north"] == "unknown" else f"{summary['north']} north"
            # Text shows yes and no, because JSON shows true and false.
            lines = {**summary, "north": north, "dynamic": "yes" if summary["dynamic"] else "no"}
            print_table("reads as", [{"what": k, "value": v} for k, v in lines.items()])
        print_findings(f for f in findings if refusal is None or f is not findings[0])
    if refusal is not None:
        if as_json:
            raise typer.Exit(1)
        raise refusal


def register(app: typer.Typer) -> None:
    """Add the verb to the application."""
    app.command()(with_reading_options(inspect))
