"""A study's finished cells, as tables."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import product
from pathlib import Path
from statistics import mode
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import pandas as pd

from geobfdt.studies.cell import PUBLISHED, RESULT
from geobfdt.studies.cell_runs import FAILED
from geobfdt.studies.plan import Place, Plan
from geobfdt.studies.statistics import Level, Step, judge, lightest
from geobfdt.wells.picks import CLASSES

__all__ = ["CELLS", "Line", "Section", "cells_table", "mean_of_classes", "sections"]

_MIN_F1_ABOVE_NULL = 0.01  # F1 above chance level from which levels are compared.
CELLS = "cells.csv"  # A row for each finished cell.
Results: TypeAlias = list[tuple[Place, dict[str, Any] | None]]  # Of the cells of a level; None where one is missing.


class Line(NamedTuple):
    """
    One level of the judged axis.

    Parameters
    ----------
    name : str
        Of the level.
    level : Level
        Its score.
    f1, blind : dict of str to float
        Mean over folds and seeds, by class: F1 at a trace RMS of 3 cm, and of the same picks shifted in depth.
    means : dict of str to float
        Means of the other columns; NaN where a network has none.
    parameters : dict of str to int
        By part of the network.
    runs : list of list of dict
        ``metrics.jsonl`` of each cell, folds and seeds in turn.
    learning : list of list of dict
        Learning curve of each cell, in the same order: ``step``, and F1 by class of ``trained``, ``held_out`` and
        ``other_image``.
    look_shifts : dict of str to dict of str to float
        Mean F1 over classes and cells by change of the image and amount; empty where it is not scored.
    """

    name: str
    level: Level
    f1: dict[str, float]
    null_f1: dict[str, float]
    means: dict[str, float]
    parameters: dict[str, int]
    runs: list[list[dict[str, Any]]]
    learning: list[list[dict[str, Any]]]
    look_shifts: dict[str, dict[str, float]]


class Section(NamedTuple):
    """
    The judged axis at one combination of the others.

    Parameters
    ----------
    other_levels : dict of str to str
        Levels of the other axes.
    lines : list of Line
        Levels of the judged axis that are finished.
    steps : list of Step
        Between them.
    choice : int
        Index of the lightest level within a standard error of the best.
    missing : list of str
        Missing cells, and the reasons.
    seeds : list of int
        Seeds that the levels are compared on.
    """

    other_levels: dict[str, str]
    lines: list[Line]
    steps: list[Step]
    choice: int
    missing: list[str]
    seeds: list[int]

    @property
    def best(self) -> Line:
        """The line of the highest score."""
        return max(self.lines, key=lambda line: line.level.score)

    @property
    def beats_null(self) -> bool:
        """Whether the best level scores so far above chance level that levels can be compared."""
        if not self.lines:
            return False
        return bool(self.best.level.score > self.null_f1 + _MIN_F1_ABOVE_NULL)

    @property
    def null_f1(self) -> float:
        """Chance level of the best level, a mean over the classes that have one; NaN where none has."""
        defined = [value for value in map(self.best.null_f1.__getitem__, CLASSES) if np.isfinite(value)]
        return float(np.mean(defined)) if defined else float("nan")


def sections(plan: Plan, out: Path) -> list[Section]:
    """
    Read the results of a study.

    Parameters
    ----------
    plan : Plan
        Plan of the study.
    out : Path
        Folder of the study.

    Returns
    -------
    list of Section
        While cells are missing, levels are compared on the seeds that all of them have finished in every fold. Levels
        without such a seed are left out.
    """
    *others, judged = plan.study.axes
    all_sections = []
    for levels_of_others in product(*(plan.study.axes[axis] for axis in others)):
        fixed = dict(zip(others, levels_of_others, strict=True))
        by_level: dict[str, Results] = {}
        for name in plan.study.axes[judged]:
            places = [place for place in plan.places if place.levels == {**fixed, judged: name}]
            by_level[name] = [(place, _result(out, place)) for place in places]
        missing = [
            f"{name}, fold {place.fold + 1}, seed {place.seed}: {_why(out, place)}"
            for name, results in by_level.items()
            for place, result in results
            if result is None
        ]
        seeds = _common_seeds(by_level)
        lines, counts = [], []
        for name, results in by_level.items():
            finished = [(place, result) for place, result in results if result is not None and place.seed in seeds]
            if len(finished) == sum(place.seed in seeds for place, _ in results) > 0:
                counts.append(_counts(plan, finished, seeds))
                lines.append((name, finished))
        if not lines:
            all_sections.append(Section(fixed, [], [], 0, missing, seeds))
            continue
        levels, steps = judge(np.stack(counts))
        result_lines = [
            _line(name, level, finished, out) for (name, finished), level in zip(lines, levels, strict=True)
        ]
        all_sections.append(Section(fixed, result_lines, steps, lightest(levels), missing, seeds))
    return all_sections


def cells_table(plan: Plan, out: Path) -> pd.DataFrame:
    """
    Tabulate the finished cells of a study, a row each.

    Parameters
    ----------
    plan : Plan
        Plan of the study.
    out : Path
        Folder of the study.

    Returns
    -------
    DataFrame
        Levels, fold, seed, digest of the cell, steps, windows and rate trained with; F1 on the validation wells; on the
        tested ones, by class, F1 and its null at the tolerance by trace RMS and by depth, and z of all planes by trace
        RMS; F1 on wells trained on at the last check; the published columns; core seconds and peak memory (MiB).
    """
    rows = []
    for place in plan.places:
        result = _result(out, place)
        if result is None:
            continue
        columns = ("f1", "null_f1", "depth_f1", "depth_null_f1")
        kinds = {f"{kind}_{name}": result["scores"].get(kind, {}).get(name) for kind in CLASSES for name in columns}
        last = result["curve"][-1]["trained"] if result["curve"] else {}
        rows.append({
            **place.levels, "fold": place.fold + 1, "seed": place.seed, "cell": place.cell.digest,
            "steps": result["steps"], "windows": result["windows"], "rate": result["rate"],
            "validation_f1": result["validation"]["score"], **kinds, "all_z": result["z"],
            **{f"{kind}_trained_f1": last.get(kind) for kind in CLASSES}, **(result["published"] or {}),
            "core_seconds": result["core_seconds"], "peak_mib": result["peak_mib"],
        })  # fmt: skip
    return pd.DataFrame(rows)


def _result(out: Path, place: Place) -> dict[str, Any] | None:
    file = out / "cells" / place.cell.digest / RESULT
    return dict(json.loads(file.read_text())) if file.exists() else None


def _why(out: Path, place: Place) -> str:
    file = out / "cells" / place.cell.digest / FAILED
    return file.read_text().strip() if file.exists() else "not run yet"


def _common_seeds(by_level: Mapping[str, Results]) -> list[int]:
    """Return the seeds that all levels have finished in every fold; levels that have finished none do not count."""
    seeds_of_levels = []
    for results in by_level.values():
        unfinished = {place.seed for place, result in results if result is None}
        seeds_of_levels.append({place.seed for place, _ in results} - unfinished)
    seeds_of_levels = [seeds for seeds in seeds_of_levels if seeds]
    if not seeds_of_levels:
        return []
    # Where no seed is common, the levels that have finished most seeds are compared.
    most = max(seeds_of_levels, key=len)
    return sorted(set.intersection(*seeds_of_levels) or most)


def _counts(plan: Plan, finished: list[tuple[Place, dict[str, Any]]], seeds: list[int]) -> np.ndarray[Any, Any]:
    """Counts (seeds, wells, classes, 3) of a level; each well is tested in one fold."""
    wells = sorted({name for folds in plan.folds for fold in folds for name in fold.test})
    counts = np.zeros((len(seeds), len(wells), len(CLASSES), 3))
    for place, result in finished:
        for kind, scores in result["scores"].items():
            for well, row in scores["counts"].items():
                counts[seeds.index(place.seed), wells.index(well), CLASSES.index(kind)] = row
    return counts


def _line(name: str, level: Level, finished: list[tuple[Place, dict[str, Any]]], out: Path) -> Line:
    results = [result for _, result in finished]

    def mean(values: list[Any]) -> float:
        defined = [float(value) for value in values if value is not None]
        return float(np.mean(defined)) if defined else float("nan")

    def of(kind: str, column: str) -> float:
        return mean([result["scores"].get(kind, {}).get(column) for result in results])

    published = [result["published"] or {} for result in results]
    means = {column: mean([part.get(column) for part in published]) for column in PUBLISHED}
    means |= {
        "class_error_pct": mean([result["class_error_pct"] for result in results]),
        "validation": mean([result["validation"]["score"] for result in results]),
        "trained": mean([mean_of_classes(result["curve"][-1]["trained"]) for result in results if result["curve"]]),
        "windows": mean([result["windows"] for result in results]),
        "rate": mode(float(result["rate"]) for result in results),
        "core_seconds": mean([result["core_seconds"] for result in results]),
        "peak_mib": mean([result["peak_mib"] for result in results]),
    }
    runs = []
    for place, _ in finished:
        file = out / "cells" / place.cell.digest / "run" / "metrics.jsonl"  # Not there for a cell from the archive.
        lines = file.read_text().splitlines() if file.exists() else []
        runs.append([json.loads(line) for line in lines])
    kinds = {kind: of(kind, "f1") for kind in CLASSES}, {kind: of(kind, "null_f1") for kind in CLASSES}
    shifts = {
        kind: {
            amount: mean([mean_of_classes(result["look_shifts"][kind][amount]) for result in results])
            for amount in amounts
        }
        for kind, amounts in results[0]["look_shifts"].items()
    }
    learning = [result["curve"] for result in results]
    return Line(name, level, *kinds, means, results[0]["parameters"], runs, learning, shifts)


def mean_of_classes(by_class: Mapping[str, float | None]) -> float | None:
    """
    Mean F1 over the classes that have one; None where none has.

    Examples
    --------
    >>> mean_of_classes({"bedding": 0.5, "fracture": None})
    0.5
    """
    defined = [value for value in by_class.values() if value is not None]
    return float(np.mean(defined)) if defined else None
