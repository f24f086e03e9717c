"""A bundle as a python_function of MLflow: what it picks is what ``geobfdt pick`` picks, to the byte."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from geobfdt.model.bundle_files import SHIPPED
from geobfdt.operation.tracking import track
from geobfdt.runtime.findings import InputError, findings_from_json
from geobfdt.wells.options import ReadingOptions
from geobfdt.wells.picks import write_picks
from geobfdt.workflows.pick import PickOptions, pick_file

mlflow = pytest.importorskip("mlflow")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A database of MLflow that holds the shipped model, with its address set."""
    place = f"sqlite:///{tmp_path_factory.mktemp('pyfunc') / 'mlflow.db'}"
    track(SHIPPED, place)
    mlflow.set_tracking_uri(place)
    mlflow.set_registry_uri(place)
    return place


@pytest.fixture(scope="module")
def model(place: str) -> mlflow.pyfunc.PyFuncModel:
    """The model, loaded from what was tracked."""
    (run,) = mlflow.MlflowClient(place, place).search_runs(["1"])
    return mlflow.pyfunc.load_model(f"{run.info.artifact_uri}/bundle")


@pytest.fixture(scope="module")
def command(field: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tables of W01 and W02 by ``geobfdt pick``, and of W01 in a hole of another diameter."""
    out = tmp_path_factory.mktemp("command")
    options = PickOptions(picture=False)
    for well in ("W01", "W02"):
        pick_file(field / f"{well}.nc", out, options)
    wide = PickOptions(picture=False, reading=ReadingOptions(diameter=0.3))
    pick_file(field / "W01.nc", out / "wide", wide)
    return out


def as_bytes(picks: pd.DataFrame, folder: Path) -> bytes:
    """The pick table as a file holds it."""
    write_picks(picks, folder / "table.csv")
    return (folder / "table.csv").read_bytes()


def test_a_path_gives_the_table_of_the_command(
    model: mlflow.pyfunc.PyFuncModel, field: Path, command: Path, tmp_path: Path
) -> None:
    """Text and Path alike; the findings come with the table."""
    expected = (command / "W01.picks.csv").read_bytes()
    assert expected.count(b"\n") > 3
    picks = model.predict(str(field / "W01.nc"))
    assert as_bytes(picks, tmp_path) == expected
    assert as_bytes(model.predict(field / "W01.nc"), tmp_path) == expected
    findings = findings_from_json((command / "W01.findings.json").read_text())
    assert picks.attrs["findings"] == [finding.to_dict() for finding in findings]


def test_several_files_and_reading_options(
    model: mlflow.pyfunc.PyFuncModel, field: Path, command: Path, tmp_path: Path
) -> None:
    """Tables lie one under the other; a column of a data frame is a reading option, an empty cell is none."""
    paths = [str(field / f"{well}.nc") for well in ("W01", "W02")]
    first, second = ((command / f"{well}.picks.csv").read_bytes() for well in ("W01", "W02"))
    assert as_bytes(model.predict(paths), tmp_path) == first + second.split(b"\n", 1)[1]
    frame = pd.DataFrame({"path": [paths[0], paths[1]], "diameter": [0.3, None]})
    wide = (command / "wide" / "W01.picks.csv").read_bytes()
    assert wide != first
    assert as_bytes(model.predict(frame), tmp_path) == wide + second.split(b"\n", 1)[1]


def test_a_saved_model(field: Path, command: Path, tmp_path: Path) -> None:
    """MLflow's own save_model takes the folder of a bundle."""
    saved = tmp_path / "saved"
    loader = {"loader_module": "geobfdt.operation.mlflow_model", "data_path": str(SHIPPED)}
    mlflow.pyfunc.save_model(saved, **loader, pip_requirements=["geobfdt"])
    picks = mlflow.pyfunc.load_model(str(saved)).predict(str(field / "W01.nc"))
    assert as_bytes(picks, tmp_path) == (command / "W01.picks.csv").read_bytes()
    assert not list(saved.rglob("*.pkl"))


@pytest.mark.parametrize("wrong", [[], pd.DataFrame({"file": ["a.nc"]}), [3], {"path": "a.nc"}])
def test_input_that_names_no_file(model: mlflow.pyfunc.PyFuncModel, wrong: object) -> None:
    """An input without files is refused."""
    with pytest.raises(InputError):
        model.predict(wrong)


def test_unreadable_file_or_option(model: mlflow.pyfunc.PyFuncModel, field: Path, tmp_path: Path) -> None:
    """A missing file and a wrong option are errors of the input, as on the command line."""
    with pytest.raises(InputError):
        model.predict(str(tmp_path / "none.dlis"))
    with pytest.raises(InputError):
        model.predict(pd.DataFrame({"path": [str(field / "W01.nc")], "diamond": [0.2]}))
