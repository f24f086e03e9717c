"""ONNX export: what PyTorch says, for strips of any length and number, and the same planes."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch

from geobfdt.model import onnx as exported
from geobfdt.model.bundle import Bundle, Calibration, load_bundle, save_bundle
from geobfdt.model.curve.detection import detect
from geobfdt.model.curve.network import CurveNetwork, best_cells, channels
from geobfdt.model.network_settings import CurveSettings, DetrSettings
from geobfdt.model.onnx import OnnxNetwork, export, load_onnx, onnx_network
from geobfdt.model.presets import build
from geobfdt.picking.network_detector import NetworkDetector
from geobfdt.runtime.findings import InputError
from geobfdt.wells.image import well_image
from geobfdt.wells.picks import CLASSES

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")

TINY = CurveSettings(columns=64, widths=(8, 8, 8, 8), features=8, votes=2, head=8, content=16, sampled=4)
CALIBRATION = {name: Calibration() for name in CLASSES}


def grids(batch: int, rows: int, seed: int = 0) -> npt.NDArray[np.uint8]:
    """Noise, and a gap of which nothing was measured."""
    grid = np.random.default_rng(seed).integers(1, 256, (batch, rows, TINY.columns), dtype=np.uint8)
    grid[:, rows // 3 : rows // 2, :20] = 0
    return grid


def pairs(want: npt.NDArray[np.float64], got: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """
    Which trace of one runtime is which of the other's: equally good ones may change places.

    Random weights move queries by badly conditioned fits, which makes rounding a tenth of a millimetre.
    """
    assert len(got) == len(want)
    order = np.abs(want[:, None] - got).max(axis=2).argmin(axis=1)
    assert sorted(order) == list(range(len(want)))
    np.testing.assert_allclose(got[order], want, atol=1e-3)
    return order


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    """Random weights whose votes are spread enough to have peaks."""
    torch.manual_seed(0)
    network = CurveNetwork(TINY).eval()
    with torch.no_grad():
        for part in network.parameters():
            if part.ndim > 1:
                part.normal_(std=float(np.sqrt(2 / part[0].numel())))
        for vote in network.votes:
            vote.last.bias.zero_()
            vote.last.weight.mul_(0.25)  # votes near 0 or 1 would tie
        for layer in network.decoder.layers:
            layer.local.weight.mul_(0.1)  # type: ignore[union-attr, operator]
            layer.classes.bias.fill_(2.0)  # type: ignore[union-attr, operator]  # else most are left out at first glance
    return Bundle(network, TINY, CALIBRATION)


@pytest.fixture(scope="module")
def folder(bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both graphs."""
    path: Path = tmp_path_factory.mktemp("onnx") / "graphs"
    export(bundle, path)
    return path


@pytest.fixture(scope="module")
def ported(folder: Path) -> OnnxNetwork:
    """The same network in onnxruntime."""
    return load_onnx(folder)


@pytest.mark.parametrize("batch", [1, 2])
@pytest.mark.parametrize(("rows", "queries"), [(32, 1), (208, 30), (560, 100)])
def test_graphs(bundle: Bundle, ported: OnnxNetwork, batch: int, rows: int, queries: int) -> None:
    """Features, votes, logits and traces, of sizes that the graphs were not made with."""
    network, grid = bundle.network, grids(batch, rows)
    assert isinstance(network, CurveNetwork)
    with torch.inference_mode():
        features = network.encode(channels(torch.from_numpy(grid)))
        expected = [*features.sampled, *network.peaks(features)]
    outputs = ported.encoder.run(None, {"grid": grid})
    for got, want in zip(outputs, expected, strict=True):
        np.testing.assert_allclose(got, want.numpy(), rtol=1e-4, atol=1e-4)
    rng = np.random.default_rng(1)
    traces = rng.uniform([0, -0.3, -0.3], [rows * TINY.step, 0.3, 0.3], (batch, queries, 3)).astype(np.float32)
    traces = np.take_along_axis(traces, traces[:, :, :1].argsort(axis=1), axis=1)
    group = np.sort(rng.integers(0, 2, (batch, queries)), axis=1)
    radius = np.linspace(0.08, 0.15, batch, dtype=np.float32)
    with torch.inference_mode():
        guesses = network.decode(features, *(torch.from_numpy(part) for part in (traces, radius, group)))
    inputs = {
        **dict(zip(features.sampled._fields, outputs, strict=False)),
        "traces": traces,
        "radius": radius,
        "group": group,
    }
    assert len(ported.decoders) == 4
    for session, guess in zip(ported.decoders, (guesses[0], guesses[1], guesses[3], guesses[7]), strict=True):
        chosen = {part.name: inputs[part.name] for part in session.get_inputs()}
        moved, logits, evidence, hidden = session.run(None, chosen)
        np.testing.assert_allclose(evidence, guess.evidence.numpy(), atol=5e-3)
        np.testing.assert_allclose(moved, guess.traces.numpy(), atol=1e-3)
        np.testing.assert_allclose(logits, guess.logits.numpy(), atol=5e-3)
        inputs |= {"traces": moved, "content": hidden}


