"""WellImage: the unrolled picture of a borehole wall, with its depths, angles and hole.

A WellImage is an :class:`xarray.Dataset` with dims ``depth`` and ``azimuth``:

==================  ===================  ===================================================================
``image``           (depth, azimuth)     float32, NaN where nothing was measured; the static (or raw) image
``dynamic``         (depth, azimuth)     float32, optional: the file's own dynamically normalised companion
``colour``          (depth, azimuth, 3)  uint8, optional: red, green and blue of an optical image, to be shown
``radius``          (depth, azimuth)     float32, optional: radius of the wall about the hole axis (m)
``diameter``        (depth,)             hole diameter (m), NaN where unknown
``deviation``       (depth,)             hole inclination from vertical (deg), NaN where unknown
``hole_azimuth``    (depth,)             hole azimuth from north (deg), NaN where unknown
==================  ===================  ===================================================================

Coordinates: ``depth`` (m, MD, strictly increasing) and ``azimuth`` (deg clockwise looking down-hole from
``attrs["reference"]``, column centres, increasing in [0, 360)). The mask is ``isfinite(image)``, always.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NewType, cast

import numpy as np
import numpy.typing as npt
import xarray as xr

from geobfdt.geometry import Reference
from geobfdt.runtime.findings import Finding, InputError

__all__ = [
    "LOGS",
    "MIN_ANGLE_TO_NORTH_DEG",
    "REFERENCES",
    "WellImage",
    "add_findings",
    "hole_radius",
    "known_reference",
    "log_at",
    "place_of",
    "require_image",
    "row_spacing",
    "well_image",
    "without_colour",
]

WellImage = NewType("WellImage", xr.Dataset)

REFERENCES = ("north", "high_side", "pseudo_north", "unknown")
# If the angle between hole and north is smaller, an error of the survey grows more than sixfold in the image angle.
MIN_ANGLE_TO_NORTH_DEG = 10.0
LOGS = ("diameter", "deviation", "hole_azimuth")

_ATTRIBUTES: dict[str, Any] = {
    "well": "",
    "run": "",
    "tool": "",
    # Direction of image angle 0, one of REFERENCES.
    "reference": "unknown",
    # North of the azimuths: true, grid, magnetic or unknown.
    "north": "unknown",
    # Angle (deg) to add to magnetic azimuths to get true ones; NaN if unknown.
    "declination": float("nan"),
    # Unit of the image values.
    "units": "",
    # End of the values that is drawn dark (conductive, soft, weak echo): low or high.
    "dark": "low",
    # Normalisation of the image in the file: none, static or dynamic.
    "normalisation": "none",
    # Name of the file.
    "source": "",
    "source_sha256": "",
    # What was done to make the image from a recording, as JSON; empty for an image that a file holds.
    "processing": "",
}


# Arrays of one image.
def well_image(  # noqa: PLR0913
    image: npt.ArrayLike,
    depth: npt.ArrayLike,
    azimuth: npt.ArrayLike | None = None,
    *,
    dynamic: npt.ArrayLike | None = None,
    colour: npt.NDArray[np.uint8] | None = None,
    radius: npt.ArrayLike | None = None,
    diameter: npt.ArrayLike = np.nan,
    deviation: npt.ArrayLike = np.nan,
    hole_azimuth: npt.ArrayLike = np.nan,
    findings: Iterable[Finding] = (),
    **attributes: Any,
) -> WellImage:
    """
    Build a WellImage and check that it keeps the contract.

    Parameters
    ----------
    image : array (rows, columns)
        Image values; anything not finite is "not measured".
    depth : array (rows,)
        Depths (m, MD), strictly increasing.
    azimuth : array (columns,), optional
        Column centres (deg), increasing in [0, 360). Default: equal columns, the first one starting at 0.
    dynamic : array (rows, columns), optional
        Dynamically normalised companion.
    colour : array (rows, columns, 3), optional
        uint8; red, green and blue of an optical image. It is shown; nothing is picked on it.
    radius : array (rows, columns), optional
        Radius of the wall about the hole axis (m), from travel times.
    diameter, deviation, hole_azimuth : array (rows,) or float
        Hole diameter (m), inclination and azimuth (deg); NaN where unknown.
    findings : iterable of Finding
        Repairs, assumptions and uncertain values so far.
    **attributes
        Any of well, run, tool, reference, north, declination, units, dark, normalisation, source, source_sha256.

    Returns
    -------
    WellImage
        The dataset described above.

    Raises
    ------
    ValueError
        If shapes disagree, depths do not increase, an attribute is not known or has a value that is not.

    Examples
    --------
    >>> well = well_image(np.zeros((5, 4)), 100 + 0.01 * np.arange(5), diameter=0.2, well="A-1", reference="north")
    >>> well.azimuth.values
    array([ 45., 135., 225., 315.])
    """
    values = np.asarray(image, dtype=np.float32)
    depths = np.asarray(depth, dtype=np.float64)
    if values.ndim != 2 or depths.shape != values.shape[:1] or values.size == 0:
        raise ValueError(f"image {values.shape} and depth {depths.shape} do not make an image")
    if not np.isfinite(depths).all() or np.any(np.diff(depths) <= 0):
        raise ValueError("depths are not finite and strictly increasing")
    columns = values.shape[1]
    angles = (np.arange(columns) + 0.5) * 360 / columns if azimuth is None else np.asarray(azimuth, dtype=np.float64)
    if angles.shape != (columns,) or np.any(np.diff(angles) <= 0) or angles[0] < 0 or angles[-1] >= 360:
        raise ValueError("column angles do not increase within [0, 360)")
    unknown = set(attributes) - set(_ATTRIBUTES)
    if unknown:
        raise ValueError(f"no such attribute: {', '.join(sorted(unknown))}")
    attrs = {**_ATTRIBUTES, **attributes, "findings": list(findings)}
    if attrs["reference"] not in REFERENCES:
        raise ValueError(f"azimuth reference {attrs['reference']!r} is not one of {', '.join(REFERENCES)}")
    if attrs["dark"] not in ("low", "high"):
        raise ValueError(f"dark {attrs['dark']!r} is neither low nor high")
    variables: dict[str, Any] = {"image": (("depth", "azimuth"), values, {"units": attrs["units"]})}
    if dynamic is not None:
        companion = np.asarray(dynamic, dtype=np.float32)
        if companion.shape != values.shape:
            raise ValueError(f"dynamic image {companion.shape} is not the shape of the image {values.shape}")
        variables["dynamic"] = (("depth", "azimuth"), companion)
    if colour is not None:
        if colour.shape != (*values.shape, 3) or colour.dtype != np.uint8:
            raise ValueError(f"colour {colour.dtype} {colour.shape} is not uint8 of the image {values.shape} and 3")
        variables["colour"] = (("depth", "azimuth", "channel"), colour)
    if radius is not None:
        wall = np.asarray(radius, dtype=np.float32)
        if wall.shape != values.shape:
            raise ValueError(f"radius {wall.shape} is not the shape of the image {values.shape}")
        variables["radius"] = (("depth", "azimuth"), wall, {"units": "m"})
    for name, log, unit in zip(LOGS, (diameter, deviation, hole_azimuth), ("m", "deg", "deg"), strict=True):
        variables[name] = ("depth", np.array(np.broadcast_to(log, depths.shape), dtype=np.float64), {"units": unit})
    coordinates = {
        "depth": ("depth", depths, {"units": "m", "positive": "down"}),
        "azimuth": ("azimuth", angles, {"units": "deg"}),
    }
    return WellImage(xr.Dataset(variables, coordinates, attrs))


def require_image(image: object) -> None:
    """
    Refuse an argument that is no WellImage, such as the path of a file.

    Raises
    ------
    TypeError
        If it is none.

    Examples
    --------
    >>> require_image("well.dlis")
    Traceback (most recent call last):
        ...
    TypeError: give a WellImage, as geobfdt.read(file) returns it, not an object of type str
    """
    if not (isinstance(image, xr.Dataset) and {"image", "depth", "azimuth"} <= set(image.variables)):
        kind = "Dataset without image, depth and azimuth" if isinstance(image, xr.Dataset) else type(image).__name__
        raise TypeError(f"give a WellImage, as geobfdt.read(file) returns it, not an object of type {kind}")


def add_findings(image: WellImage, findings: Iterable[Finding]) -> WellImage:
    """Return the image with more findings; the pixels are shared."""
    return image.assign_attrs(findings=[*image.attrs["findings"], *findings])


def without_colour(image: WellImage) -> WellImage:
    """Return the image without its colours: nothing is computed from them, so that a loaded part need not hold them."""
    return image.drop_vars("colour", errors="ignore")


def place_of(image: WellImage) -> str:
    """Return the name of an image in findings and errors: its file, else its well."""
    return str(image.attrs["source"] or image.attrs["well"] or "image")


def known_reference(image: WellImage) -> Reference:
    """
    Azimuth reference of an image, which has to be known.

    Raises
    ------
    InputError
        If the image's reference is unknown.
    """
    reference = image.attrs["reference"]
    if reference == "unknown":
        raise InputError(
            image.attrs["source"] or image.attrs["well"],
            "nothing says where image angle 0 points",
            "give --azimuth-reference north, high_side or pseudo_north",
        )
    return cast(Reference, reference)


def row_spacing(image: WellImage) -> float:
    """
    Median distance between rows (m).

    Examples
    --------
    >>> row_spacing(well_image(np.zeros((3, 2)), [1.0, 1.5, 2.0]))
    0.5
    """
    depth = image.depth.values
    return float(np.median(np.diff(depth))) if depth.size > 1 else 0.0


def log_at(image: WellImage, name: str, depth: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """
    Value of a hole log at depths, linear between rows, held beyond the ends; angles take the short way round.

    Parameters
    ----------
    image : WellImage
        The well.
    name : {"diameter", "deviation", "hole_azimuth"}
        Which log.
    depth : array
        Depths (m, MD).

    Returns
    -------
    array
        Values (m or deg); NaN where the log is unknown nearby.

    Examples
    --------
    >>> well = well_image(np.zeros((2, 4)), [0.0, 1.0], hole_azimuth=[350.0, 10.0])
    >>> log_at(well, "hole_azimuth", 0.75)
    5.0
    """
    values, at = image[name].values, np.asarray(depth, dtype=float)
    if name != "hole_azimuth":
        return np.asarray(np.interp(at, image.depth.values, values))[()]
    turned = np.exp(1j * np.radians(values))
    angle = np.degrees(np.angle(np.interp(at, image.depth.values, turned)))
    return np.asarray(np.mod(angle, 360.0))[()]


def hole_radius(image: WellImage) -> float:
    """
    Tell the usual radius of a hole.

    Parameters
    ----------
    image : WellImage
        A well, or a strip of one.

    Returns
    -------
    float
        Half the median diameter (m); 0.1 where none is known.

    Examples
    --------
    >>> hole_radius(well_image(np.zeros((2, 4)), [0.0, 0.1], diameter=0.3))
    0.15
    """
    diameter = image["diameter"].values
    measured = diameter[np.isfinite(diameter)]
    return float(np.median(measured)) / 2 if measured.size else 0.1
