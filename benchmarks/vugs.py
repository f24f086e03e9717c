"""Score the finder of vugs on simulated wells into which vugs are painted.

    python benchmarks/vugs.py [--first 100] [--wells 12] [--out results/vugs.json]

The wells are simulated without spots of their own: rock, beds, fractures, pads and flaws of six tools, 8 m each. Vugs
are ellipses of known centre, axes and orientation, which are painted on the finished image, blurred as a button blurs
them, 6 to 14 standard deviations of the texture dark. The planes to leave out are those of the truth. An object agrees
with a vug if the distance of their centres on the wall is less than the larger of their radii, one to one. Vugs count
that cover 8 pixels and are measured by half; those of which half lies within 12 mm of a trace or within two columns of
a gap are optional. The chance level counts the same objects, all moved by one random depth and one random azimuth, ten
times. Intervals are 95 %, from wells drawn anew. A second run paints no vugs: what is then found are planes, edges and
texture.
"""

from __future__ import annotations

import argparse
import json
from typing import Any

import numpy as np
import pandas as pd
from results_file import add_out, write_results
from scipy import ndimage
from scipy.optimize import linear_sum_assignment
from scipy.spatial import cKDTree

LENGTH_M = 8.0
TOOLS = ("fmi", "cmi", "atv", "fms", "otv", "fmi")
BLUR_M = 0.002
SHIFTS, DRAWS = 10, 2000
MIN_PIXELS, MIN_MEASURED, TRACE_M, EDGE_COLUMNS = 8, 0.5, 0.012, 2


def base_well(seed: int) -> Any:
    """A simulated well without spots, breakouts and induced fractures."""
    from geobfdt.simulation.well import simulate_well
    from geobfdt.simulation.well_settings import draw

    rng = np.random.default_rng((55, seed))
    settings = draw(rng, tool=TOOLS[seed % len(TOOLS)], length=LENGTH_M, breakouts=0.0, induced=0.0)
    geology = settings.geology.model_copy(update={"spots": 0.0})
    return simulate_well(settings.model_copy(update={"geology": geology}), rng)


def beside(image: Any, planes: pd.DataFrame) -> Any:
    """The pixels near the trace of a plane, by the distance to many points of it, or beside a gap."""
    depth, angle = image["depth"].values, image["azimuth"].values
    radius = float(np.nanmedian(image["diameter"].values)) / 2
    t = np.radians(np.arange(-30, 390, 0.25))
    points = [
        np.stack(
            [row.depth_m + row.amplitude_m * np.cos(t - np.radians(np.nan_to_num(row.azimuth_app_deg))), t * radius], -1
        )
        for row in planes.itertuples()
    ]
    grid = np.stack(np.meshgrid(depth, np.radians(angle) * radius, indexing="ij"), -1).reshape(-1, 2)
    near = np.zeros((depth.size, angle.size), dtype=bool)
    if points:
        distance = cKDTree(np.concatenate(points)).query(grid, distance_upper_bound=TRACE_M)[0]
        near = np.isfinite(distance).reshape(near.shape)
    gap = ~np.isfinite(image["image"].values)
    for shift in range(-EDGE_COLUMNS, EDGE_COLUMNS + 1):
        near |= np.roll(gap, shift, axis=1)
    return near


