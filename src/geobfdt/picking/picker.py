"""Picking: from an image to its pick table, strip by strip."""

from __future__ import annotations

import math
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from geobfdt.geometry import amplitude_azimuth, trace_rms
from geobfdt.heap import trim_heap
from geobfdt.model.matching import thin_by_distance
from geobfdt.picking.attributes import describe
from geobfdt.picking.detector import Detector
from geobfdt.picking.hough import HoughDetector
from geobfdt.picking.refine import refine
from geobfdt.picking.row_picks import doubt_picks_along_rows
from geobfdt.preparation.strips import Strip, strips
from geobfdt.wells.findings import Finding, Severity
from geobfdt.wells.image import WellImage, hole_radius, log_at, place_of, row_spacing
from geobfdt.wells.picks import complete, new_picks

__all__ = ["detector_of", "pick", "pick_with_findings"]

_APART = 0.015  # trace RMS within which two refined picks are one (m), or 1.5 rows
_BEYOND = 0.3  # how far beyond a strip's core candidates are refined (m): some move into it, or out
_TOGETHER = 2  # strips worked on at a time, where there may be so many threads
_TRIMMED = 8  # strips after which free memory is handed back
_BARE = 5.0  # m of image without a single plane, from which on it is said
_LEAST_COVERAGE = 0.1  # a pick on less of a measured turn rests on nothing

Array = npt.NDArray[np.float64]


def pick(
    image: WellImage,
    *,
    model: str | Path = "default",
    method: Literal["network", "hough"] = "network",
    runtime: Literal["torch", "onnx"] = "torch",
    min_confidence: float | None = None,
    progress: Callable[[float], None] | None = None,
) -> pd.DataFrame:
    """
    Pick the planes that cross a borehole image.

    Parameters
    ----------
    image : WellImage
        The well; its pixels may lie in a file, they are loaded strip by strip.
    model : str or Path
        Folder of a model bundle; ``default`` is the one that is shipped.
    method : {"network", "hough"}
        How: with a network, or with the classical picker, which needs no training.
    runtime : {"torch", "onnx"}
        What computes the network; ``onnx`` needs ``pip install 'geobfdt[onnx]'``.
    min_confidence : float, optional
        Least confidence of a pick (0 to 1). Default: the method's own threshold for its class.
    progress : callable, optional
        Called with the share of the well that is done.

    Returns
    -------
    DataFrame
        Pick table. Dips are empty where hole diameter, deviation or azimuth reference are unknown.

    Raises
    ------
    InputError
        If the model bundle is damaged, foreign or newer.
    ValueError
        If the method is not known or the confidence is not within 0 and 1.

    Examples
    --------
    >>> from geobfdt.geometry import trace_depth
    >>> from geobfdt.wells.image import well_image
    >>> depth, angles = 50 + 0.005 * np.arange(400), np.arange(2.5, 360, 5)
    >>> plane = trace_depth([51.0, 0.1, 0.0], angles)
    >>> pixels = np.random.default_rng(0).normal(size=(400, 72)) - 5 * np.exp(-(((depth[:, None] - plane) / 0.01) ** 2))
    >>> hole = {"diameter": 0.2, "deviation": 0.0, "hole_azimuth": 0.0}
    >>> picks = pick(well_image(pixels, depth, angles, well="A-1", reference="north", **hole))
    >>> picks[["depth_m", "class", "dip_true_deg", "polarity"]].round(0).to_numpy().tolist()
    [[51.0, 'fracture', 45.0, 'conductive']]
    """
    detector = detector_of(image, model, method, runtime)
    return pick_with_findings(image, detector, min_confidence=min_confidence, progress=progress)[0]


def pick_with_findings(
    image: WellImage,
    detector: Detector,
    *,
    min_confidence: float | None = None,
    progress: Callable[[float], None] | None = None,
) -> tuple[pd.DataFrame, list[Finding]]:
    """
    Pick planes and tell what was assumed on the way.

    Parameters
    ----------
    image, min_confidence, progress
        As in :func:`pick`.
    detector : Detector
        Made for this well; see :func:`detector_of`.

    Returns
    -------
    picks : DataFrame
        Pick table.
    findings : list of Finding
        What the picks lean on.

    Raises
    ------
    ValueError
        If the confidence is not within 0 and 1.
    """
    if min_confidence is not None and not 0 <= min_confidence <= 1:
        raise ValueError(f"least confidence {min_confidence} is not within 0 and 1")
    depth = image["depth"].values
    parts: list[pd.DataFrame] = []
    seam = np.empty((0, 3))
    length, together = _dealt(float(depth[-1] - depth[0]), detector.length)
    cut = strips(image, length, detector.overlap)
    apart = max(_APART, 1.5 * row_spacing(image))
    done = _ahead(lambda strip: _pick_strip(strip, detector, min_confidence, apart), cut, together, detector)
    for number, (strip, (columns, traces)) in enumerate(done, 1):
        if len(seam) and len(traces):
            new = trace_rms(traces[:, None], seam).min(axis=1) >= apart
            columns, traces = columns[new], traces[new]
        parts.append(columns)
        seam = traces[traces[:, 0] >= strip.base - 1.0]
        if number % _TRIMMED == 0:
            trim_heap()
        if progress is not None:
            progress(float(np.clip((strip.base - depth[0]) / max(depth[-1] - depth[0], 1e-9), 0, 1)))
    columns = pd.concat(parts, ignore_index=True)
    picks = new_picks(
        well=image.attrs["well"],
        reference=image.attrs["reference"],
        source=detector.source,
        status="proposed",
        **{name.replace("class", "class_"): columns[name].to_numpy() for name in columns},
    )
    picks, findings = complete(picks, image)
    picks, doubts = doubt_picks_along_rows(picks, image)
    return picks, [*_out_of_reach(image, detector.tallest), *_nothing(image, picks), *findings, *doubts]


