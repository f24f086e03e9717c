"""Orientations of many planes: their mean, how they scatter, and what they were before the beds were tilted."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from geobfdt.geometry import pole

__all__ = ["MeanPlane", "mean_plane", "plane_of_pole", "remove_dip", "section_dip"]

Array = npt.NDArray[np.float64]


class MeanPlane(NamedTuple):
    """
    Mean orientation of planes.

    Parameters
    ----------
    dip, azimuth : float
        Dip and dip azimuth of the mean plane (deg).
    kappa : float
        Concentration of Fisher: about ``(81 / scatter in degrees)^2``; NaN for a single plane.
    cone : float
        Half-angle of the cone that holds the true mean in 95 of 100 cases (deg); NaN where there are too few planes.
    planes : float
        Number of planes; for weighted planes, the effective number of equal ones.
    """

    dip: float
    azimuth: float
    kappa: float
    cone: float
    planes: float


def plane_of_pole(normal: npt.ArrayLike) -> tuple[Array, Array]:
    """
    Return dip and dip azimuth of planes from their normals, which may point up or down.

    Parameters
    ----------
    normal : array (..., 3)
        East, North, Up.

    Returns
    -------
    dip, azimuth : array (...)
        In degrees, azimuth in [0, 360).

    Examples
    --------
    >>> plane_of_pole([0.0, -1.0, -1.0])
    (45.0, 0.0)
    """
    n = np.asarray(normal, dtype=float)
    up = np.where(n[..., 2:] < 0, -n, n)
    flat = np.hypot(up[..., 0], up[..., 1])
    azimuth = np.degrees(np.arctan2(up[..., 0], up[..., 1])) % 360
    return np.degrees(np.arctan2(flat, up[..., 2]))[()], np.asarray(azimuth)[()]


def mean_plane(dip: npt.ArrayLike, azimuth: npt.ArrayLike, weight: npt.ArrayLike | None = None) -> MeanPlane:
    """
    Average planes.

    Poles have no sign, so that the mean direction is the eigenvector of the largest eigenvalue of the orientation
    tensor (Scheidegger 1965). Scatter and cone are those of Fisher (1953), with all poles turned to the side of that
    direction.

    Parameters
    ----------
    dip, azimuth : array (n,)
        Dip and dip azimuth (deg).
    weight : array (n,), optional
        Weight of each plane.

    Raises
    ------
    ValueError
        If there is no plane.

    Examples
    --------
    >>> mean = mean_plane([29, 31, 30, 30], [90, 90, 88, 92])
    >>> round(mean.dip), round(mean.azimuth), round(mean.cone, 1)
    (30, 90, 1.3)
    """
    normals = pole(dip, azimuth).reshape(-1, 3)
    if not len(normals):
        raise ValueError("no planes to average")
    share = np.ones(len(normals)) if weight is None else np.asarray(weight, dtype=float)
    count = float(share.sum() ** 2 / (share**2).sum())
    share = share / share.sum()
    axis = np.linalg.eigh((normals * share[:, None]).T @ normals)[1][:, -1]
    turned = np.where((normals @ axis < 0)[:, None], -normals, normals)
    total = share @ turned
    length = float(np.linalg.norm(total))
    steep, towards = plane_of_pole(total)
    # The resultant R of Fisher is the length of the sum of the unit vectors.
    off = count * (1 - length)
    kappa = (count - 1) / off if count > 1 and off > 1e-12 else float("nan")
    cone = float("nan")
    if count > 1:
        cosine = 1 - off / (count * length) * (0.05 ** (-1 / (count - 1)) - 1)
        cone = float(np.degrees(np.arccos(cosine))) if cosine >= -1 else float("nan")
    return MeanPlane(float(steep), float(towards), kappa, cone, count)


def remove_dip(
    dip: npt.ArrayLike, azimuth: npt.ArrayLike, structural_dip: float, structural_azimuth: float
) -> tuple[Array, Array]:
    """
    Remove the structural dip: turn planes about the strike of the mean bed, by its dip.

    Parameters
    ----------
    dip, azimuth : array (n,)
        Dip and dip azimuth (deg).
    structural_dip, structural_azimuth : float
        Dip and dip azimuth of the mean bed (deg), which becomes level.

    Returns
    -------
    dip, azimuth : array (n,)
        Orientation of the planes when the beds were level.

    Examples
    --------
    >>> [float(part.round(6)) for part in remove_dip(50.0, 90.0, 20.0, 90.0)]
    [30.0, 90.0]
    """
    normals = pole(dip, azimuth)
    turn, strike = np.radians(structural_dip), np.radians(structural_azimuth - 90)
    axis = np.array([np.sin(strike), np.cos(strike), 0.0])
    # This is the rotation formula of Rodrigues. The sign is chosen so that beds dipping to the right of the strike
    # turn up to level.
    along = (normals @ axis)[..., None] * axis
    turned = normals * np.cos(turn) - np.cross(axis, normals) * np.sin(turn) + along * (1 - np.cos(turn))
    return plane_of_pole(turned)


def section_dip(dip: npt.ArrayLike, azimuth: npt.ArrayLike, section: npt.ArrayLike) -> Array:
    """
    Return the dip of planes in a vertical section.

    Parameters
    ----------
    dip, azimuth : array (...)
        True dip and dip azimuth (deg).
    section : array (...)
        Azimuth of the section (deg).

    Returns
    -------
    array (...)
        Angle of the plane's line on the section from horizontal (deg, -90 to 90): positive where it goes down towards
        the azimuth of the section.

    Examples
    --------
    >>> section_dip(45.0, 90.0, [90.0, 270.0, 30.0]).round(2)
    array([ 45.  , -45.  ,  26.57])
    """
    d = np.radians(dip)
    towards = np.cos(np.radians(np.asarray(azimuth, dtype=float) - section))
    return np.asarray(np.degrees(np.arctan2(np.sin(d) * towards, np.cos(d))))
