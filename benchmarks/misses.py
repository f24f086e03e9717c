"""Which planes a picker misses: by how visible they are, whether they show all round, and how tall they are.

    python benchmarks/misses.py --wells 40 --length 12 --seed 4000000
    python benchmarks/misses.py --method hough --wells 10

Planes that an interpreter would not be blamed for missing are left out. `sure` is the share of planes that have a pick
of their class, at its own threshold, within a trace RMS of 3 cm; `sure 5 cm` within 5; `seen` have a candidate of any
class with a confidence of 0.05 or more within 5 cm.
"""

from __future__ import annotations

import argparse

import numpy as np
import pandas as pd


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--method", default="network")
    parser.add_argument("--model", default="default")
    parser.add_argument("--wells", type=int, default=40)
    parser.add_argument("--length", type=float, default=12.0)
    parser.add_argument("--seed", type=int, default=4_000_000)
    arguments = parser.parse_args()
    from geobfdt.geometry import trace_rms
    from geobfdt.picking.picker import detector_of, pick_with_findings
    from geobfdt.simulation.settings import draw
    from geobfdt.simulation.well import simulate_well
    from geobfdt.wells.picks import traces

    rows = []
    for index in range(arguments.wells):
        rng = np.random.default_rng([arguments.seed, index])
        well = simulate_well(draw(rng, length=arguments.length), rng)
        detector = detector_of(well.image, arguments.model, arguments.method)
        picks = pick_with_findings(well.image, detector, min_confidence=0.05)[0]
        sure = picks["confidence"].to_numpy() >= [detector.thresholds[name] for name in picks["class"]]
        truth = well.truth[~well.truth["optional"]]
        apart = trace_rms(traces(picks)[:, None], traces(truth))
        same = picks["class"].to_numpy()[:, None] == truth["class"].to_numpy()
        nearest = np.where(same & sure[:, None], apart, np.inf).min(axis=0, initial=np.inf)
        rows.append(
            truth[["class", "visible", "continuity", "amplitude_m"]].assign(
                **{"sure": nearest < 0.03, "sure 5 cm": nearest < 0.05},
                seen=apart.min(axis=0, initial=np.inf) < 0.05,
            )
        )
    planes = pd.concat(rows, ignore_index=True)
    parts = {
        "visible": pd.cut(planes["visible"], [0.35, 0.5, 0.65, 0.8, 1], right=False),
        "shows": planes["continuity"].gt(0.8).map({True: "all round", False: "in part"}),
        "height (m)": pd.cut(2 * planes["amplitude_m"], [0, 0.25, 0.8, 2.5, 10], right=False),
    }
    for name, part in parts.items():
        shares = planes.groupby(["class", part.rename(name)], observed=True)[["sure", "sure 5 cm", "seen"]]
        print(shares.mean().round(2).assign(planes=shares.size()), end="\n\n")
    whole = planes[(parts["shows"] == "all round") & (planes["visible"] >= 0.65) & (planes["amplitude_m"] < 0.4)]
    print("visible 0.65 or more, all round, no taller than 0.8 m:")
    shares = whole.groupby("class")[["sure", "sure 5 cm", "seen"]]
    print(shares.mean().round(2).assign(planes=shares.size()))


if __name__ == "__main__":
    main()
