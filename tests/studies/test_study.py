"""A study from end to end: killed and begun again, failing in one cell, two at once, and what its page says."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from itertools import count
from pathlib import Path
from typing import Any, Literal

import pandas as pd
import pytest
from tests.command import run_command, run_process
from tests.study_runs import run_in_process

from geobfdt.io.images.netcdf import read
from geobfdt.runtime.engine import Engine
from geobfdt.runtime.findings import InputError
from geobfdt.runtime.locks import folder_lock
from geobfdt.studies.archive import ARCHIVE
from geobfdt.studies.cell import RESULT, run_cell
from geobfdt.studies.cell_runs import run_cells
from geobfdt.studies.page import write_pages
from geobfdt.studies.plan import lay_out, make_plan
from geobfdt.studies.study import run_study, study_of
from geobfdt.studies.study_presets import PRESETS
from geobfdt.studies.study_settings import StudySettings
from geobfdt.wells.picks import CLASSES

COSTS = ("core_seconds", "peak_mib")
# Two steps, whatever a level says.
SHORT = {"training.steps": 2, "training.warmup": 1, "training.every": 2}
# The first and last levels of axes that are long.
LONG_AXES = {
    "optimiser": {"rate": ("1e-4", "4e-3"), "feed-forward": ("256", "2048")},
    "wells": {"wells": ("1", "14")},
}


def start(*words: object) -> subprocess.Popen[str]:
    """Start the command line."""
    return subprocess.Popen(
        [sys.executable, "-c", "from geobfdt.cli import main; main()", *map(str, words)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip


@pytest.fixture
def study(rates: Path) -> Path:
    """Two rates, two folds, one seed: four cells."""
    return rates / "rates.yaml"


@pytest.fixture
def out(rates: Path) -> Path:
    """The study, undisturbed, its cells run in one process."""
    return rates / "out"


def results(out: Path) -> dict[str, Any]:
    """Results of all cells but for what they cost."""
    sections = {}
    for file in sorted(out.glob(f"cells/*/{RESULT}")):
        result = json.loads(file.read_text())
        sections[file.parent.name] = {name: value for name, value in result.items() if name not in COSTS}
    return sections


@pytest.mark.process
def test_killed_and_begun_again(study: Path, field: Path, out: Path, tmp_path: Path) -> None:
    """Kill -9 after the first cell, its children left alone: the same cells, numbers and verdicts in the end."""
    again = tmp_path / "out"
    run = start("study", study, field, "--out", again)
    end = time.monotonic() + 120
    while not list(again.glob(f"cells/*/{RESULT}")):
        assert time.monotonic() < end
        assert run.poll() is None
        time.sleep(0.05)
    run.send_signal(signal.SIGKILL)
    run.communicate()
    first = {file: file.stat().st_mtime_ns for file in again.glob(f"cells/*/{RESULT}")}
    process = run_process("study", study, field, "--out", again, "--json")
    output = process.stdout
    assert process.returncode == 0, process.stderr
    assert results(again) == results(out)
    assert len(results(out)) == 4
    assert all(file.stat().st_mtime_ns == when for file, when in first.items())
    tables = [json.loads((folder / "study.json").read_text())["sections"] for folder in (out, again)]
    for table in tables:
        for level in table[0]["levels"]:
            for cost in COSTS:
                del level[cost]
    assert tables[0] == tables[1]
    assert json.loads(output) == json.loads((again / "study.json").read_text())
    # Four steps teach nothing, and a study that taught nothing chooses nothing.
    assert json.loads(output)["sections"][0]["choice"] is None


def test_the_page(out: Path) -> None:
    """One file without anything from outside; it says what was asked, done and found; what is heavy is gone."""
    page, text = (out / "study.html").read_text(), (out / "study.md").read_text()
    assert "http" not in page
    assert "data:image/png;base64," in page
    cells = pd.read_csv(out / "cells.csv")
    means = cells.groupby("rate")[[f"{kind}{what}" for kind in CLASSES for what in ("_f1", "_null_f1")]].mean()
    scores = means[[f"{kind}_f1" for kind in CLASSES]].mean(axis=1)
    null_f1 = means.loc[scores.idxmax(), [f"{kind}_null_f1" for kind in CLASSES]].mean()
    chosen = "Choice: rate" if scores.max() > null_f1 + 0.01 else "Nothing was learnt"
    for phrase in ("Which rate?", "low to high:", chosen, "Fold 1: tested on", "4 cells", "SHA-256", "chance level"):
        assert phrase in text
        assert phrase in page
    assert {f"{name}.png" for name in ("scores", "curves-1")} <= {file.name for file in out.iterdir()}
    assert not list(out.glob("cells/**/*.safetensors"))


def test_levels_are_compared_on_the_seeds_that_all_have_finished(
    study: Path, field: Path, out: Path, tmp_path: Path
) -> None:
    """Seed 0 in all folds, seed 1 of one level, seed 2 of no fold but one: seed 0 alone counts, and nothing runs."""
    settings = study_of(str(study), seeds=3)
    plan, again = make_plan(settings, field), tmp_path / "out"
    of_seed_0 = {(*place.levels.values(), place.fold): place.cell.digest for place in plan.places if place.seed == 0}
    folders = lay_out(plan, field, again)
    for place, folder in zip(plan.places, folders, strict=True):
        if place.seed == 0 or (place.seed == 1 and place.levels["rate"] == "low") or (place.seed == 2 and place.fold):
            result = json.loads((out / "cells" / of_seed_0[*place.levels.values(), place.fold] / RESULT).read_text())
            for scores in result["scores"].values() if place.seed else ():
                scores["counts"] = {well: [99, 0, 0] for well in scores["counts"]}
            (folder / RESULT).write_text(json.dumps(result))
    run = run_command("study", study, field, "--seeds", 3, "--out", again, "--page-only", "--json")
    assert run.returncode == 0, run.stderr
    section = json.loads(run.stdout)["sections"][0]
    whole = json.loads((out / "study.json").read_text())["sections"][0]
    assert section["seeds"] == [0]
    assert [level["f1"] for level in section["levels"]] == [level["f1"] for level in whole["levels"]]
    assert len(section["missing"]) == 4
    assert len(list(again.glob(f"cells/*/{RESULT}"))) == 8


def test_counts_are_those_of_the_wells(out: Path, field: Path) -> None:
    """Found and missed planes of a tested well are those that were picked within it."""
    for folder in (out / "cells").iterdir():
        cell, result = (json.loads((folder / name).read_text()) for name in ("cell.json", RESULT))
        for kind, output in result["scores"].items():
            assert set(output["counts"]) <= set(cell["tested"])
            for well, (hits, wrong, missed) in output["counts"].items():
                picks = pd.read_csv(field / f"{well}.picks.csv")
                depth = read(field / f"{well}.nc")["depth"].values
                half = (depth[1] - depth[0]) / 2  # A row reaches half its height up and down.
                inside = picks["depth_m"].between(depth[0] - half, depth[-1] + half)
                assert hits + missed == (inside & (picks["class"] == kind)).sum()
                assert min(hits, wrong, missed) >= 0


@pytest.mark.process
def test_a_lost_folder_goes_on_from_the_archive(study: Path, field: Path, out: Path, tmp_path: Path) -> None:
    """With the archive alone no cell is run again, and scores, verdicts and rows are the same."""
    lines = (out / ARCHIVE).read_text().splitlines()
    assert len(lines) == 4
    again = tmp_path / "out"
    again.mkdir()
    # The last line is cut short: that cell is run.
    (again / ARCHIVE).write_text("\n".join([*lines[:3], lines[3][:40]]))
    finished: list[int] = []
    plan, sections = run_study(
        study_of(str(study)), field, again, Engine(workers=1), lambda cells_done, _: finished.append(cells_done)
    )
    assert finished[0] == 3
    write_pages(plan, sections, again, field)
    assert results(again) == results(out)
    rows = [pd.read_csv(folder / "cells.csv").drop(columns=list(COSTS)) for folder in (out, again)]
    pd.testing.assert_frame_equal(*rows)
    assert (again / ARCHIVE).read_text().count("\n") == 4


@pytest.mark.process
def test_one_failing_cell_does_not_stop_the_rest(study: Path, field: Path, tmp_path: Path) -> None:
    """A damaged cell is named with its reason, the others are run; once mended, only it is."""
    folders = lay_out(make_plan(study_of(str(study)), field), field, tmp_path)[:2]
    good = (folders[0] / "cell.json").read_text()
    (folders[0] / "cell.json").write_text(good[:50])
    output: list[tuple[int, int]] = []
    assert run_cells(folders, Engine(), lambda cells_done, every: output.append((cells_done, every))) == [folders[0]]
    assert (folders[0] / "failed.txt").read_text().strip()
    assert (folders[1] / RESULT).exists()
    assert output == [(0, 2), (1, 2), (2, 2)]
    when = (folders[1] / RESULT).stat().st_mtime_ns
    (folders[0] / "cell.json").write_text(good)
    assert run_cells(folders, Engine(), lambda *_: None) == []
    assert (folders[0] / RESULT).exists()
    assert (folders[1] / RESULT).stat().st_mtime_ns == when


def test_nothing_is_left_of_a_wrong_study(field: Path, tmp_path: Path) -> None:
    """An unknown setting, or a field without wells: one line, status 1, no folder."""
    for words in (("backbone", field, "--set", "training.paces=3"), ("backbone", tmp_path)):
        run = run_command("study", *words, "--out", tmp_path / "out")
        assert run.returncode == 1
        assert run.stderr.startswith("geobfdt: ")
        assert run.stderr.count("\n") == 1
        assert not (tmp_path / "out").exists()


def test_two_at_once(study: Path, field: Path, tmp_path: Path) -> None:
    """The second is turned away in one line; with the first gone it may."""
    with folder_lock(tmp_path):
        run = run_command("study", study, field, "--out", tmp_path)
        assert run.returncode == 1
        assert run.stderr.startswith(f"geobfdt: {tmp_path}: another study is running here")
        assert run.stderr.count("\n") == 1
    with folder_lock(tmp_path), pytest.raises(InputError, match="another study"), folder_lock(tmp_path):
        pass


# One preset of each network stands for the others in `make test`.
_RUNS = [(name, net) for name in PRESETS for net in ("curve", "detr") if (name, net) != ("wells", "detr")]


@pytest.mark.parametrize(
    ("name", "network"),
    [pytest.param(*run, marks=[] if run[0] == "split" else pytest.mark.training) for run in _RUNS],
)
def test_every_preset_runs(
    name: str,
    network: Literal["curve", "detr"],
    field: Path,
    tiny: dict[str, Any],
    tiny_detr: dict[str, Any],
    tmp_path: Path,
) -> None:
    """On one fold and seed, with tiny cells; first and last levels stand for all of long axes."""
    sizes = {**(tiny if network == "curve" else tiny_detr), "training.steps": 2}
    settings = study_of(
        name, network, folds=1, seeds=1, change=[f"{key}={json.dumps(value)}" for key, value in sizes.items()]
    )
    short = {
        axis: {level: changed | SHORT for level, changed in levels.items()} for axis, levels in settings.axes.items()
    }
    plan = make_plan(settings.model_copy(update={"axes": short}), field)
    for place, folder in zip(plan.places, lay_out(plan, field, tmp_path), strict=True):
        if any(place.levels.get(axis, ends[0]) not in ends for axis, ends in LONG_AXES.get(name, {}).items()):
            continue
        run_cell(folder)
        result = json.loads((folder / RESULT).read_text())
        assert result["parameters"]
        assert set(result["scores"]) <= {"bedding", "fracture"}


def test_a_cell_of_the_ablation(field: Path, tiny_detr: dict[str, Any], tmp_path: Path) -> None:
    """The preset of detr-small, made tiny: its rates, its curve at every check, its looks, its columns and costs."""
    change = [f"{key}={json.dumps(value)}" for key, value in tiny_detr.items()]
    change += ["network.strides=[[1, 1], [1, 1], [1, 2], [1, 1]]", "network.heads=4", "metres=2"]
    settings = study_of("backbone", "detr-small", folds=1, seeds=1, change=change)
    plan = make_plan(settings, field)
    folder = lay_out(plan, field, tmp_path)[0]
    run_cell(folder)
    result = json.loads((folder / RESULT).read_text())
    assert [row["step"] for row in result["curve"]] == [0, 2, 4]
    assert all(set(row) == {"step", "trained", "held_out", "other_image"} for row in result["curve"])
    assert set(result["look_shifts"]) == {"contrast", "blur", "noise", "coverage"}
    assert len(result["pilots"]) == 3
    assert result["windows"] == 4
    assert {"class_error_0_pct", "class_error_50_pct"} <= set(result["published"])
    assert result["published"]["class_error_0_pct"] <= result["published"]["class_error_50_pct"]
    assert {(row["kind"], row["tolerance_m"]) for row in result["table"]} == {
        (kind, tolerance) for kind in ("depth", "trace") for tolerance in (0.03, 0.05)
    }


def test_rates_are_tried_first(field: Path, tiny: dict[str, Any], tmp_path: Path) -> None:
    """The rate whose short run validated best is trained with; what the pilots gave is in the result."""
    base = {**tiny, "training.steps": 8, "rates": [1e-5, 1e-2]}
    axes: dict[str, Any] = {"augmentation": {"none": {"training.augmentation": "none"}}}
    settings = StudySettings(name="tuned", question="?", axes=axes, base=base, folds=1, seeds=1)
    (folder,) = lay_out(make_plan(settings, field), field, tmp_path)
    run_cell(folder)
    result = json.loads((folder / RESULT).read_text())
    assert set(result["pilots"]) == {"1e-05", "0.01"}
    assert result["pilots"][f"{result['rate']:g}"] == max(result["pilots"].values())
    for rate in result["pilots"]:
        assert max(row["step"] for row in rows(folder / f"pilot-{rate}")) == 2


def test_minutes_instead_of_steps(
    field: Path, tiny: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many steps as the minutes are enough for; measured once, so that a killed cell goes on with as many."""
    ticks = (tick / 8 for tick in count())  # A step takes an eighth of a second: each look at the clock moves it on.
    monkeypatch.setattr("geobfdt.studies.cell.time.process_time", lambda: next(ticks))
    axes: dict[str, Any] = {"minutes": {"few": {"minutes": 6.1 / 8 / 60}, "more": {"minutes": 12.1 / 8 / 60}}}
    base = {**tiny, "training.every": 20}
    settings = StudySettings(name="timed", question="?", axes=axes, base=base, folds=1, seeds=1)
    folders = lay_out(make_plan(settings, field), field, tmp_path)
    for folder in folders:
        run_cell(folder)
    assert [json.loads((folder / RESULT).read_text())["steps"] for folder in folders] == [6, 12]
    folder = folders[0]
    assert (folder / "steps.txt").read_text() == "6\n"
    assert max(row["step"] for row in rows(folder / "run")) == 6
    (folder / RESULT).unlink()
    (folder / "steps.txt").write_text("3\n")
    for file in (folder / "run").iterdir():
        file.unlink()
    run_cell(folder)
    assert max(row["step"] for row in rows(folder / "run")) == 3


