"""``geobfdt audit``: whether the picks of a field agree with its images; and a mended copy of them."""

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
    mend: Annotated[
        bool, typer.Option("--mend", help="Write a copy of the picks in which certain mistakes are undone, to --out.")
    ] = False,
    out: Annotated[Path | None, typer.Option(help="New folder for the mended copy and the record of changes.")] = None,
    as_json: AsJson = False,
) -> None:
    """
    Check images, and whether the interpreter's picks fit them, before anything is trained or scored.

    Finds depth shifts and drifts, mirrored or rotated azimuths, true dips stored as apparent ones, duplicates, picks
    off the image, and stretches that nobody interpreted. With --mend --out NEW, mistakes that are certain are undone in
    a copy: NEW/WELL.picks.csv, with every change in NEW/WELL.mended.json. The field stays as it is.
    """
    if mend != (out is not None):
        raise typer.BadParameter("--mend and --out belong together", param_hint="--mend")
    if mend and write_intervals:
        raise typer.BadParameter("--mend leaves the field as it is", param_hint="--write-intervals")
    if out is not None:
        _mend(directory, out, as_json)
        return
    from geobfdt.quality.label_audit import audit_field

    with progress(f"auditing {directory}") as advance:
        audits = audit_field(directory, write_proposed=write_intervals, progress=advance)
    if as_json:
        print_json({well: result.to_dict() for well, result in audits.items()})
        return
    for well, result in audits.items():
        console().print(f"{well}: {result.summary}", markup=False)
        print_findings(result.findings)


def _mend(directory: Path, out: Path, as_json: bool) -> None:
    from geobfdt.quality.mending import mend_field

    with progress(f"mending {directory}") as advance:
        mended = mend_field(directory, out, progress=advance)
    if as_json:
        print_json({well: result.to_dict() for well, result in mended.items()})
        return
    for well, result in mended.items():
        kinds = ", ".join(change.kind for change in result.changes) or "nothing to mend with certainty"
        console().print(f"{well}: {kinds}; now {result.after.summary}", markup=False)
        print_findings(result.findings)
    console().print(str(out), markup=False)


def register(app: typer.Typer) -> None:
    """Add the verb to the application."""
    app.command()(audit)
