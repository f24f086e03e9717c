"""Files beside a report: the log on paper, density curves for a log plot, discs for a 3-D viewer."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import lasio
import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from geobfdt.geometry import disc_corners, pole, well_path
from geobfdt.quality.measured import MeasuredDepths
from geobfdt.reports.page import TRACK_INCHES, draw_well
from geobfdt.reports.style import house_style, kinds_of
from geobfdt.reports.title_block import NO_TITLE, TitleBlock
from geobfdt.reports.title_sheet import draw_title_sheet
from geobfdt.reports.tracks import Raster
from geobfdt.reports.well_curves import NO_CURVES, WellCurves
from geobfdt.runtime.findings import InputError
from geobfdt.runtime.progress import Progress, no_progress
from geobfdt.runtime.storage import atomic_files, atomic_path
from geobfdt.structure.intensity import terzaghi_weight
from geobfdt.wells.breakouts import BreakoutTable
from geobfdt.wells.image import WellImage, log_at
from geobfdt.wells.intervals import IntervalTable, covered
from geobfdt.wells.picks import CLASSES, PickTable, with_attitude

__all__ = ["density_curves", "write_density", "write_discs", "write_log_pdf", "write_log_svg"]

# The sheet lies on its side, because a log is too wide for it upright.
_A4_INCHES = (297 / 25.4, 210 / 25.4)
# A sheet has this height for tracks below its head.
_TRACK_HEIGHT_M = 0.13
# Images of a log on paper have this many tones, and dots per inch within these bounds.
_PAPER_TONES, _PAPER_DPI = 24, (90, 200)
# Images of a log on paper have at most this many pixels, above the lower bound of dots; a pixel takes some 0.4 bytes.
_MAX_PIXELS = 64e6
# Inches from the sides of a page to its foot.
_FOOT_INSET = 0.35
# Curves are sampled at this distance.
_CURVE_STEP_M = 0.1
# A disc is drawn with this many corners.
_DISC_CORNERS = 24
# Null value of the LAS file.
_LAS_NULL = -999.25

Array = npt.NDArray[np.float64]


# The tables of one well, where they are written, and how.
def write_log_pdf(  # noqa: PLR0913
    image: WellImage, picks: PickTable, intervals: IntervalTable, path: Path, scale: float = 20.0,
    progress: Progress = no_progress, title: TitleBlock = NO_TITLE, breakouts: BreakoutTable | None = None,
    curves: WellCurves = NO_CURVES,
) -> None:  # fmt: skip
    """
    Write the log as a PDF, to scale, on numbered sheets of A4; a title sheet goes before them if there are entries.

    Parameters
    ----------
    image : WellImage
        The well; read page by page.
    picks : PickTable
        Pick table.
    intervals : IntervalTable
        Interval table.
    path : Path
        The file.
    scale : float
        Metres of hole that a metre of paper shows, 5 to 500.
    progress : callable
        Called with the finished share, 0 to 1.
    title : TitleBlock
        Entries of the title block.
    breakouts : DataFrame, optional
        Breakout table.
    curves : WellCurves
        Vugs, caliper and apertures.

    Raises
    ------
    InputError
        If it cannot be written, or the scale is none.
    """
    edges = _page_edges(image, scale)
    with atomic_path(path) as part, PdfPages(part, metadata={"CreationDate": None}) as file:
        for sheet in _draw_sheets(image, picks, intervals, edges, scale, progress, title, breakouts, curves):
            file.savefig(sheet, dpi=sheet.dpi, bbox_inches=_sheet_box(sheet))


# The tables of one well, where they are written, and how.
def write_log_svg(  # noqa: PLR0913
    image: WellImage, picks: PickTable, intervals: IntervalTable, path: Path, scale: float = 20.0,
    progress: Progress = no_progress, title: TitleBlock = NO_TITLE, breakouts: BreakoutTable | None = None,
    curves: WellCurves = NO_CURVES,
) -> list[Path]:  # fmt: skip
    """
    Write the log as SVG files, ``<path>-01.svg`` and on, a title sheet as ``<path>-00.svg``; see :func:`write_log_pdf`.

    Returns
    -------
    list of Path
        The files, together or none.
    """
    edges, names = _page_edges(image, scale), []
    with atomic_files(path.parent) as part:
        sheets = _draw_sheets(image, picks, intervals, edges, scale, progress, title, breakouts, curves)
        for number, sheet in enumerate(sheets, start=0 if title.rows() else 1):
            names.append(f"{path.stem}-{number:02d}.svg")
            sheet.savefig(part / names[-1], metadata={"Date": None}, bbox_inches=_sheet_box(sheet))
    return [path.parent / name for name in names]


def _paper_raster(image: WellImage, scale: float) -> Raster:
    """Choose the finest pixels with which the images of a log stay within :data:`_MAX_PIXELS`."""
    depth = image["depth"].values
    inches = max(float(depth[-1] - depth[0]), 0.01) / scale / 0.0254
    # Static image and dynamic image; the track with picks shares the pixels of the dynamic one. Colours take twice the
    # bytes of tones.
    tracks = 3 if "colour" in image else 2
    finest = np.sqrt(_MAX_PIXELS / (tracks * TRACK_INCHES * inches))
    return Raster(float(np.clip(finest, *_PAPER_DPI)), _PAPER_TONES)


def _page_edges(image: WellImage, scale: float) -> list[float]:
    """Edges of equal pages that are no longer than paper."""
    if not 5 <= scale <= 500:
        raise InputError(f"1:{scale:g}", "not a scale of a log", "choose 5 to 500")
    depth = image["depth"].values
    top, base = float(depth[0]), float(depth[-1])
    return list(np.linspace(top, base, int(np.ceil((base - top) / (scale * _TRACK_HEIGHT_M))) + 1).tolist())


# The tables of one well, where they are written, and how.
def _draw_sheets(  # noqa: PLR0913
    image: WellImage, picks: PickTable, intervals: IntervalTable, edges: list[float], scale: float,
    progress: Progress, title: TitleBlock, breakouts: BreakoutTable | None, curves: WellCurves,
) -> Iterator[Figure]:  # fmt: skip
    """Draw the title sheet and the pages one after the other, each with its foot."""
    count, name, raster = len(edges) - 1, title.name(image), _paper_raster(image, scale)
    named, own, looked = title.rename(image, picks, intervals)
    if title.rows():
        with house_style():
            yield draw_title_sheet(_A4_INCHES, title, image, (edges[0], edges[-1]), scale, count)
    for number, (top, base) in enumerate(pairwise(edges), start=1):
        sheet = draw_well(
            named, own, intervals=looked, breakouts=breakouts, curves=curves, top=top, base=base, scale=scale,
            raster=raster,
        )  # fmt: skip
        foot = f"{name}    {top:.2f} \N{EN DASH} {base:.2f} m MD    page {number} of {count}"
        owner = ", ".join(text for text in (title.company, title.field) if text)
        inset, height = _FOOT_INSET / sheet.get_figwidth(), (_sheet_box(sheet).y0 + 0.25) / sheet.get_figheight()
        for x, text, align in ((1 - inset, foot, "right"), (inset, owner, "left")):
            sheet.text(x, height, text, ha=align, fontsize=8, parse_math=False)
        yield sheet
        progress(number / count)


def _sheet_box(sheet: Figure) -> Bbox:
    """Return the box of the A4 sheet (inches of the figure); the page lies in the middle of it, at the top."""
    width, height = sheet.get_size_inches()
    x0, y0 = (width - _A4_INCHES[0]) / 2, height - _A4_INCHES[1]
    return Bbox.from_bounds(x0, y0, *_A4_INCHES)


def density_curves(
    image: WellImage, picks: PickTable, intervals: IntervalTable, at: Array, window: float
) -> pd.DataFrame:
    """
    Compute P10 and P32 along the hole.

    Parameters
    ----------
    image : WellImage
        The well; metres with pixels count as measured.
    picks : PickTable
        Pick table of the well with apparent dips; each counts by its confidence, or as 1 if it has none.
    intervals : IntervalTable
        Interval table. Metres count where there are pixels and the class was interpreted.
    at : array (n,)
        Depths (m, MD), ascending.
    window : float
        Height of the averaging window (m).

    Returns
    -------
    DataFrame
        ``P10_<class>`` (1/m) and ``P32_<class>`` (m2/m3), n rows; NaN where less than half of a window counts.

    Examples
    --------
    >>> from geobfdt.wells.image import well_image
    >>> from geobfdt.wells.intervals import new_intervals
    >>> from geobfdt.wells.picks import new_picks, with_attitude
    >>> well = well_image(np.zeros((31, 4)), 0.1 * np.arange(31), well="A")
    >>> one = new_picks(well="A", depth_m=[1.0], class_="fracture", dip_app_deg=60.0)
    >>> curves = density_curves(well, one, new_intervals(), np.array([1.0, 2.0]), 1.0)
    >>> curves["P32_fracture"].round(6).tolist()
    [2.0, 0.0]
    """
    curves = {}
    well, measured = str(image.attrs["well"]), MeasuredDepths.of(image)
    for name in CLASSES:
        depth = picks["depth_m"].to_numpy(float)
        counted = (picks["class"] == name) & covered(intervals, well, name, depth) & measured.contains(depth)
        mine = picks[counted].sort_values("depth_m", kind="stable")
        looked = measured.where(covered(intervals, well, name, measured.depth))
        ends = [at - window / 2, at + window / 2]
        metres = looked.metres_between(np.column_stack(ends).ravel())[::2] if at.size else np.empty(0)
        # A row ends half way to the next row, so that half a window of rows may lack half a row.
        metres[(metres <= 0) | (metres < window / 2 - measured.margin)] = np.nan
        low, high = (np.searchsorted(mine["depth_m"].to_numpy(float), end) for end in ends)
        sure = mine["confidence"].fillna(1.0).to_numpy(float)
        for kind, weight in (("P10", sure), ("P32", sure * np.nan_to_num(terzaghi_weight(mine["dip_app_deg"])))):
            total = np.concatenate([[0], np.cumsum(weight)])
            curves[f"{kind}_{name}"] = (total[high] - total[low]) / metres
    return pd.DataFrame(curves)


def write_density(
    image: WellImage, picks: PickTable, intervals: IntervalTable, path: Path, window: float = 1.0
) -> None:
    """
    Write P10 and P32 along the hole as LAS 2.0, every 10 cm.

    Parameters
    ----------
    image : WellImage
        The well.
    picks : PickTable
        Its planes; see :func:`density_curves`.
    intervals : IntervalTable
        Its intervals; see :func:`density_curves`.
    path : Path
        The file.
    window : float
        Height of the averaging window (m).

    Raises
    ------
    InputError
        If it cannot be written.
    """
    depth, well = image["depth"].values, str(image.attrs["well"])
    at = np.arange(np.ceil(depth[0] / _CURVE_STEP_M), np.floor(depth[-1] / _CURVE_STEP_M) + 1) * _CURVE_STEP_M
    las = lasio.LASFile()
    las.well["WELL"].value, las.well["NULL"].value = well, _LAS_NULL
    las.append_curve("DEPT", at, unit="m", descr="measured depth")
    for name, values in density_curves(image, picks, intervals, at, window).items():
        kind, _, one = str(name).partition("_")
        what = "planes a metre" if kind == "P10" else "area of planes in the rock"
        unit = "1/m" if kind == "P10" else "m2/m3"
        las.append_curve(
            f"{kind}_{one[:4].upper()}", values.to_numpy(), unit=unit, descr=f"{one}, {what}, {window:g} m"
        )
    with atomic_path(path) as part, part.open("w", encoding="ascii", errors="replace") as file:
        las.write(file, version=2.0, fmt="%.4f")


def write_discs(image: WellImage, picks: PickTable, path: Path, radius: float = 0.5) -> int:
    """
    Write planes as discs along the well path: Wavefront OBJ, metres East, North and up from the first row.

    Parameters
    ----------
    image : WellImage
        The well, with its direction.
    picks : PickTable
        Pick table with true dips; a group a kind, an object a pick named by its depth.
    path : Path
        The file.
    radius : float
        Of the discs (m).

    Returns
    -------
    int
        Discs; picks without a true dip have none.

    Raises
    ------
    InputError
        If the hole's direction is not known, or the file cannot be written.
    """
    depth = image["depth"].values
    stations = np.linspace(depth[0], depth[-1], min(depth.size, 2000))
    deviation, azimuth = (log_at(image, name, stations) for name in ("deviation", "hole_azimuth"))
    azimuth = np.where(deviation == 0, 0.0, azimuth)
    if not (np.isfinite(deviation).all() and np.isfinite(azimuth).all()):
        observed = "the direction of the hole is not known all along it"
        raise InputError(image.attrs["source"] or image.attrs["well"], observed, "give --survey to geobfdt ingest")
    planes = with_attitude(picks).sort_values("depth_m", kind="stable")
    middle = well_path(stations, deviation, azimuth, planes["depth_m"].to_numpy(float)) * [1, 1, -1]
    normal = pole(planes["dip_true_deg"].to_numpy(float), planes["azimuth_true_deg"].to_numpy(float))
    path_down = well_path(stations, deviation, azimuth, stations) * [1, 1, -1]
    lines = [f"# {image.attrs['well']}: metres East, North and up from {depth[0]:.3f} m MD", "o well"]
    lines += [f"v {x:.4f} {y:.4f} {z:.4f}" for x, y, z in path_down]
    lines.append("l " + " ".join(str(i + 1) for i in range(len(path_down))))
    corner = len(path_down)
    rims = disc_corners(middle, normal, radius, _DISC_CORNERS)
    for rim, at, kind in zip(rims, planes["depth_m"], kinds_of(planes), strict=True):
        lines += [f"g {str(kind).replace(' ', '_')}", f"o pick_{at:.3f}"]
        lines += [f"v {x:.4f} {y:.4f} {z:.4f}" for x, y, z in rim]
        lines.append("f " + " ".join(str(corner + i + 1) for i in range(_DISC_CORNERS)))
        corner += _DISC_CORNERS
    with atomic_path(path) as part:
        part.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return len(planes)
