"""Model cards and bills of materials, read back as the programs read them that they are for."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import yaml
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from typer.testing import CliRunner

from geobfdt.cli import app
from geobfdt.model.bundle import load_bundle
from geobfdt.model.bundle_files import CARD, SHIPPED
from geobfdt.model.model_card import BILL, PAGE, write_model_card
from geobfdt.runtime.findings import InputError

WEIGHTS = json.loads((SHIPPED / CARD).read_text())["weights_sha256"]


def trace(name: str, f1: float | None, tolerance_m: float = 0.03, **more: object) -> dict[str, object]:
    """A row of scores."""
    interval = {"f1_lo": None if f1 is None else f1 - 0.1, "f1_hi": None if f1 is None else f1 + 0.1}
    row = {"class": name, "kind": "trace", "tolerance_m": tolerance_m, "f1": f1, "null_f1": 0.02, **interval}
    return {**row, **more}


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Results of the shipped weights, and of others."""
    folder = tmp_path / "results"
    folder.mkdir()
    rows = [trace("fracture", 0.5), trace("bedding", 0.04), trace("bedding", 0.9, 0.05), trace("all", 0.7)]
    rows += [trace("fracture", 0.6, kind="pole"), {"class": "fracture", "measure": "depth_error_m", "value": 0.003}]
    against = {"tolerance_m": 0.03, "f1": 0.8, "null_f1": 0.2}
    people = [{"comparison": name, **against} for name in ("picker against A", "B against A")]
    for name, weights, content in [
        ("wells", WEIGHTS, rows), ("people", WEIGHTS, people), ("others", "ab" * 32, [trace("fracture", 0.99)]),
        ("nothing", None, [{"seconds": 1.0}]), ("undefined", WEIGHTS, [trace("fracture", None)]),
        ("unpicked", WEIGHTS, [trace("fracture", 0.0, null_f1=None)]),
    ]:  # fmt: skip
        text = {"command": f"python {name}.py", "weights": weights, "version": "0.1.0", "date": "2026-11-30"}
        (folder / f"{name}.json").write_text(json.dumps({**text, "rows": content}))
    return folder


def head(page: Path) -> dict:
    """YAML head of a card."""
    _, text, _ = page.read_text().split("---\n", 2)
    return yaml.safe_load(text)


def damaged_by_schema(bill: Path) -> object:
    """What the published schema of CycloneDX 1.6 says against a bill of materials; None if nothing."""
    return JsonStrictValidator(SchemaVersion.V1_6).validate_str(bill.read_text())


def test_the_card_holds_the_scores_of_its_weights_only(results: Path, tmp_path: Path) -> None:
    """F1 at a trace RMS of 3 cm, by class and against each interpretation, each with its chance level."""
    page, bill = write_model_card("default", tmp_path / "out", results)
    (model,) = head(page)["model-index"]
    found_in = {one["dataset"]["name"]: [metric["value"] for metric in one["metrics"]] for one in model["results"]}
    assert found_in == {"people": [0.8], "unpicked": [0.0], "wells": [0.5, 0.04]}
    assert "0.99" not in page.read_text()
    component = json.loads(bill.read_text())["metadata"]["component"]
    metrics = component["modelCard"]["quantitativeAnalysis"]["performanceMetrics"]
    assert [metric["value"] for metric in metrics] == ["0.80", "0.00", "0.50", "0.04"]
    assert metrics[2]["confidenceInterval"] == {"lowerBound": "0.40", "upperBound": "0.60"}
    # What is hardly above chance is a limit.
    limits = component["modelCard"]["considerations"]["technicalLimitations"]
    assert [limit for limit in limits if limit.startswith("wells, bedding")]
    assert [limit for limit in limits if limit.startswith("unpicked, fracture")]


@pytest.mark.parametrize("with_results", [True, False])
def test_the_bill_of_materials_is_valid(results: Path, tmp_path: Path, with_results: bool) -> None:
    """The published schema of CycloneDX 1.6 accepts it, and refuses it once a field is wrong."""
    _, bill = write_model_card("default", tmp_path / "out", results if with_results else None)
    assert damaged_by_schema(bill) is None
    content = json.loads(bill.read_text())
    content["metadata"]["component"]["modelCard"]["modelParameters"]["approach"]["type"] = "by magic"
    bill.write_text(json.dumps(content))
    assert damaged_by_schema(bill) is not None


