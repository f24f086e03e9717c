"""What was measured along a well, beside its picks: apertures, vugs and caliper, drawn and summed up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from geobfdt.picking.apertures import read_aperture_curves
from geobfdt.reports.html_parts import figure_png, format_number, html_picture, html_table
from geobfdt.reports.style import HOLE, INK, KINDS, MUTED, UNMEASURED, VUG, WALL, house_style
from geobfdt.reports.tracks import depth_lines, draw_depth_axis, top_axis
from geobfdt.wells.caliper import CaliperTable, read_caliper
from geobfdt.wells.vugs import VugTable, VugTracks, read_vug_tracks, read_vugs

__all__ = [
    "NO_CURVES",
    "VugTotals",
    "WellCurves",
    "curves_section",
    "draw_apertures",
    "has_apertures",
    "has_caliper",
    "read_well_curves",
    "vug_totals",
]

# A curve is drawn with at most this many points: a page has no more rows.
_MAX_POINTS = 2000
# Curves of vugs, with their captions.
_VUG_CURVES = {
    "count_per_m2": "per m2",
    "area_share_pct": "area (%)",
    "mean_diameter_mm": "mean diameter (mm)",
    "largest_diameter_mm": "largest (mm)",
    "mean_aspect": "mean aspect",
    "turn_share_pct": "turn (%)",
}
# Inches of the picture: a track, between tracks, above them, round them, and its height.
_TRACK, _GAP, _HEADINGS, _EDGE, _TALL = 1.25, 0.12, 0.55, 0.3, 5.0


@dataclass(frozen=True)
class WellCurves:
    """
    What was measured along a well; None where it was not.

    Parameters
    ----------
    apertures : DataFrame
        Curves of apertures, as in ``WELL.apertures.csv``.
    vugs : VugTracks
        Curves of vugs, as in ``WELL.vug-tracks.csv``.
    caliper : CaliperTable
        Size and shape of the hole, as in ``WELL.caliper.csv``.
    vug_table : VugTable
        Vugs one by one, as in ``WELL.vugs.csv``.
    """

    apertures: pd.DataFrame | None = None
    vugs: VugTracks | None = None
    caliper: CaliperTable | None = None
    vug_table: VugTable | None = None


NO_CURVES = WellCurves()


def read_well_curves(folders: Sequence[Path], stem: str) -> WellCurves:
    """
    Read the curves of a well; a file in an earlier folder comes before one in a later.

    Raises
    ------
    InputError
        If a file is there and cannot be read.
    """

    def first(suffix: str) -> Path | None:
        files = (folder / f"{stem}{suffix}" for folder in folders)
        return next((file for file in files if file.exists()), None)

    names = ("apertures", "vug-tracks", "caliper", "vugs")
    apertures, tracks, caliper, vugs = (first(f".{name}.csv") for name in names)
    return WellCurves(
        None if apertures is None else read_aperture_curves(apertures),
        None if tracks is None else read_vug_tracks(tracks),
        None if caliper is None else read_caliper(caliper),
        None if vugs is None else read_vugs(vugs),
    )


def has_apertures(curves: pd.DataFrame | None) -> bool:
    """Tell whether any depth has an aperture."""
    return curves is not None and bool((curves["aperture_hydraulic_mm"] > 0).any())


def has_caliper(table: CaliperTable | None) -> bool:
    """Tell whether the diameter of any depth is measured."""
    return table is not None and bool(table["diameter_m"].notna().any())


def draw_apertures(ax: Axes, curves: pd.DataFrame, top: float, base: float) -> None:
    """
    Draw mean and hydraulic aperture on a logarithmic scale that is the same on all pages of a well.

    Parameters
    ----------
    ax : Axes
        Where.
    curves : DataFrame
        Curves of the well with some aperture; see :func:`has_apertures`. Depths without one have no line.
    top, base : float
        Depths shown (m, MD).
    """
    names = ["aperture_mean_mm", "aperture_hydraulic_mm"]
    measured = curves[names].where(curves[names] > 0)
    low = 10.0 ** np.floor(np.log10(np.nanmin(measured)))
    high = max(10.0 ** np.ceil(np.log10(np.nanmax(measured))), 10 * low)
    inside = (curves["depth_m"] >= top) & (curves["depth_m"] <= base)
    rows = np.flatnonzero(inside)[:: max(1, int(inside.sum()) // _MAX_POINTS)]
    depth = curves["depth_m"].to_numpy(float)[rows]
    ax.set_xscale("log")
    for name, colour, width in zip(names, (MUTED, KINDS["fracture"].colour), (0.8, 1.3), strict=True):
        ax.plot(measured[name].to_numpy(float)[rows], depth, color=colour, lw=width, label=name)
    ax.set_ylim(base, top)
    ax.set_xlim(low, high)
    ax.minorticks_off()
    top_axis(ax, [low, high], [f"{low:g}", f"{high:g}"], "mm")


def curves_section(curves: WellCurves, top: float, base: float) -> str:
    """
    Write the section of the report on what was measured along the hole.

    Parameters
    ----------
    curves : WellCurves
        The curves.
    top, base : float
        Depths of the picture (m, MD).

    Returns
    -------
    str
        HTML, empty where nothing was measured.
    """
    parts = []
    if curves.apertures is not None and has_apertures(curves.apertures):
        parts.append(_aperture_text(curves.apertures))
    if curves.vugs is not None and len(curves.vugs):
        parts.append(_vug_text(curves.vugs))
    if curves.caliper is not None and has_caliper(curves.caliper):
        parts.append(_caliper_text(curves.caliper))
    if not parts:
        return ""
    picture = html_picture(figure_png(_figure(curves, top, base)), "curves along the hole")
    return f"<h2>Along the hole</h2>{picture}{''.join(parts)}"


def _aperture_text(curves: pd.DataFrame) -> str:
    depth, rows = curves["depth_m"].to_numpy(float), []
    for name, column in (("mean of a window", "aperture_mean_mm"), ("hydraulic", "aperture_hydraulic_mm")):
        values = np.where(curves["aperture_hydraulic_mm"] > 0, curves[column], np.nan)
        widest = int(np.nanargmax(values))
        cells = (format_number(float(np.nanmedian(values)), 3), format_number(float(values[widest]), 3))
        rows.append((name, *cells, f"{depth[widest]:.2f}"))
    windows = int((curves["aperture_hydraulic_mm"] > 0).sum())
    note = (
        f"{windows} of {len(curves)} windows have a fracture with an aperture, at most {int(curves['count'].max())}. "
        "Hydraulic, the thick line, is the cube root of the mean cube. Apertures that are doubtful in the pick table "
        "count as well."
    )
    head = ("Apertures", "median (mm)", "largest (mm)", "at (m MD)")
    return f"<h3>Apertures of fractures</h3>{html_table(head, rows)}<p>{note}</p>"


class VugTotals(NamedTuple):
    """
    Vugs of a whole well.

    Parameters
    ----------
    searched : float
        Wall that was searched (m2).
    vugs : float
        Their number.
    per_m2, area_pct : float
        Their number and area by the searched wall (1/m2, percent); NaN where none was searched.
    """

    searched: float
    vugs: float
    per_m2: float
    area_pct: float


def vug_totals(tracks: VugTracks) -> VugTotals:
    """Sum vugs up over the windows of a well, by the wall that was searched in each."""
    searched = tracks["searched_m2"].to_numpy(float)
    total = float(searched.sum())
    count, area = (float(np.nansum(tracks[name] * searched)) for name in ("count_per_m2", "area_share_pct"))
    return VugTotals(total, count, count / total if total else np.nan, area / total if total else np.nan)


def _vug_text(tracks: VugTracks) -> str:
    share, top, base, largest = (
        tracks[name].to_numpy(float) for name in ("area_share_pct", "top_m", "base_m", "largest_diameter_mm")
    )
    totals = vug_totals(tracks)
    most = int(np.nanargmax(share)) if np.isfinite(share).any() else None
    head = ("Vugs", "searched (m2)", "per m2", "area (%)", "largest (mm)", "most area (%)", "in (m MD)")
    row = (
        f"{totals.vugs:.0f}", f"{totals.searched:.2f}", format_number(totals.per_m2, 1),
        format_number(totals.area_pct, 2),
        format_number(float(np.nanmax(largest, initial=-np.inf)), 1),
        "-" if most is None else format_number(float(share[most]), 2),
        "-" if most is None else f"{top[most]:.1f} to {base[most]:.1f}",
    )  # fmt: skip
    note = "Experimental: check vugs on the image before these numbers are used. Means are weighted by searched wall."
    return f"<h3>Vugs</h3>{html_table(head, [row])}<p>{note}</p>"


def _caliper_text(table: CaliperTable) -> str:
    head = ("Hole (mm)", "5 %", "median", "95 %", "rows")
    lines = {
        "diameter": table["diameter_m"],
        "least diameter": table["diameter_min_m"],
        "greatest diameter": table["diameter_max_m"],
        "long less short axis": table["long_axis_m"] - table["short_axis_m"],
        "tool off the axis": table["offset_m"],
    }
    rows = [
        (name, *(format_number(1e3 * float(values.quantile(share)), 1) for share in (0.05, 0.5, 0.95)),
         f"{int(values.notna().sum())}")
        for name, values in lines.items()
    ]  # fmt: skip
    return f"<h3>Caliper</h3>{html_table(head, rows)}<p>From travel time; rows are those with a value.</p>"


def _figure(curves: WellCurves, top: float, base: float) -> Figure:
    """Draw depth, apertures, diameters and the curves of vugs side by side, with what is there."""
    titles = [
        *(["Apertures"] if has_apertures(curves.apertures) else []),
        *(["Diameter"] if has_caliper(curves.caliper) else []),
        *(
            [f"Vugs {n}" for n in range(1, len(_VUG_CURVES) + 1)]
            if curves.vugs is not None and len(curves.vugs)
            else []
        ),
    ]
    wide = 2 * _EDGE + 0.5 + len(titles) * (_TRACK + _GAP)
    tall = 2 * _EDGE + _HEADINGS + _TALL
    with house_style():
        figure = Figure((wide, tall), dpi=130, facecolor="white")

        def track(x: float, width: float) -> Axes:
            return figure.add_axes((x / wide, _EDGE / tall, width / wide, _TALL / tall))

        draw_depth_axis(track(_EDGE, 0.5), top, base)
        for number, title in enumerate(titles):
            ax = track(_EDGE + 0.5 + _GAP + number * (_TRACK + _GAP), _TRACK)
            ax.set_ylim(base, top)
            depth_lines(ax, top, base)
            ax.tick_params(axis="y", left=False, labelleft=False)
            ax.set_title(title.split()[0], y=1, pad=27, fontsize=8.5, fontweight="bold", color=INK)
            if title == "Apertures" and curves.apertures is not None:
                draw_apertures(ax, curves.apertures, top, base)
            elif title == "Diameter" and curves.caliper is not None:
                _draw_diameter(ax, curves.caliper)
            elif curves.vugs is not None:
                name, caption = list(_VUG_CURVES.items())[int(title.split()[1]) - 1]
                _draw_windows(ax, curves.vugs, name, caption)
    return figure


def _draw_diameter(ax: Axes, table: CaliperTable) -> None:
    rows = table.iloc[:: max(1, len(table) // _MAX_POINTS)]
    least, most, mean = (1e3 * rows[name] for name in ("diameter_min_m", "diameter_max_m", "diameter_m"))
    ax.fill_betweenx(rows["depth_m"], least, most, color=HOLE, lw=0)
    for values, colour in ((least, WALL), (most, WALL), (mean, INK)):
        ax.plot(values, rows["depth_m"], color=colour, lw=0.7)
    values_mm = np.concatenate([least, most, mean])
    low, high = np.floor(np.nanpercentile(values_mm, 1) - 0.5), np.ceil(np.nanpercentile(values_mm, 99) + 0.5)
    ax.set_xlim(low, high)
    top_axis(ax, [low, high], [f"{low:g}", f"{high:g}"], "least, mean, greatest (mm)")


def _draw_windows(ax: Axes, tracks: VugTracks, name: str, caption: str) -> None:
    """Draw a curve of vugs as bars of its windows; a window in which nothing was searched is grey."""
    values, tops = tracks[name].to_numpy(float), tracks["top_m"].to_numpy(float)
    start = 1.0 if name == "mean_aspect" else 0.0
    ax.barh(
        tops, values - start, height=tracks["base_m"].to_numpy(float) - tops, left=start, align="edge",
        color=VUG, edgecolor="white", linewidth=0.4,
    )  # fmt: skip
    for top, base in tracks.loc[tracks["count_per_m2"].isna(), ["top_m", "base_m"]].to_numpy(float):
        ax.axhspan(top, base, color=UNMEASURED, lw=0)
    highest = float(np.nanmax(values, initial=start)) if np.isfinite(values).any() else start
    most = highest * 1.05 if highest > start else start + 1
    ax.set_xlim(start, most)
    top_axis(ax, [start, most], [f"{start:g}", f"{most:.3g}"], caption)
