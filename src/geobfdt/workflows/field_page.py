"""The page of a field: what ``geobfdt field`` does."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from pydantic import BaseModel, ConfigDict, model_validator
from pydantic import Field as Described

from geobfdt.io.tables.collars import read_collar
from geobfdt.io.tables.surveys import read_survey
from geobfdt.io.text import Decimal
from geobfdt.reports.field_page import write_field_page
from geobfdt.reports.field_structure import FieldStructure, FieldWell, WellTrack, analyse_field, analyse_well
from geobfdt.reports.stress_section import analyse_stress, stress_findings
from geobfdt.runtime.findings import Finding, InputError, Severity
from geobfdt.runtime.progress import Progress, no_progress, part_of
from geobfdt.structure.between_wells import MIN_WELLS
from geobfdt.wells.image import WellImage, log_at
from geobfdt.wells.survey import Survey
from geobfdt.workflows.hand_over import check_north, outside_survey
from geobfdt.workflows.picked_wells import PickedWells

__all__ = ["FieldOptions", "FieldPage", "field_page"]

# Stations that the direction logs of an image are thinned to.
_MAX_STATIONS = 500


class FieldOptions(BaseModel):
    """
    Settings of ``geobfdt field``, for the command line and the library alike.

    Examples
    --------
    >>> FieldOptions(collar=Path("collars.csv"), at=((1000.0, 2000.0),)).window
    5.0
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    picks: Path | None = Described(None, description="folder of pick tables, WELL.picks.csv; None: the field's own")
    layer: str | None = Described(None, description="layer of the review, instead of pick tables")
    wells: tuple[str, ...] = Described((), description="wells to compare; empty: all that have picks")
    collar: Path | None = Described(None, description="table of collars; None: there is no map and no curve between")
    survey: Path | None = Described(
        None, description="table of survey stations of all wells; None: the directions that the images hold"
    )
    decimal: Decimal | None = Described(None, description="decimal mark of the tables: point or comma")
    window: float = Described(5.0, ge=0.5, le=1000, description="height of the averaging window of curves (m)")
    at: tuple[tuple[float, float], ...] = Described(
        (), description="map coordinates of further places for which curves are kriged (m)"
    )

    @model_validator(mode="after")
    def _places_are_numbers(self) -> FieldOptions:
        for x, y in self.at:
            if not np.isfinite([x, y]).all():
                raise InputError("--at", f"{x:g},{y:g} is no place", "give map coordinates X,Y in metres")
        if (self.at or self.survey) and self.collar is None:
            raise InputError("--collar", "missing", "give a table of collars, or leave out --survey and --at")
        return self


DEFAULTS = FieldOptions()


class FieldPage(NamedTuple):
    """
    What was written of a field.

    Parameters
    ----------
    files : list of Path
        The page first.
    structure : FieldStructure
        The numbers in it.
    findings : list of Finding
        What was assumed or is missing.
    """

    files: list[Path]
    structure: FieldStructure
    findings: list[Finding]


def field_page(
    field: Path, out: Path, options: FieldOptions = DEFAULTS, *, progress: Progress = no_progress
) -> FieldPage:
    """
    Compare the wells of a field on one page.

    Parameters
    ----------
    field, out : Path
        Folder of the wells, and where the page goes; made if missing.
    options : FieldOptions
        Which picks of which wells, where the wells lie, and how curves are averaged.
    progress : callable
        Called with the share done, 0 to 1.

    Returns
    -------
    FieldPage
        Files and numbers.

    Raises
    ------
    InputError
        If no well has picks, two wells have one name, something cannot be read or written, or PyKrige is missing.
    """
    picked = PickedWells(field, options.picks, options.layer, options.wells)
    wells, findings = list[FieldWell](), list[Finding]()
    for number, stem in enumerate(picked.stems):
        image, picks, intervals, file = picked.read(stem)
        if not image.attrs["well"]:
            image = image.assign_attrs(well=stem)
        name = str(image.attrs["well"])
        if name in [well.name for well in wells]:
            raise InputError(file, f"another file holds well {name!r} too", "geobfdt merge joins two runs of a well")
        track, notes = _track(image, name, options)
        findings += [one for one in notes if one not in findings]
        stress = analyse_stress(image, picked.breakouts(stem))
        findings += stress_findings(image, stress)
        well = analyse_well(image, picks, intervals, track, options.window)
        wells.append(well._replace(stress=stress, measured=picked.curves(stem)))
        image.close()
        part_of(progress, 0.0, 0.8)((number + 1) / len(picked.stems))
    structure = analyse_field(wells, options.at)
    findings += _missing(field, structure)
    files = write_field_page(structure, findings, field.resolve().name, out)
    progress(1.0)
    return FieldPage(files, structure, findings)


def _track(image: WellImage, well: str, options: FieldOptions) -> tuple[WellTrack | None, list[Finding]]:
    """Return where a well lies, by the table of collars and the survey or the directions of the image."""
    if options.collar is None:
        return None, []
    collar, notes = read_collar(options.collar, well, options.decimal)
    findings, north = list(notes), {"image": str(image.attrs["north"])}
    depth = np.asarray(image["depth"].values, dtype=float)
    if options.survey is not None:
        survey, more = read_survey(options.survey, well=well, decimal=options.decimal)
        findings += more
        north["survey"] = survey.north
    else:
        stations = np.unique(np.linspace(depth[0], depth[-1], min(depth.size, _MAX_STATIONS)))
        deviation, azimuth = (np.asarray(log_at(image, name, stations)) for name in ("deviation", "hole_azimuth"))
        azimuth = np.where(deviation == 0, 0.0, azimuth)
        if not (np.isfinite(deviation).all() and np.isfinite(azimuth).all()):
            observed = "the direction of the hole is not known all along it"
            action = "left out of the map and of curves between wells; give --survey"
            return None, [*findings, Finding(Severity.MAJOR, "no-direction", well, observed, action)]
        survey = Survey(stations, deviation, azimuth, north["image"])
    findings += check_north(well, options.collar, collar, north)
    findings += outside_survey(well, survey, depth[[0, -1]])
    # Both tables hold all wells, so that rows of other wells are no news.
    return WellTrack(collar, survey), [one for one in findings if one.kind != "other-wells"]


def _missing(field: Path, structure: FieldStructure) -> list[Finding]:
    """Say why there is no curve between wells."""
    placed = sum(well.track is not None for well in structure.wells)
    if not placed:
        action = "no map and no curve between wells; --collar gives the places"
        return [Finding(Severity.INFO, "no-collars", field.name, "the places of the wells are not given", action)]
    if structure.between is None:
        observed = f"a curve and a place are known of {sum(bool(well.levels.size) for well in structure.wells)} wells"
        action = f"no curve between wells: that needs {MIN_WELLS}"
        return [Finding(Severity.INFO, "too-few-wells", field.name, observed, action)]
    if not np.isfinite(structure.between.gain.error):
        observed = f"no elevation has curves of {MIN_WELLS} wells"
        return [Finding(Severity.INFO, "no-common-level", field.name, observed, "no curve is drawn between wells")]
    if not structure.between.gain.gained:
        observed = "kriging predicts a well that is left out no better than the mean of the others"
        return [Finding(Severity.INFO, "nothing-gained", field.name, observed, "no curve is drawn between wells")]
    return []
