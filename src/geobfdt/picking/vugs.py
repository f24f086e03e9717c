"""Vugs: dark objects on the wall that are neither a plane nor the edge of a pad. Experimental."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import ndimage
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from geobfdt.geometry import Reference, signed_angle, trace_depth
from geobfdt.preparation.gaps import fill_gaps
from geobfdt.preparation.strips import Strip, strips
from geobfdt.runtime.progress import Progress, no_progress
from geobfdt.wells.breakouts import BreakoutTable, greatest_width, true_azimuth
from geobfdt.wells.image import WellImage, hole_radius, log_at, row_spacing
from geobfdt.wells.picks import PickTable, traces, without_rejected
from geobfdt.wells.tools import is_electrical
from geobfdt.wells.vugs import VugTable, VugTracks, new_vugs, vug_tracks

__all__ = ["Vugs", "find_vugs"]

_STRIP_M, _OVERLAP_M = 10.0, 0.5
# Windows of the tracks.
_TRACK_M = 2.0
# The rock around an object is the median of this height (m) and angle (deg), and no less than that of its bed.
_AROUND_M, _AROUND_DEG, _BED_DEG = 0.24, 45.0, 70.0
# Cells in which the median is taken have about this size (m), and pieces of a bed so many columns.
_CELL_M, _BED_COLUMNS = 0.02, 5
# An object stands out by so many standard deviations of the wall somewhere, and by so many throughout.
_SEED, _GROW = 5.0, 2.0
# Within its outline it stands out by so many on average: patches of texture stand out by less.
_MIN_CONTRAST = 5.0
# Pixels are smoothed with this standard deviation before they are compared with these.
_SMOOTH_PIXELS = 0.7
# Its outline lies where this share of its contrast is left, which a blur does not move; its contrast is this
# percentile of its pixels.
_OUTLINE_SHARE, _PLATEAU = 0.5, 70
# Smaller objects (pixels) are noise; larger ones (m, deg), and longer ones, are no vugs.
_MIN_PIXELS, _MAX_HEIGHT_M, _MAX_TURN_DEG, _MAX_ASPECT = 6, 0.3, 100.0, 6.0
# On a wall with gaps, which pads leave, an object has so many columns.
_PAD_COLUMNS = 3
# A plane shows as a dark line if this share of its trace stands out; a step between beds is none.
_DARK_LINE_SHARE = 0.15
# Objects of which half lies so near to a trace (m, across it) or to the edge of a pad (columns) belong to it.
_TRACE_M, _EDGE_COLUMNS, _BELONGS_SHARE = 0.012, 2, 0.5
# A dark line is so wide on either side of its trace (m).
_LINE_M = 0.005
# The lobe of a breakout reaches so far beyond its box (m, deg).
_LOBE_M, _LOBE_DEG = 0.05, 15.0
_SOURCE = "vugs, experimental"

Array = npt.NDArray[np.float64]
Grey = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]
Labels = npt.NDArray[np.int32]
Rows = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Vugs:
    """
    Vugs of a well.

    Parameters
    ----------
    table : VugTable
        One row an object.
    tracks : VugTracks
        Six curves, a row for each 2 m.
    """

    table: VugTable
    tracks: VugTracks


class _Planes(NamedTuple):
    """Traces (z0, a, b) of all picks, and of beds alone; top, base, middle and width of the lobes of breakouts."""

    all: Array
    beds: Array
    lobes: Array


@dataclass
class _Objects:
    """Objects of a strip, column by column of the vug table."""

    columns: dict[str, list[float]] = field(default_factory=dict)

    def add(self, **values: float) -> None:
        for name, value in values.items():
            self.columns.setdefault(name, []).append(value)


def find_vugs(
    image: WellImage, picks: PickTable, breakouts: BreakoutTable | None = None, progress: Progress = no_progress
) -> Vugs:
    """
    Find vugs on an image.

    Parameters
    ----------
    image : WellImage
        The well; its pixels may lie in a file, they are loaded strip by strip.
    picks : PickTable
        Its planes, beds and fractures: objects on their traces are no vugs.
    breakouts : BreakoutTable, optional
        Its breakouts and induced fractures: objects on them are no vugs.
    progress : callable
        Called with the share done, 0 to 1.

    Returns
    -------
    Vugs
        Table and tracks.

    Notes
    -----
    The wall's own level is a running median, around a pixel and along the bedding where beds are picked, so that an
    object is what stands out on the dark side of it. Connected pixels (``scipy.ndimage.label``, closed around the hole)
    above two standard deviations of the wall are an object if one of them is above 5, and they are so on average. Its
    outline lies at half of its contrast: a blurred disc keeps its area there. Objects of which half lies within 12 mm
    of the trace of a dark plane, within two columns of the edge of a pad, or on a breakout are left out. So are objects
    over 30 cm high, over 100 degrees wide, one row high, under three columns wide on pads (two elsewhere), or longer
    than six times their width. Area, centre, long axis and aspect are moments of the outline in millimetres.
    """
    picks = without_rejected(picks)
    shapes = traces(picks)
    drawn = np.isfinite(shapes).all(axis=1)
    lobes = np.zeros((0, 4))
    if breakouts is not None:
        kept = breakouts[breakouts["status"] != "rejected"]
        place = kept[["top_m", "base_m", "azimuth_app_deg"]].to_numpy(float)
        lobes = np.column_stack([place, greatest_width(kept)])
        lobes = lobes[np.isfinite(lobes[:, :3]).all(axis=1)]
    planes = _Planes(shapes[drawn], shapes[drawn & (picks["class"] == "bedding").to_numpy()], lobes)
    depth = image["depth"].values
    objects, areas = _Objects(), []
    for strip in strips(image, _STRIP_M, _OVERLAP_M):
        areas.append(_find_in_strip(strip, planes, objects))
        progress(min((strip.base - depth[0]) / max(depth[-1] - depth[0], 1e-9), 1.0))
    columns = objects.columns
    reference = image.attrs["reference"]
    table = new_vugs(well=image.attrs["well"], reference=reference, source=_SOURCE, status="proposed", **columns) if (
        columns
    ) else new_vugs()  # fmt: skip
    if len(table) and reference != "unknown":
        at = table["depth_m"].to_numpy(float)
        deviation, azimuth = (log_at(image, name, at) for name in ("deviation", "hole_azimuth"))
        direction = true_azimuth(table["azimuth_app_deg"], deviation, azimuth, _reference(reference))
        table = VugTable(table.assign(azimuth_true_deg=direction))
    return Vugs(table, _tracks(table, image, pd.concat(areas, ignore_index=True)))


def _reference(name: str) -> Reference:
    return name  # type: ignore[return-value]


def _find_in_strip(strip: Strip, planes: _Planes, objects: _Objects) -> pd.DataFrame:
    """Add the objects whose centre lies in the core of a strip, and return the searched area of its rows."""
    wall = _Wall.of(strip, planes)
    area = wall.searched[wall.core].sum(axis=1) * wall.step * wall.arc
    rows = pd.DataFrame({"depth_m": wall.depth[wall.core], "area_m2": area})
    if wall.score is None or wall.smooth is None:
        return rows
    labels = _label(wall.smooth >= _GROW)
    peaks = ndimage.maximum(wall.smooth, labels, np.arange(labels.max() + 1))
    for number, box in enumerate(ndimage.find_objects(labels), start=1):
        if box is None or peaks[number] < _SEED:
            continue
        for at, around in _outlines(labels, number, box, wall.score, wall.smooth):
            _add_object(wall, wall.score, (at, around), objects)
    return rows


@dataclass(frozen=True)
class _Wall:
    """A strip of the wall: where it is measured and searched, and how far its pixels stand out on the dark side."""

    depth: Array
    angle: Array
    core: Flags
    mask: Flags
    searched: Flags
    step: float
    arc: float
    score: Array | None = None
    smooth: Array | None = None

    @classmethod
    def of(cls, strip: Strip, planes: _Planes) -> _Wall:
        """Prepare a strip."""
        image = strip.image
        depth, angle = image["depth"].values, image["azimuth"].values
        pixels = np.asarray(image["image"].values, dtype=np.float32)
        mask = np.isfinite(pixels)
        step, radius = row_spacing(image), hole_radius(image)
        arc = 2 * np.pi * radius / angle.size
        core = (depth >= strip.top) & (depth < strip.base)
        aside = _near_edges(mask) | _near_lobes(depth, angle, planes.lobes)
        bare = cls(depth, angle, core, mask, mask & ~aside, step, arc)
        if step <= 0 or mask.sum() < _MIN_PIXELS:
            return bare
        darkness = _darkness(image, pixels, mask)
        level = _level(darkness, angle, step, arc, _tilt(depth, angle, planes.beds, step))
        # Lines one column wide are dead buttons.
        excess: Array = ndimage.grey_opening(np.where(mask, darkness - level, 0.0), size=(1, 2), mode="wrap")
        smooth: Array = ndimage.gaussian_filter(excess, _SMOOTH_PIXELS, mode=("nearest", "wrap"))
        middle = float(np.median(smooth[mask]))
        noise = 1.4826 * float(np.median(np.abs(smooth[mask] - middle)))
        if not noise > 0:
            return bare
        score, smooth = (np.where(mask, values - middle, 0.0) / noise for values in (excess, smooth))
        dark = [_is_dark_line(depth, angle, shape, radius, smooth) for shape in planes.all]
        lines = planes.all[np.array(dark, dtype=bool)]
        searched = bare.searched & ~_near_traces(depth, angle, lines, radius, _TRACE_M)
        # A vug that touches a dark line is an object of its own.
        smooth[_near_traces(depth, angle, lines, radius, _LINE_M)] = 0.0
        return replace(bare, searched=searched, score=score, smooth=smooth)


def _add_object(wall: _Wall, score: Array, outline: tuple[Rows, Rows], objects: _Objects) -> None:
    """Add an object of a strip by the pixels within its outline, unless it is no vug."""
    at, around = outline
    columns = wall.angle.size
    inside = wall.mask[at, around % columns]
    at, around = at[inside], around[inside]
    column = around % columns
    if at.size < _MIN_PIXELS or not wall.core[int(np.round(at.mean()))]:
        return
    # A skipped record is one row high, and a dead button of a pad one column wide, or two where the tool turns.
    least = _PAD_COLUMNS if (~wall.mask).any() else 2
    if np.ptp(at) < 1 or np.ptp(around) + 1 < least:
        return
    if wall.searched[at, column].mean() <= 1 - _BELONGS_SHARE:
        return
    contrast = float(score[at, column].mean())
    if contrast < _MIN_CONTRAST:
        return
    shape = _shape(at.astype(float) * wall.step, around.astype(float) * wall.arc, wall.step, wall.arc)
    turn = 360.0 * (np.ptp(around) + 1) / columns
    if shape["height_mm"] > 1e3 * _MAX_HEIGHT_M or turn > _MAX_TURN_DEG or shape["aspect"] > _MAX_ASPECT:
        return
    middle = np.exp(1j * np.radians(wall.angle[column])).mean()
    objects.add(
        depth_m=float(wall.depth[at].mean()), azimuth_app_deg=float(np.degrees(np.angle(middle)) % 360.0),
        contrast=contrast, **shape,
    )  # fmt: skip


def _darkness(image: WellImage, pixels: Grey, mask: Flags) -> Grey:
    """Return an image that is high where the wall is dark, NaN in gaps; resistivity and conductivity are logarithms."""
    values = pixels
    if is_electrical(str(image.attrs["units"])) and bool((pixels[mask] > 0).all()):
        values = np.log(np.where(mask, pixels, 1.0)).astype(np.float32)
    return np.where(mask, values if image.attrs["dark"] == "high" else -values, np.nan).astype(np.float32)


def _level(darkness: Grey, angle: Array, step: float, arc: float, tilt: Rows) -> Grey:
    """
    Return the level of the wall: the darker one of that around a pixel and that of its bed.

    Parameters
    ----------
    darkness : array (rows, columns)
        NaN in gaps.
    angle : array (columns,)
        Column centres (deg).
    step, arc : float
        Height and width of a pixel (m).
    tilt : array (rows, columns)
        Rows by which the bedding at a depth lies deeper in a column.
    """
    filled = _without_gaps(darkness, angle)
    size = (max(round(_CELL_M / step), 1), max(round(_CELL_M / arc), 1))
    count = tuple(max(n // s, 1) for n, s in zip(filled.shape, size, strict=True))
    # Medians of cells, then medians of cells around them: much faster than one of all pixels, and nearly equal.
    edges = [np.linspace(0, n, c + 1).astype(int) for n, c in zip(filled.shape, count, strict=True)]
    cells = np.array(
        [[np.median(filled[a:b, c:d]) for c, d in pairwise(edges[1])] for a, b in pairwise(edges[0])]
    )  # fmt: skip
    height = 2 * round(_AROUND_M / _CELL_M / 2) + 1
    width = 2 * round(count[1] * _AROUND_DEG / 360 / 2) + 1
    around_turn = np.pad(cells, ((0, 0), (width // 2, width // 2)), mode="wrap")
    cells = ndimage.median_filter(around_turn, (height, width), mode="nearest")[:, width // 2 :][:, : count[1]]
    zoom = [n / c for n, c in zip(filled.shape, count, strict=True)]
    around: Array = ndimage.zoom(cells, zoom, order=1, mode="nearest", grid_mode=True)
    # Beds are flattened, so that their level is that of a row; gaps between pads are then filled along the bedding.
    rows, columns = np.arange(filled.shape[0])[:, None], np.arange(filled.shape[1])
    last = filled.shape[0] - 1
    flat = _without_gaps(darkness[np.clip(rows + tilt, 0, last), columns], angle)
    # Medians of a few columns, then medians of those.
    parts = np.linspace(0, filled.shape[1], max(filled.shape[1] // _BED_COLUMNS, 1) + 1).astype(int)
    flat = np.stack([np.median(flat[:, c:d], axis=1) for c, d in pairwise(parts)], axis=1)
    bed_width = 2 * round(flat.shape[1] * _BED_DEG / 360 / 2) + 1
    flat = ndimage.median_filter(flat, (1, bed_width), mode="wrap")
    flat = ndimage.zoom(flat, (1, filled.shape[1] / flat.shape[1]), order=1, mode="grid-wrap", grid_mode=True)
    bed = flat[np.clip(rows - tilt, 0, last), columns]
    return np.asarray(np.maximum(around, bed), dtype=np.float32)


def _without_gaps(darkness: Grey, angle: Array) -> Grey:
    return np.nan_to_num(fill_gaps(darkness, angle), nan=float(np.nanmedian(darkness)))


def _tilt(depth: Array, angle: Array, beds: Array, step: float) -> Rows:
    """Return the rows by which the bedding at each depth lies deeper in a column, between beds that are picked."""
    if not len(beds):
        return np.zeros((depth.size, angle.size), dtype=np.intp)
    order = np.argsort(beds[:, 0], kind="stable")
    z0, a, b = beds[order].T
    a, b = (ndimage.median_filter(values, 3, mode="nearest") for values in (a, b))
    t = np.radians(angle)
    offset = np.interp(depth, z0, a)[:, None] * np.cos(t) + np.interp(depth, z0, b)[:, None] * np.sin(t)
    return np.asarray(np.rint(offset / step), dtype=np.intp)


def _label(flags: Flags) -> Labels:
    """Label connected pixels; objects that cross image angle 0 are one."""
    labels, count = ndimage.label(flags, structure=np.ones((3, 3)))
    first, last = labels[:, 0], labels[:, -1]
    pairs = []
    for shift in (-1, 0, 1):
        other = np.roll(last, shift)
        if shift:
            other[-1 if shift < 0 else 0] = 0
        both = (first > 0) & (other > 0)
        pairs.append(np.stack([first[both], other[both]]))
    joined = np.concatenate(pairs, axis=1)
    if not joined.size:
        return np.asarray(labels, dtype=np.int32)
    graph = coo_array((np.ones(joined.shape[1]), (joined[0], joined[1])), shape=(count + 1, count + 1))
    groups = connected_components(graph, directed=False)[1]
    # Group of 0 stays 0: it is in no pair.
    ordered = np.unique(groups, return_index=True)[1]
    smallest = np.array([ordered[group] for group in groups])
    return np.asarray(smallest[labels], dtype=np.int32)


def _outlines(
    labels: Labels, number: int, box: tuple[slice, ...], score: Array, smooth: Array
) -> Iterator[tuple[Rows, Rows]]:
    """Yield rows and columns of the objects of a label, each within its outline; columns go on past the last one."""
    columns = labels.shape[1]
    at, around = np.nonzero(labels[box] == number)
    at, around = at + box[0].start, around + box[1].start
    if np.ptp(around) + 1 == columns:
        # The widest empty part of the turn is where an object that crosses angle 0 is opened.
        used = np.unique(around)
        gaps = np.diff(np.append(used, used[0] + columns))
        widest = int(np.argmax(gaps))
        around = np.where(around <= used[widest], around + columns, around)
    level = _OUTLINE_SHARE * np.percentile(score[at, around % columns], _PLATEAU)
    for part in _parts(at, around, score[at, around % columns] >= level):
        # A part of a label that reaches higher than the rest has an outline of its own.
        values = score[part[0], part[1] % columns]
        if smooth[part[0], part[1] % columns].max() < _SEED:
            continue
        yield from _parts(*part, values >= _OUTLINE_SHARE * np.percentile(values, _PLATEAU), most=1)


def _parts(at: Rows, around: Rows, strong: Flags, most: int | None = None) -> Iterator[tuple[Rows, Rows]]:
    """Yield connected parts of some pixels, the largest first, with their holes filled."""
    canvas = np.zeros((int(np.ptp(at)) + 3, int(np.ptp(around)) + 3), dtype=bool)
    canvas[at[strong] - at.min() + 1, around[strong] - around.min() + 1] = True
    parts, count = ndimage.label(ndimage.binary_fill_holes(canvas), structure=np.ones((3, 3)))
    sizes = np.bincount(parts.ravel(), minlength=count + 1)[1:]
    for part in np.argsort(-sizes, kind="stable")[:most]:
        if sizes[part] >= _MIN_PIXELS:
            rows, cols = np.nonzero(parts == part + 1)
            yield rows + at.min() - 1, cols + around.min() - 1


def _near_traces(depth: Array, angle: Array, shapes: Array, radius: float, margin_m: float) -> Flags:
    """Tell the pixels that lie near a trace, across it."""
    near = np.zeros((depth.size, angle.size), dtype=bool)
    for shape in shapes:
        for column, rows in _columns_of(depth, angle, shape, radius, margin_m):
            near[rows, column] = True
    return near


def _is_dark_line(depth: Array, angle: Array, shape: Array, radius: float, smooth: Array) -> bool:
    """Tell whether a plane shows as a dark line: a step between beds does not."""
    pieces = _columns_of(depth, angle, shape, radius, _TRACE_M)
    darkest = [smooth[rows, column].max() for column, rows in pieces if rows.stop > rows.start]
    return bool(darkest) and bool(np.mean(np.array(darkest) >= _GROW) >= _DARK_LINE_SHARE)


def _columns_of(
    depth: Array, angle: Array, shape: Array, radius: float, margin_m: float
) -> Iterator[tuple[int, slice]]:
    """Yield each column with its rows near a trace, across it; none if the trace is far from these depths."""
    z0, a, b = shape
    reach = np.hypot(a, b) + 0.1
    if z0 + reach < depth[0] or z0 - reach > depth[-1]:
        return
    t = np.radians(angle)
    centre = trace_depth(shape, angle)
    margin = margin_m * np.hypot(1.0, (b * np.cos(t) - a * np.sin(t)) / radius)
    low, high = np.searchsorted(depth, [centre - margin, centre + margin])
    for column, (top, base) in enumerate(zip(low.tolist(), high.tolist(), strict=True)):
        yield column, slice(top, base)


def _near_lobes(depth: Array, angle: Array, lobes: Array) -> Flags:
    """Tell the pixels on the lobes of breakouts."""
    near = np.zeros((depth.size, angle.size), dtype=bool)
    for top, base, middle, width in lobes:
        rows = (depth >= top - _LOBE_M) & (depth <= base + _LOBE_M)
        half = (width if np.isfinite(width) else 0.0) / 2 + _LOBE_DEG
        near |= rows[:, None] & (np.abs(signed_angle(angle - middle)) <= half)
    return near


def _near_edges(mask: Flags) -> Flags:
    """Tell the pixels beside a gap between pads: a gap of single pixels is none."""
    gap = ndimage.binary_opening(~mask, structure=np.ones((9, 1), dtype=bool))
    near = gap.copy()
    for shift in range(1, _EDGE_COLUMNS + 1):
        near |= np.roll(gap, shift, axis=1) | np.roll(gap, -shift, axis=1)
    return np.asarray(near & mask)


def _shape(z: Array, x: Array, step: float, arc: float) -> dict[str, float]:
    """Area, extents, aspect and orientation of pixels at depths and arcs (m)."""
    area = z.size * step * arc
    # A pixel has a second moment of its own.
    covariance = np.cov(np.stack([z, x]), bias=True) + np.diag([step**2, arc**2]) / 12
    size, axes = np.linalg.eigh(covariance)
    along, right = axes[:, 1]
    orientation = float(np.degrees(np.arctan2(right, along)))
    orientation = (orientation + 90.0) % 180.0 - 90.0
    return {
        "area_mm2": 1e6 * area,
        "diameter_mm": 1e3 * float(np.sqrt(4 * area / np.pi)),
        "height_mm": 1e3 * (float(np.ptp(z)) + step),
        "width_mm": 1e3 * (float(np.ptp(x)) + arc),
        "aspect": max(float(np.sqrt(size[1] / size[0])), 1.0),
        "orientation_deg": orientation,
    }


def _tracks(table: VugTable, image: WellImage, rows: pd.DataFrame) -> VugTracks:
    """Count and measure vugs in windows along the hole."""
    top, base = float(image["depth"].values[0]), float(image["depth"].values[-1])
    edges = _TRACK_M * np.arange(np.floor(top / _TRACK_M), np.floor(base / _TRACK_M) + 2)
    area = np.histogram(rows["depth_m"], edges, weights=rows["area_m2"])[0]
    place = {"well": image.attrs["well"], "top_m": edges[:-1], "base_m": edges[1:], "searched_m2": area}
    return vug_tracks(table, pd.DataFrame(place))
