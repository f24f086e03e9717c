"""How sure a score is: intervals by resampling wells, or depth blocks where wells are few.

Counts are kept by unit (a well or a block of depth), so a resample is a weighted sum of them. Neighbouring picks of a
well share its rock, its image and its interpreter, hence whole units are drawn, never picks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geobfdt.evaluation.scope import Group

__all__ = ["LEVEL", "Units", "interval", "resamples"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# Level of confidence intervals.
LEVEL = 0.95
# With at most this many wells, blocks of depth are resampled instead of wells.
_MAX_FEW_WELLS = 5
# Blocks are longer than what makes neighbours alike; they are shorter only to reach the number below.
_BLOCK_M = 5.0
# There are at least this many blocks.
_MIN_BLOCKS = 10


@dataclass(frozen=True)
class Units:
    """
    Units of the resampling.

    Parameters
    ----------
    keys : tuple of (str, int)
        Well and number of the depth block, counted from depth 0; block 0 where a unit is a whole well.
    block : float or None
        Length of a block (m), None where a unit is a well.
    """

    keys: tuple[tuple[str, int], ...]
    block: float | None

    @classmethod
    def of(cls, groups: Sequence[Group]) -> Units:
        """
        Choose the units: wells if there are at least five, else blocks of depth.

        The length of a block depends on the true planes alone, so two pickers scored against the same truth can be
        compared block by block.
        """
        wells = sorted({group.well for group in groups})
        if len(wells) >= _MAX_FEW_WELLS:
            return cls(tuple((well, 0) for well in wells), None)
        depths = {well: [g.truth.depth for g in groups if g.well == well] for well in wells}
        joined = [np.concatenate(parts) for parts in depths.values()]
        logged = sum(float(np.ptp(depth)) for depth in joined if len(depth))
        block = min(_BLOCK_M, max(logged / _MIN_BLOCKS, 0.1))
        keys = {
            (group.well, int(number))
            for group in groups
            for planes in (group.picks, group.truth)
            for number in np.unique(np.floor(planes.depth / block))
        }
        return cls(tuple(sorted(keys)), block)

    def __len__(self) -> int:
        return len(self.keys)

    def of_depths(self, well: str, depth: Floats) -> Ints:
        """Return the unit (n,) of each depth (m, MD) of a well."""
        mine = [(number, unit) for unit, (name, number) in enumerate(self.keys) if name == well]
        if self.block is None:
            return np.full(len(depth), mine[0][1], dtype=np.int64)
        numbers, unit = np.array(mine, dtype=np.int64).T
        return np.asarray(unit[np.searchsorted(numbers, np.floor(depth / self.block))])


def resamples(units: int, draws: int, seed: int) -> Floats:
    """
    Draw units with replacement, and count how often each is drawn.

    Parameters
    ----------
    units, draws : int
        Number of units and of resamples.
    seed : int
        Seed.

    Returns
    -------
    array (draws, units)
        Each row sums to `units`.

    Examples
    --------
    >>> resamples(3, 2, 0).sum(1)
    array([3., 3.])
    """
    rng = np.random.default_rng(seed)
    return np.asarray(rng.multinomial(units, np.full(units, 1 / max(units, 1)), size=draws), dtype=float)


def interval(values: npt.ArrayLike, level: float = LEVEL) -> tuple[float, float]:
    """
    Percentile interval of resampled values; NaN if they are all NaN.

    Parameters
    ----------
    values : array (draws,)
        The statistic in each resample.
    level : float
        Share of the resamples inside.

    Returns
    -------
    low, high : float
        Ends.

    Examples
    --------
    >>> interval([0.0, 1.0, 2.0, 3.0, 4.0], level=0.5)
    (1.0, 3.0)
    """
    finite = np.asarray(values, dtype=float)
    finite = finite[np.isfinite(finite)]
    if not len(finite):
        return float("nan"), float("nan")
    low, high = np.quantile(finite, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
