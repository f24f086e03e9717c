"""Turn azimuths from one north to another: magnetic, true, grid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from geobfdt.geometry import convert_azimuth, pole_angle, signed_angle
from geobfdt.runtime.findings import Finding, InputError, Severity
from geobfdt.wells.breakouts import BreakoutTable
from geobfdt.wells.image import WellImage, add_findings, known_reference, log_at, place_of
from geobfdt.wells.picks import PickTable
from geobfdt.wells.table_north import with_north

__all__ = ["North", "NorthTurn", "north_turn", "turn_breakouts", "turn_image", "turn_picks", "turn_table"]

Array = npt.NDArray[np.float64]
North = Literal["true", "grid"]

# Apparent and true planes that differ by less (deg) are of a vertical hole.
_SAME_PLANE_DEG = 0.1


@dataclass(frozen=True)
class NorthTurn:
    """
    The way from one north to another.

    Parameters
    ----------
    source, target : str
        Norths: true, grid or magnetic.
    angle : float
        What to add to azimuths (deg).
    """

    source: str
    target: North
    angle: float


def north_turn(place: str, source: str, target: North, *, declination: float, convergence: float | None) -> NorthTurn:
    """
    Angle from one north to another.

    Parameters
    ----------
    place : str
        Name of the file, for the error.
    source, target : str
        Norths: true, grid or magnetic.
    declination : float
        What to add to magnetic azimuths to get true ones (deg); NaN if not known.
    convergence : float, optional
        Azimuth of grid north from true north (deg, east is +): what to add to grid azimuths to get true ones.

    Returns
    -------
    NorthTurn
        The angle to add.

    Raises
    ------
    InputError
        If the north, or an angle that is needed, is not known.

    Examples
    --------
    >>> north_turn("a.dlis", "magnetic", "grid", declination=4.0, convergence=1.5).angle
    2.5
    """
    to_true = {"true": 0.0, "magnetic": declination, "grid": np.nan if convergence is None else convergence}
    if source not in to_true:
        raise InputError(place, "nothing says from which north its azimuths are", "give --north magnetic, true or grid")
    if source == target:
        return NorthTurn(source, target, 0.0)
    for north, name in (("magnetic", "declination"), ("grid", "convergence")):
        if north in (source, target) and not np.isfinite(to_true[north]):
            observed = f"azimuths go from {source} to {target} north, and its {name} is not known"
            raise InputError(place, observed, f"give --{name} (deg, east is +)")
    return NorthTurn(source, target, to_true[source] - to_true[target])


def turn_image(image: WellImage, turn: NorthTurn) -> WellImage:
    """
    Turn an image and the azimuths of its hole to another north.

    Parameters
    ----------
    image : WellImage
        The well.
    turn : NorthTurn
        From its north to another.

    Returns
    -------
    WellImage
        Image angles from the high side stay; those from north and pseudo-north are turned, and so are hole azimuths.
        Where the turn of the wall changes along a deviated hole, rows are turned by whole columns besides.

    Raises
    ------
    InputError
        If the reference of the image is not known, or it is north and the direction of the hole is not.

    Notes
    -----
    Image angles of a deviated hole are counted from north as projected on the wall, so that they turn by another angle
    than azimuths: from the old north to the high side, and from there to the new north.

    Examples
    --------
    >>> from geobfdt.wells.image import well_image
    >>> hole = {"deviation": 0.0, "hole_azimuth": 0.0, "reference": "north", "north": "magnetic"}
    >>> turned = turn_image(well_image(np.eye(4), np.arange(4.0), **hole), NorthTurn("magnetic", "true", 10.0))
    >>> turned.azimuth.values, turned.attrs["north"]
    (array([ 55., 145., 235., 325.]), 'true')
    """
    place = place_of(image)
    reference = known_reference(image)
    if turn.angle == 0:
        return image.assign_attrs(north=turn.target)
    hole_azimuth = image["hole_azimuth"].values
    rows = image_turn(image, turn, image.depth.values)
    if not np.isfinite(rows).any():
        cure = "give --survey, or --deviation and --hole-azimuth (--deviation 0 for a vertical hole)"
        raise InputError(place, "image angles are from north, and the direction of the hole is not known", cure)
    finite = np.isfinite(rows)
    offset = float(np.degrees(np.angle(np.exp(1j * np.radians(rows[finite])).mean())))
    turned = image.assign(hole_azimuth=("depth", np.mod(hole_azimuth + turn.angle, 360), image["hole_azimuth"].attrs))
    observed = f"azimuths of image and hole are from {turn.source} north"
    action = f"turned by {turn.angle:+.4g} deg to {turn.target} north"
    if reference != "high_side":
        columns = image.sizes["azimuth"]
        rest = np.where(finite, signed_angle(rows - offset), 0.0)
        steps = np.rint(rest * columns / 360).astype(int)
        if steps.any():
            turned = _turn_rows(turned, steps)
            action += f"; rows of the deviated hole by whole columns ({360 / columns:.1f} deg) besides"
        angles = np.mod(np.round(image.azimuth.values + offset, 9), 360)
        order = np.argsort(angles, kind="stable")
        turned = turned.isel(azimuth=order).assign_coords(azimuth=("azimuth", angles[order], image.azimuth.attrs))
        action += f", image angles by {offset:+.4g} deg"
    turned = turned.assign_attrs(north=turn.target)
    return add_findings(turned, [Finding(Severity.MAJOR, "north-turned", place, observed, action)])


def image_turn(image: WellImage, turn: NorthTurn, depth: npt.ArrayLike) -> Array:
    """Return what to add to image angles at depths (deg); NaN where the direction of the hole is not known."""
    at = np.asarray(depth, dtype=float)
    reference = image.attrs["reference"]
    if reference != "north":
        return np.full(at.shape, turn.angle if reference == "pseudo_north" else 0.0)
    deviation, hole_azimuth = log_at(image, "deviation", at), log_at(image, "hole_azimuth", at)
    zero = np.zeros(at.shape)
    high_side = convert_azimuth(zero, deviation, hole_azimuth, "north", "high_side")
    angle = convert_azimuth(high_side, deviation, np.mod(hole_azimuth + turn.angle, 360), "high_side", "north")
    return np.asarray(signed_angle(angle))


def turn_picks(picks: PickTable, image: WellImage, turn: NorthTurn) -> PickTable:
    """
    Turn completed picks of a well to another north.

    Parameters
    ----------
    picks : DataFrame
        Completed picks, in the reference of the image.
    image : WellImage
        The well as it is before :func:`turn_image`.
    turn : NorthTurn
        From its north to another.

    Returns
    -------
    DataFrame
        The turned picks.
    """
    apparent = picks["azimuth_app_deg"] + image_turn(image, turn, picks["depth_m"])
    true = picks["azimuth_true_deg"] + turn.angle
    turned = picks.assign(azimuth_app_deg=np.mod(apparent, 360), azimuth_true_deg=np.mod(true, 360))
    return PickTable(with_north(turned, turn.target))


def turn_breakouts(breakouts: BreakoutTable, turn: NorthTurn) -> BreakoutTable:
    """
    Turn the true azimuths of breakouts to another north.

    Parameters
    ----------
    breakouts : BreakoutTable
        The breakouts.
    turn : NorthTurn
        The angle to add.

    Returns
    -------
    BreakoutTable
        The turned rows. An apparent azimuth from north is left out where the true one is known, from which
        :func:`geobfdt.wells.breakouts.complete_breakouts` computes it again on the turned image.

    Examples
    --------
    >>> from geobfdt.wells.breakouts import new_breakouts
    >>> rows = new_breakouts(top_m=[5.0], base_m=[6.0], class_="breakout", azimuth_true_deg=[355.0])
    >>> turn_breakouts(rows, NorthTurn("magnetic", "true", 10.0))["azimuth_true_deg"].tolist()
    [5.0]
    """
    true = breakouts["azimuth_true_deg"].to_numpy(float)
    again = np.isfinite(true) & (breakouts["reference"] != "high_side").to_numpy(bool)
    apparent = np.where(again, np.nan, breakouts["azimuth_app_deg"].to_numpy(float))
    turned = breakouts.assign(azimuth_true_deg=np.mod(true + turn.angle, 360), azimuth_app_deg=apparent)
    return BreakoutTable(with_north(turned, turn.target))


def turn_table(picks: PickTable, turn: NorthTurn, place: str) -> tuple[PickTable, list[Finding]]:
    """
    Turn a pick table whose hole is not known to another north.

    Parameters
    ----------
    picks : DataFrame
        Pick table.
    turn : NorthTurn
        From its north to another.
    place : str
        Name of the file, for the findings.

    Returns
    -------
    picks : DataFrame
        True azimuths are turned. Apparent ones are turned where they are from pseudo-north, or where apparent and true
        plane are the same (a vertical hole); they stay where they are from the high side; else they are missing.
    findings : list of Finding
        What was turned and what is missing.

    Examples
    --------
    >>> from geobfdt.wells.picks import new_picks
    >>> rows = new_picks(depth_m=[1.0], class_="fracture", dip_true_deg=40.0, azimuth_true_deg=355.0)
    >>> turn_table(rows, NorthTurn("magnetic", "true", 10.0), "a.csv")[0]["azimuth_true_deg"].tolist()
    [5.0]
    """
    if turn.angle == 0:
        return with_north(picks, turn.target), []
    names = ("dip_app_deg", "azimuth_app_deg", "dip_true_deg", "azimuth_true_deg")
    dip_app, apparent, dip_true, true = (picks[name].to_numpy(float) for name in names)
    reference = picks["reference"].to_numpy(str)
    with np.errstate(invalid="ignore"):
        vertical = pole_angle(dip_app, apparent, dip_true, true) < _SAME_PLANE_DEG
    turned = (reference == "pseudo_north") | (vertical & (reference != "high_side"))
    lost = np.isfinite(apparent) & ~turned & (reference != "high_side")
    apparent = np.where(turned, np.mod(apparent + turn.angle, 360), np.where(lost, np.nan, apparent))
    observed = f"azimuths are from {turn.source} north"
    action = f"turned by {turn.angle:+.4g} deg to {turn.target} north"
    findings = [Finding(Severity.MAJOR, "north-turned", place, observed, action)]
    if lost.any():
        observed = (
            f"{int(lost.sum())} apparent azimuths turn with the direction of the hole, which a table does not hold"
        )
        action = "left out; ingest image and picks together with --to-north to keep them"
        findings.append(Finding(Severity.MAJOR, "apparent-azimuth-left-out", place, observed, action))
    turned_picks = picks.assign(azimuth_app_deg=apparent, azimuth_true_deg=np.mod(true + turn.angle, 360))
    return PickTable(with_north(turned_picks, turn.target)), findings


def _turn_rows(image: WellImage, steps: npt.NDArray[np.int_]) -> WellImage:
    """Turn each row by whole columns."""
    columns = image.sizes["azimuth"]
    if not np.allclose(np.diff(image.azimuth.values), 360 / columns, atol=1e-3):
        cure = "export it with evenly spaced columns, or from the high side"
        raise InputError(place_of(image), "columns of a deviated hole are not evenly spaced", cure)
    source = (np.arange(columns) - steps[:, None]) % columns
    rows = np.arange(image.sizes["depth"])[:, None]
    turned = {
        name: (image[name].dims, image[name].values[rows, source], image[name].attrs)
        for name in ("image", "dynamic", "colour", "radius")
        if name in image
    }
    return image.assign(turned)
