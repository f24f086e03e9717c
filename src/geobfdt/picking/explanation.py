"""Why a plane was picked: the image along its trace, straightened, and what each part of the turn had to say."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.ndimage import map_coordinates

from geobfdt.geometry import stretch, trace_depth, trace_rms
from geobfdt.picking.band import gaps_filled
from geobfdt.picking.detector import Detector
from geobfdt.picking.refinement import refine
from geobfdt.wells.image import WellImage, hole_radius, row_spacing
from geobfdt.wells.picks import traces

__all__ = ["Explanation", "explain"]

_HALF = 0.12  # height of the band on either side (m), more for a steep trace
_NEAR = 0.05  # trace RMS within which the detector's candidate is this pick (m), more for a steep trace

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Explanation:
    """
    What speaks for a pick.

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
        What the detector's own parts of the turn had to say, 0 to 1, from angle 0; empty if it does not tell.
    """

    trace: Array
    offsets: Array
    angles: Array
    band: Array
    turn: Array
    agreement: Array
    evidence: Array


def explain(image: WellImage, pick: pd.DataFrame, detector: Detector) -> Explanation:
    """
    Explain one pick.

    Parameters
    ----------
    image : WellImage
        The well.
    pick : DataFrame
        Pick table of one row.
    detector : Detector
        What found it.

    Raises
    ------
    ValueError
        If the table does not have one row.
    """
    if len(pick) != 1:
        raise ValueError(f"{len(pick)} picks to explain, not one")
    trace = traces(pick)[0]
    tall = float(np.hypot(trace[1], trace[2]))
    depth = image["depth"].values
    reach = tall + detector.overlap
    rows = np.flatnonzero(np.abs(depth - trace[0]) <= reach)
    strip = image.isel(depth=slice(int(rows[0]), int(rows[-1]) + 1)).load()
    radius = hole_radius(strip)
    steep = float(stretch(trace, radius))
    half = _HALF * steep
    values, z, angles = (strip[name].values for name in ("image", "depth", "azimuth"))
    spacing = row_spacing(strip)
    offsets = np.arange(-half, half + spacing / 2, spacing)
    filled, places = gaps_filled(values, z)
    at = np.interp(trace_depth(trace, angles) + offsets[:, None], places, np.arange(places.size), left=-1e9, right=1e9)
    column = np.broadcast_to(np.arange(angles.size), at.shape)
    band = map_coordinates(filled.astype(float), [at, column], order=1, cval=np.nan, mode="constant")
    refined = refine(values, z, angles, trace[None], radius, detector.astray)
    pieces = refined.agreement.shape[1]
    found = detector.detect(strip)
    evidence = np.empty(0)
    if found.evidence is not None and len(found.traces):
        apart = trace_rms(found.traces, trace)
        nearest = int(np.argmin(apart))
        if apart[nearest] <= _NEAR * steep:
            evidence = found.evidence[nearest]
    together = -(-angles.size // pieces)
    turn = np.array([angles[i : i + together].mean() for i in range(0, angles.size, together)])
    return Explanation(trace, offsets, angles, band, turn, refined.agreement[0], evidence)
