"""Models, training runs, studies and registries shown in MLflow, for teams that keep their records there.

The folders stay what counts; MLflow gets a copy. A thing is known there by what is in it (the tag ``geobfdt.digest``),
so that telling it again changes nothing, and one that a killed process left half told is told anew.
"""

from __future__ import annotations

import csv
import hashlib
import json
import math
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from geobfdt.model.bundle import load_bundle
from geobfdt.model.bundle_files import FILES, contents_digest
from geobfdt.model.registry import RECORD, Registry, flatten
from geobfdt.runtime.extras import needed
from geobfdt.runtime.findings import InputError

__all__ = ["address", "track"]

DIGEST = "geobfdt.digest"
_HERE = "mlflow.db"
_AT_ONCE = {"metrics": 500, "params": 100}  # MLflow takes no more in a call
_QUIET = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_LOGGING_LEVEL": "ERROR", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2"}
_LONGEST = 6000  # characters of a parameter
_PAGES = ("*.html", "*.md", "*.csv", "*.png")


def address(to: str = "") -> str:
    """
    Address of the MLflow to tell: as said, as ``MLFLOW_TRACKING_URI`` says, or the file ``mlflow.db`` here.

    Examples
    --------
    >>> address("http://127.0.0.1:5000")
    'http://127.0.0.1:5000'
    """
    return to or os.environ.get("MLFLOW_TRACKING_URI", "") or f"sqlite:///{_HERE}"


def track(what: Path, to: str = "", *, experiment: str = "geobfdt", name: str = "") -> list[str]:
    """
    Tell MLflow of a model, a study or a registry.

    Parameters
    ----------
    what : Path
        Folder of a model (its run's curves go with it), of a study, or of a registry. Models of a registry become
        versions of a registered model, and its names (``champion``) their aliases.
    to : str
        See :func:`address`.
    experiment : str
        That the runs belong to.
    name : str
        Of the registered model. Default: the name of the registry's folder.

    Returns
    -------
    list of str
        What was told, a line each.

    Raises
    ------
    InputError
        If the folder is none of these, or MLflow cannot be reached or written.
    """
    where = address(to)
    with _reached(where) as (client, mlflow):
        place = _experiment(client, where, experiment)
        if (what / RECORD).exists():
            return _registry(client, mlflow, place, what, name or what.resolve().name)
        if (what / "study.json").exists():
            return _study(client, place, what)
        if (what / FILES[0]).exists():
            run, said = _model(client, place, what, contents_digest(what), what.resolve().name)
            return [said or f"{what.resolve().name}: there already, as run {run}"]
    cure = "name a folder that geobfdt train, study or models made"
    raise InputError(what, "neither a model nor a study nor a registry", cure)


@contextmanager
def _reached(where: str) -> Iterator[tuple[Any, Any]]:
    """An MLflow client that tells nobody else, gives up soon, and says in one line why."""
    for setting, value in _QUIET.items():
        os.environ.setdefault(setting, value)
    mlflow = needed("mlflow", "mlflow")
    try:
        yield mlflow.MlflowClient(where, where), mlflow
    except mlflow.exceptions.MlflowException as error:
        observed = f"MLflow does not take it: {str(error).splitlines()[0][:300]}"
        raise InputError(where, observed, "see that the address is right and its server is up") from error


def _experiment(client: Any, where: str, name: str) -> str:
    """Number of an experiment, made if there is none; of a database in a file, its files lie beside it."""
    found = client.get_experiment_by_name(name)
    if found is not None:
        return str(found.experiment_id)
    file = where.removeprefix("sqlite:///")
    beside = (Path(file).resolve().parent / "mlartifacts" / name).as_uri() if file != where else None
    return str(client.create_experiment(name, artifact_location=beside))


def _whole(client: Any, place: str, pattern: str) -> dict[str, str]:
    """Runs that were told to the end, by digest; what a killed process began is taken away."""
    told = {}
    for run in _all(client.search_runs, [place], f"tags.`{DIGEST}` LIKE '{pattern}'"):
        if run.info.status == "FINISHED":
            told[run.data.tags[DIGEST]] = str(run.info.run_id)
        else:
            client.delete_run(run.info.run_id)
    return told


def _all(search: Callable[..., Any], *words: Any) -> list[Any]:
    """Everything that a search finds, page by page."""
    found: list[Any] = []
    token = None
    while True:
        page = search(*words, page_token=token)
        found += page
        token = page.token
        if not token:
            return found


def _told(
    client: Any, place: str, digest: str, name: str, kind: str, params: dict[str, Any], metrics: list[Any],
    files: dict[str, list[Path]], tags: dict[str, str],
) -> str:  # fmt: skip
    """Tell of one thing; number of its run."""
    from mlflow.entities import Param

    about = {DIGEST: digest, "geobfdt.kind": kind, **tags}
    run = str(client.create_run(place, run_name=name, tags=about).info.run_id)
    said = [Param(key, str(value)[:_LONGEST]) for key, value in params.items() if value not in (None, "", [], {})]
    for kind_of, values in (("params", said), ("metrics", metrics)):
        for first in range(0, len(values), _AT_ONCE[kind_of]):
            client.log_batch(run, **{kind_of: values[first : first + _AT_ONCE[kind_of]]})
    for folder, paths in files.items():
        for path in paths:
            client.log_artifact(run, str(path), folder or None)
    client.set_terminated(run)
    return run


