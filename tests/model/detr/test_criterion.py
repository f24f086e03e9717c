"""The published loss: pairs against brute force, terms by hand, and a network that learns two windows."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
import torch

from geobfdt.model.curve.criterion import Targets
from geobfdt.model.curve.network import channels
from geobfdt.model.detr.criterion import detr_loss, pair, published_columns
from geobfdt.model.detr.network import DetrLayerOutput, DetrNetwork
from geobfdt.model.network_settings import DetrSettings

SIZES = DetrSettings(
    step=0.01, rows=64, columns=48, width=0.125, heads=4, encoder=1, decoder=2, queries=4, dropout=0.0
)  # fmt: skip
RADIUS = 0.1
GRIDS = torch.full((1, 64, 48), 128, dtype=torch.uint8)
RNG = np.random.default_rng(0)


class Parrot(torch.nn.Module):
    """Says what it was told, at one layer or more."""

    def __init__(self, *guesses: tuple[list[list[float]], list[list[float]]]) -> None:
        super().__init__()
        self.settings = SIZES
        self.outputs = [tuple(torch.tensor([part], requires_grad=True) for part in guess) for guess in guesses]

    def forward(self, image: torch.Tensor) -> list[DetrLayerOutput]:
        return [DetrLayerOutput(*guess) for guess in self.outputs]


def targets(
    places: list[list[float]],
    classes: list[int],
    optional: list[bool] | None = None,
    label_mask: np.ndarray | None = None,
) -> Targets:
    """Truth by depth share, dip / 90 and azimuth / 360, with the traces written out."""
    depth, dip, azimuth = np.array(places, dtype=float).reshape(-1, 3).T
    tall, turn = RADIUS * np.tan(np.radians(90 * dip)), 2 * np.pi * azimuth
    traces = np.column_stack([depth * 0.64, tall * np.cos(turn), tall * np.sin(turn)])
    free = np.zeros(len(classes), bool) if optional is None else np.array(optional)
    mask = np.ones((2, 64), bool) if label_mask is None else label_mask
    return Targets(traces, np.array(classes, dtype=np.int64), free, RADIUS, mask)


def focal_by_hand(logit: float, one: bool) -> float:
    """Focal loss with alpha 0.25 and gamma 2, as Lin et al. print it."""
    p = 1 / (1 + np.exp(-logit))
    return float(-0.25 * (1 - p) ** 2 * np.log(p) if one else -0.75 * p**2 * np.log(1 - p))


@pytest.mark.parametrize(("queries", "planes"), [(4, 3), (3, 3), (2, 4)])
def test_pairs_are_those_of_brute_force(queries: int, planes: int) -> None:
    """No assignment costs less, with more queries than planes or fewer."""
    rng = np.random.default_rng(queries)
    for _ in range(10):
        logits, parameters, truth = rng.normal(0, 2, (queries, 2)), rng.random((queries, 3)), rng.random((planes, 3))
        classes = rng.integers(0, 2, planes)

        def cost(q: int, t: int) -> float:
            logit = logits[q, classes[t]]  # noqa: B023
            return 5 * (focal_by_hand(logit, True) - focal_by_hand(logit, False)) + sum(abs(parameters[q] - truth[t]))  # noqa: B023

        fewer = min(queries, planes)
        ways = (
            list(zip(qs, ts, strict=True))
            for qs in permutations(range(queries), fewer)
            for ts in permutations(range(planes), fewer)
        )
        best = min(sum(cost(q, t) for q, t in way) for way in ways)
        query, plane = pair(logits, parameters, truth, classes, SIZES)
        assert len(set(query)) == len(set(plane)) == fewer
        # Not the pairs themselves: two that lie on one side of two planes cost the same either way.
        assert sum(cost(q, t) for q, t in zip(query, plane, strict=True)) == pytest.approx(best, abs=1e-9)


def test_terms_by_hand() -> None:
    """One plane and two queries at two layers: focal loss of all, L1 of the pair, weights 5 and 1."""
    layers = (
        ([[-1.0, 2.0], [0.5, -3.0]], [[0.45, 0.5, 0.9], [0.1, 0.1, 0.1]]),
        ([[-2.0, 1.0], [-2.0, -2.0]], [[0.5, 0.5, 0.2], [0.9, 0.9, 0.9]]),
    )
    losses = detr_loss(Parrot(*layers), GRIDS, [targets([[0.5, 0.6, 0.1]], [1])], RNG)
    # The azimuth of 324 deg against 36 deg counts for 0.8: there is no wrap, as published.
    apart = [0.05 + 0.1 + 0.8, 0.0 + 0.1 + 0.1]
    focal = [
        sum(focal_by_hand(x, (q, c) == (0, 1)) for q, row in enumerate(logits) for c, x in enumerate(row))
        for logits, _ in layers
    ]
    assert losses.total.item() == pytest.approx(5 * sum(focal) + sum(apart), rel=1e-5)
    assert losses.classes.item() == pytest.approx(focal[1], rel=1e-5)
    assert losses.distance.item() == pytest.approx(apart[1], rel=1e-5)
    assert losses.vote.item() == 0


def test_terms_are_a_plane() -> None:
    """Three planes wrong by as much as one cost as much each."""
    places = [[0.2, 0.5, 0.5], [0.5, 0.5, 0.5], [0.8, 0.5, 0.5]]
    off = [[depth, dip, 0.6] for depth, dip, _ in places]
    losses = detr_loss(Parrot(([[9.0, -9.0]] * 3, off)), GRIDS, [targets(places, [0] * 3)], RNG)
    assert losses.distance.item() == pytest.approx(0.1, rel=1e-5)


def test_perfect_answers_cost_nothing() -> None:
    """Sure, right and in place, in whatever order."""
    places = [[0.2, 0.5, 0.5], [0.7, 0.8, 0.1]]
    network = Parrot(([[-20.0, 20.0], [20.0, -20.0], [-20.0, -20.0]], [places[1], places[0], [0.5] * 3]))
    losses = detr_loss(network, GRIDS, [targets(places, [0, 1])], RNG)
    assert losses.total.item() < 1e-6
    columns = published_columns(network, GRIDS, [targets(places, [0, 1])])
    assert columns.l1 < 1e-6
    assert columns.class_error == 0


def test_nothing_there() -> None:
    """Without planes there is the classes' loss alone, and a gradient all through a real network."""
    losses = detr_loss(Parrot(([[0.0, 0.0]], [[0.5] * 3])), GRIDS, [targets([], [])], RNG)
    assert losses.total.item() == pytest.approx(5 * 2 * focal_by_hand(0, False), rel=1e-5)
    network = DetrNetwork(SIZES)
    losses = detr_loss(network, GRIDS, [targets([], [])], RNG)
    losses.total.backward()
    assert losses.distance.item() == 0
    assert all(part.grad is None or torch.isfinite(part.grad).all() for part in network.parameters())
    columns = published_columns(network.eval(), GRIDS, [targets([], [])])
    assert np.isnan(columns.class_error)
    assert columns.planes == 0


