"""What finds planes in a strip of image: the slot that the classical picker and a network both fit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from geobfdt.picking.drift import DriftReference
from geobfdt.wells.image import WellImage

__all__ = ["Candidates", "Detector"]


@dataclass(frozen=True)
class Candidates:
    """
    Planes that a detector proposes.

    Parameters
    ----------
    traces : array (n, 3)
        ``(z0, a, b)`` (m), good to a few centimetres; refinement does the rest.
    classes : array (n,) of str
        ``bedding`` or ``fracture``.
    confidence : array (n,)
        0 to 1, growing with the evidence.
    evidence : array (n, columns), optional
        How much each part of the turn had to say, 0 to 1; the first column lies at angle 0.
    """

    traces: npt.NDArray[np.float64]
    classes: npt.NDArray[np.str_]
    confidence: npt.NDArray[np.float64]
    evidence: npt.NDArray[np.float64] | None = None


class Detector(Protocol):
    """
    Finds planes in strips of one well.

    ``source`` names it in pick tables; strips of up to ``length`` m suit its memory; what it says of a plane depends
    on nothing further than ``overlap`` m away; its traces are typically ``astray`` by so many metres, square to them;
    it does not look for amplitudes over ``tallest`` m; picks below the ``thresholds`` of their class are not worth
    showing; ``usual`` is what it is used to, if it says so.
    """

    @property
    def source(self) -> str: ...  # noqa: D102
    @property
    def length(self) -> float: ...  # noqa: D102
    @property
    def overlap(self) -> float: ...  # noqa: D102
    @property
    def astray(self) -> float: ...  # noqa: D102
    @property
    def tallest(self) -> float: ...  # noqa: D102
    @property
    def thresholds(self) -> Mapping[str, float]: ...  # noqa: D102
    @property
    def usual(self) -> DriftReference | None: ...  # noqa: D102

    def detect(self, strip: WellImage, top: float = -np.inf, base: float = np.inf) -> Candidates:
        """Find planes in a strip; those that are not between top and base (m, MD) may be left out."""
        ...

    def shared(self, threads: int) -> AbstractContextManager[Callable[[], object]]:
        """Deal the cores out to threads that ask at the same time; each calls what it is given here before it asks."""
        ...
