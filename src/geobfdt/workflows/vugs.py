"""Find vugs on an image file and leave table and tracks in a folder: what ``geobfdt vugs`` does. Experimental."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict
from pydantic import Field as Described

from geobfdt.io.tables.pick_tables import read_pick_table
from geobfdt.picking.breakouts.find import find_breakouts
from geobfdt.picking.picker import detector_of
from geobfdt.picking.vugs import Vugs, find_vugs
from geobfdt.runtime.findings import Finding, Severity, findings_to_json
from geobfdt.runtime.progress import Progress, no_progress, part_of
from geobfdt.runtime.storage import atomic_files, write_text
from geobfdt.wells.breakouts import BreakoutTable, complete_breakouts
from geobfdt.wells.field import file_stem
from geobfdt.wells.image import WellImage, place_of
from geobfdt.wells.options import ReadingOptions
from geobfdt.wells.picks import PickTable, complete
from geobfdt.wells.vugs import read_vugs, write_vug_tracks, write_vugs
from geobfdt.workflows.assemble import read_or_assemble
from geobfdt.workflows.earlier_tables import replaces_table
from geobfdt.workflows.pick import pick_image

__all__ = ["VugOptions", "vugs"]


class VugOptions(BaseModel):
    """
    Settings of ``geobfdt vugs``, for the command line and the library alike.

    Examples
    --------
    >>> VugOptions(method="hough").picks is None
    True
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    reading: ReadingOptions = Described(default=ReadingOptions(), description="what the image file does not say")
    picks: Path | None = Described(None, description="pick table whose planes are no vugs; None: the image is picked")
    model: str = Described("default", description="folder of a model bundle, default, or REGISTRY@NAME, that picks")
    method: Literal["network", "hough"] = Described("network", description="a network, or the classical picker")


DEFAULTS = VugOptions()


def vugs(
    source: Path, out: Path, options: VugOptions = DEFAULTS, *, progress: Progress = no_progress
) -> tuple[Vugs, list[Path], list[Finding]]:
    """
    Find vugs on an image file.

    Parameters
    ----------
    source : Path
        Any readable image file.
    out : Path
        Folder of ``WELL.vugs.csv``, ``WELL.vug-tracks.csv`` and ``WELL.vug-findings.json``; made if missing.
    options : VugOptions
        The planes to leave out.
    progress : callable
        Called with the share done, 0 to 1.

    Returns
    -------
    vugs : Vugs
        Table and tracks.
    files : list of Path
        What was written.
    findings : list of Finding
        Repairs, and reasons to be careful.

    Raises
    ------
    InputError
        If a file cannot be read, the folder not written, or an earlier table in its place holds a person's decisions.
    """
    image = read_or_assemble(source, options.reading, progress=part_of(progress, 0.0, 0.1))
    stem = file_stem(image.attrs["well"] or source.stem)
    table = out / f"{stem}.vugs.csv"
    replaces_table(table, read_vugs, "vugs", "vugs")
    with atomic_files(out):
        pass  # A folder that cannot be written is an error now, not after the search.
    picks, breakouts, findings = _planes(image, options, part_of(progress, 0.1, 0.7))
    result = find_vugs(image, picks, breakouts, part_of(progress, 0.7, 1.0))
    observed = f"{len(result.table)} vugs beside {len(picks)} planes"
    action = "experimental: check them on the image before they are used"
    findings.append(Finding(Severity.MAJOR, "vugs-experimental", place_of(image), observed, action))
    findings = [*image.attrs["findings"], *findings]
    with atomic_files(out) as part:
        write_vugs(result.table, part / table.name)
        write_vug_tracks(result.tracks, part / f"{stem}.vug-tracks.csv")
        write_text(part / f"{stem}.vug-findings.json", findings_to_json(findings))
        files = [out / file.name for file in sorted(part.iterdir())]
    return result, files, findings


def _planes(
    image: WellImage, options: VugOptions, progress: Progress
) -> tuple[PickTable, BreakoutTable, list[Finding]]:
    """Read the planes of a well, or pick them; breakouts are those of the table, or are found."""
    if options.picks is not None:
        reading = options.reading
        table = read_pick_table(
            options.picks, well=image.attrs["well"] or None, depth_unit=reading.depth_unit, decimal=reading.decimal
        )
        picks, findings = complete(table.picks, image)
        breakouts = complete_breakouts(table.breakouts, image)[0] if len(table.breakouts) else find_breakouts(image)
        return picks, breakouts, [*table.findings, *findings]
    picked = pick_image(image, detector_of(image, options.model, options.method), progress=progress)
    return picked.picks, picked.breakouts, picked.cautions
