"""``geobfdt field``: the wells of a field on one page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from geobfdt.cli.console import AsJson, console, print_findings, print_json, progress
from geobfdt.runtime.findings import InputError


def field(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="A field, as made by geobfdt ingest.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for field.html, its pictures and tables.")],
    picks: Annotated[
        Path | None, typer.Option(help="Folder of pick tables, as geobfdt pick leaves them. [default: the field's own]")
    ] = None,
    layer: Annotated[str | None, typer.Option(help="Layer of the review, instead of pick tables.")] = None,
    collar: Annotated[
        Path | None, typer.Option(help="Table of collars (well, x, y, z): map, and curves between the wells.")
    ] = None,
    survey: Annotated[
        Path | None, typer.Option(help="Table of survey stations of all wells. [default: directions of the images]")
    ] = None,
    decimal: Annotated[
        Literal["point", "comma"] | None, typer.Option(help="Decimal mark of the tables. [default: as cells show]")
    ] = None,
    window: Annotated[float, typer.Option(min=0.5, max=1000, help="Averaging window of density curves (m).")] = 5.0,
    at: Annotated[
        list[str] | None, typer.Option(metavar="X,Y", help="Krige a curve for this place too; repeat for more.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """
    Compare the wells of a field on one page: P32 and sets of all wells, stereonets side by side, map, curves between.

    Curves between wells are kriged (needs geobfdt[field]), and drawn only if they predict wells that are left out
    better than the mean of the other wells does.
    """
    from geobfdt.workflows.field_page import FieldOptions, field_page

    options = FieldOptions(
        picks=picks, layer=layer, collar=collar, survey=survey, decimal=decimal, window=window,
        at=tuple(_place(text) for text in at or ()),
    )  # fmt: skip
    with progress(f"comparing the wells of {directory}") as advance:
        page = field_page(directory, out, options, progress=advance)
    if as_json:
        print_json(page.structure.to_dict() | {"findings": [finding.to_dict() for finding in page.findings]})
        return
    print_findings(page.findings)
    for name, result in page.structure.homogeneity.items():
        if result.probability == result.probability:
            text = f"P32 of {name} in {result.wells} wells: F {result.statistic:.2f}, p {result.probability:.3f}"
            console().print(text, markup=False)
    for file in page.files:
        console().print(str(file), markup=False)


def _place(text: str) -> tuple[float, float]:
    try:
        x, y = (float(part) for part in text.split(","))
    except ValueError:
        raise InputError("--at", f"{text!r} is no place", "give map coordinates X,Y in metres") from None
    return x, y


def register(app: typer.Typer) -> None:
    """Add the verb to the application."""
    app.command()(field)
