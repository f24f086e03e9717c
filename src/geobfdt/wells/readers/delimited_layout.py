"""What the columns of a delimited image file are, told from its first lines."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path

import numpy as np
import numpy.typing as npt

from geobfdt.wells.findings import InputError
from geobfdt.wells.readers.mnemonics import named_caliper, role

__all__ = ["Layout", "Picture", "column_role", "find_layout", "split"]

_SAMPLE = 2**22  # bytes; a header of 100,000 columns fits
_LINES = 30  # data lines that a separator is judged by
_SECTORS = 4  # fewer columns than this are no image

_PICKS = {"depth_m", "class", "amplitude_m"}  # columns of our own pick tables
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
_ANGLE = re.compile(r"(\d+(?:[.,]\d+)?) ?(?:deg|°)?")
_UNIT = re.compile(r"(.*?)\s*[(\[]([^)\]\d]*|0?\.1 ?in)[)\]]|(.*)_(m|ft|cm|mm|in|deg)")
_MEMBER = re.compile(r"(.*\D|)(\d+)(\D*)")
_ATTRIBUTE = re.compile(r"#\s*(\w+)\s*:\s*(.*)")
_CURE = "see docs/reading.md for the layouts that are read"

_NAMES = {"WELL": "well", "WELLNAME": "well", "WELL_NAME": "well", "DATASET": "dataset", "DATASETNAME": "dataset"}


@dataclass(frozen=True)
class Picture:
    """An image spread over columns, or stacked in one; `azimuth` (deg) where the header gives the angles."""

    name: str
    columns: tuple[int, ...]
    azimuth: npt.NDArray[np.float64] | None = None


@dataclass(frozen=True)
class Layout:
    """
    How a delimited image file is laid out.

    Parameters
    ----------
    separator : str
        Between cells; a blank stands for any white space.
    decimal : str
        Point or comma.
    encoding : str
        Of its text.
    first_line : int
        Index of the first line of data, from 0.
    width : int
        Cells a line.
    names, units : tuple of str
        Of the columns, units split off the names.
    roles : dict
        Column by role: depth, diameter, deviation, hole_azimuth, well, dataset.
    pictures : tuple of Picture
        Images; several where the file holds several.
    stacked : bool
        One value a line, its depth repeated for every sector.
    attributes : dict
        From lines ``# name: value`` before the header.
    """

    separator: str
    decimal: str
    encoding: str
    first_line: int
    width: int
    names: tuple[str, ...]
    units: tuple[str, ...]
    roles: dict[str, int]
    pictures: tuple[Picture, ...]
    stacked: bool
    attributes: dict[str, str] = field(default_factory=dict)


def column_role(cell: str) -> tuple[str, str, str]:
    """
    Name, unit and role of a column, from its heading; the last two are empty where it does not tell.

    Examples
    --------
    >>> column_role("MD (ft)"), column_role("cal_ave_mm"), column_role("GR")
    (('MD', 'ft', 'depth'), ('cal_ave', 'mm', 'diameter'), ('GR', '', ''))
    """
    name, unit = cell, ""
    if match := _UNIT.fullmatch(cell):
        name, unit = (match[1], match[2]) if match[1] is not None else (match[3], match[4])
    return name, unit, _NAMES.get(name.upper(), "") or role(name)


def split(line: str, separator: str) -> list[str]:
    """
    Cells of a line, stripped.

    Examples
    --------
    >>> split('1; "a;b" ;3', ";")
    ['1', 'a;b', '3']
    """
    if separator == " ":
        return line.split()
    if '"' in line:
        return [cell.strip() for cell in next(csv.reader([line], delimiter=separator, skipinitialspace=True))]
    return [cell.strip() for cell in line.rstrip("\r\n").split(separator)]


def find_layout(path: Path, caliper: str | None = None) -> Layout:
    r"""
    Find out how a delimited image file is laid out.

    Parameters
    ----------
    path : Path
        A text file: a header line, perhaps a line of units, then rows of numbers.
    caliper : str, optional
        The user's ``--caliper``: the column that is the diameter.

    Returns
    -------
    Layout
        Its columns.

    Raises
    ------
    InputError
        If it is not text, or has no header, no depth column or no image.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "a.csv"
    >>> _ = file.write_text("TDEP;AMP[0];AMP[1];AMP[2];AMP[3]\nft;;;;\n1,5;1;2;3;4\n")
    >>> layout = find_layout(file)
    >>> layout.separator, layout.decimal, layout.units[0], layout.pictures[0].name
    (';', ',', 'ft', 'AMP')
    """
    lines, encoding = _first_lines(path)
    attributes = {}
    start = 0
    while start < len(lines) and (not lines[start].strip() or lines[start].lstrip().startswith("#")):
        if said := _ATTRIBUTE.match(lines[start].strip()):
            attributes[said[1]] = said[2]
        start += 1
    if start + 1 >= len(lines):
        raise InputError(path, "holds no rows of numbers", _CURE)
    separator = _separator(lines[start : start + _LINES])
    header = split(lines[start], separator)
    while header and not header[-1]:
        header.pop()
    numeric = sum(bool(_NUMBER.fullmatch(cell)) for cell in header)
    if numeric == len(header):
        raise InputError(path, f"line {start + 1} holds numbers where column names should be", "add a header line")
    if set(header) >= _PICKS:
        raise InputError(path, "a table of picks, not an image", "give the image that they were picked on")
    first, units = start + 1, [""] * len(header)
    names = []
    roles: dict[str, int] = {}
    for column, cell in enumerate(header):
        name, units[column], played = column_role(cell)
        names.append(name)
        if played:
            roles.setdefault(played, column)
    if caliper is not None:
        roles["diameter"] = named_caliper(caliper, list(zip(names, header, strict=True)), path)
    if "depth" not in roles:
        raise InputError(path, "no depth column in its header", "name one column DEPTH, MD or TDEP")
    below = split(lines[first], separator)
    if _names_units(below, roles["depth"]):
        units = [cell or unit for cell, unit in zip_longest(below[: len(units)], units, fillvalue="")]
        first += 1
    data = [split(line, separator) for line in lines[first : first + _LINES] if line.strip()]
    if not data:
        raise InputError(path, "holds no rows of numbers", _CURE)
    # Some programs end every line of data, but not the header, with a separator.
    trailing = len(data[0]) == len(header) + 1 and not data[0][-1]
    comma = separator != "," and any("," in cell for row in data for cell in row)
    pictures, stacked = _pictures(path, tuple(names), tuple(header), set(roles.values()))
    return Layout(
        separator, "," if comma else ".", encoding, first, len(header) + trailing, tuple(names), tuple(units), roles,
        pictures, stacked, attributes,
    )  # fmt: skip


def _first_lines(path: Path) -> tuple[list[str], str]:
    with path.open("rb") as stream:
        sample = stream.read(_SAMPLE)
    if sample[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise InputError(path, "text in UTF-16", "save it as UTF-8")
    if b"\0" in sample:
        raise InputError(path, "not text, nor any format that is read", _CURE)
    if len(sample) == _SAMPLE:
        whole = sample.rfind(b"\n")
        if whole < 0:
            raise InputError(path, f"its first line is over {_SAMPLE:,} bytes long", _CURE)
        sample = sample[: whole + 1]
    try:
        text, encoding = sample.decode("utf-8-sig"), "utf-8-sig"
    except UnicodeDecodeError:
        # Every byte is a letter in Latin-1; accents in names may come out wrong, numbers never do.
        text, encoding = sample.decode("latin-1"), "latin-1"
    return re.split(r"\r\n|\n|\r", text)[: 2 * _LINES], encoding


def _separator(lines: list[str]) -> str:
    """The first separator that cuts header and data into equally many cells."""
    lines = [line for line in lines if line.strip()]
    for separator in "\t;,|":
        widths = [len(split(line, separator)) for line in lines]
        if widths[0] > 1 and sum(abs(width - widths[0]) <= 1 for width in widths) > len(widths) / 2:
            return separator
    return " "


def _names_units(cells: list[str], depth: int) -> bool:
    """Whether a line names units: its depth cell is empty or words, and no cell is a number."""
    return len(cells) > depth and not any(re.search(r"^[-+.,]?\d", cell) for cell in cells if cell != "0.1 in")


def _pictures(
    path: Path, names: tuple[str, ...], header: tuple[str, ...], taken: set[int]
) -> tuple[tuple[Picture, ...], bool]:
    free = [column for column in range(len(names)) if column not in taken]
    angles = {column: match[1] for column in free if (match := _ANGLE.fullmatch(header[column]))}
    if len(angles) >= _SECTORS:
        return (_by_angle(path, angles),), False
    families: dict[tuple[str, str], dict[int, int]] = {}
    for column in free:
        if match := _MEMBER.fullmatch(header[column]):
            families.setdefault((match[1], match[3]), {})[int(match[2])] = column
    pictures = []
    for (prefix, suffix), members in families.items():
        if len(members) >= _SECTORS:
            indices = sorted(members)
            name = prefix.rstrip("[(_. ") + ("#" + suffix if suffix.strip("]) ") else "")
            if indices[0] > 1 or indices != list(range(indices[0], indices[0] + len(indices))):
                raise InputError(path, f"columns of {name} are not numbered through", "export all of them")
            pictures.append(Picture(name, tuple(members[index] for index in indices)))
    if pictures:
        return tuple(pictures), False
    if free:
        return tuple(Picture(names[column], (column,)) for column in free), True
    raise InputError(path, "no image columns in its header", _CURE)


def _by_angle(path: Path, angles: dict[int, str]) -> Picture:
    columns, count = tuple(angles), len(angles)
    values = np.array([float(text.replace(",", ".")) for text in angles.values()])
    whole = not any("." in text or "," in text for text in angles.values())
    # Whole numbers one apart count sectors; a file of 360 sectors may mean angles by them, half a column off at most.
    if whole and values[0] in (0, 1) and (np.diff(values) == 1).all():
        return Picture("image", columns)
    if (np.diff(values) <= 0).any() or values[-1] >= 360:
        raise InputError(
            path, f"{count} column angles do not increase within 0 to 360", "name the columns by their angles (deg)"
        )
    return Picture("image", columns, values)
