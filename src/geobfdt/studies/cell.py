"""One cell: trained, stopped and scored, in a folder of its own.

``python -m geobfdt.studies.cell FOLDER`` runs one, goes on with a killed one, and leaves a finished one as it is.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
import torch

from geobfdt.evaluation.scores import Key, Scores, evaluate
from geobfdt.evaluation.thresholds import Operating
from geobfdt.model.bundle import load_bundle
from geobfdt.model.detr import DetrNetwork
from geobfdt.model.detr_criterion import published_columns
from geobfdt.model.presets import Network, build, find_planes, loss
from geobfdt.studies.label_noise import worsened
from geobfdt.studies.leaking import leaking_windows
from geobfdt.studies.plan import Cell
from geobfdt.training.loop import Outcome, train_network
from geobfdt.training.settings import TrainingSettings
from geobfdt.training.sources import FixedWells
from geobfdt.training.validation import found_planes, known_intervals, true_planes, validate
from geobfdt.training.wells import PreparedWell, load
from geobfdt.wells.findings import InputError
from geobfdt.wells.lock import held
from geobfdt.wells.picks import CLASSES
from geobfdt.wells.storage import write_text

__all__ = ["RESULT", "run_cell"]

RESULT = "result.json"
TOLERANCE = 0.03  # trace RMS of a match (m)
_PILOT = 4  # times as long is a run as what tries a rate
_STEPS, _TIMED, _WARM = "steps.txt", 15, 5  # steps that tell how long one takes, and those before it settles


def run_cell(folder: Path) -> None:
    """
    Run a cell, if it is not finished; where another process is at it, wait for that one.

    Parameters
    ----------
    folder : Path
        With ``cell.json``, within ``cells/`` of a study. ``result.json`` is written last.

    Raises
    ------
    InputError
        If something cannot be read or written.
    """
    with held(folder, wait=True):
        if not (folder / RESULT).exists():
            _run(folder)


def _run(folder: Path) -> None:
    torch.set_num_threads(1)  # the same bits whatever else the machine does, and workers do not fight
    cell = Cell.model_validate_json((folder / "cell.json").read_text())
    settings, study = cell.settings, folder.parent.parent
    parts = {
        part: [load(study / cell.prepared(name), name) for name in names]
        for part, names in (("trained", cell.trained), ("validated", cell.validated), ("tested", cell.tested))
    }
    seed = settings.training.seed
    trained, validated = worsened(parts["trained"], settings.labels, seed), parts["validated"]
    if settings.split == "leaking windows":
        trained, validated = leaking_windows([*trained, *validated], settings.training.rows, seed)

    def check(network: Any) -> dict[str, Operating]:
        return validate(find_planes(network), validated, TOLERANCE)

    def learnt(training: TrainingSettings, run: Path) -> tuple[Network, Outcome]:
        torch.manual_seed(seed)
        network = load_bundle(settings.start).network if settings.start else build(settings.network)
        outcome = train_network(network, loss, FixedWells(trained), training, run, check, of=cell.digest)  # type: ignore[arg-type]
        network.load_state_dict(outcome.weights)
        return network.eval(), outcome

    training = settings.training
    if settings.minutes:
        training = training.model_copy(update={"steps": _affordable(cell, trained, folder)})
    pilots = {}
    for rate in settings.rates:
        short = training.model_copy(update={"rate": rate, "steps": max(training.steps // _PILOT, 1)})
        pilots[rate] = learnt(short, folder / f"pilot-{rate:g}")[1].score
    if pilots:
        training = training.model_copy(update={"rate": max(pilots, key=lambda rate: np.nan_to_num(pilots[rate]))})
    began = time.process_time()
    network, outcome = learnt(training, folder / "run")
    seconds = time.process_time() - began
    points = check(network)
    scores = _tested(network, points, parts["tested"])
    result = {
        "scores": _by_class(scores),
        "class_error_pct": _class_error(scores),
        "published": _published(network, parts["tested"]),
        "validation": {"score": outcome.score, "step": outcome.step, **{k: p._asdict() for k, p in points.items()}},
        "steps": training.steps,
        "rate": training.rate,
        "pilots": {f"{rate:g}": _number(score) for rate, score in pilots.items()},
        "parameters": {name: sum(p.numel() for p in part.parameters()) for name, part in network.named_children()},
        "seconds": round(seconds, 1),
        "peak_mib": _peak(),
    }
    write_text(folder / RESULT, json.dumps(result, indent=1))
    for file in folder.glob("*/*.safetensors"):
        file.unlink()  # what is asked is in the result; weights of hundreds of cells fill a disk


def _affordable(cell: Cell, trained: list[PreparedWell], folder: Path) -> int:
    """Steps that the minutes are enough for, as measured once: a killed cell goes on with as many."""
    file, training = folder / _STEPS, cell.settings.training
    if not file.exists():
        network = load_bundle(cell.settings.start).network if cell.settings.start else build(cell.settings.network)
        with TemporaryDirectory(dir=folder) as run:
            few = training.model_copy(update={"steps": _TIMED, "every": _TIMED})
            ends: list[float] = []

            def tell(step: int, _: Any) -> None:
                if step >= _WARM:
                    ends.append(time.process_time())

            train_network(network, loss, FixedWells(trained), few, Path(run), None, tell)  # type: ignore[arg-type]
            a_step = np.median(np.diff(ends))  # one that the machine held up says nothing of the others
        write_text(file, f"{max(int(60 * cell.settings.minutes / a_step), 1)}\n")
    return int(file.read_text())


def _tested(network: Network, points: dict[str, Operating], wells: list[PreparedWell]) -> Scores:
    """Scores of picks at least as sure as was best on the validation wells, before refinement."""
    picks = pd.concat([found_planes(find_planes(network), well) for well in wells], ignore_index=True)
    # Half, for a class that the validation wells have none of.
    least = (
        picks["class"].map({name: points[name].threshold if name in points else 0.5 for name in CLASSES}).astype(float)
    )
    sure = picks[picks["confidence"] >= least]
    truth = pd.concat([true_planes(well) for well in wells], ignore_index=True)
    intervals = pd.concat([known_intervals(well) for well in wells], ignore_index=True)
    return evaluate(sure, truth, intervals)


def _by_class(scores: Scores) -> dict[str, Any]:
    """F1, blind F1, and counts by well, at the tolerance, by class."""
    table = scores.table()
    table = table[(table["kind"] == "trace") & (table["tolerance_m"] == TOLERANCE)].set_index("class")
    told: dict[str, Any] = {}
    for name in CLASSES:
        if name not in table.index:
            continue
        counts = scores.counts[Key(name, "trace", TOLERANCE)]
        by_well: dict[str, list[int]] = {}  # a lone well is scored by depth blocks, which add
        columns = (np.ravel(part) for part in (counts.found, counts.wrong, counts.missed))
        for (well, _), *row in zip(scores.units.keys, *columns, strict=True):
            by_well[well] = [a + int(b) for a, b in zip(by_well.get(well, [0, 0, 0]), row, strict=True)]
        row = table.loc[name]
        told[name] = {"f1": _number(row["f1"]), "null_f1": _number(row["null_f1"]), "counts": by_well}
    return told


def _class_error(scores: Scores) -> float | None:
    errors = scores.errors()
    return _number(errors.loc[errors["measure"] == "class_error_pct", "value"].iloc[0])


def _published(network: Network, wells: list[PreparedWell]) -> dict[str, float | None] | None:
    """The published table's columns on windows of the tested wells, side by side; only its own network has them."""
    if not isinstance(network, DetrNetwork):
        return None
    rows = network.settings.rows
    windows = [well.window(first, rows) for well in wells for first in range(0, len(well.grid) - rows + 1, rows)]
    columns = []
    for window in windows:
        made = published_columns(network, torch.from_numpy(window.grid[None].copy()), [window.targets])
        if made.planes and np.isfinite(made.class_error):
            columns.append(made)
    if not columns:
        return None
    means = np.average([made[:3] for made in columns], axis=0, weights=[made.planes for made in columns])
    return dict(zip(("hungarian_loss", "l1", "class_error_pct"), map(_number, means), strict=True))


def _number(value: Any) -> float | None:
    return round(float(value), 5) if np.isfinite(value) else None


def _peak() -> float | None:
    """Peak memory of this process (MiB), where the system tells it."""
    status = Path("/proc/self/status")
    if not status.exists():
        return None
    peak = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return round(int(peak.split()[1]) / 1024)


if __name__ == "__main__":
    try:
        run_cell(Path(sys.argv[1]))
    except InputError as why:
        sys.exit(str(why))
