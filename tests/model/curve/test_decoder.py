"""The decoder: its fit against least squares, and which queries attend to which."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from geobfdt.model.curve import decoder
from geobfdt.model.curve.decoder import CurveDecoder, fit_trace_update, stretch
from geobfdt.model.network_settings import CurveSettings


@pytest.mark.parametrize("ridge", [1e-9, 0.02])
def test_update_is_weighted_least_squares(ridge: float) -> None:
    """Equal to numpy's solution of the same rows, the ridge written as three more of them."""
    rng = np.random.default_rng(0)
    turn = 2 * np.pi * np.arange(12) / 12
    waves = np.column_stack([np.ones(12), np.cos(turn), np.sin(turn)])
    offsets, weights = rng.normal(size=(2, 5, 12)), rng.random((2, 5, 12))
    weights[0, 0, 3:9] = 0
    got = fit_trace_update(torch.from_numpy(offsets), torch.from_numpy(weights), torch.from_numpy(waves), ridge).numpy()
    for place in np.ndindex(2, 5):
        root = np.sqrt(weights[place] / 12)[:, None]
        rows = np.vstack([root * waves, np.sqrt(ridge) * np.eye(3)])
        values = np.append(root[:, 0] * offsets[place], np.zeros(3))
        np.testing.assert_allclose(got[place], np.linalg.lstsq(rows, values, rcond=None)[0], rtol=1e-6, atol=1e-9)


def test_update_without_weight_is_zero() -> None:
    """Columns of weight 0 move nothing."""
    waves = torch.rand(8, 3)
    assert fit_trace_update(torch.ones(8), torch.zeros(8), waves, 0.01).tolist() == [0, 0, 0]


@pytest.mark.parametrize("trace", [(0.0, 0.0, 0.0), (3.0, 0.1, 0.0), (1.0, -0.2, 0.7)])
def test_stretch_is_the_band_s_over_the_turn(trace: tuple[float, float, float]) -> None:
    """The root of the mean square of the local stretch, summed over many angles."""
    turn = np.linspace(0, 2 * np.pi, 1000, endpoint=False)
    rise = (trace[2] * np.cos(turn) - trace[1] * np.sin(turn)) / 0.11
    expected = np.sqrt((1 + rise**2).mean())
    assert stretch(torch.tensor(trace), torch.tensor(0.11)).item() == pytest.approx(expected, rel=1e-6)


