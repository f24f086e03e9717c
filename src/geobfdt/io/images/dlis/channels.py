"""Channels of a DLIS file: which is the image, which its companion, its depths and the hole logs."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np

from geobfdt.io.file_findings import FileFindings
from geobfdt.io.names import choose_logs, image_kind, is_pad_array, named_caliper, role, vertical_depth
from geobfdt.wells.tools import tool_of

__all__ = ["Curve", "Table", "choose_image", "companion_of", "curves_of", "hole_logs", "index_of", "is_image"]

_MIN_COLUMNS = 8  # A channel with fewer samples a row is no image.
_MOST_COLUMNS = 100_000  # More samples a row are damage.


@dataclass(frozen=True)
class Table:
    """
    A frame and the channels of its rows.

    Parameters
    ----------
    logical, frame
        dlisio's objects.
    channels : tuple
        dlisio's channels in the order of a row; None where the file does not say what lies there.
    problem : str or None
        Why the rows cannot be read; None where they can.
    """

    logical: Any
    frame: Any
    channels: tuple[Any, ...]
    problem: str | None

    @property
    def name(self) -> str:
        """Name of the frame."""
        return str(self.frame.name)

    @property
    def rows(self) -> list[int]:
        """Where the rows begin in the file."""
        positions: list[int] = self.logical.fdata_index.get(self.frame.fingerprint, [])
        return positions

    @property
    def layout(self) -> list[tuple[int, int]]:
        """Samples and representation code of each channel in a row."""
        return [(_samples(channel), channel.reprc) for channel in self.channels]

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of a row: its number, then each channel under its position, for mnemonics may be equal."""
        return np.dtype([("number", "i4"), *((str(i), channel.dtype) for i, channel in enumerate(self.channels))])

    @property
    def format(self) -> str:
        """A row in the language of dlisio."""
        return "i" + "".join(channel.fmtstr() for channel in self.channels)


@dataclass(frozen=True)
class Curve:
    """
    A channel where it lies.

    Parameters
    ----------
    table : Table
        Its frame.
    channel
        dlisio's object.
    position : int
        Among the frame's channels; of equal mnemonics only this shows which is which.
    full : str
        LOGICAL FILE/FRAME/CHANNEL, and #2, #3, ... where that is there before.
    doubled : bool
        Whether the file defines the channel twice and differently, so that it is not known what its values mean.
    """

    table: Table
    channel: Any
    position: int
    full: str
    doubled: bool

    @property
    def name(self) -> str:
        """Mnemonic."""
        return str(self.channel.name)

    @property
    def unit(self) -> str:
        """Unit as the file spells it."""
        return str(self.channel.units or "")

    @property
    def columns(self) -> int:
        """Samples a row."""
        return _samples(self.channel)

    @property
    def scalar(self) -> bool:
        """Whether a row holds one number of it."""
        return self.columns == 1 and self.channel.dtype.base.kind in "iuf"

    @property
    def names(self) -> tuple[str, str, str]:
        """Names a user may call it by, the short one first."""
        return self.name, f"{self.table.name}/{self.name}", self.full


def _samples(channel: Any) -> int:
    return int(np.prod(channel.dimension or [1], dtype=np.int64))


def curves_of(files: Any, findings: FileFindings) -> list[Curve]:
    """
    All channels of a file that lie in a frame.

    Parameters
    ----------
    files
        dlisio's logical files.
    findings : FileFindings
        Grows by the objects that the file lacks or defines twice.
    """
    curves = []
    counts: Counter[str] = Counter()
    for logical in files:
        label = str(logical.fileheader.id).strip() if logical.fileheader else ""
        channels = _by_name(logical.channels)
        for group in channels.values():
            if _differ(group):
                observed = f"CHANNEL {group[0].name} is defined twice and differently"
                findings.minor("object-doubled", observed, "not used")
        for frames in _by_name(logical.frames).values():
            references = _references(frames[0])
            listed = [channels.get(reference, []) for reference in references]
            problem = _problem(frames, references, listed)
            if problem:
                findings.major("frame-unreadable", problem, "left out")
            row = tuple(group[0] if group else None for group in listed)
            table = Table(logical, frames[0], row, problem)
            for position, group in enumerate(listed):
                if group and hasattr(group[0], "dimension"):
                    full = f"{label}/{frames[0].name}/{group[0].name}"
                    counts[full] += 1
                    again = f"#{counts[full]}" if counts[full] > 1 else ""
                    curves.append(Curve(table, group[0], position, full + again, _differ(group)))
    return curves


