"""Checks of an image before anybody leans on it: values, rows, buttons, coverage, rotation.

The pixels pass through in blocks of rows, so that a lazily opened image of any length is checked in bounded memory;
what is kept is a few bytes a row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from geobfdt.quality.hole_checks import check_depth, check_diameter, check_inclination
from geobfdt.quality.offset_checks import OffsetCheck
from geobfdt.quality.pixel_values import PixelValues
from geobfdt.quality.stretches import Stretch, report, stretches
from geobfdt.runtime.findings import Finding, Severity
from geobfdt.wells.image import WellImage, add_findings, row_spacing
from geobfdt.wells.readers.mnemonics import tool_kind

__all__ = ["check_image", "checked", "row_blocks"]

Pixels = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]

BLOCK_PIXELS = 1 << 20
# Rows over which a living button has to change; short, for the column it fills moves as pads rotate.
DEAD_WINDOW = 6
CLIPPED_PIXELS = 20
# m that an unchanging button has to be followed for.
DEAD_LENGTH = 1.0
# What to do about a column that does not change, by the kind of tool.
_STILL_COLUMN = {
    "pads": "blank the button before normalising: it draws a line down the image",
    "acoustic": "blank these columns before picking: something on the tool draws a line down the image",
    "optical": "blank these columns before picking: dirt or a scratch on the window draws a line down the image",
    "": "blank these columns before picking: they draw a line down the image",
}
# An image of so few columns is built up by a rotating tool; with more, by pads.
SECTORS = 64


def check_image(image: WellImage) -> list[Finding]:
    """
    Check an image and its hole for what would spoil picks.

    Value range, saturation, polarity; depth gaps and uneven rows; unmeasured, repeated and badly covered rows; dead
    buttons; rows or sectors that are offset as wholes; a tool that does not rotate; diameter, inclination and reference
    line. Nothing is changed.

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
    spacing = row_spacing(image) or 1.0
    columns = image.sizes["azimuth"]
    rows, dead, rotation = _Rows(), _DeadButtons(columns, spacing), _Rotation(columns, spacing)
    offsets = OffsetCheck(columns, spacing)
    values = PixelValues(ridge_rows=max(1, round(0.01 / spacing)))
    for block in row_blocks(image):
        rows.add(block)
        dead.add(block)
        offsets.add(block)
        rotation.add(block)
        values.add(block)
    depth = np.asarray(image.depth.values, dtype=np.float64)
    findings = values.findings(image) + check_depth(image)
    if values.count:
        kind = tool_kind(image.attrs["tool"])
        findings += rows.findings(depth, kind) + dead.findings(depth, kind) + rotation.findings(depth)
        findings += offsets.findings(depth)
    return findings + check_diameter(image) + check_inclination(image)


def checked(image: WellImage) -> WellImage:
    """
    Return the image with what its checks find among its findings, the pixels shared.

    A well of a field has been checked when it was brought in, maybe by an older version with other words: what is said
    of a place already is not said of it again.

    Examples
    --------
    >>> from geobfdt.wells.image import well_image
    >>> pixels = np.random.default_rng(0).normal(100, 20, (500, 36))
    >>> pixels[200:300] = np.nan
    >>> once = checked(well_image(pixels, 1000 + 0.01 * np.arange(500)))
    >>> [finding.kind for finding in checked(once).attrs["findings"]]
    ['missing-rows']
    """
    said = {(finding.kind, finding.place) for finding in image.attrs["findings"]}
    return add_findings(image, [new for new in check_image(image) if (new.kind, new.place) not in said])


