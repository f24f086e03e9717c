"""Zones: a well in stretches of about 10 m; drift and missing picks are measured zone by zone as rows are read."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from geobfdt.picking.unpicked_layers import LAYERED, MIN_UNPICKED_LENGTH_M, unpicked_layers
from geobfdt.preparation.fingerprint import image_features
from geobfdt.quality.measured import MeasuredDepths
from geobfdt.wells.image import WellImage, without_colour

__all__ = ["ZONE_M", "Zone", "ZoneStream", "image_zones", "unpicked_zones"]

ZONE_M = 10.0  # Length of a zone, about: a well is cut into whole zones of one length.
_MIN_UNPICKED_M = MIN_UNPICKED_LENGTH_M * (
    1 - 1e-6
)  # Depths are sums of steps: a whole length may be short by rounding.

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Zone:
    """
    A zone of a well, measured.

    Parameters
    ----------
    top, base : float
        Depths (m, MD), the top within the zone and the base not.
    metres : float
        Measured length (m).
    empty : bool
        Whether no pick lies in it.
    unpicked_m, layers : float
        Longest stretch without a pick, see :func:`geobfdt.picking.unpicked_layers.unpicked_layers`.
    features : dict of str to float
        From :func:`geobfdt.preparation.fingerprint.image_features`; empty unless textures are measured.
    """

    top: float
    base: float
    metres: float
    empty: bool
    unpicked_m: float
    layers: float
    features: dict[str, float]


class _Cut(NamedTuple):
    """Depths of a zone (m, MD), and its rows, the last one excluded."""

    top: float
    base: float
    first: int
    last: int


class ZoneStream:
    """
    Measure the zones of a well whose rows and picks arrive from top to base.

    Rows are kept until the picks of their zone are complete: those of one strip, and of a zone that goes on below it.

    Parameters
    ----------
    image : WellImage
        The well; its pixels are not read.
    textures : bool
        Whether features of the image are measured, too. Without them, layers are looked for in zones without a pick
        only.
    """

    def __init__(self, image: WellImage, textures: bool) -> None:
        self._cuts, self._textures = deque(_cuts(image["depth"].values)), textures
        self._pieces: list[WellImage] = []
        self._row = 0
        self._waiting: deque[tuple[_Cut, WellImage]] = deque()
        self.zones: list[Zone] = []

    def add(self, rows: WellImage) -> None:
        """Add the next rows, in memory."""
        self._pieces.append(rows)
        last = self._row + sum(piece.sizes["depth"] for piece in self._pieces)
        while self._cuts and self._cuts[0].last <= last:
            cut = self._cuts.popleft()
            self._waiting.append((cut, self._take(cut.last - self._row)))
            self._row = cut.last

    def _take(self, count: int) -> WellImage:
        """Take so many rows off the pieces; only a zone that begins in one strip and ends in another is copied."""
        taken = []
        while count:
            piece = self._pieces.pop(0)
            taken.append(piece.isel(depth=slice(0, count)))
            count -= taken[-1].sizes["depth"]
            if taken[-1].sizes["depth"] < piece.sizes["depth"]:
                self._pieces.insert(0, piece.isel(depth=slice(taken[-1].sizes["depth"], None)))
        return taken[0] if len(taken) == 1 else xr.concat(taken, "depth")

    def measure(self, depths: Array, complete_to: float) -> None:
        """Measure the zones above a depth (m, MD) to which all picks are known; `depths` (n,) are theirs (m, MD)."""
        while self._waiting and self._waiting[0][0].base <= complete_to:
            cut, part = self._waiting.popleft()
            inside = depths[(depths >= cut.top) & (depths < cut.base)]
            metres = MeasuredDepths.of(part).metres
            unpicked_m, layers = float("nan"), float("nan")
            if self._textures or (not inside.size and metres >= _MIN_UNPICKED_M):
                unpicked_m, layers = unpicked_layers(part, inside, cut.top, cut.base)
            features = image_features(part) if self._textures else {}
            self.zones.append(Zone(cut.top, cut.base, metres, not inside.size, unpicked_m, layers, features))


def image_zones(image: WellImage, depths: Array) -> list[Zone]:
    """
    Measure the zones of a well.

    Parameters
    ----------
    image : WellImage
        The well; its pixels may lie in a file, and are loaded zone by zone.
    depths : array (n,)
        Depths of its picks (m, MD).
    """
    stream = ZoneStream(image, textures=True)
    pixels = without_colour(image).drop_vars("dynamic", errors="ignore")
    for cut in _cuts(image["depth"].values):
        stream.add(pixels.isel(depth=slice(cut.first, cut.last)).load())
        stream.measure(depths, cut.base)
    return stream.zones


def unpicked_zones(zones: Sequence[Zone]) -> pd.DataFrame:
    """
    List the zones without a pick that were measured over :data:`MIN_UNPICKED_LENGTH_M` at least.

    Returns
    -------
    DataFrame
        ``number`` of the zone, ``top_m, base_m, length_m`` (measured) and ``layered`` (bool).
    """
    rows = [
        (number, zone.top, zone.base, zone.metres, zone.layers >= LAYERED)
        for number, zone in enumerate(zones)
        if zone.empty and zone.metres >= _MIN_UNPICKED_M
    ]
    return pd.DataFrame(rows, columns=["number", "top_m", "base_m", "length_m", "layered"])


def _cuts(depth: Array) -> list[_Cut]:
    """Cut a well into zones; those without a row are left out."""
    count = max(round(float(depth[-1] - depth[0]) / ZONE_M), 1)
    edges = np.linspace(float(depth[0]), float(depth[-1]), count + 1)
    rows = np.searchsorted(depth, edges)
    rows[-1] = len(depth)
    return [
        _Cut(float(edges[k]), float(edges[k + 1]) + (1e-6 if k == count - 1 else 0.0), int(rows[k]), int(rows[k + 1]))
        for k in range(count)
        if rows[k + 1] > rows[k]
    ]
