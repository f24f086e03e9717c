"""The vote against slow sums along traces."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from geobfdt.model.curve.votes import Shapes, VoteHead, trace_shapes
from geobfdt.model.curve_settings import VotingSettings

COLUMNS, ROW = 32, 0.02
TALLEST = 0.3
FINE = 16  # steps round a column
VOTING = VotingSettings()


def plain_vote(shapes: Shapes, pool: int, slopes: list[float], half: bool = False, columns: int = COLUMNS) -> VoteHead:
    """A vote whose answer is the average along each trace (its best half), times what `slopes` says of the slope."""
    vote = VoteHead(1, 1, 1, 1, shapes, columns, ROW, pool, VOTING)
    with torch.no_grad():
        for part in vote.parameters():
            part.zero_()
        vote.narrow.weight[:, 0, 0, 0] = torch.tensor(slopes)
        vote.first.weight[0, 2 if half else 0, 0, 1] = 1
        vote.second.weight[:] = 1
        vote.last.weight[:] = 1
    return vote


def along(curve: np.ndarray, columns: int = COLUMNS) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Column, depth and rise of a trace at many angles; column c is all that is nearer to c than to its neighbours."""
    place = (np.arange(columns * FINE) + 0.5) / FINE - 0.5
    turn = 2 * np.pi * place / columns
    depth = curve[0] * np.cos(turn) + curve[1] * np.sin(turn)
    rise = curve[1] * np.cos(turn) - curve[0] * np.sin(turn)
    return np.rint(place).astype(int) % columns, depth, rise


def slow_average(image: np.ndarray, curve: np.ndarray, z0: float, cell: float, top: float) -> float:
    """Average of an image (cells, columns) along a trace, linear between cells, 0 beyond the ends."""
    total = 0.0
    for column, depth, _ in zip(*along(curve), strict=True):
        at = (z0 + depth - top) / cell
        low = int(np.floor(at))
        for row, share in ((low, 1 - at + low), (low + 1, at - low)):
            if 0 <= row < len(image):
                total += share * image[row, column]
    return total / (COLUMNS * FINE)


@pytest.mark.parametrize("pool", [1, 2])
def test_votes_are_averages_along_traces(pool: int) -> None:
    """Every vote is the average of the image along its trace, by a loop over angles."""
    shapes = trace_shapes(0.0, TALLEST, COLUMNS, VOTING)
    rng = np.random.default_rng(0)
    image = rng.random((80, COLUMNS)).astype(np.float32)
    vote = plain_vote(shapes, pool, [1.0] * 5)
    with torch.no_grad():
        got = vote(torch.from_numpy(image)[None, None], torch.ones(1, 1, 80, COLUMNS)).logits[0, 0].numpy()
    pooled = image.reshape(-1, pool, COLUMNS).mean(1)
    depth = vote.depth(len(pooled))
    np.testing.assert_allclose(depth, [np.mean([ROW * (pool * i + k) for k in range(pool)]) for i in range(len(depth))])
    reach = int(np.ceil(TALLEST / ROW / pool)) + 1
    for shape in rng.integers(0, len(shapes.curves), 12):
        cell = int(rng.integers(reach, len(depth) - reach))
        slow = slow_average(pooled, shapes.curves[shape], depth[cell], ROW * pool, depth[0])
        # It is held back a little, so that what is hardly measured cannot be sure.
        assert got[shape, cell] == pytest.approx(slow / 1.02, abs=2e-5)


