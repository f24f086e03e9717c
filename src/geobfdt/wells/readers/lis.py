"""Read LIS79 files through dlisio, as far as it reads them.

An image is a channel with many entries a sample. LIS names are four letters long, units too.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dlisio.lis
import numpy as np
import numpy.typing as npt

from geobfdt.wells.findings import Finding, InputError
from geobfdt.wells.options import ReadingOptions
from geobfdt.wells.readers.boundary import decoding
from geobfdt.wells.readers.mnemonics import choose_logs, image_kind, role, tool_of
from geobfdt.wells.readers.raw import Contents, RawImage, RawLog
from geobfdt.wells.readers.tolerance import tolerant

__all__ = ["contents", "read"]

_COLUMNS = 8
_CURE = "copy the file again, or ask for the data as DLIS"


@dataclass(frozen=True)
class _Table:
    """The curves of one data format specification that share a sampling rate."""

    file: Any
    specification: Any
    curves: npt.NDArray[Any]
    units: dict[str, str]

    @property
    def names(self) -> tuple[str, ...]:
        return self.curves.dtype.names or ()

    @property
    def index(self) -> str:
        return self.names[0]

    def width(self, name: str) -> int:
        return int(np.prod(self.curves.dtype[name].shape, dtype=np.int64))


def read(path: Path, options: ReadingOptions) -> RawImage:
    """
    Read an image from a LIS79 file.

    Parameters
    ----------
    path : Path
        A LIS file.
    options : ReadingOptions
        ``image`` chooses by mnemonic.

    Returns
    -------
    RawImage
        The image as recorded, with the hole logs of its table.

    Raises
    ------
    InputError
        If the file is damaged beyond use, holds no image, or several and nothing chooses.
    """
    with _open(path) as (files, findings):
        images = [
            (table, name)
            for table in _tables(files)
            for name in table.names
            if table.width(name) >= _COLUMNS and image_kind(name)
        ]
        wanted = options.image
        found = [(t, n) for t, n in images if wanted is None or n.strip().lower() == wanted.strip().lower()]
        if len(found) != 1:
            known = ", ".join(name.strip() for _, name in images)
            seen = f"{len(found) or 'no'} channels are {'an image' if wanted is None else f'called {wanted!r}'}"
            raise InputError(path, seen, f"give --image one of {known}" if known else "list them with geobfdt inspect")
        table, name = found[0]
        curves = table.curves
        values = curves[name].reshape(len(curves), -1).astype(np.float32)
        depth = curves[table.index].astype(np.float64)
        absent = table.specification.absent_value
        scalars = [n for n in table.names[1:] if table.width(n) == 1]
        logs = {
            log: RawLog(curves[scalars[i]].astype(np.float64).ravel(), table.units[scalars[i]], depth)
            for log, i in choose_logs([n.strip() for n in scalars], path.name, findings).items()
        }
        return RawImage(
            values,
            depth,
            table.units[table.index],
            nulls=() if absent is None else (float(absent),),
            logs=logs,
            attributes={"well": _well(table.file), "units": table.units[name], "tool": tool_of(name.strip())},
            findings=findings,
        )


def contents(path: Path) -> Contents:
    """
    List the channels of a LIS file.

    Parameters
    ----------
    path : Path
        A LIS file.

    Returns
    -------
    Contents
        Its channels with their shapes.

    Raises
    ------
    InputError
        If the file is damaged beyond use.
    """
    with _open(path) as (files, _):
        items = [
            {
                "name": name.strip(),
                "role": "image" if table.width(name) >= _COLUMNS else role(name.strip()) or "other",
                "shape": (len(table.curves), table.width(name)),
                "unit": table.units[name],
                "frame": str(number),
                "description": "",
            }
            for number, table in enumerate(_tables(files))
            for name in table.names
        ]
        return Contents("LIS79", items, {})


@contextmanager
def _open(path: Path) -> Iterator[tuple[Any, list[Finding]]]:
    findings: list[Finding] = []
    with (
        decoding(path, "a LIS79 file", _CURE),
        tolerant(path, "lis", findings) as rules,
        dlisio.lis.load(str(path), error_handler=rules) as files,
    ):
        if not len(files):
            raise InputError(path, findings[0].seen if findings else "it holds no logical file", _CURE)
        yield files, findings


def _tables(files: Any) -> Iterator[_Table]:
    for file in files:
        for specification in file.data_format_specs():
            for rate in specification.sample_rates() or [None]:
                curves = dlisio.lis.curves(file, specification, sample_rate=rate, strict=False)
                if not len(curves):
                    continue
                units = {str(block.mnemonic): str(block.units).strip() for block in specification.specs}
                table = _Table(file, specification, curves, units)
                units.setdefault(table.index, str(specification.index_units or "").strip())
                units.update({name: "" for name in table.names if name not in units})
                yield table


def _well(file: Any) -> str:
    """Name of the well in the well site data, under WN."""
    for record in file.wellsite_data():
        for component in record.components():
            if component.mnemonic.strip() == "WN":
                return str(component.component or "").strip()
    return ""
