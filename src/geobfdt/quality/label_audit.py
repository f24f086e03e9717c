"""The audit: whether picks fit their image in depth, orientation and number."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from geobfdt.io.images.netcdf import read
from geobfdt.quality.alignment import Alignment
from geobfdt.quality.alignment_scan import scan_picks
from geobfdt.quality.pick_checks import check_class_sizes, check_duplicates, check_positions
from geobfdt.quality.trace_evidence import MIN_TRACE_SHARE, trace_coverage
from geobfdt.quality.unpicked import propose_intervals
from geobfdt.runtime.findings import Finding, InputError, Severity
from geobfdt.runtime.progress import Progress, no_progress, part_of
from geobfdt.wells.field import Field
from geobfdt.wells.image import WellImage, require_image
from geobfdt.wells.intervals import IntervalTable, new_intervals, write_intervals
from geobfdt.wells.picks import PickTable, complete, traces

__all__ = ["Audit", "audit", "audit_field"]

# The audit uses at most this many picks, spread over the well; more give the same peak.
MAX_AUDIT_PICKS = 400


@dataclass(frozen=True)
class Audit:
    """
    Result of the audit of one well.

    Parameters
    ----------
    well : str
        The well.
    picks : int
        Rows of the pick table that are of this well.
    findings : list of Finding
        All findings; none for sound picks.
    alignment : Alignment
        Scan of the evidence over depth shifts, and its verdict.
    azimuth : str
        ``agrees``, ``unclear``, or what is wrong: ``mirrored``, ``rotated``, ``true-for-apparent``,
        ``apparent-for-true``, ``reference north`` and the like.
    turn : float
        Turn to add to the azimuths (deg), after mirroring if they are mirrored.
    dip : str
        ``agrees``, ``unclear`` or ``scaled``.
    scale : float
        Factor by which the amplitudes have to be multiplied; 1 where they agree.
    proposed : IntervalTable
        Interval table that may replace the present one.
    """

    well: str
    picks: int
    findings: list[Finding]
    alignment: Alignment
    azimuth: str
    turn: float
    dip: str
    scale: float
    proposed: IntervalTable

    @property
    def summary(self) -> str:
        """Summary of the audit in one line."""
        depth: str = self.alignment.verdict
        if np.isfinite(self.alignment.shift):
            depth += f" ({self.alignment.shift * 100:+.1f} +- {self.alignment.sigma * 100:.2f} cm)"
        return (
            f"{self.picks} picks; depth {depth}; azimuth {self.azimuth}; dip {self.dip}; findings: {len(self.findings)}"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the audit as JSON holds it, with null for numbers that are not finite."""
        numbers = {k: v for k, v in asdict(self.alignment).items() if k not in ("shifts", "evidence")}
        return {
            "well": self.well,
            "picks": self.picks,
            "alignment": {k: None if isinstance(v, float) and not np.isfinite(v) else v for k, v in numbers.items()},
            "azimuth": self.azimuth,
            "turn_deg": self.turn,
            "dip": self.dip,
            "scale": self.scale,
            "findings": [finding.to_dict() for finding in self.findings],
            "proposed_intervals": self.proposed.to_dict(orient="records"),
        }


