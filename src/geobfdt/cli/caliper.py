"""``geobfdt caliper``: the hole by the travel times of an acoustic televiewer."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from geobfdt.cli.console import AsJson, console, print_findings, print_json, progress
from geobfdt.cli.reading import with_reading_options
from geobfdt.wells.options import ReadingOptions

_FLUID = "Fluid and tool"


def caliper(
    source: Annotated[Path, typer.Argument(help="Image of travel times, or of distances from the tool.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for the files.")],
    reading: ReadingOptions,
    time_unit: Annotated[
        str | None, typer.Option(help="Unit of the times: us, 0.1us, ns, ms, s.", rich_help_panel=_FLUID)
    ] = None,
    fluid_velocity: Annotated[
        float | None, typer.Option(help="Speed of sound in the fluid (m/s).", rich_help_panel=_FLUID)
    ] = None,
    tool_radius: Annotated[
        float | None,
        typer.Option(help="Where the way through the fluid begins, from the tool axis (m).", rich_help_panel=_FLUID),
    ] = None,
    tool_delay: Annotated[
        float | None, typer.Option(help="Travel time of an echo from there (us).", rich_help_panel=_FLUID)
    ] = None,
    known_diameter: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TOP:BASE:DIAMETER", help="A casing, or a stretch in gauge (m). May be repeated.",
            rich_help_panel=_FLUID,
        ),
    ] = None,
    amplitude: Annotated[
        str | None, typer.Option(help="Name of the amplitude image, to be corrected for the position of the tool.")
    ] = None,
    amplitude_file: Annotated[Path | None, typer.Option(help="File of the amplitude image, if it is another.")] = None,
    picks: Annotated[
        Path | None, typer.Option(help="Pick table whose dips are computed with the measured diameter.")
    ] = None,
    picture: Annotated[bool, typer.Option(help="Draw a picture.")] = True,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """
    Measure the hole on a travel-time image: radius image, caliper curves, tool offset, surface in space.

    Needs the speed of sound and the tool, or a stretch of known diameter in place of each. WELL.amplitude.nc, the
    amplitude image about the hole axis, is picked with the measured diameter.
    """
    from geobfdt.workflows.caliper import CaliperOptions
    from geobfdt.workflows.caliper import caliper as measure_hole

    options = CaliperOptions(
        reading=reading,
        time_unit=time_unit,
        fluid_velocity=fluid_velocity,
        tool_radius=tool_radius,
        tool_delay=tool_delay,
        known_diameters=tuple(_stretch(text) for text in known_diameter or ()),
        amplitude=amplitude,
        amplitude_file=amplitude_file,
        picks=picks,
        picture=picture,
    )
    with progress(f"measuring {source.name}") as report:
        result = measure_hole(source, out, options, progress=report)
    if as_json:
        print_json(
            {"files": [str(file) for file in result.files], "findings": [each.to_dict() for each in result.findings]}
        )
        return
    print_findings(result.findings)
    for file in result.files:
        console().print(str(file), markup=False)


def _stretch(text: str) -> tuple[float, float, float]:
    """Parse a stretch of known diameter."""
    try:
        top, base, diameter = (float(part) for part in text.split(":"))
    except ValueError as error:
        message = f"give TOP:BASE:DIAMETER in metres, such as 12.0:14.5:0.1524, got {text!r}"
        raise typer.BadParameter(message, param_hint="--known-diameter") from error
    return top, base, diameter


def register(app: typer.Typer) -> None:
    """Add the verb to the application."""
    app.command()(with_reading_options(caliper))