def decode(
    sizes: CurveSettings,
    traces: torch.Tensor,
    group: torch.Tensor,
    layers: int = 1,
    features: Any = None,
    fine: Any = None,
    *,
    gradients: bool = False,
) -> list[torch.Tensor]:
    """Run a decoder of random weights, its first layer so many times; return the last layer's logits and traces."""
    torch.manual_seed(3)
    network = CurveDecoder(sizes.model_copy(update={"layers": sizes.layers[:1] * layers}), 2).eval()
    for layer in network.layers:
        layer.out.weight.data *= 5
        layer.relation.weight.data *= 5
    if features is None:
        features = torch.rand(1, sizes.features, 200, sizes.columns // 4)
    batch, _, rows, columns = features.shape
    if fine is None:
        fine = torch.rand(batch, sizes.fine, 2 * rows, 2 * columns)
    with torch.set_grad_enabled(gradients):
        sampled = network.sample_features(
            features, torch.ones(1, 1, rows, columns), fine, torch.ones(1, 1, 2 * rows, 2 * columns)
        )
        output = network(sampled, traces[None], torch.tensor([0.1]), group[None])[-1]
    return [output.logits[0], output.traces[0]]


def queries(depths: list[float]) -> torch.Tensor:
    """Queries at depths, of various shapes."""
    rng = np.random.default_rng(7)
    return torch.tensor(np.column_stack([depths, rng.normal(0, 0.05, (len(depths), 2))]), dtype=torch.float32)


def test_groups_do_not_attend_to_each_other(sizes: CurveSettings) -> None:
    """Another group's queries may be any; the own group's may not."""
    traces = queries([1.0, 1.2, 1.3, 1.0, 1.1, 1.3])
    group = torch.tensor([0, 0, 0, 1, 1, 1])
    moved = traces.clone()
    moved[3:] += torch.tensor([0.07, 0.05, -0.02])
    for layers in (1, 2):
        before, after = decode(sizes, traces, group, layers), decode(sizes, moved, group, layers)
        fewer = decode(sizes, traces[:3], group[:3], layers)
        for one, other, alone in zip(before, after, fewer, strict=True):
            torch.testing.assert_close(one[:3], other[:3], rtol=0, atol=1e-6)
            torch.testing.assert_close(one[:3], alone, rtol=0, atol=1e-6)
    moved = traces.clone()
    moved[2] += torch.tensor([0.07, 0.05, -0.02])
    logits = [decode(sizes, each, group)[0] for each in (traces, moved)]
    assert (logits[0][:2] - logits[1][:2]).abs().max() > 1e-4
    torch.testing.assert_close(logits[0][3:], logits[1][3:], rtol=0, atol=1e-6)


def test_distant_queries_do_not_attend_to_each_other(sizes: CurveSettings) -> None:
    """At one layer, a query is one with the queries within a metre in depth, and no others."""
    traces = queries([0.5, 0.9, 1.3, 1.6, 2.4])
    group = torch.zeros(5, dtype=torch.int64)
    moved = traces.clone()
    moved[0, 1:] += 0.1
    logits = [decode(sizes, each, group)[0] for each in (traces, moved)]
    changed = (logits[0] - logits[1]).abs().amax(1)
    assert (changed[1:3] > 1e-5).all()
    assert (changed[3:] < 1e-6).all()
    alone = decode(sizes, traces[3:], group[3:])[0]
    assert (alone[1] - logits[0][4]).abs().max() < 1e-6


@pytest.mark.parametrize(("stride", "band"), [(4, 0.08), (2, 0.03)])
def test_it_samples_only_its_band(sizes: CurveSettings, stride: int, band: float) -> None:
    """What lies further from a trace than the band has no influence; what lies in it has."""
    sizes = sizes.model_copy(update={"layers": ((stride, band, 5, 16),)})
    row, columns = 0.005 * stride, sizes.columns // stride
    name, channels = ("features", sizes.features) if stride == 4 else ("fine", sizes.fine)
    rest = {"features": torch.rand(1, sizes.features, 200, sizes.columns // 4)}
    field = torch.rand(1, channels, 800 // stride, columns)
    traces, group = torch.tensor([[2.0, 0.1, -0.1]]), torch.zeros(1, dtype=torch.int64)
    turn = 2 * np.pi * np.arange(columns) / columns
    depth = 2.0 + 0.1 * np.cos(turn) - 0.1 * np.sin(turn)
    slope = np.sqrt(1 + ((-0.1 * np.cos(turn) - 0.1 * np.sin(turn)) / 0.1) ** 2)
    away = np.abs(np.arange(800 // stride)[:, None] * row - depth) / slope

    def logits_of(map_: torch.Tensor) -> torch.Tensor:
        return decode(sizes, traces, group, **{**rest, name: map_})[0]

    outside = torch.from_numpy(away > band + 1.05 * row)
    same = logits_of(field)
    assert torch.equal(same, logits_of(torch.where(outside, torch.rand_like(field), field)))
    inside = torch.from_numpy(away < 1.05 * row)
    assert not torch.allclose(same, logits_of(torch.where(inside, torch.rand_like(field), field)))


def test_queries_attend_to_so_many_neighbours(sizes: CurveSettings) -> None:
    """Queries attend to so many queries above and below, whatever their depth."""
    few = sizes.model_copy(update={"beside": 2})
    traces = queries([1.0, 1.01, 1.02, 1.03, 1.04, 1.05])
    group = torch.zeros(6, dtype=torch.int64)
    moved = traces.clone()
    moved[0, 1:] += 0.1
    changed = (decode(few, traces, group)[0] - decode(few, moved, group)[0]).abs().amax(1)
    assert (changed[:3] > 1e-5).all()
    assert (changed[3:] == 0).all()


def test_batches_of_queries_change_nothing(sizes: CurveSettings) -> None:
    """Queries decoded in three batches give what they give together, as in training."""
    traces, group = queries(np.linspace(0.3, 3.5, 300).tolist()), torch.zeros(300, dtype=torch.int64)
    together = decode(sizes, traces, group, 2, gradients=True)
    for one, other in zip(together, decode(sizes, traces, group, 2), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-6)


@pytest.mark.parametrize("learning", [False, True])
def test_columns_gather_from_either_side(learning: bool) -> None:
    """Weighted columns on either side are mixed and added; the turn's last column lies beside its first."""
    torch.manual_seed(4)
    part = decoder._ColumnMix(5, 3)
    for value in part.parameters():
        torch.nn.init.normal_(value)
    columns = torch.randn(2, 4, 12, 5)
    before, here, after = part.shares.detach().numpy()
    active = np.maximum(columns.numpy(), 0)
    gathered = before * np.roll(active, 3, axis=2) + here * active + after * np.roll(active, -3, axis=2)
    expected = columns.numpy() + gathered @ part.mix.weight.detach().numpy().T + part.mix.bias.detach().numpy()
    with torch.set_grad_enabled(learning):
        np.testing.assert_allclose(part(columns.clone()).detach().numpy(), expected, atol=1e-5)
