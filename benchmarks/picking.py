"""Speed and memory of picking, from file to table, against the length of the well.

    python benchmarks/picking.py --lengths 25 100 400

Wells are simulated, ingested, and each picked in a process of its own.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

MEASURE = """
import json, time
from pathlib import Path
from geobfdt.heap import share_heap
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
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lengths", type=float, nargs="+", default=[25.0, 100.0, 400.0])
    parser.add_argument("--method", default="network")
    arguments = parser.parse_args()
    from geobfdt.simulation.field import simulate
    from geobfdt.wells.ingest import ingest

    print("length m   seconds   m/s   peak MiB   picks")
    with tempfile.TemporaryDirectory() as folder:
        rates = []
        for length in arguments.lengths:
            out = Path(folder) / f"{length:g}"
            simulate(out, wells=1, length=length, seed=200, tool="fmi", deviation=0.0)
            ingest([next(out.glob("*.dlis"))], out / "field")
            code = MEASURE.format(path=str(next((out / "field").glob("*.nc"))), method=arguments.method)
            done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
            seconds, peak, count = json.loads(done.stdout.splitlines()[-1])
            rates.append(length / seconds)
            print(
                f"{length:8.0f}   {seconds:7.1f}   {length / seconds:4.2f}   {peak / 2**20:8.0f}   {count:5d}",
                flush=True,
            )
    print(f"slowest over fastest: {np.max(rates) / np.min(rates):.2f}")


if __name__ == "__main__":
    main()
