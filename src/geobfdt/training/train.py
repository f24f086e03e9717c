"""``geobfdt train``: a field in, a model bundle out."""

from __future__ import annotations

import hashlib
import json
import platform
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import torch
from pydantic import BaseModel, ConfigDict, model_validator
from pydantic import Field as Described
from scipy.special import expit
from torch import nn

from geobfdt._version import __version__
from geobfdt.evaluation.thresholds import OperatingPoint
from geobfdt.model.bundle import Bundle, Calibration, WellExposure, load_bundle, save_bundle
from geobfdt.model.curve.criterion import Losses
from geobfdt.model.network_settings import DETR_SMALL, CurveSettings, DetrSettings
from geobfdt.model.presets import NetworkSettings, build, loss, plane_finder
from geobfdt.model.registry import load_model
from geobfdt.runtime.findings import InputError
from geobfdt.runtime.progress import Progress, no_progress
from geobfdt.runtime.storage import sha256
from geobfdt.training import distributed
from geobfdt.training.confidence_calibration import InterpretedWell, calibrate_bundle
from geobfdt.training.drift_reference import measure_drift_reference
from geobfdt.training.prepared_wells import PreparedWell, load, prepare, save
from geobfdt.training.sources import FixedWells, MixedSource, Source, simulated_well
from geobfdt.training.training_loop import train_network
from geobfdt.training.training_settings import TrainingSettings
from geobfdt.training.validation import validate
from geobfdt.training.well_split import Masked, Split, leave_out_blind_wells, split_wells
from geobfdt.wells.field import Field
from geobfdt.wells.intervals import IntervalTable
from geobfdt.wells.layers import named_layers
from geobfdt.wells.picks import CLASSES, traces, without_rejected

__all__ = [
    "FRESH",
    "SCRATCH",
    "SIZES",
    "TUNING",
    "Preset",
    "TrainOptions",
    "interpreted_wells",
    "labels_digest",
    "train",
]

Preset = Literal["curve", "detr", "detr-small"]

# Training from scratch, by preset. The published network has its published learning rate, the small one that rate
# divided by its width.
SCRATCH: dict[Preset, TrainingSettings] = {
    "curve": TrainingSettings(steps=3000, every=250, batch=2, warmup=40),
    "detr": TrainingSettings(steps=3000, every=250, rate=4e-4),
    "detr-small": TrainingSettings(
        steps=18750, every=1250, rows=96, batch=8, warmup=100, cooling=0.3, clip=1.0, augmentation="published"
    ),
}
# Network for training from scratch on a few wells. It has few decoder layers and drops no queries, since an untrained
# network gives all of them a low probability. Being narrower than the shipped one, it learns more in the same minutes
# (docs/benchmarks.md).
FRESH = CurveSettings(
    widths=(16, 32, 64, 64),
    blocks=(1, 1, 1, 1),
    features=32,
    layers=((4, 0.08, 9, 48), (4, 0.08, 9, 48), (2, 0.03, 7, 48)),
    doubts=(),
)
# Sizes of a new network, by preset.
SIZES: dict[Preset, CurveSettings | DetrSettings] = {
    "curve": FRESH,
    "detr": DetrSettings(),
    "detr-small": DETR_SMALL,
}
# Fine-tuning. The features are good already, so batch statistics stay as they are. Few metres get enough steps to move
# the weights. Half of the windows are simulated, so that the model does not forget other wells.
TUNING = TrainingSettings(
    steps=400,
    fewest=120,
    turns=12,
    rows=512,
    every=20,
    rate=4e-4,
    warmup=12,
    average=0.95,
    looks=0.5,
    simulated=0.5,
    frozen_norm=True,
    cooling=0.7,
    patience=4,
    doubt=0.5,
)
_SIMULATED_SEED = 5_000_000  # Seed of the simulated wells, far from those of pretraining and of every score.
# Number and length of these wells: they take five seconds and hold about 900 planes.
_SIMULATED_WELLS, _SIMULATED_LENGTH_M = 24, 6.0


