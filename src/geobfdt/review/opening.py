"""Bring image files into a field and propose picks in a layer, ready for the review screen: ``geobfdt open``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple
from urllib.parse import urlencode

from pydantic import BaseModel, ConfigDict
from pydantic import Field as Described

from geobfdt.io.images.netcdf import read
from geobfdt.review.service import ReviewService
from geobfdt.runtime.findings import Finding, InputError
from geobfdt.runtime.progress import Progress, no_progress, part_of
from geobfdt.runtime.storage import sha256
from geobfdt.wells.manifest import options_given, read_manifest, source_of
from geobfdt.wells.options import ReadingOptions
from geobfdt.workflows.ingest import IngestOptions, image_digest, ingest
from geobfdt.workflows.propose import propose_picks

__all__ = ["OpenOptions", "OpenedWell", "open_wells", "screen_address"]


class OpenOptions(BaseModel):
    """
    Settings of ``geobfdt open``.

    Examples
    --------
    >>> OpenOptions(name="anna").method
    'network'
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Described("me", min_length=1, description="name of the interpreter, and of the layer")
    reading: ReadingOptions = Described(default=ReadingOptions(), description="what the image files do not say")
    model: str = Described("default", description="folder of a model bundle, default, or REGISTRY@NAME")
    method: Literal["network", "hough"] = Described("network", description="a network, or the classical picker")


class OpenedWell(NamedTuple):
    """
    A well that is ready for review.

    Parameters
    ----------
    well : str
        File stem in the field.
    findings : list of Finding
        What its image file needed; empty where an earlier call has brought it in.
    proposals : int or None
        Number of picks that this call has proposed; None where the layer is there already and stays as it is.
    """

    well: str
    findings: list[Finding]
    proposals: int | None


def open_wells(
    files: Sequence[Path],
    field: Path,
    options: OpenOptions,
    *,
    progress: Progress = no_progress,
) -> list[OpenedWell]:
    """
    Ingest image files and propose picks in the layer of a person; what an earlier call has written stays.

    Parameters
    ----------
    files : sequence of Path
        Image files, one a well.
    field : Path
        Folder of the wells; made if missing.
    options : OpenOptions
        The person, how files are read, and the picker.
    progress : callable
        Called with the share done, 0 to 1, and the current step.

    Returns
    -------
    list of OpenedWell
        One entry for each well.

    Raises
    ------
    InputError
        If a file cannot be read, the field holds another image of the well or the same one with other options, the
        field cannot be written, or the name cannot name a layer.

    Examples
    --------
    >>> from pathlib import Path
    >>> open_wells([Path("well.dlis")], Path("field"), OpenOptions(name="anna"))  # doctest: +SKIP
    [OpenedWell(well='A-1', findings=[], proposals=212)]
    """
    person = options.name.strip()
    if not person or "/" in person or "\\" in person:
        raise InputError("--name", f"{options.name!r} cannot name a layer", "give a name without slashes")

    wells: dict[str, list[Finding]] = {}
    for step, file in enumerate(files):
        progress(step / (2 * len(files)), f"reading {file.name}")
        stem, findings = _ingest_once(file, field, options.reading)
        wells.setdefault(stem, findings)
    opened = []
    service = ReviewService(field, options.model)
    try:
        for step, (stem, findings) in enumerate(wells.items(), start=len(files)):
            if person in service.log.layers(stem):
                opened.append(OpenedWell(stem, findings, None))
                continue
            report = part_of(progress, step / (2 * len(files)), (step + 1) / (2 * len(files)), f"picking {stem}")
            proposals = propose_picks(service.wells.field.file(stem, ".nc"), options.model, options.method, report)
            # With a key, two calls at the same time write one edit.
            service.join(stem, person, person, proposals.picks, key=f"open-{stem}-{person}")
            service.propose_breakouts(stem, proposals.breakouts)
            opened.append(OpenedWell(stem, findings, len(proposals.picks)))
    finally:
        service.close()
    return opened


def screen_address(server: str, well: str, person: str) -> str:
    """
    Return the address of the review screen on a well and a person's layer.

    Examples
    --------
    >>> screen_address("http://127.0.0.1:8000/", "A-1", "Anna B")
    'http://127.0.0.1:8000/#well=A-1&layer=Anna+B&person=Anna+B'
    """
    return f"{server}#{urlencode({'well': well, 'layer': person, 'person': person})}"


def _ingest_once(file: Path, field: Path, reading: ReadingOptions) -> tuple[str, list[Finding]]:
    """Ingest a file, unless the field holds its well from this file and these options; return stem and findings."""
    if not file.is_file():
        raise InputError(file, "is no file", "name an image file; geobfdt serve reviews a whole field")
    survey = source_of(reading.survey) if reading.survey else None
    stated = json.loads(json.dumps(options_given(reading)))
    # A netCDF file keeps the digest of its original. Only that format is cheap to open for its attributes.
    digest = image_digest(file, read(file)) if file.suffix == ".nc" else sha256(file)
    for stem, entry in read_manifest(field).items():
        same = entry.image.sha256 == digest and entry.options == stated and entry.survey == survey
        if same and (field / f"{stem}.nc").exists():
            return stem, []
    ((stem, findings),) = ingest([file], field, IngestOptions(reading=reading)).items()
    return stem, findings
