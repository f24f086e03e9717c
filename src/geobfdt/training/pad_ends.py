"""Windows in which pads begin and end at different rows, as at the ends of a run of a tool with two rows of pads."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from geobfdt.training.augmentation import Window

__all__ = ["end_pads"]

_MAX_MARGIN_SHARE = 0.3  # Largest number of rows beyond the end of every pad, as a share of the window.
_MAX_OFFSET_M = 0.4  # Largest distance between the ends of two pads.
_BOTH_ENDS_PROBABILITY = 0.3  # Probability that top and bottom are cut, and not one of them.
_MIN_REQUIRED_SHARE = 0.6  # A plane that keeps a smaller share of its visible trace is optional.
_MIN_TRACE_SHARE = 0.05  # A plane that keeps a smaller share of its trace is removed.
_ANGLES = 48  # Angles at which a trace is sampled.


def end_pads(window: Window, rng: np.random.Generator) -> Window:
    """
    Cut columns off at different rows, at the top, the bottom or both.

    The hole is divided into one arc that ends early, or into pads each of which ends at its own row. A row that no
    column reaches is not measured, as beyond the end of a well.

    Parameters
    ----------
    window : Window
        As cut.
    rng : Generator
        Source of randomness.

    Returns
    -------
    Window
        The same planes, without those whose trace is gone; those that lose much of it are optional.
    """
    rows, columns = window.grid.shape[:2]
    cut = np.zeros((rows, columns), bool)
    bottom = rng.random() < 0.5
    for at_bottom in (True, False):
        if at_bottom == bottom or rng.random() < _BOTH_ENDS_PROBABILITY:
            missing = _missing_rows(rows, columns, window.step, rng)
            row = np.arange(rows)[:, None]
            cut |= (rows - 1 - row if at_bottom else row) < missing
    measured = np.flatnonzero(~cut.all(axis=1))
    if not measured.size:
        return window
    blank = cut[..., None] if window.grid.ndim == 3 else cut
    grid = np.where(blank, 0, window.grid).astype(np.uint8)
    before, after = _visible(window, window.grid), _visible(window, grid)
    remaining = after >= _MIN_TRACE_SHARE
    z0 = window.targets.traces[:, 0] / window.step
    outside = (z0 < measured[0]) | (z0 > measured[-1])
    optional = window.targets.optional | (after < _MIN_REQUIRED_SHARE * before) | outside
    targets = window.targets._replace(
        traces=window.targets.traces[remaining], classes=window.targets.classes[remaining], optional=optional[remaining]
    )
    return Window(grid, targets, window.step)


def _missing_rows(rows: int, columns: int, step: float, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Number of rows that each column lacks at an end (columns,)."""
    margin = int(rng.integers(0, int(_MAX_MARGIN_SHARE * rows)))
    # Small offsets are as frequent as large ones: a flat edge of a few rows looks most like a bed.
    offset = int(np.exp(rng.uniform(np.log(2), np.log(_MAX_OFFSET_M / step))))
    turn = (np.arange(columns) / columns + rng.random()) % 1
    if rng.random() < 0.5:
        extra = np.where(turn < rng.uniform(0.15, 0.85), offset, 0)
    else:
        pads = int(rng.choice([2, 4, 6, 8]))
        ends = rng.integers(0, 2, pads) * offset if rng.random() < 0.5 else rng.integers(0, offset + 1, pads)
        extra = ends[(turn * pads).astype(int)]
    missing: npt.NDArray[np.int64] = np.minimum(margin + extra, rows - 1)
    return missing


def _visible(window: Window, grid: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    """Share of each plane's trace that was measured (planes,)."""
    rows, columns = grid.shape[:2]
    turn = np.linspace(0, 2 * np.pi, _ANGLES, endpoint=False)
    z0, a, b = window.targets.traces.T[..., None]
    row = np.rint((z0 + a * np.cos(turn) + b * np.sin(turn)) / window.step).astype(int)
    column = np.rint(turn / (2 * np.pi) * columns).astype(int) % columns
    inside = (row >= 0) & (row < rows)
    pixel = grid[row.clip(0, rows - 1), column]
    return np.asarray((inside & ((pixel > 0) if pixel.ndim == 2 else (pixel > 0).any(axis=2))).mean(axis=1))
