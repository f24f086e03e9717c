"""Bringing wells into a field: image, picks and intervals, with every repair written down."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import numpy as np
from pydantic import BaseModel, ConfigDict
from pydantic import Field as Described

from geobfdt._version import __version__
from geobfdt.io.images.files import read
from geobfdt.io.tables.pick_tables import Interpretation, read_pick_table
from geobfdt.io.write.netcdf import write_netcdf
from geobfdt.quality.image_checks import with_image_findings
from geobfdt.runtime.findings import Finding, InputError, Severity, findings_to_json
from geobfdt.runtime.locks import folder_lock
from geobfdt.runtime.progress import Progress, no_progress, part_of
from geobfdt.runtime.storage import atomic_files, sha256, write_text
from geobfdt.wells.breakouts import BreakoutTable, complete_breakouts, read_breakouts, write_breakouts
from geobfdt.wells.field import file_stem
from geobfdt.wells.image import WellImage, place_of
from geobfdt.wells.intervals import IntervalTable, new_intervals, read_intervals, write_intervals
from geobfdt.wells.layers import DATABASE, LayerLog
from geobfdt.wells.manifest import Entry, Source, options_given, read_manifest, source_of, write_manifest
from geobfdt.wells.north import North, NorthTurn, north_turn, turn_breakouts, turn_image, turn_picks, turn_table
from geobfdt.wells.options import ReadingOptions
from geobfdt.wells.picks import PickTable, complete, new_picks, read_picks, write_picks
from geobfdt.wells.table_north import check_one_north, norths_of
from geobfdt.wells.well_names import well_key
from geobfdt.workflows.assemble import read_or_assemble
from geobfdt.workflows.north import image_north_turn

__all__ = ["IngestOptions", "image_digest", "ingest"]

_Table = TypeVar("_Table", PickTable, IntervalTable, BreakoutTable)

LOCK = ".ingest"  # Folder of the lock, in the field.


class IngestOptions(BaseModel):
    """
    Settings of ``geobfdt ingest``, for the command line, the library and the service alike.

    Examples
    --------
    >>> IngestOptions(picks="picks.csv").replace
    False
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    reading: ReadingOptions = Described(default=ReadingOptions(), description="what the image files do not say")
    picks: Path | None = Described(
        None,
        description="pick table of one or several wells, or folder of WELL.picks.csv, WELL.intervals.csv and so on",
    )
    mapping: Path | None = Described(None, description="what the columns of the table mean (docs/pick-tables.md)")
    vocabulary: Path | None = Described(None, description="what the labels of the table mean (docs/pick-tables.md)")
    replace: bool = Described(
        False, description="whether the image of a well that is there is replaced, and its picks by new ones"
    )
    to_north: North | None = Described(None, description="north to which azimuths of images and picks are turned")
    convergence: float | None = Described(
        None, ge=-180, le=180, description="what to add to grid azimuths to get true ones (deg, east is +)"
    )


DEFAULTS = IngestOptions()


def image_digest(file: Path, image: WellImage) -> str:
    """Return the SHA-256 of the original of an image; a netCDF file that names none is its own original."""
    return image.attrs["source_sha256"] or sha256(file)


def ingest(
    files: Sequence[Path],
    field: Path,
    options: IngestOptions = DEFAULTS,
    *,
    progress: Progress = no_progress,
) -> dict[str, list[Finding]]:
    """
    Bring image files, and the picks made on them, into a field.

    Parameters
    ----------
    files : sequence of Path
        One image file a well.
    field : Path
        The field's folder; made if missing. What each well was made of is kept in its ``manifest.json``.
    options : IngestOptions
        What the files do not say, the picks, and whether a well may be there already.
    progress : callable
        Called with the share done, 0 to 1.

    Returns
    -------
    dict
        Findings by well, as they are also kept in ``WELL.findings.json``.

    Raises
    ------
    InputError
        If a file cannot be read or written, two files hold the same well, it is there already and is not to be
        replaced, two wells would have one file name, or the wells of the picks are not certain.
        Each well is written whole or not at all; wells before the faulty one stay.
    """
    picks, mapping, vocabulary, reading = options.picks, options.mapping, options.vocabulary, options.reading
    table = None
    if picks and not picks.is_dir():
        table = read_pick_table(picks, mapping=mapping, vocabulary=vocabulary, decimal=reading.decimal)
    unnamed = table is not None and any((rows["well"] == "").any() for rows in (table.picks, table.breakouts))
    if len(files) > 1 and unnamed:
        observed = "some rows name no well, and several files are given"
        raise InputError(picks or "", observed, "add a well column, or ingest one by one")
    findings: dict[str, list[Finding]] = {}
    for number, file in enumerate(files):
        report = part_of(progress, number / len(files), (number + 0.9) / len(files))
        image = read_or_assemble(file, reading, progress=report)
        well = image.attrs["well"]
        stem = file_stem(well)
        if stem in findings:
            raise InputError(file, f"holds well {well!r}, as another file given does", "give each file its --well")
        interpretation = table if table is not None else _beside(picks, stem)
        tables = _tables(picks, stem) if picks and interpretation else []
        sources = [source_of(path) for path in (*tables, mapping, vocabulary) if path] if tables else []
        entry = Entry(
            well=well,
            image=Source(file=image.attrs["source"] or file.name, sha256=image_digest(file, image)),
            picks=tuple(sources),
            options=options_given(reading) | options.model_dump(include={"to_north", "convergence"}, exclude_none=True),
            survey=source_of(reading.survey) if reading.survey else None,
            version=__version__,
        )
        turn = image_north_turn(image, reading, options.to_north, options.convergence)
        if interpretation is not None:
            interpretation = _at_north_of(interpretation, image, options)
        with _locked(field):
            wells = read_manifest(field)
            existing_files = _existing_files(field, stem, well, wells.get(stem), file)
            if existing_files is not None and not options.replace:
                raise InputError(
                    file,
                    f"well {well!r} is in the field already: {existing_files}",
                    "give --replace to replace its image, and its picks by those of --picks; or another run its own "
                    f"name, such as --well {well + ' run 2'!r}",
                )
            incoming = _IncomingWell(image, stem, entry, interpretation, picks, existing_files, turn)
            findings[stem] = _write_well(incoming, field, wells)
        progress((number + 1) / len(files))
    return findings


