"""Bed boundaries that depart from planes: undulation round the hole, and beds that bend round nodules."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from geobfdt.simulation.geology import Geology
from geobfdt.simulation.noise import smooth_series

__all__ = ["Undulation"]

Array = npt.NDArray[np.float64]
_STEP_M = 0.005  # Distance across bedding between rows of the table.
_COLUMNS = 192  # Columns of the table, at most; fewer where the wall has fewer.
_WAVES = range(2, 7)  # Waves a turn: none and one would shift and tilt the plane, and the truth with it.
_FLAT_M = 0.03  # Amplitude that traces count as having at least, so that flat beds undulate too.
_STEEPEST = 0.25  # Largest gradient of the departure across bedding (rms): beds keep their order.
_STRETCH = 0.8  # Share of the rock inside a nodule that the nodule displaces.


class Undulation:
    """
    Departure of bed boundaries from planes, against position across bedding and image angle.

    A point of the wall whose plane position is `s` shows the bed of position ``s + departure(s, t)``. The departure of
    a boundary has no mean and no single wave round the hole but for nodules, so that its plane stays its best fit.

    Parameters
    ----------
    geology : Geology
        How much.
    low, high : float
        Range of positions (m across bedding).
    amplitude : float
        Amplitude of the beds' traces, in position (m).
    radius : float
        Of the hole (m).
    columns : int
        Of the wall.
    rng : Generator
        Source of randomness.

    Examples
    --------
    >>> wavy = Undulation(Geology(undulation=0.3), 0.0, 2.0, 0.1, 0.1, 36, np.random.default_rng(0))
    >>> departure = wavy.departure(np.full((1, 36), 1.0, np.float32))
    >>> bool(0.001 < np.abs(departure).max() < 0.1), round(float(abs(departure.mean())), 4)
    (True, 0.0)
    """

    # Numbers that one formula needs; no two of them travel together elsewhere.
    def __init__(  # noqa: PLR0913
        self, geology: Geology, low: float, high: float, amplitude: float, radius: float, columns: int,
        rng: np.random.Generator,
    ) -> None:  # fmt: skip
        self._low = low
        count = min(columns, _COLUMNS)
        at = np.asarray(low + _STEP_M * np.arange(int((high - low) / _STEP_M) + 3), dtype=np.float64)
        turn = (np.arange(count) + 0.5) * 2 * np.pi / count
        self._column = np.arange(columns) * count // columns
        table = np.zeros((at.size, count))
        size = geology.undulation * max(amplitude, _FLAT_M) / 2
        if size > 0:
            scale = max(float(rng.uniform(0.05, 0.5)), size / _STEEPEST)
            for waves in _WAVES:
                for wave in (np.cos(waves * turn), np.sin(waves * turn)):
                    table += size / waves * smooth_series(rng, at, scale)[:, None] * wave
        for _ in range(rng.poisson(geology.nodules * (high - low))):
            _bend(table, at, turn, radius, rng)
        self._table = np.asarray(table, dtype=np.float32)

    def departure(self, position: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Departure (m) at positions (rows, columns of the wall) across bedding (m)."""
        at = (position - np.float32(self._low)) / np.float32(_STEP_M)
        np.clip(at, 0, len(self._table) - 2, out=at)
        upper = at.astype(np.int32)
        at -= upper
        first = self._table[upper, self._column]
        second = self._table[upper + 1, self._column]
        return np.asarray(first + at * (second - first))


def _bend(table: Array, at: Array, turn: Array, radius: float, rng: np.random.Generator) -> None:
    """Bend beds round one nodule, in place."""
    centre, side = rng.uniform(at[0], at[-1]), rng.uniform(0, 2 * np.pi)
    half_height, half_width = rng.uniform(0.008, 0.03), rng.uniform(0.02, 0.08)
    first, last = np.searchsorted(at, [centre - 4 * half_height, centre + 4 * half_height])
    across = (at[first:last, None] - centre) / half_height
    around = np.angle(np.exp(1j * (turn - side))) * radius / half_width
    table[first:last] -= _STRETCH * half_height * across * np.exp(-(across**2 + around**2) / 2)
