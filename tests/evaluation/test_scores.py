"""Scores: what any honest score must do, on random wells, and against a slow count."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from geobfdt.evaluation.comparison import compare
from geobfdt.evaluation.scores import TOLERANCES_M, evaluate
from geobfdt.runtime.findings import InputError
from geobfdt.wells.intervals import new_intervals
from geobfdt.wells.picks import new_picks

FAST = {"shifts": 2, "tolerances": (0.01, 0.05)}


def planes(rng, n, wells=("A",), base=10.0):
    """Random planes of both classes."""
    amplitude = rng.uniform(0.0, 0.1, n)
    return new_picks(
        well=rng.choice(wells, n),
        depth_m=rng.uniform(0, base, n),
        class_=rng.choice(["bedding", "fracture"], n),
        amplitude_m=amplitude,
        azimuth_app_deg=rng.uniform(0, 360, n),
        dip_app_deg=np.degrees(np.arctan(2 * amplitude / 0.2)),
        reference="north",
        confidence=rng.uniform(0, 1, n),
    )


def jittered(rng, truth, miss=0.2, extra=10):
    """Truth seen by an interpreter: some missed, all a little off, some made up."""
    rest = truth[rng.uniform(size=len(truth)) > miss].copy()
    rest["depth_m"] += rng.normal(0, 0.015, len(rest))
    rest["azimuth_app_deg"] = (rest["azimuth_app_deg"] + rng.normal(0, 10, len(rest))) % 360
    false = planes(rng, extra, sorted(set(truth["well"])), truth["depth_m"].max())
    return pd.concat([rest, false], ignore_index=True)


def plain(scores):
    """Found, wrong and missed in all, by key."""
    return {key: (c.total().hits, c.total().wrong, c.total().missed) for key, c in scores.counts.items()}


def slow_count(picks, truth, tolerance):
    """Matches by trace, by a dense assignment and a loop over wells and classes."""
    hits = 0
    for well in set(picks["well"]) | set(truth["well"]):
        for name in ("bedding", "fracture"):
            p, t = (x[(x["well"] == well) & (x["class"] == name)] for x in (picks, truth))
            gap = np.zeros((len(p), len(t)))
            for i, a in enumerate(p.itertuples()):
                for j, b in enumerate(t.itertuples()):
                    turn = np.radians(a.azimuth_app_deg - b.azimuth_app_deg)
                    across = a.amplitude_m**2 + b.amplitude_m**2 - 2 * a.amplitude_m * b.amplitude_m * np.cos(turn)
                    gap[i, j] = np.sqrt((a.depth_m - b.depth_m) ** 2 + across / 2)
            row, column = linear_sum_assignment(np.where(gap <= tolerance, gap, 1e4))
            hits += int((gap[row, column] <= tolerance).sum())
    return hits, len(picks) - hits, len(truth) - hits


@pytest.mark.parametrize("seed", range(4))
def test_counts_by_loop(seed):
    """Trace counts over wells and classes equal a slow count."""
    rng = np.random.default_rng(seed)
    truth = planes(rng, 60, ("A", "B"))
    picks = jittered(rng, truth)
    got = plain(evaluate(picks, truth, **FAST))
    for tolerance in (0.01, 0.05):
        assert got["all", "trace", tolerance] == slow_count(picks, truth, tolerance)


seeds = st.integers(0, 10_000)


@settings(max_examples=6, deadline=None)
@given(seeds, st.integers(1, 40))
def test_truth_scores_one(seed, n):
    """Truth against itself has F1, precision, recall and average precision 1 and no error."""
    truth = planes(np.random.default_rng(seed), n)
    scores = evaluate(truth, truth, **FAST)
    assert (scores.table()[["f1", "precision", "recall", "ap"]] == 1).all(axis=None)
    errors = scores.errors()
    assert np.allclose(errors.loc[errors["n"] > 0, "value"], 0, atol=1e-5)


@settings(max_examples=6, deadline=None)
@given(seeds)
def test_symmetric(seed):
    """Picks against truth and truth against picks share F1; precision and recall change places."""
    rng = np.random.default_rng(seed)
    truth = planes(rng, 50)
    picks = jittered(rng, truth)
    # Chosen so that rows lie on both sides of the edges.
    intervals = new_intervals([("A", "interpreted", "bedding", 2.0, 7.0), ("A", "ignored", "breakout", 4.0, 5.0)])
    one, other = (plain(evaluate(a, b, intervals, **FAST)) for a, b in ((picks, truth), (truth, picks)))
    assert one == {key: (hits, wrong, missed) for key, (hits, missed, wrong) in other.items()}


@settings(max_examples=5, deadline=None)
@given(seeds, st.floats(-50, 5000))
def test_moving_both_changes_nothing(seed, shift):
    """Scores do not know where zero depth is."""
    rng = np.random.default_rng(seed)
    truth = planes(rng, 50)
    picks = jittered(rng, truth)
    moved = [table.assign(depth_m=table["depth_m"] + shift) for table in (picks, truth)]
    assert plain(evaluate(picks, truth, **FAST)) == plain(evaluate(*moved, **FAST))


@settings(max_examples=5, deadline=None)
@given(seeds)
def test_order_of_rows_changes_nothing(seed):
    """Every number, nulls and intervals too, is the same for shuffled tables."""
    rng = np.random.default_rng(seed)
    truth = planes(rng, 40)
    picks = jittered(rng, truth)
    shuffled = [table.sample(frac=1, random_state=seed) for table in (picks, truth)]
    assert evaluate(picks, truth, **FAST).to_dict() == evaluate(*shuffled, **FAST).to_dict()


@settings(max_examples=5, deadline=None)
@given(seeds)
def test_a_far_false_pick_only_lowers_precision(seed):
    """It adds one wrong pick of its class, and takes nothing else."""
    rng = np.random.default_rng(seed)
    truth = planes(rng, 30)
    picks = jittered(rng, truth)
    far = pd.concat([picks, new_picks(well="A", depth_m=[50.0], class_="bedding", amplitude_m=0.0, dip_app_deg=0.0)])
    before, after = plain(evaluate(picks, truth, **FAST)), plain(evaluate(far, truth, **FAST))
    for key, (hits, wrong, missed) in before.items():
        assert after[key] == (hits, wrong + (key.class_ != "fracture"), missed)


def test_wells_and_blocks_add():
    """Counts of wells scored alone add to those of the field, and counts by unit to the total."""
    rng = np.random.default_rng(0)
    truth = planes(rng, 200, tuple("ABCDEF"))
    picks = jittered(rng, truth)
    whole = evaluate(picks, truth, **FAST)
    parts = [evaluate(picks[picks["well"] == w], truth[truth["well"] == w], **FAST) for w in "ABCDEF"]
    assert [len(s.units) for s in parts] != [1] * 6
    for key, total in plain(whole).items():
        assert total == tuple(np.sum([plain(part)[key] for part in parts], axis=0))
    for well, part in zip("ABCDEF", parts, strict=True):
        unit = whole.units.keys.index((well, 0))
        assert whole.counts["all", "trace", 0.05].hits[unit] == part.counts["all", "trace", 0.05].total().hits


def test_classes_pool_and_must_match():
    """Pooled counts are the classes' together: a plane of the other class at the same place is no match."""
    truth = new_picks(well="A", depth_m=[1.0, 2.0], class_=["bedding", "fracture"], amplitude_m=0.0)
    wrong = truth.assign(**{"class": ["fracture", "fracture"]})
    scores = evaluate(wrong, truth, **FAST)
    assert plain(scores)["all", "trace", 0.01] == (1, 1, 1)
    errors = scores.errors().set_index(["class", "measure"])
    assert errors.loc[("all", "class_error_pct"), "value"] == 50.0


