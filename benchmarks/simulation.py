"""Speed of the simulator for the pad tools, at 2.54 mm rows and 360 columns: median over wells.

python benchmarks/simulation.py --wells 5 --length 60 --out results/simulation.json
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from results_file import add_out, write_results


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wells", type=int, default=5)
    parser.add_argument("--length", type=float, default=60.0)
    add_out(parser)
    arguments = parser.parse_args()
    from geobfdt.simulation.well import simulate_well
    from geobfdt.simulation.well_settings import draw

    rows = []
    print("tool    m/s   m a second of processor time")
    for tool in ("fmi", "fms", "cmi"):
        wall, cpu = [], []
        for seed in range(arguments.wells + 1):  # the first one warms up
            rng = np.random.default_rng(seed)
            settings = draw(rng, length=arguments.length, tool=tool, columns=360, row_spacing=0.00254)
            start = time.perf_counter(), time.process_time()
            simulate_well(settings, rng)
            wall.append(arguments.length / (time.perf_counter() - start[0]))
            cpu.append(arguments.length / (time.process_time() - start[1]))
        print(f"{tool:6}  {np.median(wall[1:]):4.0f}   {np.median(cpu[1:]):4.0f}", flush=True)
        rows.append({"tool": tool, "metres_a_second": np.median(wall[1:]), "metres_a_core_second": np.median(cpu[1:])})
    write_results(arguments.out, rows, None)


if __name__ == "__main__":
    main()
