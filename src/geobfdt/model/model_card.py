"""A model card for people and a bill of materials for programs, both made from a bundle and from files of results.

The card is a Markdown page with the YAML head that the Hugging Face Hub reads. The bill of materials is CycloneDX 1.6
with a ``modelCard``. What the bundle does not say is left out of both.
"""

from __future__ import annotations

import json
import math
import textwrap
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from geobfdt._version import __version__
from geobfdt.model.bundle import Bundle
from geobfdt.model.bundle_files import RETRAIN, SHIPPED, read_card
from geobfdt.model.registry import find_bundle, load_model
from geobfdt.runtime.findings import InputError
from geobfdt.runtime.settings_files import validation_message
from geobfdt.runtime.storage import read_ordinary, write_text
from geobfdt.wells.picks import CLASSES

__all__ = ["BILL", "PAGE", "Evaluation", "evaluations", "model_bill", "model_page", "write_model_card"]

PAGE = "model-card.md"
BILL = "model-card.cdx.json"

_TOLERANCE_M = 0.03  # Trace RMS within which a pick counts as right.
_LEAST_F1_ABOVE_CHANCE = 0.1  # F1 of a limit: a model that gains less than this over chance finds next to nothing.
_MAX_RESULTS_BYTES = 16 << 20  # Largest file of results that is read.
_WIDTH = 120  # Characters of a line.
_LICENCE = "Apache-2.0"  # Of the weights that ship; a bundle of somebody else names none.
_RERUN = "write it again: run the benchmark with --out"
_USES = [
    "Propose fractures and bedding planes on an image log of the borehole wall, for an interpreter to review.",
    "Start from these weights to train on wells of one's own.",
]
_OUT_OF_SCOPE = [
    "Decisions without a person: a pick is a proposal with a confidence.",
    "Other classes: faults, breakouts, vugs and drilling marks are not distinguished.",
    "Pictures other than the unrolled wall of a borehole with known depth, diameter and orientation.",
]
_SCORE = ("f1", "null_f1", "tolerance_m", "f1_lo", "f1_hi")  # Numbers of a row of scores.
_BOUNDS = ("lowerBound", "upperBound")  # Of an interval in the bill of materials.
_USERS = ["geologists", "petrophysicists", "geomechanics engineers"]
_TAGS = ["borehole-image-log", "fracture", "bedding", "geology"]


class Evaluation(NamedTuple):
    """
    F1 of the model on one data set.

    Parameters
    ----------
    data : str
        Name of the file of results.
    what : str
        A class, or what was compared.
    f1 : float
        F1 at a trace RMS of 3 cm.
    chance : float or None
        Mean F1 of the same picks at wrong depths; None where there are no picks.
    interval : (float, float) or None
        95 % interval of F1.
    command : str
        Command that measures it.
    """

    data: str
    what: str
    f1: float
    chance: float | None
    interval: tuple[float, float] | None
    command: str


class _Results(BaseModel):
    """A file of results."""

    model_config = ConfigDict(extra="ignore")

    command: str = Field(description="command that writes it")
    weights: str | None = Field(description="SHA-256 of the weights")
    rows: list[dict[str, Any]] = Field(description="what was measured")


class _Card(BaseModel):
    """What a model card needs of ``card.json``; no part must be there."""

    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)

    trained_on: str | list[str] | None = Field(None, description="stream of wells, or names of wells")
    held_out: list[str] | None = Field(None, description="names of wells that chose the weights")
    split: str | None = Field(None, description="how they were held out")
    steps: int | None = Field(None, description="number of optimiser steps")
    settings: dict[str, Any] = Field({}, description="settings of the training")
    base: str | None = Field(None, alias="from", description="model that training started from")
    metres_trained: float | None = Field(None, description="length of image (m)")
    planes_trained: int | None = Field(None, description="number of planes")
    calibrated_on: str | None = Field(None, description="wells of the calibration")
    note: str | None = Field(None, description="origin")
    validation: dict[str, Any] | None = Field(None, description="scores that chose the weights")
    versions: dict[str, str] | None = Field(None, description="of libraries")


