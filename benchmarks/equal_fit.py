"""F1 of a study's cells on new wells, at the check where they reach an F1 on the wells that they are trained on.

    python benchmarks/equal_fit.py docs/studies/backbone-detr-small --trained 0.55

Levels that learn at different speeds are compared at the same fit. A level that scores lower on new wells there keeps
more of the training wells by heart. F1 is the mean of both classes, linear between checks; a cell that does not reach
it is left out.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import pandas as pd

from geobfdt.studies.results import CELLS, mean_of_classes


def f1_at_fit(curve: list[dict[str, dict[str, float]]], trained_f1: float) -> float:
    """F1 on new wells where a learning curve first reaches an F1 on training wells; NaN if it never does."""
    trained, new = (
        np.array([mean_of_classes(point[part]) for point in curve], float) for part in ("trained", "held_out")
    )
    reached = np.flatnonzero(trained >= trained_f1)
    if not reached.size or not reached[0]:
        return float("nan")
    ends = slice(reached[0] - 1, reached[0] + 1)
    return float(np.interp(trained_f1, trained[ends], new[ends]))


def main() -> None:
    """Print a row for each combination of levels."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("study", type=Path, help="folder with cells.csv and results.jsonl")
    parser.add_argument("--trained", type=float, default=0.55, help="F1 on training wells")
    arguments = parser.parse_args()
    lines = (arguments.study / "results.jsonl").read_text().splitlines()
    curves = {row["cell"]: row["result"]["curve"] for row in map(json.loads, lines)}
    cells = pd.read_csv(arguments.study / CELLS, keep_default_na=False)
    levels = list(cells.columns[: cells.columns.get_loc("fold")])
    cells["f1"] = [f1_at_fit(curves[cell], arguments.trained) for cell in cells["cell"]]
    print(cells.groupby([*levels, "seed"])["f1"].agg(["mean", "count"]).round(3).to_string())


if __name__ == "__main__":
    main()
