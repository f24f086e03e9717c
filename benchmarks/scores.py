"""Score a picker on simulated wells, beside its chance levels.

    python benchmarks/scores.py --wells 6 --length 60 --seed 9001 --out results/wells-9001.json
    python benchmarks/scores.py --method hough --fields 20 --wells 1 --length 20 --seed 120 --deviation 0

A field has one geology; several fields, of seeds that follow each other, have several. Seeds 9001 and 7000 take part in
the choice of the shipped weights (docs/pretraining.md), and seed 9201 does not. The classical picker is fitted on seeds
100 to 119.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import pandas as pd
from results_file import add_out, write_results


def main() -> None:
    """Print the scores."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--method", default="network")
    parser.add_argument("--model", default="default")
    parser.add_argument("--fields", type=int, default=1)
    parser.add_argument("--wells", type=int, default=6)
    parser.add_argument("--length", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=9001)
    parser.add_argument("--tool", default=None)
    parser.add_argument("--deviation", type=float, default=None)
    add_out(parser)
    arguments = parser.parse_args()
    import geobfdt
    import geobfdt.evaluation.calibration
    from geobfdt.wells.intervals import read_intervals
    from geobfdt.wells.picks import read_picks

    picks, truth, intervals, seconds, length = [], [], [], 0.0, 0.0
    for seed in range(arguments.seed, arguments.seed + arguments.fields):
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder)
            geobfdt.simulate(
                out,
                geobfdt.SimulateOptions(
                    wells=arguments.wells,
                    length=arguments.length,
                    seed=seed,
                    tool=arguments.tool,
                    deviation=arguments.deviation,
                ),
            )
            for file in sorted(out.glob("*.dlis")):
                image = geobfdt.read(file)
                well = f"{seed}-{file.stem}"
                start = time.process_time()
                picked = geobfdt.pick(image, model=arguments.model, method=arguments.method)
                seconds += time.process_time() - start
                length += float(image.depth[-1] - image.depth[0])
                picks.append(picked.assign(well=well))
                truth.append(read_picks(file.with_suffix(".truth.csv")).assign(well=well))
                intervals.append(read_intervals(file.with_suffix(".intervals.csv")).assign(well=well))
                print(f"{well}: {image.attrs['tool']}, deviation {float(image.deviation.median()):.0f} deg, "
                      f"{len(picked)} picks", flush=True)  # fmt: skip
    # Only ignored intervals count here: the truth is known everywhere, whatever the simulated interpreter looked at.
    ignored = pd.concat(intervals).query("kind == 'ignored'")
    scores = geobfdt.evaluate(pd.concat(picks), pd.concat(truth), ignored)
    print(scores)
    rows = scores.table().query("kind == 'pole' and tolerance_m == 0.03")
    print("\nwithin 3 cm and 10 degrees of the pole")
    print(rows.drop(columns=["kind", "tolerance_m"]).round(3).to_string(index=False))
    calibration = geobfdt.evaluation.calibration.calibrate(pd.concat(picks), pd.concat(truth), ignored)
    print(calibration)
    print(f"{length / seconds:.2f} m a second of processor time")
    tables = (scores.table(), scores.errors(), calibration.summary, calibration.intervals)
    measurements = [row for table in tables for row in table.to_dict("records")]
    write_results(arguments.out, measurements, None if arguments.method == "hough" else arguments.model)


if __name__ == "__main__":
    main()