def _key(name: Any) -> tuple[str, int, int]:
    return name.id, name.origin, name.copynumber


def _by_name(objects: Any) -> dict[tuple[str, int, int], list[Any]]:
    """Objects by name, origin and copy number, which only a file against the standard has twice."""
    groups: dict[tuple[str, int, int], list[Any]] = {}
    for item in objects:
        groups.setdefault(_key(item.attic.name), []).append(item)
    return groups


def _references(frame: Any) -> list[tuple[str, int, int]]:
    """Names of the channels of a frame; looked up here, because dlisio prints what it does not find."""
    names = frame.attic["CHANNELS"].value if "CHANNELS" in frame.attic.keys() else None  # noqa: SIM118 - no mapping
    return [_key(name) for name in names or ()]


def _differ(group: list[Any]) -> bool:
    return any(item.attic != group[0].attic for item in group)


def _problem(frames: list[Any], references: list[tuple[str, int, int]], listed: list[list[Any]]) -> str | None:
    """Why the rows of a frame cannot be parted into channels; None where they can."""
    name = frames[0].name
    if _differ(frames):
        return f"FRAME {name} is defined twice and differently"
    for (channel, _, _), group in zip(references, listed, strict=True):
        if not group:
            return f"FRAME {name} lists CHANNEL {channel}, which the file does not define"
        if len({(tuple(item.dimension), item.reprc) for item in group}) > 1:
            return f"FRAME {name} lists CHANNEL {channel}, which the file defines with two sizes"
    return None


def is_image(curve: Curve) -> bool:
    """Whether a channel may be a picture of the wall: many samples a row, and no name of something else."""
    dimension = [n for n in curve.channel.dimension if n != 1]
    readable = not curve.doubled and curve.table.problem is None and bool(curve.table.rows)
    fits = len(dimension) == 1 and _MIN_COLUMNS <= dimension[0] <= _MOST_COLUMNS
    return readable and fits and bool(image_kind(curve.name))


def choose_image(curves: list[Curve], request: str | None, findings: FileFindings) -> Curve:
    """
    Choose the image: the one that the user names, or the only one, or the static one of a pair.

    Parameters
    ----------
    curves : list of Curve
        All channels; those that `is_image` allows can be chosen.
    request : str or None
        The user's ``--image``.
    findings : FileFindings
        Grows by the choice, where there was one.

    Returns
    -------
    Curve
        The image.

    Raises
    ------
    InputError
        If there is none of that name, or several and nothing chooses.
    """
    images = [c for c in curves if is_image(c)]
    if not images:
        if any(is_pad_array(c.name) for c in curves):
            observed = "it holds the buttons of a pad tool and no image"
            raise findings.refusal(observed, "make the image with geobfdt assemble")
        narrow = [c for c in curves if 1 < c.columns < _MIN_COLUMNS]
        why = f" that can be read: {findings[0].observed}" if findings else ""
        if narrow and not why:
            why = f"; {narrow[0].name} has {narrow[0].columns} samples a row, as a dipmeter has"
        raise findings.refusal(f"no channel is an image{why}", "list the channels with geobfdt inspect")
    listed = ", ".join(dict.fromkeys(c.name for c in images))
    if request is not None:
        key = request.strip().lower()
        called = [c for c in curves if key in map(str.lower, c.names)]
        fits = [c for c in called if is_image(c)]
        # A full name ends where the next one's #2 begins, and is that of one image only.
        fits = [c for c in fits if c.full.lower() == key] or fits
        if not fits:
            for curve in called:
                _refuse_doubled(curve, findings)
            raise findings.refusal(f"no image {request!r}", f"give --image one of {listed}")
        _refuse_several(fits, request, findings)
        return fits[0]
    if len(images) == 1:
        return images[0]
    # One picture in several versions is one image: its static one is taken, the dynamic one comes along. Arrays that
    # are not known as pictures do not stand in the way of the one that has the name of one.
    fits = images
    if len({_stem(c.name) for c in fits}) > 1:
        fits = [c for c in fits if image_kind(c.name) != "none" or tool_of(c.name)]
    if len({_stem(c.name) for c in fits}) != 1:
        raise findings.refusal(f"{len(images)} images and nothing says which", f"give --image one of {listed}")
    kinds = [image_kind(c.name) for c in fits]
    kind = min(kinds, key=("static", "none", "dynamic").index)
    fits = [c for c, of in zip(fits, kinds, strict=True) if of == kind]
    _refuse_several(fits, fits[0].name, findings)
    findings.info("image-chosen", f"images {listed}", f"{fits[0].name} taken")
    return fits[0]


