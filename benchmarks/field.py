"""Measure what is gained between simulated wells, and how often wells of one rock seem to differ.

    python benchmarks/field.py [--fields 60] [--out results/field.json]

Vertical wells of 60 m lie at random in a square of 1 km. The density of fractures, 2.5 a metre in the middle, grows or
shrinks exponentially in a random direction, by the factor `ratio` from one side of the square to the other. Fractures
lie at random, or in swarms (gaps of a gamma distribution of shape 0.25). `uneven` wells have a factor of their own
besides (log-normal, 0.3). Curves are averaged over 5 m, every 10 cm. `better` is the share of fields in which kriging
predicts wells that are left out better than the mean of the others, `gained` the share in which that is claimed, and
`error` the error of kriging over that of the mean. Homogeneity: four wells of 40 to 150 m with Terzaghi weights of
random dips; `differ` is the share of fields that the test calls different, `chi_square` that of a chi-square test of
the counts.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
from results_file import add_out, write_results

LENGTH_M, WINDOW_M, DENSITY = 60.0, 5.0, 2.5
SWARM_SHAPE = 0.25


def fractures(density: float, length: float, swarms: bool, rng: Any) -> Any:
    """Depths of fractures."""
    shape = SWARM_SHAPE if swarms else 1.0
    depth = np.cumsum(rng.gamma(shape, 1 / (shape * density), int(density * length * 4) + 80)) - rng.exponential(10.0)
    return depth[(depth > 0) & (depth < length)]


def between(kind: str, wells: int, ratio: float, fields: int) -> dict[str, Any]:
    """Gains over the mean of the other wells."""
    from geobfdt.structure.between_wells import LevelCurves, leave_one_out

    rng = np.random.default_rng((len(kind), wells, int(10 * ratio)))
    z = np.arange(0, LENGTH_M, 0.1)
    low, high = np.maximum(z - WINDOW_M / 2, 0), np.minimum(z + WINDOW_M / 2, LENGTH_M)
    results = []
    for _ in range(fields):
        x, y = rng.uniform(-0.5, 0.5, (2, wells))
        turn = rng.uniform(0, 2 * np.pi)
        density = DENSITY * np.exp(np.log(ratio) * (x * np.cos(turn) + y * np.sin(turn)))
        if kind == "uneven":
            density = density * np.exp(rng.normal(0, 0.3, wells))
        depths = [fractures(one, LENGTH_M, kind == "swarms", rng) for one in density]
        values = [(np.searchsorted(one, high) - np.searchsorted(one, low)) / (high - low) for one in depths]
        place = [np.repeat(1000 * one[:, None], z.size, axis=1) for one in (x, y)]
        results.append(leave_one_out(LevelCurves(*place, np.array(values))))
    return {
        "kind": f"between, {kind}", "wells": wells, "ratio": ratio, "fields": fields,
        "better": float(np.mean([one.error < one.error_of_mean for one in results])),
        "gained": float(np.mean([one.gained for one in results])),
        "error": float(np.mean([one.error / one.error_of_mean for one in results])),
    }  # fmt: skip


def homogeneity(swarms: bool, ratio: float, fields: int) -> dict[str, Any]:
    """Fields that are called different by the test of blocks, and by a chi-square test of counts."""
    from scipy.stats import chi2

    from geobfdt.structure.homogeneity import compare_wells

    rng = np.random.default_rng((int(swarms), int(10 * ratio)))
    differ = chi_square = 0
    for _ in range(fields):
        lengths, densities = rng.uniform(40, 150, 4), 2 * np.array([1.0, 1.0, 1.0, ratio])
        block = max(float(lengths.min()) / 8, 2.0)
        metres, area, square, counts = [], [], [], []
        for length, density in zip(lengths, densities, strict=True):
            depth = fractures(density, length, swarms, rng)
            weight = np.minimum(1 / np.maximum(rng.uniform(0, 1, depth.size), 0.1), 10.0)
            edges = np.linspace(0, length, max(round(length / block), 1) + 1)
            number = np.searchsorted(edges, depth) - 1
            metres.append(np.diff(edges))
            area.append(np.bincount(number, weight, minlength=edges.size - 1))
            square.append(np.bincount(number, weight**2, minlength=edges.size - 1))
            counts.append(depth.size)
        differ += compare_wells(metres, area, square).probability <= 0.05
        expected = np.sum(counts) * lengths / lengths.sum()
        chi_square += chi2.sf(((np.array(counts) - expected) ** 2 / expected).sum(), 3) <= 0.05
    return {
        "kind": "homogeneity, swarms" if swarms else "homogeneity, at random", "wells": 4, "ratio": ratio,
        "fields": fields, "differ": differ / fields, "chi_square": chi_square / fields,
    }  # fmt: skip


def main() -> None:
    """Print one line for each kind of field."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fields", type=int, default=60, help="fields of each kind")
    add_out(parser)
    arguments = parser.parse_args()
    jobs = [(between, (kind, 8, 1.0)) for kind in ("random", "swarms", "uneven")]
    jobs += [(between, ("random", wells, ratio)) for wells, ratio in ((5, 4.0), (8, 2.0), (8, 4.0), (12, 4.0))]
    jobs += [(between, (kind, 8, 4.0)) for kind in ("swarms", "uneven")]
    jobs += [(homogeneity, (swarms, ratio)) for swarms in (False, True) for ratio in (1.0, 1.5, 2.0)]
    rows = []
    for measure, values in jobs:
        rows.append(measure(*values, arguments.fields))
        print(rows[-1], flush=True)
    write_results(arguments.out, rows, model=None)


if __name__ == "__main__":
    main()
