"""From a study's choice to a model: its settings, its record on the card, and what cannot be chosen by."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from tests.command import run_command

from geobfdt.runtime.findings import InputError
from geobfdt.studies.choice import study_choice


def told_study(tiny: dict[str, Any], axes: dict[str, Any], **changed: Any) -> dict[str, Any]:
    """What study.json holds of a study with one section whose second level was chosen."""
    names = list(axes[list(axes)[-1]])
    study = {"name": "rates", "question": "Which?", "axes": axes, "base": tiny, "folds": 2, "seeds": 1}
    levels = [{"name": name, "f1": 0.1 * number, "rate": 0.01 * (number + 1)} for number, name in enumerate(names)]
    section = {"held": {}, "choice": names[1], "levels": levels, "missing": [], "steps": [], **changed}
    return {"study": study, "notes": [], "sections": [section]}


RATES = {"rate": {"low": {"training.rate": 1e-4}, "high": {"training.rate": 1e-2}}}


def test_a_choice_is_trained_and_cited(tiny: dict[str, Any], field: Path, tmp_path: Path) -> None:
    """The model has the level's settings and the rate that its cells took; the card names the study by its digest."""
    file = tmp_path / "study" / "study.json"
    file.parent.mkdir()
    file.write_text(json.dumps(told_study(tiny, RATES)))
    words = ["train", field, "--choice", file.parent, "--out", tmp_path / "model"]
    run = run_command(*words)
    assert run.returncode == 0, run.stderr
    card = json.loads((tmp_path / "model" / "card.json").read_text())
    assert card["study"]["digest"] == hashlib.sha256(file.read_bytes()).hexdigest()
    assert card["study"]["levels"] == {"rate": "high"}
    assert card["settings"]["rate"] == 0.02
    assert card["settings"]["steps"] == tiny["training.steps"]


@pytest.mark.parametrize(
    ("axes", "changed"),
    [
        (RATES, {"choice": None}),
        (RATES, {"missing": ["high, fold 1, seed 0: not run yet"]}),
        (RATES, {"choice": "no such level"}),
        ({"wells": {"1": {"wells": 1}, "3": {"wells": 3}}}, {}),
        ({"labels": {"as picked": {}, "off": {"labels.jitter": 0.03}}}, {}),
    ],
    ids=["nothing learnt", "unfinished", "damaged", "wells", "labels"],
)
def test_what_cannot_be_chosen_by(axes: dict[str, Any], changed: dict[str, Any], tiny: Any, tmp_path: Path) -> None:
    """One line that names the file."""
    (tmp_path / "study.json").write_text(json.dumps(told_study(tiny, axes, **changed)))
    with pytest.raises(InputError) as caught:
        study_choice(tmp_path)
    assert str(tmp_path / "study.json") in str(caught.value)
    assert "\n" not in str(caught.value)


def test_no_study_is_one_line(tmp_path: Path) -> None:
    """No file, no JSON, another JSON."""
    for text in (None, "{", "[]", "{}"):
        if text is not None:
            (tmp_path / "study.json").write_text(text)
        with pytest.raises(InputError):
            study_choice(tmp_path)
