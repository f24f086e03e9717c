"""Check that the middle of a pick lies between measured rows."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["centred_within"]

Array = npt.NDArray[np.float64]


def centred_within(traces: Array, rows: Array, spacing: float) -> npt.NDArray[np.bool_]:
    """
    Return True for traces that are centred between measured rows.

    Parameters
    ----------
    traces : array (n, 3)
        ``(z0, a, b)`` (m).
    rows : array (rows,)
        Depths of the rows with a measured pixel (m, MD), increasing.
    spacing : float
        Distance between neighbouring rows (m).

    Returns
    -------
    array (n,) of bool
        True where the trace reaches a measured row at or above its middle and one at or below it. A plane may thus be
        centred in a gap between two stretches if it shows in both, but never beyond the first or last measured row.

    Examples
    --------
    >>> rows = np.array([1.0, 1.1, 1.2, 2.0, 2.1])
    >>> middle_depths = np.array([0.99, 1.05, 1.5, 1.6, 2.11])
    >>> traces = np.column_stack([middle_depths, [0.5, 0.0, 0.0, 0.5, 0.0], np.zeros(5)])
    >>> centred_within(traces, rows, 0.1)
    array([False,  True, False,  True, False])
    """
    if not rows.size:
        return np.zeros(len(traces), bool)
    z0 = traces[:, 0]
    reach = np.maximum(np.hypot(traces[:, 1], traces[:, 2]), spacing)
    bounded = np.concatenate([[-np.inf], rows, [np.inf]])
    above = bounded[np.searchsorted(rows, z0, side="right")]
    below = bounded[np.searchsorted(rows, z0, side="left") + 1]
    return np.asarray((z0 - above <= reach) & (below - z0 <= reach))
