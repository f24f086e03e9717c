"""Bring image files into a field and propose picks in a layer, ready for the review screen: ``geobfdt open``."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from geobfdt.review.service import ReviewService
from geobfdt.runtime.findings import Finding, InputError
from geobfdt.runtime.storage import sha256
from geobfdt.wells.manifest import options_given, read_manifest, source_of
from geobfdt.wells.options import ReadingOptions
from geobfdt.workflows.ingest import ingest
from geobfdt.workflows.propose import propose_picks

__all__ = ["OpenedWell", "open_wells"]


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
    person: str,
    reading: ReadingOptions | None = None,
    *,
    model: str = "default",
    method: str = "network",
    progress: Callable[[float, str], None] = lambda _share, _text: None,
) -> list[OpenedWell]:
    """
    Ingest image files and propose picks in the layer of a person; what an earlier call has done stays.

    Parameters
    ----------
    files : sequence of Path
        Image files, one a well.
    field : Path
        Folder of the wells; made if missing.
    person : str
        Name of the interpreter, and of the layer.
    reading : ReadingOptions, optional
        What the files do not say.
    model, method : str
        The picker; see :func:`geobfdt.picking.picker.detector_of`.
    progress : callable
        Called with the share done, 0 to 1, and what is going on.

    Returns
    -------
    list of OpenedWell
        One entry for each file.

    Raises
    ------
    InputError
        If a file cannot be read, the field holds another image of the well, or the field cannot be written.

    Examples
    --------
    >>> from pathlib import Path
    >>> open_wells([Path("well.dlis")], Path("field"), "anna")  # doctest: +SKIP
    [OpenedWell(well='A-1', findings=[], proposals=212)]
    """
    if not person.strip() or "/" in person or "\\" in person:
        raise InputError("--name", f"{person!r} cannot name a layer", "give a name without slashes")

    def advance(step: int, share: float, text: str) -> None:
        progress((step + share) / (2 * len(files)), text)

    wells: dict[str, list[Finding]] = {}
    for step, file in enumerate(files):
        advance(step, 0.0, f"reading {file.name}")
        stem, findings = _ingest_once(file, field, reading)
        wells.setdefault(stem, findings)
    opened = []
    service = ReviewService(field, model)
    try:
        for step, (stem, findings) in enumerate(wells.items(), start=len(files)):
            if person in service.log.layers(stem):
                opened.append(OpenedWell(stem, findings, None))
                continue
            report = partial(lambda step, stem, share: advance(step, share, f"picking {stem}"), step, stem)
            picks = propose_picks(service.wells.field.file(stem, ".nc"), model, method, report)
            # With a key, two calls at the same time write one edit.
            service.join(stem, person, person, picks, key=f"open-{stem}-{person}")
            opened.append(OpenedWell(stem, findings, len(picks)))
    finally:
        service.close()
    return opened


def _ingest_once(file: Path, field: Path, reading: ReadingOptions | None) -> tuple[str, list[Finding]]:
    """Ingest a file, unless the field holds its well from this file and these options; return stem and findings."""
    if not file.is_file():
        raise InputError(file, "is no file", "name an image file; geobfdt serve reviews a whole field")
    survey = source_of(reading.survey) if reading and reading.survey else None
    options = json.loads(json.dumps(options_given(reading)))
    digest = sha256(file)
    for stem, entry in read_manifest(field).items():
        same = entry.image.sha256 == digest and entry.options == options and entry.survey == survey
        if same and (field / f"{stem}.nc").exists():
            return stem, []
    ((stem, findings),) = ingest([file], field, reading).items()
    return stem, findings
