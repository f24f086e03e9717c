"""Breakouts and induced fractures on an image track: boxes and lines."""

from __future__ import annotations

import matplotlib.patheffects as pe
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PatchCollection
from matplotlib.patches import Rectangle

from geobfdt.reports.style import INK, STRESS
from geobfdt.reports.tracks import North
from geobfdt.wells.breakouts import BreakoutTable

__all__ = ["draw_breakouts"]


def draw_breakouts(ax: Axes, breakouts: BreakoutTable | None, *, north: North = "left") -> None:
    """
    Draw the lobes of breakouts as boxes, and induced fractures as dashed lines.

    Parameters
    ----------
    ax : Axes
        The image's.
    breakouts : BreakoutTable or None
        See :func:`geobfdt.reports.tracks.drawn_rows`. A breakout without a width is a line. None draws nothing.
    north : {"left", "centre"}
        As for the image.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> from geobfdt.wells.breakouts import new_breakouts
    >>> ax = Figure().subplots()
    >>> lobe = {"top_m": 1.0, "base_m": 2.0, "class_": "breakout", "azimuth_app_deg": 355.0, "width_deg": 30.0}
    >>> draw_breakouts(ax, new_breakouts(**lobe))
    >>> [box.get_extents().bounds[:1] for box in ax.collections[0].get_paths()]
    [(340.0,), (-20.0,)]
    """
    if breakouts is None:
        return
    boxes: list[Rectangle] = []
    lines: list[list[tuple[float, float]]] = []
    start = 0.0 if north == "left" else -180.0
    has_width = (breakouts["class"] == "breakout") & breakouts["width_deg"].notna()
    widths = breakouts["width_deg"].where(has_width, 0.0)
    numbers = np.column_stack(
        [breakouts[["top_m", "base_m", "azimuth_app_deg"]].to_numpy(float), widths.to_numpy(float)]
    )
    for top, base, azimuth, wide in numbers.tolist():
        middle = start + (azimuth - start) % 360
        # What lies across an end of the track is drawn at the other end, too.
        for turn in (0.0, -360.0, 360.0):
            side = middle + turn - wide / 2
            if side <= start + 360 and side + wide >= start:
                if wide:
                    boxes.append(Rectangle((side, top), wide, base - top))
                else:
                    lines.append([(side, top), (side, base)])
    casing = [pe.Stroke(linewidth=2.4, foreground=INK, alpha=0.6), pe.Normal()]
    patches = PatchCollection(boxes, facecolor="none", edgecolor=STRESS, linewidth=1.2, zorder=2.8, label="breakout")
    dashes = LineCollection(lines, colors=STRESS, linewidths=1.4, linestyles=(0, (3, 1.5)), zorder=2.8, label="induced")
    for collection, parts in ((patches, boxes), (dashes, lines)):
        if parts:
            collection.set_path_effects(casing)
            ax.add_collection(collection, autolim=False)
