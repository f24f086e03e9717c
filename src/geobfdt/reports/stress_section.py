"""Breakouts in the report of a well: the azimuth of the largest horizontal stress, its rank, and a rose."""

from __future__ import annotations

import html
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from geobfdt.reports.html_parts import figure_png, format_number, html_picture, html_table
from geobfdt.reports.style import FAINT, INK, STRESS, house_style
from geobfdt.runtime.findings import Finding, Severity
from geobfdt.structure.stress import MAX_DEVIATION_DEG, StressAzimuth, stress_azimuth
from geobfdt.wells.image import WellImage, log_at, place_of

__all__ = [
    "STRESS_HEAD",
    "StressLine",
    "analyse_stress",
    "stress_cells",
    "stress_findings",
    "stress_note",
    "stress_section",
]

# Head of the cells of a line.
STRESS_HEAD = ("", "rows", "zones", "length (m)", "SHmax (deg)", "s.d. (deg)", "WSM rank", "left out")

_SECTOR_DEG = 10.0
# Face and hatch of the petals: the colour of the log for both classes, full and hatched.
_PETALS: dict[Literal["breakout", "induced"], tuple[str, str]] = {
    "breakout": (STRESS, ""),
    "induced": ("white", "//////"),
}
_NAMES: dict[Literal["breakout", "induced"], str] = {"breakout": "breakouts", "induced": "induced fractures"}
_MAX_ROWS = 200  # The table shows at most so many rows.


class StressLine(NamedTuple):
    """
    The stress by one class of rows.

    Parameters
    ----------
    name : {"breakout", "induced"}
        Class.
    vertical : StressAzimuth
        By the rows where the hole is near vertical.
    every : StressAzimuth
        By all rows.
    """

    name: Literal["breakout", "induced"]
    vertical: StressAzimuth
    every: StressAzimuth


def analyse_stress(image: WellImage, breakouts: pd.DataFrame) -> list[StressLine]:
    """
    Azimuth of the largest horizontal stress by breakouts and by induced fractures.

    Parameters
    ----------
    image : WellImage
        The well.
    breakouts : DataFrame
        Its breakout table; rejected rows do not count.

    Returns
    -------
    list of StressLine
        One for each class that has rows.
    """
    kept = breakouts[breakouts["status"] != "rejected"]
    lines = []
    for name in _NAMES:
        rows = kept[kept["class"] == name]
        if rows.empty:
            continue
        top, base, azimuth = (rows[column].to_numpy(float) for column in ("top_m", "base_m", "azimuth_true_deg"))
        deviation = np.asarray(log_at(image, "deviation", (top + base) / 2))
        near = deviation <= MAX_DEVIATION_DEG
        vertical = stress_azimuth(name, top[near], base[near], azimuth[near], deviation[near])
        lines.append(StressLine(name, vertical, stress_azimuth(name, top, base, azimuth, deviation)))
    return lines


def stress_findings(image: WellImage, lines: list[StressLine]) -> list[Finding]:
    """Report rows that do not show the largest horizontal stress because the hole deviates."""
    findings = []
    for line in lines:
        if line.every.deviated:
            observed = (
                f"{line.every.deviated} of {line.every.rows} {_NAMES[line.name]} lie where the hole deviates more than "
                f"{MAX_DEVIATION_DEG:.0f} degrees or its deviation is unknown; all of them scatter by "
                f"{line.every.deviation:.0f} degrees"
            )
            action = "left out of the stress azimuth and its rank: there they do not show SHmax"
            findings.append(Finding(Severity.MAJOR, "stress-deviated", place_of(image), observed, action))
    return findings


def stress_cells(line: StressLine) -> tuple[str, ...]:
    """Return the cells of a line of the table, under :data:`STRESS_HEAD`."""
    return (
        _NAMES[line.name].capitalize(), f"{line.vertical.rows}", f"{line.vertical.zones}",
        f"{line.vertical.length:.1f}", format_number(line.vertical.shmax, 0),
        format_number(line.vertical.deviation, 0),
        line.vertical.rank or "-" if line.vertical.rows else "-", f"{line.every.deviated}",
    )  # fmt: skip


