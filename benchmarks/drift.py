"""How often drift is detected in changed wells, and in unchanged ones.

    python benchmarks/drift.py --fields 20 --wells 10 --seed 600 --table drift.csv --out results/drift.json
    python benchmarks/drift.py --read drift.csv

A field is eight wells of 20 m of one geology, logged with one tool and processed one way: they are the reference, with
the picks of the shipped weights. Its test wells of 10 m are one more well of the same kind each
(`none`: every alarm is false), the same image spoilt in a known way, a well of the same rock logged with another
tool, and a well of other rock logged with the same. Thresholds were set with `--fields 5 --wells 10 --seed 500`.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from results_file import add_out, write_results
from scipy.ndimage import gaussian_filter1d

from geobfdt.model.bundle import Bundle, load_bundle
from geobfdt.picking.drift import ABSTAIN, WATCH, DriftReference, judge_zones, measure_zones
from geobfdt.picking.network_detector import NetworkDetector
from geobfdt.picking.picker import pick_with_findings
from geobfdt.simulation.geology import draw_geology, vary_geology
from geobfdt.simulation.tools import TOOLS
from geobfdt.simulation.well import simulate_well
from geobfdt.simulation.well_settings import draw
from geobfdt.wells.image import WellImage

HOME = 8
SHARED = ("tool", "row_spacing", "columns", "diameter", "static", "clip", "quantised", "dynamic_window", "reference")

Pixels = np.ndarray


def _noise(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """As much noise as there is contrast."""
    return pixels + rng.normal(0, np.nanstd(pixels), pixels.shape).astype(pixels.dtype)


def _blurred(pixels: Pixels, _: np.random.Generator) -> Pixels:
    """Smeared over 5 degrees and as many rows."""
    measured = np.isfinite(pixels)
    width = max(pixels.shape[1] / 72, 1.0)
    filled = np.where(measured, pixels, np.nanmedian(pixels))
    return np.where(measured, gaussian_filter1d(gaussian_filter1d(filled, width, 0), width, 1, mode="wrap"), np.nan)


def _lost(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """A quarter of the turn is not measured."""
    columns = pixels.shape[1]
    at = (rng.integers(columns) + np.arange(columns // 4)) % columns
    changed = pixels.copy()
    changed[:, at] = np.nan
    return changed


def _dead(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Every tenth column stuck at a value of its own."""
    changed = pixels.copy()
    columns = rng.choice(pixels.shape[1], max(pixels.shape[1] // 10, 1), replace=False)
    low, high = np.nanquantile(pixels, [0.02, 0.98])
    for column, value in zip(columns, rng.uniform(low, high, len(columns)), strict=True):
        changed[np.isfinite(pixels[:, column]), column] = value
    return changed


SPOILT: dict[str, tuple[str, Callable[[Pixels, np.random.Generator], Pixels]]] = {
    "polarity": ("bright and dark exchanged", lambda x, _: np.nanmax(x) + np.nanmin(x) - x),
    "range": ("values 0 to 15", lambda x, _: np.round(15 * (x - np.nanmin(x)) / (np.nanmax(x) - np.nanmin(x)))),
    "noise": (_noise.__doc__ or "", _noise),
    "blur": (_blurred.__doc__ or "", _blurred),
    "lost pad": (_lost.__doc__ or "", _lost),
    "dead buttons": (_dead.__doc__ or "", _dead),
}


def measured(bundle: Bundle, image: WellImage) -> pd.DataFrame:
    """Zones of a well with the bundle's own picks."""
    return measure_zones(image, pick_with_findings(image, NetworkDetector.of(bundle, image), tall=False)[0])


def run(fields: int, wells: int, seed: int, out: Path) -> None:
    """Simulate, pick and measure; a row a zone, appended field by field, so that it can be stopped."""
    bundle = load_bundle()
    fields_done = set(pd.read_csv(out)["field"]) if out.exists() else set()
    for field in range(seed, seed + fields):
        if field in fields_done:
            continue
        rng = np.random.default_rng((field, 77))
        geology = draw_geology(rng)
        tool = list(TOOLS)[field % len(TOOLS)]
        other_tool = str(rng.choice([name for name in TOOLS if name != tool]))
        settings = draw(rng, tool=tool, deviation=float(rng.uniform(0, 40)))
        shared = {name: getattr(settings, name) for name in SHARED} | {"deviation": settings.deviation}
        parts = []

        def add(kind: str, well: int, image: WellImage, parts: list[pd.DataFrame] = parts, field: int = field) -> None:
            parts.append(measured(bundle, image).assign(field=field, kind=kind, well=well))

        for number in range(HOME + wells):
            noise_rng = np.random.default_rng((field, number))
            rock = vary_geology(geology, noise_rng)
            length = 20.0 if number < HOME else 10.0
            image = simulate_well(draw(noise_rng, geology=rock, length=length, **shared), noise_rng).image
            add("home" if number < HOME else "none", number, image)
            if number < HOME:
                continue
            for kind, (_, spoil) in SPOILT.items():
                pixels = image["image"].values
                changed = spoil(pixels, noise_rng)
                if settings.quantised:  # as the field's files have it: the steps are not what is to be found
                    changed = np.round(changed)
                changed = changed.astype(pixels.dtype)
                add(kind, number, image.assign(image=(image["image"].dims, changed)))
            thin = image.isel(depth=slice(None, None, 3))
            add("coarse rows", number, thin)
            away = {"tool": other_tool, "deviation": settings.deviation, "reference": settings.reference}
            add(
                "other tool", number, simulate_well(draw(noise_rng, geology=rock, length=10.0, **away), noise_rng).image
            )
            strange = draw_geology(noise_rng)
            add(
                "other rock",
                number,
                simulate_well(draw(noise_rng, geology=strange, length=10.0, **shared), noise_rng).image,
            )
        table = pd.concat(parts, ignore_index=True)
        table.to_csv(out, mode="a", header=not out.exists(), index=False)
        print(f"field {field}: {tool}, {len(table)} zones", flush=True)


def judged(table: pd.DataFrame, wells: int = HOME) -> pd.DataFrame:
    """Largest distance and its reason for every test well, against the first so many wells of its own field."""
    rows = []
    table = table[(table["kind"] != "home") | (table["well"] < wells)]
    for field, part in table.groupby("field"):
        home, rest = part[part["kind"] == "home"], part[part["kind"] != "home"]
        states = judge_zones(rest, DriftReference.of(home, home["well"].nunique()))
        rows.append(states.assign(kind=rest["kind"].to_numpy(), well=rest["well"].to_numpy(), field=field))
    return pd.concat(rows, ignore_index=True)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fields", type=int, default=20)
    parser.add_argument("--wells", type=int, default=10)
    parser.add_argument("--seed", type=int, default=600)
    parser.add_argument("--table", type=Path, default=Path("drift.csv"), help="file of the zones")
    parser.add_argument("--read", type=Path)
    add_out(parser)
    args = parser.parse_args()
    if args.read is None:
        run(args.fields, args.wells, args.seed, args.table)
    states = judged(pd.read_csv(args.read or args.table))
    wells = states.groupby(["kind", "field", "well"]).agg(far=("distance", "max")).reset_index()
    for count in (1, 2, 4, HOME):
        few = judged(pd.read_csv(args.read or args.table), count)
        far = few[few["kind"] == "none"].groupby(["field", "well"])["distance"].max()
        noisy = few[few["kind"] == "noise"].groupby(["field", "well"])["distance"].max()
        print(
            f"{count} wells known: false watch {((far > WATCH) & (far <= ABSTAIN)).mean():.2f}, "
            f"false abstain {(far > ABSTAIN).mean():.2f}; noise seen {(noisy > WATCH).mean():.2f}"
        )
    rows = []
    print(f"\n{'shift':14} {'wells':>5} {'watch':>6} {'abstain':>8}   most often because of")
    for kind in ["none", *SPOILT, "coarse rows", "other tool", "other rock"]:
        mine, zones = wells[wells["kind"] == kind], states[(states["kind"] == kind) & (states["reason"] != "")]
        watch, abstain = ((mine["far"] > WATCH) & (mine["far"] <= ABSTAIN)).mean(), (mine["far"] > ABSTAIN).mean()
        why = zones["reason"].str.split("; ").str[0].value_counts()
        print(f"{kind:14} {len(mine):5} {watch:6.2f} {abstain:8.2f}   {', '.join(why.index[:2])}")
        rows.append({"change": kind, "wells": len(mine), "watch": watch, "abstain": abstain})
    write_results(args.out, rows)


if __name__ == "__main__":
    main()
