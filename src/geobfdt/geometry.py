"""Planes that cross a borehole and the traces they leave on its wall.

Conventions (``docs/conventions.md``): depths are measured depth in metres, growing
down-hole; image angles are degrees clockwise looking down-hole from a reference
line; a plane leaves the trace ``z(t) = z0 + a cos t + b sin t``.

A trace is an array whose last axis holds ``(z0, a, b)`` in metres. ``(a, b)`` has no
wrap at 360 degrees and no singularity at zero dip, which ``(dip, azimuth)`` have.
"""

from __future__ import annotations

from typing import Literal, TypeVar

import numpy as np
import numpy.typing as npt

__all__ = [
    "Reference",
    "amplitude_azimuth",
    "amplitude_from_dip",
    "apparent_dip",
    "apparent_from_true",
    "convert_azimuth",
    "disc_corners",
    "hole_frame",
    "interpolate_survey",
    "parabola_peak",
    "pole",
    "pole_angle",
    "signed_angle",
    "stretch",
    "trace_depth",
    "trace_from_dip",
    "trace_rms",
    "true_from_apparent",
    "well_path",
]

Array = npt.NDArray[np.float64]
_Number = TypeVar("_Number", float, Array)
Reference = Literal["north", "high_side", "pseudo_north"]


def trace_depth(trace: npt.ArrayLike, angle: npt.ArrayLike) -> Array:
    """
    Depth of traces at image angles: ``z0 + a cos t + b sin t``.

    Parameters
    ----------
    trace : array (..., 3)
        ``(z0, a, b)`` (m).
    angle : array (n,)
        Image angles (deg).

    Returns
    -------
    array (..., n)
        Depths (m, MD).

    Examples
    --------
    >>> trace_depth([100.0, 0.5, 0.0], [0, 90, 180])
    array([100.5, 100. ,  99.5])
    """
    z0, a, b = np.moveaxis(np.asarray(trace, dtype=float), -1, 0)
    t = np.radians(angle)
    return np.asarray(z0[..., None] + a[..., None] * np.cos(t) + b[..., None] * np.sin(t))


def amplitude_azimuth(trace: npt.ArrayLike) -> tuple[Array, Array]:
    """
    Amplitude and apparent azimuth of traces.

    Parameters
    ----------
    trace : array (..., 3)
        ``(z0, a, b)`` (m).

    Returns
    -------
    amplitude : array (...)
        ``A = hypot(a, b)`` (m), half the trace height.
    azimuth : array (...)
        Angle of the deepest point (deg, 0 to 360); 0 for a flat trace.

    Examples
    --------
    >>> amplitude_azimuth([100.0, 0.0, -0.3])
    (0.3, 270.0)
    """
    trace = np.asarray(trace, dtype=float)
    a, b = trace[..., 1], trace[..., 2]
    return np.hypot(a, b), _wrap(np.degrees(np.arctan2(b, a)))


def amplitude_from_dip(dip_app: npt.ArrayLike, diameter: npt.ArrayLike) -> Array:
    """
    Trace amplitude from apparent dip: ``A = (D / 2) tan d``.

    Parameters
    ----------
    dip_app : array
        Apparent dip (deg), measured from the plane perpendicular to the hole.
    diameter : array
        Hole diameter (m).

    Returns
    -------
    array
        Amplitude (m).

    Examples
    --------
    >>> amplitude_from_dip(45.0, 0.2)
    0.1
    """
    return np.asarray(np.asarray(diameter) / 2 * np.tan(np.radians(dip_app)))[()]


def apparent_dip(amplitude: npt.ArrayLike, diameter: npt.ArrayLike) -> Array:
    """
    Apparent dip from trace amplitude: ``tan d = 2 A / D``.

    Parameters
    ----------
    amplitude : array
        Half the trace height (m).
    diameter : array
        Hole diameter (m).

    Returns
    -------
    array
        Apparent dip (deg).

    Examples
    --------
    >>> apparent_dip(0.1, 0.2)
    45.0
    """
    return np.asarray(np.degrees(np.arctan2(2 * np.asarray(amplitude, dtype=float), diameter)))[()]


