"""Which planes a picker misses, and where: by how visible they are, whether they show all round, how tall they are.

    python benchmarks/misses.py --wells 40 --length 12 --seed 4000000 --out results/misses.json
    python benchmarks/misses.py --method hough --wells 10

Optional planes are left out. `sure` is the share of planes that have a pick of their class, at its own threshold,
within a trace RMS of 3 cm; `sure 5 cm` within 5; `seen` have a candidate of any class with a confidence of 0.05 or more
within 5 cm. Of the network, before refinement: `voted` have a query before the decoder within 6 cm, perpendicular to
the trace; `asked` have a query of any class after it within 3 cm; `told` is the share of planes that the network picks
within 3 cm if the decoder starts from the true traces: more queries cannot find the others.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from results_file import add_out, write_results

if TYPE_CHECKING:
    from geobfdt.model.bundle import Bundle
    from geobfdt.training.confidence_calibration import InterpretedWell

PICKED, NETWORK = ["sure", "sure 5 cm", "seen"], ["voted", "asked", "told"]


def stages(bundle: Bundle, well: InterpretedWell) -> pd.DataFrame:
    """How far planes of a well get in the network: NETWORK, one row a plane."""
    from geobfdt.geometry import trace_rms
    from geobfdt.model.curve.detection import choose_queries, decode_queries
    from geobfdt.model.matching import scaled_rms
    from geobfdt.training.prepared_wells import prepare
    from geobfdt.wells.picks import CLASSES

    network = bundle.network
    ready = prepare(*well, network.settings.grid)
    radius, truth = float(np.median(ready.radius)), ready.traces
    encoded, votes = network.encode_strip(ready.grid[: len(ready.grid) // 16 * 16])
    proposed = choose_queries(network, votes, radius, 0.0, np.inf)
    decoded = decode_queries(network, encoded, proposed, radius)
    free = trace_rms(proposed[:, None], truth).min(axis=1, initial=np.inf) > 0.03
    queries = np.concatenate([truth, proposed[free]])
    decoded_with_truth = decode_queries(network, encoded, queries[np.argsort(queries[:, 0], kind="stable")], radius)
    parts = [bundle.calibration[name] for name in CLASSES]
    sure = np.stack(
        [part.probability(decoded_with_truth.logits[:, i]) >= part.threshold for i, part in enumerate(parts)], axis=1
    )
    near = (trace_rms(decoded_with_truth.traces[:, None], truth) < 0.03) & sure[:, ready.classes]
    return pd.DataFrame(
        {
            "voted": scaled_rms(proposed, truth, radius).min(axis=0, initial=np.inf) < 0.06,
            "asked": trace_rms(decoded.traces[:, None], truth).min(axis=0, initial=np.inf) < 0.03,
            "told": near.any(axis=0),
        }
    )


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--method", default="network")
    parser.add_argument("--model", default="default")
    parser.add_argument("--wells", type=int, default=40)
    parser.add_argument("--length", type=float, default=12.0)
    parser.add_argument("--seed", type=int, default=4_000_000)
    add_out(parser)
    arguments = parser.parse_args()
    from geobfdt.geometry import trace_rms
    from geobfdt.picking.picker import detector_of, pick_with_findings
    from geobfdt.training.sources import draw_well
    from geobfdt.wells.picks import traces

    rows = []
    network = arguments.method == "network"
    for index in range(arguments.wells):
        well = draw_well(arguments.seed, index, arguments.length, {})
        detector = detector_of(well.image, arguments.model, arguments.method)
        picks = pick_with_findings(well.image, detector, min_confidence=0.05)[0]
        sure = picks["confidence"].to_numpy() >= [detector.thresholds[name] for name in picks["class"]]
        truth = well.picks[~well.picks["optional"].to_numpy(bool)].reset_index(drop=True)
        apart = trace_rms(traces(picks)[:, None], traces(truth))
        same = picks["class"].to_numpy()[:, None] == truth["class"].to_numpy()
        nearest = np.where(same & sure[:, None], apart, np.inf).min(axis=0, initial=np.inf)
        row = truth[["class", "visible", "continuity", "amplitude_m"]].assign(
            **{"sure": nearest < 0.03, "sure 5 cm": nearest < 0.05},
            seen=apart.min(axis=0, initial=np.inf) < 0.05,
        )
        rows.append(row.join(stages(detector.bundle, well._replace(picks=truth))) if network else row)
    planes = pd.concat(rows, ignore_index=True)
    columns = PICKED + NETWORK if network else PICKED
    parts = {
        "all": pd.Series("", planes.index),
        "visible": pd.cut(planes["visible"], [0.35, 0.5, 0.65, 0.8, 1], right=False),
        "shows": planes["continuity"].gt(0.8).map({True: "all round", False: "in part"}),
        "height (m)": pd.cut(2 * planes["amplitude_m"], [0, 0.25, 0.8, 2.5, 10], right=False),
    }
    measurements: list[dict[str, object]] = []
    for name, part in parts.items():
        shares = planes.groupby(["class", part.rename(name)], observed=True)[columns]
        table = shares.mean().assign(planes=shares.size())
        print(table.round(2), end="\n\n")
        parted = table.reset_index().rename(columns={name: "part"}).assign(by=name)
        measurements += parted.astype({"part": str}).to_dict("records")
    whole = planes[(parts["shows"] == "all round") & (planes["visible"] >= 0.65) & (planes["amplitude_m"] < 0.4)]
    print("visible 0.65 or more, all round, no taller than 0.8 m:")
    shares = whole.groupby("class")[columns]
    print(shares.mean().round(2).assign(planes=shares.size()))
    write_results(arguments.out, measurements, arguments.model if network else None)


if __name__ == "__main__":
    main()
