"""Speed and memory of picking, from file to table, against the length of the well.

    python benchmarks/picking.py --lengths 1000 --seeds 200 --out results/picking.json
    python benchmarks/picking.py --lengths 1000 --seeds 200 201 202 --python old/bin/python new/bin/python

Wells are simulated, ingested, and each picked in a process of its own; by each of several versions in turn.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from itertools import product
from pathlib import Path

import numpy as np
from results_file import add_out, write_results

MEASURE = """
import json, time
from pathlib import Path
from geobfdt.runtime.heap import share_heap
share_heap()  # as the command line does
import geobfdt
geobfdt.pick, geobfdt.read
start = time.perf_counter()
picks = geobfdt.pick(geobfdt.read({path!r}), method={method!r})
seconds = time.perf_counter() - start
# Not ru_maxrss, which a process inherits from the one that started it.
peak = next(int(line.split()[1]) * 1024 for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(json.dumps([seconds, peak, len(picks)]))
"""


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lengths", type=float, nargs="+", default=[25.0, 100.0, 400.0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[200], help="one well each")
    parser.add_argument("--method", default="network")
    parser.add_argument("--python", nargs="+", default=[sys.executable], help="of environments that hold a version")
    add_out(parser)
    arguments = parser.parse_args()
    from geobfdt.simulation.field import SimulateOptions, simulate
    from geobfdt.workflows.ingest import ingest

    print("version   seed   length m   seconds   m/s   peak MiB   picks   picks/m")
    rows = []
    rates: dict[int, list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as folder:
        for seed, length in product(arguments.seeds, arguments.lengths):
            out = Path(folder) / f"{seed}-{length:g}"
            simulate(out, SimulateOptions(wells=1, length=length, seed=seed, tool="fmi", deviation=0.0))
            ingest([next(out.glob("*.dlis"))], out / "field")
            code = MEASURE.format(path=str(next((out / "field").glob("*.nc"))), method=arguments.method)
            for version, python in enumerate(arguments.python, 1):
                process = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True)
                seconds, peak, count = json.loads(process.stdout.splitlines()[-1])
                rates[version].append(length / seconds)
                rows.append(
                    {"version": version, "seed": seed, "length_m": length, "seconds": seconds,
                     "metres_a_second": length / seconds, "peak_mib": peak / 2**20, "picks": count}
                )  # fmt: skip
                print(
                    f"{version:7d}   {seed:4d}   {length:8.0f}   {seconds:7.1f}   {length / seconds:4.1f}   "
                    f"{peak / 2**20:8.0f}   {count:5d}   {count / length:7.1f}",
                    flush=True,
                )
    for version, measurements in rates.items():
        spread = f"{np.min(measurements):.1f} to {np.max(measurements):.1f} m/s, median {np.median(measurements):.1f}"
        against = np.median(np.array(rates[1]) / measurements)
        print(f"version {version}: {spread}, time {against:.2f} of the first's")
    write_results(arguments.out, rows, None if arguments.method == "hough" else "default")


if __name__ == "__main__":
    main()
