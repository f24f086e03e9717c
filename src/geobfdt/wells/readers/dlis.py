"""Read DLIS files (RP66 V1) through dlisio.

A file holds logical files, these hold frames, and these hold channels: an image is a channel with many samples a row.
Static and dynamic images may lie in different frames, and so may the hole logs. Rows are read in blocks into the one
array that stays, so memory is the image and a block, not all channels of the frame at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dlisio.dlis
import numpy as np
import numpy.typing as npt
from dlisio import core

from geobfdt.wells.findings import Finding, InputError, Severity
from geobfdt.wells.options import ReadingOptions
from geobfdt.wells.readers.boundary import decoding
from geobfdt.wells.readers.dlis_channels import (
    Curve,
    choose_image,
    companion_of,
    curves_of,
    hole_logs,
    index_of,
    is_image,
)  # fmt: skip
from geobfdt.wells.readers.dlis_overruns import sound_rows, varies, without_overruns
from geobfdt.wells.readers.mnemonics import image_kind, role, tool_of
from geobfdt.wells.readers.raw import Contents, RawImage, RawLog
from geobfdt.wells.readers.tolerance import tolerant
from geobfdt.wells.readers.units import length_factor

__all__ = ["contents", "read"]

if hasattr(core, "extract"):  # where ``dlisio.dlis.load`` gets the records that it parses
    core.extract = without_overruns(core.extract)

_BLOCK = 16 << 20  # bytes of a frame read at a time
_CURE = "copy the file again, or ask for a new export"


def read(path: Path, options: ReadingOptions) -> RawImage:
    """
    Read an image from a DLIS file, with its dynamic companion and the hole logs recorded beside it.

    Parameters
    ----------
    path : Path
        A DLIS file.
    options : ReadingOptions
        ``image`` chooses by ``CHANNEL``, ``FRAME/CHANNEL`` or ``LOGICAL FILE/FRAME/CHANNEL``.

    Returns
    -------
    RawImage
        The image as recorded.

    Raises
    ------
    InputError
        If the file is damaged beyond use, holds no image, or several and nothing chooses.
    """
    with _open(path) as (files, findings):
        curves = curves_of(files)
        image = choose_image(path, [c for c in curves if is_image(c)], options.image, findings)
        companion = companion_of(image, curves)
        if companion is not None and image_kind(image.name) == "dynamic":
            image, companion = companion, image
        here = [c for c in curves if c.frame is image.frame]
        index = index_of(path, image, here)
        logs = hole_logs(path, image, curves, findings)
        together = [c for c in (index, image, companion, *logs.values()) if c is not None and c.frame is image.frame]
        columns = _read_rows(path, image, together)
        depth = columns[index.position].ravel().astype(np.float64)
        unit = str(index.channel.units or "")
        dynamic = None
        if companion is not None:
            dynamic = columns.get(companion.position) if companion.frame is image.frame else None
            if dynamic is None:
                dynamic = _from_other_frame(path, companion, depth, unit, curves, findings)
        raw = RawImage(
            columns[image.position],
            depth,
            unit,
            dynamic=dynamic,
            logs={name: _raw_log(path, log, image, depth, unit, columns, curves) for name, log in logs.items()},
            attributes=_attributes(image, companion),
            findings=findings,
        )
        raw.azimuth = _angles(image)
        return raw


def contents(path: Path) -> Contents:
    """
    List the channels of a DLIS file, reading no curves.

    Parameters
    ----------
    path : Path
        A DLIS file.

    Returns
    -------
    Contents
        Every channel with its frame, and the origin of the first logical file.

    Raises
    ------
    InputError
        If the file is damaged beyond use.
    """
    with _open(path) as (files, _):
        items = [
            {
                "name": curve.name,
                "role": "image" if is_image(curve) else role(curve.name) or "other",
                "shape": (len(curve.rows), curve.columns) if curve.columns > 1 else (len(curve.rows),),
                "unit": str(curve.channel.units or ""),
                "frame": curve.full.removesuffix(f"/{curve.name}"),
                "description": str(curve.channel.long_name or ""),
            }
            for curve in curves_of(files)
        ]
        header: dict[str, str] = {}
        for origin in (o for f in files for o in f.origins):
            for name in ("well_name", "well_id", "field_name", "company", "producer_name", "creation_time"):
                if value := getattr(origin, name, None):
                    header.setdefault(name, str(value))
        return Contents("DLIS", items, header)


@contextmanager
def _open(path: Path) -> Iterator[tuple[Any, list[Finding]]]:
    """Open a file; what is wrong with it but can be read past becomes findings."""
    findings: list[Finding] = []

    rules = tolerant(path, "dlis", findings)
    with decoding(path, "a DLIS file", _CURE), dlisio.dlis.load(str(path), error_handler=rules) as files:
        if not len(files):
            why = findings[0].seen if findings else "it holds no logical file"
            raise InputError(path, why, _CURE)
        yield files, findings


def _read_rows(path: Path, curve: Curve, wanted: list[Curve]) -> dict[int, npt.NDArray[Any]]:
    """Columns of one frame by position, read block by block."""
    frame, rows = curve.frame, len(curve.rows)
    # Of equal mnemonics only the position tells which is which; field 0 is the frame number.
    dtype = frame.dtype(strict=False)
    if rows * dtype.itemsize > 4 * path.stat().st_size + _BLOCK:
        raise InputError(path, f"frame {frame.name} claims more data than the file holds", _CURE)
    out: dict[int, npt.NDArray[Any]] = {}
    for c in wanted:
        out[c.position] = np.empty((rows, c.columns), dtype=np.float64 if c.columns == 1 else np.float32)
    done = 0
    for block in _blocks(curve, dtype):
        for position, column in out.items():
            column[done : done + len(block)] = block[dtype.names[position + 1]].reshape(len(block), -1)
        done += len(block)
    if not done:
        raise InputError(path, f"no row of frame {frame.name} can be read", _CURE)
    return {position: column[:done] for position, column in out.items()}


def _blocks(curve: Curve, dtype: np.dtype[Any]) -> Iterator[npt.NDArray[Any]]:
    """
    All channels of a frame, a block of rows at a time; fewer rows where the file breaks off.

    ``Frame.curves`` makes one array of all rows; this asks the same reader for a slice of them.
    """
    if not hasattr(core, "read_fdata"):  # no part of dlisio's public face: a later one may have moved it
        yield curve.frame.curves(strict=False)
        return
    step = max(1, _BLOCK // max(dtype.itemsize, 1))
    layout = curve.layout
    unsure = varies(layout)
    for top in range(0, len(curve.rows), step):
        wanted = part = curve.rows[top : top + step]
        if unsure:
            part = part[: sound_rows(curve.logical.file, part, curve.logical.error_handler, layout)]
        if not part:
            return
        block = core.read_fdata(
            "", curve.frame.fmtstr(), "", curve.logical.file, part, dtype.itemsize,
            lambda size: np.empty(shape=size, dtype=dtype), curve.logical.error_handler,
        )  # fmt: skip
        yield block
        if len(block) < len(wanted):
            return  # the error handler has recorded why


def _with_depth(
    path: Path, curve: Curve, unit: str, curves: list[Curve]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[Any]]:
    """Depths of a curve's own frame, in the unit of the image's depths, and the curve."""
    index = index_of(path, curve, [c for c in curves if c.frame is curve.frame])
    columns = _read_rows(path, curve, [index, curve])
    theirs, ours = length_factor(str(index.channel.units or unit)), length_factor(unit)
    depth: npt.NDArray[np.float64] = columns[index.position].ravel().astype(np.float64)
    # With a unit that is not known nothing is converted: the image's will be refused, or overruled for all frames.
    return depth * (theirs / ours if theirs and ours else 1.0), columns[curve.position]


def _from_other_frame(
    path: Path,
    companion: Curve,
    depth: npt.NDArray[np.float64],
    unit: str,
    curves: list[Curve],
    findings: list[Finding],
) -> npt.NDArray[np.float32] | None:
    """The companion's rows at the depths of the image, or nothing where the two frames do not share their depths."""
    there, values = _with_depth(path, companion, unit, curves)
    order = np.argsort(there, kind="stable")
    at = np.clip(np.searchsorted(there[order], depth), 1, max(len(there) - 1, 1))
    left, right = order[at - 1], order[np.minimum(at, len(there) - 1)]
    nearest = np.where(np.abs(there[left] - depth) <= np.abs(there[right] - depth), left, right)
    spacing = np.median(np.abs(np.diff(depth))) if depth.size > 1 else 0.0
    matched = np.abs(there[nearest] - depth) <= 0.1 * spacing
    if matched.mean() < 0.5:
        seen = f"{companion.name} lies in a frame of other depths"
        findings.append(Finding(Severity.MINOR, "companion-apart", path.name, seen, "left out"))
        return None
    out = values if np.array_equal(nearest, np.arange(len(values))) else values[nearest]
    if not matched.all():
        out[~matched] = np.nan
        seen = f"{companion.name} lacks {100 * (1 - matched.mean()):.1f} % of the image's rows"
        findings.append(Finding(Severity.MINOR, "companion-short", path.name, seen, "left empty there"))
    return np.asarray(out)


