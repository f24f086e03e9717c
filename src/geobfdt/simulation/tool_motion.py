"""Motion of a tool that a cable pulls up a hole: it sticks, the cable stretches, and it slips."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["ToolMotion", "pull_up"]

Array = npt.NDArray[np.float64]

_SUBSTEPS = 4  # Steps of the motion between two rows.
_TREMBLE_M = 2e-5  # Vibration of a tool that moves.
_RESONANCE_HZ = 1.2  # Of the tool on the cable.
_DAMPING = 0.35  # Of the cable with the tool, against the critical one.


@dataclass(frozen=True)
class ToolMotion:
    """
    Motion of a tool, in the order of its recording (upwards).

    Parameters
    ----------
    time : array (rows,)
        Time of the rows (s).
    cable : array (rows,)
        Depth of the cable (m), decreasing.
    tool : array (rows,)
        Depth of the tool (m).
    acceleration : array (rows,)
        Acceleration of the tool down-hole (m/s2), as the mean over a row.
    stuck : array (rows,) of bool
        Where the tool does not move.
    """

    time: Array
    cable: Array
    tool: Array
    acceleration: Array
    stuck: npt.NDArray[np.bool_]


def pull_up(
    cable: Array, speed: float, stick_slip: float, rng: np.random.Generator, spacing: float = 3.0
) -> ToolMotion:
    """
    Pull a tool up a hole.

    Parameters
    ----------
    cable : array (rows,)
        Depth of the cable at the rows (m), decreasing.
    speed : float
        Speed of the cable (m/s).
    stick_slip : float
        How far the cable stretches before a tool that sticks slips (m), on average; 0: it never sticks.
    rng : Generator
        Source of randomness.
    spacing : float
        Distance between the places where it sticks (m), on average.

    Returns
    -------
    ToolMotion
        The motion. While the tool moves it is a damped mass on a spring; it sticks at random, up to five
        times running.

    Examples
    --------
    >>> motion = pull_up(1010 - 0.00254 * np.arange(3000.0), 0.15, 0.05, np.random.default_rng(0))
    >>> bool(motion.stuck.any()), bool(np.abs(motion.tool - motion.cable).max() > 0.02)
    (True, True)
    """
    rows = cable.size
    step = abs(float(cable[1] - cable[0])) / speed
    time: Array = np.asarray(step * np.arange(rows))
    if stick_slip <= 0:
        still = np.zeros(rows)
        return ToolMotion(time, cable, cable.copy(), still, np.zeros(rows, dtype=bool))
    omega, dt = 2 * math.pi * _RESONANCE_HZ, step / _SUBSTEPS
    at = np.interp(np.arange(rows * _SUBSTEPS) / _SUBSTEPS, np.arange(rows), cable).tolist()
    x, v, held, limit, lower = at[0], -speed, False, 0.0, 0
    wait = float(rng.exponential(spacing / speed))
    positions, speeds, holding = [], [], []
    for pulled in at:
        if held and x - pulled > limit:
            held = False
            wait = float(rng.exponential(0.3)) if lower else float(rng.exponential(spacing / speed))
        if not held:
            wait -= dt
            v += dt * (-omega * omega * (x - pulled) - 2 * _DAMPING * omega * (v + speed))
            # A tool catches on the wall while it moves up at about the pace of the cable, and comes to rest in 50 ms.
            if wait < 0 and -1.5 * speed < v < 0:
                held, lower = True, int(rng.integers(0, 4)) if not lower else lower - 1
                limit = x - pulled + stick_slip * float(rng.uniform(0.4, 1.6))
        else:
            v *= math.exp(-dt / 0.02)
        x += dt * v
        positions.append(x)
        speeds.append(v)
        holding.append(held and abs(v) < 0.1 * speed)
    tool = np.array(positions)[::_SUBSTEPS]
    rates = np.array(speeds).reshape(rows, _SUBSTEPS)
    ends = np.concatenate([[-speed], rates[:, -1]])
    stuck = np.array(holding)[::_SUBSTEPS]
    # A tool that moves vibrates by some hundredths of a millimetre, which its accelerometer records.
    tremble = np.where(stuck, 0.0, rng.normal(0, _TREMBLE_M, rows))
    acceleration = np.diff(ends) / step + np.convolve(tremble, [1.0, -2.0, 1.0], mode="same") / step**2
    return ToolMotion(time, cable, tool + tremble, acceleration, stuck)
