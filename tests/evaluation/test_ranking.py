"""Average precision against a loop over thresholds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geobfdt.evaluation.counts import possible_pairs
from geobfdt.evaluation.ranking import average_precision, ranked_outcomes
from geobfdt.evaluation.scope import gather
from geobfdt.wells.picks import new_picks


def slow_average_precision(confidence, outcome, planes):
    """For each recall that is reached, the best precision at that recall or more."""
    points = []
    for threshold in sorted(set(confidence), reverse=True):
        outcomes = [o for c, o in zip(confidence, outcome, strict=True) if c >= threshold and o == o]
        if outcomes:
            points.append((sum(outcomes) / planes, sum(outcomes) / len(outcomes)))
    area, before = 0.0, 0.0
    for recall in sorted({r for r, _ in points}):
        area += (recall - before) * max(p for r, p in points if r >= recall)
        before = recall
    return area


pick = st.tuples(st.integers(0, 5).map(lambda k: k / 5), st.sampled_from([0.0, 1.0, float("nan")]))


@settings(max_examples=100, deadline=None)
@given(st.lists(pick, min_size=1, max_size=15), st.integers(0, 5))
def test_average_precision_by_loop(picks, missed):
    """Equal to the loop, with ties and picks that are neither right nor wrong."""
    confidence, outcome = zip(*picks, strict=True)
    planes = sum(o == 1 for o in outcome) + missed
    got = average_precision(confidence, outcome, planes)
    if planes == 0:
        assert np.isnan(got)
    else:
        assert got == pytest.approx(slow_average_precision(confidence, outcome, planes))


def test_average_precision_ends():
    """1 when all are found without a wrong pick above them, 0 when none is, NaN without confidences."""
    assert average_precision([0.9, 0.8, 0.1], [1, 1, 0], 2) == 1.0
    assert average_precision([0.9], [0], 2) == 0.0
    assert average_precision([], [], 2) == 0.0
    assert np.isnan(average_precision([np.nan], [1], 1))


def group_of(picks, confidence, truth, **columns):
    """One group of flat bedding planes."""
    tables = [new_picks(well="A", depth_m=d, class_="bedding", amplitude_m=0.0) for d in (picks, truth)]
    tables[0]["confidence"] = confidence
    (group,), _ = gather(tables[0], tables[1].assign(**columns))
    return group


def outcomes(group):
    """Outcomes at 5 cm."""
    return ranked_outcomes(group, possible_pairs(group, "trace", 0.05), 0.05).tolist()


def test_the_surer_pick_chooses_first():
    """Of two picks on one plane the surer is right, even if it lies further off."""
    assert outcomes(group_of([1.0, 1.04], [0.3, 0.8], [1.0])) == [0.0, 1.0]


def test_it_takes_the_nearest_free_plane():
    """The second pick takes what the first left."""
    assert outcomes(group_of([1.0, 1.02], [0.9, 0.3], [1.01, 1.03])) == [1.0, 1.0]


def test_required_planes_before_optional_ones():
    """A pick prefers a required plane to a nearer optional one, and an optional one alone is neither."""
    assert outcomes(group_of([1.0], [0.9], [1.0, 1.04], optional=[True, False])) == [1.0]
    assert np.isnan(outcomes(group_of([1.0], [0.9], [1.0], optional=[True]))).all()


def test_a_wrong_sure_pick_costs_more_than_a_wrong_doubtful_one():
    """Average precision sees the order."""
    group = [group_of([1.0, 5.0], c, [1.0]) for c in ([0.9, 0.1], [0.1, 0.9])]
    first, second = (average_precision(g.confidence, outcomes(g), 1) for g in group)
    assert (first, second) == (1.0, 0.5)
