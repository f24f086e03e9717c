"""Read DLIS files (RP66 V1) through dlisio.

A file holds logical files, these hold frames, and these hold channels: an image is a channel with many samples a row.
Static and dynamic images may lie in different frames, and so may the hole logs. Rows are read in blocks into the one
array that stays, so memory is the image and a block, not all channels of the frame at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dlisio.dlis
import numpy as np
from dlisio import core

from geobfdt.io.arrays import AnyArray, Array, Grey
from geobfdt.io.file_findings import FileFindings
from geobfdt.io.images.depth_index import IndexAttribute, check_index
from geobfdt.io.images.dlis.channels import (
    Curve,
    Table,
    choose_image,
    companion_of,
    curves_of,
    hole_logs,
    index_of,
    is_image,
)
from geobfdt.io.images.dlis.overruns import sound_rows, varies, without_overruns
from geobfdt.io.images.dlisio_files import open_tolerantly
from geobfdt.io.images.hole_logs import possible_calipers
from geobfdt.io.images.raw import Contents, RawImage, RawLog, Stretches, item
from geobfdt.io.names import image_kind, is_pad_array, names_of, pattern, role
from geobfdt.io.units import length_factor
from geobfdt.runtime.findings import InputError
from geobfdt.wells.options import ReadingOptions
from geobfdt.wells.tools import tool_of

__all__ = ["UNUSED_OPTIONS", "OtherFrames", "contents", "index_attributes", "read", "read_rows", "read_stretches"]

UNUSED_OPTIONS = ("top", "bottom", "decimal")

if hasattr(core, "extract"):  # where ``dlisio.dlis.load`` gets the records that it parses
    core.extract = without_overruns(core.extract)

_BLOCK_BYTES = 16 << 20  # So many bytes of a frame are read at a time.
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
    with open_tolerantly(dlisio.dlis.load, path, "a DLIS file", _CURE) as (files, findings):
        return _read_image(curves_of(files, findings), options, findings)


def read_stretches(path: Path, options: ReadingOptions, count: int, rows: int) -> Stretches | None:
    """
    Read stretches of a long image that are spread over all of it, and list the channels; the file is opened once.

    Parameters
    ----------
    path, options
        As for :func:`read`.
    count, rows : int
        Number of stretches, and rows of each.

    Returns
    -------
    Stretches or None
        None if the image has at most twice as many rows: then it is read whole.

    Raises
    ------
    InputError
        As for :func:`read`.
    """
    with open_tolerantly(dlisio.dlis.load, path, "a DLIS file", _CURE) as (files, findings):
        curves = curves_of(files, findings)
        listed = _contents(files, curves)
        # Findings of the choice are those of each stretch, too.
        total = len(choose_image(curves, options.image, FileFindings(path)).table.rows)
        if total <= 2 * count * rows:
            return None
        images = []
        elsewhere: dict[str, tuple[Array, AnyArray] | None] = {}
        for first in np.linspace(0, total - rows, count).astype(int).tolist():
            part = slice(first, first + rows)
            images.append(_read_image(curves, options, FileFindings(path, findings), part, elsewhere))
        # What dlisio complains of while it reads rows is of the file.
        images[-1].findings += [finding for finding in findings if finding not in images[-1].findings]
        return Stretches(listed, images, total)


def _read_image(
    curves: list[Curve],
    options: ReadingOptions,
    findings: FileFindings,
    rows: slice = slice(None),
    columns_elsewhere: dict[str, tuple[Array, AnyArray] | None] | None = None,
) -> RawImage:
    """Read some rows of an image, its companion and the hole logs; what other frames hold is read once."""
    image = choose_image(curves, options.image, findings)
    companion = companion_of(image, curves)
    if companion is not None and image_kind(image.name) == "dynamic":
        image, companion = companion, image
    index = index_of(image, curves, findings)
    logs = hole_logs(image, curves, options.caliper, findings)
    used = {id(log) for log in logs.values()}
    here = [c for c in curves if c.table is image.table and c.scalar and not c.doubled and id(c) not in used]
    others = [here[i] for i in possible_calipers([c.name for c in here], [c.unit for c in here])]
    together = [c for c in (index, image, companion, *logs.values(), *others) if c and c.table is image.table]
    columns = read_rows(image.table, together, findings, rows)
    depth = columns[index.position].ravel().astype(np.float64)
    spacings, ends = index_attributes(index)
    # The ends are those of the whole frame.
    ends = ends if rows == slice(None) else []
    check_index(depth, (index.name, index.unit), spacings, ends, options.depth_unit, findings)
    direction = str(image.table.frame.direction or "").upper()
    if index.position == 0 and direction in ("INCREASING", "DECREASING") and len(depth) > 1:
        falls = bool(np.median(np.diff(depth)) < 0)
        if falls is (direction == "INCREASING"):
            observed = f"frame {image.table.name} says {direction}, its depths go the other way"
            findings.major("index-direction", observed, "the depths are kept")
    apart = [c for c in (companion, *logs.values()) if c and c.table is not image.table]
    elsewhere = OtherFrames(depth, index.unit, options.depth_unit, curves, findings, columns_elsewhere, apart)
    dynamic = None
    if companion is not None:
        near = companion.table is image.table
        dynamic = columns[companion.position] if near else elsewhere.picture(companion)
    raw = RawImage(columns[image.position], depth, index.unit, _angles(image), dynamic=dynamic, findings=findings)
    raw.attributes = _attributes(image, companion, findings)
    for name, log in logs.items():
        near = log.table is image.table
        column = (depth, columns[log.position]) if near else elsewhere.column(log)
        if column is not None:
            raw.logs[name] = _raw_log(log, *column)
    raw.others = [_raw_log(log, depth, columns[log.position]) for log in others]
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
    with open_tolerantly(dlisio.dlis.load, path, "a DLIS file", _CURE) as (files, findings):
        return _contents(files, curves_of(files, findings))


def _contents(files: Any, curves: list[Curve]) -> Contents:
    items = []
    for curve in curves:
        kind = "image" if is_image(curve) else role(curve.name) or ("pad" if is_pad_array(curve.name) else "other")
        shape = (len(curve.table.rows), curve.columns)[: 1 + (curve.columns > 1)]
        frame, about = curve.full.removesuffix(f"/{curve.name}"), str(curve.channel.long_name or "")
        items.append(item(curve.name, kind, shape, curve.unit, frame, about))
    header: dict[str, str] = {}
    for origin in (o for f in files for o in f.origins):
        for name in ("well_name", "well_id", "field_name", "company", "producer_name", "creation_time"):
            if value := getattr(origin, name, None):
                header.setdefault(name, str(value))
    return Contents("DLIS", items, header)


def read_rows(
    table: Table, curves: list[Curve], findings: FileFindings, part: slice = slice(None)
) -> dict[int, AnyArray]:
    """Columns of some rows of one frame by position, read block by block."""
    if table.problem:
        raise findings.refusal(table.problem, _CURE)
    places, size = table.rows[part], table.dtype.itemsize
    rows = len(places)
    if rows * size > 4 * findings.path.stat().st_size + _BLOCK_BYTES:
        raise findings.refusal(f"frame {table.name} claims more data than the file holds", _CURE)
    out = {c.position: np.empty((rows, c.columns), np.float64 if c.columns == 1 else np.float32) for c in curves}
    filled = 0
    for block in _blocks(table, places):
        names, into = block.dtype.names or (), slice(filled, filled + len(block))
        for position, column in out.items():
            # Of equal mnemonics only the position shows which is which; field 0 is the number of the row.
            column[into] = block[names[position + 1]].reshape(len(block), -1)
        filled = into.stop
    if not filled:
        raise findings.refusal(f"no row of frame {table.name} can be read", _CURE)
    return {position: column[:filled] for position, column in out.items()}


def _blocks(table: Table, rows: Sequence[int]) -> Iterator[AnyArray]:
    """
    All channels of a frame at these rows, a block of them at a time; fewer rows where the file breaks off.

    ``Frame.curves`` makes one array of all rows; this asks the same reader for a slice of them.
    """
    if not hasattr(core, "read_fdata"):  # It is no part of dlisio's public face: a later version may have moved it.
        everything = table.frame.curves(strict=False)
        yield everything if len(rows) == len(table.rows) else everything[np.isin(table.rows, rows)[: len(everything)]]
        return
    dtype, stream, handler = table.dtype, table.logical.file, table.logical.error_handler
    step = max(1, _BLOCK_BYTES // max(dtype.itemsize, 1))
    for top in range(0, len(rows), step):
        places = sound = rows[top : top + step]
        if varies(table.layout):
            sound = places[: sound_rows(stream, places, handler, table.layout)]
        if not sound:
            return
        block = core.read_fdata(
            "", table.format, "", stream, sound, dtype.itemsize, lambda size: np.empty(size, dtype), handler
        )
        yield block
        if len(block) < len(places):
            return  # The error handler has recorded why.


def index_attributes(index: Curve) -> tuple[list[IndexAttribute], list[IndexAttribute]]:
    """Attributes of a frame: spacing and ends of its index, where the channel is that index."""

    def attribute(name: str) -> list[IndexAttribute]:
        attic = index.table.frame.attic
        if index.position or name not in attic.keys():  # noqa: SIM118 - no mapping
            return []
        values = attic[name].value
        value = values[0] if values and isinstance(values[0], int | float) else None
        return [IndexAttribute(name, value, str(attic[name].units or ""))]

    return attribute("SPACING"), attribute("INDEX-MIN") + attribute("INDEX-MAX")


@dataclass(frozen=True)
class OtherFrames:
    """
    Reader of channels that lie in other frames than the image.

    Parameters
    ----------
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
    columns : dict, optional
        Keeps what is read, by the full name of the channel.
    together : sequence of Curve, optional
        Channels that will be read one after the other: those of one frame are read at one time, since a frame costs
        the same for one channel as for all.
    """

    depth: Array
    unit: str
    stated: str | None
    curves: list[Curve]
    findings: FileFindings
    columns: dict[str, tuple[Array, AnyArray] | None] | None = None
    together: Sequence[Curve] = ()
    _frames: dict[int, dict[int, AnyArray]] = field(default_factory=dict)

    def column(self, curve: Curve) -> tuple[Array, AnyArray] | None:
        """Depths of a channel's own frame, in the unit of the image's depths, and its values; None with a finding."""
        if self.columns is None:
            return self._read_column(curve)
        if curve.full not in self.columns:
            self.columns[curve.full] = self._read_column(curve)
        return self.columns[curve.full]

    def _read_column(self, curve: Curve) -> tuple[Array, AnyArray] | None:
        try:
            index = index_of(curve, self.curves, self.findings)
            columns = self._rows_of(curve, index)
            depth: Array = columns[index.position].ravel().astype(np.float64)
            # A unit that the user states stands for that of the image, and for the same one in other frames.
            stated = self.stated if index.unit == self.unit else None
            check_index(depth, (index.name, index.unit), *index_attributes(index), stated, self.findings)
        except InputError as error:
            observed = f"{curve.name} lies in a frame whose depths are not certain: {error.observed}"
            self.findings.major("channel-left-out", observed, "left out")
            return None
        if index.unit in ("", self.unit):
            return depth, columns[curve.position]
        theirs, ours = length_factor(index.unit), length_factor(self.stated or self.unit)
        # With a unit that is not known nothing is converted: the image's will be refused, or overruled for all frames.
        return depth * (theirs / ours if theirs and ours else 1.0), columns[curve.position]

    def _rows_of(self, curve: Curve, index: Curve) -> dict[int, AnyArray]:
        """Columns of a channel, of its index, and of all that are read with it, by position."""
        key = id(curve.table)
        if curve.position not in self._frames.get(key, {}):
            others = [other for other in self.together if other.table is curve.table and other is not curve]
            self._frames[key] = read_rows(curve.table, [index, curve, *others], self.findings)
        return self._frames[key]

    def picture(self, companion: Curve) -> Grey | None:
        """The companion's rows at the depths of the image; None where the two frames do not share their depths."""
        column = self.column(companion)
        if column is None:
            return None
        (there, values), depth = column, self.depth
        order = np.argsort(there, kind="stable")
        at = np.clip(np.searchsorted(there[order], depth), 1, max(len(there) - 1, 1))
        below, above = order[at - 1], order[np.minimum(at, len(there) - 1)]
        nearest = np.where(np.abs(there[below] - depth) <= np.abs(there[above] - depth), below, above)
        spacing = np.median(np.abs(np.diff(depth))) if depth.size > 1 else 0.0
        matched = np.abs(there[nearest] - depth) <= 0.1 * spacing
        if matched.mean() < 0.5:
            self.findings.minor("companion-apart", f"{companion.name} lies in a frame of other depths", "left out")
            return None
        out = values if np.array_equal(nearest, np.arange(len(values))) else values[nearest]
        if not matched.all():
            out[~matched] = np.nan
            observed = f"{companion.name} lacks {100 * (1 - matched.mean()):.1f} % of the image's rows"
            self.findings.minor("companion-short", observed, "left empty there")
        return np.asarray(out)


