"""``geobfdt adapt``: adapt a model to the images of a field without picks."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from pydantic import BaseModel, ConfigDict
from pydantic import Field as Described
from scipy.optimize import brentq
from torch import Tensor, nn

from geobfdt._version import __version__
from geobfdt.io.images.netcdf import read
from geobfdt.model.bundle import Bundle, Calibration, WellExposure, save_bundle
from geobfdt.model.presets import Network, loss, plane_finder
from geobfdt.model.registry import load_model
from geobfdt.runtime.findings import InputError
from geobfdt.runtime.progress import Progress, no_progress
from geobfdt.runtime.storage import sha256
from geobfdt.training.drift_reference import measure_drift_reference
from geobfdt.training.prepared_wells import PreparedWell, prepare
from geobfdt.training.pseudo_labels import PseudoLabels, SelfAgreement, pseudo_labels, self_agreement
from geobfdt.training.sources import FixedWells, MixedSource, SimulatedStream, simulated_well
from geobfdt.training.training_loop import mean_f1, train_network
from geobfdt.training.training_settings import TrainingSettings
from geobfdt.training.validation import validate
from geobfdt.wells.field import Field
from geobfdt.wells.image import WellImage
from geobfdt.wells.intervals import new_intervals
from geobfdt.wells.picks import CLASSES, new_picks

__all__ = ["ADAPTING", "AdaptOptions", "adapt"]

# A low rate and fixed batch statistics: the model should change little.
ADAPTING = TrainingSettings(
    steps=120,
    every=60,
    batch=2,
    rate=1e-4,
    warmup=10,
    average=0.95,
    frozen_norm=True,
    cooling=0.7,
    looks=0.25,
    simulated=0.5,
)
_MIN_Z = 5.0  # Standard deviations by which a well's agreement with itself has to beat the shift null.
_MIN_PLANES = 20  # Number of pseudo-labels from which training starts.
_GUARD_SEED, _STREAM_SEED = 4_500_000, 4_600_000  # Seeds of the guard wells and of the simulated training windows.
_GUARD_LENGTH_M = 12.0  # Length of the ordinary simulated wells whose F1 must not fall.
_MAX_F1_LOSS = 0.01  # Largest fall of their F1.
_MIN_EXPECTED = 10.0  # Expected number of planes of a class from which its calibration is moved.
_MAX_SHIFT = 5.0  # Largest move of the calibrated log odds.
_SHARES = (1.0, 0.5, 0.25)  # Shares of the change in weights that are tried in turn.


class AdaptOptions(BaseModel):
    """
    Settings of ``geobfdt adapt``, for the command line and the library alike.

    Examples
    --------
    >>> AdaptOptions(blind=("W1",)).model
    'default'
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str | Path = Described("default", description="bundle to begin with")
    blind: tuple[str, ...] = Described((), description="unpicked wells to leave alone too")
    training: TrainingSettings = Described(ADAPTING, description="settings of the training run")
    guard_wells: int = Described(10, gt=0, description="number of ordinary simulated wells whose F1 must not fall")


DEFAULTS = AdaptOptions()


