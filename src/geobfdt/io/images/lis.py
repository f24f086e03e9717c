"""Read LIS79 files through dlisio, as far as it reads them.

An image is a channel with many entries a sample. LIS names are four letters long, units too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dlisio.lis
import numpy as np
from dlisio import core

from geobfdt.io.arrays import AnyArray
from geobfdt.io.file_findings import FileFindings
from geobfdt.io.images.depth_index import IndexAttribute, check_index, downwards, metres, select_rows
from geobfdt.io.images.dlisio_files import open_tolerantly
from geobfdt.io.images.hole_logs import possible_calipers
from geobfdt.io.images.lis_dipmeter import PACKED_CODES, as_bytes, fast_curves, is_packed
from geobfdt.io.images.pad_logs import at_rows, in_unit
from geobfdt.io.images.raw import Contents, RawImage, RawLog, item
from geobfdt.io.names import choose_logs, image_kind, names_of, role, vertical_depth
from geobfdt.io.nulls import is_null
from geobfdt.io.units import length_factor
from geobfdt.runtime.findings import InputError
from geobfdt.wells.options import ReadingOptions
from geobfdt.wells.pads import PadRecording
from geobfdt.wells.tools import tool_of

__all__ = ["UNUSED_OPTIONS", "contents", "read", "read_dipmeter"]

UNUSED_OPTIONS = ("top", "bottom", "decimal")

_MIN_COLUMNS = 8  # A channel with fewer entries a sample is no image.
# The standard defines these representation codes.
_STANDARD_CODES = {int(code) for code in core.lis_reprc.__members__.values()}
# Names of the direction of the hole beside a dipmeter.
_BEARINGS = {"deviation": "devi hdev sdev", "hole_azimuth": "hazi"}
_CURE = "copy the file again, or ask for the data as DLIS"


@dataclass(frozen=True)
class _Table:
    """The curves of one data format specification that share a sampling rate."""

    file: Any
    specification: Any
    curves: AnyArray
    units: dict[str, str]

    @property
    def names(self) -> tuple[str, ...]:
        return self.curves.dtype.names or ()

    @property
    def packed(self) -> tuple[str, ...]:
        """Curves that hold packed samples of a dipmeter."""
        return tuple(str(block.mnemonic) for block in self.specification.specs if is_packed(block))

    def width(self, name: str) -> int:
        return int(np.prod(self.curves.dtype[name].shape, dtype=np.int64))

    def depth_name(self, path: Path) -> str:
        """The curve of measured depth: the index, else the one curve that a depth is called."""
        index = self.names[0]
        depths = [name for name in self.names if role(name.strip()) == "depth"]
        if index in depths or (length_factor(self.units[index]) and not vertical_depth(index) and not depths):
            return index
        if len(depths) == 1:
            return depths[0]
        observed = f"the index {index.strip()} is no measured depth, nor is any curve by its name"
        raise InputError(path, observed, "ask for an export indexed by measured depth")

    def spacing(self, path: Path, index: str) -> list[IndexAttribute]:
        """Attributes of the specification: spacing of the index, and its unit."""
        entries = self.specification
        attributes: list[IndexAttribute] = []
        if index != self.names[0]:
            return attributes
        if entries.spacing is not None:
            unit = str(entries.spacing_units or "").strip()
            attributes.append(IndexAttribute("frame spacing", entries.spacing, unit))
        # Where the file has no such entry, dlisio answers with the default of the standard.
        if entries.find_entry(core.lis_ebtype.units_of_depth) is not None:
            attributes.append(IndexAttribute("entry 14", None, str(entries.depth_units or "").strip()))
        units = {length_factor(attribute.unit) for attribute in attributes}
        if entries.depth_mode == 1 and attributes and units != {length_factor(self.units[index])}:
            # The rows between two records are counted on in the unit of the spacing, those of the records are not.
            raise InputError(path, f"depths in {self.units[index]!r}, but {', '.join(map(str, attributes))}", _CURE)
        return attributes


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
    with open_tolerantly(dlisio.lis.load, path, "a LIS79 file", _CURE) as (files, findings):
        tables = list(_tables(files, findings))
        images = [
            (table, name)
            for table in tables
            for name in table.names
            if table.width(name) >= _MIN_COLUMNS and image_kind(name) and name not in table.packed
        ]
        request = options.image
        fits = [(t, n) for t, n in images if request is None or n.strip().lower() == request.strip().lower()]
        if not images and any(table.packed for table in tables):
            observed = "it holds the fast curves of a dipmeter and no image"
            raise findings.refusal(observed, "compute its dips with geobfdt pick --method correlation")
        if len(fits) != 1:
            listed = ", ".join(name.strip() for _, name in images)
            observed = f"{len(fits) or 'no'} channels are {'an image' if request is None else f'called {request!r}'}"
            observed += f": {findings[0].observed}" if findings and not fits else ""
            cure = f"give --image one of {listed}" if listed else "list them with geobfdt inspect"
            raise findings.refusal(observed, cure)
        table, name = fits[0]
        curves = table.curves
        values = curves[name].reshape(len(curves), -1).astype(np.float32)
        index = table.depth_name(path)
        unit = table.units[index]
        depth = curves[index].astype(np.float64)
        absent = table.specification.absent_value
        check_index(depth, (index.strip(), unit), table.spacing(path, index), [], options.depth_unit, findings)
        scalars = [n for n in table.names if n != index and table.width(n) == 1 and curves[n].dtype.kind in "iuf"]
        names, units = [n.strip() for n in scalars], [table.units[n] for n in scalars]
        columns = [RawLog(curves[n].astype(np.float64).ravel(), table.units[n], depth, n.strip()) for n in scalars]
        chosen = choose_logs(names, findings, options.caliper)
        others = [columns[i] for i in possible_calipers(names, units) if i not in chosen.values()]
        nulls = () if absent is None else (float(absent),)
        raw = RawImage(values, depth, unit, nulls=nulls, others=others, findings=findings)
        raw.logs = {log: columns[i] for log, i in chosen.items()}
        raw.attributes = {"well": _well(table.file), "units": table.units[name], "tool": tool_of(name.strip())}
        return raw


def read_dipmeter(path: Path, options: ReadingOptions) -> PadRecording:
    """
    Read the packed samples of a dipmeter: its five fast curves, and the logs of its inclinometer.

    Parameters
    ----------
    path : Path
        A LIS file.
    options : ReadingOptions
        What the file does not say.

    Returns
    -------
    PadRecording
        Arrays ``FC0`` to ``FC4`` of one button each, in bytes of the tape.

    Raises
    ------
    InputError
        If the file is damaged beyond use, or holds no such samples, or those of several passes.
    """
    with open_tolerantly(dlisio.lis.load, path, "a LIS79 file", _CURE) as (files, findings):
        tables = list(_tables(files, findings))
        passes = [(table, name) for table in tables for name in table.packed if name in table.names]
        if len(passes) != 1:
            observed = f"{len(passes) or 'no'} curves hold the packed samples of a dipmeter"
            raise findings.refusal(observed, "give a file of one pass of a dipmeter")
        table, packed = passes[0]
        index = table.depth_name(path)
        unit = table.units[index]
        depth = table.curves[index].astype(np.float64)
        check_index(depth, (index.strip(), unit), table.spacing(path, index), [], options.depth_unit, findings)
        factor = metres(unit, options.depth_unit, findings)
        fine, curves = fast_curves(table.curves[packed], depth * factor)
        rows, order = downwards(fine, curves["FC1"], findings)
        arrays = {name: np.ascontiguousarray(select_rows(values, order)) for name, values in curves.items()}
        absent = table.specification.absent_value
        nulls = () if absent is None else (float(absent),)
        logs = {}
        for name, mnemonics in {**names_of("pad_curves"), **_BEARINGS}.items():
            short = {mnemonic.strip().lower(): mnemonic for mnemonic in table.names}
            chosen = next((short[m] for m in mnemonics.split() if m in short and table.width(short[m]) == 1), None)
            if chosen is None or name in ("time", "frame_time"):
                continue
            values = table.curves[chosen].astype(np.float64).ravel()
            values[is_null(values, nulls)] = np.nan
            own = in_unit(name, values, chosen.strip(), table.units[chosen], findings)
            if own is not None:
                logs[name] = at_rows(name, depth * factor, own, rows)
        attributes = {"well": _well(table.file), "tool": "HDT"}
        return PadRecording(path.name, rows, arrays, logs, attributes, findings=list(findings))


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
    with open_tolerantly(dlisio.lis.load, path, "a LIS79 file", _CURE) as (files, findings):
        items = []
        for number, table in enumerate(_tables(files, findings)):
            for name, short in ((name, name.strip()) for name in table.names):
                kind = "image" if table.width(name) >= _MIN_COLUMNS else role(short) or "other"
                kind = "dipmeter" if name in table.packed else kind
                shape = (len(table.curves), table.width(name))
                items.append(item(short, kind, shape, table.units[name], str(number)))
        return Contents("LIS79", items, {})


def _tables(files: Any, findings: FileFindings) -> Iterator[_Table]:
    for file in files:
        for specification in file.data_format_specs():
            for rate in specification.sample_rates() or [None]:
                try:
                    curves = dlisio.lis.curves(file, as_bytes(specification), sample_rate=rate, strict=False)
                except (ValueError, NotImplementedError, RuntimeError) as error:
                    observed = _unreadable(specification) or f"a table cannot be read: {error}"
                    findings.major("table-unreadable", observed, "left out")
                    break
                if not len(curves):
                    continue
                units = {str(block.mnemonic): str(block.units).strip() for block in specification.specs}
                table = _Table(file, specification, curves, units)
                units.setdefault(table.names[0], str(specification.index_units or "").strip())
                units.update({name: "" for name in table.names if name not in units})
                yield table


def _unreadable(specification: Any) -> str | None:
    """Which curve of a table is of a kind that is not read; None where that is not the reason."""
    for block in specification.specs:
        curve = f"{str(block.mnemonic).strip()} is of representation code {block.reprc}"
        if block.reprc in PACKED_CODES and not is_packed(block):
            problem = f"of another size than {PACKED_CODES[block.reprc]} bytes, which cannot be parted"
            return f"{curve}: the packed samples of a dipmeter, {problem}"
        if block.reprc not in _STANDARD_CODES and not is_packed(block):
            return f"{curve}, which LIS79 does not define"
    return None


def _well(file: Any) -> str:
    """Name of the well in the well site data, under WN."""
    for record in file.wellsite_data():
        for component in record.components():
            if component.mnemonic.strip() == "WN":
                return str(component.component or "").strip()
    return ""
