"""Images and pick tables from one format to another."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
from pydantic import BaseModel, ConfigDict
from pydantic import Field as Described

from geobfdt.io.images.files import read
from geobfdt.io.tables.pick_tables import Interpretation, read_pick_table
from geobfdt.io.write.delimited import write_csv, write_techlog_image
from geobfdt.io.write.dlis import write_dlis
from geobfdt.io.write.netcdf import write_netcdf
from geobfdt.io.write.raster import write_png
from geobfdt.io.write.tables import FORMATS
from geobfdt.runtime.findings import Finding, InputError, Severity
from geobfdt.runtime.storage import atomic_files
from geobfdt.wells.intervals import read_intervals, write_intervals
from geobfdt.wells.north import North, north_turn, turn_image, turn_table
from geobfdt.wells.options import ReadingOptions
from geobfdt.workflows.north import image_north_turn

__all__ = ["IMAGE_FORMATS", "ConvertOptions", "convert"]

IMAGE_FORMATS = {
    "netcdf": write_netcdf,
    "dlis": write_dlis,
    "png": write_png,
    "csv": write_csv,
    "techlog-image": write_techlog_image,
}
_OF_INTERVALS = ("ignored-intervals", "interval-without-height")  # A reader notes so that it keeps intervals.
_BY_SUFFIX = {".nc": "netcdf", ".dlis": "dlis", ".png": "png"}


class ConvertOptions(BaseModel):
    """
    Settings of ``geobfdt convert``, for the command line and the library alike.

    Examples
    --------
    >>> ConvertOptions(to="picks").reading.diameter is None
    True
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    to: str | None = Described(
        None, description="a key of IMAGE_FORMATS or of io.write.tables.FORMATS; None: by the target's suffix"
    )
    reading: ReadingOptions = Described(default=ReadingOptions(), description="what the source does not say")
    mapping: Path | None = Described(None, description="what the columns of a pick table mean (docs/pick-tables.md)")
    vocabulary: Path | None = Described(None, description="what the labels of a pick table mean (docs/pick-tables.md)")
    to_north: North | None = Described(None, description="north to which azimuths are turned")
    convergence: float | None = Described(
        None, ge=-180, le=180, description="what to add to grid azimuths to get true ones (deg, east is +)"
    )


DEFAULTS = ConvertOptions()


def convert(source: Path, target: Path, options: ConvertOptions = DEFAULTS) -> list[Finding]:
    """
    Convert an image or a pick table.

    Rows of a pick table that are no planes become intervals to ignore: in our own format they are written beside the
    picks, as ``<stem>.intervals.csv``; other formats have no place for them.

    Parameters
    ----------
    source, target : Path
        What to read and what to write.
    options : ConvertOptions
        The format, and what the source does not say.

    Returns
    -------
    list of Finding
        What was repaired or assumed, and where the intervals are: ``intervals-written`` has their file
        as its place, ``intervals-left-out`` counts those that are lost.

    Raises
    ------
    InputError
        If the source cannot be read, the target cannot be written, other intervals lie beside it already, or its format
        is not known.
    """
    name = options.to or _BY_SUFFIX.get(target.suffix.lower())
    if name in IMAGE_FORMATS:
        image = read(source, options.reading)
        turn = image_north_turn(image, options.reading, options.to_north, options.convergence)
        if turn is not None:
            image = turn_image(image, turn)
        IMAGE_FORMATS[name](image, target)
        return list(image.attrs["findings"])
    if name in FORMATS:
        reading = options.reading
        table = read_pick_table(
            source,
            mapping=options.mapping,
            vocabulary=options.vocabulary,
            depth_unit=reading.depth_unit,
            decimal=reading.decimal,
        )
        if options.to_north is not None:
            table = _turned(table, source, options, options.to_north)
        return _written(table, target, name)
    observed = f"no format {name!r}" if name else "its suffix does not tell the format"
    raise InputError(target, observed, f"give --to {', '.join([*IMAGE_FORMATS, *FORMATS])}")


def _turned(table: Interpretation, source: Path, options: ConvertOptions, north: North) -> Interpretation:
    """Turn a pick table to another north."""
    reading = options.reading
    declination = table.declination if reading.declination is None else reading.declination
    turn = north_turn(
        source.name, reading.north or table.north, north, declination=declination, convergence=options.convergence
    )
    picks, findings = turn_table(table.picks, turn, source.name)
    return replace(table, picks=picks, findings=[*table.findings, *findings], north=north, declination=declination)


def _written(table: Interpretation, target: Path, name: str) -> list[Finding]:
    """Write a pick table; what became of it, and of its intervals."""
    rows = f"{len(table.intervals)} rows that are no planes"
    if name == "picks" and len(table.intervals):
        beside = target.with_name(f"{target.stem.removesuffix('.picks')}.intervals.csv")
        _keep_others(beside, table.intervals)
        with atomic_files(target.parent) as part:
            FORMATS[name](table.picks, part / target.name)
            write_intervals(table.intervals, part / beside.name)
        finding = Finding(
            Severity.INFO, "intervals-written", str(beside), rows, "written beside the picks, to be ignored"
        )
        return [*table.findings, finding]
    FORMATS[name](table.picks, target)
    if not len(table.intervals):
        return list(table.findings)
    action = f"left out: a {name} table has no place for intervals to ignore, --to picks keeps them"
    finding = Finding(Severity.MAJOR, "intervals-left-out", target.name, rows, action)
    return [*(other for other in table.findings if other.kind not in _OF_INTERVALS), finding]


def _keep_others(file: Path, intervals: pd.DataFrame) -> None:
    """Refuse to write over other intervals: the user did not name that file."""
    if file.exists():
        there = read_intervals(file)
        if not there.equals(intervals.round(4)):
            raise InputError(file, "holds other intervals than those of the table", "move it, or name another target")
