"""Interface of detectors, which propose planes in a strip of image: the classical picker and the network."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from geobfdt.picking.drift import DriftReference
from geobfdt.wells.image import WellImage

__all__ = ["Candidates", "Detector", "TallCalibration"]


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
        Weight of each part of the turn in the detection, 0 to 1; the first column lies at angle 0.
    """

    traces: npt.NDArray[np.float64]
    classes: npt.NDArray[np.str_]
    confidence: npt.NDArray[np.float64]
    evidence: npt.NDArray[np.float64] | None = None


class TallCalibration(NamedTuple):
    """
    Confidence of tall traces of a class.

    Parameters
    ----------
    slope, intercept : float
        They turn log odds on an image with compressed depths into those of a tall trace.
    threshold : float
        Confidence from which a tall trace is a pick.
    """

    slope: float = 1.0
    intercept: float = 0.0
    threshold: float = 0.5


class Detector(Protocol):
    """
    Finds planes in strips of one well.

    Attributes
    ----------
    source : str
        Name of the detector in pick tables.
    length : float
        Length of strips that suits its memory (m).
    overlap : float
        Distance beyond which the image has no influence on a plane (m).
    typical_error_m : float
        Typical error of its traces (m, perpendicular to them).
    tallest : float
        Largest amplitude that it looks for (m).
    tall_calibration : mapping of str to TallCalibration or None
        What its confidences on an image with compressed depths say of tall traces, by class; None if that was not
        measured. Then tall traces are looked for on request only.
    thresholds : mapping of str to float
        Confidence from which a candidate is a pick, by class.
    drift_reference : DriftReference or None
        Ranges of the wells that it was made with.
    """

    @property
    def source(self) -> str: ...  # noqa: D102
    @property
    def length(self) -> float: ...  # noqa: D102
    @property
    def overlap(self) -> float: ...  # noqa: D102
    @property
    def typical_error_m(self) -> float: ...  # noqa: D102
    @property
    def tallest(self) -> float: ...  # noqa: D102
    @property
    def tall_calibration(self) -> Mapping[str, TallCalibration] | None: ...  # noqa: D102
    @property
    def thresholds(self) -> Mapping[str, float]: ...  # noqa: D102
    @property
    def drift_reference(self) -> DriftReference | None: ...  # noqa: D102

    def detect(self, strip: WellImage, top: float = -np.inf, base: float = np.inf) -> Candidates:
        """Find planes in a strip; those that are not between top and base (m, MD) may be left out."""
        ...

    def for_image(self, image: WellImage) -> Detector:
        """Return the same detector for another image."""
        ...

    def shared(self, threads: int) -> AbstractContextManager[Callable[[], object]]:
        """Divide the cores between threads that detect at the same time; each calls the yielded function first."""
        ...
