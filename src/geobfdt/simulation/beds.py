"""A stratigraphic column: rock property and bed boundaries against depth across the bedding."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter1d

from geobfdt.simulation.geology import Geology

__all__ = ["Column", "deposit"]

Array = npt.NDArray[np.float64]
STEP_M = 0.00125  # Depth step of the layers: half a row of the sharpest common image.
THIN_BED_M = 0.03  # A thinner layer is picked once, and not at its top and base.
FORESETS = {"bed_thickness": 0.04, "thickness_spread": 0.6, "thin_layers": 0.25, "massive": 0.0}


@dataclass(frozen=True)
class Column:
    """
    Beds in one order, one attitude.

    Parameters
    ----------
    origin : float
        Position of the first sample (m across bedding, growing down the section).
    tables : array (2, samples)
        Property every :data:`STEP`, twice with different laminae, so that laminae may come and go round the hole.
    position, half_width : array (n,)
        Bed boundaries and thin layers that somebody could pick (m); the half width is 0 for a boundary.
    gap : array (n,)
        Distance to the nearest neighbouring boundary (m).
    """

    origin: float
    tables: npt.NDArray[np.float32]
    position: Array
    half_width: Array
    gap: Array


def deposit(geology: Geology, low: float, high: float, rng: np.random.Generator, *, foresets: bool = False) -> Column:
    """
    Lay down beds between two positions.

    Parameters
    ----------
    geology : Geology
        What the beds are like.
    low, high : float
        Range of positions to fill (m across bedding).
    rng : Generator
        Source of randomness.
    foresets : bool
        Whether these are cross-beds: thin, even, of lower contrast.

    Returns
    -------
    Column
        The beds.

    Examples
    --------
    >>> column = deposit(Geology(), 0.0, 5.0, np.random.default_rng(0))
    >>> bool((column.position > 0).all() and (column.gap > 0).all()), column.tables.shape
    (True, (2, 4003))
    """
    if foresets:
        geology = geology.model_copy(update=FORESETS | {"bed_contrast": geology.bed_contrast * 0.6})
    edges, massive, thin = _edges(geology, low, high, rng)
    count = edges.size - 1
    thickness = np.diff(edges)
    contrast = geology.bed_contrast * np.exp(geology.contrast_spread * rng.standard_normal(count))
    level = _levels(contrast * rng.standard_normal(count), thin)
    trend = 0.4 * contrast * rng.standard_normal(count) * (rng.random(count) < 0.4) * ~thin

    # A boundary is a ramp: sharp, or graded over some of the thinner neighbour.
    soft = np.where(rng.random(count - 1) < 0.65, 0.0006, np.exp(rng.normal(np.log(geology.gradation), 0.8, count - 1)))
    soft = np.minimum(soft, 0.3 * np.minimum(thickness[1:], thickness[:-1]))
    inner = edges[1:-1]
    knots = np.stack([inner - soft, inner + soft], axis=1).ravel()
    values = np.stack([level[:-1] + trend[:-1], level[1:] - trend[1:]], axis=1).ravel()
    samples = np.arange(int((high - low) / STEP_M) + 3)
    at = low + STEP_M * samples
    profile = np.interp(at, knots, values)

    bed = np.clip(np.searchsorted(edges, at) - 1, 0, count - 1)
    laminated = geology.lamination * np.exp(0.7 * rng.standard_normal(count)) * np.where(massive, 0.15, 1.0)
    faint = laminated[bed] * (0.5 if foresets else 1.0)
    width = max(geology.lamina / 2 / STEP_M, 1.0)
    laminae: npt.NDArray[np.float64] = gaussian_filter1d(rng.standard_normal((3, samples.size)), width, axis=1)
    laminae *= np.sqrt(2 * np.sqrt(np.pi) * width)
    # Laminae are half common to all sides of the hole.
    mixed = (laminae[0] + laminae[1:]) * np.sqrt(0.5)
    tables = (profile + faint * mixed).astype(np.float32)

    middle = (edges[1:] + edges[:-1])[thin] / 2
    boundary = inner[~(thin[1:] | thin[:-1])]
    position = np.concatenate([boundary, middle])
    half_width = np.concatenate([np.zeros(boundary.size), thickness[thin] / 2])
    order = np.argsort(position)
    position, half_width = position[order], half_width[order]
    spaces = np.diff(position, prepend=-np.inf, append=np.inf)
    return Column(low, tables, position, half_width, np.minimum(spaces[1:], spaces[:-1]))


def _edges(
    geology: Geology, low: float, high: float, rng: np.random.Generator
) -> tuple[Array, npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Bed edges from below `low` to above `high`, with flags of massive beds and of thin layers."""
    median, spread = geology.bed_thickness, geology.thickness_spread
    mean = median * np.exp(spread**2 / 2)
    guess = max(int(1.5 * (high - low) / mean) + 20, 20)
    pieces: list[Array] = []
    kinds: list[npt.NDArray[np.int8]] = []
    total = 0.0
    while total < high - low + 2 * mean:
        kind = rng.choice(3, size=guess, p=_shares(geology)).astype(np.int8)
        thicknesses = median * np.exp(spread * rng.standard_normal(guess))
        thicknesses[kind == 1] *= rng.uniform(4, 18, int((kind == 1).sum()))
        thicknesses[kind == 2] = rng.uniform(0.004, THIN_BED_M, int((kind == 2).sum()))
        # Beds thinner than a thin layer are laminae: they are drawn as such.
        thicknesses[kind == 0] = thicknesses[kind == 0].clip(THIN_BED_M if median > THIN_BED_M else 0.4 * median, 6.0)
        pieces.append(thicknesses)
        kinds.append(kind)
        total += float(thicknesses.sum())
    thickness, kind = np.concatenate(pieces), np.concatenate(kinds)
    # Two thin layers in a row would be one.
    kind[1:][(kind[1:] == 2) & (kind[:-1] == 2)] = 0
    edges = low - mean * rng.random() - THIN_BED_M + np.concatenate([[0.0], np.cumsum(thickness)])
    last = int(np.searchsorted(edges, high)) + 2
    edges, kind = edges[: last + 1], kind[: min(last, kind.size)]
    kind[[0, -1]] = 0
    return edges[: kind.size + 1], kind == 1, kind == 2


def _shares(geology: Geology) -> list[float]:
    massive = geology.massive
    thin = (1 - massive) * geology.thin_layers
    return [1 - massive - thin, massive, thin]


def _levels(steps: Array, thin: npt.NDArray[np.bool_]) -> Array:
    """Property of each bed: a wandering that is drawn back to zero, left out by thin layers."""
    level = np.empty(steps.size)
    rock = 0.0
    for i, (step, is_thin) in enumerate(zip(steps.tolist(), thin.tolist(), strict=True)):
        if is_thin:
            level[i] = rock + 1.6 * step
        else:
            rock = 0.55 * rock + step
            level[i] = rock
    return level
