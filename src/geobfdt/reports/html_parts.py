"""Parts of HTML pages: tables, lists of facts, and pictures that the page holds itself."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

__all__ = [
    "figure_png",
    "format_number",
    "format_range",
    "format_significant",
    "html_facts",
    "html_picture",
    "html_table",
]


def html_facts(rows: Sequence[tuple[str, str]]) -> str:
    """Return a table of labels and texts; nothing where there is none."""
    lines = "".join(f"<tr><th>{html.escape(label)}</th><td>{html.escape(text)}</td></tr>" for label, text in rows)
    return f'<table class="facts">{lines}</table>' if rows else ""


def html_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table with a head; wide ones scroll sideways."""
    lines = "".join(f"<tr>{''.join(f'<td>{html.escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    titles = "".join(f"<th>{html.escape(cell)}</th>" for cell in head)
    return f"<div class=wide><table><thead><tr>{titles}</tr></thead>{lines}</table></div>"


def html_picture(data: bytes, what: str) -> str:
    """Return a PNG picture inside the page; `what` names what it shows."""
    return f'<img alt="{html.escape(what)}" src="data:image/png;base64,{base64.b64encode(data).decode()}">'


def figure_png(figure: Figure) -> bytes:
    """Return a figure as PNG."""
    file = io.BytesIO()
    figure.savefig(file, format="png")
    return file.getvalue()


def format_number(value: float, digits: int) -> str:
    """
    Return a number with so many decimals, or a dash where it is not known.

    Examples
    --------
    >>> format_number(1.234, 1), format_number(float("nan"), 1)
    ('1.2', '-')
    """
    return f"{value:.{digits}f}" if np.isfinite(value) else "-"


def format_significant(value: float, digits: int) -> str:
    """
    Return a number with so many significant digits, zeros at its end included.

    Examples
    --------
    >>> [format_significant(value, 3) for value in (2.0, 0.935, 123.4)]
    ['2.00', '0.935', '123']
    """
    return f"{value:#.{digits}g}".rstrip(".")


def format_range(low: float, high: float, digits: int) -> str:
    """
    Return the two ends of an interval with so many significant digits.

    Examples
    --------
    >>> format_range(0.5, 4.0, 2)
    '0.50 to 4.0'
    """
    return f"{format_significant(low, digits)} to {format_significant(high, digits)}"
