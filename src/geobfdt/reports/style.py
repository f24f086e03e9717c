"""Colours, symbols and type of the pictures, legible in print and with colour-vision deficiencies.

Hues come from the palette of Okabe and Ito (2008), which common colour-vision deficiencies keep apart. Colour
is never the only sign: classes have their own symbol, weak picks are dashed and hollow.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from matplotlib.colors import LinearSegmentedColormap

from geobfdt.wells.picks import PickTable

__all__ = [
    "ABSTAINED",
    "ACCENTS",
    "FAINT",
    "FAINTEST",
    "FLAGGED",
    "HOLE",
    "IGNORED",
    "INK",
    "KINDS",
    "MUTED",
    "RAMP",
    "STRESS",
    "UNMEASURED",
    "VUG",
    "WALL",
    "WATCHED",
    "Kind",
    "group_by_style",
    "house_style",
    "is_weak",
    "kinds_of",
]

INK, MUTED, FAINT, FAINTEST = "#1a1a1a", "#6b6b6b", "#d9d9d9", "#efefef"

# The ramp holds no cool grey, so that a gap cannot be mistaken for a bright bed.
UNMEASURED = "#ccd1d8"

# Margin bars.
IGNORED, FLAGGED = "#8a8f98", "#d55e00"
# Of drift.
WATCHED, ABSTAINED = "#c9a227", "#5e3c99"
WALL, HOLE = "#7a4b12", "#f1e6d6"

# Breakouts and induced fractures; outlines of vugs.
STRESS = "#cc79a7"
VUG = "#2ee6e6"

# Colours that belong neither to the image nor to a plane.
ACCENTS = (UNMEASURED, IGNORED, FLAGGED, WATCHED, ABSTAINED, WALL, HOLE, STRESS, VUG)

# The "heat" ramp of image logs: its lightness rises evenly, so that it survives a black-and-white copy.
RAMP = LinearSegmentedColormap.from_list(
    "image-log", ["#000000", "#3f1d0b", "#7d3b0c", "#bf6a13", "#e79f2c", "#f8d36d", "#ffffff"], N=256
)


@dataclass(frozen=True)
class Kind:
    """
    Colour and symbol of a kind of plane.

    Parameters
    ----------
    label : str
        For the legend.
    colour, casing : str
        Of the trace, and of the thin edge that lifts it off dark and bright rock alike.
    marker : str
        Head of the tadpole.
    """

    label: str
    colour: str
    casing: str
    marker: str


KINDS = {
    "bedding": Kind("Bedding", "#009e73", "white", "o"),
    "fracture": Kind("Fracture", "#0072b2", "white", "^"),
    "conductive fracture": Kind("Conductive fracture", "#0072b2", "white", "v"),
    "resistive fracture": Kind("Resistive fracture", "#56b4e9", "#10222e", "D"),
}


def kinds_of(picks: PickTable) -> npt.NDArray[np.object_]:
    """
    Tell the kind of each pick: its class, and for fractures the polarity where it is known.

    Parameters
    ----------
    picks : PickTable
        Pick table of n rows.

    Returns
    -------
    array (n,) of str
        Keys of :data:`KINDS`.

    Examples
    --------
    >>> from geobfdt.wells.picks import new_picks
    >>> kinds_of(new_picks(depth_m=[1.0, 2.0], class_="fracture", polarity=["resistive", ""])).tolist()
    ['resistive fracture', 'fracture']
    """
    name, polarity = picks["class"].to_numpy(object), picks["polarity"].to_numpy(object)
    has_polarity = (name == "fracture") & np.isin(polarity.astype(str), ["conductive", "resistive"])
    return np.asarray(np.where(has_polarity, polarity + " fracture", name), dtype=object)


def is_weak(picks: PickTable) -> npt.NDArray[np.bool_]:
    """
    Return which picks are drawn dashed and hollow: quality C or D, or confidence below 0.5.

    Examples
    --------
    >>> from geobfdt.wells.picks import new_picks
    >>> is_weak(new_picks(depth_m=[1.0, 2.0, 3.0], class_="bedding", quality=["A", "D", ""]))
    array([False,  True, False])
    """
    return np.asarray(picks["quality"].isin(["C", "D"]) | (picks["confidence"] < 0.5), dtype=bool)


def group_by_style(picks: PickTable) -> Iterator[tuple[Kind, npt.NDArray[np.bool_], str, str | None]]:
    """
    Group picks by symbol and colour.

    Yields
    ------
    kind : Kind
        Colour and marker.
    rows : array (n,) of bool
        Picks of the group.
    face : str
        Colour that fills the marker: white for weak picks.
    label : str or None
        For the legend; of a kind's two looks one has it, the filled one if there is.

    Examples
    --------
    >>> from geobfdt.wells.picks import new_picks
    >>> picks = new_picks(depth_m=[1.0, 2.0, 3.0], class_="bedding", quality=["A", "D", ""])
    >>> [(rows.tolist(), face, label) for _, rows, face, label in group_by_style(picks)]
    [([False, True, False], 'white', None), ([True, False, True], '#009e73', 'Bedding')]
    """
    kinds, weak = kinds_of(picks), is_weak(picks)
    for name, kind in KINDS.items():
        for hollow in (True, False):
            rows = (kinds == name) & (weak == hollow)
            if rows.any():
                labelled = hollow == bool(weak[kinds == name].all())
                yield kind, rows, "white" if hollow else kind.colour, kind.label if labelled else None


@contextmanager
def house_style() -> Iterator[None]:
    """Draw with the fonts and lines of the project, independent of the matplotlib settings of the user."""
    with mpl.rc_context(), warnings.catch_warnings():
        # Characters that the font lacks are drawn as boxes; matplotlib's warning about them is not useful.
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        mpl.rcdefaults()
        mpl.rcParams.update(
            {
                # This font is part of matplotlib, and is the same on every machine.
                "font.family": "DejaVu Sans",
                "font.size": 7.5,
                "text.color": INK,
                "axes.edgecolor": MUTED,
                "axes.labelcolor": MUTED,
                "axes.linewidth": 0.6,
                "axes.unicode_minus": True,
                "xtick.color": MUTED,
                "xtick.labelcolor": INK,
                "ytick.color": MUTED,
                "ytick.labelcolor": INK,
                "xtick.major.width": 0.6,
                "ytick.major.width": 0.6,
                "xtick.major.size": 2.5,
                "ytick.major.size": 2.5,
                "xtick.major.pad": 1.5,
                # a well may be called $1.
                "text.parse_math": False,
            }
        )
        yield
