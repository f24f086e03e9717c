"""Bringing wells into a field: image, picks and intervals, with every repair written down."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd

from geobfdt.wells.field import file_stem
from geobfdt.wells.findings import Finding, InputError, Severity, findings_to_json
from geobfdt.wells.image import WellImage
from geobfdt.wells.intervals import read_intervals, write_intervals
from geobfdt.wells.options import ReadingOptions
from geobfdt.wells.picks import complete, write_picks
from geobfdt.wells.quality import checked
from geobfdt.wells.readers.files import read
from geobfdt.wells.readers.tables import Interpretation, read_pick_table
from geobfdt.wells.storage import atomic_files, write_text
from geobfdt.wells.writers.netcdf import write_netcdf

__all__ = ["ingest"]


def ingest(
    files: Sequence[Path],
    field: Path,
    options: ReadingOptions | None = None,
    *,
    picks: Path | None = None,
    mapping: Path | None = None,
    vocabulary: Path | None = None,
    replace: bool = True,
    progress: Callable[[float], None] = lambda _share: None,
) -> dict[str, list[Finding]]:
    """
    Bring image files, and the picks made on them, into a field.

    Parameters
    ----------
    files : sequence of Path
        One image file a well.
    field : Path
        The field's folder; made if missing. Of a well that is replaced, its other tables are kept.
    options : ReadingOptions, optional
        What the files do not say.
    picks : Path, optional
        A pick table of one or several wells, or a folder of ``WELL.picks.csv`` and ``WELL.intervals.csv``.
    mapping, vocabulary : Path, optional
        What the table's columns and labels mean (``docs/pick-tables.md``).
    replace : bool
        Whether a well may be there already.
    progress : callable
        Told the share done, 0 to 1.

    Returns
    -------
    dict
        Findings by well, as they are also kept in ``WELL.findings.json``.

    Raises
    ------
    InputError
        If a file cannot be read or written, two files hold the same well, it is there already and is not to be
        replaced, or the picks cannot be told apart by well.
        Each well is written whole or not at all; wells before the faulty one stay.
    """
    table = None
    if picks and not picks.is_dir():
        decimal = options.decimal if options else None
        table = read_pick_table(picks, mapping=mapping, vocabulary=vocabulary, decimal=decimal)
    if table is not None and len(files) > 1 and (table.picks["well"] == "").any():
        raise InputError(
            picks or "",
            "some rows name no well, and several files are given",
            "add a well column, or ingest one by one",
        )
    done: dict[str, list[Finding]] = {}
    for number, file in enumerate(files):
        image = read(file, options)
        well = image.attrs["well"]
        stem = file_stem(well)
        if stem in done:
            raise InputError(file, f"holds well {well!r}, as another file given does", "give each file its --well")
        if not replace and (field / f"{stem}.nc").exists():
            raise InputError(file, f"well {well!r} is in the field already", "say that it is to be replaced")
        interpretation = table if table is not None else _beside(picks, stem)
        done[stem] = _bring(image, field, stem, interpretation, picks)
        progress((number + 1) / len(files))
    return done


def _beside(folder: Path | None, stem: str) -> Interpretation | None:
    """Picks and intervals of a well in a folder that has a table for each."""
    if folder is None or not (folder / f"{stem}.picks.csv").exists():
        return None
    read_back = read_pick_table(folder / f"{stem}.picks.csv")
    intervals = folder / f"{stem}.intervals.csv"
    return Interpretation(
        read_back.picks, read_intervals(intervals) if intervals.exists() else read_back.intervals, read_back.findings
    )


def _bring(
    image: WellImage, field: Path, stem: str, interpretation: Interpretation | None, picks: Path | None
) -> list[Finding]:
    well = image.attrs["well"]
    image = checked(image)
    findings = list(image.attrs["findings"])
    with atomic_files(field) as part:
        if interpretation is not None:
            mine, completed = complete(_of_well(interpretation.picks, well), image)
            findings += [*interpretation.findings, *completed]
            write_picks(mine, part / f"{stem}.picks.csv")
            intervals = _of_well(interpretation.intervals, well)
            if len(intervals):
                write_intervals(intervals, part / f"{stem}.intervals.csv")
        if picks is not None and (interpretation is None or not len(mine)):
            findings.append(
                Finding(Severity.MAJOR, "no-picks", str(picks), f"no pick of well {well!r}", "check the well names")
            )
        write_netcdf(image, part / f"{stem}.nc")
        write_text(part / f"{stem}.findings.json", findings_to_json(findings))
    return findings


def _of_well(table: pd.DataFrame, well: str) -> pd.DataFrame:
    """Rows of a well; rows that name none are its own, for they came with its one file."""
    return table[table["well"].isin([well, ""])].assign(well=well).reset_index(drop=True)
