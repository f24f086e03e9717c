"""From distances seen from the tool to radii about the hole axis, on the same columns."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from geobfdt.hole.circle_fit import HoleFit, fitted_distance

__all__ = ["radius_about_axis", "turn_to_axis"]

Array = npt.NDArray[np.float64]


def radius_about_axis(distance: npt.ArrayLike, angle: npt.ArrayLike, fit: HoleFit) -> Array:
    """
    Turn distances from the tool axis into radii about the hole axis.

    Parameters
    ----------
    distance : array (rows, columns)
        Distances from the tool axis to the wall (m); NaN where nothing was measured.
    angle : array (columns,)
        Image angles (deg), seen from the tool and, in the result, from the hole axis.
    fit : HoleFit
        The hole of each row.

    Returns
    -------
    array (rows, columns)
        Radii (m); NaN where nothing was measured, or the row has no fit.

    Examples
    --------
    >>> from geobfdt.hole.circle_fit import fit_holes
    >>> angle = np.arange(2.5, 360, 5)
    >>> circle = 0.005 * np.cos(np.radians(angle)) + np.sqrt(0.05**2 - (0.005 * np.sin(np.radians(angle))) ** 2)
    >>> radius = radius_about_axis(circle[None], angle, fit_holes(circle[None], angle))
    >>> bool(np.allclose(radius, 0.05))
    True
    """
    values, t = np.asarray(distance, dtype=np.float64), np.radians(np.asarray(angle, dtype=np.float64))
    x, y = values * np.cos(t) - fit.axis[:, :1], values * np.sin(t) - fit.axis[:, 1:]
    return turn_to_axis(np.hypot(x, y), angle, fit, values)


def turn_to_axis(
    values: npt.ArrayLike, angle: npt.ArrayLike, fit: HoleFit, distance: npt.ArrayLike | None = None
) -> Array:
    """
    Bring values at angles seen from the tool to the same angles seen from the hole axis.

    Parameters
    ----------
    values : array (rows, columns)
        Values of the wall, such as amplitudes.
    angle : array (columns,)
        Image angles (deg).
    fit : HoleFit
        The hole of each row.
    distance : array (rows, columns), optional
        Measured distances (m); where they are not known, those of the fit are taken.

    Returns
    -------
    array (rows, columns)
        Values, straight between neighbours that were measured; NaN where the nearest one was not measured, and in rows
        without a fit.

    Notes
    -----
    A tool that is ``e`` off the axis of a hole with radius ``R`` sees a point of the wall up to ``asin(e / R)`` off its
    angle about the axis: 6 degrees for 5 mm in a hole of 100 mm.
    """
    pixels, degrees = np.asarray(values, dtype=np.float64), np.asarray(angle, dtype=np.float64)
    t = np.radians(degrees)
    away = fitted_distance(fit, degrees)
    if distance is not None:
        measured = np.asarray(distance, dtype=np.float64)
        away = np.where(np.isfinite(measured), measured, away)
    at = np.degrees(np.arctan2(away * np.sin(t) - fit.axis[:, 1:], away * np.cos(t) - fit.axis[:, :1])) % 360
    out = np.full(pixels.shape, np.nan)
    for row in np.flatnonzero(np.isfinite(fit.radius)):
        order = np.argsort(at[row], kind="stable")
        places, ordered = at[row, order], pixels[row, order]
        measured = np.isfinite(ordered)
        if measured.any():
            there = np.interp(degrees, places, measured.astype(float), period=360) > 0.5
            between = np.interp(degrees, places[measured], ordered[measured], period=360)
            out[row] = np.where(there, between, np.nan)
    return out
