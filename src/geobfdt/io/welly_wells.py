"""Wells of the library welly: images, logs of the hole, picks and intervals as one object, and back."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import sys
import warnings
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd

from geobfdt.io.arrays import Array
from geobfdt.io.file_findings import FileFindings
from geobfdt.io.images.assemble import assemble
from geobfdt.io.images.hole_logs import possible_calipers
from geobfdt.io.images.raw import RawImage, RawLog
from geobfdt.io.names import choose_logs
from geobfdt.io.striplogs import to_striplog
from geobfdt.io.units import agreed_unit, length_factor
from geobfdt.runtime.extras import import_extra
from geobfdt.runtime.findings import InputError
from geobfdt.wells.breakouts import BreakoutTable
from geobfdt.wells.image import LOGS, WellImage, require_image
from geobfdt.wells.intervals import IntervalTable
from geobfdt.wells.options import ReadingOptions
from geobfdt.wells.picks import PickTable

__all__ = ["from_welly", "to_welly"]

_IMAGE = "IMAGE"
# Rows of a well's header that hold what a WellImage knows of itself.
_ATTRIBUTES = ("tool", "run", "reference", "north", "declination", "units", "dark", "normalisation")
_SECTION = "geobfdt"
_INDEX = {"index_name": "DEPT", "index_units": "m"}


def to_welly(
    image: WellImage,
    *,
    picks: PickTable | None = None,
    intervals: IntervalTable | None = None,
    breakouts: BreakoutTable | None = None,
) -> Any:
    """
    Make a well of welly of an image and its tables.

    Parameters
    ----------
    image : WellImage
        The well; its pixels are loaded.
    picks, intervals, breakouts : DataFrame, optional
        Tables of this well; an empty one is left out.

    Returns
    -------
    welly.Well
        ``data["IMAGE"]`` is a curve of two dimensions, whose columns are named by their angle (deg); the hole logs that
        are known are curves; tables are striplogs ``PICKS``, ``INTERVALS`` and ``BREAKOUTS``. The header holds the name
        of the well and what is known of the image (reference, north, units, ...).

    Raises
    ------
    InputError
        If welly is not installed, or a table is of several wells.
    """
    require_image(image)
    welly = _welly()
    depth = image["depth"].values
    header = [("WELL", image.attrs["well"], "", "header")]
    header += [(name.upper(), image.attrs[name], "", _SECTION) for name in _ATTRIBUTES if _is_known(image.attrs[name])]
    well = welly.Well({"header": pd.DataFrame(
        [{"original_mnemonic": name, "mnemonic": name, "unit": unit, "value": value, "descr": "", "section": section}
         for name, value, unit, section in header]
    )})  # fmt: skip
    angles = [repr(float(angle)) for angle in image["azimuth"].values]
    description = f"borehole image; columns are degrees clockwise from {image.attrs['reference']}"
    well.data[_IMAGE] = welly.Curve(
        np.array(image["image"].values), index=depth, mnemonic=angles, units=image.attrs["units"],
        description=description, **_INDEX,
    )  # fmt: skip
    for name in LOGS:
        values = image[name].values
        if np.isfinite(values).any():
            well.data[name.upper()] = welly.Curve(
                np.array(values), index=depth, mnemonic=name.upper(), units=image[name].attrs["units"], **_INDEX
            )
    for name, table in (("PICKS", picks), ("INTERVALS", intervals), ("BREAKOUTS", breakouts)):
        if table is not None and len(table):
            well.data[name] = to_striplog(table)
    return well


def from_welly(
    well: Any, *, image: str | None = None, options: ReadingOptions | None = None, **reading_options: Any
) -> WellImage:
    """
    Make a WellImage of a well of welly.

    Parameters
    ----------
    well : welly.Well
        One of its curves has several columns: the image.
    image : str, optional
        Mnemonic of that curve, where there are several.
    options : ReadingOptions, optional
        What the well does not say.
    **reading_options
        The same by name.

    Returns
    -------
    WellImage
        As :func:`geobfdt.read` makes it: every repair and assumption is a finding.

    Raises
    ------
    InputError
        If the well holds no image, or several and nothing chooses, or its depths are in two units or an unknown one.
    """
    welly = _welly()
    stated = ReadingOptions(**{**(options.model_dump() if options else {}), **reading_options})
    attributes = _attributes(well)
    findings = FileFindings(Path(str(attributes.get("well") or "welly well")))
    curves = {str(name): curve for name, curve in well.data.items() if isinstance(curve, welly.Curve)}
    pictures = {name: curve for name, curve in curves.items() if curve.df.shape[1] > 1}
    name = _choose(list(pictures), image or stated.image, findings)
    picture = pictures[name]
    scalars = {other: curve for other, curve in curves.items() if curve.df.shape[1] == 1}
    logs = choose_logs(list(scalars), findings, stated.caliper)
    names, units = list(scalars), [str(curve.units or "") for curve in scalars.values()]
    others = [i for i in possible_calipers(names, units) if i not in logs.values()]
    used = {name: picture, **{names[i]: scalars[names[i]] for i in (*logs.values(), *others)}}
    index_units = {one: str(curve.index_units or "") for one, curve in used.items()}
    unit = agreed_unit(index_units, stated.depth_unit, findings)
    if index_units[name] and length_factor(index_units[name]) is None:
        unit = index_units[name]  # Depths of the image in an unknown unit are not read in that of another curve.
    entries = [_log(names[i], scalars[names[i]]) for i in (*logs.values(), *others)]
    depth = picture.df.index.to_numpy(float)
    raw = RawImage(
        np.array(picture.df.to_numpy(), dtype=np.float32), depth, unit, azimuth=_angles(picture),
        nulls=(float(picture.null),) if picture.null is not None else (), logs=dict(zip(logs, entries, strict=False)),
        others=entries[len(logs) :], attributes={"units": str(picture.units or ""), **attributes}, findings=findings,
    )  # fmt: skip
    try:
        return assemble(raw, findings.path, stated)
    except ValueError as error:  # The contract of a WellImage refuses an attribute of the header.
        raise InputError(findings.path, str(error), "correct the header of the well") from error


def _welly() -> Any:
    """
    Import welly without the warnings of its age.

    welly 0.5.2 is of 2022. It asks ``pkg_resources`` for its own version, a module that setuptools 82 does not have any
    more; a stand-in answers while welly is imported.
    """
    stand_in = ModuleType("pkg_resources")
    vars(stand_in).update(
        get_distribution=importlib.metadata.distribution, DistributionNotFound=importlib.metadata.PackageNotFoundError
    )
    lacking = importlib.util.find_spec("pkg_resources") is None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if lacking:
            sys.modules["pkg_resources"] = stand_in
        try:
            return import_extra("welly", "welly")
        finally:
            if lacking:
                del sys.modules["pkg_resources"]


def _is_known(value: Any) -> bool:
    return value != "" and not (isinstance(value, float) and np.isnan(value))


def _attributes(well: Any) -> dict[str, Any]:
    """Return what the header holds of the well and its image."""
    header = well.header
    own = header[header["section"] == _SECTION]
    attributes = {str(row.mnemonic).lower(): row.value for row in own.itertuples()}
    own_attributes = {name: value for name, value in attributes.items() if name in _ATTRIBUTES}
    if "declination" in own_attributes:
        own_attributes["declination"] = float(own_attributes["declination"])
    return {**own_attributes, "well": str(well.name or "")}


def _choose(names: list[str], name: str | None, findings: FileFindings) -> str:
    listed = ", ".join(names)
    if not names:
        raise findings.refusal("no curve of the well has several columns", "add the image as a curve")
    if name is not None and name not in names:
        raise findings.refusal(f"no image is called {name!r}", f"give one of {listed}")
    if name is None and len(names) > 1:
        raise findings.refusal(f"{len(names)} images and nothing says which", f"give image= one of {listed}")
    return names[0] if name is None else name


def _angles(picture: Any) -> Array | None:
    """Return the angles that name the columns, or None where they are no angles."""
    try:
        angles = np.array([float(name) for name in picture.df.columns])
    except ValueError:
        return None
    # Columns that are numbered 0, 1, 2 ... are pandas' own.
    return None if np.array_equal(angles, np.arange(len(angles))) else angles


def _log(name: str, curve: Any) -> RawLog:
    values, depth = curve.df.to_numpy(float)[:, 0], curve.df.index.to_numpy(float)
    if curve.null is not None:
        values = np.where(values == curve.null, np.nan, values)
    return RawLog(values, str(curve.units or ""), depth, name, str(curve.description or ""))
