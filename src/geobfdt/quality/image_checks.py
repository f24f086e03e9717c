"""Checks of an image before it is used: values, rows, buttons, coverage, rotation.

The pixels pass through in blocks of rows, so that a lazily opened image of any length is checked in bounded memory;
what is kept is a few bytes a row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from geobfdt.quality.hole_checks import check_depth, check_diameter, check_inclination
from geobfdt.quality.null_values import NullValues
from geobfdt.quality.offset_checks import OffsetCheck
from geobfdt.quality.pixel_values import PixelValues
from geobfdt.quality.stretches import Stretch, stretch_findings, stretches
from geobfdt.runtime.findings import Finding, Severity
from geobfdt.wells.image import WellImage, add_findings, row_spacing
from geobfdt.wells.tools import tool_kind

__all__ = ["ImageCheck", "add_new_findings", "check_image", "row_blocks", "with_image_findings"]

Pixels = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]

# An image is read in blocks of about this many pixels.
BLOCK_PIXELS = 1 << 20
# A live button changes within this many rows; the window is short, because pads rotate and move its column.
DEAD_WINDOW_ROWS = 6
# Fewer pixels at an end value say nothing about clipping.
MIN_CLIPPED_PIXELS = 20
# A dead button is reported if it does not change over at least this length.
DEAD_LENGTH_M = 1.0
# What to do about a column that does not change, by the kind of tool.
_STILL_COLUMN = {
    "pads": "blank the button before normalising: it draws a line down the image",
    "acoustic": "blank these columns before picking: something on the tool draws a line down the image",
    "optical": "blank these columns before picking: dirt or a scratch on the window draws a line down the image",
    "": "blank these columns before picking: they draw a line down the image",
}
# An image with at most this many columns is made by a rotating tool; with more, by pads.
MAX_SECTORS = 64


def check_image(image: WellImage) -> list[Finding]:
    """
    Check an image and its hole for problems that would spoil picks.

    Value range, saturation, values that may stand for "not measured", polarity; depth gaps and uneven rows; unmeasured,
    repeated and badly covered rows; dead buttons; rows or sectors that are offset as wholes; a tool that does not
    rotate; diameter, inclination and reference line. Nothing is changed.

    Parameters
    ----------
    image : WellImage
        The well, in memory or lazily opened.

    Returns
    -------
    list of Finding
        Empty for a sound image. Each names a depth interval, and there are at most five of a kind: the longest
        intervals, and a count of the rest.

    Examples
    --------
    >>> from geobfdt.wells.image import well_image
    >>> pixels = np.random.default_rng(0).normal(100, 20, (500, 36))
    >>> pixels[200:300] = np.nan
    >>> print(*check_image(well_image(pixels, 1000 + 0.01 * np.arange(500))))
    major  missing-rows  1002.00-1002.99 m: 100 rows without a single measured pixel; picks cannot be made there
    """
    check = ImageCheck(image)
    for block in row_blocks(image):
        check.add(block)
    return check.findings()


class ImageCheck:
    """
    The checks of :func:`check_image`, for rows that are read for another purpose, too.

    Parameters
    ----------
    image : WellImage
        The well; its pixels are not read.

    Examples
    --------
    >>> from geobfdt.wells.image import well_image
    >>> image = well_image(np.zeros((500, 36)), 1000 + 0.01 * np.arange(500))
    >>> check = ImageCheck(image)
    >>> for first in range(0, 500, 100):
    ...     check.add(image["image"].values[first : first + 100])
    >>> [finding.kind for finding in check.findings()][:1]
    ['constant-image']
    """

    def __init__(self, image: WellImage) -> None:
        spacing = row_spacing(image) or 1.0
        columns = image.sizes["azimuth"]
        self._image, self._block_rows = image, _block_rows(columns)
        self._rows, self._dead, self._rotation = _Rows(), _DeadButtons(columns, spacing), _Rotation(columns, spacing)
        self._offsets = OffsetCheck(columns, spacing)
        self._nulls = NullValues(columns)
        self._values = PixelValues(ridge_rows=max(1, round(0.01 / spacing)))
        self._rest: Pixels = np.empty((0, columns), dtype=np.float32)

    def add(self, pixels: Pixels) -> None:
        """Add the next rows (rows, columns)."""
        # Blocks are of one height however the rows arrive: lines are counted within blocks.
        rest = np.concatenate([self._rest, pixels]) if len(self._rest) else pixels
        while len(rest) >= self._block_rows:
            self._check(rest[: self._block_rows])
            rest = rest[self._block_rows :]
        self._rest = rest.copy()

    def findings(self) -> list[Finding]:
        """Return the findings of all rows, once the last one is added."""
        if len(self._rest):
            self._check(self._rest)
            self._rest = self._rest[:0]
        depth = np.asarray(self._image.depth.values, dtype=np.float64)
        nulls = self._nulls.findings(self._image)
        # Whole rows of a null are no clipped rock.
        of_values = [f for f in self._values.findings(self._image) if not (nulls and f.kind == "saturated")]
        findings = of_values + nulls + check_depth(self._image)
        if self._values.count:
            kind = tool_kind(self._image.attrs["tool"])
            findings += self._rows.findings(depth, kind) + self._dead.findings(depth, kind)
            findings += self._rotation.findings(depth) + self._offsets.findings(depth)
        return findings + check_diameter(self._image) + check_inclination(self._image)

    def _check(self, pixels: Pixels) -> None:
        block = _with_nan(pixels)
        for part in (self._rows, self._dead, self._offsets, self._rotation, self._values, self._nulls):
            part.add(block)


def with_image_findings(image: WellImage) -> WellImage:
    """
    Return the image with the findings of its checks added; the pixels are shared.

    A well of a field was checked when it was ingested, perhaps by an older version with other texts: a finding of the
    same kind and place is not added again.

    Examples
    --------
    >>> from geobfdt.wells.image import well_image
    >>> pixels = np.random.default_rng(0).normal(100, 20, (500, 36))
    >>> pixels[200:300] = np.nan
    >>> once = with_image_findings(well_image(pixels, 1000 + 0.01 * np.arange(500)))
    >>> [finding.kind for finding in with_image_findings(once).attrs["findings"]]
    ['missing-rows']
    """
    return add_new_findings(image, check_image(image))


def add_new_findings(image: WellImage, findings: list[Finding]) -> WellImage:
    """Return the image with those of the findings whose kind and place it has none of; the pixels are shared."""
    present = {(finding.kind, finding.place) for finding in image.attrs["findings"]}
    return add_findings(image, [new for new in findings if (new.kind, new.place) not in present])


def row_blocks(image: WellImage) -> Iterator[Pixels]:
    """Yield the pixels of an image in blocks of rows, float32, NaN where nothing was measured."""
    rows = _block_rows(image.sizes["azimuth"])
    for start in range(0, image.sizes["depth"], rows):
        yield _with_nan(np.asarray(image["image"].isel(depth=slice(start, start + rows)).values, dtype=np.float32))


def _block_rows(columns: int) -> int:
    return max(256, BLOCK_PIXELS // columns)


def _with_nan(pixels: Pixels) -> Pixels:
    """Return the pixels with NaN for whatever is not finite."""
    return np.where(np.isfinite(pixels), pixels, np.float32(np.nan))


def _equal_pixels(first: Pixels, second: Pixels) -> Flags:
    """Return where pixels are equal, or both unmeasured."""
    return np.asarray((first == second) | (np.isnan(first) & np.isnan(second)))


class _Rows:
    """Measured share of each row, and whether the row repeats the one above or holds one value."""

    def __init__(self) -> None:
        self._coverage: list[npt.NDArray[np.float32]] = []
        self._repeats: list[Flags] = []
        self._even: list[Flags] = []
        self._last: Pixels | None = None

    def add(self, block: Pixels) -> None:
        measured = np.isfinite(block)
        several = measured.sum(1) > 1
        above = block[:1] * np.nan if self._last is None else self._last
        low = np.where(measured, block, np.inf).min(1)
        even = several & (low == np.where(measured, block, -np.inf).max(1))
        self._coverage.append(measured.mean(1, dtype=np.float32))
        self._even.append(even)
        # Rows of one value repeat each other without a fault of the file; the check for saturation reports them.
        self._repeats.append(_equal_pixels(block, np.concatenate([above, block[:-1]])).all(1) & several & ~even)
        self._last = block[-1:].copy()

    def findings(self, depth: npt.NDArray[np.float64], tool: str) -> list[Finding]:
        coverage = np.concatenate(self._coverage)
        repeats, even = np.concatenate(self._repeats), np.concatenate(self._even)
        place = f"{depth[0]:.2f}-{depth[-1]:.2f} m"
        typical = float(np.median(coverage[coverage > 0]))
        results = stretch_findings(
            stretches(coverage == 0, depth),
            Severity.MAJOR,
            "missing-rows",
            lambda s: f"{s.rows} rows without a single measured pixel",
            "picks cannot be made there",
        )
        if typical < 0.5:
            observed = f"half of the rows measure less than {typical:.0%} of the turn"
            action = "expect fewer and less certain picks; small coverage widens their sigmas"
            results.append(Finding(Severity.INFO, "low-coverage", place, observed, action))
        results += stretch_findings(
            stretches((coverage > 0) & (coverage < 0.5 * typical), depth, shortest=0.3, join=0.3),
            Severity.MINOR,
            "coverage-drop",
            lambda s: f"{coverage[s.first : s.last + 1].mean():.0%} of the turn measured, {typical:.0%} elsewhere",
            "a pad is off the wall or missing: expect few picks there" if tool == "pads" else "expect few picks there",
        )
        results += stretch_findings(
            stretches(even, depth, shortest=1.0, join=0.25),
            Severity.MAJOR,
            "sectors-equal",
            lambda s: f"{s.rows} rows hold one value all round",
            "the tool did not rotate or the image was filled from a single curve: picks there mean nothing",
        )
        return results + self._repeated(repeats, depth, place)

    def _repeated(self, repeats: Flags, depth: npt.NDArray[np.float64], place: str) -> list[Finding]:
        share = float(repeats.mean())
        runs = [s for s in stretches(repeats, depth) if s.rows >= 10]
        if share > 0.3 and sum(s.rows for s in runs) < 0.5 * repeats.sum():
            observed = f"{share:.0%} of rows repeat the row above, a few at a time"
            action = f"the image was sampled about {1 / (1 - share):.1f} times coarser than its rows: nothing is lost"
            return [Finding(Severity.INFO, "rows-oversampled", place, observed, action)]
        return stretch_findings(
            # Each row of the run repeats the one above it, so that the first of the equal rows lies before the run.
            [Stretch(s.first - 1, s.last, float(depth[s.first - 1]), s.base) for s in runs],
            Severity.MAJOR,
            "rows-repeated",
            lambda s: f"{s.rows} rows are the same to the last bit",
            "the tool stuck or the file was padded: planes there are stretched or invented",
        )


class _DeadButtons:
    """Columns that do not change while the others do, followed as they move with the pads."""

    def __init__(self, columns: int, spacing: float) -> None:
        self._reach = max(1, columns // 180)
        self._widest = max(2, columns // 90)
        self._span = max(round(DEAD_LENGTH_M / spacing / DEAD_WINDOW_ROWS), 10)
        # A button that moves to the next column within a window is missed there, so not every window has to show it.
        self._needed = round(0.4 * self._span)
        # Number of windows for which each column was still; the latest is the last.
        self._past = [np.zeros(columns, dtype=np.int64)] * 3
        self._alive = np.zeros(columns, dtype=bool)
        self._rest: Pixels = np.empty((0, columns), dtype=np.float32)
        self._windows = 0
        # Values of the columns that have been still for long, by window.
        self._dead: dict[int, list[float]] = {}
        # Number of pixels in still patches wider than a button, by value.
        self._clips: Counter[float] = Counter()

    def add(self, block: Pixels) -> None:
        self._alive |= np.isfinite(block).any(0)
        block = np.concatenate([self._rest, block])
        windows = (len(block) - 1) // DEAD_WINDOW_ROWS
        used = windows * DEAD_WINDOW_ROWS
        changes = (np.diff(block[: used + 1], axis=0) != 0).reshape(windows, DEAD_WINDOW_ROWS, self._alive.size).sum(1)
        measured = np.isfinite(block[:used]).reshape(windows, DEAD_WINDOW_ROWS, self._alive.size).all(1)
        still = measured & (changes == 0)
        # A still column counts only if the rest of the row changes, and if it is as narrow as a button.
        lively = np.median(np.where(measured, changes, DEAD_WINDOW_ROWS), axis=1) > 0.75 * DEAD_WINDOW_ROWS
        few = still.sum(1) <= np.maximum(1, 0.15 * measured.sum(1))
        narrow = self._narrow(still)
        first_rows = block[:used:DEAD_WINDOW_ROWS]
        self._clips.update(first_rows[still & ~narrow].tolist())
        for now, values in zip(narrow & (lively & few)[:, None], first_rows, strict=True):
            self._step(now, values)
        self._rest = block[used:]

    def _narrow(self, still: Flags) -> Flags:
        """Keep still columns in runs no wider than a button: clipped breakouts are as still, but wide."""
        shifts = range(self._widest + 1)
        core = np.all([np.roll(still, -shift, axis=1) for shift in shifts], axis=0)
        return np.asarray(still & ~np.any([np.roll(core, shift, axis=1) for shift in shifts], axis=0))

    def _step(self, now: Flags, values: Pixels) -> None:
        near = runs = np.zeros_like(self._past[0])
        if now.any():
            near = np.maximum(np.maximum(self._past[0], self._past[1]), self._past[2])
            sides = [np.roll(near, shift) for shift in range(-self._reach, self._reach + 1)]
            runs = np.where(now, np.max(sides, axis=0) + 1, 0)
            dead = values[runs >= self._needed]
            if dead.size:
                self._dead[self._windows] = dead.tolist()
        self._past = [*self._past[1:], runs]
        self._windows += 1

    def findings(self, depth: npt.NDArray[np.float64], tool: str) -> list[Finding]:
        # Wide still patches of one value mark an end of the scale: their pixels are clipped, not dead.
        alive = {value for value, pixels in self._clips.items() if pixels > MIN_CLIPPED_PIXELS}
        dead = {window: sum(value not in alive for value in values) for window, values in self._dead.items()}
        dead = {window: count for window, count in dead.items() if count}
        flagged = np.zeros(depth.size, dtype=bool)
        for window in dead:
            first = max(0, window + 1 - self._needed)
            flagged[first * DEAD_WINDOW_ROWS : (window + 1) * DEAD_WINDOW_ROWS + 1] = True

        def describe(stretch: Stretch) -> str:
            first, last = stretch.first // DEAD_WINDOW_ROWS, stretch.last // DEAD_WINDOW_ROWS
            most = max(count for window, count in dead.items() if first <= window <= last)
            return f"{most} of {self._alive.size} columns at a time do not change while the others do"

        results = stretch_findings(
            stretches(flagged, depth, join=0.5),
            Severity.MINOR,
            "dead-button",
            describe,
            _STILL_COLUMN.get(tool, _STILL_COLUMN[""]),
        )
        unseen = np.flatnonzero(~self._alive)
        if 0 < unseen.size <= 0.1 * self._alive.size:
            columns = ", ".join(str(c) for c in unseen[:5]) + (", ..." if unseen.size > 5 else "")
            place = f"{depth[0]:.2f}-{depth[-1]:.2f} m"
            observed = f"{unseen.size} of {self._alive.size} columns ({columns}) are never measured"
            results.append(Finding(Severity.MINOR, "dead-column", place, observed, "nothing: they count as unmeasured"))
        return results


class _Rotation:
    """Check whether the unmeasured part of the turn stays in place."""

    def __init__(self, columns: int, spacing: float) -> None:
        sectors = columns <= MAX_SECTORS
        self._bin = max(1, round((0.5 if sectors else 1.0) / spacing))
        self._shortest = 2.0 if sectors else 10.0
        self._severity = Severity.MAJOR if sectors else Severity.MINOR
        self._rest: Pixels = np.empty((0, columns), dtype=np.float32)
        self._anchor: npt.NDArray[np.float64] | None = None
        self._still: list[bool] = []

    def add(self, block: Pixels) -> None:
        block = np.concatenate([self._rest, block])
        for start in range(0, len(block) - self._bin + 1, self._bin):
            now = np.isfinite(block[start : start + self._bin]).mean(0)
            partly = 0 < now.mean() < 0.9
            same = partly and self._anchor is not None and float(np.abs(now - self._anchor).mean()) <= 0.02
            if not same:
                self._anchor = now
            self._still.append(bool(same))
        self._rest = block[len(block) // self._bin * self._bin :]

    def findings(self, depth: npt.NDArray[np.float64]) -> list[Finding]:
        bins = np.array([*self._still, False], dtype=bool)
        # The first bin belongs to the interval that repeats it.
        bins[:-1] |= bins[1:]
        flagged = np.repeat(bins, self._bin)[: depth.size]
        flagged = np.concatenate([flagged, np.zeros(depth.size - flagged.size, dtype=bool)])
        return stretch_findings(
            stretches(flagged, depth, shortest=self._shortest),
            self._severity,
            "tool-not-rotating",
            lambda s: f"the unmeasured part of the turn stays in place for {s.length:.1f} m",
            "planes there are seen at the same azimuths only: distrust their dips",
        )
