"""Measure the hole on a travel-time image: radius image, caliper table, surface, and amplitudes about the hole axis."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from pydantic import BaseModel, ConfigDict, model_validator
from pydantic import Field as Described

from geobfdt.hole.centred_amplitude import centre_amplitude
from geobfdt.hole.shape import HoleShape, hole_shape
from geobfdt.hole.travel_time import KnownDiameter, ToolConstants
from geobfdt.io.images.files import has_pads_only, read
from geobfdt.io.write.hole_surface import write_hole_vtk
from geobfdt.io.write.netcdf import write_netcdf
from geobfdt.runtime.findings import Finding, InputError, Severity
from geobfdt.runtime.progress import Progress, no_progress
from geobfdt.runtime.storage import atomic_files
from geobfdt.wells.caliper import write_caliper
from geobfdt.wells.field import file_stem
from geobfdt.wells.image import WellImage, place_of
from geobfdt.wells.options import ReadingOptions
from geobfdt.wells.pick_contradictions import amplitude_contradictions
from geobfdt.wells.picks import PickTable, complete, read_picks, write_picks

__all__ = ["CaliperFiles", "CaliperOptions", "caliper", "with_measured_diameter"]


class CaliperOptions(BaseModel):
    """
    Settings of ``geobfdt caliper``, for the command line and the library alike.

    Examples
    --------
    >>> CaliperOptions(fluid_velocity=1480, known_diameters=((10.0, 20.0, 0.2159),)).amplitude is None
    True
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    reading: ReadingOptions = Described(default=ReadingOptions(), description="what the image files do not say")
    time_unit: str | None = Described(None, description="unit of the travel times: us, 0.1us, ns, ms, s")
    fluid_velocity: float | None = Described(None, gt=0, description="speed of sound in the fluid (m/s)")
    tool_radius: float | None = Described(
        None, ge=0, description="distance from the tool axis at which the way through the fluid begins (m)"
    )
    tool_delay: float | None = Described(None, ge=0, description="travel time of an echo from there (us)")
    known_diameters: tuple[tuple[float, float, float], ...] = Described(
        (), description="stretches of known diameter: top, base (m, MD), diameter (m)"
    )
    amplitude: str | None = Described(
        None, description="name of the amplitude image, in the same file or the other one"
    )
    amplitude_file: Path | None = Described(None, description="file of the amplitude image")
    picks: Path | None = Described(None, description="pick table whose dips are computed with the measured diameter")
    picture: bool = Described(True, description="whether a picture is drawn")

    @model_validator(mode="after")
    def _stretches_are_holes(self) -> CaliperOptions:
        for top, base, diameter in self.known_diameters:
            if not (top < base and 0.05 <= diameter <= 1.5):
                observed = f"{top:g} {base:g} {diameter:g} is no stretch of a hole"
                raise InputError("--known-diameter", observed, "give top and base (m, MD) and the diameter in metres")
        return self


DEFAULTS = CaliperOptions()


class CaliperFiles(NamedTuple):
    """
    What :func:`caliper` wrote.

    Parameters
    ----------
    files : tuple of Path
        The files.
    findings : tuple of Finding
        How times were scaled, what was left out, and what was changed.
    """

    files: tuple[Path, ...]
    findings: tuple[Finding, ...]


def caliper(
    source: Path, out: Path, options: CaliperOptions = DEFAULTS, *, progress: Progress = no_progress
) -> CaliperFiles:
    """
    Measure the hole on a travel-time image.

    Parameters
    ----------
    source : Path
        An image of two-way travel times, or of distances from the tool axis.
    out : Path
        The folder; made if missing.
    options : CaliperOptions
        Fluid and tool, the amplitude image, and picks.
    progress : callable
        Called with the finished share, 0 to 1.

    Returns
    -------
    CaliperFiles
        ``WELL.radius.nc``, ``WELL.caliper.csv``, ``WELL.hole.vtk`` and ``WELL.caliper.png``; with an amplitude image
        ``WELL.amplitude.nc``, and with picks ``WELL.measured.picks.csv``.

    Raises
    ------
    InputError
        If a file cannot be read or is no such image, the stated values do not determine the scale or contradict
        each other, the images are not of one run, or a table of picks would be written over.
    """
    # The hole log of diameters is what this measures: a stated one is only compared with it.
    image = _read_acoustic(source, options.reading)
    stem = file_stem(image.attrs["well"] or source.stem)
    target = out / f"{stem}.measured.picks.csv"
    if options.picks is not None and target.exists():
        raise InputError(target, "is there already", "move it, or name another --out")
    with atomic_files(out):
        pass  # A folder that cannot be written is an error now, not after the work.
    amplitude = _read_amplitude(source, options)
    picks = None if options.picks is None else read_picks(options.picks)
    progress(0.2)
    delay = None if options.tool_delay is None else options.tool_delay * 1e-6
    stated = ToolConstants(options.fluid_velocity, options.tool_radius, delay)
    stretches = [KnownDiameter(*stretch) for stretch in options.known_diameters]
    shape = hole_shape(image, stated, stretches, options.time_unit)
    progress(0.6)
    centred = None if amplitude is None else centre_amplitude(amplitude, shape)
    findings = list((shape.radius if centred is None else centred).attrs["findings"])
    progress(0.8)
    with atomic_files(out) as part:
        write_netcdf(shape.radius, part / f"{stem}.radius.nc")
        write_caliper(shape.table, part / f"{stem}.caliper.csv")
        write_hole_vtk(shape.radius, part / f"{stem}.hole.vtk")
        if centred is not None:
            write_netcdf(centred, part / f"{stem}.amplitude.nc")
        if picks is not None:
            measured, notes = with_measured_diameter(picks, shape)
            findings += notes
            write_picks(measured, part / target.name)
        if options.picture:
            # Loaded here: Matplotlib takes half a second, and a run without a picture does without.
            from geobfdt.reports.caliper_figure import draw_caliper

            draw_caliper(shape, amplitude, centred, part / f"{stem}.caliper.png")
        files = tuple(out / file.name for file in sorted(part.iterdir()))
    return CaliperFiles(files, tuple(findings))


