"""Pixels that are computed or read when they are used, for the variables of a WellImage."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy.typing as npt
import xarray as xr
from xarray.core import indexing

__all__ = ["lazy_pixels"]


class _Pixels(xr.backends.BackendArray):
    def __init__(self, shape: tuple[int, ...], dtype: Any, read: Callable[[tuple[Any, ...]], npt.NDArray[Any]]) -> None:
        self.shape, self.dtype, self._read = shape, dtype, read

    def __getitem__(self, key: indexing.ExplicitIndexer) -> Any:
        return indexing.explicit_indexing_adapter(key, self.shape, indexing.IndexingSupport.OUTER_1VECTOR, self._read)


def lazy_pixels(shape: tuple[int, ...], dtype: Any, read: Callable[[tuple[Any, ...]], npt.NDArray[Any]]) -> Any:
    """
    Return pixels that are read when they are used, and kept once all of them were.

    Parameters
    ----------
    shape : tuple of int
        Shape of all pixels.
    dtype : dtype
        Their type.
    read : callable
        Pixels by their key: a slice or a whole number for each dimension, or an array of whole numbers for one of them.

    Returns
    -------
    object
        Data of an xarray variable.

    Examples
    --------
    >>> import numpy as np
    >>> reads = []
    >>> pixels = lazy_pixels((4, 2), np.dtype(float), lambda key: reads.append(key) or np.ones((4, 2))[key])
    >>> image = xr.Variable(("depth", "azimuth"), pixels)[1:3]
    >>> len(reads), image.values.shape, len(reads)
    (0, (2, 2), 1)
    """
    lazy = indexing.LazilyIndexedArray(_Pixels(shape, dtype, read))
    return indexing.MemoryCachedArray(lazy)  # type: ignore[no-untyped-call]
