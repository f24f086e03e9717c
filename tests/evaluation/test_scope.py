"""What is scored and what is not, and what the user is told about it."""

import numpy as np
import pandas as pd
import pytest

from geobfdt.evaluation.scope import gather, scored_pieces
from geobfdt.runtime.findings import InputError
from geobfdt.wells.intervals import covered, new_intervals
from geobfdt.wells.picks import new_picks


def planes(depth, well="A", name="bedding", **columns):
    """Flat planes at depths."""
    return new_picks(
        **{"well": well, "depth_m": depth, "class_": name, "amplitude_m": 0.0, "dip_true_deg": 0.0} | columns
    )


def kinds_found(*tables, **keywords):
    """Kinds of the findings of gather."""
    return sorted(finding.kind for finding in gather(*tables, **keywords)[1])


def test_pieces_hold_exactly_what_is_covered():
    """A depth is in a piece if and only if the interval table covers it, on random tables."""
    rng = np.random.default_rng(0)
    for _ in range(30):
        tops = rng.uniform(0, 50, 6)
        kinds = rng.choice(["interpreted", "ignored"], 6)
        rows = [("A", k, "bedding", t, t + w) for k, t, w in zip(kinds, tops, rng.uniform(0, 20, 6), strict=True)]
        intervals = new_intervals(rows)
        pieces = scored_pieces(intervals, "A", "bedding", 5.0, 45.0)
        at = rng.uniform(5, 45, 200)
        inside = ((at[:, None] > pieces[:, 0]) & (at[:, None] < pieces[:, 1])).any(1)
        assert (inside == covered(intervals, "A", "bedding", at)).all()
        assert (np.diff(pieces.ravel()) > 0).all()


def test_groups_are_by_well_and_class():
    """Every row of the scored wells is in exactly one group, whatever the order of rows."""
    rng = np.random.default_rng(1)
    truth = planes(rng.uniform(0, 9, 40), well=rng.choice(["A", "B"], 40), name=rng.choice(["bedding", "fracture"], 40))
    groups, findings = gather(truth.sample(frac=1, random_state=2), truth)
    assert [(g.well, g.class_) for g in groups] == [(w, c) for w in "AB" for c in ("bedding", "fracture")]
    assert sorted(np.concatenate([g.truth_rows for g in groups])) == list(range(40))
    assert not findings
    for group in groups:
        assert np.array_equal(group.picks.trace, group.truth.trace)


def test_rejected_rows_are_out():
    """A reviewer's veto takes a row out of either table."""
    truth = planes([1.0, 2.0, 3.0], status=["accepted", "rejected", ""])
    (group,), _ = gather(truth, truth)
    assert group.picks.depth.tolist() == group.truth.depth.tolist() == [1.0, 3.0]
    assert group.pick_rows.tolist() == [0, 2]


def test_nothing_in_common_is_an_error_that_names_the_wells():
    """Different well names are a mistake, not a score of zero."""
    with pytest.raises(InputError, match="no well in common: 'B' against 'A'"):
        gather(planes([1.0], well="B"), planes([1.0]))
    with pytest.raises(InputError, match="no plane"):
        gather(planes([1.0]), new_picks())


def test_wells_of_one_table_only():
    """Picks where nobody interpreted are left out; truth that nobody picked is missed; both are said."""
    picks = pd.concat([planes([1.0]), planes([1.0], well="B")])
    truth = pd.concat([planes([1.0]), planes([1.0], well="C")])
    groups, findings = gather(picks, truth)
    assert [(g.well, len(g.picks), len(g.truth)) for g in groups] == [("A", 1, 1), ("C", 0, 1)]
    assert [f.kind for f in findings] == ["well-without-truth", "well-without-picks"]
    interpreted = new_intervals([("B", "interpreted", "bedding", 0.0, 9.0)])
    assert [(g.well, len(g.picks)) for g in gather(picks, truth, interpreted)[0]] == [("A", 1), ("B", 1), ("C", 0)]


def test_a_class_nobody_interpreted_is_told():
    """Bedding picks against a fracture table count as wrong, with a finding that says how to leave them out."""
    picks = pd.concat([planes([1.0, 2.0]), planes([1.0], name="fracture")])
    truth = planes([1.0], name="fracture")
    assert kinds_found(picks, truth) == ["class-without-truth"]
    assert kinds_found(picks, truth, new_intervals([("A", "interpreted", "bedding", 0.0, 0.5)])) == []


def test_truth_that_lacks_a_trace_is_not_scored_by_trace():
    """A picker is not blamed for an amplitude that the interpreter did not give; its own gap is its own fault."""
    full, bare = planes([1.0, 2.0]), planes([1.0, 2.0], amplitude_m=[0.0, np.nan])
    (group,), findings = gather(full, bare)
    assert group.kinds == ("depth", "pole")
    assert group.best_kind == "depth"
    assert [f.kind for f in findings] == ["truth-without-trace"]
    (group,), findings = gather(bare, full)
    assert group.kinds == ("depth", "pole", "trace")
    assert [f.kind for f in findings] == ["pick-without-trace"]


def test_references_that_differ():
    """Traces from different reference lines are not compared; one that is not said is assumed, and that is told."""
    north, high, unsaid = (planes([1.0], reference=r) for r in ("north", "high_side", ""))
    (group,), findings = gather(north, high)
    assert group.kinds == ("depth", "pole")
    assert [f.kind for f in findings] == ["truth-without-trace"]
    (group,), findings = gather(north, unsaid)
    assert group.kinds == ("depth", "pole", "trace")
    assert [f.kind for f in findings] == ["reference-assumed"]


def test_span_is_widened_to_hold_all_rows():
    """A row beyond the logged span is scored, so the blind pickers may go there too."""
    (group,), _ = gather(planes([1.0, 12.0]), planes([1.0]), span={"A": (0.0, 10.0)})
    assert group.pieces.tolist() == [[0.0, 12.0]]
    (group,), _ = gather(planes([1.0, 12.0]), planes([1.0]))
    assert group.pieces.tolist() == [[0.75, 12.25]]


def test_wells_are_the_same_whatever_their_case():
    """A blank or a capital in a name costs no pick; the truth's spelling is kept."""
    truth = planes([1.0, 2.0], well=["A 1", "B"])
    groups, findings = gather(planes([1.0, 2.0], well=["a  1", "b"]), truth)
    assert [(g.well, g.class_) for g in groups] == [("A 1", "bedding"), ("B", "bedding")]
    assert [len(g.pick_rows) for g in groups] == [1, 1]
    assert not findings


def test_depths_in_another_unit_are_noted():
    """Picks in feet beside planes in metres are not just wrong."""
    assert kinds_found(planes([328.0, 361.0]), planes([100.0, 110.0])) == ["depths-apart"]
    assert kinds_found(planes([105.0]), planes([100.0, 110.0])) == []
