"""A search: killed and begun again, hopeless trials given up, and nothing chosen by a tested well."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from geobfdt.runtime.engine import Engine
from geobfdt.runtime.findings import InputError
from geobfdt.studies import plan as planning
from geobfdt.studies import search as searching
from geobfdt.studies.plan import make_plan
from geobfdt.studies.search import SearchOptions, SearchSettings, read_search, run_search
from geobfdt.studies.search_page import write_search_pages
from geobfdt.studies.study_settings import read_study
from geobfdt.training.train import interpreted_wells as interpreted_wells_of

pytest.importorskip("optuna")

SPACE = {
    "training.rate": {"low": 1e-5, "high": 1e-2, "log": True},
    "training.warmup": {"low": 0, "high": 40},
    "training.optimiser": {"choices": ["adamw", "sgd"]},
}


@pytest.fixture
def settings(tiny: dict[str, Any]) -> SearchSettings:
    """Three settings on two folds."""
    return SearchSettings(name="s", space=SPACE, base=tiny, folds=2)  # type: ignore[arg-type]


@pytest.fixture
def scored(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Cells are not trained but scored by a rule: the nearer the rate to 1e-3 the better, worse with SGD."""
    run: list[dict[str, Any]] = []

    def run_cells(folders: list[Path], _: Engine, progress: Any) -> list[Path]:
        for folder in folders:
            if not (folder / "result.json").exists():
                cell = json.loads((folder / "cell.json").read_text())
                training = cell["settings"]["training"]
                run.append(cell)
                off = abs(training["rate"] - 1e-3) / 1e-2
                score = 0.9 - off - 0.3 * (training["optimiser"] == "sgd")
                (folder / "result.json").write_text(json.dumps({"validation": {"score": score}}))
        return []

    monkeypatch.setattr(searching, "run_cells", run_cells)
    return run


