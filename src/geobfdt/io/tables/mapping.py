"""What the columns of a table mean: names, units, and the mapping file where names do not suffice."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from geobfdt.io.names import column_names, names_of, pattern
from geobfdt.io.tables.cells import Cells
from geobfdt.io.text import Decimal
from geobfdt.runtime.findings import InputError
from geobfdt.runtime.settings_files import read_yaml

__all__ = [
    "Format", "TableMapping", "column_key", "is_known", "is_pick_header", "load_mapping", "plane_angle", "recognise",
    "resolve", "split_north", "table_key",
]  # fmt: skip

_ANGLES = ("dip", "dip_true", "dip_app", "azimuth", "azimuth_true", "azimuth_app", "strike", "strike_rhr", "strike_lhr")
_FROM_NORTH = ("azimuth", "strike", "strike_rhr", "strike_lhr", "hole_azimuth")
_BRACKETS = re.compile(r"[\[(]([^\])]{0,40})[\])]")
_NORTHS = {"t": "true", "g": "grid", "m": "magnetic"}


def column_key(name: str) -> tuple[str, str]:
    """
    Reduce a column name to letters and digits, its unit apart.

    Parameters
    ----------
    name : str
        Name as in the file.

    Returns
    -------
    key, unit : str
        Lower-case name without separators; the unit in the name, empty if there is none.

    Examples
    --------
    >>> column_key("depth_mMDRF"), column_key("Hole Azimuth [deg]"), column_key("Strike (RHR)")
    (('depth', 'm'), ('holeazimuth', 'deg'), ('strikerhr', ''))
    """
    words, unit = [word for word in re.split(r"[^a-z0-9]+", _BRACKETS.sub(" ", name).lower()) if word], ""
    if len(words) > 1 and pattern("unit_in_name").fullmatch(words[-1]) and not _BRACKETS.search(name):
        unit = words.pop()
    for inside in _BRACKETS.findall(name):
        content = [word for word in re.split(r"[\s,;-]+", inside.lower()) if word]
        content = [word for word in content if not pattern("datum").fullmatch(word)]
        words += [word for word in content if pattern("name_word").fullmatch(word)]
        unit = unit or " ".join(word for word in content if not pattern("name_word").fullmatch(word))
    return "".join(words), re.sub(r"^(m|ft)md\w*$", r"\1", unit)


def is_known(name: str) -> bool:
    """Return whether a column name alone is certain."""
    return any(column_key(name)[0] in names for names in column_names().values())


def table_key(name: str) -> tuple[str, str]:
    """Reduce a column name of a pick table to a known one, and the north in the name, if any."""
    key = column_key(name)[0]
    return (key, "") if is_known(name) else split_north(key, [k for role in _FROM_NORTH for k in column_names()[role]])


def plane_angle(name: str) -> str:
    """Which angle of a plane a column holds by its name: dip, azimuth, strike, or an empty string."""
    key = column_key(name)[0]
    return next((role.split("_")[0] for role in _ANGLES if key in column_names()[role]), "")


def split_north(key: str, names: Iterable[str]) -> tuple[str, str]:
    """
    Split which north an azimuth is from off its column's name.

    Parameters
    ----------
    key : str
        Name as :func:`column_key` leaves it.
    names : iterable of str
        Names that mean the azimuth without it.

    Returns
    -------
    key, north : str
        The rest of the name; ``true``, ``grid`` or ``magnetic``. The name as it is and an empty string where it
        holds none.

    Examples
    --------
    >>> split_north("azigrid", ["azi"]), split_north("truenorthazimuth", ["azimuth"]), split_north("azimuth", ["azi"])
    (('azi', 'grid'), ('azimuth', 'true'), ('azimuth', ''))
    """
    for match in pattern("north").finditer(key):
        rest = key[: match.start()] + key[match.end() :]
        if rest in names:
            return rest, _NORTHS[next(word for word in match.groups() if word)[0]]
    return key, ""


class TableMapping(BaseModel):
    """What a table's columns mean, where their names do not say it: the mapping file (``docs/pick-tables.md``)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    columns: dict[str, str] = Field({}, description="column of the table by what it holds (depth, dip, azimuth, ...)")
    units: dict[str, str] = Field({}, description="unit by what it belongs to (diameter: in)")
    dip: Literal["true", "apparent"] | None = Field(None, description="what the columns dip and azimuth are")
    azimuth: Literal["dip_direction", "strike_rhr"] | None = Field(
        None, description="whether azimuths point down the dip or along the strike by the right-hand rule"
    )
    reference: Literal["north", "high_side", "pseudo_north"] | None = Field(
        None, description="where apparent azimuth 0 points"
    )
    depth_unit: Literal["m", "cm", "mm", "ft", "in", "0.1 in"] | None = Field(None, description="unit of the depths")
    decimal: Decimal | None = Field(None, description="decimal mark (point or comma), where 1,234 may be either")
    diameter: float | None = Field(None, gt=0, lt=5, description="hole diameter (m) where no column holds it")
    nulls: tuple[float, ...] = Field((), description="further values that stand for not measured")
    label: str | None = Field(None, description="label of every row, where no column holds it")
    well: str | None = Field(None, description="well of every row, where no column holds it")

    @field_validator("dip", mode="before")
    @classmethod
    def _yaml_true(cls, value: Any) -> Any:
        # YAML reads a bare `true` as a boolean; here it is a word.
        return "true" if value is True else value

    @field_validator("columns")
    @classmethod
    def _known_roles(cls, value: dict[str, str]) -> dict[str, str]:
        unknown = sorted(set(value) - set(column_names()))
        if unknown:
            raise ValueError(f"{', '.join(unknown)} not among {', '.join(column_names())}")
        return value


