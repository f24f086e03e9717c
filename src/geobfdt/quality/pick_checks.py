"""Checks of a pick table without the contrast of the image: duplicates, positions, units, class sizes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from geobfdt.geometry import trace_rms
from geobfdt.io.units import FOOT
from geobfdt.runtime.findings import Finding, Severity
from geobfdt.wells.image import WellImage
from geobfdt.wells.picks import CLASSES, PickTable, traces

__all__ = ["check_class_sizes", "check_duplicates", "check_positions", "repeats", "unit_factor"]

Array = npt.NDArray[np.float64]

# Two picks of a class within this trace RMS are one plane.
DUPLICATE_M = 0.01
# A class with fewer picks is too small to train on or to score.
MIN_CLASS_PICKS = 10
# A pick lies on the image if at least this share of its turn is measured.
MIN_TURN_SHARE = 0.1


def check_duplicates(picks: PickTable) -> list[Finding]:
    """
    Find rows that repeat each other, and picks of one class within 1 cm of trace RMS.

    Parameters
    ----------
    picks : PickTable
        Completed picks of one well.

    Returns
    -------
    list of Finding
        ``repeated-picks`` and ``doubled-picks``.

    Examples
    --------
    >>> from geobfdt.wells.picks import new_picks
    >>> rows = new_picks(depth_m=[5.0, 5.0, 6.0], class_="fracture", amplitude_m=0.2, azimuth_app_deg=30.0)
    >>> [(f.kind, f.observed) for f in check_duplicates(rows)]
    [('repeated-picks', '1 rows repeat another one exactly, the first at 5.000 m')]
    """
    exact, close = _duplicates(picks)
    depth = picks["depth_m"].to_numpy(float)
    exact, close = depth[exact].tolist(), depth[close & ~exact].tolist()
    findings = []
    if exact:
        observed = f"{len(exact)} rows repeat another one exactly, the first at {min(exact):.3f} m"
        findings.append(
            _make_finding(
                Severity.MAJOR, "repeated-picks", exact, observed, "drop them: they count twice in every score"
            )
        )
    if close:
        observed = f"{len(close)} picks lie within 1 cm of another of their class, the first at {min(close):.3f} m"
        findings.append(_make_finding(Severity.MINOR, "doubled-picks", close, observed, "keep one of each"))
    return findings


def repeats(picks: PickTable) -> npt.NDArray[np.bool_]:
    """
    Tell which picks have the trace of an earlier row of their class.

    Examples
    --------
    >>> from geobfdt.wells.picks import new_picks
    >>> rows = new_picks(depth_m=[5.0, 5.0, 6.0], class_="fracture", amplitude_m=0.2, azimuth_app_deg=30.0)
    >>> repeats(rows)
    array([False,  True, False])
    """
    return _duplicates(picks)[0]


def _duplicates(picks: PickTable) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Picks that repeat another of their class, and those within :data:`DUPLICATE_M` of one."""
    repeated, doubled = np.zeros(len(picks), dtype=bool), np.zeros(len(picks), dtype=bool)
    every = traces(picks)
    for name in CLASSES:
        rows = np.flatnonzero((picks["class"] == name).to_numpy() & np.isfinite(every).all(1))
        rows = rows[np.argsort(every[rows, 0], kind="stable")]
        trace = every[rows]
        # Trace RMS is never less than the distance in depth, so only neighbours in depth have to be compared.
        for lag in range(1, len(trace)):
            near = trace[lag:, 0] - trace[:-lag, 0] <= DUPLICATE_M
            if not near.any():
                break
            distance = np.where(near, trace_rms(trace[lag:], trace[:-lag]), np.inf)
            repeated[rows[lag:]] |= distance < 1e-6
            doubled[rows[lag:]] |= distance < DUPLICATE_M
    return repeated, doubled


