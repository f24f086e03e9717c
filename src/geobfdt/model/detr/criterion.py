"""The loss of the ``detr`` network, as published: focal loss of classes and L1 of parameters of Hungarian pairs."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from geobfdt.model.curve.criterion import Losses, Targets, focal
from geobfdt.model.curve.network import channels
from geobfdt.model.detr.network import DetrLayerOutput, DetrNetwork, parameters_from_traces
from geobfdt.model.network_settings import DetrSettings

__all__ = ["PublishedColumns", "detr_loss", "pair", "published_columns"]

_OPTIONAL_DISTANCE_M = 0.05  # Queries as near in depth to an optional plane have no class loss.

Array = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]


class PublishedColumns(NamedTuple):
    """
    The columns of the published tables, for a batch.

    Parameters
    ----------
    hungarian : float
        Weighted focal loss and L1 of the last layer, a plane.
    l1 : float
        Sum of the absolute differences of depth, dip and azimuth, each 0 to 1, a plane.
    class_error, class_error_at_half : float
        Share of the matched queries whose class is wrong (%), and of those that are wrong or less probable than a half;
        NaN without planes.
    planes : int
        What batches are weighted by when they are averaged.
    """

    hungarian: float
    l1: float
    class_error: float
    class_error_at_half: float
    planes: int


def pair(
    logits: Array, parameters: Array, truth: Array, classes: Indices, settings: DetrSettings
) -> tuple[Indices, Indices]:
    """
    Pair queries with planes, one to one, at least total cost (Kuhn 1955; Carion et al. 2020).

    With the settings' pairing weights ``wc, wd`` the cost is ``wc (ones(p) - zeros(p)) + wd L1``, where ones and zeros
    are the focal loss of a plane's class if it is there and if it is not (Zhu et al. 2021, Deformable DETR).

    Parameters
    ----------
    logits : array (queries, classes)
        Log odds of each class.
    parameters : array (queries, 3)
        Depth, dip and azimuth, each 0 to 1.
    truth : array (planes, 3)
        The same of the planes.
    classes : array (planes,)
        Class of each.
    settings : DetrSettings
        Weights.

    Returns
    -------
    query, plane : array (pairs,)
        Indices.

    Examples
    --------
    >>> planes = np.array([[0.2, 0.5, 0.1], [0.7, 0.5, 0.1]])
    >>> pair(np.zeros((2, 2)), planes[::-1], planes, np.array([0, 1]), DetrSettings())
    (array([0, 1]), array([1, 0]))
    """
    class_logits = logits[:, classes]
    log_present, log_absent = (
        np.logaddexp(0, -class_logits),
        np.logaddexp(0, class_logits),
    )  # -log p and -log (1 - p), without overflow
    ones = settings.alpha * np.exp(-settings.gamma * log_absent) * log_present
    zeros = (1 - settings.alpha) * np.exp(-settings.gamma * log_present) * log_absent
    distance = np.abs(parameters[:, None] - truth).sum(axis=2)
    of_class, of_distance = settings.pairing_weights
    query, plane = linear_sum_assignment(of_class * (ones - zeros) + of_distance * distance)
    return query, plane


def detr_loss(
    network: DetrNetwork,
    grids: Tensor,
    targets: list[Targets],
    rng: np.random.Generator,  # noqa: ARG001
) -> Losses:
    """
    Compute the loss of a batch.

    Parameters
    ----------
    network : DetrNetwork
        What is trained.
    grids : Tensor (batch, rows, columns) of uint8
        Windows, as in :class:`geobfdt.preparation.network_grid.NetworkGrid`.
    targets : list of Targets
        One for each.
    rng : Generator
        Not used: all presets take one.

    Returns
    -------
    Losses
        Total of all layers; of the last one ``classes``, the focal loss, and ``distance``, the L1 (of three shares, not
        metres), each a plane and without its weight. There is no vote: 0.
    """
    settings = network.settings
    total = torch.zeros((), device=grids.device)
    for output in network(channels(grids)[:, :-1]):
        terms = _terms(output, targets, settings)
        total = total + settings.class_weight * terms.classes + settings.distance_weight * terms.distance
    return Losses(total, torch.zeros_like(total), terms.classes.detach(), terms.distance.detach())


@torch.no_grad()
def published_columns(network: DetrNetwork, grids: Tensor, targets: list[Targets]) -> PublishedColumns:
    """
    Compute the columns of the published tables.

    A matched query's class is wrong if another is as probable. Below a probability of a half it means no plane, which
    DETR's log counts as wrong too. Misses and false alarms do not show in either.

    Parameters
    ----------
    network : DetrNetwork
        In evaluation mode.
    grids : Tensor (batch, rows, columns) of uint8
        Windows, as in :class:`geobfdt.preparation.network_grid.NetworkGrid`.
    targets : list of Targets
        One for each.
    """
    settings = network.settings
    terms = _terms(network(channels(grids)[:, :-1])[-1], targets, settings)
    hungarian = settings.class_weight * terms.classes + settings.distance_weight * terms.distance
    wrong, unsure = (100 * part / terms.pairs if terms.pairs else float("nan") for part in (terms.wrong, terms.unsure))
    return PublishedColumns(float(hungarian), float(terms.distance), wrong, unsure, terms.pairs)


class _Terms(NamedTuple):
    """Focal loss and L1 of a layer, a plane; matched queries of the wrong class, those wrong or unsure, and all."""

    classes: Tensor
    distance: Tensor
    wrong: int
    unsure: int
    pairs: int


def _terms(output: DetrLayerOutput, targets: list[Targets], settings: DetrSettings) -> _Terms:
    logits = output.logits.detach().cpu().numpy().astype(np.float64)
    parameters = output.parameters.detach().cpu().numpy().astype(np.float64)
    target_probability, weight = np.zeros(logits.shape, np.float32), np.ones(logits.shape, np.float32)
    items, queries, truth, names = [], [], [], []
    for item, target in enumerate(targets):
        required = ~target.optional
        planes = parameters_from_traces(target.traces[required], target.radius, settings.height)
        classes = target.classes[required]
        query, plane = pair(logits[item], parameters[item], planes, classes, settings)
        weight[item] = _answerable(settings.height * parameters[item, :, 0], target, settings.step)
        weight[item, query] = 1
        target_probability[item, query, classes[plane]] = 1
        items.append(np.full(query.size, item))
        queries.append(query)
        truth.append(planes[plane])
        names.append(classes[plane])
    device = output.logits.device
    count = max(sum(int((~target.optional).sum()) for target in targets), 1)
    loss = focal(output.logits, torch.from_numpy(target_probability).to(device), settings.alpha, settings.gamma)
    place = np.concatenate(items), np.concatenate(queries)
    difference = output.parameters[place] - torch.from_numpy(np.concatenate(truth)).float().to(device)
    matched_logits = logits[place]
    own_logits = np.take_along_axis(matched_logits, np.concatenate(names)[:, None], axis=1)
    right = (matched_logits >= own_logits).sum(axis=1) == 1
    right_and_probable = right & (own_logits[:, 0] >= 0)
    return _Terms(
        (loss * torch.from_numpy(weight).to(device)).sum() / count,
        difference.abs().sum() / count,
        int((~right).sum()),
        int((~right_and_probable).sum()),
        right.size,
    )


def _answerable(depth: Array, target: Targets, step: float) -> npt.NDArray[np.bool_]:
    """Whether a query at a depth (m) may have a target of 0, for each class: array (queries, classes)."""
    row = np.clip(np.rint(depth / step), 0, target.label_mask.shape[1] - 1).astype(int)
    near = (np.abs(depth[:, None] - target.traces[target.optional, 0]) < _OPTIONAL_DISTANCE_M).any(axis=1)
    return np.asarray(target.label_mask[:, row].T & ~near[:, None])
