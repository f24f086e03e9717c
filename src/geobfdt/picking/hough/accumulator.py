"""The Hough transform: every trace shape at every depth is scored by the evidence along it; peaks are candidates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from geobfdt.geometry import stretch
from geobfdt.picking.hough.oriented_evidence import Evidence

__all__ = ["Along", "contrast", "evidence_along", "peaks", "polish", "trace_shapes"]

_SHAPE_SPACING = 2.0  # Spacing of trace shapes near zero dip, in filter widths.
_PRIOR_TURN = 0.05  # Share of a turn that is added to the weight, so that a few columns cannot score as a whole turn.
_NOISE_SIGMA = 0.52  # Standard deviation of a single column's response where there is nothing but noise.
_MIN_COVERAGE = 0.1  # Share of a turn that has to be measured along a trace for it to be scored.
_SHAPES_AT_ONCE = 64  # Shapes scored at a time: they fit into the processor's cache.
_NEIGHBOUR_SPACINGS = 1.5  # Distance between shapes, in spacings, up to which they are neighbours.
_POLISH_ROUNDS = 5  # Rounds of the climb; each halves its steps.
_MAX_SATURATION = 0.8  # Response, of at most 1, above which a column's contrast is cut: it is four times the usual.

Array = npt.NDArray[np.float64]


def trace_shapes(radius: float, width: float, amplitude: float) -> Array:
    """
    Shapes ``(a, b)`` in rings from flat up to an amplitude, spaced so that none lies far from any plane.

    Neighbours differ by about two filter widths where traces are flat, and by more as they steepen, because features
    are stretched there.

    Parameters
    ----------
    radius : float
        Hole radius (m).
    width : float
        Standard deviation of the filters (m).
    amplitude : float
        Largest amplitude (m).

    Returns
    -------
    array (n, 2)
        Shapes (m).

    Examples
    --------
    >>> shapes = trace_shapes(0.1, 0.006, 0.7)
    >>> shapes[0], bool(np.hypot(*shapes.T).max() > 0.6)
    (array([0., 0.]), True)
    """
    rings = [np.zeros((1, 2))]
    reached = 0.0
    while True:
        spacing = _SHAPE_SPACING * width * np.sqrt(1 + (reached / radius) ** 2 / 2)
        reached += spacing
        if reached > amplitude:
            return np.concatenate(rings)
        count = max(6, round(2 * np.pi * reached / spacing))
        # Each ring is turned by half a step against the one before, as in a honeycomb.
        angle = 2 * np.pi * (np.arange(count) + 0.5 * (len(rings) % 2)) / count
        rings.append(reached * np.stack([np.cos(angle), np.sin(angle)], axis=1))


@dataclass(frozen=True)
class Along:
    """
    Evidence sampled along traces.

    Parameters
    ----------
    response : array (traces, columns)
        complex64 evidence, times weight.
    weight : array (traces, columns)
        Measured share.
    depth : array (traces, columns)
        Depth of the trace in each column (m, MD).
    slope : array (traces, columns)
        Slope of the trace in each column (m/rad).
    alike : array (traces,)
        Number of neighbouring columns whose noise is correlated.
    """

    response: npt.NDArray[np.complex64]
    weight: npt.NDArray[np.float32]
    depth: Array
    slope: Array
    alike: Array

    @classmethod
    def joined(cls, parts: Sequence[Along]) -> Along:
        """Traces of several samplings in one, in their order."""
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in cls.__dataclass_fields__))


def evidence_along(evidence: Evidence, traces: Array) -> Along:
    """
    Sample evidence along traces, linear between rows.

    Parameters
    ----------
    evidence : Evidence
        Of one strip.
    traces : array (n, 3)
        ``(z0, a, b)`` (m).

    Returns
    -------
    Along
        Nothing is measured where a trace leaves the strip.
    """
    grid = evidence.grid
    turn = np.radians(grid.angles)
    cos, sin = np.cos(turn), np.sin(turn)
    depth = traces[:, :1] + traces[:, 1:2] * cos + traces[:, 2:3] * sin
    slope = traces[:, 2:3] * cos - traces[:, 1:2] * sin
    k = evidence.slope_index(slope)
    at = (depth - grid.top) / grid.step
    rows = grid.values.shape[1]
    inside = (at >= 0) & (at <= rows - 1)
    upper = np.clip(np.floor(at), 0, max(rows - 2, 0)).astype(np.int64)
    lower = np.minimum(upper + 1, rows - 1)
    part = np.where(inside, at - upper, 0).astype(np.float32)
    column = np.arange(turn.size)
    response = (1 - part) * evidence.response[k, column, upper] + part * evidence.response[k, column, lower]
    weight = (1 - part) * evidence.weight[k, column, upper] + part * evidence.weight[k, column, lower]
    return Along(response * inside, weight * inside, depth, slope, np.full(len(traces), evidence.alike))


def score(
    response: npt.NDArray[np.complexfloating[Any, Any]],
    weight: npt.NDArray[np.floating[Any]],
    columns: int,
    alike: float | Array,
) -> Array:
    """
    Score of a trace: coherent evidence over the turn, less what noise alone reaches.

    The score is ``|sum r| / (sum w + 0.05 columns) - 0.52 sqrt(alike / sum w)`` with responses ``r`` and weights ``w``.
    The second term is one standard deviation of the first for noise: few columns, or columns with correlated noise,
    reach high means by chance.

    Parameters
    ----------
    response : array
        Sum of complex responses over the columns of a trace.
    weight : array
        Sum of their weights.
    columns : int
        Columns of a whole turn.
    alike : float or array
        Number of neighbouring columns whose noise is correlated.

    Returns
    -------
    array
        Scores, at most 1; 0 or less where there is nothing, -1 where less than a tenth of the turn was measured.

    Examples
    --------
    >>> score(np.array([20.0 + 0j, 5.0]), np.array([40.0, 10.0]), 72, 2.0).round(2)
    array([0.34, 0.14])
    """
    measured = np.maximum(weight, 1e-9)
    share = np.abs(response) / (weight + _PRIOR_TURN * columns) - _NOISE_SIGMA * np.sqrt(alike / measured)
    return np.asarray(np.where(weight >= _MIN_COVERAGE * columns, share, -1.0), dtype=np.float64)


def peaks(evidence: Evidence, shapes: Array, min_score: float) -> tuple[Array, Array]:
    """
    Traces whose score no neighbour in depth or shape exceeds.

    Parameters
    ----------
    evidence : Evidence
        Of one strip.
    shapes : array (n, 2)
        Shapes ``(a, b)`` tried at every row.
    min_score : float
        Lowest score of interest.

    Returns
    -------
    traces : array (m, 3)
        Peaks ``(z0, a, b)`` (m).
    scores : array (m,)
        Their scores.
    """
    votes = _vote(evidence, shapes)
    # A peak is also as high as its neighbours one row up and down.
    highest_nearby = votes.copy()
    highest_nearby[:, 1:] = np.maximum(highest_nearby[:, 1:], votes[:, :-1])
    highest_nearby[:, :-1] = np.maximum(highest_nearby[:, :-1], votes[:, 1:])
    is_peak = (votes >= min_score) & (votes == highest_nearby)
    spacing = _SHAPE_SPACING * evidence.width * np.sqrt(1 + (np.hypot(*shapes.T) / evidence.radius) ** 2 / 2)
    gap = np.hypot(*(shapes[:, None] - shapes[None]).transpose(2, 0, 1))
    are_neighbours = gap < _NEIGHBOUR_SPACINGS * spacing[:, None]
    for i in range(len(shapes)):
        candidates = np.flatnonzero(is_peak[i])
        for j in np.flatnonzero(are_neighbours[i]):
            if j != i and candidates.size:
                candidates = candidates[highest_nearby[j, candidates] <= votes[i, candidates]]
        is_peak[i] = False
        is_peak[i, candidates] = True
    shape, row = np.nonzero(is_peak)
    depth = evidence.grid.top + row * evidence.grid.step
    return np.column_stack([depth, shapes[shape]]), votes[shape, row].astype(float)


def _vote(evidence: Evidence, shapes: Array) -> npt.NDArray[np.float32]:
    """Scores (shapes, rows)."""
    grid = evidence.grid
    columns, rows = grid.values.shape
    turn = np.radians(grid.angles)
    cos, sin = np.cos(turn), np.sin(turn)
    shift = np.rint((shapes[:, :1] * cos + shapes[:, 1:] * sin) / grid.step).astype(np.int64)
    slope = evidence.slope_index(shapes[:, 1:] * cos - shapes[:, :1] * sin)
    margin = int(np.abs(shift).max())
    pad = [(0, 0), (0, 0), (margin, margin)]
    # windows[k, c, s] is the column c for slope k, moved up by s - margin rows.
    response = np.lib.stride_tricks.sliding_window_view(np.pad(evidence.response, pad), rows, axis=2)
    weight = np.lib.stride_tricks.sliding_window_view(np.pad(evidence.weight, pad), rows, axis=2)
    votes = np.empty((len(shapes), rows), np.float32)
    for first in range(0, len(shapes), _SHAPES_AT_ONCE):
        block = slice(first, first + _SHAPES_AT_ONCE)
        total = np.zeros(votes[block].shape, np.complex64)
        total_weight = np.zeros(votes[block].shape, np.float32)
        for c in range(columns):
            total += response[slope[block, c], c, shift[block, c] + margin]
            total_weight += weight[slope[block, c], c, shift[block, c] + margin]
        votes[block] = score(total, total_weight, columns, evidence.alike)
    return votes


def polish(evidence: Evidence, traces: Array) -> tuple[Array, Array]:
    """
    Move peaks of the vote to the best trace between its cells.

    Depth and both amplitudes are changed in turn by a step that is halved each round, as long as the score rises.

    Parameters
    ----------
    evidence : Evidence
        Of one strip.
    traces : array (n, 3)
        Peaks of the vote (m).

    Returns
    -------
    traces : array (n, 3)
        Better traces (m).
    scores : array (n,)
        Their scores.
    """
    columns = evidence.grid.angles.size

    def scored(at: Array) -> Array:
        along = evidence_along(evidence, at)
        return score(along.response.sum(axis=1), along.weight.sum(axis=1), columns, evidence.alike)

    best, value = traces.copy(), scored(traces)
    reach = 0.5 * _SHAPE_SPACING * evidence.width
    stretching = stretch(traces, evidence.radius)
    for _ in range(_POLISH_ROUNDS):
        for axis in range(3):
            move = np.zeros_like(best)
            move[:, axis] = reach * (stretching if axis else 1.0)
            for trial in (best - move, best + move):
                trial_value = scored(trial)
                better = trial_value > value
                best[better], value[better] = trial[better], trial_value[better]
        reach /= 2
    return best, value


def contrast(along: Along) -> Array:
    """
    Strength of the coherent response along traces, in units of the usual strength at that depth.

    Unlike the score it tells a strong plane from a faint but even one. Responses over four times the usual strength
    count as four, so that a few columns cannot outweigh the rest.

    Parameters
    ----------
    along : Along
        Evidence along n traces.

    Returns
    -------
    array (n,)
        Contrast, 0 to 4.
    """
    saturation = np.minimum(np.abs(along.response) / np.maximum(along.weight, 1e-6), _MAX_SATURATION)
    total = np.abs((along.response / (1 - saturation)).sum(axis=1))
    return np.asarray(total / np.maximum(along.weight.sum(axis=1), 1e-6), dtype=np.float64)
