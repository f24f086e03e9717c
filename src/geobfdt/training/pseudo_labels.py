"""Pseudo-labels: planes that a network finds in every view of a well, to adapt to wells without picks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from geobfdt.geometry import trace_rms
from geobfdt.model.curve.criterion import Targets
from geobfdt.model.matching import thin_by_distance
from geobfdt.model.planes import Planes
from geobfdt.preparation.network_grid import GridSettings, image_scale, network_grid
from geobfdt.quality.image_checks import check_image
from geobfdt.training.augmentation import Window, flip, invert, mirror, roll
from geobfdt.wells.image import WellImage, hole_radius
from geobfdt.wells.row_offsets import even_rows

__all__ = ["PseudoLabels", "SelfAgreement", "pseudo_labels", "self_agreement"]

Array = npt.NDArray[np.float64]
Grid = npt.NDArray[np.uint8]
Find = Callable[[Grid, float], Planes]
View = Callable[[Window], Window]

_SAME_M = 0.03  # Trace RMS within which planes of two views are one.
_SPACING_M = 0.022  # Two planes of the union of views that lie closer than this are one.
_MIN_SUPPORT = 0.75  # Share of the views that have to show a plane for it to be a label.
_MIN_OPTIONAL_SUPPORT = 0.25  # Share of the views from which a plane is optional.
_SHIFTS = 100  # Number of circular depth shifts that give the chance level.
_MIN_SHIFT_M = 1.0  # Smallest of these shifts.


class PseudoLabels(NamedTuple):
    """
    Planes of a well's grid.

    Parameters
    ----------
    traces : array (n, 3)
        ``(z0, a, b)`` (metres of the network), z0 from the grid's first row.
    classes : array (n,)
        Index in ``CLASSES``.
    optional : array (n,) of bool
        Planes that only some views show: they may be found or missed.
    """

    traces: Array
    classes: npt.NDArray[np.int64]
    optional: npt.NDArray[np.bool_]


class SelfAgreement(NamedTuple):
    """
    Agreement of the picks in the odd and in the even sectors of a well.

    Parameters
    ----------
    f1, null, z : float
        F1 of one half against the other within a trace RMS of 3 cm, its mean over depth shifts, and the distance from
        that in standard deviations of the shifts; NaN without planes.
    """

    f1: float
    null: float
    z: float


def pseudo_labels(image: WellImage, find: Find, thresholds: Array, grid: GridSettings) -> PseudoLabels:
    """
    Find the planes of a well that views of it agree on.

    Parameters
    ----------
    image : WellImage
        The well, in memory.
    find : callable
        Grid (rows, columns) and hole radius (m) in, planes out.
    thresholds : array (classes,)
        Log odds of the network from which a plane of a class is picked.
    grid : GridSettings
        Settings of the network's grid.

    Notes
    -----
    The views are the image as it is; turned by a third of the turn; mirrored; upside down; with its values inverted;
    its odd and its even sectors alone; and its rows evened. A network that recognises a plane finds it in all of them,
    while planes that it finds in noise change with the view: noise differs between odd and even sectors, offsets of
    rows are gone where rows are evened, and errors of the network are not symmetric. Planes that three quarters of the
    views show, the evened one among them, are labels, at the mean of their traces. Where the image check finds offsets
    of rows, planes that the evened view does not show are offsets, and no labels.
    """
    radius = image_scale(image, grid) * hole_radius(image)
    views = [_sure(planes, thresholds - 1.0) for planes in _views(image, find, grid, radius)]
    union = np.concatenate([traces for traces, *_ in views])
    classes = np.concatenate([kind for _, kind, _ in views])
    scores = np.concatenate([score for *_, score in views])
    chosen = thin_by_distance(union, scores, _SPACING_M)
    traces, kinds = union[chosen], classes[chosen]
    support, trace_sum = np.zeros(len(chosen)), np.zeros((len(chosen), 3))
    held_by_view = np.zeros(
        len(chosen), bool
    )  # In the end of the last view, the evened one: row offsets are alike in all others.
    for view_traces, kind, _ in views:
        distance = trace_rms(traces[:, None], view_traces) + np.where(kinds[:, None] == kind, 0.0, np.inf)
        nearest = distance.argmin(axis=1) if len(view_traces) else np.zeros(len(chosen), int)
        held_by_view = distance.min(axis=1, initial=np.inf) < _SAME_M
        support += held_by_view
        trace_sum[held_by_view] += view_traces[nearest[held_by_view]]
    possible = support >= _MIN_OPTIONAL_SUPPORT * len(views)
    if any(finding.kind == "row-offsets" for finding in check_image(image)):
        possible &= held_by_view
    means = trace_sum[possible] / np.maximum(support[possible], 1)[:, None]
    firm = (support >= _MIN_SUPPORT * len(views)) & held_by_view
    return PseudoLabels(means, kinds[possible], ~firm[possible])


def self_agreement(image: WellImage, find: Find, thresholds: Array, grid: GridSettings) -> SelfAgreement:
    """
    Compare the picks in the odd and in the even sectors of a well.

    Parameters
    ----------
    image, find, thresholds, grid
        As in :func:`pseudo_labels`.
    """
    scale = image_scale(image, grid)
    radius = scale * hole_radius(image)
    first, second = (
        _sure(find(half, radius), thresholds)[0] for half in (_grid(image, grid, start, 2) for start in (0, 1))
    )
    length = scale * float(image["depth"].values[-1] - image["depth"].values[0])
    now = _f1(first, second)
    min_shift = min(_MIN_SHIFT_M, length / 4)
    nulls = []
    for shift in np.random.default_rng(0).uniform(min_shift, length - min_shift, _SHIFTS):
        moved = second.copy()
        moved[:, 0] = (moved[:, 0] + shift) % length
        nulls.append(_f1(first, moved))
    null = float(np.mean(nulls))
    if not len(first) or not len(second):
        return SelfAgreement(now, null, float("nan"))
    # Where planes are few, shifts hardly ever agree on any: one pair more or less is the least that chance can do.
    spread = max(float(np.std(nulls, ddof=1)), 2 / (len(first) + len(second)))
    return SelfAgreement(now, null, (now - null) / spread)


def _views(image: WellImage, find: Find, grid: GridSettings, radius: float) -> Iterator[Planes]:
    """Planes of each view, where they lie on the image as it is."""
    whole = _grid(image, grid, 0, 1)
    third = grid.columns // 3
    unchanged: View = lambda window: window  # noqa: E731
    for change, back in (
        (unchanged, unchanged),
        (lambda window: roll(window, third), lambda window: roll(window, -third)),
        (mirror, mirror),
        (flip, flip),
        (lambda window: Window(invert(window.grid), window.targets, window.step), unchanged),
    ):
        changed = change(Window(whole, _no_targets(len(whole), radius), grid.step)).grid
        planes = find(np.ascontiguousarray(changed), radius)
        targets = _no_targets(len(whole), radius)._replace(traces=planes.traces)
        yield planes._replace(traces=back(Window(changed, targets, grid.step)).targets.traces)
    for start in (0, 1):
        yield find(_grid(image, grid, start, 2), radius)
    yield find(_grid(even_rows(image), grid, 0, 1), radius)


def _grid(image: WellImage, grid: GridSettings, start: int, every: int) -> Grid:
    """The network's grid of every so many sectors of a well."""
    sectors = image.isel(azimuth=slice(start, None, every))
    return network_grid(sectors, grid, float(image["depth"].values[0]), 16).values


def _no_targets(rows: int, radius: float) -> Targets:
    return Targets(np.empty((0, 3)), np.empty(0, np.int64), np.empty(0, bool), radius, np.ones((2, rows), bool))


def _sure(planes: Planes, thresholds: Array) -> tuple[Array, npt.NDArray[np.int64], Array]:
    """Traces, classes and margins of the planes above the threshold."""
    margin = planes.logits - thresholds
    kinds = margin.argmax(axis=1) if len(margin) else np.empty(0, np.int64)
    best = margin.max(axis=1, initial=-np.inf)
    sure = best >= 0
    return planes.traces[sure], kinds[sure], best[sure]


def _f1(first: Array, second: Array) -> float:
    """F1 of planes against planes, the nearest pairs first, one to one."""
    if not len(first) or not len(second):
        return 0.0
    distance = trace_rms(first[:, None], second)
    i, j = np.nonzero(distance < _SAME_M)
    free_i, free_j, pairs = np.ones(len(first), bool), np.ones(len(second), bool), 0
    for k in np.argsort(distance[i, j], kind="stable"):
        if free_i[i[k]] and free_j[j[k]]:
            free_i[i[k]] = free_j[j[k]] = False
            pairs += 1
    return 2 * pairs / (len(first) + len(second))
