"""The ``curve`` network without PyTorch at run time: ONNX graphs, for strips of any length and number.

===============  ==========================================================================================
``look.onnx``    grids in; features, coarse and fine, and the peaks of each vote out
``ask1.onnx``    features, queries, hole radius and groups in; traces, logits, evidence and hidden states out
``ask2.onnx``    the same, and hidden states in: one for each further stage of the decoder
===============  ==========================================================================================

Queries are chosen in between, by :func:`geobfdt.model.curve.detection.detect`. The settings that it needs, and the
calibration of logits, are in the metadata of all files under ``geobfdt``, as JSON.
"""

from __future__ import annotations

import importlib
import io
import json
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from geobfdt.model.bundle import Bundle
from geobfdt.model.bundle_files import check_format
from geobfdt.model.curve.decoder import SampledFeatures
from geobfdt.model.curve.network import CurveNetwork, Tier, channels
from geobfdt.model.network_settings import CurveSettings
from geobfdt.model.planes import Planes
from geobfdt.runtime.extras import import_extra
from geobfdt.runtime.findings import InputError
from geobfdt.runtime.storage import atomic_files
from geobfdt.wells.picks import CLASSES

__all__ = ["OnnxNetwork", "export", "load_onnx", "onnx_network"]

FORMAT = 4  # Format of the graphs and their metadata; a reader refuses others.
_METADATA_KEY = "geobfdt"
_SAMPLED = SampledFeatures._fields  # Outputs of the first graph that the others take.
_OPSET = 18
_PROVIDERS = ["CPUExecutionProvider"]
_EXPORT_AGAIN = "export the model bundle again"

Array = npt.NDArray[np.float64]
Float = npt.NDArray[np.float32]


@dataclass(frozen=True)
class OnnxNetwork:
    """
    A ``curve`` network that onnxruntime runs: a :class:`geobfdt.model.curve.detection.Runtime`.

    Parameters
    ----------
    encoder : InferenceSession
        The graph that encodes strips.
    decoders : sequence of InferenceSession
        The graphs that decode queries, one for each stage.
    settings : CurveSettings
        Sizes of the network.
    tiers : sequence of Tier
        Candidate planes of its votes.
    """

    encoder: Any
    decoders: Sequence[Any]
    settings: CurveSettings
    tiers: Sequence[Tier]

    def encode_strip(self, grid: npt.NDArray[np.uint8]) -> tuple[dict[str, Float], list[Float]]:
        """Encode one strip; see :class:`geobfdt.model.curve.detection.Runtime`."""
        parts = self.encoder.run(None, {"grid": grid[None]})
        sampled, scores = parts[: len(_SAMPLED)], parts[len(_SAMPLED) :]
        return dict(zip(_SAMPLED, sampled, strict=True)), [part[0] for part in scores]

    def decode_strip(
        self, encoded: dict[str, Float], traces: Array, hidden: Array | None, radius: float, stage: int
    ) -> tuple[Planes, Array]:
        """Decode queries of one strip; see :class:`geobfdt.model.curve.detection.Runtime`."""
        session = self.decoders[stage]
        inputs = {
            **encoded,
            "traces": traces[None].astype(np.float32),
            "radius": np.array([radius], np.float32),
            "group": np.zeros((1, len(traces)), np.int64),
        }
        if hidden is not None:
            inputs["content"] = hidden[None].astype(np.float32)
        chosen = {part.name: inputs[part.name] for part in session.get_inputs()}
        *values, hidden = (part[0].astype(np.float64) for part in session.run(None, chosen))
        return Planes(*values), hidden


def export(bundle: Bundle, folder: str | Path) -> None:
    """
    Write the graphs of a bundle, all or none: ``look.onnx`` encodes strips, ``ask1.onnx`` and on decode a stage each.

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
    >>> encoded, scores = load_onnx(folder).encode_strip(np.zeros((64, 128), np.uint8))
    >>> encoded["coarse"].shape, scores[0].shape
    ((1, 32, 16, 25), (25, 16))
    """
    graphs = _graphs(bundle)
    with atomic_files(folder) as part:
        for name, graph in graphs.items():
            (part / name).write_bytes(graph)


def load_onnx(folder: str | Path) -> OnnxNetwork:
    """
    Read the graphs that :func:`export` wrote.

    Parameters
    ----------
    folder : str or Path
        Where the files lie.

    Raises
    ------
    InputError
        If onnxruntime is not installed, or a file is missing, damaged, foreign or newer than this version.
    """
    return _opened(lambda name: _read(Path(folder) / name), folder)


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        cure = "name a folder that a model bundle was exported to"
        raise InputError(file, f"cannot be read: {str(error.strerror).lower()}", cure) from error


_READY: dict[tuple[str, Any], OnnxNetwork] = {}  # Exporting takes a second: it is done once a process for each bundle.


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
    network = _opened(_graphs(bundle).__getitem__, bundle.source)
    if bundle.digest:  # Without a digest its weights cannot be identified.
        _READY[key] = network
    return network


class _EncoderGraph(nn.Module):
    """Module of the first graph: grids to features and peaks."""

    def __init__(self, network: CurveNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, grid: Tensor) -> tuple[Tensor, ...]:
        features = self.network.encode(channels(grid))
        return *features.sampled, *self.network.peaks(features)


