"""Logs beside the buttons of a pad tool: their units, and their values at the rows of the buttons."""

from __future__ import annotations

import numpy as np

from geobfdt.io.arrays import AnyArray, Array
from geobfdt.io.file_findings import FileFindings
from geobfdt.io.nulls import is_null
from geobfdt.io.units import angle_factor, length_factor
from geobfdt.wells.pads import PAD_LOGS

__all__ = ["at_rows", "in_unit", "keep_time"]

_STANDARD_GRAVITY = 9.80665
_SECONDS = {"s": 1.0, "sec": 1.0, "ms": 1e-3, "0.5 ms": 5e-4, ".5ms": 5e-4, "0.5ms": 5e-4, "us": 1e-6, "min": 60.0}
_ACCELERATIONS = {"m/s2": 1.0, "m/s/s": 1.0, "ft/s2": 0.3048, "g": _STANDARD_GRAVITY, "gn": _STANDARD_GRAVITY}
# Logs that are angles all round, which are interpolated the short way.
_BEARINGS = ("pad1_azimuth", "pad1_azimuth_normal", "relative_bearing", "hole_azimuth")


def in_unit(name: str, values: AnyArray, mnemonic: str, unit: str, findings: FileFindings) -> Array | None:
    """
    Values of a log in the unit that a recording has it in; None, with a finding, where its unit is not known.

    Parameters
    ----------
    name : str
        One of :data:`geobfdt.wells.pads.PAD_LOGS`, or ``frame_time``.
    values : array
        As the file has them.
    mnemonic, unit : str
        What the file calls the log and its unit.
    findings : FileFindings
        Grows by a unit that is not known.
    """
    unit = unit.strip()
    values = np.where(is_null(values), np.nan, values.astype(np.float64)).ravel()
    kind = "s" if name == "frame_time" else PAD_LOGS[name]
    factors = {
        "s": _SECONDS.get(" ".join(unit.lower().split())),
        "m/s2": _ACCELERATIONS.get(unit.lower()),
        "deg": angle_factor(unit),
        "m": length_factor(unit),
    }
    factor = factors.get(kind, 1.0)
    if factor is None:
        observed = f"{mnemonic} is in {unit!r}" if unit else f"{mnemonic} has no unit"
        findings.major("log-unit-unknown", observed, f"{name.replace('_', ' ')} not used")
        return None
    return values * factor


def at_rows(name: str, depth: Array, values: Array, rows: Array) -> Array:
    """
    Values of a log at the rows, straight between its own; NaN beyond its ends.

    Examples
    --------
    >>> at_rows("relative_bearing", np.array([1.0, 3.0]), np.array([350.0, 10.0]), np.array([2.0, 9.0]))
    array([ 0., nan])
    """
    bearing = name in _BEARINGS
    measured = np.isfinite(values) & ~is_null(depth)
    if not measured.any():
        return np.full(rows.shape, np.nan)
    order = np.argsort(depth[measured], kind="stable")
    at, of = depth[measured][order], values[measured][order]
    out = np.interp(rows, at, np.unwrap(of, period=360.0) if bearing else of)
    # Coarse samples end up to one step before the rows do; further out, nothing was measured.
    reach = float(np.median(np.diff(at))) if at.size > 1 else 0.0
    out[(rows < at[0] - reach) | (rows > at[-1] + reach)] = np.nan
    return np.asarray(np.mod(out, 360.0) if bearing else out)


def keep_time(logs: dict[str, Array], findings: FileFindings) -> None:
    """Keep one log of time in place: seconds since the first row, from a clock or from the durations of frames."""
    clock, duration = logs.pop("time", None), logs.pop("frame_time", None)
    for values in (clock, duration):
        if values is None or np.isnan(values).any() or values.size < 2:
            continue
        steps = np.diff(values)
        if np.all(steps > 0) or np.all(steps < 0):
            logs["time"] = np.abs(values - values[0])
            return
        if values is duration and np.all(values > 0):
            logs["time"] = np.concatenate([[0.0], np.cumsum(values[1:])])
            return
    if clock is not None or duration is not None:
        findings.major("time-disordered", "the time of the frames neither grows nor falls", "not used")
