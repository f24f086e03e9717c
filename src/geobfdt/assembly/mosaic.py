"""From buttons to an image: rows at even depths, buttons at their angles round the hole."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from geobfdt.assembly.brightness import Brightness
from geobfdt.assembly.gains import Buttons
from geobfdt.assembly.tool_geometry import ToolGeometry

__all__ = ["Rows", "lay_out", "measured_rows", "part_buttons"]

Array = npt.NDArray[np.float64]
Grey = npt.NDArray[np.float32]

_BLOCK_ROWS = 512  # So many rows of the image are laid out at a time.
_MAX_GAP_ROWS = 4.0  # Rows between two samples that are further apart stay empty.
_CELLS_A_ROW = 4  # Samples within this part of a row are averaged, as those of a tool that sticks.


class Rows:
    """
    The samples of a row of buttons in order of depth, and how image rows are interpolated between them.

    Parameters
    ----------
    depth : array (samples,)
        Depth of each sample (m), in any order; NaN leaves a sample out.
    grid : array (rows,)
        Depths of the image (m), evenly spaced.

    Examples
    --------
    >>> rows = Rows(np.array([1.0, 1.2, 1.2, 1.4]), np.array([1.0, 1.1, 1.2]))
    >>> rows.at(np.array([[0.0], [2.0], [4.0], [9.0]], np.float32)).ravel()
    array([0. , 1.5, 3. ], dtype=float32)
    """

    def __init__(self, depth: Array, grid: Array) -> None:
        step = float(grid[1] - grid[0]) if grid.size > 1 else 1.0
        measured = np.flatnonzero(np.isfinite(depth))
        self._order = measured[np.argsort(depth[measured], kind="stable")]
        cells = np.floor((depth[self._order] - grid[0]) * _CELLS_A_ROW / step)
        self._starts = np.flatnonzero(np.diff(cells, prepend=-np.inf) > 0)
        self._sizes = np.diff(np.append(self._starts, self._order.size))
        at = np.add.reduceat(depth[self._order], self._starts) / self._sizes if measured.size else np.empty(0)
        self._empty = at.size == 0
        if self._empty:
            return
        above = np.clip(np.searchsorted(at, grid, side="right") - 1, 0, max(at.size - 2, 0))
        below = np.minimum(above + 1, at.size - 1)
        apart = at[below] - at[above]
        with np.errstate(invalid="ignore", divide="ignore"):
            share = np.where(apart > 0, (grid - at[above]) / apart, 0.0)
        reach = 0.5 * step / np.maximum(apart, step)
        self._void = (apart > _MAX_GAP_ROWS * step) | (share < -reach) | (share > 1 + reach)
        self._above, self._below, self._share = above, below, share.clip(0, 1).astype(np.float32)[:, None]

    @property
    def skipped(self) -> int:
        """Rows that lie between samples too far apart: the tool slipped past them."""
        if self._empty:
            return 0
        first, last = np.flatnonzero(~self._void)[[0, -1]] if not self._void.all() else (0, 0)
        return int(self._void[first:last].sum())

    def at(self, values: Grey) -> Grey:
        """Values (samples, buttons) at the rows of the image; NaN where no sample is near."""
        if self._empty:
            return np.full((0, values.shape[1]), np.nan, np.float32)
        ordered: Grey = values[self._order]
        if self._starts.size < self._order.size:
            sizes = self._sizes.astype(np.float32)[:, None]
            ordered = np.asarray(np.add.reduceat(ordered, self._starts, axis=0) / sizes, dtype=np.float32)
        out = ordered[self._above] * (1 - self._share)
        out += ordered[self._below] * self._share
        out[self._void] = np.nan
        return np.asarray(out, dtype=np.float32)


def part_buttons(
    geometry: ToolGeometry, part: str, bright: Brightness, turn: Array, places: Callable[[str], Rows]
) -> Buttons | None:
    """
    Bring the buttons of all pads, or of all flaps, to the rows of the image.

    Parameters
    ----------
    geometry : ToolGeometry
        The tool.
    part : str
        ``pad`` or ``flap``.
    bright : Brightness
        Of what was recorded.
    turn : array (samples,)
        Image angle of pad 1 (deg).
    places : callable
        Rows of an array by its name.

    Returns
    -------
    Buttons or None
        In order round the pads; None if the tool has no such part, or the recording none of its arrays.
    """
    rows = [row for row in geometry.rows if row.part == part]
    here = [name for row in rows for name in row.arrays if name in bright.currents]
    if not here:
        return None
    across = np.concatenate([row.across_m for row in rows])
    order = np.argsort(across)
    rank = np.argsort(order)
    radians = np.radians(turn)
    directions = np.stack([np.cos(radians), np.sin(radians)], axis=1).astype(np.float32)
    direction = places(here[0]).at(directions)
    values = np.full((len(direction), geometry.pads, across.size), np.nan, np.float32)
    start = 0
    for row in rows:
        columns = rank[start : start + row.buttons]
        for pad, name in enumerate(row.arrays):
            if name in bright.currents:
                values[:, pad, columns] = places(name).at(bright.of(name))
        start += row.buttons
    angle = np.degrees(np.arctan2(direction[:, 1], direction[:, 0])).astype(np.float64)
    return Buttons(values, across[order], angle)


def lay_out(parts: list[Buttons], pads: int, radius: Array, columns: int) -> Grey:
    """
    Lay the buttons out on the columns of an image.

    Parameters
    ----------
    parts : list of Buttons
        Pads, flaps; where two lie on each other, the first one counts.
    pads : int
        Number of pads.
    radius : array (rows,)
        Radius of the hole (m).
    columns : int
        Columns of the image.

    Returns
    -------
    array (rows, columns)
        float32; NaN where no button passed.

    Notes
    -----
    Each column looks for the button that passed it: its angle from the nearest pad times the radius is a distance
    across the pad, and the value is taken straight between the two buttons beside it.
    """
    rows = parts[0].values.shape[0]
    image = np.full((rows, columns), np.nan, np.float32)
    centres = (np.arange(columns) + 0.5) * 360 / columns
    sector = 360 / pads
    for top in range(0, rows, _BLOCK_ROWS):
        block = slice(top, min(top + _BLOCK_ROWS, rows))
        for part in parts:
            pitch = float(np.median(np.diff(part.across))) if part.across.size > 1 else 0.0
            middle = float(part.across.mean())
            arc = np.radians(radius[block])[:, None]
            # The middle of a flap lies beside that of its pad.
            place = centres - part.turn[block, None] - middle / arc
            pad = np.rint(place / sector)
            place -= pad * sector
            place = place * arc + middle
            inside = (place >= part.across[0] - pitch / 2) & (place <= part.across[-1] + pitch / 2)
            # A row without a direction is outside of every pad.
            row, column = np.nonzero(inside & np.isnan(image[block]))
            index = np.interp(place[row, column], part.across, np.arange(part.across.size))
            which = pad[row, column].astype(np.int64) % pads
            lower = np.minimum(index.astype(np.int64), max(part.across.size - 2, 0))
            right = np.minimum(lower + 1, part.across.size - 1)
            share = (index - lower).astype(np.float32)
            values = part.values[block]
            one, other = values[row, which, lower], values[row, which, right]
            # Beside a button without value the nearer one decides, so that one dead button leaves a gap of its own.
            one, other = (
                np.where(np.isnan(one) & (share > 0.5), other, one),
                np.where(np.isnan(other) & (share <= 0.5), one, other),
            )
            image[row + top, column] = one * (1 - share) + other * share
    return image


def measured_rows(image: Grey) -> npt.NDArray[np.bool_]:
    """Rows of an image in which a button passed; blocks of rows at a time."""
    measured = np.zeros(len(image), np.bool_)
    for top in range(0, len(image), _BLOCK_ROWS):
        block = slice(top, top + _BLOCK_ROWS)
        measured[block] = np.isfinite(image[block]).any(axis=1)
    return measured
