"""Strips of a well, picked one after the other with constant memory: candidates, refined, without duplicates."""

from __future__ import annotations

import math
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from geobfdt.geometry import amplitude_azimuth, trace_rms
from geobfdt.model.matching import thin_by_distance
from geobfdt.picking.attributes import describe
from geobfdt.picking.centres import centred_within
from geobfdt.picking.detector import Detector
from geobfdt.picking.refinement import Refined, refine
from geobfdt.preparation.strips import Strip, strips
from geobfdt.quality.measured import MIN_MEASURED_SHARE
from geobfdt.runtime.heap import trim_heap
from geobfdt.runtime.progress import Progress, no_progress
from geobfdt.wells.image import WellImage, hole_radius, log_at, row_spacing
from geobfdt.wells.picks import PickTable, new_picks

__all__ = ["StripPicks", "pick_strips"]

_MIN_PICK_SPACING_M = 0.015  # Two refined picks closer than this (trace RMS), or than 1.5 rows, are one pick.
_MIN_PICK_SPACING_ROWS = 1.5
# Candidates so far beyond a strip's core are refined, too: refinement moves some of them into the core.
_REFINE_MARGIN_M = 0.3
_SEAM_M = 1.0  # Picks in the last metre of a strip are compared with those of the next one.
_STRIPS_AT_ONCE = 2  # Strips that are worked on at a time, where there may be so many threads.
_STRIPS_PER_TRIM = 2  # Free memory is handed back to the system after so many strips.

Array = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]
_Picked = list[tuple[pd.DataFrame, Array]]  # Tables of a strip and their traces, by threshold.


class StripPicks(NamedTuple):
    """
    Picks of all strips, without dips.

    Parameters
    ----------
    picks : PickTable
        Picks from the least confidence that was asked for.
    judged : PickTable
        Picks from the detector's own thresholds; the same table where nothing else was asked for.
    """

    picks: PickTable
    judged: PickTable


def pick_strips(
    image: WellImage,
    detector: Detector,
    *,
    min_confidence: float | None = None,
    add_rows: Callable[[WellImage], None] | None = None,
    add_picks: Callable[[Array, float], None] | None = None,
    progress: Progress = no_progress,
) -> StripPicks:
    """
    Pick planes strip by strip with constant memory.

    Parameters
    ----------
    image : WellImage
        The well; its pixels may lie in a file.
    detector : Detector
        Made for this image.
    min_confidence : float, optional
        Least confidence of a pick (0 to 1). Default: the detector's own threshold for its class.
    add_rows : callable, optional
        Called with the rows of the image, each row once and from top to base, as they are loaded.
    add_picks : callable, optional
        Called after each strip with the depths of all picks until then, at the detector's own thresholds, and the depth
        to which they are complete (m, MD).
    progress : callable, optional
        Called with the share of the well that is picked.

    Notes
    -----
    Strips overlap, so that each plane lies in the core of one strip with all its surroundings. The detector proposes
    candidates; those above the threshold are refined on the image's own pixels, and of refined picks closer than 15 mm
    or 1.5 rows the more confident one is kept. A pick belongs to the strip whose core holds its mid-depth. Picks beside
    a seam are compared with those of the strip above, so that no plane is picked twice.
    """
    depth = image["depth"].values
    length, strips_at_once = _plan_strips(float(depth[-1] - depth[0]), detector.length)
    strips_of_well = strips(image, length, detector.overlap, add_rows)
    min_spacing = max(_MIN_PICK_SPACING_M, _MIN_PICK_SPACING_ROWS * row_spacing(image))
    # A least confidence that the user gives has a table of its own.
    tables = [_Table(min_spacing) for _ in (None, min_confidence)[: 1 + (min_confidence is not None)]]
    results = _prefetch(
        lambda strip: _pick_strip(strip, detector, min_confidence, min_spacing),
        strips_of_well,
        strips_at_once,
        detector,
    )
    for number, (base, picked) in enumerate(results, 1):
        for table, part in zip(tables, picked, strict=True):
            table.add(base, *part)
        if add_picks is not None:
            add_picks(tables[0].depths, base)
        if number % _STRIPS_PER_TRIM == 0:
            trim_heap()
        progress(float(np.clip((base - depth[0]) / max(depth[-1] - depth[0], 1e-9), 0, 1)))
    judged = tables[0].picks(image, detector.source)
    return StripPicks(judged if len(tables) == 1 else tables[-1].picks(image, detector.source), judged)


class _Table:
    """Picks of all strips until now, without duplicates at seams."""

    def __init__(self, min_spacing: float) -> None:
        self._min_spacing = min_spacing
        self._parts: list[pd.DataFrame] = []
        self._seam = np.empty((0, 3))

    def add(self, base: float, columns: pd.DataFrame, traces: Array) -> None:
        """Take in the picks of the next strip, whose core ends at `base` (m, MD)."""
        # Refinement may move a plane at a seam to the near side in both strips: it is then picked twice, and the pick
        # of the upper strip stays.
        if len(self._seam) and len(traces):
            new = trace_rms(traces[:, None], self._seam).min(axis=1) >= self._min_spacing
            columns, traces = columns[new], traces[new]
        self._parts.append(columns)
        self._seam = traces[traces[:, 0] >= base - _SEAM_M]

    @property
    def depths(self) -> Array:
        """Depths of the picks until now (m, MD)."""
        return np.concatenate([part["depth_m"].to_numpy(float) for part in self._parts])

    def picks(self, image: WellImage, source: str) -> PickTable:
        """Return the pick table."""
        columns = pd.concat(self._parts, ignore_index=True)
        return new_picks(
            well=image.attrs["well"],
            reference=image.attrs["reference"],
            source=source,
            status="proposed",
            **{str(name).replace("class", "class_"): columns[name].to_numpy() for name in columns},
        )