def test_what_ships_names_its_weights_and_licence() -> None:
    """The files beside the shipped bundle are of these weights."""
    component = json.loads((SHIPPED / BILL).read_text())["metadata"]["component"]
    assert component["hashes"] == [{"alg": "SHA-256", "content": WEIGHTS}]
    assert component["licenses"] == [{"license": {"id": "Apache-2.0"}}]
    assert damaged_by_schema(SHIPPED / BILL) is None
    assert head(SHIPPED / PAGE)["license"] == "apache-2.0"
    assert head(SHIPPED / PAGE)["library_name"] == "geobfdt"


@pytest.fixture
def tuned(tmp_path: Path) -> Path:
    """A bundle of somebody else: other bytes of weights, wells with names, no validation."""
    from dataclasses import replace

    from geobfdt.model.bundle import save_bundle

    bundle = load_bundle()
    card = {"name": "fine-tuned", "from": bundle.source, "trained_on": ["A-1", "B: 2"], "held_out": ["C"]}
    save_bundle(replace(bundle, card=card), tmp_path / "tuned")
    return tmp_path / "tuned"


def test_a_bundle_of_somebody_else_names_no_licence(tuned: Path, tmp_path: Path) -> None:
    """What the bundle does not say is not claimed; its wells are named."""
    page, bill = write_model_card(tuned, tmp_path / "out")
    assert head(page)["license"] == "unknown"
    assert "model-index" not in head(page)
    content = json.loads(bill.read_text())
    assert "licenses" not in content["metadata"]["component"]
    assert "quantitativeAnalysis" not in content["metadata"]["component"]["modelCard"]
    assert content["components"] == []
    assert damaged_by_schema(bill) is None
    assert all(name in page.read_text() for name in ("A-1", "B: 2"))


def test_a_tuned_model_states_split_seed_and_planes(tuned: Path, tmp_path: Path) -> None:
    """Numbers that a reader needs to judge the score, which stands beside that of the initial weights."""
    validation = {"mean_f1_3cm": 0.61, "before": 0.47, "planes": 87}
    card = {"split": "by stretch", "steps": 123, "settings": {"seed": 456}, "validation": validation}
    (tuned / CARD).write_text(json.dumps({**json.loads((tuned / CARD).read_text()), **card}))
    text = write_model_card(tuned, tmp_path / "out")[0].read_text()
    assert all(word in text for word in ("by stretch", "123", "456", "0.61", "0.47", "87"))


def test_the_same_model_gives_the_same_bytes(results: Path, tmp_path: Path) -> None:
    """So a card can be compared."""
    first = write_model_card("default", tmp_path / "a", results)
    second = write_model_card("default", tmp_path / "b", results)
    assert [file.read_bytes() for file in first] == [file.read_bytes() for file in second]


def test_results_of_other_weights_are_refused(results: Path, tuned: Path, tmp_path: Path) -> None:
    """No card is written that looks as if nothing had been measured."""
    with pytest.raises(InputError):
        write_model_card(tuned, tmp_path / "out", results)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("text", ["", "[]", '{"rows": 3}', '{"command": "a", "weights": 3, "rows": []}', "\udcff"])
def test_a_damaged_file_of_results_is_refused(results: Path, tmp_path: Path, text: str) -> None:
    """By its name, on the command line."""
    (results / "damaged.json").write_bytes(text.encode(errors="surrogateescape"))
    words = ["models", "card", "default", "--out", str(tmp_path / "out"), "--results", str(results)]
    result = CliRunner().invoke(app, words)
    assert isinstance(result.exception, InputError)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("trained_on", 3),
        ("held_out", "A"),
        ("validation", [1]),
        ("versions", ["a"]),
        ("note", {}),
        ("from", 1.5),
        ("settings", 1),
    ],
)
def test_a_damaged_card_is_refused(tuned: Path, tmp_path: Path, key: str, value: object) -> None:
    """No traceback, and nothing is written."""
    card = json.loads((tuned / CARD).read_text())
    (tuned / CARD).write_text(json.dumps({**card, key: value}))
    with pytest.raises(InputError):
        write_model_card(tuned, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_damaged_bundle_gets_no_card(tmp_path: Path) -> None:
    """Weights must be those of the card."""
    shutil.copytree(SHIPPED, tmp_path / "model")
    with (tmp_path / "model" / "weights.safetensors").open("r+b") as file:
        file.seek(-1, 2)
        file.write(b"\xff")
    with pytest.raises(InputError):
        write_model_card(tmp_path / "model", tmp_path / "out")
    assert not (tmp_path / "out").exists()
