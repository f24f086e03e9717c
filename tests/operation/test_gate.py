"""The gate judges by what a model has not seen, says why, and lets nothing through that it could not measure."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from tests.small import QUICK, TINY
from typer.testing import CliRunner

import geobfdt
from geobfdt.cli.app import app
from geobfdt.evaluation.scores import evaluate
from geobfdt.io.images.netcdf import read
from geobfdt.model.bundle import load_bundle
from geobfdt.model.registry import Registry
from geobfdt.operation.gate import gate, unseen_wells
from geobfdt.operation.gate_page import write_verdict
from geobfdt.operation.gate_settings import GateSettings, read_gate
from geobfdt.picking.network_detector import NetworkDetector
from geobfdt.runtime.findings import InputError
from geobfdt.wells.field import Field

Change = Callable[[pd.DataFrame], pd.DataFrame]
LAX = GateSettings(least={"all": {"metres_per_second": 0.001}}, margin=0.05, planes=5)


@pytest.fixture
def answers(field: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Change]:
    """By digest of a model, what it makes of the truth instead of looking; ``again``: what a second look does."""
    changes: dict[str, Change] = {}
    tops = {stem: float(read(field / f"{stem}.nc")["depth"].values[0]) for stem in Field(field).wells()}

    def answer(image: Any, detector: NetworkDetector, **_: Any) -> tuple[pd.DataFrame, list[Any]]:
        well, depth = str(image.attrs["well"]), image["depth"].values
        picks = Field(field).picks(well)
        picks["confidence"] = 1.0
        picks = changes.get(detector.source.split()[-1], lambda table: table)(picks)
        if depth[0] > tops[well] + 0.1 and "again" in changes:
            picks = changes["again"](picks)
        return picks[picks["depth_m"].between(depth[0], depth[-1])], []

    monkeypatch.setattr("geobfdt.operation.gate.pick_with_findings", answer)
    return changes


def moved(table: pd.DataFrame, by: float) -> pd.DataFrame:
    """All picks, deeper by so many metres."""
    return table.assign(depth_m=table["depth_m"] + by)


def measured_value(verdict: Any, class_: str, words: str) -> float:
    """What a demand found."""
    return next(one.value for one in verdict.demands if one.class_ == class_ and words in one.measure)


def test_a_known_error_is_measured(field: Path, champion: Path, answers: dict[str, Change]) -> None:
    """Truth moved by 4 mm, every fifth plane left out: that bias, no false pick, four fifths found."""
    answers[load_bundle(champion).digest] = lambda table: moved(table[table.index % 5 != 0], 0.004)
    settings = GateSettings(
        planes=5,
        least={"each": {"precision_3cm": 0.99, "recall_3cm": 0.7}, "all": {"repeatability": 0.99}},
        most={"each": {"depth_bias_mm": 5, "calibration_error": 0.01}},
    )
    verdict = gate(champion, field, settings)
    truth = pd.concat([Field(field).picks(well) for well in ("W01", "W02")])
    assert verdict.passed, verdict.failures
    assert set(verdict.wells) == {"W01", "W02"}
    for kind in set(truth["class"]):
        assert measured_value(verdict, kind, "depth bias") == pytest.approx(4, abs=0.2)
        assert measured_value(verdict, kind, "precision") == 1
        some = truth[truth["class"] == kind]
        assert measured_value(verdict, kind, "recall") == pytest.approx((some.index % 5 != 0).mean(), abs=0.02)
    strict = settings.model_copy(update={"most": {"each": {"depth_bias_mm": 3.5}}})
    refused = gate(champion, field, strict)
    assert not refused.passed
    assert all("depth bias" in failure for failure in refused.failures)


def test_a_second_look_that_differs_is_refused(field: Path, champion: Path, answers: dict[str, Change]) -> None:
    """Half the planes missing in the second run: F1 of two thirds."""
    answers["again"] = lambda table: table[table.index % 2 == 0]
    verdict = gate(champion, field, GateSettings(least={"all": {"repeatability": 0.8}}, most={}))
    assert measured_value(verdict, "all", "second run") == pytest.approx(2 / 3, abs=0.08)
    assert not verdict.passed


def test_worse_than_the_champion_is_refused(
    field: Path, champion: Path, challenger: Path, answers: dict[str, Change]
) -> None:
    """One that finds every plane against one that finds every second: passes one way round, not the other."""
    answers[load_bundle(champion).digest] = lambda table: table[table.index % 2 == 0]
    better = gate(challenger, field, LAX, champion=champion)
    assert better.passed
    assert (better.against["difference"] > 0.2).all()
    answers[load_bundle(challenger).digest] = lambda table: table[table.index % 4 == 0]
    worse = gate(challenger, field, LAX, champion=champion)
    assert not worse.passed
    assert (worse.against["difference"] < -0.1).all()
    assert "against the champion" in worse.failures[0]
    same = gate(champion, field, LAX, champion=champion)
    assert same.passed
    assert (same.against["difference"] == 0).all()


def test_what_was_seen_is_refused(field: Path, champion: Path, challenger: Path, tmp_path: Path) -> None:
    """By name, by the bytes of the image under another name, and through the model that it was tuned from."""
    both = [load_bundle(champion), load_bundle(challenger)]
    assert {str(well.image.attrs["well"]) for well in unseen_wells(field, both)} == {"W01", "W02"}
    for well in ("W03", "W04", "W05"):  # W05 by its champion only; 2 m of W03 were masked, but its champion saw them
        with pytest.raises(InputError, match=f"trained or chosen with {well}"):
            unseen_wells(field, both[1:], [well])
    with pytest.raises(InputError, match="no picked well W99"):
        unseen_wells(field, both, ["W99"])
    for suffix in (".nc", ".picks.csv", ".intervals.csv"):
        (tmp_path / f"W04{suffix}").write_bytes((field / f"W04{suffix}").read_bytes())
    card = dict(both[0].card)
    card["seen"] = {f"old name of {name}": exposure for name, exposure in card["seen"].items()}
    renamed = type(both[0])(both[0].network, both[0].settings, both[0].calibration, {"seen": card["seen"]}, "x")
    with pytest.raises(InputError, match="seen every interpreted well"):
        unseen_wells(tmp_path, [renamed])


def test_a_masked_interval_is_judged_and_no_more(field: Path, tmp_path: Path, answers: dict[str, Change]) -> None:
    """Two metres of a well kept from training: its planes count, those above and below do not."""
    image = read(field / "W01.nc")
    top = float(image["depth"].values[0]) + 2
    how = {"training": QUICK, "network": TINY, "holdout": ["W03"]}
    bundle = geobfdt.train(field, tmp_path / "m", geobfdt.TrainOptions(masked={"W01": (top, top + 2)}, **how))
    assert bundle.exposures["W01"].masked == (top, top + 2)
    picks = Field(field).picks("W01")
    inside = picks["depth_m"].between(top, top + 2)
    answers[bundle.digest] = lambda table: table[~table["depth_m"].between(top, top + 1)]
    verdict = gate(tmp_path / "m", field, LAX)
    table = verdict.scores.table().query("`class` == 'all' and kind == 'trace' and tolerance_m == 0.03")
    assert int(table["n_truth"].iloc[0]) == inside.sum()
    lower = picks["depth_m"].between(top + 1, top + 2)
    assert float(table["recall"].iloc[0]) == pytest.approx(lower.sum() / inside.sum())
    assert float(table["precision"].iloc[0]) == 1
    # What was masked taught nothing: its planes do not count among those trained on.
    whole = geobfdt.train(field, tmp_path / "w", geobfdt.TrainOptions(**how))
    assert bundle.card["trained_on"] == whole.card["trained_on"] == ["W01", "W02", "W04", "W05"]
    assert whole.card["planes_trained"] - bundle.card["planes_trained"] == inside.sum()


def test_what_cannot_be_measured_does_not_pass(field: Path, champion: Path, answers: dict[str, Change]) -> None:
    """No pick at all: precision, repeatability and errors are not known, and nothing is let through for it."""
    answers[load_bundle(champion).digest] = lambda table: table.iloc[:0]
    settings = GateSettings(least={"all": {"repeatability": 0.0}}, most={"each": {"depth_error_mm": 1000}})
    verdict = gate(champion, field, settings)
    assert not any(one.passed for one in verdict.demands)


def test_picks_that_chance_never_matches_have_a_bound(
    field: Path, champion: Path, answers: dict[str, Change], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No copy at a wrong depth has a match: with F1 of 1 and one match in one of k copies, z would be n sqrt(k)."""
    copies = 50
    counts: dict[str, int] = {}

    def evaluate_without_chance(*tables: Any, **options: Any) -> Any:
        scores = evaluate(*tables, **options)
        # The first call scores the picks, the second one their repeatability.
        for name, planes in scores.best().groupby("class")["n_truth"].max().items():
            counts.setdefault(str(name), int(planes))
        return replace(scores, null_f1={key: np.zeros(copies) for key in scores.null_f1})

    monkeypatch.setattr("geobfdt.operation.gate.evaluate", evaluate_without_chance)
    verdict = gate(champion, field, GateSettings(least={"each": {"z_5cm": 5}}, planes=5))
    assert {one.class_ for one in verdict.demands} == {"bedding", "fracture"}
    for one in verdict.demands:
        assert one.value == pytest.approx(counts[one.class_] * copies**0.5, rel=0.01)
        assert one.passed


