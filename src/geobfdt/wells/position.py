"""Where picks lie in space: the collar of a hole, and positions along its path."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from geobfdt.geometry import well_path
from geobfdt.wells.survey import Survey

__all__ = ["POSITION_COLUMNS", "Collar", "positions"]

# Columns that a position adds to a pick table: map coordinates, elevation, and depth below the datum (m).
POSITION_COLUMNS = ("x_m", "y_m", "z_m", "tvd_m")


@dataclass(frozen=True)
class Collar:
    """
    The point of a hole where measured depth is 0.

    Parameters
    ----------
    x, y : float
        Map coordinates, East and North (m).
    z : float
        Elevation (m, up) of the datum of depths: rotary table, kelly bushing or ground level.
    azimuth_to_grid : float or None
        What is to be added to azimuths of hole and planes so that they count from the North of the coordinates (deg);
        None where it is not known.

    Examples
    --------
    >>> Collar(1000.0, 2000.0, 50.0).azimuth_to_grid is None
    True
    """

    x: float
    y: float
    z: float
    azimuth_to_grid: float | None = None


def positions(collar: Collar, survey: Survey, depth: npt.ArrayLike) -> pd.DataFrame:
    """
    Compute positions along a hole by minimum curvature.

    Parameters
    ----------
    collar : Collar
        Where measured depth is 0.
    survey : Survey
        Stations of the hole. Above the first and below the last one it goes straight on.
    depth : array (n,)
        Depths (m, MD).

    Returns
    -------
    DataFrame
        ``x_m``, ``y_m``, ``z_m`` (up) and ``tvd_m`` (down from the datum of depths), n rows.

    Examples
    --------
    >>> straight = Survey(np.array([0.0]), np.array([90.0]), np.array([90.0]))
    >>> positions(Collar(1000.0, 2000.0, 50.0), straight, [10.0]).round(6).values.tolist()
    [[1010.0, 2000.0, 50.0, 0.0]]
    """
    at = np.concatenate([[0.0], np.asarray(depth, dtype=float)])
    azimuth = survey.azimuth + (collar.azimuth_to_grid or 0.0)
    path = well_path(survey.depth, survey.deviation, azimuth, at)
    east, north, down = (path[1:] - path[0]).T
    columns = (collar.x + east, collar.y + north, collar.z - down, down)
    return pd.DataFrame(dict(zip(POSITION_COLUMNS, columns, strict=True)))
