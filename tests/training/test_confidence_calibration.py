"""Calibration against outcomes drawn from a known law, and splits that keep wells apart."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from geobfdt.model.bundle import Bundle, Calibration
from geobfdt.model.network_settings import CurveSettings
from geobfdt.runtime.findings import InputError
from geobfdt.training.confidence_calibration import InterpretedWell, calibrate_bundle, platt
from geobfdt.training.well_split import split_wells
from geobfdt.wells.image import well_image
from geobfdt.wells.intervals import new_intervals
from geobfdt.wells.picks import new_picks


@pytest.mark.parametrize(("slope", "intercept"), [(1.0, 0.0), (1.7, -0.6), (0.4, 1.2)])
def test_platt_finds_the_law(slope: float, intercept: float) -> None:
    """Slope and intercept of twenty thousand drawn outcomes."""
    rng = np.random.default_rng(0)
    logits = rng.normal(0.3, 2, 20_000)
    right = (rng.random(20_000) < 1 / (1 + np.exp(-slope * logits - intercept))).astype(float)
    assert platt(logits, right) == pytest.approx((slope, intercept), abs=0.06)


def test_platt_keeps_the_order() -> None:
    """Confidences that are worse than none do not turn the order round."""
    logits = np.linspace(-2, 2, 40)
    slope, _ = platt(logits, (logits < 0).astype(float))
    assert slope >= 0.05


def test_few_outcomes_move_it_little() -> None:
    """None leave what there was; three against it move it a little, in their direction; a thousand overrule it."""
    had = (1.4, -0.5)
    assert platt(np.empty(0), np.empty(0), had) == pytest.approx(had, abs=1e-4)
    few = platt(np.array([0.0, 1.0, 2.0]), np.zeros(3), had)
    assert -2 < few[1] < had[1] - 0.1
    assert 0.3 < few[0] < had[0]
    rng = np.random.default_rng(1)
    logits = rng.normal(0, 2, 5000)
    right = (rng.random(5000) < 1 / (1 + np.exp(-0.5 * logits - 2))).astype(float)
    assert platt(logits, right, had) == pytest.approx((0.5, 2.0), abs=0.12)


def well(name: str, length: float = 40.0) -> InterpretedWell:
    """A well with a bed every half metre."""
    depth = 100 + 0.1 * np.arange(round(length / 0.1))
    beds = new_picks(
        well=name, depth_m=np.arange(100.25, 100 + length, 0.5), class_="bedding", amplitude_m=0.0, azimuth_app_deg=0.0
    )
    return InterpretedWell(well_image(np.zeros((depth.size, 8)), depth, well=name), beds, new_intervals())


@pytest.mark.parametrize("length", [4.0, 400.0])
def test_few_planes_move_the_threshold_little(length: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Right picks are sure by 0.9, wrong ones by 0.8: eight planes leave the old threshold, hundreds move it."""
    held_out = well("A", length)
    right = held_out.picks.assign(confidence=0.9)
    wrong = right.assign(confidence=0.8, depth_m=right["depth_m"] + 0.25)
    picks = pd.concat([right, wrong], ignore_index=True)
    monkeypatch.setattr("geobfdt.training.confidence_calibration.pick_all", lambda *_, **__: picks)
    had = Calibration(threshold=0.3)
    bundle = Bundle(None, CurveSettings(), {"bedding": had, "fracture": had})  # type: ignore[arg-type]
    fitted = calibrate_bundle(bundle, [held_out]).calibration
    assert fitted["fracture"] == had  # none picked, none found
    looked = new_intervals([("A", "interpreted", "bedding", 100.0, 100.0 + length)])
    nothing = held_out._replace(picks=held_out.picks.iloc[:0], intervals=looked)
    assert calibrate_bundle(bundle, [nothing]).calibration["bedding"] == had
    sure = fitted["bedding"].probability(np.log([0.9 / 0.1, 0.8 / 0.2]))
    # In log odds of the network: beds are cut at 0.85 of half of the best F1, which is 1; the old cut is at 0.3.
    share = len(right) / (len(right) + 60)
    half = (np.log(0.425 / 0.575) - fitted["bedding"].intercept) / fitted["bedding"].slope
    cut = share * half + (1 - share) * np.log(0.3 / 0.7)
    assert fitted["bedding"].threshold == pytest.approx(fitted["bedding"].probability(cut), abs=1e-3)
    if length > 100:
        assert sure[0] > 0.94
        assert sure[1] < 0.06
    else:
        assert sure[0] < 0.99
        assert cut < -0.2


