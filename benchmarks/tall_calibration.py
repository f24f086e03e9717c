"""Fit the confidences of tall traces, which a detector has of an image whose depths are compressed.

    python benchmarks/tall_calibration.py --wells 240

Level wells of the stream that pretraining draws from, ordinary ones and layered ones, with seeds of their own. Picks of
the image itself are matched with the truth first, as they stay where both images show a plane. A tall trace is right if
a plane of its class that is still free lies within 5 cm (trace RMS). The fit is by Platt (1999), without a prior.
"""

from __future__ import annotations

import argparse

import numpy as np
import pandas as pd
from results_file import add_out, write_results

STREAM = 5_800_000  # Seed of the wells.
LENGTH_M, TOLERANCE_M, LEAST = 20.0, 0.05, 0.02
THRESHOLDS = (0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.44, 0.5, 0.6, 1.0)  # The last one leaves out all tall traces.
BINS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 1.0)


def outcomes(number: int, model: str) -> tuple[pd.DataFrame, dict[str, int]]:
    """Scales, classes, confidences and outcomes (NaN: not counted) of the picks of a well, and its planes by class."""
    from geobfdt.evaluation.counts import possible_pairs
    from geobfdt.evaluation.ranking import ranked_outcomes
    from geobfdt.evaluation.scope import gather
    from geobfdt.picking.picker import detector_of, pick_well
    from geobfdt.picking.tall_traces import join_tall, tall_picks
    from geobfdt.training.sources import draw_well

    deviation = float(np.random.default_rng([STREAM, number]).uniform(60, 95))
    appearance = "mixture" if number % 2 else None
    well = draw_well(STREAM, number, LENGTH_M, {"deviation": deviation}, appearance)
    detector = detector_of(well.image, model)
    own = pick_well(well.image, detector, tall=False).picks
    rows = np.full(well.image.sizes["depth"], True)
    both = join_tall(own.assign(scale="own"), tall_picks(well.image, rows, detector, LEAST).assign(scale="tall"))
    tall = both["scale"] == "tall"
    # Picks of the image itself take their planes first.
    ranked = both.assign(confidence=both["confidence"].where(tall, 1 + both["confidence"]))
    outcome, planes = np.full(len(both), np.nan), {}
    for group in gather(ranked, well.picks, well.intervals)[0] if len(well.picks) else []:
        if group.class_ in ("bedding", "fracture"):
            pairs = possible_pairs(group, group.best_kind, TOLERANCE_M)
            outcome[group.pick_rows] = ranked_outcomes(group, pairs, TOLERANCE_M)
            planes[group.class_] = int((~group.optional & group.truth_inside).sum())
    columns = ["scale", "class", "confidence", "right"]
    return both.assign(right=outcome)[columns].assign(look=appearance or "ordinary"), planes


def main() -> None:
    """Print shares of right picks and the fit of each class."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wells", type=int, default=240)
    parser.add_argument("--model", default="default")
    add_out(parser)
    arguments = parser.parse_args()
    from scipy.special import logit

    from geobfdt.evaluation.calibration import expected_calibration_error
    from geobfdt.picking.picker import detector_of
    from geobfdt.training.confidence_calibration import platt
    from geobfdt.wells.image import well_image

    calibration = detector_of(well_image(np.zeros((9, 9)), np.arange(9.0)), arguments.model).tall_calibration
    if calibration is None:
        raise SystemExit(f"{arguments.model}: its preset looks for no tall traces")
    tables, planes = zip(*(outcomes(number, arguments.model) for number in range(arguments.wells)), strict=True)
    every = pd.concat(tables).dropna()
    table = every[every["scale"] == "tall"]
    rows: list[dict[str, object]] = []
    for name in calibration:
        part, count = every[every["class"] == name], sum(one.get(name, 0) for one in planes)
        scores = {}
        for threshold in THRESHOLDS:
            shown = part[(part["scale"] == "own") | (part["confidence"] >= threshold)]
            scores[threshold] = float(2 * shown["right"].sum() / (len(shown) + count))
        rows.append({"look": "all", "class": name, "planes": count, "f1_by_threshold": scores})
        print(f"{name:9s} {count} planes, F1 5 cm by threshold", {at: round(f1, 4) for at, f1 in scores.items()})
    for (look, name), part in [*table.groupby(["look", "class"]), *table.assign(look="all").groupby(["look", "class"])]:
        error = expected_calibration_error(part["confidence"], part["right"])
        slope, intercept, _ = calibration[name]
        before = (logit(part["confidence"].to_numpy(float)) - intercept) / slope
        fitted = np.round(platt(before, part["right"].to_numpy(float)), 2).tolist()
        rows.append(
            {"look": look, "class": name, "n": len(part), "right": float(part["right"].mean()), "ece": error,
             "slope": fitted[0], "intercept": fitted[1]}
        )  # fmt: skip
        shares = part.groupby(pd.cut(part["confidence"], BINS), observed=True)["right"].agg(["mean", "size"])
        text = ", ".join(f"{at}: {row['mean']:.2f} of {row['size']:.0f}" for at, row in shares.iterrows())
        print(f"{look:9s} {name:9s} n {len(part):5d}  ECE {error:.3f}  fit {fitted}  right by confidence {text}")
    write_results(arguments.out, rows, arguments.model)


if __name__ == "__main__":
    main()
