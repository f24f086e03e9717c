"""Reports of a field's wells: what ``geobfdt report`` does."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, model_validator
from pydantic import Field as Described

from geobfdt.picking.drift import drift_findings, read_zones
from geobfdt.quality.image_checks import with_image_findings
from geobfdt.reports.exports import write_density, write_discs, write_log_pdf, write_log_svg
from geobfdt.reports.geotechnical import write_rock_quality
from geobfdt.reports.structure_section import Structure, StructureView
from geobfdt.reports.structure_tables import write_structure_tables
from geobfdt.reports.title_block import TITLE_FILE, TitleFile, contradictions, read_titles
from geobfdt.reports.well_report import write_report
from geobfdt.runtime.findings import InputError
from geobfdt.runtime.progress import Progress, no_progress, part_of
from geobfdt.wells.picks import PickTable, complete
from geobfdt.workflows.picked_wells import PickedWells

__all__ = ["Beside", "ReportOptions", "Reported", "report_field"]

Beside = Literal["pdf", "svg", "las", "obj", "rqd", "structure"]

_NAMES: dict[str, str] = {
    "pdf": ".log.pdf",
    "svg": ".log.svg",
    "las": ".density.las",
    "obj": ".planes.obj",
    "rqd": ".rqd.csv",
}


class ReportOptions(BaseModel):
    """
    Settings of ``geobfdt report``, for the command line, the library and the service alike.

    Examples
    --------
    >>> ReportOptions(beside=("pdf",)).scale
    20.0
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    picks: Path | None = Described(None, description="folder of pick tables, WELL.picks.csv; None: the field's own")
    layer: str | None = Described(
        None, description="layer of the review that is reported instead: picks accepted, edited and not yet looked at"
    )
    beside: tuple[Beside, ...] = Described(
        (),
        description="what else is written: the log on paper, density curves, discs, image RQD, tables of the structure",
    )
    sections: tuple[float, ...] = Described(
        (), description="azimuths of vertical sections (deg); empty: along the mean bed, or across a fold axis"
    )
    structural_dip: tuple[float, float] | None = Described(
        None, description="dip and azimuth that is removed from planes (deg); None: that of the mean bed"
    )
    scale: float = Described(20.0, ge=5, le=500, description="scale of the log on paper, 1:SCALE")
    title: Path | None = Described(
        None, description="title blocks of the wells; None: report.yaml in the field, if there is one"
    )
    wells: tuple[str, ...] = Described((), description="wells to report on; empty: all that have picks")

    @model_validator(mode="after")
    def _angles_are_angles(self) -> ReportOptions:
        for section in self.sections:
            if not 0 <= section <= 360:
                raise InputError("--section", f"an azimuth of {section:g} deg", "give 0 to 360")
        if self.structural_dip is not None:
            dip, azimuth = self.structural_dip
            if not (0 <= dip <= 90 and 0 <= azimuth <= 360):
                observed = f"dip {dip:g} and azimuth {azimuth:g} deg"
                raise InputError("--structural-dip", observed, "give a dip of 0 to 90 and an azimuth of 0 to 360")
        return self

    @property
    def view(self) -> StructureView:
        """How the structure is looked at."""
        return StructureView(tuple(section % 360 for section in self.sections), self.structural_dip)


DEFAULTS = ReportOptions()


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
        Settings of the report.
    """

    file: Path
    structure: Structure
    beside: list[Path]


def report_field(
    field: Path,
    out: Path,
    options: ReportOptions = DEFAULTS,
    *,
    progress: Progress = no_progress,
) -> dict[str, Reported]:
    """
    Write a report of each well of a field that has picks.

    Parameters
    ----------
    field, out : Path
        Folder of the wells, and where reports go; made if missing.
    options : ReportOptions
        Which picks of which wells, and what is written beside the reports.
    progress : callable
        Called with the share done, 0 to 1.

    Returns
    -------
    dict of str to Reported
        Files and numbers, by well.

    Raises
    ------
    InputError
        If no well has picks, or something cannot be read or written.
    """
    wells, reports = PickedWells(field, options.picks, options.layer, options.wells), dict[str, Reported]()
    stems = wells.stems
    title = options.title
    if title is None and (field / TITLE_FILE).exists():
        title = field / TITLE_FILE
    titles = TitleFile() if title is None else read_titles(title, stems)
    for number, stem in enumerate(stems):
        image, table, intervals, table_file = wells.read(stem)
        file, name = out / f"{stem}.report.html", str(image.attrs["well"])
        part = part_of(progress, number / len(stems), (number + 1) / len(stems))
        zones = table_file.with_name(f"{stem}.drift.csv")
        findings = drift_findings(read_zones(zones)) if zones.exists() else []
        block = titles.of(stem)
        findings += contradictions(block, image) + complete(PickTable(table[table["well"].isin(["", name])]), image)[1]
        breakouts, curves = wells.breakouts(stem), wells.curves(stem)
        structure = write_report(
            with_image_findings(image), table, intervals, findings, file, part, block, breakouts, options.view, curves
        )
        mine, others = structure.picks, list[Path]()
        for kind in dict.fromkeys(options.beside):
            if kind == "structure":
                others += write_structure_tables(structure, name, out, stem)
                continue
            other = out / f"{stem}{_NAMES[kind]}"
            if kind == "svg":
                others += write_log_svg(
                    image, mine, intervals, other, options.scale, no_progress, block, breakouts, curves
                )
                continue
            if kind == "pdf":
                write_log_pdf(image, mine, intervals, other, options.scale, no_progress, block, breakouts, curves)
            elif kind == "las":
                write_density(image, mine, intervals, other)
            elif kind == "rqd":
                write_rock_quality(image, mine, intervals, other)
            else:
                write_discs(image, mine, other)
            others.append(other)
        image.close()
        reports[str(image.attrs["well"] or stem)] = Reported(file, structure, others)
    return reports
