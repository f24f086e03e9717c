"""Find breakouts and drilling-induced fractures on a well, strip by strip."""

from __future__ import annotations

import numpy as np

from geobfdt.picking.breakouts.lobes import Lobe, find_lobes
from geobfdt.preparation.strips import strips
from geobfdt.wells.breakouts import BreakoutTable, complete_breakouts, new_breakouts
from geobfdt.wells.image import WellImage
from geobfdt.wells.tools import tool_kind

__all__ = ["find_breakouts"]

_STRIP_M = 20.0  # Contrast is compared within a strip.
_OVERLAP_M = 3.0
# Shares of lobes that are breakouts on simulated wells, by whether the opposite wall is dark, too.
_PAIRED_CONFIDENCE, _SINGLE_CONFIDENCE = 0.9, 0.6
_SOURCE = "lobes"


def find_breakouts(image: WellImage) -> BreakoutTable:
    """
    Find breakouts and induced fractures on an image.

    Parameters
    ----------
    image : WellImage
        The well; its pixels may lie in a file, they are loaded strip by strip.

    Returns
    -------
    DataFrame
        Breakout table (``wells.breakouts``) of status ``proposed``. It is empty for an optical image, whose dark
        colour is no sign of a broken wall, and where an image has too few columns.

    Examples
    --------
    >>> from geobfdt.wells.image import well_image
    >>> depth, angles = 50 + 0.005 * np.arange(400), np.arange(2.5, 360, 5)
    >>> opposite = np.abs((angles - 100 + 90) % 180 - 90) < 20
    >>> pixels = np.random.default_rng(0).normal(10, 1, (400, 72)) - 8 * (opposite & (abs(depth[:, None] - 51) < 0.4))
    >>> hole = {"diameter": 0.2, "deviation": 0.0, "hole_azimuth": 0.0}
    >>> found = find_breakouts(well_image(pixels, depth, angles, reference="north", **hole))
    >>> sorted(found["azimuth_true_deg"].round(-1))
    [100.0, 280.0]
    """
    if tool_kind(image.attrs["tool"]) == "optical":
        return new_breakouts()
    lobes: list[Lobe] = []
    for strip in strips(image, _STRIP_M, _OVERLAP_M):
        mine = [lobe for lobe in find_lobes(strip.image) if strip.top <= (lobe.top + lobe.base) / 2 < strip.base]
        # A lobe longer than the overlap may be cut differently by two strips.
        lobes += [lobe for lobe in mine if not any(_same(lobe, other) for other in lobes)]
    if not lobes:
        return new_breakouts()
    table = new_breakouts(
        well=image.attrs["well"],
        top_m=np.array([lobe.top for lobe in lobes]),
        base_m=np.array([lobe.base for lobe in lobes]),
        class_="breakout",
        azimuth_app_deg=np.array([lobe.azimuth for lobe in lobes]),
        reference=image.attrs["reference"],
        width_deg=np.array([lobe.width for lobe in lobes]),
        confidence=np.array([_PAIRED_CONFIDENCE if lobe.paired else _SINGLE_CONFIDENCE for lobe in lobes]),
        source=_SOURCE,
        status="proposed",
    )
    return complete_breakouts(table, image)[0]


def _same(first: Lobe, second: Lobe) -> bool:
    """Whether two strips found one lobe."""
    shared = min(first.base, second.base) - max(first.top, second.top)
    off = abs((first.azimuth - second.azimuth + 180) % 360 - 180)
    return off < 15 and shared > 0.5 * min(first.base - first.top, second.base - second.top)