def test_skill_is_seen_and_blindness_too():
    """A real picker stands far above its shifts, a shifted one does not; all numbers are there."""
    rng = np.random.default_rng(3)
    truth = planes(rng, 300, base=60.0)
    picks = jittered(rng, truth, extra=50)
    row = evaluate(picks, truth).table().query("`class` == 'all' and kind == 'trace' and tolerance_m == 0.05").iloc[0]
    assert row["z"] > 10
    assert row["null_f1"] < 0.3 < 0.6 < row["f1_lo"] < row["f1"] < row["f1_hi"]
    shifted = evaluate(picks.assign(depth_m=picks["depth_m"] + 3.3), truth).table()
    assert shifted.query("`class` == 'all' and kind == 'trace' and tolerance_m == 0.05")["z"].abs().iloc[0] < 4


def test_missing_orientation_leaves_depth():
    """Tables of depth and class alone are scored by depth; the other kinds are undefined and the user is told."""
    bare = new_picks(well="A", depth_m=np.arange(10.0), class_="bedding")
    scores = evaluate(bare, bare, **FAST)
    table = scores.table().set_index("kind")
    assert (table.loc["depth", "f1"] == 1).all()
    assert table.loc[["pole", "trace"], "f1"].isna().all()
    assert {f.kind for f in scores.findings} == {"truth-without-pole", "truth-without-trace"}
    assert "truth-without-trace" in str(scores)


