"""Checkpoints: the complete state of a training run, in files that hold numbers only."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn
from torch.optim import Optimizer

from geobfdt.runtime.findings import InputError
from geobfdt.runtime.storage import atomic_path

__all__ = ["resume", "save_checkpoint"]

_FILE = "checkpoint.safetensors"


def save_checkpoint(
    folder: Path, network: nn.Module, average: dict[str, Tensor], optimiser: Optimizer, state: dict[str, Any]
) -> None:
    """
    Write a checkpoint, whole or not at all.

    Parameters
    ----------
    folder : Path
        Of the run.
    network : Module
        Its weights and batch statistics.
    average : dict of str to Tensor
        Running average of them.
    optimiser : Optimizer
        Its moments.
    state : dict
        The step, and whatever else is a number or a word.
    """
    tensors = {f"network/{name}": value for name, value in network.state_dict().items()}
    tensors |= {f"average/{name}": value for name, value in average.items()}
    for index, slots in optimiser.state_dict()["state"].items():
        tensors |= {f"optimiser/{index}/{name}": torch.as_tensor(value) for name, value in slots.items()}
    # The state is in the header of the same file, so that tensors and state are always of one step.
    with atomic_path(folder / _FILE) as part:
        whole = {name: value.contiguous() for name, value in tensors.items()}
        part.write_bytes(save(whole, {"state": json.dumps(state)}))


def resume(folder: Path, network: nn.Module, average: dict[str, Tensor], optimiser: Optimizer) -> dict[str, Any] | None:
    """
    Load the last checkpoint of a run.

    Parameters
    ----------
    folder : Path
        Of the run.
    network, average, optimiser
        Objects that get the values of the checkpoint.

    Returns
    -------
    dict or None
        The state of the checkpoint; None without one.

    Raises
    ------
    InputError
        If the checkpoint is damaged or of another network.
    """
    file = folder / _FILE
    if not file.exists():
        return None
    try:
        with safe_open(file, "pt") as content:
            state: dict[str, Any] = json.loads(content.metadata()["state"])
            tensors = {name: content.get_tensor(name) for name in content.keys()}  # noqa: SIM118
        network.load_state_dict({name[8:]: value for name, value in tensors.items() if name.startswith("network/")})
        for name in average:
            average[name].copy_(tensors[f"average/{name}"])
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
        observed = f"not a checkpoint of this run: {str(error).splitlines()[0]}"
        raise InputError(file, observed, "start the run in a new folder") from error
    slots: dict[int, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        if name.startswith("optimiser/"):
            _, index, slot = name.split("/")
            slots.setdefault(int(index), {})[slot] = value
    optimiser.load_state_dict(optimiser.state_dict() | {"state": slots})
    return state
