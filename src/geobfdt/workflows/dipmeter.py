"""Dips of a dipmeter file by correlation: what ``geobfdt pick --method correlation`` does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from geobfdt.assembly.dipmeter import Dips, dips_of
from geobfdt.assembly.pad_dips import Search
from geobfdt.io.images.assemble import state
from geobfdt.runtime.findings import Finding, InputError, Severity
from geobfdt.runtime.progress import Progress, no_progress, part_of
from geobfdt.runtime.storage import sha256
from geobfdt.wells.image import WellImage
from geobfdt.wells.options import ReadingOptions
from geobfdt.wells.picks import PickTable, complete
from geobfdt.workflows.assemble import AssembleOptions, read_pads, without_stated

__all__ = ["correlate"]

# Reading options that are of images.
_UNUSED = ("top", "bottom", "decimal", "even_rows", "even_sectors", "dark")


def correlate(
    file: Path,
    reading: ReadingOptions,
    geometry: Path | None = None,
    search: Search | None = None,
    *,
    progress: Progress = no_progress,
) -> Dips:
    """
    Compute the dips of a dipmeter, or of the pads of an imaging tool, by correlation.

    Parameters
    ----------
    file : Path
        A LIS file with the packed samples of a dipmeter, or a DLIS file with electrodes or pads.
    reading : ReadingOptions
        What the file does not say.
    geometry : Path, optional
        YAML file that says where the electrodes lie.
    search : Search, optional
        Windows and steepest dip; default: 1.2 m every 0.6 m, 60 deg.
    progress : callable
        Called with the share done, 0 to 1.

    Returns
    -------
    Dips
        The pick table with apparent and true dips; the findings are in the hole's attributes.

    Raises
    ------
    InputError
        If the file holds no such channels, or they cannot be oriented.
    """
    if reading.azimuth_reference == "pseudo_north":
        observed = "electrodes are oriented from north or from the high side"
        raise InputError(file, observed, "give --azimuth-reference north")
    options = AssembleOptions(reading=reading, reference=reading.azimuth_reference or "north", geometry=geometry)
    recording, tool, plan = read_pads(file, options)
    progress(0.1)
    dips = dips_of(recording, tool, plan, search or Search(1.2, 0.6), part_of(progress, 0.1, 0.9))
    findings = [*recording.findings, *dips.findings]
    # The decimal mark is that of a survey as well.
    unused = [name for name in _UNUSED if not (name == "decimal" and reading.survey)]
    if ignored := [f"--{name.replace('_', '-')}" for name in unused if getattr(reading, name) is not None]:
        observed = f"{', '.join(ignored)} says nothing about curves of electrodes"
        findings.append(Finding(Severity.MINOR, "option-unused", file.name, observed, "not used"))
    hole = dips.hole.assign_attrs(findings=findings, source=file.name, source_sha256=sha256(file))
    image = state(WellImage(hole), file, without_stated(reading))
    picks = PickTable(dips.picks.assign(well=image.attrs["well"], reference=image.attrs["reference"]))
    picks, notes = complete(picks, image)
    return replace(dips, picks=picks, hole=image, findings=[*image.attrs["findings"], *notes])
