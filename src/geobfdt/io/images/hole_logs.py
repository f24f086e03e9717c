"""Hole logs at the rows of an image: diameter in metres, deviation and azimuth in degrees."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from geobfdt.io.arrays import Array
from geobfdt.io.azimuths import within_turn
from geobfdt.io.file_findings import FileFindings
from geobfdt.io.images.raw import RawLog
from geobfdt.io.names import is_bit_size, is_radius, pattern, role, vertical_depth
from geobfdt.io.nulls import is_null
from geobfdt.io.units import angle_factor, length_factor

__all__ = ["compare_calipers", "known_unit", "log_at_rows", "possible_calipers", "propose_calipers", "smaller_than_bit"]


_REACH_M = 1.0  # The ends of a hole log are held so far.
_DIAMETERS_M = (0.05, 1.5)  # No hole that is logged is slimmer or wider.
_BIT_SIZES_M = (0.07, 0.7)  # The slimmest and the widest common bits have these diameters.
_SAME_CALIPER = 0.05  # Arms of one tool differ by less in a round hole.
_MIN_BIT_SHARE = 0.75  # No hole closes to a smaller share of the size of its bit.
_MIN_GAP_M = 5.0  # A wider gap, in usual distances between values where these exceed 1 m, is noted.


def known_unit(log: RawLog, findings: FileFindings) -> bool:
    """
    Whether a caliper is in a unit of length; a finding notes others, for inches read as centimetres bend every dip.

    Examples
    --------
    >>> from pathlib import Path
    >>> known_unit(RawLog(np.ones(2), "furlong", np.ones(2)), FileFindings(Path("a.las")))
    False
    """
    if length_factor(log.unit) is None:
        observed = f"the caliper is in {log.unit!r}" if log.unit else "the caliper has no unit"
        findings.major("caliper-unit", observed, "not used; give --diameter")
        return False
    return True


def possible_calipers(names: Sequence[str], units: Sequence[str]) -> list[int]:
    """
    Positions of curves that are lengths and no depths: one of them may be the caliper.

    Examples
    --------
    >>> possible_calipers(["DEPT", "TVD", "QQQQ", "GR"], ["m", "m", "in", "gAPI"])
    [2]
    """
    lengths = [i for i, unit in enumerate(units) if names[i] and length_factor(unit) is not None]
    return [i for i in lengths if role(names[i]) != "depth" and not vertical_depth(names[i])]


def propose_calipers(others: list[RawLog], nulls: tuple[float, ...], findings: FileFindings) -> None:
    """
    Name the curves that read as a hole does, where the file has no caliper that is known by its name.

    Examples
    --------
    >>> from pathlib import Path
    >>> found = FileFindings(Path("a.las"))
    >>> propose_calipers([RawLog(np.array([8.5, 8.7]), "in", np.ones(2), "QQQQ")], (), found)
    >>> print(found[0])
    major  caliper-proposed  a.las: QQQQ reads 8.6 in, as a hole would; if it is the caliper, give --caliper QQQQ
    """
    for log in others:
        values = _measured(log, nulls)
        middle = float(np.median(values)) if values.size else 0.0
        if _BIT_SIZES_M[0] <= middle * (length_factor(log.unit) or 0.0) <= _BIT_SIZES_M[1]:
            observed = f"{log.name} reads {middle:.4g} {log.unit}, as a hole would"
            findings.major("caliper-proposed", observed, f"if it is the caliper, give --caliper {log.name}")


def smaller_than_bit(diameter: Array, others: list[RawLog], nulls: tuple[float, ...], findings: FileFindings) -> bool:
    """
    Whether a caliper (m) reads far less than the bit that drilled the hole; a finding notes it.

    Examples
    --------
    >>> from pathlib import Path
    >>> bit = RawLog(np.array([8.5]), "in", np.ones(1), "BS")
    >>> smaller_than_bit(np.array([0.108, 0.109]), [bit], (), FileFindings(Path("a.las")))
    True
    """
    for log in others:
        values = _measured(log, nulls)
        if is_bit_size(log.name) and values.size and np.isfinite(diameter).any():
            bit, hole = float(np.median(values)) * (length_factor(log.unit) or np.nan), float(np.nanmedian(diameter))
            if hole < _MIN_BIT_SHARE * bit:
                observed = f"the caliper reads {hole:.3f} m in a hole of a bit of {bit:.3f} m"
                action = "not used: it may be a radius or in another unit; give --diameter, or --caliper another curve"
                findings.major("caliper-below-bit", observed, action)
                return True
    return False


def compare_calipers(diameter: Array, others: list[RawLog], nulls: tuple[float, ...], findings: FileFindings) -> None:
    """
    Note where another caliper of the file shows another hole: an oval one, another run, or a wrong curve.

    Examples
    --------
    >>> from pathlib import Path
    >>> found = FileFindings(Path("a.las"))
    >>> compare_calipers(np.array([0.2159]), [RawLog(np.array([12.25]), "in", np.ones(1), "C2")], (), found)
    >>> found[0].kind
    'calipers-differ'
    """
    for log in others:
        values = _measured(log, nulls) * (length_factor(log.unit) or np.nan)
        values = 2 * values if is_radius(log.name, log.description) else values
        if role(log.name) != "diameter" or not values.size or not np.isfinite(diameter).any():
            continue
        hole, other = float(np.nanmedian(diameter)), float(np.median(values))
        if abs(other / hole - 1) > _SAME_CALIPER and _DIAMETERS_M[0] <= other <= _DIAMETERS_M[1]:
            observed = f"{log.name} reads {other:.3f} m, the caliper that is used {hole:.3f} m"
            findings.major("calipers-differ", observed, "kept; choose with --caliper, or give --diameter")


def _measured(log: RawLog, nulls: tuple[float, ...]) -> Array:
    """Values of a log that are no nulls."""
    values = np.asarray(log.values, dtype=float)
    measured: Array = values[~is_null(values, nulls)]
    return measured


def log_at_rows(
    name: str, log: RawLog, factor: float, depth: Array, nulls: tuple[float, ...], findings: FileFindings
) -> Array:
    """
    Bring a hole log to the rows of the image, straight between its values; azimuths the short way round.

    Parameters
    ----------
    name : {"diameter", "deviation", "hole_azimuth"}
        Which log.
    log : RawLog
        As the file has it; a diameter in a unit that `known_unit` knows.
    factor : float
        Metres in the unit of its depths.
    depth : array (rows,)
        Depths of the image's rows (m), increasing.
    nulls : tuple of float
        The file's own nulls.
    findings : FileFindings
        Grows by what is not certain.

    Returns
    -------
    array (rows,)
        Metres or degrees, NaN where the log has no value.

    Examples
    --------
    >>> from pathlib import Path
    >>> log = RawLog(np.array([8.0, 9.0]), "in", np.array([10.0, 11.0]))
    >>> log_at_rows("diameter", log, 1.0, np.array([10.0, 10.5]), (), FileFindings(Path("a.las")))
    array([0.2032, 0.2159])
    """
    values, at = np.asarray(log.values, dtype=float), np.asarray(log.depth, dtype=float) * factor
    good = ~is_null(values, nulls) & ~is_null(log.depth, nulls)
    words = name.replace("_", " ")
    if name == "diameter":
        values = values * (length_factor(log.unit) or 1.0)
        if is_radius(log.name, log.description):
            values *= 2
            findings.major("caliper-radius", f"{log.name} gives the radius of the hole", "doubled")
        absurd = good & ((values < _DIAMETERS_M[0]) | (values > _DIAMETERS_M[1]))
        if absurd.any():
            observed = f"{absurd.sum()} of {good.sum()} diameters lie outside {_DIAMETERS_M[0]}-{_DIAMETERS_M[1]} m"
            findings.major("diameter-absurd", observed, "not used")
            good &= ~absurd
    else:
        unit = angle_factor("" if pattern("no_unit").fullmatch(log.unit.strip()) else log.unit)
        if unit is None:
            findings.major(f"{name}-unit", f"{words} in {log.unit!r}, no unit of angle that is known", "not used")
            return np.full(depth.shape, np.nan)
        values = values * unit
        absurd = good & ((values < 0) | (values > 180)) if name == "deviation" else good & (np.abs(values) > 720)
        if absurd.any():
            observed = f"{absurd.sum()} of {good.sum()} values of {words} are no such angle"
            findings.major(f"{name.replace('_', '-')}-absurd", observed, "not used")
            good &= ~absurd
    if not good.any():
        return np.full(depth.shape, np.nan)
    if name == "hole_azimuth":
        values = within_turn(np.where(good, values, np.nan), log.name or words, log.unit, findings)
    order = np.argsort(at[good], kind="stable")
    at, values = at[good][order], values[good][order]
    if name == "hole_azimuth":
        turned = np.interp(depth, at, np.exp(1j * np.radians(values)))  # the short way round, over north
        out = np.mod(np.degrees(np.angle(turned)), 360)
    else:
        out = np.interp(depth, at, values)
    median_step = float(np.median(np.diff(at))) if at.size > 1 else 0.0
    gaps = np.flatnonzero(np.diff(at) > _MIN_GAP_M * max(1.0, median_step))
    gaps = gaps[(at[gaps] < depth[-1]) & (at[gaps + 1] > depth[0])]
    if gaps.size:
        widest = gaps[np.argmax(np.diff(at)[gaps])]
        observed = f"no {words} between {at[widest]:.2f} and {at[widest + 1]:.2f} m"
        more = f", and {gaps.size - 1} more such gaps" if gaps.size > 1 else ""
        findings.minor(f"{name.replace('_', '-')}-gap", observed + more, "interpolated linearly")
    outside = (depth < at[0] - _REACH_M) | (depth > at[-1] + _REACH_M)
    if outside.any():
        observed = f"{words} is known from {at[0]:.2f} to {at[-1]:.2f} m only"
        findings.major(f"{name.replace('_', '-')}-short", observed, "left unknown beyond")
    return np.where(outside, np.nan, out)