def load_mapping(path: str | Path) -> TableMapping:
    """
    Read a mapping file.

    Raises
    ------
    InputError
        If it cannot be read, or holds an unknown key or value.
    """
    cure = "see docs/pick-tables.md for the mapping file"
    content = read_yaml(Path(path), "mapping file", cure)
    if content is not None and not isinstance(content, dict):
        raise InputError(path, "not a mapping file: no `name: value` lines", cure)
    try:
        return TableMapping.model_validate(content or {})
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise InputError(path, f"{place}: {first['msg']} (given {str(first['input'])[:60]!r})", cure) from error


def is_pick_header(header: Sequence[str], mapping: TableMapping) -> bool:
    """
    Return whether columns are those of a pick table by name: a depth, an angle of a plane or breakout, and a label.

    Examples
    --------
    >>> is_pick_header(["MD (m)", "Dip/DipDir", "Type"], TableMapping())
    True
    >>> is_pick_header(["MD (m)", "Inc", "Azi"], TableMapping()), is_pick_header(["Author", "Date"], TableMapping())
    (False, False)
    """
    stated = {name.casefold(): role for role, name in mapping.columns.items()}
    of_techlog = tuple(names_of("techlog")[role] for role in ("dip_true", "dip_app"))
    aliases = {alias: role for role, names in column_names().items() for alias in names}
    roles = {"label"} if mapping.label is not None else set()
    for name in header:
        roles |= {stated.get(name.casefold(), aliases.get(table_key(name)[0], ""))}
        roles |= {plane_angle(part) for part in name.split("/")} if name.count("/") == 1 else set()
        roles |= {"depth"} if column_key(name)[0] == "tdep" else set()
        roles |= {"dip"} if name.lower().endswith(of_techlog) else set()
    of_a_plane = any(role.startswith(("dip", "strike")) for role in roles)
    of_a_breakout = any(role.startswith("azimuth") for role in roles) and bool(roles & {"width", "tilt"})
    return (of_a_plane or of_a_breakout) and "label" in roles and bool(roles & {"depth", "depth_plane"})


