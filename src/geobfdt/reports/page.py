"""Pages: a stretch of a well on one sheet, to scale, and a well's sheets as PNG files."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from geobfdt.quality.measured import MeasuredDepths
from geobfdt.reports.breakout_bars import draw_breakouts
from geobfdt.reports.header import HEADER_HEIGHT_INCHES, Mark, Page, draw_header
from geobfdt.reports.image_raster import Variable, colour_palette, contrast_limits, depth_range
from geobfdt.reports.png import write_png
from geobfdt.reports.side_tracks import draw_density, draw_hole, draw_margin, knows_hole, margin_bars
from geobfdt.reports.style import INK, STRESS, VUG, house_style
from geobfdt.reports.tadpoles import draw_tadpoles
from geobfdt.reports.tracks import (
    SCREEN,
    North,
    Raster,
    depth_lines,
    draw_colour,
    draw_depth_axis,
    draw_image,
    draw_traces,
    drawn_rows,
)  # fmt: skip
from geobfdt.reports.vug_marks import draw_vugs
from geobfdt.reports.well_curves import NO_CURVES, WellCurves, draw_apertures, has_apertures, has_caliper
from geobfdt.runtime.findings import InputError
from geobfdt.runtime.progress import Progress, no_progress
from geobfdt.runtime.storage import atomic_path
from geobfdt.wells.breakouts import BreakoutTable
from geobfdt.wells.image import WellImage, place_of, row_spacing
from geobfdt.wells.intervals import IntervalTable
from geobfdt.wells.picks import PickTable, complete, traces, without_rejected
from geobfdt.wells.vugs import VugTable

__all__ = ["TRACK_INCHES", "draw_well", "page_edges", "write_pictures"]

# Paper is measured in inches, and a scale needs metres.
_METRES_PER_INCH = 0.0254
# Width of an image track (inches).
TRACK_INCHES = 2.0
# Inches of tracks.
_TALLEST, _SHORTEST = 12.0, 1.0
# Inches: round the page, between tracks, above them.
_EDGE, _GAP, _HEADINGS = 0.35, 0.09, 0.55
# Width of the track of apertures (inches): with it, a log still fits a sheet of A4 that lies on its side.
_APERTURES = 0.75
# Scales to choose from.
_SCALES = np.array([m * 10.0**e for e in range(6) for m in (1, 2, 4, 5)])
# From this scale on, traces would only hide the image.
_OVERVIEW_SCALE = 200
# The walls of a picture have this many tones: a rock image is noise to a PNG coder, and half the tones of an even ramp
# that the eye distinguishes take two thirds of the bytes.
_PICTURE = Raster(SCREEN.dpi, 32)
# Pages of a well up to each length (m) have this scale; wells up to the first length have pages by default.
_PAGE_SCALES = ((150.0, 50.0), (np.inf, 100.0))


# A figure has independent keywords, as those of matplotlib do.
def draw_well(  # noqa: PLR0913
    image: WellImage,
    picks: PickTable,
    *,
    intervals: IntervalTable | None = None,
    breakouts: BreakoutTable | None = None,
    curves: WellCurves = NO_CURVES,
    top: float | None = None,
    base: float | None = None,
    scale: float | None = None,
    north: North = "left",
    raster: Raster = SCREEN,
) -> Figure:
    """
    Draw an interval of a well on one page, to scale.

    From left to right: depth, margin bars, the static and the dynamic image, the dynamic image again with the traces
    of the picks (so that nothing hides the rock they are judged by), tadpoles, picks per metre, the hole. At 1:200 and
    beyond the dynamic images give way to a wider static one.

    Parameters
    ----------
    image : WellImage
        The well; only what is shown is read.
    picks : PickTable
        Pick table. What it lacks is filled as :func:`geobfdt.wells.picks.complete` does; picks of other wells and
        rejected ones are left out and counted in the head of the page.
    intervals : IntervalTable, optional
        Interval table, drawn as margin bars.
    breakouts : DataFrame, optional
        Breakout table, drawn on the image of the picks.
    curves : WellCurves
        Vugs are drawn on the image of the picks, the caliper with the hole, apertures as a track if any is measured.
    top, base : float, optional
        Depths (m, MD); default the whole image.
    scale : float, optional
        Metres of hole in a metre of paper; default the largest scale that fits a page.
    north : {"left", "centre"}
        Where image angle 0 is drawn.
    raster : Raster
        How the image becomes pixels.

    Returns
    -------
    matplotlib.figure.Figure
        The page, with an Agg canvas and not managed by pyplot; ``figure.savefig("page.png")`` writes it.

    Raises
    ------
    InputError
        If the image has nothing between the depths, or they would take over 3 m of paper.

    Examples
    --------
    >>> from geobfdt.wells.image import well_image
    >>> from geobfdt.wells.picks import new_picks
    >>> well = well_image(np.eye(60), 100 + 0.05 * np.arange(60), well="A-1", diameter=0.2, reference="north")
    >>> page = draw_well(well, new_picks(depth_m=101.0, class_="bedding", amplitude_m=0.1, azimuth_app_deg=90.0))
    >>> [ax.get_label() for ax in page.axes]
    ['header', 'depth', 'static', 'dynamic', 'traces', 'tadpoles', 'density', 'hole']
    """
    first, last = depth_range(image)
    top, base = first if top is None else top, last if base is None else base
    name = place_of(image)
    if not max(top, first) < min(base, last):
        raise InputError(name, f"no image between {top:.2f} and {base:.2f} m", f"it covers {first:.2f} to {last:.2f} m")
    scale = _largest_scale(base - top) if scale is None else scale
    if base - top > 3.0 * scale:
        raise InputError(name, f"{base - top:.1f} m do not fit a page at 1:{scale:g}", "choose a smaller scale")
    mine, notes = _select_picks(image, picks)
    with house_style():
        return _draw_page(
            _Drawing(image, mine, intervals, notes, north, breakouts=breakouts, curves=curves, raster=raster),
            Page(top, base, scale),
        )


# The tables of a well, and how they are drawn.
def write_pictures(  # noqa: PLR0913
    image: WellImage,
    picks: PickTable,
    path: str | Path,
    *,
    intervals: IntervalTable | None = None,
    pages: bool | None = None,
    breakouts: BreakoutTable | None = None,
    curves: WellCurves = NO_CURVES,
    measured: MeasuredDepths | None = None,
    progress: Progress = no_progress,
) -> list[Path]:
    """
    Write the pictures of a well as PNG: one page, or for a longer well an overview and numbered pages.

    Each file appears whole or not at all, and the same input gives the same bytes.

    Parameters
    ----------
    image : WellImage
        The well; read page by page, so that memory does not grow with its length.
    picks : PickTable
        Pick table.
    path : str or Path
        The picture of the whole well, ``<well>.png``; pages are ``<well>-01.png`` and on.
    intervals : IntervalTable, optional
        Interval table.
    pages : bool, optional
        Whether the numbered pages are written; default those of wells up to 150 m.
    breakouts : DataFrame, optional
        Breakout table.
    curves : WellCurves
        Vugs, caliper and apertures.
    measured : MeasuredDepths, optional
        Measured depths of the well; default those that its pixels tell.
    progress : callable, optional
        Called with the finished share, 0 to 1.

    Returns
    -------
    list of Path
        The files, the whole well first.

    Raises
    ------
    InputError
        If a file cannot be written.
    """
    path, whole = Path(path), depth_range(image)
    edges = page_edges(*whole)
    mine, notes = _select_picks(image, picks)
    palette = colour_palette(image) if "colour" in image else None
    count = edges.size - 1
    sheets = [(path, Page(*whole, _largest_scale(whole[1] - whole[0])))]
    if pages is None:
        pages = whole[1] - whole[0] <= _PAGE_SCALES[0][0]
    if count > 1 and pages:
        digits = max(2, len(str(count)))
        scale = _page_scale(whole[1] - whole[0])
        sheets += [
            (path.with_name(f"{path.stem}-{i:0{digits}d}{path.suffix}"), Page(upper, lower, scale, i, count))
            for i, (upper, lower) in enumerate(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True), start=1)
        ]
    drawing = _Drawing(
        image, mine, intervals, notes, breakouts=breakouts, curves=curves, palette=palette, raster=_PICTURE,
        measured=MeasuredDepths.of(image) if measured is None else measured,
    )  # fmt: skip
    for number, (file, page) in enumerate(sheets, start=1):
        with house_style(), atomic_path(file) as part:
            figure = _draw_page(drawing, page, edges if page.number == 0 and len(sheets) > 1 else None)
            write_png(figure, part, palette)
        progress(number / len(sheets))
    return [file for file, _ in sheets]


def page_edges(top: float, base: float) -> npt.NDArray[np.float64]:
    """
    Choose the depths at which a well is cut into pages: one page if a large scale fits, else nearly equal pages.

    Parameters
    ----------
    top, base : float
        Top and base of the image (m, MD).

    Returns
    -------
    array (pages + 1,)
        Edges, the inner ones on whole metres.

    Examples
    --------
    >>> page_edges(100.3, 160.0)
    array([100.3, 115. , 130. , 145. , 160. ])
    """
    most = _TALLEST * _METRES_PER_INCH * _page_scale(base - top)
    count = int(np.ceil((base - top) / most))
    while True:
        inner = np.round(np.linspace(top, base, count + 1)[1:-1])
        edges = np.concatenate([[top], inner, [base]])
        if np.diff(edges).max() <= most:
            return edges
        # Rounding has made a page too long.
        count += 1


def _page_scale(length: float) -> float:
    return next(scale for longest, scale in _PAGE_SCALES if length <= longest)


def _largest_scale(length: float) -> float:
    return float(_SCALES[np.searchsorted(_SCALES, length / (_TALLEST * _METRES_PER_INCH) * (1 - 1e-9))])


def _select_picks(image: WellImage, picks: PickTable) -> tuple[PickTable, list[str]]:
    """Return the completed picks of the well that are drawn, and notes about the others."""
    well, notes = image.attrs["well"], []
    own = picks[picks["well"].isin(["", well])] if well else picks
    if len(own) < len(picks):
        notes.append(f"{_pick_count(len(picks) - len(own))} of other wells not drawn")
    selected = without_rejected(own)
    if len(selected) < len(own):
        notes.append(f"{_pick_count(len(own) - len(selected), 'rejected ')} not drawn")
    selected, _ = complete(selected, image)
    for lacking, what in (
        (~np.isfinite(traces(selected)).all(axis=1), "without a trace"),
        (selected["dip_true_deg"].isna().to_numpy(), "without a true dip"),
    ):
        if lacking.any():
            notes.append(f"{_pick_count(int(lacking.sum()))} {what}")
    return selected, notes


def _pick_count(count: int, which: str = "") -> str:
    return f"{count} {which}pick{'s' if count > 1 else ''}"


@dataclass(frozen=True)
class _Drawing:
    """What all pages of a well show: its image, picks, bars and notes, and how their pixels become colours."""

    image: WellImage
    picks: PickTable
    intervals: IntervalTable | None
    notes: list[str]
    north: North = "left"
    breakouts: BreakoutTable | None = None
    curves: WellCurves = NO_CURVES
    # The palette of true colours; None makes one for the page.
    palette: npt.NDArray[np.uint8] | None = None
    raster: Raster = SCREEN
    # Of the whole well; None reads those of the page.
    measured: MeasuredDepths | None = None
    # The ends of the ramp by variable, from the first page that shows it.
    limits: dict[str, tuple[float, float]] = field(default_factory=dict)

    def contrast(self, variable: Variable) -> tuple[float, float] | None:
        """Return the values at the ends of the ramp; None for a dynamic image that is made for the page."""
        name = "image" if variable == "static" else "dynamic"
        if name in self.image and name not in self.limits:
            self.limits[name] = contrast_limits(self.image, name)
        return self.limits.get(name)

    def measured_depths(self, top: float, base: float) -> MeasuredDepths:
        """Return the measured depths of the well, or at least those of a page."""
        spacing = row_spacing(self.image)
        return self.measured or MeasuredDepths.of(self.image, top - spacing, base + spacing)


def _draw_page(drawing: _Drawing, page: Page, edges: npt.NDArray[np.float64] | None = None) -> Figure:
    """Draw a page; `edges` (m, MD) are those of the pages that an overview numbers."""
    image, picks, north = drawing.image, drawing.picks, drawing.north
    palette, raster = drawing.palette, drawing.raster
    top, base, overview = page.top, page.base, page.scale >= _OVERVIEW_SCALE
    bars = margin_bars(image, drawing.intervals)
    # The colours of an optical image show all that its tones do.
    first = "colour" if "colour" in image else "static"
    widths = _track_widths(drawing, first, overview, len(bars))
    height = float(np.clip((base - top) / page.scale / _METRES_PER_INCH, _SHORTEST, 3.0 / _METRES_PER_INCH))
    size = (
        2 * _EDGE + sum(widths.values()) + _GAP * (len(widths) - 1),
        2 * _EDGE + HEADER_HEIGHT_INCHES + _HEADINGS + height,
    )
    figure = Figure(size, dpi=raster.dpi, facecolor="white")
    FigureCanvasAgg(figure)

    def track(name: str, x0: float, y0: float, wide: float, high: float) -> Axes:
        box = (x0 / size[0], y0 / size[1], wide / size[0], high / size[1])
        return figure.add_axes(box, label=name)

    head = track("header", _EDGE, size[1] - _EDGE - HEADER_HEIGHT_INCHES, size[0] - 2 * _EDGE, HEADER_HEIGHT_INCHES)
    reference = str(image.attrs["reference"])
    breakouts = drawn_rows(drawing.breakouts, reference)
    # On an overview, vugs would be specks.
    vugs = None if overview else drawn_rows(drawing.curves.vug_table, reference)
    draw_header(head, image, picks, page, bars, _marks_on_page(breakouts, vugs, top, base), drawing.notes)
    tracks, position = {}, _EDGE
    for name, wide in widths.items():
        # An interval too short for the page leaves the rest of it white.
        tall = min(height, (base - top) / page.scale / _METRES_PER_INCH)
        tracks[name] = track(name, position, _EDGE + height - tall, wide, tall)
        if name != "depth":
            # The depth track has the ticks of all: Matplotlib makes those that are not shown, too.
            tracks[name].yaxis.set_major_locator(NullLocator())
        position += wide + _GAP

    here = _picks_on_page(picks, top, base)
    draw_depth_axis(tracks["depth"], top, base)
    tracks["depth"].set_title("Depth", y=1, pad=27, fontsize=8.5, fontweight="bold", color=INK)
    if bars:
        draw_margin(tracks["margin"], bars, top, base)
    wall = None
    for name, title in ((first, first.capitalize()), ("dynamic", "Dynamic"), ("traces", "Dynamic with picks")):
        if name == "colour":
            colours = colour_palette(image) if palette is None else palette
            draw_colour(tracks[name], image, colours, north=north, top=top, base=base, raster=raster)
        elif name in tracks:
            variable: Variable = "static" if name == "static" else "dynamic"
            wall = draw_image(
                tracks[name], image, variable=variable, north=north, top=top, base=base,
                limits=drawing.contrast(variable), raster=raster, twin=wall if name == "traces" else None,
            )  # fmt: skip
        if name in tracks:
            tracks[name].set_title(title, y=1, pad=27, fontsize=8.5, fontweight="bold", color=INK)
    draw_breakouts(tracks.get("traces", tracks[first]), breakouts, north=north)
    if "traces" in tracks:
        draw_vugs(tracks["traces"], vugs, image, top, base, north=north)
        draw_traces(tracks["traces"], here, north=north, linewidth=1.2 if page.scale <= 20 else 0.9)
    for name, title in (("tadpoles", "Tadpoles"), ("density", "Density"), ("hole", "Hole"), ("apertures", "Aperture")):
        if name in tracks:
            tracks[name].set_ylim(base, top)
            depth_lines(tracks[name], top, base)
            tracks[name].set_title(title, y=1, pad=27, fontsize=8.5, fontweight="bold", color=INK)
    inside = (here["depth_m"] >= top) & (here["depth_m"] < base)
    draw_tadpoles(tracks["tadpoles"], here[inside], size=3.2 if overview else 4.5)
    measured = drawing.measured_depths(top, base)
    draw_density(tracks["density"], here[inside], measured, top, base, inches=0.25 if overview else 1.0)
    if "hole" in tracks:
        draw_hole(tracks["hole"], image, top, base, drawing.curves.caliper)
    if "apertures" in tracks and drawing.curves.apertures is not None:
        draw_apertures(tracks["apertures"], drawing.curves.apertures, top, base)
    if edges is not None and edges.size > 2:
        _mark_pages(tracks[first], edges)
    return figure


def _track_widths(drawing: _Drawing, first: str, overview: bool, bars: int) -> dict[str, float]:
    """Return the tracks of a page and their widths (inches), from left to right."""
    widths = (
        ({"margin": 0.08 * bars} if bars else {})
        | {"depth": 0.5}
        | ({first: 3.2} if overview else dict.fromkeys((first, "dynamic", "traces"), TRACK_INCHES))
    )
    widths |= {"tadpoles": 2.6 if overview else 1.6, "density": 1.1 if overview else 0.45}
    if knows_hole(drawing.image) or has_caliper(drawing.curves.caliper):
        widths["hole"] = 1.1 if overview else 0.95
    if has_apertures(drawing.curves.apertures):
        widths["apertures"] = _APERTURES
    return widths


def _marks_on_page(breakouts: BreakoutTable | None, vugs: VugTable | None, top: float, base: float) -> list[Mark]:
    """Count what is drawn on the image of the picks beside their traces."""
    marks = []
    if breakouts is not None:
        here = breakouts[(breakouts["base_m"] >= top) & (breakouts["top_m"] < base)]
        lobes, lines = ((here["class"] == name).sum() for name in ("breakout", "induced"))
        marks += [Mark("Lobe of breakout", int(lobes), STRESS, "box"), Mark("Induced", int(lines), STRESS, "dashes")]
    if vugs is not None:
        count = int(((vugs["depth_m"] >= top) & (vugs["depth_m"] < base)).sum())
        marks.append(Mark("Vug (experimental)", count, VUG, "ellipse"))
    return [mark for mark in marks if mark.number]


def _picks_on_page(picks: PickTable, top: float, base: float) -> PickTable:
    """Return the picks on a page, and those whose trace reaches into it."""
    reach = picks["amplitude_m"].fillna(0.0)
    return picks[(picks["depth_m"] + reach >= top) & (picks["depth_m"] - reach < base)]


def _mark_pages(ax: Axes, edges: npt.NDArray[np.float64]) -> None:
    """Number the pages along the edge of an overview."""
    ax.hlines(edges[1:-1], 0.97, 1, transform=ax.get_yaxis_transform(), color="white", lw=0.8)
    for number, middle in enumerate((edges[1:] + edges[:-1]) / 2, start=1):
        if edges.size <= 60:
            ax.text(
                0.985, middle, f"{number}", transform=ax.get_yaxis_transform(), ha="right", va="center", fontsize=6.5,
                bbox={"boxstyle": "round,pad=0.15", "fc": "white", "ec": "none", "alpha": 0.8},
            )  # fmt: skip
