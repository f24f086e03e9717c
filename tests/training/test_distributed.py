"""Two processes that train together: the same weights in both, and the gradient of all windows."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from geobfdt.model.curve.criterion import curve_loss
from geobfdt.model.curve.network import CurveNetwork
from geobfdt.training import distributed
from geobfdt.training.prepared_wells import save

SCRIPT = """
import sys
from pathlib import Path
import numpy as np
import torch
torch.set_num_threads(1)
from safetensors.torch import save_file
from geobfdt.evaluation.thresholds import OperatingPoint
from geobfdt.model.curve.criterion import curve_loss
from geobfdt.model.curve.network import CurveNetwork
from geobfdt.model.network_settings import CurveSettings
from geobfdt.training import distributed
from geobfdt.training.training_loop import train_network
from geobfdt.training.training_settings import TrainingSettings
from geobfdt.training.sources import FixedWells
from geobfdt.training.prepared_wells import load

sizes, settings = CurveSettings.model_validate_json(sys.argv[1]), TrainingSettings.model_validate_json(sys.argv[2])
out, well = Path(sys.argv[3]), load(Path(sys.argv[4]))
distributed.join()
rank = torch.distributed.get_rank()
windows = distributed.share([well.window(0, 128), well.window(200, 128)])
assert len(windows) == 1
torch.manual_seed(1)
network = CurveNetwork(sizes)
grids = torch.from_numpy(np.stack([window.grid for window in windows]))
losses = curve_loss(network, grids, [window.targets for window in windows], np.random.default_rng(0))
losses.total.backward()
distributed.average(network)
state = {"gradient/" + name: part.grad for name, part in network.named_parameters()}
state |= {"buffer/" + name: part.float() for name, part in network.named_buffers()}
save_file({name: value.contiguous() for name, value in state.items()}, out / f"averaged-{rank}.safetensors")

def talking():
    names = [thread.read_text() for thread in Path("/proc/self/task").glob("*/comm")]
    return sum("gloo" in name for name in names)

asked = []

def check(network):
    asked.append(rank)
    return {"bedding": OperatingPoint(0.5, 0.5, 0.5, 0.5, 0.5, 9)}

torch.manual_seed(2)
network = CurveNetwork(sizes)
told, drawn = [], []

def loss(network, grids, targets, rng):
    drawn.append(f"{len(targets)} {rng.random()}")
    return curve_loss(network, grids, targets, rng)

train_network(
    network, loss, FixedWells([well]), settings, out / f"run-{rank}", check, lambda *_: told.append(rank)
)
(out / f"drawn-{rank}.txt").write_text(",".join(drawn))
save_file({k: v.contiguous() for k, v in network.state_dict().items()}, out / f"weights-{rank}.safetensors")
(out / f"told-{rank}.txt").write_text(f"{len(told)} {len(asked)}")
# Each has a score of its own; all go by the first's.
(out / f"agreed-{rank}.txt").write_text(str(distributed.agree(0.25 + rank, 7.0 * rank)))
before, _ = talking(), distributed.leave()
(out / f"left-{rank}.txt").write_text(f"{before} {talking()}")
"""


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory, sizes: Any, well: Any) -> Path:
    """What two processes left."""
    out = tmp_path_factory.mktemp("distributed")
    save(well(), out / "well")
    (out / "script.py").write_text(SCRIPT)
    from geobfdt.training.training_settings import TrainingSettings

    settings = TrainingSettings(steps=3, batch=3, rows=128, warmup=1, every=2)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    processes = []
    for rank in range(2):
        environment = {
            **os.environ, "RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1",
            "MASTER_PORT": str(port), "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": "",
        }  # fmt: skip
        words = [sys.executable, str(out / "script.py"), sizes.model_dump_json(), settings.model_dump_json()]
        words += [str(out), str(out / "well")]
        processes.append(subprocess.Popen(words, env=environment, stderr=subprocess.PIPE, text=True))
    for process in processes:
        error = process.communicate(timeout=120)[1]
        assert process.returncode == 0, error
    return out


@pytest.mark.process
def test_both_end_with_the_same_weights(out: Path, sizes: Any) -> None:
    """To the bit, batch statistics and all; and not where they began."""
    one, other = (load_file(out / f"weights-{rank}.safetensors") for rank in range(2))
    torch.manual_seed(2)
    start = CurveNetwork(sizes).state_dict()
    assert one.keys() == other.keys() == start.keys()
    for name in one:
        assert torch.equal(one[name], other[name]), name
    assert any(not torch.equal(one[name], start[name]) for name in one)


@pytest.mark.process
def test_each_takes_as_many_windows_and_draws_of_its_own(out: Path) -> None:
    """Three a step are made four, two each; they are not all turned and bent alike."""
    one, other = ([step.split() for step in (out / f"drawn-{rank}.txt").read_text().split(",")] for rank in range(2))
    assert [count for count, _ in one + other] == 6 * ["2"]
    assert len({draw for _, draw in one + other}) == 6


@pytest.mark.process
@pytest.mark.skipif(sys.platform != "linux", reason="threads are counted in /proc")
def test_no_thread_is_left_to_the_end(out: Path) -> None:
    """One that outlives Python's own end aborts the process, now and then."""
    before, after = zip(*((out / f"left-{rank}.txt").read_text().split() for rank in range(2)), strict=True)
    assert min(map(int, before)) >= 1
    assert after == ("0", "0")


@pytest.mark.process
def test_only_the_first_writes_and_tells(out: Path) -> None:
    """Metrics, scores, checkpoint and best weights are the first's; the other leaves no file."""
    files = {file.name for file in (out / "run-0").iterdir()}
    assert files == {"metrics.jsonl", "checkpoint.safetensors", "best.safetensors"}
    assert not list((out / "run-1").iterdir())
    assert [(out / f"told-{rank}.txt").read_text() for rank in range(2)] == ["3 3", "0 0"]
    assert [(out / f"agreed-{rank}.txt").read_text() for rank in range(2)] == 2 * ["[0.25, 0.0]"]


@pytest.mark.process
def test_the_gradient_is_the_mean(out: Path, sizes: Any, well: Any) -> None:
    """Of the gradients that each window gives alone; so are the batch statistics, and nothing else changes."""
    prepared, parts = well(), []
    for first in (0, 200):
        window = prepared.window(first, 128)
        torch.manual_seed(1)
        network = CurveNetwork(sizes)
        grids = torch.from_numpy(window.grid[None].copy())
        curve_loss(network, grids, [window.targets], np.random.default_rng(0)).total.backward()
        state = {"gradient/" + name: part.grad for name, part in network.named_parameters()}
        parts.append(state | {"buffer/" + name: part.float() for name, part in network.named_buffers()})
    for rank in range(2):
        got = load_file(out / f"averaged-{rank}.safetensors")
        assert got.keys() == parts[0].keys()
        for name, value in got.items():
            torch.testing.assert_close(value, (parts[0][name] + parts[1][name]) / 2, rtol=1e-4, atol=1e-6, msg=name)
    assert any(not torch.allclose(parts[0][name], parts[1][name]) for name in got)


def test_alone_there_is_nothing_to_share(well: Any) -> None:
    """Without other processes all windows are ours, and we are the first."""
    windows = [well().window(0, 16), well().window(16, 16)]
    assert distributed.share(windows) is windows
    assert distributed.is_first()
    network = torch.nn.Linear(1, 1)
    network.weight.grad = torch.full((1, 1), 3.0)
    distributed.average(network)
    assert network.weight.grad.item() == 3
    assert network.bias.grad is None
