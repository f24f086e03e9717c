"""The published network: sizes as stated, conversions, and windows of a strip."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from geobfdt.geometry import trace_rms
from geobfdt.model.detr.network import (
    DetrLayerOutput,
    DetrNetwork,
    detect_windows,
    fuse,
    parameters_from_traces,
    sine_positions,
    traces_from_parameters,
)
from geobfdt.model.network_settings import DETR_SMALL, DetrSettings

TINY = DetrSettings(step=0.01, rows=64, columns=48, width=0.125, heads=4, encoder=1, decoder=2, queries=6)


@pytest.mark.parametrize(
    ("depth", "cut", "millions"),
    [
        (10, "four", 5.0), (14, "four", 6.5), (18, "four", 11.3), (34, "four", 21.4),
        (10, "three", 1.3), (14, "three", 2.8), (18, "three", 2.8), (34, "three", 8.2),
    ],
)  # fmt: skip
def test_backbone_sizes(depth: int, cut: str, millions: float) -> None:
    """Parameters as reported, and the published feature map for 800 x 360 pixels, without computing one."""
    with torch.device("meta"):
        network = DetrNetwork(DetrSettings(depth=depth, cut=cut))
        features = network.backbone(torch.zeros(2, 1, 800, 360))
    assert features.shape == (2, 256, 50, 23)
    assert sum(part.numel() for part in network.backbone.parameters()) / 1e6 == pytest.approx(millions, abs=0.1)


def test_transformer_as_published() -> None:
    """Four layers each, a feed-forward width of 1024, and an answer of every query at every decoder layer."""
    with torch.device("meta"):
        network = DetrNetwork(DetrSettings()).to("meta")
        guesses = network(torch.zeros(2, 1, 800, 360))
    wide = [part for part in network.modules() if isinstance(part, torch.nn.Linear) and part.out_features == 1024]
    assert len(wide) == 8
    assert [guess.logits.shape for guess in guesses] == [(2, 100, 2)] * 4
    assert [guess.parameters.shape for guess in guesses] == [(2, 100, 3)] * 4


def test_width_scales_all_channels() -> None:
    """Settings for a CPU: whole multiples of the heads all through."""
    with torch.device("meta"):
        network = DetrNetwork(DetrSettings(step=0.00508, columns=180, rows=400, width=0.35))
        assert network.backbone(torch.zeros(1, 1, 400, 180)).shape == (1, 88, 25, 12)
    parts = [part for part in network.modules() if isinstance(part, torch.nn.Conv2d)]
    assert {part.out_channels for part in parts} == {24, 48, 88, 176}


def test_strides_set_the_map() -> None:
    """Each axis has strides of its own, and the settings know the map that the backbone makes."""
    with torch.device("meta"):
        for strides, size in ((((1, 1), (1, 2), (1, 3), (1, 1)), (24, 4)), (((1, 1), (2, 2), (2, 2), (1, 1)), (6, 6))):
            sizes = DETR_SMALL.model_copy(update={"strides": strides})
            assert DetrNetwork(sizes).backbone(torch.zeros(2, 1, 96, 96)).shape == (2, 64, *size)
            assert sizes.map == size
        odd = DetrSettings(rows=100, columns=90, cut="three", strides=((1, 1), (1, 2), (1, 3), (4, 4)))
        assert DetrNetwork(odd).backbone(torch.zeros(1, 1, 100, 90)).shape[2:] == odd.map


def test_positions_tell_neighbouring_rows_apart() -> None:
    """A fastest wave of four rows repeats after four; without one it is as long as the map. Across it stays a turn."""
    fast = sine_positions(24, 4, 64, 4.0, 100).reshape(24, 4, 64)
    published = sine_positions(24, 4, 64).reshape(24, 4, 64)
    assert torch.allclose(fast[0, 0, :2], fast[4, 0, :2], atol=1e-5)
    assert not torch.allclose(fast[0, 0, :2], fast[2, 0, :2], atol=0.5)
    # The slowest of 16 waves down the hole is 100^(15/16) times as long as the fastest.
    slow = 2 * np.pi / 4 / 100 ** (30 / 32)
    assert fast[0, 0, 30].item() == pytest.approx(np.sin(slow), abs=1e-5)
    assert torch.allclose(fast[0, :, 32:34], published[0, :, 32:34])
    assert published[11, 0, 0].item() == pytest.approx(np.sin(np.pi), abs=1e-5)


def test_positions_and_scale_reach_the_encoder() -> None:
    """What enters the encoder is the scaled features, and the positions where that is asked for."""
    entered: list[torch.Tensor] = []
    for extra in ({}, {"input_positions": True, "feature_scale": 0.25}):
        torch.manual_seed(0)
        network = DetrNetwork(TINY.model_copy(update=extra)).eval()
        network.encoder[0].register_forward_pre_hook(lambda _, inputs: entered.append(inputs[0]))
        with torch.inference_mode():
            network(torch.linspace(-1, 1, 64 * 48).reshape(1, 1, 64, 48))
    assert torch.allclose(entered[1], 0.25 * entered[0] + network.positions, atol=1e-6)


def test_batch_answers_like_single_windows() -> None:
    """Windows of a batch do not see each other, and answers are shares."""
    torch.manual_seed(0)
    network = DetrNetwork(TINY).eval()
    images = torch.randn(3, 1, 64, 48)
    with torch.inference_mode():
        together = network(images)[-1]
        alone = [network(image[None])[-1] for image in images]
    for name in DetrLayerOutput._fields:
        single = torch.cat([getattr(guess, name) for guess in alone])
        torch.testing.assert_close(getattr(together, name), single, atol=1e-5, rtol=1e-4)
    assert ((together.parameters > 0) & (together.parameters < 1)).all()


def test_image_and_positions_reach_the_answer() -> None:
    """Other pixels change the answer; so does the same content in another place."""
    torch.manual_seed(0)
    network = DetrNetwork(TINY).eval()
    image = torch.zeros(1, 1, 64, 48)
    image[:, :, 16:24] = 2.0
    with torch.inference_mode():
        blank, here, there = (network(x)[-1].parameters for x in (image * 0, image, image.roll(16, 2)))
    assert (blank - here).abs().max() > 1e-4
    assert (here - there).abs().max() > 1e-4


def test_wrong_size_is_refused() -> None:
    """Depth is a share of the window: one of another height would shift every answer."""
    with pytest.raises(ValueError, match=r"\(80, 48\) pixels.*\(64, 48\)"):
        DetrNetwork(TINY)(torch.zeros(1, 1, 80, 48))


def test_settings_are_checked() -> None:
    """Unknown names, depths without a definition and windows without quarters are refused."""
    for wrong in ({"depths": 10}, {"depth": 50}, {"rows": 99}, {"heads": 3}):
        with pytest.raises(ValidationError):
            DetrSettings(**wrong)


def test_positions_by_hand() -> None:
    """Element by element: half of the channels for the row, half for the column, in turns of growing length."""
    rows, columns, channels = 3, 5, 8
    positions = sine_positions(rows, columns, channels).numpy().reshape(rows, columns, channels)
    for i in range(rows):
        for j in range(columns):
            expected = []
            for turn in (2 * np.pi * (i + 1) / rows, 2 * np.pi * (j + 1) / columns):
                for slower in (1, 10000**0.5):
                    expected += [np.sin(turn / slower), np.cos(turn / slower)]
            np.testing.assert_allclose(positions[i, j], expected, atol=1e-6)


def test_parameters_by_hand() -> None:
    """A dip of 60 deg whose deepest point is at 270 deg, a quarter down a window of 2 m."""
    trace = np.array([[0.5, 0.0, -0.1 * np.sqrt(3)]])
    np.testing.assert_allclose(parameters_from_traces(trace, 0.1, 2.0), [[0.25, 60 / 90, 0.75]])


@settings(max_examples=60, deadline=None)
@given(st.floats(0, 1), st.floats(0.01, 0.99), st.floats(0, 0.9999), st.floats(0.04, 0.3), st.floats(0.1, 5))
def test_conversions_round_trip(depth: float, dip: float, azimuth: float, radius: float, height: float) -> None:
    """Parameters to traces and back."""
    parameters = np.array([[depth, dip, azimuth]])
    traces = traces_from_parameters(parameters, radius, height)
    np.testing.assert_allclose(parameters_from_traces(traces, radius, height), parameters, atol=1e-9)


def test_vertical_answers_stay_finite() -> None:
    """A sigmoid that ends at 1 means 90 deg, whose trace would have no end."""
    assert np.abs(traces_from_parameters(np.ones((1, 3)), 0.1, 2.0)).max() < 20


def test_fusion_joins_windows_only() -> None:
    """The more confident of two windows stays; neighbours in one window and planes further off do too."""
    traces = np.array([[1.0, 0.1, 0], [1.04, 0.1, 0], [1.0, 0.1, 0.2], [1.06, 0.1, 0]])
    scores, window = np.array([0.6, 0.9, 0.7, 0.5]), np.array([0, 1, 0, 1])
    assert fuse(traces, scores, window, 0.05).tolist() == [1, 2, 3]
    assert fuse(traces, scores, np.zeros(4, int), 0.05).tolist() == [1, 2, 0, 3]
    assert fuse(traces[:0], scores[:0], window[:0], 0.05).size == 0


class Seer(torch.nn.Module):
    """
    Answers with what stands in the image: a plane wherever the first column is bright.

    Its dip is 45 deg and its azimuth 90 deg; bright pixels of a window must be at most its queries.
    """

    def __init__(self, sizes: DetrSettings) -> None:
        super().__init__()
        self.settings = sizes
        self.unused = torch.nn.Parameter(torch.zeros(1))

    def forward(self, image: torch.Tensor) -> list[DetrLayerOutput]:
        logits = torch.full((len(image), self.settings.queries, 2), -9.0)
        parameters = torch.full((len(image), self.settings.queries, 3), 0.5)
        parameters[..., 2] = 0.25
        for item, query in enumerate(image[:, 0, :, 0]):
            rows = torch.nonzero(query > 1)[:, 0]
            logits[item, : len(rows), 1] = 3.0
            parameters[item, : len(rows), 0] = rows / self.settings.rows
        return [DetrLayerOutput(logits, parameters)]


@pytest.mark.parametrize("rows", [20, 64, 65, 150, 400])
def test_each_plane_of_a_strip_is_found_once(rows: int) -> None:
    """Whatever the strip's length, planes near its ends and on the lines between windows come out once, in place."""
    at = np.unique(np.append(np.arange(0, rows, 16), rows - 1))
    at = at[np.append(True, np.diff(at) > 5)]
    grid = np.full((rows, 48), 128, np.uint8)
    grid[at, 0] = 255
    planes = detect_windows(Seer(TINY), grid, 0.1)
    order = np.argsort(planes.traces[:, 0])
    expected = np.column_stack([at * TINY.step, np.zeros(at.size), np.full(at.size, 0.1)])
    assert trace_rms(planes.traces[order], expected).max() < 1e-6
    assert (planes.logits[:, 1] == 3).all()
    assert planes.evidence.shape == (at.size, 1)


