"""Measure fold axes and dip patterns on beds whose truth is drawn.

    python benchmarks/structure.py [--wells 100] [--out results/structure.json]

Folds are cylindrical about an axis of any trend that plunges by up to 60 degrees; the dip along a well goes through
limbs of the stated dip as a sine. Beds scatter isotropically. Flat beds tilt by up to 70 degrees; of half of the wells
azimuths scatter by 10 degrees and dips by 3, independently. `near` is the share of wells with an axis within 3 degrees,
`covered` the share of claimed axes whose 95 % cone holds the true one. Dip patterns: `shown` is the share of wells with
a red or blue pattern. Neighbouring beds of `alike` are correlated by 0.6, `sets` of so many beds on average have one
dip from 5 to 30 degrees each, dips of `step` jump from 8 to 30 degrees, and a ramp goes from 10 to 35 degrees over the
stated number of 100 beds.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
from results_file import add_out, write_results


def planes(normals: Any) -> tuple[Any, Any]:
    """Dip and azimuth of normals."""
    upward = normals * np.where(normals[:, 2:] < 0, -1, 1) / np.linalg.norm(normals, axis=1, keepdims=True)
    return np.degrees(np.arccos(upward[:, 2])), np.degrees(np.arctan2(upward[:, 0], upward[:, 1])) % 360


def line(trend: float, plunge: float) -> Any:
    """Unit vector (East, North, Up) of a line that plunges."""
    t, p = np.radians([trend, plunge])
    return np.array([np.cos(p) * np.sin(t), np.cos(p) * np.cos(t), -np.sin(p)])


def normals_of(dip: Any, azimuth: float) -> Any:
    """Normals of beds of those dips; a negative dip leans the other way."""
    d, t = np.radians(dip), np.radians(azimuth)
    return np.column_stack([np.sin(d) * np.sin(t), np.sin(d) * np.cos(t), np.cos(d)])


def shake(normals: Any, scatter: float, rng: Any) -> Any:
    """Normals that are off by so many degrees in each direction."""
    return normals + np.radians(scatter) * rng.normal(size=normals.shape)


def folds(limb: float, beds: int, scatter: float, wells: int) -> dict[str, Any]:
    """Axes of simulated folds."""
    from geobfdt.structure.girdle import find_girdle

    rng = np.random.default_rng((int(limb), beds, int(scatter)))
    off, cones = [], []
    for _ in range(wells):
        axis = line(rng.uniform(0, 360), rng.uniform(0, 60))
        upright = np.array([0.0, 0.0, 1.0]) - axis * axis[2]
        upright /= np.linalg.norm(upright)
        turn = np.radians(limb) * np.sin(np.linspace(0, 2 * np.pi, beds) + rng.uniform(0, 2 * np.pi))
        normals = np.cos(turn)[:, None] * upright + np.sin(turn)[:, None] * np.cross(axis, upright)
        girdle = find_girdle(*planes(shake(normals, scatter, rng)))
        if girdle is not None and girdle.claimed:
            cosine = abs(line(girdle.trend, girdle.plunge) @ axis)
            off.append(float(np.degrees(np.arccos(min(cosine, 1.0)))))
            cones.append(girdle.cone)
    return {
        "kind": "fold", "limb_deg": limb, "beds": beds, "scatter_deg": scatter, "wells": wells,
        "claimed": len(off) / wells, "near": sum(one <= 3 for one in off) / wells,
        "covered": float(np.mean(np.array(off) <= np.array(cones))) if off else float("nan"),
    }  # fmt: skip


def flat_beds(beds: int, wells: int) -> dict[str, Any]:
    """Claims of an axis on tilted flat beds."""
    from geobfdt.structure.girdle import find_girdle

    rng = np.random.default_rng(beds)
    claims = 0
    for number in range(wells):
        tilt, azimuth = rng.uniform(0, 70), rng.uniform(0, 360)
        if number % 2:
            dips, azimuths = planes(shake(normals_of(np.full(beds, tilt), azimuth), rng.uniform(0.5, 10), rng))
        else:
            dips, azimuths = np.abs(tilt / 2 + rng.normal(0, 3, beds)), (azimuth + rng.normal(0, 10, beds)) % 360
        girdle = find_girdle(dips, azimuths)
        claims += girdle is not None and girdle.claimed
    return {"kind": "flat", "beds": beds, "wells": wells, "claimed": claims / wells}


def patterns(kind: str, beds: int, wells: int) -> dict[str, Any]:
    """Wells with a red or blue pattern, and with one on the ramp."""
    from geobfdt.structure.dip_patterns import find_dip_patterns

    rng = np.random.default_rng((len(kind), beds))
    shown = on_ramp = 0
    for _ in range(wells):
        depth, dips = np.sort(rng.uniform(0, 100, 100)), np.full(100, rng.uniform(2, 40))
        if kind == "alike":
            walk = np.zeros(100)
            for number in range(1, 100):
                walk[number] = 0.6 * walk[number - 1] + rng.normal(0, 4)
            dips = dips + walk
        elif kind == "sets":
            first = 0
            while first < 100:
                last = first + 1 + rng.poisson(beds - 1)
                dips[first:last] = rng.uniform(5, 30)
                first = last
        elif kind == "step":
            dips = np.where(np.arange(100) < 50, 8.0, 30.0)
        elif kind == "ramp":
            dips = np.full(100, 10.0)
            dips[30 : 30 + beds] = np.linspace(10, 35, beds)
        results = find_dip_patterns(depth, *planes(shake(normals_of(dips, rng.uniform(0, 360)), 3.0, rng)))
        ramps = [one for one in results if one.name in ("red", "blue")]
        shown += bool(ramps)
        on_ramp += kind == "ramp" and any(
            one.name == "red" and one.top < depth[29 + beds] and one.base > depth[30] for one in ramps
        )
    row = {"kind": f"pattern, {kind}", "beds": beds, "wells": wells, "shown": shown / wells}
    return row | ({"red_on_ramp": on_ramp / wells} if kind == "ramp" else {})


def main() -> None:
    """Print one line for each kind of well."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wells", type=int, default=100, help="wells of each kind")
    add_out(parser)
    arguments = parser.parse_args()
    rows = []
    jobs = [(folds, (limb, beds, scatter)) for limb, beds, scatter in
            ((15, 60, 2), (15, 150, 3), (30, 30, 2), (30, 60, 3), (30, 150, 5), (60, 30, 4), (60, 80, 6))]  # fmt: skip
    jobs += [(flat_beds, (beds,)) for beds in (15, 60, 300)]
    jobs += [(patterns, one) for one in (("plain", 100), ("alike", 100), ("sets", 4), ("sets", 8), ("step", 100))]
    jobs += [(patterns, ("ramp", beds)) for beds in (8, 12, 20)]
    for measure, values in jobs:
        rows.append(measure(*values, arguments.wells))
        print(rows[-1], flush=True)
    write_results(arguments.out, rows, model=None)


if __name__ == "__main__":
    main()