@pytest.mark.parametrize("rows", [16, 48, 400, 1008])
def test_same_planes(bundle: Bundle, ported: OnnxNetwork, rows: int) -> None:
    """Both runtimes find the same, also in a strip lower than the coarsest cell of votes."""
    (grid,) = grids(1, rows, seed=2)
    network = bundle.network
    assert isinstance(network, CurveNetwork)
    want, got = detect(network, grid, 0.1), detect(ported, grid, 0.1)
    assert len(want.traces) > 5 * rows * TINY.step
    order = pairs(want.traces, got.traces)
    np.testing.assert_allclose(got.logits[order], want.logits, atol=5e-3)
    np.testing.assert_allclose(got.evidence[order], want.evidence, atol=5e-3)


def test_nothing_found(ported: OnnxNetwork) -> None:
    """Nothing measured, nothing found."""
    outputs = detect(ported, np.zeros((64, 64), np.uint8), 0.1)
    assert [part.shape for part in outputs] == [(0, 3), (0, 2), (0, 32)]


def test_elect_batch(bundle: Bundle) -> None:
    """Cells elected for a batch, as training does, are those of each image alone, at the depths of the votes."""
    network = bundle.network
    assert isinstance(network, CurveNetwork)
    grid = grids(2, 96)
    with torch.inference_mode():
        both = network.propose_queries(network.encode(channels(torch.from_numpy(grid))), 20)
    for image, (traces, scores) in zip(grid, both, strict=True):
        alone = best_cells(network.encode_strip(image)[1], network.tiers, 20)
        np.testing.assert_allclose(traces, alone[0], atol=1e-9)
        np.testing.assert_allclose(scores, alone[1], atol=1e-5)
    for tier, vote in zip(network.tiers, network.votes, strict=True):
        np.testing.assert_allclose(tier.first + tier.cell * np.arange(9), vote.depth(9), atol=1e-12)


def test_detector(bundle: Bundle, tmp_path: Path) -> None:
    """Detectors of both runtimes propose the same; the graphs are made once a process."""
    stored = save_bundle(bundle, tmp_path)
    depth, angles = 10 + 0.005 * np.arange(500), np.arange(2.5, 360, 5)
    pixels = np.random.default_rng(0).normal(size=(500, 72))
    image = well_image(pixels, depth, angles, well="A-1", reference="north", diameter=0.2)
    want, got = (NetworkDetector.of(stored, image, runtime).detect(image) for runtime in ("torch", "onnx"))
    assert len(want.traces) > 10
    order = pairs(want.traces, got.traces)
    assert got.classes[order].tolist() == want.classes.tolist()
    np.testing.assert_allclose(got.confidence[order], want.confidence, atol=5e-3)
    assert onnx_network(load_bundle(tmp_path)) is onnx_network(stored)
    with pytest.raises(ValueError, match="jax"):
        NetworkDetector.of(stored, image, "jax")  # type: ignore[arg-type]


def test_without_digest(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bundles that are in no file are not taken for each other."""
    sessions = []
    monkeypatch.setattr(exported, "_graphs", lambda inputs: {})
    monkeypatch.setattr(exported, "_opened", lambda *_: sessions.append(1) or object())
    assert onnx_network(bundle) is not onnx_network(bundle)
    assert len(sessions) == 2


@pytest.mark.parametrize("missing", ["onnx", "onnxruntime"])
def test_missing_package(bundle: Bundle, folder: Path, missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line that names the cure."""
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(InputError) as caught:
        export(bundle, folder) if missing == "onnx" else load_onnx(folder)
    assert str(caught.value) == f"{missing}: not installed; pip install 'geobfdt[onnx]'"


def test_other_preset(tmp_path: Path) -> None:
    """The published network has no export."""
    settings = DetrSettings(step=0.01, rows=64, columns=48, width=0.125, encoder=1, decoder=1, queries=6)
    with pytest.raises(InputError, match=r"detr: the detr preset has no ONNX export; run it with PyTorch"):
        export(Bundle(build(settings).eval(), settings, CALIBRATION), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_damaged(folder: Path, bundle: Bundle, tmp_path: Path) -> None:
    """Missing, cut off, foreign, newer, older and mixed graphs are refused in one line."""
    names = ("look.onnx", *(f"ask{stage}.onnx" for stage in (1, 2, 3, 4)))
    graphs = [(folder / name).read_bytes() for name in names]
    with pytest.raises(InputError, match=r"look\.onnx: cannot be read: no such file"):
        load_onnx(tmp_path)
    for name, graph in zip(names, graphs, strict=True):
        (tmp_path / name).write_bytes(graph[: len(graph) // 2] if name == "look.onnx" else graph)
    with pytest.raises(InputError, match="not ONNX graphs"):
        load_onnx(tmp_path)
    model = onnx.load_model_from_string(graphs[-1])
    (note,) = (part.value for part in model.metadata_props)
    own = f'"format": {exported.FORMAT}'
    refused = {
        "": "not of one model bundle",
        note.replace("curve", "cuvre"): "not of one model bundle",
        note.replace(own, '"format": 99'): r"newer version \(ONNX format 99",
        note.replace(own, '"format": 2'): r"older version \(ONNX format 2.*export the model bundle again",
        note.replace('"tiers"', '"tears"', 2).replace('"tiers": [{', '"tears": [{'): "metadata of geobfdt is damaged",
    }
    for changed, message in refused.items():
        both = "not of one" not in message
        for name, graph in zip(names, graphs, strict=True):
            model = onnx.load_model_from_string(graph)
            if both or name == names[-1]:
                del model.metadata_props[:]
                onnx.helper.set_model_props(model, {"geobfdt": changed} if changed else {})
            (tmp_path / name).write_bytes(model.SerializeToString())
        with pytest.raises(InputError, match=message):
            load_onnx(tmp_path)
