"""Planes that a network finds in a strip."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["Planes"]

Array = npt.NDArray[np.float64]


class Planes(NamedTuple):
    """
    Planes that a network finds in a strip.

    Parameters
    ----------
    traces : array (n, 3)
        ``(z0, a, b)`` (m), z0 from the strip's first row.
    logits : array (n, classes)
        Log odds of each class, not calibrated.
    evidence : array (n, columns)
        Weight of each feature column in the last fit of the trace, 0 to 1.
    """

    traces: Array
    logits: Array
    evidence: Array
