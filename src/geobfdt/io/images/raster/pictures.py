"""Read pictures: PNG, JPEG, TIFF, and arrays in numpy's npz.

A picture knows neither depths nor angles. They come from the reading options, from a YAML file beside it
(:mod:`geobfdt.io.sidecar`), or, in an npz, from a vector ``depth_m``. Rows are depths downwards; depths
given for the edges of the picture become those of the row centres.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from geobfdt.io.arrays import Array, Colour, Grey
from geobfdt.io.file_findings import FileFindings
from geobfdt.io.images.raster.painted_gaps import painted_gap
from geobfdt.io.images.raster.pixels import Pixels, equal_to, load_pixels, open_arrays
from geobfdt.io.images.raw import Contents, RawImage, RawLog
from geobfdt.io.sidecar import Log, Sidecar, find_sidecar, read_sidecar
from geobfdt.io.units import length_factor
from geobfdt.runtime.findings import InputError
from geobfdt.wells.image import LOGS
from geobfdt.wells.options import ReadingOptions

__all__ = ["UNUSED_OPTIONS", "contents", "read"]

UNUSED_OPTIONS = ("decimal",)

LUMA = (0.2126, 0.7152, 0.0722)  # ITU-R BT.709-6, item 3.2, weighs the gamma-coded channels so.
_BLOCK_ROWS = 4096  # So many rows are converted at a time.


def read(path: Path, options: ReadingOptions) -> RawImage:
    """
    Read a picture of a borehole wall.

    Colours become luminance, ``0.2126 R + 0.7152 G + 0.0722 B`` (ITU-R BT.709), which is picked; they are kept beside
    it, 8 bits a channel, to be shown. Transparent pixels become NaN.

    Parameters
    ----------
    path : Path
        A PNG, JPEG, TIFF or npz file.
    options : ReadingOptions
        ``top`` and ``bottom`` are the depths of the picture's edges (m); ``image`` names the array of an npz.

    Returns
    -------
    RawImage
        Its columns as in the file, with their angles.

    Raises
    ------
    InputError
        If the file is damaged or too large, its depths are not stated, or its sidecar contradicts it.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "a.npz"
    >>> np.savez(file, picture=np.ones((4, 8)))
    >>> read(file, ReadingOptions(top=10.0, bottom=12.0)).depth
    array([10.25, 10.75, 11.25, 11.75])
    """
    beside = find_sidecar(path)
    side = read_sidecar(beside) if beside else Sidecar()
    findings = FileFindings(path)
    pixels = load_pixels(findings, options.image, options.caliper)
    if options.caliper is not None and not pixels.logs:
        findings.minor("option-unused", "--caliper says nothing about a picture", "not used; give --diameter")
    if side.columns:
        (first_column, last_column), width = side.columns, pixels.values.shape[1]
        if not 0 <= first_column < last_column <= width:
            observed = f"columns {first_column} to {last_column} of a picture {width} wide"
            raise InputError(beside or path, observed, "keep them inside it")
        pixels = pixels.moved(lambda values: values[:, first_column:last_column])
    rows, columns = pixels.values.shape[:2]
    depth, unit = _depths(options, side, pixels.depth, pixels.depth_unit, rows, findings)
    if side.nodata is not None:
        absent = equal_to(pixels.values, side.nodata)
        pixels = pixels.without(absent)
        if not absent.any():
            observed, action = f"no pixel is {side.nodata}, the nodata of {(beside or path).name}", "correct it"
            findings.major("nodata-absent", observed, action)
    values, coloured = _luminance(pixels, findings)
    painted = painted_gap(values)
    if painted is not None:
        colour = pixels.values[painted].tolist()
        observed = f"stripes all along the picture are of one value, {colour}, as painted gaps between pads are"
        action = f"if they are, write 'nodata: {colour}' in {path.with_suffix('.yaml').name}"
        findings.major("painted-gaps", observed, action)
    if side.values:
        black, white = side.values
        values *= np.float32((white - black) / pixels.white)
        values += np.float32(black)
    if beside is None or "azimuth_first" not in side.model_fields_set:
        action = "taken as 0, angles growing clockwise to the right; else give azimuth_first in a YAML file beside it"
        findings.info("left-edge", "nothing says the angle of the left edge", action)
    turn = (np.arange(columns) + 0.5) * 360 / columns
    azimuth = np.mod(side.azimuth_first + (turn if side.clockwise else -turn), 360)
    logs = {name: RawLog(log, of, depth) for name, (log, of) in pixels.logs.items()}
    logs |= _logs(side, depth, unit, beside or path)
    names = ("well", "run", "tool", "units", "north", "declination", "dark", "normalisation")
    stated = {name: getattr(side, name) for name in names} | {"reference": side.azimuth_reference}
    attributes = {name: value for name, value in stated.items() if value not in ("", None)}
    colour = _eight_bits(pixels) if coloured else None
    return RawImage(values, depth, unit, azimuth, colour=colour, logs=logs, attributes=attributes, findings=findings)


def contents(path: Path) -> Contents:
    """
    List the arrays of a picture file, reading no pixels.

    Parameters
    ----------
    path : Path
        A PNG, JPEG, TIFF or npz file.

    Returns
    -------
    Contents
        Its arrays, and the settings of the sidecar.

    Raises
    ------
    InputError
        If the file or its sidecar is damaged.
    """
    kind, items = open_arrays(path)
    beside = find_sidecar(path)
    settings: dict[str, Any] = read_sidecar(beside).model_dump(exclude_unset=True) if beside else {}
    return Contents(kind, items, {name: str(value) for name, value in settings.items()})


def _depths(
    options: ReadingOptions, side: Sidecar, own: Array | None, own_unit: str, rows: int, findings: FileFindings
) -> tuple[Array, str]:
    """Depths of the row centres and their unit: options before sidecar before the file's own vector."""
    stated = (options.top, options.bottom)
    noted = (side.top, side.bottom)
    if stated != (None, None):
        if None in stated:
            raise findings.refusal("only one of --top and --bottom is given", "give both, in metres")
        if options.depth_unit not in (None, "m"):
            raise findings.refusal(f"--top and --bottom with --depth-unit {options.depth_unit}", "give both in metres")
        if own is not None or (None not in noted and (side.depth_unit != "m" or noted != stated)):
            observed = f"the file says {own[0]:g} to {own[-1]:g} {own_unit}" if own is not None else (
                f"the YAML file beside it says {noted[0]:g} to {noted[1]:g} {side.depth_unit}"
            )  # fmt: skip
            findings.major("option-overrides", observed, f"--top {stated[0]:g} and --bottom {stated[1]:g} m used")
        return _centres(findings.path, stated, rows), "m"
    if None not in noted:
        if own is not None:
            observed = f"depths {own[0]:g} to {own[-1]:g} {own_unit} in the file"
            observed += f", {noted[0]:g} to {noted[1]:g} beside it"
            findings.major("sidecar-overrides", observed, "the YAML file's used")
        return _centres(findings.path, noted, rows), side.depth_unit
    if noted != (None, None):
        raise findings.refusal("the YAML file beside it gives only one of top and bottom", "give both")
    if own is None:
        cure = f"give --top and --bottom (m), or write top and bottom in {findings.path.with_suffix('.yaml').name}"
        raise InputError(findings.path, "a picture does not say its depths", cure)
    if own.shape != (rows,):
        raise findings.refusal(f"{own.size} depths for {rows} rows", "give --top and --bottom (m)")
    return own, own_unit or (side.depth_unit if "depth_unit" in side.model_fields_set else "")


