"""Retraining learns from what is new and sound, once, and promotes only what passed."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.small import QUICK, TINY

import geobfdt
from geobfdt.model.registry import Registry, load_model
from geobfdt.operation.admission import MIN_STYLE_WELLS, Style, style_mismatch
from geobfdt.operation.gate_settings import GateSettings
from geobfdt.operation.retraining import RetrainingResult, retrain
from geobfdt.runtime.findings import InputError
from geobfdt.runtime.locks import folder_lock
from geobfdt.wells.field import Field
from geobfdt.wells.picks import write_picks

EASY = GateSettings(blind=("W01", "W02"), least={"all": {"metres_per_second": 0.001}}, margin=1, planes=1)
HARD = EASY.model_copy(update={"least": {"each": {"recall_3cm": 1.0}}})


def bring(field: Path, folder: Path, *wells: str) -> None:
    """Copy wells into a field."""
    folder.mkdir(exist_ok=True)
    for file in field.glob("*"):
        if file.name.split(".")[0] in wells:
            shutil.copy(file, folder)


@pytest.fixture
def place(field: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A field of four wells, a registry whose champion was taught two of them, and a door that knows no doubts."""
    bring(field, tmp_path / "field", "W01", "W02", "W03", "W04")
    out = field.with_name("of-two")
    geobfdt.train(tmp_path / "field", out, geobfdt.TrainOptions(blind=["W01", "W02"], training=QUICK, network=TINY))
    models = Registry(tmp_path / "models")
    models.name(models.add(out), "champion")
    monkeypatch.setattr("geobfdt.operation.retraining.image_problems", lambda _: [])
    monkeypatch.setattr("geobfdt.operation.retraining.measure_style", lambda *_: Style({}, {}, 0.5))
    return tmp_path


def again(place: Path, settings: GateSettings = EASY, **more: Any) -> RetrainingResult:
    """Retrain as a command would."""
    options = geobfdt.RetrainOptions(training=QUICK, **more)
    return retrain(place / "field", place / "models", settings, options)


def actions(place: Path) -> list[str]:
    """What was done, in order."""
    return [entry.action + entry.name for entry in Registry(place / "models").record()]


@pytest.mark.training
def test_nothing_is_done_twice(field: Path, place: Path) -> None:
    """Nothing new: nothing done. A new well: one challenger, judged once, however often it is asked for."""
    assert again(place) == RetrainingResult({})
    bring(field, place / "field", "W05")
    first = again(place)
    assert first.news == {"W05": "new"}
    assert first.passed
    assert not first.promoted
    assert load_model(f"{place / 'models'}@challenger").card["seen"].keys() == {"W03", "W04", "W05"}
    first_actions = actions(place)
    assert first_actions == ["add", "namechampion", "add", "namechallenger", "pass"]
    assert again(place) == first
    assert actions(place) == first_actions
    assert Path(first.verdict).read_text().startswith("<!doctype html>")
    last = again(place, promote=True)
    assert last.promoted
    assert actions(place) == [*first_actions, "namechampion"]
    assert Registry(place / "models").find("champion") == first.challenger
    assert again(place, promote=True) == RetrainingResult({})  # it knows W05 now


@pytest.mark.training
def test_what_is_refused_is_not_promoted(field: Path, place: Path) -> None:
    """A demand that it cannot meet: on record with its reason, and the champion stays. Other demands judge anew."""
    bring(field, place / "field", "W05")
    champion = Registry(place / "models").find("champion")
    result = again(place, HARD, promote=True)
    assert not result.passed
    assert not result.promoted
    assert any("recall" in failure for failure in result.failures)
    assert Registry(place / "models").find("champion") == champion
    assert actions(place)[-1] == "refuse"
    assert again(place, EASY).passed
    assert actions(place)[-2:] == ["refuse", "pass"]


@pytest.mark.training
def test_newly_reviewed_picks_are_news(place: Path) -> None:
    """A pick taken away, and a well brought in again."""
    file = place / "field" / "W03.picks.csv"
    write_picks(Field(place / "field").picks("W03").iloc[1:], file)
    assert again(place).news == {"W03": "its picks have changed"}


@pytest.mark.training
def test_the_door(field: Path, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Damage and strange styles are held back with their reasons, and let in by name."""
    bring(field, place / "field", "W05")
    monkeypatch.setattr("geobfdt.operation.retraining.image_problems", lambda well: ["mirrored"])
    result = again(place)
    assert result.held_back == {"W05": ["mirrored"]}
    assert result.challenger is None
    let = again(place, include=["W05"])
    assert let.held_back == {}
    assert let.challenger


def test_a_style_is_held_against_the_others() -> None:
    """A fifth of the beds, or far less agreement, is strange; a third more is not, nor anything with two others."""
    others = [Style({"bedding": x}, {"bedding": 0.1}, 0.7) for x in (0.0, 0.1, -0.1, 0.2)]
    assert style_mismatch(Style({"bedding": 0.3}, {"bedding": 0.1}, 0.6), others) == []
    assert "0.2" in style_mismatch(Style({"bedding": -1.5}, {"bedding": 0.1}, 0.6), others)[0]
    assert "F1 0.10" in style_mismatch(Style({"bedding": 0.0}, {"bedding": 0.1}, 0.1), others)[0]
    assert style_mismatch(Style({"bedding": -1.5}, {"bedding": 0.1}, 0.1), others[: MIN_STYLE_WELLS - 1]) == []
    assert style_mismatch(Style({"bedding": -1.5}, {"bedding": 0.9}, 0.6), others) == []  # two beds against nine
    assert style_mismatch(Style({"fracture": -3.0}, {"fracture": 0.1}, 0.6), others) == []  # nobody else looked


def test_one_at_a_time_and_what_is_missing(field: Path, place: Path, tmp_path: Path) -> None:
    """A second retraining of a field, no champion, no blind well: one line each."""
    with folder_lock(place / "field"), pytest.raises(InputError, match="another retraining is running"):
        again(place)
    with pytest.raises(InputError, match="no champion"):
        retrain(place / "field", tmp_path / "none", EASY)
    with pytest.raises(InputError, match="no blind well"):
        again(place, GateSettings())


@pytest.mark.training
def test_a_masked_interval_stays_masked(field: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A champion that keeps an interval of a well to be judged by: so does its challenger, and is judged by it."""
    monkeypatch.setattr("geobfdt.operation.retraining.image_problems", lambda _: [])
    monkeypatch.setattr("geobfdt.operation.retraining.measure_style", lambda *_: Style({}, {}, 0.5))
    bring(field, tmp_path / "field", "W03", "W04")
    depth = Field(tmp_path / "field").picks("W03")["depth_m"]
    mask = (float(depth.quantile(0.3)), float(depth.quantile(0.7)))
    geobfdt.train(
        tmp_path / "field", tmp_path / "m", geobfdt.TrainOptions(masked={"W03": mask}, training=QUICK, network=TINY)
    )
    models = Registry(tmp_path / "models")
    models.name(models.add(tmp_path / "m"), "champion")
    settings = EASY.model_copy(update={"blind": ()})
    assert again(tmp_path, settings) == RetrainingResult({})
    bring(field, tmp_path / "field", "W05")
    result = again(tmp_path, settings)
    assert result.news == {"W05": "new"}
    exposures = load_model(f"{tmp_path / 'models'}@challenger").exposures
    assert exposures["W03"].masked == mask
    assert exposures["W05"].masked is None
    verdict = Path(result.verdict).with_suffix(".json").read_text()
    assert '"W03"' in verdict
    assert '"W05"' not in verdict.split('"failures"')[0]
