"""Gaps between pads that a picture shows in one grey, because it has no other way to say "not measured"."""

from __future__ import annotations

import numpy as np

from geobfdt.io.arrays import Grey

__all__ = ["painted_gap"]

_BLOCKS, _ROWS = 40, 64  # blocks of rows looked at, evenly over the picture
_GAP_SHARE = (0.04, 0.7)  # Gaps take so small or so large a share of the pixels.
_MIN_LASTING = 0.95  # Under a pixel of a gap there is another one with at least this share.
_MIN_EVEN_ROWS = 0.9  # At least this share of the rows has gaps about as wide as usual.
_MIN_WIDTH_COLUMNS = 2.0  # A gap is at least so wide, on average.


def painted_gap(values: Grey) -> tuple[int, int] | None:
    """
    Find a value that fills stripes down the whole picture, as gaps between pads do.

    Parameters
    ----------
    values : array (rows, columns)
        Grey values, NaN where it is known that nothing was measured.

    Returns
    -------
    tuple of int or None
        Row and column of a pixel of that value; None where there are no such stripes.

    Notes
    -----
    The value that most often stands below itself is taken. It is that of gaps if it goes on from row to row, takes
    about the same share of nearly every row, and comes in runs of some columns. Clipped rock, which is of one value
    too, comes and goes with depth.

    Examples
    --------
    >>> pixels = np.arange(6400, dtype=np.float32).reshape(200, 32)
    >>> pixels[:, 8:12] = 128
    >>> painted_gap(pixels)
    (0, 8)
    """
    rows = values.shape[0]
    starts = np.unique(np.linspace(0, max(rows - _ROWS, 0), _BLOCKS).astype(int))
    picked = np.unique(np.concatenate([np.arange(start, min(start + _ROWS, rows)) for start in starts]))
    sample = values[picked]
    still = sample[1:] == sample[:-1]
    if not still.any():
        return None
    levels, counts = np.unique(sample[1:][still], return_counts=True)
    gap = sample == levels[np.argmax(counts)]
    share = gap.mean(axis=1)
    median_share = float(np.median(share))
    runs = float((gap & ~np.roll(gap, 1, axis=1)).sum(axis=1).mean())
    lasting = (gap[1:] & gap[:-1]).sum() / max(int(gap[:-1].sum()), 1)
    everywhere = float(np.mean(np.abs(share - median_share) <= 0.5 * median_share))
    is_gap = (
        _GAP_SHARE[0] <= gap.mean() <= _GAP_SHARE[1]
        and lasting >= _MIN_LASTING
        and everywhere >= _MIN_EVEN_ROWS
        and gap.sum(axis=1).mean() >= _MIN_WIDTH_COLUMNS * runs > 0
    )
    if not is_gap:
        return None
    row, column = np.argwhere(gap)[0]
    return int(picked[row]), int(column)