def test_matching_has_weights_of_its_own() -> None:
    """One query has the class, the other the place; which is paired follows the matching's weights, not the loss's."""
    logits, parameters = np.array([[3.0, -3.0], [-3.0, -3.0]]), np.array([[0.4, 0.5, 0.5], [0.2, 0.5, 0.5]])
    plane, name = np.array([[0.2, 0.5, 0.5]]), np.array([0])
    for weights, expected in ((None, 0), ((5.0, 1.0), 0), ((0.1, 5.0), 1)):
        query, _ = pair(logits, parameters, plane, name, SIZES.model_copy(update={"matching_weights": weights}))
        assert query.tolist() == [expected]


def test_optional_planes_teach_nothing() -> None:
    """Within 5 cm of one an answer is neither right nor wrong; further off it is a false alarm."""
    truth = [targets([[0.5, 0.5, 0.5]], [1], optional=[True])]
    near, far = (
        detr_loss(Parrot(([[1.0, 3.0]], [[0.5 + cm / 64, 0.1, 0.1]])), GRIDS, truth, RNG).total for cm in (4, 6)
    )
    assert near.item() == 0
    assert far.item() == pytest.approx(5 * (focal_by_hand(1, False) + focal_by_hand(3, False)), rel=1e-5)


def test_unknown_classes_teach_nothing() -> None:
    """Where only fractures were interpreted, bedding is no false alarm; a matched query learns of both classes."""
    label_mask = np.ones((2, 64), bool)
    label_mask[0, 32:] = False
    network = Parrot(([[1.0, 3.0], [1.0, 3.0], [1.0, 3.0]], [[0.2, 0.5, 0.5], [0.7, 0.9, 0.9], [0.8, 0.5, 0.5]]))
    losses = detr_loss(network, GRIDS, [targets([[0.8, 0.5, 0.5]], [1], label_mask=label_mask)], RNG)
    both = focal_by_hand(1, False) + focal_by_hand(3, False)
    matched = focal_by_hand(1, False) + focal_by_hand(3, True)
    assert losses.classes.item() == pytest.approx(both + focal_by_hand(3, False) + matched, rel=1e-5)


