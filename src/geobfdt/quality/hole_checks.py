"""Checks of the logs of the hole: depth of rows, diameter, inclination, and the reference line that they allow."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from geobfdt import geometry
from geobfdt.quality.stretches import Stretch, stretch_findings, stretches
from geobfdt.runtime.findings import Finding, Severity
from geobfdt.wells.image import MIN_ANGLE_TO_NORTH_DEG, WellImage

__all__ = ["check_depth", "check_diameter", "check_inclination", "depth_gaps"]

Array = npt.NDArray[np.float64]

# Diameters from the slimmest mineral core hole to the widest conductor.
HOLE_DIAMETERS_M = (0.05, 1.5)
# Units that a diameter may be written in by mistake.
METRES_PER_UNIT = {"inches": 0.0254, "centimetres": 0.01, "millimetres": 0.001}
# The diameter changes by at most this share from row to row, or within 0.3 m.
MAX_DIAMETER_CHANGE = 0.3
# Below this deviation the high side wanders with the noise of the inclinometer.
MAX_VERTICAL_DEVIATION_DEG = 3.0


def depth_gaps(depth: Array) -> npt.NDArray[np.bool_]:
    """
    Find the pairs of rows between which others are missing (rows - 1,).

    Examples
    --------
    >>> depth_gaps(np.array([0.0, 1.0, 2.0, 7.0, 8.0])).tolist()
    [False, False, True, False]
    """
    steps = np.diff(depth)
    return np.asarray(steps > 2.5 * np.median(steps) if steps.size else np.zeros(0, dtype=bool))


def check_depth(image: WellImage) -> list[Finding]:
    """
    Check the row spacing: gaps in depth, and rows that are not evenly spaced.

    Examples
    --------
    >>> from geobfdt.wells.image import well_image
    >>> [f.kind for f in check_depth(well_image(np.zeros((5, 4)), [0.0, 1.0, 2.0, 7.0, 8.0]))]
    ['depth-gap']
    """
    depth = np.asarray(image.depth.values, dtype=np.float64)
    steps = np.diff(depth)
    if not steps.size:
        return []
    typical = float(np.median(steps))
    gap = depth_gaps(depth)
    # A gap lies between two rows: both are flagged, so that the interval spans it.
    rows = np.zeros(depth.size, dtype=bool)
    rows[:-1] |= gap
    rows[1:] |= gap
    findings = stretch_findings(
        stretches(rows, depth),
        Severity.MAJOR,
        "depth-gap",
        lambda s: f"no row for {s.length:.3f} m where rows are {typical * 1000:.2f} mm apart",
        "planes there are lost; look for the missing part of the file",
    )
    uneven = float((np.abs(steps - typical)[~gap] > 0.1 * typical).mean()) if not gap.all() else 0.0
    if uneven > 0.01:
        low, high = np.percentile(steps[~gap], [1, 99]) * 1000
        findings.append(
            Finding(
                Severity.MINOR,
                "row-spacing-irregular",
                f"{depth[0]:.2f}-{depth[-1]:.2f} m",
                f"{uneven:.0%} of rows are over 10 % off {typical * 1000:.2f} mm ({low:.2f}-{high:.2f}, 1-99 %)",
                "resample the image to even rows before picking",
            )
        )
    if depth[0] < 0:
        observed, place = f"depths begin at {depth[0]:.2f} m", f"{depth[0]:.2f}-{min(depth[-1], 0):.2f} m"
        action = "elevations are no depths: check the sign, or the datum"
        findings.append(Finding(Severity.MAJOR, "depth-negative", place, observed, action))
    return findings


def check_diameter(image: WellImage) -> list[Finding]:
    """
    Check that the diameter is that of a hole, in metres, and that it does not jump.

    Examples
    --------
    >>> from geobfdt.wells.image import well_image
    >>> print(check_diameter(well_image(np.zeros((2, 4)), [0.0, 1.0], diameter=216))[0].observed)
    median 216 m is no hole; it would be 0.216 m if these were millimetres
    """
    depth = np.asarray(image.depth.values, dtype=np.float64)
    diameter = np.asarray(image["diameter"].values, dtype=np.float64)
    measured = np.isfinite(diameter)
    findings: list[Finding] = []
    if not measured.any():
        return findings
    wrong = measured & ((diameter < HOLE_DIAMETERS_M[0]) | (diameter > HOLE_DIAMETERS_M[1]))
    median = float(np.median(diameter[measured]))
    if wrong.sum() > measured.sum() / 2:
        guesses = [
            f"{median * f:.3g} m if these were {u}"
            for u, f in METRES_PER_UNIT.items()
            if HOLE_DIAMETERS_M[0] < median * f < 0.8
        ]
        observed = f"median {median:.3g} m is no hole" + (f"; it would be {' or '.join(guesses)}" if guesses else "")
        place = f"{depth[0]:.2f}-{depth[-1]:.2f} m"
        return [
            Finding(Severity.MAJOR, "diameter-range", place, observed, "give the diameter with --diameter, in metres")
        ]
    findings += stretch_findings(
        stretches(wrong, depth, join=0.5),
        Severity.MAJOR,
        "diameter-range",
        lambda s: f"diameter {diameter[s.first]:.3g} m is outside {HOLE_DIAMETERS_M[0]}-{HOLE_DIAMETERS_M[1]} m",
        "dips there are wrong; correct the caliper or blank it",
    )
    at, here = depth[measured & ~wrong], diameter[measured & ~wrong]
    if at.size > 1:
        jump = np.concatenate([[False], (np.abs(np.diff(here)) > MAX_DIAMETER_CHANGE * median) & (np.diff(at) <= 0.3)])
        change = np.concatenate([[0.0], np.diff(here)])
        findings += stretch_findings(
            stretches(jump, at, join=0.5),
            Severity.MINOR,
            "diameter-jump",
            lambda s: f"diameter jumps by {change[s.first]:+.3f} m from one row to the next",
            "check the caliper against the image: a spike there bends every dip",
        )
    return findings


def check_inclination(image: WellImage) -> list[Finding]:
    """
    Check deviation and hole azimuth, and that the image's reference line is one they define.

    Examples
    --------
    >>> from geobfdt.wells.image import well_image
    >>> hole = {"deviation": [1.0, 1.0], "hole_azimuth": [0.0, 0.0]}
    >>> well = well_image(np.zeros((2, 4)), [0.0, 1.0], reference="high_side", **hole)
    >>> [f.kind for f in check_inclination(well)]
    ['high-side-ill-defined']
    """
    depth = np.asarray(image.depth.values, dtype=np.float64)
    deviation = np.asarray(image["deviation"].values, dtype=np.float64)
    azimuth = np.asarray(image["hole_azimuth"].values, dtype=np.float64)
    findings = stretch_findings(
        stretches((deviation < 0) | (deviation > 180), depth, join=0.5),
        Severity.MAJOR,
        "deviation-range",
        lambda s: f"deviation {deviation[s.first]:.4g} deg is outside 0-180",
        "true dips there are wrong; give --survey or --deviation",
    )
    findings += _jumps(depth, deviation, azimuth)
    if image.attrs["reference"] == "high_side":
        findings += stretch_findings(
            stretches(deviation < MAX_VERTICAL_DEVIATION_DEG, depth, join=1.0),
            Severity.MAJOR,
            "high-side-ill-defined",
            lambda s: (
                f"angles are from the high side, but the hole deviates {_least(deviation, s):.1f} deg at the least"
            ),
            f"under {MAX_VERTICAL_DEVIATION_DEG:g} deg the high side is noise: use an image oriented to north there",
        )
    if image.attrs["reference"] == "north":
        across = np.degrees(np.arcsin(np.clip(_across_north(deviation, azimuth), 0, 1)))
        findings += stretch_findings(
            stretches(across < MIN_ANGLE_TO_NORTH_DEG, depth, join=1.0),
            Severity.MAJOR,
            "north-ill-conditioned",
            lambda s: f"angles are from north, and the hole points within {_least(across, s):.1f} deg of it",
            "use an image oriented to the high side there",
        )
    return findings


def _least(values: Array, stretch: Stretch) -> float:
    return float(np.nanmin(values[stretch[0] : stretch[1] + 1]))


def _across_north(deviation: Array, azimuth: Array) -> Array:
    """Length of north's part perpendicular to the hole: the sine of the angle between them."""
    north = np.sin(np.radians(deviation)) * np.cos(np.radians(azimuth))
    return np.asarray(np.sqrt(1 - np.clip(north**2, 0, 1)))


def _jumps(depth: Array, deviation: Array, azimuth: Array) -> list[Finding]:
    """Rows where the hole's direction turns faster than any hole: azimuth flips of a vertical hole turn nothing."""
    measured = np.isfinite(deviation) & np.isfinite(azimuth)
    at = depth[measured]
    if at.size < 2:
        return []
    axis = geometry.hole_frame(deviation[measured], azimuth[measured], "high_side")[0]
    chord = np.linalg.norm(np.diff(axis, axis=0), axis=-1)
    turn = np.concatenate([[0.0], 2 * np.degrees(np.arcsin(np.clip(chord / 2, 0, 1)))])
    # Deg: 1 deg/m is twice a sharp build, 2 deg is noise.
    allowed = np.concatenate([[np.inf], 2.0 + np.diff(at)])
    return stretch_findings(
        stretches(turn > allowed, at, join=0.5),
        Severity.MAJOR,
        "inclinometry-jump",
        lambda s: f"the hole turns by {turn[s.first : s.last + 1].max():.1f} deg from one row to the next",
        "check the inclinometer against the survey: true dips turn with it",
    )
