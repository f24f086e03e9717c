"""Merge two runs of one well that overlap, matched in depth by their images."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr
from pydantic import BaseModel, ConfigDict
from pydantic import Field as Described

from geobfdt.geometry import pole_angle
from geobfdt.io.write.netcdf import write_netcdf
from geobfdt.quality.run_matching import RunMatch, match_runs
from geobfdt.runtime.findings import Finding, InputError, Severity
from geobfdt.runtime.progress import Progress, no_progress, part_of
from geobfdt.wells.image import LOGS, WellImage, place_of, row_spacing
from geobfdt.wells.options import ReadingOptions
from geobfdt.wells.tools import tool_kind
from geobfdt.wells.well_names import well_key
from geobfdt.workflows.assemble import read_or_assemble

__all__ = ["MergeOptions", "join_runs", "merge"]

# A shorter overlap does not determine a shift.
MIN_OVERLAP_M = 2.0
# The peak of the correlation stands above all other shifts and turns by so many robust standard deviations.
MIN_Z = 10.0
# The images correlate by this much at least: less is a likeness of rock, not the same wall.
MIN_CORRELATION = 0.1
# No other depth or turn correlates by more than this share of the best one.
MAX_RIVAL = 0.9
# The shift is certain to this much, or to a quarter of a row.
MAX_SIGMA_M = 0.005
# If the shifts of parts of the overlap differ by more than this, or by a row, one run is stretched.
MAX_SPREAD_M = 0.03
# Rows of two runs are as far apart if they differ by less than this share.
_SAME_SPACING = 0.01
# Gains and levels of two runs are the same if they differ by less than this share, of the gain or of the scatter.
_SAME_VALUES = 0.02
# One hole has one direction: surveys of two runs agree to this (deg).
_MAX_HOLE_ANGLE_DEG = 2.0
# A hole changes its diameter by less between two runs, and so do two calipers.
_MAX_CALIPER_CHANGE = 0.05
# Attributes that two runs share, and what to do where they do not.
_SHARED = {
    "reference": "give --azimuth-reference to geobfdt convert for the run that lacks it",
    "north": "turn one of them with geobfdt convert --to-north",
    "units": "export both in one unit",
    "dark": "convert one of them with --dark",
    "normalisation": "export both as static images",
}


class MergeOptions(BaseModel):
    """
    Settings of ``geobfdt merge``, for the command line and the library alike.

    Examples
    --------
    >>> MergeOptions().reading.diameter is None
    True
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    reading: ReadingOptions = Described(default=ReadingOptions(), description="what neither of the files says")


DEFAULTS = MergeOptions()


def merge(
    first: Path, second: Path, target: Path, options: MergeOptions = DEFAULTS, *, progress: Progress = no_progress
) -> list[Finding]:
    """
    Merge two runs of one well into one image.

    Parameters
    ----------
    first, second : Path
        Image files that overlap in depth. The depths of the first one stay.
    target : Path
        The netCDF file (``.nc``) to write.
    options : MergeOptions
        What neither of the files says.
    progress : callable
        Called with the share done, 0 to 1.

    Returns
    -------
    list of Finding
        Those of both runs, and ``runs-merged`` with the shift, its uncertainty and how the overlap agrees.

    Raises
    ------
    InputError
        If a file cannot be read, the runs cannot be joined (tool, columns, rows, orientation, well), or their overlap
        does not say how they lie to each other.
    """
    if target.suffix.lower() != ".nc":
        raise InputError(target, "a merged image is a netCDF file", "name a file that ends in .nc, then convert it")
    if target.exists():
        raise InputError(target, "is there already", "name a new file")
    one = read_or_assemble(first, options.reading, progress=part_of(progress, 0.0, 0.4))
    other = read_or_assemble(second, options.reading, progress=part_of(progress, 0.4, 0.8))
    for run in (one, other):
        _check_options(run, options.reading)
    image = join_runs(one, other)
    write_netcdf(image, target)
    return list(image.attrs["findings"])