def trace_from_dip(
    depth: npt.ArrayLike, dip_app: npt.ArrayLike, azimuth_app: npt.ArrayLike, diameter: npt.ArrayLike
) -> Array:
    """
    Traces ``(z0, a, b)`` from apparent dip and azimuth.

    Parameters
    ----------
    depth : array (n,)
        Depth where the plane meets the hole axis (m, MD).
    dip_app, azimuth_app : array (n,)
        Apparent dip and azimuth of the deepest point (deg).
    diameter : array (n,)
        Hole diameter (m).

    Returns
    -------
    array (n, 3)
        ``(z0, a, b)`` (m).

    Examples
    --------
    >>> trace_from_dip(10.0, 45.0, 0.0, 0.2)
    array([10. ,  0.1,  0. ])
    """
    amplitude = amplitude_from_dip(dip_app, diameter)
    t0 = np.radians(azimuth_app)
    return np.stack(np.broadcast_arrays(depth, amplitude * np.cos(t0), amplitude * np.sin(t0)), axis=-1).astype(float)


def trace_rms(first: npt.ArrayLike, second: npt.ArrayLike) -> Array:
    """
    Root-mean-square vertical distance between traces, over a whole turn.

    ``sqrt(dz0**2 + (da**2 + db**2) / 2)``, the closed form of the mean over all angles.

    Parameters
    ----------
    first, second : array (..., 3)
        ``(z0, a, b)`` (m); they broadcast, so ``trace_rms(p[:, None], q[None])`` is the matrix of all pairs.

    Returns
    -------
    array (...)
        Distance (m).

    Examples
    --------
    >>> trace_rms([100.0, 0.1, 0.0], [100.0, -0.1, 0.0])
    0.1414213562373095
    """
    d = np.asarray(first, dtype=float) - np.asarray(second, dtype=float)
    return np.asarray(np.sqrt(d[..., 0] ** 2 + (d[..., 1] ** 2 + d[..., 2] ** 2) / 2))[()]


def stretch(trace: npt.ArrayLike, radius: npt.ArrayLike) -> Array:
    """
    How much farther apart two traces are along the hole than perpendicular to themselves.

    ``sqrt(1 + (a**2 + b**2) / (2 radius**2))``, the root mean square over a turn of the length of a trace per arc.

    Parameters
    ----------
    trace : array (..., 3)
        ``(z0, a, b)`` (m).
    radius : float or array (...)
        Hole radius (m).

    Returns
    -------
    array (...)
        1 for a trace that is level.

    Examples
    --------
    >>> stretch([5.0, 0.1, 0.1], 0.1)
    1.4142135623730951
    """
    t = np.asarray(trace, dtype=float)
    return np.asarray(np.sqrt(1 + (t[..., 1] ** 2 + t[..., 2] ** 2) / np.asarray(radius) ** 2 / 2))[()]


