"""The classical picker: a Hough transform of lines and steps over all sinusoids, without any training images."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geobfdt.model.matching import thin_by_distance
from geobfdt.picking.detector import Candidates
from geobfdt.picking.hough.accumulator import Along, contrast, evidence_along, peaks, polish, trace_shapes
from geobfdt.picking.hough.oriented_evidence import oriented_evidence
from geobfdt.picking.hough.peak_thinning import thin
from geobfdt.picking.hough.plane_classes import bedding_probability
from geobfdt.picking.hough.working_grid import STEP, WorkingGrid, working_grid
from geobfdt.picking.refinement import centre_energy, mean_agreement, refine
from geobfdt.wells.image import WellImage, row_spacing
from geobfdt.wells.picks import CLASSES

__all__ = ["HoughCandidates", "HoughDetector"]

_FILTER_WIDTHS = (1.2, 2.4, 4.8)  # Widths of the filters in working rows: from thin lines to open fractures.
_STEEPEST_DEG = 82.0  # Largest apparent dip that is searched.
_MIN_TALLEST_ROWS = 20  # Amplitude (rows) that is searched in any case, where rows are coarse.
_DEFAULT_RADIUS_M = 0.1  # Hole radius where the diameter is unknown.
_EXPLAINED_WIDTHS = 2.5  # Filter widths on either side of a kept trace whose pixels support no other trace.
_MIN_VOTE, _MIN_SCORE = 0.12, 0.14  # Lowest score of a peak of the vote, and of a kept trace.
_MIN_SPACING_ROWS = 3.0  # Two refined traces closer than this (trace RMS, working rows) are one trace.
_MIN_SPACING_WIDTHS = 2.5  # Two peaks closer than this (trace RMS, filter widths) are one candidate.
_MIN_CONTRAST = 0.7  # Traces of a lower contrast are not refined.
_DIP_OFFSET = 0.05  # Added to the tangent of the apparent dip, so that a flat trace has a logarithm.
# Logistic weights of a plane's confidence, fitted on simulated wells (docs/hough.md): one, log contrast, agreement,
# coverage, log of the tangent of the apparent dip plus 0.05.
_WEIGHTS = np.array([-2.2, 2.0, 3.5, -1.1, 0.45])

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class HoughCandidates:
    """
    Candidate planes of a strip, without confidence and class.

    Parameters
    ----------
    traces : array (n, 3)
        Refined traces ``(z0, a, b)`` (m).
    evidence : array (n, 5)
        One, log contrast, mean agreement around the turn, coverage, log of the tangent of the apparent dip plus 0.05.
    step : array (n,)
        Share of each plane's local energy that is a step (1) and not a line (0).
    """

    traces: Array
    evidence: Array
    step: Array


@dataclass(frozen=True)
class HoughDetector:
    """
    Sinusoid Hough transform on oriented line and step evidence.

    Parameters
    ----------
    step : float
        Working row height (m).
    origin : float
        Depth that working rows count from (m, MD).
    radius : float
        Hole radius (m).
    tallest : float
        Largest trace amplitude searched (m).
    """

    step: float
    origin: float
    radius: float
    tallest: float

    @classmethod
    def of(cls, image: WellImage) -> HoughDetector:
        """
        Make a detector that suits a well: its rows, and the size of its hole.

        Examples
        --------
        >>> from geobfdt.wells.image import well_image
        >>> HoughDetector.of(well_image(np.zeros((9, 8)), 0.0025 * np.arange(9), diameter=0.2))
        HoughDetector(step=0.005, origin=0.0, radius=0.1, tallest=0.7115)
        """
        spacing = row_spacing(image) or STEP
        step = max(round(STEP / spacing), 1) * spacing
        diameter = image["diameter"].values
        measured = diameter[np.isfinite(diameter)]
        radius, widest = (np.percentile(measured, [50, 95]) / 2).tolist() if measured.size else 2 * [_DEFAULT_RADIUS_M]
        amplitude = max(widest * np.tan(np.radians(_STEEPEST_DEG)), _MIN_TALLEST_ROWS * step)
        return cls(step, float(image["depth"].values[0]), radius, float(amplitude))

    def for_image(self, image: WellImage) -> HoughDetector:
        """Return the same detector for another image."""
        return self.of(image)

    source = "hough 1"
    typical_error_m = 0.03  # Candidates lie on a coarse grid of shapes.
    drift_reference = None  # No well was used to make it.
    tall_calibration = None  # Its confidences were not measured on compressed depths.

    @property
    def thresholds(self) -> dict[str, float]:
        """Confidence of best F1 on the wells it was fitted on, by class."""
        return dict.fromkeys(CLASSES, 0.2)

    @property
    def length(self) -> float:
        """Length of a strip's core (m); it bounds the memory."""
        return 3000 * self.step

    @property
    def overlap(self) -> float:
        """Distance from a plane's depth beyond which the image has no influence on it (m)."""
        return 2 * self.tallest + max(3.0, 200 * self.step)

    def shared(self, threads: int) -> AbstractContextManager[Callable[[], object]]:  # noqa: ARG002
        """NumPy and SciPy use one core a thread already."""
        return nullcontext(lambda: None)

    def detect(self, strip: WellImage, top: float = -np.inf, base: float = np.inf) -> Candidates:  # noqa: ARG002
        """
        Find planes in a strip.

        Parameters
        ----------
        strip : WellImage
            Rows of one well, in memory.
        top, base : float
            Not used: planes beyond are returned, too.

        Returns
        -------
        Candidates
            Planes whose mid-depth lies within the strip, by depth.
        """
        candidates = self.find_candidates(strip)
        confidence = 1 / (1 + np.exp(-candidates.evidence @ _WEIGHTS))
        bedding = bedding_probability(candidates.traces, candidates.step, confidence, self.radius)
        return Candidates(candidates.traces, np.where(bedding >= 0.5, "bedding", "fracture"), confidence)

    def find_candidates(self, strip: WellImage) -> HoughCandidates:
        """
        Find the candidates of a strip, and measure the evidence for each.

        Parameters
        ----------
        strip : WellImage
            Rows of one well, in memory.

        Returns
        -------
        HoughCandidates
            By depth.
        """
        grid = working_grid(strip, self.step, self.origin)
        by_width = [self._at_width(grid, rows * max(self.step, STEP)) for rows in _FILTER_WIDTHS]
        traces, scores, reach, contrasts = (np.concatenate([part[i] for part in by_width]) for i in range(4))
        along = Along.joined([part[4] for part in by_width])
        chosen, _ = thin(along, reach, scores, _MIN_SCORE)
        chosen = chosen[contrasts[chosen] >= _MIN_CONTRAST]
        chosen = chosen[np.argsort(traces[chosen, 0], kind="stable")]
        values, depth, angles = (strip[name].values for name in ("image", "depth", "azimuth"))
        refined = refine(values, depth, angles, traces[chosen], self.radius, self.typical_error_m)
        agreement = mean_agreement(refined)
        dip = np.hypot(refined.traces[:, 1], refined.traces[:, 2]) / self.radius
        evidence = [
            np.ones(chosen.size),
            np.log(contrasts[chosen]),
            agreement,
            refined.coverage,
            np.log(dip + _DIP_OFFSET),
        ]
        energy = centre_energy(refined)
        step = energy.imag**2 / np.maximum(np.abs(energy) ** 2, 1e-12)
        # Candidates a little apart may have moved on to one plane.
        distinct = np.sort(
            thin_by_distance(refined.traces, contrasts[chosen], _MIN_SPACING_ROWS * max(self.step, STEP))
        )
        return HoughCandidates(refined.traces[distinct], np.column_stack(evidence)[distinct], step[distinct])

    def _at_width(self, grid: WorkingGrid, width: float) -> tuple[Array, Array, Array, Array, Along]:
        """Candidates at one filter width: traces, scores, reach of the explained pixels, contrast, evidence."""
        evidence = oriented_evidence(grid, self.radius, width)
        traces, scores = peaks(evidence, trace_shapes(evidence.radius, width, self.tallest), _MIN_VOTE)
        traces, scores = polish(evidence, traces)
        single = thin_by_distance(traces, scores, _MIN_SPACING_WIDTHS * width)
        along = evidence_along(evidence, traces[single])
        reach = _EXPLAINED_WIDTHS * width * evidence.stretch(along.slope)
        return traces[single], scores[single], reach, contrast(along), along