def join_runs(first: WellImage, second: WellImage) -> WellImage:
    """
    Join two runs; the second one is moved onto the depths of the first.

    Parameters
    ----------
    first, second : WellImage
        The runs, in any order of depth.

    Returns
    -------
    WellImage
        The upper run down to the middle of the overlap, the lower one below it. Pixels stay as they were measured;
        values of the second run are scaled to those of the first where gain or level differ.

    Raises
    ------
    InputError
        If the runs cannot be joined.

    Notes
    -----
    A shift is accepted if its peak stands out from all other shifts and turns, no other peak comes near, the angles of
    both runs agree to a column, and the shifts of the parts of the overlap scatter little.
    """
    _check_alike(first, second)
    top = max(float(run.depth.values[0]) for run in (first, second))
    base = min(float(run.depth.values[-1]) for run in (first, second))
    if base - top < MIN_OVERLAP_M:
        apart = f"overlap by {base - top:.1f} m" if base > top else f"are {top - base:.1f} m apart"
        raise _refused(second, f"the runs {apart}", f"runs that are merged overlap by {MIN_OVERLAP_M:g} m or more")
    match = match_runs(first, second, top, base)
    _check_match(match, first, second)
    moved = second.assign_coords(depth=("depth", second.depth.values + match.shift, second.depth.attrs))
    upper, lower = sorted((first, moved), key=lambda run: float(run.depth.values[0]))
    if float(lower.depth.values[-1]) <= float(upper.depth.values[-1]):
        raise _refused(second, "one run lies within the other", "there is nothing to join: use the longer one")
    notes = _compare_holes(first, moved)
    scaled, values = _with_values_of(first, moved)
    upper, lower = (scaled if run is moved else run for run in (upper, lower))
    seam = (float(upper.depth.values[-1]) + float(lower.depth.values[0])) / 2
    above = int(np.searchsorted(upper.depth.values, seam))
    # Half a row at least lies between the two runs.
    start = float(upper.depth.values[above - 1]) + row_spacing(first) / 2
    below = int(np.searchsorted(lower.depth.values, start))
    joined = _concatenated(upper.isel(depth=slice(0, above)), lower.isel(depth=slice(below, None)))
    observed = (
        f"{_name(second)} fits {_name(first)} if it moves by {100 * match.shift:+.1f} +- "
        f"{100 * match.sigma:.2f} cm (down is +), in {base - top:.1f} m of overlap, "
        f"correlation {match.correlation:.2f}, peak {match.z:.0f} times the scatter"
    )
    action = f"{_name(second)} moved by {match.shift:+.4f} m; the lower run begins at {lower.depth.values[below]:.2f} m"
    place = f"{top:.2f}-{base:.2f} m"
    findings = [*first.attrs["findings"], *second.attrs["findings"]]
    findings += [Finding(Severity.MAJOR, "runs-merged", place, observed, action), *notes, *values]
    left_out = [name for name in ("dynamic", "colour", "radius") if (name in first) != (name in second)]
    if left_out:
        observed = f"one of the runs alone has {', '.join(left_out)}"
        findings.append(Finding(Severity.MAJOR, "companion-left-out", place, observed, "left out of the merged image"))
    return joined.assign_attrs(
        {
            **first.attrs,
            "run": _together(first.attrs["run"], second.attrs["run"]),
            "source": _together(first.attrs["source"], second.attrs["source"]),
            # The merged file is its own original.
            "source_sha256": "",
            "findings": findings,
        }
    )


def _check_options(run: WellImage, reading: ReadingOptions) -> None:
    """Refuse options that overrule one of the files: what they state holds for both."""
    options = {"north-stated": reading.north, "reference-stated": reading.azimuth_reference}
    for finding in run.attrs["findings"]:
        if options.get(finding.kind) is not None and finding.severity is Severity.MAJOR:
            cure = "leave the option out; if the file is wrong, give it to geobfdt convert for that file first"
            raise _refused(run, f"{finding.observed}, {finding.action}", cure)


