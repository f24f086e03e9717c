"""Which planes a picker misses: by how visible they are, whether they show all round, and how tall they are.

    python benchmarks/misses.py --wells 40 --length 12 --seed 4000000
    python benchmarks/misses.py --method hough --wells 10

Planes that an interpreter would not be blamed for missing are left out. `sure` is the share of planes that have a pick
of their class, at its own threshold, within a trace RMS of 3 cm; `sure 5 cm` within 5; `seen` have a candidate of any
class with a confidence of 0.05 or more within 5 cm. `told` is how many the network would be sure of, 3 cm off at most,
if its votes had proposed the true traces themselves: what is missing there is not found by looking in more places.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

if TYPE_CHECKING:
    from geobfdt.model.bundle import Bundle
    from geobfdt.wells.image import WellImage

SHARES = ["sure", "sure 5 cm", "seen", "told"]


def told(bundle: Bundle, image: WellImage, truth: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Whether the network is sure of planes (before refinement) when it is told where they are; of one well."""
    from geobfdt.geometry import trace_rms
    from geobfdt.model.curve import choose
    from geobfdt.model.matching import thin_by_distance
    from geobfdt.training.wells import prepare
    from geobfdt.wells.intervals import new_intervals
    from geobfdt.wells.picks import CLASSES

    network, settings = bundle.network, bundle.settings
    well = prepare(image, truth, new_intervals(), settings.grid)
    radius = float(np.median(well.radius))
    seen, votes = network.see(well.grid[: len(well.grid) // 16 * 16])
    proposed, scores = choose(votes, network.tiers, round(40 * len(well.grid) * settings.step))
    proposed = proposed[thin_by_distance(proposed, scores, 0.022, radius)]
    free = trace_rms(proposed[:, None], well.traces).min(axis=1, initial=np.inf) > 0.03
    asked = np.concatenate([well.traces, proposed[free]])
    order = np.argsort(asked[:, 0], kind="stable")
    traces, content = asked[order], None
    for stage in range(len(settings.stages)):
        traces, logits, _, content = network.ask(seen, traces, content, radius, stage)
    mine = np.argsort(order)[: len(well.traces)]
    sure = [
        bundle.calibration[CLASSES[kind]].probability(logit[kind]) >= bundle.calibration[CLASSES[kind]].threshold
        for kind, logit in zip(well.classes, logits[mine], strict=True)
    ]
    return np.array(sure, bool) & (trace_rms(traces[mine], well.traces) < 0.03)


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
                told=told(detector.bundle, well.image, truth) if arguments.method == "network" else np.nan,
            )
        )
    planes = pd.concat(rows, ignore_index=True)
    parts = {
        "all": pd.Series("", planes.index),
        "visible": pd.cut(planes["visible"], [0.35, 0.5, 0.65, 0.8, 1], right=False),
        "shows": planes["continuity"].gt(0.8).map({True: "all round", False: "in part"}),
        "height (m)": pd.cut(2 * planes["amplitude_m"], [0, 0.25, 0.8, 2.5, 10], right=False),
    }
    for name, part in parts.items():
        shares = planes.groupby(["class", part.rename(name)], observed=True)[SHARES]
        print(shares.mean().round(2).assign(planes=shares.size()), end="\n\n")
    whole = planes[(parts["shows"] == "all round") & (planes["visible"] >= 0.65) & (planes["amplitude_m"] < 0.4)]
    print("visible 0.65 or more, all round, no taller than 0.8 m:")
    shares = whole.groupby("class")[SHARES]
    print(shares.mean().round(2).assign(planes=shares.size()))


if __name__ == "__main__":
    main()
