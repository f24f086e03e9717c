"""The picture of a measured hole: radius image, amplitudes before and after, caliper curves, position of the tool."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from geobfdt.hole.shape import HoleShape
from geobfdt.reports.png import write_png
from geobfdt.reports.style import HOLE, INK, KINDS, MUTED, WALL, house_style
from geobfdt.reports.tracks import depth_lines, draw_depth_axis, draw_image, top_axis
from geobfdt.runtime.storage import atomic_path
from geobfdt.wells.image import WellImage

__all__ = ["draw_caliper"]

# Inches: tracks of images and of curves, between tracks, round the page, above the tracks.
_IMAGE, _CURVES, _GAP, _EDGE, _HEADINGS = 1.9, 1.7, 0.12, 0.3, 0.62
# Height of the tracks (inches) for a metre of hole, at least and at most.
_INCHES_PER_METRE, _SHORTEST, _TALLEST = 1.2, 3.0, 11.0
_DPI = 130
# Points of a curve: a page has no more rows.
_MAX_POINTS = 2000


def draw_caliper(shape: HoleShape, amplitude: WellImage | None, centred: WellImage | None, path: str | Path) -> None:
    """
    Draw a measured hole as a PNG: equal input gives equal bytes.

    Parameters
    ----------
    shape : HoleShape
        The hole.
    amplitude, centred : WellImage or None
        Amplitudes as recorded, and about the hole axis.
    path : Path
        The file, whole or not at all.

    Raises
    ------
    InputError
        If the place cannot be written.
    """
    with house_style(), atomic_path(path) as part:
        write_png(_figure(shape, amplitude, centred), part)


def _figure(shape: HoleShape, amplitude: WellImage | None, centred: WellImage | None) -> Figure:
    depth = shape.radius["depth"].values
    top, base = float(depth[0]), float(depth[-1])
    tall = float(np.clip(_INCHES_PER_METRE * (base - top), _SHORTEST, _TALLEST))
    from_tool = shape.radius.assign(image=(shape.radius["image"].dims, shape.distance))
    images = [("Distance from the tool", WellImage(from_tool)), ("Radius", shape.radius)]
    if amplitude is not None and centred is not None:
        images += [("Amplitude", amplitude), ("Corrected amplitude", centred)]
    widths = [0.5, *[_IMAGE] * len(images), _CURVES, _CURVES]
    size = (2 * _EDGE + sum(widths) + _GAP * (len(widths) - 1), 2 * _EDGE + _HEADINGS + tall)
    figure = Figure(size, dpi=_DPI, facecolor="white")
    FigureCanvasAgg(figure)
    axes, position = [], _EDGE
    for wide in widths:
        axes.append(figure.add_axes((position / size[0], _EDGE / size[1], wide / size[0], tall / size[1])))
        position += wide + _GAP
    draw_depth_axis(axes[0], top, base)
    for ax, (title, image) in zip(axes[1:], images, strict=False):
        draw_image(ax, image, top=top, base=base)
        ax.set_title(title, y=1, pad=27, fontsize=8.5, fontweight="bold", color=INK)
    for ax in axes[1:]:
        ax.tick_params(axis="y", left=False, labelleft=False)
    for ax, title in zip(axes[-2:], ("Diameter (mm)", "Tool, and rows (mm)"), strict=True):
        ax.set_ylim(base, top)
        depth_lines(ax, top, base)
        ax.set_title(title, y=1, pad=27, fontsize=8.5, fontweight="bold", color=INK)
    _draw_diameters(axes[-2], shape)
    _draw_tool(axes[-1], shape)
    return figure


def _draw_diameters(ax: Axes, shape: HoleShape) -> None:
    """Draw mean, least and greatest diameter."""
    table = shape.table.iloc[:: max(1, len(shape.table) // _MAX_POINTS)]
    depth = table["depth_m"]
    least, most, mean = (1e3 * table[name] for name in ("diameter_min_m", "diameter_max_m", "diameter_m"))
    ax.fill_betweenx(depth, least, most, color=HOLE, lw=0)
    for values, colour, label in ((least, WALL, "least"), (most, WALL, "greatest"), (mean, INK, "mean")):
        ax.plot(values, depth, color=colour, lw=0.7, label=label)
    low, high = np.nanpercentile(least, 1), np.nanpercentile(most, 99)
    _scale(ax, np.floor(low - 0.5), np.ceil(high + 0.5), "least, mean, greatest")


def _draw_tool(ax: Axes, shape: HoleShape) -> None:
    """Draw the offset of the tool, and the scatter of rows before and after centring."""
    table = shape.table.iloc[:: max(1, len(shape.table) // _MAX_POINTS)]
    curves = (
        ("offset_m", INK, "-", "tool off axis"),
        ("scatter_tool_m", KINDS["fracture"].colour, "-", "scatter from the tool"),
        ("scatter_axis_m", KINDS["bedding"].colour, "-", "scatter from the axis"),
    )
    for name, colour, style, label in curves:
        ax.plot(1e3 * table[name], table["depth_m"], color=colour, ls=style, lw=0.8, label=label)
    most = max(float(np.nanpercentile(1e3 * table[name], 99)) for name, *_ in curves)
    _scale(ax, 0.0, max(np.ceil(most * 2) / 2, 0.5), "")
    ax.legend(loc="lower right", fontsize=6, frameon=True, framealpha=0.9, edgecolor="none", labelcolor=MUTED)


def _scale(ax: Axes, low: float, high: float, caption: str) -> None:
    ax.set_xlim(low, high)
    top_axis(ax, [low, (low + high) / 2, high], [f"{low:g}", f"{(low + high) / 2:g}", f"{high:g}"], caption)
