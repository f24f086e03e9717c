"""A simulated well: image, every plane that crosses it, and the picks of a simulated interpreter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from geobfdt import geometry
from geobfdt.simulation.hole import Hole, draw_hole
from geobfdt.simulation.image_scaling import moving, scale_images
from geobfdt.simulation.interpreter import draw_intervals, interpret
from geobfdt.simulation.sensor import Sensor
from geobfdt.simulation.tools import TOOLS
from geobfdt.simulation.visibility import (
    BAND_M,
    COARSE_ROW_M,
    RowNoise,
    Visibility,
    line_contrast,
    measure_visibility,
)
from geobfdt.simulation.wall import Wall
from geobfdt.simulation.well_settings import WellSettings, draw
from geobfdt.wells.breakouts import BreakoutTable, complete_breakouts, new_breakouts
from geobfdt.wells.image import WellImage, well_image
from geobfdt.wells.intervals import IntervalTable, join_intervals, new_intervals
from geobfdt.wells.picks import PickTable, complete, new_picks

__all__ = ["SimulatedWell", "interpreted", "planes_of", "simulate_well", "simulate_window"]

ROWS_AT_ONCE = 512  # Rows of wall that are drawn at a time: they fit into the cache.
MIN_VISIBILITY = 0.35  # Planes below this visibility are optional.
MIN_CONTINUITY = 0.3  # Planes that show over a smaller share of the measured turn are optional.
MIN_COVERAGE = 0.1  # Planes that are measured over a smaller share of the turn are optional.
MAX_TRACE_HEIGHT_M = 5.0  # Planes with a taller trace are optional: nobody recognises such a sinusoid.


@dataclass(frozen=True)
class SimulatedWell:
    """
    A well whose planes are known.

    Parameters
    ----------
    settings : WellSettings
        Settings of the well.
    image : WellImage
        Static image and ``dynamic`` companion, 0-255, dark for low.
    truth : PickTable
        Pick table of every plane that crosses the image, with ``visible`` (0 to 1) and ``optional`` (True where an
        interpreter may miss it).
    picks : PickTable
        What the simulated interpreter picked.
    intervals : IntervalTable
        Interpreted and ignored intervals.
    breakouts : DataFrame
        Breakout table (``wells.breakouts``) of every breakout and induced fracture, side by side, with ``visible``: how
        much darker an induced fracture is than the wall beside it, as a share of the contrast of the image; NaN for a
        breakout, and where less than a third of the fracture was measured.
    """

    settings: WellSettings
    image: WellImage
    truth: PickTable
    picks: PickTable
    intervals: IntervalTable
    breakouts: BreakoutTable


class _Plane(NamedTuple):
    trace: npt.NDArray[np.float64]
    dip: float
    azimuth: float
    name: str
    half_width: float
    gap: float
    there: npt.NDArray[np.bool_]
    polarity: str
    minor: bool  # Such planes are always optional.


def simulate_well(settings: WellSettings, rng: np.random.Generator) -> SimulatedWell:
    """
    Simulate a well.

    Parameters
    ----------
    settings : WellSettings
        The well; :func:`~geobfdt.simulation.well_settings.draw` makes random ones.
    rng : Generator
        Source of randomness; the same settings and state give the same well.

    Returns
    -------
    SimulatedWell
        Image, truth, picks and intervals. Memory grows with the length: about 1.7 MB a metre at 2.54 mm and 360
        columns.

    Examples
    --------
    >>> well = simulate_well(WellSettings(length=2.0), np.random.default_rng(0))
    >>> well.image.sizes["azimuth"], bool(well.truth["depth_m"].is_monotonic_increasing)
    (360, True)
    """
    hole_rng, wall_rng, sensor_rng, interpreter_rng = rng.spawn(4)
    spacing, columns = settings.grid()
    down, round_ = TOOLS[settings.tool].oversampling
    rows = max(round(settings.length / spacing), 2)
    step = spacing / down
    depth = np.asarray(settings.top + np.arange(rows * down) * step, dtype=np.float64)
    hole = draw_hole(settings, depth, columns * round_, hole_rng)
    wall = Wall(settings, hole, wall_rng)
    sensor = Sensor(settings, hole, sensor_rng)
    recorded, broken = np.empty((rows, columns), np.float32), np.zeros((rows, columns), np.float32)
    size = max(ROWS_AT_ONCE // down, 1)
    for first in range(0, rows, size):
        last = min(first + size, rows)
        begin, end = max(first * down - sensor.margin, 0), min(last * down + sensor.margin, depth.size)
        wall_rows, unfractured_rows = wall.block(begin, end)
        recorded[first:last] = sensor.measure(wall_rows, begin, first, last)
        if wall_rows is not unfractured_rows:
            broken[first:last] = sensor.sense(wall_rows, begin, first, last) - sensor.sense(
                unfractured_rows, begin, first, last
            )

    static, dynamic = scale_images(recorded, spacing, settings)
    middle = slice((down - 1) // 2, None, down)
    image = well_image(
        static,
        settings.top + (down - 1) / 2 * step + spacing * np.arange(rows),
        dynamic=dynamic,
        diameter=hole.diameter[middle],
        deviation=hole.deviation[middle],
        hole_azimuth=hole.azimuth[middle],
        well=settings.well,
        tool=settings.tool.upper(),
        reference=settings.reference,
        north="true",
        normalisation="static",
    )
    flaws = settings.flaws
    row_noise = RowNoise(sensor.row_noise, flaws.row_offset, flaws.row_correlation)
    return interpreted(settings, wall, image, (recorded, broken), row_noise, interpreter_rng)


def interpreted(
    settings: WellSettings, wall: Wall, image: WellImage,
    recorded: tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]], row_noise: RowNoise, rng: np.random.Generator,
) -> SimulatedWell:  # fmt: skip
    """
    Complete a well by its tables: every plane, what a simulated interpreter picks of them, and intervals.

    Parameters
    ----------
    settings : WellSettings
        The well.
    wall : Wall
        Its wall.
    image : WellImage
        Its image.
    recorded : (array (rows, columns), array (rows, columns))
        What was measured of the wall, before it was scaled, and what fractures alone make of it.
    row_noise : RowNoise
        Noise that the columns of a row share.
    rng : Generator
        Source of the interpreter's errors.

    Returns
    -------
    SimulatedWell
        Image and tables.
    """
    truth = planes_of(wall, image, *recorded, settings, row_noise)
    top, base = float(image.depth.values[0]), float(image.depth.values[-1])
    looked = draw_intervals(settings, top, base, rng)
    diameter = np.interp(truth["depth_m"].to_numpy(float), wall.hole.depth, wall.hole.diameter)
    picks, _ = complete(interpret(truth, looked, settings, diameter, rng), image)
    ignored = new_intervals([(settings.well, "ignored", name, a, b) for name, a, b in wall.damage.intervals])
    intervals = join_intervals([looked, ignored]) if len(ignored) else looked
    return SimulatedWell(settings, image, truth, picks, intervals, _breakouts(wall, image, settings))


def _breakouts(wall: Wall, image: WellImage, settings: WellSettings) -> BreakoutTable:
    """Breakouts and induced fractures of a wall, as an interpreter's table holds them."""
    lobes = wall.damage.lobes
    table = new_breakouts(
        well=settings.well,
        top_m=np.array([lobe.top for lobe in lobes], dtype=float),
        base_m=np.array([lobe.base for lobe in lobes], dtype=float),
        class_=np.array([lobe.name for lobe in lobes], dtype=object),
        azimuth_app_deg=np.array([lobe.angle for lobe in lobes], dtype=float),
        reference=settings.reference,
        width_deg=np.array([lobe.width for lobe in lobes], dtype=float),
        tilt_deg=np.array([lobe.tilt for lobe in lobes], dtype=float),
        source="simulation",
        visible=np.array([line_contrast(image, lobe.path) for lobe in lobes], dtype=float),
    )
    return complete_breakouts(table, image)[0]


