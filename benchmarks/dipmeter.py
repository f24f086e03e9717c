"""Dips of simulated dipmeters by correlation, against the beds of their walls.

    python benchmarks/dipmeter.py --wells 20 --length 40 --seed 7000 --out results/dipmeter.json

Tools of four, six and eight electrodes (two a pad) go through random wells with stick and slip and noise. The error of
a dip is the angle between its pole and the mean pole of the beds in its window. Chance is measured twice: the same dips
against the beds of other wells, and the share of windows that show a plane where arms are shifted against each other by
metres, so that no bed is common to them.
"""

from __future__ import annotations

import argparse
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from results_file import add_out, write_results

from geobfdt.assembly.build import Plan
from geobfdt.assembly.dipmeter import Dips, dips_of
from geobfdt.assembly.pad_dips import Search
from geobfdt.assembly.tool_geometry import ToolGeometry
from geobfdt.simulation.pad_well import oriented_settings
from geobfdt.simulation.pads import PadFlaws, SimulatedPads, simulate_pads
from geobfdt.simulation.well_settings import WellSettings, draw

SEARCH = Search(1.2, 0.6)
NEAR_DEG = 3.0
Array = npt.NDArray[np.float64]


def tool_of(arms: int, electrodes: int) -> ToolGeometry:
    """A dipmeter of so many arms, with one electrode a pad, or two that are 3 cm apart."""
    across = [0.0] if electrodes == 1 else [-0.59, 0.59]
    rows = [
        {
            "part": "pad", "along": 0.0, "across": offset, "pitch": 0.0, "buttons": 1,
            "arrays": [f"P{arm}{k}" for arm in range(arms)],
        }
        for k, offset in enumerate(across)
    ]  # fmt: skip
    name = f"{arms} arms, {electrodes} electrodes each"
    return ToolGeometry.model_validate({"name": name, "pads": arms, "source": "benchmark", "rows": rows})


def poles(traces: Array, radius: float) -> Array:
    """Unit normals of planes by their traces, in the frame of the hole."""
    normals = np.column_stack([traces[:, 1] / radius, traces[:, 2] / radius, np.full(len(traces), -1.0)])
    return np.asarray(normals / np.linalg.norm(normals, axis=1, keepdims=True))


def beds_of(pads: SimulatedPads) -> Array:
    """Traces of the beds that cross the hole."""
    beds = np.array([bed.trace for bed in pads.wall.strata.planes])
    return np.asarray(beds[np.isfinite(beds).all(axis=1)])


def traces_of(dips: Dips) -> Array:
    """Traces of the dips."""
    azimuth = np.radians(dips.picks["azimuth_app_deg"].to_numpy())
    size = dips.picks["amplitude_m"].to_numpy()
    return np.column_stack([dips.picks["depth_m"], size * np.cos(azimuth), size * np.sin(azimuth)])


def apart(traces: Array, beds: Array, radius: float) -> Array:
    """Angle (deg) from each dip to the middle bed of its window; NaN where no bed is near."""
    out = np.full(len(traces), np.nan)
    for k, trace in enumerate(traces):
        near = beds[np.abs(beds[:, 0] - trace[0]) < SEARCH.window / 2]
        if len(near):
            middle = poles(near, radius).mean(axis=0)
            one = poles(trace[None], radius)[0]
            out[k] = np.degrees(np.arccos(np.clip(one @ middle / np.linalg.norm(middle), -1, 1)))
    return out


def plan_of(settings: WellSettings) -> Plan:
    """How the well is oriented."""
    return Plan(reference="high_side" if settings.reference == "high_side" else "north", north="true")


def shifted(pads: SimulatedPads) -> SimulatedPads:
    """The same well with each arm moved by another number of metres, so that no bed is common to two of them."""
    arrays = {name: np.roll(values, 1400 * k, axis=0) for k, (name, values) in enumerate(pads.recording.arrays.items())}
    return replace(pads, recording=replace(pads.recording, arrays=arrays))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wells", type=int, default=20)
    parser.add_argument("--length", type=float, default=40.0)
    parser.add_argument("--seed", type=int, default=7000)
    add_out(parser)
    args = parser.parse_args()
    rows: list[dict[str, object]] = []
    print(f"{'tool':26} windows  dips  A  near 3 deg (A)  chance  windows with a plane by chance")
    for arms, electrodes in ((4, 1), (6, 1), (4, 2)):
        tool, wells, windows, by_chance = tool_of(arms, electrodes), [], 0, 0
        for seed in range(args.seed, args.seed + args.wells):
            settings = oriented_settings(draw(np.random.default_rng(seed), length=args.length, well=f"W{seed}"))
            pads = simulate_pads(settings, np.random.default_rng(seed), PadFlaws(dead_buttons=0.0), geometry=tool)
            dips = dips_of(pads.recording, tool, plan_of(settings), SEARCH)
            windows += int((args.length - SEARCH.window) / SEARCH.step)
            by_chance += len(dips_of(shifted(pads).recording, tool, plan_of(settings), SEARCH).picks)
            radius = float(np.median(pads.hole.diameter)) / 2
            # Depths from the top of each well, so that its dips can be held against the beds of another.
            from_top = np.array([settings.top, 0.0, 0.0])
            quality = dips.picks["quality"].to_numpy()
            wells.append((traces_of(dips) - from_top, quality, beds_of(pads) - from_top, radius))
            print(f"  {seed} {settings.deviation:5.1f} deg", len(dips.picks), end="\r", flush=True)
        errors = np.concatenate([apart(traces, beds, radius) for traces, _, beds, radius in wells])
        good = np.concatenate([quality for _, quality, *_ in wells]) == "A"
        chance = np.concatenate(
            [apart(traces, wells[k - 1][2], radius) for k, (traces, _, _, radius) in enumerate(wells)]
        )
        row: dict[str, object] = {
            "tool": tool.name, "windows": windows, "dips": len(errors), "good": int(good.sum()),
            "near": float((errors[np.isfinite(errors)] < NEAR_DEG).mean()),
            "near_good": float((errors[good & np.isfinite(errors)] < NEAR_DEG).mean()),
            "median_deg": float(np.nanmedian(errors)),
            "chance": float((chance[np.isfinite(chance)] < NEAR_DEG).mean()),
            "false_windows": by_chance / windows,
        }  # fmt: skip
        rows.append(row)
        print(
            f"{tool.name:26} {windows:7d} {len(errors):5d} {good.sum():4d}  {row['near']:.3f} ({row['near_good']:.3f})"
            f"     {row['chance']:.3f}  {row['false_windows']:.3f}   median {row['median_deg']:.2f} deg"
        )
    write_results(args.out, rows)


if __name__ == "__main__":
    main()
