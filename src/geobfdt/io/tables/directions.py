"""Dip directions of a pick table: as written, or from strikes; the two never replace each other unproved."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from geobfdt.geometry import signed_angle
from geobfdt.io.arrays import Array, Mask
from geobfdt.io.tables.values import TableValues
from geobfdt.runtime.findings import InputError
from geobfdt.wells.bearings import compass_point, read_dip

__all__ = ["STRIKES", "read_directions"]


# From a strike to the dip direction (deg): a plane dips to the right of its strike by the right-hand rule, to the left
# by the left-hand rule, to either side where no rule is named.
STRIKES = {"strike_rhr": 90.0, "strike_lhr": -90.0, "strike": np.nan}
_FIT_DEG = 2.0  # Strikes and dip directions of one plane are rounded to whole degrees, each for itself.
_SIDE_FIT_DEG = 67.5  # A side such as SE is one of eight, and may be written for its neighbour.


def read_directions(values: TableValues, plane: Mask, frame: str) -> tuple[Array, Array]:
    """
    Read true and apparent dip directions, from strikes where the table has no column of them.

    Parameters
    ----------
    values : TableValues
        The table.
    plane : array (rows,) of bool
        Rows that are planes.
    frame : {"true", "app", ""}
        What the strikes are of; empty where they stand beside apparent dips and neither is stated.

    Returns
    -------
    azimuth_true, azimuth_app : array (rows,)
        Dip directions (deg).

    Raises
    ------
    InputError
        If a strike, a dip direction and the side behind a dip contradict each other, or the side to
        which a plane dips is not known.
    """
    azimuths = {which: values.azimuth(f"azimuth_{which}") for which in ("true", "app")}
    strikes = {role: values.azimuth(role) for role in STRIKES if role in values.roles}
    of = frame or "app"
    role, dip_role = f"azimuth_{of}", f"dip_{of}"
    azimuth = azimuths[of]
    points = _numbers(compass_point(text) if text[:1].isalpha() else None for text in values.words(role))
    sides = _numbers(
        (read_dip(text) or (0.0, None))[1] if text[-1:].isalpha() else None for text in values.words(dip_role)
    )
    level = values.angle(dip_role, 0, 90) < 1  # The directions of a level plane are noise.

    def compare(first: str, off: Array, limit: float, second: str) -> None:
        rows = plane & ~level & ~values.unreadable & (off > limit)
        if not rows.any():
            return
        row = int(np.flatnonzero(rows)[0])
        observed = f"{int(rows.sum())} of {int(plane.sum())} planes contradict themselves, the first on line "
        observed += f"{values.cells.lines[row]}: {values.cell(first, row)} and {values.cell(second, row)}"
        if not frame:
            values.findings.major("strike-direction-disagree", observed, "strikes left out: they may be of true dips")
            return
        cure = "correct them, or leave the wrong column out; a strike without a rule is a column named Strike"
        raise InputError(values.cells.path, observed, cure)

    # A compass word gives the side of a strike, and is too coarse to be compared with it.
    exact, either = np.where(np.isnan(points), azimuth, np.nan), np.where(np.isnan(sides), points, sides)
    either_role = role if np.isnan(sides).all() else dip_role
    compare(role, _apart(azimuth, sides), _SIDE_FIT_DEG, dip_role)
    from_strikes = np.full(len(plane), np.nan)
    for strike_role, strike in strikes.items():
        turn = STRIKES[strike_role]
        if np.isfinite(turn):
            directions = (strike + turn) % 360
        else:
            side = np.where(np.isnan(exact), either, exact)
            directions = np.where(_apart(strike + 90, side) < 90, strike + 90, strike - 90) % 360
            directions[np.isnan(side)] = np.nan
        compare(strike_role, _apart(directions, exact), _FIT_DEG, role)
        compare(strike_role, _apart(directions, either), _SIDE_FIT_DEG, either_role)
        if np.isfinite(_apart(directions, azimuth)).any():
            observed = f"strikes of {values.cells.header[values.roles[strike_role]]!r} stand beside dip directions"
            values.findings.info("strike-beside-direction", observed, "compared; the dip directions are kept")
        from_strikes = np.where(np.isnan(from_strikes), directions, from_strikes)
    undecided = plane & np.isnan(from_strikes) & np.isfinite(strikes.get("strike", from_strikes))
    if role not in values.roles and undecided.any():
        observed = f"line {values.cells.lines[undecided][0]}: strikes do not say to which side the planes dip"
        cure = "write a mapping file with the line azimuth: strike_rhr if that is to their right"
        raise InputError(values.cells.path, observed, cure)
    if frame:
        azimuth = np.where(np.isnan(exact) & np.isfinite(from_strikes), from_strikes, azimuth)
    coarse = plane & np.isfinite(points) & (azimuth == points)
    if coarse.any():
        first = int(np.flatnonzero(coarse)[0])
        observed = f"{int(coarse.sum())} dip directions are compass words; line {values.cells.lines[first]}: "
        observed = observed + values.cell(role, first)
        values.findings.major("azimuth-coarse", observed, "read as degrees, 11 deg or more off")
    azimuths[of] = azimuth
    return azimuths["true"], azimuths["app"]


def _numbers(values: Iterable[float | None]) -> Array:
    """Numbers, NaN for None."""
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def _apart(first: Array, second: Array) -> Array:
    """Angle between directions (deg, 0 to 180)."""
    return np.asarray(np.abs(signed_angle(first - second)))
