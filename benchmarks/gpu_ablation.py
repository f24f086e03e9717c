"""The ablation of backbones on one large GPU: cells side by side, rows as they come.

    python benchmarks/gpu_ablation.py RUNS/gpu --size full --depths 10 34 --seeds 3 --windows 60000 --together 6
    python benchmarks/gpu_ablation.py RUNS/gpu --size half --depths 10 14 18 34 --seeds 3 --windows 60000 --together 6
    python benchmarks/gpu_ablation.py RUNS/try --size tiny --device cpu --depths 10 --seeds 1 --windows 160 --batch 8

Makes the field (`geobfdt simulate --like published`, seed 2026) and brings it to the network's grid once. Each cell is
a process of its own: wells lie on the device as uint8, windows are cut and their look is changed there, layers run in
bfloat16 but for the heads, and the matching of each cell has a CPU core to itself. `full` is the published size (800 x
360 pixels, 4 + 4 layers, 256 channels, 100 queries), `half` half its width, both with the positions and loss weights of
`detr-small`; `--published` takes the published ones instead.

At every check a row goes to ``rows.csv``: depth, seed, windows, seconds, loss, F1 by class on training and on held-out
wells (trace RMS 5 cm), class error at confidence 0 and 0.5. A cell stops at its windows or when ``--minutes`` are over.
A cell that is in ``rows.csv`` with all its windows is not run again.
"""

from __future__ import annotations

import argparse
import csv
import fcntl
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from geobfdt.evaluation.thresholds import operating_points
from geobfdt.model.detr.criterion import detr_loss, published_columns
from geobfdt.model.detr.network import DetrNetwork
from geobfdt.model.network_settings import DETR_SMALL, DetrSettings
from geobfdt.model.presets import plane_finder
from geobfdt.training.field_wells import prepared_field
from geobfdt.training.learning_curve import class_f1
from geobfdt.training.prepared_wells import PreparedWell
from geobfdt.training.validation import tables

SEED = 2026  # Of the field.
TESTED, VALIDATED = ("W02", "W06", "W11"), ("W08",)  # The rest is trained on.
TOLERANCE = 0.05  # Trace RMS of a match (m).
RATE, WARMUP, CLIP, DECAY, AVERAGE = 4e-4, 200, 1.0, 0.02, 0.998  # Published rate at full width; see `rate_of`.
COLUMNS = (
    "size", "depth", "seed", "windows", "all_windows", "seconds", "mib", "loss", "bedding_trained_f1",
    "fracture_trained_f1", "bedding_f1", "fracture_f1", "class_error_0_pct", "class_error_50_pct",
)  # fmt: skip
_CHANCE = 0.3  # Of each change of a window's look, as in geobfdt.training.published_augmentation.
_MIDDLE = 128.0  # Grid value of the local mean.


def sizes_of(size: str, depth: int, published: bool) -> DetrSettings:
    """Settings of a cell."""
    if size == "tiny":
        return DETR_SMALL.model_copy(update={"depth": depth, "width": 0.125})
    recipe = {
        name: getattr(DETR_SMALL, name)
        for name in ("position_wave", "temperature", "input_positions", "feature_scale", "class_weight", "dropout")
    } | {"distance_weight": DETR_SMALL.distance_weight}
    extra = {} if published else recipe
    return DetrSettings(depth=depth, width=1.0 if size == "full" else 0.5, confidence=0.0, **extra)  # type: ignore[arg-type]


def prepared_wells(out: Path, sizes: DetrSettings) -> dict[str, PreparedWell]:
    """Make the field and bring it to the grid, once."""
    import geobfdt

    field = out / "field"
    if not field.exists():
        geobfdt.simulate(out / "simulated", geobfdt.SimulateOptions(like="published", seed=SEED))
        geobfdt.ingest(
            sorted((out / "simulated").glob("*.dlis")), field, geobfdt.IngestOptions(picks=out / "simulated")
        )
    return prepared_field(field, sizes.grid, out / f"{1000 * sizes.step:g}mm-{sizes.columns}")


