"""``geobfdt pick``: an image in, a dip table and a picture out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from geobfdt.cli.console import AsJson, console, print_findings, print_json, progress
from geobfdt.cli.reading import with_reading_options
from geobfdt.cli.workers import Address, EngineName, engine_of
from geobfdt.wells.options import ReadingOptions

if TYPE_CHECKING:
    from geobfdt.runtime.engine import Engine
    from geobfdt.workflows.pick import Delivery

# What came of a well, or why nothing did.
Told = Iterator[tuple[Path, "Delivery | str"]]


def pick(
    inputs: Annotated[
        list[Path], typer.Argument(help="Image files, wells of a field, or whole fields.", metavar="INPUT...")
    ],
    out: Annotated[Path, typer.Option("--out", help="Folder for tables, findings and pictures; made if missing.")],
    reading: ReadingOptions,
    model: Annotated[str, typer.Option(help="Folder of a model bundle; default: the shipped one.")] = "default",
    method: Annotated[
        Literal["network", "hough"], typer.Option(help="The picker: a network, or the classical one.")
    ] = "network",
    runtime: Annotated[
        Literal["torch", "onnx"], typer.Option(help="Library that runs the network; onnx needs geobfdt[onnx].")
    ] = "torch",
    min_confidence: Annotated[
        float | None, typer.Option(min=0, max=1, help="Smallest confidence of a pick; default: that of the picker.")
    ] = None,
    picture: Annotated[bool, typer.Option(help="Draw the image with its traces and tadpoles.")] = True,
    explain: Annotated[
        list[int] | None,
        typer.Option(min=1, help="Also draw why the N-th pick was made; repeat for more.", metavar="N"),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(min=1, help="Wells at a time, a process of one thread each. [default: one, on two threads]"),
    ] = None,
    engine: EngineName = "local",
    address: Address = "",
    as_json: AsJson = False,
) -> None:
    """
    Pick the planes on borehole images.

    Leaves in the folder, for each well: WELL.picks.csv (the dip table), WELL.findings.json (what was repaired or
    doubted), WELL.drift.csv (how far its zones are from what the network was made with; none of the classical picker)
    and WELL.png (image, traces, tadpoles; a long well has numbered pages beside it).
    """
    from geobfdt.runtime.findings import InputError
    from geobfdt.workflows.pick import sources

    if method == "hough":
        for option, value, default in (("--model", model, "default"), ("--runtime", runtime, "torch")):
            if value != default:
                raise InputError(option, f"--method hough has no network, {value} would do nothing", "leave one out")
    by = engine_of(engine, workers or 2, address)
    wells = sources(inputs)
    options = {
        "model": model, "method": method, "runtime": runtime, "min_confidence": min_confidence,
        "picture": picture, "explained": explain or (),
    }  # fmt: skip
    if workers is None and engine == "local":
        deliveries = _one_by_one(wells, out, reading, options)
    else:
        deliveries = _by_workers(wells, out, reading, options, by)
    delivered: list[Delivery] = []
    failed: dict[Path, str] = {}
    for well, delivery in deliveries:
        if isinstance(delivery, str):
            failed[well] = delivery
        else:
            delivered.append(delivery)
            if not as_json:
                _show(delivery)
    for why in failed.values():
        console(stderr=True).print(f"geobfdt: {why}", markup=False)
    if as_json:
        print_json(
            [one.to_dict() for one in delivered] + [{"file": str(f), "failed": why} for f, why in failed.items()]
        )
    if failed:
        raise typer.Exit(1)


def _one_by_one(wells: Sequence[Path], out: Path, reading: ReadingOptions, options: Mapping[str, Any]) -> Told:
    from geobfdt.runtime.findings import InputError
    from geobfdt.wells.field import file_stem
    from geobfdt.workflows.pick import deliver

    delivered: dict[str, Path] = {}
    for well in wells:
        try:
            with progress(f"picking {well.name}") as advance:
                delivery = deliver(well, out, reading, **options, delivered=delivered, progress=advance)
            delivered[file_stem(delivery.well)] = well
            yield well, delivery
        except InputError as why:
            if len(wells) == 1:
                raise
            yield well, str(why)


def _by_workers(
    wells: Sequence[Path], out: Path, reading: ReadingOptions, options: Mapping[str, Any], by: Engine
) -> Told:
    """Pick each well by a ``geobfdt pick`` of its own, the largest first, so that none runs alone at the end."""
    import json

    from geobfdt.runtime.engine import run_jobs
    from geobfdt.wells.field import file_stem
    from geobfdt.workflows.pick import Delivery

    wells = sorted(wells, key=lambda well: well.stat().st_size if well.exists() else 0, reverse=True)
    words = _words(out, reading, options)
    delivered: dict[str, Path] = {}
    jobs = [["-c", "from geobfdt.cli import main; main()", "pick", str(well.absolute()), *words] for well in wells]
    with progress(f"picking {len(wells)} wells") as advance:
        for n_finished, (job, output, why) in enumerate(run_jobs(jobs, by), 1):
            advance(n_finished / len(wells), f"{n_finished} of {len(wells)} wells")
            if why:
                yield wells[job], why.removeprefix("geobfdt: ")
                continue
            delivery = Delivery.from_dict(json.loads(output)[0])
            other = delivered.setdefault(file_stem(delivery.well), wells[job])
            # A worker knows only its own file, so that two wells of one name are found only here, after picking.
            again = f"{wells[job]}: wrote over the picks of {other}, the same well; give each its own --out"
            yield wells[job], delivery if other == wells[job] else again


def _words(out: Path, reading: ReadingOptions, options: Mapping[str, Any]) -> list[str]:
    """Return the options as arguments of another process, which may run on another machine."""
    model = str(options["model"])
    if reading.survey is not None:
        reading = reading.model_copy(update={"survey": reading.survey.absolute()})
    values = {
        **{name: value for name, value in reading.model_dump(mode="json").items() if value is not None},
        "out": str(out.absolute()),
        "model": model if model == "default" else str(Path(model).absolute()),
        "method": options["method"],
        "runtime": options["runtime"],
    }
    if options["min_confidence"] is not None:
        values["min_confidence"] = options["min_confidence"]
    words = []
    for name, value in values.items():
        flag = name.replace("_", "-")
        words += [f"--{flag}" if value else f"--no-{flag}"] if isinstance(value, bool) else [f"--{flag}", str(value)]
    explained = [word for row in options["explained"] for word in ("--explain", str(row))]
    return [*words, *explained, "--picture" if options["picture"] else "--no-picture", "--json"]


def _show(delivery: Delivery) -> None:
    print_findings(f for f in delivery.findings if f.severity != "info")
    counts = ", ".join(f"{count} {name}" for name, count in delivery.counts.items()) or "no planes"
    console().print(f"{delivery.well}: {counts} in {delivery.length_m:.1f} m measured", markup=False)
    for file in delivery.files:
        note = ", which replaces that of an earlier run" if file in delivery.replaced else ""
        console().print(f"  {file}{note}", markup=False)


def register(app: typer.Typer) -> None:
    """Add the verb to the application."""
    app.command()(with_reading_options(pick))
