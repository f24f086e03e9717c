"""Silence: stretches of a well without a pick, and whether the image shows layers there."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from geobfdt.preparation.layering import layer_coherence
from geobfdt.quality.measured import MeasuredDepths
from geobfdt.wells.image import WellImage, without_colour

__all__ = ["LAYERED", "MIN_SILENT_LENGTH_M", "ZONE_M", "image_zones", "silent_layers", "silent_zones"]

ZONE_M = 10.0  # Length of a zone, about: a well is cut into whole zones of one length.
MIN_SILENT_LENGTH_M = 5.0  # Metres of image without a pick from which on silence is a finding.
LAYERED = 0.5  # Coherence along a plane from which a texture counts as layers; see docs/drift.md.


def image_zones(image: WellImage) -> Iterator[tuple[float, float, WellImage]]:
    """
    Cut a well into zones.

    Yields
    ------
    top, base, part
        Depths (m, MD), the top within the zone and the base not, and the rows between them. Pixels stay in their file
        until they are loaded.
    """
    depth = image["depth"].values
    count = max(round(float(depth[-1] - depth[0]) / ZONE_M), 1)
    edges = np.linspace(float(depth[0]), float(depth[-1]), count + 1)
    cuts = np.searchsorted(depth, edges)
    cuts[-1] = len(depth)
    for k in range(count):
        if cuts[k + 1] > cuts[k]:
            part = without_colour(image).isel(depth=slice(int(cuts[k]), int(cuts[k + 1])))
            yield float(edges[k]), float(edges[k + 1]) + (1e-6 if k == count - 1 else 0.0), part


def silent_layers(part: WellImage, picks: pd.DataFrame, top: float, base: float) -> tuple[float, float]:
    """
    Measure the longest stretch of a zone without a pick, and how layered the image is there.

    Parameters
    ----------
    part : WellImage
        Rows of the zone.
    picks : DataFrame
        Picks in the zone.
    top, base : float
        Of the zone (m, MD).

    Returns
    -------
    length, coherence : float
        Of the stretch (m), and :func:`geobfdt.preparation.layering.layer_coherence` of its rows; NaN in a zone with
        picks whose longest stretch is under :data:`MIN_SILENT_LENGTH_M`.
    """
    edges = np.concatenate([[top], np.sort(picks["depth_m"].to_numpy(float)), [base]])
    longest = int(np.diff(edges).argmax())
    length = float(edges[longest + 1] - edges[longest])
    if len(picks) and length < MIN_SILENT_LENGTH_M:
        return length, float("nan")
    depth = part["depth"].values
    inside = slice(*np.searchsorted(depth, edges[longest : longest + 2]).tolist())
    return length, layer_coherence(part.isel(depth=inside))


def silent_zones(image: WellImage, picks: pd.DataFrame) -> pd.DataFrame:
    """
    List the zones without a pick that were measured over :data:`MIN_SILENT_LENGTH_M` at least.

    Returns
    -------
    DataFrame
        ``top_m, base_m, length_m`` (measured), ``layered`` (bool), and ``number`` of the zone.
    """
    rows = []
    for number, (top, base, part) in enumerate(image_zones(image)):
        mine = picks[picks["depth_m"].between(top, base, inclusive="left")]
        if len(mine):  # Most zones have picks, and their pixels need not be read once more.
            continue
        length = MeasuredDepths.of(part.load()).metres
        if length < MIN_SILENT_LENGTH_M * (1 - 1e-6):
            continue
        rows.append((number, top, base, length, silent_layers(part, mine, top, base)[1] >= LAYERED))
    return pd.DataFrame(rows, columns=["number", "top_m", "base_m", "length_m", "layered"])
