"""Scores of the classical picker on simulated wells, beside blind pickers.

    python benchmarks/hough.py --first 120 --wells 20 --deviation 0

Well i is drawn from seed ``first + i``; its tool, rock and hole are random. The picker's few weights were fitted on
seeds 100 to 119: give others.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import pandas as pd

from geobfdt.evaluation.scores import evaluate
from geobfdt.picking.picker import pick
from geobfdt.simulation.settings import draw
from geobfdt.simulation.well import simulate_well


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--first", type=int, default=120)
    parser.add_argument("--wells", type=int, default=20)
    parser.add_argument("--length", type=float, default=20.0)
    parser.add_argument("--deviation", type=float)
    arguments = parser.parse_args()
    fixed = {"length": arguments.length}
    if arguments.deviation is not None:
        fixed["deviation"] = arguments.deviation
    picked, true, span = [], [], {}
    seconds = 0.0
    for seed in range(arguments.first, arguments.first + arguments.wells):
        rng = np.random.default_rng(seed)
        made = simulate_well(draw(rng, well=f"S{seed}", **fixed), rng)
        start = time.process_time()
        picked.append(pick(made.image))
        seconds += time.process_time() - start
        true.append(made.truth)
        depth = made.image["depth"].values
        span[f"S{seed}"] = (float(depth[0]), float(depth[-1]))
    scores = evaluate(pd.concat(picked, ignore_index=True), pd.concat(true, ignore_index=True), span=span)
    print(f"{arguments.wells * arguments.length / seconds:.1f} m/s of processor time")
    table = scores.table()
    print(table[(table["kind"] == "trace")].round(3).to_string(index=False))
    print(scores.errors().round(3).to_string(index=False))


if __name__ == "__main__":
    main()
