"""The loss of the ``curve`` network: votes against a soft map of the truth, queries against the planes they meet."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from geobfdt import geometry
from geobfdt.model.curve.decoder import Guess, Sight, stretch
from geobfdt.model.curve.network import CurveNetwork, Look, channels
from geobfdt.model.curve.votes import Ballot, Vote
from geobfdt.model.matching import match, scaled_rms, thin_by_distance
from geobfdt.model.precision import in_full

__all__ = ["Losses", "Targets", "curve_loss", "focal"]

_FURTHEST = 0.12  # scaled trace RMS of a pair that may still teach (m)
_NEAR = 0.03  # of an optional plane: what lies as near is neither right nor wrong (m)
_SIGMA = 0.02  # width of the soft map of the truth (m, scaled trace RMS)
_HIT = 0.3  # height of the soft map from which the nearest cell counts as the plane's own
_THIN = 0.022  # between proposals (m)
_CLOSE = 0.025  # of a plane, where an answer is worth half of one that lies on it (m, half scaled)
_WORTH = (1.0, 2.0)  # of an answer for beds, of which there are more, and for fractures
_JITTER = 0.05  # of the noised planes that the decoder is taught on (m, scaled trace RMS)
_TAUGHT = 2  # decoder layers that are taught on them, the first

Array = npt.NDArray[np.float64]


class Targets(NamedTuple):
    """
    The truth of one window.

    Parameters
    ----------
    traces : array (planes, 3)
        ``(z0, a, b)`` (m), z0 from the first row of the window.
    classes : array (planes,)
        0 bedding, 1 fracture.
    optional : array (planes,) of bool
        Planes that may be found or missed.
    radius : float
        Hole radius (m).
    known : array (classes, rows) of bool
        Where it is known what is there and what is not, row by row of the image.
    """

    traces: Array
    classes: npt.NDArray[np.int64]
    optional: npt.NDArray[np.bool_]
    radius: float
    known: npt.NDArray[np.bool_]


class Losses(NamedTuple):
    """
    Loss and its parts, averaged over the batch.

    Parameters
    ----------
    total : Tensor
        What is minimised.
    vote, classes, distance : Tensor
        Of the votes; of the last layer's classes; mean half scaled trace RMS (m) of its pairs.
    """

    total: Tensor
    vote: Tensor
    classes: Tensor
    distance: Tensor


def focal(logits: Tensor, target: Tensor, alpha: float = 0.35, gamma: float = 2.0) -> Tensor:
    """
    Focal loss (Lin et al. 2017; Li et al. 2020 for targets between 0 and 1), element by element.

    Parameters
    ----------
    logits, target : Tensor
        Log odds, and what the probability should be.
    alpha : float
        Weight of ones; zeros weigh 1 - alpha.
    gamma : float
        How much less an easy answer weighs.

    Examples
    --------
    >>> focal(torch.zeros(1), torch.ones(1), alpha=0.25).item()
    0.0433
    """
    p = torch.sigmoid(logits)
    surprise = functional.binary_cross_entropy_with_logits(logits, target, reduction="none")
    return (alpha * target + (1 - alpha) * (1 - target)) * (target - p).abs() ** gamma * surprise


def curve_loss(network: CurveNetwork, grids: Tensor, targets: list[Targets], rng: np.random.Generator) -> Losses:
    """
    Compute the loss of a batch.

    Parameters
    ----------
    network : CurveNetwork
        What is trained.
    grids : Tensor (batch, rows, columns) of uint8
        Windows, as in :class:`geobfdt.preparation.network_grid.NetworkGrid`.
    targets : list of Targets
        One for each.
    rng : Generator
        Jitter of the noised planes.
    """
    look = network.look(channels(grids))
    with in_full(grids.device):
        return _loss(network, _in_full(look), targets, grids.shape[1], rng)


def _in_full(look: Look) -> Look:
    ballots = [Ballot(ballot.logits.float(), ballot.coverage.float()) for ballot in look.ballots]
    return Look(Sight(*(part.float() for part in look.sight)), ballots)


def _loss(network: CurveNetwork, look: Look, targets: list[Targets], rows: int, rng: np.random.Generator) -> Losses:
    required = [int((~target.optional).sum()) for target in targets]
    count = max(sum(required), 1)
    parts = zip(network.votes, look.ballots, strict=True)
    vote = (
        torch.stack([_vote_loss(part, ballot, targets, network.settings.step) for part, ballot in parts]).sum() / count
    )
    most = round(network.settings.queries * rows / 768)
    proposals = network.elect(look, 6 * most)
    starts, groups, partners = _queries(proposals, targets, most, rng)
    device = look.sight.coarse.device
    traces = torch.from_numpy(starts).float().to(device)
    radius = torch.tensor([t.radius for t in targets], dtype=torch.float32, device=device)
    group = torch.from_numpy(groups).to(device)
    few = torch.tensor(required, device=device)
    total, content = vote, None
    guess: Guess | None = None
    for stage in network.settings.stages:
        if guess is not None:
            taught = stage.layers.start < _TAUGHT
            traces, content, group = _worth(guess, group, stage.least, few, taught)
            partners = partners if taught else [np.empty(0, np.int64)] * len(targets)
        for guess in network.decode(look, traces, radius, group, content, stage.layers):
            classes, distance = _query_loss(guess, group, partners, targets, count, network.settings.step)
            total = total + 2 * classes + distance / 0.02
    return Losses(total, vote.detach(), classes.detach(), distance.detach())


def _vote_loss(vote: Vote, ballot: Ballot, targets: list[Targets], step: float) -> Tensor:
    """Penalty-reduced focal loss (Law and Deng 2018, CornerNet) of one vote, summed over the batch."""
    logits = ballot.logits
    heat, weight = np.zeros(tuple(logits.shape), np.float32), np.ones(tuple(logits.shape), np.float32)
    depth, curves = vote.depth(logits.shape[3]), vote.shapes.curves
    for item, target in enumerate(targets):
        rows = np.clip(np.rint(depth / step).astype(int), 0, target.known.shape[1] - 1)
        weight[item] = target.known[:, rows][:, None]
        for trace, name, optional in zip(target.traces, target.classes, target.optional, strict=True):
            _draw(heat[item], weight[item], depth, curves, trace, int(name), bool(optional), target.radius)
    soft, mask = torch.from_numpy(heat).to(logits.device), torch.from_numpy(weight).to(logits.device)
    mask = mask * (ballot.coverage > 0.05)[:, None]
    p = torch.sigmoid(logits)
    top = (soft > 0.999).float()
    # A required plane is asked for even where an optional one lies beside it.
    mask = torch.maximum(mask, top * (ballot.coverage > 0.05)[:, None])
    yes = top * (1 - p) ** 2 * functional.logsigmoid(logits)
    no = (1 - top) * (1 - soft) ** 4 * p**2 * functional.logsigmoid(-logits)
    worth = torch.tensor(_WORTH, device=logits.device)[:, None, None]
    return -((yes + no) * mask * worth).sum()


def _draw(
    heat: npt.NDArray[np.float32],
    weight: npt.NDArray[np.float32],
    depth: Array,
    curves: Array,
    trace: Array,
    name: int,
    optional: bool,
    radius: float,
) -> None:
    """Draw one plane into the soft map of one window, or blank out what is near an optional one."""
    tall = float(geometry.stretch(trace, radius))
    reach = 3 * _SIGMA * tall
    first, last = np.searchsorted(depth, [trace[0] - reach, trace[0] + reach])
    sideways = ((curves - trace[1:]) ** 2).sum(1) / 2
    shapes = np.flatnonzero(sideways < reach**2)
    nearest = int(np.argmin(sideways))
    if first >= last or not shapes.size:
        return
    rms2 = (sideways[shapes][:, None] + (depth[first:last] - trace[0]) ** 2) / tall**2
    place = np.ix_(shapes, np.arange(first, last))
    if optional:
        for layer in weight:
            layer[place] *= rms2 > _NEAR**2
        return
    soft = np.exp(-rms2 / (2 * _SIGMA**2))
    heat[name][place] = np.maximum(heat[name][place], soft)
    other = 1 - name  # the same place for the other class: wrong, but less so than elsewhere
    weight[other][place] = np.minimum(weight[other][place], 1 - 0.5 * soft)
    cell = first + int(np.argmin(np.abs(depth[first:last] - trace[0])))
    if heat[name][nearest, cell] >= _HIT:
        heat[name][nearest, cell] = 1.0


def _queries(
    proposals: list[tuple[Array, Array]], targets: list[Targets], most: int, rng: np.random.Generator
) -> tuple[Array, npt.NDArray[np.int64], list[npt.NDArray[np.int64]]]:
    """Starting traces (batch, queries, 3), their group (0 proposed, 1 noised, 2 padding), and planes of the noised."""
    chosen, partners = [], []
    for (traces, scores), target in zip(proposals, targets, strict=True):
        keep = thin_by_distance(traces, scores, _THIN, target.radius, most)
        required = np.flatnonzero(~target.optional)[:most]
        planes = target.traces[required]
        tall = geometry.stretch(planes, target.radius)
        noise = rng.normal(0, _JITTER / 1.7, (len(planes), 3)) * tall[:, None] * [1, 1.41, 1.41]
        noised = planes + noise
        order = np.argsort(noised[:, 0], kind="stable")
        keep = keep[np.argsort(traces[keep, 0], kind="stable")]
        chosen.append((traces[keep], noised[order]))
        partners.append(required[order])
    size = max(max(len(a) + len(b) for a, b in chosen), 1)
    starts = np.zeros((len(targets), size, 3))
    groups = np.full((len(targets), size), 2)
    for item, (found, noised) in enumerate(chosen):
        starts[item, : len(found)], groups[item, : len(found)] = found, 0
        last = len(found) + len(noised)
        starts[item, len(found) : last], groups[item, len(found) : last] = noised, 1
    return starts, groups, partners


def _worth(guess: Guess, group: Tensor, least: float, few: Tensor, taught: bool) -> tuple[Tensor, Tensor, Tensor]:
    """
    Traces, contents and groups of those that go on; padded.

    They are the proposed that are sure enough, and the surest `few` (batch,) of each window in any case, as many as it
    has planes: a network that has learnt nothing is sure of nothing, and what it is never asked it never learns. Then
    the noised, if they go on.
    """
    sure = guess.logits.detach().amax(dim=-1).masked_fill(group != 0, -torch.inf)
    surest = sure.argsort(dim=1, descending=True).argsort(dim=1) < few[:, None]
    kept = (group == 0) & ((sure >= least) | surest) | (group == 1) & taught
    size = max(int(kept.sum(dim=1).max()), 1)
    order = torch.argsort((~kept).to(torch.uint8), dim=1, stable=True)[:, :size]
    groups = torch.where(kept, group, 2).gather(1, order)
    traces, content = (
        part.gather(1, order[..., None].expand(-1, -1, part.shape[2]))
        for part in (guess.traces.detach(), guess.content)
    )
    return traces, content, groups


def _query_loss(
    guess: Guess, group: Tensor, partners: list[npt.NDArray[np.int64]], targets: list[Targets], count: int, step: float
) -> tuple[Tensor, Tensor]:
    """
    Focal loss of classes and mean distance of pairs; each query's pair found anew at each layer.

    What an answer is asked to be sure of is less the farther it lies from its plane. Distances are half scaled, by the
    root of what square to a trace asks for: picks are judged in depth, and seen square to their traces.
    """
    probability = guess.logits.detach().sigmoid().cpu().numpy().astype(np.float64)
    traces = guess.traces.detach().cpu().numpy().astype(np.float64)
    kinds = group.cpu().numpy()
    wanted = np.zeros(probability.shape, np.float32)
    weight = (kinds < 2)[:, :, None] * np.ones(probability.shape, np.float32)
    pairs: list[tuple[int, int, Array, float]] = []
    for item, target in enumerate(targets):
        proposed, noised = np.flatnonzero(kinds[item] == 0), np.flatnonzero(kinds[item] == 1)
        required = np.flatnonzero(~target.optional)
        query, plane = match(
            traces[item, proposed], probability[item, proposed], target.traces[required], target.classes[required],
            target.radius, _FURTHEST,
        )  # fmt: skip
        row = np.clip(np.nan_to_num(traces[item, :, 0]) / step, 0, target.known.shape[1] - 1).astype(int)
        weight[item] *= target.known[:, row].T
        if target.optional.any() and proposed.size:
            near = scaled_rms(traces[item, proposed], target.traces[target.optional], target.radius).min(1) < _NEAR
            weight[item, proposed[near]] = 0
        # The noised start from planes that are there; they weigh less, since nothing asks them to be told apart.
        weight[item, noised] *= 0.3
        for i, j in [*zip(proposed[query], required[plane], strict=True), *zip(noised, partners[item], strict=True)]:
            plane = target.traces[j]
            off = geometry.trace_rms(traces[item, i], plane) / np.sqrt(geometry.stretch(plane, target.radius))
            wanted[item, i, target.classes[j]] = 1 / (1 + (off / _CLOSE) ** 2)
            weight[item, i] = np.maximum(weight[item, i], 0.3 if kinds[item, i] == 1 else 1)
            pairs.append((item, int(i), plane, target.radius))
    device = guess.logits.device
    mask = torch.from_numpy(weight).to(device) * torch.tensor(_WORTH, device=device)
    classes = (focal(guess.logits, torch.from_numpy(wanted).to(device)) * mask).sum() / count
    if not pairs:
        return classes, guess.traces.sum() * 0
    items, queries = (torch.tensor([pair[k] for pair in pairs], device=device) for k in range(2))
    truth = torch.from_numpy(np.array([pair[2] for pair in pairs])).float().to(device)
    radius = torch.tensor([pair[3] for pair in pairs], dtype=torch.float32, device=device)
    change = guess.traces[items, queries] - truth
    square = change[:, 0] ** 2 + (change[:, 1] ** 2 + change[:, 2] ** 2) / 2
    return classes, torch.sqrt((square + 1e-8) / stretch(truth, radius)).mean()