@contextmanager
def _locked(field: Path) -> Iterator[None]:
    """Hold a field: two ingests at a time may bring the same well, and both write the manifest."""
    fresh = not field.exists()
    try:
        with folder_lock(field / LOCK, wait=True, by="ingest"):
            yield
    except InputError:
        if fresh and not any(field.glob("*.nc")):
            shutil.rmtree(field / LOCK, ignore_errors=True)
            with suppress(OSError):  # Something else is in it.
                field.rmdir()
        raise


def _existing_files(field: Path, stem: str, well: str, entry: Entry | None, file: Path) -> str | None:
    """Describe what the field holds of a well; None if nothing. Another well of the same file name is refused."""
    stems = {path.stem for path in field.glob("*.nc")}
    alike = next((name for name in sorted(stems) if name != stem and name.casefold() == stem.casefold()), None)
    name = entry.well if entry else _name_in(field / f"{stem}.nc")
    if alike or (name and well_key(name) != well_key(well)):
        other = alike or name
        observed = f"wells {well!r} and {other!r} would have one file name, {stem}"
        raise InputError(file, observed, f"give it another name with --well, or {other!r} if it is the same well")
    parts = [f"image of {entry.image.file if entry else 'an unknown file'}"] if stem in stems else []
    was = {source.file: source.sha256 for source in entry.written} if entry else {}
    for suffix, read_rows in (
        (".picks.csv", read_picks),
        (".intervals.csv", read_intervals),
        (".breakouts.csv", read_breakouts),
    ):
        path = field / f"{stem}{suffix}"
        if path.exists():
            edited = ", edited since" if was.get(path.name, "") not in ("", sha256(path)) else ""
            parts.append(f"{len(read_rows(path))} {suffix.split('.')[1]}{edited}")
    if (field / DATABASE).exists() and (layers := LayerLog(field).layers(stem)):
        parts.append(f"review layers of {', '.join(layers)}")
    return ", ".join(parts) or None


def _name_in(file: Path) -> str | None:
    """Name of the well in a file of the field; None if there is none or it cannot be read."""
    try:
        with read(file) as image:
            return str(image.attrs["well"]) or None
    except InputError:
        return None


def _tables(picks: Path, stem: str) -> list[Path]:
    """Files that the interpretation of a well comes from."""
    if not picks.is_dir():
        return [picks]
    return [file for file in (picks / f"{stem}.{part}.csv" for part in ("picks", "breakouts")) if file.exists()]


def _beside(folder: Path | None, stem: str) -> Interpretation | None:
    """Picks, intervals and breakouts of a well in a folder that has a table for each."""
    picks, intervals, breakouts = (
        (folder or Path()) / f"{stem}.{part}.csv" for part in ("picks", "intervals", "breakouts")
    )
    if folder is None or not (picks.exists() or breakouts.exists()):
        return None
    read_back = read_pick_table(picks) if picks.exists() else Interpretation(new_picks(), new_intervals(), [])
    return replace(
        read_back,
        intervals=read_intervals(intervals) if intervals.exists() else read_back.intervals,
        breakouts=read_breakouts(breakouts) if breakouts.exists() else read_back.breakouts,
    )


@dataclass(frozen=True)
class _IncomingWell:
    """A well to write into a field: image, name of files, manifest entry, picks, and the files that it replaces."""

    image: WellImage
    stem: str
    entry: Entry
    interpretation: Interpretation | None
    picks: Path | None
    existing_files: str | None
    turn: NorthTurn | None