def test_strips_of_a_real_network() -> None:
    """Strips shorter and longer than a window; all answers at confidence 0, best first and within the strip."""
    torch.manual_seed(0)
    network = DetrNetwork(TINY.model_copy(update={"confidence": 0.0})).eval()
    rng = np.random.default_rng(0)
    for rows in (30, 200):
        planes = detect_windows(network, rng.integers(0, 256, (rows, 48), np.uint8), 0.1)
        best = planes.logits.max(axis=1)
        assert np.isfinite(planes.traces).all()
        assert ((planes.traces[:, 0] >= 0) & (planes.traces[:, 0] < rows * 0.01)).all()
        assert (np.diff(best) <= 0).all()
    assert len(best) > 0


def test_weights_keep_their_stored_names() -> None:
    """Files hold the parts of a layer by older names; they are written and read by these, in their order."""
    settings = DetrSettings(rows=64, columns=48, width=0.125, encoder=1, decoder=1)
    network = DetrNetwork(settings)
    state = network.state_dict()
    parts = [key.split(".")[2] for key in state if key.startswith("decoder.0.")]
    assert list(dict.fromkeys(parts)) == ["among", "image", "forth"]
    assert list(state)[-1].startswith("place.")
    with torch.no_grad():
        for value in network.parameters():
            value.zero_()
    before = {key: value.clone() + 1 for key, value in state.items()}
    network.load_state_dict(before)
    for key, value in network.state_dict().items():
        torch.testing.assert_close(value, before[key])
