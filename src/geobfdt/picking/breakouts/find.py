"""Find breakouts and drilling-induced fractures on a well, strip by strip."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import numpy as np
import xarray as xr

from geobfdt.geometry import signed_angle
from geobfdt.picking.breakouts.lines import LinePair, find_line_pairs
from geobfdt.picking.breakouts.lobes import Lobe, find_lobes
from geobfdt.preparation.strips import plan_strips
from geobfdt.structure.stress import angle_to_axis, axial_mean
from geobfdt.wells.breakouts import BreakoutTable, complete_breakouts, join_breakouts, new_breakouts
from geobfdt.wells.image import WellImage, without_colour
from geobfdt.wells.tools import tool_kind

__all__ = ["BreakoutStream", "find_breakouts"]

_STRIP_M = 20.0  # Contrast is compared within a strip.
_OVERLAP_M = 3.0
# Shares of lobes that are breakouts on simulated wells, by whether the opposite wall is dark, too.
_PAIRED_CONFIDENCE, _SINGLE_CONFIDENCE = 0.9, 0.6
# Shares of pairs of lines that are induced fractures on simulated wells, by whether they are clearer than this.
_CLEAR_LINE, _CLEAR_CONFIDENCE, _FAINT_CONFIDENCE = 3.0, 0.95, 0.85
# Lines on a lobe, so far beyond its sides, are its edges; lines on the axis of the breakouts of a well are no fractures
# of the same stress, which lie 90 degrees off.
_LOBE_SIDE_DEG, _BREAKOUT_AXIS_DEG = 15.0, 30.0
# A width whose bounds differ by more is not known: two cells of a turn.
_WIDTH_ERROR_DEG = 10.0
_SOURCES = {"breakout": "lobes", "induced": "lines"}


class BreakoutStream:
    """
    Find breakouts and induced fractures while the rows of a well pass by.

    Parameters
    ----------
    image : WellImage
        The well; its pixels are not read. Optical images have none: their dark colour is no sign of a broken wall.
    """

    def __init__(self, image: WellImage) -> None:
        self._image = image
        optical = tool_kind(image.attrs["tool"]) == "optical"
        self._cuts = deque([] if optical else plan_strips(image["depth"].values, _STRIP_M, _OVERLAP_M))
        self._pieces: list[WellImage] = []
        self._row = 0
        self._lobes: list[Lobe] = []
        self._lines: list[LinePair] = []

    def add(self, rows: WellImage) -> None:
        """Add the next rows, in memory."""
        if not self._cuts:
            return
        self._pieces.append(rows)
        last = self._row + sum(piece.sizes["depth"] for piece in self._pieces)
        while self._cuts and self._cuts[0].last <= last:
            cut = self._cuts.popleft()
            joined = self._pieces[0] if len(self._pieces) == 1 else xr.concat(self._pieces, "depth")
            strip = joined.isel(depth=slice(cut.first - self._row, cut.last - self._row))
            # A lobe longer than the overlap may be cut differently by two strips.
            self._lobes += [
                lobe
                for lobe in find_lobes(strip)
                if cut.top <= (lobe.top + lobe.base) / 2 < cut.base
                and not any(_same(lobe, other) for other in self._lobes)
            ]
            self._lines += [
                pair
                for pair in find_line_pairs(strip)
                if cut.top <= (pair.top + pair.base) / 2 < cut.base
                and not any(_same_pair(pair, other) for other in self._lines)
            ]
            begin = self._cuts[0].first if self._cuts else last
            self._pieces, self._row = [joined.isel(depth=slice(begin - self._row, None))], begin

    def table(self) -> BreakoutTable:
        """Return the breakout table, once the last row is added."""
        lobes = _without_lines(self._lobes, self._lines)
        breakouts, induced = _breakout_rows(lobes, self._image), _induced_rows(self._lines, lobes, self._image)
        table = join_breakouts([part for part in (breakouts, induced) if len(part)])
        return complete_breakouts(table, self._image)[0] if len(table) else table


def find_breakouts(image: WellImage) -> BreakoutTable:
    """
    Find breakouts and induced fractures on an image.

    Parameters
    ----------
    image : WellImage
        The well; its pixels may lie in a file, they are loaded strip by strip.

    Returns
    -------
    DataFrame
        Breakout table (``wells.breakouts``) of status ``proposed``. It is empty for an optical image, whose dark
        colour is no sign of a broken wall, and where an image has too few columns.

    Examples
    --------
    >>> from geobfdt.wells.image import well_image
    >>> depth, angles = 50 + 0.005 * np.arange(400), np.arange(2.5, 360, 5)
    >>> opposite = np.abs((angles - 100 + 90) % 180 - 90) < 20
    >>> pixels = np.random.default_rng(0).normal(10, 1, (400, 72)) - 8 * (opposite & (abs(depth[:, None] - 51) < 0.4))
    >>> hole = {"diameter": 0.2, "deviation": 0.0, "hole_azimuth": 0.0}
    >>> found = find_breakouts(well_image(pixels, depth, angles, reference="north", **hole))
    >>> sorted(found["azimuth_true_deg"].round(-1))
    [100.0, 280.0]
    """
    stream, depth = BreakoutStream(image), image["depth"].values
    pixels = without_colour(image).drop_vars("dynamic", errors="ignore")
    for cut in plan_strips(depth, _STRIP_M, 0.0):
        stream.add(pixels.isel(depth=slice(cut.first, cut.last)).load())
    return stream.table()


def _breakout_rows(lobes: list[Lobe], image: WellImage) -> BreakoutTable:
    """Lobes as rows of the table; where a side lies in a gap between pads, the bounds of the width in its place."""
    if not lobes:
        return new_breakouts()
    bounds = np.array([lobe.bounds for lobe in lobes])
    has_width = bounds[:, 1] - bounds[:, 0] <= _WIDTH_ERROR_DEG
    hidden = {} if has_width.all() else {"width_least_deg": bounds[:, 0], "width_most_deg": bounds[:, 1]}
    return new_breakouts(
        well=image.attrs["well"],
        top_m=np.array([lobe.top for lobe in lobes]),
        base_m=np.array([lobe.base for lobe in lobes]),
        class_="breakout",
        azimuth_app_deg=np.array([lobe.azimuth for lobe in lobes]),
        reference=image.attrs["reference"],
        width_deg=np.where(has_width, [lobe.width for lobe in lobes], np.nan),
        confidence=np.array([_PAIRED_CONFIDENCE if lobe.paired else _SINGLE_CONFIDENCE for lobe in lobes]),
        source=_SOURCES["breakout"],
        status="proposed",
        **hidden,
    )


def _induced_rows(lines: list[LinePair], lobes: list[Lobe], image: WellImage) -> BreakoutTable:
    """Pairs of lines that are no part of a breakout, two rows each. Their width is not measured."""
    kept = [pair for pair in lines if not _belongs_to_breakouts(pair, lobes)]
    if not kept:
        return new_breakouts()
    depth, diameter = image["depth"].values, image["diameter"].values
    middle = [(pair.top + pair.base) / 2 for pair in kept]
    tilt = np.degrees(np.arctan(np.array([pair.slope for pair in kept]) * np.interp(middle, depth, diameter) / 2))
    confidence = [_CLEAR_CONFIDENCE if pair.strength > _CLEAR_LINE else _FAINT_CONFIDENCE for pair in kept]
    return new_breakouts(
        well=image.attrs["well"],
        top_m=np.repeat([pair.top for pair in kept], 2),
        base_m=np.repeat([pair.base for pair in kept], 2),
        class_="induced",
        azimuth_app_deg=np.array([azimuth for pair in kept for azimuth in pair.azimuths]),
        reference=image.attrs["reference"],
        tilt_deg=np.repeat(tilt, 2),
        confidence=np.repeat(confidence, 2),
        source=_SOURCES["induced"],
        status="proposed",
    )


def _without_lines(lobes: list[Lobe], lines: list[LinePair]) -> list[Lobe]:
    """
    Lobes without those on the axis of clear rows of inclined pieces, if these are taller: close together they look so.

    Breakouts and induced fractures follow one stress, 90 degrees apart.
    """
    rows = [pair for pair in lines if pair.inclined and pair.strength > _CLEAR_LINE]
    if not rows:
        return lobes
    axis, _ = axial_mean([pair.azimuths[0] for pair in rows], [pair.height for pair in rows])
    along = [lobe for lobe in lobes if angle_to_axis(lobe.azimuth, axis) < _BREAKOUT_AXIS_DEG]
    # A pair has two sides, and each side of a breakout is a lobe.
    return [lobe for lobe in lobes if lobe not in along] if 2 * _height(rows) > _height(along) else lobes


def _height(parts: Sequence[Lobe | LinePair]) -> float:
    """Sum of heights (m)."""
    return float(sum(part.height for part in parts))


def _nearest(pair: LinePair, lobe: Lobe) -> float:
    """Angle between a lobe and the nearer line of a pair (deg)."""
    return min(abs(signed_angle(azimuth - lobe.azimuth)) for azimuth in pair.azimuths)


def _belongs_to_breakouts(pair: LinePair, lobes: list[Lobe]) -> bool:
    """Whether lines are the edges of a lobe, or lie on the axis of the breakouts of the well."""
    on_lobe = any(
        min(pair.base, lobe.base) > max(pair.top, lobe.top) and _nearest(pair, lobe) < lobe.width / 2 + _LOBE_SIDE_DEG
        for lobe in lobes
    )
    if on_lobe or not lobes:
        return on_lobe
    axis, _ = axial_mean([lobe.azimuth for lobe in lobes], [lobe.height for lobe in lobes])
    return bool(angle_to_axis(pair.azimuths[0], axis) < _BREAKOUT_AXIS_DEG)


def _same(first: Lobe, second: Lobe) -> bool:
    """Whether two strips found one lobe."""
    shared = min(first.base, second.base) - max(first.top, second.top)
    near = abs(signed_angle(first.azimuth - second.azimuth)) < 15
    return near and shared > 0.5 * min(first.base - first.top, second.base - second.top)


def _same_pair(first: LinePair, second: LinePair) -> bool:
    """Whether two strips found one pair of lines."""
    return min(first.base, second.base) > max(first.top, second.top)
