"""From travel times to distances: speed of sound in the fluid, and what the tool adds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.optimize import least_squares

from geobfdt.hole.circle_fit import fit_holes
from geobfdt.runtime.findings import InputError

__all__ = ["EchoScale", "KnownDiameter", "ToolConstants", "distances", "settle_scale"]

Array = npt.NDArray[np.float64]

# Speed of sound in light oil mud, and in heavy brine, with some margin (m/s).
VELOCITIES_M_S = (1000.0, 2200.0)
# Distance at time 0 that a tool can have (m): its own radius, less the way that its delay takes.
_OFFSETS_M = (-0.3, 0.3)
# Two known diameters must differ by this much to determine the speed of sound (m).
_MIN_DIFFERENCE_M = 0.01
# Known diameters agree with each other, and with stated constants, to this much (m of radius).
_MAX_MISFIT_M = 0.001
# Rows of a known diameter that are fitted.
_MAX_ROWS = 200


class KnownDiameter(NamedTuple):
    """
    A stretch of the hole whose diameter is known: a casing, or a part in gauge.

    Parameters
    ----------
    top, base : float
        Depths (m, MD).
    diameter : float
        Inner diameter (m).
    """

    top: float
    base: float
    diameter: float


@dataclass(frozen=True)
class ToolConstants:
    """
    What is stated about fluid and tool; None where it is not known.

    Parameters
    ----------
    fluid_velocity : float or None
        Speed of sound in the fluid (m/s).
    tool_radius, delay : float or None
        Distance from the tool axis at which the way through the fluid begins (m), and the travel time of an echo from
        there (s).
    """

    fluid_velocity: float | None = None
    tool_radius: float | None = None
    delay: float | None = None


class EchoScale(NamedTuple):
    """
    Distance from the tool axis: ``offset + velocity * time / 2``.

    Parameters
    ----------
    velocity : float
        Speed of sound in the fluid (m/s).
    offset : float
        Distance at time 0 (m).
    misfit : float
        Largest difference from a known radius (m); NaN without known diameters.
    """

    velocity: float
    offset: float
    misfit: float


def distances(times: npt.ArrayLike, scale: EchoScale) -> Array:
    """
    Distances from the tool axis (m) of two-way travel times (s).

    Examples
    --------
    >>> distances([1e-4], EchoScale(1500.0, 0.02, float("nan"))).round(6)
    array([0.095])
    """
    return np.asarray(scale.offset + scale.velocity * np.asarray(times, dtype=np.float64) / 2)


def settle_scale(
    times: npt.ArrayLike, depth: npt.ArrayLike, angle: npt.ArrayLike, place: str,
    stated: ToolConstants, stretches: Sequence[KnownDiameter] = (),
) -> EchoScale:  # fmt: skip
    """
    Find the scale of travel times from what is stated and from stretches of known diameter.

    Parameters
    ----------
    times : array (rows, columns)
        Two-way travel times (s); NaN where nothing was measured.
    depth : array (rows,)
        Depths (m, MD).
    angle : array (columns,)
        Image angles (deg).
    place : str
        Name of the image in errors.
    stated : ToolConstants
        What is stated.
    stretches : sequence of KnownDiameter
        Stretches of known diameter.

    Returns
    -------
    EchoScale
        The scale.

    Raises
    ------
    InputError
        If this does not determine the scale, contradicts itself, or gives an impossible fluid or tool.

    Notes
    -----
    Two numbers are needed: velocity and offset. Each known diameter determines one of them. The radius of a stretch is
    the median of the circles fitted to its rows, so that a tool off centre does not bias it.
    """
    velocity = stated.fluid_velocity
    if velocity is not None and not VELOCITIES_M_S[0] <= velocity <= VELOCITIES_M_S[1]:
        low, high = VELOCITIES_M_S
        cure = f"give --fluid-velocity in metres per second, {low:g} to {high:g}; water has 1480"
        raise InputError(place, f"no fluid has a speed of sound of {velocity:g} m/s", cure)
    # What is searched for, in units that make the numbers alike.
    units = {} if velocity is not None else {"velocity": 1500.0}
    units |= {} if stated.tool_radius is not None and stated.delay is not None else {"offset": 0.05}
    _check_enough(place, stated, stretches, len(units))
    rows = [_rows_of(place, np.asarray(depth, dtype=float), stretch) for stretch in stretches]
    values = np.asarray(times)
    targets = np.array([stretch.diameter / 2 for stretch in stretches])

    def scale_of(x: Array) -> EchoScale:
        searched = {name: unit * value for (name, unit), value in zip(units.items(), x.tolist(), strict=True)}
        speed = searched.get("velocity", velocity or 0.0)
        stated_offset = (stated.tool_radius or 0.0) - speed * (stated.delay or 0.0) / 2
        return EchoScale(speed, searched.get("offset", stated_offset), np.nan)

    def misfits(x: Array) -> Array:
        scale = scale_of(x)
        walls = [distances(values[mine], scale) for mine in rows]
        fitted = [_median(fit_holes(np.where(wall > 0, wall, np.nan), angle).radius) for wall in walls]
        return np.asarray(np.asarray(fitted) - targets)

    def finite_misfits(x: Array) -> Array:
        return np.nan_to_num(misfits(x), nan=1.0)

    x = np.array([{"velocity": 1.0, "offset": 0.4}[name] for name in units])
    if units:
        unfitted = np.flatnonzero(~np.isfinite(misfits(x)))
        if unfitted.size:
            stretch = stretches[int(unfitted[0])]
            observed = f"no circle can be fitted between {stretch.top:g} and {stretch.base:g} m"
            raise InputError(place, observed, "name a stretch of known diameter with echoes all round")
        # Steps of a thousandth are some micrometres of radius, far above rounding.
        x = np.asarray(least_squares(finite_misfits, x, diff_step=np.full(x.size, 1e-3), xtol=1e-10, ftol=1e-14).x)
    scale = scale_of(x)
    misfit = float(np.abs(misfits(x)).max()) if stretches else float("nan")
    if stretches and not misfit <= _MAX_MISFIT_M:
        observed = f"known diameters and stated constants contradict each other by {1000 * misfit:.1f} mm of radius"
        raise InputError(place, observed, "correct one of them, or leave one out")
    if not (
        VELOCITIES_M_S[0] <= scale.velocity <= VELOCITIES_M_S[1] and _OFFSETS_M[0] <= scale.offset <= _OFFSETS_M[1]
    ):
        observed = f"the known diameters ask for {scale.velocity:.0f} m/s and {1000 * scale.offset:.0f} mm at time 0"
        raise InputError(place, observed + ", which no fluid and tool have", "check --time-unit and the diameters")
    return scale._replace(misfit=misfit)


def _check_enough(place: str, stated: ToolConstants, stretches: Sequence[KnownDiameter], unknown: int) -> None:
    if len(stretches) < unknown:
        lacking = [
            *(["the speed of sound in the fluid (--fluid-velocity)"] if stated.fluid_velocity is None else []),
            *(["the radius of the tool (--tool-radius)"] if stated.tool_radius is None else []),
            *(["its delay (--tool-delay)"] if stated.delay is None else []),
        ]
        cure = f"give {', '.join(lacking)}, or --known-diameter for each of velocity and tool"
        raise InputError(place, "travel times alone tell no radius", cure)
    if unknown == 2:
        diameters = [stretch.diameter for stretch in stretches]
        if max(diameters) - min(diameters) < _MIN_DIFFERENCE_M:
            observed = "the known diameters are too alike to tell the speed of sound"
            raise InputError(place, observed, "give --fluid-velocity")


def _rows_of(place: str, depth: Array, stretch: KnownDiameter) -> npt.NDArray[np.intp]:
    """Rows of a stretch, a sample of them where there are many."""
    rows = np.flatnonzero((depth >= stretch.top) & (depth <= stretch.base))
    if not rows.size:
        observed = f"no row lies between {stretch.top:g} and {stretch.base:g} m"
        raise InputError(place, observed, f"it covers {depth[0]:.2f} to {depth[-1]:.2f} m; correct --known-diameter")
    return np.asarray(rows[np.unique(np.linspace(0, rows.size - 1, min(rows.size, _MAX_ROWS)).astype(int))])


def _median(values: Array) -> float:
    there = values[np.isfinite(values)]
    return float(np.median(there)) if there.size else float("nan")
