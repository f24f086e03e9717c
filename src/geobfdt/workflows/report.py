"""Reports of a field's wells: what ``geobfdt report`` does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from geobfdt.io.images.netcdf import read
from geobfdt.picking.drift import drift_findings, read_zones
from geobfdt.quality.image_checks import with_image_findings
from geobfdt.reports.exports import write_density, write_discs, write_log_pdf, write_log_svg
from geobfdt.reports.structure_section import Structure
from geobfdt.reports.well_report import write_report
from geobfdt.runtime.findings import InputError
from geobfdt.wells.breakouts import read_breakouts
from geobfdt.wells.field import Field
from geobfdt.wells.layers import named_layers
from geobfdt.wells.picks import read_picks

__all__ = ["Beside", "Reported", "report_field"]

Beside = Literal["pdf", "svg", "las", "obj"]

_NAMES: dict[Beside, str] = {"pdf": ".log.pdf", "svg": ".log.svg", "las": ".density.las", "obj": ".planes.obj"}


class Reported(NamedTuple):
    """
    What was written of a well.

    Parameters
    ----------
    file : Path
        Its report.
    structure : Structure
        The numbers in it.
    beside : list of Path
        What else was asked for.
    """

    file: Path
    structure: Structure
    beside: list[Path]


def report_field(
    field: Path,
    out: Path,
    picks: Path | None = None,
    beside: Sequence[Beside] = (),
    scale: float = 20.0,
    layer: str | None = None,
    progress: Callable[[float], None] = lambda _share: None,
    only: Sequence[str] = (),
) -> dict[str, Reported]:
    """
    Write a report of each well of a field that has picks.

    Parameters
    ----------
    field, out : Path
        Folder of the wells, and where reports go; made if missing.
    picks : Path, optional
        Folder of pick tables, ``<well>.picks.csv``; default the field's own.
    beside : sequence of {"pdf", "svg", "las", "obj"}
        What else is written of each well: the log on paper, density curves, discs for a 3-D viewer.
    scale : float
        Of the log on paper.
    layer : str, optional
        Layer of the review whose picks are reported instead: those accepted, edited and not yet looked at.
    progress : callable
        Told the share done, 0 to 1.
    only : sequence of str
        Wells to report on; all that have picks if empty.

    Returns
    -------
    dict of str to Reported
        Files and numbers, by well.

    Raises
    ------
    InputError
        If no well has picks, or something cannot be read or written.
    """
    folder, reports = Field(field), dict[str, Reported]()
    files = {stem: (picks or field) / f"{stem}.picks.csv" for stem in folder.wells()}
    layers = named_layers(field, layer) if layer is not None else {}
    stems = [stem for stem, file in files.items() if (stem in layers if layer is not None else file.exists())]
    stems = [stem for stem in stems if not only or stem in only]
    if not stems:
        cure = "pick the field with geobfdt pick DIR --out PICKS, and give --picks PICKS"
        raise InputError(picks or field, "no pick table of a well here", cure)
    for number, stem in enumerate(stems):
        image, file = read(folder.file(stem, ".nc")), out / f"{stem}.report.html"
        name = str(image.attrs["well"])
        if layer is not None:
            table, intervals = layers[stem].picks(name), layers[stem].intervals(name)
        else:
            table, intervals = read_picks(files[stem]), folder.intervals(stem)

        def advance(share: float, number: int = number) -> None:
            progress((number + share) / len(stems))

        zones = files[stem].with_name(f"{stem}.drift.csv")
        findings = drift_findings(read_zones(zones)) if zones.exists() else []
        # Breakouts that were found with the picks come before those of the field.
        beside_picks = files[stem].with_name(f"{stem}.breakouts.csv")
        breakouts = read_breakouts(beside_picks) if beside_picks.exists() else folder.breakouts(stem)
        structure = write_report(with_image_findings(image), table, intervals, findings, file, advance, breakouts)
        mine, others = structure.picks, list[Path]()
        for kind in dict.fromkeys(beside):
            other = out / f"{stem}{_NAMES[kind]}"
            if kind == "svg":
                others += write_log_svg(image, mine, intervals, other, scale)
                continue
            if kind == "pdf":
                write_log_pdf(image, mine, intervals, other, scale)
            elif kind == "las":
                write_density(image, mine, intervals, other)
            else:
                write_discs(image, mine, other)
            others.append(other)
        image.close()
        reports[str(image.attrs["well"] or stem)] = Reported(file, structure, others)
    return reports
