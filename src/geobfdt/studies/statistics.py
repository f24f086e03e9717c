"""What the cells of a study say: scores with intervals, steps between neighbours, the lightest that is good enough."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from geobfdt.evaluation.bootstrap import interval, resamples
from geobfdt.evaluation.counts import Counts, f1

__all__ = ["Level", "Step", "Verdict", "drawn_scores", "judge", "lightest"]

DRAWS = 2000  # resamples of wells, and of seeds within each

Array = npt.NDArray[np.float64]
Verdict = Literal["cliff", "drift", "cannot tell"]


class Level(NamedTuple):
    """
    Score of one level of an axis.

    Parameters
    ----------
    score, lo, hi, error : float
        Mean F1 over classes and seeds, its 95 % interval and its standard error.
    seeds : array (seeds,)
        The score of each seed.
    """

    score: float
    lo: float
    hi: float
    error: float
    seeds: Array


class Step(NamedTuple):
    """
    The difference between two neighbouring levels.

    Parameters
    ----------
    difference, lo, hi : float
        Score of the second minus that of the first, and its paired 95 % interval.
    verdict : {"cliff", "drift", "cannot tell"}
        A drift's interval excludes 0; a cliff's too, and it surely is larger than every other step.
    """

    difference: float
    lo: float
    hi: float
    verdict: Verdict


def drawn_scores(counts: npt.ArrayLike, seed: int = 0) -> tuple[Array, Array]:
    """
    Score levels, on all wells and on resamples of wells and seeds.

    Parameters
    ----------
    counts : array (levels, seeds, wells, classes, 3)
        Planes found, picks wrong, planes missed.
    seed : int
        Of the resamples.

    Returns
    -------
    scores : array (levels, seeds)
        F1 pooled over wells, averaged over the classes that are there.
    drawn : array (levels, draws)
        The same, averaged over seeds, on resamples of wells and seeds: the same ones for all levels, since a hard well
        is hard for all and a seed draws the same windows for all.

    Examples
    --------
    >>> counts = np.zeros((2, 1, 3, 1, 3)) + [[[[[3, 1, 1]]]], [[[[1, 1, 1]]]]]
    >>> drawn_scores(counts)[0].tolist()
    [[0.75], [0.5]]
    """
    table = np.asarray(counts, dtype=float)
    seeds, wells = table.shape[1:3]
    of_wells = resamples(wells, DRAWS if wells > 1 else 0, seed)
    of_seeds = resamples(seeds, len(of_wells), seed + 1) / seeds
    scores = _mean_f1(table.sum(axis=2))
    by_draw = _mean_f1(np.einsum("dw,lswck->dlsck", of_wells, table))
    return scores, np.einsum("ds,dls->ld", of_seeds, by_draw)


def _mean_f1(counts: Array) -> Array:
    """F1 (...) of counts (..., classes, 3); a class without planes and picks does not count."""
    by_class = f1(Counts(*np.moveaxis(counts, -1, 0)))
    there = np.isfinite(by_class)
    return np.asarray(np.where(there, by_class, 0).sum(-1) / np.maximum(there.sum(-1), 1))


def judge(counts: npt.ArrayLike, seed: int = 0) -> tuple[list[Level], list[Step]]:
    """
    Judge the levels of an axis and the steps between neighbours.

    Parameters
    ----------
    counts : array (levels, seeds, wells, classes, 3)
        Planes found, picks wrong, planes missed, of cells that differ in the level alone.
    seed : int
        Of the resamples.

    Returns
    -------
    levels : list of Level
        In the order given.
    steps : list of Step
        One less.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> found = rng.binomial(100, [[[0.8]], [[0.79]], [[0.4]]], (3, 3, 12))
    >>> levels, steps = judge(np.stack([found, 0 * found, 100 - found], axis=-1)[:, :, :, None])
    >>> [step.verdict for step in steps]
    ['cannot tell', 'cliff']
    """
    scores, drawn = drawn_scores(counts, seed)
    levels = [
        Level(float(mine.mean()), *interval(draws), float(draws.std()) if draws.size else float("nan"), mine)
        for mine, draws in zip(scores, drawn, strict=True)
    ]
    means, rises = scores.mean(axis=1), np.diff(drawn, axis=0)
    differences = np.diff(means)
    steps = []
    for i, (difference, rise) in enumerate(zip(differences, rises, strict=True)):
        low, high = interval(rise)
        others = np.delete(np.abs(rises), i, axis=0)
        verdict: Verdict = "cannot tell"
        if low > 0 or high < 0:
            verdict = "drift"
            if len(others) and interval(np.sign(difference) * rise - others.max(axis=0))[0] > 0:
                verdict = "cliff"
        steps.append(Step(float(difference), low, high, verdict))
    return levels, steps


def lightest(levels: list[Level]) -> int:
    """
    Choose the first level, they being in order of weight, whose score is within a standard error of the best.

    Examples
    --------
    >>> lightest([Level(score, 0, 1, 0.02, np.empty(0)) for score in (0.5, 0.69, 0.7)])
    1
    """
    best = max(levels, key=lambda level: level.score)
    least = best.score - (best.error if np.isfinite(best.error) else 0)
    return next(i for i, level in enumerate(levels) if level.score >= least)
