"""Assemble the recording of a pad tool to an oriented image: what ``geobfdt assemble`` does."""

from __future__ import annotations

import datetime
import json
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, model_validator
from pydantic import Field as Described

from geobfdt._version import __version__
from geobfdt.assembly.build import Assembled, Plan, lay_out_buttons, place_buttons
from geobfdt.assembly.magnetic_model import earth_field, with_earth_field
from geobfdt.assembly.tool_geometry import ToolGeometry, known_tools, read_geometry
from geobfdt.io.images.assemble import state
from geobfdt.io.images.files import Survey, has_pads_only, read, read_recording, survey, with_options
from geobfdt.io.write.netcdf import write_netcdf
from geobfdt.preparation.normalisation import contrast_span, normalise_dynamic, normalise_static
from geobfdt.runtime.findings import Finding, InputError, Severity
from geobfdt.runtime.progress import Progress, no_progress, part_of
from geobfdt.runtime.storage import sha256
from geobfdt.wells.image import WellImage, add_findings, well_image
from geobfdt.wells.lazy_pixels import lazy_pixels
from geobfdt.wells.options import ReadingOptions
from geobfdt.wells.pads import PadRecording

__all__ = [
    "AssembleOptions",
    "assemble",
    "assemble_image",
    "image_of",
    "read_or_assemble",
    "read_pads",
    "survey_or_assemble",
    "without_stated",
]

Step = Literal["speed", "offsets", "gains", "buttons"]

# The coefficients of the IGRF end with the year before this one.
_MODEL_ENDS = 2030
# Height of the window of the dynamic image (m).
_DYNAMIC_M = 1.0
_GREY = np.float32(255)
_BLOCK_ROWS = 4096  # Rows that are scaled at a time.
_CONTRAST_ROWS = 20_000  # The contrast of the static image is that of so many rows, evenly spread over the well.
Image = npt.NDArray[np.float32]


