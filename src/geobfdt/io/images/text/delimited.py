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
import pandas as pd

from geobfdt.io.arrays import Array, Mask
from geobfdt.io.decoding import decoding
from geobfdt.io.file_findings import FileFindings
from geobfdt.io.images.raw import Contents, RawImage, RawLog, item
from geobfdt.io.images.text.layout import Layout, Picture, find_layout
from geobfdt.io.text_rows import Losses, collect, drop_rows_without_depth, read_rows, settle_notation
from geobfdt.io.units import agreed_unit
from geobfdt.wells.image import LOGS
from geobfdt.wells.options import ReadingOptions

__all__ = ["UNUSED_OPTIONS", "contents", "read"]

UNUSED_OPTIONS = ("top", "bottom")

_CHOOSE = "give --image one of them; a table of picks is for geobfdt ingest --picks"
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
    findings = FileFindings(path)
    picture = _choose(layout, options.image, findings)
    unit = agreed_unit(layout.depth_units, options.depth_unit, findings)
    rows, lines = settle_notation(layout.rows, options.decimal, findings)
    numbers = [layout.roles["depth"], *(layout.roles[name] for name in LOGS if name in layout.roles)]
    named: dict[str, dict[str, None]] = {name: {} for name in ("well", "dataset") if name in layout.roles}
    losses = Losses()

    def pieces() -> Iterator[Array]:
        columns = [*numbers, *picture.columns]
        for piece, words in read_rows(rows, columns, [layout.roles[name] for name in named], losses):
            for name, names in named.items():
                names.update(dict.fromkeys(_used(words[layout.roles[name]])))
            if "well" in named and options.well is not None:
                wells = words[layout.roles["well"]]
                own = np.array([_same(str(name), options.well) for name in wells.categories], dtype=bool)
                piece = piece[own[wells.codes]]
            yield piece

    values, scalars = collect(pieces(), lines, len(numbers), len(picture.columns))
    losses.settle(rows, findings, _REPAIR)
    well = _one_well(list(named.get("well", ())), options.well, findings)
    if len(named.get("dataset", ())) > 1:
        raise findings.refusal(f"well {well} has data sets {', '.join(named['dataset'])}", "export one of them")
    values, scalars = drop_rows_without_depth(values, scalars, findings)
    if not len(values):
        raise findings.refusal(f"no rows{_of(well)}", _REPAIR)
    if layout.stacked:
        whole, sectors = _whole_depths(scalars[:, 0], well, findings)
        if not whole.all():
            values, scalars = values[whole], scalars[whole]
        values, scalars = values.reshape(-1, sectors), scalars[::sectors]
        action = "taken as equal sectors clockwise from the reference line, in their order"
        findings.info("sector-order", f"{sectors} values a depth and no angles", action)
    depth = np.ascontiguousarray(scalars[:, 0])
    logs = {
        name: RawLog(np.ascontiguousarray(scalars[:, k]), layout.units[column], depth, layout.rows.names[column])
        for k, (name, column) in enumerate(zip((n for n in LOGS if n in layout.roles), numbers[1:], strict=True), 1)
    }
    attributes: dict[str, Any] = {name: layout.attributes[name] for name in _STATED if name in layout.attributes}
    if "declination" in layout.attributes:
        with decoding(path, "a declination", "write a number of degrees"):
            attributes["declination"] = float(layout.attributes["declination"])
    if well:
        attributes["well"] = well
    if layout.units[picture.columns[0]]:
        attributes.setdefault("units", layout.units[picture.columns[0]])
    return RawImage(values, depth, unit, picture.azimuth, logs=logs, attributes=attributes, findings=findings)


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
        item(layout.rows.names[column], role if role in (*LOGS, "depth") else "other", (-1,), layout.units[column])
        for role, column in layout.roles.items()
    ]
    for picture in layout.pictures:
        shape = (-1, len(picture.columns))[: 2 - layout.stacked]
        about = "one value a line" if layout.stacked else f"{len(picture.columns)} columns"
        items.append(item(picture.name, "image", shape, layout.units[picture.columns[0]], description=about))
    return Contents("CSV (Techlog flat)" if layout.stacked else "CSV (wide)", items, dict(layout.attributes))


def _used(words: pd.Categorical[str]) -> list[str]:
    codes = np.flatnonzero(np.bincount(words.codes + 1)) - 1
    return [str(words.categories[int(code)]).strip() if code >= 0 else "" for code in codes]


def _same(first: str, second: str) -> bool:
    return first.strip().casefold() == second.strip().casefold()


def _of(well: str) -> str:
    return f" of well {well}" if well else ""


def _choose(layout: Layout, name: str | None, findings: FileFindings) -> Picture:
    names = ", ".join(picture.name for picture in layout.pictures)
    if name is not None:
        for picture in layout.pictures:
            if _same(name, picture.name) or _same(name, picture.name.split("#")[0]):
                return picture
        raise findings.refusal(f"no image {name!r}; it holds {names}", _CHOOSE)
    widest = max(len(picture.columns) for picture in layout.pictures)
    best = [picture for picture in layout.pictures if len(picture.columns) == widest]
    if len(best) > 1:
        raise findings.refusal(f"several columns may be the image: {names}", _CHOOSE)
    if len(layout.pictures) > 1:
        findings.major("image-chosen", f"images {names}", f"{best[0].name}, with the most sectors, read")
    return best[0]


def _one_well(wells: list[str], name: str | None, findings: FileFindings) -> str:
    """The well of that name, or the only one; empty where the file names none."""
    own = [well for well in wells if name is None or _same(well, name)]
    names = ", ".join(wells[:10])
    if wells and not own:
        raise findings.refusal(f"no well {name!r}; it holds {names}", "give --well one of them")
    if len(own) > 1 and name is None:
        raise findings.refusal(f"holds {len(wells)} wells: {names}", "give --well one of them")
    return own[0] if own else ""


def _whole_depths(depth: Array, well: str, findings: FileFindings) -> tuple[Mask, int]:
    """Rows of depths that have all their values, and how many these are: the usual length of a run of one depth."""
    starts = np.flatnonzero(np.diff(depth, prepend=np.nan) != 0)
    runs = np.diff(starts, append=depth.size)
    lengths, counts = np.unique(runs, return_counts=True)
    sectors = int(lengths[::-1][np.argmax(counts[::-1])])
    if sectors < 2:
        raise findings.refusal(f"one value a depth{_of(well)}, so no image", "export the image array")
    # A depth that comes twice makes one run of double length, which is well.
    odd = np.flatnonzero(runs % sectors)
    if odd.size:
        observed = f"{runs[odd[0]]} values at depth {depth[starts[odd[0]]]:g}{_of(well)}, {sectors} at others"
        if 2 * odd.size >= runs.size:
            raise findings.refusal(observed, "export the file again")
        findings.major("depths-incomplete", f"{odd.size} depths, {observed}", "left out whole")
    return np.repeat(runs % sectors == 0, runs), sectors
