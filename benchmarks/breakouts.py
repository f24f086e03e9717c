"""Score the detector of breakouts and induced fractures on a real image and on simulated wells.

    python benchmarks/breakouts.py DATA [--first 1000] [--wells 72] [--out results/breakouts.json]

DATA holds `atv/` (acoustic amplitude with human picks) and `otv/` (optical televiewer, no breakout). A lobe agrees with
a human pick if the pick is within 15 degrees of its azimuth and within 10 cm of its depth range; the chance level turns
all lobes by one random angle, 1000 times. Simulated wells are 20 m long, of acoustic and electrical tools; each tool
meets four cases in turn: none, breakouts, induced fractures, both. `--first` is the first seed. Lobes of the truth
count that are 10 cm high, 10 degrees wide, measured to a third, and stand out by 0.2 of the image's contrast. A pair is
two lobes opposite each other; it is found, or right, if both of its lobes are: each overlaps another in depth, within
15 degrees. Induced fractures of the truth count where they are darker than the wall beside them by 0.15 of the
contrast; those on images of 35 % coverage (fms) or of few columns (lwd56) are counted apart. The width of a right lobe
is compared with that of the lobe of the truth that shares most of its height. Intervals are 95 %, from 1000 draws of
wells.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from results_file import add_out, write_results

if TYPE_CHECKING:
    from geobfdt.wells.image import WellImage

DEPTH_M = 0.10
AZIMUTH_DEG = 15.0
ROLLS = 1000
DRAWS = 1000
LENGTH_M = 20.0
TOOLS = ("fmi", "cmi", "atv", "atv", "fms", "lwd56")
MIN_HEIGHT_M = 0.10
MIN_WIDTH_DEG = 10.0
MIN_MEASURED = 0.3
MIN_CONTRAST = 0.2
MIN_LINE_CONTRAST = 0.15
# Groups of wells whose lobes are counted together.
GROUPS = {
    "breakout": {"without pads": ("atv", "lwd56"), "fmi, cmi": ("fmi", "cmi"), "fms": ("fms",)},
    "induced": {"fmi, cmi, atv": ("fmi", "cmi", "atv"), "fms, lwd56": ("fms", "lwd56")},
}
# Bounds of a width may be off by so much: a cell on either side.
WIDTH_SLACK_DEG = 10.0


def apart(first: Any, second: Any) -> Any:
    """Angle between directions (deg, 0 to 180)."""
    return np.abs((np.asarray(first) - np.asarray(second) + 180) % 360 - 180)


def agrees(lobes: pd.DataFrame, depth: Any, azimuth: Any) -> Any:
    """Which lobes (n,) agree with which picks (m,): array (n, m)."""
    top, base = (lobes[name].to_numpy(float)[:, None] for name in ("top_m", "base_m"))
    near = (np.asarray(depth) >= top - DEPTH_M) & (np.asarray(depth) <= base + DEPTH_M)
    return near & (apart(lobes["azimuth_app_deg"].to_numpy(float)[:, None], np.asarray(azimuth)) <= AZIMUTH_DEG)


def axis_of(azimuth: Any, weight: Any) -> float:
    """Mean axis (deg, 0 to 180)."""
    mean = (np.asarray(weight) * np.exp(2j * np.radians(np.asarray(azimuth)))).sum()
    return float(np.degrees(np.angle(mean)) / 2 % 180)


def real(data: Path, find: Any) -> dict[str, float]:
    """Scores on the acoustic image against the human picks with an opening, and lobes on the optical image."""
    sys.path.insert(0, str(Path(__file__).parent))
    from real import acoustic, optical

    human = pd.read_csv(data / "atv" / "atv_breakout_picks.csv")
    human = human[human["opening_deg"] > 0]
    lobes = find(acoustic(data))
    depth, azimuth = human["depth_m"].to_numpy(float), human["azimuth_deg"].to_numpy(float)
    hits = agrees(lobes, depth, azimuth)
    rng = np.random.default_rng(0)
    rolled = []
    for turn in rng.uniform(0, 360, ROLLS):
        rolled.append(int(agrees(lobes, depth, (azimuth + turn) % 360).any(axis=0).sum()))
    # Each pick by itself turned: what lobes of these heights would meet without any common direction.
    alone = [int(agrees(lobes, depth, rng.uniform(0, 360, depth.size)).any(axis=0).sum()) for _ in range(ROLLS)]
    agreeing = int(hits.any(axis=0).sum())
    height = (lobes["base_m"] - lobes["top_m"]).to_numpy(float)
    difference = axis_of(lobes["azimuth_app_deg"], height) - axis_of(azimuth, np.ones(depth.size))
    return {
        "picks": len(human), "found": agreeing, "lobes": len(lobes), "false": int((~hits.any(axis=1)).sum()),
        "axis_off_deg": abs((difference + 90) % 180 - 90),
        "rolled_mean": float(np.mean(rolled)), "rolled_z": (agreeing - np.mean(rolled)) / np.std(rolled),
        "turned_alone_mean": float(np.mean(alone)), "turned_alone_z": (agreeing - np.mean(alone)) / np.std(alone),
        "lobes_m": float(height.sum()), "otv_lobes": len(find(optical(data))),
    }  # fmt: skip


def simulated(seed: int) -> Any:
    """A simulated well of a seed. Each tool meets all four cases: none, breakouts, induced fractures, both."""
    from geobfdt.simulation.well import simulate_well
    from geobfdt.simulation.well_settings import draw

    rng = np.random.default_rng((77, seed))
    case = seed // len(TOOLS)
    damage = {"breakouts": 10.0 if case % 2 else 0.0, "induced": 10.0 if case % 4 >= 2 else 0.0}
    return simulate_well(draw(rng, tool=TOOLS[seed % len(TOOLS)], length=LENGTH_M, **damage), rng)


def visible(image: WellImage, lobe: Any) -> bool:
    """Whether a lobe of the truth is large, measured, and stands out against the wall beside it."""
    if lobe.base_m - lobe.top_m < MIN_HEIGHT_M or lobe.width_deg < MIN_WIDTH_DEG:
        return False
    depth, values = image["depth"].values, image["image"].values
    rows = (depth >= lobe.top_m) & (depth <= lobe.base_m)
    away = apart(image["azimuth"].values, lobe.azimuth_app_deg)
    half = lobe.width_deg / 2
    inside, beside = values[rows][:, away <= half], values[rows][:, (away > half + 12) & (away < half + 35)]
    if not inside.size or np.isfinite(inside).mean() < MIN_MEASURED or not np.isfinite(beside).any():
        return False
    low, high = np.nanpercentile(values[(depth > lobe.top_m - 5) & (depth < lobe.base_m + 5)], [1, 99])
    return bool((np.nanmean(beside) - np.nanmean(inside)) > MIN_CONTRAST * (high - low))


def pairs_of(lobes: pd.DataFrame) -> list[tuple[int, int]]:
    """Row numbers of each two lobes that are opposite each other over 8 cm."""
    rows = list(lobes[["top_m", "base_m", "azimuth_app_deg"]].itertuples(index=False, name=None))
    return [
        (j, i)
        for i, (top, base, azimuth) in enumerate(rows)
        for j, (other_top, other_base, other) in enumerate(rows[:i])
        if min(base, other_base) - max(top, other_top) >= 0.08 and apart(azimuth, other) > 150
    ]


def score(image: WellImage, truth: pd.DataFrame, lobes: pd.DataFrame, name: str) -> dict[str, Any]:
    """Counts of one class on one simulated well."""
    truth, lobes = truth[truth["class"] == name], lobes[lobes["class"] == name]

    def among(row: Any, others: pd.DataFrame) -> bool:
        """Whether a lobe lies on one of others."""
        return any(
            min(row.base_m, other.base_m) > max(row.top_m, other.top_m)
            and apart(row.azimuth_app_deg, other.azimuth_app_deg) <= AZIMUTH_DEG
            for other in others.itertuples()
        )

    clear = truth[
        np.array(
            [
                row.visible >= MIN_LINE_CONTRAST if name == "induced" else visible(image, row)
                for row in truth.itertuples()
            ],
            dtype=bool,
        )
    ]
    right = [among(row, truth) for row in lobes.itertuples()]
    recalled = [among(row, lobes) for row in clear.itertuples()]
    found_pairs, true_pairs = pairs_of(lobes), pairs_of(clear)
    return {
        "lobes": len(lobes), "right": sum(right), "clear": len(clear), "recalled": sum(recalled),
        "pairs": len(found_pairs), "pairs_right": sum(right[i] and right[j] for i, j in found_pairs),
        "true_pairs": len(true_pairs), "pairs_recalled": sum(recalled[i] and recalled[j] for i, j in true_pairs),
    }  # fmt: skip


def widths(truth: pd.DataFrame, lobes: pd.DataFrame) -> dict[str, Any]:
    """Errors of the widths of lobes that lie on a lobe of the truth, and whether bounds hold the true width."""
    truth, errors, bounded, held = truth[truth["class"] == "breakout"], [], 0, 0
    for lobe in lobes[lobes["class"] == "breakout"].itertuples():
        shared = np.minimum(truth["base_m"], lobe.base_m) - np.maximum(truth["top_m"], lobe.top_m)
        shared = shared.where(apart(truth["azimuth_app_deg"], lobe.azimuth_app_deg) <= AZIMUTH_DEG, -1.0)
        if not len(shared) or shared.max() <= 0:
            continue
        width = float(truth.loc[shared.idxmax(), "width_deg"])
        if np.isfinite(lobe.width_deg):
            errors.append(abs(lobe.width_deg - width))
        else:
            bounded += 1
            held += lobe.width_least_deg - WIDTH_SLACK_DEG <= width <= lobe.width_most_deg + WIDTH_SLACK_DEG
    return {"width_errors_deg": errors, "bounded": bounded, "bounds_right": held}


def interval(counts: list[dict[str, Any]], part: str, whole: str) -> str:
    """Share of two counts over wells, with its 95 % interval from wells drawn anew."""
    values = np.array([[row[part], row[whole]] for row in counts], dtype=float)
    drawn = values[np.random.default_rng(0).integers(len(values), size=(DRAWS, len(values)))].sum(axis=1)
    low, high = np.percentile(drawn[:, 0] / np.maximum(drawn[:, 1], 1), [2.5, 97.5])
    total = values.sum(axis=0)
    return f"{total[0] / max(total[1], 1):.2f} ({low:.2f} to {high:.2f}) of {total[1]:.0f}"


def summary(rows: list[dict[str, Any]]) -> list[str]:
    """Lines of the scores of simulated wells."""
    lines = []
    for name, groups in GROUPS.items():
        for group, tools in groups.items():
            part = [row for row in rows if row["name"] == name and row["tool"] in tools]
            lines.append(
                f"{name} on {group}: lobes precision {interval(part, 'right', 'lobes')}, recall "
                f"{interval(part, 'recalled', 'clear')}; pairs precision {interval(part, 'pairs_right', 'pairs')}, "
                f"recall {interval(part, 'pairs_recalled', 'true_pairs')}"
            )
            if name == "breakout":
                errors = [error for row in part for error in row["width_errors_deg"]]
                lines.append(
                    f"  widths: median error {np.median(errors) if errors else np.nan:.1f} degrees of {len(errors)}; "
                    f"bounds right {sum(row['bounds_right'] for row in part)} of {sum(row['bounded'] for row in part)}"
                )
        for without, names in (("any", ("breakout", "induced")), (name, (name,))):
            truth = {row["seed"] for row in rows if row["name"] in names and row["truth"]}
            bare = [row for row in rows if row["name"] == name and row["seed"] not in truth]
            metres, lobes = LENGTH_M * len(bare), sum(row["lobes"] for row in bare)
            pairs = sum(row["pairs"] for row in bare)
            lines.append(f"{name} in wells without {without}: {lobes} lobes, {pairs} pairs in {metres:.0f} m")
    return lines


def main() -> None:
    """Print the rows, and write them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--first", type=int, default=1000)
    parser.add_argument("--wells", type=int, default=72)
    add_out(parser)
    arguments = parser.parse_args()
    from geobfdt.picking.breakouts.find import find_breakouts

    row: dict[str, Any] = {"name": "real", **real(arguments.data, find_breakouts)}
    print(
        " ".join(
            f"{name} {value:.2f}" if isinstance(value, float) else f"{name} {value}" for name, value in row.items()
        )
    )
    rows = []
    for seed in range(arguments.first, arguments.first + arguments.wells):
        well = simulated(seed)
        lobes = find_breakouts(well.image)
        for name in ("breakout", "induced"):
            counts = score(well.image, well.breakouts, lobes, name)
            more = widths(well.breakouts, lobes) if name == "breakout" else {}
            truth = int((well.breakouts["class"] == name).sum())
            rows.append({"name": name, "seed": seed, "tool": well.settings.tool, "truth": truth, **counts, **more})
    print(*summary(rows), sep="\n")
    write_results(arguments.out, [row, *rows], model=None)


if __name__ == "__main__":
    main()
