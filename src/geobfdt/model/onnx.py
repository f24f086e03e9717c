"""The ``curve`` network without PyTorch at run time: two ONNX graphs, for strips of any length and number.

===============  ======================================================================================
``look.onnx``    grids in; what was seen, coarse and fine, and the peaks of each vote out
``decode.onnx``  what was seen, queries, hole radius and groups in; logits, traces and evidence out
===============  ======================================================================================

Choosing queries lies in between, in :func:`geobfdt.model.detection.detect`. What that needs to know, and what turns
logits into probabilities, is in the metadata of both files under ``geobfdt``, as JSON.
"""

from __future__ import annotations

import importlib
import io
import json
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from geobfdt.model.bundle import Bundle
from geobfdt.model.curve import CurveNetwork, Tier, channels
from geobfdt.model.decoder import Sight
from geobfdt.model.settings import CurveSettings
from geobfdt.wells.extras import needed
from geobfdt.wells.findings import InputError
from geobfdt.wells.picks import CLASSES
from geobfdt.wells.storage import atomic_files

__all__ = ["OnnxNetwork", "export", "load_onnx", "onnx_network"]

FORMAT = 1  # of the metadata; a reader refuses newer ones
_LOOK, _DECODE, _KEY = "look.onnx", "decode.onnx", "geobfdt"
_SIGHT = Sight._fields  # what passes from one graph to the other
_OPSET = 18
_PLACES = ["CPUExecutionProvider"]
_AGAIN = "export the model bundle again"

Array = npt.NDArray[np.float64]
Float = npt.NDArray[np.float32]


@dataclass(frozen=True)
class OnnxNetwork:
    """
    A ``curve`` network that onnxruntime runs: a :class:`geobfdt.model.detection.Runtime`.

    Parameters
    ----------
    look, decode : InferenceSession
        The two graphs.
    settings : CurveSettings
        Sizes of the network.
    tiers : sequence of Tier
        What the cells of its votes stand for.
    """

    look: Any
    decode: Any
    settings: CurveSettings
    tiers: Sequence[Tier]

    def see(self, grid: npt.NDArray[np.uint8]) -> tuple[dict[str, Float], list[Float]]:
        """Look at one strip; see :class:`geobfdt.model.detection.Runtime`."""
        parts = self.look.run(None, {"grid": grid[None]})
        sight, scores = parts[: len(_SIGHT)], parts[len(_SIGHT) :]
        return dict(zip(_SIGHT, sight, strict=True)), [part[0] for part in scores]

    def ask(self, seen: dict[str, Float], traces: Array, radius: float) -> tuple[Array, Array, Array]:
        """Ask queries of one strip; see :class:`geobfdt.model.detection.Runtime`."""
        given = {
            **seen,
            "traces": traces[None].astype(np.float32),
            "radius": np.array([radius], np.float32),
            "group": np.zeros((1, len(traces)), np.int64),
        }
        moved, logits, evidence = (part[0].astype(np.float64) for part in self.decode.run(None, given))
        return moved, logits, evidence


def export(bundle: Bundle, folder: str | Path) -> None:
    """
    Write ``look.onnx`` and ``decode.onnx``, both or neither.

    Parameters
    ----------
    bundle : Bundle
        Of the ``curve`` preset.
    folder : str or Path
        Where; made if missing.

    Raises
    ------
    InputError
        If onnx is not installed, the bundle is of another preset, or the place cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from geobfdt.model.bundle import Calibration
    >>> settings = CurveSettings(tiers=((0.13, 1),))
    >>> network = CurveNetwork(settings).eval()
    >>> export(Bundle(network, settings, dict.fromkeys(CLASSES, Calibration())), folder := tempfile.mkdtemp())
    >>> seen, scores = load_onnx(folder).see(np.zeros((64, 128), np.uint8))
    >>> seen["mask"].shape, scores[0].shape
    ((1, 1, 16, 32), (25, 16))
    """
    look, decode = _graphs(bundle)
    with atomic_files(folder) as part:
        (part / _LOOK).write_bytes(look)
        (part / _DECODE).write_bytes(decode)


def load_onnx(folder: str | Path) -> OnnxNetwork:
    """
    Read what :func:`export` wrote.

    Parameters
    ----------
    folder : str or Path
        Where both files lie.

    Raises
    ------
    InputError
        If onnxruntime is not installed, or a file is missing, damaged, foreign or newer than this version.
    """
    folder = Path(folder)
    try:
        graphs = [(folder / name).read_bytes() for name in (_LOOK, _DECODE)]
    except OSError as error:
        cure = "name a folder with both look.onnx and decode.onnx"
        raise InputError(error.filename, f"cannot be read: {str(error.strerror).lower()}", cure) from error
    return _opened(graphs[0], graphs[1], folder)


_READY: dict[tuple[str, Any], OnnxNetwork] = {}  # exporting takes a second: once a process for each bundle


def onnx_network(bundle: Bundle) -> OnnxNetwork:
    """
    Export a bundle in memory, once a process, and run it.

    Parameters
    ----------
    bundle : Bundle
        Of the ``curve`` preset.

    Raises
    ------
    InputError
        If onnx or onnxruntime is not installed, or the bundle is of another preset.
    """
    key = (bundle.digest, bundle.settings)
    if key in _READY:
        return _READY[key]
    network = _opened(*_graphs(bundle), bundle.source)
    if bundle.digest:  # else nothing tells its weights from others
        _READY[key] = network
    return network


