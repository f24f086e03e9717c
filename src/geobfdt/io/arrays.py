"""Types of arrays, by what they hold."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["AnyArray", "Array", "Colour", "Grey", "Lines", "Mask", "Order", "Words"]

AnyArray = npt.NDArray[Any]
Array = npt.NDArray[np.float64]
Colour = npt.NDArray[np.uint8]  # red, green and blue along the last axis
Grey = npt.NDArray[np.float32]  # the pixels of an image
Lines = npt.NDArray[np.int64]  # lines of a file, or counts
Order = npt.NDArray[np.intp]  # positions along an array
Mask = npt.NDArray[np.bool_]
Words = npt.NDArray[np.object_]
