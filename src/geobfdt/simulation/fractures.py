"""Fractures, faults and stylolites: their places, and their appearance on the wall."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter1d

from geobfdt import geometry
from geobfdt.simulation.geology import FractureSet, Geology
from geobfdt.simulation.hole import Hole
from geobfdt.simulation.strata import Strata

__all__ = ["Band", "draw_fractures", "paint", "spacings"]

Array = npt.NDArray[np.float64]
REACH_HALF_WIDTHS = 3.0  # Distance (half widths) beyond which a band has faded.
MIN_SPACING_M = 0.006  # Two fractures closer than this are one.
_THICK_M = (0.02, 0.1)  # Range of the thickness of thick fractures: their two edges show apart.
_THICK_SHARPNESS = 6.0  # Sharpness of their edges, as those of open or filled fractures.


class Band(NamedTuple):
    """
    A thin band of another property along a plane.

    Parameters
    ----------
    trace : array (3,)
        ``(z0, a, b)`` (m) of the ideal plane.
    dip, azimuth : float
        True attitude (deg).
    kind : str
        ``fracture`` or ``stylolite``.
    level, opacity : float
        Property of the band, and how far it replaces the rock's.
    offset : array (columns,)
        Deviation from the ideal trace (m).
    half_width : array (columns,)
        Half its height on the wall (m along the hole).
    sharpness : float
        2 for a Gaussian cross-section, more for a flat one.
    there : array (columns,)
        0 to 1, how much of it there is at each angle.
    halo : tuple of float
        Half height (m along the hole) and opacity of an altered rim; if negative, its level is opposite to the band's.
    """

    trace: Array
    dip: float
    azimuth: float
    kind: str
    level: float
    opacity: float
    offset: Array
    half_width: Array
    sharpness: float
    there: Array
    halo: tuple[float, float]


def spacings(count: int, mean: float, cv: float, rng: np.random.Generator) -> Array:
    """
    Clustered distances between fractures: log-normal.

    Parameters
    ----------
    count : int
        How many.
    mean, cv : float
        Mean (m) and coefficient of variation.
    rng : Generator
        Source of randomness.

    Returns
    -------
    array (count,)
        Distances (m).

    Examples
    --------
    >>> gaps = spacings(100_000, 0.36, 1.8, np.random.default_rng(0))
    >>> round(float(gaps.mean()), 2), round(float(gaps.std() / gaps.mean()), 1)
    (0.36, 1.8)
    """
    sigma = np.sqrt(np.log1p(cv**2))
    return np.asarray(mean * np.exp(sigma * rng.standard_normal(count) - sigma**2 / 2))


def draw_fractures(
    geology: Geology, hole: Hole, strata: Strata, roughness: float, rng: np.random.Generator
) -> list[Band]:
    """
    Draw the fractures, faults and stylolites of a hole.

    Parameters
    ----------
    geology : Geology
        Sets, density and spacing.
    hole : Hole
        The hole.
    strata : Strata
        The rock; some fractures end on its beds.
    roughness : float
        Deviation from the ideal trace (m).
    rng : Generator
        Source of randomness.

    Returns
    -------
    list of Band
        In order of depth.

    Examples
    --------
    >>> from geobfdt.simulation.hole import draw_hole
    >>> from geobfdt.simulation.well_settings import WellSettings
    >>> from geobfdt.simulation.strata import build_strata
    >>> rng = np.random.default_rng(0)
    >>> geology = Geology(fracture_density=3.0, sets=(FractureSet(dip=60, azimuth=90),))
    >>> hole = draw_hole(WellSettings(), 1000 + 0.0025 * np.arange(8000), 36, rng)
    >>> len(draw_fractures(geology, hole, build_strata(geology, hole, rng), 0.0, rng)) > 10
    True
    """
    bands = [
        _draw_band(hole, trace[:3], float(trace[3]), float(trace[4]), 0.8, roughness, rng, whole=True)
        for trace in strata.faults
    ]
    bands += _natural(geology, hole, strata, roughness, rng)
    bands += _stylolites(geology, hole, rng)
    return sorted(bands, key=lambda band: float(band.trace[0]))


def _natural(geology: Geology, hole: Hole, strata: Strata, roughness: float, rng: np.random.Generator) -> list[Band]:
    if not geology.sets or geology.fracture_density <= 0:
        return []
    top, base = float(hole.depth[0]) - 1.0, float(hole.depth[-1]) + 1.0
    mean = 1 / geology.fracture_density
    gaps = spacings(int(4 * (base - top) / mean) + 200, mean, geology.spacing_cv, rng)
    depths = top - mean * rng.random() + np.cumsum(gaps)
    depths = depths[(depths > top) & (depths < base)]
    if depths.size:
        depths = depths[np.diff(depths, prepend=-np.inf) > MIN_SPACING_M]
    weights = np.array([one.weight for one in geology.sets])
    chosen = rng.choice(len(geology.sets), size=depths.size, p=weights / weights.sum())
    bands: list[Band] = []
    thick_rng = rng.spawn(1)[0] if geology.thick_fractures else None
    for depth, which in zip(depths.tolist(), chosen.tolist(), strict=True):
        one = geology.sets[which]
        dip, azimuth = _scattered(one, rng)
        trace = hole.traces([depth], [dip], [azimuth])[0]
        if not np.isfinite(trace).all():
            continue
        band = _draw_band(hole, trace, dip, azimuth, one.conductive, roughness, rng)
        if thick_rng is not None and thick_rng.random() < geology.thick_fractures:
            band = _thickened(band, hole, float(thick_rng.uniform(*_THICK_M)))
        ends = rng.random()
        if ends < 0.2:
            against = [other.trace for other in bands[-6:]]
        elif ends < 0.3:
            near = np.array([plane.trace[0] for plane in strata.planes])
            against = [strata.planes[i].trace for i in np.flatnonzero(np.abs(near - depth) < np.hypot(*trace[1:]))]
        else:
            against = []
        if against:
            band = _ended(band, hole, against[int(rng.integers(len(against)))], rng)
        bands.append(band)
    return bands


def _thickened(band: Band, hole: Hole, thickness: float) -> Band:
    """Thicken a band (m, perpendicular to its plane) until both edges show; its variation round the hole stays."""
    diameter = float(np.interp(band.trace[0], hole.depth, hole.diameter))
    slope = 2 * float(np.hypot(band.trace[1], band.trace[2])) / diameter
    half_width = thickness / 2 * np.sqrt(1 + slope**2)
    varied = band.half_width / float(band.half_width.mean()) * half_width
    return band._replace(half_width=varied, halo=(0.0, 0.0), sharpness=_THICK_SHARPNESS)


def _scattered(one: FractureSet, rng: np.random.Generator) -> tuple[float, float]:
    """Draw an attitude from a Fisher distribution about a set's mean."""
    k = one.concentration
    cosine = 1 + np.log1p(-rng.random() * (1 - np.exp(-2 * k))) / k
    sine, turn = np.sqrt(max(1 - cosine**2, 0.0)), rng.uniform(0, 2 * np.pi)
    mean = geometry.pole(one.dip, one.azimuth)
    across = geometry.pole(one.dip + 90, one.azimuth)
    pole = cosine * mean + sine * (np.cos(turn) * across + np.sin(turn) * np.cross(mean, across))
    east, north, up = pole if pole[2] >= 0 else -pole
    return float(np.degrees(np.arctan2(np.hypot(east, north), up))), float(np.degrees(np.arctan2(east, north)) % 360)