def painted(image: Any, planes: pd.DataFrame, rng: np.random.Generator, density: float) -> tuple[Any, pd.DataFrame]:
    """The image with vugs, and their truth: depth, azimuth, area, aspect, orientation, and whether they count."""
    depth, angle = image["depth"].values, image["azimuth"].values
    radius = float(np.nanmedian(image["diameter"].values)) / 2
    pixels = image["image"].values.astype(float)
    mask = np.isfinite(pixels)
    step, arc = float(np.median(np.diff(depth))), 2 * np.pi * radius / angle.size
    # Texture and all: what differs from the median of 10 cm and 45 degrees.
    size = (max(round(0.10 / step), 1), max(round(angle.size / 8), 1))
    residual = pixels - ndimage.uniform_filter(np.nan_to_num(pixels, nan=np.nanmedian(pixels)), size, mode="wrap")
    noise = 1.4826 * float(np.nanmedian(np.abs(residual[mask] - np.median(residual[mask]))))
    count = rng.poisson(density * 2 * np.pi * radius * (depth[-1] - depth[0]))
    rows, cover, near = [], np.zeros(pixels.shape), beside(image, planes)
    x = np.radians(angle) * radius
    for _ in range(count):
        diameter = float(np.exp(rng.normal(np.log(0.018), 0.45)).clip(0.006, 0.07))
        aspect, tilt = float(np.exp(abs(rng.normal(0, 0.35)))), float(rng.uniform(-90, 90))
        z0, x0 = float(rng.uniform(depth[0] + 0.1, depth[-1] - 0.1)), float(rng.uniform(0, 2 * np.pi * radius))
        contrast = float(rng.uniform(6, 14))
        dz = depth[:, None] - z0
        dx = (x[None, :] - x0 + np.pi * radius) % (2 * np.pi * radius) - np.pi * radius
        along = dz * np.cos(np.radians(tilt)) + dx * np.sin(np.radians(tilt))
        aside = -dz * np.sin(np.radians(tilt)) + dx * np.cos(np.radians(tilt))
        half = diameter / 2 * np.sqrt(aspect), diameter / 2 / np.sqrt(aspect)
        inside = (along / half[0]) ** 2 + (aside / half[1]) ** 2 <= 1
        if (cover[inside] > 0).any():
            continue
        cover = np.where(inside, contrast, cover)
        visible = (inside & mask).sum()
        rows.append({
            "depth_m": z0, "azimuth_app_deg": np.degrees(x0 / radius), "diameter_m": diameter, "aspect": aspect,
            "orientation_deg": tilt, "area_mm2": 1e6 * visible * step * arc, "pixels": int(inside.sum()),
            "measured": visible / max(inside.sum(), 1), "contrast": contrast,
            "beside": float(near[inside & mask].mean()) if visible else 1.0,
        })  # fmt: skip
    blurred = ndimage.gaussian_filter(cover, (BLUR_M / step, BLUR_M / arc), mode=("nearest", "wrap"))
    sign = 1.0 if image.attrs["dark"] == "high" else -1.0
    painted_image = image.assign(image=(("depth", "azimuth"), (pixels + sign * noise * blurred).astype(np.float32)))
    return painted_image, pd.DataFrame(rows)


def matched(vugs: pd.DataFrame, truth: pd.DataFrame, radius: float) -> list[tuple[int, int]]:
    """Pairs (found, true) whose centres are nearer than the larger of their radii."""
    if not len(vugs) or not len(truth):
        return []
    dz = vugs["depth_m"].to_numpy()[:, None] - truth["depth_m"].to_numpy()
    turn = (vugs["azimuth_app_deg"].to_numpy()[:, None] - truth["azimuth_app_deg"].to_numpy() + 180) % 360 - 180
    reach = np.maximum(vugs["diameter_mm"].to_numpy()[:, None] / 2e3, truth["diameter_m"].to_numpy() / 2)
    distance = np.hypot(dz, np.radians(turn) * radius) / reach
    rows, columns = linear_sum_assignment(np.minimum(distance, 1e3))
    return [(r, c) for r, c in zip(rows, columns, strict=True) if distance[r, c] < 1]


def moved(vugs: pd.DataFrame, depth: Any, rng: np.random.Generator) -> pd.DataFrame:
    """The same objects, all moved by one random depth and one random azimuth."""
    length = float(depth[-1] - depth[0])
    along = (vugs["depth_m"] - depth[0] + rng.uniform(0.1, 0.9) * length) % length + depth[0]
    return vugs.assign(depth_m=along, azimuth_app_deg=(vugs["azimuth_app_deg"] + rng.uniform(0, 360)) % 360)