def _points(values: dict[str, Any], step: int = 0) -> list[Any]:
    """Numbers as MLflow's metrics."""
    from mlflow.entities import Metric

    numbers = {
        key: float(value)
        for key, value in flatten(values).items()
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    }
    return [Metric(key, value, 0, step) for key, value in numbers.items()]


def _curves(run: Path) -> list[Any]:
    """Every number that a training run noted, at its step."""
    file = run / "metrics.jsonl"
    told = []
    if file.exists():
        for line in file.read_text().splitlines():
            noted = json.loads(line)
            told += _points(noted, noted.pop("step"))
    return told


def _model(client: Any, place: str, folder: Path, digest: str, name: str) -> tuple[str, str]:
    """Run of a bundle, and what was told if it was not there yet."""
    if run := _whole(client, place, digest).get(digest, ""):
        return run, ""
    bundle = load_bundle(folder)
    card = bundle.card
    files = {"bundle": [folder / file for file in FILES], "run": sorted((folder / "run").glob("*.png"))}
    params = flatten({
        "network": bundle.settings.model_dump(mode="json"), "training": card.get("settings", {}),
        **{key: card.get(key) for key in ("name", "from", "date", "split", "trained_on", "held_out", "versions")},
    })  # fmt: skip
    kept = {key: card.get(key) for key in ("validation", "calibration", "metres_trained", "planes_trained", "minutes")}
    metrics = [*_points(kept), *_curves(folder / "run")]
    run = _told(client, place, digest, name, "model", params, metrics, files, {})
    return run, f"{name}: run {run}"


def _registry(client: Any, mlflow: Any, place: str, folder: Path, name: str) -> list[str]:
    registry, told = Registry(folder), []
    wrong = registry.verify()
    deeds = _deeds(registry)
    found = _all(client.search_model_versions, f"name = '{name}'")
    versions = {version.tags.get(DIGEST): version for version in found}
    if not versions:
        try:
            client.create_registered_model(name, {"geobfdt.kind": "registry"})
        except mlflow.exceptions.MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
    for digest in registry.bundles():
        if wrong[digest]:
            raise InputError(folder / digest, wrong[digest], "geobfdt models verify tells of all; bring it back")
        if digest not in versions:
            run, _ = _model(client, place, folder / digest, digest, digest[:12])
            source = f"{client.get_run(run).info.artifact_uri}/bundle"
            versions[digest] = client.create_model_version(name, source, run, tags={DIGEST: digest})
            told.append(f"{name} version {versions[digest].version}: {digest[:12]}")
        if versions[digest].description != deeds[digest]:
            client.update_model_version(name, versions[digest].version, deeds[digest])
    aliases = client.get_registered_model(name).aliases
    for alias, digest in registry.names().items():
        version = versions[digest].version
        if str(aliases.get(alias, "")) != str(version):
            client.set_registered_model_alias(name, alias, version)
            told.append(f"{name}@{alias}: version {version}")
    return told or [f"{name}: nothing new"]


def _deeds(registry: Registry) -> dict[str, str]:
    """Who did what with each bundle, when and why, as lines."""
    lines: dict[str, list[str]] = {}
    for one in registry.record():
        lines.setdefault(one.bundle, []).append(f"- {one.at} {one.who}: {one.action} {one.name}. {one.why}")
    return {digest: "\n".join(said) for digest, said in lines.items()}


def _study(client: Any, place: str, folder: Path) -> list[str]:
    """A run for the study with its page, and one within it for each cell, with its curves."""
    words = (folder / "study.json").read_bytes()
    study, digest = json.loads(words)["study"], hashlib.sha256(words).hexdigest()
    parent = _whole(client, place, digest).get(digest, "")
    if not parent:
        pages = sorted(path for pattern in _PAGES for path in folder.glob(pattern))
        params = {"question": study["question"], **flatten(study.get("base", {}))}
        parent = _told(
            client, place, digest, study["name"], "study", params, [], {"": [*pages, folder / "study.json"]}, {}
        )
    told, there = 0, _whole(client, place, f"{digest[:12]}/%")
    with (folder / "cells.csv").open(newline="") as stream:
        for row in csv.DictReader(stream):
            cell = folder / "cells" / row["cell"]
            within = f"{digest[:12]}/{row['cell']}"
            if within in there:
                continue
            settings = flatten(json.loads((cell / "cell.json").read_text())["settings"])
            axes = {axis: row[axis] for axis in study["axes"]}
            where = {"fold": row["fold"], "seed": row["seed"]}
            numbers = {key: float(row[key]) for key in row if key not in {*axes, *where, "cell"} and row[key]}
            name = " ".join([*axes.values(), f"fold {row['fold']} seed {row['seed']}"])
            _told(
                client, place, within, name, "cell", settings | axes | where,
                [*_points(numbers), *_curves(cell / "run")], {}, {"mlflow.parentRunId": parent},
            )  # fmt: skip
            told += 1
    return [f"{study['name']}: run {parent}, {told} new cells"]
