"""Read images from delimited text.

Two layouts are known. **Wide**: one line a depth, one column a sector, named by its angle (``0.5, 1.5, ...``), by its
number (``AMP[0], AMP[1], ...``; ``ABDC1M, ABDC2M, ...``) or by a bare number. **Stacked** (Techlog): one line a depth
*and* sector, columns ``wellName, datasetName, TDEP, <image>``; the order of the lines implies the sector. Either may
have a line of units under its header, and columns of hole logs.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from geobfdt.wells.findings import Finding, InputError, Severity
from geobfdt.wells.image import LOGS
from geobfdt.wells.options import ReadingOptions
from geobfdt.wells.readers.boundary import decoding
from geobfdt.wells.readers.delimited_layout import Layout, Picture, find_layout, split
from geobfdt.wells.readers.raw import Contents, RawImage, RawLog

__all__ = ["contents", "read"]

_CELLS = 2_000_000  # cells parsed at a time
_EMPTY = ["", "nan", "NaN", "NAN", "NA", "N/A", "null", "NULL", "None", "-"]
_REPAIR = "repair that line, or export the file again"
_STATED = ("well", "run", "tool", "reference", "north", "dark", "normalisation", "units")


def read(path: Path, options: ReadingOptions) -> RawImage:
    r"""
    Read an image from delimited text.

    The file is parsed piece by piece; memory is the image and one piece.

    Parameters
    ----------
    path : Path
        A CSV or TXT file.
    options : ReadingOptions
        ``image`` and ``well`` choose where the file holds several.

    Returns
    -------
    RawImage
        The image; without angles where the columns do not give them.

    Raises
    ------
    InputError
        If the layout is not known, a line is malformed (it is named by its number), or the file holds several wells
        or images and no option chooses.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "a.csv"
    >>> _ = file.write_text("depth_m,45.0,135.0,225.0,315.0\n10.0,1,2,3,4\n10.1,5,6,7,8\n")
    >>> read(file, ReadingOptions()).values
    array([[1., 2., 3., 4.], [5., 6., 7., 8.]], dtype=float32)
    """
    layout = find_layout(path, options.caliper)
    findings: list[Finding] = []
    picture = _choose(path, layout, options.image, findings)
    lines = _count_lines(path, layout)
    numbers = [layout.roles["depth"], *(layout.roles[name] for name in LOGS if name in layout.roles)]
    values = np.empty((lines, len(picture.columns)), dtype=np.float32)
    scalars = np.empty((lines, len(numbers)), dtype=np.float64)
    wells: dict[str, None] = {}
    datasets: dict[str, None] = {}
    filled = 0
    for chunk in _chunks(path, layout, picture, numbers):
        if "well" in layout.roles:
            named = chunk[layout.roles["well"]].cat
            wells.update(dict.fromkeys(_categories(chunk, layout.roles["well"])))
            if options.well is not None:
                wanted = [_same(str(name), options.well) for name in named.categories]
                chunk = chunk[np.append(wanted, False)[named.codes.to_numpy()]]  # code -1: no name
        if "dataset" in layout.roles:
            datasets.update(dict.fromkeys(_categories(chunk, layout.roles["dataset"])))
        rows = slice(filled, filled + len(chunk))
        if rows.stop > lines:  # a carriage return within a line ends it for one way of reading and not for another
            raise InputError(path, f"more rows than its {lines} lines: a line is broken in two", _REPAIR)
        values[rows] = chunk[list(picture.columns)].to_numpy(dtype=np.float32)
        scalars[rows] = chunk[numbers].to_numpy(dtype=np.float64)
        filled = rows.stop
    well = _one_well(path, list(wells), options.well)
    if len(datasets) > 1:
        raise InputError(path, f"well {well} has data sets {', '.join(datasets)}", "export one of them")
    values, scalars = values[:filled], scalars[:filled]
    if not filled:
        raise InputError(path, f"no rows{_of(well)}; a quote may not be closed", _REPAIR)
    if not np.isfinite(scalars[:, 0]).all():
        raise InputError(path, _first_bad_line(path, layout, []), _REPAIR)
    if layout.stacked:
        sectors = _sectors(path, scalars[:, 0], well)
        values, scalars = values.reshape(-1, sectors), scalars[::sectors]
        findings.append(
            Finding(
                Severity.INFO,
                "sector-order",
                path.name,
                f"{sectors} values a depth and no angles",
                "taken as equal sectors clockwise from the reference line, in their order",
            )
        )
    depth = np.ascontiguousarray(scalars[:, 0])
    logs = {
        name: RawLog(np.ascontiguousarray(scalars[:, k]), layout.units[column], depth, layout.names[column])
        for k, (name, column) in enumerate(zip((n for n in LOGS if n in layout.roles), numbers[1:], strict=True), 1)
    }
    attributes: dict[str, Any] = {name: layout.attributes[name] for name in _STATED if name in layout.attributes}
    if "declination" in layout.attributes:
        with decoding(path, "a declination", "write a number of degrees"):
            attributes["declination"] = float(layout.attributes["declination"])
    if well:
        attributes["well"] = well
    unit = layout.units[picture.columns[0]]
    if unit and "units" not in attributes:
        attributes["units"] = unit
    return RawImage(
        values, depth, layout.units[layout.roles["depth"]], picture.azimuth, logs=logs, attributes=attributes,
        findings=findings,
    )  # fmt: skip


def contents(path: Path) -> Contents:
    """
    List the columns of a delimited image file; sectors of one image are one item.

    Parameters
    ----------
    path : Path
        A CSV or TXT file.

    Returns
    -------
    Contents
        Its columns; of the shape, -1 stands for rows that were not counted.

    Raises
    ------
    InputError
        If the layout is not known.
    """
    layout = find_layout(path)
    items = [
        {
            "name": layout.names[column],
            "role": role if role in (*LOGS, "depth") else "other",
            "shape": (-1,),
            "unit": layout.units[column],
            "frame": "",
            "description": "",
        }
        for role, column in layout.roles.items()
    ]
    items += [
        {
            "name": picture.name,
            "role": "image",
            "shape": (-1,) if layout.stacked else (-1, len(picture.columns)),
            "unit": layout.units[picture.columns[0]],
            "frame": "",
            "description": "one value a line" if layout.stacked else f"{len(picture.columns)} columns",
        }
        for picture in layout.pictures
    ]
    return Contents("CSV (Techlog flat)" if layout.stacked else "CSV (wide)", items, dict(layout.attributes))


def _categories(chunk: pd.DataFrame, column: int) -> list[str]:
    used = np.unique(chunk[column].cat.codes)
    return [str(chunk[column].cat.categories[code]).strip() if code >= 0 else "" for code in used]


def _same(first: str, second: str) -> bool:
    return first.strip().casefold() == second.strip().casefold()


def _of(well: str) -> str:
    return f" of well {well}" if well else ""


def _choose(path: Path, layout: Layout, name: str | None, findings: list[Finding]) -> Picture:
    names = ", ".join(picture.name for picture in layout.pictures)
    if name is not None:
        for picture in layout.pictures:
            if _same(name, picture.name) or _same(name, picture.name.split("#")[0]):
                return picture
        raise InputError(path, f"no image {name!r}; it holds {names}", "give --image one of them")
    widest = max(len(picture.columns) for picture in layout.pictures)
    best = [picture for picture in layout.pictures if len(picture.columns) == widest]
    if len(best) > 1:
        raise InputError(path, f"several columns may be the image: {names}", "give --image one of them")
    if len(layout.pictures) > 1:
        done = f"{best[0].name}, with the most sectors, read"
        findings.append(Finding(Severity.MAJOR, "image-chosen", path.name, f"images {names}", done))
    return best[0]


def _count_lines(path: Path, layout: Layout) -> int:
    """Count the lines of data, each proved to have as many cells as the first."""
    count, separator = 0, layout.separator.encode()
    with path.open("rb") as stream:
        for number, line in enumerate(stream, 1):
            if number <= layout.first_line or not line.strip():
                continue
            if b'"' in line or separator == b" ":
                cells = len(split(line.decode("latin-1"), layout.separator))
            else:
                cells = line.count(separator) + 1
            if cells != layout.width:
                raise InputError(path, f"line {number} has {cells} cells, not {layout.width}", _REPAIR)
            count += 1
    return count


def _chunks(path: Path, layout: Layout, picture: Picture, numbers: list[int]) -> Iterator[pd.DataFrame]:
    texts = [layout.roles[name] for name in ("well", "dataset") if name in layout.roles]
    types: dict[int, Any] = dict.fromkeys(picture.columns, np.float32)
    types |= dict.fromkeys(numbers, np.float64) | dict.fromkeys(texts, "category")
    try:
        with pd.read_csv(
            path,
            sep=r"\s+" if layout.separator == " " else layout.separator,
            decimal=layout.decimal,
            header=None,
            names=range(layout.width),
            index_col=False,
            skiprows=layout.first_line,
            usecols=sorted(types),
            dtype=types,
            chunksize=max(1, _CELLS // len(types)),
            encoding=layout.encoding,
            encoding_errors="replace",
            na_values=_EMPTY,
            keep_default_na=False,
            skipinitialspace=True,
        ) as parts:
            yield from parts
    except ValueError as error:  # pandas says what it could not convert, not where
        raise InputError(path, _first_bad_line(path, layout, sorted({*picture.columns, *numbers})), _REPAIR) from error


def _first_bad_line(path: Path, layout: Layout, columns: list[int]) -> str:
    """Say where the first line is that has text in one of the columns, or no depth."""
    depth = layout.roles["depth"]
    with path.open(encoding=layout.encoding, errors="replace") as stream:
        for number, line in enumerate(stream, 1):
            if number <= layout.first_line or not line.strip():
                continue
            cells = split(line, layout.separator)
            for column in (depth, *columns):
                text = cells[column].replace(layout.decimal, ".")
                try:
                    value = np.nan if text in _EMPTY else float(text)
                except ValueError:
                    return f"line {number}: {text[:40]!r} under {layout.names[column]} is not a number"
                if column == depth and not np.isfinite(value):
                    return f"line {number}: no depth"
    return "a cell is not a number"


def _one_well(path: Path, wells: list[str], wanted: str | None) -> str:
    names = ", ".join(wells[:10])
    if wanted is not None:
        for well in wells:
            if _same(well, wanted):
                return well
        if wells:
            raise InputError(path, f"no well {wanted!r}; it holds {names}", "give --well one of them")
        return ""
    if len(wells) > 1:
        raise InputError(path, f"holds {len(wells)} wells: {names}", "give --well one of them")
    return wells[0] if wells else ""


def _sectors(path: Path, depth: npt.NDArray[np.float64], well: str) -> int:
    """Values a depth, the usual length of a run of one depth; every depth must have as many."""
    starts = np.flatnonzero(np.diff(depth, prepend=np.nan) != 0)
    runs = np.diff(starts, append=depth.size)
    lengths, counts = np.unique(runs, return_counts=True)
    sectors = int(lengths[np.argmax(counts)])
    if sectors < 2:
        raise InputError(path, f"one value a depth{_of(well)}, so no image", "export the image array")
    # A depth that comes twice makes one run of double length, which is well.
    odd = np.flatnonzero(runs % sectors)
    if odd.size:
        seen = f"{runs[odd[0]]} values at depth {depth[starts[odd[0]]]:g}{_of(well)}, {sectors} at others"
        raise InputError(path, seen, "export the file again")
    return sectors
