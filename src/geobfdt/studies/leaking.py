"""The published split, to measure its leak: windows that overlap, shuffled into training and validation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from geobfdt.training.prepared_wells import PreparedWell

__all__ = ["leaking_windows"]

_VALIDATION_SHARE = 0.2  # Share of the windows that is validated on.


def leaking_windows(wells: Sequence[PreparedWell], rows: int, seed: int) -> tuple[list[PreparedWell], ...]:
    """
    Cut wells into windows that overlap by half, and split them at random.

    Parameters
    ----------
    wells : sequence of PreparedWell
        All wells.
    rows : int
        Rows of a window.
    seed : int
        Seed of the shuffle.

    Returns
    -------
    trained, validated : list of PreparedWell
        Windows as short wells. Most of what a validated one shows has been trained on: it leaks.
    """
    windows = [_piece(well, first, rows) for well in wells for first in range(0, len(well.grid) - rows + 1, rows // 2)]
    order = np.random.default_rng(seed).permutation(len(windows)).tolist()
    validation_count = max(round(_VALIDATION_SHARE * len(windows)), 1)
    return [windows[i] for i in sorted(order[validation_count:])], [
        windows[i] for i in sorted(order[:validation_count])
    ]


def _piece(well: PreparedWell, first: int, rows: int) -> PreparedWell:
    window = well.window(first, rows)
    truth = window.targets
    radius, top = well.radius[first : first + rows], well.top + first * well.step
    name = f"{well.name} {first}"
    return PreparedWell(
        name, window.grid, top, well.step, radius, truth.traces, truth.classes, truth.optional, truth.label_mask
    )
