"""Read DLIS files (RP66 V1) through dlisio.

A file holds logical files, these hold frames, and these hold channels: an image is a channel with many samples a row.
Static and dynamic images may lie in different frames, and so may the hole logs. Rows are read in blocks into the one
array that stays, so memory is the image and a block, not all channels of the frame at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dlisio.dlis
import numpy as np
import numpy.typing as npt
from dlisio import core

from geobfdt.io.decoding import decoding
from geobfdt.io.file_findings import FileFindings
from geobfdt.io.images.dlis.channels import (
    Curve,
    choose_image,
    companion_of,
    curves_of,
    hole_logs,
    index_of,
    is_image,
)  # fmt: skip
from geobfdt.io.images.dlis.overruns import sound_rows, varies, without_overruns
from geobfdt.io.images.dlisio_errors import tolerant
from geobfdt.io.images.hole_logs import possible_calipers
from geobfdt.io.images.index_check import IndexAttribute, check_index
from geobfdt.io.images.raw import Contents, RawImage, RawLog, item
from geobfdt.io.names import image_kind, names_of, role
from geobfdt.io.units import length_factor
from geobfdt.wells.findings import InputError
from geobfdt.wells.options import ReadingOptions
from geobfdt.wells.tools import tool_of

__all__ = ["UNUSED_OPTIONS", "contents", "read"]

UNUSED_OPTIONS = ("top", "bottom", "decimal")

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
        curves = curves_of(files, findings)
        image = choose_image(curves, options.image, findings)
        companion = companion_of(image, curves)
        if companion is not None and image_kind(image.name) == "dynamic":
            image, companion = companion, image
        index = index_of(path, image, curves)
        logs = hole_logs(image, curves, options.caliper, findings)
        used = {id(log) for log in logs.values()}
        here = [c for c in curves if c.frame is image.frame and c.scalar and not c.doubled and id(c) not in used]
        others = [here[i] for i in possible_calipers([c.name for c in here], [c.unit for c in here])]
        together = [c for c in (index, image, companion, *logs.values(), *others) if c and c.frame is image.frame]
        columns = _read_rows(path, image, together)
        depth = columns[index.position].ravel().astype(np.float64)
        check_index(depth, (index.name, index.unit), *_said_of(index), options.depth_unit, findings)
        direction = str(image.frame.direction or "").upper()
        if index.position == 0 and direction in ("INCREASING", "DECREASING") and len(depth) > 1:
            falls = bool(np.median(np.diff(depth)) < 0)
            if falls is (direction == "INCREASING"):
                observed = f"frame {image.frame.name} says {direction}, its depths go the other way"
                findings.major("index-direction", observed, "the depths are kept")
        elsewhere = _Elsewhere(path, depth, index.unit, options.depth_unit, curves, findings)
        dynamic = None
        if companion is not None:
            dynamic = columns.get(companion.position) if companion.frame is image.frame else None
            if dynamic is None:
                dynamic = elsewhere.picture(companion)
        raw = RawImage(
            columns[image.position],
            depth,
            index.unit,
            dynamic=dynamic,
            attributes=_attributes(image, companion),
            findings=findings,
        )
        for name, log in logs.items():
            near = log.frame is image.frame
            found = (depth, columns[log.position]) if near else elsewhere.column(log)
            if found is not None:
                raw.logs[name] = _raw_log(log, *found)
        raw.others = [_raw_log(log, depth, columns[log.position]) for log in others]
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
    with _open(path) as (files, findings):
        items = [
            item(
                curve.name,
                "image" if is_image(curve) else role(curve.name) or "other",
                (len(curve.rows), curve.columns)[: 1 + (curve.columns > 1)],
                curve.unit,
                curve.full.removesuffix(f"/{curve.name}"),
                str(curve.channel.long_name or ""),
            )
            for curve in curves_of(files, findings)
        ]
        header: dict[str, str] = {}
        for origin in (o for f in files for o in f.origins):
            for name in ("well_name", "well_id", "field_name", "company", "producer_name", "creation_time"):
                if value := getattr(origin, name, None):
                    header.setdefault(name, str(value))
        return Contents("DLIS", items, header)


@contextmanager
def _open(path: Path) -> Iterator[tuple[Any, FileFindings]]:
    """Open a file; what is wrong with it but can be read past becomes findings."""
    findings = FileFindings(path)
    with (
        decoding(path, "a DLIS file", _CURE),
        tolerant("dlis", findings) as rules,
        dlisio.dlis.load(str(path), error_handler=rules) as files,
    ):
        if not len(files):
            why = findings[0].seen if findings else "it holds no logical file"
            raise InputError(path, why, _CURE)
        yield files, findings


def _read_rows(path: Path, curve: Curve, wanted: list[Curve]) -> dict[int, npt.NDArray[Any]]:
    """Columns of one frame by position, read block by block."""
    frame, rows = curve.frame, len(curve.rows)
    if curve.table.problem:
        raise InputError(path, curve.table.problem, _CURE)
    dtype = curve.table.dtype
    if rows * dtype.itemsize > 4 * path.stat().st_size + _BLOCK:
        raise InputError(path, f"frame {frame.name} claims more data than the file holds", _CURE)
    out: dict[int, npt.NDArray[Any]] = {}
    for c in wanted:
        out[c.position] = np.empty((rows, c.columns), dtype=np.float64 if c.columns == 1 else np.float32)
    done = 0
    for block in _blocks(curve, dtype):
        for position, column in out.items():
            # Of equal mnemonics only the position tells which is which; field 0 is the number of the row.
            column[done : done + len(block)] = block[(block.dtype.names or ())[position + 1]].reshape(len(block), -1)
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
    layout = curve.table.layout
    unsure = varies(layout)
    for top in range(0, len(curve.rows), step):
        wanted = part = curve.rows[top : top + step]
        if unsure:
            part = part[: sound_rows(curve.logical.file, part, curve.logical.error_handler, layout)]
        if not part:
            return
        block = core.read_fdata(
            "", curve.table.format, "", curve.logical.file, part, dtype.itemsize,
            lambda size: np.empty(shape=size, dtype=dtype), curve.logical.error_handler,
        )  # fmt: skip
        yield block
        if len(block) < len(wanted):
            return  # the error handler has recorded why


def _said_of(index: Curve) -> tuple[list[IndexAttribute], list[IndexAttribute]]:
    """What a frame says of the spacing and of the ends of its index, where the channel is that index."""

    def said(name: str) -> list[IndexAttribute]:
        attic = index.frame.attic
        if index.position or name not in attic.keys():  # noqa: SIM118 - no mapping
            return []
        values = attic[name].value
        value = values[0] if values and isinstance(values[0], int | float) else None
        return [IndexAttribute(name, value, str(attic[name].units or ""))]

    return said("SPACING"), said("INDEX-MIN") + said("INDEX-MAX")


@dataclass(frozen=True)
class _Elsewhere:
    """
    Reader of channels that lie in other frames than the image.

    Parameters
    ----------
    path : Path
        The file.
    depth : array (rows,)
        Depths of the image as the file has them.
    unit : str
        Unit of the image's depths.
    stated : str or None
        The user's ``--depth-unit``.
    curves : list of Curve
        All channels of the file.
    findings : FileFindings
        Grows by what is left out.
    """

    path: Path
    depth: npt.NDArray[np.float64]
    unit: str
    stated: str | None
    curves: list[Curve]
    findings: FileFindings

    def column(self, curve: Curve) -> tuple[npt.NDArray[np.float64], npt.NDArray[Any]] | None:
        """Depths of a channel's own frame, in the unit of the image's depths, and its values; None with a finding."""
        try:
            index = index_of(self.path, curve, self.curves)
            columns = _read_rows(self.path, curve, [index, curve])
            depth: npt.NDArray[np.float64] = columns[index.position].ravel().astype(np.float64)
            # A unit that the user states stands for that of the image, and for the same one in other frames.
            stated = self.stated if index.unit == self.unit else None
            check_index(depth, (index.name, index.unit), *_said_of(index), stated, self.findings)
        except InputError as error:
            observed = f"{curve.name} lies in a frame whose depths are not certain: {error.seen}"
            self.findings.major("channel-left-out", observed, "left out")
            return None
        if index.unit in ("", self.unit):
            return depth, columns[curve.position]
        theirs, ours = length_factor(index.unit), length_factor(self.stated or self.unit)
        # With a unit that is not known nothing is converted: the image's will be refused, or overruled for all frames.
        return depth * (theirs / ours if theirs and ours else 1.0), columns[curve.position]

    def picture(self, companion: Curve) -> npt.NDArray[np.float32] | None:
        """The companion's rows at the depths of the image; None where the two frames do not share their depths."""
        found = self.column(companion)
        if found is None:
            return None
        (there, values), depth = found, self.depth
        order = np.argsort(there, kind="stable")
        at = np.clip(np.searchsorted(there[order], depth), 1, max(len(there) - 1, 1))
        left, right = order[at - 1], order[np.minimum(at, len(there) - 1)]
        nearest = np.where(np.abs(there[left] - depth) <= np.abs(there[right] - depth), left, right)
        spacing = np.median(np.abs(np.diff(depth))) if depth.size > 1 else 0.0
        matched = np.abs(there[nearest] - depth) <= 0.1 * spacing
        if matched.mean() < 0.5:
            self.findings.minor("companion-apart", f"{companion.name} lies in a frame of other depths", "left out")
            return None
        out = values if np.array_equal(nearest, np.arange(len(values))) else values[nearest]
        if not matched.all():
            out[~matched] = np.nan
            seen = f"{companion.name} lacks {100 * (1 - matched.mean()):.1f} % of the image's rows"
            self.findings.minor("companion-short", seen, "left empty there")
        return np.asarray(out)


def _raw_log(log: Curve, depth: npt.NDArray[np.float64], values: npt.NDArray[Any]) -> RawLog:
    return RawLog(values.ravel(), log.unit, depth, log.name, str(log.channel.long_name or ""))


def _attributes(image: Curve, companion: Curve | None) -> dict[str, Any]:
    """What the file says in words and parameters; our own parameters say the rest of the contract."""
    attributes: dict[str, Any] = {"units": str(image.channel.units or ""), "tool": tool_of(image.name)}
    origin = next(iter(image.logical.origins), None)
    if origin is not None:
        attributes["well"] = str(origin.well_name or origin.well_id or "").strip()
        attributes["run"] = "" if origin.run_nr is None else " ".join(map(str, np.atleast_1d(origin.run_nr)))
    attributes["normalisation"] = "static" if companion is not None else image_kind(image.name)
    said = " ".join(str(word) for word in (image.channel.long_name, *(image.channel.properties or ()))).lower()
    for phrase, reference in names_of("references").items():
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