def detector_of(
    image: WellImage,
    model: str | Path = "default",
    method: str = "network",
    runtime: Literal["torch", "onnx"] = "torch",
) -> Detector:
    """
    Make the detector of a well.

    Parameters
    ----------
    image, model, method, runtime
        As in :func:`pick`.

    Raises
    ------
    InputError
        If the model bundle is damaged, foreign or newer, or what runs it is not installed.
    ValueError
        If the method or the runtime is not known.
    """
    if method == "hough":
        return HoughDetector.of(image)
    if method != "network":
        raise ValueError(f"picking method {method!r} is not network or hough")
    # Loaded here: PyTorch takes seconds, and the classical picker does without.
    from geobfdt.model.bundle import load_bundle
    from geobfdt.picking.network import NetworkDetector

    return NetworkDetector.of(load_bundle(model), image, runtime)


def _dealt(span: float, longest: float) -> tuple[float, int]:
    """Length of a well's strips (m), and how many are worked on at a time: none is left for a round of its own."""
    if span <= longest:
        return longest, 1
    count = _TOGETHER * math.ceil(span / longest / _TOGETHER)
    # One thread means one core: a machine that picks a well on each core is not asked for more than it has.
    return span / count, 1 if os.environ.get("OMP_NUM_THREADS") == "1" else _TOGETHER


def _ahead(
    work: Callable[[Strip], tuple[pd.DataFrame, Array]], cut: Iterable[Strip], together: int, detector: Detector
) -> Iterator[tuple[Strip, tuple[pd.DataFrame, Array]]]:
    """Strips and what became of them, in order; a few are in memory and worked on at a time."""
    waiting: deque[tuple[Strip, Future[tuple[pd.DataFrame, Array]]]] = deque()
    with detector.shared(together) as join, ThreadPoolExecutor(together, initializer=join) as pool:
        for strip in cut:
            waiting.append((strip, pool.submit(work, strip)))
            if len(waiting) > together:
                first, done = waiting.popleft()
                yield first, done.result()
        for first, done in waiting:
            yield first, done.result()


def _pick_strip(strip: Strip, detector: Detector, least: float | None, apart: float) -> tuple[pd.DataFrame, Array]:
    """Picks whose mid-depth lies in a strip's core, none nearer to another than `apart` (m)."""
    image = strip.image
    top, base = strip.top - _BEYOND, strip.base + _BEYOND
    found = detector.detect(image, top, base)
    wanted = [detector.thresholds[name] if least is None else least for name in found.classes]
    z0 = found.traces[:, 0]
    sure = np.flatnonzero((found.confidence >= wanted) & (z0 >= top) & (z0 < base))
    values, depth, angles = image["image"].values, image["depth"].values, image["azimuth"].values
    classes, confidence = found.classes[sure], found.confidence[sure]
    radius, astray = hole_radius(image), detector.astray
    refined = refine(values, depth, angles, found.traces[sure], radius, astray, classes, confidence)
    keep = np.sort(thin_by_distance(refined.traces, confidence, apart))
    keep = keep[refined.coverage[keep] >= _LEAST_COVERAGE]
    z0 = refined.traces[keep, 0]
    keep = keep[(z0 >= strip.top) & (z0 < strip.base)]
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


def _out_of_reach(image: WellImage, tallest: float) -> list[Finding]:
    """Where the hole runs so level that flat-lying planes draw taller traces than are looked for."""
    tilt = np.radians(np.minimum(image["deviation"].values, 180 - image["deviation"].values))
    rows = np.flatnonzero(hole_radius(image) * np.tan(tilt) > tallest)
    if not rows.size:
        return []
    first, last = image["depth"].values[rows[[0, -1]]]
    seen = f"so level from {first:.1f} to {last:.1f} m that flat-lying planes draw traces over {2 * tallest:.1f} m tall"
    done = "those are not looked for; pick them by hand"
    return [Finding(Severity.MAJOR, "out-of-reach", place_of(image), seen, done)]


def _nothing(image: WellImage, picks: pd.DataFrame) -> list[Finding]:
    """Silence of a picker need not be that of the rock."""
    length = float(np.ptp(image["depth"].values))
    if len(picks) or length < _BARE:
        return []
    rows, columns = row_spacing(image), image.sizes["azimuth"]
    seen = f"no plane in {length:.1f} m of {columns} columns and rows of {1000 * (rows or 0):.0f} mm"
    done = "look before you take it for bare rock: such an image may be too coarse or too strange for the picker"
    return [Finding(Severity.MAJOR, "nothing-found", place_of(image), seen, done)]
