"""What MLflow is told, asked back from MLflow itself: a file, and a server of its own."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from geobfdt.model.bundle import load_bundle
from geobfdt.model.registry import Registry
from geobfdt.operation.tracking import track
from geobfdt.runtime.findings import InputError

mlflow = pytest.importorskip("mlflow")


@pytest.fixture(scope="module")
def registry(champion: Path, challenger: Path, tmp_path_factory: pytest.TempPathFactory) -> Registry:
    """Two models, named and promoted by Ann."""
    registry = Registry(tmp_path_factory.mktemp("tracking") / "models")
    first = registry.add(champion, who="Ann", why="to begin with")
    second = registry.add(challenger, who="Ann", why="tuned")
    registry.name(first, "champion", who="Ann", why="there is no other")
    registry.name(second, "challenger", who="Ann", why="new")
    return registry


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An MLflow server on loopback, with a database in a file."""
    folder = tmp_path_factory.mktemp("server")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = [sys.executable, "-m", "mlflow", "server", "--backend-store-uri", f"sqlite:///{folder}/server.db"]
    words += ["--artifacts-destination", str(folder / "kept"), "--host", "127.0.0.1", "--port", str(port)]
    quiet = os.environ | {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    with (folder / "log").open("w") as log:
        process = subprocess.Popen([*words, "--workers", "1"], stdout=log, stderr=log, env=quiet, cwd=folder)
    try:
        url = f"http://127.0.0.1:{port}"
        until = time.monotonic() + 120
        while True:
            try:
                urllib.request.urlopen(f"{url}/health", timeout=5).close()
                break
            except OSError:
                if time.monotonic() > until or process.poll() is not None:
                    pytest.fail((folder / "log").read_text()[-3000:])
                time.sleep(0.5)
        yield url
    finally:
        process.terminate()
        process.wait(30)


@pytest.fixture(params=["file", pytest.param("server", marks=pytest.mark.process)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database in a file, and a server."""
    return f"sqlite:///{tmp_path / 'mlflow.db'}" if request.param == "file" else request.getfixturevalue("server")


def runs_of_kind(place: str, experiment: str, kind: str) -> list[Any]:
    """What MLflow has of a kind."""
    client = mlflow.MlflowClient(place, place)
    number = client.get_experiment_by_name(experiment).experiment_id
    return list(client.search_runs([number], f"tags.`geobfdt.kind` = '{kind}'"))


def test_registry_end_to_end(registry: Registry, place: str, tmp_path: Path) -> None:
    """Versions, aliases and deeds are there, and the champion comes back to the byte."""
    lines = track(registry.folder, place, experiment="wells", name="picker")
    assert lines[-2:] == ["picker@champion: version 1", "picker@challenger: version 2"]
    client = mlflow.MlflowClient(place, place)
    champion = client.get_model_version_by_alias("picker", "champion")
    assert champion.tags["geobfdt.digest"] == registry.find("champion")
    assert "Ann: name champion. there is no other" in champion.description

    # What is there is the bundle, to the byte: fetched by its alias it is a model again.
    mlflow.set_tracking_uri(place)
    mlflow.set_registry_uri(place)
    fetched = mlflow.artifacts.download_artifacts("models:/picker@champion", dst_path=str(tmp_path / "fetched"))
    assert load_bundle(fetched).digest == load_bundle(registry.path("champion")).digest

    assert track(registry.folder, place, experiment="wells", name="picker") == ["picker: nothing new"]
    assert len(runs_of_kind(place, "wells", "model")) == 2


def test_promotion_moves_the_alias(registry: Registry, tmp_path: Path) -> None:
    """So does going back."""
    place, copy = f"sqlite:///{tmp_path / 'mlflow.db'}", tmp_path / "models"
    shutil.copytree(registry.folder, copy)
    track(copy, place)
    Registry(copy).name("challenger", "champion", who="Bob", why="passed")
    assert track(copy, place) == ["models@champion: version 2"]
    Registry(copy).back(who="Bob", why="no better")
    assert track(copy, place) == ["models@champion: version 1"]


def test_training_with_its_curves(champion: Path, place: str) -> None:
    """Settings and every noted loss are those of the run's own files."""
    track(champion, place, experiment="training")
    (run,) = runs_of_kind(place, "training", "model")
    card = json.loads((champion / "card.json").read_text())
    assert run.data.params["training.steps"] == str(card["settings"]["steps"]) == "4"
    assert run.data.params["trained_on"] == str(card["trained_on"])
    noted = [json.loads(line) for line in (champion / "run" / "metrics.jsonl").read_text().splitlines()]
    losses = [(one["step"], one["total"]) for one in noted if "total" in one]
    curve = mlflow.MlflowClient(place, place).get_metric_history(run.info.run_id, "total")
    assert sorted((point.step, point.value) for point in curve) == pytest.approx(losses)
    assert "there already" in track(champion, place, experiment="training")[0]


def test_half_told_is_told_anew(champion: Path, tmp_path: Path) -> None:
    """A killed process leaves nothing twice."""
    place = f"sqlite:///{tmp_path / 'mlflow.db'}"
    track(champion, place)
    (run,) = runs_of_kind(place, "geobfdt", "model")
    client = mlflow.MlflowClient(place, place)
    client.update_run(run.info.run_id, status="RUNNING")  # as a killed process leaves it
    track(champion, place)
    (again,) = runs_of_kind(place, "geobfdt", "model")
    assert again.info.run_id != run.info.run_id
    assert again.info.status == "FINISHED"
    assert again.data.metrics == run.data.metrics


def test_study_with_its_cells(rates: Path, tmp_path: Path) -> None:
    """A run for each cell, within that of the study, with the scores of its table."""
    out = rates / "out"
    place = f"sqlite:///{tmp_path / 'mlflow.db'}"
    assert "4 new cells" in track(out, place)[0]
    assert "0 new cells" in track(out, place)[0]
    (parent,) = runs_of_kind(place, "geobfdt", "study")
    client = mlflow.MlflowClient(place, place)
    assert {"study.html", "cells.csv", "scores.png"} <= {
        file.path for file in client.list_artifacts(parent.info.run_id)
    }
    rows = pd.read_csv(out / "cells.csv")
    cells = runs_of_kind(place, "geobfdt", "cell")
    assert {run.data.tags["mlflow.parentRunId"] for run in cells} == {parent.info.run_id}
    by_name = {run.info.run_name: run.data.metrics["bedding_f1"] for run in cells}
    assert by_name == {f"{one.rate} fold {one.fold} seed {one.seed}": one.bedding_f1 for one in rows.itertuples()}


@pytest.mark.process
def test_user_interface_is_up(server: str) -> None:
    """The server shows its pages."""
    with urllib.request.urlopen(server, timeout=10) as page:
        assert b"<title>MLflow</title>" in page.read()


def test_errors_are_one_line(registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong folder, no server, no MLflow."""
    with pytest.raises(InputError, match="neither a model nor a study nor a registry"):
        track(tmp_path, f"sqlite:///{tmp_path / 'mlflow.db'}")
    with pytest.raises(InputError, match="see that the address is right") as error:
        track(registry.folder, "http://127.0.0.1:9")
    assert "\n" not in str(error.value)
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(InputError, match=r"pip install 'geobfdt\[mlflow\]'"):
        track(registry.folder, f"sqlite:///{tmp_path / 'mlflow.db'}")