def hole_frame(
    deviation: npt.ArrayLike, hole_azimuth: npt.ArrayLike, reference: Reference
) -> tuple[Array, Array, Array]:
    """
    Right-handed frame of the hole: axis, reference line, and the line 90 degrees clockwise of it.

    Parameters
    ----------
    deviation, hole_azimuth : array (...)
        Hole inclination from vertical and azimuth (deg).
    reference : {"north", "high_side", "pseudo_north"}
        Where image angle 0 points. In ``pseudo_north`` the high side is drawn at the hole azimuth.

    Returns
    -------
    axis, line, right : array (..., 3)
        Unit vectors (East, North, Up). ``axis`` points down-hole; the high side of a vertical
        hole is its limit, the hole azimuth; north in a hole that points north is NaN.

    Raises
    ------
    ValueError
        If the reference is not one of the three.

    Examples
    --------
    >>> axis, line, right = hole_frame(90.0, 90.0, "high_side")
    >>> axis.round(6) + 0, line.round(6) + 0, right.round(6) + 0
    (array([1., 0., 0.]), array([0., 0., 1.]), array([ 0., -1.,  0.]))
    """
    i, azimuth = np.radians(deviation), np.radians(hole_azimuth)
    axis = np.stack(np.broadcast_arrays(np.sin(i) * np.sin(azimuth), np.sin(i) * np.cos(azimuth), -np.cos(i)), axis=-1)
    if reference == "north":
        line = np.array([0.0, 1.0, 0.0]) - axis[..., 1:2] * axis
        with np.errstate(invalid="ignore", divide="ignore"):
            length = np.linalg.norm(line, axis=-1, keepdims=True)
            line = np.where(length > 1e-9, line / length, np.nan)
    elif reference in ("high_side", "pseudo_north"):
        # Up made perpendicular to the axis, in closed form: it stays defined in the vertical limit.
        line = np.stack(
            np.broadcast_arrays(np.cos(i) * np.sin(azimuth), np.cos(i) * np.cos(azimuth), np.sin(i)), axis=-1
        )
    else:
        raise ValueError(f"azimuth reference {reference!r} is not north, high_side or pseudo_north")
    right = np.cross(axis, line)
    if reference == "pseudo_north":
        # The high side sits at angle HAZI, so angle 0 is HAZI anticlockwise of it.
        c, s = np.cos(azimuth)[..., None], np.sin(azimuth)[..., None]
        line, right = c * line - s * right, s * line + c * right
    return axis, line, right


def convert_azimuth(
    azimuth: npt.ArrayLike,
    deviation: npt.ArrayLike,
    hole_azimuth: npt.ArrayLike,
    source: Reference,
    target: Reference,
) -> Array:
    """
    Turn image angles measured from one reference line into angles from another.

    Parameters
    ----------
    azimuth : array
        Image angles from `source` (deg).
    deviation, hole_azimuth : array
        Hole inclination and azimuth (deg).
    source, target : {"north", "high_side", "pseudo_north"}
        Reference lines.

    Returns
    -------
    array
        Image angles from `target` (deg, 0 to 360).

    Examples
    --------
    >>> convert_azimuth(10.0, 30.0, 40.0, "high_side", "pseudo_north")
    50.0
    """
    _, line, right = hole_frame(deviation, hole_azimuth, source)
    _, target_axis, _ = hole_frame(deviation, hole_azimuth, target)
    offset = np.degrees(np.arctan2((target_axis * right).sum(-1), (target_axis * line).sum(-1)))
    return _wrap(np.asarray(azimuth, dtype=float) - offset)


def true_from_apparent(
    dip_app: npt.ArrayLike,
    azimuth_app: npt.ArrayLike,
    deviation: npt.ArrayLike,
    hole_azimuth: npt.ArrayLike,
    reference: Reference,
) -> tuple[Array, Array]:
    """
    True dip and dip azimuth of planes seen from a deviated hole.

    Parameters
    ----------
    dip_app, azimuth_app : array
        Apparent dip, and image angle of the deepest point (deg).
    deviation, hole_azimuth : array
        Hole inclination and azimuth at the plane (deg).
    reference : {"north", "high_side", "pseudo_north"}
        Where image angle 0 points.

    Returns
    -------
    dip, azimuth : array
        True dip (0 to 90 deg) and dip azimuth (0 to 360 deg); azimuth 0 for a horizontal plane.

    Notes
    -----
    The upward normal is ``h - tan(d) (cos t0 u + sin t0 r)`` in the frame of :func:`hole_frame`.

    Examples
    --------
    >>> true_from_apparent(60.36961, 315.2664, 88.68559, 131.8563, "high_side")
    (51.0479, 3.7322)
    """
    axis, line, right = hole_frame(deviation, hole_azimuth, reference)
    d, t = np.radians(dip_app), np.radians(azimuth_app)
    # Scaled by cos d, so that a plane along the hole (d = 90) needs no infinity.
    normal = np.cos(d)[..., None] * axis - np.sin(d)[..., None] * (
        np.cos(t)[..., None] * line + np.sin(t)[..., None] * right
    )
    normal = np.where(normal[..., 2:] < 0, -normal, normal)
    east, north, up = np.moveaxis(normal, -1, 0)
    horizontal = np.hypot(east, north)
    azimuth = np.where(horizontal > 1e-12, np.degrees(np.arctan2(east, north)), 0 * horizontal)
    return np.degrees(np.arctan2(horizontal, up)), _wrap(azimuth)


