"""From what a file holds to a WellImage: the one place of repairs, each of them a finding."""

from __future__ import annotations

from bisect import bisect_left
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from geobfdt.wells.findings import Finding, InputError, Severity
from geobfdt.wells.image import LOGS, WellImage, add_findings, well_image
from geobfdt.wells.options import ReadingOptions
from geobfdt.wells.readers.nulls import is_null
from geobfdt.wells.readers.raw import RawImage, RawLog
from geobfdt.wells.readers.units import angle_factor, length_factor
from geobfdt.wells.survey import read_survey

__all__ = ["assemble", "state"]

Array = npt.NDArray[np.float64]

_ROWS = 4096  # rows repaired at a time
_DEEPEST = 15_000.0  # m; no hole is deeper
_WIDEST_ROW = 1.0  # m; no image is coarser
_HOPELESS = 0.2  # share of rows out of order that no repair mends
_REACH = 1.0  # m a hole log is held beyond its ends
_DIAMETERS = (0.05, 1.5)  # m


def assemble(raw: RawImage, path: Path, options: ReadingOptions) -> WellImage:
    """
    Make a WellImage of what a reader found; every repair and assumption becomes a finding.

    Parameters
    ----------
    raw : RawImage
        Values as the file has them; they are repaired in place, so that one copy is held.
    path : Path
        The file.
    options : ReadingOptions
        What the user says where the file does not.

    Returns
    -------
    WellImage
        Depths in metres downwards, NaN where nothing was measured.

    Raises
    ------
    InputError
        If depths have no unit, run nowhere or are absurd, or no pixel was measured or differs from another.
    """
    findings = list(raw.findings)
    factor = _metres(raw.depth_unit, options.depth_unit, path, findings)
    said = np.where(is_null(raw.depth, raw.nulls), np.nan, raw.depth)
    depth, rows = _downwards(said * factor, raw.values, path, findings)
    values = raw.values[rows]
    dynamic = None if raw.dynamic is None else raw.dynamic[rows]
    _mask(values, raw.nulls, path, findings)
    if dynamic is not None:
        _blank(dynamic, raw.nulls)
    azimuth = raw.azimuth
    if azimuth is not None:
        azimuth, order = _around(azimuth, path)
        if not np.array_equal(order, np.arange(len(order))):
            values = np.take(values, order, axis=1)
            dynamic = None if dynamic is None else np.take(dynamic, order, axis=1)
    # What the user states is only compared with the file's own log, whose doubts then matter to nobody.
    replaced = {name for name in LOGS if getattr(options, name) is not None}
    replaced |= {"deviation", "hole_azimuth"} if options.survey else set()
    doubts: dict[str, list[Finding]] = {name: [] if name in replaced else findings for name in LOGS}
    logs = {
        name: _log(name, log, factor, depth, raw.nulls, path, doubts[name])
        for name, log in raw.logs.items()
        if not (name == "diameter" and not _known_unit(log, path, doubts[name]))
    }
    image = well_image(values, depth, azimuth, dynamic=dynamic, findings=findings, **logs, **raw.attributes)
    return state(image, path, options)


