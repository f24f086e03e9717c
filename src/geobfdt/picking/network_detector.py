"""The network as a detector: strips in, calibrated candidates out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from pydantic import ValidationError

from geobfdt.model.bundle import Bundle
from geobfdt.model.network_settings import CurveSettings
from geobfdt.model.presets import plane_finder
from geobfdt.model.runtime_names import RuntimeName
from geobfdt.model.runtimes import network_runtime
from geobfdt.picking.detector import Candidates
from geobfdt.picking.drift import DriftReference
from geobfdt.preparation.network_grid import network_grid, well_span
from geobfdt.runtime.findings import InputError
from geobfdt.runtime.settings_files import validation_message
from geobfdt.wells.image import WellImage, hole_radius
from geobfdt.wells.picks import CLASSES

__all__ = ["NetworkDetector"]

_MIN_CONFIDENCE = 0.05  # Planes below this probability are not refined.


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
    """

    bundle: Bundle
    origin: float
    network: Any
    span: tuple[float, float] | None = None

    length = 84.0  # Largest length of a strip's core (m): it bounds the memory.
    overlap = 4.0  # Tallest trace, receptive field and half a window of the contrast together (m).
    typical_error_m = 0.004

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
        span = None if bundle.settings.image == "dynamic" else well_span(image)
        return cls(bundle, float(depth[0]), network, span)

    @property
    def source(self) -> str:
        """Name of the model in pick tables."""
        return self.bundle.source

    @property
    def tallest(self) -> float:
        """Largest amplitude that the network votes for (m); the published network has no bound."""
        settings = self.bundle.settings
        return settings.tiers[-1][0] if isinstance(settings, CurveSettings) else np.inf

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
        grid = network_grid(strip, self.bundle.settings.grid, self.origin, 16, self.span)
        planes = plane_finder(self.network)(grid.values, hole_radius(strip), top - grid.top, base - grid.top)
        calibrated = [self.bundle.calibration[name].probability(planes.logits[:, i]) for i, name in enumerate(CLASSES)]
        probability = np.column_stack(calibrated)
        best = probability.argmax(axis=1)
        confidence = probability.max(axis=1, initial=0)
        sure = confidence >= _MIN_CONFIDENCE
        traces = planes.traces[sure] + [grid.top, 0, 0]
        return Candidates(traces, np.array(CLASSES)[best[sure]], confidence[sure], planes.evidence[sure])