def score(seed: int) -> dict[str, Any]:
    """Counts and areas of a well, with vugs and without."""
    from geobfdt.picking.vugs import find_vugs

    well = base_well(seed)
    picks = well.truth
    rng = np.random.default_rng((56, seed))
    radius = float(np.nanmedian(well.image["diameter"].values)) / 2
    image, truth = painted(well.image, picks, rng, float(rng.choice([15.0, 40.0, 80.0])))
    counted = (truth["pixels"] >= MIN_PIXELS) & (truth["measured"] >= MIN_MEASURED) & (truth["beside"] <= 0.5)
    result, empty = find_vugs(image, picks), find_vugs(well.image, picks)
    pairs = matched(result.table, truth, radius)
    hits = [pair for pair in pairs if counted.iloc[pair[1]]]
    chance = [matched(moved(result.table, image["depth"].values, rng), truth, radius) for _ in range(SHIFTS)]
    searched = float(result.tracks["searched_m2"].sum())
    depth, turn = well.image["depth"].values, well.image.sizes["azimuth"]
    wall = np.isfinite(well.image["image"].values).sum() * float(np.median(np.diff(depth))) * 2 * np.pi * radius / turn
    share = float(result.table["area_mm2"].sum()) * 1e-6 / searched
    return {
        "seed": seed, "tool": str(well.image.attrs["tool"]), "vugs": int(counted.sum()), "objects": len(result.table),
        "hits": len(hits), "optional": len(pairs) - len(hits),
        "chance_hits": sum(counted.iloc[c] for pairs in chance for _, c in pairs) / SHIFTS,
        "chance_optional": sum(not counted.iloc[c] for pairs in chance for _, c in pairs) / SHIFTS,
        # Shares of the wall, in the truth and as found.
        "share_true_pct": 100 * float(truth["area_mm2"].sum()) * 1e-6 / wall, "share_pct": 100 * share,
        "area_true_m2": float(truth["area_mm2"].sum()) * 1e-6,
        "area_found_m2": float(result.table["area_mm2"].sum()) * 1e-6,
        "area_empty_m2": float(empty.table["area_mm2"].sum()) * 1e-6, "empty_objects": len(empty.table),
        "searched_m2": searched, "measured_m2": wall,
    }  # fmt: skip


def f1(total: Any, kind: str = "") -> Any:
    """F1 of counts, found or by chance: twice the hits over objects that count and vugs."""
    hits = total[f"{kind}hits"]
    return 2 * hits / (total["objects"] - total[f"{kind}optional"] + total["vugs"]).clip(1)


def summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """F1 beside its chance level, area and false area over all wells."""
    table = pd.DataFrame(rows)
    total = table.sum(numeric_only=True)
    counted = total["objects"] - total["optional"]
    names = ["hits", "optional", "chance_hits", "chance_optional", "objects", "vugs"]
    draws = np.random.default_rng(0).integers(len(table), size=(DRAWS, len(table)))
    drawn = pd.DataFrame(table[names].to_numpy(float)[draws].sum(axis=1), columns=names)
    intervals = {
        f"{kind}f1_interval": [float(value) for value in np.percentile(f1(drawn, kind), [2.5, 97.5])]
        for kind in ("", "chance_")
    }
    return {
        "precision": total["hits"] / max(counted, 1), "recall": total["hits"] / max(total["vugs"], 1),
        "f1": float(f1(total.to_frame().T).iloc[0]), "chance_f1": float(f1(total.to_frame().T, "chance_").iloc[0]),
        **intervals,
        "share_true_pct": 100 * total["area_true_m2"] / total["measured_m2"],
        "share_pct": 100 * total["area_found_m2"] / total["searched_m2"],
        "false_share_of_vug_area_pct": 100 * total["area_empty_m2"] / total["area_true_m2"],
        "false_share_of_wall_pct": 100 * total["area_empty_m2"] / total["searched_m2"],
    }  # fmt: skip


def main() -> None:
    """Run, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--first", type=int, default=100, help="first seed")
    parser.add_argument("--wells", type=int, default=12, help="number of wells")
    add_out(parser)
    options = parser.parse_args()
    rows = []
    for seed in range(options.first, options.first + options.wells):
        rows.append(score(seed))
        print(" ".join(f"{k}={v:.4g}" if isinstance(v, float) else f"{k}={v}" for k, v in rows[-1].items()), flush=True)
    print(json.dumps(summary(rows), indent=1))
    write_results(options.out, rows, model=None)


if __name__ == "__main__":
    main()
