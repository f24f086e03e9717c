"""Pretraining: the shipped weights, from a stream of simulated wells of every tool, rock and deviation.

    python -m geobfdt.training.pretraining --out RUN --steps 12000

A run that was killed goes on where it was when it is started again with the same settings.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from geobfdt._version import __version__
from geobfdt.evaluation.thresholds import OperatingPoint
from geobfdt.model.bundle import Bundle, Calibration, save_bundle
from geobfdt.model.curve.criterion import Losses, curve_loss
from geobfdt.model.curve.detection import detect
from geobfdt.model.curve.network import CurveNetwork
from geobfdt.model.curve_settings import DetectionSettings
from geobfdt.model.network_settings import CurveSettings
from geobfdt.runtime.storage import atomic_files
from geobfdt.simulation.layered import HELD_OUT_APPEARANCES, LayeredAppearance
from geobfdt.simulation.tools import ToolName
from geobfdt.training.confidence_calibration import InterpretedWell, calibrate_bundle
from geobfdt.training.distributed import leave
from geobfdt.training.drift_reference import measure_drift_reference
from geobfdt.training.prepared_wells import PreparedWell
from geobfdt.training.sources import SimulatedStream, draw_well, simulated_well
from geobfdt.training.training_loop import BEST, Outcome, mean_f1, train_network
from geobfdt.training.training_settings import TrainingSettings
from geobfdt.training.validation import validate
from geobfdt.wells.picks import CLASSES

__all__ = [
    "SHIPPED_SETTINGS",
    "average_weights",
    "bundle_of",
    "calibration_wells",
    "mean_network",
    "pretrain",
    "validation_wells",
]

# Seeds of the streams of wells, far from those that any score is measured on.
_TRAINING_SEED, _VALIDATION_SEED, _CALIBRATION_SEED, _REFERENCE_SEED = 1_000_000, 2_000_000, 3_000_000, 3_500_000
# Number of wells for validation, calibration and the drift reference, and their length.
_VALIDATION_WELLS, _CALIBRATION_WELLS, _REFERENCE_WELLS, _LENGTH_M = 20, 80, 240, 12.0
# Every sixth well has sixteen sectors: of random wells 3 in 100 have, which is too few to learn from.
_EXTRA_TOOL: tuple[ToolName, int] = ("lwd16", 6)
_LAYERED_WINDOWS = (1, 2)  # Every second window shows layered rock as real images show it.
# Settings of the shipped network. Rows over 25 mm are taken at a smaller scale, since the network was trained on finer
# ones. A bed beside a more probable one loses half a unit of log odds: that maximises the likelihood of 7,700 proposals
# on 60 simulated wells (stream 771200), on which the penalty for fractures comes out as none. Beds are picked from a
# probability of 0.3, and a query of such a probability has log odds of about -1.0 before it is penalised.
SHIPPED_SETTINGS = CurveSettings(
    coarsest_row=0.025,
    doubts=((1, -2.3), (2, -1.9), (4, -1.4)),
    detection=DetectionSettings(duplicate_penalties=(0.5, 0.0), duplicate_distance=0.04),
)
_WELLS_PER_APPEARANCE = 8  # Validation wells of each appearance that training never draws.


def pretrain(folder: Path, settings: TrainingSettings, start: Path | None = None, quiet: bool = False) -> Outcome:
    """
    Pretrain the ``curve`` network.

    Parameters
    ----------
    folder : Path
        Of the run.
    settings : TrainingSettings
        How long and how.
    start : Path, optional
        Weights to begin with, of this network or an earlier one: parts that they lack begin with random weights.
    quiet : bool
        Whether nothing is printed.
    """
    torch.manual_seed(settings.seed)
    sizes = SHIPPED_SETTINGS
    network = CurveNetwork(sizes)
    if start is not None:
        differences = network.load_state_dict(load_file(start), strict=False)
        if not quiet:
            print("new:", *differences.missing_keys, "left out:", *differences.unexpected_keys)  # noqa: T201
    check = _validation(quiet)

    def print_losses(step: int, losses: Losses) -> None:
        if not quiet and step % 100 == 0:
            print(step, *(f"{name} {float(x.detach()):.4f}" for name, x in losses._asdict().items()), flush=True)  # noqa: T201

    with SimulatedStream(
        _TRAINING_SEED + settings.seed, sizes.grid, more=_EXTRA_TOOL, layered=_LAYERED_WINDOWS
    ) as stream:
        return train_network(network, curve_loss, stream, settings, folder, check, print_losses)  # type: ignore[arg-type]


def validation_wells(
    count: int, appearances: Sequence[LayeredAppearance | None] = (None,), first: int = 0
) -> list[PreparedWell]:
    """
    Make wells of the stream by which weights are chosen.

    Parameters
    ----------
    count, first : int
        Number of wells, and the number of the first one in the stream.
    appearances : sequence of str or None
        Appearances that follow each other; None is an ordinary well.
    """
    grid = SHIPPED_SETTINGS.grid
    return [
        simulated_well(_VALIDATION_SEED, first + i, _LENGTH_M, grid, {}, appearances[i % len(appearances)])
        for i in range(count)
    ]


def _validation(quiet: bool) -> Callable[[nn.Module], dict[str, OperatingPoint]]:
    """Return a function that scores a network on ordinary wells and on appearances that training never draws."""
    ordinary = validation_wells(_VALIDATION_WELLS)
    others = validation_wells(_WELLS_PER_APPEARANCE * len(HELD_OUT_APPEARANCES), HELD_OUT_APPEARANCES)

    def check(network: nn.Module) -> dict[str, OperatingPoint]:
        points: dict[str, OperatingPoint] = {}
        for wells, of in ((ordinary, ""), (others, ", held-out looks")):
            operating = validate(lambda grid, radius: detect(network, grid, radius), wells)  # type: ignore[arg-type]
            points |= {name + of: point for name, point in operating.items()}
        if not quiet:
            print({k: np.round(v, 3).tolist() for k, v in points.items()}, flush=True)  # noqa: T201
        return points

    return check


def mean_network(initial: dict[str, Tensor], trained: dict[str, Tensor], share: float) -> CurveNetwork:
    """
    Make a network of the weighted mean of initial and trained weights; `share` (0 to 1) is that of `trained`.

    A run on a new kind of rock gains there and loses a little elsewhere; an average keeps most of both [1]_.

    References
    ----------
    .. [1] M. Wortsman et al., "Robust fine-tuning of zero-shot models", CVPR 2022.
    """
    network = CurveNetwork(SHIPPED_SETTINGS)
    network.load_state_dict(
        {
            name: (1 - share) * initial[name] + share * value if value.is_floating_point() else value
            for name, value in trained.items()
        }
    )
    return network.eval()


def average_weights(run: Path, start: Path, share: float, out: Path) -> None:
    """
    Average the best weights of a run with those it began with, and write them as a run for :func:`bundle_of`.

    Parameters
    ----------
    run : Path
        Folder of the run.
    start : Path
        Weights that it began with.
    share : float
        Weight of the run in the average (0 to 1).
    out : Path
        Folder of the average, with its score on the validation wells.
    """
    network = mean_network(load_file(start), load_file(run / BEST), share)
    steps = max(json.loads(line)["step"] for line in (run / "metrics.jsonl").read_text().splitlines())
    points = _validation(quiet=False)(network)
    row = {"step": steps, "score": mean_f1(points)[0], **{name: point._asdict() for name, point in points.items()}}
    with atomic_files(out) as part:
        save_file({name: value.contiguous() for name, value in network.state_dict().items()}, part / BEST)
        (part / "metrics.jsonl").write_text(json.dumps(row) + "\n")


def calibration_wells(appearances: Sequence[LayeredAppearance]) -> list[InterpretedWell]:
    """
    Make the wells for calibration: ordinary ones, layered ones and, in equal parts, those of some appearances.

    Parameters
    ----------
    appearances : sequence of str
        Appearances that training never draws. Leave one out to measure how well a calibration holds on a new one.
    """
    cycle: list[LayeredAppearance | None] = [None, None, "mixture", *appearances]
    return [draw_well(_CALIBRATION_SEED, i, _LENGTH_M, {}, cycle[i % len(cycle)]) for i in range(_CALIBRATION_WELLS)]


def bundle_of(run: Path, out: Path, minutes: float, note: str) -> Bundle:
    """
    Make the bundle that is shipped from the best weights of a run.

    Parameters
    ----------
    run : Path
        Folder of the run.
    out : Path
        Folder of the bundle.
    minutes : float
        Time that its training took, earlier runs included.
    note : str
        Origin of the bundle, for its card.
    """
    network = CurveNetwork(SHIPPED_SETTINGS)
    network.load_state_dict(load_file(run / BEST))
    network.eval()
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    best = max((row for row in rows if "score" in row), key=lambda row: float(row["score"]))
    card = {
        "name": "pretrained",
        "trained_on": f"a stream of simulated wells that never repeats (from seed {_TRAINING_SEED}), all tools",
        "note": note,
        "steps": best["step"],
        "minutes": minutes,
        "validation": best,
        "calibrated_on": f"{_CALIBRATION_WELLS} simulated wells of {_LENGTH_M:g} m, all looks, "
        f"stream {_CALIBRATION_SEED}",
        "versions": {"geobfdt": __version__, "torch": torch.__version__},
    }
    plain = Bundle(network, network.settings, {name: Calibration() for name in CLASSES}, card)
    bundle = calibrate_bundle(plain, calibration_wells(HELD_OUT_APPEARANCES))
    wells = [
        draw_well(_REFERENCE_SEED, i, _LENGTH_M, {}, "mixture" if i % 5 < 2 else None) for i in range(_REFERENCE_WELLS)
    ]
    reference = measure_drift_reference(bundle, [well.image for well in wells]).model_dump()
    del reference["features"]["range"]  # Simulated files run from 0 to 255; the range of a real file is in units.
    return save_bundle(replace(bundle, card={**card, "drift": reference}), out, half=True)


def _yes_or_no(word: str) -> bool:
    return {"yes": True, "no": False}[word]


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="folder of the run")
    parser.add_argument(
        "--from", dest="start", type=Path, help="weights to begin with; parts that they lack begin with random weights"
    )
    parser.add_argument("--mean-of", type=Path, metavar="RUN", help="average its best weights with those of --from")
    parser.add_argument("--share", type=float, default=0.5, help="of the run's weights in an average")
    parser.add_argument("--bundle", type=Path, help="make a bundle of the run's best weights instead of training")
    parser.add_argument("--minutes", type=float, default=0.0, help="for its card: what training took in all")
    parser.add_argument("--note", default="", help="for its card: origin of the bundle")
    for name, field in TrainingSettings.model_fields.items():
        kind = type(field.default)
        parser.add_argument(
            f"--{name}", type=_yes_or_no if kind is bool else kind, default=field.default, help=field.description
        )
    options = vars(parser.parse_args())
    out, start, bundle, minutes, note = (options.pop(name) for name in ("out", "start", "bundle", "minutes", "note"))
    run, share = options.pop("mean_of"), options.pop("share")
    if run is not None:
        average_weights(run, start, share, out)
        return
    if bundle is not None:
        result = bundle_of(out, bundle, minutes, note)
        print(result.source, result.calibration)  # noqa: T201
        return
    print(pretrain(out, TrainingSettings(**options), start)[1:])  # noqa: T201
    leave()


if __name__ == "__main__":
    main()