def stress_note() -> str:
    """Explain the numbers of the table."""
    return (
        "Means are axial and weighted by length; breakouts lie 90 degrees off SHmax, "
        "induced fractures along it. Ranks are those of the World Stress Map for image logs of one well (Heidbach et "
        f"al. 2016). Rows where the hole deviates more than {MAX_DEVIATION_DEG:.0f} degrees are left out."
    )


def stress_section(image: WellImage, breakouts: pd.DataFrame) -> tuple[str, list[Finding]]:
    """
    Write the section of the report on breakouts.

    Parameters
    ----------
    image : WellImage
        The well.
    breakouts : DataFrame
        Its breakout table.

    Returns
    -------
    text : str
        HTML, empty where there is no breakout.
    findings : list of Finding
        What keeps the stress from being known.
    """
    lines = analyse_stress(image, breakouts)
    if not lines:
        return "", []
    kept = breakouts[breakouts["status"] != "rejected"]
    columns = ["top_m", "base_m", "class", "azimuth_app_deg", "azimuth_true_deg", "width_deg", "tilt_deg", "confidence"]
    cells = [
        tuple(format_number(cell, 2) if isinstance(cell, float) else str(cell) for cell in row)
        for row in kept[[*columns, "status", "source"]].head(_MAX_ROWS).itertuples(index=False)
    ]
    extent = f" The first {_MAX_ROWS} of {len(kept)} are below." if len(kept) > _MAX_ROWS else ""
    note = f"Azimuths are from {image.attrs['north']} north. {stress_note()}{extent}"
    titles = tuple(name.replace("_", " ") for name in [*columns, "status", "source"])
    table = html_table(STRESS_HEAD, [stress_cells(line) for line in lines])
    return (
        f"<h2>Breakouts and stress</h2>{table}{_rose(kept, lines)}<p>{html.escape(note)}</p>"
        f"<div class=rows>{html_table(titles, cells)}</div>"
    ), stress_findings(image, lines)


def _rose(breakouts: pd.DataFrame, lines: list[StressLine]) -> str:
    """Rose of the true azimuths by length, with SHmax as a line; empty where no azimuth is known."""
    oriented = breakouts[breakouts["azimuth_true_deg"].notna()]
    if oriented.empty:
        return ""
    edges = np.arange(0, 360 + _SECTOR_DEG, _SECTOR_DEG)
    below = np.zeros(edges.size - 1)
    with house_style():
        figure = Figure(figsize=(4, 4), dpi=130, facecolor="white")
        axes = figure.subplots(subplot_kw={"projection": "polar"})
        for name, (face, hatch) in _PETALS.items():
            mine = oriented[oriented["class"] == name]
            if mine.empty:
                continue
            length = (mine["base_m"] - mine["top_m"]).to_numpy(float)
            metres = below + np.histogram(mine["azimuth_true_deg"].to_numpy(float) % 360, edges, weights=length)[0]
            # The areas of the petals are the lengths.
            axes.bar(
                np.radians(edges[:-1]), np.sqrt(metres) - np.sqrt(below), np.radians(_SECTOR_DEG), np.sqrt(below),
                align="edge", facecolor=face, hatch=hatch, edgecolor=STRESS, linewidth=0.6, label=_NAMES[name],
            )  # fmt: skip
            below = metres
        reach = float(np.sqrt(max(below.max(), 1e-3))) * 1.05
        for line in lines:
            if np.isfinite(line.vertical.shmax):
                ends = np.radians([line.vertical.shmax, line.vertical.shmax + 180.0])
                dashes = "solid" if line.name == "breakout" else (0, (5, 2))
                label = f"SHmax by {_NAMES[line.name]}"
                axes.plot(ends, [reach, reach], color=INK, lw=1.6, ls=dashes, label=label)
        axes.set_theta_zero_location("N")  # type: ignore[attr-defined]
        axes.set_theta_direction(-1)  # type: ignore[attr-defined]
        axes.set_xticks(np.radians([0, 90, 180, 270]), ["N", "E", "S", "W"])
        axes.set_yticks([])
        axes.set_ylim(0, reach)
        axes.grid(color=FAINT, lw=0.5)
        axes.set_axisbelow(True)
        figure.legend(loc="lower center", ncols=2, frameon=False, fontsize=7)
        figure.subplots_adjust(bottom=0.2)
        return html_picture(figure_png(figure), "rose of breakouts, with SHmax")
