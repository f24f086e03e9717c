"""Sensor of a tool: point spread, pads and gaps, gains, noise, stick and slip."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter1d

from geobfdt.simulation.flaws import Blemishes
from geobfdt.simulation.hole import Hole
from geobfdt.simulation.noise import Texture, smooth_series
from geobfdt.simulation.tools import TOOLS
from geobfdt.simulation.well_settings import WellSettings

__all__ = ["Sensor"]

Array = npt.NDArray[np.float64]
DEAD_VALUE = -2.5  # Rock property that a dead button reads.
HARMONICS = 6  # Number of waves round the hole that the noise of a row is made of.


class Sensor:
    """
    A tool on its way up a hole.

    Parameters
    ----------
    settings : WellSettings
        Tool and its faults.
    hole : Hole
        The hole on the grid of the wall, which is finer than the image for tools that average.
    rng : Generator
        Source of randomness.

    Examples
    --------
    >>> from geobfdt.simulation.hole import draw_hole
    >>> settings, rng = WellSettings(tool="fms", columns=90), np.random.default_rng(0)
    >>> hole = draw_hole(settings, 1000 + 0.00254 * np.arange(800), 90, rng)
    >>> image = Sensor(settings, hole, rng).measure(np.zeros((800, 90), np.float32), 0, 0, 800)
    >>> image.shape, 0.2 < np.isfinite(image).mean() < 0.4
    ((800, 90), True)
    """

    def __init__(self, settings: WellSettings, hole: Hole, rng: np.random.Generator) -> None:
        self._settings, self._hole, self._tool = settings, hole, TOOLS[settings.tool]
        down, round_ = self._tool.oversampling
        depth = hole.depth[::down]
        self._rows, self._columns = depth.size, hole.angle.size // round_
        self._noise_rng = rng.spawn(1)[0]
        # Width of the blur (m); the filter needs one above 0.
        blur = max(self._tool.blur * settings.blur, 1e-6)
        row_blur = settings.flaws.row_blur * down  # Width in rows of the wall.
        self._blur = (math.hypot(blur / hole.step, row_blur), blur / (math.pi * settings.diameter / hole.angle.size))
        #: Standard deviation of each wave that a row's noise is made of.
        self.row_noise = 0.4 * self._tool.row_noise * settings.row_noise
        self._slip = _stick_slip(settings.stick_slip, hole, rng)
        self._shade = _shading(self._tool.shading * settings.streaks, depth, rng)
        t = np.radians((np.arange(self._columns) + 0.5) * 360 / self._columns)
        waves = [np.ones(self._columns)] + [turn(k * t) for k in range(1, HARMONICS + 1) for turn in (np.cos, np.sin)]
        self._waves = np.stack(waves).astype(np.float32)
        self._streaks = Texture(rng, self._rows, self._columns, max(0.6 / (hole.step * down), 1), 1.5)
        if self._tool.pads:
            self._fit_pads(depth, rng)
        segments = max(self._tool.pads * self._tool.segments, 1)
        shifts = rng.normal(0, settings.pad_offset / hole.step, segments)
        self._shifts = np.rint(shifts - shifts.mean()).astype(np.int32)
        self._blemishes: Blemishes | None = None
        if settings.flaws.any:
            self._blemishes = Blemishes(settings.flaws, depth, self._columns, settings.diameter, rng.spawn(1)[0])
        #: Rows of wall needed above and below a block.
        self.margin = math.ceil(4 * self._blur[0]) + int(np.abs(self._slip).max()) + int(np.abs(self._shifts).max()) + 2

    def _fit_pads(self, depth: Array, rng: np.random.Generator) -> None:
        settings, tool = self._settings, self._tool
        buttons, segments = tool.pads * tool.buttons, tool.pads * tool.segments
        self._turn = rng.random() + settings.rotation * (depth - depth[0]) + 0.02 * smooth_series(rng, depth, 3.0)
        spread = settings.gain_spread
        of_segment = np.repeat(np.arange(segments), buttons // segments)
        gain = np.exp(0.5 * spread * rng.standard_normal(buttons) + spread * rng.standard_normal(segments)[of_segment])
        offset = spread * (rng.standard_normal(buttons) + rng.standard_normal(segments)[of_segment])
        dead = rng.random(buttons) < settings.dead_buttons
        self._gain = np.where(dead, 0.0, gain).astype(np.float32)
        self._offset = np.where(dead, DEAD_VALUE, offset).astype(np.float32)
        drifts = [smooth_series(rng, depth, 2.0) for _ in range(segments)]
        self._drift = (spread * np.stack(drifts, axis=1)).astype(np.float32)
        self._segment = of_segment.astype(np.int32)

    def measure(self, wall: npt.NDArray[np.float32], begin: int, first: int, last: int) -> npt.NDArray[np.float32]:
        """
        Record image rows `first` to `last` (excluded); rows are recorded once, in order, each with its own noise.

        Parameters
        ----------
        wall : array (rows of wall, columns of wall)
            Wall around those rows, with :attr:`margin` on both sides unless it ends.
        begin : int
            Row of the hole where `wall` begins.
        first, last : int
            Rows of the image.

        Returns
        -------
        array (last - first, columns)
            What is recorded; NaN where no pad passes.
        """
        image = self.sense(wall, begin, first, last)
        tool, settings = self._tool, self._settings
        shape = image.shape
        rng = self._noise_rng
        white = rng.standard_normal(shape, dtype=np.float32)
        white *= np.float32(settings.noise * tool.noise)
        image += white
        # What a row has in common varies smoothly round the hole: a few waves with heights of their own in each row.
        waves = rng.standard_normal((shape[0], self._waves.shape[0]), dtype=np.float32)
        waves *= np.float32(self.row_noise)
        waves[:, 1:5] += self._shade[first:last]
        image += waves @ self._waves
        if self._blemishes is not None:
            image += self._blemishes.added(first, last)
        if tool.streaks:
            image += np.float32(0.3 * tool.streaks * settings.streaks) * self._streaks.block(first, last)
        return np.asarray(image, dtype=np.float32)

    def sense(self, wall: npt.NDArray[np.float32], begin: int, first: int, last: int) -> npt.NDArray[np.float32]:
        """Record the wall without noise; see :meth:`measure`."""
        down, round_ = self._tool.oversampling
        along: npt.NDArray[np.float32] = gaussian_filter1d(wall, self._blur[0], axis=0)
        blurred: npt.NDArray[np.float32] = gaussian_filter1d(along, self._blur[1], axis=1, mode="wrap")
        rows = np.arange(first * down, last * down) + self._slip[first * down : last * down] - begin
        image = self._touch(blurred, rows, first, last) if self._tool.pads else blurred[rows.clip(0, len(wall) - 1)]
        if down > 1 or round_ > 1:
            image = image.reshape(last - first, down, self._columns, round_).mean(axis=(1, 3))
        if self._blemishes is not None:
            image = self._blemishes.fade(image, first, last)
        return np.asarray(image)

    def _touch(
        self, wall: npt.NDArray[np.float32], rows: npt.NDArray[np.int64], first: int, last: int
    ) -> npt.NDArray[np.float32]:
        """Let each button read the wall where it passes."""
        tool, hole = self._tool, self._hole
        turn = (self._turn[first:last] * tool.pads).astype(np.float32)[:, None]
        place = (hole.angle / 360 * tool.pads).astype(np.float32) - turn
        pad = np.floor(place)
        radius = hole.diameter[first:last] / 2
        place -= pad
        place -= np.float32(0.5)
        place *= (2 * math.pi / tool.pads / tool.pitch * radius).astype(np.float32)[:, None]
        place += np.float32(tool.buttons / 2)
        outside = (place < 0) | (place >= tool.buttons)
        button = place.astype(np.int32).clip(0, tool.buttons - 1)
        button += (pad.astype(np.int32) % tool.pads) * tool.buttons
        segment = self._segment[button]
        row = self._shifts[segment]
        row += rows.astype(np.int32)[:, None]
        np.clip(row, 0, wall.shape[0] - 1, out=row)
        row *= wall.shape[1]
        row += np.arange(wall.shape[1], dtype=np.int32)
        image = wall.ravel().take(row)
        image *= self._gain[button]
        image += self._offset[button]
        segment += (np.arange(first, last, dtype=np.int32) * self._drift.shape[1])[:, None]
        image += self._drift.ravel().take(segment)
        image[outside] = np.nan
        return np.asarray(image)


def _stick_slip(size: float, hole: Hole, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Error of the recorded depth in rows: the tool sticks while the cable moves, then jumps."""
    slip = np.zeros(hole.depth.size)
    if size > 0:
        at = 0
        while at < slip.size:
            at += int(rng.exponential(1.5) / hole.step)
            for _ in range(int(rng.integers(1, 12))):
                length = max(int(size * rng.uniform(0.3, 1.0) / hole.step), 1)
                part = slip[at : at + length]
                part -= np.arange(part.size) - part.size / 2
                at += length + int(rng.exponential(0.03) / hole.step)
    return np.asarray(np.rint(slip).astype(np.int64))


def _shading(size: float, depth: Array, rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """Slowly varying once- and twice-a-turn waves: array (rows, 4)."""
    phase = rng.uniform(0, 2 * np.pi, 2)
    parts = []
    for k, share in ((0, 0.6), (1, 0.3)):
        swing = size * share * (1 + 0.5 * smooth_series(rng, depth, 3.0))
        angle = phase[k] + 0.5 * smooth_series(rng, depth, 5.0)
        parts += [swing * np.cos(angle), swing * np.sin(angle)]
    return np.stack(parts, axis=1).astype(np.float32)
