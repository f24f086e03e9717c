"""What the columns of a delimited image file are, by its first lines."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path

import numpy as np

from geobfdt.io.arrays import Array
from geobfdt.io.names import named_caliper, role
from geobfdt.io.text import encoding_of, find_separator, is_number_like, is_units_row, row_width, split
from geobfdt.io.text_rows import TextRows
from geobfdt.runtime.findings import InputError

__all__ = ["Layout", "Picture", "column_role", "find_layout"]

_SAMPLE_BYTES = 2**22  # A header of 100,000 columns fits into it.
_SAMPLE_LINES = 30  # The first lines of data show the separator.
_MIN_SECTORS = 4  # Fewer columns are no image.
_MIN_TURN_DEG = 180.0  # Columns that go less far round may be in radians, and only a named unit proves degrees.

_PICK_COLUMNS = {"depth_m", "class", "amplitude_m"}  # A table with these columns is one of our pick tables.
_ANGLE = re.compile(r"([-+]?\d+(?:[.,]\d+)?) ?(deg|°)?")
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
    azimuth: Array | None = None


@dataclass(frozen=True)
class Layout:
    """
    How a delimited image file is laid out.

    Parameters
    ----------
    rows : TextRows
        Where the rows are; their columns have no units in their names.
    units : tuple of str
        Of the columns.
    depth_units : dict
        Unit of depths by the place that names it, the header and the row of units.
    roles : dict
        Column by role: depth, diameter, deviation, hole_azimuth, well, dataset.
    pictures : tuple of Picture
        Images; several where the file holds several.
    stacked : bool
        One value a line, its depth repeated for every sector.
    attributes : dict
        From lines ``# name: value`` before the header.
    """

    rows: TextRows
    units: tuple[str, ...]
    depth_units: dict[str, str]
    roles: dict[str, int]
    pictures: tuple[Picture, ...]
    stacked: bool
    attributes: dict[str, str] = field(default_factory=dict)


def column_role(cell: str) -> tuple[str, str, str]:
    """
    Name, unit and role of a column, from its heading; the last two are empty where it has none.

    Examples
    --------
    >>> column_role("MD (ft)"), column_role("cal_ave_mm"), column_role("GR")
    (('MD', 'ft', 'depth'), ('cal_ave', 'mm', 'diameter'), ('GR', '', ''))
    """
    name, unit = cell, ""
    if match := _UNIT.fullmatch(cell):
        name, unit = (match[1], match[2]) if match[1] is not None else (match[3], match[4])
    return name, unit, _NAMES.get(name.upper(), "") or role(name)


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
    >>> layout.rows.separator, layout.units[0], layout.pictures[0].name
    (';', 'ft', 'AMP')
    """
    lines, encoding = _first_lines(path)
    attributes = {}
    start = 0
    while start < len(lines) and (not lines[start].strip() or lines[start].lstrip().startswith("#")):
        if match := _ATTRIBUTE.match(lines[start].strip()):
            attributes[match[1]] = match[2]
        start += 1
    if start + 1 >= len(lines):
        raise InputError(path, "holds no rows of numbers", _CURE)
    separator = find_separator(lines[start : start + _SAMPLE_LINES])
    cells = [split(line, separator) for line in lines]
    start = _header_line(cells, start)
    header = cells[start]
    while header and not header[-1]:
        header.pop()
    if all(map(is_number_like, header)):
        raise InputError(path, f"line {start + 1} holds numbers where column names should be", "add a header line")
    if set(header) >= _PICK_COLUMNS:
        raise InputError(path, "a table of picks, not an image", "give the image that they were picked on")
    names, units, played = (list(part) for part in zip(*map(column_role, header), strict=True))
    roles: dict[str, int] = {}
    for column, name in enumerate(played):
        if name:
            roles.setdefault(name, column)
    if caliper is not None:
        roles["diameter"] = named_caliper(caliper, list(zip(names, header, strict=True)), path)
    if "depth" not in roles:
        raise InputError(path, "no depth column in its header", "name one column DEPTH, MD or TDEP")
    first, depth_units = start + 1, {"the header": units[roles["depth"]]}
    if first < len(cells) and len(cells[first]) > roles["depth"] and is_units_row(cells[first]):
        depth_units["the row of units"] = cells[first][roles["depth"]]
        units = [cell or unit for cell, unit in zip_longest(cells[first][: len(units)], units, fillvalue="")]
        first += 1
    data = [row for row in cells[first : first + _SAMPLE_LINES] if any(row)]
    if not data:
        raise InputError(path, "holds no rows of numbers", _CURE)
    width = len(header) if separator == " " else row_width(data, len(header))
    pictures, stacked = _pictures(path, tuple(names), tuple(header), set(roles.values()))
    rows = TextRows(path, first, tuple(names), width, separator, encoding, "the header")
    return Layout(rows, tuple(units), depth_units, roles, pictures, stacked, attributes)