def _raw_log(log: Curve, depth: Array, values: AnyArray) -> RawLog:
    return RawLog(values.ravel(), log.unit, depth, log.name, str(log.channel.long_name or ""))


def _attributes(image: Curve, companion: Curve | None, findings: FileFindings) -> dict[str, Any]:
    """Attributes by the words and parameters of the file; our own parameters hold the rest of the contract."""
    attributes: dict[str, Any] = {"units": str(image.channel.units or ""), "tool": tool_of(image.name)}
    origin = next(iter(image.table.logical.origins), None)
    if origin is not None:
        attributes["well"] = str(origin.well_name or origin.well_id or "").strip()
        attributes["run"] = "" if origin.run_nr is None else " ".join(map(str, np.atleast_1d(origin.run_nr)))
    attributes["normalisation"] = "static" if companion is not None else image_kind(image.name)
    description = " ".join(str(word) for word in (image.channel.long_name, *(image.channel.properties or ()))).lower()
    negated = pattern("no_reference").search(description)
    for phrase, reference in names_of("references").items():
        if phrase in description and negated:
            observed = f"{image.name} is described as {' '.join(description.split())[:80]!r}"
            action = f"{negated[0]!r} contradicts it; no reference taken, give --azimuth-reference"
            findings.major("reference-contradicted", observed, action)
            break
        if phrase in description:
            attributes["reference"] = reference
            if reference == "north":
                attributes["north"] = phrase.split()[0]
            break
    for parameter in image.table.logical.parameters:
        name = str(parameter.name)
        values = [] if parameter.values is None else list(np.ravel(parameter.values))
        if name.startswith("GEOBFDT_") and len(values) == 1:
            key = name.removeprefix("GEOBFDT_").lower()
            if key == "declination":
                attributes[key] = float(values[0])
            elif key in ("reference", "north", "dark", "normalisation", "tool", "run"):
                attributes[key] = str(values[0])
    return attributes


def _angles(image: Curve) -> Array | None:
    """Column angles where the channel's axis gives them (deg), which few files do."""
    for axis in image.channel.axis or ():
        if getattr(axis, "axis_id", None) == "AZIMUTH" and len(axis.coordinates or ()) == image.columns:
            return np.asarray(axis.coordinates, dtype=np.float64)
    return None
