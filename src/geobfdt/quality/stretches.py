"""Depth intervals of flagged rows, joined, and reported as a few findings."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from geobfdt.runtime.findings import Finding, Severity

__all__ = ["Stretch", "stretch_findings", "stretches"]

# At most this many findings of one kind are listed, because nobody reads a thousand equal lines.
MAX_FINDINGS = 5


class Stretch(NamedTuple):
    """Rows ``first`` to ``last`` (both in it) and their depths (m, MD)."""

    first: int
    last: int
    top: float
    base: float

    @property
    def length(self) -> float:
        """Length (m) from the first row to the last."""
        return self.base - self.top

    @property
    def rows(self) -> int:
        """Number of rows."""
        return self.last - self.first + 1

    @property
    def place(self) -> str:
        """The interval as a finding names it."""
        return f"{self.top:.2f}-{self.base:.2f} m"


def stretches(
    flagged: npt.NDArray[np.bool_], depth: npt.NDArray[np.float64], *, shortest: float = 0.0, join: float = 0.0
) -> list[Stretch]:
    """
    Find runs of flagged rows.

    Parameters
    ----------
    flagged : array (rows,) of bool
        Rows of interest.
    depth : array (rows,)
        Depths (m, MD), increasing.
    shortest : float
        Runs shorter than this (m) after joining are left out.
    join : float
        Runs closer than this (m) count as one.

    Returns
    -------
    list of Stretch
        In depth order.

    Examples
    --------
    >>> [s.place for s in stretches(np.array([1, 1, 0, 1, 0, 0, 0, 1], bool), np.arange(8.0), join=2.5)]
    ['0.00-3.00 m', '7.00-7.00 m']
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flagged.astype(np.int8), [0]])))
    joined: list[list[int]] = []
    for first, last in zip(edges[::2].tolist(), (edges[1::2] - 1).tolist(), strict=True):
        if joined and depth[first] - depth[joined[-1][1]] <= join:
            joined[-1][1] = last
        else:
            joined.append([first, last])
    runs = [Stretch(first, last, float(depth[first]), float(depth[last])) for first, last in joined]
    return [stretch for stretch in runs if stretch.length >= shortest]


def stretch_findings(
    runs: list[Stretch], severity: Severity, kind: str, describe: Callable[[Stretch], str], action: str
) -> list[Finding]:
    """
    Report runs as findings: all of them if there are few, else the longest and a count of the rest.

    Parameters
    ----------
    runs : list of Stretch
        In depth order.
    severity, kind, done
        As in :class:`~geobfdt.runtime.findings.Finding`.
    describe : callable
        What was observed in a stretch, with numbers.

    Returns
    -------
    list of Finding
        At most five, in depth order; the last one counts the rest.

    Examples
    --------
    >>> many = [Stretch(i, i, float(i), i + 0.5) for i in range(9)]
    >>> print(stretch_findings(many, Severity.MINOR, "missing-rows", lambda s: f"{s.rows} row", "nothing")[-1])
    minor  missing-rows  4.00-8.50 m: 5 more like these, 2.50 m in all; nothing
    """
    listed, rest = runs, []
    if len(runs) > MAX_FINDINGS:
        by_length = sorted(runs, key=lambda s: (-s.length, s.top))
        listed, rest = sorted(by_length[: MAX_FINDINGS - 1]), by_length[MAX_FINDINGS - 1 :]
    findings = [Finding(severity, kind, stretch.place, describe(stretch), action) for stretch in listed]
    if rest:
        place = f"{min(s.top for s in rest):.2f}-{max(s.base for s in rest):.2f} m"
        total = f"{len(rest)} more like these, {sum(s.length for s in rest):.2f} m in all"
        findings.append(Finding(severity, kind, place, total, action))
    return findings
