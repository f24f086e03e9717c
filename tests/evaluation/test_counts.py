"""The rule of what is right, wrong, missed and neither, case by case and against a plain loop."""

import numpy as np
import pytest

from geobfdt.evaluation.counts import Counts, count, f1, moved_pairs, pick_outcomes, possible_pairs, precision, recall
from geobfdt.evaluation.scope import gather
from geobfdt.wells.intervals import new_intervals
from geobfdt.wells.picks import new_picks

LOOKED_AT = new_intervals([("A", "interpreted", "bedding", 10.0, 20.0)])


def counted(picks, truth, optional=None, tolerance=0.05):
    """Found, wrong, missed of bedding at depths in the interval 10 to 20 m."""
    tables = [new_picks(well="A", depth_m=d, class_="bedding", amplitude_m=0.0) for d in (picks, truth)]
    if optional is not None:
        tables[1]["optional"] = optional
    (group,), _ = gather(*tables, LOOKED_AT)
    pairs = possible_pairs(group, "trace", tolerance)
    zeros = [np.zeros(len(p), dtype=int) for p in (group.picks, group.truth)]
    chosen = pairs.matched(tolerance)
    counts = count(group, pairs, chosen, *zeros, 1).total()
    outcome = pick_outcomes(group, pairs, chosen)
    assert (outcome == 1).sum() == counts.hits
    assert (outcome == 0).sum() == counts.wrong
    return counts.hits, counts.wrong, counts.missed


@pytest.mark.parametrize(
    ("picks", "truth", "optional", "expected"),
    [
        ([12.0], [12.03], None, (1, 0, 0)),
        ([12.0], [12.06], None, (0, 1, 1)),
        ([5.0], [12.0], None, (0, 0, 1)),  # a pick outside is not wrong
        ([12.0], [5.0], None, (0, 1, 0)),  # truth outside is not missed
        ([9.98], [10.01], None, (1, 0, 0)),  # a pair across the edge counts, either way
        ([10.01], [9.98], None, (1, 0, 0)),
        ([9.98], [9.99], None, (0, 0, 0)),  # a pair outside does not
        ([9.97, 10.03], [10.0], None, (1, 0, 0)),  # the pick inside is taken first
        ([9.99, 10.04], [10.0], None, (1, 0, 0)),  # even if the one outside is nearer
        ([12.0], [12.0], [True], (0, 0, 0)),  # found optional: neither
        ([], [12.0], [True], (0, 0, 0)),  # missed optional: neither
        ([12.0], [12.0, 12.04], [True, False], (1, 0, 0)),  # required before optional
        ([12.0, 12.01], [12.0, 12.04], [True, False], (1, 0, 0)),  # both right: one required, one optional
        ([12.0, 12.01, 12.02], [12.0], None, (1, 2, 0)),  # one to one
    ],
)
def test_rule(picks, truth, optional, expected):
    """Each case of the rule."""
    assert counted(picks, truth, optional) == expected


def test_ratios():
    """Precision, recall and F1 of counts; nothing at all gives NaN, not a score."""
    counts = Counts(np.array([3, 0, 0]), np.array([1, 2, 0]), np.array([2, 1, 0]))
    assert precision(counts)[:2].tolist() == [0.75, 0.0]
    assert recall(counts)[:2].tolist() == [0.6, 0.0]
    assert f1(counts)[0] == pytest.approx(2 * 0.75 * 0.6 / (0.75 + 0.6))
    assert np.isnan([precision(counts)[2], recall(counts)[2], f1(counts)[2]]).all()


def test_counts_add_and_weigh():
    """Counts of parts add to the whole, and a weight of two is a part taken twice."""
    parts = Counts(np.array([1, 2]), np.array([3, 4]), np.array([5, 6]))
    assert (Counts(1, 3, 5) + Counts(2, 4, 6)) == parts.total() == Counts(3, 7, 11)
    double = parts.over([[2, 0], [1, 1]])
    assert double.hits.tolist() == [2, 3]
    assert double.missed.tolist() == [10, 11]


def test_moved_copies_equal_single_matchings(monkeypatch):
    """Copies matched in one go, or in batches, equal copies matched one by one."""
    rng = np.random.default_rng(4)
    tables = [new_picks(well="A", depth_m=rng.uniform(10, 14, n), class_="bedding", amplitude_m=0.0) for n in (40, 50)]
    tables[1]["optional"] = rng.uniform(size=50) < 0.2
    (group,), _ = gather(*tables)
    steps = np.linspace(-0.5, 0.5, 11)
    depth = group.picks.depth + steps[:, None]

    def all_counts():
        out = []
        for pairs, size in moved_pairs(group, group.picks, depth, "trace", 0.05):
            unit = np.arange(size)
            counts = count(group, pairs, pairs.matched(0.05), np.repeat(unit, 40), np.repeat(unit, 50), size)
            out += list(zip(counts.hits.tolist(), counts.wrong.tolist(), counts.missed.tolist(), strict=True))
        return out

    expected = []
    for step in steps:
        moved = tables[0].assign(depth_m=tables[0]["depth_m"] + step)
        (alone,), _ = gather(moved, tables[1])
        pairs = possible_pairs(alone, "trace", 0.05)
        zero = np.zeros(50, dtype=int)
        counts = count(alone, pairs, pairs.matched(0.05), zero[:40], zero, 1).total()
        expected.append((counts.hits, counts.wrong, counts.missed))
    assert all_counts() == expected
    monkeypatch.setattr("geobfdt.evaluation.counts._BATCH_PICKS", 90)
    assert all_counts() == expected
