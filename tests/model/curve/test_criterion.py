"""The loss: terms by hand on answers that are given, and a network that learns a window by heart."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional

from geobfdt.model.curve.criterion import Targets, curve_loss, focal
from geobfdt.model.curve.decoder import LayerOutput
from geobfdt.model.curve.network import CurveNetwork
from geobfdt.model.network_settings import CurveSettings

RADIUS, ROWS = 0.1, 256
FRACTURES = 2  # what an answer for fractures weighs, against one for beds
GRIDS = torch.full((1, ROWS, 32), 128, dtype=torch.uint8)


def targets(traces: Any, classes: list[int], optional: list[bool] | None = None, label_mask: Any = True) -> Targets:
    """The truth of a window of 1.28 m."""
    free = np.zeros(len(classes), bool) if optional is None else np.array(optional, bool)
    return Targets(
        np.array(traces, float).reshape(-1, 3),
        np.array(classes, np.int64),
        free,
        RADIUS,
        np.full((2, ROWS), label_mask),
    )


class Parrot(CurveNetwork):
    """Proposes given traces, and returns queries unchanged, with the same logits for each."""

    def __init__(self, sizes: CurveSettings, proposals: Any, logits: tuple[float, float]) -> None:
        torch.manual_seed(0)
        super().__init__(sizes.model_copy(update={"doubts": ()}))
        self.proposals = np.array(proposals, float).reshape(-1, 3)
        self.logits = torch.nn.Parameter(torch.tensor(logits))

    def propose_queries(self, features: Any, most: int) -> Any:
        return [(self.proposals, np.linspace(0.9, 0.5, len(self.proposals)))]

    def decode(
        self, features: Any, traces: torch.Tensor, radius: Any, group: torch.Tensor, *_: Any
    ) -> list[LayerOutput]:
        self.queries, self.group = traces, group
        return [LayerOutput(self.logits.expand(*traces.shape[:2], 2), traces + 0 * self.logits.sum(), traces, traces)]


def focal_by_hand(logit: float, sure: float) -> float:
    """Focal loss with alpha 0.35 and gamma 2: of Lin et al. for 0 and 1, of Li et al. between."""
    p = 1 / (1 + np.exp(-logit))
    surprise = -(sure * np.log(p) + (1 - sure) * np.log(1 - p))
    return float((0.35 * sure + 0.65 * (1 - sure)) * (sure - p) ** 2 * surprise)


def target_probability(one: np.ndarray, other: np.ndarray) -> float:
    """How sure an answer may be: half at 2.5 cm from its plane, half scaled."""
    return float(1 / (1 + half_scaled(one, other) ** 2 / 0.025**2))


def half_scaled(one: np.ndarray, other: np.ndarray) -> float:
    """Distance of a trace from a true one, half way between depth and square to the true one."""
    change = one - other
    tall = np.sqrt(1 + (other[1] ** 2 + other[2] ** 2) / RADIUS**2 / 2)
    return float(np.sqrt((change[0] ** 2 + (change[1] ** 2 + change[2] ** 2) / 2) / tall))


@pytest.mark.parametrize(("alpha", "gamma"), [(0.35, 2.0), (0.25, 2.0), (0.5, 0.0), (0.9, 3.5)])
def test_focal(alpha: float, gamma: float) -> None:
    """As the usual implementation writes it; with gamma 0 it is a weighed cross entropy; no logit overflows."""
    rng = np.random.default_rng(0)
    logits = torch.from_numpy(rng.normal(0, 4, 60))
    truth = torch.from_numpy(rng.integers(0, 2, 60).astype(float))
    p = 1 / (1 + np.exp(-logits.numpy()))
    pt = np.where(truth > 0, p, 1 - p)
    expected = -np.where(truth > 0, alpha, 1 - alpha) * (1 - pt) ** gamma * np.log(pt)
    np.testing.assert_allclose(focal(logits, truth, alpha, gamma).numpy(), expected, rtol=1e-9)
    assert torch.isfinite(focal(torch.tensor([-300.0, 300.0]), torch.tensor([1.0, 0.0]), alpha, gamma)).all()


@pytest.mark.parametrize("sure", [0.0, 0.2, 0.5, 0.9, 1.0])
def test_focal_is_least_where_it_is_as_sure_as_it_may_be(sure: float) -> None:
    """Between no and yes the loss has one minimum, at the probability asked for; elsewhere it is as written by hand."""
    p = torch.linspace(0.005, 0.995, 199, dtype=torch.float64)
    loss = focal(torch.logit(p), torch.full_like(p, sure), 0.35, 2.0)
    assert abs(p[loss.argmin()].item() - sure) < 0.006
    expected = [focal_by_hand(float(x), sure) for x in torch.logit(p)]
    np.testing.assert_allclose(loss.numpy(), expected, rtol=1e-6, atol=1e-12)


def test_no_gradient_where_no_labels_are_complete(awake: Any, noise: Any) -> None:
    """Planes optional and no labels complete anywhere: no logit has a gradient, of votes or of queries."""
    network = awake().train()
    grids = torch.from_numpy(noise(ROWS, 32))[None]
    truth = [targets([[0.5, 0.02, 0.0], [0.9, 0.0, 0.1]], [0, 1], [True, True], label_mask=False)]
    losses = curve_loss(network, grids, truth, np.random.default_rng(0))
    losses.total.backward()
    heads = [vote.last for vote in network.votes] + [layer.classes for layer in network.decoder.layers]
    for head in heads:
        for part in head.parameters():
            assert part.grad is None or part.grad.abs().max() == 0
    assert losses.total.item() == 0
    # And where all is known there is a lot to learn.
    network.zero_grad()
    curve_loss(network, grids, [targets([], [])], np.random.default_rng(0)).total.backward()
    assert all(head.weight.grad.abs().max() > 0 for head in heads)


def test_one_class_unknown(sizes: CurveSettings) -> None:
    """Where only fractures were interpreted, a proposal is no false bed, only a false fracture."""
    label_mask = np.ones((2, ROWS), bool)
    label_mask[0, 128:] = False
    network = Parrot(sizes, [[0.3, 0, 0], [0.9, 0, 0]], (1.0, -2.0))
    truth = [targets([], [])._replace(label_mask=label_mask)]
    losses = curve_loss(network, GRIDS, truth, np.random.default_rng(0))
    expected = focal_by_hand(1, 0) + 2 * FRACTURES * focal_by_hand(-2, 0)
    assert losses.classes.item() == pytest.approx(expected, rel=1e-5)


def test_optional_planes_excuse_what_is_near(sizes: CurveSettings) -> None:
    """Proposals within 3 cm of an optional plane are neither right nor wrong; the next is a false alarm."""
    for off, wrong in ((0.0, 0), (0.025, 0), (0.035, 1)):
        network = Parrot(sizes, [[0.6 + off, 0, 0]], (1.0, -2.0))
        losses = curve_loss(network, GRIDS, [targets([[0.6, 0, 0]], [1], [True])], np.random.default_rng(0))
        expected = wrong * (focal_by_hand(1, 0) + FRACTURES * focal_by_hand(-2, 0))
        assert losses.classes.item() == pytest.approx(expected, rel=1e-5, abs=1e-9)
        assert losses.distance.item() == 0


def test_terms_by_hand(sizes: CurveSettings) -> None:
    """A proposal near the plane is nearly right about its class, wrong about the other; one far off is wrong twice."""
    plane, near, far = [0.6, 0.05, 0.0], [0.63, 0.05, 0.02], [1.1, 0.0, 0.0]
    network = Parrot(sizes, [near, far], (0.5, -1.0))
    losses = curve_loss(network, GRIDS, [targets([plane], [0])], np.random.default_rng(0))
    assert network.group[0].tolist() == [0, 0, 1]
    denoising = network.queries[0, 2].detach().numpy()
    sure = [target_probability(np.array(trace), np.array(plane)) for trace in (near, denoising)]
    one, three = (focal_by_hand(0.5, part) + FRACTURES * focal_by_hand(-1, 0) for part in sure)
    two = focal_by_hand(0.5, 0) + FRACTURES * focal_by_hand(-1, 0)
    assert losses.classes.item() == pytest.approx(one + two + 0.3 * three, rel=1e-5)  # the last: the denoising query
    expected = np.mean([half_scaled(np.array(near), np.array(plane)), half_scaled(denoising, np.array(plane))])
    assert losses.distance.item() == pytest.approx(expected, rel=1e-3)
    total = losses.vote + 2 * losses.classes + losses.distance / 0.02
    assert losses.total.item() == pytest.approx(total.item(), rel=1e-5)


def test_denoising_queries_are_paired_with_their_planes(sizes: CurveSettings) -> None:
    """Each denoising query is paired with the plane that it came from, in whatever order planes are listed."""
    planes = np.array([[1.1, 0.0, 0.05], [0.2, 0.03, 0.0], [0.8, -0.06, 0.0], [0.5, 0.0, 0.0]])
    network = Parrot(sizes, [], (2.0, -2.0))
    truth = [targets(planes, [0, 0, 0, 0], [False, False, True, False])]
    losses = curve_loss(network, GRIDS, truth, np.random.default_rng(0))
    queries = network.queries[0].detach().numpy()
    assert network.group[0].tolist() == [1, 1, 1]
    assert (np.diff(queries[:, 0]) > 0).all()
    expected = np.mean([half_scaled(one, planes[i]) for one, i in zip(queries, (1, 3, 0), strict=True)])
    assert losses.distance.item() == pytest.approx(expected, rel=1e-3)
    assert 0.005 < expected < 0.12
    sure = [target_probability(one, planes[i]) for one, i in zip(queries, (1, 3, 0), strict=True)]
    right = 0.3 * np.mean([focal_by_hand(2, part) + FRACTURES * focal_by_hand(-2, 0) for part in sure])
    assert losses.classes.item() == pytest.approx(right, rel=1e-4)


def test_denoising_queries_keep_their_class(sizes: CurveSettings) -> None:
    """One bed above and one fracture below: each denoising query is asked for its own class."""
    network = Parrot(sizes, [], (3.0, -1.0))
    planes = np.array([[0.3, 0.0, 0.0], [1.0, 0.0, 0.0]])
    truth = [targets(planes[::-1], [1, 0])]
    losses = curve_loss(network, GRIDS, truth, np.random.default_rng(1))
    bed, fracture = map(target_probability, network.queries[0].detach().numpy(), planes)
    upper = focal_by_hand(3, bed) + FRACTURES * focal_by_hand(-1, 0)
    lower = focal_by_hand(3, 0) + FRACTURES * focal_by_hand(-1, fracture)
    assert losses.classes.item() == pytest.approx(0.3 * (upper + lower) / 2, rel=1e-4)


def test_windows_of_different_length_lists(sizes: CurveSettings, awake: Any, noise: Any) -> None:
    """A batch where one window has planes and one has none: padding costs nothing and every weight has a gradient."""
    network = awake().train()
    grids = torch.from_numpy(np.stack([noise(ROWS, 32, 1), noise(ROWS, 32, 2)]))
    truth = [targets([[0.5, 0.02, 0.0]], [0]), targets([], [])]
    losses = curve_loss(network, grids, truth, np.random.default_rng(0))
    losses.total.backward()
    for name, part in network.named_parameters():
        assert part.grad is not None, name
        assert torch.isfinite(part.grad).all(), name


def test_no_planes_at_all(awake: Any, noise: Any) -> None:
    """Nothing there: a finite loss of classes alone; and nothing proposed either: the votes' alone."""
    network = awake().train()
    grids = torch.from_numpy(noise(ROWS, 32))[None]
    losses = curve_loss(network, grids, [targets([], [])], np.random.default_rng(0))
    losses.total.backward()
    assert losses.distance.item() == 0
    assert losses.vote.item() > 0
    assert losses.classes.item() > 0
    assert all(part.grad is None or torch.isfinite(part.grad).all() for part in network.parameters())
    dark = curve_loss(network, torch.zeros_like(grids), [targets([], [])], np.random.default_rng(0))
    dark.total.backward()
    assert dark.total.item() == 0