def _check_alike(first: WellImage, second: WellImage) -> None:
    """Refuse runs that cannot stand in one image."""
    one, other = first.attrs, second.attrs
    if well_key(one["well"]) != well_key(other["well"]):
        raise _refused(
            second, f"is of well {other['well']!r}, and {_name(first)} of {one['well']!r}", "give --well for both"
        )
    kinds = [tool_kind(attrs["tool"]) for attrs in (one, other)]
    if all(kinds) and kinds[0] != kinds[1]:
        observed = f"is of the tool {other['tool']} ({kinds[1]}), and {_name(first)} of {one['tool']} ({kinds[0]})"
        raise _refused(second, observed, "their pixels do not mean the same: pick each run by itself")
    for name, cure in _SHARED.items():
        if one[name] != other[name]:
            raise _refused(second, f"{name} is {other[name] or 'unknown'!r}, in {_name(first)} {one[name]!r}", cure)
    declinations = [float(attrs["declination"]) for attrs in (one, other)]
    if one["north"] == "magnetic" and np.isfinite(declinations).all() and abs(declinations[0] - declinations[1]) > 0.05:
        observed = f"its declination is {declinations[1]:g} deg, in {_name(first)} {declinations[0]:g} deg"
        raise _refused(second, observed, "turn both to true north with geobfdt convert --to-north true")
    angles = [run.azimuth.values for run in (first, second)]
    if angles[0].size != angles[1].size or not np.allclose(angles[0], angles[1], atol=1e-3):
        observed = f"has {angles[1].size} columns, and {_name(first)} {angles[0].size}, or at other angles"
        raise _refused(second, observed, "export both with the same columns")
    if not np.allclose(np.diff(angles[0]), 360 / angles[0].size, atol=1e-3):
        raise _refused(second, "its columns are not evenly spaced", "export both with even columns")
    spacings = [row_spacing(run) for run in (first, second)]
    if abs(spacings[1] / spacings[0] - 1) > _SAME_SPACING:
        observed = f"its rows are {1000 * spacings[1]:.2f} mm apart, in {_name(first)} {1000 * spacings[0]:.2f} mm"
        raise _refused(second, observed, "export both with the same depth step")


def _check_match(match: RunMatch, first: WellImage, second: WellImage) -> None:
    """Refuse a shift that the overlap does not determine."""
    row = row_spacing(first)
    if not (match.z >= MIN_Z and match.correlation >= MIN_CORRELATION):
        observed = f"does not look like {_name(first)} in their overlap (peak {match.z:.1f} times the scatter)"
        raise _refused(second, observed, "check that both are of one hole, and that their depths differ by under 2 m")
    width = 360 / first.sizes["azimuth"]
    if abs(match.turn) > max(5.0, 1.5 * width):
        observed = f"fits {_name(first)} turned by {match.turn:+.0f} deg: the orientation of one of them is wrong"
        raise _refused(second, observed, "correct the orientation of that run first")
    if match.rival > MAX_RIVAL:
        raise _refused(second, f"fits {_name(first)} at two depths alike", "merge runs with a longer overlap")
    if match.spread > max(MAX_SPREAD_M, row):
        observed = f"its shift against {_name(first)} changes by {100 * match.spread:.1f} cm along the overlap"
        raise _refused(second, observed, "one run is stretched: correct its depths for the speed of the tool first")
    if not match.sigma <= max(MAX_SIGMA_M, row / 4):
        observed = f"its shift against {_name(first)} is certain to {100 * match.sigma:.1f} cm only"
        raise _refused(second, observed, "merge runs with a longer overlap")


