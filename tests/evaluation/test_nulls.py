"""Blind pickers: they stay in the scored depths, they are blind, and they score what theory says."""

from zlib import crc32

import numpy as np
import pytest

from geobfdt.evaluation.counts import f1, possible_pairs
from geobfdt.evaluation.matching import Planes
from geobfdt.evaluation.nulls import MIN_SHIFT_M, NULL_KINDS, mean_orientation, null_counts, null_depths, z_score
from geobfdt.evaluation.scope import gather
from geobfdt.evaluation.scores import evaluate
from geobfdt.wells.intervals import covered, new_intervals
from geobfdt.wells.picks import new_picks

PIECES = np.array([[10.0, 14.0], [20.0, 22.0], [30.0, 37.0]])


def inside(depth):
    """Whether depths lie in the pieces."""
    return ((depth[..., None] >= PIECES[:, 0] - 1e-9) & (depth[..., None] <= PIECES[:, 1] + 1e-9)).any(-1)


def along(depth):
    """Distance along the pieces laid end to end, by a loop."""
    out = []
    for z in np.ravel(depth):
        before = 0.0
        for top, base in PIECES:
            if z <= base + 1e-9:
                out.append(before + z - top)
                break
            before += base - top
    return np.reshape(out, np.shape(depth))


@pytest.mark.parametrize("null", NULL_KINDS)
def test_blind_depths_stay_in_the_pieces(null):
    """No blind pick lands where nothing is scored, and equal seeds give equal picks."""
    depth = np.random.default_rng(0).uniform(30, 37, 25)
    got = null_depths(null, depth, PIECES, 60, [3])
    assert got.shape == (60, 25)
    assert inside(got).all()
    assert np.array_equal(got, null_depths(null, depth, PIECES, 60, [3]))


def test_shift_moves_all_picks_together_around_the_circle():
    """Each copy is one rotation, by at least half a metre either way, and the rotations cover the circle evenly."""
    depth = np.array([10.0, 13.9, 21.0, 36.5])
    moved = (along(null_depths("shift", depth, PIECES, 52, [1])) - along(depth)) % 13.0
    assert np.allclose(moved, moved[:, :1])
    shifts = np.sort(moved[:, 0])
    assert shifts[0] >= MIN_SHIFT_M
    assert shifts[-1] <= 13.0 - MIN_SHIFT_M
    assert np.array_equal(np.floor((shifts - MIN_SHIFT_M) / (12.0 / 52)), np.arange(52))


def test_shift_in_a_very_short_well():
    """Where there is no room for half a metre, a quarter of the way round."""
    moved = (null_depths("shift", [1.0], [[0.8, 1.6]], 50, [0])[:, 0] - 1.0) % 0.8
    assert moved.min() >= 0.2 - 1e-9
    assert moved.max() <= 0.6 + 1e-9


def test_fence_is_even():
    """Picks of the fence are equally far apart along the pieces, and its copies fill the gap between them."""
    got = np.sort(along(null_depths("fence", np.full(13, 11.0), PIECES, 4, [0])), axis=1)
    assert np.allclose(np.diff(got, axis=1), 1.0)
    assert np.allclose(np.sort(got[:, 0]), [0.125, 0.375, 0.625, 0.875])


def random_well(seed, n=300, top=100.0, base=160.0):
    """Random planes of a well."""
    rng = np.random.default_rng(seed)
    return new_picks(
        well="A",
        depth_m=rng.uniform(top, base, n),
        class_="fracture",
        amplitude_m=rng.uniform(0.0, 0.3, n),
        azimuth_app_deg=rng.uniform(0, 360, n),
        dip_app_deg=rng.uniform(0, 70, n),
    )


