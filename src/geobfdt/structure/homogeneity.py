"""Whether wells met the same intensity of planes, with the swarms in which planes lie allowed for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["Homogeneity", "compare_wells", "holm"]

# Random assignments of blocks to wells.
_DRAWS = 999
# Blocks that the wells have together at least, and in the well with the second most.
_MIN_BLOCKS, _MIN_WELL_BLOCKS = 8, 3

Array = npt.NDArray[np.float64]


class Homogeneity(NamedTuple):
    """
    Comparison of the intensity of planes in wells.

    Parameters
    ----------
    statistic : float
        Variance ratio F: between wells over between blocks of a well; about 1 where all wells met the same rock.
    probability : float
        Probability that blocks of one rock, dealt to the wells at random, differ as much; NaN for too few blocks, and
        without a plane.
    dispersion : float
        Variance between blocks of a well over that of planes at random; above 1 where planes lie in swarms.
    wells, blocks : int
        Number of wells and of blocks.
    """

    statistic: float
    probability: float
    dispersion: float
    wells: int
    blocks: int


def compare_wells(
    metres: Sequence[npt.ArrayLike], area: Sequence[npt.ArrayLike], square: Sequence[npt.ArrayLike], seed: int = 0
) -> Homogeneity:
    """
    Test whether wells have the same intensity.

    Parameters
    ----------
    metres : sequence of array (blocks,)
        For each well, the measured length of its blocks of depth (m); blocks without any are left out.
    area : sequence of array (blocks,)
        Sum of the weights of the planes in each block: 1 for P10, the Terzaghi weight for P32.
    square : sequence of array (blocks,)
        Sum of the squares of these weights.
    seed : int
        Seed of the random assignments.

    Returns
    -------
    Homogeneity
        Variance ratio and probability.

    Notes
    -----
    The null hypothesis is that blocks of depth are samples of one rock, whichever well they are from. A chi-square test
    of counts would take planes as independent, and swarms as differences of wells. Here the variance between wells is
    compared with that between the blocks of a well, as in a quasi-Poisson analysis of variance (McCullagh and Nelder
    1989): ``F = [sum L_w (p_w - p)^2 / (wells - 1)] / [sum l_b (p_b - p_w)^2 / (blocks - wells)]``. Its distribution is
    that of 999 random assignments of all blocks to the wells. Blocks have to be longer than the swarms.

    Examples
    --------
    >>> even, dense = np.tile([1.0, 2.0, 3.0], 4), np.tile([11.0, 12.0, 13.0], 4)
    >>> result = compare_wells([np.full(12, 2.0)] * 2, [even, dense], [even, dense])
    >>> result.probability < 0.01, result.wells, result.blocks
    (True, 2, 24)
    """
    lengths = [np.asarray(one, dtype=float) for one in metres]
    kept = [one > 0 for one in lengths]
    lengths = [one[rows] for one, rows in zip(lengths, kept, strict=True)]
    areas, squares = (
        [np.asarray(one, dtype=float)[rows] for one, rows in zip(table, kept, strict=True)] for table in (area, square)
    )
    counts = [one.size for one in lengths if one.size]
    total_metres = sum(float(one.sum()) for one in lengths)
    blocks, wells = sum(counts), len(counts)
    if (
        not any(one.any() for one in areas)
        or wells < 2
        or blocks < _MIN_BLOCKS
        or sorted(counts)[-2] < _MIN_WELL_BLOCKS
    ):
        return Homogeneity(float("nan"), float("nan"), float("nan"), wells, blocks)
    length, weight = np.concatenate(lengths), np.concatenate(areas)
    ends = np.concatenate([[0], np.cumsum(counts)])
    statistic, variance = _variance_ratio(length, weight, ends)
    at_random = sum(float(one.sum()) for one in squares) / total_metres
    dispersion = variance / at_random if at_random > 0 else float("nan")
    rng = np.random.default_rng(seed)
    as_large = 0
    for _ in range(_DRAWS):
        order = rng.permutation(blocks)
        as_large += _variance_ratio(length[order], weight[order], ends)[0] >= statistic - 1e-12
    return Homogeneity(statistic, (1 + as_large) / (1 + _DRAWS), dispersion, wells, blocks)


def _variance_ratio(length: Array, weight: Array, ends: npt.NDArray[np.int64]) -> tuple[float, float]:
    """Variance ratio of wells whose blocks lie between these ends, and the variance of a metre within wells."""
    rate = weight / length
    of_well = np.add.reduceat(weight, ends[:-1]) / np.add.reduceat(length, ends[:-1])
    sizes = np.diff(ends)
    wells, blocks = sizes.size, length.size
    between = float((np.add.reduceat(length, ends[:-1]) * (of_well - weight.sum() / length.sum()) ** 2).sum())
    within = float((length * (rate - np.repeat(of_well, sizes)) ** 2).sum()) / (blocks - wells)
    if between <= 1e-12:
        return 0.0, within
    return (between / (wells - 1) / within if within > 0 else float("inf")), within


def holm(probability: npt.ArrayLike) -> Array:
    """
    Adjust probabilities of several tests by Holm (1979), so that 5 of 100 families have any false one below 0.05.

    Parameters
    ----------
    probability : array (n,)
        Probabilities; NaN stays, and counts as no test.

    Returns
    -------
    array (n,)
        Adjusted probabilities.

    Examples
    --------
    >>> holm([0.01, 0.04, np.nan, 0.03])
    array([0.03, 0.06,  nan, 0.06])
    """
    p = np.asarray(probability, dtype=float)
    order = np.argsort(p)[: int(np.isfinite(p).sum())]
    out = np.full(p.shape, np.nan)
    out[order] = np.minimum(np.maximum.accumulate(p[order] * (order.size - np.arange(order.size))), 1.0)
    return out
