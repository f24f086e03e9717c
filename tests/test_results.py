"""Figures of README and docs come from `results/*.json`, and each of these files says where it comes from."""

from __future__ import annotations

import importlib
import json
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]
FILES = sorted((ROOT / "results").glob("*.json"))
FIGURE = re.compile(r"\d+\.\d{2,}|\d+ %")
# Neither is a result: a version of Python, the width of an interval, the coverage of a tool.
NO_RESULT = {"3.11", "95 %", "35 %"}


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch):
    """Import a module of `benchmarks`, as its scripts do."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    before = set(sys.modules)
    yield importlib.import_module
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(ROOT / "benchmarks")):
            del sys.modules[name]


def figures(text: str) -> set[str]:
    """Figures in a text that may be results."""
    return set(FIGURE.findall(text)) - NO_RESULT


def test_pages_are_what_the_results_make(load) -> None:
    """`make results` changes nothing."""
    page = load("results_page")
    for file, text in (page.make_pages() | page.make_model_card()).items():
        assert file.read_text() == text, f"{file.name}: run make results"


def test_the_page_of_results_is_short() -> None:
    """It has 150 lines at most."""
    assert len((ROOT / "docs" / "results.md").read_text().splitlines()) <= 150


@pytest.mark.parametrize("page", ["README.md", "docs/index.md"])
def test_no_figure_is_written_by_hand_into_a_front_page(page: str) -> None:
    """Outside of the parts that `make results` writes there is none."""
    text = re.sub(r"<!-- make results: \w+ -->.*?<!-- end -->", "", (ROOT / page).read_text(), flags=re.DOTALL)
    assert figures(text) == set()


def test_templates_hold_no_figure() -> None:
    """Numbers of a template stand in expressions only."""
    for file in (ROOT / "benchmarks" / "pages").glob("*.jinja"):
        text = re.sub(r"{{.*?}}|{%.*?%}|{#.*?#}", "", file.read_text(), flags=re.DOTALL)
        assert figures(text) == set(), file.name


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_file_of_results_says_where_it_comes_from(file: Path, load) -> None:
    """It names a command that writes it, weights of a run of pretraining, the version, the date; it has rows."""
    content = json.loads(file.read_text())
    assert re.fullmatch(r"\d+\.\d+\.\d+", content["version"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", content["date"])
    assert content["rows"]
    script = ROOT / re.search(r"benchmarks/\w+\.py", content["command"])[0]
    assert "add_out(" in script.read_text()
    assert f"--out results/{file.name}" in content["command"]
    runs = load("results_page")._runs()
    assert content["weights"] is None or content["weights"] in runs
    assert {row["weights"] for row in content["rows"] if row.get("weights")} <= set(runs)


def test_other_weights_than_the_shipped_ones_are_marked(load) -> None:
    """The run is named beside the row, from the SHA-256 in its file."""
    page = load("results_page")
    results = page.read_results()
    file = ROOT / "docs" / "results.md"

    def speed(shipped: str) -> str:
        lines = page.make_pages(results, shipped)[file].splitlines()
        return next(line for line in lines if line.startswith("| FMI, 1,000 m"))

    assert "(run 14)" in speed(page.shipped_weights())
    assert "(run 14)" not in speed(results["picking"].weights)
    results["picking"].weights = "ab" * 32
    assert "(weights abababab)" in speed(page.shipped_weights())


def test_what_is_not_defined_is_a_dash(load) -> None:
    """A model without picks has no chance level, and the page is made all the same."""
    page = load("results_page")
    results = page.read_results()
    for row in results["tool-lwd16"].rows_of("null_f1"):
        row["null_f1"] = row["z"] = None
    assert "(- on `lwd16`)" in page.make_pages(results)[ROOT / "docs" / "results.md"]


def test_a_row_that_is_not_there_is_refused(load) -> None:
    """No page is made with a number of another row."""
    real = load("results_page").read_results()["real"]
    with pytest.raises(LookupError):
        real.row(name="no such image")
    with pytest.raises(LookupError):
        real.row("f1")


def test_a_benchmark_writes_its_results(load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the command without places of this machine, and null where nothing is defined."""
    files: ModuleType = load("results_file")
    words = [str(tmp_path / "data"), "--out", "results/a.json"]
    monkeypatch.setattr(sys, "argv", ["/somewhere/benchmarks/real.py", *words])
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    files.write_results(tmp_path / "a.json", [{"f1": 0.123456789, "z": float("nan"), "planes": 3}])
    content = json.loads((tmp_path / "a.json").read_text())
    assert content["command"] == "python benchmarks/real.py data --out results/a.json"
    assert content["rows"] == [{"f1": 0.123457, "z": None, "planes": 3}]
    assert content["weights"] == load("results_page").shipped_weights()
    files.write_results(tmp_path / "b.json", [{"seconds": 1.0}], model=None)
    assert json.loads((tmp_path / "b.json").read_text())["weights"] is None


def test_decisions_are_short_and_listed() -> None:
    """One page each of 40 lines at most, with its question, evidence, decision and consequences."""
    folder = ROOT / "docs" / "decisions"
    pages = sorted(folder.glob("0*.md"))
    listed = re.findall(r"^\d{4}-[\w-]+$", (folder / "index.md").read_text(), re.MULTILINE)
    assert listed == [page.stem for page in pages]
    for page in pages:
        lines = page.read_text().splitlines()
        assert len(lines) <= 40
        assert [line for line in lines if line.startswith("## ")] == [
            "## Question", "## Evidence", "## Decision", "## Consequences"
        ]  # fmt: skip
        assert lines[0].startswith(f"# {int(page.stem[:4])}. ")


def test_the_plot_of_pretraining_holds_every_run(load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each run of the table has its number in the plot."""
    plot = load("pretraining_plot")
    (tmp_path / "pretraining.csv").write_text((plot.HISTORY / "pretraining.csv").read_text())
    monkeypatch.setattr(plot, "HISTORY", tmp_path)
    plot.main()
    rows = (tmp_path / "pretraining.csv").read_text().splitlines()[1:]
    runs = {row.split(",")[0] for row in rows}
    assert runs <= set(re.findall(r">(\d+)</text>", (tmp_path / "pretraining.svg").read_text()))