def _at_north_of(interpretation: Interpretation, image: WellImage, options: IngestOptions) -> Interpretation:
    """Bring azimuths of picks to the north of the image; a table that does not say its north has that one."""
    north, tables = image.attrs["north"], (interpretation.picks, interpretation.breakouts)
    own = sorted({check_one_north(table, options.picks or Path()) for table in tables} - {"unknown", north})
    if not own:
        return interpretation
    if north == "unknown":
        observed = f"azimuths are from {own[0]} north, and nothing says from which those of the image are"
        note = Finding(Severity.MAJOR, "north-unknown", place_of(image), observed, "give --north for the image")
        return replace(interpretation, findings=[*interpretation.findings, note])
    declination = float(image.attrs["declination"])
    if not np.isfinite(declination):
        declination = interpretation.declination
    picks, breakouts = tables
    findings = list(interpretation.findings)
    for source in own:
        place = place_of(image)
        turn = north_turn(place, source, north, declination=declination, convergence=options.convergence)
        if norths_of(picks) == [source]:
            picks, notes = turn_table(picks, turn, place)
            # Apparent azimuths that cannot be turned without the hole are computed again from true ones.
            lost = (picks["azimuth_app_deg"].isna() & picks["azimuth_true_deg"].isna()).any()
            findings += [note for note in notes if note.kind == "north-turned" or lost]
        if norths_of(breakouts) == [source]:
            breakouts = turn_breakouts(breakouts, turn)
    return replace(interpretation, picks=picks, breakouts=breakouts, findings=findings)


def _write_well(incoming: _IncomingWell, field: Path, wells: dict[str, Entry]) -> list[Finding]:
    """Write a well and its line of the manifest, all files or none."""
    stem, interpretation, picks, turn = incoming.stem, incoming.interpretation, incoming.picks, incoming.turn
    well = incoming.image.attrs["well"]
    image = with_image_findings(incoming.image if turn is None else turn_image(incoming.image, turn))
    findings = list(image.attrs["findings"])
    replaced = ["image"]
    with atomic_files(field) as part:
        mine = intervals = breakouts = None
        if interpretation is not None:
            mine, completed = complete(_of_well(interpretation.picks, well), incoming.image)
            if turn is not None:
                mine = turn_picks(mine, incoming.image, turn)
            findings += [*interpretation.findings, *completed]
            intervals = _of_well(interpretation.intervals, well)
            breakouts = _of_well(interpretation.breakouts, well)
            # A table without a pick of this well does not replace the picks that are there, and one of breakouts alone
            # says nothing of planes.
            if len(mine) or not (len(breakouts) or (field / f"{stem}.picks.csv").exists()):
                write_picks(mine, part / f"{stem}.picks.csv")
                replaced.append("picks")
            if len(intervals):
                write_intervals(intervals, part / f"{stem}.intervals.csv")
                replaced.append("intervals")
            if len(breakouts):
                breakouts, of_breakouts = complete_breakouts(breakouts, incoming.image)
                if turn is not None:
                    # Apparent azimuths follow from the turned true ones.
                    breakouts, _ = complete_breakouts(turn_breakouts(breakouts, turn), image)
                findings += of_breakouts
                write_breakouts(breakouts, part / f"{stem}.breakouts.csv")
                replaced.append("breakouts")
        if picks is not None and not any(rows is not None and len(rows) for rows in (mine, breakouts)):
            others = sorted(set(interpretation.picks["well"]) - {""}) if interpretation else []
            observed = f"no pick of well {well!r}" + (f", but of {', '.join(others)[:200]}" if others else "")
            findings.append(Finding(Severity.MAJOR, "no-picks", picks.name, observed, "check the well names"))
        write_netcdf(image, part / f"{stem}.nc")
        # What is kept keeps the digest it was written with, so that an edit by hand still shows.
        before = wells.get(stem)
        written = {source.file: source for source in before.written} if before else {}
        written |= {file.name: source_of(file) for file in sorted(part.iterdir())}
        sources = incoming.entry.picks if "picks" in replaced or not before else before.picks
        wells[stem] = incoming.entry.model_copy(update={"written": tuple(written.values()), "picks": sources})
        if incoming.existing_files is not None:
            copies = _keep_edited(field, part, before)
            action = f"{', '.join(replaced)} replaced, as asked; {', '.join(copies) or 'everything else'} kept"
            observed = f"the field had {incoming.existing_files}"
            findings.append(Finding(Severity.MAJOR, "well-replaced", stem, observed, action))
        write_manifest(part, wells)
        write_text(part / f"{stem}.findings.json", findings_to_json(findings))
    return findings


def _keep_edited(field: Path, part: Path, before: Entry | None) -> list[str]:
    """Copy tables that are about to be replaced and were edited since ingest wrote them; return the new names."""
    copies = []
    for new in sorted(part.glob("*.csv")):
        old = field / new.name
        if old.exists() and (before is None or source_of(old) not in before.written):
            copies.append(f"{new.stem}.{sha256(old)[:8]}.csv")
            shutil.copyfile(old, part / copies[-1])
    return copies


def _of_well(table: _Table, well: str) -> _Table:
    """Rows of a well; of a table that names none all are its own, for they came with its one file."""
    names = table["well"].map(well_key)
    own = names == well_key(well) if (names != "").any() else names == ""
    return table[own].assign(well=well).reset_index(drop=True)
