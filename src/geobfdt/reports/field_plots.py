"""Pictures of a field: stereonets side by side, intensities of wells, their map, and curves between them."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from geobfdt.reports.field_structure import BetweenWells, FieldStructure, FieldWell
from geobfdt.reports.html_parts import figure_png
from geobfdt.reports.stereonet import draw_stereonet
from geobfdt.reports.style import FAINT, INK, KINDS, MUTED, house_style
from geobfdt.wells.picks import with_attitude

__all__ = ["field_pictures"]

# Stereonets and curves in a row of a picture, and rows of a picture at most.
_NETS_PER_ROW, _CURVES_PER_ROW, _MAX_ROWS = 4, 5, 4
# Samples of a well path on the map.
_PATH_POINTS = 100


def field_pictures(field: FieldStructure) -> Iterator[tuple[str, bytes]]:
    """
    Draw the pictures of a field.

    Parameters
    ----------
    field : FieldStructure
        The wells.

    Yields
    ------
    name : str
        ``map``, ``intensities``, ``stereonets-1`` and on, ``curves-1`` and on; what nothing is known of is left out.
    data : bytes
        PNG.
    """
    with house_style():
        placed = [well for well in field.wells if well.track is not None]
        if placed:
            yield "map", figure_png(_draw_map(placed))
        yield "intensities", figure_png(_draw_intensities(field))
        wells = [well for well in field.wells if len(with_attitude(well.structure.picks))]
        size = _NETS_PER_ROW * _MAX_ROWS
        for number, start in enumerate(range(0, len(wells), size), start=1):
            yield f"stereonets-{number}", figure_png(_draw_nets(wells[start : start + size], field))
        if field.between is not None:
            between = field.between
            count = len(between.names) if between.gain.gained else len(placed)
            size = _CURVES_PER_ROW * _MAX_ROWS
            for number, start in enumerate(range(0, count, size), start=1):
                chosen = range(start, min(start + size, count))
                yield f"curves-{number}", figure_png(_draw_curves(field, between, chosen))


def _draw_map(wells: list[FieldWell]) -> Figure:
    """Collars and paths of wells; the colour of a collar is the P32 of fractures."""
    figure = Figure(figsize=(7, 6), dpi=130, facecolor="white", layout="constrained")
    ax = figure.subplots()
    collars, amounts = [], []
    for well in wells:
        if well.track is None:
            continue
        depth = well.stretches["fracture"].depth
        path = well.track.at(np.linspace(0.0, depth[-1], _PATH_POINTS))
        measured = well.track.at(np.linspace(depth[0], depth[-1], _PATH_POINTS))
        ax.plot(path[:, 0], path[:, 1], color=MUTED, lw=1)
        ax.plot(measured[:, 0], measured[:, 1], color=INK, lw=2)
        one = well.structure.intensities.get("fracture")
        collars.append((well.track.collar.x, well.track.collar.y))
        amounts.append(np.nan if one is None else one.p32)
        ax.annotate(well.name, collars[-1], xytext=(6, 5), textcoords="offset points", fontsize=8)
    x, y = np.array(collars).T
    values = np.array(amounts)
    usable = np.isfinite(values)
    ax.plot(x[~usable], y[~usable], "o", mfc="white", mec=INK, ms=8)
    if usable.any():
        points = ax.scatter(
            x[usable], y[usable], c=values[usable], s=70, cmap="cividis", edgecolor=INK, zorder=3, vmin=0
        )
        figure.colorbar(points, ax=ax, label="P32 of fractures (m²/m³)", shrink=0.7)
    ax.set_aspect("equal", adjustable="datalim")
    ax.margins(0.15)
    ax.ticklabel_format(useOffset=False, style="plain")
    ax.locator_params(nbins=5)
    ax.set_xlabel("x, East (m)")
    ax.set_ylabel("y, North (m)")
    ax.grid(color=FAINT, lw=0.5)
    ax.set_axisbelow(True)
    ax.annotate(
        "N", (0.96, 0.97), (0.96, 0.86), xycoords="axes fraction", textcoords="axes fraction", ha="center",
        arrowprops={"arrowstyle": "-|>", "color": INK}, fontweight="bold",
    )  # fmt: skip
    return figure


def _draw_intensities(field: FieldStructure) -> Figure:
    """P32 of each class and well, with its 95 % interval."""
    height = 1.1 + 0.28 * len(field.wells)
    figure = Figure(figsize=(9, height), dpi=130, facecolor="white", layout="constrained")
    picked = [table["class"].unique() for table in (well.structure.picks for well in field.wells)]
    names = [name for name in ("fracture", "bedding") if name == "fracture" or any(name in one for one in picked)]
    axes = np.ravel(figure.subplots(1, len(names), sharey=True))
    for ax, name in zip(axes, names, strict=True):
        for row, well in enumerate(field.wells):
            one = well.structure.intensities.get(name)
            if one is not None:
                ax.plot([one.p32_low, one.p32_high], [row, row], color=KINDS[name].colour, lw=1.4)
                ax.plot(one.p32, row, KINDS[name].marker, color=KINDS[name].colour, ms=5)
        ax.set_title(f"P32, {KINDS[name].label.lower()} (m²/m³)", fontsize=8)
        ax.set_xlim(left=0)
        ax.grid(axis="x", color=FAINT, lw=0.5)
        ax.set_axisbelow(True)
    axes[0].set_yticks(range(len(field.wells)), [well.name for well in field.wells])
    axes[0].set_ylim(len(field.wells) - 0.5, -0.5)
    return figure


def _draw_nets(wells: list[FieldWell], field: FieldStructure) -> Figure:
    """Stereonets of wells side by side, each with the means of the common sets."""
    rows = ceil(len(wells) / _NETS_PER_ROW)
    columns = min(len(wells), _NETS_PER_ROW)
    figure = Figure(figsize=(2.9 * columns, 3.1 * rows), dpi=130, facecolor="white")
    parts = np.ravel(figure.subfigures(rows, columns))  # type: ignore[arg-type]
    sets = [one.part for one in field.sets]
    for part, well in zip(parts, wells, strict=False):
        axes = draw_stereonet(part, well.structure.picks, sets, well.structure.hole)
        if legend := axes.get_legend():
            legend.remove()
        count = len(with_attitude(well.structure.picks))
        part.suptitle(f"{well.name}, {count} planes", fontsize=8.5, fontweight="bold")
    return figure


def _draw_curves(field: FieldStructure, between: BetweenWells, chosen: range) -> Figure:
    """Curves against elevation: kriged ones between their wells, or the wells beside their mean."""
    rows = ceil(len(chosen) / _CURVES_PER_ROW)
    columns = min(len(chosen), _CURVES_PER_ROW)
    figure = Figure(figsize=(2.3 * columns, 4.6 * rows), dpi=130, facecolor="white", layout="constrained")
    axes = np.ravel(figure.subplots(rows, columns, sharey=True, squeeze=False))
    placed = [number for number, well in enumerate(field.wells) if well.track is not None]
    counts = np.isfinite(between.curves.values).sum(axis=0)
    mean = np.nansum(between.curves.values, axis=0) / np.where(counts > 0, counts, np.nan)
    for ax, index in zip(axes, chosen, strict=False):
        if between.gain.gained:
            pair = between.pairs[index]
            for well, colour in zip(pair or (), ("#0072b2", "#d55e00"), strict=False):
                _draw_curve(ax, between, between.curves.values[well], colour, field.wells[well].name)
            value, sigma = between.values[index], between.sigma[index]
            ax.fill_betweenx(between.z, np.maximum(value - sigma, 0), value + sigma, color=INK, alpha=0.15, lw=0)
            _draw_curve(ax, between, value, INK, "kriged")
            title = between.names[index]
        else:
            well = placed[index]
            _draw_curve(ax, between, between.curves.values[well], "#0072b2", "measured")
            ax.plot(mean, between.z, color=MUTED, lw=0.9, ls=(0, (4, 2)), label="mean of all wells")
            title = field.wells[well].name
        ax.set_title(title, fontsize=8)
        ax.set_xlim(left=0)
        ax.grid(color=FAINT, lw=0.5)
        ax.set_axisbelow(True)
        ax.legend(facecolor="white", edgecolor="none", framealpha=0.8, fontsize=6.5, loc="upper right")
        ax.set_xlabel("P32 of fractures (m²/m³)")
    for ax in axes[len(chosen) :]:
        ax.remove()
    axes[0].set_ylabel("Elevation (m)")
    return figure


def _draw_curve(ax: Axes, between: BetweenWells, values: np.ndarray, colour: str, label: str) -> None:
    ax.plot(values, between.z, color=colour, lw=1.1, label=label)
