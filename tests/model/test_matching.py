"""Pairs against brute force, and thinning against its promise."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geobfdt.geometry import trace_rms
from geobfdt.model.curve_settings import MatchingSettings
from geobfdt.model.matching import match, penalise_duplicates, scaled_rms, thin_by_distance

RADIUS = 0.11
WITHIN_10_CM = MatchingSettings(max_distance=0.1)


def apart(one: np.ndarray, other: np.ndarray) -> float:
    """Root mean square distance of two traces, angle by angle, over the geometric mean of how they stretch."""
    turn = np.linspace(0, 2 * np.pi, 90, endpoint=False)
    waves = np.stack([np.ones(90), np.cos(turn), np.sin(turn)])
    tall = 1.0
    for trace in (one, other):
        rise = (trace[2] * np.cos(turn) - trace[1] * np.sin(turn)) / RADIUS
        tall *= np.sqrt((1 + rise**2).mean())
    return float(np.sqrt((((one - other) @ waves) ** 2).mean() / tall))


def random_traces(rng: np.random.Generator, count: int, height: float = 0.5) -> np.ndarray:
    """Traces within a short stretch of hole."""
    return np.column_stack([rng.uniform(0, height, count), rng.normal(0, 0.1, (count, 2))])


def test_scaled_rms_by_angles() -> None:
    """Equal to the sum over angles, for gentle and steep traces."""
    rng = np.random.default_rng(0)
    first, second = random_traces(rng, 6), random_traces(rng, 5) * [1, 9, 9]
    slow = [[apart(one, other) for other in second] for one in first]
    np.testing.assert_allclose(scaled_rms(first, second, RADIUS), slow, rtol=1e-9)


@pytest.mark.parametrize(("queries", "planes"), [(4, 3), (3, 4), (5, 5), (1, 3)])
def test_match_is_brute_force(queries: int, planes: int) -> None:
    """As many pairs within reach as there can be, and of those the ones that cost least."""
    for seed in range(12):
        rng = np.random.default_rng([seed, queries, planes])
        traces, truth = random_traces(rng, queries), random_traces(rng, planes)
        probability, classes = rng.random((queries, 2)), rng.integers(0, 2, planes)
        distance = np.array([[apart(one, other) for other in truth] for one in traces])
        cost = np.minimum(distance / 0.03, 10) + 2 * (1 - probability[:, classes])
        furthest = 0.15
        best = (0, 0.0)
        fewer = min(queries, planes)
        for rows in permutations(range(queries), fewer):
            for columns in permutations(range(planes), fewer) if queries > planes else [tuple(range(fewer))]:
                pairs = [p for p in zip(rows, columns, strict=True) if distance[p] <= furthest]
                best = min(best, (-len(pairs), sum(cost[p] for p in pairs)))
        if queries <= planes:
            for columns in permutations(range(planes), fewer):
                pairs = [p for p in zip(range(queries), columns, strict=True) if distance[p] <= furthest]
                best = min(best, (-len(pairs), sum(cost[p] for p in pairs)))
        query, plane = match(traces, probability, truth, classes, RADIUS, MatchingSettings(max_distance=furthest))
        assert len(set(query)) == len(set(plane)) == len(query) == -best[0]
        assert (distance[query, plane] <= furthest).all()
        assert cost[query, plane].sum() == pytest.approx(best[1], abs=1e-9)


def test_nothing_is_paired_beyond_reach() -> None:
    """A pair just within reach is one; just beyond it is none, however sure the query."""
    truth, classes = np.array([[1.0, 0.0, 0.0]]), np.array([1])
    for off, pairs in ((0.0999, 1), (0.1001, 0)):
        query, plane = match(truth + [off, 0, 0], np.ones((1, 2)), truth, classes, RADIUS, WITHIN_10_CM)
        assert len(query) == len(plane) == pairs


@pytest.mark.parametrize(("queries", "planes"), [(0, 0), (0, 2), (2, 0)])
def test_nothing_to_pair(queries: int, planes: int) -> None:
    """Empty inputs give empty indices."""
    rng = np.random.default_rng(0)
    classes = np.zeros(planes, np.int64)
    query, plane = match(
        random_traces(rng, queries), rng.random((queries, 2)), random_traces(rng, planes), classes, RADIUS, WITHIN_10_CM
    )
    assert query.size == plane.size == 0
    assert query.dtype == plane.dtype == np.int64


def test_the_surer_query_takes_the_plane() -> None:
    """Of two queries as near, the one that is surer of the plane's own class is paired."""
    truth = np.array([[1.0, 0.1, 0.0]])
    traces = truth + [[0.01, 0, 0], [-0.01, 0, 0]]
    for classes, expected in (([0], 0), ([1], 1)):
        query, _ = match(traces, np.array([[0.9, 0.1], [0.2, 0.8]]), truth, np.array(classes), RADIUS, WITHIN_10_CM)
        assert query.tolist() == [expected]


