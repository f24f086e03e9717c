"""Layered rock round a hole: units of one bedding attitude, bounded by planes, drawn where the hole cuts them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from geobfdt import geometry
from geobfdt.simulation.beds import STEP_M, Column, deposit
from geobfdt.simulation.geology import Geology
from geobfdt.simulation.hole import STEEPEST_DEG, Hole
from geobfdt.simulation.noise import smooth_series
from geobfdt.simulation.undulation import Undulation

__all__ = ["BedPlane", "Strata", "build_strata"]

Array = npt.NDArray[np.float64]


class BedPlane(NamedTuple):
    """
    A bedding plane that crosses the hole.

    Parameters
    ----------
    trace : array (3,)
        ``(z0, a, b)`` (m).
    dip, azimuth : float
        True attitude (deg).
    half_width : float
        Half the height of a thin layer (m along the hole); 0 for a boundary.
    gap : float
        Distance to the nearest neighbouring plane (m along the hole).
    top, base : array (3,)
        Traces between which it is there: its unit's boundaries.
    """

    trace: Array
    dip: float
    azimuth: float
    half_width: float
    gap: float
    top: Array
    base: Array


@dataclass(frozen=True)
class Unit:
    """Rows `first` to `last` of one attitude: position across bedding is ``s + a cos t + b sin t``."""

    top: Array
    base: Array
    first: int
    last: int
    s: Array
    a: Array
    b: Array
    column: Column
    undulation: Undulation | None

    def block(
        self, first: int, last: int, cosine: npt.NDArray[np.float32], sine: npt.NDArray[np.float32],
        mix: npt.NDArray[np.float32],
    ) -> npt.NDArray[np.float32]:  # fmt: skip
        """Property at rows `first` to `last`; `mix` (rows, columns) blends the two tables of laminae."""
        rows = slice(first - self.first, last - self.first)
        samples = [
            ((values / STEP_M).astype(np.float32))[:, None]
            for values in (self.s[rows] - self.column.origin, self.a[rows], self.b[rows])
        ]
        at = samples[1] * cosine
        at += samples[0]
        at += samples[2] * sine
        if self.undulation is not None:
            position = at * np.float32(STEP_M) + np.float32(self.column.origin)
            at += self.undulation.departure(position) / np.float32(STEP_M)
        at += np.float32(0.5)
        index = at.astype(np.int32)
        value = self.column.tables[0].take(index, mode="clip")
        other = self.column.tables[1].take(index, mode="clip")
        other -= value
        other *= mix
        value += other
        return np.asarray(value)


@dataclass(frozen=True)
class Strata:
    """
    All units of a hole, from the top down, and the bedding planes and faults that cross it.

    Parameters
    ----------
    hole : Hole
        The hole.
    units : list of Unit
        In order of depth.
    planes : list of BedPlane
        Planes that somebody could pick.
    faults : array (n, 5)
        Trace (m), true dip and azimuth (deg) of faults between units.
    """

    hole: Hole
    units: list[Unit]
    planes: list[BedPlane]
    faults: Array

    def block(self, first: int, last: int, mix: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Rock property at rows `first` to `last`: array (rows, columns)."""
        angle = np.radians(self.hole.angle)
        cosine, sine = np.cos(angle).astype(np.float32), np.sin(angle).astype(np.float32)
        out = np.zeros((last - first, angle.size), dtype=np.float32)
        for unit in self.units:
            low, high = max(first, unit.first), min(last, unit.last)
            if low >= high:
                continue
            here = slice(low - first, high - first)
            piece = unit.block(low, high, cosine, sine, mix[here])
            # From the deepest point of its top down, a unit fills the wall; above, only what lies below its top.
            z0, a, b = unit.top
            full = int(np.searchsorted(self.hole.depth[low:high], z0 + np.hypot(a, b)))
            edge = (z0 + a * cosine + b * sine - self.hole.depth[low]).astype(np.float32)
            below = (self.hole.depth[low : low + full] - self.hole.depth[low]).astype(np.float32)[:, None] >= edge
            target = out[here]
            np.copyto(target[:full], piece[:full], where=below)
            target[full:] = piece[full:]
        return out


class _Boundary(NamedTuple):
    trace: Array
    kind: str  # One of start, bed and fault.
    dip: float
    azimuth: float
    inside: tuple[float, float]  # Bedding attitude of the unit below.
    foresets: bool


