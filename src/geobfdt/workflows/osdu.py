"""Images and pick tables as records of OSDU: from a file to JSON, and Parquet beside it."""

from __future__ import annotations

import json
from pathlib import Path

from geobfdt.io.tables.pick_tables import Interpretation
from geobfdt.io.tables.surveys import read_survey
from geobfdt.io.write.osdu import OsduRecord, OsduSettings, interval_set, marker_set, trajectory, well_log
from geobfdt.runtime.findings import Finding, InputError, Severity
from geobfdt.runtime.settings_files import read_settings
from geobfdt.runtime.storage import atomic_files
from geobfdt.wells.image import WellImage
from geobfdt.wells.options import ReadingOptions
from geobfdt.wells.picks import without_rejected

__all__ = ["read_osdu_settings", "write_image_records", "write_pick_records"]

_CURE = "give --osdu a YAML of partition, wellbore, owners, viewers, legal_tags, countries and vertical_reference"


def read_osdu_settings(file: Path | None, target: Path) -> OsduSettings:
    """
    Read the entries that the platform needs.

    Raises
    ------
    InputError
        If no file is given, or one of the settings is missing or wrong.
    """
    if file is None:
        raise InputError(target, "an OSDU record needs a partition, a wellbore, access and legal tags", _CURE)
    return read_settings(OsduSettings, file, "settings file of OSDU", _CURE, "docs/plugs.md")


def write_image_records(
    image: WellImage, target: Path, settings: OsduSettings, reading: ReadingOptions
) -> list[Finding]:
    """
    Write a WellLog of an image, and a WellboreTrajectory of the survey that was read with it.

    Parameters
    ----------
    image : WellImage
        The well.
    target : Path
        JSON file of the records; Parquet files lie beside it.
    settings : OsduSettings
        What the platform wants to know.
    reading : ReadingOptions
        With the survey.

    Returns
    -------
    list of Finding
        What is left out, and where the bulk data are.
    """
    records = [well_log(image, target.stem, settings), *_trajectory(target, settings, reading, image.attrs["well"])]
    findings = []
    if "colour" in image:
        observed = "the image has colours"
        action = "left out: a curve of OSDU holds numbers, and those are the grey values"
        findings.append(Finding(Severity.MINOR, "colour-left-out", target.name, observed, action))
    return findings + _write(records, target)


def write_pick_records(
    table: Interpretation, source: Path, target: Path, settings: OsduSettings, reading: ReadingOptions
) -> list[Finding]:
    """
    Write a WellboreMarkerSet of picks, a WellboreIntervalSet of what is no plane, and a WellboreTrajectory.

    Parameters
    ----------
    table : Interpretation
        Picks, intervals and breakouts of one well.
    source, target : Path
        Where they are from, for errors; JSON file of the records.
    settings : OsduSettings
        What the platform wants to know.
    reading : ReadingOptions
        The north of the azimuths, where the table does not say it; the survey.

    Returns
    -------
    list of Finding
        What is left out, and where the bulk data are.

    Raises
    ------
    InputError
        If the table holds several wells or nothing, or a north is not known.
    """
    wells = sorted({*table.picks["well"], *table.intervals["well"], *table.breakouts["well"]})
    if len(wells) > 1:
        observed = f"holds {len(wells)} wells: {', '.join(wells)[:200]}"
        raise InputError(source, observed, "a record is of one wellbore: choose one with --well")
    north = table.north
    picks, findings, records = without_rejected(table.picks), [], []
    if len(picks) < len(table.picks):
        observed = f"{len(table.picks) - len(picks)} of {len(table.picks)} picks are rejected"
        findings.append(Finding(Severity.INFO, "rejected-left-out", target.name, observed, "left out"))
    bare = int(picks["dip_true_deg"].isna().sum())
    if bare:
        observed = f"{bare} of {len(picks)} picks have no true dip"
        action = "markers without dip and azimuth; geobfdt ingest with --survey computes them"
        findings.append(Finding(Severity.MAJOR, "no-dip", target.name, observed, action))
    if len(picks):
        records.append(marker_set(picks, target.stem, settings, north))
    # A reader keeps breakouts and induced fractures as intervals, too; those with an azimuth are in their own table.
    damage = set(zip(table.breakouts["top_m"], table.breakouts["base_m"], strict=True))
    ends = list(zip(table.intervals["top_m"], table.intervals["base_m"], strict=True))
    intervals = table.intervals[[end not in damage for end in ends]]
    if len(intervals) or len(table.breakouts):
        records.append(interval_set(intervals, table.breakouts, target.stem, settings, north))
    if not records:
        raise InputError(source, "no pick and no interval is left to write", "pick first")
    records += _trajectory(target, settings, reading, wells[0])
    return findings + _write(records, target)


def _trajectory(target: Path, settings: OsduSettings, reading: ReadingOptions, well: str) -> list[OsduRecord]:
    """Return the record of the survey, if one is given."""
    if reading.survey is None:
        return []
    survey, _ = read_survey(reading.survey, well=well or None, decimal=reading.decimal)
    return [trajectory(survey, target.stem, settings)]


def _write(records: list[OsduRecord], target: Path) -> list[Finding]:
    """Write records and bulk data together, or none of them."""
    files = {record.kind: target.with_name(f"{target.stem}.{record.kind}.parquet") for record in records}
    for file in files.values():
        if file.exists() and not target.exists():
            raise InputError(file, f"is there already, and {target.name} is not", "move it, or name another target")
    with atomic_files(target.parent) as part:
        for record in records:
            record.write_bulk(part / files[record.kind].name)
            record.record["data"]["ExtensionProperties"]["geobfdt"]["bulk"] = files[record.kind].name
        text = json.dumps([record.record for record in records], indent=1, allow_nan=False)
        (part / target.name).write_text(text + "\n", encoding="utf-8")
    observed = f"{len(records)} records: {', '.join(files)}"
    beside = ", ".join(file.name for file in files.values())
    return [Finding(Severity.INFO, "osdu-records-written", target.name, observed, f"bulk data in {beside}")]
