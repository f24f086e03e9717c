"""Picking: from an image to its pick table, strip by strip."""

from __future__ import annotations

import math
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from geobfdt.geometry import amplitude_azimuth, trace_rms
from geobfdt.model.matching import thin_by_distance
from geobfdt.model.runtime_names import RuntimeName
from geobfdt.picking.attributes import describe
from geobfdt.picking.breakouts.find import BreakoutStream
from geobfdt.picking.centres import centred_within
from geobfdt.picking.detector import Detector
from geobfdt.picking.hough.hough_detector import HoughDetector
from geobfdt.picking.refinement import Refined, refine
from geobfdt.picking.row_picks import downgrade_picks_along_rows
from geobfdt.picking.unpicked_layers import MIN_UNPICKED_LENGTH_M
from geobfdt.picking.zone_stream import Zone, ZoneStream, unpicked_zones
from geobfdt.preparation.strips import Strip, strips
from geobfdt.quality.image_checks import ImageCheck, add_new_findings
from geobfdt.quality.measured import MIN_MEASURED_SHARE, MeasuredDepths
from geobfdt.quality.stretches import Stretch, stretch_findings
from geobfdt.runtime.findings import Finding, Severity
from geobfdt.runtime.heap import trim_heap
from geobfdt.runtime.progress import Progress, no_progress
from geobfdt.wells.breakouts import BreakoutTable, new_breakouts
from geobfdt.wells.image import WellImage, hole_radius, log_at, place_of, require_image, row_spacing
from geobfdt.wells.picks import PickTable, complete, new_picks

__all__ = ["PickedWell", "detector_of", "pick", "pick_well", "pick_with_findings"]

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


