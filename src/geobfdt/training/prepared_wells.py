"""Wells prepared for training: memory-mapped pixels, planes, and the rows in which their labels are complete."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from geobfdt.model.curve.criterion import Targets
from geobfdt.preparation.network_grid import GridSettings, network_grid
from geobfdt.runtime.storage import atomic_files
from geobfdt.training.augmentation import Window
from geobfdt.wells.image import WellImage
from geobfdt.wells.intervals import IntervalTable, covered
from geobfdt.wells.picks import CLASSES, PickTable, traces

__all__ = ["PreparedWell", "load", "prepare", "save"]

_DEFAULT_RADIUS_M = 0.1  # Hole radius where the diameter is unknown.
_EDGE_M = 0.15  # Planes whose mid-depth lies so little outside a window still show at its edge.
_UNCLEAR_M = 0.5  # Around a pick without a trace the labels of its class are incomplete over so many metres.
_MIN_TRACE_SHARE = 0.6  # Share of a trace that has to lie in the window for its plane to be required.

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class PreparedWell:
    """
    A well prepared for training.

    Parameters
    ----------
    name : str
        Well.
    grid : array (rows, columns, ...)
        uint8, as in :class:`geobfdt.preparation.network_grid.NetworkGrid`.
    top, step : float
        Depth of the first row (m, MD) and row height (m).
    radius : array (rows,)
        Hole radius (m).
    traces : array (planes, 3)
        ``(z0, a, b)`` (m), z0 from the first row. All but `top` are in metres of the network, which are smaller than
        those of rock where the image is coarse; see :func:`geobfdt.preparation.network_grid.image_scale`.
    classes : array (planes,)
        Index in ``CLASSES``.
    optional : array (planes,) of bool
        Planes that may be found or missed.
    label_mask : array (classes, rows) of bool
        Rows in which each class was interpreted.
    """

    name: str
    grid: npt.NDArray[np.uint8]
    top: float
    step: float
    radius: npt.NDArray[np.float32]
    traces: Array
    classes: npt.NDArray[np.int64]
    optional: npt.NDArray[np.bool_]
    label_mask: npt.NDArray[np.bool_]

    def window(self, first: int, rows: int) -> Window:
        """
        Cut a window; beyond the well's ends nothing is measured.

        Parameters
        ----------
        first : int
            First row; may be negative.
        rows : int
            Rows.
        """
        low, high = max(first, 0), min(first + rows, len(self.grid))
        grid = np.zeros((rows, *self.grid.shape[1:]), np.uint8)
        grid[low - first : high - first] = self.grid[low:high]
        label_mask = np.zeros((len(CLASSES), rows), bool)
        label_mask[:, low - first : high - first] = self.label_mask[:, low:high]
        moved = self.traces - [first * self.step, 0, 0]
        height = (rows - 1) * self.step
        inside = (moved[:, 0] >= -_EDGE_M) & (moved[:, 0] <= height + _EDGE_M)
        moved, classes, optional = moved[inside], self.classes[inside], self.optional[inside]
        amplitude = np.hypot(moved[:, 1], moved[:, 2])[:, None]
        turn = np.linspace(0, 2 * np.pi, 48, endpoint=False)
        at = moved[:, :1] + amplitude * np.cos(turn)
        cut = ((at >= 0) & (at <= height)).mean(1) < _MIN_TRACE_SHARE
        outside = (moved[:, 0] < 0) | (moved[:, 0] > height)
        row = np.clip(np.rint(moved[:, 0] / self.step).astype(int), 0, rows - 1)
        unknown = ~label_mask[classes, row]
        middle = min(max(first + rows // 2, 0), len(self.grid) - 1)
        targets = Targets(moved, classes, optional | cut | unknown | outside, float(self.radius[middle]), label_mask)
        return Window(grid, targets, self.step)

    @cached_property
    def teaching(self) -> npt.NDArray[np.bool_]:
        """Rows (rows,) with a measured pixel and complete labels of a class: only these give a loss."""
        measured = (self.grid > 0).reshape(len(self.grid), -1).any(axis=1)
        return np.asarray(measured & self.label_mask.any(axis=0))

    @property
    def metres(self) -> float:
        """Length of the rows with pixels and labels (m)."""
        return float(self.teaching.sum() * self.step)

    @property
    def planes(self) -> int:
        """Number of required planes in rows in which their class is interpreted."""
        row = np.clip(np.rint(self.traces[:, 0] / self.step).astype(int), 0, len(self.grid) - 1)
        return int((self.label_mask[self.classes, row] & ~self.optional).sum())

    def cut(self, rows: int, rng: np.random.Generator) -> Window:
        """Cut a random window, with a probability proportional to its rows with pixels and labels."""
        spare = len(self.grid) - rows
        if spare <= 0:
            return self.window(spare // 2, rows)
        above = np.concatenate([[0], np.cumsum(self.teaching)])
        weight = above[rows:] - above[:-rows]
        if not weight.any() or weight.min() == rows:
            return self.window(int(rng.integers(spare + 1)), rows)
        return self.window(int(rng.choice(spare + 1, p=weight / weight.sum())), rows)


def prepare(
    image: WellImage, picks: PickTable, intervals: IntervalTable, settings: GridSettings, name: str = ""
) -> PreparedWell:
    """
    Prepare a well.

    Parameters
    ----------
    image : WellImage
        The well, in memory.
    picks : PickTable
        Its planes; an ``optional`` column is used. Around planes without a trace, labels are incomplete.
    intervals : IntervalTable
        Interpreted and ignored intervals.
    settings : GridSettings
        Settings of the network's grid.
    name : str
        Name, if not the image's.
    """
    depth = image["depth"].values
    grid = network_grid(image, settings, float(depth[0]), 16)
    at = grid.top + grid.step * np.arange(len(grid.values))
    diameter = image["diameter"].values
    sound = np.isfinite(diameter)
    radius = np.interp(at, depth[sound], diameter[sound]) / 2 if sound.any() else np.full(at.size, _DEFAULT_RADIUS_M)
    well = str(image.attrs["well"])
    planes, classes = traces(picks), picks["class"].to_numpy(object)
    usable = np.isfinite(planes).all(axis=1) & np.isin(classes, CLASSES)
    # A CSV with empty cells gives True, False and NaN.
    optional = picks["optional"].isin([True]).to_numpy() if "optional" in picks else np.zeros(len(picks), bool)
    label_mask = np.array([covered(intervals, well, kind, at) for kind in CLASSES])
    for place, kind in zip(planes[~usable, 0], classes[~usable], strict=True):
        if kind in CLASSES:
            label_mask[CLASSES.index(kind)] &= ~(np.abs(at - place) <= _UNCLEAR_M)
    return PreparedWell(
        name or well,
        grid.values,
        grid.top,
        settings.step,
        (grid.scale * radius).astype(np.float32),
        grid.scale * (planes[usable] - [grid.top, 0, 0]),
        np.array([CLASSES.index(kind) for kind in classes[usable]], dtype=np.int64),
        optional[usable],
        label_mask,
    )


def save(well: PreparedWell, path: Path) -> None:
    """Write a prepared well as ``<path>.npy`` (pixels) and ``<path>.npz`` (the rest), both or neither."""
    with atomic_files(path.parent) as part:
        np.save(part / f"{path.name}.npy", well.grid)
        np.savez(
            part / f"{path.name}.npz", place=[well.top, well.step], radius=well.radius, traces=well.traces,
            classes=well.classes, optional=well.optional, known=well.label_mask,
        )  # fmt: skip


def load(path: Path, name: str = "") -> PreparedWell:
    """Open a prepared well, named as its file if not otherwise; its pixels stay in the file until they are read."""
    grid = np.load(f"{path}.npy", mmap_mode="r", allow_pickle=False)
    with np.load(f"{path}.npz", allow_pickle=False) as rest:
        top, step = rest["place"].tolist()
        parts = [rest[name] for name in ("radius", "traces", "classes", "optional", "known")]
    return PreparedWell(name or path.name, grid, top, step, *parts)
