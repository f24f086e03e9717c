"""What every image reader hands over: values as the file has them, nothing repaired yet."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from geobfdt.io.arrays import Array, Colour, Grey
from geobfdt.runtime.findings import Finding

__all__ = ["Contents", "RawImage", "RawLog", "Stretches", "item"]


@dataclass
class RawLog:
    """
    A hole log on its own depths, in its own unit.

    Parameters
    ----------
    values : array (n,)
        As in the file, nulls included.
    unit : str
        As in the file; an empty string where it has none.
    depth : array (n,)
        Depths in the unit of the image's depths.
    name, description : str
        What the file calls it.
    """

    values: Array
    unit: str
    depth: Array
    name: str = ""
    description: str = ""


@dataclass
class RawImage:
    """
    An image as a file has it; ``assemble`` turns it into a WellImage and writes down every repair.

    Parameters
    ----------
    values : array (rows, columns)
        float32, owned by this object (``assemble`` works in place); nulls still in.
    depth : array (rows,)
        Depths as in the file, in any order.
    depth_unit : str
        Unit as the file spells it; an empty string where it has none.
    azimuth : array (columns,) or None
        Column centres (deg) where the file gives them.
    nulls : tuple of float
        Values that stand for "not measured" besides the usual ones.
    dynamic : array or None
        Dynamically normalised companion on the same rows and columns.
    colour : array (rows, columns, 3) or None
        uint8; red, green and blue of a coloured picture, owned by this object as well.
    logs : dict
        RawLog by name: diameter, deviation, hole_azimuth.
    others : list of RawLog
        The other curves that are lengths: the size of the bit, or a caliper that is not known by its name.
    attributes : dict
        Attributes of a WellImage as far as the file knows them (well, tool, units, reference, ...).
    findings : list of Finding
        What the reader saw.
    """

    values: Grey
    depth: Array
    depth_unit: str = ""
    azimuth: Array | None = None
    nulls: tuple[float, ...] = ()
    dynamic: Grey | None = None
    colour: Colour | None = None
    logs: dict[str, RawLog] = field(default_factory=dict)
    others: list[RawLog] = field(default_factory=list)
    attributes: dict[str, Any] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)


@dataclass(frozen=True)
class Contents:
    """
    What is in a file, for ``geobfdt inspect``.

    Parameters
    ----------
    format : str
        ``DLIS``, ``LAS 2.0``, ``CSV (Techlog flat)``, ...
    items : list of dict
        One a channel, curve or array, with keys ``name``, ``role`` (image, depth, diameter, deviation, hole_azimuth,
        other), ``shape``, ``unit``, ``frame`` (where in the file) and ``description``.
    header : dict
        Well, company, date and tool by the file.
    """

    format: str
    items: list[dict[str, Any]]
    header: dict[str, str]


class Stretches(NamedTuple):
    """
    Stretches of a long image, for ``geobfdt inspect``.

    Parameters
    ----------
    contents : Contents
        What is in the file.
    images : list of RawImage
        The stretches, in the order of the file.
    rows : int
        Rows of the whole image.
    """

    contents: Contents
    images: list[RawImage]
    rows: int


def item(
    name: str, role: str, shape: tuple[int, ...] = (), unit: str = "", frame: str = "", description: str = ""
) -> dict[str, Any]:
    """
    Return one channel, curve or array of a file for :class:`Contents`.

    Examples
    --------
    >>> item("GR", "other", unit="gAPI")["unit"]
    'gAPI'
    """
    return {"name": name, "role": role, "shape": shape, "unit": unit, "frame": frame, "description": description}