def adapt(
    field: str | Path,
    out: str | Path,
    options: AdaptOptions = DEFAULTS,
    *,
    progress: Progress = no_progress,
) -> Bundle:
    """
    Adapt a model to the wells of a field without picks.

    Parameters
    ----------
    field : str or Path
        Folder of wells; those with picks are left aside, since a gate judges by them.
    out : str or Path
        Folder of the run and of the bundle. A run that was killed goes on where it was.
    options : AdaptOptions
        What to begin with, what to leave out, and how.
    progress : callable
        Called with the share that is finished and a text.

    Returns
    -------
    Bundle
        The adapted model, as written to `out`, with the thresholds of the one it began with.

    Raises
    ------
    InputError
        If no well is unpicked, if what the model picks in odd and in even sectors agrees no better than chance in any
        of them, or if every change costs ordinary simulated wells over 0.01 of F1.

    Notes
    -----
    Self-training (Lee 2013) with labels that several views of a well agree on (see
    :func:`geobfdt.training.pseudo_labels.pseudo_labels`). Half of the windows are of simulated wells, so that the model
    does not forget others. Of the change in weights as much is kept as leaves the F1 of ten ordinary simulated wells
    within 0.01 (weights interpolated as by Wortsman et al. 2022).

    Its own labels make a network more confident, also where it is wrong. So the calibration is moved until as many
    planes of each class are expected in the wells as before: the sum of their probabilities.
    """
    field, out = Path(field), Path(out)
    start, settings = load_model(options.model), options.training
    find = plane_finder(start.network)
    # Labels need a probability of a half: below that, most would teach the model its own mistakes.
    thresholds = np.array([start.calibration[name].logits(0.5) for name in CLASSES])
    files = _unpicked(field, options.blind)
    trained: list[PreparedWell] = []
    agreed: dict[str, SelfAgreement] = {}
    images: list[WellImage] = []
    for number, file in enumerate(files):
        progress(0.3 * number / len(files), f"labels of {file.stem}")
        image = read(file).load()
        name = str(image.attrs["well"])
        agreement = self_agreement(image, find, thresholds, start.settings.grid)
        if not agreement.z >= _MIN_Z:  # NaN means no planes.
            continue
        labels = pseudo_labels(image, find, thresholds, start.settings.grid)
        agreed[name] = agreement
        images.append(image)
        trained.append(_labelled(image, labels, start, name))
    planes = int(sum((~well.optional).sum() for well in trained))
    if planes < _MIN_PLANES:
        observed = f"{planes} planes that all views agree on, in {len(trained)} of {len(files)} unpicked wells"
        raise InputError(field, observed, "pick some planes of one well and use geobfdt train --from default")
    network = start.network
    initial_weights = {name: value.detach().clone() for name, value in network.state_dict().items()}
    guards = [
        simulated_well(_GUARD_SEED, i, _GUARD_LENGTH_M, start.settings.grid, {}) for i in range(options.guard_wells)
    ]

    def score() -> float:
        network.eval()
        return mean_f1(validate(plane_finder(network), guards))[0]

    initial_score = score()
    log_odds = _log_odds(network, trained)
    torch.manual_seed(settings.seed)
    data_digest = hashlib.sha256("".join([start.digest, *map(sha256, files)]).encode()).hexdigest()
    with ExitStack() as stack:
        stream = stack.enter_context(SimulatedStream(_STREAM_SEED + settings.seed, start.settings.grid))
        source = MixedSource(FixedWells(trained), stream, settings)
        outcome = train_network(
            network, loss, source, settings, out / "run", None,  # type: ignore[arg-type]
            lambda step, _losses: progress(0.3 + 0.5 * step / settings.steps, f"step {step} of {settings.steps}"),
            data_digest,
        )  # fmt: skip
    progress(0.85, "checking ordinary wells")
    share, final_score = _keep_share(network, initial_weights, outcome.weights, initial_score, score)
    if share == 0:
        loss_of_f1 = initial_score - final_score
        observed = f"adapting costs ordinary simulated wells {loss_of_f1:.3f} of F1, over {_MAX_F1_LOSS}"
        raise InputError(field, observed, "keep the model as it is, or train it on picks")
    card = _card(start, field, files, agreed, planes, settings)
    card |= {"share_of_change": share, "simulated_f1": {"before": initial_score, "after": final_score}}
    calibration = _keep_number(start.calibration, log_odds, _log_odds(network, trained))
    bundle = Bundle(network, start.settings, calibration, card)
    reference = measure_drift_reference(bundle, images).model_dump()
    bundle = save_bundle(replace(bundle, card={**card, "drift": reference}), out)
    progress(1.0, "done")
    return bundle


