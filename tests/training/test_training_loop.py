"""The loop: the same weights every time, whatever befalls the run."""

from __future__ import annotations

import json
import math
import os
import runpy
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from geobfdt.evaluation.thresholds import OperatingPoint
from geobfdt.model.curve.criterion import Losses, curve_loss
from geobfdt.model.curve.network import CurveNetwork
from geobfdt.runtime.findings import InputError
from geobfdt.training.sources import FixedWells
from geobfdt.training.training_loop import Outcome, train_network
from geobfdt.training.training_settings import TrainingSettings

QUICK = TrainingSettings(steps=6, batch=2, rows=128, warmup=2, every=3)

SCRIPT = """
import sys, time
from pathlib import Path
import numpy as np
import torch
torch.set_num_threads(1)
from safetensors.torch import save_file
from geobfdt.evaluation.thresholds import OperatingPoint
from geobfdt.model.curve.criterion import curve_loss
from geobfdt.model.curve.network import CurveNetwork
from geobfdt.model.network_settings import CurveSettings
from geobfdt.training.training_loop import train_network
from geobfdt.training.training_settings import TrainingSettings
from geobfdt.training.sources import FixedWells
from geobfdt.training.prepared_wells import load

sizes, settings = CurveSettings.model_validate_json(sys.argv[1]), TrainingSettings.model_validate_json(sys.argv[2])
folder, wait = Path(sys.argv[3]), float(sys.argv[4])

def check(network):
    score = abs(float(next(network.parameters()).detach().sum())) % 0.01
    return {"bedding": OperatingPoint(0.5, score, 1.0, 1.0, 1.0, 9)}

torch.manual_seed(5)
outcome = train_network(
    CurveNetwork(sizes), curve_loss, FixedWells([load(Path(sys.argv[5]))]), settings, folder, check,
    lambda step, losses: time.sleep(wait if step > settings.every else 0),
)
save_file({k: v.contiguous() for k, v in outcome.weights.items()}, folder / "outcome.safetensors")
(folder / "outcome.txt").write_text(f"{outcome.score} {outcome.step}")
"""


def run(sizes: Any, well: Any, settings: TrainingSettings, folder: Path, check: Any = None) -> Outcome:
    """Train a small network."""
    torch.manual_seed(5)
    return train_network(CurveNetwork(sizes), curve_loss, FixedWells([well()]), settings, folder, check)


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    """Whether all tensors are the same to the bit."""
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def point(f1: float) -> dict[str, OperatingPoint]:
    """A score."""
    return {"bedding": OperatingPoint(0.5, f1, f1, f1, f1, 9)}


def log(folder: Path) -> list[dict[str, Any]]:
    """Rows of the metrics."""
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def test_the_same_weights_again(sizes: Any, well: Any, tmp_path: Path) -> None:
    """Two runs agree to the bit; another seed does not."""
    one, two = (run(sizes, well, QUICK, tmp_path / name).weights for name in "ab")
    other = run(sizes, well, QUICK.model_copy(update={"seed": 1}), tmp_path / "c").weights
    assert same(one, two)
    assert not same(one, other)


@pytest.mark.parametrize("optimiser", ["adamw", "adam", "sgd"])
def test_going_on_is_as_never_stopping(sizes: Any, well: Any, tmp_path: Path, optimiser: str) -> None:
    """A run that stops after a checkpoint and goes on makes the weights of one that did not."""
    settings = QUICK.model_copy(update={"optimiser": optimiser, "cooling": 0.0})
    whole = run(sizes, well, settings, tmp_path / "whole")
    run(sizes, well, settings.model_copy(update={"steps": 3}), tmp_path / "parts")
    parts = run(sizes, well, settings, tmp_path / "parts")
    assert whole.step == parts.step == 6
    assert same(whole.weights, parts.weights)
    assert same(*(load_file(tmp_path / name / "checkpoint.safetensors") for name in ("whole", "parts")))


def test_a_finished_run_is_not_run_again(sizes: Any, well: Any, tmp_path: Path) -> None:
    """Started once more it answers at once, with the same weights."""
    scores = iter([0.0, 0.3, 0.2])
    one = run(sizes, well, QUICK, tmp_path, lambda _network: point(next(scores)))
    again = run(sizes, well, QUICK, tmp_path, lambda _network: pytest.fail("nothing is left to do"))
    assert same(one.weights, again.weights)
    assert one[1:3] == again[1:3] == (0.3, 3)
    assert one.before == again.before == 0.0
    assert one.earlier == 0 < again.earlier


def test_what_no_checkpoint_holds_is_forgotten(sizes: Any, well: Any, tmp_path: Path) -> None:
    """A run that was killed before its first checkpoint begins anew, and its metrics with it."""
    (tmp_path / "metrics.jsonl").write_text('{"step": 0, "score": 0.1}\n{"step": 2, "total": 9.0}\n')
    run(sizes, well, QUICK, tmp_path, lambda _network: point(0.5))
    assert [row["step"] for row in log(tmp_path) if "score" in row] == [0, 3, 6]
    assert not any(row.get("total") == 9.0 for row in log(tmp_path))


