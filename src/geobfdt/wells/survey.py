"""The hole's survey: deviation and azimuth at stations along it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geobfdt import geometry

__all__ = ["Survey"]

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Survey:
    """
    Stations of a deviation survey.

    Parameters
    ----------
    depth : array (n,)
        Station depths (m, MD), strictly increasing.
    deviation, azimuth : array (n,)
        Hole inclination from vertical and azimuth (deg).
    north : str
        Which north the azimuths are from: true, grid, magnetic, or unknown.

    Examples
    --------
    >>> Survey(np.array([0.0, 100.0]), np.array([10.0, 20.0]), np.array([0.0, 0.0])).at([50.0])
    (array([15.]), array([0.]))
    """

    depth: Array
    deviation: Array
    azimuth: Array
    north: str = "unknown"

    def at(self, depth: npt.ArrayLike) -> tuple[Array, Array]:
        """
        Deviation and azimuth at depths, by minimum curvature; beyond the ends the end stations are held.

        Parameters
        ----------
        depth : array (m,)
            Depths (m, MD).

        Returns
        -------
        deviation, azimuth : array (m,)
            Interpolated (deg).
        """
        return geometry.interpolate_survey(self.depth, self.deviation, self.azimuth, depth)
