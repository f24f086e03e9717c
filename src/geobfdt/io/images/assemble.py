"""From what a file holds to a WellImage: the one place of repairs, each of them a finding."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from geobfdt.geometry import pole_angle, signed_angle
from geobfdt.io.arrays import Array, Colour, Grey, Order
from geobfdt.io.file_findings import FileFindings
from geobfdt.io.images.depth_index import downwards, metres, select_rows
from geobfdt.io.images.hole_logs import compare_calipers, known_unit, log_at_rows, propose_calipers, smaller_than_bit
from geobfdt.io.images.raw import RawImage
from geobfdt.io.images.seam import repeated_seam
from geobfdt.io.nulls import is_null
from geobfdt.io.tables.surveys import read_survey
from geobfdt.runtime.findings import InputError, Severity
from geobfdt.wells.image import LOGS, WellImage, add_findings, well_image
from geobfdt.wells.options import ReadingOptions
from geobfdt.wells.survey import Survey

__all__ = ["assemble", "state"]


_BLOCK_ROWS = 4096  # So many rows are repaired at a time.
_OPTIONS = {"reference": "--azimuth-reference", "north": "--north", "dark": "--dark", "well": "--well"}
_STATION_REACH_M = 30.0  # The end station of a survey holds so far: a common distance of stations.
_MAX_STATION_STEP_M = 100.0  # Between stations that are farther apart, the hole may run in any way.
_MAX_STATION_TURN_DEG = 5.0  # A smaller turn between stations changes a true dip by less than its uncertainty.
_MAX_DOGLEG_DEG_PER_M = 1.0  # No hole bends by more: it is a wrong station.
_MIN_COLUMNS = 8  # An image of fewer columns is that of a dipmeter.


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
        What the user states where the file does not.

    Returns
    -------
    WellImage
        Depths in metres downwards, NaN where nothing was measured.

    Raises
    ------
    InputError
        If depths have no unit, run nowhere or are absurd, or no pixel was measured or differs from another.
    """
    findings = FileFindings(path, raw.findings)
    factor = metres(raw.depth_unit, options.depth_unit, findings)
    measured = np.where(is_null(raw.depth, raw.nulls), np.nan, raw.depth)
    depth, rows = downwards(measured * factor, raw.values, findings)
    values = select_rows(raw.values, rows)
    dynamic = None if raw.dynamic is None else select_rows(raw.dynamic, rows)
    colour = None if raw.colour is None else select_rows(raw.colour, rows)
    nulls = raw.nulls if options.null is None else (*raw.nulls, options.null)
    if options.null is not None:
        _note_null(values, options.null, findings)
    _check_pixels(values, nulls, findings)
    if dynamic is not None:
        deque(_blanked(dynamic, nulls), maxlen=0)
    azimuth = raw.azimuth
    seam = repeated_seam(values, azimuth, findings)
    if seam is not None:
        azimuth, values = seam, values[:, :-1]
        dynamic = None if dynamic is None else dynamic[:, :-1]
        colour = None if colour is None else colour[:, :-1]
    if azimuth is not None:
        azimuth, order = _around(azimuth, path)
        if not np.array_equal(order, np.arange(len(order))):
            for picture in [each for each in (values, dynamic, colour) if each is not None]:
                for top in range(0, picture.shape[0], _BLOCK_ROWS):
                    picture[top : top + _BLOCK_ROWS] = picture[top : top + _BLOCK_ROWS, order]
    if colour is not None:
        _blacken_unmeasured(colour, values)
    # What the user states replaces the file's own log, whose findings then do not matter.
    replaced = {name for name in LOGS if getattr(options, name) is not None}
    replaced |= {"deviation", "hole_azimuth"} if options.survey else set()
    findings_of = {name: FileFindings(path) if name in replaced else findings for name in LOGS}
    logs = {
        name: log_at_rows(name, log, factor, depth, raw.nulls, findings_of[name])
        for name, log in raw.logs.items()
        if not (name == "diameter" and not known_unit(log, findings_of[name]))
    }
    diameter = logs.get("diameter")
    if diameter is not None and smaller_than_bit(diameter, raw.others, raw.nulls, findings_of["diameter"]):
        logs["diameter"] = np.full(depth.shape, np.nan)
    elif diameter is not None and options.caliper is None:
        compare_calipers(diameter, raw.others, raw.nulls, findings_of["diameter"])
    if "diameter" not in raw.logs:
        propose_calipers(raw.others, raw.nulls, findings_of["diameter"])
    if values.shape[1] < _MIN_COLUMNS:
        observed = f"an image of {values.shape[1]} columns is a dipmeter's"
        findings.major("dipmeter", observed, "its traces rest on so few points: pick it with a dipmeter program")
    image = well_image(
        values, depth, azimuth, dynamic=dynamic, colour=colour, findings=findings, **logs, **raw.attributes
    )
    return state(image, path, options)


