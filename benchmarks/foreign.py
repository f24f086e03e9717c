"""Measure what default fine-tuning gains on a layer cake of `benchmarks/layer_cake.py`, from few picks of one well.

    python benchmarks/foreign.py --picks 40 --folder RUNS/foreign --out results/foreign.json

The layer cake is independent of `geobfdt.simulation`. The shallowest picks of one well of 40 m are given, and only that
stretch counts as interpreted. F1 of beds is scored from 20 to 40 m of the same well, before and after, beside its
chance level; and on simulated wells of every tool, which shows what the model has forgotten.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from layer_cake import DIAMETER_M, LOOKS, draw_cake
from results_file import add_out, write_results

LENGTH_M, SCORED_FROM_M = 40.0, 20.0
SIMULATED_SEED, SIMULATED_WELLS, SIMULATED_LENGTH_M = 9001, 6, 8.0


def f1(picks: pd.DataFrame, truth: pd.DataFrame, intervals: pd.DataFrame) -> list[dict[str, Any]]:
    """F1 of each class at a trace RMS of 3 and of 5 cm, beside the chance level."""
    import geobfdt

    table = geobfdt.evaluate(picks, truth, intervals).table()
    rows = table[(table["kind"] == "trace") & table["tolerance_m"].isin([0.03, 0.05]) & (table["class"] != "all")]
    return rows.loc[np.isfinite(rows["f1"]), ["class", "tolerance_m", "f1", "null_f1"]].to_dict("records")


def simulated(model: str | Path) -> list[dict[str, Any]]:
    """What a model scores on simulated wells of every tool."""
    import geobfdt
    from geobfdt.training.sources import draw_well

    wells = [draw_well(SIMULATED_SEED, i, SIMULATED_LENGTH_M, {}) for i in range(SIMULATED_WELLS)]
    picks = pd.concat([geobfdt.pick(well.image, model=model) for well in wells])
    return f1(picks, *(pd.concat([well[i] for well in wells]) for i in (1, 2)))


def main() -> None:
    """Fine-tune on so many picks, and score before and after."""
    import geobfdt
    from geobfdt.io.write.netcdf import write_netcdf
    from geobfdt.wells.image import well_image
    from geobfdt.wells.intervals import new_intervals, write_intervals
    from geobfdt.wells.picks import new_picks, write_picks

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--picks", type=int, default=40)
    parser.add_argument("--look", choices=LOOKS, default="56 mixed")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, required=True, help="of the well and of the model")
    add_out(parser)
    arguments = parser.parse_args()
    cake = draw_cake(np.random.default_rng(arguments.seed), LOOKS[arguments.look], LENGTH_M)
    depth, traces = cake.depth, cake.traces[np.argsort(cake.traces[:, 0])]
    hole = {"diameter": DIAMETER_M, "deviation": 0.0, "hole_azimuth": 0.0}
    image = well_image(cake.image, depth, well="F-1", reference="north", **hole)
    azimuth = np.degrees(np.arctan2(traces[:, 2], traces[:, 1])) % 360
    truth = new_picks(
        well="F-1",
        depth_m=traces[:, 0],
        class_="bedding",
        azimuth_app_deg=azimuth,
        amplitude_m=np.hypot(traces[:, 1], traces[:, 2]),
        diameter_m=DIAMETER_M,
        reference="north",
    )
    scored = new_intervals([("F-1", "interpreted", "bedding", depth[0] + SCORED_FROM_M, depth[-1])])

    rows: list[dict[str, Any]] = []

    def tell(when: str, model: str | Path) -> None:
        picks = geobfdt.pick(image, model=model)
        beds = picks[picks["class"] == "bedding"]
        for where, scores in (("held-out depth", f1(beds, truth, scored)), ("simulated wells", simulated(model))):
            for row in scores:
                rows.append({"when": when, "where": where, **row})
                text = f"{row['class']} {100 * row['tolerance_m']:.0f} cm {row['f1']:.3f}"
                print(f"{when}: {where}: {text} (chance {row['null_f1']:.2f})", flush=True)

    field, model = arguments.folder / f"field-{arguments.picks}", arguments.folder / f"model-{arguments.picks}"
    field.mkdir(parents=True, exist_ok=True)
    taught = truth.iloc[: arguments.picks]
    last = float(taught["depth_m"].iloc[-1]) + 0.02
    nowhere = ("F-1", "interpreted", "fracture", depth[0], depth[0])
    write_netcdf(image, field / "F-1.nc")
    write_picks(taught, field / "F-1.picks.csv")
    intervals = new_intervals([("F-1", "interpreted", "bedding", depth[0], last), nowhere])
    write_intervals(intervals, field / "F-1.intervals.csv")
    tell("before", "default")
    began = time.process_time()
    card = geobfdt.train(field, model, geobfdt.TrainOptions(model="default")).card
    seconds = time.process_time() - began
    card_keys = ("metres_trained", "planes_trained", "steps", "validation")
    print(f"{seconds / 60:.1f} minutes of one core;", {name: card[name] for name in card_keys}, flush=True)
    tell("after", model)
    write_results(arguments.out, rows)


if __name__ == "__main__":
    main()