def _read_amplitude(source: Path, options: CaliperOptions) -> WellImage | None:
    """Read the amplitude image, if one is named."""
    if options.amplitude is None and options.amplitude_file is None:
        return None
    file = options.amplitude_file or source
    return _read_acoustic(file, options.reading.model_copy(update={"image": options.amplitude}))


def _read_acoustic(file: Path, reading: ReadingOptions) -> WellImage:
    """Read an image of an acoustic tool; to assemble the buttons of a pad tool would be no cure."""
    try:
        return read(file, reading)
    except InputError as error:
        if not has_pads_only(file):
            raise
        observed = "it holds the buttons of a pad tool, which measure neither travel times nor echoes"
        raise InputError(file, observed, "give the image of an acoustic tool") from error


def with_measured_diameter(picks: PickTable, shape: HoleShape) -> tuple[PickTable, list[Finding]]:
    """
    Compute the dips of picks anew, with the measured diameter.

    Parameters
    ----------
    picks : PickTable
        Pick table. Their traces (depth, amplitude, azimuth on the image) stay.
    shape : HoleShape
        The hole.

    Returns
    -------
    picks : PickTable
        The same rows. Rows of other wells, without a trace, or where no diameter was measured stay as they are.
    findings : list of Finding
        ``dips-recomputed``, with the largest change, and what stayed.
    """
    place, well = place_of(shape.radius), shape.radius.attrs["well"]
    mine = picks["well"].isin(["", well]) if well else picks["well"].notna()
    row = picks["depth_m"].to_numpy(float)
    depth, diameter = shape.radius["depth"].values, shape.radius["diameter"].values
    measured = np.interp(row, depth, diameter, left=np.nan, right=np.nan)
    changed = (
        mine.to_numpy(bool)
        & np.isfinite(measured)
        & np.isfinite(picks[["amplitude_m", "azimuth_app_deg"]].to_numpy(float)).all(axis=1)
    )
    bare = picks[changed].assign(diameter_m=measured[changed], dip_app_deg=np.nan)
    turned = shape.radius.attrs["reference"] != "unknown"
    if turned:
        bare = bare.assign(dip_true_deg=np.nan, azimuth_true_deg=np.nan)
    filled, findings = complete(PickTable(bare), shape.radius)
    findings = [*amplitude_contradictions(picks, place), *findings]
    out = picks.copy()
    for name in ("diameter_m", "dip_app_deg", "azimuth_app_deg", "reference", "dip_true_deg", "azimuth_true_deg"):
        column = out[name].to_numpy(copy=True)
        column[changed] = filled[name].to_numpy()
        out[name] = column
    if changed.any():
        change = np.abs(filled["dip_app_deg"].to_numpy() - picks["dip_app_deg"].to_numpy(float)[changed])
        changes = change[np.isfinite(change)]
        observed = f"{int(changed.sum())} of {len(picks)} picks have a trace where the hole was measured"
        most = f", the apparent dip by up to {changes.max():.1f} deg" if changes.size else ""
        action = f"diameter and dips computed anew{most}"
        findings = [*findings, Finding(Severity.MAJOR, "dips-recomputed", place, observed, action)]
    if not changed.all():
        observed = f"{int((~changed).sum())} of {len(picks)} picks are of another well, have no trace, or no diameter"
        finding = Finding(Severity.MAJOR, "dips-not-recomputed", place, observed, "left as they are")
        findings = [*findings, finding]
    return PickTable(out), findings
