"""Stick plots: planes as short lines along the hole, with the dip that they have in a vertical section."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from geobfdt.geometry import well_path
from geobfdt.reports.style import FAINT, KINDS, MUTED, kinds_of
from geobfdt.structure.orientation import section_dip
from geobfdt.wells.image import WellImage, log_at
from geobfdt.wells.picks import CLASSES, PickTable, with_attitude

__all__ = ["draw_stick_plot", "hole_path", "stick_rows"]

# Length and width of a stick (inches).
_STICK_INCHES, _LINE_INCHES = 0.2, 0.011
# A hole that departs by more than this share of its vertical extent is drawn to scale.
_MIN_DEPARTURE_SHARE = 0.2
# Survey stations that the path of a hole is made of at most.
_MAX_STATIONS = 2000

Array = npt.NDArray[np.float64]


def hole_path(image: WellImage, depth: npt.ArrayLike) -> Array | None:
    """
    Return positions along a hole from its first row: East, North and down (m).

    Parameters
    ----------
    image : WellImage
        The well.
    depth : array (n,)
        Depths (m, MD).

    Returns
    -------
    array (n, 3) or None
        None where the direction of the hole is not known all along it.
    """
    rows = image["depth"].values
    stations = np.linspace(rows[0], rows[-1], min(rows.size, _MAX_STATIONS))
    deviation, azimuth = (np.asarray(log_at(image, name, stations)) for name in ("deviation", "hole_azimuth"))
    azimuth = np.where(deviation == 0, 0.0, azimuth)
    if not (np.isfinite(deviation).all() and np.isfinite(azimuth).all()):
        return None
    return well_path(stations, deviation, azimuth, np.asarray(depth, dtype=float))


def stick_rows(picks: PickTable) -> list[tuple[str, PickTable]]:
    """Return the classes that have planes with a true dip, and these planes by depth."""
    planes = with_attitude(picks).sort_values("depth_m", kind="stable")
    rows = [(name, PickTable(planes[planes["class"] == name])) for name in CLASSES]
    return [(name, rows_) for name, rows_ in rows if len(rows_)]


def draw_stick_plot(figure: Figure, image: WellImage, picks: PickTable, sections: Sequence[float]) -> int:
    """
    Draw planes as sticks in vertical sections.

    Parameters
    ----------
    figure : Figure
        Where; it gets a panel for each section and class.
    image : WellImage
        The well. Where the direction of its hole is known, sticks lie on its path in the section.
    picks : PickTable
        Pick table with true dips; picks without one are left out.
    sections : sequence of float
        Azimuths (deg); each lies to the right of its panel.

    Returns
    -------
    int
        Number of panels.

    Notes
    -----
    The angle of a stick on paper is the dip of the plane in the section, whatever the scales. A hole that departs by
    more than a fifth of its depth range is drawn with equal scales, so that the section is true to scale.
    """
    rows = stick_rows(picks)
    count = len(rows) * len(sections)
    if not count:
        return 0
    axes = figure.subplots(1, count, squeeze=False)[0]
    for index, (section, (name, planes)) in enumerate([(one, row) for one in sections for row in rows]):
        _draw_panel(axes[index], image, planes, section)
        axes[index].set_title(KINDS[name].label, fontsize=8, fontweight="bold")
    return count


def _draw_panel(ax: Axes, image: WellImage, planes: PickTable, section: float) -> None:
    at = planes["depth_m"].to_numpy(float)
    depth = image["depth"].values
    line = np.linspace(depth[0], depth[-1], 200)
    path, sticks = hole_path(image, line), hole_path(image, at)
    if path is None or sticks is None:
        x, y, trace, label = np.zeros(at.size), at, (np.zeros(line.size), line), "MD (m)"
    else:
        towards = np.array([np.sin(np.radians(section)), np.cos(np.radians(section))])
        x, y = sticks[:, :2] @ towards, depth[0] + sticks[:, 2]
        trace, label = (path[:, :2] @ towards, depth[0] + path[:, 2]), "MD of the top + vertical depth below it (m)"
    ax.plot(*trace, color=MUTED, lw=0.8, zorder=1)
    angles = section_dip(planes["dip_true_deg"], planes["azimuth_true_deg"], section)
    kinds = kinds_of(planes)
    for name, kind in KINDS.items():
        mine = kinds == name
        if mine.any():
            # Angles given as numbers are angles on paper.
            ax.quiver(
                x[mine], y[mine], np.ones(mine.sum()), np.zeros(mine.sum()), angles=-angles[mine], pivot="middle",
                units="inches", scale_units="inches", scale=1 / _STICK_INCHES, width=_LINE_INCHES, headwidth=0,
                headlength=0, headaxislength=0, color=kind.colour, zorder=2,
            )  # fmt: skip
    departure, height = float(np.ptp(trace[0])), float(np.ptp(trace[1]))
    if departure > _MIN_DEPARTURE_SHARE * height:
        ax.set_aspect("equal", adjustable="box")
        ax.margins(x=0.08)
    else:
        middle, half = float(np.mean([trace[0].min(), trace[0].max()])), max(departure, 0.05 * height, 0.1)
        ax.set_xlim(middle - half, middle + half)
    ax.set_ylim(trace[1].max(), trace[1].min())
    if ax.get_subplotspec().is_first_col():  # type: ignore[union-attr]
        ax.set_ylabel(label)
    ax.set_xlabel(f"m towards {section:03.0f}")
    for side, text in (("left", f"{(section + 180) % 360:03.0f}"), ("right", f"{section:03.0f}")):
        ax.set_title(text, loc=side, fontsize=8, color=MUTED)  # type: ignore[arg-type]
    ax.locator_params("x", nbins=4)
    ax.grid(axis="y", color=FAINT, lw=0.5)
    ax.set_axisbelow(True)
