"""Compare mended picks with those before a mistake was made in them, and count changes of sound wells.

    python benchmarks/mending.py --wells 20 --length 40 --seed 5000 --out results/mending.json

Each simulated well is mended as its interpreter left it, and once with each mistake. Mended picks are compared with the
interpreter's own, before the mistake: they are right within 1 cm and 1 degree. A finding that is not certain is left.
"""

from __future__ import annotations

import argparse

import numpy as np
import pandas as pd
from audit import MISTAKES, bare, deviates, turned
from results_file import add_out, write_results

from geobfdt.quality.mending import mend
from geobfdt.simulation.well import simulate_well
from geobfdt.simulation.well_settings import draw
from geobfdt.wells.picks import complete

MAX_DEPTH_M, MAX_TURN_DEG = 0.01, 1.0

SPOILERS = {name: mistake[0] for name, mistake in MISTAKES.items() if name != "amplitude times 1.25"}
SPOILERS |= {
    "shifted by 30 cm": lambda p: bare(p).assign(depth_m=p["depth_m"] - 0.3),
    "mirrored, shifted by 30 cm": lambda p: turned(bare(p), 0, mirror=True).assign(depth_m=p["depth_m"] - 0.3),
    "3 rows twice": lambda p: pd.concat([bare(p), bare(p)[:3]]),
}


def error(mended: pd.DataFrame, sound: pd.DataFrame) -> tuple[float, float]:
    """Largest error of depth (m), and of azimuth (deg) where a plane dips by 5 degrees or more."""
    if len(mended) != len(sound):
        return np.inf, np.inf
    depth = np.abs(mended["depth_m"].to_numpy() - sound["depth_m"].to_numpy()).max()
    turn = (mended["azimuth_app_deg"].to_numpy() - sound["azimuth_app_deg"].to_numpy() + 180) % 360 - 180
    steep = sound["dip_app_deg"].to_numpy() >= 5
    return float(depth), float(np.abs(turn[steep]).max(initial=0.0))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wells", type=int, default=20)
    parser.add_argument("--length", type=float, default=40.0)
    parser.add_argument("--seed", type=int, default=3000)
    add_out(parser)
    args = parser.parse_args()
    rows = []
    for seed in range(args.seed, args.seed + args.wells):
        rng = np.random.default_rng(seed)
        well = simulate_well(draw(rng, length=args.length), rng)
        for name, spoil in SPOILERS.items():
            if not len(well.picks) or (name.startswith("true for") and not deviates(well.image)):
                continue
            sound, _ = complete(bare(well.picks), well.image)
            result = mend(well.image, spoil(well.picks), well.intervals)
            depth, turn = error(complete(result.picks, well.image)[0], sound)
            kinds = [change.kind for change in result.changes]
            right = bool(kinds) and depth <= MAX_DEPTH_M and turn <= MAX_TURN_DEG
            again = {f.kind for f in result.after.findings} & set(kinds)
            row = {
                "seed": seed, "tool": well.image.attrs["tool"], "mistake": name, "changes": ", ".join(kinds),
                "right": right, "depth_error_m": depth, "azimuth_error_deg": turn, "found_again": bool(again),
            }  # fmt: skip
            rows.append(row)
            why = "; ".join(f"{f.observed[:24]}.. {f.action}" for f in result.unmended)
            print(
                f"{seed} {row['tool']:6} {name:26} {row['changes'] or '-':24} {depth:7.4f} {turn:6.2f}  {why}",
                flush=True,
            )
    table = pd.DataFrame(rows)
    print(f"\n{'mistake':26} wells changed right  within 2 cm and 2 deg  found again")
    summary = []
    for name in SPOILERS:
        mine = table[table["mistake"] == name]
        changed = mine[mine["changes"] != ""]
        near = (
            (changed["depth_error_m"] <= 2 * MAX_DEPTH_M) & (changed["azimuth_error_deg"] <= 2 * MAX_TURN_DEG)
        ).sum()
        counts = {
            "mistake": name, "wells": len(mine), "changed": len(changed), "right": int(changed["right"].sum()),
            "near": int(near), "found_again": int(changed["found_again"].sum()),
        }  # fmt: skip
        summary.append(counts)
        print(f"{name:26} {len(mine):5} {len(changed):7} {counts['right']:5} {near:22} {counts['found_again']:12}")
    write_results(args.out, summary, None)


if __name__ == "__main__":
    main()
