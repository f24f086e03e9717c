"""Copy models, training runs, studies and registries to MLflow, for teams that keep their records there.

The folders stay the master; MLflow gets a copy. An entry is found by the digest of its content (the tag
``geobfdt.digest``), so that a second copy changes nothing, and an entry that a killed process left is made again.
"""

from __future__ import annotations

import csv
import hashlib
import json
import math
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from geobfdt.model.bundle import load_bundle
from geobfdt.model.bundle_files import FILES, contents_digest
from geobfdt.model.registry import RECORD, Registry, flatten
from geobfdt.operation.mlflow_model import write_mlflow_files
from geobfdt.runtime.extras import import_extra
from geobfdt.runtime.findings import InputError

__all__ = ["track", "tracking_address"]

# This tag holds the digest by which a run is found again.
DIGEST_TAG = "geobfdt.digest"
# Database in the current folder if no address is given.
_LOCAL_DATABASE = "mlflow.db"
# MLflow takes at most this many entries in a call.
_MAX_BATCH = {"metrics": 500, "params": 100}
# MLflow reports to nobody else, writes only errors, and gives up soon.
_ENVIRONMENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_LOGGING_LEVEL": "ERROR",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
}
# MLflow takes at most this many characters of a parameter.
_MAX_PARAM_CHARACTERS = 6000
# MLflow refuses other characters in the names of metrics and parameters.
_REFUSED_CHARACTERS = re.compile(r"[^\w\-. :/]")
# Files of a study that are copied to MLflow.
_PAGE_PATTERNS = ("*.html", "*.md", "*.csv", "*.png")


def tracking_address(to: str | None = None) -> str:
    """
    Return the address of MLflow: the given one, ``MLFLOW_TRACKING_URI``, or the file ``mlflow.db`` here.

    Examples
    --------
    >>> tracking_address("http://127.0.0.1:5000")
    'http://127.0.0.1:5000'
    """
    return to or os.environ.get("MLFLOW_TRACKING_URI", "") or f"sqlite:///{_LOCAL_DATABASE}"


def track(what: Path, to: str | None = None, *, experiment: str = "geobfdt", name: str | None = None) -> list[str]:
    """
    Copy a model, a study or a registry to MLflow.

    Parameters
    ----------
    what : Path
        Folder of a model (its run's curves go with it), of a study, or of a registry. Models of a registry become
        versions of a registered model, and its names (``champion``) their aliases.
    to : str, optional
        See :func:`tracking_address`.
    experiment : str
        Experiment of the runs.
    name : str, optional
        Name of the registered model. Default: the name of the folder of the registry.

    Returns
    -------
    list of str
        One line for each new entry.

    Raises
    ------
    InputError
        If the folder is none of these, or MLflow cannot be reached or written.
    """
    where = tracking_address(to)
    with _connect(where) as (client, mlflow):
        place = _find_experiment(client, where, experiment)
        if (what / RECORD).exists():
            return _log_registry(client, mlflow, place, what, name or what.resolve().name)
        if (what / "study.json").exists():
            return _log_study(client, place, what)
        if (what / FILES[0]).exists():
            run, line = _log_model(client, place, what, contents_digest(what), what.resolve().name)
            return [line or f"{what.resolve().name}: there already, as run {run}"]
    cure = "name a folder that geobfdt train, study or models made"
    raise InputError(what, "neither a model nor a study nor a registry", cure)


@contextmanager
def _connect(where: str) -> Iterator[tuple[Any, Any]]:
    """Yield a client of MLflow; its errors become one line."""
    for setting, value in _ENVIRONMENT.items():
        os.environ.setdefault(setting, value)
    mlflow = import_extra("mlflow", "mlflow")
    try:
        yield mlflow.MlflowClient(where, where), mlflow
    except mlflow.exceptions.MlflowException as error:
        observed = f"MLflow does not take it: {str(error).splitlines()[0][:300]}"
        raise InputError(where, observed, "see that the address is right and its server is up") from error


