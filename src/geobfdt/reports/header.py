"""The head of a page: which well, how it was measured, what was picked by whom, and the key to the symbols."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Ellipse, Rectangle
from matplotlib.text import Text

from geobfdt.reports.side_tracks import Bar
from geobfdt.reports.style import FLAGGED, INK, KINDS, MUTED, RAMP, UNMEASURED, is_weak, kinds_of
from geobfdt.reports.tracks import reference_name
from geobfdt.wells.image import WellImage
from geobfdt.wells.picks import PickTable

__all__ = ["HEADER_HEIGHT_INCHES", "Mark", "Page", "draw_header"]

# Height of the head of a page.
HEADER_HEIGHT_INCHES = 1.75


@dataclass(frozen=True)
class Page:
    """
    Depths, scale and number of a page.

    Parameters
    ----------
    top, base : float
        Depths (m, MD).
    scale : float
        Metres of hole in a metre of paper.
    number, count : int
        Number of the page and of all pages; 0 for a single page.
    """

    top: float
    base: float
    scale: float
    number: int = 0
    count: int = 0


class Mark(NamedTuple):
    """
    What is drawn on the image of the picks beside their traces.

    Parameters
    ----------
    label : str
        For the key.
    number : int
        How many are on the page.
    colour : str
        Of the line.
    shape : {"box", "dashes", "ellipse"}
        Of the symbol.
    """

    label: str
    number: int
    colour: str
    shape: Literal["box", "dashes", "ellipse"]


# What a head holds, part by part.
def draw_header(  # noqa: PLR0913
    ax: Axes, image: WellImage, picks: PickTable, page: Page, bars: list[Bar], marks: list[Mark], notes: list[str]
) -> None:
    """
    Draw the head of a page.

    Parameters
    ----------
    ax : Axes
        An empty strip :data:`HEADER_HEIGHT_INCHES` inches high, across the page.
    image : WellImage
        The well.
    picks : PickTable
        All of the well's picks that are drawn.
    page : Page
        Depths, scale and number of the page.
    bars : list of Bar
        Bars of the margin.
    marks : list of Mark
        What is drawn beside the traces.
    notes : list of str
        Notes about picks that are missing from the picture.
    """
    box = ax.get_window_extent()
    width = box.width / ax.figure.dpi
    ax.set_xlim(0, width)
    ax.set_ylim(0, HEADER_HEIGHT_INCHES)
    ax.axis("off")

    place = f"{page.top:.2f} \N{EN DASH} {page.base:.2f} m MD    1:{page.scale:g}"
    if page.number:
        place += f"    page {page.number} of {page.count}"
    right = ax.text(width, HEADER_HEIGHT_INCHES - 0.26, place, fontsize=10, ha="right", va="baseline", color=INK)
    room = width - _text_width(right) - 0.3
    name = image.attrs["well"] or image.attrs["source"] or "Unnamed well"
    _fit_text(ax.text(0, HEADER_HEIGHT_INCHES - 0.28, name, fontsize=19, fontweight="bold", va="baseline"), room)
    ax.plot([0, width], [HEADER_HEIGHT_INCHES - 0.42] * 2, color=INK, lw=1.2)

    facts = _header_fields(image, picks, page)
    for index, (label, value) in enumerate(facts):
        x, y = (index % 4) * width / 4, HEADER_HEIGHT_INCHES - 0.6 - 0.34 * (index // 4)
        ax.text(x, y, label, fontsize=6.5, color=MUTED, va="baseline")
        _fit_text(ax.text(x, y - 0.15, value, fontsize=8.5, va="baseline"), width / 4 - 0.12)
    ax.plot([0, width], [HEADER_HEIGHT_INCHES - 1.2] * 2, color=MUTED, lw=0.5)
    _draw_key(ax, image, picks, page, bars, marks, notes)


def _header_fields(image: WellImage, picks: PickTable, page: Page) -> list[tuple[str, str]]:
    attrs = image.attrs
    tool = ", ".join(part for part in (attrs["tool"], attrs["run"] and f"run {attrs['run']}") if part) or "not named"
    angle = reference_name(image)
    if np.isfinite(attrs["declination"]):
        angle += f", declination {attrs['declination']:+.1f}\N{DEGREE SIGN}"
    sources = list(dict.fromkeys(source for source in picks["source"] if source))
    by = ", ".join(sources[:2]) + (f" and {len(sources) - 2} more" if len(sources) > 2 else "")
    here = picks[(picks["depth_m"] >= page.top) & (picks["depth_m"] < page.base)]
    counted = f"{len(here)}" if len(here) == len(picks) else f"{len(here)} of {len(picks)}"
    states = picks["status"].value_counts().sort_index()
    status = ", ".join(f"{n} {state}" if len(states) > 1 else str(state) for state, n in states.items() if state)
    severe = [str(finding.severity) for finding in attrs["findings"]]
    finding_counts = (
        ", ".join(f"{severe.count(s)} {s}" for s in ("critical", "major", "minor") if s in severe) or "none"
    )
    inside = (image.depth.values >= page.top) & (image.depth.values < page.base)
    degrees = "\N{DEGREE SIGN}"
    deviation = _range_text(image["deviation"].values[inside], degrees)
    return [
        ("Tool", tool),
        ("Image angle 0 at", angle),
        ("Hole diameter", _range_text(image["diameter"].values[inside] * 1e3, " mm")),
        (
            "Deviation / hole azimuth",
            f"{deviation} / {_range_text(image['hole_azimuth'].values[inside], degrees, circular=True)}",
        ),
        ("Picks on this page", counted + (f" ({status})" if status else "")),
        ("Picked by", by or ("not said" if len(picks) else "no picks")),
        ("Image source", attrs["source"] or "not named"),
        ("Findings of the image check", finding_counts),
    ]


def _range_text(values: npt.NDArray[np.float64], unit: str, *, circular: bool = False) -> str:
    """Return the range of a log as text; for directions the sector that holds them."""
    finite = values[np.isfinite(values)]
    if not finite.size:
        return "unknown"
    if circular:
        turned = np.exp(1j * np.radians(finite))
        middle = np.degrees(np.angle(turned.sum()))
        off = np.degrees(np.angle(turned * np.exp(-1j * np.radians(middle))))
        first, last = (f"{round(float(middle + edge)) % 360}" for edge in (off.min(), off.max()))
    else:
        digits = 1 if finite.max() < 20 else 0
        first, last = f"{finite.min():.{digits}f}", f"{finite.max():.{digits}f}"
    return f"{first}{unit}" if first == last else f"{first} to {last}{unit}"


# As of the head.
def _draw_key(  # noqa: PLR0913
    ax: Axes, image: WellImage, picks: PickTable, page: Page, bars: list[Bar], marks: list[Mark], notes: list[str]
) -> None:
    """Draw the symbols in use, line by line from left to right, and the notes after them."""
    width = ax.get_xlim()[1]
    depth, kinds, faint = picks["depth_m"].to_numpy(float), kinds_of(picks), is_weak(picks)
    here = (depth >= page.top) & (depth < page.base)
    entries: list[tuple[float, Callable[[float, float], None], str, str]] = [
        (
            0.7,
            partial(_draw_ramp, ax),
            "high to low values" if image.attrs["dark"] == "high" else "low to high values",
            INK,
        ),
        (0.22, partial(_draw_swatch, ax, UNMEASURED), "not measured", INK),
    ]
    for name, kind in KINDS.items():
        if count := int((kinds == name).sum()):
            n_here = int(((kinds == name) & here).sum())
            text = f"{kind.label} {n_here}" + (f" of {count}" if n_here != count else "")
            entries.append((0.5, partial(_draw_symbol, ax, name, hollow=False), text, INK))
    if faint.any():
        first = next(name for name in KINDS if (kinds[faint] == name).any())
        entries.append(
            (0.5, partial(_draw_symbol, ax, first, hollow=True), "quality C, D or confidence below 0.5", INK)
        )
    entries += [(0.22, partial(_draw_mark, ax, mark), f"{mark.label} {mark.number}", INK) for mark in marks]
    entries += [(0.1, partial(_draw_swatch, ax, bar.colour, width=0.07), bar.label, INK) for bar in bars]
    entries += [(0.0, lambda _x, _y: None, note, FLAGGED) for note in notes]
    x, y = 0.0, HEADER_HEIGHT_INCHES - 1.37
    for size, draw, words, colour in entries:
        label = ax.text(x + size + 0.05, y, words, fontsize=7.5, va="center", color=colour)
        wide = size + 0.05 + _text_width(label)
        if x + wide > width:
            x, y = 0.0, y - 0.2
            label.set_position((x + size + 0.05, y))
        draw(x, y)
        x += wide + 0.22


def _draw_ramp(ax: Axes, x: float, y: float) -> None:
    ax.imshow(
        np.linspace(0, 1, 128)[None], cmap=RAMP, extent=(x, x + 0.7, y - 0.05, y + 0.05), aspect="auto", vmin=0, vmax=1
    )
    ax.add_patch(Rectangle((x, y - 0.05), 0.7, 0.1, fill=False, ec=MUTED, lw=0.4))
    ax.set_xlim(0, ax.get_window_extent().width / ax.figure.dpi)
    ax.set_ylim(0, HEADER_HEIGHT_INCHES)


def _draw_swatch(ax: Axes, colour: str, x: float, y: float, width: float = 0.22) -> None:
    ax.add_patch(Rectangle((x, y - 0.05), width, 0.1, fc=colour, ec=MUTED, lw=0.4))


def _draw_symbol(ax: Axes, name: str, x: float, y: float, *, hollow: bool) -> None:
    kind = KINDS[name]
    style = (0, (4, 2)) if hollow else "solid"
    ax.add_line(Line2D([x, x + 0.26], [y, y], color=kind.colour, lw=1.3, ls=style))
    ax.add_line(Line2D([x + 0.38, x + 0.48], [y, y + 0.05], color=kind.colour, lw=0.9, solid_capstyle="butt"))
    face = "white" if hollow else kind.colour
    ax.add_line(Line2D([x + 0.38], [y], marker=kind.marker, ms=4.6, mfc=face, mec=kind.colour, mew=0.9, ls="none"))


def _draw_mark(ax: Axes, mark: Mark, x: float, y: float) -> None:
    if mark.shape == "dashes":
        ax.add_line(Line2D([x, x + 0.22], [y, y], color=mark.colour, lw=1.4, ls=(0, (3, 1.5))))
    elif mark.shape == "box":
        ax.add_patch(Rectangle((x + 0.06, y - 0.055), 0.1, 0.11, fill=False, ec=mark.colour, lw=1.2))
    else:
        ax.add_patch(Ellipse((x + 0.11, y), 0.18, 0.09, fill=False, ec=mark.colour, lw=1.2))


def _text_width(text: Text) -> float:
    """Return the width of a text on paper (inches)."""
    return float(text.get_window_extent().width / text.figure.dpi)


def _fit_text(text: Text, room: float) -> None:
    """Shrink a text that is too wide by up to a third, then cut it."""
    size = float(text.get_fontsize())
    least = 0.66 * size
    while _text_width(text) > room and size > least:
        size = max(least, 0.93 * size)
        text.set_fontsize(size)
    if _text_width(text) <= room:
        return
    whole, fits, too_long = text.get_text(), 0, len(text.get_text())
    # Bisection needs few measurements of the text, which are slow.
    while too_long - fits > 1:
        middle = (fits + too_long) // 2
        text.set_text(whole[:middle].rstrip() + "\N{HORIZONTAL ELLIPSIS}")
        fits, too_long = (middle, too_long) if _text_width(text) <= room else (fits, middle)
    text.set_text(whole[:fits].rstrip() + "\N{HORIZONTAL ELLIPSIS}")
