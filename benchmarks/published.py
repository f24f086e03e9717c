"""What the published network learns on a field like the published one, with one long run.

    export OMP_NUM_THREADS=1
    python benchmarks/published.py RUNS/published --windows 150000
    python benchmarks/published.py RUNS/published --name curve --network curve --windows 6000 --every 500

Makes the field (`geobfdt simulate --like published`, seed 2026), holds seven of its fourteen wells out, six to score
and one to choose confidences on, and trains a network on the other seven: `detr-small`, or `curve` from random
weights. At every check it writes a line to ``RUNS/published/NAME/curve.jsonl``: F1 by class at a trace RMS of 5 cm on
the wells it trains on, on the six held-out wells, and of the answers that it gives there on another window's image. At
the end it prints, and writes to ``scores.csv``, F1 on the six wells by depth and by trace RMS, each beside its chance
level and z, and draws the curve and a stretch of a held-out well. A run that was killed goes on when it is started
again.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from results_file import add_out, write_results

if TYPE_CHECKING:
    import pandas as pd
    from torch import nn

    from geobfdt.evaluation.thresholds import OperatingPoint
    from geobfdt.training.prepared_wells import PreparedWell

SEED = 2026
TESTED = ("W02", "W04", "W06", "W09", "W11", "W13")  # Both tools, three wells each or so.
VALIDATED = ("W08",)
TOLERANCE = 0.05  # Trace RMS of a match on the curve (m).
_PARTS = {"trained": "training wells", "held_out": "held-out wells", "other_image": "another image"}
REPORTED = (0.03, 0.05)  # Tolerances of the table (m).


def make_field(out: Path) -> Path:
    """Make the field, if it is not there."""
    import geobfdt

    field = out / "field"
    if not field.exists():
        geobfdt.simulate(out / "simulated", geobfdt.SimulateOptions(like="published", seed=SEED))
        geobfdt.ingest(
            sorted((out / "simulated").glob("*.dlis")), field, geobfdt.IngestOptions(picks=out / "simulated")
        )
    return field


def train_one(arguments: argparse.Namespace, out: Path, wells: dict[str, PreparedWell], sizes: Any) -> nn.Module:
    """Train, and write a line of the curve at every check."""
    import torch

    from geobfdt.model.presets import build, loss, plane_finder
    from geobfdt.training.learning_curve import learning_point
    from geobfdt.training.sources import FixedWells
    from geobfdt.training.train import SCRATCH
    from geobfdt.training.training_loop import train_network
    from geobfdt.training.validation import validate

    settings = SCRATCH[arguments.network]
    every = max(arguments.every // settings.batch, 1)
    steps = max(arguments.windows // settings.batch, 1)
    changed = {"steps": steps, "every": every, "seed": arguments.seed}
    changed |= {} if arguments.augmentation is None else {"augmentation": arguments.augmentation}
    settings = settings.model_copy(update=changed)
    parts = {"tested": [wells[name] for name in TESTED], "validated": [wells[name] for name in VALIDATED]}
    trained = [well for name, well in wells.items() if name not in {*TESTED, *VALIDATED}]
    reached = [0]

    def tell(step: int, _: Any) -> None:
        reached[0] = step

    def check(network: nn.Module) -> dict[str, OperatingPoint]:
        find = plane_finder(network)  # type: ignore[arg-type]
        points = validate(find, parts["validated"], TOLERANCE)
        least = {name: point.threshold for name, point in points.items()}
        point = learning_point(find, least, trained, parts["tested"], settings.rows * sizes.step, TOLERANCE)
        row = {
            "step": reached[0],
            "windows": reached[0] * settings.batch,
            "core_seconds": round(time.process_time(), 1),
            "validated": {name: operating.f1 for name, operating in points.items()},
            **point._asdict(),
        }
        with (out / "curve.jsonl").open("a") as file:
            file.write(json.dumps(row) + "\n")
        print(json.dumps(row), flush=True)
        return points

    torch.manual_seed(settings.seed)
    network = build(sizes)
    outcome = train_network(network, loss, FixedWells(trained), settings, out / "run", check, tell)  # type: ignore[arg-type]
    network.load_state_dict(outcome.weights)
    return network.eval()


def score(network: nn.Module, out: Path, wells: dict[str, PreparedWell]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Print and write F1 on the six wells beside chance; return the picks and the truth there."""
    import geobfdt
    from geobfdt.model.presets import plane_finder
    from geobfdt.training.validation import tables, validate

    find = plane_finder(network)  # type: ignore[arg-type]
    points = validate(find, [wells[name] for name in VALIDATED], TOLERANCE)
    picks, truth, intervals = tables(find, [wells[name] for name in TESTED])
    least = picks["class"].map({name: point.threshold for name, point in points.items()})
    sure = picks[picks["confidence"] >= least]
    table = geobfdt.evaluate(sure, truth, intervals, tolerances=REPORTED).table()
    table.round(4).to_csv(out / "scores.csv", index=False)
    print(table.round(3).to_string(index=False), flush=True)
    return sure, truth


