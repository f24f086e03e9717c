"""Pick tables of known programs: what is certain about their columns beyond the names."""

from __future__ import annotations

from dataclasses import dataclass, field

from geobfdt.io.names import names_of
from geobfdt.io.tables.cells import Cells
from geobfdt.io.tables.mapping import column_key, is_known
from geobfdt.wells.findings import InputError

__all__ = ["Format", "recognise"]


@dataclass(frozen=True)
class Format:
    """
    What a table's format says of its columns.

    Parameters
    ----------
    name : str
        Name of the format, for findings.
    roles : dict
        Column index by role, where the name alone does not tell it.
    dip : str
        ``true`` where the format settles what plain dips are, else empty.
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