def row_blocks(image: WellImage) -> Iterator[Pixels]:
    """Yield the pixels of an image in blocks of rows, float32, NaN where nothing was measured."""
    rows = max(256, BLOCK_PIXELS // image.sizes["azimuth"])
    for start in range(0, image.sizes["depth"], rows):
        values = np.asarray(image["image"].isel(depth=slice(start, start + rows)).values, dtype=np.float32)
        yield np.where(np.isfinite(values), values, np.float32(np.nan))


def _same(first: Pixels, second: Pixels) -> Flags:
    """Where pixels are the same, both unmeasured included."""
    return np.asarray((first == second) | (np.isnan(first) & np.isnan(second)))


class _Rows:
    """Share of each row that was measured, and whether it repeats the row above or one value all round."""

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
        # A row of one value repeats itself without any fault of the file: saturation says that already.
        self._repeats.append(_same(block, np.concatenate([above, block[:-1]])).all(1) & several & ~even)
        self._last = block[-1:].copy()

    def findings(self, depth: npt.NDArray[np.float64], tool: str) -> list[Finding]:
        coverage = np.concatenate(self._coverage)
        repeats, even = np.concatenate(self._repeats), np.concatenate(self._even)
        place = f"{depth[0]:.2f}-{depth[-1]:.2f} m"
        usual = float(np.median(coverage[coverage > 0]))
        found = report(
            stretches(coverage == 0, depth),
            Severity.MAJOR,
            "missing-rows",
            lambda s: f"{s.rows} rows without a single measured pixel",
            "picks cannot be made there",
        )
        if usual < 0.5:
            observed = f"half of the rows measure less than {usual:.0%} of the turn"
            action = "expect fewer and less certain picks; small coverage widens their sigmas"
            found.append(Finding(Severity.INFO, "low-coverage", place, observed, action))
        found += report(
            stretches((coverage > 0) & (coverage < 0.5 * usual), depth, shortest=0.3, join=0.3),
            Severity.MINOR,
            "coverage-drop",
            lambda s: f"{coverage[s.first : s.last + 1].mean():.0%} of the turn measured, {usual:.0%} elsewhere",
            "a pad is off the wall or missing: expect few picks there" if tool == "pads" else "expect few picks there",
        )
        found += report(
            stretches(even, depth, shortest=1.0, join=0.25),
            Severity.MAJOR,
            "sectors-equal",
            lambda s: f"{s.rows} rows hold one value all round",
            "the tool did not rotate or the image was filled from a single curve: picks there mean nothing",
        )
        return found + self._repeated(repeats, depth, place)

    def _repeated(self, repeats: Flags, depth: npt.NDArray[np.float64], place: str) -> list[Finding]:
        share = float(repeats.mean())
        runs = [s for s in stretches(repeats, depth) if s.rows >= 10]
        if share > 0.3 and sum(s.rows for s in runs) < 0.5 * repeats.sum():
            observed = f"{share:.0%} of rows repeat the row above, a few at a time"
            action = f"the image was sampled about {1 / (1 - share):.1f} times coarser than its rows: nothing is lost"
            return [Finding(Severity.INFO, "rows-oversampled", place, observed, action)]
        return report(
            # Rows repeat the one above them: the first of the equal rows is the one before the run.
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
        self._span = max(round(DEAD_LENGTH / spacing / DEAD_WINDOW), 10)
        # A button that moves on to the next column within a window is missed there: not every window must show it.
        self._needed = round(0.4 * self._span)
        # Windows that each column was followed for, latest last.
        self._past = [np.zeros(columns, dtype=np.int64)] * 3
        self._alive = np.zeros(columns, dtype=bool)
        self._rest: Pixels = np.empty((0, columns), dtype=np.float32)
        self._windows = 0
        # Window: values of the columns that are dead for long.
        self._dead: dict[int, list[float]] = {}
        # Value: pixels of still patches wider than a button.
        self._clips: Counter[float] = Counter()

    def add(self, block: Pixels) -> None:
        self._alive |= np.isfinite(block).any(0)
        block = np.concatenate([self._rest, block])
        windows = (len(block) - 1) // DEAD_WINDOW
        used = windows * DEAD_WINDOW
        changes = (np.diff(block[: used + 1], axis=0) != 0).reshape(windows, DEAD_WINDOW, self._alive.size).sum(1)
        measured = np.isfinite(block[:used]).reshape(windows, DEAD_WINDOW, self._alive.size).all(1)
        still = measured & (changes == 0)
        # Stillness means something only where the rest of the row is lively, and a button is a few columns wide.
        lively = np.median(np.where(measured, changes, DEAD_WINDOW), axis=1) > 0.75 * DEAD_WINDOW
        few = still.sum(1) <= np.maximum(1, 0.15 * measured.sum(1))
        narrow = self._narrow(still)
        held = block[:used:DEAD_WINDOW]
        self._clips.update(held[still & ~narrow].tolist())
        for now, values in zip(narrow & (lively & few)[:, None], held, strict=True):
            self._step(now, values)
        self._rest = block[used:]

    def _narrow(self, still: Flags) -> Flags:
        """Still columns in runs no wider than a button: breakouts off the scale are as still, but wide."""
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
        # A value at which whole patches are still is where the scale ends: its pixels are off the scale, not dead.
        alive = {value for value, pixels in self._clips.items() if pixels > CLIPPED_PIXELS}
        dead = {window: sum(value not in alive for value in values) for window, values in self._dead.items()}
        dead = {window: count for window, count in dead.items() if count}
        flagged = np.zeros(depth.size, dtype=bool)
        for window in dead:
            first = max(0, window + 1 - self._needed)
            flagged[first * DEAD_WINDOW : (window + 1) * DEAD_WINDOW + 1] = True

        def seen(stretch: Stretch) -> str:
            first, last = stretch.first // DEAD_WINDOW, stretch.last // DEAD_WINDOW
            most = max(count for window, count in dead.items() if first <= window <= last)
            return f"{most} of {self._alive.size} columns at a time do not change while the others do"

        found = report(
            stretches(flagged, depth, join=0.5),
            Severity.MINOR,
            "dead-button",
            seen,
            _STILL_COLUMN.get(tool, _STILL_COLUMN[""]),
        )
        unseen = np.flatnonzero(~self._alive)
        if 0 < unseen.size <= 0.1 * self._alive.size:
            columns = ", ".join(str(c) for c in unseen[:5]) + (", ..." if unseen.size > 5 else "")
            place = f"{depth[0]:.2f}-{depth[-1]:.2f} m"
            told = f"{unseen.size} of {self._alive.size} columns ({columns}) are never measured"
            found.append(Finding(Severity.MINOR, "dead-column", place, told, "nothing: they count as unmeasured"))
        return found


class _Rotation:
    """Whether the unmeasured part of the turn stays where it is."""

    def __init__(self, columns: int, spacing: float) -> None:
        sectors = columns <= SECTORS
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
        # The anchor belongs to the stretch that repeats it.
        bins[:-1] |= bins[1:]
        flagged = np.repeat(bins, self._bin)[: depth.size]
        flagged = np.concatenate([flagged, np.zeros(depth.size - flagged.size, dtype=bool)])
        return report(
            stretches(flagged, depth, shortest=self._shortest),
            self._severity,
            "tool-not-rotating",
            lambda s: f"the unmeasured part of the turn stays in place for {s.length:.1f} m",
            "planes there are seen at the same azimuths only: distrust their dips",
        )