def test_votes_push_up_the_cell_of_the_plane(sizes: CurveSettings) -> None:
    """The gradient pushes up the plane's own cell of its own class, and down what is far from it."""
    network = Parrot(sizes, [], (0.0, 0.0))
    vote = network.votes[0]
    shape = 3
    logits = torch.zeros(1, 2, len(vote.shapes.curves), ROWS // 4, requires_grad=True)
    features = network.encode(torch.ones(1, 2, ROWS, 32))
    votes = [
        features.votes[0]._replace(logits=logits),
        features.votes[1]._replace(logits=features.votes[1].logits.detach()),
    ]
    network.encode = lambda image: features._replace(votes=votes)  # type: ignore[method-assign]
    truth = [targets([[30 * 0.02, *vote.shapes.curves[shape]]], [1])]
    curve_loss(network, GRIDS, truth, np.random.default_rng(0)).total.backward()
    gradient = logits.grad[0]
    assert gradient[1, shape, 30] < 0
    others = gradient.clone()
    others[1, shape, 30] = 0
    assert (others >= 0).all()
    # One plane: focal loss at p = 1/2, one for the cell, (1 - heat)^4 for the rest of it; far off the heat is 0.
    x = torch.zeros(1, requires_grad=True)
    far = -(torch.sigmoid(x) ** 2) * functional.logsigmoid(-x)
    far.backward()
    assert gradient[1, shape, 50].item() == pytest.approx(FRACTURES * x.grad.item(), rel=1e-4)
    assert gradient[1, shape, 31] < 0.5 * gradient[1, shape, 50]  # beside it, less


def test_it_learns_a_window_by_heart(sizes: CurveSettings) -> None:
    """The loss of one window with a bed and a fracture falls to less than half in 40 steps."""
    torch.manual_seed(0)
    network = CurveNetwork(sizes)
    truth = targets([[0.4, 0.02, 0.0], [0.8, 0.0, -0.15]], [0, 1])
    turn = 2 * np.pi * np.arange(32) / 32
    grid = np.full((ROWS, 32), 128, np.uint8)
    for (z0, a, b), value in zip(truth.traces, (220, 40), strict=True):
        grid[np.abs(np.arange(ROWS)[:, None] * 0.005 - (z0 + a * np.cos(turn) + b * np.sin(turn))) < 0.01] = value
    batch = torch.from_numpy(grid)[None]
    optimiser = torch.optim.AdamW(network.parameters(), 5e-3)
    totals = []
    for step in range(40):
        optimiser.zero_grad()
        losses = curve_loss(network, batch, [truth], np.random.default_rng(step))
        losses.total.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimiser.step()
        totals.append(losses.total.item())
    assert np.mean(totals[-5:]) < 0.5 * totals[0]
    assert losses.distance.item() < 0.03


def test_later_stages_decode_probable_queries_only(sizes: CurveSettings) -> None:
    """
    As in picking, improbable queries are dropped and hidden states go on; denoising queries pass two layers.

    Of a window in which all are improbable, as many of the most probable go on as it has planes.
    """

    class Uncertain(Parrot):
        """Gives one query of the first window and all of the second low log odds, the lower the deeper."""

        def propose_queries(self, features: Any, most: int) -> Any:
            return 2 * super().propose_queries(features, most)

        def decode(
            self, features: Any, traces: torch.Tensor, radius: Any, group: torch.Tensor, *more: Any
        ) -> list[LayerOutput]:
            hidden, layers = more
            stages.append((group.tolist(), None if hidden is None else hidden[..., 0].tolist(), layers))
            depth = traces[..., 0]
            improbable = torch.stack([(depth[0] - 0.4).abs() < 0.01, depth[1] > 0])
            logits = 0 * self.logits.expand(*traces.shape[:2], 2) - torch.where(improbable, 3 + depth, 0)[..., None]
            return [LayerOutput(logits, traces + 0 * self.logits.sum(), traces, traces)]

    stages: list[Any] = []
    layers, thresholds = (*sizes.layers, sizes.layers[-1]), ((1, -1.75), (2, -1.75))
    network = Uncertain(sizes, [[z0, 0, 0] for z0 in (0.2, 0.4, 0.6, 0.8)], (0.0, 0.0))
    network.settings = sizes.model_copy(update={"layers": layers, "doubts": thresholds})
    truth = [targets([[0.3, 0, 0]], [0]), targets([[0.6, 0, 0]], [1])]
    losses = curve_loss(network, GRIDS.repeat(2, 1, 1), truth, np.random.default_rng(0))
    losses.total.backward()  # type: ignore[no-untyped-call]
    (first, nothing, one), (second, hidden_two, two), (third, rest, three) = stages
    assert (first, nothing) == (2 * [[0, 0, 0, 0, 1]], None)
    assert second == [[0, 0, 0, 1], [0, 1, 2, 2]]
    assert [hidden_two[0][:3], hidden_two[1][:1]] == [pytest.approx([0.2, 0.6, 0.8]), pytest.approx([0.2])]
    assert third == [[0, 0, 0], [0, 2, 2]]
    assert [rest[0], rest[1][:1]] == [pytest.approx([0.2, 0.6, 0.8]), pytest.approx([0.2])]
    assert [one, two, three] == [slice(0, 1), slice(1, 2), slice(2, 3)]


def test_an_untrained_network_gets_gradients_in_every_layer() -> None:
    """It is sure of nothing; of the network that is shipped every layer gets a gradient all the same."""
    torch.manual_seed(0)
    network = CurveNetwork(CurveSettings(columns=32))
    truth = targets([[0.4, 0.02, 0.0], [0.8, 0.0, -0.15]], [0, 1])
    grids = torch.randint(1, 256, (1, ROWS, 32), dtype=torch.uint8)
    for layer in network.decoder.layers:
        layer.classes.bias.data.fill_(-5.0)  # what the first steps teach it
    curve_loss(network, grids, [truth], np.random.default_rng(0)).total.backward()  # type: ignore[no-untyped-call]
    assert all(float(layer.classes.bias.grad.abs().sum()) > 0 for layer in network.decoder.layers)


def test_a_required_plane_beside_an_optional_one_counts(sizes: CurveSettings) -> None:
    """Its own cell stays in the loss of the vote, whatever the optional plane leaves out round it."""
    torch.manual_seed(0)
    network = CurveNetwork(sizes)
    one, two = targets([[0.6, 0, 0]], [0]), targets([[0.6, 0, 0], [0.61, 0, 0]], [0, 0], [False, True])
    alone, beside = (curve_loss(network, GRIDS, [t], np.random.default_rng(0)).vote.item() for t in (one, two))
    # At its start the vote says no everywhere: almost all of the loss is the one cell that should say yes.
    assert beside > 0.8 * alone


class NoProposals(CurveNetwork):
    """Proposes nothing: the only queries are denoising queries."""

    def propose_queries(self, features: Any, most: int) -> Any:
        return [(np.zeros((0, 3)), np.zeros(0))]


def test_half_precision_keeps_centimetres(sizes: CurveSettings) -> None:
    """Twenty metres down, features of 16 bits move answers by less than a millimetre, and the loss hardly."""
    torch.manual_seed(0)
    network, rows = NoProposals(sizes), 4096
    grids = torch.randint(1, 256, (1, rows, 32), dtype=torch.uint8)
    label_mask = np.full((2, rows), True)
    truth = Targets(np.array([[20.0, 0.02, 0.0]]), np.array([1]), np.array([False]), RADIUS, label_mask)
    losses = []
    for half in (False, True):
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            losses.append(curve_loss(network, grids, [truth], np.random.default_rng(0)))
    full, halved = losses
    assert halved.total.dtype == torch.float32
    assert halved.distance.item() == pytest.approx(full.distance.item(), abs=0.001)
    assert halved.total.item() == pytest.approx(full.total.item(), rel=0.02)
    assert halved.vote.item() != full.vote.item()
