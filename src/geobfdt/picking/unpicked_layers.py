"""Stretches of a well without a pick, and whether the image shows layers there."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from geobfdt.preparation.layering import layer_coherence
from geobfdt.wells.image import WellImage

__all__ = ["LAYERED", "MIN_UNPICKED_LENGTH_M", "unpicked_layers"]

MIN_UNPICKED_LENGTH_M = 5.0  # A stretch of image without a pick is a finding from this length on.
LAYERED = 0.5  # Coherence along a plane from which a texture counts as layers; see docs/drift.md.

Array = npt.NDArray[np.float64]


def unpicked_layers(part: WellImage, picks: Array, top: float, base: float) -> tuple[float, float]:
    """
    Measure the longest stretch of a zone without a pick, and how layered the image is there.

    Parameters
    ----------
    part : WellImage
        Rows of the zone.
    picks : array (n,)
        Depths of the picks in the zone (m, MD).
    top, base : float
        Of the zone (m, MD).

    Returns
    -------
    length, coherence : float
        Of the stretch (m), and :func:`geobfdt.preparation.layering.layer_coherence` of its rows; NaN in a zone with
        picks whose longest stretch is under :data:`MIN_UNPICKED_LENGTH_M`.
    """
    edges = np.concatenate([[top], np.sort(picks), [base]])
    longest = int(np.diff(edges).argmax())
    length = float(edges[longest + 1] - edges[longest])
    if len(picks) and length < MIN_UNPICKED_LENGTH_M:
        return length, float("nan")
    depth = part["depth"].values
    inside = slice(*np.searchsorted(depth, edges[longest : longest + 2]).tolist())
    return length, layer_coherence(part.isel(depth=inside))
