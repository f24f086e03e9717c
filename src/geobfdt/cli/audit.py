"""``geobfdt audit``: whether the picks of a field agree with its images."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from geobfdt.cli.console import AsJson, console, print_findings, print_json, progress


def audit(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="A field, as made by geobfdt ingest.")],
    write_intervals: Annotated[
        bool,
        typer.Option(help="Write the proposed interpreted intervals beside the picks, where a well has none."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """
    Check images, and whether the interpreter's picks fit them, before anything is trained or scored.

    Finds depth shifts and drifts, mirrored or rotated azimuths, true dips stored as apparent ones, duplicates, picks
    off the image, and stretches that nobody interpreted.
    """
    from geobfdt.quality.label_audit import audit_field

    with progress(f"auditing {directory}") as advance:
        audits = audit_field(directory, write_proposed=write_intervals, progress=advance)
    if as_json:
        print_json({well: result.to_dict() for well, result in audits.items()})
        return
    for well, result in audits.items():
        console().print(f"{well}: {result.summary}", markup=False)
        print_findings(result.findings)


def register(app: typer.Typer) -> None:
    """Add the verb to the application."""
    app.command()(audit)
