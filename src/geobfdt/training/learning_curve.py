"""Points of a learning curve: a network's F1 on wells it trains on, on held-out wells, and without its image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from geobfdt.evaluation.counts import Counts, count, f1, possible_pairs
from geobfdt.evaluation.scope import gather
from geobfdt.training.prepared_wells import PreparedWell
from geobfdt.training.validation import Detect, tables
from geobfdt.wells.intervals import IntervalTable
from geobfdt.wells.picks import PickTable

__all__ = ["LearningPoint", "class_f1", "learning_point", "move_to_other_windows"]


class LearningPoint(NamedTuple):
    """
    F1 by class at one moment of a training run, all at the same confidences.

    Parameters
    ----------
    trained, held_out : dict of str to float
        On wells that it trains on, and on wells that it does not.
    other_image : dict of str to float
        On the held-out wells, of the picks that it makes on the image of another window. A network that ignores its
        image scores as much here as in `held_out`.
    """

    trained: dict[str, float]
    held_out: dict[str, float]
    other_image: dict[str, float]


def learning_point(
    detect: Detect,
    thresholds: Mapping[str, float],
    trained: Sequence[PreparedWell],
    held_out: Sequence[PreparedWell],
    height: float,
    tolerance: float,
) -> LearningPoint:
    """
    Score a network on wells that it trains on and on held-out ones.

    Parameters
    ----------
    detect : callable
        Grid (rows, columns) and hole radius (m) in, planes out.
    thresholds : mapping of str to float
        Least confidence of a pick, by class; chosen on neither part.
    trained, held_out : sequence of PreparedWell
        Wells of the two parts.
    height : float
        Height of a window (m).
    tolerance : float
        Trace RMS of a match (m).
    """
    trained_tables = tables(detect, trained)
    picks, truth, intervals = tables(detect, held_out)
    moved = move_to_other_windows(picks, held_out, height)
    return LearningPoint(
        class_f1(*trained_tables, thresholds, tolerance),
        class_f1(picks, truth, intervals, thresholds, tolerance),
        class_f1(moved, truth, intervals, thresholds, tolerance),
    )


def class_f1(
    picks: PickTable,
    truth: PickTable,
    intervals: IntervalTable,
    thresholds: Mapping[str, float],
    tolerance: float,
) -> dict[str, float]:
    """
    Compute F1 by class at given confidences, without intervals and null pickers.

    Examples
    --------
    >>> from geobfdt.wells.intervals import new_intervals
    >>> from geobfdt.wells.picks import new_picks
    >>> flat = {"class_": "bedding", "azimuth_app_deg": 0.0, "amplitude_m": 0.0, "diameter_m": 0.2}
    >>> truth = new_picks(well="A", depth_m=[1.0, 2.0], **flat)
    >>> picks = new_picks(well="A", depth_m=[1.0, 1.5, 2.0], confidence=[0.9, 0.2, 0.6], **flat)
    >>> everywhere = new_intervals([("A", "interpreted", "bedding", 0.0, 3.0)])
    >>> class_f1(picks, truth, everywhere, {"bedding": 0.1}, 0.05)
    {'bedding': 0.8}
    """
    min_confidence = picks["class"].map(dict(thresholds)).astype(float)
    groups, _ = gather(picks[picks["confidence"] >= min_confidence], truth, intervals)
    counts: dict[str, Counts] = {}
    for group in groups:
        pairs = possible_pairs(group, group.best_kind, tolerance)
        pick_unit, truth_unit = (np.zeros(len(planes), dtype=np.int64) for planes in (group.picks, group.truth))
        counted = count(group, pairs, pairs.matched(tolerance), pick_unit, truth_unit, 1).total()
        counts[group.class_] = counts.get(group.class_, Counts()) + counted
    return {name: float(f1(total)) for name, total in sorted(counts.items())}


def move_to_other_windows(picks: PickTable, wells: Sequence[PreparedWell], height: float) -> PickTable:
    """
    Move picks down by about a third of their well, in whole windows, and from its base to its top.

    Parameters
    ----------
    picks : PickTable
        Pick table of a network.
    wells : sequence of PreparedWell
        Its wells.
    height : float
        Height of a window (m).

    Notes
    -----
    Windows lie at whole multiples of half their height. A pick that moves by whole windows is therefore a pick
    that the network makes in its new window on the image of the old one.
    """
    moved = picks.copy()
    for well in wells:
        own = (picks["well"] == well.name).to_numpy()
        windows = max(int(len(well.grid) * well.step / height), 1)
        below = picks.loc[own, "depth_m"].to_numpy(float) - well.top + max(windows // 3, 1) * height
        moved.loc[own, "depth_m"] = well.top + np.mod(below, windows * height)
    return moved
