"""Read what a pad tool recorded from a DLIS file: the currents of its buttons and the logs of its inclinometer."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

import dlisio.dlis
import numpy as np

from geobfdt.io.arrays import AnyArray, Array, Grey
from geobfdt.io.file_findings import FileFindings
from geobfdt.io.images.depth_index import check_index, downwards, metres, select_rows
from geobfdt.io.images.dlis.channels import Curve, Table, curves_of, index_of, is_image
from geobfdt.io.images.dlis.frames import OtherFrames, index_attributes, read_rows
from geobfdt.io.images.dlisio_files import open_tolerantly
from geobfdt.io.images.pad_logs import at_rows, in_unit, keep_time
from geobfdt.io.names import choose_logs, is_pad_array, name_key, named_caliper, names_of, role
from geobfdt.io.nulls import is_null
from geobfdt.wells.options import ReadingOptions
from geobfdt.wells.pads import PadRecording
from geobfdt.wells.tools import tool_of

__all__ = ["has_pads_only", "read_pads"]

_CURE = "copy the file again, or ask for a new export"
# A pad array has so many buttons.
_MIN_BUTTONS, _MAX_BUTTONS = 2, 128


class _Log(NamedTuple):
    curve: Curve
    depth: Array
    values: AnyArray


def has_pads_only(path: Path) -> bool:
    """
    Whether a DLIS file holds the buttons of a pad tool and no image.

    Raises
    ------
    InputError
        If the file is damaged beyond use.
    """
    with open_tolerantly(dlisio.dlis.load, path, "a DLIS file", _CURE) as (files, findings):
        curves = curves_of(files, findings)
        return not any(map(is_image, curves)) and any(_is_pad(curve, ()) for curve in curves)


def read_pads(path: Path, options: ReadingOptions, arrays: Collection[str] = ()) -> PadRecording:
    """
    Read the recording of a pad tool.

    Parameters
    ----------
    path : Path
        A DLIS file.
    options : ReadingOptions
        ``image`` chooses a pass by the name of its frame, ``FRAME`` or ``LOGICAL FILE/FRAME``, where there are several.
    arrays : collection of str
        Names of pad arrays besides those that are known.

    Returns
    -------
    PadRecording
        The rows in order of depth, each depth once.

    Raises
    ------
    InputError
        If the file is damaged beyond use, holds no pad array, several passes and nothing chooses, or depths without
        unit or order.
    """
    with open_tolerantly(dlisio.dlis.load, path, "a DLIS file", _CURE) as (files, findings):
        curves = curves_of(files, findings)
        pads = _choose_pass([c for c in curves if _is_pad(c, arrays)], options.image, findings)
        table = pads[0].table
        index = index_of(pads[0], curves, findings)
        logs = _logs_of(table, curves, options.caliper, findings)
        here = [curve for curve in logs.values() if curve.table is table]
        columns = read_rows(table, [index, *pads, *here], findings)
        depth = columns[index.position].ravel().astype(np.float64)
        check_index(depth, (index.name, index.unit), *index_attributes(index), options.depth_unit, findings)
        elsewhere = OtherFrames(depth, index.unit, options.depth_unit, curves, findings, together=list(logs.values()))
        read: dict[str, _Log] = {}
        for name, curve in logs.items():
            column = (depth, columns[curve.position]) if curve.table is table else elsewhere.column(curve)
            if column is not None:
                read[name] = _Log(curve, *column)
        factor = metres(index.unit, options.depth_unit, findings)
        order = _Order(np.where(is_null(depth), np.nan, depth) * factor, columns[pads[0].position], findings)
        result = {pad.name: order.rows_of(columns[pad.position].astype(np.float32, copy=False)) for pad in pads}
        for values in result.values():
            values[is_null(values)] = np.nan
        placed: dict[str, Array] = {}
        for name, log in read.items():
            own = in_unit(name, log.values, log.curve.name, log.curve.unit, findings)
            if own is not None:
                placed[name] = at_rows(name, log.depth * factor, own, order.depth)
        keep_time(placed, findings)
        attributes, constants = _of_file(table)
        attributes["tool"] = attributes.get("tool") or _tool(pads, findings)
        return PadRecording(path.name, order.depth, result, placed, attributes, constants, list(findings))


class _Order:
    """Rows of a recording in order of depth."""

    def __init__(self, depth: Array, values: Grey, findings: FileFindings) -> None:
        self.depth, self._rows = downwards(depth, values, findings)

    def rows_of(self, values: Grey) -> Grey:
        """Return the same rows of an array, as a copy in order."""
        return np.ascontiguousarray(select_rows(values, self._rows))


def _is_pad(curve: Curve, arrays: Collection[str]) -> bool:
    sound = not curve.doubled and curve.table.problem is None and bool(curve.table.rows)
    # A geometry of the user may name single electrodes.
    fewest = 1 if curve.name in arrays else _MIN_BUTTONS
    return sound and (curve.name in arrays or is_pad_array(curve.name)) and fewest <= curve.columns <= _MAX_BUTTONS


def _choose_pass(pads: list[Curve], request: str | None, findings: FileFindings) -> list[Curve]:
    """Pad arrays of one frame: the one that the user names, or the only one."""
    if not pads:
        observed = "no channel is a pad array" + (f" that can be read: {findings[0].observed}" if findings else "")
        raise findings.refusal(observed, "list the channels with geobfdt inspect; give --geometry for a tool of yours")
    passes: dict[str, list[Curve]] = {}
    for pad in pads:
        passes.setdefault(pad.full.rsplit("/", 1)[0], []).append(pad)
    if request is not None:
        key = request.strip().lower()
        fits = [name for name in passes if key in (name.lower(), name.lower().rsplit("/", 1)[-1])]
        if len(fits) != 1:
            raise findings.refusal(f"{len(fits) or 'no'} passes are called {request!r}", _listed(passes))
        return passes[fits[0]]
    if len(passes) > 1:
        raise findings.refusal(f"{len(passes)} passes hold pad arrays and nothing says which", _listed(passes))
    return pads


def _listed(passes: Collection[str]) -> str:
    return f"give --image one of {', '.join(passes)}"


def _logs_of(table: Table, curves: list[Curve], caliper: str | None, findings: FileFindings) -> dict[str, Curve]:
    """Logs of the inclinometer by name; of several that fit, the fast ones, then those of the same frame."""
    mine = [c for c in curves if c.table.logical is table.logical and c.scalar and not c.doubled]
    mine = [c for c in mine if c.table.problem is None and c.table.rows]
    mine.sort(key=lambda c: c.table is not table)
    names = {**names_of("pad_curves"), "deviation": "devi hdev sdev", "hole_azimuth": "hazi"}
    chosen = {}
    for name, aliases in names.items():
        fits = [c for alias in aliases.split() for c in mine if name_key(c.name) == alias]
        if fits:
            chosen[name] = fits[0]
    if caliper is not None:
        chosen["diameter"] = mine[named_caliper(caliper, [c.names for c in mine], findings.path)]
    elif not {"caliper_1", "caliper_2"} & set(chosen):
        calipers = choose_logs([c.name if role(c.name) == "diameter" else "" for c in mine], findings)
        chosen |= {name: mine[i] for name, i in calipers.items()}
    return chosen


def _of_file(table: Table) -> tuple[dict[str, str | float], dict[str, float]]:
    """Attributes of the well, and constants of the earth by the parameters of the file."""
    attributes: dict[str, str | float] = {}
    constants: dict[str, float] = {}
    origin = next(iter(table.logical.origins), None)
    if origin is not None:
        attributes["well"] = str(origin.well_name or origin.well_id or "").strip()
        attributes["run"] = "" if origin.run_nr is None else " ".join(map(str, np.atleast_1d(origin.run_nr)))
    names = {mnemonic: name for name, mnemonic in names_of("earth").items()}
    for parameter in table.logical.parameters:
        values = [] if parameter.values is None else list(np.ravel(parameter.values))
        name, mnemonic = names.get(str(parameter.name).strip().lower()), str(parameter.name)
        if mnemonic == "GEOBFDT_TOOL" and len(values) == 1:
            attributes["tool"] = str(values[0])
        elif name is not None and len(values) == 1 and isinstance(values[0], int | float | np.number):
            if name == "declination":
                attributes[name] = float(values[0])
            else:
                constants[name] = float(values[0])
    return attributes, constants


def _tool(pads: list[Curve], findings: FileFindings) -> str:
    """Tool by the names of its arrays, else by those of the tools of the file."""
    if all(pad.name.upper().startswith("FC") for pad in pads):
        return "FMI"
    words = [str(tool.name) for tool in pads[0].table.logical.tools]
    result = next((tool_of(word) for word in words if tool_of(word)), "")
    if not result:
        findings.info("tool-unknown", "neither channels nor tools of the file name its pad tool", "left empty")
    return result
