"""Read DLIS files (RP66 V1) through dlisio.

A file holds logical files, these hold frames, and these hold channels: an image is a channel with many samples a row.
Static and dynamic images may lie in different frames, and so may the hole logs. Rows are read in blocks into the one
array that stays, so memory is the image and a block, not all channels of the frame at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dlisio.dlis
import numpy as np
import numpy.typing as npt
from dlisio import core

from geobfdt.wells.findings import Finding, InputError, Severity
from geobfdt.wells.options import ReadingOptions
from geobfdt.wells.readers.boundary import decoding
from geobfdt.wells.readers.mnemonics import choose_logs, image_kind, role, tool_of
from geobfdt.wells.readers.raw import Contents, RawImage, RawLog
from geobfdt.wells.readers.tolerance import tolerant
from geobfdt.wells.readers.units import length_factor

__all__ = ["contents", "read"]

_COLUMNS = 8  # fewer samples a row are no image
_WIDEST = 100_000  # samples a row; more is damage
_BLOCK = 16 << 20  # bytes of a frame read at a time
_CURE = "copy the file again, or ask for a new export"


@dataclass(frozen=True)
class _Curve:
    """A channel where it lies."""

    logical: Any
    frame: Any
    channel: Any
    position: int  # among the frame's channels
    full: str  # LOGICAL FILE/FRAME/CHANNEL, and #2, #3, ... where that is there before

    @property
    def name(self) -> str:
        return str(self.channel.name)

    @property
    def columns(self) -> int:
        return int(np.prod(self.channel.dimension or [1], dtype=np.int64))

    @property
    def names(self) -> tuple[str, str, str]:
        """Names a user may call it by, the short one first."""
        return self.name, f"{self.frame.name}/{self.name}", self.full


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
        curves = _curves(files)
        image = _choose(path, [c for c in curves if _is_image(c)], options.image, findings)
        companion = _companion(image, curves)
        if companion is not None and image_kind(image.name) == "dynamic":
            image, companion = companion, image
        here = [c for c in curves if c.frame is image.frame]
        index = _index(path, image, here)
        logs = _logs(path, image, curves, findings)
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
                "role": "image" if _is_image(curve) else role(curve.name) or "other",
                "shape": (len(_rows(curve)), curve.columns) if curve.columns > 1 else (len(_rows(curve)),),
                "unit": str(curve.channel.units or ""),
                "frame": curve.full.removesuffix(f"/{curve.name}"),
                "description": str(curve.channel.long_name or ""),
            }
            for curve in _curves(files)
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


def _curves(files: Any) -> list[_Curve]:
    curves = []
    known: Counter[str] = Counter()
    for logical in files:
        label = str(logical.fileheader.id).strip() if logical.fileheader else ""
        for frame in logical.frames:
            for position, channel in enumerate(frame.channels):
                if channel is not None and hasattr(channel, "dimension"):
                    full = f"{label}/{frame.name}/{channel.name}"
                    known[full] += 1
                    again = f"#{known[full]}" if known[full] > 1 else ""
                    curves.append(_Curve(logical, frame, channel, position, full + again))
    return curves


def _is_image(curve: _Curve) -> bool:
    dimension = [n for n in curve.channel.dimension if n != 1]
    return (
        len(dimension) == 1
        and _COLUMNS <= dimension[0] <= _WIDEST
        and bool(image_kind(curve.name))
        and bool(_rows(curve))
    )


def _rows(curve: _Curve) -> Any:
    return curve.logical.fdata_index.get(curve.frame.fingerprint, [])


def _choose(path: Path, images: list[_Curve], wanted: str | None, findings: list[Finding]) -> _Curve:
    """The image asked for, or the only one, or the static one of a pair."""
    if not images:
        raise InputError(path, "no channel is an image", "list the channels with geobfdt inspect")
    known = ", ".join(dict.fromkeys(c.names[0] for c in images))
    if wanted is not None:
        named = [c for c in images if wanted.strip().lower() in (name.lower() for name in c.names)]
        # A full name ends where the next one's #2 begins, and is that of one image only.
        named = [c for c in named if c.full.lower() == wanted.strip().lower()] or named
        if len(named) == 1:
            return named[0]
        if not named:
            raise InputError(path, f"no image {wanted!r}", f"give --image one of {known}")
        raise InputError(
            path,
            f"{len(named)} images are called {wanted!r}",
            f"give --image one of {', '.join(c.names[2] for c in named)}",
        )
    found = images
    if len(found) > 1:
        # One picture in several versions is one image: its static one is taken, the dynamic one comes along.
        stems = {_stem(c.name) for c in found}
        if len(stems) > 1:
            raise InputError(path, f"{len(images)} images and nothing says which", f"give --image one of {known}")
        found = sorted(found, key=lambda c: {"static": 0, "none": 1, "dynamic": 2}[image_kind(c.name)])
        versions = [c for c in found if image_kind(c.name) == image_kind(found[0].name)]
        if len(versions) > 1:
            names = ", ".join(c.names[2] for c in versions)
            raise InputError(
                path, f"{len(versions)} images are called {versions[0].name!r}", f"give --image one of {names}"
            )
        seen = f"images {known}"
        findings.append(Finding(Severity.INFO, "image-chosen", path.name, seen, f"{found[0].name} taken"))
    return found[0]


def _stem(name: str) -> str:
    """Name of a picture without the word for its version: FMI_STAT and FMI_DYN are one picture."""
    words = [word for word in name.upper().replace("-", "_").split("_") if image_kind(word) == "none" and word]
    return "_".join(word for word in words if word not in ("IMG", "IMAGE")) or "IMAGE"


def _companion(image: _Curve, curves: list[_Curve]) -> _Curve | None:
    """The other version of the same picture: the dynamic one of a static image, or the reverse."""
    other = {"static": "dynamic", "none": "dynamic", "dynamic": "static"}[image_kind(image.name)]
    twins = [
        c
        for c in curves
        if c.logical is image.logical
        and _is_image(c)
        and image_kind(c.name) == other
        and (_stem(c.name), c.columns) == (_stem(image.name), image.columns)
    ]
    near = [c for c in twins if c.frame is image.frame] or twins
    return near[0] if len(near) == 1 else None


def _index(path: Path, image: _Curve, here: list[_Curve]) -> _Curve:
    """The depths of a frame: its index if that is one, else the channel that a depth is called."""
    first = here[0]
    timed = "TIME" in str(image.frame.index_type or "").upper()
    if first.columns == 1 and not timed and (image.frame.index_type or role(first.name) == "depth"):
        return first
    depths = [c for c in here if c.columns == 1 and role(c.name) == "depth"]
    if len(depths) == 1:
        return depths[0]
    raise InputError(path, f"frame {image.frame.name} has no depth index", "ask for an export indexed by depth")


def _logs(path: Path, image: _Curve, curves: list[_Curve], findings: list[Finding]) -> dict[str, _Curve]:
    """The hole logs of an image's logical file; of equally telling names, that of its own frame."""
    mine = [c for c in curves if c.logical is image.logical and c.columns == 1 and _rows(c)]
    mine.sort(key=lambda c: c.frame is not image.frame)
    return {name: mine[i] for name, i in choose_logs([c.name for c in mine], path.name, findings).items()}


