"""Score a picker on simulated wells, beside its blind nulls.

    python benchmarks/scores.py --method hough --wells 6 --length 60 --seed 9001

The seed 9001 is for this measurement alone: nothing is ever tuned on it.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import pandas as pd


def main() -> None:
    """Print the scores."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--method", default="hough")
    parser.add_argument("--wells", type=int, default=6)
    parser.add_argument("--length", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=9001)
    parser.add_argument("--tool", default=None)
    parser.add_argument("--deviation", type=float, default=None)
    arguments = parser.parse_args()
    import geobfdt
    from geobfdt.wells.intervals import read_intervals
    from geobfdt.wells.picks import read_picks

    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        geobfdt.simulate(
            out, wells=arguments.wells, length=arguments.length, seed=arguments.seed, tool=arguments.tool,
            deviation=arguments.deviation,
        )  # fmt: skip
        picks, truth, intervals, seconds = [], [], [], 0.0
        for file in sorted(out.glob("*.dlis")):
            image = geobfdt.read(file)
            start = time.perf_counter()
            picks.append(geobfdt.pick(image, method=arguments.method))
            seconds += time.perf_counter() - start
            truth.append(read_picks(file.with_suffix(".truth.csv")))
            intervals.append(read_intervals(file.with_suffix(".intervals.csv")))
            print(f"{file.stem}: {image.attrs['tool']}, deviation {float(image.deviation.median()):.0f} deg, "
                  f"{len(picks[-1])} picks", flush=True)  # fmt: skip
    # Only ignored intervals count here: the truth is known everywhere, whatever the simulated interpreter looked at.
    ignored = pd.concat(intervals).query("kind == 'ignored'")
    print(geobfdt.evaluate(pd.concat(picks), pd.concat(truth), ignored))
    print(f"{arguments.wells * arguments.length / seconds:.2f} m/s on the calling thread")


if __name__ == "__main__":
    main()
