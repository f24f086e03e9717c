"""Picking: from an image to its pick table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from geobfdt.model.runtime_names import RuntimeName
from geobfdt.picking.breakouts.find import BreakoutStream
from geobfdt.picking.detector import Detector
from geobfdt.picking.hough.hough_detector import HoughDetector
from geobfdt.picking.row_picks import downgrade_picks_along_rows
from geobfdt.picking.strip_picks import pick_strips
from geobfdt.picking.tall_traces import compression, join_tall, tall_calibration, tall_picks, tall_rows
from geobfdt.picking.unpicked_layers import MIN_UNPICKED_LENGTH_M
from geobfdt.picking.zone_stream import Zone, ZoneStream, unpicked_zones
from geobfdt.quality.image_checks import ImageCheck, add_new_findings
from geobfdt.quality.measured import MeasuredDepths
from geobfdt.quality.stretches import Stretch, stretch_findings
from geobfdt.runtime.findings import Finding, Severity
from geobfdt.runtime.progress import Progress, no_progress, part_of
from geobfdt.wells.breakouts import BreakoutTable, new_breakouts
from geobfdt.wells.image import WellImage, hole_radius, place_of, require_image, row_spacing
from geobfdt.wells.picks import CLASSES, PickTable, complete, new_picks

__all__ = ["PickedWell", "detector_of", "pick", "pick_well", "pick_with_findings"]

_TALL_SHARE = 0.2  # Share of the time that the pass over compressed depths takes, where there is one.

Array = npt.NDArray[np.float64]


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
    tall: bool | None = None,
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
    tall : bool, optional
        Whether planes with traces metres tall are looked for in a pass of its own. Default: with the
        network, where the hole is inclined by 60 degrees or more, or its direction is not known.

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
    picked = pick_well(image, detector, min_confidence=min_confidence, tall=tall, progress=progress)
    return picked.picks, picked.findings


class PickedWell(NamedTuple):
    """
    Result of picking a well.

    Parameters
    ----------
    picks : PickTable
        Pick table.
    judged : PickTable
        Picks at the image's own scale and the detector's own thresholds, whatever `min_confidence` and `tall` are: they
        decide drift, as the reference of a detector is measured with such picks.
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
    tall: bool | None = None,
    progress: Progress = no_progress,
) -> PickedWell:
    """
    Pick planes strip by strip with constant memory, at the scale of the image and, in level holes, at a smaller one.

    Parameters
    ----------
    image, detector, min_confidence, tall, progress
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
    Each row is read once, but for the overlap of strips; see :func:`geobfdt.picking.strip_picks.pick_strips`. Checks of
    the image, measured depths and zones take the rows of a strip as it is loaded; a zone is measured once all strips
    that reach into it are picked. Planes with tall traces are found before, in a pass over depths that are compressed;
    see :mod:`geobfdt.picking.tall_traces`.
    """
    if min_confidence is not None and not 0 <= min_confidence <= 1:
        raise ValueError(f"least confidence {min_confidence} is not within 0 and 1")
    where, tall_table = tall_rows(image, detector, tall), new_picks()
    thresholds = {name: one.threshold for name, one in tall_calibration(detector).items()}
    share = 0.0 if where is None else _TALL_SHARE
    if where is not None:
        least = [*thresholds.values(), *([] if min_confidence is None else [min_confidence])]
        tall_table = tall_picks(image, where, detector, min(least), part_of(progress, 0.0, share))
    # Findings depend on these thresholds, whatever the user asks for.
    sure = _above(tall_table, thresholds)
    tall_depths = sure["depth_m"].to_numpy(float)
    rows_pass = _RowsPass(image, check, textures=check and detector.drift_reference is not None)
    own, judged = pick_strips(
        image,
        detector,
        min_confidence=min_confidence,
        add_rows=rows_pass.add,
        # Zones that end above the base of a strip get no further pick, and can be measured.
        add_picks=lambda depths, base: rows_pass.zones.measure(np.concatenate([depths, tall_depths]), base),
        progress=part_of(progress, share, 1.0),
    )
    shown = sure if min_confidence is None else _above(tall_table, dict.fromkeys(CLASSES, min_confidence))
    table = join_tall(own, shown) if len(shown) else own
    reach = detector.tallest * (1.0 if where is None else compression(image))
    image, measured, zones = rows_pass.checked_image(), rows_pass.measured(), rows_pass.zones.zones
    every, findings = complete(table, image)
    judged = every if judged is table else complete(judged, image)[0]
    picks, row_findings = downgrade_picks_along_rows(every, image)
    findings = [
        *_out_of_reach(image, reach, tall=where is not None),
        *_no_picks_findings(image, len(judged) + len(sure), measured, zones),
        *findings,
        *row_findings,
    ]
    return PickedWell(picks, judged, findings, image, measured, zones, rows_pass.breakouts())


def _above(picks: PickTable, thresholds: Mapping[str, float]) -> PickTable:
    """Select the picks from the threshold of their class."""
    return PickTable(picks[picks["confidence"].to_numpy() >= [thresholds[name] for name in picks["class"]]])


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


def _out_of_reach(image: WellImage, tallest: float, tall: bool) -> list[Finding]:
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
    action = "pick them by hand" if tall else "geobfdt pick --tall finds some of them; pick the others by hand"
    return [Finding(Severity.MAJOR, "out-of-reach", place_of(image), observed, action)]


def _no_picks_findings(
    image: WellImage, count: int, measured: MeasuredDepths, zones_of_well: Sequence[Zone]
) -> list[Finding]:
    """Report zones without one of the picks: there may be no planes, or the picker may miss them."""
    zones, kind = unpicked_zones(zones_of_well), "nothing-found"
    metres = measured.metres
    if not count and metres >= MIN_UNPICKED_LENGTH_M * (1 - 1e-6):
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
