"""The training loop."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn

from geobfdt.evaluation.thresholds import OperatingPoint
from geobfdt.model.curve.criterion import Losses, Targets
from geobfdt.runtime.findings import InputError
from geobfdt.runtime.storage import atomic_path
from geobfdt.training import distributed
from geobfdt.training.augmentation import Window, augment
from geobfdt.training.checkpoint import resume, save_checkpoint
from geobfdt.training.pad_ends import end_pads
from geobfdt.training.sources import Source
from geobfdt.training.training_settings import TrainingSettings

__all__ = ["BEST", "Outcome", "Step", "mean_f1", "train_network"]

BEST = "best.safetensors"

Step = Callable[[nn.Module, Tensor, list[Targets], np.random.Generator], Losses]


class Outcome(NamedTuple):
    """
    Result of a run.

    Parameters
    ----------
    weights : dict of str to Tensor
        The best weights by validation, or the last without validation.
    score : float
        Mean F1 over classes of these weights; NaN without validation.
    step : int
        Number of steps that these weights had.
    before : float
        Mean F1 before any step; NaN without validation.
    earlier : float
        Seconds that a run took before it was killed and went on here.
    steps_run : int
        Steps that were run, those after the best weights included.
    needed : float
        Mean F1 from which weights are better than the first ones; NaN without validation.
    """

    weights: dict[str, Tensor]
    score: float
    step: int
    before: float
    earlier: float
    steps_run: int
    needed: float


# A network, its loss and its windows are objects; how to train is the settings.
def train_network(  # noqa: PLR0913
    network: nn.Module,
    loss: Step,
    source: Source,
    settings: TrainingSettings,
    folder: Path,
    check: Callable[[nn.Module], dict[str, OperatingPoint]] | None = None,
    progress: Callable[[int, Losses], None] | None = None,
    data_description: str = "",
) -> Outcome:
    """
    Train a network, or resume a run that was killed.

    Parameters
    ----------
    network : Module
        Network in training; it is changed.
    loss : callable
        Network, grids, targets and generator in, losses out.
    source : Source
        Windows.
    settings : TrainingSettings
        How.
    folder : Path
        Of the run: ``metrics.jsonl`` and the checkpoint go there.
    check : callable, optional
        Scores a network on held-out wells.
    progress : callable, optional
        Called with the step and its losses.
    data_description : str
        Description of the training data; a run resumes only from a checkpoint with the same description.

    Notes
    -----
    All randomness of a step comes from the seed and the number of the step, so that a run that was killed at any
    moment and started again makes the same weights, to the bit on the same machine.
    """
    folder.mkdir(parents=True, exist_ok=True)
    distributed.join()
    place, first, batch = distributed.device(), distributed.is_first(), distributed.whole(settings.batch)
    network.to(place)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    average = {name: value.detach().clone() for name, value in network.state_dict().items()}
    optimiser = _optimiser(network, settings)
    state = resume(folder, network, average, optimiser) or {
        "step": 0,
        "best": math.nan,
        "best_step": 0,
        "bar": math.nan,
        "stale": 0,
        "of": data_description,
        "before": math.nan,
        "seconds": 0.0,
    }
    if state.get("of", "") != data_description:
        observed = "the checkpoint here is of other wells, another split or other settings"
        raise InputError(folder, observed, "start the run in a new folder")
    best = average
    if first:
        _trim(folder / "metrics.jsonl", int(state["step"]))
    if check is not None:
        # The first weights are scored, too: no worse weights are returned.
        resumed = state["step"] > 0
        best = (
            _load_best(folder) if resumed else _validated(network, average, check, best, state, folder, settings.doubt)
        )
    earlier = float(state.setdefault("seconds", 0.0))
    began = time.perf_counter() - earlier
    while state["step"] < settings.steps and not 0 < settings.patience <= state["stale"]:
        step = int(state["step"])
        rng = np.random.default_rng([settings.seed, step])
        torch.manual_seed(int(rng.integers(2**31)))
        windows = distributed.share(source.windows(step, batch, settings.rows, rng))
        if distributed.rank():  # Each process augments its windows in its own way.
            rng = np.random.default_rng([settings.seed, step, distributed.rank()])
        windows = _augmented(windows, settings, rng)
        grids = torch.from_numpy(np.stack([window.grid for window in windows])).to(place)
        network.train()
        if settings.frozen_norm:
            _freeze_norm(network)
        for group in optimiser.param_groups:
            group["lr"] = settings.rate * _rate(step, settings)
        optimiser.zero_grad()
        # 16 bits where a GPU makes them faster; on CPUs they are slower.
        with torch.autocast(place.type, torch.bfloat16, enabled=place.type == "cuda"):
            losses = loss(network, grids, [window.targets for window in windows], rng)
        losses.total.backward()  # type: ignore[no-untyped-call]
        distributed.average(network)
        norm = nn.utils.clip_grad_norm_(network.parameters(), settings.clip)
        if torch.isfinite(norm):
            optimiser.step()
        _average(average, network, min(settings.average, (step + 1) / (step + 10)))
        state["step"] = step + 1
        if progress is not None and first:
            progress(step + 1, losses)
        if (step + 1) % 20 == 0 and first:
            seconds = round(time.perf_counter() - began, 1)
            parts = {name: round(float(value.detach()), 5) for name, value in losses._asdict().items()}
            _log(folder, {"step": step + 1, **parts, "norm": round(float(norm), 4), "seconds": seconds})
        if (step + 1) % settings.every == 0 or step + 1 == settings.steps:
            if check is not None:
                best = _validated(network, average, check, best, state, folder, settings.doubt)
            state["seconds"] = time.perf_counter() - began
            if first:
                save_checkpoint(folder, network, average, optimiser, state)
    if check is None:
        best = average
    step = int(state["step"] if check is None else state["best_step"])
    before, needed = (float(state.get(name, math.nan)) for name in ("before", "needed"))
    return Outcome(best, float(state["best"]), step, before, earlier, int(state["step"]), needed)


def _augmented(windows: list[Window], settings: TrainingSettings, rng: np.random.Generator) -> list[Window]:
    """Change the windows of a step at random, as the settings say."""
    windows = [augment(window, settings.augmentation, rng, settings.looks) for window in windows]
    if settings.pad_ends:
        windows = [end_pads(window, rng) if rng.random() < settings.pad_ends else window for window in windows]
    return windows


# Parts of one run, of which it changes some.
def _validated(  # noqa: PLR0913
    network: nn.Module,
    average: dict[str, Tensor],
    check: Callable[[nn.Module], dict[str, OperatingPoint]],
    best: dict[str, Tensor],
    state: dict[str, Any],
    folder: Path,
    margin: float,
) -> dict[str, Tensor]:
    """
    Score the average weights; save them beside the checkpoint if they are the best so far.

    The first weights keep their place unless a later score exceeds theirs by `margin` of its standard errors.
    """
    first, score, error = distributed.is_first(), math.nan, math.nan
    if first:
        present = {name: value.detach().clone() for name, value in network.state_dict().items()}
        network.load_state_dict(average)
        network.eval()
        points = check(network)
        network.load_state_dict(present)
        score, error = mean_f1(points)
        row = {"step": state["step"], "score": score, **{k: p._asdict() for k, p in points.items()}}
        _log(folder, row if state["step"] else {**row, "needed": score + margin * error})
    score, error = distributed.agree(score, error)
    if not state["step"]:
        state |= {"before": score, "needed": score + margin * error}
    if math.isnan(state["best"]) or score > state["bar"]:  # The first score is always the best so far.
        score_to_exceed = score if state["step"] else score + margin * error
        state |= {"best": score, "best_step": state["step"], "bar": score_to_exceed, "stale": 0}
        best = {name: value.clone().contiguous() for name, value in average.items()}
        if first:
            with atomic_path(folder / BEST) as part:
                part.write_bytes(save(best))  # The writer of safetensors raises no OSError.
    else:
        state["stale"] += 1
    return best


def mean_f1(points: dict[str, OperatingPoint]) -> tuple[float, float]:
    """
    F1 averaged over classes, with lower weights for classes of few planes.

    Parameters
    ----------
    points : dict of str to OperatingPoint
        By class.

    Returns
    -------
    mean, error : float
        Mean F1, and its standard error for planes that are found with probability F1; NaN without planes.

    Examples
    --------
    >>> points = {"bedding": OperatingPoint(0.5, 0.8, 1, 1, 1, 60), "fracture": OperatingPoint(0.5, 0.2, 1, 1, 1, 4)}
    >>> [round(number, 3) for number in mean_f1(points)]
    [0.733, 0.051]
    """
    defined = [point for point in points.values() if np.isfinite(point.f1)]
    if not defined:
        return math.nan, math.nan
    f1, planes = np.array([point.f1 for point in defined]), np.array([point.planes for point in defined])
    share = np.array([point.weight for point in defined]) / sum(point.weight for point in defined)
    return float(share @ f1), float(np.sqrt(share**2 @ (f1 * (1 - f1) / planes)))


def _optimiser(network: nn.Module, settings: TrainingSettings) -> torch.optim.Optimizer:
    # Weight decay acts on matrices only: not on biases, normalisations and single vectors.
    wide = [p for p in network.parameters() if p.requires_grad and p.ndim > 1]
    rest = [p for p in network.parameters() if p.requires_grad and p.ndim <= 1]
    groups: list[dict[str, Any]] = [
        {"params": wide, "weight_decay": settings.decay},
        {"params": rest, "weight_decay": 0},
    ]
    if settings.optimiser == "sgd":
        return torch.optim.SGD(groups, settings.rate, momentum=0.9)
    kind = torch.optim.AdamW if settings.optimiser == "adamw" else torch.optim.Adam
    return kind(groups, settings.rate)


def _rate(step: int, settings: TrainingSettings) -> float:
    """Learning rate against its highest: a ramp up over a fifth of the steps at most, a level, half a cosine down."""
    ramp = min(settings.warmup, settings.steps // 5)
    if step < ramp:
        return (step + 1) / ramp
    begin = settings.steps * (1 - settings.cooling)
    cooled = (step - begin) / max(settings.steps - begin, 1)
    return 0.5 * (1 + math.cos(math.pi * cooled)) if cooled > 0 else 1.0


@torch.no_grad()
def _average(average: dict[str, Tensor], network: nn.Module, keep: float) -> None:
    for name, value in network.state_dict().items():
        if value.is_floating_point():
            average[name].lerp_(value, 1 - keep)
        else:
            average[name].copy_(value)


def _freeze_norm(network: nn.Module) -> None:
    for part in network.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.eval()


def _log(folder: Path, row: dict[str, Any]) -> None:
    try:
        with (folder / "metrics.jsonl").open("a") as file:
            file.write(json.dumps(row) + "\n")
    except OSError as error:
        observed = f"cannot be written: {(error.strerror or str(error)).lower()}"
        raise InputError(folder / "metrics.jsonl", observed, "free some space; the run goes on where it was") from error


def _trim(file: Path, step: int) -> None:
    """Remove rows written after the checkpoint that a run resumes from; all of them for a new run."""
    if file.exists():
        rows = [line for line in file.read_text().splitlines() if step and _number(line) <= step]
        file.write_text("".join(row + "\n" for row in rows))


def _number(line: str) -> float:
    try:
        return float(json.loads(line)["step"])
    except (ValueError, KeyError, TypeError):
        return math.inf  # The line was cut short when the process was killed.


def _load_best(folder: Path) -> dict[str, Tensor]:
    file = folder / BEST
    try:
        return load_file(file)
    except (OSError, SafetensorError) as error:
        observed = f"not the best weights of this run: {str(error).splitlines()[0]}"
        raise InputError(file, observed, "start the run in a new folder") from error
