"""Retraining as wells arrive: look at what is new, let it in or not, tune a challenger, put it to the gate."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from geobfdt.model.bundle import Bundle
from geobfdt.model.registry import Registry, load_model
from geobfdt.operation.admission import FEWEST, damage, strange_style, style_of
from geobfdt.operation.gate import gate
from geobfdt.operation.gate_page import write_verdict
from geobfdt.operation.gate_settings import GateSettings
from geobfdt.runtime.findings import InputError
from geobfdt.runtime.locks import held
from geobfdt.runtime.storage import sha256, write_text
from geobfdt.training.confidence_calibration import InterpretedWell
from geobfdt.training.train import TUNING, interpreted_wells, labels_digest, train
from geobfdt.training.training_settings import TrainingSettings
from geobfdt.training.well_split import Masked
from geobfdt.wells.field import Field

__all__ = ["Retrained", "retrain"]

CHAMPION, CHALLENGER = "champion", "challenger"
_OUTCOME = "outcome.json"
_COMPARED = 12  # wells whose style is measured, at most

Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class Retrained:
    """
    What came of it.

    Parameters
    ----------
    news : dict of str to str
        Wells that the champion does not know as they are now, and what is new about them.
    held_back : dict of str to list of str
        Those that were not learnt from, and why.
    challenger : str
        Digest of the new model; empty if there was nothing to learn.
    same_weights : bool
        Whether no step of the tuning was better, on the wells held out, than what it began with.
    passed : bool
        Whether it passed the gate.
    failures : list of str
        Why not.
    promoted : bool
        Whether it is the champion now.
    verdict : str
        Page of the gate.
    """

    news: dict[str, str]
    held_back: dict[str, list[str]] = field(default_factory=dict)
    challenger: str = ""
    same_weights: bool = False
    passed: bool = False
    failures: list[str] = field(default_factory=list)
    promoted: bool = False
    verdict: str = ""


def retrain(
    wells: str | Path,
    registry: str | Path,
    settings: GateSettings,
    *,
    out: str | Path | None = None,
    layer: str | None = None,
    include: Sequence[str] = (),
    promote: bool = False,
    who: str | None = None,
    training: TrainingSettings = TUNING,
    progress: Progress = lambda _share, _text: None,
) -> Retrained:
    """
    Retrain a registry's champion on what has come since.

    Parameters
    ----------
    wells : str or Path
        Field of interpreted wells.
    registry : str or Path
        Whose champion is gone on from.
    settings : GateSettings
        Demands; its ``blind`` wells are never learnt from.
    out : str or Path, optional
        Folder of runs. Default: ``retraining`` in the field.
    layer : str, optional
        Layer of the review to learn from and judge by, instead of pick tables.
    include : sequence of str
        Wells to learn from although the door would hold them back.
    promote : bool
        Whether a challenger that passes is made the champion.
    who : str, optional
        For the record.
    training : TrainingSettings
        How it is tuned.
    progress : callable
        Told the share done and what is going on.

    Returns
    -------
    Retrained
        Started again with nothing changed it does nothing anew; killed, it goes on.

    Raises
    ------
    InputError
        If there is no champion, no blind well, another retraining runs on this field, or something cannot be read.
    """
    place, models = Path(wells), Registry(Path(registry))
    with held(place, by="retraining"):
        if CHAMPION not in models.names():
            cure = "geobfdt models promote REGISTRY MODEL"
            raise InputError(registry, "no champion to go on from", cure)
        name = f"{registry}@{CHAMPION}"
        champion, now = load_model(name), models.find(CHAMPION)
        masked = {well: sight.masked for well, sight in champion.exposures.items() if sight.masked is not None}
        settings = settings.model_copy(update={"blind": settings.blind or tuple(masked)})
        if not settings.blind:
            raise InputError(place, "no blind well to judge by", "name some in the demands: blind: [WELL, ...]")
        there = {str(well.image.attrs["well"]): well for well in interpreted_wells(place, layer)}
        blind = [well for well in settings.blind if well not in masked]
        taught = {well: one for well, one in there.items() if well not in blind}
        images = {well: sha256(Field(place).file(well, ".nc")) for well in taught}
        news = {well: what for well, one in taught.items() if (what := _news(champion, images[well], well, one))}
        if not news:
            return Retrained({})
        progress(0.02, "looking at what is new")
        held_back = _held_back(champion, taught, news, include)
        learnt = {well: one for well, one in taught.items() if well not in held_back}
        if set(news) <= set(held_back):
            return Retrained(news, held_back)
        asked = [
            now,
            {well: images[well] for well in learnt},
            {well: labels_digest(one) for well, one in learnt.items()},
            training.model_dump(mode="json"),
        ]
        key = hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:12]
        run = (Path(out) if out is not None else place / "retraining") / key
        challenger = _taught(
            models, name, place, run, [*blind, *held_back], masked, layer, training, news, who, progress
        )
        told = _judged(models, name, challenger, place, run, settings, layer, who, progress)
        promoted = bool(told["passed"]) and promote
        if promoted and models.find(CHAMPION) != challenger:
            models.name(challenger, CHAMPION, who=who, why=f"passed the gate, {run / 'verdict' / 'verdict.html'}")
        return Retrained(
            news,
            held_back,
            challenger,
            load_model(f"{registry}@{challenger}").digest == champion.digest,
            bool(told["passed"]),
            list(told["failures"]),
            promoted,
            str(run / "verdict" / "verdict.html"),
        )


def _news(champion: Bundle, image: str, name: str, well: InterpretedWell) -> str:
    """What the champion does not know of a well; empty if it knows it as it is."""
    sight = champion.exposures.get(name)
    if sight is None:
        return "new"
    if sight.image != image:
        return "its image has changed"
    return "its picks have changed" if sight.labels != labels_digest(well) else ""


def _held_back(
    champion: Bundle, taught: dict[str, InterpretedWell], news: dict[str, str], include: Sequence[str]
) -> dict[str, list[str]]:
    """Wells that are not to be learnt from, and why."""
    told: dict[str, list[str]] = {}
    for name in news:
        if name not in include:
            well = taught[name]
            if why := damage(InterpretedWell(well.image.compute(), well.picks, well.intervals)):
                told[name] = why
    asked = [name for name in news if name not in told and name not in include]
    former = sorted(name for name in taught if name not in news)
    drawn = [str(name) for name in np.random.default_rng(0).permutation(former)[:_COMPARED]] if asked else []
    styles = {name: style_of(champion, taught[name]) for name in [*drawn, *asked]}
    for name in asked:
        # Where the champion knows too few wells, those that came together are held against each other.
        others = drawn if len(drawn) >= FEWEST else [other for other in styles if other != name]
        if why := strange_style(styles[name], [styles[other] for other in others]):
            told[name] = why
    return told


def _taught(
    models: Registry, champion: str, place: Path, run: Path, left: Sequence[str], masked: Masked, layer: str | None,
    training: TrainingSettings, news: dict[str, str], who: str | None, progress: Progress,
) -> str:  # fmt: skip
    """Tune a challenger; one that was made before is not made again."""
    made = run / "challenger.txt"
    learnt = "learnt from " + ", ".join(f"{well} ({what})" for well, what in news.items() if well not in left)
    if not made.exists() or made.read_text().strip() not in models.bundles():
        train(
            place,
            run / "model",
            model=champion,
            blind=sorted(set(left)),
            masked=masked,
            layer=layer,
            settings=training,
            progress=lambda share, text: progress(0.1 + 0.6 * share, text),
        )
        write_text(made, models.add(run / "model", who=who, why=learnt) + "\n")
    challenger = made.read_text().strip()
    if models.names().get(CHALLENGER) != challenger:
        models.name(challenger, CHALLENGER, who=who, why=learnt)
    return challenger


def _judged(
    models: Registry, champion: str, challenger: str, place: Path, run: Path, settings: GateSettings,
    layer: str | None, who: str | None, progress: Progress,
) -> dict[str, Any]:  # fmt: skip
    """Put the challenger to the gate, once for the same demands."""
    demands = settings.model_dump(mode="json")
    file = run / _OUTCOME
    if file.exists():
        told: dict[str, Any] = json.loads(file.read_text())
        if told["demands"] == demands and told["challenger"] == challenger:
            return told
    model = f"{models.folder}@{challenger}"
    verdict = gate(
        model, place, settings, champion=champion, layer=layer,
        progress=lambda share: progress(0.7 + 0.3 * share, "judging"),
    )  # fmt: skip
    write_verdict(verdict, run / "verdict")
    models.judge(challenger, verdict.state, who=who, why="; ".join(verdict.failures) or str(run / "verdict"))
    told = {"challenger": challenger, "demands": demands, "passed": verdict.passed, "failures": verdict.failures}
    write_text(file, json.dumps(told, indent=1))
    return told