def build_strata(geology: Geology, hole: Hole, rng: np.random.Generator) -> Strata:
    """
    Build the layered rock round a hole.

    Parameters
    ----------
    geology : Geology
        What the rock is like.
    hole : Hole
        The hole.
    rng : Generator
        Source of randomness.

    Returns
    -------
    Strata
        Units and planes.

    Examples
    --------
    >>> from geobfdt.simulation.hole import draw_hole
    >>> from geobfdt.simulation.well_settings import WellSettings
    >>> rng = np.random.default_rng(0)
    >>> hole = draw_hole(WellSettings(), 1000 + 0.0025 * np.arange(4000), 36, rng)
    >>> strata = build_strata(Geology(bed_thickness=0.2), hole, rng)
    >>> strata.block(0, 100, np.zeros((100, 36), np.float32)).shape, len(strata.planes) > 5
    ((100, 36), True)
    """
    boundaries = _boundaries(geology, hole, rng)
    units: list[Unit] = []
    planes: list[BedPlane] = []
    end = np.array([hole.depth[-1] + 50.0, 0.0, 0.0])
    for i, boundary in enumerate(boundaries):
        base = boundaries[i + 1].trace if i + 1 < len(boundaries) else end
        unit, unit_planes = _unit(geology, hole, boundary, base, rng)
        if unit is not None:
            units.append(unit)
            planes += unit_planes
        if boundary.kind == "bed":
            planes.append(
                BedPlane(boundary.trace, boundary.dip, boundary.azimuth, 0.0, 0.05, boundary.trace, boundary.trace)
            )
    faults = [(*one.trace, one.dip, one.azimuth) for one in boundaries if one.kind == "fault"]
    return Strata(hole, units, planes, np.array(faults, dtype=float).reshape(-1, 5))


def _boundaries(geology: Geology, hole: Hole, rng: np.random.Generator) -> list[_Boundary]:
    """Plan the units from the top down: the plane that bounds each, and the attitude of its beds."""
    top, base = float(hole.depth[0]), float(hole.depth[-1])
    regional = (geology.bedding_dip, geology.bedding_azimuth)
    start = np.array([top - 50.0, 0.0, 0.0])
    plan = [_Boundary(start, "start", 0.0, 0.0, regional, False)]
    # Number of cross-bedded sets that begin per metre; a set is 0.8 m high on average.
    set_rate = geology.crossbedding / 0.8 if geology.crossbedding else 0.0
    rates = np.array([set_rate, geology.unconformities / 100, geology.faults / 100])
    depth = top
    while rates.sum() > 0:
        previous = plan[-1]
        wait = rng.uniform(0.15, 1.5) if previous.foresets else rng.exponential(1 / rates.sum())
        depth += max(wait, 0.1)
        if depth >= base:
            break
        kind = rng.choice(3, p=rates / rates.sum())
        surface, inside, foresets, name = regional, regional, False, "bed"
        if kind == 0 and (not previous.foresets or rng.random() < geology.crossbedding):
            surface = _tilted(*regional, 2.0, rng)
            dip = float(np.clip(rng.normal(24, 3.5), 10, 34))
            azimuth = (geology.current_azimuth + rng.normal(0, 20)) % 360
            inside, foresets = _added(surface, dip, azimuth), True
        elif kind == 2 and geology.sets:
            one = geology.sets[int(rng.integers(len(geology.sets)))]
            surface, name = _tilted(one.dip, one.azimuth, 5.0, rng), "fault"
            inside = regional = _tilted(*regional, 4.0, rng)
        elif kind == 1:
            surface = _tilted(*regional, 2.0, rng)
            inside = regional = _tilted(*regional, 8.0, rng)
        trace = hole.traces([depth], [surface[0]], [surface[1]])[0]
        # Boundaries that cross each other inside the hole would leave a unit in two pieces.
        space = depth - previous.trace[0] - float(np.hypot(*(trace[1:] - previous.trace[1:])))
        if np.isfinite(trace).all() and space > 0.04:
            plan.append(_Boundary(trace, name, *surface, inside, foresets))
    return plan


def _tilted(dip: float, azimuth: float, spread: float, rng: np.random.Generator) -> tuple[float, float]:
    normal = geometry.pole(dip, azimuth) + np.radians(spread) * rng.standard_normal(3)
    return _attitude(normal)


