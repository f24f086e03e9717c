"""``geobfdt report``: a file a well to hand over."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from geobfdt.cli.console import AsJson, console, print_json, progress
from geobfdt.runtime.findings import InputError


class Beside(StrEnum):
    """What a report can have beside it."""

    pdf = "pdf"
    svg = "svg"
    las = "las"
    obj = "obj"
    rqd = "rqd"
    structure = "structure"


def report(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="A field, as made by geobfdt ingest.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for <well>.report.html.")],
    picks: Annotated[
        Path | None, typer.Option(help="Folder of pick tables, as geobfdt pick leaves them. [default: the field's own]")
    ] = None,
    layer: Annotated[str | None, typer.Option(help="Layer of the review to report on, instead of pick tables.")] = None,
    beside: Annotated[
        list[Beside] | None,
        typer.Option(
            "--with",
            help="Write also the log as pdf or svg, densities as las, discs as obj, RQD as rqd, tables as structure.",
        ),
    ] = None,
    scale: Annotated[float, typer.Option(min=5, max=500, help="Scale of the log on paper, 1:SCALE.")] = 20.0,
    section: Annotated[
        list[float] | None,
        typer.Option(
            metavar="AZIMUTH", help="Vertical section of the stick plot (deg). [default: along the mean bed or fold]"
        ),
    ] = None,
    structural_dip: Annotated[
        str | None,
        typer.Option(metavar="DIP/AZIMUTH", help="Dip that is removed, such as 12/230. [default: the mean bed's]"),
    ] = None,
    title: Annotated[
        Path | None,
        typer.Option(
            help="Title blocks: company, datum, tool string, ... [default: report.yaml in DIR, if it is there]"
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """
    Write a report of each picked well: one HTML file with its log, stereonet, roses, intensities, sets and findings.

    The file needs nothing from outside, so that it opens anywhere, now and in ten years.
    """
    from geobfdt.workflows.report import ReportOptions, report_field

    options = ReportOptions(
        picks=picks, layer=layer, beside=tuple(kind.value for kind in beside or ()), scale=scale, title=title,
        sections=tuple(section or ()), structural_dip=_dip_and_azimuth(structural_dip),
    )  # fmt: skip
    with progress(f"reporting {directory}") as advance:
        reports = report_field(directory, out, options, progress=advance)
    if as_json:
        print_json({well: one.structure.to_dict() for well, one in reports.items()})
        return
    for well, (file, structure, others) in reports.items():
        parts = ", ".join(f"{kind} {one.p10:.2f}/m" for kind, one in structure.intensities.items())
        console().print(f"{well}: {len(structure.picks)} picks; {parts}", markup=False)
        for each in (file, *others):
            console().print(f"  {each}", markup=False)


def _dip_and_azimuth(text: str | None) -> tuple[float, float] | None:
    if text is None:
        return None
    try:
        dip, azimuth = (float(part) for part in text.split("/"))
    except ValueError:
        raise InputError("--structural-dip", f"{text!r} is no dip and azimuth", "give DIP/AZIMUTH, as 12/230") from None
    return dip, azimuth


def register(app: typer.Typer) -> None:
    """Add the verb to the application."""
    app.command()(report)