def pick(
    image: WellImage,
    *,
    model: str | Path = "default",
    method: Literal["network", "hough"] = "network",
    runtime: RuntimeName = "auto",
    min_confidence: float | None = None,
    progress: Progress = no_progress,
) -> PickTable:
    """
    Pick the planes that cross a borehole image.

    Parameters
    ----------
    image : WellImage
        The well; its pixels may lie in a file, they are loaded strip by strip.
    model : str or Path
        Folder of a model bundle; ``default`` is the one that is shipped.
    method : {"network", "hough"}
        Picker: a network, or the classical picker, which needs no training.
    runtime : {"auto", "torch", "numba", "onnx"}
        Runtime of the network. ``auto`` takes compiled kernels for wells that are long enough where Numba is installed
        (``pip install 'geobfdt[fast]'``), else PyTorch; ``onnx`` needs ``pip install 'geobfdt[onnx]'``.
    min_confidence : float, optional
        Least confidence of a pick (0 to 1). Default: the method's own threshold for its class.
    progress : callable, optional
        Called with the share of the well that is picked.

    Returns
    -------
    PickTable
        Pick table. Dips are empty where hole diameter, deviation or azimuth reference are unknown.

    Raises
    ------
    InputError
        If the model bundle is damaged, foreign or newer.
    ValueError
        If the method is unknown or the confidence is not within 0 and 1.
    TypeError
        If the image is no WellImage.

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
    require_image(image)
    detector = detector_of(image, model, method, runtime)
    return pick_with_findings(image, detector, min_confidence=min_confidence, progress=progress)[0]


def pick_with_findings(
    image: WellImage,
    detector: Detector,
    *,
    min_confidence: float | None = None,
    progress: Progress = no_progress,
) -> tuple[PickTable, list[Finding]]:
    """
    Pick planes, and report what the picks depend on.

    Parameters
    ----------
    image, min_confidence, progress
        As in :func:`pick`.
    detector : Detector
        Made for this well; see :func:`detector_of`.

    Returns
    -------
    picks : PickTable
        Pick table.
    findings : list of Finding
        Findings that the picks depend on.

    Raises
    ------
    ValueError
        If the confidence is not within 0 and 1.
    """
    picked = pick_well(image, detector, min_confidence=min_confidence, progress=progress)
    return picked.picks, picked.findings


class PickedWell(NamedTuple):
    """
    Result of picking a well.

    Parameters
    ----------
    picks : PickTable
        Pick table.
    judged : PickTable
        Picks at the detector's own thresholds, whatever `min_confidence` is: they decide drift and zones without picks.
    findings : list of Finding
        Findings that the picks depend on.
    image : WellImage
        The well, with the findings of its checks if `check` is set.
    measured : MeasuredDepths
        Its measured depths.
    zones : list of Zone
        Its zones, with textures if `check` is set and the detector has a drift reference.
    breakouts : BreakoutTable
        Breakouts and induced fractures; empty unless `check` is set.
    """

    picks: PickTable
    judged: PickTable
    findings: list[Finding]
    image: WellImage
    measured: MeasuredDepths
    zones: list[Zone]
    breakouts: BreakoutTable


def pick_well(
    image: WellImage,
    detector: Detector,
    *,
    min_confidence: float | None = None,
    check: bool = False,
    progress: Progress = no_progress,
) -> PickedWell:
    """
    Pick planes strip by strip with constant memory.

    Parameters
    ----------
    image, detector, min_confidence, progress
        As in :func:`pick_with_findings`.
    check : bool
        Whether the image is checked, breakouts are looked for, and zones are measured for drift, in the same pass over
        the pixels. An image that has been checked before is not checked again.

    Raises
    ------
    ValueError
        If the confidence is not within 0 and 1.

    Notes
    -----
    Strips overlap, so that each plane lies in the core of one strip with all its surroundings. The detector proposes
    candidates; those above the threshold are refined on the image's own pixels, and of refined picks closer than 15 mm
    or 1.5 rows the more confident one is kept. A pick belongs to the strip whose core holds its mid-depth. Picks beside
    a seam are compared with those of the strip above, so that no plane is picked twice.

    Each row is read once, but for the overlap of strips. Checks of the image, measured depths and zones take the rows
    of a strip as it is loaded; a zone is measured once all strips that reach into it are picked.
    """
    if min_confidence is not None and not 0 <= min_confidence <= 1:
        raise ValueError(f"least confidence {min_confidence} is not within 0 and 1")
    depth = image["depth"].values
    length, strips_at_once = _plan_strips(float(depth[-1] - depth[0]), detector.length)
    rows_pass = _RowsPass(image, check, textures=check and detector.drift_reference is not None)
    strips_of_well = strips(image, length, detector.overlap, rows_pass.add)
    min_spacing = max(_MIN_PICK_SPACING_M, _MIN_PICK_SPACING_ROWS * row_spacing(image))
    # Findings are judged by the picks at the detector's own thresholds, which the first table holds. A least
    # confidence that the user gives has a second one.
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
        # Zones that end above the base of this strip get no further pick, and can be measured.
        rows_pass.zones.measure(tables[0].depths, base)
        if number % _STRIPS_PER_TRIM == 0:
            trim_heap()
        progress(float(np.clip((base - depth[0]) / max(depth[-1] - depth[0], 1e-9), 0, 1)))
    image, measured, zones = rows_pass.checked_image(), rows_pass.measured(), rows_pass.zones.zones
    picks, findings = complete(tables[-1].picks(image, detector.source), image)
    judged = picks if len(tables) == 1 else complete(tables[0].picks(image, detector.source), image)[0]
    picks, row_findings = downgrade_picks_along_rows(picks, image)
    return PickedWell(
        picks,
        judged,
        [
            *_out_of_reach(image, detector.tallest),
            *_no_picks_findings(image, judged, measured, zones),
            *findings,
            *row_findings,
        ],
        image,
        measured,
        zones,
        rows_pass.breakouts(),
    )


class _RowsPass:
    """All that one pass over the rows of a well is for beside its picks."""

    def __init__(self, image: WellImage, check: bool, textures: bool) -> None:
        self._image = image
        self._check = ImageCheck(image) if check else None
        self._shares: list[Array] = []
        self._breakouts = BreakoutStream(image) if check else None
        self.zones = ZoneStream(image, textures)

    def add(self, rows: WellImage) -> None:
        """Take in the next rows."""
        pixels = rows["image"].values
        self._shares.append(np.isfinite(pixels).mean(axis=1))
        self.zones.add(rows)
        if self._check is not None:
            self._check.add(pixels)
        if self._breakouts is not None:
            self._breakouts.add(rows)

    def checked_image(self) -> WellImage:
        """Return the well with the findings of its checks, once the last row is added."""
        return self._image if self._check is None else add_new_findings(self._image, self._check.findings())

    def breakouts(self) -> BreakoutTable:
        """Return breakouts and induced fractures, once the last row is added."""
        return new_breakouts() if self._breakouts is None else self._breakouts.table()

    def measured(self) -> MeasuredDepths:
        """Return the measured depths, once the last row is added."""
        return MeasuredDepths.of_shares(self._image, np.concatenate(self._shares))


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


def detector_of(
    image: WellImage,
    model: str | Path = "default",
    method: str = "network",
    runtime: RuntimeName = "auto",
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
    from geobfdt.model.registry import load_model
    from geobfdt.picking.network_detector import NetworkDetector

    return NetworkDetector.of(load_model(model), image, runtime)


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


def _out_of_reach(image: WellImage, tallest: float) -> list[Finding]:
    """Report where the hole is so level that flat-lying planes have taller traces than the detector looks for."""
    tilt = np.radians(np.minimum(image["deviation"].values, 180 - image["deviation"].values))
    # A flat plane in a hole with inclination i has the amplitude r tan i.
    rows = np.flatnonzero(hole_radius(image) * np.tan(tilt) > tallest)
    if not rows.size:
        return []
    first, last = image["depth"].values[rows[[0, -1]]]
    observed = (
        f"so level from {first:.1f} to {last:.1f} m that flat-lying planes draw traces over {2 * tallest:.1f} m tall"
    )
    action = "geobfdt pick --tall finds some of them; pick the others by hand"
    return [Finding(Severity.MAJOR, "out-of-reach", place_of(image), observed, action)]


def _no_picks_findings(
    image: WellImage, judged: PickTable, measured: MeasuredDepths, zones_of_well: Sequence[Zone]
) -> list[Finding]:
    """Report zones without a pick: there may be no planes, or the picker may miss them."""
    zones, kind = unpicked_zones(zones_of_well), "nothing-found"
    metres = measured.metres
    if not len(judged) and metres >= MIN_UNPICKED_LENGTH_M * (1 - 1e-6):
        layered = float(zones.loc[zones["layered"].astype(bool), "length_m"].sum())
        observed = f"no plane in {metres:.1f} m of {image.sizes['azimuth']} columns and rows of "
        observed += f"{1000 * row_spacing(image):.0f} mm" + (f"; {layered:.1f} m of it show layers" if layered else "")
        action = (
            "check it before you take it for bare rock: the image may be too coarse or too unlike the training images"
        )
        return [Finding(Severity.MAJOR, kind, place_of(image), observed, action)]
    findings = []
    for layered_too, severity, words, action in (
        (
            True,
            Severity.MAJOR,
            "no plane, although the image shows layers",
            "check the image there, and pick them by hand",
        ),
        (False, Severity.MINOR, "no plane, and no clear layers", "check the image before you take it for bare rock"),
    ):
        some = zones[zones["layered"] == layered_too]
        stretches = [
            Stretch(first, last, top, base)
            for first, last, top, base in (
                (*run["number"].iloc[[0, -1]].tolist(), run["top_m"].iloc[0], run["base_m"].iloc[-1])
                for _, run in some.groupby((some["number"].diff() != 1).cumsum())
            )
        ]
        findings += stretch_findings(stretches, severity, kind, partial(_describe_stretch, words), action)
    return findings


def _describe_stretch(words: str, stretch: Stretch) -> str:
    return f"{words}, in {stretch.length:.1f} m"
