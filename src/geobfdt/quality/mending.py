"""Mend an interpretation: undo what the audit finds with certainty, with a record of each change."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from geobfdt import geometry
from geobfdt._version import __version__
from geobfdt.geometry import Reference, signed_angle
from geobfdt.io.images.netcdf import read
from geobfdt.quality.alignment_scan import MIN_TURN_DEG
from geobfdt.quality.correction_fit import Peak, beats_others, fit_shift, fit_turn
from geobfdt.quality.label_audit import Audit, audit
from geobfdt.quality.orientation_errors import trace_versions, turn_traces
from geobfdt.quality.pick_checks import repeats, unit_factor
from geobfdt.quality.trace_evidence import MIN_TRACE_SHARE, line_width, trace_coverage
from geobfdt.runtime.findings import Finding, InputError, Severity
from geobfdt.runtime.progress import Progress, no_progress, part_of
from geobfdt.runtime.storage import atomic_files, sha256, write_text
from geobfdt.wells.field import Field
from geobfdt.wells.image import WellImage, log_at, require_image, row_spacing
from geobfdt.wells.intervals import IntervalTable, new_intervals, write_intervals
from geobfdt.wells.picks import PickTable, complete, traces, write_picks

__all__ = ["Change", "Mended", "mend", "mend_field"]

Array = npt.NDArray[np.float64]

# A smaller shift is left: where a tool sticks and slips, a sound image is off by as much.
MIN_MENDED_SHIFT_M = 0.03
# So many rows are the least shift of an image of coarse rows.
MIN_MENDED_SHIFT_ROWS = 2.5
# Mended depths have at most this standard error, so that they are within 1 cm.
MAX_DEPTH_SIGMA_M = 0.004
# A turn that no usual mistake explains has at most this standard error, so that azimuths are within 1 degree.
MAX_TURN_SIGMA_DEG = 0.5
# A usual mistake (half a turn, a mirror) is certain where the remaining turn has at most this standard error.
MAX_NAMED_SIGMA_DEG = 1.5
# What remains after mending lies within so many standard errors of nothing.
MAX_REMAINING_SIGMAS = 3.0
# A smaller remaining turn, and a smaller remaining shift, is nothing.
MIN_REMAINING_TURN_DEG = 1.0
MIN_REMAINING_SHIFT_M = 0.005
# A correction is compared with other readings on at most this many picks, spread over the well.
_MAX_COMPARED_PICKS = 100
# An azimuth is certain from at least this many steep picks.
_MIN_STEEP_PICKS = 15
# A pick is steep if its amplitude is so many times the width of a line.
_STEEP_WIDTHS = 2.5
# Turns that have a usual cause: up-dip for down-dip, strike for dip direction.
_NAMED_TURNS_DEG = (180.0, 90.0, -90.0)
_COMPARED_TURNS_DEG = np.arange(0.0, 360.0, 15.0)

# What the audit finds in depths and orientations.
_DEPTH_KINDS = ("depth-shift", "depth-drift", "depth-step")
_ORIENTATION_KINDS = (
    "azimuth-mirrored", "azimuth-rotated", "azimuth-reference", "true-for-apparent", "apparent-for-true",
)  # fmt: skip
_GEOMETRY_KINDS = (*_DEPTH_KINDS, *_ORIENTATION_KINDS, "diameter-scale", "depth-unit")
_LEFT_BECAUSE = {
    "depth-step": "the picks between which the step lies could belong to either side; mend each run by itself",
    "diameter-scale": "nothing tells which diameter is meant; ingest again with the right --diameter",
    "doubled-picks": "two thin beds may lie so close; look at them in the review",
    "picks-outside": "they may be of another run",
    "picks-unmeasured": "somebody may have seen them on another image",
}


@dataclass(frozen=True)
class Change:
    """
    One correction of an interpretation.

    Parameters
    ----------
    kind : str
        The audit's finding that it undoes.
    reason : str
        What was wrong and what is done about it.
    evidence : dict
        The numbers that it rests on.
    cells : list of dict
        ``table`` (``picks`` or ``intervals``), ``row`` (number in the original table, the first is 1), ``column``,
        ``old`` and ``new``; a row that is dropped has ``dropped``, its values by column.
    """

    kind: str
    reason: str
    evidence: dict[str, Any]
    cells: list[dict[str, Any]]


@dataclass(frozen=True)
class Mended:
    """
    A mended interpretation of one well.

    Parameters
    ----------
    well : str
        The well.
    picks, intervals : DataFrame
        Corrected copies; the same rows in the same order, less repeated ones.
    changes : list of Change
        What was changed; empty for sound picks.
    unmended : list of Finding
        ``not-mended``: what the audit finds and is not certain enough to be undone.
    before, after : Audit
        The audits of the original and of the copy.
    """

    well: str
    picks: PickTable
    intervals: IntervalTable
    changes: list[Change]
    unmended: list[Finding]
    before: Audit
    after: Audit

    @property
    def findings(self) -> list[Finding]:
        """Findings: ``mended`` for each change, ``not-mended`` for what is left."""
        return [
            Finding(Severity.MAJOR, "mended", self.well, f"{change.kind}: {change.reason}", _count(change.cells))
            for change in self.changes
        ] + self.unmended

    def to_dict(self) -> dict[str, Any]:
        """Return the record of the changes as JSON holds it."""
        return {
            "format": 1,
            "version": __version__,
            "well": self.well,
            "changes": [vars(change) for change in self.changes],
            "not_mended": [finding.to_dict() for finding in self.unmended],
            "before": [finding.to_dict() for finding in self.before.findings],
            "after": [finding.to_dict() for finding in self.after.findings],
        }


def mend(
    image: WellImage,
    picks: PickTable,
    intervals: IntervalTable | None = None,
    progress: Progress = no_progress,
) -> Mended:
    """
    Undo what the audit finds with certainty in the picks of a well.

    Parameters
    ----------
    image : WellImage
        The well.
    picks : DataFrame
        Pick table; rows of other wells stay as they are.
    intervals : DataFrame, optional
        Interpreted and ignored intervals. They come with the picks, so that their depths move with them.
    progress : Progress
        Called with the finished share.

    Returns
    -------
    Mended
        Copies of both tables and the record of each change. The originals stay as they are.

    Notes
    -----
    A finding of the audit is undone if four conditions hold, else it is left and ``not-mended`` says why:

    1. The correction beats every other reading of the picks (turned, mirrored, scaled, from another reference), each
       at its own best depth, by three standard errors.
    2. After it, the remaining shift and turn are nothing within three standard errors, which count picks that are
       within 2 m as one.
    3. These standard errors are small enough for 1 cm and 1 degree.
    4. An audit of the mended picks finds nothing of the kind any more, and nothing new.

    Examples
    --------
    >>> from geobfdt.wells.image import well_image
    >>> from geobfdt.wells.picks import new_picks
    >>> rng, beds = np.random.default_rng(0), np.cumsum(np.random.default_rng(1).uniform(0.2, 0.8, 20))
    >>> layers = rng.normal(0, 5, 21)[np.searchsorted(beds, np.arange(2400) * 0.005)]
    >>> well = well_image(layers[:, None] + rng.normal(0, 1, (2400, 36)), np.arange(2400) * 0.005, well="A")
    >>> mended = mend(well, new_picks(well="A", depth_m=beds - 0.08, class_="bedding", amplitude_m=0.0))
    >>> [change.kind for change in mended.changes], bool(np.abs(mended.picks["depth_m"] - beds).max() < 0.01)
    (['depth-shift'], True)
    """
    require_image(image)
    present = new_intervals() if intervals is None else intervals
    before = audit(image, picks, present, part_of(progress, 0.0, 0.4))
    draft = _Draft(image, picks, present)
    if "repeated-picks" in _kinds(before):
        draft.drop_repeated()
    current = before
    if "depth-unit" in _kinds(before):
        current = draft.convert_unit(before)
    faults = [kind for kind in _kinds(current) if kind in (*_DEPTH_KINDS, *_ORIENTATION_KINDS)]
    if faults:
        draft.correct_geometry(current, faults)
    progress(0.6)
    after = audit(image, draft.picks, draft.intervals, part_of(progress, 0.6, 1.0)) if draft.changes else before
    unmended = [
        Finding(Severity.MAJOR, "not-mended", finding.place, f"{finding.kind}: {finding.observed}", reason)
        for finding in after.findings
        if (reason := draft.reasons.get(finding.kind) or _LEFT_BECAUSE.get(finding.kind))
    ]
    mended, moved = draft.picks.reset_index(drop=True), draft.intervals.reset_index(drop=True)
    return Mended(before.well, mended, moved, draft.changes, unmended, before, after)


def mend_field(directory: str | Path, out: str | Path, progress: Progress = no_progress) -> dict[str, Mended]:
    """
    Mend the interpretation of each well of a field that has picks, as a copy.

    Parameters
    ----------
    directory : str or Path
        The field; nothing in it is changed.
    out : str or Path
        New folder for ``WELL.picks.csv``, ``WELL.intervals.csv`` and the record ``WELL.mended.json``.
    progress : Progress
        Called with the finished share.

    Returns
    -------
    dict of str to Mended
        By well.

    Raises
    ------
    InputError
        If the folder is no field, no well in it has picks, a file cannot be read, or the new folder has files.
    """
    source, target = Field(Path(directory)), Path(out)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise InputError(target, "is there already", "name a new folder for the mended copy")
    wells = [well for well in source.wells() if source.file(well, ".picks.csv").exists()]
    if not wells:
        raise InputError(directory, "no well here has picks", "bring them in with geobfdt ingest --picks TABLE")
    results: dict[str, Mended] = {}
    with atomic_files(target) as part:
        for number, well in enumerate(wells):
            within = part_of(progress, number / len(wells), (number + 1) / len(wells))
            with read(source.path / f"{well}.nc") as image:
                results[well] = mend(image, source.picks(well), source.intervals(well), within)
            originals = [source.file(well, suffix) for suffix in (".picks.csv", ".intervals.csv")]
            digests = {file.name: sha256(file) for file in originals if file.exists()}
            write_picks(results[well].picks, part / originals[0].name)
            if originals[1].exists():
                write_intervals(results[well].intervals, part / originals[1].name)
            record = results[well].to_dict() | {"original": digests}
            write_text(part / f"{well}.mended.json", json.dumps(record, indent=1, allow_nan=False) + "\n")
    return results


@dataclass
class _Draft:
    """The copy while it is corrected, its changes, and why a kind of finding was not undone."""

    image: WellImage
    picks: PickTable
    intervals: IntervalTable
    changes: list[Change] = field(default_factory=list)
    reasons: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.picks, self.intervals = self.picks.reset_index(drop=True), self.intervals.reset_index(drop=True)
        # A row keeps the number that it has in the original table.
        self.picks.index, self.intervals.index = self.picks.index + 1, self.intervals.index + 1

    def rows(self) -> PickTable:
        """Completed picks of this well, under their numbers."""
        own = self.picks[self.picks["well"].isin([self.image.attrs["well"], ""])]
        return complete(own, self.image)[0]

    def drop_repeated(self) -> None:
        """Drop rows that repeat another one in every column."""
        rows = self.rows()
        numbers = rows.index[repeats(rows)]
        # Two rows with the same trace but different labels contradict each other.
        certain = [n for n in numbers if self.picks.duplicated(keep="first")[n]]
        if len(certain) < len(numbers):
            self.reasons["repeated-picks"] = "rows of one trace differ in other columns: keep the right one by hand"
        if certain:
            cells = [
                {"table": "picks", "row": int(n), "dropped": {k: _plain(v) for k, v in self.picks.loc[n].items()}}
                for n in certain
            ]
            reason = f"{len(certain)} rows repeat another one in every column; dropped"
            self.changes.append(Change("repeated-picks", reason, {"rows": len(certain)}, cells))
            self.picks = self.picks.drop(index=certain)

    def convert_unit(self, before: Audit) -> Audit:
        """Convert depths from the wrong unit, if the image then confirms them."""
        depth = self.rows()["depth_m"]
        factor = unit_factor(depth.to_numpy(float), self.image)
        picks, intervals = self.picks.copy(), self.intervals.copy()
        picks.loc[depth.index, "depth_m"] *= factor
        own = intervals["well"].isin([self.image.attrs["well"], ""])
        intervals.loc[own, ["top_m", "base_m"]] *= factor
        result = audit(self.image, picks, intervals)
        if result.alignment.verdict == "unclear" or "depth-unit" in _kinds(result):
            self.reasons["depth-unit"] = "the image does not confirm the converted depths"
            return before
        evidence = {"factor": factor, "peak_z": _number(result.alignment.z), "picks": len(depth)}
        self._accept("depth-unit", f"depths times {factor:.4f} fall on the image", evidence, picks, intervals)
        return result

    def correct_geometry(self, result: Audit, faults: list[str]) -> None:
        """Undo a mistake in orientations and depths, both or none, if it is certain."""
        orientation = next((kind for kind in faults if kind in _ORIENTATION_KINDS), None)
        depth_kind = next((kind for kind in faults if kind in _DEPTH_KINDS), None)
        if depth_kind == "depth-step":
            self.reasons |= dict.fromkeys([k for k in faults if k != "depth-step"], "the depths have a step besides")
            return
        rows = self.rows()
        oriented, turn, fitted = rows, Peak(0.0, 0.0), Peak(0.0, np.nan)
        if orientation:
            oriented = _reoriented(rows, self.image, result)
            turn = self._remaining_turn(oriented, result)
            if reason := self._why_orientation_uncertain(turn, result):
                self.reasons |= dict.fromkeys(faults, reason)
                return
            if not _is_named(result, turn):
                oriented = _turned(oriented, self.image, turn.place)
        placed = _moved(oriented, result.alignment.at(oriented["depth_m"])) if depth_kind else oriented
        if depth_kind:
            fitted = fit_shift(self.image, traces(placed)[self._measured(placed)])
        reason = self._why_depth_uncertain(depth_kind, fitted, result) if depth_kind else None
        if not reason and not self._is_only_answer(
            rows, placed, dips=(orientation or "").endswith(("true", "apparent"))
        ):
            reason = "another reading of the picks fits the image as well"
        if not reason:
            reason = self._why_audit_refuses(placed, result)
        if reason:
            self.reasons |= dict.fromkeys(faults, reason)
            return
        if orientation:
            self._accept_orientation(orientation, rows, oriented, result, turn)
        if depth_kind:
            evidence = {
                "shift_m": _number(result.alignment.shift), "sigma_m": _number(fitted.sigma),
                "drift_m_per_100_m": _number(result.alignment.slope), "remaining_m": _number(fitted.place),
                "peak_z": _number(result.alignment.z), "picks": len(rows),
            }  # fmt: skip
            picks, intervals = self.picks.copy(), self.intervals.copy()
            picks.loc[placed.index, "depth_m"] = placed["depth_m"]
            own = intervals["well"].isin([self.image.attrs["well"], ""])
            for name in ("top_m", "base_m"):
                intervals.loc[own, name] += result.alignment.at(intervals.loc[own, name])
            observed = next(f.observed for f in result.findings if f.kind == depth_kind)
            self._accept(depth_kind, f"{observed}; depths moved by as much", evidence, picks, intervals)

    def _accept_orientation(self, kind: str, rows: PickTable, oriented: PickTable, result: Audit, turn: Peak) -> None:
        picks = self.picks.copy()
        changed = ["azimuth_app_deg", "dip_true_deg", "azimuth_true_deg", "reference"]
        if kind in ("true-for-apparent", "apparent-for-true"):
            changed += ["dip_app_deg", "amplitude_m", "diameter_m"]
        picks.loc[rows.index, changed] = oriented[changed]
        evidence = {
            "turn_deg": _number(result.turn), "remaining_deg": _number(turn.place), "sigma_deg": _number(turn.sigma),
            "picks": len(rows),
        }  # fmt: skip
        observed = next(f.observed for f in result.findings if f.kind == kind)
        self._accept(kind, f"{observed}; undone, and the true dips computed anew", evidence, picks, self.intervals)

    def _accept(
        self, kind: str, reason: str, evidence: dict[str, Any], picks: PickTable, intervals: IntervalTable
    ) -> None:
        cells = _cells("picks", self.picks, picks) + _cells("intervals", self.intervals, intervals)
        self.changes.append(Change(kind, reason, evidence, cells))
        self.picks, self.intervals = picks, intervals

    def _measured(self, rows: PickTable) -> npt.NDArray[np.bool_]:
        return trace_coverage(self.image, traces(rows)) >= MIN_TRACE_SHARE

    def _remaining_turn(self, oriented: PickTable, result: Audit) -> Peak:
        """Turn (deg) that the steep picks lack after the correction."""
        placed = traces(_moved(oriented, result.alignment.at(oriented["depth_m"])))
        steep = np.hypot(placed[:, 1], placed[:, 2]) > _STEEP_WIDTHS * line_width(self.image)
        chosen = steep & (trace_coverage(self.image, placed) >= MIN_TRACE_SHARE)
        return fit_turn(self.image, placed[chosen]) if chosen.sum() >= _MIN_STEEP_PICKS else Peak(np.nan, np.nan)

    def _why_orientation_uncertain(self, turn: Peak, result: Audit) -> str | None:
        """Return why the orientation is not certain; None if it is."""
        if not np.isfinite(turn.sigma):
            return "too few steep picks to be certain of the azimuth"
        if turn.sigma > (MAX_NAMED_SIGMA_DEG if _is_named(result, turn) else MAX_TURN_SIGMA_DEG):
            return f"the azimuth is certain to {turn.sigma:.1f} deg only"
        if result.azimuth not in ("mirrored", "rotated") and not _is_nothing(turn, MIN_REMAINING_TURN_DEG):
            return f"the azimuths would still be off by {turn.place:+.1f} deg"
        return None

    def _why_depth_uncertain(self, kind: str, fitted: Peak, result: Audit) -> str | None:
        """Return why the depth is not certain; None if it is."""
        alignment = result.alignment
        least = max(MIN_MENDED_SHIFT_M, MIN_MENDED_SHIFT_ROWS * row_spacing(self.image))
        size = abs(alignment.shift) + (abs(alignment.drift) / 2 if kind == "depth-drift" else 0.0)
        if size < least:
            return f"a shift under {100 * least:.0f} cm may be the image's own: its tool sticks and slips"
        sigma = fitted.sigma
        if kind == "depth-drift":
            sigma = float(np.hypot(sigma, alignment.drift_sigma / 2))
        if not sigma <= MAX_DEPTH_SIGMA_M:
            return f"the depth is certain to {100 * sigma:.1f} cm only"
        if not _is_nothing(fitted, MIN_REMAINING_SHIFT_M):
            return f"the depths would still be off by {100 * fitted.place:+.1f} cm"
        return None

    def _is_only_answer(self, rows: PickTable, placed: PickTable, *, dips: bool) -> bool:
        """Whether no other reading of the picks fits as well as the correction."""
        every = traces(placed)
        steep = np.hypot(every[:, 1], every[:, 2]) > _STEEP_WIDTHS * line_width(self.image)
        chosen = np.flatnonzero(steep & self._measured(placed))
        if len(chosen) < _MIN_STEEP_PICKS:
            # Flat picks are the same however they are turned.
            return True
        few = chosen[np.unique(np.linspace(0, len(chosen) - 1, min(len(chosen), _MAX_COMPARED_PICKS)).astype(int))]
        original = rows.iloc[few].reset_index(drop=True)
        named = np.stack(list(trace_versions(original, self.image).values()))
        turns = _COMPARED_TURNS_DEG[:, None]
        start = traces(original)
        versions = np.concatenate([named, turn_traces(start, turns), turn_traces(start, turns, mirror=True)])
        return beats_others(self.image, every[few], versions, dips=dips)

    def _why_audit_refuses(self, placed: PickTable, result: Audit) -> str | None:
        """Return what an audit of the corrected picks finds in depth or orientation; None if there is nothing new."""
        kinds = set(_kinds(audit(self.image, placed, self.intervals)))
        new_kinds = [k for k in _GEOMETRY_KINDS if k in kinds and (k not in _kinds(result) or k != "diameter-scale")]
        return f"an audit of the mended picks finds {new_kinds[0]}" if new_kinds else None


def _reoriented(rows: PickTable, image: WellImage, result: Audit) -> PickTable:
    """Picks with the mistake in their orientation undone, and dips computed anew from their traces."""
    out = rows.copy()
    depth = rows["depth_m"].to_numpy(float)
    deviation, hole_azimuth = log_at(image, "deviation", depth), log_at(image, "hole_azimuth", depth)
    azimuth = rows["azimuth_app_deg"].to_numpy(float)
    reference = cast(Reference, image.attrs["reference"])
    if result.azimuth in ("mirrored", "rotated"):
        turn = result.turn
        if result.azimuth == "rotated":
            turn = next((named for named in _NAMED_TURNS_DEG if abs(signed_angle(turn - named)) < MIN_TURN_DEG), turn)
        out["azimuth_app_deg"] = ((-azimuth if result.azimuth == "mirrored" else azimuth) + turn) % 360
    elif result.azimuth.startswith("reference"):
        source = cast(Reference, result.azimuth.split()[1])
        out["azimuth_app_deg"] = geometry.convert_azimuth(azimuth, deviation, hole_azimuth, source, reference)
    else:
        if result.azimuth == "true-for-apparent":
            out["dip_app_deg"], out["azimuth_app_deg"] = geometry.apparent_from_true(
                rows["dip_app_deg"], azimuth, deviation, hole_azimuth, reference
            )
        else:
            out["dip_app_deg"], out["azimuth_app_deg"] = rows["dip_true_deg"], rows["azimuth_true_deg"]
        out["amplitude_m"] = geometry.amplitude_from_dip(out["dip_app_deg"], out["diameter_m"])
    return _with_true_dips(out, image)


def _turned(rows: PickTable, image: WellImage, turn: float) -> PickTable:
    return _with_true_dips(rows.assign(azimuth_app_deg=(rows["azimuth_app_deg"] + turn) % 360), image)


def _moved(rows: PickTable, shift: Array) -> PickTable:
    return rows.assign(depth_m=rows["depth_m"] + shift)


def _with_true_dips(rows: PickTable, image: WellImage) -> PickTable:
    """Compute true dips anew from the traces; they are missing where the hole is not known."""
    return complete(rows.assign(dip_true_deg=np.nan, azimuth_true_deg=np.nan), image)[0]


def _is_named(result: Audit, remaining: Peak) -> bool:
    """Whether a usual mistake explains the azimuths, with nothing that remains after it is undone."""
    named_turns = {"rotated": _NAMED_TURNS_DEG, "mirrored": (0.0,)}.get(result.azimuth)
    near = named_turns is None or any(abs(signed_angle(result.turn - named)) < MIN_TURN_DEG for named in named_turns)
    return near and _is_nothing(remaining, MIN_REMAINING_TURN_DEG)


def _is_nothing(peak: Peak, least: float) -> bool:
    return abs(peak.place) <= max(least, MAX_REMAINING_SIGMAS * peak.sigma)


def _kinds(result: Audit) -> list[str]:
    return [finding.kind for finding in result.findings]


def _cells(table: str, old: pd.DataFrame, new: pd.DataFrame) -> list[dict[str, Any]]:
    """List the cells that differ as they are written to a file."""
    cells = []
    for name in old.columns:
        for number, one, other in zip(old.index, old[name], new[name], strict=True):
            first, second = _plain(one), _plain(other)
            if first != second:
                cells.append({"table": table, "row": int(number), "column": name, "old": first, "new": second})
    return sorted(cells, key=lambda cell: cell["row"])


def _plain(value: Any) -> Any:
    """Return a cell as a file holds it: text, or a number to six digits; None for what is missing."""
    if isinstance(value, str):
        return value
    if value is None or pd.isna(value):
        return None
    return bool(value) if isinstance(value, bool | np.bool_) else round(float(value), 6)


def _number(value: float) -> float | None:
    return round(float(value), 6) if np.isfinite(value) else None


def _count(cells: list[dict[str, Any]]) -> str:
    rows = {(cell["table"], cell["row"]) for cell in cells}
    of = {table: sum(1 for other, _ in rows if other == table) for table in ("picks", "intervals")}
    return ", ".join(f"{count} {table} changed" for table, count in of.items() if count) + "; the original is as it was"
