"""``geobfdt merge``: two runs of one well in one image."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from geobfdt.cli.console import AsJson, console, print_findings, print_json, progress
from geobfdt.cli.reading import with_reading_options
from geobfdt.wells.options import ReadingOptions


def merge(
    first: Annotated[Path, typer.Argument(help="Image of the run whose depths stay.")],
    second: Annotated[Path, typer.Argument(help="Image of the run that is moved onto them.")],
    out: Annotated[Path, typer.Option("--out", help="The file to write (.nc).")],
    reading: ReadingOptions,
    as_json: AsJson = False,
) -> None:
    """
    Merge two runs of one well that overlap, matched in depth by their images.

    Findings state the shift, its uncertainty and the correlation of the overlap. Runs are refused if their overlap does
    not determine the shift.
    """
    from geobfdt.workflows.merge import MergeOptions
    from geobfdt.workflows.merge import merge as merge_runs

    with progress(f"merging {first.name} and {second.name}") as advance:
        findings = merge_runs(first, second, out, MergeOptions(reading=reading), progress=advance)
    if as_json:
        print_json({"file": str(out), "findings": [finding.to_dict() for finding in findings]})
        return
    print_findings(findings)
    console().print(str(out), markup=False)


def register(app: typer.Typer) -> None:
    """Add the verb to the application."""
    app.command()(with_reading_options(merge))
