"""Images and pick tables from one format to another."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from pydantic import BaseModel, ConfigDict
from pydantic import Field as Described

from geobfdt.io.tables.pick_tables import Interpretation, read_pick_table
from geobfdt.io.write.breakout_tables import BREAKOUT_FORMATS
from geobfdt.io.write.delimited import write_csv, write_techlog_image
from geobfdt.io.write.dlis import write_dlis
from geobfdt.io.write.netcdf import write_netcdf
from geobfdt.io.write.planes3d import DISC_FORMATS, POINT_FORMATS
from geobfdt.io.write.raster import write_png
from geobfdt.io.write.tables import FORMATS
from geobfdt.runtime.findings import Finding, InputError, Severity
from geobfdt.runtime.storage import atomic_files
from geobfdt.wells.breakouts import BreakoutTable
from geobfdt.wells.intervals import IntervalTable, read_intervals, write_intervals
from geobfdt.wells.north import North, north_turn, turn_breakouts, turn_image, turn_table
from geobfdt.wells.options import ReadingOptions
from geobfdt.wells.picks import PickTable
from geobfdt.wells.table_north import with_north
from geobfdt.workflows.assemble import read_or_assemble
from geobfdt.workflows.hand_over import place, write_placed
from geobfdt.workflows.north import image_north_turn
from geobfdt.workflows.osdu import read_osdu_settings, write_image_records, write_pick_records

__all__ = ["IMAGE_FORMATS", "ConvertOptions", "convert"]

IMAGE_FORMATS = {
    "netcdf": write_netcdf,
    "dlis": write_dlis,
    "png": write_png,
    "csv": write_csv,
    "techlog-image": write_techlog_image,
}
# Records of OSDU: of an image, and of a pick table.
_OSDU_LOG, _OSDU_PICKS = "osdu-log", "osdu-picks"
_OF_INTERVALS = ("ignored-intervals", "interval-without-height")  # A reader notes so that it keeps intervals.
_BY_SUFFIX = {".nc": "netcdf", ".dlis": "dlis", ".png": "png", ".fab": "fracman", ".vtk": "vtk"}
# Formats that hold positions; the first one is the only one that is also written without.
_WITH_POSITIONS = ("picks", *DISC_FORMATS, *POINT_FORMATS)


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
        None,
        description="a key of IMAGE_FORMATS, of io.write.tables.FORMATS, or of DISC_FORMATS and POINT_FORMATS of "
        "io.write.planes3d; osdu-log or osdu-picks; None: by the target's suffix",
    )
    reading: ReadingOptions = Described(default=ReadingOptions(), description="what the source does not say")
    mapping: Path | None = Described(None, description="what the columns of a pick table mean (docs/pick-tables.md)")
    vocabulary: Path | None = Described(None, description="what the labels of a pick table mean (docs/pick-tables.md)")
    collar: Path | None = Described(None, description="table of collars; picks get positions (docs/hand-over.md)")
    osdu: Path | None = Described(None, description="entries that an OSDU platform needs (docs/plugs.md)")
    radius: float = Described(1.0, gt=0, le=1e5, description="radius of the discs of vtk, fracman and dfnworks (m)")
    to_north: North | None = Described(None, description="north to which azimuths are turned")
    convergence: float | None = Described(
        None, ge=-180, le=180, description="what to add to grid azimuths to get true ones (deg, east is +)"
    )


DEFAULTS = ConvertOptions()


def convert(source: Path, target: Path, options: ConvertOptions = DEFAULTS) -> list[Finding]:
    """
    Convert an image or a pick table.

    Rows of a pick table that are no planes become intervals to ignore: in our own format they are written beside the
    picks, as ``<stem>.intervals.csv``; other formats have no place for them. Breakouts and induced fractures are
    written beside the picks in the format of the target, as ``<stem>.breakouts.csv``; LAS has no place for them.

    Parameters
    ----------
    source, target : Path
        What to read and what to write.
    options : ConvertOptions
        The format, and what the source does not say.

    Returns
    -------
    list of Finding
        What was repaired or assumed, and where the intervals and breakouts are: ``intervals-written`` and
        ``breakouts-written`` have their file as their place, ``intervals-left-out`` counts those that are lost.

    Raises
    ------
    InputError
        If the source cannot be read, the target cannot be written, other intervals lie beside it already, or its format
        is not known.
    """
    name = options.to or _BY_SUFFIX.get(target.suffix.lower())
    placed = name in DISC_FORMATS or name in POINT_FORMATS
    if options.collar is not None and not placed and name != "picks":
        observed = f"the format {name} has no place for positions" if name else "its suffix does not tell the format"
        raise InputError(target, observed, f"leave out --collar, or give --to {', '.join(_WITH_POSITIONS)}")
    if placed and options.collar is None:
        raise InputError(source, f"a {name} file needs positions", "give --collar and --survey (docs/hand-over.md)")
    of_osdu = name in (_OSDU_LOG, _OSDU_PICKS)
    if options.osdu is not None and not of_osdu:
        raise InputError(target, f"a {name} file has no place for OSDU settings", "leave out --osdu")
    settings = read_osdu_settings(options.osdu, target) if of_osdu else None
    if name in IMAGE_FORMATS or name == _OSDU_LOG:
        image = read_or_assemble(source, options.reading)
        turn = image_north_turn(image, options.reading, options.to_north, options.convergence)
        if turn is not None:
            image = turn_image(image, turn)
        if settings is not None:
            return [*image.attrs["findings"], *write_image_records(image, target, settings, options.reading)]
        IMAGE_FORMATS[str(name)](image, target)
        return list(image.attrs["findings"])
    if name in FORMATS or placed or name == _OSDU_PICKS:
        reading = options.reading
        table = read_pick_table(
            source,
            mapping=options.mapping,
            vocabulary=options.vocabulary,
            well=reading.well,
            depth_unit=reading.depth_unit,
            decimal=reading.decimal,
        )
        table = _with_stated_north(table, source, reading)
        if options.to_north is not None:
            table = _turned(table, source, options, options.to_north)
        if options.collar is not None:
            table = place(table, source, options.collar, reading)
        if settings is not None:
            return [*table.findings, *write_pick_records(table, source, target, settings, reading)]
        return _written(table, target, str(name), options.radius)
    observed = f"no format {name!r}" if name else "its suffix does not tell the format"
    formats = [*IMAGE_FORMATS, *FORMATS, *_WITH_POSITIONS[1:], _OSDU_LOG, _OSDU_PICKS]
    raise InputError(target, observed, f"give --to {', '.join(formats)}")


def _with_stated_north(table: Interpretation, source: Path, reading: ReadingOptions) -> Interpretation:
    """Give a table the north that the user states; another one than its own would turn its azimuths once more."""
    if reading.north is None or reading.north == table.north:
        return table
    if table.north != "unknown":
        observed = f"its azimuths are from {table.north} north already, and --north says {reading.north}"
        raise InputError(source, observed, "leave out --north, or correct the table if it is wrong")
    picks, breakouts = (with_north(rows, reading.north) for rows in (table.picks, table.breakouts))
    return replace(table, picks=PickTable(picks), breakouts=BreakoutTable(breakouts), north=reading.north)


def _turned(table: Interpretation, source: Path, options: ConvertOptions, north: North) -> Interpretation:
    """Turn a pick table, and its breakouts, to another north."""
    reading = options.reading
    declination = table.declination if reading.declination is None else reading.declination
    turn = north_turn(source.name, table.north, north, declination=declination, convergence=options.convergence)
    picks, findings = turn_table(table.picks, turn, source.name)
    return replace(
        table, picks=picks, breakouts=turn_breakouts(table.breakouts, turn), findings=[*table.findings, *findings],
        north=north, declination=declination,
    )  # fmt: skip


def _written(table: Interpretation, target: Path, name: str, radius: float) -> list[Finding]:
    """Write a pick table with its breakouts and intervals beside it, and return what happened to them."""
    rows = f"{len(table.intervals)} rows that are no planes"
    stem = target.stem.removesuffix(".picks")
    beside, of_breakouts = (target.with_name(f"{stem}.{part}.csv") for part in ("intervals", "breakouts"))
    keeps_intervals = name == "picks" and bool(len(table.intervals))
    keeps_breakouts = name in BREAKOUT_FORMATS and bool(len(table.breakouts))
    if keeps_intervals:
        _keep_others(beside, table.intervals)
    findings = list(table.findings)
    with atomic_files(target.parent) as part:
        if name in FORMATS:
            FORMATS[name](table.picks, part / target.name)
        else:
            findings += write_placed(table.picks, part / target.name, name, radius)
        if keeps_intervals:
            write_intervals(table.intervals, part / beside.name)
        if keeps_breakouts:
            BREAKOUT_FORMATS[name](table.breakouts, part / of_breakouts.name)
            _keep_other_text(of_breakouts, part / of_breakouts.name)
    if keeps_intervals:
        action = "written beside the picks, to be ignored"
        findings.append(Finding(Severity.INFO, "intervals-written", str(beside), rows, action))
    if keeps_breakouts:
        observed = f"{len(table.breakouts)} breakouts and induced fractures"
        findings.append(
            Finding(Severity.INFO, "breakouts-written", str(of_breakouts), observed, "written beside the picks")
        )
    if name in FORMATS and name not in ("picks", "las") and table.north != "unknown":
        observed = f"azimuths are from {table.north} north, for which a {name} table has no place"
        findings.append(Finding(Severity.MINOR, "north-left-out", target.name, observed, "write it down elsewhere"))
    lost = len(table.intervals) - (len(table.breakouts) if keeps_breakouts else 0)
    if name != "picks" and lost:
        observed = f"{lost} rows that are no planes"
        action = f"left out: a {name} table has no place for intervals to ignore, --to picks keeps them"
        findings = [other for other in findings if other.kind not in _OF_INTERVALS]
        findings.append(Finding(Severity.MAJOR, "intervals-left-out", target.name, observed, action))
    return findings


def _keep_other_text(file: Path, new: Path) -> None:
    """Refuse to write over another breakout table: the user did not name that file."""
    if file.exists() and file.read_bytes() != new.read_bytes():
        raise InputError(file, "holds other breakouts than those of the table", "move it, or name another target")


def _keep_others(file: Path, intervals: IntervalTable) -> None:
    """Refuse to write over other intervals: the user did not name that file."""
    if file.exists():
        there = read_intervals(file)
        if not there.equals(intervals.round(4)):
            raise InputError(file, "holds other intervals than those of the table", "move it, or name another target")
