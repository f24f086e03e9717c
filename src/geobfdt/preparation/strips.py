"""Strips: a well in pieces that overlap, so that the memory in use does not grow with its length."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from geobfdt.wells.image import WellImage, without_colour

__all__ = ["Cut", "Strip", "plan_strips", "strips"]


@dataclass(frozen=True)
class Strip:
    """
    A piece of a well with a margin on both sides.

    Parameters
    ----------
    image : WellImage
        Rows of the core and of the margins, in memory.
    top, base : float
        The core, top included and base not (m, MD). Cores tile the depth axis from -inf to inf: what lies beyond the
        first or last row belongs to the first or last strip.
    """

    image: WellImage
    top: float
    base: float


class Cut(NamedTuple):
    """
    Where a strip lies.

    Parameters
    ----------
    top, base : float
        Its core (m, MD).
    first, last : int
        Its rows with the margins, the last one excluded.
    """

    top: float
    base: float
    first: int
    last: int


def plan_strips(depth: npt.NDArray[np.float64], length: float, overlap: float) -> list[Cut]:
    """
    Plan how a well is cut into strips; see :func:`strips`.

    Parameters
    ----------
    depth : array (rows,)
        Depths (m, MD).
    length, overlap : float
        Length of a core, and margin above and below it (m).

    Raises
    ------
    ValueError
        If the length is not positive or the overlap negative.
    """
    if not length > 0 or overlap < 0:
        raise ValueError(f"strips of {length} m that overlap by {overlap} m")
    count = max(round(float(depth[-1] - depth[0]) / length), 1)
    edges = depth[0] + length * np.arange(count + 1)
    edges[0], edges[-1] = -np.inf, np.inf
    with_rows = np.flatnonzero(np.diff(np.searchsorted(depth, edges)))
    top, cuts = -np.inf, []
    for i in with_rows:
        base = np.inf if i == with_rows[-1] else float(edges[i + 1])
        first, last = np.searchsorted(depth, [edges[i] - overlap, edges[i + 1] + overlap])
        cuts.append(Cut(top, base, int(first), int(last)))
        top = base
    return cuts


def strips(
    image: WellImage, length: float, overlap: float, observe: Callable[[WellImage], None] | None = None
) -> Iterator[Strip]:
    """
    Cut a well into strips.

    Parameters
    ----------
    image : WellImage
        The well; pixels that lie in a file are loaded strip by strip.
    length : float
        Length of a core (m).
    overlap : float
        Margin above and below each core (m).
    observe : callable, optional
        Called with the rows that no strip had before, whenever a strip is loaded: with each row once, in order. The
        file's own dynamic image is in neither.

    Yields
    ------
    Strip
        Strips downwards. A core without a row (a hole in the depths) is left out, its depths go to the next strip; a
        last core of less than half a length joins the one before, which then has all its neighbours at hand.

    Raises
    ------
    ValueError
        If the length is not positive or the overlap negative.

    Examples
    --------
    >>> from geobfdt.wells.image import well_image
    >>> well = well_image(np.zeros((100, 4)), 0.1 * np.arange(100))
    >>> [(s.top, s.base, s.image.sizes["depth"]) for s in strips(well, 5.0, 1.0)]
    [(-inf, 5.0, 60), (5.0, inf, 60)]
    """
    pixels = without_colour(image).drop_vars("dynamic", errors="ignore")
    observed = 0
    for cut in plan_strips(image["depth"].values, length, overlap):
        part = pixels.isel(depth=slice(cut.first, cut.last)).load()
        if observe is not None:
            observe(part.isel(depth=slice(observed - cut.first, None)))
            observed = cut.last
        yield Strip(part, cut.top, cut.base)
