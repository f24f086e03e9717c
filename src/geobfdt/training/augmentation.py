"""Augmentation: windows changed as tools and holes might change them, and their labels with them, exactly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geobfdt.model.curve.criterion import Targets
from geobfdt.preparation.network_grid import MIDDLE_VALUE
from geobfdt.training.published_augmentation import change_values_as_published
from geobfdt.training.training_settings import Augmentation

__all__ = ["Window", "augment", "flip", "invert", "mirror", "roll"]


@dataclass(frozen=True)
class Window:
    """
    A piece of a well with its labels.

    Parameters
    ----------
    grid : array (rows, columns)
        uint8, as in :class:`geobfdt.preparation.network_grid.NetworkGrid`.
    targets : Targets
        Its planes.
    step : float
        Row height (m).
    """

    grid: npt.NDArray[np.uint8]
    targets: Targets
    step: float


def roll(window: Window, columns: int) -> Window:
    """
    Turn the image clockwise by whole columns.

    Examples
    --------
    >>> planes = Targets(np.array([[0.1, 0.2, 0.0]]), np.array([1]), np.array([False]), 0.1, np.ones((2, 1), bool))
    >>> roll(Window(np.ones((1, 8), np.uint8), planes, 0.005), 2).targets.traces.round(3) + 0
    array([[0.1, 0. , 0.2]])
    """
    turn = 2 * np.pi * columns / window.grid.shape[1]
    a, b = window.targets.traces[:, 1], window.targets.traces[:, 2]
    turned = np.stack([a * np.cos(turn) - b * np.sin(turn), a * np.sin(turn) + b * np.cos(turn)], axis=1)
    traces = np.column_stack([window.targets.traces[:, 0], turned])
    return Window(np.roll(window.grid, columns, axis=1), window.targets._replace(traces=traces), window.step)


def mirror(window: Window) -> Window:
    """Mirror the image: angles change sign."""
    traces = window.targets.traces * [1, 1, -1]
    return Window(np.roll(window.grid[:, ::-1], 1, axis=1), window.targets._replace(traces=traces), window.step)


def flip(window: Window) -> Window:
    """Turn the image upside down."""
    last = (len(window.grid) - 1) * window.step
    traces = [last, 0, 0] - window.targets.traces
    label_mask = window.targets.label_mask[:, ::-1]
    return Window(window.grid[::-1], window.targets._replace(traces=traces, label_mask=label_mask), window.step)


def invert(grid: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Invert pixel values; unmeasured pixels stay unmeasured."""
    return np.where(grid > 0, 256 - np.maximum(grid, 1).astype(np.int16), 0).clip(0, 255).astype(np.uint8)


def augment(window: Window, kind: Augmentation, rng: np.random.Generator, looks: float = 1.0) -> Window:
    """
    Change a window at random.

    Parameters
    ----------
    window : Window
        As cut.
    kind : {"none", "published", "photometric", "geometric", "both"}
        Pixel values by the published changes or by ours; positions of planes; our pixel values and positions.
    rng : Generator
        Source of randomness.
    looks : float
        Share of the windows whose pixel values may change, for kinds that change them (0 to 1).
    """
    if kind in ("geometric", "both"):
        window = roll(window, int(rng.integers(window.grid.shape[1])))
        window = mirror(window) if rng.random() < 0.5 else window
        window = flip(window) if rng.random() < 0.5 else window
    # At 1 no random number is drawn, so that seeds give the same windows as without this option.
    if looks < 1 and rng.random() >= looks:
        return window
    if kind == "published":
        window = Window(_change_values(window.grid, change_values_as_published, rng), window.targets, window.step)
    if kind in ("photometric", "both"):
        window = Window(_change_values(window.grid, _photometric, rng), window.targets, window.step)
    return window


def _change_values(
    grid: npt.NDArray[np.uint8],
    change: Callable[[npt.NDArray[np.uint8], np.random.Generator], npt.NDArray[np.uint8]],
    rng: np.random.Generator,
) -> npt.NDArray[np.uint8]:
    """Change the values of a grid; two images of the same rock change alike."""
    if grid.ndim == 2:
        return change(grid, rng)
    seed = int(rng.integers(2**32))
    return np.stack([change(part, np.random.default_rng(seed)) for part in np.moveaxis(grid, 2, 0)], axis=-1)


def _photometric(grid: npt.NDArray[np.uint8], rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """Contrast, polarity, noise, blur, gaps and dead columns."""
    if rng.random() < 0.3:
        grid = invert(grid)
    if rng.random() < 0.7:
        grid = _contrast(grid, rng)
    if rng.random() < 0.3:
        grid = _blurred(grid, int(rng.integers(2, 5)), rng.random() < 0.5)
    if rng.random() < 0.3:
        noise = rng.normal(0, rng.uniform(2, 15), grid.shape) + rng.normal(0, rng.uniform(0, 4), (len(grid), 1))
        grid = np.where(grid > 0, np.clip(grid + noise, 1, 255), 0).astype(np.uint8)
    if rng.random() < 0.25:
        grid = np.where(_stripes(grid.shape, rng), 0, grid).astype(np.uint8)
    return grid


def _contrast(grid: npt.NDArray[np.uint8], rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    level = (np.arange(256) - MIDDLE_VALUE) / 127
    bent = np.sign(level) * np.abs(level) ** np.exp(rng.normal(0, 0.25)) * np.exp(rng.normal(0, 0.2))
    curve = np.clip(np.rint(bent * 127 + MIDDLE_VALUE + rng.normal(0, 6)), 1, 255).astype(np.uint8)
    curve[0] = 0
    return np.asarray(curve[grid])


def _blurred(grid: npt.NDArray[np.uint8], size: int, around: bool) -> npt.NDArray[np.uint8]:
    """Mean of `size` pixels round the hole or along it, of the measured ones; of an even number half of either end."""
    axis = 1 if around else 0
    measured = (grid > 0).astype(np.float32)
    total, count = np.zeros(grid.shape, np.float32), np.zeros(grid.shape, np.float32)
    for i in range(-(size // 2), size // 2 + 1):
        part = 0.5 if 2 * abs(i) == size else 1.0
        total += part * np.roll(grid * measured, i, axis=axis)
        count += part * np.roll(measured, i, axis=axis)
    return np.where(grid > 0, np.clip(total / np.maximum(count, 0.5), 1, 255), 0).astype(np.uint8)


def _stripes(shape: tuple[int, ...], rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    """Gaps between pads, or single dead columns, that wander round the hole with depth."""
    rows, columns = shape
    pads = int(rng.choice([1, 4, 6, 8]))
    width = rng.uniform(0.1, 0.5) / pads if rng.random() < 0.6 else 1.01 / columns
    turn = rng.random() + rng.normal(0, 0.1) * np.arange(rows) / rows
    place = (np.arange(columns) / columns - turn[:, None]) * pads % 1
    return np.asarray(place < width * pads)
