"""Dip and azimuth against depth, cumulative dip and the vector plot: where beds begin to lie otherwise."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from geobfdt.reports.style import FAINT, INK, KINDS, MUTED, group_by_style
from geobfdt.structure.dip_patterns import DipPattern
from geobfdt.structure.zones import Zone, vector_walk
from geobfdt.wells.picks import PickTable, with_attitude

__all__ = ["draw_dip_plots"]

# Lines of dip patterns.
_PATTERN_COLOURS = {"red": "#d7301f", "blue": "#2b6cb0"}
# The cumulative dip and the vector plot need at least this many beds to be a line.
_MIN_BEDS = 2


def draw_dip_plots(
    figure: Figure, picks: PickTable, zones: Sequence[Zone] = (), patterns: Sequence[DipPattern] = ()
) -> list[str]:
    """
    Draw the dips of a well by depth.

    Parameters
    ----------
    figure : Figure
        The figure. It gets dip and azimuth by depth, and for two beds or more their cumulative dip and the vector plot.
    picks : PickTable
        Pick table with true dips; picks without one are left out. Hollow symbols are weak picks.
    zones : sequence of Zone
        Their borders are drawn through the panels by depth, and their mean dips and azimuths.
    patterns : sequence of DipPattern
        Red and blue ones are drawn as lines over the dips.

    Returns
    -------
    list of str
        Names of the panels that were drawn.
    """
    planes = with_attitude(picks).sort_values("depth_m", kind="stable")
    beds = planes[planes["class"] == "bedding"]
    ratios = (1.0, 1.0, 0.8, 1.3) if len(beds) >= _MIN_BEDS else (1.0, 1.0)
    grid = figure.add_gridspec(
        1, len(ratios), width_ratios=ratios, wspace=0.32, left=0.07, right=0.98, top=0.93, bottom=0.15
    )
    dip, azimuth = (figure.add_subplot(grid[0, i]) for i in range(2))
    panels = [(dip, "True dip (deg)", 90, 30), (azimuth, "Dip azimuth (deg)", 360, 90)]
    for kind, rows, face, label in group_by_style(planes):
        for ax, column in ((dip, "dip_true_deg"), (azimuth, "azimuth_true_deg")):
            ax.plot(
                planes.loc[rows, column], planes.loc[rows, "depth_m"], kind.marker, ms=3, mew=0.6, mec=kind.colour,
                mfc=face, alpha=0.8, clip_on=False, label=label if ax is dip else None,
            )  # fmt: skip
    if len(beds) >= _MIN_BEDS:
        total = figure.add_subplot(grid[0, 2])
        total.plot(np.cumsum(beds["dip_true_deg"]), beds["depth_m"], color=KINDS["bedding"].colour, lw=1.2)
        # With more ticks, labels of four digits would touch.
        total.locator_params("x", nbins=4)
        panels.append((total, "Cumulative dip of beds (deg)", 0, 0))
        _draw_walk(figure, grid[0, 3], beds, zones)
    for number, zone in enumerate(zones, start=1):
        for ax, *_ in panels:
            if number > 1:
                ax.axhline(zone.top, color=INK, lw=0.8, ls=(0, (4, 3)))
        dip.plot([zone.beds.dip] * 2, [zone.top, zone.base], color=INK, lw=1.4)
        azimuth.plot([zone.beds.azimuth] * 2, [zone.top, zone.base], color=INK, lw=1.4)
        if len(zones) > 1:
            dip.annotate(
                f"{number}", (1, (zone.top + zone.base) / 2), xycoords=("axes fraction", "data"), xytext=(3, 0),
                textcoords="offset points", fontweight="bold", va="center",
            )  # fmt: skip
    for one in patterns:
        if one.name in _PATTERN_COLOURS:
            dip.plot(
                [one.dip_top, one.dip_base], [one.top, one.base], color=_PATTERN_COLOURS[one.name], lw=4, alpha=0.6
            )
    ends = (planes["depth_m"].max(), planes["depth_m"].min()) if len(planes) > 1 else (1.0, 0.0)
    for ax, title, high, step in panels:
        ax.set_title(title, fontsize=8)
        ax.set_ylim(*ends)
        ax.grid(color=FAINT, lw=0.5)
        ax.set_axisbelow(True)
        if high:
            ax.set_xlim(0, high)
            ax.set_xticks(range(0, high + 1, step))
    dip.set_ylabel("MD (m)")
    if dip.get_legend_handles_labels()[0]:
        dip.legend(
            loc="upper center", bbox_to_anchor=(0.5, -0.06), frameon=False, fontsize=7, ncols=2, columnspacing=0.8
        )
    return ["dip by depth", "azimuth by depth", "cumulative dip", "vector plot"][: len(ratios)]


def _draw_walk(figure: Figure, place: object, beds: PickTable, zones: Sequence[Zone]) -> None:
    ax = figure.add_subplot(place)  # type: ignore[call-overload]
    walk = vector_walk(beds["azimuth_true_deg"])
    ax.plot(*walk.T, color=KINDS["bedding"].colour, lw=1.2)
    ax.plot(0, 0, "o", ms=4, color=INK)
    ax.annotate("top", (0, 0), xytext=(4, 4), textcoords="offset points", fontsize=7)
    for zone in zones[1:]:
        at = int((beds["depth_m"] < zone.top).sum())
        ax.plot(*walk[at], "D", ms=4.5, mfc="white", mec=INK)
    ax.set_title("Vector plot: a step towards each bed's azimuth", fontsize=8)
    ax.set_aspect("equal", adjustable="datalim")
    ax.set_xlabel("steps east")
    ax.set_ylabel("steps north", labelpad=1)
    ax.grid(color=FAINT, lw=0.5)
    ax.tick_params(colors=MUTED)
