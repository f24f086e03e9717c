"""Pixels out of PNG, JPEG, TIFF and npz files. Every size is checked before anything of that size is made."""

from __future__ import annotations

import logging
import math
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from PIL import Image

from geobfdt.io.arrays import AnyArray, Array, Mask
from geobfdt.io.decoding import decoding
from geobfdt.io.file_findings import FileFindings
from geobfdt.io.images.raw import item
from geobfdt.io.images.text.layout import column_role
from geobfdt.io.names import named_caliper
from geobfdt.io.sidecar import MAX_PIXELS
from geobfdt.runtime.findings import InputError, Severity
from geobfdt.wells.image import LOGS

__all__ = ["MAX_BYTES", "Pixels", "equal_to", "load_pixels", "open_arrays"]

MAX_BYTES = 4 * MAX_PIXELS  # One array of an npz takes no more.

_MAGIC: dict[str, tuple[bytes, ...]] = {
    "PNG": (b"\x89PNG\r\n\x1a\n",),
    "JPEG": (b"\xff\xd8\xff",),
    "TIFF": (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"),
    "npz": (b"PK\3\4", b"PK\5\6"),
}
_EXPORT = "export it again"
_SMALLER = f"cut it into pieces of at most {MAX_PIXELS:,} pixels"
_MODES = {"1": "L", "P": "RGB", "PA": "RGBA", "La": "LA", "RGBa": "RGBA", "RGBX": "RGB"}
_ORIENTATION, _GDAL_NODATA, _SUBFILE = 274, 42113, 254  # TIFF tags; EXIF has the first one too
_SIDEWAYS = (5, 6, 7, 8)  # Orientations whose rows are the columns of the upright picture.
_ALPHA, _PREMULTIPLIED = (1, 2), 1  # values of the TIFF tag ExtraSamples
_MOST_PAGES = 1000  # No more pages of a TIFF are looked at.
_GREY_STEPS = {"L;2": 85.0, "L;4": 17.0, "RGB;16B": 1 / 256}  # Decoded greys in a grey of the file, by Pillow's modes.
_KEPT = ("L", "LA", "RGB", "RGBA", "I", "I;16", "I;16B", "I;16L", "F")


@dataclass(frozen=True)
class Pixels:
    """
    A decoded picture.

    Parameters
    ----------
    values : array (rows, columns) or (rows, columns, 3)
        Grey values, or red, green and blue, as in the file.
    opaque : array (rows, columns) or None
        False where the picture is transparent; None where it is nowhere.
    white : float
        Value of white: 255 and 65535 for integers, 1 for fractions.
    depth, depth_unit : array (rows,) or None, str
        Depths that the file itself gives, and their unit, if any.
    logs : dict
        Hole logs of an npz, one value a row, and their units.
    """

    values: AnyArray
    opaque: Mask | None = None
    white: float = 1.0
    depth: Array | None = None
    depth_unit: str = ""
    logs: dict[str, tuple[Array, str]] = field(default_factory=dict)

    def without(self, absent: Mask) -> Pixels:
        """Take the pixels that are marked as not measured."""
        if not absent.any():
            return self
        return replace(self, opaque=~absent if self.opaque is None else self.opaque & ~absent)

    def moved(self, move: Callable[[AnyArray], AnyArray]) -> Pixels:
        """Crop or turn the pixels, and the mask of those that are opaque."""
        return replace(self, values=move(self.values), opaque=None if self.opaque is None else move(self.opaque))


def load_pixels(findings: FileFindings, name: str | None = None, caliper: str | None = None) -> Pixels:
    """
    Decode a picture.

    Parameters
    ----------
    findings : FileFindings
        Those of a PNG, JPEG, TIFF or npz file, by its first bytes.
    name : str, optional
        Array of an npz; default: its largest one that can be a picture.
    caliper : str, optional
        Array of an npz that is the hole diameter; default: the one that has the name of one.

    Returns
    -------
    Pixels
        The picture.

    Raises
    ------
    InputError
        If the file is damaged, too large, or holds no picture.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "a.npz"
    >>> np.savez(file, small=np.ones((2, 2)), large=np.ones((4, 8), dtype=np.uint8))
    >>> load_pixels(FileFindings(file)).values.shape, load_pixels(FileFindings(file), "small").values.shape
    ((4, 8), (2, 2))
    """
    kind = _kind(findings.path)
    if kind == "npz":
        return _load_npz(findings, name, caliper)
    with decoding(findings.path, f"a {kind} image", _EXPORT):
        return _load_tiff(findings) if kind == "TIFF" else _load_pillow(findings)


def open_arrays(path: Path) -> tuple[str, list[dict[str, Any]]]:
    """
    List the arrays of a picture file from its headers.

    Parameters
    ----------
    path : Path
        A PNG, JPEG, TIFF or npz file.

    Returns
    -------
    kind : str
        PNG, JPEG, TIFF or npz.
    items : list of dict
        As in :class:`geobfdt.io.images.raw.Contents`.

    Raises
    ------
    InputError
        If the file is damaged.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "a.npz"
    >>> np.savez(file, picture=np.ones((4, 8)))
    >>> [(item["name"], item["role"], item["shape"]) for item in open_arrays(file)[1]]
    [('picture', 'image', (4, 8))]
    """
    kind = _kind(path)
    if kind == "npz":
        headers = _headers(path)
        rows = {shape[0] for shape, _ in headers.values() if _pictorial(shape)}
        return kind, [
            _item(name, shape, str(dtype), "image" if _pictorial(shape) else _role(name, shape, rows))
            for name, (shape, dtype) in headers.items()
        ]
    with decoding(path, f"a {kind} image", _EXPORT):
        if kind == "TIFF":
            with tifffile.TiffFile(path) as file:
                page: Any = file.pages.first
                shape, about, tag = page.shape, str(page.dtype), page.tags.valueof(_ORIENTATION, 1)
        else:
            with _pillow(path) as picture:
                shape, about = (picture.height, picture.width), picture.mode
                tag = picture.getexif().get(_ORIENTATION, 1)
        if tag in _SIDEWAYS:
            shape = (shape[1], shape[0], *shape[2:])
        return kind, [_item(path.stem, shape, about, "image")]


def _item(name: str, shape: tuple[int, ...], description: str, role: str) -> dict[str, Any]:
    unit = column_role(name)[1] if role not in ("image", "other") else ""
    return item(name, role, shape, unit, description=description)


def _kind(path: Path) -> str:
    with path.open("rb") as stream:
        magic = stream.read(8)
    kind = next((kind for kind, marks in _MAGIC.items() if magic.startswith(marks)), None)
    if kind is None:
        raise InputError(path, "not a PNG, JPEG, TIFF or npz file", _EXPORT)
    return kind


def _refuse_large(path: Path, rows: int, columns: int) -> None:
    if rows * columns > MAX_PIXELS:
        raise InputError(path, f"claims {rows:,} x {columns:,} pixels", _SMALLER)
    if min(rows, columns) < 1:
        raise InputError(path, f"claims {rows} x {columns} pixels", _EXPORT)


def _pillow(path: Path) -> Image.Image:
    # Pillow's own limit, 179 million pixels, is under what a deep well needs; ours takes its place.
    limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
    try:
        picture = Image.open(path, formats=("PNG", "JPEG", "TIFF"))
    finally:
        Image.MAX_IMAGE_PIXELS = limit
    try:
        _refuse_large(path, picture.height, picture.width)
    except InputError:
        picture.close()
        raise
    return picture


def _load_pillow(findings: FileFindings, nodata: float | None = None) -> Pixels:
    """Decode with Pillow; `nodata` is a decoded grey value, or an index into the palette."""
    with _pillow(findings.path) as opened:
        scale = _GREY_STEPS.get(str(next((tile.args for tile in getattr(opened, "tile", ())), "")), 1.0)
        tag = opened.getexif().get(_ORIENTATION, 1)
        opened.load()
        undone = opened.getexif().get(_ORIENTATION, 1)  # Pillow itself turns a TIFF, and then drops the tag
        clear = opened.info.get("transparency")
        absent = None if nodata is None or opened.mode != "P" else np.asarray(opened) == nodata
        if opened.mode == "P" and clear is not None:
            picture, clear = opened.convert("RGBA"), None
        else:
            picture = opened.convert(_MODES[opened.mode]) if opened.mode in _MODES else opened
        if picture.mode not in _KEPT:
            raise findings.refusal(f"colours of kind {picture.mode}", "save it as grey or RGB")
        values = np.asarray(picture)
    opaque = None
    if values.ndim == 3 and values.shape[2] in (2, 4):
        values, opaque = values[:, :, :-1], values[:, :, -1] > 0
        values = values[:, :, 0] if values.shape[2] == 1 else values
    elif clear is not None:
        # One grey value, or one colour, that stands for transparent, in the bits of the file.
        opaque = ~equal_to(values, np.floor(np.asarray(clear, dtype=float) * scale))
    pixels = Pixels(values, opaque, _white(values))
    if nodata is not None:
        pixels = pixels.without(equal_to(values, nodata) if absent is None else absent)
    _note_orientation(findings, tag)
    return pixels.moved(partial(_turn, tag=undone))


def _load_tiff(findings: FileFindings) -> Pixels:
    # The library logs each oddity of a damaged file; what matters comes out as the one error.
    logging.getLogger("tifffile").setLevel(logging.CRITICAL)
    path = findings.path
    with tifffile.TiffFile(path) as file:
        page: Any = file.pages.first
        _refuse_large(path, page.imagelength, page.imagewidth)
        mask = _mask_page(path, file)
        tag = int(page.tags.valueof(_ORIENTATION, 1))
        nodata = page.tags.valueof(_GDAL_NODATA)
        _note_orientation(findings, tag)
        absent = None
        if nodata is not None:
            absent = _number(str(nodata))
            action = "not used: it is no number" if absent is None else "taken as not measured"
            severity = Severity.MAJOR if absent is None else Severity.INFO
            findings.add(severity, "nodata-tag", f"its GDAL_NODATA tag says {str(nodata).strip()!r}", action)
        inverted = page.photometric == tifffile.PHOTOMETRIC.MINISWHITE
        if page.photometric != tifffile.PHOTOMETRIC.PALETTE:
            try:
                pixels = _decoded(path, page, absent).moved(partial(_turn, tag=tag))
            except ValueError as error:
                if "imagecodecs" not in str(error):
                    raise
                # LZW and JPEG need a further package there; Pillow brings them along, and inverts 8 bits itself.
                eight = np.max(page.bitspersample) <= 8
                decoded = 255 - absent if inverted and eight and absent is not None else absent
                pixels = _load_pillow(FileFindings(path), decoded)
                inverted = inverted and not eight
        else:
            pixels, inverted = _load_pillow(FileFindings(path), absent), False
        if inverted:
            top = -1 if pixels.values.dtype.kind == "i" else pixels.white
            pixels = replace(pixels, values=(np.asarray(top, dtype=pixels.values.dtype) - pixels.values))
    if mask is not None:
        pixels = pixels.without(~_turn(mask, tag))
    return pixels


def _decoded(path: Path, page: Any, nodata: float | None) -> Pixels:
    """One page of a TIFF as tifffile decodes it, not turned and not inverted."""
    values = page.asarray()
    if page.axes == "SYX":
        values = np.moveaxis(values, 0, -1)
    if page.axes not in ("YX", "YXS", "SYX") or values.ndim != len(page.axes):
        raise InputError(path, f"an image of axes {page.axes}", "save it as one grey or RGB picture")
    if values.dtype == bool:
        values = values.astype(np.uint8)
    bits = int(np.max(page.bitspersample))
    white = float(2**bits - 1) if values.dtype.kind == "u" else _white(values)
    opaque = None
    if page.extrasamples:
        if page.extrasamples[0] not in _ALPHA or len(page.extrasamples) > 1:
            observed = f"{values.shape[2]} bands, of which the last ones have no stated meaning"
            raise InputError(path, observed, "save it as grey or RGB, with or without transparency")
        alpha, values = values[:, :, -1], values[:, :, :-1]
        opaque = alpha > 0
        if page.extrasamples[0] == _PREMULTIPLIED and np.any(opaque & (alpha < white)):
            values = values * (np.float32(white) / np.maximum(alpha, 1))[:, :, None]
    if values.ndim == 3 and values.shape[2] == 1:
        values = values[:, :, 0]
    if values.ndim == 3 and (values.shape[2] != 3 or page.photometric != tifffile.PHOTOMETRIC.RGB):
        raise InputError(path, f"{values.shape[2]} channels of another kind than RGB", "save it as grey or RGB")
    pixels = Pixels(values, opaque, white)
    return pixels if nodata is None else pixels.without(equal_to(values, nodata))


def _mask_page(path: Path, file: tifffile.TiffFile) -> Mask | None:
    """The page that is the mask of the first one, if there is one; smaller copies of it are passed over."""
    mask = None
    for number in range(1, _MOST_PAGES):
        try:
            page: Any = file.pages.get(number)
        except IndexError:
            break
        kind = int(page.tags.valueof(_SUBFILE, 0))
        if kind & 1:
            continue
        if not kind & 4:
            raise InputError(path, "more than one page, and depths for one", "export each page as a picture of its own")
        mask = page.asarray() > 0
        if mask.shape != (file.pages.first.imagelength, file.pages.first.imagewidth):
            raise InputError(path, "its mask is of another size than its picture", _EXPORT)
    return mask


def _number(text: str) -> float | None:
    try:
        return float(text.strip("\0 "))
    except ValueError:
        return None


def equal_to(values: AnyArray, absent: Any) -> Mask:
    """
    Where pixels have one grey value, or one colour, to the precision of the picture.

    Examples
    --------
    >>> equal_to(np.array([[[1, 2, 3], [1, 2, 4]]]), (1, 2, 3))
    array([[ True, False]])
    """
    if values.dtype.kind == "f":
        absent = np.asarray(absent, dtype=values.dtype)
    same = values == absent
    return np.asarray(same.all(axis=2) if same.ndim == 3 else same)


def _turn(values: AnyArray, tag: int) -> AnyArray:
    """Pixels upright, by the orientation tag of TIFF 6.0 and EXIF: what lies at the first row and the first column."""
    values = values.swapaxes(0, 1) if tag in _SIDEWAYS else values
    rows = slice(None, None, -1 if tag in (3, 4, 7, 8) else 1)
    columns = slice(None, None, -1 if tag in (2, 3, 6, 7) else 1)
    return values[rows, columns]


def _note_orientation(findings: FileFindings, tag: int) -> None:
    if tag != 1:
        is_orientation = tag in range(2, 9)
        action = "turned upright, as viewers show it" if is_orientation else "not turned: there is no such orientation"
        findings.minor("orientation", f"its orientation tag is {tag}", action)


def _white(values: AnyArray) -> float:
    return float(np.iinfo(values.dtype).max) if values.dtype.kind in "iu" else 1.0


def _headers(path: Path) -> dict[str, tuple[tuple[int, ...], np.dtype[Any]]]:
    """Shapes and types of the arrays in an npz, each proved against the size of its member."""
    headers = {}
    with decoding(path, "an npz file", "write it again with numpy.savez"), zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            if not member.filename.endswith(".npy"):
                continue
            with archive.open(member) as stream:
                version = np.lib.format.read_magic(stream)
                form = np.lib.format
                read = form.read_array_header_1_0 if version == (1, 0) else form.read_array_header_2_0
                shape, _, dtype = read(stream)
                size = math.prod(shape) * dtype.itemsize
                if dtype.kind in "biuf" and size > member.file_size - stream.tell():
                    raise InputError(path, f"{member.filename} claims {size:,} bytes it does not have", _EXPORT)
            headers[member.filename.removesuffix(".npy")] = (shape, dtype)
    return headers


def _pictorial(shape: tuple[int, ...]) -> bool:
    return len(shape) in (2, 3) and min(shape[:2]) > 1 and (len(shape) == 2 or shape[2] == 3)


def _role(name: str, shape: tuple[int, ...], rows: set[int]) -> str:
    role = column_role(name)[2]
    return role if len(shape) == 1 and shape[0] in rows and role in ("depth", *LOGS) else "other"


def _load_npz(findings: FileFindings, name: str | None, caliper: str | None) -> Pixels:
    path = findings.path
    headers = _headers(path)
    pictures = {key: shape for key, (shape, dtype) in headers.items() if _pictorial(shape) and dtype.kind in "uif"}
    if name is not None and name not in pictures:
        names = ", ".join(sorted(pictures)) or "none"
        raise InputError(path, f"no picture named {name!r}; it holds {names}", "give --image one of them")
    if not pictures:
        there = ", ".join(f"{key} {' x '.join(map(str, shape))}" for key, (shape, _) in headers.items()) or "nothing"
        observed = f"holds no picture of two rows and two columns at least, but {there}"
        raise InputError(path, observed, "write one with numpy.savez")
    chosen = name or max(pictures, key=lambda key: math.prod(pictures[key][:2]))
    _refuse_large(path, *pictures[chosen][:2])
    shape, dtype = headers[chosen]
    vectors_of = {key: length[0] for key, (length, _) in headers.items() if len(length) == 1}
    depths = {key: count for key, count in vectors_of.items() if column_role(key)[2] == "depth"}
    if depths and shape[0] not in depths.values():
        key, count = next(iter(depths.items()))
        raise InputError(path, f"{key} has {count} depths, {chosen} {shape[0]} rows", "write one depth a row")
    if caliper is not None:
        vectors_of_rows = [key for key, (length, _) in headers.items() if length == shape[:1]]
        caliper = vectors_of_rows[named_caliper(caliper, [(key,) for key in vectors_of_rows], path)]
    if math.prod(shape) * dtype.itemsize > MAX_BYTES:
        raise InputError(path, f"{chosen} takes {math.prod(shape) * dtype.itemsize:,} bytes", _SMALLER)
    with decoding(path, "an npz file", "write it again with numpy.savez"), np.load(path, allow_pickle=False) as archive:
        values = archive[chosen]
        vectors: dict[str, tuple[Array, str]] = {}
        for key, (length, _) in headers.items():
            role = "diameter" if key == caliper else _role(key, length, {shape[0]})
            if role == "diameter" and key != (caliper or key):
                continue
            if role != "other":
                vectors.setdefault(role, (np.asarray(archive[key], dtype=np.float64), column_role(key)[1]))
    depth, unit = vectors.pop("depth", (None, ""))
    if name is None and len(pictures) > 1:
        findings.major("image-chosen", f"arrays {', '.join(sorted(pictures))}", f"{chosen}, the largest, read")
    return Pixels(values, None, _white(values), depth, unit, vectors)