def state(image: WellImage, path: Path, options: ReadingOptions) -> WellImage:
    """
    Put what the user states into a WellImage, and say what nobody states.

    Parameters
    ----------
    image : WellImage
        What the file says.
    path : Path
        The file.
    options : ReadingOptions
        Diameter, deviation, hole azimuth, survey, reference, dark end and well.

    Returns
    -------
    WellImage
        The same pixels; an option that contradicts the file wins, with a major finding.

    Raises
    ------
    InputError
        If the survey cannot be read.
    """
    findings: list[Finding] = []

    def tell(severity: Severity, kind: str, seen: str, done: str) -> None:
        findings.append(Finding(severity, kind, path.name, seen, done))

    attributes: dict[str, Any] = {}
    for name, given in (("reference", options.azimuth_reference), ("dark", options.dark), ("well", options.well)):
        said = image.attrs[name]
        if given is None or given == said:
            continue
        contradicted = said not in ("", "unknown") and not (name == "dark" and said == "low")
        tell(
            Severity.MAJOR if contradicted else Severity.INFO,
            f"{name}-stated",
            f"the file says {name} {said!r}" if contradicted else f"{name} as stated",
            f"taken as {given!r}",
        )
        attributes[name] = given
    if not image.attrs["well"] and options.well is None:
        attributes["well"] = path.stem
        tell(Severity.INFO, "well-unnamed", "the file names no well", f"called {path.stem!r} after the file")
    if image.attrs["reference"] == "unknown" and options.azimuth_reference is None:
        tell(
            Severity.MAJOR, "reference-unknown", "nothing says where image angle 0 points",
            "no true dips; give --azimuth-reference north, high_side or pseudo_north",
        )  # fmt: skip

    depth = image.depth.values
    stated: dict[str, Array] = {}
    if options.survey is not None and (options.deviation is not None or options.hole_azimuth is not None):
        raise InputError(path, "a survey is given and a deviation or azimuth besides", "give one of them")
    if options.survey is not None:
        survey, notes = read_survey(options.survey)
        findings += notes
        stated["deviation"], stated["hole_azimuth"] = survey.at(depth)
        beyond = max(survey.depth[0] - depth[0], depth[-1] - survey.depth[-1])
        if beyond > 100:
            tell(
                Severity.MAJOR, "survey-short", f"the image goes {beyond:.0f} m beyond the survey",
                "the end station is held; check that they are of one well",
            )  # fmt: skip
    for name, value in (
        ("diameter", options.diameter),
        ("deviation", options.deviation),
        ("hole_azimuth", options.hole_azimuth),
    ):
        if value is not None:
            stated[name] = np.full(depth.shape, float(value))
    if options.deviation == 0 and options.hole_azimuth is None and "hole_azimuth" not in stated:
        stated["hole_azimuth"] = np.where(np.isfinite(image.hole_azimuth.values), image.hole_azimuth.values, 0.0)
    for name, values in stated.items():
        said = image[name].values
        off = float(np.nanmedian(np.abs(_gap(name, values - said)))) if np.isfinite(said).any() else 0.0
        apart = off > {"diameter": 0.02 * float(values[0]), "deviation": 1.0, "hole_azimuth": 5.0}[name]
        tell(
            Severity.MAJOR if apart else Severity.INFO,
            f"{name.replace('_', '-')}-stated",
            f"the file's {name} differs by {off:.3g}" if apart else f"{name.replace('_', ' ')} as stated",
            f"taken from {'the survey' if options.survey and name != 'diameter' else 'the option'}",
        )
    image = image.assign({name: ("depth", values, image[name].attrs) for name, values in stated.items()})
    for name, cure in (("diameter", "--diameter"), ("deviation", "--deviation and --hole-azimuth, or --survey")):
        lacking = float(np.mean(np.isnan(image[name].values)))
        if lacking > 0:
            where = "anywhere" if lacking == 1 else f"in {100 * lacking:.0f} % of the rows"
            tell(Severity.MAJOR, f"{name}-unknown", f"hole {name} not known {where}", f"no dips there; give {cure}")
    return add_findings(image.assign_attrs(attributes), findings)


def _gap(name: str, difference: Array) -> Array:
    return (difference + 180) % 360 - 180 if name == "hole_azimuth" else difference


def _metres(unit: str, stated: str | None, path: Path, findings: list[Finding]) -> float:
    """Metres in the file's unit of depth."""
    said, given = length_factor(unit), length_factor(stated) if stated else None
    if given is not None:
        if said is not None and said != given:
            seen = f"the file gives depths in {unit!r}"
            findings.append(Finding(Severity.MAJOR, "depth-unit-stated", path.name, seen, f"taken as {stated!r}"))
        return given
    if said is None:
        seen = f"depths are in {unit!r}, which is no unit of length known here" if unit else "depths have no unit"
        raise InputError(path, seen, "give --depth-unit m, cm, mm, ft, in or '0.1 in'")
    if said != 1.0:
        findings.append(Finding(Severity.INFO, "depth-unit", path.name, f"depths in {unit}", "converted to metres"))
    return said