def checks(out: Path) -> dict[int, dict[str, Any]]:
    """The last check at each number of training windows."""
    rows = map(json.loads, (out / "curve.jsonl").read_text().splitlines())
    return {row["windows"]: row for row in rows}


def learning_rows(out: Path) -> list[dict[str, Any]]:
    """Rows for the file of results: F1 of each class at each check."""
    return [
        {"windows": windows, "core_minutes": row["core_seconds"] / 60, "class": name}
        | {part: row[part].get(name) for part in _PARTS}
        for windows, row in checks(out).items()
        for name in ("bedding", "fracture")
    ]


def draw(out: Path, wells: dict[str, PreparedWell], picks: pd.DataFrame, truth: pd.DataFrame) -> None:
    """Draw the curve, and five metres of the first held-out well with true and picked traces."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    from geobfdt.wells.picks import traces

    rows = checks(out)
    windows = sorted(rows)
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.4), sharey=True, layout="constrained")
    for ax, name in zip(axes, ("bedding", "fracture"), strict=True):
        for part, label in _PARTS.items():
            ax.plot([w / 1000 for w in windows], [rows[w][part].get(name, np.nan) for w in windows], label=label)
        ax.set(title=name, xlabel="training windows (thousands)", ylim=(0, 1))
    axes[0].set_ylabel("F1, trace RMS 5 cm")
    axes[0].legend(frameon=False)
    figure.savefig(out / "curve.png", dpi=120)

    well = wells[TESTED[0]]
    top, height = well.top + 10.0, 5.0
    first = round((top - well.top) / well.step)
    image = well.grid[first : first + round(height / well.step)]
    angle = np.linspace(0, 360, 181)
    figure, axes = plt.subplots(1, 3, figsize=(7.5, 7), sharey=True, layout="constrained")
    for ax, planes, title in zip(axes, (None, truth, picks), ("image", "interpreter", "network"), strict=True):
        ax.imshow(np.where(image > 0, image, 128), cmap="YlOrBr_r", extent=(0, 360, top + height, top), aspect="auto")
        ax.set(title=title, xlabel="azimuth (deg)")
        if planes is None:
            continue
        own = planes[planes["well"] == well.name]
        for (z0, a, b), name in zip(traces(own), own["class"], strict=True):
            colour = "tab:blue" if name == "fracture" else "tab:green"
            line = z0 + a * np.cos(np.radians(angle)) + b * np.sin(np.radians(angle))
            ax.plot(angle, line, color=colour, linewidth=1.2)
        ax.set_ylim(top + height, top)
    axes[0].set_ylabel("measured depth (m)")
    figure.savefig(out / "picks.png", dpi=120)


def main() -> None:
    """Make the field, train, score, draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="of the field, the wells and the runs")
    parser.add_argument("--name", default="long", help="folder of this run")
    parser.add_argument("--windows", type=int, default=150_000)
    parser.add_argument("--every", type=int, default=10_000, help="windows between checks")
    parser.add_argument("--depth", type=int, choices=(10, 14, 18, 34), default=10)
    parser.add_argument("--network", choices=("detr-small", "curve"), default="detr-small")
    parser.add_argument("--augmentation", help="none, published, ...; default: the preset's")
    parser.add_argument("--seed", type=int, default=0)
    add_out(parser)
    arguments = parser.parse_args()
    import torch

    from geobfdt.training.field_wells import prepared_field
    from geobfdt.training.train import SIZES

    torch.set_num_threads(1)
    out = arguments.folder / arguments.name
    out.mkdir(parents=True, exist_ok=True)
    sizes = SIZES[arguments.network]
    if arguments.network == "detr-small":
        sizes = sizes.model_copy(update={"depth": arguments.depth})
    prepared = arguments.folder / "prepared" / f"{1000 * sizes.step:g}mm-{sizes.columns}"
    wells = prepared_field(make_field(arguments.folder), sizes.grid, prepared)
    network = train_one(arguments, out, wells, sizes)
    picks, truth = score(network, out, wells)
    draw(out, wells, picks, truth)
    write_results(arguments.out, learning_rows(out), None)


if __name__ == "__main__":
    main()