class DeviceWells:
    """
    Wells on a device, and the windows that are cut from them there.

    Parameters
    ----------
    wells : list of PreparedWell
        Wells to train on.
    rows : int
        Rows of a window.
    device : torch.device
        Where they lie.
    """

    def __init__(self, wells: list[PreparedWell], rows: int, device: torch.device) -> None:
        self.rows, self.device = rows, device
        # Targets need no pixels, which stay on the device.
        self.wells = [replace(well, grid=np.empty((len(well.grid), 0), np.uint8)) for well in wells]
        self.starts = np.cumsum([0, *(len(well.grid) for well in wells)])[:-1]
        self.grid = torch.from_numpy(np.concatenate([well.grid for well in wells])).to(device)
        spare = np.array([len(well.grid) - rows for well in wells])
        self.spare, self.share = spare, spare / spare.sum()

    def windows(self, count: int, rng: np.random.Generator) -> tuple[Tensor, list[Any]]:
        """Grids (count, rows, columns) on the device and their targets."""
        which = rng.choice(len(self.wells), count, p=self.share)
        firsts = [int(rng.integers(self.spare[i] + 1)) for i in which]
        targets = [self.wells[i].window(first, self.rows).targets for i, first in zip(which, firsts, strict=True)]
        first = torch.as_tensor(self.starts[which] + firsts, device=self.device)
        return self.grid[first[:, None] + torch.arange(self.rows, device=self.device)], targets


def changed_look(grids: Tensor, generator: torch.Generator) -> Tensor:
    """
    Change the look of windows on their device: colour jitter, blur, sharpen, emboss, median, noise, as published.

    Parameters
    ----------
    grids : Tensor (batch, rows, columns) of uint8
        Windows; 0 where nothing was measured.
    generator : Generator
        Of the same device.
    """
    measured = grids > 0
    image = torch.where(measured, grids.float(), _MIDDLE)[:, None]

    def draw(low: float, high: float) -> Tensor:
        return low + (high - low) * torch.rand(len(grids), 1, 1, 1, device=grids.device, generator=generator)

    def filtered(kernel: list[list[float]]) -> Tensor:
        weight = torch.tensor(kernel, device=grids.device)[None, None]
        return functional.conv2d(functional.pad(image, (1, 1, 1, 1), mode="replicate"), weight / weight.abs().sum())

    def median() -> Tensor:
        patches = functional.unfold(functional.pad(image, (1, 1, 1, 1), mode="replicate"), 3)
        return patches.median(dim=1).values.reshape(image.shape)

    soft = [[1.0, 2.0, 1.0], [2.0, 4.0, 2.0], [1.0, 2.0, 1.0]]
    slope = [[-1.0, -1.0, 0.0], [-1.0, 0.0, 1.0], [0.0, 1.0, 1.0]]
    changes = (
        lambda: (image - _MIDDLE) * draw(0.7, 1.3) + _MIDDLE * draw(0.8, 1.2),
        lambda: torch.lerp(image, filtered(soft), draw(0.3, 1.0)),
        lambda: image + draw(0.3, 1.5) * (image - filtered(soft)),
        lambda: image + 6 * draw(0.05, 0.2) * filtered(slope),
        median,
        lambda: image + draw(2.0, 15.0) * torch.randn(image.shape, device=grids.device, generator=generator),
    )
    for change in changes:
        image = torch.where(draw(0.0, 1.0) < _CHANCE, change(), image)
    return torch.where(measured, image[:, 0].round().clamp(1, 255), 0).to(torch.uint8)


def rate_of(step: int, steps: int, width: float) -> float:
    """Learning rate: the published one over the width, a ramp up, a level, half a cosine over the last 30 %."""
    share = max((step - 0.7 * steps) / (0.3 * steps), 0.0)
    return RATE / width * min((step + 1) / WARMUP, 1.0) * 0.5 * (1 + np.cos(np.pi * min(share, 1.0)))


