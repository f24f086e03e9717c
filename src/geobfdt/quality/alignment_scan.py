"""The scan behind an audit: which version of the picks, shifted, turned or scaled, finds most evidence on the image."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from geobfdt.quality.alignment import SMALLEST, Alignment, align
from geobfdt.quality.orientation_errors import GAIN, Comparison, compare, scaled, turned, versions
from geobfdt.quality.trace_evidence import line_width, trace_evidence
from geobfdt.runtime.findings import Finding, Severity
from geobfdt.wells.image import WellImage, row_spacing

__all__ = ["Scan", "scan_picks"]

Array = npt.NDArray[np.float64]

# m of shift looked over to either side.
REACH = 1.0
TURNS = np.arange(0.0, 360.0, 3.0)
FACTORS = np.exp(np.linspace(np.log(0.45), np.log(2.2), 81))
# Deg.
SMALLEST_TURN = 5.0
SMALLEST_SCALE = 0.05
# Picks, spread over the well, for many versions at many depths.
FIRST_LOOK = 100
# Picks steep enough to tell an azimuth or an amplitude.
FEWEST = 15


@dataclass(frozen=True)
class Scan:
    """
    How picks agree with their image.

    Parameters
    ----------
    findings : list of Finding
        What does not agree, or cannot be told.
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