def unit_factor(depth: Array, image: WellImage) -> float | None:
    """
    Return the factor from feet or metres with which depths off the image fall on it; None if there is none.

    Examples
    --------
    >>> from geobfdt.wells.image import well_image
    >>> unit_factor(np.array([3300.0, 3310.0]), well_image(np.zeros((50, 4)), np.linspace(1000, 1020, 50)))
    0.3048
    """
    top, base = float(image.depth.values[0]), float(image.depth.values[-1])

    def share_outside(at: Array) -> float:
        return float(((at < top) | (at > base)).mean())

    if share_outside(depth) <= 0.8:
        return None
    return next((factor for factor in (FOOT, 1 / FOOT) if share_outside(depth * factor) < 0.2), None)


def check_positions(picks: PickTable, image: WellImage, coverage: Array) -> list[Finding]:
    """
    Find picks off the image or on unmeasured wall, and depths that look like feet.

    Parameters
    ----------
    picks : PickTable
        Completed picks of one well.
    image : WellImage
        The well.
    coverage : array (picks,)
        Measured share of the turn along each trace; NaN where the trace is not known.

    Returns
    -------
    list of Finding
        ``depth-unit``, ``picks-outside`` and ``picks-unmeasured``.

    Examples
    --------
    >>> from geobfdt.wells.image import well_image
    >>> from geobfdt.wells.picks import new_picks
    >>> rows = new_picks(depth_m=[3300.0, 3310.0], class_="fracture")
    >>> well = well_image(np.zeros((50, 4)), np.linspace(1000, 1020, 50))
    >>> [f.kind for f in check_positions(rows, well, np.full(2, np.nan))]
    ['depth-unit']
    """
    depth = picks["depth_m"].to_numpy(float)
    top, base = float(image.depth.values[0]), float(image.depth.values[-1])

    off_image = (depth < top) | (depth > base)
    if factor := unit_factor(depth, image):
        unit, target = ("feet", "metres") if factor == FOOT else ("metres", "feet taken for metres")
        count = f"{int(off_image.sum())} of {off_image.size} picks"
        observed = f"{count} are off the image ({top:.1f}-{base:.1f} m), but times {factor:.4f} they fall on it"
        action = f"the picks look like {unit} and the image like {target}: convert one of them"
        return [_make_finding(Severity.MAJOR, "depth-unit", depth[off_image].tolist(), observed, action)]
    findings = []
    if off_image.any():
        observed = f"{int(off_image.sum())} of {off_image.size} picks are off the image ({top:.2f}-{base:.2f} m)"
        action = "they are left out of training and scores; check that they are of this run"
        findings.append(_make_finding(Severity.MAJOR, "picks-outside", depth[off_image].tolist(), observed, action))
    unmeasured = ~off_image & (coverage < MIN_TURN_SHARE)
    if unmeasured.any():
        count = f"{int(unmeasured.sum())} of {off_image.size} picks"
        observed = f"{count} lie where under {MIN_TURN_SHARE:.0%} of the turn is measured"
        action = "nobody saw these planes on this image: leave them out, or mark them optional"
        findings.append(_make_finding(Severity.MAJOR, "picks-unmeasured", depth[unmeasured].tolist(), observed, action))
    return findings


def check_class_sizes(picks: PickTable) -> list[Finding]:
    """
    Find classes with too few picks to learn from or to score.

    Examples
    --------
    >>> from geobfdt.wells.picks import new_picks
    >>> [f.observed for f in check_class_sizes(new_picks(depth_m=[1.0], class_="fracture"))]
    ['1 fracture picks']
    """
    findings = []
    for name in CLASSES:
        depth = picks.loc[picks["class"] == name, "depth_m"].tolist()
        if 0 < len(depth) < MIN_CLASS_PICKS:
            action = "too few to train on or to score; pool wells before saying anything of this class"
            findings.append(_make_finding(Severity.INFO, "few-examples", depth, f"{len(depth)} {name} picks", action))
    return findings


def _make_finding(severity: Severity, kind: str, depth: list[float], observed: str, action: str) -> Finding:
    return Finding(severity, kind, f"{min(depth):.2f}-{max(depth):.2f} m", observed, action)
