"""Compare the scores of wells that are merged from two runs with those of the same wells in one run.

    python benchmarks/merging.py --wells 10 --length 24 --seed 5200 --out results/merging.json

Each simulated well is cut into two runs with 5 m of overlap. The lower one is 0.3 m too deep, and both have noise of
their own. The merged image and an image of one run with the same noise are picked by the shipped network. F1 is by
trace RMS at 3 and 5 cm, over all wells. A well whose runs are refused is counted and left out of both.
"""

from __future__ import annotations

import argparse

import numpy as np
import pandas as pd
from results_file import add_out, write_results

import geobfdt
from geobfdt.runtime.findings import InputError
from geobfdt.simulation.well import simulate_well
from geobfdt.simulation.well_settings import draw
from geobfdt.wells.image import WellImage
from geobfdt.wells.intervals import join_intervals
from geobfdt.workflows.merge import join_runs

SHIFT_M, OVERLAP_M, NOISE_SHARE = 0.3, 5.0, 0.1


def noisy(image: WellImage, rng: np.random.Generator) -> WellImage:
    """The image with noise of a tenth of its standard deviation."""
    values = image["image"].values
    noise = NOISE_SHARE * np.nanstd(values) * rng.standard_normal(values.shape)
    return WellImage(image.assign(image=(image["image"].dims, (values + noise).astype(np.float32))))


def main() -> None:
    """Print the table, and write it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wells", type=int, default=10)
    parser.add_argument("--length", type=float, default=24.0)
    parser.add_argument("--seed", type=int, default=5200)
    add_out(parser)
    args = parser.parse_args()
    tables: dict[str, list[pd.DataFrame]] = {"one run": [], "merged": []}
    truth, intervals, errors, refused = [], [], [], 0
    for seed in range(args.seed, args.seed + args.wells):
        rng = np.random.default_rng(seed)
        well = simulate_well(draw(rng, well=f"W{seed}", length=args.length), rng)
        whole = well.image.compute().drop_vars("dynamic", errors="ignore")
        depth = whole["depth"].values
        middle = (depth[0] + depth[-1]) / 2
        first = noisy(WellImage(whole.isel(depth=depth <= middle + OVERLAP_M / 2)), rng)
        second = noisy(WellImage(whole.isel(depth=depth >= middle - OVERLAP_M / 2)), rng)
        second = WellImage(second.assign_coords(depth=second["depth"].values + SHIFT_M))
        try:
            merged = join_runs(first.assign_attrs(source="1.nc"), second.assign_attrs(source="2.nc"))
        except InputError as error:
            refused += 1
            print(f"{seed} {whole.attrs['tool']}: {error}", flush=True)
            continue
        errors.append(abs(float(merged["depth"].values[-1]) - depth[-1]))
        tables["one run"].append(geobfdt.pick(noisy(WellImage(whole), rng)))
        tables["merged"].append(geobfdt.pick(merged))
        truth.append(well.truth)
        intervals.append(well.intervals[well.intervals["kind"] == "ignored"])
        print(f"{seed} {whole.attrs['tool']}: depth right to {1000 * errors[-1]:.1f} mm", flush=True)
    rows = []
    for name, picks in tables.items():
        scores = geobfdt.evaluate(pd.concat(picks), pd.concat(truth), join_intervals(intervals)).table()
        for row in scores[(scores["kind"] == "trace") & scores["tolerance_m"].isin([0.03, 0.05])].to_dict("records"):
            rows.append({"image": name, **{key: row[key] for key in ("class", "tolerance_m", "f1", "null_f1")}})
            print(f"{name:8} {row['class']:9} {row['tolerance_m']:.2f} m  F1 {row['f1']:.3f} ({row['null_f1']:.2f})")
    rows.append({"image": "merged", "wells": len(errors), "refused": refused, "worst_depth_m": max(errors)})
    print(f"{len(errors)} wells merged, {refused} refused, worst depth {1000 * max(errors):.1f} mm")
    write_results(args.out, rows, "default")


if __name__ == "__main__":
    main()
