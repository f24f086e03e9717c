"""Statistics of a study: scores with intervals, steps between neighbours, and the lightest good level."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import stats

from geobfdt.evaluation.bootstrap import interval, resamples
from geobfdt.evaluation.counts import Counts, f1

__all__ = ["ENOUGH_SEEDS", "MARGIN", "Level", "Step", "Verdict", "drawn_scores", "judge", "lightest"]

DRAWS = 2000  # Number of resamples of wells, and of seeds within each.
MARGIN = 0.02  # Difference of F1 below which two levels count as equal.
ENOUGH_SEEDS = 6  # A verdict on fewer seeds states their number.
_ERROR_RATE = 0.05  # Probability of any false verdict of a kind over the steps of a study.

Array = npt.NDArray[np.float64]
Verdict = Literal["cliff", "drift", "equal", "cannot tell"]


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
        Score of the second minus that of the first, and its paired interval; the intervals of all steps of a study
        hold together on 95 % of studies.
    verdict : {"cliff", "drift", "equal", "cannot tell"}
        Equal: surely within `MARGIN`. A drift's interval excludes 0; a cliff's too, and it surely is larger than every
        other step. One seed cannot tell.
    wins, wins_lo, wins_hi : float
        Probability that the second level scores higher than the first on one well with one seed, and its 95 %
        interval (Bouthillier et al. 2021; they call it meaningful from 0.75 on).
    seeds : int
        Seeds that it rests on.
    """

    difference: float
    lo: float
    hi: float
    verdict: Verdict
    wins: float
    wins_lo: float
    wins_hi: float
    seeds: int


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
    of_wells, of_seeds = _weights(table.shape[1], table.shape[2], seed)
    scores = _mean_f1(table.sum(axis=2))
    by_draw = _mean_f1(np.einsum("dw,lswck->dlsck", of_wells, table))
    return scores, np.einsum("ds,dls->ld", of_seeds, by_draw)


def _weights(seeds: int, wells: int, seed: int) -> tuple[Array, Array]:
    """Number of times that each resample draws each well, and the share of each seed in it."""
    of_wells = resamples(wells, DRAWS if wells > 1 else 0, seed)
    return of_wells, resamples(seeds, len(of_wells), seed + 1) / seeds


def _mean_f1(counts: Array) -> Array:
    """F1 (...) of counts (..., classes, 3); a class without planes and picks does not count."""
    by_class = f1(Counts(*np.moveaxis(counts, -1, 0)))
    there = np.isfinite(by_class)
    return np.asarray(np.where(there, by_class, 0).sum(-1) / np.maximum(there.sum(-1), 1))


class _Estimate(NamedTuple):
    """A difference of scores, its standard error, and the degrees of freedom of that."""

    value: float
    error: float
    freedom: float

    def reach(self, chance: float) -> float:
        """Half width of the interval beyond which it lies with this probability on either side."""
        return float(stats.t.ppf(1 - chance, self.freedom) * self.error)


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

    Notes
    -----
    The standard error of a step joins two sources. Wells: a jackknife of the pooled scores, since F1 is a ratio. Seeds:
    the scatter of the step between seeds. Both are small samples, so intervals are Student's t with the degrees of
    freedom of Welch and Satterthwaite. With `k` steps each interval leaves out 5 % / k (Bonferroni), so that on at most
    5 % of studies any step differs from 0 by chance. Two levels are equal if two one-sided tests at 5 % / k put
    the step within the margin. A cliff has to beat every other step, up or down, in a one-sided test at 5 % / k each.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> found = rng.binomial(100, [[[0.8]], [[0.79]], [[0.4]]], (3, 3, 12))
    >>> levels, steps = judge(np.stack([found, 0 * found, 100 - found], axis=-1)[:, :, :, None])
    >>> [step.verdict for step in steps]
    ['cannot tell', 'cliff']
    """
    table = np.asarray(counts, dtype=float)
    scores, resamples = drawn_scores(table, seed)
    levels = [
        Level(float(mine.mean()), *interval(draws), float(draws.std()) if draws.size else float("nan"), mine)
        for mine, draws in zip(scores, resamples, strict=True)
    ]
    without = _without_each_well(table)
    rises, rises_without = np.diff(scores, axis=0), np.diff(without, axis=0)
    chance = _ERROR_RATE / max(len(rises), 1)
    several_seeds = table.shape[1] > 1  # One seed does not show how far seeds differ, so it allows no verdict.
    steps = []
    for i, (rise, rise_without) in enumerate(zip(rises, rises_without, strict=True)):
        step = _estimate(rise, rise_without)
        reach = step.reach(chance / 2)
        verdict: Verdict = "cannot tell"
        if several_seeds and abs(step.value) + step.reach(chance) < MARGIN:
            verdict = "equal"
        elif several_seeds and abs(step.value) > reach:
            sign = np.sign(step.value)
            # Larger than another step whichever way that one goes: both contrasts are positive.
            contrasts = [
                _estimate(sign * rise + way * rises[j], sign * rise_without + way * rises_without[j])
                for j in range(len(rises))
                if j != i
                for way in (-1, 1)
            ]
            larger = all(contrast.value > contrast.reach(chance) for contrast in contrasts)
            verdict = "cliff" if contrasts and larger else "drift"
        wins = _wins(table[i], table[i + 1], seed)
        steps.append(Step(step.value, step.value - reach, step.value + reach, verdict, *wins, table.shape[1]))
    return levels, steps


def _without_each_well(table: Array) -> Array:
    """Scores (levels, wells) averaged over seeds, with each well left out in turn."""
    rest = table.sum(axis=2, keepdims=True) - table
    return np.asarray(_mean_f1(rest).mean(axis=1))


def _estimate(by_seed: Array, without: Array) -> _Estimate:
    """A difference from its values of each seed and with each well left out; NaN with a single well."""
    seeds, wells = by_seed.size, without.size
    if wells < 2:
        return _Estimate(float(by_seed.mean()), float("nan"), float("nan"))
    of_wells = (wells - 1) ** 2 / wells * without.var(ddof=1)
    of_seeds = by_seed.var(ddof=1) / seeds if seeds > 1 else 0.0
    total = of_wells + of_seeds
    spread = of_wells**2 / (wells - 1) + (of_seeds**2 / (seeds - 1) if seeds > 1 else 0.0)
    return _Estimate(float(by_seed.mean()), float(np.sqrt(total)), total**2 / spread if spread > 0 else wells - 1.0)


def _wins(first: Array, second: Array, seed: int) -> tuple[float, float, float]:
    """Share of wells and seeds on which the second level scores higher, ties being half, and its interval."""
    one, other = _mean_f1(first), _mean_f1(second)
    wins = (other > one) + 0.5 * (other == one)
    of_wells, of_seeds = _weights(wins.shape[0], wins.shape[1], seed)
    wins_by_draw = np.einsum("ds,dw,sw->d", of_seeds, of_wells / wins.shape[1], wins)
    return float(wins.mean()), *interval(wins_by_draw)


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
