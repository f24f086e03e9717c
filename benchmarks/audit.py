"""How often the audit finds a mistake that is made in an interpreter's picks, and how often it gives a false alarm.

    python benchmarks/audit.py --wells 20 --length 40 --seed 5000 --out results/audit.json

Each simulated well is audited as its interpreter left it (unpicked stretches included: finding those is right), and
once with each mistake. A mistake is found if its finding is there with the right size; a finding of depth, azimuth or
dip that was not put there is a false alarm.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np
import pandas as pd
from results_file import add_out, write_results

from geobfdt.quality.image_checks import check_image
from geobfdt.quality.label_audit import Audit, audit
from geobfdt.simulation.well import simulate_well
from geobfdt.simulation.well_settings import draw
from geobfdt.wells.image import WellImage
from geobfdt.wells.picks import new_picks

GEOMETRY = ("depth-shift", "depth-drift", "depth-step", "azimuth-mirrored", "azimuth-rotated", "azimuth-reference")
GEOMETRY += ("true-for-apparent", "apparent-for-true", "diameter-scale")


def bare(picks: pd.DataFrame) -> pd.DataFrame:
    """Picks with depth and trace alone, so that a mistake is not contradicted by the true dips beside it."""
    columns = ("well", "depth_m", "class", "amplitude_m", "azimuth_app_deg", "diameter_m", "reference", "status")
    return new_picks(**{("class_" if n == "class" else n): picks[n].to_numpy() for n in columns})


def turned(picks: pd.DataFrame, turn: float, mirror: bool = False) -> pd.DataFrame:
    """Picks with azimuths counted the other way round, or turned."""
    azimuth = picks["azimuth_app_deg"] * (-1 if mirror else 1) + turn
    return picks.assign(azimuth_app_deg=azimuth % 360)


def true_for_apparent(picks: pd.DataFrame) -> pd.DataFrame:
    """True dips in the apparent columns."""
    return new_picks(
        well=picks["well"].to_numpy(), depth_m=picks["depth_m"].to_numpy(), class_=picks["class"].to_numpy(),
        dip_app_deg=picks["dip_true_deg"].to_numpy(), azimuth_app_deg=picks["azimuth_true_deg"].to_numpy(),
    )  # fmt: skip


def near(value: float, target: float, within: float) -> bool:
    """Whether a number came back."""
    return abs(value - target) <= within


Mistake = tuple[Callable[[pd.DataFrame], pd.DataFrame], str, Callable[[Audit], bool]]
MISTAKES: dict[str, Mistake] = {
    "as picked": (bare, "", lambda _: True),
    "shifted by 5 cm": (
        lambda p: bare(p).assign(depth_m=p["depth_m"] - 0.05),
        "depth-shift",
        lambda a: near(a.alignment.shift, 0.05, 0.01),
    ),
    "stretched by 1 m in 100": (
        lambda p: bare(p).assign(depth_m=p["depth_m"] - 0.01 * (p["depth_m"] - p["depth_m"].mean())),
        "depth-drift",
        lambda a: near(a.alignment.slope, 1.0, 0.15),
    ),
    "mirrored": (lambda p: turned(bare(p), 0, mirror=True), "azimuth-mirrored", lambda a: near(a.turn, 0, 6)),
    "half a turn": (lambda p: turned(bare(p), 180), "azimuth-rotated", lambda a: near(abs(a.turn), 180, 6)),
    "strike for dip direction": (lambda p: turned(bare(p), -90), "azimuth-rotated", lambda a: near(a.turn, 90, 6)),
    "turned by 25 deg": (lambda p: turned(bare(p), -25), "azimuth-rotated", lambda a: near(a.turn, 25, 6)),
    "amplitude times 1.25": (
        lambda p: bare(p).assign(amplitude_m=1.25 * p["amplitude_m"].to_numpy()),
        "diameter-scale",
        lambda a: near(a.scale, 0.8, 0.05),
    ),
    "true for apparent": (true_for_apparent, "true-for-apparent", lambda _: True),
}


def deviates(image: WellImage) -> bool:
    """Whether true and apparent dips differ enough to be told apart."""
    return bool(np.nanmedian(image["deviation"].values) > 15)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wells", type=int, default=20)
    parser.add_argument("--length", type=float, default=40.0)
    parser.add_argument("--seed", type=int, default=3000)
    add_out(parser)
    args = parser.parse_args()
    counts = {name: np.zeros(4, dtype=int) for name in MISTAKES}
    print(f"{'well':>5} {'tool':8} {'deviation':>9} {'picks':>5}  image checks; audit as picked")
    for i in range(args.wells):
        rng = np.random.default_rng(args.seed + i)
        simulated = simulate_well(draw(rng, length=args.length), rng)
        image, picks = simulated.image, simulated.picks
        quality = sorted({f.kind for f in check_image(image)})
        for name, (spoil, kind, right) in MISTAKES.items():
            if len(picks) == 0 or (kind == "true-for-apparent" and not deviates(image)):
                continue
            result = audit(image, spoil(picks), simulated.intervals)
            kinds = {f.kind for f in result.findings}
            # In a straight hole another reference line is a turn by another name.
            names = {kind, "azimuth-reference"} if kind == "azimuth-rotated" else {kind}
            detected = bool(names & kinds) and right(result)
            unsure = not detected and any(k.endswith("cannot-tell") for k in kinds)
            counts[name] += [1, detected, unsure, bool((kinds & set(GEOMETRY)) - names)]
            if not kind:
                deviation = float(np.nanmedian(image["deviation"].values))
                line = f"{args.seed + i:5} {image.attrs['tool'][:8]:8} {deviation:9.0f} {len(picks):5}  "
                print(line + f"{', '.join(quality) or '-'}; {', '.join(sorted(kinds)) or '-'}", flush=True)
    print(f"\n{'mistake':26} wells  found  cannot tell  other depth, azimuth or dip finding")
    for name, (wells, detected, unsure, wrong) in counts.items():
        print(f"{name:26} {wells:5}  {detected if MISTAKES[name][1] else '-':>5}  {unsure:11}  {wrong:5}")
    columns = ("wells", "detected", "cannot_tell", "other")
    rows = [{"mistake": name, **dict(zip(columns, count, strict=True))} for name, count in counts.items()]
    write_results(args.out, rows, None)


if __name__ == "__main__":
    main()
