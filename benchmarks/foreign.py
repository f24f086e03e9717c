"""What fine-tuning by default gives on rock that the shipped network does not know, of few picks of one well.

    python benchmarks/foreign.py --picks 40 --out RUNS/foreign

A field of flawed layer cakes, drawn here and independent of `geobfdt.simulation`: every bed has a value of its own,
rows are offset as a whole, texture is smeared round the hole, contrast fades on one side, sectors have levels of their
own, and contacts depart from the sinusoid. The shallowest picks of one well are given, and only that stretch counts as
interpreted. F1 of beds is scored from 20 to 40 m of the same well, before and after, beside its chance level; and on
simulated wells of every tool, which tells what the model has forgotten.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.ndimage import gaussian_filter, gaussian_filter1d

LENGTH_M, SCORED_FROM_M, ROW_M, SECTORS, DIAMETER_M = 40.0, 20.0, 0.0076, 56, 0.216
SIMULATED_SEED, SIMULATED_WELLS, SIMULATED_LENGTH_M = 9001, 6, 8.0


def layer_cake(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw depths (rows,), an image (rows, sectors) and its contacts (n, 3) as ``(z0, a, b)`` (m)."""
    rng = np.random.default_rng(seed)
    depth = 1000 + ROW_M * np.arange(round(LENGTH_M / ROW_M))
    turn = 2 * np.pi * np.arange(SECTORS) / SECTORS
    middles = 999 + np.cumsum(0.05 + rng.exponential(0.14, 500))
    middles = middles[middles < depth[-1] + 1]
    # Neighbours lie nearly alike: dips change over metres, by a little from bed to bed.
    slow = gaussian_filter1d(rng.normal(size=(len(middles), 2)), 25, axis=0)
    poles = [0.12, 0.05] + 0.08 * slow / slow.std() + rng.normal(0, 0.004, slow.shape)
    traces = np.column_stack([middles, poles])
    bend = gaussian_filter1d(rng.normal(size=(len(middles), SECTORS)), 4, axis=1, mode="wrap")
    at = traces @ np.stack([np.ones(SECTORS), np.cos(turn), np.sin(turn)]) + 0.006 * bend / bend.std()
    at = np.maximum.accumulate(at, axis=0)
    values = rng.normal(size=len(middles) + 1)
    image = np.stack([values[np.searchsorted(at[:, i], depth)] for i in range(SECTORS)], axis=1)
    fade = 1 - 0.4 * (1 + np.cos(turn - rng.uniform(0, 2 * np.pi)))
    image = gaussian_filter(image, (1.0, 0.8), mode=("nearest", "wrap")) * fade
    image += rng.normal(0, 0.25, (len(depth), 1)) + 0.15 * gaussian_filter1d(
        rng.normal(size=(len(depth), 1)), 3, axis=0
    )
    image += rng.normal(0, 0.3, SECTORS)
    noise = gaussian_filter(rng.normal(size=image.shape), (0.5, 2.5), mode=("nearest", "wrap"))
    image += 0.3 * noise / noise.std()
    inside = (traces[:, 0] > depth[0]) & (traces[:, 0] < depth[-1])
    return depth, image.astype(np.float32), traces[inside]


def f1(picks: pd.DataFrame, truth: pd.DataFrame, intervals: pd.DataFrame) -> str:
    """F1 of each class at a trace RMS of 3 and of 5 cm, beside the chance level."""
    import geobfdt

    table = geobfdt.evaluate(picks, truth, intervals).table()
    rows = table[(table["kind"] == "trace") & table["tolerance_m"].isin([0.03, 0.05]) & (table["class"] != "all")]
    parts = [
        f"{row['class']} {100 * row['tolerance_m']:.0f} cm {row['f1']:.3f} (chance {row['null_f1']:.2f})"
        for _, row in rows.iterrows()
        if np.isfinite(row["f1"])
    ]
    return ", ".join(parts)


def simulated(model: str | Path) -> str:
    """What a model scores on simulated wells of every tool."""
    import geobfdt
    from geobfdt.training.sources import draw_well

    wells = [draw_well(SIMULATED_SEED, i, SIMULATED_LENGTH_M, {}) for i in range(SIMULATED_WELLS)]
    picks = pd.concat([geobfdt.pick(well.image, model=model) for well in wells])
    return f1(picks, *(pd.concat([well[i] for well in wells]) for i in (1, 2)))


def main() -> None:
    """Fine-tune on so many picks, and score before and after."""
    import geobfdt
    from geobfdt.wells.image import well_image
    from geobfdt.wells.intervals import new_intervals, write_intervals
    from geobfdt.wells.picks import new_picks, write_picks
    from geobfdt.wells.writers.netcdf import write_netcdf

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--picks", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    depth, pixels, traces = layer_cake(arguments.seed)
    hole = {"diameter": DIAMETER_M, "deviation": 0.0, "hole_azimuth": 0.0}
    image = well_image(pixels, depth, well="F-1", reference="north", **hole)
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

    def tell(when: str, model: str | Path) -> None:
        picks = geobfdt.pick(image, model=model)
        print(f"{when}: held-out depth: {f1(picks[picks['class'] == 'bedding'], truth, scored)}", flush=True)
        print(f"{when}: simulated wells: {simulated(model)}", flush=True)

    field, model = arguments.out / f"field-{arguments.picks}", arguments.out / f"model-{arguments.picks}"
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
    card = geobfdt.train(field, model, model="default").card
    seconds = time.process_time() - began
    card_keys = ("metres_trained", "planes_trained", "steps", "validation")
    print(f"{seconds / 60:.1f} minutes of one core;", {name: card[name] for name in card_keys}, flush=True)
    tell("after", model)


if __name__ == "__main__":
    main()
