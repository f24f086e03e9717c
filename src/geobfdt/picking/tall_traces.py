"""Planes whose traces are metres tall, found in an image whose depths are compressed."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit

from geobfdt.geometry import trace_rms
from geobfdt.picking.attributes import dip_per_amplitude, quality_rank
from geobfdt.picking.detector import Detector, TallCalibration
from geobfdt.picking.strip_picks import pick_strips
from geobfdt.runtime.progress import Progress, no_progress
from geobfdt.wells.image import WellImage, log_at, row_spacing, well_image
from geobfdt.wells.picks import PickTable, join_picks, new_picks, traces

__all__ = ["compress_depths", "compression", "join_tall", "tall_calibration", "tall_picks", "tall_rows"]

# Holes that are inclined by so much or more are level: flat-lying beds draw tall traces in them.
_LEVEL_DEG = 60.0
# A trace of 1 to 10 m becomes one of 0.25 to 2.5 m: the network is trained on those. An image with rows over 25 mm is
# compressed more, by as much as its rows are higher.
_COMPRESSION, _FINE_ROW_M = 4.0, 0.025
_COMPRESSED_ROW_M = 0.0125  # Rows of the compressed image are means of as many rows as fit into this.
_MIN_COMPRESSED_HEIGHT_M = 0.15  # Shorter traces are those of the image itself.
# A tall trace is the same as another one within this, or within this share of its height (trace RMS).
_SAME_TRACE_M, _SAME_TRACE_SHARE = 0.03, 0.02
_ROWS_AT_ONCE = 4096

Array = npt.NDArray[np.float64]
Rows = npt.NDArray[np.bool_]


def tall_rows(image: WellImage, detector: Detector, tall: bool | None) -> Rows | None:
    """
    Select the rows of a well where planes with tall traces are looked for.

    Parameters
    ----------
    image : WellImage
        The well; its pixels are not read.
    detector : Detector
        What picks it.
    tall : bool or None
        Whether they are looked for everywhere or nowhere; None for level holes and holes of unknown direction, if the
        detector's confidences were calibrated for tall traces.

    Returns
    -------
    array (rows,) of bool or None
        None if there is no such row.

    Examples
    --------
    >>> from geobfdt.picking.picker import detector_of
    >>> image = well_image(np.zeros((3, 4)), [0.0, 0.1, 0.2], deviation=[50.0, 70.0, np.nan])
    >>> network = detector_of(image)
    >>> tall_rows(image, network, None), tall_rows(image, network, True), tall_rows(image, network, False)
    (array([False,  True,  True]), array([ True,  True,  True]), None)
    """
    if tall is None and detector.tall_calibration is None:
        return None
    deviation = image["deviation"].values
    inclination = np.minimum(deviation, 180 - deviation)
    # An unknown inclination is below no limit.
    rows = ~(inclination < _LEVEL_DEG) if tall is None else np.full(deviation.size, tall)
    return rows if rows.any() else None


def tall_calibration(detector: Detector) -> Mapping[str, TallCalibration]:
    """Return the calibration of tall traces; without one, confidences and thresholds are the detector's own."""
    own = {name: TallCalibration(threshold=threshold) for name, threshold in detector.thresholds.items()}
    return detector.tall_calibration or own


def compression(image: WellImage) -> float:
    """Metres of rock per metre of the compressed image of a well."""
    return _COMPRESSION * max(1.0, row_spacing(image) / _FINE_ROW_M)


def tall_picks(
    image: WellImage,
    rows: Rows,
    detector: Detector,
    min_confidence: float,
    progress: Progress = no_progress,
) -> PickTable:
    """
    Pick planes with tall traces.

    Parameters
    ----------
    image : WellImage
        The well.
    rows : array (rows,) of bool
        Where: rows at which a plane may lie.
    detector : Detector
        What picks the image itself.
    min_confidence : float
        Least confidence of a pick (0 to 1).
    progress : callable, optional
        Called with the share of the well that is picked.

    Returns
    -------
    PickTable
        Picks in order of depth, without dips.

    Notes
    -----
    A hole along bedding crosses beds in traces of metres, along which the contrast fades into that of the rock around.
    With depths compressed, trace and bed are as short as those that the detector looks for. Positions are as good as
    the rows of the compressed image allow, so their standard deviations grow with the compression.

    Examples
    --------
    >>> from geobfdt.picking.hough.hough_detector import HoughDetector
    >>> depth = 0.01 * np.arange(2000)
    >>> plane = 10 + 1.5 * np.cos(np.radians(np.arange(2.5, 360, 5)))
    >>> noise = np.random.default_rng(0).normal(size=(2000, 72))
    >>> image = well_image(noise + 5 * (depth[:, None] > plane), depth, diameter=0.2)
    >>> tall = tall_picks(image, np.full(2000, True), HoughDetector.of(image), 0.3)
    >>> int((abs(tall["amplitude_m"] - 1.5) < 0.1).sum())
    1
    """
    depth, factor = image["depth"].values, compression(image)
    # The rows around show the rest of traces whose planes lie near the ends.
    margin = factor * detector.overlap
    top, base = depth[rows][[0, -1]] + [-margin, margin]
    first, last = np.searchsorted(depth, [top, base])
    if depth[last - 1] - depth[first] < factor * _MIN_COMPRESSED_HEIGHT_M:
        return new_picks()
    compressed = compress_depths(image.isel(depth=slice(int(first), int(last))), factor)
    calibration = tall_calibration(detector)
    # Of a pick with the least confidence here, the detector is surer.
    before = min(float(expit((logit(min_confidence) - one.intercept) / one.slope)) for one in calibration.values())
    table = pick_strips(compressed, detector.for_image(compressed), min_confidence=before, progress=progress).picks
    slopes, intercepts, _ = np.array([calibration[name] for name in table["class"]]).reshape(-1, 3).T
    table["confidence"] = expit(slopes * logit(table["confidence"].to_numpy(float)) + intercepts)
    at = depth[first] + factor * (table["depth_m"].to_numpy(float) - depth[first])
    kept = 2 * table["amplitude_m"].to_numpy(float) >= _MIN_COMPRESSED_HEIGHT_M
    kept &= rows[np.clip(np.searchsorted(depth, at), 0, depth.size - 1)]
    return _of_rock(PickTable(table[kept]), at[kept], image, factor)


