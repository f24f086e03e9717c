"""Augmentation as published: it changes pixel values of windows, and no positions."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from geobfdt.preparation.network_grid import MIDDLE_VALUE

__all__ = ["change_values_as_published"]

_PROBABILITY = 0.3  # Probability of each change.

Array = npt.NDArray[np.float64]


def change_values_as_published(grid: npt.NDArray[np.uint8], rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """
    Change the pixel values of a window at random: colour jitter, blur, sharpen, emboss, median, noise.

    The kinds of change are those published; their probabilities and strengths are not published, and are guesses.

    Parameters
    ----------
    grid : array (rows, columns)
        uint8, as in :class:`geobfdt.preparation.network_grid.NetworkGrid`.
    rng : Generator
        Source of randomness.

    Returns
    -------
    array (rows, columns)
        A new grid, measured (1 to 255) where the given one is, else 0.

    Examples
    --------
    >>> changed = change_values_as_published(np.tile(np.uint8([0, 100, 200]), (3, 1)), np.random.default_rng(0))
    >>> (changed > 0).tolist()[0]
    [False, True, True]
    """
    measured = grid > 0
    # Unmeasured pixels take the mean meanwhile, so that filters draw no dark edge around gaps.
    image = np.where(measured, grid, MIDDLE_VALUE).astype(float)
    for change in (_jittered, _blurred, _sharpened, _embossed, _median, _noisy):
        if rng.random() < _PROBABILITY:
            image = change(image, rng)
    return np.where(measured, np.clip(np.rint(image), 1, 255), 0).astype(np.uint8)


def _jittered(image: Array, rng: np.random.Generator) -> Array:
    """Brightness and contrast."""
    return (image - MIDDLE_VALUE) * rng.uniform(0.7, 1.3) + MIDDLE_VALUE * rng.uniform(0.8, 1.2)


def _blurred(image: Array, rng: np.random.Generator) -> Array:
    return np.asarray(ndimage.gaussian_filter(image, rng.uniform(0.3, 1.5), mode="nearest"))


def _sharpened(image: Array, rng: np.random.Generator) -> Array:
    """Unsharp mask: add a multiple of the difference from a blurred image."""
    soft: Array = ndimage.gaussian_filter(image, 1.0, mode="nearest")
    return image + rng.uniform(0.3, 1.5) * (image - soft)


def _embossed(image: Array, rng: np.random.Generator) -> Array:
    """Emboss: add the slope along the diagonal, by little, since more would move lines by over a row."""
    diagonal = np.array([[-1.0, -1, 0], [-1, 0, 1], [0, 1, 1]])
    slope: Array = ndimage.correlate(image, diagonal, mode="nearest")
    return image + rng.uniform(0.05, 0.2) * slope


def _median(image: Array, rng: np.random.Generator) -> Array:
    return np.asarray(ndimage.median_filter(image, size=int(rng.choice([3, 5])), mode="nearest"))


def _noisy(image: Array, rng: np.random.Generator) -> Array:
    return image + rng.normal(0, rng.uniform(2, 15), image.shape)
