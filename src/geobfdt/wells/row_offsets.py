"""Removal of offsets of whole rows and sectors, which is an option of the user."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy.ndimage import median_filter

from geobfdt.runtime.findings import Finding, Severity
from geobfdt.wells.image import WellImage, add_findings, row_spacing

__all__ = ["even_rows", "even_sectors"]

Pixels = npt.NDArray[np.float32]

# The level of a column is taken over this height; thinner beds lose contrast.
_WINDOW_M = 0.115
# Rows of that window.
_FEWEST_ROWS, _MOST_ROWS = 5, 15
# Offsets of neighbouring rows disturb the first estimate; three passes leave little of that.
_PASSES = 3
# The offset of a sector is taken over this depth, far more than the height of a trace.
_BLOCK_M = 10.0


def even_rows(image: WellImage) -> WellImage:
    """
    Subtract from each row what it is offset by as a whole.

    Parameters
    ----------
    image : WellImage
        The well; its pixels are loaded.

    Returns
    -------
    WellImage
        The same with static image and companion evened, and a finding that says by how much.

    Notes
    -----
    The level of each pixel's surroundings is the median of its column over 15 rows or about 11 cm, whichever is less.
    What a row differs from that by in the median round the hole is its offset. A trace that crosses several rows
    differs on a few columns at a time, and a contact along a row is a step, which a median keeps; a flat bed of a few
    rows loses contrast.

    Examples
    --------
    >>> from geobfdt.wells.image import well_image
    >>> offsets = np.random.default_rng(0).normal(0, 20, (400, 1))
    >>> even = even_rows(well_image(100 + offsets + np.zeros((400, 16)), 0.01 * np.arange(400)))
    >>> bool(even["image"].values.std() < 0.4 * offsets.std())
    True
    """
    spacing = row_spacing(image) or _WINDOW_M / _MOST_ROWS
    rows = int(np.clip(round(_WINDOW_M / spacing), _FEWEST_ROWS, _MOST_ROWS))

    def offsets(values: Pixels) -> Pixels:
        total = np.zeros((len(values), 1), np.float32)
        filled = _filled(values)
        for _ in range(_PASSES):
            level: Pixels = median_filter(filled - total, size=(rows, 1), mode="nearest")
            total += _median(values - total - level, axis=1)
        return total

    return _evened(image, offsets, "rows", "their medians round the hole against the rows around")


def even_sectors(image: WellImage) -> WellImage:
    """
    Subtract from each sector what it is offset by over 10 m of depth.

    Parameters
    ----------
    image : WellImage
        The well; its pixels are loaded.

    Returns
    -------
    WellImage
        The same with static image and companion evened, and a finding that says by how much.

    Examples
    --------
    >>> from geobfdt.wells.image import well_image
    >>> stripes = np.random.default_rng(0).normal(0, 20, 16)
    >>> even = even_sectors(well_image(100 + stripes + np.zeros((400, 16)), 0.01 * np.arange(400)))
    >>> bool(np.ptp(even["image"].values) < 1)
    True
    """
    depth = image["depth"].values

    def offsets(values: Pixels) -> Pixels:
        blocks = max(int(2 * (depth[-1] - depth[0]) / _BLOCK_M), 1)
        centres = depth[0] + (np.arange(blocks) + 0.5) * (depth[-1] - depth[0]) / blocks
        above_row = values - _median(values, axis=1)
        table = []
        for centre in centres:
            first, last = np.searchsorted(depth, [centre - _BLOCK_M / 2, centre + _BLOCK_M / 2])
            table.append(_median(above_row[first : max(last, first + 1)], axis=0)[0])
        columns = [np.interp(depth, centres, column) for column in np.array(table).T]
        return np.stack(columns, axis=1).astype(np.float32)

    return _evened(image, offsets, "sectors", f"their medians over {_BLOCK_M:g} m against the rows' own")


def _evened(image: WellImage, offsets: Callable[[Pixels], Pixels], what: str, how: str) -> WellImage:
    """Subtract offsets from the static and the dynamic image; unmeasured pixels do not change."""
    changes, share = {}, 0.0
    for name in ("image", "dynamic"):
        if name not in image:
            continue
        values = np.where(np.isfinite(image[name].values), image[name].values, np.nan).astype(np.float32)
        estimated = offsets(values)
        changes[name] = (image[name].dims, values - estimated, image[name].attrs)
        if name == "image":
            spread = float(np.nanstd(values))
            share = float(np.std(estimated)) / spread if spread > 0 else 0.0
    place = f"{float(image.depth[0]):.2f}-{float(image.depth[-1]):.2f} m"
    observed = f"offsets of {what} have a standard deviation of {share:.0%} of the image's"
    action = (
        f"subtracted, as asked: {how}; flat beds of a few rows lose contrast"
        if what == "rows"
        else (f"subtracted, as asked: {how}")
    )
    return add_findings(image.assign(changes), [Finding(Severity.MINOR, f"{what}-evened", place, observed, action)])


def _filled(values: Pixels) -> Pixels:
    """Fill unmeasured pixels with the median of their row."""
    level = np.where(np.isfinite(values).any(axis=1, keepdims=True), _median(values, axis=1), np.nanmedian(values))
    return np.where(np.isfinite(values), values, level).astype(np.float32)


def _median(values: Pixels, axis: int) -> Pixels:
    """Return the median of measured values along an axis, which is kept; 0 where nothing was measured."""
    measured = np.isfinite(values).any(axis=axis, keepdims=True)
    safe = np.where(measured, values, np.float32(0))
    return np.asarray(np.nanmedian(safe, axis=axis, keepdims=True), dtype=np.float32)