def test_a_study_can_be_demanded(field: Path, champion: Path, tmp_path: Path) -> None:
    """A model passes if its card names the study that chose its settings, and is refused if not."""
    settings = GateSettings(least={"all": {"cites_study": 1.0}}, most={})
    assert not gate(champion, field, settings).passed
    cited = tmp_path / "cited"
    shutil.copytree(champion, cited)
    card = json.loads((cited / "card.json").read_text())
    (cited / "card.json").write_text(json.dumps({**card, "study": {"name": "backbone", "digest": "ab" * 32}}))
    assert gate(cited, field, settings).passed


def test_demands_are_checked_before_anything_runs(tmp_path: Path) -> None:
    """Unknown measures and wrong types in one line that names them."""
    file = tmp_path / "gate.yaml"
    for text, words in (
        ("least: {fracture: {recal_3cm: 0.5}}", "recal_3cm"),
        ("least: {vugs: {recall_3cm: 0.5}}", "vugs"),
        ("margin: -1", "margin"),
        ("most: {all: {depth_bias_mm: 3}}", "nothing, not depth_bias_mm"),
        ("[1, 2", "not a gate"),
        ("signed_by: A. Chief\nblind: [A-1]", "demand"),
    ):
        file.write_text(text)
        with pytest.raises(InputError, match=words) as caught:
            read_gate(file)
        assert "\n" not in str(caught.value)