def state(image: WellImage, path: Path, options: ReadingOptions) -> WellImage:
    """
    Put what the user states into a WellImage, and note what is not known.

    Parameters
    ----------
    image : WellImage
        As the file has it.
    path : Path
        The file.
    options : ReadingOptions
        Diameter, deviation, hole azimuth, survey, reference, north, declination, dark end and well.

    Returns
    -------
    WellImage
        The same pixels; an option that contradicts the file wins, with a major finding.

    Raises
    ------
    InputError
        If the survey cannot be read.
    """
    findings = FileFindings(path)
    attributes: dict[str, Any] = {}
    stated_words = {
        "reference": options.azimuth_reference, "north": options.north, "dark": options.dark, "well": options.well,
    }  # fmt: skip
    for name, option in stated_words.items():
        own = image.attrs[name]
        if option is None or option == own:
            continue
        contradicted = own not in ("", "unknown") and not (name == "dark" and own == "low")
        observed = f"the file says {name} {own!r}" if contradicted else f"the file does not say its {name}"
        action = f"{option!r} taken, as {_OPTIONS[name]} says"
        findings.add(Severity.MAJOR if contradicted else Severity.INFO, f"{name}-stated", observed, action)
        attributes[name] = option
    own_declination = float(image.attrs["declination"])
    if options.declination is not None and not np.isclose(own_declination, options.declination):
        contradicted = np.isfinite(own_declination)
        observed = f"the file says {own_declination:g} deg" if contradicted else "the file does not say its declination"
        action = f"{options.declination:g} deg taken, as --declination says"
        findings.add(Severity.MAJOR if contradicted else Severity.INFO, "declination-stated", observed, action)
        attributes["declination"] = options.declination
    if not image.attrs["well"] and options.well is None:
        attributes["well"] = path.stem
        findings.info("well-unnamed", "the file names no well", f"called {path.stem!r} after the file")
    if image.attrs["reference"] == "unknown" and options.azimuth_reference is None:
        action = "no true dips; give --azimuth-reference north, high_side or pseudo_north"
        findings.major("reference-unknown", "nothing says where image angle 0 points", action)

    depth = image.depth.values
    stated: dict[str, Array] = {}
    if options.survey is not None:
        surveyed = _survey_at_rows(image, options.survey, options, attributes, findings)
        stated["deviation"], stated["hole_azimuth"] = surveyed
    for name in LOGS:
        if getattr(options, name) is not None:
            stated[name] = np.full(depth.shape, float(getattr(options, name)))
    if options.deviation == 0 and options.hole_azimuth is None and "hole_azimuth" not in stated:
        stated["hole_azimuth"] = np.where(np.isfinite(image.hole_azimuth.values), image.hole_azimuth.values, 0.0)
    for name, values in stated.items():
        own = image[name].values
        difference = signed_angle(values - own) if name == "hole_azimuth" else values - own
        off = float(np.nanmedian(np.abs(difference))) if np.isfinite(difference).any() else 0.0
        apart = off > {"diameter": 0.02 * float(values[0]), "deviation": 1.0, "hole_azimuth": 5.0}[name]
        words, agrees = name.replace("_", " "), "gives the same" if np.isfinite(own).any() else "gives no"
        observed = f"the file's {name} differs by {off:.3g}" if apart else f"the file {agrees} {words}"
        action = f"taken from {_source(name, options)}"
        findings.add(Severity.MAJOR if apart else Severity.INFO, f"{name.replace('_', '-')}-stated", observed, action)
    image = image.assign({name: ("depth", values, image[name].attrs) for name, values in stated.items()})
    for name, cure in (("diameter", "--diameter"), ("deviation", "--deviation and --hole-azimuth, or --survey")):
        lacking = float(np.mean(np.isnan(image[name].values)))
        if lacking > 0:
            where = "anywhere" if lacking == 1 else f"in {100 * lacking:.0f} % of the rows"
            findings.major(f"{name}-unknown", f"hole {name} not known {where}", f"no dips there; give {cure}")
    undirected = float(np.mean(np.isfinite(image.deviation.values) & np.isnan(image.hole_azimuth.values)))
    if undirected > 0:
        where = "anywhere" if undirected == 1 else f"in {100 * undirected:.0f} % of the rows"
        action = "no true dips there; give --hole-azimuth or --survey"
        findings.major("hole-azimuth-unknown", f"the deviation is known and the hole azimuth not {where}", action)
    return add_findings(image.assign_attrs(attributes), findings)


