"""Errors of the orientation of picks between programs, and the one with the most evidence on the image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast, get_args

import numpy as np
import numpy.typing as npt

from geobfdt import geometry
from geobfdt.geometry import Reference
from geobfdt.wells.image import WellImage, log_at
from geobfdt.wells.picks import PickTable, traces

__all__ = ["Comparison", "compare", "scale_traces", "trace_versions", "turn_traces"]

Array = npt.NDArray[np.float64]

# A version wins by at least this many standard errors, because over a hundred versions are tried.
MIN_STANDARD_ERRORS = 4.5
# A version has to raise the evidence by this factor: a significant but smaller gain is style, not a mistake.
MIN_GAIN = 1.15


def turn_traces(trace: Array, angle: npt.ArrayLike, mirror: bool = False) -> Array:
    """
    Turn traces about the hole, after mirroring them (``t -> -t``) if `mirror` is set.

    Parameters
    ----------
    trace : array (..., 3)
        ``(z0, a, b)`` (m).
    angle : array broadcast against the traces
        Angle to add to their azimuths (deg).
    mirror : bool
        Count azimuths the other way round first.

    Returns
    -------
    array (..., 3)
        The turned traces.

    Examples
    --------
    >>> turn_traces(np.array([1.0, 0.5, 0.0]), 90.0).round(6)
    array([1. , 0. , 0.5])
    """
    z0, a, b = np.moveaxis(trace, -1, 0)
    b = -b if mirror else b
    c, s = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    return np.stack(np.broadcast_arrays(z0, c * a - s * b, s * a + c * b), axis=-1)


def scale_traces(trace: Array, factor: npt.ArrayLike) -> Array:
    """
    Multiply the amplitudes of traces, at the same depths.

    Examples
    --------
    >>> scale_traces(np.array([1.0, 0.5, 0.0]), 2.0)
    array([1., 1., 0.])
    """
    z0, a, b = np.moveaxis(trace, -1, 0)
    return np.stack(np.broadcast_arrays(z0, a * np.asarray(factor), b * np.asarray(factor)), axis=-1)


def trace_versions(picks: PickTable, image: WellImage) -> dict[str, Array]:
    """
    The picks as given, and as they would be if a known mistake were undone.

    Parameters
    ----------
    picks : PickTable
        Completed picks of the well.
    image : WellImage
        The well.

    Returns
    -------
    dict of str to array (picks, 3)
        Traces (m) by name: ``as given``, ``mirrored``, ``rotated 180`` and by 90 and 270, ``amplitude 0.8`` and other
        factors; where the hole deviates enough for it to matter ``true-for-apparent`` (the apparent columns hold true
        dips), ``apparent-for-true`` (the true columns, from which the trace was made, hold apparent ones) and
        ``reference high_side`` and the like (azimuths counted from another line than the image).

    Examples
    --------
    >>> from geobfdt.wells.image import well_image
    >>> from geobfdt.wells.picks import new_picks
    >>> rows = new_picks(depth_m=[1.0], class_="bedding", amplitude_m=0.1, azimuth_app_deg=0.0)
    >>> list(trace_versions(rows, well_image(np.zeros((3, 4)), [0.0, 1.0, 2.0])))[:5]
    ['as given', 'mirrored', 'rotated 180', 'rotated 90', 'rotated 270']
    """
    trace = traces(picks)
    out = {"as given": trace, "mirrored": turn_traces(trace, 0.0, mirror=True)}
    out |= {f"rotated {angle}": turn_traces(trace, float(angle)) for angle in (180, 90, 270)}
    # If all planes dip in one direction and only part of the turn is measured, a wrong amplitude looks like a shift.
    # Scaled versions are therefore compared, each at its own best depth.
    out |= {f"amplitude {factor:g}": scale_traces(trace, factor) for factor in (0.5, 0.63, 0.8, 1.25, 1.6, 2.0)}
    depth = trace[:, 0]
    deviation, azimuth = log_at(image, "deviation", depth), log_at(image, "hole_azimuth", depth)
    named = image.attrs["reference"]
    if named == "unknown" or not np.isfinite(deviation).any() or np.nanmedian(deviation) < 5:
        return out
    reference = cast(Reference, named)
    dip_app, azimuth_app, dip_true, azimuth_true = (
        picks[name].to_numpy(float) for name in ("dip_app_deg", "azimuth_app_deg", "dip_true_deg", "azimuth_true_deg")
    )
    diameter = picks["diameter_m"].to_numpy(float)

    def make_trace(dip: Array, direction: Array) -> Array:
        # A plane along the hole has no trace.
        return geometry.trace_from_dip(depth, np.where(dip > 89, np.nan, dip), direction, diameter)

    out["true-for-apparent"] = make_trace(
        *geometry.apparent_from_true(dip_app, azimuth_app, deviation, azimuth, reference)
    )
    out["apparent-for-true"] = make_trace(dip_true, azimuth_true)
    for source in get_args(Reference):
        if source != named:
            turn = geometry.convert_azimuth(np.zeros_like(depth), deviation, azimuth, source, reference)
            out[f"reference {source}"] = turn_traces(trace, turn)
    return out


@dataclass(frozen=True)
class Comparison:
    """
    The best of several versions against the first one.

    Parameters
    ----------
    best : int
        Version with the most evidence.
    t : float
        Standard errors of the mean paired difference by which it beats the first.
    gain : float
        Its evidence over that of the first.
    certain : bool
        Whether the best version is not the first, and significantly better.
    tied : list of int
        Versions that do not differ from the best (less than 2 standard errors).
    """

    best: int
    t: float
    gain: float
    certain: bool
    tied: list[int]


def compare(evidence: Array) -> Comparison:
    """
    Compare versions of the same picks, pick by pick.

    Parameters
    ----------
    evidence : array (versions, picks)
        The first version is "as given".

    Returns
    -------
    Comparison
        The best version and how sure that is.

    Examples
    --------
    >>> noise = np.random.default_rng(0).normal(0, 0.2, (3, 50))
    >>> compare(noise + np.array([[0.1], [0.1], [0.8]])).best
    2
    """
    both = np.isfinite(evidence[:1]) & np.isfinite(evidence)
    enough = both.sum(1) >= 10
    if not enough[0]:
        return Comparison(0, 0.0, 1.0, False, [0])
    filled = np.where(both, evidence, 0.0)
    # Each version is compared with the first on the picks that are measured in both.
    gain = (filled - np.where(both, evidence[:1], 0.0)).sum(1) / np.maximum(both.sum(1), 1)
    best = int(np.where(enough, gain, -np.inf).argmax())
    tied = [v for v in range(len(evidence)) if enough[v] and abs(_paired(evidence[best], evidence[v])) < 2]
    t = _paired(evidence[best], evidence[0])
    first = float(np.nanmean(evidence[0]))
    ratio = float((first + gain[best]) / max(first, 0.02))
    return Comparison(best, t, ratio, best != 0 and t > MIN_STANDARD_ERRORS and ratio > MIN_GAIN, tied)


def _paired(one: Array, other: Array) -> float:
    difference = (one - other)[np.isfinite(one - other)]
    if difference.size < 2 or not difference.any():
        return 0.0
    return float(difference.mean() / (difference.std(ddof=1) / np.sqrt(difference.size)))
