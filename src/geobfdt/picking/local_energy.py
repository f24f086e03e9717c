"""Local energy of profiles across planes: line or step, and the place of its middle."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["local_energy", "nearest_centre"]

Array = npt.NDArray[np.float64]
Floats = npt.NDArray[np.floating[Any]]


def local_energy(profile: Floats, sigma: float) -> npt.NDArray[np.complex128]:
    """
    Local energy of profiles: real part a line (bright +, dark -), imaginary part a step (up +, down -), downwards.

    Parameters
    ----------
    profile : array (n, samples)
        Profiles.
    sigma : float
        Width of the filters (samples).

    Returns
    -------
    array (n, samples)
        Complex responses, with the filters of ``evidence`` in their closed form of Freeman and Adelson.

    Examples
    --------
    >>> int(np.abs(local_energy(np.eye(21)[10:11], 2.0)).argmax())
    10
    """
    size = profile.shape[1]
    x = (np.arange(size)[:, None] - np.arange(size)) / (np.sqrt(2) * max(sigma, 0.7))
    bell = np.exp(-(x**2))
    even, odd = 0.9213 * (1 - 2 * x**2) * bell, 0.9780 * (2.254 * x - x**3) * bell
    # Cut at the profile's ends, a filter would see its level as a line.
    even = even - even.mean(axis=0)
    return np.asarray((profile @ even + 1j * (profile @ odd)) / max(sigma, 0.7))


def nearest_centre(profile: Floats, sigmas: list[float], reach: float) -> Array:
    """
    Position of the line or step nearest to the middle of each profile: a strong peak of local energy.

    Parameters
    ----------
    profile : array (n, samples)
        Profiles.
    sigmas : list of float
        Widths of the filters (samples); the one with the highest response decides.
    reach : float
        Distance from the middle (samples) at which a peak counts for 1/e of what it would count there.

    Returns
    -------
    array (n,)
        Samples from the middle down, between samples by a parabola; 0 where there is no peak.

    Examples
    --------
    >>> nearest_centre(np.eye(21)[[8]], [2.0], 10).round(6)
    array([-2.])
    """
    size = profile.shape[1]
    across = np.arange(size) - size // 2
    each = np.arange(len(profile))
    best, centre = np.zeros(len(profile)), np.zeros(len(profile))
    for sigma in sigmas:
        energy = np.abs(local_energy(profile, sigma))
        peak = np.zeros(energy.shape, dtype=bool)
        peak[:, 1:-1] = (energy[:, 1:-1] >= energy[:, :-2]) & (energy[:, 1:-1] >= energy[:, 2:])
        # Nearness chooses among peaks; it must not draw the chosen one towards the middle.
        top = np.argmax(energy * peak * np.exp(-((across / reach) ** 2)), axis=1)
        top = np.clip(top, 1, size - 2)
        before, here, after = (energy[each, top + i] for i in (-1, 0, 1))
        bend = before - 2 * here + after
        shift = np.where(bend < 0, 0.5 * (before - after) / np.where(bend < 0, bend, -1.0), 0.0)
        strength = here * np.exp(-((across[top] / reach) ** 2)) * peak[each, top]
        stronger = strength > best
        best = np.where(stronger, strength, best)
        centre = np.where(stronger, across[top] + np.clip(shift, -0.5, 0.5), centre)
    return centre
