"""The seam of an image: some programs write its first column again as the last one, to close the turn."""

from __future__ import annotations

import numpy as np

from geobfdt.io.arrays import Array, Grey
from geobfdt.io.file_findings import FileFindings

__all__ = ["repeated_seam"]

_MIN_VALUES = 10  # Two columns of fewer different values may be equal by chance, or painted.
_MAX_LIKE_NEIGHBOUR = 0.5  # In an image that was widened by repeating its sectors, neighbours are equal anyhow.
_SAME_ANGLE_DEG = 1e-3


def repeated_seam(values: Grey, azimuth: Array | None, findings: FileFindings) -> Array | None:
    """
    Angles of the columns without the last one, if that repeats the first one in every row.

    Such columns are samples at both ends of a full turn: the first one lies on the reference line, not half a column
    behind it.

    Parameters
    ----------
    values : array (rows, columns)
        The image, NaN where nothing was measured.
    azimuth : array (columns,) or None
        Angles of the columns (deg); None where the file gives none.
    findings : FileFindings
        Grows by the repetition.

    Returns
    -------
    array (columns - 1,) or None
        Angles (deg); None if the last column is one of its own, or its angle says so.

    Examples
    --------
    >>> from pathlib import Path
    >>> values = np.random.default_rng(0).normal(size=(20, 4)).astype(np.float32)
    >>> repeated_seam(np.c_[values, values[:, :1]], None, FileFindings(Path("a.csv")))
    array([  0.,  90., 180., 270.])
    >>> repeated_seam(values, None, FileFindings(Path("a.csv"))) is None
    True
    """
    first, last, before = values[:, 0], values[:, -1], values[:, -2]
    measured = np.isfinite(first)
    if not np.array_equal(first, last, equal_nan=True) or np.unique(first[measured]).size < _MIN_VALUES:
        return None
    if np.mean((last == before)[measured]) > _MAX_LIKE_NEIGHBOUR:
        return None
    steps = values.shape[1] - 1
    even: Array = np.arange(steps) * 360.0 / steps
    angles: Array
    if azimuth is None:
        angles = even
    elif abs(abs(azimuth[-1] - azimuth[0]) - 360.0) < _SAME_ANGLE_DEG:
        angles = azimuth[:-1]
    elif np.allclose(np.abs(np.diff(azimuth)), 360.0 / values.shape[1], atol=_SAME_ANGLE_DEG):
        # Angles of equal columns, as the reader of a picture lays them over its width.
        turn = np.sign(azimuth[1] - azimuth[0])
        angles = azimuth[0] - turn * 180.0 / values.shape[1] + turn * even
    else:
        return None
    observed = f"the last of {steps + 1} columns repeats the first one in every row"
    findings.minor("seam-repeated", observed, f"left out; {steps} columns, the first one at {angles[0] % 360:g} deg")
    return angles
