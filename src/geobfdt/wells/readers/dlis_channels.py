"""Channels of a DLIS file: which is the image, which its companion, its depths and the hole logs."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from geobfdt.wells.findings import Finding, InputError, Severity
from geobfdt.wells.readers.mnemonics import choose_logs, image_kind, role, tool_of

__all__ = ["Curve", "choose_image", "companion_of", "curves_of", "hole_logs", "index_of", "is_image"]

_COLUMNS = 8  # fewer samples a row are no image
_WIDEST = 100_000  # samples a row; more is damage


@dataclass(frozen=True)
class Curve:
    """
    A channel where it lies.

    Parameters
    ----------
    logical, frame, channel
        dlisio's objects.
    position : int
        Among the frame's channels; of equal mnemonics only this tells which is which.
    full : str
        LOGICAL FILE/FRAME/CHANNEL, and #2, #3, ... where that is there before.
    """

    logical: Any
    frame: Any
    channel: Any
    position: int
    full: str

    @property
    def name(self) -> str:
        """Mnemonic."""
        return str(self.channel.name)

    @property
    def columns(self) -> int:
        """Samples a row."""
        return _samples(self.channel)

    @property
    def layout(self) -> list[tuple[int, int]]:
        """Samples and representation code of each channel in a row of its frame."""
        return [(_samples(channel), channel.reprc) for channel in self.frame.channels]

    @property
    def rows(self) -> list[int]:
        """Where the rows of its frame begin in the file."""
        tells: list[int] = self.logical.fdata_index.get(self.frame.fingerprint, [])
        return tells

    @property
    def names(self) -> tuple[str, str, str]:
        """Names a user may call it by, the short one first."""
        return self.name, f"{self.frame.name}/{self.name}", self.full


def _samples(channel: Any) -> int:
    return int(np.prod(channel.dimension or [1], dtype=np.int64))


def curves_of(files: Any) -> list[Curve]:
    """All channels of a file that lie in a frame."""
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
                    curves.append(Curve(logical, frame, channel, position, full + again))
    return curves


def is_image(curve: Curve) -> bool:
    """Whether a channel may be a picture of the wall: many samples a row, and no name of something else."""
    dimension = [n for n in curve.channel.dimension if n != 1]
    return (
        len(dimension) == 1
        and _COLUMNS <= dimension[0] <= _WIDEST
        and bool(image_kind(curve.name))
        and bool(curve.rows)
    )


def choose_image(path: Path, images: list[Curve], wanted: str | None, findings: list[Finding]) -> Curve:
    """
    Choose the image: the one asked for, or the only one, or the static one of a pair.

    Parameters
    ----------
    path : Path
        The file.
    images : list of Curve
        Those that `is_image` allows.
    wanted : str or None
        The user's ``--image``.
    findings : list of Finding
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
    if not images:
        why = f" that can be read: {findings[0].seen}" if findings else ""
        raise InputError(path, f"no channel is an image{why}", "list the channels with geobfdt inspect")
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
        # One picture in several versions is one image: its static one is taken, the dynamic one comes along. Arrays
        # that nobody knows for pictures do not stand in the way of the one that has the name of one.
        if len({_stem(c.name) for c in found}) > 1:
            found = [c for c in found if image_kind(c.name) != "none" or tool_of(c.name)]
        if len({_stem(c.name) for c in found}) != 1:
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


def companion_of(image: Curve, curves: list[Curve]) -> Curve | None:
    """The other version of the same picture: the dynamic one of a static image, or the reverse."""
    other = {"static": "dynamic", "none": "dynamic", "dynamic": "static"}[image_kind(image.name)]
    twins = [
        c
        for c in curves
        if c.logical is image.logical
        and is_image(c)
        and image_kind(c.name) == other
        and (_stem(c.name), c.columns) == (_stem(image.name), image.columns)
    ]
    near = [c for c in twins if c.frame is image.frame] or twins
    return near[0] if len(near) == 1 else None


def index_of(path: Path, image: Curve, here: list[Curve]) -> Curve:
    """
    Find the depths of a frame along the hole: its index if that is one, else the channel that a depth is called.

    Raises
    ------
    InputError
        If the frame has none.
    """
    first = here[0]
    kind = str(image.frame.index_type or "").upper()
    # RP66 V1, 5.7.1: the index may also be a drift, the true vertical depth, or what the contractor made of it.
    other = any(word in kind for word in ("TIME", "DRIFT", "VERTICAL"))
    if first.position == 0 and first.columns == 1 and not other and (kind or role(first.name) == "depth"):
        return first
    depths = [c for c in here if c.columns == 1 and role(c.name) == "depth"]
    if len(depths) == 1:
        return depths[0]
    raise InputError(
        path, f"frame {image.frame.name} has no index of measured depth", "ask for an export indexed by measured depth"
    )


def hole_logs(path: Path, image: Curve, curves: list[Curve], findings: list[Finding]) -> dict[str, Curve]:
    """The hole logs of an image's logical file; of equally telling names, that of its own frame."""
    mine = [c for c in curves if c.logical is image.logical and c.columns == 1 and c.rows]
    mine.sort(key=lambda c: c.frame is not image.frame)
    return {name: mine[i] for name, i in choose_logs([c.name for c in mine], path.name, findings).items()}
