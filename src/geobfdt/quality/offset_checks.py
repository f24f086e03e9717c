"""Whether rows or sectors of an image are offset as wholes, which makes pickers invent flat beds."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from geobfdt.runtime.findings import Finding, Severity

__all__ = ["OffsetCheck"]

Pixels = npt.NDArray[np.float32]
Array = npt.NDArray[np.float64]

# Standard deviation of offsets, against the image's, from which they matter.
_LEAST = 0.2
# Measured columns of a row that tell what it has in common.
_FEWEST_COLUMNS = 8
_FEWEST_ROWS = 50
# Standard error of a median, against that of a mean.
_MEDIAN_ERROR = 1.25
# How many standard errors rows have to differ by.
_SURE = 2.0
# Of independent offsets, neighbouring differences have a correlation of -0.5; where edges are spread over rows, as
# those of beds are, it is positive.
_MOST_CORRELATION = -0.12
# Depth over which a sector's mean is taken.
_BLOCK_M = 5.0
# Waves a turn that a tool off centre makes, and no stripes.
_SHADING_WAVES = 2
# Correlation of the stripes of blocks with those of all blocks.
_STEADY = 0.5


class OffsetCheck:
    """
    What rows, and sectors, of an image have in common; a few bytes a row are kept.

    Parameters
    ----------
    columns : int
        Of the image.
    spacing : float
        Between its rows (m).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> check = OffsetCheck(16, 0.01)
    >>> check.add((rng.normal(0, 1, (400, 16)) + rng.normal(0, 1, (400, 1))).astype(np.float32))
    >>> [finding.kind for finding in check.findings(0.01 * np.arange(400))]
    ['row-offsets']
    """

    def __init__(self, columns: int, spacing: float) -> None:
        self._columns, self._rows_a_block = columns, max(round(_BLOCK_M / spacing), 10)
        self._last: Pixels = np.empty((0, columns), np.float32)
        self._common: list[Array] = []
        self._error: list[Array] = []
        # Count, sum and sum of squares of the pixels.
        self._sums = np.zeros(3)
        # Sums and counts (2, columns) above the rows' medians.
        self._blocks: dict[int, npt.NDArray[np.float64]] = {}
        self._row = 0

    def add(self, block: Pixels) -> None:
        """Take in the next rows."""
        measured = np.isfinite(block)
        values = block[measured].astype(np.float64)
        self._sums += [values.size, values.sum(), (values**2).sum()]
        joined = np.concatenate([self._last, block])
        change = np.diff(joined, axis=0)
        common, spread, count = _middle(change)
        told = count >= _FEWEST_COLUMNS
        self._common.append(np.where(told, common, np.nan))
        self._error.append(np.where(told, _MEDIAN_ERROR * spread / np.sqrt(np.maximum(count, 1)), np.nan))
        self._last = block[-1:].copy()
        level, _, count = _middle(block)
        above = np.where(measured & (count >= _FEWEST_COLUMNS)[:, None], block - level[:, None], 0.0)
        number = (self._row + np.arange(len(block))) // self._rows_a_block
        for one in np.unique(number):
            sums = self._blocks.setdefault(int(one), np.zeros((2, self._columns)))
            sums += [above[number == one].sum(axis=0), measured[number == one].sum(axis=0)]
        self._row += len(block)

    def findings(self, depth: Array) -> list[Finding]:
        """Tell whether rows, and sectors, are offset."""
        count, total, squares = self._sums
        spread = math.sqrt(max(squares / count - (total / count) ** 2, 0.0)) if count else 0.0
        if spread <= 0 or self._row < _FEWEST_ROWS:
            return []
        place = f"{depth[0]:.2f}-{depth[-1]:.2f} m"
        found = []
        rows = self._row_offset() / spread
        if rows >= _LEAST:
            observed = f"rows differ as wholes by {rows:.0%} of the image's standard deviation, each from the next"
            action = "doubt picks along rows; --even-rows takes such offsets out"
            found.append(Finding(Severity.MINOR, "row-offsets", place, observed, action))
        sectors = self._sector_offset() / spread
        if sectors >= _LEAST:
            observed = f"sectors differ over metres of depth by {sectors:.0%} of the image's standard deviation"
            action = "doubt steep fractures along stripes; --even-sectors takes them out"
            found.append(Finding(Severity.MINOR, "sector-stripes", place, observed, action))
        return found

    def _row_offset(self) -> float:
        """Standard deviation of the offsets of rows, in units of the image; 0 where they follow the rock."""
        common, error = np.concatenate(self._common), np.concatenate(self._error)
        known = np.isfinite(common)
        if known.sum() < _FEWEST_ROWS:
            return 0.0
        common = common - np.median(common[known])
        size = 1.4826 * float(np.median(np.abs(common[known])))
        typical = float(np.median(error[known]))
        if size <= _SURE * typical:
            return 0.0
        # Contacts are few and large.
        bounded = np.clip(common, -4 * size, 4 * size)
        together = bounded[1:] * bounded[:-1]
        correlation = float(np.nanmean(together) / np.nanmean(bounded**2))
        return math.sqrt((size**2 - typical**2) / 2) if correlation < _MOST_CORRELATION else 0.0

    def _sector_offset(self) -> float:
        """Standard deviation of the offsets of sectors, but for the slow waves of a tool off centre."""
        sums = np.array(list(self._blocks.values()))
        if len(sums) < 2 or (sums[:, 1].sum(axis=0) == 0).any():
            return 0.0
        turn = (np.arange(self._columns) + 0.5) * 2 * np.pi / self._columns
        waves = [np.ones(self._columns)]
        waves += [of(k * turn) for k in range(1, _SHADING_WAVES + 1) for of in (np.cos, np.sin)]
        basis = np.linalg.qr(np.stack(waves, axis=1))[0]
        means = sums[:, 0] / np.maximum(sums[:, 1], 1)
        means -= means @ basis @ basis.T
        steady = means.mean(axis=0)
        # Beds differ from block to block, stripes do not.
        share = float((steady**2).sum() / max((means**2).sum(axis=1).mean(), 1e-12))
        return float(steady.std()) if share > _STEADY else 0.0


def _middle(values: Pixels) -> tuple[Array, Array, npt.NDArray[np.int64]]:
    """Median of each row, standard deviation about it (of the middle half, scaled), and columns measured."""
    count = np.isfinite(values).sum(axis=1)
    safe = np.where((count > 0)[:, None], values, np.float32(0))
    low, middle, high = np.nanpercentile(safe, [25, 50, 75], axis=1)
    return middle, (high - low) / 1.349, count
