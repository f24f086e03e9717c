"""The depth index: attributes that have to agree with it, and rows in metres, downwards, one at each depth."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from geobfdt.io.arrays import Array, Grey, Order
from geobfdt.io.file_findings import FileFindings
from geobfdt.io.nulls import is_null
from geobfdt.io.units import METRES, length_factor
from geobfdt.runtime.findings import InputError

__all__ = ["IndexAttribute", "check_index", "check_range", "downwards", "metres", "select_rows"]

Rows = slice | Order
Pixel = TypeVar("Pixel", bound=np.generic)

_DEEPEST_M = 15_000.0  # No hole is deeper.
_WIDEST_ROW_M = 1.0  # No image is coarser.
_CLOSEST_ROW_M = 1e-5  # No image is finer.
_MOST_DISORDER = 0.2  # No repair mends a larger share of rows out of order.
_BLOCK_ROWS = 4096  # So many rows are moved at a time.
_LENGTH_RATIO = 1.25  # Rounded depths and uneven rows explain such a ratio of two lengths.
_UNIT_RATIO_ERROR = 0.03  # Within this relative error a ratio is that of two units.
_UNIT_RATIOS = np.array([a / b for a in METRES.values() for b in METRES.values() if a != b])


def metres(unit: str, stated: str | None, findings: FileFindings) -> float:
    """
    Metres in the unit of a file's depths.

    Parameters
    ----------
    unit : str
        As the file spells it; an empty string where it has none.
    stated : str or None
        The user's ``--depth-unit``, which wins.
    findings : FileFindings
        Grows by these.

    Returns
    -------
    float
        Factor to metres.

    Raises
    ------
    InputError
        If neither file nor user names a unit that is known.

    Examples
    --------
    >>> metres("0.1 in", None, FileFindings(Path("a.dlis")))
    0.00254
    """
    file_factor, stated_factor = length_factor(unit), length_factor(stated) if stated else None
    if stated_factor is not None:
        if file_factor is not None and file_factor != stated_factor:
            findings.major("depth-unit-stated", f"the file gives depths in {unit!r}", f"taken as {stated!r}")
        return stated_factor
    if file_factor is None:
        observed = f"depths are in {unit!r}, which is no unit of length known here" if unit else "depths have no unit"
        raise findings.refusal(observed, "give --depth-unit m, cm, mm, ft, in or '0.1 in'")
    if file_factor != 1.0:
        findings.info("depth-unit", f"depths in {unit}", "converted to metres")
    return file_factor


def check_range(
    header: tuple[Sequence[float | None], str],
    depth: Array,
    unit: str,
    stated: str | None,
    findings: FileFindings,
    *,
    whole: bool,
) -> None:
    """
    Compare start, stop and step of a header with the depths of the rows.

    Parameters
    ----------
    header : (sequence of float or None, str)
        Start, stop and step by the header, and their unit.
    depth : array (rows,)
        Depths as in the file, in `unit`.
    unit, stated : str
        Unit of the depths by the file; the user's ``--depth-unit``.
    findings : FileFindings
        Grows by these.
    whole : bool
        Whether the header is that of these rows alone.

    Raises
    ------
    InputError
        If the depths are those of the header in another unit, and the user names none.
    """
    numbers, header_unit = header
    start, stop, step = (None if value is None or is_null(np.array([value]))[0] else value for value in numbers)
    depth = depth[~is_null(depth)]
    if start is None or stop is None or start == stop or depth.size < 2:
        return
    ends, data = np.sort([start, stop]), np.array([depth.min(), depth.max()])
    median_step = float(np.median(np.abs(np.diff(depth))))
    span = f"depths from {ends[0]:.10g} to {ends[1]:.10g} {header_unit} in the header".rstrip()
    rows = f"from {data[0]:.10g} to {data[1]:.10g} in the rows"
    if np.abs(ends - data).max() > 2 * median_step:
        factor = length_factor(header_unit) or np.nan
        fits = [
            u for u, f in METRES.items() if f != factor and np.abs(ends * factor / f - data).max() <= 2 * median_step
        ]
        if fits:
            observed = f"{span} are those {rows} in {fits[0]}, whose unit the file gives as {unit or 'nothing'}"
            if stated is None:
                raise findings.refusal(observed, f"give --depth-unit {fits[0]}, or the right one")
            findings.major("depth-unit-conflict", observed, f"read as {stated}, as stated")
            return
        if whole:
            findings.major("depth-range-differs", f"{span}, {rows}", "rows read")
    mean = (data[1] - data[0]) / (depth.size - 1)
    if whole and step and min(abs(abs(step) - median_step), abs(abs(step) - mean)) > 0.01 * abs(step):
        observed = f"a step of {step:g} in the header, of {median_step:.6g} in the rows"
        findings.major("depth-step-differs", observed, "rows read")


@dataclass(frozen=True)
class IndexAttribute:
    """
    An attribute of the index of a frame.

    Parameters
    ----------
    name : str
        As the format calls it: ``SPACING``, ``INDEX-MAX``.
    value : float or None
        In `unit`; None where only the unit is given.
    unit : str
        As the file spells it; an empty string stands for the unit of the index.
    """

    name: str
    value: float | None
    unit: str

    def __str__(self) -> str:
        value = "" if self.value is None else f" {self.value:g}"
        return f"{self.name}{value}" + (f" in {self.unit!r}" if self.unit else "")


def check_index(
    depth: Array,
    index: tuple[str, str],
    spacing: Sequence[IndexAttribute],
    ends: Sequence[IndexAttribute],
    stated: str | None,
    findings: FileFindings,
) -> None:
    """
    Compare the depths of a frame with the attributes of their index.

    Parameters
    ----------
    depth : array (rows,)
        Depths as the file has them.
    index : (str, str)
        Name of their channel, and its unit.
    spacing, ends : sequence of IndexAttribute
        Distance between rows; least and greatest depth.
    stated : str or None
        The user's ``--depth-unit``.
    findings : FileFindings
        Grows by the contradictions.

    Raises
    ------
    InputError
        If the unit of the index is contradicted and the user does not state one.

    Notes
    -----
    An attribute in another unit has to prove itself: converted, it must be what the depths show. If it does not, or if
    it is off by the ratio of two units of length, one of the two units is wrong, and the file does not show which.
    A spacing that agrees in another unit proves the unit of the index, so that later contradictions only become
    findings. Any other difference, such as that of a thinned-out file, leaves the unit alone and is a finding too.

    Examples
    --------
    >>> attributes = [IndexAttribute("SPACING", 2.0, "0.1 in")]
    >>> check_index(2.0 * np.arange(9), ("T", "in"), attributes, [], None, FileFindings(Path("a")))
    Traceback (most recent call last):
    geobfdt.runtime.findings.InputError: a: depths T are in 'in', 2 apart, but SPACING 2 in '0.1 in'; give --depth-unit
    """
    name, unit = index
    if length_factor(unit) is None:
        unit = stated or unit
    own = length_factor(unit)
    measured_depths = depth[~is_null(depth)]
    if own is None or measured_depths.size < 2:
        return
    steps = np.abs(np.diff(measured_depths))
    apart = (float(np.median(steps)), float(steps.mean()))
    proved = False
    for attributes, measured, shown in (
        (spacing, apart, f"{apart[0] or apart[1]:.4g} apart"),
        (
            ends,
            (float(measured_depths.min()), float(measured_depths.max())),
            f"{measured_depths.min():.6g} to {measured_depths.max():.6g}",
        ),
    ):
        verdicts = [(attribute, _verdict(attribute, measured, unit, own)) for attribute in attributes]
        # One end that agrees proves the unit of both: a file that is cut short lacks the other end.
        agree = {_factor(attribute, own) for attribute, verdict in verdicts if verdict == "agrees"}
        proved = proved or any(factor != own for factor in agree)
        for attribute, verdict in verdicts:
            if verdict == "unknown" or _factor(attribute, own) in agree:
                continue
            observed = f"depths {name} are in {unit!r}, {shown}, but {attribute}"
            if verdict == "value":
                findings.major("index-attribute", observed, "the depths are kept")
            elif stated is None and not proved:
                raise findings.refusal(observed, "give --depth-unit")
            else:
                proof = "as --depth-unit says" if stated else "which SPACING proves"
                action = f"taken in {stated or unit!r}, {proof}"
                findings.major("index-unit", observed, action)


def _factor(attribute: IndexAttribute, own: float) -> float | None:
    return length_factor(attribute.unit) if attribute.unit.strip() else own


def _verdict(attribute: IndexAttribute, measured: Sequence[float], unit: str, own: float) -> str:
    """``agrees``, ``unit`` if it contradicts the unit, ``value`` if it is off, ``unknown`` if it has no length."""
    theirs, value = _factor(attribute, own), abs(attribute.value or 0.0)
    lengths = np.abs([length for length in measured if length])
    if theirs is None or not value or not np.isfinite(value) or not lengths.size:
        return "unknown" if attribute.unit.strip().lower() in ("", unit.strip().lower()) or theirs == own else "unit"
    ratios = value * theirs / (lengths * own)
    if np.any((ratios > 1 / _LENGTH_RATIO) & (ratios < _LENGTH_RATIO)):
        return "agrees"
    same = value / lengths
    if theirs != own and np.any((same > 1 / _LENGTH_RATIO) & (same < _LENGTH_RATIO)):
        return "unit"
    return "unit" if np.abs(ratios[:, None] / _UNIT_RATIOS - 1).min() < _UNIT_RATIO_ERROR else "value"


def downwards(depth: Array, values: Grey, findings: FileFindings) -> tuple[Array, Rows]:
    """
    Put rows in order of depth, each depth once.

    Parameters
    ----------
    depth : array (rows,)
        Depths (m), NaN where a row has none.
    values : array (rows, columns)
        The image, which tells a repeated row from two rows of one depth.
    findings : FileFindings
        Grows by these.

    Returns
    -------
    depth : array
        Depths (m) that strictly increase.
    rows : slice or array of int
        The rows they are of, for `select_rows`; a slice where rows are kept whole or only turned round.

    Raises
    ------
    InputError
        If depths are absent, absurd or without order.

    Examples
    --------
    >>> downwards(np.array([12.0, 11.0, 10.0]), np.zeros((3, 8), np.float32), found := FileFindings(Path("a.las")))
    (array([10., 11., 12.]), slice(None, None, -1))
    >>> found[0].kind
    'depth-flipped'
    """
    rows = np.arange(depth.size)
    finite = np.isfinite(depth)
    if not finite.any():
        raise findings.refusal("no row has a depth", "export it again with its depth curve")
    steps = np.diff(depth[finite])
    steps = steps[steps != 0]  # every row may stand twice
    upward = bool(steps.size and np.median(steps) < 0)
    if upward:
        findings.info("depth-flipped", "the deepest row comes first", "rows turned round")
    if finite.all() and np.all(np.diff(depth) < 0 if upward else np.diff(depth) > 0):
        step = slice(None, None, -1) if upward else slice(None)
        _check(depth[step], findings.path)
        return depth[step], step
    if not finite.all():
        findings.major("depth-missing", f"{np.sum(~finite)} rows have no depth", "left out")
    rows = rows[::-1][finite[::-1]] if upward else rows[finite]
    ordered = depth[rows]
    repeated = np.flatnonzero(np.diff(ordered) == 0)
    if repeated.size:
        same = sum(np.array_equal(values[rows[k]], values[rows[k + 1]], equal_nan=True) for k in repeated)
        if same:
            findings.minor("rows-repeated", f"{same} rows stand twice", "the copy left out")
        if same < repeated.size:
            observed = f"{repeated.size - same} rows share a depth with another and differ"
            findings.major("depth-repeated", observed, f"the first of each kept; look at {ordered[repeated[0]]:.3f} m")
        rows = np.delete(rows, repeated + 1)
        ordered = depth[rows]
    kept = _longest_rise(ordered)
    lost = ordered.size - kept.size
    if lost:
        if lost > _MOST_DISORDER * ordered.size:
            observed = f"depths run up and down: {lost} of {ordered.size} rows are out of order"
            raise InputError(findings.path, observed, "export one pass, in order of depth")
        bad = np.setdiff1d(np.arange(ordered.size), kept)[0]
        observed = f"{lost} rows are out of order, the first at row {int(rows[bad]) + 1} ({ordered[bad]:.3f} m)"
        findings.major("depth-disordered", observed, "left out")
    _check(ordered[kept], findings.path)
    return ordered[kept], rows[kept]


def select_rows(values: npt.NDArray[Pixel], rows: Rows) -> npt.NDArray[Pixel]:
    """
    Keep rows of an image in its own memory: a view on it, its rows moved up where some are left out.

    Parameters
    ----------
    values : array (rows, columns) or (rows, columns, 3)
        The image; overwritten where `rows` is an array.
    rows : slice or array of int
        Rows to keep, their numbers only growing or only falling.

    Returns
    -------
    array
        View on `values`.

    Examples
    --------
    >>> select_rows(np.arange(5, dtype=np.float32)[:, None], np.array([4, 2, 1])).ravel()
    array([4., 2., 1.], dtype=float32)
    """
    if isinstance(rows, slice):
        return values[rows]
    kept = rows
    if kept[0] > kept[-1]:
        values, kept = values[::-1], values.shape[0] - 1 - kept
    # Rows only move up, so that none is written over before it was moved.
    for top in range(0, kept.size, _BLOCK_ROWS):
        moved = kept[top : top + _BLOCK_ROWS]
        values[top : top + moved.size] = values[moved]
    return values[: kept.size]


def _longest_rise(depth: Array) -> Order:
    """Indices of the longest strictly increasing subsequence: one wild depth costs one row, not all below it."""
    if np.all(np.diff(depth) > 0):
        return np.arange(depth.size)
    ends: list[float] = []
    ends_at: list[int] = []
    before = np.full(depth.size, -1)
    for i, value in enumerate(depth.tolist()):
        k = bisect_left(ends, value)
        before[i] = ends_at[k - 1] if k else -1
        if k == len(ends):
            ends.append(value)
            ends_at.append(i)
        else:
            ends[k], ends_at[k] = value, i
    chain, i = [], ends_at[-1]
    while i >= 0:
        chain.append(i)
        i = int(before[i])
    return np.array(chain[::-1])


def _check(depth: Array, path: Path) -> None:
    """Refuse depths that are none of an image's. `check_image` notes rows that are missing."""
    cure = "check the file, or say the unit with --depth-unit"
    if np.abs(depth[[0, -1]]).max() > _DEEPEST_M:
        raise InputError(path, f"depths reach {np.abs(depth[[0, -1]]).max():,.0f} m, deeper than any hole", cure)
    if depth.size == 1:
        return
    median_step = np.median(np.diff(depth))
    if median_step > _WIDEST_ROW_M or median_step < _CLOSEST_ROW_M:
        far = "far" if median_step > _WIDEST_ROW_M else "close"
        raise InputError(path, f"rows are {median_step:.3g} m apart, too {far} for an image", cure)
