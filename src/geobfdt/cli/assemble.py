"""``geobfdt assemble``: from the buttons of a pad tool to an oriented image."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Literal

import typer

from geobfdt.cli.console import AsJson, console, print_findings, print_json, progress
from geobfdt.cli.reading import with_reading_options
from geobfdt.wells.options import ReadingOptions


def assemble(
    file: Annotated[Path, typer.Argument(help="DLIS file with the buttons of a pad tool.")],
    out: Annotated[Path, typer.Option("--out", help="The file to write (.nc).")],
    reading: ReadingOptions,
    reference: Annotated[
        Literal["north", "high_side"], typer.Option(help="Where image angle 0 shall point.")
    ] = "north",
    columns: Annotated[int, typer.Option(min=8, max=1440, help="Columns of the image.")] = 360,
    geometry: Annotated[Path | None, typer.Option(help="YAML file that says where the buttons of a tool lie.")] = None,
    igrf: Annotated[
        str | None,
        typer.Option(
            help="Place and date, such as 59.4:5.2:2019-06-01: declination and checks by the magnetic model; needs "
            "geobfdt[magnetic].",
            metavar="LAT:LON:DATE",
        ),
    ] = None,
    without: Annotated[
        list[str] | None,
        typer.Option(help="Step to leave out: speed, offsets, gains or buttons; repeat for more.", metavar="STEP"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """
    Assemble the buttons of a pad tool to an image on true azimuth.

    The depth is corrected for stick and slip by the accelerometer, voltage and gains are undone, buttons are brought to
    one response, and dead ones are masked. Findings and file record each step.
    """
    from geobfdt.workflows.assemble import AssembleOptions
    from geobfdt.workflows.assemble import assemble as assemble_file

    options = AssembleOptions(
        reading=reading,
        reference=reference,
        columns=columns,
        geometry=geometry,
        without=steps_of(without or []),
        igrf=None if igrf is None else place_of(igrf),
    )
    with progress(f"assembling {file.name}") as advance:
        findings = assemble_file(file, out, options, progress=advance)
    if as_json:
        print_json({"file": str(out), "findings": [finding.to_dict() for finding in findings]})
        return
    print_findings(findings)
    console().print(str(out), markup=False)


def place_of(text: str) -> tuple[float, float, date]:
    """Return latitude, longitude and date; anything else is wrong usage."""
    try:
        latitude, longitude, day = text.split(":")
        return float(latitude), float(longitude), date.fromisoformat(day)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not LAT:LON:DATE", param_hint="--igrf") from None


def steps_of(names: list[str]) -> tuple[str, ...]:
    """Return the steps to leave out; a name that is none is wrong usage."""
    from geobfdt.assembly.build import STEPS

    for name in names:
        if name not in STEPS:
            raise typer.BadParameter(f"{name!r} is none of {', '.join(STEPS)}", param_hint="--without")
    return tuple(names)


def register(app: typer.Typer) -> None:
    """Add the verb to the application."""
    app.command()(with_reading_options(assemble))
