"""How often the verdicts of a study are right, by simulation.

    python benchmarks/cliff.py --studies 400 --seed 0

Four levels are drawn whose true scores are known: equal; with a cliff in the middle; an even slope of F1. Wells differ
in how hard they are (alike for all levels) and, a little, in which level suits them; seeds differ too; planes are
found by chance. A study is wrong if any of its verdicts is: a step of 0 called drift or cliff, a step of the margin or
more called equal, a cliff that is no larger than another step, or a step in the wrong direction.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from geobfdt.studies.statistics import Step

HARD, SUITED, SEEDS = 0.12, 0.03, 0.015  # standard deviations of recall: of wells, of a well at a level, of seeds
PLANES, WRONG = 120, 30  # of a class in a well: planes, and wrong picks on average
LOWEST = 0.4  # F1 of the first level
SHAPES = {"equal": (0, 0, 0, 0), "cliff": (0, 0, 1, 1), "slope": (0, 1, 2, 3)}
SIZES = (0.01, 0.02, 0.05, 0.1, 0.15)
VERDICTS = ("cannot tell", "equal", "drift", "cliff")


def recall_of(f1: np.ndarray) -> np.ndarray:
    """Recall at which `PLANES` planes and `WRONG` wrong picks make an F1."""
    return f1 * (PLANES + WRONG) / (PLANES * (2 - f1))


def random_scores(levels: np.ndarray, wells: int, seeds: int, rng: np.random.Generator) -> np.ndarray:
    """Counts (levels, seeds, wells, classes, 3) of planes found, wrong and missed."""
    chance = recall_of(levels)[:, None, None, None] + rng.normal(0, HARD, (1, 1, wells, 2))
    chance = chance + rng.normal(0, SUITED, (len(levels), 1, wells, 2))
    chance = np.clip(chance + rng.normal(0, SEEDS, (len(levels), seeds, 1, 2)), 0.02, 0.98)
    hits = rng.binomial(PLANES, chance)
    wrong = rng.binomial(PLANES, WRONG / PLANES, hits.shape)
    return np.stack([hits, wrong, PLANES - hits], axis=-1)


def is_wrong(steps: list[Step], truth: np.ndarray, margin: float) -> bool:
    """Whether any verdict of a study contradicts the true steps."""
    for i, (step, true) in enumerate(zip(steps, truth, strict=True)):
        differs = step.verdict in ("drift", "cliff")
        largest = abs(true) > np.delete(np.abs(truth), i).max() + 1e-9
        if (
            (differs and (abs(true) < 1e-9 or step.difference * true < 0))
            or (step.verdict == "equal" and abs(true) > margin - 1e-9)
            or (step.verdict == "cliff" and not largest)
        ):
            return True
    return False


def main() -> None:
    """Print how often each verdict is given to the middle step, and how often a study is wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=400)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    from geobfdt.studies.statistics import MARGIN, judge

    print("F1 differs by  shape  wells  seeds  middle step: " + "  ".join(VERDICTS) + "  wrong studies")
    for wells, seeds in ((6, 3), (14, 3), (14, 6), (30, 6)):
        for shape, size in (("equal", 0.0), *((kind, size) for kind in ("cliff", "slope") for size in SIZES)):
            rng = np.random.default_rng((arguments.seed, wells, seeds))
            levels = LOWEST + size * np.array(SHAPES[shape])
            middle, wrong = [], 0
            for _ in range(arguments.studies):
                steps = judge(random_scores(levels, wells, seeds, rng))[1]
                middle.append(steps[1].verdict)
                wrong += is_wrong(steps, np.diff(levels), MARGIN)
            shares = "  ".join(f"{middle.count(kind) / len(middle):11.2f}" for kind in VERDICTS)
            share = wrong / arguments.studies
            print(f"{size:13.2f}  {shape:5}  {wells:5}  {seeds:5}  {shares}  {share:.3f}", flush=True)


if __name__ == "__main__":
    main()
