"""Retraining as wells arrive: check the new wells, tune a challenger, and judge it at the gate."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict
from pydantic import Field as Described

from geobfdt.model.bundle import Bundle
from geobfdt.model.registry import Registry, load_model
from geobfdt.operation.admission import MIN_STYLE_WELLS, image_problems, measure_style, style_mismatch
from geobfdt.operation.gate import gate
from geobfdt.operation.gate_page import write_verdict
from geobfdt.operation.gate_settings import GateSettings
from geobfdt.runtime.findings import InputError
from geobfdt.runtime.locks import folder_lock
from geobfdt.runtime.progress import Progress, no_progress, part_of
from geobfdt.runtime.storage import sha256, write_text
from geobfdt.training.confidence_calibration import InterpretedWell
from geobfdt.training.train import TUNING, TrainOptions, interpreted_wells, labels_digest, train
from geobfdt.training.training_settings import TrainingSettings
from geobfdt.training.well_split import Masked
from geobfdt.wells.field import Field

__all__ = ["RetrainOptions", "RetrainingResult", "retrain"]

CHAMPION, CHALLENGER = "champion", "challenger"
# A run keeps the outcome of the gate in this file, so that the same demands are judged once.
_OUTCOME_FILE = "outcome.json"
# The style of at most this many former wells is measured.
_MAX_COMPARED_WELLS = 12


class RetrainOptions(BaseModel):
    """
    Settings of ``geobfdt retrain``, for the command line and the library alike; the demands are the gate's.

    Examples
    --------
    >>> RetrainOptions(promote=True).include
    ()
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    out: Path | None = Described(None, description="folder of runs; None: retraining, in the field")
    layer: str | None = Described(
        None, description="layer of the review for training and judging; None: the field's pick tables"
    )
    include: tuple[str, ...] = Described((), description="wells to train on even if the admission check finds problems")
    promote: bool = Described(False, description="whether a challenger that passes is made the champion")
    who: str | None = Described(None, description="person for the record; None: the user of this machine")
    training: TrainingSettings = Described(TUNING, description="settings of the tuning")


DEFAULTS = RetrainOptions()