@pytest.mark.parametrize(("columns", "half"), [(32, 16), (24, 12), (28, 12), (44, 20), (56, 28)])
def test_the_best_half_counts_too(columns: int, half: int) -> None:
    """Of the half turns that begin four columns apart, the one with the highest average, gaps left out."""
    shapes = trace_shapes(0.0, TALLEST, columns, VOTING)
    rng = np.random.default_rng(3)
    image = rng.random((60, columns)).astype(np.float32)
    mask = (rng.random((60, columns)) < 0.7).astype(np.float32)
    vote = plain_vote(shapes, 1, [1.0] * 5, half=True, columns=columns)
    with torch.no_grad():
        parts = torch.from_numpy(image)[None, None], torch.from_numpy(mask)[None, None]
        got = vote(*parts).logits[0, 0].numpy()
    for shape, cell in [(0, 30), (8, 25), (33, 31), (len(shapes.curves) - 1, 28)]:
        column, depth, _ = along(shapes.curves[shape], columns)
        at = cell + depth / ROW
        low = np.floor(at).astype(int)
        features, measured = (
            np.bincount(column, part[low, column] * (1 - at % 1) + part[low + 1, column] * (at % 1)) / FINE
            for part in (image * mask, mask)
        )
        turns = [np.arange(first, first + half) % columns for first in range(0, columns, 4)]
        slow = max(features[turn].sum() / (measured[turn].sum() + 0.02 * columns) for turn in turns)
        assert got[shape, cell] == pytest.approx(slow, abs=2e-5)


@pytest.mark.parametrize("shape", [0, 3, 20, 60])
def test_a_drawn_curve_wins_at_its_own_cell(shape: int) -> None:
    """An image that is 1 on one trace and 0 elsewhere is voted for most at that trace's shape and depth."""
    shapes = trace_shapes(0.0, TALLEST, COLUMNS, VOTING)
    curve, z0 = shapes.curves[shape], 40 * ROW
    image = np.zeros((80, COLUMNS), np.float32)
    for column, depth, _ in zip(*along(curve), strict=True):
        at = (z0 + depth) / ROW
        image[int(np.floor(at)), column] += (1 - at % 1) / FINE
        image[int(np.floor(at)) + 1, column] += at % 1 / FINE
    vote = plain_vote(shapes, 1, [1.0] * 5)
    with torch.no_grad():
        ballot = vote(torch.from_numpy(image)[None, None], torch.ones(1, 1, 80, COLUMNS))
        peak = vote.peaks(ballot.logits[:, 0])
    assert np.unravel_index(ballot.logits[0, 0].argmax().item(), ballot.logits.shape[2:]) == (shape, 40)
    assert torch.isfinite(peak[0, shape, 40])
    assert ballot.logits.max().item() == pytest.approx(slow_average(image, curve, z0, ROW, 0.0) / 1.02, abs=2e-5)


def test_rising_parts_are_asked_of_their_own_slope() -> None:
    """Five slopes, even in asinh(slope / 0.1) up to the steepest of all shapes; each step goes to the two nearest."""
    shapes = trace_shapes(0.0, TALLEST, COLUMNS, VOTING)
    steepest = max(np.arcsinh(np.abs(along(curve)[2]) / 0.1).max() for curve in shapes.curves)
    vote = plain_vote(shapes, 1, [0.0, 1.0, 2.0, 3.0, 4.0])
    image = np.random.default_rng(1).random((60, COLUMNS)).astype(np.float32)
    with torch.no_grad():
        got = vote(torch.from_numpy(image)[None, None], torch.ones(1, 1, 60, COLUMNS)).logits[0, 0].numpy()
    for shape in (0, 5, 33, 70):
        column, depth, rise = along(shapes.curves[shape])
        at = (30 * ROW + depth) / ROW
        low = np.floor(at).astype(int)
        value = image[low, column] * (1 - at % 1) + image[low + 1, column] * (at % 1)
        slope = 2 * (np.arcsinh(rise / 0.1) / steepest + 1)
        assert got[shape, 30] == pytest.approx((value * slope).mean() / 1.02, abs=1e-4)