def _periodic(rng: np.random.Generator, columns: int, width: float) -> Array:
    """Smooth noise round the hole, of unit variance; `width` is its correlation (columns)."""
    noise: Array = gaussian_filter1d(rng.standard_normal(columns), max(width, 0.5), mode="wrap")
    return np.asarray(noise / max(float(noise.std()), 1e-9))


# Numbers that one formula needs; no two of them travel together elsewhere.
def _draw_band(  # noqa: PLR0913
    hole: Hole, trace: Array, dip: float, azimuth: float, conductive: float, roughness: float,
    rng: np.random.Generator, *, whole: bool = False,
) -> Band:  # fmt: skip
    columns = hole.angle.size
    t = np.radians(hole.angle)
    harmonics = np.arange(2, 9)[:, None]
    size = rng.standard_normal(7) / np.arange(2, 9) * 1.5
    offset = size @ np.cos(harmonics * t + rng.uniform(0, 2 * np.pi, (7, 1)))
    offset = roughness * (offset + 0.35 * _periodic(rng, columns, columns / 120))
    diameter = float(np.interp(trace[0], hole.depth, hole.diameter))
    slope = 2 * float(np.hypot(trace[1], trace[2])) / diameter
    aperture = float(np.exp(rng.normal(np.log(0.0035), 0.75)).clip(0.001, 0.03))
    half_width = np.full(columns, aperture / 2 * np.sqrt(1 + slope**2))
    rim = min(rng.uniform(3, 8) * aperture / 2, 0.03) * np.sqrt(1 + slope**2)
    half_width *= np.exp(rng.uniform(0.1, 0.5) * _periodic(rng, columns, columns / 40))
    # Some fractures have an open cavity on one side.
    if rng.random() < 0.06:
        bump = np.exp(3 * (np.cos(t - rng.uniform(0, 2 * np.pi)) - 1))
        half_width += bump * np.minimum(rng.uniform(3, 10) * half_width, 0.03 * np.sqrt(1 + slope**2))
    there = np.ones(columns)
    kind_draw = rng.random()
    # Partial fractures end inside the wall, discontinuous ones are interrupted.
    if kind_draw < 0.25 and not whole:
        half = np.radians(rng.uniform(40, 160))
        away = np.abs(np.angle(np.exp(1j * (t - rng.uniform(0, 2 * np.pi)))))
        there = np.clip((half - away) / 0.06 + 0.5, 0, 1)
    elif kind_draw < 0.45:  # Discontinuous fractures.
        there = np.clip(3 * (_periodic(rng, columns, columns * rng.uniform(0.01, 0.05)) + rng.uniform(-0.2, 1.0)), 0, 1)
    is_conductive = rng.random() < conductive
    return Band(
        trace=trace,
        dip=dip,
        azimuth=azimuth,
        kind="fracture",
        level=-rng.uniform(2, 5) if is_conductive else rng.uniform(1.5, 4),
        opacity=float(np.clip(rng.beta(2.0, 1.2), 0.06, 1)),
        offset=offset,
        half_width=half_width,
        sharpness=float(rng.uniform(2, 5)),
        there=there,
        halo=(rim, rng.uniform(0.05, 0.3) * rng.choice([1, -1], p=[0.7, 0.3])) if rng.random() < 0.4 else (0.0, 0.0),
    )


