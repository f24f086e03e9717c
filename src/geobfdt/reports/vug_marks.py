"""Vugs on an image track: outlines. Experimental."""

from __future__ import annotations

import matplotlib.patheffects as pe
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection

from geobfdt.reports.style import INK, VUG
from geobfdt.reports.tracks import North
from geobfdt.wells.image import WellImage, hole_radius, log_at
from geobfdt.wells.vugs import VugTable

__all__ = ["draw_vugs"]

# Corners of an outline.
_CORNERS = 24
# What is not known of a shape is that of a disc.
_DISC = {"aspect": 1.0, "orientation_deg": 0.0}


def draw_vugs(
    ax: Axes, vugs: VugTable | None, image: WellImage, top: float, base: float, *, north: North = "left"
) -> None:
    """
    Draw vugs as ellipses of their area, aspect and orientation on the wall.

    Parameters
    ----------
    ax : Axes
        The image's.
    vugs : VugTable or None
        See :func:`geobfdt.reports.tracks.drawn_rows`. None draws nothing.
    image : WellImage
        The well, for the diameter of its hole.
    top, base : float
        Depths shown (m, MD).
    north : {"left", "centre"}
        As for the image.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> from geobfdt.wells.image import well_image
    >>> from geobfdt.wells.vugs import new_vugs
    >>> well = well_image(np.zeros((2, 4)), [0.0, 2.0], diameter=0.2, reference="north")
    >>> ax = Figure().subplots()
    >>> draw_vugs(ax, new_vugs(depth_m=1.0, azimuth_app_deg=90.0, area_mm2=100 * np.pi, reference="north"), well, 0, 2)
    >>> ax.collections[0].get_paths()[0].get_extents().height.round(6)
    0.02
    """
    if vugs is None:
        return
    depth = vugs["depth_m"].to_numpy(float)
    here = vugs[(depth >= top) & (depth <= base)]
    if here.empty:
        return
    start = 0.0 if north == "left" else -180.0
    along, round_ = _outlines(here, image)
    middle = start + (here["azimuth_app_deg"].to_numpy(float) - start) % 360
    corners = np.stack([middle[:, None] + round_, here["depth_m"].to_numpy(float)[:, None] + along], axis=-1)
    # What lies across an end of the track is drawn at the other end, too.
    low, high = corners[..., 0].min(axis=1), corners[..., 0].max(axis=1)
    parts = [
        corners[(high + turn >= start) & (low + turn <= start + 360)] + [turn, 0.0] for turn in (0.0, -360.0, 360.0)
    ]
    outlines = PolyCollection(
        list(np.concatenate(parts)), facecolor="none", edgecolor=VUG, linewidth=0.9, zorder=2.7, label="vug"
    )
    outlines.set_path_effects([pe.Stroke(linewidth=1.8, foreground=INK, alpha=0.6), pe.Normal()])
    ax.add_collection(outlines, autolim=False)


def _outlines(vugs: VugTable, image: WellImage) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Corners of the outlines about their centres: along the hole (m), and around it (deg)."""
    shape = vugs.fillna(_DISC)
    aspect, tilt = shape["aspect"].to_numpy(float), np.radians(shape["orientation_deg"].to_numpy(float))
    half = np.sqrt(shape["area_mm2"].to_numpy(float) / np.pi) * 1e-3
    diameter = np.asarray(log_at(image, "diameter", shape["depth_m"].to_numpy(float)), dtype=float)
    radius = np.where(np.isfinite(diameter), diameter / 2, hole_radius(image))
    t = np.linspace(0, 2 * np.pi, _CORNERS, endpoint=False)
    long = (half * np.sqrt(aspect))[:, None] * np.cos(t)
    short = (half / np.sqrt(aspect))[:, None] * np.sin(t)
    cos, sin = np.cos(tilt)[:, None], np.sin(tilt)[:, None]
    return long * cos - short * sin, np.degrees((long * sin + short * cos) / radius[:, None])