def _read_rows(path: Path, curve: _Curve, wanted: list[_Curve]) -> dict[int, npt.NDArray[Any]]:
    """
    Columns of one frame by position, read block by block.

    ``Frame.curves`` makes one array of all channels and all rows; this asks the same reader for a slice of the rows at
    a time and keeps the wanted columns.
    """
    frame, tells = curve.frame, _rows(curve)
    # Of equal mnemonics only the position tells which is which; field 0 is the frame number.
    dtype = frame.dtype(strict=False)
    if len(tells) * dtype.itemsize > 4 * path.stat().st_size + _BLOCK:
        raise InputError(path, f"frame {frame.name} claims more data than the file holds", _CURE)
    step = max(1, _BLOCK // max(dtype.itemsize, 1))
    out: dict[int, npt.NDArray[Any]] = {}
    for c in wanted:
        out[c.position] = np.empty((len(tells), c.columns), dtype=np.float64 if c.columns == 1 else np.float32)
    done = 0
    for top in range(0, len(tells), step):
        block = core.read_fdata(
            "",
            frame.fmtstr(),
            "",
            curve.logical.file,
            tells[top : top + step],
            dtype.itemsize,
            lambda size: np.empty(shape=size, dtype=dtype),
            curve.logical.error_handler,
        )
        for position, column in out.items():
            column[top : top + len(block)] = block[dtype.names[position + 1]].reshape(len(block), -1)
        done = top + len(block)
        if len(block) < len(tells[top : top + step]):
            break  # the error handler has recorded why
    if not done:
        raise InputError(path, f"no row of frame {frame.name} can be read", _CURE)
    return {position: column[:done] for position, column in out.items()}


def _with_depth(
    path: Path, curve: _Curve, unit: str, curves: list[_Curve]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[Any]]:
    """Depths of a curve's own frame, in the unit of the image's depths, and the curve."""
    index = _index(path, curve, [c for c in curves if c.frame is curve.frame])
    columns = _read_rows(path, curve, [index, curve])
    theirs, ours = length_factor(str(index.channel.units or unit)), length_factor(unit)
    depth: npt.NDArray[np.float64] = columns[index.position].ravel().astype(np.float64)
    # With a unit that is not known nothing is converted: the image's will be refused, or overruled for all frames.
    return depth * (theirs / ours if theirs and ours else 1.0), columns[curve.position]


def _from_other_frame(
    path: Path,
    companion: _Curve,
    depth: npt.NDArray[np.float64],
    unit: str,
    curves: list[_Curve],
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
    log: _Curve,
    image: _Curve,
    depth: npt.NDArray[np.float64],
    unit: str,
    columns: dict[int, npt.NDArray[Any]],
    curves: list[_Curve],
) -> RawLog:
    said = str(log.channel.units or "")
    if log.frame is image.frame:
        return RawLog(columns[log.position].ravel(), said, depth)
    there, values = _with_depth(path, log, unit, curves)
    return RawLog(values.ravel(), said, there)


def _attributes(image: _Curve, companion: _Curve | None) -> dict[str, Any]:
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


def _angles(image: _Curve) -> npt.NDArray[np.float64] | None:
    """Column angles where the channel's axis gives them (deg), which few files do."""
    for axis in image.channel.axis or ():
        if getattr(axis, "axis_id", None) == "AZIMUTH" and len(axis.coordinates or ()) == image.columns:
            return np.asarray(axis.coordinates, dtype=np.float64)
    return None