def test_no_picks_score_zero():
    """An empty table is a picker that found nothing."""
    truth = planes(np.random.default_rng(0), 20)
    row = evaluate(new_picks(), truth, **FAST).table().query("`class` == 'all'").iloc[-1]
    assert (row["f1"], row["recall"], row["n_picks"]) == (0, 0, 0)
    assert np.isnan(row["precision"])


def test_to_dict_is_json_and_text_fits():
    """JSON without NaN, and lines that a terminal shows whole."""
    rng = np.random.default_rng(5)
    truth = planes(rng, 80)
    scores = evaluate(jittered(rng, truth), truth)
    again = json.loads(json.dumps(scores.to_dict(), allow_nan=False))
    assert len(again["scores"]) == len(scores.table()) == 3 * 3 * len(TOLERANCES_M)
    assert max(map(len, str(scores).splitlines())) <= 84
    assert list(scores.table().columns[:6]) == ["class", "kind", "tolerance_m", "f1", "f1_lo", "f1_hi"]


def test_bad_arguments():
    """A table that breaks the contract, or a gate of nothing, is refused."""
    truth = planes(np.random.default_rng(0), 5)
    with pytest.raises(InputError, match="picks"):
        evaluate(truth.assign(depth_m=np.nan), truth)
    with pytest.raises(ValueError, match="positive"):
        evaluate(truth, truth, tolerances=(0.0,))


def test_compare_pairs_the_resamples():
    """A picker that is better everywhere is surely better, though the scores' own intervals overlap."""
    rng = np.random.default_rng(6)
    truth = planes(rng, 400, tuple("ABCDEFGH"), 20.0)
    # Wells of very different difficulty make each score unsure.
    hard = dict(zip("ABCDEFGH", np.linspace(0.05, 0.8, 8), strict=True))
    worse = truth[rng.uniform(size=400) > truth["well"].map(hard)]
    better = pd.concat([worse, truth.drop(worse.index).iloc[::4]])
    first, second = evaluate(worse, truth, **FAST), evaluate(better, truth, **FAST)
    rows = [s.table().query("`class` == 'all' and kind == 'trace'").iloc[-1] for s in (first, second)]
    assert rows[0]["f1_hi"] > rows[1]["f1_lo"]
    row = compare(first, second).query("`class` == 'all' and kind == 'trace'").iloc[-1]
    assert row["difference"] == pytest.approx(rows[1]["f1"] - rows[0]["f1"])
    assert 0 < row["lo"] < row["difference"] < row["hi"]
    assert row["share_better"] == 1.0
    same = compare(first, first)
    assert (same[["difference", "lo", "hi"]] == 0).all(axis=None)
    assert (same["share_better"] == 0.5).all()


def test_compare_refuses_other_wells():
    """Scores of different wells have no difference."""
    one, other = (planes(np.random.default_rng(0), 20, (w,)) for w in "AB")
    with pytest.raises(ValueError, match="same truth"):
        compare(evaluate(one, one, **FAST), evaluate(other, other, **FAST))
