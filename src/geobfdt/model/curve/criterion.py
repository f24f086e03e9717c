"""The loss of the ``curve`` network: votes against a soft map of the truth, queries against the planes they match."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from geobfdt import geometry
from geobfdt.model.curve.decoder import LayerOutput, SampledFeatures, stretch
from geobfdt.model.curve.network import CurveNetwork, Features, channels
from geobfdt.model.curve.votes import VoteHead, Votes
from geobfdt.model.curve_settings import LossSettings
from geobfdt.model.matching import match, scaled_rms, thin_by_distance
from geobfdt.model.network_settings import CurveSettings
from geobfdt.model.precision import full_precision

__all__ = ["Losses", "Targets", "curve_loss", "focal"]

_PROPOSAL, _DENOISING, _PADDING = 0, 1, 2  # Groups of queries; queries of different groups do not see each other.
_POSITIVE_HEAT = 0.999  # Cells of the soft map from this height are positive: they are set to 1.
_HEAT_REACH = 3  # Number of sigmas up to which a Gaussian is drawn.
_JITTER_SHARES = (1.0, 1.41, 1.41)  # Depth and both amplitudes contribute equally to a trace RMS in these proportions.
_JITTER_COMPONENTS = 1.7  # Root of the number of components that share the jitter.
_TRAINING_ROWS = 768  # Height of the window (rows) that the settings' number of queries is for.

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
    label_mask : array (classes, rows) of bool
        Rows of the image in which the labels of a class are complete; elsewhere the class has no loss.
    """

    traces: Array
    classes: npt.NDArray[np.int64]
    optional: npt.NDArray[np.bool_]
    radius: float
    label_mask: npt.NDArray[np.bool_]


class Losses(NamedTuple):
    """
    Loss and its parts, averaged over the batch.

    Parameters
    ----------
    total : Tensor
        The loss that is minimised.
    vote, classes : Tensor
        Loss of the votes, and of the last layer's classes.
    distance : Tensor
        Mean half scaled trace RMS (m) of the last layer's pairs.
    """

    total: Tensor
    vote: Tensor
    classes: Tensor
    distance: Tensor


def focal(logits: Tensor, target: Tensor, alpha: float, gamma: float) -> Tensor:
    """
    Focal loss (Lin et al. 2017; Li et al. 2020 for targets between 0 and 1), element by element.

    Parameters
    ----------
    logits, target : Tensor
        Log odds, and target probability.
    alpha : float
        Weight of ones; zeros weigh 1 - alpha.
    gamma : float
        Exponent that lowers the weight of well-classified elements.

    Notes
    -----
    With ``p = sigmoid(logit)`` and target ``t`` the loss is ``(alpha t + (1 - alpha) (1 - t)) |t - p|^gamma BCE(p,
    t)``.

    Examples
    --------
    >>> focal(torch.zeros(1), torch.ones(1), alpha=0.25, gamma=2.0).item()
    0.0433
    """
    p = torch.sigmoid(logits)
    cross_entropy = functional.binary_cross_entropy_with_logits(logits, target, reduction="none")
    return (alpha * target + (1 - alpha) * (1 - target)) * (target - p).abs() ** gamma * cross_entropy


def curve_loss(network: CurveNetwork, grids: Tensor, targets: list[Targets], rng: np.random.Generator) -> Losses:
    """
    Compute the loss of a batch.

    Parameters
    ----------
    network : CurveNetwork
        The network in training.
    grids : Tensor (batch, rows, columns) of uint8
        Windows, as in :class:`geobfdt.preparation.network_grid.NetworkGrid`.
    targets : list of Targets
        One for each.
    rng : Generator
        Jitter of the denoising queries.

    Notes
    -----
    The loss has three parts. Votes are compared with a soft map of the truth (CornerNet, Law and Deng 2018). At each
    decoder layer, queries and planes are paired by the Hungarian algorithm (Carion et al. 2020); classes have a focal
    loss whose target falls with the distance of a query from its plane, and pairs a distance loss. Beside the queries
    that the votes propose, the first layers get denoising queries: true planes that are moved a little and have to be
    moved back (DN-DETR, Li et al. 2022). They teach the decoder before the votes are any good. Between stages, queries
    below the stage's threshold are dropped as in detection. Sums are divided by the number of required planes in the
    batch; all of this runs in full precision, since 16 bits do not resolve centimetres at a depth of metres.
    """
    features = network.encode(channels(grids))
    with full_precision(grids.device):
        return _loss(network, _as_float32(features), targets, grids.shape[1], rng)