def names(wells: list[InterpretedWell]) -> list[str]:
    """Their names."""
    return [part.image.attrs["well"] for part in wells]


def test_named_wells_are_held_out() -> None:
    """Those that are named, and no others; whole."""
    wells = [well(name) for name in "ABC"]
    split = split_wells(wells, ["C", "A"], 0, "field")
    assert names(split.trained) == ["B"]
    assert names(split.held_out) == ["A", "C"]
    assert split.kind == "by well"
    assert split.trained[0] is wells[1]


def test_the_seed_chooses() -> None:
    """A fifth of the wells; the same for the same seed in whatever order they come; all have their turn."""
    wells = [well(name) for name in "ABCDEFGHIJ"]
    chosen = set()
    for seed in range(25):
        split = split_wells(wells, None, seed, "field")
        assert len(split.held_out) == 2
        assert sorted(names(split.trained) + names(split.held_out)) == list("ABCDEFGHIJ")
        again = split_wells(wells[::-1], None, seed, "field")
        assert sorted(names(again.held_out)) == sorted(names(split.held_out))
        chosen |= set(names(split.held_out))
    assert chosen == set("ABCDEFGHIJ")
    assert len(split_wells(wells[:4], None, 0, "field").held_out) == 1


@pytest.mark.parametrize("seed", range(8))
def test_every_class_is_held_out_and_left_to_learn_from(seed: int) -> None:
    """Where fractures were picked in two wells of eight, one of them is held out, and not both."""
    wells = [well(name) for name in "ABCDEFGH"]
    for i in range(8):
        kind = "fracture" if i in (2, 6) else "bedding"
        wells[i] = wells[i]._replace(picks=wells[i].picks.assign(**{"class": kind}))
    assert len({"C", "G"} & set(names(split_wells(wells, None, seed, "field").held_out))) == 1


def test_a_class_of_a_single_well_does_not_undo_the_choice() -> None:
    """It cannot be both learnt and judged; the others still can."""
    wells = [well(name) for name in "ABCDEF"]
    for i in range(1, 6):
        fractures = wells[i].picks.assign(**{"class": "fracture"})
        wells[i] = wells[i]._replace(picks=fractures if i < 3 else fractures.iloc[:0])
    for seed in range(8):
        assert len({"B", "C"} & set(names(split_wells(wells, None, seed, "field").held_out))) == 1


@pytest.mark.parametrize("count", [1, 3])
def test_few_wells_are_split_by_depth(count: int) -> None:
    """Of each the stretch of its deepest fifth of picks is held out, 4 m below what is trained on, with its planes."""
    split = split_wells([well(name) for name in "ABC"[:count]], None, 0, "field")
    assert split.kind == "by depth"
    assert names(split.trained) == names(split.held_out) == list("ABC"[:count])
    for upper, lower in zip(split.trained, split.held_out, strict=True):
        top, base = upper.image["depth"].values[-1], lower.image["depth"].values[0]
        assert 131.75 < base < 132.25  # 16 of 80 beds lie below
        assert 4.0 <= base - top + 1e-9 < 4.3
        assert upper.picks["depth_m"].max() <= top
        assert lower.picks["depth_m"].min() >= base
        assert len(upper.picks) == 56
        assert len(lower.picks) == 16


def test_few_wells_are_split_where_there_are_picks() -> None:
    """Of a well picked in its upper half alone, or at its end alone, both parts have picks; a barren one is learnt."""
    whole = well("A")
    for part in (slice(0, 30), slice(-10, None), slice(3, 5)):
        some = whole._replace(picks=whole.picks.iloc[part])
        split = split_wells([some, well("B")._replace(picks=whole.picks.iloc[:0])], None, 0, "field")
        assert (names(split.trained), names(split.held_out)) == (["A", "B"], ["A"])
        upper, lower = split.trained[0].picks["depth_m"], split.held_out[0].picks["depth_m"]
        assert upper.max() < lower.min()
        # A fifth of the picks, but of few picks eight, and never more than two fifths.
        planes = len(some.picks)
        assert len(lower) == pytest.approx(max(0.2 * planes, min(8, 0.4 * planes)), abs=0.7)