def test_only_what_the_signer_wrote_is_asked_and_printed(
    field: Path, champion: Path, challenger: Path, answers: dict[str, Change], tmp_path: Path
) -> None:
    """Defaults of this version never stand above somebody's signature, and decide nothing."""
    answers[load_bundle(challenger).digest] = lambda table: table[table.index % 4 == 0]
    file = tmp_path / "gate.yaml"
    demands = {"signed_by": "A. Chief", "planes": 5, "least": {"each": {"recall_3cm": 0.1}}}
    file.write_text(yaml.safe_dump(demands))
    verdict = gate(challenger, field, read_gate(file), champion=champion)
    assert {(one.sense, one.limit) for one in verdict.demands} == {("least", 0.1)}
    assert verdict.state == "passed"
    assert (verdict.against["difference"] < -0.1).all()
    write_verdict(verdict, tmp_path / "page")
    verdict_json = json.loads((tmp_path / "page" / "verdict.json").read_text())
    assert verdict_json["settings"] == demands
    code = (tmp_path / "page" / "verdict.md").read_text().split("```")[1]
    assert yaml.safe_load(code) == demands


def test_too_few_planes_are_no_verdict(field: Path, champion: Path, answers: dict[str, Change], tmp_path: Path) -> None:
    """A class that something is asked of and that has few held-out planes is not judged, however good it looks."""
    for demands in ({"each": {"recall_3cm": 0.0}}, {"fracture": {"recall_3cm": 0.0}}):
        settings = GateSettings(least=demands, planes=10_000)
        verdict = gate(champion, field, settings)
        assert verdict.state == "cannot judge"
        assert not verdict.passed
        assert all(one.passed for one in verdict.demands)
    assert gate(champion, field, LAX.model_copy(update={"planes": 10_000})).state == "passed"
    file = tmp_path / "gate.yaml"
    file.write_text("least: {each: {recall_3cm: 0.0}}\nplanes: 10000\n")
    place = ["--field", str(field), "--out", str(tmp_path / "out"), "--demands", str(file)]
    registry = Registry(tmp_path / "models")
    registry.add(champion)
    ran = CliRunner().invoke(app, ["gate", f"{tmp_path / 'models'}@{registry.bundles()[0][:8]}", *place])
    assert ran.exit_code == 1
    assert registry.record()[-1].action == "unjudged"


