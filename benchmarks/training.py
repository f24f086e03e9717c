"""Time and scores of training on a user's own wells.

    python benchmarks/training.py scratch --preset curve --steps 1500 --folder RUNS/curve
    python benchmarks/training.py scratch --preset detr --steps 4000 --folder RUNS/detr
    python benchmarks/training.py compute --preset curve --steps 2000 --folder RUNS/c --out results/compute-curve.json
    python benchmarks/training.py compute --preset detr --steps 6000 --folder RUNS/compute-detr
    python benchmarks/training.py tuning --field look --folder RUNS/tuning
    python benchmarks/training.py tuning --field interpreter --folder RUNS/i --out results/tuning-interpreter.json

`scratch` trains a network from random weights on a field of fourteen simulated wells and prints, at each validation,
steps, minutes and F1 at a trace RMS of 3 cm on wells held out. `detr` has the size that a CPU trains in reasonable
time: half the resolution, a third of the width. A run that was killed goes on when it is started again.

`compute` trains a network from random weights on sixty simulated wells of as many rocks and tools, whose planes are all
known, and prints the same on twelve others, which have more fractures than one field.

`tuning` fine-tunes the shipped model on 1, 3 and 6 wells of a field, and scores each on six other wells of it, before
and after: against all planes, and against the picks of the field's interpreters. Unknown to the model is either the
field's look, with far worse blur, streaks, row noise and gains between buttons than pretraining draws, or the habit of
its interpreters, who pick clear planes only, and beds no closer than 25 cm.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from results_file import add_out, write_results

if TYPE_CHECKING:
    from torch import nn

    from geobfdt.evaluation.thresholds import OperatingPoint
    from geobfdt.model.presets import NetworkSettings
    from geobfdt.training.prepared_wells import PreparedWell
    from geobfdt.training.training_settings import TrainingSettings

Rows = list[dict[str, Any]]

WELLS, LENGTH, SEED = 14, 40.0, 8014
FIELDS = {
    # Scores are against all that is there: an interpreter who picks little would be learnt from, and punished for.
    "look": {
        "tool": "fmi",
        "blur": 5.0,
        "streaks": 8.0,
        "row_noise": 8.0,
        "gain_spread": 0.8,
        "style": "dense",
        "unpicked": 0.0,
    },
    "interpreter": {"tool": "fmi", "style": "sparse", "unpicked": 0.0},
}
TUNING_SEED, TUNING_LENGTH = 8111, 100.0
COMPUTE_SEEDS, COMPUTE_WELLS, COMPUTE_LENGTH = (8200, 8201), (60, 12), 20.0


def how(preset: str, steps: int, every: int) -> tuple[TrainingSettings, NetworkSettings]:
    """Settings from nothing, of a run and of its network."""
    from geobfdt.model.network_settings import DetrSettings
    from geobfdt.training.train import FRESH, SCRATCH

    settings = SCRATCH[preset].model_copy(update={"steps": steps, "every": every})
    if preset == "curve":
        return settings, FRESH
    network = DetrSettings(step=0.00508, columns=180, rows=400, width=0.35, confidence=0.0)
    published = {"batch": 8, "rows": network.rows, "augmentation": "published"}
    return settings.model_copy(update=published), network


def scratch(preset: str, steps: int, every: int, out: Path) -> Rows:
    """Train from nothing on the field of fourteen wells."""
    import geobfdt

    field = out / "field"
    if not field.exists():
        with tempfile.TemporaryDirectory() as folder:
            geobfdt.simulate(folder, geobfdt.SimulateOptions(wells=WELLS, length=LENGTH, seed=SEED))
            geobfdt.ingest(sorted(Path(folder).glob("*.dlis")), field, geobfdt.IngestOptions(picks=Path(folder)))
    settings, network = how(preset, steps, every)
    geobfdt.train(field, out / "model", geobfdt.TrainOptions(preset=preset, training=settings, network=network))  # type: ignore[arg-type]
    return tell(out / "model" / "run")


def compute(preset: str, steps: int, every: int, out: Path) -> Rows:
    """Train from nothing on wells of many rocks and tools."""
    import torch

    from geobfdt.model.presets import build, loss, plane_finder
    from geobfdt.training.sources import FixedWells, simulated_well
    from geobfdt.training.training_loop import train_network
    from geobfdt.training.validation import validate

    settings, sizes = how(preset, steps, every)
    trained, held_out = (
        [simulated_well(seed, i, COMPUTE_LENGTH, sizes.grid, {}) for i in range(count)]
        for seed, count in zip(COMPUTE_SEEDS, COMPUTE_WELLS, strict=True)
    )
    torch.manual_seed(settings.seed)

    def check(network: nn.Module) -> dict[str, OperatingPoint]:
        return validate(plane_finder(network), held_out)  # type: ignore[arg-type]

    network = build(sizes)
    outcome = train_network(network, loss, FixedWells(trained), settings, out, check)  # type: ignore[arg-type]
    rows = tell(out)
    network.load_state_dict(outcome.weights)
    return rows + beside_chance(network.eval(), held_out)


def beside_chance(network: nn.Module, wells: list[PreparedWell]) -> Rows:
    """Print F1 at the best confidence of each class beside that of the same picks shifted in depth."""
    import geobfdt
    from geobfdt.evaluation.thresholds import operating_points
    from geobfdt.model.presets import plane_finder
    from geobfdt.training.validation import tables

    picks, truth, intervals = tables(plane_finder(network), wells)  # type: ignore[arg-type]
    least = {name: point.threshold for name, point in operating_points(picks, truth, intervals).items()}
    # Without a pick there is nothing whose type pandas could know.
    sure = picks["confidence"] >= picks["class"].map(least).astype(float)
    table = geobfdt.evaluate(picks[sure], truth, intervals).table()
    rows: Rows = table[(table["kind"] == "trace") & (table["tolerance_m"] == 0.03)].to_dict("records")
    for row in rows:
        text = f"F1 {row['f1']:.3f} ({row['f1_lo']:.2f}-{row['f1_hi']:.2f})"
        print(f"{row['class']:8s} {text}, chance {row['null_f1']:.3f}, z {row['z']:.1f}", flush=True)
    return rows


def tell(run: Path) -> Rows:
    """Print steps, minutes and F1 of a run at each validation."""
    seconds, rows = 0.0, []
    for line in (run / "metrics.jsonl").read_text().splitlines():
        row = json.loads(line)
        seconds = row.get("seconds", seconds)
        if "score" in row:
            f1 = {name: round(row[name]["f1"], 3) for name in ("fracture", "bedding") if name in row}
            print(f"{row['step']:6d} steps {seconds / 60:6.1f} min", f1, flush=True)
            rows.append({"step": row["step"], "minutes": seconds / 60, **f1})
    return rows


def tuning(field_of: str, steps: int | None, out: Path) -> Rows:
    """Fine-tune on few wells of one look, or of interpreters of one habit."""
    import geobfdt
    from geobfdt.io.write.dlis import write_dlis
    from geobfdt.simulation.geology import draw_geology, vary_geology
    from geobfdt.simulation.well import simulate_well
    from geobfdt.simulation.well_settings import draw
    from geobfdt.training.train import TUNING
    from geobfdt.wells.intervals import write_intervals
    from geobfdt.wells.picks import write_picks

    geology = draw_geology(np.random.default_rng((TUNING_SEED, 0)))
    wells = []
    for number in range(1, 13):
        rng = np.random.default_rng((TUNING_SEED, number))
        place = vary_geology(geology, rng)
        name = f"W{number:02d}"
        wells.append(simulate_well(draw(rng, well=name, length=TUNING_LENGTH, geology=place, **FIELDS[field_of]), rng))
    settings = TUNING if steps is None else TUNING.model_copy(update={"steps": steps, "turns": 0})

    results: Rows = []

    def score(count: int, model: str | Path) -> str:
        picks = pd.concat([geobfdt.pick(well.image, model=model) for well in wells[6:]])
        ignored = pd.concat([well.intervals[well.intervals["kind"] == "ignored"] for well in wells[6:]])
        text = []
        for what, planes, where in (
            ("truth", [well.truth for well in wells[6:]], ignored),
            ("interpreter", [well.picks for well in wells[6:]], pd.concat([well.intervals for well in wells[6:]])),
        ):
            table = geobfdt.evaluate(picks, pd.concat(planes), where).table()
            rows = table[(table["kind"] == "trace") & (table["tolerance_m"] == 0.03)]
            scores = rows[["class", "f1", "null_f1"]].to_dict("records")
            results.extend({"wells": count, "against": what, **row} for row in scores)
            f1 = [f"{row['class']} {row['f1']:.2f} (chance {row['null_f1']:.2f})" for row in scores]
            text.append(f"{what}: {', '.join(f1)}")
        return "; ".join(text)

    print("before:", score(0, "default"), flush=True)
    for count in (1, 3, 6):
        field, model = out / f"field-{count}", out / f"model-{count}"
        with tempfile.TemporaryDirectory() as folder:
            for well in wells[:count]:
                stem = Path(folder) / well.settings.well
                write_dlis(well.image, stem.with_suffix(".dlis"))
                write_picks(well.picks, stem.with_suffix(".picks.csv"))
                write_intervals(well.intervals, stem.with_suffix(".intervals.csv"))
            geobfdt.ingest(sorted(Path(folder).glob("*.dlis")), field, geobfdt.IngestOptions(picks=Path(folder)))
        bundle = geobfdt.train(field, model, geobfdt.TrainOptions(model="default", training=settings))
        print(f"{count} wells, {bundle.card['minutes']:.1f} min:", score(count, model), flush=True)
    return results


def main() -> None:
    """Run one of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["scratch", "compute", "tuning"])
    parser.add_argument("--preset", choices=["curve", "detr"], default="curve")
    parser.add_argument("--steps", type=int)
    parser.add_argument("--every", type=int, default=100)
    parser.add_argument("--field", choices=sorted(FIELDS), default="look", help="of tuning: what is foreign")
    parser.add_argument("--folder", type=Path, required=True, help="of wells, run and models")
    add_out(parser)
    arguments = parser.parse_args()
    if arguments.what != "tuning":
        run = scratch if arguments.what == "scratch" else compute
        rows = run(arguments.preset, arguments.steps or 1500, arguments.every, arguments.folder)
    else:
        rows = tuning(arguments.field, arguments.steps, arguments.folder)
    write_results(arguments.out, rows, "default" if arguments.what == "tuning" else None)


if __name__ == "__main__":
    main()