def _survey_at_rows(
    image: WellImage, file: Path, options: ReadingOptions, attributes: dict[str, Any], findings: FileFindings
) -> tuple[Array, Array]:
    """Deviation and hole azimuth at the rows of an image by the survey that the user gives."""
    if options.deviation is not None or options.hole_azimuth is not None:
        raise findings.refusal("a survey is given and a deviation or azimuth besides", "give one of them")
    well, depth = options.well or image.attrs["well"], image.depth.values
    survey, notes = read_survey(file, well=well, decimal=options.decimal)
    findings += notes
    _check_stations(survey, depth, findings)
    deviation, azimuth = survey.at(depth)
    reference, north, declination = (
        attributes.get(name, image.attrs[name]) for name in ("reference", "north", "declination")
    )
    if survey.north in (north, "unknown"):
        return deviation, azimuth
    if north == "unknown" or (reference == "high_side" and options.north is None):
        if reference != "north":
            attributes["north"] = survey.north  # Such an image has its true azimuths from the survey alone.
        return deviation, azimuth
    observed = f"azimuths of the image are from {north} north, those of the survey from {survey.north} north"
    if {survey.north, north} == {"magnetic", "true"} and np.isfinite(declination):
        turn = declination if north == "true" else -declination
        findings.info("survey-turned", observed, f"those of the survey turned by {turn:+.4g} deg, the declination")
        return deviation, np.mod(azimuth + turn, 360.0)
    cure = "give a survey from the same north" + (", or --declination" if "grid" not in (survey.north, north) else "")
    findings.major("north-conflict", observed, f"hole azimuths left out; {cure}")
    return deviation, np.full(depth.shape, np.nan)


def _check_stations(survey: Survey, depth: Array, findings: FileFindings) -> None:
    """Note where the stations do not tell how the hole runs along the image."""
    beyond = max(survey.depth[0] - depth[0], depth[-1] - survey.depth[-1])
    if beyond > _STATION_REACH_M:
        observed = f"the image goes {beyond:.0f} m beyond the survey"
        findings.major("survey-short", observed, "the end station is held; check that they are of one well")
    lengths = np.diff(survey.depth)
    angles = pole_angle(survey.deviation[:-1], survey.azimuth[:-1], survey.deviation[1:], survey.azimuth[1:])
    along = (survey.depth[:-1] < depth[-1]) & (survey.depth[1:] > depth[0])
    far = along & (lengths > _MAX_STATION_STEP_M) & (angles > _MAX_STATION_TURN_DEG)
    sharp = along & ~far & (angles > _MAX_STATION_TURN_DEG) & (angles / lengths > _MAX_DOGLEG_DEG_PER_M)
    for rows, kind, action in (
        (far, "survey-sparse", "an even turn is assumed between; true dips there are as uncertain"),
        (sharp, "survey-dogleg", "taken as they are; no hole bends so sharply: check both stations"),
    ):
        if rows.any():
            first = int(np.flatnonzero(rows)[0])
            top, base = survey.depth[first : first + 2]
            observed = f"the stations at {top:.1f} and {base:.1f} m differ by {angles[first]:.0f} deg in direction"
            findings.major(kind, observed, action)