def _raw_log(
    path: Path,
    log: Curve,
    image: Curve,
    depth: npt.NDArray[np.float64],
    unit: str,
    columns: dict[int, npt.NDArray[Any]],
    curves: list[Curve],
) -> RawLog:
    said = str(log.channel.units or "")
    if log.frame is image.frame:
        return RawLog(columns[log.position].ravel(), said, depth)
    there, values = _with_depth(path, log, unit, curves)
    return RawLog(values.ravel(), said, there)


def _attributes(image: Curve, companion: Curve | None) -> dict[str, Any]:
    """What the file says in words and parameters; our own parameters say the rest of the contract."""
    attributes: dict[str, Any] = {"units": str(image.channel.units or ""), "tool": tool_of(image.name)}
    origin = next(iter(image.logical.origins), None)
    if origin is not None:
        attributes["well"] = str(origin.well_name or origin.well_id or "").strip()
        attributes["run"] = "" if origin.run_nr is None else " ".join(map(str, np.atleast_1d(origin.run_nr)))
    attributes["normalisation"] = "static" if companion is not None else image_kind(image.name)
    said = " ".join(str(word) for word in (image.channel.long_name, *(image.channel.properties or ()))).lower()
    for phrase, reference in (
        ("pseudo north", "pseudo_north"), ("pseudo-north", "pseudo_north"), ("top of hole", "high_side"),
        ("high side", "high_side"), ("true north", "north"), ("magnetic north", "north"), ("grid north", "north"),
    ):  # fmt: skip
        if phrase in said:
            attributes["reference"] = reference
            if reference == "north":
                attributes["north"] = phrase.split()[0]
            break
    for parameter in image.logical.parameters:
        name = str(parameter.name)
        values = [] if parameter.values is None else list(np.ravel(parameter.values))
        if name.startswith("GEOBFDT_") and len(values) == 1:
            key = name.removeprefix("GEOBFDT_").lower()
            if key == "declination":
                attributes[key] = float(values[0])
            elif key in ("reference", "north", "dark", "normalisation", "tool", "run"):
                attributes[key] = str(values[0])
    return attributes


def _angles(image: Curve) -> npt.NDArray[np.float64] | None:
    """Column angles where the channel's axis gives them (deg), which few files do."""
    for axis in image.channel.axis or ():
        if getattr(axis, "axis_id", None) == "AZIMUTH" and len(axis.coordinates or ()) == image.columns:
            return np.asarray(axis.coordinates, dtype=np.float64)
    return None
