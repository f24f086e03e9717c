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
    Ask whether wells are like those that a model was made with, in zones of 10 m, with the reason.

    Looks at the image and at what the model picks on it. geobfdt pick does the same for what it picks.
    """
    from geobfdt.model.registry import load_model
    from geobfdt.picking.drift import judge_zones, measure_zones
    from geobfdt.picking.network_detector import NetworkDetector
    from geobfdt.picking.picker import pick_with_findings
    from geobfdt.runtime.findings import InputError
    from geobfdt.wells.readers.files import read
    from geobfdt.workflows.pick import sources

    bundle = load_model(model)
    told = {}
    for source in sources(inputs):
        with progress(f"looking at {source.name}") as advance:
            image = read(source, reading)
            detector = NetworkDetector.of(bundle, image)
            if detector.drift_reference is None:
                cure = "train it again, or take another"
                raise InputError(model, "the model is older than drift: it does not say what is usual", cure)
            picks, _ = pick_with_findings(image, detector, progress=advance)
            told[image.attrs["well"] or source.stem] = judge_zones(
                measure_zones(image, picks), detector.drift_reference
            )
            image.close()
    if as_json:
        print_json({well: zones.to_dict("records") for well, zones in told.items()})
        return
    for well, zones in told.items():
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