def _downwards(
    depth: Array, values: npt.NDArray[np.float32], path: Path, findings: list[Finding]
) -> tuple[Array, slice | npt.NDArray[np.intp]]:
    """Depths that strictly increase, and the rows they are of: a view where rows are only turned round."""

    def tell(severity: Severity, kind: str, seen: str, done: str) -> None:
        findings.append(Finding(severity, kind, path.name, seen, done))

    rows = np.arange(depth.size)
    finite = np.isfinite(depth)
    if not finite.any():
        raise InputError(path, "no row has a depth", "export it again with its depth curve")
    upward = np.median(np.diff(depth[finite])) < 0 if finite.sum() > 1 else False
    if upward:
        tell(Severity.INFO, "depth-flipped", "the deepest row comes first", "rows turned round")
    if finite.all() and np.all(np.diff(depth) < 0 if upward else np.diff(depth) > 0):
        step = slice(None, None, -1) if upward else slice(None)
        _plausible(depth[step], path)
        return depth[step], step
    if not finite.all():
        tell(Severity.MAJOR, "depth-missing", f"{np.sum(~finite)} rows have no depth", "left out")
    rows = rows[::-1][finite[::-1]] if upward else rows[finite]
    ordered = depth[rows]
    repeated = np.flatnonzero(np.diff(ordered) == 0)
    if repeated.size:
        same = sum(np.array_equal(values[rows[k]], values[rows[k + 1]], equal_nan=True) for k in repeated)
        if same:
            tell(Severity.MINOR, "rows-repeated", f"{same} rows stand twice", "the copy left out")
        if same < repeated.size:
            seen = f"{repeated.size - same} rows share a depth with another and differ"
            done = f"the first of each kept; look at {ordered[repeated[0]]:.3f} m"
            tell(Severity.MAJOR, "depth-repeated", seen, done)
        rows = np.delete(rows, repeated + 1)
        ordered = depth[rows]
    kept = _longest_rise(ordered)
    lost = ordered.size - kept.size
    if lost:
        if lost > _HOPELESS * ordered.size:
            raise InputError(
                path, f"depths run up and down: {lost} of {ordered.size} rows are out of order",
                "export one pass, in order of depth",
            )  # fmt: skip
        bad = np.setdiff1d(np.arange(ordered.size), kept)[0]
        seen = f"{lost} rows are out of order, the first at row {int(rows[bad]) + 1} ({ordered[bad]:.3f} m)"
        tell(Severity.MAJOR, "depth-disordered", seen, "left out")
    _plausible(ordered[kept], path)
    return ordered[kept], rows[kept]


def _longest_rise(depth: Array) -> npt.NDArray[np.intp]:
    """Indices of the longest strictly increasing subsequence: one wild depth costs one row, not all below it."""
    if np.all(np.diff(depth) > 0):
        return np.arange(depth.size)
    ends: list[float] = []
    ends_at: list[int] = []
    before = np.full(depth.size, -1)
    for i, value in enumerate(depth.tolist()):
        k = bisect_left(ends, value)
        before[i] = ends_at[k - 1] if k else -1
        if k == len(ends):
            ends.append(value)
            ends_at.append(i)
        else:
            ends[k], ends_at[k] = value, i
    chain, i = [], ends_at[-1]
    while i >= 0:
        chain.append(i)
        i = int(before[i])
    return np.array(chain[::-1])


def _plausible(depth: Array, path: Path) -> None:
    cure = "check the file, or say the unit with --depth-unit"
    if np.abs(depth[[0, -1]]).max() > _DEEPEST:
        raise InputError(path, f"depths reach {np.abs(depth[[0, -1]]).max():,.0f} m, deeper than any hole", cure)
    if depth.size > 1 and np.median(np.diff(depth)) > _WIDEST_ROW:
        raise InputError(path, f"rows are {np.median(np.diff(depth)):.3g} m apart, too far for an image", cure)
    if depth.size > 1 and np.median(np.diff(depth)) < 1e-5:
        raise InputError(path, f"rows are {np.median(np.diff(depth)):.3g} m apart, too close for an image", cure)


def _blank(values: npt.NDArray[np.float32], nulls: tuple[float, ...]) -> None:
    """Turn null values into NaN, in place, a block of rows at a time."""
    for top in range(0, values.shape[0], _ROWS):
        block = values[top : top + _ROWS]
        np.copyto(block, np.nan, where=is_null(block, nulls))


