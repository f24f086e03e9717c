"""The best threshold against a slow loop over all of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from geobfdt.evaluation.thresholds import OperatingPoint, operating_points
from geobfdt.wells.intervals import new_intervals
from geobfdt.wells.picks import new_picks

FLAT = {"azimuth_app_deg": 0.0, "amplitude_m": 0.0, "diameter_m": 0.2}


def scene(seed: int) -> tuple[pd.DataFrame, pd.DataFrame, list[tuple[int | None, float]], np.ndarray]:
    """Flat planes a metre apart, some optional; picks within 1 cm of one or half a metre off; confidences with ties."""
    rng = np.random.default_rng(seed)
    count = int(rng.integers(1, 7))
    optional = rng.random(count) < 0.3
    candidates = [
        (int(rng.integers(count)) if rng.random() < 0.6 else None, round(float(rng.uniform(0.05, 1)), 1))
        for _ in range(int(rng.integers(1, 14)))
    ]
    depth = [
        10.0 + at + rng.uniform(-0.01, 0.01) if at is not None else 10.5 + i for i, (at, _) in enumerate(candidates)
    ]
    truth = new_picks(well="A", depth_m=10.0 + np.arange(count), class_="bedding", optional=optional, **FLAT)
    sure = [confidence for _, confidence in candidates]
    picks = new_picks(well="A", depth_m=depth, class_="bedding", confidence=sure, **FLAT)
    return picks, truth, candidates, optional


def scores(
    candidates: list[tuple[int | None, float]], optional: np.ndarray, threshold: float
) -> tuple[float, float, float]:
    """F1, precision and recall of the picks at a threshold, each plane found once, optional ones left aside."""
    above = [at for at, confidence in candidates if confidence >= threshold]
    hits = len({at for at in above if at is not None and not optional[at]})
    excused = len({at for at in above if at is not None and optional[at]})
    judged, planes = len(above) - excused, int((~optional).sum())
    precision, recall = hits / judged if judged else np.nan, hits / planes if planes else np.nan
    return 2 * hits / (judged + planes), precision, recall


@pytest.mark.parametrize("seed", range(40))
def test_best_f1_by_loop(seed: int) -> None:
    """No threshold scores higher, and the one that is named scores what is said."""
    picks, truth, candidates, optional = scene(seed)
    point = operating_points(picks, truth)["bedding"]
    if optional.all():
        assert np.isnan(point.f1)
        assert point.threshold == 1
        return
    best = max(scores(candidates, optional, threshold)[0] for _, threshold in candidates)
    assert point.f1 == pytest.approx(best)
    if best > 0:
        np.testing.assert_allclose(point[1:4], scores(candidates, optional, point.threshold))


def test_ties_pass_together() -> None:
    """A right pick cannot be kept without the wrong one that is as sure."""
    truth = new_picks(well="A", depth_m=[1.0, 2.0], class_="fracture", **FLAT)
    picks = new_picks(well="A", depth_m=[1.0, 1.5, 2.0], class_="fracture", confidence=[0.5, 0.5, 0.5], **FLAT)
    point = operating_points(picks, truth)["fracture"]
    assert point[:4] == pytest.approx((0.5, 0.8, 2 / 3, 1.0))


def test_classes_have_their_own() -> None:
    """A fracture's confidence has no say in the threshold of bedding."""
    kinds = ["bedding", "fracture"]
    truth = new_picks(well="A", depth_m=[1.0, 2.0], class_=kinds, **FLAT)
    picks = new_picks(well="A", depth_m=[1.0, 2.0], class_=kinds, confidence=[0.9, 0.2], **FLAT)
    points = operating_points(picks, truth)
    assert {name: point.threshold for name, point in points.items()} == {"bedding": 0.9, "fracture": 0.2}


def test_only_where_it_was_interpreted() -> None:
    """False alarms where nobody looked do not raise the threshold."""
    truth = new_picks(well="A", depth_m=[1.0, 2.0], class_="bedding", **FLAT)
    picks = new_picks(
        well="A", depth_m=[1.0, 2.0, 6.0, 7.0, 8.0], class_="bedding", confidence=[0.9, 0.3, 0.8, 0.7, 0.6], **FLAT
    )
    assert operating_points(picks, truth)["bedding"].f1 < 1
    point = operating_points(picks, truth, new_intervals([("A", "interpreted", "bedding", 0.0, 3.0)]))["bedding"]
    assert point == (0.3, 1.0, 1.0, 1.0, 1.0, 2)


def test_nothing_found_and_nothing_there() -> None:
    """No picks: F1 0 at 1. No planes: nothing to score."""
    truth = new_picks(well="A", depth_m=[1.0], class_="bedding", **FLAT)
    picks = new_picks(well="A", depth_m=[1.5], class_="fracture", confidence=[0.5], **FLAT)
    points = operating_points(picks, truth)
    assert points["bedding"].f1 == 0
    assert points["bedding"].threshold == 1
    assert np.isnan(points["fracture"].f1)


def test_tolerance() -> None:
    """A pick 4 cm off is right at 5 cm and wrong at 3 cm."""
    truth = new_picks(well="A", depth_m=[1.0], class_="bedding", **FLAT)
    picks = new_picks(well="A", depth_m=[1.04], class_="bedding", confidence=[0.5], **FLAT)
    assert [operating_points(picks, truth, None, t)["bedding"].f1 for t in (0.03, 0.05)] == [0, 1]


def test_weight_grows_with_what_there_is_to_find() -> None:
    """Nothing tells nothing; half at sixty planes; never more than all."""
    weights = [OperatingPoint(0.5, 0.5, 0.5, 0.5, 0.5, planes).weight for planes in (0, 60, 6000)]
    assert weights[:2] == [0, 0.5]
    assert 0.98 < weights[2] < 1


def test_few_planes_hardly_move_the_threshold() -> None:
    """Four planes whose best threshold is far from the one in use are scored near that one; hundreds are not."""
    scored = {}
    for count in (4, 1200):
        depth = 10.0 * np.arange(count)
        shape = {"class_": "bedding", "azimuth_app_deg": 0.0, "amplitude_m": 0.0, "diameter_m": 0.2}
        truth = new_picks(well="A", depth_m=depth, **shape)
        confidence = np.where(np.arange(count) % 2, 0.9, 0.2)
        picks = new_picks(well="A", depth_m=depth, confidence=confidence, **shape)
        assert operating_points(picks, truth)["bedding"].f1 == 1.0
        scored[count] = operating_points(picks, truth, start={"bedding": 0.5})["bedding"]
    assert scored[4].f1 == pytest.approx(2 / 3)
    assert 0.4 < scored[4].threshold < 0.5
    assert scored[1200].threshold < 0.25
    same = operating_points(picks, truth, start={"bedding": 0.2})["bedding"]
    assert same.f1 == 1.0
