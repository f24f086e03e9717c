"""Drilling-induced fractures: pairs of thin dark lines along the hole, on opposite sides of it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.ndimage import label, maximum_filter1d, uniform_filter1d

from geobfdt.geometry import signed_angle
from geobfdt.picking.breakouts.line_evidence import AXIAL, SLOPES, LineEvidence, line_evidence
from geobfdt.structure.stress import angle_to_axis, axial_mean
from geobfdt.wells.image import WellImage
from geobfdt.wells.tools import tool_kind

__all__ = ["LinePair", "find_line_pairs"]

Array = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]

# An image with fewer columns does not resolve a line.
_MIN_COLUMNS = 64
# Where less of the turn is measured, both sides of a pair are seldom seen.
_MIN_COVERAGE = 0.5
# The bands of the evidence of two lines may be this much less than 180 degrees apart.
_OPPOSITE_CELL_DEG = 6.0
# Least strength of a pair at its clearest place, that of the places that belong to it, and the share of the clearest
# at which it ends.
_MIN_PEAK, _MIN_STRENGTH, _END_SHARE = 1.8, 0.9, 0.5
# Height of a pair; a longer one is made by the tool.
_HEIGHTS_M = (0.4, 8.0)
# Two pairs of one strip have the same axis within this: induced fractures follow one stress.
_SAME_AXIS_DEG = 25.0
# Middles of the sides are looked for within this angle of the axis, and a side is as wide as its strength is above
# this share of the greatest.
_SIDE_DEG, _PLATEAU = 16.0, 0.7
# A line along the hole is followed within this angle of its middle, by means over this height.
_FOLLOW_DEG, _FOLLOW_M = 14.0, 0.1
# Means of strength over the places of a pair: the least ones of lines along the hole and of inclined pieces.
_MIN_AXIAL, _MIN_INCLINED = 1.2, 1.2
# A pair on an image of pads follows the tool if its slope is nearer to the turn of the tool than to 0, and the tool
# turns by this at least (rad per m). An image of less coverage is one of pads, whatever the tool is called.
_MIN_TURN, _FULL_COVERAGE = 0.08, 0.97


class _Limits(NamedTuple):
    """What the sides of a pair may differ by."""

    # Largest difference from 180 degrees between the middles, and largest scatter of the places round the axis (deg).
    off: float
    spread: float
    # Largest difference of the slopes of the sides, and largest mean slope (rad per m). The flanks of a steep plane
    # lie opposite each other, too, but slope against each other.
    difference: float
    slope: float


_AXIAL_LIMITS = _Limits(off=11.0, spread=13.0, difference=0.3, slope=0.3)
_INCLINED_LIMITS = _Limits(off=6.0, spread=19.5, difference=0.6, slope=0.4)
# Largest scatter of a line along the hole about its own course (deg).
_MAX_COURSE_SCATTER_DEG = 6.0
# Inclined pieces are no clearer than lines along the hole by this factor where those are a pair; lines along the hole
# and pieces that slope against each other are fainter than these shares where rows of inclined pieces are.
_INCLINED_TO_AXIAL, _AXIAL_TO_INCLINED, _AGAINST = 1.05, 0.9, 0.86


class LinePair(NamedTuple):
    """
    Two lines opposite each other.

    Parameters
    ----------
    top, base : float
        Depths (m, MD).
    azimuths : (float, float)
        Their middles on the image (deg).
    slope : float
        Direction of their pieces (rad per m along the hole).
    strength : float
        How clear the fainter one is at the clearest place, in scatters.
    inclined : bool
        Whether they are rows of inclined pieces, not lines along the hole.
    """

    top: float
    base: float
    azimuths: tuple[float, float]
    slope: float
    strength: float
    inclined: bool

    @property
    def height(self) -> float:
        """Height of the pair (m)."""
        return self.base - self.top


def find_line_pairs(image: WellImage) -> list[LinePair]:
    """
    Find pairs of dark lines along the hole on a strip.

    Parameters
    ----------
    image : WellImage
        The strip, in memory.

    Returns
    -------
    list of LinePair
        From top to base; none on an image whose columns are too wide for them, or that covers less than half of the
        turn.

    Notes
    -----
    The fainter one of two opposite places of the evidence (:mod:`.line_evidence`) is the strength of a pair, and
    connected places above a threshold are a candidate. It is a pair of lines along the hole if both keep their azimuth
    and do not slope against each other, or two rows of inclined pieces if these are clearer than lines along the hole
    and than pieces that slope against each other, which a steep plane or the edge of a breakout makes. Lines that turn
    with the tool are none. Of pairs with several axes those of one are kept, whose sum of squared strength times height
    is largest. The thresholds are set on simulated wells (``benchmarks/breakouts.py`` measures others).
    """
    coverage = np.isfinite(image["image"].values).mean()
    if image.sizes["azimuth"] < _MIN_COLUMNS or coverage < _MIN_COVERAGE:
        return []
    with_pads = coverage < _FULL_COVERAGE or tool_kind(image.attrs["tool"]) == "pads"
    evidence = line_evidence(image)
    strength = evidence.strength
    half = strength.shape[2] // 2
    # Both sides slope one way, or one slopes against the other.
    alike, against = (
        np.maximum(pair[:, :, :half], pair[:, :, half:])
        for pair in (_fainter(strength, strength), _fainter(strength, strength[::-1]))
    )
    clearest = alike.max(axis=0)
    numbers = _label_half_turns(clearest > _MIN_STRENGTH)
    pairs = []
    for number in range(1, int(numbers.max(initial=0)) + 1):
        rows, columns = np.nonzero(numbers == number)
        if rows.size and clearest[rows, columns].max() >= _MIN_PEAK:
            keep = clearest[rows, columns] >= _END_SHARE * clearest[rows, columns].max()
            place = rows[keep], columns[keep]
            pair = _measure(evidence, place, alike[:, *place], against[:, *place], with_pads=with_pads)
            if pair is not None:
                pairs.append(pair)
    return sorted(_of_one_axis(pairs))


def _fainter(strength: Array, other: Array) -> Array:
    """Strength of the fainter one of each place and the clearest one opposite it."""
    columns = strength.shape[2]
    reach = 2 * round(_OPPOSITE_CELL_DEG / 360 * columns) + 1
    opposite = maximum_filter1d(np.roll(other, columns // 2, axis=2), reach, axis=2, mode="wrap")
    return np.asarray(np.minimum(strength, opposite))


def _label_half_turns(mask: npt.NDArray[np.bool_]) -> Places:
    """Number connected places of half a turn whose last column is beside the first."""
    half = mask.shape[1]
    numbers, _ = label(np.concatenate([mask, mask], axis=1))
    # A region across the end of the half turn is whole in the doubled array: the second copy of it is dropped.
    out = numbers[:, :half].copy()
    for number in np.unique(out[:, 0]):
        twin = numbers[:, half][numbers[:, 0] == number]
        if number and twin.size and twin[0] != number:
            out[out == number] = twin[0]
    return np.asarray(out)


def _measure(
    evidence: LineEvidence, place: tuple[Places, Places], alike: Array, against: Array, *, with_pads: bool
) -> LinePair | None:
    """Measure a candidate by its places and their strengths by slope; None where it is no pair."""
    width = evidence.strength.shape[2]
    cell, step = 360 / width, evidence.step
    rows, columns = np.unique(place[0]), place[1]
    top, base = float(evidence.depth[rows[0]] - step / 2), float(evidence.depth[rows[-1]] + step / 2)
    if not _HEIGHTS_M[0] <= base - top <= _HEIGHTS_M[1]:
        return None
    weight = alike.max(axis=0)
    angles = (columns + 0.5) * cell
    axis, _ = axial_mean(angles, weight)
    spread = float(np.sqrt(np.average(angle_to_axis(angles, axis) ** 2, weights=weight)))
    by_slope = alike.mean(axis=1)
    best = int(by_slope.argmax())
    azimuths = tuple(
        _middle(evidence.strength[max(best - 1, 0) : best + 2], rows, axis + turn) for turn in (0.0, 180.0)
    )
    courses = [_course(evidence, rows, azimuth) for azimuth in azimuths]
    off = abs(signed_angle(azimuths[0] - azimuths[1] - 180))
    slope, difference = np.mean([course.slope for course in courses]), abs(courses[0].slope - courses[1].slope)

    def within(limits: _Limits) -> bool:
        return bool(
            off <= limits.off
            and spread <= limits.spread
            and difference <= limits.difference
            and abs(slope) <= limits.slope
        )

    axial, inclined = by_slope[AXIAL].max(), max(by_slope[: AXIAL.start].max(), by_slope[AXIAL.stop :].max())
    if (
        within(_AXIAL_LIMITS)
        and axial >= _MIN_AXIAL
        and inclined <= _INCLINED_TO_AXIAL * axial
        and max(course.scatter for course in courses) <= _MAX_COURSE_SCATTER_DEG
        and not (with_pads and _turns_with_tool(float(slope), evidence.turn[rows], step))
    ):
        return LinePair(top, base, (azimuths[0], azimuths[1]), float(slope), float(weight.max()), inclined=False)
    if (
        within(_INCLINED_LIMITS)
        and inclined >= _MIN_INCLINED
        and axial <= _AXIAL_TO_INCLINED * inclined
        and against.mean(axis=1).max() <= _AGAINST * inclined
    ):
        pieces = float(SLOPES[best])
        return LinePair(top, base, (azimuths[0], azimuths[1]), pieces, float(weight.max()), inclined=True)
    return None


def _middle(strength: Array, rows: Places, near_deg: float) -> float:
    """Middle of a side near an angle (deg): that of the plateau of its mean strength."""
    width = strength.shape[2]
    cell = 360 / width
    reach = round(_SIDE_DEG / cell)
    near = int(near_deg / cell) + np.arange(-reach, reach + 1)
    along = strength[:, rows[:, None], near % width].max(axis=0).mean(axis=0)
    weight = np.clip(along - _PLATEAU * along.max(), 0, None)
    return float(((weight * (near + 0.5)).sum() / max(float(weight.sum()), 1e-12) * cell) % 360)


class _Course(NamedTuple):
    """Slope of a line (rad per m), and scatter of its places about that (deg)."""

    slope: float
    scatter: float


def _course(evidence: LineEvidence, rows: Places, middle: float) -> _Course:
    """Follow a side: a robust straight line through the clearest place of each row."""
    width = evidence.contrast.shape[2]
    cell, reach = 360 / width, round(_FOLLOW_DEG / 360 * width)
    near = int(middle / cell) + np.arange(-reach, reach + 1)
    clear = np.nan_to_num(evidence.contrast[AXIAL][:, rows[:, None], near % width]).clip(0).max(axis=0)
    clear = uniform_filter1d(clear, max(round(_FOLLOW_M / evidence.step), 1), axis=0, mode="nearest")
    best = clear.argmax(axis=1)
    weight = clear[np.arange(rows.size), best] + 1e-6
    along, angle = (rows - rows.mean()) * evidence.step, np.radians((near[best] + 0.5) * cell)
    for _ in range(3):
        line = np.polyfit(along, angle, 1, w=weight)
        away = np.abs(angle - np.polyval(line, along))
        # A cell is some degrees wide, so that no scatter is smaller than one degree.
        scatter = 1.4826 * float(np.median(away)) + np.radians(1.0)
        weight = weight * (away < 2.5 * scatter) + 1e-9
    return _Course(float(line[0]), float(np.degrees(scatter)))


def _turns_with_tool(slope: float, turn: Array, step: float) -> bool:
    """Whether a line follows the tool, where that turns."""
    rate = float(np.polyfit(np.arange(turn.size) * step, turn, 1)[0])
    return abs(rate) > _MIN_TURN and abs(slope - rate) < abs(slope)


def _of_one_axis(pairs: list[LinePair]) -> list[LinePair]:
    """Pairs along the axis that most of them share."""

    def near(pair: LinePair, other: LinePair) -> bool:
        return bool(angle_to_axis(pair.azimuths[0], other.azimuths[0]) <= _SAME_AXIS_DEG)

    def support(pair: LinePair) -> float:
        return sum(other.strength**2 * other.height for other in pairs if near(pair, other))

    if not pairs:
        return []
    best = max(pairs, key=support)
    return [pair for pair in pairs if near(best, pair)]