@pytest.mark.parametrize("null", ["shift", "uniform", "fence"])
@pytest.mark.parametrize("kind", ["depth", "pole", "trace"])
def test_blind_counts_equal_scoring_each_copy(null, kind):
    """Counts of copies in one go equal those of evaluate on a table of each copy."""
    picks, truth = random_well(0, 120, 100, 120), random_well(1, 150, 100, 120)
    (group,), _ = gather(picks, truth)
    got = null_counts(group, null, kind, (0.03, 0.09), 3, seed=5)
    depths = null_depths(null, group.picks.depth, group.pieces, 3, [5, crc32(b"A")])
    ordered = picks.iloc[group.pick_rows]
    if null == "fence":
        mean = mean_orientation(group.picks)
        ordered = ordered.assign(
            amplitude_m=np.hypot(mean.trace[:, 1], mean.trace[:, 2]),
            azimuth_app_deg=np.degrees(np.arctan2(mean.trace[:, 2], mean.trace[:, 1])) % 360,
        )
        if kind == "pole":
            ordered = ordered.assign(dip_app_deg=mean.apparent[:, 0], azimuth_app_deg=mean.apparent[:, 1])
    for k in range(3):
        scores = evaluate(ordered.assign(depth_m=depths[k]), truth, shifts=2, tolerances=(0.03, 0.09))
        for tolerance in (0.03, 0.09):
            total = scores.counts["fracture", kind, tolerance].total()
            assert total.hits == got[tolerance].hits[k]
            assert total.wrong == got[tolerance].wrong[k]
            assert total.missed == got[tolerance].missed[k]


def test_picks_outside_do_not_take_part():
    """Only picks that are judged have blind copies, and these stay where the class was interpreted."""
    intervals = new_intervals([("A", "interpreted", "fracture", 110.0, 130.0), ("A", "ignored", "x", 115.0, 117.0)])
    picks = random_well(0)
    (group,), _ = gather(picks, random_well(1), intervals)
    judged = covered(intervals, "A", "fracture", picks["depth_m"]).sum()
    for null in NULL_KINDS:
        counts = null_counts(group, null, "depth", (0.05,), 5, seed=0)[0.05]
        assert np.asarray(counts.hits + counts.wrong <= judged).all()
        assert (np.asarray(counts.hits) + counts.missed >= group.truth_inside.sum()).all()


def test_a_picker_without_skill_is_no_better_than_its_shifts():
    """Independent picks have a z within chance, on average near zero."""
    z = []
    for seed in range(8):
        picks, truth = random_well(2 * seed + 100, 150), random_well(2 * seed + 101, 150)
        (group,), _ = gather(picks, truth)
        null_f1 = f1(null_counts(group, "shift", "depth", (0.05,), 50, seed)[0.05])
        pairs = possible_pairs(group, "depth", 0.05)
        z.append(z_score(2 * len(pairs.matched(0.05)) / (len(picks) + len(truth)), null_f1))
    assert abs(np.mean(z)) < 1.0
    assert np.abs(z).max() < 4


def test_constant_orientation_shows_what_orientation_is_worth():
    """With right depths and one orientation depth F1 stays, trace F1 of scattered planes falls."""
    truth = random_well(7)
    nulls = evaluate(truth, truth, shifts=5).nulls().query("null == 'constant' and tolerance_m == 0.02")
    by_kind = nulls[nulls["class"] == "fracture"].set_index("kind")["null_f1"]
    assert by_kind["depth"] == 1.0
    assert by_kind["trace"] < 0.3
    assert by_kind["pole"] < 0.3


def test_mean_orientation_of_steep_planes():
    """Planes that dip steeply east and west have a steep mean; a vector mean of their poles would be flat."""
    table = new_picks(
        well="A", depth_m=[1.0, 2.0], class_="fracture", dip_true_deg=85.0, azimuth_true_deg=[90.0, 270.0],
        amplitude_m=[0.1, 0.3], azimuth_app_deg=[0.0, 180.0],
    )  # fmt: skip
    mean = mean_orientation(Planes.of(table))
    assert mean.true[0, 0] == pytest.approx(90.0, abs=1e-6)
    assert np.allclose(mean.trace[:, 1:], [[-0.1, 0.0]] * 2)
    assert np.isnan(mean.apparent).all()


def test_dense_wells_are_easy_for_the_blind():
    """The denser the picks, the better a blind picker scores: why no F1 stands without its null."""
    scores = []
    for density in (1.0, 7.5, 20.0):
        (group,), _ = gather(random_well(0, int(60 * density)), random_well(1, int(60 * density)))
        scores.append(f1(null_counts(group, "fence", "depth", (0.05,), 20, 0)[0.05]).mean())
    assert scores[0] < 0.15 < 0.4 < scores[1] < scores[2]
