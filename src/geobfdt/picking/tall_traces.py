"""Planes whose traces are metres tall, found in an image whose depths are compressed."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from geobfdt.geometry import trace_rms
from geobfdt.picking.attributes import dip_per_amplitude, quality_rank
from geobfdt.picking.detector import Detector
from geobfdt.picking.picker import PickedWell, pick_well
from geobfdt.runtime.progress import Progress, no_progress
from geobfdt.wells.image import WellImage, log_at, row_spacing, well_image
from geobfdt.wells.picks import PickTable, complete, join_picks, new_picks, traces

__all__ = ["add_tall_traces", "compress_depths"]

# A trace of 1 to 10 m becomes one of 0.25 to 2.5 m: the network is trained on those. An image with rows over 25 mm is
# compressed more, by as much as its rows are higher.
_COMPRESSION, _FINE_ROW_M = 4.0, 0.025
_COMPRESSED_ROW_M = 0.0125  # Rows of the compressed image are means of as many rows as fit into this.
_MIN_COMPRESSED_HEIGHT_M = 0.15  # Shorter traces are those of the image itself.
# A tall trace is the same as another one within this, or within this share of its height (trace RMS).
_SAME_TRACE_M, _SAME_TRACE_SHARE = 0.03, 0.02
_ROWS_AT_ONCE = 4096

Array = npt.NDArray[np.float64]


def add_tall_traces(
    picked: PickedWell, detector: Detector, min_confidence: float | None = None, progress: Progress = no_progress
) -> PickedWell:
    """
    Add planes with tall traces to the picks of a well.

    Parameters
    ----------
    picked : PickedWell
        Well and picks.
    detector : Detector
        What picked it.
    min_confidence : float, optional
        Least confidence of a pick. Default: the detector's own.
    progress : callable, optional
        Called with the share of the well that is picked.

    Returns
    -------
    PickedWell
        With the added picks, in order of depth. Picks that are there stay as they are.

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
    >>> detector = HoughDetector.of(image)
    >>> tall = add_tall_traces(pick_well(image, detector), detector).picks
    >>> int((abs(tall["amplitude_m"] - 1.5) < 0.1).sum())
    1
    """
    image = picked.image
    factor = _COMPRESSION * max(1.0, row_spacing(image) / _FINE_ROW_M)
    compressed = compress_depths(image, factor)
    of_compressed = pick_well(
        compressed, detector.for_image(compressed), min_confidence=min_confidence, progress=progress
    )
    picks = _with_tall(picked.picks, of_compressed.picks, image, factor)
    judged = _with_tall(picked.judged, of_compressed.judged, image, factor)
    return picked._replace(picks=picks, judged=judged)


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


def _with_tall(picks: PickTable, of_compressed: PickTable, image: WellImage, factor: float) -> PickTable:
    """Join the picks of a well with those of its compressed image."""
    tall = of_compressed[2 * of_compressed["amplitude_m"] >= _MIN_COMPRESSED_HEIGHT_M]
    top = float(image["depth"].values[0])
    depth = top + factor * (tall["depth_m"].to_numpy(float) - top)
    amplitude = factor * tall["amplitude_m"].to_numpy(float)
    diameter = np.asarray(log_at(image, "diameter", depth))
    # The standard deviation of the dip follows from that of the amplitude, which grows with the compression.
    gain = factor * dip_per_amplitude(amplitude, diameter) / dip_per_amplitude(amplitude / factor, diameter)
    sigma_depth = factor * tall["sigma_depth_m"].to_numpy(float)
    sigma_dip = gain * tall["sigma_dip_deg"].to_numpy(float)
    kept = ("confidence", "sigma_azimuth_deg", "coverage", "polarity", "continuity")
    coverage, continuity = (tall[name].to_numpy(float) for name in ("coverage", "continuity"))
    table = new_picks(
        well=image.attrs["well"],
        reference=image.attrs["reference"],
        source=tall["source"].to_numpy(),
        status="proposed",
        depth_m=depth,
        class_=tall["class"].to_numpy(),
        azimuth_app_deg=tall["azimuth_app_deg"].to_numpy(),
        amplitude_m=amplitude,
        sigma_depth_m=sigma_depth,
        sigma_dip_deg=sigma_dip,
        quality=quality_rank(coverage, continuity, sigma_depth, sigma_dip),
        **{name: tall[name].to_numpy() for name in kept},
    )
    if len(picks) and len(table):
        apart = trace_rms(traces(table)[:, None], traces(picks)).min(axis=1)
        new = apart > np.maximum(_SAME_TRACE_M, _SAME_TRACE_SHARE * 2 * amplitude)
        table = PickTable(table[new].reset_index(drop=True))
    both = join_picks([picks, complete(table, image)[0]])
    return PickTable(both.sort_values("depth_m", kind="stable", ignore_index=True))