def test_class_error_by_hand() -> None:
    """Of four matched queries one has the other class, one its own but unsure; a false alarm does not count."""
    places = [[0.1, 0.5, 0.5], [0.3, 0.5, 0.5], [0.5, 0.5, 0.5], [0.7, 0.5, 0.5]]
    logit = [[2.0, -2.0], [-2.0, 2.0], [2.0, 1.0], [-2.0, -1.0], [4.0, -4.0]]
    network = Parrot((logit, [*places, [0.95, 0.0, 0.0]]))
    truth = [targets(places, [0, 1, 1, 1])]
    columns = published_columns(network, GRIDS, truth)
    assert columns.class_error == 25
    assert columns.class_error_at_half == 50
    assert columns.planes == 4
    losses = detr_loss(network, GRIDS, truth, RNG)
    assert columns.hungarian == pytest.approx(losses.total.item(), rel=1e-6)


def test_learns_two_windows() -> None:
    """A tiny network knows two windows by heart after some tens of steps."""
    torch.manual_seed(0)
    network = DetrNetwork(SIZES)
    places = [[[0.3, 0.4, 0.2], [0.75, 0.6, 0.7]], [[0.55, 0.5, 0.9]]]
    truth = [targets(places[0], [0, 1]), targets(places[1], [1])]
    turn = 2 * np.pi * np.arange(48) / 48
    grids = np.full((2, 64, 48), 128, np.uint8)
    for grid, target in zip(grids, truth, strict=True):
        for (z0, a, b), kind in zip(target.traces, target.classes, strict=True):
            row = np.arange(64)[:, None] * 0.01 - (z0 + a * np.cos(turn) + b * np.sin(turn))
            grid[np.abs(row) < 0.015] = 30 if kind else 220
    batch = torch.from_numpy(grids)
    optimiser = torch.optim.AdamW(network.parameters(), 2e-3)
    for _ in range(80):
        optimiser.zero_grad()
        losses = detr_loss(network, batch, truth, RNG)
        losses.total.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
    # Left in training mode: statistics of the batch, since running ones lag behind so short a run.
    columns = published_columns(network, batch, truth)
    assert columns.class_error == 0
    assert columns.l1 < 0.05


def test_half_precision_keeps_centimetres() -> None:
    """Places come out in full precision, whatever the features were computed in."""
    torch.manual_seed(0)
    network = DetrNetwork(SIZES).eval()
    grids = torch.randint(1, 256, (2, 64, 48), dtype=torch.uint8)
    truth = targets([[0.41, 0.2, 0.3]], [1])
    full = detr_loss(network, grids, [truth, truth], RNG)
    with torch.autocast("cpu", torch.bfloat16):
        half = detr_loss(network, grids, [truth, truth], RNG)
        last = network(channels(grids)[:, :-1])[-1]
    assert last.parameters.dtype == torch.float32
    assert half.total.item() == pytest.approx(full.total.item(), rel=0.02)
    assert half.total.item() != full.total.item()