def test_coverage_is_the_measured_share() -> None:
    """With gaps and at the ends: the share of the turn over which a trace lies on measured ground."""
    shapes = trace_shapes(0.0, TALLEST, COLUMNS, VOTING)
    rng = np.random.default_rng(2)
    mask = (rng.random((60, COLUMNS)) < 0.6).astype(np.float32)
    mask[:, 5:13] = 0
    vote = plain_vote(shapes, 1, [1.0] * 5)
    with torch.no_grad():
        got = vote(torch.ones(1, 1, 60, COLUMNS), torch.from_numpy(mask)[None, None]).coverage[0].numpy()
    for shape, cell in [(0, 0), (0, 31), (8, 2), (30, 1), (50, 58), (70, 30), (70, 4)]:
        slow = slow_average(mask, shapes.curves[shape], cell * ROW, ROW, 0.0)
        assert got[shape, cell] == pytest.approx(slow, abs=1e-5)


def test_unmeasured_ground_has_no_say() -> None:
    """What the features hold where nothing was measured changes nothing."""
    shapes = trace_shapes(0.0, TALLEST, COLUMNS, VOTING)
    vote = VoteHead(3, 2, 4, 2, shapes, COLUMNS, ROW, 2, VOTING)
    features, mask = torch.rand(1, 3, 40, COLUMNS), (torch.rand(1, 1, 40, COLUMNS) < 0.5).float()
    with torch.no_grad():
        first = vote(features, mask).logits
        second = vote(torch.where(mask > 0, features, 9 * torch.rand(1, 3, 40, COLUMNS)), mask).logits
    torch.testing.assert_close(first, second)


def test_peaks_and_their_flanks_stay() -> None:
    """What stays is half as high as all within a cell of it in depth, its neighbours in shape included."""
    shapes = trace_shapes(0.0, TALLEST, COLUMNS, VOTING)
    vote = plain_vote(shapes, 1, [1.0] * 5)
    score = torch.rand(1, len(shapes.curves), 30)
    peaks = vote.peaks(score)[0].numpy()
    plain = score[0].numpy()
    for shape in range(len(plain)):
        for cell in range(30):
            around = [
                plain[s, c]
                for s in {shape, *shapes.neighbours[shape]}
                for c in range(max(cell - 1, 0), min(cell + 2, 30))
            ]
            expected = plain[shape, cell] if plain[shape, cell] >= 0.5 * max(around) else -np.inf
            assert peaks[shape, cell] == expected


def test_neighbours_are_the_nearest_shapes() -> None:
    """No shape that is no neighbour lies nearer than one that is; the far are their own neighbours."""
    shapes = trace_shapes(0.0, TALLEST, COLUMNS, VOTING)
    tall = np.hypot(*shapes.curves.T)
    for here, near in enumerate(shapes.neighbours):
        apart = np.hypot(*(shapes.curves - shapes.curves[here]).T) / (0.045 + 0.1 * np.maximum(tall, tall[here]))
        others = set(near.tolist()) - {here}
        assert others
        assert max(apart[list(others)]) < 2.5
        rest = [i for i in range(len(apart)) if i != here and i not in others]
        if len(others) == 6:
            assert min(apart[rest]) >= max(apart[list(others)]) - 1e-9
        else:
            assert min(apart[rest]) >= 2.5


@pytest.mark.parametrize(("columns", "tallest"), [(8, 0.4), (32, 2.2), (16, 1.0), (12, 0.4)])
def test_shapes_are_closed_under_turning(columns: int, tallest: float) -> None:
    """Turned by 16 columns of the image, 4 of the features, the shapes are the same set."""
    curves = trace_shapes(0.0, tallest, columns, VOTING).curves @ [1, 1j]
    turned = curves * np.exp(2j * np.pi * 4 / columns)
    assert np.abs(turned[:, None] - curves).min(axis=1).max() < 1e-12
    assert np.abs(turned[:, None] - curves).min(axis=0).max() < 1e-12


def test_tiers_share_one_ladder() -> None:
    """Shapes of two tiers are those of one that reaches as far: none is lost or asked twice."""
    low, high, whole = (trace_shapes(*ends, 32, VOTING).curves for ends in ((0.0, 0.4), (0.4, 1.15), (0.0, 1.15)))
    np.testing.assert_allclose(np.concatenate([low, high]), whole)
