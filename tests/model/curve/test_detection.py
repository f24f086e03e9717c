"""Asking a network: everything is glanced at, and only what is worth it looked at closely."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from geobfdt.model.curve.backbone import fuse_batch_norm
from geobfdt.model.curve.detection import detect
from geobfdt.model.curve.network import CurveNetwork, Tier
from geobfdt.model.network_settings import CurveSettings
from geobfdt.model.planes import Planes


class Stub:
    """A runtime that sees flat planes every 16 cm and says of each what it is told to."""

    settings = CurveSettings(layers=((4, 0.08, 9, 8), (4, 0.08, 9, 8), (2, 0.03, 7, 8)), doubts=((1, -1.75), (2, -1.0)))
    tiers = (Tier(np.zeros((1, 2)), 0.08, 0.16),)

    def __init__(self, logits: list[float]) -> None:
        self.logits = np.array(logits)
        self.hidden: np.ndarray | None = None

    def encode_strip(self, grid: np.ndarray) -> tuple[None, list[np.ndarray]]:
        """One cell a plane, all alike."""
        return None, [np.full((1, len(self.logits)), 0.5, np.float32)]

    def decode_strip(
        self, encoded: None, traces: np.ndarray, hidden: np.ndarray | None, radius: float, stage: int
    ) -> tuple[Planes, np.ndarray]:
        """Planes a centimetre lower; each knows its number; and again, and sure."""
        logits = np.ones((len(traces), 2))
        if hidden is None:
            logits = np.column_stack([self.logits[: len(traces)], np.full(len(traces), -9.0)])
            hidden = np.arange(len(traces))[:, None].astype(float)
        else:
            self.hidden = hidden[:, 0]
        return Planes(traces + [0.01, 0, 0], logits, np.ones((len(traces), 64))), hidden


def test_improbable_queries_are_dropped() -> None:
    """Of five, two are nearly out of the question at first glance: the others are asked, with what they know."""
    stub = Stub([-3.0, 1.0, -1.0, -2.5, 0.0])
    planes = detect(stub, np.ones((160, 128), np.uint8), 0.1)
    assert stub.hidden is not None
    assert stub.hidden.tolist() == [1, 2, 4]
    assert sorted(planes.traces[:, 0].tolist()) == pytest.approx([0.27, 0.43, 0.75])


def test_nothing_worth_asking() -> None:
    """Then nothing is found, and nothing asked."""
    stub = Stub([-3.0, -4.0])
    assert detect(stub, np.ones((64, 128), np.uint8), 0.1).traces.shape == (0, 3)
    assert stub.hidden is None


def test_cells_far_from_the_interval_are_not_decoded() -> None:
    """Of planes every 16 cm down to 16 m, those within 5 to 6 m are wanted: two metres on either side are asked."""
    stub = Stub([0.0] * 100)
    planes = detect(stub, np.ones((3200, 128), np.uint8), 0.1, top=5.0, base=6.0)
    proposed = 0.08 + 0.16 * np.arange(100)
    assert len(planes.traces) == ((proposed >= 3) & (proposed <= 8)).sum()


def test_a_faster_network_says_the_same() -> None:
    """Normalisation folded into convolutions: the same features but for rounding, and the network itself as it was."""
    torch.manual_seed(0)
    network = CurveNetwork(CurveSettings(columns=64))
    for part in network.modules():
        if isinstance(part, torch.nn.BatchNorm2d):
            for values in (part.weight, part.bias, part.running_mean, part.running_var):
                values.data.uniform_(0.5, 1.5)
    network.eval()
    image = 3 * torch.rand(1, 2, 128, 64)
    with torch.inference_mode():
        before, faster, after = (part.encode(image).sampled for part in (network, fuse_batch_norm(network), network))
    assert float(before.fine.std()) > 0.01
    for name in ("coarse", "fine"):
        torch.testing.assert_close(getattr(faster, name), getattr(before, name), rtol=1e-3, atol=1e-4)
        assert torch.equal(getattr(after, name), getattr(before, name))


def test_a_network_without_such_normalisations_is_handed_back() -> None:
    """No copy is made where there is nothing to fuse."""
    plain = torch.nn.Linear(2, 2)
    assert fuse_batch_norm(plain) is plain


@pytest.mark.parametrize("thresholds", [((4, -1.0), (2, -1.75)), ((2, -1.75), (2, -1.0))])
def test_stages_follow_each_other(thresholds: tuple[tuple[int, float], ...]) -> None:
    """Doubts out of order, or two at once, are refused: nothing would be asked between."""
    with pytest.raises(ValueError, match="do not go up"):
        CurveSettings(doubts=thresholds)
