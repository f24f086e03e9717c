"""Numbers that stand for "not measured", whatever else a file says."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["NULLS", "is_null"]

NULLS = (-9999.0, -9999.25, -999.25, -999.0, -99999.0, 9999.25)


def is_null(values: npt.NDArray[Any], more: Iterable[float] = ()) -> npt.NDArray[np.bool_]:
    """
    Whether numbers are absent: not finite, a usual null, or one that the file names.

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
    >>> is_null(np.array([1.0, -999.25, np.nan, -1.0]), [-1.0])
    array([False,  True,  True,  True])
    """
    with np.errstate(over="ignore"):
        single = np.asarray(values, dtype=np.float32)
        named = np.array([*NULLS, *(null for null in more if np.isfinite(null))], dtype=np.float32)
    absent = ~np.isfinite(values)
    # Most images hold bytes, or no null at all: one look at their range spares a look for each null.
    low, high = np.fmin.reduce(single, axis=None, initial=np.inf), np.fmax.reduce(single, axis=None, initial=-np.inf)
    for null in np.unique(named[(named >= low) & (named <= high)]):
        absent |= single == null
    return np.asarray(absent)
