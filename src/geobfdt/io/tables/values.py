"""Values of a pick table by role: metres, degrees, shares and words, with what could not be read written down."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np

from geobfdt.io.arrays import Array, Mask, Words
from geobfdt.io.azimuths import within_turn
from geobfdt.io.tables.cells import Cells
from geobfdt.io.tables.mapping import TableMapping, column_key
from geobfdt.io.text import Notation
from geobfdt.io.units import agreed_unit, angle_factor, length_factor
from geobfdt.runtime.findings import InputError
from geobfdt.wells.bearings import read_azimuth, read_dip

__all__ = ["TableValues"]


_PERCENT = re.compile(r"(\d+(?:[.,]\d+)?)\s*%")
_OF_THE_PLANE = ("depth", "dip", "azimuth", "strike")  # Roles without which a row is no plane.
_RANKED = ("quality", "confidence")  # Roles that interpreters give as grades, too.
_HIGHEST_RANK = 10.0  # Numbers of a scale of ranks go no higher; those of a percentage do.


def _dip_alone(text: str) -> float | None:
    dip = read_dip(text)
    return None if dip is None else dip[0]


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
        Rows where a value read so far was no number, or out of its range.
    findings : FileFindings
        What was repaired or left out so far.
    """

    def __init__(self, cells: Cells, roles: dict[str, int], mapping: TableMapping) -> None:
        self.cells, self.roles, self.mapping = cells, roles, mapping
        self.unreadable = np.zeros(len(cells.rows), dtype=bool)
        self._first_problem: tuple[int, str] = (len(cells.rows), "")
        self.findings = cells.findings
        own = Notation().number(cells.parameters.get("null", ""))
        self._nulls = (*mapping.nulls, np.nan if own is None else own)

    def unit(self, role: str) -> str:
        """Unit of a role: by the mapping, the units row, or the column's name; empty where none has it."""
        column = self.roles[role]
        named = self.mapping.units.get(role, self.mapping.units.get(self.cells.header[column], ""))
        return named or self.cells.units[column] or column_key(self.cells.header[column])[1]

    def fail(self, rows: Mask, reason: Callable[[int], str]) -> None:
        """Mark rows as unreadable; `reason` explains the first of them."""
        rows = rows & ~self.unreadable
        if rows.any():
            first = int(np.flatnonzero(rows)[0])
            self._first_problem = min(self._first_problem, (first, reason(first)))
            self.unreadable |= rows

    @property
    def first_problem(self) -> str:
        """Line of the first unreadable row, and why it is one."""
        row, reason = self._first_problem
        return f"line {self.cells.lines[row]}: {reason}"

    def cell(self, role: str, row: int) -> str:
        """Name and content of a cell, for messages."""
        column = self.roles[role]
        return f"{self.cells.header[column]!r} is {self.cells.rows[row, column][:40]!r}"

    def number(
        self,
        role: str,
        low: float = -np.inf,
        high: float = np.inf,
        read: Callable[[str], float | None] = lambda _: None,
    ) -> Array:
        """
        Numbers of a role, NaN where there are none.

        Text that `read` does not know, and numbers out of range, fail the row where they are of its depth or its
        orientation; of any other role they are left out, which is a finding.
        """
        if role not in self.roles:
            return np.full(len(self.cells.rows), np.nan)
        values, unreadable = self.cells.numbers(self.roles[role], self._nulls)
        for row in np.flatnonzero(unreadable):
            value = read(self.cells.rows[row, self.roles[role]])
            if value is not None:
                values[row], unreadable[row] = value, False
        lost = unreadable | (values < low) | (values > high)
        if role.startswith(_OF_THE_PLANE):
            self.fail(lost, lambda row: f"{self.cell(role, row)}, no number from {low:g} to {high:g}")
        else:
            self._leave_out(role, lost, f"no numbers from {low:g} to {high:g}")
            values[lost] = np.nan
        return values

    def _leave_out(self, role: str, lost: Mask, problem: str) -> None:
        if lost.any():
            first = int(np.flatnonzero(lost)[0])
            observed = f"{int(lost.sum())} values of {role} are {problem}; line {self.cells.lines[first]}"
            self.findings.minor(f"{role}-unknown", f"{observed}: {self.cell(role, first)}", "left out; the rows stay")

    def share(self, role: str) -> Array:
        """Shares of a role, 0 to 1; percentages are scaled, and what is neither is left out: both are findings."""
        if role not in self.roles:
            return self.number(role)
        values, unreadable = self.cells.numbers(self.roles[role], self._nulls)
        texts = self.cells.rows[:, self.roles[role]]
        signed = [_PERCENT.fullmatch(text) for text in texts]
        percent = np.array([match is not None for match in signed], dtype=bool)
        values[percent] = [float(match[1].replace(",", ".")) for match in signed if match]
        plain, lost = np.isfinite(values) & ~percent, unreadable & ~percent
        most, stated = values[plain].max(initial=0.0), self.unit(role) == "%"
        if role in _RANKED and most <= 1 and all(text.strip().isdigit() for text in texts[plain]):
            lost |= plain  # Nothing but 0 and 1 may be a scale of ranks whose other grades were not given.
        fractions = bool(((values > 0) & (values < 1) & plain).any())
        if (most > 1 if stated else most > _HIGHEST_RANK and not fractions) and most <= 100:
            percent |= plain
        elif most > 1 or (stated and plain.any()):
            lost |= plain  # A scale of ranks, or shares under the sign of percentages: it is not certain which.
        values[percent] /= 100
        lost |= (values < 0) | (values > 1)
        if percent.any():
            observed = f"{int(percent.sum())} values of {role} are percentages"
            self.findings.minor(f"{role}-percent", observed, "divided by 100")
        self._leave_out(role, lost, "no shares from 0 to 1")
        return np.where(lost, np.nan, values)

    def angle(self, role: str, low: float, high: float, read: Callable[[str], float | None] = _dip_alone) -> Array:
        """Angles of a role (deg); `read` knows those that are not plain numbers."""
        if role not in self.roles:
            return self.number(role)
        factor = angle_factor(self.unit(role))
        if factor is None:
            observed = f"column {self.cells.header[self.roles[role]]!r} is in {self.unit(role)!r}"
            cure = f"give angles in degrees, or say the unit in a mapping file: units: {{{role}: deg}}"
            raise InputError(self.cells.path, observed, cure)
        if factor != 1:
            values = self.number(role)
            # Degrees under the name of radians: those within a turn of them would be read as other angles.
            outside = np.flatnonzero((values * factor < low) | (values * factor > high))
            if outside.size:
                observed = f"line {self.cells.lines[outside[0]]}: {self.cell(role, outside[0])}, and its column is in "
                cure = f"correct it, or say the unit in a mapping file: units: {{{role}: deg}}"
                raise InputError(self.cells.path, observed + repr(self.unit(role)), cure)
            return values * factor
        return self.number(role, low, high, read)

    def azimuth(self, role: str) -> Array:
        """Azimuths of a role (deg), brought into 0 to 360."""
        values = self.angle(role, -360.0, 720.0, read_azimuth)
        if role not in self.roles:
            return values
        return within_turn(values, self.cells.header[self.roles[role]], self.unit(role), self.findings)

    def length(self, role: str, low: float, high: float) -> Array:
        """Lengths of a role (m); without a unit the column is left out, which is a finding."""
        if role not in self.roles:
            return self.number(role)
        factor = length_factor(self.unit(role))
        if factor is None:
            observed = f"column {self.cells.header[self.roles[role]]!r} is in {self.unit(role) or 'no unit'!r}"
            action = f"left out; say the unit in a mapping file: units: {{{role}: in}}"
            self.findings.major("unit-unknown", observed, action)
            return np.full(len(self.cells.rows), np.nan)
        return self.number(role, low / factor, high / factor) * factor

    def depth(self, role: str, stated: str | None) -> Array:
        """Depths of a role (m, MD); `stated` is the unit that the user gives, which wins."""
        if role not in self.roles:
            return self.number(role)
        unit = stated or self.mapping.depth_unit
        column = self.roles[role]
        units = {"the header": column_key(self.cells.header[column])[1], "the row of units": self.cells.units[column]}
        if not {role, self.cells.header[column]} & set(self.mapping.units):
            agreed_unit(units, unit, self.findings)
        file_factor = length_factor(self.unit(role))
        factor = length_factor(unit) if unit else file_factor
        if factor is None:
            observed = f"depths are in {unit or self.unit(role)!r}" if unit or self.unit(role) else "no unit of depth"
            raise InputError(self.cells.path, observed, "write depth_unit: m (or ft, in, cm, 0.1 in) in a mapping file")
        if file_factor is not None and file_factor != factor:
            observed = f"depths are in {self.unit(role)} by the file"
            self.findings.major("depth-unit-overruled", observed, f"read as {unit}, as asked")
        return self.number(role, -1000 / factor, 20_000 / factor) * factor

    def words(self, role: str) -> Words:
        """Text of a role, empty where null or absent."""
        if role not in self.roles:
            return np.full(len(self.cells.rows), "", dtype=object)
        return self.cells.words(self.roles[role])

    def choice(self, role: str, allowed: tuple[str, ...]) -> Words:
        """Text of a role that has to be one of a few words; others are left out, which is a finding."""
        words = self.words(role)
        spellings = {word.casefold(): word for word in allowed}
        chosen = np.array([spellings.get(word.casefold(), "") for word in words], dtype=object)
        self._leave_out(role, (words != "") & (chosen == ""), f"not {', '.join(allowed)}")
        return chosen
