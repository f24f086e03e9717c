"""Read LAS 2.0 and 3.0 files whose image is spread over curves: ``IMG[0]`` ... ``IMG[55]``, ``ABDC1M`` ... ``ABDC16M``.

lasio reads the header. The numbers are parsed here, piece by piece, because lasio knows neither the delimiters nor the
several data sections of LAS 3.0, and holds the data three times over.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from geobfdt.wells.findings import Finding, InputError, Severity
from geobfdt.wells.options import ReadingOptions
from geobfdt.wells.readers.boundary import decoding
from geobfdt.wells.readers.hole_logs import possible_calipers
from geobfdt.wells.readers.las_header import Table, header_tables
from geobfdt.wells.readers.mnemonics import choose_logs, role, tool_of
from geobfdt.wells.readers.raw import Contents, RawImage, RawLog

__all__ = ["contents", "read"]

_SECTORS = 8  # fewer curves of one family are no image
_CELLS = 2_000_000  # cells parsed at a time
_CURE = "export the file again as LAS 2.0"
_MEMBER = re.compile(r"(.*?)[\[_]?(\d+)\]?(\D*)")
_EMPTY = ("", "nan", "na", "n/a", "null", "none", "-")


@dataclass(frozen=True)
class _Family:
    """Curves that are the sectors of one image, in order."""

    table: Table
    label: str
    columns: tuple[int, ...]


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
    findings: list[Finding] = []
    family = _choose(path, [f for table in header_tables(path) for f in _families(table)], options.image, findings)
    table = family.table
    depth = _depth_column(path, table)
    scalar = ["" if column in family.columns else name for column, name in enumerate(table.names)]
    logs = choose_logs(scalar, path, findings, options.caliper)
    others = [c for c in possible_calipers(scalar, table.units) if c not in (depth, *logs.values())]
    scalar_columns = [*logs.values(), *others]
    wanted = [depth, *scalar_columns, *family.columns]
    with decoding(path, "a LAS file", _CURE):
        values, scalars = _numbers(path, table, wanted, 1 + len(scalar_columns), findings)
    null = table.well.get("NULL", "")
    nulls = (float(null),) if re.fullmatch(r"[-+]?\d+\.?\d*", null) else ()
    depths = scalars[:, 0].copy()
    curves = [
        RawLog(scalars[:, 1 + k].copy(), table.units[c], depths, table.names[c], table.descriptions[c])
        for k, c in enumerate(scalar_columns)
    ]
    attributes = {
        "well": table.well.get("WELL", "") or table.well.get("UWI", ""),
        "units": table.units[family.columns[0]],
        "tool": tool_of(family.label.split("#")[0]),
    }
    return RawImage(
        values,
        depths,
        table.units[depth],
        nulls=nulls,
        logs=dict(zip(logs, curves, strict=False)),
        others=curves[len(logs) :],
        attributes=attributes,
        findings=findings,
    )


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
    tables = header_tables(path)
    items: list[dict[str, Any]] = []
    for table in tables:
        where = table.title if len(tables) > 1 else ""
        families = _families(table)
        members = {column for family in families for column in family.columns}
        items += [
            {
                "name": family.label,
                "role": "image",
                "shape": (len(family.columns),),
                "unit": table.units[family.columns[0]],
                "frame": where,
                "description": f"{table.names[family.columns[0]]} to {table.names[family.columns[-1]]}",
            }
            for family in families
        ]
        items += [
            {
                "name": name,
                "role": role(name) or ("depth" if column == 0 else "other"),
                "shape": (),
                "unit": table.units[column],
                "frame": where,
                "description": table.descriptions[column],
            }
            for column, name in enumerate(table.names)
            if column not in members
        ]
    return Contents(f"LAS {tables[0].version}", items, tables[0].well)


def _families(table: Table) -> list[_Family]:
    """Curves named alike but for a number that counts up by one, from 0 or 1, in the order of that number."""
    groups: dict[tuple[str, str], dict[int, int]] = {}
    for column, name in enumerate(table.names):
        if match := _MEMBER.fullmatch(name):
            groups.setdefault((match[1], match[3]), {}).setdefault(int(match[2]), column)
    return [
        _Family(table, f"{prefix}#{suffix}" if suffix else prefix, tuple(numbered[k] for k in sorted(numbered)))
        for (prefix, suffix), numbered in groups.items()
        if len(numbered) >= _SECTORS and min(numbered) in (0, 1) and max(numbered) - min(numbered) == len(numbered) - 1
    ]


def _choose(path: Path, families: list[_Family], wanted: str | None, findings: list[Finding]) -> _Family:
    known = ", ".join(f"{family.label} ({len(family.columns)} sectors)" for family in families)
    if not families:
        raise InputError(path, "no curves named alike and numbered make an image", "list them with geobfdt inspect")
    if wanted is not None:
        asked = wanted.lower()
        found = [f for f in families if asked in (f.label.lower(), f.label.split("#")[0].lower())]
        if len(found) != 1:
            raise InputError(path, f"{len(found) or 'no'} images are called {wanted!r}", f"give --image one of {known}")
        return found[0]
    most = max(len(family.columns) for family in families)
    found = [family for family in families if len(family.columns) == most]
    if len(found) > 1:
        raise InputError(path, f"{len(families)} images and nothing says which", f"give --image one of {known}")
    if len(families) > 1:
        done = f"{found[0].label} taken, the one of most sectors"
        findings.append(Finding(Severity.INFO, "image-chosen", path.name, f"images {known}", done))
    return found[0]


def _depth_column(path: Path, table: Table) -> int:
    if role(table.names[0]) == "depth" or table.units[0].lower() in ("m", "ft", "f"):
        return 0
    depths = [column for column, name in enumerate(table.names) if role(name) == "depth"]
    if len(depths) != 1:
        raise InputError(path, f"the first curve, {table.names[0]}, is no depth", "export it indexed by depth")
    return depths[0]


def _numbers(
    path: Path, table: Table, wanted: list[int], logs: int, findings: list[Finding]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float64]]:
    """Image (rows, sectors) and scalar columns (rows, logs)."""
    pictures, scalars, bad = [], [], 0
    unreadable: list[str] = []
    for numbers in _wrapped(path, table, wanted) if table.wrapped else _chunks(path, table, wanted, unreadable):
        keep = np.isfinite(numbers[:, 0])
        bad += int((~keep).sum())
        pictures.append(numbers[keep, logs:].astype(np.float32))
        scalars.append(numbers[keep, :logs])
    rows = sum(map(len, pictures))
    if not rows:
        raise InputError(path, "no row of numbers", _CURE)
    if bad:
        seen = f"{bad} rows have no depth"
        findings.append(Finding(Severity.MAJOR, "rows-unreadable", path.name, seen, "left out"))
    if unreadable:
        seen = f"{len(unreadable)} cells are no numbers, the first {unreadable[0][:40]!r}"
        findings.append(Finding(Severity.MAJOR, "cells-unreadable", path.name, seen, "taken as not measured"))
    # Moved piece by piece, so that the pieces go as the whole grows.
    image = np.empty((rows, pictures[0].shape[1]), dtype=np.float32)
    top = 0
    while pictures:
        piece = pictures.pop(0)
        image[top : top + len(piece)] = piece
        top += len(piece)
    return image, np.concatenate(scalars)


def _chunks(path: Path, table: Table, wanted: list[int], unreadable: list[str]) -> Iterator[npt.NDArray[np.float64]]:
    """Wanted columns, a piece of the file at a time; words among the numbers are collected in `unreadable`."""
    with path.open(encoding=table.encoding, errors="replace") as stream:
        # Not by `skiprows`: there a lone quotation mark, which an inch mark is, joins lines.
        for _ in range(table.first):
            stream.readline()
        reader = pd.read_csv(
            stream,
            sep=table.separator,
            header=None,
            names=range(len(table.names)),
            usecols=sorted({0, *wanted}),
            comment="#",
            dtype=str,
            na_values=[],
            keep_default_na=False,
            skipinitialspace=True,
            chunksize=max(_CELLS // len(table.names), 1),
            quoting=csv.QUOTE_NONE if table.separator == r"\s+" else csv.QUOTE_MINIMAL,
        )
        with reader:
            for chunk in reader:
                # The next section ends the numbers.
                ended = chunk[0].astype(str).str.startswith("~")
                if ended.any():
                    chunk = chunk.loc[: ended.idxmax()].iloc[:-1]
                columns = []
                for column in wanted:
                    columns.append(pd.to_numeric(chunk[column], errors="coerce").to_numpy(float))
                    words = chunk[column][np.isnan(columns[-1])].dropna()
                    unreadable += [word for word in words if word.strip().lower() not in _EMPTY]
                yield np.stack(columns, axis=1)
                if ended.any():
                    return


def _wrapped(path: Path, table: Table, wanted: list[int]) -> Iterator[npt.NDArray[np.float64]]:
    """A row over several lines: only the count of numbers tells where it ends."""
    columns, words = len(table.names), []
    with path.open(encoding=table.encoding, errors="replace") as stream:
        for number, line in enumerate(stream):
            if number < table.first or line.startswith("#"):
                continue
            if line.startswith("~"):
                break
            words += line.replace(",", " ").split()
            if len(words) > _CELLS:
                whole = len(words) // columns * columns
                yield np.array(words[:whole], dtype=np.float64).reshape(-1, columns)[:, wanted]
                words = words[whole:]
    if len(words) % columns:
        raise InputError(path, f"{len(words) % columns} numbers are left over after the last whole row", _CURE)
    yield np.array(words, dtype=np.float64).reshape(-1, columns)[:, wanted]