def _as_float32(features: Features) -> Features:
    all_votes = [Votes(votes.logits.float(), votes.coverage.float()) for votes in features.votes]
    return Features(SampledFeatures(*(part.float() for part in features.sampled)), all_votes)


def _loss(
    network: CurveNetwork, features: Features, targets: list[Targets], rows: int, rng: np.random.Generator
) -> Losses:
    settings = network.settings
    required = [int((~target.optional).sum()) for target in targets]
    # One divisor for the whole batch: a window without planes adds its negatives, and a crowded one counts for more.
    count = max(sum(required), 1)
    parts = zip(network.votes, features.votes, strict=True)
    vote = torch.stack([_vote_loss(part, votes, targets, settings) for part, votes in parts]).sum() / count
    max_queries = round(settings.queries * rows / _TRAINING_ROWS)
    proposals = network.propose_queries(features, settings.detection.cells_per_query * max_queries)
    starts, groups, partners = _queries(proposals, targets, max_queries, settings, rng)
    device = features.sampled.coarse.device
    traces = torch.from_numpy(starts).float().to(device)
    radius = torch.tensor([t.radius for t in targets], dtype=torch.float32, device=device)
    group = torch.from_numpy(groups).to(device)
    required_count = torch.tensor(required, device=device)
    total, hidden = vote, None
    output: LayerOutput | None = None
    for stage in settings.stages:
        if output is not None:
            denoise = stage.layers.start < settings.loss.denoising_layers
            traces, hidden, group = select_queries(output, group, stage.least, required_count, denoise)
            partners = partners if denoise else [np.empty(0, np.int64)] * len(targets)
        for output in network.decode(features, traces, radius, group, hidden, stage.layers):
            classes, distance = _query_loss(output, group, partners, targets, count, settings)
            total = total + settings.loss.class_weight * classes + distance / settings.loss.distance_scale
    return Losses(total, vote.detach(), classes.detach(), distance.detach())


def _vote_loss(vote: VoteHead, votes: Votes, targets: list[Targets], settings: CurveSettings) -> Tensor:
    """
    Penalty-reduced focal loss of one tier of votes, summed over the batch.

    The target is a soft map of the truth: Gaussians of the scaled trace RMS between cells and planes. The cell nearest
    to a plane is positive, and other cells are negative with weight ``(1 - heat)^4``, so that votes beside a plane cost
    little (CornerNet, Law and Deng 2018). Rows without complete labels, cells that were hardly measured, and the
    neighbourhood of optional planes have no loss.
    """
    logits = votes.logits
    heat, weight = np.zeros(tuple(logits.shape), np.float32), np.ones(tuple(logits.shape), np.float32)
    depth, curves = vote.depth(logits.shape[3]), vote.shapes.curves
    for item, target in enumerate(targets):
        rows = np.clip(np.rint(depth / settings.step).astype(int), 0, target.label_mask.shape[1] - 1)
        weight[item] = target.label_mask[:, rows][:, None]
        for trace, name, optional in zip(target.traces, target.classes, target.optional, strict=True):
            _draw(
                heat[item], weight[item], depth, curves, trace, int(name), bool(optional), target.radius, settings.loss
            )
    soft, mask = torch.from_numpy(heat).to(logits.device), torch.from_numpy(weight).to(logits.device)
    covered = (votes.coverage > settings.voting.min_coverage)[:, None]
    mask = mask * covered
    p = torch.sigmoid(logits)
    top = (soft > _POSITIVE_HEAT).float()
    # A required plane counts even where an optional one lies beside it.
    mask = torch.maximum(mask, top * covered)
    # The squares take the weight off cells that are right already: nearly all cells hold no plane.
    positive = top * (1 - p) ** 2 * functional.logsigmoid(logits)
    negative = (1 - top) * (1 - soft) ** 4 * p**2 * functional.logsigmoid(-logits)
    class_weight = torch.tensor(settings.loss.class_weights, device=logits.device)[:, None, None]
    return -((positive + negative) * mask * class_weight).sum()


