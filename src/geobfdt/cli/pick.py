"""``geobfdt pick``: an image in, a dip table and a picture out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from geobfdt.cli.console import AsJson, console, print_findings, print_json, progress
from geobfdt.cli.reading import with_reading_options
from geobfdt.cli.workers import Address, EngineName, engine_of
from geobfdt.model.runtime_names import RuntimeName
from geobfdt.wells.options import ReadingOptions

if TYPE_CHECKING:
    from geobfdt.workflows.pick import Delivery, PickOutcome


def pick(
    inputs: Annotated[
        list[Path], typer.Argument(help="Image files, wells of a field, or whole fields.", metavar="INPUT...")
    ],
    out: Annotated[Path, typer.Option("--out", help="Folder for tables, findings and pictures; made if missing.")],
    reading: ReadingOptions,
    model: Annotated[str, typer.Option(help="Folder of a model bundle; default: the shipped one.")] = "default",
    method: Annotated[
        Literal["network", "hough", "correlation"],
        typer.Option(help="The picker: a network, the classical one, or the correlation of dipmeter arms or pads."),
    ] = "network",
    runtime: Annotated[
        RuntimeName,
        typer.Option(help="Library that runs the network; numba needs geobfdt[fast], onnx needs geobfdt[onnx]."),
    ] = "auto",
    min_confidence: Annotated[
        float | None, typer.Option(min=0, max=1, help="Smallest confidence of a pick; default: that of the picker.")
    ] = None,
    tall: Annotated[
        bool | None,
        typer.Option(
            "--tall/--no-tall",
            help="Also find planes with traces metres tall; default: in holes inclined by 60 degrees or more, and "
            "where the direction is not known.",
        ),
    ] = None,
    picture: Annotated[bool, typer.Option(help="Draw the image with its traces and tadpoles.")] = True,
    mud_resistivity: Annotated[
        float | None, typer.Option(min=1e-4, help="Resistivity of the mud (ohm m): fractures get apertures.")
    ] = None,
    aperture_tool: Annotated[
        Path | None, typer.Option(help="YAML of coefficients c, b, excess and source for apertures.")
    ] = None,
    pages: Annotated[
        bool | None,
        typer.Option(
            "--pages/--no-pages", help="Draw numbered pages beside the overview; default: of wells up to 150 m."
        ),
    ] = None,
    geometry: Annotated[
        Path | None, typer.Option(help="YAML file that says where the electrodes of a dipmeter lie.")
    ] = None,
    window: Annotated[
        str,
        typer.Option(help="Window and step of the correlation (m), steepest apparent dip (deg).", metavar="H:STEP:DIP"),
    ] = "1.2:0.6:60",
    explain: Annotated[
        list[int] | None,
        typer.Option(min=1, help="Also draw why the N-th pick was made; repeat for more.", metavar="N"),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(min=1, help="Wells at a time, a process of one thread each. [default: one, on two threads]"),
    ] = None,
    engine: EngineName = "local",
    address: Address = None,
    as_json: AsJson = False,
) -> None:
    """
    Pick the planes on borehole images.

    Writes for each well: WELL.picks.csv (the dip table), WELL.breakouts.csv (breakouts, if there are any),
    WELL.findings.json (repairs and uncertain values), WELL.drift.csv (distance of its zones from the training wells;
    none with the classical picker) and WELL.png (image, traces, tadpoles; wells of 15 to 150 m, and longer ones with
    --pages, have numbered pages beside it). With --mud-resistivity, fractures get apertures, and WELL.apertures.csv
    holds their curves. --method correlation takes the file of a dipmeter or of pads, and writes table and findings.
    """
    from geobfdt.workflows.pick import PickOptions, PickOutcome, image_files, pick_file, pick_files

    options = PickOptions(
        reading=reading, model=model, method=method, runtime=runtime, min_confidence=min_confidence, tall=tall,
        picture=picture, mud_resistivity=mud_resistivity, aperture_tool=aperture_tool, pages=pages,
        explain=tuple(explain or ()), geometry=geometry, window=numbers_of(window),
    )  # fmt: skip
    pool = engine_of(engine, workers or 2, address)
    files = image_files(inputs)
    in_turn = workers is None and engine == "local"
    outcomes: list[PickOutcome] = []
    with progress(f"picking {files[0].name}" if len(files) == 1 else f"picking {len(files)} wells") as advance:
        if in_turn and len(files) == 1:
            # An error of the only file is an error of the command.
            results = iter([PickOutcome(files[0], pick_file(files[0], out, options, progress=advance), None)])
        else:
            results = pick_files(files, out, options, engine=None if in_turn else pool, progress=advance)
        for outcome in results:
            outcomes.append(outcome)
            if outcome.delivery is not None and not as_json:
                _show(outcome.delivery)
    failures = [outcome for outcome in outcomes if outcome.delivery is None]
    for outcome in failures:
        console(stderr=True).print(f"geobfdt: {outcome.problem}", markup=False)
    if as_json:
        deliveries = [outcome.delivery.to_dict() for outcome in outcomes if outcome.delivery is not None]
        print_json(deliveries + [{"file": str(outcome.file), "failed": outcome.problem} for outcome in failures])
    if failures:
        raise typer.Exit(1)


def _show(delivery: Delivery) -> None:
    print_findings(f for f in delivery.findings if f.severity != "info")
    counts = ", ".join(f"{count} {name}" for name, count in delivery.counts.items()) or "no planes"
    console().print(f"{delivery.well}: {counts} in {delivery.length_m:.1f} m measured", markup=False)
    for file in delivery.files:
        note = ", which replaces that of an earlier run" if file in delivery.replaced else ""
        console().print(f"  {file}{note}", markup=False)


def numbers_of(window: str) -> tuple[float, float, float]:
    """Return the three numbers of a window; anything else is wrong usage."""
    try:
        height, step, dip = map(float, window.split(":"))
    except ValueError:
        raise typer.BadParameter(f"{window!r} is not HEIGHT:STEP:DIP", param_hint="--window") from None
    return height, step, dip


def register(app: typer.Typer) -> None:
    """Add the verb to the application."""
    app.command()(with_reading_options(pick))
