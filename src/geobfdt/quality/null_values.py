"""Pixels of one value that may stand for "not measured", though no file says so: 0, -1, 255, 9999 and the like."""

from __future__ import annotations

from collections import Counter

import numpy as np
import numpy.typing as npt

from geobfdt.runtime.findings import Finding, Severity
from geobfdt.wells.image import WellImage

__all__ = ["NullValues"]

Pixels = npt.NDArray[np.float32]

# Fewer whole rows of one value, or a smaller share of them, are chance.
_MIN_ROWS = 3
_MIN_ROW_SHARE = 0.005
# From this share of rows or columns on, they are a major finding: real rock fills few whole rows with one value.
_MAJOR_SHARE = 0.05
# This share of the pixels of a null lies in whole rows and columns; of clipped rock, a smaller one does.
_MIN_INSIDE = 0.8
# A value that stands apart is reported from this share of the pixels on.
_MIN_APART_SHARE = 0.005
# It stands apart if the next value is farther off than this share of the range of all others.
_MIN_GAP = 0.2
# Exactly these values are suspicious in an image of fractional numbers.
_ROUND_VALUES = (0.0, -1.0, 1.0, 255.0)
_MIN_ROUND_SHARE = 0.02
# An image with as many different values among a sample of pixels is continuous.
_SAMPLE, _CONTINUOUS_LEVELS = 10_000, 1000


class NullValues:
    """
    Running statistics of values that may stand for "not measured".

    Parameters
    ----------
    columns : int
        Columns of the image.

    Examples
    --------
    >>> from geobfdt.wells.image import well_image
    >>> pixels = np.random.default_rng(0).integers(40, 200, (50, 8)).astype(np.float32)
    >>> pixels[:, 3] = -1
    >>> nulls = NullValues(8)
    >>> nulls.add(pixels)
    >>> [finding.kind for finding in nulls.findings(well_image(pixels, np.arange(50.0)))]
    ['null-suspected']
    """

    def __init__(self, columns: int) -> None:
        self._ends: dict[str, list[float]] = {"low": [], "high": []}
        self._counts: Counter[float] = Counter()
        self._rows: Counter[float] = Counter()
        self._low, self._high = np.full(columns, np.nan), np.full(columns, np.nan)
        self._row_count, self._pixels = 0, 0
        self._whole, self._levels = True, 0

    def add(self, block: Pixels) -> None:
        """Add a block of rows (rows, columns), NaN where unmeasured."""
        measured = np.isfinite(block)
        values = block[measured]
        if not values.size:
            return
        self._pixels += values.size
        self._whole = self._whole and bool((values == np.round(values)).all())
        self._levels = max(self._levels, np.unique(values[:_SAMPLE]).size)
        for value in _ROUND_VALUES:
            self._counts[value] += int((values == value).sum())
        self._add_ends(values)
        low, high = np.fmin.reduce(block, axis=1), np.fmax.reduce(block, axis=1)
        self._row_count += int(measured.any(axis=1).sum())
        self._rows.update(low[(low == high) & (measured.sum(axis=1) > 1)].tolist())
        self._low = np.fmin(self._low, np.fmin.reduce(block, axis=0))
        self._high = np.fmax(self._high, np.fmax.reduce(block, axis=0))

    def _add_ends(self, values: Pixels) -> None:
        """Keep the two lowest and the two highest values, and how many pixels have the outermost ones."""
        low, high = float(values.min()), float(values.max())
        inner = values[(values > low) & (values < high)]
        low2, high2 = (float(inner.min()), float(inner.max())) if inner.size else (high, low)
        for name, own, sign in (("low", (low, low2), 1), ("high", (high, high2), -1)):
            before = self._ends[name]
            ends = sorted({*before, *own}, key=lambda value: sign * value)[:2]
            for value in before:
                if value not in (ends[0], *_ROUND_VALUES):
                    del self._counts[value]
            if ends[0] not in _ROUND_VALUES:
                self._counts[ends[0]] += int((values == ends[0]).sum())
            self._ends[name] = ends

    def findings(self, image: WellImage) -> list[Finding]:
        """Return ``null-suspected`` for each value that may stand for "not measured"."""
        if self._ends["low"][:1] == self._ends["high"][:1]:
            return []  # An image of one value is reported as such.
        depth = image.depth.values
        place = f"{depth[0]:.2f}-{depth[-1]:.2f} m"
        results = []
        for value in self._suspects():
            major, reasons = self._reasons(value)
            if not reasons:
                continue
            observed = " and ".join(reasons)
            action = f"if {value:g} stands for not measured, read the original with --null {value:g}: it counts as rock"
            severity = Severity.MAJOR if major else Severity.MINOR
            results.append(Finding(severity, "null-suspected", place, observed, action))
        return results

    def _suspects(self) -> list[float]:
        """Values to look at: the ends, round ones, and the one that fills most whole rows."""
        ends = [value for values in self._ends.values() for value in values[:1]]
        return sorted({*ends, *_ROUND_VALUES, *(value for value, _ in self._rows.most_common(1))})

    def _reasons(self, value: float) -> tuple[bool, list[str]]:
        """Whether it is a major finding, and what tells that a value may stand for not measured."""
        major, reasons = False, []
        rows = self._rows.get(value, 0)
        columns = int(((self._low == value) & (self._high == value)).sum())
        # Clipped rock fills some whole rows, too, but most of its pixels lie beside others.
        inside = rows * self._low.size + columns * self._row_count
        if value in self._counts and inside < _MIN_INSIDE * self._counts[value]:
            rows = columns = 0
        if rows >= max(_MIN_ROWS, _MIN_ROW_SHARE * self._row_count):
            reasons.append(f"{rows} of {self._row_count} rows are nothing but {value:g}")
            major = rows >= _MAJOR_SHARE * self._row_count
        if columns and self._row_count >= _MIN_ROWS:
            reasons.append(f"{columns} of {self._low.size} columns are nothing but {value:g}")
            major = major or columns >= _MAJOR_SHARE * self._low.size
        share = self._counts.get(value, 0) / max(self._pixels, 1)
        if share >= _MIN_APART_SHARE and self._stands_apart(value):
            reasons.append(f"{share:.1%} of pixels are {value:g}, far from all others")
            major = True
        elif share >= _MIN_ROUND_SHARE and value in _ROUND_VALUES and self._is_continuous():
            reasons.append(f"{share:.1%} of pixels are exactly {value:g}, among fractional numbers")
            major = True
        return major, reasons

    def _is_continuous(self) -> bool:
        """Whether the image holds fractional numbers in many steps."""
        return not self._whole and self._levels >= _CONTINUOUS_LEVELS

    def _stands_apart(self, value: float) -> bool:
        """Whether an end value is far from the next one, or is the only negative one of whole numbers."""
        low, high = self._ends["low"], self._ends["high"]
        if len(low) < 2 or len(high) < 2:
            return False
        for (end, following), far in ((low, high[0]), (high, low[0])):
            if end == value and following != far:
                only_negative = self._whole and value < 0 <= following
                return only_negative or abs(end - following) > _MIN_GAP * abs(far - following)
        return False