class _Look(nn.Module):
    """The first graph."""

    def __init__(self, network: CurveNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, grid: Tensor) -> tuple[Tensor, ...]:
        look = self.network.look(channels(grid))
        return *look.sight, *self.network.peaks(look)


class _Decode(nn.Module):
    """The second graph."""

    def __init__(self, network: CurveNetwork) -> None:
        super().__init__()
        self.decoder = network.decoder

    def forward(self, *given: Tensor) -> tuple[Tensor, ...]:
        sight, (traces, radius, group) = Sight(*given[: len(_SIGHT)]), given[len(_SIGHT) :]
        last = self.decoder(sight, traces, radius, group)[-1]
        return last.traces, last.logits, last.evidence


def _graphs(bundle: Bundle) -> tuple[bytes, bytes]:
    """Both graphs of a bundle."""
    network = bundle.network
    if not isinstance(network, CurveNetwork):
        seen = f"the {bundle.settings.preset} preset has no ONNX export"
        raise InputError(bundle.source, seen, "run it with PyTorch, or take a bundle of the curve preset")
    needed("onnx", "onnx")
    note = _note(bundle, network)
    first, second = _Look(network).eval(), _Decode(network).eval()
    columns, device = network.settings.columns, next(network.parameters()).device
    # What the shapes of these examples are is forgotten; two of each, as an axis of one might pass for a constant.
    rows = 16 * max(pool for _, pool in network.settings.tiers)
    looks = () if network.settings.looks == 1 else (network.settings.looks,)
    grid = torch.zeros(2, rows, columns, *looks, dtype=torch.uint8, device=device)
    with torch.no_grad():
        sight = network.look(channels(grid)).sight
    queries = torch.zeros(2, 5, 3), torch.ones(2), torch.zeros(2, 5, dtype=torch.int64)
    peaks = [f"peaks{i}" for i in range(len(network.votes))]
    found = ["found_traces", "logits", "evidence"]
    sight_axes = {name: ("batch", "", "fine_lines" if "fine" in name else "lines") for name in _SIGHT}
    look_axes = {"grid": ("batch", "rows"), **sight_axes}
    look_axes |= {name: ("batch", "", f"cells{i}") for i, name in enumerate(peaks)}
    decode_axes = {**sight_axes, "radius": ("batch",)}
    decode_axes |= dict.fromkeys(("traces", "group", *found), ("batch", "queries"))
    look = _traced(first, [grid], ["grid"], [*_SIGHT, *peaks], look_axes, note)
    given = [*_SIGHT, "traces", "radius", "group"]
    asked = [*sight, *(part.to(device) for part in queries)]
    return look, _traced(second, asked, given, found, decode_axes, note)


def _note(bundle: Bundle, network: CurveNetwork) -> str:
    """What goes with the graphs: shapes of traces too, as a later version may vote for others."""
    tiers = [{"curves": tier.curves.tolist(), "first": tier.first, "cell": tier.cell} for tier in network.tiers]
    note = {
        "format": FORMAT,
        "source": bundle.source,
        "settings": network.settings.model_dump(mode="json"),
        "classes": list(CLASSES),
        "calibration": {name: part.model_dump() for name, part in bundle.calibration.items()},
        "tiers": tiers,
    }
    return json.dumps(note)


def _traced(
    module: nn.Module,
    examples: list[Tensor],
    given: list[str],
    found: list[str],
    axes: dict[str, tuple[str, ...]],
    note: str,
) -> bytes:
    """One graph, with its notes."""
    onnx = importlib.import_module("onnx")
    stream = io.BytesIO()
    named = {name: {i: axis for i, axis in enumerate(parts) if axis} for name, parts in axes.items()}
    # By tracing: the newer way through torch.export gives the same graphs, but takes 35 s for what this does in 1.3 s.
    # Tracing warns that it is the older way, and of Python numbers that it keeps: all of them sizes of layers.
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module,
            tuple(examples),
            stream,  # type: ignore[arg-type]
            dynamo=False,
            opset_version=_OPSET,
            input_names=given,
            output_names=found,
            dynamic_axes=named,
        )
    model = onnx.load_model_from_string(stream.getvalue())
    onnx.helper.set_model_props(model, {_KEY: note})
    whole: bytes = model.SerializeToString()
    return whole


def _opened(look: bytes, decode: bytes, place: str | Path) -> OnnxNetwork:
    """Sessions of both graphs."""
    runtime = needed("onnxruntime", "onnx")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()  # one setting for both runtimes
    try:
        first, second = (runtime.InferenceSession(graph, options, providers=_PLACES) for graph in (look, decode))
    except Exception as error:  # its errors have no other base
        seen = f"not two ONNX graphs: {str(error).splitlines()[0]}"
        raise InputError(place, seen, _AGAIN) from error
    notes = [session.get_modelmeta().custom_metadata_map.get(_KEY) for session in (first, second)]
    if notes[0] is None or notes[0] != notes[1]:
        raise InputError(place, "look.onnx and decode.onnx are not of one model bundle", _AGAIN)
    try:
        note = json.loads(notes[0])
        if int(note["format"]) > FORMAT:
            seen = f"written by a newer version (ONNX format {note['format']}, this one reads {FORMAT})"
            raise InputError(place, seen, "update geobfdt")
        settings = CurveSettings(**note["settings"])
        tiers = [Tier(np.array(part["curves"]), float(part["first"]), float(part["cell"])) for part in note["tiers"]]
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(place, f"notes of geobfdt are damaged: {str(error).splitlines()[0]}", _AGAIN) from error
    return OnnxNetwork(first, second, settings, tiers)