def rows(run: Path) -> list[dict[str, Any]]:
    """What a run wrote of itself."""
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


def test_a_leaking_split_is_named(field: Path, tiny: dict[str, Any], tmp_path: Path) -> None:
    """Its cells are tested on wells not seen all the same, and the page says what its validation is worth."""
    settings = study_of("split", folds=1, seeds=1, change=[f"{k}={json.dumps(v)}" for k, v in tiny.items()])
    run_in_process(settings, field, tmp_path)
    honest, leaking = (place.cell for place in make_plan(settings, field).places)
    assert honest.tested == leaking.tested
    assert not {*leaking.trained, *leaking.validated} & {*leaking.tested}
    assert "validated on rock that was trained on" in (tmp_path / "study.md").read_text()


def test_a_disk_that_is_full_at_once(study: Path, field: Path, tmp_path: Path) -> None:
    """Before a cell can begin: one line."""
    run = run_command("study", study, field, "--out", tmp_path / "early", limit=2000)
    assert run.returncode == 1
    assert run.stderr.startswith("geobfdt: ")
    assert "cannot be written" in run.stderr
    assert run.stderr.count("\n") == 1


@pytest.mark.process
def test_a_full_disk_loses_nothing(study: Path, field: Path, out: Path, tmp_path: Path) -> None:
    """Full within cells: each is named; with room again, they are those of the undisturbed study."""
    words = ("study", study, field, "--out", tmp_path, "--folds", 1)
    run = run_command(*words, limit=40_000)  # Its cells are processes, which have the same limit.
    assert run.returncode == 1
    whys = [file.read_text() for file in tmp_path.glob("cells/*/failed.txt")]
    assert len(whys) == 2
    assert all("cannot be written" in why and why.count("\n") == 1 for why in whys)
    run = run_command(*words)
    assert run.returncode == 0, run.stderr
    assert len(results(tmp_path)) == 2
    assert results(tmp_path).items() <= results(out).items()
