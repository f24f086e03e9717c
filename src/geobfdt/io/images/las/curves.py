"""Read LAS 2.0 and 3.0 files whose image is spread over curves: ``IMG[0]`` ... ``IMG[55]``, ``ABDC1M`` ... ``ABDC16M``.

lasio reads the header. The numbers are parsed here, piece by piece, because lasio knows neither the delimiters nor the
several data sections of LAS 3.0, and holds the data three times over.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from geobfdt.io.decoding import decoding
from geobfdt.io.file_findings import FileFindings
from geobfdt.io.images.depth_index import check_range
from geobfdt.io.images.hole_logs import possible_calipers
from geobfdt.io.images.las.wrapped import read_wrapped
from geobfdt.io.images.raw import Contents, RawImage, RawLog, item
from geobfdt.io.las_header import Table, header_tables
from geobfdt.io.names import choose_logs, pattern, role
from geobfdt.io.text import Decimal, Notation, row_width, split
from geobfdt.io.text_rows import (
    Losses,
    TextRows,
    collect,
    drop_rows_without_depth,
    numbered_lines,
    read_rows,
    settle_notation,
)
from geobfdt.io.units import agreed_unit, length_factor
from geobfdt.runtime.findings import Severity
from geobfdt.wells.options import ReadingOptions
from geobfdt.wells.tools import tool_of

__all__ = ["UNUSED_OPTIONS", "contents", "read"]

UNUSED_OPTIONS = ("top", "bottom")

_MIN_SECTORS = 8  # A family of fewer curves is no image.
_SAMPLE_LINES = 50  # The first lines show how many cells a row has.
_CURE = "export the file again as LAS 2.0"
_MEMBER = re.compile(r"(.*?)[\[_]?(\d+)\]?(\D*)")


@dataclass(frozen=True)
class _Family:
    """Curves that are the sectors of one image, in order."""

    table: Table
    name: str
    columns: tuple[int, ...]
    label: str = ""  # what --image takes: the name, after that of its section where several sections have it


def read(path: Path, options: ReadingOptions) -> RawImage:
    r"""
    Read an image from a LAS file.

    Parameters
    ----------
    path : Path
        A LAS file.
    options : ReadingOptions
        ``image`` chooses where there are several families of curves: ``ABDC`` for ``ABDC1M`` ... ``ABDC16M``.

    Returns
    -------
    RawImage
        The image, its first sector first, with the hole logs.

    Raises
    ------
    InputError
        If the file is damaged, holds no image, or several and nothing chooses.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "a.las"
    >>> curves = "".join(f" I[{k}]. :\n" for k in range(8))
    >>> rows = "".join(f"{10 + i} 1 2 3 4 5 6 7 {i}\n" for i in range(3))
    >>> _ = file.write_text(f"~V\n VERS. 2.0 :\n WRAP. NO :\n~W\n NULL. -999.25 :\n~C\n DEPT.M :\n{curves}~A\n{rows}")
    >>> read(file, ReadingOptions()).values.shape
    (3, 8)
    """
    findings = FileFindings(path)
    tables = header_tables(findings)
    family = _choose(_families(tables), options.image, findings)
    table = family.table
    depth = _depth_column(table, findings)
    index_units = {table.names[depth]: table.units[depth]} | (table.index_units if depth == 0 else {})
    unit = agreed_unit(index_units, options.depth_unit, findings)
    scalar = ["" if column in family.columns else name for column, name in enumerate(table.names)]
    logs = choose_logs(scalar, findings, options.caliper)
    others = [c for c in possible_calipers(scalar, table.units) if c not in (depth, *logs.values())]
    scalar_columns = [*logs.values(), *others]
    columns = [depth, *scalar_columns, *family.columns]
    with decoding(path, "a LAS file", _CURE):
        rows, most = _rows(table, options.decimal, findings)
        losses = Losses()
        plain = (numbers for numbers, _ in read_rows(rows, columns, [], losses))
        pieces = read_wrapped(rows, columns, losses) if table.wrapped else plain
        values, scalars = collect(pieces, most, 1 + len(scalar_columns), len(family.columns))
        losses.settle(rows, findings, "correct ~C, or export the file again with a curve for every column")
        values, scalars = drop_rows_without_depth(values, scalars, findings)
        if not len(values):
            raise findings.refusal("no row of numbers", _CURE)
    null = Notation().number(table.well.get("NULL", ""))
    nulls = () if null is None or np.isnan(null) else (null,)
    depths = scalars[:, 0].copy()
    if depth == 0:
        stated = [Notation().number(table.well.get(name, "")) for name in ("STRT", "STOP", "STEP")]
        header_unit = next((u for u in table.index_units.values() if u), unit)
        check_range((stated, header_unit), depths, unit, options.depth_unit, findings, whole=len(tables) == 1)
    curves = [
        RawLog(scalars[:, 1 + k].copy(), table.units[c], depths, table.names[c], table.descriptions[c])
        for k, c in enumerate(scalar_columns)
    ]
    raw = RawImage(values, depths, unit, nulls=nulls, others=curves[len(logs) :], findings=findings)
    raw.logs = dict(zip(logs, curves, strict=False))
    well, units = table.well.get("WELL", "") or table.well.get("UWI", ""), table.units[family.columns[0]]
    raw.attributes = {"well": well, "units": units, "tool": tool_of(family.name.split("#")[0])}
    return raw


def contents(path: Path) -> Contents:
    """
    List the curves of a LAS file, reading no numbers.

    Parameters
    ----------
    path : Path
        A LAS file.

    Returns
    -------
    Contents
        Families of curves that make an image, then every curve.

    Raises
    ------
    InputError
        If the header is damaged.
    """
    tables = header_tables(FileFindings(path))
    all_families = _families(tables)
    items: list[dict[str, Any]] = []
    for table in tables:
        where = table.title if len(tables) > 1 else ""
        families = [family for family in all_families if family.table is table]
        members = {column for family in families for column in family.columns}
        for family in families:
            first, *_, last = family.columns
            about = f"{table.names[first]} to {table.names[last]}"
            items.append(item(family.label, "image", (len(family.columns),), table.units[first], where, about))
        items += [
            item(name, role(name) or ("other" if c else "depth"), (), table.units[c], where, table.descriptions[c])
            for c, name in enumerate(table.names)
            if c not in members
        ]  # fmt: skip
    return Contents(f"LAS {tables[0].version}", items, tables[0].well)


def _families(tables: list[Table]) -> list[_Family]:
    """Curves named alike but for a number that counts up by one, from 0 or 1, in the order of that number."""
    families = []
    for table in tables:
        groups: dict[tuple[str, str], dict[int, int]] = {}
        for column, name in enumerate(table.names):
            if match := _MEMBER.fullmatch(name):
                groups.setdefault((match[1], match[3]), {}).setdefault(int(match[2]), column)
        families += [
            _Family(table, f"{prefix}#{suffix}" if suffix else prefix, tuple(numbered[k] for k in sorted(numbered)))
            for (prefix, suffix), numbered in groups.items()
            if len(numbered) >= _MIN_SECTORS
            and min(numbered) in (0, 1)
            and max(numbered) < min(numbered) + len(numbered)
        ]
    names = [family.name for family in families]
    return [
        replace(family, label=f"{family.table.title}/{family.name}" if names.count(family.name) > 1 else family.name)
        for family in families
    ]


def _choose(families: list[_Family], name: str | None, findings: FileFindings) -> _Family:
    listed = ", ".join(f"{family.label} ({len(family.columns)} sectors)" for family in families)
    if not families:
        raise findings.refusal("no curves named alike and numbered make an image", "list them with geobfdt inspect")
    if name is not None:
        key = name.lower()
        fit = [f for f in families if key in {part.lower() for n in (f.label, f.name) for part in (n, n.split("#")[0])}]
        if len(fit) != 1:
            raise findings.refusal(f"{len(fit) or 'no'} images are called {name!r}", f"give --image one of {listed}")
        return fit[0]
    most = max(len(family.columns) for family in families)
    widest = [family for family in families if len(family.columns) == most]
    if len(widest) > 1:
        raise findings.refusal(f"{len(families)} images and nothing says which", f"give --image one of {listed}")
    if len(families) > 1:
        findings.info("image-chosen", f"images {listed}", f"{widest[0].label} taken, the one of most sectors")
    return widest[0]


def _depth_column(table: Table, findings: FileFindings) -> int:
    """Column of measured depth: by its name, and by its place only where no curve has such a name."""
    first = table.names[0]
    depths = [column for column, name in enumerate(table.names) if role(name) == "depth"]
    if 0 in depths:
        return 0
    if depths:
        names = ", ".join(table.names[column] for column in depths)
        severity = Severity.INFO if len(depths) == 1 else Severity.MAJOR
        observed = f"the first curve is {first}; measured depth may be {names}"
        findings.add(severity, "depth-chosen", observed, f"{table.names[depths[0]]} taken as measured depth")
        return depths[0]
    if length_factor(table.units[0]) is None or pattern("no_depth").fullmatch(first):
        observed = f"the first curve, {first}, is no measured depth, nor is any other by its name"
        raise findings.refusal(observed, "export it indexed by DEPT")
    observed = f"no curve is named as a depth; the first one is {first} in {table.units[0]}"
    findings.major("depth-assumed", observed, "taken as measured depth")
    return 0


def _rows(table: Table, decimal: Decimal | None, findings: FileFindings) -> tuple[TextRows, int]:
    """How the rows are written, as the first of them and all their commas show; and how many there are at the most."""
    rows, lines = settle_notation(table.rows, decimal, findings)
    if rows.separator != " ":
        sample = [split(line, rows.separator) for _, line in islice(numbered_lines(rows), _SAMPLE_LINES)]
        rows = replace(rows, width=row_width(sample, len(table.names)))
    # A wrapped file may have several rows on a line, and two bytes to each value at the least.
    return rows, rows.path.stat().st_size // (2 * len(table.names)) + 1 if table.wrapped else lines
