"""Matching against an enumeration of every one-to-one set of pairs, and against a dense solver."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from geobfdt import geometry
from geobfdt.evaluation.matching import KINDS, Planes, assign, distances, near
from geobfdt.wells.picks import new_picks


def all_matchings(edges):
    """Every one-to-one set of edges (first, second, ...), as lists."""
    if not edges:
        yield []
        return
    head, *tail = edges
    yield from all_matchings(tail)
    free = [e for e in tail if e[0] != head[0] and e[1] != head[1]]
    for rest in all_matchings(free):
        yield [head, *rest]


def value(matching):
    """What is maximised, in order: number, then little handicap, then little distance."""
    return (len(matching), -sum(e[3] for e in matching), -round(sum(e[2] for e in matching), 9))


edge = st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(0, 60).map(lambda k: k / 1000))


@settings(max_examples=150, deadline=None)
@given(st.lists(edge, max_size=11, unique_by=lambda e: e[:2]), st.lists(st.integers(0, 1), min_size=10, max_size=10))
def test_assign_is_the_best_of_all_matchings(edges, last):
    """As many pairs as any matching has, of these the least handicap, of these the least distance."""
    rows = [(i, j, d, last[i] + last[5 + j]) for i, j, d in edges]
    chosen = assign(*np.array([r[:3] for r in rows]).reshape(-1, 3).T.tolist(), 0.05, [r[3] for r in rows])
    got = [rows[k] for k in chosen]
    assert len({e[0] for e in got}) == len({e[1] for e in got}) == len(got)
    assert all(e[2] <= 0.05 for e in got)
    assert value(got) == max(map(value, all_matchings([r for r in rows if r[2] <= 0.05])))


def test_number_goes_before_distance():
    """Two far pairs are better than the one nearest pair that excludes both."""
    chosen = assign([0, 0, 1], [0, 1, 0], [0.0, 0.05, 0.05], 0.05)
    assert chosen.tolist() == [1, 2]


def test_required_goes_before_optional():
    """A pick near an optional plane is given to the required one that nobody else reaches."""
    assert assign([0, 0], [0, 1], [0.0, 0.04], 0.05, [1, 0]).tolist() == [1]


def test_gate_holds_its_edge():
    """A pair exactly on the gate is inside at any depth, whatever rounding does to the difference."""
    for depth in (0.1, 1000.1, 5158.3):
        gap = (depth + 0.05) - depth
        assert len(assign([0], [0], [gap], 0.05)) == 1
        assert len(assign([0], [0], [gap + 1e-6], 0.05)) == 0


@pytest.mark.parametrize("density", [5, 20, 60])
def test_many_picks_against_dense_solver(density):
    """Over several batches, number and distance equal those of a dense assignment with a high price off the gate."""
    rng = np.random.default_rng(density)
    n, m, tolerance = 1500, 1400, 0.05
    z, t = rng.uniform(0, n / density, n), rng.uniform(0, n / density, m)
    gap = np.abs(z[:, None] - t)
    price = np.where(gap <= tolerance, gap, 1e3)
    row, column = linear_sum_assignment(price)
    inside = gap[row, column] <= tolerance
    i, j = np.nonzero(gap <= tolerance)
    chosen = assign(i, j, gap[i, j], tolerance)
    assert len(chosen) == inside.sum()
    assert gap[i, j][chosen].sum() == pytest.approx(gap[row, column][inside].sum(), abs=1e-9)


def table(rng, n, reference="north", true=True):
    """A pick table of random planes in 3 m of a vertical hole, a fifth of them without amplitude."""
    amplitude = np.where(rng.uniform(size=n) < 0.2, np.nan, rng.uniform(0, 0.1, n))
    dip, azimuth = rng.uniform(0, 30, n), rng.uniform(0, 360, n)
    truth = {"dip_true_deg": dip, "azimuth_true_deg": azimuth} if true else {}
    return new_picks(
        well="A",
        depth_m=rng.uniform(0, 3, n),
        class_="bedding",
        amplitude_m=amplitude,
        dip_app_deg=dip,
        azimuth_app_deg=azimuth,
        reference=reference,
        **truth,
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("references", [("north", "north"), ("north", ""), ("north", "high_side")], ids="-".join)
@pytest.mark.parametrize("true", [True, False], ids=["true", "apparent"])
def test_distances_by_loop(kind, references, true):
    """Distance of every pair equals one worked out row by row."""
    rng = np.random.default_rng(3)
    frames = [table(rng, 30, reference, true) for reference in references]
    p, q = map(Planes.of, frames)
    first, second = near(p, q, 0.1)
    got = dict(
        zip(zip(first.tolist(), second.tolist(), strict=True), distances(kind, p, q, first, second), strict=True)
    )
    same = "" in references or references[0] == references[1]
    expected = {}
    for i, a in frames[0].iterrows():
        for j, b in frames[1].iterrows():
            gap = abs(a.depth_m - b.depth_m)
            if gap > 0.1:
                continue
            expected[i, j] = gap
            if kind == "trace":
                t = np.radians(np.arange(0, 360, 5))
                curves = [r.depth_m + r.amplitude_m * np.cos(t - np.radians(r.azimuth_app_deg)) for r in (a, b)]
                rms = np.sqrt(np.mean((curves[0] - curves[1]) ** 2))
                expected[i, j] = rms if same and np.isfinite(rms) else np.inf
            if kind == "pole":
                poles = [
                    np.array([np.sin(d) * np.sin(z), np.sin(d) * np.cos(z), np.cos(d)])
                    for d, z in np.radians([(r.dip_app_deg, r.azimuth_app_deg) for r in (a, b)])
                ]
                angle = np.degrees(np.arccos(min(1, abs(poles[0] @ poles[1]))))
                expected[i, j] = gap if (same or true) and angle <= 10 else np.inf
    assert got.keys() == expected.keys()
    assert all(got[key] == pytest.approx(expected[key], abs=1e-9) for key in expected)


def test_flat_plane_needs_no_azimuth():
    """A plane of no dip and no azimuth has a pole, a trace, and equals itself."""
    flat = Planes.of(new_picks(depth_m=[1.0], class_="bedding", dip_true_deg=0.0, amplitude_m=0.0))
    for kind in KINDS:
        assert distances(kind, flat, flat, np.array([0]), np.array([0])).tolist() == [0.0]


def test_fifty_thousand_picks():
    """A very long well is matched without a picks-by-truth matrix, which would take 20 GB."""
    rng = np.random.default_rng(0)
    z, t = rng.uniform(0, 5000, 50_000), rng.uniform(0, 5000, 50_000)
    pairs = [Planes.of(new_picks(depth_m=d, class_="bedding", amplitude_m=0.0)) for d in (z, t)]
    i, j = near(*pairs, 0.05)
    chosen = assign(i, j, distances("trace", *pairs, i, j), 0.05)
    assert len(np.unique(i[chosen])) == len(chosen) > 20_000


def test_trace_distance_is_never_below_depth_distance():
    """So looking for pairs by depth alone misses none."""
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(2, 500, 3))
    assert (geometry.trace_rms(a, b) >= np.abs(a[:, 0] - b[:, 0]) - 1e-12).all()
