"""Compiled kernels: the same features, votes and planes as PyTorch, for strips of any kind."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch

from geobfdt.model.bundle import Bundle, Calibration, load_bundle
from geobfdt.model.curve.backbone import fuse_batch_norm
from geobfdt.model.curve.detection import choose_queries, detect
from geobfdt.model.curve.network import CurveNetwork
from geobfdt.model.network_settings import CurveSettings, DetrSettings
from geobfdt.model.presets import build
from geobfdt.model.runtimes import network_runtime
from geobfdt.runtime.findings import InputError
from geobfdt.wells.picks import CLASSES

pytest.importorskip("numba")
accelerated: Any = pytest.importorskip("geobfdt.model.curve.accelerated")

RADIUS = 0.108
OTHER_SIZES = [
    # Channels and columns that fill no tile, votes of one arc, no tap, heads of odd width.
    CurveSettings(columns=64, widths=(16, 17, 20, 24), features=9, votes=2, head=7, content=20, sampled=5, fine=3),
    CurveSettings(columns=16, image="both", votes=3, tiers=((0.13, 1), (0.4, 2)), blocks=(1, 2, 1, 3)),
]


def strip(rows: int, columns: int, gaps: str = "", seed: int = 0) -> npt.NDArray[np.uint8]:
    """Noise with one plane in 20 cm, and stretches that nobody measured."""
    rng = np.random.default_rng(seed)
    turn, depth = 2 * np.pi * np.arange(columns) / columns, 0.005 * np.arange(rows)
    values = rng.normal(128, 25, (rows, columns))
    for middle in np.arange(0.1, depth[-1], 0.2):
        reach, first = rng.exponential(0.06), rng.uniform(0, 2 * np.pi)
        trace = middle + reach * np.cos(turn - first)
        values -= 90 * np.exp(-(((depth[:, None] - trace) / 0.008) ** 2))
    grid = values.clip(1, 255).astype(np.uint8)
    if "pad" in gaps:
        grid[:, columns // 3 : columns // 2] = 0
    if "middle" in gaps:
        grid[rows // 2 : rows // 2 + rows // 5] = 0
    if "ends" in gaps:
        grid[: rows // 10 + 3] = grid[-rows // 7 :] = 0
    return grid


@pytest.fixture(scope="module")
def networks() -> tuple[CurveNetwork, Any]:
    """The shipped network, by PyTorch and by kernels."""
    network = fuse_batch_norm(load_bundle().network)
    assert isinstance(network, CurveNetwork)
    return network, accelerated.AcceleratedNetwork(network)


@pytest.fixture(params=[1, 3])
def threads(request: pytest.FixtureRequest) -> Iterator[None]:
    """Numbers of threads that the work is divided between."""
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield
    torch.set_num_threads(before)


def assert_same_stages(one: CurveNetwork, other: Any, grid: npt.NDArray[np.uint8], radius: float = RADIUS) -> int:
    """Each stage of both does the same with the same queries; return the number of queries."""
    (encoded, scores), (fields, fast_scores) = one.encode_strip(grid), other.encode_strip(grid)
    for score, fast_score in zip(scores, fast_scores, strict=True):
        # A cell on the verge of a peak is one by one of them only: few cells are.
        different = np.isfinite(score) != np.isfinite(fast_score)
        assert different.sum() <= 2 + different.size // 1000
        both = np.isfinite(score) & np.isfinite(fast_score)
        np.testing.assert_allclose(fast_score[both], score[both], atol=2e-4)
    queries = choose_queries(one, scores, radius, -np.inf, np.inf)
    traces, hidden = queries, None
    for stage in range(len(one.settings.stages) if len(queries) else 0):
        planes, next_hidden = one.decode_strip(encoded, traces, hidden, radius, stage)
        fast, fast_hidden = other.decode_strip(fields, traces, hidden, radius, stage)
        np.testing.assert_allclose(fast.traces, planes.traces, atol=1e-4)
        np.testing.assert_allclose(fast.logits, planes.logits, atol=0.01)
        np.testing.assert_allclose(fast.evidence, planes.evidence, atol=0.02)
        np.testing.assert_allclose(fast_hidden, next_hidden, atol=0.02)
        traces, hidden = planes.traces, next_hidden
    return len(queries)


@pytest.mark.parametrize(("rows", "gaps"), [(16, ""), (96, "ends"), (400, "pad"), (1600, "pad, middle, ends")])
def test_same_stages(networks: tuple[CurveNetwork, Any], rows: int, gaps: str) -> None:
    """Strips lower than the coarsest vote, of one piece and of several; with gaps between pads and of all columns."""
    grid = np.pad(strip(rows, 128, gaps), ((0, max(96 - rows, 0)), (0, 0)))
    assert assert_same_stages(*networks, grid) >= (rows > 96)


@pytest.mark.usefixtures("threads")
def test_same_planes(networks: tuple[CurveNetwork, Any]) -> None:
    """The planes of a strip, whatever the number of threads; a hole of another size."""
    one, other = (detect(network, strip(720, 128, "pad", 1), 0.15) for network in networks)
    assert len(one.traces) == len(other.traces) > 10
    np.testing.assert_allclose(other.traces, one.traces, atol=1e-4)
    np.testing.assert_allclose(other.logits, one.logits, atol=0.01)


def test_nothing_measured(networks: tuple[CurveNetwork, Any]) -> None:
    """Nothing measured, nothing found."""
    assert [len(detect(network, np.zeros((16, 128), np.uint8), 0.1).traces) for network in networks] == [0, 0]


@pytest.mark.parametrize("beside", [1, 40])
def test_one_query_and_queries_far_apart(networks: tuple[CurveNetwork, Any], beside: int) -> None:
    """Queries beyond either end of the strip, alone, and with neighbours too many or too far."""
    grid = strip(400, 128)
    rng = np.random.default_rng(3)
    many = np.column_stack([np.sort(rng.uniform(-0.5, 2.5, 90)), rng.normal(0, 0.1, (90, 2))])
    encoded, fields = (network.encode_strip(grid)[0] for network in networks)
    for traces in (many, many[:1], many[:: 30 * beside // 40 + 1]):
        planes, fast = (
            network.decode_strip(features, traces, None, RADIUS, 0)[0]
            for network, features in zip(networks, (encoded, fields), strict=True)
        )
        np.testing.assert_allclose(fast.traces, planes.traces, atol=1e-4)
        np.testing.assert_allclose(fast.logits, planes.logits, atol=0.01)


@pytest.mark.parametrize("settings", OTHER_SIZES, ids=["odd", "narrow"])
def test_other_sizes(settings: CurveSettings) -> None:
    """Networks of any size, with weights that make their votes and layers count."""
    torch.manual_seed(0)
    network = CurveNetwork(settings).eval()
    with torch.no_grad():
        for name, part in network.named_parameters():
            if part.ndim > 1 and "shares" not in name:
                part.normal_(std=float(np.sqrt(1 / part[0].numel())))
        for vote in network.votes:
            vote.last.bias.zero_()
        for layer in network.decoder.layers:
            layer.local.weight.mul_(0.1)  # type: ignore[union-attr, operator]
    fused = fuse_batch_norm(network)
    grid = strip(320, settings.columns, "pad, ends")
    if settings.image_count == 2:
        grid = np.stack([grid, strip(320, settings.columns, "pad, ends", 5)], axis=2)
    assert assert_same_stages(fused, accelerated.AcceleratedNetwork(fused), grid) > 10


def test_runtimes() -> None:
    """Kernels on long wells only, and never for a preset that has none."""
    bundle = load_bundle()
    kinds = [type(network_runtime(bundle, name, length)) for name, length in (
        ("auto", 3.0), ("auto", 1000.0), ("torch", 1000.0), ("numba", 3.0)
    )]  # fmt: skip
    assert kinds == [CurveNetwork, accelerated.AcceleratedNetwork, CurveNetwork, accelerated.AcceleratedNetwork]
    settings = DetrSettings(width=0.1)
    published = Bundle(build(settings).eval(), settings, dict.fromkeys(CLASSES, Calibration()))
    assert network_runtime(published, "auto") is not None
    with pytest.raises(InputError):
        network_runtime(published, "numba")


def test_kernels_that_cannot_be_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    """PyTorch takes their place, unless they were asked for."""

    def fail(name: str) -> None:
        raise RuntimeError("cannot cache function")

    monkeypatch.setattr("geobfdt.model.runtimes.importlib.import_module", fail)
    bundle = load_bundle()
    assert isinstance(network_runtime(bundle, "auto"), CurveNetwork)
    with pytest.raises(InputError):
        network_runtime(bundle, "numba")