class TrainOptions(BaseModel):
    """
    Settings of ``geobfdt train``, for the command line, the library and a retraining alike.

    Examples
    --------
    >>> TrainOptions(model="default", holdout=("W1",)).preset is None
    True
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    preset: Preset | None = Described(None, description="network to train from scratch; None: curve")
    model: str | Path | None = Described(
        None, description="bundle to fine-tune, default for the shipped one; None: from scratch"
    )
    holdout: tuple[str, ...] | None = Described(
        None,
        description="wells for early stopping and calibration, none of those that trained the model; None: a fifth of "
        "the wells, or of fewer than four wells the stretch of the deepest fifth of each one's picks",
    )
    layer: str | None = Described(None, description="layer of the review to learn from; None: the field's pick tables")
    blind: tuple[str, ...] = Described((), description="wells left out, by which geobfdt gate will judge the model")
    masked: dict[str, tuple[float, float]] = Described({}, description="intervals of wells to leave alone (m, MD)")
    training: TrainingSettings | None = Described(
        None, description="how; None: SCRATCH of the preset from scratch, TUNING for fine-tuning"
    )
    network: NetworkSettings | None = Described(None, description="sizes of a new network; None: SIZES of the preset")
    study: dict[str, Any] | None = Described(
        None, description="record of the study that chose the settings, for the card"
    )

    @model_validator(mode="after")
    def _a_model_brings_its_network(self) -> TrainOptions:
        if self.model is not None and self.preset is not None:
            observed = f"a model that is gone on from has its own network, not {self.preset}"
            raise InputError("--preset", observed, "leave it out")
        return self

    @property
    def scheme(self) -> TrainingSettings:
        """Settings of the training run: those given, or the defaults of fine-tuning or of the preset."""
        if self.training is not None:
            return self.training
        return TUNING if self.model is not None else SCRATCH[self.preset or "curve"]


DEFAULTS = TrainOptions()


def train(
    field: str | Path,
    out: str | Path,
    options: TrainOptions = DEFAULTS,
    *,
    progress: Progress = no_progress,
) -> Bundle:
    """
    Train a network on the interpreted wells of a field.

    Parameters
    ----------
    field : str or Path
        Folder of wells; those without picks are left aside.
    out : str or Path
        Folder of the run and of the bundle. A run that was killed goes on where it was.
    options : TrainOptions
        What to begin with, what to leave out, and how.
    progress : callable, optional
        Called with the share that is finished and a text.

    Returns
    -------
    Bundle
        The trained network, calibrated, as written to `out`.

    Raises
    ------
    InputError
        If no well has picks, a held-out well is missing or trained the model already, there is no pick in the wells
        left to learn from or to hold out, or a file cannot be read or written.

    Examples
    --------
    >>> import geobfdt
    >>> options = geobfdt.TrainOptions(model="default", holdout=("W03",))
    >>> bundle = geobfdt.train("field", "tuned", options)  # doctest: +SKIP
    """
    field, out = Path(field), Path(out)
    distributed.join()
    start = load_model(options.model) if options.model is not None else None
    settings, masked = options.scheme, options.masked
    began = time.perf_counter()
    interpreted = interpreted_wells(field, options.layer)
    wells = leave_out_blind_wells(interpreted, options.blind, masked, str(field))
    split = split_wells(wells, options.holdout, settings.seed, str(field), start)
    torch.manual_seed(settings.seed)
    if start is not None:
        net, sizes = start.network, start.settings
    else:
        sizes = options.network or SIZES[options.preset or "curve"]
        net = build(sizes)
    if isinstance(sizes, DetrSettings):
        settings = settings.model_copy(update={"rows": sizes.rows})
    trained = _prepared(split.trained, sizes, out / "wells", "trained")
    held_out = _prepared(split.held_out, sizes, out / "wells", "held-out")
    metres, planes = sum(well.metres for well in trained), sum(well.planes for well in trained)
    if not metres:
        observed = "no class is interpreted where pixels were measured, in the wells left to train on"
        raise InputError(field, observed, "correct the interval tables, or hold out and mask less")
    settings = settings.for_metres(metres, sizes.step, distributed.whole(settings.batch))
    source: Source = FixedWells(trained)
    if settings.simulated:
        source = MixedSource(FixedWells(trained), FixedWells(_simulated(sizes, out / "wells")), settings)
    names = [str(well.image.attrs["well"]) for well in split.held_out]

    # A run resumes only with the same wells: otherwise held-out wells might have trained it.
    same = settings.model_dump(mode="json", exclude={"steps", "every", "patience"})
    parts = [[str(well.image.attrs["well"]) for well in part] for part in (split.trained, split.held_out)]
    start_digest = start.digest if start is not None else ""
    data = [_digests(field, split), _labels(split)]
    run_inputs = json.dumps([parts, split.kind, data, sizes.identity(), same, start_digest])

    plain = start.calibration if start is not None else {name: Calibration() for name in CLASSES}
    # Validation uses confidences before calibration, so thresholds are converted to these.
    used = {name: float(expit(part.logits(part.threshold))) for name, part in plain.items()}
    thresholds = used if start is not None else None

    def check(network: nn.Module) -> dict[str, OperatingPoint]:
        return validate(plane_finder(network), held_out, start=thresholds)  # type: ignore[arg-type]

    def report(step: int, losses: Losses) -> None:
        progress(
            0.95 * step / settings.steps, f"step {step} of {settings.steps}, loss {float(losses.total.detach()):.2f}"
        )

    outcome = train_network(net, loss, source, settings, out / "run", check, report, run_inputs)  # type: ignore[arg-type]
    net.load_state_dict(outcome.weights)
    net.eval()
    progress(0.95, "calibrating on the wells held out")
    card = _card(field, split, settings, start, outcome.earlier + time.perf_counter() - began)
    card["seen"] = _exposures(
        field, [well for well in interpreted if str(well.image.attrs["well"]) not in options.blind], masked, start
    )
    card |= {"metres_trained": round(metres, 1), "planes_trained": planes, "steps": outcome.steps_run}
    card["study"] = options.study
    card["validation"] = {
        "wells": names,
        "planes": sum(well.planes for well in held_out),
        "mean_f1_3cm": outcome.score,
        "before": outcome.before,
        "needed": outcome.needed,
        "step": outcome.step,
    }
    bundle = Bundle(net, sizes, plain, card)
    if distributed.is_first():
        bundle = calibrate_bundle(bundle, split.held_out)
        reference = measure_drift_reference(bundle, [well.image for well in (*split.trained, *split.held_out)])
        bundle = save_bundle(replace(bundle, card={**card, "drift": reference.model_dump()}), out)
    distributed.agree(0.0)  # The other processes wait until the bundle is written.
    if not distributed.is_first():
        bundle = load_bundle(out)
    progress(1.0, "done")
    return bundle


def interpreted_wells(field: Path, layer: str | None = None) -> list[InterpretedWell]:
    """
    Wells of a field that somebody interpreted, in part or in whole; pixels stay in their files.

    Parameters
    ----------
    field : Path
        Folder of wells.
    layer : str, optional
        Layer of the review, whose accepted picks are used alone. Default: the field's own pick tables.

    Raises
    ------
    InputError
        If no well can be trained on, or the picks of a well have no trace.
    """
    from geobfdt.io.images.netcdf import read

    folder = Field(field)
    layers = named_layers(field, layer) if layer is not None else {}
    wells = []
    for stem in folder.wells():
        file = folder.file(stem, ".nc")
        if layer is None:
            picks, intervals = folder.picks(stem), folder.intervals(stem)
        elif stem in layers:
            picks, intervals = layers[stem].reviewed(str(read(file).attrs["well"]))
        else:
            continue
        picks = without_rejected(picks)
        planes = picks[picks["class"].isin(CLASSES)]
        if len(planes) and not np.isfinite(traces(planes)).all(axis=1).any():
            observed = f"{len(planes)} picks without a trace: their amplitudes and the hole diameter are unknown"
            raise InputError(file, observed, "ingest it again with --diameter")
        if len(picks) or _interpreted(intervals):
            wells.append(InterpretedWell(read(file), picks, intervals))
    if not any(len(well.picks) for well in wells):
        if layer is not None:
            raise InputError(field, f"no accepted pick in a layer {layer!r}", "review wells with geobfdt serve")
        cure = "bring picks in with geobfdt ingest FILE --picks TABLE --field DIR"
        raise InputError(field, "no well here has picks to train on", cure)
    if layer is not None and not any(_interpreted(well.intervals) for well in wells):
        cure = "mark with O in geobfdt serve the intervals in which every plane is picked"
        raise InputError(field, f"layer {layer!r} calls no stretch complete", cure)
    return wells


def _interpreted(intervals: IntervalTable) -> bool:
    return bool(((intervals["kind"] == "interpreted") & (intervals["base_m"] > intervals["top_m"])).any())


def _prepared(
    wells: list[InterpretedWell], sizes: CurveSettings | DetrSettings, folder: Path, part: str
) -> list[PreparedWell]:
    """Wells on the network's grid, in files that are mapped, not loaded."""
    prepared = []
    for index, well in enumerate(wells):
        file = folder / f"{part}-{index}"
        name = str(well.image.attrs["well"])
        if distributed.is_first():
            # Not loaded in place, which would keep the pixels of all wells.
            save(prepare(well.image.compute(), well.picks, well.intervals, sizes.grid, name), file)
        distributed.agree(0.0)
        well.image.close()
        prepared.append(load(file, name))
    return prepared


