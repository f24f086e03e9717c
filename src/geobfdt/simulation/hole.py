"""The hole: depths, diameter, direction, and the frame that turns planes into traces."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geobfdt import geometry
from geobfdt.geometry import Reference
from geobfdt.simulation.noise import smooth_series
from geobfdt.simulation.well_settings import WellSettings

__all__ = ["Hole", "draw_hole"]

Array = npt.NDArray[np.float64]
STEEPEST_DEG = 87.5  # Largest apparent dip: a steeper plane runs along the hole, and its trace is metres long.


@dataclass(frozen=True)
class Hole:
    """
    A hole on the rows of a wall.

    Parameters
    ----------
    depth, diameter, deviation, azimuth : array (rows,)
        Depth (m, MD), diameter (m), inclination and hole azimuth (deg).
    angle : array (columns,)
        Image angles (deg).
    reference : {"north", "high_side", "pseudo_north"}
        Where angle 0 points.
    """

    depth: Array
    diameter: Array
    deviation: Array
    azimuth: Array
    angle: Array
    reference: Reference

    @property
    def step(self) -> float:
        """Distance between rows (m)."""
        return float(self.depth[-1] - self.depth[0]) / max(self.depth.size - 1, 1)

    def frame(self, first: int, last: int) -> tuple[Array, Array, Array]:
        """Axis, reference line and its right-hand neighbour at rows `first` to `last`: arrays (rows, 3)."""
        rows = slice(first, last)
        return geometry.hole_frame(self.deviation[rows], self.azimuth[rows], self.reference)

    def traces(self, depth: npt.ArrayLike, dip: npt.ArrayLike, azimuth: npt.ArrayLike) -> Array:
        """
        Traces of planes that meet the hole axis at depths: array (n, 3), with NaN for planes along the hole.

        Parameters
        ----------
        depth, dip, azimuth : array (n,)
            Depth (m, MD), true dip and dip azimuth (deg).
        """
        depth = np.asarray(depth, dtype=float)
        diameter, deviation = (np.interp(depth, self.depth, log) for log in (self.diameter, self.deviation))
        turned = np.interp(depth, self.depth, np.exp(1j * np.radians(self.azimuth)))
        apparent, t0 = geometry.apparent_from_true(
            dip, azimuth, deviation, np.degrees(np.angle(turned)), self.reference
        )
        apparent = np.where(apparent < STEEPEST_DEG, apparent, np.nan)
        return geometry.trace_from_dip(depth, apparent, t0, diameter)


def draw_hole(settings: WellSettings, depth: Array, columns: int, rng: np.random.Generator) -> Hole:
    """
    Draw a hole: its diameter and direction at each depth.

    Parameters
    ----------
    settings : WellSettings
        The well.
    depth : array (rows,)
        Depths of the rows of the wall (m, MD).
    columns : int
        Number of its columns.
    rng : Generator
        Source of randomness.

    Returns
    -------
    Hole
        The hole, in gauge but for slow variation and washouts.

    Examples
    --------
    >>> hole = draw_hole(WellSettings(diameter=0.2), 1000 + np.arange(3) / 10, 4, np.random.default_rng(0))
    >>> hole.traces([1000.0], [45.0], [0.0]).tolist()
    [[1000.0, 0.1, 0.0]]
    """
    along = depth - settings.top
    length = float(along[-1] - along[0])
    diameter = settings.diameter * (1 + settings.caliper_error * smooth_series(rng, along, 4.0))
    for _ in range(rng.poisson(settings.washouts * length / 100)):
        centre, length, growth = rng.uniform(0, length), rng.uniform(0.15, 1.2), rng.uniform(0.03, 0.3)
        # A washout grows and fades over about its own length: a step in diameter would tear the beds apart.
        diameter = diameter * (1 + growth * np.exp(-(((along - centre) / length) ** 4)))
    deviation = settings.deviation + settings.deviation_drift * along
    return Hole(
        depth=depth,
        diameter=diameter,
        deviation=np.abs(deviation).clip(0, 120),
        azimuth=np.mod(settings.hole_azimuth + settings.azimuth_drift * along, 360.0),
        angle=(np.arange(columns) + 0.5) * 360 / columns,
        reference=settings.reference,
    )