def audit(
    image: WellImage,
    picks: PickTable,
    intervals: IntervalTable | None = None,
    progress: Progress = no_progress,
) -> Audit:
    """
    Compare the picks of a well with its image.

    Parameters
    ----------
    image : WellImage
        The well, in memory or lazily opened.
    picks : PickTable
        Pick table; rows of other wells are ignored.
    intervals : IntervalTable, optional
        Interpreted and ignored intervals of the field.
    progress : callable, optional
        Called with the finished share.

    Returns
    -------
    Audit
        Findings, scans and proposals. Nothing is changed: the caller decides.

    Notes
    -----
    Depth, azimuth and dip are checked in the same way: versions of the picks (shifted, turned, mirrored, scaled, or in
    another reference) are compared by their evidence on the image
    (:func:`~geobfdt.quality.trace_evidence.trace_evidence`). A version wins only if its mean paired difference over the
    picks exceeds several standard errors.

    Examples
    --------
    >>> from geobfdt.wells.image import well_image
    >>> from geobfdt.wells.picks import new_picks
    >>> rng, beds = np.random.default_rng(0), np.arange(20) * 0.5 + 0.25
    >>> layers = rng.normal(0, 5, 21)[np.searchsorted(beds, np.arange(2000) * 0.005)]
    >>> well = well_image(layers[:, None] + rng.normal(0, 1, (2000, 36)), np.arange(2000) * 0.005, well="A")
    >>> rows = new_picks(well="A", depth_m=beds - 0.08, class_="bedding", amplitude_m=0.0)
    >>> result = audit(well, rows)
    >>> result.alignment.verdict, round(result.alignment.shift, 2)
    ('shifted', 0.08)
    """
    require_image(image)
    present = new_intervals() if intervals is None else intervals
    well = image.attrs["well"]
    mine = picks[picks["well"].isin([well, ""])].reset_index(drop=True)
    findings: list[Finding] = []
    if mine.empty:
        names = ", ".join(sorted(set(picks["well"]))[:5]) or "no well"
        observed = f"the pick table has rows of {names}, none of {well or 'this well'}"
        place = f"{image.depth.values[0]:.2f}-{image.depth.values[-1]:.2f} m"
        findings.append(Finding(Severity.MAJOR, "no-picks", place, observed, "check the name of the well"))
    rows, lacking = complete(mine, image)
    trace = traces(rows)
    coverage = trace_coverage(image, trace)
    proposed, gaps = propose_intervals(rows, image, present)
    if len(rows):
        findings += lacking + check_duplicates(rows) + check_positions(rows, image, coverage) + check_class_sizes(rows)
    seen_rows = np.flatnonzero(coverage >= MIN_TRACE_SHARE)
    seen_rows = seen_rows[np.argsort(trace[seen_rows, 0], kind="stable")]
    chosen = seen_rows[np.unique(np.linspace(0, len(seen_rows) - 1, min(len(seen_rows), MAX_AUDIT_PICKS)).astype(int))]
    scan = scan_picks(rows.iloc[chosen].reset_index(drop=True), image, progress)
    if len(rows):
        findings += scan.findings
    return Audit(
        well=well,
        picks=len(rows),
        findings=findings + gaps,
        alignment=scan.alignment,
        azimuth=scan.azimuth,
        turn=scan.turn,
        dip=scan.dip,
        scale=scan.scale,
        proposed=proposed,
    )


def audit_field(
    directory: str | Path, *, write_proposed: bool = False, progress: Progress = no_progress
) -> dict[str, Audit]:
    """
    Audit every well of a field that has picks, one after the other.

    Parameters
    ----------
    directory : str or Path
        The field.
    write_proposed : bool
        Write the proposed intervals of wells that have none yet.
    progress : callable, optional
        Called with the finished share.

    Returns
    -------
    dict of str to Audit
        By well.

    Raises
    ------
    InputError
        If the folder is no field, no well in it has picks, or a file cannot be read.
    """
    field = Field(Path(directory))
    wells = [well for well in field.wells() if field.file(well, ".picks.csv").exists()]
    if not wells:
        raise InputError(directory, "no well here has picks", "bring them in with geobfdt ingest --picks TABLE")
    results: dict[str, Audit] = {}
    for i, well in enumerate(wells):
        part = part_of(progress, i / len(wells), (i + 1) / len(wells))
        with read(field.path / f"{well}.nc") as image:
            results[well] = audit(image, field.picks(well), field.intervals(well), part)
        file = field.file(well, ".intervals.csv")
        if write_proposed and len(results[well].proposed) and not file.exists():
            write_intervals(results[well].proposed, file)
    return results