def apparent_from_true(
    dip: npt.ArrayLike,
    azimuth: npt.ArrayLike,
    deviation: npt.ArrayLike,
    hole_azimuth: npt.ArrayLike,
    reference: Reference,
) -> tuple[Array, Array]:
    """
    Apparent dip and azimuth of planes of known true dip; the inverse of :func:`true_from_apparent`.

    Parameters
    ----------
    dip, azimuth : array
        True dip and dip azimuth (deg).
    deviation, hole_azimuth : array
        Hole inclination and azimuth at the plane (deg).
    reference : {"north", "high_side", "pseudo_north"}
        Where image angle 0 points.

    Returns
    -------
    dip_app, azimuth_app : array
        Apparent dip (deg, 90 for a plane along the hole) and image angle of the deepest point (deg).

    Examples
    --------
    >>> apparent_from_true(30.0, 75.0, 0.0, 0.0, "north")
    (30.0, 75.0)
    """
    axis, line, right = hole_frame(deviation, hole_azimuth, reference)
    normal = pole(dip, azimuth)
    along = (normal * axis).sum(-1)
    sign = np.where(along < 0, -1.0, 1.0)
    a, b = -sign * (normal * line).sum(-1), -sign * (normal * right).sum(-1)
    across = np.hypot(a, b)
    t0 = np.where(across > 1e-12, np.degrees(np.arctan2(b, a)), 0 * across)
    return np.degrees(np.arctan2(across, np.abs(along))), _wrap(t0)


def pole(dip: npt.ArrayLike, azimuth: npt.ArrayLike) -> Array:
    """
    Upward unit normal (East, North, Up) of planes.

    Parameters
    ----------
    dip, azimuth : array (...)
        Dip and dip azimuth (deg).

    Returns
    -------
    array (..., 3)
        Unit normals.

    Examples
    --------
    >>> pole(90.0, 90.0).round(6) + 0
    array([1., 0., 0.])
    """
    d, azimuth = np.radians(dip), np.radians(azimuth)
    return np.stack(np.broadcast_arrays(np.sin(d) * np.sin(azimuth), np.sin(d) * np.cos(azimuth), np.cos(d)), axis=-1)


def disc_corners(centre: npt.ArrayLike, normal: npt.ArrayLike, radius: float, count: int) -> Array:
    """
    Corners of regular polygons that stand for discs.

    Parameters
    ----------
    centre, normal : array (n, 3)
        Centres (m) and unit normals (East, North, Up).
    radius : float
        Distance of the corners from the centre (m).
    count : int
        Corners of each polygon.

    Returns
    -------
    array (n, count, 3)
        Corners (m), anticlockwise seen against the normal; the first one lies along the strike.

    Examples
    --------
    >>> disc_corners([[0.0, 0.0, 5.0]], [[0.0, 0.0, 1.0]], 2.0, 4).round(6)[0] + 0
    array([[ 2.,  0.,  5.],
           [ 0.,  2.,  5.],
           [-2.,  0.,  5.],
           [ 0., -2.,  5.]])
    """
    at, upward = np.asarray(centre, dtype=float), np.asarray(normal, dtype=float)
    strike = np.stack([upward[:, 1], -upward[:, 0], np.zeros(len(upward))], axis=-1)
    length = np.linalg.norm(strike, axis=-1, keepdims=True)
    # A level plane has no strike, and every direction in it will do.
    strike = np.where(length > 1e-9, strike / np.where(length > 1e-9, length, 1.0), [1.0, 0.0, 0.0])
    turn = np.linspace(0, 2 * np.pi, count, endpoint=False)[:, None]
    rim = np.cos(turn) * strike[:, None] + np.sin(turn) * np.cross(upward, strike)[:, None]
    return np.asarray(at[:, None] + radius * rim)


