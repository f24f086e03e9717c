"""``geobfdt drift``: whether wells are like those that a model was made with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from geobfdt.cli.console import AsJson, console, print_json, print_table, progress
from geobfdt.cli.reading import with_reading_options
from geobfdt.wells.options import ReadingOptions


def drift(
    inputs: Annotated[
        list[Path], typer.Argument(help="Image files, wells of a field, or whole fields.", metavar="INPUT...")
    ],
    reading: ReadingOptions,
    model: Annotated[str, typer.Option(help="The model: a folder, default, or REGISTRY@NAME.")] = "default",
    as_json: AsJson = False,
) -> None:
    """
    Compare wells with those that a model was trained on, in zones of 10 m, and give the reason of a difference.

    Uses the image and the picks of the model on it. geobfdt pick does the same for the wells that it picks.
    """
    from geobfdt.model.registry import load_model
    from geobfdt.picking.drift import judge_zones, measure_zones
    from geobfdt.picking.network_detector import NetworkDetector
    from geobfdt.picking.picker import pick_with_findings
    from geobfdt.runtime.findings import InputError
    from geobfdt.wells.readers.files import read
    from geobfdt.workflows.pick import sources

    bundle = load_model(model)
    zones_by_well = {}
    for source in sources(inputs):
        with progress(f"reading {source.name}") as advance:
            image = read(source, reading)
            detector = NetworkDetector.of(bundle, image)
            if detector.usual is None:
                cure = "train it again, or take another"
                raise InputError(model, "the model is older than drift: it does not say what is usual", cure)
            picks, _ = pick_with_findings(image, detector, progress=advance)
            zones_by_well[image.attrs["well"] or source.stem] = judge_zones(measure_zones(image, picks), detector.usual)
            image.close()
    if as_json:
        print_json({well: zones.to_dict("records") for well, zones in zones_by_well.items()})
        return
    for well, zones in zones_by_well.items():
        counts = zones["state"].value_counts()
        title = f"{well}: " + ", ".join(
            f"{counts[state]} {state}" for state in ("ok", "watch", "abstain") if state in counts
        )
        rows = [
            {
                "depth": f"{row['top_m']:.1f}-{row['base_m']:.1f} m", "state": row["state"],
                "distance": f"{row['distance']:.1f}", "reason": row["reason"],
            }
            for row in zones.to_dict("records")
            if row["state"] != "ok"
        ]  # fmt: skip
        if rows:
            print_table(title, rows)
        else:
            console().print(title, markup=False)


def register(app: typer.Typer) -> None:
    """Add the verb to the application."""
    app.command()(with_reading_options(drift))
