"""How often the verdicts of a study are right, by simulation.

    python benchmarks/cliff.py --studies 200 --seed 0

Four levels are drawn whose true scores are known: equal; with a wall in the middle; an even slope. Wells differ in how
hard they are (alike for all levels) and, a little, in which level suits them; seeds differ too; planes are found by
chance.
"""

from __future__ import annotations

import argparse

import numpy as np

HARD, SUITED, SEEDS = 0.12, 0.03, 0.015  # standard deviations of recall: of wells, of a well at a level, of seeds
PLANES = 120  # of a class in a well
SHAPES = {"equal": (0, 0, 0, 0), "wall": (0, 0, 1, 1), "slope": (0, 1, 2, 3)}


def drawn(levels: np.ndarray, wells: int, seeds: int, rng: np.random.Generator) -> np.ndarray:
    """Counts (levels, seeds, wells, classes, 3) of planes found, wrong and missed."""
    chance = levels[:, None, None, None] + rng.normal(0, HARD, (1, 1, wells, 2))
    chance = chance + rng.normal(0, SUITED, (len(levels), 1, wells, 2))
    chance = np.clip(chance + rng.normal(0, SEEDS, (len(levels), seeds, 1, 2)), 0.02, 0.98)
    found = rng.binomial(PLANES, chance)
    wrong = rng.binomial(PLANES, 0.25, found.shape)
    return np.stack([found, wrong, PLANES - found], axis=-1)


def main() -> None:
    """Print how often each verdict is given."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    from geobfdt.studies.statistics import judge

    print("recall differs by  shape  wells  seeds  middle step: cannot tell  drift  cliff  other steps: cliff")
    for wells, seeds in ((6, 3), (14, 3), (14, 5), (30, 3)):
        for shape, size in (("equal", 0.0), *((kind, d) for kind in ("wall", "slope") for d in (0.02, 0.05, 0.1, 0.2))):
            rng = np.random.default_rng((arguments.seed, wells, seeds))
            # The slope's steps are as large as the wall, as far as they fit.
            levels = np.clip(0.3 + size * np.array(SHAPES[shape]), 0, 0.9)
            middle, others = [], []
            for _ in range(arguments.studies):
                steps = judge(drawn(levels, wells, seeds, rng))[1]
                middle.append(steps[1].verdict)
                others += [steps[0].verdict, steps[2].verdict]
            shares = [middle.count(kind) / len(middle) for kind in ("cannot tell", "drift", "cliff")]
            told = "  ".join(f"{share:11.2f}" for share in shares)
            print(
                f"{size:17.2f}  {shape:5}  {wells:5}  {seeds:5}  {told}  {others.count('cliff') / len(others):.3f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
