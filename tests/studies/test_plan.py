"""What is equal in a study, what differs, and what is refused before anything is trained."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from geobfdt.runtime.findings import InputError
from geobfdt.studies.plan import Cell, make_plan
from geobfdt.studies.study import study_of
from geobfdt.studies.study_presets import PRESETS, preset
from geobfdt.studies.study_settings import CellSettings, StudySettings, read_study

RATES = {"rate": {"low": {"training.rate": 1e-4}, "high": {"training.rate": 1e-3}}}
NAMES = ["W01", "W02", "W03", "W04", "W05"]


def study(tiny: dict[str, Any], **changed: Any) -> StudySettings:
    """Two rates."""
    return StudySettings(**{"name": "rates", "question": "Which?", "axes": RATES, "base": tiny, "folds": 2, **changed})


def test_cells_differ_in_their_level_alone(field: Path, tiny: dict[str, Any]) -> None:
    """Same wells, seeds, digests: only the rate differs; no well is on two sides or tested twice."""
    plan = make_plan(study(tiny), field)
    assert len(plan.places) == 2 * 2 * 3
    by_place = {(p.fold, p.seed, p.levels["rate"]): p.cell for p in plan.places}
    for fold in range(2):
        for seed in range(3):
            low, high = (by_place[fold, seed, level].model_dump() for level in ("low", "high"))
            assert low["settings"]["training"].pop("rate") == 1e-4
            assert high["settings"]["training"].pop("rate") == 1e-3
            assert low == high
            assert low["settings"]["training"]["seed"] == seed
            sides = [low[part] for part in ("trained", "validated", "tested")]
            assert sorted(name for side in sides for name in side) == NAMES
    tested = [name for fold in plan.folds[0] for name in fold.test]
    assert len(tested) == len(set(tested))
    assert len({p.cell.digest for p in plan.places}) == 12


@pytest.mark.parametrize("varied", ["initialisation", "order", "folds"])
def test_seeds_change_what_is_varied_alone(varied: str, field: Path, tiny: dict[str, Any]) -> None:
    """Weights, windows, or the wells of the folds; each well is still tested once with each seed."""
    plan = make_plan(study(tiny, varied=[varied], seeds=4), field)
    cells = [place.cell for place in plan.places if place.fold == 0 and place.levels["rate"] == "low"]
    differing = {
        "initialisation": {cell.settings.weights_seed for cell in cells},
        "order": {cell.settings.training.seed for cell in cells},
        "folds": {cell.tested for cell in cells},
    }
    assert len(differing.pop(varied)) > 1
    assert all(len(values) == 1 for values in differing.values())
    for folds in plan.folds:
        tested = [name for fold in folds for name in fold.test]
        assert len(tested) == len(set(tested))
    with pytest.raises(ValueError, match="folds"):
        study(tiny, varied=["folds"], folds=[{"test": ["W01"], "validate_on": ["W02"]}])


def test_a_cell_is_named_by_all_that_makes_it(field: Path, tiny: dict[str, Any], tmp_path: Path) -> None:
    """The same study again has the same cells; other labels or one setting more, others."""
    import shutil

    other = tmp_path / "field"
    shutil.copytree(field, other)
    first = make_plan(study(tiny), field)
    assert make_plan(study(tiny), other).places == first.places
    picks = other / "W01.picks.csv"
    picks.write_text("\n".join(picks.read_text().splitlines()[:-1]) + "\n")
    changed = make_plan(study(tiny), other).places
    assert not {p.cell.digest for p in changed if "W01" in p.cell.labels} & {p.cell.digest for p in first.places}
    longer = make_plan(study({**tiny, "training.steps": 5}), field).places
    assert not {p.cell.digest for p in longer} & {p.cell.digest for p in first.places}


def test_few_wells_are_drawn_by_the_seed(field: Path, tiny: dict[str, Any]) -> None:
    """A level of so many wells trains on as many, others with other seeds; what no fold has is left out, and said."""
    axes = {"wells": {"1": {"wells": 1}, "2": {"wells": 2}, "9": {"wells": 9}}}
    plan = make_plan(study(tiny, axes=axes, seeds=5), field)
    for place in plan.places:
        assert len(place.cell.trained) == int(place.levels["wells"])
    assert len({p.cell.trained for p in plan.places if p.levels["wells"] == "1" and p.fold == 0}) > 1
    assert len(plan.notes) == 1
    assert "wells 9: left out" in plan.notes[0]


def test_leaks_are_refused(field: Path, tiny: dict[str, Any]) -> None:
    """A well that chooses weights is not scored; one that is not there is named."""
    leaking = [{"test": ["W01", "W02"], "validate_on": ["W02"]}]
    with pytest.raises(InputError, match="fold 1 leaks: W02"):
        make_plan(study(tiny, folds=leaking), field)
    with pytest.raises(InputError, match="no picked well W09 here"):
        make_plan(study(tiny, folds=[{"test": ["W09"], "validate_on": ["W02"]}]), field)
    with pytest.raises(InputError, match="do not make 6 folds"):
        make_plan(study(tiny, folds=6), field)


def test_a_model_is_not_scored_on_what_it_has_seen(field: Path, tiny: dict[str, Any], tmp_path: Path) -> None:
    """A bundle whose card names a tested well's file cannot be where a cell begins."""
    import geobfdt
    from geobfdt.training.training_settings import TrainingSettings

    sizes = CellSettings.of(tiny).network
    quick = TrainingSettings(steps=1, batch=1, rows=128, warmup=1, every=1)
    geobfdt.train(field, tmp_path / "model", geobfdt.TrainOptions(training=quick, network=sizes))
    fine_tuned = study({**tiny, "start": str(tmp_path / "model")})
    with pytest.raises(InputError, match="W0"):
        make_plan(fine_tuned, field)


