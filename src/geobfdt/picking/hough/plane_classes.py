"""Class of a plane, bedding or fracture, by its own appearance and by its neighbours.

A step is a bed boundary, a line is a fracture or a thin bed. Unclear planes are decided by their neighbours: beds
parallel each other, fractures cut across them. Only angles between planes of one stretch of hole count, never
how steep a plane is, so the rule holds in a deviated hole, where beds are steep.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["bedding_probability", "plane_angles"]

_NEIGHBOURHOOD_M = 2.0  # Standard deviation of the depth over which planes are neighbours.
_PARALLEL_DEG = 15.0  # Standard deviation of the angle within which neighbours are parallel.
_ITERATIONS = 5  # Iterations in which probabilities of neighbours influence each other.
# Logistic weights of step against line, of parallel beds and of parallel fractures; docs/hough.md says how they
# were fitted.
_BIAS, _STEP, _BEDS, _FRACTURES = -2.9, 3.4, 8.1, -2.3

Array = npt.NDArray[np.float64]


def plane_angles(traces: Array, radius: float) -> Array:
    """
    Angles between planes, as seen from the hole.

    Parameters
    ----------
    traces : array (n, 3)
        ``(z0, a, b)`` (m).
    radius : float
        Hole radius (m).

    Returns
    -------
    array (n, n)
        Angles (deg), the same as between the true planes as long as the hole is straight.

    Examples
    --------
    >>> plane_angles(np.array([[0.0, 0.1, 0.0], [1.0, 0.0, 0.0]]), 0.1).round(6)
    array([[ 0., 45.],
           [45.,  0.]])
    """
    normal = np.column_stack([-traces[:, 1:] / radius, np.ones(len(traces))])
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    # Chords, not arc cosines, which lose small angles to rounding; normals all look up-hole.
    chord = np.linalg.norm(normal[:, None] - normal[None], axis=-1)
    angle = np.degrees(2 * np.arcsin(np.clip(chord / 2, 0, 1)))
    return np.asarray(np.minimum(angle, 180 - angle))


def bedding_probability(traces: Array, step: Array, strength: Array, radius: float) -> Array:
    """
    Probability that each plane is bedding.

    Parameters
    ----------
    traces : array (n, 3)
        ``(z0, a, b)`` (m).
    step : array (n,)
        Share of each plane's local energy that is a step (1) and not a line (0).
    strength : array (n,)
        Weight of each plane as a neighbour.
    radius : float
        Hole radius (m).

    Returns
    -------
    array (n,)
        Probabilities.

    Examples
    --------
    A line among parallel steps is a thin bed; one that cuts them is a fracture.

    >>> depth = np.arange(8.0) / 4
    >>> traces = np.column_stack([depth, np.full(8, 0.02), np.zeros(8)])
    >>> traces[4, 1] = 0.2
    >>> step = np.array([1, 1, 0, 1, 0, 1, 1, 1.0])
    >>> bedding_probability(traces, step, np.ones(8), 0.1).round()
    array([1., 1., 1., 1., 0., 1., 1., 1.])
    """
    near = np.exp(-((traces[:, :1] - traces[:, 0]) ** 2) / (2 * _NEIGHBOURHOOD_M**2)) * strength
    parallel = near * np.exp(-(plane_angles(traces, radius) ** 2) / (2 * _PARALLEL_DEG**2))
    np.fill_diagonal(near, 0)
    np.fill_diagonal(parallel, 0)
    neighbour_weight = near.sum(axis=1) + 1.0
    bedding = step.astype(float)
    for _ in range(_ITERATIONS):
        beds, fractures = parallel @ bedding / neighbour_weight, parallel @ (1 - bedding) / neighbour_weight
        bedding = 1 / (1 + np.exp(-(_BIAS + _STEP * step + _BEDS * beds + _FRACTURES * fractures)))
    return np.asarray(bedding)
