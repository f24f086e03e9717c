"""The tadpole track: a head at (dip, depth), and a tail in the direction of dip, with north up."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from geobfdt.reports.style import FAINT, KINDS, is_weak, kinds_of
from geobfdt.reports.tracks import top_axis
from geobfdt.wells.picks import PickTable, without_rejected

__all__ = ["draw_tadpoles"]

# A tail is this many heads long.
_TAIL_HEADS = 2.4


def draw_tadpoles(ax: Axes, picks: PickTable, *, size: float = 4.5) -> None:
    """
    Draw tadpoles: colour and shape by kind, hollow where weak. Rejected picks are left out.

    Tails are turned by azimuth and are equally long on paper at any scale. Dips are true; where no pick has a true
    dip they are apparent, the axis says so, and up is image angle 0. A flat plane has no tail.

    Parameters
    ----------
    ax : Axes
        The track; its depth axis does not change.
    picks : PickTable
        Pick table.
    size : float
        Diameter of a head (points).

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> from geobfdt.wells.picks import new_picks
    >>> ax = Figure().subplots()
    >>> draw_tadpoles(ax, new_picks(depth_m=5.0, class_="bedding", dip_true_deg=30.0, azimuth_true_deg=90.0))
    >>> ax.get_xlabel()
    'True dip'
    """
    picks = without_rejected(picks)
    apparent = bool(len(picks) and picks["dip_true_deg"].isna().all() and picks["dip_app_deg"].notna().any())
    which = "app" if apparent else "true"
    dip, azimuth = picks[f"dip_{which}_deg"].to_numpy(float), np.radians(picks[f"azimuth_{which}_deg"].to_numpy(float))
    depth, kinds, hollow = picks["depth_m"].to_numpy(float), kinds_of(picks), is_weak(picks)
    for order, (name, kind) in enumerate(KINDS.items()):
        for empty in (True, False):
            rows = (kinds == name) & (hollow == empty) & np.isfinite(dip)
            if not rows.any():
                continue
            level = 3 + order / 10 - empty / 20
            tailed = rows & np.isfinite(azimuth) & (dip > 0)
            if tailed.any():
                ax.quiver(
                    dip[tailed],
                    depth[tailed],
                    np.sin(azimuth[tailed]),
                    np.cos(azimuth[tailed]),
                    # Tails point on the paper: the inverted depth axis must not turn north down.
                    angles="uv",
                    units="inches",
                    scale_units="inches",
                    scale=72 / (_TAIL_HEADS * size),
                    width=0.8 / 72,
                    headwidth=0,
                    headlength=0,
                    headaxislength=0,
                    color=kind.colour,
                    zorder=level,
                    label=name,
                )
            ax.scatter(
                dip[rows],
                depth[rows],
                s=(size * (0.85 if kind.marker == "D" else 1.1)) ** 2,
                marker=kind.marker,
                facecolors="white" if empty else kind.colour,
                edgecolors=kind.colour if empty else "white",
                linewidths=0.9 if empty else 0.4,
                zorder=level + 0.01,
                label=name,
                # Heads at the first and last depths of a page extend beyond it.
                clip_on=False,
            )
    width = 72 * ax.get_window_extent().width / ax.figure.dpi
    # This margin (points) on either side is for tails of flat and of upright planes.
    room = min(_TAIL_HEADS * size + 1, width / 4)
    room *= 90 / (width - 2 * room)
    ax.set_xlim(-room, 90 + room)
    ax.vlines([0, 30, 60, 90], 0, 1, transform=ax.get_xaxis_transform(), color=FAINT, lw=0.6, zorder=0)
    ax.set_xticks(range(10, 90, 10), minor=True)
    ax.tick_params(axis="x", which="minor", top=True, bottom=False, length=1.5, width=0.4)
    degree = "\N{DEGREE SIGN}"
    top_axis(
        ax, [0, 30, 60, 90], ["0", "30", "60", f"90{degree}"], "Apparent dip, up = angle 0" if apparent else "True dip"
    )
    for label in ax.get_xticklabels():
        # The labels at the ends have room.
        label.set_horizontalalignment("center")
