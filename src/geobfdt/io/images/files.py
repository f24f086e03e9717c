"""Reading any image file: its content shows its format."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from pydantic import ValidationError

from geobfdt.io.images.assemble import assemble
from geobfdt.io.images.file_objects import Source, is_path, stored
from geobfdt.io.images.raw import Contents, RawImage
from geobfdt.io.text import is_las
from geobfdt.runtime.findings import Finding, InputError, Severity
from geobfdt.runtime.storage import sha256
from geobfdt.wells.image import WellImage, add_findings
from geobfdt.wells.options import ReadingOptions
from geobfdt.wells.pads import PadRecording
from geobfdt.wells.row_offsets import even_rows, even_sectors

__all__ = ["Survey", "has_pads_only", "inspect", "read", "read_recording", "survey", "with_options"]

# Stretches of a long image that are checked by `geobfdt inspect`, and rows of each: 5 m of an image log.
_STRETCHES, _STRETCH_ROWS = 8, 2000

_HEAD_BYTES = 4096  # The first bytes show the format.
_MIN_BYTES = 8  # No shorter file holds anything.
_KINDS = "DLIS, LIS, LAS, CSV, PNG, TIFF, npz or a well of a field (.nc)"


def read(
    source: Source, options: ReadingOptions | None = None, *, name: str | None = None, **reading_options: Any
) -> WellImage:
    r"""
    Read a borehole image from any known file.

    Parameters
    ----------
    source : path, bytes or file object
        DLIS, LIS79, LAS, delimited text, PNG, TIFF, npz, or a netCDF that geobfdt wrote: its path, its bytes, or a file
        that is open in binary mode.
    options : ReadingOptions, optional
        What the file does not say.
    name : str, optional
        Name of bytes or of a file object in findings, and of the well where they name none.
    **reading_options
        The same by name: ``read(path, diameter=0.2, azimuth_reference="north")``.

    Returns
    -------
    WellImage
        The image; its findings are in ``attrs["findings"]``. A netCDF is opened lazily: its pixels stay in the file
        until they are used. Those of bytes and file objects are in memory.

    Raises
    ------
    InputError
        If the file cannot be read, or an option is not one.

    Examples
    --------
    >>> text = b"depth_m,45.0,135.0,225.0,315.0\n10.0,1,2,3,4\n10.1,5,6,7,8\n"
    >>> read(text, name="wall.csv", diameter=0.2).diameter.values
    array([0.2, 0.2])
    """
    with stored(source, name) as path:
        if is_path(source):
            return _read(path, options, reading_options)
        with _read(path, options, reading_options) as image:
            return WellImage(image.load())


def _read(path: Path, options: ReadingOptions | None, reading_options: dict[str, Any]) -> WellImage:
    """Read an image from a file on disk."""
    try:
        options = ReadingOptions(**{**(options.model_dump() if options else {}), **reading_options})
    except ValidationError as error:
        problem = error.errors()[0]
        reason = problem["msg"].removeprefix("Value error, ").lower()
        observed = f"reading option {'.'.join(map(str, problem['loc']))}: {reason}"
        raise InputError(path, observed, "correct the option") from error
    reader = _reader(path)
    image = reader.read(path, options)
    if isinstance(image, RawImage):
        image = _assembled(image, path, options).assign_attrs(source=path.name, source_sha256=sha256(path))
    return with_options(image, path, options)


def _assembled(raw: RawImage, path: Path, options: ReadingOptions) -> WellImage:
    try:
        return assemble(raw, path, options)
    except ValueError as error:  # The contract of a WellImage refuses an attribute of the file.
        raise InputError(path, str(error), "check the file with geobfdt inspect") from error


def with_options(image: WellImage, path: Path, options: ReadingOptions) -> WellImage:
    """
    Apply the options that any image has, and report those that mean nothing to the format.

    Parameters
    ----------
    image : WellImage
        What was read from a file.
    path : Path
        That file.
    options : ReadingOptions
        What it does not say.

    Returns
    -------
    WellImage
        The image, with even sectors and rows where the options ask for them.

    Raises
    ------
    InputError
        If the file is gone.
    """
    unused = [name for name in _reader(path).UNUSED_OPTIONS if not (name == "decimal" and options.survey)]
    ignored = [f"--{name.replace('_', '-')}" for name in unused if getattr(options, name) is not None]
    if ignored:
        observed = f"{', '.join(ignored)} says nothing about such a file"
        image = add_findings(image, [Finding(Severity.MINOR, "option-unused", path.name, observed, "not used")])
    if options.even_sectors:
        image = even_sectors(image)
    if options.even_rows:
        image = even_rows(image)
    return image


def has_pads_only(path: str | Path) -> bool:
    """
    Whether a file holds the buttons of a pad tool and no image, so that it has to be assembled first.

    Parameters
    ----------
    path : str or Path
        Any readable file.

    Raises
    ------
    InputError
        If the file cannot be read.
    """
    path = Path(path)
    from geobfdt.io.images.dlis import frames, pads

    return _reader(path) is frames and pads.has_pads_only(path)


def read_recording(path: str | Path, options: ReadingOptions, arrays: Collection[str] = ()) -> PadRecording:
    """
    Read what a pad tool or a dipmeter recorded, before it is an image.

    Parameters
    ----------
    path : str or Path
        A DLIS file with pad arrays, or a LIS file with packed samples of a dipmeter.
    options : ReadingOptions
        What the file does not say.
    arrays : collection of str
        Names of pad arrays besides those that are known.

    Raises
    ------
    InputError
        If the file cannot be read, or holds neither.
    """
    from geobfdt.io.images import lis
    from geobfdt.io.images.dlis import frames, pads

    path = Path(path)
    reader = _reader(path)
    if reader in (frames, lis) and options.null is not None:
        raise InputError(path, "--null is for images, and this is a recording of buttons", "leave it out")
    if reader is frames:
        return pads.read_pads(path, options, arrays)
    if reader is lis:
        return lis.read_dipmeter(path, options)
    raise InputError(path, "is neither DLIS nor LIS, which hold the buttons of pad tools", "give the recorded file")


def inspect(source: Source, *, name: str | None = None) -> Contents:
    """
    List what is in a file, reading as little of it as possible.

    Parameters
    ----------
    source : path, bytes or file object
        Any readable file.
    name : str, optional
        Name of bytes or of a file object in errors.

    Returns
    -------
    Contents
        Its format, its channels or arrays with the role each would play, its header.

    Raises
    ------
    InputError
        If the file cannot be read.
    """
    with stored(source, name) as path:
        return _reader(path).contents(path)


class Survey(NamedTuple):
    """
    What ``geobfdt inspect`` reads of a file.

    Parameters
    ----------
    contents : Contents
        Its format, channels and header.
    images : list of WellImage
        The whole image, or stretches of a long one; empty if it cannot be read.
    rows : int
        Rows of the whole image.
    refusal : InputError or None
        Why it cannot be read.
    """

    contents: Contents
    images: list[WellImage]
    rows: int
    refusal: InputError | None = None


def survey(path: str | Path, options: ReadingOptions) -> Survey:
    """
    List what is in a file and read its image, or stretches of a long one that are spread over all of it.

    Parameters
    ----------
    path : str or Path
        Any readable file.
    options : ReadingOptions
        What the file does not say.

    Raises
    ------
    InputError
        If not even the contents can be read.
    """
    path = Path(path)
    reader = _reader(path)
    try:
        # Stretches of a DLIS cost a small part of the whole; other formats are read from the top or lazily.
        sample = getattr(reader, "read_stretches", lambda *_: None)(path, options, _STRETCHES, _STRETCH_ROWS)
        if sample is not None:
            images = [with_options(_assembled(raw, path, options), path, options) for raw in sample.images]
            return Survey(sample.contents, images, sample.rows)
    except InputError:
        pass  # A stretch may hold nothing: the whole image says what the file holds.
    contents = reader.contents(path)
    try:
        image = read(path, options)
    except InputError as error:
        return Survey(contents, [], 0, error)
    return Survey(contents, [image], image.sizes["depth"])


class Reader(Protocol):
    """What the module of a format gives."""

    @property
    def UNUSED_OPTIONS(self) -> tuple[str, ...]:  # noqa: N802 - a constant of the module
        """Reading options that mean nothing to the format."""

    def read(self, path: Path, options: ReadingOptions) -> RawImage | WellImage:
        """Read the image of a file: as it is, for `assemble`, or whole."""

    def contents(self, path: Path) -> Contents:
        """List what is in a file."""


def _reader(path: Path) -> Reader:
    """
    Return the reader of a file by its first bytes.

    Only that one is imported, with the library that it rests on.
    """
    head = _head(path)
    text = head.removeprefix(b"\xef\xbb\xbf")
    if head.startswith(b"\x89HDF\r\n\x1a\n"):
        from geobfdt.io.images import netcdf

        return netcdf
    if head.startswith((b"\x89PNG", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+", b"PK\x03\x04", b"\xff\xd8\xff")):
        from geobfdt.io.images.raster import pictures

        return pictures
    # RP66 V1, 2.3.2: a storage unit label of 80 ASCII bytes, "V1.xx" at 4; some files carry a tape mark before it. Some
    # lack the label and begin with what follows it: a visible record (2.3.6) that holds the set of file headers.
    if re.search(rb"V1\.\d\dRECORD|\xff\x01.{3}\0[\xf0\xf8]\x0bFILE-HEADER", head[:200], re.DOTALL):
        from geobfdt.io.images.dlis import frames

        return frames
    if is_las(head):
        from geobfdt.io.images.las import curves

        return curves
    if _is_lis(head):
        from geobfdt.io.images import lis

        return lis
    printable = sum(byte >= 32 or byte in b"\t\r\n\f" for byte in text)
    if text.startswith((b"\xff\xfe", b"\xfe\xff")) or (b"\0" not in text and printable > 0.9 * len(text)):
        from geobfdt.io.images.text import delimited

        return delimited
    raise InputError(path, "its first bytes are of no format known here", f"give {_KINDS}")


def _head(path: Path) -> bytes:
    """First bytes of a file."""
    try:
        if path.is_dir():
            raise InputError(path, "is a folder", "name a file in it")
        if path.exists() and not path.is_file():
            raise InputError(path, "is no ordinary file", "save what it gives to a file first")
        with path.open("rb") as stream:
            head = stream.read(_HEAD_BYTES)
    except FileNotFoundError as error:
        raise InputError(path, "there is no such file", "check its name and folder") from error
    except (OSError, ValueError) as error:  # ValueError: a name with a null byte
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(path, f"cannot be opened: {reason.lower()}", "check that you may read it") from error
    if len(head) < _MIN_BYTES:
        observed = f"the file has {len(head)} bytes only" if head else "the file is empty"
        raise InputError(path, observed, "copy or export it again")
    return head


def _is_lis(head: bytes) -> bool:
    """LIS79 begins with a physical record that holds a reel, tape or file header, perhaps after a tape mark."""
    at = 12 if head[:8] == bytes(8) and len(head) > 18 else 0
    length, kind = int.from_bytes(head[at : at + 2]), head[at + 4 : at + 6]
    return len(head) > at + 6 and length > 0 and kind in (b"\x80\0", b"\x82\0", b"\x84\0")
