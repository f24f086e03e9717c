"""Numbers that stand for "not measured" in any file."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from geobfdt.io.arrays import AnyArray, Mask

__all__ = ["is_null"]

_HUGE = 1e29  # No log has such values: they are 1E30, or the largest number that a program can write.
_LEAST_INTEGERS = (-(2.0**15), -(2.0**31))  # Those of 16 and 32 bits stand for nothing in images of integers.
_NULLS = np.array(
    [
        9999.25,
        *_LEAST_INTEGERS,
        *(-(10.0**digits) + 1 - tail for digits in range(3, 10) for tail in (0.0, 0.25, 0.9, 0.99, 0.999)),
    ],
    dtype=np.float32,
)


def is_null(values: AnyArray, more: Iterable[float] = ()) -> Mask:
    """
    Whether numbers are absent: not finite, a usual null (-999, -9999.25, 1E30, ...), or one that the file names.

    Parameters
    ----------
    values : array
        Numbers. They match in single precision: a file's -999.9 may have been float32 on its way here.
    more : iterable of float
        Nulls that the file names.

    Returns
    -------
    array of bool
        Of the shape of `values`.

    Examples
    --------
    >>> is_null(np.array([1.0, -999.25, np.nan, -1.0, 1e30]), [-1.0])
    array([False,  True,  True,  True,  True])
    """
    with np.errstate(over="ignore"):
        single = np.asarray(values, dtype=np.float32)
        named = np.array([null for null in more if np.isfinite(null)], dtype=np.float32)
    absent = ~(np.abs(single) < _HUGE)
    # Most images hold bytes, or no null at all: one look at their range spares a look for each null.
    low, high = np.fmin.reduce(single, axis=None, initial=np.inf), np.fmax.reduce(single, axis=None, initial=-np.inf)
    for null in np.unique(named[(named >= low) & (named <= high)]):
        absent |= single == null
    if low <= -999 or high >= _NULLS[0]:
        suspect = (single <= -999) | (single == _NULLS[0])
        absent[suspect] |= np.isin(single[suspect], _NULLS)
    return np.asarray(absent)
