"""Validation: a network is scored on held-out wells, by the same scoring as users' picks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from geobfdt.evaluation.thresholds import OperatingPoint, operating_points
from geobfdt.geometry import amplitude_azimuth
from geobfdt.model.planes import Planes
from geobfdt.training.prepared_wells import PreparedWell
from geobfdt.wells.intervals import IntervalTable, join_intervals, new_intervals
from geobfdt.wells.picks import CLASSES, PickTable, join_picks, new_picks

__all__ = ["Detect", "detected_planes", "labelled_intervals", "tables", "true_planes", "validate"]

Detect = Callable[[npt.NDArray[np.uint8], float], Planes]

_CORE_ROWS, _MARGIN_ROWS = 4096, 1024  # Rows of a strip's core, and of the margin on either side.


def validate(
    detect: Detect, wells: Sequence[PreparedWell], tolerance: float = 0.03, start: Mapping[str, float] | None = None
) -> dict[str, OperatingPoint]:
    """
    Score a network.

    Parameters
    ----------
    detect : callable
        Grid (rows, columns) and hole radius (m) in, planes out.
    wells : sequence of PreparedWell
        Wells that it was not trained on.
    tolerance : float
        Trace RMS of a match (m).
    start : mapping of str to float, optional
        Thresholds of the model that training begins with, by class, as confidences before calibration.

    Returns
    -------
    dict of str to OperatingPoint
        By class, at the confidence that is best for it, or that few planes move `start` to.
    """
    return operating_points(*tables(detect, wells), tolerance, start)


def tables(detect: Detect, wells: Sequence[PreparedWell]) -> tuple[PickTable, PickTable, IntervalTable]:
    """Picks of a network in prepared wells, before refinement; true planes; and intervals with complete labels."""
    picks = join_picks([detected_planes(detect, well) for well in wells])
    truth = join_picks([true_planes(well) for well in wells])
    intervals = join_intervals([labelled_intervals(well) for well in wells])
    return picks, truth, intervals


def detected_planes(detect: Detect, well: PreparedWell) -> PickTable:
    """Pick table of a network in a prepared well, before refinement."""
    parts = []
    for core in range(0, len(well.grid), _CORE_ROWS):
        first, last = max(core - _MARGIN_ROWS, 0), min(core + _CORE_ROWS + _MARGIN_ROWS, len(well.grid))
        radius = float(np.median(well.radius[first:last]))
        planes = detect(np.array(well.grid[first:last]), radius)
        row = planes.traces[:, 0] / well.step + first
        in_core = (row >= core if core else np.ones(row.size, bool)) & (
            (row < core + _CORE_ROWS) | (core + _CORE_ROWS >= len(well.grid))
        )
        parts.append((planes.traces[in_core] + [first * well.step, 0, 0], planes.logits[in_core]))
    traces, logits = (np.concatenate([part[i] for part in parts]) for i in range(2))
    confidence = 1 / (1 + np.exp(-logits.max(axis=1))) if len(logits) else np.empty(0)
    return _table(well, traces, logits.argmax(axis=1) if len(logits) else np.empty(0, int), confidence=confidence)


def true_planes(well: PreparedWell) -> PickTable:
    """Pick table of a prepared well's own planes."""
    return _table(well, well.traces, well.classes, optional=well.optional)


def labelled_intervals(well: PreparedWell) -> IntervalTable:
    """Interval table of the rows in which the labels of each class are complete."""
    rows: list[tuple[str, str, str, float, float]] = []
    for name, rows_labelled in zip(CLASSES, well.label_mask, strict=True):
        edges = np.flatnonzero(np.diff(np.concatenate([[0], rows_labelled.astype(np.int8), [0]])))
        depth = well.top + well.step * edges
        rows += [(well.name, "interpreted", name, top, base) for top, base in zip(depth[::2], depth[1::2], strict=True)]
        if not len(edges):
            rows.append((well.name, "interpreted", name, well.top, well.top))
    return new_intervals(rows)


def _table(
    well: PreparedWell, traces: npt.NDArray[np.float64], classes: npt.NDArray[np.int64], **more: Any
) -> PickTable:
    amplitude, azimuth = amplitude_azimuth(traces.reshape(-1, 3))
    row = np.clip(traces[:, 0] / well.step, 0, len(well.radius) - 1).astype(int)
    return new_picks(
        well=well.name,
        depth_m=well.top + traces[:, 0],
        class_=np.array(CLASSES, dtype=object)[classes],
        amplitude_m=amplitude,
        azimuth_app_deg=azimuth,
        diameter_m=2.0 * well.radius[row].astype(float),
        reference="unknown",
        **more,
    )
