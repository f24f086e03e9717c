"""Images brought to the resolution of a picture, reading no more of the well than is shown."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
from PIL import Image as PillowImage

from geobfdt.preparation.normalisation import normalise_dynamic
from geobfdt.wells.image import WellImage, row_spacing

__all__ = [
    "Variable", "colour_palette", "contrast_limits", "depth_range", "image_colours", "image_tones", "resample_rows",
]  # fmt: skip

Image = npt.NDArray[np.float32]
Variable = Literal["static", "dynamic"]

# An image is read in blocks of this many rows.
_BLOCK_ROWS = 4096
# The static contrast is taken from rows at this many places in the well.
_CONTRAST_SAMPLES = 64
# An optical image is printed in at most this many colours.
_PRINTED_COLOURS = 90
# The dynamic image is equalised over this depth.
_DYNAMIC_WINDOW_M = 1.0


def depth_range(image: WellImage) -> tuple[float, float]:
    """
    Return the upper edge of the first row and the lower edge of the last one (m, MD).

    Examples
    --------
    >>> from geobfdt.wells.image import well_image
    >>> depth_range(well_image(np.zeros((3, 2)), [1.0, 1.5, 2.0]))
    (0.75, 2.25)
    """
    depth = image.depth.values
    # a lone row is drawn 1 cm high.
    half = (row_spacing(image) or 0.01) / 2
    return float(depth[0] - half), float(depth[-1] + half)


def resample_rows(image: WellImage, name: str, top: float, base: float, rows: int) -> Image:
    """
    Resample an image to rows of equal height.

    Finer rows are averaged, so that a thin fracture fades but never disappears; coarser ones are repeated.

    Parameters
    ----------
    image : WellImage
        The well; may be lazy, and is read in blocks.
    name : str
        Variable of the image; ``colour`` counts as three columns for each of the image's.
    top, base : float
        Depths shown (m, MD).
    rows : int
        Rows of the picture.

    Returns
    -------
    array (rows, columns)
        float32; NaN where nothing was measured, and where the image has no row.

    Examples
    --------
    >>> from geobfdt.wells.image import well_image
    >>> well = well_image([[0.0], [2.0], [4.0], [6.0]], [0.5, 1.5, 2.5, 9.5])
    >>> resample_rows(well, "image", 0.0, 6.0, 3).ravel()
    array([ 1.,  4., nan], dtype=float32)
    """
    depth, spacing, height = image.depth.values, row_spacing(image) or 0.01, (base - top) / rows
    columns = int(np.prod(image[name].shape[1:]))
    if spacing >= height:
        centre = top + (np.arange(rows) + 0.5) * height
        first, last = np.searchsorted(depth, [top - spacing, base + spacing])
        if first == last:
            return np.full((rows, columns), np.nan, dtype=np.float32)
        near = depth[first:last]
        nearest = np.searchsorted((near[1:] + near[:-1]) / 2, centre)
        out = _block(image, name, slice(first, last))[nearest]
        out[np.abs(near[nearest] - centre) > 0.75 * spacing] = np.nan
        return np.asarray(out, dtype=np.float32)

    total = np.zeros((rows, columns))
    count = np.zeros(total.shape, dtype=np.int64)
    first, last = np.searchsorted(depth, [top, base])
    for start in range(first, last, _BLOCK_ROWS):
        block = slice(start, min(start + _BLOCK_ROWS, last))
        values = _block(image, name, block).astype(np.float64)
        measured = np.isfinite(values)
        row = np.clip(((depth[block] - top) / height).astype(int), 0, rows - 1)
        edges = np.flatnonzero(np.diff(row, prepend=-1))
        total[row[edges]] += np.add.reduceat(np.where(measured, values, 0.0), edges, axis=0)
        count[row[edges]] += np.add.reduceat(measured, edges, axis=0, dtype=np.int64)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan).astype(np.float32)


def _block(image: WellImage, name: str, rows: slice) -> Image:
    """Return rows of a variable, whose colours lie side by side and are NaN where nothing was measured."""
    values = image[name].isel(depth=rows).values
    if values.ndim == 2:
        return np.asarray(values)
    measured = np.isfinite(image["image"].isel(depth=rows).values)
    return np.where(measured[..., None], values, np.float32(np.nan)).reshape(len(values), -1).astype(np.float32)


def image_colours(image: WellImage, top: float, base: float, rows: int) -> npt.NDArray[np.uint8]:
    """
    Compute the colours of an optical image.

    Parameters
    ----------
    image : WellImage
        A well with ``colour``.
    top, base : float
        Depths shown (m, MD).
    rows : int
        Rows of the picture.

    Returns
    -------
    array (rows, columns, 4)
        uint8; red, green, blue, and 255; all four are 0 where nothing was measured.

    Examples
    --------
    >>> from geobfdt.wells.image import well_image
    >>> red = np.broadcast_to(np.uint8([200, 0, 0]), (2, 1, 3))
    >>> image_colours(well_image([[1.0], [np.nan]], [0.5, 1.5], colour=red), 0.0, 2.0, 2).tolist()
    [[[200, 0, 0, 255]], [[0, 0, 0, 0]]]
    """
    values = resample_rows(image, "colour", top, base, rows).reshape(rows, -1, 3)
    measured = np.isfinite(values[..., :1])
    channels = np.where(measured, np.round(np.nan_to_num(values)), 0)
    return np.concatenate([channels, 255 * measured], axis=-1).astype(np.uint8)


def colour_palette(image: WellImage) -> npt.NDArray[np.uint8]:
    """
    Choose the colours in which an optical image is printed, from rows spread over all of the well.

    Returns
    -------
    array (n, 3)
        uint8; at most 90 colours, which leave room for those of a page in a palette of 256.

    Examples
    --------
    >>> from geobfdt.wells.image import well_image
    >>> red = np.broadcast_to(np.uint8([200, 0, 0]), (2, 4, 3))
    >>> colour_palette(well_image(np.ones((2, 4)), [0.5, 1.5], colour=red)).tolist()
    [[200, 0, 0]]
    """
    sample = np.concatenate([image["colour"].isel(depth=rows).values for rows in _sample_rows(image)])
    measured = np.concatenate([np.isfinite(image["image"].isel(depth=rows).values) for rows in _sample_rows(image)])
    pixels = sample[measured]
    if not len(pixels):
        return np.zeros((1, 3), dtype=np.uint8)
    picture = PillowImage.fromarray(pixels[None]).quantize(_PRINTED_COLOURS, PillowImage.Quantize.MEDIANCUT)
    table = np.array(picture.getpalette(), dtype=np.uint8).reshape(-1, 3)
    return np.asarray(np.unique(table[np.unique(np.asarray(picture))], axis=0))


def contrast_limits(image: WellImage, name: str) -> tuple[float, float]:
    """
    Return the 1st and 99th percentiles of the values of a well, from rows spread over all of it.

    They are taken over the well and not over a page, so that a tone means the same value on every page.

    Examples
    --------
    >>> from geobfdt.wells.image import well_image
    >>> contrast_limits(well_image(np.arange(101.0).reshape(1, -1), [1.0]), "image")
    (1.0, 99.0)
    """
    sample = np.concatenate([image[name].isel(depth=rows).values for rows in _sample_rows(image)])
    measured = sample[np.isfinite(sample)]
    low, high = np.percentile(measured, [1, 99]) if measured.size else (0.0, 1.0)
    return float(low), float(high)


def _sample_rows(image: WellImage) -> list[slice]:
    """Return blocks of rows that are spread over all of a well."""
    rows = image.sizes["depth"]
    size = max(1, min(32, -(-rows // _CONTRAST_SAMPLES)))
    starts = np.unique(np.linspace(0, max(rows - size, 0), min(_CONTRAST_SAMPLES, rows)).astype(int))
    return [slice(start, start + size) for start in starts.tolist()]


def image_tones(
    image: WellImage,
    variable: Variable,
    top: float,
    base: float,
    rows: int,
    limits: tuple[float, float] | None = None,
) -> Image:
    """
    Compute the tones of an image: 0 is drawn black and 1 white.

    Parameters
    ----------
    image : WellImage
        The well.
    variable : {"static", "dynamic"}
        One contrast for the whole well; or the dynamic image of the file, else one equalised over 1 m.
    top, base : float
        Depths shown (m, MD).
    rows : int
        Rows of the picture.
    limits : (low, high), optional
        Values at the ends of the ramp; default :func:`contrast_limits`. Unused where the dynamic image is made here.

    Returns
    -------
    array (rows, columns)
        float32 in [0, 1]; NaN where nothing was measured.
    """
    if variable == "dynamic" and "dynamic" not in image:
        height = (base - top) / rows
        window = max(3, round(_DYNAMIC_WINDOW_M / height))
        # With this margin the ends of the page look as in a picture of the whole well.
        tones = normalise_dynamic(
            resample_rows(image, "image", top - window * height, base + window * height, rows + 2 * window), window
        )[window : window + rows]
    else:
        name = "dynamic" if variable == "dynamic" else "image"
        low, high = limits or contrast_limits(image, name)
        values = resample_rows(image, name, top, base, rows)
        flat = np.where(np.isfinite(values), np.float32(0.5), np.float32(np.nan))
        tones = np.clip((values - low) / (high - low), 0, 1) if high > low else flat
    return np.asarray(1 - tones if image.attrs["dark"] == "high" else tones, dtype=np.float32)
