"""The sheet before a log on paper: title block, extent of the log, signature line."""

from __future__ import annotations

import textwrap
from typing import Any

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from geobfdt._version import __version__
from geobfdt.reports.method_section import signature_labels
from geobfdt.reports.style import INK, MUTED
from geobfdt.reports.title_block import TitleBlock
from geobfdt.wells.image import WellImage

__all__ = ["draw_title_sheet"]

# Inches: round the sheet, and between lines of the table.
_EDGE, _LINE = 0.8, 0.24
# Inches from the left edge to the texts of the table, and characters that fit a line of them.
_INDENT, _LINE_CHARACTERS = 1.9, 95
# A text has at most this many lines; the HTML report has all of it.
_MAX_LINES = 9


def draw_title_sheet(
    size: tuple[float, float],
    title: TitleBlock,
    image: WellImage,
    depths: tuple[float, float],
    scale: float,
    sheets: int,
) -> Figure:
    """
    Draw the title sheet of a log.

    Parameters
    ----------
    size : (width, height)
        Of the sheet (inches).
    title : TitleBlock
        Its entries.
    image : WellImage
        The well.
    depths : (top, base)
        Depths of the log (m, MD).
    scale : float
        Metres of hole in a metre of paper.
    sheets : int
        Sheets of the log.
    """
    width, height = size
    sheet = Figure(size, facecolor="white")

    def write(x: float, y: float, text: str, size: float = 10.0, **style: Any) -> None:
        sheet.text(x / width, y / height, text, fontsize=size, va="baseline", **style)

    def rule(x0: float, x1: float, y: float) -> None:
        sheet.add_artist(Line2D([x0 / width, x1 / width], [y / height] * 2, color=INK, lw=1.0))

    y = height - _EDGE - 0.3
    write(
        _EDGE, y, textwrap.shorten(title.name(image), 48, placeholder="\N{HORIZONTAL ELLIPSIS}"), 24, fontweight="bold"
    )
    y -= 0.2
    rule(_EDGE, width - _EDGE, y)
    extent = f"{depths[0]:.2f} to {depths[1]:.2f} m MD, 1:{scale:g} on {sheets} sheet{'s' if sheets > 1 else ''}"
    for label, text in (*title.rows(), ("Log", extent), ("Written by", f"geobfdt {__version__}")):
        lines = [part for line in text.splitlines() for part in textwrap.wrap(line, _LINE_CHARACTERS) or [""]]
        if len(lines) > _MAX_LINES:
            lines = [*lines[: _MAX_LINES - 1], "\N{HORIZONTAL ELLIPSIS}"]
        for number, line in enumerate(lines):
            y -= _LINE
            if number == 0:
                write(_EDGE, y, label, color=MUTED)
            write(_EDGE + _INDENT, y, line)
    third = (width - 2 * _EDGE - 0.8) / 3
    for number, (label, entry) in enumerate(signature_labels(title.interpreter)):
        x = _EDGE + number * (third + 0.4)
        write(x, _EDGE + 0.28, textwrap.shorten(entry, 40, placeholder="\N{HORIZONTAL ELLIPSIS}"))
        rule(x, x + third, _EDGE + 0.2)
        write(x, _EDGE, label, 8, color=MUTED)
    return sheet
