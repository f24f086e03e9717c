"""Whether what a file says of its depth index agrees with the depths themselves: spacing, least and greatest value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from geobfdt.io.arrays import Array
from geobfdt.io.file_findings import FileFindings
from geobfdt.io.nulls import is_null
from geobfdt.io.units import METRES, length_factor

__all__ = ["IndexAttribute", "check_index"]

_AGREE = 1.25  # ratio of two lengths that rounded depths and uneven rows explain
_UNIT_RATIO = 0.03  # relative error within which a ratio is that of two units
_UNIT_RATIOS = np.array([a / b for a in METRES.values() for b in METRES.values() if a != b])


@dataclass(frozen=True)
class IndexAttribute:
    """
    What a file says of its index.

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
    Compare the depths of a frame with what the file says of them.

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
    it is off by the ratio of two units of length, one of the two units is wrong, and nothing in the file says which.
    A spacing that agrees in another unit proves the unit of the index, so that later contradictions only become
    findings. Any other difference, such as that of a thinned-out file, leaves the unit alone and is a finding too.

    Examples
    --------
    >>> attributes = [IndexAttribute("SPACING", 2.0, "0.1 in")]
    >>> check_index(Path("a"), 2.0 * np.arange(9), ("TDEP", "in"), attributes, [], None, [])
    Traceback (most recent call last):
    geobfdt.wells.findings.InputError: a: depths TDEP are in 'in', 2 apart, but SPACING 2 in '0.1 in'; give --depth-unit
    """
    name, unit = index
    if length_factor(unit) is None:
        unit = stated or unit
    own = length_factor(unit)
    known = depth[~is_null(depth)]
    if own is None or known.size < 2:
        return
    steps = np.abs(np.diff(known))
    apart = (float(np.median(steps)), float(steps.mean()))
    proved = False
    for attributes, measured, shown in (
        (spacing, apart, f"{apart[0] or apart[1]:.4g} apart"),
        (ends, (float(known.min()), float(known.max())), f"{known.min():.6g} to {known.max():.6g}"),
    ):
        verdicts = [(attribute, _verdict(attribute, measured, unit, own)) for attribute in attributes]
        # One end that agrees proves the unit of both: a file that is cut short lacks the other end.
        agree = {_factor(attribute, own) for attribute, verdict in verdicts if verdict == "agrees"}
        proved = proved or any(factor != own for factor in agree)
        for attribute, verdict in verdicts:
            if verdict == "silent" or _factor(attribute, own) in agree:
                continue
            observed = f"depths {name} are in {unit!r}, {shown}, but {attribute}"
            if verdict == "value":
                findings.major("index-attribute", observed, "the depths are kept")
            elif stated is None and not proved:
                raise findings.refusal(observed, "give --depth-unit")
            else:
                done = f"taken in {stated or unit!r}, " + ("as --depth-unit says" if stated else "which SPACING proves")
                findings.major("index-unit", observed, done)


def _factor(attribute: IndexAttribute, own: float) -> float | None:
    return length_factor(attribute.unit) if attribute.unit.strip() else own


def _verdict(attribute: IndexAttribute, measured: Sequence[float], unit: str, own: float) -> str:
    """``agrees``, ``unit`` for one that contradicts the unit, ``value`` for one that is off, ``silent`` for no word."""
    theirs, value = _factor(attribute, own), abs(attribute.value or 0.0)
    lengths = np.abs([length for length in measured if length])
    if theirs is None or not value or not np.isfinite(value) or not lengths.size:
        return "silent" if attribute.unit.strip().lower() in ("", unit.strip().lower()) or theirs == own else "unit"
    ratios = value * theirs / (lengths * own)
    if np.any((ratios > 1 / _AGREE) & (ratios < _AGREE)):
        return "agrees"
    same = value / lengths
    if theirs != own and np.any((same > 1 / _AGREE) & (same < _AGREE)):
        return "unit"
    return "unit" if np.abs(ratios[:, None] / _UNIT_RATIOS - 1).min() < _UNIT_RATIO else "value"