def _ended(band: Band, hole: Hole, against: Array, rng: np.random.Generator) -> Band:
    """Keep a band on one side of another plane's trace only, the side with more of it."""
    below = geometry.trace_depth(band.trace, hole.angle) > geometry.trace_depth(against, hole.angle)
    side = below if below.mean() > 0.5 or (below.mean() > 0.25 and rng.random() < 0.3) else ~below
    return band._replace(there=band.there * side)


def _stylolites(geology: Geology, hole: Hole, rng: np.random.Generator) -> list[Band]:
    """Dark, jagged seams along the bedding."""
    length = float(hole.depth[-1] - hole.depth[0])
    bands = []
    for depth in hole.depth[0] + length * rng.random(rng.poisson(geology.stylolites * length)):
        normal = geometry.pole(geology.bedding_dip, geology.bedding_azimuth) + 0.04 * rng.standard_normal(3)
        dip = float(np.degrees(np.arctan2(np.hypot(normal[0], normal[1]), abs(normal[2]))))
        azimuth = float(np.degrees(np.arctan2(normal[0], normal[1])) % 360)
        trace = hole.traces([depth], [dip], [azimuth])[0]
        if not np.isfinite(trace).all():
            continue
        band = _draw_band(hole, trace, dip, azimuth, 0.95, 0.0, rng, whole=True)
        columns = hole.angle.size
        teeth = np.abs(_periodic(rng, columns, columns / 150)) * _periodic(rng, columns, columns / 40)
        bands.append(
            band._replace(
                kind="stylolite",
                offset=rng.uniform(0.001, 0.005) * teeth,
                half_width=band.half_width * 0.5,
                opacity=0.6 * band.opacity,
                halo=(0.0, 0.0),
            )
        )
    return bands


def paint(wall: npt.NDArray[np.float32], first: int, hole: Hole, bands: list[Band]) -> None:
    """
    Paint bands on a block of the wall, in place.

    Parameters
    ----------
    wall : array (rows, columns)
        The block.
    first : int
        Row of the hole where the block begins.
    hole : Hole
        The hole.
    bands : list of Band
        Bands that may cross the block; the later lie on top.

    Examples
    --------
    >>> paint(np.zeros((4, 36), np.float32), 0, None, [])
    """
    for band in bands:
        centre = (geometry.trace_depth(band.trace, hole.angle) + band.offset - hole.depth[first]) / hole.step
        # A pixel averages its footprint. What is thinner than a row, or than the trace's rise from one column to the
        # next, keeps its total contrast: it is drawn as wide as that and fainter, else a steep line would be dotted.
        least = np.maximum(0.25 * np.abs(np.roll(centre, -1) - np.roll(centre, 1)), 0.6)
        for half_width, sharpness, level, opacity in _strokes(band, hole.step):
            painted_half_width = np.maximum(half_width, least)
            _stroke(wall, centre, painted_half_width, sharpness, level, opacity * half_width / painted_half_width)


def _strokes(band: Band, step: float) -> Iterator[tuple[Array, float, float, Array]]:
    """Half width (rows), sharpness, level and opacity of a band's rim, if it has one, and of the band."""
    if abs(band.halo[1]) > 0:
        rim = np.full(band.offset.size, band.halo[0] / step)
        yield rim, 2.0, band.level if band.halo[1] > 0 else -0.5 * band.level, abs(band.halo[1]) * band.there
    yield band.half_width / step, band.sharpness, band.level, band.opacity * band.there


def _stroke(
    wall: npt.NDArray[np.float32], centre: Array, width: Array, sharpness: float, level: float, opacity: Array
) -> None:
    reach = REACH_HALF_WIDTHS if sharpness < 3 else 1.5
    half = int(np.ceil(reach * float(width.max()))) + 1
    if centre.max() + half < 0 or centre.min() - half >= wall.shape[0]:
        return
    columns_painted = np.flatnonzero(opacity > 0)
    nearest = np.rint(centre[columns_painted]).astype(int)
    rows = nearest + np.arange(-half, half + 1)[:, None]
    distance = np.abs(rows - centre[columns_painted]) / width[columns_painted]
    alpha = (opacity[columns_painted] * np.exp(-(distance**sharpness) * 0.7)).astype(np.float32)
    inside = (rows >= 0) & (rows < wall.shape[0]) & (alpha > 0.003)
    row, column = rows[inside], np.broadcast_to(columns_painted, rows.shape)[inside]
    wall[row, column] += alpha[inside] * (np.float32(level) - wall[row, column])