def _unpicked(field: Path, blind_wells: Sequence[str]) -> list[Path]:
    """Files of the wells without picks that are not blind."""
    folder = Field(field)
    files = [folder.file(well, ".nc") for well in folder.wells() if not len(folder.picks(well))]
    files = [file for file in files if str(read(file).attrs["well"]) not in blind_wells]
    if not files:
        cure = "bring wells in with geobfdt ingest FILE --field DIR, without picks"
        raise InputError(field, "every well here has picks or is to be left alone", cure)
    return files


def _labelled(image: WellImage, labels: PseudoLabels, start: Bundle, name: str) -> PreparedWell:
    depth = image["depth"].values
    interpreted = new_intervals(
        [(name, "interpreted", kind, float(depth[0]), float(depth[-1])) for kind in CLASSES]
    )  # fmt: skip
    unlabelled = prepare(image, new_picks(), interpreted, start.settings.grid, name)
    return replace(unlabelled, traces=labels.traces, classes=labels.classes, optional=labels.optional)


def _keep_share(
    network: nn.Module,
    initial: dict[str, Tensor],
    trained: dict[str, Tensor],
    initial_score: float,
    score: Callable[[], float],
) -> tuple[float, float]:
    """Load the largest share of the change in weights that keeps the F1 of the guard wells, `score`; return both."""
    mixed_score = initial_score
    for share in _SHARES:
        mixed = {
            name: torch.lerp(old, trained[name], share) if old.is_floating_point() else trained[name]
            for name, old in initial.items()
        }
        network.load_state_dict(mixed)
        mixed_score = score()
        if not mixed_score < initial_score - _MAX_F1_LOSS:
            return share, mixed_score
    network.load_state_dict(initial)
    return 0.0, mixed_score


def _log_odds(network: Network, wells: Sequence[PreparedWell]) -> npt.NDArray[np.float64]:
    """Log odds (planes, classes) of all that a network proposes in wells."""
    network.eval()
    find = plane_finder(network)
    return np.concatenate([find(well.grid, float(np.median(well.radius))).logits for well in wells])


def _keep_number(
    calibration: Mapping[str, Calibration], before: npt.NDArray[np.float64], after: npt.NDArray[np.float64]
) -> dict[str, Calibration]:
    """Move the intercepts until as many planes of each class are expected after training as before."""
    moved = {}
    for number, name in enumerate(CLASSES):
        old = calibration[name]
        expected = float(old.probability(before[:, number]).sum())

        def excess(shift: float, old: Calibration = old, number: int = number, expected: float = expected) -> float:
            new = old.model_copy(update={"intercept": old.intercept + shift})
            return float(new.probability(after[:, number]).sum()) - expected

        # Too few planes do not determine a shift, and without a root in this range there is none.
        solvable = expected >= _MIN_EXPECTED and excess(-_MAX_SHIFT) < 0 < excess(_MAX_SHIFT)
        shift = float(brentq(excess, -_MAX_SHIFT, _MAX_SHIFT)) if solvable else 0.0
        moved[name] = old.model_copy(update={"intercept": old.intercept + shift})
    return moved


def _card(
    start: Bundle, field: Path, files: Sequence[Path], agreed: dict[str, SelfAgreement], planes: int,
    settings: TrainingSettings,
) -> dict[str, Any]:  # fmt: skip
    exposures = {name: exposure.model_dump() for name, exposure in start.exposures.items()}
    # A gate may judge by none of these wells, at no depth.
    exposures |= {str(read(file).attrs["well"]): WellExposure(image=sha256(file)).model_dump() for file in files}
    return {
        "name": "adapted",
        "from": start.source,
        "trained_on": sorted(agreed),
        "labels": "planes that views of the same well agree on; nobody picked",
        "planes_trained": planes,
        "self_agreement": {name: agreement._asdict() for name, agreement in agreed.items()},
        "field": field.name,
        "seen": exposures,
        "settings": settings.model_dump(mode="json"),
        "versions": {"geobfdt": __version__, "torch": torch.__version__},
    }
