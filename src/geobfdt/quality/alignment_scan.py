"""Scan for an audit: which version of the picks, shifted, turned or scaled, has the most evidence on the image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geobfdt.geometry import parabola_peak, signed_angle
from geobfdt.quality.alignment import MIN_SHIFT_M, Alignment, align
from geobfdt.quality.orientation_errors import MIN_GAIN, Comparison, compare, scale_traces, trace_versions, turn_traces
from geobfdt.quality.trace_evidence import line_width, trace_evidence
from geobfdt.runtime.findings import Finding, Severity
from geobfdt.runtime.progress import Progress, no_progress, part_of
from geobfdt.wells.image import WellImage, row_spacing
from geobfdt.wells.picks import PickTable

__all__ = ["Scan", "scan_picks"]

Array = npt.NDArray[np.float64]

# Shifts are scanned up to this length to either side.
MAX_SHIFT_M = 1.0
# Turns of the azimuths that are tried.
TURNS_DEG = np.arange(0.0, 360.0, 3.0)
# Factors of the amplitude that are tried.
AMPLITUDE_FACTORS = np.exp(np.linspace(np.log(0.45), np.log(2.2), 81))
# A smaller turn is not reported.
MIN_TURN_DEG = 5.0
# A smaller change of the amplitude is not reported.
MIN_SCALE_CHANGE = 0.05
# Many versions at many depths are tried with at most this many picks, spread over the well.
MAX_SCAN_PICKS = 100
# An azimuth or an amplitude is estimated from at least this many steep picks.
MIN_STEEP_PICKS = 15


@dataclass(frozen=True)
class Scan:
    """
    Agreement of picks with their image.

    Parameters
    ----------
    findings : list of Finding
        What does not agree, or cannot be checked.
    alignment : Alignment
        Depth.
    azimuth : str
        ``agrees``, ``unclear``, ``mirrored``, ``rotated``, ``true-for-apparent``, ``apparent-for-true`` or
        ``reference`` and the line that azimuths are really counted from.
    turn : float
        What to add to the azimuths (deg), after mirroring where they are mirrored; the mean of it for a reference.
    dip : str
        ``agrees``, ``unclear`` or ``scaled``.
    scale : float
        What to multiply amplitudes by.
    """

    findings: list[Finding]
    alignment: Alignment
    azimuth: str = "unclear"
    turn: float = 0.0
    dip: str = "unclear"
    scale: float = 1.0


def scan_picks(picks: PickTable, image: WellImage, progress: Progress = no_progress) -> Scan:
    """
    Compare picks as given with shifted, turned, mirrored, scaled and otherwise mistaken versions of themselves.

    Parameters
    ----------
    picks : PickTable
        Completed picks of the well that lie on measured wall, some hundreds at the most.
    image : WellImage
        The well.
    progress : callable, optional
        Called with the share done, 0 to 1.

    Returns
    -------
    Scan
        Verdicts and findings.

    Notes
    -----
    The order matters: a first look compares the usual mistakes, each at its own best depth; the depth is read with the
    winner; azimuth and amplitude are scanned at that depth; and if that turned the picks, the depth is read again.

    Examples
    --------
    >>> from geobfdt.wells.image import well_image
    >>> from geobfdt.wells.picks import new_picks
    >>> rows = new_picks(depth_m=[1.0], class_="fracture", amplitude_m=0.2, azimuth_app_deg=0.0)
    >>> print(scan_picks(rows, well_image(np.zeros((9, 4)), np.linspace(0, 2, 9))).findings[0].observed)
    1 picks lie on measured wall: too few to tell a shift
    """
    step = max(0.005, row_spacing(image) / 2)
    reach = max(round(MAX_SHIFT_M / step), 60)
    shifts = (step * np.arange(-reach, reach + 1)).astype(np.float64)
    place = f"{image.depth.values[0]:.2f}-{image.depth.values[-1]:.2f} m"
    smallest = max(MIN_SHIFT_M, 2 * step)
    depth = picks["depth_m"].to_numpy(float)
    if len(picks) < 10:
        observed = f"{len(picks)} picks lie on measured wall: too few to tell a shift"
        return Scan([_unclear_finding("depth-cannot-tell", place, observed)], Alignment(shifts, 0 * shifts, "unclear"))

    named = trace_versions(picks, image)
    steep = np.hypot(named["as given"][:, 1], named["as given"][:, 2]) > 2.5 * line_width(image)
    few = np.unique(np.linspace(0, len(picks) - 1, MAX_SCAN_PICKS).astype(int))
    trial_traces = np.stack([trace[few] for trace in named.values()])
    # Half of the shifts and a hundred picks are enough to distinguish versions, and take a fraction of the time.
    first = trace_evidence(image, trial_traces, shifts[::2], part_of(progress, 0.0, 0.6))
    at_best = np.stack([_evidence_at_best_shift(curves, shifts[::2], depth[few], smallest) for curves in first])
    version = compare(at_best[:, steep[few]]) if steep[few].sum() >= MIN_STEEP_PICKS else _undecided()
    name = list(named)[version.best] if version.certain else "as given"
    trace = named[name]

    alignment = align(trace_evidence(image, trace[None], shifts)[0], shifts, depth, smallest)
    progress(0.75)
    azimuth, turn, mirror = _check_orientation(image, trace, alignment, steep)
    straight = trace
    if turn or mirror:
        trace = turn_traces(straight, turn, mirror)
        alignment = align(trace_evidence(image, trace[None], shifts)[0], shifts, depth, smallest)
    elif alignment.verdict not in ("aligned", "unclear"):
        # If all planes dip in one direction, turned picks look like shifted ones: check the azimuth without the shift.
        at_given_depth = _check_orientation(image, straight, Alignment(shifts, 0 * shifts, "unclear"), steep)
        retried = turn_traces(straight, at_given_depth[1], at_given_depth[2])
        realigned = align(trace_evidence(image, retried[None], shifts)[0], shifts, depth, smallest)
        if realigned.evidence.max() > MIN_GAIN * alignment.evidence.max():
            trace, alignment, (azimuth, turn, mirror) = retried, realigned, at_given_depth
    progress(0.9)
    dip, scale = _check_amplitude(image, trace, alignment, steep)
    if dip == "scaled" and azimuth == "unclear":
        azimuth, turn, mirror = _check_orientation(image, scale_traces(trace, scale), alignment, steep)
    progress(1.0)

    if name.startswith("amplitude"):
        dip, scale = "scaled", scale * float(name.split()[1])
    if name.startswith("reference"):
        azimuth_given, azimuth_meant = (np.arctan2(t[:, 2], t[:, 1]) for t in (named["as given"], named[name]))
        turn += float(np.degrees(np.angle(np.exp(1j * (azimuth_meant - azimuth_given)).mean())))
    verdict, total, flipped = _combine_verdicts(name, azimuth, turn, mirror)
    findings = _depth_findings(alignment, place, len(picks))
    findings += _azimuth_findings(verdict, total, flipped, place, int(steep.sum()))
    if dip == "scaled":
        observed = f"traces on the image are {scale:.2f} times as high as the picks ({int(steep.sum())} steep ones)"
        action = f"multiply amplitudes by {scale:.2f}: another diameter was used, or the radius for the diameter"
        findings.append(Finding(Severity.MAJOR, "diameter-scale", place, observed, action))
    return Scan(findings, alignment, verdict, total, dip, scale)


def _undecided() -> Comparison:
    return Comparison(0, 0.0, 1.0, False, [0])


def _evidence_at_best_shift(curves: Array, shifts: Array, depth: Array, smallest: float) -> Array:
    """Return the evidence of each pick at the best shift of its version; without a shift if none stands out."""
    alignment = align(curves, shifts, depth, smallest)
    step = shifts[1] - shifts[0]
    at = np.rint((alignment.at(depth) - shifts[0]) / step).astype(int)
    return np.asarray(curves[np.arange(len(curves)), np.clip(at, 0, shifts.size - 1)])


def _apply_alignment(trace: Array, alignment: Alignment) -> Array:
    moved = trace.copy()
    moved[:, 0] += alignment.at(trace[:, 0])
    return moved


def _evidence_in_place(image: WellImage, trial_traces: Array) -> Array:
    """Return the evidence of versions at their depths (versions, picks), for picks measured in most of them."""
    evidence = trace_evidence(image, trial_traces, np.zeros(1))[..., 0]
    return np.asarray(evidence[:, np.isfinite(evidence).mean(0) > 0.5])


def _check_orientation(
    image: WellImage, trace: Array, alignment: Alignment, steep: npt.NDArray[np.bool_]
) -> tuple[str, float, bool]:
    """Return the verdict, the turn to add to the azimuths (deg), and whether to mirror them first."""
    if steep.sum() < MIN_STEEP_PICKS:
        return "unclear", 0.0, False
    at = _apply_alignment(trace[steep], alignment)
    trial_traces = np.concatenate(
        [turn_traces(at, TURNS_DEG[:, None]), turn_traces(at, TURNS_DEG[:, None], mirror=True)]
    )
    evidence = _evidence_in_place(image, trial_traces)
    comparison = compare(evidence)
    turns, mirrored = np.tile(TURNS_DEG, 2), np.arange(2 * TURNS_DEG.size) >= TURNS_DEG.size
    if comparison.certain:
        best = comparison.best
        # If all planes dip in one direction, a mirror equals a turn; among equal versions the common mistake is taken.
        for simple in (TURNS_DEG.size, int(np.flatnonzero(TURNS_DEG == 180)[0])):
            if simple in comparison.tied:
                best = simple
                break
        turn = _interpolate_peak(
            turns[mirrored == mirrored[best]], np.nanmean(evidence[mirrored == mirrored[best]], 1), turns[best]
        )
        if mirrored[best]:
            return "mirrored", _wrap_angle(turn) if abs(_wrap_angle(turn)) > MIN_TURN_DEG else 0.0, True
        if abs(_wrap_angle(turn)) > MIN_TURN_DEG:
            return "rotated", _wrap_angle(turn), False
    # Turns by less than 20 deg have nearly the same evidence: they would hide that the azimuths agree.
    away = ~mirrored & (np.abs(signed_angle(turns)) > 20)
    elsewhere = np.nanmedian(evidence[away], axis=0)
    agrees = compare(np.stack([elsewhere, evidence[0]]))
    return ("agrees" if agrees.certain or comparison.certain else "unclear"), 0.0, False


def _interpolate_peak(turns: Array, evidence: Array, near: float) -> float:
    """Interpolate the angle of the peak by a parabola through its neighbours."""
    i = int(np.flatnonzero(turns == near)[0])
    return float(near + (turns[1] - turns[0]) * parabola_peak(*(evidence[(i + k) % len(turns)] for k in (-1, 0, 1))))


def _wrap_angle(angle: float) -> float:
    """Wrap an angle to (-180, 180]."""
    return 180 - (180 - angle) % 360


def _check_amplitude(
    image: WellImage, trace: Array, alignment: Alignment, steep: npt.NDArray[np.bool_]
) -> tuple[str, float]:
    if steep.sum() < MIN_STEEP_PICKS:
        return "unclear", 1.0
    at = _apply_alignment(trace[steep], alignment)
    factors = np.concatenate([[1.0], AMPLITUDE_FACTORS])
    evidence = _evidence_in_place(image, scale_traces(at, factors[:, None]))
    comparison = compare(evidence)
    scale = float(factors[comparison.best])
    inside = AMPLITUDE_FACTORS[2] < scale < AMPLITUDE_FACTORS[-3]
    if comparison.certain and inside and abs(np.log(scale)) > MIN_SCALE_CHANGE:
        return "scaled", scale
    others = np.abs(np.log(factors)) > 0.3
    agrees = compare(np.stack([np.nanmedian(evidence[others], axis=0), evidence[0]]))
    return ("agrees" if agrees.certain else "unclear"), 1.0


def _combine_verdicts(name: str, azimuth: str, turn: float, mirror: bool) -> tuple[str, float, bool]:
    """Combine the mistake of the first scan with the turn that remains."""
    if name == "as given" or name.startswith("amplitude"):
        return azimuth, turn, mirror
    if name == "mirrored" and not mirror:
        return "mirrored", turn, True
    if name.startswith("rotated") and not mirror:
        return "rotated", _wrap_angle(float(name.split()[1]) + turn), False
    return name, turn, mirror


def _depth_findings(alignment: Alignment, place: str, count: int) -> list[Finding]:
    basis = f"read from {count} picks, peak {alignment.z:.0f} times the scatter"
    if alignment.verdict == "unclear":
        reach, z = alignment.shifts[-1], alignment.z
        observed = f"no shift within {reach:.1f} m stands out (peak {z:.1f} times the scatter)"
        return [_unclear_finding("depth-cannot-tell", place, observed)]
    if alignment.verdict == "aligned":
        return []
    observed = (
        f"the image lies {alignment.shift * 100:+.1f} +- {alignment.sigma * 100:.2f} cm (down is +) from the picks"
    )
    action = f"add {alignment.shift:+.4f} m to the depths of the picks"
    kind = "depth-shift"
    if alignment.verdict == "drifting":
        kind = "depth-drift"
        observed += f" in the middle, changing by {alignment.slope:+.3f} m per 100 m"
        terms = f"{alignment.shift:+.4f} {alignment.slope / 100:+.6f} (depth - {alignment.middle:.2f})"
        action = f"stretch the picks: add {terms} m"
    elif alignment.verdict == "stepped":
        kind = "depth-step"
        at, below = f"{alignment.step_depth:.1f} m", alignment.shift + alignment.step
        observed += f" down to {at}, and {below * 100:+.1f} cm below"
        action = f"add {alignment.shift:+.4f} m above {at}, {below:+.4f} m below"
    return [Finding(Severity.MAJOR, kind, place, f"{observed}; {basis}", action)]


def _azimuth_findings(verdict: str, turn: float, mirror: bool, place: str, steep: int) -> list[Finding]:
    also = f", then add {turn:+.0f} deg" if abs(turn) > MIN_TURN_DEG else ""
    if verdict == "agrees":
        return []
    if verdict == "unclear":
        observed = f"{steep} picks are steep enough to tell an azimuth, and no azimuth stands out"
        return [_unclear_finding("azimuth-cannot-tell", place, observed)]
    if verdict == "rotated":
        why = {180: ": up-dip for down-dip", 90: ": strike for dip direction", -90: ": strike for dip direction"}
        text = next((reason for angle, reason in why.items() if abs(_wrap_angle(turn - angle)) < MIN_TURN_DEG), "")
        observed, action = (
            f"the picks fit the image turned by {turn:+.0f} deg{text}",
            f"add {turn:+.0f} deg to azimuths",
        )
        return [Finding(Severity.MAJOR, "azimuth-rotated", place, observed, action)]
    if verdict == "mirrored" or mirror:
        observed, action = (
            "the picks fit the image with azimuths counted the other way round",
            f"use 360 - azimuth{also}",
        )
        return [Finding(Severity.MAJOR, "azimuth-mirrored", place, observed, action)]
    if verdict.startswith("reference"):
        line = verdict.split()[1]
        observed = f"the picks fit the image if their azimuths are counted from {line} (here a turn of {turn:+.0f} deg)"
        return [Finding(Severity.MAJOR, "azimuth-reference", place, observed, f"set the picks' reference to {line}")]
    columns = ("apparent", "true") if verdict == "true-for-apparent" else ("true", "apparent")
    observed = f"the picks fit the image if the columns of {columns[0]} dip and azimuth hold {columns[1]} ones"
    return [Finding(Severity.MAJOR, verdict, place, observed, f"read those columns as {columns[1]}{also}")]


def _unclear_finding(kind: str, place: str, observed: str) -> Finding:
    return Finding(Severity.INFO, kind, place, observed, "nothing could be checked: compare picks and image by eye")
