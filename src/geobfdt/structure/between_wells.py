"""Curves between wells: ordinary kriging at each level, with a check that leaves out one well at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.optimize import nnls

from geobfdt.runtime.extras import import_extra

__all__ = ["MIN_WELLS", "Gain", "LevelCurves", "krige_curves", "leave_one_out"]

# With fewer wells no arrangement of them is so rare that it shows anything.
MIN_WELLS = 4
# Wells with a value that a level needs at least, so that the others of a well have a mean.
_MIN_OTHERS = 3
# Of 100 fields without any pattern, so many at most seem to gain.
_SIGNIFICANCE = 0.05
# Random exchanges of the wells.
_DRAWS = 999
# A well that moves sideways by more than this share of the least distance of wells starts a new block of levels.
_MAX_MOVE_SHARE = 0.05
# Distances of wells that count as no distance (m).
_MIN_DISTANCE_M = 1.0

Array = npt.NDArray[np.float64]


class LevelCurves(NamedTuple):
    """
    Curves of several wells at the same levels.

    Parameters
    ----------
    x, y : array (wells, levels)
        Map coordinates of each well at each level (m); NaN where it does not reach.
    values : array (wells, levels)
        The curves; NaN where nothing is known.
    """

    x: Array
    y: Array
    values: Array


class Gain(NamedTuple):
    """
    What kriging gains over the mean of the other wells.

    Parameters
    ----------
    gained : bool
        Whether errors are smaller and near wells are more alike than chance gives.
    error, error_of_mean : float
        Root mean square error of the curves of wells that are left out: kriged, and mean of the other wells.
    probability : float
        Probability that wells in random places seem as alike to their neighbours; NaN with too few wells.
    by_well : array (wells, 2)
        Both errors for each well; NaN where none of its levels has three other wells.
    slope, nugget : float
        Variogram of all wells: ``nugget + slope h`` for a distance of h metres.
    """

    gained: bool
    error: float
    error_of_mean: float
    probability: float
    by_well: Array
    slope: float
    nugget: float


def leave_one_out(curves: LevelCurves, seed: int = 0) -> Gain:
    """
    Predict each well from the others, by kriging and by their mean.

    Parameters
    ----------
    curves : LevelCurves
        Curves of the wells.
    seed : int
        Seed of the random exchanges.

    Returns
    -------
    Gain
        Errors, and whether anything is gained.

    Raises
    ------
    InputError
        If PyKrige is not installed.

    Notes
    -----
    Half the mean square difference of two curves at the levels that both have is a point of the variogram at the
    distance of the wells. A line through these points (not below 0, weighted by the number of levels) is fitted again
    without each well that is left out. Where it is level, kriging is the mean of the others.

    A small gain may be chance. So wells exchange their places at random 999 times, and each time the correlation of
    variogram points with distances is computed (the test of N. Mantel 1967). If near wells are no more alike than
    others, 5 of 100 fields at most reach a probability of 0.05. A gain is claimed if this probability is at most 0.05
    and the error of kriging is below that of the mean.

    Examples
    --------
    >>> x = np.repeat(np.arange(6.0)[:, None] * 100, 50, axis=1)
    >>> noise = np.random.default_rng(0).normal(size=x.shape)
    >>> result = leave_one_out(LevelCurves(x, np.zeros_like(x), 0.02 * x + noise))
    >>> result.gained, result.error < result.error_of_mean
    (True, True)
    """
    wells = len(curves.values)
    complete = _with_values(curves)
    distance, half_square, levels = _variogram_points(complete)
    slope, nugget = _fit_variogram(distance, half_square, levels)
    squares = np.zeros((wells, 2))
    counts = np.zeros(wells)
    for well in range(wells):
        others = np.arange(wells) != well
        pair = np.ix_(others, others)
        line = _fit_variogram(distance[pair], half_square[pair], levels[pair])
        rows = np.isfinite(complete.values[well])
        for block, usable in _blocks(complete, others, distance):
            block = block[rows[block]]
            if usable.sum() < _MIN_OTHERS or not block.size:
                continue
            data = complete.values[np.ix_(usable, block)]
            at = (float(complete.x[well, block].mean()), float(complete.y[well, block].mean()))
            weights, _ = _weights(_places(complete, usable, block), at, line)
            for column, estimate in enumerate((weights @ data, data.mean(axis=0))):
                squares[well, column] += float(((complete.values[well, block] - estimate) ** 2).sum())
            counts[well] += block.size
    if counts.sum():
        error, error_of_mean = np.sqrt(squares.sum(axis=0) / counts.sum()).tolist()
    else:
        error = error_of_mean = float("nan")
    by_well = np.sqrt(squares / np.where(counts > 0, counts, np.nan)[:, None])
    probability = _mantel(distance, half_square, levels, np.random.default_rng(seed))
    gained = bool(probability <= _SIGNIFICANCE and error < error_of_mean)
    return Gain(gained, error, error_of_mean, probability, by_well, slope, nugget)


def krige_curves(curves: LevelCurves, places: npt.ArrayLike, gain: Gain) -> tuple[Array, Array]:
    """
    Krige curves at places between wells.

    Parameters
    ----------
    curves : LevelCurves
        Curves of the wells.
    places : array (n, 2)
        Map coordinates (m).
    gain : Gain
        The variogram, as :func:`leave_one_out` returns it.

    Returns
    -------
    values, sigma : array (n, levels)
        Curves and their standard deviations, of the curve that a well would have there; NaN where fewer than three
        wells, or fewer than half of them, have a value.
    """
    complete = _with_values(curves)
    at = np.asarray(places, dtype=float).reshape(-1, 2)
    enough = max(_MIN_OTHERS, np.isfinite(complete.values).any(axis=1).sum() / 2)
    values, sigma = np.full((2, len(at), complete.values.shape[1]), np.nan)
    for block, usable in _blocks(complete, np.ones(len(complete.values), dtype=bool), _variogram_points(complete)[0]):
        if usable.sum() < enough:
            continue
        for row, place in enumerate(at):
            weights, variance = _weights(_places(complete, usable, block), tuple(place), (gain.slope, gain.nugget))
            values[row, block] = weights @ complete.values[np.ix_(usable, block)]
            sigma[row, block] = np.sqrt(max(variance, 0.0))
    return values, sigma


def _with_values(curves: LevelCurves) -> LevelCurves:
    """Return the same with places only where there are values, and the other way round."""
    missing = ~np.isfinite(curves.x + curves.y + curves.values)
    return LevelCurves(*(np.where(missing, np.nan, part) for part in curves))


def _blocks(
    curves: LevelCurves, chosen: npt.NDArray[np.bool_], distance: Array
) -> Iterator[tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]]:
    """Levels at which the same wells have values and stay in place, and which wells; none where no well has any."""
    there = np.isfinite(curves.values) & chosen[:, None]
    finite = distance[np.isfinite(distance) & (distance > _MIN_DISTANCE_M)]
    reach = _MAX_MOVE_SHARE * float(finite.min()) if finite.size else _MIN_DISTANCE_M
    cells = [np.where(there, np.nan_to_num(np.floor(part / reach)), 0).astype(np.int64) for part in curves[:2]]
    keys = np.concatenate([there.astype(np.int64), *cells]).T
    _, label = np.unique(keys, axis=0, return_inverse=True)
    order = np.argsort(label.ravel(), kind="stable")
    for block in np.split(order, np.flatnonzero(np.diff(label.ravel()[order])) + 1):
        usable = there[:, block[0]]
        if usable.any():
            yield block, usable


def _places(curves: LevelCurves, wells: npt.NDArray[np.bool_], block: npt.NDArray[np.int64]) -> Array:
    """Mean places of wells in a block of levels (n, 2)."""
    return np.column_stack([part[np.ix_(wells, block)].mean(axis=1) for part in (curves.x, curves.y)])


def _variogram_points(curves: LevelCurves) -> tuple[Array, Array, Array]:
    """Mean distance (m), half the mean square difference, and number of levels of each pair of wells."""
    wells = len(curves.values)
    distance, half_square, levels = (
        np.full((wells, wells), np.nan),
        np.full((wells, wells), np.nan),
        np.zeros((wells, wells)),
    )
    for one in range(wells):
        both = np.isfinite(curves.values[one] - curves.values)
        levels[one] = both.sum(axis=1)
        apart = np.hypot(curves.x[one] - curves.x, curves.y[one] - curves.y)
        for other in np.flatnonzero(levels[one]):
            rows = both[other]
            distance[one, other] = apart[other, rows].mean()
            half_square[one, other] = ((curves.values[one, rows] - curves.values[other, rows]) ** 2).mean() / 2
    return distance, half_square, levels


def _fit_variogram(distance: Array, half_square: Array, levels: Array) -> tuple[float, float]:
    """Slope and nugget of the variogram, neither below 0."""
    upper = np.triu_indices(len(distance), 1)
    h, g, count = distance[upper], half_square[upper], levels[upper]
    rows = count > 0
    if not rows.any():
        return 0.0, 1.0
    root = np.sqrt(count[rows])
    scale = max(float(h[rows].max()), _MIN_DISTANCE_M)
    (slope, nugget), _ = nnls(np.column_stack([h[rows] / scale, np.ones(rows.sum())]) * root[:, None], g[rows] * root)
    return float(slope) / scale, float(nugget)


def _weights(places: Array, at: tuple[float, float], line: tuple[float, float]) -> tuple[Array, float]:
    """Kriging weights of wells for a place, and the variance of the estimate."""
    ordinary_kriging = import_extra("pykrige.ok", "field").OrdinaryKriging
    slope, nugget = line
    # Equal wells, and a variogram of nothing, would leave the library without any variance.
    parameters = {"slope": slope, "nugget": nugget if slope + nugget > 0 else 1.0}
    weights, variance = np.empty(len(places)), 0.0
    for index, unit in enumerate(np.eye(len(places))):
        # Kriging is linear in its data, so that the estimate for one well of value 1 is the weight of that well.
        kriging = ordinary_kriging(
            *places.T, unit, variogram_model="linear", variogram_parameters=parameters, exact_values=False,
            pseudo_inv=True,
        )  # fmt: skip
        estimate, square = kriging.execute("points", np.array([at[0]]), np.array([at[1]]))
        weights[index], variance = float(estimate[0]), float(square[0])
    return weights, variance


def _mantel(distance: Array, half_square: Array, levels: Array, rng: np.random.Generator) -> float:
    """Probability that wells in random places differ as much more with distance."""
    wells = len(distance)
    first, second = np.triu_indices(wells, 1)
    usable = (levels[first, second] > 0) & np.isfinite(distance[first, second])
    if wells < MIN_WELLS or usable.sum() < 3:
        return float("nan")

    def correlation(order: npt.NDArray[np.int64]) -> float:
        g = half_square[order[first], order[second]]
        rows = np.isfinite(g) & np.isfinite(distance[first, second])
        h, g = distance[first, second][rows], g[rows]
        spread = float(np.std(h) * np.std(g))
        return float(((h - h.mean()) * (g - g.mean())).mean()) / spread if spread > 0 else 0.0

    observed = correlation(np.arange(wells))
    as_large = sum(correlation(rng.permutation(wells)) >= observed - 1e-12 for _ in range(_DRAWS))
    return (1 + as_large) / (1 + _DRAWS)
