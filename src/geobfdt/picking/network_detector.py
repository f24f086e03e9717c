"""The network as a detector: strips in, calibrated candidates out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from pydantic import ValidationError

from geobfdt.model.bundle import Bundle
from geobfdt.model.network_settings import CurveSettings
from geobfdt.model.presets import plane_finder
from geobfdt.model.runtime_names import RuntimeName
from geobfdt.model.runtimes import network_runtime
from geobfdt.picking.detector import Candidates, TallCalibration
from geobfdt.picking.drift import DriftReference
from geobfdt.preparation.network_grid import image_scale, network_grid, well_span
from geobfdt.runtime.findings import InputError
from geobfdt.runtime.settings_files import validation_message
from geobfdt.wells.image import WellImage, hole_radius
from geobfdt.wells.picks import CLASSES

__all__ = ["NetworkDetector"]

_MIN_CONFIDENCE = 0.05  # Planes below this probability are not refined.
# At scale 1: the largest length of a strip's core, which bounds the memory; the tallest trace, the receptive field and
# half a window of the contrast together; the typical error of a trace.
_LENGTH_M, _OVERLAP_M, _TYPICAL_ERROR_M = 84.0, 4.0, 0.004
# The network was trained on images at their own scale, and is too sure of tall traces. Slopes and intercepts are fitted
# on simulated level wells by benchmarks/tall_calibration.py. F1 of both scales hardly depends on the threshold of beds
# from 0.2 to 0.5; the lowest finds most planes.
_TALL_CALIBRATION = {
    "bedding": TallCalibration(0.44, -1.81, threshold=0.2),
    "fracture": TallCalibration(0.90, -2.25, threshold=0.44),
}


@dataclass(frozen=True)
class NetworkDetector:
    """
    A trained network.

    Parameters
    ----------
    bundle : Bundle
        Network and calibration.
    origin : float
        Depth that rows of its grid count from (m, MD).
    network : Network or Runtime
        The bundle's network, as a runtime computes it.
    span : (float, float), optional
        Range of the well's values, for a network that takes the static image.
    scale : float
        Metres of the network per metre of rock; see :func:`geobfdt.preparation.network_grid.image_scale`.
    """

    bundle: Bundle
    origin: float
    network: Any
    span: tuple[float, float] | None = None
    scale: float = 1.0

    @classmethod
    def of(cls, bundle: Bundle, image: WellImage, runtime: RuntimeName = "torch") -> NetworkDetector:
        """
        Make a detector for a well.

        Parameters
        ----------
        bundle : Bundle
            Network and calibration.
        image : WellImage
            The well.
        runtime : {"auto", "torch", "numba", "onnx"}
            Runtime of the network; see :func:`geobfdt.model.runtimes.network_runtime`.

        Raises
        ------
        InputError
            If what the runtime needs is not installed, or the preset has no such runtime.
        ValueError
            If the runtime is not known.
        """
        depth = image["depth"].values
        network = network_runtime(bundle, runtime, float(depth[-1] - depth[0]))
        return cls(bundle, float(depth[0]), network).for_image(image)

    def for_image(self, image: WellImage) -> NetworkDetector:
        """Return the same detector for another image."""
        span = None if self.bundle.settings.image == "dynamic" else well_span(image)
        scale = image_scale(image, self.bundle.settings.grid)
        return replace(self, origin=float(image["depth"].values[0]), span=span, scale=scale)

    @property
    def length(self) -> float:
        """Largest length of a strip's core (m)."""
        return _LENGTH_M / self.scale

    @property
    def overlap(self) -> float:
        """Distance beyond which the image has no influence on a plane (m)."""
        return _OVERLAP_M / self.scale

    @property
    def typical_error_m(self) -> float:
        """Typical error of its traces (m, perpendicular to them)."""
        return _TYPICAL_ERROR_M / self.scale

    @property
    def source(self) -> str:
        """Name of the model in pick tables."""
        return self.bundle.source

    @property
    def tallest(self) -> float:
        """Largest amplitude that the network votes for (m); the published network has no bound."""
        settings = self.bundle.settings
        return settings.tiers[-1][0] / self.scale if isinstance(settings, CurveSettings) else np.inf

    @property
    def tall_calibration(self) -> dict[str, TallCalibration] | None:
        """Calibration of tall traces; the published network looks at windows that are too short for one."""
        return _TALL_CALIBRATION if isinstance(self.bundle.settings, CurveSettings) else None

    @property
    def thresholds(self) -> dict[str, float]:
        """Confidence of best F1 on validation wells, by class."""
        return {name: part.threshold for name, part in self.bundle.calibration.items()}

    @property
    def drift_reference(self) -> DriftReference | None:
        """Ranges of the wells that the model was made with; None if the bundle has none."""
        entry = self.bundle.card.get("drift")
        try:
            return DriftReference.model_validate(entry) if entry is not None else None
        except ValidationError as error:
            cure = "copy the bundle again, or train anew"
            raise InputError(
                self.source, f"the drift reference on its card is damaged: {validation_message(error)}", cure
            ) from error

    @contextmanager
    def shared(self, threads: int) -> Iterator[Callable[[], object]]:
        """
        Divide the cores between threads that detect at the same time.

        Much work between the products of matrices runs on one core, so two strips on a core each take less time than
        one after the other on both.

        Parameters
        ----------
        threads : int
            Number of threads.

        Yields
        ------
        callable
            Function that each thread calls first.
        """
        cores = torch.get_num_threads()
        try:
            yield lambda: torch.set_num_threads(max(cores // threads, 1))
        finally:
            torch.set_num_threads(cores)

    def detect(self, strip: WellImage, top: float = -np.inf, base: float = np.inf) -> Candidates:
        """
        Find planes in a strip.

        Parameters
        ----------
        strip : WellImage
            Rows of one well, in memory.
        top, base : float
            Planes that do not lie between these may be left out (m, MD).
        """
        scale = self.scale
        grid = network_grid(strip, self.bundle.settings.grid, self.origin, 16, self.span, scale)
        planes = plane_finder(self.network)(
            grid.values, scale * hole_radius(strip), scale * (top - grid.top), scale * (base - grid.top)
        )
        calibrated = [self.bundle.calibration[name].probability(planes.logits[:, i]) for i, name in enumerate(CLASSES)]
        probability = np.column_stack(calibrated)
        best = probability.argmax(axis=1)
        confidence = probability.max(axis=1, initial=0)
        sure = confidence >= _MIN_CONFIDENCE
        traces = planes.traces[sure] / scale + [grid.top, 0, 0]
        return Candidates(traces, np.array(CLASSES)[best[sure]], confidence[sure], planes.evidence[sure])
