"""An image read along traces: planes become straight bands, sampled perpendicular to the trace."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geobfdt.geometry import trace_depth
from geobfdt.quality.hole_checks import depth_gaps

__all__ = ["Band", "fill_depth_gaps", "mean_level"]

_MAX_PIECES = 72  # Largest number of pieces of a turn.
_OUTSIDE_ROW = -1e9  # Row of a sample above or below the image.
_MAX_GAP_ROWS = 1000  # Largest number of rows that fill a gap: more than any band is tall.
_MIN_RADIUS_ROWS = 4  # The hole radius counts as so many rows at least: rows cannot resolve steeper slopes.
_MIN_HALF_ROWS, _MIN_REACH_ROWS = (
    5,
    3,
)  # Smallest half-height of the template, and largest offset, where rows are coarse.

Array = npt.NDArray[np.float64]
Single = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Band:
    """
    An image prepared for sampling along traces.

    Parameters
    ----------
    pairs : array (columns, rows + 2) of complex64
        Pixels by column, each with the step to the one below it as imaginary part.
    depth, angles : array (rows,), (columns,)
        Depths (m, MD) and column centres (deg).
    together : int
        Columns in a piece of the turn.
    turn : array (pieces,)
        Centre of each piece (rad).
    spacing : float
        Of rows, and of profile samples perpendicular to the trace (m).
    half, reach : int
        Samples on either side of the template, and that it is moved up and down.
    radius : float
        Hole radius (m).
    """

    pairs: npt.NDArray[np.complex64]
    depth: Array
    angles: Array
    together: int
    turn: Array
    spacing: float
    half: int
    reach: int
    radius: float

    @classmethod
    def of(
        cls, values: npt.NDArray[np.float32], depth: Array, angles: Array, radius: float, half: float, reach: float
    ) -> Band:
        """Prepare an image (rows, columns), NaN where nothing was measured, for bands of a height (m)."""
        spacing = float(np.median(np.diff(depth))) if depth.size > 1 else 1.0
        values, depth = fill_depth_gaps(values, depth)
        rows, columns = values.shape
        columns_per_piece = -(-columns // _MAX_PIECES)
        turn = np.radians([angles[i : i + columns_per_piece].mean() for i in range(0, columns, columns_per_piece)])
        # Rows and columns never measured, so that what lies outside the image needs no case of its own.
        pairs = np.full((turn.size * columns_per_piece, rows + 2), complex(np.nan, np.nan), dtype=np.complex64)
        pairs.real[:columns, 1:-1] = values.T
        np.subtract(pairs.real[:, 1:], pairs.real[:, :-1], out=pairs.imag[:, :-1])
        samples = max(round(half / spacing), _MIN_HALF_ROWS), max(round(reach / spacing), _MIN_REACH_ROWS)
        return cls(
            pairs, depth, angles, columns_per_piece, turn, spacing, *samples, max(radius, _MIN_RADIUS_ROWS * spacing)
        )

    def slope(self, traces: Array) -> Array:
        """Ratio of a band's height in depth to its height perpendicular to the trace, piece by piece (n, pieces)."""
        rise = traces[:, 2:] * np.cos(self.turn) - traces[:, 1:2] * np.sin(self.turn)
        return np.asarray(np.sqrt(1 + (rise / self.radius) ** 2))

    def read(self, traces: Array) -> tuple[Single, Single, Array]:
        """
        Sample profiles across traces.

        Returns
        -------
        profiles : array (n, pieces, samples)
            Means over the columns of each piece, with the mean of the profile removed; 0 where none was measured.
        measured : array (n, pieces, samples)
            1 where a column was measured, else 0.
        coverage : array (n,)
            Share of the columns that were measured where the trace itself runs.
        """
        size = self.pairs.shape[1]
        at = np.full((len(traces), len(self.pairs)), _OUTSIDE_ROW)
        at[:, : self.angles.size] = np.interp(
            trace_depth(traces, self.angles),
            self.depth,
            np.arange(self.depth.size),
            left=_OUTSIDE_ROW,
            right=_OUTSIDE_ROW,
        )
        row_floor = np.floor(at)
        # Single precision is enough for what is left once whole rows are taken off.
        row_part = (at - row_floor).astype(np.float32)
        row = row_floor.astype(np.intp) + 1
        across = np.arange(-self.half - self.reach, self.half + self.reach + 1)
        step = (across * self.slope(traces)[:, :, None]).astype(np.float32)
        total = np.zeros((len(traces), self.turn.size, across.size), dtype=np.float32)
        count = np.zeros(total.shape, dtype=np.uint16)
        # One column of every piece at a time, which fits into a processor's cache.
        for first in range(self.together):
            column = slice(first, None, self.together)
            part = row_part[:, column, None] + step
            down = np.floor(part)
            part -= down
            index = down.astype(np.intp)
            index += row[:, column, None]
            np.clip(index, 0, size - 1, out=index)
            index += np.arange(first, len(self.pairs), self.together)[:, None] * size
            pair = self.pairs.ravel().take(index)
            # A sample between a measured and a missing row is not measured, unless it lies on the measured one.
            pixel = np.where(part == 0, pair.real, pair.real + part * pair.imag)
            measured_pixel = np.isfinite(pixel)
            count += measured_pixel
            np.add(total, np.where(measured_pixel, pixel, np.float32(0)), out=total)
        middle = count[:, :, self.half + self.reach]
        measured = (count > 0).astype(np.float32)
        profiles: Single = np.asarray(total / np.maximum(count, 1), dtype=np.float32)
        profiles -= mean_level(profiles, measured)[:, :, None] * measured
        return profiles, measured, middle.sum(axis=1) / self.angles.size


def fill_depth_gaps(values: npt.NDArray[np.float32], depth: Array) -> tuple[npt.NDArray[np.float32], Array]:
    """
    Fill gaps in depth with unmeasured rows, so that no pixel is interpolated across them.

    Parameters
    ----------
    values : array (rows, columns)
        Image.
    depth : array (rows,)
        Depths (m, MD), increasing.

    Examples
    --------
    >>> values, depth = fill_depth_gaps(np.ones((4, 1), np.float32), np.array([0.0, 1.0, 2.0, 5.0]))
    >>> depth.tolist(), values[:, 0].tolist()
    ([0.0, 1.0, 2.0, 3.0, 4.0, 5.0], [1.0, 1.0, 1.0, nan, nan, 1.0])
    """
    gaps = np.flatnonzero(depth_gaps(depth))
    if not gaps.size:
        return values, depth
    steps = np.diff(depth)
    missing = [min(round(float(step / np.median(steps))) - 1, _MAX_GAP_ROWS) for step in steps[gaps]]
    ends = zip(depth[gaps], depth[gaps + 1], missing, strict=True)
    between = [np.linspace(above, below, count + 2)[1:-1] for above, below, count in ends]
    rows = np.repeat(gaps + 1, missing)
    return np.insert(values, rows, np.nan, axis=0), np.insert(depth, rows, np.concatenate(between))


def mean_level(profiles: Single, measured: Single) -> Single:
    """Mean of each profile's measured samples (n, pieces); the others are 0."""
    return np.asarray(profiles.sum(-1) / np.maximum(measured.sum(-1), 1))
