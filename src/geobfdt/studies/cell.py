"""One cell: trained, stopped and scored, in a folder of its own.

``python -m geobfdt.studies.cell FOLDER`` runs one, goes on with a killed one, and leaves a finished one as it is.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch

from geobfdt.evaluation.scope import ALL_CLASSES
from geobfdt.evaluation.scores import TOLERANCES_M, Key, Scores, evaluate
from geobfdt.evaluation.thresholds import OperatingPoint
from geobfdt.evaluation.wording import records
from geobfdt.model.detr.criterion import published_columns
from geobfdt.model.detr.network import DetrNetwork
from geobfdt.model.presets import Network, build, loss, plane_finder
from geobfdt.model.registry import load_model
from geobfdt.runtime.findings import InputError
from geobfdt.runtime.locks import folder_lock
from geobfdt.runtime.storage import write_text
from geobfdt.studies.label_noise import worsen_labels
from geobfdt.studies.leaking import leaking_windows
from geobfdt.studies.look_shifts import look_shift_scores
from geobfdt.studies.plan import Cell
from geobfdt.training.learning_curve import learning_point
from geobfdt.training.prepared_wells import PreparedWell, load
from geobfdt.training.sources import FixedWells
from geobfdt.training.training_loop import Outcome, train_network
from geobfdt.training.training_settings import TrainingSettings
from geobfdt.training.validation import detected_planes, labelled_intervals, true_planes, validate
from geobfdt.wells.intervals import join_intervals
from geobfdt.wells.picks import CLASSES, join_picks

__all__ = ["CURVE", "PUBLISHED", "RESULT", "run_cell"]

RESULT = "result.json"
CURVE = "curve.jsonl"  # A line for each check of the run.
PUBLISHED = ("hungarian_loss", "l1", "class_error_0_pct", "class_error_50_pct")  # Class error at confidence 0 and 0.5.
_COST = "core-seconds.txt"  # Core seconds of all processes that worked on the cell.
Check = Callable[[Any], dict[str, OperatingPoint]]
_PILOT_DIVISOR = 4  # A pilot run, which tries a learning rate, has this fraction of the steps of a run.
_STEPS_FILE = "steps.txt"  # Number of steps that fit into the minutes of a cell.
_TIMED_STEPS, _WARM_UP_STEPS = 15, 5  # Steps that are run to measure the time of one, and those before it is stable.


def run_cell(folder: Path) -> None:
    """
    Run a cell, if it is not finished; if another process runs it, wait for that one.

    Parameters
    ----------
    folder : Path
        With ``cell.json``, within ``cells/`` of a study. ``result.json`` is written last.

    Raises
    ------
    InputError
        If something cannot be read or written.
    """
    with folder_lock(folder, wait=True):
        if not (folder / RESULT).exists():
            _run(folder)


def _run(folder: Path) -> None:
    # One thread gives the same bits whatever the load of the machine, and workers do not compete for cores.
    torch.set_num_threads(1)
    cell = Cell.model_validate_json((folder / "cell.json").read_text())
    settings, study = cell.settings, folder.parent.parent
    clock = _Clock(folder / _COST)
    parts = {
        part: [load(study / cell.prepared(name), name) for name in names]
        for part, names in (("trained", cell.trained), ("validated", cell.validated), ("tested", cell.tested))
    }
    seed = settings.training.seed
    shortened = [_shortened(well, settings.metres) for well in parts["trained"]]
    trained, validated = worsen_labels(shortened, settings.labels, seed), parts["validated"]
    sampled = parts["trained"][
        : len(parts["tested"])
    ]  # The F1 of training wells is taken from as many wells as are tested.
    if settings.split == "leaking windows":
        trained, validated = leaking_windows([*trained, *validated], settings.training.rows, seed)

    last_step = [0]

    def check(network: Any) -> dict[str, OperatingPoint]:
        clock.save()
        return validate(plane_finder(network), validated, settings.tolerance)

    def check_and_record(network: Any) -> dict[str, OperatingPoint]:
        points = check(network)
        thresholds = {name: point.threshold for name, point in points.items()}
        height = settings.training.rows * settings.network.step
        find = plane_finder(network)
        point = learning_point(find, thresholds, sampled, parts["tested"], height, settings.tolerance)
        with (folder / CURVE).open("a") as file:
            # A line that a kill cut short ends here, and does not spoil this one.
            file.write("\n" + json.dumps({"step": last_step[0], **_finite(point._asdict())}))
        return points

    def remember_step(step: int, _: Any) -> None:
        last_step[0] = step

    def train_cell(training: TrainingSettings, run: Path, checked: Check) -> tuple[Network, Outcome]:
        torch.manual_seed(settings.weights_seed)
        network = load_model(settings.start).network if settings.start else build(settings.network)
        outcome = train_network(network, loss, FixedWells(trained), training, run, checked, remember_step, cell.digest)  # type: ignore[arg-type]
        network.load_state_dict(outcome.weights)
        return network.eval(), outcome

    training = settings.training
    if settings.minutes:
        training = training.model_copy(update={"steps": _affordable(cell, trained, folder)})
    pilots = {}
    for rate in settings.rates:
        short = training.model_copy(update={"rate": rate, "steps": max(training.steps // _PILOT_DIVISOR, 1)})
        pilots[rate] = train_cell(short, folder / f"pilot-{rate:g}", check)[1].score
    if pilots:
        training = training.model_copy(update={"rate": max(pilots, key=lambda rate: np.nan_to_num(pilots[rate]))})
    last_step[0] = 0
    network, outcome = train_cell(training, folder / "run", check_and_record)
    points = check(network)
    scores = _tested(network, points, parts["tested"], settings.tolerance)
    shifts = look_shift_scores(plane_finder(network), points, parts["tested"], settings) if settings.look_shifts else {}
    result = {
        "scores": _by_class(scores, settings.tolerance),
        "z": _z_of_all(scores, settings.tolerance),
        "table": _reported(scores),
        "class_error_pct": _class_error(scores),
        "published": _published(network, parts["tested"]),
        "validation": {"score": outcome.score, "step": outcome.step, **{k: p._asdict() for k, p in points.items()}},
        "curve": _curve(folder / CURVE),
        "look_shifts": _finite(shifts),
        "steps": training.steps,
        "windows": training.steps * training.batch,
        "rate": training.rate,
        "pilots": {f"{rate:g}": _number(score) for rate, score in pilots.items()},
        "parameters": {name: sum(p.numel() for p in part.parameters()) for name, part in network.named_children()},
        "core_seconds": clock.spent(),
        "peak_mib": _peak(),
    }
    write_text(folder / RESULT, json.dumps(result, indent=1))
    for file in folder.glob("*/*.safetensors"):
        file.unlink()  # The result holds all scores; weights of hundreds of cells fill a disk.


def _affordable(cell: Cell, trained: list[PreparedWell], folder: Path) -> int:
    """Number of steps that fit into the minutes; measured once, so that a resumed cell has the same number."""
    file, training = folder / _STEPS_FILE, cell.settings.training
    if not file.exists():
        network = load_model(cell.settings.start).network if cell.settings.start else build(cell.settings.network)
        with TemporaryDirectory(dir=folder) as run:
            timed_settings = training.model_copy(update={"steps": _TIMED_STEPS, "every": _TIMED_STEPS})
            ends: list[float] = []

            def note_time(step: int, _: Any) -> None:
                if step >= _WARM_UP_STEPS:
                    ends.append(time.process_time())

            train_network(network, loss, FixedWells(trained), timed_settings, Path(run), None, note_time)  # type: ignore[arg-type]
            a_step = np.median(np.diff(ends))  # The median ignores steps that the machine delayed.
        write_text(file, f"{max(int(60 * cell.settings.minutes / a_step), 1)}\n")
    return int(file.read_text())


def _tested(network: Network, points: dict[str, OperatingPoint], wells: list[PreparedWell], tolerance: float) -> Scores:
    """Score picks above the thresholds of the validation wells, before refinement."""
    picks = join_picks([detected_planes(plane_finder(network), well) for well in wells])
    # The threshold is a half for a class that is absent from the validation wells.
    thresholds = (
        picks["class"].map({name: points[name].threshold if name in points else 0.5 for name in CLASSES}).astype(float)
    )
    confident = picks[picks["confidence"] >= thresholds]
    truth = join_picks([true_planes(well) for well in wells])
    intervals = join_intervals([labelled_intervals(well) for well in wells])
    return evaluate(confident, truth, intervals, tolerances=tuple(sorted({*TOLERANCES_M, tolerance})))


def _by_class(scores: Scores, tolerance: float) -> dict[str, Any]:
    """F1 and its null by trace RMS and by depth, and counts by well, at the tolerance, by class."""
    table = scores.table()
    table = table[table["tolerance_m"] == tolerance]
    by_depth = table[table["kind"] == "depth"].set_index("class")
    table = table[table["kind"] == "trace"].set_index("class")
    by_class: dict[str, Any] = {}
    for name in CLASSES:
        if name not in table.index:
            continue
        counts = scores.counts[Key(name, "trace", tolerance)]
        # A single well is scored by blocks of depth, whose counts are added.
        by_well: dict[str, list[int]] = {}
        results = (np.ravel(part) for part in (counts.hits, counts.wrong, counts.missed))
        for (well, _), *block in zip(scores.units.keys, *results, strict=True):
            by_well[well] = [a + int(b) for a, b in zip(by_well.get(well, [0, 0, 0]), block, strict=True)]
        trace, depth = table.loc[name], by_depth.loc[name]
        by_class[name] = {
            "f1": _number(trace["f1"]), "null_f1": _number(trace["null_f1"]), "depth_f1": _number(depth["f1"]),
            "depth_null_f1": _number(depth["null_f1"]), "counts": by_well,
        }  # fmt: skip
    return by_class


def _reported(scores: Scores) -> list[dict[str, Any]]:
    """F1, its null and z by class, by depth and by trace RMS, at 3 and 5 cm, as the published tables have it."""
    table = scores.table()
    rows = table["kind"].isin(["depth", "trace"]) & table["tolerance_m"].isin([0.03, 0.05])
    return records(table.loc[rows, ["class", "kind", "tolerance_m", "f1", "null_f1", "z"]].round(4))


def _z_of_all(scores: Scores, tolerance: float) -> float | None:
    """Standard deviations by which F1 of all planes, by trace RMS, exceeds that of the picks shifted in depth."""
    table = scores.table().set_index(["class", "kind", "tolerance_m"])
    return _number(table.loc[(ALL_CLASSES, "trace", tolerance), "z"])


def _shortened(well: PreparedWell, metres: float) -> PreparedWell:
    """The top of a well; all of it if that is longer, or for 0."""
    rows = round(metres / well.step)
    if not 0 < rows < len(well.grid):
        return well
    above = well.traces[:, 0] < metres
    return replace(
        well, grid=well.grid[:rows], radius=well.radius[:rows], traces=well.traces[above],
        classes=well.classes[above], optional=well.optional[above], label_mask=well.label_mask[:, :rows],
    )  # fmt: skip


def _curve(file: Path) -> list[dict[str, Any]]:
    """The learning curve; a check that was repeated after a kill counts once."""
    rows = {}
    for line in file.read_text().splitlines() if file.exists() else []:
        with suppress(ValueError):  # Cut short by a kill; that check was repeated.
            row = json.loads(line)
            rows[row["step"]] = row
    return [rows[step] for step in sorted(rows)]


def _finite(scores: Any) -> Any:
    """Nested scores with None for what is not defined, rounded."""
    return {name: _finite(part) for name, part in scores.items()} if isinstance(scores, dict) else _number(scores)


class _Clock:
    """Core seconds of a cell, over all processes that worked on it."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.earlier = float(file.read_text()) if file.exists() else 0.0
        self.began = time.process_time()

    def spent(self) -> float:
        """Seconds until now."""
        return round(self.earlier + time.process_time() - self.began, 1)

    def save(self) -> None:
        """Save the seconds for a process that resumes the cell."""
        write_text(self.file, f"{self.spent()}\n")


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
        values = published_columns(network, torch.from_numpy(window.grid[None].copy()), [window.targets])
        if values.planes and np.isfinite(values.class_error):
            columns.append(values)
    if not columns:
        return None
    means = np.average([values[:4] for values in columns], axis=0, weights=[values.planes for values in columns])
    return dict(zip(PUBLISHED, map(_number, means), strict=True))


def _number(value: Any) -> float | None:
    return round(float(value), 5) if np.isfinite(value) else None


def _peak() -> float | None:
    """Peak memory of this process (MiB), where the system reports it."""
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
