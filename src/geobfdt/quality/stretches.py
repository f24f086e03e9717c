"""Stretches of depth: runs of flagged rows, joined, measured and told as a handful of findings."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from geobfdt.runtime.findings import Finding, Severity

__all__ = ["Stretch", "report", "stretches"]

# Of one kind; a thousand lines of the same are read by nobody.
MOST_FINDINGS = 5


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
    Runs of flagged rows.

    Parameters
    ----------
    flagged : array (rows,) of bool
        Rows of interest.
    depth : array (rows,)
        Depths (m, MD), increasing.
    shortest : float
        Leave out what is shorter than this (m) once joined.
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
    found = [Stretch(first, last, float(depth[first]), float(depth[last])) for first, last in joined]
    return [stretch for stretch in found if stretch.length >= shortest]


def report(
    found: list[Stretch], severity: Severity, kind: str, seen: Callable[[Stretch], str], done: str
) -> list[Finding]:
    """
    Tell stretches as findings: all of them if few, else the longest and a count of the rest.

    Parameters
    ----------
    found : list of Stretch
        In depth order.
    severity, kind, done
        As in :class:`~geobfdt.runtime.findings.Finding`.
    seen : callable
        What was seen in a stretch, with numbers.

    Returns
    -------
    list of Finding
        At most five, in depth order; the last one counts the rest.

    Examples
    --------
    >>> many = [Stretch(i, i, float(i), i + 0.5) for i in range(9)]
    >>> print(report(many, Severity.MINOR, "missing-rows", lambda s: f"{s.rows} row", "nothing")[-1])
    minor  missing-rows  4.00-8.50 m: 5 more like these, 2.50 m in all; nothing
    """
    shown, rest = found, []
    if len(found) > MOST_FINDINGS:
        by_length = sorted(found, key=lambda s: (-s.length, s.top))
        shown, rest = sorted(by_length[: MOST_FINDINGS - 1]), by_length[MOST_FINDINGS - 1 :]
    findings = [Finding(severity, kind, stretch.place, seen(stretch), done) for stretch in shown]
    if rest:
        place = f"{min(s.top for s in rest):.2f}-{max(s.base for s in rest):.2f} m"
        total = f"{len(rest)} more like these, {sum(s.length for s in rest):.2f} m in all"
        findings.append(Finding(severity, kind, place, total, done))
    return findings
