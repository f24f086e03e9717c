"""Check for offsets of whole rows or sectors of an image, which make pickers invent flat beds."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from geobfdt.runtime.findings import Finding, Severity

__all__ = ["OffsetCheck", "row_quartiles"]

Pixels = npt.NDArray[np.float32]
Array = npt.NDArray[np.float64]

# Offsets matter if their standard deviation exceeds this share of that of the image.
_MIN_OFFSET_SHARE = 0.2
# The common offset of a row is estimated from at least this many measured columns.
_MIN_COLUMNS = 8
# The check needs at least this many rows.
_MIN_ROWS = 50
# The standard error of a median exceeds that of a mean by this factor.
_MEDIAN_ERROR = 1.25
# Rows differ if their offsets differ by this many standard errors.
_MIN_STANDARD_ERRORS = 2.0
# Neighbouring differences of independent offsets have a correlation of -0.5; where edges are spread over rows, as
# those of beds are, it is positive.
_MAX_CORRELATION = -0.12
# The mean of a sector is taken over this depth.
_BLOCK_M = 5.0
# A tool off centre makes up to this many waves in a turn, which are not stripes.
_SHADING_WAVES = 2
# Stripes of a block correlate with those of all blocks by at least this.
_MIN_STRIPE_CORRELATION = 0.5


class OffsetCheck:
    """
    Offsets that whole rows, or whole sectors, of an image have; a few bytes per row are kept.

    Parameters
    ----------
    columns : int
        Number of columns of the image.
    spacing : float
        Distance of its rows (m).

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
        """Add the next rows."""
        measured = np.isfinite(block)
        values = block[measured].astype(np.float64)
        self._sums += [values.size, values.sum(), (values**2).sum()]
        rows = np.concatenate([self._last, block])
        change = np.diff(rows, axis=0)
        common, spread, count = _median_and_spread(change)
        enough = count >= _MIN_COLUMNS
        self._common.append(np.where(enough, common, np.nan))
        self._error.append(np.where(enough, _MEDIAN_ERROR * spread / np.sqrt(np.maximum(count, 1)), np.nan))
        self._last = block[-1:].copy()
        level, _, count = _median_and_spread(block)
        above = np.where(measured & (count >= _MIN_COLUMNS)[:, None], block - level[:, None], 0.0)
        number = (self._row + np.arange(len(block))) // self._rows_a_block
        for one in np.unique(number):
            sums = self._blocks.setdefault(int(one), np.zeros((2, self._columns)))
            sums += [above[number == one].sum(axis=0), measured[number == one].sum(axis=0)]
        self._row += len(block)

    def findings(self, depth: Array) -> list[Finding]:
        """Report whether rows or sectors are offset."""
        count, total, squares = self._sums
        spread = math.sqrt(max(squares / count - (total / count) ** 2, 0.0)) if count else 0.0
        if spread <= 0 or self._row < _MIN_ROWS:
            return []
        place = f"{depth[0]:.2f}-{depth[-1]:.2f} m"
        results = []
        rows = self._row_offset() / spread
        if rows >= _MIN_OFFSET_SHARE:
            observed = f"rows differ as wholes by {rows:.0%} of the image's standard deviation, each from the next"
            action = "doubt picks along rows; --even-rows takes such offsets out"
            results.append(Finding(Severity.MINOR, "row-offsets", place, observed, action))
        sectors = self._sector_offset() / spread
        if sectors >= _MIN_OFFSET_SHARE:
            observed = f"sectors differ over metres of depth by {sectors:.0%} of the image's standard deviation"
            action = "doubt steep fractures along stripes; --even-sectors takes them out"
            results.append(Finding(Severity.MINOR, "sector-stripes", place, observed, action))
        return results

    def _row_offset(self) -> float:
        """Return the standard deviation of the row offsets, in units of the image; 0 where they follow the rock."""
        common, error = np.concatenate(self._common), np.concatenate(self._error)
        measured = np.isfinite(common)
        if measured.sum() < _MIN_ROWS:
            return 0.0
        common = common - np.median(common[measured])
        size = 1.4826 * float(np.median(np.abs(common[measured])))
        typical = float(np.median(error[measured]))
        if size <= _MIN_STANDARD_ERRORS * typical:
            return 0.0
        # Contacts of beds are few and large, and must not dominate the correlation.
        bounded = np.clip(common, -4 * size, 4 * size)
        together = bounded[1:] * bounded[:-1]
        correlation = float(np.nanmean(together) / np.nanmean(bounded**2))
        return math.sqrt((size**2 - typical**2) / 2) if correlation < _MAX_CORRELATION else 0.0

    def _sector_offset(self) -> float:
        """Return the standard deviation of the sector offsets, without the slow waves of a tool off centre."""
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
        # Beds differ between blocks; stripes are the same in all blocks.
        share = float((steady**2).sum() / max((means**2).sum(axis=1).mean(), 1e-12))
        return float(steady.std()) if share > _MIN_STRIPE_CORRELATION else 0.0


def row_quartiles(values: Pixels) -> Array:
    """
    Quartiles of the values of each row that are not NaN.

    Parameters
    ----------
    values : array (rows, columns)
        Pixels.

    Returns
    -------
    array (rows, 3)
        First quartile, median and third quartile; 0 in rows without a value.

    Notes
    -----
    The quantile ``q`` of ``n`` sorted values lies at ``(n - 1) q``, linear between neighbours (type 7 of Hyndman and
    Fan 1996). :func:`numpy.nanpercentile` returns the same bits, row by row, and takes thirty times as long.

    Examples
    --------
    >>> row_quartiles(np.array([[4.0, 0.0, np.nan, 2.0]], np.float32)).tolist()
    [[1.0, 2.0, 3.0]]
    """
    # NaN is sorted to the end of a row, so that the values of each row come first.
    ordered = np.sort(values, axis=1)
    last = (~np.isnan(values)).sum(axis=1)[:, None] - 1
    at = np.maximum(last, 0) * np.array([0.25, 0.5, 0.75])
    below = np.floor(at).astype(np.intp)
    lower = np.take_along_axis(ordered, below, axis=1)
    upper = np.take_along_axis(ordered, np.minimum(below + 1, np.maximum(last, 0)), axis=1)
    share, step = at - below, upper - lower
    # The step is taken from the nearer neighbour, so that it is rounded least.
    between = np.where(share < 0.5, lower + step * share, upper - step * (1 - share))
    return np.where(last < 0, 0.0, between)


def _median_and_spread(values: Pixels) -> tuple[Array, Array, npt.NDArray[np.int64]]:
    """Median of each row, standard deviation about it (of the middle half, scaled), and columns measured."""
    low, middle, high = row_quartiles(values).T
    return middle, (high - low) / 1.349, np.isfinite(values).sum(axis=1)
