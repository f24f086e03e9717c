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
    Show the contents of a file, how it is read, and which values are uncertain.

    Nothing is written. Try the reading options here before you pick.
    """
    import xarray as xr

    from geobfdt.quality.image_checks import with_image_findings
    from geobfdt.runtime.findings import Finding, Severity
    from geobfdt.wells.image import row_spacing
    from geobfdt.workflows.assemble import survey_or_assemble

    with progress(f"reading {file.name}") as advance:
        survey = survey_or_assemble(file, reading, progress=advance)
        images = [with_image_findings(image) for image in survey.images]
    contents, refusal = survey.contents, survey.refusal
    # The contents help most when the file cannot be read without an option.
    findings = [refusal.finding] if refusal is not None else []
    for image in images:
        present = {(finding.kind, finding.place) for finding in findings}
        findings += [new for new in image.attrs["findings"] if (new.kind, new.place) not in present]
    if len(images) > 1:
        rows = sum(image.sizes["depth"] for image in images)
        observed = f"{len(images)} stretches of it, {rows:,} of {survey.rows:,} rows"
        findings.append(Finding(Severity.INFO, "image-sampled", file.name, observed, "geobfdt pick checks all rows"))
    summary = {}
    if images:
        image = images[0]
        summary = {
            "well": image.attrs["well"],
            "tool": image.attrs["tool"],
            "top_m": min(float(part.depth[0]) for part in images),
            "bottom_m": max(float(part.depth[-1]) for part in images),
            "rows": survey.rows,
            "columns": image.sizes["azimuth"],
            "row_spacing_m": row_spacing(image),
            "reference": image.attrs["reference"],
            "north": image.attrs["north"],
            "dynamic": "dynamic" in image,
            "diameter_m": float(xr.concat([part.diameter for part in images], "depth").median()),
            "deviation_deg": float(xr.concat([part.deviation for part in images], "depth").median()),
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
