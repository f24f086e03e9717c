"""Damage of the wall by drilling, and features of the rock besides planes: breakouts, induced fractures, spots."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from geobfdt.geometry import signed_angle
from geobfdt.simulation.hole import Hole
from geobfdt.simulation.noise import smooth_series
from geobfdt.simulation.well_settings import WellSettings

__all__ = ["Damage", "Lobe", "damage"]

Array = npt.NDArray[np.float64]


# A lobe ends where the wall is whole, or the lobe narrower than this on either side of its middle, ...
_MIN_HALF_WIDTH_RAD = 0.035
# ... over more than this along the hole.
_MAX_LOBE_GAP_M = 0.05


class Lobe(NamedTuple):
    """
    One side of a breakout or of a stretch of induced fractures: what an interpreter would draw.

    Parameters
    ----------
    name : {"breakout", "induced"}
        Class.
    top, base : float
        Depths (m, MD).
    angle, width, tilt : float
        Middle, width, and angle between its axis and that of the hole (deg).
    path : array (points, 2)
        Depths (m, MD) and angles (deg) along the cracks; none for a breakout.
    """

    name: str
    top: float
    base: float
    angle: float
    width: float
    tilt: float
    path: Array


@dataclass(frozen=True)
class _Breakout:
    first: int
    last: int
    middle: Array  # (2, rows) angles of the two sides (rad)
    half: Array  # (2, rows) half widths (rad); not positive where the wall is whole
    level: float
    soft: float  # rad


@dataclass(frozen=True)
class _Crack:
    first: int
    last: int
    angle: Array  # (rows,) rad
    width: float  # rad
    opacity: Array  # (rows,)
    level: float


@dataclass(frozen=True)
class _Spot:
    row: float
    column: float
    tall: float  # rows
    wide: float  # Width (columns).
    level: float


@dataclass(frozen=True)
class Damage:
    """
    Everything on the wall that is no plane.

    Parameters
    ----------
    hole : Hole
        The hole.
    breakouts, cracks, spots : list
        What there is, each with its rows.
    spot_rows : array (spots,)
        Row of each spot, increasing.
    spiral : array (rows, 2)
        Cosine and sine parts of a spiral's contrast.
    washed : array (rows,)
        0 in gauge, 1 where the hole is washed out and the image lost.
    intervals : list of (class, top, base)
        What no picker should be judged on (m, MD).
    lobes : list of Lobe
        Breakouts and induced fractures side by side.
    """

    hole: Hole
    breakouts: list[_Breakout] = field(default_factory=list)
    cracks: list[_Crack] = field(default_factory=list)
    spots: list[_Spot] = field(default_factory=list)
    spot_rows: Array = field(default_factory=lambda: np.zeros(0))
    spiral: Array = field(default_factory=lambda: np.zeros((0, 2)))
    washed: Array = field(default_factory=lambda: np.zeros(0))
    intervals: list[tuple[str, float, float]] = field(default_factory=list)
    lobes: list[Lobe] = field(default_factory=list)

    def draw_spots(self, wall: npt.NDArray[np.float32], first: int) -> None:
        """Draw the spots of a block of rock, in place, before fractures cut them."""
        rows, columns = wall.shape
        begin, end = np.searchsorted(
            self.spot_rows, [first - 0.3 / self.hole.step, first + rows + 0.3 / self.hole.step]
        )
        for spot in self.spots[begin:end]:
            tall, wide = int(2 * spot.tall) + 1, min(int(2 * spot.wide) + 1, columns // 2 - 1)
            low, high = max(int(spot.row) - tall - first, 0), min(int(spot.row) + tall + 1 - first, rows)
            if low >= high:
                continue
            across = np.arange(-wide, wide + 1)
            down = (np.arange(low, high) + first - spot.row) / spot.tall
            radius = down[:, None] ** 2 + (across / spot.wide) ** 2
            alpha = np.exp(-(radius**1.5)).astype(np.float32)
            column = (int(spot.column) + across) % columns
            wall[low:high, column] += alpha * (np.float32(spot.level) - wall[low:high, column])

    def draw_damage(self, wall: npt.NDArray[np.float32], first: int) -> None:
        """Draw the damage by drilling on a block of wall, in place."""
        last = first + wall.shape[0]
        t = np.radians(self.hole.angle).astype(np.float32)
        if self.spiral.size:
            part = self.spiral[first:last].astype(np.float32)
            wall += part[:, :1] * np.cos(t) + part[:, 1:] * np.sin(t)
        washed = self.washed[first:last].astype(np.float32)
        rows = np.flatnonzero(washed > 0.02)
        wall[rows] += washed[rows, None] * (np.float32(-1.5) - wall[rows])
        for crack in self.cracks:
            low, high = max(first, crack.first), min(last, crack.last)
            if low < high:
                part_rows = slice(low - crack.first, high - crack.first)
                away = _apart(t, crack.angle[part_rows])
                alpha = np.exp(-((away / crack.width) ** 2)) * crack.opacity[part_rows, None]
                block = wall[low - first : high - first]
                block += alpha.astype(np.float32) * (np.float32(crack.level) - block)
        for breakout in self.breakouts:
            low, high = max(first, breakout.first), min(last, breakout.last)
            if low < high:
                part_rows = slice(low - breakout.first, high - breakout.first)
                block = wall[low - first : high - first]
                for middle, half in zip(breakout.middle, breakout.half, strict=True):
                    inside = (half[part_rows, None] - np.abs(_apart(t, middle[part_rows]))) / breakout.soft
                    alpha = np.clip(inside, 0, 1).astype(np.float32)
                    block += alpha * (np.float32(breakout.level) - block)


def _apart(t: npt.NDArray[np.float32], middle: Array) -> Array:
    """Signed angle of each column from a middle: array (rows, columns)."""
    away = t - middle[:, None].astype(np.float32)
    return np.asarray(away - np.float32(2 * np.pi) * np.rint(away / np.float32(2 * np.pi)))


def damage(settings: WellSettings, hole: Hole, rng: np.random.Generator) -> Damage:
    """
    Draw breakouts, induced fractures, spots, a spiral and washouts.

    Parameters
    ----------
    settings : WellSettings
        How much of each.
    hole : Hole
        The hole.
    rng : Generator
        Source of randomness.

    Returns
    -------
    Damage
        What to draw.

    Examples
    --------
    >>> from geobfdt.simulation.hole import draw_hole
    >>> settings, rng = WellSettings(breakouts=20.0), np.random.default_rng(0)
    >>> hole = draw_hole(settings, 1000 + 0.01 * np.arange(5000), 36, rng)
    >>> {name for name, _, _ in damage(settings, hole, rng).intervals}
    {'breakout'}
    """
    # Breakouts and induced fractures turn together along a well: they share one stress field.
    stress = rng.uniform(0, 2 * np.pi)
    length = hole.depth[-1] - hole.depth[0]
    intervals: list[tuple[str, float, float]] = []
    breakouts: list[_Breakout] = []
    cracks: list[_Crack] = []
    lobes: list[Lobe] = []
    for first, last in _stretches(hole, settings.breakouts, (0.3, 3.0), rng):
        at = hole.depth[first:last]
        middle = stress + 0.12 * smooth_series(rng, at, 0.5) + np.array([[0.0], [np.pi]])
        noise = np.stack([0.9 * smooth_series(rng, at, 0.2) + 0.4 * smooth_series(rng, at, 0.02) for _ in range(2)])
        # Breakouts come in patches and taper out; below zero the wall is whole.
        taper = np.minimum(at - at[0], at[-1] - at) / rng.uniform(0.05, 0.4)
        half = rng.uniform(0.2, 0.5) * (np.minimum(taper, 1) * (1.3 + 0.9 * noise) - 0.4)
        breakouts.append(_Breakout(first, last, middle, half, -rng.uniform(2, 5), rng.uniform(0.03, 0.15)))
        intervals.append(("breakout", float(at[0]), float(at[-1])))
        lobes += _lobes(at, breakouts[-1])
    for first, last in _stretches(hole, settings.induced, (0.5, 4.0), rng):
        stretch = _induced(hole, first, last, stress + np.pi / 2, rng)
        cracks += stretch
        lobes += _crack_lobes(hole, first, last, stress + np.pi / 2, stretch)
        intervals.append(("induced", float(hole.depth[first]), float(hole.depth[last - 1])))
    washed = (hole.diameter / settings.diameter - 1 - 3 * settings.caliper_error - 0.08).clip(0) / 0.2
    washed = washed.clip(0, 0.85)
    lost = np.flatnonzero(np.diff(np.concatenate([[0], (washed > 0.45).astype(np.int8), [0]])))
    intervals += [
        ("washout", float(hole.depth[a]), float(hole.depth[b - 1]))
        for a, b in zip(lost[::2].tolist(), lost[1::2].tolist(), strict=True)
    ]
    turn = 2 * np.pi * (hole.depth - hole.depth[0]) / rng.uniform(0.2, 1.0) + rng.uniform(0, 2 * np.pi)
    size = settings.spiral * (0.6 + 0.4 * smooth_series(rng, hole.depth, 5.0))
    spiral = np.stack([size * np.cos(turn), size * np.sin(turn)], axis=1) if settings.spiral else np.zeros((0, 2))
    spots = _spots(settings, hole, float(length), rng)
    spot_rows = np.array([spot.row for spot in spots])
    intervals.sort(key=lambda row: row[1])
    return Damage(hole, breakouts, cracks, spots, spot_rows, spiral, washed, intervals, _joined(lobes))


def _lobes(at: Array, breakout: _Breakout) -> list[Lobe]:
    """Each side of a breakout in pieces between which the wall is whole."""
    lobes = []
    for middle, half in zip(breakout.middle, breakout.half, strict=True):
        broken = np.flatnonzero(half > _MIN_HALF_WIDTH_RAD)
        if not broken.size:
            continue
        for rows in np.split(broken, np.flatnonzero(np.diff(at[broken]) > _MAX_LOBE_GAP_M) + 1):
            angle = float(np.degrees(middle[rows].mean()) % 360)
            width = float(np.degrees(2 * half[rows].mean()))
            lobes.append(Lobe("breakout", float(at[rows[0]]), float(at[rows[-1]]), angle, width, 0.0, np.empty((0, 2))))
    return lobes


def _joined(lobes: list[Lobe]) -> list[Lobe]:
    """Join lobes that lie on each other, as those of two stretches that overlap: an interpreter draws one."""
    out: list[Lobe] = []
    # Lobes that reach down to the one at hand.
    here: list[Lobe] = []
    for lobe in sorted(lobes, key=lambda one: one.top):
        out += [one for one in here if one.base <= lobe.top]
        here = [one for one in here if one.base > lobe.top]
        joined = lobe
        while (other := next((one for one in here if _on_each_other(one, joined)), None)) is not None:
            here = [one for one in here if one is not other]
            joined = _join(other, joined)
        here.append(joined)
    return out + here


def _on_each_other(first: Lobe, second: Lobe) -> bool:
    """Whether two lobes of one depth are of one class and share angles."""
    apart = abs(signed_angle(first.angle - second.angle))
    return first.name == second.name and apart < (first.width + second.width) / 2


def _join(first: Lobe, second: Lobe) -> Lobe:
    """One lobe over the depths of two; angles, widths and tilts are means weighted by height."""
    height, more = first.base - first.top, second.base - second.top
    share = more / (height + more)
    turn = signed_angle(second.angle - first.angle)
    return Lobe(
        first.name, min(first.top, second.top), max(first.base, second.base), (first.angle + share * turn) % 360,
        first.width + share * (second.width - first.width), first.tilt + share * (second.tilt - first.tilt),
        np.concatenate([first.path, second.path]),
    )  # fmt: skip


def _crack_lobes(hole: Hole, first: int, last: int, middle: float, cracks: list[_Crack]) -> list[Lobe]:
    """Both sides of a stretch of induced fractures."""
    lobes = []
    for side in (0.0, np.pi):
        mine = [crack for crack in cracks if np.cos(crack.angle.mean() - middle - side) > 0]
        if not mine:
            continue
        rise = (
            sum(float(crack.angle[-1] - crack.angle[0]) for crack in mine) * float(hole.diameter[first:last].mean()) / 2
        )
        along = sum(float(hole.depth[crack.last - 1] - hole.depth[crack.first]) for crack in mine)
        width = float(np.degrees(2 * np.mean([crack.width for crack in mine])))
        tilt, angle = float(np.degrees(np.arctan2(rise, along))), float(np.degrees(middle + side) % 360)
        top, base = float(hole.depth[first]), float(hole.depth[last - 1])
        path = np.concatenate(
            [np.stack([hole.depth[crack.first : crack.last], np.degrees(crack.angle) % 360], axis=1) for crack in mine]
        )
        lobes.append(Lobe("induced", top, base, angle, width, tilt, path))
    return lobes


def _stretches(
    hole: Hole, rate: float, lengths: tuple[float, float], rng: np.random.Generator
) -> list[tuple[int, int]]:
    """Rows of random stretches, `rate` per 100 m."""
    rows = hole.depth.size
    stretches = []
    for _ in range(rng.poisson(rate * rows * hole.step / 100)):
        first, length = int(rng.integers(rows)), rng.uniform(*lengths)
        last = min(first + int(length / hole.step), rows)
        if last - first > 2:
            stretches.append((first, last))
    return stretches


def _induced(hole: Hole, first: int, last: int, middle: float, rng: np.random.Generator) -> list[_Crack]:
    """A pair of axial cracks, or two rows of short inclined ones."""
    at = hole.depth[first:last]
    level, width = -rng.uniform(2, 4), rng.uniform(0.02, 0.05)
    cracks = []
    if rng.random() < 0.5:
        for side in (0.0, np.pi):
            angle = middle + side + 0.05 * smooth_series(rng, at, 0.4) + 0.015 * smooth_series(rng, at, 0.02)
            opacity = rng.uniform(0.3, 0.9) * (0.7 + 0.5 * smooth_series(rng, at, 0.2)).clip(0, 1)
            cracks.append(_Crack(first, last, angle, width, opacity, level))
        return cracks
    # Pitch (m), and slope (rad per m).
    pitch, slope = rng.uniform(0.08, 0.25), rng.choice([-1, 1]) * rng.uniform(1.0, 4.0)
    for side in (0.0, np.pi):
        for centre in np.arange(float(at[0]), float(at[-1]), pitch):
            half = 0.6 * pitch * rng.uniform(0.6, 1.4)
            low, high = np.searchsorted(hole.depth, [centre - half, centre + half])
            if high - low > 2:
                angle = middle + side + 0.04 * rng.standard_normal() + slope * (hole.depth[low:high] - centre)
                opacity = np.full(high - low, rng.uniform(0.3, 0.9))
                cracks.append(_Crack(int(low), int(high), angle, width, opacity, level))
    return cracks


def _spots(settings: WellSettings, hole: Hole, length: float, rng: np.random.Generator) -> list[_Spot]:
    geology = settings.geology
    count = rng.poisson(geology.spots * length)
    if not count:
        return []
    # Vugs come in patches: places where a smooth series is high.
    place = np.sort(hole.depth[0] + length * rng.random(3 * count))
    inside_patches = place[smooth_series(rng, place, 1.5) > 0.43]
    size = np.exp(rng.normal(np.log(0.006), 0.6, inside_patches.size)).clip(0.002, 0.05)
    shape = np.exp(rng.normal(0.2, 0.3, inside_patches.size))
    level = geology.spot_level + 0.8 * rng.standard_normal(inside_patches.size)
    columns = hole.angle.size
    arc = np.pi * settings.diameter / columns
    column = rng.integers(columns, size=inside_patches.size)
    return [
        _Spot((z - hole.depth[0]) / hole.step, c, max(r / hole.step, 0.7), max(r * k / arc, 0.7), v)
        for z, c, r, k, v in zip(
            inside_patches.tolist(), column.tolist(), size.tolist(), shape.tolist(), level.tolist(), strict=True
        )
    ]