def _draw(
    heat: npt.NDArray[np.float32],
    weight: npt.NDArray[np.float32],
    depth: Array,
    curves: Array,
    trace: Array,
    name: int,
    optional: bool,
    radius: float,
    loss: LossSettings,
) -> None:
    """Draw one plane into the soft map of one window, in place; around an optional plane set the weights to 0."""
    stretching = float(geometry.stretch(trace, radius))
    reach_m = _HEAT_REACH * loss.heat_sigma * stretching
    first, last = np.searchsorted(depth, [trace[0] - reach_m, trace[0] + reach_m])
    # The square of a trace RMS is the square of the difference in depth and half of those in both amplitudes.
    sideways = ((curves - trace[1:]) ** 2).sum(1) / 2
    # Most cells are too far off for the Gaussian to show: only those of near shapes and depths are drawn.
    shapes = np.flatnonzero(sideways < reach_m**2)
    nearest = int(np.argmin(sideways))
    if first >= last or not shapes.size:
        return
    rms2 = (sideways[shapes][:, None] + (depth[first:last] - trace[0]) ** 2) / stretching**2
    place = np.ix_(shapes, np.arange(first, last))
    if optional:
        for layer in weight:
            layer[place] *= rms2 > loss.optional_distance**2
        return
    soft = np.exp(-rms2 / (2 * loss.heat_sigma**2))
    heat[name][place] = np.maximum(heat[name][place], soft)
    # The same place is negative for the other class, with half the weight: a wrong class is better than no plane.
    other = 1 - name
    weight[other][place] = np.minimum(weight[other][place], 1 - 0.5 * soft)
    cell = first + int(np.argmin(np.abs(depth[first:last] - trace[0])))
    if heat[name][nearest, cell] >= loss.min_heat:
        heat[name][nearest, cell] = 1.0


def _queries(
    proposals: list[tuple[Array, Array]],
    targets: list[Targets],
    max_queries: int,
    settings: CurveSettings,
    rng: np.random.Generator,
) -> tuple[Array, npt.NDArray[np.int64], list[npt.NDArray[np.int64]]]:
    """
    Make the queries of the first stage.

    Returns
    -------
    starts : array (batch, queries, 3)
        Traces ``(z0, a, b)`` (m).
    groups : array (batch, queries)
        ``_PROPOSAL``, ``_DENOISING`` or ``_PADDING``.
    partners : list of array
        Index of the plane that each denoising query was made from, window by window.
    """
    spacing, sigma = settings.detection.query_spacing, settings.loss.jitter / _JITTER_COMPONENTS
    chosen, partners = [], []
    for (traces, scores), target in zip(proposals, targets, strict=True):
        # Proposals are thinned as in detection, so that training meets the queries that detection will meet.
        keep = thin_by_distance(traces, scores, spacing, target.radius, max_queries)
        # Only required planes make denoising queries: one that starts at an optional plane has no right answer.
        required = np.flatnonzero(~target.optional)[:max_queries]
        planes = target.traces[required]
        stretching = geometry.stretch(planes, target.radius)
        noise = rng.normal(0, sigma, (len(planes), 3)) * stretching[:, None] * _JITTER_SHARES
        denoising = planes + noise
        # The decoder takes queries sorted by group, then by depth.
        order = np.argsort(denoising[:, 0], kind="stable")
        keep = keep[np.argsort(traces[keep, 0], kind="stable")]
        chosen.append((traces[keep], denoising[order]))
        partners.append(required[order])
    size = max(max(len(a) + len(b) for a, b in chosen), 1)
    starts = np.zeros((len(targets), size, 3))
    groups = np.full((len(targets), size), _PADDING)
    for item, (proposed, denoising) in enumerate(chosen):
        starts[item, : len(proposed)], groups[item, : len(proposed)] = proposed, _PROPOSAL
        last = len(proposed) + len(denoising)
        starts[item, len(proposed) : last], groups[item, len(proposed) : last] = denoising, _DENOISING
    return starts, groups, partners