def _header_line(cells: list[list[str]], start: int) -> int:
    """The first line that names a depth among columns; lines of a title may stand above it."""
    widest = max(map(len, cells[start : start + _SAMPLE_LINES]))
    for at, row in enumerate(cells[start : start + _SAMPLE_LINES], start):
        if 2 * len(row) > widest and any(column_role(cell)[2] == "depth" for cell in row):
            return at
    return start


def _first_lines(path: Path) -> tuple[list[str], str]:
    with path.open("rb") as stream:
        sample = stream.read(_SAMPLE_BYTES)
    if sample[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise InputError(path, "text in UTF-16", "save it as UTF-8")
    if b"\0" in sample:
        raise InputError(path, "not text, nor any format that is read", _CURE)
    if len(sample) == _SAMPLE_BYTES:
        whole = sample.rfind(b"\n")
        if whole < 0:
            raise InputError(path, f"its first line is over {_SAMPLE_BYTES:,} bytes long", _CURE)
        sample = sample[: whole + 1]
    encoding = encoding_of(sample)
    return re.split(r"\r\n|\n|\r", sample.decode(encoding, "replace"))[: 2 * _SAMPLE_LINES], encoding


def _pictures(
    path: Path, names: tuple[str, ...], header: tuple[str, ...], taken: set[int]
) -> tuple[tuple[Picture, ...], bool]:
    free = [column for column in range(len(names)) if column not in taken]
    angles = {column: match for column in free if (match := _ANGLE.fullmatch(header[column]))}
    if len(angles) >= _MIN_SECTORS:
        return (_by_angle(path, angles),), False
    families: dict[tuple[str, str], dict[int, int]] = {}
    for column in free:
        if match := _MEMBER.fullmatch(header[column]):
            families.setdefault((match[1], match[3]), {})[int(match[2])] = column
    pictures = []
    for (prefix, suffix), members in families.items():
        if len(members) >= _MIN_SECTORS:
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


def _by_angle(path: Path, angles: dict[int, re.Match[str]]) -> Picture:
    columns, count, names = tuple(angles), len(angles), [match[1] for match in angles.values()]
    values = np.array([float(text.replace(",", ".")) for text in names])
    whole = not any("." in text or "," in text for text in names)
    # Whole numbers one apart count sectors; a file of 360 sectors may mean angles by them, half a column off at most.
    if whole and values[0] in (0, 1) and (np.diff(values) == 1).all():
        return Picture("image", columns)
    # The last column may stand for the first one again, a whole turn later.
    turn = values[-1] - values[0]
    if (np.diff(values) <= 0).any() or values[0] < -180 or values[-1] > 360 or turn > 360:
        observed = f"{count} column angles do not increase within 0 to 360"
        raise InputError(path, observed, "name the columns by their angles (deg)")
    if turn < _MIN_TURN_DEG and not all(match[2] for match in angles.values()):
        observed = f"{count} columns named {names[0]} to {names[-1]} would go round {turn:g} degrees of the hole only"
        raise InputError(path, observed, "name the columns by their angles in degrees, such as 5deg, or number them")
    return Picture("image", columns, values)
