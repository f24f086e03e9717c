"""Dark lobes of breakouts: where they are, and which of them lie opposite each other."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.ndimage import label, maximum_filter1d, median_filter

from geobfdt.geometry import signed_angle
from geobfdt.hole.circle_fit import fit_holes
from geobfdt.picking.breakouts.bedding import first_harmonic
from geobfdt.picking.breakouts.darkness import Darkness, column_medians, darkness, wall_cells
from geobfdt.structure.stress import angle_to_axis, axial_mean
from geobfdt.wells.image import WellImage

__all__ = ["Lobe", "find_lobes"]

Array = npt.NDArray[np.float64]

# Cells in which lobes are looked for: a lobe is several of them high and wide.
_ROW_M = 0.01
_COLUMNS = 72
# An image with fewer columns does not resolve a lobe.
_MIN_COLUMNS = 32
# Height of the median along the hole: it removes traces of planes, which cross a column in less than half of it.
_MEDIAN_M = 0.09
# A side that is dark over so many metres is that of the tool. Its first harmonic round the hole is taken out, which no
# pair of lobes has; of the rest no more than this share of the contrast, so that a breakout of any length stays.
_SIDE_M, _MAX_SIDE = 8.0, 0.2
_MIN_SIDE_MEASURED = 0.3
# Widths of lobes that are tried (deg).
_WIDTHS_DEG = (15, 30, 50, 75, 100)
# The wall beside a lobe begins after this angle, so that its soft edge counts on neither side.
_EDGE_DEG = 8.0
# Angle of the wall beside a lobe that it is compared with, on either side.
_FLANK_DEG = 20.0
# A lobe and the one opposite are 180 degrees apart within this, cell by cell and as a whole.
_OPPOSITE_CELL_DEG = 12.0
_OPPOSITE_DEG = 25.0
# Paired lobes: product of their contrast with the height over which both are dark, and their widths.
_MIN_PAIR_STRENGTH_M = 0.024
_PAIR_WIDTHS_DEG = (12.0, 90.0)
# What is narrower beside a gap between pads may be a line along the edge of the pad.
_MIN_IMAGED_WIDTH_DEG = 12.0
_MAX_WIDTH_RATIO = 6.0
# A wall that lies deeper than the rest of its row by this share of the radius is as good a sign as full contrast.
_ENLARGED_SHARE = 0.06
# A wall that is dark and not deeper is no breakout: darkness counts less than any threshold.
_DARKNESS_WEIGHT = 0.1
# Both lobes of a pair are dark over this share of the height of the shorter one.
_MIN_SHARED_HEIGHT = 0.5
# A lobe of such contrast and height needs no other at the same depth: one opposite it within this distance is enough,
# or the axis of clear pairs.
_STRONG_CONTRAST = 0.35
_STRONG_HEIGHT_M = 0.15
_MAX_STAGGER_M = 1.0
# A fainter one opposite it at the same depth is enough, too, if it is so high and keeps its azimuth: the dark side of a
# tool off the axis hides half of a pair.
_FAINT_HEIGHT_M, _FAINT_CONTRAST = 0.2, 0.15
_FAINT_SCATTER_DEG = 8.0
# On the axis of clear pairs of a strip, this share of each threshold is enough: one stress makes all breakouts.
_EASE = 0.6
_MAX_EASED_AXIS_DEG = 15.0
# A single lobe counts where a pair nearby has the same axis.
_MIN_SINGLE_CONTRAST = 0.18
_MIN_SINGLE_HEIGHT_M = 0.05
_MIN_SINGLE_WIDTH_DEG = 10.0
_MAX_SINGLE_DISTANCE_M = 1.5
_MAX_SINGLE_AXIS_DEG = 30.0
# A single lobe that is no higher has no slope to speak of.
_MIN_SLOPE_HEIGHT_M = 0.10


class _Level(NamedTuple):
    """
    A level of contrast, and what two regions above it need in order to be a pair.

    The trace of a plane passes through opposite points, too, but is inclined there: one way on one side, the other way
    on the other. So the middle of a lobe may move little along the hole.
    """

    # Contrast from which cells belong to a region (share of the strip's contrast, as all contrasts here).
    contrast: float
    # Least contrast of a pair, and least height over which both are dark (m).
    pair_contrast: float
    pair_height: float
    # Largest change of the middle along the hole (deg per m), and its largest scatter (deg).
    slope: float
    scatter: float


# A lobe that touches something faint is cut out by the higher levels, which also cut pieces out of planes and ask for
# more therefore.
_LEVELS = (
    _Level(0.12, 0.24, 0.05, 100.0, 20.0),
    _Level(0.20, 0.36, 0.20, 60.0, 14.0),
    _Level(0.30, 0.45, 0.20, 60.0, 14.0),
)


class Lobe(NamedTuple):
    """
    A dark lobe.

    Parameters
    ----------
    top, base : float
        Depths (m, MD).
    azimuth, width : float
        Middle and width on the image (deg); where a side lies in a gap between pads, both as if it lay in its middle.
    bounds : (float, float)
        Least and greatest width (deg): they differ where a side lies in a gap between pads.
    contrast : float
        Mean contrast with the wall beside it, as a share of the strip's contrast.
    paired : bool
        Whether the opposite wall is dark, too.
    """

    top: float
    base: float
    azimuth: float
    width: float
    bounds: tuple[float, float]
    contrast: float
    paired: bool

    @property
    def height(self) -> float:
        """Height of the lobe (m)."""
        return self.base - self.top


class _Region(NamedTuple):
    """Connected cells that are darker than the wall beside them."""

    top: float
    base: float
    azimuth: float
    width: float
    # Least and greatest width (deg).
    bounds: tuple[float, float]
    contrast: float
    # 95th percentile of the contrast of the cells and those opposite, the fainter of both.
    pair_contrast: float
    # Height over which the opposite wall is dark, too (m).
    pair_height: float
    # Change of the middle along the hole (deg per m), and its scatter (deg).
    slope: float
    scatter: float

    @property
    def height(self) -> float:
        return self.base - self.top


def find_lobes(image: WellImage) -> list[Lobe]:
    """
    Find the lobes of breakouts on a strip.

    Parameters
    ----------
    image : WellImage
        The strip, in memory.

    Returns
    -------
    list of Lobe
        From top to base; none on an image with fewer columns than a lobe needs.

    Notes
    -----
    The level of the wall along the bedding and sides that are dark over metres are taken out first: crests of steep
    beds look like pairs of lobes, and a tool off the axis makes dark sides. A matched filter compares each place with
    the wall on both sides of it, for several widths, after a median along the hole that removes the traces of planes.
    Connected cells of enough contrast are a region. Two regions that lie 180 degrees apart at the same depth are a pair
    if both keep their azimuth along the hole: a plane, too, is dark at two opposite points, but its trace is inclined
    there, one way on one side and the other way on the other. Two very dark regions may lie a little above each other,
    and opposite a very dark one a tall fainter one is enough. On the axis of these pairs fainter and narrower ones
    count, since one stress makes all of them. Where the image has a radius, enlargement counts instead of darkness: a
    tool off the axis makes dark sides, too. A single region is kept near a pair on the same axis. The thresholds are
    set on simulated wells (``benchmarks/breakouts.py`` measures others).
    """
    if image.sizes["azimuth"] < _MIN_COLUMNS:
        return []
    levels = _regions(_evidence(image))
    pairs: list[_Region] = []
    for level, regions in zip(_LEVELS, levels, strict=True):
        pairs += _apart_from(pairs, _paired(regions, level))
    for level, regions in zip(_LEVELS, levels, strict=True):
        strong = [region for region in regions if _is_strong(region, level)]
        pairs += _apart_from(pairs, [one for one in strong if any(_staggered(one, other) for other in strong)])
    faint = [region for region in levels[0] if _is_faint(region)]
    for level, regions in zip(_LEVELS, levels, strict=True):
        strong = [region for region in regions if _is_strong(region, level)]
        pairs += _apart_from(pairs, [one for one in strong if any(_opposite(one, other) for other in faint)])
    pairs += _apart_from(pairs, [one for one in faint if any(_opposite(one, other) for other in pairs)])
    clear = pairs.copy()
    for level, regions in zip(_LEVELS, levels, strict=True):
        on_axis = [region for region in regions if clear and _off_axis(region, clear) < _MAX_EASED_AXIS_DEG]
        eased = _paired(on_axis, level, _EASE) + [region for region in on_axis if _is_strong(region, level)]
        pairs += _apart_from(pairs, eased)
    singles = _apart_from(pairs, [region for region in levels[0] if _belongs(region, pairs)])
    lobes = [_lobe(region, paired=True) for region in pairs]
    return sorted(lobes + [_lobe(region, paired=False) for region in singles])


def _evidence(image: WellImage) -> Darkness:
    """Darkness of the wall; where its radius is measured, its enlargement, and little of its darkness."""
    dark = _without_sides(darkness(image, _ROW_M, _COLUMNS))
    if "radius" not in image:
        return dark
    radius = wall_cells(image, _ROW_M, _COLUMNS, "radius").mean
    angle = (np.arange(radius.shape[1]) + 0.5) * 360 / radius.shape[1]
    # A hole may be oval over metres; a breakout is what is deeper than that.
    ovals = fit_holes(radius, angle).oval
    oval = np.median(ovals[np.isfinite(ovals).all(axis=1)], axis=0) if np.isfinite(ovals).any() else np.zeros(2)
    radius = radius - oval[0] * np.cos(np.radians(2 * angle)) - oval[1] * np.sin(np.radians(2 * angle))
    enough = np.isfinite(radius).any(axis=1, keepdims=True)
    middle = np.nanmedian(np.where(enough, radius, 0.0), axis=1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        enlarged = np.clip((radius - middle) / (_ENLARGED_SHARE * middle), -1.0, 1.0)
    return dark._replace(
        values=np.where(
            np.isfinite(enlarged),
            _DARKNESS_WEIGHT * dark.values + (1 - _DARKNESS_WEIGHT) * np.nan_to_num(enlarged),
            dark.values,
        )
    )


def _without_sides(dark: Darkness) -> Darkness:
    """Take out sides that are dark over metres: those of a tool off the axis, or of a worn hole."""
    values = np.where(dark.measured, dark.values, np.nan)
    sides = column_medians(values, max(round(_SIDE_M / dark.step), 1), _MIN_SIDE_MEASURED)
    side = first_harmonic(sides)
    sides = side + np.clip(sides - side, -_MAX_SIDE, _MAX_SIDE)
    return dark._replace(values=np.where(dark.measured, dark.values - sides, 0.0))


def _lobe(region: _Region, *, paired: bool) -> Lobe:
    return Lobe(region.top, region.base, region.azimuth, region.width, region.bounds, region.contrast, paired)


def _contrast(values: Array) -> Array:
    """Contrast of each cell with the wall on both sides, the greatest of several widths."""
    columns = values.shape[1]
    cell = 360 / columns
    edge, flank = (max(round(angle / cell), 1) for angle in (_EDGE_DEG, _FLANK_DEG))
    sums = np.cumsum(np.concatenate([np.zeros((len(values), 1)), values, values, values], axis=1), axis=1)
    place = np.arange(columns) + columns

    def mean(first: int, last: int) -> Array:
        return np.asarray((sums[:, place + last] - sums[:, place + first]) / (last - first))

    best = np.full(values.shape, -np.inf)
    for width in _WIDTHS_DEG:
        half = round(width / 2 / cell)
        before, after = mean(-half - edge - flank, -half - edge), mean(half + edge + 1, half + edge + flank + 1)
        np.maximum(best, mean(-half, half + 1) - np.maximum(before, after), out=best)
    return best


def _regions(dark: Darkness) -> list[list[_Region]]:
    """Connected dark cells by level, and how dark the opposite wall is."""
    rows = max(2 * round(_MEDIAN_M / dark.step / 2) + 1, 1)
    values: Array = median_filter(dark.values, size=(rows, 1), mode="nearest")
    contrast = _contrast(values)
    columns = contrast.shape[1]
    reach = 2 * round(_OPPOSITE_CELL_DEG / 360 * columns) + 1
    opposite: Array = maximum_filter1d(np.roll(contrast, columns // 2, axis=1), reach, axis=1, mode="wrap")
    fainter = np.minimum(contrast, opposite)
    return [_regions_above(level, dark, values, contrast, fainter) for level in _LEVELS]


def _regions_above(level: _Level, dark: Darkness, values: Array, contrast: Array, fainter: Array) -> list[_Region]:
    """Connected cells of more contrast than a level, without those too low for a pair of that level."""
    numbers = _label_round(contrast > level.contrast)
    least = level.pair_height - dark.step / 2
    order = np.argsort(numbers, axis=None, kind="stable")
    cuts = np.flatnonzero(np.diff(numbers.ravel()[order])) + 1
    regions = []
    for cells in np.split(order, cuts):
        if numbers.ravel()[cells[0]] > 0:
            row, column = np.unravel_index(cells, numbers.shape)
            if (row.max() - row.min() + 1) * dark.step < least:
                continue
            region = _measure(dark, values, contrast, fainter, row, column)
            if region is not None:
                regions.append(region)
    return regions


def _label_round(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.intp]:
    """Number the connected cells of a wall whose first and last columns are neighbours."""
    numbers, count = label(mask)
    parent = np.arange(count + 1)

    def root(number: int) -> int:
        while parent[number] != number:
            number = int(parent[number])
        return number

    for first, last in zip(numbers[:, 0].tolist(), numbers[:, -1].tolist(), strict=True):
        if first and last:
            parent[root(first)] = root(last)
    roots = np.array([root(number) for number in range(count + 1)])
    return np.asarray(roots[numbers])


def _measure(
    dark: Darkness, values: Array, contrast: Array, fainter: Array,
    row: npt.NDArray[np.intp], column: npt.NDArray[np.intp],
) -> _Region | None:  # fmt: skip
    """Measure a region; None where no row of it has a dark middle."""
    columns = values.shape[1]
    cell = 360 / columns
    # The rows of a connected region follow each other.
    rows = np.arange(row.min(), row.max() + 1)
    part = values[rows]
    inside = part > 0.5 * np.percentile(values[row, column], 90)
    mine = np.full(part.shape, -np.inf)
    mine[row - rows[0], column] = values[row, column]
    darkest = mine.argmax(axis=1)
    broken = inside[np.arange(rows.size), darkest]
    if not broken.any():
        return None
    sides = [_side(inside[broken], dark.imaged[rows][broken], darkest[broken], side) for side in (-1, 1)]
    least, most = (sides[0][end] + sides[1][end] + 1 for end in (0, 1))
    low, high = (np.mean(side, axis=0) for side in sides)
    widths = (low + high + 1) * cell

    def middle(low: Array, high: Array) -> float:
        angles = (darkest[broken] + 0.5 + (high - low) / 2) * cell
        return float(np.degrees(np.angle((widths * np.exp(1j * np.radians(angles))).sum())) % 360)

    # Contrast is that of cells that are imaged, so that it scatters about their middle.
    imaged_middle = middle(*(side[0].astype(float) for side in sides))
    weights = contrast[row, column] * np.exp(1j * np.radians((column + 0.5) * cell - imaged_middle))
    along = np.zeros(rows.size, complex)
    np.add.at(along, row - rows[0], weights)
    away = np.degrees(np.angle(along))
    slope = float(np.polyfit(rows * dark.step, away, 1)[0]) if rows.size > 2 else 0.0
    paired = np.unique(row[fainter[row, column] > _LEVELS[0].contrast]).size * dark.step
    return _Region(
        top=float(dark.depth[rows[0]] - dark.step / 2),
        base=float(dark.depth[rows[-1]] + dark.step / 2),
        azimuth=middle(low, high),
        width=float(np.median(widths)),
        bounds=(float(np.median(least) * cell), float(np.median(most) * cell)),
        contrast=float(contrast[row, column].mean()),
        pair_contrast=float(np.percentile(fainter[row, column], 95)),
        pair_height=paired,
        slope=slope,
        scatter=_scatter(away),
    )


def _scatter(away: Array) -> float:
    """Standard deviation of angles about 0, by their median: a lobe may touch something faint at its end."""
    return 1.4826 * float(np.median(np.abs(away)))


def _side(
    inside: npt.NDArray[np.bool_], imaged: npt.NDArray[np.bool_], middle: npt.NDArray[np.intp], side: int
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """
    How many cells on a side of the middle of each row are inside, at most a third of a turn: at least and at most.

    At most are all before the first one that is imaged and not inside; at least those up to the last imaged one of
    them.
    """
    rows, columns = inside.shape
    reach = columns // 3
    places = (middle[:, None] + side * np.arange(1, reach + 1)) % columns
    row = np.arange(rows)[:, None]
    visible = imaged[row, places]
    ends = visible & ~inside[row, places]
    most = np.where(ends.any(axis=1), ends.argmax(axis=1), reach)
    number = np.arange(1, reach + 1)
    least = np.where(visible & (number <= most[:, None]), number, 0).max(axis=1)
    return np.asarray(least), np.asarray(most)


def _off_axis(region: _Region, pairs: list[_Region]) -> float:
    """Angle between a region and the mean axis of pairs (deg)."""
    axis, _ = axial_mean([pair.azimuth for pair in pairs], [pair.height for pair in pairs])
    return float(angle_to_axis(region.azimuth, axis))


def _paired(regions: list[_Region], level: _Level, ease: float = 1.0) -> list[_Region]:
    """Regions of a level that are half of a pair; each threshold may be eased to a share of it."""
    fit = [
        region
        for region in regions
        if region.pair_height >= ease * level.pair_height
        and region.pair_contrast >= ease * level.pair_contrast
        and region.pair_contrast * region.pair_height >= ease**2 * _MIN_PAIR_STRENGTH_M
        and _has_width_of_lobe(region, ease)
        and abs(region.slope) < level.slope
        and region.scatter < level.scatter
    ]
    return [region for region in fit if any(_opposite(region, other) for other in fit)]


def _has_width_of_lobe(region: _Region, ease: float = 1.0) -> bool:
    """Whether a lobe may be as wide as a region; the least width may be eased to a share of it."""
    least, most = region.bounds
    beside_gap = most > least
    return (
        region.width >= ease * _PAIR_WIDTHS_DEG[0]
        and least <= _PAIR_WIDTHS_DEG[1]
        and not (beside_gap and least < _MIN_IMAGED_WIDTH_DEG)
    )


def _opposite(first: _Region, second: _Region) -> bool:
    """Whether two regions lie opposite each other at the same depth, and are alike in width."""
    shared = min(first.base, second.base) - max(first.top, second.top)
    return (
        abs(signed_angle(first.azimuth - second.azimuth)) >= 180 - _OPPOSITE_DEG
        and shared >= _MIN_SHARED_HEIGHT * min(first.height, second.height)
        and max(first.bounds[0], second.bounds[0]) <= _MAX_WIDTH_RATIO * min(first.bounds[1], second.bounds[1])
    )


def _is_strong(region: _Region, level: _Level) -> bool:
    """Whether a region is so dark and compact that nothing opposite it at the same depth is asked for."""
    return (
        region.contrast >= _STRONG_CONTRAST
        and region.height >= _STRONG_HEIGHT_M
        and _has_width_of_lobe(region)
        and abs(region.slope) < level.slope
        and region.scatter < level.scatter
    )


def _is_faint(region: _Region) -> bool:
    """Whether a region is enough opposite a strong one."""
    return (
        region.contrast >= _FAINT_CONTRAST
        and region.height >= _FAINT_HEIGHT_M
        and _has_width_of_lobe(region)
        and abs(region.slope) < _LEVELS[0].slope
        and region.scatter < _FAINT_SCATTER_DEG
    )


def _staggered(first: _Region, second: _Region) -> bool:
    """Whether two regions lie opposite each other, one a little above the other."""
    gap = max(first.top, second.top) - min(first.base, second.base)
    return abs(signed_angle(first.azimuth - second.azimuth)) >= 180 - _OPPOSITE_DEG and gap < _MAX_STAGGER_M


def _same(first: _Region, second: _Region) -> bool:
    """Whether two regions lie on each other."""
    shared = min(first.base, second.base) - max(first.top, second.top)
    return shared > 0 and abs(signed_angle(first.azimuth - second.azimuth)) < max(
        first.width, second.width, _OPPOSITE_DEG
    )


def _apart_from(others: list[_Region], regions: list[_Region]) -> list[_Region]:
    """Regions that lie on none of some others."""
    return [region for region in regions if not any(_same(region, other) for other in others)]


def _belongs(region: _Region, pairs: list[_Region]) -> bool:
    """Whether a single region lies on the axis of the pairs near it."""
    if (
        region.contrast < _MIN_SINGLE_CONTRAST
        or region.height < _MIN_SINGLE_HEIGHT_M
        or region.bounds[0] < _MIN_SINGLE_WIDTH_DEG
        or region.scatter > _LEVELS[0].scatter
        or (region.height > _MIN_SLOPE_HEIGHT_M and abs(region.slope) > _LEVELS[0].slope)
    ):
        return False
    near = [
        pair for pair in pairs if max(pair.top - region.base, region.top - pair.base) < _MAX_SINGLE_DISTANCE_M
    ]  # fmt: skip
    return bool(near) and _off_axis(region, near) < _MAX_SINGLE_AXIS_DEG
