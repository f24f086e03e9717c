"""Score a network on simulated appearances (looks): ordinary wells, layered rock, and two that training never draws.

    python benchmarks/looks.py --out results/looks.json
    python benchmarks/looks.py --model MODEL --leave-out helical

F1 is by trace RMS beside the mean of 50 circular depth shifts; ECE is that of the bundle's own confidences. With
`--leave-out`, confidences are calibrated anew on wells of all looks but that one, and scored on that one: this measures
the calibration on an unknown look.
"""

from __future__ import annotations

import argparse

from results_file import add_out, write_results

SEED = 5_500_000  # A stream that nothing is trained, chosen or calibrated on.


def main() -> None:
    """Print one row a look and class."""
    from geobfdt.simulation.layered import HELD_OUT_APPEARANCES, LayeredAppearance

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="default")
    parser.add_argument("--wells", type=int, default=16, help="of each look")
    parser.add_argument("--length", type=float, default=12.0, help="of a well (m)")
    parser.add_argument("--leave-out", choices=HELD_OUT_APPEARANCES)
    add_out(parser)
    arguments = parser.parse_args()
    import pandas as pd

    import geobfdt
    from geobfdt.evaluation.calibration import calibrate
    from geobfdt.model.registry import load_model
    from geobfdt.training.confidence_calibration import calibrate_bundle, pick_all
    from geobfdt.training.pretraining import calibration_wells
    from geobfdt.training.sources import draw_well

    bundle = load_model(arguments.model)
    appearances: list[LayeredAppearance | None] = [None, "mixture", *HELD_OUT_APPEARANCES]
    if arguments.leave_out:
        appearances = [arguments.leave_out]
        bundle = calibrate_bundle(
            bundle, calibration_wells([one for one in HELD_OUT_APPEARANCES if one != arguments.leave_out])
        )
    rows: list[dict[str, object]] = []
    for appearance in appearances:
        wells = [
            draw_well(SEED, i, arguments.length, {"well": f"{appearance}-{i}"}, appearance)
            for i in range(arguments.wells)
        ]  # fmt: skip
        picks = pick_all(bundle, wells)
        truth, ignored = (pd.concat([well[k] for well in wells], ignore_index=True) for k in (1, 2))
        table = geobfdt.evaluate(picks, truth, ignored).table().query("kind == 'trace'")
        trust = calibrate(picks, truth, ignored).summary.set_index("class")["ece"]
        for name in ("bedding", "fracture"):
            part = table[table["class"] == name].set_index("tolerance_m")
            if not len(part) or not part.loc[0.05, "n_truth"]:
                continue
            row: dict[str, object] = {
                "look": appearance or "ordinary",
                "class": name,
                "ece": float(trust.get(name, 0.0)),
            }
            for tolerance in (0.03, 0.05):
                one, unit = part.loc[tolerance], f"{100 * tolerance:.0f}cm"
                row |= {f"{key}_{unit}": float(one[key]) for key in ("f1", "f1_lo", "f1_hi", "null_f1", "z")}
            row |= {"planes": int(part.loc[0.05, "n_truth"]), "precision_5cm": float(part.loc[0.05, "precision"])}
            rows.append(row)
            print(
                f"{row['look']:12s} {name:9s} F1 3 cm {row['f1_3cm']:.2f} ({row['f1_lo_3cm']:.2f}-"
                f"{row['f1_hi_3cm']:.2f}, null {row['null_f1_3cm']:.2f})  5 cm {row['f1_5cm']:.2f} "
                f"(null {row['null_f1_5cm']:.2f}, z {row['z_5cm']:.0f})  ECE {row['ece']:.3f}  planes {row['planes']}",
                flush=True,
            )
    write_results(arguments.out, rows, arguments.model)


if __name__ == "__main__":
    main()