def test_a_search_that_learnt_nothing_says_so(
    settings: SearchSettings, field: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Scores at chance level choose nothing: no study of the best is written, whichever trial came out first."""

    def run_cells(folders: list[Path], _: Engine, progress: Any) -> list[Path]:
        for folder in folders:
            scores = {"bedding": {"f1": 0.04, "null_f1": 0.05}, "fracture": {"f1": 0.0, "null_f1": 0.01}}
            (folder / "result.json").write_text(json.dumps({"validation": {"score": 0.035}, "scores": scores}))
        return []

    monkeypatch.setattr(searching, "run_cells", run_cells)
    outcome = run_search(settings, field, tmp_path, SearchOptions(trials=2), engine=Engine(workers=1))
    assert outcome.best is not None
    assert outcome.best.chance == pytest.approx(0.03)
    assert not outcome.best.beats_null
    assert not (tmp_path / "found.yaml").exists()
    write_search_pages(settings, outcome, tmp_path, field)
    assert not (tmp_path / "importance.png").exists()


def test_the_files_that_run_it_again_are_there(
    settings: SearchSettings, field: Path, tmp_path: Path, scored: list[Any]
) -> None:
    """The page's command names a file that holds the same search."""
    run_search(settings, field, tmp_path, SearchOptions(trials=1), engine=Engine(workers=1))
    assert read_search(tmp_path / "search.yaml") == settings


def test_a_search_reads_the_field_once(
    settings: SearchSettings, field: Path, tmp_path: Path, scored: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three trials of two folds each: the wells are read before the first, and never again."""
    reads: list[Path] = []

    def interpreted_wells(folder: Path) -> Any:
        reads.append(folder)
        return interpreted_wells_of(folder)

    monkeypatch.setattr(planning, "interpreted_wells", interpreted_wells)
    run_search(settings, field, tmp_path, SearchOptions(trials=3), engine=Engine(workers=1))
    assert len({cell["settings"]["training"]["rate"] for cell in scored}) == 3
    assert reads == [field]


def test_it_finds_what_is_best(settings: SearchSettings, field: Path, tmp_path: Path, scored: list[Any]) -> None:
    """Near the best rate, with the better optimiser; that matters most; the hopeless are given up after a fold."""
    outcome = run_search(settings, field, tmp_path, SearchOptions(trials=24), engine=Engine(workers=2))
    assert outcome.best is not None
    assert outcome.best.values["training.optimiser"] == "adamw"
    assert outcome.best.score == pytest.approx(0.9, abs=0.15)
    states = [trial.state for trial in outcome.trials]
    assert len(states) == 24
    assert states.count("given up") > 0
    assert len(scored) == 2 * states.count("finished") + states.count("given up")
    assert max(outcome.importance, key=lambda name: outcome.importance[name]) in ("training.optimiser", "training.rate")
    assert outcome.importance["training.warmup"] < 0.4
    summary = write_search_pages(settings, outcome, tmp_path, field)
    assert summary["best"]["values"] == outcome.best.values
    page = (tmp_path / "search.md").read_text()
    assert "found.yaml" in page
    assert (tmp_path / "importance.png").exists()
    verdict = read_study(tmp_path / "found.yaml")
    base, better = (levels for _, levels in verdict.cells())
    assert better.training.rate == outcome.best.values["training.rate"]
    assert base.training.rate == 1e-3
    assert [fold.test for fold in make_plan(verdict, field).folds[0]] == [
        fold.test for fold in make_plan(settings.study({}), field).folds[0]
    ]


def test_killed_and_begun_again(
    settings: SearchSettings, field: Path, tmp_path: Path, scored: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped within a trial: it is tried again with the same values, and its finished cell is not run again."""
    original, calls = searching.run_cells, 0

    def stopped(folders: list[Path], engine: Engine, progress: Any) -> list[Path]:
        nonlocal calls
        calls += 1
        if calls == 4:
            raise KeyboardInterrupt
        return original(folders, engine, progress)

    monkeypatch.setattr(searching, "run_cells", stopped)
    with pytest.raises(KeyboardInterrupt):
        run_search(settings, field, tmp_path, SearchOptions(trials=4), engine=Engine(workers=1))
    before = len(scored)
    monkeypatch.setattr(searching, "run_cells", original)
    outcome = run_search(settings, field, tmp_path, SearchOptions(trials=4), engine=Engine(workers=1))
    ended = [trial for trial in outcome.trials if trial.state != "failed"]
    assert len(ended) == 4
    lost = next(trial for trial in outcome.trials if trial.state == "failed")
    assert lost.values in [trial.values for trial in ended]
    assert before == 3
    assert len(scored) == 2 * 4 - sum(trial.state == "given up" for trial in ended)
    with pytest.raises(InputError, match="another search"):
        run_search(settings.model_copy(update={"folds": 3}), field, tmp_path, SearchOptions(trials=4))


@pytest.mark.process
def test_it_runs(settings: SearchSettings, field: Path, tmp_path: Path) -> None:
    """Two trials of real cells."""
    outcome = run_search(settings.model_copy(update={"folds": 1}), field, tmp_path, SearchOptions(trials=2))
    assert [trial.state for trial in outcome.trials] == ["finished", "finished"]
    for trial in outcome.trials:
        (file,) = [
            folder / "result.json"
            for folder in (tmp_path / "cells").iterdir()
            if json.loads((folder / "cell.json").read_text())["settings"]["training"]["rate"]
            == trial.values["training.rate"]
        ]
        assert trial.score == json.loads(file.read_text())["validation"]["score"]


def test_wrong_searches_are_one_line(tmp_path: Path) -> None:
    """An unknown setting, a span of nothing, no YAML."""
    file = tmp_path / "search.yaml"
    for space, sentence in (
        ({"training.pace": {"low": 1, "high": 2}}, "pace"),
        ({"training.rate": {"low": 1, "high": 1}}, "no span"),
        ({"training.rate": {"low": 0, "high": 1, "log": True}}, "no span"),
        ({}, "space"),
    ):
        file.write_text(yaml.safe_dump({"name": "s", "space": space}))
        with pytest.raises(InputError, match=sentence) as error_info:
            read_search(file)
        assert "\n" not in str(error_info.value)
    file.write_text("[: not yaml")
    with pytest.raises(InputError, match="not a search"):
        read_search(file)