def _centres(path: Path, edges: tuple[float | None, float | None], rows: int) -> Array:
    top, bottom = (float(edge) for edge in edges if edge is not None)
    if not top < bottom:
        raise InputError(path, f"its top, {top:g}, is not above its bottom, {bottom:g}", "depths grow down-hole")
    return np.asarray(top + (np.arange(rows) + 0.5) * (bottom - top) / rows)


def _luminance(pixels: Pixels, findings: FileFindings) -> tuple[Grey, bool]:
    """Luminance of the pixels, and whether any of them has a colour."""
    rows, columns = pixels.values.shape[:2]
    values = np.empty((rows, columns), dtype=np.float32)
    coloured = False
    for start in range(0, rows, _BLOCK_ROWS):
        block = pixels.values[start : start + _BLOCK_ROWS]
        if block.ndim == 3:
            coloured = coloured or bool((block != block[:, :, :1]).any())
            # Summed channel by channel: a matrix product may differ in the last bit from one machine to another.
            red, green, blue = np.moveaxis(block.astype(np.float32), 2, 0)
            block = LUMA[0] * red + LUMA[1] * green + LUMA[2] * blue
        values[start : start + _BLOCK_ROWS] = block
        if pixels.opaque is not None:
            values[start : start + _BLOCK_ROWS][~pixels.opaque[start : start + _BLOCK_ROWS]] = np.nan
    if coloured:
        observed = "the picture is coloured"
        action = "luminance picked, 0.2126 R + 0.7152 G + 0.0722 B, dark is low; colours kept to be shown"
        findings.info("colour-to-luminance", observed, action)
    return values, coloured


def _eight_bits(pixels: Pixels) -> Colour:
    """Red, green and blue with 8 bits a channel, in memory that may be written to."""
    if pixels.values.dtype == np.uint8:
        return np.require(pixels.values, requirements="W")
    colour = np.empty(pixels.values.shape, dtype=np.uint8)
    for start in range(0, len(colour), _BLOCK_ROWS):
        share = pixels.values[start : start + _BLOCK_ROWS].astype(np.float32) / np.float32(pixels.white)
        colour[start : start + _BLOCK_ROWS] = np.round(255 * np.clip(np.nan_to_num(share), 0, 1))
    return colour


def _logs(side: Sidecar, depth: Array, unit: str, place: Path) -> dict[str, RawLog]:
    raw = {}
    for name in LOGS:
        log: Log | None = getattr(side, name)
        if log is None:
            continue
        stations = log if isinstance(log, list) else [(edge, log) for edge in (depth[0], depth[-1])]
        at, values = np.asarray(stations, dtype=np.float64).T
        if isinstance(log, list) and side.depth_unit != unit:
            theirs, ours = length_factor(side.depth_unit), length_factor(unit)
            if theirs is None or ours is None:
                raise InputError(place, f"stations of {name}, and depths of the picture in no unit", "add depth_unit")
            at = at * theirs / ours
        raw[name] = RawLog(values, "m" if name == "diameter" else "deg", at)
    return raw