def run_cell(arguments: argparse.Namespace, depth: int, seed: int) -> None:
    """Train a cell and write a row at every check."""
    torch.set_num_threads(1)
    device = torch.device(arguments.device)
    sizes = sizes_of(arguments.size, depth, arguments.published)
    wells = prepared_wells(arguments.out, sizes)
    tested, validated = ([wells[name] for name in names] for names in (TESTED, VALIDATED))
    trained = [well for name, well in wells.items() if name not in {*TESTED, *VALIDATED}]
    source = DeviceWells(trained, sizes.rows, device)
    torch.manual_seed(seed)
    network = DetrNetwork(sizes).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    average = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(AVERAGE), use_buffers=True)
    wide = [part for part in network.parameters() if part.ndim > 1]
    rest = [part for part in network.parameters() if part.ndim <= 1]
    groups = [{"params": wide, "weight_decay": DECAY}, {"params": rest, "weight_decay": 0.0}]
    optimiser = torch.optim.AdamW(groups, RATE, fused=device.type == "cuda")
    generator = torch.Generator(device).manual_seed(seed)
    steps = max(arguments.windows // arguments.batch, 1)
    every = max(steps // arguments.checks, 1)
    began = time.monotonic()
    for step in range(steps):
        rng = np.random.default_rng([seed, step])
        grids, targets = source.windows(arguments.batch, rng)
        if arguments.augmentation == "published":
            grids = changed_look(grids, generator)
        for group in optimiser.param_groups:
            group["lr"] = rate_of(step, steps, sizes.width)
        network.train()
        optimiser.zero_grad(set_to_none=True)
        with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
            losses = detr_loss(network, grids, targets, rng)
        losses.total.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(network.parameters(), CLIP)
        optimiser.step()
        average.update_parameters(network)
        over = time.monotonic() - began > 60 * arguments.minutes
        if (step + 1) % every == 0 or step + 1 == steps or over:
            row = {
                "size": arguments.size, "depth": depth, "seed": seed, "windows": (step + 1) * arguments.batch,
                "all_windows": steps * arguments.batch, "seconds": round(time.monotonic() - began, 1),
                "mib": torch.cuda.max_memory_allocated() // 2**20 if device.type == "cuda" else 0,
                "loss": round(float(losses.total.detach()), 4),
                **checked(average.module.eval(), trained[: len(tested)], validated, tested),
            }  # fmt: skip
            write_row(arguments.out / "rows.csv", row)
        if over:
            break


def checked(
    network: Any, trained: list[PreparedWell], validated: list[PreparedWell], tested: list[PreparedWell]
) -> dict[str, float]:
    """F1 by class on training and held-out wells, and class error of the published tables on held-out windows."""
    find = plane_finder(network)
    points = operating_points(*tables(find, validated), TOLERANCE)
    least = {name: point.threshold for name, point in points.items()}
    row: dict[str, float] = {}
    for part, wells in (("trained_f1", trained), ("f1", tested)):
        row |= {f"{name}_{part}": round(f1, 4) for name, f1 in class_f1(*tables(find, wells), least, TOLERANCE).items()}
    rows, device = network.settings.rows, next(network.parameters()).device
    wrong = unsure = planes = 0.0
    for well in tested:
        for first in range(0, len(well.grid) - rows + 1, 4 * rows):
            window = well.window(first, rows)
            columns = published_columns(
                network, torch.from_numpy(window.grid[None].copy()).to(device), [window.targets]
            )
            if columns.planes:
                wrong += columns.planes * columns.class_error
                unsure += columns.planes * columns.class_error_at_half
                planes += columns.planes
    row["class_error_0_pct"], row["class_error_50_pct"] = (round(part / max(planes, 1), 3) for part in (wrong, unsure))
    return row


def write_row(file: Path, row: dict[str, Any]) -> None:
    """Add a row; cells that write at once wait for each other."""
    with file.open("a", newline="") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        writer = csv.DictWriter(stream, COLUMNS)
        if stream.tell() == 0:
            writer.writeheader()
        writer.writerow(row)
    print(" ".join(f"{name}={row.get(name)}" for name in COLUMNS), flush=True)


def finished(file: Path) -> set[tuple[str, int, int]]:
    """Cells that have all their windows."""
    if not file.exists():
        return set()
    with file.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    whole = (row for row in rows if row["windows"] == row["all_windows"])
    return {(row["size"], int(row["depth"]), int(row["seed"])) for row in whole}


def main() -> None:
    """Run the cells that are not finished, some at a time."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--size", choices=("full", "half", "tiny"), default="full")
    parser.add_argument("--published", action="store_true", help="published positions, loss weights and dropout")
    parser.add_argument("--depths", type=int, nargs="+", choices=(10, 14, 18, 34), default=[10, 34])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--windows", type=int, default=60_000, help="of each cell")
    parser.add_argument("--minutes", type=float, default=9.0, help="of each cell, at most")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--checks", type=int, default=10)
    parser.add_argument("--augmentation", choices=("published", "none"), default="published")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--together", type=int, default=6, help="cells side by side")
    parser.add_argument("--cell", type=int, nargs=2, metavar=("DEPTH", "SEED"), help="run this cell, in this process")
    arguments = parser.parse_args()
    if arguments.cell:
        run_cell(arguments, *arguments.cell)
        return
    arguments.out.mkdir(parents=True, exist_ok=True)
    prepared_wells(arguments.out, sizes_of(arguments.size, 10, arguments.published))
    rows_done = finished(arguments.out / "rows.csv")
    cells = [(depth, seed) for seed in range(arguments.seeds) for depth in arguments.depths]
    waiting = [cell for cell in cells if (arguments.size, *cell) not in rows_done]
    running: list[subprocess.Popen[bytes]] = []
    failed = 0
    while waiting or running:
        while waiting and len(running) < arguments.together:
            depth, seed = waiting.pop(0)
            running.append(subprocess.Popen([sys.executable, *sys.argv, "--cell", str(depth), str(seed)]))
        time.sleep(0.2)
        failed += sum(process.poll() not in (None, 0) for process in running)
        running = [process for process in running if process.poll() is None]
    if failed:
        sys.exit(f"{failed} cells failed; the same command runs them again")


if __name__ == "__main__":
    main()