def write_model_card(model: str | Path, out: str | Path, results: str | Path | None = None) -> tuple[Path, Path]:
    """
    Write the model card and the bill of materials of a bundle.

    Parameters
    ----------
    model : str or Path
        A folder, ``default`` for the shipped bundle, or ``DIR@champion`` for one of a registry.
    out : str or Path
        Folder for :data:`PAGE` and :data:`BILL`; made if missing.
    results : str or Path, optional
        Folder of the files that benchmarks write with ``--out``. Those of other weights are left out.

    Returns
    -------
    (Path, Path)
        The two files.

    Raises
    ------
    InputError
        If the bundle or a file of results is damaged, or no file is of these weights.
    """
    bundle = load_model(model)
    weights = str(read_card(find_bundle(model))["weights_sha256"])
    measured = [] if results is None else evaluations(Path(results), weights)
    page, bill = Path(out) / PAGE, Path(out) / BILL
    write_text(page, model_page(bundle, weights, measured))
    write_text(bill, json.dumps(model_bill(bundle, weights, measured), indent=1) + "\n")
    return page, bill


def evaluations(folder: Path, weights: str) -> list[Evaluation]:
    """
    F1 of a model on every data set that a folder of results has for its weights.

    Parameters
    ----------
    folder : Path
        Files that benchmarks write with ``--out``.
    weights : str
        SHA-256 of the weights.

    Raises
    ------
    InputError
        If a file is damaged, or no file is of these weights.
    """
    measured: list[Evaluation] = []
    for file in sorted(folder.glob("*.json")):
        try:
            content = _Results.model_validate_json(read_ordinary(file, _MAX_RESULTS_BYTES, _RERUN))
        except ValidationError as error:
            raise InputError(file, f"not a file of results: {validation_message(error)}", _RERUN) from error
        if content.weights == weights:
            measured += _f1_rows(file, content)
    if not measured:
        observed = f"no F1 of the weights {weights[:12]} here"
        raise InputError(folder, observed, "run benchmarks/scores.py with --model and --out, or leave out --results")
    return measured


def _f1_rows(file: Path, content: _Results) -> Iterator[Evaluation]:
    """F1 at a trace RMS of 3 cm: of each class of a scored pick table, and against each interpretation."""
    for row in content.rows:
        of_class = row.get("kind") == "trace" and row.get("class") in CLASSES
        against = str(row.get("comparison", "")).startswith("picker against ")
        f1, chance, tolerance_m, low, high = (_number(row.get(key)) for key in _SCORE)
        if not (of_class or against) or f1 is None or tolerance_m is None or abs(tolerance_m - _TOLERANCE_M) > 1e-9:
            continue
        interval = None if low is None or high is None else (low, high)
        what = str(row["class"]) if of_class else str(row["comparison"])
        yield Evaluation(file.stem, what, f1, chance, interval, content.command)


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


def model_page(bundle: Bundle, weights: str, measured: Sequence[Evaluation]) -> str:
    """
    Text of the model card.

    Parameters
    ----------
    bundle : Bundle
        The model.
    weights : str
        SHA-256 of its weights.
    measured : sequence of Evaluation
        F1 on data sets.
    """
    facts = [
        f"**Network**: `{bundle.settings.preset}`, {_parameters(bundle) / 1e6:.2f} million parameters.",
        f"**Weights**: SHA-256 `{weights}`.",
        f"**Input**: an image log of the borehole wall, in rows of {1000 * bundle.settings.step:.3g} mm.",
        "**Output**: one row for each plane: class, depth, dip, azimuth, their uncertainties, confidence.",
    ]
    parts = [
        "---\n" + yaml.safe_dump(_head(bundle, weights, measured), sort_keys=False, width=_WIDTH) + "---",
        f"# Model card: {bundle.source}",
        "A network of GeoBFDT that picks fractures and bedding planes on borehole image logs.",
        _bullets(facts),
        "## Intended use",
        _bullets(_USES),
        "## Out of scope",
        _bullets(_OUT_OF_SCOPE),
        "## Training data",
        _bullets(_training(bundle)),
        "## Evaluation",
        *_evaluation(bundle, measured),
        "## Limits",
        _bullets(_limits(bundle, measured)),
    ]
    return "\n\n".join(parts) + "\n"