def _added(surface: tuple[float, float], dip: float, azimuth: float) -> tuple[float, float]:
    """Attitude of a foreset that dips `dip` towards `azimuth` against a surface that is itself tilted."""
    slope = [np.tan(np.radians(d)) * np.exp(1j * np.radians(z)) for d, z in (surface, (dip, azimuth))]
    total = slope[0] + slope[1]
    return float(np.degrees(np.arctan(abs(total)))), float(np.degrees(np.angle(total)) % 360)


def _attitude(normal: Array) -> tuple[float, float]:
    east, north, up = normal if normal[2] >= 0 else -normal
    return float(np.degrees(np.arctan2(np.hypot(east, north), up))), float(np.degrees(np.arctan2(east, north)) % 360)


def _unit(
    geology: Geology, hole: Hole, boundary: _Boundary, base: Array, rng: np.random.Generator
) -> tuple[Unit | None, list[BedPlane]]:
    reach = [float(np.hypot(*trace[1:])) for trace in (boundary.trace, base)]
    first, last = np.searchsorted(hole.depth, [boundary.trace[0] - reach[0], base[0] + reach[1]])
    if last - first < 2:
        return None, []
    axis, line, right = hole.frame(first, last)
    mean = geometry.pole(*boundary.inside)
    # Attitudes vary with the rock that the hole meets, not with the hole: hardly at all along a bed.
    along = np.abs(np.cumsum(-(axis @ mean)) * hole.step)
    scatter = np.radians(geology.dip_scatter) * np.array(
        [0.8 * smooth_series(rng, along, 1.2) + 0.6 * smooth_series(rng, along, 8.0) for _ in range(2)]
    )
    # Tilts are perpendicular to the mean pole, in a frame that turns with the dip azimuth.
    down = geometry.pole(min(boundary.inside[0] + 90, 180), boundary.inside[1])
    pole = mean + scatter[0][:, None] * down + scatter[1][:, None] * np.cross(mean, down)
    pole /= np.linalg.norm(pole, axis=1, keepdims=True)

    rise = -(pole * axis).sum(1) * hole.step
    s = np.cumsum(rise) - rise / 2
    radius = hole.diameter[first:last] / 2
    a, b = -radius * (pole * line).sum(1), -radius * (pole * right).sum(1)
    swing = np.hypot(a, b)
    low, high = float((s - swing).min()) - 0.01, float((s + swing).max()) + 0.01
    column = deposit(geology, low, high, rng, foresets=boundary.foresets)
    undulation = None
    if geology.undulation or geology.nodules:
        width = (float(np.median(swing)), float(np.median(radius)), hole.angle.size)
        undulation = Undulation(geology, low, high, *width, rng.spawn(1)[0])
    unit = Unit(boundary.trace, base, int(first), int(last), s, a, b, column, undulation)
    return unit, _crossings(hole, unit, pole, axis)


def _crossings(hole: Hole, unit: Unit, pole: Array, axis: Array) -> list[BedPlane]:
    """Depths at which the hole axis crosses the bed boundaries of a unit; it may cross one several times."""
    column = unit.column
    rank = np.searchsorted(column.position, unit.s)
    rows = np.flatnonzero(np.diff(rank))
    which = [np.arange(min(rank[r], rank[r + 1]), max(rank[r], rank[r + 1])) for r in rows]
    if not which:
        return []
    row = np.repeat(rows, [w.size for w in which])
    k = np.concatenate(which)
    share = (column.position[k] - unit.s[row]) / (unit.s[row + 1] - unit.s[row])
    depth = hole.depth[unit.first + row] + share * hole.step
    normal = np.where(pole[row, 2:] < 0, -pole[row], pole[row])
    dip = np.degrees(np.arctan2(np.hypot(normal[:, 0], normal[:, 1]), normal[:, 2]))
    azimuth = np.degrees(np.arctan2(normal[:, 0], normal[:, 1])) % 360
    traces = hole.traces(depth, dip, azimuth)
    along = np.abs((pole[row] * axis[row]).sum(1)).clip(np.cos(np.radians(STEEPEST_DEG)))
    return [
        BedPlane(traces[i], float(dip[i]), float(azimuth[i]), float(column.half_width[k[i]] / along[i]),
                 float(column.gap[k[i]] / along[i]), unit.top, unit.base)
        for i in np.flatnonzero(np.isfinite(traces).all(1))
    ]  # fmt: skip