def _find_experiment(client: Any, where: str, name: str) -> str:
    """Return the number of an experiment, made if missing; files of a local database lie beside it."""
    experiment = client.get_experiment_by_name(name)
    if experiment is not None:
        return str(experiment.experiment_id)
    file = where.removeprefix("sqlite:///")
    beside = (Path(file).resolve().parent / "mlartifacts" / name).as_uri() if file != where else None
    return str(client.create_experiment(name, artifact_location=beside))


def _finished_runs(client: Any, place: str, pattern: str) -> dict[str, str]:
    """Return the finished runs by digest, and delete those that a killed process left."""
    runs = {}
    for run in _search_all(client.search_runs, [place], f"tags.`{DIGEST_TAG}` LIKE '{pattern}'"):
        if run.info.status == "FINISHED":
            runs[run.data.tags[DIGEST_TAG]] = str(run.info.run_id)
        else:
            client.delete_run(run.info.run_id)
    return runs


def _search_all(search: Callable[..., Any], *words: Any) -> list[Any]:
    """Return all results of a search, page by page."""
    results: list[Any] = []
    token = None
    while True:
        page = search(*words, page_token=token)
        results += page
        token = page.token
        if not token:
            return results


@dataclass(frozen=True)
class _RunContent:
    """What one run of MLflow holds; `files` are by their folder there."""

    digest: str
    name: str
    kind: str
    params: dict[str, Any]
    metrics: list[Any] = field(default_factory=list)
    files: dict[str, list[Path]] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)


def _log_run(client: Any, place: str, content: _RunContent) -> str:
    """Make one run, and return its number."""
    from mlflow.entities import Param

    about = {DIGEST_TAG: content.digest, "geobfdt.kind": content.kind, **content.tags}
    run = str(client.create_run(place, run_name=content.name, tags=about).info.run_id)
    parameters = [
        Param(_REFUSED_CHARACTERS.sub("", key), str(value)[:_MAX_PARAM_CHARACTERS])
        for key, value in content.params.items()
        if value not in (None, "", [], {})
    ]
    for kind_of, values in (("params", parameters), ("metrics", content.metrics)):
        for first in range(0, len(values), _MAX_BATCH[kind_of]):
            client.log_batch(run, **{kind_of: values[first : first + _MAX_BATCH[kind_of]]})
    for folder, paths in content.files.items():
        for path in paths:
            client.log_artifact(run, str(path), folder or None)
    client.set_terminated(run)
    return run


def _to_metrics(values: dict[str, Any], step: int = 0) -> list[Any]:
    """Convert numbers to metrics of MLflow."""
    from mlflow.entities import Metric

    numbers = {
        key: float(value)
        for key, value in flatten(values).items()
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    }
    return [Metric(_REFUSED_CHARACTERS.sub("", key), value, 0, step) for key, value in numbers.items()]


def _read_curves(run: Path) -> list[Any]:
    """Read the metrics of a training run at each step."""
    file = run / "metrics.jsonl"
    points = []
    if file.exists():
        for line in file.read_text().splitlines():
            entry = json.loads(line)
            points += _to_metrics(entry, entry.pop("step"))
    return points


def _log_model(client: Any, place: str, folder: Path, digest: str, name: str) -> tuple[str, str | None]:
    """Return the run of a bundle, and a line, or None if the run is there already."""
    if run := _finished_runs(client, place, digest).get(digest):
        return run, None
    bundle = load_bundle(folder)
    card = bundle.card
    files = {"bundle": [folder / file for file in FILES], "run": sorted((folder / "run").glob("*.png"))}
    params = flatten({
        "network": bundle.settings.model_dump(mode="json"), "training": card.get("settings", {}),
        **{key: card.get(key) for key in ("name", "from", "date", "split", "trained_on", "held_out", "versions")},
    })  # fmt: skip
    card_values = {
        key: card.get(key) for key in ("validation", "calibration", "metres_trained", "planes_trained", "minutes")
    }
    metrics = [*_to_metrics(card_values), *_read_curves(folder / "run")]
    with TemporaryDirectory() as beside:
        files["bundle"] += write_mlflow_files(Path(beside))
        run = _log_run(client, place, _RunContent(digest, name, "model", params, metrics, files))
    return run, f"{name}: run {run}"


