"""Attributes of a picked plane: coverage, polarity, continuity, standard deviations and quality."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from geobfdt.picking.refinement import Refined, centre_energy
from geobfdt.picking.uncertainty import deviations

__all__ = ["Description", "describe", "dip_per_amplitude", "plane_sigmas", "quality_rank"]

_MIN_CORRELATION = 0.4  # Correlation with the mean profile from which a piece of a trace is visible.
_MIN_LINE_SHARE = 0.5  # Share of local energy that is line, and not step, from which a plane has a polarity.

# Quality, least coverage, least continuity, largest sigma of depth (m) and of dip (deg), from worse to better.
_RANKS = (("C", 0.2, 0.3, 0.040, 10.0), ("B", 0.4, 0.5, 0.020, 5.0), ("A", 0.6, 0.7, 0.008, 2.0))

Array = npt.NDArray[np.float64]


class Description(NamedTuple):
    """
    Columns of a pick table, one value a plane.

    Parameters
    ----------
    sigma_depth_m, sigma_dip_deg, sigma_azimuth_deg : array (n,)
        Standard deviations; NaN where unknown.
    coverage : array (n,)
        Share of the turn that was measured.
    polarity : array (n,) of str
        ``conductive`` or ``resistive`` for a line; empty for a step, which is neither.
    continuity : array (n,)
        Share of the measured trace that is visible.
    quality : array (n,) of str
        A (best) to D.
    """

    sigma_depth_m: Array
    sigma_dip_deg: Array
    sigma_azimuth_deg: Array
    coverage: Array
    polarity: npt.NDArray[np.str_]
    continuity: Array
    quality: npt.NDArray[np.str_]


def describe(refined: Refined, diameter: Array, dark: str) -> Description:
    """
    Describe refined planes.

    Parameters
    ----------
    refined : Refined
        Traces with their fits.
    diameter : array (n,)
        Hole diameter (m), NaN where unknown.
    dark : {"low", "high"}
        Which values are conductive.

    Returns
    -------
    Description
        Columns of a pick table.
    """
    sigma_depth, sigma_dip, sigma_azimuth = plane_sigmas(refined.traces, refined.covariance, diameter)
    measured = np.isfinite(refined.agreement)
    visible = (np.nan_to_num(refined.agreement, nan=-1.0) >= _MIN_CORRELATION).sum(axis=1)
    continuity = visible / np.maximum(measured.sum(axis=1), 1)
    energy = centre_energy(refined)
    line = energy.real**2 >= _MIN_LINE_SHARE * np.abs(energy) ** 2
    sign = -1.0 if dark == "low" else 1.0
    polarity = np.where(line, np.where(sign * energy.real > 0, "conductive", "resistive"), "")
    quality = quality_rank(refined.coverage, continuity, sigma_depth, sigma_dip)
    return Description(sigma_depth, sigma_dip, sigma_azimuth, refined.coverage, polarity, continuity, quality)


def plane_sigmas(traces: Array, covariance: Array, diameter: Array) -> tuple[Array, Array, Array]:
    """
    Standard deviations of depth, apparent dip and azimuth from the covariance of ``(z0, a, b)``.

    Parameters
    ----------
    traces : array (n, 3)
        ``(z0, a, b)`` (m).
    covariance : array (n, 3, 3)
        Covariances (m^2).
    diameter : array (n,)
        Hole diameter (m).

    Returns
    -------
    depth, dip, azimuth : array (n,)
        (m, deg, deg). First-order propagation; the azimuth's is held at that of no knowledge at all, 104 deg,
        and the dip's at 90. NaN where the covariance is infinite or, for the dip, the diameter unknown.

    Examples
    --------
    >>> depth, dip, azimuth = plane_sigmas(np.array([[5.0, 0.1, 0.0]]), np.eye(3)[None] * 1e-6, np.array([0.2]))
    >>> depth, dip, azimuth
    (array([0.001]), array([0.2865]), array([0.573]))
    """
    amplitude = np.maximum(np.hypot(traces[:, 1], traces[:, 2]), 1e-9)
    finite_fit = np.asarray(np.isfinite(covariance).all(axis=(1, 2)))
    finite = np.where(finite_fit[:, None, None], covariance, 0.0)
    depth, along, across = np.where(finite_fit[:, None], deviations(finite, traces), np.nan).T
    dip = np.minimum(np.degrees(along * dip_per_amplitude(amplitude, diameter)), 90.0)
    azimuth = np.minimum(np.degrees(across / amplitude), 360 / np.sqrt(12))
    return depth, dip, azimuth


def dip_per_amplitude(amplitude: Array, diameter: Array) -> Array:
    """
    Change of the apparent dip per change of the amplitude of a trace (rad/m).

    Parameters
    ----------
    amplitude, diameter : array (n,)
        (m).

    Examples
    --------
    >>> dip_per_amplitude(np.array([0.0, 0.1]), np.array([0.2, 0.2]))
    array([10.,  5.])
    """
    return (2 / diameter) / (1 + (2 * amplitude / diameter) ** 2)


def quality_rank(coverage: Array, continuity: Array, sigma_depth: Array, sigma_dip: Array) -> npt.NDArray[np.str_]:
    """
    Rank planes A to D.

    ======  ========  ==========  ===========  =========
    rank    coverage  continuity  sigma depth  sigma dip
    ======  ========  ==========  ===========  =========
    A       >= 0.6    >= 0.7      <= 8 mm      <= 2 deg
    B       >= 0.4    >= 0.5      <= 20 mm     <= 5 deg
    C       >= 0.2    >= 0.3      <= 40 mm     <= 10 deg
    D       anything else
    ======  ========  ==========  ===========  =========

    Where the diameter is unknown, the dip's sigma is NaN and has no limit.

    Parameters
    ----------
    coverage, continuity : array (n,)
        Shares.
    sigma_depth, sigma_dip : array (n,)
        (m, deg).

    Returns
    -------
    array (n,) of str
        Ranks.

    Examples
    --------
    >>> quality_rank(np.array([0.8, 0.5]), np.array([0.9, 0.9]), np.array([0.002, 0.002]), np.array([1.0, np.nan]))
    array(['A', 'B'], dtype='<U1')
    """
    rank = np.full(coverage.shape, "D")
    for name, share, visible, depth, dip in _RANKS:
        good = (coverage >= share) & (continuity >= visible) & (sigma_depth <= depth)
        rank[good & ~(sigma_dip > dip)] = name
    return rank
