"""Measured depths: which depths of a well have pixels, and their total length."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from geobfdt.quality.hole_checks import depth_gaps
from geobfdt.quality.image_checks import row_blocks
from geobfdt.wells.image import WellImage, row_spacing

__all__ = ["MIN_MEASURED_SHARE", "MeasuredDepths"]

# Smallest measured share of a turn on which a plane can be picked. A row with less counts in no intensity.
MIN_MEASURED_SHARE = 0.1

Array = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class MeasuredDepths:
    """
    Depths of a well at which the wall was measured.

    A row counts where at least :data:`MIN_MEASURED_SHARE` of its columns were measured: the least on which a plane is
    picked. It stands for the depths half way to the rows above and below. Where rows are missing it stands for half a
    usual row, so that a gap in depth adds no metres. The first and the last row end at their own depth.

    Parameters
    ----------
    top, base : array (rows,)
        Depths that each row stands for (m, MD).
    counted : array (rows,) of bool
        Rows that count.
    depth : array (rows,)
        Depths of the rows (m, MD).
    margin : float
        Half a usual row (m). A pick so far beyond the first or last row still lies on it.

    Examples
    --------
    >>> from geobfdt.wells.image import well_image
    >>> pixels = np.zeros((21, 10))
    >>> pixels[5:10] = np.nan
    >>> measured = MeasuredDepths.of(well_image(pixels, np.arange(21.0)))
    >>> measured.metres, measured.metres_between([0.0, 10.0, 20.0]).tolist(), measured.contains([3.0, 7.0]).tolist()
    (15.0, [5.0, 10.0], [True, False])
    """

    top: Array
    base: Array
    counted: Flags
    depth: Array
    margin: float

    @classmethod
    def of(cls, image: WellImage, above: float = -np.inf, below: float = np.inf) -> MeasuredDepths:
        """
        Read an image in blocks of rows, so that memory does not grow with its pixels.

        Parameters
        ----------
        image : WellImage
            The well; its pixels may lie in a file.
        above, below : float
            Rows outside of these depths (m, MD) are not read and do not count.
        """
        share = np.zeros(image.sizes["depth"])
        first, last = np.searchsorted(image["depth"].values, [above, below])
        if first < last:
            blocks = row_blocks(image.isel(depth=slice(int(first), int(last))))
            share[first:last] = np.concatenate([np.isfinite(block).mean(axis=1) for block in blocks])
        return cls.of_shares(image, share)

    @classmethod
    def of_shares(cls, image: WellImage, share: Array) -> MeasuredDepths:
        """Take the measured share of each row (rows,) from a pass over the pixels that is made already."""
        depth = np.asarray(image["depth"].values, dtype=float)
        margin = row_spacing(image) / 2
        half = np.where(depth_gaps(depth), margin, np.diff(depth) / 2)
        top, base = depth - np.concatenate([[0.0], half]), depth + np.concatenate([half, [0.0]])
        return cls(top, base, share >= MIN_MEASURED_SHARE, depth, margin)

    def where(self, rows: Flags) -> MeasuredDepths:
        """Return the same with only those of its rows counted that are true in an array (rows,)."""
        return replace(self, counted=self.counted & rows)

    def stretches(self) -> Array:
        """
        Return top and base (m, MD) of each run of rows that count and touch each other, an array (stretches, 2).

        Examples
        --------
        >>> from geobfdt.wells.image import well_image
        >>> pixels = np.zeros((21, 10))
        >>> pixels[5:10] = np.nan
        >>> MeasuredDepths.of(well_image(pixels, np.arange(21.0))).stretches().tolist()
        [[0.0, 4.5], [9.5, 20.0]]
        """
        touch = self.counted[1:] & self.counted[:-1] & ~depth_gaps(self.depth)
        top, base = (self.counted & np.r_[True, ~touch]), (self.counted & np.r_[~touch, True])
        return np.column_stack([self.top[top], self.base[base]])

    @property
    def metres(self) -> float:
        """Length of all that counts (m)."""
        return float((self.base - self.top)[self.counted].sum())

    def metres_between(self, edges: npt.ArrayLike) -> Array:
        """
        Return the length (m) that counts between each depth and the next.

        Parameters
        ----------
        edges : array (n,)
            Ascending depths (m, MD).

        Returns
        -------
        array (n - 1,)
            Metres.
        """
        height = np.where(self.counted, self.base - self.top, 0.0)
        ends = np.column_stack([self.top, self.base]).ravel()
        total = np.cumsum(np.column_stack([np.zeros_like(height), height]).ravel())
        return np.diff(np.interp(np.asarray(edges, dtype=float), ends, total))

    def contains(self, depth: npt.ArrayLike) -> Flags:
        """
        Tell which depths lie on a row that counts.

        Parameters
        ----------
        depth : array (n,)
            Depths (m, MD).

        Returns
        -------
        array (n,) of bool
            True on a row that counts, and up to half a usual row beyond the first or last one.
        """
        at = np.asarray(depth, dtype=float)
        top, base = self.top.copy(), self.base.copy()
        top[0] -= self.margin
        base[-1] += self.margin
        row = np.clip(np.searchsorted(top, at, side="right") - 1, 0, top.size - 1)
        return np.asarray((at >= top[row]) & (at <= base[row]) & self.counted[row])
