"""Explanation of a pick: the image straightened along its trace, and the evidence of each part of the turn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import map_coordinates

from geobfdt.geometry import stretch, trace_depth, trace_rms
from geobfdt.picking.band import fill_depth_gaps
from geobfdt.picking.detector import Detector
from geobfdt.picking.refinement import refine
from geobfdt.wells.image import WellImage, hole_radius, row_spacing, without_colour
from geobfdt.wells.picks import PickTable, traces

__all__ = ["Explanation", "explain"]

_HALF_HEIGHT_M = 0.12  # Half-height of the band (perpendicular to the trace).
_MAX_DISTANCE_M = 0.05  # Largest distance (scaled trace RMS) of the candidate that this pick came from.

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Explanation:
    """
    Evidence for a pick.

    Parameters
    ----------
    trace : array (3,)
        ``(z0, a, b)`` (m).
    offsets : array (samples,)
        Depths below the trace (m).
    angles : array (columns,)
        Angles of the image's columns (deg).
    band : array (samples, columns)
        Image along the trace, which lies flat at offset 0; NaN where nothing was measured.
    turn, agreement : array (pieces,)
        Centres of pieces of the turn (deg), and the correlation of each with the mean profile; NaN where not measured.
    evidence : array (parts,)
        Weight of each part of the turn in the detection, 0 to 1, from angle 0; empty if the detector has none.
    """

    trace: Array
    offsets: Array
    angles: Array
    band: Array
    turn: Array
    agreement: Array
    evidence: Array


def explain(image: WellImage, pick: PickTable, detector: Detector) -> Explanation:
    """
    Explain one pick.

    Parameters
    ----------
    image : WellImage
        The well.
    pick : PickTable
        Pick table of one row.
    detector : Detector
        Detector that found it.

    Raises
    ------
    ValueError
        If the table does not have one row.
    """
    if len(pick) != 1:
        raise ValueError(f"{len(pick)} picks to explain, not one")
    trace = traces(pick)[0]
    amplitude = float(np.hypot(trace[1], trace[2]))
    depth = image["depth"].values
    reach = amplitude + detector.overlap
    rows = np.flatnonzero(np.abs(depth - trace[0]) <= reach)
    strip = without_colour(image).isel(depth=slice(int(rows[0]), int(rows[-1]) + 1)).load()
    radius = hole_radius(strip)
    steep = float(stretch(trace, radius))
    half = _HALF_HEIGHT_M * steep
    values, z, angles = (strip[name].values for name in ("image", "depth", "azimuth"))
    spacing = row_spacing(strip)
    offsets = np.arange(-half, half + spacing / 2, spacing)
    filled, places = fill_depth_gaps(values, z)
    at = np.interp(trace_depth(trace, angles) + offsets[:, None], places, np.arange(places.size), left=-1e9, right=1e9)
    column = np.broadcast_to(np.arange(angles.size), at.shape)
    band = map_coordinates(filled.astype(float), [at, column], order=1, cval=np.nan, mode="constant")
    refined = refine(values, z, angles, trace[None], radius, detector.typical_error_m)
    pieces = refined.agreement.shape[1]
    candidates = detector.detect(strip)
    evidence = np.empty(0)
    if candidates.evidence is not None and len(candidates.traces):
        distance = trace_rms(candidates.traces, trace)
        nearest = int(np.argmin(distance))
        if distance[nearest] <= _MAX_DISTANCE_M * steep:
            evidence = candidates.evidence[nearest]
    columns_per_piece = -(-angles.size // pieces)
    turn = np.array([angles[i : i + columns_per_piece].mean() for i in range(0, angles.size, columns_per_piece)])
    return Explanation(trace, offsets, angles, band, turn, refined.agreement[0], evidence)
