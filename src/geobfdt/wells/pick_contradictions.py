"""Angles and lengths of one pick that contradict each other, as after an edit of one column in a spreadsheet."""

from __future__ import annotations

from typing import cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from geobfdt import geometry
from geobfdt.geometry import Reference
from geobfdt.runtime.findings import Finding, Severity
from geobfdt.wells.image import WellImage, log_at, place_of

__all__ = ["amplitude_contradictions", "true_dip_contradictions"]

# Dips that are rounded to 0.1 deg fit their amplitudes; rows that this program writes fit to 0.001 deg.
_MAX_DIP_ERROR_DEG = 0.1
# Surveys of one hole agree to this, and so do the true dips that follow from them.
_MAX_TRUE_ERROR_DEG = 2.0
# So many picks are named.
_MOST_NAMED = 5


def amplitude_contradictions(picks: pd.DataFrame, place: str) -> list[Finding]:
    """
    Find picks whose apparent dip is not the one of their amplitude and diameter.

    Parameters
    ----------
    picks : PickTable
        Pick table.
    place : str
        Name of the file or well.

    Returns
    -------
    list of Finding
        ``amplitude-dip-disagree``, which names the picks; empty where all fit.

    Examples
    --------
    >>> from geobfdt.wells.picks import new_picks
    >>> picks = new_picks(depth_m=[1.0, 2.0], class_="bedding", amplitude_m=0.1, diameter_m=0.2, dip_app_deg=[45, 54])
    >>> print(*amplitude_contradictions(picks, "a.csv"))  # doctest: +ELLIPSIS
    major  amplitude-dip-disagree  a.csv: 1 of 2 apparent dips ...: 2.000 m (54 instead of 45 deg); ...
    """
    dip = picks["dip_app_deg"].to_numpy(float)
    implied = geometry.apparent_dip(picks["amplitude_m"].to_numpy(float), picks["diameter_m"].to_numpy(float))
    off = np.abs(dip - implied) > _MAX_DIP_ERROR_DEG
    if not off.any():
        return []
    shown = _shown(picks, off, dip, implied)
    observed = f"{int(off.sum())} of {len(picks)} apparent dips do not fit amplitude and diameter: {shown}"
    action = "kept: orientations follow the dips, traces on the image the amplitudes; empty the cell that is wrong"
    return [Finding(Severity.MAJOR, "amplitude-dip-disagree", place, observed, action)]


def true_dip_contradictions(picks: pd.DataFrame, image: WellImage) -> list[Finding]:
    """
    Find picks whose true dip and azimuth do not follow from the apparent ones in the hole.

    Parameters
    ----------
    picks : PickTable
        Picks of the well; apparent azimuths are from the reference of the image.
    image : WellImage
        The well.

    Returns
    -------
    list of Finding
        ``true-and-apparent-disagree``, which names the picks; empty where all fit or the hole is not known.

    Examples
    --------
    >>> from geobfdt.wells.image import well_image
    >>> from geobfdt.wells.picks import new_picks
    >>> well = well_image(np.zeros((3, 4)), [0.0, 1.0, 2.0], reference="north", deviation=0, hole_azimuth=0)
    >>> dips = {"dip_app_deg": 30.0, "azimuth_app_deg": 90.0, "dip_true_deg": 30.0, "azimuth_true_deg": [90.0, 100.0]}
    >>> print(*true_dip_contradictions(new_picks(depth_m=[0.5, 1.5], class_="bedding", **dips), well))
    ... # doctest: +ELLIPSIS
    major  true-and-apparent-disagree  ...: 1 of 2 true dips ...: 1.500 m (30/100 instead of 30/090); ...
    """
    if image.attrs["reference"] == "unknown":
        return []
    depth = picks["depth_m"].to_numpy(float)
    deviation, hole_azimuth = (log_at(image, name, depth) for name in ("deviation", "hole_azimuth"))
    dip, azimuth = _plane(picks, "true")
    implied = geometry.true_from_apparent(
        *_plane(picks, "app"), deviation, hole_azimuth, cast(Reference, image.attrs["reference"])
    )
    with np.errstate(invalid="ignore"):
        off = geometry.pole_angle(dip, azimuth, *implied) > _MAX_TRUE_ERROR_DEG
    if not off.any():
        return []
    shown = _shown(picks, off, *(_written(*plane) for plane in ((dip, azimuth), implied)))
    observed = f"{int(off.sum())} of {len(picks)} true dips do not follow from apparent dip and hole: {shown}"
    action = "true dips kept; check north and survey, or empty the column that is wrong, and it is computed"
    return [Finding(Severity.MAJOR, "true-and-apparent-disagree", place_of(image), observed, action)]


def _plane(picks: pd.DataFrame, frame: str) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Dips and azimuths of a frame; a level plane needs no azimuth."""
    dip, azimuth = (picks[f"{name}_{frame}_deg"].to_numpy(float) for name in ("dip", "azimuth"))
    return dip, np.where(dip == 0, np.nan_to_num(azimuth), azimuth)


def _written(dip: npt.NDArray[np.float64], azimuth: npt.NDArray[np.float64]) -> list[str]:
    return [f"{d:.3g}/{a:03.0f}" for d, a in zip(dip, azimuth, strict=True)]


def _shown(picks: pd.DataFrame, rows: npt.NDArray[np.bool_], stated: npt.ArrayLike, implied: npt.ArrayLike) -> str:
    """Depths of the first of some picks, with the stated and the implied value."""
    first = np.flatnonzero(rows)[:_MOST_NAMED]
    depth, own, other = picks["depth_m"].to_numpy(float), np.asarray(stated), np.asarray(implied)
    unit = "" if own.dtype.kind == "U" else " deg"
    values = [f"{depth[row]:.3f} m ({_short(own[row])} instead of {_short(other[row])}{unit})" for row in first]
    return ", ".join(values) + ", ..." * (int(rows.sum()) > _MOST_NAMED)


def _short(value: object) -> str:
    return value if isinstance(value, str) else f"{value:.4g}"