def pole_angle(dip1: npt.ArrayLike, azimuth1: npt.ArrayLike, dip2: npt.ArrayLike, azimuth2: npt.ArrayLike) -> Array:
    """
    Acute angle between the poles of planes.

    Parameters
    ----------
    dip1, azimuth1, dip2, azimuth2 : array
        Dip and dip azimuth of the two planes (deg), both true or both apparent.

    Returns
    -------
    array
        Angle (deg, 0 to 90).

    Examples
    --------
    >>> pole_angle(10.0, 0.0, 10.0, 180.0)
    20.0
    """
    p, q = pole(dip1, azimuth1), pole(dip2, azimuth2)
    # atan2 of cross and dot keeps its precision for nearly equal poles, where acos loses it.
    cross = np.linalg.norm(np.cross(p, q), axis=-1)
    return np.asarray(np.degrees(np.arctan2(cross, np.abs((p * q).sum(-1)))))[()]


def interpolate_survey(
    depth: npt.ArrayLike, deviation: npt.ArrayLike, azimuth: npt.ArrayLike, at: npt.ArrayLike
) -> tuple[Array, Array]:
    """
    Hole deviation and azimuth between survey stations, by minimum curvature.

    Between two stations the hole is a circular arc, so its direction turns at a constant rate in one plane:
    spherical interpolation of the two directions. Outside the survey the end station is held.

    Parameters
    ----------
    depth : array (n,)
        Station depths (m, MD), strictly increasing.
    deviation, azimuth : array (n,)
        Deviation and azimuth at the stations (deg); azimuths over 360 are taken modulo 360.
    at : array (m,)
        Depths wanted (m, MD).

    Returns
    -------
    deviation, azimuth : array (m,)
        Interpolated (deg).

    Raises
    ------
    ValueError
        If the stations are fewer than one or not strictly increasing.

    Examples
    --------
    >>> interpolate_survey([0, 100], [10, 10], [350, 10], [50.0])
    (array([9.8511]), array([0.]))
    """
    depth, at = np.asarray(depth, dtype=float), np.asarray(at, dtype=float)
    first, second, angle, fraction = _arcs(depth, deviation, azimuth, at)
    with np.errstate(invalid="ignore", divide="ignore"):
        w1 = np.where(angle > 1e-9, np.sin((1 - fraction) * angle) / np.sin(angle), 1 - fraction)
        w2 = np.where(angle > 1e-9, np.sin(fraction * angle) / np.sin(angle), fraction)
    east, north, down = np.moveaxis(w1[..., None] * first + w2[..., None] * second, -1, 0)
    return np.degrees(np.arctan2(np.hypot(east, north), down)), _wrap(np.degrees(np.arctan2(east, north)))


