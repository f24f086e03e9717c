"""Checks of the values of an image: range, steps, clipping, and which end is conductive."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from geobfdt.runtime.findings import Finding, Severity
from geobfdt.wells.image import WellImage

__all__ = ["PixelValues"]

Pixels = npt.NDArray[np.float32]

# This share of pixels at one end value is reported; 0.2 is a major finding.
MIN_CLIPPED_SHARE = 0.05
# An image with at most this many levels is coarsely quantised.
MAX_COARSE_LEVELS = 32
# A line differs from the noise by this many robust standard deviations of the line response.
MIN_LINE_DEVIATIONS = 6.0
# Lines are reported if they cover at least this share of the pixels.
MIN_LINE_SHARE = 2e-4
# Bright lines have to be this much more frequent than dark ones.
MIN_BRIGHT_RATIO = 4.0


class PixelValues:
    """
    Running statistics of pixel values over blocks of rows.

    Parameters
    ----------
    ridge_rows : int
        Half width (rows) of the lines counted for the polarity.

    Examples
    --------
    >>> from geobfdt.wells.image import well_image
    >>> pixels = np.random.default_rng(0).integers(0, 16, (50, 8)).astype(np.float32)
    >>> values = PixelValues(ridge_rows=1)
    >>> values.add(pixels)
    >>> print(*values.findings(well_image(pixels, np.arange(50.0))))
    major  value-range  0.00-49.00 m: whole numbers from 0 to 15; looks like 4-bit grey: read another image or rescale
    """

    def __init__(self, ridge_rows: int) -> None:
        self._ridge = ridge_rows
        self.count = 0
        self._low, self._high = np.inf, -np.inf
        self._at_low, self._at_high = 0, 0
        self._whole = True
        self._dark = self._bright = self._tested = 0

    def add(self, block: Pixels) -> None:
        """Add a block of rows (rows, columns), NaN where unmeasured."""
        values = block[np.isfinite(block)]
        if not values.size:
            return
        self.count += values.size
        low, high = float(values.min()), float(values.max())
        if low < self._low:
            self._low, self._at_low = low, 0
        if high > self._high:
            self._high, self._at_high = high, 0
        self._at_low += int((values == self._low).sum())
        self._at_high += int((values == self._high).sum())
        self._whole = self._whole and bool((values == np.round(values)).all())
        self._lines(block)

    def _lines(self, block: Pixels) -> None:
        k = self._ridge
        if len(block) < 4 * k + 1:
            return
        response = block[2 * k : -2 * k] - (block[: -4 * k] + block[4 * k :]) / 2
        response = response[np.isfinite(response)]
        scale = 1.4826 * float(np.median(np.abs(response))) if response.size else 0.0
        if scale > 0:
            self._tested += response.size
            self._dark += int((response < -MIN_LINE_DEVIATIONS * scale).sum())
            self._bright += int((response > MIN_LINE_DEVIATIONS * scale).sum())

    def findings(self, image: WellImage) -> list[Finding]:
        """Return the findings about the values of the whole image."""
        depth = image.depth.values
        place = f"{depth[0]:.2f}-{depth[-1]:.2f} m"
        if not self.count:
            observed, action = "not one pixel is measured", "check the image's name and its null value"
            return [Finding(Severity.MAJOR, "empty-image", place, observed, action)]
        if self._low == self._high:
            observed, action = f"every pixel is {self._low:g}", "check the image's name"
            return [Finding(Severity.MAJOR, "constant-image", place, observed, action)]
        results = self._range(image, place)
        if results:
            return results
        share = max(self._at_low, self._at_high) / self.count
        if share > MIN_CLIPPED_SHARE:
            end = self._low if self._at_low > self._at_high else self._high
            observed, action = (
                f"{share:.0%} of pixels are exactly {end:g}",
                f"contrast there is lost; read an unclipped image, or with --null {end:g} if it is not measured there",
            )
            severity = Severity.MAJOR if share > 4 * MIN_CLIPPED_SHARE else Severity.MINOR
            results.append(Finding(severity, "saturated", place, observed, action))
        return results + self._polarity(image, place)

    def _range(self, image: WellImage, place: str) -> list[Finding]:
        low, high = self._low, self._high
        sixteen = low >= 0 and 12 <= high <= 16
        scaled = image.attrs["normalisation"] != "none" or self._at_high > 10
        if self._whole and sixteen:
            observed, action = (
                f"whole numbers from {low:g} to {high:g}",
                "looks like 4-bit grey: read another image or rescale",
            )
            return [Finding(Severity.MAJOR, "value-range", place, observed, action)]
        if sixteen and scaled and image.attrs["units"] in ("", "unitless"):
            observed = f"values from {low:g} to {high:g} where a grey image has 0 to 255"
            return [Finding(Severity.MAJOR, "value-range", place, observed, "check that the right scaling was applied")]
        if self._whole and high - low < MAX_COARSE_LEVELS:
            observed, action = (
                f"{high - low + 1:g} grey levels at the most",
                "faint planes are lost; read another image",
            )
            return [Finding(Severity.MINOR, "few-grey-levels", place, observed, action)]
        return []

    def _polarity(self, image: WellImage, place: str) -> list[Finding]:
        """Check the polarity: open fractures and thin shales are conductive, so that lines are mostly dark."""
        dark, bright = (self._dark, self._bright) if image.attrs["dark"] == "low" else (self._bright, self._dark)
        if bright < MIN_LINE_SHARE * self._tested or bright < MIN_BRIGHT_RATIO * (dark + 1):
            return []
        observed = f"sharp lines are bright {bright / (dark + 1):.0f} times more often than dark"
        action = "check which end of the values is conductive; if it is the other one, read with the dark end swapped"
        return [Finding(Severity.MINOR, "polarity-doubt", place, observed, action)]
