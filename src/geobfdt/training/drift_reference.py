"""Drift reference of a model: features of its training wells and of its own picks there, zone by zone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from geobfdt.model.bundle import Bundle
from geobfdt.picking.drift import DriftReference, measure_zones
from geobfdt.picking.network_detector import NetworkDetector
from geobfdt.picking.picker import pick_with_findings
from geobfdt.picking.zone_stream import ZONE_M
from geobfdt.wells.image import WellImage

__all__ = ["measure_drift_reference"]

_ZONES_PER_WELL = 8  # Number of zones taken from a well: wells differ more than the depths of one.


def measure_drift_reference(bundle: Bundle, images: Sequence[WellImage]) -> DriftReference:
    """
    Measure the drift reference of a bundle.

    Parameters
    ----------
    bundle : Bundle
        Calibrated.
    images : sequence of WellImage
        Wells that it was trained on or chosen with; of a long one, eight stretches of 10 m.

    Returns
    -------
    DriftReference
        For its card.
    """
    zones = [_zones(bundle, stretch) for image in images for stretch in _stretches(image)]
    wells = len({str(image.attrs["well"]) for image in images})
    return DriftReference.of(pd.concat(zones, ignore_index=True), wells)


def _zones(bundle: Bundle, image: WellImage) -> pd.DataFrame:
    picks, _ = pick_with_findings(image, NetworkDetector.of(bundle, image), tall=False)
    return measure_zones(image, picks)


def _stretches(image: WellImage) -> list[WellImage]:
    depth = image["depth"].values
    length = float(depth[-1] - depth[0])
    if length <= (_ZONES_PER_WELL + 1) * ZONE_M:
        return [image]
    tops = depth[0] + np.linspace(0, length - ZONE_M, _ZONES_PER_WELL)
    cuts = [slice(*np.searchsorted(depth, [top, top + ZONE_M]).tolist()) for top in tops]
    return [image.isel(depth=cut) for cut in cuts]
