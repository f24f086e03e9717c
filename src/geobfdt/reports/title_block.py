"""The title block of a report: what a field knows about a well that neither its image nor its picks hold."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, FiniteFloat, StringConstraints, ValidationError

from geobfdt.runtime.findings import Finding, InputError, Severity
from geobfdt.runtime.settings_files import read_yaml, validation_message
from geobfdt.wells.field import file_stem
from geobfdt.wells.image import WellImage
from geobfdt.wells.intervals import IntervalTable
from geobfdt.wells.picks import PickTable

__all__ = ["NO_TITLE", "TITLE_FILE", "TitleBlock", "TitleFile", "contradictions", "read_titles"]

# Name of the file in the folder of a field.
TITLE_FILE = "report.yaml"

_CURE = "correct it; docs/reports.md lists what may stand in it"
# Two declinations that differ by less agree (deg).
_SAME_DECLINATION_DEG = 0.05


def _plain_date(value: Any) -> Any:
    """Return a date as text, since YAML makes dates of what looks like one."""
    return value.isoformat() if isinstance(value, datetime.date) else value


_LINE = StringConstraints(strip_whitespace=True, max_length=200, pattern=r"^[^\x00-\x1f\x7f\u2028\u2029]*$")
_TEXT = StringConstraints(strip_whitespace=True, max_length=2000, pattern=r"^[^\x00-\x09\x0b-\x1f\x7f\u2028\u2029]*$")
Line = Annotated[str, BeforeValidator(_plain_date), _LINE]
Text = Annotated[str, BeforeValidator(_plain_date), _TEXT]


class TitleBlock(BaseModel):
    """
    The entries of a title block; those that are not given are left out.

    Examples
    --------
    >>> TitleBlock(company="Example", declination=-2.5).rows()
    [('Company', 'Example'), ('Declination', '-2.5 deg')]
    """

    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)

    company: Line = Field("", description="company the report is for")
    field: Line = Field("", description="field, site or project")
    well: Line = Field("", description="name of the well on the report, instead of the one in its file")
    location: Line = Field("", description="coordinates or place")
    datum: Line = Field("", description="what depths are measured from, with its elevation")
    declination: Annotated[FiniteFloat, Field(ge=-180, le=180)] | None = Field(
        None, description="angle to add to magnetic azimuths (deg)"
    )
    tool_string: Line = Field("", description="tools of the run")
    logging_date: Line = Field("", description="date of the log")
    interpreter: Line = Field("", description="who answers for the picks")
    version: Line = Field("", description="version of the report")
    remarks: Text = Field("", description="remarks, in lines")

    def rows(self) -> list[tuple[str, str]]:
        """Return label and text of the entries that are given."""
        values = {name: getattr(self, name) for name in TitleBlock.model_fields}
        texts = {name: value for name, value in values.items() if value not in ("", None)}
        if self.declination is not None:
            texts["declination"] = f"{self.declination:+g} deg"
        return [(name.replace("_", " ").capitalize(), str(text)) for name, text in texts.items()]

    def name(self, image: WellImage) -> str:
        """Return the name of the well on the report."""
        return self.well or str(image.attrs["well"] or image.attrs["source"] or "Unnamed well")

    def rename(
        self, image: WellImage, picks: PickTable, intervals: IntervalTable | None
    ) -> tuple[WellImage, PickTable, IntervalTable | None]:
        """Return a well and its own picks and intervals under the name that the report gives it."""
        if not self.well:
            return image, picks, intervals
        names = ["", str(image.attrs["well"])]
        own = picks[picks["well"].isin(names)].assign(well=self.well)
        looked = intervals[intervals["well"].isin(names)].assign(well=self.well) if intervals is not None else None
        return image.assign_attrs(well=self.well), own, looked


# The title block of a report without entries.
NO_TITLE = TitleBlock()


class TitleFile(TitleBlock):
    """The title blocks of the wells of a field: entries for all of them, and entries of single wells."""

    wells: dict[str, TitleBlock] = Field({}, description="entries of single wells, by name, in place of those above")

    def of(self, well: str) -> TitleBlock:
        """Return the title block of a well, given by its name or its file stem."""
        own = {file_stem(name): block for name, block in self.wells.items()}.get(file_stem(well), TitleBlock())
        return TitleBlock(
            **{**self.model_dump(exclude={"wells"}, exclude_unset=True), **own.model_dump(exclude_unset=True)}
        )


def read_titles(file: Path, wells: list[str]) -> TitleFile:
    """
    Read the title blocks of a field.

    Parameters
    ----------
    file : Path
        YAML; see :class:`TitleFile`.
    wells : list of str
        File stems of the wells that are reported on.

    Raises
    ------
    InputError
        If it is no YAML, a key or a value in it is not known, or one name is given to several wells.
    """
    try:
        titles = TitleFile.model_validate(read_yaml(file, "title block", _CURE) or {})
    except ValidationError as error:
        raise InputError(file, validation_message(error), _CURE) from error
    if titles.well and sum(not titles.of(well).well or titles.of(well).well == titles.well for well in wells) > 1:
        cure = "write it under wells, at the name of the well that it is of"
        raise InputError(file, f"one name, {titles.well!r}, for {len(wells)} wells", cure)
    return titles


def contradictions(title: TitleBlock, image: WellImage) -> list[Finding]:
    """
    Compare a title block with the file of the well.

    Examples
    --------
    >>> from geobfdt.wells.image import well_image
    >>> well = well_image([[0.0]], [1.0], well="A-1", declination=2.0)
    >>> [finding.kind for finding in contradictions(TitleBlock(declination=-2.0), well)]
    ['title-declination']
    """
    own = float(image.attrs["declination"])
    if title.declination is None or not np.isfinite(own) or abs(own - title.declination) < _SAME_DECLINATION_DEG:
        return []
    observed = f"the title block says declination {title.declination:+g} deg, the file of the well {own:+g} deg"
    action = "true azimuths rest on the file's; correct the one that is wrong"
    return [Finding(Severity.MAJOR, "title-declination", TITLE_FILE, observed, action)]
