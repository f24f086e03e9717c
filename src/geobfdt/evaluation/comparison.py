"""Which of two pickers is better, on the same wells."""

from __future__ import annotations

import numpy as np
import pandas as pd

from geobfdt.evaluation.bootstrap import interval, resamples
from geobfdt.evaluation.counts import Counts, f1
from geobfdt.evaluation.scores import N_RESAMPLES, Scores

__all__ = ["compare"]


def compare(first: Scores, second: Scores, seed: int = 0) -> pd.DataFrame:
    """
    Difference in F1 of two pickers, on the same resamples of wells or depth blocks.

    A difficult well is difficult for both, so that the difference is more certain than either score.

    Parameters
    ----------
    first, second : Scores
        Two pickers, scored against the same truth.
    seed : int
        Seed of the resamples.

    Returns
    -------
    DataFrame
        ``class, kind, tolerance_m, f1_first, f1_second, difference`` (second minus first), ``lo, hi`` (95 %
        interval) and ``share_better``, the share of resamples in which the second is better (ties count half).

    Raises
    ------
    ValueError
        If the two were not scored on the same wells and blocks.

    Examples
    --------
    >>> from geobfdt.evaluation.scores import evaluate
    >>> from geobfdt.wells.picks import new_picks
    >>> truth = new_picks(well="A", depth_m=np.arange(0.0, 60.0), class_="bedding", amplitude_m=0.0)
    >>> half, most = evaluate(truth.iloc[::2], truth), evaluate(truth.iloc[10:], truth)
    >>> compare(half, most).query("`class` == 'all' and kind == 'trace'")["difference"].iloc[0]
    0.2424
    """
    if first.wells != second.wells or first.units.block != second.units.block:
        raise ValueError("the two scores are not of the same truth: score both pickers on the same wells")
    units = sorted({*first.units.keys, *second.units.keys})
    weights = resamples(len(units), N_RESAMPLES if len(units) > 1 else 0, seed)
    rows = []
    for key in first.counts:
        if key not in second.counts:
            continue
        both = [_align_counts(scores.counts[key], scores, units) for scores in (first, second)]
        total = [float(f1(counts.total())) for counts in both]
        differences = f1(both[1].over(weights)) - f1(both[0].over(weights))
        low, high = interval(differences)
        sign = np.sign(differences[np.isfinite(differences)])
        rows.append(
            {
                "class": key.class_,
                "kind": key.kind,
                "tolerance_m": key.tolerance,
                "f1_first": total[0],
                "f1_second": total[1],
                "difference": total[1] - total[0],
                "lo": low,
                "hi": high,
                "share_better": float((sign.mean() + 1) / 2) if len(sign) else float("nan"),
            }
        )
    return pd.DataFrame(rows)


def _align_counts(counts: Counts, scores: Scores, units: list[tuple[str, int]]) -> Counts:
    """Put counts on a common list of units; a block without picks and truth of one picker counts zero."""
    place = {unit: k for k, unit in enumerate(units)}
    at = [place[unit] for unit in scores.units.keys]
    table = np.zeros((3, len(units)))
    table[:, at] = [np.asarray(part) for part in (counts.hits, counts.wrong, counts.missed)]
    return Counts(*table)