def scan_picks(picks: pd.DataFrame, image: WellImage, progress: Callable[[float], None] | None = None) -> Scan:
    """
    Compare picks as given with shifted, turned, mirrored, scaled and otherwise mistaken versions of themselves.

    Parameters
    ----------
    picks : DataFrame
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
    tell = progress or (lambda _: None)
    step = max(0.005, row_spacing(image) / 2)
    reach = max(round(REACH / step), 60)
    shifts = (step * np.arange(-reach, reach + 1)).astype(np.float64)
    place = f"{image.depth.values[0]:.2f}-{image.depth.values[-1]:.2f} m"
    smallest = max(SMALLEST, 2 * step)
    depth = picks["depth_m"].to_numpy(float)
    if len(picks) < 10:
        observed = f"{len(picks)} picks lie on measured wall: too few to tell a shift"
        return Scan([_unclear("depth-cannot-tell", place, observed)], Alignment(shifts, 0 * shifts, "unclear"))

    named = versions(picks, image)
    steep = np.hypot(named["as given"][:, 1], named["as given"][:, 2]) > 2.5 * line_width(image)
    few = np.unique(np.linspace(0, len(picks) - 1, FIRST_LOOK).astype(int))
    looks = np.stack([trace[few] for trace in named.values()])
    first = trace_evidence(image, looks, shifts[::2], lambda share: tell(0.6 * share))
    at_best = np.stack([_at_best(curves, shifts[::2], depth[few], smallest) for curves in first])
    usual = compare(at_best[:, steep[few]]) if steep[few].sum() >= FEWEST else _undecided()
    name = list(named)[usual.best] if usual.certain else "as given"
    trace = named[name]

    alignment = align(trace_evidence(image, trace[None], shifts)[0], shifts, depth, smallest)
    tell(0.75)
    azimuth, turn, mirror = _orientation(image, trace, alignment, steep)
    straight = trace
    if turn or mirror:
        trace = turned(straight, turn, mirror)
        alignment = align(trace_evidence(image, trace[None], shifts)[0], shifts, depth, smallest)
    elif alignment.verdict not in ("aligned", "unclear"):
        # Turned picks of planes that dip one way can pass for shifted ones: ask for the azimuth where they lie, too.
        asked = _orientation(image, straight, Alignment(shifts, 0 * shifts, "unclear"), steep)
        looked = turned(straight, asked[1], asked[2])
        again = align(trace_evidence(image, looked[None], shifts)[0], shifts, depth, smallest)
        if again.evidence.max() > GAIN * alignment.evidence.max():
            trace, alignment, (azimuth, turn, mirror) = looked, again, asked
    tell(0.9)
    dip, scale = _amplitude(image, trace, alignment, steep)
    if dip == "scaled" and azimuth == "unclear":
        azimuth, turn, mirror = _orientation(image, scaled(trace, scale), alignment, steep)
    tell(1.0)

    if name.startswith("amplitude"):
        dip, scale = "scaled", scale * float(name.split()[1])
    if name.startswith("reference"):
        azimuth_given, azimuth_meant = (np.arctan2(t[:, 2], t[:, 1]) for t in (named["as given"], named[name]))
        turn += float(np.degrees(np.angle(np.exp(1j * (azimuth_meant - azimuth_given)).mean())))
    verdict, total, flipped = _combined(name, azimuth, turn, mirror)
    findings = _depth_findings(alignment, place, len(picks))
    findings += _azimuth_findings(verdict, total, flipped, place, int(steep.sum()))
    if dip == "scaled":
        observed = f"traces on the image are {scale:.2f} times as high as the picks ({int(steep.sum())} steep ones)"
        action = f"multiply amplitudes by {scale:.2f}: another diameter was used, or the radius for the diameter"
        findings.append(Finding(Severity.MAJOR, "diameter-scale", place, observed, action))
    return Scan(findings, alignment, verdict, total, dip, scale)


def _undecided() -> Comparison:
    return Comparison(0, 0.0, 1.0, False, [0])


def _at_best(curves: Array, shifts: Array, depth: Array, smallest: float) -> Array:
    """Evidence of each pick at the depth that suits its version best; as given where no depth stands out."""
    found = align(curves, shifts, depth, smallest)
    step = shifts[1] - shifts[0]
    at = np.rint((found.at(depth) - shifts[0]) / step).astype(int)
    return np.asarray(curves[np.arange(len(curves)), np.clip(at, 0, shifts.size - 1)])


def _moved(trace: Array, alignment: Alignment) -> Array:
    moved = trace.copy()
    moved[:, 0] += alignment.at(trace[:, 0])
    return moved


def _at_place(image: WellImage, looks: Array) -> Array:
    """Evidence of versions where they lie (versions, picks), of the picks that are seen in most of them."""
    evidence = trace_evidence(image, looks, np.zeros(1))[..., 0]
    return np.asarray(evidence[:, np.isfinite(evidence).mean(0) > 0.5])


def _orientation(
    image: WellImage, trace: Array, alignment: Alignment, steep: npt.NDArray[np.bool_]
) -> tuple[str, float, bool]:
    """Verdict, what to add to the azimuths (deg), and whether to mirror them first."""
    if steep.sum() < FEWEST:
        return "unclear", 0.0, False
    at = _moved(trace[steep], alignment)
    looks = np.concatenate([turned(at, TURNS[:, None]), turned(at, TURNS[:, None], mirror=True)])
    evidence = _at_place(image, looks)
    found = compare(evidence)
    turns, mirrored = np.tile(TURNS, 2), np.arange(2 * TURNS.size) >= TURNS.size
    if found.certain:
        best = found.best
        # Where all planes dip one way a mirror is a turn; of what cannot be told apart take the usual mistake.
        for simple in (TURNS.size, int(np.flatnonzero(TURNS == 180)[0])):
            if simple in found.tied:
                best = simple
                break
        turn = _peak(
            turns[mirrored == mirrored[best]], np.nanmean(evidence[mirrored == mirrored[best]], 1), turns[best]
        )
        if mirrored[best]:
            return "mirrored", _short(turn) if abs(_short(turn)) > SMALLEST_TURN else 0.0, True
        if abs(_short(turn)) > SMALLEST_TURN:
            return "rotated", _short(turn), False
    away = ~mirrored & (np.abs((turns + 180) % 360 - 180) > 20)
    elsewhere = np.nanmedian(evidence[away], axis=0)
    agrees = compare(np.stack([elsewhere, evidence[0]]))
    return ("agrees" if agrees.certain or found.certain else "unclear"), 0.0, False


def _peak(turns: Array, evidence: Array, near: float) -> float:
    """Angle of the peak: a parabola through its neighbours."""
    i = int(np.flatnonzero(turns == near)[0])
    low, mid, high = (float(evidence[(i + k) % len(turns)]) for k in (-1, 0, 1))
    bend = low - 2 * mid + high
    return float(near + (turns[1] - turns[0]) * (0.5 * (low - high) / bend if bend < 0 else 0.0))


def _short(angle: float) -> float:
    """Angle in (-180, 180]."""
    return 180 - (180 - angle) % 360


def _amplitude(image: WellImage, trace: Array, alignment: Alignment, steep: npt.NDArray[np.bool_]) -> tuple[str, float]:
    if steep.sum() < FEWEST:
        return "unclear", 1.0
    at = _moved(trace[steep], alignment)
    factors = np.concatenate([[1.0], FACTORS])
    evidence = _at_place(image, scaled(at, factors[:, None]))
    found = compare(evidence)
    scale = float(factors[found.best])
    inside = FACTORS[2] < scale < FACTORS[-3]
    if found.certain and inside and abs(np.log(scale)) > SMALLEST_SCALE:
        return "scaled", scale
    others = np.abs(np.log(factors)) > 0.3
    agrees = compare(np.stack([np.nanmedian(evidence[others], axis=0), evidence[0]]))
    return ("agrees" if agrees.certain else "unclear"), 1.0


def _combined(name: str, azimuth: str, turn: float, mirror: bool) -> tuple[str, float, bool]:
    """One verdict from the mistake that the first look found and the turn that was left."""
    if name == "as given" or name.startswith("amplitude"):
        return azimuth, turn, mirror
    if name == "mirrored" and not mirror:
        return "mirrored", turn, True
    if name.startswith("rotated") and not mirror:
        return "rotated", _short(float(name.split()[1]) + turn), False
    return name, turn, mirror


def _depth_findings(found: Alignment, place: str, count: int) -> list[Finding]:
    basis = f"read from {count} picks, peak {found.z:.0f} times the scatter"
    if found.verdict == "unclear":
        seen = f"no shift within {found.shifts[-1]:.1f} m stands out (peak {found.z:.1f} times the scatter)"
        return [_unclear("depth-cannot-tell", place, seen)]
    if found.verdict == "aligned":
        return []
    seen = f"the image lies {found.shift * 100:+.1f} +- {found.sigma * 100:.2f} cm (down is +) from the picks"
    action = f"add {found.shift:+.4f} m to the depths of the picks"
    kind = "depth-shift"
    if found.verdict == "drifting":
        kind = "depth-drift"
        seen += f" in the middle, changing by {found.slope:+.3f} m per 100 m"
        action = f"stretch the picks: add {found.shift:+.4f} {found.slope / 100:+.6f} (depth - {found.middle:.2f}) m"
    elif found.verdict == "stepped":
        kind = "depth-step"
        seen += f" down to {found.step_depth:.1f} m, and {(found.shift + found.step) * 100:+.1f} cm below"
        action = f"add {found.shift:+.4f} m above {found.step_depth:.1f} m, {found.shift + found.step:+.4f} m below"
    return [Finding(Severity.MAJOR, kind, place, f"{seen}; {basis}", action)]


def _azimuth_findings(verdict: str, turn: float, mirror: bool, place: str, steep: int) -> list[Finding]:
    also = f", then add {turn:+.0f} deg" if abs(turn) > SMALLEST_TURN else ""
    if verdict == "agrees":
        return []
    if verdict == "unclear":
        observed = f"{steep} picks are steep enough to tell an azimuth, and no azimuth stands out"
        return [_unclear("azimuth-cannot-tell", place, observed)]
    if verdict == "rotated":
        why = {180: ": up-dip for down-dip", 90: ": strike for dip direction", -90: ": strike for dip direction"}
        text = next((reason for angle, reason in why.items() if abs(_short(turn - angle)) < SMALLEST_TURN), "")
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


def _unclear(kind: str, place: str, seen: str) -> Finding:
    return Finding(Severity.INFO, kind, place, seen, "nothing could be checked: compare picks and image by eye")