def select_queries(
    output: LayerOutput, group: Tensor, min_logit: float, least_count: Tensor, denoise: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """
    Select the queries that go on to the next stage.

    Parameters
    ----------
    output : LayerOutput
        Of the stage's last layer.
    group : Tensor (batch, queries)
        Group of each query.
    min_logit : float
        Log odds of a class from which a proposed query goes on.
    least_count : Tensor (batch,)
        So many proposed queries of each window go on in any case, the most probable ones: a network without training
        is sure of no query, and would never learn the later stages.
    denoise : bool
        Whether denoising queries go on.

    Returns
    -------
    traces, hidden, groups : Tensor
        Of these queries, padded to the longest window.
    """
    # The second sort turns the order of the queries into the rank of each.
    logit = output.logits.detach().amax(dim=-1).masked_fill(group != _PROPOSAL, -torch.inf)
    most_probable = logit.argsort(dim=1, descending=True).argsort(dim=1) < least_count[:, None]
    selected = (group == _PROPOSAL) & ((logit >= min_logit) | most_probable) | (group == _DENOISING) & denoise
    size = max(int(selected.sum(dim=1).max()), 1)
    # A stable sort moves the selected queries to the front and keeps their order in depth.
    order = torch.argsort((~selected).to(torch.uint8), dim=1, stable=True)[:, :size]
    groups = torch.where(selected, group, _PADDING).gather(1, order)
    traces, hidden = (
        part.gather(1, order[..., None].expand(-1, -1, part.shape[2]))
        for part in (output.traces.detach(), output.hidden)
    )
    return traces, hidden, groups


def _query_loss(
    output: LayerOutput,
    group: Tensor,
    partners: list[npt.NDArray[np.int64]],
    targets: list[Targets],
    count: int,
    settings: CurveSettings,
) -> tuple[Tensor, Tensor]:
    """
    Focal loss of the classes of one layer, per required plane, and mean distance of its pairs (m).

    Queries are matched anew at each layer. The target probability of a query at distance ``d`` from its plane is
    ``1 / (1 + (d / half_score_distance)^2)``, so that a query that lies closer is more probable than its duplicates.
    Distances are half scaled, by the square root of the trace's stretch: picks are judged in depth, but pixels resolve
    them perpendicular to the trace.
    """
    loss = settings.loss
    probability = output.logits.detach().sigmoid().cpu().numpy().astype(np.float64)
    traces = output.traces.detach().cpu().numpy().astype(np.float64)
    groups = group.cpu().numpy()
    target_probability = np.zeros(probability.shape, np.float32)
    weight = (groups != _PADDING)[:, :, None] * np.ones(probability.shape, np.float32)
    pairs: list[tuple[int, int, Array, float]] = []
    for item, target in enumerate(targets):
        proposed, denoising = np.flatnonzero(groups[item] == _PROPOSAL), np.flatnonzero(groups[item] == _DENOISING)
        required = np.flatnonzero(~target.optional)
        query, plane = match(
            traces[item, proposed], probability[item, proposed], target.traces[required], target.classes[required],
            target.radius, settings.matching,
        )  # fmt: skip
        # A query has a loss only where the labels of a class are complete at its depth.
        row = np.clip(np.nan_to_num(traces[item, :, 0]) / settings.step, 0, target.label_mask.shape[1] - 1).astype(int)
        weight[item] *= target.label_mask[:, row].T
        if target.optional.any() and proposed.size:
            # Pairs come afterwards and set their weight again: a query that a required plane has taken is judged.
            nearest = scaled_rms(traces[item, proposed], target.traces[target.optional], target.radius).min(1)
            weight[item, proposed[nearest < loss.optional_distance]] = 0
        # Denoising queries begin beside true planes: they weigh less, since they have no duplicates to suppress.
        weight[item, denoising] *= loss.denoising_weight
        for i, j in [*zip(proposed[query], required[plane], strict=True), *zip(denoising, partners[item], strict=True)]:
            plane = target.traces[j]
            offset = geometry.trace_rms(traces[item, i], plane) / np.sqrt(geometry.stretch(plane, target.radius))
            target_probability[item, i, target.classes[j]] = 1 / (1 + (offset / loss.half_score_distance) ** 2)
            own_weight = loss.denoising_weight if groups[item, i] == _DENOISING else 1
            weight[item, i] = np.maximum(weight[item, i], own_weight)
            pairs.append((item, int(i), plane, target.radius))
    device = output.logits.device
    mask = torch.from_numpy(weight).to(device) * torch.tensor(loss.class_weights, device=device)
    target_tensor = torch.from_numpy(target_probability).to(device)
    classes = (focal(output.logits, target_tensor, loss.alpha, loss.gamma) * mask).sum() / count
    if not pairs:
        return classes, output.traces.sum() * 0
    items, queries = (torch.tensor([pair[k] for pair in pairs], device=device) for k in range(2))
    truth = torch.from_numpy(np.array([pair[2] for pair in pairs])).float().to(device)
    radius = torch.tensor([pair[3] for pair in pairs], dtype=torch.float32, device=device)
    change = output.traces[items, queries] - truth
    square = change[:, 0] ** 2 + (change[:, 1] ** 2 + change[:, 2] ** 2) / 2
    # The small number keeps the gradient of the root finite where a query lies on its plane exactly.
    return classes, torch.sqrt((square + 1e-8) / stretch(truth, radius)).mean()