def _simulated(sizes: CurveSettings | DetrSettings, folder: Path) -> list[PreparedWell]:
    """Simulated wells on the network's grid, in files that are mapped; always the same ones."""
    wells = []
    for index in range(_SIMULATED_WELLS):
        file = folder / f"simulated-{index}"
        if distributed.is_first():
            save(simulated_well(_SIMULATED_SEED, index, _SIMULATED_LENGTH_M, sizes.grid, {}), file)
        distributed.agree(0.0)
        wells.append(load(file))
    return wells


def _digests(field: Path, split: Split) -> dict[str, str]:
    names = sorted({str(well.image.attrs["well"]) for well in [*split.trained, *split.held_out]})
    return {name: sha256(Field(field).file(name, ".nc")) for name in names}


def _labels(split: Split) -> str:
    """Digest of all picks and intervals: other labels make another run."""
    parts = [labels_digest(well) for well in (*split.trained, *split.held_out)]
    return hashlib.sha256("".join(parts).encode()).hexdigest()


def labels_digest(well: InterpretedWell) -> str:
    """SHA-256 of a well's picks and intervals."""
    tables = (well.picks, well.intervals)
    return hashlib.sha256("".join(table.to_csv(index=False) for table in tables).encode()).hexdigest()


def _exposures(
    field: Path, wells: Sequence[InterpretedWell], masked: Masked, start: Bundle | None
) -> dict[str, dict[str, Any]]:
    """Wells that trained or chose the model, or the models that it comes from: it is never scored on them."""
    exposures = dict(start.exposures) if start is not None else {}
    for well in wells:
        name = str(well.image.attrs["well"])
        mask = masked.get(name)
        if name in exposures and exposures[name].masked != mask:
            mask = None  # One of the models was exposed to the whole well, or to another part.
        exposures[name] = WellExposure(
            image=sha256(Field(field).file(name, ".nc")), labels=labels_digest(well), masked=mask
        )
    return {name: exposure.model_dump() for name, exposure in exposures.items()}


def _trained_to_depth(split: Split, start: Bundle | None) -> dict[str, float]:
    """Depth (m, MD) down to which each well trained the model, or the models that it comes from."""
    depths = dict(start.trained_to_depth) if start is not None else {}
    for well in split.trained:
        name = str(well.image.attrs["well"])
        depths[name] = max(float(well.image["depth"].values[-1]), depths.get(name, -np.inf))
    return depths


def _card(
    field: Path, split: Split, settings: TrainingSettings, start: Bundle | None, seconds: float
) -> dict[str, Any]:
    return {
        "name": "fine-tuned" if start is not None else "trained",
        "from": start.source if start is not None else None,
        "trained_on": sorted({str(well.image.attrs["well"]) for well in split.trained}),
        "learnt": _trained_to_depth(split, start),
        "held_out": sorted({str(well.image.attrs["well"]) for well in split.held_out}),
        "split": split.kind,
        "digests": _digests(field, split),
        "settings": settings.model_dump(mode="json"),
        "minutes": round(seconds / 60, 2),
        "date": pd.Timestamp.now("UTC").strftime("%Y-%m-%d"),
        "versions": {"geobfdt": __version__, "torch": torch.__version__, "python": platform.python_version()},
    }
