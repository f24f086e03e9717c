"""The contract of a table: which columns it starts with, and which words and numbers each of them may hold."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from geobfdt.runtime.csv_text import mark_text_columns, unmark_text
from geobfdt.runtime.findings import InputError
from geobfdt.runtime.storage import atomic_path

__all__ = ["TableContract"]


@dataclass(frozen=True)
class TableContract:
    """
    Columns of a table, and what they may hold.

    Parameters
    ----------
    name : str
        What such a table is called, with its article: ``a pick table``.
    page : str
        Page of the documentation that describes it.
    columns : dict
        Type of each column (str or float), in order. Further columns may follow.
    required : tuple of str
        Columns of numbers that may not be missing; all others may.
    words : dict
        Words that a column of text may hold; other columns of text are free.
    ranges : dict
        Least and largest number of each column of numbers, in its unit.
    """

    name: str
    page: str
    columns: dict[str, type]
    required: tuple[str, ...] = ()
    words: dict[str, tuple[str, ...]] = field(default_factory=dict)
    ranges: dict[str, tuple[float, float]] = field(default_factory=dict)

    @property
    def cure(self) -> str:
        """Action of an error: where the columns are described."""
        return f"see {self.page} for the columns"

    def build(self, columns: dict[str, Any], order: list[str]) -> pd.DataFrame:
        """
        Make a valid table from some of its columns, sorted; the others are there and empty.

        Parameters
        ----------
        columns : dict
            Values by column name, arrays of one length or scalars; ``class_`` stands for ``class``.
        order : list of str
            Columns to sort by.
        """
        values_by_name = {("class" if name == "class_" else name): values for name, values in columns.items()}
        rows = max((np.size(v) for v in values_by_name.values() if np.ndim(v)), default=1 if values_by_name else 0)
        table = {
            n: values_by_name.pop(n, "" if kind is str else np.nan) for n, kind in self.columns.items()
        } | values_by_name
        frame = pd.DataFrame(table, index=range(rows))
        if not rows:
            frame = frame.astype({name: object if kind is str else float for name, kind in self.columns.items()})
        return self.validate(frame.sort_values(order, kind="stable", ignore_index=True), self.name.split(" ", 1)[1])

    def validate(self, table: pd.DataFrame, file: str | Path) -> pd.DataFrame:
        """
        Check a table, and return its rows with the contract's types.

        Raises
        ------
        InputError
            If a column is missing or out of order, or a value out of its range; the first such row is named.
        TypeError
            If it is no pandas table.
        """
        if not isinstance(table, pd.DataFrame):
            raise TypeError(f"{file}: give a pandas DataFrame, not an object of type {type(table).__name__}")
        if list(table.columns[: len(self.columns)]) != list(self.columns):
            missing = [name for name in self.columns if name not in table.columns]
            observed = f"no column {', '.join(missing)}" if missing else "columns out of order"
            raise InputError(file, observed, self.cure)
        for name, kind in self.columns.items():
            column = table[name]
            fits = self._text_fits(name, column) if kind is str else self._numbers_fit(name, column)
            if not fits.all():
                row = int(np.argmin(fits))
                observed = f"row {table.index[row]}, {name}: {str(column.iloc[row])[:60]!r} does not fit {self.name}"
                raise InputError(file, observed, self.cure)
        return table.astype(self.columns)

    def _text_fits(self, name: str, column: pd.Series) -> npt.NDArray[np.bool_]:
        """Which cells are text, one of the column's words where it has a list of them."""
        fits = column.isin(self.words[name]) if name in self.words else column.notna()
        return np.asarray(fits, dtype=bool)

    def _numbers_fit(self, name: str, column: pd.Series) -> npt.NDArray[np.bool_]:
        """Which cells are numbers within the column's range."""
        try:
            numbers = np.asarray(column.astype(float))
        except (TypeError, ValueError):
            numbers = np.array([_number(cell) for cell in column])
        low, high = self.ranges[name]
        fits = (numbers >= low) & (numbers <= high)
        return np.asarray(fits if name in self.required else fits | np.isnan(numbers))

    def write(self, table: pd.DataFrame, path: str | Path) -> None:
        """Write a table as CSV, whole or not at all; equal tables give equal bytes."""
        with atomic_path(path) as part:
            checked = mark_text_columns(self.validate(table, path))
            checked.to_csv(part, index=False, float_format="%.6f", lineterminator="\n")

    def read(self, path: str | Path) -> pd.DataFrame:
        """
        Read a table that :meth:`write` wrote.

        Raises
        ------
        InputError
            If the file cannot be read or breaks the contract.
        """
        text = [name for name, kind in self.columns.items() if kind is str]
        try:
            # Only numbers may be missing, because a well may have the name NA.
            missing = {name: ["", "nan", "NaN"] for name, kind in self.columns.items() if kind is float}
            frame = pd.read_csv(path, dtype=dict.fromkeys(text, str), keep_default_na=False, na_values=missing)
        except (OSError, ValueError) as error:
            # Errors of the parser of pandas and of decoding are ValueErrors.
            cure = "give a CSV that geobfdt wrote, or convert it"
            raise InputError(path, f"not {self.name}: {error}", cure) from error
        # The writer marks the text of further columns, too.
        for name in frame:
            if not pd.api.types.is_numeric_dtype(frame[name]):
                frame[name] = [unmark_text(cell) if isinstance(cell, str) else cell for cell in frame[name]]
        return self.validate(frame, path)


def _number(cell: Any) -> float:
    """The number in a cell. What is none becomes infinite, which no range includes."""
    try:
        return float(cell)
    except (TypeError, ValueError):
        return np.inf