def _mask(values: npt.NDArray[np.float32], nulls: tuple[float, ...], path: Path, findings: list[Finding]) -> None:
    """Blank the image; refuse one that shows nothing; doubt one in a narrow range of whole numbers."""
    _blank(values, nulls)
    count, low, high, whole = 0, np.inf, -np.inf, True
    for top in range(0, values.shape[0], _ROWS):
        block = values[top : top + _ROWS]
        measured = block[np.isfinite(block)]
        if measured.size:
            count += measured.size
            low, high = min(low, float(measured.min())), max(high, float(measured.max()))
            whole = whole and bool(high <= 255 and np.all(measured[::7] == np.floor(measured[::7])))
    if not count:
        raise InputError(path, "no pixel of the image was measured", "name another image with --image")
    if low == high:
        raise InputError(path, f"every pixel of the image is {low:g}", "name another image with --image")
    if count < values.size:
        seen = f"{100 * (1 - count / values.size):.1f} % of the pixels are null"
        findings.append(Finding(Severity.INFO, "pixels-null", path.name, seen, "taken as not measured"))
    if whole and low >= 0 and high <= 15:
        seen = f"whole values from {low:g} to {high:g}, where 0 to 255 is usual"
        done = "kept; sixteen steps of grey hide faint planes: export the image again if you can"
        findings.append(Finding(Severity.MAJOR, "image-range", path.name, seen, done))


def _around(azimuth: Array, path: Path) -> tuple[Array, npt.NDArray[np.intp]]:
    """Column angles in [0, 360) in increasing order, and the order that makes them so."""
    angles = np.mod(np.round(azimuth, 9), 360)
    order = np.argsort(angles, kind="stable")
    if not np.isfinite(angles).all() or np.any(np.diff(angles[order]) <= 0):
        raise InputError(path, "two columns of the image have the same angle", "export it again")
    return angles[order], order


def _known_unit(log: RawLog, path: Path, findings: list[Finding]) -> bool:
    if length_factor(log.unit) is None:
        seen = f"the caliper is in {log.unit!r}" if log.unit else "the caliper has no unit"
        findings.append(Finding(Severity.MAJOR, "caliper-unit", path.name, seen, "not used; give --diameter"))
        return False
    return True


def _log(
    name: str, log: RawLog, factor: float, depth: Array, nulls: tuple[float, ...], path: Path, findings: list[Finding]
) -> Array:
    """A hole log at the rows of the image, NaN where it says nothing."""

    def tell(severity: Severity, kind: str, seen: str, done: str) -> None:
        findings.append(Finding(severity, kind, path.name, seen, done))

    values, at = np.asarray(log.values, dtype=float), np.asarray(log.depth, dtype=float) * factor
    good = ~is_null(values, nulls) & ~is_null(log.depth, nulls)
    words = name.replace("_", " ")
    if name == "diameter":
        values = values * (length_factor(log.unit) or 1.0)
        absurd = good & ((values < _DIAMETERS[0]) | (values > _DIAMETERS[1]))
        if absurd.any():
            seen = f"{absurd.sum()} of {good.sum()} diameters lie outside {_DIAMETERS[0]}-{_DIAMETERS[1]} m"
            tell(Severity.MAJOR, "diameter-absurd", seen, "not used")
            good &= ~absurd
    else:
        unit = angle_factor(log.unit)
        if unit is None:
            tell(Severity.MAJOR, f"{name}-unit", f"{words} in {log.unit!r}, no unit of angle", "taken as degrees")
        values = values * (unit or 1.0)
        absurd = good & ((values < 0) | (values > 180)) if name == "deviation" else good & (np.abs(values) > 720)
        if absurd.any():
            seen = f"{absurd.sum()} of {good.sum()} values of {words} are no such angle"
            tell(Severity.MAJOR, f"{name.replace('_', '-')}-absurd", seen, "not used")
            good &= ~absurd
    if not good.any():
        return np.full(depth.shape, np.nan)
    order = np.argsort(at[good], kind="stable")
    at, values = at[good][order], values[good][order]
    if name == "hole_azimuth":
        turned = np.interp(depth, at, np.exp(1j * np.radians(values)))  # the short way round, over north
        out = np.mod(np.degrees(np.angle(turned)), 360)
    else:
        out = np.interp(depth, at, values)
    outside = (depth < at[0] - _REACH) | (depth > at[-1] + _REACH)
    if outside.any():
        seen = f"{words} is known from {at[0]:.2f} to {at[-1]:.2f} m only"
        tell(Severity.MAJOR, f"{name.replace('_', '-')}-short", seen, "left unknown beyond")
    return np.where(outside, np.nan, out)