@pytest.mark.process
def test_killed_in_the_middle(sizes: Any, well: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed by signal 9 after the first checkpoint, then started again: all files as of a run that nobody killed."""
    from geobfdt.training.prepared_wells import save

    save(well(), tmp_path / "well")
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    settings = TrainingSettings(steps=24, batch=1, rows=128, warmup=2, every=8)
    arguments = [sizes.model_dump_json(), settings.model_dump_json()]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}

    def start(name: str, wait: float) -> subprocess.Popen[bytes]:
        words = [sys.executable, str(script), *arguments, str(tmp_path / name), str(wait), str(tmp_path / "well")]
        return subprocess.Popen(words, env=environment, stderr=subprocess.PIPE)

    killed = start("killed", 0.3)
    checkpoint = tmp_path / "killed" / "checkpoint.safetensors"
    until = time.monotonic() + 60
    while not checkpoint.exists():
        assert killed.poll() is None, killed.communicate()[1].decode()
        assert time.monotonic() < until
        time.sleep(0.02)
    time.sleep(0.4)  # it is past the checkpoint then
    killed.send_signal(signal.SIGKILL)
    assert killed.wait() == -signal.SIGKILL
    killed.communicate()
    assert not (tmp_path / "killed" / "outcome.txt").exists()
    with (tmp_path / "killed" / "metrics.jsonl").open("a") as file:
        file.write('{"step": 20, "total": 1.0}\n{"step": 2')  # as if it had got further, and been cut short
    again = start("killed", 0.0)
    with monkeypatch.context() as patch:
        patch.setattr(sys, "argv", [str(script), *arguments, str(tmp_path / "whole"), "0", str(tmp_path / "well")])
        runpy.run_path(str(script))
    error = again.communicate(timeout=60)[1]
    assert again.returncode == 0, error.decode()
    for name in ("checkpoint.safetensors", "best.safetensors", "outcome.safetensors"):
        assert same(*(load_file(tmp_path / run / name) for run in ("killed", "whole"))), name
    assert len({(tmp_path / run / "outcome.txt").read_text() for run in ("killed", "whole")}) == 1
    rows = [
        [{k: v for k, v in row.items() if k != "seconds"} for row in log(tmp_path / run)] for run in ("killed", "whole")
    ]
    assert rows[0] == rows[1]
    for kind in ("total", "score"):
        steps = [row["step"] for row in rows[0] if kind in row]
        assert len(steps) == len(set(steps)) > 0
        assert steps == sorted(steps)


def test_patience(sizes: Any, well: Any, tmp_path: Path) -> None:
    """It stops after two validations without a better score, and hands back the weights of the best."""
    scores, calls = iter([0.1, 0.2, 0.5, 0.4, 0.5, 0.9]), []

    def check(network: nn.Module) -> dict[str, OperatingPoint]:
        calls.append({name: value.clone() for name, value in network.state_dict().items()})
        assert not network.training
        return point(next(scores))

    settings = QUICK.model_copy(update={"steps": 20, "every": 1, "patience": 2})
    outcome = run(sizes, well, settings, tmp_path, check)
    assert len(calls) == 5
    assert outcome[1:3] == (0.5, 2)
    assert same(outcome.weights, calls[2])
    assert not same(outcome.weights, calls[4])
    assert [row["score"] for row in log(tmp_path)] == [0.1, 0.2, 0.5, 0.4, 0.5]


def test_training_that_harms_changes_nothing(sizes: Any, well: Any, tmp_path: Path) -> None:
    """Where no step beats what a run began with, that is handed back; a run that goes on still knows it."""
    settings = QUICK.model_copy(update={"steps": 2, "every": 1})
    for steps, scores in ((2, [0.9, 0.5, 0.6]), (3, [0.7])):
        next_scores = iter(scores)
        more = settings.model_copy(update={"steps": steps})
        outcome = run(sizes, well, more, tmp_path, lambda _network, next_scores=next_scores: point(next(next_scores)))
        assert outcome[1:3] == (0.9, 0)
        torch.manual_seed(5)
        assert same(outcome.weights, CurveNetwork(sizes).state_dict())


def test_doubt_keeps_what_a_run_began_with(sizes: Any, well: Any, tmp_path: Path) -> None:
    """0.5 of nine planes is known to 0.17: half of that more is asked of the first to beat it, nothing of the next."""
    for folder, scores, best in (("kept", [0.5, 0.58, 0.4], (0.5, 0)), ("beaten", [0.5, 0.59, 0.6], (0.6, 2))):
        next_scores = iter(scores)
        settings = QUICK.model_copy(update={"steps": 2, "every": 1, "doubt": 0.5})
        outcome = run(
            sizes, well, settings, tmp_path / folder, lambda _network, next_scores=next_scores: point(next(next_scores))
        )
        assert outcome[1:3] == best


def test_scores_that_are_none(sizes: Any, well: Any, tmp_path: Path) -> None:
    """Where nothing could be scored there is no best; any score beats none."""
    scores = iter([math.nan, math.nan, 0.0, math.nan])
    settings = QUICK.model_copy(update={"steps": 3, "every": 1})
    outcome = run(sizes, well, settings, tmp_path, lambda _network: point(next(scores)))
    assert outcome[1:3] == (0.0, 2)


@pytest.mark.parametrize("file", ["checkpoint.safetensors", "best.safetensors"])
@pytest.mark.parametrize("share", [0.0, 0.5, 0.99])
def test_damaged_files(sizes: Any, well: Any, tmp_path: Path, file: str, share: float) -> None:
    """A cut file of the run is named in one line."""
    run(sizes, well, QUICK.model_copy(update={"steps": 1, "every": 1}), tmp_path, lambda _network: point(0.5))
    whole = (tmp_path / file).read_bytes()
    (tmp_path / file).write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(InputError) as caught:
        run(sizes, well, QUICK, tmp_path, lambda _network: point(0.5))
    assert str(caught.value).startswith(str(tmp_path / file))
    assert "\n" not in str(caught.value)


def test_checkpoint_of_another_network(sizes: Any, well: Any, tmp_path: Path) -> None:
    """Other sizes cannot go on from it."""
    run(sizes, well, QUICK.model_copy(update={"steps": 1}), tmp_path)
    with pytest.raises(InputError, match=r"checkpoint\.safetensors: .*new folder"):
        run(sizes.model_copy(update={"features": 12}), well, QUICK, tmp_path)


class Scale(nn.Module):
    """One number."""

    def __init__(self) -> None:
        super().__init__()
        self.matrix = nn.Parameter(torch.ones(1, 1))


def linear(network: nn.Module, *_: Any) -> Losses:
    """A loss whose gradient is always 1."""
    total = network.matrix.sum()
    return Losses(total, total, total, total)


def test_the_rate(well: Any, tmp_path: Path) -> None:
    """A ramp of four steps, a level, half a cosine to nought: read off the steps that plain descent takes."""
    settings = QUICK.model_copy(
        update={
            "steps": 20,
            "warmup": 4,
            "cooling": 0.5,
            "decay": 0.0,
            "rate": 0.01,
            "average": 0.0,
            "optimiser": "sgd",
        }
    )
    network, calls = Scale(), [1.0]
    train_network(
        network, linear, FixedWells([well()]), settings, tmp_path, None, lambda *_: calls.append(network.matrix.item())
    )
    moves, speed = -np.diff(calls), 0.0
    for step, move in enumerate(moves):
        rate = min((step + 1) / 4, 1.0) if step < 10 else (1 + math.cos(math.pi * (step - 10) / 10)) / 2
        speed = 0.9 * speed + 1.0
        assert move == pytest.approx(0.01 * rate * speed, rel=1e-3, abs=1e-6), step


def test_the_average(well: Any, tmp_path: Path) -> None:
    """The weights handed back are the running average of those after each step."""
    settings = QUICK.model_copy(update={"steps": 5, "decay": 0.0, "average": 0.3})
    network, average = Scale(), 1.0
    calls: list[float] = []
    outcome = train_network(
        network, linear, FixedWells([well()]), settings, tmp_path, None, lambda *_: calls.append(network.matrix.item())
    )
    for step, value in enumerate(calls):
        keep = min(0.3, (step + 1) / (step + 10))
        average = keep * average + (1 - keep) * value
    assert outcome.weights["matrix"].item() == pytest.approx(average, rel=1e-6)


def test_a_gradient_that_is_no_number_moves_nothing(well: Any, tmp_path: Path) -> None:
    """The step is left out, and the next goes on."""

    def broken(network: nn.Module, *_: Any) -> Losses:
        total = network.matrix.sum() * (math.nan if len(calls) == 1 else 1.0)
        return Losses(total, total, total, total)

    network = Scale()
    calls: list[float] = []
    settings = QUICK.model_copy(update={"steps": 3, "decay": 0.0})
    train_network(
        network, broken, FixedWells([well()]), settings, tmp_path, None, lambda *_: calls.append(network.matrix.item())
    )
    assert calls[0] < 1
    assert calls[1] == calls[0]
    assert calls[2] < calls[1]


def test_frozen_norm(sizes: Any, well: Any, tmp_path: Path) -> None:
    """Batch statistics stay as they are where that is asked, and move where not."""
    torch.manual_seed(5)
    before = CurveNetwork(sizes).state_dict()
    for frozen in (True, False):
        settings = QUICK.model_copy(update={"frozen_norm": frozen, "steps": 2})
        after = run(sizes, well, settings, tmp_path / str(frozen)).weights
        names = [name for name in after if "running" in name]
        assert names
        assert all(torch.equal(before[name], after[name]) == frozen for name in names)


def test_metrics(sizes: Any, well: Any, tmp_path: Path) -> None:
    """Losses every twenty steps, with their parts; nothing else without a check."""
    run(sizes, well, QUICK.model_copy(update={"steps": 41, "batch": 1}), tmp_path)
    rows = log(tmp_path)
    assert [row["step"] for row in rows] == [20, 40]
    assert {"total", "vote", "classes", "distance", "norm", "seconds"} <= set(rows[0])
    assert rows[1]["total"] < 2 * rows[0]["total"]