def model_bill(bundle: Bundle, weights: str, measured: Sequence[Evaluation]) -> dict[str, Any]:
    """
    Bill of materials: CycloneDX 1.6 with a model card.

    The same model gives the same bytes: its serial number is made from the weights, and it has no time stamp.

    Parameters
    ----------
    bundle : Bundle
        The model.
    weights : str
        SHA-256 of its weights.
    measured : sequence of Evaluation
        F1 on data sets.
    """
    metrics = [
        {
            "type": f"F1, trace RMS {100 * _TOLERANCE_M:.0f} cm",
            "value": f"{one.f1:.2f}",
            "slice": f"{one.data}: {one.what}",
            **({"confidenceInterval": dict(zip(_BOUNDS, map("{:.2f}".format, one.interval), strict=True))}
               if one.interval else {}),
        }
        for one in measured
    ]  # fmt: skip
    component: dict[str, Any] = {
        "type": "machine-learning-model",
        "bom-ref": f"geobfdt-model-{weights[:12]}",
        "name": str(bundle.card.get("name", bundle.settings.preset)),
        "version": weights[:12],
        "description": "Network that picks fractures and bedding planes on borehole image logs.",
        "hashes": [{"alg": "SHA-256", "content": weights}],
        "modelCard": {
            "modelParameters": {
                "approach": {"type": "supervised"},
                "task": "object detection",
                "architectureFamily": "convolutional network with attention",
                "modelArchitecture": bundle.settings.preset,
                "datasets": [{"type": "dataset", "name": "training data", "description": " ".join(_training(bundle))}],
                "inputs": [{"format": "image of the borehole wall"}],
                "outputs": [{"format": "table of planes"}],
            },
            **({"quantitativeAnalysis": {"performanceMetrics": metrics}} if metrics else {}),
            "considerations": {
                "users": _USERS,
                "useCases": _USES,
                "technicalLimitations": _OUT_OF_SCOPE + _limits(bundle, measured),
            },
        },
    }
    if _is_shipped(weights):
        component["licenses"] = [{"license": {"id": _LICENCE}}]
    libraries = [
        {"type": "library", "bom-ref": f"{name}-{version}", "name": name, "version": version}
        for name, version in sorted(_versions(bundle).items())
    ]
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, weights)}",
        "version": 1,
        "metadata": {
            "tools": {"components": [{"type": "application", "name": "geobfdt", "version": __version__}]},
            "component": component,
        },
        "components": libraries,
        "dependencies": [{"ref": component["bom-ref"], "dependsOn": [one["bom-ref"] for one in libraries]}],
    }


def _head(bundle: Bundle, weights: str, measured: Sequence[Evaluation]) -> dict[str, Any]:
    """YAML head, as the Hugging Face Hub reads it."""
    results = [
        {
            "task": {"type": "object-detection", "name": "planes on borehole image logs"},
            "dataset": {"type": data, "name": data},
            "metrics": [
                {"type": "f1", "value": round(one.f1, 2), "name": f"F1 at {100 * _TOLERANCE_M:.0f} cm, {one.what}"}
                for one in measured
                if one.data == data
            ],
        }
        for data in dict.fromkeys(one.data for one in measured)
    ]
    return {
        "license": _LICENCE.lower() if _is_shipped(weights) else "unknown",
        "library_name": "geobfdt",
        "pipeline_tag": "object-detection",
        "tags": _TAGS,
        "metrics": ["f1"],
        **({"model-index": [{"name": bundle.source, "results": results}]} if results else {}),
    }


def _training(bundle: Bundle) -> list[str]:
    """What the card says of the training data."""
    card = _card(bundle)
    sentences = []
    if isinstance(card.trained_on, str):
        sentences.append(f"Trained on {card.trained_on}.")
    elif card.trained_on:
        sentences.append(f"Trained on {_listed(card.trained_on)}.")
    if card.metres_trained is not None and card.planes_trained is not None:
        sentences.append(f"{card.metres_trained:.0f} m of image with {card.planes_trained} planes.")
    if card.steps is not None and isinstance(card.settings.get("seed"), int):
        sentences.append(f"Steps: {card.steps}; seed {card.settings['seed']}.")
    if card.base:
        sentences.append(f"Starts from the weights of {card.base}.")
    if card.held_out:
        split = f" ({card.split})" if card.split else ""
        sentences.append(f"Held out to choose the weights{split}: {_listed(card.held_out)}.")
    if card.calibrated_on:
        sentences.append(f"Confidences are calibrated on {card.calibrated_on}.")
    if card.note:
        sentences.append(f"Origin: {card.note.removesuffix('.')}.")
    return sentences or ["The bundle does not say what it was trained on."]


