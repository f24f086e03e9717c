"""Pick tables of the world: Techlog, Geolog, WellCAD, LAS, Excel, any CSV, and ours.

Nothing is guessed: whether dips are true or apparent, and in which unit depths are, is stated by the column names, the
format, or a mapping file; otherwise the table is refused with the line to write.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd

from geobfdt.io.arrays import Array, Lines, Mask, Words
from geobfdt.io.file_findings import FileFindings
from geobfdt.io.las_header import Table, header_tables
from geobfdt.io.names import role
from geobfdt.io.nulls import is_null
from geobfdt.io.tables.breakout_rows import read_breakout_rows
from geobfdt.io.tables.cells import Cells, arrange, read_cells, sheet_kind
from geobfdt.io.tables.mapping import (
    Format,
    TableMapping,
    is_pick_header,
    load_mapping,
    plane_angle,
    recognise,
    resolve,
    table_key,
)  # fmt: skip
from geobfdt.io.tables.planes import Planes, read_planes
from geobfdt.io.tables.stated_north import north_word, read_stated_north
from geobfdt.io.tables.suspicious_rows import check_repetitions, check_rows
from geobfdt.io.tables.values import TableValues
from geobfdt.io.text import Decimal, is_las, split
from geobfdt.io.text_rows import numbered_lines
from geobfdt.io.units import METRES, agreed_unit, length_factor
from geobfdt.runtime.findings import Finding, InputError, Severity
from geobfdt.wells.breakouts import COLUMNS as BREAKOUT_COLUMNS
from geobfdt.wells.breakouts import BreakoutTable, new_breakouts, read_breakouts
from geobfdt.wells.intervals import IntervalTable, new_intervals
from geobfdt.wells.pick_contradictions import amplitude_contradictions
from geobfdt.wells.picks import COLUMNS, PickTable, new_picks, read_picks
from geobfdt.wells.table_north import check_one_north, with_north
from geobfdt.wells.vocabulary import Meaning, Vocabulary, load_vocabulary
from geobfdt.wells.well_names import check_names, rows_of, well_key

__all__ = ["Interpretation", "read_pick_table"]


_HEADER_SLACK_M = 1.0  # Picks lie so far outside of the range of a header that is rounded.
_QUALITIES = ("A", "B", "C", "D")


@dataclass(frozen=True)
class Interpretation:
    """
    What an interpreter's table holds.

    Parameters
    ----------
    picks : PickTable
        Pick table (``wells.picks``) with the further columns ``class_source``, the label as in the file, and
        ``continuity_source``, the continuity of the trace by the label (continuous, discontinuous or nothing).
    intervals : IntervalTable
        Ignored intervals (``wells.intervals``): breakouts, induced fractures.
    findings : FileFindings
        What was repaired, assumed or left out.
    breakouts : DataFrame
        Breakout table (``wells.breakouts``): those of the intervals that are breakouts or induced fractures, with what
        the table says of them.
    north : str
        North that azimuths are from: true, grid, magnetic or unknown.
    declination : float
        What the table says to add to magnetic azimuths (deg); NaN if nothing.
    """

    picks: PickTable
    intervals: IntervalTable
    findings: list[Finding]
    breakouts: BreakoutTable = field(default_factory=new_breakouts)
    north: str = "unknown"
    declination: float = float("nan")


def read_pick_table(
    path: str | Path,
    *,
    mapping: str | Path | TableMapping | None = None,
    vocabulary: str | Path | Vocabulary | None = None,
    well: str | None = None,
    depth_unit: str | None = None,
    decimal: Decimal | None = None,
) -> Interpretation:
    r"""
    Read a pick table of any known format.

    Parameters
    ----------
    path : str or Path
        CSV or other delimited text, XLSX or LAS.
    mapping : str or Path or TableMapping, optional
        What the columns mean, where names and format do not say it.
    vocabulary : str or Path or Vocabulary, optional
        Class of each label, before the built-in vocabulary.
    well : str, optional
        Well to read, where the table holds several; the well's name, where it names none.
    depth_unit : str, optional
        Unit of the depths; it wins over that of the file.
    decimal : {"point", "comma"}, optional
        Decimal mark of the numbers, where the cells do not show it; it wins over the mapping's.

    Returns
    -------
    Interpretation
        Picks, ignored intervals, findings.

    Raises
    ------
    InputError
        If the table cannot be read, a label is not in the vocabulary, or it is not stated what the dips or depths are.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "dips.csv"
    >>> _ = file.write_text("MD;True dip;True azimuth;Type\nft;deg;deg;\n1000;30;370;CCF\n1010;80;90;Breakout\n")
    >>> read = read_pick_table(file, well="A-1")
    >>> read.picks[["depth_m", "dip_true_deg", "azimuth_true_deg", "polarity"]].values.tolist()
    [[304.8, 30.0, 10.0, 'conductive']]
    >>> read.intervals["class"].tolist()
    ['Breakout']
    """
    path = Path(path)
    head = _head(path)
    if _is_ours(head, COLUMNS) and mapping is None:
        return _named(path, read_picks(path), well)
    if _is_ours(head, BREAKOUT_COLUMNS) and mapping is None:
        return _named(path, read_breakouts(path), well)
    mapping = mapping if isinstance(mapping, TableMapping) else load_mapping(mapping) if mapping else TableMapping()
    vocabulary = vocabulary if isinstance(vocabulary, Vocabulary) else load_vocabulary(vocabulary)
    mark, unit = decimal or mapping.decimal, depth_unit or mapping.depth_unit
    kind = sheet_kind("a pick table", lambda header: is_pick_header(header, mapping))
    cells = _split_pairs(_las_cells(path, mark, unit) if is_las(head) else read_cells(path, mark, kind))
    format_ = recognise(cells)
    cells = _without_repetitions(cells, format_)
    roles = resolve(cells, mapping, format_.roles)
    cells = _without_remarks(cells, roles)
    if format_.name == "WellCAD":
        # Depth is where the plane meets the axis and Feature Depth the middle of what is visible of its trace: in the
        # known pair of exports they part only where the visible range is less than a turn.
        action = "read as true, as in the known exports; else give a mapping file with the line dip: apparent"
        cells.findings.major("dip-assumed", "a WellCAD table does not say whether its dips are true", action)
    values = TableValues(cells, roles, mapping)
    if format_.name != "table":
        values.findings.info("table-format", f"a {format_.name} table", "read as such")
    stated = read_stated_north(cells.remarks, values.findings)
    north = _one_north(values, {_named_north(cells, roles, mapping), *stated.norths})
    cells.parameters.setdefault("reference", stated.reference)
    _note_north(values.findings, north, stated.declination)

    labels, meanings = _labels(values, vocabulary)
    fate = np.array([meanings[label].class_ for label in labels], dtype=object)
    names, own = _wells(values, well)
    planes = read_planes(values, format_, np.isin(fate, ["bedding", "fracture"]), depth_unit)
    further = _further(values, labels, meanings)

    _leave_out(values, fate)
    kept = ~values.unreadable & own
    plane = kept & np.isin(fate, ["bedding", "fracture"])
    check_rows(values, planes, plane)
    columns = {"well": names, "class": fate} | planes[0] | further
    picks = new_picks(**{name: column[plane] for name, column in columns.items()})
    intervals = _intervals(values, planes, names, labels, kept & (fate == "ignored"))
    features = np.array([meanings[label].feature for label in labels], dtype=object)
    of_breakouts = kept & (fate == "ignored") & (features != "")
    breakouts = read_breakout_rows(values, planes, of_breakouts, features, {"well": names} | further)
    # Widths and tilts are read of breakouts alone.
    used = {i for role, i in roles.items() if of_breakouts.any() or role not in ("width", "tilt")}
    unread = [name for i, name in enumerate(cells.header) if name and i not in used]
    if unread:
        observed = f"columns not used: {', '.join(unread[:20])}{', ...' if len(unread) > 20 else ''}"
        values.findings.info("columns-unused", observed, "left out")
    picks, breakouts = with_north(picks, north), with_north(breakouts, north)
    return Interpretation(picks, intervals, cells.findings, breakouts, north, stated.declination)


def _named_north(cells: Cells, roles: dict[str, int], mapping: TableMapping) -> str:
    """
    North that the columns of a plane name, an empty string if none does; a hole azimuth from another one goes.

    Raises
    ------
    InputError
        If two columns of a plane name different norths.
    """
    # The plain azimuth is not used beside one that the mapping file names.
    passed_over = {"azimuth"} if {"azimuth_true", "azimuth_app"} & set(mapping.columns) else set()
    planes = [role for role in roles if role.startswith(("azimuth", "strike")) and role not in passed_over]
    names = [cells.header[roles[role]] for role in planes]
    norths = {north: name for name in names if (north := table_key(name)[1])}
    if len(norths) > 1:
        observed = f"columns {' and '.join(map(repr, norths.values()))} are from different norths"
        raise InputError(cells.path, observed, "leave one of them out")
    own = next(iter(norths), "")
    column = roles.get("hole_azimuth")
    of_hole = "" if column is None else table_key(cells.header[column])[1]
    if column is not None and of_hole and of_hole != own:
        observed = f"{cells.header[column]!r} is from {of_hole} north, and the planes from {own or 'one not named'}"
        observed += " north" * bool(own)
        action = "hole azimuths left out: true and apparent dips are not worked out from each other"
        cells.findings.major("north-conflict", observed, action)
        del roles["hole_azimuth"]
    return own


def _one_north(values: TableValues, named: set[str]) -> str:
    """
    Return the north that names of columns, header and rows agree on, ``unknown`` where none of them names one.

    Raises
    ------
    InputError
        If two of them name different norths, or a row names something else than a north.
    """
    words = [word for word in values.words("north") if word.lower() not in ("", "unknown")]
    for word in dict.fromkeys(words):
        norths = north_word(word)
        if len(norths) != 1:
            observed = f"a row says that its azimuths are from {word!r}"
            raise InputError(values.cells.path, observed, "write true, grid or magnetic")
        named = named | norths
    norths = named - {""}
    if len(norths) > 1:
        observed = f"its azimuths are from {' and '.join(sorted(norths))} north, by names of columns, header or rows"
        raise InputError(values.cells.path, observed, "correct what is wrong, or turn the rows to one north")
    if words and len(words) < len(values.cells.rows):
        observed = f"{len(values.cells.rows) - len(words)} of {len(values.cells.rows)} rows name no north"
        values.findings.major("north-assumed", observed, "taken as that of the other rows")
    return next(iter(norths), "unknown")


def _note_north(findings: FileFindings, north: str, declination: float = float("nan")) -> None:
    """Add a finding of the north that a table names, if it names one."""
    if north == "unknown":
        return
    # Without its declination a magnetic azimuth is off by up to tens of degrees.
    unsure = north == "magnetic" and np.isnan(declination)
    observed = f"azimuths are from {north} north"
    if north != "true" or not np.isnan(declination):
        observed += ", declination " + ("not given" if np.isnan(declination) else f"{declination:g} deg")
    action = "kept as such"
    action += "; turn them to true north before they are compared with others" if unsure else ""
    findings.add(Severity.MAJOR if unsure else Severity.INFO, "north", observed, action)


def _las_cells(path: Path, decimal: Decimal | None, depth_unit: str | None) -> Cells:
    """
    Read the table of dips in a LAS file: the section whose definition names a dip.

    Entries of the other sections (``WELL``, ``NULL``, ``REFERENCE``, ...) are its parameters.
    """
    findings = FileFindings(path)
    tables = header_tables(findings, every=True)
    for table in tables:
        if not any(plane_angle(name) == "dip" for name in table.names):
            continue
        if table.wrapped:
            raise InputError(path, "its rows are wrapped over several lines", "write it unwrapped (WRAP. NO)")
        lines = numbered_lines(table.rows)
        rows = ((number, split(line, table.rows.separator)) for number, line in lines if not line.startswith("#"))
        cells = arrange(rows, findings, separator=table.rows.separator, decimal=decimal, header=table.names)
        parameters = {name.lower(): value for name, value in table.parameters.items()}
        if len(tables) == 1:
            _check_las_depths(table, cells, depth_unit)
        remarks = [(f"{name} {table.remarks.get(name, '')}".strip(), value) for name, value in table.parameters.items()]
        # The description of a curve of azimuths may name its north.
        angles = zip(table.names, table.descriptions, strict=True)
        remarks += [("", text) for name, text in angles if plane_angle(name) in ("azimuth", "strike")]
        return replace(cells, units=tuple(table.units), parameters=parameters, remarks=tuple(remarks))
    raise InputError(path, "no section defines a column of dips", "export the dips as CSV, or name the column DIP_TRUE")


def _check_las_depths(table: Table, cells: Cells, stated: str | None) -> None:
    """
    Compare the depths of picks with unit and range of the header; the picks lie anywhere within that range.

    Raises
    ------
    InputError
        If the units differ, or the depths are within the range in another unit only, and the user states none.
    """
    column = next((i for i, name in enumerate(table.names) if role(name) == "depth"), None)
    if column is None:
        return
    unit = agreed_unit({table.names[column]: table.units[column]} | table.index_units, stated, cells.findings)
    of_header = length_factor(next(filter(None, table.index_units.values()), unit))
    own = length_factor(stated or unit)
    ends = [cells.notation.number(table.well.get(name, "")) for name in ("STRT", "STOP")]
    depths = cells.numbers(column)[0]
    depths = depths[np.isfinite(depths)]
    if None in ends or of_header is None or own is None or not len(depths):
        return
    bounds: Array = np.sort(np.array(ends, dtype=np.float64)) * of_header
    if is_null(np.array(ends, dtype=np.float64)).any() or bounds[0] == bounds[1]:
        return

    def within(factor: float) -> bool:
        slack = _HEADER_SLACK_M
        return bool(depths.min() * factor > bounds[0] - slack and depths.max() * factor < bounds[1] + slack)

    if within(own):
        return
    observed = f"depths from {depths.min():g} to {depths.max():g} {stated or unit}, and STRT to STOP is {ends[0]:g} to "
    observed += f"{ends[1]:g} {next(filter(None, table.index_units.values()), unit)}"
    others = [name for name, factor in METRES.items() if within(factor)]
    if others and stated is None:
        raise cells.findings.refusal(observed, f"give the unit as --depth-unit: {' or '.join(others)} would fit")
    cells.findings.major("depth-range-differs", observed, "rows read")


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(1 << 14)
    except OSError:
        return b""  # The next reader of the file explains the error.


def _is_ours(head: bytes, columns: Iterable[str]) -> bool:
    header, names = head.split(b"\n")[0].decode("utf-8", "replace").strip().split(","), list(columns)
    return header[: len(names)] == names


def _named(path: Path, table: pd.DataFrame, well: str | None) -> Interpretation:
    """Our own table of picks or breakouts, one well of it where the user names one."""
    findings = FileFindings(path)
    names = table["well"].to_numpy(object, copy=True)
    own = _rows(names, np.arange(len(names)) + 2, well, findings)
    rows = table.assign(well=names)[own].reset_index(drop=True)
    north = check_one_north(rows, path)
    # True north is what own tables hold as a rule.
    if north != "true":
        _note_north(findings, north)
    check_repetitions(rows, findings)
    if "depth_m" in rows:
        findings += amplitude_contradictions(rows, path.name)
        return Interpretation(PickTable(rows), new_intervals(), findings, north=north)
    return Interpretation(new_picks(), new_intervals(), findings, BreakoutTable(rows), north)


def _split_pairs(cells: Cells) -> Cells:
    """Make two columns of one such as Dip/DipDir, whose cells hold 30/135."""
    angles = {"dip", "azimuth", "strike"}
    for column, name in enumerate(cells.header):
        parts = [part.strip() for part in name.split("/")]
        if len(parts) != 2 or not all(plane_angle(part) in angles for part in parts):
            continue
        pairs = [(*text.split("/", 1), "")[:2] for text in cells.rows[:, column]]
        rows = np.insert(cells.rows, column + 1, "", axis=1)
        for row, pair in enumerate(pairs):
            rows[row, column : column + 2] = [part.strip() for part in pair]
        header = (*cells.header[:column], *parts, *cells.header[column + 1 :])
        unit = cells.units[column]
        units = (*cells.units[:column], unit, unit, *cells.units[column + 1 :])
        return replace(cells, header=header, units=units, rows=rows)
    return cells


def _without_remarks(cells: Cells, roles: dict[str, int]) -> Cells:
    """Leave out rows that hold nothing of a plane, such as ``Total`` below the table."""
    of_a_plane = [i for role, i in roles.items() if role.startswith(("depth", "dip", "azimuth", "strike", "label"))]
    filled = (cells.rows[:, of_a_plane] != "").any(axis=1)
    if filled.all() or not filled.any():
        return cells
    first = cells.lines[~filled][0]
    observed = f"{int((~filled).sum())} rows hold no depth, dip, azimuth and label, the first is line {first}"
    cells.findings.minor("rows-without-plane", observed, "left out as remarks")
    return replace(cells, rows=cells.rows[filled], lines=cells.lines[filled])


def _without_repetitions(cells: Cells, format_: Format) -> Cells:
    """Techlog writes a pick once for every element of its array column: keep the first of equal rows."""
    if format_.array is None or not len(cells.rows):
        return cells
    rest = pd.DataFrame(np.delete(cells.rows, format_.array, axis=1))
    first = ~rest.duplicated().to_numpy(bool)
    if first.all():
        return cells
    name = cells.header[format_.array]
    observed = f"{len(first)} rows hold {int(first.sum())} picks: each is repeated for the elements of the array column"
    cells.findings.minor("picks-repeated", f"{observed} {name!r}", "kept once")
    return replace(cells, rows=cells.rows[first], lines=cells.lines[first])


def _labels(values: TableValues, vocabulary: Vocabulary) -> tuple[Words, dict[str, Meaning]]:
    path = values.cells.path
    if values.mapping.label is not None:
        labels = np.full(len(values.cells.rows), values.mapping.label, dtype=object)
    elif "label" in values.roles:
        labels = values.cells.rows[:, values.roles["label"]]
    else:
        cure = "say it in a mapping file: columns: {label: <column>}, or label: fracture for all rows"
        raise InputError(path, "no column says what each plane is", cure)
    return labels, vocabulary.meanings(labels, path)


def _wells(values: TableValues, well: str | None) -> tuple[Words, Mask]:
    """Well of each row, and which rows are of the well that the user names."""
    names = values.words("well")
    if (names == "").all():
        names[:] = values.cells.parameters.get("well", "")
    names[names == ""] = values.mapping.well or ""
    own = _rows(names, values.cells.lines, well, values.findings)
    if (names == "").all() and len(names):
        action = "left open; add a column of it, or well: NAME in a mapping file"
        values.findings.info("well-unnamed", f"{len(names)} rows name no well", action)
    return names, own


def _rows(names: Words, lines: Lines, well: str | None, findings: FileFindings) -> Mask:
    """Rows of a well, which get its name; one that the table names alone is overruled. Without a well, all rows."""
    own = check_names(findings.path, names, lines, findings)
    if well is None:
        return own
    (alone, *others) = {well_key(name): name for name in names[own]}.values() or [""]
    if alone and not others and well_key(alone) != well_key(well):
        findings.major("well-overruled", f"the table names the well {alone!r}", f"read as {well!r}, as asked")
    elif others and (mine := rows_of(findings.path, names, well, findings)) is not None:
        own = mine
    names[own] = well
    return own


def _further(values: TableValues, labels: Words, meanings: dict[str, Meaning]) -> dict[str, Words | Array]:
    """Columns that stand beside the plane: polarity by the label, confidence, quality, shares, sigmas, people."""
    confidence, letters = values.share("confidence"), np.full(len(labels), "", dtype=object)
    if {text.upper() for text in values.words("quality")} & set(_QUALITIES):
        letters = values.choice("quality", _QUALITIES)
    elif "quality" in values.roles:
        # A rank from 0 to 1, as Techlog writes, is a confidence; our quality is a letter.
        ranks = values.share("quality")
        if np.isfinite(ranks).any():
            confidence = np.where(np.isnan(confidence), ranks, confidence)
            values.findings.info("quality-as-confidence", "quality is a share from 0 to 1", "kept as confidence")
    polarity = values.choice("polarity", ("conductive", "resistive"))
    hinted = np.array([meanings[label].polarity for label in labels], dtype=object)
    source = values.words("class_source")
    columns: dict[str, Words | Array] = {
        "polarity": np.where(polarity == "", hinted, polarity),
        "quality": letters,
        "confidence": confidence,
        "source": values.words("source"),
        "status": values.choice("status", ("proposed", "accepted", "edited", "rejected")),
        "coverage": values.share("coverage"),
        "sigma_depth_m": values.length("sigma_depth", 0.0, np.inf),
        "sigma_dip_deg": values.angle("sigma_dip", 0.0, np.inf),
        "sigma_azimuth_deg": values.angle("sigma_azimuth", 0.0, np.inf),
        "class_source": np.where(source == "", labels, source),
    }
    continuity = np.array([meanings[label].continuity for label in labels], dtype=object)
    return columns | ({"continuity_source": continuity} if (continuity != "").any() else {})


def _leave_out(values: TableValues, fate: Words) -> None:
    """Count the rows that go, and stop if none stays."""
    bad, rows = values.unreadable, len(fate)
    if bad.any():
        observed = f"of {rows} rows can be read, the first is {values.first_problem}"
        cure = "correct it, or say in a mapping file what the columns are"
        if bad.all():
            raise InputError(values.cells.path, f"none {observed}", cure)
        observed = f"{int(bad.sum())} of {rows} rows cannot be read, the first is {values.first_problem}"
        values.findings.major("rows-unreadable", observed, "left out")
    excluded = (fate == "excluded") & ~bad
    if excluded.any():
        values.findings.info("rows-excluded", f"{int(excluded.sum())} rows have labels to exclude", "left out")


def _intervals(values: TableValues, planes: Planes, names: Words, labels: Words, rows: Mask) -> IntervalTable:
    """Intervals to ignore, around the middle of what was visible."""
    if not rows.any():
        return new_intervals()
    middle, half = planes[1], np.nan_to_num(planes[2])
    flat = rows & (half == 0)
    if flat.any():
        observed = f"{int(flat.sum())} rows that are no planes have no height"
        values.findings.major("interval-without-height", observed, "marked as points: they hide nothing around them")
    action = "kept as intervals to ignore"
    values.findings.info("ignored-intervals", f"{int(rows.sum())} rows are no planes (breakout, induced, ...)", action)
    top, base = middle - half, middle + half
    return new_intervals([(names[i], "ignored", labels[i], top[i], base[i]) for i in np.flatnonzero(rows)])
