"""``geobfdt simulate``: wells with known planes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from geobfdt.cli.console import AsJson, console, print_json, progress


def simulate(
    out: Annotated[Path, typer.Argument(help="Folder for the wells.")],
    wells: Annotated[int, typer.Option(min=1, max=10_000, help="How many wells.")] = 14,
    length: Annotated[
        float | None, typer.Option(min=1, max=20_000, help="Length of each (m). [default: 60, or the recipe's]")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="The same seed makes the same wells.")] = 0,
    like: Annotated[
        Literal["published"] | None,
        typer.Option(help="Recipe of the field; published: vertical wells of one carbonate, two tools, one style."),
    ] = None,
    tool: Annotated[
        str | None,
        typer.Option(help="One tool for all wells: fmi, fms, cmi, lwd56, lwd16, atv or otv; mixed if not given."),
    ] = None,
    deviation: Annotated[
        float | None, typer.Option(min=0, max=100, help="Hole inclination (deg); mixed if not given.")
    ] = None,
    interpreter: Annotated[
        str | None, typer.Option(help="What interpreters pick: dense, sparse, fractures or beds; mixed if not given.")
    ] = None,
    pads: Annotated[
        bool, typer.Option("--pads", help="Write the buttons and the inclinometer of a pad tool instead of an image.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """
    Simulate wells whose planes are known, written as DLIS with their pick tables.

    Each well has WELL.dlis, WELL.truth.csv (every plane), WELL.picks.csv (a simulated interpreter's picks)
    and WELL.intervals.csv (where each class was interpreted).
    """
    from geobfdt.simulation import field

    options = field.SimulateOptions(
        wells=wells, length=length, seed=seed, like=like, tool=tool, deviation=deviation, interpreter=interpreter,
        pads=pads,
    )  # fmt: skip
    _print_replaced(out, wells)
    with progress(f"simulating {wells} wells") as advance:
        files = field.simulate(out, options, progress=advance)
    if as_json:
        print_json({"files": [str(file) for file in files]})
    else:
        console().print(f"{out}: {wells} well{'s' if wells > 1 else ''}", markup=False)


def _print_replaced(out: Path, wells: int) -> None:
    """Print on standard error which wells of an earlier simulation are replaced, and which stay beside the new ones."""
    new = {f"W{number:02d}" for number in range(1, wells + 1)}
    there = {file.stem for file in out.glob("W*.dlis")} if out.is_dir() else set()
    for names, action in (
        (there & new, "replaced"),
        (there - new, "of another simulation and stay"),
    ):
        if names:
            text = f"{out}: {len(names)} wells, {min(names)} to {max(names)}, are {action}"
            console(stderr=True).print(text, markup=False)


def register(app: typer.Typer) -> None:
    """Add the verb to the application."""
    app.command()(simulate)