class AssembleOptions(BaseModel):
    """
    Settings of ``geobfdt assemble``, for the command line and the library alike.

    Examples
    --------
    >>> AssembleOptions(columns=180).reference
    'north'
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    reading: ReadingOptions = Described(default=ReadingOptions(), description="what the file does not say")
    reference: Literal["north", "high_side"] = Described("north", description="where image angle 0 points")
    columns: int = Described(360, ge=8, le=1440, description="columns of the image")
    geometry: Path | None = Described(None, description="YAML file of the geometry of a tool")
    igrf: tuple[float, float, datetime.date] | None = Described(
        None, description="latitude, longitude (deg) and date, for declination and checks by the magnetic model"
    )
    without: tuple[Step, ...] = Described((), description="steps to leave out: speed, offsets, gains, buttons")

    @model_validator(mode="after")
    def _place_is_on_earth(self) -> AssembleOptions:
        if self.igrf is not None:
            latitude, longitude, date = self.igrf
            if not (-90 <= latitude <= 90 and -180 <= longitude <= 360 and 1900 <= date.year < _MODEL_ENDS):
                observed = f"{latitude:g}:{longitude:g}:{date} is no place and date of the model"
                cure = f"give a latitude of -90 to 90, a longitude of -180 to 360, a year of 1900 to {_MODEL_ENDS - 1}"
                raise InputError("--igrf", observed, cure)
        return self


DEFAULTS = AssembleOptions()


def assemble(
    file: Path, target: Path, options: AssembleOptions = DEFAULTS, *, progress: Progress = no_progress
) -> list[Finding]:
    """
    Assemble the recording of a pad tool to an image, and write it.

    Parameters
    ----------
    file : Path
        A DLIS file with the buttons of a pad tool.
    target : Path
        The netCDF file (``.nc``) to write.
    options : AssembleOptions
        How.
    progress : callable
        Called with the share done, 0 to 1.

    Returns
    -------
    list of Finding
        What was found and done. The file has each step in its attribute ``processing``.

    Raises
    ------
    InputError
        If the file holds no pads of a known tool, nothing says how the tool is turned, or the target is there already.
    """
    if target.suffix.lower() != ".nc":
        raise InputError(target, "an assembled image is a netCDF file", "name a file that ends in .nc")
    if target.exists():
        raise InputError(target, "is there already", "name a new file")
    image = assemble_image(file, options, progress=part_of(progress, 0.0, 0.9))
    write_netcdf(image, target)
    return list(image.attrs["findings"])


def assemble_image(file: Path, options: AssembleOptions = DEFAULTS, *, progress: Progress = no_progress) -> WellImage:
    """
    Assemble the recording of a pad tool to an image.

    Parameters
    ----------
    file : Path
        A DLIS file with the buttons of a pad tool.
    options : AssembleOptions
        How.
    progress : callable
        Called with the share done, 0 to 1.

    Returns
    -------
    WellImage
        Static image and dynamic companion, 0 to 255, conductive is dark.

    Raises
    ------
    InputError
        As :func:`assemble`.
    """
    recording, geometry, plan = read_pads(file, options)
    if geometry.dipmeter:
        observed = f"{geometry.name} has too few electrodes a pad for an image"
        raise InputError(file, observed, "compute its dips with geobfdt pick --method correlation")
    progress(0.1)
    placed = place_buttons(recording, geometry, plan, part_of(progress, 0.1, 0.5))
    # The currents are needed no more, and the image is as large as they are twice.
    recording = replace(recording, arrays={})
    assembled = lay_out_buttons(placed, geometry, plan, part_of(progress, 0.5, 0.8))
    del placed
    image = image_of(assembled, recording, options)
    image = with_options(state(image, file, without_stated(options.reading)), file, options.reading)
    progress(0.9)
    return image.assign_attrs(source=file.name, source_sha256=sha256(file))


def read_pads(file: Path, options: AssembleOptions) -> tuple[PadRecording, ToolGeometry, Plan]:
    """
    Read a recording, and find the geometry of its tool and how it is built.

    Raises
    ------
    InputError
        If the file holds no pads, or those of a tool whose geometry is not known.
    """
    own = None if options.geometry is None else read_geometry(options.geometry)
    recording = read_recording(file, options.reading, own.arrays if own else ())
    if options.igrf is not None:
        recording = with_earth_field(recording, earth_field(*options.igrf))
    recording = _stated(recording, options)
    return recording, own or _known_geometry(recording), _plan(recording, options)


def without_stated(reading: ReadingOptions) -> ReadingOptions:
    """Return the options that an assembled image does not hold already; it holds orientation and hole."""
    used = ("image", "azimuth_reference", "north", "declination", "deviation", "hole_azimuth")
    return reading.model_copy(update=dict.fromkeys(used))


def read_or_assemble(file: Path, reading: ReadingOptions, *, progress: Progress = no_progress) -> WellImage:
    """
    Read an image, or assemble one where the file holds the buttons of a pad tool only.

    Parameters
    ----------
    file : Path
        Any readable file.
    reading : ReadingOptions
        What it does not say.
    progress : callable
        Called with the share done, 0 to 1.

    Returns
    -------
    WellImage
        The image; where it is assembled, a finding says so.

    Raises
    ------
    InputError
        If the file can neither be read nor assembled.
    """
    try:
        return read(file, reading)
    except InputError:
        # The usual file is opened once; this one has to be looked at again.
        if not has_pads_only(file):
            raise
    reference = reading.azimuth_reference
    if reference == "pseudo_north":
        raise InputError(file, "pads are assembled from north or from the high side", "give --azimuth-reference north")
    options = AssembleOptions(reading=reading, reference=reference or "north")
    image = assemble_image(file, options, progress=progress)
    observed = "the file holds the buttons of a pad tool and no image"
    action = "assembled; geobfdt assemble has options for it"
    return add_findings(image, [Finding(Severity.INFO, "pads-assembled", file.name, observed, action)])


def survey_or_assemble(file: Path, reading: ReadingOptions, *, progress: Progress = no_progress) -> Survey:
    """
    List what is in a file, with its image, or with the one that is assembled where it holds pads only.

    Parameters
    ----------
    file : Path
        Any readable file.
    reading : ReadingOptions
        What it does not say.
    progress : callable
        Called with the share done, 0 to 1.

    Raises
    ------
    InputError
        If not even the contents can be read.
    """
    result = survey(file, reading)
    if result.refusal is None or not has_pads_only(file):
        return result
    try:
        image = read_or_assemble(file, reading, progress=progress)
    except InputError as error:
        return result._replace(refusal=error)
    return Survey(result.contents, [image], image.sizes["depth"])


def image_of(assembled: Assembled, recording: PadRecording, options: AssembleOptions = DEFAULTS) -> WellImage:
    """
    Scale an assembled image, and give it its logs and attributes.

    Parameters
    ----------
    assembled : Assembled
        The image without a scale.
    recording : PadRecording
        What it was built from.
    options : AssembleOptions
        How.

    Returns
    -------
    WellImage
        Static image and dynamic companion, 0 to 255.
    """
    processing = {"program": f"geobfdt {__version__}", "steps": assembled.steps}
    attributes: dict[str, Any] = {
        "well": recording.attributes.get("well", ""),
        "run": recording.attributes.get("run", ""),
        "tool": recording.attributes.get("tool", ""),
    }
    # The contract is checked on pixels without size; the real ones take their place.
    image = well_image(
        np.broadcast_to(np.float32(0), assembled.image.shape),
        assembled.depth,
        diameter=assembled.diameter,
        deviation=assembled.deviation,
        hole_azimuth=assembled.hole_azimuth,
        findings=[*recording.findings, *assembled.findings],
        reference=options.reference,
        north=assembled.north,
        declination=_declination(recording, options),
        normalisation="static",
        processing=json.dumps(processing),
        **attributes,
    )
    rows = max(int(_DYNAMIC_M / float(np.median(np.diff(assembled.depth)))), 3)
    return WellImage(image.assign(_scaled(assembled.image, rows)))


def _scaled(image: Image, rows: int) -> dict[str, Any]:
    """Static and dynamic image, 0 to 255, as variables that are computed where they are used."""
    span = contrast_span(image[:: max(len(image) // _CONTRAST_ROWS, 1)])

    def static(key: tuple[Any, ...]) -> Image:
        return np.asarray(normalise_static(image[key[0]][..., key[1]], span) * _GREY)

    def dynamic(key: tuple[Any, ...]) -> Image:
        places = np.arange(len(image))[key[0]]
        out = np.empty((places.size, image.shape[1]), np.float32)
        block_of = places.ravel() // _BLOCK_ROWS
        for block in np.unique(block_of):
            mine = block_of == block
            chosen = places.ravel()[mine]
            # With this margin rows are normalised as those of the whole image are.
            first = max(int(chosen.min()) - rows, 0)
            out[mine] = normalise_dynamic(image[first : int(chosen.max()) + 1 + rows], rows)[chosen - first] * _GREY
        return out.reshape(*places.shape, -1)[..., key[1]]

    dims = ("depth", "azimuth")
    return {
        "image": (dims, lazy_pixels(image.shape, image.dtype, static), {"units": ""}),
        "dynamic": (dims, lazy_pixels(image.shape, image.dtype, dynamic)),
    }


def _declination(recording: PadRecording, options: AssembleOptions) -> float:
    stated = options.reading.declination
    return float(recording.attributes.get("declination", np.nan)) if stated is None else stated


def _plan(recording: PadRecording, options: AssembleOptions) -> Plan:
    reading = options.reading
    return Plan(
        reference=options.reference,
        columns=options.columns,
        north=reading.north,
        declination=_declination(recording, options),
        diameter=reading.diameter,
        without=options.without,
    )


def _stated(recording: PadRecording, options: AssembleOptions) -> PadRecording:
    """Put the direction of the hole that the user states into a recording."""
    reading, logs = options.reading, dict(recording.logs)
    findings = list(recording.findings)
    for name in ("deviation", "hole_azimuth"):
        value = getattr(reading, name)
        if value is not None:
            flag = f"--{name.replace('_', '-')} {value:g}"
            observed = f"the file gives {'another' if name in logs else 'no'} {name.replace('_', ' ')}"
            severity = Severity.MAJOR if name in logs else Severity.INFO
            kind = f"{name.replace('_', '-')}-stated"
            findings.append(Finding(severity, kind, recording.place, observed, f"taken from {flag}"))
            logs[name] = np.full(recording.rows, float(value))
    if reading.deviation == 0 and "hole_azimuth" not in logs:
        logs["hole_azimuth"] = np.zeros(recording.rows)
    return replace(recording, logs=logs, findings=findings)


def _known_geometry(recording: PadRecording) -> ToolGeometry:
    """Geometry of the tool of a recording."""
    tools = known_tools()
    for geometry in tools.values():
        if geometry.rows and set(geometry.arrays) & set(recording.arrays):
            return geometry
    name = str(recording.attributes.get("tool", ""))
    what = tools[name].name if name in tools else name or "the tool"
    supported = ", ".join(name for name, geometry in tools.items() if geometry.rows)
    observed = f"where the buttons of {what} lie is not known: {', '.join(sorted(recording.arrays))}"
    raise InputError(recording.place, observed, f"give --geometry FILE; {supported} need none")