def join_tall(picks: PickTable, tall: PickTable) -> PickTable:
    """Join the picks of a well with those of its compressed image; a plane that both have stays as the image has it."""
    own = traces(picks)[np.argsort(picks["depth_m"].to_numpy(), kind="stable")]
    limits = np.maximum(_SAME_TRACE_M, 2 * _SAME_TRACE_SHARE * tall["amplitude_m"].to_numpy(float))
    # The trace RMS of two traces is at least their difference in depth, so only near picks are compared.
    ends = np.searchsorted(own[:, 0], tall["depth_m"].to_numpy(float) + [[-1], [1]] * limits)
    new = [
        bool((trace_rms(own[first:last], trace) > limit).all())
        for trace, limit, first, last in zip(traces(tall), limits, *ends, strict=True)
    ]
    both = join_picks([picks, PickTable(tall[new])])
    return PickTable(both.sort_values("depth_m", kind="stable", ignore_index=True))


def compress_depths(image: WellImage, factor: float) -> WellImage:
    """
    Compress the depths of a well about its first row; what it is in width stays.

    Parameters
    ----------
    image : WellImage
        The well; its pixels may lie in a file.
    factor : float
        Metres of rock per metre of the compressed image. Rows are means of several rows where they would be fine.

    Returns
    -------
    WellImage
        In memory, without the direction of the hole.

    Examples
    --------
    >>> image = well_image(np.arange(8.0)[:, None] + np.zeros((8, 16)), 10 + 0.01 * np.arange(8), diameter=0.2)
    >>> compressed = compress_depths(image, 4.0)
    >>> compressed["image"].values[:, 0].tolist(), compressed["depth"].values.round(4).tolist()
    ([2.0], [10.005])
    """
    depth = image["depth"].values
    count = max(int(_COMPRESSED_ROW_M * factor / row_spacing(image) + 1e-6), 1)
    rows = depth.size // count * count
    middle = depth[:rows].reshape(-1, count).mean(axis=1)
    values = np.empty((rows // count, image.sizes["azimuth"]), np.float32)
    step = max(_ROWS_AT_ONCE // count, 1)
    for first in range(0, len(values), step):
        part = image["image"].isel(depth=slice(first * count, min(first + step, len(values)) * count)).values
        values[first : first + step] = _means(part.reshape(-1, count, part.shape[1]))
    # Rows across a gap of the log have no mean.
    spans = depth[:rows].reshape(-1, count)
    values[spans[:, -1] - spans[:, 0] > 2 * count * row_spacing(image)] = np.nan
    attributes = {name: image.attrs[name] for name in ("well", "reference", "dark")}
    return well_image(
        values,
        depth[0] + (middle - depth[0]) / factor,
        image["azimuth"].values,
        diameter=np.asarray(log_at(image, "diameter", middle)),
        **attributes,
    )


def _means(rows: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
    """Means (n, columns) of rows (n, count, columns), where at least half of them are measured."""
    measured = np.isfinite(rows)
    counts = measured.sum(axis=1)
    sums = np.where(measured, rows, 0.0).sum(axis=1)
    means: npt.NDArray[np.float32] = np.where(2 * counts >= rows.shape[1], sums / np.maximum(counts, 1), np.nan)
    return means.astype(np.float32)


def _of_rock(compressed: PickTable, depth: Array, image: WellImage, factor: float) -> PickTable:
    """Return picks of a compressed image at depths of the well (m, MD), with the heights that they have in rock."""
    amplitude = factor * compressed["amplitude_m"].to_numpy(float)
    diameter = np.asarray(log_at(image, "diameter", depth))
    # The standard deviation of the dip follows from that of the amplitude, which grows with the compression.
    gain = factor * dip_per_amplitude(amplitude, diameter) / dip_per_amplitude(amplitude / factor, diameter)
    sigma_depth = factor * compressed["sigma_depth_m"].to_numpy(float)
    sigma_dip = gain * compressed["sigma_dip_deg"].to_numpy(float)
    kept = ("confidence", "sigma_azimuth_deg", "coverage", "polarity", "continuity", "azimuth_app_deg", "source")
    coverage, continuity = (compressed[name].to_numpy(float) for name in ("coverage", "continuity"))
    return new_picks(
        well=image.attrs["well"],
        reference=image.attrs["reference"],
        status="proposed",
        depth_m=depth,
        class_=compressed["class"].to_numpy(),
        amplitude_m=amplitude,
        sigma_depth_m=sigma_depth,
        sigma_dip_deg=sigma_dip,
        quality=quality_rank(coverage, continuity, sigma_depth, sigma_dip),
        **{name: compressed[name].to_numpy() for name in kept},
    )