def _source(name: str, options: ReadingOptions) -> str:
    """Where a hole log comes from that the user states."""
    if options.survey is not None and name != "diameter":
        return f"the survey {options.survey.name}"
    if getattr(options, name) is None:
        return f"--deviation 0: a vertical hole has no {name.replace('_', ' ')}"
    return f"--{name.replace('_', '-')} {getattr(options, name):g}"


def _blanked(values: Grey, nulls: tuple[float, ...]) -> Iterator[Grey]:
    """Blocks of rows, in which null values become NaN in place."""
    for top in range(0, values.shape[0], _BLOCK_ROWS):
        block = values[top : top + _BLOCK_ROWS]
        np.copyto(block, np.nan, where=is_null(block, nulls))
        yield block


def _note_null(values: Grey, null: float, findings: FileFindings) -> None:
    """Count the pixels of the value that the user calls a null."""
    blocks = np.array_split(values, len(values) // _BLOCK_ROWS + 1)
    count = sum(int((block == np.float32(null)).sum()) for block in blocks)
    if count:
        observed = f"{100 * count / values.size:.1f} % of the pixels are {null:g}"
        findings.info("null-stated", observed, "taken as not measured, as --null says")
    else:
        findings.major("null-absent", f"no pixel is {null:g}", "--null changes nothing: check the value")


def _blacken_unmeasured(colour: Colour, values: Grey) -> None:
    """Set pixels that were not measured to black in place, so that one image has one file."""
    for top in range(0, values.shape[0], _BLOCK_ROWS):
        block = slice(top, top + _BLOCK_ROWS)
        colour[block][~np.isfinite(values[block])] = 0


def _check_pixels(values: Grey, nulls: tuple[float, ...], findings: FileFindings) -> None:
    """Blank the image; refuse one that shows nothing; note one in a narrow range of whole numbers."""
    count, low, high, whole = 0, np.inf, -np.inf, True
    for block in _blanked(values, nulls):
        measured = block[np.isfinite(block)]
        if measured.size:
            count += measured.size
            low, high = min(low, float(measured.min())), max(high, float(measured.max()))
            whole = whole and bool(high <= 255 and np.all(measured[::7] == np.floor(measured[::7])))
    if not count:
        raise findings.refusal("no pixel of the image was measured", "name another image with --image")
    if low == high:
        raise findings.refusal(f"every pixel of the image is {low:g}", "name another image with --image")
    if count < values.size:
        observed = f"{100 * (1 - count / values.size):.1f} % of the pixels are null"
        findings.info("pixels-null", observed, "taken as not measured")
    if whole and low >= 0 and high <= 15:
        observed = f"whole values from {low:g} to {high:g}, where 0 to 255 is usual"
        action = "kept; sixteen steps of grey hide faint planes: export the image again if you can"
        findings.major("image-range", observed, action)


def _around(azimuth: Array, path: Path) -> tuple[Array, Order]:
    """Column angles in [0, 360) in increasing order, and the order that makes them so."""
    angles = np.mod(np.round(azimuth, 9), 360)
    order = np.argsort(angles, kind="stable")
    if not np.isfinite(angles).all() or np.any(np.diff(angles[order]) <= 0):
        raise InputError(path, "two columns of the image have the same angle", "export it again")
    return angles[order], order
