"""Stereonets and roses: orientations of planes, and the blind zone of the hole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from geobfdt.reports.style import FAINT, INK, KINDS, MUTED, group_by_style, kinds_of
from geobfdt.structure.girdle import Girdle
from geobfdt.structure.intensity import BLIND_ZONE_SINE
from geobfdt.structure.sets import PlaneSet
from geobfdt.wells.picks import PickTable, with_attitude

__all__ = ["MIN_DIRECTED_DIP_DEG", "draw_rose", "draw_stereonet"]

# Planes with a smaller dip have no certain direction, and are left out of the rose.
MIN_DIRECTED_DIP_DEG = 2.0

# Colour of the girdle and the axis of a fold.
_FOLD_COLOUR = "#c2338b"

# Densities are contoured from this many planes on.
_MIN_CONTOURED = 20
# Width of a sector of the rose.
_SECTOR_DEG = 10.0


def draw_stereonet(
    figure: Figure,
    picks: PickTable,
    sets: Sequence[PlaneSet] = (),
    hole: tuple[float, float] | None = None,
    girdle: Girdle | None = None,
) -> Any:
    """
    Draw poles on the lower hemisphere, equal areas being equal on paper.

    Parameters
    ----------
    figure : Figure
        Where; it is filled.
    picks : PickTable
        Pick table with true dips; picks without one are left out. Hollow symbols are weak picks.
    sets : sequence of PlaneSet
        Sets whose mean poles are drawn, each with its 95 % cone.
    hole : (deviation, azimuth), optional
        Mean direction of the hole (deg). A square marks it; hatched is where poles of planes lie that it hardly ever
        meets, so that nothing there means nothing.
    girdle : Girdle, optional
        Its great circle and its axis are drawn, with the 95 % cone, if an axis is claimed.

    Returns
    -------
    Axes
        The net.
    """
    # The import registers the projection.
    import mplstereonet

    planes = with_attitude(picks)
    # mplstereonet changes its arguments, so that it gets copies.
    dip, azimuth = np.array(planes[["dip_true_deg", "azimuth_true_deg"]].to_numpy(float).T)
    ax: Any = figure.add_subplot(projection="stereonet")
    ax.set_azimuth_ticks(range(0, 360, 90), ["N", "E", "S", "W"])
    if len(planes) >= _MIN_CONTOURED:
        grid = mplstereonet.density_grid(azimuth - 90, dip, measurement="poles", method="exponential_kamb", sigma=3)
        # The unit is the standard deviation of a uniform distribution: densities below two may be chance.
        ax.contourf(
            *grid, levels=[2, 4, 6, 8, 12, 16, 1e9], colors=[str(s) for s in (0.95, 0.9, 0.84, 0.77, 0.7, 0.62)]
        )
    if hole is not None:
        _draw_blind_zone(ax, *hole)
    for kind, rows, face, label in group_by_style(planes):
        ax.pole(
            azimuth[rows] - 90, dip[rows], kind.marker, ms=3.2, mec=kind.colour, mew=0.6, mfc=face, alpha=0.8,
            label=label,
        )  # fmt: skip
    for number, part in enumerate(sets, start=1):
        mean = part.mean
        plunge, bearing = 90 - mean.dip, (mean.azimuth + 180) % 360
        if np.isfinite(mean.cone):
            ax.cone(plunge, bearing, mean.cone, facecolor="none", edgecolor=INK, linewidth=1, bidirectional=False)
        ax.line(plunge, bearing, "+", ms=7, mew=1.3, color=INK)
        (x,), (y,) = mplstereonet.line(plunge, bearing)
        ax.annotate(f"{number}", (x, y), xytext=(5, 4), textcoords="offset points", fontsize=8, fontweight="bold")
    if girdle is not None and girdle.claimed:
        _draw_girdle(ax, girdle)
    if ax.get_legend_handles_labels()[0]:
        ax.legend(loc="upper left", bbox_to_anchor=(0.88, 1.06), frameon=False, fontsize=7)
    return ax


def _draw_girdle(ax: Any, girdle: Girdle) -> None:
    """Draw the great circle of a girdle, and its axis within its cone."""
    ax.plane((girdle.trend + 90) % 360, 90 - girdle.plunge, color=_FOLD_COLOUR, lw=1.1, ls=(0, (5, 2)))
    edge = {"facecolor": "none", "edgecolor": _FOLD_COLOUR, "linewidth": 1}
    ax.cone(girdle.plunge, girdle.trend, girdle.cone, bidirectional=True, **edge)
    ax.line(girdle.plunge, girdle.trend, "*", ms=9, mfc=_FOLD_COLOUR, mec="white", mew=0.5, label="Fold axis")


def _draw_blind_zone(ax: Any, deviation: float, azimuth: float) -> None:
    """Draw the zone of poles nearly perpendicular to the hole, and the hole itself."""
    import mplstereonet

    longitude, latitude = np.meshgrid(*2 * [np.linspace(-np.pi / 2, np.pi / 2, 181)])
    net = _direction(longitude, latitude)
    down = _direction(*(np.asarray(part) for part in mplstereonet.line(90 - deviation, azimuth)))
    square = np.abs(np.tensordot(net, down.reshape(3), axes=(0, 0)))
    zone = ax.contourf(longitude, latitude, square, levels=[-1, BLIND_ZONE_SINE], colors="none", hatches=["....."])
    zone.set_edgecolor(FAINT)
    zone.set_linewidth(0)
    ax.line(90 - deviation, azimuth, "s", ms=5, mfc="white", mec=INK, mew=1)


def _direction(longitude: npt.NDArray[np.float64], latitude: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return unit vectors (3, ...) of points on the net."""
    level = np.cos(latitude)
    return np.stack([level * np.cos(longitude), level * np.sin(longitude), np.sin(latitude)])


