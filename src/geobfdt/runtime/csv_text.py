"""Text in tables that spreadsheet programs open: a cell that looks like a formula is marked as text."""

from __future__ import annotations

import re

import pandas as pd

__all__ = ["mark_text", "mark_text_columns", "unmark_text"]

# Spreadsheet programs take such text for a formula; apostrophes before it are marks that are there already.
_FORMULA = re.compile(r"'*[=+\-@\t\r].", re.DOTALL)
# Text that was marked when it was written, with one apostrophe or more.
_MARKED = re.compile(r"'+[=+\-@\t\r].", re.DOTALL)
# Text that reads as a number needs no mark.
_NUMBER = re.compile(r"[-+]?[\d.]+([eE][-+]?\d+)?")


def mark_text(text: str) -> str:
    """
    Put an apostrophe before a text that a spreadsheet program would run as a formula (CWE-1236).

    Examples
    --------
    >>> [mark_text(text) for text in ("=1+1", "@A-1", "-", "-12.5", "A-1", "'=1")]
    ["'=1+1", "'@A-1", '-', '-12.5', 'A-1', "''=1"]
    """
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def unmark_text(text: str) -> str:
    """
    Take off what :func:`mark_text` put there.

    Examples
    --------
    >>> [unmark_text(mark_text(text)) for text in ("=1+1", "'=1", "'t Zand-1")]
    ['=1+1', "'=1", "'t Zand-1"]
    """
    return text[1:] if _MARKED.match(text) else text


def mark_text_columns(table: pd.DataFrame) -> pd.DataFrame:
    """
    Table for a CSV file: :func:`mark_text` of every text in it.

    Examples
    --------
    >>> mark_text_columns(pd.DataFrame({"well": ["=A1"], "depth_m": [-1.0]})).iloc[0].tolist()
    ["'=A1", -1.0]
    """
    texts = [str(name) for name in table if not pd.api.types.is_numeric_dtype(table[name])]
    columns = {name: [mark_text(cell) if isinstance(cell, str) else cell for cell in table[name]] for name in texts}
    return table.assign(**columns) if texts else table
