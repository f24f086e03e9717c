"""Folds, dip patterns, sections and planes without the structural dip in the report of a well."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from geobfdt.reports.html_parts import figure_png, format_number, html_picture, html_table
from geobfdt.reports.stereonet import MIN_DIRECTED_DIP_DEG, draw_rose, draw_stereonet
from geobfdt.reports.stick_plot import draw_stick_plot, hole_path, stick_rows
from geobfdt.reports.structure_section import MIN_TILT_DEG, Structure
from geobfdt.reports.style import house_style
from geobfdt.structure.orientation import remove_dip
from geobfdt.structure.sets import PlaneSet
from geobfdt.wells.image import WellImage
from geobfdt.wells.picks import PickTable, with_attitude

__all__ = ["draw_nets", "fold_section", "restored_picks"]

# Inches of the stick plot: of a panel, of all panels, and of its height with titles and labels.
_PANEL_WIDTHS, _MAX_WIDTH, _HEIGHTS, _LABEL_HEIGHT = (2.6, 4.5), 11.0, (2.8, 6.5), 1.0
_PATTERN_TEXT = {
    "red": "Red: dips grow with depth",
    "blue": "Blue: dips shrink with depth",
    "green": "Green: steady dips",
    "bag": "Bag: no order",
}


def restored_picks(picks: PickTable, removed_dip: tuple[float, float]) -> PickTable:
    """
    Return picks with the structural dip removed from their true dips and azimuths.

    Parameters
    ----------
    picks : PickTable
        Picks with a true attitude.
    removed_dip : (float, float)
        Dip and azimuth that is removed (deg).
    """
    dip, azimuth = (picks[name].to_numpy(float) for name in ("dip_true_deg", "azimuth_true_deg"))
    dip, azimuth = remove_dip(dip, azimuth, *removed_dip)
    return PickTable(picks.assign(dip_true_deg=dip, azimuth_true_deg=azimuth))


def draw_nets(picks: PickTable, sets: Sequence[PlaneSet], structure: Structure | None = None) -> tuple[Figure, str]:
    """
    Draw stereonet and roses of planes side by side.

    Parameters
    ----------
    picks : PickTable
        Planes with true dips.
    sets : sequence of PlaneSet
        Sets whose means are marked.
    structure : Structure, optional
        The well, whose hole and girdle are drawn too.

    Returns
    -------
    figure : Figure
        The picture; without a direction there are no roses.
    name : str
        What it shows.
    """
    roses = bool((picks["dip_true_deg"] >= MIN_DIRECTED_DIP_DEG).any())
    figure = Figure(figsize=(11 if roses else 5.2, 4.2), dpi=130, facecolor="white")
    parts = np.ravel(figure.subfigures(1, 2, width_ratios=(1, 1.15)) if roses else figure.subfigures(1, 1))  # type: ignore[arg-type]
    hole, girdle = (None, None) if structure is None else (structure.hole, structure.girdle)
    draw_stereonet(parts[0], picks, sets, hole, girdle)
    if roses:
        axes = parts[1].subplots(1, 2, subplot_kw={"projection": "polar"}, gridspec_kw={"wspace": 0.4})
        draw_rose(axes[0], picks)
        draw_rose(axes[1], picks, "azimuth")
    return figure, "stereonet and roses" if roses else "stereonet"


def fold_section(image: WellImage, structure: Structure) -> str:
    """
    Write the section of the report on folds, dip patterns, sections and restored planes.

    Parameters
    ----------
    image : WellImage
        The well.
    structure : Structure
        Its structure.

    Returns
    -------
    str
        HTML; empty where no plane has a true dip.
    """
    planes = with_attitude(structure.picks)
    if planes.empty:
        return ""
    text = f"<h2>Folds and dip patterns</h2><p>{_axis_sentence(structure)}</p>{_pattern_table(structure)}"
    with house_style():
        text += _sections(image, structure, planes)
        if structure.removed_dip is not None and structure.removed_dip[0] >= MIN_TILT_DEG:
            text += _restored(structure, planes, structure.removed_dip)
    return text


def _axis_sentence(structure: Structure) -> str:
    girdle = structure.girdle
    if girdle is None:
        return "Fewer than three beds have a true dip, so that nothing tells whether they are folded."
    shape = (
        f"Woodcock's shape K is {format_number(girdle.shape, 2)} and strength C {girdle.strength:.2f}; beds scatter "
        f"{girdle.along:.1f} degrees along their best great circle and {girdle.across:.1f} across it."
    )
    if girdle.claimed:
        return (
            f"The poles of {girdle.poles} beds lie on a girdle. The axis of a cylindrical fold plunges "
            f"{girdle.plunge:.0f} degrees towards {girdle.trend:03.0f}, within {girdle.cone:.1f} degrees (95 %). "
            f"{shape} Two attitudes across a fault or an unconformity make a girdle too: compare the dips by depth."
        )
    return f"No fold axis is claimed: the poles of {girdle.poles} beds are no girdle. {shape}"


def _pattern_table(structure: Structure) -> str:
    if not any(one.name in ("red", "blue") for one in structure.patterns):
        return "<p>No stretch of beds has a dip that changes steadily with depth beyond what chance gives.</p>"
    head = ("Pattern", "from (m)", "to (m)", "beds", "azimuth (deg)", "dip at top", "dip at base", "p", "candidate of")
    rows = [
        (_PATTERN_TEXT[one.name], f"{one.top:.2f}", f"{one.base:.2f}", f"{one.beds}", f"{one.azimuth:03.0f}",
         f"{one.dip_top:.0f}", f"{one.dip_base:.0f}", format_number(one.probability, 3), one.candidate or "-")
        for one in structure.patterns
    ]  # fmt: skip
    note = (
        "p is the probability that the beds of the whole well in random order, neighbours as alike as they are, show a "
        "pattern as clear anywhere. Red over blue towards one azimuth is a candidate of a fault with drag; blue over "
        "red towards another side is one of a fold. A candidate is no proof: look at the image."
    )
    return f"{html_table(head, rows)}<p>{note}</p>"


def _sections(image: WellImage, structure: Structure, planes: PickTable) -> str:
    panels = len(stick_rows(planes)) * len(structure.sections)
    if not panels:
        return ""
    path, height = hole_path(image, image["depth"].values[[0, -1]]), _HEIGHTS[1]
    width = float(np.clip(_MAX_WIDTH / panels, *_PANEL_WIDTHS)) if path is not None else _PANEL_WIDTHS[0]
    if path is not None:
        # The panel of a hole that goes far sideways, which is drawn to scale, is no higher than it needs to be.
        sideways, down = float(np.hypot(*(path[1] - path[0])[:2])), float(abs(path[1, 2] - path[0, 2]))
        height = float(np.clip(width * down / max(sideways, 1e-9) + _LABEL_HEIGHT, *_HEIGHTS))
    figure = Figure(figsize=(min(panels * width, _MAX_WIDTH), height), dpi=130, facecolor="white", layout="constrained")
    draw_stick_plot(figure, image, planes, structure.sections)
    note = (
        "Sticks have the dip of each plane in the vertical section, positive downwards to the right; grey is the hole."
    )
    return f"<h2>Sections</h2>{html_picture(figure_png(figure), 'stick plot')}<p>{note}</p>"


def _restored(structure: Structure, planes: PickTable, removed: tuple[float, float]) -> str:
    sets = [
        line.part._replace(mean=line.part.mean._replace(dip=line.level[0], azimuth=line.level[1]))
        for line in structure.sets
    ]
    figure, name = draw_nets(restored_picks(planes, removed), sets)
    note = (
        f"All planes are turned about a level axis so that a bed that dips {removed[0]:.0f} degrees towards "
        f"{removed[1]:03.0f} lies level. This is the first attitude of planes that are older than the tilt."
    )
    return f"<h2>Without the structural dip</h2>{html_picture(figure_png(figure), f'restored: {name}')}<p>{note}</p>"