@dataclass(frozen=True)
class RetrainingResult:
    """
    The result of a retraining.

    Parameters
    ----------
    news : dict of str to str
        Wells that are new or have changed since the champion was trained, and what has changed.
    held_back : dict of str to list of str
        Wells that were not used for training, and why.
    challenger : str or None
        Digest of the new model; None if no well was used.
    same_weights : bool
        Whether no step of the tuning was better on the held-out wells than the champion.
    passed : bool
        Whether it passed the gate.
    failures : list of str
        Why it failed.
    promoted : bool
        Whether the challenger is the champion now.
    verdict : str or None
        Page of the verdict; None if no model was judged.
    """

    news: dict[str, str]
    held_back: dict[str, list[str]] = field(default_factory=dict)
    challenger: str | None = None
    same_weights: bool = False
    passed: bool = False
    failures: list[str] = field(default_factory=list)
    promoted: bool = False
    verdict: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the result as JSON holds it, where no challenger and no verdict are empty strings."""
        return {**asdict(self), "challenger": self.challenger or "", "verdict": self.verdict or ""}


@dataclass(frozen=True)
class _Retraining:
    """What every step of one retraining needs: the registry, its champion, the field, the folder of the run, how."""

    models: Registry
    champion: str
    place: Path
    run: Path
    options: RetrainOptions
    progress: Progress


def retrain(
    wells: str | Path,
    registry: str | Path,
    settings: GateSettings,
    options: RetrainOptions = DEFAULTS,
    *,
    progress: Progress = no_progress,
) -> RetrainingResult:
    """
    Retrain the champion of a registry on new and changed wells.

    Parameters
    ----------
    wells : str or Path
        Field of interpreted wells.
    registry : str or Path
        Registry of the champion.
    settings : GateSettings
        Demands; their ``blind`` wells are never used for training.
    options : RetrainOptions
        Where, on which wells, and what follows a pass.
    progress : callable
        Called with the finished share and the current step.

    Returns
    -------
    RetrainingResult
        A second call with nothing changed repeats no work, and a call after a kill continues.

    Raises
    ------
    InputError
        If there is no champion, no blind well, another retraining runs on this field, or something cannot be read.
    """
    place, models = Path(wells), Registry(Path(registry))
    with folder_lock(place, by="retraining"):
        if CHAMPION not in models.names():
            cure = "geobfdt models promote REGISTRY MODEL"
            raise InputError(registry, "no champion to start from", cure)
        name = f"{registry}@{CHAMPION}"
        champion, now = load_model(name), models.find(CHAMPION)
        exposures = champion.exposures.items()
        masked = {well: exposure.masked for well, exposure in exposures if exposure.masked is not None}
        settings = settings.model_copy(update={"blind": settings.blind or tuple(masked)})
        if not settings.blind:
            raise InputError(place, "no blind well to judge by", "name some in the demands: blind: [WELL, ...]")
        wells_here = {str(well.image.attrs["well"]): well for well in interpreted_wells(place, options.layer)}
        unseen = [well for well in settings.blind if well not in masked]
        candidates = {well: one for well, one in wells_here.items() if well not in unseen}
        images = {well: sha256(Field(place).file(well, ".nc")) for well in candidates}
        news = {
            well: what
            for well, one in candidates.items()
            if (what := _describe_change(champion, images[well], well, one)) is not None
        }
        if not news:
            return RetrainingResult({})
        progress(0.02, "checking new wells")
        held_back = _find_unfit_wells(champion, candidates, news, options.include)
        learned = {well: one for well, one in candidates.items() if well not in held_back}
        if set(news) <= set(held_back):
            return RetrainingResult(news, held_back)
        inputs = [
            now,
            {well: images[well] for well in learned},
            {well: labels_digest(one) for well, one in learned.items()},
            options.training.model_dump(mode="json"),
        ]
        key = hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()[:12]
        run = (options.out if options.out is not None else place / "retraining") / key
        retraining = _Retraining(models, name, place, run, options, progress)
        challenger = _tune_challenger(retraining, [*unseen, *held_back], masked, news)
        outcome = _judge_challenger(retraining, challenger, settings)
        promoted = bool(outcome["passed"]) and options.promote
        if promoted and models.find(CHAMPION) != challenger:
            why = f"passed the gate, {run / 'verdict' / 'verdict.html'}"
            models.name(challenger, CHAMPION, who=options.who, why=why)
        return RetrainingResult(
            news,
            held_back,
            challenger,
            load_model(f"{registry}@{challenger}").digest == champion.digest,
            bool(outcome["passed"]),
            list(outcome["failures"]),
            promoted,
            str(run / "verdict" / "verdict.html"),
        )


def _describe_change(champion: Bundle, image: str, name: str, well: InterpretedWell) -> str | None:
    """Describe what has changed in a well since the champion was trained; None if nothing has."""
    exposure = champion.exposures.get(name)
    if exposure is None:
        return "new"
    if exposure.image != image:
        return "its image has changed"
    return "its picks have changed" if exposure.labels != labels_digest(well) else None


def _find_unfit_wells(
    champion: Bundle, candidates: dict[str, InterpretedWell], news: dict[str, str], include: Sequence[str]
) -> dict[str, list[str]]:
    """Find the new wells that should not be used for training, and why."""
    unfit: dict[str, list[str]] = {}
    for name in news:
        if name not in include:
            well = candidates[name]
            if why := image_problems(InterpretedWell(well.image.compute(), well.picks, well.intervals)):
                unfit[name] = why
    to_compare = [name for name in news if name not in unfit and name not in include]
    former = sorted(name for name in candidates if name not in news)
    sampled = (
        [str(name) for name in np.random.default_rng(0).permutation(former)[:_MAX_COMPARED_WELLS]] if to_compare else []
    )
    styles = {name: measure_style(champion, candidates[name]) for name in [*sampled, *to_compare]}
    for name in to_compare:
        # If the champion was trained on too few wells, the new wells are compared with each other.
        others = sampled if len(sampled) >= MIN_STYLE_WELLS else [other for other in styles if other != name]
        if why := style_mismatch(styles[name], [styles[other] for other in others]):
            unfit[name] = why
    return unfit


def _tune_challenger(retraining: _Retraining, excluded: Sequence[str], masked: Masked, news: dict[str, str]) -> str:
    """Tune a challenger, or return the one that an earlier call made."""
    models, run, options = retraining.models, retraining.run, retraining.options
    record = run / "challenger.txt"
    reason = "trained on " + ", ".join(f"{well} ({what})" for well, what in news.items() if well not in excluded)
    if not record.exists() or record.read_text().strip() not in models.bundles():
        train(
            retraining.place,
            run / "model",
            TrainOptions(
                model=retraining.champion,
                blind=tuple(sorted(set(excluded))),
                masked=dict(masked),
                layer=options.layer,
                training=options.training,
            ),
            progress=part_of(retraining.progress, 0.1, 0.7),
        )
        write_text(record, models.add(run / "model", who=options.who, why=reason) + "\n")
    challenger = record.read_text().strip()
    if models.names().get(CHALLENGER) != challenger:
        models.name(challenger, CHALLENGER, who=options.who, why=reason)
    return challenger


def _judge_challenger(retraining: _Retraining, challenger: str, settings: GateSettings) -> dict[str, Any]:
    """Judge the challenger at the gate, once for the same demands."""
    models, run, options = retraining.models, retraining.run, retraining.options
    demands = settings.model_dump(mode="json")
    file = run / _OUTCOME_FILE
    if file.exists():
        outcome: dict[str, Any] = json.loads(file.read_text())
        if outcome["demands"] == demands and outcome["challenger"] == challenger:
            return outcome
    model = f"{models.folder}@{challenger}"
    verdict = gate(
        model, retraining.place, settings, champion=retraining.champion, layer=options.layer,
        progress=part_of(retraining.progress, 0.7, 1.0, "judging"),
    )  # fmt: skip
    write_verdict(verdict, run / "verdict")
    why = "; ".join(verdict.failures) or str(run / "verdict")
    models.judge(challenger, verdict.state, who=options.who, why=why)
    outcome = {"challenger": challenger, "demands": demands, "passed": verdict.passed, "failures": verdict.failures}
    write_text(file, json.dumps(outcome, indent=1))
    return outcome