class _StageGraph(nn.Module):
    """Module of a stage of the decoder."""

    def __init__(self, network: CurveNetwork, layers: slice) -> None:
        super().__init__()
        self.decoder, self.layers = network.decoder, layers

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        sampled, (traces, radius, group, *hidden) = SampledFeatures(*inputs[: len(_SAMPLED)]), inputs[len(_SAMPLED) :]
        last = self.decoder(sampled, traces, radius, group, *hidden, layers=self.layers)[-1]
        return last.traces, last.logits, last.evidence, last.hidden


def _graphs(bundle: Bundle) -> dict[str, bytes]:
    """The graphs of a bundle, by file name."""
    network = bundle.network
    if not isinstance(network, CurveNetwork):
        observed = f"the {bundle.settings.preset} preset has no ONNX export"
        raise InputError(bundle.source, observed, "run it with PyTorch, or take a bundle of the curve preset")
    import_extra("onnx", "onnx")
    note = _note(bundle, network)
    columns, device = network.settings.columns, next(network.parameters()).device
    # Axes of these examples are dynamic, but an axis of length one might become a constant: two of each.
    rows = 16 * max(pool for _, pool in network.settings.tiers)
    images = () if network.settings.image_count == 1 else (network.settings.image_count,)
    grid = torch.zeros(2, rows, columns, *images, dtype=torch.uint8, device=device)
    with torch.no_grad():
        sampled = network.encode(channels(grid)).sampled
    queries = [torch.zeros(2, 5, 3), torch.ones(2), torch.zeros(2, 5, dtype=torch.int64)]
    hidden = torch.zeros(2, 5, network.settings.content)
    peaks = [f"peaks{i}" for i in range(len(network.votes))]
    sampled_axes = {name: ("batch", "", f"{name}_lines") for name in _SAMPLED}
    encoder_axes = {"grid": ("batch", "rows"), **sampled_axes}
    encoder_axes |= {name: ("batch", "", f"cells{i}") for i, name in enumerate(peaks)}
    inputs, outputs = [*_SAMPLED, "traces", "radius", "group"], ["found_traces", "logits", "evidence", "found_content"]
    axes = {**sampled_axes, "radius": ("batch",)}
    axes |= dict.fromkeys(("traces", "group", "content", *outputs), ("batch", "queries"))
    examples = [*sampled, *(part.to(device) for part in queries)]
    graphs = {
        "look.onnx": _traced(_EncoderGraph(network).eval(), [grid], ["grid"], [*_SAMPLED, *peaks], encoder_axes, note)
    }
    for name, stage in zip(_stage_files(network.settings), network.settings.stages, strict=True):
        graphs[name] = _traced(_StageGraph(network, stage.layers).eval(), examples, inputs, outputs, axes, note)
        if "content" not in inputs:  # The first stage has no hidden states.
            examples, inputs = [*examples, hidden.to(device)], [*inputs, "content"]
    return graphs


def _stage_files(settings: CurveSettings) -> list[str]:
    """File names of the graphs of the decoder's stages."""
    return [f"ask{i}.onnx" for i in range(1, len(settings.stages) + 1)]


def _note(bundle: Bundle, network: CurveNetwork) -> str:
    """Metadata of the graphs; trace shapes are included, as a later version may vote for others."""
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
    inputs: list[str],
    outputs: list[str],
    axes: dict[str, tuple[str, ...]],
    note: str,
) -> bytes:
    """Export one graph with its metadata."""
    onnx = importlib.import_module("onnx")
    stream = io.BytesIO()
    dynamic_axes = {
        name: {i: axis for i, axis in enumerate(parts) if axis}
        for name, parts in axes.items()
        if name in inputs or name in outputs
    }
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
            input_names=inputs,
            output_names=outputs,
            dynamic_axes=dynamic_axes,
        )
    model = onnx.load_model_from_string(stream.getvalue())
    onnx.helper.set_model_props(model, {_METADATA_KEY: note})
    content: bytes = model.SerializeToString()
    return content


def _opened(graph: Callable[[str], bytes], place: str | Path) -> OnnxNetwork:
    """Open the graphs as a network; `graph` returns the content of a file by its name."""
    encoder, note = _session(graph("look.onnx"), place)
    if note is None:
        raise InputError(place, "look.onnx is not of a model bundle", _EXPORT_AGAIN)
    try:
        values = json.loads(note)
        check_format(place, "ONNX", int(values["format"]), FORMAT, _EXPORT_AGAIN)
        settings = CurveSettings(**values["settings"])
        tiers = [Tier(np.array(part["curves"]), float(part["first"]), float(part["cell"])) for part in values["tiers"]]
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(
            place, f"metadata of geobfdt is damaged: {str(error).splitlines()[0]}", _EXPORT_AGAIN
        ) from error
    names = _stage_files(settings)
    decoders = [_session(graph(name), place) for name in names]
    if any(other != note for _, other in decoders):
        raise InputError(place, f"look.onnx, {', '.join(names)} are not of one model bundle", _EXPORT_AGAIN)
    return OnnxNetwork(encoder, [session for session, _ in decoders], settings, tiers)


def _session(graph: bytes, place: str | Path) -> tuple[Any, str | None]:
    """Return a session of a graph, and its metadata."""
    runtime = import_extra("onnxruntime", "onnx")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()  # Both runtimes use the same number of threads.
    try:
        session = runtime.InferenceSession(graph, options, providers=_PROVIDERS)
    except Exception as error:  # Errors of onnxruntime have no other base class.
        observed = f"not ONNX graphs: {str(error).splitlines()[0]}"
        raise InputError(place, observed, _EXPORT_AGAIN) from error
    return session, session.get_modelmeta().custom_metadata_map.get(_METADATA_KEY)
