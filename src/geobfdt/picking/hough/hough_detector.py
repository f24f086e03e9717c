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

__all__ = ["HoughDetector", "Sighting"]

_WIDTHS = (1.2, 2.4, 4.8)  # standard deviations of the filters in working rows: from thin lines to open fractures
_STEEPEST = 82.0  # apparent dip searched (deg)
_TALLEST = 20  # rows of amplitude searched at least, where rows are coarse
_USUAL_RADIUS = 0.1  # assumed where the diameter is unknown (m)
_EXPLAINED = 2.5  # filter widths on either side of a kept trace that it accounts for
_FIRST, _KEPT = 0.12, 0.14  # lowest scores in the vote, and of a kept trace
_APART = 3.0  # working rows of trace RMS within which two refined traces are one
_FAINT = 0.7  # contrast below which a trace is not worth a closer look
# Logistic weights of a plane's confidence, fitted on simulated wells (docs/hough.md): one, log contrast, agreement,
# coverage, log of the tangent of the apparent dip plus 0.05.
_WEIGHTS = np.array([-2.2, 2.0, 3.5, -1.1, 0.45])

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Sighting:
    """
    Planes seen in a strip, before anything is decided about them.

    Parameters
    ----------
    traces : array (n, 3)
        Refined traces ``(z0, a, b)`` (m).
    evidence : array (n, 5)
        One, log contrast, mean agreement around the turn, coverage, log of the tangent of the apparent dip plus 0.05.
    step : array (n,)
        How far each looks like a step (1) or like a line (0).
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
        known = diameter[np.isfinite(diameter)]
        radius, widest = (np.percentile(known, [50, 95]) / 2).tolist() if known.size else 2 * [_USUAL_RADIUS]
        amplitude = max(widest * np.tan(np.radians(_STEEPEST)), _TALLEST * step)
        return cls(step, float(image["depth"].values[0]), radius, float(amplitude))

    source = "hough 1"
    astray = 0.03  # m: candidates lie on a coarse grid of shapes
    usual = None  # it was made with no wells

    @property
    def thresholds(self) -> dict[str, float]:
        """Confidence of best F1 on the wells it was fitted on, by class."""
        return dict.fromkeys(CLASSES, 0.2)

    @property
    def length(self) -> float:
        """Core length of strips that suits the memory (m)."""
        return 3000 * self.step

    @property
    def overlap(self) -> float:
        """How far beyond a plane's depth the image matters to it (m)."""
        return 2 * self.tallest + max(3.0, 200 * self.step)

    def shared(self, threads: int) -> AbstractContextManager[Callable[[], object]]:  # noqa: ARG002
        """NumPy and SciPy work on one core a thread as it is."""
        return nullcontext(lambda: None)

    def detect(self, strip: WellImage, top: float = -np.inf, base: float = np.inf) -> Candidates:  # noqa: ARG002
        """
        Find planes in a strip.

        Parameters
        ----------
        strip : WellImage
            Rows of one well, in memory.
        top, base : float
            Not needed: planes beyond are left to whoever asks.

        Returns
        -------
        Candidates
            Planes whose mid-depth lies within the strip, by depth.
        """
        seen = self.look(strip)
        confidence = 1 / (1 + np.exp(-seen.evidence @ _WEIGHTS))
        bedding = bedding_probability(seen.traces, seen.step, confidence, self.radius)
        return Candidates(seen.traces, np.where(bedding >= 0.5, "bedding", "fracture"), confidence)

    def look(self, strip: WellImage) -> Sighting:
        """
        Find everything in a strip that might be a plane, and measure what speaks for it.

        Parameters
        ----------
        strip : WellImage
            Rows of one well, in memory.

        Returns
        -------
        Sighting
            By depth.
        """
        grid = working_grid(strip, self.step, self.origin)
        tried = [self._at_width(grid, rows * max(self.step, STEP)) for rows in _WIDTHS]
        traces, scores, reach, shown = (np.concatenate([part[i] for part in tried]) for i in range(4))
        along = Along.joined([part[4] for part in tried])
        kept, _ = thin(along, reach, scores, _KEPT)
        kept = kept[shown[kept] >= _FAINT]
        kept = kept[np.argsort(traces[kept, 0], kind="stable")]
        values, depth, angles = (strip[name].values for name in ("image", "depth", "azimuth"))
        refined = refine(values, depth, angles, traces[kept], self.radius, self.astray)
        agreement = mean_agreement(refined)
        dip = np.hypot(refined.traces[:, 1], refined.traces[:, 2]) / self.radius
        evidence = [np.ones(kept.size), np.log(shown[kept]), agreement, refined.coverage, np.log(dip + 0.05)]
        energy = centre_energy(refined)
        step = energy.imag**2 / np.maximum(np.abs(energy) ** 2, 1e-12)
        # Candidates a little apart may have been refined on to one plane.
        single = np.sort(thin_by_distance(refined.traces, shown[kept], _APART * max(self.step, STEP)))
        return Sighting(refined.traces[single], np.column_stack(evidence)[single], step[single])

    def _at_width(self, grid: WorkingGrid, width: float) -> tuple[Array, Array, Array, Array, Along]:
        """Candidates at one filter width: traces, scores, how far each explains, contrast, evidence."""
        evidence = oriented_evidence(grid, self.radius, width)
        traces, scores = peaks(evidence, trace_shapes(evidence.radius, width, self.tallest), _FIRST)
        traces, scores = polish(evidence, traces)
        single = thin_by_distance(traces, scores, 2.5 * width)
        along = evidence_along(evidence, traces[single])
        reach = _EXPLAINED * width * evidence.stretch(along.slope)
        return traces[single], scores[single], reach, contrast(along), along