def simulate_window(rng: np.random.Generator, length: float = 2.2, **fixed: Any) -> SimulatedWell:
    """
    Simulate a short random well, for streams of training windows.

    Parameters
    ----------
    rng : Generator
        Source of randomness.
    length : float
        Logged length (m).
    **fixed
        Settings to hold.

    Returns
    -------
    SimulatedWell
        The well.

    Examples
    --------
    >>> simulate_window(np.random.default_rng(0), tool="lwd56", row_spacing=0.01).image.sizes["depth"]
    220
    """
    return simulate_well(draw(rng, length=length, **fixed), rng)


def planes_of(
    wall: Wall, image: WellImage, recorded: npt.NDArray[np.float32], broken: npt.NDArray[np.float32],
    settings: WellSettings, row_noise: RowNoise,
) -> PickTable:  # fmt: skip
    """
    Every plane that crosses the image, with its visibility.

    `broken` is what fractures alone make of the image: a fracture too faint to see shows no better for running along
    the edge of a bed.
    """
    depth, angle = image.depth.values, image.azimuth.values
    spacing = float(depth[1] - depth[0])
    _, variation = moving(recorded, max(int(1.0 / spacing), 3))

    # Smallest distance that the image resolves: two rows, or the width of its smoothing.
    resolution = spacing * max(1.0, 2 * settings.flaws.row_blur)
    planes, visibilities = [], []
    for plane in _planes(wall, angle):
        reach = float(np.hypot(plane.trace[1], plane.trace[2]))
        if plane.trace[0] + reach < depth[0] or plane.trace[0] - reach > depth[-1]:
            continue
        visibility = measure_visibility(
            recorded,
            float(depth[0]),
            spacing,
            plane.trace,
            plane.half_width,
            plane.gap,
            plane.there,
            variation,
            row_noise,
            recorded if plane.name == "bedding" else broken,
            _band_height(plane, settings, columns=angle.size, resolution=resolution),
        )
        if visibility.continuity > 0.05 or plane.there.mean() > 0.5:
            planes.append(plane)
            visibilities.append(visibility)
    optional = [
        _optional(plane, visibility, depth, resolution) for plane, visibility in zip(planes, visibilities, strict=True)
    ]
    # Coarse rows hold several beds: the image shows their sum, and the boundary where it changes most.
    if resolution > COARSE_ROW_M:
        optional = _clearest(optional, planes, visibilities, resolution)
    truth = new_picks(
        well=settings.well,
        depth_m=np.array([plane.trace[0] for plane in planes], dtype=float),
        class_=np.array([plane.name for plane in planes], dtype=object),
        dip_true_deg=np.array([plane.dip for plane in planes], dtype=float),
        azimuth_true_deg=np.array([plane.azimuth for plane in planes], dtype=float),
        reference=settings.reference,
        coverage=np.array([visibility.coverage for visibility in visibilities], dtype=float),
        continuity=np.array([visibility.continuity for visibility in visibilities], dtype=float),
        polarity=np.array([plane.polarity for plane in planes], dtype=object),
        source="simulation",
        visible=np.array([visibility.visible for visibility in visibilities], dtype=float),
        optional=np.array(optional, dtype=bool),
    )
    return complete(truth, image)[0]


