"""Scores of a network on images that are changed step by step."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from geobfdt.evaluation.thresholds import OperatingPoint
from geobfdt.preparation.network_grid import MIDDLE_VALUE
from geobfdt.studies.study_settings import CellSettings
from geobfdt.training.learning_curve import class_f1
from geobfdt.training.prepared_wells import PreparedWell
from geobfdt.training.validation import Detect, tables

__all__ = ["LOOK_SHIFTS", "look_shift_scores", "shift_look"]


Grid = npt.NDArray[np.uint8]
Array = npt.NDArray[np.float64]


def _contrast(image: Array, amount: float, _: np.random.Generator) -> Array:
    return MIDDLE_VALUE + (1 - amount) * (image - MIDDLE_VALUE)


def _blur(image: Array, amount: float, _: np.random.Generator) -> Array:
    # The hole is a cylinder: columns wrap, rows do not.
    return np.asarray(ndimage.gaussian_filter(image, amount, mode=("nearest", "wrap")))


def _noise(image: Array, amount: float, rng: np.random.Generator) -> Array:
    return image + rng.normal(0, amount, image.shape)


# Changes of the image, and the amounts of each: share of the contrast that is removed, standard deviation of a blur
# (grid cells), standard deviation of noise (grid values, of 254), share of the turn without pads.
LOOK_SHIFTS: Mapping[str, tuple[float, ...]] = MappingProxyType(
    {
        "contrast": (0.25, 0.5, 0.75),
        "blur": (0.7, 1.4, 2.8),
        "noise": (10.0, 20.0, 40.0),
        "coverage": (0.2, 0.4, 0.6),
    }
)
_LOOKS: dict[str, Callable[[Array, float, np.random.Generator], Array]] = {
    "contrast": _contrast,
    "blur": _blur,
    "noise": _noise,
}
_PADS = 4  # Number of pads of the tool whose coverage is reduced.


def shift_look(grid: Grid, kind: str, amount: float, seed: int = 0) -> Grid:
    """
    Change the values of an image; planes stay where they are.

    Parameters
    ----------
    grid : array (rows, columns) or (rows, columns, images)
        uint8, as in :class:`geobfdt.preparation.network_grid.NetworkGrid`.
    kind : str
        One of `LOOK_SHIFTS`.
    amount : float
        How far, in the unit of the kind.
    seed : int
        Of noise.

    Returns
    -------
    array of the same shape
        uint8; unmeasured pixels stay unmeasured.

    Examples
    --------
    >>> shift_look(np.array([[0, 28, 228]], np.uint8), "contrast", 0.5)
    array([[  0,  78, 178]], dtype=uint8)
    """
    if grid.ndim == 3:  # Two images of the same rock shift alike.
        return np.stack([shift_look(part, kind, amount, seed) for part in np.moveaxis(grid, 2, 0)], axis=-1)
    measured = grid > 0
    if kind == "coverage":
        columns = grid.shape[1]
        place = _PADS * np.arange(columns) % columns / columns
        return np.where(place < amount, 0, grid).astype(np.uint8)
    image = np.where(measured, grid, MIDDLE_VALUE).astype(float)
    shifted = _LOOKS[kind](image, amount, np.random.default_rng(seed))
    return np.where(measured, np.clip(np.rint(shifted), 1, 255), 0).astype(np.uint8)


def look_shift_scores(
    detect: Detect, points: Mapping[str, OperatingPoint], wells: Sequence[PreparedWell], settings: CellSettings
) -> dict[str, dict[str, dict[str, float]]]:
    """
    Score a network on wells whose images are changed step by step.

    Parameters
    ----------
    detect : callable
        Grid (rows, columns) and hole radius (m) in, planes out.
    points : mapping of str to OperatingPoint
        Confidences that were chosen before any shift, by class.
    wells : sequence of PreparedWell
        Wells that it was not trained on.
    settings : CellSettings
        Tolerance of a match.

    Returns
    -------
    dict of str to dict of str to dict of str to float
        F1 by class, by amount, by kind; the amount ``0`` is the unchanged image.
    """
    thresholds = {name: point.threshold for name, point in points.items()}

    def score(shifted: Sequence[PreparedWell]) -> dict[str, float]:
        return class_f1(*tables(detect, shifted), thresholds, settings.tolerance)

    plain = score(wells)
    scores = {}
    for kind, amounts in LOOK_SHIFTS.items():
        scores[kind] = {"0": plain}
        for amount in amounts:
            shifted = [replace(well, grid=shift_look(well.grid, kind, amount)) for well in wells]
            scores[kind][f"{amount:g}"] = score(shifted)
    return scores
