"""Verdicts on scores whose truth is set here, and intervals against a loop."""

from __future__ import annotations

import numpy as np
import pytest

from geobfdt.studies.statistics import Level, drawn_scores, judge, lightest


def counts_of(
    chances: list[float], seed: int = 0, seeds: int = 3, wells: int = 12, planes: int = 100, uneven: float = 0.0
) -> np.ndarray:
    """Cells whose planes are found by chance; wells differ alike for all levels. Precision is 1."""
    rng = np.random.default_rng(seed)
    hard = rng.normal(0, uneven, wells)
    chance = np.clip(np.array(chances)[:, None, None] + hard, 0, 1)
    hits = rng.binomial(planes, chance, (len(chances), seeds, wells))
    return np.stack([hits, 0 * hits, planes - hits], axis=-1)[:, :, :, None]


def score_by_hand(counts: np.ndarray) -> float:
    """Mean of F1 over classes, of one cell's counts (wells, classes, 3)."""
    total = []
    for hits, wrong, missed in counts.sum(axis=0):
        if hits + wrong + missed:
            total.append(2 * hits / (2 * hits + wrong + missed))
    return float(np.mean(total))


def test_scores_against_a_loop() -> None:
    """Pooled over wells, averaged over classes and seeds; a class that is nowhere does not count."""
    counts = np.random.default_rng(0).integers(0, 9, (3, 2, 5, 3, 3))
    counts[:, :, :, 2] = 0
    scores, resamples = drawn_scores(counts)
    for level in range(3):
        for seed in range(2):
            assert scores[level, seed] == pytest.approx(score_by_hand(counts[level, seed]))
    assert resamples.shape[0] == 3
    assert resamples.mean(axis=1) == pytest.approx(scores.mean(axis=1), abs=0.03)


def test_pairs_are_surer_than_levels() -> None:
    """Wells that differ widely, alike for both levels: the levels' intervals overlap, the step's excludes 0."""
    levels, steps = judge(counts_of([0.5, 0.58], uneven=0.15))
    assert levels[0].hi > levels[1].lo
    assert steps[0].lo > 0
    assert steps[0].verdict == "drift"  # with nothing to compare it with there is no cliff


@pytest.mark.parametrize(
    ("chances", "verdicts"),
    [
        ([0.8, 0.8, 0.4, 0.4], ["cannot tell", "cliff", "cannot tell"]),
        ([0.4, 0.4, 0.8], ["cannot tell", "cliff"]),
        ([0.8, 0.7, 0.6, 0.5], ["drift", "drift", "drift"]),
        ([0.7, 0.7, 0.7], ["cannot tell", "cannot tell"]),
    ],
    ids=["fall", "rise", "slope", "flat"],
)
def test_verdicts(chances: list[float], verdicts: list[str]) -> None:
    """A wall is a cliff, an even slope is not, and equal levels are not told apart."""
    assert [step.verdict for step in judge(counts_of(chances))[1]] == verdicts


def test_false_alarms_are_rare() -> None:
    """Of 100 studies of three equal levels, few of the 200 steps look like one, and hardly any like a cliff."""
    steps = [step.verdict for seed in range(100) for step in judge(counts_of([0.6] * 3, seed, wells=14, uneven=0.1))[1]]
    assert sum(verdict != "cannot tell" for verdict in steps) <= 30
    assert steps.count("cliff") <= 6


def test_equal_is_not_cannot_tell() -> None:
    """Many planes and wells show that levels are equal; few tell nothing."""
    many, few = (judge(counts_of([0.7, 0.7], planes=planes, wells=30))[1][0] for planes in (3000, 20))
    assert many.verdict == "equal"
    assert few.verdict == "cannot tell"
    # A difference that is certain and smaller than the margin is no drift.
    assert judge(counts_of([0.7, 0.71], planes=20000, wells=30))[1][0].verdict == "equal"


def test_intervals_widen_with_the_steps() -> None:
    """The same two levels, alone and among four more: the interval of their step has to hold together with others."""
    pair = counts_of([0.5, 0.6], uneven=0.1)
    alone, repeated = (judge(np.concatenate([pair] * copies))[1][0] for copies in (1, 3))
    assert repeated.difference == alone.difference
    assert repeated.hi - repeated.lo > 1.15 * (alone.hi - alone.lo)


def test_how_often_a_level_wins() -> None:
    """Half the pairs of equal counts, all of a far better level, and what a loop over wells and seeds counts."""
    same = judge(np.concatenate([counts_of([0.5])] * 2))[1][0]
    assert (same.wins, same.wins_lo, same.wins_hi) == pytest.approx((0.5, 0.5, 0.5))
    assert judge(counts_of([0.3, 0.9]))[1][0].wins == 1
    counts = counts_of([0.5, 0.52], uneven=0.1)
    hits = counts[..., 0, 0]
    by_hand = np.mean([np.sign(b - a) / 2 + 0.5 for a, b in zip(hits[0].ravel(), hits[1].ravel(), strict=True)])
    assert judge(counts)[1][0].wins == pytest.approx(by_hand)


def test_seeds_widen_the_interval() -> None:
    """Seeds that disagree make a step less sure, whatever the wells say."""
    counts = counts_of([0.6, 0.7], seeds=3, planes=1000)
    restless = counts.copy()
    restless[1, 0, :, :, 0] -= 150
    restless[1, 0, :, :, 2] += 150
    calm, unsure = (judge(table)[1][0] for table in (counts, restless))
    assert unsure.hi - unsure.lo > 3 * (calm.hi - calm.lo)
    assert calm.seeds == unsure.seeds == 3


def test_one_well_has_no_interval() -> None:
    """Nothing can be said of the spread between wells: no interval, no verdict."""
    levels, steps = judge(counts_of([0.2, 0.9], wells=1))
    assert np.isnan(levels[0].lo)
    assert steps[0].verdict == "cannot tell"


def test_the_lightest_within_a_standard_error() -> None:
    """The best itself where no lighter one comes near; without errors, the first of the best."""
    none = np.empty(0)
    assert lightest([Level(0.6, 0, 1, 0.01, none), Level(0.7, 0, 1, 0.01, none), Level(0.69, 0, 1, 0.01, none)]) == 1
    assert lightest([Level(0.65, 0, 1, 0.01, none), Level(0.7, 0, 1, 0.06, none)]) == 0
    assert lightest([Level(0.6, 0, 1, np.nan, none), Level(0.7, 0, 1, np.nan, none)]) == 1


def test_one_seed_has_no_verdict() -> None:
    """A wall between twelve wells, seen by one seed: it may be the luck of that seed."""
    assert judge(counts_of([0.2, 0.9], seeds=1))[1][0].verdict == "cannot tell"
    assert judge(counts_of([0.2, 0.9], seeds=2))[1][0].verdict != "cannot tell"