def test_the_page_says_what_was_found(
    field: Path, champion: Path, challenger: Path, answers: dict[str, Change], tmp_path: Path
) -> None:
    """Verdict, signature, demands, comparison, picture, and all of it for machines."""
    answers[load_bundle(challenger).digest] = lambda table: table[table.index % 4 == 0]
    settings = LAX.model_copy(update={"signed_by": "A. Chief"})
    verdict = gate(challenger, field, settings, champion=champion)
    write_verdict(verdict, tmp_path)
    text = (tmp_path / "verdict.md").read_text()
    assert text.startswith("# Refused: ")
    assert "signed by A. Chief" in text
    assert "FAILS" in text
    assert "W01 (" in text
    assert (tmp_path / "verdict.png").read_bytes()[:4] == b"\x89PNG"
    verdict_json = json.loads((tmp_path / "verdict.json").read_text())
    assert verdict_json["passed"] is False
    assert verdict_json["against"][0]["difference"] == pytest.approx(verdict.against["difference"].iloc[0])
    assert "<script" not in (tmp_path / "verdict.html").read_text()


def test_the_command_records_and_exits(
    field: Path, champion: Path, challenger: Path, answers: dict[str, Change], tmp_path: Path
) -> None:
    """0 passed, 3 refused, 1 could not be judged; the registry's champion is what it is compared with."""
    registry = Registry(tmp_path / "models")
    first, second = registry.add(champion), registry.add(challenger)
    registry.name(first, "champion")
    demands = tmp_path / "gate.yaml"
    demands.write_text("least: {all: {metres_per_second: 0.001}}\nplanes: 5\nmargin: 0.05\nblind: [W01, W02]\n")

    def run(name: str, *more: str) -> Any:
        place = ["--field", str(field), "--out", str(tmp_path / "out"), "--demands", str(demands)]
        return CliRunner().invoke(app, ["gate", name, *place, *more])

    assert run(f"{tmp_path / 'models'}@champion").exit_code == 0
    answers[load_bundle(challenger).digest] = lambda table: table[table.index % 4 == 0]
    result = run(f"{tmp_path / 'models'}@{second[:8]}")
    assert result.exit_code == 3
    assert "against the champion" in result.output
    assert [(entry.action, entry.bundle) for entry in registry.record()[-2:]] == [("pass", first), ("refuse", second)]
    demands.write_text("margin: 0.05\nblind: [W04]\n")
    refused = run(str(champion))
    assert isinstance(refused.exception, InputError)
