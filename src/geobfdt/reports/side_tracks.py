"""Narrow strips beside the image: the hole, picks per metre, and what to ignore."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from geobfdt.quality.measured import MeasuredDepths
from geobfdt.reports.style import ABSTAINED, FLAGGED, HOLE, IGNORED, INK, KINDS, UNMEASURED, WALL, WATCHED
from geobfdt.reports.tracks import depth_steps, top_axis
from geobfdt.wells.caliper import CaliperTable
from geobfdt.wells.image import WellImage
from geobfdt.wells.intervals import IntervalTable
from geobfdt.wells.picks import CLASSES, PickTable, without_rejected

__all__ = ["Bar", "draw_density", "draw_hole", "draw_margin", "knows_hole", "margin_bars"]


def draw_density(
    ax: Axes, picks: PickTable, measured: MeasuredDepths, top: float, base: float, *, inches: float = 1.0
) -> None:
    """
    Draw picks per measured metre, classes stacked, in bins between round depths.

    Parameters
    ----------
    ax : Axes
        Where.
    picks : PickTable
        Pick table; picks where nothing was measured are left out.
    measured : MeasuredDepths
        Depths of the well that have pixels. A bin of which less than half has is grey.
    top, base : float
        Depths shown (m, MD); bins at the ends are cut there and counted per metre of what is left.
    inches : float
        Smallest height of a bin on paper; lower bins would show single picks, as tadpoles do.
    """
    picks = without_rejected(picks)
    picks = picks[measured.contains(picks["depth_m"])]
    step, _ = depth_steps(base - top, ax.get_window_extent().height / ax.figure.dpi / (2 * inches))
    inner = np.arange(np.floor(top / step) + 1, np.ceil(base / step)) * step
    edges = np.concatenate([[top], inner[(inner > top) & (inner < base)], [base]])
    metres = measured.metres_between(edges)
    # A row's depths end half way to the next row: half a bin of rows may lack half a row at either end.
    metres[(metres <= 0) | (metres < np.diff(edges) / 2 - 2 * measured.margin)] = np.nan
    stack_edge = np.zeros(edges.size - 1)
    for name in CLASSES:
        depth = picks.loc[picks["class"] == name, "depth_m"].to_numpy(float)
        depth = depth[(depth >= top) & (depth < base)]
        density = np.nan_to_num(np.histogram(depth, edges)[0] / metres)
        ax.barh(
            edges[:-1],
            density,
            height=np.diff(edges),
            left=stack_edge,
            align="edge",
            color=KINDS[name].colour,
            edgecolor="white",
            linewidth=0.4,
            alpha=0.85,
            label=name,
        )
        stack_edge = stack_edge + density
    for upper, lower in zip(edges[:-1][np.isnan(metres)], edges[1:][np.isnan(metres)], strict=True):
        ax.axhspan(upper, lower, color=UNMEASURED, lw=0)
    most = _ceiling(float(stack_edge.max()))
    ax.set_ylim(base, top)
    ax.set_xlim(0, most)
    top_axis(ax, [0, most], ["0", f"{most:g}"], "Picks/m")


def knows_hole(image: WellImage) -> bool:
    """Tell whether the diameter or the deviation of a hole is known anywhere."""
    return bool(np.isfinite(image["diameter"].values).any() or np.isfinite(image["deviation"].values).any())


def draw_hole(ax: Axes, image: WellImage, top: float, base: float, caliper: CaliperTable | None = None) -> None:
    """
    Draw the hole: its wall to the scale written above, and its deviation from vertical.

    A measured caliper is a band on both sides, from the least to the greatest diameter of a depth.

    Parameters
    ----------
    ax : Axes
        Where.
    image : WellImage
        The well; scales are the same on all its pages. What is unknown is not drawn.
    top, base : float
        Depths shown (m, MD).
    caliper : CaliperTable, optional
        Diameters that were measured on travel times.
    """
    inside = np.flatnonzero((image.depth.values >= top) & (image.depth.values < base))
    # A log line needs no more points than the page has rows.
    rows = inside[:: max(1, inside.size // 2000)]
    depth = image.depth.values[rows]
    ax.set_ylim(base, top)
    ax.set_xlim(0, 1)
    ax.xaxis.tick_top()
    ax.set_xticks([])
    ax.xaxis.set_label_position("top")
    captions = []
    diameter = image["diameter"].values
    limits = np.empty((0, 3)) if caliper is None else caliper[["depth_m", "diameter_min_m", "diameter_max_m"]].dropna()
    limits = np.asarray(limits, dtype=float)
    largest = np.concatenate([diameter, limits[:, 2]])
    if np.isfinite(largest).any():
        widest = _ceiling(float(np.nanmax(largest)) * 1e3 * 1.02)
        half = diameter[rows] * 1e3 / widest / 2
        ax.fill_betweenx(depth, 0.5 - half, 0.5 + half, color=HOLE, lw=0, zorder=1)
        here = limits[(limits[:, 0] >= top) & (limits[:, 0] < base)]
        at, least, greatest = (here[:: max(1, len(here) // 2000)] * [1, 500 / widest, 500 / widest]).T
        for side in (-1, 1):
            ax.plot(0.5 + side * half, depth, color=WALL, lw=0.8, zorder=2, label="diameter")
            if at.size:
                ax.fill_betweenx(
                    at,
                    0.5 + side * least,
                    0.5 + side * greatest,
                    color=WALL,
                    alpha=0.45,
                    lw=0.6,
                    zorder=1.5,
                    label="caliper",
                )
        captions.append((f"{'Caliper' if len(limits) else 'Hole'}, width {widest:g} mm", WALL))
    deviation = image["deviation"].values
    if np.isfinite(deviation).any():
        steepest = next((limit for limit in (5, 10, 30, 60, 90, 120) if np.nanmax(deviation) <= limit), 180)
        ax.plot(deviation[rows] / steepest, depth, color=INK, lw=0.9, ls=(0, (5, 1.5)), zorder=3, label="deviation")
        captions.append((f"Deviation 0-{steepest}\N{DEGREE SIGN}", INK))
    for line, (caption, colour) in enumerate(reversed(captions)):
        ax.annotate(
            caption,
            (0.5, 1),
            (0, 4 + 10 * line),
            xycoords="axes fraction",
            textcoords="offset points",
            ha="center",
            fontsize=6.5,
            color=colour,
        )


@dataclass(frozen=True)
class Bar:
    """
    A lane of the margin.

    Parameters
    ----------
    label, colour : str
        What it tells, and how it is drawn.
    spans : array (n, 2)
        Depths it covers (m, MD).
    """

    label: str
    colour: str
    spans: npt.NDArray[np.float64]


def margin_bars(image: WellImage, intervals: IntervalTable | None) -> list[Bar]:
    """
    List what a well's margin tells: where a class was interpreted, what is ignored, where findings are.

    Parameters
    ----------
    image : WellImage
        The well, with its findings; those of minor severity and above that name a depth interval get a bar.
    intervals : IntervalTable or None
        Interval table; rows of other wells are left out.

    Returns
    -------
    list of Bar
        Lanes that are not empty.

    Examples
    --------
    >>> from geobfdt.wells.image import well_image
    >>> from geobfdt.wells.intervals import new_intervals
    >>> well = well_image(np.zeros((3, 2)), [1.0, 2.0, 3.0], well="A")
    >>> [bar.label for bar in margin_bars(well, new_intervals([("A", "ignored", "breakout", 1.0, 2.0)]))]
    ['ignored']
    """
    bars = []
    if intervals is not None:
        mine = intervals[intervals["well"].isin(["", image.attrs["well"]]) & (intervals["base_m"] > intervals["top_m"])]
        interpreted, ignored = (mine[mine["kind"] == kind] for kind in ("interpreted", "ignored"))
        bars = [
            Bar(f"{name} interpreted", KINDS[name].colour, _spans(interpreted[interpreted["class"] == name]))
            for name in CLASSES
        ]
        bars.append(Bar("ignored", IGNORED, _spans(ignored)))
    bars.append(Bar("flagged", FLAGGED, _flagged(image)))
    bars.append(Bar("at the edge of what the model knows", WATCHED, _placed(image, "drift-watch")))
    bars.append(Bar("unlike what the model knows", ABSTAINED, _placed(image, "drift-abstain")))
    return [bar for bar in bars if len(bar.spans)]


def draw_margin(ax: Axes, bars: list[Bar], top: float, base: float) -> None:
    """
    Draw margin bars side by side.

    Parameters
    ----------
    ax : Axes
        Where: a strip a few millimetres wide.
    bars : list of Bar
        From :func:`margin_bars`.
    top, base : float
        Depths shown (m, MD).
    """
    ax.set_ylim(base, top)
    ax.set_xlim(0, max(len(bars), 1))
    ax.axis("off")
    for x, bar in enumerate(bars):
        for upper, lower in np.clip(bar.spans[(bar.spans[:, 0] < base) & (bar.spans[:, 1] > top)], top, base):
            ax.fill_betweenx([upper, lower], x + 0.15, x + 0.85, color=bar.colour, lw=0, label=bar.label)


def _spans(intervals: IntervalTable) -> npt.NDArray[np.float64]:
    return np.asarray(intervals[["top_m", "base_m"]].to_numpy(float))


def _flagged(image: WellImage) -> npt.NDArray[np.float64]:
    """Depth intervals that findings name as their place, the whole image apart."""
    kinds = {finding.kind for finding in image.attrs["findings"] if finding.severity != "info"}
    spans = _placed(image, *(kind for kind in kinds if not kind.startswith("drift-")))
    depth = image.depth.values
    return np.asarray(spans[spans[:, 1] - spans[:, 0] < 0.9 * (depth[-1] - depth[0])])


def _placed(image: WellImage, *kinds: str) -> npt.NDArray[np.float64]:
    """Depth intervals of findings of some kinds."""
    spans = []
    for finding in image.attrs["findings"]:
        place = re.fullmatch(r"(-?\d+\.\d+)-(-?\d+\.\d+) m", finding.place)
        if place and finding.kind in kinds and finding.severity != "info":
            spans.append((float(place[1]), float(place[2])))
    return np.array(spans).reshape(-1, 2)


def _ceiling(value: float) -> float:
    """The round number at or above a value."""
    if value <= 0:
        return 1.0
    decade = 10.0 ** np.floor(np.log10(value))
    return float(next(step * decade for step in (1, 1.5, 2, 3, 4, 5, 6, 8, 10) if step * decade >= value * (1 - 1e-9)))
