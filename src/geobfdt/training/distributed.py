"""Training on several devices: each takes its share of the windows, and gradients are averaged.

Started by ``torchrun``, which sets the environment that :func:`join` reads; without it there is one process.
"""

from __future__ import annotations

import os
from datetime import timedelta

import torch

# Imported before any process group exists: the defaults of its functions would keep that group.
import torch.distributed.nn
from torch import distributed, nn

from geobfdt.training.augmentation import Window

__all__ = ["agree", "average", "device", "is_first", "join", "leave", "rank", "share", "whole"]


def join() -> None:
    """Join the other processes of a ``torchrun``, if there are any."""
    if "RANK" in os.environ and not distributed.is_initialized():
        # The others wait while the first validates and calibrates.
        kind = "nccl" if torch.cuda.is_available() else "gloo"
        distributed.init_process_group(kind, timeout=timedelta(hours=6))


def leave() -> None:
    """
    Leave the other processes at the end, and stop the threads of the communication.

    At the end of the interpreter such a thread may release a tensor after Python has ended, which aborts the process.
    """
    if distributed.is_initialized():
        distributed.destroy_process_group()


def device() -> torch.device:
    """Return the device of this process."""
    if not torch.cuda.is_available():
        return torch.device("cpu")
    return torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))


def is_first() -> bool:
    """Return whether this process is the one that writes files."""
    return rank() == 0


def rank() -> int:
    """Return the number of this process, from 0."""
    return distributed.get_rank() if distributed.is_initialized() else 0


def whole(windows: int) -> int:
    """Round a number of windows up to a multiple of the number of processes."""
    world = distributed.get_world_size() if distributed.is_initialized() else 1
    return -(-windows // world) * world


def share(windows: list[Window]) -> list[Window]:
    """Return the windows of a step for this process; all of them if there is one process."""
    if not distributed.is_initialized():
        return windows
    return windows[rank() :: distributed.get_world_size()]


def agree(*numbers: float) -> list[float]:
    """Broadcast numbers of the first process to all, so that all take the same decisions."""
    if not distributed.is_initialized():
        return list(numbers)
    values = torch.tensor(numbers, dtype=torch.float64, device=device())
    distributed.broadcast(values, 0)
    return [float(number) for number in values]


def average(network: nn.Module) -> None:
    """Average gradients and batch statistics over the processes, so that all take the same step."""
    if not distributed.is_initialized():
        return
    world = distributed.get_world_size()
    for parameter in network.parameters():
        if parameter.requires_grad:
            gradient = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
            distributed.all_reduce(gradient)
            parameter.grad = gradient / world
    for part in network.modules():
        if isinstance(part, nn.BatchNorm2d) and part.running_mean is not None and part.running_var is not None:
            for buffer in (part.running_mean, part.running_var):
                distributed.all_reduce(buffer)
                buffer /= world
