"""The structure of several wells in numbers: intensities side by side, common sets, and curves between the wells."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.sparse.csgraph import minimum_spanning_tree
from scipy.spatial.distance import pdist, squareform

from geobfdt.quality.measured import MeasuredDepths
from geobfdt.reports.exports import density_curves
from geobfdt.reports.stress_section import StressLine
from geobfdt.reports.structure_section import Structure, analyse_structure
from geobfdt.reports.well_curves import NO_CURVES, WellCurves
from geobfdt.structure.between_wells import MIN_WELLS, Gain, LevelCurves, krige_curves, leave_one_out
from geobfdt.structure.homogeneity import Homogeneity, compare_wells, holm
from geobfdt.structure.intensity import Intensity, intensity, terzaghi_weight
from geobfdt.structure.sets import PlaneSet, find_sets
from geobfdt.wells.image import WellImage
from geobfdt.wells.intervals import IntervalTable, covered
from geobfdt.wells.picks import CLASSES, PickTable, with_attitude
from geobfdt.wells.position import Collar, positions
from geobfdt.wells.survey import Survey

__all__ = ["BetweenWells", "FieldSet", "FieldStructure", "FieldWell", "WellTrack", "analyse_field", "analyse_well"]

# Blocks of depth are as long as the shortest well over this number, and at least that long (m).
_BLOCKS_PER_WELL, _MIN_BLOCK_M = 8, 2.0
# Distance of the levels of curves (m), and how many samples along the hole a level of a vertical hole has.
_LEVEL_M, _SAMPLES_PER_LEVEL = 0.1, 2

Array = npt.NDArray[np.float64]


class WellTrack(NamedTuple):
    """
    Where a well lies.

    Parameters
    ----------
    collar : Collar
        The point where measured depth is 0.
    survey : Survey
        Stations of the hole.
    """

    collar: Collar
    survey: Survey

    def at(self, depth: npt.ArrayLike) -> Array:
        """Return x, y and z (m, up) of depths (m, MD), an array (n, 3)."""
        return positions(self.collar, self.survey, depth)[["x_m", "y_m", "z_m"]].to_numpy(float)


class FieldWell(NamedTuple):
    """
    A well of a field.

    Parameters
    ----------
    name : str
        Its name.
    structure : Structure
        Its own structure.
    stretches : dict of str to MeasuredDepths
        For each class, the depths that are measured and interpreted for it.
    counted : array of bool
        Picks of the structure that lie there.
    track : WellTrack or None
        Where it lies, if that is known.
    levels : array (n,) of int
        Elevations of its curve, in decimetres; empty without a track.
    curve : array (n, 3)
        x, y (m) and P32 of fractures at the levels.
    stress : list of StressLine
        The stress azimuth by its breakouts and induced fractures.
    measured : WellCurves
        Apertures, vugs and caliper along it.
    north : str
        North of its azimuths: true, grid, magnetic or unknown.
    """

    name: str
    structure: Structure
    stretches: dict[str, MeasuredDepths]
    counted: npt.NDArray[np.bool_]
    track: WellTrack | None
    levels: npt.NDArray[np.int64]
    curve: Array
    stress: Sequence[StressLine] = ()
    measured: WellCurves = NO_CURVES
    north: str = "unknown"


class FieldSet(NamedTuple):
    """
    A set of fractures that wells have in common.

    Parameters
    ----------
    part : PlaneSet
        Mean of its planes in all wells.
    wells : dict of str to Intensity or None
        Its intensity in each well; None where no metre counts.
    homogeneity : Homogeneity
        Comparison of its P32 between wells.
    probability : float
        That of the comparison, adjusted for the number of sets.
    """

    part: PlaneSet
    wells: dict[str, Intensity | None]
    homogeneity: Homogeneity
    probability: float


class BetweenWells(NamedTuple):
    """
    Curves between wells.

    Parameters
    ----------
    z : array (levels,)
        Elevations (m, up).
    curves : LevelCurves
        Curves of the wells.
    gain : Gain
        What kriging gains over the mean of the other wells.
    names : list of str
        Names of the places between wells.
    places : array (n, 2)
        Their map coordinates (m).
    pairs : list of (int, int) or None
        The wells on both sides of each place; None for a place of the user.
    values, sigma : array (n, levels)
        Kriged curves; no rows where nothing is gained.
    """

    z: Array
    curves: LevelCurves
    gain: Gain
    names: list[str]
    places: Array
    pairs: list[tuple[int, int] | None]
    values: Array
    sigma: Array


class FieldStructure(NamedTuple):
    """
    What the picks of several wells say together.

    Parameters
    ----------
    wells : list of FieldWell
        The wells.
    block : float
        Length of the blocks of depth that are compared (m).
    homogeneity : dict of str to Homogeneity
        Comparison of the P32 of wells, for each class.
    sets : list of FieldSet
        Fracture sets of all wells, the largest first.
    between : BetweenWells or None
        Curves between wells; None without places of at least four wells.
    """

    wells: list[FieldWell]
    block: float
    homogeneity: dict[str, Homogeneity]
    sets: list[FieldSet]
    between: BetweenWells | None

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        between = None
        if self.between is not None:
            gain = self.between.gain
            between = {
                **gain._asdict(),
                "by_well": {well.name: errors for well, errors in zip(self.wells, gain.by_well.tolist(), strict=True)},
            }
        return {
            "wells": {well.name: well.structure.to_dict() for well in self.wells},
            "block_m": self.block,
            "homogeneity": {name: one._asdict() for name, one in self.homogeneity.items()},
            "sets": [
                {
                    **one.part.mean._asdict(),
                    "members": len(one.part.members),
                    "p32": {name: None if part is None else part.p32 for name, part in one.wells.items()},
                    "homogeneity": one.homogeneity._asdict(),
                    "probability_adjusted": one.probability,
                }
                for one in self.sets
            ],
            "between_wells": between,
            "stress": {well.name: {line.name: line.vertical._asdict() for line in well.stress} for well in self.wells},
        }


def analyse_well(
    image: WellImage, picks: PickTable, intervals: IntervalTable, track: WellTrack | None, window: float
) -> FieldWell:
    """
    Work out one well of a field, so that its image is not needed any more.

    Parameters
    ----------
    image : WellImage
        The well.
    picks, intervals : DataFrame
        Its tables.
    track : WellTrack or None
        Where it lies.
    window : float
        Height of the averaging window of its curve (m).

    Returns
    -------
    FieldWell
        Its numbers.
    """
    name = str(image.attrs["well"])
    structure, measured = analyse_structure(image, picks, intervals), MeasuredDepths.of(image)
    stretches = {one: measured.where(covered(intervals, name, one, measured.depth)) for one in CLASSES}
    at, classes = structure.picks["depth_m"].to_numpy(float), structure.picks["class"].to_numpy(object)
    counted = measured.contains(at)
    for one in CLASSES:
        counted &= (classes != one) | covered(intervals, name, one, at)
    levels, curve = np.empty(0, dtype=np.int64), np.empty((0, 3))
    if track is not None:
        depth, step = image["depth"].values, _LEVEL_M / _SAMPLES_PER_LEVEL
        samples = np.arange(np.ceil(depth[0] / step), np.floor(depth[-1] / step) + 1) * step
        values = density_curves(image, structure.picks, intervals, samples, window)["P32_fracture"].to_numpy(float)
        place = track.at(samples)
        levels, curve = _by_level(place, values)
    return FieldWell(name, structure, stretches, counted, track, levels, curve, north=str(image.attrs["north"]))


def _by_level(place: Array, values: Array) -> tuple[npt.NDArray[np.int64], Array]:
    """Mean place and value of the samples of each level; a hole may meet a level more than once."""
    usable = np.isfinite(values)
    level, of_sample = np.unique(np.rint(place[usable, 2] / _LEVEL_M).astype(np.int64), return_inverse=True)
    columns = np.column_stack([place[usable, :2], values[usable]])
    count = np.bincount(of_sample, minlength=level.size)
    sums = [np.bincount(of_sample, column, minlength=level.size) for column in columns.T]
    return level, np.column_stack(sums).reshape(-1, 3) / np.maximum(count, 1)[:, None]


def analyse_field(wells: Sequence[FieldWell], at: Sequence[tuple[float, float]] = ()) -> FieldStructure:
    """
    Compare the wells of a field.

    Parameters
    ----------
    wells : sequence of FieldWell
        The wells.
    at : sequence of (x, y)
        Map coordinates of further places for which curves are kriged (m).

    Returns
    -------
    FieldStructure
        Intensities, sets and curves.

    Raises
    ------
    InputError
        If PyKrige is not installed and the places of at least four wells are known.
    """
    lengths = [well.stretches["fracture"].metres for well in wells]
    block = max(min((one for one in lengths if one > 0), default=0.0) / _BLOCKS_PER_WELL, _MIN_BLOCK_M)
    homogeneity = {name: _compare(wells, [_rows_of(well, name) for well in wells], name, block) for name in CLASSES}
    placed = [well for well in wells if well.levels.size]
    between = _between(wells, at) if len(placed) >= MIN_WELLS else None
    return FieldStructure(list(wells), block, homogeneity, _common_sets(wells, block), between)


def _rows_of(well: FieldWell, name: str) -> npt.NDArray[np.bool_]:
    return np.asarray((well.structure.picks["class"] == name).to_numpy() & well.counted)


def _weights(well: FieldWell, rows: npt.NDArray[np.bool_]) -> tuple[Array, Array, Array]:
    """Depths, probabilities and Terzaghi weights of picks; planes of unknown dip weigh nothing."""
    picks = well.structure.picks[rows]
    sure = picks["confidence"].fillna(1.0).to_numpy(float)
    return picks["depth_m"].to_numpy(float), sure, np.nan_to_num(terzaghi_weight(picks["dip_app_deg"]))


def _compare(wells: Sequence[FieldWell], rows: Sequence[npt.NDArray[np.bool_]], name: str, block: float) -> Homogeneity:
    """Compare the P32 of some picks between wells, in blocks of depth."""
    metres, area, square = [], [], []
    for well, chosen in zip(wells, rows, strict=True):
        looked = well.stretches[name]
        top, base = float(looked.depth[0]), float(looked.depth[-1])
        edges = np.linspace(top, base, max(round((base - top) / block), 1) + 1)
        depth, sure, weight = _weights(well, chosen)
        length = looked.metres_between(edges)
        # A block of which little is measured would be a sample of hardly anything.
        length[length < block / 2] = 0.0
        number = np.clip(np.searchsorted(edges, depth, side="right") - 1, 0, length.size - 1)
        metres.append(length)
        area.append(np.bincount(number, sure * weight, minlength=length.size))
        square.append(np.bincount(number, sure * weight**2, minlength=length.size))
    return compare_wells(metres, area, square)


def _common_sets(wells: Sequence[FieldWell], block: float) -> list[FieldSet]:
    """Sets of the fractures of all wells together."""
    tables = [with_attitude(well.structure.picks) for well in wells]
    tables = [PickTable(table[table["class"] == "fracture"]) for table in tables]
    owner = np.repeat(np.arange(len(wells)), [len(table) for table in tables])
    dip, azimuth, confidence = (
        np.concatenate([np.empty(0), *(table[column].to_numpy(float) for table in tables)])
        for column in ("dip_true_deg", "azimuth_true_deg", "confidence")
    )
    parts = find_sets(dip, azimuth, np.where(np.isfinite(confidence), confidence, 1.0))
    local = np.concatenate([np.empty(0, dtype=np.int64), *(table.index.to_numpy() for table in tables)])
    lines = []
    for part in parts:
        chosen, amounts = [], dict[str, Intensity | None]()
        for number, well in enumerate(wells):
            mine = np.zeros(len(well.structure.picks), dtype=bool)
            mine[local[part.members][owner[part.members] == number]] = True
            mine &= well.counted
            chosen.append(mine)
            length = well.stretches["fracture"].metres
            picks = well.structure.picks[mine]
            depth, tilt = (picks[column].to_numpy(float) for column in ("depth_m", "dip_app_deg"))
            amounts[well.name] = intensity(depth, tilt, length, _weights(well, mine)[1]) if length > 0 else None
        lines.append(FieldSet(part, amounts, _compare(wells, chosen, "fracture", block), float("nan")))
    adjusted = holm([line.homogeneity.probability for line in lines])
    return [line._replace(probability=float(value)) for line, value in zip(lines, adjusted, strict=True)]


def _between(wells: Sequence[FieldWell], at: Sequence[tuple[float, float]]) -> BetweenWells:
    """Check and krige the curves of wells whose place is known."""
    low = min(int(well.levels[0]) for well in wells if well.levels.size)
    high = max(int(well.levels[-1]) for well in wells if well.levels.size)
    table = np.full((3, len(wells), high - low + 1), np.nan)
    for number, well in enumerate(wells):
        table[:, number, well.levels - low] = well.curve.T
    curves = LevelCurves(*table)
    gain = leave_one_out(curves)
    pairs, places = _neighbours(wells)
    names = [f"{wells[first].name} - {wells[second].name}" for first, second in pairs]
    names += [f"x {x:.10g}, y {y:.10g}" for x, y in at]
    where = np.concatenate([places, np.asarray(at, dtype=float).reshape(-1, 2)])
    empty = np.empty((0, table.shape[2]))
    values, sigma = krige_curves(curves, where, gain) if gain.gained else (empty, empty)
    # Beyond the reach of its two wells, a curve between them would be another wells' curve.
    for row, pair in enumerate(pairs if gain.gained else []):
        beyond = ~np.isfinite(curves.values[list(pair)]).all(axis=0)
        values[row, beyond] = sigma[row, beyond] = np.nan
    z = _LEVEL_M * np.arange(low, high + 1, dtype=np.float64)
    return BetweenWells(z, curves, gain, names, where, [*pairs, *[None] * len(at)], values, sigma)


def _neighbours(wells: Sequence[FieldWell]) -> tuple[list[tuple[int, int]], Array]:
    """Pairs of neighbouring wells, which connect all wells by the shortest lines, and the middle of each pair."""
    numbers = [number for number, well in enumerate(wells) if well.levels.size]
    middle = np.array([wells[number].curve[:, :2].mean(axis=0) for number in numbers])
    # Twin wells are no distance apart, which a sparse graph would take as no line.
    tree = minimum_spanning_tree(squareform(np.maximum(pdist(middle), 1e-6))).tocoo()
    pairs = sorted((min(a, b), max(a, b)) for a, b in zip(tree.row.tolist(), tree.col.tolist(), strict=True))
    places = np.array([(middle[a] + middle[b]) / 2 for a, b in pairs]).reshape(-1, 2)
    return [(numbers[a], numbers[b]) for a, b in pairs], places