def well_path(depth: npt.ArrayLike, deviation: npt.ArrayLike, azimuth: npt.ArrayLike, at: npt.ArrayLike) -> Array:
    """
    Positions along the hole by minimum curvature, from the first survey station.

    Parameters
    ----------
    depth, deviation, azimuth : array (n,)
        Survey stations (m, MD; deg; deg).
    at : array (m,)
        Depths wanted (m, MD); outside the survey the hole goes straight on.

    Returns
    -------
    array (m, 3)
        East, north and true vertical depth (m) relative to the first station.

    Notes
    -----
    The chord of an arc of length L and angle x is L (2 / x) tan(x / 2) times the mean of its end directions,
    the ratio factor of the directional-survey literature.

    Examples
    --------
    >>> well_path([0, 100], [0, 0], [0, 0], [40.0])
    array([[ 0.,  0., 40.]])
    """
    depth, at = np.asarray(depth, dtype=float), np.asarray(at, dtype=float)
    knots = np.union1d(depth, at)
    deviations, azimuths = interpolate_survey(depth, deviation, azimuth, knots)
    direction = pole(deviations, azimuths)  # (East, North, Down) of the hole: same formula as an upward normal
    angle = np.arccos(np.clip((direction[1:] * direction[:-1]).sum(-1), -1, 1))
    ratio = np.where(angle > 1e-9, np.tan(angle / 2) / np.where(angle > 1e-9, angle / 2, 1), 1.0)
    steps = (np.diff(knots) * ratio / 2)[:, None] * (direction[1:] + direction[:-1])
    path = np.concatenate([np.zeros((1, 3)), np.cumsum(steps, axis=0)])
    path -= path[np.searchsorted(knots, depth[0])]
    return path[np.searchsorted(knots, at)]


def _arcs(
    depth: Array, deviation: npt.ArrayLike, azimuth: npt.ArrayLike, at: Array
) -> tuple[Array, Array, Array, Array]:
    """Directions at both ends of the arc that holds each depth, the angle between them, and how far along it is."""
    if depth.size == 0 or np.any(np.diff(depth) <= 0):
        raise ValueError("a survey needs at least one station, with depths strictly increasing")
    directions = pole(deviation, azimuth)
    upper = np.clip(np.searchsorted(depth, at, side="right") - 1, 0, max(depth.size - 2, 0))
    lower = np.minimum(upper + 1, depth.size - 1)
    length = np.where(lower > upper, depth[lower] - depth[upper], 1.0)
    fraction = np.clip((at - depth[upper]) / length, 0, 1)
    first, second = directions[upper], directions[lower]
    angle = np.arctan2(np.linalg.norm(np.cross(first, second), axis=-1), (first * second).sum(-1))
    return first, second, angle, fraction


def signed_angle(angle: _Number) -> _Number:
    """
    Bring an angle, or a difference of directions, into [-180, 180) (deg).

    Parameters
    ----------
    angle : float or array
        Any angle (deg); NaN stays.

    Examples
    --------
    >>> signed_angle(350.0 - 10.0), signed_angle(-190.0)
    (-20.0, 170.0)
    """
    return (angle + 180) % 360 - 180


def parabola_peak(before: npt.ArrayLike, at: npt.ArrayLike, after: npt.ArrayLike) -> Array:
    """
    Place of the vertex of the parabola through three even samples, counted from the middle one.

    Parameters
    ----------
    before, at, after : array
        Values of the samples, of shapes that broadcast.

    Returns
    -------
    array
        In distances between samples; 0 where the parabola has no peak.

    Examples
    --------
    >>> parabola_peak(0.0, 3.0, 2.0), parabola_peak(1.0, 0.0, 1.0)
    (0.25, 0.0)
    """
    first, middle, last = (np.asarray(part, dtype=np.float64) for part in (before, at, after))
    bend = first - 2 * middle + last
    peaked = bend < 0
    return np.where(peaked, 0.5 * (first - last) / np.where(peaked, bend, -1.0), 0.0)[()]


def _wrap(angle: npt.ArrayLike) -> Array:
    """Bring angles into [0, 360)."""
    wrapped = np.mod(angle, 360.0)
    # A tiny negative angle rounds up to exactly 360 in mod.
    return np.where(wrapped >= 360.0, 0.0, wrapped)[()]
