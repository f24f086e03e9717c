"""Speed correction: the depth of the tool by the depth of the cable and the accelerometer along the tool."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.linalg import solveh_banded
from scipy.ndimage import binary_opening, median_filter, uniform_filter1d

__all__ = ["GRAVITY", "ToolDepth", "follow_tool"]

Array = npt.NDArray[np.float64]

Places = npt.NDArray[np.int64]

GRAVITY = 9.80665  # Standard gravity (m/s2).
# The cable's depth is that of the tool but for a deviation of this size (m), which lasts for so long (s).
_CABLE_SIGMA_M, _CABLE_MEMORY_S = 0.005, 5.0
# Noise of the accelerometer and vibration of the moving tool (m/s2), and the drift of its zero (m/s2 over a second).
_ACCELERATION_SIGMA, _ZERO_DRIFT = 0.05, 0.005
# The zero of the accelerometer is known to so much (m/s2): that, and the direction of the hole, are never exact.
_ZERO_SIGMA = 0.3
# Position and speed of two rows agree to so much (m).
_STEP_SIGMA_M = 1e-5
# A tool that sticks has a speed below this share of the cable's, for this time (s) at least.
_STUCK_SHARE, _STUCK_S = 0.3, 0.15
# So many rounds find where the depth of the cable is far from that of the tool.
_ROUNDS = 8


@dataclass(frozen=True)
class ToolDepth:
    """
    Depth of the tool.

    Parameters
    ----------
    depth : array (rows,)
        Depth of the tool (m, MD) when a row was recorded.
    speed : array (rows,)
        Speed of the tool (m/s) along the order of the rows.
    stuck : array (rows,) of bool
        Rows at which the tool does not move while the cable does.
    """

    depth: Array
    speed: Array
    stuck: npt.NDArray[np.bool_]


def follow_tool(cable: Array, time: Array, acceleration: Array, deviation: Array) -> ToolDepth:
    """
    Estimate the depth of the tool while the cable pulls it.

    Parameters
    ----------
    cable : array (rows,)
        Depth of the cable (m), increasing.
    time : array (rows,)
        Time of the rows (s), increasing with the rows; a recording upwards, turned round, does as well, since motion
        has the same accelerations backwards.
    acceleration : array (rows,)
        Accelerometer along the tool (m/s2), which reads the gravity along the hole when the tool is at rest, less the
        acceleration down-hole.
    deviation : array (rows,)
        Inclination of the hole (deg); NaN where not known.

    Returns
    -------
    ToolDepth
        Depth, speed and where the tool sticks.

    Notes
    -----
    The state of a row is position, speed and the zero of the accelerometer. Neighbouring rows are tied by the motion
    (x' = v, v' = g cos i - a - zero), and each row to the cable by a deviation of centimetres that lasts for seconds.
    The estimate is the mode of these Gaussians: what a Kalman smoother computes forwards and backwards, here by one
    banded Cholesky solution. The weight of the cable falls where its depth is far off (a Cauchy weight), so that a
    stretched cable does not pull the tool along. The tool sticks where its speed is low and the accelerometer quiet;
    this is a flag and no part of the estimate, which a wrong flag would harm more than right ones help. After Chan
    (US 4545242) and Howard and Rossi (US 5019978), who follow the tool by the same two measurements.

    Examples
    --------
    >>> t = np.arange(400) / 60.0
    >>> found = follow_tool(1000 + 0.15 * t, t, np.full(400, GRAVITY), np.zeros(400))
    >>> bool(np.abs(found.depth - (1000 + 0.15 * t)).max() < 1e-4), bool(found.stuck.any())
    (True, False)
    """
    steps = np.maximum(np.diff(time), 1e-4)
    pull: Array = uniform_filter1d(np.gradient(cable, time), max(int(1.0 / float(np.median(steps))), 1), mode="nearest")
    quiet = _quiet(acceleration, steps)
    down = _gravity_along(deviation) - acceleration
    # The mean of the differences stands for the zero: only what changes is motion.
    down = down - np.nanmedian(down)
    down = np.where(np.isfinite(down), down, 0.0)
    weights = np.ones(cable.size)
    depth, speed = cable, pull
    for _ in range(_ROUNDS):
        depth, speed = _solve(cable, steps, down, weights)
        weights = 1 / (1 + ((depth - cable) / _CABLE_SIGMA_M) ** 2)
    rows = max(int(_STUCK_S / float(np.median(steps))), 1)
    stuck = binary_opening(quiet & (np.abs(speed) < _STUCK_SHARE * np.abs(pull)), np.ones(rows, dtype=bool))
    return ToolDepth(depth, speed, stuck)


def _gravity_along(deviation: Array) -> Array:
    """Return the gravity along the hole (m/s2); that of a vertical hole where the direction is not known."""
    measured = np.where(np.isfinite(deviation), deviation, 0.0)
    return np.asarray(GRAVITY * np.cos(np.radians(measured)))


def _quiet(acceleration: Array, steps: Array) -> npt.NDArray[np.bool_]:
    """Where the accelerometer scatters less than usual: a tool that does not move does not vibrate."""
    rows = max(int(_STUCK_S / float(np.median(steps))), 3)
    rough = np.abs(acceleration - median_filter(acceleration, 5, mode="nearest"))
    level: Array = uniform_filter1d(rough, rows, mode="nearest")
    typical = float(np.median(level))
    # A sensor without noise says nothing this way, and the speed decides alone.
    return level <= typical if typical > 0 else np.ones(acceleration.size, dtype=bool)


def _solve(cable: Array, steps: Array, down: Array, weights: Array) -> tuple[Array, Array]:
    """
    Depth of the tool (m) and its speed (m/s).

    The unknowns of a row are position and speed, both against a steady pull, and the zero of the accelerometer. The
    speed is scaled by the step, so that all have a similar size.
    """
    rows = cable.size
    step = float(np.median(steps))
    time = np.concatenate([[0.0], np.cumsum(steps)])
    steady = float((cable[-1] - cable[0]) / time[-1])
    pulled = cable - cable[0] - steady * time
    bands = np.zeros((6, 3 * rows))
    right = np.zeros(3 * rows)

    def tie(first: Places, terms: dict[int, Array | float], target: Array | float, sigma: Array | float) -> None:
        """Add equations: sum of factor times unknown (by its distance from the first one of the row) = target."""
        weight = 1 / np.square(np.asarray(sigma, dtype=float))
        for i, a in terms.items():
            right[first + i] += weight * a * target
            for j, b in terms.items():
                if j >= i:
                    bands[j - i, first + i] += weight * a * b

    at, between = 3 * np.arange(rows), 3 * np.arange(rows - 1)
    half = steps / step / 2
    tie(between, {0: -1.0, 3: 1.0, 1: -half, 4: -half}, 0.0, _STEP_SIGMA_M)
    middle = (down[1:] + down[:-1]) / 2
    tie(between, {1: -1.0, 4: 1.0, 2: steps * step}, middle * steps * step, _ACCELERATION_SIGMA * steps * step)
    tie(between, {2: -1.0, 5: 1.0}, 0.0, _ZERO_DRIFT * np.sqrt(steps))
    tie(at, {2: 1.0}, 0.0, _ZERO_SIGMA * np.sqrt(rows))
    tie(at, {0: 1.0}, pulled, _CABLE_SIGMA_M * np.sqrt(_CABLE_MEMORY_S / step) / np.sqrt(weights))
    solution = solveh_banded(bands, right, lower=True, check_finite=False).reshape(rows, 3)
    return cable[0] + steady * time + solution[:, 0], solution[:, 1] / step + steady