def tuned(depths: dict[str, float], chosen_by: tuple[str, ...] = ()) -> Bundle:
    """A bundle whose card says what taught it, and what else it was chosen by."""
    exposures = {name: {"image": name} for name in (*depths, *chosen_by)}
    return Bundle(None, CurveSettings(), {}, {"name": "tuned", "learnt": depths, "seen": exposures})  # type: ignore[arg-type]


@pytest.mark.parametrize("seed", range(8))
def test_what_taught_a_model_is_never_held_out_of_its_tuning(seed: int) -> None:
    """Of eight wells six taught it, one is new: the two held out then are again, and the new one teaches."""
    wells = [well(name) for name in "ABCDEFGHI"]
    start = tuned(dict.fromkeys("ACEFGH", 140.0), ("B", "D"))
    assert names(split_wells(wells, None, seed, "field", start).held_out) == ["B", "D"]
    # Three of fifteen are held out: one of the new ones as well.
    many = [well(name) for name in "ABCDEFGHIJKLMNO"]
    held_out = names(split_wells(many, None, seed, "field", start).held_out)
    assert {"B", "D"} < set(held_out) <= set("BDIJKLMNO")
    assert len(held_out) == 3
    with pytest.raises(InputError, match=r"C.*tuned"):
        split_wells(wells, ["B", "C"], seed, "field", start)
    with pytest.raises(InputError, match="tuned"):
        split_wells([part for part in wells if part.image.attrs["well"] in "ACEFGH"], None, seed, "field", start)


def test_what_a_well_taught_above_is_not_held_out_below() -> None:
    """Of few wells: one that taught a model down to 135 m is held out from there; one that did to its end is not."""
    split = split_wells([well("A"), well("B")], None, 0, "field", tuned({"A": 135.0, "B": 139.9}))
    assert names(split.held_out) == ["A"]
    assert split.held_out[0].image["depth"].values[0] == pytest.approx(135.0, abs=0.11)
    assert split.trained[1].image.sizes["depth"] == 400


def test_nothing_to_judge_by() -> None:
    """A named well without picks, and none named."""
    wells = [well("A"), well("B")._replace(picks=well("B").picks.iloc[:0])]
    for holdout in (["B"], []):
        with pytest.raises(InputError, match="--holdout"):
            split_wells(wells, holdout, 0, "field")
    with pytest.raises(InputError, match="hold out fewer"):
        split_wells(wells, ["A"], 0, "field")


def test_a_short_well_has_a_short_buffer() -> None:
    """Of five metres, both parts still have rows."""
    split = split_wells([well("A", 5.0)], None, 0, "field")
    rows = [part[0].image.sizes["depth"] for part in (split.trained, split.held_out)]
    assert rows[0] > 20
    assert rows[1] >= 9
    assert sum(rows) < 50


def test_unknown_names() -> None:
    """One line with what there is to choose from."""
    with pytest.raises(InputError, match=r"Z.*choose from A, B") as caught:
        split_wells([well("A"), well("B")], ["A", "Z"], 0, "field")
    assert str(caught.value).startswith("field: ")


def test_nothing_left() -> None:
    """Holding out every well is refused."""
    with pytest.raises(InputError, match="every picked well"):
        split_wells([well("A"), well("B")], ["A", "B"], 0, "field")


def test_no_plane_is_on_both_sides() -> None:
    """No pick is both learnt and scored."""
    for wells, holdout in (([well(n) for n in "AB"], None), ([well(n) for n in "ABCDE"], ["B"])):
        split = split_wells(wells, holdout, 0, "field")
        parts = [pd.concat([w.picks for w in part])[["well", "depth_m"]] for part in (split.trained, split.held_out)]
        assert parts[0].merge(parts[1]).empty
        assert min(len(part) for part in parts) > 0