def _band_height(plane: _Plane, settings: WellSettings, columns: int, resolution: float) -> float:
    """Height of rock to compare on either side of a boundary (m): the height of a gradual boundary, if any."""
    if not settings.broad_contrast:
        return BAND_M
    # A sector averages a steep trace over the depth by which it rises there.
    rise = float(np.hypot(plane.trace[1], plane.trace[2])) * 2 * np.pi / columns
    return max(BAND_M, resolution, rise)


def _planes(wall: Wall, angle: npt.NDArray[np.float64]) -> list[_Plane]:
    """Bedding planes and fractures of a wall, and where round the hole each is, on the angles of the image."""
    hole: Hole = wall.hole
    planes = []
    for bed in wall.strata.planes:
        z = geometry.trace_depth(bed.trace, angle)
        there = (z >= geometry.trace_depth(bed.top, angle) - 1e-6) & (z <= geometry.trace_depth(bed.base, angle) + 1e-6)
        planes.append(_Plane(bed.trace, bed.dip, bed.azimuth, "bedding", bed.half_width, bed.gap, there, "", False))
    for band in wall.bands:
        there = np.interp(angle, hole.angle, band.there, period=360) > 0.5
        bedding = band.kind == "stylolite"
        polarity = "" if bedding else "conductive" if band.level < 0 else "resistive"
        half_width = float(np.median(band.half_width))
        planes.append(
            _Plane(
                band.trace, band.dip, band.azimuth, "bedding" if bedding else "fracture",
                half_width, 1.0, there, polarity, bedding,
            )
        )  # fmt: skip
    return planes


def _optional(plane: _Plane, visibility: Visibility, depth: npt.NDArray[np.float64], resolution: float) -> bool:
    return bool(
        plane.minor
        or visibility.visible < MIN_VISIBILITY
        or visibility.continuity < MIN_CONTINUITY
        or visibility.coverage < MIN_COVERAGE
        or (plane.gap < 1.5 * resolution and resolution <= COARSE_ROW_M)  # Two boundaries lie in one row.
        or 2 * np.hypot(plane.trace[1], plane.trace[2]) > MAX_TRACE_HEIGHT_M
        or not depth[0] <= plane.trace[0] <= depth[-1]
    )


def _clearest(
    optional: list[bool], planes: list[_Plane], visibilities: list[Visibility], resolution: float
) -> list[bool]:
    """Of planes within twice the resolution of each other, make all but the clearest optional."""
    traces = np.array([plane.trace for plane in planes])
    required: list[int] = []
    for i in sorted(np.flatnonzero(~np.array(optional, dtype=bool)), key=lambda i: -visibilities[i].visible):
        if (geometry.trace_rms(traces[i], traces[required]) >= 2 * resolution).all():
            required.append(int(i))
    return [i not in required for i in range(len(planes))]