def _compare_holes(first: WellImage, moved: WellImage) -> list[Finding]:
    """Refuse runs whose hole goes two ways in the overlap, and note calipers that differ there."""
    top = max(float(run.depth.values[0]) for run in (first, moved))
    base = min(float(run.depth.values[-1]) for run in (first, moved))
    logs = [{name: run[name].values[_within(run, top, base)] for name in LOGS} for run in (first, moved)]
    rows = min(len(log["diameter"]) for log in logs)
    one, other = ({name: log[:rows] for name, log in each.items()} for each in logs)
    angles = pole_angle(one["deviation"], one["hole_azimuth"], other["deviation"], other["hole_azimuth"])
    angles = angles[np.isfinite(angles)]
    if angles.size and np.median(angles) > _MAX_HOLE_ANGLE_DEG:
        observed = f"its hole runs {np.median(angles):.1f} deg off that of {_name(first)} in their overlap"
        raise _refused(moved, observed, "give both the same survey: geobfdt convert --survey")
    ratios = other["diameter"] / one["diameter"]
    ratios = ratios[np.isfinite(ratios)]
    if not ratios.size or abs(np.median(ratios) - 1) <= _MAX_CALIPER_CHANGE:
        return []
    observed = f"the hole of {_name(moved)} is {np.median(ratios):.2f} times as wide as that of {_name(first)}"
    action = "each run keeps its own; check the calipers: dips change by as much"
    return [Finding(Severity.MAJOR, "calipers-differ", f"{top:.2f}-{base:.2f} m", observed, action)]


def _with_values_of(first: WellImage, moved: WellImage) -> tuple[WellImage, list[Finding]]:
    """Scale the second run to the values of the first where gain or level differ in the overlap."""
    top = max(float(run.depth.values[0]) for run in (first, moved))
    base = min(float(run.depth.values[-1]) for run in (first, moved))
    one, other = (run["image"].isel(depth=_within(run, top, base)).values for run in (first, moved))
    quantiles = [np.nanpercentile(values, (16, 50, 84)) for values in (one, other)]
    scatter = [float(q[2] - q[0]) for q in quantiles]
    if min(scatter) <= 0:
        return moved, []
    gain = scatter[0] / scatter[1]
    level = float(quantiles[0][1] - gain * quantiles[1][1])
    offset = abs(quantiles[1][1] - quantiles[0][1])
    if abs(gain - 1) < _SAME_VALUES and offset < _SAME_VALUES * scatter[0]:
        return moved, []
    pixels = (moved["image"] * np.float32(gain) + np.float32(level)).astype(np.float32)
    observed = f"values of {_name(moved)} have another gain or level in the overlap"
    action = f"multiplied by {gain:.4g}, then {level:+.4g} added, so that no edge stands at the seam"
    finding = Finding(Severity.MAJOR, "values-scaled", f"{top:.2f}-{base:.2f} m", observed, action)
    return moved.assign(image=(moved["image"].dims, pixels.values, moved["image"].attrs)), [finding]


def _within(run: WellImage, top: float, base: float) -> slice:
    first, last = np.searchsorted(run.depth.values, [top, base])
    return slice(int(first), int(last))


def _concatenated(upper: WellImage, lower: WellImage) -> WellImage:
    """Rows of two runs, one after the other; companions that both have."""
    variables: dict[str, Any] = {}
    for name in ("image", "dynamic", "colour", "radius", *LOGS):
        if name in upper and name in lower:
            values: npt.NDArray[Any] = np.concatenate([upper[name].values, lower[name].values])
            variables[name] = (upper[name].dims, values, upper[name].attrs)
    depth = np.concatenate([upper.depth.values, lower.depth.values])
    azimuth = ("azimuth", upper.azimuth.values, upper.azimuth.attrs)
    joined = xr.Dataset(variables, {"depth": ("depth", depth, upper.depth.attrs), "azimuth": azimuth})
    return WellImage(joined)


def _together(one: str, other: str) -> str:
    return " + ".join(dict.fromkeys(part for part in (one, other) if part))


def _name(run: WellImage) -> str:
    """Name of a run in messages: its file, since both are of one well."""
    return str(run.attrs["source"]) or place_of(run)


def _refused(run: WellImage, observed: str, cure: str) -> InputError:
    return InputError(_name(run), observed, cure)