def _plan_strips(span: float, longest: float) -> tuple[float, int]:
    """Length of a well's strips (m), and how many are worked on at a time: their number is a multiple of that."""
    if span <= longest:
        return longest, 1
    # Strips of equal length, in a multiple of the workers: none of them waits for the last strip.
    count = _STRIPS_AT_ONCE * math.ceil(span / longest / _STRIPS_AT_ONCE)
    # One thread means one core: where each core picks a well of its own, two strips at a time would share it.
    return span / count, 1 if os.environ.get("OMP_NUM_THREADS") == "1" else _STRIPS_AT_ONCE


def _prefetch(
    work: Callable[[Strip], _Picked], strips_of_well: Iterable[Strip], strips_at_once: int, detector: Detector
) -> Iterator[tuple[float, _Picked]]:
    """Yield the bases of strips with their results, in order; a few are in memory and worked on at a time."""
    # A strip that is picked is held by nothing here, so that its memory is free for the next one.
    waiting: deque[tuple[float, Future[_Picked]]] = deque()
    with detector.shared(strips_at_once) as join, ThreadPoolExecutor(strips_at_once, initializer=join) as pool:
        for strip in strips_of_well:
            waiting.append((strip.base, pool.submit(work, strip)))
            # One strip more than the workers take is loaded, so that none of them waits for the file.
            if len(waiting) > strips_at_once:
                base, future = waiting.popleft()
                yield base, future.result()
        for base, future in waiting:
            yield base, future.result()


def _pick_strip(strip: Strip, detector: Detector, min_confidence: float | None, min_spacing: float) -> _Picked:
    """Pick a strip at the detector's own thresholds and, if it is given, at a least confidence; see `_picks_of`."""
    # The strip's image reaches beyond its core on both sides, so that a plane at a seam is read whole.
    candidates = detector.detect(strip.image, strip.top - _REFINE_MARGIN_M, strip.base + _REFINE_MARGIN_M)
    thresholds = [np.array([detector.thresholds[name] for name in candidates.classes])]
    if min_confidence is not None:
        thresholds.append(np.full(len(candidates.classes), min_confidence))
    # Each candidate is refined once, whichever of the thresholds it reaches.
    z0 = candidates.traces[:, 0]
    inside = (z0 >= strip.top - _REFINE_MARGIN_M) & (z0 < strip.base + _REFINE_MARGIN_M)
    selected = np.flatnonzero((candidates.confidence >= np.min(thresholds, axis=0)) & inside)
    classes, confidence = candidates.classes[selected], candidates.confidence[selected]
    image = strip.image
    refined = refine(
        image["image"].values,
        image["depth"].values,
        image["azimuth"].values,
        candidates.traces[selected],
        hole_radius(image),
        detector.typical_error_m,
        classes,
        confidence,
    )
    # Thresholds differ between classes: a trace below its own must drop no neighbour of the other class.
    shown = [np.flatnonzero(confidence >= part[selected]) for part in thresholds]
    return [_picks_of(strip, refined, classes, confidence, part, min_spacing) for part in shown]


def _picks_of(
    strip: Strip, refined: Refined, classes: npt.NDArray[np.str_], confidence: Array, shown: Rows, min_spacing: float
) -> tuple[pd.DataFrame, Array]:
    """Keep those of the shown traces (n,) that lie in the strip's core, `min_spacing` (m) apart."""
    image = strip.image
    values, depth = image["image"].values, image["depth"].values
    # Sorted again, so that picks of a strip stay in the order of the candidates.
    keep = shown[np.sort(thin_by_distance(refined.traces[shown], confidence[shown], min_spacing))]
    keep = keep[refined.coverage[keep] >= MIN_MEASURED_SHARE]
    z0 = refined.traces[keep, 0]
    # The core is open at its base: a depth belongs to one strip only.
    keep = keep[(z0 >= strip.top) & (z0 < strip.base)]
    measured = depth[np.isfinite(values).any(axis=1)]
    keep = keep[centred_within(refined.traces[keep], measured, row_spacing(image))]
    notes = describe(refined, np.asarray(log_at(image, "diameter", refined.traces[:, 0])), image.attrs["dark"])
    amplitude, azimuth = amplitude_azimuth(refined.traces[keep])
    columns = pd.DataFrame(
        {
            "depth_m": refined.traces[keep, 0],
            "class": classes[keep],
            "azimuth_app_deg": azimuth,
            "amplitude_m": amplitude,
            "confidence": confidence[keep],
            **{name: values[keep] for name, values in notes._asdict().items()},
        }
    )
    return columns, refined.traces[keep]
