"""Runtimes: what computes a network that is no longer trained."""

from __future__ import annotations

import importlib
from typing import Any, get_args

from geobfdt.model.bundle import Bundle
from geobfdt.model.curve.backbone import fuse_batch_norm
from geobfdt.model.network_settings import CurveSettings
from geobfdt.model.onnx import onnx_network
from geobfdt.model.runtime_names import RuntimeName
from geobfdt.runtime.findings import InputError

__all__ = ["network_runtime"]

# Compiled code takes half a second to load, which it saves on this length.
_MIN_ACCELERATED_LENGTH_M = 40.0


def network_runtime(bundle: Bundle, name: RuntimeName = "auto", length_m: float = float("inf")) -> Any:
    """
    Return the network of a bundle, as one of the runtimes computes it.

    Parameters
    ----------
    bundle : Bundle
        The trained network.
    name : {"auto", "torch", "numba", "onnx"}
        PyTorch, compiled kernels, or ONNX Runtime; the last two compute the ``curve`` preset. ``auto`` takes the
        kernels where Numba is installed and the well is long enough, and PyTorch elsewhere.
    length_m : float
        Length of the well (m).

    Returns
    -------
    Network, AcceleratedNetwork or OnnxNetwork
        For :func:`geobfdt.model.presets.plane_finder`.

    Raises
    ------
    InputError
        If what the runtime needs is not installed or cannot work here, or the preset has no such runtime.
    ValueError
        If the runtime is not known.
    """
    if name not in get_args(RuntimeName):
        raise ValueError(f"runtime {name!r} is not one of {', '.join(get_args(RuntimeName))}")
    if name == "onnx":
        return onnx_network(bundle)
    if name == "numba" or (name == "auto" and length_m >= _MIN_ACCELERATED_LENGTH_M):
        accelerated = _accelerated(bundle, required=name == "numba")
        if accelerated is not None:
            return accelerated
    return fuse_batch_norm(bundle.network)


def _accelerated(bundle: Bundle, required: bool) -> Any:
    """Return the network on compiled kernels; None where they are not required and cannot run."""
    if not isinstance(bundle.settings, CurveSettings):
        if not required:
            return None
        observed = f"the {bundle.settings.preset} preset has no compiled kernels"
        raise InputError(bundle.source, observed, "run it with PyTorch, or take a bundle of the curve preset")
    try:
        # Imported here: Numba compiles the kernels on the first import on a machine, and takes half a second later.
        module = importlib.import_module("geobfdt.model.curve.accelerated")
    # A machine where kernels do not compile, or cannot be kept on disk, still has PyTorch.
    except Exception as error:
        if not required:
            return None
        missing = isinstance(error, ModuleNotFoundError)
        observed = "not installed" if missing else f"kernels cannot be compiled here: {str(error).splitlines()[0]}"
        cure = "pip install 'geobfdt[fast]'" if missing else "set NUMBA_CACHE_DIR to a folder that can be written"
        raise InputError("numba", observed, cure) from error
    return module.AcceleratedNetwork(fuse_batch_norm(bundle.network))
