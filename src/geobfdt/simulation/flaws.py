"""Flaws of a recorded image that real bedding shows together: fading, stripes, row offsets, texture, noise."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field
from scipy.signal import lfilter

from geobfdt.simulation.noise import Texture, smooth_series

__all__ = ["Blemishes", "Flaws"]

_RED_SIZES_M = (0.02, 0.08, 0.32)  # Correlation lengths of the textures that red noise is the sum of.
_RED_WEIGHTS = (0.35, 0.55, 0.75)  # Their standard deviations; together they have unit variance.


class Flaws(BaseModel):
    """
    Flaws of a recorded image; contrasts are in units of rock property, as in :class:`Geology`.

    Examples
    --------
    >>> Flaws().any, Flaws(fade=0.5).any
    (False, True)
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    fade: float = Field(0.0, ge=0, le=0.95, description="share of contrast lost on the faintest side of the hole")
    fade_waves: int = Field(1, ge=1, le=4, description="faint sides a turn")
    stripes: float = Field(0.0, ge=0, description="offsets by sector, alike over the depth")
    row_offset: float = Field(0.0, ge=0, description="offsets by row, alike all round the hole")
    row_correlation: float = Field(0.0, ge=0, lt=1, description="correlation of the offsets of neighbouring rows")
    smear: float = Field(0.0, ge=0, description="texture drawn out along rows")
    smear_width: float = Field(0.15, gt=0, le=0.5, description="its length, as a share of the turn")
    row_blur: float = Field(0.0, ge=0, le=5, description="smoothing along the hole (standard deviation in rows)")
    red_noise: float = Field(0.0, ge=0, description="noise that is stronger the larger its scale")
    helix: float = Field(0.0, ge=0, description="diagonal stripes that turn with depth")
    helix_pitch: float = Field(0.2, gt=0, description="depth over which they turn once (m)")
    toolface_error: float = Field(0.0, ge=0, le=30, description="error of the orientation of each row (deg)")

    @property
    def any(self) -> bool:
        """Return whether an image has any flaw."""
        return self != Flaws()


class Blemishes:
    """
    The flaws of one well's image.

    Parameters
    ----------
    flaws : Flaws
        Their strengths.
    depth : array (rows,)
        Depths of the rows of the image (m).
    columns : int
        Columns of the image.
    diameter : float
        Of the hole (m).
    rng : Generator
        Source of randomness.

    Examples
    --------
    >>> depth = 0.01 * np.arange(200)
    >>> blemishes = Blemishes(Flaws(fade=0.8), depth, 16, 0.2, np.random.default_rng(0))
    >>> gain = blemishes.fade(np.ones((200, 16), np.float32), 0, 200)
    >>> round(float(gain.min()), 1), round(float(gain.max()), 1)
    (0.2, 1.0)
    """

    def __init__(
        self, flaws: Flaws, depth: npt.NDArray[np.float64], columns: int, diameter: float, rng: np.random.Generator
    ) -> None:
        self._flaws, self._columns = flaws, columns
        rows, step = depth.size, float(depth[-1] - depth[0]) / max(depth.size - 1, 1)
        self._turn = ((np.arange(columns) + 0.5) * 2 * math.pi / columns).astype(np.float32)
        self._side = (rng.uniform(0, 2 * math.pi) + 0.8 * smooth_series(rng, depth, 8.0)).astype(np.float32)
        # A few sectors differ much, most a little: a tool with one bad sensor is as usual as one that is off all round.
        heavy = rng.standard_normal(columns) * np.exp(0.5 * rng.standard_normal(columns))
        self._stripes = (flaws.stripes * heavy).astype(np.float32)
        self._drift = (1 + 0.4 * smooth_series(rng, depth, 6.0)).astype(np.float32)
        self._offsets = (flaws.row_offset * _correlated(rng, rows, flaws.row_correlation)).astype(np.float32)
        self._smear = Texture(rng, rows, columns, 1.0, max(flaws.smear_width * columns, 1.0))
        arc = math.pi * diameter / columns
        self._red = [
            (np.float32(weight), Texture(rng, rows, columns, max(size / step, 1), max(size / arc, 1)))
            for size, weight in zip(_RED_SIZES_M, _RED_WEIGHTS, strict=True)
        ]
        self._helix = (2 * math.pi * (depth - depth[0]) / flaws.helix_pitch).astype(np.float32)
        errors = flaws.toolface_error * _correlated(rng, rows, 0.6)
        self._shift = np.rint(errors / 360 * columns).astype(np.int64)

    def fade(self, image: npt.NDArray[np.float32], first: int, last: int) -> npt.NDArray[np.float32]:
        """Contrast of rows `first` to `last` as the faint side leaves it, and rows out of orientation."""
        flaws = self._flaws
        if flaws.toolface_error:
            column = (np.arange(self._columns) - self._shift[first:last, None]) % self._columns
            image = np.take_along_axis(image, column, axis=1)
        if flaws.fade:
            wave = 0.5 - 0.5 * np.cos(flaws.fade_waves * self._turn - self._side[first:last, None])
            image = image * (1 - np.float32(flaws.fade) * wave)
        return image

    def added(self, first: int, last: int) -> npt.NDArray[np.float32]:
        """Values that the flaws add to rows `first` to `last`: array (rows, columns)."""
        flaws = self._flaws
        out = np.zeros((last - first, self._columns), np.float32)
        if flaws.stripes:
            out += self._stripes * self._drift[first:last, None]
        if flaws.row_offset:
            out += self._offsets[first:last, None]
        if flaws.smear:
            out += np.float32(flaws.smear) * self._smear.block(first, last)
        if flaws.red_noise:
            for weight, texture in self._red:
                out += np.float32(flaws.red_noise) * weight * texture.block(first, last)
        if flaws.helix:
            out += np.float32(flaws.helix) * np.cos(self._turn - self._helix[first:last, None])
        return out


def _correlated(rng: np.random.Generator, count: int, correlation: float) -> npt.NDArray[np.float64]:
    """Series of unit variance in which each value has that correlation with the next."""
    noise = rng.standard_normal(count)
    if correlation == 0:
        return noise
    noise[1:] *= math.sqrt(1 - correlation**2)
    return np.asarray(lfilter([1.0], [1.0, -correlation], noise))