def _evaluation(bundle: Bundle, measured: Sequence[Evaluation]) -> Iterator[str]:
    """Tables of F1: on the validation wells of the card, and on data sets of the results."""
    validation = _card(bundle).validation or {}
    chosen = [
        (name, part)
        for name, part in validation.items()
        if isinstance(part, dict) and isinstance(part.get("f1"), int | float)
    ]
    mean = validation.get("mean_f1_3cm")
    if chosen:
        yield "Validation wells, which choose the weights, before refinement; F1 at the best threshold:"
        rows = [f"| {name} | {part['f1']:.2f} | {part.get('planes', '')} |" for name, part in chosen]
        yield "\n".join(["| class | F1 | planes |", "|---|---|---|", *rows])
        if any("looks" in name for name, _ in chosen):
            yield "Looks are kinds of simulated images. Training never draws the held-out looks."
    elif isinstance(mean, int | float):
        before, planes = validation.get("before"), validation.get("planes")
        text = f"On the held-out picks, which choose the weights, the mean F1 within 3 cm is {mean:.2f}"
        text += f" of {planes} planes" if isinstance(planes, int) else ""
        text += f", and {before:.2f} with the initial weights" if isinstance(before, int | float) else ""
        yield textwrap.fill(
            f"{text}. Its chance level is not measured. Scores on wells that took no part, beside their chance level, "
            "are those of `geobfdt gate`.", _WIDTH,
        )  # fmt: skip
    if measured:
        yield textwrap.fill(
            "F1 of picks within 3 cm of trace RMS, with its 95 % interval. The chance level is the mean F1 of the same "
            "picks at wrong depths.", _WIDTH,
        )  # fmt: skip
        rows = [f"| {one.data} | {one.what} | {_with_interval(one)} | {_chance(one)} |" for one in measured]
        yield "\n".join(["| data | what | F1 | chance |", "|---|---|---|---|", *rows])
        commands = dict.fromkeys((one.data, one.command) for one in measured)
        yield "\n".join(["```", *(command for _, command in commands), "```"])
    if not chosen and not measured and mean is None:
        yield "The bundle holds no score."


def _limits(bundle: Bundle, measured: Sequence[Evaluation]) -> list[str]:
    """What the model does not do, as far as the card and the results say."""
    limits = [
        f"{one.data}, {one.what}: next to nothing is found, F1 {one.f1:.2f} (chance {_chance(one)})."
        for one in measured
        if one.chance is None or one.f1 < one.chance + _LEAST_F1_ABOVE_CHANCE
    ]
    if isinstance(_card(bundle).trained_on, str):
        limits.append("No picks of real wells take part in training.")
    if not measured:
        limits.append("No benchmark of these weights is part of this card.")
    return [*limits, "F1 against an expert's picks of other wells is not known: score some before use."]


def _versions(bundle: Bundle) -> dict[str, str]:
    """Versions of the libraries that trained the model, which the card names."""
    versions = _card(bundle).versions or {}
    return {name: versions[name] for name in ("geobfdt", "torch") if name in versions}


def _card(bundle: Bundle) -> _Card:
    """Parts of the card that a model card needs."""
    try:
        return _Card.model_validate(bundle.card)
    except ValidationError as error:
        observed = f"the card of the model is damaged: {validation_message(error)}"
        raise InputError(bundle.source, observed, RETRAIN) from error


def _listed(names: Sequence[str]) -> str:
    return f"{len(names)} {'well' if len(names) == 1 else 'wells'}: {', '.join(names)}"


def _parameters(bundle: Bundle) -> int:
    return sum(values.numel() for values in bundle.network.parameters())


def _is_shipped(weights: str) -> bool:
    return bool(read_card(SHIPPED)["weights_sha256"] == weights)


def _chance(one: Evaluation) -> str:
    return "-" if one.chance is None else f"{one.chance:.2f}"


def _with_interval(one: Evaluation) -> str:
    return f"{one.f1:.2f}" + (f" ({one.interval[0]:.2f}-{one.interval[1]:.2f})" if one.interval else "")


def _bullets(sentences: Sequence[str]) -> str:
    lines = [
        textwrap.fill(f"- {sentence}", _WIDTH, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)
        for sentence in sentences
    ]
    return "\n".join(lines)
