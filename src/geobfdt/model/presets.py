"""The presets: network, loss and detection of each."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any, Protocol

import numpy as np
import numpy.typing as npt
import torch
from pydantic import Field, TypeAdapter
from torch import Tensor
from torch.overrides import TorchFunctionMode

from geobfdt.model.curve.criterion import Losses, Targets, curve_loss
from geobfdt.model.curve.detection import Runtime, detect
from geobfdt.model.curve.network import CurveNetwork
from geobfdt.model.detr.criterion import detr_loss
from geobfdt.model.detr.network import DetrNetwork, detect_windows
from geobfdt.model.network_settings import CurveSettings, DetrSettings
from geobfdt.model.planes import Planes

__all__ = ["Network", "NetworkSettings", "PlaneFinder", "build", "loss", "outline", "parse_settings", "plane_finder"]

Network = CurveNetwork | DetrNetwork
NetworkSettings = Annotated[CurveSettings | DetrSettings, Field(discriminator="preset")]

_ADAPTER: TypeAdapter[CurveSettings | DetrSettings] = TypeAdapter(NetworkSettings)


def parse_settings(values: Any) -> CurveSettings | DetrSettings:
    """
    Check settings of a network.

    Parameters
    ----------
    values : dict
        ``preset``, and all settings that differ from its defaults.

    Raises
    ------
    ValidationError
        If one is unknown or out of range.

    Examples
    --------
    >>> parse_settings({"preset": "curve", "columns": 64}).columns
    64
    """
    return _ADAPTER.validate_python(values)


def build(settings: CurveSettings | DetrSettings) -> Network:
    """Make the network of some settings, with random weights."""
    return CurveNetwork(settings) if isinstance(settings, CurveSettings) else DetrNetwork(settings)


def outline(settings: CurveSettings | DetrSettings) -> Network:
    """
    Make the network of some settings without values: weights have shapes and take no memory.

    ``load_state_dict(..., assign=True)`` gives it values.

    Examples
    --------
    >>> outline(CurveSettings()).decoder.start
    Parameter containing:
    tensor(..., device='meta', size=(96,), requires_grad=True)
    """
    with torch.device("meta"), _Uninitialised():
        return build(settings)


class _Uninitialised(TorchFunctionMode):
    """
    Leaves weights as they are allocated.

    PyTorch draws numbers even for weights on the device meta, where that is slow: it imports a compiler for it.
    """

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        values = kwargs or {}
        if func in (Tensor.uniform_, Tensor.normal_) or getattr(func, "__module__", "") == "torch.nn.init":
            return args[0] if args else values["tensor"]
        return func(*args, **values)


def loss(network: Network, grids: Tensor, targets: list[Targets], rng: np.random.Generator) -> Losses:
    """Compute the loss of a batch; see :func:`geobfdt.model.curve.criterion.curve_loss`."""
    if isinstance(network, CurveNetwork):
        return curve_loss(network, grids, targets, rng)
    return detr_loss(network, grids, targets, rng)


class PlaneFinder(Protocol):
    """Finds planes in a grid; those that are not between top and base (m from its first row) may be left out."""

    def __call__(  # noqa: D102
        self, grid: npt.NDArray[np.uint8], radius: float, top: float = -np.inf, base: float = np.inf
    ) -> Planes: ...


def plane_finder(network: DetrNetwork | Runtime[Any]) -> PlaneFinder:
    """
    Return the function that finds planes with a network.

    Parameters
    ----------
    network : Network or Runtime
        In evaluation mode; a ``curve`` network may be run by another runtime than PyTorch.

    Returns
    -------
    callable
        Grid (rows, columns) and hole radius (m) in, planes out.
    """
    if isinstance(network, DetrNetwork):
        return lambda grid, radius, top=-np.inf, base=np.inf: detect_windows(network, grid, radius)  # noqa: ARG005
    return partial(detect, network)