def test_wrong_studies_are_one_line(tmp_path: Path) -> None:
    """An unknown setting, axis value, preset or file: what is wrong and where."""
    file = tmp_path / "study.yaml"
    good = {"name": "s", "question": "?", "axes": RATES}
    file.write_text(yaml.safe_dump(good, sort_keys=False))
    assert [levels for levels, _ in read_study(file).cells()] == [{"rate": "low"}, {"rate": "high"}]
    for change, sentence in (
        ({"axes": {"rate": {"low": {"training.pace": 1}}}}, "pace"),
        ({"axes": {"rate": {"low": {"training.rate": -1}}}}, "greater than 0"),
        ({"axes": {"rate": {}}}, "axis without levels"),
        ({"sedes": 3}, "sedes"),
    ):
        file.write_text(yaml.safe_dump(good | change, sort_keys=False))
        with pytest.raises(InputError) as error_info:
            read_study(file)
        assert sentence in str(error_info.value)
        assert str(file) in str(error_info.value)
    file.write_text("[: not yaml")
    with pytest.raises(InputError, match="not a study"):
        read_study(file)
    with pytest.raises(InputError, match="choose from backbone"):
        study_of("backbones")
    with pytest.raises(InputError, match=r"training\.steps=400"):
        study_of("backbone", change=["training.steps"])
    with pytest.raises(InputError, match="paces"):
        study_of("backbone", change=["training.paces=4"])


def test_presets_ask_one_thing_each() -> None:
    """Levels of a preset differ from each other, and in the settings that they name alone."""
    for name in PRESETS:
        for network in ("curve", "detr"):
            if (name, network) == ("wells", "detr"):
                continue
            cells = [settings.model_dump_json() for _, settings in preset(name, network).cells()]  # type: ignore[arg-type]
            assert len(set(cells)) == len(cells)
    depths = preset("backbone", "detr").cells()
    assert [settings.network.depth for _, settings in depths] == [10, 14, 18, 34]  # type: ignore[union-attr]


def test_turns_are_refused() -> None:
    """They would give cells unequal steps, and cells would not heed them."""
    axes = {"rate": {"low": {"training.rate": 1e-4}}}
    with pytest.raises(ValueError, match="unequal steps"):
        StudySettings(name="x", question="?", axes=axes, base={"training.turns": 3})


def test_cells_of_an_earlier_version_stay_finished(field: Path, tiny: dict[str, Any]) -> None:
    """A training setting that an earlier version did not have leaves the digest alone, unless it is used."""
    cell = make_plan(study(tiny), field).places[0].cell
    content = cell.model_dump(mode="json")
    for name in ("voting", "decoder", "detection", "matching", "loss", "coarsest_row"):
        del content["settings"]["network"][name]
    for name in ("fewest", "pad_ends", "simulated"):
        del content["settings"]["training"][name]
    earlier = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]
    assert cell.digest == earlier
    used = make_plan(study({**tiny, "training.pad_ends": 0.2}), field).places[0].cell
    assert used.digest != earlier
    slopes = make_plan(study({**tiny, "network.voting.slopes": 7}), field).places[0].cell
    assert slopes.digest != earlier


@pytest.mark.parametrize(("network", "digest"), [("curve", "944ebc522a840820"), ("detr", "a51be8b3ba4bdbc3")])
def test_digests_of_finished_cells(network: str, digest: str) -> None:
    """Digests that were computed before networks had settings of their parts."""
    settings = CellSettings.of({"network.preset": network, "training.rate": 1e-3})
    zeros, ones = dict.fromkeys("ABC", "0" * 64), dict.fromkeys("ABC", "1" * 64)
    cell = Cell(
        settings=settings, trained=("A",), validated=("B",), tested=("C",), digests=zeros, labels=ones, begun=""
    )
    assert cell.digest == digest


def test_settings_of_parts_have_dotted_names() -> None:
    """A group as a whole, single settings of it, and both; an unknown one is refused."""
    voting = CellSettings.of({"network.voting": {"slopes": 3}, "network.voting.neighbours": 4}).network.voting  # type: ignore[union-attr]
    assert (voting.slopes, voting.neighbours, voting.peak_ratio) == (3, 4, 0.5)
    for name in ("network.voting.slope", "network.votes.slopes", "training.rate.low"):
        with pytest.raises(ValueError, match=name.split(".")[1]):
            CellSettings.of({name: 3})