def test_thinned_traces_keep_their_distance() -> None:
    """None of the kept is near a better kept one; each of the dropped is; they come best first."""
    rng = np.random.default_rng(1)
    traces, scores = random_traces(rng, 150, 1.0) * [1, 0.3, 0.3], rng.random(150)
    chosen = thin_by_distance(traces, scores, 0.04, RADIUS)
    distance = np.array([[apart(traces[i], traces[j]) for j in chosen] for i in range(150)])
    own = distance[chosen]
    assert (own[~np.eye(len(chosen), dtype=bool)] >= 0.04 - 1e-9).all()
    for i in sorted(set(range(150)) - set(chosen.tolist())):
        near = chosen[distance[i] < 0.04 + 1e-9]
        assert scores[near].max() >= scores[i]
    assert (np.diff(scores[chosen]) <= 0).all()
    assert 10 < len(chosen) < 150
    np.testing.assert_array_equal(thin_by_distance(traces, scores, 0.04, RADIUS, 7), chosen[:7])


def test_a_plane_beside_a_more_probable_one_loses_log_odds() -> None:
    """Each plane is compared with all others by the definition; only same-class, more probable neighbours count."""
    rng = np.random.default_rng(3)
    traces, logits = random_traces(rng, 120, 1.0) * [1, 0.3, 0.3], rng.normal(0, 1, (120, 2))
    penalised = penalise_duplicates(traces, logits, (0.8, 0.3), 0.03, RADIUS)
    for i in range(120):
        rivals = [
            apart(traces[i], traces[j])
            for j in range(120)
            if logits[j].max() > logits[i].max() and logits[j].argmax() == logits[i].argmax()
        ]
        expected = (0.8, 0.3)[logits[i].argmax()] * np.exp(-((min(rivals) / 0.03) ** 2)) if rivals else 0.0
        np.testing.assert_allclose(logits[i] - penalised[i], expected, atol=0.002)
    assert ((logits - penalised).max(axis=1) > 0.1).sum() > 10


def test_the_penalty_leaves_nothing_and_one_plane_alone() -> None:
    """No plane, and one plane, have no rival."""
    assert penalise_duplicates(np.empty((0, 3)), np.empty((0, 2)), (1.0, 1.0), 0.04, RADIUS).shape == (0, 2)
    alone = np.array([[0.3, -2.0]])
    np.testing.assert_array_equal(penalise_duplicates(np.zeros((1, 3)), alone, (1.0, 1.0), 0.04, RADIUS), alone)


def test_thinning_nothing() -> None:
    """No traces, or none wanted."""
    assert thin_by_distance(np.empty((0, 3)), np.empty(0), 0.1).tolist() == []
    assert thin_by_distance(np.zeros((2, 3)), np.ones(2), 0.1, RADIUS, 0).tolist() == []


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 60), st.floats(0.001, 0.2))
def test_thinning_without_a_hole_is_by_plain_distance(seed: int, n: int, distance: float) -> None:
    """Kept traces are apart, and each dropped one is near a better one that was kept."""
    rng = np.random.default_rng(seed)
    traces, scores = rng.normal(0, 0.1, (n, 3)), rng.integers(0, 5, n).astype(float)
    chosen = thin_by_distance(traces, scores, distance)
    gaps = trace_rms(traces[chosen][:, None], traces[chosen][None])
    assert (gaps[~np.eye(len(chosen), dtype=bool)] >= distance).all()
    for i in set(range(n)) - set(chosen.tolist()):
        near = chosen[trace_rms(traces[chosen], traces[i]) < distance]
        assert scores[near].max() >= scores[i]
