"""Values of a pick table by role: metres, degrees, shares and words, with what could not be read written down."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from geobfdt.wells.findings import Finding, InputError, Severity
from geobfdt.wells.readers.cells import Cells
from geobfdt.wells.readers.row_depths import agreed_unit
from geobfdt.wells.readers.table_columns import TableMapping, column_key
from geobfdt.wells.readers.text import Notation
from geobfdt.wells.readers.units import angle_factor, length_factor

__all__ = ["TableValues"]

Array = npt.NDArray[np.float64]


class TableValues:
    """
    Columns of a table by what they hold.

    Parameters
    ----------
    cells : Cells
        The table.
    roles : dict
        Column index by role.
    mapping : TableMapping
        Units and nulls that the user gives.

    Attributes
    ----------
    unreadable : array (rows,) of bool
        Rows where a value asked for so far was no number, or out of its range.
    findings : list of Finding
        What was repaired or left out so far.
    """

    def __init__(self, cells: Cells, roles: dict[str, int], mapping: TableMapping) -> None:
        self.cells, self.roles, self.mapping = cells, roles, mapping
        self.unreadable = np.zeros(len(cells.rows), dtype=bool)
        self.findings: list[Finding] = []
        own = Notation().number(cells.parameters.get("null", ""))
        self._nulls = (*mapping.nulls, np.nan if own is None else own)

    def unit(self, role: str) -> str:
        """Unit of a role: by the mapping, the units row, or the column's name; empty where none says it."""
        column = self.roles[role]
        named = self.mapping.units.get(role, self.mapping.units.get(self.cells.header[column], ""))
        return named or self.cells.units[column] or column_key(self.cells.header[column])[1]

    def note(self, severity: Severity, kind: str, seen: str, done: str) -> None:
        """Write a finding down."""
        self.findings.append(Finding(severity, kind, self.cells.path.name, seen, done))

    def number(self, role: str, low: float = -np.inf, high: float = np.inf) -> Array:
        """Numbers of a role, NaN where there are none; rows outside `low` to `high` are unreadable."""
        if role not in self.roles:
            return np.full(len(self.cells.rows), np.nan)
        values, unreadable = self.cells.numbers(self.roles[role], self._nulls)
        self.unreadable |= unreadable | (values < low) | (values > high)
        return values

    def angle(self, role: str, low: float, high: float) -> Array:
        """Angles of a role (deg)."""
        if role not in self.roles:
            return self.number(role)
        factor = angle_factor(self.unit(role))
        if factor is None:
            raise InputError(
                self.cells.path,
                f"column {self.cells.header[self.roles[role]]!r} is in {self.unit(role)!r}",
                f"give angles in degrees, or say the unit in a mapping file: units: {{{role}: deg}}",
            )
        return self.number(role, low / factor, high / factor) * factor

    def azimuth(self, role: str) -> Array:
        """Azimuths of a role (deg), brought into 0 to 360."""
        values = self.angle(role, -360.0, 720.0)
        out = (values < 0) | (values > 360)
        if out.any():
            seen = f"{int(out.sum())} azimuths of {self.cells.header[self.roles[role]]!r} lie outside 0 to 360"
            self.note(Severity.MINOR, "azimuth-wrapped", seen, "taken modulo 360")
            values = np.where(out, values % 360.0, values)
        return values

    def length(self, role: str, low: float, high: float) -> Array:
        """Lengths of a role (m); without a unit the column is left out, which is a finding."""
        if role not in self.roles:
            return self.number(role)
        factor = length_factor(self.unit(role))
        if factor is None:
            seen = f"column {self.cells.header[self.roles[role]]!r} is in {self.unit(role) or 'no unit'!r}"
            done = f"left out; say the unit in a mapping file: units: {{{role}: in}}"
            self.note(Severity.MAJOR, "unit-unknown", seen, done)
            return np.full(len(self.cells.rows), np.nan)
        return self.number(role, low / factor, high / factor) * factor

    def depth(self, role: str, asked: str | None) -> Array:
        """Depths of a role (m, MD); `asked` is the unit that the user gives, which wins."""
        if role not in self.roles:
            return self.number(role)
        wanted = asked or self.mapping.depth_unit
        column = self.roles[role]
        units = {"the header": column_key(self.cells.header[column])[1], "the row of units": self.cells.units[column]}
        if not {role, self.cells.header[column]} & set(self.mapping.units):
            agreed_unit(units, wanted, self.cells.path, self.findings)
        given = length_factor(self.unit(role))
        factor = length_factor(wanted) if wanted else given
        if factor is None:
            seen = f"depths are in {wanted or self.unit(role)!r}" if wanted or self.unit(role) else "no unit of depth"
            raise InputError(self.cells.path, seen, "write depth_unit: m (or ft, in, cm, 0.1 in) in a mapping file")
        if given is not None and given != factor:
            seen = f"depths are in {self.unit(role)} by the file"
            self.note(Severity.MAJOR, "depth-unit-overruled", seen, f"read as {wanted}, as asked")
        return self.number(role, -1000 / factor, 20_000 / factor) * factor

    def words(self, role: str) -> npt.NDArray[np.object_]:
        """Text of a role, empty where null or absent."""
        if role not in self.roles:
            return np.full(len(self.cells.rows), "", dtype=object)
        return self.cells.words(self.roles[role])

    def choice(self, role: str, allowed: tuple[str, ...]) -> npt.NDArray[np.object_]:
        """Text of a role that has to be one of a few words; others are left out, which is a finding."""
        words = self.words(role)
        known = {word.casefold(): word for word in allowed}
        chosen = np.array([known.get(word.casefold(), "") for word in words], dtype=object)
        lost = (words != "") & (chosen == "")
        if lost.any():
            seen = f"{int(lost.sum())} values of {role} are not {', '.join(allowed)}, such as {words[lost][0][:40]!r}"
            self.note(Severity.MINOR, f"{role}-unknown", seen, "left out")
        return chosen
