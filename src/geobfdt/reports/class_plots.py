"""Stereonet, dip histogram and azimuth histogram of each class and of each zone, one row each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.ticker import MaxNLocator

from geobfdt.reports.stereonet import MIN_DIRECTED_DIP_DEG, draw_stereonet
from geobfdt.reports.structure_section import Structure
from geobfdt.reports.style import FAINT, INK, KINDS, kinds_of
from geobfdt.wells.picks import CLASSES, PickTable, with_attitude

__all__ = ["PlotRow", "class_rows", "draw_rows", "zone_rows"]

# A picture holds at most this many rows, so that it fits a sheet of A4 upright.
_MAX_ROWS = 4
# Height of a row and width of a picture (inches).
_ROW_HEIGHT, _WIDTH = 2.7, 11.0
# Width of a bin of the histograms.
_DIP_BIN_DEG, _AZIMUTH_BIN_DEG = 5.0, 15.0


class PlotRow(NamedTuple):
    """
    A row of plots.

    Parameters
    ----------
    title : str
        Name of the class or zone.
    picks : PickTable
        Its picks, all with a true dip; one at least.
    """

    title: str
    picks: PickTable


def class_rows(structure: Structure) -> list[PlotRow]:
    """Return the classes of a well that have planes with a true dip."""
    planes = with_attitude(structure.picks)
    rows = [PlotRow(name, planes[planes["class"] == name]) for name in CLASSES]
    return [row for row in rows if len(row.picks)]


def zone_rows(structure: Structure) -> list[PlotRow]:
    """Return the zones of a well that have planes with a true dip; none if it is one zone."""
    planes = with_attitude(structure.picks)
    if len(structure.zones) < 2:
        return []
    rows = [
        PlotRow(
            f"zone {number}, {line.zone.top:.1f} to {line.zone.base:.1f} m",
            planes[planes["depth_m"].between(line.zone.top, line.zone.base)],
        )
        for number, line in enumerate(structure.zones, start=1)
    ]
    return [row for row in rows if len(row.picks)]


def draw_rows(rows: list[PlotRow], structure: Structure) -> Iterator[tuple[str, Figure]]:
    """
    Draw rows of plots, at most four in a picture.

    Yields
    ------
    names : str
        Titles of the rows in the picture.
    figure : Figure
        The picture.
    """
    for start in range(0, len(rows), _MAX_ROWS):
        part = rows[start : start + _MAX_ROWS]
        figure = Figure(figsize=(_WIDTH, _ROW_HEIGHT * len(part)), dpi=130, facecolor="white")
        for row, strip in zip(part, np.ravel(figure.subfigures(len(part), 1)), strict=True):  # type: ignore[arg-type]
            _draw_row(strip, row, structure)
        yield "; ".join(row.title for row in part), figure


def _draw_row(strip: SubFigure, row: PlotRow, structure: Structure) -> None:
    net, histograms = np.ravel(strip.subfigures(1, 2, width_ratios=(0.36, 0.64)))  # type: ignore[arg-type]
    sets = [line.part for line in structure.sets] if row.title == "fracture" else []
    axes = draw_stereonet(net, row.picks, sets, structure.hole)
    if legend := axes.get_legend():
        legend.remove()
    # Depths have a line of their own, since the north of the net stands at the end of a long one.
    name, _, depths = row.title.partition(", ")
    planes = f"{len(row.picks)} planes" if len(row.picks) > 1 else "1 plane"
    net.text(0.03, 0.9, name.capitalize(), fontsize=9, fontweight="bold", color=INK)
    net.text(0.03, 0.88, "\n".join(filter(None, (depths, planes))), fontsize=7.5, va="top", linespacing=1.6)
    directed = row.picks[row.picks["dip_true_deg"] >= MIN_DIRECTED_DIP_DEG]
    plots = [("dip_true_deg", "True dip (deg)", row.picks, 90, _DIP_BIN_DEG, 15)]
    if len(directed):
        plots.append(("azimuth_true_deg", "Dip azimuth (deg)", directed, 360, _AZIMUTH_BIN_DEG, 45))
    grid = histograms.subplots(
        1, 2, gridspec_kw={"left": 0.08, "right": 0.97, "top": 0.9, "bottom": 0.19, "wspace": 0.2}
    )
    for ax, (column, label, picks, end, bin_width, step) in zip(grid, plots, strict=False):
        _draw_histogram(ax, picks, column, np.arange(0, end + bin_width, bin_width))
        ax.set_xlabel(label)
        ax.set_xlim(0, end)
        ax.set_xticks(range(0, end + 1, step))
    for ax in grid[len(plots) :]:
        ax.remove()


def _draw_histogram(ax: Axes, picks: PickTable, column: str, edges: npt.NDArray[np.float64]) -> None:
    kinds = kinds_of(picks)
    present = [name for name in KINDS if (kinds == name).any()]
    ax.hist(
        [picks.loc[kinds == name, column] % 360 for name in present], bins=list(edges), stacked=True,
        color=[KINDS[name].colour for name in present], edgecolor="white", linewidth=0.4,
        label=[KINDS[name].label for name in present],
    )  # fmt: skip
    ax.set_ylabel("planes")
    ax.yaxis.set_major_locator(MaxNLocator(5, integer=True))
    ax.grid(axis="y", color=FAINT, lw=0.5)
    ax.set_axisbelow(True)
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    if len(present) > 1:
        ax.legend(frameon=False, fontsize=7)