def _refuse_several(images: list[Curve], name: str, findings: FileFindings) -> None:
    if len(images) > 1:
        names = ", ".join(c.full for c in images)
        raise findings.refusal(f"{len(images)} images are called {name!r}", f"give --image one of {names}")


def _stem(name: str) -> str:
    """Name of a picture without the word for its version: FMI_STAT and FMI_DYN are one picture."""
    words = [word for word in name.upper().replace("-", "_").split("_") if image_kind(word) == "none" and word]
    return "_".join(word for word in words if word not in ("IMG", "IMAGE")) or "IMAGE"


def companion_of(image: Curve, curves: list[Curve]) -> Curve | None:
    """The other version of the same picture: the dynamic one of a static image, or the reverse."""
    other = {"static": "dynamic", "none": "dynamic", "dynamic": "static"}[image_kind(image.name)]
    picture = (other, _stem(image.name), image.columns)
    images = [c for c in curves if c.table.logical is image.table.logical and is_image(c)]
    twins = [c for c in images if (image_kind(c.name), _stem(c.name), c.columns) == picture]
    near = [c for c in twins if c.table is image.table] or twins
    return near[0] if len(near) == 1 else None


def _refuse_doubled(curve: Curve, findings: FileFindings) -> None:
    """Refuse a channel that is needed and whose values are not certain."""
    if curve.doubled or curve.table.problem:
        doubled = f"CHANNEL {curve.name} of FRAME {curve.table.name} is defined twice and differently"
        raise findings.refusal(curve.table.problem or doubled, "ask for a new export")


def index_of(image: Curve, curves: list[Curve], findings: FileFindings) -> Curve:
    """
    Find the depths of a frame along the hole: its index if that is one, else the channel that a depth is called.

    Raises
    ------
    InputError
        If the frame has none, or it is defined twice.
    """
    here = [c for c in curves if c.table is image.table and c.scalar and not _vertical(c)]
    kind = str(image.table.frame.index_type or "").upper()
    # RP66 V1, 5.7.1: the index may also be a drift, the true vertical depth, or what the contractor made of it.
    measured = "DEPTH" in kind and "VERTICAL" not in kind
    first = next((c for c in here if c.position == 0), None)
    unnamed = not any(word in kind for word in ("TIME", "DRIFT", "VERTICAL"))
    depths = [c for c in here if role(c.name) == "depth"]
    if first is not None and (measured or (unnamed and first in depths)):
        depths = [first]
    if len(depths) == 1:
        _refuse_doubled(depths[0], findings)
        return depths[0]
    observed = f"frame {image.table.name} has no index of measured depth"
    raise findings.refusal(observed, "ask for an export indexed by measured depth")


def _vertical(curve: Curve) -> bool:
    return vertical_depth(curve.name) or "vertical depth" in str(curve.channel.long_name or "").lower()


def hole_logs(image: Curve, curves: list[Curve], caliper: str | None, findings: FileFindings) -> dict[str, Curve]:
    """
    Choose the hole logs of an image's logical file; of equally telling names, that of its own frame.

    Parameters
    ----------
    image : Curve
        The image.
    curves : list of Curve
        All channels of the file.
    caliper : str or None
        The user's ``--caliper``: ``CHANNEL``, ``FRAME/CHANNEL`` or ``LOGICAL FILE/FRAME/CHANNEL``.
    findings : FileFindings
        Grows by the choices.

    Raises
    ------
    InputError
        If the caliper that the user names is not there, or there several times.
    """
    mine = [c for c in curves if c.table.logical is image.table.logical and c.scalar and c.table.rows]
    mine.sort(key=lambda c: c.table is not image.table)
    usable = [c for c in mine if not c.doubled and c.table.problem is None]
    # Names of calipers are passed over where the user names one.
    names = ["" if caliper is not None and role(c.name) == "diameter" else c.name for c in usable]
    chosen = {name: usable[i] for name, i in choose_logs(names, findings).items()}
    if caliper is not None:
        near = [c for c in mine if c.table is image.table and caliper.strip().lower() == c.name.lower()]
        if len(near) != 1:
            near = [mine[named_caliper(caliper, [c.names for c in mine], findings.path)]]
        chosen["diameter"] = near[0]
        _refuse_doubled(chosen["diameter"], findings)
    return chosen