def resolve(cells: Cells, mapping: TableMapping, settled: dict[str, int]) -> dict[str, int]:
    """
    Find the column of each role: by the mapping first, then by the format, then by name.

    Parameters
    ----------
    cells : Cells
        The table.
    mapping : TableMapping
        What the user states.
    settled : dict of str to int
        What the table's format settles: column index by role.

    Returns
    -------
    dict of str to int
        Column index by role (a key of `column_names`); no column has two roles.

    Raises
    ------
    InputError
        If the mapping names a column that is not there, or two columns fit a role equally well.
    """
    roles: dict[str, int] = {}
    names = [name.casefold() for name in cells.header]
    for role, name in mapping.columns.items():
        if name.casefold() not in names:
            observed = f"no column {name!r}, which the mapping names for {role}"
            raise InputError(cells.path, observed, f"choose among {', '.join(cells.header[:40])}")
        roles[role] = names.index(name.casefold())
    roles |= {role: i for role, i in settled.items() if role not in roles and i not in roles.values()}
    keys = [table_key(name)[0] for name in cells.header]
    for role, aliases in column_names().items():
        for alias in aliases if role not in roles else ():
            hits = [i for i, key in enumerate(keys) if key == alias and i not in roles.values()]
            if len(hits) > 1:
                both = " and ".join(repr(cells.header[i]) for i in hits[:2])
                observed = f"columns {both} may both be {role}"
                raise InputError(cells.path, observed, f"say which in a mapping file: columns: {{{role}: ...}}")
            if hits:
                roles[role] = hits[0]
                break
    return roles


@dataclass(frozen=True)
class Format:
    """
    What is certain about the columns of a table by its format.

    Parameters
    ----------
    name : str
        Name of the format, for findings.
    roles : dict
        Column index by role, where the name alone is not certain.
    dip : str
        ``true`` or ``app`` where the format settles what plain dips and azimuths are, else empty.
    array : int or None
        Column that holds an array, one element a row, so that each pick is repeated.
    """

    name: str = "table"
    roles: dict[str, int] = field(default_factory=dict)
    dip: str = ""
    array: int | None = None


def recognise(cells: Cells) -> Format:
    """
    Recognise the export of a known program by its header.

    Parameters
    ----------
    cells : Cells
        The table.

    Raises
    ------
    InputError
        If a Techlog table holds the dips of several sets side by side.
    """
    keys = [column_key(name)[0] for name in cells.header]
    if "tdep" in keys and any(name.upper().endswith(("_TRU", "_APP")) for name in cells.header):
        return _techlog(cells, keys)
    if "tdep" in keys and "breakoutwidth" in keys:
        named = {"azimuth_true": "azimuth", "azimuth_app": "imageazimuth"}
        return Format("Techlog breakout", {role: keys.index(key) for role, key in named.items() if key in keys})
    breakout_log = {"depth", "azimuth", "tilt"} <= set(keys) and {"opening", "length"} & set(keys)
    if breakout_log and not any(plane_angle(name) == "dip" for name in cells.header):
        # WellCAD draws breakouts on the image, so that their azimuths are apparent.
        return Format("WellCAD breakout", {"event_height": keys.index("length")} if "length" in keys else {}, dip="app")
    if "featuredepth" in keys and {"depth", "azimuth", "dip"} <= set(keys):
        return Format("WellCAD", dip="true")
    if "depthplane" in keys and "dipapp" in keys:
        return Format("Geolog", dip="true")
    return Format()


def _techlog(cells: Cells, keys: list[str]) -> Format:
    roles: dict[str, int] = {}
    for role, ending in names_of("techlog").items():
        # Hole_Azimuth or DIP_TRU are known by their whole names, and not columns of an image.
        hits = [i for i, name in enumerate(cells.header) if name.lower().endswith(ending) and not is_known(name)]
        if len(hits) > 1:
            both = " and ".join(repr(cells.header[i]) for i in hits[:2])
            observed = f"columns {both} are both {role}"
            raise InputError(cells.path, observed, f"say which in a mapping file: columns: {{{role}: ...}}")
        if hits:
            roles[role] = hits[0]
    # Beside the apparent azimuth of an image, the plain one is that of the true dip.
    roles |= {role: keys.index(key) for role, key in (("azimuth_true", "azimuth"), ("depth", "tdep")) if key in keys}
    return Format("Techlog", roles, array=keys.index("infoarray") if "infoarray" in keys else None)