def draw_rose(ax: Axes, picks: PickTable, of: Literal["strike", "azimuth"] = "strike") -> None:
    """
    Draw how many planes strike, or dip, each way; north up, areas of petals being the counts.

    Parameters
    ----------
    ax : Axes
        Polar.
    picks : PickTable
        Pick table with true dips; planes flatter than :data:`MIN_DIRECTED_DIP_DEG` have no direction and are left out.
    of : {"strike", "azimuth"}
        Strike, which counts both ways, or dip azimuth.

    Examples
    --------
    >>> from geobfdt.wells.picks import new_picks, with_attitude
    >>> ax = Figure().subplots(subplot_kw={"projection": "polar"})
    >>> draw_rose(ax, new_picks(depth_m=[1, 2], class_="bedding", dip_true_deg=30.0, azimuth_true_deg=[44.0, 45.0]))
    >>> sorted(round(float(np.degrees(bar.get_x() + bar.get_width() / 2))) for bar in ax.patches if bar.get_height())
    [135, 315]
    """
    edges = np.arange(0, 360 + _SECTOR_DEG, _SECTOR_DEG)
    below = np.zeros(edges.size - 1)
    for name, kind in KINDS.items():
        mine = picks[(kinds_of(picks) == name) & (picks["dip_true_deg"] >= MIN_DIRECTED_DIP_DEG)]
        towards = mine["azimuth_true_deg"].to_numpy(float)
        towards = np.concatenate([towards - 90, towards + 90]) if of == "strike" else towards
        count = below + np.histogram(towards % 360, edges)[0]
        if (count > below).any():
            ax.bar(
                np.radians(edges[:-1]), np.sqrt(count) - np.sqrt(below), np.radians(_SECTOR_DEG), np.sqrt(below),
                align="edge", color=kind.colour, edgecolor="white", linewidth=0.4,
            )  # fmt: skip
        below = count
    most = int(max(below.max(initial=0), 1))
    ax.set_theta_zero_location("N")  # type: ignore[attr-defined]
    ax.set_theta_direction(-1)  # type: ignore[attr-defined]
    ax.set_xticks(np.radians([0, 90, 180, 270]), ["N", "E", "S", "W"])
    rings = sorted({max(round(most / 4), 1), most})
    ax.set_yticks(np.sqrt(rings), [str(ring) for ring in rings], fontsize=6.5, color=MUTED)
    ax.set_ylim(0, np.sqrt(most) * 1.02)
    ax.set_title("Strike" if of == "strike" else "Dip azimuth", fontsize=8.5, fontweight="bold", color=INK)
    ax.grid(color=FAINT, lw=0.5)
