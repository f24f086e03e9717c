"""What a score says first: four lines, cells that are empty where nothing can be computed, picks that add up."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from geobfdt.cli import app
from geobfdt.evaluation.agreement import agree
from geobfdt.evaluation.scope import classes_comparable
from geobfdt.evaluation.scores import evaluate
from geobfdt.evaluation.wording import number, span_words, verdict_of_agreement, verdict_of_scores
from geobfdt.wells.intervals import new_intervals, write_intervals
from geobfdt.wells.picks import new_picks, write_picks

FAST = {"shifts": 5, "tolerances": (0.01, 0.05)}


def beds(depth: np.ndarray, name: object = "bedding", **more: object) -> pd.DataFrame:
    """Flat planes."""
    return new_picks(
        well="A",
        depth_m=depth,
        class_=name,
        amplitude_m=0.0,
        dip_app_deg=0.0,
        azimuth_app_deg=0.0,
        reference="north",
        **more,
    )


def test_picks_add_up_to_the_rows_of_the_table() -> None:
    """Ten right, one wrong, two on optional planes, three ignored, four in another well, two rejected: 22 rows."""
    truth = beds(np.arange(1.0, 13.0)).assign(optional=[False] * 10 + [True] * 2)
    parts = [
        beds(np.arange(1.0, 13.0)),
        beds(np.array([4.5])),
        beds(np.array([20.1, 20.2, 20.3])),
        beds(np.arange(1.0, 5.0)).assign(well="B"),
        beds(np.array([5.5, 6.5])).assign(status="rejected"),
    ]
    ignored = new_intervals([("A", "ignored", "breakout", 20.0, 21.0)])
    table = evaluate(pd.concat(parts, ignore_index=True), truth, ignored, **FAST).table()
    row = table.query("`class` == 'all' and kind == 'trace' and tolerance_m == 0.05").iloc[0]
    fates = ["n_found", "n_wrong", "n_optional", "n_outside", "n_rejected"]
    assert row[fates].tolist() == [10, 1, 2, 7, 2]
    assert (table[fates].sum(axis=1) == table["n_given"]).all()
    assert set(table["n_given"]) == {22}
    assert (table["n_found"] + table["n_wrong"] == table["n_picks"]).all()


def test_picks_add_up_where_a_kind_is_not_scored() -> None:
    """Without amplitudes in the truth no pick is judged by trace: all of them are outside of what was judged."""
    truth = new_picks(well="A", depth_m=np.arange(9.0), class_="bedding")
    table = evaluate(beds(np.arange(9.0)), truth, **FAST).table().set_index("kind")
    assert (table.loc["trace", ["n_picks", "n_outside", "n_given"]] == [0, 9, 9]).all(axis=None)


@pytest.mark.parametrize("lacking", ["truth", "picks"])
def test_what_cannot_be_computed_is_no_number(lacking: str) -> None:
    """A class without a true plane has no F1, one without a pick no chance level: NaN, and null in JSON."""
    both = beds(np.arange(20.0), np.resize(["bedding", "fracture"], 20))
    one = both[both["class"] == "bedding"]
    picks, truth = (both, one) if lacking == "truth" else (one, both)
    scores = evaluate(picks, truth, **FAST)
    row = scores.table().query("`class` == 'fracture' and kind == 'trace'").iloc[0]
    empty = (
        ["f1", "f1_lo", "recall", "null_f1", "z", "ap"] if lacking == "truth" else ["precision", "null_f1", "z", "ap"]
    )
    assert row[empty].isna().all()
    assert row["n_picks" if lacking == "truth" else "n_truth"] == 10
    texts = [
        one for one in json.loads(json.dumps(scores.to_dict(), allow_nan=False))["scores"] if one["class"] == "fracture"
    ]
    assert {one["null_f1"] for one in texts} == {None}
    nulls = scores.nulls().query("`class` == 'fracture'")
    assert nulls[["null_f1", "z"]].isna().all(axis=None)


def test_an_empty_cell_is_empty() -> None:
    """No dash, no nan, no zero."""
    assert number(float("nan")) == span_words(float("nan"), 0.5) == span_words(0.5, float("nan")) == ""
    truth = beds(np.arange(1.0, 30.0))
    for line in str(evaluate(truth.iloc[:0], truth, **FAST)).splitlines():
        assert "nan" not in line.split()
        assert "--" not in line


def test_no_pair_at_any_shift_has_no_best_one() -> None:
    """Beds of one interpreter ten metres above those of the other: no shift, and no zero in its place."""
    result = agree(beds(np.arange(1.0, 5.0)), beds(np.arange(21.0, 25.0)), shifts=5)
    assert result.shifts[["shift_m", "agreement", "z"]].isna().all(axis=None)
    assert len(verdict_of_agreement(result)) == 4


TABLES = {"one": ["fracture"], "two": ["bedding", "fracture"], "other": ["bedding"]}


@pytest.mark.parametrize(
    ("picks", "truth", "class_blind"),
    [("two", "one", True), ("one", "two", True), ("one", "other", True), ("two", "two", False), ("one", "one", False)],
)
def test_one_class_is_compared_with_any(picks: str, truth: str, class_blind: bool, tmp_path: Path) -> None:
    """The same planes under other classes: where one table has a single class the verdict does not ask for classes."""
    depth = np.cumsum(np.random.default_rng(0).uniform(0.2, 1.5, 40))
    for name, classes in (("p", TABLES[picks]), ("t", TABLES[truth])):
        write_picks(beds(depth, np.resize(classes, 40)), tmp_path / f"{name}.csv")
    for verb in ("evaluate", "agree"):
        run = CliRunner().invoke(app, [verb, str(tmp_path / "p.csv"), str(tmp_path / "t.csv"), "--json"])
        assert run.exit_code == 0
        output = json.loads(run.stdout)
        assert output["by_class"] is not class_blind
        assert ("class-blind" in {finding["kind"] for finding in output["findings"]}) is class_blind
        assert {row["f1"] for row in output["scores"] if (row["class"], row["kind"]) == ("all", "trace")} == {1.0}
        if class_blind:
            assert {row["class"] for row in output["scores"]} == {"all"}


def test_an_interpreted_class_is_compared(tmp_path: Path) -> None:
    """Where intervals say that beds were looked for, and the truth has none, beds that are picked are wrong."""
    truth, picks = (beds(np.arange(1.0, 21.0), np.resize(TABLES[name], 20)) for name in ("one", "two"))
    looked = new_intervals([("A", "interpreted", "bedding", 0.0, 30.0)])
    assert [finding.kind for finding in classes_comparable(picks, truth)] == ["class-blind"]
    assert classes_comparable(picks, truth, looked) == []
    write_picks(picks, tmp_path / "p.csv")
    write_picks(truth, tmp_path / "t.csv")
    write_intervals(looked, tmp_path / "i.csv")
    words = ["evaluate", str(tmp_path / "p.csv"), str(tmp_path / "t.csv"), "--intervals", str(tmp_path / "i.csv")]
    output = json.loads(CliRunner().invoke(app, [*words, "--json"]).stdout)
    (row,) = (r for r in output["scores"] if (r["class"], r["kind"], r["tolerance_m"]) == ("all", "trace", 0.05))
    assert (row["n_found"], row["n_wrong"], row["n_missed"]) == (10, 10, 10)


@pytest.mark.parametrize("verb", ["evaluate", "agree"])
def test_four_lines_first(verb: str, tmp_path: Path) -> None:
    """Four lines without an option, before any finding; the same four and the tables with --all."""
    truth = beds(np.cumsum(np.random.default_rng(1).uniform(0.2, 1.5, 60)), np.resize(TABLES["two"], 60))
    write_picks(truth, tmp_path / "t.csv")
    write_picks(truth.iloc[:40], tmp_path / "p.csv")
    words = [verb, str(tmp_path / "p.csv"), str(tmp_path / "t.csv")]
    short, whole = (CliRunner().invoke(app, [*words, *more]).stdout.splitlines() for more in ([], ["--all"]))
    assert len(short) == 4
    assert whole[:4] == short
    assert len(whole) > 30


def test_verdict_of_nothing_has_four_lines() -> None:
    """No picks, no true plane, one unit: four lines each, and no number in them that was not computed."""
    truth = beds(np.arange(1.0, 5.0))
    looked = new_intervals([("A", "interpreted", "bedding", 0.0, 9.0)])
    for picks, planes in ((truth.iloc[:0], truth), (truth, truth.iloc[:0]), (truth.iloc[:1], truth.iloc[:1])):
        lines = verdict_of_scores(evaluate(picks, planes, looked, **FAST))
        assert len(lines) == 4
        assert "nan" not in " ".join(lines)