def _log_registry(client: Any, mlflow: Any, place: str, folder: Path, name: str) -> list[str]:
    registry, lines = Registry(folder), []
    wrong = registry.verify()
    histories = _describe_records(registry)
    entries = _search_all(client.search_model_versions, f"name = '{name}'")
    versions = {version.tags.get(DIGEST_TAG): version for version in entries}
    if not versions:
        try:
            client.create_registered_model(name, {"geobfdt.kind": "registry"})
        except mlflow.exceptions.MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
    for digest in registry.bundles():
        problem = wrong[digest]
        if problem is not None:
            raise InputError(folder / digest, problem, "geobfdt models verify tells of all; bring it back")
        if digest not in versions:
            run, _ = _log_model(client, place, folder / digest, digest, digest[:12])
            source = f"{client.get_run(run).info.artifact_uri}/bundle"
            versions[digest] = client.create_model_version(name, source, run, tags={DIGEST_TAG: digest})
            lines.append(f"{name} version {versions[digest].version}: {digest[:12]}")
        if versions[digest].description != histories[digest]:
            client.update_model_version(name, versions[digest].version, histories[digest])
    aliases = client.get_registered_model(name).aliases
    for alias, digest in registry.names().items():
        version = versions[digest].version
        if str(aliases.get(alias, "")) != str(version):
            client.set_registered_model_alias(name, alias, version)
            lines.append(f"{name}@{alias}: version {version}")
    return lines or [f"{name}: nothing new"]


def _describe_records(registry: Registry) -> dict[str, str]:
    """Describe the records of each bundle: who did what, when and why."""
    lines: dict[str, list[str]] = {}
    for one in registry.record():
        lines.setdefault(one.bundle, []).append(f"- {one.at} {one.who}: {one.action} {one.name}. {one.why}")
    return {digest: "\n".join(entries) for digest, entries in lines.items()}


def _log_study(client: Any, place: str, folder: Path) -> list[str]:
    """Make a run for the study with its page, and a nested run for each cell with its curves."""
    words = (folder / "study.json").read_bytes()
    study, digest = json.loads(words)["study"], hashlib.sha256(words).hexdigest()
    parent = _finished_runs(client, place, digest).get(digest)
    if parent is None:
        pages = sorted(path for pattern in _PAGE_PATTERNS for path in folder.glob(pattern))
        params = {"question": study["question"], **flatten(study.get("base", {}))}
        files = {"": [*pages, folder / "study.json"]}
        parent = _log_run(client, place, _RunContent(digest, study["name"], "study", params, files=files))
    count, finished = 0, _finished_runs(client, place, f"{digest[:12]}/%")
    with (folder / "cells.csv").open(newline="") as stream:
        for row in csv.DictReader(stream):
            cell = folder / "cells" / row["cell"]
            within = f"{digest[:12]}/{row['cell']}"
            if within in finished:
                continue
            settings = flatten(json.loads((cell / "cell.json").read_text())["settings"])
            axes = {axis: row[axis] for axis in study["axes"]}
            where = {"fold": row["fold"], "seed": row["seed"]}
            numbers = {key: float(row[key]) for key in row if key not in {*axes, *where, "cell"} and row[key]}
            name = " ".join([*axes.values(), f"fold {row['fold']} seed {row['seed']}"])
            metrics = [*_to_metrics(numbers), *_read_curves(cell / "run")]
            tags = {"mlflow.parentRunId": parent}
            _log_run(client, place, _RunContent(within, name, "cell", settings | axes | where, metrics, tags=tags))
            count += 1
    return [f"{study['name']}: run {parent}, {count} new cells"]
